//! A table: its requests, and the meaning of its responses.

use std::{collections::HashMap, ops::RangeInclusive, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::builders::DeleteItemFluentBuilder,
        get_item::builders::GetItemFluentBuilder,
        put_item::builders::PutItemFluentBuilder,
        query::{QueryOutput, builders::QueryFluentBuilder},
        transact_write_items::TransactWriteItemsError,
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::{AttributeValue, KeysAndAttributes, TransactWriteItem},
};
use tollgate_core::payments::StoreError;

use super::Item;
use crate::aws_error;

/// How often a batch is requested of which the table returned only a part: more than 16 MB, or more
/// than it can read now.
pub(super) const BATCH_TRIES_MAX: u32 = 8;

/// How long the rest of a batch waits for its first repeat; for each other one, twice as long as
/// before. Without a pause a table that is short of capacity would be asked again before it has
/// any.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Most keys of a batch.
const BATCH_KEYS_MAX: usize = 100;

/// A table that exists.
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Table {
    pub(super) fn get(&self, key: Item) -> GetItemFluentBuilder {
        self.client.get_item().table_name(&self.name).set_key(Some(key))
    }

    pub(super) fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(item))
    }

    /// The item under a key, as it is now.
    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let found = self.get(key).consistent_read(true).send().await;
        Ok(found.map_err(|error| unavailable(&error))?.item)
    }

    /// Writes an item, replacing any that is there.
    pub(super) async fn write(&self, item: Item) -> Result<(), StoreError> {
        self.put(item).send().await.map(drop).map_err(|error| unavailable(&error))
    }

    pub(super) fn delete(&self, key: Item) -> DeleteItemFluentBuilder {
        self.client.delete_item().table_name(&self.name).set_key(Some(key))
    }

    pub(super) fn update(&self, key: Item) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).set_key(Some(key))
    }

    /// The items under these keys, one batch after the other; in no order, and without those that
    /// are not there.
    pub(super) async fn batch(&self, keys: Vec<Item>, consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for keys in keys.chunks(BATCH_KEYS_MAX) {
            let all = KeysAndAttributes::builder().set_keys(Some(keys.to_vec()));
            let all = all.set_consistent_read(consistent.then_some(true)).build();
            let all = all.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            self.add_batch(all, &mut items).await?;
        }
        Ok(items)
    }

    async fn add_batch(&self, all: KeysAndAttributes, items: &mut Vec<Item>) -> Result<(), StoreError> {
        let mut wanted = HashMap::from([(self.name.clone(), all)]);
        for n in 0..BATCH_TRIES_MAX {
            let request = self.client.batch_get_item().set_request_items(Some(wanted));
            let found = request.send().await.map_err(|error| unavailable(&error))?;
            let before = items.len();
            items.extend(found.responses.unwrap_or_default().into_values().flatten());
            wanted = found.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            // Items beyond one response's size need no pause.
            if items.len() == before {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(n)).await;
            }
        }
        Err(StoreError::Unavailable("a batch was read in part only".to_owned()))
    }

    /// Writes items, all or none. Says whether it did: not if another one wrote first.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_overtaken) => Ok(false),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// A query, with the names and the texts that its condition has placeholders for.
    pub(super) fn query(
        &self,
        condition: &str,
        names: &[(&str, &str)],
        texts: &[(&str, &str)],
    ) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.name).key_condition_expression(condition);
        let request =
            names.iter().fold(request, |request, (of, name)| request.expression_attribute_names(*of, *name));
        texts.iter().fold(request, |request, (of, text)| {
            request.expression_attribute_values(*of, AttributeValue::S((*text).to_owned()))
        })
    }

    /// A query of the items of a partition whose sort keys are in a range, with the attributes that
    /// hold the two keys. None if the range ends before it begins: it has no item, and DynamoDB
    /// refuses to look.
    pub(super) fn between(
        &self,
        [bucket, sort]: [&str; 2],
        partition: &str,
        range: RangeInclusive<&str>,
    ) -> Option<QueryFluentBuilder> {
        let names = [("#bucket", bucket), ("#sort", sort)];
        let texts = [(":bucket", partition), (":from", range.start()), (":to", range.end())];
        let condition = "#bucket = :bucket AND #sort BETWEEN :from AND :to";
        (!range.is_empty()).then(|| self.query(condition, &names, &texts))
    }
}

