//! `GET /v2/transactions`: a merchant's transactions, found in the journal and shown as they are now.

use jiff::{SignedDuration, Timestamp};
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{BadRow, Concerned, Condition, Found, Lister, Row, Wanted},
    payments::{Merchant, Refusal, Role, order_of_payment},
    values::SearchTerm,
};

use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
    },
    elastic_path::{
        lists::cursor::Place,
        lists::downloads::on_record,
        lists::filter::Filter,
        lists::paging::{Paging, SORTED, list_deadline},
        request::parameters::Parameters,
        response::page::{csv, wants_csv},
        response::status::transaction_status,
        response::{self, View, seconds},
    },
    ports::Transactions,
    search_keys::search_key,
    spreadsheet::payments::{COLUMNS, UNREADABLE, bad_cells, cells},
};

/// How far back is looked where the filter does not say: longer than an authorization holds.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

handlers! {
    /// `GET /v2/transactions?filter=…&sort=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as CSV.
    search_transactions(Transactions) => search();
}

async fn search(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let view = View { principal: caller.principal, now: ports.access.now(), gateway: ports.gateway };
    let paging = read(request, &caller, view.now)?;
    let lister = lister(ports, request);
    let place = paging.place.as_ref();
    let (since, until) =
        place.map_or_else(|| paging.filter.moments(view.now), |place| (place.since, place.until));
    let (merchant, now) = (&caller.merchant.id, view.now);
    let conditions = with_places(ports, &caller.merchant, &paging.filter.conditions).await?;
    let (conditions, limit) = (conditions.as_deref(), paging.limit);
    let after = place.map(|place| place.after.as_str());
    let order = paging.order;
    let wanted = Wanted {
        merchant,
        now,
        since,
        until,
        conditions: conditions.unwrap_or_default(),
        order,
        after,
        limit,
    };
    let found = match conditions {
        Some(_) => lister.find(&wanted).await.map_err(Refusal::Store)?,
        None => Found::default(),
    };
    let place = found.next.clone().map(|after| Place { since, until, after });
    let cursor = place.map(|place| paging.cursor(&place, &caller, view.now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let page = if wants_csv(request) {
        let rows = found.rows.iter().filter_map(|row| cells(row, view.now, transaction_status));
        csv(&COLUMNS, rows.chain(found.unreadable.iter().map(bad_cells)))?
    } else {
        json(&wanted, &found, view, (cursor.as_deref(), next.as_deref()))
    };
    let page = on_record(&ports.access, &caller, request, page).await?;
    Ok(Reply::new(200, page.followed_by(next.as_deref())))
}

/// Lists by the time that a request has.
pub(in crate::elastic_path) fn lister<'a>(ports: &'a Transactions, request: &Request) -> Lister<'a> {
    Lister {
        log: ports.log.as_ref(),
        store: ports.orders.as_ref(),
        agenda: ports.agenda.as_ref(),
        deadline: list_deadline(request, ports.access.now()),
    }
}

/// The conditions, with the order of the transaction that they name and the keys of the texts; none if there is no such
/// transaction.
async fn with_places(
    ports: &Transactions,
    merchant: &Merchant,
    conditions: &[Condition],
) -> Result<Option<Vec<Condition>>, Failure> {
    let mut all = conditions.to_vec();
    let terms = conditions.iter().filter_map(text_of);
    all.extend(terms.map(|term| Condition::PointedBy(search_key(merchant, term))));
    let own = conditions.iter().find_map(|condition| match condition {
        Condition::Transaction(id) => Some(*id),
        _ => None,
    });
    if let Some(id) = own {
        let found = order_of_payment(ports.index.as_ref(), ports.orders.as_ref(), &merchant.id, id).await;
        let Some(order) = found.map_err(Refusal::Store)? else { return Ok(None) };
        // In the first place: another order's condition holds of none of its transactions.
        all.insert(0, Condition::Order(order.id));
    }
    Ok(Some(all))
}

fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Paging<Filter>, Failure> {
    let mut parameters = Parameters::of(request, &SORTED);
    let paging: Paging<Filter> = Paging::read("", (request, &mut parameters), caller, now);
    parameters.found_by(&caller.merchant, paging.filter.conditions.iter().filter_map(text_of));
    parameters.finish()?;
    Ok(paging)
}

fn text_of(condition: &Condition) -> Option<&SearchTerm> {
    if let Condition::Text(term) = condition { Some(term) } else { None }
}

impl Filter {
    /// What a list reads: as far as an index goes back, or else some weeks.
    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Nothing is listed before there was a clock: no page has to look there.
        let until = self.range.ends(now);
        let has_index = self.conditions.iter().any(Condition::has_index);
        let within = until.min(now).checked_sub(WITHIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = self.range.since.unwrap_or(if has_index { Timestamp::UNIX_EPOCH } else { within });
        (since.max(Timestamp::UNIX_EPOCH), until)
    }
}

fn json(
    wanted: &Wanted<'_>,
    found: &Found,
    view: View<'_>,
    (cursor, next): (Option<&str>, Option<&str>),
) -> Page {
    let rows = found.rows.iter().filter_map(|row| shown(row, view));
    let rows = rows.chain(found.unreadable.iter().map(shown_bad));
    Page::from(json!({
        "data": rows.collect::<Vec<_>>(),
        "links": {"next": next},
        "meta": {
            "page": {"limit": wanted.limit, "cursor": cursor},
            "since": wanted.since,
            "until": wanted.until,
            "journal": {"newest_entry_at": found.newest},
            "unreadable": found.unreadable.len(),
            "read_bytes": found.read_bytes,
        },
    }))
}

/// The transaction as its order's route shows it, and what a list knows besides.
pub(in crate::elastic_path) fn shown(row: &Row, view: View<'_>) -> Option<Value> {
    let mut value = response::transaction(&row.order, row.order.transaction(row.transaction)?, view);
    let needs = row.concerned(view.now);
    let needs = needs.iter().map(|Concerned { concern, since, .. }| {
        json!({"code": concern.as_str(), "since": seconds(*since), "advice": concern.advice()})
    });
    value["meta"]["needs_attention"] = needs.collect();
    value["meta"]["listed_at"] = listed_at(row.at).into();
    Some(value)
}

/// What cannot be read, by the key of its item.
pub(in crate::elastic_path) fn shown_bad(row: &BadRow) -> Value {
    let order = row.order.as_ref().map(|order| json!({"data": {"type": "order", "id": order}}));
    json!({
        "type": UNREADABLE,
        "id": row.item.key,
        "relationships": {"order": order},
        "meta": {"listed_at": row.at.map(listed_at), "transaction_id": row.transaction},
    })
}

fn listed_at(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
