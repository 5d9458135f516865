//! The simulator's side of a comparison: the same probes, in process, at the recorded times.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

use super::gateway::{self, Credentials};
use super::message::RawResponse;
use super::observation::{NO_RESPONSE, NOT_SENT, Observation, observe, only};
use super::probe::{Names, PlayStage, Probe, keep};
use super::run_record::{PlayedProbe, RunRecord};
use crate::{
    config::{Config, Merchant},
    settings::Settings,
    simulator::Simulator,
};

/// A token of a published test card and its expiry, in place of the card of a live run.
const TEST_CARD: [(&str, &str); 2] = [("card", "9477709629051443"), ("expiry", "1249")];

/// The simulator's response in a step.
pub(super) struct RehearsedStep {
    pub(super) response: Option<RawResponse>,
    pub(super) seen: Observation,
}

/// A simulator that starts from nothing and plays the probes of all stages.
pub(super) struct Rehearsal {
    simulator: Simulator,
    credentials: Credentials,
    clock_ms: Arc<AtomicI64>,
    stage: PlayStage,
    handed_on: Names,
}

impl Rehearsal {
    pub(super) fn new(merchant: &Merchant, settings: Settings) -> Self {
        let clock_ms = Arc::new(AtomicI64::new(0));
        let time = Arc::clone(&clock_ms);
        let merchant = Merchant { settings, ..merchant.clone() };
        let credentials =
            Credentials { username: merchant.username.clone(), password: merchant.password.clone() };
        let config = Config { quiet_json: true, merchants: vec![merchant], ..Config::default() };
        let simulator = Simulator::new(config, move || {
            Timestamp::from_millisecond(time.load(Ordering::Relaxed)).unwrap_or_default()
        });
        Self { simulator, credentials, clock_ms, stage: PlayStage::First, handed_on: Names::new() }
    }

    /// Plays a probe as it was played at the gateway: under the same order id, at the same times.
    pub(super) fn play(
        &mut self,
        probe: &Probe,
        played: &PlayedProbe,
        record: &RunRecord,
    ) -> Vec<RehearsedStep> {
        if probe.stage != self.stage {
            self.simulator.settle();
            self.stage = probe.stage;
        }
        let mut names = record.own_names(played);
        names.extend(self.handed_on.clone());
        if record.is_live {
            names.extend(TEST_CARD.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let mut steps = Vec::new();
        for (place, step) in probe.steps.iter().enumerate() {
            if let Some(played) = played.steps.get(place) {
                self.clock_ms.store(played.at_ms, Ordering::Relaxed);
            }
            let Ok(message) = step.message(&names) else {
                steps.push(RehearsedStep { response: None, seen: only(NOT_SENT) });
                continue;
            };
            // The simulator's own requests can always be built.
            let response = gateway::respond(&self.simulator, &self.credentials, &message).ok().flatten();
            if let Some(response) = &response {
                keep(response, step.kept, &mut names);
                keep(response, step.handed_on, &mut names);
                keep(response, step.handed_on, &mut self.handed_on);
            }
            let seen =
                response.as_ref().map_or_else(|| only(NO_RESPONSE), |seen| observe(seen, step.observed));
            steps.push(RehearsedStep { response, seen });
        }
        steps
    }
}
