//! The schedules' effects on a payment, as the APIs show them.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Decline, Finding, GatewayResponse, NoEffect, Outcome},
    values::DeclineCode,
};

use crate::{
    ask::{Ask, get, post},
    fixture::{AUTHORIZE, card, declined, pay, registered, said, unknown},
    table::Table,
};

/// An authorization that is captured a day after it.
async fn scheduled(t: &mut Table) {
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.prepare(&pay("a", "authorize", card(4_000)).by("strict:pay")).await;
    t.world.wait(86_400);
}

fn read() -> Ask {
    get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by("strict:read")
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_capture_is_told_whatever_became_of_it() {
    let mut t = Table::new("captures");
    scheduled(&mut t).await;
    t.ask("due and not made yet", &read()).await;
    t.world.capture_due().await;
    t.ask("captured", &read()).await;
    for code in [DeclineCode::InsufficientFunds, DeclineCode::LostOrStolen] {
        scheduled(&mut t).await;
        t.world.answer(move |approval| Outcome::Declined(said(approval, "C", "51", "No"), Decline::of(code)));
        t.world.capture_due().await;
        t.ask("declined", &read()).await;
        t.ask("which is no shopper's", &read().by("strict:shopper1")).await;
    }
    for reason in [NoEffect::Unreachable, NoEffect::Misconfigured] {
        scheduled(&mut t).await;
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.world.capture_due().await;
        t.ask("it had no effect and is made again", &read()).await;
        t.ask(
            "found by when that is",
            &get("/v2/transactions?filter=ge(next_capture_attempt,2026-11-20)").by("strict:read"),
        )
        .await;
        t.world.wait(3_600);
        t.world.capture_due().await;
        t.ask("the next attempt", &read()).await;
    }
    scheduled(&mut t).await;
    t.world.answer(unknown);
    t.world.capture_due().await;
    t.ask("nothing came back", &read()).await;
    scheduled(&mut t).await;
    t.world.wait(5 * 86_400);
    t.world.capture_due().await;
    t.ask("the hold ended before", &read()).await;
    t.end();
}

fn switched(order: &str, change: &str, actor: &str) -> Ask {
    post(format!("/v2/orders/{order}/captures/{change}"))
        .by("strict:operate")
        .data(json!({"actor": actor, "reason": "case 4713"}))
}

fn paused(query: &str) -> Ask {
    get(format!("/v2/captures?filter=eq(paused,true){query}")).by("strict:read")
}

#[tokio::test(start_paused = true)]
async fn an_orders_captures_are_paused_and_resumed_and_what_is_paused_is_listed() {
    let mut t = Table::new("pauses");
    scheduled(&mut t).await;
    t.ask("nothing is paused", &paused("")).await;
    t.ask("a pause with who and why", &switched("a", "pause", "Ann")).await;
    t.ask("a second pause changes nothing", &switched("a", "pause", "Eve")).await;
    t.world.capture_due().await;
    t.ask("due, and not captured", &read()).await;
    t.ask("a shopper does not see why", &read().by("strict:shopper1")).await;
    t.ask("the order says so", &get("/v2/orders/a").by("strict:read")).await;
    t.ask(
        "it is not among what the schedule will capture",
        &get("/v2/transactions?filter=ge(next_capture_attempt,2026-11-20)").by("strict:read"),
    )
    .await;
    t.ask("it is listed", &paused("")).await;
    t.ask("to its merchant only", &paused("").by("shop:read")).await;
    t.world.wait(4 * 86_400 - 3_600);
    t.world.capture_due().await;
    t.ask("it is told of in its last day", &read()).await;
    t.ask("a resumption with who and why", &switched("a", "resume", "Bob")).await;
    t.ask("a second resumption changes nothing", &switched("a", "resume", "Eve")).await;
    t.ask("nothing is listed any more", &paused("")).await;
    t.world.capture_due().await;
    t.ask("captured by the next run", &read()).await;

    scheduled(&mut t).await;
    t.prepare(&switched("a", "pause", "Ann")).await;
    t.ask(
        "a capture by hand works",
        &post(format!("/v2/orders/a/transactions/{AUTHORIZE}/capture")).by("strict:operate"),
    )
    .await;
    t.ask("what is captured is not listed", &paused("")).await;

    scheduled(&mut t).await;
    t.prepare(&switched("a", "pause", "Ann")).await;
    t.world.wait(5 * 86_400);
    t.world.capture_due().await;
    t.ask("its hold ended during the pause", &read()).await;
    t.ask("what lapsed is not listed", &paused("")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_as_stated_or_refused() {
    let mut t = Table::new("pause_requests");
    scheduled(&mut t).await;
    for change in ["pause", "resume"] {
        let bare = post(format!("/v2/orders/a/captures/{change}"));
        t.ask("not by a key that only pays", &bare.clone().by("strict:pay")).await;
        t.ask("not by a shopper", &bare.clone().by("strict:shopper1")).await;
        t.ask("not without a token", &bare.clone()).await;
        let bare = bare.by("strict:operate");
        for (hazard, ask) in [
            ("without a body", bare.clone()),
            ("with empty data", bare.clone().data(json!({}))),
            ("with options", bare.clone().json(json!({"options": {}}))),
            ("a member that is not known", bare.clone().data(json!({"amount": 5}))),
            ("a member beside data", bare.clone().json(json!({"reason": "x"}))),
            ("a card number as a reason", bare.clone().data(json!({"reason": crate::fixture::NUMBER}))),
            ("a long actor", bare.clone().data(json!({"actor": crate::fixture::long(65)}))),
            ("a number as an actor", bare.clone().data(json!({"actor": 5}))),
            ("no JSON", bare.clone().text("pause")),
        ] {
            t.ask(hazard, &ask).await;
        }
        t.ask("no such order", &switched("b", change, "Ann")).await;
        t.ask("no other merchant's order", &switched("a", change, "Ann").by("shop:operate")).await;
        t.world.faults.take_down("save");
        let other = if change == "pause" { "resume" } else { "pause" };
        t.ask("the table does not respond", &switched("a", other, "Ann")).await;
        t.world.faults.bring_up();
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_list_of_what_is_paused_goes_on_page_after_page() {
    let mut t = Table::new("paused_list");
    for order in ["a", "b", "c"] {
        t.prepare(&registered(order, 10_000).by("strict:pay")).await;
        t.prepare(&pay(order, "authorize", card(1_000)).by("strict:pay")).await;
        t.prepare(&switched(order, "pause", "Ann")).await;
        t.world.wait(60);
    }
    t.prepare(&pay("b", "authorize", card(2_000)).by("strict:pay")).await;
    let first = t.ask("the longest paused first", &paused("&page[limit]=2")).await;
    let cursor = first["meta"]["page"]["cursor"].as_str().unwrap().to_owned();
    t.ask("and on", &paused(&format!("&page[limit]=2&page[cursor]={cursor}"))).await;
    t.ask("not by another merchant", &paused(&format!("&page[cursor]={cursor}")).by("shop:read")).await;
    let elsewhere = get(format!("/v2/transactions?page[cursor]={cursor}")).by("strict:read");
    t.ask("nor in another list", &elsewhere).await;
    for query in ["", "?filter=", "?filter=eq(paused,false)", "?filter=x", "?paused=true"] {
        t.ask("another filter, or none", &get(format!("/v2/captures{query}")).by("strict:read")).await;
    }
    for query in ["&page[limit]=0", "&page[limit]=101", "&page[cursor]=x", "&sort=x"] {
        t.ask("a parameter that is wrong", &paused(query)).await;
    }
    t.ask("not by a shopper", &paused("").by("strict:shopper1")).await;
    t.world.faults.take_down("index");
    t.ask("the index does not respond", &paused("")).await;
    t.end();
}

/// An inquiry's finding, made from an approval's response.
type Finds = fn(GatewayResponse) -> Finding;

/// A payment of which nothing is known.
async fn in_doubt(t: &mut Table) {
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay").key("k")).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_look_found_is_told_whatever_it_was() {
    let mut t = Table::new("looks");
    let read = || Ask { by: Some("shop:read"), ..read() };
    let finds: [(&str, Finds); 7] = [
        ("approved", |approval| Finding::Became(Box::new(Outcome::Approved(approval)))),
        ("declined", |approval| Finding::Became(Box::new(declined(approval)))),
        ("voided elsewhere", |_| {
            Finding::Became(Box::new(Outcome::NoEffect(
                NoEffect::VoidedElsewhere,
                GatewayResponse::default(),
            )))
        }),
        ("under review", |_| Finding::UnderReview),
        ("undecided", |_| Finding::Undecided),
        ("timed out", |approval| Finding::TimedOut(said(approval, "B", "62", "Timed out"))),
        ("refused as a duplicate", |approval| Finding::Duplicate(said(approval, "C", "94", "Duplicate"))),
    ];
    for (hazard, finds) in finds {
        in_doubt(&mut t).await;
        t.world.wait(120);
        t.world.find(finds);
        t.world.look_for_doubts().await;
        t.ask(hazard, &read()).await;
        let same = pay("a", "purchase", card(4_000)).by("shop:pay").key("k");
        t.ask("and to its repetition", &same).await;
    }
    in_doubt(&mut t).await;
    for seconds in [120, 120] {
        t.world.wait(seconds);
        t.world.find(|_| Finding::Absent);
        t.world.look_for_doubts().await;
    }
    t.ask("absent twice", &read()).await;
    t.ask("and it is no shopper's", &read().by("shop:shopper1")).await;
    t.prepare(&registered("a", 4_000)).await;
    t.world.wait(4_000);
    // Before more money moves, it is looked for.
    t.world.find(|_| Finding::Absent);
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay").key("other")).await;
    t.world.wait(4_000);
    t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
    t.world.look_for_doubts().await;
    t.ask("it arrives after all, and the order has no room for it", &read()).await;
    t.ask("the order has both", &get("/v2/orders/a/transactions").by("shop:read")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn names_are_forgotten_when_their_time_is_up() {
    let mut t = Table::new("personal");
    let request = json!({
        "TransactionType": "1", "TransactionReference": "ref-1", "Name": "Ann Lee", "Email": "ann@example.com", "SaveToFile": true,
        "Description": "A bike", "DealType": "sale", "DealStage": "won", "Marketing": "fair",
        "RevenuePartner": "Bob", "Authorizer": "Acme Bank",
        "Discount": {"DiscountCode": "SHOES", "Product": "Boots"},
        "Card": {"CardNumber": crate::fixture::NUMBER, "ExpiryDate": "08/30", "CVV": "123"}, "CaptureMethod": "2",
        "BillingAddress": {"Zip": "12345", "Country": "US"}, "CurrencyCode": "USD", "Amount": "20.50",
    });
    let key: Value = crate::merchants::key("all").into();
    let body = json!({"Authentication": {"Id": "external", "Key": key}, "Request": request});
    let charge = crate::ask::post("/api/v1/payments/creditcard/charge");
    let charge = charge.header("content-type", "application/json").json(body);
    let id = t.ask("kept for thirty days and a part of one", &charge).await;
    let id = id["Response"]["TransactionID"].as_str().unwrap().to_owned();
    let read = || get(format!("/v2/orders/{id}/transactions/{id}")).by("external:read");
    for (days, hazard) in [(30, "as it is kept"), (1, "after that")] {
        t.world.wait(days * 86_400);
        t.world.look_for_doubts().await;
        t.ask(hazard, &read()).await;
    }
    t.ask(
        "its file has its reference",
        &get("/v2/transactions?filter=ge(created_at,2026-11-01)")
            .by("external:read")
            .header("accept", "text/csv"),
    )
    .await;
    t.end();
}
