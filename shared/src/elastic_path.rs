//! The Elastic Path / Moltin face: order payments as its published clients send them (`payment-apis.md` §1–§9).
//!
//! Requests become intents, orders become answers, errors become the `errors` envelope. No payment rule lives here.

mod attempt;
mod body;
mod caller;
mod error;
mod follow_up;
mod orders;
mod pay;
mod response;
mod token;

pub use follow_up::{cancel, capture, confirm, refund};
pub use orders::{get_order, get_transaction, list_transactions, not_found, patch_transaction, put_order};
pub use pay::{authorize, pay, purchase};
pub use token::issue_token;

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::Value;

use crate::{
    invocation::{path_parameter, request_id, serve},
    order::{InvalidId, OrderId},
    trail,
};
use error::{ApiError, Code, Problem};

/// What a handler answers before it becomes HTTP.
struct Answer {
    status: StatusCode,
    body: Value,
    replayed: bool,
}

impl Answer {
    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, replayed: false }
    }
}

type Answered = Result<Answer, ApiError>;

/// Answers a request.
async fn respond(request: &Request, answered: impl Future<Output = Answered>) -> Response<Body> {
    serve(request, async { http(request, answered.await) }).await
}

/// Turns a handler's result into HTTP.
fn http(request: &Request, answered: Answered) -> Response<Body> {
    let (status, body, replayed, retry_after) = match answered {
        Ok(answer) => (answer.status, answer.body, answer.replayed, None),
        Err(error) => {
            let request_id = request_id(request);
            trail::note(|trail| trail.code = Some(error.code().as_str()));
            if let Some(why) = &error.for_operator {
                tracing::error!(request_id, code = error.code().as_str(), why, "request failed");
            }
            (error.status(), error.body(&request_id), error.replayed, error.retry_after_s)
        }
    };
    let mut response = Response::new(Body::Text(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn order_id(request: &Request) -> Result<OrderId, ApiError> {
    let text = path_parameter(request, "orderId");
    // What a client's bug makes of an id that it does not have, and of a template that it did not fill in.
    if ["undefined", "null", "NaN"].contains(&text.as_str()) || text.starts_with(':') {
        let detail = "the order id looks like a mistake of the client: it is a placeholder".to_owned();
        return Err(Problem::new("orderId", Code::InvalidValue, detail).into());
    }
    text.parse().map_err(|why: InvalidId| {
        Problem::new("orderId", Code::InvalidValue, format!("the order id {why}")).into()
    })
}
