use futures_util::FutureExt;
use jiff::{Timestamp, civil::date};

use super::*;
use std::sync::Arc;

use crate::{
    memory::payment,
    memory::{JournalTable, OrderTable},
    order::{Kind, LineId, Order, PaymentKind},
    settlement::{
        Adjustment, Chargeback, Component,
        memory::{done, merchant},
    },
    test_merchant::test_merchant,
    values::{Amount, Currency, SignedAmount, SystemClock},
};

fn chargeback() -> Chargeback {
    Chargeback {
        id: LineId::Stated("1".to_owned()),
        case: "2019231000018".to_owned(),
        sequence: Some(2),
        deposit: "D1".to_owned(),
        reference: Some("278090245692".to_owned()),
        amount: Amount::new(9215).unwrap(),
        transaction_amount: Some(SignedAmount::new(9215)),
        currency: None,
        on: date(2019, 8, 15),
        reason_code: "34".to_owned(),
        reason: "Duplicate processing".to_owned(),
        acquirer_reference: None,
        authcode: None,
        changed_on: None,
    }
}

fn adjustment(amount: i64) -> Adjustment {
    Adjustment {
        id: LineId::Stated("77".to_owned()),
        component: Some(Component::Reversal),
        category: "REVERSAL".to_owned(),
        description: "Chargeback reversal".to_owned(),
        amount: SignedAmount::new(amount),
        case: Some("2019231000018".to_owned()),
        day: Some(date(2019, 9, 1)),
        changed_on: None,
    }
}

#[test]
fn a_chargeback_that_does_not_name_its_payment_or_an_amount_is_for_a_person() {
    let found = FoundDispute::chargeback("1", &chargeback()).unwrap();
    assert_eq!((found.dispute.amount.minor(), found.dispute.number.as_deref()), (9215, Some("2")));
    assert_eq!(found.reference.as_deref(), Some("278090245692"));
    for bad in
        [Chargeback { reference: None, ..chargeback() }, Chargeback { amount: Amount::ZERO, ..chargeback() }]
    {
        assert_eq!(FoundDispute::chargeback("1", &bad), None);
    }
}

#[test]
fn only_an_adjustment_of_a_case_that_gives_money_is_a_reversal() {
    let found = FoundDispute::reversal("1", "D2", &adjustment(9215)).unwrap();
    assert_eq!((found.dispute.kind, found.reference), (DisputeKind::Reversal, None));
    for other in [
        adjustment(-9215),
        adjustment(0),
        Adjustment { case: None, ..adjustment(9215) },
        Adjustment { component: Some(Component::Fee), ..adjustment(9215) },
        Adjustment { component: None, ..adjustment(9215) },
    ] {
        assert_eq!(FoundDispute::reversal("1", "D2", &other), None);
    }
}

