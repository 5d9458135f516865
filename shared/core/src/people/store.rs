//! Where people are kept: ports. They have a table of their own.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{AuditEntry, AuditFilter, AuditPage, People, PeopleChange};
use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
};

/// Some changes of a merchant's people, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<PeopleChange>,
    /// Those that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// Tells who acts for a merchant. All that most functions need.
#[async_trait]
pub trait PeopleReader: Send + Sync {
    /// The merchant's people as they are now; nobody if none was ever added.
    async fn people(&self, merchant: &MerchantId) -> Result<People, StoreError>;
}

/// Keeps people and who changed them.
#[async_trait]
pub trait PeopleStore: PeopleReader {
    /// Writes people if nobody has changed them since they were read, together with the change's entry in the audit trail and
    /// its place in the history, which is kept for ever. Says whether they were written. Without an entry, somebody's address
    /// was used.
    async fn save(
        &self,
        merchant: &MerchantId,
        people: &People,
        entry: Option<&AuditEntry>,
    ) -> Result<bool, StoreError>;

    /// Who gave whom what, the newest first.
    async fn changes(
        &self,
        merchant: &MerchantId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, StoreError>;

    /// When each person signed in last, by the ids of their entries.
    async fn last_sign_ins(&self, merchant: &MerchantId) -> Result<BTreeMap<Uuid, Timestamp>, StoreError>;
}

/// Keeps who did what that moves no money.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Adds an entry. One that says that somebody signed in is their last sign-in from then on.
    async fn record(&self, merchant: &MerchantId, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Entries that are wanted, the newest first.
    async fn audit(
        &self,
        merchant: &MerchantId,
        filter: &AuditFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, StoreError>;
}

/// Remembers ID tokens until they are over.
#[async_trait]
pub trait UsedTokens: Send + Sync {
    /// Notes that the token with this digest was used. Says whether it was the first time.
    async fn use_once(&self, digest: &[u8; 32], until: Timestamp) -> Result<bool, StoreError>;
}

/// All that a sign-in needs of the table of people.
pub trait SignInStore: PeopleStore + AuditTrail + UsedTokens {}

impl<S: PeopleStore + AuditTrail + UsedTokens> SignInStore for S {}
