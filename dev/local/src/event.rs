//! API Gateway's side of an invocation: an HTTP request as an event of payload format 2.0.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::{
    body::Bytes,
    extract::Query,
    http::{HeaderMap, Uri, header, request::Parts},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::template::RouteKey;

/// A request that found its route.
pub(crate) struct Routed<'a> {
    pub(crate) key: &'a RouteKey,
    pub(crate) parts: &'a Parts,
    /// By name, with percent signs decoded.
    pub(crate) path_parameters: BTreeMap<String, String>,
    pub(crate) body: &'a Bytes,
    pub(crate) from: SocketAddr,
    pub(crate) at: Timestamp,
    pub(crate) request_id: &'a str,
}

impl Routed<'_> {
    /// The event as API Gateway sends it.
    pub(crate) fn event(&self) -> Value {
        let route_key = self.key.to_string();
        let path = decoded_path(&self.parts.uri);
        let headers = headers(&self.parts.headers, self.from);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": self.parts.uri.query().unwrap_or_default(),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": headers.get("host"),
                "domainPrefix": "local",
                "http": {
                    "method": self.parts.method.as_str(),
                    "path": path,
                    "protocol": format!("{:?}", self.parts.version),
                    "sourceIp": self.from.ip().to_string(),
                    "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": self.at.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string(),
                "timeEpoch": self.at.as_millisecond(),
            },
            "headers": headers,
            "isBase64Encoded": false,
        });
        // API Gateway leaves members out that have nothing to say.
        let cookies = cookies(&self.parts.headers);
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        let query = query(&self.parts.uri);
        if !query.is_empty() {
            event["queryStringParameters"] = json!(query);
        }
        if !self.path_parameters.is_empty() {
            event["pathParameters"] = json!(self.path_parameters);
        }
        if !self.body.is_empty() {
            let text = std::str::from_utf8(self.body).ok().filter(|_| is_text(&self.parts.headers));
            event["isBase64Encoded"] = json!(text.is_none());
            event["body"] = json!(text.map_or_else(|| BASE64_STANDARD.encode(self.body), str::to_owned));
        }
        event
    }
}

/// An HTTP API hands the path on decoded (a REST API would not).
fn decoded_path(uri: &Uri) -> String {
    percent_decoded(uri.path())
}

/// Undecodable bytes become replacement characters; a lone percent sign stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%'
            && let (Some(high), Some(low)) = (hex(at + 1), hex(at + 2))
            && let Ok(value) = u8::try_from(high * 16 + low)
        {
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Lower-case names, repeated ones joined with commas; cookies travel in a member of their own.
fn headers(sent: &HeaderMap, from: SocketAddr) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in sent.iter().filter(|(name, _)| *name != header::COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let ip = from.ip().to_string();
    joined
        .entry("x-forwarded-for".into())
        .and_modify(|all| {
            all.push_str(", ");
            all.push_str(&ip);
        })
        .or_insert(ip);
    joined.insert("x-forwarded-proto".into(), "http".into());
    joined
}

fn cookies(sent: &HeaderMap) -> Vec<String> {
    let lines = sent.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split("; ")).map(str::to_owned).collect()
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs);
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs.unwrap_or_default() {
        joined
            .entry(name)
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

/// Whether an HTTP API treats the body as text. Other bodies arrive in Base64, forms and those
/// without a type too; AWS does not document the list, others have measured it.
fn is_text(sent: &HeaderMap) -> bool {
    let content_type =
        sent.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/javascript" | "application/xml")
}
