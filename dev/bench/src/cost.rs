//! The cost of a million requests on AWS, at list prices of us-east-1: no free tier, no volume
//! tier, no savings plan. Each price is a constant with its unit, the AWS page that sets it, and
//! the day as of which it was last confirmed, by that page or by a copy of it. "No date" is a price
//! that was found in copies without one.
//!
//! Not included: data sent to the internet ($0.09 per GB, the first 100 GB a month free), a KMS key
//! of one's own, queries of logs and traces, and the processor's charges.

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
/// Dollars per GB-month for point-in-time recovery, however far back it reaches. The same page; no
/// date.
const RECOVERY_PER_GB_MONTH: f64 = 0.20;
/// Dollars per secret and month. "AWS Secrets Manager Pricing"; 2026-09-20.
const SECRET_PER_MONTH: f64 = 0.40;
/// Dollars per million calls, listed as $0.05 per 10,000. "AWS Secrets Manager Pricing";
/// 2026-09-20.
const SECRET_READS_PER_MILLION: f64 = 5.0;
/// Dollars per million invocations; the 14 million that are free are not deducted. "Amazon
/// `EventBridge` pricing", Scheduler; March 2026.
const SCHEDULER_PER_MILLION: f64 = 1.0;
/// Dollars per GB taken in, Standard class; a function's first 10 TB of a month cost the same.
/// "Amazon `CloudWatch` Pricing"; 2026-06-13.
const LOGS_PER_GB: f64 = 0.50;
/// Dollars per GB-month of archived, compressed logs. "Amazon `CloudWatch` Pricing"; no date.
const ARCHIVE_PER_GB_MONTH: f64 = 0.03;
/// The size of a compressed log, as a fraction: an assumption, and a matter of cents.
const ARCHIVED_PER_BYTE: f64 = 0.15;
/// Dollars per custom metric and month, the first 10,000. "Amazon `CloudWatch` Pricing";
/// 2026-02-15.
const METRIC_PER_MONTH: f64 = 0.30;
/// Dollars per metric that an alarm watches at standard resolution. "Amazon `CloudWatch` Pricing";
/// no date.
const ALARM_PER_MONTH: f64 = 0.10;
/// Dollars per rule of Contributor Insights and month. "Amazon `CloudWatch` Pricing"; no date.
const INSIGHT_RULE_PER_MONTH: f64 = 0.50;
/// Dollars per dashboard and month. "Amazon `CloudWatch` Pricing"; 2026-06-13.
const DASHBOARD_PER_MONTH: f64 = 3.0;
/// Dollars per million traces recorded. "AWS X-Ray Pricing"; May 2026.
const TRACES_PER_MILLION: f64 = 5.0;
/// Of the requests after the first of a second, those that X-Ray's default rule records.
/// "Configuring sampling rules", X-Ray developer guide.
const SAMPLED_AFTER_FIRST: f64 = 0.05;

/// The line that depends on the language and its libraries.
pub(crate) const LAMBDA_COMPUTE: &str = "Lambda compute";

/// The average usage of one request. Functions run on `arm64`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) memory_mib: u32,
    /// Waiting for the gateway: Lambda charges for the wait.
    pub(crate) gateway_ms: f64,
    /// Everything else while it runs.
    pub(crate) own_ms: f64,
    /// A fraction: how many requests meet a new environment.
    pub(crate) cold_starts: f64,
    /// Charged like the rest: always for a custom runtime, since August 2025 for the managed ones,
    /// too.
    pub(crate) init_ms: f64,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    /// Bytes that stay in the table, times the months that they stay.
    pub(crate) stored_byte_months: f64,
    /// With the lines that Lambda writes itself, and the access log.
    pub(crate) log_bytes: f64,
    pub(crate) log_months: f64,
    /// A fraction: secrets stay in memory for a while.
    pub(crate) secret_reads: f64,
    /// The fraction of requests with a trace, 0 without tracing; see [`sampled`].
    pub(crate) traced: f64,
}

/// The usage of a deployment in a month, with or without payments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fixed {
    pub(crate) memory_mib: u32,
    pub(crate) schedule_invocations: f64,
    /// Milliseconds of one invocation.
    pub(crate) schedule_ms: f64,
    pub(crate) secrets: u32,
    /// Metrics that alarms watch; an alarm on an expression watches several.
    pub(crate) alarms: u32,
    /// Custom metrics, one for each combination of dimensions.
    pub(crate) metrics: u32,
    pub(crate) dashboards: u32,
    /// Rules of Contributor Insights.
    pub(crate) insight_rules: u32,
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
}

