//! The gateway's twin: requests that travel, arrive or do not, and answers that come back or do not.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tollgate::{
    decline::DeclineCode,
    gateway::{Command, Gateway, Instruction, PaymentSource, Question},
    merchants::Merchant,
    money::Amount,
    operation::Kind,
    outcome::{Answer, Doubt, Finding, NotDone, Outcome},
};

use crate::{
    Broken, check,
    fault::{Call, Fault},
    ledger::{Card, Did, Ledger, Record, Sent, Stands, Wanted},
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
        for rule in check::executed(&state.shelf, &state.ledger, sent, &did) {
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
    Sent {
        wanted,
        gateway_order_id: instruction.gateway_order_id.to_owned(),
        merchid: instruction.route.merchid.clone(),
        order: format!("{}#{}", merchant.id, instruction.order),
        amount: instruction.amount.minor(),
    }
}

/// The account in the profile says which card it is.
fn card(source: &PaymentSource) -> Card {
    match source {
        PaymentSource::Profile { account, .. } => match account.as_str() {
            "2" => Card::ApprovesHalf,
            "3" => Card::Declines,
            "4" => Card::Moody,
            _ => Card::Approves,
        },
        PaymentSource::Card(_) => Card::Approves,
    }
}

fn answer(retref: &str, amount: u64) -> Answer {
    Answer {
        respstat: Some("A".to_owned()),
        retref: Some(retref.to_owned()),
        amount: Amount::new(amount).ok(),
        // Given with every answer and never stored: the twins of the store drop it.
        token: Some("9418594164541111".to_owned()),
        ..Answer::default()
    }
}

/// What the direct answer means, as the adapter reads it.
fn outcome(sent: &Sent, did: &Did) -> Outcome {
    match did {
        Did::Approved { retref, amount } => {
            let opens = matches!(sent.wanted, Wanted::Authorize(_) | Wanted::Purchase(_));
            let answer = answer(retref, *amount);
            if opens && *amount < sent.amount {
                Outcome::PartiallyApproved(answer)
            } else {
                Outcome::Approved(answer)
            }
        }
        Did::Declined { retref } => declined(retref),
        Did::NotSettled => Outcome::NotDone(NotDone::NotSettled, Answer::default()),
        Did::AlreadySettled => Outcome::NotDone(NotDone::AlreadySettled, Answer::default()),
        Did::StateDiffers => Outcome::Unknown(Doubt::StateDiffers, Answer::default()),
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
        let not_done = |reason| Outcome::NotDone(reason, Answer::default());
        let unknown = Outcome::Unknown(Doubt::NoAnswer, Answer::default());
        let silence = if self.world.state().rng.chance(50) { CUT } else { limit };
        match fault {
            Some(Fault::Unreachable) => not_done(NotDone::Unreachable),
            Some(Fault::TryAgain) => not_done(NotDone::TryAgain),
            Some(Fault::Misconfigured) => not_done(NotDone::Misconfigured),
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
                _ => find(&state.ledger, &question, state.refunds_findable),
            }
        };
        self.world.step(format_args!("  found {about}: {found:?}"));
        self.leave(fault).await;
        found
    }
}

