//! What has figures, and which.

use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    payments::{CaptureReport, reconcile::ReconcileReport, trail::Trail},
    settlement::SettlementReport,
    webhooks::DeliveryReport,
};

use crate::{invocation::Served, publishing::PublishReport};

/// Figures that share their dimensions.
pub struct Measures {
    /// Besides the stage; with few values each, because every combination is a metric that is paid for.
    pub dimensions: Vec<(&'static str, String)>,
    /// Name, unit and value of each; the unit is one of CloudWatch's.
    pub metrics: Vec<(&'static str, &'static str, f64)>,
}

/// What has figures for a deployment's metrics.
pub trait Measured {
    /// The figures to write; none if there is nothing to count.
    fn measures(&self) -> Vec<Measures>;
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
                ("GatewayTime", "Milliseconds", (each_ms * 10.0).round() / 10.0),
            ]);
        }
        // What a failure, an attack or a mistake causes: no figure where there is none.
        let rare = [
            ("GatewayTimeouts", "Count", count(self.gateway_timeouts)),
            ("GatewayRefusedCredentials", "Count", count(self.gateway_refusals)),
            ("WrongKeys", "Count", count(self.wrong_keys)),
            ("ExcessDeclines", "Count", count(self.excess_declines)),
            ("MerchantsStale", "Count", count(self.merchants_stale)),
            ("MerchantsRefused", "Count", count(self.merchants_refused)),
            ("UnreadableItems", "Count", count(self.unreadable)),
            ("PaymentsStopped", "Count", count(u32::from(self.is_stopped))),
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
        // Six kinds by four outcomes: few enough.
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

impl Measured for CaptureReport {
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

impl Measured for ReconcileReport {
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

impl Measured for JournalReport {
    fn measures(&self) -> Vec<Measures> {
        let mut metrics = vec![("JournalEntries", "Count", count(self.new))];
        // No line where there is none: they must not be.
        let rare = [
            ("JournalDifferences", "Count", count(self.differing)),
            ("JournalParked", "Count", count(self.parked)),
        ];
        metrics.extend(rare.into_iter().filter(|(_, _, value)| *value > 0.0));
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

impl Measured for TotalsReport {
    fn measures(&self) -> Vec<Measures> {
        // The rest is in the log line: each metric is billed.
        let behind = self.behind_s.map(|behind_s| ("TotalsBehind", "Seconds", count(behind_s)));
        let unreadable = ("UnreadableItems", "Count", count(self.unreadable));
        // No line where there is none: there must not be any.
        let metrics: Vec<_> = behind.into_iter().chain((self.unreadable > 0).then_some(unreadable)).collect();
        if metrics.is_empty() {
            return Vec::new();
        }
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

impl Measured for SettlementReport {
    fn measures(&self) -> Vec<Measures> {
        // Without an account there is nothing that could be unread.
        if self.accounts == 0 && self.failed == 0 {
            return Vec::new();
        }
        let metrics = vec![
            ("SettlementUnread", "Seconds", count(self.oldest_read_s)),
            ("SettlementExceptions", "Count", count(self.open)),
            ("SettlementFailed", "Count", count(self.failed)),
        ];
        let unreadable = ("UnreadableItems", "Count", count(self.unreadable));
        let metrics = metrics.into_iter().chain((self.unreadable > 0).then_some(unreadable)).collect();
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

impl Measured for PublishReport {
    fn measures(&self) -> Vec<Measures> {
        let metrics = vec![
            ("EventsPublished", "Count", count(self.published)),
            ("EventsUnreadable", "Count", count(self.unreadable)),
        ];
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

impl Measured for DeliveryReport {
    fn measures(&self) -> Vec<Measures> {
        let mut metrics = vec![
            ("WebhooksDelivered", "Count", self.delivered.into()),
            ("WebhooksFailed", "Count", self.attempts.saturating_sub(self.delivered).into()),
        ];
        // No line where there is none.
        let rare = [
            ("WebhooksParked", "Count", self.parked.into()),
            ("WebhookReceiversDown", "Count", self.down.into()),
            ("WebhookDocumentsUnreadable", "Count", self.without_document.into()),
            ("UnreadableItems", "Count", self.unreadable.into()),
        ];
        metrics.extend(rare.into_iter().filter(|(_, _, value)| *value > 0.0));
        vec![Measures { dimensions: Vec::new(), metrics }]
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
            excess_declines: 7,
            merchants_stale: 4,
            merchants_refused: 5,
            unreadable: 6,
            is_stopped: true,
            ..Trail::default()
        };
        let mut figures = counts(&[
            ("GatewayCalls", 4.0),
            ("GatewayTimeouts", 1.0),
            ("GatewayRefusedCredentials", 2.0),
            ("WrongKeys", 3.0),
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
        assert_eq!(shown(&journal(0, 0, 0)), json!([[{}, counts(&[("JournalEntries", 0.0)])]]));

        let totals = |behind_s, unreadable| TotalsReport { behind_s, unreadable, ..TotalsReport::default() };
        let behind = json!(["Seconds", 60.0]);
        let bad = json!(["Count", 1.0]);
        for (report, metrics) in [
            (totals(Some(60), 0), json!({ "TotalsBehind": behind })),
            (totals(Some(60), 1), json!({ "TotalsBehind": behind, "UnreadableItems": bad })),
            (totals(None, 1), json!({ "UnreadableItems": bad })),
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
        assert_eq!(shown(&SettlementReport::default()), json!([]), "no account, no figures");

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
