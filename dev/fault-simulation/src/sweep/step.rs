//! The steps of scenarios.

use crate::{ask::Route, card::Card};

/// One step of a scenario.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Register,
    /// Pay with this card; see the fake gateway.
    Pay(Route, Card, Option<u64>),
    /// Capture, refund or cancel, perhaps with an amount.
    FollowUp(Route, Option<u64>),
    /// The same about the payment of this number in the order, from 0.
    FollowUpOf(usize, Route, Option<u64>),
    /// Pay through the credit-card API, always under the same reference.
    CardPay(Route, Card, u64),
    /// Capture, refund or void through the credit-card API, perhaps with an amount.
    CardFollowUp(Route, Option<u64>),
    Settle,
    /// Authorize, perhaps an amount, to be captured this many minutes after the beginning.
    PayLater(i64, Option<u64>),
    /// Authorize, to be captured by this rule: its cut-off in New York, and a part of so much.
    PayByRule(&'static str, Option<u64>),
    /// Capture another part of it, at the moment that it has.
    CapturePart(u64),
    /// Move the capture to this many minutes after the beginning, or cancel it.
    Reschedule(Option<i64>),
    /// Pause or resume the order's scheduled captures.
    Switch(Route),
    /// A step that the schedule makes, or that happens beside it.
    Scheduled(Scheduled),
}

#[derive(Clone, Copy)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) merchant: &'static str,
    /// Whether the merchant's account adds a surcharge.
    pub(super) has_fees: bool,
    pub(super) steps: &'static [Step],
    /// The second at which it begins.
    pub(super) begins_s: i64,
}

/// An event by the schedule or beside it, which needs no request of its own.
#[derive(Clone, Copy)]
pub(super) enum Scheduled {
    /// Time passes until this many minutes after the beginning.
    Until(i64),
    /// A run of the schedule.
    Run,
    /// Two runs at once.
    TwoRuns,
    /// A run while a client requests this, perhaps at another moment.
    RunBeside(Route, Option<i64>),
    /// A run whose gateway says to try again.
    RunInVain,
    /// From now on authorizations live shortly, and are voided when they lapse or are not.
    Short { void_lapsed: bool },
}
