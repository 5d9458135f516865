//! Responses of which a member is changed or missing. They stay within the statements that the
//! gateway may truthfully make; no document limits how few these may be.

use cardpointe_simulator::Identity;
use serde_json::{Map, Value, json};

use crate::{check::credit_card::minor, fault::Fault, rng::Rng};

/// A change of a response's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alteration {
    /// The member is not there.
    Without(&'static str),
    /// The member has this value.
    With(&'static str, &'static str),
    /// `respstat`, `respproc` and `respcode`.
    Code(&'static str, &'static str, &'static str),
    /// The gateway reports an error instead, without any of the transaction.
    Error(&'static str, &'static str, &'static str),
    /// HTML instead of JSON.
    NoJson,
    /// An identity member is not there, however it is spelled.
    Missing(Identity),
    /// No identity member is there.
    WithoutIdentity,
    /// An identity member is one that no request has led to.
    Foreign(Identity),
    /// The amount is more than that, and no fee explains it.
    Raised,
    /// The same without the fee's amount, so that only its rate can show that.
    RaisedAtItsRate,
    /// No member tells of a fee.
    WithoutFee,
    /// Each record comes twice.
    Twice,
    /// Each record of a transaction comes twice, the second time as voided.
    Contradicting,
    /// There is no record.
    Empty,
    /// An approval says that it is a decline, and still has its authorization code and the full
    /// amount.
    DeclinedWithApproval,
}

use Alteration::{
    Code, Contradicting, DeclinedWithApproval, Empty, Error, Foreign, Missing, NoJson, Raised,
    RaisedAtItsRate, Twice, With, Without, WithoutFee, WithoutIdentity,
};

/// By how much an amount is raised, in minor units: by more than any fee of the payments here.
const RAISED_BY: u64 = 10_007;

/// The members that tell of a fee.
const OF_FEES: [&str; 7] =
    ["fee_type", "fee_format", "fee_value", "fee_amount", "fee_authcode", "fee_merchid", "fee_retref"];

/// An excess that is not explained by a fee, or not by all that the gateway may say of it.
const OF_EXCESS: [Alteration; 5] =
    [Raised, RaisedAtItsRate, WithoutFee, Without("fee_amount"), Without("fee_value")];

/// Whose a record is, of any. A new reference can be any, so a foreign one tells something only
/// about an operation that names its payment.
const OF_IDENTITY: [Alteration; 9] = [
    Missing(Identity::OrderId),
    Missing(Identity::Merchid),
    Missing(Identity::Currency),
    Missing(Identity::Retref),
    WithoutIdentity,
    Foreign(Identity::OrderId),
    Foreign(Identity::Merchid),
    Foreign(Identity::Currency),
    With("retref", "../../x"),
];

/// Of the response to a write that was processed.
const OF_WRITES: [Alteration; 11] = [
    Without("respstat"),
    Without("respproc"),
    Without("respcode"),
    Without("retref"),
    Without("amount"),
    Without("authcode"),
    With("amount", "98765.43"),
    With("respstat", "X"),
    Code("C", "PPS", "63"),
    Code("B", "PPS", "64"),
    NoJson,
];

/// Of an inquiry's response, of every record in it.
const OF_INQUIRIES: [Alteration; 16] = [
    Without("respstat"),
    Without("respproc"),
    Without("respcode"),
    Without("retref"),
    Without("amount"),
    Without("setlstat"),
    With("setlstat", ""),
    With("setlstat", "Amount Under Review"),
    With("setlstat", "Something New"),
    With("respstat", "X"),
    With("amount", "98765.43"),
    Error("B", "PPS", "62"),
    Error("B", "PPS", "66"),
    Error("C", "PPS", "34"),
    Error("C", "PPS", "91"),
    NoJson,
];

/// The subject of a response.
#[derive(Clone, Copy)]
pub(super) struct About {
    /// A write, or an inquiry.
    pub(super) is_write: bool,
    /// It names the payment that it acts on by its reference, or looks for it by that.
    pub(super) names_its_payment: bool,
}

/// The alteration that a fault makes of a response, where it is several; with equal chances.
pub(super) fn pick(fault: Fault, about: About, rng: &mut Rng) -> Option<Alteration> {
    let all: &[Alteration] = match fault {
        Fault::Altered if about.is_write => &OF_WRITES,
        Fault::Altered => &OF_INQUIRIES,
        Fault::WrongIdentity if about.names_its_payment && rng.chance(10) => &[Foreign(Identity::Retref)],
        Fault::WrongIdentity => &OF_IDENTITY,
        Fault::Excess => &OF_EXCESS,
        Fault::RecordTwice => &[Twice, Contradicting],
        Fault::NoRecord => &[Empty],
        _ => return None,
    };
    rng.pick(all)
}

impl Alteration {
    /// Whether it states more than the gateway took, and nothing that explains it.
    pub(super) fn raises(self) -> bool {
        matches!(self, Raised | RaisedAtItsRate)
    }

    /// Alters every record of a response.
    pub(super) fn apply(self, body: &mut Vec<u8>) {
        if self == NoJson {
            *body = b"<html></html>".to_vec();
            return;
        }
        let Ok(mut response) = serde_json::from_slice::<Value>(body) else { return };
        match &mut response {
            Value::Object(record) => self.alter(record),
            Value::Array(records) => {
                records.iter_mut().filter_map(Value::as_object_mut).for_each(|r| self.alter(r));
            }
            _ => {}
        }
        if let Some(listed) = self.listed(&response) {
            response = listed;
        }
        *body = serde_json::to_vec(&response).unwrap_or_default();
    }

    /// The records in a list, where there are more or fewer than before.
    fn listed(self, response: &Value) -> Option<Value> {
        let records = match response {
            Value::Array(records) => records.clone(),
            record => vec![record.clone()],
        };
        match self {
            Empty => Some(json!([])),
            Twice => Some(records.into_iter().flat_map(|record| [record.clone(), record]).collect()),
            Contradicting => {
                // A transaction that does not exist has no state.
                let of_transactions = |record: &Value| record.get("setlstat").is_some();
                let other = |record: &Value| {
                    let mut other = record.clone();
                    (other["setlstat"], other["respcode"]) = ("Voided".into(), "05".into());
                    other
                };
                let again = |record: Value| {
                    let other = if of_transactions(&record) { other(&record) } else { record.clone() };
                    [record, other]
                };
                Some(records.into_iter().flat_map(again).collect())
            }
            _ => None,
        }
    }

    fn alter(self, record: &mut Map<String, Value>) {
        let mut set = |name: &str, value: &str| record.insert(name.to_owned(), value.into());
        match self {
            Without(member) => {
                record.remove(member);
            }
            With(member, value) => {
                set(member, value);
            }
            Code(respstat, respproc, respcode) => {
                set("respstat", respstat);
                set("respproc", respproc);
                set("respcode", respcode);
            }
            Error(respstat, respproc, respcode) => {
                record.clear();
                Code(respstat, respproc, respcode).alter(record);
            }
            Raised => {
                let amount = record.get("amount").and_then(Value::as_str).unwrap_or_default();
                // A refund's may be negative.
                let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
                if let Some(minor) = minor(digits) {
                    let raised = format!("{sign}{}", decimal(minor + RAISED_BY));
                    record.insert("amount".to_owned(), raised.into());
                }
            }
            RaisedAtItsRate => {
                Raised.alter(record);
                record.remove("fee_amount");
            }
            WithoutFee => OF_FEES.into_iter().for_each(|member| Without(member).alter(record)),
            Missing(identity) => {
                for name in spellings(identity) {
                    record.remove(*name);
                }
            }
            WithoutIdentity => Identity::ALL.into_iter().for_each(|identity| Missing(identity).alter(record)),
            Foreign(identity) => {
                let found = spellings(identity).iter().find(|name| record.contains_key(**name));
                let name = found.or(spellings(identity).first()).copied().unwrap_or_default();
                record.insert(name.to_owned(), identity.foreign_value().into());
            }
            DeclinedWithApproval => {
                set("respstat", "C");
                set("respcode", "05");
            }
            NoJson | Twice | Contradicting | Empty => {}
        }
    }
}

fn spellings(identity: Identity) -> &'static [&'static str] {
    match identity {
        Identity::OrderId => &["orderId", "orderid"],
        Identity::Merchid => &["merchid"],
        Identity::Currency => &["currency"],
        Identity::Retref => &["retref"],
    }
}

fn decimal(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Whether a response is an approval that a decline can contradict: with an authorization code, of
/// this total.
pub(super) fn can_contradict(body: &[u8], total: u64) -> bool {
    let response: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| response[name].as_str().unwrap_or_default();
    text("respstat") == "A" && !text("authcode").is_empty() && text("amount") == decimal(total)
}
