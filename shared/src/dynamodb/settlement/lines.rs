//! Lines of settlement: one item for each pack.

use async_trait::async_trait;
use jiff::civil::Date;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{KnownReport, Line, LineStore, PackKey, PackedLines, ReportKind},
    values::QuarterHour,
};

use super::{DynamoDbSettlement, EXPIRES_AT, KEY_NAMES, KEYS, SORT, VERSION, key, read_in, rows};
use crate::dynamodb::{
    Item, apart,
    members::{Object, Writer, corrupt},
    number, readable,
    table::all,
    text, text_of,
};

/// The rows of a pack's lines.
const LINES: &str = "l";

/// The partition of an account's day, or of lines without a day.
fn bucket(merchant: &MerchantId, account: &str, day: Option<Date>) -> String {
    let day = day.map_or_else(|| "unknown".to_owned(), |day| day.to_string());
    format!("lines#{merchant}#{account}#{day}")
}

fn pack_item_key(merchant: &MerchantId, pack: &PackKey) -> Item {
    key(&bucket(merchant, &pack.account, pack.day), &format!("{:02}", pack.part))
}

pub(super) fn lines_in(item: &Item) -> Result<PackedLines, StoreError> {
    let version = number(item, VERSION).ok_or_else(|| corrupt(VERSION))?;
    let lines = rows::read(text(item, LINES).ok_or_else(|| corrupt(LINES))?)?;
    Ok(PackedLines { version, lines, is_unreadable: false })
}

fn packed(item: Item) -> PackedLines {
    readable(item, &KEYS, |item| lines_in(&item))
        .unwrap_or_else(|_| PackedLines { is_unreadable: true, ..PackedLines::default() })
}

#[async_trait]
impl LineStore for DynamoDbSettlement {
    async fn load(&self, merchant: &MerchantId, pack: &PackKey) -> Result<PackedLines, StoreError> {
        let item = self.item(pack_item_key(merchant, pack)).await?;
        Ok(item.map(packed).unwrap_or_default())
    }

    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(PackKey, PackedLines)>, StoreError> {
        let bucket = bucket(merchant, account, day);
        let query = self.table.query("#bucket = :bucket", &KEY_NAMES[..1], &[(":bucket", &bucket)]);
        let pack = |item: Item| {
            let part = text(&item, SORT).and_then(|sort| sort.parse().ok()).ok_or_else(|| corrupt(SORT))?;
            Ok((PackKey { account: account.to_owned(), day, part }, packed(item)))
        };
        Ok(apart(all(query.consistent_read(true)).await?, &KEYS, pack).0)
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        pack: &PackKey,
        lines: &PackedLines,
    ) -> Result<bool, StoreError> {
        let mut item = pack_item_key(merchant, pack);
        let newest = lines.lines.iter().filter_map(Line::newest_day).max();
        let is_kept = |line: &&Line| {
            pack.day.is_some() || line.newest_day().is_some_and(|day| !self.is_over(day, newest))
        };
        let kept: Vec<&Line> = lines.lines.iter().filter(is_kept).collect();
        item.insert(LINES.to_owned(), text_of(&rows::written(&kept)?));
        if let Some(day) = pack.day.or(newest) {
            item.insert(EXPIRES_AT.to_owned(), self.expires_with(day));
        }
        self.put_version(item, lines.version.checked_sub(1).filter(|before| *before > 0)).await
    }

    async fn reports(
        &self,
        merchant: &MerchantId,
        account: &str,
        since: Date,
    ) -> Result<Vec<KnownReport>, StoreError> {
        let condition = "#bucket = :bucket AND #sort >= :since";
        let texts = [(":bucket", &*reports(merchant, account)), (":since", &*since.to_string())];
        let query = self.table.query(condition, &KEY_NAMES, &texts);
        let items = all(query.consistent_read(true)).await?;
        let account = account.to_owned();
        let report = |item: Item| {
            // Which one it is, its key says.
            let sort = text(&item, SORT).and_then(|sort| sort.split_once('#'));
            let of = sort.and_then(|(day, kind)| Some((ReportKind::from_name(kind)?, day.parse().ok()?)));
            let (kind, day) = of.ok_or_else(|| corrupt(SORT))?;
            let read = readable(item, &KEYS, |item| read_in(&account, item));
            Ok(read.unwrap_or_else(|_| KnownReport { is_unreadable: true, ..KnownReport::new(kind, day) }))
        };
        Ok(apart(items, &KEYS, report).0)
    }

    async fn keep_report(
        &self,
        merchant: &MerchantId,
        account: &str,
        report: &KnownReport,
    ) -> Result<(), StoreError> {
        let sort = format!("{}#{}", report.day, report.kind.as_str());
        let mut item = Writer(key(&reports(merchant, account), &sort));
        report.write(&account.to_owned(), &mut item);
        let mut item = item.0;
        item.insert(EXPIRES_AT.to_owned(), self.expires_with(report.day));
        self.put_plain(item).await
    }
}

/// The partition of the data about an account's reports.
fn reports(merchant: &MerchantId, account: &str) -> String {
    format!("reports#{merchant}#{account}")
}

impl DynamoDbSettlement {
    /// Whether a line of unknown payments has been kept for long enough, by the newest one beside
    /// it. Such an item would otherwise only grow, since each new line in it extends its retention.
    fn is_over(&self, day: Date, newest: Option<Date>) -> bool {
        let begins = |day| QuarterHour::first_of(day).begins();
        newest.is_some_and(|newest| self.retention.is_over(begins(day), begins(newest)))
    }
}
