//! Rows of lists. A row that cannot be read says so in its place: the others are shown.

use std::any::type_name;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use tollgate_wire::{self as wire, Page, UnreadableRelationships, constant::UnreadableType};

use crate::api::report_unreadable;

/// A page of a list.
pub(crate) type Rows<T, M> = Page<Row<T>, M>;

/// A row of a list.
#[derive(Clone, Debug)]
pub(crate) enum Row<T> {
    Read(Box<T>),
    /// The API, or this version of the console, cannot read it.
    Unreadable(Unreadable),
}

/// The facts about a row that cannot be read, as far as they are known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Unreadable {
    #[serde(rename = "type")]
    kind: String,
    /// The key of the stored item, or the id of the row.
    pub(crate) id: String,
    relationships: Option<UnreadableRelationships>,
}

impl Unreadable {
    /// The order that a payment belongs to; empty if it is not known.
    pub(crate) fn order(&self) -> &str {
        let order = self.relationships.as_ref().and_then(|all| all.order.as_ref());
        order.map_or("", |order| &order.data.id)
    }
}

impl<T> Row<T> {
    pub(crate) fn read(&self) -> Option<&T> {
        match self {
            Self::Read(row) => Some(row),
            Self::Unreadable(_) => None,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        let known: Unreadable = wire::read(row.clone()).unwrap_or_default();
        // The stand-in of a row that the API cannot read has a `type` of its own.
        let read = wire::read::<T>(row).map(|row| Self::Read(Box::new(row)));
        Ok(read.unwrap_or_else(|_| {
            if known.kind != UnreadableType::VALUE {
                report_unreadable(type_name::<T>());
            }
            Self::Unreadable(known)
        }))
    }
}
