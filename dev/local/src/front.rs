//! CloudFront, as far as `front.yaml` configures it here: its additions to a request, the parts
//! that it passes on, and those that it does not. Names and policies come from that file, so a
//! mistake in it is one here, too. The firewall, caches, certificates and logs are not played.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use tollgate::lambda::install_tls;

use crate::api_gateway::BODY_LIMIT;

/// The template of this repository; embedded, so that the binary runs from any directory.
pub const TEMPLATE: &str = include_str!("../../../front.yaml");

/// The parameter of the template that holds the secret.
const SECRET: &str = "OriginSecret";

/// Headers about a connection and not a request: never passed on, in either direction.
const BETWEEN_NEIGHBORS: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Why a template cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("front.yaml, {part}: {reason}")]
pub struct FrontError {
    part: &'static str,
    reason: String,
}

/// A front's effect on requests.
#[derive(Clone, Debug)]
pub struct Front {
    methods: BTreeSet<String>,
    /// The header that has the secret.
    secret: HeaderName,
    /// The header that the function at viewer requests states the viewer's address in, if there is
    /// such a function.
    viewer: Option<HeaderName>,
    headers: Headers,
    has_cookies: bool,
    has_query: bool,
}

/// Which of a viewer's headers are passed on.
#[derive(Clone, Debug)]
enum Headers {
    None,
    All,
    Except(BTreeSet<String>),
    Only(BTreeSet<String>),
}

