//! The common parts of requests: caller, members, parameters, headers.

pub(super) mod capture_terms;
pub(super) mod if_match;
pub(super) mod members;
pub(super) mod parameters;
pub(super) mod references;
pub(super) mod source;

pub(super) use {if_match::seen_version, members::TEXT_MAX, parameters::Parameters};
