//! Reads and writes the members of one stored object. Reading takes each member out, so that the
//! rest at the end is unknown to this version.

use std::{borrow::Cow, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::{Timestamp, civil::Date};
use serde_json::json;
use tollgate_core::{
    order::{Fingerprint, KeyDigest, LineId, Person, Shopper},
    payments::{Role, StoreError},
    people::{AuditKind, Email, SignInRefusal},
    values::{Amount, Carried, Currency, Expiry, Metadata, SignedAmount},
};
use uuid::Uuid;

use super::{
    Item,
    json::{attribute, to_json},
    number_of, text_of,
};

pub(super) type Read<T> = Result<T, StoreError>;

/// A value that is stored as a member of an object.
pub(super) trait Member: Sized + PartialEq {
    /// The meaning of an absent member; none where it has to be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Takes the member out of an object; none where it is absent.
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>>;

    /// Adds the member to an object, unless its absence says the same.
    fn add(&self, name: &str, to: &mut Writer);
}

/// An object whose members depend on its context: values usual there need not be stored.
pub(super) trait Object<C = ()>: Sized {
    /// Takes its members out.
    fn read(around: &C, from: &mut Reader) -> Read<Self>;

    fn write(&self, around: &C, to: &mut Writer);
}

/// Declares the members of a stored object: how it is read and how it is written, from one list of
/// its fields.
///
/// | field | meaning |
/// |---|---|
/// | `field: "name"` | a member under this name |
/// | `field: "name" unless (value)` | the same, and left out where it has this value |
/// | `field: (write, read)` | any members: a statement that writes them, and the value to read |
/// | `..carried` | keeps members unknown to this version; else the enclosing object does |
///
/// `|object, to, from, around: Around|` names the object that is written, the writer, the reader
/// and the context of the object. The value to read can use the fields above it.
macro_rules! stored {
    ($object:ty { $($fields:tt)* }) => {
        stored! { $object |object, to, from| { $($fields)* } }
    };
    ($object:ty |$this:ident, $to:ident, $from:ident| { $($fields:tt)* }) => {
        stored! { $object |$this, $to, $from, _around: ()| { $($fields)* } }

        impl $crate::dynamodb::members::Member for $object {
            fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
                from.part(name, |from| Object::read(&(), from))
            }

            fn add(&self, name: &str, to: &mut Writer) {
                to.object(name, |to| Object::write(self, &(), to));
            }
        }
    };
    ($object:ty |$this:ident, $to:ident, $from:ident, $around:ident: $Around:ty| {
        $($field:ident: $($name:literal $(unless ($usual:expr))?)? $(($write:expr, $read:expr))?,)+
        $(..$carried:ident)?
    }) => {
        impl Object<$Around> for $object {
            fn read($around: &$Around, $from: &mut Reader) -> Read<Self> {
                $(let $field = $($from.get_or($name, stored!(@usual $($usual)?))?)? $($read)?;)+
                Ok(Self { $($field,)+ $($carried: $from.rest())? })
            }

            fn write(&self, $around: &$Around, $to: &mut Writer) {
                let ($this, _) = (self, $around);
                $($($to.put_unless($name, &$this.$field, stored!(@usual $($usual)?));)? $($write;)?)+
                $($to.carry(&$this.$carried);)?
            }
        }
    };
    (@usual) => { None };
    (@usual $usual:expr) => { $usual.into() };
}
pub(super) use stored;

/// The members of an object that are not read yet.
pub(super) struct Reader {
    left: Item,
    /// Words that were not recognized.
    carried: Carried,
}

impl Reader {
    pub(super) fn new(left: Item) -> Self {
        Self { left, carried: Carried::default() }
    }

    /// Leaves out known members without a meaning here.
    pub(super) fn skip(&mut self, names: &[&str]) {
        for name in names {
            self.left.remove(*name);
        }
    }

    /// Whether a member is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// A member that has to be there, unless its absence has a meaning.
    pub(super) fn get<T: Member>(&mut self, name: &str) -> Read<T> {
        self.get_or(name, None)
    }

    /// A member that is left out where it is as usual.
    pub(super) fn get_or<T: Member>(&mut self, name: &str, usual: Option<T>) -> Read<T> {
        T::take(name, self)?.or(usual).or_else(T::absent).ok_or_else(|| corrupt(name))
    }