impl Headers {
    fn include(&self, name: &HeaderName) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Except(names) => !names.contains(name.as_str()),
            Self::Only(names) => names.contains(name.as_str()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    parameters: BTreeMap<String, Parameter>,
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    #[serde(default)]
    default: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    properties: Value,
}

impl Document {
    /// The properties of a resource, if it is of that type.
    fn properties(&self, id: &Value, kind: &'static str) -> Result<&Value, FrontError> {
        let found = id.as_str().and_then(|id| self.resources.get(id)).filter(|found| found.r#type == kind);
        found
            .map(|found| &found.properties)
            .ok_or_else(|| FrontError { part: kind, reason: format!("{id} is none") })
    }

    /// The text of a value, or the default of the parameter that it refers to: here the front is
    /// that of the API.
    fn value<'a>(&'a self, written: &'a Value) -> &'a Value {
        let parameter = written.as_str().and_then(|name| self.parameters.get(name));
        parameter.map_or(written, |parameter| &parameter.default)
    }

    fn distribution(&self) -> Result<&Value, FrontError> {
        let kind = "AWS::CloudFront::Distribution";
        let mut found = self.resources.values().filter(|resource| resource.r#type == kind);
        match (found.next(), found.next()) {
            (Some(resource), None) => Ok(&resource.properties["DistributionConfig"]),
            _ => Err(FrontError { part: kind, reason: "expected one".to_owned() }),
        }
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
}

/// Reads a template, and refuses settings that are not played here. A tag such as `!Ref` is read as
/// its target's name.
pub fn parse(yaml: &str) -> Result<Front, FrontError> {
    let document: Document = serde_saphyr::from_str(yaml)
        .map_err(|error| FrontError { part: "as a whole", reason: error.to_string() })?;
    let distribution = document.distribution()?;
    let behavior = &distribution["DefaultCacheBehavior"];
    let policy = document
        .properties(&behavior["OriginRequestPolicyId"], "AWS::CloudFront::OriginRequestPolicy")
        .map(|properties| &properties["OriginRequestPolicyConfig"])?;
    Ok(Front {
        methods: texts(&behavior["AllowedMethods"]),
        secret: secret_header(distribution)?,
        viewer: viewer_header(&document, behavior)?,
        headers: headers(&policy["HeadersConfig"])?,
        has_cookies: all_or_none(document.value(&policy["CookiesConfig"]["CookieBehavior"]))?,
        has_query: all_or_none(&policy["QueryStringsConfig"]["QueryStringBehavior"])?,
    })
}

/// The one header that the origin gets from the distribution, which has to be the parameter with
/// the secret.
fn secret_header(distribution: &Value) -> Result<HeaderName, FrontError> {
    let header = &distribution["Origins"][0]["OriginCustomHeaders"][0];
    let name = header["HeaderName"].as_str().filter(|_| header["HeaderValue"] == SECRET);
    name.and_then(|name| name.to_ascii_lowercase().parse().ok()).ok_or_else(|| FrontError {
        part: "OriginCustomHeaders",
        reason: format!("expected one header with {SECRET}, found {header}"),
    })
}

/// No JavaScript runs here: the function has to be the one that states the viewer's address, in a
/// header of any name.
fn viewer_header(document: &Document, behavior: &Value) -> Result<Option<HeaderName>, FrontError> {
    let Some(associated) = behavior["FunctionAssociations"].get(0) else { return Ok(None) };
    let id = associated["FunctionARN"].as_str().and_then(|id| id.strip_suffix(".FunctionARN"));
    let function = document.properties(&Value::from(id), "AWS::CloudFront::Function")?;
    let code = function["FunctionCode"].as_str().unwrap_or_default();
    let name = code.split('\'').nth(1).unwrap_or_default();
    let expected = format!(
        "function handler(event) {{ event.request.headers['{name}'] = {{ value: event.viewer.ip }}; return event.request; }}"
    );
    let is_known =
        code.split_whitespace().eq(expected.split(' ')) && associated["EventType"] == "viewer-request";
    let header = name.parse().ok().filter(|_| is_known);
    header.map(Some).ok_or_else(|| FrontError {
        part: "FunctionAssociations",
        reason: "expected a function at viewer requests that states the viewer's address".to_owned(),
    })
}

fn headers(config: &Value) -> Result<Headers, FrontError> {
    let names = texts(&config["Headers"]);
    match config["HeaderBehavior"].as_str() {
        Some("none") => Ok(Headers::None),
        Some("allViewer") => Ok(Headers::All),
        Some("allExcept") => Ok(Headers::Except(names)),
        // CloudFront refuses to create one that names it.
        Some("whitelist") if !names.contains("authorization") => Ok(Headers::Only(names)),
        other => Err(FrontError { part: "HeadersConfig", reason: format!("{other:?} is not played here") }),
    }
}

fn all_or_none(behavior: &Value) -> Result<bool, FrontError> {
    match behavior.as_str() {
        Some("all") => Ok(true),
        Some("none") => Ok(false),
        _ => {
            Err(FrontError { part: "OriginRequestPolicy", reason: format!("{behavior} is not played here") })
        }
    }
}

/// The viewers' address: that of each connection, or a stated one, such as one of IPv6 on a machine
/// that has none.
#[derive(Clone, Debug, Default)]
pub struct Viewer(Arc<RwLock<Option<IpAddr>>>);

impl Viewer {
    /// From now on, all requests come from this address.
    pub fn set(&self, address: IpAddr) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    fn of(&self, connection: SocketAddr) -> IpAddr {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(|| connection.ip())
    }
}

/// A front with its secret, in front of an origin.
struct Playing {
    front: Front,
    secret: HeaderValue,
    /// Its address, without a slash at the end.
    origin: String,
    viewer: Viewer,
    client: reqwest::Client,
}

/// A web client for this machine. Everything here is plain HTTP: no certificate is trusted.
pub(crate) fn web_client() -> Result<reqwest::Client, reqwest::Error> {
    install_tls();
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
    client.redirect(reqwest::redirect::Policy::none()).build()
}

/// The front as a web server: with its secret, in front of an origin, whose address has no slash at
/// the end.
pub fn router(front: Front, secret: &str, origin: &str, viewer: Viewer) -> Result<Router, FrontError> {
    let failed = |reason: String| FrontError { part: SECRET, reason };
    let secret = HeaderValue::from_str(secret).map_err(|error| failed(error.to_string()))?;
    let client = web_client().map_err(|error| failed(error.to_string()))?;
    let playing = Arc::new(Playing { front, secret, origin: origin.to_owned(), viewer, client });
    Ok(Router::new().fallback(move |ConnectInfo(from): ConnectInfo<SocketAddr>, request: Request| {
        let playing = Arc::clone(&playing);
        async move { playing.pass_on(from, request).await }
    }))
}

impl Playing {
    async fn pass_on(&self, from: SocketAddr, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if !self.front.methods.contains(&parts.method.as_str().to_ascii_lowercase()) {
            return StatusCode::FORBIDDEN.into_response();
        }
        let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let query = parts.uri.query().filter(|_| self.front.has_query);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}{}{query}", self.origin, parts.uri.path());
        let headers = self.headers(&parts, self.viewer.of(from));
        let request = self.client.request(parts.method, url).headers(headers).body(body);
        let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
        let mut response = (status, Body::from(body)).into_response();
        response.headers_mut().clear();
        response.headers_mut().extend(headers);
        for name in BETWEEN_NEIGHBORS {
            response.headers_mut().remove(name);
        }
        response
    }

    /// The headers that the origin gets. `Host` is the origin's unless the policy passes on the
    /// viewer's.
    fn headers(&self, parts: &Parts, viewer: IpAddr) -> HeaderMap {
        let mut sent = parts.headers.clone();
        let address = HeaderValue::from_str(&viewer.to_string()).ok();
        if let Some((name, address)) = self.front.viewer.clone().zip(address.clone()) {
            sent.insert(name, address);
        }
        let passed = |name: &HeaderName| {
            let is_ours = BETWEEN_NEIGHBORS.contains(name) || *name == header::CONTENT_LENGTH;
            // Cookies have a setting of their own.
            let wanted = if *name == header::COOKIE {
                self.front.has_cookies
            } else {
                self.front.headers.include(name)
            };
            wanted && !is_ours
        };
        let mut headers: HeaderMap = sent
            .iter()
            .filter(|(name, _)| passed(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static("Amazon CloudFront"));
        headers.extend(address.map(|address| (HeaderName::from_static("x-forwarded-for"), address)));
        headers.insert(self.front.secret.clone(), self.secret.clone());
        headers
    }
}
