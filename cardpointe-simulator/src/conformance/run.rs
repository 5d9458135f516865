//! A run of the kit: plays the probes that are not on record, compares, and searches settings.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::fixtures;
use super::gateway::{Credentials, Gateway};
use super::guard::Guard;
use super::live::LiveCard;
use super::message::RawResponse;
use super::observation::Observation;
use super::probe::{PlayStage, Probe};
use super::probes;
use super::rehearsal::Rehearsal;
use super::report::{Outcome, Remaining, Report, outcome, report};
use super::run_record::{PlayedProbe, RunRecord};
use super::search::{Search, Showing};
use super::session::Session;
use super::target::Target;
use crate::{codes::Processor, config::Merchant, settings::Settings};

/// The probes to play, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sandbox, a simulator on this machine, or the gateway of a live run.
    pub target: Target,
    /// The merchant account (MID) that the probes are played at.
    pub merchid: String,
    /// The currency of that account, ISO 4217.
    pub currency: String,
    /// User name and password for the target.
    pub credentials: Credentials,
    /// Where fixtures are written.
    pub fixtures: Option<PathBuf>,
    /// The file in which the run is kept, to go on with it after a cut and after a settlement.
    /// `None`: nothing is kept.
    pub record: Option<PathBuf>,
    /// The card of a live run, which plays fewer probes, with small amounts.
    pub live: Option<LiveCard>,
}

/// A probe has ended.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// How many probes of the stage have ended, and how many there are.
    pub number: usize,
    pub of: usize,
    pub outcome: &'a Outcome,
}

