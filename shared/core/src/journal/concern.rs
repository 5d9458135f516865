//! Concerns that a person has to look at, going by a payment's current state. An event reports each
//! once, when it comes up ([`crate::journal::attention`]); a list has the remaining ones.

use jiff::{SignedDuration, Timestamp};

use crate::{
    journal::{Entry, Fact, changes::is_late, entries},
    order::{
        AtShopState, CaptureStanding, Cause, Decision, DisputeKind, FadingConcern, ForeignPayments, Kind,
        NoEffect, Operation, OperationState, Order, Seen, SeenFacts, Stage, Transaction,
    },
    words,
};

/// How long a concern stays that no action ends, such as a void made elsewhere. Otherwise the list
/// would only ever grow.
const FADES_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a capture is overdue before it counts as skipped. The schedule runs every minute.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(1);

words! {
    /// Why a payment is in the list of payments that need attention, as `docs/reports.md` has it.
    pub enum Concern {
        /// The outcome of an operation has not been known for an hour.
        InDoubt => "in_doubt":
            "Wait with the goods and look it up in the gateway's portal; a person with the role all can decide it.",
        /// A scheduled capture was refused, did not come to pass, is an hour late, or waits for the
        /// end of a dispute.
        CaptureSkipped => "capture_skipped":
            "Capture it by hand while the authorization holds, or cancel it.",
        /// The payment is voided at the gateway, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere": "Find out who voided it; the order owes the amount again.",
        /// The settlement refused an approved operation.
        SettlementRejected => "settlement_rejected":
            "The money does not come: ask the gateway why, and the customer for another payment.",
        /// An operation was given up, and the gateway did it after all.
        FoundLate => "found_late":
            "Look whether the customer paid twice or was refunded twice, and give back what is too much.",
        /// An authorization is about to end, and no capture is to come.
        AuthorizationEnding => "authorization_ending":
            "Capture it before the authorization ends, or let it lapse.",
        /// The cardholder's bank took money back, and it did not come back.
        Disputed => "disputed":
            "Answer the case in the processor's portal before it is due, and do not refund the payment meanwhile.",
        /// A report of a chargeback or a reversal may correct another one without saying so, or the
        /// order keeps no further ones.
        DisputeUnclear => "dispute_unclear":
            "Compare the payment's chargebacks and reversals with the processor's portal: one may correct another.",
        /// Tollgate owes a refund of the payment, and holds it back while a chargeback of the order
        /// is open.
        RefundHeldBack => "refund_held_back":
            "Wait for the end of the case; if it is lost, decide that the refund was not done, or refund the payment although it is disputed.",
        /// Elastic Path refused to record the payment, its capture or its refund.
        ShopRefused => "elastic_path_refused":
            "Look why in Elastic Path (stock, a canceled order, the manual gateway) and record it again, or give the money back.",
        /// Elastic Path shows the payment otherwise than it is, or may.
        ShopDiffers => "elastic_path_differs":
            "Compare the order in Elastic Path with the payment: correct there what its manual gateway cannot show, and refund what was taken of a canceled order.",
        /// Elastic Path shows a payment that Tollgate did not record, by a gateway that moves no
        /// money.
        ForeignPayment => "elastic_path_foreign_payment":
            "Do not ship the order because of it, and find out in Elastic Path who recorded it: it moved no money.",
    }

    /// The advice, in a sentence.
    pub fn advice(self) -> &'static str;
}

/// A concern of a transaction, and the time in which it holds unless the order changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concerned {
    pub concern: Concern,
    /// Since when, or from when on.
    pub since: Timestamp,
    /// Until when; none: until the order changes.
    until: Option<Timestamp>,
    /// The facts behind one that fades.
    facts: Option<SeenFacts>,
}

words! {
    /// How a person settles a concern without moving money.
    pub enum SettledBy {
        /// The person has seen it: it fades.
        Seen => "seen",
        /// The person decides the outcome.
        Decision => "decision",
    }
}

