//! Lists and totals of a merchant's payments, as JSON and as CSV.

use serde_json::json;
use tollgate_core::{
    journal::Fact,
    order::{GatewayResponse, NoEffect, Outcome},
};
use uuid::Uuid;

use crate::{
    ask::{Ask, get, post},
    fixture::{card, declined, pay, registered, unknown},
    table::Table,
    world::BEGIN_S,
};

/// Payments of each kind, a minute apart.
async fn payments(t: &mut Table) {
    for (n, order) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        t.prepare(&registered(order, 10_000)).await;
        match order {
            "b" => t.world.answer(declined),
            "c" => t.world.answer(unknown),
            _ => {}
        }
        let method = if order == "d" { "authorize" } else { "purchase" };
        let ask = pay(order, method, card(1_000 + n as u64)).by("shop:pay");
        ask.send(&t.world, "prepares").await;
        t.world.wait(60);
    }
    let id = t.world.transactions("a")[0];
    let refund = json!({"amount": 250});
    t.prepare(&post(format!("/v2/orders/a/transactions/{id}/refund")).by("shop:operate").data(refund)).await;
    let id = t.world.transactions("d")[0];
    let capture = json!({"custom_reference": "=1+1"});
    t.prepare(&post(format!("/v2/orders/d/transactions/{id}/capture")).by("shop:operate").data(capture))
        .await;
}

fn list(query: &str) -> Ask {
    get(format!("/v2/transactions{query}")).by("shop:read")
}

fn csv(ask: Ask) -> Ask {
    ask.header("accept", "application/json;q=0.5, Text/CSV ; q=1")
}

