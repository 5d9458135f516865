//! The faults of a port call, and when they happen.

use crate::rng::Rng;

/// A call of a port; every effect of Tollgate is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Load,
    Create,
    Save,
    /// Of the operations in doubt.
    Index,
    /// Of the captures that are due.
    CaptureIndex,
    Perform,
    Inquire,
    Merchant,
    /// Of the chargebacks that settlement knows.
    Disputes,
}

/// The fault of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The process dies before the effect.
    CrashBefore,
    /// The process dies after the effect, before it knows.
    CrashAfter,
    /// The process dies while its request travels; the gateway gets it later.
    CrashInFlight,
    /// An error, and nothing was done.
    Error,
    /// An error, and the write was done.
    ErrorAfter,
    /// The write was done, its response was lost, and the client's own repeat meets it.
    OwnConflict,
    /// Another process writes first.
    OtherWriter,
    /// An error, and the write arrives seconds later.
    LateWrite,
    /// The index shows an old state.
    Stale,
    /// The call takes long, and its effect is as usual.
    Slow,
    /// The gateway never sees the request; the caller cannot know.
    RequestLost,
    /// The gateway does it; the caller cannot know.
    AnswerLost,
    /// Nothing was sent, and the caller knows.
    Unreachable,
    /// The gateway did nothing and says so.
    TryAgain,
    /// The gateway refuses the credentials.
    Misconfigured,
    /// The request arrives seconds to an hour later.
    LateRequest,
    /// It arrives one hour to a day later.
    HoursLateRequest,
    /// It arrives one day to three days later, before the last look at operations that were given
    /// up.
    DaysLateRequest,
    /// It arrives after that look, within four days.
    TooLateRequest,
    /// The request is delivered twice, as when a proxy repeats it, and one response arrives or
    /// none.
    DeliveredTwice,
    /// The request is processed at once, and the response arrives seconds to two hours later.
    LateResponse,
    /// The processor leaves the gateway waiting: PPS 62, after 32 s for a write.
    TimedOut,
    /// An intermediary responds with a redirect or a 4xx, although the gateway processed the
    /// request.
    Intermediary,
    /// A member of the response is changed or missing.
    Altered,
    /// The amount of the response is more than was requested, and no fee in it explains that.
    Excess,
    /// A code for duplicates or for an operation in progress, whether or not it was done.
    Duplicate,
    /// It was done, and the response is respstat B, or a decline with an authorization code and the
    /// full amount.
    RefusedAndDone,
    /// The response has another operation's record.
    AnothersRecord,
    /// The response has each record twice, the second time the same or not.
    RecordTwice,
    /// A member that says whose record it is, or each of them, is missing or foreign.
    WrongIdentity,
    /// Status 200 without any record.
    NoRecord,
    /// The process stops for up to ten minutes and goes on.
    Frozen,
}

impl Fault {
    pub(crate) const ALL: [Self; 32] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CrashInFlight,
        Self::Error,
        Self::ErrorAfter,
        Self::OwnConflict,
        Self::OtherWriter,
        Self::LateWrite,
        Self::Stale,
        Self::Slow,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Unreachable,
        Self::TryAgain,
        Self::Misconfigured,
        Self::LateRequest,
        Self::HoursLateRequest,
        Self::DaysLateRequest,
        Self::TooLateRequest,
        Self::DeliveredTwice,
        Self::LateResponse,
        Self::TimedOut,
        Self::Intermediary,
        Self::Altered,
        Self::Excess,
        Self::Duplicate,
        Self::RefusedAndDone,
        Self::AnothersRecord,
        Self::RecordTwice,
        Self::WrongIdentity,
        Self::NoRecord,
        Self::Frozen,
    ];

    /// The fault's name in the summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash before the effect",
            Self::CrashAfter => "crash after the effect",
            Self::CrashInFlight => "crash while the request travels",
            Self::Error => "error, nothing done",
            Self::ErrorAfter => "error, write done",
            Self::OwnConflict => "own write taken for a conflict",
            Self::OtherWriter => "conflict",
            Self::LateWrite => "error, write arrives later",
            Self::Stale => "stale index",
            Self::Slow => "slow",
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost",
            Self::Unreachable => "gateway unreachable",
            Self::TryAgain => "gateway says try again",
            Self::Misconfigured => "gateway refuses credentials",
            Self::LateRequest => "request late",
            Self::HoursLateRequest => "request hours late",
            Self::DaysLateRequest => "request days late",
            Self::TooLateRequest => "request later than every look",
            Self::DeliveredTwice => "request delivered twice",
            Self::LateResponse => "response late",
            Self::TimedOut => "processor timed out",
            Self::Intermediary => "intermediary's status",
            Self::Altered => "response altered",
            Self::Excess => "excess that no fee explains",
            Self::Duplicate => "code for a duplicate",
            Self::RefusedAndDone => "refused and done",
            Self::AnothersRecord => "another operation's record",
            Self::RecordTwice => "record twice",
            Self::WrongIdentity => "identity missing or foreign",
            Self::NoRecord => "no record",
            Self::Frozen => "process frozen",
        }
    }
}

