//! The core's ports in memory: one double each, for the tests of the rules and of the APIs, the
//! simulation and the benchmark. A double keeps the adapter's contract: writes are conditional,
//! pages have their order and their limit. Faults are in [`Faults`], which every call passes. The
//! crate also has the initial data of tests' payments, and their log lines.
//!
//! The core includes this folder as a module of its own tests, because its ports are other types
//! when it is tested.

mod card_notes;
mod clock;
mod faults;
mod journal;
mod locked;
mod log;
mod orders;
mod payments;
mod settlement;
mod shop_orders;

pub use card_notes::CardNoteTable;
pub use clock::SetClock;
pub use faults::Faults;
pub use journal::{ENTRY_BYTES, JournalTable};
pub use log::Log;
pub use orders::{OrderTable, Reads};
pub use payments::{dispute, new_operation, pay, payment};
pub use settlement::{Claimed, SettlementTable};
pub use shop_orders::ShopOrderTable;
