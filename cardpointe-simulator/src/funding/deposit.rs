//! A day's deposit, as it is made up.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::funding_day;
use crate::{
    bank::{Adjustment, Bank, Chargeback, DepositDeviation, Deviation, Listing, Said, key},
    config::Merchant,
    settings::Deposits,
    state::RecordKind,
    transaction::Transaction,
    world::World,
};

/// The groups of adjustments, each with its component of `fundings[]`. An adjustment in no group is
/// part of the last.
pub(super) const COMPONENTS: [(&str, &str); 7] = [
    ("THIRD PARTY", "thirdparty"),
    ("ADJUSTMENTS", "adjustment"),
    ("INTERCHANGE CHARGES", "interchangefee"),
    ("SERVICE CHARGES", "servicecharge"),
    ("FEES", "fee"),
    ("REVERSAL", "reversal"),
    ("OTHER ADJUSTMENT", "otheradjustment"),
];

/// The numbers of charges on deposits begin here.
const CHARGED: i64 = 700_000_000_000_000;

/// A line's number is its reference, and which of several lines about it this is.
const LINE: i64 = 100_000_000_000_000;

/// Hundredths of a percent in the whole.
const BASIS_POINTS: i64 = 10_000;

/// A line about a payment, a refund or a return.
pub(super) struct Line<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) deviation: Option<&'a Deviation>,
    /// The number of the batch that it states.
    pub(super) batch: Option<&'a str>,
    /// Which of several about one record, from 0.
    pub(super) copy: u8,
    /// With its sign, in minor units.
    pub(super) amount: i64,
    /// The reason, if it takes back a bank debit.
    pub(super) return_code: Option<&'a str>,
}

/// A sum that reaches the bank.
pub(super) struct Funding {
    pub(super) netsales: i64,
    /// In the order of [`COMPONENTS`].
    pub(super) components: [i64; COMPONENTS.len()],
    pub(super) total: i64,
}

/// All that one day's report tells of.
pub(super) struct Deposit<'a> {
    pub(super) day: Date,
    /// The day whose report it is in.
    pub(super) listed_on: Date,
    pub(super) fundings: Vec<Funding>,
    pub(super) lines: Vec<Line<'a>>,
    /// Those of this deposit, and then those of others that it lists once more.
    pub(super) adjustments: Vec<Listed<Adjustment>>,
    /// The same, each with its payment.
    pub(super) chargebacks: Vec<(Listed<Chargeback>, Option<&'a Transaction>)>,
    pub(super) deviation: DepositDeviation,
}

/// A chargeback or an adjustment, as a deposit lists it.
#[derive(Clone)]
pub(super) struct Listed<T> {
    /// Its number, which stays the same when others join it.
    pub(super) number: i64,
    pub(super) one: T,
    pub(super) changed_on: Option<Date>,
    pub(super) without_amount: bool,
    /// It is part of another deposit's money.
    pub(super) is_repeated: bool,
}

/// The lines of an account's deposit of a day among all: its own, and those that it lists once
/// more.
fn listed<T: Clone>(
    world: &World,
    all: impl Iterator<Item = (i64, T)>,
    is_here: impl Fn(&T) -> bool,
    day: Date,
    amount: fn(&mut T) -> &mut i64,
) -> Vec<Listed<T>> {
    let mut found = Vec::new();
    for (number, mut one) in all {
        let at_first = *amount(&mut one);
        let changes: Vec<&Listing> = world.bank.listings.iter().filter(|again| again.id == number).collect();
        let as_said = |said: Said, is_repeated| {
            let mut one = one.clone();
            *amount(&mut one) = said.minor_units;
            let Said { changed_on, without_amount, .. } = said;
            Listed { number, one, changed_on, without_amount, is_repeated }
        };
        if is_here(&one) {
            // The deposit that it was moved to states the line as known by then.
            let before_move = changes.iter().rposition(|change| change.moved).map_or(0, |place| place + 1);
            let (before, after) = changes.split_at(before_move);
            let in_place = before.iter().chain(after.iter().filter(|change| change.on.is_none())).copied();
            found.push(as_said(Bank::said(in_place, at_first), false));
        }
        let is_repeated = |change: &Listing| change.on == Some(day) && !change.moved && !change.taken_back;
        for (place, _) in changes.iter().enumerate().filter(|(_, change)| is_repeated(change)) {
            found.push(as_said(Bank::said(changes[..=place].iter().copied(), at_first), true));
        }
    }
    found
}

