//! The stated possibilities of a payment are what its order's rules decide, whatever happened
//! before.

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use super::{
    Fixture, amount,
    fixture::Planned,
    journal::{Happens, happens, play, with_fees},
};
use crate::{
    order::{
        Action, AdvisedAgainst, Asker, Attribution, BatchState, CaptureAt, FeeBasis, NextAction, NotPossible,
        PartialCapture, PaymentKind, Possibility, Possible, Rejection, Target, TransactionStatus,
    },
    values::{Amount, Currency, RefundMax, StoredCard},
};

const CASES: u32 = 10_000;

/// An order's past, the merchant's rules, and who wants to know.
#[derive(Clone, Debug)]
struct Case {
    /// An approved payment to begin with, and how much of it is captured.
    begins: (PaymentKind, u64, Option<u64>),
    happens: Vec<Happens>,
    is_external: bool,
    has_stored_cards: bool,
    has_fees: bool,
    basis: Option<FeeBasis>,
    barred: Option<NotPossible>,
    refund_max: Option<u64>,
    batch: BatchState,
}

fn cases() -> impl Strategy<Value = Case> {
    let basis = prop_oneof![Just(None), Just(Some(FeeBasis::Total)), Just(Some(FeeBasis::Subtotal))];
    let barred = prop_oneof![
        6 => Just(None),
        1 => Just(Some(NotPossible::Forbidden)),
        1 => Just(Some(NotPossible::PaymentsStopped)),
    ];
    let refund_max = prop_oneof![3 => Just(None), 1 => (0..3_000_u64).prop_map(Some), 1 => Just(Some(0))];
    let batch =
        prop_oneof![Just(BatchState::Settled), Just(BatchState::NotSettled), Just(BatchState::Unknown)];
    let kind = prop_oneof![2 => Just(PaymentKind::Authorize), 1 => Just(PaymentKind::Purchase)];
    (
        (kind, 500..2_500_u64, prop::option::of(1..2_500_u64)),
        prop::collection::vec(happens(), 0..12),
        (any::<bool>(), any::<bool>(), any::<bool>()),
        (basis, barred, refund_max, batch),
    )
        .prop_map(
            |(
                begins,
                happens,
                (is_external, has_stored_cards, has_fees),
                (basis, barred, refund_max, batch),
            )| Case {
                begins,
                happens,
                is_external,
                has_stored_cards,
                has_fees,
                basis,
                barred,
                refund_max,
                batch,
            },
        )
}

/// The order after its past, with requests by a person.
fn told(case: &Case) -> Fixture {
    let mut fixture = if case.is_external { Fixture::external() } else { Fixture::new() };
    let (kind, minor, captured) = case.begins;
    let id = fixture.approved(kind, Some(minor));
    let captured = captured.filter(|_| kind == PaymentKind::Authorize).map(|most| most.min(minor));
    if let Some(Ok(capture)) = captured.map(|part| fixture.capture(id, Some(part))) {
        fixture.approve(capture.sent());
    }
    play(&mut fixture, &case.happens);
    if case.has_stored_cards {
        let card = || Some(StoredCard { profile: "16".to_owned(), account: "1".to_owned() });
        fixture.order.transactions.iter_mut().for_each(|transaction| transaction.paid_with = card());
    }
    if case.has_fees {
        fixture.order = with_fees(fixture.order);
    }
    fixture.policy.fee_basis = case.basis;
    fixture.attribution = Attribution::new(None, None, None);
    let limits = case.refund_max.map(|most| [(Currency::USD, amount(most))].into());
    fixture.refund_max = limits.map_or(RefundMax::Unlimited, RefundMax::By);
    fixture
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Capture,
    Refund,
    Cancel,
    Reauthorize,
}

impl Act {
    const ALL: [Self; 4] = [Self::Capture, Self::Refund, Self::Cancel, Self::Reauthorize];

    fn of(self, possible: &Possible) -> Possibility {
        match self {
            Self::Capture => possible.capture,
            Self::Refund => possible.refund,
            Self::Cancel => possible.cancel,
            Self::Reauthorize => possible.reauthorize,
        }
    }

    /// The rules' word about a request for so much, which changes nothing. A cancel names no
    /// amount: its plan has to move exactly this one.
    fn decided(self, fixture: &mut Fixture, id: Uuid, minor: u64) -> Result<(), Rejection> {
        let before = fixture.order.clone();
        let (target, key) = (Target::Transaction(id), Some("of the property"));
        let wanted = Some(amount(minor));
        let planned = match self {
            Self::Capture => {
                fixture.ask(Action::Capture { target, amount: wanted, custom_reference: None }, key)
            }
            Self::Refund => fixture.ask(Action::Refund { target, amount: wanted, mechanism: None }, key),
            Self::Cancel => fixture.ask(Action::Void { target, reopen: true }, key),
            Self::Reauthorize => fixture.reauthorize_at(id, Some(minor), CaptureAt::Never, key),
        };
        let result = planned.map(|planned| match planned {
            Planned::Sent(at) | Planned::Recorded(at) => {
                assert_eq!(fixture.operation(at).amount, amount(minor));
            }
            Planned::Replayed(at) => panic!("{at:?} is no repetition"),
        });
        fixture.order = before;
        result
    }
}

