//! The local stack's IAM: a function's requests to AWS are noted, and refused unless the function's
//! policy in the template allows them. A forgotten permission shows here, and not after the
//! deployment.
//!
//! The check applies to calls of handlers, not to samples, to tests that use the store directly, or
//! to deployed binaries.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connector_metadata::ConnectorMetadata,
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
    http::StatusCode,
};
use aws_smithy_types::config_bag::ConfigBag;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate::dynamodb::journal::BUCKET;

/// The header that names the service and the operation.
const TARGET: &str = "x-amz-target";

tokio::task_local! {
    /// The function whose handler runs here. There is none where a test or the samples call AWS on
    /// their own.
    static FUNCTION: String;
}

/// Awaits a function's handler in the function's name, and with its permissions.
pub(crate) async fn acting_as<F: Future>(function: String, handler: F) -> F::Output {
    FUNCTION.scope(function, handler).await
}

/// An action, its resource, and the items that it is limited to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// As policies spell it: `dynamodb:GetItem`.
    pub action: String,
    /// The end of its ARN, such as `table/tollgate-local/index/due`. Of secrets that have a prefix
    /// in common, the prefix and `*`.
    pub resource: String,
    /// The partition keys of the items, if not all are meant.
    pub keys: Option<Keys>,
}

/// A condition for partition keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keys {
    /// How IAM compares them with the patterns.
    pub operator: Operator,
    /// `*` at the end of one stands for anything.
    pub patterns: Vec<String>,
}

/// How IAM compares keys with patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Operator {
    /// Each key fits one of the patterns.
    #[serde(rename = "ForAllValues:StringLike")]
    Like,
    /// None fits one.
    #[serde(rename = "ForAllValues:StringNotLike")]
    NotLike,
}

impl Keys {
    /// Whether it allows this key.
    pub fn allow(&self, key: &str) -> bool {
        self.patterns.iter().any(|pattern| is_like(key, pattern)) == (self.operator == Operator::Like)
    }
}

fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

/// The name of the partition key of each table.
pub type PartitionKeys = BTreeMap<String, String>;

/// A request to AWS.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    action: String,
    resource: String,
    /// The partition keys of all items that it is about. Empty if it is about others as well.
    keys: Vec<String>,
}

/// The first members that name a call's resource.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Body {
    #[serde(alias = "Key")]
    item: Value,
    table_name: Option<String>,
    /// The reads of a batch, by table.
    request_items: BTreeMap<String, Batch>,
    index_name: Option<String>,
    secret_id: Option<String>,
    expression_attribute_values: Value,
}

/// The items of one table in a batch.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Batch {
    keys: Vec<Value>,
}

/// Actions on items whose partition key a policy can be limited to.
const ON_ITEMS: [&str; 6] = [
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
];

/// The resource of a call that names none, or several.
const ANY: &str = "*";

impl Call {
    /// The call of a request, going by its header `x-amz-target` and its body.
    pub fn new(target: &str, body: &[u8], tables: &PartitionKeys) -> Self {
        let (service, operation) = target.split_once('.').unwrap_or_default();
        let (action, resource) = match service {
            "DynamoDBStreams_20120810" => (format!("dynamodb:{operation}"), stream_of(body, tables)),
            "AWSEvents" => (format!("events:{operation}"), bus_of(body)),
            "DynamoDB_20120810" if operation == "TransactWriteItems" => {
                return Self::transaction(body, tables);
            }
            "DynamoDB_20120810" => return Self::on_table(format!("dynamodb:{operation}"), body, tables),
            "secretsmanager" => {
                let body: Body = serde_json::from_slice(body).unwrap_or_default();
                let secret = body.secret_id.filter(|_| body.table_name.is_none());
                let secret = secret.map_or_else(|| ANY.to_owned(), |name| format!("secret:{name}"));
                (format!("secretsmanager:{operation}"), secret)
            }
            _ => (target.to_owned(), ANY.to_owned()),
        };
        Self { action, resource, keys: Vec::new() }
    }

