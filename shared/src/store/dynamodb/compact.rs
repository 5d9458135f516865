//! How an order is written down in few bytes. DynamoDB counts an attribute's name as well as its value, and a write costs a
//! unit for each KiB: with names and ids as the code has them, a payment would take two units for each write instead of one.
//!
//! Nothing is lost or guessed: what is not in the form that is expected stays as it is, and reading looks at what is there.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use super::Item;

/// How a text is stored in fewer bytes than it has characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain,
    /// A UUID as its 16 bytes instead of 36 characters.
    Id,
    /// A digest in base64 as its 32 bytes instead of 43 characters.
    Digest,
    /// A moment as the number of nanoseconds since 1970, 11 bytes at most instead of 30.
    Moment,
}

/// An attribute's name in the code, its name in the table, and its form; in the order of the former, to be found quickly. No
/// name has two meanings. The names of keys and indexes, of `version`, and of what only few orders have stay as they are.
const NAMES: &[(&str, &str, Form)] = &[
    ("amount", "a", Form::Plain),
    ("answer", "an", Form::Plain),
    ("at", "w", Form::Moment),
    ("attempt_id", "ai", Form::Id),
    ("attempted_at", "aa", Form::Moment),
    ("attempts", "n", Form::Plain),
    ("attempts_count_from", "ac", Form::Moment),
    ("authcode", "au", Form::Plain),
    ("authorization_expires_at", "ax", Form::Moment),
    ("base_url", "bu", Form::Plain),
    ("brand", "br", Form::Plain),
    ("by", "b", Form::Plain),
    ("capture", "cp", Form::Plain),
    ("card", "cd", Form::Plain),
    ("created_at", "c", Form::Moment),
    ("currency", "cy", Form::Plain),
    ("expiry", "ex", Form::Plain),
    ("fingerprint", "f", Form::Digest),
    ("follows", "fo", Form::Id),
    ("gateway_order_id", "g", Form::Plain),
    ("id", "i", Form::Id),
    ("key", "k", Form::Digest),
    ("kind", "kd", Form::Plain),
    ("last_four", "l4", Form::Plain),
    ("memo", "me", Form::Plain),
    ("merchid", "mi", Form::Plain),
    ("method", "m", Form::Plain),
    ("next_inquiry_at", "nx", Form::Moment),
    ("operations", "o", Form::Plain),
    ("reference", "rf", Form::Plain),
    ("respcode", "rc", Form::Plain),
    ("respproc", "rp", Form::Plain),
    ("respstat", "rs", Form::Plain),
    ("resptext", "rt", Form::Plain),
    ("retref", "rr", Form::Plain),
    ("route", "r", Form::Plain),
    ("state", "s", Form::Plain),
    ("token", "tk", Form::Plain),
    ("total", "tl", Form::Plain),
    ("transactions", "t", Form::Plain),
    ("updated_at", "u", Form::Moment),
];

/// Every attribute's name in the code that has another one in the table, and that one.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.iter().map(|(name, short, _)| (*name, *short))
}

/// The attributes as they are stored.
pub(super) fn compact(item: Item) -> Item {
    let short = |name: String| match NAMES.binary_search_by_key(&name.as_str(), |(known, ..)| known) {
        Ok(at) => (NAMES[at].1.to_owned(), NAMES[at].2),
        Err(_) => (name, Form::Plain),
    };
    each(item, &short, &shrink)
}

/// The attributes as the code names them.
pub fn expand(item: Item) -> Item {
    let long = |name: String| match NAMES.iter().find(|(_, short, _)| *short == name) {
        Some((known, _, form)) => ((*known).to_owned(), *form),
        None => (name, Form::Plain),
    };
    each(item, &long, &grow)
}

type Rename<'a> = &'a dyn Fn(String) -> (String, Form);
type Reshape<'a> = &'a dyn Fn(AttributeValue, Form) -> AttributeValue;

fn each(item: Item, rename: Rename<'_>, reshape: Reshape<'_>) -> Item {
    let members = item.into_iter().map(|(name, value)| {
        let (name, form) = rename(name);
        (name, inside(value, form, rename, reshape))
    });
    members.collect()
}

fn inside(value: AttributeValue, form: Form, rename: Rename<'_>, reshape: Reshape<'_>) -> AttributeValue {
    match value {
        AttributeValue::M(members) => AttributeValue::M(each(members, rename, reshape)),
        AttributeValue::L(list) => {
            let list = list.into_iter().map(|value| inside(value, Form::Plain, rename, reshape));
            AttributeValue::L(list.collect())
        }
        value => reshape(value, form),
    }
}

