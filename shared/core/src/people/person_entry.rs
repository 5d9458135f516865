//! A person's entry.

use uuid::Uuid;

use super::{Grant, Recognition};
use crate::order::Person;

/// One person of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEntry {
    /// Drawn when the person is added, and never again: a token issued to a removed person opens
    /// nothing for the same person who is added once more.
    pub id: Uuid,
    /// The name on record, which no other person of the merchant has.
    pub name: Person,
    /// How the person is recognized.
    pub recognition: Recognition,
    pub grant: Grant,
}
