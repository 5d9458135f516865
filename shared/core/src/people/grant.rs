//! A person's permissions: a role, and how much may be refunded.

use crate::{payments::Role, values::RefundMax};

/// The permissions of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// As of a merchant's key.
    pub role: Role,
    /// The most of the refunds of one order.
    pub refund_max: RefundMax,
}

impl Grant {
    /// The same with the stated parts replaced.
    #[must_use]
    pub fn with(&self, role: Option<Role>, refund_max: Option<RefundMax>) -> Self {
        Self {
            role: role.unwrap_or(self.role),
            refund_max: refund_max.unwrap_or_else(|| self.refund_max.clone()),
        }
    }
}
