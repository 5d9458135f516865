//! One line to the gateway: whether, when and how a request and its response arrive.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use cardpointe_simulator::{Arriving, Delivery, FaultKind, ResponseCode};
use http::{Method, header::AUTHORIZATION};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, timeout};
use tollgate::cardpointe::transport::{BodyError, Request, Response, Transport, TransportError};

use super::{
    Parcel,
    alteration::{self, Alteration},
};
use crate::{
    broken::Broken,
    check,
    fault::{Call, Fault},
    ledger::{Sent, Wanted},
    rng::Rng,
    world::{Instance, State},
};

/// The gateway itself works for up to 32 s, after up to as long on the way.
const SLOWEST_MS: u64 = 40_000;

/// How late a response may be: after its sender gave up, after it was given up as never arrived,
/// and after it was looked for again.
const LATE_S: [(u64, u64); 3] = [(1, 150), (150, 3_000), (3_000, 7_200)];

/// How late a request that arrives within the hour may be.
const WITHIN_THE_HOUR_S: [(u64, u64); 3] = [(1, 150), (150, 3_000), (3_000, 3_540)];

/// How late one is that arrives after the hour, and after a day.
const HOURS_S: (u64, u64) = (3_600, 86_400);
const DAYS_S: (u64, u64) = (86_400, 3 * 86_400 - 600);

/// How late one is that arrives after the last look at it.
const TOO_LATE_S: (u64, u64) = (3 * 86_400 + 7_200, 4 * 86_400);

/// A connection that is cut tells so at once; one that goes silent uses up the caller's whole
/// limit.
const CUT: Duration = Duration::from_millis(300);

/// The statuses of an intermediary, or of a wrongly set up gateway, instead of the gateway's.
const INTERMEDIARY: [u16; 8] = [302, 308, 400, 401, 403, 404, 408, 429];

/// Respstat B: codes after which a payment may be requested again.
const RETRIES: [(&str, &str); 4] = [("FNOR", "28"), ("FNOR", "91"), ("PPS", "61"), ("RPCT", "508")];

/// The record that a gateway without any trace shows.
const NOT_FOUND: &[u8] = br#"{"respstat":"C","respproc":"PPS","respcode":"29","resptext":"Txn not found"}"#;

/// Carries the requests of one call of the port.
pub(super) struct Line<'a> {
    pub(super) instance: &'a Instance,
    pub(super) merchant: &'a str,
    pub(super) about: &'a str,
    /// The instruction of a payment; none for an inquiry, and for a request about a stored card.
    pub(super) sent: Option<Sent>,
    /// Whether it verifies a card.
    pub(super) verifies: bool,
    /// Is set to whether the latest response states more than the gateway took, and nothing that
    /// explains it.
    pub(super) states_more: Option<&'a AtomicBool>,
}

impl<'a> Line<'a> {
    /// For a request about a stored card.
    pub(super) fn of_a_card(instance: &'a Instance, merchant: &'a str, about: &'a str) -> Self {
        Self { instance, merchant, about, sent: None, verifies: false, states_more: None }
    }
}

/// How one request and its response travel.
struct Way {
    /// For how long it travels; none when it never arrives.
    there: Option<Duration>,
    /// For how long its response travels; none when it never arrives.
    back: Option<Duration>,
    /// A fault of the gateway, besides processing the request or instead.
    fault: Option<FaultKind>,
    /// Whether the gateway responds with another operation's record.
    shows_another: bool,
    what_arrives: WhatArrives,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WhatArrives {
    TheResponse,
    /// With changed members or records, as this fault has it.
    Altered(Fault),
    /// As a decline, where it is an approval with everything that an approval has.
    Declined,
    /// This HTTP status instead of the gateway's.
    Status(u16),
}

impl Way {
    const PLAIN: Self = Self {
        there: Some(Duration::ZERO),
        back: Some(Duration::ZERO),
        fault: None,
        shows_another: false,
        what_arrives: WhatArrives::TheResponse,
    };

