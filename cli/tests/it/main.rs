//! The commands as an operator runs them, against a local stack.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod capture;
mod change;
mod command_line;
mod customer;
mod doctor;
mod doctor_stack;
mod front;
mod inquiries;
mod installation;
mod journal;
mod list;
mod listen;
mod merchant;
mod merchant_key;
mod page;
mod payment;
mod person;
mod resolve;
mod restore;
mod rollback;
mod settlement;
mod sign_in_client;
mod spoiled;
mod stop;
mod support;
mod tail;
mod totals;
mod trigger;
mod unknown_merchant;
mod webhook;
