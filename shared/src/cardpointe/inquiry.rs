//! The finding of an inquiry about an operation.
//!
//! `respstat` says whether it was approved, `setlstat` its state since. A value that is not listed
//! decides nothing, and nothing is concluded to be absent unless every record that was returned is
//! accounted for. Letter case does not count.
//!
//! The record of a duplicate payment may name any order id when its void is looked up, because its
//! reference was found under one of ours.

use tollgate_core::{
    order::{FeeShare, Finding, GatewayResponse, NoEffect, Outcome},
    payments::{GatewayRecord, Inquired},
    values::{Amount, Charged},
};

use super::{codes, fees, identity::Account, wire::GatewayReply};

/// The state of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// The gateway has no such transaction.
    NotFound,
    /// Approved and not captured.
    Authorized,
    /// An authorization of zero, which verified a card and holds nothing.
    Verified,
    /// Captured, and not settled yet.
    Captured,
    /// The settlement accepted it, so only a refund gives it back.
    Settled,
    /// Approved, and refused by the settlement.
    SettlementRejected,
    /// Voided, by whomever, whether the record shows it as approved or not.
    Voided,
    /// Declined, so it moved nothing.
    Declined,
    /// The gateway lost the processor on the way.
    TimedOut,
    /// The gateway or the processor wants it to be sent again.
    TryAgain,
    /// Approved, but the settlement holds the payment because of its amount, or does not mention
    /// it: undecided yet.
    UnderReview,
    /// Anything else: it decides nothing.
    Unlisted,
}

fn stands(record: &GatewayReply) -> Stands {
    let (Some(respstat), Some(respproc), Some(respcode)) =
        (&record.respstat, &record.respproc, &record.respcode)
    else {
        return Stands::Unlisted;
    };
    let setlstat = record.setlstat.as_ref().map(|text| text.to_ascii_lowercase());
    match (respstat.as_str(), setlstat.as_deref()) {
        ("C", None) if respproc == "PPS" && respcode == "29" => Stands::NotFound,
        ("A" | "C", Some("voided")) => Stands::Voided,
        ("B" | "C", Some("declined")) if codes::lost_processor(respproc, respcode) => Stands::TimedOut,
        ("C", Some("declined")) => Stands::Declined,
        ("B", Some("declined")) => Stands::TryAgain,
        ("A", Some("authorized")) => Stands::Authorized,
        ("A", Some("zero amount")) => Stands::Verified,
        ("A", Some("queued for capture")) => Stands::Captured,
        ("A", Some("accepted")) => Stands::Settled,
        ("A", Some("rejected" | "format error" | "token decrypt")) => Stands::SettlementRejected,
        ("A", None | Some("" | "amount under review")) => Stands::UnderReview,
        _ => Stands::Unlisted,
    }
}

/// A record as it is compared with an operation that a person says it is of.
pub(super) fn as_record(record: &GatewayReply) -> GatewayRecord {
    let undone =
        matches!(stands(record), Stands::Voided | Stands::Declined | Stands::TimedOut | Stands::TryAgain);
    GatewayRecord {
        gateway_order_id: record.order_id.clone(),
        amount: record.amount().map(|(amount, _)| amount),
        undone: record.setlstat.as_deref().filter(|_| undone).map(GatewayResponse::clean_text),
    }
}

/// The records that an inquiry returned, each once, without those that name an operation in
/// `others`. None when they prove nothing: one names an order id that is neither `own` nor in
/// `others`, or none, one does not fit the account, or two contradict each other.
///
/// Records are told apart by their references: the gateway may list one more than once.
pub(super) fn of_ours(
    records: Vec<GatewayReply>,
    account: &Account<'_>,
    own: impl Fn(&str) -> bool,
    others: &[&str],
) -> Option<Vec<GatewayReply>> {
    let mut ours: Vec<GatewayReply> = Vec::with_capacity(records.len());
    for record in records {
        match record.order_id.as_deref() {
            _ if !account.fits(&record) => return not_ours(account),
            Some(id) if own(id) => {}
            Some(id) if others.contains(&id) => continue,
            None if stands(&record) == Stands::NotFound => {}
            _ => return not_ours(account),
        }
        let same = ours.iter().find(|other| other.retref.is_some() && other.retref == record.retref);
        match same {
            Some(other) if other.says_the_same_as(&record) => {}
            Some(_) => return not_ours(account),
            None => ours.push(record),
        }
    }
    Some(ours)
}

