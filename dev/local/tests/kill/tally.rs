//! How far a killed invocation had come, and how many kills hit which part.

use std::fmt;

use tollgate_core::order::{Kind, Stage};

use crate::shop::Shop;

/// How far an invocation had come, by the records that it left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing is on record.
    BeforeIntent,
    /// The intent is on record and the gateway has not done it.
    BeforeGateway,
    /// The gateway has done it and its outcome is not on record.
    BeforeOutcome,
    /// The outcome is on record and no client was told.
    BeforeAnswer,
    /// The response was out.
    AfterAnswer,
}

impl Phase {
    const ALL: [(Self, &'static str); 5] = [
        (Self::BeforeIntent, "before the intent was saved"),
        (Self::BeforeGateway, "between intent and gateway"),
        (Self::BeforeOutcome, "between gateway and outcome"),
        (Self::BeforeAnswer, "between outcome and answer"),
        (Self::AfterAnswer, "after the answer"),
    ];

    /// How far a request has come by now, and whether its response is out. Its intent is the only
    /// operation with a key.
    pub(crate) async fn of(shop: &Shop, order: &str, answered: bool) -> Self {
        if answered {
            return Self::AfterAnswer;
        }
        let order = shop.order(order).await;
        let mut operations = order.operations();
        let Some((transaction, asked)) = operations.find(|(_, operation)| operation.key.is_some()) else {
            return Self::BeforeIntent;
        };
        let latest = transaction.latest_of(asked);
        if !latest.is(Stage::Pending) {
            return Self::BeforeAnswer;
        }
        let by_order_id =
            || format!("inquireByOrderid/{}/{}/1", latest.attempt.gateway_order_id, latest.route.account);
        let by_retref =
            || format!("inquire/{}/{}", transaction.reference().unwrap_or_default(), latest.route.account);
        let done = match latest.kind {
            Kind::Authorize | Kind::Purchase | Kind::Refund => {
                shop.ask_gateway(&by_order_id()).await["setlstat"].is_string()
            }
            Kind::Capture => shop.ask_gateway(&by_retref()).await["setlstat"] != "Authorized",
            Kind::Void => shop.ask_gateway(&by_retref()).await["setlstat"] == "Voided",
            Kind::Unrecognized => false,
        };
        if done { Self::BeforeOutcome } else { Self::BeforeGateway }
    }
}

/// Kills by where they hit, and the responses to the retries.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    alone: [usize; Phase::ALL.len()],
    /// The same event was given to another process at the same moment: how far either had come
    /// cannot be told.
    beside_another: usize,
    /// The intent was on record already, so that only the response was left.
    of_a_retry: usize,
    /// Retries whose response had the result, and those that were told to wait.
    retries: [usize; 2],
}

impl Tally {
    pub(crate) fn killed(&mut self, phase: Phase) {
        self.alone[phase as usize] += 1;
    }

    pub(crate) fn killed_beside_another(&mut self) {
        self.beside_another += 1;
    }

    pub(crate) fn killed_a_retry(&mut self) {
        self.of_a_retry += 1;
    }

    pub(crate) fn retried(&mut self, status: u64) {
        self.retries[usize::from(status != 200)] += 1;
    }

    /// Kills that hit an invocation before its response was out.
    pub(crate) fn landed(&self) -> usize {
        let alone: usize = self.alone[..Phase::AfterAnswer as usize].iter().sum();
        alone + self.beside_another
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, count) in self.alone.iter_mut().zip(other.alone) {
            *sum += count;
        }
        for (sum, count) in self.retries.iter_mut().zip(other.retries) {
            *sum += count;
        }
        self.beside_another += other.beside_another;
        self.of_a_retry += other.of_a_retry;
    }

    /// Every part of the flow was hit; otherwise the test would prove less than it says.
    pub(crate) fn assert_spread(&self) {
        for (phase, name) in Phase::ALL {
            assert!(self.alone[phase as usize] > 0, "no kill {name}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} kills before the request was done:", self.landed())?;
        let (open, [(_, done)]) = Phase::ALL.split_at(Phase::AfterAnswer as usize) else {
            return Err(fmt::Error);
        };
        for (phase, name) in open {
            writeln!(f, "{:>5} {name}", self.alone[*phase as usize])?;
        }
        writeln!(f, "{:>5} while another process had the same event", self.beside_another)?;
        writeln!(
            f,
            "and {} {done}, {} of a retry that changes nothing",
            self.alone[Phase::AfterAnswer as usize],
            self.of_a_retry
        )?;
        let [done, in_progress] = self.retries;
        write!(f, "retries at once: {done} answered with the result, {in_progress} told to wait")
    }
}
