//! People, who changed them, their actions, and the ID tokens that were used, in a DynamoDB table
//! of its own. `docs/reference/inventory.md` has each item with its content (*People*).

mod stored;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    types::{Put, TransactWriteItem},
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tollgate_core::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    people::{
        AuditEntry, AuditFilter, AuditPage, AuditTrail, Audited, AuditedPerson, ChangePage, People,
        PeopleChange, PeopleReader, PeopleStore, REFUSALS_PER_DAY, SignIns, Subject, UNKNOWN_MERCHANT_KEPT,
    },
    values::sort_of,
};
use uuid::Uuid;

use super::{
    Item, apart,
    members::{Object, Reader, Writer, corrupt},
    needed, number_of, readable,
    table::{Table, all, page, was_made},
    text, texts,
};

/// The partition key of the table, and its sort key.
const BUCKET: &str = "b";
const SORT: &str = "s";

/// The key, by which a bad item is named.
const KEYS: [&str; 2] = [BUCKET, SORT];

/// When DynamoDB deletes an item: seconds since 1970, the table's time to live.
const EXPIRES_AT: &str = "x";

/// How often people were written.
const VERSION: &str = "version";

/// How often a subject was refused.
const TIMES: &str = "n";

/// The sort key of the one item with a merchant's people, and the beginning of those beside it.
const PEOPLE: &str = "people";
const CHANGE: &str = "change#";

/// The names of the key in the conditions of queries.
const KEY_NAMES: [(&str, &str); 2] = [("#bucket", BUCKET), ("#sort", SORT)];

/// Entries that are read at a time for a filtered page.
const READ_AT_A_TIME: usize = 100;

/// Most entries that are read for one page.
const READ_MAX: usize = 1_000;

/// The table of people.
pub struct DynamoDbPeople {
    table: Table,
    /// How long entries of the audit trail are kept.
    audit_kept: SignedDuration,
}

impl DynamoDbPeople {
    /// In a table that exists.
    pub fn new(client: Client, table: String, audit_kept: SignedDuration) -> Self {
        Self { table: Table { client, name: table }, audit_kept }
    }

    fn put(&self, item: Item, condition: &Condition) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table.name).set_item(Some(item));
        let put = match condition {
            Condition::None => put,
            Condition::New => put
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", BUCKET),
            Condition::Version(before) => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":before", number_of(before)),
        };
        let put = put.build().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn audit_item(&self, merchant: &MerchantId, entry: &AuditEntry) -> Item {
        let item = written(entry, key(&audit_bucket(merchant), &audit_sort(entry)));
        expiring(item, entry.at, self.audit_kept)
    }

    /// Writes an item if there is none under its key. Says whether it was written.
    async fn write_first(&self, item: Item) -> Result<bool, StoreError> {
        let request = self.table.put(item).condition_expression("attribute_not_exists(#bucket)");
        was_made(request.expression_attribute_names("#bucket", BUCKET).send().await)
    }

    /// All items under a partition key, as they are now.
    async fn all_of(&self, bucket: &str) -> Result<Vec<Item>, StoreError> {
        let query = self.table.query("#bucket = :bucket", &KEY_NAMES[..1], &[(":bucket", bucket)]);
        all(query.consistent_read(true)).await
    }

    /// A page of a partition, the newest first: items, and whether there are more.
    async fn page(
        &self,
        bucket: &str,
        from: &str,
        before: &str,
        limit: usize,
    ) -> Result<(Vec<Item>, bool), StoreError> {
        let Some(query) = self.table.between(KEYS, bucket, from..=before) else {
            return Ok((Vec::new(), false));
        };
        let found = page(query.scan_index_forward(false), limit).await?;
        Ok((found.items.unwrap_or_default(), found.last_evaluated_key.is_some()))
    }
}

/// When a put is made.
enum Condition {
    /// Always.
    None,
    /// There is nothing yet.
    New,
    /// It is still in this version.
    Version(u64),
}

fn key(bucket: &str, sort: &str) -> Item {
    texts([(BUCKET, bucket), (SORT, sort)])
}

fn people_bucket(merchant: &MerchantId) -> String {
    format!("people#{merchant}")
}

/// The subjects that the addresses of a merchant's people led to, by the ids of their entries.
/// Apart from the people, so that a function that signs people in can write no people.
fn pin_bucket(merchant: &MerchantId) -> String {
    format!("pin#{merchant}")
}

fn sign_in_bucket(merchant: &MerchantId) -> String {
    format!("signed-in#{merchant}")
}

fn audit_bucket(merchant: &MerchantId) -> String {
    format!("audit#{merchant}")
}

fn audit_sort(entry: &AuditEntry) -> String {
    format!("{}#{}", sort_of(entry.at), entry.id)
}

