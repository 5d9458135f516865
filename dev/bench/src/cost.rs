//! The cost of a million requests on AWS, at list prices of us-east-1: no free tier, no volume
//! tier, no savings plan. Each price is a constant with its unit, the AWS page that sets it, and
//! the day as of which it was last confirmed, by that page or by a copy of it. "No date" is a price
//! that was found in copies without one.
//!
//! Not included: data sent to the internet ($0.09 per GB, the first 100 GB a month free), a KMS key
//! of one's own, traces (off by default), queries of logs, and the processor's charges.

const MILLION: f64 = 1e6;
/// AWS meters in binary gigabytes.
const BYTES_PER_GB: f64 = 1_073_741_824.0;
const MIB_PER_GB: f64 = 1024.0;
const MS_PER_SECOND: f64 = 1000.0;

/// Dollars per million requests, the first 300 million of a month. Each 512 KB of a body counts as
/// one request, and no payment is that long. "Amazon API Gateway pricing", HTTP APIs; 2026-09-20.
const HTTP_API_PER_MILLION: f64 = 1.0;
/// Dollars per million invocations. "AWS Lambda Pricing"; 2026-03-08.
const LAMBDA_PER_MILLION: f64 = 0.20;
/// Dollars per GB-second on `arm64`, the first 7.5 billion of a month. "AWS Lambda Pricing";
/// 2026-03-08.
const LAMBDA_PER_GB_SECOND: f64 = 0.000_013_333_4;
/// Dollars per million write request units, since November 2024. "Pricing for On-Demand Capacity",
/// DynamoDB; 2025-07-21.
const WRITES_PER_MILLION: f64 = 0.625;
/// Dollars per million read request units; the same page and day.
const READS_PER_MILLION: f64 = 0.125;
/// Dollars per GB-month of the Standard table class. The same page; no date.
const TABLE_PER_GB_MONTH: f64 = 0.25;
/// The same three of the Standard-Infrequent Access class. The same page; no date.
const INFREQUENT_WRITES_PER_MILLION: f64 = 0.78;
const INFREQUENT_READS_PER_MILLION: f64 = 0.155;
const INFREQUENT_PER_GB_MONTH: f64 = 0.10;
/// Dollars per GB-month for point-in-time recovery, however far back it reaches. The same page; no
/// date.
const RECOVERY_PER_GB_MONTH: f64 = 0.20;
/// Dollars per secret and month. "AWS Secrets Manager Pricing"; 2026-09-20.
pub(crate) const SECRET_PER_MONTH: f64 = 0.40;
/// Dollars per million calls, listed as $0.05 per 10,000. "AWS Secrets Manager Pricing";
/// 2026-09-20.
const SECRET_READS_PER_MILLION: f64 = 5.0;
/// Dollars per million invocations; the 14 million that are free are not deducted. "Amazon
/// `EventBridge` pricing", Scheduler; March 2026.
const SCHEDULER_PER_MILLION: f64 = 1.0;
/// Dollars per million custom events. "Amazon `EventBridge` pricing"; March 2026.
pub(crate) const EVENTS_PER_MILLION: f64 = 1.0;
/// Dollars per GB taken in, Standard class; a function's first 10 TB of a month cost the same.
/// "Amazon `CloudWatch` Pricing"; 2026-06-13.
const LOGS_PER_GB: f64 = 0.50;
/// Dollars per GB that a data protection policy scans. "Amazon `CloudWatch` Pricing"; no date.
const SCANNED_PER_GB: f64 = 0.12;
/// Dollars per GB-month of archived, compressed logs. "Amazon `CloudWatch` Pricing"; no date.
const ARCHIVE_PER_GB_MONTH: f64 = 0.03;
/// The size of a compressed log, as a fraction: an assumption, and a matter of cents.
const ARCHIVED_PER_BYTE: f64 = 0.15;
/// Dollars per custom metric and month, the first 10,000. "Amazon `CloudWatch` Pricing";
/// 2026-02-15.
pub(crate) const METRIC_PER_MONTH: f64 = 0.30;
/// Dollars per metric that an alarm watches at standard resolution. "Amazon `CloudWatch` Pricing";
/// no date.
pub(crate) const ALARM_PER_MONTH: f64 = 0.10;
/// Dollars per rule of Contributor Insights and month. "Amazon `CloudWatch` Pricing"; no date.
const INSIGHT_RULE_PER_MONTH: f64 = 0.50;
/// Dollars per month for a web ACL of a firewall, and for each of its rules. "AWS WAF Pricing"; no
/// date.
pub(crate) const FIREWALL_PER_MONTH: f64 = 5.0;
pub(crate) const FIREWALL_RULE_PER_MONTH: f64 = 1.0;
/// Dollars per dashboard and month. "Amazon `CloudWatch` Pricing"; 2026-06-13.
const DASHBOARD_PER_MONTH: f64 = 3.0;
/// How a table is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Keeping {
    /// Whether its class is Standard-Infrequent Access and not Standard.
    pub(crate) is_infrequent: bool,
    pub(crate) has_recovery: bool,
    /// How long its data stay.
    pub(crate) months: f64,
}

