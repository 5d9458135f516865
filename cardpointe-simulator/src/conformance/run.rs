//! Plays the probes on both sides and compares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixtures::{self, Exchange};
use super::gateway::{Credentials, Gateway, RawResponse};
use super::observation::{Observation, observe};
use super::probe::{Names, PlayStage, Probe, filled};
use super::probes;
use super::target::Target;
use crate::{
    codes::Processor,
    config::{Config, Merchant},
    settings::FeeType,
    simulator::Simulator,
};

/// The probes to play, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sandbox, or a simulator on this machine.
    pub target: Target,
    /// The merchant account (MID) that the probes are played at.
    pub merchid: String,
    /// The currency of that account, ISO 4217.
    pub currency: String,
    /// User name and password for the target.
    pub credentials: Credentials,
    /// Where fixtures are written.
    pub fixtures: Option<PathBuf>,
    /// The state that an earlier run has handed on, to go on with payments that have settled since.
    pub handed_on: Option<Value>,
}

/// A member that the two do not have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The step of the probe, from 1, and the member.
    pub place: String,
    pub gateway: String,
    pub simulator: String,
}

/// The result of a probe.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The probe's name, which states its question.
    pub name: &'static str,
    /// The source of the simulator's behavior.
    pub basis: &'static str,
    /// Nothing, if the two behave alike.
    pub differences: Vec<Difference>,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// One entry per probe, the least certain first.
    pub outcomes: Vec<Outcome>,
    /// For the next run, after a settlement. `None` when all stages are played.
    pub hand_on: Option<Value>,
}

/// Plays the probes of a stage. The error says why nothing, or no more, could be played.
pub async fn run(plan: Plan) -> Result<Report, String> {
    let remote = Gateway::remote(plan.target.clone(), plan.credentials.clone())?;
    let merchant = merchant(&remote, &plan).await?;
    let simulator = Simulator::new(
        Config { quiet_json: true, merchants: vec![merchant], ..Config::default() },
        Timestamp::now,
    );
    let local = Gateway::Simulator { simulator: simulator.clone(), credentials: plan.credentials.clone() };

    let (stage, remote_names, run) = resume(&plan)?;
    let mut kept = (remote_names, Names::new());
    let mut all: Vec<Probe> = probes::all();
    all.sort_by_key(|probe| (probe.stage, probe.basis));
    let mut outcomes = Vec::new();
    for (number, probe) in all.iter().enumerate() {
        // The simulator starts from nothing, and plays the earlier stages.
        if probe.stage > stage {
            continue;
        }
        if number > 0 && all[number - 1].stage != probe.stage {
            simulator.settle();
        }
        let order = format!("cf-{run}-{number}");
        let sides = (probe.stage == stage).then_some(&remote);
        let exchanges = play(probe, sides, &local, &plan.merchid, &order, &mut kept).await?;
        let Some(exchanges) = exchanges else { continue };
        outcomes.push(compare(probe, &exchanges));
        if let Some(directory) = &plan.fixtures {
            fixtures::write(directory, probe.name, probe.basis.name(), &exchanges)
                .map_err(|error| format!("{}: {error}", directory.display()))?;
        }
    }
    let hand_on = (stage != PlayStage::RefundsSettled).then(
        || json!({ "stage": stage.number() + 1, "run": run, "merchid": plan.merchid, "names": kept.0 }),
    );
    Ok(Report { outcomes, hand_on })
}