/// The last text before this one that a key of this table can be: keys are ASCII.
fn just_before(sort: &str) -> String {
    let mut bytes = sort.to_owned();
    bytes.pop();
    format!(
        "{bytes}{}~",
        sort.chars().last().and_then(|last| char::from_u32(u32::from(last) - 1)).unwrap_or('!')
    )
}

fn hex(digest: &[u8; 32]) -> String {
    digest.map(|byte| format!("{byte:02x}")).concat()
}

fn expiring(mut item: Item, at: Timestamp, kept: SignedDuration) -> Item {
    let end = at.saturating_add(kept).unwrap_or(Timestamp::MAX);
    item.insert(EXPIRES_AT.to_owned(), number_of(&end.as_second()));
    item
}

/// The person whose item this is, by its sort key.
fn person_of(item: &Item) -> Option<Uuid> {
    text(item, SORT).and_then(|sort| sort.parse().ok())
}

fn last_sign_in(item: Item) -> Result<(Uuid, Timestamp), StoreError> {
    let id = person_of(&item).ok_or_else(|| corrupt(SORT))?;
    Ok((id, Reader::new(item).get("at")?))
}

fn pin(item: Item) -> Result<(Uuid, Subject), StoreError> {
    let id = person_of(&item).ok_or_else(|| corrupt(SORT))?;
    Ok((id, read(item)?))
}

/// Whether an item of the table, of any kind, can be read.
pub fn check(item: Item) -> Result<(), Unreadable> {
    readable(item, &KEYS, |item| {
        let part = |name: &str| text(&item, name).cloned().unwrap_or_default();
        let (bucket, sort) = (part(BUCKET), part(SORT));
        match bucket.split('#').next() {
            Some("people") if sort == PEOPLE => read::<People>(item).map(drop),
            Some("people") if sort.starts_with(CHANGE) => read::<PeopleChange>(item).map(drop),
            // A leftover of a removed person.
            Some("pin" | "signed-in") if item.contains_key(EXPIRES_AT) => Ok(()),
            Some("pin") => pin(item).map(drop),
            Some("signed-in") => last_sign_in(item).map(drop),
            Some("audit") => read::<AuditEntry>(item).map(drop),
            // A digest, a number, and when it ends.
            Some("token" | "refused") => Ok(()),
            _ => Err(corrupt(BUCKET)),
        }
    })
}

fn read<T: Object>(mut item: Item) -> Result<T, StoreError> {
    for name in [BUCKET, SORT, EXPIRES_AT] {
        item.remove(name);
    }
    T::read(&(), &mut Reader::new(item))
}

fn written(object: &impl Object, key: Item) -> Item {
    let mut writer = Writer(key);
    object.write(&(), &mut writer);
    writer.0
}

#[async_trait]
impl PeopleReader for DynamoDbPeople {
    async fn people(&self, merchant: &MerchantId) -> Result<People, StoreError> {
        let found = self.table.item(key(&people_bucket(merchant), PEOPLE)).await?;
        found.map(|item| needed(item, &KEYS, read)).transpose().map(Option::unwrap_or_default)
    }
}

#[async_trait]
impl PeopleStore for DynamoDbPeople {
    async fn recognized_people(&self, merchant: &MerchantId) -> Result<People, StoreError> {
        let mut people = self.people(merchant).await?;
        let mut items = self.all_of(&pin_bucket(merchant)).await?;
        items.retain(|item| person_of(item).is_none_or(|id| people.get(id).is_some()));
        let mut pins: BTreeMap<_, _> = apart(items, &KEYS, pin).0.into_iter().collect();
        for entry in &mut people.entries {
            if let Some(subject) = pins.remove(&entry.id) {
                entry.recognition = entry.recognition.clone().pinned_to(subject);
            }
        }
        Ok(people)
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        people: &People,
        entry: Option<&AuditEntry>,
    ) -> Result<bool, StoreError> {
        let bucket = people_bucket(merchant);
        let condition = match people.version {
            0 | 1 => Condition::New,
            version => Condition::Version(version - 1),
        };
        let mut puts = vec![self.put(written(people, key(&bucket, PEOPLE)), &condition)?];
        if let Some(entry) = entry {
            puts.push(self.put(self.audit_item(merchant, entry), &Condition::New)?);
        }
        if let Some(Audited::PeopleChanged(change)) = entry.map(|entry| &entry.what) {
            let sort = format!("{CHANGE}{:020}", people.version);
            puts.push(self.put(written(change, key(&bucket, &sort)), &Condition::New)?);
            if change.after.is_none() {
                let id = change.id.to_string();
                for bucket in [pin_bucket(merchant), sign_in_bucket(merchant)] {
                    let gone = expiring(key(&bucket, &id), change.at, SignedDuration::ZERO);
                    puts.push(self.put(gone, &Condition::None)?);
                }
            }
        }
        self.table.transact(puts).await
    }

