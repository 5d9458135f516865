//! The journal's law, over random histories: an entry that was told once stays told, and sums over
//! entries equal the order's.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Fixture, amount,
    fixture::{Planned, approval, dispute_report, not_done},
    properties::{Says, Step, run, says, step},
};
use crate::{
    journal::{Attention, AttentionReason, Changes, Entry, Fact, attentions, entries},
    order::{
        Action, Attribution, BY_HAND_AFTER, ByHand, Cause, Context, Decision, DisputeKind, DisputeReport,
        Doubt, Finding, GatewayResponse, HandVerdict, Kind, LineId, NoEffect, NoticeReason, OperationRef,
        OperationState, Order, Outcome, PaymentKind, Principal, Stage, Transaction, decide_by_hand,
    },
    settlement::expectations,
    values::{Amount, Fee, FeeKind, SignedAmount},
};

/// Events besides requests.
#[derive(Clone, Debug)]
pub(super) enum Besides {
    /// Inquiries are made about all due operations, this much later, and find this.
    Inquiry(i64, Found),
    /// A person decides about the pending operation.
    ByHand(bool),
    /// A capture is scheduled, or canceled.
    Schedule(usize, bool),
    /// Every authorization ends uncaptured, whether it was to be captured or not.
    Lapse,
    /// A capture that is due, this much later, comes to nothing.
    CaptureDue(i64),
    /// The merchant is notified of the pending operation.
    Notice(NoticeReason),
    /// An issuer takes back so much of a payment, or gives it back; with which number of the case.
    Dispute(usize, DisputeKind, u8, u64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Approved,
    Twice,
    Part,
    Rejected,
    VoidedElsewhere,
    AlreadySettled,
    Absent,
    TimedOut,
    TryAgain,
    Duplicate,
}

fn besides() -> impl Strategy<Value = Besides> {
    let found = prop_oneof![
        3 => Just(Found::Approved),
        2 => Just(Found::Twice),
        1 => Just(Found::Part),
        1 => Just(Found::Rejected),
        1 => Just(Found::VoidedElsewhere),
        1 => Just(Found::AlreadySettled),
        4 => Just(Found::Absent),
        1 => Just(Found::TimedOut),
        1 => Just(Found::TryAgain),
        1 => Just(Found::Duplicate),
    ];
    let later = prop_oneof![Just(61_i64), Just(100), Just(4_000), Just(90_000)];
    // Within the authorization's last hour there is no other try.
    let due = prop_oneof![Just(100_i64), Just(7 * 24 * 3_600 - 1_800)];
    let notice = prop_oneof![
        Just(NoticeReason::InDoubtHour),
        Just(NoticeReason::InDoubtDay),
        Just(NoticeReason::UnderReview),
    ];
    let disputed = prop_oneof![Just(DisputeKind::Chargeback), Just(DisputeKind::Reversal)];
    prop_oneof![
        6 => (later, found).prop_map(|(later, found)| Besides::Inquiry(later, found)),
        1 => any::<bool>().prop_map(Besides::ByHand),
        1 => (0..4_usize, any::<bool>()).prop_map(|(n, at)| Besides::Schedule(n, at)),
        1 => Just(Besides::Lapse),
        1 => due.prop_map(Besides::CaptureDue),
        1 => notice.prop_map(Besides::Notice),
        1 => (0..4_usize, disputed, 0..2_u8, 1..3_u64).prop_map(|(n, kind, number, minor)| {
            Besides::Dispute(n, kind, number, 700 * minor)
        }),
    ]
}

fn response(reference: &str, minor: Option<u64>) -> GatewayResponse {
    let charged = minor.map(|minor| amount(minor).into());
    GatewayResponse { reference: Some(reference.to_owned()), charged, ..GatewayResponse::default() }
}

fn finding(fixture: &Fixture, at: OperationRef, found: Found) -> Finding {
    let operation = fixture.operation(at);
    let minor = operation.amount.minor();
    let became = |outcome| Finding::Became(Box::new(outcome));
    match found {
        Found::Approved => became(approval(operation)),
        Found::Twice => Finding::Several(vec![response("r", Some(minor)), response("twin", Some(minor))]),
        Found::Part if operation.kind.is_payment() && minor > 1 => {
            became(Outcome::PartiallyApproved(response("r", Some(minor / 2))))
        }
        Found::Rejected => became(Outcome::Approved(GatewayResponse {
            settlement_rejected: true,
            ..response("r", Some(minor))
        })),
        Found::VoidedElsewhere => {
            became(Outcome::NoEffect(NoEffect::VoidedElsewhere, GatewayResponse::default()))
        }
        Found::AlreadySettled => {
            became(Outcome::NoEffect(NoEffect::AlreadySettled, GatewayResponse::default()))
        }
        Found::Part => became(Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default())),
        Found::Absent => Finding::Absent,
        Found::TimedOut => Finding::TimedOut(GatewayResponse::default()),
        Found::TryAgain => Finding::TryAgain(GatewayResponse::default()),
        Found::Duplicate => Finding::Duplicate(GatewayResponse::default()),
    }
}