fn not_ours<T>(account: &Account<'_>) -> Option<T> {
    tracing::error!(merchant = %account.merchant.id, "a gateway's record does not fit its operation");
    None
}

/// Records that are not approved, with their states.
#[derive(Default)]
struct Refusals<'a>(Vec<(Stands, &'a GatewayReply)>);

impl Refusals<'_> {
    fn last(&self, stands: Stands) -> Option<&GatewayReply> {
        self.0.iter().rev().find(|(other, _)| *other == stands).map(|(_, record)| *record)
    }

    /// The finding of all records; none where no record is a refusal.
    fn finding(&self) -> Option<Finding> {
        if let Some(record) = self.last(Stands::Voided) {
            return Some(became(Outcome::NoEffect(NoEffect::VoidedElsewhere, record.response())));
        }
        if let Some(record) = self.last(Stands::TimedOut) {
            return Some(Finding::TimedOut(record.response()));
        }
        if let Some(record) = self.last(Stands::TryAgain) {
            return Some(Finding::TryAgain(record.response()));
        }
        self.last(Stands::Declined).map(declined_as)
    }
}

/// The finding about an authorization or a purchase, whose latest attempt was sent with this order
/// id. `known` are references of the other operations on record under its order ids: its refunds.
pub(super) fn of_payment(
    about: Inquired<'_>,
    amount: Amount,
    latest: &str,
    records: &[GatewayReply],
    known: &[&str],
) -> Finding {
    let (mut approved, mut refusals) = (Vec::new(), Refusals::default());
    let mut under_review = false;
    for record in records {
        let is_latest = record.order_id.as_deref() == Some(latest);
        let is_known = record.retref.as_deref().is_some_and(|retref| known.contains(&retref));
        // A refund that names no order id of its own is listed under the payment's.
        let gives_back = record.is_negative() || record.attempt.is_some();
        if is_known || gives_back {
            continue;
        }
        match (stands(record), about) {
            // Later operations name the payment by its reference.
            (
                Stands::Captured
                | Stands::Settled
                | Stands::SettlementRejected
                | Stands::Authorized
                | Stands::Verified,
                _,
            ) if record.retref.is_none() => {
                return Finding::Undecided;
            }
            // Only the verification of a card is for nothing.
            (Stands::Verified, Inquired::Authorize) if amount.is_zero() => approved.push(record),
            (Stands::Captured | Stands::Settled | Stands::SettlementRejected, _)
            | (Stands::Authorized, Inquired::Authorize) => approved.push(record),
            // A purchase that is only held was not made by us in this form.
            (Stands::Authorized | Stands::Verified | Stands::Unlisted, _) => return Finding::Undecided,
            (Stands::UnderReview, _) => under_review = true,
            // The refusal of an earlier attempt does not decide the latest one.
            (
                stands @ (Stands::NotFound
                | Stands::Voided
                | Stands::Declined
                | Stands::TimedOut
                | Stands::TryAgain),
                _,
            ) => {
                if is_latest {
                    refusals.0.push((stands, record));
                }
            }
        }
    }
    if under_review {
        return Finding::UnderReview;
    }
    match approved.as_slice() {
        [] => refusals.finding().unwrap_or(Finding::Absent),
        [record] => match fees::of_payment(record, amount) {
            Some(found) if found.amount == amount => became(Outcome::Approved(settled(record, found))),
            Some(found) if !found.amount.is_zero() => {
                became(Outcome::PartiallyApproved(settled(record, found)))
            }
            _ => Finding::Undecided,
        },
        several => {
            tracing::error!(records = several.len(), "several approved payments of one operation");
            // One is adopted, and the others are given back whole: each needs its amount and proof
            // that we requested it, because a refund in the portal must not be voided.
            let found = |record: &&GatewayReply| {
                let found = fees::of_payment(record, amount).filter(|_| record.has_our_fields)?;
                Some(settled(record, found))
            };
            several.iter().map(found).collect::<Option<_>>().map_or(Finding::Undecided, Finding::Several)
        }
    }
}

