//! A match that fits has no exception, in any order; each deviation is one exception, of its cause.

use jiff::{SignedDuration, ToSpan, civil::date};
use proptest::prelude::*;

use super::*;
use crate::{
    order::{LineId, OrderKey},
    settlement::memory::shift,
    settlement::{
        Adjustment, BatchStatus, Component, DepositChange, DisputedPayment, ExceptionCause, Funded,
        FundedKind, FundedStatus, RecordKey, Settled, SettledStatus, TakenBack, UnreadableRow,
    },
    values::{Amount, Currency, SignedAmount},
};

const ACCOUNT: &str = "800000000264";
/// Wednesday noon in the East.
const NOW: &str = "2026-11-18T17:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn today() -> Date {
    date(2026, 11, 18)
}

/// Everything of one account, as it fits or not.
#[derive(Clone, Debug, Default)]
struct World {
    expectations: Vec<Expectation>,
    lines: Vec<Line>,
    deposits: Vec<Deposit>,
    chargebacks: Vec<Chargeback>,
    adjustments: Vec<Adjustment>,
    has_deposits: bool,
}

impl World {
    fn matched(&self) -> Match {
        let compared = Compared {
            has_deposits: self.has_deposits,
            lines: &self.lines,
            deposits: &self.deposits,
            chargebacks: &self.chargebacks,
            adjustments: &self.adjustments,
            ..Compared::of(ACCOUNT, &self.expectations)
        };
        match_account(&compared, &Waits::default(), now())
    }

    fn found(&self) -> Vec<(ExceptionCause, Option<String>)> {
        let exceptions = self.matched().exceptions.into_iter();
        exceptions.map(|one| (one.cause, one.reference.or(one.deposit))).collect()
    }

    /// Deposits that hold these lines, each less a fee that can make it negative.
    fn deposit(&mut self) {
        let mut sums: BTreeMap<(String, Date), (u64, SignedAmount)> = BTreeMap::new();
        for funded in self
            .lines
            .iter()
            .flat_map(|line| &line.funded)
            .filter(|one| one.status == FundedStatus::Processed)
        {
            let (count, sum) = sums.entry((funded.deposit.clone(), funded.day)).or_default();
            *count += 1;
            shift(sum, funded.amount.minor());
        }
        self.deposits = sums.into_iter().map(|((id, day), lines)| deposit(&id, day, lines)).collect();
    }
}

fn deposit(id: &str, day: Date, lines: (u64, SignedAmount)) -> Deposit {
    Deposit {
        currency: Some(Currency::USD),
        components: vec![(Component::NetSales, lines.1), (Component::Fee, SignedAmount::new(-549))],
        total: SignedAmount::new(lines.1.minor() - 549),
        lines,
        ..Deposit::without_sum(id.to_owned(), ACCOUNT, day, now())
    }
}

fn expectation(n: usize, amount: i64, at: Timestamp) -> Expectation {
    let id = Uuid::from_u128(n as u128 + 1);
    Expectation {
        record: RecordKey::Payment(id),
        account: ACCOUNT.to_owned(),
        reference: Some(format!("{n:012}")),
        gateway_order_id: crate::order::gateway_order_id(id),
        order: OrderKey { merchant: "m".parse().unwrap(), order: format!("o{n}").parse().unwrap() },
        transaction: id,
        operation: id,
        currency: Currency::USD,
        amount: SignedAmount::new(amount),
        at,
    }
}

fn settled(one: &Expectation, day: Date) -> Settled {
    Settled {
        batch: format!("batch {day}"),
        day,
        // Of a refund, a batch states either sign.
        amount: Some(if one.operation.as_u128().is_multiple_of(2) {
            one.amount
        } else {
            SignedAmount::new(one.amount.minor().abs())
        }),
        status: SettledStatus::Accepted,
        batch_status: BatchStatus::Good,
        gateway_order_id: Some(one.gateway_order_id.clone()),
    }
}