impl<'a> Deposit<'a> {
    /// The deposit of a day, if there is one.
    pub(super) fn of(world: &'a World, merchant: &Merchant, day: Date) -> Option<Self> {
        let lines = lines(world, merchant, day);
        let is_ours = |merchid: &str| merchid == merchant.merchid;
        let adjustments = world.bank.standing_adjustments();
        let adjustments = adjustments.filter(|(_, one)| is_ours(&one.merchid));
        let mut adjustments =
            listed(world, adjustments, |one| one.on == Some(day), day, |one| &mut one.minor_units);
        let chargebacks = world.bank.standing_chargebacks();
        let chargebacks = chargebacks.filter(|(_, one)| is_ours(&one.merchid));
        let chargebacks =
            listed(world, chargebacks, |one| one.on == Some(day), day, |one| &mut one.minor_units);
        let payment = |one: &Chargeback| world.ledger.by_retref(one.retref.as_deref()?);
        let chargebacks: Vec<_> =
            chargebacks.into_iter().map(|listed| (listed.clone(), payment(&listed.one))).collect();
        if lines.is_empty() && adjustments.is_empty() && chargebacks.is_empty() {
            return None;
        }
        let charged = (charged_numbers(day)..).zip(charges(&lines, merchant));
        adjustments.extend(charged.map(|(number, one)| Listed {
            number,
            one,
            changed_on: None,
            without_amount: false,
            is_repeated: false,
        }));
        let deviation = world.bank.deposits.get(&key(&merchant.merchid, day)).cloned().unwrap_or_default();
        let fundings = fundings(&lines, &adjustments, merchant, &deviation);
        Some(Self { day, listed_on: day, fundings, lines, adjustments, chargebacks, deviation })
    }

    /// All that the report of a day lists: its own, and those of other days.
    pub(super) fn listed_on(world: &'a World, merchant: &Merchant, day: Date) -> Vec<Self> {
        let own = Self::of(world, merchant, day).filter(|deposit| !deposit.deviation.absent);
        let others = world.bank.deposits.iter().filter(|(_, deviation)| deviation.also_on == Some(day));
        let others = others.filter_map(|(key, _)| {
            let of = key.strip_prefix(&merchant.merchid)?.strip_prefix('/')?.parse().ok()?;
            Some(Self { listed_on: day, ..Self::of(world, merchant, of)? })
        });
        own.into_iter().chain(others).collect()
    }

    /// The day and the digits that end the account's number: short enough for a JSON number.
    pub(super) fn number(&self, merchid: &str) -> i64 {
        let digits: String = merchid.chars().filter(char::is_ascii_digit).collect();
        let end = digits.get(digits.len().saturating_sub(6)..).and_then(|end| end.parse().ok());
        day_number(self.day) * 1_000_000 + end.unwrap_or(0_i64)
    }
}

/// A day as a number of eight digits.
pub(super) fn day_number(day: Date) -> i64 {
    (i64::from(day.year()) * 100 + i64::from(day.month())) * 100 + i64::from(day.day())
}

/// Fees charged on a day's deposit have numbers of its day.
fn charged_numbers(day: Date) -> i64 {
    CHARGED + day_number(day) * 10
}

impl Line<'_> {
    /// Its own number: another line's does not change it.
    pub(super) fn number(&self) -> i64 {
        let reference: i64 = self.transaction.retref.parse().unwrap_or_default();
        (i64::from(self.copy.min(3)) + 1) * LINE + reference % LINE
    }
}

fn signed(kind: RecordKind, minor_units: i64) -> i64 {
    match kind {
        RecordKind::Payment => minor_units,
        RecordKind::Refund => -minor_units,
    }
}

