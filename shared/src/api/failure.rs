//! Why a request was not carried out, in words that every API shares: its own problems, and
//! those of refusals by the rules and of a gateway or a store that does not work. Each API writes
//! them in its own form.

use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::{DECLINES_PER_ORDER_HOUR, Decline, Forbidden, HandRejection, NoEffect, Rejection},
    payments::{
        Full, IN_FLIGHT_RETRY, Limits, MerchantsError, NoQuote, NotByHand, Refusal, ShopFailure, Stop,
        StoreError,
    },
    stored_cards::{DECLINES_PER_HOUR, MethodRefusal, MethodRejection},
    values::Currency,
};
use tollgate_wire::{ErrorFacts, FailureAdvice, LimitOf};
use uuid::Uuid;

use super::{
    Code,
    problem::{About, Problem},
    rate_limit::{Policy, RateLimit},
};
use crate::abuse::TooMany;

/// When to come back while something of the same payment is in progress: most gateway calls take
/// under a second, and the slowest end within the function's 29 s.
const IN_PROGRESS_RETRY_S: u32 = 2;

/// When to come back while a shop may not know of a payment yet: its reads can be as old as this.
const RECORDING_RETRY_S: u32 = 60;

/// When to come back while payments are stopped: a person has to start them again.
const STOPPED_RETRY_S: u32 = 60;

/// When to come back while something that payments need is down.
const UNAVAILABLE_RETRY_S: u32 = 5;

/// Whose limit it is, for a sentence about payments.
fn limited_payments(whose: LimitOf) -> &'static str {
    match whose {
        LimitOf::Address => "from this address",
        LimitOf::Network => "from addresses next to this one",
        LimitOf::Customer => "of this customer",
        LimitOf::Order => "of this order",
    }
}

/// A request that was not carried out: one or more problems, and further facts.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// At least one; the first decides the status.
    problems: Vec<Problem>,
    /// The payment of the failure.
    pub(crate) transaction: Option<Uuid>,
    /// Further facts, for programs.
    pub(crate) facts: Box<ErrorFacts>,
    /// When to come back.
    pub(crate) retry_after_s: Option<u32>,
    /// The limit that it ran into.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Whether it is the response to an earlier request, given again.
    pub(crate) replayed: bool,
    /// Goes to the log, never to the caller.
    pub(crate) for_operator: Option<String>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }
}

