//! Sign-ins in progress and sessions in DynamoDB: an item each, under the digest of its secret,
//! sealed.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    primitives::Blob,
    types::{AttributeValue, ReturnValue},
};
use tollgate::aws_error::describe;

use crate::store::{SessionStore, StoreFailure, Stored};

/// The key: the kind and the digest of the secret.
const KEY: &str = "b";
const SEALED: &str = "d";
/// When DynamoDB may delete the item, in seconds since 1970.
const EXPIRES: &str = "x";

/// Keeps sessions in a table.
pub struct DynamoDbSessions {
    client: Client,
    table: String,
}

impl DynamoDbSessions {
    /// In the table with this name; nothing is called yet.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    fn writing(&self, stored: &Stored) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(&self.table)
            .item(KEY, AttributeValue::S(stored.key.clone()))
            .item(SEALED, AttributeValue::B(Blob::new(stored.sealed.as_slice())))
            .item(EXPIRES, AttributeValue::N(stored.expires.as_second().to_string()))
    }
}

/// The sealed content of an item. One without it counts as none: it cannot be opened anyway.
fn sealed_of(item: Option<std::collections::HashMap<String, AttributeValue>>) -> Option<Vec<u8>> {
    match item?.remove(SEALED) {
        Some(AttributeValue::B(sealed)) => Some(sealed.into_inner()),
        _ => None,
    }
}

#[async_trait]
impl SessionStore for DynamoDbSessions {
    async fn put(&self, stored: &Stored) -> Result<(), StoreFailure> {
        let written = self.writing(stored).send().await;
        written.map(drop).map_err(|error| StoreFailure(describe(&error)))
    }

    async fn replace(&self, stored: &Stored) -> Result<bool, StoreFailure> {
        let writing = self.writing(stored).condition_expression("attribute_exists(#b)");
        match writing.expression_attribute_names("#b", KEY).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(StoreFailure(describe(&error))),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        let reading = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = reading.key(KEY, AttributeValue::S(key.to_owned())).send().await;
        found.map(|found| sealed_of(found.item)).map_err(|error| StoreFailure(describe(&error)))
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        let deleting = self.client.delete_item().table_name(&self.table).return_values(ReturnValue::AllOld);
        let deleted = deleting.key(KEY, AttributeValue::S(key.to_owned())).send().await;
        deleted.map(|deleted| sealed_of(deleted.attributes)).map_err(|error| StoreFailure(describe(&error)))
    }
}

fn is_missing(error: &SdkError<PutItemError>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
}
