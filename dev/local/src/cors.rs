//! CORS as an HTTP API does it: as `template.yaml` allows it, for pages of this machine.
//!
//! API Gateway responds to preflight requests, adds its headers to every response for an origin
//! that it knows, and leaves all headers out for the others. The origins are a parameter of the
//! deployment; here they are the loopback ones.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use cardpointe_simulator::hosts::Hosts;
use serde::Deserialize;

/// The template's permissions for pages of other origins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cors {
    /// The methods that the response to a preflight request allows.
    pub allow_methods: Vec<String>,
    /// The headers of requests.
    pub allow_headers: Vec<String>,
    /// The headers of responses.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember it, in seconds.
    pub max_age: u32,
}

/// CORS for one request.
#[derive(Clone)]
pub(crate) struct Crossing {
    cors: Arc<Cors>,
    /// The request's origin, if pages of it are let in.
    origin: Option<HeaderValue>,
}

impl Crossing {
    pub(crate) fn of(cors: &Arc<Cors>, hosts: &Hosts, headers: &HeaderMap) -> Self {
        let origin = headers.get(header::ORIGIN).filter(|origin| hosts.is_own_origin(origin)).cloned();
        Self { cors: Arc::clone(cors), origin }
    }

    /// The response to a preflight request, which reaches no function; none to any other request. A
    /// stranger's has no headers, by which its browser knows.
    pub(crate) fn preflight(&self, parts: &Parts) -> Option<Response> {
        let asks = |name| parts.headers.contains_key(name);
        let is_preflight = parts.method == Method::OPTIONS
            && asks(header::ORIGIN)
            && asks(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        if self.origin.is_some() {
            let Cors { allow_methods, allow_headers, max_age, .. } = &*self.cors;
            for (name, value) in [
                (header::ACCESS_CONTROL_ALLOW_METHODS, allow_methods.join(",")),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, allow_headers.join(",").to_lowercase()),
                (header::ACCESS_CONTROL_MAX_AGE, max_age.to_string()),
            ] {
                insert(&mut response, name, &value);
            }
        }
        Some(self.let_in(response))
    }

    /// The response with the headers that let a page read it.
    pub(crate) fn let_in(&self, mut response: Response<Body>) -> Response<Body> {
        if let Some(origin) = &self.origin {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let exposed = self.cors.expose_headers.join(",").to_lowercase();
            insert(&mut response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &exposed);
        }
        response
    }
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
