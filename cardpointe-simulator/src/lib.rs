//! A stand-in for the `CardPointe` gateway: cards, codes, settlement and faults without a test account.
//!
//! [`Simulator::start`] serves the gateway's REST interface below `/cardconnect/rest` and a control interface
//! below `/_simulator`. What it answers where no public source tells the real answer is listed in the README.

mod advice;
mod amount;
mod auth;
mod cards;
mod codes;
mod config;
mod control;
mod currency;
mod expiry;
mod faults;
mod fields;
mod ledger;
mod lifecycle;
mod lookup;
mod noise;
mod profile;
mod rate_limit;
mod receipt;
mod refund;
mod reply;
mod rest;
mod server;
mod settlement;
mod simulator;
mod verification;
mod world;

pub use codes::Processor;
pub use config::{Config, Merchant, Settings};
pub use faults::{Endpoint, Fault, FaultKind};
pub use settlement::Stage;
pub use simulator::Simulator;
