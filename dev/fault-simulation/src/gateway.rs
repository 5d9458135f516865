//! The gateway: the product's own client for it, over lines on which requests and responses get
//! lost, late or altered, to the simulator's ledger.

mod alteration;
mod line;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cardpointe_simulator::{Alteration, Delivery, Endpoint, Fault, FaultKind, RecordOf, Response};
use http::{Method, Request};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};
use tollgate::{cardpointe::CardPointe, lambda::GATEWAY};

use crate::{
    banks,
    broken::Broken,
    card::{self, Card},
    check, customers,
    ledger::{Did, Exception, Sent, Wanted},
    world::{Instance, State, World},
};
use line::Line;
pub(crate) use line::as_http;
use tollgate_core::{
    order::{Finding, Kind, Outcome, Route},
    payments::{Command, Gateway, GatewayInfo, Inquiry, Instruction, Merchant, PaymentSource, RecordLookUp},
    stored_cards::{ProfileOutcome, Profiles, Renewal},
    values::StoredCard,
};

/// A request that arrives later may have been given up as never arrived.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(95);

/// A refund that arrives later may have been released as never arrived, and repeated.
const REFUNDS_RELEASED_AFTER: Duration = Duration::from_hours(1);

/// A request that was given up is looked for until then; one that arrives later is not found by a
/// look.
const LOOKED_FOR: Duration = Duration::from_hours(72);

/// How far apart the clocks of two machines are, and how long a request may take until it is sent.
const CLOCKS_OFF: Duration = Duration::from_secs(31);

/// How often of a hundred times a moody card's processor declines a capture or a refund.
const MOODY_PERCENT: u64 = 10;

/// The response of a processor that declines a capture or a refund.
const DO_NOT_HONOR: &str = r#"{"respstat":"C","respproc":"FNOR","respcode":"05","resptext":"Do not honor"}"#;

/// A request on its way, and the instruction that it carries; an inquiry carries none.
#[derive(Clone)]
struct Parcel {
    request: Request<Vec<u8>>,
    sent: Option<Sent>,
    /// A fault of the gateway, besides processing the request or instead.
    fault: Option<FaultKind>,
    /// Whether the gateway responds with another operation's record.
    shows_another: bool,
    /// When its sender began to send it.
    began: Instant,
}

impl World {
    /// The gateway gets a request and processes it.
    fn receive(&self, parcel: Parcel) -> Response {
        let Parcel { request, sent, fault, shows_another, began } = parcel;
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(fault) = fault {
            state.ledger.simulator.fault(Fault::once(Endpoint::Any, fault));
        }
        let Some(sent) = sent else { return self.receive_about_cards(state, &request, shows_another) };
        if let Some(rule) = check::arrives(&state.fake_store, &state.ledger, &sent) {
            self.fail(state, &rule);
        }
        let (is_payment, paid_with) = Self::paid_with(state, &sent);
        let request = if is_payment && !state.stored_cards.are_used {
            let body = card::as_issuer_sees_it(request.body(), paid_with, &mut state.rng);
            request.map(|as_sent| body.unwrap_or(as_sent))
        } else {
            request
        };
        let is_void = matches!(sent.wanted, Wanted::Void(_));
        let refused = !is_payment && !is_void && paid_with == Card::Moody && state.rng.chance(MOODY_PERCENT);
        let (response, did) = if refused {
            state.ledger.note(&sent, Did::Declined);
            (refusal(), vec![Did::Declined])
        } else {
            state.ledger.execute(&sent, &request)
        };
        for did in &did {
            if let (true, Did::Approved { retref, .. }) = (is_payment, did) {
                state.cards.insert(retref.clone(), paid_with);
                banks::close_batch(state);
            }
        }
        if state.broken == Some(Broken::GatewayExecutesTwice) {
            state.ledger.execute(&sent, &request);
        }
        let Sent { wanted, gateway_order_id, amount, .. } = &sent;
        self.note(state, format_args!("  gateway {gateway_order_id} {wanted:?} {amount}: {did:?}"));
        if did.contains(&Did::TimedOut) && check::is_mandatory_refund(&state.fake_store, &state.ledger, &sent)
        {
            state.count("mandatory refunds left to a person");
            state.ledger.except(&sent.order, Exception::LeftToAPerson);
        }
        let age = began.elapsed();
        let is_late = age > GIVEN_UP_AFTER;
        let approved = did.iter().any(|did| matches!(did, Did::Approved { .. }));
        if approved {
            self.approved(state, &sent, &did, age);
        }
        count_fees(state, &sent, &did, request.body());
        let mut broken = check::executed(&state.fake_store, &state.ledger, &sent, approved, is_late);
        broken.extend(check::schedule::executed(
            &state.fake_store,
            &state.ledger,
            &sent,
            self.latest(state),
            is_late,
        ));
        for rule in broken {
            self.fail(state, &rule);
        }
        let shown = state.ledger.shown_before(&sent, &response).filter(|_| shows_another);
        state.ledger.respond_with(&sent, &response);
        match shown {
            Some(body) => {
                self.note(state, format_args!("  the response is another operation's"));
                Response { body, ..response }
            }
            None => response,
        }
    }