fn funded(one: &Expectation, day: Date) -> Funded {
    Funded {
        id: format!("line of {}", one.operation),
        deposit: format!("deposit {day}"),
        day,
        kind: if one.amount.is_negative() { FundedKind::Refund } else { FundedKind::Sale },
        status: FundedStatus::Processed,
        amount: one.amount,
        currency: Some(one.currency),
        batch: None,
    }
}

/// How far a payment of some days ago got.
#[derive(Clone, Copy, Debug)]
enum Got {
    Nowhere,
    Settled,
    Funded,
}

/// A payment or refund, so many days ago, that got so far; an old one got all the way.
fn item() -> impl Strategy<Value = (i64, i64, Got)> {
    let amounts = prop_oneof![4 => 1_i64..100_000, 2 => -50_000_i64..0, 1 => Just(0)];
    let got = prop_oneof![Just(Got::Nowhere), Just(Got::Settled), Just(Got::Funded)];
    (amounts, 0_i64..20, got).prop_map(|(amount, days, got)| match days {
        0 => (amount, days, Got::Nowhere),
        1..=2 => (amount, days, got),
        _ => (amount, days, Got::Funded),
    })
}

/// A world in which everything fits.
fn world(items: &[(i64, i64, Got)]) -> World {
    let mut world = World { has_deposits: true, ..World::default() };
    for (n, (amount, days, got)) in items.iter().enumerate() {
        let day = today() - days.days();
        let one = expectation(n, *amount, now() - (24 * days).hours());
        let mut line = Line { reference: one.reference.clone().unwrap(), ..Line::default() };
        match got {
            _ if *amount == 0 => {}
            Got::Nowhere => {}
            Got::Settled => line.settled.push(settled(&one, day)),
            Got::Funded => {
                line.settled.push(settled(&one, day));
                line.funded.push(funded(&one, day + 1.days()));
            }
        }
        if !line.settled.is_empty() {
            world.lines.push(line);
        }
        world.expectations.push(one);
    }
    world.deposit();
    world
}

/// One more payment that arrived a week ago, which is then made not to fit.
fn with_victim(items: &[(i64, i64, Got)], amount: i64) -> (World, usize, usize) {
    let mut items = items.to_vec();
    items.push((amount, 7, Got::Funded));
    let world = world(&items);
    let (n, line) = (items.len() - 1, world.lines.len() - 1);
    (world, n, line)
}

/// Changes an expectation and its line, by their positions.
type Deviate = fn(&mut World, usize, usize);

type Redeposit = fn(&mut Deposit);

