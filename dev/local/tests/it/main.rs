//! Tests of the local stack, and of the whole of Tollgate on it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod access;
mod api_gateway;
mod api_reference;
mod binaries;
mod binary;
mod bodies;
mod card_testing;
mod card_tokens;
mod checkout;
#[path = "../common/client.rs"]
mod client;
mod client_habits;
mod concurrency;
mod connections;
mod credit_card;
mod credit_card_attacks;
mod credit_card_bad_bodies;
mod credit_card_bad_follow_ups;
mod credit_card_bad_input;
mod credit_card_bad_values;
mod credit_card_client;
mod docs;
mod events;
mod faults;
mod figures;
mod function;
mod guessed_merchants;
mod inventory;
mod journal;
mod notifications;
mod openapi;
mod pages;
mod pay;
mod permissions;
mod personal_data;
#[path = "../common/process.rs"]
mod process;
mod random_requests;
mod reconcile;
mod references;
mod reports;
mod roles;
mod scheduled_capture;
mod secrets_manager;
mod shop;
mod shopper_isolation;
mod stack;
mod stopped_merchants;
mod stopped_payments;
mod store;
mod stored_cards;
mod support;
mod template;
mod transactions;
mod webhooks;
