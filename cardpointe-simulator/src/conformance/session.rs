//! The gateway's side of a comparison: a run that goes on when responses are lost, and after a cut.

use std::path::Path;

use http::Method;
use jiff::Timestamp;

use super::gateway::Gateway;
use super::message::{Message, RawResponse};
use super::observation::{NO_RESPONSE, NOT_SENT, observe, only};
use super::probe::{Names, PlayStage, Probe, Step, keep, unseen};
use super::run_record::{PlayedProbe, PlayedStep, RunRecord};

mod voids;

/// How often a read is sent before its response counts as lost.
const READS: u32 = 5;
/// How often a probe is begun in a run, each time under a fresh order id.
const ATTEMPTS: u32 = 2;

/// A request, the place of its step, and the gateway's response to it.
pub(super) struct Exchange {
    pub(super) place: usize,
    pub(super) message: Message,
    pub(super) response: RawResponse,
}

/// Plays probes at the gateway, and keeps the record.
pub(super) struct Session<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) record: RunRecord,
    /// The record's file.
    pub(super) path: Option<&'a Path>,
    /// The operator's token and its expiry, of a live run. They are on no record.
    pub(super) card: Names,
    /// A live payment could not be voided.
    pub(super) is_stuck: bool,
}

impl Session<'_> {
    pub(super) fn save(&self) -> Result<(), String> {
        self.record.save(self.path)
    }

    /// Sends a request that changes nothing, more than once if need be.
    pub(super) async fn read(&self, path: String) -> Result<Option<RawResponse>, String> {
        let message = Message { method: Method::GET, path, body: None, signed: true };
        self.send(&message).await
    }

    async fn send(&self, message: &Message) -> Result<Option<RawResponse>, String> {
        let times = if message.method == Method::GET { READS } else { 1 };
        for _ in 0..times {
            if let Some(response) = self.gateway.send(message).await? {
                return Ok(Some(response));
            }
        }
        Ok(None)
    }

    /// The records under an order id.
    pub(super) async fn by_order(&self, order: &str) -> Result<Option<RawResponse>, String> {
        let merchid = &self.record.merchid;
        self.read(format!("/cardconnect/rest/inquireByOrderid/{order}/{merchid}/1")).await
    }

    /// Plays a probe to its end, from the step at which an earlier run was cut. A probe that lost a
    /// response is begun once more, unless it is about payments that were made for it before.
    pub(super) async fn play(&mut self, probe: &Probe, number: usize) -> Result<Vec<Exchange>, String> {
        let mut played = self.begun(probe, number);
        let last_attempt = played.attempt + ATTEMPTS - 1;
        loop {
            let exchanges = self.attempt(probe, &mut played).await?;
            played.is_complete = true;
            let is_over =
                played.is_answered() || played.attempt >= last_attempt || probe.stage != PlayStage::First;
            let attempt = played.attempt + 1;
            self.record.probes.insert(probe.name.to_owned(), played);
            if self.record.is_live {
                self.save()?;
                self.void_open().await?;
            }
            if is_over || self.is_stuck {
                self.save()?;
                return Ok(exchanges);
            }
            played = PlayedProbe { number, attempt, ..PlayedProbe::default() };
        }
    }

    /// The probe as it is on record, or from its beginning. One of an earlier run that was not
    /// answered is begun anew.
    fn begun(&self, probe: &Probe, number: usize) -> PlayedProbe {
        match self.record.probes.get(probe.name) {
            // The payments of a live probe that was cut are voided by now.
            Some(played) if played.is_complete || self.record.is_live => {
                PlayedProbe { number, attempt: played.attempt + 1, ..PlayedProbe::default() }
            }
            Some(played) => played.clone(),
            None => PlayedProbe { number, ..PlayedProbe::default() },
        }
    }

    async fn attempt(&mut self, probe: &Probe, played: &mut PlayedProbe) -> Result<Vec<Exchange>, String> {
        let mut exchanges = Vec::new();
        let mut names = self.record.own_names(played);
        names.extend(self.record.handed_on.clone());
        names.extend(self.card.clone());
        names.extend(played.names.clone());
        for step in probe.steps.iter().skip(played.steps.len()) {
            let at_ms = Timestamp::now().as_millisecond();
            let (seen, response) = match step.message(&names) {
                Err(name) if self.was_lost(&name, probe, played) => (only(NO_RESPONSE), None),
                Err(_) => (only(NOT_SENT), None),
                Ok(message) => match self.sent(probe, step, &message, played).await? {
                    Some(response) => {
                        let seen = observe(&response, step.observed);
                        let place = played.steps.len();
                        exchanges.push(Exchange { place, message, response: response.clone() });
                        (seen, Some(response))
                    }
                    None => (only(NO_RESPONSE), self.found(step, &names).await?),
                },
            };
            if let Some(response) = response {
                keep(&response, step.kept, &mut played.names);
                keep(&response, step.handed_on, &mut played.names);
                keep(&response, step.handed_on, &mut self.record.handed_on);
                names.extend(played.names.clone());
            }
            played.steps.push(PlayedStep { at_ms, seen });
        }
        Ok(exchanges)
    }

    /// The response to a step. A write is on record before it goes out; one that a cut has taken is
    /// not sent again.
    async fn sent(
        &mut self,
        probe: &Probe,
        step: &Step,
        message: &Message,
        played: &mut PlayedProbe,
    ) -> Result<Option<RawResponse>, String> {
        if std::mem::take(&mut played.is_sending) {
            return Ok(None);
        }
        if !step.is_write() {
            return self.send(message).await;
        }
        if self.record.is_live && step.names_order() {
            let order = self.record.order_id(played.number, played.attempt);
            self.record.open.insert(order, Timestamp::now().as_second());
        }
        let begun = PlayedProbe { is_sending: true, ..played.clone() };
        self.record.probes.insert(probe.name.to_owned(), begun);
        self.save()?;
        self.send(message).await
    }

    /// The record that a write without a response has made, if it can be found by its order id.
    async fn found(&self, step: &Step, names: &Names) -> Result<Option<RawResponse>, String> {
        let Some(order) = names.get("order").filter(|_| step.names_order()) else { return Ok(None) };
        let inquiry = self.by_order(order).await?;
        Ok(inquiry.and_then(|inquiry| unseen(&inquiry, names)))
    }

    /// Whether a name has no value because a response was lost, in this probe or in one that hands
    /// values on to it.
    fn was_lost(&self, name: &str, probe: &Probe, played: &PlayedProbe) -> bool {
        let has_lost = |played: &PlayedProbe| played.steps.iter().any(PlayedStep::is_lost);
        let is_own = probe.steps.iter().flat_map(|step| step.kept).any(|(_, kept)| *kept == name);
        if is_own { has_lost(played) } else { self.record.probes.values().any(has_lost) }
    }
}