/// All ways in which something does not fit, with the cause that it must have.
const DEVIATIONS: &[(&str, ExceptionCause, Deviate)] = &[
    ("in no batch", ExceptionCause::NotSettled, |w, _, l| drop(w.lines.remove(l))),
    ("in no batch, only held here", ExceptionCause::NotApproved, |w, n, _| {
        w.expectations[n].amount = SignedAmount::ZERO;
    }),
    ("in a batch, only held here", ExceptionCause::NotApproved, |w, n, l| {
        w.expectations[n].amount = SignedAmount::ZERO;
        w.lines[l].funded.clear();
    }),
    ("declined at another account", ExceptionCause::NotApproved, |w, n, _| {
        w.expectations[n].account = "800000000265".to_owned();
        w.expectations[n].amount = SignedAmount::ZERO;
    }),
    ("another record of one attempt", ExceptionCause::NotApproved, |w, _, l| {
        let mut line = w.lines[l].clone();
        (line.reference, line.funded[0].id) = ("another".to_owned(), "another".to_owned());
        w.lines.push(line);
    }),
    ("in doubt here", ExceptionCause::NotApproved, |w, n, _| drop(w.expectations.remove(n))),
    ("settled with a cent more", ExceptionCause::AmountDiffers, |w, n, l| {
        w.lines[l].settled[0].amount = Some(SignedAmount::new(w.expectations[n].amount.minor() + 1));
    }),
    ("funded with a cent less", ExceptionCause::AmountDiffers, |w, _, l| {
        shift(&mut w.lines[l].funded[0].amount, -1);
    }),
    ("funded with the other sign", ExceptionCause::AmountDiffers, |w, _, l| {
        let other = w.lines[l].funded[0].amount.checked_neg();
        w.lines[l].funded[0].amount = other.unwrap();
    }),
    ("one cent off in both", ExceptionCause::AmountDiffers, |w, n, l| {
        w.lines[l].settled[0].amount = Some(SignedAmount::new(w.expectations[n].amount.minor() - 1));
        shift(&mut w.lines[l].funded[0].amount, -1);
    }),
    ("other money", ExceptionCause::AmountDiffers, |w, _, l| {
        w.lines[l].funded[0].currency = Some("CAD".parse().unwrap());
        shift(&mut w.lines[l].funded[0].amount, 3);
    }),
    ("refused", ExceptionCause::Rejected, |w, _, l| only_settled(w, l, SettledStatus::Rejected)),
    ("failed", ExceptionCause::Rejected, |w, _, l| only_settled(w, l, SettledStatus::Failed)),
    ("terminated", ExceptionCause::Rejected, |w, _, l| only_settled(w, l, SettledStatus::Terminated)),
    ("refused by the deposit", ExceptionCause::Rejected, |w, _, l| {
        w.lines[l].funded[0].status = FundedStatus::Rejected;
    }),
    ("under review", ExceptionCause::NotSettled, |w, _, l| only_settled(w, l, SettledStatus::UnderReview)),
    ("still processing", ExceptionCause::NotSettled, |w, _, l| only_settled(w, l, SettledStatus::Processing)),
    ("a state that is not known", ExceptionCause::NotSettled, |w, _, l| {
        only_settled(w, l, SettledStatus::Unrecognized);
    }),
    ("its batch refused", ExceptionCause::NotSettled, |w, _, l| batch(w, l, BatchStatus::Refused)),
    ("its batch held", ExceptionCause::NotSettled, |w, _, l| batch(w, l, BatchStatus::Held)),
    ("its batch not done", ExceptionCause::NotSettled, |w, _, l| batch(w, l, BatchStatus::NotDone)),
    ("in no deposit", ExceptionCause::NotFunded, |w, _, l| w.lines[l].funded.clear()),
    ("in two batches", ExceptionCause::SettledTwice, |w, _, l| again(w, l, "batch 2")),
    ("in two batches and deposits", ExceptionCause::SettledTwice, |w, _, l| {
        again(w, l, "batch 2");
        funded_again(w, l);
    }),
    ("in two deposits", ExceptionCause::FundedTwice, |w, _, l| funded_again(w, l)),
    ("charged back", ExceptionCause::Chargeback, |w, n, _| {
        w.chargebacks.push(chargeback(w.expectations[n].reference.clone(), 1));
    }),
    ("charged back, half of it won", ExceptionCause::Chargeback, |w, n, _| {
        w.chargebacks.push(chargeback(w.expectations[n].reference.clone(), 1));
        w.adjustments.push(reversal("a", 50));
    }),
    ("charged back, another case won", ExceptionCause::Chargeback, |w, n, _| {
        w.chargebacks.push(chargeback(w.expectations[n].reference.clone(), 1));
        w.adjustments.push(Adjustment { case: Some("other".to_owned()), ..reversal("a", 100) });
    }),
    ("charged back again after it was won", ExceptionCause::Chargeback, |w, n, _| {
        let reference = w.expectations[n].reference.clone();
        w.chargebacks.extend([chargeback(reference.clone(), 1), chargeback(reference, 2)]);
        w.adjustments.push(reversal("a", 100));
    }),
    ("came back by batch", ExceptionCause::Returned, |w, _, l| {
        w.lines[l].settled[0].status = SettledStatus::Returned;
    }),
    ("came back unfunded", ExceptionCause::Returned, |w, _, l| only_settled(w, l, SettledStatus::Returned)),
    ("came back by its only deposit", ExceptionCause::Returned, |w, _, l| {
        w.lines[l].funded[0].status = FundedStatus::Returned;
    }),
    ("came back by deposit", ExceptionCause::Returned, |w, _, l| {
        let back =
            Funded { id: "back".to_owned(), status: FundedStatus::Rejected, ..w.lines[l].funded[0].clone() };
        w.lines[l].funded.push(back);
    }),
    ("virtual terminal", ExceptionCause::NotOurs, |w, n, l| {
        w.expectations.remove(n);
        w.lines[l].settled[0].gateway_order_id = Some("invoice 7".to_owned());
    }),
    ("virtual terminal, only funded", ExceptionCause::NotOurs, |w, n, l| {
        w.expectations.remove(n);
        w.lines[l].settled.clear();
    }),
    ("paid at another account", ExceptionCause::OtherAccount, |w, n, _| {
        w.expectations[n].account = "800000000265".to_owned();
    }),
    ("two payments with one reference", ExceptionCause::AmountDiffers, |w, n, _| {
        let other =
            Expectation { reference: w.expectations[n].reference.clone(), ..expectation(900, 5, now()) };
        w.expectations.push(other);
    }),
];

