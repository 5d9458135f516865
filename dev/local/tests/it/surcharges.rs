//! The surcharge that a merchant account adds to payments: told before a payment, and beside its
//! amounts wherever they are shown.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{JOURNAL_TABLE_NAME, dynamodb_client};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate::dynamodb::journal::entry_of;
use tollgate_core::{journal::Entry, values::Clock as _};

use crate::{
    card_tokens::tokenize,
    credit_card_client::{BOTH, CreditCard, payment},
    shop::{Shop, VISA, by_card_with, items},
};

const PATH: &str = "/v2/surcharge";

/// The simulator's account that adds 3 %.
const SURCHARGING: &str = "496590513883";

/// A debit card of the gateway's test tables.
const DEBIT: &str = "4222222222222204";

async fn open() -> Shop {
    let gateway = json!({"merchids": {"USD": SURCHARGING}, "surcharging_merchids": [SURCHARGING]});
    Shop::open_with(json!({"gateway": gateway, "decline_on": {"avs": [], "cvv": []}})).await
}

fn previewed(token: &str, amount: u64, postcode: &str) -> Value {
    json!({"data": {
        "type": "surcharge", "amount": amount, "currency": "USD", "payment": token,
        "billing_address": {"postcode": postcode},
    }})
}

#[tokio::test]
async fn a_preview_tells_what_would_be_added_and_why_nothing_would_be() {
    let shop = open().await;
    let (credit, debit) = (tokenize(&shop, VISA, None).await, tokenize(&shop, DEBIT, None).await);
    let before = items(shop.stack.dynamodb_url()).await;
    for (token, amount, postcode, [fee, total], reason) in [
        // Half a cent counts as one.
        (&credit, 2499, "55555", [75, 2574], Value::Null),
        (&credit, 10_000, "55555-1234", [300, 10_300], Value::Null),
        (&debit, 10_000, "55555", [0, 10_000], json!("debit_card")),
        (&credit, 10_000, "06101", [0, 10_000], json!("restricted_postcode")),
        (&credit, 16, "55555", [0, 16], json!("too_small")),
    ] {
        let answer = shop.post(PATH, previewed(token, amount, postcode)).await;
        let data = answer.data(200);
        let fee = json!({"kind": "surcharge", "amount": fee});
        assert_eq!((&data["fee"], &data["total"]), (&fee, &json!(total)), "{data}");
        assert_eq!((&data["charged"], &data["reason"]), (&json!(reason.is_null()), &reason));
        assert_eq!((&data["amount"], &data["livemode"]), (&json!(amount), &json!(false)));
    }
    let display = &shop.post(PATH, previewed(&credit, 2499, "55555")).await.body["data"]["meta"];
    let formatted = ["display_price", "display_fee", "display_total"].map(|name| &display[name]["formatted"]);
    assert_eq!(formatted, ["$24.99", "$0.75", "$25.74"]);
    assert!(shop.stack.simulator().transactions().is_empty(), "no money moved");
    assert_eq!(items(shop.stack.dynamodb_url()).await, before, "nothing is stored");
    shop.close().await;
}

#[tokio::test]
async fn a_preview_that_the_gateway_does_not_give_is_an_error_and_no_fee_of_nothing() {
    let shop = open().await;
    let token = tokenize(&shop, VISA, None).await;
    for (fault, status, code) in [
        (FaultKind::Status { status: 503 }, 503, "gateway_unavailable"),
        (FaultKind::DropAfter, 503, "gateway_unavailable"),
        (FaultKind::Status { status: 401 }, 502, "gateway_misconfigured"),
    ] {
        shop.stack.simulator().fault(Fault::once(Endpoint::Surcharge, fault));
        let answer = shop.post(PATH, previewed(&token, 2599, "55555")).await;
        answer.error(status, code);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
    }
    // The gateway does not know the token.
    let unknown = shop.post(PATH, previewed("9400000000000000", 2599, "55555")).await;
    assert_eq!(unknown.error(400, "invalid_value")["source"], "data.payment");
    let nowhere = shop.post(PATH, previewed(&token, 2599, "- -")).await;
    assert_eq!(nowhere.error(400, "invalid_value")["source"], "data.billing_address.postcode");
    shop.close().await;
    // The document lists an account that has no program.
    let listed = json!({"gateway": {"surcharging_merchids": ["496160873888"]}});
    let shop = Shop::open_with(listed).await;
    shop.post(PATH, previewed(&token, 2599, "55555")).await.error(502, "gateway_misconfigured");
    shop.close().await;
}

/// A card with the postal code that such an account needs.
fn card(method: &str, number: &str, amount: u64) -> Value {
    by_card_with(method, number, &json!({"billing_address": {"postcode": "55555"}, "amount": amount}))
}

/// The journal's entries of an order, in the order in which they were decided: fact, amount, fee,
/// and the changes of money and of fees at the gateway.
async fn journal(shop: &Shop, order: &str) -> Vec<String> {
    let output = dynamodb_client(shop.stack.dynamodb_url())
        .scan()
        .table_name(JOURNAL_TABLE_NAME)
        .send()
        .await
        .unwrap();
    let entries = output.items().iter().filter_map(entry_of).map(Result::unwrap);
    let mut own: Vec<Entry> = entries.filter(|entry| entry.order.order.as_str() == order).collect();
    own.sort_by_key(Entry::sort);
    let or_none = |number: i64| if number == 0 { "-".to_owned() } else { number.to_string() };
    let line = |entry: Entry| {
        let fee = entry.fee.map_or_else(|| "-".to_owned(), |fee| fee.amount.minor().to_string());
        let (amount, changes) = (entry.amount.minor(), entry.changes);
        format!(
            "{} {amount} {fee} {} {}",
            entry.fact.as_str(),
            changes.gateway.minor(),
            or_none(changes.fees.minor())
        )
    };
    own.into_iter().map(line).collect()
}