fn lines<'a>(world: &'a World, merchant: &Merchant, day: Date) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for transaction in world.ledger.all().iter().filter(|one| one.merchid == merchant.merchid) {
        let deviation = world.bank.deviation(&transaction.retref);
        let stated = deviation.and_then(|deviation| deviation.funded_minor_units);
        let amount = signed(transaction.kind, stated.unwrap_or(transaction.amount));
        let batchid = transaction.batchid.as_deref();
        let line = |copy, amount, return_code| {
            let batch = batchid.map(|batchid| world.bank.batch_number(&transaction.merchid, batchid));
            Line { transaction, deviation, batch, copy, amount, return_code }
        };
        let times = deviation.and_then(|deviation| deviation.funded_times).unwrap_or(1);
        if times > 0 && funding_day(world, merchant.settings, transaction) == Some(day) {
            lines.extend((0..times).map(|copy| line(copy, amount, None)));
        }
        let returned = deviation.and_then(|deviation| deviation.returned.as_ref());
        if let Some(returned) = returned.filter(|returned| returned.on == day) {
            lines.push(line(times, -amount, Some(&returned.code)));
        }
    }
    lines
}

/// The fees taken from each deposit by the account's settings.
fn charges(lines: &[Line<'_>], merchant: &Merchant) -> Vec<Adjustment> {
    let reports = merchant.settings.reports;
    let sales: i64 = lines.iter().map(|line| line.amount.max(0)).sum();
    let interchange = sales * i64::from(reports.interchange_basis_points) / BASIS_POINTS;
    let fee = if lines.is_empty() { 0 } else { i64::from(reports.deposit_fee) };
    let charge = |category: &str, minor_units: i64| Adjustment {
        merchid: merchant.merchid.clone(),
        category: category.to_owned(),
        kind: category.to_owned(),
        description: category.to_owned(),
        minor_units: -minor_units,
        casenumber: None,
        on: None,
    };
    let taken = [("INTERCHANGE CHARGES", interchange), ("FEES", fee)].into_iter();
    taken.filter(|(_, minor)| *minor != 0).map(|(category, minor)| charge(category, minor)).collect()
}

/// One sum, or one for each batch, the first with all that is about no line.
fn fundings(
    lines: &[Line<'_>],
    adjustments: &[Listed<Adjustment>],
    merchant: &Merchant,
    deviation: &DepositDeviation,
) -> Vec<Funding> {
    let reports = merchant.settings.reports;
    let batch = |line: &Line<'_>| line.transaction.batchid.clone();
    let batches: BTreeSet<Option<String>> = match reports.deposits {
        Deposits::Daily => BTreeSet::new(),
        Deposits::PerBatch => lines.iter().map(batch).collect(),
    };
    let mut sums: Vec<i64> = batches
        .iter()
        .map(|of| lines.iter().filter(|line| batch(line) == *of).map(|line| line.amount).sum())
        .collect();
    if sums.is_empty() {
        sums.push(lines.iter().map(|line| line.amount).sum());
    }
    let funding = |(place, netsales): (usize, i64)| {
        let of_first = |minor: i64| if place == 0 { minor } else { 0 };
        let components = if place == 0 { components(adjustments, reports.adjustment_detail) } else { [0; 7] };
        let total = netsales + components.iter().sum::<i64>() + of_first(deviation.total_off);
        Funding { netsales: netsales + of_first(deviation.netsales_off), components, total }
    };
    sums.into_iter().enumerate().map(funding).collect()
}

/// The sum of each component. Without detail, all is in the last.
fn components(adjustments: &[Listed<Adjustment>], has_detail: bool) -> [i64; COMPONENTS.len()] {
    let mut sums = [0; COMPONENTS.len()];
    for Listed { one: adjustment, .. } in adjustments.iter().filter(|listed| !listed.is_repeated) {
        let place =
            COMPONENTS.iter().position(|(category, _)| has_detail && *category == adjustment.category);
        sums[place.unwrap_or(COMPONENTS.len() - 1)] += adjustment.minor_units;
    }
    sums
}