/// The same of deposits.
const OF_DEPOSITS: &[(&str, ExceptionCause, Redeposit)] = &[
    ("one wrong cent in the net sales", ExceptionCause::DepositDiffers, |deposit| {
        shift(&mut deposit.components[0].1, 1);
        shift(&mut deposit.total, 1);
    }),
    ("one wrong cent in the total", ExceptionCause::DepositDiffers, |deposit| {
        shift(&mut deposit.total, -1);
    }),
    ("a reversal of nothing", ExceptionCause::ReversalUnknown, |deposit| {
        deposit.adjustments.push(reversal("r", 100));
    }),
    ("a row that cannot be read", ExceptionCause::NotUnderstood, |deposit| {
        let (batch, id) = (None, Some("77".to_owned()));
        let why = "a chargeback without an amount".to_owned();
        deposit.unreadable.push(UnreadableRow { deposit: Some(deposit.id.clone()), batch, id, why });
    }),
    ("a category that nobody knows", ExceptionCause::NotUnderstood, |deposit| {
        deposit.adjustments.push(Adjustment { component: None, case: None, ..reversal("r", 100) });
    }),
];

fn only_settled(world: &mut World, line: usize, status: SettledStatus) {
    world.lines[line].funded.clear();
    world.lines[line].settled[0].status = status;
}

fn batch(world: &mut World, line: usize, status: BatchStatus) {
    world.lines[line].funded.clear();
    world.lines[line].settled[0].batch_status = status;
}

fn again(world: &mut World, line: usize, batch: &str) {
    let second = Settled { batch: batch.to_owned(), ..world.lines[line].settled[0].clone() };
    world.lines[line].settled.push(second);
}

fn funded_again(world: &mut World, line: usize) {
    let first = world.lines[line].funded[0].clone();
    world.lines[line].funded.push(Funded {
        id: "again".to_owned(),
        deposit: "deposit 2".to_owned(),
        ..first
    });
}

fn chargeback(reference: Option<String>, sequence: u32) -> Chargeback {
    Chargeback {
        id: LineId::Stated(format!("c{sequence}")),
        case: "case".to_owned(),
        sequence: Some(sequence),
        deposit: "elsewhere".to_owned(),
        reference,
        amount: Amount::new(100).unwrap(),
        transaction_amount: None,
        currency: None,
        on: today(),
        reason_code: "34".to_owned(),
        reason: String::new(),
        acquirer_reference: None,
        authcode: None,
        changed_on: None,
    }
}

fn reversal(id: &str, amount: i64) -> Adjustment {
    Adjustment {
        id: LineId::Stated(id.to_owned()),
        component: Some(Component::Reversal),
        category: "REVERSAL".to_owned(),
        description: String::new(),
        amount: SignedAmount::new(amount),
        case: Some("case".to_owned()),
        day: None,
        changed_on: None,
    }
}

