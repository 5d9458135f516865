//! `payment list` and `payment find`: payments without their orders' ids, from the journal, as they
//! are now.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tollgate::{
    elastic_path::transaction_status,
    ports::Job,
    spreadsheet::{FileRow as _, bad_cells, payments::PaymentRow},
};
use tollgate_core::{
    journal::{Agenda, EntryLog, Lister, LookedUp, Predicate, Row, Wanted},
    order::MerchantId,
    payments::{Deadline, StoreError, order_of_payment},
};

use super::{
    rows::{self, Rest},
    search,
};
use crate::{
    args::{Day, FindPayments, ListPayments, PaymentFilter, Time},
    csv,
    failure::{self, Failure},
    installation::{Installation, aws_http_client},
    precondition::must_exist,
    report::Report,
};

/// How far back payments that need attention are searched by default: longer than an authorization
/// holds.
const ATTENTION_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Printed before a list is read whose conditions are checked on every payment.
const WITHOUT_INDEX: &str = "No index has what is looked for: every payment of the period is read. There is one for --last4, \
    --ends-by, --decline-code, --needs-attention, --status pending, and --state held, declined, lapsed, voided and \
    voided_elsewhere, and for what payment find looks for.";

/// Longer than any list takes.
const A_DAY: Duration = Duration::from_hours(24);

pub(crate) async fn list(installation: &Installation, list: &ListPayments) -> Result<Report, Failure> {
    let now = installation.clock.now();
    let soon = now + SignedDuration::from_secs(1);
    let (since, until) = match list.times.range(now, soon)? {
        Some(range) => range,
        None if list.needs_attention => (now - ATTENTION_WITHIN, soon),
        None => list.times.day(Day::Today, now)?,
    };
    let &ListPayments { ref merchant, ref filter, ends_by, captures_by, needs_attention, .. } = list;
    let mut conditions = filter.conditions.conditions()?;
    conditions.extend(list.last4.clone().map(Predicate::LastFour));
    let by = |time: Option<Time>| time.map(|time| list.times.by(time)).transpose();
    conditions.extend(by(ends_by)?.map(Predicate::AuthorizationExpiresAt));
    conditions.extend(by(captures_by)?.map(Predicate::NextCaptureAttempt));
    conditions.extend(needs_attention.then(|| Predicate::NeedsAttention(list.code.clone())));
    let after = filter.part.next.as_deref();
    let limit = filter.part.limit();
    let (order, predicates, looked_up) = (filter.part.order(), conditions.as_slice(), None);
    let wanted = Wanted { merchant, now, since, until, predicates, looked_up, order, after, limit };
    if !conditions.is_empty() && wanted.reads_all() {
        failure::remark(WITHOUT_INDEX);
    }
    run(installation, wanted, filter).await
}

pub(crate) async fn find(installation: &Installation, find: &FindPayments) -> Result<Report, Failure> {
    let FindPayments { merchant, by, filter } = find;
    let now = installation.clock.now();
    let (since, until) = (Timestamp::UNIX_EPOCH, now + SignedDuration::from_secs(1));
    let after = filter.part.next.as_deref();
    let limit = filter.part.limit();
    let order = filter.part.order();
    let (mut predicates, mut looked_up) = (Vec::new(), None);
    for found_by in by.conditions() {
        let Some(found) = looked_up_by(installation, merchant, &found_by, by.any.is_some()).await? else {
            continue;
        };
        looked_up = found;
        predicates = vec![found_by];
        predicates.extend(filter.conditions.conditions()?);
        let (predicates, looked_up, after) = (predicates.as_slice(), looked_up.as_ref(), None);
        let one = Wanted { merchant, now, since, until, predicates, looked_up, order, after, limit: 1 };
        if by.any.is_none() || has_any(installation, &one, filter).await? {
            break;
        }
    }
    if predicates.is_empty() {
        let what = by.payment.map_or_else(|| "reference".to_owned(), |id| format!("payment {id}"));
        return Err(Failure::NotThere(format!("merchant {merchant} has no {what}")));
    }
    let (predicates, looked_up) = (predicates.as_slice(), looked_up.as_ref());
    let wanted = Wanted { merchant, now, since, until, predicates, looked_up, order, after, limit };
    run(installation, wanted, filter).await
}

