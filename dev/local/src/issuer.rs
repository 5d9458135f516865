//! An issuer of OpenID Connect at `/_local/issuer`, with people as buttons instead of passwords.
//! Its tokens are verified like those of any other: nothing in the product knows that it is local.
//!
//! `like` has it write claims as a known issuer does: `cognito` (unless stated), `entra`, `okta` or
//! `google`.

mod claims;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardpointe_simulator::hosts::Hosts;
use jiff::{SignedDuration, Timestamp};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_core::values::Clock;
use uuid::Uuid;

use crate::{guard, look};

pub use claims::{Like, PEOPLE, SamplePerson};

/// Where it is, on the API's origin.
pub(crate) const PATH: &str = "/_local/issuer";

/// The issuer's page, whose buttons are put in.
const PAGE: &str = include_str!("issuer/page.html");

/// The clients that are registered at the issuer, and at Tollgate.
pub(crate) const CLIENTS: [(&str, &str); 2] = [
    ("console", "local-console-secret-that-is-no-secret"),
    ("cli", "local-cli-secret-that-is-no-secret-at-all"),
];

/// The secret with the clients that may exchange ID tokens.
pub(crate) const CLIENTS_SECRET: &str = "tollgate/sign-in";

/// How long a code is valid.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// How long an ID token is valid; Cognito's and Entra's are about an hour.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The id of the key.
const KEY_ID: &str = "local-1";

/// The client's id at the issuer.
pub(crate) fn audience(client: &str) -> String {
    format!("tollgate-{client}")
}

/// The document of the clients, as Tollgate reads it.
pub(crate) fn clients_document() -> Value {
    let one =
        |(id, secret): (&str, &str)| (id.to_owned(), json!({"secret": secret, "audience": audience(id)}));
    json!({ "clients": CLIENTS.map(one).into_iter().collect::<serde_json::Map<_, _>>() })
}

/// The issuer of one stack.
pub(crate) struct Issuer {
    url: String,
    key: EcdsaKeyPair,
    clock: Arc<dyn Clock>,
    codes: Mutex<HashMap<String, Code>>,
    disabled: Mutex<BTreeSet<String>>,
}

/// A sign-in that is not finished.
struct Code {
    person: &'static SamplePerson,
    like: Like,
    wanted: Wanted,
    until: Timestamp,
}

/// A client's authentication request (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Deserialize)]
struct Wanted {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    code_challenge: String,
    code_challenge_method: String,
    #[serde(default)]
    state: String,
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    person: Option<String>,
    #[serde(default)]
    like: Like,
}

