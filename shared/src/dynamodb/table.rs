//! A table: its requests, and what its responses mean.

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::builders::DeleteItemFluentBuilder, get_item::builders::GetItemFluentBuilder,
        put_item::builders::PutItemFluentBuilder, query::builders::QueryFluentBuilder,
        update_item::builders::UpdateItemFluentBuilder,
    },
    types::AttributeValue,
};
use tollgate_core::payments::StoreError;

use super::Item;
use crate::aws_error;

/// A table that exists.
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Table {
    pub(super) fn get(&self, key: Item) -> GetItemFluentBuilder {
        self.client.get_item().table_name(&self.name).set_key(Some(key))
    }

    pub(super) fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(item))
    }

    pub(super) fn delete(&self, key: Item) -> DeleteItemFluentBuilder {
        self.client.delete_item().table_name(&self.name).set_key(Some(key))
    }

    pub(super) fn update(&self, key: Item) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).set_key(Some(key))
    }

    /// A query, with the names and the texts that its condition has placeholders for.
    pub(super) fn query(
        &self,
        condition: &str,
        names: &[(&str, &str)],
        texts: &[(&str, &str)],
    ) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.name).key_condition_expression(condition);
        let request =
            names.iter().fold(request, |request, (of, name)| request.expression_attribute_names(*of, *name));
        texts.iter().fold(request, |request, (of, text)| {
            request.expression_attribute_values(*of, AttributeValue::S((*text).to_owned()))
        })
    }
}

/// All items that a query finds, page after page.
pub(super) async fn all(query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let page = query.clone().set_exclusive_start_key(next).send().await;
        let page = page.map_err(|error| unavailable(&error))?;
        items.extend(page.items.unwrap_or_default());
        next = page.last_evaluated_key;
        if next.is_none() {
            return Ok(items);
        }
    }
}

/// Whether a conditional write was made; not where its condition did not hold.
pub(super) fn was_made<T, E>(response: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata,
{
    match response {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(super) fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(aws_error::describe(error))
}
