//! `GET /v2/transactions`: a merchant's transactions, found in the journal and shown as they are now.

use jiff::{SignedDuration, Timestamp};
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{BadRow, Concerned, Found, Lister, LookedUp, Predicate, Row, Wanted},
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
        lists::cursor::Cursor,
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
    let cursor = paging.cursor.as_ref();
    let (since, until) =
        cursor.map_or_else(|| paging.filter.moments(view.now), |cursor| (cursor.since, cursor.until));
    let (merchant, now) = (&caller.merchant.id, view.now);
    let predicates = paging.filter.conditions.as_slice();
    let found = looked_up(ports, &caller.merchant, predicates).await?;
    let after = cursor.map(|cursor| cursor.after.as_str());
    let (order, limit) = (paging.order, paging.limit);
    let wanted = Wanted {
        merchant,
        now,
        since,
        until,
        predicates,
        looked_up: found.as_ref().and_then(Option::as_ref),
        order,
        after,
        limit,
    };
    let found = match &found {
        Some(_) => lister.find(&wanted).await.map_err(Refusal::Store)?,
        None => Found::default(),
    };
    let cursor = found.next.clone().map(|after| Cursor { since, until, after });
    let cursor = cursor.map(|cursor| paging.sealed(&cursor, &caller, view.now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let page = if wants_csv(request) {
        let rows = found.rows.iter().filter_map(|row| cells(row, view.now, transaction_status));
        csv(&COLUMNS, rows.chain(found.unreadable.iter().map(bad_cells)))?
    } else {
        json(&wanted, &found, view, cursor.as_deref(), next.as_deref())
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

/// Where the transaction or the text is that a list names, if it names one; none if there is no such transaction.
async fn looked_up(
    ports: &Transactions,
    merchant: &Merchant,
    predicates: &[Predicate],
) -> Result<Option<Option<LookedUp>>, Failure> {
    let own = predicates.iter().find_map(|predicate| match predicate {
        Predicate::Transaction(id) => Some(*id),
        _ => None,
    });
    if let Some(id) = own {
        let found = order_of_payment(ports.index.as_ref(), ports.orders.as_ref(), &merchant.id, id).await;
        return Ok(found.map_err(Refusal::Store)?.map(|order| Some(LookedUp::Order(order.id))));
    }
    let term = predicates.iter().find_map(text_of);
    Ok(Some(term.map(|term| LookedUp::Text(search_key(merchant, term)))))
}

fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Paging<Filter>, Failure> {
    let mut parameters = Parameters::of(request, &SORTED);
    let paging: Paging<Filter> = Paging::read("", request, &mut parameters, caller, now);
    parameters.found_by(&caller.merchant, paging.filter.conditions.iter().filter_map(text_of));
    parameters.finish()?;
    Ok(paging)
}

fn text_of(condition: &Predicate) -> Option<&SearchTerm> {
    if let Predicate::Text(term) = condition { Some(term) } else { None }
}

impl Filter {
    /// What a list reads: as far as an index goes back, or else some weeks.
    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Nothing is listed before there was a clock: no page has to look there.
        let until = self.range.ends(now);
        let has_index = self.conditions.iter().any(Predicate::has_index);
        let within = until.min(now).checked_sub(WITHIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = self.range.since.unwrap_or(if has_index { Timestamp::UNIX_EPOCH } else { within });
        (since.max(Timestamp::UNIX_EPOCH), until)
    }
}

fn json(
    wanted: &Wanted<'_>,
    found: &Found,
    view: View<'_>,
    cursor: Option<&str>,
    next: Option<&str>,
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
