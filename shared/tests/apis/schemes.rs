//! The card schemes' words about a decline: told to whoever may know, and obeyed.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Decline, GatewayResponse, Outcome},
    values::{Advice, DeclineCode, RetryClass, RetryRule, SchemeCode, SchemeWords},
};

use crate::ask::{get, post};
use crate::credit_card;
use crate::fixture::{AUTHORIZE, card, pay, registered, said};
use crate::stored_cards::{set_all, stores};
use crate::table::Table;

/// A Mastercard's decline: an issuer's plain refusal, which the scheme says more about.
fn advised(rule: RetryRule, code: &'static str, text: &'static str) -> impl Fn(GatewayResponse) -> Outcome {
    move |approval| {
        let words = SchemeWords {
            advice: SchemeCode::stated(Some(code), Some(text)),
            response: SchemeCode::stated(Some("05"), Some("Do not honor")),
            category: None,
        };
        let response =
            GatewayResponse { scheme: Some(Box::new(words)), ..said(approval, "C", "05", "Do not honor") };
        let code = DeclineCode::DoNotHonor;
        Outcome::Declined(response, Decline { code, payer_advice: Advice::ContactIssuer, rule: Some(rule) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_schemes_word_is_for_the_merchant_and_not_for_a_payer() {
    let mut t = Table::new("schemes_told");
    let never = RetryRule::new(RetryClass::Never);
    let hours = RetryRule::wait(jiff::SignedDuration::from_hours(72), true);
    for (rule, code, text) in [
        (never, "03", "Account closed"),
        (RetryRule::new(RetryClass::StopSeries), "21", "Stop recurring for this merchant"),
        (RetryRule::new(RetryClass::Drop), "07", "Cancel specific payment"),
        (RetryRule::new(RetryClass::Setup), "22", "Merchant does not qualify for product code"),
        (hours, "02", "Retry after 3 days"),
    ] {
        for by in ["shop:pay", "shop:shopper1"] {
            t.afresh();
            t.prepare(&registered("a", 10_000)).await;
            t.world.answer(advised(rule, code, text));
            t.ask(text, &pay("a", "purchase", card(10_000)).by(by)).await;
            t.ask("as it is read", &get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by(by)).await;
            t.ask("the same card for the same order", &pay("a", "purchase", card(10_000)).by(by)).await;
        }
        t.afresh();
        t.world.answer(advised(rule, code, text));
        t.ask("by the credit-card API", &credit_card::pay("charge")).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_a_scheme_has_forbidden_is_refused_with_the_rule_and_the_earlier_payment() {
    let mut t = Table::new("schemes_obeyed");
    let stored = t.prepare(&stores("c-1")).await;
    let id = stored["data"]["id"].clone();
    for order in ["a", "b"] {
        t.prepare(&registered(order, 10_000)).await;
    }
    let pays = |order: &str, members: &[(&str, Value)]| {
        let mut data = json!({
            "gateway": "card_connect", "amount": 5, "payment": id, "initiated_by": "merchant", "scheduled": true,
        });
        set_all(&mut data, members);
        pay(order, "purchase", data).by("shop:pay")
    };
    let wait = RetryRule::wait(jiff::SignedDuration::from_hours(72), true);
    t.world.answer(advised(wait, "02", "Retry after 3 days"));
    t.ask("the scheme says when", &pays("a", &[]).key("k")).await;
    t.ask("a repetition has its outcome", &pays("a", &[]).key("k")).await;
    t.ask("of another order, too", &pays("b", &[])).await;
    t.ask(
        "the customer may pay",
        &pays("b", &[("initiated_by", json!("customer")), ("scheduled", json!(null))]),
    )
    .await;
    t.world.answer(advised(RetryRule::new(RetryClass::Never), "03", "Account closed"));
    let ignoring = [("ignore_scheme_advice", json!(true)), ("amount", json!(6))];
    t.ask("the merchant's server insists", &pays("b", &ignoring)).await;
    t.ask("never", &pays("b", &[("amount", json!(7))])).await;
    t.ask("nor another order", &pays("a", &[("amount", json!(7))])).await;
    let by_customer = [("initiated_by", json!("customer")), ("scheduled", json!(null)), ("amount", json!(8))];
    t.ask("nor the customer for this order", &pays("b", &by_customer)).await;
    t.ask("who may pay another one", &pays("a", &by_customer)).await;
    t.ask(
        "an approval in spite of it",
        &pays("a", &[("ignore_scheme_advice", json!(true)), ("amount", json!(9))]),
    )
    .await;
    t.ask("ends the ban", &pays("a", &[("amount", json!(10))])).await;
    let stop = || advised(RetryRule::new(RetryClass::StopSeries), "21", "Stop recurring for this merchant");
    let once_more = [("amount", json!(12))];
    for (what, agrees) in
        [("the customer stores it anew", stores("c-1")), ("with another key", stores("c-1").key("anew"))]
    {
        t.world.answer(stop());
        t.ask("the series is stopped", &pays("a", &[("amount", json!(11))])).await;
        t.ask("no more of it", &pays("a", &once_more)).await;
        t.ask(what, &agrees).await;
        t.ask("which goes on", &pays("a", &once_more)).await;
    }
    t.world.answer(stop());
    t.ask("a card is not stored", &stores("c-2").key("n")).await;
    t.ask("nor its ban forgotten", &pays("a", &[("amount", json!(13))])).await;
    let shopper = post("/v2/orders/b/payments").by("shop:shopper1");
    let data = json!({"gateway": "card_connect", "method": "purchase", "ignore_scheme_advice": true});
    t.ask("a shopper does not insist", &shopper.data(data)).await;
    t.end();
}
