//! `settlement outstanding`.

use serde_json::json;
use tollgate::{
    elastic_path::{account_value, outstanding_sum_value, outstanding_value},
    spreadsheet::{FileRow as _, settlement::decimal},
};
use tollgate_core::{
    settlement::{
        OUTSTANDING_DAYS_MAX, Outstanding, OutstandingDays, OutstandingSum, outstanding_days, sums_of,
    },
    values::{Currency, SignedAmount},
};

use super::{deposits::reader, more, progress, stores, told, unread};
use crate::{
    args::ListOutstanding,
    csv,
    failure::{self, Failure},
    installation::Installation,
    payment::{history::time, list::journal},
    report::Report,
    table::aligned,
};

const HEADER: [&str; 9] =
    ["TIME", "STATE", "AMOUNT", "MID", "BATCH", "RETREF", "ORDER", "TRANSACTION", "UNMATCHED"];

pub(super) async fn list(installation: &Installation, list: &ListOutstanding) -> Result<Report, Failure> {
    let stores = stores(installation)?;
    let progress = progress(installation, &stores, &list.merchant).await?;
    let days = outstanding_days(list.from, list.to, installation.clock.now()).ok_or_else(|| {
        Failure::Input(format!(
            "--from must be at most {OUTSTANDING_DAYS_MAX} days ago; older payments are in `tollgate settlement \
             exceptions`"
        ))
    })?;
    if days.last < days.first {
        return Err(Failure::Input(format!("--to {} is before --from {}", days.last, days.first)));
    }
    let wanted = OutstandingDays { merchant: &list.merchant, days, account: list.mid.as_deref() };
    let log = journal(installation, None)?;
    let reader = reader(installation, &stores, log.as_ref());
    let unmatched = reader.unmatched(&list.merchant).await.map_err(|error| unread(&error))?;
    let found = reader.outstanding(&wanted, &progress, &unmatched).await;
    let mut found = found.map_err(|error| unread(&error))?;
    let sums = sums_of(&found);
    if let Some(after) = &list.rows.next {
        found.retain(|one| one.position() < *after);
    }
    let is_more = found.len() > list.rows.limit();
    found.truncate(list.rows.limit());
    let next = found.last().filter(|_| is_more).map(Outstanding::position);
    if list.rows.csv {
        csv::print(&<&Outstanding>::names(), found.iter().map(|one| one.cells()))?;
        told(&progress).into_iter().chain(more(next.as_deref())).for_each(|line| failure::remark(&line));
        return Ok(Report::nothing());
    }
    let header = HEADER.map(str::to_owned).to_vec();
    let mut text = Vec::new();
    if !found.is_empty() {
        text = aligned(&std::iter::once(header).chain(found.iter().map(row)).collect::<Vec<_>>());
    }
    text.extend(sums.iter().map(sum));
    if sums.is_empty() {
        text.push(format!("Nothing of {} to {} is outstanding", days.first, days.last));
    }
    text.extend(told(&progress));
    text.extend(more(next.as_deref()));
    let value = json!({
        "merchant": list.merchant,
        "from": days.first,
        "to": days.last,
        "next": next,
        "accounts": progress.iter().map(account_value).collect::<Vec<_>>(),
        "sums": sums.iter().map(outstanding_sum_value).collect::<Vec<_>>(),
        "outstanding": found.iter().map(outstanding_value).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

fn row(one: &Outstanding) -> Vec<String> {
    let expectation = &one.expectation;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        time(expectation.at).to_string(),
        one.progressed.as_str().to_owned(),
        money(expectation.amount, expectation.currency),
        expectation.account.clone(),
        or_dash(one.settled_on.map(|day| day.to_string())),
        or_dash(expectation.reference.clone()),
        expectation.order.order.to_string(),
        expectation.transaction.to_string(),
        or_dash(one.unmatched.map(|cause| cause.as_str().to_owned())),
    ]
}

fn sum(one: &OutstandingSum) -> String {
    let amount = one.amount.map_or_else(|| "-".to_owned(), |amount| money(amount, one.currency));
    format!("MID {}: {} {}, {amount}", one.account, one.count, one.progressed.as_str())
}

fn money(minor: impl Into<SignedAmount>, currency: Currency) -> String {
    format!("{} {}", decimal(minor, Some(currency)), currency.code())
}
