//! Totals in the journal's table: an item for each quarter of an hour of a merchant and for each of
//! its days, and the items that say which totals change.

use std::{collections::BTreeSet, fmt::Display};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};
use tollgate_core::{
    journal::{
        Changes, KeptSum, KeptSums, MARK_PARTITIONS, Mark, MerchantDay, Reached, Retention, SumOf, Total,
        TotalLine, Totals, TotalsStore, sort_of,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::{QuarterHour, SignedAmount},
};

use super::{BUCKET, Column, EXPIRES_AT, KEY_NAMES, PASSED, REACHED, SORT, expires_at, keys};
use crate::dynamodb::{
    Item, apart, needed, number, number_of,
    orders::stream::HEARTBEAT,
    readable,
    table::{Table, all, page, was_made},
    text, text_of, texts,
};

/// The key, by which a bad item is named.
const KEYS: [&str; 2] = [BUCKET, SORT];

/// Totals in the journal's table.
pub struct DynamoDbTotals {
    table: Table,
    /// The table of orders, where heartbeats are written; none where only reports are made.
    orders: Option<Table>,
    retention: Retention,
}

impl DynamoDbTotals {
    /// Totals in a journal's table that exists.
    pub fn new(client: Client, table: String, orders: Option<String>, retention: Retention) -> Self {
        let orders = orders.map(|name| Table { client: client.clone(), name });
        Self { table: Table { client, name: table }, orders, retention }
    }

    /// The sums of a partition between two texts, each under its sort key's value.
    async fn sums<T: Ord + Copy>(
        &self,
        bucket: &str,
        from: &str,
        to: &str,
        of: impl Fn(&str) -> Option<T>,
    ) -> Result<KeptSums<T>, StoreError> {
        let mut kept = KeptSums::default();
        for item in self.all(bucket, from, to).await? {
            let read = readable(item, &KEYS, |item| {
                let key = of(stated(&item, SORT)?).ok_or_else(|| corrupt(SORT))?;
                let version = number(&item, "version").ok_or_else(|| corrupt("version"))?;
                // A sum that cannot be read is replaced at the next summing up.
                kept.sums.insert(key, KeptSum { version, totals: None });
                Ok((key, KeptSum { version, totals: Some(totals_in(&item)?) }))
            });
            match read {
                Ok((key, sum)) => drop(kept.sums.insert(key, sum)),
                Err(bad) => kept.unreadable.push(bad),
            }
        }
        Ok(kept)
    }

    /// All items of a partition that sort between two texts.
    async fn all(&self, bucket: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
        let Some(query) = self.table.between(KEYS, bucket, from..=to) else { return Ok(Vec::new()) };
        all(query.consistent_read(true)).await
    }
}

/// The partition of the quarters of a merchant's day, or of the days of a year. It is no partition
/// of entries: in their place, those have a number.
fn totals_of(merchant: &MerchantId, time: impl Display) -> String {
    format!("totals#{merchant}#{time}")
}

/// How the sum of a day sorts in its year.
fn in_year(day: Date) -> String {
    day.strftime("%m-%d").to_string()
}

#[async_trait]
impl TotalsStore for DynamoDbTotals {
    async fn marks(&self, partition: u16) -> Result<(Vec<Mark>, Vec<Unreadable>), StoreError> {
        let query = self.table.query("#bucket = :bucket", &KEY_NAMES[..1], &[(":bucket", &marks(partition))]);
        Ok(apart(all(query.consistent_read(true)).await?, &KEYS, |item| mark(&item)))
    }

    async fn marked(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<QuarterHour>, StoreError> {
        let (from, to) = (format!("{merchant}#{first}"), format!("{merchant}#{last}~"));
        let items = self.all(&marks(mark_partition(merchant)), &from, &to).await?;
        // A mark that names no quarter is counted by the runs that sum up.
        let (marks, _) = apart(items, &KEYS, |item| marked(&item));
        Ok(marks.into_iter().map(|(_, quarter)| quarter).collect())
    }

    async fn settle(&self, mark: &Mark) -> Result<(), StoreError> {
        let request = self
            .table
            .delete(mark_keys(mark))
            .condition_expression("#at = :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", text_of(&sort_of(mark.at)));
        was_made(request.send().await).map(drop)
    }

    async fn reached(&self, merchant: &MerchantId) -> Result<Reached, StoreError> {
        let (own, mut reached) = (marks(mark_partition(merchant)), Reached::default());
        // Two items. Those between them are few and short, so one query costs as much as each.
        for item in self.all(REACHED, &own, PASSED).await? {
            let of = match stated(&item, SORT)? {
                sort if *sort == own => &mut reached.counted,
                sort if sort == PASSED => &mut reached.passed,
                _ => continue,
            };
            let at = |item: Item| stated(&item, "at")?.parse().map_err(|_| corrupt("at"));
            *of = Some(needed(item, &KEYS, at)?);
        }
        Ok(reached)
    }

    async fn beat(&self, at: Timestamp) -> Result<(), StoreError> {
        let no_table = || StoreError::Unavailable("the table of orders is not known".to_owned());
        let orders = self.orders.as_ref().ok_or_else(no_table)?;
        orders.write(texts([("order_key", HEARTBEAT), ("at", &at.to_string())])).await
    }

    async fn reach(&self, partition: u16, began: Timestamp) -> Result<(), StoreError> {
        let mut item = keys(REACHED, &marks(partition));
        item.insert("at".to_owned(), text_of(&began));
        self.table.write(item).await
    }

    async fn merchants(
        &self,
        first: Date,
        last: Date,
    ) -> Result<(BTreeSet<MerchantId>, Vec<Unreadable>), StoreError> {
        let (from, to) = (format!("{first}#"), format!("{last}#~"));
        let mut items = Vec::new();
        for partition in 0..MARK_PARTITIONS {
            items.extend(self.all(&days(partition), &from, &to).await?);
        }
        let merchant = |sort: &String| sort.split_once('#')?.1.parse().ok();
        let named = |item| merchant(stated(&item, SORT)?).ok_or_else(|| corrupt(SORT));
        let (merchants, unreadable) = apart(items, &KEYS, named);
        Ok((merchants.into_iter().collect(), unreadable))
    }

    async fn sample(&self, first: Date, last: Date) -> Result<Vec<MerchantDay>, StoreError> {
        let (from, to) = (format!("{first}#"), format!("{last}#~"));
        let mut items = Vec::new();
        for partition in 0..MARK_PARTITIONS {
            if let Some(query) = self.table.between(KEYS, &days(partition), from.as_str()..=to.as_str()) {
                items.extend(page(query, 1).await?.items.unwrap_or_default());
            }
        }
        let read = |item| {
            let (day, merchant) = stated(&item, SORT)?.split_once('#').ok_or_else(|| corrupt(SORT))?;
            let day = day.parse().ok().zip(merchant.parse().ok());
            day.map(|(day, merchant)| MerchantDay { merchant, day }).ok_or_else(|| corrupt(SORT))
        };
        Ok(apart(items, &KEYS, read).0)
    }

    async fn quarters(&self, merchant: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        let of = |sort: &str| QuarterHour::parse(day, sort);
        self.sums(&totals_of(merchant, day), "00:00", "24:00", of).await
    }

    async fn days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<KeptSums<Date>, StoreError> {
        let mut kept = KeptSums::default();
        for year in first.year()..=last.year() {
            let from = if year == first.year() { in_year(first) } else { "01-01".to_owned() };
            let to = if year == last.year() { in_year(last) } else { "12-31".to_owned() };
            let of = |sort: &str| format!("{year:04}-{sort}").parse::<Date>().ok();
            let of_year = self.sums(&totals_of(merchant, format!("{year:04}")), &from, &to, of).await?;
            kept.sums.extend(of_year.sums);
            kept.unreadable.extend(of_year.unreadable);
        }
        Ok(kept)
    }

    async fn replace(
        &self,
        merchant: &MerchantId,
        of: SumOf,
        version: u64,
        totals: &Totals,
    ) -> Result<bool, StoreError> {
        let lines: Vec<Line> = totals.lines().map(|(line, total)| written(line, total)).collect();
        let lines = serde_json::to_string(&lines).map_err(|_| corrupt("lines"))?;
        let mut item = match of {
            SumOf::Quarter(quarter) => keys(&totals_of(merchant, quarter.day), &quarter.time()),
            SumOf::Day(day) => keys(&totals_of(merchant, day.strftime("%Y")), &in_year(day)),
        };
        item.insert("lines".to_owned(), text_of(&lines));
        item.insert("left_out".to_owned(), number_of(&totals.left_out()));
        item.insert("version".to_owned(), number_of(&(version + 1)));
        let begins = match of {
            SumOf::Quarter(quarter) => quarter.begins(),
            SumOf::Day(day) => QuarterHour::first_of(day).begins(),
        };
        item.insert(EXPIRES_AT.to_owned(), expires_at(self.retention, begins));
        let request = self.table.put(item);
        let request = if version == 0 {
            request
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", BUCKET)
        } else {
            request
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number_of(&version))
        };
        was_made(request.send().await)
    }
}

/// The totals of a sum.
fn totals_in(item: &Item) -> Result<Totals, StoreError> {
    let lines: Vec<Line> = serde_json::from_str(stated(item, "lines")?).map_err(|_| corrupt("lines"))?;
    let mut totals = Totals::default();
    for line in lines {
        let (line, total) = read(line).ok_or_else(|| corrupt("lines"))?;
        totals.add_total(line, total)?;
    }
    totals.leave_out(number(item, "left_out").ok_or_else(|| corrupt("left_out"))?);
    Ok(totals)
}

/// A partition of marks. No partition of entries begins so, so the policy that lets marks be
/// deleted can name them.
fn marks(partition: u16) -> String {
    format!("#changed#{partition:02}")
}

/// A partition of the days on which merchants have entries, in the order of the days. No merchant's
/// own partition begins so.
fn days(partition: u16) -> String {
    format!("#days#{partition:02}")
}

/// The partition of a merchant's marks, and of its days.
fn mark_partition(merchant: &MerchantId) -> u16 {
    u16::from(Sha256::digest(merchant.as_str().as_bytes())[0]) % MARK_PARTITIONS
}

/// The key of a mark.
pub(super) fn mark_keys(mark: &Mark) -> Item {
    let Mark { merchant, quarter, .. } = mark;
    let sort = format!("{merchant}#{}#{}", quarter.day, quarter.time());
    keys(&marks(mark_partition(merchant)), &sort)
}

/// The key of the day of a mark.
pub(super) fn day_keys(mark: &Mark) -> Item {
    let Mark { merchant, quarter, .. } = mark;
    keys(&days(mark_partition(merchant)), &format!("{}#{merchant}", quarter.day))
}

fn mark(item: &Item) -> Result<Mark, StoreError> {
    let (merchant, quarter) = marked(item)?;
    let at = stated(item, "at")?.parse().map_err(|_| corrupt("at"))?;
    Ok(Mark { merchant, quarter, at })
}

/// The merchant and the quarter that a mark is about, from its key.
fn marked(item: &Item) -> Result<(MerchantId, QuarterHour), StoreError> {
    let mut parts = stated(item, SORT)?.rsplitn(3, '#');
    let (time, day, merchant) = (parts.next(), parts.next(), parts.next());
    let quarter =
        day.and_then(|day| day.parse().ok()).zip(time).and_then(|(day, time)| QuarterHour::parse(day, time));
    let merchant = merchant.and_then(|merchant| merchant.parse().ok());
    merchant.zip(quarter).ok_or_else(|| corrupt(SORT))
}

/// A total as it is stored, as few characters as can still be read: currency, operation, fact, MID,
/// brand and decline code; how many, and how much; the changes to held, paid, returned, money and
/// fees at the gateway, and disputed.
type Line = (String, String, String, String, Option<String>, Option<String>, u64, S, S, S, S, S, S, S);

/// So that the type fits on one line.
type S = SignedAmount;

fn written(line: &TotalLine, total: &Total) -> Line {
    let TotalLine { currency, operation, fact, mid, brand, decline } = line.clone();
    let Total { count, amount, changes } = *total;
    let Changes { held, paid, returned, gateway, fees, disputed } = changes;
    let currency = currency.code().to_owned();
    (
        currency, operation, fact, mid, brand, decline, count, amount, held, paid, returned, gateway, fees,
        disputed,
    )
}

fn read(line: Line) -> Option<(TotalLine, Total)> {
    let (currency, operation, fact, mid, brand, decline, count, amount, ..) = line;
    let (.., held, paid, returned, gateway, fees, disputed) = line;
    let line = TotalLine { currency: currency.parse().ok()?, operation, fact, mid, brand, decline };
    Some((line, Total { count, amount, changes: Changes { held, paid, returned, gateway, fees, disputed } }))
}

fn stated<'a>(item: &'a Item, name: &str) -> Result<&'a String, StoreError> {
    text(item, name).ok_or_else(|| corrupt(name))
}

fn corrupt(name: &str) -> StoreError {
    let name = if name == SORT { Column::Sort.spelled_out() } else { name };
    StoreError::Corrupt(format!("an item of the totals without a good {name}"))
}

#[cfg(test)]
mod tests {
    use tollgate_core::journal::{CountedEntry, entries};

    use super::*;
    use crate::test_payments::refunded_in_part;

    #[test]
    fn what_is_kept_of_a_total_is_all_of_it_fees_included() {
        for fees in [None, Some([78, 30])] {
            let entries = entries(None, &refunded_in_part(fees));
            let totals = Totals::of(entries.iter().map(CountedEntry::from)).unwrap();
            for (line, total) in totals.lines() {
                let declined = TotalLine { decline: Some("expired_card".to_owned()), ..line.clone() };
                for line in [line, &declined] {
                    let text = serde_json::to_string(&written(line, total)).unwrap();
                    assert_eq!(read(serde_json::from_str(&text).unwrap()), Some((line.clone(), *total)));
                }
            }
        }
    }
}
