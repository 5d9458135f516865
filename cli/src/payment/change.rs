//! `payment capture`, `payment reauthorize`, `payment refund` and `payment void`: the merchant's
//! own operations, requested by a person.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tollgate_core::{
    order::{
        Action, Attribution, CaptureTerms, Essentials, Fingerprint, FollowUp, Intent, KeyDigest, Kind,
        NoEffect, Operation, OperationRef, OperationStatus, Order, OrderKey, Person, Plan, Principal,
        Reauthorize, Rejection, Target, Transaction,
    },
    payments::{Deadline, Performed, Refusal},
    values::{Amount, RefundMax},
};
use uuid::Uuid;

use super::history;
use crate::{
    amount,
    args::{ChangePayment, WithoutPrompt},
    confirm,
    failure::{Failure, UNAVAILABLE},
    installation::Installation,
    person,
    precondition::must_be_off,
    report::Report,
};

/// Longest wait for the gateway and an inquiry after it.
const LIMIT: Duration = Duration::from_mins(1);

/// The operations on a payment.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    FollowUp(FollowUp),
    /// Another payment holds the amount that a partial capture released.
    Reauthorize,
}

impl Change {
    const ALL: [Self; 4] = [
        Self::FollowUp(FollowUp::Capture),
        Self::Reauthorize,
        Self::FollowUp(FollowUp::Refund),
        Self::FollowUp(FollowUp::Void),
    ];

    /// The order's operation on a transaction, or on the only one that allows it.
    fn action(self, transaction: Option<Uuid>, amount: Option<Amount>) -> Action {
        let target = transaction.map_or(Target::OnlyEligible, Target::Transaction);
        match self {
            Self::FollowUp(FollowUp::Capture) => Action::Capture { target, amount, custom_reference: None },
            Self::FollowUp(FollowUp::Refund) => Action::Refund { target, amount, mechanism: None },
            Self::FollowUp(FollowUp::Void) => Action::Void { target, reopen: true },
            Self::Reauthorize => {
                let capture = CaptureTerms::default();
                Action::Reauthorize(Reauthorize { target, amount, capture, ignores_scheme_advice: false })
            }
        }
    }

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

pub(crate) async fn run(
    installation: &Installation,
    requested: Change,
    change: &ChangePayment,
) -> Result<Report, Failure> {
    let stage = installation.stage()?;
    if matches!(requested, Change::Reauthorize) {
        installation.must_know_bans()?;
    }
    let job = installation.job()?;
    let merchant = job.merchants.get(&change.merchant).await?;
    must_be_off(&job, &merchant).await?;
    let key = OrderKey { merchant: change.merchant.clone(), order: change.order.clone() };
    let order = job.payments.order(&key).await?;
    let person = if change.as_stated.dry_run { None } else { person::verified(installation).await };
    let intent = intent(requested, change, &order, person.as_ref())?;
    let weigh =
        |action| job.payments.weigh(&merchant, order.clone(), &Intent { action, ..intent.clone() }, None);
    let prepared = job.payments.plan(&merchant, order.clone(), &intent).await.map_err(|why| match why {
        Refusal::Rejected(why) => refused(why, &order, requested, change, weigh),
        why => why.into(),
    })?;
    // A repetition does nothing, so there is nothing to confirm.
    if let Plan::Send(order, at) | Plan::Record(order, at) = prepared.plan() {
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(*at))
        else {
            return Err(Failure::NotThere("the order has no such transaction".to_owned()));
        };
        let shown = shown(stage, order, transaction, operation, change);
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
    Ok(outcome(stage, &performed, installation.clock.now()))
}

fn intent(
    requested: Change,
    change: &ChangePayment,
    order: &Order,
    person: Option<&Person>,
) -> Result<Intent, Failure> {
    let amount = change.amount.as_deref();
    let amount = amount.map(|text| amount::in_currency("--amount", text, order.currency)).transpose()?;
    if amount.is_some() && matches!(requested, Change::FollowUp(FollowUp::Void)) {
        return Err(Failure::Input("--amount: a void undoes the whole payment".to_owned()));
    }
    let action = requested.action(change.transaction, amount);
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
        // A person with rights at AWS has no limit here.
        refund_max: RefundMax::Unlimited,
    })
}

/// Why the rules refuse it, how much is left, and which commands they allow instead.
fn refused(
    rejection: Rejection,
    order: &Order,
    requested: Change,
    change: &ChangePayment,
    weigh: impl Fn(Action) -> Result<Plan, Rejection>,
) -> Failure {
    let rejection = match (rejection, order.transactions.as_slice()) {
        // With a single transaction, the error can say why it is not possible.
        (rejection @ Rejection::NoEligibleTransaction, [only]) => {
            weigh(requested.action(Some(only.id), None)).err().unwrap_or(rejection)
        }
        (rejection, _) => rejection,
    };
    let more = match &rejection {
        Rejection::ExceedsOwing(most)
        | Rejection::ExceedsAuthorized(most)
        | Rejection::ExceedsReleased(most)
        | Rejection::ExceedsRefundable(most) => format!(": {}", history::money(order, *most)),
        Rejection::SeveralEligibleTransactions(those) => {
            let ids: Vec<_> = those.iter().map(Uuid::to_string).collect();
            format!("; name one of {}", ids.join(", "))
        }
        Rejection::TransactionFailed
        | Rejection::AlreadyCancelled
        | Rejection::NotAnAuthorization
        | Rejection::AlreadyCaptured
        | Rejection::NotCaptured
        | Rejection::NothingReleased
        | Rejection::AlreadyReauthorized(_)
        | Rejection::NoStoredCard
        | Rejection::PartlyRefunded
        | Rejection::NoEligibleTransaction => {
            let is_allowed = |other: &Change| {
                let weighed = weigh(other.action(change.transaction, None));
                matches!(weighed, Ok(_) | Err(Rejection::SeveralEligibleTransactions(_)))
            };
            let allowed = Change::ALL.into_iter().filter(is_allowed);
            let allowed: Vec<_> = allowed.map(|other| format!("`payment {}`", other.as_str())).collect();
            if allowed.is_empty() {
                String::new()
            } else {
                format!("; possible instead: {}", allowed.join(", "))
            }
        }
        _ => return Refusal::Rejected(rejection).into(),
    };
    Failure::Refused(format!("{rejection}{more}"))
}

/// The act, and its target.
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
    let possible_instead = match status {
        Some(OperationStatus::NoEffect(NoEffect::NotSettled)) => Some("payment void"),
        Some(OperationStatus::NoEffect(NoEffect::AlreadySettled)) => Some("payment refund"),
        _ => None,
    };
    let instead = possible_instead.map(|other| format!("; possible instead: `{other}`")).unwrap_or_default();
    let before = if *replayed { ", by an earlier command like this" } else { "" };
    let history = history::text(order, Some(transaction), now);
    let text = format!("{says}{before}{instead}. Stage {stage}.\n\n{history}");
    let value = json!({
        "stage": stage, "dry_run": false, "replayed": replayed, "outcome": word,
        "possible_instead": possible_instead,
        "order": history::value(order, Some(transaction), now),
    });
    Report { text, value, code }
}
