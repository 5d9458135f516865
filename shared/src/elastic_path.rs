//! The Elastic Path / Moltin API: order payments as its published clients send them.
//!
//! Requests become intents, orders become responses, failures become the `errors` envelope. No
//! payment rule lives here.

/// Declares the handlers of routes: each runs what handles its requests, and responds with the result.
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

mod attention;
mod audit;
mod caller;
mod capture_terms;
mod captures;
mod cursor;
mod detailed_status;
mod downloads;
mod entries;
mod error;
mod events;
mod filter;
mod follow_up;
mod gateways;
mod if_match;
mod me;
mod members;
mod order_list;
mod orders;
mod page;
mod paging;
mod parameters;
mod pay;
mod payment_methods;
mod people;
mod proposal;
mod references;
mod reports;
mod response;
mod settlement;
mod source;
mod status;
mod stop;
mod surcharge;
mod token;
mod transactions;
mod webhooks;

pub use attention::list_attention;
pub use audit::{audit_entry_value, list_audit};
pub use captures::{list_captures, pause_captures, resume_captures, sum_captures};
pub use detailed_status::{DetailedStatus, VoidReason};
pub use entries::{list_entries, list_order_entries, shown as entry_value};
pub use error::title;
pub use events::{EventType, deposit_created, events};
pub use follow_up::{cancel, capture, confirm, reauthorize, refund};
pub use gateways::{get_gateway, list_gateways};
pub use me::get_me;
pub use order_list::list_orders;
pub use orders::{
    find_transaction, get_order, get_transaction, list_transactions, not_found, patch_transaction, put_order,
};
pub use pay::{authorize, pay, purchase};
pub use payment_methods::{
    create_payment_method, delete_payment_method, get_payment_method, list_payment_methods,
    update_payment_method,
};
pub use people::{add_person, change_person, list_people, person_change_value, person_value, remove_person};
pub use reports::report_totals;
pub use settlement::{
    account_value, deposit_line_value, deposit_value, exception_value, get_deposit, get_settlement,
    list_deposits, list_exceptions, list_outstanding, note_exception, outstanding_sum_value,
    outstanding_value, resolve_exception, settlement_record_value, whole_deposit_value,
};
pub use status::{payment_status, transaction_status};
pub use stop::{get_stop, put_stop};
pub use surcharge::preview_surcharge;
pub use token::issue_token;
pub use transactions::search_transactions;
pub use webhooks::{list_deliveries, list_webhooks, replay_delivery, test_delivery, test_webhook};

use lambda_http::{Body, Request, Response};
use serde_json::Value;

use crate::{
    api::{
        Code,
        exchange::{Handled, Page},
        failure::Failure,
        problem::Problem,
    },
    invocation::{path_parameter, serve},
};
use tollgate_core::order::{InvalidId, OrderId};

/// Responds to a request.
async fn respond<B: Into<Page>>(
    request: &Request,
    handled: impl Future<Output = Handled<B>>,
) -> Response<Body> {
    serve(request, async { page::response(request, handled.await) }).await
}

/// Responds to a request that no route serves.
pub(crate) async fn refuse(request: &Request, failure: Failure) -> Response<Body> {
    let failure: Handled<Value> = Err(failure);
    respond(request, std::future::ready(failure)).await
}

fn order_id(request: &Request) -> Result<OrderId, Failure> {
    let text = path_parameter(request, "orderId");
    // What a client's bug makes of an id that it does not have, or of a template that it did not fill in.
    if ["undefined", "null", "NaN"].contains(&text.as_str()) || text.starts_with(':') {
        let detail = "the order id looks like a mistake of the client: it is a placeholder";
        return Err(Problem::about("orderId", Code::InvalidValue, detail).into());
    }
    text.parse().map_err(|why: InvalidId| {
        Problem::about("orderId", Code::InvalidValue, format!("the order id {why}")).into()
    })
}
