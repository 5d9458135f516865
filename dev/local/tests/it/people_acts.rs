//! People's actions leave their name, and their permissions are in force when they should be.

use cardpointe_simulator::{Endpoint, Fault, FaultKind, PortalAction, ShownSetlstat};
use jiff::Timestamp;
use local::{
    Options, dynamodb_client, merchants,
    template::{TEMPLATE, parse},
};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::{
    payments::Role,
    people::{Grant, NewPerson, People, PersonEntry, Recognition, RefundMax},
    values::{Amount, Currency},
};
use uuid::Uuid;

use crate::{
    credit_card_client::{CreditCard, Syntax, payment, with},
    settlement,
    shop::{NO_FUNDS, Shop, VISA, by_card, by_token},
    sign_in::{act_as, change, exchange, id_token, issuer, open, operator},
};

/// Who writes in the test of the route table.
const NAME: &str = "Eve Evans";

pub(crate) fn named<'a>(people: &'a mut People, name: &str) -> &'a mut PersonEntry {
    people.entries.iter_mut().find(|entry| entry.name.to_string() == name).unwrap()
}

pub(crate) fn usd(minor: u64) -> RefundMax {
    RefundMax::By([(Currency::USD, Amount::new(minor).unwrap())].into())
}

/// Somebody at the stack's issuer who gives nothing back.
pub(crate) fn new_person(shop: &Shop, name: &str, account: &str, role: Role) -> NewPerson {
    let email = format!("{account}@shop.example").parse().unwrap();
    NewPerson {
        name: name.parse().unwrap(),
        recognition: Recognition::Email { issuer: issuer(shop), email },
        grant: Grant { role, refund_max: usd(500) },
    }
}

/// How often the text is in the tables.
async fn mentions(shop: &Shop, text: &str) -> usize {
    shop.stack.deliver_stream().await.unwrap();
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let mut found = 0;
    for table in client.list_tables().send().await.unwrap().table_names() {
        let items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
        found += items.iter().map(|item| format!("{item:?}").matches(text).count()).sum::<usize>();
    }
    found
}

/// The audit trail's entries of a kind.
async fn audited(shop: &Shop, kind: &str) -> Vec<Value> {
    let list = shop.get(&format!("/v2/audit?filter=eq(kind,{kind})")).await;
    list.data(200).as_array().unwrap().clone()
}

/// Orders, an exception, a stored card, a receiver and a delivery, for each route that writes.
struct Prepared {
    /// To be captured, then held anew.
    captured: String,
    /// To be moved to another time.
    moved: String,
    /// To be refunded.
    refunded: String,
    /// To be canceled.
    canceled: String,
    /// To be decided, and its reference at the gateway.
    doubted: (String, String),
    /// Voided elsewhere, which is to be seen.
    voided: String,
    exception: String,
    card: String,
    delivery: String,
    person: String,
}

async fn prepare(shop: &Shop) -> Prepared {
    let receiver = crate::webhooks::Receiver::open().await;
    crate::webhooks::put(shop, &[receiver.document("shop")]);
    for order in ["captured", "moved", "refunded", "canceled"] {
        shop.register(order, 2599).await;
    }
    let refunded = shop.pay_by_token("refunded", "purchase").await.id();
    shop.stack.simulator().settle();
    let held = async |order| shop.pay_by_token(order, "authorize").await.id();
    let data = json!({
        "customer": "c", "currency": "USD", "number": VISA, "month": "10", "year": "2031",
        "first_name": "John", "last_name": "Smith", "verification_value": "123",
    });
    let card = shop.post("/v2/payment-methods", json!({ "data": data })).await.id();
    let (captured, moved, canceled) = (held("captured").await, held("moved").await, held("canceled").await);
    let voided = voided_elsewhere(shop, "voided").await;
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.deliver_webhooks().await.unwrap();
    let deliveries = shop.get("/v2/webhooks/shop/deliveries").await;
    let delivery = deliveries.data(200)[0]["id"].as_str().unwrap().to_owned();
    let exception = settlement::seed(shop).await.to_string();
    let people = shop.get("/v2/people").await;
    let rob = people.data(200).as_array().unwrap().iter().find(|one| one["name"] == "Rob Reyes").unwrap();
    let person = rob["id"].as_str().unwrap().to_owned();
    // The hour that it waits ends the token.
    let doubted = doubted(shop).await;
    Prepared { captured, moved, refunded, canceled, doubted, voided, exception, card, delivery, person }
}

