//! Refunds that a rule owes, beside chargebacks of the order's charges.

use jiff::SignedDuration;

use super::*;
use crate::{
    journal::{Concern, concerns, entries},
    order::{ByHand, Decision, HandVerdict, Mechanism, decide_by_hand, rules::to_refund},
    values::SignedAmount,
};

/// Two charges of one order: the first stands, and the second was found late and has settled. The
/// gateway has refused its refund once.
struct TwoCharges {
    fixture: Fixture,
    stands: Uuid,
    late: OperationRef,
    refund: OperationRef,
}

const STANDS: &str = "r2";
const LATE: &str = "late";

impl TwoCharges {
    fn new() -> Self {
        let mut found = Self::found();
        found.settles();
        found
    }

    /// The void of the second charge is under way.
    fn found() -> Self {
        let (mut fixture, late) = super::late::given_up();
        let first = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
        let approved =
            Outcome::Approved(GatewayResponse { charged: Some(amount(TOTAL).into()), ..response_as(STANDS) });
        fixture.told(first, &approved);
        fixture.later(3_600);
        let approved =
            Outcome::Approved(GatewayResponse { charged: Some(amount(TOTAL).into()), ..response_as(LATE) });
        let Some(NextStep::Send(void)) = fixture.learns(late, &became(approved)) else { panic!("no void") };
        Self { fixture, stands: first.transaction, late, refund: void }
    }

    /// It is too late for the void: a refund is owed from now on.
    fn settles(&mut self) -> NextStep {
        let next = self.fixture.told(self.refund, &not_done(NoEffect::AlreadySettled));
        let refund = self.fixture.transaction(self.late.transaction).operations.last().unwrap();
        assert_eq!(refund.kind, Kind::Refund);
        self.refund.operation = refund.id;
        next
    }

    fn bank(&mut self, kind: DisputeKind, reference: &str, minor: u64) {
        let reference = (kind == DisputeKind::Chargeback).then(|| reference.to_owned());
        let report = DisputeReport { reference, ..dispute_report(kind, "c", "1", minor) };
        self.fixture.order.record_dispute(&report, self.fixture.now).unwrap();
    }

    fn gateway_refuses(&mut self) -> Option<NextStep> {
        self.fixture.later(300);
        self.fixture.learns(self.refund, &became(not_done(NoEffect::Unreachable)))
    }

    fn waits(&self) -> bool {
        self.fixture.operation(self.refund).is(Stage::WaitsForDispute)
    }

    /// Whether the refund is to be looked at now, and what follows then.
    fn look(&mut self) -> Option<NextStep> {
        let now = self.fixture.now;
        self.fixture.order.due_for_look_at_disputes(now).find(|at| *at == self.refund)?;
        let new_id = || Uuid::from_u128(900);
        let context = Context { policy: &self.fixture.policy, shop: None, now, new_id: &new_id };
        send_held_back(&mut self.fixture.order, self.refund, &context)
    }

    fn concerns(&self) -> Vec<Concern> {
        let order = &self.fixture.order;
        concerns(order, order.transaction(self.late.transaction).unwrap(), self.fixture.now)
    }

    fn decide(&mut self, verdict: HandVerdict) {
        let now = self.fixture.now;
        let (by, reason) = ("Ann".parse().unwrap(), "the case is lost".parse().unwrap());
        let context =
            Context { policy: &self.fixture.policy, shop: None, now, new_id: &|| Uuid::from_u128(901) };
        let decision = ByHand::new(verdict, &by, &reason, now);
        decide_by_hand(&mut self.fixture.order, self.refund, &decision, None, &context).unwrap();
    }

    fn refund_late(&mut self, minor: Option<u64>) -> Result<OperationRef, Rejection> {
        self.fixture.refund(self.late.transaction, minor).map(crate::order::tests::fixture::Planned::sent)
    }
}

fn response_as(reference: &str) -> GatewayResponse {
    GatewayResponse { reference: Some(reference.to_owned()), ..GatewayResponse::default() }
}

