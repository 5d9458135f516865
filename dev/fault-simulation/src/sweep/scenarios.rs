//! The scenarios that are swept: a few steps each, through either API or both.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::step::{Scenario, Scheduled, Step};
use crate::{
    ask::{Ask, Asked, Media, Route},
    card::Card,
    client::credit_card::{payment, payment_id, with_amount},
    merchants::{EXTERNAL, REGISTERED},
    world::EPOCH_S,
};

/// The order of a scenario that begins in Elastic Path's API.
const ORDER: &str = "o";

/// The reference of a payment that begins in the credit-card API.
const REFERENCE: &str = "r";

/// The total of the registered order.
const TOTAL: u64 = 2_599;

const HOLD: Step = Step::Pay(Route::Authorize, Card::Approves, None);
const BUY: Step = Step::Pay(Route::Purchase, Card::Approves, None);
const CAPTURE: Step = Step::FollowUp(Route::Capture, None);
const REFUND: Step = Step::FollowUp(Route::Refund, None);
const CANCEL: Step = Step::FollowUp(Route::Cancel, None);
const PARCEL: Step = Step::FollowUpOf(0, Route::Capture, Some(600));
const REST: Step = Step::FollowUpOf(0, Route::Reauthorize, None);

const CARD_HOLD: Step = card(Asked::Authorize, Card::Approves);
const CARD_BUY: Step = card(Asked::Charge, Card::Approves);
const CARD_CAPTURE: Step = card_step(Asked::Capture, None);
const CARD_REFUND: Step = card_step(Asked::Refund, None);
const CARD_VOID: Step = card_step(Asked::Void, None);

const fn part(route: Route) -> Step {
    Step::FollowUp(route, Some(600))
}

const fn card(asked: Asked, card: Card) -> Step {
    Step::CardPay(Route::Card(asked, Media::Json), card, 2_050)
}

const fn card_step(asked: Asked, amount: Option<u64>) -> Step {
    Step::CardFollowUp(Route::Card(asked, Media::Json), amount)
}

const fn scenario(name: &'static str, steps: &'static [Step]) -> Scenario {
    Scenario { name, merchant: REGISTERED, has_fees: false, steps, begins_s: EPOCH_S }
}

const fn with_fees(name: &'static str, steps: &'static [Step]) -> Scenario {
    Scenario { has_fees: true, ..scenario(name, steps) }
}

