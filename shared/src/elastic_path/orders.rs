//! Orders and transactions: register, read, list.

use std::time::Duration;

use jiff::Timestamp;
use lambda_http::{Body, Request, Response};
use tokio::time::timeout;
use tollgate_core::{
    journal::receipt,
    order::{Asker, BatchState, NotPossible, Order, Principal, Rejection, Transaction},
    payments::{Role, Sender, order_of_payment, trail},
};
use tollgate_wire::{self as wire, ErrorFacts, Payee, Several, Single};
use uuid::Uuid;

use crate::{
    api::{Caller, Code, Failure, Handled, Members, Node, Problem, Reply, json_body},
    elastic_path::{
        order_id,
        payments::follow_up::{transaction_id, who_and_why},
        refuse,
        request::{Parameters, capture_terms, seen_version},
        response,
    },
    invocation::deadline,
    ports::{Api, Orders, stop},
};

/// How long the records of settlement are waited for.
const SETTLEMENT_LIMIT: Duration = Duration::from_secs(3);

handlers! {
    /// `PUT /v2/orders/{orderId}`: states the total to pay. 201 when the order is new, 200 after.
    put_order(Api) => register();
    /// `GET /v2/orders/{orderId}`: the order with its sums.
    get_order(Api) => read();
    /// `GET /v2/orders/{orderId}/transactions`: all transactions of the order that the caller may
    /// read.
    list_transactions(Api) => list();
    /// `GET /v2/orders/{orderId}/transactions/{transactionId}`: one transaction; if long in doubt,
    /// after an inquiry.
    get_transaction(Orders) => read_transaction();
    /// `GET /v2/orders/{orderId}/transactions/{transactionId}/receipt`: the same payment as a
    /// receipt shows it.
    get_receipt(Api) => read_receipt();
    /// `GET /v2/transactions/{transactionId}`: the same, without its order's id.
    find_transaction(Orders) => find();
    /// `PATCH /v2/orders/{orderId}/transactions/{transactionId}`: moves a scheduled capture,
    /// changes its amount, or cancels it.
    patch_transaction(Api) => patch();
}

/// Every other route and method: 404.
pub async fn not_found(request: &Request) -> Response<Body> {
    let detail = "there is no such route, or not with this method; docs/openapi.yaml lists the routes";
    refuse(request, Failure::new(Code::NotFound, detail)).await
}

async fn register(api: &Api, request: &Request) -> Handled<Single<wire::Order>> {
    let caller = Caller::merchant(&api.access, request, Role::Pay).await?;
    // The total to pay is as good as money, and a shop's system knows it.
    caller.must_be_a_system()?;
    let order = order_id(request)?;
    let document = json_body(request)?;
    let mut data = Members::of(&document).inside("data")?;
    stays_as_it_is(&data)?;
    data.word("type", 20, &[("order", ())], "must be order");
    // The amount itself reports a null.
    for (name, missing) in [("amount", data.lacks("amount")), ("currency", data.is_null("currency"))] {
        if missing {
            data.problem(name, Code::Required, "is required");
        }
    }
    let (amount, currency) = (data.amount("amount"), data.currency("currency"));
    let capture = capture_terms::capture_at(&mut data, &caller);
    if !data.lacks(capture_terms::AMOUNT) {
        data.invalid(capture_terms::AMOUNT, "is for authorize: an order has no amount to capture");
    }
    data.finish()?;
    let (Some(amount), Some(currency)) = (amount, currency) else {
        return Err(Problem::required("data").into());
    };
    let key = caller.key(order);
    let (order, new) =
        api.payments.register(&caller.merchant, &key, currency, amount, capture.as_ref()).await?;
    let status = if new { 201 } else { 200 };
    Ok(Reply::new(status, Single { data: shown_order(api, &caller, &order) }))
}

