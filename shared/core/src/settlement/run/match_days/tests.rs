//! Days are matched one after another, and together they fit as if all were matched at once.

use std::sync::Arc;

use futures_util::FutureExt;
use jiff::{civil::date, tz::TimeZone};
use uuid::Uuid;

use super::*;
use crate::{
    memory::{JournalTable, OrderTable, SettlementTable},
    order::{Cause, LineId, Operation},
    settlement::{
        Adjustment, BatchStatus, Chargeback, Component, Deposit, DisputeRecorder, ExceptionCause, Funded,
        FundedKind, FundedStatus, Settled, SettledStatus,
        memory::{add, done, news, put},
        run::match_disputes::DisputeMatcher,
    },
    test_merchant::test_merchant,
    values::{Amount, SignedAmount, SystemClock},
};

const ACCOUNT: &str = "1";

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn at(day: i8, hour: i8) -> Timestamp {
    date(2026, 11, day).at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn line(reference: &str, amount: i64, day: Date) -> Line {
    let settled = Settled {
        batch: "b".to_owned(),
        day,
        amount: Some(SignedAmount::new(amount)),
        status: SettledStatus::Accepted,
        batch_status: BatchStatus::Good,
        gateway_order_id: Some(format!("order id of {reference}")),
    };
    let funded = Funded {
        id: reference.to_owned(),
        deposit: format!("d{day}"),
        day,
        kind: if amount < 0 { FundedKind::Refund } else { FundedKind::Sale },
        status: FundedStatus::Processed,
        amount: SignedAmount::new(amount),
        currency: None,
        batch: None,
    };
    Line { reference: reference.to_owned(), settled: vec![settled], funded: vec![funded] }
}

fn run(log: &JournalTable, memory: &SettlementTable, days: (i8, i8), now: Timestamp) -> MatchReport {
    let matcher = DayMatcher { log, lines: memory, exceptions: memory };
    let days = DayRange { first: date(2026, 11, days.0), last: date(2026, 11, days.1) };
    let (merchant, waits) = (merchant(), Waits::default());
    let wanted = MatchedDays {
        merchant: &merchant,
        account: ACCOUNT,
        now,
        days,
        has_deposits: true,
        unread: &BTreeSet::new(),
        reports: &KnownReports::new(),
        changed: &BTreeSet::new(),
        waits: &waits,
    };
    let recorder = DisputeRecorder { log, store: &OrderTable::default(), clock: &SystemClock };
    let disputes = DisputeMatcher { recorder, deposits: memory };
    let disputes =
        disputes.run(&test_merchant(merchant.clone()), ACCOUNT, now).now_or_never().unwrap().unwrap();
    let news = news(Arc::new(SettlementTable::default()));
    matcher.run(&wanted, &disputes, &news).now_or_never().unwrap().unwrap()
}

fn causes(memory: &SettlementTable) -> Vec<(ExceptionCause, bool)> {
    memory.all_exceptions().iter().map(|one| (one.cause, one.is_open())).collect()
}

#[test]
fn a_payment_that_spans_days_fits() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(
        &log,
        vec![
            done(1, Kind::Authorize, 500, "held", at(2, 12)),
            done(2, Kind::Capture, 300, "held", at(10, 12)),
            done(3, Kind::Refund, 100, "back", at(12, 12)),
        ],
    );
    // Voided after midnight: the payment is the day before.
    let void =
        Operation { cause: Cause::RefundBeforeSettlement, ..done(5, Kind::Void, 700, "gone", at(11, 1)) };
    add(&log, vec![done(4, Kind::Purchase, 700, "gone", at(10, 23)), void]);
    put(&memory, ACCOUNT, Some(date(2026, 11, 10)), line("held", 300, date(2026, 11, 11)));
    put(&memory, ACCOUNT, Some(date(2026, 11, 12)), line("back", -100, date(2026, 11, 13)));
    let report = run(&log, &memory, (2, 20), at(20, 12));
    assert_eq!(causes(&memory), []);
    assert_eq!((report.compared, report.unreadable), (4, 0), "the authorization's day, too");
}