proptest! {
    #[test]
    fn what_fits_has_no_exception_and_what_is_only_expected_is_none(
        items in prop::collection::vec(item(), 0..12),
    ) {
        let world = world(&items);
        let found = world.matched();
        prop_assert_eq!(&found.exceptions, &[]);
        prop_assert_eq!(found.verdicts.len(), items.len());
        let funded = SignedAmount::sum(world.lines.iter().flat_map(|line| &line.funded).map(|one| one.amount));
        let net = SignedAmount::sum(world.deposits.iter().map(|one| one.component(Component::NetSales)));
        prop_assert_eq!(funded, net);
    }

    #[test]
    fn each_thing_that_does_not_fit_is_one_exception_of_its_cause_in_any_order(
        items in prop::collection::vec(item(), 0..6),
        amount in prop_oneof![1_i64..100_000, -50_000_i64..0],
        seed in any::<u64>(),
    ) {
        for (name, cause, deviate) in DEVIATIONS {
            let (mut world, n, line) = with_victim(&items, amount);
            let reference = world.lines[line].reference.clone();
            deviate(&mut world, n, line);
            world.deposit();
            let found = world.found();
            let is_refund = amount < 0 && *cause == ExceptionCause::NotOurs;
            let cause = if is_refund { &ExceptionCause::RefundedElsewhere } else { cause };
            let reference = if *name == "another record of one attempt" { "another".to_owned() } else { reference };
            // A refund that is settled without its sign is no deviation.
            prop_assert_eq!(&found, &[(*cause, Some(reference))], "{}", name);
            prop_assert_eq!(shuffled(&world, seed).matched(), world.matched(), "{}", name);
        }
        for (name, cause, deviate) in OF_DEPOSITS {
            let (mut world, ..) = with_victim(&items, amount);
            let id = world.deposits[0].id.clone();
            deviate(&mut world.deposits[0]);
            prop_assert_eq!(&world.found(), &[(*cause, Some(id))], "{}", name);
        }
    }
}

/// The same in another order.
fn shuffled(world: &World, seed: u64) -> World {
    let mut other = world.clone();
    let by = |text: &str| Uuid::new_v5(&Uuid::from_u128(seed.into()), text.as_bytes());
    other.lines.sort_by_key(|line| by(&line.reference));
    for line in &mut other.lines {
        line.settled.sort_by_key(|one| by(&one.batch));
        line.funded.sort_by_key(|one| by(&one.id));
    }
    other.expectations.sort_by_key(|one| by(&one.gateway_order_id));
    other.deposits.sort_by_key(|one| by(&one.id));
    other.chargebacks.sort_by_key(|one| by(&one.id.to_string()));
    other
}

#[test]
fn every_cause_is_tried() {
    let tried =
        DEVIATIONS.iter().map(|(_, cause, _)| *cause).chain(OF_DEPOSITS.iter().map(|(_, cause, _)| *cause));
    let tried: BTreeSet<_> = tried.collect();
    let missing: Vec<_> = ExceptionCause::ALL.iter().filter(|cause| !tried.contains(cause)).collect();
    // Those of disputes and orders are found before the match; a refund is tried as a negative
    // amount.
    assert_eq!(missing, [&ExceptionCause::DisputesDiffer, &ExceptionCause::RefundedElsewhere]);
}

#[test]
fn without_deposits_nothing_waits_for_one() {
    let (mut world, _, line) = with_victim(&[], 100);
    world.lines[line].funded.clear();
    assert_eq!(world.found().len(), 1);
    let compared = Compared { lines: &world.lines, ..Compared::of(ACCOUNT, &world.expectations) };
    let found = match_account(&compared, &Waits::default(), now()).exceptions;
    assert_eq!(found, world.matched().exceptions);
    world.has_deposits = false;
    assert_eq!(world.found(), []);
    assert_eq!(world.matched().verdicts[0].progressed, Progressed::Settled);
}

