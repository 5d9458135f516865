//! `GET /v2/attention`: the payments that need a person now, the newest first.

use lambda_http::Request;
use tollgate_core::{
    journal::{AgendaWanted, AttentionCount, Found, UnpaidRow},
    payments::{Merchant, Role},
};
use tollgate_wire as wire;

use crate::{
    api::{Caller, Handled, Page},
    elastic_path::{
        lists::filter::AttentionFilter,
        lists::transactions::{lister, rows},
        lists::{Paging, Rows},
        request::Parameters,
        response::{self, View},
    },
    ports::Transactions,
    spreadsheet::unpaid_cells,
};

handlers! {
    /// `GET /v2/attention?filter=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as CSV.
    list_attention(Transactions) => list();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &["filter", "page[limit]", "page[cursor]"]);
    let paging: Paging<'_, AttentionFilter> =
        Paging::read("attention\n", &mut parameters, &ports.access, &caller);
    parameters.finish()?;
    let (now, after, limit) = (paging.now, paging.after(), paging.limit);
    let wanted = AgendaWanted { merchant: &caller.merchant.id, now, after, limit };
    let (found, count) = lister(ports, request).by_agenda().attention(&wanted, &paging.filter.codes).await?;
    let view = View { principal: caller.principal, now, gateway: ports.gateway };
    let meta = |page| wire::AttentionPageMeta {
        page,
        as_of: now,
        count: count.map(count_value),
        unreadable: found.unreadable.len(),
        read_bytes: found.read_bytes,
    };
    paging.reply(all_rows(&found, view, &caller.merchant), found.next.clone(), |part| part.with(meta)).await
}

/// Transactions, followed by orders that have none.
fn all_rows<'a>(found: &'a Found, view: View<'a>, merchant: &'a Merchant) -> Rows<'a, wire::AttentionRow> {
    let Rows { columns, cells, values } = rows(found, view);
    let unpaid = found.unpaid.iter();
    let of_unpaid: Vec<_> = unpaid.clone().map(|row| unpaid_cells(&columns, row)).collect();
    let values = values.map(wire::AttentionRow::Transaction);
    let shown = unpaid.map(move |row| wire::AttentionRow::Order(Box::new(unpaid_order(row, view, merchant))));
    Rows::new(columns, cells.chain(of_unpaid), values.chain(shown))
}

fn unpaid_order(row: &UnpaidRow, view: View<'_>, merchant: &Merchant) -> wire::Order {
    let UnpaidRow { order, concerned } = row;
    let mut shown = response::order(order, Some(merchant), view.gateway);
    shown.meta.needs_attention = Some(response::single::attention(&[*concerned]));
    shown.meta.listed_at = Some(concerned.since.into());
    shown
}

/// How many orders there are: a number, and as people read it.
pub(in crate::elastic_path) fn count_value(count: AttentionCount) -> wire::AttentionCount {
    wire::AttentionCount { orders: count.orders, more: count.more, formatted: count.to_string() }
}