    fn on_table(action: String, body: &[u8], tables: &PartitionKeys) -> Self {
        let mut body: Body = serde_json::from_slice(body).unwrap_or_default();
        // A query has its partition key among its values.
        if action == "dynamodb:Query" {
            body.item = json!({ BUCKET: body.expression_attribute_values[":bucket"] });
        }
        let mut items = vec![body.item];
        // A call on several tables has no single table name, so no statement can permit it.
        if body.request_items.len() == 1
            && let Some((table, batch)) = body.request_items.pop_first()
        {
            (body.table_name, items) = (Some(table), batch.keys);
        }
        let (resource, keys) = match (body.table_name, body.index_name) {
            (Some(table), None) => (format!("table/{table}"), keys(&table, &action, &items, tables)),
            (Some(table), Some(index)) => (format!("table/{table}/index/{index}"), Vec::new()),
            (None, _) => (ANY.to_owned(), Vec::new()),
        };
        Self { action, resource, keys }
    }

    /// IAM knows no action for a transaction: it wants one for each of its items. Ours put some
    /// into one table. One that moves an item deletes it, too; the same function puts it where no
    /// transaction is needed.
    fn transaction(body: &[u8], tables: &PartitionKeys) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let all = body["TransactItems"].as_array().map_or(&[][..], Vec::as_slice);
        let of = |name: &str| all.iter().filter_map(|item| item.get(name)).collect::<Vec<_>>();
        let (puts, deletes) = (of("Put"), of("Delete"));
        let names: BTreeSet<_> =
            puts.iter().chain(&deletes).map(|item| item["TableName"].as_str().unwrap_or_default()).collect();
        let is_known = names.len() == 1 && puts.len() + deletes.len() == all.len();
        let (action, items): (_, Vec<_>) = if deletes.is_empty() {
            ("dynamodb:PutItem", puts.iter().map(|put| put["Item"].clone()).collect())
        } else {
            ("dynamodb:DeleteItem", deletes.iter().map(|delete| delete["Key"].clone()).collect())
        };
        let table = names.first().filter(|_| is_known);
        Self {
            action: action.to_owned(),
            resource: table.map_or_else(|| ANY.to_owned(), |table| format!("table/{table}")),
            keys: table.map_or_else(Vec::new, |table| keys(table, action, &items, tables)),
        }
    }
}

/// The partition keys of these items, or of the items with these keys.
fn keys(table: &str, action: &str, items: &[Value], tables: &PartitionKeys) -> Vec<String> {
    let name = tables.get(table).filter(|_| ON_ITEMS.contains(&action));
    let key = |item: &Value| Some(item.get(name?)?["S"].as_str()?.to_owned());
    items.iter().map(key).collect::<Option<_>>().unwrap_or_default()
}

/// A table's stream, which a call names by the table, its own name or an iterator that tells the
/// table.
fn stream_of(body: &[u8], tables: &PartitionKeys) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let iterator = body["ShardIterator"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
    let iterator = String::from_utf8_lossy(&iterator.unwrap_or_default()).into_owned();
    let named = [&body["TableName"], &body["StreamArn"]].map(|name| name.as_str().unwrap_or_default());
    let is_named = |table: &&String| iterator.contains(*table) || named.iter().any(|it| it.contains(*table));
    // One name begins with another.
    let table = tables.keys().filter(is_named).max_by_key(|table| table.len());
    table.map_or_else(|| ANY.to_owned(), |table| format!("table/{table}/stream"))
}

/// The one bus that events are for.
fn bus_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = body["Entries"].as_array().into_iter().flatten();
    let buses: BTreeSet<_> = entries.map(|entry| entry["EventBusName"].as_str().unwrap_or(ANY)).collect();
    format!("event-bus/{}", buses.into_iter().collect::<Vec<_>>().join(","))
}

impl Permission {
    /// Whether a function that has it may make this call.
    pub fn allows(&self, call: &Call) -> bool {
        let are_allowed = |keys: &Keys| !call.keys.is_empty() && call.keys.iter().all(|key| keys.allow(key));
        self.action == call.action
            && is_like(&call.resource, &self.resource)
            && self.keys.as_ref().is_none_or(are_allowed)
    }

    /// How much it allows, compared with others for the same call.
    fn breadth(&self) -> usize {
        self.keys.as_ref().map_or(usize::MAX, |keys| keys.patterns.len())
    }
}