/// Every state of the order that is saved on the way.
fn happen(fixture: &mut Fixture, besides: &Besides, saved: &mut Vec<Order>) {
    match *besides {
        Besides::Inquiry(later, found) => {
            fixture.later(later);
            let due: Vec<OperationRef> = fixture.order.due_for_inquiry(fixture.now).collect();
            for at in due {
                let finding = finding(fixture, at, found);
                fixture.learns(at, &finding);
                saved.push(fixture.order.clone());
                a_moment_later(fixture);
            }
        }
        Besides::ByHand(done) => {
            let Some(at) = pending(&fixture.order) else { return };
            fixture.now = fixture.now.max(fixture.operation(at).attempt.at + BY_HAND_AFTER);
            let verdict = if done { HandVerdict::Done } else { HandVerdict::NotDone };
            let (by, why) = ("Ann".parse().unwrap(), "asked the gateway".parse().unwrap());
            let decision = ByHand::new(verdict, &by, &why, fixture.now);
            let is_payment = fixture.operation(at).kind.is_payment();
            let id = Uuid::new_v5(&at.operation, b"by hand");
            let context = Context { policy: &fixture.policy, shop: None, now: fixture.now, new_id: &|| id };
            // A decision that is not allowed changes nothing.
            let reference = is_payment.then_some("byhand");
            decide_by_hand(&mut fixture.order, at, &decision, reference, &context).ok();
        }
        Besides::Schedule(n, at) => {
            let Some(id) = fixture.order.transactions.get(n).map(|t| t.id) else { return };
            let at = at.then(|| fixture.now + crate::order::STILL_RUNNING);
            fixture.schedule(id, at).ok();
        }
        Besides::Lapse => {
            fixture.later(9 * 24 * 3_600);
            if let Some(crate::order::Due::Lapse(id)) = fixture.order.due_for_capture(fixture.now) {
                fixture.order.lapse(id, fixture.now);
            }
            fixture.order.see_to_holds(fixture.now);
        }
        Besides::CaptureDue(later) => {
            fixture.later(later);
            fixture.by = Principal::Schedule;
            let asked = fixture.ask(Action::CaptureDue { asks_shop: true }, None);
            fixture.by = Principal::ClientCredentials;
            if let Ok(Planned::Sent(at)) = asked {
                saved.push(fixture.order.clone());
                a_moment_later(fixture);
                fixture.told(at, &not_done(NoEffect::TryAgain));
            }
        }
        Besides::Notice(reason) => {
            let Some(at) = pending(&fixture.order) else { return };
            fixture.order.notify(at, reason, fixture.now);
        }
        Besides::Dispute(n, kind, number, minor) => {
            let Some(transaction) = fixture.order.transactions.get(n) else { return };
            let reference = transaction.reference().map(str::to_owned);
            let mut report =
                DisputeReport { reference, ..dispute_report(kind, "c", &number.to_string(), minor) };
            if number == 1 {
                let stated = i64::try_from(minor).unwrap();
                report.dispute.line = LineId::made(Some("c"), Some("1"), None, SignedAmount::new(stated), 0);
            }
            fixture.order.record_dispute(&report, fixture.now).ok();
        }
    }
    saved.push(fixture.order.clone());
}

fn pending(order: &Order) -> Option<OperationRef> {
    let mut all = order.operations();
    let (transaction, operation) = all.find(|(_, o)| o.pending().is_some())?;
    Some(OperationRef { transaction: transaction.id, operation: operation.id })
}

fn by_id(entries: Vec<Entry>) -> BTreeMap<Uuid, Entry> {
    each_once(entries.into_iter().map(|entry| (entry.id, entry)).collect())
}

fn by_own_id(found: Vec<Attention>) -> BTreeMap<Uuid, Attention> {
    each_once(found.into_iter().map(|found| (found.id, found)).collect())
}

fn each_once<T>(all: Vec<(Uuid, T)>) -> BTreeMap<Uuid, T> {
    let count = all.len();
    let map: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(map.len(), count, "two have one id");
    map
}

/// The amount that an authorization holds, apart from its pending operations.
fn held(transaction: &Transaction) -> i64 {
    let stands = transaction.kind == PaymentKind::Authorize
        && transaction.began()
        && !transaction.must_not_stand()
        && transaction.voided().is_none()
        && transaction.captured().is_zero()
        && transaction.lapsed_at.is_none();
    if stands { i64::try_from(transaction.amount().minor()).unwrap() } else { 0 }
}

