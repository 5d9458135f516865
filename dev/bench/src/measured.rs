//! What a run of all measurements finds. `docs/performance/figures.json` is one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    captures,
    counts::{Counts, Step},
    instructions::Instructions,
    start::Start,
    warm::Warm,
};

/// Everything that was measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Starts without a network: every function, the empty one, the peers.
    pub(crate) starts: Vec<Start>,
    /// Starts with connections to local servers.
    pub(crate) connected: Vec<Start>,
    /// Calls and units of each step.
    pub(crate) counts: Counts,
    /// Warm requests by program and request.
    pub(crate) warm: BTreeMap<String, Warm>,
    /// Calls of a warm request by program and request.
    pub(crate) peer_steps: BTreeMap<String, Step>,
    /// A first request in milliseconds, from the start of the process.
    pub(crate) cold_ms: BTreeMap<String, f64>,
    /// Memory over many requests.
    pub(crate) memory: Warm,
    /// Scheduled captures against a gateway that takes 200 ms.
    pub(crate) captures: captures::Row,
    /// By the name of the request.
    pub(crate) instructions: BTreeMap<String, Instructions>,
    /// Packed size in bytes by function.
    pub(crate) packed: BTreeMap<String, usize>,
    /// The machine, as far as it matters.
    pub(crate) machine: String,
}