impl Failure {
    /// A failure that is about no member, in words for a developer.
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Problem::about("", code, sentence).into()
    }

    /// The issuer or the gateway declined it.
    pub(crate) fn declined(decline: Decline) -> Self {
        let scope = decline.rule.and_then(|rule| rule.class.scope());
        Self::new(Code::Declined, decline.code.message()).with(ErrorFacts {
            decline_code: Some(decline.code.as_str().to_owned()),
            advice: Some(FailureAdvice::from(decline.advice()).into()),
            scope: scope.map(Into::into),
            ..ErrorFacts::default()
        })
    }

    /// A card scheme has forbidden the attempt, by this earlier decline. A shopper is told no more
    /// than that the card will not do.
    fn retry_forbidden(detail: String, by: Option<&Forbidden>) -> Self {
        let Some(Forbidden { class, noted }) = by else {
            let detail = "this card was declined for this order and cannot pay it; use another card";
            return Self::new(Code::RetryForbidden, detail).advising(FailureAdvice::UseAnotherCard);
        };
        Self::new(Code::RetryForbidden, detail).with(ErrorFacts {
            advice: Some(FailureAdvice::from(class.advice()).into()),
            rule: Some((*class).into()),
            scope: class.scope().map(Into::into),
            retry_at: noted.until,
            transaction_id: Some(noted.payment),
            order_id: Some(noted.order.to_string()),
            ..ErrorFacts::default()
        })
    }

    /// A request that cannot be read, although no problem was named.
    pub(crate) fn unreadable() -> Self {
        Self::new(Code::InvalidValue, "the request cannot be read")
    }

    /// Nothing, or a failure of all these.
    pub(crate) fn of_problems(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }

    /// The first problem's code.
    pub(crate) fn code(&self) -> Code {
        self.problems.first().map_or(Code::InvalidValue, |problem| problem.code)
    }

    /// The first problem's words.
    pub(crate) fn words(&self) -> &str {
        self.problems.first().map_or("", Problem::words)
    }

    /// The same with its codes as an API calls them.
    pub(crate) fn renamed(mut self, code: fn(Code) -> Code) -> Self {
        for problem in &mut self.problems {
            problem.code = code(problem.code);
        }
        self
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// The status of the whole response, by an API's table: that of the most serious problem.
    pub(crate) fn status(&self, of: fn(Code) -> u16) -> u16 {
        self.problems().map(|problem| of(problem.code)).max().unwrap_or(500)
    }

    fn about(mut self, about: About) -> Self {
        self.problems = self.problems.into_iter().map(|problem| problem.of_part(about)).collect();
        self
    }

    /// The same with these facts.
    pub(crate) fn with(mut self, facts: ErrorFacts) -> Self {
        *self.facts = facts;
        self
    }

    fn advising(self, advice: FailureAdvice) -> Self {
        self.with(ErrorFacts { advice: Some(advice.into()), ..ErrorFacts::default() })
    }

    fn of_limit(self, whose: LimitOf) -> Self {
        self.with(ErrorFacts { limit: Some(whose.into()), ..ErrorFacts::default() })
    }

    /// Names the payment of the failure.
    pub(crate) fn of(mut self, transaction: Uuid) -> Self {
        self.transaction = Some(transaction);
        self
    }

    /// Says whether it is the response to an earlier request.
    pub(crate) fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    fn limited(self, policy: Policy, seconds: u32) -> Self {
        let rate_limit = Some(RateLimit { policy, resets_in_s: seconds });
        Self { rate_limit, ..self.retry_after(seconds) }
    }

    fn operator(mut self, why: impl Into<String>) -> Self {
        self.for_operator = Some(why.into());
        self
    }

    fn gateway_unavailable(detail: &str) -> Self {
        Self::new(Code::GatewayUnavailable, detail).retry_after(UNAVAILABLE_RETRY_S)
    }

    fn several_eligible(detail: String, transactions: &[Uuid]) -> Self {
        Self::new(Code::SeveralEligibleTransactions, detail)
            .about(About::Transaction)
            .with(ErrorFacts { transaction_ids: Some(transactions.to_vec()), ..ErrorFacts::default() })
    }

    fn possible_duplicate(detail: &str, transaction: Uuid) -> Self {
        let advice = "repeat it with an Idempotency-Key if it is meant";
        Self::new(Code::PossibleDuplicate, format!("{detail}; {advice}")).of(transaction)
    }

    /// A capture is to be scheduled when the authorization has ended, which is at `latest`.
    fn after_expiry(detail: &str, about: About, latest: Timestamp) -> Self {
        let facts = ErrorFacts { latest: Some(latest), ..ErrorFacts::default() };
        Self::new(Code::CaptureAfterExpiry, detail).about(about).with(facts)
    }

    /// The deployment has a front, and the request went past it.
    pub(crate) fn not_through_front() -> Self {
        let detail = "the request did not come through the front of this API; use the address that it is published under";
        Self::new(Code::NotThroughFront, detail)
    }

    /// Something that the service needs is not there.
    pub(crate) fn unavailable(why: &str) -> Self {
        Self::down("the service is not available", why)
    }

    fn down(detail: &str, why: &str) -> Self {
        Self::new(Code::ServiceUnavailable, detail).retry_after(UNAVAILABLE_RETRY_S).operator(why)
    }

    /// A key is wrong, as too many from there were.
    pub(crate) fn too_many_wrong_keys(limit: TooMany, wait: SignedDuration) -> Self {
        let detail = "too many wrong ids or keys came from this address; wait before the next attempt";
        Self::new(Code::TooManyWrongKeys, detail).limited(Policy::Wrong(limit), seconds(wait))
    }

    /// The merchant has read as many lists as it may for now.
    pub(crate) fn too_many_reads(wait: SignedDuration) -> Self {
        let detail = "too many lists of this merchant are read at a time";
        Self::new(Code::TooManyReads, detail).limited(Policy::Reads, seconds(wait))
    }

    /// A counter allows no more now. Declines are not 429: the published SDK would wait an hour
    /// without a word.
    pub(crate) fn full(full: Full, limits: Limits, whose: LimitOf) -> Self {
        let (of, sent) = (limited_payments(whose), "nothing was sent to the gateway");
        let (code, detail, wait, policy) = match full {
            Full::InFlight => {
                let detail = format!("too many payments {of} are in progress; {sent}");
                (Code::TooManyInFlight, detail, IN_FLIGHT_RETRY, Policy::InFlight(limits.in_flight))
            }
            Full::Declined(wait) => {
                let detail = format!("too many payments {of} were declined within the hour; {sent}");
                (Code::TooManyDeclines, detail, wait, Policy::Declined(limits.declined))
            }
        };
        Self::new(code, detail).of_limit(whose).limited(policy, seconds(wait))
    }

    /// Payments are stopped: the merchant's, or all.
    pub(crate) fn payments_stopped(stop: Stop) -> Self {
        let detail = match stop {
            Stop::Merchant => "this merchant's payments are stopped; nothing was sent to the gateway",
            Stop::All | Stop::None => {
                "payments are stopped by the operator of this service; nothing was sent to the gateway"
            }
        };
        Self::new(Code::PaymentsStopped, detail).retry_after(STOPPED_RETRY_S)
    }
}

