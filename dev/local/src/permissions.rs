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

use crate::{
    issuer::CLIENTS_SECRET,
    merchants,
    resources::{
        ATTEMPTS_TABLE_NAME, CONSOLE_SECRET, CONSOLE_TABLE_NAME, EVENT_BUS_NAME, JOURNAL_TABLE_NAME,
        PEOPLE_TABLE_NAME, SETTLEMENT_TABLE_NAME, TABLE_NAME, WEBHOOKS_PREFIX, WEBHOOKS_TABLE_NAME,
    },
};

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

/// An action and its resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// As policies spell it: `dynamodb:GetItem`.
    pub action: String,
    /// The resource that the action applies to.
    pub resource: Resource,
}

/// A resource that a function can be permitted to use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The table itself, without its indexes: orders, customers and the switch.
    Table,
    /// The items of that table that are orders.
    Orders,
    /// Those that are customers with their stored cards.
    Customers,
    /// Those that stop payments: of all merchants, and of one.
    Switches,
    /// Those that are events to be told.
    Told,
    /// The one that is the heartbeat.
    Heartbeat,
    /// Those that stop one merchant's.
    MerchantSwitches,
    /// One of the table's indexes.
    Index(String),
    /// The table of shoppers' attempts.
    AttemptsTable,
    /// The journal's table, without its index.
    JournalTable,
    /// The items of that table that are no entries but totals.
    Totals,
    /// Those that are no entries but lead to open holds.
    Holds,
    /// Those that are settlement's own entries.
    DepositEntries,
    /// The index of the journal's table with this name.
    JournalIndex(String),
    /// The table of the settlement, without its index.
    SettlementTable,
    /// The items of that table that are exceptions.
    Exceptions,
    /// Those that are deposits.
    Deposits,
    /// The index of that table with this name.
    SettlementIndex(String),
    /// The table of people.
    PeopleTable,
    /// The items of that table that are people, and who changed them.
    People,
    /// The items of that table that are entries of the audit trail.
    AuditTrail,
    /// Those that record the identity that an address led to.
    Pins,
    /// Those that say when somebody signed in last.
    LastSignIns,
    /// All four, as a change of people writes them together.
    PeopleWithAudit,
    /// All that a sign-in writes: no people.
    SignIns,
    /// The table of webhooks' deliveries, without its indexes.
    WebhooksTable,
    /// One of its indexes.
    WebhooksIndex(String),
    /// The stream of the table of orders.
    Stream,
    /// The stream of the table of deliveries.
    WebhooksStream,
    /// The bus that events are published to.
    EventBus,
    /// The secrets of the stage's merchants.
    MerchantSecrets,
    /// The secrets of their receivers.
    WebhookSecrets,
    /// The secret with the clients that sign people in.
    SignInClients,
    /// The table of people's sessions at the console.
    ConsoleTable,
    ConsoleSecret,
    /// A resource that no policy here can name, such as a table of another application: no function
    /// may use it.
    Other(String),
}

/// A part of a table that a policy can be limited to, by the keys of its items.
pub(crate) struct Part {
    /// The table that it is a part of.
    pub(crate) whole: Resource,
    /// The part as a resource of its own.
    pub(crate) resource: Resource,
    /// How IAM compares the keys (`StringEquals`, `StringLike`, `StringNotLike`).
    pub(crate) operator: &'static str,
    /// The values that it compares them with; `*` at the end stands for anything.
    pub(crate) keys: &'static [&'static str],
}