#[tokio::test(start_paused = true)]
async fn a_list_has_what_its_filter_says() {
    let mut t = Table::new("lists");
    payments(&mut t).await;
    t.ask("all of them", &list("")).await;
    t.ask("as a file", &csv(list(""))).await;
    for filter in [
        "eq(status,complete)",
        "in(status,failed,pending)",
        "eq(status,%22failed%22)",
        "eq(currency,USD)",
        "eq(currency,EUR)",
        "gt(amount,1002)",
        "le(amount,1001)",
        "ge(captured_amount,1000)",
        "lt(captured_amount,1)",
        "eq(last_four,1111)",
        "eq(brand,visa)",
        "eq(needs_attention,true)",
        "in(needs_attention,in_doubt)",
        "eq(status,complete):gt(amount,1000)",
        "ge(created_at,2026-11-20T12:02:00Z)",
        "eq(created_at,2026-11-20)",
        "lt(created_at,2026-11-20)",
        "gt(authorization_expires_at,2026-11-21)",
        "le(next_capture_attempt,2026-11-21)",
        "eq(state,paid)",
        "in(state,held,partly_refunded)",
        "eq(state,not_known_yet)",
        "eq(operation,refund)",
        "in(operation,capture,void)",
        "eq(decline_code,insufficient_funds)",
        "eq(approved,true)",
        "eq(approved,false)",
        "ge(amount,1002):le(amount,1003)",
        "gt(amount,1002):lt(amount,1003)",
    ] {
        t.ask("found by a filter", &csv(list(&format!("?filter={filter}")))).await;
    }
    for filter in [
        "",
        "%20",
        "x",
        "eq(status",
        "eq()",
        "eq(status)",
        "eq(status,)",
        "eq(status,done)",
        "gt(status,complete)",
        "eq(nothing,1)",
        "eq(amount,x):eq(amount,%D9%A1)",
        "eq(amount,1,2)",
        "like(amount,1)",
        "eq(last_four,111)",
        "in(last_four,1111)",
        "in(needs_attention,true)",
        "eq(currency,usd)",
        "eq(created_at,x)",
        "eq(created_at,2026-11-2)",
        "in(created_at,2026-11-20)",
        "eq(st%22atus,complete)",
        "eq(status,complete)::",
        "eq(brand,%22visa,mastercard%22)",
        "eq(custom,(a:b))",
        "eq(status,complete):x",
        "eq(%22a:b%22,1)",
        "in(brand,%22(%22,visa)",
        "eq(brand,%22(%22):eq(status,x)",
        "eq(brand,%22)%22,a:b)",
        "eq(state,complete)",
        "ge(operation,refund)",
        "eq(decline_code,51)",
        "eq(approved,yes)",
        "in(approved,true)",
    ] {
        t.ask("a filter that is none", &csv(list(&format!("?filter={filter}")))).await;
    }
    for length in [40, 41] {
        t.ask("a field with a long name", &list(&format!("?filter=eq({},1)", "f".repeat(length)))).await;
    }
    for values in [50, 51] {
        t.ask("many values", &csv(list(&format!("?filter=in(status{})", ",complete".repeat(values))))).await;
    }
    for length in [2_000, 2_001] {
        let filter = format!("eq(status,{})", "x".repeat(length - "eq(status,)".len()));
        t.ask("a long filter", &list(&format!("?filter={filter}"))).await;
    }
    t.world.wait(40 * 86_400);
    t.ask("as far back as the index of a card goes", &list("?filter=eq(last_four,1111)&page[limit]=1")).await;
    t.ask("and no further than a hold without it", &list("?page[limit]=1")).await;
    t.ask("two filters", &csv(list("?filter=eq(status,complete)&filter=gt(amount,1000)"))).await;
    t.ask("two limits", &csv(list("?page[limit]=1&page[limit]=2"))).await;
    for query in [
        "?page[limit]=0",
        "?page[limit]=101",
        "?page[limit]=x",
        "?page[offset]=1&page[cursor]=",
        "?sort=x",
        "?page[cursor]=x",
        "?page=1",
        "?other=is+no+parameter",
        "?filters=eq(status,complete)&filters=x&pages=2",
        "?sort=created_at&sort=x",
    ] {
        t.ask("a parameter that is none", &csv(list(query))).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_the_other_side_quotes_finds_its_payment_however_old_it_is() {
    let mut t = Table::new("searches");
    payments(&mut t).await;
    t.world.wait(400 * 86_400);
    let by = |filter: String| csv(list(&format!("?filter={filter}")));
    let found = t.ask("an order's", &list("?filter=eq(order_id,a)")).await;
    let own = &found["data"][0];
    let (id, retref) = (own["id"].as_str().unwrap(), own["reference"].as_str().unwrap());
    for field in ["id", "transaction_id"] {
        t.ask("by its id", &by(format!("eq({field},{id})"))).await;
    }
    t.ask("by the gateway's reference", &by(format!("eq(retref,{retref})"))).await;
    let state = t.world.log.all();
    let refund = state.iter().find(|entry| entry.fact == Fact::Refunded).unwrap();
    let of_refund = refund.reference.clone().unwrap();
    assert_ne!(of_refund, retref);
    t.ask("by its refund's", &by(format!("eq(retref,{of_refund})"))).await;
    t.ask("together with others", &by(format!("eq(retref,{retref}):eq(status,failed)"))).await;
    t.ask("one without an outcome yet", &by("eq(order_id,c)".to_owned())).await;
    t.ask("no order's", &by("eq(order_id,none)".to_owned())).await;
    t.ask("no payment's", &by(format!("eq(id,{})", Uuid::nil()))).await;
    t.ask("another order's payment", &by(format!("eq(order_id,b):eq(id,{id})"))).await;
    t.ask("another merchant's", &by(format!("eq(id,{id})")).by("strict:read")).await;
    for wrong in ["eq(retref,1 2)", "ge(retref,1)", "eq(order_id,)", "eq(id,1)", "in(id,1,2)"] {
        t.ask("what cannot be one", &by(wrong.replace(' ', "%20"))).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_a_shop_and_its_customers_quote_finds_payments_where_the_merchant_wants_that() {
    let mut t = Table::new("text_searches");
    for (n, reference) in ["invoice 7", "Invoice 7", " invoice 7 "].into_iter().enumerate() {
        t.prepare(&registered(&format!("o-{n}"), 10_000)).await;
        let mut data = card(1_000);
        data["custom_reference"] = reference.into();
        pay(&format!("o-{n}"), "purchase", data).by("shop:pay").send(&t.world, "prepares").await;
        t.world.wait(60);
    }
    let id = t.world.transactions("o-1")[0];
    let capture = json!({"amount": 250, "reason": "r"});
    t.prepare(&post(format!("/v2/orders/o-1/transactions/{id}/refund")).by("shop:operate").data(capture))
        .await;
    t.world.wait(400 * 86_400);
    let by = |filter: &str| csv(list(&format!("?filter={}", filter.replace(' ', "%20").replace('"', "%22"))));
    for filter in [
        "eq(custom_reference,invoice 7)",
        "eq(custom_reference,\"  invoice 7\")",
        "eq(custom_reference,Invoice 7):eq(state,partly_refunded)",
        "eq(custom_reference,invoice 7):eq(state,declined)",
        "eq(custom_reference,invoice)",
        "eq(custom_reference,*)",
        "eq(custom_reference,invoice 7):eq(order_id,o-2)",
    ] {
        t.ask("by the shop's own reference", &by(filter)).await;
    }
    let first = t.ask("a page", &list("?filter=eq(custom_reference,invoice%207)&page[limit]=1")).await;
    t.ask("and the next one", &csv(list(first["links"]["next"].as_str().unwrap()))).await;
    let by_text = movements("?filter=eq(custom_reference,invoice%207)&page[limit]=1");
    let first = t.ask("a movement", &by_text).await;
    t.ask("and the next payment's", &csv(movements(first["links"]["next"].as_str().unwrap()))).await;
    let two_texts = "Invoice%207):eq(custom_reference,invoice%207)";
    for query in ["Invoice%207):eq(fact,refunded)", "Invoice%207):eq(order_id,o-2)", two_texts, "%20)"] {
        t.ask("movements", &csv(movements(&format!("?filter=eq(custom_reference,{query}")))).await;
    }
    t.ask("what is off", &movements("?filter=eq(customer_id,c):eq(customer_email,a)")).await;
    for filter in [
        "like(custom_reference,inv*)",
        "in(custom_reference,a,b)",
        "eq(custom_reference,)",
        "eq(custom_reference,\" \")",
        "eq(custom_reference,4111 1111 1111 1111)",
        "eq(customer_email,4111111111111111@shop.example)",
    ] {
        t.ask("what no payment can have", &by(filter)).await;
    }
    let long = format!("eq(custom_reference,{})", "x".repeat(256));
    t.ask("what is too long", &by(&long)).await;
    for filter in ["eq(custom_reference,7)", "eq(customer_id,c-1)", "eq(customer_email,a@shop.example)"] {
        for who in ["shop:read", "strict:read", "external:read"] {
            t.ask("what is on or off", &by(filter).by(who)).await;
        }
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_where_its_cursor_says() {
    let mut t = Table::new("pages");
    payments(&mut t).await;
    let first = t.ask("a row", &list("?filter=eq(currency,USD)&page[limit]=1")).await;
    let next = first["links"]["next"].as_str().unwrap().to_owned();
    let second = t.ask("the next one", &list(&next)).await;
    let after = second["links"]["next"].as_str().unwrap().to_owned();
    t.ask("the one after it", &csv(list(&after))).await;
    t.ask("the first as a file has the link, too", &csv(list("?page[limit]=1"))).await;
    let oldest = t.ask("from the other end", &list("?sort=created_at&page[limit]=2")).await;
    let turned = oldest["links"]["next"].as_str().unwrap().to_owned();
    t.ask("the next two of it", &csv(list(&turned))).await;
    let other = turned.replace("sort=created_at", "sort=-created_at");
    t.ask("a cursor of another order", &list(&other)).await;
    t.ask("a cursor of another filter", &list(&next.replace("USD", "EUR"))).await;
    t.ask("of another merchant", &list(&next).by("strict:read")).await;
    t.world.wait(86_399);
    t.ask("a second before its end", &csv(list(&next))).await;
    t.world.wait(1);
    t.ask("too old", &list(&next)).await;
    t.ask("the highest limit", &csv(list("?page[limit]=100"))).await;
    for characters in [1_024, 1_025] {
        t.ask(
            "a cursor that is too long is not read",
            &list(&format!("?page[cursor]={}", "A".repeat(characters))),
        )
        .await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn one_bad_row_is_one_row_and_lists_need_their_stores() {
    let mut t = Table::new("bad_rows");
    payments(&mut t).await;
    t.world.faults.spoil("b");
    t.world.faults.spoil("entry of c");
    t.ask("an order and an entry that cannot be read", &list("")).await;
    t.ask("as a file", &csv(list(""))).await;
    for port in ["journal", "load", "totals"] {
        t.world.faults.take_down(port);
        t.ask("a store is down", &csv(list(""))).await;
        t.ask("for totals", &report("?from=2026-11-20&to=2026-11-20")).await;
        t.world.faults.bring_up();
    }
    t.world.faults.spoil("totals");
    t.ask("totals that cannot be read", &report("?from=2026-11-20&to=2026-11-20")).await;
    for by in ["shop:shopper1", "shop:all"] {
        t.ask("who lists", &csv(list("?page[limit]=1").by(by))).await;
        t.ask("who reads totals", &csv(report("").by(by))).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_needs_attention_is_listed_with_its_reason() {
    let mut t = Table::new("attention");
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(|_| Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default()));
    pay("a", "purchase", card(1_000)).by("shop:pay").send(&t.world, "prepares").await;
    t.prepare(&registered("b", 10_000)).await;
    t.world.answer(unknown);
    pay("b", "purchase", card(1_000)).by("shop:pay").send(&t.world, "prepares").await;
    t.world.state().sent.clear();
    t.world.wait(7_200);
    t.ask("in doubt for hours", &list("?filter=eq(needs_attention,true)")).await;
    t.ask("as a file", &csv(list("?filter=eq(needs_attention,true)"))).await;
    t.end();
}

fn movements(query: &str) -> Ask {
    get(format!("/v2/entries{query}")).by("shop:read")
}

#[tokio::test(start_paused = true)]
async fn movements_are_listed_as_their_filter_says() {
    let mut t = Table::new("entries");
    payments(&mut t).await;
    t.ask("everything", &movements("")).await;
    t.ask("as a file, by local day", &csv(movements("?time_zone=America/New_York&sort=created_at"))).await;
    for query in [
        "?filter=eq(fact,declined)",
        "?filter=in(operation,capture,refund):eq(currency,USD)&sort=created_at",
        "?filter=eq(unusual,true)",
        "?filter=eq(order_id,a)&sort=created_at",
        "?filter=eq(retref,000000000000)",
        "?filter=eq(created_at,2026-11-19)&time_zone=America/New_York",
        "?filter=eq(fact,paid):eq(unusual,false):eq(actor,):eq(amount,1.0):eq(retref,a%20b):in(order_id,a,b):eq(x,y)",
        "?sort=amount&time_zone=nowhere&page[offset]=1",
    ] {
        t.ask("a filter", &movements(query)).await;
    }
    let order = |query: &str| get(format!("/v2/orders/a/entries{query}")).by("shop:read");
    t.ask("those of an order", &order("")).await;
    t.ask("as a file", &csv(order("?sort=created_at&time_zone=Asia/Kathmandu"))).await;
    t.ask("a filter of an order", &order("?filter=eq(fact,declined)")).await;
    t.ask("no order", &get("/v2/orders/nothing/entries".to_owned()).by("shop:read")).await;
    for by in ["shop:shopper1", "shop:all"] {
        t.ask("who lists movements", &movements("?page[limit]=1").by(by)).await;
    }
    t.world.faults.spoil("entry of a");
    t.ask("an entry that cannot be read", &movements("?sort=created_at")).await;
    t.world.faults.repair();
    t.world.faults.spoil("a");
    t.ask("an order that cannot be read", &order("")).await;
    t.ask("the same, by a filter", &movements("?filter=eq(order_id,a)")).await;
    t.end();
}

fn report(query: &str) -> Ask {
    get(format!("/v2/reports/totals{query}")).by("shop:read")
}

#[tokio::test(start_paused = true)]
async fn totals_are_of_the_days_that_are_asked_for() {
    let mut t = Table::new("reports");
    payments(&mut t).await;
    t.world.wait(90_000);
    t.ask("yesterday's", &report("")).await;
    t.ask("as a file", &csv(report(""))).await;
    t.world.log.reach_until(Some(jiff::Timestamp::from_second(BEGIN_S + 90_000).unwrap()));
    for query in [
        "?from=2026-11-20",
        "?to=2026-11-20",
        "?from=2026-11-20&to=2026-11-20",
        "?from=2026-11-21&to=2026-11-20",
        "?from=2026-11-22",
        "?from=2026-11-23",
        "?from=2026-08-21&to=2026-11-20",
        "?from=2026-08-20&to=2026-11-20",
        "?from=2026-11-20&currency=USD",
        "?from=2026-11-20&currency=EUR",
        "?to=&currency=x",
        "?from=x",
        "?from=2026-11-20T00:00:00",
        "?to=2026-1-1",
        "?day=2026-11-20",
    ] {
        t.ask("a range", &report(query)).await;
    }
    for query in [
        "?from=2026-11-20&by=decline_code",
        "?from=2026-11-20&by=brand,currency&time_zone=America/New_York",
        "?from=2026-11-20&to=2026-11-20&by=currency&interval=day&time_zone=Asia/Kathmandu",
        "?from=2026-11&by=mid",
        "?from=2026-11-20&fact=declined&by=brand,decline_code",
        "?from=2026-11-20&interval=month",
        "?from=2026-01&to=2027-01",
        "?from=9999-12-31",
        "?from=2000-01-01&currency=USDX&by=brands&time_zone=Etc/Unknown",
        "?from=-9999-01-01&to=2026-02-30&currency=%D9%A1&by=&operation=refunds&brand=Visa,&decline_code=05&time_zone=",
        "?from=2026-11-01&to=2026-11-08&interval=hour",
        "?by=retref&interval=week&time_zone=New_York&fact=paid&mid=&brand=visa,none",
    ] {
        t.ask("rows", &report(query)).await;
    }
    t.ask("a day that is over, as a file", &csv(report("?from=2026-11-20&to=2026-11-20"))).await;
    t.end();
}
