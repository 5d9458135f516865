//! `GET /v2/attention`: the payments that need a person now, the newest first.

use lambda_http::Request;
use tollgate_core::{
    journal::{AgendaWanted, AttentionCount},
    payments::Role,
};
use tollgate_wire as wire;

use crate::{
    api::{Caller, Handled, Page},
    elastic_path::{
        lists::Paging,
        lists::filter::AttentionFilter,
        lists::transactions::{lister, rows},
        request::Parameters,
        response::View,
    },
    ports::Transactions,
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
    paging.reply(rows(&found, view), found.next.clone(), |part| part.with(meta)).await
}

/// How many orders there are: a number, and as people read it.
pub(in crate::elastic_path) fn count_value(count: AttentionCount) -> wire::AttentionCount {
    wire::AttentionCount { orders: count.orders, more: count.more, formatted: count.to_string() }
}
