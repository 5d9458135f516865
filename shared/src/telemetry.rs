//! Logs: JSON lines with a closed list of fields.
//!
//! Never logged: a body, a header, a card number, a security code, a name, an address, a token, a key, a password.

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use tracing::Level;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{invocation::Served, reconcile, scheduled_capture, trail::Trail};

/// The name space of all metrics.
const NAMESPACE: &str = "Tollgate";

/// Figures that share their dimensions.
pub struct Measures {
    /// Besides the stage; with few values each, because every combination is a metric that is paid for.
    pub dimensions: Vec<(&'static str, String)>,
    /// Name, unit, value.
    pub metrics: Vec<(&'static str, &'static str, f64)>,
}

/// What has figures that somebody watches.
pub trait Measured {
    /// The figures.
    fn measures(&self) -> Vec<Measures>;
}

/// Writes figures to standard output in the embedded metric format: a log line that becomes metrics.
pub fn emit(of: &impl Measured, now: Timestamp) {
    let stage = std::env::var("STAGE").unwrap_or_default();
    for measures in of.measures() {
        // Texts and numbers always become JSON.
        if let Ok(line) = serde_json::to_string(&Embedded { measures: &measures, stage: &stage, now }) {
            println!("{line}");
        }
    }
}

/// A line in the embedded metric format: what its figures are, and then the figures.
struct Embedded<'a> {
    measures: &'a Measures,
    stage: &'a str,
    now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct About<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'a str>; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'a str,
}

impl Serialize for Embedded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Measures { dimensions, metrics } = self.measures;
        let names = std::iter::once("Stage").chain(dimensions.iter().map(|(name, _)| *name));
        let definitions = metrics.iter().map(|(name, unit, _)| Definition { name, unit });
        let directive =
            Directive { namespace: NAMESPACE, dimensions: [names.collect()], metrics: definitions.collect() };
        let about = About { timestamp: self.now.as_millisecond(), cloud_watch_metrics: [directive] };
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("_aws", &about)?;
        line.serialize_entry("Stage", self.stage)?;
        for (name, value) in dimensions {
            line.serialize_entry(name, value)?;
        }
        for (name, _, value) in metrics {
            line.serialize_entry(name, value)?;
        }
        line.end()
    }
}

/// Counts of a run are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "counts and sums of a run stay below 2^53")]
fn count(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or_default() as f64
}

