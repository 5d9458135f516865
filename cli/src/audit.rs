//! `audit`: people's actions that move no money.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tollgate::{
    elastic_path::audit_entry_value,
    spreadsheet::people::{AUDIT_COLUMNS, audit_cells},
};
use tollgate_core::people::{AuditEntry, AuditFilter, Audited, AuditedPerson};

use crate::{
    args::ListAudit,
    csv,
    failure::{self, Failure},
    installation::Installation,
    payment::history::time,
    people::{granted, stores, table, unread},
    precondition::must_exist,
    report::Report,
};

/// Most entries that are read at once.
const PART: usize = 100;

/// Records of a clock that is ahead of this one are not left out.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

const HEADER: [&str; 4] = ["TIME", "WHO", "KIND", "WHAT"];

pub(crate) async fn run(installation: &Installation, list: &ListAudit) -> Result<Report, Failure> {
    let (stores, filter) = (stores(installation)?, filter(list, installation.clock.now())?);
    let (mut found, mut next, limit) = (Vec::new(), list.rows.next.clone(), list.rows.limit());
    loop {
        let room = PART.min(limit - found.len());
        let page = stores.audit.audit(&list.merchant, &filter, next.as_deref(), room).await;
        let page = page.map_err(|error| unread(&error))?;
        failure::remark_unreadable(&page.unreadable);
        found.extend(page.entries);
        next = page.next;
        if next.is_none() || found.len() >= limit {
            break;
        }
    }
    if found.is_empty() {
        must_exist(installation, &list.merchant).await?;
    }
    let more = next.as_ref().map(|next| format!("There may be more: --next '{next}'"));
    if list.rows.csv {
        csv::print(&AUDIT_COLUMNS, found.iter().map(audit_cells))?;
        if let Some(line) = more {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let mut text = table(&HEADER, found.iter().map(row).collect());
    text.push(format!("{} {}", found.len(), if found.len() == 1 { "entry" } else { "entries" }));
    text.extend(more);
    let shown: Vec<_> = found.iter().map(audit_entry_value).collect();
    Ok(Report::new(text.join("\n"), json!({ "merchant": list.merchant, "next": next, "entries": shown })))
}

/// The period; without a day or a time, everything.
fn filter(list: &ListAudit, now: Timestamp) -> Result<AuditFilter, Failure> {
    let range = list.times.range(now, now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX))?;
    let (from, to) = range.unzip();
    Ok(AuditFilter { from, to, kind: list.kind, name: list.person.clone() })
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let who = match &entry.who {
        AuditedPerson::Known { name, .. } | AuditedPerson::Operator { name } => name.to_string(),
        AuditedPerson::Stranger { subject, email: Some(email) } => {
            format!("stranger {email} at {}", subject.issuer)
        }
        AuditedPerson::Stranger { subject, email: None } => {
            format!("stranger {} at {}", subject.subject, subject.issuer)
        }
    };
    let what = match &entry.what {
        Audited::SignedIn { client } => format!("by {client}"),
        Audited::Refused { client, why } => format!("by {client}: {}", why.as_str()),
        Audited::Acted { call } | Audited::LimitExceeded { call } => call.clone(),
        Audited::Downloaded { list, filter, rows } if filter.is_empty() => format!("{list}, {rows} rows"),
        Audited::Downloaded { list, filter, rows } => format!("{list} with {filter}, {rows} rows"),
        Audited::PeopleChanged(change) => format!("{}: {}", change.name, granted(change)),
    };
    vec![time(entry.at).to_string(), who, entry.what.kind().as_str().to_owned(), what]
}
