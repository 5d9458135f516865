//! Webhooks: a merchant's receivers in Secrets Manager, and messages to them, as the Standard
//! Webhooks specification has them (<https://www.standardwebhooks.com>) or as Elastic Path has its
//! own.

pub mod document;
mod https;
mod message;
mod resolver;
mod secrets;
pub mod signature;

pub use https::HttpsCourier;
pub use message::ELASTIC_PATH_EVENTS;
pub use resolver::{Allowed, Lookup, SystemLookup};
pub use secrets::{SecretsManagerReceivers, Settings};