/// The average usage of one table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableUsage {
    pub(crate) keeping: Keeping,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    /// Bytes that are added to the table.
    pub(crate) stored_bytes: f64,
}

/// The average usage of one request. Functions run on `arm64`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) api_requests: f64,
    pub(crate) invocations: f64,
    pub(crate) memory_mib: u32,
    /// Waiting for the gateway: Lambda charges for the wait.
    pub(crate) gateway_ms: f64,
    /// Everything else while it runs.
    pub(crate) own_ms: f64,
    /// A fraction: how many invocations meet a new environment.
    pub(crate) cold_starts: f64,
    /// Charged like the rest: always for a custom runtime, since August 2025 for the managed ones,
    /// too.
    pub(crate) init_ms: f64,
    pub(crate) tables: Vec<TableUsage>,
    /// Lines of functions, which are scanned for card data.
    pub(crate) log_bytes: f64,
    /// Lines of API Gateway.
    pub(crate) access_log_bytes: f64,
    pub(crate) log_months: f64,
    /// A fraction: secrets stay in memory for a while.
    pub(crate) secret_reads: f64,
}

/// The usage of a deployment in a month, with or without payments.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fixed {
    pub(crate) schedule_invocations: f64,
    /// Milliseconds of all of them, each multiplied by its memory in MiB.
    pub(crate) schedule_mib_ms: f64,
    /// Reads of the schedules' indexes.
    pub(crate) read_units: f64,
    /// Heartbeats of the orders' stream: a write beside the orders, an invocation of the journal's
    /// function, whose time is above, and a write of the journal.
    pub(crate) heartbeats: f64,
    /// Lines of the schedules, which are scanned for card data.
    pub(crate) log_bytes: f64,
    pub(crate) secrets: f64,
    /// Metrics that alarms watch; an alarm on an expression watches several.
    pub(crate) alarms: f64,
    /// Custom metrics, one for each combination of dimensions.
    pub(crate) metrics: f64,
    pub(crate) dashboards: f64,
    /// Rules of Contributor Insights.
    pub(crate) insight_rules: f64,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) dollars: f64,
}

/// The cost of one thing, by AWS service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) lines: Vec<Line>,
    pub(crate) total: f64,
}

