//! Webhooks: a merchant's receivers in Secrets Manager, and messages to them as the Standard Webhooks specification has
//! them (<https://www.standardwebhooks.com>).

pub mod document;
mod https;
mod resolver;
mod secrets;
pub mod signature;

pub use https::HttpsCourier;
pub use resolver::{Addresses, Allowed, Lookup, SystemLookup};
pub use secrets::{SecretsManagerReceivers, Settings};
