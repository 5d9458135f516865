//! A receiver that was made for Elastic Path's webhooks, from requests over both streams to its
//! body.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tollgate::{elastic_path::EventType, webhook_client::ELASTIC_PATH_EVENTS};

use crate::{
    inventory::watch::Watch,
    shop::{NO_FUNDS, Shop, by_card, without_version},
    webhooks::{Message, Receiver, deliver, mentions, pay, put, run, states},
};

const KEY: &str = "squirrels-only";

fn document(receiver: &Receiver) -> Value {
    json!({ "id": "shop", "url": receiver.url, "format": "elastic_path", "x_moltin_secret_key": KEY })
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

#[test]
fn every_type_of_event_is_elastic_paths_too_or_known_not_to_be() {
    let ours: BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    let theirs = BTreeSet::from(ELASTIC_PATH_EVENTS);
    let others: Vec<_> = ours.difference(&theirs).copied().collect();
    assert_eq!(
        others,
        [
            "capture.failed",
            "deposit.created",
            "deposit.differs",
            "transaction.disputed",
            "transaction.needs_attention"
        ]
    );
    assert!(theirs.is_subset(&ours));
}

#[tokio::test]
async fn what_elastic_path_sends_comes_in_its_envelope_with_the_key_and_nothing_else_comes() {
    let shop = Shop::open().await;
    let (made_for_it, ours) = (Receiver::open().await, Receiver::open().await);
    put(&shop, &[document(&made_for_it), ours.document("ours")]);
    let watch = Watch::over("off,tollgate=info");
    pay(&shop, "o").await;
    shop.register("p", 2599).await;
    shop.pay("p", by_card("purchase", NO_FUNDS)).await.error(400, "declined");
    deliver(&shop).await;
    let messages = made_for_it.messages();
    assert_eq!(messages.len(), ours.messages().len());
    let triggers: BTreeSet<_> =
        messages.iter().map(|message| body(message)["triggered_by"].to_string()).collect();
    let told = ["order.paid", "order.updated", "transaction.created", "transaction.updated"];
    assert_eq!(triggers, told.map(|kind| format!("\"{kind}\"")).into());
    for message in &messages {
        assert_eq!(message.header("x-moltin-secret-key"), KEY);
        assert!(!message.headers.contains_key("webhook-signature"));
        assert_eq!(body(message)["attempt"], 1);
        let payload: Value = serde_json::from_str(body(message)["resources"].as_str().unwrap()).unwrap();
        assert_eq!(payload, body(message)["payload"]);
    }
    let paid = messages.iter().map(body).find(|body| body["triggered_by"] == "order.paid").unwrap();
    let mut shown = shop.get("/v2/orders/o").await.data(200).clone();
    without_version(&mut shown);
    assert_eq!(paid["payload"]["data"]["payment"], "paid");
    assert_eq!(paid["payload"]["data"]["meta"], shown["meta"]);
    assert_eq!(paid["configuration"], json!({ "url": made_for_it.url }));
    assert_eq!(mentions(&shop, KEY).await, 0, "no table has the key");
    let lines = watch.lines();
    assert!(lines.iter().all(|line| !format!("{line:?}").contains(KEY)), "and no line");
    shop.close().await;
}

#[tokio::test]
async fn a_later_attempt_says_so_and_what_is_removed_is_forgotten_as_in_the_other_format() {
    let shop = Shop::open().await;
    let receiver = Receiver::open().await;
    receiver.respond(500);
    put(&shop, &[document(&receiver)]);
    pay(&shop, "o").await;
    deliver(&shop).await;
    let expected = states(&shop, "shop").await.len();
    assert_eq!(states(&shop, "shop").await, vec!["waiting"; expected]);
    let first = receiver.messages();
    receiver.respond(204);
    shop.stack.advance_clock(61);
    run(&shop).await;
    assert_eq!(states(&shop, "shop").await, vec!["delivered"; expected]);
    let again = receiver.messages().split_off(first.len());
    for message in &again {
        let before = first.iter().find(|first| body(first)["id"] == body(message)["id"]).unwrap();
        let (mut before, now) = (body(before), body(message));
        assert_eq!((&before["attempt"], &now["attempt"]), (&json!(1), &json!(2)));
        before["attempt"] = json!(2);
        assert_eq!(before, now, "nothing else differs");
    }
    put(&shop, &[]);
    for _ in 0..25 {
        run(&shop).await;
        shop.stack.advance_clock(60);
    }
    assert_eq!(states(&shop, "shop").await.len(), 0);
    shop.close().await;
}