impl Measured for Trail {
    fn measures(&self) -> Vec<Measures> {
        let mut metrics = Vec::new();
        if self.gateway_calls > 0 {
            // Of each call: a schedule makes many.
            let each_ms = self.gateway.as_secs_f64() * 1000.0 / f64::from(self.gateway_calls);
            metrics.extend([
                ("GatewayCalls", "Count", count(self.gateway_calls)),
                ("GatewayTimeouts", "Count", count(self.gateway_timeouts)),
                ("GatewayRefusedCredentials", "Count", count(self.gateway_refusals)),
                ("GatewayTime", "Milliseconds", each_ms),
            ]);
        }
        // What an attack or a mistake causes: no line where there is none.
        let rare = [
            ("WrongKeys", "Count", count(self.wrong_keys)),
            ("MerchantsStale", "Count", count(self.merchants_stale)),
            ("MerchantsRefused", "Count", count(self.merchants_refused)),
        ];
        metrics.extend(rare.into_iter().filter(|(_, _, value)| *value > 0.0));
        if metrics.is_empty() {
            return Vec::new();
        }
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

impl Measured for Served {
    fn measures(&self) -> Vec<Measures> {
        let mut measures = self.trail.measures();
        // Five kinds by four outcomes: few enough.
        if let (Some(kind), Some(outcome), false) = (self.trail.kind, self.trail.outcome, self.trail.replayed)
        {
            measures.push(Measures {
                dimensions: vec![("Kind", kind.to_owned()), ("Outcome", outcome.to_owned())],
                metrics: vec![("Operations", "Count", 1.0)],
            });
        }
        measures
    }
}

impl Measured for scheduled_capture::Report {
    fn measures(&self) -> Vec<Measures> {
        // A dry run moves nothing, and the schedule's figures must not show it.
        if self.dry_run {
            return Vec::new();
        }
        let metrics = vec![
            ("CapturesDue", "Count", count(self.due)),
            ("CapturesDone", "Count", count(self.captured)),
            ("CapturesDeclined", "Count", count(self.declined)),
            ("CapturesRetried", "Count", count(self.retried)),
            ("CapturesInDoubt", "Count", count(self.in_doubt)),
            ("CapturesLapsed", "Count", count(self.lapsed)),
            ("CapturesHeldBack", "Count", count(self.held_back)),
            ("CapturesLeft", "Count", count(self.left)),
            ("CapturesFailed", "Count", count(self.failed + self.unread_shards)),
            ("OldestDueCaptureAge", "Seconds", count(self.oldest_due_age_s)),
        ];
        let amounts = self.captured_minor.iter().map(|(currency, minor)| Measures {
            dimensions: vec![("Currency", (*currency).to_owned())],
            metrics: vec![("CapturedMinorUnits", "None", count(*minor))],
        });
        std::iter::once(Measures { dimensions: Vec::new(), metrics }).chain(amounts).collect()
    }
}

impl Measured for reconcile::Report {
    fn measures(&self) -> Vec<Measures> {
        let metrics = vec![
            ("InDoubtDue", "Count", count(self.due)),
            ("InDoubt", "Count", count(self.in_doubt)),
            ("InDoubtUnanswered", "Count", count(self.unanswered)),
            ("InDoubtUnread", "Count", count(self.unread_shards)),
            ("CapturesDeclined", "Count", count(self.captures_declined)),
            ("NeedsAttention", "Count", count(self.needs_attention)),
            ("OldestInDoubtAge", "Seconds", count(self.oldest_in_doubt_s)),
        ];
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

/// Writes JSON lines to standard output at `LOG_LEVEL` (`info` when it is not set or not a level).
pub fn init() {
    let level = match std::env::var("LOG_LEVEL").unwrap_or_default().to_lowercase().as_str() {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "debug" => Level::DEBUG,
        _ => Level::INFO,
    };
    // Only ours: the libraries' own lines may quote what they send.
    let ours = Targets::new().with_target("tollgate", level);
    let lines = fmt::layer().json().without_time().with_target(false).with_filter(ours);
    // Fails only when there is a subscriber already, as in a test; that one then serves.
    if tracing_subscriber::registry().with(lines).try_init().is_err() {
        tracing::debug!("logging was set up before");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_run_becomes_metrics_with_the_stage_and_the_currency_as_their_only_dimensions() {
        let report = scheduled_capture::Report {
            captured: 3,
            oldest_due_age_s: 61,
            captured_minor: BTreeMap::from([("USD", 2599)]),
            ..scheduled_capture::Report::default()
        };
        let line = |measures| json!(Embedded { measures, stage: "dev", now: Timestamp::UNIX_EPOCH });
        let lines: Vec<Value> = report.measures().iter().map(line).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["CapturesDone"], &lines[0]["OldestDueCaptureAge"]),
            (&json!(3.0), &json!(61.0))
        );
        let about = |line: &Value| line["_aws"]["CloudWatchMetrics"][0].clone();
        assert_eq!(about(&lines[0])["Dimensions"], json!([["Stage"]]));
        assert_eq!(about(&lines[1])["Dimensions"], json!([["Stage", "Currency"]]));
        assert_eq!((&lines[1]["Currency"], &lines[1]["CapturedMinorUnits"]), (&json!("USD"), &json!(2599.0)));
        for line in &lines {
            for metric in about(line)["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
        }
    }

    #[test]
    fn a_dry_run_is_not_counted() {
        let report = scheduled_capture::Report { dry_run: true, ..scheduled_capture::Report::default() };
        assert!(report.measures().is_empty());
    }
}