/// The finding about a capture, from the payment's record.
pub(super) fn of_capture(amount: Amount, fee: Option<FeeShare>, record: &GatewayReply) -> Finding {
    match stands(record) {
        Stands::Captured | Stands::Settled | Stands::SettlementRejected => {
            match fees::of_follow_up(record, amount, fee) {
                Some(found) if !record.is_negative() => became(Outcome::Approved(settled(record, found))),
                _ => Finding::Undecided,
            }
        }
        Stands::Authorized => Finding::Absent,
        Stands::Voided => became(Outcome::NoEffect(NoEffect::VoidedElsewhere, record.response())),
        Stands::UnderReview => Finding::UnderReview,
        // The payment is known to be there.
        Stands::NotFound
        | Stands::Verified
        | Stands::Declined
        | Stands::TimedOut
        | Stands::TryAgain
        | Stands::Unlisted => Finding::Undecided,
    }
}

/// The finding about a void, from the payment's record.
pub(super) fn of_void(record: &GatewayReply) -> Finding {
    match stands(record) {
        Stands::Voided => became(Outcome::Approved(record.response())),
        Stands::Authorized | Stands::Captured => Finding::Absent,
        Stands::Settled => became(Outcome::NoEffect(NoEffect::AlreadySettled, record.response())),
        Stands::UnderReview => Finding::UnderReview,
        Stands::SettlementRejected
        | Stands::Verified
        | Stands::NotFound
        | Stands::Declined
        | Stands::TimedOut
        | Stands::TryAgain
        | Stands::Unlisted => Finding::Undecided,
    }
}

/// The marks that identify a refund.
#[derive(Clone, Copy)]
pub(super) struct Refund<'a> {
    /// The requested amount; a record has it as a negative one.
    pub(super) amount: Amount,
    /// The share of the payment's fee that goes with it.
    pub(super) fee: Option<FeeShare>,
    /// The order ids of its attempts, the latest last.
    pub(super) ids: &'a [&'a str],
    /// The reference of the payment.
    pub(super) payment: &'a str,
    /// References of the other operations on record for the payment.
    pub(super) known: &'a [&'a str],
}

