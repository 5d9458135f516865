//! Reads request bodies: every problem is found and named by its path, none is fatal to finding the rest.

use std::fmt;

use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::error::{ApiError, Code, Problem};
use crate::money::{Amount, Currency};

/// Longest body. A payment with card and address takes under 1 KB.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// The JSON of a request; none when the body is empty or white space, which the SDK sends with a JSON content type.
pub(super) fn json(request: &Request) -> Result<Option<Value>, ApiError> {
    let bytes: &[u8] = match request.body() {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(ApiError::new(Code::InvalidJson, "the body cannot be read")),
    };
    if bytes.len() > BODY_MAX_BYTES {
        return Err(ApiError::new(Code::BodyTooLarge, "the body is larger than 64 KiB"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    match serde_json::from_slice::<Unique>(bytes) {
        Ok(Unique(value)) => Ok(Some(value)),
        Err(error) => {
            // Where, and not the library's own words: they may quote the body.
            let (line, column) = (error.line(), error.column());
            let what = if error.is_data() { "names a member twice" } else { "is not valid JSON" };
            Err(ApiError::new(Code::InvalidJson, format!("the body {what}: line {line}, column {column}")))
        }
    }
}

/// JSON in which no object names a member twice. Which of two amounts is meant is nobody's guess to make.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Unique(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a member is named twice"));
            }
        }
        Ok(Unique(object.into()))
    }
}

/// Members of one JSON object, with its path and the problems found in it.
pub(super) struct Members<'a> {
    map: &'a Map<String, Value>,
    path: &'static str,
    problems: Vec<Problem>,
}

impl<'a> Members<'a> {
    /// The `data` object of a body.
    pub(super) fn data(body: Option<&'a Value>) -> Result<Self, ApiError> {
        let Some(body) = body else {
            return Err(Problem::required("data").into());
        };
        let Value::Object(envelope) = body else {
            return Err(Problem::wrong_type("", "an object").into());
        };
        match envelope.get("data") {
            None | Some(Value::Null) => Err(Problem::required("data").into()),
            Some(Value::Object(map)) => Ok(Self::at("data", map)),
            Some(_) => Err(Problem::wrong_type("data", "an object").into()),
        }
    }

    /// An object under a path of the body.
    pub(super) fn at(path: &'static str, map: &'a Map<String, Value>) -> Self {
        Self { map, path, problems: Vec::new() }
    }

    /// All that was wrong so far, or nothing.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        ApiError::of_problems(self.problems)
    }

    /// Notes a problem with a member.
    pub(super) fn problem(&mut self, name: &str, code: Code, detail: impl Into<String>) {
        let source = self.source(name);
        self.problems.push(Problem::new(&source, code, detail.into()));
    }

    /// Takes over the problems of an object inside this one.
    pub(super) fn absorb(&mut self, inner: Members<'_>) {
        self.problems.extend(inner.problems);
    }

    /// Whether the member is not there at all.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.map.contains_key(name)
    }

    /// Whether the member is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An optional text.
    pub(super) fn text(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        match self.get(name)? {
            Value::String(text) if text.chars().count() > max_chars => {
                self.problem(name, Code::InvalidValue, format!("is longer than {max_chars} characters"));
                None
            }
            Value::String(text) if text.chars().any(char::is_control) => {
                self.problem(name, Code::InvalidValue, "must not hold control characters");
                None
            }
            Value::String(text) => Some(text),
            _ => self.wrong_type(name, "a string"),
        }
    }

    /// An optional truth value.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            _ => self.wrong_type(name, "true or false"),
        }
    }

    /// A text that has to be there and not be empty.
    pub(super) fn required_text(&mut self, name: &str, max_chars: usize) -> Option<&'a str> {
        if !self.has(name) {
            let source = self.source(name);
            self.problems.push(Problem::required(&source));
            return None;
        }
        let text = self.text(name, max_chars)?;
        if text.trim().is_empty() {
            self.problem(name, Code::Required, "must not be empty");
            return None;
        }
        Some(text)
    }

    /// An optional amount: a whole number of minor units, more than zero. Null is no amount: JavaScript writes a sum
    /// that went wrong (`NaN`) as null, and left out it would mean everything.
    pub(super) fn amount(&mut self, name: &str) -> Option<Amount> {
        let value = self.map.get(name)?;
        let Value::Number(number) = value else { return self.wrong_type(name, "an integer, in minor units") };
        let problem = match (number.as_u64(), number.as_i64()) {
            (Some(0), _) => "must be more than 0",
            (Some(minor), _) => match Amount::new(minor) {
                Ok(amount) => return Some(amount),
                Err(_) => "is more than the gateway can carry",
            },
            (None, Some(_)) => "must be more than 0, not negative",
            (None, None) => "must be a whole number, in minor units",
        };
        self.problem(name, Code::InvalidValue, problem);
        None
    }

    /// An optional ISO 4217 code.
    pub(super) fn currency(&mut self, name: &str) -> Option<Currency> {
        let text = self.text(name, 3)?;
        let currency = Currency::parse(text).ok();
        if currency.is_none() {
            self.problem(name, Code::InvalidValue, "is not an ISO 4217 currency code with minor units");
        }
        currency
    }

    /// An optional moment (RFC 3339).
    pub(super) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        let at = self.text(name, 40)?.parse().ok();
        if at.is_none() {
            self.problem(name, Code::InvalidValue, "is not a time such as 2027-01-31T12:00:00Z (RFC 3339)");
        }
        at
    }

    /// An optional object.
    pub(super) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        match self.get(name)? {
            Value::Object(map) => Some(map),
            _ => self.wrong_type(name, "an object"),
        }
    }

    /// Notes every member that is not one of these. For requests in which a misspelt name would change what happens
    /// to the money.
    pub(super) fn only(&mut self, known: &[&str]) {
        for name in self.map.keys().filter(|name| !known.contains(&name.as_str())) {
            // The name comes from outside: shown short, and never if it is a number.
            let shown = crate::card::mask_card_numbers(&name.chars().take(40).collect::<String>());
            let source = self.source(&shown);
            let detail = format!("is not known here; known are {}", known.join(", "));
            self.problems.push(Problem::new(&source, Code::UnknownMember, detail));
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong_type<T>(&mut self, name: &str, wanted: &str) -> Option<T> {
        let source = self.source(name);
        self.problems.push(Problem::wrong_type(&source, wanted));
        None
    }

    fn source(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
