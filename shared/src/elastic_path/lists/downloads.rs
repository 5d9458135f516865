//! Lists that people download are on record: person, list, filter and number of rows.

use lambda_http::{Request, RequestExt};
use serde::Serialize;
use tollgate_core::{
    payments::Unreadable,
    people::Audited,
    values::{TextUse, check_kept},
};
use tollgate_wire::Readable;

use crate::{
    access::Access,
    api::{Caller, Failure, Page},
    elastic_path::{
        lists::filter::without_customers,
        response::bad_row,
        response::page::{csv, wants_csv},
    },
    spreadsheet::unreadable_cells,
};

/// Stands for a filter that may not be kept.
const NOT_KEPT: &str = "…";

/// The rows of a list in its two forms, of which one is made.
pub(in crate::elastic_path) struct Rows<'a, R> {
    /// The names of a file's columns.
    pub(in crate::elastic_path) columns: Vec<&'static str>,
    /// Each row as the cells of a line.
    pub(in crate::elastic_path) cells: Box<dyn Iterator<Item = Vec<String>> + Send + 'a>,
    /// Each row as JSON.
    pub(in crate::elastic_path) values: Box<dyn Iterator<Item = R> + Send + 'a>,
}

impl<'a, R: 'a> Rows<'a, R> {
    pub(in crate::elastic_path) fn new(
        columns: Vec<&'static str>,
        cells: impl Iterator<Item = Vec<String>> + Send + 'a,
        values: impl Iterator<Item = R> + Send + 'a,
    ) -> Self {
        Self { columns, cells: Box::new(cells), values: Box::new(values) }
    }
}

impl<'a, R: 'a> Rows<'a, Readable<R>> {
    /// Those that were found, followed by items that cannot be read.
    pub(in crate::elastic_path) fn of<T: Sync>(
        columns: Vec<&'static str>,
        found: &'a [T],
        unreadable: &'a [Unreadable],
        cells: impl Fn(&'a T) -> Vec<String> + Send + 'a,
        value: impl Fn(&'a T) -> R + Send + 'a,
    ) -> Self {
        let bad_cells: Vec<_> = unreadable.iter().map(|bad| unreadable_cells(&columns, &bad.key)).collect();
        let cells = found.iter().map(cells).chain(bad_cells);
        let shown = found.iter().map(move |one| Readable::Read(value(one)));
        Self::new(
            columns,
            cells,
            shown.chain(unreadable.iter().map(|bad| Readable::Unreadable(bad_row(bad)))),
        )
    }
}

/// A list as a file, if the request wants one, or else as JSON. A file for a person is given only
/// once it is on record.
pub(in crate::elastic_path) async fn as_wanted<R, B: Serialize>(
    access: &Access,
    caller: &Caller,
    request: &Request,
    rows: Rows<'_, R>,
    body: impl FnOnce(Vec<R>) -> B,
) -> Result<Page, Failure> {
    if !wants_csv(request) {
        return Ok(body(rows.values.collect()).into());
    }
    let (page, rows) = csv(&rows.columns, rows.cells)?;
    let (list, filter) = (request.uri().path().to_owned(), stated_filter(request));
    caller.on_record(access, request, |_| Audited::Downloaded { list, filter, rows }).await?;
    Ok(page)
}

/// The filter as it was stated, without customers' data: their erasure does not reach the trail.
fn stated_filter(request: &Request) -> String {
    let parameters = request.query_string_parameters();
    let text = without_customers(parameters.first("filter").unwrap_or_default());
    if check_kept(&text, TextUse::Words).is_ok() { text } else { NOT_KEPT.to_owned() }
}
