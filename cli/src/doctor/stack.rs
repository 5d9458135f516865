//! The checks of a running stack, through the AWS CLI and as a caller. They change nothing.

use std::collections::BTreeSet;

use serde_json::Value;
use tollgate_wire::{PaymentsSwitch, Status};

use super::{Check, Found, LIMIT, Mark, front};
use crate::{
    aws_cli::{AwsCli, Resource, of_kind},
    failure::Failure,
    front::{DIGESTS, Fronted},
    gateway::{http_client, in_a_word, json},
    installation::deployed::Deployed,
    rollback::ALIAS,
};

/// The most names that one call takes (CloudWatch, `DescribeAlarms`).
const ALARMS_MAX: usize = 100;

/// The version of these commands, which is that of the code they were built with.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The API of a stack with a front that was not named.
const UNNAMED: &str = "not tried: callers come through a front; name its stack with --front";

pub(super) async fn checks(deployed: &Deployed, region: &str, front: Option<&str>) -> Vec<Check> {
    let aws = AwsCli::new(Some(region.to_owned()));
    let front = front.map(Fronted::read).transpose();
    let mut checks = vec![check("stack", Ok(stack(deployed)))];
    match url(deployed, front.as_ref().ok().and_then(Option::as_ref)) {
        Ok(Some(url)) => {
            checks.push(check("API", api(&url).await));
            checks.push(check("route of payments", payments(&url).await));
        }
        Ok(None) => checks.push(check("API", Ok((Mark::Note, UNNAMED.to_owned())))),
        Err(failure) => checks.push(check("API", Err(failure))),
    }
    checks.push(check("past the front", front::closed(deployed).await));
    match front {
        Ok(Some(front)) => checks.push(check("front", front::admitted(deployed, &front))),
        Ok(None) => {}
        Err(failure) => checks.push(check("front", Err(failure))),
    }
    match aws.resources(&deployed.name) {
        Err(failure) => checks.push(check("resources", Err(failure))),
        Ok(all) => checks.extend([
            check("functions", Ok(functions(&aws, &all))),
            check("streams", streams(&aws, deployed, &all)),
            check("schedules", schedules(&aws, deployed, &all)),
            check("alarms", alarms(&aws, deployed, &all)),
        ]),
    }
    let is_journals_on = deployed.parameter("JournalPointInTimeRecovery") == "true";
    checks.push(check("recovery of payments", recovery(&aws, deployed, "TableName", true)));
    let journals = recovery(&aws, deployed, "JournalTableName", is_journals_on);
    checks.push(check("recovery of the journal", journals));
    checks.push(check("missed runs", missed_runs(&aws, deployed)));
    checks
}

fn check(what: &str, found: Found) -> Check {
    match found {
        Ok((mark, found)) => Check::new(what, mark, found),
        Err(failure) => Check::of(what, Err(failure)),
    }
}

/// Good if nothing is wrong.
fn unless(wrong: &[String], good: String) -> (Mark, String) {
    if wrong.is_empty() { (Mark::Good, good) } else { (Mark::Bad, wrong.join("; ")) }
}

fn stack(deployed: &Deployed) -> (Mark, String) {
    let status = deployed.status.as_str();
    let revision = deployed.parameter("Revision");
    let revision = if revision.is_empty() { String::new() } else { format!(", revision {revision}") };
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => {
            (Mark::Good, format!("{status}{revision}"))
        }
        "UPDATE_ROLLBACK_COMPLETE" => (Mark::Note, format!("{status}: the last deployment was taken back")),
        _ if status.ends_with("_IN_PROGRESS") => (Mark::Note, format!("{status}: it is being deployed")),
        _ => (Mark::Bad, format!("{status}: look at its events, then deploy again")),
    }
}

/// Where callers reach it. None if they come through a front that was not named.
fn url(deployed: &Deployed, front: Option<&Fronted>) -> Result<Option<String>, Failure> {
    if let Some(front) = front {
        return Ok(Some(front.url.clone()));
    }
    if !deployed.parameter(DIGESTS).is_empty() {
        return Ok(None);
    }
    Ok(front::own_addresses(deployed)?.into_iter().next())
}