/// A client's token request (§3.1.3.1).
#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    code_verifier: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    disabled: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Issuer {
    /// At this API's address, with a key of its own.
    pub(crate) fn new(api_url: &str, clock: Arc<dyn Clock>) -> Option<Self> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).ok()?;
        let url = format!("{api_url}{PATH}");
        Some(Self { url, key, clock, codes: Mutex::default(), disabled: Mutex::default() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An ID token about a person, for the client with this audience.
    pub(crate) fn id_token(
        &self,
        person: &SamplePerson,
        like: Like,
        audience: &str,
        nonce: Option<&str>,
    ) -> Option<String> {
        let now = self.clock.now();
        let expires = now.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX);
        let mut claims = like.claims(person, audience, now);
        claims["iss"] = json!(self.url);
        claims["iat"] = json!(now.as_second());
        claims["exp"] = json!(expires.as_second());
        claims["jti"] = json!(Uuid::new_v4());
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        self.sign(&claims)
    }

    fn sign(&self, claims: &Value) -> Option<String> {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = json!({"alg": "ES256", "kid": KEY_ID, "typ": "JWT"});
        let signed = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn is_disabled(&self, person: &SamplePerson) -> bool {
        lock(&self.disabled).contains(person.id)
    }
}

/// The issuer's routes. Another machine's page may send people here, and disables nobody.
pub(crate) fn router(issuer: Arc<Issuer>, hosts: &Arc<Hosts>) -> Router {
    let accounts = Router::new().route("/people/{person}", post(account)).with_state(Arc::clone(&issuer));
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .route("/look.css", get(look::style))
        .route("/token", post(token))
        .with_state(issuer)
        .merge(guard::by_origin(accounts, hosts));
    Router::new().nest(PATH, routes)
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let url = &issuer.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let point = issuer.key.public_key().as_ref();
    let [x, y] = [1..33, 33..65].map(|part| URL_SAFE_NO_PAD.encode(point.get(part).unwrap_or_default()));
    Json(json!({ "keys": [
        {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": x, "y": y},
    ]}))
}

/// The page with everybody as a button; or, once one is pressed, the way back to the client.
async fn authorize(
    State(issuer): State<Arc<Issuer>>,
    Query(wanted): Query<Wanted>,
    Query(choice): Query<Choice>,
) -> Response {
    let is_known = CLIENTS.iter().any(|(client, _)| audience(client) == wanted.client_id);
    let is_here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"]
        .iter()
        .any(|start| wanted.redirect_uri.starts_with(start));
    if !is_known || !is_here || wanted.response_type != "code" || wanted.code_challenge_method != "S256" {
        let text = "client_id must be tollgate-console or tollgate-cli, redirect_uri on this machine, response_type code \
                    and code_challenge_method S256";
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    let Some(chosen) = choice.person else { return page(&issuer, &wanted, choice.like) };
    let Some(person) = PEOPLE.iter().find(|person| person.id == chosen) else {
        return (StatusCode::NOT_FOUND, "no such person").into_response();
    };
    let back = |name: &str, value: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .append_pair("state", &wanted.state)
            .append_pair("iss", &issuer.url)
            .finish();
        Redirect::to(&format!("{}?{query}", wanted.redirect_uri)).into_response()
    };
    if issuer.is_disabled(person) {
        return back("error", "access_denied");
    }
    let code = Uuid::new_v4().to_string();
    let now = issuer.clock.now();
    let until = now.saturating_add(CODE_LIFETIME).unwrap_or(Timestamp::MAX);
    let mut codes = lock(&issuer.codes);
    codes.retain(|_, code| now < code.until);
    codes.insert(code.clone(), Code { person, like: choice.like, wanted: wanted.clone(), until });
    back("code", &code)
}

fn page(issuer: &Issuer, wanted: &Wanted, like: Like) -> Response {
    let button = |person: &SamplePerson| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", &wanted.response_type)
            .append_pair("client_id", &wanted.client_id)
            .append_pair("redirect_uri", &wanted.redirect_uri)
            .append_pair("code_challenge", &wanted.code_challenge)
            .append_pair("code_challenge_method", &wanted.code_challenge_method)
            .append_pair("state", &wanted.state)
            .append_pair("like", like.as_str())
            .append_pair("person", person.id);
        if let Some(nonce) = &wanted.nonce {
            query.append_pair("nonce", nonce);
        }
        // Nothing of this needs escaping in an attribute, since a query has neither quotes nor
        // ampersands of its own.
        let href = query.finish().replace('&', "&amp;");
        let note = if issuer.is_disabled(person) { "Disabled at the issuer" } else { person.note };
        format!(
            r#"<li><a href="authorize?{href}"><b>{}</b><span class="small muted">{note}</span></a></li>"#,
            person.name
        )
    };
    let buttons: String = PEOPLE.iter().map(button).collect();
    let policy =
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    let policy = HeaderValue::from_static(policy);
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(PAGE.replace("<!--people-->", &buttons)))
        .into_response()
}

async fn token(State(issuer): State<Arc<Issuer>>, Form(exchange): Form<Exchange>) -> Response {
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    let now = issuer.clock.now();
    let Some(code) = lock(&issuer.codes).remove(&exchange.code) else { return refused() };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&exchange.code_verifier));
    let is_theirs = exchange.grant_type == "authorization_code"
        && code.wanted.client_id == exchange.client_id
        && code.wanted.redirect_uri == exchange.redirect_uri
        && code.wanted.code_challenge == challenge
        && now < code.until
        && !issuer.is_disabled(code.person);
    let Wanted { client_id, nonce, .. } = &code.wanted;
    match issuer.id_token(code.person, code.like, client_id, nonce.as_deref()).filter(|_| is_theirs) {
        Some(token) => Json(json!({
            "id_token": token,
            "access_token": Uuid::new_v4(),
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.as_secs(),
        }))
        .into_response(),
        None => refused(),
    }
}

/// Disables somebody's account at the issuer, or enables it again.
async fn account(
    State(issuer): State<Arc<Issuer>>,
    Path(person): Path<String>,
    Json(account): Json<Account>,
) -> StatusCode {
    if !PEOPLE.iter().any(|known| known.id == person) {
        return StatusCode::NOT_FOUND;
    }
    let mut disabled = lock(&issuer.disabled);
    if account.disabled {
        disabled.insert(person);
    } else {
        disabled.remove(&person);
    }
    StatusCode::NO_CONTENT
}