    /// Whether a request is a payment, and the card that it is paid with.
    fn paid_with(state: &State, sent: &Sent) -> (bool, Card) {
        match &sent.wanted {
            Wanted::Authorize(card) | Wanted::Purchase(card) => (true, *card),
            Wanted::Capture(retref) | Wanted::Refund(retref) | Wanted::Void(retref) => {
                (false, state.cards.get(retref).copied().unwrap_or(Card::Approves))
            }
        }
    }

    /// A request was approved. Which of those exceptions it is that `docs/reliability.md` names, if
    /// it is one.
    fn approved(&self, state: &mut State, sent: &Sent, did: &[Did], age: Duration) {
        let retrefs = did.iter().filter_map(|did| match did {
            Did::Approved { retref, .. } => Some(retref.as_str()),
            Did::Declined | Did::TimedOut | Did::Refused(_) => None,
        });
        let retrefs: Vec<&str> = retrefs.collect();
        if retrefs.len() > 1 {
            state.count("requests delivered twice and approved twice");
            state.ledger.except_records(retrefs.iter().copied(), Exception::DeliveredTwice);
        }
        let margin = Self::clocks_differ_by(state);
        if age > GIVEN_UP_AFTER {
            state.count("requests done after they may be given up");
            state.ledger.came_late(&sent.order);
        }
        if age + margin > REFUNDS_RELEASED_AFTER
            && let Wanted::Refund(_) = sent.wanted
        {
            state.ledger.came_after_the_hour(&sent.gateway_order_id);
        }
        let twice = check::is_refunded_twice(&state.ledger, sent);
        if twice && !state.ledger.has_come_after_the_hour(&sent.gateway_order_id) {
            let id = &sent.gateway_order_id;
            self.fail(state, &format!("{id} is refunded twice, and each request came within the hour"));
        }
        let is_looked_for = check::is_looked_for(&state.fake_store, &state.ledger, sent);
        if age > GIVEN_UP_AFTER && !is_looked_for {
            if age + margin < LOOKED_FOR {
                let id = &sent.gateway_order_id;
                self.fail(state, &format!("{id} came after {age:?}, and is not looked for any more"));
            }
            state.count("requests done after the last inquiry");
            match sent.wanted {
                Wanted::Capture(_) | Wanted::Void(_) => {
                    state.ledger.except(&sent.order, Exception::AfterTheLastLook);
                }
                _ => state.ledger.except_records(retrefs.iter().copied(), Exception::AfterTheLastLook),
            }
        } else if twice {
            state.count("refunds repeated and found twice");
            state.ledger.refunded_again(&sent.gateway_order_id);
        }
        if age > GIVEN_UP_AFTER && check::replaces_a_capture(&state.fake_store, &state.ledger, sent) {
            state.count("captures that met another");
            state.ledger.except(&sent.order, Exception::CapturesMet);
        }
    }

