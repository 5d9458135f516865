//! Values that every subject uses: pure, and without a rule about orders.

pub mod card;
pub mod carried;
pub mod charged;
pub mod clock;
pub mod decline;
pub mod discount;
pub mod instrument;
pub mod memo;
pub mod money;
pub mod quarter;
pub(crate) mod text;
mod words;
