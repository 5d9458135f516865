//! The common parts of the tables' streams: a record, and a consumer's response to Lambda.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A change to an item.
#[derive(Deserialize)]
pub(super) struct Record {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    #[serde(rename = "eventName", default)]
    pub(super) name: String,
    pub(super) dynamodb: Images,
}

/// The item before and after the change, in DynamoDB's JSON.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Images {
    pub(super) sequence_number: String,
    #[serde(default)]
    pub(super) keys: Map<String, Value>,
    pub(super) old_image: Option<Map<String, Value>>,
    pub(super) new_image: Option<Map<String, Value>>,
}

/// A consumer's response to Lambda: where in the batch to start again. Empty where the whole batch
/// is dealt with.
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
