//! `settlement …`: money that reached the bank account, money that did not, and people's notes on
//! it.

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::Deviation;
use jiff::ToSpan as _;
use serde_json::{Value, json};
use tollgate::dynamodb::Item;
use tollgate_core::{settlement::eastern_day, values::Clock as _};

use crate::support::{Fixture, MERCHANT};

const MID: &str = "496160873888";
const DAY_S: i64 = 86_400;
const SINCE: &str = "2020-01-01T00:00:00Z";

/// Two payments, of which the second arrives without a cent. Two days later everything is settled,
/// funded and read.
async fn a_cent_is_missing() -> (Fixture, String) {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.pay("whole", "purchase").await.0, 200);
    assert_eq!(fixture.pay("short", "purchase").await.0, 200);
    let retref = fixture.last_retref();
    fixture.stack.deliver_stream().await.unwrap();
    let simulator = fixture.stack.simulator();
    simulator.settle();
    let short = Deviation { funded_minor_units: Some(2_598), ..Deviation::default() };
    assert!(simulator.deviate(&retref, short));
    // On any day: a weekend and a holiday in a row have no deposits.
    for _ in 0..5 {
        fixture.stack.advance_clock(DAY_S);
        fixture.stack.invoke_scheduled("totals").await.unwrap();
        let report = fixture.stack.invoke_scheduled("settlement").await.unwrap();
        assert_eq!(report["failed"], 0, "{report}");
    }
    (fixture, retref)
}

#[tokio::test]
async fn a_deposit_is_explained_line_by_line_and_its_wrong_cent_is_found_noted_and_resolved() {
    let (fixture, retref) = a_cent_is_missing().await;
    let run = async |arguments: &[&str]| fixture.run(&[&["settlement"], arguments].concat(), "").await;

    let listed = run(&["list", MERCHANT, "--json"]).await.json();
    let [deposit] = listed["deposits"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&deposit["net"], &deposit["unmatched"]), (&json!(5_197), &json!(1)), "{listed}");
    assert_eq!(listed["accounts"][0]["mid"], MID);
    let (id, trace) = (deposit["id"].as_str().unwrap(), deposit["trace_number"].as_str().unwrap());
    let table = run(&["list", MERCHANT]).await.done();
    assert!(table.contains(id) && table.contains("51.97 USD") && table.contains("1 deposit from"), "{table}");
    assert!(table.contains(&format!("MID {MID}: read ")), "{table}");

    let shown = run(&["show", MERCHANT, id]).await.done();
    assert!(shown.contains("  arrived      51.97 USD") && shown.contains("2 of 2 lines"), "{shown}");
    let line = shown.lines().find(|line| line.starts_with(&retref)).unwrap();
    assert!(
        line.contains("25.98 USD") && line.contains("short") && line.ends_with("amount_differs"),
        "{line}"
    );
    let by_trace = run(&["show", MERCHANT, trace, "--json"]).await.json();
    assert_eq!(by_trace["id"], id);
    let csv = run(&["show", MERCHANT, id, "--csv"]).await.done();
    assert!(csv.starts_with("deposit,date,retref,kind,amount,") && csv.contains(",25.98,USD,"), "{csv}");
    let first = run(&["show", MERCHANT, id, "--limit", "1", "--json"]).await.json();
    let next = first["next"].as_str().unwrap();
    let second = run(&["show", MERCHANT, id, "--limit", "1", "--next", next, "--json"]).await.json();
    let retrefs = |page: &Value| page["line_details"][0]["retref"].clone();
    assert!(retrefs(&first) != retrefs(&second) && second["next"].is_null(), "{second}");

    let open = run(&["exceptions", MERCHANT, "--cause", "amount_differs", "--json"]).await.json();
    let [exception] = open["exceptions"].as_array().unwrap().as_slice() else { panic!("{open}") };
    assert_eq!((&exception["expected"], &exception["found"]), (&json!(2_599), &json!(2_598)), "{open}");
    let exception = exception["id"].as_str().unwrap();
    run(&["note", MERCHANT, exception, "--by", "Ann Lee", "--text", "asked the processor"]).await.done();
    let table = run(&["exceptions", MERCHANT]).await.done();
    assert!(
        table.contains("Ann Lee noted: asked the processor") && table.contains("1 open exception"),
        "{table}"
    );
    let resolve = ["resolve", MERCHANT, exception, "--by", "Ann Lee", "--reason", "the cent is credited"];
    run(&resolve).await.done();
    run(&resolve).await.done();
    let another = ["resolve", MERCHANT, exception, "--by", "Bob", "--reason", "lost"];
    run(&another).await.fails(4, "Ann Lee resolved it: the cent is credited");
    assert!(run(&["exceptions", MERCHANT]).await.done().contains("0 open exceptions"));
    assert!(run(&["exceptions", MERCHANT, "--closed"]).await.done().contains("the cent is credited"));
    fixture.close().await;
}

