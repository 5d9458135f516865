//! Totals that are read by period.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::FutureExt;
use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::{
    journal::{Changes, CountedEntry, KeptSum, KeptSums, Mark, MerchantDay, SumOf, Total, TotalLine, Totals},
    values::{Amount, Currency, SignedAmount, Zone},
};

const DAY_S: i64 = 86_400;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn periods(interval: Interval, first: &str, last: &str, name: &str) -> Result<Periods, BadRange> {
    Periods::new(interval, Days { first: date(first), last: date(last) }, &zone(name))
}

/// Names and lengths in minutes.
fn shown(periods: &Periods) -> Vec<(&str, i64)> {
    let minutes = |period: &Period| period.ends.duration_since(period.begins).as_secs() / 60;
    periods.all().iter().map(|period| (period.name.as_str(), minutes(period))).collect()
}

#[test]
fn a_day_where_clocks_change_has_23_or_25_hours() {
    let new_york = "America/New_York";
    let days = periods(Interval::Day, "2026-10-31", "2026-11-02", new_york).unwrap();
    assert_eq!(shown(&days), [("2026-10-31", 1_440), ("2026-11-01", 1_500), ("2026-11-02", 1_440)]);
    assert_eq!(days.all()[1].begins, moment("2026-11-01T04:00:00Z"));
    let shorter = periods(Interval::Day, "2026-03-08", "2026-03-08", new_york).unwrap();
    assert_eq!(shown(&shorter), [("2026-03-08", 1_380)]);
}

#[test]
fn zones_of_halves_and_quarters_of_hours_have_days_of_their_own() {
    let first = |name: &str| {
        let periods = periods(Interval::Day, "2026-11-20", "2026-11-20", name).unwrap();
        let period = &periods.all()[0];
        (period.name.clone(), period.begins, periods.all().len())
    };
    let day = |begins: &str| ("2026-11-20".to_owned(), moment(begins), 1);
    assert_eq!(first("Asia/Kathmandu"), day("2026-11-19T18:15:00Z"));
    assert_eq!(first("Pacific/Chatham"), day("2026-11-19T10:15:00Z"));
    assert_eq!(first("Pacific/Kiritimati"), day("2026-11-19T10:00:00Z"));
    assert_eq!(first("America/St_Johns"), day("2026-11-20T03:30:00Z"));
    // Clocks that go forward at midnight, and that skip a day.
    let cuba = periods(Interval::Day, "2026-03-08", "2026-03-08", "America/Havana").unwrap();
    assert_eq!(shown(&cuba), [("2026-03-08", 1_380)]);
    let samoa = periods(Interval::Day, "2011-12-29", "2011-12-31", "Pacific/Apia").unwrap();
    assert_eq!(shown(&samoa), [("2011-12-29", 1_440), ("2011-12-31", 1_440)]);
    let months = periods(Interval::Month, "2026-10-01", "2026-12-31", "America/New_York").unwrap();
    let hour = 60;
    let expected = [("2026-10", 744 * hour), ("2026-11", 721 * hour), ("2026-12", 744 * hour)];
    assert_eq!(shown(&months), expected);
}

#[test]
fn a_range_has_a_beginning_an_end_and_a_limit() {
    let new =
        |interval, last| periods(interval, "2026-01-01", last, "UTC").map(|periods| periods.all().len());
    assert_eq!(new(Interval::Day, "2025-12-31"), Err(BadRange::Empty));
    assert_eq!(new(Interval::Day, "2026-04-02"), Ok(92));
    assert_eq!(new(Interval::Day, "2026-04-03"), Err(BadRange::TooLong(Interval::Day)));
    assert_eq!(new(Interval::Month, "2026-12-31"), Ok(12));
    assert_eq!(new(Interval::Month, "2027-01-31"), Err(BadRange::TooLong(Interval::Month)));
    let far = |day| periods(Interval::Day, day, day, "UTC").map(drop);
    assert_eq!(far("9999-12-31"), Err(BadRange::NoSuchTime));
    assert_eq!(far("-009999-01-01"), Err(BadRange::NoSuchTime));
}

