//! The common parts of the lists of a merchant's payments and orders: the filter, and the requested
//! part of the list.

use std::time::Duration;

use form_urlencoded::Serializer;
use jiff::Timestamp;
use lambda_http::{Request, RequestExt, http::HeaderValue};
use serde::Serialize;
use tollgate_core::{
    payments::Deadline,
    values::{ReadOrder, Zone},
};
use tollgate_wire::{self as wire, Links, PageMeta};

use crate::{
    access::Access,
    api::{Caller, Failure, Handled, Page, Reply},
    elastic_path::{
        lists::Rows,
        lists::cursor::Cursor,
        lists::downloads::as_wanted,
        lists::filter::{Fields, parse},
        request::Parameters,
        request::parameters::{OLDEST_FIRST, SORT, TIME_ZONE},
    },
    invocation::deadline,
};

/// Rows of a page unless it is said otherwise, and at most: Elastic Path's.
const ROWS: usize = 25;
pub(in crate::elastic_path) const ROWS_MAX: usize = 100;

/// Longest time for reading a part of a list, with the time kept for responding. The caller waits,
/// and goes on with the next part, so a page is there within three seconds even if it finds little.
const READING_MAX: Duration = Duration::from_millis(4_500);

/// When a part of a list ends, even if nothing was found.
pub(in crate::elastic_path) fn list_deadline(request: &Request, now: Timestamp) -> Deadline {
    deadline(request, now).within(READING_MAX)
}

/// The parameters that every list has.
pub(in crate::elastic_path) const PARAMETERS: [&str; 4] =
    ["filter", TIME_ZONE, "page[limit]", "page[cursor]"];

/// Those of a list that can be read from either end.
pub(in crate::elastic_path) const SORTED: [&str; 5] =
    ["filter", TIME_ZONE, SORT, "page[limit]", "page[cursor]"];

/// A part of a list, as a caller wants it.
pub(in crate::elastic_path) struct Paging<'a, F> {
    access: &'a Access,
    request: &'a Request,
    caller: &'a Caller,
    /// When it was requested.
    pub(in crate::elastic_path) now: Timestamp,
    /// The filter as it was written.
    text: String,
    /// Which rows come first.
    pub(in crate::elastic_path) order: ReadOrder,
    /// The zone whose days are meant, and its parameter as it was written.
    pub(in crate::elastic_path) zone: Zone,
    zone_text: Option<String>,
    /// The list, its order, its zone and its filter: a cursor is good for nothing else.
    signed: String,
    pub(in crate::elastic_path) filter: F,
    /// Most rows.
    pub(in crate::elastic_path) limit: usize,
    /// The range of the list when its first part was read.
    pub(in crate::elastic_path) since: Timestamp,
    pub(in crate::elastic_path) until: Timestamp,
    after: Option<String>,
}

/// The rows of a part, with its place in the list.
pub(in crate::elastic_path) struct Part<R> {
    pub(in crate::elastic_path) rows: Vec<R>,
    pub(in crate::elastic_path) links: Links,
    pub(in crate::elastic_path) page: PageMeta,
}

impl<R> Part<R> {
    /// The body of a list, whose `meta` is made from the page's.
    pub(in crate::elastic_path) fn with<M>(self, meta: impl FnOnce(PageMeta) -> M) -> wire::Page<R, M> {
        wire::Page { data: self.rows, links: self.links, meta: meta(self.page) }
    }
}

/// Where a list goes on, if it does.
pub(in crate::elastic_path) struct NextPart {
    pub(in crate::elastic_path) cursor: Option<String>,
    /// The same request with the cursor, as a reference relative to it.
    pub(in crate::elastic_path) link: Option<String>,
}

/// How many rows a page is to have; none if that is not stated, or wrong.
pub(in crate::elastic_path) fn read_limit(parameters: &mut Parameters<'_>) -> Option<usize> {
    let limit = |limit: &str| limit.parse().ok().filter(|limit| (1..=ROWS_MAX).contains(limit));
    parameters.read("page[limit]", limit, &format!("must be 1 to {ROWS_MAX}"))
}

