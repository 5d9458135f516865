//! Card payments through CardConnect's CardPointe gateway: everything the Lambda functions share.
//!
//! The rules are the package `tollgate-core`. The layers around them are here, from the inside out:
//! adapters, the APIs' common parts, the APIs, start-up. See `ARCHITECTURE.md`.

pub mod aws_error;
pub mod cardpointe;
pub mod dynamodb;
pub mod elastic_path_client;
pub mod https;
pub mod merchant_document;
pub mod openid;
pub mod secrets_manager;
pub mod webhook_client;

pub mod abuse;
pub mod access;
pub mod access_token;
pub mod api;
pub mod invocation;
pub mod ports;
pub mod search_keys;
pub mod source;
pub mod spreadsheet;
pub(crate) mod transfer;
pub mod version;

pub mod credit_card;
pub mod elastic_path;
pub mod status;

pub mod publishing;

pub mod telemetry;
#[cfg(test)]
mod test_aws;
#[cfg(test)]
mod test_payments;
#[cfg(test)]
mod test_process;

pub mod functions;
pub mod lambda;
