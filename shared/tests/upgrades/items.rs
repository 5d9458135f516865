//! Items as each release wrote them, in DynamoDB's JSON. A release adds its own file before it is made; none is ever
//! changed.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tollgate::dynamodb::Item;

const RELEASES: [(&str, &str); 5] = [
    ("form_0_long_names", include_str!("items/form_0_long_names.json")),
    ("form_0", include_str!("items/form_0.json")),
    ("form_1", include_str!("items/form_1.json")),
    ("form_1_of_0_4", include_str!("items/form_1_of_0_4.json")),
    ("form_2", include_str!("items/form_2.json")),
];

/// Customers with their stored cards, as the first release that has them writes them.
const CUSTOMERS: &str = include_str!("items/customers.json");

/// The items of one release.
pub(crate) fn of(release: &str) -> Vec<Item> {
    let (_, text) = RELEASES.iter().find(|(name, _)| *name == release).unwrap();
    parsed(text)
}

pub(crate) fn customers() -> Vec<Item> {
    parsed(CUSTOMERS)
}

fn parsed(text: &str) -> Vec<Item> {
    text.lines().map(|line| object(&serde_json::from_str(line).unwrap())).collect()
}

/// All of them, each with a name for messages.
pub(crate) fn all() -> impl Iterator<Item = (String, Item)> {
    let items = |(name, _)| {
        of(name).into_iter().enumerate().map(move |(n, item)| (format!("{name}, line {}", n + 1), item))
    };
    RELEASES.into_iter().flat_map(items)
}

fn object(members: &Value) -> Item {
    members.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(text()).unwrap())),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(object(value)),
        other => panic!("{other}"),
    }
}
