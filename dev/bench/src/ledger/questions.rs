//! The questions of finance and support to the ledger, as in docs/finance.md.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::seed::Seeded;

/// A sample event is the pattern of API Gateway's events.
const EVENT: &str = include_str!("../../../../events/transactions-entries.json");

/// The kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page of an index or a day.
    Page,
    /// A page that no index has: it is read until it is full or its time is up, and the cursor
    /// continues it.
    Scan,
    /// Sums of a day, or of days in a time zone.
    Totals,
    /// Sums of months: a query for each year that they touch.
    Months,
}

impl Kind {
    /// Whether it reads the same on each machine and day.
    pub(super) fn is_steady(self) -> bool {
        matches!(self, Self::Page | Self::Totals)
    }
}

/// One call.
pub(super) struct Question {
    pub(super) what: &'static str,
    pub(super) kind: Kind,
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Question {
    /// As API Gateway's event.
    pub(super) fn event(&self) -> Value {
        let mut event: Value = serde_json::from_str(EVENT).unwrap_or_default();
        let route =
            if self.path.starts_with("/v2/orders/") { "/v2/orders/{orderId}/entries" } else { &self.path };
        let order = self.path.split('/').nth(3);
        let query = self.query.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let each: Map<String, Value> =
            self.query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let key = json!(format!("GET {route}"));
        event["rawQueryString"] = json!(query.collect::<Vec<_>>().join("&"));
        event["queryStringParameters"] = Value::Object(each);
        event["rawPath"] = json!(self.path);
        event["requestContext"]["http"]["path"] = json!(self.path);
        event["requestContext"]["routeKey"] = key.clone();
        event["routeKey"] = key;
        if let Some(order) = order {
            event["pathParameters"] = json!({ "orderId": order });
        }
        event
    }
}

/// Everything but letters and digits as bytes in hexadecimal.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// All questions. Those to other functions (receipts, evidence, who stopped payments) read one item
/// each.
pub(super) fn questions(seeded: &Seeded) -> Vec<Question> {
    let Seeded { until, since, refunded_order, retref, .. } = seeded;
    let (yesterday, week, month) = (day_of(*until, -1), day_of(*until, -7), month_of(*since, *until));
    let entries = [
        ("movements of a day", format!("eq(created_at,{yesterday})")),
        (
            "refunds by one person of a week",
            format!("ge(created_at,{week}):eq(fact,refunded):eq(actor,ann@shop.example)"),
        ),
        ("movements by a reference", format!("eq(retref,{retref})")),
        ("movements of a month of another MID", format!("ge(created_at,{month}):eq(mid,none)")),
    ];
    let page = |path: &str| {
        let path = path.to_owned();
        move |(what, filter): (&'static str, String)| {
            let query = vec![("filter", filter), ("time_zone", "UTC".to_owned())];
            // In this period, no index has it.
            let kind = if what.contains("of a month with") || what.contains("of another") {
                Kind::Scan
            } else {
                Kind::Page
            };
            Question { what, kind, path: path.clone(), query }
        }
    };
    let plain =
        |what, path: &str| Question { what, kind: Kind::Page, path: path.to_owned(), query: Vec::new() };
    let totals = totals(seeded).into_iter().map(|(what, query)| {
        let kind =
            if query.contains(&("interval", "month".to_owned())) { Kind::Months } else { Kind::Totals };
        Question { what, kind, path: "/v2/reports/totals".to_owned(), query }
    });
    let others = [
        plain("what needs attention", "/v2/attention"),
        plain("captures to come", "/v2/captures"),
        plain("movements of one order", &format!("/v2/orders/{refunded_order}/entries")),
    ];
    let lists = payments(seeded)
        .into_iter()
        .map(page("/v2/transactions"))
        .chain(entries.into_iter().map(page("/v2/entries")));
    lists.chain(others).chain(totals).collect()
}

/// Days after a moment, or before it.
fn day_of(until: Timestamp, days: i64) -> Date {
    utc(until + SignedDuration::from_hours(days * 24))
}

/// Where the last month begins, or all that was seeded.
fn month_of(since: Timestamp, until: Timestamp) -> Date {
    utc(since).max(day_of(until, -30))
}

/// The questions about payments, each with its filter.
fn payments(seeded: &Seeded) -> Vec<(&'static str, String)> {
    let hour = SignedDuration::from_hours(1);
    let Seeded { until, since, retref, card, .. } = seeded;
    let (yesterday, month) = (day_of(*until, -1), month_of(*since, *until));
    vec![
        ("all payments of a day", format!("eq(created_at,{yesterday})")),
        (
            "a payment by last four digits and amount",
            format!("eq(last_four,{}):eq(amount,{})", card.0, card.1),
        ),
        ("payments that need attention", "eq(needs_attention,true)".to_owned()),
        ("authorizations that lapse on a day", format!("eq(authorization_expires_at,{})", day_of(*until, 3))),
        ("authorized in a month, still held", format!("ge(created_at,{month}):eq(state,held)")),
        (
            "authorized in a month, never captured",
            format!("ge(created_at,{month}):in(state,held,lapsed,voided,voided_elsewhere)"),
        ),
        (
            "a card, about an amount, around a time",
            format!(
                "eq(last_four,{}):ge(amount,{}):le(amount,{}):ge(created_at,{}):lt(created_at,{})",
                card.0,
                card.1 - 100,
                card.1 + 100,
                card.2 - hour,
                card.2 + hour
            ),
        ),
        ("payments by a reference", format!("eq(retref,{retref})")),
        ("declined payments of a month", format!("ge(created_at,{month}):eq(state,declined)")),
        ("payments of a month with a rare amount", format!("ge(created_at,{month}):eq(amount,1)")),
        ("payments of a month with a rare brand", format!("ge(created_at,{month}):eq(brand,jcb)")),
        (
            "payments of a month with a decline code",
            format!("ge(created_at,{month}):eq(decline_code,fraud_suspected)"),
        ),
    ]
}

/// The questions about totals, each with its parameters.
fn totals(seeded: &Seeded) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let Seeded { until, since, .. } = seeded;
    let yesterday = day_of(*until, -1);
    vec![
        ("totals of a day", vec![("from", yesterday.to_string()), ("to", yesterday.to_string())]),
        ("totals by month and MID", by(*since, *until, "mid", "month")),
        ("approval rates by brand", by(*since, *until, "brand", "month")),
        ("approval rates by decline code", by(*since, *until, "decline_code", "month")),
        ("totals of 92 local days", {
            let mut query = by(*until - SignedDuration::from_hours(91 * 24), *until, "mid", "day");
            query.push(("time_zone", "America/New_York".to_owned()));
            query
        }),
    ]
}

fn by(since: Timestamp, until: Timestamp, by: &str, interval: &str) -> Vec<(&'static str, String)> {
    let end = |at: Timestamp| {
        let day = utc(at).to_string();
        if interval == "month" { day[..7].to_owned() } else { day }
    };
    let (from, to) = (end(since), end(until));
    vec![("from", from), ("to", to), ("by", by.to_owned()), ("interval", interval.to_owned())]
}

fn utc(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
