//! Elastic Path's filters: `eq(status,complete):ge(created_at,2026-11-20T00:00:00Z)`.

mod audit;
mod captures;
mod deliveries;
mod entries;
mod orders;
mod settlement;
mod term;

pub(in crate::elastic_path) use audit::WantedAudit;
pub(in crate::elastic_path) use captures::{AttentionFilter, CaptureFilter};
pub(in crate::elastic_path) use deliveries::DeliveryFilter;
pub(in crate::elastic_path) use entries::EntryFilter;
pub(in crate::elastic_path) use orders::OrderFilter;
pub(in crate::elastic_path) use settlement::{
    DaysOfAccount, NoFilter, WantedDeposits, WantedExceptions, is_mid,
};
pub(in crate::elastic_path) use term::{Fields, Range, parse, without_customers};

use jiff::Timestamp;
use tollgate_core::{
    journal::{Concern, Is, Predicate},
    order::{Kind, PaymentWord, TransactionStatus},
    values::{Brand, DeclineCode, SearchBy, SearchTerm},
};

use self::term::Term;
use crate::{api::Problem, elastic_path::response::status::transaction_status};

/// Longest reference or code of the gateway, in characters; its references have 12 to 14.
const CODE_MAX: usize = 40;

/// The conditions of a filter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::elastic_path) struct Filter {
    /// All predicates have to hold.
    pub(in crate::elastic_path) predicates: Vec<Predicate>,
    /// When they were listed.
    pub(in crate::elastic_path) range: Range,
}

impl Fields for Filter {
    const NAMES: &'static str = "created_at, status, state, approved, operation, decline_code, currency, amount, \
                                 captured_amount, last_four, brand, approval_code, needs_attention, authorization_expires_at, \
                                 next_capture_attempt, retref, custom_reference, customer_id, customer_email, order_id, \
                                 id, transaction_id";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let predicate = match term.field {
            "created_at" => return self.add_range(term),
            "authorization_expires_at" => return self.add_times(term, Predicate::AuthorizationExpiresAt),
            "next_capture_attempt" => return self.add_times(term, Predicate::NextCaptureAttempt),
            "amount" => Predicate::Amount(term.number()?),
            "captured_amount" => Predicate::Captured(term.number()?),
            "status" => Predicate::Status(term.words(&TransactionStatus::ALL, transaction_status)?),
            "state" => Predicate::Word(term.words(PaymentWord::ALL, PaymentWord::as_str)?),
            "approved" => Predicate::Approved(term.own(|text| text.parse().ok(), "true or false")?),
            "operation" => Predicate::Operation(term.words(Kind::ALL, Kind::as_str)?),
            "decline_code" => Predicate::Decline(term.words(DeclineCode::ALL, DeclineCode::as_str)?),
            "brand" => Predicate::Brand(term.words(Brand::ALL, Brand::name)?),
            "currency" => Predicate::Currency(term.currencies()?),
            "last_four" => Predicate::LastFour(term.last_four()?),
            "retref" => Predicate::Reference(written(term, "a statement")?),
            "approval_code" => Predicate::ApprovalCode(written(term, "a receipt")?),
            "custom_reference" => Predicate::Text(own_text(term, SearchBy::Reference)?),
            "customer_id" => Predicate::Text(own_text(term, SearchBy::Customer)?),
            "customer_email" => Predicate::Text(own_text(term, SearchBy::Email)?),
            "order_id" => Predicate::Order(term.own(|text| text.parse().ok(), "an order's id")?),
            "id" | "transaction_id" => {
                Predicate::Transaction(term.own(|text| text.parse().ok(), "a transaction's id")?)
            }
            "needs_attention" => match term.values[..] {
                ["true"] if term.operator == "eq" => Predicate::NeedsAttention(Vec::new()),
                _ => Predicate::NeedsAttention(term.words(Concern::ALL, Concern::as_str)?),
            },
            _ => return Err(term.no_field::<Self>()),
        };
        self.predicates.push(predicate);
        Ok(())
    }

    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        self.range.moments(now, self.predicates.iter().any(Predicate::has_index))
    }
}

/// A text of the merchant's or a customer's. A problem does not repeat it.
fn own_text(term: &Term<'_>, by: SearchBy) -> Result<SearchTerm, Problem> {
    let text = term.own(|text| Some(text.to_owned()), "one text")?;
    SearchTerm::stated(by, &text).map_err(|error| term.wrong(error))
}

/// A reference or code of the gateway's, as it is written there.
fn written(term: &Term<'_>, place: &str) -> Result<String, Problem> {
    let is_good =
        |text: &str| text.len() <= CODE_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let read = |text: &str| is_good(text).then(|| text.to_owned());
    term.own(read, &format!("letters and digits, as on {place}"))
}

impl Filter {
    fn add_times(&mut self, term: &Term<'_>, field: fn(Is<Timestamp>) -> Predicate) -> Result<(), Problem> {
        self.predicates.extend(term.times()?.into_iter().map(field));
        Ok(())
    }

    /// A list reads the range; the predicate besides is for payments in doubt.
    fn add_range(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        for is in term.times()? {
            self.range.narrow(&is);
            self.predicates.push(Predicate::ListedAt(is));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
