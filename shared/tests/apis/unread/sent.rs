//! Requests without an amount, and the payments that they are about.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    ask::{Ask, post},
    credit_card::{self, media::NAMESPACE},
    fixture::{pay, registered},
    merchants::key,
    world::World,
};

/// A card that the gateway stores, of no customer.
const STORED_CARD: &str = "1|16178397535388255208";

/// The payments that there are when a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prepared {
    /// An order of which nothing is paid.
    Owing,
    /// An authorization of it.
    Held,
    /// An authorization of which a part is captured.
    PartlyCaptured,
    Taken,
    /// An authorization by the credit-card API.
    CardHeld,
    /// A charge by the credit-card API.
    CardTaken,
}

impl Prepared {
    const ORDER_API: [Self; 4] = [Self::Owing, Self::Held, Self::PartlyCaptured, Self::Taken];
    const CREDIT_CARD_API: [Self; 2] = [Self::CardHeld, Self::CardTaken];
}

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Xml,
}

/// A request that states no amount.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) route: String,
    pub(super) prepared: Prepared,
    pub(super) syntax: Syntax,
    pub(super) body: Value,
}

impl Base {
    /// The requests that may move money on a route.
    pub(super) fn candidates(route: &str) -> Vec<Self> {
        let of = |prepared, syntax, body: &Value| Self {
            route: route.to_owned(),
            prepared,
            syntax,
            body: body.clone(),
        };
        if route.contains("/creditcard/") {
            let request = json!({"TransactionReference": "f-1", "TransactionID": "{id}"});
            let typed = |name: &str| {
                let mut request = request.clone();
                request["TransactionType"] = name.into();
                request
            };
            let authentication = json!({"Id": "external", "Key": key("all")});
            let bodies = [request.clone(), typed("1"), typed("2")]
                .map(|request| json!({"Authentication": authentication, "Request": request}));
            let of_state = |prepared| {
                bodies
                    .iter()
                    .flat_map(move |body| [of(prepared, Syntax::Json, body), of(prepared, Syntax::Xml, body)])
            };
            return Prepared::CREDIT_CARD_API.into_iter().flat_map(of_state).collect();
        }
        let stored = |method: &str| json!({"data": {"gateway": "card_connect", "method": method, "payment": STORED_CARD}});
        let alone = |method: &str| json!({"data": {"gateway": "card_connect", "method": method}});
        let bodies =
            [json!({"data": {}}), stored("purchase"), stored("authorize"), alone("capture"), alone("refund")];
        let of_state = |prepared| bodies.iter().map(move |body| of(prepared, Syntax::Json, body));
        Prepared::ORDER_API.into_iter().flat_map(of_state).collect()
    }

    pub(super) fn is_credit_card(&self) -> bool {
        self.route.contains("/creditcard/")
    }
}

/// A response, and the calls of the gateway that move money.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) moved: Vec<Value>,
}

/// A world in which something is prepared.
pub(super) struct State {
    world: Arc<World>,
    /// The payment that follow-ups are about.
    id: String,
}

impl State {
    pub(super) async fn of(prepared: Prepared) -> Self {
        let mut state = Self { world: World::new(), id: String::new() };
        // Only a stored card is authorized again.
        let to_pay = json!({"gateway": "card_connect", "amount": 4_000, "payment": STORED_CARD});
        let steps = match prepared {
            Prepared::Owing => vec![registered("a", 10_000)],
            Prepared::Held | Prepared::PartlyCaptured => {
                vec![registered("a", 10_000), pay("a", "authorize", to_pay).by("shop:pay")]
            }
            Prepared::Taken => vec![registered("a", 10_000), pay("a", "purchase", to_pay).by("shop:pay")],
            Prepared::CardHeld => vec![credit_card::pay("authorize")],
            Prepared::CardTaken => vec![credit_card::pay("charge")],
        };
        for step in steps {
            state.prepare(&step).await;
        }
        if prepared == Prepared::PartlyCaptured {
            let path = format!("/v2/orders/a/transactions/{}/capture", state.id);
            state.prepare(&post(path).by("shop:all").data(json!({"amount": 1_000}))).await;
        }
        state
    }

    async fn prepare(&mut self, ask: &Ask) {
        let response = ask.send(&self.world, "prepares").await;
        let bytes: &[u8] = response.body();
        let body: Value = serde_json::from_slice(bytes).unwrap();
        assert!(response.status().is_success(), "{}: {body}", ask.line());
        let id = if body["data"]["type"] == "transaction" {
            &body["data"]["id"]
        } else {
            &body["Response"]["TransactionID"]
        };
        id.as_str().unwrap_or_default().clone_into(&mut self.id);
    }

    /// Sends a request of a base's route.
    pub(super) async fn send(&self, base: &Base, body: &str, query: &str) -> Response {
        let path = base.route.trim_start_matches("POST ").replace("{orderId}", "a");
        let path = format!("{}{query}", path.replace("{transactionId}", &self.id));
        let media = if base.syntax == Syntax::Xml { "application/xml" } else { "application/json" };
        let ask = post(path).header("content-type", media).text(body.replace("{id}", &self.id));
        let ask = if base.is_credit_card() { ask } else { ask.by("shop:all") };
        self.world.state().sent.clear();
        let response = ask.send(&self.world, "asks").await;
        let bytes: &[u8] = response.body();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let mut moved = std::mem::take(&mut self.world.state().sent);
        // An inquiry is a text.
        moved.retain(Value::is_object);
        Response { status: response.status().as_u16(), text, moved }
    }
}

/// A body in XML, as .NET orders its elements. `attributes` are those of elements, by name.
pub(super) fn xml(body: &Value, attributes: &[(&str, &str)]) -> String {
    let mut text = String::new();
    element("CardTransactionBindingModel", body, attributes, &mut text);
    text.replacen(
        "<CardTransactionBindingModel",
        &format!("<CardTransactionBindingModel xmlns=\"{NAMESPACE}\" xmlns:x=\"urn:x\""),
        1,
    )
}

fn element(name: &str, value: &Value, attributes: &[(&str, &str)], text: &mut String) {
    let own = attributes.iter().find(|(element, _)| *element == name).map_or("", |(_, attribute)| attribute);
    text.extend(["<", name, own, ">"]);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                element(name, value, attributes, text);
            }
        }
        Value::String(content) => text.push_str(content),
        other => text.push_str(&other.to_string()),
    }
    text.extend(["</", name, ">"]);
}