fn as_quota(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

fn seconds(wait: SignedDuration) -> u32 {
    u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX)
}

/// Merchants cannot be read. An unknown merchant is the caller's business and handled there.
impl From<&MerchantsError> for Failure {
    fn from(error: &MerchantsError) -> Self {
        Self::unavailable(&error.to_string())
    }
}

/// An operation that did nothing.
impl From<NoEffect> for Failure {
    fn from(reason: NoEffect) -> Self {
        let later = Self::gateway_unavailable;
        match reason {
            NoEffect::Unreachable => later("the payment gateway cannot be reached; nothing was done"),
            NoEffect::TryAgain | NoEffect::Throttled => {
                later("the payment gateway asks to try again; nothing was done")
            }
            NoEffect::NoTimeLeft => later("there was no time left to send the payment; nothing was done"),
            NoEffect::NeverArrived => later("the request never reached the payment gateway; nothing was done"),
            NoEffect::Unrecognized => Rejection::NewerVersion.into(),
            NoEffect::EndedByPerson => {
                Self::new(Code::PaymentDisputed, "a person ended this refund; nothing was done")
            }
            NoEffect::VoidedElsewhere => Self::new(
                Code::VoidedElsewhere,
                "the gateway shows the payment as voided, by somebody else; nothing of it stands",
            ),
            NoEffect::Misconfigured | NoEffect::TurnedAway => {
                Self::new(Code::GatewayMisconfigured, "the payment cannot be processed; nothing was done")
                    .operator("the gateway refuses the merchant's set-up or credentials")
            }
            NoEffect::NotSettled => Self::new(
                Code::NotSettled,
                "the payment has not settled yet, so a part of it cannot be refunded; settlement usually runs \
                 overnight: try again tomorrow, or cancel the transaction to give back all of it",
            )
            .advising(FailureAdvice::RetryLater),
            NoEffect::AlreadySettled => Self::new(
                Code::AlreadySettled,
                "the payment was sent to settlement and cannot be cancelled any more; refund it",
            )
            .advising(FailureAdvice::Refund),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::Unverified => Self::gateway_unavailable(
                "an earlier attempt may still turn out to be done, and the payment gateway does not say; nothing was sent",
            ),
            Refusal::Shop(why) => why.into(),
            Refusal::Contended => {
                Self::new(Code::Contended, refusal.to_string()).retry_after(IN_PROGRESS_RETRY_S)
            }
            // The item fails at every read, until a person repairs it.
            Refusal::Store(StoreError::Corrupt(why)) => Self::new(
                Code::Unreadable,
                "what is stored of this cannot be read, so nothing was done; the operator of this service has to repair it",
            )
            .with(ErrorFacts { retryable: Some(false), ..ErrorFacts::default() })
            .operator(why),
            Refusal::Store(error) => Self::down(
                "the service is not available; nothing was sent to the gateway",
                &error.to_string(),
            ),
        }
    }
}

