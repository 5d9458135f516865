//! The functions' permissions on AWS: each uses all that its policy in `template.yaml` grants, and
//! nothing else.

use std::collections::BTreeSet;

use cardpointe_simulator::{Alteration, Endpoint, Fault, FaultKind};
use local::{
    Options, TABLE_NAME,
    functions::TABLE,
    merchants,
    permissions::{ByFunction, Call, Keys, Operator, Permission},
    template::{TEMPLATE, deployed, parse},
};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::{people::RefundMax, settlement::eastern_day, values::Clock as _};

use crate::{
    console::Visitor,
    credit_card_client::{CreditCard, Syntax, payment},
    events::{events, expected, function_of, is_scheduled},
    inventory::watch::Watch,
    settlement,
    shop::{Shop, VISA, by_card_with, by_token, lost_card},
    sign_in,
    support::client,
    template::SMALL,
};

/// A shop whose stack has these options.
async fn open(options: Options) -> Shop {
    Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await
}

/// Permissions that are in one and not in the other, a line each.
fn only_in(one: &ByFunction, other: &ByFunction, what: &str) -> Vec<String> {
    let none = BTreeSet::new();
    let lines = one.iter().flat_map(|(function, permissions)| {
        let others = other.get(function).unwrap_or(&none);
        permissions.difference(others).map(move |permission| format!("{function} {what} {permission}"))
    });
    lines.collect()
}

fn differences(granted: &ByFunction, performed: &ByFunction) -> Vec<String> {
    let mut lines = only_in(performed, granted, "needs, and its policy lacks:");
    lines.extend(only_in(granted, performed, "never used, and its policy grants:"));
    lines
}

/// Plays every sample event, each on processes that have kept nothing: one function must not find
/// data that another has read.
async fn play_all_events(shop: &Shop) {
    let events = events();
    // In the order of the list, because one event makes a capture that another has scheduled.
    for (name, ..) in expected() {
        let (_, event) = events.iter().find(|(event, _)| event == name).unwrap();
        shop.stack.cold_start().unwrap();
        if is_scheduled(event) {
            shop.stack.invoke_scheduled_with(function_of(name), event).await.unwrap();
        } else {
            shop.stack.invoke(function_of(name), &event.to_string()).await.unwrap();
        }
    }
}

/// The gateway pays, its response is lost, and no inquiry can be sent before the clock has moved
/// on. Returns the transaction.
async fn pay_in_doubt(shop: &Shop, order: &str) -> String {
    lose(shop, order, by_token("purchase")).await
}

