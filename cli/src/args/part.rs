//! Which part of a list is printed, and how.

use clap::Args;
use tollgate_core::{journal::is_cursor, values::ReadOrder};

/// Most rows unless it is said otherwise.
const ROWS: usize = 100;

/// Options of all lists from the journal.
#[derive(Args)]
pub(crate) struct ListPart {
    /// The oldest first instead of the newest
    #[arg(long)]
    oldest_first: bool,
    /// As many at most [default: 100; with --csv, all]
    #[arg(long, value_name = "N", value_parser = rows)]
    limit: Option<usize>,
    /// Go on where a list ended: the text that it printed after --next
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub(crate) next: Option<String>,
    /// Print CSV with one line for each row
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
}

impl ListPart {
    /// Which rows come first.
    pub(crate) fn order(&self) -> ReadOrder {
        if self.oldest_first { ReadOrder::OldestFirst } else { ReadOrder::NewestFirst }
    }

    /// How many rows are printed at most: all of them in a CSV file, if the caller sets no limit.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(if self.csv { usize::MAX } else { ROWS })
    }
}

pub(super) fn cursor(text: &str) -> Result<String, String> {
    if is_cursor(text) { Ok(text.to_owned()) } else { Err("must be what a list printed".to_owned()) }
}

fn rows(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| (1..=10_000).contains(limit));
    limit.ok_or_else(|| "must be 1 to 10000".to_owned())
}
