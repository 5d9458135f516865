//! `payment resolve`: a person's decision about an operation that stays in doubt.

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate_core::{
    order::{Operation, Order, OrderKey},
    payments::{HandDecision, Weighed},
};

use super::history::{self, words};
use crate::{
    args::{Resolve, WithoutPrompt},
    confirm,
    failure::Failure,
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
    let Some(operation) = weighed.before.operation(weighed.at) else {
        return Err(Failure::NotThere("the order has no such transaction".to_owned()));
    };
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
