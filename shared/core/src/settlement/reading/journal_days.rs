//! Where lines belong: the UTC day on which the journal has a payment's or refund's money moved.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};

use super::entries::EntrySpan;
use crate::{
    journal::{Entry, EntryLog, Fact, day_of},
    order::{Kind, MerchantId},
    payments::StoreError,
};

/// References that are looked up at a time.
const LOOKED_UP_AT_A_TIME: usize = 25;

/// The days of a merchant's payments and refunds, by reference. Of each it has a digest of eight
/// bytes, so that a million payments take about 30 MB.
#[derive(Debug, Default)]
pub struct JournalDays {
    /// The account whose reports are read.
    account: String,
    days: HashMap<u64, Date>,
    /// Of payments and refunds at the merchant's other accounts, which may be reported for this
    /// one.
    elsewhere: HashMap<u64, Date>,
    /// References that were looked for in the whole journal and are not there.
    unknown: HashSet<u64>,
    /// The last day on which each account has an entry.
    used: BTreeMap<String, Date>,
}

impl JournalDays {
    /// Those of all entries from a moment on.
    pub async fn read(
        log: &dyn EntryLog,
        merchant: &MerchantId,
        account: &str,
        since: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut days = Self { account: account.to_owned(), ..Self::default() };
        let until = Timestamp::MAX;
        for span in EntrySpan::of_shards(log, merchant, since, until) {
            span.each(&mut |entry| entry.iter().for_each(|entry| days.add(entry))).await?;
        }
        Ok(days)
    }

    /// Looks up references that are not among the days that were read, each once.
    pub(crate) async fn look_up<'a>(
        &mut self,
        log: &dyn EntryLog,
        merchant: &MerchantId,
        references: impl Iterator<Item = &'a String>,
    ) -> Result<(), StoreError> {
        let is_new =
            |reference: &&String| self.get(reference).is_none() && !self.unknown.contains(&digest(reference));
        let wanted: Vec<String> = references.filter(is_new).cloned().collect();
        let account = self.account.clone();
        let found = wanted.clone().into_iter().map(async |reference| {
            let mut found = Self { account: account.clone(), ..Self::default() };
            let span = EntrySpan::of_reference(log, merchant, reference);
            span.each(&mut |entry| entry.iter().for_each(|entry| found.add(entry))).await?;
            Ok::<_, StoreError>(found)
        });
        let found: Vec<Self> =
            stream::iter(found).buffer_unordered(LOOKED_UP_AT_A_TIME).try_collect().await?;
        self.unknown.extend(wanted.iter().map(|reference| digest(reference)));
        for one in found {
            self.days.extend(one.days);
            self.elsewhere.extend(one.elsewhere);
        }
        Ok(())
    }

    /// A reference is not in the journal, unless it has an entry of the days that were read.
    pub(crate) fn note_unknown(&mut self, reference: &str) {
        self.unknown.insert(digest(reference));
    }

    /// The day of a reference, as far as it was read or looked up.
    pub(crate) fn get(&self, reference: &str) -> Option<Date> {
        let key = digest(reference);
        self.days.get(&key).or_else(|| self.elsewhere.get(&key)).copied()
    }

    /// The accounts that have entries, each with the entries' last day, as far as it was read.
    pub(crate) fn used(&self) -> &BTreeMap<String, Date> {
        &self.used
    }

    /// The first day counts: a fact is never taken back.
    fn add(&mut self, entry: &Entry) {
        let last = self.used.entry(entry.account.clone()).or_insert_with(|| day_of(entry.at));
        *last = day_of(entry.at).max(*last);
        let Some(reference) = entry.reference.as_deref().filter(|_| moves_money(entry)) else { return };
        let day = day_of(entry.at);
        let days = if entry.account == self.account { &mut self.days } else { &mut self.elsewhere };
        let first = days.entry(digest(reference)).or_insert(day);
        *first = day.min(*first);
    }
}

/// Whether money should reach or leave the bank by this fact. Money that was only held, or refused,
/// has no day.
fn moves_money(entry: &Entry) -> bool {
    match entry.fact {
        Fact::Captured | Fact::DuplicateFound => true,
        Fact::Approved => entry.kind == Kind::Purchase,
        Fact::Refunded | Fact::DuplicateReturned => entry.kind == Kind::Refund,
        _ => false,
    }
}

fn digest(reference: &str) -> u64 {
    let digest = Sha256::digest(reference.as_bytes());
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
