//! Lists, page by page.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    constant::{OrderType, UnreadableType},
    read::read,
    values::Milliseconds,
};

/// A page of a list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Page<T, M> {
    pub data: Vec<T>,
    pub links: Links,
    pub meta: M,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Links {
    /// The next page, as a reference relative to the request; null on the last one
    pub next: Option<String>,
}

/// The place of a page in its list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PageMeta {
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub limit: usize,
    /// For `page[cursor]` of the next page; null on the last one
    pub cursor: Option<String>,
}

/// A row, or the stored item in its place that cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
pub enum Readable<T, U = UnreadableItem> {
    Unreadable(U),
    Read(T),
}

impl<'de, T: DeserializeOwned, U: DeserializeOwned> Deserialize<'de> for Readable<T, U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        match read(row.clone()) {
            Ok(unreadable) => Ok(Self::Unreadable(unreadable)),
            Err(_) => read(row).map(Self::Read).map_err(D::Error::custom),
        }
    }
}

impl<T, U> From<T> for Readable<T, U> {
    fn from(row: T) -> Self {
        Self::Read(row)
    }
}

/// A stored item that cannot be read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct UnreadableItem {
    #[serde(rename = "type")]
    pub kind: UnreadableType,
    /// The key of the stored item
    pub id: String,
}

/// In the place of a transaction whose order, or whose entry in the journal, cannot be read.
/// Conditions are not checked on it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnreadableRow {
    #[serde(rename = "type")]
    pub kind: UnreadableType,
    /// The key of the item that cannot be read. Tell it to the operator
    pub id: String,
    pub relationships: UnreadableRelationships,
    pub meta: UnreadableRowMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnreadableRelationships {
    /// The order, if it is known
    pub order: Option<Related<OrderType>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct UnreadableRowMeta {
    /// Where it would be listed, if that is known
    pub listed_at: Option<Milliseconds>,
    /// The transaction, if it is known
    pub transaction_id: Option<Uuid>,
}

/// A resource that another one is about.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Related<T, I = String> {
    pub data: Identifier<T, I>,
}

impl<T: Default, I> Related<T, I> {
    pub fn new(id: I) -> Self {
        Self { data: Identifier { kind: T::default(), id } }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Identifier<T, I = String> {
    #[serde(rename = "type")]
    pub kind: T,
    pub id: I,
}
