//! Lists that people download are on record: who, which list, by which filter, and how many rows.

use lambda_http::{Request, RequestExt};
use tollgate_core::{
    people::Audited,
    values::{TextUse, check_kept},
};

use crate::{
    access::Access,
    api::{caller::Caller, exchange::Page, failure::Failure},
    elastic_path::lists::filter::without_customers,
};

/// What stands for a filter that may not be kept.
const NOT_KEPT: &str = "…";

/// The same page. A file for a person is given only once it is on record.
pub(in crate::elastic_path) async fn on_record(
    access: &Access,
    caller: &Caller,
    request: &Request,
    page: Page,
) -> Result<Page, Failure> {
    if let Some(rows) = page.rows {
        let list = request.uri().path().to_owned();
        let filter = stated_filter(request);
        caller.on_record(access, request, |_| Audited::Downloaded { list, filter, rows }).await?;
    }
    Ok(page)
}

/// The filter as it was stated, without what it says of customers: their erasure does not reach the trail.
fn stated_filter(request: &Request) -> String {
    let parameters = request.query_string_parameters();
    let text = without_customers(parameters.first("filter").unwrap_or_default());
    if check_kept(&text, TextUse::Words).is_ok() { text } else { NOT_KEPT.to_owned() }
}
