//! AWS as tests script it: its responses, and the requests sent to it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig};
use serde_json::{Value, json};
use tollgate_core::payments::Shards;

use crate::dynamodb::orders::DynamoDbStore;

/// Different numbers, so that one cannot be taken for the other.
pub(crate) const SHARDS: Shards = Shards { in_doubt: 4, captures: 16 };

/// The table of orders, whose next requests get these responses.
pub(crate) fn store(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbStore, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbStore::new(aws.dynamodb(), "orders".to_owned(), SHARDS), aws)
}

/// A status and a body.
pub(crate) type Scripted = (u16, Value);

/// Services of AWS that respond as they are told and keep the requests.
#[derive(Debug)]
pub(crate) struct Aws {
    responses: Mutex<VecDeque<Scripted>>,
    sent: Mutex<Vec<Value>>,
}

#[derive(Debug)]
struct Connection(Arc<Aws>);

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let no_more = format!("one request more than there are responses: {operation} {body}");
        self.0.sent.lock().unwrap().push(json!([operation, body]));
        let (status, body) = self.0.responses.lock().unwrap().pop_front().expect(&no_more);
        let body = SdkBody::from(body.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), body)))
    }
}

impl Aws {
    /// Responds with these, in order, and to nothing more.
    pub(crate) fn responding(responses: impl IntoIterator<Item = Scripted>) -> Arc<Self> {
        let responses = Mutex::new(responses.into_iter().collect());
        Arc::new(Self { responses, sent: Mutex::default() })
    }

    /// Every request since this was last called: the operation's name and the body.
    pub(crate) fn so_far(&self) -> Vec<Value> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// The same at the end: no response is left.
    pub(crate) fn sent(&self) -> Value {
        let left = self.responses.lock().unwrap().clone();
        assert!(left.is_empty(), "not requested: {left:?}");
        self.so_far().into()
    }

    /// The bodies of requests that all call this operation.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<Value> {
        let sent = self.sent();
        let each = sent.as_array().unwrap().iter().map(|request| {
            assert_eq!(request[0], operation, "{sent}");
            request[1].clone()
        });
        each.collect()
    }

    /// The HTTP client that sends requests to it.
    pub(crate) fn http_client(self: &Arc<Self>) -> SharedHttpClient {
        let connection = SharedHttpConnector::new(Connection(Arc::clone(self)));
        http_client_fn(move |_, _| connection.clone())
    }

    /// A client of DynamoDB that sends each request once.
    pub(crate) fn dynamodb(self: &Arc<Self>) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(self.http_client());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A client of Secrets Manager that sends each request once.
    pub(crate) fn secrets_manager(self: &Arc<Self>) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(self.http_client());
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }
}

/// A response with this body.
pub(crate) fn ok(body: Value) -> Scripted {
    (200, body)
}

/// A write that was made, or a read that found nothing.
pub(crate) fn done() -> Scripted {
    ok(json!({}))
}

/// An error of a service.
pub(crate) fn error(code: &str) -> Scripted {
    (400, json!({ "__type": format!("com.amazonaws.service#{code}"), "message": "no more is said" }))
}

/// A write whose condition did not hold.
pub(crate) fn condition_failed() -> Scripted {
    error("ConditionalCheckFailedException")
}

/// The same, with the item there.
pub(crate) fn condition_failed_at(item: &Value) -> Scripted {
    let (status, mut body) = condition_failed();
    body["Item"] = item.clone();
    (status, body)
}

/// A table, or a service, that takes no more for now.
pub(crate) fn throttled() -> Scripted {
    error("ThrottlingException")
}

/// An object, with some members replaced; those that are null are left out.
pub(crate) fn with(object: &Value, members: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}
