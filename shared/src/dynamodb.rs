//! The tables in DynamoDB, one folder for each subject, and what they share. The only folder that knows DynamoDB.

mod card;
pub mod customers;
pub mod deliveries;
pub mod journal;
mod json;
mod members;
pub mod orders;
pub mod people;
mod route;
pub mod settlement;
mod size;
pub mod stream;
mod table;
mod words;

use std::{collections::HashMap, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;

pub use self::size::item_size;

/// An item's attributes as they are stored.
pub type Item = HashMap<String, AttributeValue>;

/// An item of these texts.
fn texts<const N: usize>(members: [(&str, &str); N]) -> Item {
    members.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).into()
}

fn text_of(value: &impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number_of(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A text of an item, if it is one.
fn text<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name)?.as_s().ok()
}

/// A number of an item, if it is one.
fn number<T: FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
