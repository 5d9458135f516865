//! A deposit as `deposit` returns it, the service before `funding`, which the vendor's clients of
//! 2014 call. The members are those of a recorded response.

use serde_json::{Value, json};

use super::deposit::{COMPONENTS, Deposit, Line};
use crate::{
    amount, config::Merchant, reply::Reply, report_forms::Forms, settings::ReportSettings, state::RecordKind,
};

/// The components that chargebacks change; the others are fees.
const CHARGEBACKS: [&str; 3] = ["adjustment", "reversal", "otheradjustment"];

/// Writes a day's deposit.
pub(super) fn write(deposit: &Deposit<'_>, merchant: &Merchant) -> Reply {
    let total: i64 = deposit.fundings.iter().map(|funding| funding.total).sum();
    let taken = |is_chargeback: bool| -> i64 {
        let components =
            deposit.fundings.iter().flat_map(|funding| COMPONENTS.iter().zip(funding.components));
        let wanted = components.filter(|((_, name), _)| CHARGEBACKS.contains(name) == is_chargeback);
        wanted.map(|(_, minor)| -minor).sum()
    };
    let day = |day: jiff::civil::Date| day.strftime("%Y%m%d").to_string();
    let lines: Vec<Value> =
        deposit.lines.iter().map(|line| written(line, merchant.settings.reports)).collect();
    Reply::plain()
        .with("depositid", deposit.number(&merchant.merchid))
        .with("merchid", merchant.merchid.as_str())
        .with("respproc", merchant.processor.name())
        .with("accttype", "V")
        .with("action", "")
        .with("actdate", day(deposit.day))
        .with("postdate", day(deposit.day.tomorrow().unwrap_or(deposit.day)))
        .with("currency", merchant.currency.as_str())
        .with("amount", amount::format(total))
        .with("feeamnt", amount::format(taken(false)))
        .with("cbakamnt", amount::format(taken(true)))
        .with("resptext", "")
        .with("txns", lines)
}

/// A line, whose amount has no sign.
fn written(line: &Line<'_>, reports: ReportSettings) -> Value {
    let takes = line.transaction.kind == RecordKind::Refund || line.return_code.is_some();
    let batch = line.batch.unwrap_or_default();
    // Recorded with the last four digits.
    let hostbatch = Forms(reports).hostbatch(batch).unwrap_or_default();
    let end = hostbatch.len().saturating_sub(4);
    json!({
        "retref": line.transaction.retref,
        "merchbatch": batch.parse::<u64>().ok(),
        "hostbatch": hostbatch.get(end..),
        "action": if takes { "REF" } else { "DEB" },
        "depamnt": amount::format(line.amount.abs()),
        "feeamnt": "0.00",
    })
}
