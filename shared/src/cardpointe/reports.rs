//! The gateway's reports of batches (`settlestat`) and deposits (`funding`), always of a stated
//! day: without one, reading consumes them (`docs/cardpointe.md`).
//!
//! A report can have 20 MB. Its body is parsed while it arrives, by a thread of its own, and never
//! held as a whole.

mod chunks;
mod funded;
mod loose;
mod pace;
mod settled;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
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
use super::transport::{HttpsTransport, Request, StreamedResponse, StreamingTransport};

/// How far back a day without a year is certain: the gateway takes it for the last one of its name,
/// and clocks and time zones differ by less than the rest of the year.
const SETTLED_AGO_MAX_DAYS: i32 = 300;

/// How often a report is asked for that the gateway refuses because of its limit.
const ASKED_TIMES: u8 = 2;

/// Pieces of a body, and batches of records, that wait for the other side.
const WAITING_MAX: usize = 4;

/// Reads the gateway's reports and nothing else: the holder of this client cannot move money.
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

impl<T: StreamingTransport> CardPointeReports<T> {
    /// A client whose requests this transport carries.
    pub fn over(transport: T, clock: Arc<dyn Clock>) -> Self {
        Self { transport, clock, pace: Pace::default() }
    }

    /// Opens a report, within the gateway's limits of how often it may be asked for.
    async fn open(
        &self,
        request: &ReportRequest<'_>,
        query: String,
    ) -> Result<StreamedResponse, ReportError> {
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
            if response.status != 429 {
                return Ok(response);
            }
            self.pace.hold(endpoint, response.retry_after);
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
        read(self.open(request, query).await?, settled::Batches { day }, each).await
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
        let response = self.open(request, query).await?;
        // It is enabled for each account by the gateway's support.
        if matches!(response.status, 401 | 403 | 404) {
            return Ok(ReadReport::NotOffered);
        }
        read(response, parser, each).await
    }
}

/// Parses a body while it arrives: pieces go to a thread of its own, records come back.
async fn read<P: ReportParser>(
    response: StreamedResponse,
    parser: P,
    each: &mut (dyn FnMut(P::Row) + Send),
) -> Result<ReadReport, ReportError> {
    let StreamedResponse { status, mut body, .. } = response;
    if status != 200 {
        return Err(ReportError::Unavailable(format!("status {status}")));
    }
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
