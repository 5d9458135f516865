//! Reads and writes the members of one stored object. Reading takes each member out, so that what is left at the end is
//! what this version does not know.

use std::{collections::BTreeMap, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use tollgate_core::{
    payments::store::StoreError,
    values::{
        carried::{Carried, Raw},
        money::Amount,
    },
};
use uuid::Uuid;

use super::Item;

/// A member's name in the table, and what it is short for; empty where it is short for nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name(pub(super) &'static str, pub(super) &'static str);

type Read<T> = Result<T, StoreError>;

/// What is left to read of an object.
pub(super) struct Reader {
    left: Item,
    /// Words that were not recognized.
    carried: Carried,
}

impl Reader {
    pub(super) fn new(item: Item) -> Self {
        Self { left: item, carried: Carried::default() }
    }

    fn take(&mut self, name: Name) -> Option<AttributeValue> {
        self.left.remove(name.0)
    }

    /// Leaves out what has no meaning here, but is known.
    pub(super) fn skip(&mut self, names: &[Name]) {
        for name in names {
            self.take(*name);
        }
    }

    fn maybe<T>(&mut self, name: Name, read: impl FnOnce(AttributeValue) -> Option<T>) -> Read<Option<T>> {
        match self.take(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| corrupt(name)),
        }
    }

    pub(super) fn text_maybe(&mut self, name: Name) -> Read<Option<String>> {
        self.maybe(name, |value| match value {
            AttributeValue::S(text) => Some(text),
            _ => None,
        })
    }

    pub(super) fn text(&mut self, name: Name) -> Read<String> {
        self.text_maybe(name)?.ok_or_else(|| corrupt(name))
    }

    pub(super) fn flag(&mut self, name: Name) -> Read<bool> {
        let flag = self.maybe(name, |value| value.as_bool().ok().copied())?;
        Ok(flag.unwrap_or_default())
    }

    pub(super) fn number_or<T: FromStr>(&mut self, name: Name, missing: T) -> Read<T> {
        Ok(self.maybe(name, |value| value.as_n().ok()?.parse().ok())?.unwrap_or(missing))
    }

    pub(super) fn number<T: FromStr>(&mut self, name: Name) -> Read<T> {
        self.maybe(name, |value| value.as_n().ok()?.parse().ok())?.ok_or_else(|| corrupt(name))
    }

    pub(super) fn amount_maybe(&mut self, name: Name) -> Read<Option<Amount>> {
        self.maybe(name, |value| Amount::new(value.as_n().ok()?.parse().ok()?).ok())
    }

    pub(super) fn amount(&mut self, name: Name) -> Read<Amount> {
        self.amount_maybe(name)?.ok_or_else(|| corrupt(name))
    }

    /// A UUID, stored as bytes.
    pub(super) fn id_maybe(&mut self, name: Name) -> Read<Option<Uuid>> {
        self.maybe(name, |value| Uuid::from_slice(value.as_b().ok()?.as_ref()).ok())
    }

    pub(super) fn id(&mut self, name: Name) -> Read<Uuid> {
        self.id_maybe(name)?.ok_or_else(|| corrupt(name))
    }

    /// A SHA-256, stored as bytes.
    pub(super) fn digest_maybe(&mut self, name: Name) -> Read<Option<[u8; 32]>> {
        self.maybe(name, |value| value.as_b().ok()?.as_ref().try_into().ok())
    }

    /// A moment, stored as nanoseconds since 1970.
    pub(super) fn moment_maybe(&mut self, name: Name) -> Read<Option<Timestamp>> {
        self.maybe(name, |value| Timestamp::from_nanosecond(value.as_n().ok()?.parse().ok()?).ok())
    }

    pub(super) fn moment(&mut self, name: Name) -> Read<Timestamp> {
        self.moment_maybe(name)?.ok_or_else(|| corrupt(name))
    }

    /// A word of a closed vocabulary. One that this version does not know is kept, and read as `unknown`.
    pub(super) fn word<T>(
        &mut self,
        name: Name,
        unknown: T,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Read<Option<T>> {
        let Some(word) = self.text_maybe(name)? else { return Ok(None) };
        if let Some(value) = known(&word) {
            return Ok(Some(value));
        }
        self.carried.keep_word(name.0, word);
        Ok(Some(unknown))
    }

    /// A word that is kept by something that lives longer, or shorter, than this object.
    pub(super) fn word_of<T>(
        &mut self,
        name: Name,
        keeper: &mut Carried,
        unknown: T,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Read<Option<T>> {
        let Some(word) = self.text_maybe(name)? else { return Ok(None) };
        Ok(Some(known(&word).unwrap_or_else(|| {
            keeper.keep_word(name.0, word);
            unknown
        })))
    }

    /// What a text says.
    pub(super) fn parsed<T: FromStr>(&mut self, name: Name) -> Read<Option<T>> {
        self.maybe(name, |value| value.as_s().ok()?.parse().ok())
    }

    pub(super) fn digest(&mut self, name: Name) -> Read<[u8; 32]> {
        self.digest_maybe(name)?.ok_or_else(|| corrupt(name))
    }

    /// The objects of a list, in their order.
    pub(super) fn list<T>(&mut self, name: Name, mut read: impl FnMut(Self) -> Read<T>) -> Read<Vec<T>> {
        let list = self.maybe(name, |value| match value {
            AttributeValue::L(list) => Some(list),
            _ => None,
        })?;
        let objects = list.unwrap_or_default().into_iter().map(|value| match value {
            AttributeValue::M(members) => read(Self::new(members)),
            _ => Err(corrupt(name)),
        });
        objects.collect()
    }

    /// An object that keeps for itself what is not known of it.
    pub(super) fn object<T>(&mut self, name: Name, read: impl FnOnce(Self) -> Read<T>) -> Read<Option<T>> {
        let members = self.maybe(name, |value| match value {
            AttributeValue::M(members) => Some(members),
            _ => None,
        })?;
        members.map(|members| read(Self::new(members))).transpose()
    }

    /// An object of which this one keeps what is not known.
    pub(super) fn part<T>(&mut self, name: Name, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        let mut rest = Carried::default();
        let value = self.object(name, |mut members| {
            let value = read(&mut members)?;
            members.carry(&mut rest);
            Ok(value)
        })?;
        self.carried.keep_part(name.0, rest);
        Ok(value)
    }

    /// Hands over what was not known.
    pub(super) fn carry(self, carried: &mut Carried) {
        carried.join(self.carried);
        for (name, value) in self.left {
            if let Some(value) = raw(value) {
                carried.keep_member(name, value);
            }
        }
    }
}

/// A member that has to be there and is not, or cannot be read.
pub(super) fn corrupt(name: Name) -> StoreError {
    StoreError::Corrupt(format!("its member {} is missing or has another form", name.0))
}

/// Writes the members of an object.
#[derive(Default)]
pub(super) struct Writer(Item);

impl Writer {
    fn put(&mut self, name: Name, value: AttributeValue) {
        self.0.insert(name.0.to_owned(), value);
    }

    pub(super) fn text(&mut self, name: Name, text: impl Into<String>) {
        self.put(name, AttributeValue::S(text.into()));
    }

    pub(super) fn text_maybe(&mut self, name: Name, text: Option<&String>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(super) fn flag(&mut self, name: Name, flag: bool) {
        if flag {
            self.put(name, AttributeValue::Bool(true));
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers are copied")]
    pub(super) fn number(&mut self, name: Name, number: impl ToString) {
        self.put(name, AttributeValue::N(number.to_string()));
    }

    pub(super) fn bytes(&mut self, name: Name, bytes: impl Into<Vec<u8>>) {
        self.put(name, AttributeValue::B(Blob::new(bytes)));
    }

    pub(super) fn id(&mut self, name: Name, id: Uuid) {
        self.bytes(name, id.into_bytes());
    }

    pub(super) fn moment(&mut self, name: Name, at: Timestamp) {
        self.number(name, at.as_nanosecond());
    }

    /// A moment, unless a reader takes it for granted.
    pub(super) fn moment_unless(&mut self, name: Name, at: Timestamp, usual: Timestamp) {
        if at != usual {
            self.moment(name, at);
        }
    }

    pub(super) fn some<T>(&mut self, name: Name, value: Option<T>, write: impl FnOnce(&mut Self, Name, T)) {
        if let Some(value) = value {
            write(self, name, value);
        }
    }

    /// A word, unless it is one that was not recognized: then it is written again as it was read.
    pub(super) fn word(&mut self, name: Name, word: Option<&'static str>) {
        if let Some(word) = word {
            self.text(name, word);
        }
    }

    pub(super) fn list<'a, T>(&mut self, name: Name, values: &'a [T], write: impl FnMut(&'a T) -> Item) {
        let objects = values.iter().map(write).map(AttributeValue::M);
        self.put(name, AttributeValue::L(objects.collect()));
    }

    pub(super) fn object(&mut self, name: Name, item: Item) {
        self.put(name, AttributeValue::M(item));
    }

    /// The members, with those that were not known; the words belong to the object around this one.
    pub(super) fn finish_without_words(self, carried: &Carried) -> Item {
        let mut item = self.0;
        merge_members(&mut item, carried);
        item
    }

    /// The members, with what was not known when they were read.
    pub(super) fn finish(self, carried: &Carried) -> Item {
        let mut item = self.0;
        merge(&mut item, carried);
        item
    }
}

/// Adds what was not known, where nothing else was written.
fn merge(item: &mut Item, carried: &Carried) {
    merge_members(item, carried);
    merge_words(item, carried);
}

fn merge_members(item: &mut Item, carried: &Carried) {
    for (name, value) in carried.members() {
        item.entry(name.clone()).or_insert_with(|| attribute(value));
    }
    for (name, rest) in carried.parts() {
        // Where the part itself is gone, so is what belonged to it.
        if let Some(AttributeValue::M(part)) = item.get_mut(name) {
            merge(part, rest);
        }
    }
}

/// Adds the words that were not recognized, where no other was written.
pub(super) fn merge_words(item: &mut Item, carried: &Carried) {
    for (name, word) in carried.words() {
        item.entry(name.clone()).or_insert_with(|| AttributeValue::S(word.clone()));
    }
}

/// A value of any shape; none for a shape that DynamoDB did not have when this was written.
fn raw(value: AttributeValue) -> Option<Raw> {
    Some(match value {
        AttributeValue::S(text) => Raw::Text(text),
        AttributeValue::N(number) => Raw::Number(number),
        AttributeValue::B(bytes) => Raw::Bytes(bytes.into_inner()),
        AttributeValue::Bool(flag) => Raw::Bool(flag),
        AttributeValue::Null(_) => Raw::Null,
        AttributeValue::L(list) => Raw::List(list.into_iter().map(raw).collect::<Option<_>>()?),
        AttributeValue::M(members) => {
            let members = members.into_iter().map(|(name, value)| Some((name, raw(value)?)));
            Raw::Map(members.collect::<Option<BTreeMap<_, _>>>()?)
        }
        AttributeValue::Ss(texts) => Raw::Texts(texts),
        AttributeValue::Ns(numbers) => Raw::Numbers(numbers),
        AttributeValue::Bs(set) => Raw::ByteStrings(set.into_iter().map(Blob::into_inner).collect()),
        _ => return None,
    })
}

fn attribute(value: &Raw) -> AttributeValue {
    match value {
        Raw::Text(text) => AttributeValue::S(text.clone()),
        Raw::Number(number) => AttributeValue::N(number.clone()),
        Raw::Bytes(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        Raw::Bool(flag) => AttributeValue::Bool(*flag),
        Raw::Null => AttributeValue::Null(true),
        Raw::List(list) => AttributeValue::L(list.iter().map(attribute).collect()),
        Raw::Map(members) => {
            AttributeValue::M(members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
        Raw::Texts(texts) => AttributeValue::Ss(texts.clone()),
        Raw::Numbers(numbers) => AttributeValue::Ns(numbers.clone()),
        Raw::ByteStrings(set) => AttributeValue::Bs(set.iter().cloned().map(Blob::new).collect()),
    }
}
