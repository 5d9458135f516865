//! Whole requests against both APIs, in memory, and whole responses: status, headers, body, the
//! calls of the gateway, and the lines of the log. A file in `expected` has them for each table, a
//! log only where it differs from the first one of its kind; `WRITE_EXPECTED=1` writes it anew, to
//! be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![expect(clippy::too_many_lines, reason = "a table is as long as what it lists")]

mod agenda;
mod ask;
mod by_hand;
mod credit_card;
mod disputes;
mod fixture;
mod log;
mod merchants;
mod table;
mod words;
mod world;

mod follow_ups;
mod lists;
mod orders;
mod pay;
mod people;
mod reads;
mod schedules;
mod schemes;
mod settlement;
mod shop;
mod sources;
mod stop;
mod stored_cards;
mod surcharges;
mod tokens;
mod unread;
mod webhooks;
