//! `GET /v2/transactions`: a merchant's transactions, found in the journal and shown as they are now.

use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Request, RequestExt, http::HeaderValue};
use serde_json::{Value, json};
use tollgate_core::{
    journal::{BadRow, Condition, Found, Lister, Row, Wanted},
    payments::{Refusal, Role},
};

use super::{
    cursor::Place,
    filter::Filter,
    page::{csv, wants_csv},
    parameters::Parameters,
    response::{self, View},
    status::transaction_status,
};
use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
    },
    ports::Transactions,
    spreadsheet::payments::{COLUMNS, UNREADABLE, bad_cells, cells},
};

/// Rows of a page unless it is said otherwise, and at most: Elastic Path's.
const ROWS: usize = 25;
const ROWS_MAX: usize = 100;

/// How far back is looked where the filter does not say: longer than an authorization holds.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A list ends a moment from now: clocks differ a little.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// What a request wants listed.
struct Query {
    text: String,
    conditions: Vec<Condition>,
    since: Timestamp,
    until: Timestamp,
    after: Option<String>,
    limit: usize,
    is_csv: bool,
}

handlers! {
    /// `GET /v2/transactions?filter=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as CSV.
    search_transactions(Transactions) => search();
}

async fn search(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let view = View { principal: caller.principal, now: ports.access.now(), gateway: ports.gateway };
    let query = Query::read(request, &caller, view.now)?;
    let lister = Lister { log: ports.log.as_ref(), store: ports.orders.as_ref() };
    let &Query { ref conditions, since, until, ref after, limit, .. } = &query;
    let (merchant, now, after) = (&caller.merchant.id, view.now, after.as_deref());
    let wanted = Wanted { merchant, now, since, until, conditions, after, limit };
    let found = lister.find(&wanted).await.map_err(Refusal::Store)?;
    let place = found.next.clone().map(|after| Place { since, until, after });
    let cursor = place.map(|place| place.sealed(&caller.merchant, &query.text, view.now));
    let next = cursor.as_deref().map(|cursor| query.link(cursor));
    let mut page = if query.is_csv {
        let rows = found.rows.iter().filter_map(|row| cells(row, view.now, transaction_status));
        csv(&COLUMNS, rows.chain(found.unreadable.iter().map(bad_cells)))?
    } else {
        let newest = lister.newest(&caller.merchant.id, view.now).await.map_err(Refusal::Store)?;
        json(&query, &found, view, (cursor.as_deref(), next.as_deref()), newest)
    };
    page.link = next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
    Ok(Reply::new(200, page))
}

impl Query {
    fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Self, Failure> {
        let is_known = |name: &str| {
            name != "sort" && (!name.starts_with("page") || ["page[limit]", "page[cursor]"].contains(&name))
        };
        let mut parameters = Parameters::of(request, is_known, "filter, page[limit] and page[cursor]");
        let text = request.query_string_parameters().all("filter").unwrap_or_default().join(":");
        let filter = Filter::parse(&text).unwrap_or_else(|wrong| {
            parameters.problems.extend(wrong);
            Filter::default()
        });
        let limit = |limit: &str| limit.parse().ok().filter(|limit| (1..=ROWS_MAX).contains(limit));
        let limit = parameters.read("page[limit]", limit, &format!("must be 1 to {ROWS_MAX}"));
        let limit = limit.unwrap_or(ROWS);
        let place = parameters.read(
            "page[cursor]",
            |cursor| Place::opened(&caller.merchant, &text, cursor, now),
            "is not a cursor of this list, or older than a day; begin again without it",
        );
        parameters.finish()?;
        let range = |place: &Place| (place.since, place.until);
        let (since, until) = place.as_ref().map_or_else(|| filter.range(now), range);
        let after = place.map(|place| place.after);
        let is_csv = wants_csv(request);
        Ok(Self { text, conditions: filter.conditions, since, until, after, limit, is_csv })
    }

    /// The same request with a cursor, as a reference relative to it.
    fn link(&self, cursor: &str) -> String {
        let mut query = Serializer::new(String::new());
        if !self.text.is_empty() {
            query.append_pair("filter", &self.text);
        }
        query.append_pair("page[limit]", &self.limit.to_string());
        query.append_pair("page[cursor]", cursor);
        format!("?{}", query.finish())
    }
}

impl Filter {
    /// What a list reads: as far as the index of a card goes back, or else some weeks.
    fn range(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Nothing is listed in the future, and nothing before there was a clock: no page has to look there.
        let until = self.until.unwrap_or(Timestamp::MAX).min(now + SOON);
        let has_index = self.conditions.iter().any(|one| matches!(one, Condition::LastFour(_)));
        let within = until.min(now).checked_sub(WITHIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = self.since.unwrap_or(if has_index { Timestamp::UNIX_EPOCH } else { within });
        (since.max(Timestamp::UNIX_EPOCH), until)
    }
}

fn json(
    query: &Query,
    found: &Found,
    view: View<'_>,
    (cursor, next): (Option<&str>, Option<&str>),
    newest: Option<Timestamp>,
) -> Page {
    let rows = found.rows.iter().filter_map(|row| shown(row, view));
    let rows = rows.chain(found.unreadable.iter().map(shown_bad));
    Page::from(json!({
        "data": rows.collect::<Vec<_>>(),
        "links": {"next": next},
        "meta": {
            "page": {"limit": query.limit, "cursor": cursor},
            "since": query.since,
            "until": query.until,
            "journal": {"newest_entry_at": newest},
            "more_in_doubt": found.more_in_doubt,
            "unreadable": found.unreadable.len(),
            "read_bytes": found.read_bytes,
        },
    }))
}

/// The transaction as its order's route shows it, and what a list knows besides.
fn shown(row: &Row, view: View<'_>) -> Option<Value> {
    let mut value = response::transaction(&row.order, row.order.transaction(row.transaction)?, view);
    let needs = row.concerns(view.now);
    let needs = needs.iter().map(|concern| json!({"code": concern.as_str(), "advice": concern.advice()}));
    value["meta"]["needs_attention"] = needs.collect();
    value["meta"]["listed_at"] = listed_at(row.at).into();
    Some(value)
}

/// What cannot be read, by the key of its item.
fn shown_bad(row: &BadRow) -> Value {
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
