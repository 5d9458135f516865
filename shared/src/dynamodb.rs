//! The tables in DynamoDB, one folder for each subject, and their common parts. The only folder
//! that knows DynamoDB.

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
use tollgate_core::payments::{StoreError, Unreadable};

pub use self::size::item_size;

/// An item's attributes as they are stored.
pub type Item = HashMap<String, AttributeValue>;

/// An item's key, by which it is named where it cannot be read.
fn key_of(item: &Item, keys: &[&str]) -> String {
    let parts = keys.iter().map(|name| text(item, name).map_or("?", String::as_str));
    parts.collect::<Vec<_>>().join(" ")
}

/// The content of an item, or the one bad row that it is: counted, and in the log by its key. Every
/// table's items are read with this function.
fn readable<T>(
    item: Item,
    keys: &[&str],
    read: impl FnOnce(Item) -> Result<T, StoreError>,
) -> Result<T, Unreadable> {
    let key = key_of(&item, keys);
    read(item).map_err(|error| {
        let reason = if let StoreError::Corrupt(reason) = error { reason } else { error.to_string() };
        let bad = Unreadable { key, reason };
        bad.note();
        bad
    })
}

/// The same of an item that is needed by itself.
fn needed<T>(
    item: Item,
    keys: &[&str],
    read: impl FnOnce(Item) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    readable(item, keys, read).map_err(|bad| StoreError::Corrupt(format!("{}: {}", bad.key, bad.reason)))
}

/// The content of items, and the bad rows among them.
fn apart<T>(
    items: impl IntoIterator<Item = Item>,
    keys: &[&str],
    read: impl Fn(Item) -> Result<T, StoreError>,
) -> (Vec<T>, Vec<Unreadable>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in items {
        match readable(item, keys, &read) {
            Ok(read) => good.push(read),
            Err(unreadable) => bad.push(unreadable),
        }
    }
    (good, bad)
}

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
