//! `payment resolve`: a person's decision about an operation that stays in doubt.

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    order::{Kind, Operation, Order, OrderKey, Transaction},
    payments::{HandDecision, Weighed},
    values::{Amount, Currency},
};

use super::history::{self, words};
use crate::{
    args::{Resolve, WithoutPrompt},
    confirm,
    failure::Failure,
    gateway::{Gateway, Record},
    installation::Installation,
    person,
    report::Report,
};

pub(crate) async fn run(installation: &Installation, resolve: &Resolve) -> Result<Report, Failure> {
    let (stage, now) = (installation.stage()?, installation.clock.now());
    let job = installation.job()?;
    let merchant = job.merchants.get(&resolve.merchant).await?;
    let key = OrderKey { merchant: resolve.merchant.clone(), order: resolve.order.clone() };
    let verdict = HandDecision {
        verdict: resolve.verdict.into(),
        by: resolve.by.clone(),
        person: if resolve.dry_run { None } else { person::verified(installation).await },
        reason: resolve.reason.clone(),
        reference: resolve.retref.clone(),
    };
    let weighed = job.payments.weigh_by_hand(&merchant, &key, resolve.transaction, &verdict).await?;
    let (Some(transaction), Some(operation)) =
        (weighed.before.transaction(resolve.transaction), weighed.before.operation(weighed.at))
    else {
        return Err(Failure::NotThere("the order has no such transaction".to_owned()));
    };
    if let Some(retref) = &resolve.retref {
        let (hosts, account) = (&installation.gateway_hosts, &merchant.gateway);
        let gateway = Gateway::new(hosts, &operation.route.endpoint, &account.username, &account.password)?;
        check_reference(&gateway, weighed.before.currency, transaction, operation, retref).await?;
    }
    let shown = shown(stage, &weighed, operation, now);
    if resolve.dry_run {
        let text = format!("Dry run: nothing was recorded.\n{shown}");
        return Ok(Report::new(text, value(stage, (&weighed.after, now), resolve, true)));
    }
    // A void may follow by the merchant's rules, and a scheduled capture is tried again.
    let WithoutPrompt { yes, live } = resolve.without_prompt;
    if !confirm::without_prompt(&operation.route, yes, live)? {
        confirm::by_typing(&weighed.before.currency.decimal(operation.amount), &shown)?;
    }
    let order = job.payments.decide_by_hand(&merchant, &key, resolve.transaction, &verdict).await?;
    let text =
        format!("Recorded on stage {stage}.\n\n{}", history::text(&order, Some(resolve.transaction), now));
    Ok(Report::new(text, value(stage, (&order, now), resolve, false)))
}

fn value(stage: &str, (order, now): (&Order, Timestamp), resolve: &Resolve, dry_run: bool) -> Value {
    json!({
        "stage": stage,
        "dry_run": dry_run,
        "order": history::value(order, Some(resolve.transaction), now),
    })
}

/// The operation in doubt, and its state after the decision.
fn shown(stage: &str, weighed: &Weighed, operation: &Operation, now: Timestamp) -> String {
    let Weighed { before, after, at } = weighed;
    let status = |order: &Order| {
        order.transaction(at.transaction).map_or_else(String::new, |transaction| {
            format!(
                "{}, captured {}, refunded {}",
                words(transaction.word(now).as_str()),
                history::money(order, transaction.captured()),
                history::money(order, transaction.refunded())
            )
        })
    };
    let mut then = vec![status(after)];
    if let Some(owing) = after.owing() {
        then.push(format!("the order owes {}", history::money(after, owing)));
    }
    if after.operations().count() > before.operations().count() {
        then.push("a void follows by the merchant's rules, sent by `reconcile`".to_owned());
    }
    if let Some(next) = after.next_capture_at().filter(|_| before.next_capture_at().is_none()) {
        then.push(format!("the scheduled capture is tried again from {}", history::time(next)));
    }
    let then = then.join(", ");
    let decision = after.operation(*at).and_then(|operation| operation.by_hand.last());
    let decision = decision.map_or_else(String::new, |decision| {
        format!("{}, by {}: {}", history::words(decision.verdict.as_str()), decision.by, decision.reason)
    });
    let amount = history::money(before, operation.amount);
    format!(
        "Stage {stage}, merchant {}, order {}, transaction {}\nGateway account: {}\n\n\
         An inquiry was made now, and the gateway has no word of its own for this:\n  {}\n\
         Recorded for {amount}: {decision}\n\
         The transaction is: {}\n         and then: {then}\n\n\
         No money moves by this itself.",
        before.merchant,
        before.id,
        at.transaction,
        confirm::mode(&operation.route),
        history::operation_text(before, *at).trim_end(),
        status(before),
    )
}

/// Whether the record under a reference at the gateway can be this operation: a slip of the pen
/// would have another payment refunded later.
async fn check_reference(
    gateway: &Gateway,
    currency: Currency,
    transaction: &Transaction,
    operation: &Operation,
    retref: &str,
) -> Result<(), Failure> {
    let record = gateway.by_retref(retref, &operation.route.account).await?;
    let record = record.ok_or_else(|| {
        Failure::Refused(format!("the gateway has nothing under {retref} at MID {}", operation.route.account))
    })?;
    let sent_as = [Some(operation), transaction.first()]
        .map(|operation| operation.map_or("", |operation| operation.attempt.gateway_order_id.as_str()));
    fits(&record, operation, currency, &sent_as).map_err(|why| Failure::Refused(format!("{retref}: {why}")))
}

/// `sent_as`: the order ids of the operation and of its payment; a refund may be filed under
/// either.
fn fits(record: &Record, operation: &Operation, currency: Currency, sent_as: &[&str]) -> Result<(), String> {
    if let Some(stands @ ("Voided" | "Declined")) = record.setlstat.as_deref() {
        return Err(format!("the gateway shows it as {stands}, which was not done"));
    }
    if let Some(other) = record.order_id.as_deref().filter(|id| !sent_as.contains(id)) {
        return Err(format!(
            "it was sent as {other}, and this operation as {}",
            operation.attempt.gateway_order_id
        ));
    }
    let amount = record.amount.as_deref().and_then(|amount| currency.parse_decimal(amount).ok());
    let enough = |amount: Amount| match operation.kind {
        // More than was requested is for the merchant to give back; less would not carry later
        // refunds.
        Kind::Authorize | Kind::Purchase => amount >= operation.amount,
        Kind::Capture | Kind::Refund | Kind::Void => amount == operation.amount,
        Kind::Unrecognized => false,
    };
    if amount.is_some_and(enough) {
        return Ok(());
    }
    let (found, requested) = (record.amount.as_deref().unwrap_or("none"), currency.decimal(operation.amount));
    Err(format!("its amount is {found}, and {requested} was requested"))
}
