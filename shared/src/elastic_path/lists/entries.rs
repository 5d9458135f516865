//! `GET /v2/entries` and `GET /v2/orders/{orderId}/entries`: every movement of a merchant's money
//! as a row.

use lambda_http::Request;
use tollgate_core::{
    journal::{Entry, EntryLister, EntryPredicate, Found, LookedUp, WantedEntries, entries_of},
    order::Rejection,
    payments::Role,
    values::Zone,
};
use tollgate_wire::{
    self as wire, EntryPageMeta, EntryRelationships, OrderEntries, OrderEntriesMeta, Readable, Related,
    UnreadableRow, constant::EntryType,
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
    let meta = |page| EntryPageMeta {
        page,
        since,
        until,
        time_zone: paging.zone.name().to_owned(),
        unreadable: found.unreadable.len(),
        read_bytes: found.read_bytes,
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
    let entries = entries_of(&loaded, order);
    let body = |data| {
        let meta = OrderEntriesMeta { time_zone: zone.name().to_owned() };
        OrderEntries { data, meta }
    };
    let cells = entries.iter().map(|entry| EntryRow::new(entry, &zone).cells());
    let rows = Rows::new(EntryRow::names(), cells, entries.iter().map(|entry| shown(entry, &zone)));
    let page = as_wanted(&ports.access, &caller, request, rows, body).await?;
    Ok(Reply::new(200, page))
}

fn rows<'a>(found: &'a Found<Entry>, zone: &'a Zone) -> Rows<'a, Readable<wire::Entry, UnreadableRow>> {
    let Found { rows, unreadable, .. } = found;
    let bad = unreadable.iter().map(|row| bad_cells(&EntryRow::names(), row));
    let file = rows.iter().map(|entry| EntryRow::new(entry, zone).cells()).chain(bad);
    let read = rows.iter().map(|entry| Readable::Read(shown(entry, zone)));
    let bad = unreadable.iter().map(|row| Readable::Unreadable(shown_bad(row)));
    Rows::new(EntryRow::names(), file, read.chain(bad))
}

/// A movement, with null for unknown values.
pub fn shown(entry: &Entry, zone: &Zone) -> wire::Entry {
    let who = Who::of(entry);
    wire::Entry {
        kind: EntryType,
        id: entry.id,
        created_at: entry.at.into(),
        local_day: zone.shown(entry.at).date(),
        operation: entry.kind.into(),
        operation_id: entry.operation,
        fact: entry.fact.into(),
        currency: entry.currency.code().to_owned(),
        amount: entry.amount.into(),
        fee: entry.fee.map(Into::into),
        changes: entry.changes.into(),
        mid: entry.account.clone(),
        retref: entry.reference.clone(),
        authorization_code: entry.authcode.clone(),
        decline_code: entry.decline.map(|decline| decline.as_str().to_owned()),
        asked_by: entry.by.into(),
        key_name: who.key_name.map(str::to_owned),
        person: who.person.map(str::to_owned),
        proposed_by: who.proposed_by.map(str::to_owned),
        actor: who.actor.map(str::to_owned),
        reason: who.reason.map(str::to_owned),
        decided: entry.by_hand.as_ref().map(|by_hand| by_hand.verdict.into()),
        brand: entry.brand.map(|brand| brand.name().to_owned()),
        last_four: entry.last_four.clone(),
        custom_reference: entry.merchant_reference.clone(),
        cause: entry.cause.into(),
        mechanism: entry.mechanism.into(),
        late: entry.late,
        settlement_rejected: entry.settlement_rejected,
        dispute_reason: entry.dispute_reason.clone(),
        relationships: EntryRelationships {
            order: Related::new(entry.order.order.to_string()),
            transaction: Related::new(entry.transaction),
        },
    }
}