/// A purchase that has been in doubt for an hour, and its reference at the gateway, which shows a
/// state of it that no document lists.
pub(crate) async fn doubted(shop: &Shop) -> (String, String) {
    shop.register("doubted", 2599).await;
    let simulator = shop.stack.simulator();
    simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
        simulator.fault(Fault::once(endpoint, FaultKind::Status { status: 503 }));
    }
    let id = shop.pay_by_token("doubted", "purchase").await.id();
    simulator.clear_faults();
    let retref = simulator.records().last().unwrap().retref.clone();
    let listed_nowhere = ShownSetlstat::Text("Something New".to_owned());
    assert!(simulator.show_setlstat(&retref, Some(listed_nowhere)));
    shop.stack.advance_clock(3_600);
    (id, retref)
}

/// An authorization that somebody voided in the gateway's portal.
pub(crate) async fn voided_elsewhere(shop: &Shop, order: &str) -> String {
    shop.register(order, 2599).await;
    let id = shop.pay_by_token(order, "authorize").await.id();
    let retref = shop.stack.simulator().records().last().unwrap().retref.clone();
    shop.stack.simulator().in_portal(&PortalAction::Void { retref, minor_units: None });
    let capture = shop.follow_up(order, &id, "capture", json!({})).await;
    capture.error(422, "voided_elsewhere");
    id
}

/// A person's request to a route that writes: path and data; none where people may do nothing.
fn request(route: &str, to: &Prepared) -> Option<(String, Value)> {
    let of = |order: &str, id: &str, what: &str| format!("/v2/orders/{order}/transactions/{id}{what}");
    let exception = |what: &str| format!("/v2/settlement/exceptions/{}/{what}", to.exception);
    let new = json!({"name": "Bob", "issuer": "https://id.example", "subject": "b", "role": "read"});
    Some(match route {
        "PATCH /v2/orders/{orderId}/transactions/{transactionId}" => {
            (of("moved", &to.moved, ""), json!({"capture_at": "2020-01-01T00:00:00Z"}))
        }
        "POST /v2/orders/{orderId}/captures/pause" => ("/v2/orders/moved/captures/pause".into(), json!({})),
        "POST /v2/orders/{orderId}/captures/resume" => ("/v2/orders/moved/captures/resume".into(), json!({})),
        "POST /v2/orders/{orderId}/transactions/{transactionId}/capture" => {
            (of("captured", &to.captured, "/capture"), json!({"amount": 2000}))
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize" => {
            (of("captured", &to.captured, "/reauthorize"), json!({}))
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm" => {
            (of("captured", &to.captured, "/confirm"), json!({}))
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/decide" => {
            let (id, retref) = &to.doubted;
            let data = json!({"outcome": "done", "reason": "seen there", "retref": retref});
            (of("doubted", id, "/decide"), data)
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/attention/{code}/seen" => {
            let reason = json!({"reason": "the customer asked for it"});
            (of("voided", &to.voided, "/attention/voided_elsewhere/seen"), reason)
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/refund" => {
            (of("refunded", &to.refunded, "/refund"), json!({"amount": 100}))
        }
        "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel" => {
            (of("canceled", &to.canceled, "/cancel"), json!({}))
        }
        "POST /v2/settlement/exceptions/{exceptionId}/notes" => {
            (exception("notes"), json!({"text": "asked"}))
        }
        "POST /v2/settlement/exceptions/{exceptionId}/resolve" => {
            (exception("resolve"), json!({"reason": "booked"}))
        }
        "PUT /v2/stop" => ("/v2/stop".into(), json!({"stopped": true, "reason": "a test"})),
        "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay" => {
            (format!("/v2/webhooks/shop/deliveries/{}/replay", to.delivery), json!({}))
        }
        "POST /v2/webhooks/{webhookId}/test" => ("/v2/webhooks/shop/test".into(), json!({})),
        "POST /v2/people" => ("/v2/people".into(), new),
        "PATCH /v2/people/{personId}" => (format!("/v2/people/{}", to.person), json!({"role": "pay"})),
        "DELETE /v2/people/{personId}" => (format!("/v2/people/{}", to.person), Value::Null),
        "DELETE /v2/payment-methods/{paymentMethodId}" => {
            (format!("/v2/payment-methods/{}", to.card), Value::Null)
        }
        "PUT /v2/orders/{orderId}"
        | "POST /v2/orders/{orderId}/payments"
        | "POST /v2/orders/{orderId}/payments/authorize"
        | "POST /v2/orders/{orderId}/payments/purchase"
        | "POST /v2/surcharge"
        | "POST /v2/payment-methods"
        | "PUT /v2/payment-methods/{paymentMethodId}"
        | "PATCH /v2/payment-methods/{paymentMethodId}" => return None,
        other => panic!("what do people do at {other}?"),
    })
}

