//! The rules of Tollgate: what may be done with an order, what is sent to the gateway, and what its responses mean.
//!
//! From the inside out: values, the order and its rules, ports (traits that the adapters of the package `tollgate`
//! implement), use cases. Neither AWS nor HTTP is known here, so the compiler holds that boundary. See
//! `ARCHITECTURE.md`.

pub mod attempts;
pub mod attention;
pub mod card;
pub mod carried;
pub mod clock;
pub mod concern;
pub mod customers;
pub mod decline;
pub mod delivering;
pub mod discount;
pub mod entry_log;
pub mod entry_store;
pub mod event_bus;
pub mod gateway;
pub mod journal;
pub mod journaling;
pub mod listing;
pub mod memo;
pub mod merchants;
pub mod money;
pub mod operation;
pub mod order;
pub mod outcome;
pub mod payment_method;
pub mod payment_methods;
pub mod payments;
pub mod policy;
pub mod profiles;
pub mod quarter;
pub mod receipt;
pub mod receivers;
pub mod reconcile;
pub mod scheduled_capture;
pub mod store;
pub mod switch;
#[cfg(test)]
mod test_log;
#[cfg(test)]
mod test_merchant;
#[cfg(test)]
mod test_payments;
pub mod totalling;
pub mod totals;
pub mod totals_store;
pub mod trail;
pub mod transaction;
pub mod webhook;
mod words;
