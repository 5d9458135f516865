//! Proposals: a refund or void above a person's limit, written down for another person.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The content of a proposal, which a refusal carries signed, and people see before they submit it.
/// `B` is the part of the refused request that a reader needs.
#[derive(Deserialize, Serialize)]
pub struct Proposal<B = Box<RawValue>> {
    pub id: Uuid,
    /// `refund` or `cancel`.
    pub what: String,
    pub order: String,
    pub transaction: Uuid,
    /// The body of the request that was refused: amount, reason and all other members.
    pub body: B,
    /// The id of the person who proposes it.
    pub by: Uuid,
    /// The person's name.
    pub name: String,
    /// Until when it can be submitted, in seconds since 1970.
    pub until: i64,
}
