//! Cards that a customer may be charged with again: their rules, their verification, and who holds them.

pub mod customers;
pub mod payment_method;
pub mod payment_methods;
pub mod profiles;
