//! The figures of each type that has some.

use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    payments::{CaptureReport, reconcile::ReconcileReport, trail::Trail},
    settlement::SettlementReport,
    webhooks::DeliveryReport,
};

use crate::{invocation::Served, publishing::PublishReport};

/// Figures that share their dimensions.
pub struct Measures {
    /// Besides the stage; with few values each, because every combination is a metric that is paid
    /// for.
    pub dimensions: Vec<(&'static str, String)>,
    /// Name, unit and value of each; the unit is one of CloudWatch's.
    pub metrics: Vec<Metric>,
}

type Metric = (&'static str, &'static str, f64);

/// A type with figures for a deployment's metrics.
pub trait Measured {
    /// The figures to write; none if there is nothing to count.
    fn measures(&self) -> Vec<Measures>;
}

/// Counts of a run are far below the largest integer that a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "counts and sums of a run stay below 2^53")]
fn float(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or_default() as f64
}

fn count(name: &'static str, number: impl TryInto<u64>) -> Metric {
    (name, "Count", float(number))
}

fn seconds(name: &'static str, number: impl TryInto<u64>) -> Metric {
    (name, "Seconds", float(number))
}

/// Figures without further dimensions. No count and no age is zero: each metric is billed for the
/// hours in which it is published, so what idles publishes none.
fn plain(metrics: impl IntoIterator<Item = Metric>) -> Vec<Measures> {
    let says_something = |(_, unit, value): &Metric| *value > 0.0 || *unit == "Milliseconds";
    let metrics: Vec<_> = metrics.into_iter().filter(says_something).collect();
    if metrics.is_empty() { Vec::new() } else { vec![Measures { dimensions: Vec::new(), metrics }] }
}

impl Measured for Trail {
    fn measures(&self) -> Vec<Measures> {
        let mut metrics = Vec::new();
        if self.gateway_calls > 0 {
            // Of each call: a schedule makes many.
            let each_ms = self.gateway.as_secs_f64() * 1000.0 / f64::from(self.gateway_calls);
            metrics.push(count("GatewayCalls", self.gateway_calls));
            metrics.push(("GatewayTime", "Milliseconds", (each_ms * 10.0).round() / 10.0));
        }
        metrics.extend([
            count("GatewayTimeouts", self.gateway_timeouts),
            count("GatewayRefusedCredentials", self.gateway_refusals),
            count("WrongKeys", self.wrong_keys),
            count("SignInsRefused", self.sign_ins_refused),
            count("LimitsExceeded", self.limits_exceeded),
            count("ExcessDeclines", self.excess_declines),
            count("MerchantsStale", self.merchants_stale),
            count("MerchantsRefused", self.merchants_refused + self.orders_refused),
            count("UnreadableItems", self.unreadable),
            count("PaymentsStopped", u32::from(self.is_stopped)),
        ]);
        plain(metrics)
    }
}

impl Measured for Served {
    fn measures(&self) -> Vec<Measures> {
        let mut measures = self.trail.measures();
        // Six kinds by four outcomes: few enough.
        if let (Some(kind), Some(outcome), false) = (self.trail.kind, self.trail.outcome, self.trail.replayed)
        {
            measures.push(Measures {
                dimensions: vec![("Kind", kind.to_owned()), ("Outcome", outcome.to_owned())],
                metrics: vec![count("Operations", 1_u32)],
            });
        }
        measures
    }
}

impl Measured for CaptureReport {
    fn measures(&self) -> Vec<Measures> {
        // A dry run moves nothing, and the schedule's figures must not show it.
        if self.dry_run {
            return Vec::new();
        }
        let mut measures = plain([
            count("CapturesDue", self.due),
            count("CapturesDone", self.captured),
            count("CapturesDeclined", self.declined),
            count("CapturesRetried", self.retried),
            count("CapturesInDoubt", self.in_doubt),
            count("CapturesLapsed", self.lapsed),
            count("CapturesHeldBack", self.held_back),
            count("CapturesLeft", self.left),
            count("CapturesFailed", self.failed + self.unread_shards),
            seconds("OldestDueCaptureAge", self.oldest_due_age_s),
        ]);
        measures.extend(self.captured_minor.iter().map(|(currency, minor)| Measures {
            dimensions: vec![("Currency", (*currency).to_owned())],
            metrics: vec![("CapturedMinorUnits", "None", float(*minor))],
        }));
        measures
    }
}

impl Measured for ReconcileReport {
    fn measures(&self) -> Vec<Measures> {
        plain([
            count("InDoubtDue", self.due),
            count("InDoubt", self.in_doubt),
            count("InDoubtUnanswered", self.unanswered),
            count("InDoubtUnread", self.unread_shards),
            count("CapturesDeclined", self.captures_declined),
            count("NeedsAttention", self.needs_attention),
            seconds("OldestInDoubtAge", self.oldest_in_doubt_s),
        ])
    }
}

impl Measured for JournalReport {
    fn measures(&self) -> Vec<Measures> {
        plain([
            count("JournalEntries", self.new),
            count("JournalDifferences", self.differing),
            count("JournalParked", self.parked),
        ])
    }
}

impl Measured for TotalsReport {
    fn measures(&self) -> Vec<Measures> {
        // Counts are in the log line: each metric is billed.
        let behind = self.behind_s.map(|behind_s| seconds("TotalsBehind", behind_s));
        let bad =
            [count("TotalsFailed", u32::from(self.failed > 0)), count("UnreadableItems", self.unreadable)];
        plain(behind.into_iter().chain(bad))
    }
}

impl Measured for SettlementReport {
    fn measures(&self) -> Vec<Measures> {
        plain([
            seconds("SettlementUnread", self.oldest_read_s),
            count("SettlementExceptions", self.open),
            count("SettlementFailed", self.failed),
            count("UnreadableItems", self.unreadable),
        ])
    }
}

impl Measured for PublishReport {
    fn measures(&self) -> Vec<Measures> {
        plain([count("EventsPublished", self.published), count("EventsUnreadable", self.unreadable)])
    }
}

impl Measured for DeliveryReport {
    fn measures(&self) -> Vec<Measures> {
        let failed = self.attempts.saturating_sub(self.delivered);
        plain([
            count("WebhooksDelivered", self.delivered),
            count("WebhooksFailed", failed),
            count("WebhooksParked", self.parked),
            count("WebhookReceiversDown", self.down),
            count("WebhookDocumentsUnreadable", self.without_document),
            count("UnreadableItems", self.unreadable),
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use serde_json::{Value, json};

    use super::*;

    /// The figures as `[dimensions, metrics]`, each a unit and a value.
    fn shown(of: &impl Measured) -> Value {
        let each = of.measures().into_iter().map(|Measures { dimensions, metrics }| {
            let dimensions: serde_json::Map<_, _> =
                dimensions.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            let metrics: serde_json::Map<_, _> = metrics
                .into_iter()
                .map(|(name, unit, value)| (name.to_owned(), json!([unit, value])))
                .collect();
            json!([dimensions, metrics])
        });
        each.collect()
    }

    fn counts(of: &[(&str, f64)]) -> Value {
        let metrics: serde_json::Map<_, _> =
            of.iter().map(|(name, value)| ((*name).to_owned(), json!(["Count", value]))).collect();
        metrics.into()
    }

    #[test]
    fn what_happened_on_the_way_of_a_request_is_counted_where_it_happened() {
        let all = Trail {
            gateway: Duration::from_micros(1_000_500),
            gateway_calls: 4,
            gateway_timeouts: 1,
            gateway_refusals: 2,
            wrong_keys: 3,
            sign_ins_refused: 8,
            limits_exceeded: 9,
            excess_declines: 7,
            merchants_stale: 4,
            merchants_refused: 3,
            orders_refused: 2,
            unreadable: 6,
            is_stopped: true,
            ..Trail::default()
        };
        let mut figures = counts(&[
            ("GatewayCalls", 4.0),
            ("GatewayTimeouts", 1.0),
            ("GatewayRefusedCredentials", 2.0),
            ("WrongKeys", 3.0),
            ("SignInsRefused", 8.0),
            ("LimitsExceeded", 9.0),
            ("ExcessDeclines", 7.0),
            ("MerchantsStale", 4.0),
            ("MerchantsRefused", 5.0),
            ("UnreadableItems", 6.0),
            ("PaymentsStopped", 1.0),
        ]);
        figures["GatewayTime"] = json!(["Milliseconds", 250.1]);
        assert_eq!(shown(&all), json!([[{}, figures]]));
        let one = Trail { wrong_keys: 1, ..Trail::default() };
        assert_eq!(shown(&one), json!([[{}, counts(&[("WrongKeys", 1.0)])]]));
        assert_eq!(shown(&Trail::default()), json!([]));
        let served = |trail| Served { status: 200, trail, total: Duration::ZERO, cold_start: false };
        let purchase = Trail { kind: Some("purchase"), outcome: Some("approved"), ..one };
        let operation =
            json!([{ "Kind": "purchase", "Outcome": "approved" }, counts(&[("Operations", 1.0)])]);
        let wrong = json!([{}, counts(&[("WrongKeys", 1.0)])]);
        assert_eq!(shown(&served(purchase.clone())), json!([wrong, operation]));
        assert_eq!(shown(&served(Trail { replayed: true, ..purchase.clone() })), json!([wrong]));
        assert_eq!(shown(&served(Trail { outcome: None, ..purchase })), json!([wrong]));
    }

    #[test]
    fn a_run_of_the_captures_is_counted_with_its_amounts_and_a_dry_run_is_not() {
        let report = CaptureReport {
            due: 1,
            captured: 2,
            declined: 3,
            retried: 4,
            in_doubt: 5,
            lapsed: 6,
            held_back: 7,
            left: 8,
            failed: 9,
            unread_shards: 2,
            oldest_due_age_s: 12,
            captured_minor: BTreeMap::from([("CAD", 7), ("USD", 2599)]),
            ..CaptureReport::default()
        };
        let mut figures = counts(&[
            ("CapturesDue", 1.0),
            ("CapturesDone", 2.0),
            ("CapturesDeclined", 3.0),
            ("CapturesRetried", 4.0),
            ("CapturesInDoubt", 5.0),
            ("CapturesLapsed", 6.0),
            ("CapturesHeldBack", 7.0),
            ("CapturesLeft", 8.0),
            ("CapturesFailed", 11.0),
        ]);
        figures["OldestDueCaptureAge"] = json!(["Seconds", 12.0]);
        let amount =
            |code: &str, minor: f64| json!([{ "Currency": code }, { "CapturedMinorUnits": ["None", minor] }]);
        assert_eq!(shown(&report), json!([[{}, figures], amount("CAD", 7.0), amount("USD", 2599.0)]));
        assert_eq!(shown(&CaptureReport { dry_run: true, ..report }), json!([]));
    }

    #[test]
    fn a_run_that_finds_nothing_publishes_nothing() {
        assert_eq!(shown(&Trail::default()), json!([]));
        assert_eq!(shown(&CaptureReport::default()), json!([]));
        assert_eq!(shown(&ReconcileReport::default()), json!([]));
        assert_eq!(shown(&JournalReport::default()), json!([]));
        assert_eq!(shown(&TotalsReport::default()), json!([]));
        assert_eq!(shown(&SettlementReport::default()), json!([]));
        assert_eq!(shown(&PublishReport::default()), json!([]));
        assert_eq!(shown(&DeliveryReport::default()), json!([]));
    }

    #[test]
    fn each_run_of_a_schedule_or_a_stream_has_its_figures_and_what_must_not_be_only_where_it_is() {
        let inquiries = ReconcileReport {
            due: 1,
            in_doubt: 2,
            unanswered: 3,
            unread_shards: 4,
            captures_declined: 5,
            needs_attention: 6,
            oldest_in_doubt_s: 7,
            ..ReconcileReport::default()
        };
        let mut figures = counts(&[
            ("InDoubtDue", 1.0),
            ("InDoubt", 2.0),
            ("InDoubtUnanswered", 3.0),
            ("InDoubtUnread", 4.0),
            ("CapturesDeclined", 5.0),
            ("NeedsAttention", 6.0),
        ]);
        figures["OldestInDoubtAge"] = json!(["Seconds", 7.0]);
        assert_eq!(shown(&inquiries), json!([[{}, figures]]));

        let journal =
            |new, differing, parked| JournalReport { new, differing, parked, ..JournalReport::default() };
        let (new, differing, parked) =
            (("JournalEntries", 3.0), ("JournalDifferences", 1.0), ("JournalParked", 2.0));
        assert_eq!(shown(&journal(3, 1, 2)), json!([[{}, counts(&[new, differing, parked])]]));
        assert_eq!(shown(&journal(3, 0, 0)), json!([[{}, counts(&[new])]]));

        let totals = |behind_s, unreadable| TotalsReport { behind_s, unreadable, ..TotalsReport::default() };
        let behind = json!(["Seconds", 60.0]);
        let bad = json!(["Count", 1.0]);
        for (report, metrics) in [
            (totals(Some(60), 0), json!({ "TotalsBehind": behind })),
            (totals(Some(60), 1), json!({ "TotalsBehind": behind, "UnreadableItems": bad })),
            (totals(None, 1), json!({ "UnreadableItems": bad })),
            (TotalsReport { failed: 1, ..totals(None, 0) }, json!({ "TotalsFailed": bad })),
        ] {
            assert_eq!(shown(&report), json!([[{}, metrics]]));
        }
        assert_eq!(shown(&totals(None, 0)), json!([]));

        let settled = SettlementReport {
            accounts: 2,
            failed: 1,
            open: 3,
            oldest_read_s: 4,
            unreadable: 5,
            ..SettlementReport::default()
        };
        let mut figures =
            counts(&[("SettlementExceptions", 3.0), ("SettlementFailed", 1.0), ("UnreadableItems", 5.0)]);
        figures["SettlementUnread"] = json!(["Seconds", 4.0]);
        assert_eq!(shown(&settled), json!([[{}, figures]]));

        let published = PublishReport { published: 3, unreadable: 1, ..PublishReport::default() };
        let figures = counts(&[("EventsPublished", 3.0), ("EventsUnreadable", 1.0)]);
        assert_eq!(shown(&published), json!([[{}, figures]]));

        let sent = DeliveryReport { attempts: 5, delivered: 2, ..DeliveryReport::default() };
        let usual = [("WebhooksDelivered", 2.0), ("WebhooksFailed", 3.0)];
        assert_eq!(shown(&sent), json!([[{}, counts(&usual)]]));
        let rare = [
            ("WebhooksParked", 1.0),
            ("WebhookReceiversDown", 2.0),
            ("WebhookDocumentsUnreadable", 4.0),
            ("UnreadableItems", 3.0),
        ];
        let sent = DeliveryReport { parked: 1, down: 2, unreadable: 3, without_document: 4, ..sent };
        assert_eq!(shown(&sent), json!([[{}, counts(&[&usual[..], &rare].concat())]]));
    }
}