    fn with(fault: Option<Fault>, carries: Carries, state: &mut State) -> Self {
        let late_by = state.late_by;
        let is_payment = carries == Carries::Payment || carries == Carries::Verification;
        let rng = &mut state.rng;
        let lost_with =
            |status| Self { there: None, what_arrives: WhatArrives::Status(status), ..Self::PLAIN };
        let status = |what_arrives| Self { what_arrives, ..Self::PLAIN };
        match fault {
            Some(Fault::RequestLost | Fault::Error) => Self { there: None, back: None, ..Self::PLAIN },
            Some(Fault::AnswerLost) => Self { back: None, ..Self::PLAIN },
            Some(Fault::Slow | Fault::CrashInFlight) => {
                Self { there: Some(Duration::from_millis(1 + rng.below(SLOWEST_MS))), ..Self::PLAIN }
            }
            Some(
                fault @ (Fault::LateRequest
                | Fault::HoursLateRequest
                | Fault::DaysLateRequest
                | Fault::TooLateRequest),
            ) => {
                let ranges: &[(u64, u64)] = match fault {
                    Fault::LateRequest => &WITHIN_THE_HOUR_S,
                    Fault::HoursLateRequest => &[HOURS_S],
                    Fault::DaysLateRequest => &[DAYS_S],
                    _ => &[TOO_LATE_S],
                };
                Self { there: Some(late_by.unwrap_or_else(|| late(ranges, rng))), ..Self::PLAIN }
            }
            Some(Fault::LateResponse) => {
                Self { back: Some(late_by.unwrap_or_else(|| late(&LATE_S, rng))), ..Self::PLAIN }
            }
            Some(Fault::DeliveredTwice) if carries.moves_money() => {
                let response = rng.pick(&[Arriving::First, Arriving::Second, Arriving::Neither]);
                let response = response.unwrap_or(Arriving::Neither);
                Self { fault: Some(FaultKind::DeliveredTwice { response }), ..Self::PLAIN }
            }
            Some(Fault::RefusedAndDone) if carries.moves_money() => refused_and_done(is_payment, rng),
            Some(Fault::AnothersRecord) => Self { shows_another: true, ..Self::PLAIN },
            Some(Fault::TimedOut) => Self { fault: Some(timed_out(is_payment, rng)), ..Self::PLAIN },
            Some(Fault::Duplicate) => Self { fault: duplicate(rng), ..Self::PLAIN },
            Some(Fault::TryAgain) => lost_with(429),
            Some(Fault::Misconfigured) => lost_with(401),
            Some(Fault::Intermediary) => {
                status(WhatArrives::Status(rng.pick(&INTERMEDIARY).unwrap_or_default()))
            }
            Some(
                fault @ (Fault::Altered
                | Fault::Excess
                | Fault::RecordTwice
                | Fault::WrongIdentity
                | Fault::NoRecord),
            ) => status(WhatArrives::Altered(fault)),
            _ => Self::PLAIN,
        }
    }
}

/// A payment that times out had no effect. Of anything else no document says so.
fn timed_out(is_payment: bool, rng: &mut Rng) -> FaultKind {
    let done = rng.chance(50);
    if is_payment { FaultKind::TimedOut } else { FaultKind::Respond { code: ResponseCode::TIMED_OUT, done } }
}

/// A code that says that there is another request like this one, which may be this one.
fn duplicate(rng: &mut Rng) -> Option<FaultKind> {
    let (respproc, respcode) = rng.pick(&ResponseCode::DUPLICATES)?;
    let done = rng.chance(70);
    Some(FaultKind::Respond { code: ResponseCode::find(respproc, respcode)?, done })
}

/// Respstat B, or a decline that contradicts itself, although the gateway did it.
fn refused_and_done(is_payment: bool, rng: &mut Rng) -> Way {
    if !is_payment || rng.chance(50) {
        return Way { what_arrives: WhatArrives::Declined, ..Way::PLAIN };
    }
    let code = rng.pick(&RETRIES).and_then(|(respproc, respcode)| ResponseCode::find(respproc, respcode));
    Way { fault: code.map(|code| FaultKind::Respond { code, done: true }), ..Way::PLAIN }
}

fn late(ranges: &[(u64, u64)], rng: &mut Rng) -> Duration {
    let (from, to) = rng.pick(ranges).unwrap_or_default();
    Duration::from_secs(from + rng.below(to - from))
}

/// The subject of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    Payment,
    /// A capture or a void, which names its payment by its reference.
    OfAPayment,
    Refund,
    /// The verification of a card.
    Verification,
    /// An inquiry, or a stored card.
    Other,
}

impl Carries {
    fn moves_money(self) -> bool {
        match self {
            Self::Payment | Self::OfAPayment | Self::Refund => true,
            Self::Verification | Self::Other => false,
        }
    }
}

impl Transport for Line<'_> {
    async fn send(&self, request: Request<'_>) -> Result<Response, TransportError> {
        let limit = request.limit;
        let call = match request.method {
            Method::GET => Call::Inquire,
            _ => Call::Perform,
        };
        let Some(request) = as_http(request) else { return Err(TransportError::NotConnected) };
        self.check_amount(&request);
        let began = Instant::now();
        let fault = self.instance.enter_for(Some(self.merchant), call, self.about).await;
        let fault = fault.or_else(|| self.second_charge());
        if fault == Some(Fault::Unreachable) {
            return Err(TransportError::NotConnected);
        }
        let (way, silence) = {
            let mut state = self.instance.world.state();
            let way = Way::with(fault, self.carries(), &mut state);
            (way, if state.rng.chance(50) { CUT } else { limit })
        };
        let parcel = Parcel {
            request,
            sent: self.sent.clone(),
            fault: way.fault,
            shows_another: way.shows_another,
            began,
        };
        let response = match timeout(limit, self.round_trip(fault, way, parcel, silence)).await {
            Ok(response) => response,
            Err(_) => Err(TransportError::NoResponse),
        };
        self.instance.leave(fault).await;
        response
    }
}

