//! Totals in the journal's table: an item for each quarter of an hour of a merchant, and what says which of them change.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::{
        Changes, DayTotals, KeptDay, KeptTotals, LatePage, LateQuarter, Total, TotalLine, TotalsStore,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

use super::{BUCKET, Column, KEY_NAMES, LATE, SORT, days_merchants, key_of, keys};
use crate::dynamodb::{
    Item, number, number_of,
    table::{Table, all, unavailable, was_made},
    text, text_of,
};

/// The partition of the point that the totals have reached, one item.
const REACHED: &str = "reached";

/// Quarters with late entries that are found at a time.
const LATE_AT_A_TIME: i32 = 100;

/// Totals in the journal's table.
pub struct DynamoDbTotals(Table);

impl DynamoDbTotals {
    /// Totals in a journal's table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }

    /// All items of a partition that sort between two texts.
    async fn all(&self, bucket: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
        let condition = "#bucket = :bucket AND #sort BETWEEN :from AND :to";
        let texts = [(":bucket", bucket), (":from", from), (":to", to)];
        all(self.0.query(condition, &KEY_NAMES, &texts).consistent_read(true)).await
    }
}

/// The partition of a merchant's totals of a day. It is no partition of entries: in their place, those have a number.
fn totals_of(merchant: &MerchantId, day: Date) -> String {
    format!("totals#{merchant}#{day}")
}

#[async_trait]
impl TotalsStore for DynamoDbTotals {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = self.0.get(keys(REACHED, REACHED)).consistent_read(true).send().await;
        let Some(item) = found.map_err(|error| unavailable(&error))?.item else { return Ok(None) };
        stated(&item, "at")?.parse().map(Some).map_err(|_| corrupt("at"))
    }

    async fn reach(&self, at: Timestamp) -> Result<(), StoreError> {
        let mut item = keys(REACHED, REACHED);
        item.insert("at".to_owned(), text_of(&at));
        let request = self.0.put(item);
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn merchants(&self, day: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError> {
        let items = self.all(&days_merchants(day), " ", "~").await?;
        apart(&items, |item| stated(item, SORT)?.parse().map_err(|_| corrupt(SORT)))
    }

    async fn kept(&self, merchant: &MerchantId, day: Date) -> Result<KeptDay, StoreError> {
        let items = self.all(&totals_of(merchant, day), "00:00", "24:00").await?;
        let mut kept = KeptDay::default();
        for item in items {
            let read = version_of(&item, day).and_then(|(quarter, version)| {
                // What cannot be read is replaced when the quarter is summed up again.
                let unknown = KeptTotals { version, totals: DayTotals::default() };
                kept.quarters.insert(quarter, unknown);
                Ok((quarter, KeptTotals { version, totals: totals_in(&item, day)? }))
            });
            match read {
                Ok((quarter, totals)) => drop(kept.quarters.insert(quarter, totals)),
                Err(error) => kept.unreadable.push(Unreadable::only(error, key_of(&item))?),
            }
        }
        Ok(kept)
    }

    async fn replace(
        &self,
        merchant: &MerchantId,
        quarter: QuarterHour,
        version: u64,
        totals: &DayTotals,
    ) -> Result<bool, StoreError> {
        let lines: Vec<Line> = totals.lines().map(|(line, total)| Line::of(line, total)).collect();
        let lines = serde_json::to_string(&lines).map_err(|_| corrupt("lines"))?;
        let mut item = keys(&totals_of(merchant, quarter.day), &quarter.time());
        item.insert("lines".to_owned(), text_of(&lines));
        item.insert("version".to_owned(), number_of(&(version + 1)));
        let request = self.0.put(item);
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

    async fn late(&self, after: Option<&str>) -> Result<LatePage, StoreError> {
        let condition = "#bucket = :bucket AND #sort > :after";
        let texts = [(":bucket", LATE), (":after", after.unwrap_or(" "))];
        let request = self.0.query(condition, &KEY_NAMES, &texts);
        let page = request.consistent_read(true).limit(LATE_AT_A_TIME).send().await;
        let page = page.map_err(|error| unavailable(&error))?;
        let (quarters, unreadable) = apart(page.items(), late)?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| text(key, SORT).cloned());
        Ok(LatePage { quarters, unreadable, next })
    }

    async fn settle(&self, late: &LateQuarter) -> Result<(), StoreError> {
        let sort = late_sort(&late.merchant, late.quarter);
        let request = self.0.client.delete_item().table_name(&self.0.name);
        let request = request
            .set_key(Some(keys(LATE, &sort)))
            .condition_expression("#mark = :mark")
            .expression_attribute_names("#mark", "mark")
            .expression_attribute_values(":mark", text_of(&late.mark));
        // Where another entry came, it is summed up anew.
        was_made(request.send().await).map(drop)
    }

    async fn late_days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<Date>, StoreError> {
        let (from, to) = (format!("{merchant}#{first}"), format!("{merchant}#{last}~"));
        let items = self.all(LATE, &from, &to).await?;
        // A mark that names no quarter is counted by the runs that sum up.
        let (late, _) = apart(&items, late)?;
        let mut days: Vec<Date> = late.into_iter().map(|late| late.quarter.day).collect();
        days.dedup();
        Ok(days)
    }
}

/// What items say, and those that cannot be read.
fn apart<T>(
    items: &[Item],
    read: impl Fn(&Item) -> Result<T, StoreError>,
) -> Result<(Vec<T>, Vec<Unreadable>), StoreError> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in items {
        match read(item) {
            Ok(read) => good.push(read),
            Err(error) => bad.push(Unreadable::only(error, key_of(item))?),
        }
    }
    Ok((good, bad))
}

