//! The commands as an operator runs them, against a local stack.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod doctor;
mod merchant;
mod payment;
mod resolve;
mod spoiled;
mod stop;
mod support;