#[test]
fn what_the_journal_does_not_know_and_what_arrives_late_are_told() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "late", at(2, 12))]);
    put(&memory, ACCOUNT, None, line("terminal", 900, date(2026, 11, 10)));
    run(&log, &memory, (2, 12), at(12, 12));
    let mut all = causes(&memory);
    all.sort();
    assert_eq!(all, [(ExceptionCause::NotSettled, true), (ExceptionCause::NotOurs, true)]);
    // Its day is no longer among those that are read, and its money comes.
    put(&memory, ACCOUNT, Some(date(2026, 11, 2)), line("late", 500, date(2026, 11, 20)));
    let report = run(&log, &memory, (15, 25), at(25, 12));
    assert_eq!(report.exceptions.closed, 1);
    let mut all = causes(&memory);
    all.sort();
    assert_eq!(all, [(ExceptionCause::NotSettled, false), (ExceptionCause::NotOurs, true)]);
}

#[test]
fn a_second_record_under_our_order_id_is_told_and_the_first_one_fits() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "kept", at(10, 12))]);
    let name = log.all()[0].gateway_order_id.clone();
    put(&memory, ACCOUNT, Some(date(2026, 11, 10)), line("kept", 500, date(2026, 11, 10)));
    let mut twin = line("twin", 500, date(2026, 11, 10));
    twin.settled[0].gateway_order_id = Some(name);
    put(&memory, ACCOUNT, None, twin);
    run(&log, &memory, (9, 20), at(20, 12));
    let all = memory.all_exceptions();
    assert_eq!((all.len(), all[0].cause), (1, ExceptionCause::NotApproved));
    assert_eq!((all[0].reference.as_deref(), all[0].transaction), (Some("twin"), Some(Uuid::from_u128(1))));
}

#[test]
fn a_chargeback_weeks_later_has_its_payment_and_ends_with_its_reversal() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "paid", at(2, 12))]);
    let chargeback = Chargeback {
        id: LineId::Stated("c".to_owned()),
        case: "case".to_owned(),
        sequence: None,
        deposit: "d1".to_owned(),
        reference: Some("paid".to_owned()),
        amount: Amount::new(500).unwrap(),
        transaction_amount: None,
        currency: None,
        on: date(2026, 11, 20),
        reason_code: String::new(),
        reason: String::new(),
        acquirer_reference: None,
        authcode: None,
        changed_on: None,
    };
    let deposit = |id: &str, day: i8, adjustments, chargebacks| Deposit {
        adjustments,
        chargebacks,
        ..Deposit::without_sum(id.to_owned(), ACCOUNT, date(2026, 11, day), at(20, 0))
    };
    memory.put_deposit(&merchant(), deposit("d1", 20, Vec::new(), vec![chargeback]));
    run(&log, &memory, (18, 21), at(21, 12));
    assert_eq!(causes(&memory), [(ExceptionCause::Chargeback, true)]);
    let won = Adjustment {
        id: LineId::Stated("a".to_owned()),
        component: Some(Component::Reversal),
        category: "REVERSAL".to_owned(),
        description: String::new(),
        amount: SignedAmount::new(500),
        case: Some("case".to_owned()),
        day: None,
        changed_on: None,
    };
    memory.put_deposit(&merchant(), deposit("d2", 28, vec![won], Vec::new()));
    run(&log, &memory, (25, 29), at(29, 12));
    assert_eq!(causes(&memory), [(ExceptionCause::Chargeback, false)]);
}

#[test]
fn a_line_that_no_run_has_moved_yet_is_its_payments_and_nobody_elses() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "late", at(10, 12))]);
    put(&memory, ACCOUNT, None, line("late", 500, date(2026, 11, 10)));
    run(&log, &memory, (2, 20), at(20, 12));
    assert_eq!(causes(&memory), []);
}

#[test]
fn what_may_be_among_lines_that_cannot_be_read_is_not_judged() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "late", at(2, 12))]);
    for day in [Some(date(2026, 11, 2)), None] {
        let pack = PackKey::of(ACCOUNT, day, "late");
        let bad = PackedLines { version: 1, is_unreadable: true, ..PackedLines::default() };
        memory.lines.lock().unwrap().insert((merchant(), pack.clone()), bad);
        run(&log, &memory, (2, 12), at(12, 12));
        assert_eq!(causes(&memory), [], "{pack}");
        memory.lines.lock().unwrap().remove(&(merchant(), pack));
    }
    run(&log, &memory, (2, 12), at(12, 12));
    assert_eq!(causes(&memory), [(ExceptionCause::NotSettled, true)]);
}
