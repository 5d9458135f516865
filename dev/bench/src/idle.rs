//! The bill of a month, from the template: what exists in a stage with these parameters, the usage
//! of each schedule's empty run, and a million payments.

use std::{collections::BTreeSet, time::Duration};

use local::{
    front,
    template::{Schedule, Stage, TEMPLATE, TemplateError, deployed},
};
use serde_json::Value;
use tollgate::{
    invocation::Served,
    telemetry::{Measured as _, Measures},
};
use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    payments::{CaptureReport, reconcile::ReconcileReport, trail::Trail},
    settlement::SettlementReport,
    webhooks::DeliveryReport,
};

use crate::{
    bill::{self, TABLE_MS},
    cost::{self, Cost, Fixed},
    figures::{Figures, number},
    table::{Row, Table},
    work,
};

const SECONDS_PER_MONTH: f64 = 30.0 * 24.0 * 3_600.0;
/// The switch that stops payments: most runs read it, but the measured ones have it in memory.
const SWITCH_UNITS: f64 = 1.0;

/// The parameters of each stage that is billed; all others have their defaults.
type Parameters = [(&'static str, &'static str)];
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";
const DEV: &Parameters = &[];
const ESSENTIAL: &Parameters = &[("Stage", "prod"), ("Monitoring", "essential"), ("PageTopicArn", TOPIC)];
const PROD: &Parameters = &[("Stage", "prod"), ("PageTopicArn", TOPIC), ("TicketTopicArn", TOPIC)];
const CONSOLE: &Parameters = &[("ConsoleEnabled", "true")];
const FRONT_OF_API: &Parameters = &[("TicketTopicArn", TOPIC)];
const FRONT_OF_CONSOLE: &Parameters = &[("TicketTopicArn", TOPIC), ("Cookies", "all")];

/// The bill of a month: the sum of each idle stage, and prod with payments.
pub(crate) fn month(figures: &Figures) -> Result<Table, String> {
    let total = |parameters: &Parameters| bill_of(figures, parameters).map(|bill| bill.total);
    let (prod, with_console) = (total(PROD)?, total(&[PROD, CONSOLE].concat())?);
    let sum = |name: &str, dollars| Row::new(name, dollars, "$");
    let mut rows = vec![
        sum("dev", total(DEV)?).at_most(2.0),
        sum("essential", total(ESSENTIAL)?).at_most(6.0),
        sum("prod", prod),
    ];
    let in_use = |name: &str, payments| {
        let sum = prod + metrics_of_payments() * cost::METRIC_PER_MONTH + payments;
        Row::new(name, sum, "$")
    };
    rows.push(in_use("prod with a million purchases", bill::million_purchases_a_month(figures)));
    rows.push(in_use("prod with a million browser's checkouts", bill::million_checkouts_a_month(figures)));
    // A merchant's document, and that of the merchant's receivers.
    rows.push(Row::new("besides, each further merchant", cost::SECRET_PER_MONTH, "$"));
    rows.push(Row::new("… with webhooks", 2.0 * cost::SECRET_PER_MONTH, "$"));
    // Its secret is made by hand.
    let console = with_console - prod + cost::SECRET_PER_MONTH;
    let front = |parameters| front(parameters).map_err(|error| error.to_string());
    rows.push(Row::new("besides, a console", console, "$"));
    rows.push(Row::new("besides, the API's front", front(FRONT_OF_API)?, "$"));
    rows.push(Row::new("besides, a console's front", front(FRONT_OF_CONSOLE)?, "$"));
    Ok(Table::new("A month", rows))
}

/// The lines of prod's bill for a month without payments.
pub(crate) fn month_of_prod(figures: &Figures) -> Result<Table, String> {
    let lines = bill_of(figures, PROD)?.lines.into_iter().filter(|line| line.dollars > 0.0);
    Ok(Table::new("A month of prod", lines.map(|line| Row::new(line.name, line.dollars, "$")).collect()))
}

fn bill_of(figures: &Figures, parameters: &Parameters) -> Result<Cost, String> {
    let fixed = Stage::new(TEMPLATE, parameters).and_then(|stage| fixed(figures, &stage));
    fixed.map(|fixed| cost::per_month(&fixed)).map_err(|error| error.to_string())
}

/// A month of a front with these parameters: its firewall, the rules of that, and its alarm.
fn front(parameters: &Parameters) -> Result<f64, TemplateError> {
    let resources = Stage::new(front::TEMPLATE, parameters)?.resources()?;
    let rules = resources["Firewall"]["Properties"]["Rules"].as_array().map_or(0, Vec::len);
    let alarms = resources.values().filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm").count();
    let rules = number(rules) * cost::FIREWALL_RULE_PER_MONTH;
    Ok(cost::FIREWALL_PER_MONTH + rules + number(alarms) * cost::ALARM_PER_MONTH)
}