/// All of them.
///
/// A part comes before another one that contains it.
pub(crate) const PARTS: [Part; 17] = [
    Part { whole: Resource::Table, resource: Resource::Orders, operator: "StringNotLike", keys: &["#*"] },
    Part {
        whole: Resource::Table,
        resource: Resource::Customers,
        operator: "StringLike",
        keys: &["#customer#*"],
    },
    Part { whole: Resource::Table, resource: Resource::Told, operator: "StringLike", keys: &["#told#*"] },
    Part {
        whole: Resource::Table,
        resource: Resource::Heartbeat,
        operator: "StringLike",
        keys: &["#heartbeat"],
    },
    Part {
        whole: Resource::Table,
        resource: Resource::MerchantSwitches,
        operator: "StringLike",
        keys: &["#stop#*"],
    },
    Part {
        whole: Resource::Table,
        resource: Resource::Switches,
        operator: "StringLike",
        keys: &["#", "#stop#*"],
    },
    Part {
        whole: Resource::JournalTable,
        resource: Resource::Totals,
        operator: "StringLike",
        keys: &["totals#*", "#changed#*", "reached"],
    },
    Part {
        whole: Resource::JournalTable,
        resource: Resource::Holds,
        operator: "StringLike",
        keys: &["#held#*"],
    },
    Part {
        whole: Resource::JournalTable,
        resource: Resource::DepositEntries,
        operator: "StringLike",
        keys: &["#deposits#*"],
    },
    Part {
        whole: Resource::SettlementTable,
        resource: Resource::Exceptions,
        operator: "StringLike",
        keys: &["exceptions#*"],
    },
    Part {
        whole: Resource::SettlementTable,
        resource: Resource::Deposits,
        operator: "StringLike",
        keys: &["deposits#*"],
    },
    Part {
        whole: Resource::PeopleTable,
        resource: Resource::People,
        operator: "StringLike",
        keys: &["people#*"],
    },
    Part {
        whole: Resource::PeopleTable,
        resource: Resource::AuditTrail,
        operator: "StringLike",
        keys: &["audit#*"],
    },
    Part { whole: Resource::PeopleTable, resource: Resource::Pins, operator: "StringLike", keys: &["pin#*"] },
    Part {
        whole: Resource::PeopleTable,
        resource: Resource::LastSignIns,
        operator: "StringLike",
        keys: &["signed-in#*"],
    },
    Part {
        whole: Resource::PeopleTable,
        resource: Resource::PeopleWithAudit,
        operator: "StringLike",
        keys: &["audit#*", "people#*", "pin#*", "signed-in#*"],
    },
    Part {
        whole: Resource::PeopleTable,
        resource: Resource::SignIns,
        operator: "StringLike",
        keys: &["audit#*", "pin#*", "refused#*", "signed-in#*", "token#*"],
    },
];

impl Part {
    /// Whether the item with this partition key is in it.
    fn has(&self, key: &str) -> bool {
        let is_like = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => key == *pattern,
        };
        self.keys.iter().any(is_like) != (self.operator == "StringNotLike")
    }

    /// Whether it contains all of another part.
    fn contains(&self, other: &Self) -> bool {
        let is_alike = self.whole == other.whole && self.operator == other.operator;
        is_alike && other.keys.iter().all(|key| self.keys.contains(key))
    }
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

impl Permission {
    /// The permission that a request needs, going by its header `x-amz-target` and its body.
    pub fn needed_for(target: &str, body: &[u8]) -> Self {
        if let Some(("DynamoDBStreams_20120810", operation)) = target.split_once('.') {
            return Self { action: format!("dynamodb:{operation}"), resource: stream_of(body) };
        }
        if let Some(("AWSEvents", operation)) = target.split_once('.') {
            return Self { action: format!("events:{operation}"), resource: bus_of(body) };
        }
        let action = match target.split_once('.') {
            Some(("DynamoDB_20120810", operation)) => format!("dynamodb:{operation}"),
            Some(("secretsmanager", operation)) => format!("secretsmanager:{operation}"),
            _ => target.to_owned(),
        };
        if action == "dynamodb:TransactWriteItems" {
            return Self::needed_for_transaction(body);
        }
        // A call on several tables has no single table name, so no statement can permit it.
        let mut body: Body = serde_json::from_slice(body).unwrap_or_default();
        // A query has its partition key among its values.
        if action == "dynamodb:Query" {
            body.item = json!({ BUCKET: body.expression_attribute_values[":bucket"] });
        }
        if let Some((table, batch)) = body.request_items.first_key_value()
            && body.request_items.len() == 1
            && let Some(table) = [
                (TABLE_NAME, Resource::Table),
                (JOURNAL_TABLE_NAME, Resource::JournalTable),
                (SETTLEMENT_TABLE_NAME, Resource::SettlementTable),
            ]
            .into_iter()
            .find_map(|(name, resource)| (name == table).then_some(resource))
        {
            return Self { resource: part_of(table, &action, &batch.keys), action };
        }
        let resource = match (body.table_name, body.index_name, body.secret_id) {
            (Some(table), None, None) if table == TABLE_NAME => {
                part_of(Resource::Table, &action, [&body.item])
            }
            (Some(table), None, None) if table == ATTEMPTS_TABLE_NAME => Resource::AttemptsTable,
            (Some(table), None, None) if table == JOURNAL_TABLE_NAME => {
                part_of(Resource::JournalTable, &action, [&body.item])
            }
            (Some(table), None, None) if table == SETTLEMENT_TABLE_NAME => {
                part_of(Resource::SettlementTable, &action, [&body.item])
            }
            (Some(table), None, None) if table == PEOPLE_TABLE_NAME => {
                part_of(Resource::PeopleTable, &action, [&body.item])
            }
            (Some(table), None, None) if table == WEBHOOKS_TABLE_NAME => Resource::WebhooksTable,
            (Some(table), None, None) if table == CONSOLE_TABLE_NAME => Resource::ConsoleTable,
            (Some(table), Some(index), None) if table == TABLE_NAME => Resource::Index(index),
            (Some(table), Some(index), None) if table == JOURNAL_TABLE_NAME => Resource::JournalIndex(index),
            (Some(table), Some(index), None) if table == SETTLEMENT_TABLE_NAME => {
                Resource::SettlementIndex(index)
            }
            (Some(table), Some(index), None) if table == WEBHOOKS_TABLE_NAME => {
                Resource::WebhooksIndex(index)
            }
            (None, None, Some(secret)) if secret == CLIENTS_SECRET => Resource::SignInClients,
            (None, None, Some(secret)) if secret == CONSOLE_SECRET => Resource::ConsoleSecret,
            (None, None, Some(secret)) if secret.starts_with(WEBHOOKS_PREFIX) => Resource::WebhookSecrets,
            (None, None, Some(secret)) if secret.starts_with(merchants::PREFIX) => Resource::MerchantSecrets,
            (table, index, secret) => {
                let names: Vec<_> = [table, index, secret].into_iter().flatten().collect();
                Resource::Other(if names.is_empty() { "*".to_owned() } else { names.join("/index/") })
            }
        };
        Self { action, resource }
    }
}

