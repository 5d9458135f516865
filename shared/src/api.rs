//! Code that the two APIs share, so that another API costs a folder: how a body is read, who calls,
//! why a request was not carried out, and how a handler's result becomes HTTP. Each API keeps its
//! own member names, statuses, and form of responses.

pub(crate) mod attempt;
pub(crate) mod body;
pub(crate) mod caller;
pub mod code;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod members;
pub(crate) mod problem;
pub(crate) mod rate_limit;
pub(crate) mod stated;

pub use code::Code;
pub(crate) use {
    attempt::Attempt,
    body::{Document, Node},
    caller::{Caller, denied},
    exchange::{Handled, Page, Reply, body_bytes, json_body, json_document, json_text, must_not_be_stopped},
    failure::Failure,
    members::{IGNORE_SCHEME_ADVICE, Members},
    problem::Problem,
    stated::{NotPerformed, Stated},
};