#[test]
fn a_refund_that_a_rule_owes_is_not_sent_again_once_a_chargeback_of_either_charge_is_open() {
    for disputed in [LATE, STANDS] {
        let mut story = TwoCharges::new();
        assert_eq!(story.gateway_refuses(), Some(NextStep::Send(story.refund)), "{disputed}: no case yet");
        story.bank(DisputeKind::Chargeback, disputed, TOTAL);
        assert_eq!(story.gateway_refuses(), Some(NextStep::Respond), "{disputed}");
        assert!(story.waits());
        let refund = story.fixture.operation(story.refund);
        assert_eq!((refund.attempt.number, refund.superseded.len()), (2, 1), "each refusal is on record");
    }
}

#[test]
fn no_trace_of_a_refund_that_a_rule_owes_does_not_send_it_beside_a_chargeback_and_it_may_still_surface() {
    let mut story = TwoCharges::new();
    story.bank(DisputeKind::Chargeback, STANDS, 100);
    for seconds in [3_600, 60] {
        story.fixture.later(seconds);
        story.fixture.learns(story.refund, &Finding::Absent);
    }
    assert!(story.waits());
    let suspects: Vec<_> = story.fixture.order.suspects(Kind::Refund, story.late.transaction).collect();
    assert!(suspects.contains(&story.refund), "it is looked for before the next refund");
    story.fixture.later(3_600);
    let finding = found(&story.fixture, story.refund);
    story.fixture.learns(story.refund, &finding);
    assert!(story.fixture.operation(story.refund).is(Stage::Approved));
    assert_eq!(story.fixture.order.suspects(Kind::Refund, story.late.transaction).count(), 0);
}

#[test]
fn the_late_response_to_a_refund_that_waits_by_now_is_adopted_and_a_refusal_changes_nothing() {
    let mut story = TwoCharges::new();
    story.bank(DisputeKind::Chargeback, STANDS, 100);
    story.gateway_refuses();
    let waiting = story.fixture.order.clone();
    story.fixture.later(1);
    story.fixture.told(story.refund, &not_done(NoEffect::Unreachable));
    assert_eq!(story.fixture.order, waiting);
    let approved = approval(story.fixture.operation(story.refund));
    story.fixture.told(story.refund, &approved);
    assert!(story.fixture.operation(story.refund).is(Stage::Approved));
}

#[test]
fn a_finding_that_may_send_a_refund_by_rule_is_told_from_every_other_one() {
    let of = |story: TwoCharges| story.fixture.operation(story.refund).clone();
    let (owed, void) = (of(TwoCharges::new()), of(TwoCharges::found()));
    let approved = became(Outcome::Approved(GatewayResponse::default()));
    let [refused, settled] = [NoEffect::TryAgain, NoEffect::AlreadySettled].map(not_done).map(became);
    let findings = [Finding::Absent, refused, settled, approved, Finding::Undecided];
    for (operation, expected) in [
        (owed.clone().through(Mechanism::Manual), [false; 5]),
        (Operation { cause: Cause::Requested, ..owed.clone() }, [false; 5]),
        (owed, [true, true, true, false, false]),
        (void, [false, false, true, false, false]),
    ] {
        let found = findings.each_ref().map(|finding| operation.may_lead_to_refund(finding));
        assert_eq!(found, expected, "{operation:?}");
    }
}

