//! `GET /v2/deposits` and `GET /v2/deposits/{depositId}`: deposits that arrived, and their lines.

use jiff::{Timestamp, ToSpan};
use lambda_http::{Request, RequestExt as _};
use tollgate_core::{
    payments::{Role, trail},
    settlement::{
        Adjustment, Chargeback, Completeness, Component, DayRange, Deposit, DepositBatch, DepositLine,
        DepositReader, DepositSums, SumOfDeposits, Unmatched, sums_of_deposits,
    },
    values::{ReadOrder, SignedAmount},
};
use tollgate_wire::{
    self as wire, DepositAdjustment, DepositBody, DepositChargeback, DepositComponent, DepositLinesMeta,
    DepositMembers, DepositPageMeta, DepositTrace, NewDeposit, OtherLines, Readable, WholeDeposit,
    constant::{DepositLineType, DepositType},
};

use super::accounts;
use crate::{
    api::{Caller, Code, Failure, Handled, Page, Problem},
    elastic_path::{
        lists::filter::{DaysOfAccount, NoFilter, WantedDeposits},
        lists::paging::Part,
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
    let paging: Paging<'_, WantedDeposits> = Paging::of("deposits\n", &ports.access, request, &caller)?;
    let merchant = &caller.merchant.id;
    let days = days(&paging.filter.days, paging.now);
    let (deposits, order) = (ports.settlement.deposits.as_ref(), ReadOrder::NewestFirst);
    let page = deposits.list(merchant, days, order, paging.after(), paging.limit).await?;
    let found: Vec<&Deposit> = page.deposits.iter().filter(|one| paging.filter.has(one)).collect();
    let unmatched = reader(ports).unmatched(merchant).await?;
    let accounts = accounts(ports, &caller).await?;
    let rows = Rows::of(
        DepositRow::names(),
        &found,
        &page.unreadable,
        |deposit| DepositRow::new(deposit, &unmatched).cells(),
        |deposit| deposit_value(deposit, &unmatched),
    );
    let meta = |page| DepositPageMeta {
        page,
        from: days.first,
        to: days.last,
        sums: sums_of_deposits(&found).into_iter().map(sum_value).collect(),
        accounts,
        unreadable: trail::unreadable(),
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
    let packs = reader.packs(merchant, &deposit).await?;
    // A file has lines alone.
    let completeness = if wants_csv(request) {
        Completeness::default()
    } else {
        reader.completeness(merchant, &deposit, &packs, &unmatched).await?
    };
    let page = reader.lines(merchant, &deposit, &packs, paging.after(), limit).await?;
    let rows = Rows::of(
        LineRow::names(),
        &page.lines,
        &page.unreadable,
        |row| LineRow { deposit: &deposit, row, unmatched: &unmatched }.cells(),
        |line| deposit_line_value(&deposit, line, &unmatched),
    );
    let body = |part: Part<_>| DepositBody {
        data: whole_deposit_value(&deposit, &unmatched, &completeness, part.rows),
        links: part.links,
        meta: DepositLinesMeta { page: part.page, unreadable: trail::unreadable() },
    };
    paging.reply(rows, page.next.clone(), body).await
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
pub fn deposit_value(deposit: &Deposit, unmatched: &Unmatched) -> wire::Deposit {
    let NewDeposit { members, trace } = new_deposit(deposit);
    wire::Deposit { members, unmatched: unmatched.in_deposit(deposit), trace }
}

fn sum_value(sum: SumOfDeposits) -> wire::SumOfDeposits {
    wire::SumOfDeposits {
        currency: sum.currency.map(|currency| currency.code().to_owned()),
        deposits: sum.deposits,
        lines: sum.lines,
        gross: sum.gross.map(Into::into),
        refunds: sum.refunds.map(Into::into),
        fees: sum.fees.map(Into::into),
        chargebacks: sum.chargebacks.map(Into::into),
        adjustments: sum.adjustments.map(Into::into),
        net: sum.net.map(Into::into),
    }
}

/// A deposit without its open exceptions.
pub(in crate::elastic_path) fn new_deposit(deposit: &Deposit) -> NewDeposit {
    let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
    let members = DepositMembers {
        kind: DepositType,
        id: deposit.id.clone(),
        mid: deposit.account.clone(),
        date: deposit.day,
        currency: deposit.currency.map(|currency| currency.code().to_owned()),
        gross: gross.map(Into::into),
        refunds: refunds.into(),
        fees: fees.map(Into::into),
        chargebacks: chargebacks.into(),
        adjustments: adjustments.map(Into::into),
        net: deposit.total.into(),
        lines: deposit.lines.0,
        others: OtherLines { lines: deposit.others.0, sum: deposit.others.1.into() },
    };
    let trace = DepositTrace { trace_number: deposit.trace_number.clone(), changed_on: deposit.changed_on };
    NewDeposit { members, trace }
}

/// A deposit with its components, its batches and these lines.
pub fn whole_deposit_value(
    deposit: &Deposit,
    unmatched: &Unmatched,
    completeness: &Completeness,
    line_details: Vec<Readable<wire::DepositLine>>,
) -> WholeDeposit {
    let component = |(component, amount): &(Component, SignedAmount)| DepositComponent {
        component: (*component).into(),
        amount: (*amount).into(),
    };
    WholeDeposit {
        deposit: deposit_value(deposit, unmatched),
        complete: completeness.is_complete,
        counted: completeness.counted,
        counted_sum: completeness.counted_sum.map(Into::into),
        matched: completeness.matched,
        batches: completeness.batches.iter().map(batch_value).collect(),
        components: deposit.components.iter().map(component).collect(),
        adjustment_details: deposit.adjustments.iter().map(adjustment_value).collect(),
        chargeback_details: deposit.chargebacks.iter().map(chargeback_value).collect(),
        line_details,
    }
}

fn batch_value(batch: &DepositBatch) -> wire::DepositBatch {
    wire::DepositBatch {
        id: batch.id.clone(),
        date: batch.day,
        lines: batch.lines,
        sum: batch.sum.map(Into::into),
        deposited_lines: batch.deposited_lines,
        deposited_sum: batch.deposited_sum.map(Into::into),
        whole: batch.is_whole(),
    }
}

fn adjustment_value(one: &Adjustment) -> DepositAdjustment {
    DepositAdjustment {
        id: one.id.stated().map(str::to_owned),
        component: one.component.map(Into::into),
        category: one.category.clone(),
        description: one.description.clone(),
        amount: one.amount.into(),
        case: one.case.clone(),
        date: one.day,
        changed_on: one.changed_on,
    }
}

fn chargeback_value(one: &Chargeback) -> DepositChargeback {
    DepositChargeback {
        id: one.id.stated().map(str::to_owned),
        case: one.case.clone(),
        sequence: one.sequence,
        retref: one.reference.clone(),
        amount: one.amount.into(),
        date: one.on,
        reason_code: one.reason_code.clone(),
        reason: one.reason.clone(),
        acquirer_reference: one.acquirer_reference.clone(),
        changed_on: one.changed_on,
    }
}

/// A line of a deposit.
pub fn deposit_line_value(deposit: &Deposit, row: &DepositLine, unmatched: &Unmatched) -> wire::DepositLine {
    let DepositLine { line, funded, entry } = row;
    let entry = entry.as_ref();
    wire::DepositLine {
        line_type: DepositLineType,
        retref: line.reference.clone(),
        kind: funded.kind.into(),
        status: funded.status.into(),
        counts: funded.is_money(),
        amount: funded.amount.into(),
        currency: funded.currency.map(|currency| currency.code().to_owned()),
        settled_at: line.settled.first().map(|settled| settled.day),
        order: entry.map(|entry| entry.order.order.to_string()),
        transaction: entry.map(|entry| entry.transaction),
        custom_reference: entry.and_then(|entry| entry.merchant_reference.clone()),
        unmatched: unmatched.of_reference(&deposit.account, &line.reference).map(Into::into),
    }
}
