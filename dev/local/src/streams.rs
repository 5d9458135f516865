//! The table's stream, handed to the functions that consume it, as Lambda's event source mappings
//! do.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodbstreams::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient},
    types::{AttributeValue, Record, ShardIteratorType, StreamDescription},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::{dynamodb::reason, functions::Functions, permissions::acting_as, resources::REGION};

/// Changes in a batch, as `template.yaml` has it.
const BATCH_SIZE: i32 = 100;

/// The most that Lambda hands over in one invocation, in bytes of JSON.
const BATCH_MAX_BYTES: usize = 6_000_000;

/// How often a batch that fails is delivered in a row: as with Lambda, it comes again, since calls
/// can take too long on a slow machine.
const DELIVERIES: usize = 3;

/// A table's stream, and how far each consumer has come.
pub(crate) struct Stream {
    client: Client,
    table: String,
    /// How far each has come. Forgotten with the process: a repeated change does no harm.
    consumers: BTreeMap<String, Mutex<Vec<Shard>>>,
}

/// A part of a stream, as a consumer has found it at first. Here there are never others, and
/// looking them up again reads all changes that there were.
struct Shard {
    stream: String,
    id: String,
    /// The number of the last change that is dealt with.
    done: Option<String>,
}

impl Stream {
    pub(crate) fn new(
        dynamodb_url: &str,
        http_client: SharedHttpClient,
        table: &str,
        consumers: &BTreeSet<String>,
    ) -> Self {
        let config = aws_sdk_dynamodbstreams::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(dynamodb_url)
            .credentials_provider(Credentials::new("local", "local", None, None, "local stack"))
            .http_client(http_client);
        let consumers = consumers.iter().map(|consumer| (consumer.clone(), Mutex::default())).collect();
        Self { client: Client::from_conf(config.build()), table: table.to_owned(), consumers }
    }

    /// Hands every consumer all that there is, and returns how many changes one took at most. One
    /// that fails or is slow holds up no other.
    pub(crate) async fn deliver(&self, functions: &Functions) -> Result<usize, String> {
        let all = self.consumers.iter().map(|(consumer, shards)| async move {
            let mut shards = shards.lock().await;
            // Lambda reads the stream with the function's own permissions.
            let run = self.deliver_to(consumer, functions, &mut shards);
            acting_as(consumer.clone(), run).await.map_err(|error| format!("{consumer}: {error}"))
        });
        let delivered = join_all(all).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(delivered.into_iter().max().unwrap_or_default())
    }

    async fn deliver_to(
        &self,
        consumer: &str,
        functions: &Functions,
        shards: &mut Vec<Shard>,
    ) -> Result<usize, String> {
        if shards.is_empty() {
            *shards = self.find_shards().await?;
        }
        let mut changes = 0;
        for shard in shards {
            let mut failures = 0;
            loop {
                let mut records = self.read(shard).await?;
                let event = event(&mut records);
                let Some(last) = records.last().and_then(number) else { break };
                let response = functions.invoke_with_event(consumer, &event).await;
                let response = response.map_err(|error| error.to_string())?;
                if let Some(failed) = response["batchItemFailures"][0]["itemIdentifier"].as_str() {
                    let numbers = records.iter().filter_map(number);
                    let done: Vec<&str> = numbers.take_while(|number| *number != failed).collect();
                    changes += done.len();
                    shard.done = done.last().map(|last| (*last).to_owned()).or(shard.done.take());
                    failures += 1;
                    if failures < DELIVERIES {
                        continue;
                    }
                    return Err(format!("it could not deal with change {failed}"));
                }
                failures = 0;
                changes += records.len();
                shard.done = Some(last.to_owned());
            }
        }
        Ok(changes)
    }

    async fn find_shards(&self) -> Result<Vec<Shard>, String> {
        let streams = self.client.list_streams().table_name(&self.table).send().await;
        let streams = streams.map_err(|error| reason(&error))?;
        let mut shards = Vec::new();
        for arn in streams.streams().iter().filter_map(|stream| stream.stream_arn()) {
            let stream = self.client.describe_stream().stream_arn(arn).send().await;
            let stream = stream.map_err(|error| reason(&error))?;
            let there = stream.stream_description().map(StreamDescription::shards).unwrap_or_default();
            shards.extend(there.iter().filter_map(|shard| {
                let (stream, id) = (arn.to_owned(), shard.shard_id()?.to_owned());
                Some(Shard { stream, id, done: None })
            }));
        }
        Ok(shards)
    }

    async fn read(&self, shard: &Shard) -> Result<Vec<Record>, String> {
        let from = if shard.done.is_some() {
            ShardIteratorType::AfterSequenceNumber
        } else {
            ShardIteratorType::TrimHorizon
        };
        let request = self.client.get_shard_iterator().stream_arn(&shard.stream).shard_id(&shard.id);
        let request = request.shard_iterator_type(from).set_sequence_number(shard.done.clone());
        let iterator = request.send().await.map_err(|error| reason(&error))?.shard_iterator;
        let request = self.client.get_records().set_shard_iterator(iterator).limit(BATCH_SIZE);
        let records = request.send().await.map_err(|error| reason(&error))?;
        Ok(records.records.unwrap_or_default())
    }
}

fn number(record: &Record) -> Option<&str> {
    record.dynamodb()?.sequence_number()
}

/// The event with as many of these as fit into one; the others are left out.
fn event(records: &mut Vec<Record>) -> String {
    let mut changes: Vec<String> = Vec::new();
    let mut bytes = 0;
    for change in records.iter().map(|one| record(one).to_string()) {
        bytes += change.len();
        if bytes > BATCH_MAX_BYTES && !changes.is_empty() {
            break;
        }
        changes.push(change);
    }
    records.truncate(changes.len());
    format!(r#"{{"Records":[{}]}}"#, changes.join(","))
}

/// A change as Lambda hands it to a function.
fn record(record: &Record) -> Value {
    let change = record.dynamodb();
    let image = |image: Option<&std::collections::HashMap<String, AttributeValue>>| image.map(object);
    json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(aws_sdk_dynamodbstreams::types::OperationType::as_str),
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "Keys": image(change.and_then(|change| change.keys())),
            "OldImage": image(change.and_then(|change| change.old_image())),
            "NewImage": image(change.and_then(|change| change.new_image())),
            "SequenceNumber": number(record),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}

fn object(members: &std::collections::HashMap<String, AttributeValue>) -> Value {
    let members = members.iter().map(|(name, value)| (name.clone(), attribute(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// The value in the JSON of DynamoDB's stream records.
fn attribute(value: &AttributeValue) -> Value {
    let bytes = |blob: &[u8]| BASE64_STANDARD.encode(blob);
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(blob) => json!({ "B": bytes(blob.as_ref()) }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(attribute).collect::<Vec<_>>() }),
        AttributeValue::M(members) => json!({ "M": object(members) }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(blobs) => {
            json!({ "BS": blobs.iter().map(|blob| bytes(blob.as_ref())).collect::<Vec<_>>() })
        }
        _ => json!({ "NULL": true }),
    }
}
