//! What a person may do: a role, and how much may be given back.

use crate::{payments::Role, values::RefundMax};

/// What a person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// As of a merchant's key.
    pub role: Role,
    /// The most of the refunds of one order.
    pub refund_max: RefundMax,
}

impl Grant {
    /// The same with what is stated in its place.
    #[must_use]
    pub fn with(&self, role: Option<Role>, refund_max: Option<RefundMax>) -> Self {
        Self {
            role: role.unwrap_or(self.role),
            refund_max: refund_max.unwrap_or_else(|| self.refund_max.clone()),
        }
    }
}