    fn value<T>(&mut self, name: &str, read: impl FnOnce(AttributeValue) -> Option<T>) -> Read<Option<T>> {
        match self.left.remove(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| corrupt(name)),
        }
    }

    /// A member whose unrecognized words are kept by something that lives longer, or shorter, than
    /// this object.
    pub(super) fn apart<T: Member>(&mut self, name: &str) -> Read<(T, Carried)> {
        let own = std::mem::take(&mut self.carried);
        let value = self.get(name)?;
        Ok((value, std::mem::replace(&mut self.carried, own)))
    }

    /// A word of a closed vocabulary. One that this version does not know is kept, and read as
    /// `unknown`.
    pub(super) fn word<T>(
        &mut self,
        name: &str,
        unknown: Option<T>,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Read<Option<T>> {
        let Some(word) = String::take(name, self)? else { return Ok(None) };
        Ok(known(&word).or_else(|| {
            self.carried.keep_member(name.to_owned(), json!({ "S": word }));
            unknown
        }))
    }

    /// The objects of a list, in their order.
    pub(super) fn list<T>(&mut self, name: &str, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let list =
            self.value(name, |value| if let AttributeValue::L(list) = value { Some(list) } else { None })?;
        let objects = list.unwrap_or_default().into_iter().map(|value| {
            let members = object(value).ok_or_else(|| corrupt(name))?;
            read(&mut Self::new(members))
        });
        objects.collect()
    }

    /// An object. This one keeps that object's unknown members, unless it does so itself.
    pub(super) fn part<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        let Some(members) = self.value(name, object)? else { return Ok(None) };
        let mut part = Self::new(members);
        let value = read(&mut part)?;
        self.carried.keep_part(name, part.rest());
        Ok(Some(value))
    }

    /// Hands over the unknown members.
    pub(super) fn rest(&mut self) -> Carried {
        let mut carried = std::mem::take(&mut self.carried);
        for (name, value) in self.left.drain() {
            if let Some(value) = to_json(value) {
                carried.keep_member(name, value);
            }
        }
        carried
    }
}

/// A member that has to be there and is not, or cannot be read.
pub(super) fn corrupt(name: &str) -> StoreError {
    StoreError::Corrupt(format!("its member {name} is missing or has another form"))
}

/// Writes the members of an object.
#[derive(Default)]
pub(super) struct Writer(pub(super) Item);

impl Writer {
    pub(super) fn insert(&mut self, name: &str, value: AttributeValue) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn text(&mut self, name: &str, text: impl Into<String>) {
        self.insert(name, AttributeValue::S(text.into()));
    }

    pub(super) fn put(&mut self, name: &str, value: &impl Member) {
        value.add(name, self);
    }

    /// A member, unless it is as usual.
    pub(super) fn put_unless<T: Member>(&mut self, name: &str, value: &T, usual: Option<T>) {
        if usual.is_none_or(|usual| usual != *value) {
            value.add(name, self);
        }
    }

    pub(super) fn list<'a, T>(
        &mut self,
        name: &str,
        values: &'a [T],
        mut write: impl FnMut(&'a T, &mut Self),
    ) {
        let objects = values.iter().map(|value| {
            let mut members = Self::default();
            write(value, &mut members);
            AttributeValue::M(members.0)
        });
        self.insert(name, AttributeValue::L(objects.collect()));
    }

    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let mut members = Self::default();
        write(&mut members);
        self.insert(name, AttributeValue::M(members.0));
    }

    /// Adds the members that were not known on reading, where nothing else was written.
    pub(super) fn carry(&mut self, carried: &Carried) {
        for (name, value) in carried.members() {
            if let Some(value) = attribute(value.clone()) {
                self.0.entry(name.clone()).or_insert(value);
            }
        }
        for (name, rest) in carried.parts() {
            // Where the part itself is gone, so are its members.
            if let Some(AttributeValue::M(members)) = self.0.get_mut(name) {
                let mut part = Self(std::mem::take(members));
                part.carry(rest);
                *members = part.0;
            }
        }
    }
}

impl<T: Member> Member for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        Ok(T::take(name, from)?.map(Some))
    }

    fn add(&self, name: &str, to: &mut Writer) {
        if let Some(value) = self {
            value.add(name, to);
        }
    }
}

impl<T: Member> Member for Box<T> {
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        Ok(T::take(name, from)?.map(Self::new))
    }

    fn add(&self, name: &str, to: &mut Writer) {
        T::add(self, name, to);
    }
}

/// A list that is left out where it is empty.
impl<T: Object + PartialEq> Member for Vec<T> {
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        from.list(name, |from| T::read(&(), from)).map(Some)
    }

    fn add(&self, name: &str, to: &mut Writer) {
        if !self.is_empty() {
            to.list(name, self, |object, to| object.write(&(), to));
        }
    }
}

/// A text if the gateway states it, and otherwise bytes.
impl Member for LineId {
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        let read = |value: AttributeValue| match value {
            AttributeValue::S(id) => Some(Self::Stated(id)),
            value => Uuid::from_slice(value.as_b().ok()?.as_ref()).ok().map(Self::Made),
        };
        from.value(name, read)
    }

    fn add(&self, name: &str, to: &mut Writer) {
        match self {
            Self::Stated(id) => to.text(name, id),
            Self::Made(id) => to.put(name, id),
        }
    }
}