/// The same of a payment with these data, also of one that the gateway declines.
async fn lose(shop: &Shop, order: &str, data: Value) -> String {
    shop.register(order, 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    let paid = shop.pay(order, data).await;
    paid.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(60);
    shop.stack.cold_start().unwrap();
    paid.id()
}

/// A card scheme forbids to try a card again: in the response to a new authorization of a rest, and
/// by inquiries. An inquiry also finds a payment that stored its card.
async fn hear_of_bans(shop: &Shop) {
    shop.register("rest", 2599).await;
    let held = shop.pay("rest", saving("rest", "authorize")).await.id();
    shop.follow_up("rest", &held, "capture", json!({"amount": 1_000})).await.data(200);
    shop.stack.simulator().decline(lost_card());
    shop.follow_up("rest", &held, "reauthorize", json!({})).await.error(400, "declined");
    shop.stack.simulator().decline(lost_card());
    let banned = lose(shop, "banned", by_card_with("purchase", VISA, &json!({}))).await;
    shop.follow_up("banned", &banned, "confirm", json!({})).await;
    shop.stack.simulator().decline(lost_card());
    lose(shop, "banned-late", by_card_with("purchase", VISA, &json!({}))).await;
    lose(shop, "stored-late", saving("stored-late", "purchase")).await;
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
}

/// A payment that stores its card. A card that a customer has is not written again.
fn saving(order: &str, method: &str) -> Value {
    by_card_with(method, VISA, &json!({"save": true, "customer": format!("customer-of-{order}")}))
}

/// On each route that a shopper can pay by.
async fn pay_as_a_shopper(shop: &Shop) {
    let token = shop.token(merchants::REGISTERED, None).await;
    let token = format!("Bearer {}", token.body["access_token"].as_str().unwrap());
    for route in ["payments", "payments/authorize", "payments/purchase"] {
        let order = route.replace('/', "-");
        shop.register(&order, 2599).await;
        let mut data = by_token("purchase");
        data["method"] = json!(if route.ends_with("authorize") { "authorize" } else { "purchase" });
        let request = client().post(format!("{}/v2/orders/{order}/{route}", shop.stack.url()));
        let request = request.header("authorization", &token).body(json!({ "data": data }).to_string());
        assert_eq!(request.send().await.unwrap().status(), 200, "{route}");
    }
}

/// A card that is stored, and a payment under a spelling that only the catch-all serves, both
/// counted by the shopper's address.
async fn state_a_shoppers_address(shop: &Shop) {
    let address = ("x-shopper-address", "203.0.113.7");
    let data = json!({
        "customer": "customer-18", "currency": "USD", "number": VISA, "month": "10", "year": "2031",
        "first_name": "John", "last_name": "Smith", "verification_value": "123",
    });
    let body = json!({ "data": data }).to_string();
    shop.send(Method::POST, "/v2/payment-methods", &[address], body).await.data(201);
    let headers = [("content-type", "application/json"), address];
    let mut data = payment("1", "in-another-spelling");
    data["Request"]["SaveToFile"] = json!(true);
    let body = Syntax::Json.body(&data);
    let charged = CreditCard::of(shop).post_with("Charge/", &headers, body).await;
    assert_eq!(charged.envelope().code, "00");
}

/// On each route that a card can be stored by with a payment, and once by an inquiry.
async fn pay_and_save(shop: &Shop) {
    for route in ["payments", "payments/authorize", "payments/purchase"] {
        let order = format!("saved-{}", route.replace('/', "-"));
        shop.register(&order, 2599).await;
        let method = if route.ends_with("authorize") { "authorize" } else { "purchase" };
        let paid = shop
            .post(&format!("/v2/orders/{order}/{route}"), json!({ "data": saving(&order, method) }))
            .await;
        assert!(paid.data(200)["payment_method"].is_string(), "{route}");
    }
    shop.register("saved-late", 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    let paid = shop.pay("saved-late", saving("saved-late", "purchase")).await;
    paid.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(60);
    let confirmed = shop.follow_up("saved-late", &paid.id(), "confirm", json!({})).await;
    assert!(confirmed.data(200)["payment_method"].is_string());
}

async fn stops_and_starts(shop: &Shop) {
    for stopped in [true, false] {
        let body = json!({ "data": { "stopped": stopped, "reason": "a test" } }).to_string();
        let moved = shop.send(Method::PUT, "/v2/stop", &[], body).await;
        assert_eq!(moved.data(200)["stopped"], stopped);
    }
}

async fn looks_at_webhooks(shop: &Shop) {
    let deliveries = shop.get("/v2/webhooks/shop/deliveries").await;
    let id = deliveries.data(200)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.get("/v2/webhooks").await.data(200)[0]["id"], "shop");
    shop.post(&format!("/v2/webhooks/shop/deliveries/{id}/replay"), json!({})).await.data(202);
    shop.post("/v2/webhooks/shop/test", json!({})).await.data(202);
}

/// A person does a little of everything, and a fresh process learns each time who that is.
async fn a_person_acts(shop: &mut Shop) {
    shop.renew_token().await;
    shop.register("limited", 2599).await;
    let paid = shop.pay_by_token("limited", "purchase").await.id();
    sign_in::change(shop, |people| {
        for entry in people.entries.iter_mut().filter(|entry| entry.name.to_string() == "Ann Archer") {
            entry.grant.refund_max = RefundMax::nothing();
        }
    })
    .await;
    sign_in::act_as(shop, "ann").await;
    for action in ["refund", "cancel"] {
        shop.stack.cold_start().unwrap();
        shop.follow_up("limited", &paid, action, json!({})).await.error(403, "exceeds_refund_max");
    }
    let stranger = sign_in::id_token(shop, "max").await;
    assert_eq!(sign_in::exchange(shop, &stranger, &[]).await.0, 400);
    sign_in::act_as(shop, "eve").await;
    let none = uuid::Uuid::nil();
    for action in ["capture", "refund", "cancel", "confirm"] {
        shop.stack.cold_start().unwrap();
        let path = format!("/v2/orders/late/transactions/{none}/{action}");
        shop.post(&path, json!({"data": {}})).await.error(404, "transaction_not_found");
    }
    shop.stack.cold_start().unwrap();
    shop.get("/v2/payment-methods?customer=customer-18").await.data(200);
    for path in ["/v2/orders/late", "/v2/stop", "/v2/webhooks", "/v2/entries", "/v2/people", "/v2/audit"] {
        shop.stack.cold_start().unwrap();
        assert!(!shop.get(path).await.data(200).is_null(), "{path}");
    }
    let new =
        json!({"data": {"name": "Bob", "issuer": "https://id.example", "subject": "b", "role": "read"}});
    shop.post("/v2/people", new).await.data(201);
    for path in ["/v2/entries", "/v2/people"] {
        let file = shop.send(Method::GET, path, &[("accept", "text/csv")], String::new()).await;
        assert_eq!(file.status, 200, "{path}");
    }
    let audited = shop.get("/v2/audit?filter=eq(person,\"Eve Evans\")").await;
    let kinds: Vec<_> = audited.data(200).as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["downloaded", "downloaded", "people_changed", "acted", "acted", "signed_in"]);
}