/// Dollars per million requests.
pub(crate) fn per_million(usage: &Usage) -> Cost {
    // Each invocation is rounded up to a millisecond.
    let run_ms = (usage.gateway_ms + usage.own_ms).ceil();
    let init_ms = usage.cold_starts * usage.init_ms;
    let compute = |ms| compute(usage.memory_mib, ms * MILLION);
    let table_gb_months = usage.stored_byte_months * MILLION / BYTES_PER_GB;
    let log_gb = usage.log_bytes * MILLION / BYTES_PER_GB;
    let archived_gb_months = log_gb * ARCHIVED_PER_BYTE * usage.log_months;
    Cost::new([
        ("API Gateway requests", HTTP_API_PER_MILLION),
        ("Lambda requests", LAMBDA_PER_MILLION),
        (LAMBDA_COMPUTE, compute(run_ms)),
        ("Lambda cold starts", compute(init_ms)),
        ("DynamoDB writes", usage.write_units * WRITES_PER_MILLION),
        ("DynamoDB reads", usage.read_units * READS_PER_MILLION),
        ("DynamoDB storage", table_gb_months * TABLE_PER_GB_MONTH),
        ("DynamoDB point-in-time recovery", table_gb_months * RECOVERY_PER_GB_MONTH),
        ("Secrets Manager calls", usage.secret_reads * SECRET_READS_PER_MILLION),
        ("CloudWatch log ingestion", log_gb * LOGS_PER_GB),
        ("CloudWatch log storage", archived_gb_months * ARCHIVE_PER_GB_MONTH),
        ("X-Ray traces", usage.traced * TRACES_PER_MILLION),
    ])
}

/// The cost without any request, in dollars per month.
pub(crate) fn per_month(fixed: &Fixed) -> Cost {
    let millions = fixed.schedule_invocations / MILLION;
    let run_ms = fixed.schedule_invocations * fixed.schedule_ms.ceil();
    Cost::new([
        ("EventBridge Scheduler", millions * SCHEDULER_PER_MILLION),
        ("Lambda requests of schedules", millions * LAMBDA_PER_MILLION),
        ("Lambda compute of schedules", compute(fixed.memory_mib, run_ms)),
        ("Secrets Manager secrets", f64::from(fixed.secrets) * SECRET_PER_MONTH),
        ("CloudWatch alarms", f64::from(fixed.alarms) * ALARM_PER_MONTH),
        ("CloudWatch metrics", f64::from(fixed.metrics) * METRIC_PER_MONTH),
        ("CloudWatch dashboards", f64::from(fixed.dashboards) * DASHBOARD_PER_MONTH),
        ("CloudWatch Contributor Insights", f64::from(fixed.insight_rules) * INSIGHT_RULE_PER_MONTH),
    ])
}

fn compute(memory_mib: u32, ms: f64) -> f64 {
    f64::from(memory_mib) / MIB_PER_GB * ms / MS_PER_SECOND * LAMBDA_PER_GB_SECOND
}

/// The fraction of requests that X-Ray records by default, if a function's requests come evenly.
pub(crate) fn sampled(requests_per_second: f64) -> f64 {
    let first = (1.0 / requests_per_second).min(1.0);
    first + (1.0 - first) * SAMPLED_AFTER_FIRST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage() -> Usage {
        Usage {
            memory_mib: 512,
            gateway_ms: 490.0,
            own_ms: 9.2,
            cold_starts: 0.01,
            init_ms: 100.0,
            write_units: 4.0,
            read_units: 2.0,
            stored_byte_months: 2048.0 * 12.0,
            log_bytes: 4096.0,
            log_months: 6.0,
            secret_reads: 0.002,
            traced: 0.1,
        }
    }

    fn fixed() -> Fixed {
        Fixed {
            memory_mib: 1024,
            schedule_invocations: 50_000.0,
            schedule_ms: 100.0,
            secrets: 2,
            alarms: 15,
            metrics: 10,
            dashboards: 1,
            insight_rules: 2,
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
        // Table: 2048 × 10⁶ / 2³⁰ = 1.907349 GB × 12 months = 22.888184;
        // × 0.25 = 5.7220, × 0.20 = 4.5776.
        // Logs: 3.814697 GB × 0.50 = 1.9073; × 0.15 × 6 months × 0.03 = 0.1030. Traces: 0.1 × 5.
        let expected = [1.0, 0.2, 3.3334, 0.006_667, 2.5, 0.25, 5.7220, 4.5776, 0.01, 1.9073, 0.1030, 0.5];
        assert_lines(&per_million(&usage()), &expected);
    }

    #[test]
    fn a_month_costs_what_it_does_by_hand() {
        // 50,000 × 0.1 s × 1 GB = 5,000 GB-s × 0.0000133334 = 0.0667.
        assert_lines(&per_month(&fixed()), &[0.05, 0.01, 0.0667, 0.8, 1.5, 3.0, 3.0, 1.0]);
    }

    #[test]
    fn default_sampling_records_all_of_little_and_a_twentieth_of_much() {
        let close = |rate: f64, expected: f64| assert!((sampled(rate) - expected).abs() < 1e-3, "{rate}");
        close(0.0, 1.0);
        close(1.0, 1.0);
        close(10.0, 0.145);
        close(100_000.0, 0.05);
    }
}