impl From<Call> for Permission {
    /// The permission that this call and no other needs.
    fn from(Call { action, resource, keys }: Call) -> Self {
        let keys = Some(keys).filter(|keys| !keys.is_empty());
        let keys = keys.map(|patterns| Keys { operator: Operator::Like, patterns });
        Self { action, resource, keys }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.keys.as_ref().map_or(Ok(()), |keys| write!(f, ", keys {keys}"))
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = if self.operator == Operator::Like { "like" } else { "unlike" };
        write!(f, "{operator} {}", self.patterns.join(", "))
    }
}

/// The permissions of functions, and those that they used or tried to use; by the function's
/// binary.
pub type ByFunction = BTreeMap<String, BTreeSet<Permission>>;

/// Holds every function of a stack to its policy.
#[derive(Debug)]
pub(crate) struct Permissions {
    granted: ByFunction,
    tables: PartitionKeys,
    performed: Mutex<ByFunction>,
}

impl Permissions {
    /// With all grants but those that are withdrawn again: function and action.
    pub(crate) fn new(mut granted: ByFunction, tables: PartitionKeys, withdrawn: &[(&str, &str)]) -> Self {
        for (function, action) in withdrawn {
            if let Some(granted) = granted.get_mut(*function) {
                granted.retain(|permission| permission.action != *action);
            }
        }
        Self { granted, tables, performed: Mutex::default() }
    }

    /// Each function's requests to AWS so far, whether they were allowed or not.
    pub(crate) fn performed(&self) -> ByFunction {
        self.lock().clone()
    }

    /// Counts from now on: requests that made the samples are not a function's own.
    pub(crate) fn begin(&self) {
        self.lock().clear();
    }

    /// A client whose requests are checked here first.
    pub(crate) fn guard(self: &Arc<Self>, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(GuardedClient { client, permissions: Arc::clone(self) })
    }

    /// Notes a request, and responds the way AWS does if the function that sends it may not.
    fn check(&self, request: &HttpRequest) -> Option<Result<HttpResponse, ConnectorError>> {
        let function = FUNCTION.try_with(String::clone).ok()?;
        let target = request.headers().get(TARGET).unwrap_or("a request without an action");
        let call = Call::new(target, request.body().bytes().unwrap_or_default(), &self.tables);
        let granted = self.granted.get(&function).into_iter().flatten();
        // The broadest: a narrower one beside it is never used, which a test finds.
        let granted = granted.filter(|one| one.allows(&call)).max_by_key(|one| one.breadth()).cloned();
        let is_granted = granted.is_some();
        let permission = granted.unwrap_or_else(|| call.into());
        let refusal = (!is_granted).then(|| {
            tracing::error!(function, %permission, "the function's policy in template.yaml does not allow this");
            refuse(&function, &permission)
        });
        self.lock().entry(function).or_default().insert(permission);
        refusal
    }

    fn lock(&self) -> MutexGuard<'_, ByFunction> {
        self.performed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The SDK repeats no call that gets this response.
fn refuse(function: &str, permission: &Permission) -> Result<HttpResponse, ConnectorError> {
    let Permission { action, resource, .. } = permission;
    let message = format!(
        "User: arn:aws:sts::000000000000:assumed-role/{function} is not authorized to perform: {action} on \
         resource: {resource} because no identity-based policy allows the {action} action"
    );
    let body = json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "message": message });
    let status = StatusCode::try_from(400).map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, body.to_string().into());
    response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
    Ok(response)
}

#[derive(Debug)]
struct GuardedClient {
    client: SharedHttpClient,
    permissions: Arc<Permissions>,
}

impl HttpClient for GuardedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(GuardedConnector {
            connector: self.client.http_connector(settings, components),
            permissions: Arc::clone(&self.permissions),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.client.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.client.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

#[derive(Debug)]
struct GuardedConnector {
    connector: SharedHttpConnector,
    permissions: Arc<Permissions>,
}

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.permissions.check(&request) {
            Some(refusal) => HttpConnectorFuture::ready(refusal),
            None => self.connector.call(request),
        }
    }
}