/// An update that cancels or fulfils an order would be taken for done if it were ignored.
fn stays_as_it_is(data: &Members<'_>) -> Result<(), Failure> {
    let says =
        |name, word| matches!(data.node(name), Some(Node::Text(text)) if text.eq_ignore_ascii_case(word));
    let (member, detail) = if says("status", "cancelled") || says("status", "canceled") {
        ("data.status", "an order is not cancelled here; cancel or refund its transactions instead")
    } else if says("shipping", "fulfilled") {
        ("data.shipping", "an order is not fulfilled here: what is shipped is not kept")
    } else {
        return Ok(());
    };
    Err(Problem::about(member, Code::UnsupportedOrderStatus, detail).into())
}

async fn read(api: &Api, request: &Request) -> Handled<Single<wire::Order>> {
    let caller = Caller::merchant(&api.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let order = api.payments.order(&caller.key(order_id(request)?)).await?;
    Ok(Reply::new(200, Single { data: shown_order(api, &caller, &order) }))
}

/// An order as the merchant sees it.
pub(super) fn shown_order(api: &Api, caller: &Caller, order: &Order) -> wire::Order {
    response::order(order, Some(&caller.merchant), api.payments.gateway.info())
}

async fn list(api: &Api, request: &Request) -> Handled<Several<wire::Transaction>> {
    let caller = Caller::merchant(&api.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let order = api.payments.order(&caller.key(order_id(request)?)).await?;
    let view = caller.view(api);
    let all: Vec<_> = order.transactions.iter().map(|t| response::transaction(&order, t, view)).collect();
    Ok(Reply::new(200, Several { data: all }))
}

/// One of an order's transactions, as the caller may see it.
fn shown_transaction(
    api: &Api,
    caller: &Caller,
    order: &Order,
    id: Uuid,
) -> Handled<Single<wire::Transaction>> {
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let shown = response::transaction(order, transaction, caller.view(api));
    Ok(Reply::new(200, Single { data: shown }))
}

async fn patch(api: &Api, request: &Request) -> Handled<Single<wire::Transaction>> {
    let caller = Caller::merchant(&api.access, request, Role::Operate).await?;
    let key = caller.key(order_id(request)?);
    let (id, seen) = (transaction_id(request)?, seen_version(request, &caller)?);
    let document = json_body(request)?;
    let mut data = Members::of(&document).inside("data")?;
    // A misspelled name would leave a capture scheduled that its sender takes for canceled.
    let own = ["capture_at", "capture", "capture_amount", "actor", "reason", "type", "id"];
    data.only(&own);
    data.nothing_elsewhere(request, &own);
    if capture_terms::MEMBERS.iter().all(|name| data.lacks(name)) {
        data.problem("capture_at", Code::Required, "is required: a time, or null to cancel the capture");
    }
    let terms = capture_terms::capture_terms(&mut data, &caller);
    let (actor, reason) = who_and_why(&mut data);
    data.finish()?;
    let by = caller.attribution(actor.as_ref(), reason.as_ref());
    let sender = Sender { by: by.as_deref(), seen_version: seen };
    let order = api.payments.schedule_capture(&caller.merchant, &key, id, &terms, sender).await?;
    shown_transaction(api, &caller, &order, id)
}

async fn read_transaction(orders: &Orders, request: &Request) -> Handled<Single<wire::Transaction>> {
    let caller = Caller::with_token(&orders.api.access, request).await?;
    let order = order_to_read(&orders.api, request, &caller).await?;
    shown_once_settled(orders, request, &caller, order, transaction_id(request)?).await
}

async fn read_receipt(api: &Api, request: &Request) -> Handled<Single<wire::Receipt>> {
    let caller = Caller::with_token(&api.access, request).await?;
    let order = order_to_read(api, request, &caller).await?;
    let transaction = caller.readable(request, &order, transaction_id(request)?)?;
    match receipt(&caller.merchant, &order, transaction, api.access.now()) {
        Ok(receipt) => Ok(Reply::new(200, Single { data: response::single::receipt_value(&receipt) })),
        Err(none) => {
            let facts = ErrorFacts { why: Some(none.into()), ..ErrorFacts::default() };
            Err(Failure::new(Code::NoReceipt, none.sentence()).with(facts))
        }
    }
}

/// The order in the path, for a request without parameters.
async fn order_to_read(api: &Api, request: &Request, caller: &Caller) -> Result<Order, Failure> {
    caller.must_have(Role::Read)?;
    Parameters::none(request)?;
    Ok(api.payments.order(&caller.key(order_id(request)?)).await?)
}

async fn find(orders: &Orders, request: &Request) -> Handled<Single<wire::Transaction>> {
    let api = &orders.api;
    let caller = Caller::with_token(&api.access, request).await?;
    caller.must_have(Role::Read)?;
    Parameters::none(request)?;
    let id = transaction_id(request)?;
    let (index, store) = (orders.index.as_ref(), api.payments.store.as_ref());
    let found = order_of_payment(index, store, &caller.merchant.id, id).await?;
    let found = found.filter(|order| order.is_open_to(caller.principal));
    let order = found.ok_or(Rejection::TransactionNotFound)?;
    trail::note(|trail| trail.order = Some(order.id.to_string()));
    let mut reply = shown_once_settled(orders, request, &caller, order, id).await?;
    // Beside the payment's record, the payee serves as evidence.
    if let Some(own) = &mut reply.body.data.meta.for_merchant {
        own.merchant = paid_to(&caller);
    }
    Ok(reply)
}

/// The payee as a receipt names it, if the merchant's document does.
fn paid_to(caller: &Caller) -> Option<Payee> {
    let (name, address) = (&caller.merchant.name, &caller.merchant.address);
    let payee =
        Payee { name: name.clone(), address: Some(address.clone()).filter(|lines| !lines.is_empty()) };
    (payee.name.is_some() || payee.address.is_some()).then_some(payee)
}

/// One of an order's transactions, if the caller may see it; if long in doubt, after an inquiry.
/// For the merchant with the possible actions.
async fn shown_once_settled(
    orders: &Orders,
    request: &Request,
    caller: &Caller,
    order: Order,
    id: Uuid,
) -> Handled<Single<wire::Transaction>> {
    let pending = caller.readable(request, &order, id)?.pending().is_some();
    let (api, now) = (&orders.api, orders.api.access.now());
    let is_merchants = caller.principal == Principal::ClientCredentials;
    // Reading goes on while payments are stopped, and also while the switch cannot be read.
    let may_move = (pending || is_merchants)
        && stop(api.switch.as_ref(), &caller.merchant.id).await.is_ok_and(|stop| !stop.is_on());
    let order = if pending && may_move {
        api.payments.repair(&caller.merchant, order, id, deadline(request, now)).await
    } else {
        order
    };
    let mut reply = shown_transaction(api, caller, &order, id)?;
    if is_merchants && let Some(transaction) = order.transaction(id) {
        let name = caller.person().map(|person| person.name.to_string());
        let asker = Asker {
            barred: barred(caller, may_move),
            refund_max: caller.refund_max(),
            person: name.as_deref(),
            policy: &caller.merchant.policy,
            batch: batch_of(orders, &order, transaction, now).await,
            now,
        };
        response::single::add_to(&mut reply.body.data, &order, transaction, &asker);
    }
    Ok(reply)
}

/// Why a caller may do nothing with a payment, whatever its rules say.
fn barred(caller: &Caller, may_move: bool) -> Option<NotPossible> {
    if !caller.has(Role::Operate) {
        Some(NotPossible::Forbidden)
    } else if may_move {
        None
    } else {
        Some(NotPossible::PaymentsStopped)
    }
}

/// Whether a payment has settled. A table that responds late or not at all must not keep anybody
/// from reading the payment.
async fn batch_of(orders: &Orders, order: &Order, transaction: &Transaction, now: Timestamp) -> BatchState {
    let read = timeout(SETTLEMENT_LIMIT, orders.batches.batch_of(order, transaction.id, now));
    match read.await {
        Ok(Ok(batch)) => batch,
        Ok(Err(error)) => {
            tracing::warn!(%error, "whether the payment has settled cannot be read");
            BatchState::Unknown
        }
        Err(_) => BatchState::Unknown,
    }
}
