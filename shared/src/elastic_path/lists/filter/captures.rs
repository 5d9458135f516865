//! The filters of the lists from an index: captures, and payments that need attention.

use tollgate_core::journal::Concern;

use super::term::{Fields, Range, Term};
use crate::api::Problem;

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
            ("next_capture_attempt", ..) => self.range.add(term)?,
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}

/// Which payments that need attention are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct AttentionFilter {
    /// One of these has to be among its codes; none: any.
    pub(in crate::elastic_path) codes: Vec<Concern>,
}

impl Fields for AttentionFilter {
    const NAMES: &'static str = "needs_attention";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        if term.field != Self::NAMES {
            return Err(term.no_field::<Self>());
        }
        if !self.codes.is_empty() {
            return Err(term.wrong("is stated twice: name all codes in one condition"));
        }
        self.codes = term.words(Concern::ALL, Concern::as_str)?;
        Ok(())
    }
}