#[test]
fn money_is_not_late_while_a_day_is_unread_that_may_have_it_or_its_batch_is_young() {
    let (mut world, ..) = with_victim(&[], 100);
    world.lines.clear();
    let late = |day: Date| {
        let unread = BTreeSet::from([day]);
        let compared = Compared { unread: &unread, ..Compared::of(ACCOUNT, &world.expectations) };
        !match_account(&compared, &Waits::default(), now()).exceptions.is_empty()
    };
    // Two business days take at most a week.
    let paid = today() - 7.days();
    assert_eq!([-1, 0, 7, 8].map(|days| late(paid + days.days())), [true, false, false, true]);
    for (days, exceptions) in [(1, 0), (7, 1)] {
        let mut world = self::world(&[(100, days, Got::Settled)]);
        batch(&mut world, 0, BatchStatus::Held);
        assert_eq!(world.found().len(), exceptions, "{days}");
        only_settled(&mut world, 0, SettledStatus::UnderReview);
        let reviewed = &world.matched().exceptions[0];
        assert_eq!(reviewed.detail.as_deref(), Some("the processor reviews it"), "{days}");
    }
}

#[test]
fn a_record_that_is_not_expected_here_is_an_exception_if_its_money_may_move() {
    for (status, may_move) in [(SettledStatus::UnderReview, true), (SettledStatus::Rejected, false)] {
        let (mut world, n, line) = with_victim(&[], 100);
        only_settled(&mut world, line, status);
        world.lines[line].settled[0].gateway_order_id = Some("invoice 7".to_owned());
        world.expectations[n].account = "800000000265".to_owned();
        let found = |world: &World| {
            world.matched().exceptions.into_iter().map(|exception| exception.cause).collect::<Vec<_>>()
        };
        let expected = |cause| if may_move { vec![cause] } else { Vec::new() };
        assert_eq!(found(&world), expected(ExceptionCause::OtherAccount));
        world.expectations.remove(n);
        assert_eq!(found(&world), expected(ExceptionCause::NotOurs));
    }
}

#[test]
fn operations_that_moved_no_money_claim_no_record_of_another_one() {
    let (mut world, n, _) = with_victim(&[], 100);
    let reference = world.expectations[n].reference.clone();
    let refused = |n| Expectation { reference: reference.clone(), ..expectation(n, 0, now()) };
    world.expectations.push(refused(900));
    assert_eq!(world.found(), []);
    assert_eq!(world.matched().verdicts[0].progressed, Progressed::Funded);
    world.expectations = vec![refused(900), refused(901)];
    world.lines.clear();
    assert_eq!(world.found(), []);
}

#[test]
fn the_absence_of_an_exception_says_something_only_if_its_subject_was_compared() {
    use ExceptionCause::{AmountDiffers, Chargeback, DepositDiffers, DisputesDiffer, NotUnderstood};
    let text = str::to_owned;
    let exception = |cause, deposit: Option<&str>, reference: Option<&str>| Exception {
        deposit: deposit.map(text),
        reference: reference.map(text),
        ..Exception::new(ACCOUNT, cause, "subject", today(), now())
    };
    let references = Covered { references: BTreeSet::from(["r".to_owned()]), ..Covered::default() };
    let deposits = Covered { deposits: BTreeSet::from(["d".to_owned()]), ..Covered::default() };
    let reported = Covered { reports_since: Some(today()), ..deposits.clone() };
    let disputes = Covered { disputes: true, ..Covered::default() };
    let rows = |days: i64| Covered { reports_since: Some(today() + days.days()), ..Covered::default() };
    for (covered, cause, deposit, reference, has) in [
        (&disputes, DisputesDiffer, Some("d"), Some("r"), true),
        (&deposits, DisputesDiffer, Some("d"), None, false),
        (&reported, DepositDiffers, Some("d"), None, true),
        (&deposits, DepositDiffers, Some("d"), None, false),
        (&rows(0), DepositDiffers, None, None, true),
        (&rows(1), DepositDiffers, None, None, false),
        (&disputes, DepositDiffers, Some("d"), None, false),
        (&deposits, Chargeback, Some("d"), Some("r"), true),
        (&references, Chargeback, Some("d"), Some("r"), false),
        (&references, AmountDiffers, Some("d"), Some("r"), true),
        (&deposits, AmountDiffers, Some("d"), Some("r"), false),
        (&rows(-1), NotUnderstood, None, None, true),
        (&rows(0), NotUnderstood, None, None, true),
        (&rows(1), NotUnderstood, None, None, false),
        (&deposits, NotUnderstood, None, None, false),
        (&rows(0), AmountDiffers, None, None, false),
    ] {
        let exception = exception(cause, deposit, reference);
        assert_eq!(covered.has(&exception), has, "{covered:?} {exception:?}");
    }
}