/// In this order: the rest of a capture is held anew, a changed person is removed, and all is
/// stopped at last.
fn rank(route: &str) -> usize {
    match route.split(" /v2/").nth(1) {
        Some(path) if path.ends_with("/capture") => 0,
        Some("people/{personId}") if route.starts_with("DELETE") => 2,
        Some("stop") => 3,
        _ => 1,
    }
}

#[tokio::test]
async fn every_route_that_people_write_to_leaves_their_name() {
    let mut shop = open().await;
    let prepared = prepare(&shop).await;
    act_as(&mut shop, "eve").await;
    let mut routes: Vec<_> =
        parse(TEMPLATE).unwrap().routes.iter().map(|route| route.key.to_string()).collect();
    // Routes with `ANY` serve those who read.
    routes.retain(|route| !route.starts_with("ANY ") && route.contains(" /v2/"));
    routes.sort_by_key(|route| (rank(route), route.clone()));
    let mut written = 0;
    for route in routes {
        let (method, path) = route.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let Some((path, data)) = request(&route, &prepared) else {
            let path = path.replace("{orderId}", "moved").replace("{paymentMethodId}", &prepared.card);
            let body = json!({"data": by_token("purchase")}).to_string();
            let refused = shop.send(method, &path, &[], body).await;
            assert_eq!(refused.status, 403, "{route}: {}", refused.body);
            continue;
        };
        let before = mentions(&shop, NAME).await;
        let body = if data.is_null() { String::new() } else { json!({ "data": data }).to_string() };
        let done = shop.send(method, &path, &[], body).await;
        assert!(done.status.is_success(), "{route}: {}", done.body);
        assert!(mentions(&shop, NAME).await > before, "{route} leaves no name");
        written += 1;
    }
    assert_eq!(written, 19);
    shop.close().await;
}

#[tokio::test]
async fn who_moves_a_capture_and_why_is_in_the_order() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let held = shop.pay_by_token("o", "authorize").await.id();
    act_as(&mut shop, "ann").await;
    let path = format!("/v2/orders/o/transactions/{held}");
    let body = json!({"data": {"capture_at": null, "actor": "agent 7", "reason": "out of stock"}});
    let moved = shop.send(Method::PATCH, &path, &[], body.to_string()).await;
    let told = &moved.data(200)["meta"]["capture_moved"];
    assert_eq!(
        (&told["person"], &told["actor"], &told["reason"]),
        (&json!("Ann Archer"), &json!("agent 7"), &json!("out of stock")),
        "{told}"
    );
    shop.close().await;
}

