//! `template.yaml`, as far as the local stack needs it: routes, functions with their permissions,
//! and the tables.
//!
//! The deployment and the local stack come from the same file, so they cannot drift apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tollgate_core::payments::CaptureSettings;

use crate::{
    cors::Cors,
    permissions::{ByFunction, PartitionKeys},
    resources::table_name,
    throttle::{Share, Shares},
};

mod policy;
mod reference;
mod stage;
mod table;

pub use stage::{Stage, section};
pub use table::{Attribute, Index, Key, Projection, StreamSpecification, Table};

use reference::Reference;

/// The template of this repository; embedded, so that the binary runs from any directory.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The console's own HTTP API.
const CONSOLE_API: &str = "ConsoleApi";

/// The declarations of a template.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Every route of the API, and the function that serves it.
    pub routes: Vec<Route>,
    /// The same of the console, which has an HTTP API of its own.
    pub console_routes: Vec<Route>,
    /// The permissions of pages of other origins.
    pub cors: Cors,
    /// The shares of the API's routes and of the console's.
    pub shares: [Shares; 2],
    /// Every schedule, and the function that it invokes.
    pub schedules: Vec<Schedule>,
    /// The binaries of all functions.
    pub functions: BTreeSet<String>,
    /// The permissions in each function's policy.
    pub permissions: ByFunction,
    /// The tables, by their names here.
    pub tables: BTreeMap<String, Table>,
    /// The variables that tell functions the name of a table, and that name.
    pub variables: BTreeMap<String, String>,
    /// The binaries of the functions that a table's stream is handed to.
    pub streams: BTreeMap<String, BTreeSet<String>>,
    /// After this time Lambda kills a function.
    pub function_timeout: Duration,
    /// The functions that have a time of their own, by binary.
    pub timeouts: BTreeMap<String, Duration>,
    /// The memory of each function in MiB, by binary, if nothing else is set.
    pub memories: BTreeMap<String, u32>,
    /// How scheduled captures run if nothing else is set: the parameters' defaults.
    pub captures: CaptureSettings,
}

impl Deployment {
    /// The attribute of each table whose value chooses an item's partition.
    pub fn partition_keys(&self) -> PartitionKeys {
        let keys = self.tables.iter().filter_map(|(name, table)| {
            let key = table.key_schema.iter().find(|key| key.key_type == "HASH")?;
            Some((name.clone(), key.attribute_name.clone()))
        });
        keys.collect()
    }
}

/// A schedule that invokes a function again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The binary of the function that it invokes.
    pub function: String,
    /// The time from one invocation to the next.
    pub every: Duration,
    /// The event that the function gets, as JSON.
    pub event: String,
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The requests that the route matches.
    pub key: RouteKey,
    /// The binary of the function that serves it.
    pub function: String,
}

/// The requests that a route matches; shown as API Gateway's route key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteKey {
    /// One method and path, for example `PUT /v2/orders/{orderId}`.
    Exact {
        /// The HTTP method, in capitals, or `ANY` for those that no other route of the path has.
        method: String,
        /// The path, with its parameters in braces.
        path: String,
    },
    /// Everything that no other route matches.
    Default,
}

impl Deployment {
    /// The requests that routes serve: a route with `ANY` serves those that read.
    pub fn served(&self) -> Vec<Route> {
        let methods = |route: &Route| match &route.key {
            RouteKey::Exact { method, path } if method == "ANY" => ["GET", "HEAD"]
                .map(|method| RouteKey::Exact { method: method.to_owned(), path: path.clone() })
                .to_vec(),
            key => vec![key.clone()],
        };
        let of = |route: &Route| {
            let function = route.function.clone();
            methods(route).into_iter().map(move |key| Route { key, function: function.clone() })
        };
        self.routes.iter().flat_map(of).collect()
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact { method, path } => write!(f, "{method} {path}"),
            Self::Default => f.write_str("$default"),
        }
    }
}