fn shrink(value: AttributeValue, form: Form) -> AttributeValue {
    let AttributeValue::S(text) = &value else { return value };
    let small = match form {
        Form::Plain => None,
        Form::Id => text.parse().ok().map(|id: Uuid| bytes(id.as_bytes())),
        Form::Digest => URL_SAFE_NO_PAD.decode(text).ok().map(|digest| bytes(&digest)),
        Form::Moment => {
            text.parse().ok().map(|at: Timestamp| AttributeValue::N(at.as_nanosecond().to_string()))
        }
    };
    // The same thing can be written in several ways; only the one that reads back as it was is shortened.
    small.filter(|small| grow(small.clone(), form) == value).unwrap_or(value)
}

fn grow(value: AttributeValue, form: Form) -> AttributeValue {
    let text = match (form, &value) {
        (Form::Id, AttributeValue::B(blob)) => Uuid::from_slice(blob.as_ref()).ok().map(|id| id.to_string()),
        (Form::Digest, AttributeValue::B(blob)) => Some(URL_SAFE_NO_PAD.encode(blob)),
        (Form::Moment, AttributeValue::N(number)) => {
            number.parse().ok().and_then(|at| Timestamp::from_nanosecond(at).ok()).map(|at| at.to_string())
        }
        _ => None,
    };
    text.map_or(value, AttributeValue::S)
}

fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_two_attributes_share_a_name_in_the_table_and_none_takes_anothers() {
        assert!(NAMES.is_sorted_by_key(|(name, ..)| name), "names are looked for by their order");
        let mut seen = HashSet::new();
        for (name, short) in names() {
            assert!(seen.insert(name) && seen.insert(short), "{name} or {short} stands there twice");
        }
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    #[test]
    fn an_id_a_digest_and_a_moment_are_bytes_and_numbers_in_the_table() {
        let item = Item::from([
            ("id".to_owned(), text("7a000000-0000-4000-8000-000000000d02")),
            ("key".to_owned(), text("PaxKg2k5VEDcdyXi-FH-MuMxgAce6bTmI_nKRvoVr4Y")),
            ("created_at".to_owned(), text("2026-11-20T14:23:15.890941125Z")),
        ]);
        let stored = compact(item.clone());
        assert!(matches!(&stored["i"], AttributeValue::B(id) if id.as_ref().len() == 16));
        assert!(matches!(&stored["k"], AttributeValue::B(key) if key.as_ref().len() == 32));
        assert_eq!(stored["c"], AttributeValue::N("1795184595890941125".to_owned()));
        assert_eq!(expand(stored), item);
    }

    /// Values of all kinds, under names that are known and names that are not, in lists and maps.
    fn items() -> impl Strategy<Value = Item> {
        let name = prop_oneof![
            proptest::sample::select(NAMES).prop_map(|(name, ..)| name.to_owned()),
            "x[a-z]{3,8}".prop_map(String::from),
        ];
        let texts = prop_oneof![
            any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string()),
            any::<u128>().prop_map(|id| Uuid::from_u128(id).simple().to_string()),
            any::<[u8; 32]>().prop_map(|digest| URL_SAFE_NO_PAD.encode(digest)),
            any::<i64>().prop_map(|ns| Timestamp::from_nanosecond(ns.into()).unwrap().to_string()),
            Just("2026-11-20T14:23:15.890000000Z".to_owned()),
            "\\PC{0,12}",
        ];
        let leaf = prop_oneof![
            texts.prop_map(AttributeValue::S),
            any::<i32>().prop_map(|number| AttributeValue::N(number.to_string())),
            any::<bool>().prop_map(AttributeValue::Bool),
            Just(AttributeValue::Null(true)),
        ];
        let names = name.clone();
        let value = leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
                proptest::collection::hash_map(names.clone(), inner, 0..4).prop_map(AttributeValue::M),
            ]
        });
        proptest::collection::hash_map(name, value, 0..6)
    }

    proptest! {
        /// Numbers stand for moments only under the names of moments, where the code has no numbers.
        #[test]
        fn whatever_is_stored_reads_back_as_it_was(item in items()) {
            fn is_moment_as_number(name: &str, value: &AttributeValue) -> bool {
                let form = NAMES.iter().find(|(known, ..)| *known == name).map(|(_, _, form)| *form);
                match value {
                    AttributeValue::N(_) => form == Some(Form::Moment),
                    AttributeValue::M(members) => members.iter().any(|(name, value)| is_moment_as_number(name, value)),
                    AttributeValue::L(list) => list.iter().any(|value| is_moment_as_number("", value)),
                    _ => false,
                }
            }
            prop_assume!(!item.iter().any(|(name, value)| is_moment_as_number(name, value)));
            prop_assert_eq!(expand(compact(item.clone())), item);
        }
    }
}
