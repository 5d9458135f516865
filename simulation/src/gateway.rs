//! The gateway's twin: requests that travel, arrive or do not, and answers that come back or do not.

mod inquiry;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tollgate::{
    card::StoredCard,
    decline::DeclineCode,
    gateway::{Command, Gateway, Instruction, PaymentSource, Question},
    merchants::Merchant,
    money::Amount,
    outcome::{Doubt, Finding, GatewayResponse, NoEffect, Outcome},
};

use crate::{
    Broken, check,
    fault::{Call, Fault},
    ledger::{Card, Did, Ledger, Sent, Wanted},
    rng::Rng,
    world::{Instance, World},
};

/// The gateway itself works for up to 32 s, after up to as long on the way.
const SLOWEST_MS: u64 = 40_000;

/// A connection that is cut tells so at once; one that goes silent uses up the caller's whole limit.
const CUT: Duration = Duration::from_millis(300);

impl World {
    /// The gateway gets a request and does it.
    fn execute(&self, sent: &Sent) -> Did {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(rule) = check::arrives(&state.shelf, sent) {
            self.fail(state, &rule);
        }
        let approved = approved(sent, &state.ledger, &mut state.rng);
        let did = state.ledger.execute(sent, approved);
        if state.broken == Some(Broken::GatewayExecutesTwice) {
            state.ledger.execute(sent, approved);
        }
        let Sent { wanted, gateway_order_id, amount, .. } = sent;
        self.note(state, format_args!("  gateway {gateway_order_id} {wanted:?} {amount}: {did:?}"));
        let mut broken = check::executed(&state.shelf, &state.ledger, sent, &did);
        broken.extend(check::schedule::executed(&state.shelf, &state.ledger, sent, self.now()));
        for rule in broken {
            self.fail(state, &rule);
        }
        did
    }

    /// The request is on its way and arrives whatever becomes of its sender.
    fn travel(self: &Arc<Self>, sent: Sent, after: Duration) -> oneshot::Receiver<Did> {
        let (sender, receiver) = oneshot::channel();
        let world = self.clone();
        tokio::spawn(async move {
            sleep(after).await;
            // Nobody may be waiting any more.
            sender.send(world.execute(&sent)).unwrap_or_default();
        });
        receiver
    }
}

/// What the issuer lets through.
fn approved(sent: &Sent, ledger: &Ledger, rng: &mut Rng) -> Option<u64> {
    let half = (sent.amount / 2).max(1);
    let (card, opens) = match &sent.wanted {
        Wanted::Authorize(card) | Wanted::Purchase(card) => (*card, true),
        Wanted::Capture(retref) | Wanted::Refund(retref) | Wanted::Void(retref) => {
            (ledger.payment(retref, &sent.merchid).map_or(Card::Approves, |record| record.card), false)
        }
    };
    match card {
        Card::Declines if opens => None,
        Card::ApprovesHalf if opens => Some(half),
        Card::Moody if opens => match rng.below(10) {
            0 | 1 => None,
            2 => Some(half),
            _ => Some(sent.amount),
        },
        Card::Moody if rng.chance(10) => None,
        _ => Some(sent.amount),
    }
}

fn sent(merchant: &Merchant, instruction: &Instruction<'_>) -> Sent {
    let wanted = match &instruction.command {
        Command::Authorize(source) => Wanted::Authorize(card(source)),
        Command::Purchase(source) => Wanted::Purchase(card(source)),
        Command::Capture { retref } => Wanted::Capture((*retref).to_owned()),
        Command::Refund { retref } => Wanted::Refund((*retref).to_owned()),
        Command::Void { retref } => Wanted::Void((*retref).to_owned()),
    };
    let save = match &instruction.command {
        Command::Authorize(source) | Command::Purchase(source) => {
            matches!(source, PaymentSource::Card(card) if card.save)
        }
        Command::Capture { .. } | Command::Refund { .. } | Command::Void { .. } => false,
    };
    Sent {
        wanted,
        gateway_order_id: instruction.gateway_order_id.to_owned(),
        merchid: instruction.route.merchid.clone(),
        order: format!("{}#{}", merchant.id, instruction.order),
        amount: instruction.amount.minor(),
        save,
    }
}

