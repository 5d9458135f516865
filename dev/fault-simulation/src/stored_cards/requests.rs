//! Requests about stored cards, and the rules for their responses.

use std::{sync::Arc, time::Duration};

use lambda_http::{Body, Context, Request, RequestExt, Response};
use serde_json::{Value, json};
use tollgate::{elastic_path, ports::StoredCards};
use tollgate_core::values::Clock;
use tollgate_wire::{GonePaymentMethod, PaymentMethod, Several, Single};

use crate::{
    client::{failure, parsed},
    merchants::EXTERNAL,
    world::{State, World},
};

/// The platform's time limit of an invocation.
const LIMIT: Duration = Duration::from_secs(29);

/// A client's request about its stored cards. Sent again, it is the same request.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    Store {
        customer: &'static str,
        number: &'static str,
        code: &'static str,
        key: Option<String>,
    },
    List {
        customer: &'static str,
    },
    /// Makes it the default.
    Prefer {
        id: String,
    },
    Delete {
        id: String,
    },
}

impl Wish {
    fn route_key(&self) -> &'static str {
        match self {
            Self::Store { .. } => "POST /v2/payment-methods",
            Self::List { .. } => "GET /v2/payment-methods",
            Self::Prefer { .. } => "PATCH /v2/payment-methods/{paymentMethodId}",
            Self::Delete { .. } => "DELETE /v2/payment-methods/{paymentMethodId}",
        }
    }

    fn body(&self) -> Option<Value> {
        match self {
            Self::Store { customer, number, code, .. } => Some(json!({"data": {
                "type": "payment-method", "customer": customer, "number": number, "month": "10", "year": "2031",
                "verification_value": code, "first_name": "John", "last_name": customer,
            }})),
            Self::Prefer { .. } => Some(json!({"data": {"default": true}})),
            Self::List { .. } | Self::Delete { .. } => None,
        }
    }

    fn event(&self, token: &str, request_id: u32) -> Value {
        let route = self.route_key();
        let (method, pattern) = route.split_once(' ').unwrap_or_default();
        let (id, customer) = match self {
            Self::Prefer { id } | Self::Delete { id } => (id.as_str(), None),
            Self::List { customer } => ("", Some(*customer)),
            Self::Store { .. } => ("", None),
        };
        let path = pattern.replace("{paymentMethodId}", id);
        let mut event = json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "",
            "headers": {"authorization": format!("Bearer {token}"), "content-type": "application/json"},
            "requestContext": {
                "accountId": "0", "apiId": "s", "domainName": "localhost", "domainPrefix": "s",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                         "userAgent": "simulation"},
                "requestId": request_id.to_string(), "routeKey": route, "stage": "$default",
                "time": "01/Jan/2026:12:00:00 +0000", "timeEpoch": 0,
            },
            "pathParameters": {"paymentMethodId": id},
            "isBase64Encoded": false,
        });
        if let Some(body) = self.body() {
            event["body"] = body.to_string().into();
        }
        if let Some(customer) = customer {
            event["rawQueryString"] = format!("customer={customer}").into();
            event["queryStringParameters"] = json!({ "customer": customer });
        }
        if let Self::Store { key: Some(key), .. } = self {
            event["headers"]["idempotency-key"] = key.as_str().into();
        }
        event
    }
}

/// Delivers a request once, to a new process. True when there is nothing more to learn from another
/// one.
pub(super) async fn send(world: &Arc<World>, wish: &Wish) -> bool {
    let token = world.token(EXTERNAL);
    let instance = world.start();
    let number = instance.number;
    world.step(format_args!("#{number} {wish:?}"));
    if let Wish::Delete { id } = wish {
        world.state().stored_cards.is_to_be_deleted(id);
    }
    let event = wish.event(&token, number).to_string();
    let Ok(request) = lambda_http::request::from_str(&event) else {
        world.fail(&mut world.state(), "the event is none");
        return true;
    };
    let mut context = Context::default();
    // A process whose clock is ahead would find no time left for anything.
    let by_clock = instance.now().max(world.now());
    context.deadline = u64::try_from((by_clock + LIMIT).as_millisecond()).unwrap_or_default();
    let request = request.with_lambda_context(context);
    let (cards, asked) = (instance.stored_cards(), wish.clone());
    let deleted_before = world.state().stored_cards.deleted_ids();
    let response = instance.run(LIMIT, async move { handle(&cards, &asked, &request).await }).await;
    let Some(response) = response else { return false };
    let status = response.status().as_u16();
    let mut guard = world.state();
    let state = &mut *guard;
    let mut broken = Vec::new();
    let code = failure(&response, &mut broken).map(|error| error.code).unwrap_or_default();
    world.note(state, format_args!("#{number} {status} {code}"));
    broken.extend(understand(state, wish, &response, &deleted_before));
    for rule in broken {
        world.fail(state, &rule);
    }
    match status {
        200 | 201 | 400 | 404 | 422 => true,
        202 | 409 | 502 | 503 => false,
        _ => {
            world.fail(state, &format!("{wish:?}: {status} {code}"));
            true
        }
    }
}

async fn handle(cards: &StoredCards, wish: &Wish, request: &Request) -> Response<Body> {
    match wish {
        Wish::Store { .. } => elastic_path::create_payment_method(cards, request).await,
        Wish::List { .. } => elastic_path::list_payment_methods(cards, request).await,
        Wish::Prefer { .. } => elastic_path::update_payment_method(cards, request).await,
        Wish::Delete { .. } => elastic_path::delete_payment_method(cards, request).await,
    }
}

/// Compares a response with the record and the gateway.
fn understand(
    state: &mut State,
    wish: &Wish,
    response: &Response<Body>,
    deleted_before: &[String],
) -> Vec<String> {
    let mut broken = Vec::new();
    match (wish, response.status().as_u16()) {
        (Wish::Store { .. }, 200 | 201) => {
            state.count("cards told as stored");
            if let Some(Single { data }) = parsed::<Single<PaymentMethod>>(response, &mut broken) {
                let payment = data.payment.unwrap_or_default();
                broken.extend(state.stored_cards.told_stored(&data.id, &payment));
            }
        }
        (Wish::Store { .. }, 400) => state.count("cards declined"),
        (Wish::List { .. }, 200) => {
            state.count("lists of cards");
            let shown = parsed::<Several<PaymentMethod>>(response, &mut broken);
            let shown = shown.into_iter().flat_map(|body| body.data);
            let deleted = shown.filter(|method| deleted_before.contains(&method.id));
            broken.extend(deleted.map(|method| format!("{} is deleted, and listed", method.id)));
        }
        (Wish::Prefer { .. }, 200) => {
            state.count("defaults chosen");
            parsed::<Single<PaymentMethod>>(response, &mut broken);
        }
        (Wish::Delete { id }, 200) => {
            state.count("cards deleted");
            parsed::<Single<GonePaymentMethod>>(response, &mut broken);
            broken.extend(state.stored_cards.told_deleted(id, &state.ledger));
        }
        _ => {}
    }
    broken
}
