//! The match: journal entries beside the gateway's records, as a pure function.
//!
//! Each reference gets one verdict, and an exception for each difference. Money that is only
//! expected is no exception until it is late. The order of the input does not matter.

mod of_deposit;
mod of_reference;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use self::{
    of_deposit::of_deposit,
    of_reference::{Owner, of_reference},
};
use crate::{
    order::{LineId, is_gateway_order_id},
    settlement::{
        Adjustment, Chargeback, Deposit, DisputedPayment, Exception, ExceptionCause, Expectation, Line,
        MoneyDue, eastern_day,
    },
    values::Holidays,
    words,
};

/// How long expected money may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Business days from a capture or refund until its batch is done.
    pub settled_within: u8,
    /// Business days from the batch until the deposit.
    pub funded_within: u8,
    pub holidays: Holidays,
}

impl Default for Waits {
    /// Batches settle at night, and most accounts are funded one or two business days later
    /// (`docs/settlement.md`).
    fn default() -> Self {
        Self { settled_within: 2, funded_within: 3, holidays: Holidays::default() }
    }
}

/// The data to compare, all of one account.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The gateway account (MID).
    pub account: &'a str,
    /// Whether the gateway offers deposits for the account. If not, payments are matched with their
    /// batches only.
    pub has_deposits: bool,
    /// Eastern days whose reports are still to be read: money that they may have is not late.
    pub unread: &'a BTreeSet<Date>,
    /// The journal's expectations, also at other accounts of the merchant: their payments may be
    /// reported for this one.
    pub expectations: &'a [Expectation],
    /// Expectations that are matched elsewhere, and here only tell whose a line or a chargeback is.
    pub matched_elsewhere: &'a [Expectation],
    /// The gateway's records of references. For every line of a known payment or refund, its
    /// expectation has to be there.
    pub lines: &'a [Line],
    pub deposits: &'a [Deposit],
    /// All chargebacks that may have reversals among the deposits, or in later ones, each line
    /// once.
    pub chargebacks: &'a [Chargeback],
    /// All reversals of these chargebacks, each line once; those of these deposits may be left out.
    pub adjustments: &'a [Adjustment],
    /// Which payments these chargebacks are about, as far as orders have them on record.
    pub disputed: &'a BTreeMap<LineId, DisputedPayment>,
}

/// No days, and no payments that are disputed.
static NO_DAYS: BTreeSet<Date> = BTreeSet::new();
static NO_PAYMENTS: BTreeMap<LineId, DisputedPayment> = BTreeMap::new();

impl<'a> Compared<'a> {
    /// The journal's expectations of an account that has deposits, and no record of the gateway.
    pub fn of(account: &'a str, expectations: &'a [Expectation]) -> Self {
        Self {
            account,
            has_deposits: true,
            unread: &NO_DAYS,
            expectations,
            matched_elsewhere: &[],
            lines: &[],
            deposits: &[],
            chargebacks: &[],
            adjustments: &[],
            disputed: &NO_PAYMENTS,
        }
    }
}

words! {
    /// How far the money of a payment or refund got.
    pub enum Progressed {
        /// No money moves: declined, voided or only held.
        NoMoney => "no_money",
        /// Captured or refunded, and not settled yet.
        Expected => "expected",
        /// The processor reviews it, or its batch is held or refused.
        Held => "held",
        /// The processor refused it, or it came back: no money comes.
        Refused => "refused",
        /// In a batch that the processor took.
        Settled => "settled",
        /// In a deposit.
        Funded => "funded",
    }
}

/// The gateway's records of one reference, beside the journal's expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The gateway's reference; none if no response and no record names it.
    pub reference: Option<String>,
    /// The payment or refund, where it is known here.
    pub expectation: Option<Expectation>,
    /// How far the money got.
    pub progressed: Progressed,
    /// The Eastern day of the first batch that was taken with it.
    pub settled_on: Option<Date>,
    /// When the money should be in a batch; once it settled, in a deposit. None if none is to come.
    pub due: Option<MoneyDue>,
    /// The Eastern day of its first deposit.
    pub funded_on: Option<Date>,
    pub deposit: Option<String>,
}

impl Verdict {
    /// Whether money was taken or given back and has not arrived.
    pub(super) fn is_outstanding(&self, has_deposits: bool) -> bool {
        let moves = self.expectation.as_ref().is_some_and(|expectation| !expectation.amount.is_zero());
        match self.progressed {
            Progressed::Expected | Progressed::Held | Progressed::Refused => moves,
            Progressed::Settled => moves && has_deposits,
            Progressed::Funded | Progressed::NoMoney => false,
        }
    }
}

/// The result of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// One for each reference of the journal or of a line, by reference.
    pub verdicts: Vec<Verdict>,
    pub exceptions: Vec<Exception>,
    /// The compared subjects: an exception about anything else says nothing by its absence.
    pub covered: Covered,
}

/// The subjects of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// References of payments and refunds.
    pub references: BTreeSet<String>,
    pub deposits: BTreeSet<String>,
    /// From which day on reports are known: their missing lines, and their rows in no deposit.
    pub reports_since: Option<Date>,
    /// Whether chargebacks and reversals were compared with orders.
    pub disputes: bool,
}

impl Covered {
    /// Whether the match would have found this exception again, if its cause were still there.
    pub fn has(&self, exception: &Exception) -> bool {
        use ExceptionCause::{Chargeback, DepositDiffers, DisputesDiffer, NotUnderstood};
        match (&exception.deposit, &exception.reference) {
            _ if exception.cause == DisputesDiffer => self.disputes,
            // A report that is not known may miss lines.
            _ if exception.cause == DepositDiffers && self.reports_since.is_none() => false,
            (Some(deposit), None) => self.deposits.contains(deposit),
            (Some(deposit), Some(_)) if exception.cause == Chargeback => self.deposits.contains(deposit),
            (_, Some(reference)) => self.references.contains(reference),
            (None, None) => {
                let is_of_report = matches!(exception.cause, NotUnderstood | DepositDiffers);
                is_of_report && self.reports_since.is_some_and(|since| since <= exception.day)
            }
        }
    }
}

