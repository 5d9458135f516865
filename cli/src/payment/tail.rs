//! `payment tail`: a merchant's payments as they get their outcomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tollgate_core::{journal::Wanted, values::ReadOrder};
use uuid::Uuid;

use super::{
    list::{journal, lister, read},
    rows,
};
use crate::{
    args::TailPayments, failure, failure::Failure, installation::Installation, precondition::must_exist,
    report::Report,
};

/// The pause between two looks.
const EVERY: Duration = Duration::from_secs(2);

/// How far back each look goes: the journal is seconds behind, and some of its shards more than
/// others.
const LOOKS_BACK: SignedDuration = SignedDuration::from_mins(5);

/// Runs until its output is closed.
pub(crate) async fn run(
    installation: &Installation,
    tail: &TailPayments,
    json: bool,
) -> Result<Report, Failure> {
    let job = installation.orders_job()?;
    let log = journal(installation, tail.journal_table.as_deref())?;
    let agenda = installation.agenda()?;
    let conditions = tail.filter.conditions()?;
    must_exist(installation, &tail.merchant).await?;
    let begin = tail.since.unwrap_or_else(|| installation.clock.now());
    let (mut seen, mut since) = (BTreeMap::<Uuid, Timestamp>::new(), begin);
    // Items that cannot be read. They are few, and each is told once.
    let mut told = BTreeSet::<String>::new();
    loop {
        let now = installation.clock.now();
        let wanted = Wanted {
            merchant: &tail.merchant,
            now,
            since,
            until: now + SignedDuration::from_secs(1),
            predicates: &conditions,
            looked_up: None,
            order: ReadOrder::NewestFirst,
            after: None,
            limit: usize::MAX,
        };
        let mut found = Vec::new();
        let keep = |row| found.push(row);
        // Each look has a time of its own.
        let looked = read(&lister(log.as_ref(), &job, agenda.as_ref()), &wanted, keep).await;
        for row in found.iter().rev().filter(|row| !seen.contains_key(&row.transaction)) {
            let line = if json {
                rows::value(row, now).map(|value| value.to_string())
            } else {
                rows::line(row, now)
            };
            if line.is_some_and(|line| writeln!(io::stdout(), "{line}").is_err()) {
                // The reader of the output has seen enough.
                return Ok(Report::nothing());
            }
        }
        seen.extend(found.iter().map(|row| (row.transaction, row.at)));
        match looked {
            Ok(rest) => {
                for row in rest.unreadable.iter().filter(|row| told.insert(row.item.key.clone())) {
                    failure::remark(&rows::bad_line(row));
                }
                since = begin.max(now - LOOKS_BACK);
            }
            // An outage ends, and the next look begins where this one did.
            Err(error) => failure::remark(&format!("error: {}; trying again", error.text())),
        }
        seen.retain(|_, at| *at >= since);
        tokio::time::sleep(EVERY).await;
    }
}