impl Permission {
    /// IAM knows no action for a transaction: it wants one for each of its items. Ours put some
    /// into one table. One that moves an item deletes it, too; the same function puts it where no
    /// transaction is needed.
    fn needed_for_transaction(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let items = body["TransactItems"].as_array().map_or(&[][..], Vec::as_slice);
        let of = |name: &str| items.iter().filter_map(|item| item.get(name)).collect::<Vec<_>>();
        let (puts, deletes) = (of("Put"), of("Delete"));
        let has_all = |name: &str| puts.iter().chain(&deletes).all(|item| item["TableName"] == name);
        let table =
            [(PEOPLE_TABLE_NAME, Resource::PeopleTable), (SETTLEMENT_TABLE_NAME, Resource::SettlementTable)];
        let table = table.into_iter().find(|(name, _)| has_all(name)).map(|(_, table)| table);
        let table = table.filter(|_| !items.is_empty() && puts.len() + deletes.len() == items.len());
        let (action, keys): (_, Vec<&Value>) = if deletes.is_empty() {
            ("dynamodb:PutItem", puts.iter().map(|put| &put["Item"]).collect())
        } else {
            ("dynamodb:DeleteItem", deletes.iter().map(|delete| &delete["Key"]).collect())
        };
        let other = || Resource::Other("a transaction".to_owned());
        let resource = table.map_or_else(other, |table| part_of(table, action, keys));
        Self { action: action.to_owned(), resource }
    }
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

/// The part of a table that all items with these keys, or these items themselves, are in; the table
/// if there is none, or if the action is about more than items.
fn part_of<'a>(table: Resource, action: &str, items: impl IntoIterator<Item = &'a Value>) -> Resource {
    let name = if table == Resource::Table { "order_key" } else { BUCKET };
    let keys: Option<Vec<_>> = items.into_iter().map(|item| item[name]["S"].as_str()).collect();
    let keys = keys.filter(|keys| !keys.is_empty() && ON_ITEMS.contains(&action));
    let has_all = |part: &Part| {
        part.whole == table && keys.as_ref().is_some_and(|keys| keys.iter().all(|key| part.has(key)))
    };
    PARTS.into_iter().find(has_all).map_or(table, |part| part.resource)
}

