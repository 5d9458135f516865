//! The console: pages for people in finance and support.
//!
//! It has no rights of its own. It signs a person in at the company's issuer, exchanges the ID
//! token for the person's access token, and calls the public API with that. It stores sign-ins in
//! progress and sessions and nothing else, runs no script in the browser, and works without one.

mod api;
mod browser;
mod dynamodb;
mod frame;
mod pages;
mod routes;
mod rows;
mod seal;
mod session;
mod settings;
mod sign_in;
mod start;
mod store;
mod web;
mod words;

pub use api::Api;
pub use dynamodb::DynamoDbSessions;
pub use routes::handle;
pub use seal::SealingKey;
pub use settings::{Client, Console, Directory, Settings};
pub use start::{ConsoleConfig, StartFailure, run};
pub use store::{SessionStore, StoreFailure, Stored};
