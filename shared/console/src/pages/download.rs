//! A list as a file: all pages of the API's list joined, under one heading. The API records each
//! page in the audit trail.

use lambda_http::{Body, Response};

use super::{Visit, problem::Problem};
use crate::web::download;

/// How many rows a page of a file has.
pub(crate) const ROWS: &str = "100";
/// Longest file: a function's response ends at 6 MB, and JSON's escapes are part of that.
const MAX_BYTES: usize = 4_500_000;

/// The whole list of an address of the API, or an error that says how else to get it.
pub(crate) async fn joined(visit: &Visit<'_>, address: &str) -> Result<String, Problem> {
    let path = address.split('?').next().unwrap_or_default();
    let mut all = String::new();
    let mut next = Some(address.to_owned());
    while let Some(address) = next {
        let (part, following) = visit.console.api.csv(&visit.session.access_token, &address).await?;
        let lines = if all.is_empty() { &part } else { part.split_once('\n').map_or("", |(_, lines)| lines) };
        all.push_str(lines);
        if all.len() > MAX_BYTES {
            return Err(Problem::TooLong);
        }
        next = following.map(|query| format!("{path}{query}"));
    }
    Ok(all)
}

/// The whole list as a file with this name.
pub(crate) async fn file(visit: &Visit<'_>, name: &str, address: &str) -> Result<Response<Body>, Problem> {
    Ok(download(name, joined(visit, address).await?))
}
