//! Lists that people download are on record: who, which list, by which filter, and how many rows.

use lambda_http::{Request, RequestExt};
use tollgate_core::{
    payments::Refusal,
    people::{AuditEntry, Audited, AuditedPerson},
    values::{TextUse, check_kept},
};

use super::filter::without_customers;
use crate::{
    api::{caller::Caller, exchange::Page, failure::Failure},
    invocation::request_id,
    ports::Downloads,
};

/// What stands for a filter that may not be kept.
const NOT_KEPT: &str = "…";

/// The same page. A file for a person is given only once it is on record; a key's is not recorded, because its system is not a
/// person.
pub(super) async fn on_record(
    ports: &impl Downloads,
    caller: &Caller,
    request: &Request,
    page: Page,
) -> Result<Page, Failure> {
    let (Some(rows), Some(person), Some(trail)) = (page.rows, caller.person(), ports.trail()) else {
        return Ok(page);
    };
    let access = ports.access();
    let entry = AuditEntry {
        id: access.clock.new_id(),
        at: access.now(),
        who: AuditedPerson::Known { id: person.id, name: person.name.clone() },
        what: Audited::Downloaded {
            list: request.uri().path().to_owned(),
            filter: stated_filter(request),
            rows,
        },
        request: request_id(request),
    };
    trail.record(&caller.merchant.id, &entry).await.map_err(Refusal::Store)?;
    Ok(page)
}

/// The filter as it was stated, without what it says of customers: their erasure does not reach the trail.
fn stated_filter(request: &Request) -> String {
    let text = request.query_string_parameters().all("filter").unwrap_or_default().join(":");
    let text = without_customers(&text);
    if check_kept(&text, TextUse::Words).is_ok() { text } else { NOT_KEPT.to_owned() }
}