impl<'a, F: Fields> Paging<'a, F> {
    /// Reads the parameters of every list. Each list has its own mark, so that it takes no cursor
    /// of another.
    pub(in crate::elastic_path) fn of(
        mark: &str,
        access: &'a Access,
        request: &'a Request,
        caller: &'a Caller,
    ) -> Result<Self, Failure> {
        let mut parameters = Parameters::of(request, &PARAMETERS);
        let paging = Self::read(mark, &mut parameters, access, caller);
        parameters.finish()?;
        Ok(paging)
    }

    /// The same among parameters of its own; notes problems.
    pub(in crate::elastic_path) fn read(
        mark: &str,
        parameters: &mut Parameters<'a>,
        access: &'a Access,
        caller: &'a Caller,
    ) -> Self {
        let (request, now) = (parameters.request, access.now());
        let text = request.query_string_parameters().first("filter").unwrap_or_default().to_owned();
        let zone = parameters.time_zone();
        let filter = parse(&text, &zone).unwrap_or_else(|wrong| {
            parameters.problems.extend(wrong);
            F::default()
        });
        let limit = read_limit(parameters).unwrap_or(ROWS);
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
        let moments = cursor.as_ref().map(|cursor| (cursor.since, cursor.until));
        let (since, until) = moments.unwrap_or_else(|| filter.moments(now));
        let after = cursor.map(|cursor| cursor.after);
        Self {
            access,
            request,
            caller,
            now,
            text,
            order,
            zone,
            zone_text,
            signed,
            filter,
            limit,
            since,
            until,
            after,
        }
    }

    /// Where the last part ended; none at the beginning.
    pub(in crate::elastic_path) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The response with this part, in the form that the request wants, and the place where the
    /// next one begins.
    pub(in crate::elastic_path) async fn reply<R, B: Serialize>(
        &self,
        rows: Rows<'_, R>,
        after: Option<String>,
        body: impl FnOnce(Part<R>) -> B,
    ) -> Handled<Page> {
        let next = self.next(after);
        let body = |rows| body(self.part(rows, &next));
        let page = as_wanted(self.access, self.caller, self.request, rows, body).await?;
        Ok(next.reply(page))
    }

    /// The same of a list that has no form but JSON.
    pub(in crate::elastic_path) fn reply_in_json<R, B: Serialize>(
        &self,
        rows: Vec<R>,
        after: Option<String>,
        body: impl FnOnce(Part<R>) -> B,
    ) -> Reply<Page> {
        let next = self.next(after);
        let body = body(self.part(rows, &next));
        next.reply(body.into())
    }

    fn part<R>(&self, rows: Vec<R>, next: &NextPart) -> Part<R> {
        let page = PageMeta { limit: self.limit, cursor: next.cursor.clone() };
        Part { rows, links: Links { next: next.link.clone() }, page }
    }

    /// The next part, which begins after this place.
    pub(in crate::elastic_path) fn next(&self, after: Option<String>) -> NextPart {
        let cursor = after.map(|after| {
            let cursor = Cursor { since: self.since, until: self.until, after };
            cursor.sealed(&self.caller.merchant, &self.signed, self.now)
        });
        NextPart { link: cursor.as_deref().map(|cursor| self.link(cursor)), cursor }
    }

    fn link(&self, cursor: &str) -> String {
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

impl NextPart {
    /// The response with a part: it ends now, and has the next one in the header `Link`.
    pub(in crate::elastic_path) fn reply(&self, page: Page) -> Reply<Page> {
        let link = self.link.as_deref().map(|link| HeaderValue::from_str(&format!("<{link}>; rel=\"next\"")));
        Reply::new(200, Page { link: link.and_then(Result::ok), ..page.of_now() })
    }
}

impl Page {
    /// The same for a list that depends on the time of the request: it has no tag.
    pub(in crate::elastic_path) fn of_now(self) -> Self {
        Self { is_of_now: true, ..self }
    }
}
