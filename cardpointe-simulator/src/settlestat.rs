//! `settlestat`: the batches that were sent, and what came of each transaction in them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::{
    amount,
    call::Call,
    codes::pps,
    config::Merchant,
    reply::{Answer, Reply},
    state::{RecordKind, RecordState},
    transaction::Transaction,
    world::World,
};

/// The body when there is nothing to report, in spite of its content type.
const NOTHING: &str = "Null batches";

/// Which batches a request wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    Batch(String),
    /// The batches of a day, `MMDD`.
    Date(String),
    /// Those that were not returned to such a request before.
    New,
}

/// The batches as an array, oldest first.
pub(crate) fn report(world: &mut World, merchant: &Merchant, wanted: &Wanted, call: Call) -> Answer {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("merchid", merchant.merchid.as_str()).into();
    }
    let mut batches: BTreeMap<&str, Vec<&Transaction>> = BTreeMap::new();
    for transaction in world.ledger.all().iter().filter(|transaction| transaction.merchid == merchant.merchid)
    {
        if let (Some(batchid), Some(_)) = (transaction.batchid.as_deref(), transaction.batched_at) {
            batches.entry(batchid).or_default().push(transaction);
        }
    }
    let is_wanted = |batchid: &str, transactions: &[&Transaction]| match wanted {
        Wanted::Batch(wanted) => batchid == wanted,
        Wanted::Date(mmdd) => {
            let date = recent_date(mmdd, call.now);
            transactions.iter().any(|transaction| transaction.batched_at.map(day) == date && date.is_some())
        }
        Wanted::New => !world.reported_batches.contains(&(merchant.merchid.clone(), batchid.to_owned())),
    };
    let found: Vec<(String, Reply)> = batches
        .into_iter()
        .filter(|(batchid, transactions)| is_wanted(batchid, transactions))
        .map(|(batchid, transactions)| (batchid.to_owned(), batch(merchant, batchid, &transactions)))
        .collect();
    if *wanted == Wanted::New {
        let reported = found.iter().map(|(batchid, _)| (merchant.merchid.clone(), batchid.clone()));
        world.reported_batches.extend(reported.collect::<Vec<_>>());
    }
    if found.is_empty() {
        return Answer::Text(NOTHING);
    }
    Answer::Many(found.into_iter().map(|(_, reply)| reply).collect())
}

/// What a request gets that names no merchant account of the site.
pub(crate) fn nothing() -> Answer {
    Answer::Text(NOTHING)
}

/// The last day that had this month and day, today included.
pub(crate) fn recent_date(mmdd: &str, now: Timestamp) -> Option<Date> {
    let today = day(now);
    let number = |text: Option<&str>| text?.parse::<i8>().ok();
    let (month, day) = (number(mmdd.get(..2))?, number(mmdd.get(2..))?);
    let in_year = |year| Date::new(year, month, day).ok().filter(|date| *date <= today);
    in_year(today.year()).or_else(|| in_year(today.year() - 1))
}

/// The day of a moment, UTC.
pub(crate) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn batch(merchant: &Merchant, batchid: &str, transactions: &[&Transaction]) -> Reply {
    let entries: Vec<Value> = transactions.iter().map(|transaction| entry(transaction)).collect();
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("batchid", batchid)
        .with("hostbatch", batchid)
        .with("hoststat", host_state(transactions))
        .with("respproc", merchant.processor.name())
        .with("txns", entries)
}

/// How the batch as a whole went. What is under review has been taken, so far.
fn host_state(transactions: &[&Transaction]) -> &'static str {
    if transactions.iter().any(|transaction| transaction.status == RecordState::BatchSent) {
        return "SB";
    }
    let taken = |transaction: &&&Transaction| {
        matches!(transaction.status, RecordState::Accepted | RecordState::UnderReview)
    };
    match transactions.iter().filter(taken).count() {
        0 => "BB",
        count if count == transactions.len() => "GB",
        _ => "MB",
    }
}

fn entry(transaction: &Transaction) -> Value {
    let minor = match transaction.kind {
        RecordKind::Payment => transaction.amount,
        RecordKind::Refund => -transaction.amount,
    };
    json!({
        "retref": transaction.retref,
        "salesdoc": transaction.order_id,
        "setlamount": amount::format(minor),
        "setlstat": letter(transaction.status),
        "cardtype": transaction.brand.map_or("", |brand| brand.account_type()),
        "authcode": transaction.authcode,
    })
}

fn letter(status: RecordState) -> &'static str {
    match status {
        RecordState::Accepted => "Y",
        RecordState::Rejected => "N",
        RecordState::FormatError => "F",
        RecordState::TokenDecrypt => "T",
        RecordState::UnderReview => "W",
        RecordState::BatchSent
        | RecordState::Queued
        | RecordState::Authorized
        | RecordState::Voided
        | RecordState::Declined
        | RecordState::ZeroAmount => "",
    }
}

/// The refusal to a request that names neither date nor batch in a form that can be read.
pub(crate) fn unreadable() -> Answer {
    Reply::of(pps::INVALID_FIELD).into()
}
