//! Payments that no request made: in a virtual terminal under the same account, and as many as a
//! test needs.

use jiff::civil::Date;
use serde::Deserialize;

use crate::{
    calendar,
    cards::Brand,
    codes::pps,
    config::Merchant,
    record::Origin,
    state::{RecordKind, RecordState},
    transaction::Transaction,
    world::World,
};

/// The card or account that pays.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Tender {
    /// A Visa card.
    #[default]
    Card,
    BankDebit,
}

/// A payment made elsewhere with the same merchant account. It waits for its batch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    pub merchid: String,
    /// Its amount in minor units.
    pub minor_units: i64,
    /// Its order id; empty without one.
    #[serde(default)]
    pub order_id: String,
    /// The card or account that pays.
    #[serde(default)]
    pub tender: Tender,
}

/// Many payments that settled in one batch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ManySettled {
    pub merchid: String,
    /// The day of the batch.
    pub day: Date,
    pub count: u32,
    /// The amount of each in minor units.
    pub minor_units: i64,
    /// Their order ids begin with it, and end with their number, from 0.
    #[serde(default)]
    pub order_prefix: String,
}

/// Most payments that are made at once.
const MANY_MAX: u32 = 1_000_000;

/// Tokens of accounts that no card number leads to: they show how a card's and a bank account's
/// begin and end.
const CARD_TOKEN: &str = "9418594164541111";
const BANK_TOKEN: &str = "9210000211119999";

fn captured(world: &mut World, merchant: &Merchant, minor_units: i64, tender: Tender) -> Transaction {
    let now = world.now();
    let verdict = merchant.processor.approval();
    let mut payment = Transaction::new(RecordKind::Payment, world.next_retref(now), verdict, now);
    payment.merchid.clone_from(&merchant.merchid);
    payment.currency.clone_from(&merchant.currency);
    let (token, brand) = match tender {
        Tender::Card => (CARD_TOKEN, Brand::Visa),
        Tender::BankDebit => (BANK_TOKEN, Brand::Check),
    };
    token.clone_into(&mut payment.token);
    payment.brand = Some(brand);
    if tender == Tender::BankDebit {
        payment.verdict = pps::APPROVAL;
    }
    (payment.authorized, payment.amount) = (minor_units, minor_units);
    payment.authcode = Some(world.next_authcode());
    payment.status = RecordState::Queued;
    payment.captured_at = Some(now);
    payment.batchid = Some(world.open_batch(merchant));
    payment
}

/// Makes the payment; its reference. The error names the member that is wrong.
pub(crate) fn pay_elsewhere(world: &mut World, wanted: &Elsewhere) -> Result<String, String> {
    let merchant = merchant(world, &wanted.merchid, wanted.minor_units)?;
    let mut payment = captured(world, &merchant, wanted.minor_units, wanted.tender);
    payment.order_id = crate::ledger::stored_order_id(&wanted.order_id);
    payment.note(world.now(), Origin::Portal);
    let retref = payment.retref.clone();
    world.ledger.restore(payment);
    Ok(retref)
}

/// Makes the payments; their references. The error names the member that is wrong.
pub(crate) fn add_settled(world: &mut World, wanted: &ManySettled) -> Result<Vec<String>, String> {
    let merchant = merchant(world, &wanted.merchid, wanted.minor_units)?;
    let cutoff = merchant.settings.reports.cutoff_minute;
    let sent = calendar::eastern_moment(wanted.day, cutoff).ok_or("day: cannot be represented")?;
    if !(1..=MANY_MAX).contains(&wanted.count) {
        return Err(format!("count: 1 to {MANY_MAX}"));
    }
    // Waiting payments stay in the open batch; these have the one after it.
    world.ledger.close_batch(&merchant.merchid);
    let mut retrefs = Vec::new();
    for number in 0..wanted.count {
        let mut payment = captured(world, &merchant, wanted.minor_units, Tender::Card);
        payment.order_id = crate::ledger::stored_order_id(&format!("{}{number}", wanted.order_prefix));
        (payment.authorized_at, payment.captured_at) = (sent, Some(sent));
        (payment.batched_at, payment.settled_at) = (Some(sent), Some(sent));
        payment.status = RecordState::Accepted;
        payment.note(sent, Origin::Settlement);
        retrefs.push(payment.retref.clone());
        world.ledger.restore(payment);
    }
    world.ledger.close_batch(&merchant.merchid);
    Ok(retrefs)
}

fn merchant(world: &World, merchid: &str, minor_units: i64) -> Result<Merchant, String> {
    if minor_units < 1 {
        return Err("minor_units: a whole number from 1".to_owned());
    }
    let found = world.merchant(merchid).cloned();
    found.ok_or_else(|| format!("merchid: there is no merchant account {merchid}"))
}
