//! Every transcript of `docs/finance.md`, on stacks with days of payments. Other pages run in `dev/local/tests/it/pages.rs`.

use std::sync::LazyLock;

use cardpointe_simulator::{Deviation, Elsewhere, Endpoint, ReportSettings, Settings, Tender};
use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use local::{Options, merchants};
use regex::Regex;
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;
use transcript::{Block, Names, blocks};

use crate::{
    support::{Fixture, MERCHANT, run_line},
    trigger::while_told,
};

const FINANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/finance.md");

/// An authorization that lapses tomorrow; and from a day ago, at noon eight hours behind UTC, a purchase that Ann
/// refunded in part, one that was declined and one that is in doubt. Payments had been stopped before.
#[tokio::test]
async fn every_transcript_of_the_page_for_finance_is_what_the_commands_print() {
    let named = json!({"name": "Ann's Books", "address": ["1 Main St", "Springfield, IL 62701"]});
    let options = Options { merchants: [(MERCHANT.to_owned(), named)].into(), ..Options::default() };
    let fixture = Fixture::open_with(options).await;
    to_the_twelfth_of_a_month(&fixture);
    stop_and_start(&fixture).await;
    pay_by_card(&fixture, "order-1000", "authorize", "5454545454545454").await;
    // To noon, five days later: the authorization then lapses on the day after the next.
    fixture.stack.advance_clock(5 * 86_400 - 3_600);
    let paid = pay_by_card(&fixture, "order-1001", "purchase", "4788250000121443").await;
    let id = paid["data"]["id"].as_str().unwrap();
    fixture.stack.simulator().settle();
    let refund = json!({"amount": 500, "actor": "ann@shop.example", "reason": "arrived broken"});
    assert_eq!(fixture.follow_up("order-1001", id, "refund", refund).await.0, 200);
    fixture.stack.advance_clock(1);
    pay_by_card(&fixture, "order-1002", "purchase", "4387751111111053").await;
    fixture.lose(Endpoint::Auth);
    pay_by_card(&fixture, "order-1004", "purchase", "4788250000121443").await;
    fixture.stack.advance_clock(86_399);
    // For how far the journal has come.
    pay_by_card(&fixture, "order-1003", "purchase", "5454545454545454").await;
    fixture.stack.deliver_stream().await.unwrap();
    fixture.stack.invoke_scheduled("totals").await.unwrap();
    let rest = read(FINANCE).replace(&section(SETTLEMENT), "");
    assert_eq!(run_page(&fixture, &rest).await, 45);
    fixture.close().await;
}

/// Where the page for finance begins to tell of settlement.
const SETTLEMENT: &str = "## What is in Tuesday's deposit";

/// From Sunday to Tuesday: a purchase on each day, of which Sunday's was refunded in part on Monday, and Monday's arrived a
/// cent short; and a payment of the virtual terminal on Monday. It is Tuesday afternoon.
#[tokio::test]
async fn every_transcript_of_the_page_for_finance_on_settlement_is_what_the_stack_prints() {
    let fixture = Fixture::open().await;
    let reports = ReportSettings { automatic_batches: true, deposit_fee: 75, ..ReportSettings::default() };
    let settings = Settings { reports, ..Settings::default() };
    assert!(fixture.stack.simulator().set_merchant(MID, settings));
    let sunday = a_sunday(fixture.stack.clock().now());
    let until = |day: i64, hour: i64| sunday + SignedDuration::from_hours(24 * day + hour);
    to(&fixture, until(0, 15)).await;
    let first = pay_by_card(&fixture, "order-2001", "purchase", "4788250000121443").await;
    to(&fixture, until(1, 15)).await;
    let refund = json!({"amount": 500, "actor": "ann@shop.example", "reason": "arrived broken"});
    let id = first["data"]["id"].as_str().unwrap();
    assert_eq!(fixture.follow_up("order-2001", id, "refund", refund).await.0, 200);
    pay_by_card(&fixture, "order-2002", "purchase", "5454545454545454").await;
    let short = Deviation { funded_minor_units: Some(2_598), ..Deviation::default() };
    assert!(fixture.stack.simulator().deviate(&fixture.last_retref(), short));
    let elsewhere = Elsewhere {
        merchid: MID.to_owned(),
        minor_units: 1_200,
        order_id: String::new(),
        tender: Tender::default(),
    };
    fixture.stack.simulator().pay_elsewhere(&elsewhere).unwrap();
    to(&fixture, until(2, 15)).await;
    pay_by_card(&fixture, "order-2003", "purchase", "4788250000121443").await;
    to(&fixture, until(2, 19)).await;
    assert_eq!(run_page(&fixture, &section(SETTLEMENT)).await, SETTLEMENT_COMMANDS);
    fixture.close().await;
}

/// How many commands that part has.
const SETTLEMENT_COMMANDS: usize = 14;

/// The account of the built-in merchant.
const MID: &str = "496160873888";

