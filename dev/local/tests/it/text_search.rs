//! Payments found by texts that a shop or its customer quotes: the shop's own reference, the
//! customer's, an e-mail address.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use local::{JOURNAL_TABLE_NAME, dynamodb_client};
use serde_json::{Value, json};

use crate::{
    credit_card_client::{CreditCard, payment, with},
    settlement::seed,
    shop::{Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card_with},
};

const EMAIL: &str = "Anna.M\u{fc}ller@shop.example";

async fn list(shop: &Shop, filter: &str) -> Answer {
    let url = reqwest::Url::parse_with_params("http://x/", [("filter", filter)]).unwrap();
    shop.get(&format!("/v2/transactions?{}", url.query().unwrap_or_default())).await
}

/// The orders of the payments that a filter finds, the newest first.
async fn found(shop: &Shop, filter: &str) -> Vec<String> {
    let page = list(shop, filter).await;
    let rows = page.data(200).as_array().unwrap().iter();
    rows.map(|row| row["relationships"]["order"]["data"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn pay(shop: &Shop, order: &str, card: &str, more: Value) -> Answer {
    shop.register(order, 2599).await;
    let paid = shop.pay(order, by_card_with("purchase", card, &more)).await;
    shop.stack.advance_clock(1);
    paid
}

/// A payment that says who paid; returns its order's id.
async fn pay_as(shop: &Shop, reference: &str, email: &str) -> String {
    let request = with(payment("1", reference), "/Request/Email", Some(json!(email)));
    let id = CreditCard::of(shop).approved("charge", &request).await;
    shop.stack.advance_clock(1);
    id
}

/// The journal's items that are no entries, but lead to some.
async fn pointers(shop: &Shop) -> Vec<HashMap<String, AttributeValue>> {
    let scan = dynamodb_client(shop.stack.dynamodb_url()).scan().table_name(JOURNAL_TABLE_NAME);
    let items = scan.send().await.unwrap().items.unwrap();
    let is_pointer =
        |item: &HashMap<String, AttributeValue>| item.contains_key("o") && !item.contains_key("f");
    items.into_iter().filter(is_pointer).collect()
}

#[tokio::test]
async fn a_payment_is_found_by_the_shops_reference_and_by_who_paid_and_the_journal_names_neither() {
    let shop = Shop::open().await;
    pay(&shop, "a", VISA, json!({"custom_reference": "invoice 7"})).await.data(200);
    let saving = json!({"save": true, "customer": "cust-1", "custom_reference": "invoice 8"});
    pay(&shop, "b", MASTERCARD, saving).await.data(200);
    pay(&shop, "c", NO_FUNDS, json!({"custom_reference": "invoice 7"})).await.error(400, "declined");
    pay(&shop, "d", VISA, json!({})).await.data(200);
    let first = pay_as(&shop, "booking-1", EMAIL).await;
    let second = pay_as(&shop, "booking-2", &EMAIL.to_uppercase()).await;
    pay_as(&shop, "booking-3", "other@shop.example").await;
    shop.stack.deliver_stream().await.unwrap();
    for (filter, expected) in [
        ("eq(custom_reference,invoice 7)", vec!["c", "a"]),
        ("eq(custom_reference,invoice 7):eq(status,complete)", vec!["a"]),
        ("eq(custom_reference,Invoice 7)", vec!["c", "a"]),
        ("eq(custom_reference,booking-1)", vec![first.as_str()]),
        ("eq(customer_id,cust-1)", vec!["b"]),
        ("eq(customer_id,CUST-1)", vec![]),
        ("eq(customer_email,anna.m\u{fc}ller@SHOP.example)", vec![&second, &first]),
        ("eq(customer_email,\" Anna.M\u{dc}LLER@shop.example\")", vec![&second, &first]),
        ("eq(customer_email,anna)", vec![]),
        ("eq(customer_email,*)", vec![]),
    ] {
        assert_eq!(found(&shop, filter).await, expected, "{filter}");
    }
    // At most two for each payment, and none for one that says nothing.
    let pointers = pointers(&shop).await;
    assert_eq!(pointers.len(), 3 + 1 + 3 * 2);
    let stored = format!("{pointers:?}").to_lowercase();
    for text in ["anna", "shop.example", "invoice", "booking", "cust-1"] {
        assert!(!stored.contains(text), "{text}");
    }
    assert!(pointers.iter().all(|item| item.len() == 4 && item.contains_key("x")), "{pointers:?}");
    shop.close().await;
}

#[tokio::test]
async fn a_deposit_is_found_by_each_number_on_the_banks_statement_and_by_no_part_of_one() {
    let shop = Shop::open().await;
    seed(&shop).await;
    for (number, deposits) in [("12100024A01", 1), ("12100024b02", 1), ("12100024", 0)] {
        let page = shop.get(&format!("/v2/deposits?filter=eq(trace_number,{number})")).await;
        assert_eq!(page.data(200).as_array().unwrap().len(), deposits, "{number}");
    }
    let refused = shop.get("/v2/settlement/outstanding?filter=eq(trace_number,1)").await;
    assert_eq!(refused.error(400, "invalid_value")["source"], "filter.trace_number");
    shop.close().await;
}
