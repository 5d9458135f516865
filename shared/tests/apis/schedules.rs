//! What the schedules did to a payment, as the APIs tell it.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Finding, GatewayResponse, NoEffect, Outcome},
    values::DeclineCode,
};

use crate::{
    ask::{Ask, get},
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
        t.world
            .answer(move |approval| Outcome::Declined(said(approval, "C", "51", "No"), code, code.advice()));
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

/// What an inquiry finds, made of what an approval would have said.
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
