//! The record of a run: what the gateway has shown so far, so that a cut run goes on and a
//! complete one can be compared again. It holds no card number, CVV or credential.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::observation::{NO_RESPONSE, Observation};
use super::probe::{Names, PlayStage, Probe};

/// The version of the file's form.
const FORMAT: u32 = 1;

/// A step that was played.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct PlayedStep {
    /// The time of the request, in milliseconds: the simulator's clock when it is compared.
    pub(super) at_ms: i64,
    pub(super) seen: Observation,
}

impl PlayedStep {
    pub(super) fn is_lost(&self) -> bool {
        self.seen.get("status").is_some_and(|status| status == NO_RESPONSE)
    }
}

/// A probe that was played, or begun.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct PlayedProbe {
    /// The probe's number, which its order ids have.
    pub(super) number: usize,
    /// How often the probe was begun anew, each time under another order id.
    pub(super) attempt: u32,
    pub(super) steps: Vec<PlayedStep>,
    /// The values that its steps have left.
    pub(super) names: Names,
    /// A write that has been sent, and has neither a response nor given up waiting.
    pub(super) is_sending: bool,
    pub(super) is_complete: bool,
}

impl PlayedProbe {
    pub(super) fn is_answered(&self) -> bool {
        self.is_complete && !self.steps.iter().any(PlayedStep::is_lost)
    }
}

/// Everything that is known of a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunRecord {
    format: u32,
    pub(super) target: String,
    pub(super) merchid: String,
    pub(super) currency: String,
    pub(super) is_live: bool,
    /// The run's part of all order ids: the millisecond in which the run began.
    pub(super) run: u64,
    /// The stage to play, from 1; above the last one, the run is complete.
    pub(super) stage: u64,
    /// The account's processor, from the gateway's description of the account.
    pub(super) processor: Option<String>,
    /// The settings that this description says.
    pub(super) account: Map<String, Value>,
    /// The values that probes have left for later stages.
    pub(super) handed_on: Names,
    pub(super) probes: BTreeMap<String, PlayedProbe>,
    /// Order ids whose payments may still have to be voided, each with the second in which the last
    /// one went out.
    pub(super) open: BTreeMap<String, i64>,
}

impl RunRecord {
    pub(super) fn new(target: &str, merchid: &str, currency: &str, is_live: bool) -> Self {
        Self {
            format: FORMAT,
            target: target.to_owned(),
            merchid: merchid.to_owned(),
            currency: currency.to_owned(),
            is_live,
            run: Timestamp::now().as_millisecond().unsigned_abs(),
            stage: PlayStage::First.number(),
            processor: None,
            account: Map::new(),
            handed_on: Names::new(),
            probes: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Whether the record is of the same account and target as a run; the error says the
    /// difference.
    fn fits(&self, fresh: &Self, probes: &[Probe]) -> Result<(), String> {
        let known = |name: &str| probes.iter().find(|probe| probe.name == name);
        let is_known = |(name, played): (&String, &PlayedProbe)| {
            known(name).is_some_and(|probe| {
                played.steps.len() == probe.steps.len()
                    || (!played.is_complete && played.steps.len() < probe.steps.len())
            })
        };
        if self.format != FORMAT || !self.probes.iter().all(is_known) {
            Err("the record is of another version of the kit".to_owned())
        } else if self.merchid != fresh.merchid {
            Err(format!("the record is of another merchant account ({})", self.merchid))
        } else if self.target != fresh.target {
            Err(format!("the record is of another target ({})", self.target))
        } else if self.currency != fresh.currency {
            Err(format!("the record is of another currency ({})", self.currency))
        } else if self.is_live != fresh.is_live {
            Err("the record is of a run with other probes: --live belongs to all runs or to none".to_owned())
        } else {
            Ok(())
        }
    }

    /// The order id of a probe's attempt. A live one is of letters and dashes, so that nothing
    /// takes it for a card number, and of at most 19 characters.
    pub(super) fn order_id(&self, number: usize, attempt: u32) -> String {
        if self.is_live {
            let attempt = letters(u64::from(attempt));
            return format!("cf-{}-{}-{attempt}", letters(self.run), letters(number as u64));
        }
        let again = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        format!("cf-{:x}-{number}{again}", self.run)
    }

    /// The values that any of a probe's requests can name.
    pub(super) fn own_names(&self, played: &PlayedProbe) -> Names {
        // Live amounts are 0.30 to 0.59.
        let (from, range) = if self.is_live { (30, 30) } else { (0, 100) };
        let cents = from + (played.number + 37 * played.attempt as usize) % range;
        Names::from([
            ("mid".to_owned(), self.merchid.clone()),
            ("order".to_owned(), self.order_id(played.number, played.attempt)),
            ("cents".to_owned(), format!("{cents:02}")),
        ])
    }

    /// Reads the record at a path, or begins one. The error names the file.
    pub(super) fn open(path: Option<&Path>, fresh: Self, probes: &[Probe]) -> Result<Self, String> {
        let Some(path) = path else { return Ok(fresh) };
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(fresh),
            Err(error) => return Err(failed(error.to_string())),
        };
        let record: Self = serde_json::from_str(&text)
            .map_err(|error| failed(format!("no record of a conformance run: {error}")))?;
        record.fits(&fresh, probes).map_err(failed)?;
        Ok(record)
    }

    /// Writes the record beside its place and then renames it, so that a cut leaves the old one or
    /// the new one.
    pub(super) fn save(&self, path: Option<&Path>) -> Result<(), String> {
        let Some(path) = path else { return Ok(()) };
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let text = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let mut file = fs::File::create(&beside).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        if self.is_live {
            // Real payments are on record even after a power cut.
            file.sync_all().map_err(failed)?;
        }
        fs::rename(&beside, path).map_err(failed)
    }
}

/// A number in the letters a to z.
fn letters(mut number: u64) -> String {
    let mut text = Vec::new();
    loop {
        text.push(b"abcdefghijklmnopqrstuvwxyz"[(number % 26) as usize]);
        number /= 26;
        if number == 0 {
            break;
        }
    }
    text.reverse();
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_order_ids_are_short_and_of_letters() {
        let record = RunRecord::new("https://fts.cardconnect.com", "496160873888", "USD", true);
        let orders: std::collections::BTreeSet<String> =
            (0..60).flat_map(|number| [0, 1, 2].map(|attempt| record.order_id(number, attempt))).collect();
        assert_eq!(orders.len(), 180, "each is another");
        for order in orders {
            assert!(order.len() <= 19, "{order}");
            assert!(order.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{order}");
        }
    }
}