/// The account as the gateway describes it, so that the simulator has the same processor and
/// checks.
async fn merchant(remote: &Gateway, plan: &Plan) -> Result<Merchant, String> {
    let path = format!("/cardconnect/rest/inquireMerchant/{}", plan.merchid);
    let response = remote.send(&Method::GET, &path, None, true).await?;
    if response.status != 200 {
        return Err(format!("{} does not let these credentials in: HTTP {}", plan.target, response.status));
    }
    let settings: Value = serde_json::from_str(&response.body)
        .map_err(|_| format!("{} describes no merchant account {}", plan.target, plan.merchid))?;
    let processor = match settings["cardproc"].as_str() {
        Some("RPCT") => Processor::Rpct,
        Some("FNOR") => Processor::Fnor,
        other => {
            let other = other.unwrap_or("none");
            return Err(format!("its processor is {other}; the simulator knows FNOR and RPCT"));
        }
    };
    let mut merchant = Merchant::new(&plan.merchid, processor, &plan.currency);
    merchant.username.clone_from(&plan.credentials.username);
    merchant.password.clone_from(&plan.credentials.password);
    merchant.settings.avs = settings["avs"] == "Y";
    merchant.settings.cvv = settings["cvv"] == "Y";
    if settings["fee_type"] == "S" {
        merchant.settings.fee_type = FeeType::Surcharge;
        let rate = settings["fee_value"].as_str().and_then(basis_points);
        merchant.settings.fee_basis_points = rate.unwrap_or(merchant.settings.fee_basis_points);
    }
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

/// The stage to play, the state it needs from the one before, and the run's part of all order ids.
fn resume(plan: &Plan) -> Result<(PlayStage, Names, String), String> {
    let Some(handed_on) = &plan.handed_on else {
        let seconds = Timestamp::now().as_second();
        return Ok((PlayStage::First, Names::new(), format!("{seconds:x}")));
    };
    let stage = match handed_on["stage"].as_u64() {
        Some(2) => PlayStage::Settled,
        Some(3) => PlayStage::RefundsSettled,
        _ => return Err("the record is of no earlier run, or of one that is complete".to_owned()),
    };
    if handed_on["merchid"] != plan.merchid.as_str() {
        return Err("the record is of another merchant account".to_owned());
    }
    let names: BTreeMap<String, String> =
        serde_json::from_value(handed_on["names"].clone()).map_err(|error| error.to_string())?;
    Ok((stage, names, handed_on["run"].as_str().unwrap_or_default().to_owned()))
}

/// Plays a probe on both sides; `None` when it is only played on the simulator, as a past.
async fn play(
    probe: &Probe,
    remote: Option<&Gateway>,
    local: &Gateway,
    merchid: &str,
    order: &str,
    handed_on: &mut (Names, Names),
) -> Result<Option<Vec<Exchange>>, String> {
    let own = Names::from([("mid".to_owned(), merchid.to_owned()), ("order".to_owned(), order.to_owned())]);
    let mut names = (own.clone(), own);
    names.0.extend(handed_on.0.clone());
    names.1.extend(handed_on.1.clone());
    let mut exchanges = Vec::new();
    for step in &probe.steps {
        let send = async |gateway: &Gateway, names: &mut Names, later: &mut Names| {
            let path = filled(step.path, names);
            let body = step.body.map(|body| filled(body, names));
            let response = gateway.send(&step.method, &path, body.as_deref(), step.signed).await?;
            keep(&response, step.kept, names);
            keep(&response, step.handed_on, names);
            keep(&response, step.handed_on, later);
            Ok::<_, String>((path, body, response))
        };
        let (_, _, simulator) = send(local, &mut names.1, &mut handed_on.1).await?;
        if let Some(remote) = remote {
            let (path, body, gateway) = send(remote, &mut names.0, &mut handed_on.0).await?;
            exchanges.push(Exchange { method: step.method.to_string(), path, body, gateway, simulator });
        }
    }
    Ok(remote.map(|_| exchanges))
}

/// Keeps members of a response; of a list, the last record's.
fn keep(response: &RawResponse, kept: &[(&str, &str)], names: &mut Names) {
    let Ok(body) = serde_json::from_str::<Value>(&response.body) else { return };
    let record = body.as_array().and_then(|records| records.last()).unwrap_or(&body);
    for (member, name) in kept {
        if let Some(value) = record[*member].as_str() {
            names.insert((*name).to_owned(), value.to_owned());
        }
    }
}

fn compare(probe: &Probe, exchanges: &[Exchange]) -> Outcome {
    let mut differences = Vec::new();
    for (number, (step, exchange)) in probe.steps.iter().zip(exchanges).enumerate() {
        let gateway = observe(&exchange.gateway, step.observed);
        let simulator = observe(&exchange.simulator, step.observed);
        differences.extend(differing(number + 1, &gateway, &simulator));
    }
    Outcome { name: probe.name, basis: probe.basis.name(), differences }
}

fn differing(step: usize, gateway: &Observation, simulator: &Observation) -> Vec<Difference> {
    let nothing = "(nothing)".to_owned();
    let members: std::collections::BTreeSet<&String> = gateway.keys().chain(simulator.keys()).collect();
    let both = members.into_iter().map(|member| {
        let value = |side: &Observation| side.get(member).unwrap_or(&nothing).clone();
        (member, value(gateway), value(simulator))
    });
    both.filter(|(_, gateway, simulator)| gateway != simulator)
        .map(|(member, gateway, simulator)| Difference {
            place: format!("step {step}, {member}"),
            gateway,
            simulator,
        })
        .collect()
}

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
