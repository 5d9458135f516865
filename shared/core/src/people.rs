//! People who act for a merchant under their own name: who they are at their company's sign-in, the
//! grant of each, and who gave whom which role when.
//!
//! They are apart from the merchant's document, because the person who manages people must not read
//! the gateway's passwords.

mod audit;
mod editing;
mod grant;
mod identity;
mod name;
mod person_entry;
mod register;
mod sign_in;
mod store;

pub use crate::values::{REFUND_LIMITS_MAX, RefundMax};
pub use audit::{AuditEntry, AuditFilter, AuditKind, AuditPage, Audited, AuditedPerson, SignInRefusal};
pub use editing::{NotChanged, PeopleEditor};
pub use grant::Grant;
pub use identity::{EMAIL_MAX_BYTES, Email, Identity, InvalidEmail, Recognition, SUBJECT_MAX_BYTES, Subject};
pub use person_entry::PersonEntry;
pub use register::{
    ChangedBy, NewPerson, PEOPLE_MAX, PERSON_NAME_MAX_BYTES, People, PeopleChange, PeopleRefusal, SignedIn,
};
pub use sign_in::{Recognized, SignInAttempt, recognize};
pub use store::{
    ActingPeople, AuditTrail, ChangePage, PeopleReader, PeopleStore, REFUSALS_PER_DAY, SignInStore, SignIns,
    UNKNOWN_MERCHANT_KEPT,
};
