//! A search for payments, as an address or a posted form states it.

use tollgate_core::order::PaymentWord;

use super::reading::quoted;
use crate::{
    api::address,
    web::{Pairs, SOUGHT},
    words::{self, said},
};

/// A tab: its name, its name in the address, and its condition.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) parameter: &'static str,
    condition: &'static str,
}

const fn kind(name: &'static str, parameter: &'static str, condition: &'static str) -> Kind {
    Kind { name, parameter, condition }
}

/// A tab of one state, with its name.
const fn of_state(word: PaymentWord, parameter: &'static str, condition: &'static str) -> Kind {
    kind(words::state(word).0, parameter, condition)
}

pub(super) const KINDS: [Kind; 10] = [
    kind("All", "", ""),
    kind("Approved", "approved", "eq(approved,true)"),
    of_state(PaymentWord::Held, "held", "eq(state,held)"),
    of_state(PaymentWord::Paid, "paid", "in(state,paid,partly_paid)"),
    of_state(PaymentWord::Refunded, "refunded", "in(state,refunded,partly_refunded)"),
    of_state(PaymentWord::Declined, DECLINED, "eq(state,declined)"),
    of_state(PaymentWord::Voided, "voided", "in(state,voided,voided_elsewhere)"),
    of_state(PaymentWord::Lapsed, "lapsed", "eq(state,lapsed)"),
    of_state(PaymentWord::Disputed, "disputed", "eq(state,disputed)"),
    of_state(PaymentWord::NotKnownYet, "not_known_yet", "eq(state,not_known_yet)"),
];

/// The tab of declines.
pub(super) const DECLINED: &str = "declined";

/// A search.
#[derive(Clone)]
pub(super) struct Search {
    pub(super) text: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) tab: String,
    /// The only currency, where a link states one.
    pub(super) currency: String,
    /// The only reason of declines, where a link states one.
    pub(super) decline_code: String,
    pub(super) cursor: String,
}

impl Search {
    pub(super) fn of(parameters: &Pairs) -> Self {
        let value = |name: &str| said(parameters.get(name));
        Self {
            text: value(SOUGHT),
            from: value("from"),
            to: value("to"),
            tab: value("state"),
            currency: value("currency"),
            decline_code: value("decline_code"),
            cursor: value("cursor"),
        }
    }

    /// The address of this search with another tab or from another place on.
    pub(super) fn address(&self, path: &str, tab: &str, cursor: &str) -> String {
        let all = [
            (SOUGHT, self.text.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("state", tab),
            ("currency", &self.currency),
            ("decline_code", &self.decline_code),
            ("cursor", cursor),
        ];
        address(path, &all)
    }

    /// The conditions of the range, of the tab, of the currency and of the reason.
    pub(super) fn conditions(&self) -> Vec<String> {
        let kind = KINDS.iter().find(|kind| !kind.condition.is_empty() && kind.parameter == self.tab);
        let range = [("ge", &self.from), ("le", &self.to)].into_iter().filter(|(_, day)| !day.is_empty());
        let range = range.map(|(operator, day)| format!("{operator}(created_at,{})", quoted(day)));
        let only = [("currency", &self.currency), ("decline_code", &self.decline_code)].into_iter();
        let only = only.filter(|(_, value)| !value.is_empty());
        let only = only.map(|(field, value)| format!("eq({field},{})", quoted(value)));
        range.chain(kind.map(|kind| kind.condition.to_owned())).chain(only).collect()
    }

    /// Conditions of links in words.
    pub(super) fn only(&self) -> String {
        let reason = Some(&self.decline_code).filter(|code| !code.is_empty());
        let reason = reason.map(|code| format!("declined: {}", words::decline(code))).unwrap_or_default();
        words::joined([reason, self.currency.clone()], ", ")
    }
}