impl Line<'_> {
    /// Whether a request names the right amount, or rightly none.
    fn check_amount(&self, request: &http::Request<Vec<u8>>) {
        let Some(sent) = &self.sent else { return };
        let world = &self.instance.world;
        let mut guard = world.state();
        let state = &mut *guard;
        if let Some(rule) = check::fees::sent(state, sent, request.body()) {
            world.fail(state, &rule);
        }
    }

    /// Whether a payment may become two: it arrives after it may have been repeated.
    fn second_charge(&self) -> Option<Fault> {
        let mut state = self.instance.world.state();
        let percent = state.banks.second_percent;
        if percent == 0 || self.carries() != Carries::Payment || !state.rng.chance(percent) {
            return None;
        }
        state.rng.pick(&[Fault::LateRequest, Fault::LateRequest, Fault::HoursLateRequest])
    }

    fn carries(&self) -> Carries {
        match self.sent.as_ref().map(|sent| &sent.wanted) {
            _ if self.verifies => Carries::Verification,
            Some(Wanted::Authorize(_) | Wanted::Purchase(_)) => Carries::Payment,
            Some(Wanted::Capture(_) | Wanted::Void(_)) => Carries::OfAPayment,
            Some(Wanted::Refund(_)) => Carries::Refund,
            None => Carries::Other,
        }
    }

    async fn round_trip(
        &self,
        fault: Option<Fault>,
        way: Way,
        parcel: Parcel,
        silence: Duration,
    ) -> Result<Response, TransportError> {
        let world = &self.instance.world;
        let is_write = parcel.request.method() != http::Method::GET;
        let by_reference = parcel.request.uri().path().contains("/inquire/");
        let about = alteration::About {
            is_write,
            names_its_payment: by_reference || self.carries() == Carries::OfAPayment,
        };
        let arrived = match way.there {
            None => None,
            Some(Duration::ZERO) => Some(world.receive(parcel)),
            Some(after) => {
                let response = world.travel(parcel, after);
                if fault == Some(Fault::CrashInFlight) {
                    self.instance.crash().await;
                }
                response.await.ok()
            }
        };
        let gone = async {
            sleep(silence).await;
            Err(TransportError::NoResponse)
        };
        let Some(back) = way.back else { return gone.await };
        sleep(back).await;
        if let WhatArrives::Status(status) = way.what_arrives {
            return Ok(Response { status, body: Ok(Vec::new()) });
        }
        let Some(mut arrived) = arrived else { return gone.await };
        sleep(arrived.delay).await;
        {
            let mut guard = world.state();
            let state = &mut *guard;
            let alteration = match (way.what_arrives, &self.sent) {
                (WhatArrives::Altered(fault), _) => alteration::pick(fault, about, &mut state.rng),
                (WhatArrives::Declined, Some(sent))
                    if alteration::can_contradict(&arrived.body, state.ledger.total_of(sent)) =>
                {
                    state.ledger.contradict(sent);
                    state.count("approvals told as declines");
                    Some(Alteration::DeclinedWithApproval)
                }
                _ => None,
            };
            if let Some(states_more) = self.states_more {
                states_more.store(alteration.is_some_and(Alteration::raises), Ordering::Relaxed);
            }
            if let Some(alteration) = alteration {
                world.note(state, format_args!("  the response is altered: {alteration:?}"));
                alteration.apply(&mut arrived.body);
            }
        }
        if !is_write && world.state().broken == Some(Broken::InquiryFindsNothing) {
            arrived.body = NOT_FOUND.into();
        }
        let (status, body) = (arrived.status.as_u16(), arrived.body);
        match arrived.delivery {
            Delivery::Complete => Ok(Response { status, body: Ok(body) }),
            Delivery::Cut => Ok(Response { status, body: Err(BodyError::Cut) }),
            Delivery::Closed | Delivery::Never => gone.await,
        }
    }
}

/// The request as it is on the wire.
pub(crate) fn as_http(request: Request<'_>) -> Option<http::Request<Vec<u8>>> {
    let Request { method, url, username, password, body, .. } = request;
    let credentials = BASE64_STANDARD.encode(format!("{username}:{}", password.expose_secret()));
    let builder = http::Request::builder().method(method).uri(url);
    builder.header(AUTHORIZATION, format!("Basic {credentials}")).body(body.unwrap_or_default()).ok()
}
