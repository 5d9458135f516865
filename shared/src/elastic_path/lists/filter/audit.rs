//! The filter of the audit trail's entries.

use tollgate_core::people::{AuditFilter, AuditKind};

use super::term::{Fields, Range, Term};
use crate::api::Problem;

/// Which entries are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct WantedAudit {
    range: Range,
    filter: AuditFilter,
}

impl WantedAudit {
    /// With the times.
    pub(in crate::elastic_path) fn in_full(&self) -> AuditFilter {
        AuditFilter { from: self.range.since, to: self.range.until, ..self.filter.clone() }
    }
}

impl Fields for WantedAudit {
    const NAMES: &'static str = "at, kind, person";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match term.field {
            "at" => self.range.add(term)?,
            "kind" => self.filter.kind = Some(term.own_word(AuditKind::ALL, AuditKind::as_str)?),
            "person" => self.filter.name = Some(term.own(|text| text.parse().ok(), "a person's name")?),
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}
