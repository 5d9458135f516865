//! `payment capture`, `payment reauthorize`, `payment refund` and `payment void`: what the merchant's own system would request, done by a person.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tollgate_core::{
    order::{
        Action, Attribution, CaptureTerms, Essentials, Fingerprint, FollowUp, Intent, KeyDigest, Kind,
        Operation, OperationRef, OperationStatus, Order, OrderKey, Person, Plan, Principal, Reauthorize,
        Target, Transaction,
    },
    payments::{Deadline, Performed, Refusal},
};

use super::history;
use crate::{
    amount,
    args::{ChangePayment, WithoutPrompt},
    confirm,
    failure::{Failure, UNAVAILABLE},
    person,
    place::Place,
    precondition::must_be_off,
    report::Report,
};

/// Longest wait for the gateway and an inquiry after it.
const LIMIT: Duration = Duration::from_mins(1);

/// What is done to a payment.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    FollowUp(FollowUp),
    /// Another payment holds what a partial capture released.
    Reauthorize,
}

impl Change {
    fn as_str(self) -> &'static str {
        match self {
            Self::FollowUp(follow_up) => follow_up.kind().as_str(),
            Self::Reauthorize => "reauthorize",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::FollowUp(follow_up) => follow_up.kind(),
            Self::Reauthorize => Kind::Authorize,
        }
    }
}

pub(crate) async fn run(place: &Place, requested: Change, change: &ChangePayment) -> Result<Report, Failure> {
    let stage = place.stage()?;
    let job = place.job()?;
    let merchant = job.merchants.get(&change.merchant).await?;
    must_be_off(&job, &merchant).await?;
    let key = OrderKey { merchant: change.merchant.clone(), order: change.order.clone() };
    let order = job.payments.order(&key).await?;
    let person = if change.as_stated.dry_run { None } else { person::verified(place).await };
    let intent = intent(requested, change, &order, person.as_ref())?;
    let plan = job.payments.weigh(&merchant, order, &intent).map_err(Refusal::Rejected)?;
    // A repetition does nothing, so there is nothing to confirm.
    if let Plan::Send(order, at) | Plan::Record(order, at) = plan {
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(at))
        else {
            return Err(Failure::NotThere("the order has no such transaction".to_owned()));
        };
        let shown = shown(stage, &order, transaction, operation, change);
        if change.as_stated.dry_run {
            let value = json!({
                "stage": stage, "dry_run": true, "transaction": at.transaction, "operation": requested.as_str(),
                "amount": operation.amount.minor(), "currency": order.currency.code(),
            });
            return Ok(Report::new(format!("Dry run: nothing was done.\n{shown}"), value));
        }
        let WithoutPrompt { yes, live } = change.as_stated.without_prompt;
        if !confirm::without_prompt(&operation.route, yes, live)? {
            confirm::by_typing(&order.currency.decimal(operation.amount), &shown)?;
        }
    }
    let performed = job.payments.perform(&merchant, &key, &intent, None, Deadline::after(LIMIT)).await?;
    Ok(outcome(stage, &performed, place.clock.now()))
}

fn intent(
    requested: Change,
    change: &ChangePayment,
    order: &Order,
    person: Option<&Person>,
) -> Result<Intent, Failure> {
    let amount = change.amount.as_deref();
    let amount = amount.map(|text| amount::in_currency("--amount", text, order.currency)).transpose()?;
    let target = change.transaction.map_or(Target::OnlyEligible, Target::Transaction);
    let action = match requested {
        Change::FollowUp(FollowUp::Capture) => Action::Capture { target, amount, custom_reference: None },
        Change::FollowUp(FollowUp::Refund) => Action::Refund { target, amount, mechanism: None },
        Change::FollowUp(FollowUp::Void) if amount.is_some() => {
            return Err(Failure::Input("--amount: a void undoes the whole payment".to_owned()));
        }
        Change::FollowUp(FollowUp::Void) => Action::Void { target, reopen: true },
        Change::Reauthorize => {
            Action::Reauthorize(Reauthorize { target, amount, capture: CaptureTerms::default() })
        }
    };
    let (by, reason) = (change.as_stated.by.to_string(), change.as_stated.reason.to_string());
    let named = change.transaction.map(|id| id.to_string());
    // The command again, after a lost connection for example, is the same request.
    let route = format!("tollgate payment {}", requested.as_str());
    let minor = amount.map(|amount| amount.minor().to_string());
    let parts = [Some(route.as_str()), named.as_deref(), minor.as_deref(), Some(&by), Some(&reason)];
    let key = KeyDigest::from_parts(&parts);
    let essentials =
        Essentials { amount, transaction: change.transaction, ..Essentials::new(requested.kind()) };
    Ok(Intent {
        action,
        key: Some(key),
        fingerprint: Fingerprint::new(&essentials),
        currency: None,
        by: Principal::ClientCredentials,
        attribution: Attribution::new(None, Some(&change.as_stated.by), Some(&change.as_stated.reason))
            .map(|told| Box::new(told.verified(person))),
        seen_version: change.as_stated.if_version,
        refund_disputed: change.refund_disputed,
        // Whoever has rights at AWS has no limit here.
        refund_max: tollgate_core::values::RefundMax::Unlimited,
    })
}

/// What would be done, and to what.
fn shown(
    stage: &str,
    order: &Order,
    transaction: &Transaction,
    operation: &Operation,
    change: &ChangePayment,
) -> String {
    format!(
        "Stage {stage}, merchant {}, order {}, transaction {}\nGateway account: {}\n\n\
         {} of {}\nThe payment: {}, captured {}, refunded {}\nBy {}: {}\n",
        order.merchant,
        order.id,
        transaction.id,
        confirm::mode(&operation.route),
        operation.kind.as_str(),
        history::money(order, operation.amount),
        history::money(order, transaction.amount()),
        history::money(order, transaction.captured()),
        history::money(order, transaction.refunded()),
        change.as_stated.by,
        change.as_stated.reason,
    )
}

/// The outcome, with an exit code.
fn outcome(stage: &str, performed: &Performed, now: Timestamp) -> Report {
    let Performed { order, at, replayed } = performed;
    let OperationRef { transaction, .. } = *at;
    let status = order
        .transaction(transaction)
        .zip(order.operation(*at))
        .map(|(transaction, operation)| transaction.operation_status(operation));
    let (says, word, code) = match status {
        Some(OperationStatus::Done) => ("Done", "done", 0),
        Some(OperationStatus::Declined(_)) => ("Declined; nothing was done", "declined", 4),
        Some(OperationStatus::NoEffect(_)) => ("Nothing was done", "not_done", 4),
        Some(OperationStatus::Pending) | None => (
            "The outcome is not known yet, and inquiries go on: repeat the command to look",
            "pending",
            UNAVAILABLE,
        ),
    };
    let before = if *replayed { ", by an earlier command like this" } else { "" };
    let text = format!("{says}{before}. Stage {stage}.\n\n{}", history::text(order, Some(transaction), now));
    let value = json!({
        "stage": stage, "dry_run": false, "replayed": replayed, "outcome": word,
        "order": history::value(order, Some(transaction), now),
    });
    Report { text, value, code }
}
