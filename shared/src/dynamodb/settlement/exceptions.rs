//! Exceptions: an item for each, and an index of those that are open and of those that are closed.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use tollgate_core::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    settlement::{
        Exception, ExceptionFilter, ExceptionPage, ExceptionStore, OPEN_COUNTED_MAX, OpenAbout,
        OpenExceptions,
    },
    values::sort_of,
};
use uuid::Uuid;

use super::{BUCKET, DynamoDbSettlement, EXPIRES_AT, KEYS, SORT, VERSION, key, read, written};
use crate::dynamodb::{
    Item, apart, needed, number,
    table::{all, unavailable},
    text, text_of,
};

/// The index by state and time, and its keys. It also holds the cause and the subject of each
/// exception.
const INDEX: &str = "exceptions";
const STATE: &str = "e";
const SINCE: &str = "t";

/// Items that are read at a time for a filtered page.
const READ_AT_A_TIME: usize = 100;

/// Most items that are read for one page.
const READ_MAX: usize = 1_000;

fn exception_key(merchant: &MerchantId, id: Uuid) -> Item {
    key(&format!("exceptions#{merchant}"), &id.to_string())
}

fn state(merchant: &MerchantId, is_open: bool) -> String {
    format!("{merchant}#{}", if is_open { "open" } else { "closed" })
}

fn since(exception: &Exception) -> String {
    format!("{}#{}", sort_of(exception.since), exception.id)
}

fn is_wanted(exception: &Exception, filter: &ExceptionFilter) -> bool {
    exception.is_open() != filter.closed
        && filter.cause.is_none_or(|cause| cause == exception.cause)
        && filter.account.as_ref().is_none_or(|account| *account == exception.account)
}

impl DynamoDbSettlement {
    fn open_query(&self, merchant: &MerchantId) -> QueryFluentBuilder {
        let texts = [(":state", &*state(merchant, true))];
        self.table.query("#state = :state", &[("#state", STATE)], &texts).index_name(INDEX)
    }

    /// The exceptions behind keys of the index, in their order, and those that cannot be read.
    async fn behind(&self, keys: Vec<Item>) -> Result<(Vec<Exception>, Vec<Unreadable>), StoreError> {
        let keys = keys.into_iter().map(|mut key| {
            key.retain(|name, _| [BUCKET, SORT].contains(&&**name));
            key
        });
        let items = self.table.batch(keys.collect(), true).await?;
        let (mut exceptions, unreadable) = apart(items, &KEYS, read_exception);
        exceptions.sort_by_key(|exception| std::cmp::Reverse(since(exception)));
        Ok((exceptions, unreadable))
    }
}

pub(super) fn read_exception(mut item: Item) -> Result<Exception, StoreError> {
    item.remove(STATE);
    item.remove(SINCE);
    read(item)
}

#[async_trait]
impl ExceptionStore for DynamoDbSettlement {
    async fn get(&self, merchant: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        let found = self.item(exception_key(merchant, id)).await?;
        found.map(|item| needed(item, &KEYS, read_exception)).transpose()
    }

    async fn open_of(&self, merchant: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        let keys = all(self.open_query(merchant)).await?;
        let (mut open, _) = self.behind(keys).await?;
        open.retain(|exception| exception.is_open() && exception.account == account);
        Ok(open)
    }

    async fn open_about(&self, merchant: &MerchantId) -> Result<Vec<OpenAbout>, StoreError> {
        let items = all(self.open_query(merchant)).await?;
        let about = |mut item: Item| {
            item.retain(|name, _| ![STATE, SINCE].contains(&&**name));
            read(item)
        };
        Ok(apart(items, &KEYS, about).0)
    }

    async fn count_open(&self, merchant: &MerchantId) -> Result<OpenExceptions, StoreError> {
        let query = self.open_query(merchant).limit(i32::try_from(OPEN_COUNTED_MAX + 1).unwrap_or(i32::MAX));
        let found = query.send().await.map_err(|error| unavailable(&error))?;
        Ok(OpenExceptions::of(found.items.unwrap_or_default().len()))
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        let there = self.item(exception_key(merchant, exception.id)).await?;
        let version: Option<u64> = there.as_ref().and_then(|item| number(item, VERSION));
        if there.map(|item| needed(item, &KEYS, read_exception)).transpose()?.as_ref() != was {
            return Ok(false);
        }
        let mut item = written(exception, exception_key(merchant, exception.id));
        item.insert(STATE.to_owned(), text_of(&state(merchant, exception.is_open())));
        item.insert(SINCE.to_owned(), text_of(&since(exception)));
        item.insert(EXPIRES_AT.to_owned(), self.expires(exception.since));
        self.put_version(item, version).await
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        filter: &ExceptionFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ExceptionPage, StoreError> {
        let names = [("#state", STATE), ("#since", SINCE)];
        let state = state(merchant, !filter.closed);
        let mut page = ExceptionPage { next: after.map(str::to_owned), ..ExceptionPage::default() };
        for _ in 0..READ_MAX / READ_AT_A_TIME {
            let before = page.next.take().unwrap_or_else(|| "~".to_owned());
            let texts = [(":state", &*state), (":before", &*before)];
            let query = self.table.query("#state = :state AND #since < :before", &names, &texts);
            let query = query.index_name(INDEX).scan_index_forward(false);
            let query = query.limit(i32::try_from(READ_AT_A_TIME).unwrap_or(i32::MAX));
            let found = query.send().await.map_err(|error| unavailable(&error))?;
            let keys = found.items.unwrap_or_default();
            let read_to = keys.last().and_then(|key| text(key, SINCE).cloned());
            let more = found.last_evaluated_key.is_some();
            let (exceptions, unreadable) = self.behind(keys).await?;
            page.unreadable.extend(unreadable);
            for exception in exceptions.into_iter().filter(|one| is_wanted(one, filter)) {
                if page.exceptions.len() == limit {
                    page.next = page.exceptions.last().map(since);
                    return Ok(page);
                }
                page.exceptions.push(exception);
            }
            page.next = read_to.filter(|_| more);
            if page.next.is_none() {
                return Ok(page);
            }
        }
        Ok(page)
    }
}
