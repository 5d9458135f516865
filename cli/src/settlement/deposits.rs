//! `settlement list` and `settlement show`.

use jiff::ToSpan as _;
use serde_json::json;
use tollgate::{
    elastic_path::{account_value, deposit_line_value, deposit_value, whole_deposit_value},
    ports::SettlementStores,
    spreadsheet::{
        FileRow as _,
        settlement::{DepositRow, LineRow, decimal},
    },
};
use tollgate_core::{
    order::MerchantId,
    settlement::{
        DayRange, Deposit, DepositLine, DepositLines, DepositReader, DepositSums, Unmatched, eastern_day,
    },
    values::{Currency, ReadOrder, SignedAmount},
};

use super::{PART, more, progress, stores, told, unread};
use crate::{
    args::{ListDeposits, ShowDeposit},
    csv,
    failure::{self, Failure},
    installation::Installation,
    payment::list::journal,
    report::Report,
    table::aligned,
};

/// How far back is looked unless it is said otherwise, in days.
const WITHIN_DAYS: i32 = 92;

/// Deposits may be dated ahead by so many days.
const AHEAD_DAYS: i32 = 7;

const HEADER: [&str; 11] = [
    "DATE",
    "DEPOSIT",
    "PAYMENTS",
    "REFUNDS",
    "FEES",
    "CHARGEBACKS",
    "ADJUSTMENTS",
    "ARRIVED",
    "MID",
    "TRACE NUMBER",
    "UNMATCHED",
];

const LINE_HEADER: [&str; 8] =
    ["RETREF", "KIND", "AMOUNT", "BATCH", "STATUS", "ORDER", "TRANSACTION", "UNMATCHED"];

/// A merchant's deposits of these days.
struct Wanted<'a> {
    merchant: &'a MerchantId,
    days: DayRange,
    mid: Option<&'a str>,
}

pub(super) async fn list(installation: &Installation, list: &ListDeposits) -> Result<Report, Failure> {
    let stores = stores(installation)?;
    let progress = progress(installation, &stores, &list.merchant).await?;
    let today = eastern_day(installation.clock.now());
    let until = list.to.unwrap_or_else(|| today.saturating_add(AHEAD_DAYS.days()));
    let since = list.from.unwrap_or_else(|| until.min(today).saturating_sub(WITHIN_DAYS.days()));
    if since > until {
        return Err(Failure::Input(format!("--to {until} is before --from {since}")));
    }
    let wanted = Wanted {
        merchant: &list.merchant,
        days: DayRange { first: since, last: until },
        mid: list.mid.as_deref(),
    };
    let (found, next) = find(&stores, &wanted, list.rows.next.clone(), list.rows.limit()).await?;
    let log = journal(installation, None)?;
    let unmatched = reader(installation, &stores, log.as_ref()).unmatched(&list.merchant).await;
    let unmatched = unmatched.map_err(|error| unread(&error))?;
    if list.rows.csv {
        let rows = found.iter().map(|one| DepositRow::new(one, &unmatched).cells());
        csv::print(&DepositRow::names(), rows)?;
        told(&progress).into_iter().chain(more(next.as_deref())).for_each(|line| failure::remark(&line));
        return Ok(Report::nothing());
    }
    let header = HEADER.map(str::to_owned).to_vec();
    let rows = found.iter().map(|one| row(one, &unmatched));
    let mut text = aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>());
    let plural = if found.len() == 1 { "" } else { "s" };
    text.push(format!("{} deposit{plural} from {since} to {until}", found.len()));
    text.extend(told(&progress));
    text.extend(more(next.as_deref()));
    let value = json!({
        "merchant": list.merchant,
        "from": since,
        "to": until,
        "next": next,
        "accounts": progress.iter().map(account_value).collect::<Vec<_>>(),
        "deposits": found.iter().map(|one| deposit_value(one, &unmatched)).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

pub(super) fn reader<'a>(
    installation: &Installation,
    stores: &'a SettlementStores,
    log: &'a dyn tollgate_core::journal::EntryLog,
) -> DepositReader<'a> {
    DepositReader {
        lines: stores.lines.as_ref(),
        exceptions: stores.exceptions.as_ref(),
        log,
        now: installation.clock.now(),
    }
}