/// A payment that the journal knows is charged back, and the settlement read again.
async fn reads_the_settlement(shop: &Shop) {
    shop.register("disputed", 2599).await;
    shop.pay_by_token("disputed", "purchase").await.data(200);
    shop.stack.deliver_stream().await.unwrap();
    let simulator = shop.stack.simulator();
    let retref = simulator.transactions().last().unwrap()["retref"].clone();
    // One that the journal does not know yet: an exception.
    shop.register("unknown", 2599).await;
    shop.pay_by_token("unknown", "purchase").await.data(200);
    simulator.settle();
    let chargeback = json!({
        "fundingchargebackid": "1", "casenumber": "1", "retref": retref, "amount": "25.99", "reasoncode": "10",
    });
    for _ in 0..2 {
        reads_a_deposit(shop, "1", json!([chargeback])).await;
    }
    // It is reported under another day.
    let day = eastern_day(shop.stack.clock().now()).yesterday().unwrap().to_string();
    reports_have_the_deposits(shop);
    simulator.alter(Alteration::of(Endpoint::Funding).set("fundingdate", day));
    shop.stack.invoke_scheduled("settlement").await.unwrap();
    simulator.clear_alterations();
}

async fn reads_a_deposit(shop: &Shop, id: &str, chargebacks: Value) {
    reads_a_deposit_with(shop, id, chargebacks, json!([])).await;
}

/// Every report has this deposit from now on, and all that were read before.
pub(crate) async fn reads_a_deposit_with(shop: &Shop, id: &str, chargebacks: Value, adjustments: Value) {
    let simulator = shop.stack.simulator();
    let members = json!({"chargebacks": chargebacks, "adjustments": adjustments});
    shop.deposits.lock().unwrap().insert(id.to_owned(), members);
    reports_have_the_deposits(shop);
    let report = shop.stack.invoke_scheduled("settlement").await.unwrap();
    assert_eq!(report["failed"], 0, "{report}");
    simulator.clear_alterations();
}

/// Every report has the deposits that were read.
pub(crate) fn reports_have_the_deposits(shop: &Shop) {
    let all = shop.deposits.lock().unwrap().clone();
    for (n, (id, members)) in all.iter().enumerate() {
        let deposit = Alteration::of(Endpoint::Funding).set("fundingmasterid", id.as_str());
        let fundings = json!([{ "fundingmasterid": id, "netsales": "25.99", "totalfunding": "25.99" }]);
        let deposit = deposit.set("fundings", fundings).set("chargebacks", members["chargebacks"].clone());
        let deposit = deposit.set("adjustments", members["adjustments"].clone());
        shop.stack.simulator().alter(if n == 0 { deposit } else { deposit.twice() });
    }
}

