//! `report`: totals by day, from the journal.

use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};
use tollgate::spreadsheet::totals::{COLUMNS, cells, value};
use tollgate_core::{
    journal::{
        DayTotals, EntryLog, Lister, Total, TotalLine,
        read_totals::{PROVISIONAL_HOURS, TotalsRange, is_provisional, part},
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
};

use crate::{
    args::{Day, TotalsOptions},
    csv,
    failure::{self, Failure},
    merchant,
    payment::{
        list::{journal, range, unread},
        rows::journal_has_come,
    },
    place::Place,
    report::Report,
    table::aligned,
};

/// What is shown, and as of when.
struct Shown<'a> {
    merchant: &'a MerchantId,
    since: Timestamp,
    until: Timestamp,
    now: Timestamp,
    newest: Option<Timestamp>,
    totals: DayTotals,
    /// Entries that are not in them.
    unreadable: Vec<Unreadable>,
}

pub(crate) async fn run(place: &Place, options: &TotalsOptions) -> Result<Report, Failure> {
    let now = place.clock.now();
    let (since, until) = match (options.since, options.day) {
        (Some(since), _) => (since, options.until.unwrap_or(now)),
        (None, day) => range(day.unwrap_or(Day::Yesterday), now)?,
    };
    let range = TotalsRange::new(since, until)
        .map_err(|error| Failure::Input(format!("--since, --until: {error}")))?;
    let (job, log) = (place.orders_job()?, journal(place, options.journal_table.as_deref())?);
    let (totals, unreadable) =
        read(log.as_ref(), &options.merchant, range).await.map_err(|error| unread(&error))?;
    if totals.lines().next().is_none() && unreadable.is_empty() {
        merchant::must_exist(place, &options.merchant).await?;
    }
    let lister = Lister { log: log.as_ref(), store: job.payments.store.as_ref() };
    let newest = lister.newest(&options.merchant).await.map_err(|error| unread(&error))?;
    let shown = Shown { merchant: &options.merchant, since, until, now, newest, totals, unreadable };
    if options.csv {
        csv::print(&COLUMNS, shown.rows().map(Vec::from))?;
        shown.left_out().for_each(|line| failure::remark(&line));
        return Ok(Report::nothing());
    }
    Ok(Report::new(shown.text(), shown.value()))
}

async fn read(
    log: &dyn EntryLog,
    merchant: &MerchantId,
    range: TotalsRange,
) -> Result<(DayTotals, Vec<Unreadable>), StoreError> {
    let (mut totals, mut unreadable, mut next) = (DayTotals::default(), Vec::new(), None);
    loop {
        let part = part(log, merchant, range, next).await?;
        totals.merge(part.totals);
        unreadable.extend(part.unreadable);
        next = part.next;
        if next.is_none() {
            return Ok((totals, unreadable));
        }
    }
}

impl Shown<'_> {
    fn is_provisional(&self, day: Date) -> bool {
        is_provisional(day, self.now)
    }

    fn rows(&self) -> impl Iterator<Item = [String; COLUMNS.len()]> {
        self.totals.lines().map(|(line, total)| cells(line, total, self.is_provisional(line.day)))
    }

    /// A line for each entry that cannot be read.
    fn left_out(&self) -> impl Iterator<Item = String> {
        self.unreadable.iter().map(|Unreadable { key, reason }| format!("not counted: {key}: {reason}"))
    }

    fn text(&self) -> String {
        // Whether a day is provisional is said once, with its sums. Few merchants have fees.
        let has_fees = self.totals.lines().any(|(_, total)| total.changes.fees != 0);
        let is_shown = |column| match column {
            "provisional" => false,
            "fees_at_gateway" => has_fees,
            _ => true,
        };
        let rows = std::iter::once(COLUMNS.map(str::to_ascii_uppercase)).chain(self.rows());
        let shown = |row: [String; COLUMNS.len()]| {
            let cells = COLUMNS.into_iter().zip(row).filter(|(column, _)| is_shown(column));
            cells.map(|(_, cell)| cell).collect()
        };
        let mut text = aligned(&rows.map(shown).collect::<Vec<Vec<String>>>());
        for ((day, currency), changes) in self.totals.by_day() {
            let decimal = |minor| currency.signed_decimal(minor);
            let provisional = if self.is_provisional(day) { " (provisional)" } else { "" };
            let fees = match changes.fees {
                0 => String::new(),
                fees => format!(", fees there {}", decimal(fees)),
            };
            text.push(format!(
                "{day} {currency}: held {}, paid {}, returned {}, at the gateway {}{fees}{provisional}",
                decimal(changes.held),
                decimal(changes.paid),
                decimal(changes.returned),
                decimal(changes.gateway),
            ));
        }
        if self.totals.lines().next().is_none() {
            text.push("Nothing happened.".to_owned());
        }
        text.extend(self.left_out());
        text.push(journal_has_come(self.newest));
        text.join("\n")
    }

    /// Amounts are minor units.
    fn value(&self) -> Value {
        let total = |(line, total): (&TotalLine, &Total)| value(line, total, self.is_provisional(line.day));
        json!({
            "merchant": self.merchant,
            "since": self.since,
            "until": self.until,
            "newest_entry_at": self.newest,
            "complete_after_hours": PROVISIONAL_HOURS,
            "unreadable": self
                .unreadable
                .iter()
                .map(|Unreadable { key, reason }| json!({"key": key, "reason": reason}))
                .collect::<Vec<_>>(),
            "totals": self.totals.lines().map(total).collect::<Vec<_>>(),
        })
    }
}
