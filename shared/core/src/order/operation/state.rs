//! The state of an operation: a sum type, so that it cannot contradict itself. Everything else
//! about it is derived.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    order::{Decline, Doubt, GatewayResponse, NoEffect, Outcome, waits::LAST_LOOK_AFTER},
    values::{Amount, Carried},
    words,
};

/// When the first inquiry about an operation without an outcome is sent: the gateway is done then
/// (`WORKING_MAX`), and the function that sent it is gone after 29 s.
pub const FIRST_INQUIRY_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How many attempts one look is about, besides those that keep more money from moving: each takes
/// an inquiry.
const LOOKS_AT_ONCE: usize = 8;

/// How often a refund that a dispute holds back is looked at. The write that records the dispute's
/// end has it looked at at once.
const DISPUTES_LOOKED_AT_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How long to wait before something is tried again, in minutes, by how often it was tried; the
/// last step repeats.
pub(crate) const BACK_OFF_MIN: [i64; 5] = [1, 2, 5, 15, 60];

/// The state of an operation, with the data that the state implies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// On record; its latest attempt was sent or is about to be, and the outcome is not known.
    Pending(Pending),
    /// The outcome is known for certain.
    Decided(Decision),
    /// A refund that a rule owes, held back while a chargeback of its order is open. None of its
    /// attempts is under way.
    WaitsForDispute {
        /// When the order's disputes are looked at again.
        next_look_at: Timestamp,
    },
    /// Something that only a newer version has a word for. Its amount counts as reserved.
    Unrecognized,
}

/// An operation whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Why the outcome is not known, once there was a response or the lack of one.
    pub doubt: Option<Doubt>,
    /// The gateway's last response; it decided nothing.
    pub response: GatewayResponse,
    /// How often the gateway responded to an inquiry.
    pub inquiries: u32,
    /// When the next inquiry is due.
    pub next_inquiry_at: Timestamp,
    /// Since when the gateway shows no trace of the operation.
    pub absent_since: Option<Timestamp>,
}

impl Pending {
    /// Puts the next inquiry off, the longer the more inquiries the gateway responded to.
    pub(crate) fn back_off(&mut self, now: Timestamp) {
        let step = usize::try_from(self.inquiries).unwrap_or(usize::MAX).min(BACK_OFF_MIN.len() - 1);
        self.inquiries = self.inquiries.saturating_add(1);
        self.next_inquiry_at = now + SignedDuration::from_mins(BACK_OFF_MIN[step]);
    }
}

/// The final result of an attempt, with the gateway's response, which is empty where there was
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The gateway did it, with its response.
    Approved(GatewayResponse),
    /// The issuer, the processor or the gateway said no, with the reason.
    Declined(GatewayResponse, Decline),
    /// Known to have had no effect.
    NoEffect(GatewayResponse, NoEffect),
}

impl Decision {
    /// The decision that an outcome is, if it is one.
    pub fn from_outcome(outcome: &Outcome) -> Option<Self> {
        let response = outcome.response().to_keep();
        Some(match outcome {
            Outcome::Approved(_) | Outcome::PartiallyApproved(_) => Self::Approved(response),
            Outcome::Declined(_, decline) => Self::Declined(response, *decline),
            Outcome::NoEffect(reason, _) => Self::NoEffect(response, *reason),
            Outcome::Unknown(..) | Outcome::Intermediary(..) | Outcome::Unnamed(_) => return None,
        })
    }

    /// Whether an attempt that was decided so may still turn out to be done.
    pub fn may_surface(&self) -> bool {
        match self {
            Self::NoEffect(response, reason) => reason.may_surface() || response.unproven,
            Self::Declined(response, _) => response.unproven,
            Self::Approved(_) => false,
        }
    }

    /// Whether it was refused without proof, which an inquiry gives. False when there was nothing
    /// to prove.
    fn prove(&mut self) -> bool {
        match self {
            Self::NoEffect(response, _) | Self::Declined(response, _) => {
                std::mem::take(&mut response.unproven)
            }
            Self::Approved(_) => false,
        }
    }

