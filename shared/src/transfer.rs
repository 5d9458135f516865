//! How a response travels: not at all where the client has it already, without its body for `HEAD`,
//! and compressed where the client takes that.

mod gzip;

use lambda_http::{
    Body, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use ring::digest::{SHA256, digest};

/// Bodies up to this size are sent as they are: they fit into two packets, and compressing costs
/// time, too.
const COMPRESS_FROM_BYTES: usize = 2 * 1024;

/// Bytes of a digest that an entity tag has.
const TAG_BYTES: usize = 12;

/// The ending of a compressed body's tag: the body differs byte by byte.
const COMPRESSED: &str = "-gzip";

/// Marks a response whose body depends on when it was made: its tag would never be the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfNow;

/// The response as it is sent.
pub(crate) fn sent(request: &Request, mut response: Response<Body>) -> Response<Body> {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let body = match response.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return response,
    };
    let is_long = body.len() > COMPRESS_FROM_BYTES;
    let is_tagged =
        reads && response.status() == StatusCode::OK && response.extensions().get::<OfNow>().is_none();
    let tag = is_tagged.then(|| tag_of(body));
    let compressed = (is_long && takes_gzip(request.headers())).then(|| gzip::compressed(body));
    let compressed = compressed.filter(|compressed| compressed.len() < body.len());
    if is_long {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if let Some(tag) = tag {
        let of_body = if compressed.is_some() { format!("{tag}{COMPRESSED}") } else { tag.clone() };
        if let Ok(value) = HeaderValue::from_str(&format!("\"{of_body}\"")) {
            response.headers_mut().insert(header::ETAG, value);
        }
        if has_already(request.headers(), &tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_TYPE);
            *response.body_mut() = Body::Empty;
            return response;
        }
    }
    if let Some(compressed) = compressed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *response.body_mut() = Body::Binary(compressed);
    }
    if request.method() == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }
    response
}

/// A tag without its quotes: equal bodies have equal ones, whichever process makes them.
fn tag_of(body: &[u8]) -> String {
    let digest = digest(&SHA256, body);
    digest.as_ref().iter().take(TAG_BYTES).fold(String::new(), |tag, byte| tag + &format!("{byte:02x}"))
}

/// Whether `If-None-Match` names the body, compressed or not: the comparison is the weak one (RFC
/// 9110 §13.1.2).
fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    let stated = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    stated.flat_map(|value| value.split(',')).map(str::trim).any(|stated| {
        let named = stated.strip_prefix("W/").unwrap_or(stated).trim_matches('"');
        stated == "*" || named.strip_suffix(COMPRESSED).unwrap_or(named) == tag
    })
}

/// Whether the client takes gzip, and not rather the body as it is. A client that states nothing
/// takes it as it is.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let stated = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let stated: Vec<(String, u16)> = stated.flat_map(|value| value.split(',')).filter_map(weighted).collect();
    let weight = |names: &[&str]| {
        stated.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, weight)| *weight)
    };
    let any = weight(&["*"]);
    let gzip = weight(&["gzip", "x-gzip"]).or(any).unwrap_or(0);
    gzip > 0 && gzip >= weight(&["identity"]).unwrap_or(0)
}

/// A coding and its weight in thousandths; none if the weight cannot be read.
fn weighted(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1_000), thousandths)?;
    Some((name, weight))
}

/// `0`, `1`, or up to three decimals of either (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_good = ["0", "1"].contains(&whole)
        && decimals.len() <= 3
        && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let number = format!("{whole}{decimals:0<3}").parse().ok().filter(|_| is_good);
    number.filter(|number| *number <= 1_000)
}

#[cfg(test)]
mod tests;
