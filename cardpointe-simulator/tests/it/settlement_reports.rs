//! `settlestat`, `funding` and the ledger say the same, to the cent.

use std::collections::{BTreeMap, BTreeSet};

use cardpointe_simulator::{Config, RecordState, Settings, ShownSetlstat, Simulator, Stage};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{MID, RPCT, VISA, assert_members, start, start_merchant, text};
use crate::in_process::send;

/// A Monday, 14:00 Eastern.
const START: &str = "2030-03-11T18:00:00Z";
const DAY_S: i64 = 86_400;

fn simulator() -> Simulator {
    let start: Timestamp = START.parse().unwrap();
    Simulator::new(Config { quiet_json: true, ..Config::default() }, move || start)
}

fn put(simulator: &Simulator, endpoint: &str, body: &Value) -> Value {
    serde_json::from_slice(&send(simulator, "PUT", &format!("/{endpoint}"), body)).unwrap()
}

fn get(simulator: &Simulator, path: &str) -> String {
    String::from_utf8(send(simulator, "GET", path, &json!({}))).unwrap()
}

/// The batches of a response, none for "Null batches".
fn batches(simulator: &Simulator, query: &str) -> Vec<Value> {
    let body = get(simulator, &format!("/settlestat?{query}"));
    if body == "Null batches" { Vec::new() } else { serde_json::from_str(&body).unwrap() }
}

fn funding(simulator: &Simulator, merchid: &str, date: Date) -> Value {
    let date = date.strftime("%Y%m%d");
    serde_json::from_str(&get(simulator, &format!("/funding?merchid={merchid}&date={date}"))).unwrap()
}

fn minor(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap();
    text.replace('.', "").parse().unwrap_or_else(|_| panic!("{text}"))
}

/// The Eastern day of a moment.
fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()).date()
}

fn sale(simulator: &Simulator, amount: &str) -> String {
    let body = json!({
        "merchid": MID, "account": VISA, "expiry": "1249", "amount": amount, "capture": "Y", "orderid": "A-1",
    });
    text(&put(simulator, "auth", &body), "retref")
}

#[test]
fn before_a_batch_is_sent_there_is_nothing_to_report() {
    let simulator = simulator();
    sale(&simulator, "10.00");
    assert_eq!(get(&simulator, &format!("/settlestat?merchid={MID}&date=0311")), "Null batches");
    assert_eq!(get(&simulator, &format!("/settlestat?merchid={MID}")), "Null batches");
    let unknown = get(&simulator, "/settlestat?merchid=1&date=0311");
    assert!(unknown.contains("Unauthorized"), "{unknown}");
    assert_eq!(get(&simulator, "/settlestat"), "Null batches", "of the first account with the password");
    assert!(get(&simulator, "/deposit").contains("No deposits match"));
    let nothing = json!({ "errormsg": "No deposits match your request" });
    assert_eq!(funding(&simulator, MID, day(simulator.now())), nothing);
}

#[test]
fn a_batch_is_found_by_date_and_by_number_and_once_as_new() {
    let simulator = simulator();
    let retref = sale(&simulator, "10.00");
    simulator.settle();
    let by_date = batches(&simulator, &format!("merchid={MID}&date=0311"));
    let authcode =
        serde_json::from_str::<Value>(&get(&simulator, &format!("/inquire/{retref}/{MID}"))).unwrap();
    let batchid = text(&authcode, "batchid");
    assert_eq!(by_date.len(), 1);
    assert_members(
        &by_date[0],
        json!({ "merchid": MID, "batchid": batchid, "hoststat": "GB", "respproc": "FNOR" }),
    );
    assert_members(
        &by_date[0]["txns"][0],
        json!({ "retref": retref, "salesdoc": "A-1", "setlamount": "10.00", "setlstat": "Y", "cardtype": "VISA" }),
    );
    assert_eq!(batches(&simulator, &format!("merchid={MID}&batchid={batchid}")), by_date);
    assert_eq!(batches(&simulator, &format!("merchid={MID}")), by_date);
    assert_eq!(batches(&simulator, &format!("merchid={MID}")), [] as [Value; 0], "not new any more");
    assert_eq!(batches(&simulator, &format!("merchid={MID}&date=0312")), [] as [Value; 0]);
    assert_eq!(batches(&simulator, &format!("merchid={RPCT}&date=0311")), [] as [Value; 0]);
    let unreadable: Value =
        serde_json::from_str(&get(&simulator, &format!("/settlestat?merchid={MID}&date=March"))).unwrap();
    assert_eq!(unreadable["respcode"], "34");
}

