//! The cases that `docs/reliability.md` does not promise, row by row: a test shows each, and that
//! it is found where the page says so.

use std::{collections::BTreeMap, fs, path::Path};

use cardpointe_simulator::{Endpoint, Fault, FaultKind, PortalAction};
use serde_json::{Value, json};

use crate::{
    journal::{journal, lines},
    reconcile::{gateway_totals, our_totals, run},
    shop::{Answer, Shop, VISA, by_card_with, by_token},
};

const PAGE: &str = include_str!("../../../../docs/reliability.md");

/// Each row, and the tests that show it, by their files. A row that was not run has none.
const ROWS: [(&str, &[(&str, &str)]); 11] = [
    (
        "More than the gateway shows.",
        &[
            (HERE, "a_refund_in_the_portal_is_taken_for_a_lost_one_of_the_same_amount_or_not_known"),
            (IDENTITY, "a_record_counts_only_for_the_refund_that_it_names"),
            (
                "shared/core/src/order/resolve/tests/giving_back.rs",
                "a_refund_by_a_rule_that_timed_out_at_the_gateway_is_not_sent_again",
            ),
            (
                "shared/core/src/order/resolve/tests.rs",
                "a_void_that_must_succeed_is_sent_three_times_and_then_stays_in_doubt",
            ),
            ("shared/src/cardpointe/inquiry/tests.rs", "a_second_payment_is_not_taken_for_its_refund"),
        ],
    ),
    (
        "One approval for a request that was delivered twice.",
        &[(IDENTITY, "a_request_that_was_delivered_twice_is_found_where_an_inquiry_is_sent")],
    ),
    (
        "One refund if its request arrives after the hour.",
        &[(HERE, "a_refund_that_arrives_after_it_was_repeated_is_paid_twice_and_told")],
    ),
    (
        "To find a request that arrives after three days.",
        &[(HERE, "a_payment_that_arrives_after_every_look_stays_at_the_gateway")],
    ),
    (
        "An outcome for two captures that met at the gateway.",
        &[(HERE, "a_capture_that_arrives_after_another_one_leaves_that_one_in_doubt_or_with_its_amount")],
    ),
    (
        "That a part has the right fee where the merchant's document is wrong.",
        &[(FEES, "with_a_wrong_basis_a_part_gives_back_less_than_is_recorded")],
    ),
    ("AVS and CVV after a lost response.", &[(HERE, "an_inquiry_shows_no_letters_to_decline_on")]),
    (
        "Immediate removal of a rejected card.",
        &[(
            "shared/core/src/stored_cards/payment_method/tests.rs",
            "a_refused_card_is_kept_until_it_is_removed_and_is_declined_then",
        )],
    ),
    (
        "One payment for one shopper without a key.",
        &[(HERE, "two_different_requests_without_keys_are_two_payments")],
    ),
    ("That the simulator equals the gateway.", &[]),
    ("Anything on AWS itself.", &[]),
];

const HERE: &str = "dev/local/tests/it/reliability_limits.rs";
const FEES: &str = "dev/local/tests/it/fees.rs";
const IDENTITY: &str = "dev/local/tests/it/record_identity.rs";

#[test]
fn each_row_has_a_test_that_shows_it() {
    let (_, section) = PAGE.split_once("\n## Not promised\n").unwrap();
    let bold = section.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    let rows: Vec<&str> = bold.map(|(row, _)| row).collect();
    assert_eq!(rows, ROWS.map(|(row, _)| row));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = BTreeMap::new();
    for (file, test) in ROWS.iter().flat_map(|(_, tests)| *tests) {
        let text = files.entry(*file).or_insert_with(|| fs::read_to_string(root.join(file)).unwrap());
        assert!(text.contains(&format!("fn {test}()")), "{file} has no test {test}");
    }
}

