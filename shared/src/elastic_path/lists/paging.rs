//! What the lists of a merchant's payments and orders have in common: a filter, and which part of the list is wanted.

use std::time::Duration;

use form_urlencoded::Serializer;
use jiff::Timestamp;
use lambda_http::{Request, RequestExt, http::HeaderValue};
use tollgate_core::{
    payments::Deadline,
    values::{ReadOrder, Zone},
};

use crate::{
    api::{caller::Caller, exchange::Page},
    elastic_path::{
        lists::cursor::Cursor,
        lists::filter::{Fields, parse},
        request::parameters::{OLDEST_FIRST, Parameters, SORT, TIME_ZONE},
    },
    invocation::deadline,
};

/// Rows of a page unless it is said otherwise, and at most: Elastic Path's.
const ROWS: usize = 25;
pub(in crate::elastic_path) const ROWS_MAX: usize = 100;

/// Longest time that a part of a list is read, with what is kept for responding. Its caller waits for it, and goes on with
/// the next part, so a page is there within three seconds however little it finds.
const READING_MAX: Duration = Duration::from_millis(4_500);

/// When a part of a list ends, whatever was found.
pub(in crate::elastic_path) fn list_deadline(request: &Request, now: Timestamp) -> Deadline {
    deadline(request, now).within(READING_MAX)
}

/// The parameters that every list has.
pub(in crate::elastic_path) const PARAMETERS: [&str; 4] =
    ["filter", TIME_ZONE, "page[limit]", "page[cursor]"];

/// Those of a list that can be read from either end.
pub(in crate::elastic_path) const SORTED: [&str; 5] =
    ["filter", TIME_ZONE, SORT, "page[limit]", "page[cursor]"];

/// What of a list is wanted.
pub(in crate::elastic_path) struct Paging<F> {
    /// The filter as it was written.
    text: String,
    /// Which rows come first.
    pub(in crate::elastic_path) order: ReadOrder,
    /// The zone whose days are meant, and its parameter as it was written.
    pub(in crate::elastic_path) zone: Zone,
    zone_text: Option<String>,
    /// The list, its order, its zone and its filter: a cursor is good for nothing else.
    signed: String,
    /// What the filter says.
    pub(in crate::elastic_path) filter: F,
    /// Most rows.
    pub(in crate::elastic_path) limit: usize,
    /// Where the last part ended; none at the beginning.
    pub(in crate::elastic_path) cursor: Option<Cursor>,
}

impl<F: Fields> Paging<F> {
    /// Reads them for a list, and notes what is wrong. No two lists have the same mark, so that none takes a cursor of the
    /// other.
    pub(in crate::elastic_path) fn read(
        mark: &str,
        request: &Request,
        parameters: &mut Parameters<'_>,
        caller: &Caller,
        now: Timestamp,
    ) -> Self {
        let text = request.query_string_parameters().first("filter").unwrap_or_default().to_owned();
        let zone = parameters.time_zone();
        let filter = parse(&text, &zone).unwrap_or_else(|wrong| {
            parameters.problems.extend(wrong);
            F::default()
        });
        let limit = |limit: &str| limit.parse().ok().filter(|limit| (1..=ROWS_MAX).contains(limit));
        let limit = parameters.read("page[limit]", limit, &format!("must be 1 to {ROWS_MAX}"));
        let order = parameters.order();
        let mut signed = mark.to_owned();
        if order == ReadOrder::OldestFirst {
            signed.extend([OLDEST_FIRST, "\n"]);
        }
        let zone_text = request.query_string_parameters().first(TIME_ZONE).map(str::to_owned);
        if let Some(zone) = &zone_text {
            signed.extend([TIME_ZONE, "=", zone, "\n"]);
        }
        signed += &text;
        let cursor = parameters.read(
            "page[cursor]",
            |cursor| Cursor::opened(&caller.merchant, &signed, cursor, now),
            "is not a cursor of this list, or older than a day; begin again without it",
        );
        Self { text, order, zone, zone_text, signed, filter, limit: limit.unwrap_or(ROWS), cursor }
    }

    /// The cursor of the next part.
    pub(in crate::elastic_path) fn sealed(&self, cursor: &Cursor, caller: &Caller, now: Timestamp) -> String {
        cursor.sealed(&caller.merchant, &self.signed, now)
    }

    /// The same request with a cursor, as a reference relative to it.
    pub(in crate::elastic_path) fn link(&self, cursor: &str) -> String {
        let mut query = Serializer::new(String::new());
        if !self.text.is_empty() {
            query.append_pair("filter", &self.text);
        }
        if self.order == ReadOrder::OldestFirst {
            query.append_pair(SORT, OLDEST_FIRST);
        }
        if let Some(zone) = &self.zone_text {
            query.append_pair(TIME_ZONE, zone);
        }
        query.append_pair("page[limit]", &self.limit.to_string());
        query.append_pair("page[cursor]", cursor);
        format!("?{}", query.finish())
    }
}

impl Page {
    /// The same as a page of a list: it ends now, and has the next page in the header `Link`.
    pub(in crate::elastic_path) fn followed_by(mut self, next: Option<&str>) -> Self {
        let link = next.map(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")));
        self.link = link.and_then(Result::ok);
        self.of_now()
    }

    /// The same as what depends on the time of the request: it has no tag.
    pub(in crate::elastic_path) fn of_now(self) -> Self {
        Self { is_of_now: true, ..self }
    }
}
