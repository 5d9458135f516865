//! An order under test: sends it intents, tells it the gateway's responses, and looks at it.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp, civil::date};
use uuid::Uuid;

use crate::{
    memory::pay,
    order::{
        Action, Attribution, CaptureAt, CaptureTerms, Context, Decline, Dispute, DisputeKind, DisputeReport,
        Doubt, Essentials, Finding, Fingerprint, GatewayResponse, Intent, KeyDigest, Kind, LineId, Mechanism,
        NextStep, NoEffect, Operation, OperationRef, Order, OrderKey, Outcome, Pay, PaymentKind, Plan,
        Policy, Principal, Rejection, Route, Shopper, Target, Transaction, apply, decide, resolve,
    },
    values::{Amount, Currency, DeclineCode, RefundMax},
};

/// The order's total in most tests.
pub(in crate::order) const TOTAL: u64 = 2599;

pub(in crate::order) fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

pub(in crate::order) struct Fixture {
    pub(in crate::order) order: Order,
    pub(in crate::order) policy: Policy,
    pub(in crate::order) now: Timestamp,
    pub(in crate::order) by: Principal,
    pub(in crate::order) attribution: Option<Box<Attribution>>,
    /// Who it is while `by` is a shopper.
    pub(in crate::order) shopper: Option<Shopper>,
    /// The version that requests state.
    pub(in crate::order) seen_version: Option<u64>,
    /// Whether requests mean it where they give disputed money back.
    pub(in crate::order) refund_disputed: bool,
    /// The most that requests may give back of the order.
    pub(in crate::order) refund_max: RefundMax,
    ids: AtomicU64,
}

impl Fixture {
    /// A registered order of 25.99.
    pub(in crate::order) fn new() -> Self {
        Self::with_total(Some(TOTAL))
    }

    /// An order whose total the merchant keeps.
    pub(in crate::order) fn external() -> Self {
        Self::with_total(None)
    }

    pub(in crate::order) fn with_total(total: Option<u64>) -> Self {
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let order = Order::new(&key, Currency::USD, total.map(amount), now);
        let shopper = Some(Shopper::of(Uuid::from_u128(1)));
        let (by, ids) = (Principal::ClientCredentials, AtomicU64::new(0));
        Self {
            order,
            policy: Policy::default(),
            now,
            by,
            attribution: None,
            shopper,
            seen_version: None,
            refund_disputed: false,
            refund_max: RefundMax::Unlimited,
            ids,
        }
    }

    pub(in crate::order) fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(in crate::order) fn ask(&mut self, action: Action, key: Option<&str>) -> Result<Planned, Rejection> {
        self.ask_in(action, None, key)
    }

    /// The same, with the currency that the caller stated.
    pub(in crate::order) fn ask_in(
        &mut self,
        action: Action,
        currency: Option<Currency>,
        key: Option<&str>,
    ) -> Result<Planned, Rejection> {
        let (kind, amount) = match &action {
            Action::Pay(pay) => (pay.kind.operation(), pay.amount),
            Action::Capture { amount, .. } => (Kind::Capture, *amount),
            Action::Reauthorize(wanted) => (Kind::Authorize, wanted.amount),
            Action::CaptureDue { .. } => (Kind::Capture, None),
            Action::Refund { amount, .. } => (Kind::Refund, *amount),
            Action::Void { .. } | Action::VoidLapsed | Action::VoidCancelled => (Kind::Void, None),
        };
        let intent = Intent {
            action,
            key: key.map(|key| KeyDigest::new("POST", "", key)),
            fingerprint: Fingerprint::new(&Essentials { amount, ..Essentials::new(kind) }),
            currency,
            by: self.by,
            attribution: self.attribution.clone(),
            seen_version: self.seen_version,
            refund_disputed: self.refund_disputed,
            refund_max: self.refund_max.clone(),
        };
        let route =
            Route { gateway: "g".into(), account: "1".to_owned(), endpoint: "http://127.0.0.1".to_owned() };
        let new_id = || fresh(&self.ids);
        let context = Context { policy: &self.policy, shop: None, now: self.now, new_id: &new_id };
        let decision = decide(self.order.clone(), &intent, Ok(&route), &context)?;
        Ok(match decision {
            Plan::Send(order, at) => {
                self.order = order;
                Planned::Sent(at)
            }
            Plan::Record(order, at) => {
                self.order = order;
                Planned::Recorded(at)
            }
            Plan::Replay(_, at) => Planned::Replayed(at),
        })
    }

    pub(in crate::order) fn told(&mut self, at: OperationRef, outcome: &Outcome) -> NextStep {
        let new_id = || fresh(&self.ids);
        let context = Context { policy: &self.policy, shop: None, now: self.now, new_id: &new_id };
        apply(&mut self.order, at, outcome, &context)
    }

    pub(in crate::order) fn learns(&mut self, at: OperationRef, finding: &Finding) -> Option<NextStep> {
        let new_id = || fresh(&self.ids);
        let context = Context { policy: &self.policy, shop: None, now: self.now, new_id: &new_id };
        resolve(&mut self.order, at, finding, &context)
    }

    pub(in crate::order) fn pay(
        &mut self,
        kind: PaymentKind,
        minor: Option<u64>,
        key: Option<&str>,
    ) -> Result<Planned, Rejection> {
        let pay = self.payment(kind, minor);
        self.ask(Action::Pay(pay), key)
    }

