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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::test_aws::{Aws, condition_failed, done, throttled};

    #[tokio::test]
    async fn a_slot_is_taken_below_the_limit_and_given_back_where_it_still_is() {
        let slot = Slot { key: "k".to_owned(), until: Timestamp::from_second(3_600).unwrap() };
        let aws = Aws::responding(vec![[done(), condition_failed(), throttled()]; 2].into_iter().flatten());
        let attempts = DynamoDbAttempts::new(aws.dynamodb(), "attempts".to_owned());
        assert!(attempts.take(&slot, 3).await.unwrap());
        assert!(!attempts.take(&slot, 3).await.unwrap());
        assert!(matches!(attempts.take(&slot, 3).await, Err(StoreError::Unavailable(_))));
        let take = json!(["UpdateItem", {
            "TableName": "attempts", "Key": { "slot_key": { "S": "k" } },
            "UpdateExpression": "ADD taken :one SET expires_at = :until",
            "ConditionExpression": "(attribute_not_exists(taken) OR taken < :limit) AND :zero < :limit",
            "ExpressionAttributeValues": {
                ":one": { "N": "1" }, ":zero": { "N": "0" }, ":until": { "N": "3600" }, ":limit": { "N": "3" },
            },
        }]);
        assert_eq!(aws.so_far(), vec![take; 3]);
        attempts.give_back(&slot).await.unwrap();
        attempts.give_back(&slot).await.unwrap();
        assert!(matches!(attempts.give_back(&slot).await, Err(StoreError::Unavailable(_))));
        let give_back = json!({
            "TableName": "attempts", "Key": { "slot_key": { "S": "k" } }, "UpdateExpression": "ADD taken :back",
            "ConditionExpression": "taken > :zero",
            "ExpressionAttributeValues": { ":back": { "N": "-1" }, ":zero": { "N": "0" } },
        });
        assert_eq!(aws.bodies("UpdateItem"), vec![give_back; 3]);
    }
}