async fn api(url: &str) -> Found {
    let response = http_client()?.get(format!("{url}/status")).timeout(LIMIT).send().await;
    let response = response.and_then(reqwest::Response::error_for_status);
    let failed = |why: String| Failure::Unavailable(format!("{url}/status: {why}"));
    let response = response.map_err(|error| failed(in_a_word(&error).to_owned()))?;
    let Status { version, payments } = json(response).await.map_err(failed)?;
    let mut notes = Vec::new();
    if version != VERSION {
        notes.push(format!("these commands are version {VERSION}"));
    }
    if payments != PaymentsSwitch::Enabled {
        notes.push(format!("payments are {}; `tollgate start` lets them go on", payments.as_str()));
    }
    let mark = if notes.is_empty() { Mark::Good } else { Mark::Note };
    notes.insert(0, format!("{url}, version {version}"));
    Ok((mark, notes.join("; ")))
}

/// A payment without a token, which is refused: that shows the route, the function and its start.
async fn payments(url: &str) -> Found {
    let url = format!("{url}/v2/orders/doctor/payments");
    let response = http_client()?.post(&url).json(&serde_json::json!({})).timeout(LIMIT).send().await;
    let status =
        response.map_err(|error| Failure::Unavailable(in_a_word(&error).to_owned()))?.status().as_u16();
    Ok(match status {
        401 => (Mark::Good, "a payment without a token is refused with 401".to_owned()),
        status => (Mark::Bad, format!("a payment without a token gets {status} instead of 401")),
    })
}

fn functions(aws: &AwsCli, all: &[Resource]) -> (Mark, String) {
    let (mut count, mut wrong, mut shared) = (0, Vec::new(), Vec::new());
    for Resource { physical: name, .. } in of_kind(all, "AWS::Lambda::Function") {
        count += 1;
        match aws.call(&["lambda", "get-alias", "--function-name", name, "--name", ALIAS]) {
            Err(failure) => wrong.push(format!("{name}: {}", failure.text())),
            Ok(alias) => {
                let weights = alias.pointer("/RoutingConfig/AdditionalVersionWeights");
                if weights.and_then(Value::as_object).is_some_and(|weights| !weights.is_empty()) {
                    shared.push(name.as_str());
                } else {
                    wrong.extend(
                        not_in_force(aws, name)
                            .unwrap_or_else(|failure| Some(format!("{name}: {}", failure.text()))),
                    );
                }
            }
        }
    }
    if count == 0 {
        wrong.push("the stack has none".to_owned());
    }
    if wrong.is_empty() && !shared.is_empty() {
        return (Mark::Note, format!("being deployed step by step: {}", shared.join(", ")));
    }
    unless(&wrong, format!("{count}, each with its alias {ALIAS}"))
}

/// Functions deployed without a new version, so that the alias goes on with the previous one. Only
/// names are told: some values are secrets.
fn not_in_force(aws: &AwsCli, name: &str) -> Result<Option<String>, Failure> {
    let variables = |which: &[&str]| {
        let call = [&["lambda", "get-function-configuration"], which, &["--function-name", name]].concat();
        let function = aws.call(&call)?;
        Ok::<_, Failure>(function["Environment"]["Variables"].as_object().cloned().unwrap_or_default())
    };
    let (deployed, live) = (variables(&[])?, variables(&["--qualifier", ALIAS])?);
    let all: BTreeSet<_> = deployed.keys().chain(live.keys()).collect();
    let others: Vec<_> =
        all.into_iter().filter(|name| deployed.get(*name) != live.get(*name)).map(String::as_str).collect();
    Ok((!others.is_empty()).then(|| {
        let others = others.join(", ");
        format!(
            "{name}: {others}: deployed and not in force; deploy with another Revision, or SignInRevision"
        )
    }))
}

fn streams(aws: &AwsCli, deployed: &Deployed, all: &[Resource]) -> Found {
    let (mut on, mut wrong) = (Vec::new(), Vec::new());
    for Resource { logical, physical, .. } in of_kind(all, "AWS::Lambda::EventSourceMapping") {
        let is_wanted = match logical.as_str() {
            "JournalStream" => deployed.is_on("Journal"),
            "WebhooksStream" => deployed.is_on("Webhooks"),
            _ => deployed.is_on("Events") || deployed.is_on("Webhooks"),
        };
        let mapping = aws.call(&["lambda", "get-event-source-mapping", "--uuid", physical])?;
        let state = mapping["State"].as_str().unwrap_or_default();
        let result = mapping["LastProcessingResult"].as_str().unwrap_or_default();
        // It is also `Enabling`, `Updating` and `Disabling` for moments.
        if is_wanted != matches!(state, "Enabled" | "Enabling" | "Updating" | "Creating") {
            wrong.push(format!("{logical} is {state}, against the stack's parameters"));
        } else if is_wanted && result.starts_with("PROBLEM") {
            wrong.push(format!("{logical}: {result}"));
        } else if is_wanted {
            on.push(logical.as_str());
        }
    }
    let good = if on.is_empty() { "none is switched on".to_owned() } else { on.join(", ") };
    Ok(unless(&wrong, good))
}

