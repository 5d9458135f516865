//! The content of a route's response: JSON, or CSV if the request wants it; and how either becomes
//! a response.

use std::fmt::Display;

use lambda_http::{Body, Request, Response, http::header};
use serde::Serialize;
use tollgate_wire::to_json;

use crate::{
    api::{Code, Failure, Handled, Page, exchange},
    elastic_path::response::error,
    invocation::request_id,
    spreadsheet,
};

/// A body as JSON.
impl<B: Serialize> From<B> for Page {
    fn from(body: B) -> Self {
        Self { content_type: "application/json", body: to_json(&body), link: None, is_of_now: false }
    }
}

/// A file, and how many rows it has.
pub(in crate::elastic_path) fn csv(
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(Page, u64), Failure> {
    let unwritten = |error: &dyn Display| Failure::unavailable(&error.to_string());
    let mut body = Vec::new();
    let mut count = 0;
    let rows = rows.inspect(|_| count += 1);
    spreadsheet::write(&mut body, columns, rows).map_err(|error| unwritten(&error))?;
    let body = String::from_utf8(body).map_err(|error| unwritten(&error))?;
    Ok((Page { content_type: "text/csv; charset=utf-8", body, link: None, is_of_now: false }, count))
}

/// Whether `Accept` names CSV.
pub(in crate::elastic_path) fn wants_csv(request: &Request) -> bool {
    let accept = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accept.flat_map(|accept| accept.split(','));
    kinds.any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv"))
}

/// The response with the handler's page, or with a failure in the API's form.
pub(in crate::elastic_path) fn response<B: Into<Page>>(
    request: &Request,
    handled: Handled<B>,
) -> Response<Body> {
    exchange::http(request, handled, |outcome| match outcome {
        Ok((status, body)) => (status, body.into()),
        Err(failure) => {
            let body = error::body(failure, &request_id(request));
            (failure.status(Code::status), body.into())
        }
    })
}
