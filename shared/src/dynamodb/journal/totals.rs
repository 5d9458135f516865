//! Totals in the journal's table: an item for each quarter of an hour of a merchant, and what says which of them change.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::AttributeValue,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::{
        Changes, DayTotals, Total, TotalLine,
        totals_store::{KeptTotals, LateQuarter, TotalsStore},
    },
    order::MerchantId,
    payments::store::StoreError,
    values::quarter::QuarterHour,
};

use super::{BUCKET, LATE, SORT, days_merchants, keys};
use crate::dynamodb::{Item, unavailable};

/// The partition of the point that the totals have reached, one item.
const REACHED: &str = "reached";

/// Quarters with late entries that are found at a time.
const LATE_AT_A_TIME: i32 = 100;

/// Totals in the journal's table.
pub struct DynamoDbTotals {
    client: Client,
    table: String,
}

impl DynamoDbTotals {
    /// Totals in a journal's table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    async fn item(&self, keys: Item) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        Ok(request.set_key(Some(keys)).send().await.map_err(|error| unavailable(&error))?.item)
    }

    /// All items of a partition that sort between two texts.
    async fn all(&self, bucket: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.query().table_name(&self.table).consistent_read(true);
            let request = request
                .key_condition_expression("#bucket = :bucket AND #sort BETWEEN :from AND :to")
                .expression_attribute_names("#bucket", BUCKET)
                .expression_attribute_names("#sort", SORT)
                .expression_attribute_values(":bucket", AttributeValue::S(bucket.to_owned()))
                .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                .expression_attribute_values(":to", AttributeValue::S(to.to_owned()))
                .set_exclusive_start_key(next);
            let page = request.send().await.map_err(|error| unavailable(&error))?;
            items.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key;
            if next.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The partition of a merchant's totals of a day. It is no partition of entries: in their place, those have a number.
fn totals_of(merchant: &MerchantId, day: Date) -> String {
    format!("totals#{merchant}#{day}")
}

#[async_trait]
impl TotalsStore for DynamoDbTotals {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        let Some(item) = self.item(keys(REACHED, REACHED)).await? else { return Ok(None) };
        text(&item, "at")?.parse().map(Some).map_err(|_| corrupt("at"))
    }

    async fn reach(&self, at: Timestamp) -> Result<(), StoreError> {
        let mut item = keys(REACHED, REACHED);
        item.insert("at".to_owned(), AttributeValue::S(at.to_string()));
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn merchants(&self, day: Date) -> Result<Vec<MerchantId>, StoreError> {
        let items = self.all(&days_merchants(day), " ", "~").await?;
        items.iter().map(|item| text(item, SORT)?.parse().map_err(|_| corrupt(SORT))).collect()
    }

    async fn kept(
        &self,
        merchant: &MerchantId,
        day: Date,
    ) -> Result<BTreeMap<QuarterHour, KeptTotals>, StoreError> {
        let items = self.all(&totals_of(merchant, day), "00:00", "24:00").await?;
        let kept = items.iter().map(|item| {
            let quarter = QuarterHour::parse(day, text(item, SORT)?).ok_or_else(|| corrupt(SORT))?;
            let version = item.get("version").and_then(|version| version.as_n().ok()?.parse().ok());
            let lines: Vec<Line> =
                serde_json::from_str(text(item, "lines")?).map_err(|_| corrupt("lines"))?;
            let totals = lines.into_iter().map(|line| line.read(day)).collect::<Option<DayTotals>>();
            let totals = totals.ok_or_else(|| corrupt("lines"))?;
            Ok((quarter, KeptTotals { version: version.ok_or_else(|| corrupt("version"))?, totals }))
        });
        kept.collect()
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
        let number = |number: u64| AttributeValue::N(number.to_string());
        let mut item = keys(&totals_of(merchant, quarter.day), &quarter.time());
        item.insert("lines".to_owned(), AttributeValue::S(lines));
        item.insert("version".to_owned(), number(version + 1));
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let request = if version == 0 {
            request
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", BUCKET)
        } else {
            request
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", number(version))
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }

    async fn late(&self, after: Option<&LateQuarter>) -> Result<Vec<LateQuarter>, StoreError> {
        let after = after.map_or_else(|| " ".to_owned(), |late| late_sort(&late.merchant, late.quarter));
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request
            .key_condition_expression("#bucket = :bucket AND #sort > :after")
            .expression_attribute_names("#bucket", BUCKET)
            .expression_attribute_names("#sort", SORT)
            .expression_attribute_values(":bucket", AttributeValue::S(LATE.to_owned()))
            .expression_attribute_values(":after", AttributeValue::S(after))
            .limit(LATE_AT_A_TIME);
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        page.items().iter().map(late).collect()
    }

    async fn settle(&self, late: &LateQuarter) -> Result<(), StoreError> {
        let sort = late_sort(&late.merchant, late.quarter);
        let request = self.client.delete_item().table_name(&self.table);
        let request = request
            .set_key(Some(keys(LATE, &sort)))
            .condition_expression("#mark = :mark")
            .expression_attribute_names("#mark", "mark")
            .expression_attribute_values(":mark", AttributeValue::S(late.mark.clone()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // Another entry came: it is summed up anew.
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }

    async fn late_days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<Date>, StoreError> {
        let (from, to) = (format!("{merchant}#{first}"), format!("{merchant}#{last}~"));
        let items = self.all(LATE, &from, &to).await?;
        let mut days: Vec<Date> =
            items.iter().map(|item| Ok(late(item)?.quarter.day)).collect::<Result<_, StoreError>>()?;
        days.dedup();
        Ok(days)
    }
}

/// How the mark of a quarter with late entries sorts.
pub(super) fn late_sort(merchant: &MerchantId, quarter: QuarterHour) -> String {
    format!("{merchant}#{}#{}", quarter.day, quarter.time())
}

fn late(item: &Item) -> Result<LateQuarter, StoreError> {
    let mut parts = text(item, SORT)?.rsplitn(3, '#');
    let (time, day, merchant) = (parts.next(), parts.next(), parts.next());
    let quarter =
        day.and_then(|day| day.parse().ok()).zip(time).and_then(|(day, time)| QuarterHour::parse(day, time));
    let merchant = merchant.and_then(|merchant| merchant.parse().ok());
    let (merchant, quarter) = merchant.zip(quarter).ok_or_else(|| corrupt(SORT))?;
    Ok(LateQuarter { merchant, quarter, mark: text(item, "mark")?.to_owned() })
}

/// A total as it is stored, in minor units.
#[derive(Serialize, Deserialize)]
struct Line {
    currency: String,
    operation: String,
    fact: String,
    mid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    count: u64,
    amount: i64,
    held: i64,
    paid: i64,
    returned: i64,
    at_gateway: i64,
}

impl Line {
    fn of(line: &TotalLine, total: &Total) -> Self {
        let TotalLine { currency, operation, fact, mid, brand, .. } = line.clone();
        let Total { count, amount, changes } = *total;
        let Changes { held, paid, returned, gateway } = changes;
        let currency = currency.code().to_owned();
        Self {
            currency,
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
        }
    }

    fn read(self, day: Date) -> Option<(TotalLine, Total)> {
        let Self { currency, operation, fact, mid, brand, .. } = self;
        let line = TotalLine { day, currency: currency.parse().ok()?, operation, fact, mid, brand };
        let changes =
            Changes { held: self.held, paid: self.paid, returned: self.returned, gateway: self.at_gateway };
        Some((line, Total { count: self.count, amount: self.amount, changes }))
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a String, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).ok_or_else(|| corrupt(name))
}

fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt(format!("an item of the totals without a good {name}"))
}
