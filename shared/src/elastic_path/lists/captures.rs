//! Scheduled captures: pausing and resuming those of an order, and lists and sums of future or
//! paused captures.

use jiff::{Span, Timestamp, civil::Date};
use lambda_http::Request;
use tollgate_core::{
    journal::{AgendaWanted, CaptureList, DueWanted, due_sums},
    payments::{Role, Sender},
    values::{UnknownZone, Zone},
};
use tollgate_wire::{self as wire, Single, constant};

use crate::{
    api::{Caller, Failure, Handled, Members, Page, Reply, json_body},
    elastic_path::{
        lists::filter::{CaptureFilter, Range},
        lists::paging::PARAMETERS,
        lists::transactions::{lister, rows},
        lists::{Paging, list_deadline},
        order_id,
        orders::shown_order,
        payments::follow_up::{only_data_and_options, who_and_why},
        request::{Parameters, seen_version},
        response::View,
    },
    ports::{Api, Transactions},
};

/// A change of an order's scheduled captures.
#[derive(Clone, Copy)]
enum Change {
    Pause,
    Resume,
}

handlers! {
    /// `POST /v2/orders/{orderId}/captures/pause`: the schedule captures nothing of the order until
    /// it is resumed.
    pause_captures(Api) => change(Change::Pause);
    /// `POST /v2/orders/{orderId}/captures/resume`: the next run makes the due captures.
    resume_captures(Api) => change(Change::Resume);
    /// `GET /v2/captures?filter=…`: the captures that the schedule is to make, or those that are
    /// paused order by order.
    list_captures(Transactions) => list();
    /// `GET /v2/captures/daily?from=…&to=…&time_zone=…`: sums of scheduled captures, by day and
    /// currency.
    sum_captures(Transactions) => sums();
}

async fn change(api: &Api, request: &Request, change: Change) -> Handled<Single<wire::Order>> {
    let caller = Caller::merchant(&api.access, request, Role::Operate).await?;
    let (key, seen) = (caller.key(order_id(request)?), seen_version(request, &caller)?);
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside_if_any("data")?;
    data.only(&["actor", "reason", "type"]);
    let (actor, reason) = who_and_why(&mut data);
    data.finish()?;
    let by = caller.attribution(actor.as_ref(), reason.as_ref());
    let sender = Sender { by: by.as_deref(), seen_version: seen };
    let order = match change {
        Change::Pause => api.payments.pause_captures(&key, sender).await?,
        Change::Resume => api.payments.resume_captures(&key, sender).await?,
    };
    Ok(Reply::new(200, Single { data: shown_order(api, &caller, &order) }))
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &PARAMETERS);
    let paging: Paging<'_, CaptureFilter> =
        Paging::read("captures\n", &mut parameters, &ports.access, &caller);
    if paging.filter.paused && paging.filter.range != Range::default() {
        parameters
            .invalid("filter.paused", "has no time to compare with: what is paused is captured at none");
    }
    parameters.finish()?;
    let (now, range) = (paging.now, paging.filter.range);
    let wanted = if paging.filter.paused {
        CaptureList::Paused
    } else {
        CaptureList::Due(range.since, range.until.unwrap_or(Timestamp::MAX))
    };
    let (after, limit) = (paging.after(), paging.limit);
    let part = AgendaWanted { merchant: &caller.merchant.id, now, after, limit };
    let found = lister(ports, request).by_agenda().captures(wanted, &part).await?;
    let view = View { principal: caller.principal, now, gateway: ports.gateway };
    let meta = |page| wire::CapturePageMeta {
        page,
        unreadable: found.unreadable.len(),
        read_bytes: found.read_bytes,
    };
    let rows = rows(&found, view).values.collect();
    Ok(paging.reply_in_json(rows, found.next.clone(), |part| part.with(meta)))
}

/// Most days of sums.
const DAYS_MAX: i32 = 92;

/// Which days are summed up, as a merchant counts them.
struct Days {
    first: Option<Date>,
    last: Date,
    zone: Zone,
    since: Option<Timestamp>,
    until: Timestamp,
}

async fn sums(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let days = Days::read(request, &caller, now)?;
    let (merchant, deadline) = (&caller.merchant.id, list_deadline(request, now));
    let wanted = DueWanted { merchant, since: days.since, until: days.until, zone: &days.zone };
    let found = due_sums(ports.agenda.as_ref(), wanted, deadline).await?;
    let data = found.sums.iter().map(|((day, currency), sum)| wire::CapturesOfDay {
        kind: constant::CapturesOfDayType,
        day: *day,
        currency: currency.code().to_owned(),
        count: sum.count,
        amount: sum.amount.into(),
    });
    let sums = wire::CaptureSums {
        data: data.collect(),
        meta: wire::CaptureSumsMeta {
            from: days.first,
            to: days.last,
            time_zone: days.zone.name().to_owned(),
            as_of: now,
            counted_until: found.counted_until,
            unreadable: found.unreadable,
            read_bytes: found.read_bytes,
        },
    };
    Ok(Reply::new(200, Page::from(sums).of_now()))
}

impl Days {
    /// Without days, all captures within the longest time ahead, and overdue ones.
    fn read(request: &Request, caller: &Caller, now: Timestamp) -> Result<Self, Failure> {
        let mut parameters = Parameters::of(request, &["from", "to", "time_zone"]);
        let mut day = |name| {
            let day = |text: &str| text.parse::<Date>().ok().filter(|_| text.len() == 10);
            parameters.read(name, day, "must be a day such as 2026-11-20")
        };
        let (first, last) = (day("from"), day("to"));
        let zone = |name: &str| name.parse::<Zone>().ok();
        let stated = parameters.read("time_zone", zone, &UnknownZone.to_string());
        let zone = stated.or_else(|| caller.merchant.policy.zone.clone()).unwrap_or_default();
        let begins = first.unwrap_or_else(|| zone.shown(now).date());
        let last = last.unwrap_or_else(|| begins.saturating_add(Span::new().days(DAYS_MAX - 1)));
        if last < begins {
            parameters.invalid("to", "must not be before from");
        } else if (last - begins).get_days() >= DAYS_MAX {
            parameters.invalid("to", &format!("must be within {DAYS_MAX} days of from"));
        }
        parameters.finish()?;
        let begin = |day: Date| zone.begins(day);
        let until = last.tomorrow().ok().and_then(begin).unwrap_or(Timestamp::MAX);
        Ok(Self { first, last, since: first.and_then(begin), until, zone })
    }
}