fn arrives_late(shop: &Shop, endpoint: Endpoint, late_s: u32) {
    shop.stack.simulator().fault(Fault::once(endpoint, FaultKind::ArrivesLate { late_s }));
}

async fn wait(shop: &mut Shop, seconds: i64) {
    shop.stack.advance_clock(seconds);
    shop.renew_token().await;
}

async fn settled(shop: &Shop) -> String {
    shop.register("o", 1845).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().settle();
    id
}

async fn refund(shop: &Shop, id: &str) -> Answer {
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    shop.post_with_key(&path, "refund", json!({"data": {"amount": 600}})).await
}

#[tokio::test]
async fn a_refund_that_arrives_three_minutes_late_and_is_repeated_with_its_key_is_paid_once() {
    let mut shop = Shop::open().await;
    let id = settled(&shop).await;
    arrives_late(&shop, Endpoint::Refund, 180);
    refund(&shop, &id).await.data(202);
    for seconds in [40, 70, 10] {
        wait(&mut shop, seconds).await;
        run(&shop).await;
        refund(&shop, &id).await.data(202);
    }
    assert_eq!(shop.ledger("refund").len(), 0);
    wait(&mut shop, 60).await;
    assert_eq!(refund(&shop, &id).await.data(200)["refunded_amount"], 600);
    assert_eq!(shop.ledger("refund").len(), 1, "once");
    let orders = ["o".to_owned()];
    assert_eq!(gateway_totals(&shop), our_totals(&shop, &orders).await);
    shop.close().await;
}

