//! `stop` and `start`: the switch of all payments (docs/operations.md).

use serde_json::{Value, json};
use tollgate::dynamodb::orders::switch::SwitchPosition;
use tollgate_core::payments::StoreError;

use crate::{args::Throw, aws::Aws, confirm, failure::Failure, person, place::Place, report::Report};

/// How long a process of the functions goes by what it has read.
const IN_FORCE_AFTER_S: i64 = tollgate::dynamodb::orders::switch::KEPT.as_secs();

pub(crate) async fn run(place: &Place, throw: &Throw, stopped: bool) -> Result<Report, Failure> {
    let stage = place.stage()?;
    let switch = Aws::new(place)?.switch(place)?;
    let now = switch.position().await.map_err(|error| unavailable(&error))?;
    if throw.show {
        return Ok(show(stage, now.as_ref()));
    }
    let is_so = now.as_ref().is_some_and(|position| position.stopped) == stopped;
    let value = json!({
        "stage": stage, "stopped": stopped, "changed": !is_so, "dry_run": throw.dry_run,
        "before": now.as_ref().map(self::value),
    });
    let what = if stopped { "stopped" } else { "enabled" };
    let since = now.map_or_else(|| "they were never stopped".to_owned(), |position| who(&position));
    if is_so {
        return Ok(Report::new(format!("Stage {stage}: payments are {what} already ({since})."), value));
    }
    let (Some(by), Some(reason)) = (&throw.by, &throw.reason) else {
        // The command line requires both, except for a dry run.
        return Ok(dry_run(stage, stopped, &since, value));
    };
    if throw.dry_run {
        return Ok(dry_run(stage, stopped, &since, value));
    }
    if !throw.yes {
        let happens = if stopped {
            "requests of all merchants that move money will get 503, and nothing is captured"
        } else {
            "all merchants will pay again, and captures that are due are sent"
        };
        confirm::by_typing(stage, &format!("Stage {stage}: {happens}, within {IN_FORCE_AFTER_S} seconds."))?;
    }
    let position = SwitchPosition {
        stopped,
        by: by.to_string(),
        person: person::verified(place).await.map(|person| person.to_string()),
        reason: reason.to_string(),
        at: place.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    switch.throw(&position).await.map_err(|error| unavailable(&error))?;
    let text = if stopped {
        format!(
            "Stage {stage}: payments are stopped. Within {IN_FORCE_AFTER_S} seconds no process sends anything that moves \
             money; what it has sent by then is finished. It stays so through deployments and rollbacks.\n  \
             tollgate start    takes it back"
        )
    } else {
        format!("Stage {stage}: payments are enabled again, within {IN_FORCE_AFTER_S} seconds.")
    };
    Ok(Report::new(text, value))
}

/// Whether payments are stopped, and who changed that last.
fn show(stage: &str, last: Option<&SwitchPosition>) -> Report {
    let stopped = last.is_some_and(|position| position.stopped);
    let what = if stopped { "STOPPED" } else { "enabled" };
    let since = last.map_or_else(|| "they were never stopped".to_owned(), who);
    let value = json!({ "stage": stage, "stopped": stopped, "last": last.map(value) });
    Report::new(format!("Stage {stage}: payments are {what} ({since})."), value)
}

fn value(position: &SwitchPosition) -> Value {
    let SwitchPosition { stopped, by, person, reason, at } = position;
    json!({ "stopped": stopped, "by": by, "person": person, "reason": reason, "at": at })
}

/// Who changed the switch, when and why.
pub(crate) fn who(position: &SwitchPosition) -> String {
    let person = position.person.as_ref().map(|person| format!(" ({person})")).unwrap_or_default();
    format!("by {}{person}, {}: {}", position.by, position.at, position.reason)
}

/// What would be done, and who changed the switch last.
fn dry_run(stage: &str, stopped: bool, since: &str, value: serde_json::Value) -> Report {
    let (now, then) = if stopped { ("enabled", "stopped") } else { ("stopped", "enabled") };
    let text = format!(
        "Dry run: nothing was written. Payments of stage {stage} are {now} ({since}) and would be {then}."
    );
    Report::new(text, value)
}

pub(crate) fn unavailable(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("{error}; look at table, region, credentials and network"))
}
