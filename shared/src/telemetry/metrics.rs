//! Figures in the embedded metric format: members of a log line that become metrics.

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::measured::{Measured, Measures};
use crate::invocation::Served;

/// The name space of all metrics.
const NAMESPACE: &str = "Tollgate";

/// Writes the figures of a run to standard output in the embedded metric format: a log line that
/// becomes metrics.
pub fn emit(of: &impl Measured, now: Timestamp) {
    // A line each, because they may differ in a dimension's value.
    for measures in of.measures() {
        if let Some(members) = members(&[measures], now, true) {
            println!("{{{members}}}");
        }
    }
}

/// The figures of a request as members of its line.
pub(super) fn figures(served: &Served) -> Option<String> {
    members(&served.measures(), Timestamp::now(), false)
}

/// Figures as members of a log line, in the embedded metric format: their description, then the
/// figures. Nothing where there are none.
fn members(measures: &[Measures], now: Timestamp, units: bool) -> Option<String> {
    if measures.is_empty() {
        return None;
    }
    let stage = std::env::var("STAGE").unwrap_or_default();
    let line = serde_json::to_string(&Embedded { measures, stage: &stage, now, units }).ok()?;
    // Texts and numbers always become a JSON object.
    line.strip_prefix('{')?.strip_suffix('}').map(str::to_owned)
}

/// Members in the embedded metric format.
struct Embedded<'a> {
    measures: &'a [Measures],
    stage: &'a str,
    now: Timestamp,
    /// Whether each figure states its unit: for people who look at a run's line. `CloudWatch` needs
    /// none.
    units: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive<'a>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

impl<'a> Serialize for Embedded<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let directive = |measures: &'a Measures| Directive {
            namespace: NAMESPACE,
            dimensions: [std::iter::once("Stage")
                .chain(measures.dimensions.iter().map(|(name, _)| *name))
                .collect()],
            metrics: measures
                .metrics
                .iter()
                .map(|(name, unit, _)| Definition { name, unit: self.units.then_some(unit) })
                .collect(),
        };
        let directives = self.measures.iter().map(directive).collect();
        let metadata = Metadata { timestamp: self.now.as_millisecond(), cloud_watch_metrics: directives };
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("_aws", &metadata)?;
        line.serialize_entry("Stage", self.stage)?;
        for Measures { dimensions, metrics } in self.measures {
            for (name, value) in dimensions {
                line.serialize_entry(name, value)?;
            }
            for (name, _, value) in metrics {
                line.serialize_entry(name, value)?;
            }
        }
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use tollgate_core::payments::CaptureReport;

    use super::*;

    #[test]
    fn a_run_becomes_metrics_with_the_stage_and_the_currency_as_their_only_dimensions() {
        let report = CaptureReport {
            captured: 3,
            oldest_due_age_s: 61,
            captured_minor: BTreeMap::from([("USD", 2599)]),
            ..CaptureReport::default()
        };
        let line = |measures: Measures| {
            json!(Embedded { measures: &[measures], stage: "dev", now: Timestamp::UNIX_EPOCH, units: true })
        };
        let lines: Vec<Value> = report.measures().into_iter().map(line).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["CapturesDone"], &lines[0]["OldestDueCaptureAge"]),
            (&json!(3.0), &json!(61.0))
        );
        let directive = |line: &Value| line["_aws"]["CloudWatchMetrics"][0].clone();
        assert_eq!(directive(&lines[0])["Dimensions"], json!([["Stage"]]));
        assert_eq!(directive(&lines[1])["Dimensions"], json!([["Stage", "Currency"]]));
        assert_eq!((&lines[1]["Currency"], &lines[1]["CapturedMinorUnits"]), (&json!("USD"), &json!(2599.0)));
        for line in &lines {
            for metric in directive(line)["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
        }
    }
}
