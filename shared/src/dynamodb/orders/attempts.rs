//! Slots for shoppers' payments in a DynamoDB table of their own, which forgets them.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use tollgate_core::payments::{Attempts, Slot, StoreError};

use crate::dynamodb::{
    number_of,
    table::{Table, was_made},
    texts,
};

/// Counts in one DynamoDB table.
pub struct DynamoDbAttempts(Table);

impl DynamoDbAttempts {
    /// Counts in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }
}

#[async_trait]
impl Attempts for DynamoDbAttempts {
    async fn take(&self, slot: &Slot, limit: u32) -> Result<bool, StoreError> {
        let request = self
            .0
            .update(texts([("slot_key", &slot.key)]))
            .update_expression("ADD taken :one SET expires_at = :until")
            .condition_expression("(attribute_not_exists(taken) OR taken < :limit) AND :zero < :limit")
            .expression_attribute_values(":one", number_of(&1))
            .expression_attribute_values(":zero", number_of(&0))
            .expression_attribute_values(":until", number_of(&slot.until.as_second()))
            .expression_attribute_values(":limit", number_of(&limit));
        was_made(request.send().await)
    }

    async fn give_back(&self, slot: &Slot) -> Result<(), StoreError> {
        let request = self
            .0
            .update(texts([("slot_key", &slot.key)]))
            .update_expression("ADD taken :back")
            .condition_expression("taken > :zero")
            .expression_attribute_values(":back", number_of(&-1))
            .expression_attribute_values(":zero", number_of(&0));
        // Where it was forgotten since, there is nothing to give back.
        was_made(request.send().await).map(drop)
    }
}
