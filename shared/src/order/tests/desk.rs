//! An order on a desk: asks it, tells it what the gateway said, and looks at it.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    card::CardSummary,
    decline::DeclineCode,
    money::{Amount, Currency},
    operation::{Fingerprint, Grant, KeyDigest, Kind, Mechanism, Operation, Route},
    order::{
        Action, At, Context, Decision, Intent, Next, Order, OrderKey, Pay, Rejection, Target, apply, decide,
    },
    outcome::{Answer, Doubt, NotDone, Outcome},
    policy::Policy,
    transaction::{Method, Transaction},
};

/// The order's total in most tests.
pub(super) const TOTAL: u64 = 2599;

pub(super) fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

pub(super) struct Desk {
    pub(super) order: Order,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    pub(super) by: Grant,
    ids: AtomicU64,
}

impl Desk {
    /// A registered order of 25.99.
    pub(super) fn new() -> Self {
        Self::with_total(Some(TOTAL))
    }

    /// An order whose total the merchant keeps.
    pub(super) fn external() -> Self {
        Self::with_total(None)
    }

    pub(super) fn with_total(total: Option<u64>) -> Self {
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let order = Order::new(&key, Currency::USD, total.map(amount), now);
        Self { order, policy: Policy::default(), now, by: Grant::ClientCredentials, ids: AtomicU64::new(0) }
    }

    pub(super) fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(super) fn ask(&mut self, action: Action, key: Option<&str>) -> Result<Asked, Rejection> {
        let (kind, amount) = match &action {
            Action::Pay(pay) => (pay.method.kind(), pay.amount),
            Action::Capture { amount, .. } => (Kind::Capture, *amount),
            Action::Refund { amount, .. } => (Kind::Refund, *amount),
            Action::Void { .. } => (Kind::Void, None),
        };
        let intent = Intent {
            action,
            key: key.map(|key| KeyDigest::new("POST", "", key)),
            fingerprint: Fingerprint::new(kind, amount, None, None, None),
            by: self.by,
        };
        let route = Route { merchid: "1".to_owned(), base_url: "http://127.0.0.1".to_owned() };
        let new_id = || fresh(&self.ids);
        let context = Context { policy: &self.policy, route: Some(&route), now: self.now, new_id: &new_id };
        let decision = decide(self.order.clone(), &intent, &context)?;
        Ok(match decision {
            Decision::Send(order, at) => {
                self.order = order;
                Asked::Sent(at)
            }
            Decision::Record(order, at) => {
                self.order = order;
                Asked::Recorded(at)
            }
            Decision::Replay(_, at) => Asked::Replayed(at),
        })
    }

    pub(super) fn told(&mut self, at: At, outcome: &Outcome) -> Next {
        let ids = &self.ids;
        apply(&mut self.order, at, outcome, &self.policy, self.now, &|| fresh(ids))
    }

    pub(super) fn pay(
        &mut self,
        method: Method,
        minor: Option<u64>,
        key: Option<&str>,
    ) -> Result<Asked, Rejection> {
        let pay = Pay { method, amount: minor.map(amount), currency: None, card: CardSummary::default() };
        self.ask(Action::Pay(pay), key)
    }

    pub(super) fn capture(&mut self, id: Uuid, minor: Option<u64>) -> Result<Asked, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Capture { target, amount: minor.map(amount), custom_reference: None }, None)
    }

    pub(super) fn refund(&mut self, id: Uuid, minor: Option<u64>) -> Result<Asked, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Refund { target, amount: minor.map(amount), mechanism: None }, None)
    }

    pub(super) fn mark_refunded(&mut self, id: Uuid) -> Result<Asked, Rejection> {
        let target = Target::Transaction(id);
        self.ask(Action::Refund { target, amount: None, mechanism: Some(Mechanism::Manual) }, None)
    }

    pub(super) fn void(&mut self, id: Uuid) -> Result<Asked, Rejection> {
        self.ask(Action::Void { target: Target::Transaction(id) }, None)
    }

    /// An approved payment, and its id.
    pub(super) fn approved(&mut self, method: Method, minor: Option<u64>) -> Uuid {
        let at = self.pay(method, minor, None).unwrap().sent();
        assert_eq!(self.told(at, &approval(self.operation(at))), Next::Answer);
        at.transaction
    }

    /// An approved authorization of which this much was captured.
    pub(super) fn captured(&mut self, minor: u64) -> Uuid {
        let id = self.approved(Method::Authorize, None);
        let at = self.capture(id, Some(minor)).unwrap().sent();
        self.approve(at);
        id
    }

    pub(super) fn approve(&mut self, at: At) {
        assert_eq!(self.told(at, &approval(self.operation(at))), Next::Answer);
    }

    pub(super) fn operation(&self, at: At) -> &Operation {
        self.order.operation(at).unwrap()
    }

    pub(super) fn transaction(&self, id: Uuid) -> &Transaction {
        self.order.transaction(id).unwrap()
    }
}

/// What a decision came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Sent(At),
    Recorded(At),
    Replayed(At),
}

impl Asked {
    pub(super) fn sent(self) -> At {
        match self {
            Self::Sent(at) => at,
            other => panic!("not sent: {other:?}"),
        }
    }

    pub(super) fn replayed(self) -> At {
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

/// The approval that an operation asks for.
pub(super) fn approval(operation: &Operation) -> Outcome {
    Outcome::Approved(Answer {
        retref: Some("r".to_owned()),
        amount: Some(operation.amount),
        ..Answer::default()
    })
}

pub(super) fn partial(minor: u64) -> Outcome {
    let answer = Answer { retref: Some("r".to_owned()), amount: Some(amount(minor)), ..Answer::default() };
    Outcome::PartiallyApproved(answer)
}

pub(super) fn declined() -> Outcome {
    let code = DeclineCode::InsufficientFunds;
    Outcome::Declined(Answer::default(), code, code.advice())
}

pub(super) fn not_done(reason: NotDone) -> Outcome {
    Outcome::NotDone(reason, Answer::default())
}

pub(super) fn unknown() -> Outcome {
    Outcome::Unknown(Doubt::NoAnswer, Answer::default())
}
