//! The bodies that the public APIs send. Functions write these types, and the schemas of responses
//! in `docs/openapi.yaml` are made from them.
//!
//! - A doc comment is the description of a schema, in plain Markdown.
//! - An `Option` is null without a value. With `skip_serializing_if` it is left out, and never
//!   null; where both mean something, the member is an [`OrNull`].
//! - Amounts are in minor units, such as cents.
//! - Readers ignore members that they do not know, and keep words that they do not know
//!   ([`Word`]).

mod attribution;
mod audit;
mod card;
pub mod constant;
pub mod credit_card;
mod deposits;
mod entries;
mod error;
mod event;
mod gateways;
mod list;
mod me;
mod month;
mod order;
mod payment_methods;
mod people;
mod possible;
mod proposal;
mod read;
mod receipt;
#[cfg(feature = "schema")]
pub mod schema;
mod service;
mod settlement;
mod stop;
mod surcharge;
mod token;
mod totals;
mod transaction;
mod transactions;
mod values;
mod webhooks;

pub use attribution::*;
pub use audit::*;
pub use card::*;
pub use deposits::*;
pub use entries::*;
pub use error::*;
pub use event::*;
pub use gateways::*;
pub use list::*;
pub use me::*;
pub use month::*;
pub use order::*;
pub use payment_methods::*;
pub use people::*;
pub use possible::*;
pub use proposal::*;
pub use read::read;
pub use receipt::*;
pub use service::*;
pub use settlement::*;
pub use stop::*;
pub use surcharge::*;
pub use token::*;
pub use totals::*;
pub use transaction::*;
pub use transactions::*;
pub use values::*;
pub use webhooks::*;