/// An action on a payment, and the rules' word about requests for it.
struct Requests<'a> {
    act: Act,
    id: Uuid,
    fixture: &'a mut Fixture,
}

impl Requests<'_> {
    fn decided(&mut self, minor: u64, is_meant: bool, limit: &RefundMax) -> Result<(), Rejection> {
        self.fixture.refund_disputed = is_meant;
        self.fixture.refund_max = limit.clone();
        self.act.decided(self.fixture, self.id, minor)
    }

    fn accepted(&mut self, minor: u64, limit: &RefundMax) -> bool {
        self.decided(minor, true, limit).is_ok()
    }

    /// Every amount up to this one is accepted, or only this one, and no greater one.
    fn are_accepted_up_to(&mut self, most: Amount, stated: &Possibility, limit: &RefundMax) {
        let most = most.minor();
        assert!(self.accepted(most, limit), "{most} is accepted");
        let is_refused_unless_meant =
            self.decided(most, false, limit) == Err(Rejection::PaymentDisputed(self.id));
        assert_eq!(is_refused_unless_meant, stated.needs_refund_disputed, "refund_disputed");
        if self.act == Act::Cancel {
            return;
        }
        assert!(!self.accepted(most + 1, limit), "no more than {most} is accepted");
        for part in [1, most / 2, most.saturating_sub(1)].into_iter().filter(|part| (1..most).contains(part))
        {
            assert_eq!(self.accepted(part, limit), !stated.whole_only, "{part} of {most} is accepted");
        }
    }
}

/// Compares what is stated about an action with the rules.
fn check(act: Act, stated: &Possibility, fixture: &mut Fixture, id: Uuid) {
    let own = fixture.refund_max.clone();
    let mut requests = Requests { act, id, fixture };
    match (stated.why, stated.most) {
        (None, Some(most)) => requests.are_accepted_up_to(most, stated, &own),
        // Only the role or a stop is in the way.
        (Some(NotPossible::Forbidden | NotPossible::PaymentsStopped), Some(most)) => {
            requests.are_accepted_up_to(most, stated, &RefundMax::Unlimited);
        }
        (Some(NotPossible::ExceedsRefundMax), Some(most)) => {
            assert_eq!(stated.by_proposal, Some(most));
            for minor in [1, most.minor()].into_iter().filter(|_| act != Act::Cancel || most == amount(1)) {
                assert!(!requests.accepted(minor, &own), "{minor} is more than the person may give back");
            }
        }
        (Some(_), None) => {
            for minor in [1, 100, 1_300, 2_599, 10_000] {
                assert!(!requests.accepted(minor, &RefundMax::Unlimited), "{minor} is refused");
            }
        }
        other => panic!("{other:?}"),
    }
    if let Some(most) = stated.by_proposal {
        assert!(stated.why.is_some() || stated.most < Some(most), "it is more than the person's own");
        requests.are_accepted_up_to(most, stated, &RefundMax::Unlimited);
    }
    requests.fixture.refund_max = own;
}

/// The advice, and the next steps for whoever asks.
fn check_advice(possible: &Possible, case: &Case, fixture: &Fixture, id: Uuid) {
    let (order, transaction) = (&fixture.order, fixture.transaction(id));
    let capturable = transaction.left(fixture.now).capturable;
    if possible.capture.most.is_some() {
        let has_lapsed = possible.capture.advised_against == Some(AdvisedAgainst::AuthorizationLapsed);
        assert_eq!(has_lapsed, capturable.is_zero());
    }
    if possible.cancel.most.is_some() {
        let has_settled = possible.cancel.advised_against == Some(AdvisedAgainst::Settled);
        assert_eq!(has_settled, case.batch == BatchState::Settled);
    }
    for stated in [possible.refund, possible.cancel].iter().filter(|stated| stated.needs_refund_disputed) {
        assert!(stated.advised_against.is_some() && !stated.is_advised());
    }
    let next = order.next_actions(transaction, case.batch, fixture.now);
    if transaction.status() == TransactionStatus::Pending {
        assert_eq!(next, [NextAction::Confirm]);
        return;
    }
    for (act, step) in Act::ALL.into_iter().zip([
        NextAction::Capture,
        NextAction::Refund,
        NextAction::Cancel,
        NextAction::Reauthorize,
    ]) {
        let stated = act.of(possible);
        let is_next = stated.most.is_some() && stated.advised_against.is_none();
        // A fee without a basis is the merchant's set-up, not the payment's state.
        let is_open = stated.why == Some(NotPossible::FeeBasisRequired);
        assert!(is_open || next.contains(&step) == is_next, "{step:?} of {next:?}, {stated:?}");
    }
}