impl Call {
    /// Everything that can go wrong with it.
    pub(crate) fn faults(self) -> &'static [Fault] {
        use Fault::{
            Altered, AnothersRecord, AnswerLost, CrashAfter, CrashBefore, CrashInFlight, DaysLateRequest,
            DeliveredTwice, Duplicate, Error, ErrorAfter, Excess, Frozen, HoursLateRequest, Intermediary,
            LateRequest, LateResponse, LateWrite, Misconfigured, NoRecord, OtherWriter, OwnConflict,
            RecordTwice, RefusedAndDone, RequestLost, Slow, Stale, TimedOut, TooLateRequest, TryAgain,
            Unreachable, WrongIdentity,
        };
        match self {
            Self::Load | Self::Merchant | Self::Disputes => &[CrashBefore, CrashAfter, Error, Slow, Frozen],
            Self::Inquire => &[
                CrashBefore,
                CrashAfter,
                Error,
                Slow,
                Altered,
                Excess,
                AnothersRecord,
                RecordTwice,
                WrongIdentity,
                NoRecord,
                Intermediary,
                Frozen,
            ],
            Self::Create | Self::Save => &[
                CrashBefore,
                CrashAfter,
                Error,
                ErrorAfter,
                OwnConflict,
                OtherWriter,
                LateWrite,
                Slow,
                Frozen,
            ],
            Self::Index | Self::CaptureIndex => &[CrashBefore, CrashAfter, Error, Slow, Stale, Frozen],
            Self::Perform => &[
                CrashBefore,
                CrashAfter,
                CrashInFlight,
                RequestLost,
                AnswerLost,
                Slow,
                Unreachable,
                TryAgain,
                Misconfigured,
                LateRequest,
                HoursLateRequest,
                DaysLateRequest,
                TooLateRequest,
                DeliveredTwice,
                LateResponse,
                TimedOut,
                Duplicate,
                RefusedAndDone,
                Intermediary,
                Altered,
                Excess,
                AnothersRecord,
                RecordTwice,
                WrongIdentity,
                NoRecord,
                Frozen,
            ],
        }
    }
}

/// How much likelier the one call that moves money goes wrong than the others, of which there are
/// many more.
const PERFORM_TIMES: u64 = 2;

/// When something goes wrong.
pub(crate) enum Plan {
    /// Nothing ever goes wrong.
    Calm,
    /// At these calls, counted from zero over the whole run.
    At(Vec<(usize, Fault)>),
    /// At every call of this kind.
    Every(Call, Fault),
    /// With this chance, in percent, at every call.
    Random(u64),
    /// The same, but never this one.
    RandomBut(u64, Fault),
}

impl Plan {
    pub(crate) fn fault(&self, index: usize, call: Call, rng: &mut Rng) -> Option<Fault> {
        match self {
            Self::Calm => None,
            Self::At(planned) => planned.iter().find(|(at, _)| *at == index).map(|(_, fault)| *fault),
            Self::Every(of, fault) => (call == *of).then_some(*fault),
            Self::Random(percent) => random(*percent, call, rng),
            Self::RandomBut(percent, never) => random(*percent, call, rng).filter(|fault| fault != never),
        }
    }
}

fn random(percent: u64, call: Call, rng: &mut Rng) -> Option<Fault> {
    let times = if call == Call::Perform { PERFORM_TIMES } else { 1 };
    rng.chance(percent * times).then(|| rng.pick(call.faults())).flatten()
}
