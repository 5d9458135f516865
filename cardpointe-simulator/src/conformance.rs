//! The conformance kit: plays requests against a `CardPointe` sandbox and against this simulator,
//! and tells the differences.
//!
//! Inferred behavior comes first. The sandbox is a test system: no money moves there, and only the
//! vendor's published test cards are sent.

mod fixtures;
mod gateway;
mod observation;
mod probe;
mod probes;
mod run;
mod target;

pub use gateway::Credentials;
pub use run::{Difference, Outcome, Plan, Report, run};
pub use target::Target;
