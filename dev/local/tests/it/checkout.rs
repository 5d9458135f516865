//! The sample shop: its server keeps the merchant's key, and its page may frame the tokenizer. A
//! browser goes through it in `.ci/browser`.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::merchants;
use reqwest::header;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    card_tokens::{tokenize, with_token},
    shop::{NO_FUNDS, Shop, VISA},
    support::client,
};

#[tokio::test]
async fn the_sample_shops_server_registers_the_order_and_keeps_the_key() {
    let shop = Shop::open().await;
    let url = format!("{}/checkout", shop.stack.url());
    let page = client().get(&url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let settings = client().get(format!("{url}/settings")).send().await.unwrap().text().await.unwrap();
    let script = client().get(format!("{url}/page.js")).send().await.unwrap().text().await.unwrap();
    let page = page.text().await.unwrap();
    for sent in [&page, &script, &settings] {
        assert!(!sent.contains(merchants::REGISTERED_KEY), "{sent}");
    }
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(
        (&settings["api"], &settings["merchant"]),
        (&json!(shop.stack.url()), &json!(merchants::REGISTERED))
    );
    let tokenizer = settings["tokenizer"].as_str().unwrap();
    assert!(shop.stack.simulator().base_url().starts_with(tokenizer), "{tokenizer}");
    assert!(policy.contains(&format!("frame-src {tokenizer};")), "{policy}");

    let order = client().post(format!("{url}/orders")).send().await.unwrap().text().await.unwrap();
    let order: Value = serde_json::from_str(&order).unwrap();
    let registered = shop.order(order["order"].as_str().unwrap()).await;
    assert_eq!((&registered["amount"], &registered["payment"]), (&order["amount"], &json!("unpaid")));
    shop.close().await;
}

/// A shopper at the sample shop, in a session of their own.
struct Shopper {
    url: String,
    /// The session's cookie, name and value.
    session: String,
}

impl Shopper {
    async fn arrive(shop: &Shop) -> Self {
        let url = format!("{}/checkout", shop.stack.url());
        let page = client().get(&url).send().await.unwrap();
        let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        Self { url, session: cookie.split(';').next().unwrap().to_owned() }
    }

    /// The server's response, in which no card number and no token may be.
    async fn read(&self, request: reqwest::RequestBuilder) -> (u16, String) {
        let response = request.header(header::COOKIE, &self.session).send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        for hidden in [VISA, NO_FUNDS, "payment\"", "pm_", "|", merchants::REGISTERED_KEY] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        (status, text)
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = client().post(format!("{}/{path}", self.url)).body(body.to_string());
        let (status, text) = self.read(request.header(header::CONTENT_TYPE, "application/json")).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn order(&self) -> Value {
        self.post("orders", &json!({})).await.1["order"].take()
    }

    /// Pays an order of their own: with a typed card, or with the saved one.
    async fn pay(&self, typed: Option<&str>) -> (u16, Value) {
        let (order, key) = (self.order().await, Uuid::new_v4());
        self.post("payments", &json!({"order": order, "key": key, "card": typed.map(card)})).await
    }

    async fn saved_card(&self) -> Value {
        let (status, text) = self.read(client().get(format!("{}/card", self.url))).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["card"].take()
    }
}

/// The members that the page knows of a typed card.
fn card(token: &str) -> Value {
    let mut card = with_token(token);
    card.as_object_mut().unwrap().retain(|member, _| ["payment", "month", "year"].contains(&member.as_str()));
    card
}

#[tokio::test]
async fn a_card_that_is_saved_pays_again_in_its_own_session_only() {
    let shop = Shop::open().await;
    let (good, bad) = (tokenize(&shop, VISA, None).await, tokenize(&shop, NO_FUNDS, None).await);
    let (shopper, stranger) = (Shopper::arrive(&shop).await, Shopper::arrive(&shop).await);
    assert_eq!(shopper.pay(None).await.0, 404, "nothing is saved yet");

    let (status, declined) = shopper.pay(Some(&bad)).await;
    // That it was declined, but not why.
    assert_eq!((status, &declined["data"]["status"]), (400, &Value::Null), "{declined}");
    assert_eq!(declined["errors"], json!([{"meta": {"code": "declined"}}]));
    assert_eq!(shopper.saved_card().await, Value::Null, "a card that was declined");

    let (status, paid) = shopper.pay(Some(&good)).await;
    assert_eq!((status, &paid["data"]["status"]), (200, &json!("complete")), "{paid}");
    assert_eq!(paid["data"]["meta"]["display_price"]["formatted"], "$25.99");
    let visa = json!({"brand": "Visa", "last_four": "1443", "expiry_month": 10, "expiry_year": 2031});
    assert_eq!(shopper.saved_card().await, visa);

    let (order, key) = (shopper.order().await, Uuid::new_v4());
    let again = json!({"order": order, "key": key});
    let (status, paid) = shopper.post("payments", &again).await;
    assert_eq!((status, &paid["data"]["status"]), (200, &json!("complete")), "{paid}");
    assert_eq!(shopper.post("payments", &again).await, (200, paid), "sent again, it is the same payment");
    assert_eq!(shop.order(order.as_str().unwrap()).await["payment"], "paid");
    assert_eq!(shop.ledger("auth").len(), 2);

    assert_eq!(stranger.saved_card().await, Value::Null);
    assert_eq!(stranger.pay(None).await.0, 404);
    let unknown = Shopper { session: String::new(), ..stranger };
    assert_eq!((unknown.saved_card().await, unknown.pay(Some(&good)).await.0), (Value::Null, 403));
    assert_eq!(shop.ledger("auth").len(), 2);
    shop.close().await;
}

#[tokio::test]
async fn a_tester_in_new_sessions_is_one_address_to_the_sample_shop() {
    let shop = Shop::open().await;
    let bad = tokenize(&shop, NO_FUNDS, None).await;
    for n in 0..30 {
        let (status, told) = Shopper::arrive(&shop).await.pay(Some(&bad)).await;
        assert_eq!(status, if n < 10 { 400 } else { 422 }, "{n}: {told}");
    }
    assert_eq!(shop.stack.simulator().transactions().len(), 10);
    shop.close().await;
}

#[tokio::test]
async fn a_saved_cards_payment_whose_response_is_lost_is_confirmed_by_the_server() {
    let shop = Shop::open().await;
    let token = tokenize(&shop, VISA, None).await;
    let shopper = Shopper::arrive(&shop).await;
    assert_eq!(shopper.pay(Some(&token)).await.0, 200);
    shop.no_inquiry();
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    let order = shopper.order().await;
    let (status, pending) = shopper.post("payments", &json!({"order": order, "key": Uuid::new_v4()})).await;
    assert_eq!((status, &pending["data"]["status"]), (202, &json!("pending")), "{pending}");

    let confirm = json!({"order": order});
    assert_eq!(shopper.post("confirm", &confirm).await, (202, pending));
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(31);
    let (status, paid) = shopper.post("confirm", &confirm).await;
    assert_eq!((status, &paid["data"]["status"]), (200, &json!("complete")), "{paid}");
    assert_eq!(shop.ledger("auth").len(), 2);
    // Asked again, also of an order that nothing has paid.
    assert_eq!(shopper.post("confirm", &confirm).await, (200, json!({"data": paid["data"]})));
    let unpaid = json!({"order": shopper.order().await});
    assert_eq!(shopper.post("confirm", &unpaid).await, (200, json!({"data": null})));

    // A text that would become a part of an address is read first.
    for odd in ["../tokens", "checkout-1", &format!("checkout-{}/x", Uuid::new_v4())] {
        assert_eq!(shopper.post("confirm", &json!({"order": odd})).await.0, 422, "{odd}");
    }
    shop.close().await;
}
