//! `GET /v2/entries` and `GET /v2/orders/{orderId}/entries`: every movement of a merchant's money as a row.

use jiff::{SignedDuration, Timestamp};
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{BadRow, Entry, EntryLister, EntryPredicate, Found, LookedUp, WantedEntries, entries_of},
    order::Rejection,
    payments::{Refusal, Role},
    values::{Brand, DeclineCode, Zone},
};

use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
    },
    elastic_path::{
        lists::cursor::Cursor,
        lists::downloads::on_record,
        lists::filter::EntryFilter,
        lists::paging::{Paging, SORTED, list_deadline},
        lists::transactions::shown_bad,
        order_id,
        request::parameters::Parameters,
        response::page::{csv, wants_csv},
    },
    ports::Transactions,
    search_keys::search_key,
    spreadsheet::entries::{COLUMNS, Who, bad_cells, cells},
};

/// How far back is looked where the filter does not say.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

handlers! {
    /// `GET /v2/entries?filter=…&sort=…&time_zone=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as CSV.
    list_entries(Transactions) => list();
    /// `GET /v2/orders/{orderId}/entries?sort=…&time_zone=…`: all movements of an order, as JSON or as CSV.
    list_order_entries(Transactions) => list_of_order();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let mut parameters = Parameters::of(request, &SORTED);
    let paging: Paging<EntryFilter> = Paging::read("entries\n", request, &mut parameters, &caller, now);
    let terms = || paging.filter.conditions.iter().filter_map(EntryPredicate::text);
    parameters.found_by(&caller.merchant, terms());
    parameters.finish()?;
    let key = terms().next().map(|term| LookedUp::Text(search_key(&caller.merchant, term)));
    let cursor = paging.cursor.as_ref();
    let (since, until) =
        cursor.map_or_else(|| paging.filter.moments(now), |cursor| (cursor.since, cursor.until));
    let wanted = WantedEntries {
        merchant: &caller.merchant.id,
        since,
        until,
        predicates: &paging.filter.conditions,
        looked_up: key.as_ref(),
        order: paging.order,
        after: cursor.map(|cursor| cursor.after.as_str()),
        limit: paging.limit,
    };
    let lister = EntryLister {
        log: ports.log.as_ref(),
        store: ports.orders.as_ref(),
        index: ports.index.as_ref(),
        deadline: list_deadline(request, now),
    };
    let found = lister.find(&wanted).await.map_err(Refusal::Store)?;
    let cursor = found.next.clone().map(|after| Cursor { since, until, after });
    let cursor = cursor.map(|cursor| paging.sealed(&cursor, &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let page = if wants_csv(request) {
        as_csv(&found, &paging.zone)?
    } else {
        Page::from(json!({
            "data": rows(&found, &paging.zone),
            "links": {"next": next},
            "meta": {
                "page": {"limit": paging.limit, "cursor": cursor},
                "since": since,
                "until": until,
                "time_zone": paging.zone.name(),
                "unreadable": found.unreadable.len(),
                "read_bytes": found.read_bytes,
            },
        }))
    };
    let page = on_record(&ports.access, &caller, request, page).await?;
    Ok(Reply::new(200, page.followed_by(next.as_deref())))
}

async fn list_of_order(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &["sort", "time_zone"]);
    let (zone, order) = (parameters.time_zone(), parameters.order());
    parameters.finish()?;
    let key = caller.key(order_id(request)?);
    // One that cannot be read is an error: it has no other rows that would be missing.
    let loaded = ports.orders.load(&key).await.map_err(Refusal::Store)?;
    let loaded = loaded.ok_or(Rejection::OrderNotFound)?;
    let found = Found { rows: entries_of(&loaded, order), ..Found::default() };
    let page = if wants_csv(request) {
        as_csv(&found, &zone)?
    } else {
        Page::from(json!({"data": rows(&found, &zone), "meta": {"time_zone": zone.name()}}))
    };
    let page = on_record(&ports.access, &caller, request, page).await?;
    Ok(Reply::new(200, page))
}

impl EntryFilter {
    /// What a list reads: as far as an index goes back, or else some weeks.
    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let until = self.range.ends(now);
        let within = until.min(now).checked_sub(WITHIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let is_short = self.conditions.iter().any(EntryPredicate::is_selective);
        let since = self.range.since.unwrap_or(if is_short { Timestamp::UNIX_EPOCH } else { within });
        (since.max(Timestamp::UNIX_EPOCH), until)
    }
}

fn as_csv(found: &Found<Entry>, zone: &Zone) -> Result<Page, Failure> {
    let good = found.rows.iter().map(|entry| cells(entry, zone));
    csv(&COLUMNS, good.chain(found.unreadable.iter().map(bad_cells)))
}

fn rows(found: &Found<Entry>, zone: &Zone) -> Vec<Value> {
    let good = found.rows.iter().map(|entry| shown(entry, zone));
    good.chain(found.unreadable.iter().map(|row: &BadRow| shown_bad(row))).collect()
}

/// A movement, with what is not known as null.
pub fn shown(entry: &Entry, zone: &Zone) -> Value {
    let who = Who::of(entry);
    let changes = entry.changes;
    json!({
        "type": "entry",
        "id": entry.id,
        "created_at": entry.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
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