#[test]
fn the_rules_accept_each_action_up_to_the_stated_amount_and_refuse_it_above() {
    let seen = RefCell::new(BTreeMap::<(Act, &str), usize>::new());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&cases(), |case| {
        let mut fixture = told(&case);
        let ids: Vec<Uuid> = fixture.order.transactions.iter().map(|transaction| transaction.id).collect();
        for id in ids {
            let refund_max = fixture.refund_max.clone();
            let asker = Asker {
                barred: case.barred,
                refund_max: &refund_max,
                person: None,
                policy: &fixture.policy,
                batch: case.batch,
                now: fixture.now,
            };
            let possible = fixture.order.possible(fixture.transaction(id), &asker);
            check_advice(&possible, &case, &fixture, id);
            for act in Act::ALL {
                let stated = act.of(&possible);
                check(act, &stated, &mut fixture, id);
                let labels = [
                    Some(stated.why.map_or("possible", NotPossible::as_str)),
                    stated.advised_against.map(AdvisedAgainst::as_str),
                    stated.by_proposal.map(|_| "by proposal"),
                    (stated.whole_only && stated.most > Some(amount(1))).then_some("whole only"),
                    stated.needs_refund_disputed.then_some("needs refund_disputed"),
                ];
                for label in labels.into_iter().flatten() {
                    *seen.borrow_mut().entry((act, label)).or_default() += 1;
                }
            }
        }
        Ok(())
    });
    result.unwrap();
    let seen = seen.into_inner();
    for wanted in [
        (Act::Capture, "possible"),
        (Act::Capture, "whole only"),
        (Act::Capture, "authorization_lapsed"),
        (Act::Capture, "already_captured"),
        (Act::Capture, "operation_in_progress"),
        (Act::Capture, "forbidden"),
        (Act::Capture, "payments_stopped"),
        (Act::Refund, "possible"),
        (Act::Refund, "whole only"),
        (Act::Refund, "by proposal"),
        (Act::Refund, "exceeds_refund_max"),
        (Act::Refund, "needs refund_disputed"),
        (Act::Refund, "not_captured"),
        (Act::Refund, "already_refunded"),
        (Act::Cancel, "possible"),
        (Act::Cancel, "settled"),
        (Act::Cancel, "disputed"),
        (Act::Cancel, "partly_refunded"),
        (Act::Cancel, "already_cancelled"),
        (Act::Cancel, "exceeds_refund_max"),
        (Act::Reauthorize, "possible"),
        (Act::Reauthorize, "no_stored_card"),
        (Act::Reauthorize, "nothing_released"),
        (Act::Reauthorize, "already_paid"),
        (Act::Reauthorize, "transaction_failed"),
    ] {
        assert!(seen.get(&wanted).is_some_and(|times| *times > 0), "{wanted:?} in {seen:#?}");
    }
}

impl Fixture {
    /// The possible actions on the first payment, for a caller without a person.
    pub(super) fn possible(&self, batch: BatchState) -> Possible {
        let (refund_max, policy, now) = (&self.refund_max, &self.policy, self.now);
        let asker = Asker { barred: None, refund_max, person: None, policy, batch, now };
        self.order.possible(&self.order.transactions[0], &asker)
    }
}

#[test]
fn no_more_than_the_limit_is_given_back_and_a_refund_becomes_a_void_until_the_batch_is_taken() {
    let limit = |minor| RefundMax::By([(Currency::USD, amount(minor))].into());
    let (mut taken, exceeds) = (Fixture::new(), Some(NotPossible::ExceedsRefundMax));
    taken.approved(PaymentKind::Purchase, Some(500));
    for (minor, batch, by_proposal, not_cancelled, becomes_void) in [
        (500, BatchState::Settled, None, None, Some(false)),
        (499, BatchState::NotSettled, Some(amount(500)), exceeds, Some(true)),
    ] {
        taken.refund_max = limit(minor);
        let Possible { refund, cancel, refund_becomes_void, .. } = taken.possible(batch);
        assert_eq!((refund.most, refund.by_proposal), (Some(amount(minor)), by_proposal));
        assert_eq!((cancel.why, refund_becomes_void), (not_cancelled, becomes_void));
    }
    let mut held = Fixture::new();
    held.refund_max = limit(0);
    held.approved(PaymentKind::Authorize, None);
    held.order.transactions[0].recording = Some(Box::default());
    let Possible { cancel, capture, .. } = held.possible(BatchState::NotSettled);
    assert_eq!(cancel.why, None, "nothing was taken");
    assert!(capture.whole_only, "its shop shows no part of a capture");
}

#[test]
fn no_rest_is_held_anew_that_the_payments_shop_cannot_show_or_whose_order_is_canceled_there() {
    let mut fixture = Fixture::new();
    fixture.captured(2_000);
    let rest = |fixture: &Fixture| fixture.possible(BatchState::Unknown).reauthorize.why;
    let card = StoredCard { profile: "16".to_owned(), account: "1".to_owned() };
    fixture.order.transactions[0].paid_with = Some(card);
    fixture.order.cancelled_at = Some(fixture.now);
    assert_eq!(rest(&fixture), None, "the payment is of no shop");
    fixture.order.transactions[0].recording = Some(Box::default());
    assert_eq!(rest(&fixture), Some(NotPossible::NotRecordable));
    fixture.policy.shop.partial_capture = PartialCapture::ShownShort;
    assert_eq!(rest(&fixture), Some(NotPossible::OrderCancelled));
}
