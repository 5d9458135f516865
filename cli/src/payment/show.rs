//! `payment show`: everything on record about an order's payments.

use jiff::{Timestamp, civil::Date};
use tollgate::{elastic_path::settlement_record_value, spreadsheet::settlement::decimal};
use tollgate_core::{
    order::{Order, OrderKey},
    payments::StoreError,
    settlement::{LineStore, Verdict, settlement_of},
};
use uuid::Uuid;

use super::history;
use crate::{
    args::Show,
    failure::{self, Failure},
    installation::{Installation, aws_http_client},
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
    if let Ok(settlement) = installation.settlement() {
        let lines = settlement.stores(&aws_http_client()?).lines;
        match arrived(lines.as_ref(), &order, show.transaction, now).await {
            Ok(found) => {
                value["settlement"] = found.iter().filter_map(settlement_record_value).collect();
                text.extend(found.iter().filter_map(line));
            }
            Err(error) => failure::remark(&format!("settlement cannot be read: {error}")),
        }
    }
    Ok(Report::new(text, value))
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
