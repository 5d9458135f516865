//! Slots for shoppers' payments in a DynamoDB table of their own, which forgets them.

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, operation::update_item::UpdateItemError, types::AttributeValue};
use tollgate_core::payments::{
    attempts::{Attempts, Slot},
    store::StoreError,
};

use crate::dynamodb::unavailable;

/// Counts in one DynamoDB table.
pub struct DynamoDbAttempts {
    client: Client,
    table: String,
}

impl DynamoDbAttempts {
    /// Counts in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

#[async_trait]
impl Attempts for DynamoDbAttempts {
    async fn take(&self, slot: &Slot, limit: u32) -> Result<bool, StoreError> {
        let number = |number: i64| AttributeValue::N(number.to_string());
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("slot_key", AttributeValue::S(slot.key.clone()))
            .update_expression("ADD taken :one SET expires_at = :until")
            .condition_expression("(attribute_not_exists(taken) OR taken < :limit) AND :zero < :limit")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":until", number(slot.until.as_second()))
            .expression_attribute_values(":limit", number(limit.into()));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }

    async fn give_back(&self, slot: &Slot) -> Result<(), StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("slot_key", AttributeValue::S(slot.key.clone()))
            .update_expression("ADD taken :back")
            .condition_expression("taken > :zero")
            .expression_attribute_values(":back", AttributeValue::N("-1".to_owned()))
            .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // Forgotten since: there is nothing to give back.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
