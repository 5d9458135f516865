//! The audit trail.

use serde::{Deserialize, Serialize};
use tollgate_core::{
    people::{AuditKind, SignInRefusal},
    words,
};
use uuid::Uuid;

use crate::{
    constant::AuditEntryType,
    list::PageMeta,
    people::PersonChange,
    values::{OrNull, Seconds, Word},
};

/// One thing that a person did, or tried.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditEntry {
    #[serde(rename = "type")]
    pub entry_type: AuditEntryType,
    pub id: Uuid,
    pub at: Seconds,
    pub kind: Word<AuditKind>,
    pub who: AuditedPerson,
    pub request_id: String,
    /// The program of a sign-in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Why a sign-in was refused
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Word<SignInRefusal>>,
    /// Method and path of the request
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<AuditedDownload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<PersonChange>,
}

words! {
    /// Who an entry is about.
    pub enum AuditedPersonType {
        /// One of the merchant's people, with id and name.
        Person => "person",
        /// The operator of this service, with a name.
        Operator => "operator",
        /// Somebody who is none of the merchant's people, as the issuer names them.
        Stranger => "stranger",
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct AuditedPerson {
    #[serde(rename = "type")]
    pub kind: Word<AuditedPersonType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "OrNull::is_absent")]
    pub email: OrNull<String>,
}

impl AuditedPerson {
    /// A person of whom no more is known.
    pub fn of(kind: AuditedPersonType) -> Self {
        Self { kind: kind.into(), id: None, name: None, issuer: None, subject: None, email: OrNull::Absent }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct AuditedDownload {
    pub list: String,
    pub filter: String,
    pub rows: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct AuditPageMeta {
    pub page: PageMeta,
    pub time_zone: String,
    /// Stored items that cannot be read
    pub unreadable: usize,
}