#[test]
fn what_is_not_said_of_a_range_is_yesterday_or_up_to_today_or_this_month() {
    let today = date("2026-11-20");
    let of = |from: &str, to: &str, interval| {
        let days = |text: &str| (!text.is_empty()).then(|| Days::parse(text).unwrap());
        Days::of_report(days(from), days(to), interval, today)
            .map(|(days, interval)| (days.first.to_string(), days.last.to_string(), interval.as_str()))
    };
    let month = Some(Interval::Month);
    for (from, to, interval, first, last, read) in [
        ("", "", None, "2026-11-19", "2026-11-19", "day"),
        ("2026-11-03", "", None, "2026-11-03", "2026-11-20", "day"),
        ("2026-11-25", "", None, "2026-11-25", "2026-11-25", "day"),
        ("", "2026-11-03", None, "2026-11-03", "2026-11-03", "day"),
        ("2026-02", "2026-02", None, "2026-02-01", "2026-02-28", "month"),
        ("2026-09", "", None, "2026-09-01", "2026-11-30", "month"),
        ("2026-11", "2026-11", Some(Interval::Day), "2026-11-01", "2026-11-30", "day"),
        ("2026-11-18", "2026-11", None, "2026-11-18", "2026-11-30", "day"),
        ("", "", month, "2026-11-01", "2026-11-30", "month"),
    ] {
        let expected = (first.to_owned(), last.to_owned(), read);
        assert_eq!(of(from, to, interval), Ok(expected), "{from} {to}");
    }
    assert_eq!(of("2026-11-03", "", month), Err(BadRange::NoMonth));
    for text in ["", "2026", "2026-13", "2026-11-31", "2026-11-1", "2026/11", "yesterday"] {
        assert_eq!(Days::parse(text), None, "{text}");
    }
}

fn at(second: i64) -> Timestamp {
    // 2027-01-16T00:00:00Z
    Timestamp::from_second(1_800_057_600 + second).unwrap()
}

fn counted(second: i64, choice: u64) -> CountedEntry {
    let pick = |texts: [&str; 2], bit: u64| texts[usize::from(choice >> bit & 1 == 1)].to_owned();
    let fact = pick(["approved", "declined"], 2);
    let line = TotalLine {
        currency: pick(["USD", "CAD"], 0).parse().unwrap(),
        operation: pick(["purchase", "refund"], 1),
        decline: Some(pick(["do_not_honor", "expired_card"], 6)).filter(|_| fact == "declined"),
        fact,
        mid: pick(["1", "2"], 3),
        brand: Some(pick(["Visa", "JCB"], 4)).filter(|_| choice >> 5 & 1 == 1),
    };
    let amount = Amount::new(choice % 1_000).unwrap();
    let change = i64::try_from(choice % 1_000).unwrap();
    let changes = Changes {
        held: SignedAmount::new(-change),
        paid: SignedAmount::new(change),
        returned: SignedAmount::new(2 * change),
        gateway: SignedAmount::new(3 - change),
        fees: SignedAmount::new(5 * change),
        disputed: SignedAmount::new(7 * change),
    };
    CountedEntry { at: at(second), line, amount, changes }
}

/// The kept sums of some entries: until when, and which quarters are marked.
#[derive(Default)]
struct Kept {
    reached: Reached,
    marked: Vec<QuarterHour>,
    entries: Vec<CountedEntry>,
    /// Entries that cannot be read beside each of these.
    left_out: u64,
    /// Days whose sum cannot be read.
    bad_days: Vec<Date>,
    /// Days of which a quarter cannot be read.
    bad_quarters: Vec<Date>,
}

impl Kept {
    fn sums<T: Ord>(&self, of: impl Fn(Timestamp) -> Option<T>) -> BTreeMap<T, KeptSum> {
        let mut sums: BTreeMap<T, KeptSum> = BTreeMap::new();
        for entry in &self.entries {
            let Some(key) = of(entry.at) else { continue };
            let sum = sums.entry(key).or_default().totals.get_or_insert_default();
            sum.add(entry.clone()).unwrap();
            sum.leave_out(self.left_out);
        }
        sums
    }
}

#[async_trait]
impl TotalsStore for Kept {
    async fn marks(&self, _: u16) -> Result<(Vec<Mark>, Vec<Unreadable>), StoreError> {
        unreachable!("a report is of one merchant")
    }

    async fn marked(&self, _: &MerchantId, first: Date, last: Date) -> Result<Vec<QuarterHour>, StoreError> {
        let in_range = |quarter: &QuarterHour| (first..=last).contains(&quarter.day);
        Ok(self.marked.iter().copied().filter(in_range).collect())
    }