/// An order with a payment of 92.15 at account `1`, for each reference.
fn paid(references: &[&str]) -> Shop {
    let log = Arc::new(JournalTable::default());
    let orders = OrderTable::new(Arc::default(), log.clone());
    for (n, reference) in (1..).zip(references) {
        let key = OrderKey { merchant: merchant(), order: format!("o{n}").parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
        let operation = done(n, Kind::Purchase, 9215, reference, Timestamp::UNIX_EPOCH);
        order.transactions.push(payment(PaymentKind::Purchase, operation));
        orders.keep(order);
    }
    Shop { log, orders }
}

/// Orders, and the journal that follows them.
struct Shop {
    log: Arc<JournalTable>,
    orders: OrderTable,
}

/// The result of recording, with the first order's id.
fn recorded(shop: &Shop, found: &FoundDispute) -> Result<(DisputeRecorded, String), DisputeRejection> {
    let recorder = DisputeRecorder { log: &*shop.log, store: &shop.orders, clock: &SystemClock };
    let done = recorder.record(&test_merchant(merchant()), found).now_or_never().unwrap();
    match done {
        Ok(orders) => Ok((orders[0].0, orders[0].1.id.to_string())),
        Err(NotRecorded::Rejected(why)) => Err(why),
        Err(NotRecorded::Refused(why)) => panic!("{why}"),
    }
}

fn disputed(shop: &Shop) -> Vec<i64> {
    shop.orders.all().values().map(|order| order.transactions[0].disputed().minor()).collect()
}

#[test]
fn a_chargeback_finds_its_order_by_the_reference_and_its_reversal_by_the_case() {
    let shop = paid(&["111", "278090245692"]);
    let reversal = FoundDispute::reversal("1", "D2", &adjustment(9215)).unwrap();
    assert_eq!(recorded(&shop, &reversal), Err(DisputeRejection::UnknownChargeback));
    let found = FoundDispute::chargeback("1", &chargeback()).unwrap();
    let of = |recorded| Ok((recorded, "o2".to_owned()));
    assert_eq!(recorded(&shop, &found), of(DisputeRecorded::Applied));
    assert_eq!(recorded(&shop, &found), of(DisputeRecorded::Known));
    assert_eq!(disputed(&shop), [0, 9215]);
    assert_eq!(recorded(&shop, &reversal), of(DisputeRecorded::Applied));
    assert_eq!(recorded(&shop, &reversal), of(DisputeRecorded::Known));
    assert_eq!(disputed(&shop), [0, 0]);
}

#[test]
fn a_chargeback_of_an_unknown_payment_a_foreign_account_or_another_currency_is_recorded_nowhere() {
    let shop = paid(&["111", "278090245692"]);
    let found = FoundDispute::chargeback("1", &chargeback()).unwrap();
    let foreign = FoundDispute { account: "2".to_owned(), ..found.clone() };
    let unknown = FoundDispute { reference: Some("333".to_owned()), ..found.clone() };
    let euros = FoundDispute { currency: Currency::parse("EUR").ok(), ..found };
    for (found, why) in [
        (foreign, DisputeRejection::NoSuchPayment),
        (unknown, DisputeRejection::NoSuchPayment),
        (euros, DisputeRejection::CurrencyDiffers(Currency::USD)),
    ] {
        assert_eq!(recorded(&shop, &found), Err(why), "{found:?}");
    }
    assert_eq!(disputed(&shop), [0, 0]);
}

#[test]
fn a_reference_that_another_account_has_too_leads_to_the_order_of_the_reported_one() {
    let shop = paid(&["278090245692", "278090245692"]);
    shop.orders.change("o1", |order| order.transactions[0].operations[0].route.account = "2".to_owned());
    let found = FoundDispute::chargeback("1", &chargeback()).unwrap();
    assert_eq!(recorded(&shop, &found), Ok((DisputeRecorded::Applied, "o2".to_owned())));
    assert_eq!(disputed(&shop), [0, 9215]);
}

#[test]
fn one_line_that_reverses_a_case_of_two_orders_is_shared_and_neither_stays_disputed() {
    for (came_back, left) in [
        (9_215, [0, 9_215]),
        (10_000, [0, 8_430]),
        (18_430, [0, 0]),
        // More can come back than was taken.
        (20_000, [-1_570, 0]),
    ] {
        let shop = paid(&["111", "278090245692"]);
        for (id, reference) in [("1", "111"), ("2", "278090245692")] {
            let (id, reference) = (LineId::Stated(id.to_owned()), Some(reference.to_owned()));
            let line = Chargeback { id, reference, ..chargeback() };
            recorded(&shop, &FoundDispute::chargeback("1", &line).unwrap()).unwrap();
        }
        let reversal = FoundDispute::reversal("1", "D2", &adjustment(came_back)).unwrap();
        recorded(&shop, &reversal).unwrap();
        // Which of them comes first depends on their entries' ids.
        let mut all = disputed(&shop);
        all.sort_unstable();
        assert_eq!(all, left, "{came_back}");
        let before = shop.orders.all().clone();
        assert_eq!(recorded(&shop, &reversal).unwrap().0, DisputeRecorded::Known);
        assert_eq!(*shop.orders.all(), before);
    }
}
