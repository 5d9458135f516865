//! Whether payments are stopped, for all merchants at once: a port. An operator throws the switch; it outlives
//! deployments and rollbacks.

use async_trait::async_trait;

use crate::payments::StoreError;

/// Tells whether an operator has stopped payments.
#[async_trait]
pub trait Switch: Send + Sync {
    /// Whether nothing may be sent to the gateway that moves money. An error means that it cannot be told, which
    /// is no permission to go on.
    async fn is_stopped(&self) -> Result<bool, StoreError>;
}
