//! `capture pause`, `resume`, `list` and `days`: scheduled captures, held back by a person, or to
//! come.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{AgendaLister, AgendaWanted, CaptureList, DueWanted, Row, due_sums},
    order::{Attribution, Order, OrderKey, Transaction},
    payments::{Deadline, Refusal, Sender, StoreError},
};

use crate::{
    args::{CaptureCommand, CaptureDays, ListCaptures, Stated, SwitchCaptures, WithoutPrompt},
    confirm,
    failure::Failure,
    installation::Installation,
    payment::{
        history,
        rows::{self, bad_line, bad_value},
    },
    person,
    precondition::must_exist,
    report::Report,
    table::aligned,
};

/// Longer than any list takes.
const A_DAY: Duration = Duration::from_hours(24);

const DUE: [&str; 5] = ["CAPTURE AT", "AMOUNT", "ENDS", "ORDER", "TRANSACTION"];

const DAYS: [&str; 4] = ["DAY", "CURRENCY", "COUNT", "AMOUNT"];

const PAUSED: [&str; 7] = ["PAUSED", "BY", "AMOUNT", "CAPTURE AT", "ENDS", "ORDER", "TRANSACTION"];

pub(crate) async fn run(installation: &Installation, command: &CaptureCommand) -> Result<Report, Failure> {
    match command {
        CaptureCommand::Pause(pause) => switch(installation, pause, true).await,
        CaptureCommand::Resume(resume) => switch(installation, resume, false).await,
        CaptureCommand::List(search) => list(installation, search).await,
        CaptureCommand::Days(search) => days(installation, search).await,
    }
}

async fn switch(
    installation: &Installation,
    switch: &SwitchCaptures,
    pause: bool,
) -> Result<Report, Failure> {
    let (stage, job, now) = (installation.stage()?, installation.orders_job()?, installation.clock.now());
    let key = OrderKey { merchant: switch.merchant.clone(), order: switch.order.clone() };
    let order = job.payments.order(&key).await?;
    let what = if pause { "paused" } else { "resumed" };
    if order.captures_paused().is_some() == pause {
        let is = if pause { "are paused already" } else { "are not paused" };
        let text = format!("Scheduled captures {is}. Stage {stage}.\n\n{}", history::text(&order, None, now));
        return Ok(Report::new(text, value(stage, (&order, now), switch, false)));
    }
    let told = &switch.as_stated;
    order.must_have_version(told.if_version).map_err(Refusal::Rejected)?;
    let shown = shown(stage, &order, told, what);
    if told.dry_run {
        let text = format!("Dry run: nothing was done.\n{shown}");
        return Ok(Report::new(text, value(stage, (&order, now), switch, false)));
    }
    let WithoutPrompt { yes, live } = told.without_prompt;
    let route = order.transactions.first().and_then(Transaction::first).map(|first| &first.route);
    if !route.map_or(Ok(yes), |route| confirm::without_prompt(route, yes, live))? {
        confirm::by_typing(order.id.as_str(), &shown)?;
    }
    let person = person::verified(installation).await;
    let by = Attribution::new(None, Some(&told.by), Some(&told.reason));
    let by = by.map(|by| by.verified(person.as_ref()));
    let sender = Sender { by: by.as_ref(), seen_version: told.if_version };
    let order = if pause {
        job.payments.pause_captures(&key, sender).await?
    } else {
        job.payments.resume_captures(&key, sender).await?
    };
    let text =
        format!("Scheduled captures are {what}. Stage {stage}.\n\n{}", history::text(&order, None, now));
    Ok(Report::new(text, value(stage, (&order, now), switch, true)))
}

fn value(stage: &str, (order, now): (&Order, Timestamp), switch: &SwitchCaptures, changed: bool) -> Value {
    json!({
        "stage": stage,
        "dry_run": switch.as_stated.dry_run,
        "changed": changed,
        "order": history::value(order, None, now),
    })
}

/// The act, and its target.
fn shown(stage: &str, order: &Order, told: &Stated, what: &str) -> String {
    let waiting = order.transactions.iter().filter(|own| own.waits_for_schedule());
    let waiting: Vec<_> = waiting.map(|own| history::money(order, own.amount()).to_string()).collect();
    let waiting = if waiting.is_empty() { "none".to_owned() } else { waiting.join(", ") };
    format!(
        "Stage {stage}, merchant {}, order {}\nScheduled captures that wait: {waiting}. They are {what}, as are all to \
         come.\nBy {}: {}\n",
        order.merchant, order.id, told.by, told.reason,
    )
}

