//! From a handler's result to HTTP.

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use tollgate_core::{
    order::MerchantId,
    payments::{Switch, trail},
    values::without_mark,
};

use super::{
    Code,
    body::{self, Document, Names, Unreadable},
    failure::Failure,
    problem::Problem,
    rate_limit::RateLimit,
};
use crate::{invocation::request_id, ports::stop, transfer::OfNow};

/// Largest body. A payment with all its members takes under 3 KB.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// A handler's successful result, before an API writes it in its form.
pub(crate) struct Reply<B> {
    pub(crate) status: u16,
    pub(crate) body: B,
    /// Whether it is the response to an earlier request, given again.
    pub(crate) replayed: bool,
    /// Seconds after which it is worth sending the request again.
    pub(crate) retry_after_s: Option<u32>,
}

impl<B> Reply<B> {
    /// A reply that was not given before.
    pub(crate) fn new(status: u16, body: B) -> Self {
        Self { status, body, replayed: false, retry_after_s: None }
    }
}

/// A handler's result, before an API writes it in its form.
pub(crate) type Handled<B> = Result<Reply<B>, Failure>;

/// Refuses a request that moves a merchant's money while its payments, or all, are stopped. For
/// callers that may move money: others cause no look-up.
pub(crate) async fn must_not_be_stopped(switch: &dyn Switch, merchant: &MerchantId) -> Result<(), Failure> {
    let stop = stop(switch, merchant).await?;
    if stop.is_on() { Err(Failure::payments_stopped(stop)) } else { Ok(()) }
}

/// A body as it goes out.
pub(crate) struct Page {
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// The `Link` to the next page.
    pub(crate) link: Option<HeaderValue>,
    /// Whether the body depends on its time, as a list that ends now and a cursor that
    /// expires do.
    pub(crate) is_of_now: bool,
}

/// Makes HTTP of a handler's result, which `write` puts into the API's form. Logs the details for
/// the operator.
pub(crate) fn http<B>(
    request: &Request,
    handled: Handled<B>,
    write: impl FnOnce(Result<(u16, B), &Failure>) -> (u16, Page),
) -> Response<Body> {
    let ((status, page), replayed, retry_after_s, rate_limit) = match handled {
        Ok(reply) => (write(Ok((reply.status, reply.body))), reply.replayed, reply.retry_after_s, None),
        Err(failure) => {
            let code = failure.code().as_str();
            trail::note(|trail| trail.code = Some(code));
            if let Some(why) = &failure.for_operator {
                tracing::error!(request_id = request_id(request), code, why, "request failed");
            }
            (write(Err(&failure)), failure.replayed, failure.retry_after_s, failure.rate_limit)
        }
    };
    let mut response = Response::new(Body::Text(page.body));
    if page.is_of_now {
        response.extensions_mut().insert(OfNow);
    }
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.extend(page.link.map(|link| (header::LINK, link)));
    headers.extend(rate_limit.into_iter().flat_map(RateLimit::headers));
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Refuses a compressed body: read as it is, it would be called a syntax error.
pub(crate) fn must_not_be_compressed(request: &Request) -> Result<(), Failure> {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    let detail = "a body with a Content-Encoding is not read: send it uncompressed";
    Err(Failure::new(Code::UnsupportedMediaType, detail))
}

/// The bytes of a request's body; `unreadable` is the code for a body without readable bytes.
pub(crate) fn body_bytes(request: &Request, unreadable: Code) -> Result<&[u8], Failure> {
    must_not_be_compressed(request)?;
    let bytes: &[u8] = match request.body() {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(Failure::new(unreadable, "the body cannot be read")),
    };
    if bytes.len() > BODY_MAX_BYTES {
        return Err(Failure::new(Code::BodyTooLarge, "the body is larger than 64 KiB"));
    }
    Ok(bytes)
}

/// The JSON of a request. A body that is empty or white space, which the SDK sends as JSON, has no
/// members.
pub(crate) fn json_body(request: &Request) -> Result<Document, Failure> {
    json_document(json_text(request)?)
}

/// The request's body, to be read as JSON; empty where there is none.
pub(crate) fn json_text(request: &Request) -> Result<&str, Failure> {
    let bytes = body_bytes(request, Code::InvalidJson)?;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Failure::new(Code::InvalidJson, format!("the body is not UTF-8 from byte {at} on"))
    })?;
    Ok(without_mark(text))
}

/// A JSON body; without one, an object without members.
pub(crate) fn json_document(text: &str) -> Result<Document, Failure> {
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Ok(Document::empty(Names::Exact));
    }
    body::from_json(text, Names::Exact).map_err(|error| match error {
        Unreadable::NotAnObject => Problem::wrong_type("", "an object").into(),
        error => Failure::new(Code::InvalidJson, error.to_string()),
    })
}
