//! Lines of settlement: one item for each place.

use async_trait::async_trait;
use futures_util::future::try_join_all;
use jiff::civil::Date;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{Line, LinePlace, LineStore, PackedLines},
    values::QuarterHour,
};

use super::{DynamoDbSettlement, EXPIRES_AT, KEY_NAMES, SORT, VERSION, key, rows};
use crate::dynamodb::{
    Item,
    members::corrupt,
    number, number_of,
    table::{all, was_made},
    text, text_of,
};

/// The rows of a place's lines.
const LINES: &str = "l";

/// The partition of an account's day, or of what belongs to none.
fn bucket(merchant: &MerchantId, account: &str, day: Option<Date>) -> String {
    let day = day.map_or_else(|| "unknown".to_owned(), |day| day.to_string());
    format!("lines#{merchant}#{account}#{day}")
}

fn place_key(merchant: &MerchantId, place: &LinePlace) -> Item {
    key(&bucket(merchant, &place.account, place.day), &format!("{:02}", place.part))
}

fn packed(item: &Item) -> Result<PackedLines, StoreError> {
    let version = number(item, VERSION).ok_or_else(|| corrupt(VERSION))?;
    let lines = rows::read(text(item, LINES).ok_or_else(|| corrupt(LINES))?)?;
    Ok(PackedLines { version, lines })
}

#[async_trait]
impl LineStore for DynamoDbSettlement {
    async fn load(&self, merchant: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError> {
        let item = self.item(place_key(merchant, place)).await?;
        item.as_ref().map_or_else(|| Ok(PackedLines::default()), packed)
    }

    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let bucket = bucket(merchant, account, day);
        let query = self.table.query("#bucket = :bucket", &KEY_NAMES[..1], &[(":bucket", &bucket)]);
        let place = |item: Item| {
            let part = text(&item, SORT).and_then(|sort| sort.parse().ok()).ok_or_else(|| corrupt(SORT))?;
            Ok((LinePlace { account: account.to_owned(), day, part }, packed(&item)?))
        };
        all(query.consistent_read(true)).await?.into_iter().map(place).collect()
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        lines: &PackedLines,
    ) -> Result<bool, StoreError> {
        let mut item = place_key(merchant, place);
        item.insert(VERSION.to_owned(), number_of(&lines.version));
        let newest = lines.lines.iter().filter_map(newest_day).max();
        let is_kept = |line: &&Line| {
            place.day.is_some() || newest_day(line).is_some_and(|day| !self.is_over(day, newest))
        };
        let kept: Vec<&Line> = lines.lines.iter().filter(is_kept).collect();
        item.insert(LINES.to_owned(), text_of(&rows::written(&kept)?));
        if let Some(day) = place.day.or(newest) {
            item.insert(EXPIRES_AT.to_owned(), self.expires_with(day));
        }
        let request = self.table.put(item);
        let request = match lines.version.checked_sub(1) {
            None | Some(0) => request
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", super::BUCKET),
            Some(before) => request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":before", number_of(&before)),
        };
        was_made(request.send().await)
    }
}

/// The last day of which a line says something.
fn newest_day(line: &Line) -> Option<Date> {
    let settled = line.settled.iter().map(|one| one.day);
    settled.chain(line.funded.iter().map(|one| one.day)).max()
}

impl DynamoDbSettlement {
    /// Whether a line of unknown payments has been kept for long enough, by the newest one beside it. Such an item would
    /// otherwise only grow, since each new line of it has it kept for longer.
    fn is_over(&self, day: Date, newest: Option<Date>) -> bool {
        let begins = |day| QuarterHour::first_of(day).begins();
        newest.is_some_and(|newest| self.retention.is_over(begins(day), begins(newest)))
    }

    /// Places side by side.
    pub(super) async fn load_all(
        &self,
        merchant: &MerchantId,
        places: impl IntoIterator<Item = &LinePlace>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let load =
            places.into_iter().map(async |place| Ok((place.clone(), self.load(merchant, place).await?)));
        try_join_all(load).await
    }
}
