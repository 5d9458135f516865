//! The outcomes of a payment.

use serde_json::json;
use tollgate_core::order::{Decline, Finding, GatewayResponse, NoEffect, Outcome};
use tollgate_core::values::{Amount, Charged, DeclineCode};

use crate::ask::get;
use crate::fixture::{AUTHORIZE, card, pay, registered, said, unknown};
use crate::table::Table;

#[tokio::test(start_paused = true)]
async fn each_outcome_has_a_response_of_its_own() {
    let mut t = Table::new("pay_outcomes");
    let base = || pay("a", "purchase", card(4_000)).by("shop:pay").key("k");
    // No gateway says that a person has ended a refund.
    let said = NoEffect::ALL.iter().filter(|reason| **reason != NoEffect::EndedByPerson);
    for (n, reason) in said.enumerate() {
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
    for code in DeclineCode::ALL {
        for by in ["shop:pay", "shop:shopper1"] {
            t.afresh();
            t.prepare(&registered("a", 10_000)).await;
            let code = *code;
            t.world.answer(move |approval| {
                Outcome::Declined(said(approval, "C", "51", "Declined"), Decline::of(code))
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
