//! `GET /v2/orders`: a merchant's orders, newest first, as they are now.

use jiff::Timestamp;
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Found, OrderLister, WantedOrders},
    order::Order,
    payments::{Refusal, Role},
    values::ReadOrder,
};

use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
        problem::Problem,
    },
    elastic_path::{
        lists::cursor::Cursor,
        lists::filter::OrderFilter,
        lists::paging::{PARAMETERS, Paging, list_deadline},
        request::parameters::{Parameters, SORT},
        response,
    },
    ports::Transactions,
};

/// With such a token Elastic Path lists the orders of one customer, or of one account. A shop that shows them must not get
/// those of all customers instead.
const LISTS_OF_ONE: [(&str, &str); 2] = [
    ("x-moltin-customer-token", "X-Moltin-Customer-Token"),
    ("ep-account-management-authentication-token", "EP-Account-Management-Authentication-Token"),
];

handlers! {
    /// `GET /v2/orders?filter=…&page[limit]=…&page[cursor]=…`
    list_orders(Transactions) => list();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    is_of_all_customers(request)?;
    let now = ports.access.now();
    let paging = read(request, &caller, now)?;
    let (range, cursor) = (paging.filter.range, paging.cursor.as_ref());
    let since = range.since.unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH);
    let (since, until) = cursor.map_or((since, range.ends(now)), |cursor| (cursor.since, cursor.until));
    let (predicates, limit) = (paging.filter.conditions.as_slice(), paging.limit);
    let after = cursor.map(|cursor| cursor.after.as_str());
    let wanted = WantedOrders { merchant: &caller.merchant.id, since, until, predicates, after, limit };
    let (index, store) = (ports.index.as_ref(), ports.orders.as_ref());
    let lister = OrderLister { index, store, deadline: list_deadline(request, now) };
    let found = lister.find(&wanted).await.map_err(Refusal::Store)?;
    let cursor = found.next.clone().map(|after| Cursor { since, until, after });
    let cursor = cursor.map(|cursor| paging.sealed(&cursor, &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    // What cannot be read, by the key of its item, and the order's id if that is known.
    let bad = found.unreadable.iter().map(|row| json!({"id": row.item.key, "order_id": row.order}));
    let mut body = json!({
        "data": found.rows.iter().map(|order| shown(ports, &caller, order)).collect::<Vec<_>>(),
        "links": {},
        "meta": {
            "page": {"limit": limit, "cursor": cursor},
            "results": {},
            "unreadable": bad.collect::<Vec<_>>(),
            "read_bytes": found.read_bytes,
        },
    });
    if let Some(next) = &next {
        body["links"]["next"] = next.as_str().into();
    }
    if paging.cursor.is_none() && next.is_none() {
        count(&mut body["meta"], &found);
    }
    Ok(Reply::new(200, Page::from(body).followed_by(next.as_deref())))
}

fn is_of_all_customers(request: &Request) -> Result<(), Failure> {
    let has_any = |name: &str| request.headers().get(name).is_some_and(|value| !value.is_empty());
    match LISTS_OF_ONE.iter().find(|(header, _)| has_any(header)) {
        Some((_, name)) => {
            let why = "is not supported: no customer and no account is kept of an order; leave it out for all orders";
            Err(Problem::invalid(name, why).into())
        }
        None => Ok(()),
    }
}

fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Paging<OrderFilter>, Failure> {
    let mut parameters = Parameters::tolerating(request, &PARAMETERS, &[SORT, "page[offset]"]);
    parameters.read(
        "page[offset]",
        |offset| (offset == "0").then_some(()),
        "is not supported; links.next is the next page, and meta.page.cursor its page[cursor]",
    );
    let paging: Paging<OrderFilter> = Paging::read("orders\n", request, &mut parameters, caller, now);
    if paging.order == ReadOrder::OldestFirst {
        parameters.invalid(SORT, "is not supported but for -created_at: the newest orders always come first");
    }
    parameters.finish()?;
    Ok(paging)
}

fn shown(ports: &Transactions, caller: &Caller, order: &Order) -> Value {
    response::order(order, Some(&caller.merchant), ports.gateway)
}

/// How many orders there are, which only a list that fits on one page can say: they are never counted otherwise.
fn count(meta: &mut Value, found: &Found<Order>) {
    if found.unreadable.is_empty() {
        meta["results"]["total"] = found.rows.len().into();
        for (name, number) in [("current", 1), ("offset", 0), ("total", 1)] {
            meta["page"][name] = number.into();
        }
    }
}