fn schedules(aws: &AwsCli, deployed: &Deployed, all: &[Resource]) -> Found {
    let (mut on, mut wrong) = (0, Vec::new());
    for Resource { logical, physical, .. } in of_kind(all, "AWS::Scheduler::Schedule") {
        let is_wanted = !logical.starts_with("Webhooks") || deployed.is_on("Webhooks");
        let schedule = aws.call(&["scheduler", "get-schedule", "--name", physical])?;
        let is_on = schedule["State"] == "ENABLED";
        on += usize::from(is_on);
        if is_on != is_wanted {
            let state = if is_on { "on" } else { "off" };
            wrong.push(format!("{logical} is switched {state}; the next deployment puts it right"));
        }
    }
    if on == 0 && wrong.is_empty() {
        wrong.push("the stack has none".to_owned());
    }
    Ok(unless(&wrong, format!("{on} are on")))
}

fn alarms(aws: &AwsCli, deployed: &Deployed, all: &[Resource]) -> Found {
    let names: Vec<&str> =
        of_kind(all, "AWS::CloudWatch::Alarm").map(|alarm| alarm.physical.as_str()).collect();
    let (mut ringing, mut silenced) = (Vec::new(), 0);
    for names in names.chunks(ALARMS_MAX) {
        let arguments = [&["cloudwatch", "describe-alarms", "--alarm-names"], names].concat();
        let found = aws.call(&arguments)?;
        for alarm in found["MetricAlarms"].as_array().into_iter().flatten() {
            silenced += usize::from(alarm["ActionsEnabled"] == false);
            if alarm["StateValue"] == "ALARM" {
                ringing.extend(alarm["AlarmName"].as_str().map(str::to_owned));
            }
        }
    }
    if !ringing.is_empty() {
        return Ok((Mark::Bad, format!("ringing: {}; see docs/run-book.md", ringing.join(", "))));
    }
    let count = names.len();
    Ok(match (count, silenced) {
        (0, _) => {
            let mark = if deployed.parameter("Stage") == "prod" { Mark::Bad } else { Mark::Note };
            (mark, "none: PageTopicArn and TicketTopicArn are empty, or Monitoring is none".to_owned())
        }
        (_, 0) => (Mark::Good, format!("{count}, none rings")),
        _ => (Mark::Bad, format!("{silenced} of {count} are silenced: aws cloudwatch enable-alarm-actions")),
    })
}

/// Whether a table is protected from deletion, and can be restored if its stack says so.
fn recovery(aws: &AwsCli, deployed: &Deployed, output: &str, is_wanted: bool) -> Found {
    let name = deployed.output(output)?;
    let backups = aws.call(&["dynamodb", "describe-continuous-backups", "--table-name", name])?;
    let recovery = &backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    let table = aws.call(&["dynamodb", "describe-table", "--table-name", name])?;
    let is_protected = table["Table"]["DeletionProtectionEnabled"] == true;
    let mut wrong = Vec::new();
    let is_on = recovery["PointInTimeRecoveryStatus"] == "ENABLED";
    if is_wanted && !is_on {
        wrong.push("point-in-time recovery is off: aws dynamodb update-continuous-backups".to_owned());
    }
    if !is_protected && deployed.parameter("Stage") != "dev" {
        wrong.push("it can be deleted: aws dynamodb update-table --deletion-protection-enabled".to_owned());
    }
    if !is_on {
        return Ok(unless(&wrong, "none; `tollgate journal rebuild` makes it again".to_owned()));
    }
    let latest = recovery["LatestRestorableDateTime"].to_string();
    let until = if latest == "null" { String::new() } else { format!(" until {}", latest.trim_matches('"')) };
    Ok(unless(&wrong, format!("any second of the last 35 days{until}")))
}

fn missed_runs(aws: &AwsCli, deployed: &Deployed) -> Found {
    let url = deployed.output("MissedRunsUrl")?;
    let attribute = "ApproximateNumberOfMessages";
    let found =
        aws.call(&["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", attribute])?;
    Ok(match found["Attributes"][attribute].as_str() {
        Some("0") => (Mark::Good, "none".to_owned()),
        Some(count) => {
            (Mark::Note, format!("{count} in the queue; see docs/run-book.md, MissedRunsQueueAlarm"))
        }
        None => (Mark::Bad, "the queue does not tell".to_owned()),
    })
}
