//! In the place of the table, for functions that may not read it.

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::DisputeReport,
    payments::{KnownDisputes, Merchant, StoreError},
};

/// Knows of no chargeback, and says so: a payment that a rule is to refund is left to `reconcile`.
pub struct LeftToReconcile;

#[async_trait]
impl KnownDisputes for LeftToReconcile {
    async fn of_payments(
        &self,
        _merchant: &Merchant,
        _references: &[&str],
        _since: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError> {
        Err(StoreError::Unavailable("this function may not read deposits; reconcile does".to_owned()))
    }
}