#[tokio::test]
async fn what_is_in_no_deposit_is_listed_with_its_sum_and_a_payment_says_when_it_arrived() {
    let (fixture, retref) = a_cent_is_missing().await;
    let run = async |arguments: &[&str]| fixture.run(&[&["settlement"], arguments].concat(), "").await;
    let nothing = run(&["outstanding", MERCHANT]).await.done();
    assert!(
        nothing.starts_with("Nothing of ") && nothing.contains(&format!("MID {MID}: read ")),
        "{nothing}"
    );
    assert_eq!(fixture.pay("today", "purchase").await.0, 200);
    fixture.stack.deliver_stream().await.unwrap();
    let table = run(&["outstanding", MERCHANT]).await.done();
    let row = table.lines().find(|line| line.contains("today")).unwrap();
    assert!(row.contains("expected  25.99 USD") && row.ends_with('-'), "{table}");
    assert!(table.contains(&format!("MID {MID}: 1 expected, 25.99 USD")), "{table}");
    fixture.stack.simulator().settle();
    fixture.stack.invoke_scheduled("settlement").await.unwrap();
    let settled = run(&["outstanding", MERCHANT, "--json"]).await.json();
    assert_eq!(
        (&settled["sums"][0]["state"], &settled["sums"][0]["amount"]),
        (&json!("settled"), &json!(2_599)),
        "{settled}"
    );
    let csv = run(&["outstanding", MERCHANT, "--csv"]).await.done();
    assert!(csv.starts_with("state,at,amount,") && csv.contains("settled,"), "{csv}");
    assert_eq!(run(&["outstanding", MERCHANT, "--mid", "1", "--json"]).await.json()["sums"], json!([]));
    run(&["outstanding", MERCHANT, "--from", "2020-01-01"]).await.fails(2, "at most 35 days ago");
    run(&["outstanding", "nobody"]).await.fails(3, "no such merchant");

    let shown = fixture.run(&["payment", "show", MERCHANT, "short"], "").await.done();
    let line = shown.lines().find(|line| line.contains(&format!("retref {retref}: funded"))).unwrap();
    assert!(line.starts_with("settlement of 25.99 USD") && line.contains("in deposit"), "{line}");
    let shown = fixture.run(&["payment", "show", MERCHANT, "today", "--json"], "").await.json();
    assert_eq!(shown["settlement"][0]["state"], "settled", "{shown}");
    fixture.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_and_never_an_empty_list_of_somebody_unknown() {
    let fixture = Fixture::open().await;
    let run = async |arguments: &[&str]| fixture.run(&[&["settlement"], arguments].concat(), "").await;
    let unread = run(&["list", MERCHANT]).await.done();
    assert!(unread.contains("No report was read yet"), "{unread}");
    run(&["list", "nobody"]).await.fails(3, "no such merchant");
    run(&["exceptions", "nobody"]).await.fails(3, "no such merchant");
    run(&["show", MERCHANT, "d404"]).await.fails(3, "no deposit has the id d404");
    let exception = "475d9b6b-8385-49a3-b57f-855c155d5d68";
    run(&["note", MERCHANT, exception, "--by", "Ann", "--text", "t"]).await.fails(3, "no such exception");
    run(&["list", MERCHANT, "--from", "2026-11-20", "--to", "2026-11-19"]).await.fails(2, "is before");
    run(&["list", MERCHANT, "--limit", "0"]).await.fails(2, "--limit");
    run(&["exceptions", MERCHANT, "--cause", "bad_luck"]).await.fails(2, "must be not_settled");
    fixture.close().await;
}

#[tokio::test]
async fn the_doctor_says_since_when_an_account_was_not_read_and_that_exceptions_are_open() {
    let (fixture, _) = a_cent_is_missing().await;
    let found = async || {
        let ran = fixture.run(&["doctor", "--json"], "").await;
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|one| one["check"] == "settlement").unwrap();
        (ran.code, check["result"].as_str().unwrap().to_owned(), check["found"].as_str().unwrap().to_owned())
    };
    let (code, result, says) = found().await;
    assert_eq!((code, result.as_str()), (0, "note"), "{says}");
    assert!(says.contains(&format!("MID {MID} of {MERCHANT} read ")), "{says}");
    assert!(says.contains(&format!("open exceptions of {MERCHANT}: 1 ")), "{says}");
    orders_and_deposits_differ(&fixture).await;
    let (code, result, says) = found().await;
    assert_eq!((code, result.as_str()), (1, "failed"), "{says}");
    let differs = "case 1: another report states another amount";
    assert!(says.contains(differs), "{says}");
    fixture.stack.advance_clock(DAY_S + 1);
    let (code, result, says) = found().await;
    assert_eq!((code, result.as_str()), (1, "failed"), "{says}");
    fixture.close().await;
}