    async fn settle(&self, _: &Mark) -> Result<(), StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn reached(&self, _: &MerchantId) -> Result<Reached, StoreError> {
        Ok(self.reached)
    }

    async fn beat(&self, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn reach(&self, _: u16, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn merchants(
        &self,
        _: Date,
        _: Date,
    ) -> Result<(BTreeSet<MerchantId>, Vec<Unreadable>), StoreError> {
        unreachable!("a report is of one merchant")
    }

    async fn sample(&self, _: Date, _: Date) -> Result<Vec<MerchantDay>, StoreError> {
        unreachable!("a report is of one merchant")
    }

    async fn quarters(&self, _: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        let sums = self.sums(|at| Some(QuarterHour::of(at)).filter(|quarter| quarter.day == day));
        let bad = self.bad_quarters.iter().filter(|bad| **bad == day);
        let unreadable = bad.map(|day| Unreadable { key: day.to_string(), reason: String::new() });
        Ok(KeptSums { sums, unreadable: unreadable.collect() })
    }

    async fn days(&self, _: &MerchantId, first: Date, last: Date) -> Result<KeptSums<Date>, StoreError> {
        let mut sums = self.sums(|at| Some(day_of(at)).filter(|day| (first..=last).contains(day)));
        let bad = self.bad_days.iter().filter_map(|day| {
            sums.get_mut(day)?.totals = None;
            Some(Unreadable { key: day.to_string(), reason: String::new() })
        });
        let unreadable = bad.collect();
        Ok(KeptSums { sums, unreadable })
    }

    async fn replace(&self, _: &MerchantId, _: SumOf, _: u64, _: &Totals) -> Result<bool, StoreError> {
        unreachable!("a report writes nothing")
    }
}

fn report(store: &Kept, periods: &Periods, selection: &Selection) -> PeriodTotals {
    read_totals(store, &"m".parse().unwrap(), periods, selection).now_or_never().unwrap().unwrap()
}

fn everything() -> Selection {
    Selection { by: Dimension::ALL.to_vec(), ..Selection::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_totals_of_any_period_of_any_zone_are_those_of_its_entries(
        entries in prop::collection::vec((-DAY_S..9 * DAY_S, any::<u64>()), 0..80),
        zone_name in prop::sample::select(vec![
            "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/St_Johns",
        ]),
        interval in prop::sample::select(Interval::ALL.to_vec()),
        bad_days in prop::collection::vec(0..9_i64, 0..3),
    ) {
        let entries: Vec<_> = entries.into_iter().map(|(second, choice)| counted(second, choice)).collect();
        let bad_days = bad_days.into_iter().map(|n| day_of(at(n * DAY_S))).collect();
        let store = Kept { entries: entries.clone(), bad_days, ..Kept::default() };
        let days = match interval {
            Interval::Month => Days { first: date("2027-01-01"), last: date("2027-02-28") },
            Interval::Day => Days { first: date("2027-01-17"), last: date("2027-01-20") },
        };
        let zone = zone(zone_name);
        let periods = Periods::new(interval, days, &zone);
        prop_assume!(periods.is_ok());
        let periods = periods.unwrap();
        let found = report(&store, &periods, &everything());
        let mut rows: BTreeMap<(usize, TotalLine), u64> = BTreeMap::new();
        let mut changes = Changes::default();
        for entry in &entries {
            let shown = zone.shown(entry.at).date();
            let period = periods.of(entry.at);
            prop_assert_eq!(period.is_some(), days.first <= shown && shown <= days.last);
            let Some(period) = period else { continue };
            let name = &periods.all()[period].name;
            prop_assert!(name.starts_with(&shown.to_string()[..name.len().min(10)]), "{} {}", name, shown);
            *rows.entry((period, entry.line.clone())).or_default() += 1;
            changes = changes.checked_add(entry.changes).unwrap();
        }
        let counts = found.rows.iter().map(|row| ((row.period, row.line.clone()), row.total.count)).collect();
        prop_assert_eq!(rows, counts);
        // However few rows they are added up to.
        let sum = |rows: &[TotalRow]| Changes::sum(rows.iter().map(|row| row.total.changes)).unwrap();
        prop_assert_eq!(sum(&found.rows), changes);
        for by in [vec![], vec![Dimension::Mid], vec![Dimension::Brand, Dimension::DeclineCode]] {
            let selection = Selection { by, ..Selection::default() };
            let found = report(&store, &periods, &selection);
            prop_assert_eq!(sum(&found.rows), changes);
            prop_assert_eq!(sum(&found.sums), changes);
            let shares: Vec<u64> = found.rows.iter().map(|row| row.approved + row.declined).collect();
            prop_assert!(found.rows.iter().zip(shares).all(|(row, share)| share <= row.payments));
        }
    }
}

fn entry_of(operation: &str, fact: &str, brand: &str, decline: Option<&str>) -> CountedEntry {
    let line = TotalLine {
        currency: Currency::USD,
        operation: operation.to_owned(),
        fact: fact.to_owned(),
        mid: "1".to_owned(),
        brand: Some(brand.to_owned()),
        decline: decline.map(str::to_owned),
    };
    CountedEntry { line, ..counted(0, 100) }
}

/// Three purchases by Visa, of which one was declined, one by JCB that was declined for another
/// reason, and a refund.
fn sold() -> Kept {
    let entries = vec![
        entry_of("purchase", "approved", "Visa", None),
        entry_of("authorize", "approved", "Visa", None),
        entry_of("purchase", "declined", "Visa", Some("expired_card")),
        entry_of("purchase", "declined", "JCB", Some("do_not_honor")),
        entry_of("refund", "refunded", "Visa", None),
        // No payment: a refusal of a refund says nothing about approvals.
        entry_of("refund", "declined", "Visa", Some("invalid_state")),
    ];
    Kept { entries, ..Kept::default() }
}

#[test]
fn rates_are_shares_of_the_payments_that_were_decided_and_come_to_one() {
    let periods = periods(Interval::Day, "2027-01-16", "2027-01-16", "UTC").unwrap();
    let rows = |selection: Selection| {
        let rows = report(&sold(), &periods, &selection).rows;
        let name = |row: &TotalRow, of| row.line.value(of).unwrap_or("").to_owned();
        rows.iter()
            .map(|row| {
                let (brand, decline) = (name(row, Dimension::Brand), name(row, Dimension::DeclineCode));
                (brand + &decline, row.approved, row.declined, row.approval_rate(), row.decline_rate())
            })
            .collect::<Vec<_>>()
    };
    let by = |by: &[Dimension]| Selection { by: by.to_vec(), ..Selection::default() };
    let row = |name: &str, approved, declined, rates: [u64; 2]| {
        (name.to_owned(), approved, declined, Some(rates[0]), Some(rates[1]))
    };
    assert_eq!(rows(by(&[])), [row("", 2, 2, [5_000, 5_000])]);
    let brands = [row("JCB", 0, 1, [0, 10_000]), row("Visa", 2, 1, [6_667, 3_333])];
    assert_eq!(rows(by(&[Dimension::Brand])), brands);
    let codes = [
        row("", 2, 0, [5_000, 0]),
        row("do_not_honor", 0, 1, [0, 2_500]),
        row("expired_card", 0, 1, [0, 2_500]),
        row("invalid_state", 0, 0, [0, 0]),
    ];
    assert_eq!(rows(by(&[Dimension::DeclineCode])), codes);
    // A payment that the rows leave out still counts as a payment, unless it is of another brand.
    let declined = Selection {
        only: vec![
            (Dimension::Fact, vec!["declined".to_owned()]),
            (Dimension::Brand, vec!["Visa".to_owned()]),
            (Dimension::Operation, vec!["purchase".to_owned()]),
        ],
        ..by(&[Dimension::DeclineCode])
    };
    assert_eq!(rows(declined), [row("expired_card", 0, 1, [0, 5_000])]);
    // Of the two that Visa's issuers approved, a rule of the shop refused one.
    let mut sold = sold();
    sold.entries.push(entry_of("authorize", "declined_by_rule", "Visa", Some("incorrect_cvc")));
    let shares = |by: &[Dimension]| {
        let selection = Selection { by: by.to_vec(), ..Selection::default() };
        let rows = report(&sold, &periods, &selection).rows;
        rows.iter()
            .map(|row| [row.issuer_approved, row.approved, row.declined, row.payments])
            .collect::<Vec<_>>()
    };
    assert_eq!(shares(&[]), [[2, 1, 3, 4]]);
    assert_eq!(shares(&[Dimension::Brand]), [[0, 0, 1, 1], [2, 1, 2, 3]]);
    let of_codes = [[2, 1, 0, 4], [0, 0, 1, 4], [0, 0, 1, 4], [0, 0, 1, 4], [0, 0, 0, 4]];
    assert_eq!(shares(&[Dimension::DeclineCode]), of_codes);
    let of_facts = [[2, 1, 0, 4], [0, 0, 2, 4], [0, 0, 1, 4], [0, 0, 0, 4]];
    assert_eq!(shares(&[Dimension::Fact]), of_facts);
    let all = report(&sold, &periods, &by(&[])).rows;
    assert_eq!((all[0].approval_rate(), all[0].issuer_approval_rate()), (Some(2_500), Some(5_000)));
    let euros = Selection { currencies: vec!["EUR".parse().unwrap()], ..by(&[]) };
    assert_eq!(rows(euros), []);
    let refunds = Selection { only: vec![(Dimension::Operation, vec!["refund".to_owned()])], ..by(&[]) };
    assert_eq!(rows(refunds), [(String::new(), 0, 0, None, None)]);
}

#[test]
fn the_declines_of_a_range_are_by_code_the_most_frequent_first() {
    let mut sold = sold();
    let next_day = entry_of("purchase", "declined", "Visa", Some("do_not_honor"));
    sold.entries.push(CountedEntry { at: at(DAY_S), ..next_day });
    let periods = periods(Interval::Day, "2027-01-16", "2027-01-17", "UTC").unwrap();
    let declines =
        |by: Dimension| report(&sold, &periods, &Selection { by: vec![by], ..Selection::default() }).declines;
    let rows = declines(Dimension::DeclineCode).unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.line.decline.as_deref().unwrap(), row.declined, row.decline_rate()))
        .collect();
    assert_eq!(rows, [("do_not_honor", 2, Some(4_000)), ("expired_card", 1, Some(2_000))]);
    assert_eq!(declines(Dimension::Brand), None);
}

/// A decision that changes the amounts held and paid by so much.
fn moving(operation: &str, fact: &str, held: i64, paid: i64) -> CountedEntry {
    let (held, paid) = (SignedAmount::new(held), SignedAmount::new(paid));
    CountedEntry {
        changes: Changes { held, paid, ..Changes::default() },
        ..entry_of(operation, fact, "Visa", None)
    }
}

#[test]
fn the_approved_amount_has_no_capture_void_or_lapse_and_refunds_are_counted_however_given_back() {
    let entries = vec![
        moving("authorize", "approved", 700, 0),
        moving("purchase", "approved", 0, 250),
        // A rule refused it, so it holds nothing.
        moving("purchase", "approved", 0, 0),
        moving("purchase", "declined_by_rule", 0, 0),
        moving("purchase", "declined", 0, 0),
        moving("capture", "captured", -700, 600),
        moving("authorize", "lapsed", -40, 0),
        moving("void", "voided", -30, -20),
        moving("refund", "refunded", 0, 0),
        moving("void", "refunded", 0, 0),
        moving("refund", "declined", 0, 0),
    ];
    let store = Kept { entries, ..Kept::default() };
    let periods = periods(Interval::Day, "2027-01-16", "2027-01-16", "UTC").unwrap();
    let rows = |by: &[Dimension]| {
        let rows = report(&store, &periods, &Selection { by: by.to_vec(), ..Selection::default() }).rows;
        rows.iter()
            .map(|row| (row.approved, row.approved_amount.minor(), row.refund_count))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&[]), [(2, 950, 2)]);
    let of_operations = [(1, 700, 0), (0, 0, 0), (1, 250, 0), (0, 0, 1), (0, 0, 1)];
    assert_eq!(rows(&[Dimension::Operation]), of_operations);
    let of_facts = [(2, 950, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 2), (0, 0, 0)];
    assert_eq!(rows(&[Dimension::Fact]), of_facts);
}