#[test]
fn a_batch_that_two_days_report_is_one() {
    let (mut world, _, line) = with_victim(&[], 100);
    let settled = world.lines[line].settled[0].clone();
    let other_day = Settled { day: settled.day.tomorrow().unwrap(), ..settled.clone() };
    world.lines[line].settled.push(other_day);
    assert_eq!(world.found(), []);
    world.lines[line].settled[1].batch = "another".to_owned();
    assert_eq!(world.found().iter().map(|one| one.0).collect::<Vec<_>>(), [ExceptionCause::SettledTwice]);
}

#[test]
fn a_deposit_that_is_not_reported_any_more_is_told_with_the_amount_that_it_had() {
    let change = |minute, currency, amounts: [i64; 2]| DepositChange {
        at: now() + SignedDuration::from_mins(minute),
        currency: Some(currency),
        components: [Component::NetSales, Component::Fee]
            .into_iter()
            .zip(amounts.map(SignedAmount::new))
            .collect(),
    };
    let cad = Currency::parse("CAD").unwrap();
    let changes = vec![change(0, Currency::USD, [5, 0]), change(1, cad, [-1_000, 25])];
    let gone = Deposit { changes, ..Deposit::without_sum("500".to_owned(), ACCOUNT, today(), now()) };
    let compared = Compared { deposits: &[gone], ..Compared::of(ACCOUNT, &[]) };
    let found = match_account(&compared, &Waits::default(), now()).exceptions;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].cause, found[0].deposit.as_deref()), (ExceptionCause::DepositDiffers, Some("500")));
    let amounts = (found[0].expected, found[0].found, found[0].currency);
    assert_eq!(amounts, (Some(SignedAmount::new(975)), Some(SignedAmount::ZERO), Some(cad)));
}

#[test]
fn what_was_voided_may_be_in_a_deposit_as_a_line_that_moves_no_money() {
    let (mut world, n, line) = with_victim(&[], 100);
    world.expectations[n].amount = SignedAmount::ZERO;
    world.lines[line].settled.clear();
    world.lines[line].funded[0].kind = FundedKind::NoMoney;
    assert_eq!(world.found(), []);
    assert_eq!(world.matched().verdicts[0].progressed, Progressed::NoMoney);
}

#[test]
fn a_payment_that_no_response_named_is_found_by_its_order_id() {
    let (mut world, n, _) = with_victim(&[], 100);
    world.expectations[n].reference = None;
    assert_eq!(world.found(), []);
    let verdict = &world.matched().verdicts[0];
    let transaction = verdict.expectation.as_ref().map(|one| one.transaction);
    assert_eq!((transaction, verdict.progressed), (Some(Uuid::from_u128(1)), Progressed::Funded));
    world.lines.clear();
    assert_eq!(world.found(), [(ExceptionCause::NotSettled, None)], "{:?}", world.matched());
}

#[test]
fn a_late_correction_ends_the_exception() {
    let (mut world, _, line) = with_victim(&[], -100);
    let funded = world.lines[line].funded.clone();
    only_settled(&mut world, line, SettledStatus::Processing);
    let held = world.matched();
    assert_eq!(held.exceptions[0].cause, ExceptionCause::NotSettled);
    world.lines[line].settled[0].status = SettledStatus::Accepted;
    world.lines[line].funded = funded;
    let found = world.matched();
    assert_eq!(found.exceptions, []);
    assert!(found.covered.has(&held.exceptions[0]), "its absence says that it is gone");
}

