//! The tables in DynamoDB, one folder for each subject, and what they share. The only folder that knows DynamoDB.

mod card;
pub mod customers;
pub mod deliveries;
pub mod journal;
mod members;
pub mod orders;
mod route;
pub mod stream;
mod words;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use tollgate_core::payments::store::StoreError;

use crate::aws_error;

/// An item's attributes as they are stored.
pub type Item = HashMap<String, AttributeValue>;

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(aws_error::describe(error))
}