/// Find, settle, chargeback and reversal in each order that they can have.
#[test]
fn the_order_of_reports_does_not_decide_whether_a_second_charge_is_given_back() {
    for disputed in [LATE, STANDS] {
        // The void comes too late after this many of the bank's reports; the case is won in the
        // end.
        for reports_before in 0..=2 {
            let mut story = TwoCharges::found();
            let reports = [DisputeKind::Chargeback, DisputeKind::Reversal];
            let mut next = None;
            for n in 0..=2 {
                if n == reports_before {
                    next = Some(story.settles());
                }
                if let Some(kind) = reports.get(n) {
                    story.bank(*kind, disputed, TOTAL);
                }
            }
            match reports_before {
                1 => {
                    assert!(story.waits(), "{disputed}");
                    assert_eq!(story.look(), Some(NextStep::Send(story.refund)), "the reversal wakes it");
                }
                _ => assert_eq!(next, Some(NextStep::Send(story.refund)), "{disputed} {reports_before}"),
            }
            let refund = story.fixture.operation(story.refund);
            assert_eq!((refund.attempt.number, refund.attempt.id), (1, refund.id), "sent once");
            story.fixture.approve(story.refund);
            assert!(!story.concerns().contains(&Concern::FoundLate), "given back");
            assert_eq!(story.fixture.operation(story.refund).next_inquiry_at(), None);
        }
    }
}

#[test]
fn a_refund_waits_visibly_is_in_no_doubt_and_is_looked_at_daily_for_as_long_as_it_waits() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    assert_eq!(story.settles(), NextStep::Respond);
    let month = SignedDuration::from_hours(31 * 24);
    for _ in 0..40 {
        story.fixture.now += SignedDuration::from_hours(24);
        assert_eq!(story.look(), Some(NextStep::Respond), "the case is not over");
        assert_eq!(story.look(), None, "once a day");
    }
    // A look that cannot be taken is put off by minutes.
    story.fixture.now += SignedDuration::from_hours(24);
    assert!(story.fixture.order.put_off(story.refund, story.fixture.now));
    assert_eq!(story.look(), None);
    story.fixture.now += PUT_OFF;
    let due: Vec<_> = story.fixture.order.due_for_look_at_disputes(story.fixture.now).collect();
    assert_eq!((due, story.look()), (vec![story.refund], Some(NextStep::Respond)));
    assert!(story.fixture.now.duration_since(story.fixture.order.created_at) > month);
    assert_eq!(story.concerns(), [Concern::FoundLate, Concern::RefundHeldBack]);
    let transaction = story.fixture.transaction(story.late.transaction);
    assert_eq!((transaction.status(), transaction.pending()), (TransactionStatus::Failed, None));
    assert_eq!(story.fixture.order.needs_attention_from(), None, "nothing is in doubt");
    let mut due = story.fixture.order.due_for_inquiry(story.fixture.now);
    assert!(!due.any(|at| at == story.refund));
    drop(due);
    // A part is not all of it.
    story.bank(DisputeKind::Reversal, STANDS, TOTAL - 1);
    assert_eq!(story.look(), None);
}

#[test]
fn a_void_is_never_held_back() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    let next = story.fixture.learns(story.refund, &became(not_done(NoEffect::Unreachable)));
    assert_eq!(next, Some(NextStep::Send(story.refund)));
    assert_eq!(story.fixture.operation(story.refund).kind, Kind::Void);
}

#[test]
fn a_person_ends_a_refund_whose_case_is_lost_and_it_is_done_with() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, LATE, TOTAL);
    story.settles();
    story.decide(HandVerdict::NotDone);
    let refund = story.fixture.operation(story.refund);
    assert_eq!((refund.no_effect(), refund.by_hand.len()), (Some(NoEffect::EndedByPerson), 1));
    assert_eq!(story.concerns(), [Concern::Disputed]);
    assert_eq!(story.fixture.operation(story.refund).next_inquiry_at(), None);
    // It stays ended when the case is won after all: a person has decided.
    story.bank(DisputeKind::Reversal, LATE, TOTAL);
    assert_eq!(story.look(), None);
    let told = entries(None, &story.fixture.order);
    assert!(told.iter().any(|entry| entry.by_hand.is_some()), "with name and reason");
}

#[test]
fn a_person_says_that_a_refund_that_waits_was_made_in_the_portal() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, LATE, TOTAL);
    story.settles();
    story.decide(HandVerdict::Done);
    assert!(story.fixture.operation(story.refund).is(Stage::Approved));
}

