//! Follow-ups of an existing payment.

use serde_json::{Value, json};
use tollgate_core::order::{GatewayResponse, NoEffect, Outcome};
use uuid::Uuid;

use super::{follow, of, paid, pay, status, with};
use crate::ask::Ask;
use crate::fixture::{NUMBER, declined, long};
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn each_member_of_a_follow_up_is_as_stated_or_refused() {
    let mut t = Table::new("cc_follow_up_members");
    let id = paid(&mut t, "charge").await;
    let alone = json!({"TransactionReference": "x", "TransactionType": "2", "Card": {"CardNumber": NUMBER}});
    let mut with_blank_id = alone.clone();
    with_blank_id["TransactionID"] = json!(" ");
    let members: &[(&str, &[Value])] = &[
        (
            "Request.TransactionType",
            &[json!("0"), json!("1"), json!("2"), json!("x"), json!(""), json!(ABSENT)],
        ),
        (
            "Request.TransactionID",
            &[
                json!(ABSENT),
                json!(""),
                json!("x"),
                json!(5),
                json!("#"),
                json!("3212345"),
                json!(format!("{id}0")),
                json!({}),
                json!(ID),
                json!(id.to_uppercase()),
                long(65),
            ],
        ),
        ("Request.transactionID", &[json!(id)]),
        (
            "Request.TransactionReference",
            &[json!(ABSENT), json!(""), json!("\u{e9}"), json!("ref-1"), long(101), json!(NUMBER)],
        ),
        (
            "Request.Amount",
            &[
                json!("20.50"),
                json!("10.00"),
                json!("20.51"),
                json!(""),
                json!(" "),
                json!("\n"),
                json!(null),
                json!(0),
                json!("10"),
                json!("10.0"),
                json!("1.005"),
                json!("x"),
                json!("-1.00"),
                json!("0.00"),
                json!({}),
            ],
        ),
        ("Request.Ammount", &[json!("1.00")]),
        ("Request.Amout", &[json!("1.00")]),
        ("Request.Amount ", &[json!("1.00")]),
        ("Request.amount", &[json!("1.00")]),
        (
            "Request.CurrencyCode",
            &[json!("USD"), json!("EUR"), json!("JPY"), json!("x"), json!("XXQ"), json!(""), json!(5)],
        ),
        (
            "Request.TransactionDateTime",
            &[json!("2026-11-20 12:00:00"), json!("2026-11-01 12:00:00"), json!("x")],
        ),
        ("Request.Actor", &[json!("Ann"), json!(" "), json!(5), long(1_001), json!(NUMBER)]),
        ("Request.Reason", &[json!("It broke"), json!([]), long(1_001), json!(NUMBER)]),
        ("Request.Card", &[json!({"CardNumber": NUMBER})]),
        ("Request.Email", &[json!("is not looked at")]),
        ("Request.RefundDisputed", &[json!("means nothing to a capture")]),
        ("Request.Surprise", &[json!(1)]),
        ("Request", &[alone, with_blank_id, json!({})]),
    ];
    let ready = |route: &'static str| {
        async move |t: &mut Table| {
            paid(t, route).await;
            t.world.answer(declined);
        }
    };
    let mut refund = follow("refund", &id);
    refund = with(refund, "Request.TransactionType", json!("2"));
    t.vary(&refund, ready("charge"), members).await;
    t.vary(&follow("capture", &id), ready("authorize"), members).await;
    t.vary(&follow("void", &id), ready("authorize"), members).await;
    let wrong = with(follow("refund", &id), "Request.CurrencyCode", json!("x"));
    let wrong = with(wrong, "Request.TransactionType", json!("2"));
    t.vary(
        &wrong,
        ready("charge"),
        &[("Request.Amount", &[json!("10"), json!("1.000"), json!("x"), json!(".")])],
    )
    .await;
    let mut stated = follow("charge", &id);
    stated = with(stated, "Request.TransactionType", json!("1"));
    t.vary(
        &stated,
        ready("authorize"),
        &[
            (
                "Request.Amount",
                &[json!(ABSENT), json!("5.00"), json!("10.000"), json!(""), json!(" "), json!("\n")],
            ),
            ("Request.TransactionType", &[json!(ABSENT), json!("0"), json!("2")]),
            ("Request.Ammount", &[json!("1.00")]),
        ],
    )
    .await;
    let in_dollars = with(follow("capture", &id), "Request.CurrencyCode", json!("USD"));
    let amounts: &[Value] =
        &[json!("10"), json!("10.0"), json!("0.00"), json!("-1.00"), json!("20.51"), json!({})];
    t.vary(&in_dollars, ready("authorize"), &[("Request.Amount", amounts)]).await;
    let a_part = with(in_dollars, "Request.Amount", json!("10.00"));
    t.vary(&a_part, ready("authorize"), &[("Request.CurrencyCode", &[json!("EUR")])]).await;
    // At most the first six and the last four digits of a number may be shown (PCI DSS 3.4.1).
    for before in
        ["", "x", "my card number is ", "the number of the card is", "the number of my credit card is "]
    {
        let name = format!("Request.{before}{NUMBER}");
        t.vary(&follow("capture", &id), ready("authorize"), &[(&name, &[json!("1")])]).await;
    }
    let mut many = json!({"TransactionID": id, "TransactionReference": "x", "TransactionType": "2"});
    (0..6_000).for_each(|n| many[format!("{n:x}")] = json!(1));
    let many = json!({"Authentication": {"Id": "external", "Key": "all-key-of-merchant"}, "Request": many});
    t.ask("a response does not grow with it", &follow("refund", &id).text(many.to_string())).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_made_and_followed_up_once() {
    let mut t = Table::new("cc_flow");
    let id = t.ask("authorized", &pay("authorize")).await["Response"]["TransactionID"]
        .as_str()
        .unwrap()
        .to_owned();
    t.ask("once", &pay("authorize")).await;
    t.ask("its reference for another amount", &with(pay("authorize"), "Request.Amount", json!("20.51")))
        .await;
    t.ask("for another currency", &with(pay("authorize"), "Request.CurrencyCode", json!("EUR"))).await;
    t.ask("for another card", &with(pay("authorize"), "Request.Card.CardNumber", json!("5499740000000057")))
        .await;
    t.ask("with a discount", &with(pay("authorize"), "Request.Discount", json!({"DiscountCode": "SPRING"})))
        .await;
    t.ask("for a charge", &pay("charge")).await;
    t.ask(
        "whatever its time is by now",
        &with(pay("authorize"), "Request.TransactionDateTime", json!("2026-11-01 12:00:00")),
    )
    .await;
    t.ask(
        "but no new payment",
        &with(
            with(pay("authorize"), "Request.TransactionDateTime", json!("2026-11-01 12:00:00")),
            "Request.TransactionReference",
            json!("ref-2"),
        ),
    )
    .await;
    t.ask("its state by id", &status(json!({"TransactionID": id}))).await;
    t.ask("by reference", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("by both: the id counts", &status(json!({"TransactionID": id, "TransactionReference": "other"})))
        .await;
    t.ask("by none", &status(json!({}))).await;
    t.ask("by an empty id", &status(json!({"TransactionID": ""}))).await;
    t.ask("by one that is none", &status(json!({"TransactionID": "x"}))).await;
    t.ask("by a reference of nothing", &status(json!({"TransactionReference": "nothing"}))).await;
    t.ask("by a bad reference", &status(json!({"TransactionReference": "\u{e9}"}))).await;
    t.ask("by a list", &status(json!({"TransactionID": []}))).await;
    t.ask("by the id of nothing", &status(json!({"TransactionID": Uuid::nil()}))).await;
    for stated in ["0", "1", "2"] {
        t.ask("with a type", &status(json!({"TransactionID": id, "TransactionType": stated}))).await;
    }
    t.ask("of another merchant", &of("shop", status(json!({"TransactionID": id})))).await;
    t.ask("by reference", &of("shop", status(json!({"TransactionReference": "ref-1"})))).await;
    for (route, stated) in [("capture", "1"), ("charge", "1"), ("void", ""), ("refund", "2")] {
        let ask = with(follow(route, &id), "Request.TransactionType", json!(stated));
        t.ask("which does nothing to it", &of("shop", ask)).await;
    }
    t.ask("not refunded before it is captured", &follow("refund", &id)).await;
    t.ask("as it says what it is", &with(follow("refund", &id), "Request.TransactionType", json!("2"))).await;
    t.ask("no more than is held", &with(follow("capture", &id), "Request.Amount", json!("20.51"))).await;
    let capture =
        with(with(follow("capture", &id), "Request.Amount", json!("15.50")), "Request.Actor", json!("Ann"));
    let at_another_time =
        |ask: &Ask| with(ask.clone(), "Request.TransactionDateTime", json!("2026-11-01 12:00:00"));
    t.ask("a part is captured", &capture).await;
    t.ask("once", &capture).await;
    t.ask("whatever its time is by now", &at_another_time(&capture)).await;
    t.ask("its reference for another amount", &with(capture.clone(), "Request.Amount", json!("15.51"))).await;
    t.ask("and another currency", &with(capture.clone(), "Request.CurrencyCode", json!("EUR"))).await;
    t.ask("it is captured already", &with(capture, "Request.TransactionReference", json!("capture-2"))).await;
    let refund = |reference: &str, amount: Value| {
        let refund = with(follow("refund", &id), "Request.TransactionType", json!("2"));
        with(with(refund, "Request.TransactionReference", json!(reference)), "Request.Amount", amount)
    };
    t.ask("a part is refunded", &refund("r1", json!("5.50"))).await;
    t.ask("again by its reference", &refund("r1", json!("5.50"))).await;
    t.ask("whatever its time is by now", &at_another_time(&refund("r1", json!("5.50")))).await;
    t.ask("unless it is for another amount", &at_another_time(&refund("r1", json!("1.00")))).await;
    t.ask("more than is left", &refund("r2", json!("10.01"))).await;
    t.ask("not voided after that", &follow("void", &id)).await;
    t.ask("the rest", &refund("r3", json!(null))).await;
    t.ask("nothing is left", &refund("r4", json!(null))).await;
    t.ask("its state at the end", &status(json!({"TransactionID": id}))).await;
    t.afresh();
    paid(&mut t, "authorize").await;
    t.ask("voided", &follow("void", &id)).await;
    t.ask("once", &follow("void", &id)).await;
    t.ask("voided already", &with(follow("void", &id), "Request.TransactionReference", json!("void-2")))
        .await;
    t.ask("not captured after that", &follow("capture", &id)).await;
    t.ask("its state says so", &status(json!({"TransactionID": id}))).await;
    t.afresh();
    paid(&mut t, "charge").await;
    t.ask("a charge is captured already", &follow("capture", &id)).await;
    let by_charge = with(follow("charge", &id), "Request.TransactionType", json!("1"));
    t.ask("by whichever route", &by_charge).await;
    t.world.answer(|_| Outcome::NoEffect(NoEffect::NotSettled, GatewayResponse::default()));
    t.ask("a refund before settlement voids it", &refund("r5", json!(null))).await;
    t.ask("and it stays so", &status(json!({"TransactionID": id}))).await;
    t.afresh();
    let named = |reference: &str| with(pay("authorize"), "Request.TransactionReference", json!(reference));
    t.prepare(&named("Ref 1")).await;
    t.ask("for another expiry date", &with(named("Ref 1"), "Request.Card.ExpiryDate", json!("09/30"))).await;
    for reference in [" Ref 1", "Ref 1 ", "\tRef 1\r\n"] {
        t.ask("blanks around it are no part of it", &named(reference)).await;
    }
    t.ask("nor are the payment's words", &with(named("Ref 1"), "Request.Description", json!("another")))
        .await;
    for reference in ["ref 1", "REF 1", "Ref  1", "Ref 1.", "Ref"] {
        t.ask("another reference is another payment", &named(reference)).await;
    }
    t.ask("and so is another merchant's", &of("shop", named("Ref 1"))).await;
    t.end();
}

/// The payment that [`pay`] makes.
const ID: &str = "58a7d2b6-0000-0000-0000-000000000000";
