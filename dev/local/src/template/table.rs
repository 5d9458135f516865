//! A table in the template: its key, its indexes and its stream.

use serde::Deserialize;

/// A table as `AWS::DynamoDB::Table` declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// The table's own key.
    pub key_schema: Vec<Key>,
    /// The types of all attributes that are in a key.
    pub attribute_definitions: Vec<Attribute>,
    /// Global secondary indexes; none if the template lists none.
    #[serde(default)]
    pub global_secondary_indexes: Vec<Index>,
    /// Its stream, if it has one.
    pub stream_specification: Option<StreamSpecification>,
}

/// The contents of a table's stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamSpecification {
    /// The images of a change that it holds.
    pub stream_view_type: String,
}

/// One attribute of a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    /// The name of an attribute that is defined in the table.
    pub attribute_name: String,
    /// `HASH` for the partition key, `RANGE` for the sort key.
    pub key_type: String,
}

/// The type of one attribute that is in a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// The name that keys use.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A global secondary index.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    /// The name by which queries choose the index.
    pub index_name: String,
    /// Its partition key, and its sort key if it has one.
    pub key_schema: Vec<Key>,
    /// The other attributes that it holds.
    pub projection: Projection,
}

/// The attributes that an index holds besides the keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Projection {
    /// `ALL` attributes, `KEYS_ONLY`, or `INCLUDE` some.
    pub projection_type: String,
    /// The attributes that it includes besides the keys.
    #[serde(default)]
    pub non_key_attributes: Vec<String>,
}
