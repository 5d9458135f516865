//! `GET /v2/entries` and `GET /v2/orders/{orderId}/entries`: every movement of a merchant's money
//! as a row.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Entry, EntryLister, EntryPredicate, Found, LookedUp, WantedEntries, entries_of},
    order::Rejection,
    payments::Role,
    values::{Brand, DeclineCode, Zone},
};

use crate::{
    api::{Caller, Handled, Page, Reply},
    elastic_path::{
        lists::downloads::as_wanted,
        lists::filter::EntryFilter,
        lists::paging::SORTED,
        lists::transactions::shown_bad,
        lists::{Paging, Rows, list_deadline},
        order_id,
        request::Parameters,
        response::milliseconds,
    },
    ports::Transactions,
    search_keys::search_key,
    spreadsheet::{
        FileRow as _, bad_cells,
        entries::{EntryRow, Who},
    },
};

handlers! {
    /// `GET /v2/entries?filter=…&sort=…&time_zone=…&page[limit]=…&page[cursor]=…`: a page as JSON,
    /// or as CSV.
    list_entries(Transactions) => list();
    /// `GET /v2/orders/{orderId}/entries?sort=…&time_zone=…`: all movements of an order, as JSON or
    /// as CSV.
    list_order_entries(Transactions) => list_of_order();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &SORTED);
    let paging: Paging<'_, EntryFilter> = Paging::read("entries\n", &mut parameters, &ports.access, &caller);
    let terms = || paging.filter.predicates.iter().filter_map(EntryPredicate::text);
    parameters.found_by(&caller.merchant, terms());
    parameters.finish()?;
    let key = terms().next().map(|term| LookedUp::Text(search_key(&caller.merchant, term)));
    let (since, until) = (paging.since, paging.until);
    let wanted = WantedEntries {
        merchant: &caller.merchant.id,
        since,
        until,
        predicates: &paging.filter.predicates,
        looked_up: key.as_ref(),
        order: paging.order,
        after: paging.after(),
        limit: paging.limit,
    };
    let lister = EntryLister {
        log: ports.log.as_ref(),
        store: ports.orders.as_ref(),
        index: ports.index.as_ref(),
        deadline: list_deadline(request, paging.now),
    };
    let found = lister.find(&wanted).await?;
    let meta = |page| {
        json!({
            "page": page,
            "since": since,
            "until": until,
            "time_zone": paging.zone.name(),
            "unreadable": found.unreadable.len(),
            "read_bytes": found.read_bytes,
        })
    };
    paging.reply(rows(&found, &paging.zone), found.next.clone(), |part| part.with(meta)).await
}

async fn list_of_order(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &["sort", "time_zone"]);
    let (zone, order) = (parameters.time_zone(), parameters.order());
    parameters.finish()?;
    let key = caller.key(order_id(request)?);
    // An unreadable order is an error here: there are no other rows to show.
    let loaded = ports.orders.load(&key).await?.ok_or(Rejection::OrderNotFound)?;
    let found = Found { rows: entries_of(&loaded, order), ..Found::default() };
    let body = |rows| json!({"data": Value::Array(rows), "meta": {"time_zone": zone.name()}});
    let page = as_wanted(&ports.access, &caller, request, rows(&found, &zone), body).await?;
    Ok(Reply::new(200, page))
}

fn rows<'a>(found: &'a Found<Entry>, zone: &'a Zone) -> Rows<'a, Value> {
    let Found { rows, unreadable, .. } = found;
    let bad = unreadable.iter().map(|row| bad_cells(&EntryRow::names(), row));
    let file = rows.iter().map(|entry| EntryRow::new(entry, zone).cells()).chain(bad);
    let shown =
        rows.iter().map(|entry| shown(entry, zone)).chain(unreadable.iter().map(|row| json!(shown_bad(row))));
    Rows::new(EntryRow::names(), file, shown)
}

/// A movement, with null for unknown values.
pub fn shown(entry: &Entry, zone: &Zone) -> Value {
    let who = Who::of(entry);
    let changes = entry.changes;
    json!({
        "type": "entry",
        "id": entry.id,
        "created_at": milliseconds(entry.at),
        "local_day": zone.shown(entry.at).date(),
        "operation": entry.kind.as_str(),
        "operation_id": entry.operation,
        "fact": entry.fact.as_str(),
        "currency": entry.currency.code(),
        "amount": entry.amount,
        "fee": entry.fee.map(|fee| json!({"amount": fee.amount, "kind": fee.kind.as_str()})),
        "changes": {
            "held": changes.held,
            "paid": changes.paid,
            "returned": changes.returned,
            "at_gateway": changes.gateway,
            "fees_at_gateway": changes.fees,
            "disputed": changes.disputed,
        },
        "mid": entry.account,
        "retref": entry.reference,
        "authorization_code": entry.authcode,
        "decline_code": entry.decline.map(DeclineCode::as_str),
        "asked_by": entry.by.as_str(),
        "key_name": who.key_name,
        "person": who.person,
        "proposed_by": who.proposed_by,
        "actor": who.actor,
        "reason": who.reason,
        "decided": entry.by_hand.as_ref().map(|by_hand| by_hand.verdict.as_str()),
        "brand": entry.brand.map(Brand::name),
        "last_four": entry.last_four,
        "custom_reference": entry.merchant_reference,
        "cause": entry.cause.as_str(),
        "mechanism": entry.mechanism.as_str(),
        "late": entry.late,
        "settlement_rejected": entry.settlement_rejected,
        "dispute_reason": entry.dispute_reason,
        "relationships": {
            "order": {"data": {"type": "order", "id": entry.order.order}},
            "transaction": {"data": {"type": "transaction", "id": entry.transaction}},
        },
    })
}
