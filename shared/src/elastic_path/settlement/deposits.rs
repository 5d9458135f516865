//! `GET /v2/deposits` and `GET /v2/deposits/{depositId}`: deposits that arrived, and their lines.

use jiff::{Timestamp, ToSpan};
use lambda_http::{Request, RequestExt as _};
use serde_json::{Value, json};
use tollgate_core::{
    payments::{Role, trail},
    settlement::{
        Adjustment, Chargeback, Component, DayRange, Deposit, DepositLine, DepositReader, DepositSums,
        ExceptionCause, Unmatched,
    },
    values::{Currency, ReadOrder},
};

use super::accounts;
use crate::{
    api::{Caller, Code, Failure, Handled, Page, Problem},
    elastic_path::{
        lists::filter::{DaysOfAccount, NoFilter},
        lists::{Paging, Rows},
        request::Parameters,
        response::page::wants_csv,
    },
    invocation::path_parameter,
    ports::Transactions,
    spreadsheet::{
        FileRow as _,
        settlement::{DepositRow, LineRow},
    },
};

/// How far back a list looks where the filter does not say, in days.
const WITHIN_DAYS: i32 = 92;

/// Deposits may be dated ahead by so many days.
const AHEAD_DAYS: i32 = 7;

/// Lines of a deposit as CSV, unless the request says how many: a response may have 6 MB.
const CSV_LINES: usize = 25_000;

/// The parameters of one deposit.
const OF_ONE: [&str; 3] = ["mid", "page[limit]", "page[cursor]"];

handlers! {
    /// `GET /v2/deposits?filter=…&page[limit]=…&page[cursor]=…`: the deposits, the latest first, as
    /// JSON or as CSV.
    list_deposits(Transactions) => list();
    /// `GET /v2/deposits/{depositId}?page[limit]=…&page[cursor]=…`: a deposit with its parts, and
    /// its lines page by page.
    get_deposit(Transactions) => read();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let paging: Paging<'_, DaysOfAccount> = Paging::of("deposits\n", &ports.access, request, &caller)?;
    let merchant = &caller.merchant.id;
    let days = days(&paging.filter, paging.now);
    let (deposits, order) = (ports.settlement.deposits.as_ref(), ReadOrder::NewestFirst);
    let page = deposits.list(merchant, days, order, paging.after(), paging.limit).await?;
    let is_wanted = |one: &&Deposit| paging.filter.account.as_ref().is_none_or(|mid| *mid == one.account);
    let found: Vec<&Deposit> = page.deposits.iter().filter(is_wanted).collect();
    let unmatched = reader(ports).unmatched(merchant).await?;
    let accounts = accounts(ports, &caller).await?;
    let rows = Rows::of(
        DepositRow::names(),
        &found,
        &page.unreadable,
        |deposit| DepositRow::new(deposit, &unmatched).cells(),
        |deposit| deposit_value(deposit, &unmatched),
    );
    let meta = |page| {
        json!({
            "page": page,
            "from": days.first,
            "to": days.last,
            "accounts": accounts,
            "unreadable": trail::unreadable(),
        })
    };
    paging.reply(rows, page.next.clone(), |part| part.with(meta)).await
}

/// The days of a list.
fn days(filter: &DaysOfAccount, now: Timestamp) -> DayRange {
    let today = tollgate_core::settlement::eastern_day(now);
    let last = filter.last.unwrap_or_else(|| today.saturating_add(AHEAD_DAYS.days()));
    let first = filter.first.unwrap_or_else(|| last.min(today).saturating_sub(WITHIN_DAYS.days()));
    DayRange { first, last }
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let id = path_parameter(request, "depositId");
    let mut parameters = Parameters::of(request, &OF_ONE);
    let mid = parameters.read("mid", |mid| Some(mid.to_owned()), "must be a MID");
    let mark = format!("deposit {id}\n");
    let paging: Paging<'_, NoFilter> = Paging::read(&mark, &mut parameters, &ports.access, &caller);
    parameters.finish()?;
    let merchant = &caller.merchant.id;
    let reader = reader(ports);
    let found = ports.settlement.deposits.find(merchant, &id).await?;
    let deposit = the_one(found, mid.as_deref())?;
    let unmatched = reader.unmatched(merchant).await?;
    let is_limited = request.query_string_parameters().first("page[limit]").is_some();
    let limit = if wants_csv(request) && !is_limited { CSV_LINES } else { paging.limit };
    let page = reader.lines(merchant, &deposit, paging.after(), limit).await?;
    let rows = Rows::of(
        LineRow::names(),
        &page.lines,
        &page.unreadable,
        |row| LineRow { deposit: &deposit, row, unmatched: &unmatched }.cells(),
        |line| deposit_line_value(&deposit, line, &unmatched),
    );
    let meta = |page| json!({"page": page, "unreadable": trail::unreadable()});
    let whole = |lines| {
        let mut shown = whole_deposit_value(&deposit, &unmatched);
        shown["line_details"] = lines;
        shown
    };
    paging
        .reply(
            rows,
            page.next.clone(),
            |part| json!({"data": whole(json!(part.rows)), "links": part.links, "meta": meta(part.page)}),
        )
        .await
}

