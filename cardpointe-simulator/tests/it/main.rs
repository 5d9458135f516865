//! The simulator as a client sees it, over HTTP and in process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod alterations;
mod authorization;
mod card_secure;
mod conformance;
mod control;
mod deposits;
mod documented_calls;
mod faults;
mod first_day;
mod golden;
mod harness;
mod http;
mod identity;
mod in_process;
mod kept_state;
mod lifecycle;
mod lookup;
mod merchant_data;
mod profiles;
mod program;
mod readme;
mod receipts;
mod refund_states;
mod refunds;
mod report_forms;
mod responses;
mod scheme_advice;
mod settlement_reports;
mod sources;
mod status_page;
mod surcharge;
mod timeouts;