#[test]
fn each_records_fate_shows_in_its_letter_and_in_the_batchs_state() {
    let simulator = simulator();
    let retrefs: Vec<String> = (0..5).map(|_| sale(&simulator, "10.00")).collect();
    simulator.settle_to(Stage::Batch);
    let report = |index: usize| {
        let batch = batches(&simulator, &format!("merchid={MID}&date=0311")).remove(0);
        (text(&batch, "hoststat"), text(&batch["txns"][index], "setlstat"))
    };
    assert_eq!(report(0), ("SB".to_owned(), String::new()));
    let fates = [
        (Stage::Rejected, "N"),
        (Stage::UnderReview, "W"),
        (Stage::FormatError, "F"),
        (Stage::TokenDecrypt, "T"),
        (Stage::Accepted, "Y"),
    ];
    for (retref, (stage, _)) in retrefs.iter().zip(fates) {
        assert!(simulator.settle_record(retref, stage));
    }
    for (index, (_, letter)) in fates.into_iter().enumerate() {
        assert_eq!(report(index), ("MB".to_owned(), letter.to_owned()));
    }
}

#[test]
fn money_arrives_after_the_days_that_the_account_is_set_to_and_not_before() {
    for days in [0, 1, 3] {
        let simulator = simulator();
        simulator.set_merchant(MID, Settings { funding_after_days: days, ..Settings::default() });
        let retref = sale(&simulator, "10.00");
        simulator.settle();
        let date = day(simulator.now() + SignedDuration::from_secs(DAY_S * i64::from(days)));
        if days > 0 {
            assert_eq!(funding(&simulator, MID, date).get("txns"), None, "not yet");
        }
        simulator.advance_clock(DAY_S * i64::from(days));
        let deposit = funding(&simulator, MID, date);
        assert_members(&deposit["fundings"][0], json!({ "totalfunding": "10.00", "netsales": "10.00" }));
        assert_members(
            &deposit["txns"][0],
            json!({ "retref": retref, "type": "SALE", "amount": "10.00", "cardnumber": "41XXXXXXXXXX1111" }),
        );
        let short = date.strftime("%m%d");
        let by_month_and_day = get(&simulator, &format!("/funding?merchid={MID}&date={short}"));
        assert_eq!(serde_json::from_str::<Value>(&by_month_and_day).unwrap(), deposit);
    }
}

/// The totals of accepted transactions, by the day of the batch or of the deposit.
type Totals = BTreeMap<Date, i64>;

