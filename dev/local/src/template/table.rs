//! A table in the template: its key, its indexes and its stream.

use serde::Deserialize;

/// A table as `AWS::DynamoDB::Table` declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// The table's own key.
    pub key_schema: Vec<Key>,
    /// The types of all attributes that stand in a key.
    pub attribute_definitions: Vec<Attribute>,
    /// The indexes.
    #[serde(default)]
    pub global_secondary_indexes: Vec<Index>,
    /// Its stream, if it has one.
    pub stream_specification: Option<StreamSpecification>,
}

/// A table's stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamSpecification {
    /// What it holds of a change.
    pub stream_view_type: String,
}

/// One attribute of a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    /// The attribute.
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// An attribute's type.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// The attribute.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A global secondary index.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    /// The index.
    pub index_name: String,
    /// Its key.
    pub key_schema: Vec<Key>,
    /// What else it holds.
    pub projection: Projection,
}

/// What an index holds besides the keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Projection {
    /// `ALL` or `KEYS_ONLY`.
    pub projection_type: String,
}
