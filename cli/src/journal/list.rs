//! `journal list`: every movement of a merchant's money as a row.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tollgate::{
    elastic_path::entry_value,
    spreadsheet::{
        FileRow as _, bad_cells,
        entries::{EntryRow, Who},
    },
};
use tollgate_core::{
    journal::{Entry, EntryLister, EntryPredicate, Found, LookedUp, WantedEntries},
    payments::Deadline,
    values::{DeclineCode, Zone},
};

use crate::{
    args::{Day, ListEntries},
    csv,
    failure::{self, Failure},
    installation::Installation,
    payment::{
        list::{journal, unread},
        rows::{bad_line, bad_value},
        search,
    },
    precondition::must_exist,
    report::Report,
    table::aligned,
};

/// How long one part of the list is read.
const PART: Duration = Duration::from_mins(1);

/// Printed before a list is read whose conditions are checked on every movement.
const WITHOUT_INDEX: &str = "No index has what is looked for: every movement of the period is read. There is one for --last4, \
    --retref, --reference, --customer, --email, --order, --transaction, --unusual, --decline-code, --fact of unusual facts \
    such as refunded, and --operation refund and void.";

const HEADER: [&str; 10] =
    ["TIME", "OPERATION", "FACT", "AMOUNT", "CARD", "MID", "RETREF", "WHO", "WHY", "ORDER"];

pub(crate) async fn run(installation: &Installation, list: &ListEntries) -> Result<Report, Failure> {
    let now = installation.clock.now();
    let predicates = list.conditions()?;
    let mut keys = Vec::new();
    for term in predicates.iter().filter_map(EntryPredicate::text) {
        keys.push(LookedUp::Text(search::key(installation, &list.merchant, term).await?));
    }
    let soon = now + SignedDuration::from_secs(1);
    let (since, until) = match list.times.range(now, soon)? {
        Some(range) => range,
        None if predicates.iter().any(EntryPredicate::is_selective) => (Timestamp::UNIX_EPOCH, soon),
        None => list.times.day(Day::Today, now)?,
    };
    let (merchant, part) = (&list.merchant, &list.part);
    let (order, after, limit) = (part.order(), part.next.as_deref(), part.limit());
    let (predicates, looked_up) = (predicates.as_slice(), keys.first());
    let wanted = WantedEntries { merchant, since, until, predicates, looked_up, order, after, limit };
    if !predicates.is_empty() && wanted.reads_all() {
        failure::remark(WITHOUT_INDEX);
    }
    let found = read(installation, list, &wanted).await?;
    if found.rows.is_empty() && found.unreadable.is_empty() {
        must_exist(installation, merchant).await?;
    }
    let zone = &list.times.time_zone;
    if part.csv {
        let (names, good) =
            (EntryRow::names(), found.rows.iter().map(|entry| EntryRow::new(entry, zone).cells()));
        csv::print(&names, good.chain(found.unreadable.iter().map(|row| bad_cells(&names, row))))?;
        for line in more(&found) {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let value = json!({
        "merchant": merchant,
        "since": since,
        "until": until,
        "time_zone": zone.name(),
        "next": found.next,
        "unreadable": found.unreadable.iter().map(bad_value).collect::<Vec<_>>(),
        "entries": found.rows.iter().map(|entry| entry_value(entry, zone)).collect::<Vec<_>>(),
    });
    Ok(Report::new(text(&found, zone), value))
}

async fn read(
    installation: &Installation,
    list: &ListEntries,
    wanted: &WantedEntries<'_>,
) -> Result<Found<Entry>, Failure> {
    let (job, index) = (installation.orders_job()?, installation.order_index()?);
    let log = journal(installation, list.part.journal_table.as_deref())?;
    let (mut found, mut room) = (Found::default(), wanted.limit);
    found.next = wanted.after.map(str::to_owned);
    loop {
        let (log, store, index) = (log.as_ref(), job.payments.store.as_ref(), index.as_ref());
        let lister = EntryLister { log, store, index, deadline: Deadline::after(PART) };
        let part = WantedEntries { after: found.next.as_deref(), limit: room, ..*wanted };
        let part = lister.find(&part).await.map_err(|error| unread(&error))?;
        room -= part.rows.len() + part.unreadable.len();
        found.rows.extend(part.rows);
        found.unreadable.extend(part.unreadable);
        found.next = part.next;
        if found.next.is_none() || room == 0 {
            return Ok(found);
        }
    }
}

fn text(found: &Found<Entry>, zone: &Zone) -> String {
    let header = HEADER.map(str::to_owned).to_vec();
    let rows = found.rows.iter().map(|entry| line(entry, zone));
    let mut text = aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>());
    text.extend(found.unreadable.iter().map(bad_line));
    let plural = if found.rows.len() == 1 { "" } else { "s" };
    text.push(format!("{} movement{plural}", found.rows.len()));
    text.extend(more(found));
    text.join("\n")
}

/// Times are those of the zone.
fn line(entry: &Entry, zone: &Zone) -> Vec<String> {
    let who = Who::of(entry);
    let told = [who.person, who.actor, who.key_name];
    let who_else = entry.by.as_str().replace('_', " ");
    let fee = entry.fee.map_or_else(String::new, |fee| format!(" +{}", entry.currency.decimal(fee.amount)));
    let why = entry.decline.map(DeclineCode::as_str).or(who.reason).unwrap_or("-");
    vec![
        zone.shown(entry.at).strftime(if zone.name() == "UTC" { "%FT%TZ" } else { "%FT%T%:z" }).to_string(),
        entry.kind.as_str().to_owned(),
        entry.fact.as_str().to_owned(),
        format!("{} {}{fee}", entry.currency.decimal(entry.amount), entry.currency),
        entry.last_four.clone().unwrap_or_else(|| "????".to_owned()),
        entry.account.clone(),
        entry.reference.clone().unwrap_or_else(|| "-".to_owned()),
        told.into_iter().flatten().next().map_or(who_else, str::to_owned),
        why.to_owned(),
        entry.order.order.to_string(),
    ]
}

/// Where there may be more, and which items are missing.
fn more(found: &Found<Entry>) -> Vec<String> {
    let bad = found.unreadable.len();
    let unreadable = (bad > 0).then(|| format!("{bad} cannot be read, and may or may not belong here"));
    let next = found.next.as_ref().map(|next| format!("There may be more: --next '{next}'"));
    unreadable.into_iter().chain(next).collect()
}