async fn looks_at_settlement(shop: &Shop) {
    let exception = settlement::seed(shop).await;
    assert_eq!(shop.get("/v2/deposits").await.data(200)[0]["net"], 3_450);
    let deposit = shop.get("/v2/deposits/d1").await;
    assert_eq!(deposit.data(200)["line_details"][0]["retref"], settlement::RETREF);
    let listed = shop.get("/v2/settlement/exceptions?filter=eq(cause,not_ours)").await;
    assert_eq!(listed.data(200)[0]["id"], exception.to_string());
    let noted = json!({"data": {"actor": "Ann", "text": "asked the processor"}});
    shop.post(&format!("/v2/settlement/exceptions/{exception}/notes"), noted).await.data(200);
    let reason = json!({"data": {"actor": "Ann", "reason": "booked"}});
    let path = format!("/v2/settlement/exceptions/{exception}/resolve");
    assert_eq!(shop.post(&path, reason).await.data(200)["state"], "closed");
    let left = shop.get("/v2/settlement/exceptions?filter=eq(cause,not_ours)").await;
    assert_eq!(left.data(200), &json!([]));
}

/// Reads that no event makes: whether payments are stopped, a list of orders, a card's payments,
/// and one payment by its id.
async fn looks_around(shop: &Shop, payment: &str) {
    let by_card = format!("/v2/transactions?filter=eq(last_four,{})", &VISA[VISA.len() - 4..]);
    let one = format!("/v2/transactions/{payment}");
    let settled = format!("{one}/settlement");
    for path in ["/status", "/v2/me", "/v2/orders", &by_card, &one, &settled] {
        shop.stack.cold_start().unwrap();
        assert_eq!(shop.get(path).await.status, 200, "{path}");
    }
}

/// With refusals in force, this holds for every other test of the suite, too: a permission that a
/// policy lacks fails it.
#[tokio::test]
async fn every_function_uses_all_that_its_policy_grants_and_needs_nothing_else() {
    let granted = parse(TEMPLATE).unwrap().permissions;
    let mut shop = open(Options { samples: true, ..Options::default() }).await;
    // One that fails: only then is anything noted.
    let receiver = crate::webhooks::Receiver::open().await;
    receiver.respond(500);
    crate::webhooks::put(&shop, &[receiver.document("shop")]);
    play_all_events(&shop).await;
    let lacking = only_in(&shop.stack.performed(), &granted, "needs, and its policy lacks:");
    assert!(lacking.is_empty(), "{lacking:#?}");
    // No event finds anything in doubt: that takes a gateway that fails.
    let id = pay_in_doubt(&shop, "confirmed").await;
    shop.follow_up("confirmed", &id, "confirm", json!({})).await;
    // It has not settled: whether its account's reports are read is looked up.
    assert_eq!(shop.get(&format!("/v2/transactions/{id}")).await.status, 200);
    pay_in_doubt(&shop, "reconciled").await;
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    pay_as_a_shopper(&shop).await;
    state_a_shoppers_address(&shop).await;
    pay_and_save(&shop).await;
    hear_of_bans(&shop).await;
    assert!(shop.stack.deliver_stream().await.unwrap() > 10);
    assert!(shop.stack.deliver_webhooks().await.unwrap() > 10);
    reads_the_settlement(&shop).await;
    shop.renew_token().await;
    crate::disputed::arrives_late(&shop, "arrived-late", true).await;
    shop.stack.advance_clock(3_600);
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    shop.renew_token().await;
    stops_and_starts(&shop).await;
    looks_at_webhooks(&shop).await;
    looks_at_settlement(&shop).await;
    looks_around(&shop, &id).await;
    shop.get("/v2/entries?filter=eq(retref,111222333444)").await.data(200);
    shop.register("late", 2599).await;
    shop.pay_by_token("late", "purchase").await.data(200);
    shop.stack.advance_clock(3_600);
    shop.stack.invoke_scheduled("webhooks").await.unwrap();
    // A receiver that is removed is deleted with its deliveries, and then the document is.
    crate::webhooks::put(&shop, &[]);
    for _ in 0..2 {
        shop.stack.invoke_scheduled("webhooks").await.unwrap();
        shop.stack.advance_clock(60);
    }
    shop.stack.cold_start().unwrap();
    shop.stack.secrets().remove(&format!("{}{}", local::WEBHOOKS_PREFIX, merchants::REGISTERED));
    // Its quarter of an hour is summed up, and a mark is deleted once it is two minutes old.
    shop.stack.deliver_stream().await.unwrap();
    for _ in 0..2 {
        shop.stack.invoke_scheduled("totals").await.unwrap();
        shop.stack.advance_clock(150);
    }
    // Without the document its receivers are looked up.
    reads_a_deposit(&shop, "2", json!([])).await;
    a_person_acts(&mut shop).await;
    let mut visitor = Visitor::new(&shop.stack, merchants::REGISTERED);
    assert_eq!(visitor.sign_in("rob").await.status, 200);
    crate::webhooks::put(&shop, &[receiver.document("shop")]);
    shop.post("/v2/webhooks/shop/test", json!({})).await.data(202);
    let differences = differences(&granted, &shop.stack.performed());
    assert!(differences.is_empty(), "{differences:#?}");
    shop.close().await;
}