    /// How much later one process's clock may be than another's.
    fn clocks_differ_by(state: &State) -> Duration {
        let ms = state.ahead_ms.saturating_sub(state.behind_ms).unsigned_abs();
        Duration::from_millis(ms) + CLOCKS_OFF
    }

    /// The gateway gets an inquiry, or a request about a stored card.
    fn receive_about_cards(
        &self,
        state: &mut State,
        request: &Request<Vec<u8>>,
        shows_another: bool,
    ) -> Response {
        if request.uri().path().ends_with("/auth") {
            let order_id = customers::order_id(request.body());
            if let Some(rule) = state.stored_cards.arrives(&order_id) {
                self.fail(state, &rule);
            }
            let response = state.ledger.verify(request);
            let letter = state.stored_cards.verified(order_id, &response.body);
            self.note(state, format_args!("  gateway verifies a card: {letter:?}"));
            return response;
        }
        if shows_another {
            let another = Alteration::of(Endpoint::Any).record_of(RecordOf::Previous).times(1);
            state.ledger.simulator.alter(another);
        }
        let response = state.ledger.simulator.respond(request);
        state.ledger.simulator.clear_alterations();
        if *request.method() == Method::DELETE {
            state.count("deletions at the gateway");
            self.note(state, format_args!("  gateway deletes {}", request.uri().path()));
        }
        response
    }

    /// The request is on its way and arrives with or without its sender.
    fn travel(self: &Arc<Self>, parcel: Parcel, after: Duration) -> oneshot::Receiver<Response> {
        let (sender, receiver) = oneshot::channel();
        let world = self.clone();
        self.state().busy_for(after);
        tokio::spawn(async move {
            sleep(after).await;
            // The sender may not be waiting any more.
            drop(sender.send(world.receive(parcel)));
        });
        receiver
    }
}

/// Counts the operations on payments with a fee, for the summary.
fn count_fees(state: &mut State, sent: &Sent, did: &[Did], body: &[u8]) {
    let has_fee = |did: &Did| matches!(did, Did::Approved { fee, .. } if *fee > 0);
    if !did.iter().any(has_fee) {
        return;
    }
    let names_amount = String::from_utf8_lossy(body).contains(r#""amount""#);
    state.count(match sent.wanted {
        Wanted::Authorize(_) | Wanted::Purchase(_) => "payments with a fee",
        Wanted::Capture(_) => "captures with a fee",
        Wanted::Refund(_) if names_amount => "refunds of a part with a fee",
        Wanted::Refund(_) => "refunds of all with a fee",
        Wanted::Void(_) => "voids with a fee",
    });
}

fn refusal() -> Response {
    Response {
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: DO_NOT_HONOR.into(),
        delay: Duration::ZERO,
        delivery: Delivery::Complete,
    }
}

fn sent(merchant: &Merchant, instruction: &Instruction<'_>) -> Sent {
    let wanted = match &instruction.command {
        Command::Authorize(source) => Wanted::Authorize(card_of(source)),
        Command::Purchase(source) => Wanted::Purchase(card_of(source)),
        Command::Capture(payment) => Wanted::Capture(payment.reference.to_owned()),
        Command::Refund(payment) => Wanted::Refund(payment.reference.to_owned()),
        Command::Void(payment) => Wanted::Void(payment.reference.to_owned()),
    };
    Sent {
        wanted,
        gateway_order_id: instruction.gateway_order_id.to_owned(),
        merchid: instruction.route.account.clone(),
        order: format!("{}#{}", merchant.id, instruction.order),
        amount: instruction.amount.minor(),
    }
}

/// Account or number say which card it is.
fn card_of(source: &PaymentSource) -> Card {
    match source {
        PaymentSource::Profile { account, .. } => Card::from_account(account),
        PaymentSource::Card(card) => Card::from_number(card.account.expose()),
    }
}

fn is_approval(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Approved(_) | Outcome::PartiallyApproved(_))
}

