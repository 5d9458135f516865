//! The filter of a list of deliveries.

use tollgate_core::webhooks::DeliveryState;

use super::term::{Fields, Term};
use crate::api::Problem;

/// Which deliveries are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct DeliveryFilter {
    /// Those in one of these states; all, if there are none.
    pub(in crate::elastic_path) states: Vec<DeliveryState>,
}

impl Fields for DeliveryFilter {
    const NAMES: &'static str = "state";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match term.field {
            "state" => self.states = term.words(DeliveryState::ALL, DeliveryState::as_str)?,
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}
