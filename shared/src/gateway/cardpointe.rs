//! CardConnect's CardPointe gateway: the client, its wire format, and what its answers mean.

mod client;
pub mod codes;
mod inquiry;
mod meaning;
pub mod transport;
mod wire;

pub use client::CardPointe;