/// Deposits after a cursor, the latest first, and where the next ones begin.
async fn find(
    stores: &SettlementStores,
    wanted: &Wanted<'_>,
    mut next: Option<String>,
    limit: usize,
) -> Result<(Vec<Deposit>, Option<String>), Failure> {
    let mut found: Vec<Deposit> = Vec::new();
    loop {
        let (room, order) = (PART.min(limit - found.len()), ReadOrder::NewestFirst);
        let page = stores.deposits.list(wanted.merchant, wanted.days, order, next.as_deref(), room);
        let page = page.await.map_err(|error| unread(&error))?;
        failure::remark_unreadable(&page.unreadable);
        found.extend(page.deposits.into_iter().filter(|one| wanted.mid.is_none_or(|mid| mid == one.account)));
        next = page.next;
        if next.is_none() || found.len() >= limit {
            return Ok((found, next));
        }
    }
}

fn row(deposit: &Deposit, unmatched: &Unmatched) -> Vec<String> {
    let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
    let decimal = |amount| stated(amount, deposit.currency);
    vec![
        deposit.day.strftime("%a %F").to_string(),
        deposit.id.clone(),
        decimal(gross),
        decimal(Some(refunds)),
        decimal(fees),
        decimal(Some(chargebacks)),
        decimal(adjustments),
        format!("{}{}", decimal(Some(deposit.total)), code(deposit.currency)),
        deposit.account.clone(),
        deposit.trace_number.clone().unwrap_or_else(|| "-".to_owned()),
        unmatched.in_deposit(deposit).to_string(),
    ]
}

/// An amount, or a dash where it cannot be added up.
fn stated(amount: Option<SignedAmount>, currency: Option<Currency>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| decimal(amount, currency))
}

/// The currency after an amount, if the gateway states it.
fn code(currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| format!(" {}", currency.code()))
}

