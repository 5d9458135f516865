//! Each line counts once, and orders have the disputes that deposits state.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::FutureExt;
use jiff::civil::date;

use super::*;
use crate::{
    memory::payment,
    memory::{JournalTable, OrderTable, SettlementTable},
    order::{DISPUTES_MAX, Kind, PaymentKind},
    payments::KnownDisputes as _,
    settlement::{
        Component, DepositDisputes,
        memory::{done, merchant},
    },
    test_merchant::test_merchant,
    values::{Currency, SignedAmount, SystemClock},
};

const ACCOUNT: &str = "1";
const PAID: &str = "278090245692";

fn now() -> Timestamp {
    "2026-11-20T17:00:00Z".parse().unwrap()
}

/// A payment of 92.15, the journal, and the settlement's data.
struct World {
    log: Arc<JournalTable>,
    orders: OrderTable,
    memory: SettlementTable,
}

impl World {
    fn new() -> Self {
        let key = OrderKey { merchant: merchant(), order: "o".parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
        let operation = done(1, Kind::Purchase, 9215, PAID, Timestamp::UNIX_EPOCH);
        order.transactions.push(payment(PaymentKind::Purchase, operation));
        let log = Arc::new(JournalTable::default());
        let orders = OrderTable::new(Arc::default(), log.clone());
        orders.keep(order);
        Self { log, orders, memory: SettlementTable::default() }
    }

    /// A deposit of a day of November with these.
    fn deposit(&self, day: i8, chargebacks: Vec<Chargeback>, adjustments: Vec<Adjustment>) {
        let id = format!("D{day}");
        let chargebacks =
            chargebacks.into_iter().map(|one| Chargeback { deposit: id.clone(), ..one }).collect();
        let deposit = Deposit::without_sum(id, ACCOUNT, date(2026, 11, day), now());
        let deposit = Deposit { adjustments, chargebacks, ..deposit };
        self.memory.put_deposit(&merchant(), deposit);
    }

    fn run(&self) -> MatchedDisputes {
        let recorder = DisputeRecorder { log: &*self.log, store: &self.orders, clock: &SystemClock };
        let matcher = DisputeMatcher { recorder, deposits: &self.memory };
        matcher.run(&test_merchant(merchant()), ACCOUNT, now()).now_or_never().unwrap().unwrap()
    }

    /// Changes the only deposit.
    fn change_deposit(&self, change: impl FnOnce(&mut Deposit)) {
        change(self.memory.deposits.lock().unwrap().values_mut().next().unwrap());
    }

    fn disputed(&self) -> i64 {
        self.orders.all().values().map(|order| order.transactions[0].disputed().minor()).sum()
    }
}

fn stated(id: &str) -> LineId {
    LineId::Stated(id.to_owned())
}

fn chargeback(id: LineId, amount: u64, changed_on: i8) -> Chargeback {
    Chargeback {
        id,
        case: "case".to_owned(),
        sequence: None,
        deposit: String::new(),
        reference: Some(PAID.to_owned()),
        amount: Amount::new(amount).unwrap(),
        transaction_amount: Some(SignedAmount::new(9215)),
        currency: None,
        on: date(2026, 11, 1),
        reason_code: "34".to_owned(),
        reason: String::new(),
        acquirer_reference: None,
        authcode: None,
        changed_on: Some(date(2026, 11, changed_on)),
    }
}

fn reversal(id: &str, amount: i64) -> Adjustment {
    Adjustment {
        id: stated(id),
        component: Some(Component::Reversal),
        category: "REVERSAL".to_owned(),
        description: String::new(),
        amount: SignedAmount::new(amount),
        case: Some("case".to_owned()),
        day: None,
        changed_on: None,
    }
}

fn causes(found: &MatchedDisputes) -> BTreeSet<ExceptionCause> {
    found.exceptions.iter().map(|one| one.cause).collect()
}

#[test]
fn a_line_that_two_deposits_list_counts_once_as_its_latest_change_states_it() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![]);
    world.deposit(19, vec![chargeback(stated("1"), 3500, 19), chargeback(stated("2"), 100, 19)], vec![]);
    world.deposit(18, vec![], vec![reversal("a", 500), reversal("debit", -4000)]);
    assert_eq!(world.run().exceptions, []);
    // The journal has the case by then.
    assert_eq!(world.run().exceptions, []);
    assert_eq!(world.disputed(), 3500 + 100 - 500);
    let again = world.run();
    assert_eq!(again.disputed[&stated("2")].transaction, world.orders.all()["m#o"].transactions[0].id);
    assert_eq!((again.recorded, again.exceptions), (0, vec![]));
    assert_eq!((again.chargebacks.len(), again.adjustments.len(), again.deposits.len()), (2, 2, 3));
}

#[test]
fn what_no_order_is_known_for_is_on_both_sides_of_the_sum() {
    let world = World::new();
    let unknown = Chargeback { reference: Some("333".to_owned()), ..chargeback(stated("1"), 100, 17) };
    let nameless = Chargeback { reference: None, ..chargeback(stated("2"), 200, 17) };
    let euros = Chargeback { currency: Currency::parse("EUR").ok(), ..chargeback(stated("3"), 300, 17) };
    let foreign = Adjustment { case: Some("another".to_owned()), ..reversal("a", 50) };
    world.deposit(17, vec![unknown, nameless, euros, chargeback(stated("4"), 400, 17)], vec![foreign]);
    assert_eq!(world.run().exceptions, []);
    assert_eq!(world.disputed(), 400);
}