    /// Leaves out the texts of the card scheme's codes.
    pub(crate) fn forget_scheme_texts(&mut self) {
        if let Self::Declined(GatewayResponse { scheme: Some(words), .. }, _) = self {
            words.forget_texts();
        }
    }

    /// Leaves out the card scheme's words and rule.
    fn forget_scheme(&mut self) {
        match self {
            Self::Declined(response, decline) => (response.scheme, decline.rule) = (None, None),
            Self::Approved(response) | Self::NoEffect(response, _) => response.scheme = None,
        }
    }

    /// The gateway's response that the decision was read from.
    pub fn response(&self) -> &GatewayResponse {
        match self {
            Self::Approved(response) | Self::Declined(response, _) | Self::NoEffect(response, _) => response,
        }
    }

    /// The decision in one word.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Approved(_) => Stage::Approved,
            Self::Declined(..) => Stage::Declined,
            Self::NoEffect(..) => Stage::NoEffect,
        }
    }
}

words! {
    /// The state of an operation, in one word.
    pub enum Stage {
        /// The outcome is not known.
        Pending => "pending",
        /// The gateway did it.
        Approved => "approved",
        /// The operation was declined, which is final.
        Declined => "declined",
        /// Known to have had no effect; another attempt may be allowed.
        NoEffect => "not_done",
        /// Owed by a rule, and held back while a chargeback of the order is open.
        WaitsForDispute => "waits_for_dispute",
        _ => Unrecognized,
    }
}

/// One sending of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Tells whose write put it on record. The first attempt has the operation's id.
    pub id: Uuid,
    /// 1 for the first; 0 for an operation that is only recorded, or was not sent yet.
    pub number: u32,
    /// When it was saved, before it was sent.
    pub at: Timestamp,
    /// The order id that the gateway knows it by, which follows from the attempt's id; see
    /// [`gateway_order_id`](super::gateway_order_id).
    pub gateway_order_id: String,
}

impl Attempt {
    /// An operation's first one, which has its id and its time.
    pub fn first(operation: Uuid, created_at: Timestamp) -> Self {
        let gateway_order_id = super::gateway_order_id(operation);
        Self { id: operation, number: 1, at: created_at, gateway_order_id }
    }
}

/// A decision that no longer counts: another attempt followed, or the gateway said otherwise later.
///
/// Kept for people and for the history, and because an abandoned attempt may still surface:
/// inquiries look for it under its own order id. Other decisions of one kind without any effect
/// share an entry, so that an operation that is retried for days stays small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The latest attempt that it was decided of.
    pub attempt: Attempt,
    /// The amount of that attempt.
    pub amount: Amount,
    /// The decision; none where only a newer version has a word for it.
    pub decision: Option<Decision>,
    /// When it was decided first.
    pub first_at: Timestamp,
    /// When it was decided last.
    pub at: Timestamp,
    /// How often it was decided.
    pub times: u32,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl Superseded {
    /// Whether another can share its entry: both are the same lack of an effect.
    fn is_like(&self, other: &Self) -> bool {
        let (Some(ours), Some(theirs)) = (&self.decision, &other.decision) else { return false };
        // Each attempt that may still surface is looked for under its own order id.
        if ours.may_surface() || theirs.may_surface() || other.carried != Carried::default() {
            return false;
        }
        match (ours, theirs) {
            (Decision::NoEffect(_, NoEffect::Unrecognized), _) => false,
            (Decision::NoEffect(_, one), Decision::NoEffect(_, other)) => one == other,
            _ => false,
        }
    }

    /// Takes in a later one that is like it.
    fn absorb(&mut self, later: Self) {
        let times = self.times.saturating_add(later.times);
        let carried = std::mem::take(&mut self.carried);
        *self = Self { first_at: self.first_at, times, carried, ..later };
    }
}

