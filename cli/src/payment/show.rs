//! `payment show`: everything on record about an order's payments.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use serde_json::json;
use tollgate::{
    elastic_path::{answers_value, settlement_record_value},
    ports::{Job, SettlementStores},
    spreadsheet::settlement::decimal,
};
use tollgate_core::{
    journal::concerns,
    order::{Asker, BatchState, MerchantId, NotPossible, Order, OrderKey, Transaction},
    payments::{Merchant, StoreError},
    settlement::{Batches as _, LineStore, RecordedBatches, Verdict, settlement_of},
    values::RefundMax,
};
use uuid::Uuid;

use super::history;
use crate::{
    args::Show,
    failure::{self, Failure},
    installation::{Installation, aws_http_client},
    precondition::must_be_off,
    report::Report,
};

pub(crate) async fn run(installation: &Installation, show: &Show) -> Result<Report, Failure> {
    let job = installation.orders_job()?;
    let key = OrderKey { merchant: show.merchant.clone(), order: show.order.clone() };
    let order = job.payments.order(&key).await?;
    if let Some(id) = show.transaction
        && order.transaction(id).is_none()
    {
        let ids: Vec<_> = order.transactions.iter().map(|transaction| transaction.id.to_string()).collect();
        return Err(Failure::NotThere(format!(
            "the order has no such transaction; it has {}",
            ids.join(", ")
        )));
    }
    let now = installation.clock.now();
    let mut value = history::value(&order, show.transaction, now);
    let mut text = history::text(&order, show.transaction, now);
    // A deployment without the journal has none.
    let stores = match installation.settlement() {
        Ok(settlement) => Some(settlement.stores(&aws_http_client()?)),
        Err(_) => None,
    };
    if let Some(SettlementStores { lines, .. }) = &stores {
        match arrived(lines.as_ref(), &order, show.transaction, now).await {
            Ok(found) => {
                let records: Vec<_> = found.iter().filter_map(settlement_record_value).collect();
                value["settlement"] = json!(records);
                text.extend(found.iter().filter_map(line));
            }
            Err(error) => failure::remark(&format!("settlement cannot be read: {error}")),
        }
    }
    match merchant(installation, &show.merchant).await {
        Ok((job, merchant)) => {
            let barred = must_be_off(&job, &merchant).await.err().map(|_| NotPossible::PaymentsStopped);
            let batches =
                stores.map(|SettlementStores { lines, progress, .. }| RecordedBatches { lines, progress });
            let mut all = Vec::new();
            for transaction in history::chosen(&order, show.transaction) {
                let asker = Asker {
                    barred,
                    refund_max: &RefundMax::Unlimited,
                    person: None,
                    policy: &merchant.policy,
                    batch: batch_of(batches.as_ref(), &order, transaction.id, now).await,
                    now,
                };
                all.push(answers_value(&order, transaction, &asker));
                text.push_str(&answered(&order, transaction, &asker));
            }
            // One for each transaction.
            value["answers"] = json!(all);
        }
        Err(_) => failure::remark("what can be done is not told: the merchant's document cannot be read"),
    }
    Ok(Report::new(text, value))
}

/// The merchant, whose rules say what can be done, and the switch that can stop it.
async fn merchant(installation: &Installation, id: &MerchantId) -> Result<(Job, Arc<Merchant>), Failure> {
    let job = installation.job()?;
    let merchant = job.merchants.get_for_inquiries(id).await?;
    Ok((job, merchant))
}

/// Whether a payment has settled, where that can be read.
async fn batch_of(
    batches: Option<&RecordedBatches>,
    order: &Order,
    transaction: Uuid,
    now: Timestamp,
) -> BatchState {
    let Some(batches) = batches else { return BatchState::Unknown };
    batches.batch_of(order, transaction, now).await.unwrap_or(BatchState::Unknown)
}

/// The possible actions, and the reasons for attention, in lines.
fn answered(order: &Order, transaction: &Transaction, asker: &Asker<'_>) -> String {
    let possible = order.possible(transaction, asker);
    let mut lines = vec![format!("\nwhat can be done with {}", transaction.id)];
    for (name, action) in [
        ("capture", possible.capture),
        ("refund", possible.refund),
        ("void", possible.cancel),
        ("reauthorize", possible.reauthorize),
    ] {
        let most = action.most.map(|most| {
            let limit = if action.whole_only { "all of" } else { "up to" };
            format!("{limit} {}.", history::money(order, most))
        });
        let why = action.why.map(|why| why.sentence().to_owned());
        let against = action.advised_against.map(|against| against.sentence().to_owned());
        let told: Vec<String> = most.into_iter().chain(why).chain(against).collect();
        lines.push(format!("  {name}: {}", told.join(" ")));
    }
    for concern in concerns(order, transaction, asker.now) {
        lines.push(format!("  needs attention: {}: {}", concern.as_str(), concern.advice()));
    }
    lines.join("\n") + "\n"
}

/// How far the money of these payments and their refunds is.
async fn arrived(
    lines: &dyn LineStore,
    order: &Order,
    only: Option<Uuid>,
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let mut all = Vec::new();
    for transaction in history::chosen(order, only) {
        all.extend(settlement_of(lines, order, transaction.id, now).await?);
    }
    Ok(all)
}

fn line(verdict: &Verdict) -> Option<String> {
    let expectation = verdict.expectation.as_ref()?;
    let day = |what: &str, day: Option<Date>| day.map(|day| format!(", {what} {day}")).unwrap_or_default();
    let deposit = verdict.deposit.as_ref().map(|deposit| format!(" in deposit {deposit}"));
    Some(format!(
        "settlement of {} {}, retref {}: {}{}{}{}\n",
        decimal(expectation.amount, Some(expectation.currency)),
        expectation.currency,
        expectation.reference.as_deref().unwrap_or("unknown"),
        verdict.progressed.as_str(),
        day("settled", verdict.settled_on),
        day("funded", verdict.funded_on),
        deposit.unwrap_or_default(),
    ))
}
