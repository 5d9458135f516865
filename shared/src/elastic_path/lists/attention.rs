//! `GET /v2/attention`: what needs a person now, the newest first.

use jiff::Timestamp;
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{AgendaWanted, AttentionCount, Found},
    payments::{Refusal, Role},
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
        lists::filter::AttentionFilter,
        lists::paging::Paging,
        lists::transactions::{lister, shown, shown_bad},
        request::parameters::Parameters,
        response::View,
        response::page::{csv, wants_csv},
        response::status::transaction_status,
    },
    ports::Transactions,
    spreadsheet::payments::{COLUMNS, bad_cells, cells},
};

handlers! {
    /// `GET /v2/attention?filter=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as CSV.
    list_attention(Transactions) => list();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let paging = read(request, &caller, now)?;
    let after = paging.cursor.as_ref().map(|cursor| cursor.after.as_str());
    let wanted = AgendaWanted { merchant: &caller.merchant.id, now, after, limit: paging.limit };
    let (found, count) = lister(ports, request)
        .by_agenda()
        .attention(&wanted, &paging.filter.codes)
        .await
        .map_err(Refusal::Store)?;
    let next = found.next.clone().map(Cursor::of_keys);
    let cursor = next.map(|cursor| paging.sealed(&cursor, &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let page = if wants_csv(request) {
        let rows = found.rows.iter().filter_map(|row| cells(row, now, transaction_status));
        csv(&COLUMNS, rows.chain(found.unreadable.iter().map(bad_cells)))?
    } else {
        let view = View { principal: caller.principal, now, gateway: ports.gateway };
        json(&found, view, &paging, cursor.as_deref(), count)
    };
    let page = on_record(&ports.access, &caller, request, page).await?;
    Ok(Reply::new(200, page.followed_by(next.as_deref())))
}

fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Paging<AttentionFilter>, Failure> {
    let mut parameters = Parameters::of(request, &["filter", "page[limit]", "page[cursor]"]);
    let paging = Paging::read("attention\n", request, &mut parameters, caller, now);
    parameters.finish()?;
    Ok(paging)
}

fn json(
    found: &Found,
    view: View<'_>,
    paging: &Paging<AttentionFilter>,
    cursor: Option<&str>,
    count: Option<AttentionCount>,
) -> Page {
    let rows = found.rows.iter().filter_map(|row| shown(row, view));
    Page::from(json!({
        "data": rows.chain(found.unreadable.iter().map(shown_bad)).collect::<Vec<_>>(),
        "links": {"next": cursor.map(|cursor| paging.link(cursor))},
        "meta": {
            "page": {"limit": paging.limit, "cursor": cursor},
            "as_of": view.now,
            "count": count.map(count_value),
            "unreadable": found.unreadable.len(),
            "read_bytes": found.read_bytes,
        },
    }))
}

/// How many orders there are: a number, and as people read it.
pub(in crate::elastic_path) fn count_value(count: AttentionCount) -> Value {
    json!({"orders": count.orders, "more": count.more, "formatted": count.to_string()})
}
