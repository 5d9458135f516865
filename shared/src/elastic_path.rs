//! The Elastic Path / Moltin API: order payments as its published clients send them.
//!
//! Requests become intents, orders become responses, failures become the `errors` envelope. No
//! payment rule lives here.

mod attempt;
mod caller;
mod cursor;
mod detailed_status;
mod error;
mod events;
mod filter;
mod follow_up;
mod members;
mod order_status;
mod orders;
mod page;
mod pay;
mod payment_methods;
mod reports;
mod response;
mod source;
pub mod status;
mod token;
mod transaction_status;
mod transactions;

pub use detailed_status::{DetailedStatus, VoidReason};
pub use events::{EventType, events};
pub use follow_up::{cancel, capture, confirm, refund};
pub use orders::{get_order, get_transaction, list_transactions, not_found, patch_transaction, put_order};
pub use pay::{authorize, pay, purchase};
pub use payment_methods::{
    create_payment_method, delete_payment_method, get_payment_method, list_payment_methods,
    update_payment_method,
};

pub use order_status::payment_status;
pub use reports::report_daily;
pub use token::issue_token;
pub use transaction_status::transaction_status;
pub use transactions::search_transactions;

use lambda_http::{Body, Request, Response};
use serde_json::Value;

use crate::{
    api::{
        Code,
        exchange::{self, Handled},
        failure::Failure,
        problem::Problem,
    },
    invocation::{path_parameter, serve},
};
use page::Page;
use tollgate_core::{
    order::{InvalidId, OrderId},
    payments::switch::Switch,
};

/// Responds to a request.
async fn respond(request: &Request, handled: impl Future<Output = Handled<Value>>) -> Response<Body> {
    serve(request, async { page::response(request, handled.await, |body| Page::json(&body)) }).await
}

/// Responds to a request that moves money, unless payments are stopped.
async fn respond_unless_stopped(
    switch: &dyn Switch,
    request: &Request,
    handled: impl Future<Output = Handled<Value>>,
) -> Response<Body> {
    respond(request, async {
        exchange::must_not_be_stopped(switch).await?;
        handled.await
    })
    .await
}

fn order_id(request: &Request) -> Result<OrderId, Failure> {
    let text = path_parameter(request, "orderId");
    // What a client's bug makes of an id that it does not have, and of a template that it did not
    // fill in.
    if ["undefined", "null", "NaN"].contains(&text.as_str()) || text.starts_with(':') {
        let detail = "the order id looks like a mistake of the client: it is a placeholder";
        return Err(Problem::about("orderId", Code::InvalidValue, detail).into());
    }
    text.parse().map_err(|why: InvalidId| {
        Problem::about("orderId", Code::InvalidValue, format!("the order id {why}")).into()
    })
}
