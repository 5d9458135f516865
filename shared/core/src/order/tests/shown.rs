//! The comparison of what a shop shows with what it was told: staff's acts, strangers' rows and
//! payments by other gateways.

use jiff::SignedDuration;

use super::{
    TOTAL, amount,
    at_shop::{
        AUTHORIZES, CancelsVoided, Captures, Event, History, NoResponse, PURCHASES, Recorded, Refunds,
        Refused, ShopCancels, Voids, shop_order,
    },
    fixture::declined,
};
use crate::order::{Kind, PaymentKind, RowStatus, ShopOrder, ShopReading, ShopStanding, ShopTransaction};

/// A row of the shop's manual gateway with the payment's reference. The payment's own is `there`.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: &'static str,
    step: Kind,
    minor: u64,
    refunded: u64,
    status: RowStatus,
    is_changed: bool,
}

const fn row(id: &'static str, step: Kind, minor: u64) -> Row {
    Row { id, step, minor, refunded: 0, status: RowStatus::Complete, is_changed: false }
}

const fn back(refunded: u64, row: Row) -> Row {
    Row { refunded, ..row }
}

const fn is(status: RowStatus, row: Row) -> Row {
    Row { status, ..row }
}

/// A payment of its own, which has changed since it was made.
const fn changed(row: Row) -> Row {
    Row { is_changed: true, ..row }
}

impl History {
    fn rows(&self, rows: &[Row]) -> Vec<ShopTransaction> {
        let reference = self.fixture.order.transactions[0].id.to_string();
        let row = |row: &Row| ShopTransaction {
            id: row.id.to_owned(),
            is_manual: true,
            reference: Some(reference.clone()),
            amount: amount(row.minor),
            refunded: amount(row.refunded),
            step: Some(row.step),
            status: row.status,
            is_changed: row.is_changed,
        };
        rows.iter().map(row).collect()
    }

    /// The shop's rows are read, ten seconds later. Whether they come on record.
    fn reads(&mut self, rows: &[Row]) -> bool {
        self.fixture.later(10);
        let (rows, now) = (self.rows(rows), self.fixture.now);
        self.fixture.order.compare(&ShopReading { order: None, rows: Some(&rows) }, now)
    }

    fn foreign(&self) -> u32 {
        self.fixture.order.foreign.map_or(0, |foreign| foreign.count)
    }
}

const HELD: Row = row("there", Kind::Authorize, TOTAL);
const PAID: Row = row("there", Kind::Purchase, TOTAL);

