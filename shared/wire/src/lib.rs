//! The bodies that the public APIs send. Functions write these types and our programs read them;
//! the schemas of responses in `docs/openapi.yaml` are made from them.
//!
//! - A doc comment is the description of a schema, in plain Markdown.
//! - An `Option` is null without a value. With `skip_serializing_if` it is left out, and never
//!   null; where both mean something, the member is an `Option` of [`OrNull`].
//! - Amounts are in minor units, such as cents.
//! - Readers ignore members that they do not know, and keep words that they do not know
//!   ([`Word`]).

pub mod constant;
pub mod error;
pub mod list;
#[cfg(feature = "schema")]
pub mod schema;
pub mod service;
pub mod values;

pub use {
    error::{Error, ErrorFacts, ErrorMeta, Errors, FailureAdvice, GatewayAnswer, LimitOf},
    list::{Links, Page, PageMeta, Readable, UnreadableItem},
    service::{PaymentsSwitch, Status},
    values::{
        CurrencyCode, Milliseconds, Minor, OrNull, PositiveMinor, Price, Seconds, SignedPrice, Single,
        Timestamps, Word,
    },
};