/// Items of every kind, for tests that damage them.
pub(crate) async fn fills_every_table(shop: &mut Shop) {
    let receiver = crate::webhooks::Receiver::open().await;
    receiver.respond(500);
    crate::webhooks::put(shop, &[receiver.document("shop")]);
    pay_in_doubt(shop, "in-doubt").await;
    pay_as_a_shopper(shop).await;
    state_a_shoppers_address(shop).await;
    pay_and_save(shop).await;
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.deliver_webhooks().await.unwrap();
    reads_the_settlement(shop).await;
    stops_and_starts(shop).await;
    settlement::seed(shop).await;
    shop.register("late", 2599).await;
    shop.pay_by_token("late", "purchase").await.data(200);
    shop.stack.deliver_stream().await.unwrap();
    a_person_acts(shop).await;
    shop.renew_token().await;
}

#[tokio::test]
async fn a_function_that_lacks_a_permission_is_refused_says_which_and_charges_nobody() {
    // How often each is requested: the SDK repeats nothing, but a failed write is decided again,
    // eight times in all.
    for (action, times) in
        [("dynamodb:GetItem", 1), ("dynamodb:PutItem", 8), ("secretsmanager:GetSecretValue", 1)]
    {
        let watch = Watch::over("error");
        let shop = open(Options { withdrawn: vec![("authorize", action)], ..Options::default() }).await;
        shop.register("o", 2599).await;
        shop.stack.cold_start().unwrap();
        let pay = json!({ "data": by_token("authorize") });
        let refused = shop.post("/v2/orders/o/payments/authorize", pay).await;
        refused.error(503, "service_unavailable");
        assert!(!refused.body.to_string().contains(action), "a caller is told nothing of it");
        assert!(shop.stack.simulator().transactions().is_empty(), "{action}: nothing was sent");
        let lines: Vec<Value> = watch.lines().into_iter().map(|(_, line)| line["fields"].clone()).collect();
        let named = |line: &&Value| line["permission"].as_str().is_some_and(|text| text.starts_with(action));
        let refusals: Vec<_> = lines.iter().filter(named).collect();
        assert_eq!(refusals.len(), times, "{action}: {lines:#?}");
        assert!(refusals.iter().all(|line| line["function"] == "authorize"));
        let denied = "code AccessDeniedException";
        let says = lines.iter().any(|line| line["why"].as_str().unwrap_or_default().contains(denied));
        assert!(says, "the line that is there on AWS, too, says why: {lines:#?}");
        // Functions with the permission are not affected. Here all functions share a memory of
        // merchants, which is short.
        shop.stack.advance_clock(16);
        shop.pay_by_token("o", "authorize").await.data(200);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_function_that_is_for_orders_reads_and_writes_no_customer_whatever_its_code_does() {
    let watch = Watch::over("error");
    let (_, stores_cards) = TABLE.iter().find(|(name, _)| *name == "payment-methods").unwrap();
    let shop = open(Options { handlers: vec![("orders", *stores_cards)], ..Options::default() }).await;
    let events = events();
    let (_, event) = events.iter().find(|(name, _)| name == "payment-methods-stored").unwrap();
    let refused = shop.stack.invoke("orders", &event.to_string()).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(shop.stack.simulator().transactions().is_empty(), "no card was sent");
    let lines: Vec<Value> = watch.lines().into_iter().map(|(_, line)| line["fields"].clone()).collect();
    let lacking = format!("dynamodb:GetItem on table/{TABLE_NAME}, keys like #customer#");
    let is_named = lines.iter().any(|line| {
        line["function"] == "orders" && line["permission"].as_str().is_some_and(|it| it.starts_with(&lacking))
    });
    assert!(is_named, "{lines:#?}");
    let stored = shop.stack.invoke("payment-methods", &event.to_string()).await.unwrap();
    assert_eq!(stored.status(), 201, "whose policy it is");
    shop.close().await;
}

#[tokio::test]
async fn a_schedule_that_may_not_read_its_index_says_so_and_leaves_what_is_in_doubt() {
    let watch = Watch::over("error");
    let shop = open(Options { withdrawn: vec![("reconcile", "dynamodb:Query")], ..Options::default() }).await;
    pay_in_doubt(&shop, "o").await;
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    // Once an hour a run looks into all that there can be.
    let unread = report["unread_shards"].as_u64().unwrap();
    assert!(report["due"] == 0 && [64 + 4, 256 + 4].contains(&unread), "{report}");
    let denied = "code AccessDeniedException";
    let lines = watch.lines();
    let says =
        lines.iter().any(|(_, line)| line["fields"]["error"].as_str().is_some_and(|it| it.contains(denied)));
    assert!(says, "{lines:#?}");
    assert_eq!(shop.transactions("o").await[0]["status"], "pending");
    shop.close().await;
}

#[tokio::test]
async fn what_is_requested_outside_a_function_is_neither_refused_nor_counted() {
    let withdrawn = vec![("orders", "dynamodb:GetItem"), ("orders", "dynamodb:PutItem")];
    let options = Options { withdrawn, samples: true, ..Options::default() };
    let stack = local::Stack::start(options).await.unwrap();
    assert!(stack.samples() > 0);
    stack.ports().api.access.merchants.get(&merchants::REGISTERED.parse().unwrap()).await.unwrap();
    assert_eq!(stack.performed(), ByFunction::new());
    stack.stop().await;
}

fn call(target: &str, body: &Value) -> Call {
    Call::new(target, body.to_string().as_bytes(), &deployed().unwrap().partition_keys())
}

fn permission(action: &str, resource: &str, keys: Option<Keys>) -> Permission {
    Permission { action: action.to_owned(), resource: resource.to_owned(), keys }
}

#[test]
fn another_table_index_or_secret_is_not_taken_for_one_that_is_granted() {
    let query = |body: &Value| call("DynamoDB_20120810.Query", body);
    let allows =
        |resource: &str, body: &Value| permission("dynamodb:Query", resource, None).allows(&query(body));
    let (table, in_doubt) = (format!("table/{TABLE_NAME}"), format!("table/{TABLE_NAME}/index/in-doubt"));
    let index = |name| json!({"TableName": TABLE_NAME, "IndexName": name});
    assert!(allows(&table, &json!({"TableName": TABLE_NAME})) && !allows(&table, &index("in-doubt")));
    assert!(allows(&in_doubt, &index("in-doubt")) && !allows(&in_doubt, &index("captures-due")));
    let granted = deployed().unwrap().permissions.into_values().flatten();
    let granted: BTreeSet<_> = granted.map(|it| it.resource).collect();
    assert!(granted.contains(&in_doubt) && granted.contains(&table), "{granted:?}");
    for other in [
        json!({"TableName": "somebody-elses"}),
        json!({"TableName": format!("{TABLE_NAME}-2")}),
        json!({"TableName": "somebody-elses", "IndexName": "in-doubt"}),
        json!({"TransactItems": [{"Put": {"TableName": TABLE_NAME}}]}),
        json!({"TableName": "somebody-elses", "IndexName": "by-last-four"}),
        json!("no object"),
    ] {
        assert!(!granted.iter().any(|resource| allows(resource, &other)), "{other}");
    }
    let secret = permission("secretsmanager:GetSecretValue", "secret:tollgate/merchants/*", None);
    let read = |name: &str| call("secretsmanager.GetSecretValue", &json!({"SecretId": name}));
    assert!(secret.allows(&read("tollgate/merchants/170200123")));
    for other in ["tollgate/merchants", "tollgate-live/merchants/1", "x/tollgate/merchants/1", ""] {
        assert!(!secret.allows(&read(other)), "{other}");
    }
}

/// A call is allowed by its items' partition keys, and by them alone.
#[test]
fn a_policy_for_some_keys_allows_no_call_that_is_about_others_as_well() {
    let resource = format!("table/{TABLE_NAME}");
    let allows = |operator, patterns: &[&str], operation: &str, body: &Value| {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let keys = Some(Keys { operator, patterns });
        let permission = permission(&format!("dynamodb:{operation}"), &resource, keys);
        permission.allows(&call(&format!("DynamoDB_20120810.{operation}"), body))
    };
    let key = |key: &str| json!({"order_key": {"S": key}});
    let parts: [(Operator, &[&str]); 4] = [
        (Operator::NotLike, &["#*"]),
        (Operator::Like, &["#customer#*"]),
        (Operator::Like, &["#", "#stop#*"]),
        (Operator::Like, &["#heartbeat"]),
    ];
    for (one, part) in [
        ("m#order-1", Some(0)),
        ("m##customer#m#1", Some(0)),
        ("#customer#m#1", Some(1)),
        ("#", Some(2)),
        ("#stop#m", Some(2)),
        ("#heartbeat", Some(3)),
        ("#heartbeat#m", None),
        ("#stop", None),
        ("##", None),
        ("#customer", None),
        ("#order#1", None),
    ] {
        for operation in ["PutItem", "GetItem", "UpdateItem", "DeleteItem"] {
            let member = if operation == "PutItem" { "Item" } else { "Key" };
            let body = json!({"TableName": TABLE_NAME, member: key(one)});
            let allowed = |(operator, patterns): &(_, &[&str])| allows(*operator, patterns, operation, &body);
            assert_eq!(parts.iter().position(allowed), part, "{operation} {one}");
        }
        let query = json!({"TableName": TABLE_NAME, "Key": key(one)});
        assert!(!allows(Operator::NotLike, &["x*"], "Query", &query), "{one}");
    }
    let batch = |patterns: &[&str], keys: &[&str]| {
        let keys: Vec<_> = keys.iter().map(|one| key(one)).collect();
        allows(
            Operator::Like,
            patterns,
            "BatchGetItem",
            &json!({"RequestItems": {TABLE_NAME: {"Keys": keys}}}),
        )
    };
    assert!(batch(&["#", "#stop#*"], &["#", "#stop#m"]) && batch(&["m#*", "n#*"], &["m#o", "n#o"]));
    assert!(!batch(&["#", "#stop#*"], &["#", "m#o"]) && !batch(&["#"], &[]));
    let no_key = json!({"TableName": TABLE_NAME, "Key": {"other": {"S": "m#1"}}});
    assert!(!allows(Operator::NotLike, &["#*"], "GetItem", &no_key));
    let other = json!({"TableName": "somebody-elses", "Item": key("m#1")});
    assert!(!allows(Operator::NotLike, &["#*"], "PutItem", &other));
    let scan = json!({"TableName": TABLE_NAME});
    assert!(!allows(Operator::NotLike, &["#*"], "Scan", &scan));
}

#[test]
fn an_action_is_spelt_as_in_a_policy_and_an_unknown_service_is_nobodys() {
    let needed = |target| Permission::from(call(target, &json!({}))).to_string();
    assert_eq!(needed("DynamoDB_20120810.GetItem"), "dynamodb:GetItem on *");
    assert_eq!(needed("secretsmanager.GetSecretValue"), "secretsmanager:GetSecretValue on *");
    assert_eq!(needed("TrentService.Decrypt"), "TrentService.Decrypt on *");
}

/// The small template with a policy of one statement.
fn with_policy(statement: &str) -> String {
    let policy =
        format!("      Policies: [{{Version: 2012-10-17, Statement: [{statement}]}}]\n      Events:");
    SMALL.replace("      Events:", &policy)
}

#[test]
fn a_policy_grants_each_of_its_actions_on_each_of_its_resources() {
    let statement = "{Effect: Allow, Action: [dynamodb:Query, dynamodb:GetItem], Resource: \
                     [!GetAtt Items.Arn, !Sub '${Items.Arn}/index/by-day']}";
    let permissions = parse(&with_policy(statement)).unwrap().permissions;
    let mut expected = BTreeSet::new();
    for action in ["dynamodb:Query", "dynamodb:GetItem"] {
        for resource in ["table/tollgate-local-Items", "table/tollgate-local-Items/index/by-day"] {
            expected.insert(permission(action, resource, None));
        }
    }
    assert_eq!(permissions["one"], expected);
    assert!(parse(SMALL).unwrap().permissions["one"].is_empty(), "no policy, no permission");
}

#[test]
fn a_policy_that_cannot_be_held_to_here_is_refused_rather_than_passed_over() {
    let statement = |effect, action, resource, more| {
        with_policy(&format!("{{Effect: {effect}, Action: {action}, Resource: {resource}{more}}}"))
    };
    let (get, table) = ("dynamodb:GetItem", "!GetAtt Items.Arn");
    let limited = |operator: &str, keys: &str| {
        format!(", Condition: {{'{operator}': {{'dynamodb:LeadingKeys': [{keys}]}}}}")
    };
    assert!(parse(&statement("Allow", get, table, "")).is_ok());
    let to_orders = limited("ForAllValues:StringNotLike", "'#*'");
    let orders = parse(&statement("Allow", get, table, &to_orders));
    let keys = Keys { operator: Operator::NotLike, patterns: vec!["#*".to_owned()] };
    let granted = permission(get, "table/tollgate-local-Items", Some(keys));
    assert_eq!(orders.unwrap().permissions["one"], BTreeSet::from([granted]));
    let secrets = "'arn:${AWS::Partition}:secretsmanager:*'";
    let role = SMALL.replace("      Events:", "      Role: !Ref Role\n      Events:");
    for (template, reason) in [
        (statement("Deny", get, table, ""), "the effect Deny"),
        (statement("Allow", "'dynamodb:*'", table, ""), "the action dynamodb:*"),
        (statement("Allow", "'*'", table, ""), "the action *"),
        (statement("Allow", get, "'*'", ""), "the resource *"),
        (statement("Allow", get, "!GetAtt Others.Arn", ""), "the resource Others.Arn"),
        (statement("Allow", get, "!Sub '${Items.Arn}/index/*'", ""), "the resource ${Items.Arn}/index/*"),
        (statement("Allow", get, secrets, ""), "the resource arn:${AWS::Partition}:secretsmanager:*"),
        (
            statement("Allow", get, "!If [OwnsTable, !GetAtt Items.Arn, '*']", ""),
            "the resource OwnsTable, Items.Arn, *",
        ),
        (statement("Allow", get, table, ", Condition: {}"), "the condition {}"),
        (
            statement("Allow", get, table, &limited("ForAnyValue:StringNotLike", "'#*'")),
            r##"the condition {"ForAnyValue:StringNotLike":{"dynamodb:LeadingKeys":["#*"]}}"##,
        ),
        (
            statement("Allow", get, table, &limited("ForAllValues:StringNotLike", "'x*y'")),
            r#"the condition {"ForAllValues:StringNotLike":{"dynamodb:LeadingKeys":["x*y"]}}"#,
        ),
        (
            statement("Allow", get, table, &limited("ForAllValues:StringLike", "'*'")),
            r#"the condition {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["*"]}}"#,
        ),
        (
            statement("Allow", get, table, &limited("ForAllValues:StringLike", "")),
            r#"the condition {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":[]}}"#,
        ),
        (statement("Allow", get, table, ", NotAction: []"), "unknown field `NotAction`"),
        (
            SMALL.replace("      Events:", "      Policies: AdministratorAccess\n      Events:"),
            "invalid type",
        ),
        (role, "it has a role of its own"),
    ] {
        let error = parse(&template).unwrap_err().to_string();
        let expected = format!("template.yaml, Function: its policy cannot be played here: {reason}");
        assert!(error.starts_with(&expected), "{error}");
    }
}