#[tokio::test]
async fn a_refund_that_arrives_after_it_was_repeated_is_paid_twice_and_told() {
    for findable in [true, false] {
        let mut shop = Shop::open().await;
        shop.refunds_findable(findable);
        let id = settled(&shop).await;
        arrives_late(&shop, Endpoint::Refund, 7_200);
        refund(&shop, &id).await.data(202);
        for seconds in [3_600, 61] {
            wait(&mut shop, seconds).await;
            run(&shop).await;
        }
        assert_eq!(shop.transactions("o").await[0]["status"], "complete", "released");
        assert_eq!(refund(&shop, &id).await.data(200)["refunded_amount"], 600);
        wait(&mut shop, 3_600).await;
        assert_eq!(shop.ledger("refund").len(), 2, "it has arrived");
        assert_eq!(run(&shop).await["needs_attention"], 1);
        shop.stack.deliver_stream().await.unwrap();
        let told = lines(&journal(&shop).await, "o");
        assert!(told.contains(&"duplicate_found refund 0 0 0 -600".to_owned()), "{told:?}");
        // It keeps nothing else from moving, and is looked for no more.
        let part = json!({"amount": 100});
        assert_eq!(shop.follow_up("o", &id, "refund", part).await.data(200)["refunded_amount"], 700);
        for days in [1, 3] {
            wait(&mut shop, days * 86_400).await;
            assert_eq!(run(&shop).await["needs_attention"], 0);
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn a_payment_that_arrives_after_every_look_stays_at_the_gateway() {
    let mut shop = Shop::open().await;
    for (order, days) in [("found", 2), ("not-found", 4)] {
        shop.register(order, 1845).await;
        arrives_late(&shop, Endpoint::Auth, days * 86_400);
        shop.pay_by_token(order, "purchase").await.data(202);
    }
    for seconds in [95, 61, 3_600, 86_400, 86_400, 86_400, 86_400] {
        wait(&mut shop, seconds).await;
        run(&shop).await;
    }
    let status = async |order: &str| shop.transactions(order).await[0]["status"].clone();
    assert_eq!((status("found").await, status("not-found").await), (json!("complete"), json!("failed")));
    assert_eq!(gateway_totals(&shop), (2 * 1845, 0));
    // The next payment of the order looks before anything is sent.
    shop.pay_by_token("not-found", "purchase").await.error(422, "already_paid");
    assert_eq!(status("not-found").await, "complete");
    assert_eq!(gateway_totals(&shop), (2 * 1845, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_capture_that_arrives_after_another_one_leaves_that_one_in_doubt_or_with_its_amount() {
    for lost in [true, false] {
        let mut shop = Shop::open().await;
        shop.register("o", 1845).await;
        let id = shop.pay_by_token("o", "authorize").await.id();
        let capture = async |shop: &Shop, amount: u64| {
            shop.follow_up("o", &id, "capture", json!({"amount": amount})).await
        };
        arrives_late(&shop, Endpoint::Capture, 7_200);
        capture(&shop, 600).await.data(202);
        for seconds in [95, 61] {
            wait(&mut shop, seconds).await;
            run(&shop).await;
        }
        if lost {
            shop.stack.simulator().fault(Fault::once(Endpoint::Capture, FaultKind::DropAfter));
            // The look before the capture shows nothing yet, and those after it get no response.
            shop.stack.simulator().fault(Fault::once(Endpoint::Inquire, FaultKind::Delay { delay_ms: 1 }));
            shop.no_inquiry();
        }
        capture(&shop, 900).await.data(if lost { 202 } else { 200 });
        wait(&mut shop, 7_200).await;
        shop.stack.simulator().clear_faults();
        assert_eq!(gateway_totals(&shop), (600, 0), "the later one counts at the gateway");
        for _ in 0..26 {
            wait(&mut shop, 3_600).await;
            let report = run(&shop).await;
            let is_long = report["oldest_in_doubt_s"].as_i64().unwrap() >= 3_600;
            assert_eq!(report["needs_attention"], u8::from(is_long), "it is told after an hour");
        }
        let transaction = &shop.transactions("o").await[0];
        let captured = &transaction["meta"]["display_captured_amount"]["amount"];
        let expected = if lost { ("pending", 0) } else { ("complete", 900) };
        assert_eq!((&transaction["status"], captured), (&json!(expected.0), &json!(expected.1)));
        shop.close().await;
    }
}

#[tokio::test]
async fn a_refund_in_the_portal_is_taken_for_a_lost_one_of_the_same_amount_or_not_known() {
    for lost in [true, false] {
        let mut shop = Shop::open().await;
        let id = settled(&shop).await;
        let retref = shop.ledger("auth")[0]["retref"].as_str().unwrap().to_owned();
        let by_hand = PortalAction::Refund { retref, minor_units: Some(600), order_id: None };
        if lost {
            shop.stack.simulator().fault(Fault::once(Endpoint::Refund, FaultKind::DropBefore));
            refund(&shop, &id).await.data(202);
        }
        shop.stack.simulator().in_portal(&by_hand);
        wait(&mut shop, 3_600).await;
        run(&shop).await;
        let refunded = shop.transactions("o").await[0]["refunded_amount"].clone();
        assert_eq!(refunded, if lost { 600 } else { 0 });
        assert_eq!(shop.ledger("refund").len(), 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn an_inquiry_shows_no_letters_to_decline_on() {
    let shop = Shop::open_with(json!({"decline_on": {"avs": ["N"], "cvv": ["N"]}})).await;
    shop.register("o", 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    let wrong_code = by_card_with("purchase", VISA, &json!({"verification_value": "111"}));
    let paid = shop.pay("o", wrong_code).await;
    assert_eq!(paid.data(200)["payment_details"]["cvv_result"], Value::Null);
    assert_eq!(gateway_totals(&shop), (2599, 0), "and is not given back");
    shop.close().await;
}

#[tokio::test]
async fn two_different_requests_without_keys_are_two_payments() {
    let shop = Shop::open_external().await;
    for amount in [1_000, 1_001] {
        let mut data = by_token("purchase");
        data["amount"] = json!(amount);
        shop.pay("o", data).await.data(200);
    }
    assert_eq!(gateway_totals(&shop), (2_001, 0));
    shop.close().await;
}
