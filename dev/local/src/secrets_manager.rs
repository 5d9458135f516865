//! Secrets Manager, as far as a function uses it: `GetSecretValue` over the merchants' documents,
//! in memory. And as far as the operator's commands do: `DescribeSecret`, `CreateSecret`,
//! `PutSecretValue` and `ListSecrets`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The documents, and the failures that a test wants for the calls that read them.
#[derive(Debug, Default)]
pub struct Secrets {
    documents: Mutex<BTreeMap<String, Value>>,
    down: AtomicBool,
    refusal: Mutex<Option<&'static str>>,
    reads: AtomicUsize,
}

impl Secrets {
    /// Stores a document, or replaces it.
    pub fn put(&self, name: &str, document: Value) {
        self.lock().insert(name.to_owned(), document);
    }

    /// A copy of a document.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.lock().get(name).cloned()
    }

    /// Removes a document; the next read does not find it.
    pub fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// The names of all documents.
    pub fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// While it is down, every call gets AWS's response for an internal error.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// From now on, every read gets this error: a definite one, such as `AccessDeniedException`.
    /// None ends it.
    pub fn refuse_reads(&self, code: Option<&'static str>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// How many calls arrived so far, failed ones included.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The actions of Secrets Manager that Tollgate uses.
pub(crate) fn router(secrets: Arc<Secrets>) -> Router {
    Router::new().route("/", post(call)).with_state(secrets)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: String,
    secret_string: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    secret_string: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListSecrets {
    #[serde(default)]
    filters: Vec<NameFilter>,
    next_token: Option<String>,
}

/// By the name's beginning, the only filter that is known here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NameFilter {
    values: Vec<String>,
}

/// The time of everything that happens here, in seconds since 1970.
const DATE: f64 = 1_767_225_600.0;

/// Names in one response, so few that a list takes several.
const LISTED_AT_A_TIME: usize = 2;

async fn call(State(secrets): State<Arc<Secrets>>, headers: HeaderMap, body: Bytes) -> Response {
    secrets.reads.fetch_add(1, Ordering::SeqCst);
    if secrets.down.load(Ordering::SeqCst) {
        let text = "An error occurred on the server side.";
        return failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError", text);
    }
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    match target.and_then(|target| target.strip_prefix("secretsmanager.")) {
        Some("GetSecretValue") => read(&secrets, &body),
        Some("DescribeSecret") => describe(&secrets, &body),
        Some("CreateSecret") => create(&secrets, &body),
        Some("PutSecretValue") => replace(&secrets, &body),
        Some("DeleteSecret") => delete(&secrets, &body),
        Some("ListSecrets") => list(&secrets, &body),
        _ => {
            let text = "The local Secrets Manager knows GetSecretValue, DescribeSecret, CreateSecret, PutSecretValue, DeleteSecret and ListSecrets only.";
            failure(StatusCode::BAD_REQUEST, "UnknownOperationException", text)
        }
    }
}

fn read(secrets: &Secrets, body: &[u8]) -> Response {
    let refusal = *secrets.refusal.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = refusal {
        return failure(StatusCode::BAD_REQUEST, code, "The call is refused.");
    }
    let Ok(call) = serde_json::from_slice::<GetSecretValue>(body) else {
        let text = "SecretId is missing, or the body is not JSON.";
        return failure(StatusCode::BAD_REQUEST, "ValidationException", text);
    };
    match secrets.get(&call.secret_id) {
        Some(document) => answer(&call.secret_id, &document),
        None => not_found(),
    }
}

fn describe(secrets: &Secrets, body: &[u8]) -> Response {
    let Ok(call) = serde_json::from_slice::<GetSecretValue>(body) else { return incomplete("SecretId") };
    match secrets.get(&call.secret_id) {
        Some(_) => respond(StatusCode::OK, &json!({ "ARN": arn(&call.secret_id), "Name": call.secret_id })),
        None => not_found(),
    }
}

fn create(secrets: &Secrets, body: &[u8]) -> Response {
    let Ok(call) = serde_json::from_slice::<CreateSecret>(body) else { return incomplete("Name") };
    let Ok(document) = serde_json::from_str::<Value>(&call.secret_string) else { return not_json() };
    let mut documents = secrets.lock();
    if documents.contains_key(&call.name) {
        let text = "The operation failed because the secret already exists.";
        return failure(StatusCode::BAD_REQUEST, "ResourceExistsException", text);
    }
    documents.insert(call.name.clone(), document.clone());
    stored(&call.name, &document)
}

fn replace(secrets: &Secrets, body: &[u8]) -> Response {
    let Ok(call) = serde_json::from_slice::<PutSecretValue>(body) else { return incomplete("SecretId") };
    let Ok(document) = serde_json::from_str::<Value>(&call.secret_string) else { return not_json() };
    let mut documents = secrets.lock();
    let Some(there) = documents.get_mut(&call.secret_id) else { return not_found() };
    *there = document.clone();
    stored(&call.secret_id, &document)
}

/// It is gone at once, also where AWS would keep it for the days of recovery.
fn delete(secrets: &Secrets, body: &[u8]) -> Response {
    let Ok(call) = serde_json::from_slice::<GetSecretValue>(body) else { return incomplete("SecretId") };
    match secrets.lock().remove(&call.secret_id) {
        Some(_) => {
            let body = json!({ "ARN": arn(&call.secret_id), "Name": call.secret_id, "DeletionDate": DATE });
            respond(StatusCode::OK, &body)
        }
        None => not_found(),
    }
}

/// A page of names, those that begin with any value of the filters. Pages are small, so that a
/// caller that reads only one is found out.
fn list(secrets: &Secrets, body: &[u8]) -> Response {
    let Ok(call) = serde_json::from_slice::<ListSecrets>(body) else {
        return failure(StatusCode::BAD_REQUEST, "ValidationException", "The body is not as it should be.");
    };
    let begins = |name: &String| {
        call.filters.iter().all(|filter| filter.values.iter().any(|value| name.starts_with(value)))
    };
    let after = |name: &String| call.next_token.as_ref().is_none_or(|token| name > token);
    let mut names = secrets.names();
    names.retain(|name| begins(name) && after(name));
    let next = names.get(LISTED_AT_A_TIME - 1).filter(|_| names.len() > LISTED_AT_A_TIME);
    let listed = names.iter().take(LISTED_AT_A_TIME).map(|name| json!({ "ARN": arn(name), "Name": name }));
    let mut body = json!({ "SecretList": listed.collect::<Vec<_>>() });
    if let Some(next) = next {
        body["NextToken"] = json!(next);
    }
    respond(StatusCode::OK, &body)
}

fn not_found() -> Response {
    let text = "Secrets Manager can't find the specified secret.";
    failure(StatusCode::BAD_REQUEST, "ResourceNotFoundException", text)
}

fn incomplete(name: &str) -> Response {
    let text = format!("{name} or SecretString is missing, or the body is not JSON.");
    failure(StatusCode::BAD_REQUEST, "ValidationException", &text)
}

/// AWS takes any text; here a document is kept as JSON.
fn not_json() -> Response {
    failure(
        StatusCode::BAD_REQUEST,
        "InvalidParameterException",
        "The local stack takes JSON documents only.",
    )
}

fn stored(name: &str, document: &Value) -> Response {
    let body = json!({ "ARN": arn(name), "Name": name, "VersionId": version(&document.to_string()) });
    respond(StatusCode::OK, &body)
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-local0")
}

/// The same document has the same version, as in AWS.
fn version(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
}

fn answer(name: &str, document: &Value) -> Response {
    let text = document.to_string();
    let body = json!({
        "ARN": arn(name),
        "Name": name,
        "VersionId": version(&text),
        "VersionStages": ["AWSCURRENT"],
        "SecretString": text,
        "CreatedDate": DATE,
    });
    respond(StatusCode::OK, &body)
}

fn failure(status: StatusCode, kind: &str, text: &str) -> Response {
    respond(status, &json!({ "__type": kind, "Message": text }))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}
