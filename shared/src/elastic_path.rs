//! The Elastic Path / Moltin API: order payments as its published clients send them.
//!
//! Requests become intents, orders become responses, failures become the `errors` envelope. No
//! payment rule lives here.

/// Declares the handlers of routes: each runs its function and responds with the result.
macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident($ports:ident) => $handled:ident($($with:expr)?);)+) => {$(
        $(#[$doc])*
        pub async fn $name(
            ports: &crate::ports::$ports,
            request: &lambda_http::Request,
        ) -> lambda_http::Response<lambda_http::Body> {
            // On the heap: a payment's future is large, and would be copied on its way down.
            crate::elastic_path::respond(request, Box::pin($handled(ports, request, $($with)?))).await
        }
    )+};
}

mod caller;
mod events;
mod gateways;
mod lists;
mod orders;
mod payment_methods;
mod payments;
mod people;
mod request;
mod response;
mod settlement;
mod stop;
mod webhooks;

pub use events::{EventType, deposit_created, deposit_differs, events};
pub use gateways::{get_gateway, list_gateways};
pub use lists::attention::list_attention;
pub use lists::captures::{list_captures, pause_captures, resume_captures, sum_captures};
pub use lists::entries::{list_entries, list_order_entries, shown as entry_value};
pub use lists::orders::list_orders;
pub use lists::reports::report_totals;
pub use lists::transactions::search_transactions;
pub use orders::{
    find_transaction, get_order, get_receipt, get_transaction, list_transactions, not_found,
    patch_transaction, put_order,
};
pub use payment_methods::{
    create_payment_method, delete_payment_method, get_payment_method, list_payment_methods,
    update_payment_method,
};
pub use payments::by_hand::{decide, see_attention};
pub use payments::follow_up::{cancel, capture, confirm, reauthorize, refund};
pub use payments::pay::{authorize, pay, purchase};
pub use payments::surcharge::preview_surcharge;
pub use people::audit::{audit_entry_value, list_audit};
pub use people::me::get_me;
pub use people::token::issue_token;
pub use people::{add_person, change_person, list_people, person_change_value, person_value, remove_person};
pub use response::scheme_words;
pub use response::single::{answers_value, receipt_value};
pub use response::status::transaction_status;
pub use settlement::{
    account_value, deposit_line_value, deposit_value, exception_value, get_deposit, get_exception,
    get_settlement, list_deposits, list_exceptions, list_outstanding, note_exception, outstanding_sum_value,
    outstanding_value, report_month, resolve_exception, settlement_record_value, whole_deposit_value,
};
pub use stop::{get_stop, put_stop};
pub use webhooks::{list_deliveries, list_webhooks, replay_delivery, test_delivery, test_webhook};

use lambda_http::{Body, Request, Response};
use serde_json::Value;

use crate::{
    api::{Code, Failure, Handled, Page, Problem},
    invocation::{path_parameter, serve},
};
use tollgate_core::order::{InvalidId, OrderId};

/// Responds to a request.
async fn respond<B: Into<Page>>(
    request: &Request,
    handled: impl Future<Output = Handled<B>>,
) -> Response<Body> {
    serve(request, async { response::page::response(request, handled.await) }).await
}

/// Responds to a request that no route serves.
pub(crate) async fn refuse(request: &Request, failure: Failure) -> Response<Body> {
    let failure: Handled<Value> = Err(failure);
    respond(request, std::future::ready(failure)).await
}

fn order_id(request: &Request) -> Result<OrderId, Failure> {
    let text = path_parameter(request, "orderId");
    // Ids from a client's bug: a missing id as text, or a template that was not filled in.
    if ["undefined", "null", "NaN"].contains(&text.as_str()) || text.starts_with(':') {
        let detail = "the order id looks like a mistake of the client: it is a placeholder";
        return Err(Problem::about("orderId", Code::InvalidValue, detail).into());
    }
    text.parse().map_err(|why: InvalidId| {
        Problem::about("orderId", Code::InvalidValue, format!("the order id {why}")).into()
    })
}