/// Plays the probes that are not on record yet, one stage each time. `progress` is called after
/// each probe, and can stop the run. The error says why nothing could be played, or why the run
/// stopped.
pub async fn run(
    plan: Plan,
    progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Report, String> {
    let gateway = Gateway::remote(plan.target.clone(), plan.credentials.clone())?;
    run_at(gateway, &plan, progress).await
}

/// The same at a gateway that tests provide.
pub(super) async fn run_at(
    gateway: Gateway,
    plan: &Plan,
    progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Report, String> {
    let (probes, record) = prepared(plan)?;
    let guard = plan
        .live
        .as_ref()
        .map(|card| Guard { merchid: plan.merchid.clone(), token: card.token().to_owned() });
    let gateway = gateway.guarded(guard);
    let card = plan.live.as_ref().map(LiveCard::names).unwrap_or_default();
    let mut session =
        Session { gateway: &gateway, record, path: plan.record.as_deref(), card, is_stuck: false };
    let mut remaining = Remaining::Nothing;
    let is_due = !is_over(&session.record) || probes.iter().any(|probe| is_due(probe, &session.record));
    if is_due || !session.record.open.is_empty() {
        describe(&mut session).await?;
        session.save()?;
        session.void_open().await?;
    }
    if is_due && !session.is_stuck {
        let is_settled = is_settled(&session).await?;
        let may_play = |probe: &Probe| is_settled || probe.stage == PlayStage::First;
        let due =
            probes.iter().map(|probe| may_play(probe) && self::is_due(probe, &session.record)).collect();
        play(&mut session, &Due { probes: &probes, due }, plan.fixtures.as_deref(), progress).await?;
        let over = PlayStage::RefundsSettled.number() + 1;
        match is_settled {
            _ if session.is_stuck => {}
            true if session.record.is_live => session.record.stage = over,
            true => session.record.stage = over.min(session.record.stage + 1),
            false => remaining = Remaining::Settlement,
        }
        session.save()?;
        session.void_open().await?;
    }
    if session.is_stuck {
        remaining = Remaining::Voids;
    }
    if remaining == Remaining::Nothing && !is_over(&session.record) {
        remaining = Remaining::Stages;
    }
    Ok(Report { remaining, ..concluded(&session.record, &probes)? })
}

/// The probes, each stage's least certain first, and the record of the run.
fn prepared(plan: &Plan) -> Result<(Vec<Probe>, RunRecord), String> {
    let is_number = (1..=16).contains(&plan.merchid.len())
        && plan.merchid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_number {
        return Err(format!("{}: no merchant account: up to 16 letters and digits", plan.merchid));
    }
    if plan.target.is_live() && plan.live.is_none() {
        return Err(format!("{}: payments there move money; only a live run may", plan.target));
    }
    let mut probes = if plan.live.is_some() { probes::live() } else { probes::all() };
    probes.sort_by_key(|probe| (probe.stage, probe.basis));
    let fresh = RunRecord::new(plan.target.origin(), &plan.merchid, &plan.currency, plan.live.is_some());
    let record = RunRecord::open(plan.record.as_deref(), fresh, &probes)?;
    Ok((probes, record))
}

fn is_over(record: &RunRecord) -> bool {
    record.stage > PlayStage::RefundsSettled.number()
}

/// All probes, and whether each is to be played now.
struct Due<'a> {
    probes: &'a [Probe],
    due: Vec<bool>,
}

/// Plays the probes that are due, and compares each at once.
async fn play(
    session: &mut Session<'_>,
    Due { probes, due }: &Due<'_>,
    fixtures: Option<&Path>,
    progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<(), String> {
    let merchant = merchant(&session.record)?;
    let mut rehearsal = Rehearsal::new(&merchant, merchant.settings);
    let of = due.iter().filter(|due| **due).count();
    let mut played = 0;
    for (number, probe) in probes.iter().enumerate() {
        let exchanges = if due[number] { session.play(probe, number).await? } else { Vec::new() };
        let Some(on_record) = session.record.probes.get(probe.name) else { continue };
        let rehearsed = rehearsal.play(probe, on_record, &session.record);
        if !due[number] {
            continue;
        }
        if let Some(directory) = fixtures {
            fixtures::write(directory, probe, &exchanges, &rehearsed)
                .map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        let seen: Vec<Observation> = rehearsed.into_iter().map(|step| step.seen).collect();
        played += 1;
        let outcome = outcome(probe, &session.record, &seen);
        if progress(&Progress { number: played, of, outcome: &outcome }).is_break() {
            return Err("the run was stopped; the same command goes on with it".to_owned());
        }
        if session.is_stuck {
            break;
        }
    }
    Ok(())
}

/// Whether a probe is to be played now: one of this stage that is not on record, or one of the
/// first stage that was not answered. Sales for later stages would not settle in time.
fn is_due(probe: &Probe, record: &RunRecord) -> bool {
    let is_of_stage = probe.stage.number() == record.stage;
    let hands_on = probe.steps.iter().any(|step| !step.handed_on.is_empty());
    let may_begin_anew = probe.stage == PlayStage::First && (is_of_stage || !hands_on);
    match record.probes.get(probe.name) {
        None => is_of_stage,
        Some(played) if !played.is_complete => is_of_stage || may_begin_anew,
        Some(played) => !played.is_answered() && may_begin_anew,
    }
}

/// Compares everything that is on record, and searches the settings that explain the differences.
fn concluded(record: &RunRecord, probes: &[Probe]) -> Result<Report, String> {
    let merchant = merchant(record)?;
    let probes: Vec<&Probe> = probes.iter().filter(|probe| record.probes.contains_key(probe.name)).collect();
    let rehearse = |settings| Rc::new(rehearsed(record, &probes, &merchant, settings));
    let gateway = shown(record, &probes);
    let found = Search { gateway: &gateway, rehearse: &rehearse }.run(merchant.settings);
    Ok(report(record, &probes, &rehearse(merchant.settings), &found))
}

/// The simulator's observations with some settings.
fn rehearsed(record: &RunRecord, probes: &[&Probe], merchant: &Merchant, settings: Settings) -> Showing {
    let mut rehearsal = Rehearsal::new(merchant, settings);
    let played = probes.iter().filter_map(|probe| Some((probe, record.probes.get(probe.name)?)));
    played
        .map(|(probe, played)| {
            rehearsal.play(probe, played, record).into_iter().map(|step| step.seen).collect()
        })
        .collect()
}

/// The gateway's observations; `None`: a response is missing.
fn shown(record: &RunRecord, probes: &[&Probe]) -> Vec<Option<Vec<Observation>>> {
    let answered = |probe: &&Probe| record.probes.get(probe.name).filter(|played| played.is_answered());
    let steps = |played: &PlayedProbe| played.steps.iter().map(|step| step.seen.clone()).collect();
    probes.iter().map(|probe| answered(probe).map(steps)).collect()
}

/// Whether the sales or refunds of the last stage have settled, so that the next one can be played.
async fn is_settled(session: &Session<'_>) -> Result<bool, String> {
    let name = match session.record.stage {
        2 => "sale",
        3 => "refund",
        _ => return Ok(true),
    };
    let Some(retref) = session.record.handed_on.get(name) else { return Ok(true) };
    let path = format!("/cardconnect/rest/inquire/{retref}/{}", session.record.merchid);
    let Some(response) = session.read(path).await? else { return Ok(false) };
    Ok(!response.body.contains("\"Queued for Capture\""))
}

/// Puts the account as the gateway describes it on record, so that the simulator has the same
/// processor and checks.
async fn describe(session: &mut Session<'_>) -> Result<(), String> {
    let record = &session.record;
    let path = format!("/cardconnect/rest/inquireMerchant/{}", record.merchid);
    let Some(RawResponse { status, body }) = session.read(path).await? else {
        return Err(format!("{} does not respond", record.target));
    };
    if status != 200 {
        return Err(format!("{} does not let these credentials in: HTTP {status}", record.target));
    }
    let described: Value = serde_json::from_str(&body)
        .map_err(|_| format!("{} describes no merchant account {}", record.target, record.merchid))?;
    let processor = described["cardproc"].as_str().unwrap_or("none");
    if Processor::named(processor).is_none() {
        return Err(format!("its processor is {processor}; the simulator knows FNOR and RPCT"));
    }
    session.record.processor = Some(processor.to_owned());
    session.record.account = described_settings(&described);
    Ok(())
}

/// The settings that a description of the account says.
fn described_settings(described: &Value) -> Map<String, Value> {
    let mut settings = Map::new();
    for name in ["avs", "cvv", "echeck"] {
        settings.insert(name.to_owned(), json!(described[name] == "Y"));
    }
    settings.insert("enabled".to_owned(), json!(described["enabled"] != false));
    let fee_type = match described["fee_type"].as_str() {
        Some("S") => "surcharge",
        Some("C") => "convenience",
        Some("F") => "service",
        _ => "none",
    };
    settings.insert("fee_type".to_owned(), json!(fee_type));
    if let Some(rate) = described["fee_value"].as_str().and_then(basis_points) {
        settings.insert("fee_basis_points".to_owned(), json!(rate));
    }
    settings
}

/// The account of the simulator's side.
fn merchant(record: &RunRecord) -> Result<Merchant, String> {
    let processor = record.processor.as_deref().and_then(Processor::named);
    let processor = processor.ok_or("the record names no processor")?;
    let mut merchant = Merchant::new(&record.merchid, processor, &record.currency);
    merchant.settings.apply(&record.account)?;
    Ok(merchant)
}

/// The rate of a surcharge in either documented form: "3" and "300" are 3 %, since no account
/// may take 100 %.
fn basis_points(value: &str) -> Option<u32> {
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    let whole: u32 = whole.parse().ok()?;
    if whole >= 100 {
        return Some(whole);
    }
    let hundredths: u32 = format!("{rest:0<2}").get(..2)?.parse().ok()?;
    Some(whole * 100 + hundredths)
}

#[cfg(test)]
mod cuts;
#[cfg(test)]
mod every_setting;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_in_both_documented_forms() {
        let read: Vec<_> =
            ["3", "300", "2.5", "2.50", "250", "x", ""].into_iter().map(basis_points).collect();
        assert_eq!(read, [Some(300), Some(300), Some(250), Some(250), Some(250), None, None]);
    }
}