impl Cost {
    fn new(lines: impl IntoIterator<Item = (&'static str, f64)>) -> Self {
        let lines: Vec<_> = lines.into_iter().map(|(name, dollars)| Line { name, dollars }).collect();
        let total = lines.iter().map(|line| line.dollars).sum();
        Self { lines, total }
    }

    /// Several together, line by line.
    pub(crate) fn sum(costs: &[Self]) -> Self {
        let names = costs.first().into_iter().flat_map(|cost| &cost.lines).enumerate();
        Self::new(names.map(|(n, line)| (line.name, costs.iter().map(|cost| cost.lines[n].dollars).sum())))
    }
}

/// Dollars per million requests.
pub(crate) fn per_million(usage: &Usage) -> Cost {
    // Each invocation is rounded up to a millisecond.
    let run_ms = usage.invocations * (usage.gateway_ms + usage.own_ms).ceil();
    let init_ms = usage.invocations * usage.cold_starts * usage.init_ms;
    let compute = |ms| compute(usage.memory_mib, ms * MILLION);
    let of_tables = |dollars: fn(&TableUsage) -> f64| usage.tables.iter().map(dollars).sum::<f64>();
    let scanned_gb = usage.log_bytes * MILLION / BYTES_PER_GB;
    let log_gb = scanned_gb + usage.access_log_bytes * MILLION / BYTES_PER_GB;
    let archived_gb_months = log_gb * ARCHIVED_PER_BYTE * usage.log_months;
    Cost::new([
        ("API Gateway requests", usage.api_requests * HTTP_API_PER_MILLION),
        ("Lambda requests", usage.invocations * LAMBDA_PER_MILLION),
        ("Lambda compute", compute(run_ms)),
        ("Lambda cold starts", compute(init_ms)),
        ("DynamoDB writes", of_tables(TableUsage::writing)),
        ("DynamoDB reads", of_tables(TableUsage::reading)),
        ("DynamoDB storage", of_tables(TableUsage::storage)),
        ("DynamoDB point-in-time recovery", of_tables(TableUsage::recovery)),
        ("Secrets Manager calls", usage.secret_reads * SECRET_READS_PER_MILLION),
        ("CloudWatch log ingestion", log_gb * LOGS_PER_GB),
        ("CloudWatch log scanning", scanned_gb * SCANNED_PER_GB),
        ("CloudWatch log storage", archived_gb_months * ARCHIVE_PER_GB_MONTH),
    ])
}

impl TableUsage {
    fn writing(&self) -> f64 {
        let each =
            if self.keeping.is_infrequent { INFREQUENT_WRITES_PER_MILLION } else { WRITES_PER_MILLION };
        self.write_units * each
    }

    fn reading(&self) -> f64 {
        let each = if self.keeping.is_infrequent { INFREQUENT_READS_PER_MILLION } else { READS_PER_MILLION };
        self.read_units * each
    }

    fn gb_months(&self) -> f64 {
        self.stored_bytes * MILLION / BYTES_PER_GB * self.keeping.months
    }

    fn storage(&self) -> f64 {
        let each = if self.keeping.is_infrequent { INFREQUENT_PER_GB_MONTH } else { TABLE_PER_GB_MONTH };
        self.gb_months() * each
    }