    async fn changes(
        &self,
        merchant: &MerchantId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        let before = after.map_or_else(|| format!("{CHANGE}~"), just_before);
        let (items, more) = self.page(&people_bucket(merchant), CHANGE, &before, limit).await?;
        let next = items.last().and_then(|item| text(item, SORT).cloned()).filter(|_| more);
        let (changes, unreadable) = apart(items, &KEYS, read);
        Ok(ChangePage { changes, unreadable, next })
    }

    async fn last_sign_ins(&self, merchant: &MerchantId) -> Result<BTreeMap<Uuid, Timestamp>, StoreError> {
        let mut items = self.all_of(&sign_in_bucket(merchant)).await?;
        items.retain(|item| !item.contains_key(EXPIRES_AT));
        Ok(apart(items, &KEYS, last_sign_in).0.into_iter().collect())
    }
}

#[async_trait]
impl AuditTrail for DynamoDbPeople {
    async fn record(&self, merchant: &MerchantId, entry: &AuditEntry) -> Result<(), StoreError> {
        if let (AuditedPerson::Known { id, .. }, Audited::SignedIn { .. }) = (&entry.who, &entry.what) {
            let mut last = Writer(key(&sign_in_bucket(merchant), &id.to_string()));
            last.put("at", &entry.at);
            self.table.write(last.0).await?;
        }
        self.table.write(self.audit_item(merchant, entry)).await
    }

    async fn audit(
        &self,
        merchant: &MerchantId,
        filter: &AuditFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let bucket = audit_bucket(merchant);
        let from = filter.from.map(sort_of).unwrap_or_default();
        let from = if from.is_empty() { "0".to_owned() } else { from };
        let mut before = match (after, filter.to) {
            (Some(after), _) => just_before(after),
            (None, Some(to)) => just_before(&sort_of(to)),
            (None, None) => "~".to_owned(),
        };
        let mut page = AuditPage::default();
        for _ in 0..READ_MAX / READ_AT_A_TIME {
            let (items, more) = self.page(&bucket, &from, &before, READ_AT_A_TIME).await?;
            let read_to = items.last().and_then(|item| text(item, SORT).cloned());
            for item in items {
                let entry: AuditEntry = match readable(item, &KEYS, read) {
                    Ok(entry) => entry,
                    Err(bad) => {
                        page.unreadable.push(bad);
                        continue;
                    }
                };
                if !filter.wants(&entry) {
                    continue;
                }
                if page.entries.len() == limit {
                    page.next = page.entries.last().map(audit_sort);
                    return Ok(page);
                }
                page.entries.push(entry);
            }
            page.next = read_to.filter(|_| more);
            let Some(next) = &page.next else { return Ok(page) };
            before = just_before(next);
        }
        Ok(page)
    }
}

#[async_trait]
impl SignIns for DynamoDbPeople {
    async fn use_once(&self, digest: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        let item = key(&format!("token#{}", hex(digest)), "-");
        // One more minute: until then its expiry is compared anyway.
        self.write_first(expiring(item, until, SignedDuration::from_mins(1))).await
    }

    async fn pin(&self, merchant: &MerchantId, person: Uuid, subject: &Subject) -> Result<bool, StoreError> {
        self.write_first(written(subject, key(&pin_bucket(merchant), &person.to_string()))).await
    }

    async fn count_refusal(&self, subject: &Subject, at: Timestamp) -> Result<bool, StoreError> {
        let Subject { issuer, subject } = subject;
        let digest: [u8; 32] = Sha256::digest(format!("{issuer}\n{subject}")).into();
        let day = at.strftime("%F").to_string();
        let request = self
            .table
            .update(key(&format!("refused#{}", hex(&digest)), &day))
            .update_expression("ADD #times :one SET #until = :until")
            .condition_expression("attribute_not_exists(#times) OR #times < :most")
            .expression_attribute_names("#times", TIMES)
            .expression_attribute_names("#until", EXPIRES_AT)
            .expression_attribute_values(":one", number_of(&1))
            .expression_attribute_values(":most", number_of(&REFUSALS_PER_DAY))
            .expression_attribute_values(":until", number_of(&(at.as_second() + 2 * 24 * 60 * 60)));
        was_made(request.send().await)
    }

    async fn record_refusal(
        &self,
        merchant: &MerchantId,
        is_known: bool,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let item = self.audit_item(merchant, entry);
        self.table.write(if is_known { item } else { expiring(item, entry.at, UNKNOWN_MERCHANT_KEPT) }).await
    }
}