#[tokio::test]
async fn a_surcharge_is_beside_the_amounts_wherever_they_are_shown_and_in_none_of_them() {
    let shop = open().await;
    shop.register("paid", 10_000).await;
    let paid = shop.pay("paid", card("purchase", VISA, 10_000)).await;
    let data = paid.data(200);
    let fee = json!({"kind": "surcharge", "amount": 300, "captured_amount": 300, "refunded_amount": 0});
    assert_eq!((&data["fee"], &data["amount"]), (&fee, &json!(10_000)));
    assert_eq!(data["meta"]["display_total"]["amount"], 10_300);
    let order = shop.order("paid").await;
    assert_eq!(order["payment"], "paid");
    assert_eq!(order["meta"]["display_price"]["paid"]["amount"], 10_000);
    assert_eq!(order["meta"]["display_price"]["balance_owing"]["amount"], 0);
    // All of it, with its fee.
    shop.stack.advance_clock(1);
    shop.stack.simulator().settle();
    shop.follow_up("paid", &paid.id(), "refund", json!({"amount": 10_000})).await.data(200);
    let refunded = shop.get(&format!("/v2/orders/paid/transactions/{}", paid.id())).await;
    assert_eq!(refunded.data(200)["fee"]["refunded_amount"], 300);
    assert_eq!(
        (&refunded.data(200)["refunded_amount"], &shop.order("paid").await["payment"]),
        (&json!(10_000), &json!("refunded"))
    );
    // A void of a hold.
    shop.register("held", 10_000).await;
    let held = shop.pay("held", card("authorize", VISA, 10_000)).await;
    let fee = json!({"kind": "surcharge", "amount": 300, "captured_amount": 0, "refunded_amount": 0});
    assert_eq!(held.data(200)["fee"], fee);
    shop.stack.advance_clock(1);
    shop.follow_up("held", &held.id(), "cancel", json!({})).await.data(200);
    // A debit card pays none.
    shop.register("debit", 10_000).await;
    let debit = shop.pay("debit", card("purchase", DEBIT, 10_000)).await;
    assert_eq!(debit.data(200).get("fee"), None);

    shop.stack.deliver_stream().await.unwrap();
    assert_eq!(
        journal(&shop, "paid").await,
        ["approved 10000 300 10000 300", "refunded 10000 300 -10000 -300"]
    );
    assert_eq!(journal(&shop, "held").await, ["approved 10000 300 0 -", "voided 10000 300 0 -"]);
    assert_eq!(journal(&shop, "debit").await, ["approved 10000 - 10000 -"]);
    let told = shop.stack.bus().events();
    let created = told.iter().find(|event| event["type"] == "transaction.updated").unwrap();
    assert_eq!(created["data"]["fee"]["amount"], 300, "{created:#}");

    let accept = [("accept", "text/csv")];
    let file = shop.send(Method::GET, "/v2/transactions", &accept, String::new()).await;
    let lines: Vec<&str> = file.body.as_str().unwrap().lines().collect();
    let ends: Vec<bool> =
        [",surcharge,3.00,3.00,3.00,,,,refunded", ",surcharge,3.00,0.00,0.00,,,,voided", ",,,,,,,,paid"]
            .map(|end| lines.iter().any(|line| line.ends_with(&format!("{end},,,,,"))))
            .into();
    assert_eq!(ends, [true; 3], "{lines:#?}");

    // Before the clock is advanced: that may be past midnight.
    let day = shop.stack.clock().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for _ in 0..2 {
        shop.stack.advance_clock(900);
        shop.stack.invoke_scheduled("totals").await.unwrap();
    }
    let totals = shop.get(&format!("/v2/reports/totals?from={day}")).await;
    let sum = |name: &str| {
        totals.data(200).as_array().unwrap().iter().map(|line| line[name].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!((sum("at_gateway"), sum("fees_at_gateway")), (10_000, 0), "the debit card's payment is left");
    let approved = totals.data(200).as_array().unwrap().iter().find(|line| line["fees_at_gateway"] == 300);
    assert_eq!(approved.unwrap()["operation"], "purchase", "{}", totals.body);
    shop.close().await;
}

#[tokio::test]
async fn the_credit_card_api_tells_a_surcharge_in_members_of_its_own() {
    let shop = open().await;
    for syntax in BOTH {
        let asked = payment("1", &format!("surcharged {syntax:?}"));
        let charged = CreditCard::of(&shop).send(syntax, "charge", &asked).await.envelope();
        let amounts =
            ["ApprovedAmount", "CapturedAmount", "RefundedAmount"].map(|name| charged.of(name).unwrap());
        assert_eq!(amounts, ["18.45", "18.45", "0.00"], "{charged:?}");
        let fees = ["FeeKind", "FeeAmount", "CapturedFeeAmount", "RefundedFeeAmount"];
        assert_eq!(fees.map(|name| charged.of(name).unwrap()), ["surcharge", "0.55", "0.55", "0.00"]);
    }
    shop.close().await;
}

#[tokio::test]
async fn where_nothing_is_added_no_api_has_a_member_for_it() {
    let shop = Shop::open().await;
    for syntax in BOTH {
        let asked = payment("1", &format!("plain {syntax:?}"));
        let charged = CreditCard::of(&shop).send(syntax, "charge", &asked).await.envelope();
        assert!(charged.of("ApprovedAmount").is_some() && !charged.has("FeeKind"), "{charged:?}");
    }
    shop.register("plain", 2599).await;
    assert_eq!(shop.pay_by_token("plain", "purchase").await.data(200).get("fee"), None);
    shop.close().await;
}