#[test]
fn the_sums_of_a_range_have_the_rates_of_all_its_payments_whatever_rows_are_split_by() {
    let mut store = sold();
    store.entries.extend(
        [counted(DAY_S, 100), counted(2 * DAY_S, 100)]
            .map(|entry| CountedEntry { line: entry_of("purchase", "approved", "JCB", None).line, ..entry }),
    );
    let periods = periods(Interval::Day, "2027-01-16", "2027-01-18", "UTC").unwrap();
    for by in [vec![], vec![Dimension::Brand], Selection::default().by, Dimension::ALL.to_vec()] {
        let found = report(&store, &periods, &Selection { by, ..Selection::default() });
        let [sum] = found.sums.as_slice() else { panic!("{:?}", found.sums) };
        assert_eq!((sum.approved, sum.declined, sum.payments, sum.refund_count), (4, 2, 6, 1));
        // Of the three days, one has half of them, and two have all.
        assert_eq!((sum.approval_rate(), sum.decline_rate()), (Some(6_667), Some(3_333)));
        assert_eq!(sum.total.changes, Changes::sum(found.rows.iter().map(|row| row.total.changes)).unwrap());
    }
    let visa = Selection { only: vec![(Dimension::Brand, vec!["Visa".to_owned()])], ..Selection::default() };
    let found = report(&store, &periods, &visa);
    assert_eq!(found.sums.iter().map(|sum| (sum.approved, sum.payments)).collect::<Vec<_>>(), [(2, 3)]);
}