impl Instance {
    /// An excess that no fee explains decides nothing, except of a void.
    fn must_not_believe(&self, is_believed: bool, states_more: &AtomicBool, about: &str) {
        if is_believed && states_more.load(Ordering::Relaxed) {
            self.world.fail(&mut self.world.state(), &format!("an unexplained excess is believed: {about}"));
        }
    }

    /// Whether an outcome states the amount that its record has.
    fn is_true(&self, outcome: &Outcome) -> bool {
        let response = outcome.response();
        let state = self.world.state();
        let record = response.reference.as_deref().and_then(|retref| state.ledger.payment(retref));
        record.is_some_and(|record| response.amount().is_some_and(|amount| amount.minor() == record.amount))
    }
}

#[async_trait]
impl Gateway for Instance {
    fn info(&self) -> &'static dyn GatewayInfo {
        GATEWAY
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        let sent = sent(merchant, &instruction);
        let about = format!("{} {:?} {}", sent.gateway_order_id, sent.wanted, sent.amount);
        let verifies = sent.amount == 0;
        let (states_more, is_void) = (AtomicBool::new(false), matches!(sent.wanted, Wanted::Void(_)));
        let line = Line {
            instance: self,
            merchant: merchant.id.as_str(),
            about: &about,
            sent: Some(sent).filter(|_| !verifies),
            verifies,
            states_more: Some(&states_more),
        };
        let outcome = CardPointe::over(line).execute(merchant, instruction, limit).await;
        self.world.step(format_args!("  outcome {about}: {outcome:?}"));
        self.must_not_believe(is_approval(&outcome) && !is_void, &states_more, &about);
        outcome
    }

    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding {
        let about = format!("{} {:?}", inquiry.gateway_order_id, inquiry.about.kind());
        let merchant_id = merchant.id.as_str();
        let (states_more, kind) = (AtomicBool::new(false), inquiry.about.kind());
        let line = Line {
            instance: self,
            merchant: merchant_id,
            about: &about,
            sent: None,
            verifies: false,
            states_more: Some(&states_more),
        };
        let found = CardPointe::over(line).inquire(merchant, inquiry, limit).await;
        self.world.step(format_args!("  found {about}: {found:?}"));
        let believed = match &found {
            // Of several look-ups, the one that counts may not be the one that states more.
            Finding::Became(outcome) => is_approval(outcome) && !self.is_true(outcome),
            Finding::Several(_) => true,
            _ => false,
        };
        self.must_not_believe(believed && kind != Kind::Void, &states_more, &about);
        found
    }

    async fn look_up(
        &self,
        merchant: &Merchant,
        route: &Route,
        reference: &str,
        limit: Duration,
    ) -> RecordLookUp {
        let line = Line {
            instance: self,
            merchant: merchant.id.as_str(),
            about: reference,
            sent: None,
            verifies: false,
            states_more: None,
        };
        CardPointe::over(line).look_up(merchant, route, reference, limit).await
    }
}

#[async_trait]
impl Profiles for Instance {
    async fn delete(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        limit: Duration,
    ) -> ProfileOutcome {
        let about = format!("profile {}", stored.profile);
        let line = Line::of_a_card(self, merchant.id.as_str(), &about);
        let outcome = CardPointe::over(line).delete(merchant, route, stored, limit).await;
        self.world.step(format_args!("  deleted {about}: {outcome:?}"));
        outcome
    }

    async fn set_expiry(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        renewal: Renewal<'_>,
        limit: Duration,
    ) -> ProfileOutcome {
        let about = format!("expiry of {}", stored.profile);
        let line = Line::of_a_card(self, merchant.id.as_str(), &about);
        CardPointe::over(line).set_expiry(merchant, route, stored, renewal, limit).await
    }
}
