//! Requests that many tables begin with.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Decline, Doubt, GatewayResponse, Outcome},
    values::DeclineCode,
};

use crate::{
    ask::{Ask, get, post, put},
    table::Table,
};

/// The id of the first transaction that is made, as it is counted
/// ([`World::as_given`](crate::world::World::as_given)).
pub(crate) const AUTHORIZE: &str = "00000000-0000-4000-8000-000000000002";

/// The number that every test of a card gateway begins with.
pub(crate) const NUMBER: &str = "4111111111111111";

/// The gateway's token for it.
pub(crate) const TOKEN: &str = "9418594164541111";

pub(crate) fn registered(order: &str, amount: u64) -> Ask {
    put(format!("/v2/orders/{order}")).by("shop:pay").data(json!({"amount": amount, "currency": "USD"}))
}

/// The `data` of a payment by card.
pub(crate) fn card(amount: u64) -> Value {
    json!({
        "gateway": "card_connect", "amount": amount, "first_name": "Ann", "last_name": "Lee", "number": NUMBER,
        "month": "08", "year": "2030", "verification_value": "123",
    })
}

/// A payment of an order by its own route.
pub(crate) fn pay(order: &str, method: &str, data: Value) -> Ask {
    post(format!("/v2/orders/{order}/payments/{method}")).data(data)
}

/// A text of so many characters.
pub(crate) fn long(chars: usize) -> Value {
    "x".repeat(chars).into()
}

pub(crate) fn declined(approval: GatewayResponse) -> Outcome {
    let code = DeclineCode::InsufficientFunds;
    Outcome::Declined(said(approval, "C", "51", "Insufficient funds"), Decline::of(code))
}

/// The gateway's response instead of an approval.
pub(crate) fn said(approval: GatewayResponse, status: &str, code: &str, text: &str) -> GatewayResponse {
    GatewayResponse {
        status: Some(status.to_owned()),
        code: Some(code.to_owned()),
        text: Some(text.to_owned()),
        authcode: None,
        charged: None,
        stored: None,
        ..approval
    }
}

pub(crate) fn unknown(_: GatewayResponse) -> Outcome {
    Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default())
}

/// A payment of order `a` of the merchant `shop`.
pub(crate) struct Paid {
    id: String,
    ask: Ask,
}

impl Paid {
    /// A purchase of 40.00 of 100.00, of which nothing is known.
    pub(crate) async fn in_doubt(t: &mut Table) -> Self {
        t.world.answer(unknown);
        t.prepare(&registered("a", 10_000)).await;
        Self::by(t, pay("a", "purchase", card(4_000)).by("shop:pay").key("k")).await
    }

    /// The same with this method, approved.
    pub(crate) async fn with(t: &mut Table, method: &str) -> Self {
        t.prepare(&registered("a", 10_000)).await;
        Self::by(t, pay("a", method, card(4_000)).by("shop:pay").key("k")).await
    }

    async fn by(t: &mut Table, ask: Ask) -> Self {
        let paid = t.prepare(&ask).await;
        Self { id: paid["data"]["id"].as_str().unwrap().to_owned(), ask }
    }

    pub(crate) fn again(&self, by: &'static str) -> Ask {
        self.ask.clone().by(by)
    }

    pub(crate) fn read(&self, by: &'static str) -> Ask {
        get(self.path()).by(by)
    }

    pub(crate) fn path(&self) -> String {
        format!("/v2/orders/a/transactions/{}", self.id)
    }

    pub(crate) fn confirm(&self, by: &'static str) -> Ask {
        self.does("confirm", by)
    }

    /// A follow-up of the payment: `capture`, `refund`, `cancel`, `confirm`.
    pub(crate) fn does(&self, what: &str, by: &'static str) -> Ask {
        post(format!("/v2/orders/a/transactions/{}/{what}", self.id)).by(by)
    }
}
