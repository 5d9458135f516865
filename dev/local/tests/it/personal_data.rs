//! Names, e-mail addresses and descriptions are kept for as long as the merchant says, in no table
//! but the orders', and log lines tell principals by digests.

use std::fmt::Write as _;

use local::{ATTEMPTS_TABLE_NAME, JOURNAL_TABLE_NAME, WEBHOOKS_TABLE_NAME, dynamodb_client, merchants};
use serde_json::{Value, json};

use crate::{
    credit_card_client::{CreditCard, Syntax, payment, with},
    inventory::watch::Watch,
    shop::{Shop, VISA, by_card_with, items, table},
    webhooks,
};

const DAY_S: i64 = 86_400;

const NAME: &str = "Larry Smith-Canary";
const EMAIL: &str = "larry.canary@example.com";
const DESCRIPTION: &str = "canary of a description";

/// A payment that says who paid.
fn request() -> Value {
    let request = with(payment("1", "a-1"), "/Request/Name", Some(json!(NAME)));
    let request = with(request, "/Request/Description", Some(json!(DESCRIPTION)));
    with(request, "/Request/Email", Some(json!(EMAIL)))
}

/// Hands on the changes, and looks for who paid where it never is: in the journal, deliveries,
/// attempts and events.
async fn is_nowhere_else(shop: &Shop) {
    webhooks::deliver(shop).await;
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let mut text = format!("{:?}", shop.stack.bus().events());
    for table in [JOURNAL_TABLE_NAME, WEBHOOKS_TABLE_NAME, ATTEMPTS_TABLE_NAME] {
        let items = client.scan().table_name(table).send().await.unwrap();
        assert!(items.count() > 0 || table == ATTEMPTS_TABLE_NAME, "{table} has something to be searched");
        write!(text, "{:?}", items.items()).unwrap();
    }
    for canary in [NAME, EMAIL, DESCRIPTION] {
        assert!(!text.contains(canary), "{canary}");
    }
}

async fn says_who_paid(shop: &Shop) -> bool {
    let items = items(shop.stack.dynamodb_url()).await.concat();
    assert_eq!(items.contains(NAME), items.contains(EMAIL));
    assert_eq!(items.contains(NAME), items.contains(DESCRIPTION));
    items.contains(NAME)
}

#[tokio::test]
async fn who_paid_is_deleted_when_the_merchants_limit_is_reached_and_a_repetition_is_replayed_as_before() {
    let shop = Shop::open_with(json!({"keep_personal_data": "P30D"})).await;
    // It is down, so that deliveries wait.
    let receiver = webhooks::Receiver::open().await;
    receiver.respond(500);
    webhooks::put(&shop, &[receiver.document("shop")]);
    let api = CreditCard::of(&shop);
    let id = api.approved("charge", &request()).await;
    is_nowhere_else(&shop).await;
    for (days, kept) in [(0, true), (29, true), (2, false)] {
        shop.stack.advance_clock(days * DAY_S);
        let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
        assert_eq!(says_who_paid(&shop).await, kept, "{days} days later: {report}");
        assert_eq!((&report["due"], &report["forgotten"]), (&json!(0), &json!(u8::from(!kept))));
    }
    let again = api.send(Syntax::Json, "charge", &request()).await;
    assert_eq!(again.envelope().of("TransactionID"), Some(id.as_str()), "{}", again.body);
    assert_eq!(shop.stack.simulator().transactions().len(), 1, "nothing is paid twice");
    is_nowhere_else(&shop).await;
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["forgotten"], 0, "once is enough");
    let item = &table(shop.stack.dynamodb_url()).await[0];
    assert!(!item.contains_key("in_doubt_at"), "and the index forgets the order");
    shop.close().await;
}

#[tokio::test]
async fn who_paid_is_deleted_although_the_merchant_is_gone() {
    let shop = Shop::open_with(json!({"keep_personal_data": "P1D"})).await;
    CreditCard::of(&shop).approved("charge", &request()).await;
    shop.stack.secrets().remove(&merchants::secret_name(merchants::REGISTERED));
    shop.stack.advance_clock(3 * DAY_S);
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert!(!says_who_paid(&shop).await);
    shop.close().await;
}

#[tokio::test]
async fn who_paid_is_kept_where_the_merchant_sets_no_limit() {
    let shop = Shop::open().await;
    CreditCard::of(&shop).approved("charge", &request()).await;
    assert!(!table(shop.stack.dynamodb_url()).await[0].contains_key("in_doubt_at"), "it costs nothing");
    shop.stack.advance_clock(4_000 * DAY_S);
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert!(says_who_paid(&shop).await);
    shop.close().await;
}

#[tokio::test]
async fn audit_lines_tell_which_key_which_shopper_or_the_schedule_caused_a_change() {
    let watch = Watch::over("off,tollgate=info");
    let mut shop = Shop::open().await;
    CreditCard::of(&shop).approved("charge", &request()).await;
    for order in ["by-merchant", "by-shopper"] {
        shop.register(order, 2599).await;
    }
    let later = json!({"capture_at": "2020-01-01T00:00:00Z"});
    shop.pay("by-merchant", by_card_with("authorize", VISA, &later)).await.data(200);
    shop.as_shopper().await;
    shop.pay("by-shopper", by_card_with("purchase", VISA, &json!({}))).await.data(200);
    shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    let lines = watch.lines();
    let principals = |kind: &str, order: &str| -> Vec<String> {
        let fields = lines.iter().map(|(_, line)| &line["fields"]).filter(|fields| {
            // A request's line is the audit of its one operation.
            (fields["audit"] == json!(true) || fields["what"].is_string())
                && fields["kind"] == kind
                && (order.is_empty() || fields["order"] == order)
        });
        let mut all: Vec<_> = fields.map(|fields| fields["principal"].as_str().unwrap().to_owned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let key = principals("authorize", "by-merchant");
    assert!(key.len() == 1 && key[0].starts_with("key:") && key[0].len() == 20, "{key:?}");
    assert_eq!(principals("capture", "by-merchant"), ["schedule"]);
    let shopper = principals("purchase", "by-shopper");
    assert!(shopper.len() == 1 && shopper[0].starts_with("shopper:"), "{shopper:?}");
    let all = principals("purchase", "");
    assert_eq!(all, [key[0].clone(), shopper[0].clone()], "the same key in both APIs");
    assert!(!lines.iter().any(|(text, _)| text.contains(merchants::REGISTERED_KEY)));
    shop.close().await;
}