/// Where the payments are that a predicate names, if that has to be looked up; none if there is no
/// such payment.
async fn looked_up_by(
    installation: &Installation,
    merchant: &MerchantId,
    predicate: &Predicate,
    is_guess: bool,
) -> Result<Option<Option<LookedUp>>, Failure> {
    let id = match predicate {
        Predicate::Transaction(id) => *id,
        Predicate::Text(term) => {
            return match search::key(installation, merchant, term).await {
                Ok(key) => Ok(Some(Some(LookedUp::Text(key)))),
                // Nobody said that it is such a text.
                Err(_) if is_guess => Ok(None),
                Err(failure) => Err(failure),
            };
        }
        _ => return Ok(Some(None)),
    };
    let (store, index) = (installation.orders_job()?.payments.store, installation.order_index()?);
    let order = order_of_payment(index.as_ref(), store.as_ref(), merchant, id).await;
    let order = order.map_err(|error| Failure::Unavailable(error.to_string()))?;
    Ok(order.map(|order| Some(LookedUp::Order(order.id))))
}

async fn has_any(
    installation: &Installation,
    wanted: &Wanted<'_>,
    filter: &PaymentFilter,
) -> Result<bool, Failure> {
    let (job, log) =
        (installation.orders_job()?, journal(installation, filter.part.journal_table.as_deref())?);
    let agenda = installation.agenda()?;
    let lister = lister(log.as_ref(), &job, agenda.as_ref());
    let found = lister.find(wanted).await.map_err(|error| unread(&error))?;
    Ok(!found.rows.is_empty() || !found.unreadable.is_empty())
}

/// The journal of the table that the argument names, or else the installation; nothing is called
/// yet.
pub(crate) fn journal(
    installation: &Installation,
    table: Option<&str>,
) -> Result<Arc<dyn EntryLog>, Failure> {
    Ok(installation.journal_in(installation.journal_table(table)?).log(&aws_http_client()?))
}

/// Lists without a deadline: a command takes as long as it takes.
pub(crate) fn lister<'a>(log: &'a dyn EntryLog, job: &'a Job, agenda: &'a dyn Agenda) -> Lister<'a> {
    Lister { log, store: job.payments.store.as_ref(), agenda, deadline: Deadline::after(A_DAY) }
}

async fn run(
    installation: &Installation,
    wanted: Wanted<'_>,
    filter: &PaymentFilter,
) -> Result<Report, Failure> {
    let job = installation.orders_job()?;
    let log = journal(installation, filter.part.journal_table.as_deref())?;
    let agenda = installation.agenda()?;
    let lister = lister(log.as_ref(), &job, agenda.as_ref());
    if filter.part.csv {
        let mut lines = Vec::new();
        // Only a row's line is kept: a month has many payments.
        let keep = |row: Row| {
            lines.extend(PaymentRow::new(&row, wanted.now, transaction_status).map(|row| row.cells()));
        };
        let rest = read(&lister, &wanted, keep).await?;
        if lines.is_empty() {
            may_be_empty(installation, &wanted, &rest).await?;
        }
        let bad = rest.unreadable.iter().map(|row| bad_cells(&PaymentRow::names(), row));
        csv::print(&PaymentRow::names(), lines.into_iter().chain(bad))?;
        for line in rows::more(&rest) {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let mut found = Vec::new();
    let rest = read(&lister, &wanted, |row| found.push(row)).await?;
    if found.is_empty() {
        may_be_empty(installation, &wanted, &rest).await?;
    }
    let newest = lister.newest(wanted.merchant).await.map_err(|error| unread(&error))?;
    Ok(rows::report(&wanted, &found, &rest, newest))
}

/// A first page without a row is right only if the merchant exists.
async fn may_be_empty(installation: &Installation, wanted: &Wanted<'_>, rest: &Rest) -> Result<(), Failure> {
    if wanted.after.is_some() || !rest.unreadable.is_empty() {
        return Ok(());
    }
    must_exist(installation, wanted.merchant).await
}

/// The journal could not be read.
pub(crate) fn unread(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("the journal: {error}"))
}

/// Gives each row away, part after part, and tells the rest.
pub(super) async fn read(
    lister: &Lister<'_>,
    wanted: &Wanted<'_>,
    mut keep: impl FnMut(Row),
) -> Result<Rest, Failure> {
    let (mut room, mut rest) = (wanted.limit, Rest::default());
    rest.next = wanted.after.map(str::to_owned);
    loop {
        let part = Wanted { after: rest.next.as_deref(), limit: room, ..*wanted };
        let part = lister.find(&part).await.map_err(|error| unread(&error))?;
        room -= part.rows.len() + part.unreadable.len();
        part.rows.into_iter().for_each(&mut keep);
        rest.unreadable.extend(part.unreadable);
        rest.next = part.next;
        if rest.next.is_none() || room == 0 {
            return Ok(rest);
        }
    }
}
