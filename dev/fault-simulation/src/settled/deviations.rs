//! Each way in which the gateway's reports can deviate from its ledger, with the exceptions that it must have.

use cardpointe_simulator::{
    Adjustment, Chargeback, DepositDeviation, Deviation, Elsewhere, Record, Simulator, Stage, Tender,
};
use jiff::civil::Date;
use tollgate_core::settlement::{Deposit, ExceptionCause};

/// What is made to deviate.
pub(super) struct Victim<'a> {
    pub(super) simulator: &'a Simulator,
    /// A payment or refund that was funded.
    pub(super) record: &'a Record,
    /// Its deposit.
    pub(super) deposit: &'a Deposit,
}

/// Of one record: how its reports deviate, and what that must lead to.
pub(super) fn of_records(record: &Record) -> Vec<(&'static str, Deviation, Vec<ExceptionCause>)> {
    use ExceptionCause as Cause;
    let none = Deviation::default;
    let amount = record.minor_units;
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
            vec![Cause::CurrencyDiffers],
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
            vec![Cause::NotOurs, Cause::NotFunded],
        ),
    ]
}

/// Of the victim's deposit.
pub(super) fn of_deposits() -> [(&'static str, DepositDeviation, ExceptionCause); 2] {
    let none = DepositDeviation::default;
    [
        (
            "one wrong cent in the net sales",
            DepositDeviation { netsales_off: 1, total_off: 1, ..none() },
            ExceptionCause::LinesDiffer,
        ),
        (
            "one wrong cent in the total",
            DepositDeviation { total_off: -1, ..none() },
            ExceptionCause::TotalDiffers,
        ),
    ]
}

/// A way that is there to stay.
type Lasting = fn(&Victim<'_>) -> Result<(), String>;

/// What cannot be taken back: each leads to one exception more.
pub(super) const LASTING: [(&str, ExceptionCause, Lasting); 6] = [
    ("a chargeback", ExceptionCause::Chargeback, |victim| charge_back(victim, true)),
    ("a chargeback without its payment", ExceptionCause::Chargeback, |victim| charge_back(victim, false)),
    ("a reversal of nothing", ExceptionCause::ReversalUnknown, |victim| {
        victim.simulator.adjust(adjustment(victim, "REVERSAL", Some("case of nobody".to_owned()))).map(drop)
    }),
    ("a category that nobody knows", ExceptionCause::UnknownCategory, |victim| {
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
    (Stage::UnderReview, ExceptionCause::UnderReview),
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

/// Gives a deposit back what it is made of.
pub(super) fn mend(simulator: &Simulator, account: &str, day: Date) {
    simulator.alter_deposit(account, day, DepositDeviation::default());
}
