//! Card payments through CardConnect's CardPointe gateway: everything the Lambda functions share.
//!
//! The rules are the package `tollgate-core`, whose modules are also modules of this one. Here is what surrounds
//! them, from the inside out: adapters, what the APIs share, the APIs, start-up. See `ARCHITECTURE.md`.

pub use tollgate_core::{
    attempts, attention, card, carried, clock, concern, customers, decline, delivering, discount, entry_log,
    entry_store, event_bus, gateway, journal, journaling, listing, memo, merchants, money, operation, order,
    outcome, payment_method, payment_methods, payments, policy, profiles, quarter, receipt, receivers,
    reconcile, scheduled_capture, store, switch, totalling, totals, totals_store, trail, transaction,
    webhook, words,
};

pub mod aws_error;
pub mod cardpointe;
pub mod dynamodb;
pub mod merchant_document;
pub mod secrets_manager;
pub mod webhooks;

pub mod abuse;
pub mod access_token;
pub mod api;
pub mod app;
pub mod invocation;
pub mod spreadsheet;
pub mod version;

pub mod credit_card;
pub mod elastic_path;
pub mod status;

pub mod publishing;

pub mod telemetry;
#[cfg(test)]
#[path = "../core/src/test_payments.rs"]
mod test_payments;

pub mod lambda;
