//! Where people are kept: ports. They have a table of their own.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{AuditEntry, AuditFilter, AuditPage, People, PeopleChange, Subject};
use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
};

/// Some changes of a merchant's people, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ChangePage {
    pub changes: Vec<PeopleChange>,
    /// Those that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// Tells who acts for a merchant. All that most functions need.
#[async_trait]
pub trait PeopleReader: Send + Sync {
    /// The merchant's people as they are now; nobody if none was ever added. A person who was added
    /// by an address is shown so, also after the first sign-in.
    async fn people(&self, merchant: &MerchantId) -> Result<People, StoreError>;
}

/// Keeps people and who changed them.
#[async_trait]
pub trait PeopleStore: PeopleReader {
    /// The merchant's people, each whose address was used with the subject that it led to.
    async fn recognized_people(&self, merchant: &MerchantId) -> Result<People, StoreError>;

    /// Writes people if nobody has changed them since they were read, together with the change's
    /// entry in the audit trail and its sort key in the history, which is kept for ever. Says
    /// whether they were written.
    async fn save(
        &self,
        merchant: &MerchantId,
        people: &People,
        entry: Option<&AuditEntry>,
    ) -> Result<bool, StoreError>;

    /// Who gave whom which grant, the newest first.
    async fn changes(
        &self,
        merchant: &MerchantId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ChangePage, StoreError>;

    /// When each person signed in last, by the ids of their entries.
    async fn last_sign_ins(&self, merchant: &MerchantId) -> Result<BTreeMap<Uuid, Timestamp>, StoreError>;
}

/// Keeps people's actions that move no money.
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

/// How long a refused sign-in is kept for a merchant that does not exist: nobody can read it, and
/// anybody can cause it.
pub const UNKNOWN_MERCHANT_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Refused sign-ins of one subject that are recorded in a day of UTC, at all merchants together.
pub const REFUSALS_PER_DAY: u32 = 20;

/// Keeps the records that sign-ins need.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Notes that the token with this digest was used, until it is over. Says whether it was the
    /// first time.
    async fn use_once(&self, digest: &[u8; 32], until: Timestamp) -> Result<bool, StoreError>;

    /// Notes, once and for all, that a person's address led to this subject. Says whether it was
    /// the first.
    async fn pin(&self, merchant: &MerchantId, person: Uuid, subject: &Subject) -> Result<bool, StoreError>;

    /// Counts a refused sign-in of a subject on a day, and says whether it is one of the first
    /// [`REFUSALS_PER_DAY`].
    async fn count_refusal(&self, subject: &Subject, at: Timestamp) -> Result<bool, StoreError>;

    /// Adds the entry of a refused sign-in, kept for [`UNKNOWN_MERCHANT_KEPT`] where the merchant
    /// does not exist.
    async fn record_refusal(
        &self,
        merchant: &MerchantId,
        is_known: bool,
        entry: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// All that a sign-in needs of the table of people.
pub trait SignInStore: PeopleStore + AuditTrail + SignIns {}

impl<S: PeopleStore + AuditTrail + SignIns> SignInStore for S {}

/// The part of the table of people that is needed by functions that let people in.
pub trait ActingPeople: PeopleReader + AuditTrail {}

impl<S: PeopleReader + AuditTrail> ActingPeople for S {}
