//! Scheduled captures of one order paused and resumed, and the list of what is paused.

use jiff::Timestamp;
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{PausedSearch, paused_captures},
    payments::{Refusal, Role},
};

use super::{
    cursor::Place,
    filter::{CaptureFilter, PAUSED},
    follow_up::{only_data_and_options, who_and_why},
    order_id,
    orders::shown_order,
    paging::{PARAMETERS, Paging},
    parameters::Parameters,
    response::{self, View},
    transactions::{shown, shown_bad},
};
use crate::{
    api::{
        Code,
        caller::Caller,
        exchange::{Handled, Page, Reply, json_body},
        failure::Failure,
        members::Members,
        problem::Problem,
    },
    ports::{Api, Transactions},
};

/// What is done to an order's scheduled captures.
#[derive(Clone, Copy)]
enum Change {
    Pause,
    Resume,
}

handlers! {
    /// `POST /v2/orders/{orderId}/captures/pause`: the schedule captures nothing of the order until it is resumed.
    pause_captures(Api) => change(Change::Pause);
    /// `POST /v2/orders/{orderId}/captures/resume`: what is due is captured by the next run.
    resume_captures(Api) => change(Change::Resume);
    /// `GET /v2/captures?filter=eq(paused,true)`: the captures that are paused order by order.
    list_captures(Transactions) => list();
}

async fn change(api: &Api, request: &Request, change: Change) -> Handled<Value> {
    let caller = Caller::merchant(&api.access, request, Role::Operate).await?;
    let key = caller.key(order_id(request)?);
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside_if_any("data")?;
    data.only(&["actor", "reason", "type"]);
    let (actor, reason) = who_and_why(&mut data);
    data.finish()?;
    let by = caller.attribution(actor.as_ref(), reason.as_ref());
    let order = match change {
        Change::Pause => api.payments.pause_captures(&key, by.as_deref()).await?,
        Change::Resume => api.payments.resume_captures(&key, by.as_deref()).await?,
    };
    Ok(Reply::new(200, response::enveloped(shown_order(api, &caller, &order))))
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let paging = read(request, &caller, now)?;
    let after = paging.place.as_ref().map(|place| place.after.as_str());
    let search = PausedSearch { merchant: &caller.merchant.id, after, limit: paging.limit };
    let found = paused_captures(ports.orders.as_ref(), ports.paused.as_ref(), &search)
        .await
        .map_err(Refusal::Store)?;
    let (since, until) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    let place = found.next.map(|after| Place { since, until, after });
    let cursor = place.map(|place| paging.cursor(&place, &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let view = View { principal: caller.principal, now, gateway: ports.gateway };
    let rows = found.rows.iter().filter_map(|row| shown(row, view));
    let page = Page::from(json!({
        "data": rows.chain(found.unreadable.iter().map(shown_bad)).collect::<Vec<_>>(),
        "links": {"next": next},
        "meta": {
            "page": {"limit": paging.limit, "cursor": cursor},
            "unreadable": found.unreadable.len(),
            "read_bytes": found.read_bytes,
        },
    }));
    Ok(Reply::new(200, page.followed_by(next.as_deref())))
}

fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Paging<CaptureFilter>, Failure> {
    let mut parameters = Parameters::of(request, &PARAMETERS);
    let paging: Paging<CaptureFilter> = Paging::read("captures\n", (request, &mut parameters), caller, now);
    parameters.finish()?;
    if paging.filter.paused {
        return Ok(paging);
    }
    Err(Problem::of("filter", Code::Required, format!("is required; there is {PAUSED}")).into())
}