#[test]
fn a_rate_is_one_only_if_all_were_approved() {
    let count = |fact: &str, count| {
        let line = entry_of("purchase", fact, "Visa", None).line;
        (line, Total { count, ..Total::default() })
    };
    let rates = |approved, declined| {
        let selection = Selection { by: Vec::new(), ..Selection::default() };
        let mut totals = Totals::default();
        for (line, total) in [count("approved", approved), count("declined", declined)] {
            totals.add_total(line, total).unwrap();
        }
        let mut counted = Counted::new(&selection);
        counted.add(0, &totals).unwrap();
        let row = counted.rows.finish().pop().unwrap();
        [row.approval_rate(), row.decline_rate()].map(Option::unwrap)
    };
    assert_eq!(rates(1_000_000, 0), [10_000, 0]);
    assert_eq!(rates(1_000_000, 1), [9_999, 1]);
    assert_eq!(rates(1, 1_000_000), [1, 9_999]);
    assert_eq!(rates(13, 1), [9_286, 714]);
}

#[test]
fn what_rows_are_told_apart_by_is_named_once_and_known() {
    let parsed = |names| Dimension::parse_all(names);
    assert_eq!(parsed("mid,currency,fact,mid"), Some(vec![Dimension::Fact, Dimension::Mid]));
    assert_eq!(parsed("currency"), Some(Vec::new()));
    for names in ["", "mid,", "order", "mid, fact"] {
        assert_eq!(parsed(names), None, "{names}");
    }
}