/// Two accounts can have deposits of the same id.
fn the_one(mut found: Vec<Deposit>, mid: Option<&str>) -> Result<Deposit, Failure> {
    found.retain(|deposit| mid.is_none_or(|mid| mid == deposit.account));
    if found.len() > 1 {
        let mids: Vec<String> = found.into_iter().map(|deposit| deposit.account).collect();
        let says = format!("deposits of several MIDs have this id: {}", mids.join(", "));
        return Err(Problem::about("mid", Code::InvalidValue, says).into());
    }
    found.pop().ok_or_else(|| Failure::new(Code::NotFound, "there is no such deposit"))
}

pub(super) fn reader(ports: &Transactions) -> DepositReader<'_> {
    let stores = &ports.settlement;
    DepositReader {
        lines: stores.lines.as_ref(),
        exceptions: stores.exceptions.as_ref(),
        log: ports.log.as_ref(),
        now: ports.access.now(),
    }
}

/// A deposit as a list shows it.
pub fn deposit_value(deposit: &Deposit, unmatched: &Unmatched) -> Value {
    let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
    json!({
        "type": "deposit",
        "id": deposit.id,
        "mid": deposit.account,
        "date": deposit.day,
        "currency": deposit.currency.map(Currency::code),
        "gross": gross,
        "refunds": refunds,
        "fees": fees,
        "chargebacks": chargebacks,
        "adjustments": adjustments,
        "net": deposit.total,
        "lines": deposit.lines.0,
        "others": {"lines": deposit.others.0, "sum": deposit.others.1},
        "unmatched": unmatched.in_deposit(deposit),
        "trace_number": deposit.trace_number,
        "changed_on": deposit.changed_on,
    })
}

/// A deposit with its parts, without its lines.
pub fn whole_deposit_value(deposit: &Deposit, unmatched: &Unmatched) -> Value {
    let mut shown = deposit_value(deposit, unmatched);
    let components = deposit.components.iter();
    shown["components"] = components
        .map(|(component, amount)| json!({"component": component.as_str(), "amount": amount}))
        .collect();
    shown["adjustment_details"] = deposit.adjustments.iter().map(adjustment_value).collect();
    shown["chargeback_details"] = deposit.chargebacks.iter().map(chargeback_value).collect();
    shown
}

fn adjustment_value(one: &Adjustment) -> Value {
    json!({
        "id": one.id.stated(),
        "component": one.component.map(Component::as_str),
        "category": one.category,
        "description": one.description,
        "amount": one.amount,
        "case": one.case,
        "date": one.day,
        "changed_on": one.changed_on,
    })
}

fn chargeback_value(one: &Chargeback) -> Value {
    json!({
        "id": one.id.stated(),
        "case": one.case,
        "sequence": one.sequence,
        "retref": one.reference,
        "amount": one.amount,
        "date": one.on,
        "reason_code": one.reason_code,
        "reason": one.reason,
        "acquirer_reference": one.acquirer_reference,
        "changed_on": one.changed_on,
    })
}

/// A line of a deposit.
pub fn deposit_line_value(deposit: &Deposit, row: &DepositLine, unmatched: &Unmatched) -> Value {
    let DepositLine { line, funded, entry } = row;
    json!({
        "type": "deposit_line",
        "retref": line.reference,
        "kind": funded.kind.as_str(),
        "status": funded.status.as_str(),
        "counts": funded.is_money(),
        "amount": funded.amount,
        "currency": funded.currency.map(Currency::code),
        "settled_at": line.settled.first().map(|settled| settled.day),
        "order": entry.as_ref().map(|entry| &entry.order.order),
        "transaction": entry.as_ref().map(|entry| entry.transaction),
        "custom_reference": entry.as_ref().and_then(|entry| entry.merchant_reference.as_ref()),
        "unmatched": unmatched.of_reference(&deposit.account, &line.reference).map(ExceptionCause::as_str),
    })
}
