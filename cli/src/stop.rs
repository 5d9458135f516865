//! `stop` and `start`, `merchant stop` and `merchant start`: the switches of payments
//! (docs/run-book.md).

use serde_json::{Value, json};
use tollgate_core::{
    order::Attribution,
    payments::{STOP_KEPT, SwitchChange, SwitchOf, SwitchState, Switches as _, throw},
};

use crate::{
    args::Throw, aws::Aws, confirm, failure::Failure, installation::Installation, payment::history, person,
    precondition::unreadable_switch, report::Report,
};

/// How long a process of the functions goes by a switch that it has read.
const IN_FORCE_AFTER_S: i64 = STOP_KEPT.as_secs();

/// A switch, and how a person calls it.
pub(crate) struct Subject {
    pub(crate) of: SwitchOf,
    /// Whose payments they are, and where: "Stage prod".
    pub(crate) at: String,
    /// How they are called after that: "payments".
    pub(crate) payments: &'static str,
    /// The word that has to be typed.
    pub(crate) typed: String,
    /// The command's words before `stop`.
    pub(crate) command: &'static str,
    /// The other parts of the report.
    pub(crate) value: Value,
}

pub(crate) async fn run(
    installation: &Installation,
    arguments: &Throw,
    stopped: bool,
) -> Result<Report, Failure> {
    let stage = installation.stage()?;
    let subject = Subject {
        of: SwitchOf::All,
        at: format!("Stage {stage}"),
        payments: "payments",
        typed: stage.to_owned(),
        command: "tollgate",
        value: json!({ "stage": stage }),
    };
    move_switch(installation, arguments, stopped, subject).await
}

pub(crate) async fn move_switch(
    installation: &Installation,
    arguments: &Throw,
    stopped: bool,
    subject: Subject,
) -> Result<Report, Failure> {
    let switch = Aws::new(installation)?.switch(installation)?;
    let now = switch.state(&subject.of).await.map_err(|error| unreadable_switch(&error))?;
    let Subject { at, value, .. } = &subject;
    let name = &format!("{at}: {}", subject.payments);
    if arguments.show {
        return Ok(show(name, value.clone(), &now));
    }
    // A merchant's own stop can be made the operator's.
    let is_so = now.stopped == stopped && (!stopped || now.is_held_by_operator());
    let mut value = value.clone();
    value["stopped"] = json!(stopped);
    value["changed"] = json!(!is_so);
    value["dry_run"] = json!(arguments.dry_run);
    value["before"] = now.changes.last().map(change_value).into();
    let what = if stopped { "stopped" } else { "enabled" };
    if is_so {
        return Ok(Report::new(format!("{name} are {what} already ({}).", since(&now)), value));
    }
    let (Some(by), Some(reason), false) = (&arguments.by, &arguments.reason, arguments.dry_run) else {
        // The command line requires both, except for a dry run.
        let before = if stopped { "enabled" } else { "stopped" };
        let text = format!(
            "Dry run: nothing was written. {name} are {before} ({}) and would be {what}.",
            since(&now)
        );
        return Ok(Report::new(text, value));
    };
    if !arguments.yes {
        let all = if subject.of == SwitchOf::All { "all merchants" } else { "the merchant" };
        let happens = if stopped {
            format!("requests of {all} that move money will get 503, and nothing is captured")
        } else {
            format!("{all} will pay again, and captures that are due are sent")
        };
        confirm::by_typing(&subject.typed, &format!("{at}: {happens}, within {IN_FORCE_AFTER_S} seconds."))?;
    }
    let person = person::verified(installation).await;
    let by = Attribution::new(None, Some(by), Some(reason));
    let by = by.map(|by| Box::new(by.verified(person.as_ref())));
    let change = SwitchChange { stopped, at: installation.clock.now(), by, by_operator: true };
    throw(&switch, &subject.of, &change).await.map_err(|error| unreadable_switch(&error))?;
    let text = if stopped {
        format!(
            "{name} are stopped. Within {IN_FORCE_AFTER_S} seconds no process sends anything that moves money; what it has \
             sent by then is finished. It stays so through deployments and rollbacks.\n  {} start    takes it back",
            subject.command
        )
    } else {
        format!("{name} are enabled again, within {IN_FORCE_AFTER_S} seconds.")
    };
    Ok(Report::new(text, value))
}

/// Whether payments are stopped, and every change that is kept, the newest first.
fn show(name: &str, mut value: Value, state: &SwitchState) -> Report {
    let what = if state.stopped { "STOPPED" } else { "enabled" };
    let mut lines = vec![format!("{name} are {what} ({}).", since(state))];
    lines.extend(state.changes.iter().rev().map(|change| {
        let what = if change.stopped { "stopped" } else { "started" };
        format!("  {what}  {}", who(change))
    }));
    value["stopped"] = json!(state.stopped);
    value["history"] = state.changes.iter().rev().map(change_value).collect();
    Report::new(lines.join("\n"), value)
}

/// Who put the switch into its position, when and why.
pub(crate) fn since(state: &SwitchState) -> String {
    state
        .changes
        .last()
        .map_or_else(|| "they were never stopped".to_owned(), |last| format!("by {}", who(last)))
}

fn who(change: &SwitchChange) -> String {
    let by = change.by.clone().unwrap_or_default();
    let key = by.key_name.map(|key| format!("the key {key}"));
    let actor = [by.actor, key].into_iter().flatten().collect::<Vec<_>>().join(" with ");
    let side = if change.by_operator { "" } else { " of the merchant" };
    let who = match (actor.as_str(), by.person) {
        ("", Some(person)) => format!("{person}{side}"),
        ("", None) => format!("a key without a name{side}"),
        (actor, Some(person)) => format!("{actor}{side} ({person})"),
        (actor, None) => format!("{actor}{side}"),
    };
    format!("{who}, {}: {}", history::time(change.at), by.reason.unwrap_or_default())
}

fn change_value(change: &SwitchChange) -> Value {
    let mut value = history::switch_value(change.at, change.by.as_deref());
    value["stopped"] = json!(change.stopped);
    value["by_operator"] = json!(change.by_operator);
    value
}