pub(super) const SCENARIOS: [Scenario; 43] = [
    scenario("authorize", &[Step::Register, HOLD]),
    scenario("purchase", &[Step::Register, BUY]),
    scenario("part of what is owing", &[Step::Register, Step::Pay(Route::Pay, Card::Approves, Some(900))]),
    scenario("decline", &[Step::Register, Step::Pay(Route::Purchase, Card::Declines, None)]),
    scenario(
        "a card that times out, then another",
        &[Step::Register, Step::Pay(Route::Purchase, Card::TimesOut, None), BUY],
    ),
    scenario("capture", &[Step::Register, HOLD, CAPTURE]),
    scenario("partial capture", &[Step::Register, HOLD, part(Route::Capture)]),
    scenario("rest authorized anew", &[Step::Register, HOLD, PARCEL, REST]),
    scenario(
        "rest authorized anew and captured",
        &[Step::Register, HOLD, PARCEL, REST, Step::FollowUpOf(1, Route::Capture, None)],
    ),
    scenario(
        "part of a rest, canceled, and the rest",
        &[
            Step::Register,
            HOLD,
            PARCEL,
            Step::FollowUpOf(0, Route::Reauthorize, Some(500)),
            Step::FollowUpOf(1, Route::Cancel, None),
            REST,
        ],
    ),
    scenario(
        "rest of a rest",
        &[
            Step::Register,
            HOLD,
            PARCEL,
            REST,
            Step::FollowUpOf(1, Route::Capture, Some(700)),
            Step::FollowUpOf(1, Route::Reauthorize, None),
        ],
    ),
    scenario("refund", &[Step::Register, BUY, Step::Settle, REFUND]),
    scenario("partial refund", &[Step::Register, BUY, Step::Settle, part(Route::Refund)]),
    scenario(
        "two equal partial refunds",
        &[Step::Register, BUY, Step::Settle, part(Route::Refund), part(Route::Refund)],
    ),
    scenario("refund of a capture", &[Step::Register, HOLD, CAPTURE, Step::Settle, part(Route::Refund)]),
    scenario("void", &[Step::Register, HOLD, CANCEL]),
    scenario("void of a purchase", &[Step::Register, BUY, CANCEL]),
    scenario("void after settlement", &[Step::Register, BUY, Step::Settle, CANCEL]),
    scenario("refund that becomes a void", &[Step::Register, BUY, REFUND]),
    scenario(
        "partial approval with its void",
        &[Step::Register, Step::Pay(Route::Purchase, Card::ApprovesPart, None)],
    ),
    Scenario {
        name: "purchase of an order that may be new",
        merchant: EXTERNAL,
        has_fees: false,
        steps: &[Step::Pay(Route::Purchase, Card::Approves, Some(TOTAL))],
        begins_s: EPOCH_S,
    },
    scenario("credit card: authorize", &[CARD_HOLD]),
    scenario("credit card: charge", &[CARD_BUY]),
    Scenario {
        name: "credit card: charge in XML",
        merchant: EXTERNAL,
        has_fees: false,
        steps: &[Step::CardPay(Route::Card(Asked::Charge, Media::Xml), Card::Approves, 2_050)],
        begins_s: EPOCH_S,
    },
    scenario("credit card: decline", &[card(Asked::Charge, Card::Declines)]),
    scenario("credit card: partial approval with its void", &[card(Asked::Charge, Card::ApprovesPart)]),
    scenario("credit card: capture", &[CARD_HOLD, CARD_CAPTURE]),
    scenario("credit card: charge of an authorization", &[CARD_HOLD, card_step(Asked::Charge, Some(600))]),
    scenario("credit card: refund", &[CARD_BUY, Step::Settle, CARD_REFUND]),
    scenario("credit card: partial refund", &[CARD_BUY, Step::Settle, card_step(Asked::Refund, Some(600))]),
    scenario("credit card: refund that becomes a void", &[CARD_BUY, CARD_REFUND]),
    scenario("credit card: void", &[CARD_HOLD, CARD_VOID]),
    scenario("credit card: void after settlement", &[CARD_BUY, Step::Settle, CARD_VOID]),
    scenario(
        "credit card: another amount under the same reference",
        &[CARD_HOLD, Step::CardPay(Route::Card(Asked::Authorize, Media::Json), Card::Approves, 900)],
    ),
    scenario(
        "credit card: charge under the reference of a decline",
        &[card(Asked::Authorize, Card::Declines), CARD_BUY],
    ),
    scenario("credit card: authorized here, captured by Elastic Path", &[CARD_HOLD, CAPTURE]),
    scenario(
        "credit card: charged here, refunded by Elastic Path and here",
        &[CARD_BUY, Step::Settle, part(Route::Refund), card_step(Asked::Refund, Some(600))],
    ),
    with_fees("with a fee: capture", &[Step::Register, HOLD, CAPTURE]),
    with_fees(
        "with a fee: partial capture and its refund",
        &[Step::Register, HOLD, part(Route::Capture), Step::Settle, REFUND],
    ),
    with_fees(
        "with a fee: two partial refunds and the rest",
        &[Step::Register, BUY, Step::Settle, part(Route::Refund), part(Route::Refund), REFUND],
    ),
    with_fees("with a fee: refund that becomes a void", &[Step::Register, BUY, REFUND]),
    with_fees(
        "with a fee: waived for a debit card, and a part of it refunded",
        &[Step::Register, Step::Pay(Route::Purchase, Card::Debit, None), Step::Settle, part(Route::Refund)],
    ),
    with_fees(
        "credit card with a fee: partial refund and the rest",
        &[CARD_BUY, Step::Settle, card_step(Asked::Refund, Some(600)), CARD_REFUND],
    ),
];