#[test]
fn a_period_can_change_until_an_hour_after_its_end_and_while_a_quarter_of_it_is_marked() {
    let begins = |n: i64| at(n * DAY_S);
    let hours = |hours: i64| begins(4) + SignedDuration::from_hours(hours);
    let mark = |n: i64| QuarterHour::of(begins(n) + SignedDuration::from_hours(3));
    // Until three o'clock, in New York the day before has not ended.
    for (name, counted, marked, provisional, if_idle) in [
        ("UTC", hours(1), vec![], vec![4, 5], hours(1)),
        ("UTC", hours(0), vec![], vec![3, 4, 5], hours(0)),
        ("UTC", hours(48), vec![mark(1), mark(9)], vec![1, 5], hours(-69)),
        ("America/New_York", hours(48), vec![mark(1), mark(5)], vec![0, 4, 5], hours(27)),
    ] {
        let passed = Some(counted + SignedDuration::from_mins(1));
        let periods = periods(Interval::Day, "2027-01-16", "2027-01-21", name).unwrap();
        // A run that had marks may have been long ago, if the merchant sold nothing since.
        for (reached, complete_until) in [(counted, counted), (begins(0), if_idle)] {
            let reached = Reached { counted: Some(reached), passed };
            let store = Kept { reached, marked: marked.clone(), ..Kept::default() };
            let found = report(&store, &periods, &everything());
            assert_eq!(found.complete_until, Some(complete_until), "{name} {marked:?}");
            assert_eq!(found.provisional, provisional.iter().copied().collect(), "{name} {marked:?}");
        }
        let reached = Reached { counted: None, passed };
        let store = Kept { reached, marked: marked.clone(), ..Kept::default() };
        let found = report(&store, &periods, &everything());
        assert_eq!(found.complete_until, marked.is_empty().then_some(counted), "no run yet");
    }
}