#[test]
fn what_an_order_has_and_deposits_do_not_say_is_told_with_both_sums() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![]);
    world.run();
    // The deposit states another amount, and a word that the order does not take.
    world.change_deposit(|deposit| {
        deposit.chargebacks[0] =
            Chargeback { deposit: "D16".to_owned(), ..chargeback(stated("1"), 3000, 16) };
    });
    let found = world.run();
    assert_eq!(causes(&found), BTreeSet::from([ExceptionCause::DisputesDiffer]));
    assert_eq!(
        [found.exceptions[0].expected, found.exceptions[0].found],
        [3000, 4000].map(|minor| Some(SignedAmount::new(minor)))
    );
}

#[test]
fn two_amounts_of_which_none_is_the_later_one_are_for_a_person() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![]);
    assert_eq!(world.run().exceptions, []);
    world.deposit(18, vec![chargeback(stated("1"), 3500, 17)], vec![]);
    let found = world.run();
    assert_eq!(causes(&found), BTreeSet::from([ExceptionCause::DisputesDiffer]));
    assert_eq!((world.disputed(), found.exceptions[0].case.as_deref()), (4000, Some("case")));
    // A change that is stated settles it.
    world.deposit(19, vec![chargeback(stated("1"), 3500, 19)], vec![]);
    assert_eq!((world.run().exceptions, world.disputed()), (vec![], 3500));
}

#[test]
fn what_an_order_has_no_room_for_is_an_exception_and_never_silent() {
    let world = World::new();
    let all = |count: usize| (0..count).map(|n| chargeback(stated(&format!("{n:03}")), 1, 17)).collect();
    world.deposit(17, all(DISPUTES_MAX), vec![]);
    assert_eq!(world.run().exceptions, []);
    world.deposit(18, vec![chargeback(stated("more"), 7, 18)], vec![reversal("won", 1)]);
    let found = world.run();
    let expected = BTreeSet::from([ExceptionCause::DisputesDiffer]);
    assert_eq!(causes(&found), expected);
    assert_eq!(found.exceptions.len(), 3, "both lines, and the sums");
}

#[test]
fn a_deposit_from_before_that_an_order_still_has_is_compared_no_more() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![]);
    world.run();
    world.change_deposit(|deposit| deposit.day = date(2026, 4, 1));
    world.deposit(18, vec![], vec![reversal("a", 4000)]);
    assert_eq!((world.run().exceptions, world.disputed()), (vec![], 0));
}

#[test]
fn what_a_newer_version_wrote_closes_no_exception() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![]);
    assert!(world.run().is_compared);
    world.orders.change("o", |order| {
        order.transactions[0].disputes[0].dispute.kind = DisputeKind::Unrecognized;
    });
    let found = world.run();
    assert_eq!((found.is_compared, found.exceptions), (false, vec![]));
    let covered = crate::settlement::Covered { disputes: found.is_compared, ..Default::default() };
    let open = Exception::new(ACCOUNT, ExceptionCause::DisputesDiffer, "disputes", date(2026, 11, 17), now());
    assert!(!covered.has(&open));
}

#[test]
fn what_a_deposit_does_not_list_any_more_is_taken_back_once() {
    let world = World::new();
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17)], vec![reversal("a", 500)]);
    assert_eq!((world.run().exceptions, world.disputed()), (vec![], 3500));
    world.change_deposit(|deposit| {
        deposit.taken_back.adjustments = std::mem::take(&mut deposit.adjustments);
    });
    assert_eq!((world.run().exceptions, world.disputed()), (vec![], 4000));
    let is_forgotten = || world.memory.all_deposits().values().all(|one| one.taken_back.is_empty());
    assert!(is_forgotten());
    world.change_deposit(|deposit| {
        deposit.taken_back.chargebacks = std::mem::take(&mut deposit.chargebacks);
    });
    // It may be in the deposit that cannot be read.
    world.deposit(18, vec![], vec![]);
    world.memory.faults.spoil("D18");
    world.run();
    assert_eq!((world.disputed(), is_forgotten()), (4000, false));
    world.memory.faults.repair();
    // It is, as an earlier word, which counts now.
    world.deposit(18, vec![chargeback(stated("1"), 3000, 16)], vec![]);
    assert_eq!((world.run().exceptions, world.disputed(), is_forgotten()), (vec![], 3000, true));
    world.change_deposit(|deposit| {
        deposit.taken_back.chargebacks = vec![chargeback(stated("gone"), 100, 17)];
    });
    assert_eq!((world.run().exceptions, world.disputed(), is_forgotten()), (vec![], 3000, true));
}

#[test]
fn a_payment_that_is_found_later_gets_what_deposits_said_of_it() {
    let world = World::new();
    let (reference, case) = (Some("333".to_owned()), "other".to_owned());
    let foreign = Chargeback { reference, case: case.clone(), ..chargeback(stated("2"), 100, 17) };
    let adjustments = vec![reversal("a", 500), Adjustment { case: Some(case), ..reversal("b", 50) }];
    world.deposit(17, vec![chargeback(stated("1"), 4000, 17), foreign], adjustments);
    let known = DepositDisputes(Arc::new(world.memory));
    let merchant = test_merchant(merchant());
    let reports = known.of_payments(&merchant, &[PAID], now()).now_or_never().unwrap().unwrap();
    let told = reports.iter().map(|one| (one.reference.as_deref(), one.dispute.amount.minor()));
    assert_eq!(told.collect::<Vec<_>>(), [(Some(PAID), 4000), (None, 500)]);
}
