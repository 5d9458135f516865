//! What a handler needs, whoever put it together.

use std::sync::Arc;

use crate::{clock::Clock, merchants::Merchants, payments::Payments, scheduled_capture::Settings};

/// Everything a handler needs, built once per process.
pub struct App {
    /// The use cases.
    pub payments: Payments,
    /// Who may ask.
    pub merchants: Arc<dyn Merchants>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// How scheduled captures run.
    pub captures: Settings,
}
