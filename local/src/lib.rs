//! Tollgate on one machine: the functions behind an API Gateway, with DynamoDB, Secrets Manager and CardPointe.
//!
//! [`Stack::start`] is what tests use; the binary is the same with a command line. Nothing here is deployed.

mod api_gateway;
pub mod clock;
mod control;
mod docs_page;
mod dynamodb;
mod event;
mod forward;
pub mod functions;
pub mod load;
pub mod merchants;
pub mod permissions;
pub mod samples;
pub mod secrets_manager;
mod stack;
pub mod tamper;
pub mod template;

pub use dynamodb::client as dynamodb_client;
pub use stack::{ATTEMPTS_TABLE_NAME, Options, REGION, Stack, StartError, TABLE_NAME, app};