/// Account or number say which card it is.
fn card(source: &PaymentSource) -> Card {
    match source {
        PaymentSource::Profile { account, .. } => Card::of_account(account),
        PaymentSource::Card(card) => Card::of_number(card.number.expose()),
    }
}

fn answer(retref: &str, amount: u64) -> GatewayResponse {
    GatewayResponse {
        respstat: Some("A".to_owned()),
        retref: Some(retref.to_owned()),
        amount: Amount::new(amount).ok(),
        // Given with every answer and never stored: the twins of the store drop it.
        token: Some("9418594164541111".to_owned()),
        ..GatewayResponse::default()
    }
}

/// What the direct answer means, as the adapter reads it.
fn outcome(sent: &Sent, did: &Did) -> Outcome {
    match did {
        Did::Approved { retref, amount } => {
            let opens = matches!(sent.wanted, Wanted::Authorize(_) | Wanted::Purchase(_));
            // Told with the approval itself and by no look-up.
            let stored = StoredCard { profile: "16178397535388255208".to_owned(), account: "1".to_owned() };
            let answer = GatewayResponse { stored: sent.save.then_some(stored), ..answer(retref, *amount) };
            if opens && *amount < sent.amount {
                Outcome::PartiallyApproved(answer)
            } else {
                Outcome::Approved(answer)
            }
        }
        Did::Declined { retref } => declined(retref),
        Did::NotSettled => Outcome::NoEffect(NoEffect::NotSettled, GatewayResponse::default()),
        Did::AlreadySettled => Outcome::NoEffect(NoEffect::AlreadySettled, GatewayResponse::default()),
        Did::StateDiffers => Outcome::Unknown(Doubt::StateDiffers, GatewayResponse::default()),
    }
}

fn declined(retref: &str) -> Outcome {
    let code = DeclineCode::GenericDecline;
    Outcome::Declined(answer(retref, 0), code, code.advice())
}

#[async_trait]
impl Gateway for Instance {
    async fn perform(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        let sent = sent(merchant, &instruction);
        let about = format!("{} {:?} {}", sent.gateway_order_id, sent.wanted, sent.amount);
        let fault = self.enter(Call::Perform, &about).await;
        let not_done = |reason| Outcome::NoEffect(reason, GatewayResponse::default());
        let unknown = Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default());
        let silence = if self.world.state().rng.chance(50) { CUT } else { limit };
        match fault {
            Some(Fault::Unreachable) => not_done(NoEffect::Unreachable),
            Some(Fault::TryAgain) => not_done(NoEffect::TryAgain),
            Some(Fault::Misconfigured) => not_done(NoEffect::Misconfigured),
            Some(Fault::RequestLost) => {
                sleep(silence).await;
                unknown
            }
            Some(Fault::AnswerLost) => {
                self.world.execute(&sent);
                sleep(silence).await;
                unknown
            }
            Some(Fault::Slow | Fault::CrashInFlight) => {
                let after = Duration::from_millis(1 + self.world.state().rng.below(SLOWEST_MS));
                let answer = self.world.travel(sent.clone(), after);
                if fault == Some(Fault::CrashInFlight) {
                    self.crash().await;
                }
                match timeout(limit, answer).await {
                    Ok(Ok(did)) => outcome(&sent, &did),
                    Ok(Err(_)) | Err(_) => unknown,
                }
            }
            _ => {
                let did = self.world.execute(&sent);
                self.leave(fault).await;
                outcome(&sent, &did)
            }
        }
    }

    async fn inquire(&self, _: &Merchant, question: Question<'_>, limit: Duration) -> Finding {
        let about = format!("{} {:?}", question.gateway_order_id, question.kind);
        let fault = self.enter(Call::Inquire, &about).await;
        match fault {
            Some(Fault::Error) => return Finding::Failed,
            Some(Fault::Slow) => {
                sleep(limit).await;
                return Finding::Failed;
            }
            _ => {}
        }
        let found = {
            let state = self.world.state();
            match state.broken {
                Some(Broken::InquiryFindsNothing) => Finding::Absent,
                _ => inquiry::find(&state.ledger, &question, state.refunds_findable),
            }
        };
        self.world.step(format_args!("  found {about}: {found:?}"));
        self.leave(fault).await;
        found
    }
}
