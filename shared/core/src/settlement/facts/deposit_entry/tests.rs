//! Entries add up to the deposit's current amounts, and no later report changes an earlier entry.

use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{settlement::memory::merchant, values::SignedAmount};

fn at(minute: i64) -> Timestamp {
    "2026-11-18T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minute)
}

/// A deposit as a report states it.
fn read(minute: i64, currency: Option<Currency>, components: &[(Component, i64)]) -> Deposit {
    let day = date(2026, 11, 17);
    Deposit {
        currency,
        components: components
            .iter()
            .map(|(component, minor)| (*component, SignedAmount::new(*minor)))
            .collect(),
        total: SignedAmount::new(components.iter().map(|(_, minor)| minor).sum()),
        ..Deposit::without_sum("500".to_owned(), "496160873888", day, at(minute))
    }
}

/// As it is kept after all of these reports.
fn kept(reports: &[Deposit]) -> Deposit {
    let mut kept = None;
    for report in reports {
        kept = Some(merge_deposit(kept.as_ref(), report).unwrap());
    }
    kept.unwrap()
}

fn told(deposit: &Deposit) -> Vec<(Timestamp, Component, Option<Currency>, i64)> {
    let all = deposit.entries(&merchant());
    all.into_iter().map(|entry| (entry.at, entry.component, entry.currency, entry.amount.minor())).collect()
}

#[test]
fn a_correction_is_a_further_entry_by_how_much_it_differs() {
    use Component::{Fee, NetSales, Reversal};
    let usd = Some(Currency::USD);
    let first = read(0, usd, &[(NetSales, 10_000), (Fee, -300)]);
    let again = Deposit { read_at: at(60), ..first.clone() };
    let corrected = read(120, usd, &[(NetSales, 10_000), (Fee, -250), (Reversal, 500)]);
    let deposit = kept(&[first, again, corrected]);
    assert_eq!(
        told(&deposit),
        [
            (at(0), NetSales, usd, 10_000),
            (at(0), Fee, usd, -300),
            (at(120), Fee, usd, 50),
            (at(120), Reversal, usd, 500)
        ]
    );
    assert_eq!((deposit.read_at, deposit.total.minor()), (at(0), 10_250));
}

#[test]
fn a_currency_that_is_stated_later_takes_back_what_was_without_one() {
    let components = [(Component::NetSales, 10_000)];
    let deposit = kept(&[read(0, None, &components), read(60, Some(Currency::USD), &components)]);
    assert_eq!(
        told(&deposit),
        [
            (at(0), Component::NetSales, None, 10_000),
            (at(60), Component::NetSales, None, -10_000),
            (at(60), Component::NetSales, Some(Currency::USD), 10_000)
        ]
    );
}

#[test]
fn no_two_deposits_share_an_id_whatever_the_gateway_calls_them() {
    let of = |account: &str, id: &str| {
        let report = read(0, None, &[(Component::Fee, -1)]);
        let deposit = kept(&[Deposit { id: id.to_owned(), account: account.to_owned(), ..report }]);
        deposit.entries(&merchant())[0].id
    };
    let ids = [of("1", "23"), of("12", "3"), of("1#2", "3"), of("1", "2#3")];
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn it_is_in_the_journal_once_all_of_its_changes_are() {
    let first = read(0, None, &[(Component::NetSales, 100)]);
    let mut before = merge_deposit(None, &first).unwrap();
    assert!(!before.is_journaled());
    before.journaled = 1;
    let again = merge_deposit(Some(&before), &first).unwrap();
    assert!(again == before && again.is_journaled());
    let more = merge_deposit(Some(&again), &read(60, None, &[(Component::NetSales, 101)])).unwrap();
    assert!(more != again && !more.is_journaled());
}

#[test]
fn a_change_that_cannot_be_stated_is_an_error_and_no_wrong_entry() {
    let before = merge_deposit(None, &read(0, None, &[(Component::Fee, i64::MIN + 1)])).unwrap();
    let read = read(60, None, &[(Component::Fee, i64::MAX)]);
    assert!(matches!(merge_deposit(Some(&before), &read), Err(StoreError::Corrupt(_))));
}

#[test]
fn a_deposit_has_the_day_that_it_is_reported_under_last() {
    let first = read(0, None, &[(Component::NetSales, 100)]);
    let again = Deposit { day: date(2026, 11, 18), ..first.clone() };
    let before = merge_deposit(None, &first).unwrap();
    let moved = merge_deposit(Some(&before), &again).unwrap();
    assert_eq!(moved, Deposit { day: date(2026, 11, 18), ..before });
    let gone = Deposit::without_sum(first.id, &first.account, date(2026, 11, 20), first.read_at);
    assert_eq!(merge_deposit(Some(&moved), &gone).unwrap().day, date(2026, 11, 18), "no report says another");
}

fn reports() -> impl Strategy<Value = Vec<Deposit>> {
    let component = prop_oneof![Just(Component::NetSales), Just(Component::Fee), Just(Component::Other)];
    let components = proptest::collection::btree_map(component, -3_i64..4, 0..3);
    let currency = prop_oneof![Just(None), Just(Some(Currency::USD))];
    let report = (currency, components).prop_map(|(currency, components)| {
        // Those that are zero are left out.
        let stated: Vec<_> = components.into_iter().filter(|(_, amount)| *amount != 0).collect();
        read(0, currency, &stated)
    });
    proptest::collection::vec(report, 1..6).prop_map(|mut all| {
        for (minute, report) in (0..).zip(&mut all) {
            report.read_at = at(minute);
        }
        all
    })
}

proptest! {
    #[test]
    fn entries_add_up_to_the_last_report_and_none_ever_changes(reports in reports()) {
        let mut before = Vec::new();
        for n in 1..=reports.len() {
            let (deposit, last) = (kept(&reports[..n]), &reports[n - 1]);
            let entries = deposit.entries(&merchant());
            prop_assert_eq!(&entries[..before.len()], &before[..]);
            let mut sums = BTreeMap::<_, i64>::new();
            for entry in &entries {
                prop_assert!(!entry.amount.is_zero());
                *sums.entry((code(entry.currency), entry.component)).or_default() += entry.amount.minor();
            }
            sums.retain(|_, sum| *sum != 0);
            let stated = last.components.iter().map(|(component, amount)| ((code(last.currency), *component), amount.minor()));
            prop_assert_eq!(sums, stated.collect::<BTreeMap<_, _>>());
            prop_assert_eq!(entries.iter().map(|one| one.id).collect::<BTreeSet<_>>().len(), entries.len());
            before = entries;
        }
    }
}
