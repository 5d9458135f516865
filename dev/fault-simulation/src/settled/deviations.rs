//! Each way in which the gateway's reports can deviate from its ledger, with the exceptions that it
//! must have.

use std::collections::BTreeSet;

use cardpointe_simulator::{
    Adjustment, Chargeback, DepositDeviation, Deviation, Elsewhere, Record, RecordKind, Simulator, Stage,
    Tender,
};
use jiff::{ToSpan, civil::Date};
use tollgate_core::settlement::{Deposit, ExceptionCause};

use super::history::Account;
use crate::rng::Rng;

/// The records that are made to deviate.
pub(super) struct Victim<'a> {
    pub(super) simulator: &'a Simulator,
    /// A payment or refund that was funded.
    pub(super) record: &'a Record,
    pub(super) deposit: &'a Deposit,
}

/// Of one record: how its reports deviate, and the exceptions that this must lead to.
pub(super) fn of_records(record: &Record) -> Vec<(&'static str, Deviation, Vec<ExceptionCause>)> {
    use ExceptionCause as Cause;
    let none = Deviation::default;
    let amount = record.minor_units;
    let is_payment = record.kind == RecordKind::Payment;
    let of_nobody = if is_payment { Cause::NotOurs } else { Cause::RefundedElsewhere };
    vec![
        ("in no batch, and funded", Deviation { settled_times: Some(0), ..none() }, vec![]),
        (
            "in no batch and no deposit",
            Deviation { settled_times: Some(0), funded_times: Some(0), ..none() },
            vec![Cause::NotSettled],
        ),
        ("in two batches", Deviation { settled_times: Some(2), ..none() }, vec![Cause::SettledTwice]),
        (
            "settled with a cent more",
            Deviation { settled_minor_units: Some(amount + 1), ..none() },
            vec![Cause::AmountDiffers],
        ),
        ("in no deposit", Deviation { funded_times: Some(0), ..none() }, vec![Cause::NotFunded]),
        ("in a deposit twice", Deviation { funded_times: Some(2), ..none() }, vec![Cause::FundedTwice]),
        (
            "funded with a cent less",
            Deviation { funded_minor_units: Some(amount - 1), ..none() },
            vec![Cause::AmountDiffers],
        ),
        (
            "funded in other money",
            Deviation { funded_currency: Some("CAD".to_owned()), ..none() },
            vec![Cause::AmountDiffers],
        ),
        (
            "refused by the deposit",
            Deviation { funded_status: Some("Rejected".to_owned()), ..none() },
            vec![Cause::Rejected],
        ),
        // The line is nobody's then, and the payment has none.
        (
            "funded without its reference",
            Deviation { without_retref: true, ..none() },
            vec![of_nobody, Cause::NotFunded],
        ),
        (
            "in its batch without its reference",
            Deviation { settled_without_retref: true, ..none() },
            vec![Cause::NotUnderstood],
        ),
        (
            "in its deposit without an amount",
            Deviation { funded_without_amount: true, ..none() },
            vec![Cause::NotUnderstood, Cause::NotFunded, Cause::DepositDiffers],
        ),
    ]
}

