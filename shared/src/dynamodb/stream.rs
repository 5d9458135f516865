//! What the tables' streams have in common: DynamoDB's JSON, which its SDK does not read from a text, and what a consumer
//! tells Lambda.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Item;

/// The attributes of an image.
pub(super) fn object(members: Map<String, Value>) -> Option<Item> {
    members.into_iter().map(|(name, value)| Some((name, attribute(value)?))).collect()
}

fn attribute(value: Value) -> Option<AttributeValue> {
    let Value::Object(value) = value else { return None };
    let (kind, value) = value.into_iter().next()?;
    let text = |value: Value| if let Value::String(text) = value { Some(text) } else { None };
    let list = |value: Value| if let Value::Array(list) = value { Some(list) } else { None };
    let bytes = |value: Value| Some(Blob::new(STANDARD.decode(text(value)?).ok()?));
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text(value)?),
        "N" => AttributeValue::N(text(value)?),
        "B" => AttributeValue::B(bytes(value)?),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(list(value)?.into_iter().map(attribute).collect::<Option<_>>()?),
        "SS" => AttributeValue::Ss(list(value)?.into_iter().map(text).collect::<Option<_>>()?),
        "NS" => AttributeValue::Ns(list(value)?.into_iter().map(text).collect::<Option<_>>()?),
        "BS" => AttributeValue::Bs(list(value)?.into_iter().map(bytes).collect::<Option<_>>()?),
        "M" => {
            let Value::Object(members) = value else { return None };
            AttributeValue::M(object(members)?)
        }
        _ => return None,
    })
}

/// What a consumer returns to Lambda: where in the batch to start again. Empty where all of it is dealt with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl StreamResponse {
    /// From the number of the first change that is not dealt with.
    pub fn failed_from(number: Option<&str>) -> Self {
        let failed = number.map(|number| ItemFailure { item_identifier: number.to_owned() });
        Self { batch_item_failures: failed.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lambda_is_told_from_where_on_the_batch_has_to_come_again() {
        let response = |failed| json!(StreamResponse::failed_from(failed));
        assert_eq!(response(None), json!({"batchItemFailures": []}));
        assert_eq!(response(Some("7")), json!({"batchItemFailures": [{"itemIdentifier": "7"}]}));
    }
}
