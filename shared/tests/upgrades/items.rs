//! Items in DynamoDB's JSON, as each form has them. From 1.0.0 on a release that writes another
//! form adds a file, and none is changed any more.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tollgate::dynamodb::Item;

const FORMS: [(&str, &str); 1] = [("form_1", include_str!("items/form_1.json"))];

/// Customers with their stored cards.
const CUSTOMERS: &str = include_str!("items/customers.json");

/// The items of one form.
pub(crate) fn of(form: &str) -> Vec<Item> {
    let (_, text) = FORMS.iter().find(|(name, _)| *name == form).unwrap();
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
    FORMS.into_iter().flat_map(items)
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
