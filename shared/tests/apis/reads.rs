//! One payment by its id alone, a merchant's orders, and its gateway.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    ask::{Ask, get, post, put},
    credit_card,
    fixture::{AUTHORIZE, Paid, card, declined, pay, registered, unknown},
    table::Table,
};

fn by_id(id: &str) -> Ask {
    get(format!("/v2/transactions/{id}")).by("shop:read")
}

fn id_of(paid: &Value) -> String {
    paid["data"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_found_by_its_id_alone() {
    let mut t = Table::new("by_id");
    t.prepare(&registered("a", 10_000)).await;
    t.world.wait(7);
    let mut ids = Vec::new();
    for (outcome, amount) in [("approved", 1_000), ("declined", 1_001), ("unknown", 1_002)] {
        match outcome {
            "declined" => t.world.answer(declined),
            "unknown" => t.world.answer(unknown),
            _ => {}
        }
        pay("a", "purchase", card(amount)).by("shop:pay").send(&t.world, "prepares").await;
        t.world.wait(3);
        ids = t.world.transactions("a").iter().map(Uuid::to_string).collect();
        let asked = t.ask(outcome, &by_id(ids.last().unwrap())).await;
        let nested = get(format!("/v2/orders/a/transactions/{}", ids.last().unwrap())).by("shop:read");
        assert_eq!(asked, t.prepare(&nested).await, "the same body as by its order");
    }
    t.ask("an older one of the same order", &by_id(&ids[0])).await;
    t.ask("spelled otherwise", &by_id(&ids[0].to_uppercase())).await;
    t.world.wait(120);
    t.ask("long in doubt: after an inquiry", &by_id(&ids[2])).await;
    t.world.state().stopped = Some(true);
    t.ask("also while payments are stopped", &by_id(&ids[0])).await;
    t.world.state().stopped = Some(false);
    let last = ids[0].chars().last().unwrap();
    let other_random = format!("{}{}", &ids[0][..35], if last == '0' { '1' } else { '0' });
    let other_order = format!("{}{}", if &ids[0][..1] == "0" { "1" } else { "0" }, &ids[0][1..]);
    for (hazard, id) in [
        ("no payment of that order", other_random.as_str()),
        ("of no order", &other_order),
        ("made up", "6f1c2a4e-8d3b-4c5a-9e7f-0a1b2c3d4e5f"),
        ("nil", "00000000-0000-0000-0000-000000000000"),
        ("no version has such bits", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("later than any clock", "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ("no id", "undefined"),
        ("an order's", "a"),
        ("too long", &"0".repeat(500)),
    ] {
        t.ask(hazard, &by_id(id)).await;
    }
    for by in ["external:all", "strict:read", "shop:shopper1"] {
        t.ask("it is not theirs", &by_id(&ids[0]).by(by)).await;
    }
    t.ask("without a token", &get(format!("/v2/transactions/{}", ids[0]))).await;
    for port in ["index", "load"] {
        t.world.faults.take_down(port);
        t.ask("a store is down", &by_id(&ids[0])).await;
        t.world.faults.bring_up();
    }
    t.world.faults.spoil("a");
    t.ask("its order cannot be read", &by_id(&ids[0])).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_shopper_finds_its_own_payment_and_no_other() {
    let mut t = Table::new("by_id_shoppers");
    t.prepare(&registered("a", 10_000)).await;
    let own = t.prepare(&pay("a", "purchase", card(10_000)).by("shop:shopper1")).await;
    let secret = own["data"]["client_parameters"]["secret"].as_str().unwrap().to_owned();
    let id = id_of(&own);
    for by in ["shop:shopper1", "shop:shopper2", "strict:shopper1", "shop:read"] {
        t.ask("who reads a shopper's payment", &by_id(&id).by(by)).await;
    }
    let holds = |secret: &str| by_id(&id).by("shop:shopper2").header("x-client-secret", secret);
    t.ask("with its secret", &holds(&secret)).await;
    t.ask("and all of it", &holds(&secret[1..])).await;
    t.prepare(&registered("b", 500)).await;
    let merchants = id_of(&t.prepare(&pay("b", "purchase", card(500)).by("shop:pay")).await);
    t.ask("the merchant's", &by_id(&merchants).by("shop:shopper1")).await;
    t.ask("with another's secret", &by_id(&merchants).by("shop:shopper1").header("x-client-secret", secret))
        .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn while_payments_are_stopped_nothing_is_possible_and_the_most_is_told() {
    let mut t = Table::new("possible_stopped");
    t.prepare(&registered("a", 500)).await;
    let id = id_of(&t.prepare(&pay("a", "purchase", card(500)).by("shop:pay")).await);
    t.ask("before", &by_id(&id).by("shop:operate")).await;
    t.world.operator_stops("shop").await;
    t.ask("stopped", &by_id(&id).by("shop:operate")).await;
    t.end();
}

fn receipt(order: &str, id: &str) -> Ask {
    get(format!("/v2/orders/{order}/transactions/{id}/receipt"))
}

#[tokio::test(start_paused = true)]
async fn only_who_may_read_a_payment_reads_its_receipt_and_what_charged_nothing_has_none() {
    let mut t = Table::new("receipts");
    t.prepare(&registered("a", 10_000)).await;
    let paid = id_of(&t.prepare(&pay("a", "purchase", card(10_000)).by("shop:shopper1")).await);
    let refund = post(format!("/v2/orders/a/transactions/{paid}/refund"));
    t.prepare(&refund.data(json!({"amount": 1_000})).by("shop:operate")).await;
    for by in ["shop:read", "shop:shopper1", "shop:shopper2", "strict:read"] {
        t.ask("who reads a receipt", &receipt("a", &paid).by(by)).await;
    }
    for (order, method) in [("held", "authorize"), ("declined", "purchase"), ("voided", "purchase")] {
        t.prepare(&registered(order, 500)).await;
        let request = pay(order, method, card(500)).by("shop:pay");
        if order == "declined" {
            t.world.answer(declined);
            t.ask("declined", &request).await;
        } else {
            t.prepare(&request).await;
        }
        let id = t.world.transactions(order)[0].to_string();
        if order == "voided" {
            let cancel = post(format!("/v2/orders/{order}/transactions/{id}/cancel"));
            t.prepare(&cancel.data(json!({})).by("shop:operate")).await;
        }
        t.ask("of a payment in its state", &receipt(order, &id).by("shop:read")).await;
    }
    let held = t.world.transactions("held")[0].to_string();
    t.world.wait(8 * 86_400);
    t.ask("once the authorization has lapsed", &receipt("held", &held).by("shop:read")).await;
    t.ask("of no payment", &receipt("a", &held).by("shop:read")).await;
    t.ask("of no id", &receipt("a", "1").by("shop:read")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_alone_is_found_by_its_transaction_id() {
    let mut t = Table::new("by_id_alone");
    let paid = t.prepare(&credit_card::pay("authorize")).await;
    let id = paid["Response"]["TransactionID"].as_str().unwrap().to_owned();
    for by in ["external:read", "shop:all"] {
        t.ask("by its id", &by_id(&id).by(by)).await;
    }
    t.ask("it is not in the list of orders", &get("/v2/orders").by("external:read")).await;
    t.end();
}

fn orders(query: &str) -> Ask {
    get(format!("/v2/orders{query}")).by("shop:read")
}

/// Orders in each state, a minute apart.
async fn in_each_state(t: &mut Table) {
    for order in ["unpaid", "paid", "held", "partly", "declined", "refunded"] {
        t.prepare(&registered(order, 1_000)).await;
        t.world.wait(60);
        if order == "declined" {
            t.world.answer(declined);
        }
        let method = if order == "held" { "authorize" } else { "purchase" };
        let amount = if order == "partly" { 400 } else { 1_000 };
        if order != "unpaid" {
            pay(order, method, card(amount)).by("shop:pay").send(&t.world, "prepares").await;
        }
    }
    let id = t.world.transactions("refunded")[0];
    t.prepare(
        &post(format!("/v2/orders/refunded/transactions/{id}/refund"))
            .by("shop:operate")
            .data(json!({"amount": 1_000})),
    )
    .await;
}

/// The ids of a list.
fn ids(body: &Value) -> Vec<&str> {
    let orders = body["data"].as_array().unwrap_or_else(|| panic!("{body}"));
    orders.iter().map(|order| order["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_newest_first_as_they_are_now() {
    let mut t = Table::new("order_list");
    t.ask("none yet", &orders("")).await;
    in_each_state(&mut t).await;
    let all = t.ask("all, tried or not", &orders("")).await;
    assert_eq!(ids(&all), ["refunded", "declined", "partly", "held", "paid", "unpaid"]);
    for (filter, found) in [
        ("eq(payment,paid)", &["paid"][..]),
        ("in(payment,paid,authorized)", &["held", "paid"]),
        ("eq(payment,unpaid)", &["declined", "unpaid"]),
        ("eq(payment,partially_paid)", &["partly"]),
        ("eq(status,complete)", &["refunded", "paid"]),
        ("in(status,processing,incomplete)", &["declined", "partly", "held", "unpaid"]),
        ("eq(status,complete):eq(payment,paid)", &["paid"]),
        ("eq(status,complete):eq(payment,unpaid)", &[]),
        ("eq(currency,USD):eq(payment,paid)", &["paid"]),
        ("eq(currency,EUR)", &[]),
        ("lt(created_at,2026-11-20T12:01:00Z)", &["unpaid"]),
        ("ge(created_at,2026-11-20T12:01:00Z):le(created_at,2026-11-20T12:02:00Z)", &["held", "paid"]),
        ("eq(created_at,2026-11-20)", &["refunded", "declined", "partly", "held", "paid", "unpaid"]),
        ("gt(created_at,2026-11-20)", &[]),
    ] {
        let listed = t.prepare(&orders(&format!("?filter={filter}"))).await;
        assert_eq!(ids(&listed), found, "{filter}");
    }
    for query in [
        "?filter=eq(payment,complete)",
        "?filter=like(payment,p*)",
        "?filter=eq(email,a@b.example)",
        "?filter=eq(payment",
        "?filter=(eq(payment,paid)|eq(payment,unpaid))",
        "?sort=created_at",
        "?sort=-with_tax",
        "?page[offset]=-1",
        "?page[offset]=two",
        "?page[offset]=4294967296",
        "?include=items",
        "?page[limit]=0",
        "?page[limit]=101",
        "?page[total_method]=exact",
        "?page[cursor]=x",
        "?filters=eq(payment,paid)",
    ] {
        t.ask("not supported", &orders(query)).await;
    }
    for (query, found) in [
        ("?sort=-created_at", &["refunded", "declined", "partly", "held", "paid", "unpaid"][..]),
        ("?page[offset]=0", &["refunded", "declined", "partly", "held", "paid", "unpaid"]),
        ("?page[offset]=4", &["paid", "unpaid"]),
        ("?page[offset]=2&page[limit]=2", &["partly", "held"]),
        ("?page[offset]=1&filter=eq(payment,unpaid)", &["unpaid"]),
        ("?page[offset]=6", &[]),
        ("?page[offset]=25", &[]),
    ] {
        assert_eq!(ids(&t.prepare(&orders(query)).await), found, "{query}");
    }
    let listed = t.ask("two are passed over", &orders("?page[offset]=2&page[limit]=2")).await;
    let cursor = listed["meta"]["page"]["cursor"].as_str().unwrap();
    let both = |offset: u32| orders(&format!("?page[offset]={offset}&page[limit]=2&page[cursor]={cursor}"));
    assert_eq!(ids(&t.prepare(&both(0)).await), ["paid", "unpaid"]);
    t.ask("a page has one beginning", &both(1)).await;
    for header in ["x-moltin-customer-token", "ep-account-management-authentication-token"] {
        t.ask("for one customer", &orders("").header(header, "token")).await;
    }
    for by in ["shop:shopper1", "external:read", "shop:pay"] {
        t.ask("who lists", &orders("?page[limit]=1").by(by)).await;
    }
    t.ask("without a token", &get("/v2/orders")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_list_of_orders_goes_on_where_its_cursor_says() {
    let mut t = Table::new("order_pages");
    in_each_state(&mut t).await;
    let first = t.ask("two rows", &orders("?filter=eq(currency,USD)&page[limit]=2")).await;
    let next = first["links"]["next"].as_str().unwrap().to_owned();
    t.prepare(&registered("newer", 1_000)).await;
    let second = t.ask("the next two, whatever came meanwhile", &orders(&next)).await;
    assert_eq!(ids(&second), ["partly", "held"]);
    let last = t.ask("the last two", &orders(second["links"]["next"].as_str().unwrap())).await;
    assert_eq!((ids(&last), &last["links"]), (vec!["paid", "unpaid"], &json!({})));
    t.ask("a cursor of another filter", &orders(&next.replace("USD", "EUR"))).await;
    t.ask("of another merchant", &orders(&next).by("strict:read")).await;
    let payments = t.prepare(&get("/v2/transactions?page[limit]=1").by("shop:read")).await;
    let cursor = payments["meta"]["page"]["cursor"].as_str().unwrap();
    t.ask("of the list of payments", &orders(&format!("?page[cursor]={cursor}"))).await;
    let own = orders("?page[limit]=1");
    let own = t.prepare(&own).await["meta"]["page"]["cursor"].as_str().unwrap().to_owned();
    t.ask("and the other way round", &get(format!("/v2/transactions?page[cursor]={own}")).by("shop:read"))
        .await;
    t.world.wait(86_399);
    t.prepare(&orders(&next)).await;
    t.world.wait(1);
    t.ask("too old", &orders(&next)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn one_bad_order_is_named_and_fails_no_list() {
    let mut t = Table::new("bad_orders");
    in_each_state(&mut t).await;
    t.world.faults.spoil("held");
    let listed = t.ask("an order that cannot be read", &orders("?filter=eq(payment,paid)")).await;
    assert_eq!((ids(&listed), &listed["meta"]["unreadable"][0]["order_id"]), (vec!["paid"], &json!("held")));
    for port in ["index", "load"] {
        t.world.faults.take_down(port);
        t.ask("a store is down", &orders("")).await;
        t.world.faults.bring_up();
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_gateway_is_shown_without_its_settings_and_cannot_be_changed() {
    let mut t = Table::new("gateways");
    for by in ["shop:read", "strict:all", "shop:shopper1"] {
        t.ask("all of them", &get("/v2/gateways").by(by)).await;
        t.ask("the only one", &get("/v2/gateways/card_connect").by(by)).await;
    }
    t.ask("another", &get("/v2/gateways/stripe").by("shop:all")).await;
    t.ask("without a token", &get("/v2/gateways")).await;
    let change = json!({"type": "gateway", "enabled": false, "password": "p"});
    t.ask("a change", &put("/v2/gateways/card_connect").by("shop:all").data(change)).await;
    t.end();
}

/// A misspelled parameter would be taken for none, and everything be returned.
#[tokio::test(start_paused = true)]
async fn no_route_takes_a_parameter_that_it_does_not_have() {
    let mut t = Table::new("unknown_parameters");
    let paid = Paid::with(&mut t, "purchase").await;
    let method = "pm_eyhqnsyeeaarmmqxkgkdbvczsrnafluuzmthndugvinrgjigybiaxjac";
    for path in [
        "/v2/orders",
        "/v2/orders/a",
        "/v2/orders/a/transactions",
        paid.path().as_str(),
        &format!("/v2/transactions/{AUTHORIZE}"),
        "/v2/transactions",
        "/v2/captures",
        "/v2/gateways",
        "/v2/gateways/card_connect",
        "/v2/reports/totals",
        "/v2/reports/month",
        "/v2/attention",
        "/v2/captures/daily",
        "/v2/me",
        "/v2/payment-methods",
        &format!("/v2/payment-methods/{method}"),
    ] {
        t.ask("a parameter that is none", &get(format!("{path}?filters=x")).by("shop:read")).await;
    }
    t.end();
}
