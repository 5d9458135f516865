//! The result of a run: each probe's outcome, and the settings that reproduce the differences.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::observation::Observation;
use super::probe::Probe;
use super::run_record::RunRecord;
use super::search::{Found, Showing, Spot};

/// A member that the two do not have in common.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// The step of the probe, from 1, and the member.
    pub place: String,
    pub gateway: String,
    pub simulator: String,
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Same,
    Different,
    /// A response did not come, or could not be read.
    NotAnswered,
}

/// The result of a probe.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Outcome {
    /// The probe's name, which states its question.
    #[serde(rename = "probe")]
    pub name: &'static str,
    /// The source of the simulator's behavior.
    pub basis: &'static str,
    /// The stage in which the probe is played, from 1.
    pub stage: u64,
    #[serde(rename = "outcome")]
    pub conclusion: Conclusion,
    /// Nothing, if the two behave alike or a response is missing.
    pub differences: Vec<Difference>,
}

/// Where a difference is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Symptom {
    pub probe: &'static str,
    /// The step of the probe, from 1, and the member.
    pub place: String,
}

/// A setting with which the simulator behaves as the gateway did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub setting: &'static str,
    pub value: Value,
    /// The differences that the setting explains.
    pub explains: Vec<Symptom>,
}

/// The work that is left after a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remaining {
    /// All stages are played.
    Nothing,
    /// More can be played after the next settlement.
    Stages,
    /// The payments that the next stage needs have not settled.
    Settlement,
    /// Live payments could not be voided, so no more were made.
    Voids,
}

/// The result of all runs of a record.
#[derive(Clone, Debug)]
pub struct Report {
    pub merchid: String,
    /// One entry per probe that was played, stage by stage, the least certain first.
    pub outcomes: Vec<Outcome>,
    /// Settings that the account's description does not say, each with its differences.
    pub findings: Vec<Finding>,
    /// The differences that no setting explains.
    pub unexplained: Vec<Symptom>,
    /// The settings that differ from the defaults, including those of the account's description.
    pub settings: Map<String, Value>,
    /// Order ids of a live run whose payments may still be open.
    pub open: Vec<String>,
    pub remaining: Remaining,
}

impl Report {
    /// How many probes ended so.
    pub fn count(&self, conclusion: Conclusion) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.conclusion == conclusion).count()
    }

    /// The settings in the form that the simulator loads.
    pub fn settings_file(&self) -> Value {
        json!({ &self.merchid: self.settings })
    }

    pub fn to_json(&self) -> Value {
        json!({
            "merchid": self.merchid,
            "probes": self.outcomes,
            "findings": self.findings,
            "unexplained": self.unexplained,
            "settings": self.settings_file(),
            "open": self.open,
            "remaining": self.remaining,
            "counts": {
                "probes": self.outcomes.len(),
                "same": self.count(Conclusion::Same),
                "different": self.count(Conclusion::Different),
                "not_answered": self.count(Conclusion::NotAnswered),
            },
        })
    }
}

/// A probe's outcome, from the observations of both sides.
pub(super) fn outcome(probe: &Probe, record: &RunRecord, simulator: &[Observation]) -> Outcome {
    let played = record.probes.get(probe.name).filter(|played| played.is_answered());
    let steps = played.map_or(&[] as &[_], |played| played.steps.as_slice());
    let pairs = steps.iter().map(|step| &step.seen).zip(simulator).enumerate();
    let differences: Vec<Difference> = pairs
        .flat_map(|(number, (gateway, simulator))| {
            let members = super::observation::differing(gateway, simulator).into_iter();
            members.map(move |member| {
                let value = |side: &Observation| side.get(&member).cloned().unwrap_or("(nothing)".to_owned());
                Difference {
                    place: place(number, &member),
                    gateway: value(gateway),
                    simulator: value(simulator),
                }
            })
        })
        .collect();
    let conclusion = match played {
        None => Conclusion::NotAnswered,
        Some(_) if differences.is_empty() => Conclusion::Same,
        Some(_) => Conclusion::Different,
    };
    let (basis, stage) = (probe.basis.name(), probe.stage.number());
    Outcome { name: probe.name, basis, stage, conclusion, differences }
}

/// The report on the probes that are on record; `simulator` shows what the simulator does with the
/// settings that the account's description says.
pub(super) fn report(record: &RunRecord, probes: &[&Probe], simulator: &Showing, found: &Found) -> Report {
    let outcomes =
        probes.iter().zip(simulator).map(|(probe, simulator)| outcome(probe, record, simulator)).collect();
    let symptoms = |spots: &BTreeSet<Spot>| {
        let symptom =
            |spot: &Spot| Symptom { probe: probes[spot.probe].name, place: place(spot.step, &spot.member) };
        spots.iter().map(symptom).collect::<Vec<_>>()
    };
    let findings = found.explanations.iter().map(|explanation| Finding {
        setting: explanation.setting,
        value: explanation.value.clone(),
        explains: symptoms(&explanation.spots),
    });
    Report {
        merchid: record.merchid.clone(),
        outcomes,
        findings: findings.collect(),
        unexplained: symptoms(&found.unexplained),
        settings: found.settings.changes(),
        open: record.open.keys().cloned().collect(),
        remaining: Remaining::Nothing,
    }
}

fn place(step: usize, member: &str) -> String {
    format!("step {}, {member}", step + 1)
}