/// One text, as JSON: its names are the merchant's own, and none of the form's. Left out where
/// there is none.
impl Member for Metadata {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        let read = |value| serde_json::from_str(&string(value)?).ok();
        Ok(from.value(name, read)?.map(Self::from_stored))
    }

    fn add(&self, name: &str, to: &mut Writer) {
        if !self.is_empty() {
            to.text(name, json!(self.members()).to_string());
        }
    }
}

/// Members of one value: how it is made from the stored value, and the stored value.
macro_rules! values {
    ($($value:ty: $read:expr, $write:expr;)+) => {$(
        impl Member for $value {
            fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
                from.value(name, $read)
            }

            fn add(&self, name: &str, to: &mut Writer) {
                to.insert(name, $write(self));
            }
        }
    )+};
}

values! {
    String: string, text_of;
    Cow<'static, str>: |value| string(value).map(Cow::Owned), text_of;
    bool: |value| value.as_bool().ok().copied(), |flag: &bool| AttributeValue::Bool(*flag);
    u32: |value| parsed(&value), number_of;
    u64: |value| parsed(&value), number_of;
    Currency: |value| Currency::parse(value.as_s().ok()?).ok(), |currency: &Currency| text_of(&currency.code());
    Amount: |value| Amount::new(parsed(&value)?).ok(), |amount: &Amount| number_of(&amount.minor());
    SignedAmount:
        |value| SignedAmount::try_from(parsed::<i64>(&value)?).ok(), |amount: &SignedAmount| number_of(&amount.minor());
    // Nanoseconds since 1970.
    Timestamp:
        |value| Timestamp::from_nanosecond(parsed(&value)?).ok(), |at: &Timestamp| number_of(&at.as_nanosecond());
    Date: |value| value.as_s().ok()?.parse().ok(), text_of;
    Expiry: |value| value.as_s().ok()?.parse().ok(), text_of;
    Person: |value| value.as_s().ok()?.parse().ok(), text_of;
    Email: |value| value.as_s().ok()?.parse().ok(), text_of;
    // A word that is not known is corrupt: people's permissions and actions are never guessed.
    Role: |value| Role::from_name(value.as_s().ok()?), |role: &Role| text_of(&role.as_str());
    AuditKind: |value| AuditKind::from_name(value.as_s().ok()?), |kind: &AuditKind| text_of(&kind.as_str());
    SignInRefusal: |value| SignInRefusal::from_name(value.as_s().ok()?), |why: &SignInRefusal| text_of(&why.as_str());
    Uuid: |value| Uuid::from_slice(value.as_b().ok()?.as_ref()).ok(), bytes;
    // One after the other.
    Vec<Uuid>: |value| ids(&value), |ids: &Vec<Uuid>| bytes(ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>());
    Shopper: |value| Uuid::from_slice(value.as_b().ok()?.as_ref()).ok().map(Shopper), |of: &Shopper| bytes(of.0);
    KeyDigest: |value| digest(&value).map(KeyDigest), |digest: &KeyDigest| bytes(digest.0);
    Fingerprint: |value| digest(&value).map(Fingerprint), |digest: &Fingerprint| bytes(digest.0);
}

fn object(value: AttributeValue) -> Option<Item> {
    if let AttributeValue::M(members) = value { Some(members) } else { None }
}

fn string(text: AttributeValue) -> Option<String> {
    if let AttributeValue::S(text) = text { Some(text) } else { None }
}

fn parsed<T: FromStr>(number: &AttributeValue) -> Option<T> {
    number.as_n().ok()?.parse().ok()
}

fn digest(value: &AttributeValue) -> Option<[u8; 16]> {
    value.as_b().ok()?.as_ref().try_into().ok()
}

fn ids(value: &AttributeValue) -> Option<Vec<Uuid>> {
    let ids = value.as_b().ok()?.as_ref().chunks(16);
    ids.map(|id| Uuid::from_slice(id).ok()).collect()
}

fn bytes(bytes: impl AsRef<[u8]>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stored_one_after_the_other_and_what_ends_within_one_is_corrupt() {
        let ids = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
        let mut writer = Writer::default();
        writer.put("ids", &ids);
        let all: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        assert_eq!(writer.0["ids"], bytes(&all));
        let read = |value| Reader::new(Item::from([("ids".to_owned(), value)])).get::<Vec<Uuid>>("ids");
        assert_eq!(read(bytes(&all)).unwrap(), ids);
        assert!(read(bytes([])).unwrap().is_empty());
        assert!(read(bytes(&all[..17])).is_err() && read(AttributeValue::S("x".to_owned())).is_err());
    }
}