    fn recovery(&self) -> f64 {
        if self.keeping.has_recovery { self.gb_months() * RECOVERY_PER_GB_MONTH } else { 0.0 }
    }
}

/// The cost without any request, in dollars per month.
pub(crate) fn per_month(fixed: &Fixed) -> Cost {
    let millions = fixed.schedule_invocations / MILLION;
    let heartbeats = fixed.heartbeats / MILLION;
    let heartbeat_writes = heartbeats * 2.0 * INFREQUENT_WRITES_PER_MILLION;
    // Of the orders and of the journal, nearly all.
    let reads = fixed.read_units / MILLION * INFREQUENT_READS_PER_MILLION;
    Cost::new([
        ("EventBridge Scheduler", millions * SCHEDULER_PER_MILLION),
        ("Lambda requests of schedules", (millions + heartbeats) * LAMBDA_PER_MILLION),
        ("Lambda compute of schedules", compute(1, fixed.schedule_mib_ms)),
        ("DynamoDB of schedules", reads + heartbeat_writes),
        ("CloudWatch logs of schedules", fixed.log_bytes / BYTES_PER_GB * (LOGS_PER_GB + SCANNED_PER_GB)),
        ("Secrets Manager secrets", fixed.secrets * SECRET_PER_MONTH),
        ("CloudWatch alarms", fixed.alarms * ALARM_PER_MONTH),
        ("CloudWatch metrics", fixed.metrics * METRIC_PER_MONTH),
        ("CloudWatch dashboards", fixed.dashboards * DASHBOARD_PER_MONTH),
        ("CloudWatch Contributor Insights", fixed.insight_rules * INSIGHT_RULE_PER_MONTH),
    ])
}

fn compute(memory_mib: u32, ms: f64) -> f64 {
    f64::from(memory_mib) / MIB_PER_GB * ms / MS_PER_SECOND * LAMBDA_PER_GB_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage() -> Usage {
        let keeping = Keeping { is_infrequent: false, has_recovery: true, months: 12.0 };
        let orders = TableUsage { keeping, write_units: 4.0, read_units: 2.0, stored_bytes: 2048.0 };
        let keeping = Keeping { is_infrequent: true, has_recovery: false, months: 6.0 };
        Usage {
            api_requests: 1.0,
            invocations: 1.0,
            memory_mib: 512,
            gateway_ms: 490.0,
            own_ms: 9.2,
            cold_starts: 0.01,
            init_ms: 100.0,
            tables: vec![
                orders,
                TableUsage { keeping, write_units: 3.0, read_units: 1.0, stored_bytes: 1024.0 },
            ],
            log_bytes: 3072.0,
            access_log_bytes: 1024.0,
            log_months: 6.0,
            secret_reads: 0.002,
        }
    }

    fn fixed() -> Fixed {
        Fixed {
            schedule_invocations: 50_000.0,
            schedule_mib_ms: 50_000.0 * 100.0 * 1024.0,
            read_units: 2e6,
            heartbeats: 40_000.0,
            log_bytes: 1_073_741_824.0,
            secrets: 2.0,
            alarms: 15.0,
            metrics: 10.0,
            dashboards: 1.0,
            insight_rules: 2.0,
        }
    }

    #[track_caller]
    fn assert_lines(cost: &Cost, expected: &[f64]) {
        assert_eq!(cost.lines.len(), expected.len());
        for (line, expected) in cost.lines.iter().zip(expected) {
            assert!((line.dollars - expected).abs() < 1e-4, "{line:?} is not {expected}");
        }
        assert!((cost.total - expected.iter().sum::<f64>()).abs() < 1e-3, "{}", cost.total);
    }

    #[test]
    fn a_million_requests_cost_what_they_do_by_hand() {
        // Compute: 0.5 GB × 0.5 s = 0.25 GB-s; × 10⁶ × 0.0000133334 = 3.3334.
        // Cold starts: 0.5 GB × 0.01 × 0.1 s = 0.0005 GB-s; × 10⁶ × 0.0000133334 = 0.0067.
        // Writes: 4 × 0.625 + 3 × 0.78 = 4.84. Reads: 2 × 0.125 + 0.155 = 0.405.
        // Orders: 2048 × 10⁶ / 2³⁰ = 1.907349 GB × 12 months = 22.888184; × 0.25 = 5.7220,
        // × 0.20 = 4.5776. The other: 0.953674 GB × 6 months × 0.10 = 0.5722.
        // Logs: 3.814697 GB × 0.50 = 1.9073; × 0.15 × 6 months × 0.03 = 0.1030. Functions' own,
        // scanned: 2.861023 GB × 0.12 = 0.3433.
        let expected =
            [1.0, 0.2, 3.3334, 0.006_667, 4.84, 0.405, 6.2942, 4.5776, 0.01, 1.9073, 0.3433, 0.1030];
        assert_lines(&per_million(&usage()), &expected);
    }

    #[test]
    fn a_month_costs_what_it_does_by_hand() {
        // 50,000 × 0.1 s × 1 GB = 5,000 GB-s × 0.0000133334 = 0.0667.
        // Requests: 90,000 × 0.20. Tables: 2 × 0.155 + 0.04 × 2 × 0.78 = 0.3724.
        let expected = [0.05, 0.018, 0.0667, 0.3724, 0.62, 0.8, 1.5, 3.0, 3.0, 1.0];
        assert_lines(&per_month(&fixed()), &expected);
    }
}
