//! Tollgate on one machine: the functions behind an API Gateway, with DynamoDB, Secrets Manager and
//! CardPointe.
//!
//! Tests use [`Stack::start`]; the binary is the same with a command line. Nothing here is
//! deployed.

mod api_gateway;
mod api_reference;
mod checkout;
mod client;
pub mod clock;
mod console;
mod control;
pub mod cors;
mod dynamodb;
mod event;
pub mod event_bus;
mod forward;
pub mod front;
pub mod functions;
mod guard;
mod indent;
pub mod issuer;
pub mod load;
mod look;
pub mod merchants;
mod month;
mod parts;
pub mod permissions;
pub mod progress;
mod resources;
pub mod samples;
pub mod secrets_manager;
mod stack;
mod streams;
pub mod tamper;
pub mod template;
pub mod throttle;

pub use dynamodb::{client as dynamodb_client, is_new};
pub use parts::AppSettings;
pub use resources::{
    ATTEMPTS_TABLE_NAME, CONSOLE_TABLE_NAME, JOURNAL_TABLE_NAME, PEOPLE_TABLE_NAME, REGION,
    SETTLEMENT_TABLE_NAME, TABLE_NAME, WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME,
};
pub use stack::{Options, Stack, StartError, Unattended, ports};