impl Refund<'_> {
    /// Whether a record can be this refund: it is neither the payment nor known to be something
    /// else.
    fn may_be(&self, record: &GatewayReply) -> bool {
        let is_other = |retref: &str| retref == self.payment || self.known.contains(&retref);
        let names_another = record.attempt.as_deref().is_some_and(|id| !self.ids.contains(&id));
        stands(record) != Stands::NotFound
            && !record.retref.as_deref().is_some_and(is_other)
            && !names_another
    }

    /// Whether a record carries the order id of the latest attempt.
    fn is_latest(&self, record: &GatewayReply) -> bool {
        let own = [record.order_id.as_deref(), record.attempt.as_deref()];
        self.ids.last().is_some_and(|latest| own.contains(&Some(*latest)))
    }

    /// Whether a record under the payment's order id is a refund: it names one of its attempts, or
    /// its amount is negative.
    fn gives_back(&self, record: &GatewayReply) -> bool {
        self.names_attempt(record) || record.is_negative()
    }

    fn names_attempt(&self, record: &GatewayReply) -> bool {
        let own = |id: &&Option<String>| id.as_deref().is_some_and(|id| self.ids.contains(&id));
        [&record.order_id, &record.attempt].iter().any(own)
    }

    /// The finding of these records, each of which can be this refund; none without records.
    fn found_in(&self, records: &[(&GatewayReply, bool)]) -> Option<Finding> {
        let (mut approved, mut refusals, mut unclear) = (Vec::new(), Refusals::default(), false);
        for (record, is_latest) in records {
            let stands = stands(record);
            match stands {
                Stands::Voided | Stands::Declined | Stands::TimedOut if *is_latest => {
                    refusals.0.push((stands, record));
                }
                // Of an earlier attempt, it does not get here.
                Stands::TryAgain if gave_nothing_back(record) => refusals.0.push((stands, record)),
                Stands::Voided | Stands::Declined | Stands::TimedOut | Stands::TryAgain => unclear = true,
                // Its settlement is a matter of its own. No word for it is promised.
                _ if is_approved(record) => approved.push(record),
                _ => unclear = true,
            }
        }
        match approved.as_slice() {
            [] if unclear => Some(Finding::Undecided),
            [] => refusals.finding(),
            // Its amount is negative in recordings; the documents leave it open.
            [record] => Some(match fees::of_follow_up(record, self.amount, self.fee) {
                Some(found) => became(Outcome::Approved(settled(record, found))),
                None => Finding::Undecided,
            }),
            several => {
                tracing::error!(records = several.len(), "several records that can be one refund");
                let done = |record: &&&GatewayReply| {
                    let found = fees::of_follow_up(record, self.amount, self.fee)?;
                    self.names_attempt(record).then(|| settled(record, found))
                };
                // Each attempt that was approved is on its own: the refund was done as often.
                let all = several.iter().map(done).collect::<Option<_>>();
                Some(all.map_or(Finding::Undecided, Finding::Several))
            }
        }
    }

    /// The finding under the order ids of its own attempts; none when it is not there.
    pub(super) fn under_its_own(&self, records: &[GatewayReply]) -> Option<Finding> {
        // The refusal of an earlier attempt says nothing about the latest.
        let refused = |record: &GatewayReply| {
            matches!(stands(record), Stands::Voided | Stands::Declined | Stands::TimedOut | Stands::TryAgain)
        };
        let candidates = records.iter().filter(|record| self.may_be(record));
        let candidates: Vec<_> = candidates
            .map(|record| (record, self.is_latest(record)))
            .filter(|(record, is_latest)| *is_latest || !refused(record))
            .collect();
        self.found_in(&candidates)
    }

    /// The finding under an order id of the payment, where the gateway lists a refund that it does
    /// not find by its own. Here any record not accounted for may be the refund. None where neither
    /// refund nor payment is: the payment has another order id.
    pub(super) fn under_the_payments(&self, records: &[GatewayReply]) -> Option<Finding> {
        // A declined record moved nothing, whichever refund it belongs to. It counts only for the
        // attempt that it names.
        let says_nothing = |record: &&GatewayReply| gave_nothing_back(record) && !self.is_latest(record);
        let candidates: Vec<_> =
            records.iter().filter(|record| self.may_be(record) && !says_nothing(record)).collect();
        Some(match candidates.as_slice() {
            [] => {
                // An empty list closes nothing: it has to show the payment itself.
                let shows_payment =
                    records.iter().any(|record| record.retref.as_deref() == Some(self.payment));
                return shows_payment.then_some(Finding::Absent);
            }
            // It can be a second payment, of a request that was delivered twice.
            [one] if !self.gives_back(one) => Finding::Undecided,
            // Adopting the only one that fits can never pay twice.
            [one] => self.found_in(&[(*one, self.is_latest(one))]).unwrap_or(Finding::Undecided),
            _ => {
                let marked = candidates.iter().filter(|record| record.attempt.is_some());
                let marked: Vec<_> = marked.map(|record| (*record, self.is_latest(record))).collect();
                self.found_in(&marked).filter(|_| !marked.is_empty()).unwrap_or(Finding::Undecided)
            }
        })
    }
}

/// Whether a record was declined, or is to be sent again and shows no amount.
fn gave_nothing_back(record: &GatewayReply) -> bool {
    let is_zero = || record.amount().is_some_and(|(amount, _)| amount.is_zero());
    stands(record) == Stands::Declined || stands(record) == Stands::TryAgain && is_zero()
}

/// Approved, with a reference, and nowhere said to be declined.
fn is_approved(record: &GatewayReply) -> bool {
    let is_declined = record.setlstat.as_ref().is_some_and(|text| text.eq_ignore_ascii_case("declined"));
    record.respstat.as_deref() == Some("A") && record.retref.is_some() && !is_declined
}

/// The response as it is kept, with the money moved and the settlement's decision.
fn settled(record: &GatewayReply, charged: Charged) -> GatewayResponse {
    let settlement_rejected = stands(record) == Stands::SettlementRejected;
    GatewayResponse { settlement_rejected, ..record.moving(charged) }
}

fn became(outcome: Outcome) -> Finding {
    Finding::Became(Box::new(outcome))
}

fn declined_as(record: &GatewayReply) -> Finding {
    let (respproc, respcode) = (record.respproc.as_deref(), record.respcode.as_deref());
    let (respproc, respcode) = (respproc.unwrap_or_default(), respcode.unwrap_or_default());
    if codes::is_duplicate(respproc, respcode) {
        return Finding::Duplicate(record.response());
    }
    became(Outcome::Declined(record.response(), codes::decline(record, None)))
}

#[cfg(test)]
mod tests;
