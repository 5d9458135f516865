//! The surcharge that would be added to a payment.

use serde_json::{Value, json};
use tollgate_core::{
    payments::{NoQuote, SurchargeQuote, Waived},
    values::Amount,
};

use crate::{
    ask::{Ask, post},
    fixture::{NUMBER, TOKEN, long},
    table::{ABSENT, Table},
};

fn preview() -> Ask {
    let data = json!({
        "type": "surcharge", "amount": 2_499, "currency": "USD", "payment": TOKEN,
        "billing_address": {"postcode": "55555"},
    });
    post("/v2/surcharge").by("surcharging:pay").data(data)
}

/// Three percent, half a cent rounded up.
fn three_percent() -> SurchargeQuote {
    SurchargeQuote { fee: Amount::new(75).unwrap(), waived: None }
}

#[tokio::test(start_paused = true)]
async fn a_preview_is_what_the_gateway_would_add_or_why_it_adds_nothing_or_is_not_known() {
    let mut t = Table::new("surcharges");
    let nothing = |why| Ok(SurchargeQuote { fee: Amount::ZERO, waived: Some(why) });
    for (hazard, quote) in [
        ("a fee", Ok(three_percent())),
        ("a debit card", nothing(Waived::DebitCard)),
        ("not allowed there", nothing(Waived::RestrictedPostcode)),
        ("rounded to nothing", nothing(Waived::TooSmall)),
        ("no response", Err(NoQuote::Unavailable)),
        ("the gateway refuses the account", Err(NoQuote::Misconfigured)),
        ("of which kind the card is, is not known", Err(NoQuote::UnknownCard)),
        ("no such postal code", Err(NoQuote::UnknownPostcode)),
    ] {
        t.world.state().quotes.push_back(quote);
        t.ask(hazard, &preview()).await;
    }
    t.ask("an account that adds nothing is not asked", &preview().by("shop:pay")).await;
    t.ask("no time is left to ask", &preview().left_ms(5_000)).await;
    for by in
        ["surcharging:read", "surcharging:operate", "surcharging:all", "surcharging:plain", "shop:shopper1"]
    {
        t.world.state().quotes.push_back(Ok(three_percent()));
        t.ask("who may know what a card is", &preview().by(by)).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_preview_is_as_stated_or_refused() {
    let mut t = Table::new("surcharge_members");
    let members: &[(&str, &[Value])] = &[
        ("data", &[json!(ABSENT), json!(null), json!([])]),
        ("data.type", &[json!(ABSENT), json!(null), json!("order"), json!(5)]),
        ("data.amount", &[json!(ABSENT), json!(null), json!(0), json!(-1), json!("2499"), json!(24.99)]),
        ("data.currency", &[json!(ABSENT), json!("CAD"), json!("usd"), json!(5)]),
        (
            "data.payment",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(NUMBER),
                json!("1|16178397535388255208"),
                long(255),
                long(256),
                json!(5),
            ],
        ),
        ("data.billing_address", &[json!(ABSENT), json!(null), json!({}), json!("55555")]),
        (
            "data.billing_address.postcode",
            &[json!(null), json!(""), json!("K1A 0B1"), json!("- -"), long(255), long(256), json!(5)],
        ),
    ];
    t.vary(&preview(), async |t| t.world.state().quotes.push_back(Ok(three_percent())), members).await;
    t.end();
}
