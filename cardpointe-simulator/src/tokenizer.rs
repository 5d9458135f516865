//! The hosted iFrame tokenizer: a page that a shop shows in a frame, so that card numbers stay out
//! of its own.

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use crate::response::Response;

const PAGE_PATH: &str = "/itoke/ajax-tokenizer.html";
const SCRIPT_PATH: &str = "/itoke/ajax-tokenizer.js";

const PAGE: &str = include_str!("tokenizer/page.html");
const SCRIPT: &str = include_str!("tokenizer/page.js");

/// Styles come with the address, so they are allowed inline; nothing is loaded from elsewhere.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; base-uri 'none'";

/// The page or its script; `None` for every other path.
pub(crate) fn respond(method: &Method, path: &str, now: Timestamp) -> Option<Response> {
    let found = match path {
        PAGE_PATH => Response::html(PAGE),
        SCRIPT_PATH => Response::script(SCRIPT),
        _ => return None,
    };
    if method != Method::GET {
        return Some(Response::http_error(StatusCode::METHOD_NOT_ALLOWED, path, now));
    }
    let mut page = found;
    page.headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Some(page)
}