/// What a look-up shows, as the adapter reads it.
fn find(ledger: &Ledger, question: &Question<'_>, refunds_findable: bool) -> Finding {
    let of_payment = |retref| ledger.payment(retref, &question.route.merchid);
    match (question.kind, &question.payment) {
        (Kind::Authorize | Kind::Purchase, _) => find_payment(ledger, question),
        (Kind::Capture, Some(payment)) => match of_payment(payment.retref) {
            Some(record) => find_capture(record, question.amount),
            None => Finding::Undecided,
        },
        (Kind::Void, Some(payment)) => match of_payment(payment.retref).map(|record| record.stands) {
            Some(Stands::Voided) => became(Outcome::Approved(answer(payment.retref, 0))),
            Some(Stands::Authorized | Stands::Queued | Stands::Batched) => Finding::Absent,
            Some(Stands::Settled) => {
                became(Outcome::NotDone(NotDone::AlreadySettled, answer(payment.retref, 0)))
            }
            Some(Stands::Declined | Stands::Refunded) | None => Finding::Undecided,
        },
        (Kind::Refund, Some(payment)) => {
            let own = |record: &&Record| record.gateway_order_id == question.gateway_order_id;
            let listed: Vec<&Record> =
                ledger.records().iter().filter(|r| r.of.as_deref() == Some(payment.retref)).collect();
            let own: Vec<&Record> = listed.iter().copied().filter(own).filter(|_| refunds_findable).collect();
            let declined_own =
                own.iter().find(|r| r.stands == Stands::Declined && !question.sent_before).copied();
            match (new_refund(&own, question, &payment.known_refunds).as_slice(), declined_own) {
                ([record], _) => return became(Outcome::Approved(answer(&record.retref, record.amount))),
                ([], Some(record)) => return became(declined(&record.retref)),
                _ => {}
            }
            // Under the payment's order id: the refunds too, when they are not found by their own.
            let listed = if refunds_findable { Vec::new() } else { listed };
            let settled = of_payment(payment.retref).is_some_and(|record| record.stands == Stands::Settled);
            match new_refund(&listed, question, &payment.known_refunds).as_slice() {
                [record] => became(Outcome::Approved(answer(&record.retref, record.amount))),
                [] if settled => Finding::Absent,
                _ => Finding::Undecided,
            }
        }
        (Kind::Capture | Kind::Void | Kind::Refund, None) => Finding::Undecided,
    }
}

fn new_refund<'a>(records: &[&'a Record], question: &Question<'_>, known: &[&str]) -> Vec<&'a Record> {
    let fits = |record: &&Record| {
        record.stands == Stands::Refunded
            && record.amount == question.amount.minor()
            && !known.contains(&record.retref.as_str())
    };
    records.iter().copied().filter(fits).collect()
}

fn find_payment(ledger: &Ledger, question: &Question<'_>) -> Finding {
    let records: Vec<&Record> = ledger
        .records()
        .iter()
        .filter(|r| r.of.is_none() && r.gateway_order_id == question.gateway_order_id)
        .filter(|r| r.merchid == question.route.merchid)
        .collect();
    let stands = |wanted: &[Stands]| -> Vec<&Record> {
        records.iter().copied().filter(|record| wanted.contains(&record.stands)).collect()
    };
    let approved = stands(&[Stands::Authorized, Stands::Queued, Stands::Batched, Stands::Settled]);
    match (approved.as_slice(), stands(&[Stands::Voided]).first(), stands(&[Stands::Declined]).first()) {
        ([record], ..) if record.amount < question.amount.minor() => {
            became(Outcome::PartiallyApproved(answer(&record.retref, record.amount)))
        }
        ([record], ..) => became(Outcome::Approved(answer(&record.retref, record.amount))),
        ([_, _, ..], ..) => Finding::Undecided,
        ([], Some(record), _) => {
            became(Outcome::NotDone(NotDone::VoidedElsewhere, answer(&record.retref, 0)))
        }
        ([], None, Some(record)) if !question.sent_before => became(declined(&record.retref)),
        ([], None, _) => Finding::Absent,
    }
}

fn find_capture(record: &Record, amount: Amount) -> Finding {
    match record.stands {
        Stands::Queued | Stands::Batched | Stands::Settled if record.amount == amount.minor() => {
            became(Outcome::Approved(answer(&record.retref, record.amount)))
        }
        Stands::Authorized => Finding::Absent,
        Stands::Voided => became(Outcome::NotDone(NotDone::VoidedElsewhere, answer(&record.retref, 0))),
        _ => Finding::Undecided,
    }
}

fn became(outcome: Outcome) -> Finding {
    Finding::Became(Box::new(outcome))
}