/// Of the victim's deposit.
pub(super) fn of_deposits() -> [(&'static str, DepositDeviation, Vec<ExceptionCause>); 4] {
    let none = DepositDeviation::default;
    [
        (
            "one wrong cent in the net sales",
            DepositDeviation { netsales_off: 1, total_off: 1, ..none() },
            vec![ExceptionCause::DepositDiffers],
        ),
        (
            "one wrong cent in the total",
            DepositDeviation { total_off: -1, ..none() },
            vec![ExceptionCause::DepositDiffers],
        ),
        ("another number", DepositDeviation { number: Some(77), ..none() }, Vec::new()),
        // Nothing is late of which the report is still to be read.
        ("a report that breaks off", DepositDeviation { broken: true, ..none() }, Vec::new()),
    ]
}

/// A way that is there to stay.
type Lasting = fn(&Victim<'_>) -> Result<(), String>;

/// Deviations that cannot be taken back: each leads to one exception more.
pub(super) const LASTING: [(&str, ExceptionCause, Lasting); 6] = [
    ("a chargeback", ExceptionCause::Chargeback, |victim| charge_back(victim, true)),
    ("a chargeback without its payment", ExceptionCause::Chargeback, |victim| charge_back(victim, false)),
    ("a reversal of nothing", ExceptionCause::ReversalUnknown, |victim| {
        victim.simulator.adjust(adjustment(victim, "REVERSAL", Some("case of nobody".to_owned()))).map(drop)
    }),
    ("a category that nobody knows", ExceptionCause::NotUnderstood, |victim| {
        victim.simulator.adjust(adjustment(victim, "WEATHER", None)).map(drop)
    }),
    ("a payment of the virtual terminal", ExceptionCause::NotOurs, |victim| {
        pay_elsewhere(victim, "invoice 7".to_owned())
    }),
    ("another record of an attempt", ExceptionCause::NotApproved, |victim| {
        pay_elsewhere(victim, victim.record.order_id.clone())
    }),
];

/// How a payment may end in its batch.
pub(super) const ENDS: [(Stage, ExceptionCause); 4] = [
    (Stage::Rejected, ExceptionCause::Rejected),
    (Stage::FormatError, ExceptionCause::Rejected),
    (Stage::TokenDecrypt, ExceptionCause::Rejected),
    (Stage::UnderReview, ExceptionCause::NotSettled),
];

fn charge_back(victim: &Victim<'_>, is_stated: bool) -> Result<(), String> {
    let casenumber = if is_stated { "case 1" } else { "case 2" };
    let chargeback = Chargeback {
        merchid: victim.record.merchid.clone(),
        casenumber: casenumber.to_owned(),
        sequencenumber: Some(1),
        retref: is_stated.then(|| victim.record.retref.clone()),
        minor_units: 1,
        reasoncode: "34".to_owned(),
        reasondescription: String::new(),
        chargebackdate: None,
        on: Some(victim.deposit.day),
        debit: is_stated,
    };
    victim.simulator.charge_back(chargeback).map(drop)
}

fn adjustment(victim: &Victim<'_>, category: &str, casenumber: Option<String>) -> Adjustment {
    Adjustment {
        merchid: victim.record.merchid.clone(),
        category: category.to_owned(),
        kind: String::new(),
        description: String::new(),
        minor_units: 1,
        casenumber,
        on: Some(victim.deposit.day),
    }
}

fn pay_elsewhere(victim: &Victim<'_>, order_id: String) -> Result<(), String> {
    let merchid = victim.record.merchid.clone();
    let payment = Elsewhere { merchid, minor_units: 700, order_id, tender: Tender::Card };
    victim.simulator.pay_elsewhere(&payment).map(drop)
}

/// Gives a deposit its true contents back.
pub(super) fn mend(simulator: &Simulator, account: &str, day: Date) {
    simulator.alter_deposit(account, day, DepositDeviation::default());
}

/// A report that says something else later, which can be taken back.
#[derive(Debug)]
pub(super) enum Correction {
    /// Of a payment or refund.
    Record { retref: String, deviation: Box<Deviation> },
    /// Its batch gets another number.
    Batch { merchid: String, batchid: String },
    /// The reports of another day list its batch, too.
    TwoDays { merchid: String, batchid: String, on: Date },
    /// A deposit gets another number, or other sums.
    Deposit { merchid: String, day: Date, deviation: DepositDeviation },
}

impl Correction {
    /// Has it so, or takes it back.
    pub(super) fn apply(&self, simulator: &Simulator, is_wrong: bool) {
        match self {
            Self::Record { retref, deviation } => {
                let deviation = if is_wrong { Deviation::clone(deviation) } else { Deviation::default() };
                simulator.deviate(retref, deviation);
            }
            Self::Batch { merchid, batchid } => {
                simulator.renumber_batch(merchid, batchid, is_wrong.then_some("770001"));
            }
            Self::TwoDays { merchid, batchid, on } => {
                simulator.also_list_batch(merchid, batchid, is_wrong.then_some(*on));
            }
            Self::Deposit { merchid, day, deviation } => {
                let deviation = if is_wrong { deviation.clone() } else { DepositDeviation::default() };
                simulator.alter_deposit(merchid, *day, deviation);
            }
        }
    }
}

/// Some corrections of funded records: of a record each, and of batches and deposits.
pub(super) fn corrections(
    rng: &mut Rng,
    simulator: &Simulator,
    accounts: &[Account],
    arrived: &[Record],
) -> Vec<Correction> {
    let (mut all, mut met) = (Vec::new(), BTreeSet::new());
    for record in arrived {
        // Of an account without any deposit, a run that begins does not know that it waits for one.
        if met.insert(&record.merchid) {
            continue;
        }
        let Some(day) = simulator.funding_day(&record.retref) else { continue };
        let Some(batchid) = record.batchid.clone() else { continue };
        let (retref, merchid) = (record.retref.clone(), record.merchid.clone());
        let in_words = |one: &Account| one.id == merchid && one.says_nothing_in_words();
        let may_be_empty = accounts.iter().any(in_words);
        let of_record = |deviation: Deviation| Correction::Record {
            retref: retref.clone(),
            deviation: Box::new(deviation),
        };
        let of_deposit =
            |deviation: DepositDeviation| Correction::Deposit { merchid: merchid.clone(), day, deviation };
        let (none, same) = (Deviation::default, DepositDeviation::default);
        let other_day = day.saturating_add((1 + i64::try_from(rng.below(3)).unwrap_or_default()).days());
        // No two deposits get the same number.
        let number = 770 + i64::try_from(all.len()).unwrap_or_default();
        all.push(match rng.below(15) {
            0 if may_be_empty => of_record(Deviation { funded_times: Some(0), ..none() }),
            1 if may_be_empty => of_record(Deviation { funded_on: Some(other_day), ..none() }),
            2 => of_record(Deviation { settled_times: Some(0), ..none() }),
            3 => of_record(Deviation { funded_minor_units: Some(record.minor_units - 1), ..none() }),
            4 => of_record(Deviation { funded_without_amount: true, ..none() }),
            5 => of_record(Deviation { settled_without_retref: true, ..none() }),
            6 => of_record(Deviation { funded_times: Some(2), ..none() }),
            7 => Correction::Batch { merchid, batchid },
            8 => of_deposit(DepositDeviation { number: Some(number), ..same() }),
            9 => of_deposit(DepositDeviation { netsales_off: 100, ..same() }),
            10 if may_be_empty => of_deposit(DepositDeviation { absent: true, ..same() }),
            11 => of_deposit(DepositDeviation { also_on: Some(other_day), ..same() }),
            12 => Correction::TwoDays { merchid, batchid, on: other_day },
            _ => continue,
        });
    }
    all
}
