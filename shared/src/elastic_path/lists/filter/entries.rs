//! The filter of movements.

use jiff::Timestamp;
use tollgate_core::{
    journal::{EntryPredicate, Fact},
    order::{Kind, OrderId},
    values::{Brand, DeclineCode, SearchBy},
};

use super::{
    own_text,
    term::{Fields, Range, Term},
};
use crate::api::Problem;

/// Longest reference that is looked for.
const REFERENCE_MAX_CHARS: usize = 64;

/// The conditions of a filter of movements.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::elastic_path) struct EntryFilter {
    /// All predicates have to hold.
    pub(in crate::elastic_path) predicates: Vec<EntryPredicate>,
    /// When they were decided.
    pub(in crate::elastic_path) range: Range,
}

impl Fields for EntryFilter {
    const NAMES: &'static str = "created_at, fact, unusual, operation, actor, person, key, mid, decline_code, \
                                 amount, currency, brand, last_four, retref, custom_reference, customer_id, \
                                 customer_email, order_id, transaction_id";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let predicate = match term.field {
            "created_at" => return self.range.add(term),
            "fact" => EntryPredicate::Fact(term.words(Fact::ALL, Fact::as_str)?),
            "unusual" => term.own(|text| (text == "true").then_some(EntryPredicate::Unusual), "true")?,
            "operation" => EntryPredicate::Operation(term.words(Kind::ALL, Kind::as_str)?),
            "actor" => EntryPredicate::Actor(term.texts()?),
            "person" => EntryPredicate::Person(term.texts()?),
            "key" => EntryPredicate::Key(term.texts()?),
            "mid" => EntryPredicate::Mid(term.texts()?),
            "decline_code" => EntryPredicate::Decline(term.words(DeclineCode::ALL, DeclineCode::as_str)?),
            "amount" => EntryPredicate::Amount(term.number()?),
            "currency" => EntryPredicate::Currency(term.currencies()?),
            "brand" => EntryPredicate::Brand(term.words(Brand::ALL, Brand::name)?),
            "last_four" => EntryPredicate::LastFour(term.last_four()?),
            "retref" => EntryPredicate::Reference(term.own(reference, "a reference of the gateway")?),
            "custom_reference" => EntryPredicate::Text(own_text(term, SearchBy::Reference)?),
            "customer_id" => EntryPredicate::Text(own_text(term, SearchBy::Customer)?),
            "customer_email" => EntryPredicate::Text(own_text(term, SearchBy::Email)?),
            "order_id" => {
                EntryPredicate::Order(term.own(|text| text.parse::<OrderId>().ok(), "an order's id")?)
            }
            "transaction_id" => {
                EntryPredicate::Transaction(term.own(|text| text.parse().ok(), "a transaction's id")?)
            }
            _ => return Err(term.no_field::<Self>()),
        };
        self.predicates.push(predicate);
        Ok(())
    }

    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        self.range.moments(now, self.predicates.iter().any(EntryPredicate::is_selective))
    }
}

/// A text that can be a reference: it becomes the key of an index.
fn reference(text: &str) -> Option<String> {
    let is_good = text.len() <= REFERENCE_MAX_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_good.then(|| text.to_owned())
}