/// The payment is declined, and its money is there all the same.
#[test]
fn a_refund_with_the_tick_takes_the_place_of_the_one_that_waits() {
    for minor in [None, Some(100)] {
        let mut story = TwoCharges::found();
        story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
        story.settles();
        let before = story.fixture.order.clone();
        let id = story.late.transaction;
        assert_eq!(story.refund_late(minor), Err(Rejection::PaymentDisputed(id)));
        story.fixture.refund_disputed = true;
        assert_eq!(story.refund_late(Some(TOTAL + 1)), Err(Rejection::ExceedsRefundable(amount(TOTAL))));
        assert_eq!(story.fixture.void(id), Err(Rejection::TransactionFailed));
        assert_eq!(story.fixture.order, before);
        // Nothing is begun beside another operation in doubt.
        let mut busy = story.fixture.transaction(id).clone();
        busy.operations.push(busy.operations[0].as_pending());
        assert_eq!(to_refund(&busy), Err(Rejection::OperationInProgress(id)));
        let theirs = story.refund_late(minor).unwrap();
        // One write ends one and begins the other.
        let pending = story.fixture.order.operations().filter(|(_, one)| one.is(Stage::Pending));
        assert_eq!(pending.map(|(_, one)| one.id).collect::<Vec<_>>(), [theirs.operation]);
        let owed = story.fixture.operation(story.refund).clone();
        assert_eq!(owed.no_effect(), Some(NoEffect::EndedByPerson));
        assert_eq!(story.refund_late(minor), Err(Rejection::OperationInProgress(id)));
        story.fixture.approve(theirs);
        assert_eq!(*story.fixture.operation(story.refund), owed, "it ended once");
        let transaction = story.fixture.transaction(id);
        assert_eq!((transaction.captured(), transaction.refunded()), (Amount::ZERO, Amount::ZERO));
        assert_eq!(
            (transaction.status(), transaction.refundable()),
            (TransactionStatus::Failed, Amount::ZERO)
        );
        assert_eq!(story.concerns(), []);
        let sum = entries(None, &story.fixture.order).iter().map(|entry| entry.changes.gateway.minor()).sum();
        let kept = i64::try_from(TOTAL - minor.unwrap_or(TOTAL)).unwrap();
        assert_eq!(SignedAmount::new(sum), SignedAmount::new(kept + i64::try_from(TOTAL).unwrap()));
        assert_eq!(story.refund_late(minor), Err(Rejection::TransactionFailed));
    }
}

#[test]
fn if_the_refund_of_a_person_is_refused_the_one_that_a_rule_owes_waits_again_until_theirs_turns_up() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    story.settles();
    story.fixture.refund_disputed = true;
    let theirs = story.refund_late(None).unwrap();
    story.fixture.told(theirs, &not_done(NoEffect::Unreachable));
    assert!(story.waits());
    // The same request again is another attempt of theirs.
    assert_eq!(story.refund_late(None), Ok(theirs));
    story.fixture.told(theirs, &unknown());
    assert!(!story.waits());
    for seconds in [3_600, 60] {
        story.fixture.later(seconds);
        story.fixture.learns(theirs, &Finding::Absent);
    }
    assert!(story.waits());
    story.fixture.later(3_600);
    let finding = found(&story.fixture, theirs);
    story.fixture.learns(theirs, &finding);
    assert!(story.fixture.operation(theirs).is(Stage::Approved));
    assert_eq!(story.fixture.operation(story.refund).no_effect(), Some(NoEffect::EndedByPerson));
}

#[test]
fn a_refund_of_a_person_that_turns_up_beside_their_next_one_leaves_nothing_owed_if_that_is_refused() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    story.settles();
    story.fixture.refund_disputed = true;
    let first = story.refund_late(Some(500)).unwrap();
    story.fixture.told(first, &unknown());
    for seconds in [3_600, 60] {
        story.fixture.later(seconds);
        story.fixture.learns(first, &Finding::Absent);
    }
    assert!(story.waits());
    let next = story.refund_late(Some(270)).unwrap();
    story.fixture.later(3_600);
    let finding = found(&story.fixture, first);
    story.fixture.learns(first, &finding);
    story.fixture.told(next, &not_done(NoEffect::Unreachable));
    assert!(!story.waits(), "the customer has the money");
}