/// A Sunday at midnight that is not over, before a Monday that is no bank holiday: none is in the first week of March.
fn a_sunday(now: Timestamp) -> Timestamp {
    let now = now.to_zoned(TimeZone::UTC);
    let march = |year| jiff::civil::date(year, 3, 1).nth_weekday_of_month(1, Weekday::Sunday).unwrap();
    let sunday = [now.year(), now.year() + 1].map(march).into_iter().find(|day| *day > now.date()).unwrap();
    sunday.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// What was paid until now comes to the journal in time.
async fn to(fixture: &Fixture, then: Timestamp) {
    fixture.stack.deliver_stream().await.unwrap();
    fixture.stack.advance_clock(then.duration_since(fixture.stack.clock().now()).as_secs());
}

fn read(page: &str) -> String {
    std::fs::read_to_string(page).unwrap()
}

/// The page for finance from this heading to the next one of its level.
fn section(heading: &str) -> String {
    let page = read(FINANCE);
    let (_, from) = page.split_once(heading).unwrap();
    from.split("\n## ").next().unwrap().to_owned()
}

/// Moves the clock to an hour after noon, eight hours behind UTC, of a day that the rest of the page's month follows.
fn to_the_twelfth_of_a_month(fixture: &Fixture) {
    let now = fixture.stack.clock().now().to_zoned(jiff::tz::TimeZone::UTC);
    let next = now.first_of_month().unwrap().checked_add(jiff::Span::new().months(1)).unwrap().date();
    let then = next.at(21, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap()
        + jiff::SignedDuration::from_hours(11 * 24);
    fixture.stack.advance_clock(then.timestamp().duration_since(now.timestamp()).as_secs());
}

async fn stop_and_start(fixture: &Fixture) {
    for (what, by, reason) in [("stop", "Ann Lee", "duplicate charges"), ("start", "Bob", "fixed")] {
        let moved = ["merchant", what, MERCHANT, "--by", by, "--reason", reason, "--yes"];
        fixture.run(&moved, "").await.done();
    }
    // Until the switch is in force.
    fixture.stack.advance_clock(16);
}

async fn pay_by_card(fixture: &Fixture, order: &str, method: &str, number: &str) -> Value {
    let registered = json!({"data": {"type": "order", "amount": 2599, "currency": "USD"}});
    fixture.call("PUT", &format!("/v2/orders/{order}"), registered).await;
    let payment = json!({"data": {
        "gateway": "card_connect", "method": method, "number": number, "month": "10", "year": "2031",
        "first_name": "John", "last_name": "Smith", "verification_value": "123",
        // For an AVS letter: without a postal code there is none on record.
        "billing_address": {"postcode": "55555"},
        "custom_reference": order.replace("order-", "invoice "),
    }});
    fixture.call("POST", &format!("/v2/orders/{order}/payments"), payment).await.1
}

/// What the page's first block defines: where the API is, a token, and days, but by the stack's clock.
async fn variables(fixture: &Fixture) -> String {
    let (_, token) = fixture.token(MERCHANT, merchants::REGISTERED_KEY).await;
    let day = |hours| {
        let at = fixture.stack.clock().now() + jiff::SignedDuration::from_hours(hours);
        at.strftime("%Y-%m-%d").to_string()
    };
    let (today, yesterday, tomorrow, last_week) = (day(0), day(-24), day(24), day(-7 * 24));
    let month = yesterday[..7].to_owned();
    let api = fixture.stack.url();
    let page = read(FINANCE);
    let first = page.lines().find(|line| line.starts_with("first() {")).unwrap();
    format!(
        "{first}\nAPI={api} A='Authorization: Bearer {token}' TODAY={today} YESTERDAY={yesterday} TOMORROW={tomorrow} MONTH={month} LAST_WEEK={last_week}"
    )
}

/// Runs every command of a page and compares what it prints; how many there were. A variable that one sets is there for
/// those after it.
async fn run_page(fixture: &Fixture, page: &str) -> usize {
    let mut defined = variables(fixture).await;
    let mut names = Names::default();
    let mut commands = 0;
    let steps = blocks(page).into_iter().flat_map(|block| match block {
        Block::Transcript(steps) => steps,
        Block::Script(script) => panic!("the page has a script, and this test runs none: {script}"),
    });
    for step in steps {
        commands += 1;
        let line = format!("{defined}\n{}", step.command);
        let ran = while_told(fixture, run_line(&line, &fixture.stack, "")).await;
        if let Err(pattern) = names.compare(&step.shown, &ran.out) {
            panic!("$ {}\nshown:\n{}\nprinted:\n{}\npattern:\n{pattern}", step.command, step.shown, ran.out);
        }
        if let Some(name) = SETS.captures(&step.command).map(|found| found[1].to_owned()) {
            let set = run_line(&format!("{line}; printf %s \"${name}\""), &fixture.stack, "").await;
            defined = format!("{defined}\n{name}='{}'", set.out);
        }
    }
    commands
}

/// A command that sets a variable.
static SETS: LazyLock<Regex> = LazyLock::new(|| Regex::new("^([A-Z]+)=").unwrap());