#[test]
fn a_chargeback_that_was_won_in_full_is_none_any_more() {
    let (mut world, n, _) = with_victim(&[], 100);
    world.chargebacks.push(chargeback(world.expectations[n].reference.clone(), 1));
    let first = world.matched().exceptions;
    assert_eq!((first[0].found, first[0].transaction), (Some(SignedAmount::new(-100)), None));
    world.adjustments = vec![reversal("a", 60), reversal("a", 60)];
    assert_eq!(world.matched().exceptions.len(), 1, "the same one, read twice");
    world.adjustments.push(reversal("debit", -100));
    assert_eq!(world.matched().exceptions.len(), 1, "how the chargeback itself is collected");
    world.deposits[0].adjustments = vec![reversal("b", 40)];
    assert_eq!(world.found(), []);
}

#[test]
fn an_exception_says_all_that_is_known() {
    let found =
        |world: &World, cause| world.matched().exceptions.into_iter().find(|one| one.cause == cause).unwrap();
    let (mut world, n, l) = with_victim(&[], 100);
    let one = world.expectations[n].clone();
    let cad = Some(Currency::parse("CAD").unwrap());
    let minor = |minor| Some(SignedAmount::new(minor));
    (world.lines[l].funded[0].currency, world.lines[l].funded[0].amount) = (cad, SignedAmount::new(103));
    let differs = found(&world, ExceptionCause::AmountDiffers);
    assert_eq!((differs.order.as_ref(), differs.transaction), (Some(&one.order), Some(one.transaction)));
    assert_eq!((differs.expected, differs.found, differs.currency), (minor(100), minor(103), cad));
    assert_eq!(differs.deposit.as_ref(), Some(&world.deposits[0].id));
    assert_eq!(differs.detail.as_deref(), Some("it is in another currency"));
    world.lines[l].funded[0].currency = Some(one.currency);
    assert_eq!(found(&world, ExceptionCause::AmountDiffers).detail, None);

    let chargebacks = [chargeback(one.reference.clone(), 1)];
    let payment =
        DisputedPayment { order: one.order.clone(), transaction: one.transaction, currency: one.currency };
    let disputed = BTreeMap::from([(chargebacks[0].id.clone(), payment)]);
    let compared = Compared { chargebacks: &chargebacks, disputed: &disputed, ..Compared::of(ACCOUNT, &[]) };
    let found_back = match_account(&compared, &Waits::default(), now()).exceptions.remove(0);
    assert_eq!((found_back.case.as_deref(), found_back.currency), (Some("case"), Some(one.currency)));
    let of = (found_back.order.as_ref(), found_back.transaction);
    assert_eq!(of, (Some(&one.order), Some(one.transaction)));

    let deposited = |change: fn(&mut Deposit), cause| {
        let (mut world, ..) = with_victim(&[], 100);
        change(&mut world.deposits[0]);
        let Exception { expected, found, case, currency, .. } = found(&world, cause);
        assert_eq!(currency, Some(Currency::USD));
        (expected, found, case)
    };
    let [net_sales, total, foreign] =
        [OF_DEPOSITS[0], OF_DEPOSITS[1], OF_DEPOSITS[2]].map(|(_, cause, change)| deposited(change, cause));
    assert_eq!(net_sales, (minor(101), minor(100), None));
    assert_eq!(total, (minor(-450), minor(-449), None));
    assert_eq!(foreign, (None, minor(100), Some("case".to_owned())));
}

#[test]
fn a_deposit_is_withdrawn_when_nothing_of_it_is_reported() {
    let empty = Deposit::without_sum("d".to_owned(), ACCOUNT, today(), now());
    assert!(empty.is_withdrawn());
    let is_there: [Redeposit; 6] = [
        |deposit| deposit.total = SignedAmount::new(1),
        |deposit| deposit.lines.0 = 1,
        |deposit| deposit.components.push((Component::Fee, SignedAmount::ZERO)),
        |deposit| deposit.adjustments.push(reversal("r", 1)),
        |deposit| deposit.chargebacks.push(chargeback(None, 1)),
        OF_DEPOSITS[3].2,
    ];
    for change in is_there {
        let mut deposit = empty.clone();
        change(&mut deposit);
        assert!(!deposit.is_withdrawn());
    }
    let taken_back = TakenBack { chargebacks: vec![chargeback(None, 1)], ..TakenBack::default() };
    assert!(!taken_back.is_empty());
}
