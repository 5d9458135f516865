//! What has figures, and which.

use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    payments::{CaptureReport, reconcile::ReconcileReport, trail::Trail},
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
            ("UnreadableItems", "Count", self.unreadable.into()),
        ];
        metrics.extend(rare.into_iter().filter(|(_, _, value)| *value > 0.0));
        vec![Measures { dimensions: Vec::new(), metrics }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_not_counted() {
        let report = CaptureReport { dry_run: true, ..CaptureReport::default() };
        assert!(report.measures().is_empty());
    }
}