#[test]
fn a_refund_of_another_charge_leaves_the_one_that_waits_as_it_is() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, LATE, TOTAL);
    story.settles();
    let other = story.fixture.refund(story.stands, Some(100)).unwrap().sent();
    story.fixture.approve(other);
    assert!(story.waits());
    assert_eq!(story.fixture.transaction(story.stands).refunded(), amount(100));
}

#[test]
fn the_refund_of_a_second_charge_beside_its_payment_waits_and_the_payment_can_be_refunded() {
    let (mut fixture, at, void) = super::giving_back::charged_twice();
    let report = DisputeReport {
        reference: Some("second".to_owned()),
        ..dispute_report(DisputeKind::Chargeback, "c", "1", TOTAL)
    };
    fixture.order.record_dispute(&report, fixture.now).unwrap();
    fixture.learns(void, &became(not_done(NoEffect::AlreadySettled)));
    let waiting = fixture.transaction(at.transaction).operations.last().unwrap().clone();
    assert!(waiting.is(Stage::WaitsForDispute));
    fixture.refund_disputed = true;
    let first = fixture.refund(at.transaction, None).unwrap().sent();
    fixture.approve(first);
    let transaction = fixture.transaction(at.transaction);
    assert_eq!(transaction.refunded(), amount(TOTAL));
    assert_eq!(transaction.operations.iter().find(|one| one.id == waiting.id), Some(&waiting));
}

/// It may have an open chargeback that it has no room for.
#[test]
fn an_order_that_is_full_of_reports_refunds_nothing_by_rule() {
    let mut story = TwoCharges::found();
    for n in 0..crate::order::DISPUTES_MAX / 2 {
        for kind in [DisputeKind::Chargeback, DisputeKind::Reversal] {
            let reference = (kind == DisputeKind::Chargeback).then(|| STANDS.to_owned());
            let report = DisputeReport { reference, ..dispute_report(kind, &n.to_string(), "1", 1) };
            story.fixture.order.record_dispute(&report, story.fixture.now).unwrap();
        }
    }
    assert_eq!(story.settles(), NextStep::Respond);
    assert!(story.waits());
}

#[test]
fn a_decision_by_hand_is_about_the_operation_in_doubt_before_one_that_waits() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    story.settles();
    let chosen = |story: &TwoCharges| {
        story.fixture.transaction(story.late.transaction).to_decide_by_hand().map(|one| one.id)
    };
    assert_eq!(chosen(&story), Some(story.refund.operation));
    story.fixture.refund_disputed = true;
    let theirs = story.refund_late(None).unwrap();
    assert_eq!(chosen(&story), Some(theirs.operation));
    story.fixture.approve(theirs);
    assert_eq!(chosen(&story), None);
}

#[test]
fn a_decision_that_a_dispute_ended_a_refund_is_on_record_once() {
    let mut story = TwoCharges::found();
    story.bank(DisputeKind::Chargeback, STANDS, TOTAL);
    story.settles();
    story.fixture.refund_disputed = true;
    for _ in 0..3 {
        let theirs = story.refund_late(None).unwrap();
        story.fixture.told(theirs, &not_done(NoEffect::Unreachable));
    }
    let owed = story.fixture.operation(story.refund);
    let decisions: Vec<_> = owed.superseded.iter().map(|one| (one.decision.clone(), one.times)).collect();
    let ended = Decision::NoEffect(GatewayResponse::default(), NoEffect::EndedByPerson);
    assert_eq!(decisions, [(Some(ended), 3)]);
    // The refund by rule turns up while theirs is pending, and is not owed again.
    let theirs = story.refund_late(None).unwrap();
    let owed = story.fixture.order.operation_mut(story.refund).unwrap();
    owed.decide(Decision::Approved(GatewayResponse::default()), story.fixture.now);
    story.fixture.told(theirs, &not_done(NoEffect::Unreachable));
    assert!(!story.waits());
}