/// The same order at an account with fees: most approved operations have one, which is the same in
/// every state.
pub(super) fn with_fees(mut order: Order) -> Order {
    for operation in order.transactions.iter_mut().flat_map(|transaction| &mut transaction.operations) {
        let has_one = operation.id.as_u128() % 4 != 0;
        if let OperationState::Decided(Decision::Approved(response)) = &mut operation.state
            && let Some(charged) = response.charged.as_mut().filter(|_| has_one)
        {
            let fee = amount((3 * charged.amount.minor() + 50) / 100);
            charged.fee = Some(Fee { amount: fee, kind: FeeKind::Surcharge });
        }
    }
    order
}

/// The gateway's fees: every operation's own, unless a void gave all of it back.
fn fees_at_the_gateway(transaction: &Transaction) -> i64 {
    let mut sum = 0;
    for operation in transaction.operations.iter().filter(|o| o.cause != Cause::Duplicate) {
        let fee = operation.fee().map_or(0, |fee| i64::try_from(fee.amount.minor()).unwrap());
        match operation.kind {
            Kind::Void if operation.is(Stage::Approved) => return 0,
            Kind::Purchase | Kind::Capture => sum += fee,
            Kind::Refund => sum -= fee,
            Kind::Authorize | Kind::Void | Kind::Unrecognized => {}
        }
    }
    sum
}

/// Without the fees, which no other change contains.
fn money(entries: Vec<Entry>) -> Vec<(Uuid, Amount, Changes)> {
    entries.into_iter().map(|e| (e.id, e.amount, Changes { fees: SignedAmount::ZERO, ..e.changes })).collect()
}

fn sums_are_the_orders(order: &Order) {
    let told = entries(None, order);
    let sum = Changes::sum(told.iter().map(|entry| entry.changes)).unwrap();
    let balance = order.balance();
    assert_eq!(
        sum.fees,
        SignedAmount::new(order.transactions.iter().map(fees_at_the_gateway).sum::<i64>()),
        "fees"
    );
    let mut without = order.clone();
    for operation in without.transactions.iter_mut().flat_map(|transaction| &mut transaction.operations) {
        if let OperationState::Decided(Decision::Approved(response)) = &mut operation.state {
            response.charged = response.charged.map(|charged| charged.amount.into());
        }
    }
    assert_eq!(money(told), money(entries(None, &without)), "a fee is in no amount");
    assert_eq!((balance, order.owing()), (without.balance(), without.owing()), "nor in what is owing");
    assert_eq!(sum.paid, SignedAmount::new(i64::try_from(balance.paid.minor()).unwrap()), "paid");
    assert_eq!(sum.returned, SignedAmount::new(i64::try_from(balance.returned.minor()).unwrap()), "returned");
    assert_eq!(
        sum.disputed,
        SignedAmount::sum(order.transactions.iter().map(Transaction::disputed)).unwrap(),
        "disputed"
    );
    assert_eq!(sum.held, SignedAmount::new(order.transactions.iter().map(held).sum::<i64>()), "held");
}

#[derive(Clone, Debug)]
pub(super) enum Happens {
    Request(Step, Says),
    Besides(Besides),
}

pub(super) fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (step(), says()).prop_map(|(step, says)| Happens::Request(step, says)),
        besides().prop_map(Happens::Besides),
    ]
}

/// Every state that a history saves.
fn history(all: &[Happens], accepts_parts: bool, external: bool) -> Vec<Order> {
    let mut fixture = if external { Fixture::external() } else { Fixture::new() };
    fixture.policy.accept_partial_approval = accepts_parts;
    play(&mut fixture, all)
}

/// Every state that a history saves from here on.
pub(super) fn play(fixture: &mut Fixture, all: &[Happens]) -> Vec<Order> {
    let mut saved = vec![fixture.order.clone()];
    for (n, happens) in all.iter().enumerate() {
        fixture.attribution =
            Attribution::new(None, Some(&format!("person {}", n % 3).parse().unwrap()), None);
        match happens {
            Happens::Request(step, says) => run(fixture, step, *says),
            Happens::Besides(besides) => happen(fixture, besides, &mut saved),
        }
        saved.push(fixture.order.clone());
        a_moment_later(fixture);
    }
    saved
}

