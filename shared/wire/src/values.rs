//! Values that many bodies have: amounts, currencies, moments, words.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tollgate_core::values::{Amount, Currency, SignedAmount, Words};

/// Minor units of the currency.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AmountOrNothing"))]
pub struct Minor(#[cfg_attr(feature = "schema", schemars(range(max = 99_999_999_999_u64)))] pub u64);

impl From<Amount> for Minor {
    fn from(amount: Amount) -> Self {
        Self(amount.minor())
    }
}

/// The greatest one for all that are beyond 63 bits, which no amount is.
impl From<Minor> for SignedAmount {
    fn from(minor: Minor) -> Self {
        Self::new(i64::try_from(minor.0).unwrap_or(i64::MAX))
    }
}

/// Minor units of the currency; 2599 is 25.99 USD. A number without a fraction: `25.99`, `2599.0`
/// and `"2599"` are errors.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Amount", extend("examples" = [2599]))
)]
pub struct PositiveMinor(
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 99_999_999_999_u64)))] pub u64,
);

impl From<Amount> for PositiveMinor {
    fn from(amount: Amount) -> Self {
        Self(amount.minor())
    }
}

impl From<PositiveMinor> for SignedAmount {
    fn from(minor: PositiveMinor) -> Self {
        Minor(minor.0).into()
    }
}

/// Minor units of the currency, with their sign.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct SignedMinor(pub i64);

impl From<SignedAmount> for SignedMinor {
    fn from(amount: SignedAmount) -> Self {
        Self(amount.minor())
    }
}

impl From<SignedMinor> for SignedAmount {
    fn from(minor: SignedMinor) -> Self {
        Self::new(minor.0)
    }
}

/// Whether the gateway's account moves real money, by the gateway's host: only CardConnect's `-uat`
/// sites and this machine are tests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveMode(pub bool);

/// The order's version, which `If-Match` takes; only for `client_credentials`, and not in events,
/// which have it beside `data`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderVersion(pub u64);

/// ISO 4217 code of a currency with minor units. In requests in any case; one to pay in has two
/// decimals and a gateway account of the merchant's (422 `currency_not_supported`).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CurrencyCode(pub Cow<'static, str>);

impl From<Currency> for CurrencyCode {
    fn from(currency: Currency) -> Self {
        Self(currency.code().into())
    }
}

/// An amount, for programs and for people.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Price {
    pub amount: Minor,
    pub currency: CurrencyCode,
    /// For people, the same in every locale: `$1,234.50`, `€25.99`, `£25.99`, otherwise with the
    /// code: `CAD 25.99`
    #[cfg_attr(feature = "schema", schemars(extend("examples" = ["$25.99"])))]
    pub formatted: String,
}

impl Price {
    pub fn new(currency: Currency, amount: Amount) -> Self {
        Self { amount: amount.into(), currency: currency.into(), formatted: currency.format(amount) }
    }
}

/// A sum or difference, which can be negative.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedPrice {
    /// In minor units; it can be negative
    pub amount: SignedMinor,
    /// ISO 4217 code
    pub currency: String,
    pub formatted: String,
}

impl SignedPrice {
    pub fn new(currency: Currency, amount: SignedAmount) -> Self {
        let formatted = currency.signed_format(amount);
        Self { amount: amount.into(), currency: currency.code().to_owned(), formatted }
    }
}

/// Declares a moment that is written with so many digits of a second, always in UTC.
macro_rules! moments {
    ($($(#[$doc:meta])* $name:ident: $format:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
        pub struct $name(pub Timestamp);

        impl From<Timestamp> for $name {
            fn from(at: Timestamp) -> Self {
                Self(at)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0.strftime($format))
            }
        }
    )+};
}

moments! {
    /// A moment in whole seconds.
    Seconds: "%Y-%m-%dT%H:%M:%SZ";
    /// A moment with milliseconds.
    Milliseconds: "%Y-%m-%dT%H:%M:%S.%3fZ";
}

/// When it was made, and changed last.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamps {
    /// UTC, whole seconds
    pub created_at: Seconds,
    /// UTC, whole seconds
    pub updated_at: Seconds,
}

impl Timestamps {
    pub fn new(created: Timestamp, updated: Timestamp) -> Self {
        Self { created_at: created.into(), updated_at: updated.into() }
    }
}

/// A body as text. No body has a key that is no text, or a value that refuses: all can be written.
pub fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The body with one resource.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "{T}Body", deny_unknown_fields)
)]
pub struct Single<T> {
    pub data: T,
}

/// The body with all resources of a kind.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "{T}sBody", deny_unknown_fields)
)]
pub struct Several<T> {
    pub data: Vec<T>,
}

/// A member that is left out, null, or has a value: each means something else.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OrNull<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> OrNull<T> {
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Null without a value.
impl<T> From<Option<T>> for OrNull<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<T: Serialize> Serialize for OrNull<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrNull<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.into())
    }
}

/// One of `T`'s words, or one that only a newer version knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word<T> {
    Known(T),
    Other(Box<str>),
}

impl<T: Words> Word<T> {
    /// The word with this text.
    pub fn read(text: &str) -> Self {
        T::from_name(text).map_or_else(|| Self::Other(text.into()), Self::Known)
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The word, unless only a newer version knows it.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Other(_) => None,
        }
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, word: &T) -> bool {
        matches!(self, Self::Known(known) if known == word)
    }
}

impl<T: Words> From<T> for Word<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, T: Words> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Cow::<'de, str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tollgate_core::order::Kind;

    use super::*;

    #[derive(Deserialize, Serialize)]
    struct Body {
        #[serde(default, skip_serializing_if = "OrNull::is_absent")]
        member: OrNull<u32>,
        word: Word<Kind>,
    }

    #[test]
    fn null_and_absent_stay_apart_and_unknown_words_and_members_do_no_harm() {
        for body in [
            json!({"word": "refund"}),
            json!({"member": null, "word": "refund"}),
            json!({"member": 1, "word": "a word of tomorrow"}),
        ] {
            let mut with_more = body.clone();
            with_more["more"] = json!({"of": "tomorrow"});
            let read: Body = serde_json::from_value(with_more).expect("a body");
            assert_eq!(json!(read), body);
        }
    }
}
