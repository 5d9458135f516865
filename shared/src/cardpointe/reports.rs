//! The gateway's reports of batches (`settlestat`) and deposits (`funding`), always of a stated day: without one, reading
//! consumes them (`docs/cardpointe.md`).
//!
//! A report can have 20 MB. Its body is parsed while it arrives, by a thread of its own, and never held as a whole.

mod chunks;
mod funded;
mod loose;
mod pace;
mod settled;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use http::Method;
use jiff::{ToSpan, civil::Date};
use tokio::{sync::mpsc, time::Instant};
use tollgate_core::{
    settlement::{
        FundingRecord, ReadReport, ReportError, ReportRequest, Reports, SettledRecord, eastern_day,
    },
    values::Clock,
};

use self::{
    chunks::Chunks,
    loose::{ReportParser, parse},
    pace::Pace,
};
use super::transport::{BodyError, HttpsTransport, Request, StreamedResponse, StreamingTransport};

/// How far back a day without a year is certain: the gateway takes it for the last one of its name, and clocks and time
/// zones differ by less than the rest of the year.
const SETTLED_AGO_MAX_DAYS: i32 = 300;

/// How often a report is asked for that the gateway refuses because of its limit.
const ASKED_TIMES: u8 = 2;

/// Pieces of a body, and batches of records, that wait for the other side.
const WAITING_MAX: usize = 4;

/// Reads the gateway's reports, and nothing else of it: what has this cannot move money.
pub struct CardPointeReports<T = HttpsTransport> {
    transport: T,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

impl CardPointeReports {
    /// A client over the network. Nothing is connected yet.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self::over(HttpsTransport::new(clock.clone())?, clock))
    }
}

/// Which report, and what of a response belongs to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Report {
    Settled,
    Funded,
}

impl<T: StreamingTransport> CardPointeReports<T> {
    /// A client whose requests this transport carries.
    pub fn over(transport: T, clock: Arc<dyn Clock>) -> Self {
        Self { transport, clock, pace: Pace::default() }
    }

    /// Opens a report; none if the gateway does not offer it for the account.
    async fn open(
        &self,
        request: &ReportRequest<'_>,
        report: Report,
        query: String,
    ) -> Result<Option<StreamedResponse>, ReportError> {
        let gateway = &request.merchant.gateway;
        let endpoint = gateway.endpoint.as_str();
        let until = Instant::now() + request.limit;
        let (username, password) = (gateway.username.as_str(), &gateway.password);
        let url = format!("{endpoint}/{query}");
        // The pace makes the second request wait for as long as the gateway says.
        for _ in 0..ASKED_TIMES {
            let left = until.saturating_duration_since(Instant::now());
            let limit = self.pace.turn(endpoint, left).await.ok_or(ReportError::Throttled)?;
            let method = Method::GET;
            let request = Request { method, url: url.clone(), username, password, body: None, limit };
            let response = self.transport.open(request).await;
            let response =
                response.map_err(|_| ReportError::Unavailable("there is no response".to_owned()))?;
            match response.status {
                200 => return Ok(Some(response)),
                429 => self.pace.hold(endpoint, response.retry_after),
                // It is enabled for each account by the gateway's support.
                401 | 403 | 404 if report == Report::Funded => return Ok(None),
                status => return Err(ReportError::Unavailable(format!("status {status}"))),
            }
        }
        Err(ReportError::Throttled)
    }

    /// Whether the gateway can have a report of this day.
    fn check(&self, day: Date, oldest: Option<i32>) -> Result<(), ReportError> {
        let today = eastern_day(self.clock.now());
        let is_too_old = oldest.is_some_and(|days| day < today.saturating_sub(days.days()));
        if day > today || is_too_old { Err(ReportError::Day(day)) } else { Ok(()) }
    }
}

#[async_trait]
impl<T: StreamingTransport> Reports for CardPointeReports<T> {
    async fn settled(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(SettledRecord) + Send),
    ) -> Result<ReadReport, ReportError> {
        let ReportRequest { account, day, .. } = *request;
        self.check(day, Some(SETTLED_AGO_MAX_DAYS))?;
        let query = format!("settlestat?merchid={account}&date={}", day.strftime("%m%d"));
        match self.open(request, Report::Settled, query).await? {
            None => Ok(ReadReport::NotOffered),
            Some(response) => read(response.body, settled::Batches { day }, each).await,
        }
    }

    async fn funded(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(FundingRecord) + Send),
    ) -> Result<ReadReport, ReportError> {
        let ReportRequest { account, day, .. } = *request;
        self.check(day, None)?;
        let query = format!("funding?merchid={account}&date={}", day.strftime("%Y%m%d"));
        let parser = funded::Deposits { account: account.to_owned(), day, read_at: self.clock.now() };
        match self.open(request, Report::Funded, query).await? {
            None => Ok(ReadReport::NotOffered),
            Some(response) => read(response.body, parser, each).await,
        }
    }
}

/// Parses a body while it arrives: pieces go to a thread of its own, records come back.
async fn read<P: ReportParser>(
    mut body: impl Stream<Item = Result<Vec<u8>, BodyError>> + Unpin,
    parser: P,
    each: &mut (dyn FnMut(P::Row) + Send),
) -> Result<ReadReport, ReportError> {
    let (pieces, arrived) = mpsc::channel(WAITING_MAX);
    let (records, mut parsed) = mpsc::channel::<Vec<P::Row>>(WAITING_MAX);
    let parsing = tokio::task::spawn_blocking(move || {
        parse(Chunks::new(arrived), &parser, &mut |some| records.blocking_send(some).is_ok())
    });
    let feed = async move {
        while let Some(piece) = body.next().await {
            // A parser that has ended takes no more.
            if pieces.send(piece).await.is_err() {
                break;
            }
        }
    };
    let hand_over = async {
        while let Some(some) = parsed.recv().await {
            some.into_iter().for_each(&mut *each);
        }
    };
    tokio::join!(feed, hand_over);
    parsing.await.map_err(|_| ReportError::Malformed("it cannot be parsed".to_owned()))?
}

#[cfg(test)]
mod tests;
