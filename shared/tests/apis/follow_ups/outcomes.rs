//! The outcomes of a follow-up.

use serde_json::json;
use tollgate_core::order::{Decline, Doubt, Finding, GatewayResponse, NoEffect, Outcome};
use tollgate_core::values::DeclineCode;

use super::on;
use crate::ask::get;
use crate::fixture::{AUTHORIZE, Paid, card, pay, registered, said, unknown};
use crate::table::Table;

#[tokio::test(start_paused = true)]
async fn each_outcome_of_a_follow_up_has_a_response_of_its_own() {
    let mut t = Table::new("follow_up_outcomes");
    for what in ["capture", "refund", "cancel"] {
        for reason in [
            NoEffect::NotSettled,
            NoEffect::AlreadySettled,
            NoEffect::TryAgain,
            NoEffect::Misconfigured,
            NoEffect::VoidedElsewhere,
        ] {
            t.afresh();
            let paid = Paid::with(&mut t, if what == "refund" { "purchase" } else { "authorize" }).await;
            t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
            let ask = paid.does(what, "shop:operate").data(if what == "cancel" {
                json!({})
            } else {
                json!({"amount": 3_000})
            });
            t.ask(&format!("{what}: no effect, {}", reason.as_str()), &ask).await;
        }
        t.afresh();
        let paid = Paid::with(&mut t, if what == "refund" { "purchase" } else { "authorize" }).await;
        t.world.answer(unknown);
        let ask = paid.does(what, "shop:operate").key("f");
        t.ask("nothing came back", &ask).await;
        t.ask("its repetition", &ask).await;
        t.ask("anything else has to wait", &paid.does("cancel", "shop:operate").key("g")).await;
        t.ask("the payment is in doubt", &paid.read("shop:read")).await;
        t.world.wait(100);
        t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
        t.ask("an inquiry finds it", &paid.confirm("shop:pay")).await;
    }
    t.afresh();
    let paid = Paid::with(&mut t, "purchase").await;
    t.world.answer(|_| Outcome::NoEffect(NoEffect::NotSettled, GatewayResponse::default()));
    t.ask("a full refund before settlement becomes a void", &paid.does("refund", "shop:operate").key("r"))
        .await;
    t.ask("whose repetition says the same", &paid.does("refund", "shop:operate").key("r")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "purchase").await;
    t.world.answer(|approval| {
        Outcome::Declined(said(approval, "C", "05", "No"), Decline::of(DeclineCode::DoNotHonor))
    });
    t.ask("a refund is declined", &paid.does("refund", "shop:operate").key("r")).await;
    t.ask("and stays so", &paid.does("refund", "shop:operate").key("r")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "authorize").await;
    t.world.answer(|approval| Outcome::Unknown(Doubt::AmountDiffers, approval));
    t.ask("an answer that proves nothing is shown", &paid.does("capture", "shop:operate")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_refund_without_an_amount_is_what_the_merchant_says() {
    let mut t = Table::new("refund_without_amount");
    for merchant in ["strict", "marking"] {
        t.afresh();
        let by = |role: &str| -> &'static str { Box::leak(format!("{merchant}:{role}").into_boxed_str()) };
        t.prepare(&registered("a", 10_000).by(by("pay"))).await;
        t.prepare(&pay("a", "purchase", card(4_000)).by(by("pay"))).await;
        let refund = on("refund").by(by("operate"));
        t.ask("a refund without an amount", &refund).await;
        t.ask("with one", &refund.clone().data(json!({"amount": 100}))).await;
        t.ask("without one, and to be sent", &refund.data(json!({"refund_mechanism": "automatic"}))).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_hold_is_told_with_its_payment() {
    let mut t = Table::new("standings");
    let by = "strict:operate";
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.prepare(&pay("a", "authorize", card(4_000)).by("strict:pay")).await;
    let read = get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by(by);
    t.ask("it is to be captured", &read).await;
    t.world.wait(4 * 86_400 + 43_200);
    t.ask("the hold ends soon", &read).await;
    t.world.wait(86_400);
    t.ask("it has ended", &read).await;
    t.end();
}
