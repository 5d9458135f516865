//! The conditions of a list of movements, and where it reads.

use uuid::Uuid;

use super::WantedEntries;
use crate::{
    journal::{Entry, EntryPartition, Fact, Is, LookedUp},
    order::{Attribution, Kind, OrderId},
    values::{Brand, Currency, DeclineCode, SearchKey, SearchTerm},
};

/// A condition on an entry. An entry never changes, so neither does whether this holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryPredicate {
    /// One of these facts. If all are unusual, the list reads the index of unusual facts.
    Fact(Vec<Fact>),
    /// It is anything else than a plain approval or capture.
    Unusual,
    /// Of one of these kinds of operations.
    Operation(Vec<Kind>),
    /// The name of a person in the caller's system, or of the operator who decided by hand.
    Actor(Vec<String>),
    /// A person whom Tollgate has verified.
    Person(Vec<String>),
    /// The name of the merchant's key.
    Key(Vec<String>),
    /// One of these gateway accounts.
    Mid(Vec<String>),
    /// Declined with one of these codes.
    Decline(Vec<DeclineCode>),
    /// One of these currencies.
    Currency(Vec<Currency>),
    /// One of these brands.
    Brand(Vec<Brand>),
    /// The amount that the fact is about, in minor units.
    Amount(Is<u64>),
    /// The same in the currency's unit: `20`, `20.0` and `20.00` are the same dollars.
    AmountAsShown(String),
    /// The last four digits of the card. The list reads an index.
    LastFour(String),
    /// The gateway's reference. The list reads an index.
    Reference(String),
    /// The order. The list reads the order itself.
    Order(OrderId),
    /// The payment. The list reads its order.
    Transaction(Uuid),
    /// Its payment is found by this text of the merchant's or a customer's, which only the
    /// payment's order has. The list reads the pointers under the text's
    /// [key](crate::journal::LookedUp::Text).
    Text(SearchTerm),
}

impl EntryPredicate {
    /// Whether it holds of an entry.
    pub fn holds(&self, entry: &Entry) -> bool {
        let told = |of: fn(&Attribution) -> Option<&String>| entry.attribution.as_deref().and_then(of);
        let is_any = |all: &[String], one: Option<&String>| one.is_some_and(|one| all.contains(one));
        match self {
            Self::Fact(all) => all.contains(&entry.fact),
            Self::Unusual => entry.is_unusual(),
            Self::Operation(all) => all.contains(&entry.kind),
            Self::Actor(all) => {
                let operator = entry.by_hand.as_ref().map(|by_hand| &by_hand.by);
                is_any(all, told(|told| told.actor.as_ref()).or(operator))
            }
            Self::Person(all) => {
                let operator = entry.by_hand.as_ref().and_then(|by_hand| by_hand.person.as_ref());
                is_any(all, told(|told| told.person.as_ref()).or(operator))
            }
            Self::Key(all) => is_any(all, told(|told| told.key_name.as_ref())),
            Self::Mid(all) => all.contains(&entry.account),
            Self::Decline(all) => entry.decline.is_some_and(|code| all.contains(&code)),
            Self::Currency(all) => all.contains(&entry.currency),
            Self::Brand(all) => entry.brand.is_some_and(|brand| all.contains(&brand)),
            Self::Amount(is) => is.holds(&entry.amount.minor()),
            Self::AmountAsShown(text) => {
                entry.currency.parse_decimal(text).is_ok_and(|amount| amount == entry.amount)
            }
            Self::LastFour(digits) => entry.last_four.as_ref() == Some(digits),
            Self::Reference(reference) => entry.reference.as_ref() == Some(reference),
            Self::Order(order) => entry.order.order == *order,
            Self::Transaction(transaction) => entry.transaction == *transaction,
            Self::Text(_) => true,
        }
    }

    /// The parts of the index of unusual entries that have all entries for which it holds; none if
    /// it holds for usual ones, too.
    fn unusual_partitions(&self) -> Option<Vec<EntryPartition>> {
        let both = || Some(vec![EntryPartition::Declined, EntryPartition::Unusual]);
        let is_decline = |fact: &Fact| matches!(fact, Fact::Declined | Fact::DeclinedByRule);
        match self {
            Self::Unusual => both(),
            Self::Decline(_) => Some(vec![EntryPartition::Declined]),
            // An approval is unusual where it was found late, and usual otherwise.
            Self::Fact(all) if all.iter().any(|fact| matches!(fact, Fact::Approved | Fact::Captured)) => None,
            Self::Fact(all) if all.iter().all(is_decline) => Some(vec![EntryPartition::Declined]),
            Self::Fact(all) if all.iter().any(is_decline) => both(),
            Self::Fact(_) => Some(vec![EntryPartition::Unusual]),
            // An approved refund or void is an unusual fact of its own.
            Self::Operation(all) if all.iter().all(|kind| matches!(kind, Kind::Refund | Kind::Void)) => {
                both()
            }
            _ => None,
        }
    }
}

/// Where the entries are that can be wanted.
pub(super) enum Source<'a> {
    /// In the order itself.
    Order(&'a OrderId),
    /// In the order that has this payment.
    Payment(Uuid),
    /// In the orders of the payments that pointers with this key lead to.
    Pointers(SearchKey),
    /// In the journal.
    Partitions(Vec<EntryPartition>),
}

impl<'a> Source<'a> {
    /// The smallest source that has all.
    pub(super) fn of(wanted: &WantedEntries<'a>) -> Self {
        let at = |partition| Self::Partitions(vec![partition]);
        let own = wanted.predicates.iter().filter_map(|one| match one {
            EntryPredicate::Order(order) => Some((0, Self::Order(order))),
            EntryPredicate::Transaction(payment) => Some((2, Self::Payment(*payment))),
            EntryPredicate::Reference(text) => Some((4, at(EntryPartition::Reference(text.clone())))),
            EntryPredicate::LastFour(digits) => Some((5, at(EntryPartition::LastFour(digits.clone())))),
            _ => None,
        });
        let looked_up = wanted.looked_up.map(|looked_up| match looked_up {
            LookedUp::Order(order) => (1, Self::Order(order)),
            LookedUp::Text(key) => (3, Self::Pointers(*key)),
        });
        let smallest = own.chain(looked_up).min_by_key(|(rank, _)| *rank).map(|(_, source)| source);
        let unusual =
            || wanted.predicates.iter().filter_map(EntryPredicate::unusual_partitions).min_by_key(Vec::len);
        smallest.unwrap_or_else(|| Self::Partitions(unusual().unwrap_or_else(EntryPartition::all)))
    }
}

impl EntryPredicate {
    /// The text, if it is about one.
    pub fn text(&self) -> Option<&SearchTerm> {
        if let Self::Text(term) = self { Some(term) } else { None }
    }

    /// Whether a list with it is short, however far back it goes: one card's, one reference's, one
    /// text's or one order's.
    pub fn is_selective(&self) -> bool {
        let is_indexed = matches!(self, Self::LastFour(_) | Self::Reference(_) | Self::Text(_));
        is_indexed || matches!(self, Self::Order(_) | Self::Transaction(_))
    }
}