/// In a shop with one row that changes, and in one with a further row for each step.
type BothForms = [&'static [Row]; 2];

const CAPTURED: BothForms =
    [&[row("there", Kind::Capture, TOTAL)], &[HELD, row("second", Kind::Capture, TOTAL)]];
const PART_BACK: BothForms = [&[back(100, PAID)], &[PAID, row("second", Kind::Refund, 100)]];
const ALL_BACK: BothForms = [
    &[back(TOTAL, row("there", Kind::Refund, TOTAL))],
    &[PAID, row("second", Kind::Refund, 100), row("third", Kind::Refund, TOTAL - 100)],
];
const RELEASED: BothForms =
    [&[is(RowStatus::Cancelled, HELD)], &[is(RowStatus::Cancelled, HELD), row("x", Kind::Refund, TOTAL)]];

/// An act of staff is a difference until the same is done here, and is not told again.
#[test]
fn what_staff_do_there_is_named_in_both_forms_of_rows_until_the_same_is_done_here() {
    const HELD_THERE: &[Event] = &[AUTHORIZES, Recorded];
    const PAID_THERE: &[Event] = &[PURCHASES, Recorded];
    let captured = "captured_there 30 capture there";
    let part_back = "refunded_there 30 purchase there back 100";
    let all_back = "refunded_there 30 refund there back 2599";
    let done: &[(&[Event], BothForms, &str)] = &[
        (HELD_THERE, CAPTURED, captured),
        (PAID_THERE, PART_BACK, part_back),
        (PAID_THERE, ALL_BACK, all_back),
        (HELD_THERE, RELEASED, all_back),
    ];
    for (before, forms, expected) in done {
        for rows in forms {
            let mut history = History::of(before);
            assert!(history.reads(rows), "{before:?} {rows:?}");
            assert_eq!(history.shown(), format!("needs_attention {expected}; -"), "{before:?} {rows:?}");
        }
    }
    let then: &[(&[Event], BothForms, Event, &str)] = &[
        (HELD_THERE, CAPTURED, Captures(TOTAL), "told capture there; -"),
        (HELD_THERE, CAPTURED, Captures(1_000), "needs_attention captured_there 30 capture there; -"),
        (HELD_THERE, CAPTURED, Voids, "to_tell capture there; send 40"),
        (PAID_THERE, PART_BACK, Refunds(100), "told purchase there back 100; -"),
        (PAID_THERE, PART_BACK, Refunds(99), "needs_attention refunded_there 30 purchase there back 100; -"),
        (PAID_THERE, PART_BACK, Refunds(150), "to_tell purchase there back 100; send 40"),
        (PAID_THERE, ALL_BACK, Voids, "told refund there back 2599; -"),
        (HELD_THERE, RELEASED, Voids, "told refund there back 2599; -"),
        (PAID_THERE, PART_BACK, ShopCancels, "needs_attention order_cancelled 40 purchase there back 100; -"),
    ];
    for (before, forms, event, at_the_end) in then {
        for rows in forms {
            let mut history = History::of(before);
            history.reads(rows);
            history.happens(*event);
            assert_eq!(history.shown(), *at_the_end, "{before:?} {rows:?} {event:?}");
            assert_eq!(history.foreign(), 0);
            // An old reading takes nothing back, and the same one changes nothing.
            assert!(!history.reads(rows) && !history.reads(&[HELD]) && !history.reads(&[]), "{rows:?}");
            assert_eq!(history.shown(), *at_the_end, "{before:?} {rows:?} {event:?}");
        }
    }
}

#[test]
fn nothing_is_decided_while_an_operation_is_under_way_and_everything_is_compared_afterwards() {
    for (is_approved, expected) in [
        (true, "told purchase there back 100; -"),
        (false, "needs_attention refunded_there 40 purchase there back 100; -"),
    ] {
        let mut history = History::of(&[PURCHASES, Recorded]);
        let id = history.fixture.order.transactions[0].id;
        history.fixture.later(10);
        let refund = history.fixture.refund(id, Some(100)).unwrap().sent();
        history.reads(PART_BACK[0]);
        assert_eq!(history.shown(), "told purchase there back 100; -");
        if is_approved {
            history.fixture.approve(refund);
        } else {
            history.fixture.told(refund, &declined());
        }
        assert_eq!(history.shown(), expected);
    }
}

#[test]
fn parts_that_staff_refunded_count_together_and_only_for_their_payment() {
    const PARTS: [&[Row]; 2] =
        [&[back(300, PAID)], &[PAID, row("second", Kind::Refund, 100), row("third", Kind::Refund, 200)]];
    for rows in PARTS {
        let mut history = History::of(&[PURCHASES, Recorded]);
        history.fixture.approved(PaymentKind::Purchase, Some(1_000));
        history.reads(rows);
        assert_eq!(history.shown(), "needs_attention refunded_there 30 purchase there back 300; -");
        assert_eq!(history.fixture.order.at_shop(&history.fixture.order.transactions[1]), None);
        history.happens(Refunds(300));
        assert_eq!(history.shown(), "told purchase there back 300; -");
    }
}

/// The capture is in a row of its own that lost its reference, beside another one's payment.
#[test]
fn a_step_without_its_reference_is_no_payment_of_others() {
    let history = History::of(&[AUTHORIZES, Recorded, Captures(TOTAL), Recorded]);
    let mut rows = history.rows(&[HELD, row("second", Kind::Capture, TOTAL), row("x", Kind::Purchase, 1)]);
    (rows[1].reference, rows[2].reference) = (None, None);
    let paid = history.fixture.order.paid_by_others(&rows, history.fixture.now);
    assert_eq!(paid, amount(1));
}

#[test]
fn the_rest_of_a_partial_refund_is_sent_and_what_the_shop_has_of_a_step_is_told_without_a_request() {
    let part = |rows: &[Row], refunds: &[u64]| {
        let mut history = History::of(&[PURCHASES, Recorded]);
        for minor in refunds {
            history.happens(Refunds(*minor));
        }
        let (rows, now) = (history.rows(rows), history.fixture.now);
        let order = &mut history.fixture.order;
        assert_eq!(order.begin_telling(None, Default::default, now), None, "the shop is read before");
        let reading = ShopReading { order: None, rows: Some(&rows) };
        let sent = order.begin_telling(Some(&reading), Default::default, now);
        sent.map(|sent| sent.part.map(|part| (part.amount.minor(), part.total.minor())))
    };
    assert_eq!(part(&[PAID], &[150]), Some(Some((150, 150))));
    assert_eq!(part(PART_BACK[0], &[150]), Some(Some((50, 150))));
    assert_eq!(part(PART_BACK[1], &[100, 60]), Some(Some((60, 160))));
    assert_eq!(part(PART_BACK[0], &[100]), None, "it is there");
    // A step without a response, or that was refused, is found by whatever reads the rows.
    let held = [AUTHORIZES, Recorded, Captures(TOTAL)];
    for (before, answer, rows, expected) in [
        (&[PURCHASES][..], NoResponse, &[PAID][..], "told purchase there; -"),
        (&[PURCHASES], Refused, &[PAID], "told purchase there; -"),
        (&held, NoResponse, CAPTURED[0], "told capture there; -"),
        (&held, Refused, CAPTURED[1], "told capture there; -"),
        (&[PURCHASES, Recorded, Voids], Refused, ALL_BACK[0], "told refund there back 2599; -"),
    ] {
        let mut history = History::of(before);
        history.happens(answer);
        history.reads(rows);
        assert_eq!(history.shown(), expected, "{before:?} {answer:?}");
    }
    // A hold that is captured in an order that Tollgate has canceled is refunded there.
    let mut history = History::of(&[AUTHORIZES, Recorded, CancelsVoided, Voids, Recorded]);
    assert_eq!(history.shown(), "told void there; -");
    history.reads(&[is(RowStatus::Cancelled, HELD)]);
    assert_eq!(history.shown(), "told void there; -");
    history.reads(CAPTURED[0]);
    assert_eq!(history.shown(), "to_tell capture there; send 40");
    // A payment that was voided because of the refusal is refunded there, once it is found.
    let mut history = History::of(&[PURCHASES, Refused, Voids]);
    assert_eq!(history.shown(), "-; look 140");
    history.reads(&[PAID]);
    assert_eq!(history.shown(), "to_tell purchase there; send 30");
}

/// Anyone can state the reference of a payment.
#[test]
fn a_row_is_a_payments_own_only_if_it_was_sent_with_that_method_and_amount_and_once() {
    let held = row("row", Kind::Authorize, TOTAL);
    let other_amount = row("row", Kind::Purchase, TOTAL - 1);
    let fits = row("row", Kind::Purchase, TOTAL);
    let waited = [
        Event::Looks(7_200, &[]),
        Event::Looks(300, &[]),
        Event::Looks(10_800, &[]),
        Event::Looks(72_000, &[]),
    ];
    let overtaken = [&[PURCHASES, NoResponse, Voids][..], &waited, &[Event::Looks(72_000, &[])]].concat();
    for (before, rows, foreign) in [
        (&[PURCHASES][..], &[fits][..], 1),
        (&[PURCHASES, Voids], &[fits], 1),
        (&[Event::PaysInPart], &[fits], 1),
        (&overtaken, &[fits], 1),
        (&[PURCHASES, NoResponse], &[fits], 0),
        (&[PURCHASES, Refused], &[fits], 0),
        (&[PURCHASES, NoResponse], &[held], 1),
        (&[PURCHASES, NoResponse], &[other_amount], 1),
        (&[PURCHASES, Recorded], &[PAID, fits], 1),
        (&[PURCHASES, Recorded], &[PAID, held, other_amount], 2),
        (&[PURCHASES, Recorded], &[PAID, is(RowStatus::Failed, fits)], 0),
        (&[PURCHASES, Recorded], &[PAID, is(RowStatus::Cancelled, fits)], 0),
        (&[PURCHASES, Recorded], &[PAID, fits, changed(row("x", Kind::Refund, 100))], 2),
    ] {
        let mut history = History::of(before);
        history.reads(rows);
        assert_eq!(history.foreign(), foreign, "{before:?} {rows:?}");
        assert!(!history.shown().contains("refunded_there"), "{before:?} {rows:?}");
    }
    // One of two rows begins it, and the other one is a duplicate.
    let mut history = History::of(&[PURCHASES, NoResponse]);
    history.reads(&[fits, row("again", Kind::Purchase, TOTAL)]);
    assert_eq!(history.shown(), "needs_attention recorded_twice 30 purchase row again; -");
    assert_eq!(history.foreign(), 0);
}

#[test]
fn sums_say_what_is_refunded_at_least_once_the_shop_must_show_the_payment() {
    for (settled, is_refunded, seconds, expected) in [
        (0, false, 119, "told purchase there; -"),
        (TOTAL - 100, false, 120, "needs_attention refunded_there 140 purchase there back 100; -"),
        (0, false, 120, "needs_attention refunded_there 140 refund there back 2599; -"),
        (TOTAL, true, 120, "needs_attention refunded_there 140 refund there back 2599; -"),
        (TOTAL, false, 120, "told purchase there; -"),
        (2 * TOTAL, false, 120, "told purchase there; -"),
    ] {
        let mut history = History::of(&[PURCHASES, Recorded]);
        history.fixture.now += SignedDuration::from_secs(seconds);
        let now = history.fixture.now;
        let order =
            ShopOrder { is_refunded, owing: amount(0), settled: amount(settled), ..shop_order(0, now) };
        history.fixture.order.compare(&ShopReading { order: Some(&order), rows: None }, now);
        assert_eq!(history.shown(), expected, "{settled} {is_refunded} {seconds}");
    }
}

/// A row of another gateway.
fn paypal(step: Kind, minor: u64, refunded: u64, status: RowStatus) -> ShopTransaction {
    let (id, step) = (format!("{step:?}{minor}"), Some(step));
    let (amount, refunded) = (amount(minor), amount(refunded));
    let (is_manual, is_changed) = (false, false);
    ShopTransaction { id, is_manual, reference: None, amount, refunded, step, status, is_changed }
}

#[test]
fn more_than_the_total_by_all_gateways_less_refunds_is_told_on_the_latest_payment() {
    use RowStatus::{Cancelled, Complete, Failed, Pending};
    let (authorize, capture, purchase, refund) =
        (Kind::Authorize, Kind::Capture, Kind::Purchase, Kind::Refund);
    let overpaid = "needs_attention overpaid_there 30 purchase there; -";
    let told = "told purchase there; -";
    for (rows, expected) in [
        (vec![paypal(purchase, 1, 0, Complete)], overpaid),
        (vec![paypal(authorize, 1, 0, Complete)], overpaid),
        (vec![paypal(capture, 1, 0, Complete)], overpaid),
        (vec![paypal(purchase, 5, 4, Complete)], overpaid),
        (vec![paypal(purchase, 5, 5, Complete)], told),
        (vec![paypal(purchase, 1, 0, Pending)], told),
        (vec![paypal(purchase, 1, 0, Failed)], told),
        (vec![paypal(authorize, 1, 0, Cancelled)], told),
        (vec![paypal(refund, 5, 5, Complete)], told),
        (vec![paypal(purchase, 5, 0, Complete), paypal(refund, 5, 5, Complete)], told),
        (vec![paypal(purchase, 5, 0, Complete), paypal(refund, 4, 4, Complete)], overpaid),
        (vec![], told),
    ] {
        let mut history = History::of(&[PURCHASES, Recorded]);
        history.fixture.order.total = Some(amount(TOTAL));
        history.fixture.later(10);
        let now = history.fixture.now;
        let read = |history: &mut History, of_others: &[ShopTransaction]| {
            let rows = [history.rows(&[PAID]), of_others.to_vec()].concat();
            history.fixture.order.compare(&ShopReading { order: None, rows: Some(&rows) }, now)
        };
        read(&mut history, &rows);
        assert_eq!(history.shown(), expected, "{rows:?}");
        // A late reading takes nothing back; a refund there or here ends it.
        read(&mut history, &[]);
        assert_eq!(history.shown(), expected, "{rows:?}");
        history.happens(Refunds(TOTAL));
        assert_eq!(history.shown(), "to_tell purchase there; send 40", "{rows:?}");
        assert_eq!(history.foreign(), 0);
    }
}

/// The shop cancels everything that is in the order.
#[test]
fn an_order_is_canceled_there_only_if_nothing_but_held_payments_of_ours_was_ever_in_it() {
    let strangers = Row { minor: 1, ..row("x", Kind::Purchase, 1) };
    let canceled =
        ShopOrder { standing: ShopStanding::Cancelled, ..shop_order(TOTAL, super::Fixture::new().now) };
    let sends = "sent authorize there; look 100";
    let voided = "needs_attention voided 40 authorize there; -";
    for (rows, there, expected) in [
        (&[HELD][..], shop_order(TOTAL, canceled.read_at), sends),
        // The list of rows is late.
        (&[], shop_order(TOTAL, canceled.read_at), sends),
        (&[HELD, is(RowStatus::Failed, strangers)], shop_order(TOTAL, canceled.read_at), sends),
        (&[HELD, strangers], shop_order(TOTAL, canceled.read_at), voided),
        (&[HELD, is(RowStatus::Pending, strangers)], shop_order(TOTAL, canceled.read_at), voided),
        (&[HELD], ShopOrder { settled: amount(TOTAL + 1), ..canceled.clone() }, "told authorize there; -"),
        (&[HELD], canceled.clone(), "told authorize there; -"),
        // The sums are late, so it is asked again.
        (&[HELD], shop_order(TOTAL - 1, canceled.read_at), "to_tell authorize there; send 340"),
    ] {
        let mut history = History::of(&[AUTHORIZES, Recorded, CancelsVoided, Voids]);
        let (rows, now) = (history.rows(rows), history.fixture.now);
        let reading = ShopReading { order: Some(&there), rows: Some(&rows) };
        let sent = history.fixture.order.begin_telling(Some(&reading), Default::default, now);
        assert_eq!(sent.is_some(), expected == sends, "{rows:?} {there:?}");
        assert_eq!(history.shown(), expected, "{rows:?} {there:?}");
    }
}