/// No two writes of an order are made in the same millisecond: each takes a round trip.
fn a_moment_later(fixture: &mut Fixture) {
    fixture.now += SignedDuration::from_millis(1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_journal_made_again_from_the_table_is_the_one_that_was_kept_along_the_way(
        all in prop::collection::vec(happens(), 1..40),
        accepts_parts in any::<bool>(),
        external in any::<bool>(),
        from in any::<prop::sample::Index>(),
    ) {
        let saved = history(&all, accepts_parts, external);
        let saved: Vec<Order> = saved.into_iter().map(with_fees).collect();
        let mut kept = by_id(entries(None, &saved[0]));
        for pair in saved.windows(2) {
            for entry in entries(Some(&pair[0]), &pair[1]) {
                kept.insert(entry.id, entry);
            }
            prop_assert_eq!(&kept, &by_id(entries(None, &pair[1])));
            sums_are_the_orders(&pair[1]);
        }
        // Any two states, however far apart.
        let (from, last) = (from.get(&saved), saved.last().unwrap());
        let mut united = by_id(entries(None, from));
        united.extend(by_id(entries(Some(from), last)));
        prop_assert_eq!(united, kept);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_has_to_be_looked_at_is_told_once_however_far_apart_two_states_are(
        all in prop::collection::vec(happens(), 1..40),
        from in any::<prop::sample::Index>(),
    ) {
        let saved = history(&all, true, false);
        let mut told = by_own_id(attentions(None, &saved[0]));
        for pair in saved.windows(2) {
            for found in attentions(Some(&pair[0]), &pair[1]) {
                prop_assert!(told.insert(found.id, found).is_none(), "told twice");
            }
            prop_assert_eq!(&told, &by_own_id(attentions(None, &pair[1])));
        }
        let (from, last) = (from.get(&saved), saved.last().unwrap());
        let mut united = by_own_id(attentions(None, from));
        united.extend(by_own_id(attentions(Some(from), last)));
        prop_assert_eq!(united, told);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_settlement_is_expected_to_bring_is_what_the_journal_has_at_the_gateway(
        all in prop::collection::vec(happens(), 1..40),
        accepts_parts in any::<bool>(),
        external in any::<bool>(),
        has_fees in any::<bool>(),
    ) {
        for order in history(&all, accepts_parts, external) {
            let order = if has_fees { with_fees(order) } else { order };
            let mut told = entries(None, &order);
            let of_duplicate = |entry: &Entry| {
                matches!(entry.fact, Fact::DuplicateFound | Fact::DuplicateReturned)
            };
            // The journal does not know a duplicate's fee; the expectation has the payment's own.
            if has_fees && told.iter().any(of_duplicate) {
                continue;
            }
            // Both void and refund of a payment took effect: no gateway does that, and the journal
            // counts one of them.
            let is_left_out = |entry: &Entry| {
                let gives_back = matches!(entry.fact, Fact::Refunded | Fact::Voided);
                gives_back && entry.late && entry.changes.gateway.is_zero() && entry.changes.held.is_zero()
            };
            if told.iter().any(is_left_out) {
                continue;
            }
            let changes = Changes::sum(told.iter().map(|entry| entry.changes)).unwrap();
            let expected = |told: &[Entry]| SignedAmount::sum(expectations(told).iter().map(|one| one.amount));
            prop_assert_eq!(expected(&told), changes.gateway.checked_add(changes.fees));
            told.reverse();
            prop_assert_eq!(expected(&told), changes.gateway.checked_add(changes.fees));
        }
    }
}

/// A law that is never tested with the facts that matter proves little.
#[test]
fn random_histories_tell_every_fact() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(happens(), 20..40);
    let (mut missing, mut late) = (Fact::ALL.to_vec(), false);
    let mut reasons = AttentionReason::ALL.to_vec();
    for n in 0..3_000 {
        let all = strategy.new_tree(&mut runner).unwrap().current();
        let saved = history(&all, n % 2 == 0, n % 3 == 0);
        for entry in entries(None, saved.last().unwrap()) {
            missing.retain(|fact| *fact != entry.fact);
            late |= entry.late;
        }
        for found in attentions(None, saved.last().unwrap()) {
            reasons.retain(|reason| *reason != found.reason);
        }
        if missing.is_empty() && late && reasons.is_empty() {
            return;
        }
    }
    panic!("never told: {missing:?}, {reasons:?}, late {late}");
}

#[test]
fn a_schedule_that_lapsed_stays_on_record_when_it_is_cancelled() {
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Authorize, None);
    fixture.schedule(id, Some(fixture.now)).unwrap();
    fixture.later(9 * 24 * 3_600);
    assert!(fixture.order.lapse(id, fixture.now));
    let before = entries(None, &fixture.order);
    fixture.schedule(id, None).unwrap();
    assert_eq!(entries(None, &fixture.order), before);
    assert!(before.iter().any(|entry| entry.fact == Fact::Lapsed));
}
