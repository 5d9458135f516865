//! A version to come, beside today's over one table: it knows a member and words that today's does
//! not.
//!
//! It runs the same code, and its items are translated on the way: a member is added to every
//! object, and some words become new ones. Today's version reads and writes the same items as they
//! are.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::dynamodb::Item;

/// A member that only the version to come knows.
const MEMBER: &str = "to_come";

/// The member that has a word, today's word, and the one that the version to come writes in some
/// operations.
const WORDS: [(&str, &str, &str); 4] = [
    ("s", "a", "approved_by_a_new_rule"),
    ("s", "n", "set_aside"),
    ("no_effect", "try_again", "busy"),
    ("doubt", "no_response", "silence"),
];

/// Which version a process is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Today,
    ToCome,
}

impl Version {
    /// The item as it is written into the table.
    pub(crate) fn writes(self, item: Item) -> Item {
        match self {
            Self::Today => item,
            Self::ToCome => objects(item, &|object| {
                object.insert(MEMBER.to_owned(), AttributeValue::Bool(true));
                if is_in_new_words(object) {
                    replace(object, |(name, today, to_come)| (name, today, to_come));
                }
            }),
        }
    }

    /// The item as it is read there.
    pub(crate) fn reads(self, item: Item) -> Item {
        match self {
            Self::Today => item,
            Self::ToCome => objects(item, &|object| {
                object.remove(MEMBER);
                replace(object, |(name, today, to_come)| (name, to_come, today));
            }),
        }
    }
}

/// Whether today's version lost in a write a member of an object that is still there.
pub(crate) fn lost(before: &Item, after: &Item) -> bool {
    fn marked(item: &Item) -> HashMap<Vec<u8>, bool> {
        let mut found = HashMap::new();
        each(item, &mut |object| {
            let id = match object.get("i") {
                Some(AttributeValue::B(id)) => id.as_ref().to_vec(),
                // A transaction whose id is its order's does not state it.
                None if object.contains_key("o") => Vec::new(),
                _ => return,
            };
            found.insert(id, object.contains_key(MEMBER));
        });
        found
    }
    let after_by_id = marked(after);
    (before.contains_key(MEMBER) && !after.contains_key(MEMBER))
        || marked(before).into_iter().any(|(id, was)| was && after_by_id.get(&id) != Some(&true))
}

/// Whether an item says something that today's version has no words for.
pub(crate) fn is_beyond_today(item: &Item) -> bool {
    let mut found = false;
    each(item, &mut |object| {
        found |= WORDS.iter().any(|(name, _, to_come)| text(object, name) == Some(to_come));
    });
    found
}

/// Some operations are written in new words and others not, always the same ones.
fn is_in_new_words(object: &Item) -> bool {
    matches!(object.get("i"), Some(AttributeValue::B(id)) if id.as_ref().first().is_some_and(|byte| byte % 3 == 0))
}

fn replace(
    object: &mut Item,
    pair: impl Fn((&'static str, &'static str, &'static str)) -> (&'static str, &'static str, &'static str),
) {
    for (name, from, to) in WORDS.map(pair) {
        if text(object, name) == Some(from) {
            object.insert(name.to_owned(), AttributeValue::S(to.to_owned()));
        }
    }
}

fn text<'a>(object: &'a Item, name: &str) -> Option<&'a str> {
    object.get(name)?.as_s().ok().map(String::as_str)
}

/// Changes the order, its transactions and their operations.
fn objects(mut item: Item, change: &dyn Fn(&mut Item)) -> Item {
    for list in ["t", "o"] {
        if let Some(AttributeValue::L(inside)) = item.get_mut(list) {
            for value in inside {
                if let AttributeValue::M(object) = value {
                    *object = objects(std::mem::take(object), change);
                }
            }
        }
    }
    change(&mut item);
    item
}

/// Looks at the same.
fn each(item: &Item, look: &mut dyn FnMut(&Item)) {
    look(item);
    for list in ["t", "o"] {
        if let Some(AttributeValue::L(inside)) = item.get(list) {
            for object in inside.iter().filter_map(|value| value.as_m().ok()) {
                each(object, look);
            }
        }
    }
}