/// The sums of `settlestat` and `funding` over some days.
fn reported(simulator: &Simulator, merchid: &str, first: Date, days: i32) -> (i64, Totals, BTreeSet<String>) {
    let (mut settled, mut funded, mut retrefs) = (0, Totals::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for offset in 0..days {
        let date = first.checked_add(jiff::Span::new().days(offset)).unwrap();
        for batch in batches(simulator, &format!("merchid={merchid}&date={}", date.strftime("%m%d"))) {
            // A batch whose records were sent on several days is returned for each of them.
            if !seen.insert(text(&batch, "batchid")) {
                continue;
            }
            for entry in batch["txns"].as_array().unwrap() {
                if entry["setlstat"] == "Y" {
                    settled += minor(&entry["setlamount"]);
                    assert!(retrefs.insert(text(entry, "retref")), "in two batches: {entry}");
                }
            }
        }
        let deposit = funding(simulator, merchid, date);
        let Some(entries) = deposit["txns"].as_array() else { continue };
        let total: i64 = entries.iter().map(|entry| minor(&entry["amount"])).sum();
        assert_eq!(minor(&deposit["fundings"][0]["totalfunding"]), total, "{date}");
        funded.insert(date, total);
    }
    (settled, funded, retrefs)
}

/// One random step in the life of the merchant's transactions.
fn step(simulator: &Simulator, rng: &mut StdRng, retrefs: &mut Vec<(String, &'static str)>) {
    let some = |rng: &mut StdRng, retrefs: &[(String, &'static str)]| {
        retrefs[rng.random_range(retrefs.len().saturating_sub(40)..retrefs.len())].clone()
    };
    let amount = format!("{}.{:02}", rng.random_range(1..400), rng.random_range(0..100));
    match rng.random_range(0..20) {
        0..=12 => {
            let merchid = if rng.random_range(0..4) == 0 { RPCT } else { MID };
            let capture = if rng.random_range(0..5) == 0 { "N" } else { "Y" };
            let body = json!({
                "merchid": merchid, "account": VISA, "expiry": "1249", "amount": amount, "capture": capture,
            });
            retrefs.push((text(&put(simulator, "auth", &body), "retref"), merchid));
        }
        kind @ 13..=17 if !retrefs.is_empty() => {
            let (retref, merchid) = some(rng, retrefs);
            let mut body = json!({ "merchid": merchid, "retref": retref });
            let endpoint = match kind {
                13 => "capture",
                14 => "void",
                _ => "refund",
            };
            if endpoint == "refund" {
                body["amount"] = json!(amount);
            }
            let answer = put(simulator, endpoint, &body);
            if endpoint == "refund" && answer["respstat"] == "A" {
                retrefs.push((text(&answer, "retref"), merchid));
            }
        }
        18 if !retrefs.is_empty() => {
            let stages =
                [Stage::Batch, Stage::Rejected, Stage::UnderReview, Stage::Accepted, Stage::FormatError];
            let stage = stages[rng.random_range(0..stages.len())];
            simulator.settle_record(&some(rng, retrefs).0, stage);
        }
        _ if rng.random_range(0..4) == 0 => {
            simulator.settle();
            simulator.advance_clock(rng.random_range(0..DAY_S / 8));
        }
        _ => {}
    }
}

#[test]
fn the_settlement_of_ten_thousand_random_transactions_adds_up_to_the_cent() {
    let (mut counted, mut rejected, mut refunds) = (0, 0, 0);
    for seed in 0..10 {
        let simulator = simulator();
        let first = day(simulator.now());
        let mut rng = StdRng::seed_from_u64(seed);
        let mut retrefs = Vec::new();
        while simulator.record_count() < 1_000 {
            step(&simulator, &mut rng, &mut retrefs);
        }
        simulator.advance_clock(2 * DAY_S);
        let days = day(simulator.now()).since(first).unwrap().get_days() + 1;
        for merchid in [MID, RPCT] {
            let records: Vec<_> =
                simulator.records().into_iter().filter(|record| record.merchid == merchid).collect();
            let accepted: Vec<_> =
                records.iter().filter(|record| record.state == RecordState::Accepted).collect();
            let ledger: i64 = accepted.iter().map(|record| record.moved_minor_units()).sum();
            let (settled, funded, found) = reported(&simulator, merchid, first, days);
            assert_eq!(settled, ledger, "settlestat, seed {seed}, {merchid}");
            assert_eq!(funded.values().sum::<i64>(), ledger, "funding, seed {seed}, {merchid}");
            let expected: BTreeSet<String> = accepted.iter().map(|record| record.retref.clone()).collect();
            assert_eq!(found, expected, "the same records, each once");

            let mut by_day = Totals::new();
            for record in &accepted {
                let settled = record.history.iter().find(|change| change.state == RecordState::Accepted);
                let date = day(settled.unwrap().at + SignedDuration::from_secs(DAY_S));
                *by_day.entry(date).or_default() += record.moved_minor_units();
            }
            assert_eq!(funded, by_day, "each on its day, seed {seed}, {merchid}");
            counted += records.len();
            rejected += records.iter().filter(|record| record.state == RecordState::Rejected).count();
            refunds += accepted.iter().filter(|record| record.moved_minor_units() < 0).count();
        }
    }
    assert!(counted >= 10_000 && rejected > 50 && refunds > 100, "{counted} {rejected} {refunds}");
}

#[tokio::test]
async fn inquiries_show_every_state_that_is_documented_or_was_seen() {
    let gateway = start_merchant(Settings::default()).await;
    let state = async |retref: &str| gateway.inquire(retref).await.get("setlstat").cloned();
    let word = |word: &str| Some(json!(word));
    let captured = async || gateway.authorized(json!({ "capture": "Y" })).await;

    assert_eq!(state(&gateway.authorized(json!({})).await).await, word("Authorized"));
    assert_eq!(state(&captured().await).await, word("Queued for Capture"));
    assert_eq!(state(&gateway.authorized(json!({ "amount": "0.00" })).await).await, word("Zero Amount"));
    let declined = gateway.auth(json!({ "amount": "1051.00" })).await;
    assert_eq!(state(&text(&declined, "retref")).await, word("Declined"));
    let voided = captured().await;
    gateway.put("void", json!({ "retref": voided })).await;
    assert_eq!(state(&voided).await, word("Voided"));
    for (stage, expected) in [
        (Stage::Accepted, "Accepted"),
        (Stage::Rejected, "Rejected"),
        (Stage::FormatError, "Format Error"),
        (Stage::TokenDecrypt, "Token Decrypt"),
        (Stage::UnderReview, "Amount Under Review"),
    ] {
        let retref = captured().await;
        assert!(gateway.simulator.settle_record(&retref, stage));
        assert_eq!(state(&retref).await, word(expected));
    }
    // Only seen, or only on processors that are not simulated: as a test chooses.
    let retref = captured().await;
    for shown in ["Pin Debit", "Refunded", ""] {
        assert!(gateway.simulator.show_setlstat(&retref, Some(ShownSetlstat::Text(shown.to_owned()))));
        assert_eq!(state(&retref).await, word(shown));
    }
    assert!(gateway.simulator.show_setlstat(&retref, Some(ShownSetlstat::Absent)));
    assert_eq!(state(&retref).await, None);
}

#[tokio::test]
async fn null_batches_come_as_bare_text_under_a_json_content_type() {
    let gateway = start().await;
    let path = format!("/settlestat?merchid={MID}&date=0101");
    let response = gateway.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.text().await.unwrap(), "Null batches");
}