impl Scenario {
    /// Whether the credit-card API begins it, whose requests always have a key.
    pub(super) fn begins_with_a_card(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::CardPay(..)))
    }

    pub(super) fn refunds(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::FollowUp(route, _) | Step::FollowUpOf(_, route, _) | Step::CardFollowUp(route, _) => {
                matches!(route, Route::Refund | Route::Card(Asked::Refund, _))
            }
            Step::Register
            | Step::Pay(..)
            | Step::CardPay(..)
            | Step::Settle
            | Step::PayLater(..)
            | Step::PayByRule(..)
            | Step::CapturePart(_)
            | Step::Reschedule(_)
            | Step::Switch(_)
            | Step::Scheduled(_) => false,
        })
    }

    /// Whether the schedule captures something in it.
    pub(super) fn is_scheduled(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::PayLater(..) | Step::PayByRule(..)))
    }

    pub(super) fn reschedules(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Reschedule(_) | Step::CapturePart(_)))
    }

    /// Whether it can come to one result only, under any fault: neither of two that race, nor to an
    /// end in time, nor to the first of two amounts because the second was stated while the order
    /// was busy.
    pub(super) fn is_certain(&self) -> bool {
        let open =
            |step: &Step| matches!(step, Step::Scheduled(Scheduled::RunBeside(..) | Scheduled::Short { .. }));
        let stated = self.steps.iter().filter(|step| matches!(step, Step::CapturePart(_)));
        !self.steps.iter().any(open) && stated.count() < 2
    }

    /// So many minutes after the beginning.
    pub(super) fn moment(&self, minutes: i64) -> Timestamp {
        Timestamp::from_second(self.begins_s + minutes * 60).unwrap_or(Timestamp::MAX)
    }

    /// The order that it is about.
    pub(super) fn order(&self) -> String {
        let of_card = self.begins_with_a_card().then(|| payment_id(self.merchant, REFERENCE).to_string());
        of_card.unwrap_or_else(|| ORDER.to_owned())
    }

    /// The request of a step, about the transaction that is there; none when it needs one and there
    /// is none.
    pub(super) fn ask(&self, number: usize, transaction: Option<Uuid>, keyed: bool) -> Option<Ask> {
        let later = |at: Option<i64>| json!({"capture_at": at.map(|at| self.moment(at).to_string())});
        let (route, data, follows) = match self.steps[number] {
            Step::Scheduled(Scheduled::RunBeside(Route::Reschedule, at)) | Step::Reschedule(at) => {
                (Route::Reschedule, later(at), true)
            }
            Step::Scheduled(Scheduled::RunBeside(route, _)) => (route, json!({}), true),
            Step::Settle | Step::Scheduled(_) => return None,
            Step::PayLater(at, amount) => {
                let payment = format!("{}|16178397535388255208", Card::Approves.account());
                let mut data = later(Some(at));
                data["gateway"] = "card_connect".into();
                data["payment"] = payment.into();
                (Route::Authorize, with_minor(data, amount), false)
            }
            Step::PayByRule(at, part) => {
                let payment = format!("{}|16178397535388255208", Card::Approves.account());
                let rule = json!({"after": "PT1M", "at": at, "zone": "America/New_York"});
                let data = json!({"gateway": "card_connect", "payment": payment, "capture": rule});
                (Route::Authorize, with_part(data, part), false)
            }
            Step::CapturePart(part) => (Route::Reschedule, with_part(json!({}), Some(part)), true),
            Step::Register => {
                let data = json!({"type": "order", "amount": TOTAL, "currency": "USD"});
                (Route::Register, data, false)
            }
            Step::Pay(route, card, amount) => {
                let payment = format!("{}|16178397535388255208", card.account());
                let mut data = json!({"gateway": "card_connect", "payment": payment});
                if route == Route::Pay {
                    data["method"] = "purchase".into();
                }
                (route, with_minor(data, amount), false)
            }
            Step::Switch(route) => (route, json!({}), false),
            Step::FollowUp(route, amount) | Step::FollowUpOf(_, route, amount) => {
                (route, with_minor(json!({}), amount), true)
            }
            Step::CardPay(route, card, amount) => {
                let mut data = payment(card, amount);
                data["SaveToFile"] = "true".into();
                (route, data, false)
            }
            Step::CardFollowUp(route, amount) => (route, with_amount(json!({}), amount), true),
        };
        let key = match self.steps[number] {
            Step::CardPay(..) => Some(REFERENCE.to_owned()),
            Step::Register | Step::Reschedule(_) | Step::CapturePart(_) | Step::Switch(_) => None,
            _ => keyed.then(|| format!("k{number}")),
        };
        let transaction = transaction.filter(|_| follows);
        let ask = Ask { merchant: self.merchant, order: self.order(), route, transaction, data, key };
        (!follows || transaction.is_some()).then_some(ask)
    }
}

fn with_minor(mut data: Value, amount: Option<u64>) -> Value {
    if let Some(amount) = amount {
        data["amount"] = amount.into();
    }
    data
}

fn with_part(mut data: Value, part: Option<u64>) -> Value {
    if let Some(part) = part {
        data["capture_amount"] = part.into();
    }
    data
}
