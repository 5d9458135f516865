//! How members are written in this API: amounts are integers, times RFC 3339.

use jiff::Timestamp;
use tollgate_core::{
    payments::{Merchant, Role},
    values::{Amount, Currency},
};

use crate::api::{Caller, Failure, IGNORE_SCHEME_ADVICE, Members, Node};

/// Longest text of a member; longer ones belong nowhere in a payment.
pub(in crate::elastic_path) const TEXT_MAX: usize = 255;

/// Which of the merchant's accounts is meant.
pub(in crate::elastic_path) fn account_currency(
    data: &mut Members<'_>,
    stated: Option<Currency>,
    merchant: &Merchant,
) -> Option<Currency> {
    let detail = "is required: this merchant takes several currencies";
    stated.or_else(|| merchant.only_currency()).or_else(|| data.missing("currency", detail))
}

/// Whether a payment is to be sent although a card scheme has forbidden it: a decision of the
/// merchant's server.
pub(in crate::elastic_path) fn ignores_scheme_advice(
    data: &mut Members<'_>,
    caller: &Caller,
) -> Result<bool, Failure> {
    let ignores = data.flag(IGNORE_SCHEME_ADVICE).unwrap_or_default();
    if ignores {
        caller.must_be_merchant(Role::Pay)?;
        caller.must_be_a_system()?;
    }
    Ok(ignores)
}

impl Members<'_> {
    /// An optional truth value.
    pub(in crate::elastic_path) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.node(name)? {
            Node::Null => None,
            Node::Bool(flag) => Some(*flag),
            Node::Text(_) | Node::Number(_) | Node::Object(_) | Node::List(_) => {
                self.wrong_type(name, "true or false")
            }
        }
    }

    /// An optional amount: a whole number of minor units, more than zero. Null is no amount:
    /// JavaScript writes a sum that went wrong (`NaN`) as null, and left out it would mean
    /// everything.
    pub(in crate::elastic_path) fn amount(&mut self, name: &str) -> Option<Amount> {
        let amount = self.minor_units(name, "must be more than 0, not negative")?;
        if amount == Amount::ZERO { self.no_value(name, "must be more than 0") } else { Some(amount) }
    }

    /// An optional limit: a whole number of minor units, which may be 0.
    pub(in crate::elastic_path) fn limit(&mut self, name: &str) -> Option<Amount> {
        self.minor_units(name, "must not be negative")
    }

    fn minor_units(&mut self, name: &str, negative: &str) -> Option<Amount> {
        let Node::Number(digits) = self.node(name)? else {
            return self.wrong_type(name, "an integer, in minor units");
        };
        let problem = match (digits.parse::<u64>(), digits.parse::<i64>()) {
            (Ok(minor), _) => match Amount::new(minor) {
                Ok(amount) => return Some(amount),
                Err(_) => "is more than the gateway can carry",
            },
            (Err(_), Ok(_)) => negative,
            (Err(_), Err(_)) => "must be a whole number, in minor units",
        };
        self.no_value(name, problem)
    }

    /// An optional ISO 4217 code.
    pub(in crate::elastic_path) fn currency(&mut self, name: &str) -> Option<Currency> {
        let text = self.text(name, 3)?;
        let wrong = "is not an ISO 4217 currency code with minor units";
        Currency::parse(text).ok().or_else(|| self.no_value(name, wrong))
    }

    /// An optional moment (RFC 3339).
    pub(in crate::elastic_path) fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        let wrong = "is not a time such as 2027-01-31T12:00:00Z (RFC 3339)";
        self.text(name, 40)?.parse().ok().or_else(|| self.no_value(name, wrong))
    }
}
