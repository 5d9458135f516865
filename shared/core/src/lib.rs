//! The rules of Tollgate: the operations that an order allows, the requests to the gateway, and the
//! meaning of its responses.
//!
//! A folder per subject, each with its rules, its ports (traits that the adapters of the package
//! `tollgate` implement) and its use cases. A folder uses only those above it in this list:
//!
//! 1. [`values`]: money, cards, texts, times.
//! 2. [`order`]: the aggregate that every rule is about, its payments and their operations.
//! 3. [`payments`]: the one flow for everything that moves money, the schedules, and the gateway's
//!    port.
//! 4. [`stored_cards`], [`journal`] and [`people`]: cards that are charged again; every fact, its
//!    lists and its totals; who acts for a merchant.
//! 5. [`settlement`]: reports of the gateway and the bank about captured money.
//! 6. [`webhooks`]: events of orders, and their delivery to a merchant's receivers.
//!
//! Neither AWS nor HTTP is known here, so the compiler holds that boundary. See `ARCHITECTURE.md`.

// As the package of the doubles names it.
#[cfg(test)]
extern crate self as tollgate_core;

pub mod journal;
// Not a dev-dependency: that would implement the ports of another build of this crate, and unit
// tests have this one's.
#[cfg(test)]
#[path = "../../../dev/memory/src/lib.rs"]
#[expect(dead_code, unused_imports, reason = "other packages' tests use the rest")]
#[expect(unreachable_pub, reason = "it is a package of its own, too")]
mod memory;
pub mod order;
pub mod payments;
pub mod people;
pub mod settlement;
pub mod stored_cards;
#[cfg(test)]
mod test_merchant;
pub mod values;
pub mod webhooks;
