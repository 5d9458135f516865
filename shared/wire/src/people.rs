//! A merchant's people, their rights, and the changes of both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_core::payments::Role;
use uuid::Uuid;

use crate::{
    constant::{PersonChangeType, PersonType, Removed, Unlimited},
    values::{Minor, Seconds, Word},
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Person {
    #[serde(rename = "type")]
    pub kind: PersonType,
    /// Drawn anew whenever somebody is added
    pub id: Uuid,
    /// The name on record
    pub name: String,
    pub role: Word<Role>,
    pub refund_max: RefundMax,
    pub issuer: String,
    /// The issuer's id of the person; null before the first sign-in by an address
    pub subject: Option<String>,
    /// The address of the first sign-in
    pub email: Option<String>,
    pub last_sign_in: Option<Seconds>,
}

/// The most of the refunds of one order, in minor units by currency: nothing may be refunded in a
/// currency that is not listed. Or no limit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RefundMax {
    Unlimited(Unlimited),
    By(
        #[cfg_attr(
            feature = "schema",
            schemars(extend("maxProperties" = 16, "propertyNames" = {"pattern": "^[A-Z]{3}$"}))
        )]
        BTreeMap<String, Minor>,
    ),
}

/// A person's rights.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Grant {
    pub role: Word<Role>,
    pub refund_max: RefundMax,
}

/// All people of the merchant.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PeopleList {
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub data: Vec<Person>,
    pub meta: PeopleListMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct PeopleListMeta {
    /// Stored items that cannot be read
    pub unreadable: u32,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct RemovedPerson {
    #[serde(rename = "type")]
    pub kind: PersonType,
    pub id: Uuid,
    pub name: String,
    pub status: Removed,
}

/// A change of a person's rights. `before` is null if the person was added, `after` if the person
/// was removed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PersonChange {
    #[serde(rename = "type")]
    pub kind: PersonChangeType,
    pub at: Seconds,
    pub by: String,
    pub person: NamedPerson,
    pub before: Option<Grant>,
    pub after: Option<Grant>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, deny_unknown_fields))]
pub struct NamedPerson {
    pub id: Uuid,
    pub name: String,
}
