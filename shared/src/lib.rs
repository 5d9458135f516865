//! Card payments through CardConnect's CardPointe gateway: everything the Lambda functions share.
//!
//! From the inside out; a module uses only what stands above it (`tests/layers.rs` holds this):
//! values, the order and its rules, ports, use cases, adapters, faces, start-up. See `ARCHITECTURE.md`.

pub mod money;

pub mod card;

pub mod carried;

pub mod memo;

pub mod decline;

pub mod policy;

pub mod discount;

pub mod outcome;

pub mod operation;

pub mod transaction;

pub mod order;

pub mod clock;

pub mod gateway;

pub mod merchants;

pub mod store;

pub mod attempts;

pub mod trail;

pub mod aws_error;

pub mod payments;

pub mod reconcile;

pub mod scheduled_capture;

pub mod abuse;

pub mod access_token;

pub mod app;

mod failure;

pub mod invocation;

pub mod credit_card;

pub mod elastic_path;

pub mod telemetry;

pub mod lambda;
