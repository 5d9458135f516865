//! `funding`: what reaches the merchant's bank account, by day.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use crate::{
    amount,
    call::Call,
    config::Merchant,
    ledger::Ledger,
    reply::Reply,
    settings::Settings,
    settlestat::{day, recent_date},
    state::{RecordKind, RecordState},
    transaction::Transaction,
    world::World,
};

const NOTHING: &str = "No deposits match your request";

/// The deposit of a day, with its transactions. `date` is MMDD or YYYYMMDD.
pub(crate) fn report(world: &World, merchant: &Merchant, date: &str, call: Call) -> Reply {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("merchid", merchant.merchid.as_str());
    }
    let funded =
        read_date(date, call.now).map(|date| (date, funded_on(&world.ledger, merchant, date, call.now)));
    match funded {
        Some((date, transactions)) if !transactions.is_empty() => deposit(merchant, date, &transactions),
        _ => nothing(),
    }
}

/// What there is to say when nothing was deposited.
pub(crate) fn nothing() -> Reply {
    Reply::plain().with("errormsg", NOTHING)
}

fn read_date(text: &str, now: Timestamp) -> Option<Date> {
    if text.len() != 8 {
        return recent_date(text, now);
    }
    let part = |range: std::ops::Range<usize>| text.get(range);
    Date::new(part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?).ok()
}

/// Only what was accepted is funded, and not before its day has come.
fn funded_on<'a>(
    ledger: &'a Ledger,
    merchant: &Merchant,
    date: Date,
    now: Timestamp,
) -> Vec<&'a Transaction> {
    let is_funded = |transaction: &&Transaction| {
        transaction.merchid == merchant.merchid
            && transaction.status == RecordState::Accepted
            && transaction.settled_at.and_then(|at| funding_date(at, merchant.settings)) == Some(date)
    };
    if date > day(now) { Vec::new() } else { ledger.all().iter().filter(is_funded).collect() }
}

fn funding_date(settled_at: Timestamp, settings: Settings) -> Option<Date> {
    day(settled_at).checked_add(Span::new().try_days(i64::from(settings.funding_after_days)).ok()?).ok()
}

fn signed(transaction: &Transaction) -> i64 {
    match transaction.kind {
        RecordKind::Payment => transaction.amount,
        RecordKind::Refund => -transaction.amount,
    }
}

fn deposit(merchant: &Merchant, date: Date, transactions: &[&Transaction]) -> Reply {
    let total = amount::format(transactions.iter().map(|transaction| signed(transaction)).sum());
    let written = date.strftime("%Y%m%d").to_string();
    let id = format!("{written}{}", merchant.merchid.get(..6).unwrap_or(&merchant.merchid));
    let changed = date.strftime("%Y-%m-%d").to_string();
    let funding = json!({
        "fundingmasterid": id, "fundingid": id, "merchid": merchant.merchid, "currency": merchant.currency,
        "netsales": total, "totalfunding": total,
        "thirdparty": "0.00", "adjustment": "0.00", "interchangefee": "0.00", "servicecharge": "0.00",
        "fee": "0.00", "reversal": "0.00", "otheradjustment": "0.00",
        "fundingdate": written, "datechanged": changed, "dateadded": changed,
        "ddanumber": "", "abanumber": "", "deposittrancode": "", "depositachtracenumber": "",
    });
    let entries: Vec<Value> =
        transactions.iter().map(|transaction| entry(merchant, &id, transaction)).collect();
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("fundingdate", written)
        .with("fundingmasterid", id)
        .with("datechanged", changed)
        .with("fundings", json!([funding]))
        .with("txns", entries)
}

fn entry(merchant: &Merchant, id: &str, transaction: &Transaction) -> Value {
    let kind = match transaction.kind {
        RecordKind::Payment => "SALE",
        RecordKind::Refund => "REFUND",
    };
    let brand = transaction.brand.map_or("", |brand| brand.account_type());
    let token = transaction.token.as_str();
    // The token has the card's first two and last four digits in its own.
    let masked =
        format!("{}XXXXXXXXXX{}", token.get(1..3).unwrap_or_default(), token.get(12..).unwrap_or_default());
    json!({
        "fundingtxnid": id, "fundingid": id,
        "retref": transaction.retref, "parentretref": transaction.refund_of.as_deref().unwrap_or_default(),
        "amount": amount::format(signed(transaction)), "currency": transaction.currency,
        "type": kind, "status": "Settled",
        "authcode": transaction.authcode, "authdate": transaction.authorized_at.strftime("%Y%m%d").to_string(),
        "date": transaction.authorized_at.strftime("%Y%m%d").to_string(),
        "respcode": transaction.verdict.code, "batchid": transaction.batchid, "cardproc": merchant.processor.name(),
        "cardnumber": masked, "cardtype": brand, "cardbrand": brand,
        "interchangeunitfee": "0", "interchangepercentfee": "0",
        "plancode": "", "downgradereasoncodes": "", "invoicenumber": "", "sourcetransactionid": "",
        "terminalnumber": "", "achreturncode": "",
    })
}
