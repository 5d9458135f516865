//! The questions of finance and support to the ledger, as in docs/reports.md.

use jiff::{SignedDuration, ToSpan as _, civil::Date};
use serde_json::{Value, json};
use tollgate_core::journal::day_of;

use super::seed::Seeded;

/// A sample event is the pattern of API Gateway's events.
const EVENT: &str = include_str!("../../../../events/transactions-entries.json");

/// The kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page of an index or a day.
    Page,
    /// Sums of a day, of days in a time zone, or of captures to come.
    Sums,
    /// A question that reads more or less by machine and day: sums of months, a query for each year
    /// that they touch; or a page that no index has, which is read until it is full or its time is
    /// up, and which the cursor continues.
    Varying,
}

pub(super) struct Question {
    pub(super) what: &'static str,
    pub(super) kind: Kind,
    /// The path and the query, whose characters need no encoding.
    uri: String,
}

impl Question {
    fn new(kind: Kind, what: &'static str, uri: String) -> Self {
        Self { what, kind, uri }
    }

    /// As API Gateway's event.
    pub(super) fn event(&self) -> Value {
        let mut event: Value = serde_json::from_str(EVENT).unwrap_or_default();
        let (path, query) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let order = path.strip_prefix("/v2/orders/").and_then(|rest| rest.strip_suffix("/entries"));
        let route = json!(format!("ANY {}", order.map_or(path, |_| "/v2/orders/{orderId}/entries")));
        // The function reads no other form of the query.
        event["rawQueryString"] = json!(query);
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["path"] = json!(path);
        event["requestContext"]["routeKey"] = route.clone();
        event["routeKey"] = route;
        if let Some(order) = order {
            event["pathParameters"] = json!({ "orderId": order });
        }
        event
    }
}

/// All questions. Those to other functions (receipts, evidence, who stopped payments) read one item
/// each.
pub(super) fn questions(seeded: &Seeded) -> Vec<Question> {
    let mut all = payments(seeded);
    all.extend(movements(seeded));
    all.extend([
        Question::new(Kind::Page, "what needs attention", "/v2/attention".to_owned()),
        Question::new(Kind::Page, "captures to come", "/v2/captures".to_owned()),
        Question::new(Kind::Sums, "captures to come by day", "/v2/captures/daily".to_owned()),
    ]);
    all.extend(totals(seeded));
    all
}

/// Days after the last payment, or before it.
fn day(seeded: &Seeded, days: i64) -> Date {
    day_of(seeded.until).saturating_add(days.days())
}

/// Where the last month begins, or all that was seeded.
fn month(seeded: &Seeded) -> Date {
    day_of(seeded.since).max(day(seeded, -30))
}

fn payments(seeded: &Seeded) -> Vec<Question> {
    let Seeded { retref, reference, card: (digits, amount, paid_at), .. } = seeded;
    let (least, most) = (amount - 100, amount + 100);
    let [from, to] = [-1, 1].map(|hours| *paid_at + SignedDuration::from_hours(hours));
    let (yesterday, in_three_days, month) = (day(seeded, -1), day(seeded, 3), month(seeded));
    let ask =
        |kind, what, filter: String| Question::new(kind, what, format!("/v2/transactions?filter={filter}"));
    let page = |what, filter| ask(Kind::Page, what, filter);
    let of_month = |kind, what, filter: &str| ask(kind, what, format!("ge(created_at,{month}):{filter}"));
    vec![
        page("all payments of a day", format!("eq(created_at,{yesterday})")),
        page(
            "a payment by last four digits and amount",
            format!("eq(last_four,{digits}):eq(amount,{amount})"),
        ),
        page("payments that need attention", "eq(needs_attention,true)".to_owned()),
        page("authorizations that lapse on a day", format!("eq(authorization_expires_at,{in_three_days})")),
        of_month(Kind::Page, "authorized in a month, still held", "eq(state,held)"),
        of_month(
            Kind::Page,
            "authorized in a month, never captured",
            "in(state,held,lapsed,voided,voided_elsewhere)",
        ),
        page(
            "a card, about an amount, around a time",
            format!(
                "eq(last_four,{digits}):ge(amount,{least}):le(amount,{most}):ge(created_at,{from}):lt(created_at,{to})"
            ),
        ),
        page("payments by a reference", format!("eq(retref,{retref})")),
        page("payments by the shop's reference", format!("eq(custom_reference,{reference})")),
        of_month(Kind::Page, "declined payments of a month", "eq(state,declined)"),
        of_month(Kind::Varying, "payments of a month with a rare amount", "eq(amount,1)"),
        of_month(Kind::Varying, "payments of a month with a rare brand", "eq(brand,jcb)"),
        of_month(
            Kind::Varying,
            "payments of a month with a decline code",
            "eq(decline_code,fraud_suspected)",
        ),
    ]
}

fn movements(seeded: &Seeded) -> Vec<Question> {
    let Seeded { retref, refunded_order, .. } = seeded;
    let (yesterday, week, month) = (day(seeded, -1), day(seeded, -7), month(seeded));
    let ask = |kind, what, filter| Question::new(kind, what, format!("/v2/entries?filter={filter}"));
    let by_ann = format!("ge(created_at,{week}):eq(fact,refunded):eq(actor,ann@shop.example)");
    let of_another = format!("ge(created_at,{month}):eq(mid,none)");
    vec![
        ask(Kind::Page, "movements of a day", format!("eq(created_at,{yesterday})")),
        ask(Kind::Page, "refunds by one person of a week", by_ann),
        ask(Kind::Page, "movements by a reference", format!("eq(retref,{retref})")),
        ask(Kind::Varying, "movements of a month of another MID", of_another),
        Question::new(Kind::Page, "movements of one order", format!("/v2/orders/{refunded_order}/entries")),
    ]
}

fn totals(seeded: &Seeded) -> Vec<Question> {
    let ask = |kind, what, query| Question::new(kind, what, format!("/v2/reports/totals?{query}"));
    let months = [seeded.since, seeded.until].map(|at| day_of(at).strftime("%Y-%m"));
    let by = |what, by| {
        let [from, to] = &months;
        ask(Kind::Varying, what, format!("from={from}&to={to}&by={by}&interval=month"))
    };
    let (yesterday, first, last) = (day(seeded, -1), day(seeded, -91), day(seeded, 0));
    let local = format!("from={first}&to={last}&by=mid&interval=day&time_zone=America/New_York");
    let month_report = format!("/v2/reports/month?from={}&to={yesterday}", month(seeded));
    vec![
        ask(Kind::Sums, "totals of a day", format!("from={yesterday}&to={yesterday}")),
        by("totals by month and MID", "mid"),
        by("approval rates by brand", "brand"),
        by("approval rates by decline code", "decline_code"),
        ask(Kind::Sums, "totals of 92 local days", local),
        Question::new(Kind::Varying, "a month that ties out, its first part", month_report),
    ]
}