impl super::Operation {
    /// The operation's state, in one word.
    pub fn stage(&self) -> Stage {
        match &self.state {
            OperationState::Pending(_) => Stage::Pending,
            OperationState::Decided(decision) => decision.stage(),
            OperationState::WaitsForDispute { .. } => Stage::WaitsForDispute,
            OperationState::Unrecognized => Stage::Unrecognized,
        }
    }

    /// Whether the operation is in this state.
    pub fn is(&self, stage: Stage) -> bool {
        self.stage() == stage
    }

    /// The gateway's response, empty where there was none.
    pub fn response(&self) -> Option<&GatewayResponse> {
        match &self.state {
            OperationState::Pending(pending) => Some(&pending.response),
            OperationState::Decided(decision) => Some(decision.response()),
            OperationState::WaitsForDispute { .. } | OperationState::Unrecognized => None,
        }
    }

    /// The gateway's reference of the operation, once there is one.
    pub fn reference(&self) -> Option<&str> {
        self.response()?.reference.as_deref()
    }

    /// The pending state, while the outcome is not known.
    pub fn pending(&self) -> Option<&Pending> {
        if let OperationState::Pending(pending) = &self.state { Some(pending) } else { None }
    }

    pub(crate) fn pending_mut(&mut self) -> Option<&mut Pending> {
        if let OperationState::Pending(pending) = &mut self.state { Some(pending) } else { None }
    }