/// Why a template cannot be run here.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not YAML, or a part is not shaped as expected.
    #[error("template.yaml, {part}: {reason}")]
    Unreadable {
        /// The resource, or the template as a whole.
        part: String,
        /// The mistake, in the parser's words.
        reason: String,
    },
    /// An event source that the local stack cannot play.
    #[error("template.yaml, {function}: events of type {kind} are not supported here")]
    UnsupportedEvent {
        /// The function's logical id.
        function: String,
        /// The event's type in SAM, such as `S3`.
        kind: String,
    },
    /// A policy has a rule that the local stack cannot enforce.
    #[error("template.yaml, {function}: its policy cannot be played here: {reason}")]
    UnsupportedPolicy {
        /// The function's logical id.
        function: String,
        /// Why it cannot be played.
        reason: String,
    },
    /// Two functions claim the same route.
    #[error("template.yaml: {0} is declared twice")]
    DuplicateRoute(RouteKey),
    /// A stream is handed to a resource that is no function here, or it is no table's.
    #[error("template.yaml, {0}: expected the stream of a table and a function")]
    UnsupportedStream(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    parameters: Parameters,
    mappings: Mappings,
    globals: Globals,
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    stage: Parameter<String>,
    size: Parameter<String>,
    event_bus_name: Parameter<String>,
    capture_concurrency: Parameter<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mappings {
    stages: BTreeMap<String, BTreeMap<String, String>>,
    sizes: BTreeMap<String, Size>,
}

/// How much a stack of one size takes at a time.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Size {
    function_memory: u32,
    capture_shards: u16,
    payment_rate: f64,
    payment_burst: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter<T> {
    default: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Globals {
    function: FunctionDefaults,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionDefaults {
    timeout: u64,
    #[serde(default)]
    environment: Environment,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    build_properties: BuildProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BuildProperties {
    binary: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApi {
    default_route_settings: RouteSettings,
    #[serde(default)]
    route_settings: BTreeMap<String, RouteSettings>,
}

/// A number, or a number of the stack's size.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RouteSettings {
    throttling_rate_limit: Value,
    throttling_burst_limit: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventSource {
    event_source_arn: Reference,
    function_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Function {
    timeout: Option<u64>,
    memory_size: Option<u32>,
    #[serde(default)]
    environment: Environment,
    policies: Option<Value>,
    role: Option<Value>,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: EventProperties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventProperties {
    api_id: Option<String>,
    method: Option<String>,
    path: Option<String>,
    schedule_expression: Option<String>,
    state: Option<Value>,
    input: Option<String>,
}

/// The contents of the resources, each kind separately.
#[derive(Default)]
struct Resources {
    routes: Vec<Route>,
    console_routes: Vec<Route>,
    schedules: Vec<Schedule>,
    functions: BTreeSet<String>,
    timeouts: BTreeMap<String, Duration>,
    /// Of those that do not have the parameter's.
    memories: BTreeMap<String, u32>,
    /// A function's id, its binary and its policies.
    policies: Vec<(String, String, Option<Value>)>,
    tables: BTreeMap<String, Table>,
    /// The variables of all functions.
    variables: BTreeMap<String, Value>,
    sources: Vec<(String, EventSource)>,
    cors: Cors,
    api: HttpApi,
    console_api: HttpApi,
}

fn resources(all: BTreeMap<String, Resource>) -> Result<Resources, TemplateError> {
    let mut found = Resources::default();
    for (id, resource) in all {
        match resource.r#type.as_str() {
            "AWS::Serverless::Function" => {
                let binary = part::<Metadata>(&id, resource.metadata)?.build_properties.binary;
                found.add_function(id.clone(), binary, part(&id, resource.properties)?)?;
            }
            "AWS::Lambda::EventSourceMapping" => {
                found.sources.push((id.clone(), part(&id, resource.properties)?));
            }
            // No page of another origin may call the console.
            "AWS::Serverless::HttpApi" if id == CONSOLE_API => {
                found.console_api = part(&id, resource.properties)?;
            }
            "AWS::Serverless::HttpApi" => {
                found.cors = cors(&id, &resource.properties)?;
                found.api = part(&id, resource.properties)?;
            }
            "AWS::DynamoDB::Table" => {
                found.tables.insert(table_name(&id), part(&id, resource.properties)?);
            }
            _ => {}
        }
    }
    Ok(found)
}

impl Resources {
    fn add_function(&mut self, id: String, binary: String, function: Function) -> Result<(), TemplateError> {
        if let Some(seconds) = function.timeout {
            self.timeouts.insert(binary.clone(), Duration::from_secs(seconds));
        }
        if let Some(memory) = function.memory_size {
            self.memories.insert(binary.clone(), memory);
        }
        self.variables.extend(function.environment.variables);
        for event in function.events.into_values() {
            let function = binary.clone();
            match event.r#type.as_str() {
                "HttpApi" => {
                    let is_console = event.properties.api_id.as_deref() == Some(CONSOLE_API);
                    let routes = if is_console { &mut self.console_routes } else { &mut self.routes };
                    routes.push(Route { key: route_key(&id, event)?, function });
                }
                "ScheduleV2" => self.schedules.push(schedule(&id, event, function)?),
                _ => return Err(TemplateError::UnsupportedEvent { function: id, kind: event.r#type }),
            }
        }
        // SAM attaches policies only to the role that it makes itself.
        if function.role.is_some() {
            let reason = "it has a role of its own".to_owned();
            return Err(TemplateError::UnsupportedPolicy { function: id, reason });
        }
        self.policies.push((id, binary.clone(), function.policies));
        self.functions.insert(binary);
        Ok(())
    }
}

/// The declarations of this repository's template.
pub fn deployed() -> Result<Deployment, TemplateError> {
    embedded().cloned()
}

/// They are read once: a process may start hundreds of stacks.
pub(crate) fn embedded() -> Result<&'static Deployment, TemplateError> {
    static DEPLOYED: OnceLock<Deployment> = OnceLock::new();
    match DEPLOYED.get() {
        Some(deployment) => Ok(deployment),
        None => parse(TEMPLATE).map(|deployment| DEPLOYED.get_or_init(|| deployment)),
    }
}

/// Reads a template, and refuses declarations that cannot be run here.
pub fn parse(yaml: &str) -> Result<Deployment, TemplateError> {
    let document: Document = serde_saphyr::from_str(yaml).map_err(|error| TemplateError::Unreadable {
        part: "as a whole".into(),
        reason: error.to_string(),
    })?;
    let size = *of_default(&document.mappings.sizes, &document.parameters.size)?;
    let values = named_values(&document)?;
    let Resources {
        routes,
        console_routes,
        schedules,
        functions,
        timeouts,
        mut memories,
        policies,
        tables,
        mut variables,
        sources,
        cors,
        api,
        console_api,
    } = resources(document.resources)?;
    no_duplicates(&routes)?;
    no_duplicates(&console_routes)?;
    let nameable = policy::Nameable { tables: &tables, values };
    let streams = streams(sources, &policies, &nameable)?;
    let defaults = document.globals.function;
    variables.extend(defaults.environment.variables);
    let variables = of_tables(variables, &tables);
    let mut permissions = ByFunction::new();
    for (id, binary, policies) in policies {
        let granted = policies.map(|policies| policy::read(&id, policies, &nameable)).transpose()?;
        permissions.insert(binary, granted.unwrap_or_default());
    }
    let function_timeout = Duration::from_secs(defaults.timeout);
    let shares = shares([api, console_api], &size)?;
    for binary in &functions {
        memories.entry(binary.clone()).or_insert(size.function_memory);
    }
    let concurrency = document.parameters.capture_concurrency.default;
    let captures = CaptureSettings { shards: size.capture_shards, concurrency };
    Ok(Deployment {
        routes,
        console_routes,
        cors,
        shares,
        schedules,
        functions,
        permissions,
        tables,
        variables,
        streams,
        function_timeout,
        timeouts,
        memories,
        captures,
    })
}

/// The binaries that each table's stream is handed to.
fn streams(
    sources: Vec<(String, EventSource)>,
    policies: &[(String, String, Option<Value>)],
    nameable: &policy::Nameable<'_>,
) -> Result<BTreeMap<String, BTreeSet<String>>, TemplateError> {
    let mut streams: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, source) in sources {
        let of = policies.iter().find(|(function, ..)| source.function_name == format!("{function}.Alias"));
        let table = match source.event_source_arn.own() {
            Some([stream]) => nameable.stream(stream),
            _ => None,
        };
        let ((_, binary, _), table) = of.zip(table).ok_or(TemplateError::UnsupportedStream(id))?;
        streams.entry(table).or_default().insert(binary.clone());
    }
    Ok(streams)
}

/// Those variables that are a table's name.
fn of_tables(
    variables: BTreeMap<String, Value>,
    tables: &BTreeMap<String, Table>,
) -> BTreeMap<String, String> {
    let named = variables.into_iter().filter_map(|(variable, value)| {
        let reference: Reference = serde_json::from_value(value).ok()?;
        let [id] = reference.own()? else { return None };
        Some((variable, table_name(id)))
    });
    named.filter(|(_, table)| tables.contains_key(table)).collect()
}

fn no_duplicates(routes: &[Route]) -> Result<(), TemplateError> {
    let mut seen = BTreeSet::new();
    match routes.iter().find(|route| !seen.insert(&route.key)) {
        Some(route) => Err(TemplateError::DuplicateRoute(route.key.clone())),
        None => Ok(()),
    }
}

fn part<T: DeserializeOwned>(id: &str, value: Value) -> Result<T, TemplateError> {
    serde_json::from_value(value)
        .map_err(|error| TemplateError::Unreadable { part: id.to_owned(), reason: error.to_string() })
}

/// `!If [there are origins, their permissions, nothing]`: here there are always some.
fn cors(id: &str, properties: &Value) -> Result<Cors, TemplateError> {
    let configuration = properties.pointer("/CorsConfiguration/1").cloned().unwrap_or_default();
    part(id, configuration)
}

/// A mapping's entry for the default of a parameter.
fn of_default<'a, T>(
    mapping: &'a BTreeMap<String, T>,
    parameter: &Parameter<String>,
) -> Result<&'a T, TemplateError> {
    mapping.get(&parameter.default).ok_or_else(|| TemplateError::Unreadable {
        part: "Mappings".to_owned(),
        reason: format!("there is no {}", parameter.default),
    })
}

/// The values that policies put into a resource's name, of a stack whose parameters have their
/// defaults.
fn named_values(document: &Document) -> Result<BTreeMap<String, String>, TemplateError> {
    let Parameters { stage, event_bus_name, .. } = &document.parameters;
    let of_stage = of_default(&document.mappings.stages, stage)?.iter();
    let of_stage = of_stage.map(|(name, value)| (format!("Stages.Stage.{name}"), value.clone()));
    let bus = ("EventBusName".to_owned(), event_bus_name.default.clone());
    Ok(of_stage.chain([bus]).collect())
}

/// The shares of each HTTP API's routes.
fn shares(apis: [HttpApi; 2], size: &Size) -> Result<[Shares; 2], TemplateError> {
    let number = |value: &Value| match value.pointer("/2").and_then(Value::as_str) {
        None => value.as_f64(),
        Some("PaymentRate") => Some(size.payment_rate),
        Some("PaymentBurst") => Some(size.payment_burst),
        Some(_) => None,
    };
    let share = |settings: &RouteSettings| {
        let rate = number(&settings.throttling_rate_limit);
        let share = rate.zip(number(&settings.throttling_burst_limit));
        share.map(|(rate, burst)| Share { rate, burst }).ok_or_else(|| TemplateError::Unreadable {
            part: "RouteSettings".to_owned(),
            reason: "a throttle is neither a number nor PaymentRate or PaymentBurst".to_owned(),
        })
    };
    let of_one = |api: HttpApi| {
        let routes = api.route_settings.iter().map(|(route, settings)| Ok((route.clone(), share(settings)?)));
        let routes = routes.collect::<Result<_, TemplateError>>()?;
        Ok(Shares { default: share(&api.default_route_settings)?, routes })
    };
    let [api, console] = apis.map(of_one);
    Ok([api?, console?])
}

/// SAM makes the `$default` route from an event with neither path nor method.
fn route_key(function: &str, event: Event) -> Result<RouteKey, TemplateError> {
    match (event.properties.method, event.properties.path) {
        (Some(method), Some(path)) => Ok(RouteKey::Exact { method: method.to_uppercase(), path }),
        (None, None) => Ok(RouteKey::Default),
        _ => Err(TemplateError::Unreadable {
            part: function.to_owned(),
            reason: "a route needs both Method and Path, or neither".into(),
        }),
    }
}

/// `rate(1 minute)`: the only kind of schedule here.
fn schedule(id: &str, event: Event, function: String) -> Result<Schedule, TemplateError> {
    let expression = event.properties.schedule_expression.unwrap_or_default();
    let event = event.properties.input.unwrap_or_else(|| "{}".to_owned());
    let minutes = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).and_then(|rate| {
        let (number, unit) = rate.split_once(' ')?;
        matches!(unit, "minute" | "minutes").then(|| number.parse::<u64>().ok())?
    });
    let every = minutes.map(|minutes| Duration::from_secs(minutes * 60));
    every.map(|every| Schedule { function, every, event }).ok_or_else(|| TemplateError::Unreadable {
        part: id.to_owned(),
        reason: format!("only rate(… minutes) is played here, not {expression}"),
    })
}
