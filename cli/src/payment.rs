//! Payments: looking at them, and deciding those that stay in doubt.

pub(crate) mod change;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod receipt;
pub(crate) mod resolve;
pub(crate) mod rows;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod tail;
