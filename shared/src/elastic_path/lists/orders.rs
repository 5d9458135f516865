//! `GET /v2/orders`: a merchant's orders, newest first, as they are now.

use lambda_http::Request;
use tollgate_core::{
    journal::{OrderLister, WantedOrders},
    order::Order,
    payments::Role,
    values::ReadOrder,
};
use tollgate_wire::{self as wire, PageMeta};

use crate::{
    api::{Caller, Failure, Handled, Page, Problem},
    elastic_path::{
        lists::filter::OrderFilter,
        lists::paging::PARAMETERS,
        lists::{Paging, list_deadline},
        request::Parameters,
        request::parameters::SORT,
        response,
    },
    ports::Transactions,
};

/// With such a token Elastic Path lists the orders of one customer, or of one account. A shop that
/// shows them must not get those of all customers instead.
const LISTS_OF_ONE: [(&str, &str); 2] = [
    ("x-moltin-customer-token", "X-Moltin-Customer-Token"),
    ("ep-account-management-authentication-token", "EP-Account-Management-Authentication-Token"),
];

/// The parameter that says how many orders are passed over.
const OFFSET: &str = "page[offset]";

/// Why a list does not begin so far down: lists of payments and of orders are read from where the
/// page before ended.
const OFFSET_NOT_SUPPORTED: &str =
    "is not supported; links.next is the next page, and meta.page.cursor its page[cursor]";

handlers! {
    /// `GET /v2/orders?filter=…&page[limit]=…&page[cursor]=…`
    list_orders(Transactions) => list();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    is_of_all_customers(request)?;
    let OrdersPart { paging, offset } = read(ports, request, &caller)?;
    let wanted = WantedOrders {
        merchant: &caller.merchant.id,
        since: paging.since,
        until: paging.until,
        predicates: &paging.filter.predicates,
        after: paging.after(),
        offset,
        limit: paging.limit,
    };
    let (index, store) = (ports.index.as_ref(), ports.orders.as_ref());
    let lister = OrderLister { index, store, deadline: list_deadline(request, paging.now) };
    let found = lister.find(&wanted).await?;
    let found = found.ok_or_else(|| Problem::invalid(OFFSET, OFFSET_NOT_SUPPORTED))?;
    let next = paging.next(found.next.clone());
    let mut page = wire::OrderPagePlace {
        page: PageMeta { limit: paging.limit, cursor: next.cursor.clone() },
        current: None,
        offset: (offset > 0).then_some(offset),
        total: None,
    };
    let mut results = wire::OrderResults { total: None };
    // How many orders there are only a list that fits on one page can say: they are never counted
    // otherwise.
    let has_all = offset == 0 && paging.after().is_none() && next.link.is_none();
    if has_all && found.unreadable.is_empty() {
        results.total = Some(found.rows.len());
        (page.current, page.offset, page.total) = (Some(1), Some(0), Some(1));
    }
    let bad = found.unreadable.iter();
    let bad = bad.map(|row| wire::UnreadableOrder {
        id: row.item.key.clone(),
        order_id: row.order.as_ref().map(ToString::to_string),
    });
    let body = wire::OrderPage {
        data: found.rows.iter().map(|order| shown(ports, &caller, order)).collect(),
        links: wire::OrderLinks { next: next.link.clone() },
        meta: wire::OrderPageMeta { page, results, unreadable: bad.collect(), read_bytes: found.read_bytes },
    };
    Ok(next.reply(body.into()))
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

/// The requested part of the list.
struct OrdersPart<'a> {
    paging: Paging<'a, OrderFilter>,
    /// Orders that are passed over first.
    offset: usize,
}

fn read<'a>(
    ports: &'a Transactions,
    request: &'a Request,
    caller: &'a Caller,
) -> Result<OrdersPart<'a>, Failure> {
    let mut parameters = Parameters::tolerating(request, &PARAMETERS, &[SORT, OFFSET]);
    let number = |text: &str| text.parse::<u32>().ok().and_then(|offset| usize::try_from(offset).ok());
    let offset = parameters.read(OFFSET, number, "must be a number of orders").unwrap_or_default();
    let paging: Paging<'_, OrderFilter> = Paging::read("orders\n", &mut parameters, &ports.access, caller);
    if paging.order == ReadOrder::OldestFirst {
        parameters.invalid(SORT, "is not supported but for -created_at: the newest orders always come first");
    }
    // The cursor says where the page begins.
    if offset > 0 && paging.after().is_some() {
        parameters.invalid(OFFSET, OFFSET_NOT_SUPPORTED);
    }
    parameters.finish()?;
    Ok(OrdersPart { paging, offset })
}

fn shown(ports: &Transactions, caller: &Caller, order: &Order) -> wire::Order {
    response::order(order, Some(&caller.merchant), ports.gateway)
}
