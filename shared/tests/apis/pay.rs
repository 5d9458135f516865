//! Payments of orders: what is paid with, how much, by whom, and what comes of it.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Finding, GatewayResponse, NoEffect, Outcome},
    values::{Amount, Charged},
};

use crate::{
    ask::{Ask, get, post},
    fixture::{AUTHORIZE, NUMBER, TOKEN, card, declined, pay, registered, unknown},
    table::{ABSENT, Table},
};

/// The payment of order `a` by the merchant's key, which the issuer declines: the response is short, and what was sent is
/// all that was read.
async fn declines(t: &mut Table) {
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(declined);
}

fn long(chars: usize) -> Value {
    "x".repeat(chars).into()
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_card_is_as_it_was_typed_or_refused() {
    let mut t = Table::new("pay_by_card");
    let number = |number: &str| Value::from(number);
    let names: &[Value] = &[
        json!(ABSENT),
        json!(null),
        json!(""),
        json!("  "),
        json!(" Ann\u{e9} "),
        json!(5),
        json!([]),
        json!(NUMBER),
        long(255),
        long(256),
        json!("a\nb"),
        json!("a\u{ffff}"),
    ];
    let texts: &[Value] =
        &[json!(null), json!(""), json!("1 Main St"), json!(5), json!(NUMBER), long(255), long(256)];
    let members: &[(&str, &[Value])] = &[
        ("data.first_name", names),
        ("data.last_name", names),
        (
            "data.number",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(5),
                number("4111 1111 1111 1111"),
                number("4111111111111112"),
                number("411111111111"),
                number("371449635398431"),
                number("x"),
                number(TOKEN),
            ],
        ),
        (
            "data.month",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(8),
                json!("8"),
                json!(" 08 "),
                json!("13"),
                json!("00"),
                json!("x"),
            ],
        ),
        (
            "data.year",
            &[
                json!(ABSENT),
                json!(null),
                json!(2030),
                json!("30"),
                json!(" 2030 "),
                json!("x"),
                json!("2019"),
                json!("2026"),
                json!("2099"),
                json!("1030"),
            ],
        ),
        (
            "data.verification_value",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(123),
                json!("12"),
                json!("1234"),
                json!(" 123 "),
                json!("12x"),
                long(256),
            ],
        ),
        ("data.billing_address", &[json!(null), json!({}), json!("x"), json!([])]),
        ("data.billing_address.line_1", texts),
        ("data.billing_address.line_2", &[json!("Flat 2"), json!(5)]),
        ("data.billing_address.city", &[json!("Springfield"), json!(5)]),
        ("data.billing_address.region", &[json!("IL"), json!(5)]),
        ("data.billing_address.postcode", &[json!("62701"), json!(5)]),
        (
            "data.billing_address.country",
            &[
                json!("US"),
                json!("us"),
                json!("USA"),
                json!("U"),
                json!("U1"),
                json!("1!"),
                json!(5),
                json!("\u{e9}"),
            ],
        ),
        ("data.payment", &[json!(null), json!("1|1234"), json!(TOKEN), json!(5)]),
        ("data.save", &[json!(null), json!(false), json!(true), json!("yes"), json!(1)]),
        (
            "data.initiated_by",
            &[json!(null), json!("customer"), json!("merchant"), json!("Customer"), json!(1)],
        ),
        ("data.scheduled", &[json!(null), json!(false), json!(true), json!("no")]),
        ("data.customer", &[json!(5), json!("c-1")]),
    ];
    t.vary(&pay("a", "purchase", card(4_000)).by("shop:pay"), declines, members).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_stored_card_and_a_token_are_told_apart_from_a_card() {
    let mut t = Table::new("pay_by_token");
    let stored = json!({"gateway": "card_connect", "amount": 4_000, "payment": "1|12345678901234567890"});
    let members: &[(&str, &[Value])] = &[
        (
            "data.payment",
            &[
                json!(ABSENT),
                json!("1|1"),
                json!("999|12345678901234567890"),
                json!("1234|1"),
                json!("1|123456789012345678901"),
                json!("|1"),
                json!("1|"),
                json!("1"),
                json!("1|1|1"),
                json!("x|1"),
                json!("1|x"),
                json!(""),
                json!(5),
                json!({}),
                json!(TOKEN),
                long(256),
            ],
        ),
        ("data.month", &[json!("08")]),
        ("data.verification_value", &[json!("123")]),
        ("data.initiated_by", &[json!("customer"), json!("merchant"), json!("shopper")]),
        ("data.scheduled", &[json!(true), json!(false)]),
        ("data.save", &[json!(true), json!(false)]),
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z"), json!("x")]),
    ];
    t.vary(&pay("a", "authorize", stored.clone()).by("shop:pay"), declines, members).await;
    let mut series = stored;
    series["initiated_by"] = json!("merchant");
    let members: &[(&str, &[Value])] =
        &[("data.scheduled", &[json!(true), json!(false), json!(null), json!(1)])];
    t.vary(&pay("a", "purchase", series).by("shop:pay"), declines, members).await;
    let token =
        json!({"gateway": "card_connect", "amount": 4_000, "payment": TOKEN, "month": "08", "year": "2030"});
    let members: &[(&str, &[Value])] = &[
        (
            "data.payment",
            &[
                json!("9418594164541112"),
                json!("94185941645411111"),
                json!("8418594164541111"),
                json!(NUMBER),
            ],
        ),
        ("data.first_name", &[json!("Ann"), json!(""), json!(" "), json!(5), json!(NUMBER)]),
        ("data.last_name", &[json!("Lee"), json!(NUMBER)]),
        ("data.month", &[json!(ABSENT), json!(null), json!("13")]),
        ("data.year", &[json!(ABSENT), json!("2019")]),
        ("data.verification_value", &[json!("123"), json!("1"), json!(""), json!(null), json!("1234")]),
        ("data.number", &[json!(NUMBER), json!(null)]),
        ("data.initiated_by", &[json!("merchant")]),
        ("data.billing_address", &[json!({"line_1": "1 Main St", "country": "gb"})]),
        ("data.save", &[json!(true)]),
    ];
    t.vary(&pay("a", "purchase", token).by("shop:pay"), declines, members).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn how_much_is_paid_of_which_currency_and_how_is_never_guessed() {
    let mut t = Table::new("pay_how_much");
    let mut data = card(4_000);
    data["method"] = json!("purchase");
    let base = post("/v2/orders/a/payments").data(data).by("shop:pay");
    let members: &[(&str, &[Value])] = &[
        ("data", &[json!(ABSENT), json!(null), json!([])]),
        (
            "data.gateway",
            &[json!(ABSENT), json!(null), json!(""), json!("stripe"), json!("Card_connect"), json!(5)],
        ),
        (
            "data.method",
            &[
                json!(ABSENT),
                json!(null),
                json!("authorize"),
                json!("Purchase"),
                json!("pay"),
                json!(5),
                json!("capture"),
                json!("refund"),
            ],
        ),
        (
            "data.amount",
            &[
                json!(ABSENT),
                json!(null),
                json!(0),
                json!(-1),
                json!("4000"),
                json!(10_000),
                json!(10_001),
                json!(1.0),
            ],
        ),
        ("data.Amount", &[json!(1)]),
        ("data.ammount", &[json!(1)]),
        ("data.amount_cents", &[json!(1)]),
        ("data.amout", &[json!(1)]),
        ("data.account", &[json!("is another word")]),
        ("data.currency", &[json!("USD"), json!("EUR"), json!("usd"), json!("U"), json!(5), json!(null)]),
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z")]),
        (
            "data.options",
            &[
                json!({"idempotency_key": "k"}),
                json!({"idempotency_key": 5}),
                json!({"idempotency_key": null}),
                json!({"idempotency_key": "\u{e9}"}),
                json!({"idempotency_key": ""}),
            ],
        ),
    ];
    t.vary(&base, declines, members).await;
    for route in ["authorize", "purchase"] {
        let members: &[(&str, &[Value])] =
            &[("data.method", &[json!(null), json!("authorize"), json!("purchase"), json!(""), json!(5)])];
        t.vary(&pay("a", route, card(4_000)).by("shop:pay"), declines, members).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_merchant_that_keeps_its_orders_says_amount_and_currency() {
    let mut t = Table::new("pay_external");
    let base = pay("a", "purchase", card(4_000)).by("external:pay");
    let refuses = async |t: &mut Table| t.world.answer(declined);
    let members: &[(&str, &[Value])] = &[
        ("data.currency", &[json!(ABSENT), json!("USD"), json!("EUR"), json!("GBP"), json!("JPY")]),
        ("data.amount", &[json!(ABSENT), json!(null)]),
    ];
    t.vary(&base, refuses, members).await;
    for currency in ["EUR", " usd ", "x", "GBP"] {
        t.afresh();
        t.world.answer(declined);
        t.ask("the SDK's header names the currency", &base.clone().header("x-moltin-currency", currency))
            .await;
    }
    t.afresh();
    t.world.answer(declined);
    let euros = pay("a", "purchase", {
        let mut data = card(4_000);
        data["currency"] = json!("EUR");
        data
    });
    t.ask("the body's goes first", &euros.by("external:pay").header("x-moltin-currency", "USD")).await;
    t.ask("the same order in other money", &base.clone().header("x-moltin-currency", "USD")).await;
    t.world.answer(declined);
    t.ask("one currency needs not be named", &pay("a", "purchase", card(5)).by("yen:pay")).await;
    t.prepare(&registered("a", 10_000)).await;
    t.ask(
        "a registered order has its own",
        &pay("a", "purchase", card(4_000)).by("shop:pay").header("x-moltin-currency", "EUR"),
    )
    .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_made_once_for_a_key() {
    let mut t = Table::new("pay_keys");
    t.prepare(&registered("a", 100_000)).await;
    let first = pay("a", "purchase", card(4_000)).by("shop:pay");
    let with = |options: Value| {
        let mut data = card(4_000);
        data["options"] = options;
        pay("a", "purchase", data).by("shop:pay")
    };
    t.ask("the first of its key", &first.clone().key("k1")).await;
    t.ask("its repetition", &first.clone().key("k1")).await;
    t.ask("in quotes", &first.clone().key("\"k1\"")).await;
    t.ask("by the body", &with(json!({"idempotency_key": "k1"}))).await;
    t.ask("by both", &with(json!({"idempotency_key": "k1"})).key("k1")).await;
    t.ask("which differ", &with(json!({"idempotency_key": "k1"})).key("k2")).await;
    t.ask("null in the body is none", &with(json!({"idempotency_key": null})).key("k1")).await;
    t.ask("options are an object", &with(json!("k1"))).await;
    t.ask("for another amount", &pay("a", "purchase", card(4_001)).by("shop:pay").key("k1")).await;
    t.ask(
        "for another currency stated",
        &pay("a", "purchase", {
            let mut data = card(4_000);
            data["currency"] = json!("USD");
            data
        })
        .by("shop:pay")
        .key("k1"),
    )
    .await;
    t.ask(
        "for another card",
        &pay("a", "purchase", {
            let mut data = card(4_000);
            data["number"] = json!("5499740000000057");
            data
        })
        .by("shop:pay")
        .key("k1"),
    )
    .await;
    t.ask("on another route", &pay("a", "authorize", card(4_000)).by("shop:pay").key("k1")).await;
    t.ask("on another order", &pay("z", "purchase", card(4_000)).by("shop:pay").key("k1")).await;
    t.ask("without a key an equal one is suspect", &first).await;
    for key in ["", " ", "\"\"", "a\tb", &"k".repeat(255), &"k".repeat(256), "\"", "k3\"", "~!@#$%^&*() ok"] {
        t.afresh();
        declines(&mut t).await;
        t.ask("what a key may be", &first.clone().key(key)).await;
    }
    for key in
        ["k".repeat(255), "k".repeat(256), "k\u{7f}".to_owned(), "k\u{1f}".to_owned(), " k~ ".to_owned()]
    {
        t.afresh();
        declines(&mut t).await;
        t.ask("what a key in the body may be", &with(json!({ "idempotency_key": key }))).await;
    }
    t.afresh();
    declines(&mut t).await;
    let beside = first.clone().json(json!({"data": card(4_000), "options": {"idempotency_key": "k"}}));
    t.ask("declined, with options beside data", &beside).await;
    t.ask("its repetition says so", &beside).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.ask("nothing came back", &first.clone().key("k1")).await;
    t.ask("its repetition", &first.clone().key("k1")).await;
    t.ask("another one", &pay("a", "purchase", card(7_000)).by("shop:pay").key("k2")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_outcome_has_a_response_of_its_own() {
    let mut t = Table::new("pay_outcomes");
    let base = || pay("a", "purchase", card(4_000)).by("shop:pay").key("k");
    for (n, reason) in NoEffect::ALL.iter().enumerate() {
        for (by, ask) in
            [("the merchant", base()), ("a shopper", pay("a", "purchase", card(10_000)).by("shop:shopper1"))]
        {
            t.afresh();
            t.prepare(&registered("a", 10_000)).await;
            let reason = *reason;
            t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
            t.ask(&format!("{by}: it had no effect, {}", reason.as_str()), &ask).await;
            if n == 0 {
                t.ask("and goes through later", &ask).await;
            }
        }
    }
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.world.find(|_| Finding::Absent);
    t.ask("absent once is not absent", &base()).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
    t.ask("the inquiry finds the approval", &base()).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.world.find(|first| {
        let second = GatewayResponse { reference: Some("000000000099".to_owned()), ..first.clone() };
        Finding::Several(vec![first, second])
    });
    t.ask("the inquiry finds two: one is given back", &base()).await;
    let half = |approval: GatewayResponse| {
        Outcome::PartiallyApproved(GatewayResponse {
            charged: Some(Charged::from(Amount::new(1_500).unwrap())),
            ..approval
        })
    };
    for by in ["shop:pay", "external:pay"] {
        t.afresh();
        if by == "shop:pay" {
            t.prepare(&registered("a", 10_000)).await;
        }
        t.world.answer(half);
        let mut data = card(4_000);
        data["currency"] = json!("USD");
        t.ask("a part is kept, or given back", &pay("a", "authorize", data).by(by)).await;
        t.ask(
            "which stays on record",
            &get("/v2/orders/a/transactions").by(if by == "shop:pay" {
                "shop:read"
            } else {
                "external:read"
            }),
        )
        .await;
    }
    for (avs, cvv) in [("N", "M"), ("Y", "N"), ("A", "P"), ("", "")] {
        t.afresh();
        t.prepare(&registered("a", 10_000).by("strict:pay")).await;
        let letter = |letter: &str| Some(letter.to_owned()).filter(|letter| !letter.is_empty());
        let (avs, cvv) = (letter(avs), letter(cvv));
        t.world.answer(move |approval| Outcome::Approved(GatewayResponse { avs, cvv, ..approval }));
        t.ask(
            "letters that a merchant does not accept",
            &pay("a", "authorize", card(4_000)).by("strict:pay"),
        )
        .await;
        t.ask("are on record", &get("/v2/orders/a/transactions").by("strict:read")).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_decline_is_told_and_a_shopper_is_not_told_of_a_stolen_card() {
    let mut t = Table::new("pay_declines");
    for code in tollgate_core::values::DeclineCode::ALL {
        for by in ["shop:pay", "shop:shopper1"] {
            t.afresh();
            t.prepare(&registered("a", 10_000)).await;
            let code = *code;
            t.world.answer(move |approval| {
                Outcome::Declined(crate::fixture::said(approval, "C", "51", "Declined"), code, code.advice())
            });
            let ask = pay("a", "purchase", card(10_000)).by(by);
            t.ask(code.as_str(), &ask).await;
            let read = get(format!("/v2/orders/a/transactions/{AUTHORIZE}"));
            if matches!(code.as_str(), "insufficient_funds" | "lost_or_stolen") {
                t.ask("as it is read", &read.by(by)).await;
            }
        }
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn no_request_moves_money_that_may_not() {
    let mut t = Table::new("pay_who");
    let body = card(10_000);
    for by in [
        "shop:read",
        "shop:pay",
        "shop:operate",
        "shop:all",
        "shop:plain",
        "shop:shopper1",
        "external:shopper1",
        "strict:shopper1",
    ] {
        t.afresh();
        t.prepare(&registered("a", 10_000)).await;
        t.world.answer(declined);
        t.ask("who pays", &pay("a", "purchase", body.clone()).by(by)).await;
    }
    let who = |by| pay("a", "purchase", body.clone()).by(by);
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    for stopped in [Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("payments are stopped, or may be", &who("shop:pay")).await;
    }
    t.world.state().stopped = Some(false);
    for left_ms in [0, 5_000] {
        t.ask("no time is left", &who("shop:pay").left_ms(left_ms)).await;
    }
    for (port, hazard) in [("load", "the order cannot be read"), ("save", "the intent cannot be saved")] {
        t.world.state().broken.insert(port);
        t.ask(hazard, &who("shop:pay")).await;
        t.world.state().broken.clear();
    }
    t.world.state().contended = true;
    t.ask("others change the order all the time", &who("shop:pay")).await;
    t.world.state().contended = false;
    t.world.state().unreadable.insert("a");
    t.ask("the order is damaged", &who("shop:pay")).await;
    t.end();
}

/// A shopper's payment.
fn shopper(number: &'static str, data: Value) -> Ask {
    pay("a", "purchase", data).by(number)
}

#[tokio::test(start_paused = true)]
async fn a_shopper_pays_what_is_owing_and_does_not_try_out_cards() {
    let mut t = Table::new("pay_shoppers");
    let refuses = async |t: &mut Table| {
        t.prepare(&registered("a", 10_000)).await;
        t.world.answer(declined);
    };
    let members: &[(&str, &[Value])] = &[
        ("data.amount", &[json!(ABSENT), json!(10_000), json!(9_999), json!(10_001)]),
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z")]),
        ("data.save", &[json!(true), json!(false)]),
        ("data.initiated_by", &[json!("merchant"), json!("customer")]),
        ("data.scheduled", &[json!(true)]),
    ];
    t.vary(&shopper("shop:shopper1", card(10_000)), refuses, members).await;
    let stored = json!({"gateway": "card_connect", "payment": "1|1234"});
    t.afresh();
    refuses(&mut t).await;
    t.ask("not with stored cards", &shopper("shop:shopper1", stored.clone())).await;
    t.ask("nor on an order that is not there", &pay("z", "purchase", card(1)).by("shop:shopper1")).await;
    let mut follow_up = card(10_000);
    follow_up["method"] = json!("capture");
    t.ask("nor captures", &post("/v2/orders/a/payments").data(follow_up).by("shop:shopper1")).await;
    t.ask("paid", &shopper("shop:shopper1", card(10_000)).key("k")).await;
    t.ask("declined now: the answer was for the first", &shopper("shop:shopper1", card(10_000)).key("k2"))
        .await;
    t.ask("its repetition", &shopper("shop:shopper1", card(10_000)).key("k2")).await;
    t.ask("another shopper's key is another", &shopper("shop:shopper2", card(10_000)).key("k2")).await;
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.ask(
        "where the merchant allows it, a part with a stored card",
        &shopper("strict:shopper1", {
            let mut data = stored;
            data["amount"] = json!(500);
            data
        }),
    )
    .await;
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    let tries = |who: &'static str, key: &str| shopper(who, card(10_000)).key(key);
    t.world.answer(|_| Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    t.ask("what had no effect is no attempt", &tries("strict:shopper1", "k1")).await;
    t.world.answer(declined);
    t.ask("the first decline", &tries("strict:shopper1", "k2")).await;
    t.ask("repeated it counts once", &tries("strict:shopper1", "k2")).await;
    t.world.answer(declined);
    t.ask("the second", &tries("strict:shopper2", "k3")).await;
    t.ask("two from one address are enough", &tries("strict:shopper3", "k4")).await;
    t.world.answer(declined);
    t.ask("from another address the third", &tries("strict:shopper3", "k5").from("203.0.113.8")).await;
    t.ask("three on one order are enough", &tries("strict:shopper3", "k6").from("203.0.113.9")).await;
    t.prepare(&registered("b", 10_000).by("strict:pay")).await;
    let other =
        |key: &str, from| pay("b", "purchase", card(10_000)).by("strict:shopper4").key(key).from(from);
    t.world.answer(unknown);
    t.ask("what is not known counts, too", &other("k7", "203.0.113.10")).await;
    t.ask("and its repetition does", &other("k7", "203.0.113.10")).await;
    t.ask("five in a minute of all shoppers", &other("k8", "203.0.113.11")).await;
    t.world.wait(60);
    t.ask("the next minute", &other("k9", "203.0.113.11")).await;
    t.world.wait(3600);
    t.world.state().broken.insert("slots");
    t.ask("attempts cannot be counted", &other("k10", "203.0.113.12")).await;
    t.world.state().broken.clear();
    t.world.state().broken.insert("give_back");
    t.ask("an attempt cannot be given back", &other("k11", "203.0.113.12")).await;
    t.end();
}
