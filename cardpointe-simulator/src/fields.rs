//! A request's members, read leniently: null is absent, a number or a boolean is read as its text.

use serde_json::{Map, Value};

use crate::{
    amount::{self, AmountError},
    codes::{Verdict, pps},
};

/// A request's JSON object. No `Debug`: it may hold a card number.
pub(crate) struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl Fields {
    /// `None` when the body is no JSON object.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The text of a member; absent, null and empty are the same.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => if *flag { "Y" } else { "N" }.to_owned(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// Whether a Y/N member is Y.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("Y"))
    }

    /// The amount in minor units; `None` when it was left out.
    pub(crate) fn amount(&self) -> Result<Option<i64>, Verdict> {
        let Some(value) = self.get("amount").filter(|value| value.as_str() != Some("")) else {
            return Ok(None);
        };
        amount::parse(value).map(Some).map_err(|error| match error {
            AmountError::Malformed => pps::INVALID_AMOUNT,
            AmountError::TooLong => pps::INVALID_FIELD,
            AmountError::TooLarge => pps::ABOVE_MAX,
        })
    }

    /// Refuses members that are longer than the interface allows or that are no single value.
    pub(crate) fn check_lengths(&self, limits: &[(&str, usize)]) -> Result<(), Verdict> {
        let fits = |(name, limit): &(&str, usize)| match self.get(name) {
            None => true,
            Some(Value::Array(_) | Value::Object(_)) => false,
            Some(_) => self.text_or_empty(name).chars().count() <= *limit,
        };
        if limits.iter().all(fits) { Ok(()) } else { Err(pps::INVALID_FIELD) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        Fields::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn null_and_empty_are_absent() {
        let fields = fields(r#"{"orderid":null,"postal":"","amount":null}"#);
        assert_eq!((fields.text("orderid"), fields.text("postal")), (None, None));
        assert_eq!(fields.amount(), Ok(None));
    }

    #[test]
    fn flags_read_either_case_and_json_booleans() {
        let fields = fields(r#"{"a":"Y","b":"y","c":true,"d":"N","e":false,"f":"yes"}"#);
        assert!(["a", "b", "c"].iter().all(|name| fields.flag(name)));
        assert!(!["d", "e", "f", "g"].iter().any(|name| fields.flag(name)));
    }

    #[test]
    fn a_body_that_is_no_object_is_not_read() {
        for body in ["", "[]", "\"a\"", "{", "{\"a\":1}x"] {
            assert!(Fields::parse(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_member_that_is_too_long_or_no_single_value_is_refused() {
        assert!(fields(r#"{"orderid":"1234"}"#).check_lengths(&[("orderid", 4)]).is_ok());
        assert!(fields(r#"{"orderid":"12345"}"#).check_lengths(&[("orderid", 4)]).is_err());
        assert!(fields(r#"{"orderid":["1"]}"#).check_lengths(&[("orderid", 4)]).is_err());
    }
}