/// The quarter of kept totals, and their version.
fn version_of(item: &Item, day: Date) -> Result<(QuarterHour, u64), StoreError> {
    let quarter = QuarterHour::parse(day, stated(item, SORT)?).ok_or_else(|| corrupt(SORT))?;
    Ok((quarter, number(item, "version").ok_or_else(|| corrupt("version"))?))
}

/// The sums of kept totals.
fn totals_in(item: &Item, day: Date) -> Result<DayTotals, StoreError> {
    let lines: Vec<Line> = serde_json::from_str(stated(item, "lines")?).map_err(|_| corrupt("lines"))?;
    let totals = lines.into_iter().map(|line| line.read(day)).collect::<Option<DayTotals>>();
    totals.ok_or_else(|| corrupt("lines"))
}

/// How the mark of a quarter with late entries sorts.
pub(super) fn late_sort(merchant: &MerchantId, quarter: QuarterHour) -> String {
    format!("{merchant}#{}#{}", quarter.day, quarter.time())
}

fn late(item: &Item) -> Result<LateQuarter, StoreError> {
    let mut parts = stated(item, SORT)?.rsplitn(3, '#');
    let (time, day, merchant) = (parts.next(), parts.next(), parts.next());
    let quarter =
        day.and_then(|day| day.parse().ok()).zip(time).and_then(|(day, time)| QuarterHour::parse(day, time));
    let merchant = merchant.and_then(|merchant| merchant.parse().ok());
    let (merchant, quarter) = merchant.zip(quarter).ok_or_else(|| corrupt(SORT))?;
    Ok(LateQuarter { merchant, quarter, mark: stated(item, "mark")?.to_owned() })
}

/// A total as it is stored, in minor units. The names of members are those of an entry's columns.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "cy")]
    currency: String,
    #[serde(rename = "k")]
    operation: String,
    #[serde(rename = "f")]
    fact: String,
    #[serde(rename = "md")]
    mid: String,
    #[serde(rename = "br", default, skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    #[serde(rename = "n")]
    count: u64,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "h", default, skip_serializing_if = "is_zero")]
    held: i64,
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    paid: i64,
    #[serde(rename = "e", default, skip_serializing_if = "is_zero")]
    returned: i64,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    at_gateway: i64,
    #[serde(rename = "fg", default, skip_serializing_if = "is_zero")]
    fees_at_gateway: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

impl Line {
    fn of(line: &TotalLine, total: &Total) -> Self {
        let TotalLine { currency, operation, fact, mid, brand, .. } = line.clone();
        let Total { count, amount, changes: Changes { held, paid, returned, gateway, fees } } = *total;
        Self {
            currency: currency.code().to_owned(),
            operation,
            fact,
            mid,
            brand,
            count,
            amount,
            held,
            paid,
            returned,
            at_gateway: gateway,
            fees_at_gateway: fees,
        }
    }

    fn read(self, day: Date) -> Option<(TotalLine, Total)> {
        let Self { currency, operation, fact, mid, brand, .. } = self;
        let line = TotalLine { day, currency: currency.parse().ok()?, operation, fact, mid, brand };
        let changes = Changes {
            held: self.held,
            paid: self.paid,
            returned: self.returned,
            gateway: self.at_gateway,
            fees: self.fees_at_gateway,
        };
        Some((line, Total { count: self.count, amount: self.amount, changes }))
    }
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
    use tollgate_core::journal::{CountedEntry, day_of, entries};

    use super::*;
    use crate::test_payments::refunded_in_part;

    #[test]
    fn kept_totals_have_the_fees_and_none_where_there_is_none() {
        for (fees, written) in [(None, false), (Some([78, 30]), true)] {
            let entries = entries(None, &refunded_in_part(fees));
            let totals: DayTotals = entries.iter().map(CountedEntry::from).collect();
            for (line, total) in totals.lines() {
                let text = serde_json::to_string(&Line::of(line, total)).unwrap();
                assert_eq!(text.contains("\"fg\""), written, "{text}");
                let read = serde_json::from_str::<Line>(&text).unwrap().read(day_of(entries[0].at));
                assert_eq!(read, Some((line.clone(), *total)));
            }
        }
    }
}
