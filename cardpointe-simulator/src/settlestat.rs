//! `settlestat`: the batches that were sent, and the outcome of each transaction in them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{
    amount,
    bank::key,
    calendar,
    call::Call,
    codes::pps,
    config::Merchant,
    reply::{Answer, Reply},
    report_forms::Forms,
    settings::{NoBatches, ReportSettings, SettlestatForm, SettlestatMembers},
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
    /// The batches that a client opened under this name of its own.
    Source(String),
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
    let reports = merchant.settings.reports;
    let today = calendar::day(call.now, reports.report_zone);
    let is_wanted = |batch: &Batch<'_>| match wanted {
        Wanted::Batch(wanted) => world.bank.batch_number(&merchant.merchid, &batch.id) == wanted,
        Wanted::Source(source) => world.manual_batches.has(&merchant.merchid, source, &batch.id),
        Wanted::Date(mmdd) => recent_date(mmdd, today).is_some_and(|date| {
            let other = world.bank.other_days.get(&key(&merchant.merchid, &batch.id));
            batch.has_day(date, reports) || other == Some(&date)
        }),
        Wanted::New => !world.reported_batches.contains(&(merchant.merchid.clone(), batch.id.clone())),
    };
    let found: Vec<Batch<'_>> = batches(world, merchant).into_iter().filter(is_wanted).collect();
    let write = |batch: &Batch<'_>| {
        let reply = written(world, merchant, batch);
        match wanted {
            Wanted::Source(source) => with_totals(reply.with("batchsource", source.as_str()), batch),
            Wanted::Batch(_) | Wanted::Date(_) | Wanted::New => reply,
        }
    };
    let mut replies: Vec<Reply> = found.iter().map(write).collect();
    let breaks = |batch: &Batch<'_>| world.bank.broken_batches.contains(&key(&merchant.merchid, &batch.id));
    let is_broken = found.iter().any(breaks);
    let ids: Vec<String> = found.into_iter().map(|batch| batch.id).collect();
    if *wanted == Wanted::New || reports.dated_reads_consume {
        world.reported_batches.extend(ids.into_iter().map(|id| (merchant.merchid.clone(), id)));
    }
    let answer = match replies.len() {
        0 => nothing(reports.no_batches),
        1 if reports.settlestat_form == SettlestatForm::Object => replies.remove(0).into(),
        _ => Answer::Many(replies),
    };
    answer.broken_if(is_broken)
}

/// The response when there is nothing to report, or to a request that names no merchant account of
/// the site.
pub(crate) fn nothing(form: NoBatches) -> Answer {
    Answer::Text(match form {
        NoBatches::Text => NOTHING,
        NoBatches::Quoted => "\"Null batches\"",
        NoBatches::Empty => "",
        NoBatches::EmptyArray => "[]",
    })
}

/// The last day that had this month and day, today included.
pub(crate) fn recent_date(mmdd: &str, today: Date) -> Option<Date> {
    let number = |text: Option<&str>| text?.parse::<i8>().ok();
    let (month, day) = (number(mmdd.get(..2))?, number(mmdd.get(2..))?);
    let in_year = |year| Date::new(year, month, day).ok().filter(|date| *date <= today);
    in_year(today.year()).or_else(|| in_year(today.year() - 1))
}

/// A batch that was sent.
struct Batch<'a> {
    id: String,
    transactions: Vec<&'a Transaction>,
}

impl Batch<'_> {
    fn has_day(&self, day: Date, reports: ReportSettings) -> bool {
        let sent = self.transactions.iter().filter_map(|transaction| transaction.batched_at);
        sent.into_iter().any(|at| calendar::day(at, reports.report_zone) == day)
    }
}

/// How far the number of a batch is from that of the one that lists the same transaction once more.
const NEXT_BATCH: u64 = 500_000;