async fn list(installation: &Installation, list: &ListCaptures) -> Result<Report, Failure> {
    let ListCaptures { merchant, paused, until, limit, next } = list;
    let (job, agenda, now) = (installation.orders_job()?, installation.agenda()?, installation.clock.now());
    let (store, deadline) = (job.payments.store.as_ref(), Deadline::after(A_DAY));
    let wanted = AgendaWanted { merchant, now, after: next.as_deref(), limit: usize::from(*limit) };
    let which =
        if *paused { CaptureList::Paused } else { CaptureList::Due(None, until.unwrap_or(Timestamp::MAX)) };
    let lister = AgendaLister { store, agenda: agenda.as_ref(), deadline };
    let found = lister.captures(which, &wanted).await.map_err(|error| unread(&error))?;
    if found.rows.is_empty() && found.unreadable.is_empty() && next.is_none() {
        must_exist(installation, merchant).await?;
    }
    let header: &[&str] = if *paused { &PAUSED } else { &DUE };
    let mut lines = vec![header.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    let cells = |row: &Row| if *paused { paused_cells(row) } else { due_cells(row) };
    lines.extend(found.rows.iter().filter_map(cells));
    let mut text = aligned(&lines);
    text.extend(found.unreadable.iter().map(bad_line));
    let plural = if found.rows.len() == 1 { "" } else { "s" };
    let what = if *paused { "paused" } else { "scheduled" };
    text.push(format!("{} {what} capture{plural}", found.rows.len()));
    text.extend(found.next.as_ref().map(|next| format!("There may be more: --next '{next}'")));
    let value = json!({
        "merchant": merchant,
        "next": found.next,
        "unreadable": found.unreadable.iter().map(bad_value).collect::<Vec<_>>(),
        "captures": found.rows.iter().filter_map(|row| Some(capture_value(row, rows::value(row, now)?))).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

async fn days(installation: &Installation, days: &CaptureDays) -> Result<Report, Failure> {
    let CaptureDays { merchant, time_zone } = days;
    let agenda = installation.agenda()?;
    let wanted = DueWanted { merchant, since: None, until: Timestamp::MAX, zone: time_zone };
    let found = due_sums(agenda.as_ref(), wanted, Deadline::after(A_DAY)).await;
    let found = found.map_err(|error| unread(&error))?;
    if found.sums.is_empty() && found.unreadable == 0 {
        must_exist(installation, merchant).await?;
    }
    let mut lines = vec![DAYS.map(str::to_owned).to_vec()];
    lines.extend(found.sums.iter().map(|((day, currency), sum)| {
        let amount = currency.signed_decimal(sum.amount);
        vec![day.to_string(), currency.to_string(), sum.count.to_string(), amount]
    }));
    let mut text = aligned(&lines);
    text.push(format!("Days of {}", time_zone.name()));
    text.extend(
        found.counted_until.map(|until| format!("Counted up to {}; there are more", history::time(until))),
    );
    let value = json!({
        "merchant": merchant,
        "time_zone": time_zone.name(),
        "counted_until": found.counted_until,
        "unreadable": found.unreadable,
        "days": found.sums.iter().map(|((day, currency), sum)| {
            json!({"day": day, "currency": currency.code(), "count": sum.count, "amount": sum.amount})
        }).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

fn unread(error: &StoreError) -> Failure {
    Failure::Unavailable(error.to_string())
}

fn due_cells(row: &Row) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let ends = transaction.authorization_expires_at;
    Some(vec![
        history::time(row.at).to_string(),
        history::money(order, transaction.scheduled_amount()?).to_string(),
        ends.map_or_else(|| "-".to_owned(), |at| history::time(at).to_string()),
        order.id.to_string(),
        transaction.id.to_string(),
    ])
}

fn paused_cells(row: &Row) -> Option<Vec<String>> {
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

/// A payment with its schedule, and its pause.
fn capture_value(row: &Row, mut value: Value) -> Value {
    value["paused"] = row.order.captures_paused().map(history::pause_value).into();
    let transaction = row.order.transaction(row.transaction);
    value["capture_at"] = json!(transaction.and_then(|own| own.capture).map(|schedule| schedule.at));
    value
}
