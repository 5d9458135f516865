//! The run book's restore: a table of an earlier moment, and the later facts that the
//! journal and the gateway know.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{JOURNAL_TABLE_NAME, TABLE_NAME, dynamodb_client};
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANTS, Ran, run};

const RESTORED: &str = "payments-restored";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

type Item = HashMap<String, AttributeValue>;

/// All items of the table, as point-in-time recovery would find them at this moment.
async fn export(client: &Client) -> Vec<Item> {
    client.scan().table_name(TABLE_NAME).send().await.unwrap().items.unwrap()
}

async fn restore(client: &Client, items: Vec<Item>) {
    let key = KeySchemaElement::builder().attribute_name("order_key").key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder().attribute_name("order_key");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let table = client.create_table().table_name(RESTORED).billing_mode(BillingMode::PayPerRequest);
    let table = table.key_schema(key.build().unwrap()).attribute_definitions(attribute);
    table.send().await.unwrap();
    for item in items {
        client.put_item().table_name(RESTORED).set_item(Some(item)).send().await.unwrap();
    }
}

async fn on_the_restored_table(fixture: &Fixture, arguments: &[&str]) -> Ran {
    let mut variables = fixture.like_aws();
    variables.retain(|(name, _)| *name != "TABLE_NAME");
    variables.push(("TABLE_NAME", RESTORED.to_owned()));
    variables.push(("JOURNAL_TABLE_NAME", JOURNAL_TABLE_NAME.to_owned()));
    run(arguments, &variables, "").await
}

#[tokio::test]
async fn after_a_restore_the_journal_names_what_the_table_lacks_and_the_gateway_its_state() {
    let fixture = Fixture::open().await;
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    let (_, before) = fixture.pay("kept", "purchase").await;
    fixture.pay("held", "authorize").await;
    let items = export(&client).await;
    // Missing from the restored table: a refund of a known order, and a whole order.
    fixture.stack.simulator().settle();
    assert_eq!(fixture.follow_up("kept", &before, "refund", json!({ "amount": 100 })).await.0, 200);
    fixture.pay("lost", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    restore(&client, items).await;

    let ran = on_the_restored_table(
        &fixture,
        &["journal", "compare", "--since", LONG_AGO, "--inquire", "--json", MERCHANTS],
    )
    .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&found["entries"], &found["missing"]), (&json!(4), &json!(2)), "{found}");
    let orders = found["orders"].as_array().unwrap();
    let names: Vec<_> = orders.iter().map(|order| order["order"].as_str().unwrap()).collect();
    assert_eq!(names, ["kept", "lost"]);
    let facts: Vec<_> = orders.iter().map(|order| &order["facts"][0]).collect();
    assert_eq!(facts[0]["what"], "refund refunded");
    assert_eq!(facts[0]["amount"], "1.00 USD");
    assert_eq!(facts[1]["what"], "purchase approved");
    assert_eq!(facts[1]["at_gateway"], "Queued for Capture");
    assert!(facts.iter().all(|fact| fact["retref"].is_string() && fact["at_gateway"].is_string()), "{found}");

    // In words, without the gateway; and a moment later than everything.
    let ran = on_the_restored_table(&fixture, &["journal", "compare", "--since", LONG_AGO]).await;
    assert!(ran.out.contains("payments-restored lacks 2, of 2 orders"), "{ran:?}");
    assert!(!ran.out.contains("at the gateway"), "{ran:?}");
    let later = ["journal", "compare", "--since", "2100-01-01T00:00:00Z"];
    assert_eq!(
        on_the_restored_table(&fixture, &later).await.done().trim(),
        "0 entries of the journal: payments-restored has all of them."
    );
    // The table that was in use lacks nothing.
    let all = fixture.run(&["journal", "compare", "--since", LONG_AGO], "").await.done();
    assert!(all.starts_with("4 entries of the journal"), "{all}");
    fixture.close().await;
}

#[tokio::test]
async fn a_gateway_that_does_not_respond_hides_no_missing_fact() {
    let fixture = Fixture::open().await;
    let client = dynamodb_client(fixture.stack.dynamodb_url());
    fixture.pay("lost", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    restore(&client, Vec::new()).await;
    fixture.stack.simulator().fault(Fault::once(Endpoint::Inquire, FaultKind::Status { status: 503 }));
    let ran =
        on_the_restored_table(&fixture, &["journal", "compare", "--since", LONG_AGO, "--inquire", MERCHANTS])
            .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("purchase approved") && ran.out.contains("not known ("), "{ran:?}");
    fixture.close().await;
}
