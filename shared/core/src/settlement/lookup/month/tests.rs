//! Edges of a month that generated months do not reach.

use futures_util::FutureExt;
use jiff::civil::date;

use super::*;
use crate::{
    journal::read_totals::Interval,
    memory::{JournalTable, SettlementTable},
    order::Kind,
    settlement::{
        Component, Deposit, ExceptionCause, Funded, FundedKind, FundedStatus, Line, PackKey,
        memory::{add, done, merchant, put},
    },
};

const ACCOUNT: &str = "1";

/// An hour of a day in November 2026, UTC.
fn at(day: i8, hour: i8) -> Timestamp {
    date(2026, 11, day).at(hour, 0, 0, 0).in_tz("UTC").unwrap().timestamp()
}

/// November, from an account that has deposits, on the 25th.
fn november(log: &JournalTable, table: &SettlementTable) -> MonthReport {
    let (merchant, zone) = (merchant(), Zone::default());
    let days = Days { first: date(2026, 11, 1), last: date(2026, 11, 30) };
    let periods = Periods::new(Interval::Day, days, &zone).unwrap();
    let accounts = [Progress { funding: Some(true), ..Progress::new(ACCOUNT, at(1, 0)) }];
    let reader = MonthReader { totals: log, log, lines: table, deposits: table, now: at(25, 0) };
    let wanted =
        WantedMonth { merchant: &merchant, days, zone: &zone, periods: &periods, accounts: &accounts };
    reader.report(&wanted).now_or_never().unwrap().unwrap()
}

/// A line of 5.00 in the deposit of the 18th.
fn line(reference: &str) -> Line {
    let funded = Funded {
        id: format!("f{reference}"),
        deposit: "d".to_owned(),
        day: date(2026, 11, 18),
        kind: FundedKind::Sale,
        status: FundedStatus::Processed,
        amount: SignedAmount::new(500),
        currency: None,
        batch: None,
    };
    Line { reference: reference.to_owned(), funded: vec![funded], ..Line::default() }
}

/// That deposit, in no currency.
fn deposit(minor: i64, packs: impl IntoIterator<Item = PackKey>) -> Deposit {
    Deposit {
        components: vec![(Component::NetSales, SignedAmount::new(minor))],
        total: SignedAmount::new(minor),
        packs: packs.into_iter().collect(),
        ..Deposit::without_sum("d".to_owned(), ACCOUNT, date(2026, 11, 18), at(18, 20))
    }
}

/// The figures that are not zero.
fn figures(report: &MonthReport) -> Vec<(String, Figure, i64)> {
    let mut all = Vec::new();
    for sums in report.sums().unwrap() {
        let code = sums.currency.map(Currency::code).unwrap_or_default();
        let own = sums.figures.iter().filter(|(_, sum)| sum.count > 0);
        all.extend(own.map(|(figure, sum)| (code.to_owned(), *figure, sum.amount.minor())));
    }
    all
}

#[test]
fn a_part_has_as_many_facts_as_a_report_may_have_and_a_day_with_more_is_a_part_of_its_own() {
    let day = |n| date(2026, 11, n);
    let days = Days { first: day(1), last: day(4) };
    for (counts, lasts) in [
        ([MONTH_FACTS_MAX - 1, 1, 0, 0], vec![4]),
        ([MONTH_FACTS_MAX - 1, 1, 0, 1], vec![3, 4]),
        ([MONTH_FACTS_MAX, 1, 0, 0], vec![1, 4]),
        ([0, MONTH_FACTS_MAX + 1, 0, 1], vec![1, 2, 4]),
        ([0, 0, 0, 0], vec![4]),
    ] {
        let counts = (1..).map(day).zip(counts).collect();
        let parts = parts(days, &counts);
        assert_eq!(parts.iter().map(|part| part.last.day()).collect::<Vec<_>>(), lasts, "{counts:?}");
    }
}

#[test]
fn figures_beyond_64_bits_are_an_error() {
    let (log, table) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "r", at(17, 12))]);
    let mut report = november(&log, &table);
    let mut row = MonthRow::new(RowKind::Deposit, ACCOUNT, Some(Currency::USD));
    row.add(Figure::Net, SignedAmount::new(i64::MAX)).unwrap();
    assert!(row.add(Figure::Net, SignedAmount::new(1)).is_none());
    report.rows = vec![row.clone(), row];
    assert!(matches!(report.sums(), Err(StoreError::Corrupt(_))));
    // Without any row, the counted money is there.
    report.rows.clear();
    assert_eq!(report.sums().unwrap()[0].differs(), [MonthCheck::Counted]);
}

#[test]
fn a_deposit_that_states_no_currency_has_that_of_its_lines() {
    let (log, table) = (JournalTable::default(), SettlementTable::default());
    let mut before = line("before");
    before.funded[0].currency = Some(Currency::USD);
    let pack = PackKey::of(ACCOUNT, Some(date(2026, 10, 20)), "before");
    put(&table, ACCOUNT, pack.day, before);
    table.put_deposit(&merchant(), deposit(500, [pack]));
    let usd = |figure| ("USD".to_owned(), figure, 500);
    assert_eq!(figures(&november(&log, &table)), [usd(Figure::LinesBefore), usd(Figure::Net)]);
}

#[test]
fn where_lines_cannot_be_read_nothing_is_guessed() {
    let (log, table) = (JournalTable::default(), SettlementTable::default());
    add(&log, vec![done(1, Kind::Purchase, 500, "r", at(3, 12))]);
    let late = november(&log, &table);
    assert_eq!(late.rows[0].cause, Some(ExceptionCause::NotSettled), "no line, and late");
    put(&table, ACCOUNT, Some(date(2026, 11, 3)), line("r"));
    table.lines.lock().unwrap().values_mut().for_each(|packed| packed.is_unreadable = true);
    let report = november(&log, &table);
    assert_eq!((report.rows[0].cause, report.unreadable), (None, 1));
    assert_eq!(report.rows[0].amount(Figure::Exception).minor(), 500);
}

#[test]
fn two_payments_of_one_reference_are_exceptions_and_its_line_is_a_difference() {
    let (log, table) = (JournalTable::default(), SettlementTable::default());
    for n in [1, 2] {
        add(&log, vec![done(n, Kind::Purchase, 500, "r", at(17, 12))]);
    }
    let pack = PackKey::of(ACCOUNT, Some(date(2026, 11, 17)), "r");
    put(&table, ACCOUNT, pack.day, line("r"));
    table.put_deposit(&merchant(), deposit(500, [pack]));
    let report = november(&log, &table);
    let of = |figure| figures(&report).into_iter().find(|(_, own, _)| *own == figure).map(|(.., sum)| sum);
    let wanted = [Figure::Moved, Figure::Exception, Figure::Difference, Figure::Lines, Figure::Net];
    assert_eq!(wanted.map(of), [1_000, 1_000, 500, 500, 500].map(Some));
    assert!(report.rows.iter().filter(|row| row.kind == RowKind::Movement).all(|row| row.cause.is_some()));
}