pub(super) async fn show(installation: &Installation, show: &ShowDeposit) -> Result<Report, Failure> {
    let (stores, merchant) = (stores(installation)?, &show.merchant);
    let deposit = one(installation, &stores, show).await?;
    let log = journal(installation, None)?;
    let reader = reader(installation, &stores, log.as_ref());
    let unmatched = reader.unmatched(merchant).await.map_err(|error| unread(&error))?;
    let (after, limit) = (show.rows.next.as_deref(), show.rows.limit());
    let packs = reader.packs(merchant, &deposit).await.map_err(|error| unread(&error))?;
    let completeness = reader.completeness(merchant, &deposit, &packs, &unmatched).await;
    let completeness = completeness.map_err(|error| unread(&error))?;
    let page = reader.lines(merchant, &deposit, &packs, after, limit).await;
    let page = page.map_err(|error| unread(&error))?;
    let DepositLines { lines, unreadable, next } = page;
    failure::remark_unreadable(&unreadable);
    if show.rows.csv {
        let rows = lines.iter().map(|row| LineRow { deposit: &deposit, row, unmatched: &unmatched }.cells());
        csv::print(&LineRow::names(), rows)?;
        if let Some(line) = more(next.as_deref()) {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let mut text = sums(&deposit);
    text.extend(details(&deposit));
    text.push(String::new());
    let header = LINE_HEADER.map(str::to_owned).to_vec();
    let rows = lines.iter().map(|line| line_row(&deposit, line, &unmatched));
    text.extend(aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>()));
    text.push(format!("{} of {} lines", lines.len(), deposit.lines.0));
    text.extend(more(next.as_deref()));
    let line_details = lines.iter().map(|line| deposit_line_value(&deposit, line, &unmatched).into());
    let mut value = json!(whole_deposit_value(&deposit, &unmatched, &completeness, line_details.collect()));
    value["next"] = next.into();
    Ok(Report::new(text.join("\n"), value))
}

/// The deposit with this id, or with this number on the bank's statement.
async fn one(
    installation: &Installation,
    stores: &SettlementStores,
    show: &ShowDeposit,
) -> Result<Deposit, Failure> {
    let (merchant, name) = (&show.merchant, &show.deposit);
    let mut found = stores.deposits.find(merchant, name).await.map_err(|error| unread(&error))?;
    found.retain(|deposit| show.mid.as_ref().is_none_or(|mid| *mid == deposit.account));
    if let [one, another, ..] = &found[..] {
        let mids = format!("{}, {}", one.account, another.account);
        return Err(Failure::Input(format!(
            "deposits of several MIDs have this id: {mids}; --mid says which"
        )));
    }
    if let Some(found) = found.pop() {
        return Ok(found);
    }
    let today = eastern_day(installation.clock.now());
    let first = today.saturating_sub(WITHIN_DAYS.days());
    let days = DayRange { first, last: today.saturating_add(AHEAD_DAYS.days()) };
    let wanted = Wanted { merchant, days, mid: None };
    let (all, _) = find(stores, &wanted, None, usize::MAX).await?;
    let found = all.into_iter().find(|one| one.has_trace_number(name));
    if found.is_none() {
        progress(installation, stores, merchant).await?;
    }
    found.ok_or_else(|| {
        Failure::NotThere(format!(
            "no deposit has the id {name}, and none of the last {WITHIN_DAYS} days the trace number; \
             `tollgate settlement list {merchant}` lists them"
        ))
    })
}

/// The amount that arrived, and its parts.
fn sums(deposit: &Deposit) -> Vec<String> {
    let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
    let trace = deposit.trace_number.as_deref().map(|number| format!(", trace number {number}"));
    let mut text = vec![format!(
        "Deposit {} of {}, MID {}{}",
        deposit.id,
        deposit.day.strftime("%A, %F"),
        deposit.account,
        trace.unwrap_or_default()
    )];
    let parts = [
        ("payments", gross),
        ("refunds", Some(refunds)),
        ("fees", fees),
        ("chargebacks", Some(chargebacks)),
        ("adjustments", adjustments),
        ("arrived", Some(deposit.total)),
    ];
    let of_part = |(name, amount): (&str, _)| (name.to_owned(), stated(amount, deposit.currency));
    let parts = parts.map(of_part);
    let width = parts.iter().map(|(_, amount)| amount.len()).max().unwrap_or_default();
    text.extend(
        parts.map(|(name, amount)| format!("  {name:<11}  {amount:>width$}{}", code(deposit.currency))),
    );
    text
}

/// Amounts added or taken off beside the lines, each with its reason.
fn details(deposit: &Deposit) -> Vec<String> {
    let adjustments = deposit.adjustments.iter().map(|one| {
        let case = one.case.as_deref().map(|case| format!(", case {case}")).unwrap_or_default();
        format!("  {} {}: {}{case}", decimal(one.amount, deposit.currency), one.category, one.description)
    });
    let chargebacks = deposit.chargebacks.iter().map(|one| {
        let reference = one.reference.as_deref().unwrap_or("unknown");
        let amount = decimal(one.amount, one.currency.or(deposit.currency));
        format!(
            "  chargeback of {amount}, case {}, retref {reference}, {}: {} {}",
            one.case, one.on, one.reason_code, one.reason
        )
    });
    let mut details: Vec<String> = adjustments.chain(chargebacks).collect();
    if !details.is_empty() {
        details.insert(0, String::new());
    }
    details
}

fn line_row(deposit: &Deposit, row: &DepositLine, unmatched: &Unmatched) -> Vec<String> {
    let DepositLine { line, funded, entry } = row;
    let currency = funded.currency.or(deposit.currency);
    let entry = entry.as_ref();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        line.reference.clone(),
        funded.kind.as_str().to_owned(),
        format!("{}{}", decimal(funded.amount, currency), code(currency)),
        or_dash(line.settled.first().map(|settled| settled.day.to_string())),
        format!("{}{}", funded.status.as_str(), if funded.is_money() { "" } else { ", not counted" }),
        or_dash(entry.map(|entry| entry.order.order.to_string())),
        or_dash(entry.map(|entry| entry.transaction.to_string())),
        or_dash(
            unmatched.of_reference(&deposit.account, &line.reference).map(|cause| cause.as_str().to_owned()),
        ),
    ]
}