#[test]
fn a_stream_that_stands_still_leaves_what_is_after_its_last_heartbeat_provisional() {
    let periods = periods(Interval::Day, "2027-01-16", "2027-01-21", "UTC").unwrap();
    // Runs go on, and find nothing marked, or a quarter from before the stream stood still.
    let counted = Some(at(40 * DAY_S));
    let mark = QuarterHour::of(at(2 * DAY_S));
    for (passed, complete_until, provisional) in [
        (None, None, vec![0, 1, 2, 3, 4, 5]),
        (Some(60), Some(0), vec![0, 1, 2, 3, 4, 5]),
        (Some(4 * DAY_S + 3_659), Some(4 * DAY_S + 3_599), vec![3, 4, 5]),
        (Some(4 * DAY_S + 3_660), Some(4 * DAY_S + 3_600), vec![4, 5]),
        (Some(8 * DAY_S), Some(8 * DAY_S - 60), vec![]),
    ] {
        for marked in [vec![], vec![mark]] {
            let reached = Reached { counted, passed: passed.map(at) };
            let store = Kept { reached, marked: marked.clone(), ..Kept::default() };
            let found = report(&store, &periods, &everything());
            assert_eq!(found.complete_until, complete_until.map(at), "{passed:?} {marked:?}");
            let marked: Vec<_> = marked.iter().filter_map(|mark| periods.of(mark.begins())).collect();
            let expected: BTreeSet<_> = provisional.iter().copied().chain(marked).collect();
            assert_eq!(found.provisional, expected, "{passed:?}");
        }
    }
}

#[test]
fn sums_that_cannot_be_read_make_their_periods_provisional_and_leave_the_others_as_they_are() {
    let entries = (0..5).map(|n| counted(n * DAY_S, 1)).collect();
    let (bad, passed) = (vec![day_of(at(2 * DAY_S))], Some(at(40 * DAY_S)));
    let reached = Reached { counted: None, passed };
    let store = Kept { reached, entries, bad_quarters: bad.clone(), ..Kept::default() };
    let found = |name, store: &Kept| {
        let periods = periods(Interval::Day, "2027-01-16", "2027-01-20", name).unwrap();
        let found = report(store, &periods, &everything());
        let provisional: Vec<_> = found.provisional.into_iter().collect();
        (provisional, found.unreadable.len(), found.rows.len())
    };
    // Whole days have sums of their own, which do not lack it.
    assert_eq!(found("UTC", &store), (vec![], 0, 5));
    assert_eq!(found("America/New_York", &store), (vec![1, 2], 1, 4));
    // And a day whose sum cannot be read has its quarters.
    let store = Kept { bad_days: bad, bad_quarters: Vec::new(), ..store };
    assert_eq!(found("UTC", &store), (vec![], 1, 5));
    let both = Kept { bad_quarters: store.bad_days.clone(), ..store };
    assert_eq!(found("UTC", &both), (vec![2], 2, 5));
}

#[test]
fn a_report_counts_the_entries_that_its_sums_lack_whatever_was_selected() {
    let entries: Vec<_> = (0..5).map(|n| counted(n * DAY_S, 1)).collect();
    let store = Kept { entries, left_out: 2, bad_days: vec![day_of(at(DAY_S))], ..Kept::default() };
    let left_out = |last, name| {
        let periods = periods(Interval::Day, "2027-01-16", last, name).unwrap();
        let euros = Selection { currencies: vec!["EUR".parse().unwrap()], ..Selection::default() };
        [everything(), euros].map(|selection| report(&store, &periods, &selection).left_out)
    };
    assert_eq!(left_out("2027-01-16", "UTC"), [2, 2]);
    assert_eq!(left_out("2027-01-18", "UTC"), [6, 6]);
    assert_eq!(left_out("2027-01-18", "America/New_York"), [6, 6]);
}

#[test]
fn what_is_added_up_is_what_the_entry_says() {
    let totals = Totals::of([(0, 8), (1, 8), (2, 9)].map(|(second, n)| counted(second, n))).unwrap();
    let shown: Vec<_> =
        totals.lines().map(|(line, total)| (line.currency, total.count, total.amount.minor())).collect();
    assert_eq!(shown, [("CAD".parse().unwrap(), 1, 9), (Currency::USD, 2, 16)]);
    // As they are kept and read again.
    let mut again = Totals::default();
    totals.lines().for_each(|(line, total)| again.add_total(line.clone(), *total).unwrap());
    assert_eq!(again, totals);
}
