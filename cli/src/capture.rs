//! `capture pause`, `capture resume` and `capture list`: one order's scheduled captures, held back by a person.

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{PausedSearch, Row, paused_captures},
    order::{Attribution, Order, OrderKey, Transaction},
};

use crate::{
    args::{CaptureCommand, ListPaused, SwitchCaptures, WithoutPrompt},
    confirm,
    failure::Failure,
    payment::{
        history,
        rows::{self, bad_line, bad_value},
    },
    person,
    place::Place,
    precondition::must_exist,
    report::Report,
    table::aligned,
};

const HEADER: [&str; 7] = ["PAUSED", "BY", "AMOUNT", "CAPTURE AT", "ENDS", "ORDER", "TRANSACTION"];

pub(crate) async fn run(place: &Place, command: &CaptureCommand) -> Result<Report, Failure> {
    match command {
        CaptureCommand::Pause(pause) => switch(place, pause, true).await,
        CaptureCommand::Resume(resume) => switch(place, resume, false).await,
        CaptureCommand::List(search) => list(place, search).await,
    }
}

async fn switch(place: &Place, switch: &SwitchCaptures, pause: bool) -> Result<Report, Failure> {
    let (stage, job, now) = (place.stage()?, place.orders_job()?, place.clock.now());
    let key = OrderKey { merchant: switch.merchant.clone(), order: switch.order.clone() };
    let order = job.payments.order(&key).await?;
    let what = if pause { "paused" } else { "resumed" };
    if order.captures_paused().is_some() == pause {
        let is = if pause { "are paused already" } else { "are not paused" };
        let text = format!("Scheduled captures {is}. Stage {stage}.\n\n{}", history::text(&order, None, now));
        return Ok(Report::new(text, value(stage, (&order, now), switch, false)));
    }
    let shown = shown(stage, &order, switch, what);
    if switch.dry_run {
        let text = format!("Dry run: nothing was done.\n{shown}");
        return Ok(Report::new(text, value(stage, (&order, now), switch, false)));
    }
    let WithoutPrompt { yes, live } = switch.without_prompt;
    let route = order.transactions.first().and_then(Transaction::first).map(|first| &first.route);
    if !route.map_or(Ok(yes), |route| confirm::without_prompt(route, yes, live))? {
        confirm::by_typing(order.id.as_str(), &shown)?;
    }
    let person = person::verified(place).await;
    let by = Attribution::new(None, Some(&switch.by), Some(&switch.reason));
    let by = by.map(|told| told.verified(person.as_ref()));
    let order = if pause {
        job.payments.pause_captures(&key, by.as_ref()).await?
    } else {
        job.payments.resume_captures(&key, by.as_ref()).await?
    };
    let text =
        format!("Scheduled captures are {what}. Stage {stage}.\n\n{}", history::text(&order, None, now));
    Ok(Report::new(text, value(stage, (&order, now), switch, true)))
}

fn value(stage: &str, (order, now): (&Order, Timestamp), switch: &SwitchCaptures, changed: bool) -> Value {
    json!({
        "stage": stage,
        "dry_run": switch.dry_run,
        "changed": changed,
        "order": history::value(order, None, now),
    })
}

/// What would be done, and to what.
fn shown(stage: &str, order: &Order, switch: &SwitchCaptures, what: &str) -> String {
    let waiting = order.transactions.iter().filter(|own| own.waits_for_schedule());
    let waiting: Vec<_> = waiting.map(|own| history::money(order, own.amount()).to_string()).collect();
    let waiting = if waiting.is_empty() { "none".to_owned() } else { waiting.join(", ") };
    format!(
        "Stage {stage}, merchant {}, order {}\nScheduled captures that wait: {waiting}. They are {what}, as are all to \
         come.\nBy {}: {}\n",
        order.merchant, order.id, switch.by, switch.reason,
    )
}

async fn list(place: &Place, list: &ListPaused) -> Result<Report, Failure> {
    let ListPaused { merchant, limit, next } = list;
    let (job, index) = (place.orders_job()?, place.paused_captures()?);
    let search = PausedSearch { merchant, after: next.as_deref(), limit: usize::from(*limit) };
    let found = paused_captures(job.payments.store.as_ref(), index.as_ref(), &search).await;
    let found = found.map_err(|error| Failure::Unavailable(error.to_string()))?;
    if found.rows.is_empty() && found.unreadable.is_empty() && next.is_none() {
        must_exist(place, merchant).await?;
    }
    let mut lines = vec![HEADER.map(str::to_owned).to_vec()];
    lines.extend(found.rows.iter().filter_map(cells));
    let mut text = aligned(&lines);
    text.extend(found.unreadable.iter().map(bad_line));
    let plural = if found.rows.len() == 1 { "" } else { "s" };
    text.push(format!("{} paused capture{plural}", found.rows.len()));
    text.extend(found.next.as_ref().map(|next| format!("There may be more: --next '{next}'")));
    let now = place.clock.now();
    let value = json!({
        "merchant": merchant,
        "next": found.next,
        "unreadable": found.unreadable.iter().map(bad_value).collect::<Vec<_>>(),
        "captures": found.rows.iter().filter_map(|row| Some(paused_value(row, rows::value(row, now)?))).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

fn cells(row: &Row) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let time = |at: Option<_>| at.map_or_else(|| "-".to_owned(), |at| history::time(at).to_string());
    let by = order.captures_paused().and_then(|pause| pause.by.as_deref());
    let by = by.map_or_else(|| "-".to_owned(), history::who_and_why);
    Some(vec![
        time(Some(row.at)),
        by,
        history::money(order, transaction.amount()).to_string(),
        time(transaction.capture.map(|schedule| schedule.at)),
        time(transaction.authorization_expires_at),
        order.id.to_string(),
        transaction.id.to_string(),
    ])
}

/// A payment with its pause.
fn paused_value(row: &Row, mut value: Value) -> Value {
    value["paused"] = row.order.captures_paused().map(history::pause_value).into();
    let transaction = row.order.transaction(row.transaction);
    value["capture_at"] = json!(transaction.and_then(|own| own.capture).map(|schedule| schedule.at));
    value
}
