//! The HTTP API: finds the route, makes the event, invokes the function, and returns API Gateway's
//! response.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, RawPathParams, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::any,
};
use cardpointe_simulator::hosts::Hosts;
use lambda_http::Body as FunctionBody;
use tollgate_core::values::clean_text;
use uuid::Uuid;

use crate::{
    cors::{Cors, Crossing},
    event::Routed,
    functions::{Functions, InvokeError},
    template::{Route, RouteKey},
    throttle::{Shares, Throttles},
};

/// API Gateway's limit of a request body; not adjustable.
pub(crate) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Longest event that Lambda takes for an invocation whose result is waited for, in bytes.
const EVENT_MAX: usize = 6_291_456;

/// Longest result of such an invocation, as its error states it.
const RESULT_MAX: usize = 6_291_556;

/// An HTTP API's longest wait for a function; not adjustable upwards.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a path the log shows.
const PATH_SHOWN_MAX: usize = 300;

/// For a browser at an unknown address: the pages of the stack. Every other client gets the API's
/// response.
const NO_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
    <title>No such page</title><h1>No such page</h1><ul><li><a href=\"/docs\">The API, to read and try</a>\
    <li><a href=\"/checkout\">A sample shop</a><li><a href=\"/_local\">Addresses and credentials</a></ul>";

/// The routes of one path.
type Methods = BTreeMap<String, Arc<Route>>;

/// For whom an HTTP API is.
pub(crate) enum Kind {
    /// For programs, and pages of other origins as far as this says.
    Api(Cors),
    /// For people, at its own pages.
    Pages,
}

/// The routes as a web server. Without shares, each takes as many requests as come.
pub(crate) fn router(
    routes: &[Route],
    kind: Kind,
    shares: Option<Shares>,
    functions: &Arc<Functions>,
    hosts: &Arc<Hosts>,
) -> Router {
    let mut paths = BTreeMap::<&str, Methods>::new();
    let mut default = None;
    for route in routes {
        match &route.key {
            RouteKey::Exact { method, path } => {
                paths.entry(path).or_default().insert(method.clone(), Arc::new(route.clone()));
            }
            RouteKey::Default => default = Some(Arc::new(route.clone())),
        }
    }
    let cors = match kind {
        Kind::Api(cors) => Some(Arc::new(cors)),
        Kind::Pages => None,
    };
    let gateway = Gateway {
        functions: Arc::clone(functions),
        default,
        cors,
        throttles: shares.map(|shares| Arc::new(Throttles::new(shares))),
        hosts: Arc::clone(hosts),
    };
    let fallback = gateway.clone();
    let mut web =
        Router::new().fallback(move |ConnectInfo(from): ConnectInfo<SocketAddr>, request: Request| {
            let gateway = fallback.clone();
            async move {
                if gateway.cors.is_some() && is_browsers(&request) {
                    return (StatusCode::NOT_FOUND, Html(NO_PAGE)).into_response();
                }
                gateway.answer(None, BTreeMap::new(), from, request).await
            }
        });
    for (path, methods) in paths {
        let (gateway, methods) = (gateway.clone(), Arc::new(methods));
        web = web.route(
            path,
            any(
                move |ConnectInfo(from): ConnectInfo<SocketAddr>,
                      parameters: RawPathParams,
                      request: Request| {
                    let (gateway, route) = (gateway.clone(), find(&methods, request.method()));
                    let parameters = match &route {
                        Some(_) => parameters
                            .iter()
                            .map(|(name, value)| (name.to_owned(), value.to_owned()))
                            .collect(),
                        None => BTreeMap::new(),
                    };
                    async move { gateway.answer(route, parameters, from, request).await }
                },
            ),
        );
    }
    web
}

/// Only browsers that show a page accept HTML before anything else.
fn is_browsers(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    request.method() == Method::GET && accepted.is_some_and(|accepted| accepted.starts_with("text/html"))
}

fn find(methods: &Methods, method: &Method) -> Option<Arc<Route>> {
    methods.get(method.as_str()).or_else(|| methods.get("ANY")).cloned()
}

#[derive(Clone)]
struct Gateway {
    functions: Arc<Functions>,
    /// Serves requests that no route matches, another method of a known path included.
    default: Option<Arc<Route>>,
    /// Only an API for programs has it.
    cors: Option<Arc<Cors>>,
    throttles: Option<Arc<Throttles>>,
    hosts: Arc<Hosts>,
}

impl Gateway {
    fn admits(&self, route: &Route) -> bool {
        let now = self.functions.clock.now();
        self.throttles.as_ref().is_none_or(|throttles| throttles.admit(&route.key.to_string(), now))
    }

    async fn answer(
        &self,
        route: Option<Arc<Route>>,
        path_parameters: BTreeMap<String, String>,
        from: SocketAddr,
        request: Request,
    ) -> Response {
        let request_id = Uuid::new_v4().to_string();
        let (parts, body) = request.into_parts();
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let crossing = self.cors.as_ref().map(|cors| Crossing::of(cors, &self.hosts, &parts.headers));
        if let Some(response) = crossing.as_ref().and_then(|crossing| crossing.preflight(&parts)) {
            return response;
        }
        let mut response = match route.or_else(|| self.default.clone()) {
            None => message(StatusCode::NOT_FOUND, "Not Found"),
            Some(route) if !self.admits(&route) => {
                message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
            }
            Some(route) => match to_bytes(body, BODY_LIMIT).await {
                Err(_) => too_large(),
                Ok(body) => {
                    let (key, at) = (&route.key, self.functions.clock.now());
                    let (parts, body, request_id) = (&parts, &body, request_id.as_str());
                    let event = Routed { key, parts, path_parameters, body, from, at, request_id }.event();
                    self.invoke(&route.function, &event.to_string()).await
                }
            },
        };
        // A caller may put anything into a path, a card number too.
        let path = clean_text(&path, PATH_SHOWN_MAX);
        tracing::info!(%method, path, status = response.status().as_u16(), "request answered");
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(HeaderName::from_static("apigw-requestid"), id);
        }
        match crossing {
            Some(crossing) => crossing.let_in(response),
            None => response,
        }
    }

    async fn invoke(&self, function: &str, event: &str) -> Response {
        if event.len() > EVENT_MAX {
            return too_large();
        }
        let Ok(answer) =
            tokio::time::timeout(INTEGRATION_TIMEOUT, self.functions.invoke(function, event)).await
        else {
            return message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
        };
        match answer {
            Ok(response) if is_too_long(response.body()) => {
                tracing::error!(function, "the response exceeds Lambda's limit");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Ok(response) => response.map(Body::new),
            Err(InvokeError::Stopping) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            Err(error) => {
                tracing::error!(function, %error, "invocation failed");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// Whether a function's result with this body is longer than Lambda takes: in it, the body is a
/// text of JSON.
fn is_too_long(body: &FunctionBody) -> bool {
    let length = match body {
        // No character has more than six bytes there.
        FunctionBody::Text(text) if text.len() * 6 < RESULT_MAX => 0,
        FunctionBody::Text(text) => serde_json::to_string(text).map_or(usize::MAX, |text| text.len()),
        FunctionBody::Binary(bytes) => bytes.len().div_ceil(3) * 4,
        _ => 0,
    };
    length > RESULT_MAX
}

fn too_large() -> Response {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

/// A response of API Gateway itself; its form cannot be changed in an HTTP API.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({ "message": text }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
