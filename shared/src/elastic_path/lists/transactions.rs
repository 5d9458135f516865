//! `GET /v2/transactions`: a merchant's transactions, found in the journal and shown as they are
//! now.

use lambda_http::Request;
use tollgate_core::{
    journal::{BadRow, Found, Lister, LookedUp, Predicate, Row, Wanted},
    payments::{Merchant, Role, order_of_payment},
    values::SearchTerm,
};
use tollgate_wire::{self as wire, Readable, constant};

use crate::{
    api::{Caller, Failure, Handled, Page},
    elastic_path::{
        lists::filter::Filter,
        lists::paging::SORTED,
        lists::{Paging, Rows, list_deadline},
        request::Parameters,
        response::status::transaction_status,
        response::{self, View},
    },
    ports::Transactions,
    search_keys::search_key,
    spreadsheet::{FileRow as _, bad_cells, payments::PaymentRow},
};

handlers! {
    /// `GET /v2/transactions?filter=…&sort=…&page[limit]=…&page[cursor]=…`: a page as JSON, or as
    /// CSV.
    search_transactions(Transactions) => search();
}

async fn search(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &SORTED);
    let paging: Paging<'_, Filter> = Paging::read("", &mut parameters, &ports.access, &caller);
    parameters.found_by(&caller.merchant, paging.filter.predicates.iter().filter_map(text_of));
    parameters.finish()?;
    let (now, since, until) = (paging.now, paging.since, paging.until);
    let predicates = paging.filter.predicates.as_slice();
    let found = match looked_up(ports, &caller.merchant, predicates).await? {
        Some(looked_up) => {
            let wanted = Wanted {
                merchant: &caller.merchant.id,
                now,
                since,
                until,
                predicates,
                looked_up: looked_up.as_ref(),
                order: paging.order,
                after: paging.after(),
                limit: paging.limit,
            };
            lister(ports, request).find(&wanted).await?
        }
        None => Found::default(),
    };
    let view = View { principal: caller.principal, now, gateway: ports.gateway };
    let meta = |page| wire::TransactionPageMeta {
        page,
        since,
        until,
        journal: wire::JournalState { newest_entry_at: found.newest },
        unreadable: found.unreadable.len(),
        read_bytes: found.read_bytes,
    };
    paging.reply(rows(&found, view), found.next.clone(), |part| part.with(meta)).await
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

/// The place of the transaction or text that a filter names, if it names one; `None` if there is no
/// such transaction.
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
        return Ok(found?.map(|order| Some(LookedUp::Order(order.id))));
    }
    let term = predicates.iter().find_map(text_of);
    Ok(Some(term.map(|term| LookedUp::Text(search_key(merchant, term)))))
}

fn text_of(predicate: &Predicate) -> Option<&SearchTerm> {
    if let Predicate::Text(term) = predicate { Some(term) } else { None }
}

/// Transactions, followed by items that cannot be read.
pub(in crate::elastic_path) fn rows<'a>(found: &'a Found, view: View<'a>) -> Rows<'a, wire::TransactionRow> {
    let Found { rows, unreadable, .. } = found;
    let file = rows.iter().filter_map(move |row| PaymentRow::new(row, view.now, transaction_status));
    let shown = rows.iter().filter_map(move |row| shown(row, view)).map(Readable::Read);
    let bad = unreadable.iter().map(|row| bad_cells(&PaymentRow::names(), row));
    let file = file.map(|row| row.cells()).chain(bad);
    let bad = unreadable.iter().map(|row| Readable::Unreadable(shown_bad(row)));
    Rows::new(PaymentRow::names(), file, shown.chain(bad))
}

/// The transaction as its order's route shows it, with the list's own facts.
pub(in crate::elastic_path) fn shown(row: &Row, view: View<'_>) -> Option<wire::Transaction> {
    let mut shown = response::transaction(&row.order, row.order.transaction(row.transaction)?, view);
    if let Some(own) = &mut shown.meta.for_merchant {
        own.needs_attention = Some(response::single::attention(&row.concerned(view.now)));
        own.listed_at = Some(row.at.into());
    }
    Some(shown)
}

/// An unreadable transaction, by the key of its item.
pub(in crate::elastic_path) fn shown_bad(row: &BadRow) -> wire::UnreadableRow {
    wire::UnreadableRow {
        kind: constant::UnreadableType,
        id: row.item.key.clone(),
        relationships: wire::UnreadableRelationships {
            order: row.order.as_ref().map(|order| wire::Related::new(order.to_string())),
        },
        meta: wire::UnreadableRowMeta { listed_at: row.at.map(Into::into), transaction_id: row.transaction },
    }
}