    /// The content of a request for a payment.
    pub(in crate::order) fn payment(&self, kind: PaymentKind, minor: Option<u64>) -> Pay {
        Pay {
            shopper: self.shopper.filter(|_| self.by == Principal::Implicit),
            ..pay(kind, minor.map(amount))
        }
    }

    pub(in crate::order) fn capture(&mut self, id: Uuid, minor: Option<u64>) -> Result<Planned, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Capture { target, amount: minor.map(amount), custom_reference: None }, None)
    }

    pub(in crate::order) fn refund(&mut self, id: Uuid, minor: Option<u64>) -> Result<Planned, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Refund { target, amount: minor.map(amount), mechanism: None }, None)
    }

    pub(in crate::order) fn mark_refunded(&mut self, id: Uuid) -> Result<Planned, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Refund { target, amount: None, mechanism: Some(Mechanism::Manual) }, None)
    }

    pub(in crate::order) fn void(&mut self, id: Uuid) -> Result<Planned, Rejection> {
        self.ask(Action::Void { target: Target::Transaction(id), reopen: true }, None)
    }

    /// Moves a scheduled capture, or cancels it.
    pub(in crate::order) fn schedule(&mut self, id: Uuid, at: Option<Timestamp>) -> Result<(), Rejection> {
        self.reschedule(id, &at.map_or(CaptureAt::Never, CaptureAt::At).into())
    }

    pub(in crate::order) fn reschedule(&mut self, id: Uuid, terms: &CaptureTerms) -> Result<(), Rejection> {
        self.order.schedule_capture(id, terms, None, &self.policy, self.now)
    }

    /// An approved payment, and its id.
    pub(in crate::order) fn approved(&mut self, kind: PaymentKind, minor: Option<u64>) -> Uuid {
        let at = self.pay(kind, minor, None).unwrap().sent();
        assert_eq!(self.told(at, &approval(self.operation(at))), NextStep::Respond);
        at.transaction
    }

    /// An approved authorization of which this much was captured.
    pub(in crate::order) fn captured(&mut self, minor: u64) -> Uuid {
        let id = self.approved(PaymentKind::Authorize, None);
        let at = self.capture(id, Some(minor)).unwrap().sent();
        self.approve(at);
        id
    }

    pub(in crate::order) fn approve(&mut self, at: OperationRef) {
        assert_eq!(self.told(at, &approval(self.operation(at))), NextStep::Respond);
    }

    pub(in crate::order) fn operation(&self, at: OperationRef) -> &Operation {
        self.order.operation(at).unwrap()
    }

    pub(in crate::order) fn transaction(&self, id: Uuid) -> &Transaction {
        self.order.transaction(id).unwrap()
    }
}

/// The result of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::order) enum Planned {
    Sent(OperationRef),
    Recorded(OperationRef),
    Replayed(OperationRef),
}

impl Planned {
    pub(in crate::order) fn sent(self) -> OperationRef {
        match self {
            Self::Sent(at) => at,
            other => panic!("not sent: {other:?}"),
        }
    }

    pub(in crate::order) fn replayed(self) -> OperationRef {
        match self {
            Self::Replayed(at) => at,
            other => panic!("not replayed: {other:?}"),
        }
    }
}

/// Ids 1, 2, 3, …
fn fresh(ids: &AtomicU64) -> Uuid {
    Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) + 1)
}

/// The approval of exactly the amount that an operation requests, with a reference of its own: `r`
/// for the first payment.
pub(in crate::order) fn approval(operation: &Operation) -> Outcome {
    let reference = match operation.id.as_u128() {
        1 | 2 => "r".to_owned(),
        number => format!("r{number}"),
    };
    Outcome::Approved(GatewayResponse {
        reference: Some(reference),
        charged: Some(operation.amount.into()),
        ..GatewayResponse::default()
    })
}

pub(in crate::order) fn partial(minor: u64) -> Outcome {
    let response = GatewayResponse {
        reference: Some("r".to_owned()),
        charged: Some(amount(minor).into()),
        ..GatewayResponse::default()
    };
    Outcome::PartiallyApproved(response)
}

pub(in crate::order) fn declined() -> Outcome {
    let code = DeclineCode::InsufficientFunds;
    Outcome::Declined(GatewayResponse::default(), Decline::of(code))
}

pub(in crate::order) fn not_done(reason: NoEffect) -> Outcome {
    Outcome::NoEffect(reason, GatewayResponse::default())
}

pub(in crate::order) fn unknown() -> Outcome {
    Outcome::Unknown(Doubt::NoResponse, GatewayResponse::default())
}

/// A report of a chargeback or a reversal of the payment with the reference `r`; a reversal names
/// its case alone.
pub(in crate::order) fn dispute_report(
    kind: DisputeKind,
    case: &str,
    number: &str,
    minor: u64,
) -> DisputeReport {
    let dispute = Dispute {
        kind,
        line: LineId::Stated(format!("{case}/{number}")),
        case: case.to_owned(),
        number: (kind == DisputeKind::Chargeback).then(|| number.to_owned()),
        amount: amount(minor),
        day: Some(date(2027, 1, 20)),
        reason_code: Some("4853".to_owned()),
        reason: Some("Cardholder dispute".to_owned()),
        acquirer_reference: Some("24055227019400000000012".to_owned()),
        deposit: Some("D1".to_owned()),
        changed_on: None,
    };
    let reference = (kind == DisputeKind::Chargeback).then(|| "r".to_owned());
    DisputeReport {
        reference,
        accounts: vec!["1".to_owned()],
        currency: Some(Currency::USD),
        dispute,
        is_current: false,
    }
}
