//! Bodies as programs read them: from JSON that was parsed, with little code for each type.
//!
//! A derived reader can also read a struct from a list, and a flattened one from a copy of its own.
//! The code for both would be in a program for each type. Here it is not: all types are read from
//! one source, in one way.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value, map};

/// Reads a body by its type.
///
/// # Errors
///
/// If it is not of the type.
pub fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    T::deserialize(Parsed(body))
}

/// Reads members that are in a body beside others.
pub(crate) fn beside<'de, D: Deserializer<'de>, T: DeserializeOwned>(body: D) -> Result<T, D::Error> {
    read(Value::deserialize(body)?).map_err(D::Error::custom)
}

/// The same of members that are there as a whole or not at all.
pub(crate) fn beside_if_any<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    body: D,
) -> Result<Option<T>, D::Error> {
    Ok(read(Value::deserialize(body)?).ok())
}

/// A value that was parsed.
struct Parsed(Value);

impl IntoDeserializer<'_, Error> for Parsed {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The members of an object that was parsed.
struct Members(map::IntoIter);

impl Iterator for Members {
    type Item = (String, Parsed);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, Parsed(value)))
    }
}

impl Parsed {
    #[cold]
    #[inline(never)]
    fn is_no(what: &str) -> Error {
        Error::custom(format_args!("a value is no {what}"))
    }
}

impl<'de> Deserializer<'de> for Parsed {
    type Error = Error;

    /// A value of any type; of a member that no type knows, or that holds any JSON.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::String(text) = self.0 else { return Err(Self::is_no("text")) };
        visitor.visit_string(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(items) = self.0 else { return Err(Self::is_no("list")) };
        visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Parsed)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Object(members) = self.0 else { return Err(Self::is_no("object")) };
        visitor.visit_map(MapDeserializer::new(Members(members.into_iter())))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier
    }
}