/// Compares the journal's expectations with the gateway's records. Pure.
pub fn match_account(compared: &Compared<'_>, waits: &Waits, now: Timestamp) -> Match {
    let context = Matching { compared, waits, now, today: eastern_day(now) };
    let mut found = Match::default();
    let owners = Owners::new(compared);
    let mut matched = BTreeSet::new();
    for line in compared.lines {
        let owner = owners.of(line);
        if let Owner::One(expectation) = owner {
            matched.insert(key(expectation));
        }
        of_reference(&context, &line.reference, owner, line, &mut found);
    }
    let lines: BTreeSet<&str> = compared.lines.iter().map(|line| line.reference.as_str()).collect();
    for (reference, owned) in &owners.by_reference {
        let is_matched =
            |one: &&&Expectation| matched.contains(&key(one)) || owners.matched_elsewhere.contains(&key(one));
        if lines.contains(reference) || owned.iter().any(|one| is_matched(&one)) {
            continue;
        }
        let owner = if let [one] = owned[..] { Owner::One(one) } else { Owner::Several };
        of_reference(&context, reference, owner, &Line::default(), &mut found);
    }
    for unnamed in owners.unnamed.values().filter(|one| {
        !one.amount.is_zero() && !matched.contains(&key(one)) && !owners.matched_elsewhere.contains(&key(one))
    }) {
        of_reference(&context, &unnamed.gateway_order_id, Owner::One(unnamed), &Line::default(), &mut found);
    }
    for deposit in compared.deposits {
        of_deposit(&context, deposit, &mut found);
    }
    for chargeback in compared.chargebacks {
        of_deposit::of_chargeback(&context, chargeback, &mut found);
    }
    found.verdicts.sort_by(|one, other| one.reference.cmp(&other.reference));
    found.exceptions.sort_by_key(|exception| exception.id);
    found.exceptions.dedup_by_key(|exception| exception.id);
    found
}

/// The context of every comparison.
struct Matching<'a> {
    compared: &'a Compared<'a>,
    waits: &'a Waits,
    now: Timestamp,
    /// Eastern.
    today: Date,
}

/// The owners of the gateway's records: expectations by the names that the records have.
struct Owners<'a> {
    by_reference: BTreeMap<&'a str, Vec<&'a Expectation>>,
    /// Those that no response named, by our order id.
    unnamed: BTreeMap<&'a str, &'a Expectation>,
    /// All, by our order id.
    by_order_id: BTreeMap<&'a str, &'a Expectation>,
    /// Keys of the expectations that are matched elsewhere.
    matched_elsewhere: BTreeSet<(Uuid, &'a str)>,
    /// Expectations that move money at another account of the merchant, by reference.
    elsewhere: BTreeMap<&'a str, &'a Expectation>,
}

/// The key of one record at the gateway: the attempt of an operation.
fn key(expectation: &Expectation) -> (Uuid, &str) {
    (expectation.operation, &expectation.gateway_order_id)
}

impl<'a> Owners<'a> {
    fn new(compared: &Compared<'a>) -> Self {
        let here = |one: &&Expectation| one.account == compared.account;
        let matched_elsewhere = compared.matched_elsewhere.iter().filter(here);
        let all = compared.expectations.iter().filter(here).chain(matched_elsewhere.clone());
        let mut by_reference: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
        let (mut unnamed, mut by_order_id) = (BTreeMap::new(), BTreeMap::new());
        for one in all {
            by_order_id.insert(one.gateway_order_id.as_str(), one);
            match &one.reference {
                Some(reference) => by_reference.entry(reference).or_default().push(one),
                None => drop(unnamed.insert(one.gateway_order_id.as_str(), one)),
            }
        }
        // A refused operation can name the record of an earlier one; it claims no money.
        for owned in by_reference.values_mut().filter(|owned| owned.len() > 1) {
            if owned.iter().any(|one| !one.amount.is_zero()) {
                owned.retain(|one| !one.amount.is_zero());
            } else {
                owned.truncate(1);
            }
        }
        let others = compared.expectations.iter().filter(|one| !here(one) && !one.amount.is_zero());
        let elsewhere = others.filter_map(|one| Some((one.reference.as_deref()?, one))).collect();
        Self {
            by_reference,
            unnamed,
            by_order_id,
            matched_elsewhere: matched_elsewhere.map(key).collect(),
            elsewhere,
        }
    }

    fn of(&self, line: &Line) -> Owner<'a> {
        match self.by_reference.get(line.reference.as_str()).map(Vec::as_slice) {
            Some([one]) => return Owner::One(one),
            Some([_, _, ..]) => return Owner::Several,
            Some([]) | None => {}
        }
        if let Some(one) = self.elsewhere.get(line.reference.as_str()) {
            return Owner::Elsewhere(one);
        }
        let mut names = line.settled.iter().filter_map(|settled| settled.gateway_order_id.as_deref());
        let Some(name) = names.next() else { return Owner::Unknown };
        match (self.unnamed.get(name), self.by_order_id.get(name)) {
            (Some(one), _) => Owner::One(one),
            // Another record under our order id: money that was taken twice, and is not on record
            // here.
            (None, Some(one)) => Owner::Beside(one),
            (None, None) if is_gateway_order_id(name) => Owner::InDoubt,
            (None, None) => Owner::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