    /// The decision about the latest attempt.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        if let OperationState::Decided(decision) = &self.state { Some(decision) } else { None }
    }

    /// The operation as it was before its decision.
    pub(crate) fn as_pending(&self) -> Self {
        Self { state: Self::pending_from(self.created_at), ..self.clone() }
    }

    /// Why it was refused.
    pub fn decline(&self) -> Option<Decline> {
        match self.decision()? {
            Decision::Declined(_, decline) => Some(*decline),
            Decision::Approved(_) | Decision::NoEffect(..) => None,
        }
    }

    /// Why it had no effect.
    pub fn no_effect(&self) -> Option<NoEffect> {
        match self.decision()? {
            Decision::NoEffect(_, reason) => Some(*reason),
            Decision::Approved(_) | Decision::Declined(..) => None,
        }
    }

    /// When it is looked at again: while its outcome is not known, while a dispute holds it back,
    /// or once more after it was abandoned.
    pub fn next_inquiry_at(&self) -> Option<Timestamp> {
        let next = match &self.state {
            OperationState::Pending(pending) => Some(pending.next_inquiry_at),
            OperationState::WaitsForDispute { next_look_at } => Some(*next_look_at),
            OperationState::Decided(_) | OperationState::Unrecognized => None,
        };
        next.into_iter().chain(self.last_look_at).min()
    }

    /// Attempts that were abandoned and may still turn out to be done, the latest first.
    pub fn may_surface(&self) -> impl Iterator<Item = &Attempt> {
        let latest = self.decision().filter(|decision| decision.may_surface()).map(|_| &self.attempt);
        latest.into_iter().chain(self.abandoned())
    }

    /// The order ids of its attempts, the latest last.
    pub fn gateway_order_ids(&self) -> impl Iterator<Item = &str> {
        let earlier = self.superseded.iter().map(|earlier| &earlier.attempt);
        earlier.chain([&self.attempt]).map(|attempt| attempt.gateway_order_id.as_str())
    }

    /// Earlier attempts among them.
    pub fn abandoned(&self) -> impl Iterator<Item = &Attempt> {
        self.abandonments().map(|entry| &entry.attempt)
    }

    /// The decisions by which they were abandoned.
    fn abandonments(&self) -> impl Iterator<Item = &Superseded> {
        let may_surface = |entry: &&Superseded| entry.decision.as_ref().is_some_and(Decision::may_surface);
        // An attempt whose late approval was adopted is the one that counts. Of a refund that
        // waits, or ended so, none does.
        let waited = self.is(Stage::WaitsForDispute) || self.no_effect() == Some(NoEffect::EndedByPerson);
        let other = move |entry: &&Superseded| entry.attempt.id != self.attempt.id || waited;
        // Another was found done, too, and is on record.
        let is_refund = self.kind == super::Kind::Refund;
        let is_approval =
            move |entry: &Superseded| is_refund && matches!(entry.decision, Some(Decision::Approved(_)));
        let found = move |entry: &&Superseded| {
            self.superseded.iter().any(|other| other.attempt.id == entry.attempt.id && is_approval(other))
        };
        let abandoned = self.superseded.iter().rev().filter(may_surface).filter(other);
        abandoned.filter(move |entry| !found(entry))
    }

    /// An inquiry about the operation showed that nothing unproven was done. Those attempts no
    /// longer keep more money from moving; they are looked for once more, at
    /// [`last_look_at`](Self::last_look_at).
    pub(crate) fn prove_refusals(&mut self) {
        let proven = self.take_unproven();
        self.look_again.extend(proven);
    }

    /// An abandoned attempt turned out to be done beside the one that counts. It is put on record
    /// as the earliest abandoned one: a record need not say which attempt it is of.
    pub(crate) fn note_done_again(&mut self, approval: &GatewayResponse, now: Timestamp) {
        let Some(Superseded { attempt, amount, .. }) = self.abandonments().last() else { return };
        let (attempt, amount) = (attempt.clone(), *amount);
        self.supersede(attempt, amount, Decision::Approved(approval.to_keep()), now);
    }

    /// Takes refusals without proof as proven, and returns the ids of these attempts.
    pub(crate) fn take_unproven(&mut self) -> Vec<Uuid> {
        let mut proven = Vec::new();
        if let OperationState::Decided(decision) = &mut self.state
            && decision.prove()
        {
            proven.push(self.attempt.id);
        }
        let earlier = std::mem::take(&mut self.superseded);
        for mut entry in earlier {
            let was_unproven = entry.decision.as_mut().is_some_and(Decision::prove);
            if was_unproven {
                proven.push(entry.attempt.id);
            }
            match self.superseded.iter_mut().find(|other| was_unproven && other.is_like(&entry)) {
                Some(other) => other.absorb(entry),
                None => self.superseded.push(entry),
            }
        }
        proven
    }

    /// The order ids of the attempts that the last look is about next, besides those that [may
    /// surface](Self::may_surface).
    pub(crate) fn due_to_look_again(&self, now: Timestamp) -> &[Uuid] {
        let is_due = self.last_look_at.is_some_and(|due| due <= now);
        if is_due { &self.look_again[..self.look_again.len().min(LOOKS_AT_ONCE)] } else { &[] }
    }

    /// The state of an operation with an attempt that is sent now.
    pub(super) fn pending_from(now: Timestamp) -> OperationState {
        OperationState::Pending(Pending {
            doubt: None,
            response: GatewayResponse::default(),
            inquiries: 0,
            next_inquiry_at: now + FIRST_INQUIRY_AFTER,
            absent_since: None,
        })
    }

    /// Decides it. The earlier decision stays on record.
    pub(crate) fn decide(&mut self, mut decision: Decision, now: Timestamp) {
        self.supersede_decision();
        // A follow-up is no attempt that a scheme could forbid, and an order has many.
        if !self.kind.is_payment() {
            decision.forget_scheme();
        }
        self.state = OperationState::Decided(decision);
        self.updated_at = now;
    }

    /// Begins another attempt. The decision about the last one stays on record; `refused` is the
    /// decision that was not final, because the operation must succeed.
    pub(crate) fn attempt_again(
        &mut self,
        attempt_id: Uuid,
        amount: Amount,
        refused: Option<Decision>,
        now: Timestamp,
    ) {
        self.supersede_attempt(refused, now);
        self.amount = amount;
        self.attempt = Attempt {
            id: attempt_id,
            number: self.attempt.number.saturating_add(1),
            at: now,
            // One of its own, so that a record at the gateway belongs to exactly one attempt.
            gateway_order_id: super::gateway_order_id(attempt_id),
        };
        self.state = Self::pending_from(now);
        self.updated_at = now;
    }

    /// Holds it back until no chargeback of its order is open. `refused` is the decision about its
    /// last attempt.
    pub(crate) fn wait_for_dispute(&mut self, refused: Option<Decision>, now: Timestamp) {
        self.supersede_attempt(refused, now);
        if !self.is(Stage::WaitsForDispute) {
            self.updated_at = now;
        }
        self.look_at_disputes(now + DISPUTES_LOOKED_AT_EVERY);
        if self.abandoned().next().is_some() {
            self.last_look_at.get_or_insert(now + LAST_LOOK_AFTER);
        }
    }

    /// When the disputes that hold it back are looked at again.
    pub(crate) fn look_at_disputes(&mut self, next_look_at: Timestamp) {
        self.state = OperationState::WaitsForDispute { next_look_at };
    }

    /// A person decides that it is not owed, or gives the money back in its place.
    pub(crate) fn end_by_person(&mut self, now: Timestamp) {
        self.decide(Decision::NoEffect(GatewayResponse::default(), NoEffect::EndedByPerson), now);
    }

    /// The decision about its last attempt stays on record; `refused` is one that was not final.
    fn supersede_attempt(&mut self, refused: Option<Decision>, now: Timestamp) {
        self.supersede_decision();
        if let Some(decision) = refused {
            self.supersede(self.attempt.clone(), self.amount, decision, now);
        }
    }

    /// Makes it pending again, because the gateway contradicts the decision, which stays on record.
    pub(crate) fn reopen(&mut self, now: Timestamp) {
        self.supersede_decision();
        self.state = Self::pending_from(now);
    }

    fn supersede_decision(&mut self) {
        if let Some(decision) = self.decision().cloned() {
            self.supersede(self.attempt.clone(), self.amount, decision, self.updated_at);
        }
    }

    /// Adds a decision that no longer counts to those that were before it.
    fn supersede(&mut self, attempt: Attempt, amount: Amount, mut decision: Decision, at: Timestamp) {
        decision.forget_scheme();
        let (decision, carried) = (Some(decision), Carried::default());
        let new = Superseded { attempt, amount, decision, first_at: at, at, times: 1, carried };
        match self.superseded.iter_mut().find(|entry| entry.is_like(&new)) {
            Some(entry) => entry.absorb(new),
            None => self.superseded.push(new),
        }
    }

    /// Keeps an outcome that cannot be applied, because only a newer version knows the operation's
    /// state.
    pub(crate) fn keep_unapplied(&mut self, decision: Decision, now: Timestamp) {
        self.supersede(self.attempt.clone(), self.amount, decision, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        memory::new_operation,
        order::{Kind, Operation},
        values::DeclineCode,
    };

    fn no_effect(reason: NoEffect) -> Decision {
        Decision::NoEffect(GatewayResponse::default(), reason)
    }

    fn declined() -> Decision {
        let decline = Decline::of(DeclineCode::GenericDecline);
        Decision::Declined(GatewayResponse::default(), decline)
    }

    /// Refused, and an inquiry has to show that nothing was done.
    fn unproven(reason: NoEffect) -> Decision {
        Decision::NoEffect(GatewayResponse { unproven: true, ..GatewayResponse::default() }, reason)
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn pending() -> Operation {
        Operation::new(new_operation(Uuid::from_u128(1), Kind::Purchase, 100), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn decisions_share_an_entry_only_if_they_are_the_same_lack_of_an_effect() {
        use NoEffect::{Misconfigured, NeverArrived, TryAgain, Unreachable, Unrecognized};
        for (decisions, entries) in [
            (vec![no_effect(Unreachable), no_effect(Unreachable)], 1),
            (vec![no_effect(Unreachable), no_effect(TryAgain), no_effect(Unreachable)], 2),
            (vec![no_effect(Misconfigured), no_effect(TryAgain)], 2),
            // Which of a newer version's reasons it is cannot be told.
            (vec![no_effect(Unrecognized), no_effect(Unrecognized)], 2),
            // Each may still surface, under an order id of its own.
            (vec![no_effect(NeverArrived), no_effect(NeverArrived)], 2),
            (vec![unproven(TryAgain), no_effect(TryAgain)], 2),
            (vec![no_effect(TryAgain), unproven(TryAgain)], 2),
            (vec![declined(), declined()], 2),
            (vec![no_effect(Unreachable), declined()], 2),
        ] {
            let (mut operation, mut now) = (pending(), Timestamp::UNIX_EPOCH);
            for (n, decision) in decisions.iter().enumerate() {
                operation.decide(decision.clone(), now);
                now += jiff::SignedDuration::from_mins(1);
                let id = Uuid::from_u128(n as u128 + 2);
                operation.attempt_again(id, operation.amount, None, now);
            }
            assert_eq!(operation.superseded.len(), entries, "{decisions:?}");
            let times: u32 = operation.superseded.iter().map(|earlier| earlier.times).sum();
            assert_eq!(usize::try_from(times).unwrap(), decisions.len(), "{decisions:?}");
        }
    }

    #[test]
    fn what_cannot_be_applied_is_kept_and_a_schemes_words_only_where_they_are_of_a_payment_and_count() {
        let response = GatewayResponse { scheme: Some(Box::default()), ..GatewayResponse::default() };
        let said = Decision::Declined(response, Decline::of(DeclineCode::GenericDecline));
        let mut operation = Operation { state: OperationState::Unrecognized, ..pending() };
        operation.keep_unapplied(said.clone(), Timestamp::UNIX_EPOCH);
        assert_eq!(operation.superseded[0].decision, Some(declined()));
        assert!(operation.is(Stage::Unrecognized));
        let mut capture = Operation { kind: Kind::Capture, ..pending() };
        capture.decide(said, at(1));
        assert_eq!(capture.decision(), Some(&declined()));
    }

    #[test]
    fn an_operation_as_it_was_before_its_decision_waits_for_one() {
        let mut operation = pending();
        operation.decide(declined(), Timestamp::UNIX_EPOCH);
        assert!(operation.as_pending().is(Stage::Pending));
    }

    #[test]
    fn an_entry_that_is_shared_has_the_first_time_the_last_attempt_and_what_a_newer_version_stored() {
        let mut operation = pending();
        operation.decide(no_effect(NoEffect::Unreachable), at(1));
        operation.attempt_again(Uuid::from_u128(2), operation.amount, None, at(2));
        let first = &mut operation.superseded[0];
        first.carried.keep_member("later".to_owned(), true.into());
        let carried = first.carried.clone();
        operation.decide(no_effect(NoEffect::Unreachable), at(3));
        operation.attempt_again(Uuid::from_u128(3), operation.amount, None, at(4));
        let [shared] = operation.superseded.as_slice() else { panic!("{:?}", operation.superseded) };
        let times = (shared.first_at, shared.at, shared.times, operation.updated_at);
        assert_eq!(times, (at(1), at(3), 2, at(4)));
        assert_eq!((shared.attempt.id, &shared.carried), (Uuid::from_u128(2), &carried));
    }

    #[test]
    fn an_entry_that_only_a_newer_version_has_a_word_for_is_left_as_it_is() {
        let mut operation = pending();
        operation.decide(no_effect(NoEffect::Unreachable), at(1));
        operation.attempt_again(Uuid::from_u128(2), operation.amount, None, at(2));
        operation.superseded[0].decision = None;
        let before = operation.superseded[0].clone();
        operation.decide(no_effect(NoEffect::Unreachable), at(3));
        operation.attempt_again(Uuid::from_u128(3), operation.amount, None, at(4));
        assert_eq!((operation.superseded.len(), &operation.superseded[0]), (2, &before));
    }

    #[test]
    fn a_refund_that_a_person_ended_while_it_waited_may_still_surface() {
        let mut refund = Operation { kind: Kind::Refund, ..pending() };
        refund.wait_for_dispute(Some(no_effect(NoEffect::NeverArrived)), at(1));
        refund.wait_for_dispute(None, at(2));
        assert_eq!(refund.updated_at, at(1), "it has waited since");
        refund.end_by_person(at(3));
        assert_eq!(refund.abandoned().count(), 1);
    }

    #[test]
    fn a_refund_that_was_done_again_is_on_record_as_the_earliest_abandoned_attempt_with_its_amount() {
        let mut refund =
            Operation::new(new_operation(Uuid::from_u128(1), Kind::Refund, 50), Timestamp::UNIX_EPOCH);
        for (attempt, amount, minute) in [(2, 40, 1), (3, 30, 2), (4, 20, 3)] {
            refund.decide(no_effect(NoEffect::NeverArrived), at(minute));
            refund.attempt_again(Uuid::from_u128(attempt), Amount::new(amount).unwrap(), None, at(minute));
        }
        let approval = GatewayResponse::default();
        refund.decide(Decision::Approved(approval.clone()), at(4));
        for (minute, attempt, amount) in [(5, 1, 50), (6, 2, 40), (7, 3, 30)] {
            refund.note_done_again(&approval, at(minute));
            let noted = refund.superseded.last().unwrap();
            assert_eq!((noted.attempt.id, noted.amount.minor()), (Uuid::from_u128(attempt), amount));
            assert_eq!(
                (noted.at, &noted.decision),
                (at(minute), &Some(Decision::Approved(approval.clone())))
            );
        }
        let before = refund.clone();
        refund.note_done_again(&approval, at(8));
        assert_eq!(refund, before, "no attempt is left that it could be of");
        let payment = Operation { kind: Kind::Purchase, ..refund };
        assert_eq!(payment.abandoned().count(), 3, "an approval of it that was withdrawn proves nothing");
    }

    #[test]
    fn every_attempt_that_was_refused_without_proof_is_looked_for_again_once_it_is_due() {
        let (mut operation, ids) = (pending(), [1, 2, 3, 4, 5, 6].map(Uuid::from_u128));
        let unproven = || unproven(NoEffect::TryAgain);
        let proven = no_effect(NoEffect::TryAgain);
        let decisions = [declined(), unproven(), proven, unproven(), unproven(), unproven()];
        for (n, decision) in decisions.into_iter().enumerate() {
            operation.decide(decision, at(1));
            if let Some(next) = ids.get(n + 1) {
                operation.attempt_again(*next, operation.amount, None, at(2));
            }
        }
        operation.superseded[3].carried.keep_member("later".to_owned(), true.into());
        operation.prove_refusals();
        assert_eq!(operation.look_again, [ids[5], ids[1], ids[3], ids[4]]);
        // Refusals that are equal and proven share an entry, if no newer version added members.
        let times: Vec<u32> = operation.superseded.iter().map(|entry| entry.times).collect();
        assert_eq!(times, [1, 2, 1, 1]);
        assert_eq!(operation.superseded[0].decision, Some(declined()));
        operation.last_look_at = Some(at(60));
        assert!(operation.due_to_look_again(at(59)).is_empty());
        assert_eq!(operation.due_to_look_again(at(60)), [ids[5], ids[1], ids[3], ids[4]]);
        // Now there is nothing to prove, nor has an approval anything.
        assert!(operation.take_unproven().is_empty());
        let mut operation = pending();
        operation.decide(Decision::Approved(GatewayResponse::default()), at(1));
        assert!(operation.take_unproven().is_empty());
    }
}