#[tokio::test]
async fn whoever_is_added_or_raised_acts_at_once() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().settle();
    // Every function that is used has read who there is.
    act_as(&mut shop, "rob").await;
    shop.follow_up("o", &paid, "refund", json!({"amount": 1})).await.error(403, "forbidden");
    shop.get("/v2/orders/o").await.data(200);
    let max = new_person(&shop, "Max Moore", "max", Role::Read);
    change(&shop, |people| {
        people.add(&operator(), max, Uuid::new_v4(), Timestamp::now()).unwrap();
        named(people, "Rob Reyes").grant.role = Role::Operate;
    })
    .await;
    act_as(&mut shop, "rob").await;
    shop.follow_up("o", &paid, "refund", json!({"amount": 1})).await.data(200);
    act_as(&mut shop, "max").await;
    shop.get("/v2/orders/o").await.data(200);
    // A role that is lost is lost for a new sign-in at once, too.
    change(&shop, |people| named(people, "Rob Reyes").grant.role = Role::Read).await;
    act_as(&mut shop, "rob").await;
    shop.follow_up("o", &paid, "refund", json!({"amount": 1})).await.error(403, "forbidden");
    shop.close().await;
}

#[tokio::test]
async fn nobody_lets_others_give_back_more_than_they_may_themselves() {
    let mut shop = open().await;
    change(&shop, |people| {
        for name in ["Eve Evans", "Ann Archer", "Rob Reyes"] {
            named(people, name).grant.refund_max = usd(500);
        }
    })
    .await;
    act_as(&mut shop, "eve").await;
    let new = |max: Value| {
        json!({"data": {"name": "Bob", "issuer": "https://id.example", "subject": "b", "role": "operate",
            "refund_max": max}})
    };
    for max in [json!("unlimited"), json!({"USD": 501}), json!({"USD": 500, "EUR": 1})] {
        let refused = shop.post("/v2/people", new(max)).await;
        assert_eq!(refused.error(403, "exceeds_refund_max")["source"], "data.refund_max");
    }
    let bob = shop.post("/v2/people", new(json!({"USD": 500}))).await.data(201)["id"].clone();
    let path = format!("/v2/people/{}", bob.as_str().unwrap());
    let change =
        async |data: Value| shop.send(Method::PATCH, &path, &[], json!({ "data": data }).to_string()).await;
    change(json!({"refund_max": {"USD": 501}})).await.error(403, "exceeds_refund_max");
    change(json!({"refund_max": {"USD": 400}})).await.data(200);
    assert_eq!(audited(&shop, "limit_exceeded").await.len(), 4);
    shop.close().await;
}

#[tokio::test]
async fn who_has_more_keeps_it_and_can_be_given_less() {
    let mut shop = open().await;
    change(&shop, |people| named(people, "Eve Evans").grant.refund_max = usd(500)).await;
    act_as(&mut shop, "eve").await;
    let people = shop.get("/v2/people").await;
    let ann = people.data(200).as_array().unwrap().iter().find(|one| one["name"] == "Ann Archer").unwrap();
    let path = format!("/v2/people/{}", ann["id"].as_str().unwrap());
    for data in [json!({"role": "pay"}), json!({"refund_max": {"USD": 100_000}})] {
        shop.send(Method::PATCH, &path, &[], json!({ "data": data }).to_string()).await.data(200);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_refund_beyond_the_limit_is_on_record() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "purchase").await.id();
    change(&shop, |people| named(people, "Ann Archer").grant.refund_max = usd(500)).await;
    let keys = shop.current_token().to_owned();
    act_as(&mut shop, "ann").await;
    shop.follow_up("o", &paid, "cancel", json!({})).await.error(403, "exceeds_refund_max");
    shop.use_token(&keys);
    let entries = audited(&shop, "limit_exceeded").await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(entry["who"]["name"], "Ann Archer");
    assert_eq!(entry["call"], format!("POST /v2/orders/o/transactions/{paid}/cancel"));
    shop.close().await;
}