impl Concerned {
    /// How a person can settle it; none where something has to be done, or a time to pass.
    pub fn settled_by(&self) -> Option<SettledBy> {
        match self.concern {
            Concern::InDoubt | Concern::RefundHeldBack => Some(SettledBy::Decision),
            _ => self.fading().map(|_| SettledBy::Seen),
        }
    }

    /// The form in which it can be kept as seen; none if it does not fade.
    pub(super) fn fading(&self) -> Option<(FadingConcern, SeenFacts)> {
        FadingConcern::from_name(self.concern.as_str()).zip(self.facts)
    }

    /// Whether a person has seen it, with all of its facts.
    pub(super) fn is_seen(&self, transaction: &Transaction) -> bool {
        let is_it = |seen: &Seen| self.fading() == Some((seen.concern, seen.facts));
        transaction.seen.iter().any(is_it)
    }

    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// A transaction's concerns now, in the order of the codes.
pub fn concerns(order: &Order, transaction: &Transaction, now: Timestamp) -> Vec<Concern> {
    concerned(order, transaction, now).into_iter().map(|one| one.concern).collect()
}

/// The same, each with since when it holds.
pub fn concerned(order: &Order, transaction: &Transaction, now: Timestamp) -> Vec<Concerned> {
    unseen(order, transaction).filter(|one| one.holds(now)).collect()
}

/// Those of all times that nobody has seen.
fn unseen(order: &Order, transaction: &Transaction) -> impl Iterator<Item = Concerned> {
    ever(order, transaction).into_iter().filter(|one| !one.is_seen(transaction))
}

/// All concerns that a transaction has, had or will have, as its order is, in the order of the
/// codes, seen or not. The one definition: the concerns of now and the [index](attention_key) both
/// come from it.
pub(super) fn ever(order: &Order, transaction: &Transaction) -> Vec<Concerned> {
    let facts = if transaction.operations.iter().any(is_unusual) { entries(None, order) } else { Vec::new() };
    let fades = |concern, since, last, facts| Some(fading(concern, since, last, facts));
    let once = |concern, since| fades(concern, since, since, SeenFacts { count: 1, latest: since });
    let of_facts = |concern, is: fn(&Entry) -> bool| {
        let is_its_own = |entry: &&Entry| entry.transaction == transaction.id && is(entry);
        let times: Vec<Timestamp> = facts.iter().filter(is_its_own).map(|entry| entry.at).collect();
        let latest = *times.iter().max()?;
        fades(concern, *times.iter().min()?, latest, SeenFacts { count: count(times.len()), latest })
    };
    // A voided payment holds no money that could be wrong.
    let stands = transaction.voided().is_none();
    let open = |concern, since| Some(Concerned { concern, since, until: None, facts: None });
    let found = |concern: Concern| match concern {
        Concern::InDoubt => open(concern, transaction.in_doubt_too_long_from()?),
        Concern::CaptureSkipped => {
            match (transaction.capture_standing()?, order.waits_for_dispute(transaction)) {
                (_, Some(since)) => open(concern, since),
                (CaptureStanding::Lapsed, None) => once(concern, transaction.lapsed_at?),
                (CaptureStanding::Stopped, None) => {
                    open(concern, transaction.scheduled_capture()?.updated_at)
                }
                (CaptureStanding::Waiting, None) => {
                    open(concern, order.next_capture_attempt(transaction)? + OVERDUE_AFTER)
                }
                (CaptureStanding::Retrying, None) => None,
            }
        }
        Concern::VoidedElsewhere => of_facts(concern, |entry| entry.fact == Fact::VoidedElsewhere),
        Concern::SettlementRejected => {
            of_facts(concern, |entry| entry.settlement_rejected).filter(|_| stands)
        }
        Concern::FoundLate => match late_charge_since(transaction) {
            Some(since) => open(concern, since),
            None => of_facts(concern, |entry| entry.late && !entry.kind.is_payment()).filter(|_| stands),
        },
        Concern::AuthorizationEnding => {
            let (since, until) = transaction.last_day_of_hold()?;
            let is_skipped = matches!(
                transaction.capture_standing(),
                Some(CaptureStanding::Lapsed | CaptureStanding::Stopped)
            );
            let waits = order.next_capture_attempt(transaction).is_some();
            (!is_skipped && !waits).then_some(Concerned { concern, since, until: Some(until), facts: None })
        }
        // The answer is given elsewhere, and a case that is lost never ends.
        Concern::Disputed => {
            let (since, last) = transaction.disputed_since()?;
            fades(concern, since, last, chargebacks(transaction)?)
        }
        Concern::DisputeUnclear => {
            let since = order.disputes_unclear_since(transaction)?;
            fades(
                concern,
                since,
                since,
                SeenFacts { count: count(transaction.disputes.len()), latest: since },
            )
        }
        Concern::RefundHeldBack => {
            let mut waiting = transaction.operations.iter().filter(|one| one.is(Stage::WaitsForDispute));
            open(concern, waiting.next()?.updated_at)
        }
        Concern::ShopRefused => open(concern, at_shop_since(order, transaction, AtShopState::Refused)?),
        Concern::ShopDiffers => {
            once(concern, at_shop_since(order, transaction, AtShopState::NeedsAttention)?)
        }
        // It is about the order, and told once.
        Concern::ForeignPayment => {
            let is_first = order.transactions.first().is_some_and(|first| first.id == transaction.id);
            foreign(order).filter(|_| is_first)
        }
    };
    Concern::ALL.iter().copied().filter_map(found).collect()
}

/// The concern of an order whose shop shows payments of others.
fn foreign(order: &Order) -> Option<Concerned> {
    let ForeignPayments { since, latest, .. } = order.foreign?;
    let facts = SeenFacts { count: 1, latest };
    Some(fading(Concern::ForeignPayment, since, latest, facts))
}

/// The same of an order that has no payment here, so that no payment's row can tell it, at any
/// time. Nobody can say there that it was seen.
pub(super) fn concern_of_unpaid(order: &Order) -> Option<Concerned> {
    let found = foreign(order).filter(|_| order.transactions.is_empty())?;
    Some(Concerned { facts: None, ..found })
}

/// A concern that no action ends: it fades after the last time.
fn fading(concern: Concern, since: Timestamp, last: Timestamp, facts: SeenFacts) -> Concerned {
    let until = Some(last.saturating_add(FADES_AFTER).unwrap_or(last));
    Concerned { concern, since, until, facts: Some(facts) }
}

/// All chargebacks, and not the open ones: a case that is won is no later chargeback.
fn chargebacks(transaction: &Transaction) -> Option<SeenFacts> {
    let all = transaction.disputes.iter();
    let chargebacks = all.filter(|one| one.dispute.kind == DisputeKind::Chargeback).map(|one| one.at);
    Some(SeenFacts { count: count(chargebacks.clone().count()), latest: chargebacks.max()? })
}

/// Since when its shop has it in such a state.
fn at_shop_since(order: &Order, transaction: &Transaction, state: AtShopState) -> Option<Timestamp> {
    order.at_shop(transaction).filter(|at_shop| at_shop.state == state)?.since
}

/// How many facts there are; an order has room for far fewer than the most.
fn count(facts: usize) -> u32 {
    u32::try_from(facts).unwrap_or(u32::MAX)
}

/// Since when a payment that was found after it had been given up may be too much: until it fits
/// what the order owes, is given back by a void, a refund or its bank, or a person has decided.
fn late_charge_since(transaction: &Transaction) -> Option<Timestamp> {
    let first = transaction.first().filter(|first| is_late(first))?;
    let is_over = |refund: &Operation| {
        refund.kind == Kind::Refund
            && refund.reference.is_none()
            && (refund.is(Stage::Approved) || refund.no_effect() == Some(NoEffect::EndedByPerson))
    };
    let is_right = !transaction.must_not_stand()
        || transaction.voided().is_some()
        || transaction.operations.iter().any(is_over)
        || transaction.disputed() >= transaction.amount().into();
    (!is_right).then_some(first.updated_at)
}

/// Whether facts of an operation can be a concern. Nearly none are, and reading an order's facts
/// takes time.
fn is_unusual(operation: &Operation) -> bool {
    let decision = match &operation.state {
        OperationState::Decided(decision) => Some(decision),
        OperationState::Pending(_)
        | OperationState::WaitsForDispute { .. }
        | OperationState::Unrecognized => None,
    };
    !operation.superseded.is_empty()
        || operation.cause == Cause::Elsewhere
        || decision.is_some_and(|decision| {
            decision.response().settlement_rejected
                || matches!(decision, Decision::NoEffect(_, NoEffect::VoidedElsewhere))
        })
}

/// Whether it has been in doubt for too long.
pub fn is_in_doubt(transaction: &Transaction, now: Timestamp) -> bool {
    transaction.in_doubt_too_long_from().is_some_and(|from| from <= now)
}

/// The prefix of sort keys in the index of orders that need attention, if something can be done, or
/// will have to be.
pub(super) const OPEN: &str = "open";

/// The same for orders whose concerns only fade.
pub(super) const PAST: &str = "past";

/// Where an order sorts among those that need attention: an open one by the moment from which it
/// needs attention, a fading one by the moment from which it no longer does. None if the order will
/// never need attention as it is. Pure.
///
/// An operation under way does not count yet: the next write decides nearly all, and each would
/// enter the index and leave it. It counts once its response is missing, or an inquiry about it
/// decided nothing. Nor does a capture that the schedule is to make: the index of captures has it,
/// and [`overdue_at`] says which captures are late. Nor does the end of an authorization, most of
/// which are captured long before: the schedule finds its last day and puts the order here.
pub(super) fn attention_key(order: &Order) -> Option<String> {
    let mut past = concern_of_unpaid(order).and_then(|one| Some((one.until?, one.since)));
    let mut open = None::<Timestamp>;
    for transaction in &order.transactions {
        let waits = transaction.capture_standing() == Some(CaptureStanding::Waiting)
            && order.waits_for_dispute(transaction).is_none();
        for Concerned { concern, since, until, facts: _ } in unseen(order, transaction) {
            match (concern, until) {
                (Concern::InDoubt, _) if !transaction.is_doubt_recorded() => {}
                (Concern::CaptureSkipped, _) if waits => {}
                (Concern::AuthorizationEnding, _) if !transaction.is_told_of_ending() => {}
                (_, None) | (Concern::AuthorizationEnding, _) => {
                    open = open.into_iter().chain([since]).min();
                }
                (_, Some(until)) => past = past.into_iter().chain([(until, since)]).max(),
            }
        }
    }
    // A fading concern is seen from then on in any case; the order is written again when the open
    // one has ended.
    let seen = |open: Timestamp| past.map_or(open, |(_, since)| since.min(open));
    open.map(|open| format!("{OPEN}#{}", latest_first(seen(open))))
        .or_else(|| past.map(|(until, _)| format!("{PAST}#{}", latest_first(until))))
}

/// Until when a capture has to be due to be overdue.
pub(super) fn overdue_at(now: Timestamp) -> Timestamp {
    now.saturating_sub(OVERDUE_AFTER).unwrap_or(now)
}

/// A moment as a text that sorts before those of earlier moments, to the millisecond.
pub(super) fn latest_first(at: Timestamp) -> String {
    format!("{:013}", LAST_MS.saturating_sub(at.as_millisecond()).clamp(0, LAST_MS))
}

/// The last moment that has a text of its own, in the year 2286.
const LAST_MS: i64 = 9_999_999_999_999;

#[cfg(test)]
mod tests;