/// The shop does not say what is owed.
impl From<ShopFailure> for Failure {
    fn from(why: ShopFailure) -> Self {
        let detail = match why {
            ShopFailure::Unavailable(_) => "Elastic Path does not say now what the order owes",
            ShopFailure::Unreadable(_) => "Elastic Path's answer about the order cannot be read",
            ShopFailure::TooManyReads(wait) => {
                let detail =
                    "too many of this merchant's orders are read for shoppers at a time; nothing was sent";
                return Self::new(Code::TooManyReads, detail).limited(Policy::ShopReads, seconds(wait));
            }
        };
        Self::new(Code::ElasticPathUnavailable, format!("{detail}; nothing was sent to the gateway"))
            .retry_after(UNAVAILABLE_RETRY_S)
            .operator(why.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Refusal::Store(error).into()
    }
}

/// A surcharge that is not known.
impl From<NoQuote> for Failure {
    fn from(why: NoQuote) -> Self {
        match why {
            NoQuote::Unavailable => Self::gateway_unavailable(
                "the payment gateway does not say now what it would add to the payment",
            ),
            NoQuote::Misconfigured => Self::new(
                Code::GatewayMisconfigured,
                "what the payment gateway would add to the payment cannot be found out",
            )
            .operator(
                "the gateway refuses the preview of a surcharge for the account that the document lists",
            ),
            NoQuote::UnknownCard => {
                let detail = "is not a card of which the payment gateway says whether it is a credit card";
                Problem::invalid("data.payment", detail).into()
            }
            NoQuote::UnknownPostcode => {
                let detail = "is not a postal code that the payment gateway knows";
                Problem::invalid("data.billing_address.postcode", detail).into()
            }
        }
    }
}

impl From<MethodRefusal> for Failure {
    fn from(refusal: MethodRefusal) -> Self {
        let detail = refusal.to_string();
        let error = |code| Self::new(code, detail.clone());
        match refusal {
            MethodRefusal::Rejected(rejection) => match rejection {
                MethodRejection::NotFound => error(Code::PaymentMethodNotFound),
                MethodRejection::KeyReused => error(Code::IdempotencyKeyReused).about(About::Key),
                MethodRejection::InProgress => {
                    error(Code::OperationInProgress).retry_after(IN_PROGRESS_RETRY_S)
                }
                MethodRejection::TooMany => error(Code::TooManyPaymentMethods),
                MethodRejection::TooManyDeclines(wait) => error(Code::TooManyDeclines)
                    .of_limit(LimitOf::Customer)
                    .limited(Policy::Declined(as_quota(DECLINES_PER_HOUR)), seconds(wait)),
                MethodRejection::NewerVersion => error(Code::NewerVersion).retry_after(UNAVAILABLE_RETRY_S),
            },
            MethodRefusal::Contended => error(Code::Contended).retry_after(IN_PROGRESS_RETRY_S),
            MethodRefusal::Store(why) => Refusal::Store(why).into(),
            MethodRefusal::Unverified => Self::gateway_unavailable(
                "an earlier attempt may still turn out to have stored the card, and the payment gateway does not say; nothing was sent",
            ),
            MethodRefusal::NoEffect(reason) => reason.into(),
            MethodRefusal::Refused => error(Code::PaymentMethodRefused)
                .operator("the gateway refuses to change or delete a stored card"),
        }
    }
}

impl From<NotByHand> for Failure {
    fn from(why: NotByHand) -> Self {
        const REFERENCE: &str = "data.retref";
        let text = why.to_string();
        let about = |code| Problem::about(REFERENCE, code, text.clone()).into();
        match why {
            NotByHand::Refused(refusal) => refusal.into(),
            NotByHand::Rule(rule) => match rule {
                HandRejection::TransactionNotFound => Rejection::TransactionNotFound.into(),
                HandRejection::ReferenceNeeded => about(Code::Required),
                HandRejection::ReferenceNotTaken
                | HandRejection::ReferenceMalformed
                | HandRejection::ReferenceInUse => about(Code::InvalidValue),
                HandRejection::NothingInDoubt
                | HandRejection::TooEarly(_)
                | HandRejection::MustBeGivenBack
                | HandRejection::TooMany => Self::new(Code::NotByHand, text),
            },
            NotByHand::OtherRecord(..) => about(Code::InvalidValue),
            NotByHand::GatewayKnows(_) | NotByHand::NoTrace => Self::new(Code::NotByHand, text),
            NotByHand::NoResponse => {
                Self::new(Code::GatewayUnavailable, text).retry_after(UNAVAILABLE_RETRY_S)
            }
            NotByHand::Changed => Self::new(Code::Contended, text).retry_after(IN_PROGRESS_RETRY_S),
        }
    }
}

impl From<Rejection> for Failure {
    #[expect(clippy::too_many_lines, reason = "each rejection has its own arm, and all are in one place")]
    fn from(rejection: Rejection) -> Self {
        let detail = rejection.to_string();
        let error = |code| Self::new(code, detail.clone());
        let busy = |code, transaction| error(code).of(transaction).retry_after(IN_PROGRESS_RETRY_S);
        let amount = |code| error(code).about(About::Amount);
        let none = ErrorFacts::default;
        let more_than = |code, facts| amount(code).with(facts);
        let currency_of = |code, currency: Currency| {
            error(code).about(About::Currency).with(ErrorFacts { currency: Some(currency.into()), ..none() })
        };
        match rejection {
            Rejection::OrderNotFound => error(Code::OrderNotFound),
            Rejection::TransactionNotFound => error(Code::TransactionNotFound),
            Rejection::NewerVersion => error(Code::NewerVersion).retry_after(UNAVAILABLE_RETRY_S),
            Rejection::AmountRequired => amount(Code::AmountRequired),
            Rejection::AmountZero => amount(Code::InvalidValue),
            Rejection::ExceedsOwing(owing) => {
                more_than(Code::ExceedsOwing, ErrorFacts { owing: Some(owing.into()), ..none() })
            }
            Rejection::AlreadyPaid(transaction) => error(Code::AlreadyPaid).of(transaction),
            Rejection::PaymentInProgress(transaction) => busy(Code::PaymentInProgress, transaction),
            Rejection::OperationInProgress(transaction) => busy(Code::OperationInProgress, transaction),
            Rejection::TransactionFailed => error(Code::TransactionFailed),
            Rejection::VersionDiffers(version) => {
                let facts = ErrorFacts { version: Some(version), ..none() };
                error(Code::VersionDiffers).about(About::Version).with(facts)
            }
            Rejection::AlreadyCancelled => error(Code::AlreadyCancelled),
            Rejection::NotAnAuthorization => error(Code::NotAnAuthorization),
            Rejection::AlreadyCaptured => error(Code::AlreadyCaptured),
            Rejection::ExceedsAuthorized(held) => {
                more_than(Code::ExceedsAuthorized, ErrorFacts { authorized: Some(held.into()), ..none() })
            }
            Rejection::NotCaptured => error(Code::NotCaptured),
            Rejection::NothingReleased => error(Code::NothingReleased),
            Rejection::ExceedsReleased(released) => {
                more_than(Code::ExceedsReleased, ErrorFacts { released: Some(released.into()), ..none() })
            }
            Rejection::AlreadyReauthorized(there) => error(Code::AlreadyReauthorized).of(there),
            Rejection::NoStoredCard => error(Code::NoStoredCard),
            Rejection::PaymentDisputed(transaction) => error(Code::PaymentDisputed).of(transaction),
            Rejection::ExceedsRefundMax { max, given_back } => {
                let (refund_max, given_back) = (Some(max.minor()), Some(given_back.minor()));
                more_than(Code::ExceedsRefundMax, ErrorFacts { refund_max, given_back, ..none() })
            }
            Rejection::AlreadyRefunded => error(Code::AlreadyRefunded),
            Rejection::ExceedsRefundable(left) => {
                more_than(Code::ExceedsRefundable, ErrorFacts { refundable: Some(left.into()), ..none() })
            }
            Rejection::RefundAmountRequired => amount(Code::RefundAmountRequired),
            Rejection::FeeBasisRequired => error(Code::FeeBasisRequired),
            Rejection::PostcodeRequired => {
                Problem::of("", Code::Required, detail).of_part(About::Postcode).into()
            }
            Rejection::PartlyRefunded => error(Code::PartlyRefunded),
            // Only the schedule requests due captures.
            Rejection::NoEligibleTransaction
            | Rejection::NothingDue
            | Rejection::CapturesPaused
            | Rejection::CapturesDisputed => error(Code::NoEligibleTransaction),
            Rejection::NoSuchConcern => error(Code::NotFound),
            Rejection::NeedsAction | Rejection::TooManySeen => error(Code::NotByHand),
            Rejection::SeveralEligibleTransactions(those) => Self::several_eligible(detail, &those),
            Rejection::KeyReused(transaction) => {
                error(Code::IdempotencyKeyReused).about(About::Key).of(transaction)
            }
            Rejection::KeyInProgress(transaction) => busy(Code::IdempotencyKeyInProgress, transaction),
            Rejection::PossibleDuplicate(transaction) => Self::possible_duplicate(&detail, transaction),
            Rejection::PaidAtShop | Rejection::ImportedAsPaid => error(Code::AlreadyPaid),
            Rejection::OrderCancelled => error(Code::OrderCancelled),
            Rejection::RecordingPending(payment) => {
                error(Code::RecordingPending).of(payment).retry_after(RECORDING_RETRY_S)
            }
            Rejection::NotRecordable => error(Code::NotRecordable),
            Rejection::OrderElsewhere => error(Code::OrderElsewhere),
            Rejection::NotPayable => error(Code::NotPayable),
            Rejection::TooManyTransactions => error(Code::TooManyTransactions),
            Rejection::TooManyOperations => error(Code::TooManyOperations),
            Rejection::TooManyAttempts => error(Code::TooManyAttempts),
            Rejection::TooManyDeclines(wait) => {
                let declined = as_quota(DECLINES_PER_ORDER_HOUR);
                Self::full(Full::Declined(wait), Limits { in_flight: 0, declined }, LimitOf::Order)
            }
            Rejection::RetryForbidden(by) => Self::retry_forbidden(detail, by.as_deref()),
            Rejection::CurrencyDiffers(currency) => currency_of(Code::CurrencyDiffers, currency),
            Rejection::CaptureAfterExpiry(latest) => Self::after_expiry(&detail, About::CaptureAt, latest),
            Rejection::CaptureRuleAfterExpiry(latest) => {
                Self::after_expiry(&detail, About::CaptureRule, latest)
            }
            Rejection::CaptureExceedsAuthorized(held) => {
                more_than(Code::ExceedsAuthorized, ErrorFacts { authorized: Some(held.into()), ..none() })
                    .about(About::CaptureAmount)
            }
            Rejection::CaptureNotScheduled => error(Code::CaptureNotScheduled).about(About::CaptureAmount),
            Rejection::AuthorizationEnded(transaction) => error(Code::TransactionFailed).of(transaction),
            Rejection::CurrencyNotSupported { currency, limit: _ } => {
                currency_of(Code::CurrencyNotSupported, currency)
            }
            Rejection::CurrencyFixed(currency) => currency_of(Code::CurrencyFixed, currency),
            Rejection::TotalBelowCommitted(committed) => more_than(
                Code::TotalBelowCommitted,
                ErrorFacts { committed: Some(committed.into()), ..none() },
            ),
        }
    }
}
