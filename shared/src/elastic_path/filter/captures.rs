//! What a list of captures can be filtered by.

use super::term::{Fields, Term};
use crate::api::problem::Problem;

/// The only list of captures that there is.
pub(in crate::elastic_path) const PAUSED: &str = "eq(paused,true)";

/// Whether a filter says which captures are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct CaptureFilter {
    /// Those that are paused.
    pub(in crate::elastic_path) paused: bool,
}

impl Fields for CaptureFilter {
    const NAMES: &'static str = "paused";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match (term.field, term.operator, &term.values[..]) {
            ("paused", "eq", ["true"]) => self.paused = true,
            ("paused", ..) => return Err(term.wrong("takes eq and true")),
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}