/// The batches of an account, with the transactions that deviations take out of them or list again.
fn batches<'a>(world: &'a World, merchant: &Merchant) -> Vec<Batch<'a>> {
    let mut found: BTreeMap<String, Vec<&Transaction>> = BTreeMap::new();
    for transaction in world.ledger.all().iter().filter(|one| one.merchid == merchant.merchid) {
        let (Some(batchid), Some(_)) = (transaction.batchid.as_deref(), transaction.batched_at) else {
            continue;
        };
        let deviation = world.bank.deviation(&transaction.retref);
        let times = deviation.and_then(|deviation| deviation.settled_times).unwrap_or(1);
        for copy in 0..u64::from(times) {
            let number = batchid.parse::<u64>().unwrap_or_default() + copy * NEXT_BATCH;
            let id = if copy == 0 { batchid.to_owned() } else { number.to_string() };
            match found.get_mut(&id) {
                Some(batch) => batch.push(transaction),
                None => drop(found.insert(id, vec![transaction])),
            }
        }
    }
    found.into_iter().map(|(id, transactions)| Batch { id, transactions }).collect()
}

fn written(world: &World, merchant: &Merchant, batch: &Batch<'_>) -> Reply {
    let forms = Forms(merchant.settings.reports);
    let state = world.bank.hoststat(&merchant.merchid, &batch.id);
    let number = world.bank.batch_number(&merchant.merchid, &batch.id);
    let entries: Vec<Value> = batch
        .transactions
        .iter()
        .map(|transaction| entry(world, transaction, state, merchant.settings.reports))
        .collect();
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("batchid", number)
        .with_some("hostbatch", forms.hostbatch(number))
        .with("hoststat", state.unwrap_or_else(|| host_state(&batch.transactions)))
        .with("respproc", merchant.processor.name())
        .with("txns", entries)
}

/// Adds how many payments and refunds a batch has, and their sums in major units.
fn with_totals(reply: Reply, batch: &Batch<'_>) -> Reply {
    let of_kind = |kind| batch.transactions.iter().filter(move |transaction| transaction.kind == kind);
    let total = |kind| amount::format(of_kind(kind).map(|transaction| transaction.amount).sum());
    reply
        .with("chargecnt", of_kind(RecordKind::Payment).count())
        .with("chargetotal", total(RecordKind::Payment))
        .with("refundcnt", of_kind(RecordKind::Refund).count())
        .with("refundtotal", total(RecordKind::Refund))
}

/// How the batch as a whole went. Transactions under review have been taken, so far.
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

fn entry(
    world: &World,
    transaction: &Transaction,
    batch_state: Option<&str>,
    reports: ReportSettings,
) -> Value {
    let letter = letter(transaction.status, batch_state);
    let deviation = world.bank.deviation(&transaction.retref);
    let without_retref = deviation.is_some_and(|deviation| deviation.settled_without_retref);
    let retref = (!without_retref).then_some(&transaction.retref);
    if reports.settlestat_members == SettlestatMembers::Recorded {
        return json!({ "retref": retref, "setlstat": letter });
    }
    let stated = deviation.and_then(|deviation| deviation.settled_minor_units);
    let minor = match transaction.kind {
        RecordKind::Payment => stated.unwrap_or(transaction.amount),
        RecordKind::Refund => -stated.unwrap_or(transaction.amount),
    };
    json!({
        "retref": retref,
        "salesdoc": transaction.order_id,
        "setlamount": Forms(reports).amount(minor),
        "setlstat": letter,
        "cardtype": transaction.brand.map_or("", |brand| brand.account_type()),
        "authcode": transaction.authcode,
    })
}

/// The letter of a transaction, and in a batch that the processor holds or refused, the batch's.
/// One that was never sent keeps its own.
fn letter(status: RecordState, batch_state: Option<&str>) -> &'static str {
    match (status, batch_state) {
        (RecordState::FormatError, _) => "F",
        (RecordState::TokenDecrypt, _) => "T",
        (_, Some("RB" | "BB")) | (RecordState::Rejected, None | Some("GB" | "MB")) => "N",
        (_, Some("EB")) => "R",
        (RecordState::Accepted, None | Some("GB" | "MB")) => "Y",
        (RecordState::UnderReview, None | Some("GB" | "MB")) => "W",
        _ => "",
    }
}

/// The refusal to a request that names neither date nor batch in a form that can be read.
pub(crate) fn unreadable() -> Answer {
    Reply::of(pps::INVALID_FIELD).into()
}
