//! How the release before form 1 shortened names and values.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use tollgate::dynamodb::Item;
use uuid::Uuid;

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

/// The attributes as they are stored.
pub(crate) fn compact(item: Item) -> Item {
    let short = |name: String| match NAMES.binary_search_by_key(&name.as_str(), |(known, ..)| known) {
        Ok(at) => (NAMES[at].1.to_owned(), NAMES[at].2),
        Err(_) => (name, Form::Plain),
    };
    each(item, &short, &shrink)
}

/// The attributes as the code names them.
pub(crate) fn expand(item: Item) -> Item {
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