/// One of the two streams, which a call names by its table, its own name or an iterator that tells
/// the table.
fn stream_of(body: &[u8]) -> Resource {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let iterator = body["ShardIterator"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
    let iterator = String::from_utf8_lossy(&iterator.unwrap_or_default()).into_owned();
    let named = [&body["TableName"], &body["StreamArn"]].map(|name| name.as_str().unwrap_or_default());
    if named.iter().any(|name| name.contains(WEBHOOKS_TABLE_NAME)) || iterator.contains(WEBHOOKS_TABLE_NAME) {
        Resource::WebhooksStream
    } else {
        Resource::Stream
    }
}

/// The one bus that events are for.
fn bus_of(body: &[u8]) -> Resource {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut buses = body["Entries"].as_array().into_iter().flatten().map(|entry| &entry["EventBusName"]);
    match buses.find(|bus| *bus != EVENT_BUS_NAME) {
        None => Resource::EventBus,
        Some(other) => Resource::Other(other.to_string()),
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => write!(f, "table/{TABLE_NAME}"),
            Self::Orders => write!(f, "table/{TABLE_NAME}, its orders"),
            Self::Customers => write!(f, "table/{TABLE_NAME}, its customers"),
            Self::Switches => write!(f, "table/{TABLE_NAME}, its switches"),
            Self::Told => write!(f, "table/{TABLE_NAME}, its events to be told"),
            Self::Heartbeat => write!(f, "table/{TABLE_NAME}, its heartbeat"),
            Self::MerchantSwitches => write!(f, "table/{TABLE_NAME}, its merchants' switches"),
            Self::AttemptsTable => write!(f, "table/{ATTEMPTS_TABLE_NAME}"),
            Self::JournalTable => write!(f, "table/{JOURNAL_TABLE_NAME}"),
            Self::Totals => write!(f, "table/{JOURNAL_TABLE_NAME}, its totals"),
            Self::Holds => write!(f, "table/{JOURNAL_TABLE_NAME}, its open holds"),
            Self::DepositEntries => write!(f, "table/{JOURNAL_TABLE_NAME}, its entries of deposits"),
            Self::JournalIndex(index) => write!(f, "table/{JOURNAL_TABLE_NAME}/index/{index}"),
            Self::SettlementTable => write!(f, "table/{SETTLEMENT_TABLE_NAME}"),
            Self::Exceptions => write!(f, "table/{SETTLEMENT_TABLE_NAME}, its exceptions"),
            Self::Deposits => write!(f, "table/{SETTLEMENT_TABLE_NAME}, its deposits"),
            Self::SettlementIndex(index) => write!(f, "table/{SETTLEMENT_TABLE_NAME}/index/{index}"),
            Self::PeopleTable => write!(f, "table/{PEOPLE_TABLE_NAME}"),
            Self::People => write!(f, "table/{PEOPLE_TABLE_NAME}, its people"),
            Self::AuditTrail => write!(f, "table/{PEOPLE_TABLE_NAME}, its audit trail"),
            Self::Pins => write!(f, "table/{PEOPLE_TABLE_NAME}, what addresses led to"),
            Self::LastSignIns => write!(f, "table/{PEOPLE_TABLE_NAME}, its last sign-ins"),
            Self::PeopleWithAudit => write!(f, "table/{PEOPLE_TABLE_NAME}, its people and their audit trail"),
            Self::SignIns => write!(f, "table/{PEOPLE_TABLE_NAME}, what a sign-in writes"),
            Self::WebhooksTable => write!(f, "table/{WEBHOOKS_TABLE_NAME}"),
            Self::WebhooksIndex(index) => write!(f, "table/{WEBHOOKS_TABLE_NAME}/index/{index}"),
            Self::WebhooksStream => write!(f, "table/{WEBHOOKS_TABLE_NAME}/stream"),
            Self::SignInClients => write!(f, "secret:{CLIENTS_SECRET}"),
            Self::ConsoleTable => write!(f, "table/{CONSOLE_TABLE_NAME}"),
            Self::ConsoleSecret => write!(f, "secret:{CONSOLE_SECRET}"),
            Self::WebhookSecrets => write!(f, "secret:{WEBHOOKS_PREFIX}*"),
            Self::EventBus => write!(f, "event-bus/{EVENT_BUS_NAME}"),
            Self::Stream => write!(f, "table/{TABLE_NAME}/stream"),
            Self::Index(index) => write!(f, "table/{TABLE_NAME}/index/{index}"),
            Self::MerchantSecrets => write!(f, "secret:{}*", merchants::PREFIX),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// The permissions of functions, and those that they used or tried to use; by the function's
/// binary.
pub type ByFunction = BTreeMap<String, BTreeSet<Permission>>;

/// Holds every function of a stack to its policy.
#[derive(Debug)]
pub(crate) struct Permissions {
    granted: ByFunction,
    performed: Mutex<ByFunction>,
}

impl Permissions {
    /// With all grants but those that are withdrawn again: function and action.
    pub(crate) fn new(mut granted: ByFunction, withdrawn: &[(&str, &str)]) -> Self {
        for (function, action) in withdrawn {
            if let Some(granted) = granted.get_mut(*function) {
                granted.retain(|permission| permission.action != *action);
            }
        }
        Self { granted, performed: Mutex::default() }
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
        let needed = Permission::needed_for(target, request.body().bytes().unwrap_or_default());
        let is_granted = |permission: &Permission| {
            self.granted.get(&function).is_some_and(|granted| granted.contains(permission))
        };
        // Who may do it to all of the table, or to a larger part, may do it to a part.
        let larger =
            PARTS.iter().find(|part| part.resource == needed.resource).into_iter().flat_map(|part| {
                let parts =
                    PARTS.into_iter().filter(|larger| larger.contains(part)).map(|larger| larger.resource);
                parts.chain([part.whole.clone()])
            });
        let mut larger = larger.map(|resource| Permission { resource, ..needed.clone() });
        let permission = larger.find(is_granted).unwrap_or_else(|| needed.clone());
        let is_granted = is_granted(&permission);
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
    let Permission { action, resource } = permission;
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