/// A chargeback is on record, and then a later deposit states less of it, and neither says that it
/// is the later word.
async fn orders_and_deposits_differ(fixture: &Fixture) {
    let simulator = fixture.stack.simulator();
    let retref = simulator.records()[0].retref.clone();
    let day = |n: i64| eastern_day(fixture.stack.clock().now()).saturating_add(n.days());
    let taken =
        json!({"merchid": MID, "casenumber": "1", "retref": retref, "minor_units": 100, "on": day(1)});
    let id = simulator.charge_back(serde_json::from_value(taken).unwrap()).unwrap();
    let other = json!({"id": id, "on": day(2), "minor_units": 50, "changed_on": day(1)});
    simulator.list_again(serde_json::from_value(other).unwrap()).unwrap();
    fixture.stack.advance_clock(4 * DAY_S);
    fixture.stack.invoke_scheduled("settlement").await.unwrap();
}

#[tokio::test]
async fn a_day_that_no_run_reads_is_read_on_request_and_all_exceptions_of_a_cause_are_closed_at_once() {
    let (fixture, _) = a_cent_is_missing().await;
    let run = async |arguments: &[&str]| fixture.run(&[&["settlement"], arguments].concat(), "").await;
    run(&["read", MERCHANT, "--day", "2020-01-01"]).await.fails(2, "--day 2020-01-01 is not within");
    let day = eastern_day(fixture.stack.clock().now()).saturating_sub(100.days()).to_string();
    run(&["read", MERCHANT, "--day", &day, "--mid", "1"]).await.fails(3, "no report of such an account");
    assert!(run(&["read", MERCHANT, "--day", &day]).await.done().contains("The next run reads"));
    let waits = format!("{day} is still to be read");
    assert!(run(&["list", MERCHANT]).await.done().contains(&waits));
    fixture.stack.invoke_scheduled("settlement").await.unwrap();
    assert!(!run(&["list", MERCHANT]).await.done().contains(&waits));

    let by = ["--by", "Ann Lee", "--reason", "the processor credits it"];
    run(&[&["resolve", MERCHANT][..], &by].concat()).await.fails(2, "--cause");
    let all = [&["resolve", MERCHANT, "--cause", "amount_differs"][..], &by].concat();
    assert!(run(&all).await.done().contains("Closed: 1 exception."));
    assert!(run(&all).await.done().contains("Closed: 0 exceptions."));
    fixture.close().await;
}

#[tokio::test]
async fn a_deposits_entries_are_made_again_and_one_whose_deposit_is_gone_is_told() {
    let (fixture, _) = a_cent_is_missing().await;
    let client = local::dynamodb_client(fixture.stack.dynamodb_url());
    let found = client
        .query()
        .table_name(local::JOURNAL_TABLE_NAME)
        .key_condition_expression("b = :b")
        .expression_attribute_values(":b", AttributeValue::S(format!("#deposits#{MERCHANT}")));
    let found = async || found.clone().send().await.unwrap().items.unwrap_or_default();
    let entries = found().await;
    let amounts: i64 = entries.iter().map(|item| item["a"].as_n().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(amounts, 5_197, "{entries:?}");
    let rebuilt = async || fixture.run(&["journal", "rebuild", "--json"], "").await.json();
    let first = rebuilt().await;
    assert_eq!((&first["deposits"], &first["new"], &first["differing"]), (&json!(1), &json!(0), &json!(0)));
    assert_eq!(
        fixture.run(&["journal", "compare", "--since", SINCE, "--json"], "").await.json()["missing"],
        0
    );

    let key = |item: &Item| ["b", "s"].map(|name| (name.to_owned(), item[name].clone()));
    let lost = key(&entries[0]).into_iter().collect();
    let delete = client.delete_item().table_name(local::JOURNAL_TABLE_NAME).set_key(Some(lost));
    delete.send().await.unwrap();
    assert_eq!(rebuilt().await["new"], 1);
    assert_eq!(found().await, entries, "the same as before");

    let listed = fixture.run(&["settlement", "list", MERCHANT, "--json"], "").await.json();
    let (id, day) = (listed["deposits"][0]["id"].as_str().unwrap(), listed["deposits"][0]["date"].as_str());
    let (b, s) = (format!("deposits#{MERCHANT}"), format!("{}#{MID}#{id}", day.unwrap()));
    let delete = client.delete_item().table_name(local::SETTLEMENT_TABLE_NAME);
    let delete = delete.key("b", AttributeValue::S(b)).key("s", AttributeValue::S(s));
    delete.send().await.unwrap();
    let ran = fixture.run(&["journal", "compare", "--since", SINCE], "").await;
    assert!(ran.out.contains(&format!("{MERCHANT}, deposit {id}")) && ran.code == 1, "{}", ran.out);
    assert!(ran.out.contains("net sales  51.97 USD"), "{}", ran.out);
    fixture.close().await;
}
