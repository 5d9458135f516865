//! What a look-up at the gateway's twin shows.

use tollgate::{
    gateway::Question,
    money::Amount,
    operation::Kind,
    outcome::{Finding, NoEffect, Outcome},
};

use super::{answer, declined};
use crate::ledger::{Ledger, Record, Stands};

/// What a look-up shows, as the adapter reads it.
pub(super) fn find(ledger: &Ledger, question: &Question<'_>, refunds_findable: bool) -> Finding {
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
                became(Outcome::NoEffect(NoEffect::AlreadySettled, answer(payment.retref, 0)))
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
        (Kind::Capture | Kind::Void | Kind::Refund, None) | (Kind::Unrecognized, _) => Finding::Undecided,
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
            became(Outcome::NoEffect(NoEffect::VoidedElsewhere, answer(&record.retref, 0)))
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
        Stands::Voided => became(Outcome::NoEffect(NoEffect::VoidedElsewhere, answer(&record.retref, 0))),
        _ => Finding::Undecided,
    }
}

fn became(outcome: Outcome) -> Finding {
    Finding::Became(Box::new(outcome))
}
