//! The conformance kit: plays requests against a `CardPointe` sandbox and against this simulator,
//! and finds the settings with which the simulator behaves as the sandbox does.
//!
//! Inferred behavior comes first. The sandbox is a test system: no money moves there, and only the
//! vendor's published test cards are sent. A live run makes a few payments of up to 1.00 and voids
//! them.

mod fixtures;
mod gateway;
mod guard;
mod live;
mod message;
mod observation;
mod probe;
mod probes;
mod rehearsal;
mod report;
mod run;
mod run_record;
mod search;
mod session;
mod target;

pub use gateway::Credentials;
pub use live::LiveCard;
pub use report::{Conclusion, Difference, Finding, Outcome, Remaining, Report, Symptom};
pub use run::{Plan, Progress, run};
pub use target::Target;