/// The usage of a stage in a month without payments.
fn fixed(figures: &Figures, stage: &Stage) -> Result<Fixed, TemplateError> {
    let (resources, schedules) = (stage.resources()?, stage.schedules()?);
    let memories = deployed()?.memories;
    let of_type = |kind| resources.values().filter(move |resource| resource["Type"] == kind);
    let functions: BTreeSet<_> = schedules.iter().map(|schedule| schedule.function.as_str()).collect();
    let mut fixed = Fixed {
        metrics: functions.into_iter().map(published).sum(),
        // The merchant's, too.
        secrets: number(of_type("AWS::SecretsManager::Secret").count() + 1),
        alarms: of_type("AWS::CloudWatch::Alarm").map(watched).sum(),
        dashboards: number(of_type("AWS::CloudWatch::Dashboard").count()),
        insight_rules: number(of_type("AWS::CloudWatch::InsightRule").count()),
        ..Fixed::default()
    };
    for Schedule { function, every, .. } in &schedules {
        let work = |quantity: &str| figures.get(&format!("work of {function}: {quantity}"));
        let memory = memories[function];
        let ms = work::busy_ms(figures, function, memory);
        // Schedules of one function share its work.
        let parts = number(schedules.iter().filter(|other| other.function == *function).count());
        let runs = SECONDS_PER_MONTH / every.as_secs_f64();
        fixed.schedule_invocations += runs;
        fixed.schedule_mib_ms += runs * (ms / parts).ceil() * f64::from(memory);
        fixed.read_units += runs * (work("read units of an idle run") / parts + SWITCH_UNITS);
        fixed.log_bytes += runs * work("log bytes of an event");
    }
    let totals = schedules.iter().find(|schedule| schedule.function == "totals");
    if let Some(Schedule { every, .. }) = totals {
        fixed.heartbeats = SECONDS_PER_MONTH / every.as_secs_f64();
        fixed.schedule_mib_ms += fixed.heartbeats * TABLE_MS * f64::from(memories["journal"]);
    }
    Ok(fixed)
}

/// Metrics that an alarm watches: each is billed.
fn watched(alarm: &Value) -> f64 {
    let metrics = alarm["Properties"]["Metrics"].as_array().into_iter().flatten();
    number(metrics.filter(|metric| metric["MetricStat"].is_object()).count()).max(1.0)
}

/// The metrics that a run of a schedule publishes while there is nothing to do; NaN if its report
/// is not known here.
fn published(function: &str) -> f64 {
    let report = match function {
        "reconcile" => ReconcileReport::default().measures(),
        "scheduled-capture" => CaptureReport::default().measures(),
        "settlement" => SettlementReport::default().measures(),
        "totals" => TotalsReport::default().measures(),
        "webhooks" => DeliveryReport::default().measures(),
        _ => return f64::NAN,
    };
    metrics(&report) + metrics(&Trail::default().measures())
}

/// The metrics that approved payments of one kind publish, and the journal of them.
pub(crate) fn metrics_of_payments() -> f64 {
    let trail =
        Trail { kind: Some("purchase"), outcome: Some("approved"), gateway_calls: 1, ..Trail::default() };
    let served = Served { status: 200, trail, total: Duration::ZERO, cold_start: false };
    metrics(&served.measures()) + metrics(&JournalReport { new: 1, ..JournalReport::default() }.measures())
}

fn metrics(measures: &[Measures]) -> f64 {
    number(measures.iter().map(|measures| measures.metrics.len()).sum())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::page;

    #[test]
    fn an_idle_stage_publishes_nothing_and_costs_no_more_than_it_may() {
        let figures = page::published().unwrap().figures;
        let fixed = |parameters| fixed(&figures, &Stage::new(TEMPLATE, parameters).unwrap()).unwrap();
        for (parameters, counted) in [(DEV, "0 0 0"), (ESSENTIAL, "0 0 0"), (PROD, "0 1 1")] {
            let Fixed { metrics, dashboards, insight_rules, .. } = fixed(parameters);
            assert_eq!(format!("{metrics} {dashboards} {insight_rules}"), counted, "{parameters:?}");
        }
        // Calls of the gateway and their time, operations, entries.
        assert!((metrics_of_payments() - 4.0).abs() < f64::EPSILON);
        let alarms = [DEV, ESSENTIAL, PROD].map(|parameters| fixed(parameters).alarms);
        assert!(alarms[0] < 1.0 && alarms[1] > 9.0 && alarms[2] > 2.0 * alarms[1], "{alarms:?}");
        let rows = month(&figures).unwrap().rows;
        assert!(rows.iter().all(|row| row.is_met() != Some(false)), "{rows:?}");
    }

    #[test]
    fn an_alarm_is_billed_by_its_metrics() {
        let alarm = |metrics| json!({"Properties": {"Metrics": metrics}});
        let stat = json!({"MetricStat": {"Stat": "Sum"}});
        // Of an expression, of one metric, and of a rule of Contributor Insights.
        let on_a_rule = alarm(json!([{"Expression": "INSIGHT_RULE_METRIC()"}]));
        let alarms = [alarm(json!([{"Expression": "a + b"}, stat, stat])), alarm(Value::Null), on_a_rule];
        assert_eq!(alarms.map(|alarm| watched(&alarm).to_string()), ["2", "1", "1"]);
    }
}