#[tokio::test]
async fn a_limit_is_of_its_currency() {
    let patch = json!({"gateway": {"merchids": {"EUR": "496160873978"}}});
    let mut shop = Shop::open_with(patch).await;
    crate::sign_in::add_people(&shop).await;
    shop.put_order("o", json!({"amount": 2599, "currency": "EUR"})).await.data(201);
    let paid = shop.pay("o", by_card("purchase", VISA)).await.id();
    shop.stack.simulator().settle();
    change(&shop, |people| named(people, "Ann Archer").grant.refund_max = usd(100_000)).await;
    act_as(&mut shop, "ann").await;
    let refused = shop.follow_up("o", &paid, "refund", json!({"amount": 1})).await;
    assert_eq!(refused.error(403, "exceeds_refund_max")["meta"]["refund_max"], 0);
    let euro = Currency::parse("EUR").unwrap();
    change(&shop, |people| {
        let limits = [(euro, Amount::new(500).unwrap())];
        named(people, "Ann Archer").grant.refund_max = RefundMax::By(limits.into());
    })
    .await;
    shop.stack.cold_start().unwrap();
    shop.follow_up("o", &paid, "refund", json!({"amount": 501})).await.error(403, "exceeds_refund_max");
    shop.follow_up("o", &paid, "refund", json!({"amount": 500})).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_proposal_ends_after_a_day_or_with_its_makers_removal() {
    for is_removed in [false, true] {
        let mut shop = open().await;
        shop.register("o", 2599).await;
        let paid = shop.pay_by_token("o", "purchase").await.id();
        change(&shop, |people| named(people, "Ann Archer").grant.refund_max = usd(500)).await;
        act_as(&mut shop, "ann").await;
        let refused = shop.follow_up("o", &paid, "cancel", json!({})).await;
        let proposal = refused.error(403, "exceeds_refund_max")["meta"]["proposal"].clone();
        if is_removed {
            change(&shop, |people| people.entries.retain(|entry| entry.name.to_string() != "Ann Archer"))
                .await;
            shop.stack.cold_start().unwrap();
        } else {
            shop.stack.advance_clock(24 * 3_600);
        }
        act_as(&mut shop, "eve").await;
        let late = shop.follow_up("o", &paid, "cancel", json!({ "proposal": proposal })).await;
        late.error(400, "invalid_value");
        assert!(shop.ledger("void").is_empty());
        shop.close().await;
    }
}

#[tokio::test]
async fn a_name_with_a_word_of_two_scripts_is_refused() {
    let mut shop = open().await;
    act_as(&mut shop, "eve").await;
    let new = |name| json!({"data": {"name": name, "issuer": "https://id.example", "subject": "b", "role": "read"}});
    let refused = shop.post("/v2/people", new("Вob")).await;
    assert_eq!(refused.error(400, "invalid_value")["source"], "data.name");
    assert_eq!(shop.post("/v2/people", new("Zoë\u{a0} Ａdams")).await.data(201)["name"], "Zoë Adams");
    shop.close().await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_entry() {
    let mut shop = open().await;
    act_as(&mut shop, "eve").await;
    let people = shop.get("/v2/people").await;
    let rob = people.data(200).as_array().unwrap().iter().find(|one| one["name"] == "Rob Reyes").unwrap();
    let path = format!("/v2/people/{}", rob["id"].as_str().unwrap());
    let same = json!({"data": {"role": "read", "refund_max": "unlimited"}}).to_string();
    shop.send(Method::PATCH, &path, &[], same).await.data(200);
    assert!(audited(&shop, "people_changed").await.is_empty());
    shop.close().await;
}

/// When the entries of a merchant's audit trail end, in seconds from now.
async fn kept(shop: &Shop, merchant: &str) -> Vec<i64> {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let items = client.scan().table_name(local::PEOPLE_TABLE_NAME).send().await.unwrap().items.unwrap();
    let bucket = format!("audit#{merchant}");
    let own = items.iter().filter(|item| item["b"].as_s().is_ok_and(|key| *key == bucket));
    own.map(|item| item["x"].as_n().unwrap().parse::<i64>().unwrap() - Timestamp::now().as_second()).collect()
}

#[tokio::test]
async fn refused_sign_ins_are_few_and_those_of_no_merchant_are_gone_after_a_day() {
    let shop = open().await;
    let nobody = "170299999";
    let token = id_token(&shop, "max").await;
    for _ in 0..25 {
        exchange(&shop, &token, &[("audience", nobody)]).await;
    }
    let ends = kept(&shop, nobody).await;
    assert_eq!(ends.len(), 20, "of one subject, in a day");
    assert!(ends.iter().all(|end| (86_000..=86_400).contains(end)), "{ends:?}");
    exchange(&shop, &id_token(&shop, "max").await, &[]).await;
    assert_eq!(
        kept(&shop, merchants::REGISTERED).await,
        Vec::<i64>::new(),
        "it counts whatever the merchant"
    );
    shop.close().await;
}

#[tokio::test]
async fn people_confirm_look_at_stored_cards_and_delete_them() {
    let mut shop = open().await;
    let to = prepare(&shop).await;
    let (card, list) = (format!("/v2/payment-methods/{}", to.card), "/v2/payment-methods?customer=c");
    let delete = async |shop: &Shop| shop.send(Method::DELETE, &card, &[], String::new()).await;
    let confirm = async |shop: &Shop| shop.follow_up("captured", &to.captured, "confirm", json!({})).await;
    act_as(&mut shop, "rob").await;
    for refused in [shop.get(list).await, shop.get(&card).await, delete(&shop).await, confirm(&shop).await] {
        refused.error(403, "forbidden");
    }
    change(&shop, |people| named(people, "Rob Reyes").grant.role = Role::Pay).await;
    act_as(&mut shop, "rob").await;
    confirm(&shop).await.data(200);
    delete(&shop).await.error(403, "forbidden");
    act_as(&mut shop, "ann").await;
    assert_eq!(shop.get(list).await.data(200)[0]["id"], to.card);
    shop.get(&card).await.data(200);
    delete(&shop).await.data(200);
    act_as(&mut shop, "eve").await;
    let acts = audited(&shop, "acted").await;
    let acts: Vec<_> =
        acts.iter().rev().map(|act| (&act["who"]["name"], act["call"].as_str().unwrap())).collect();
    let (get, delete) = (format!("GET {card}"), format!("DELETE {card}"));
    let confirm = format!("POST /v2/orders/captured/transactions/{}/confirm", to.captured);
    let (ann, rob) = (json!("Ann Archer"), json!("Rob Reyes"));
    let expected = [(&rob, &*confirm), (&ann, "GET /v2/payment-methods"), (&ann, &*get), (&ann, &*delete)];
    assert_eq!(acts, expected);
    shop.close().await;
}

#[tokio::test]
async fn declined_cards_of_one_customer_stop_reaching_the_gateway() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let declined = async |n: usize, customer: Value| {
        let mut declined =
            with(payment("1", &format!("{customer}-{n}")), "/Request/CustomerId", Some(customer));
        let card = json!({"CardNumber": NO_FUNDS, "ExpiryDate": "12/31", "CVV": "123"});
        declined["Request"]["Card"] = card;
        api.send(Syntax::Json, "charge", &declined).await
    };
    for n in 0..15 {
        declined(n, json!("4711")).await;
    }
    let sent = || shop.stack.simulator().transactions().len();
    assert_eq!(sent(), 10);
    // As a number, too, and another customer's own.
    let refused = declined(15, json!(4711)).await;
    assert!(refused.body.contains("of this customer"), "{}", refused.body);
    declined(16, json!("4712")).await;
    assert_eq!(sent(), 11);
    shop.close().await;
}

#[tokio::test]
async fn an_issuer_that_does_not_respond_is_tried_again_later() {
    let issuer = "http://127.0.0.1:9/issuer".parse().unwrap();
    let options = Options { issuer: Some(issuer), ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    let header = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ";
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", "cli"),
        ("client_secret", "local-cli-secret-that-is-no-secret-at-all"),
        ("audience", merchants::REGISTERED),
        ("subject_token", &format!("{header}.e30.AAAA")),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
    ];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = shop.client().post(format!("{}/oauth/access_token", shop.stack.url())).body(body);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "60"));
    shop.close().await;
}

#[tokio::test]
async fn another_machines_page_disables_nobody_at_the_issuer() {
    let shop = Shop::open().await;
    let disable = async |origin: &str| {
        let request = shop.client().post(format!("{}/people/ann", issuer(&shop))).header("origin", origin);
        request.json(&json!({"disabled": true})).send().await.unwrap().status().as_u16()
    };
    assert_eq!(disable("https://attacker.example").await, 403);
    assert_eq!(disable(shop.stack.url()).await, 204);
    shop.close().await;
}