/// Whether a transaction was canceled because others wrote first: no other reason is worth deciding
/// again.
fn is_overtaken(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return false };
    let reasons = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let mut reasons = reasons.filter(|reason| *reason != "None").peekable();
    reasons.peek().is_some()
        && reasons.all(|reason| ["ConditionalCheckFailed", "TransactionConflict"].contains(&reason))
}

/// The next items that a query finds, at most so many.
pub(super) async fn page(query: QueryFluentBuilder, limit: usize) -> Result<QueryOutput, StoreError> {
    let page = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await;
    page.map_err(|error| unavailable(&error))
}

/// All items that a query finds, page after page.
pub(super) async fn all(query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let page = query.clone().set_exclusive_start_key(next).send().await;
        let page = page.map_err(|error| unavailable(&error))?;
        items.extend(page.items.unwrap_or_default());
        next = page.last_evaluated_key;
        if next.is_none() {
            return Ok(items);
        }
    }
}

/// Whether a conditional write was made; not where its condition did not hold.
pub(super) fn was_made<T, E>(response: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata,
{
    match response {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(super) fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(aws_error::describe(error))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, civil::date};
    use tollgate_core::{
        journal::{Agenda as _, AgendaList, AgendaQuery, Retention, TotalsStore as _},
        people::{AuditFilter, AuditTrail as _},
        settlement::{DayRange, DepositStore as _},
        values::ReadOrder,
    };

    use crate::{
        dynamodb::{
            journal::DynamoDbTotals, orders::DynamoDbStore, people::DynamoDbPeople,
            settlement::DynamoDbSettlement,
        },
        test_aws::{Aws, SHARDS},
    };

    /// DynamoDB would refuse each, and the caller would take the refusal for a table that is away.
    #[tokio::test]
    async fn a_range_that_ends_before_it_begins_is_empty_and_takes_no_request() {
        let (aws, table) = (Aws::responding([]), || "table".to_owned());
        let (merchant, first, last) = ("m".parse().unwrap(), date(2026, 11, 20), date(2026, 11, 10));

        let deposits = DynamoDbSettlement::new(aws.dynamodb(), table(), Retention::default());
        let (days, order) = (DayRange { first, last }, ReadOrder::NewestFirst);
        let page = deposits.list(&merchant, days, order, None, 25).await.unwrap();
        assert!(page.deposits.is_empty() && page.next.is_none());

        let orders = DynamoDbStore::new(aws.dynamodb(), table(), SHARDS);
        let between = ("due#2026-11-20", "due#2026-11-10");
        let query =
            AgendaQuery { merchant: &merchant, list: AgendaList::Captures, part: 1, between, limit: 7 };
        let page = orders.between(query).await.unwrap();
        assert!(page.orders.is_empty() && !page.more);

        let totals = DynamoDbTotals::new(aws.dynamodb(), table(), None, Retention::default());
        assert!(totals.days(&merchant, first, last).await.unwrap().sums.is_empty());
        assert_eq!(totals.marked(&merchant, first, last).await.unwrap(), []);

        let people = DynamoDbPeople::new(aws.dynamodb(), table(), SignedDuration::from_hours(1));
        let [from, to] = ["2026-11-20T00:00:00Z", "2026-11-10T00:00:00Z"].map(|at| at.parse().ok());
        let filter = AuditFilter { from, to, ..AuditFilter::default() };
        let page = people.audit(&merchant, &filter, None, 25).await.unwrap();
        assert!(page.entries.is_empty() && page.next.is_none());
    }
}
