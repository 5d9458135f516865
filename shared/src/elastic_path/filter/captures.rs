//! What a list of captures can be filtered by, and what no list of its kind can.

use super::term::{Fields, Range, Term};
use crate::api::problem::Problem;

/// Which captures are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct CaptureFilter {
    /// Those that are paused, and not those that are to be made.
    pub(in crate::elastic_path) paused: bool,
    /// When they are to be made.
    pub(in crate::elastic_path) range: Range,
}

impl Fields for CaptureFilter {
    const NAMES: &'static str = "paused, next_capture_attempt";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match (term.field, term.operator, &term.values[..]) {
            ("paused", "eq", ["true"]) => self.paused = true,
            ("paused", ..) => return Err(term.wrong("takes eq and true")),
            ("next_capture_attempt", ..) => term.times()?.iter().for_each(|is| self.range.narrow(is)),
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}

/// A list that cannot be filtered.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct NoFilter;

impl Fields for NoFilter {
    const NAMES: &'static str = "none";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        Err(term.no_field::<Self>())
    }
}
