//! `GET /v2/settlement/outstanding`: captures and refunds that are in no deposit, in rows and in
//! sums.

use lambda_http::Request;
use tollgate_core::{
    payments::{Role, trail},
    settlement::{
        DepositDay, FiveWeeks, OUTSTANDING_DAYS_MAX, Outstanding, OutstandingDays, OutstandingSum,
        deposits_of, outstanding_days, sums_of,
    },
};
use tollgate_wire::{self as wire, OutstandingPageMeta, constant::OutstandingType};

use super::{account_value, deposits::reader};
use crate::{
    api::{Caller, Code, Failure, Handled, Page, Problem},
    elastic_path::{
        lists::filter::DaysOfAccount,
        lists::paging::PARAMETERS,
        lists::{Paging, Rows},
        request::Parameters,
        response::page::wants_csv,
    },
    ports::Transactions,
    spreadsheet::FileRow as _,
};

handlers! {
    /// `GET /v2/settlement/outstanding?filter=…&page[limit]=…&page[cursor]=…`: the newest first, as
    /// JSON or as CSV.
    list_outstanding(Transactions) => list();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let mut parameters = Parameters::of(request, &PARAMETERS);
    let paging: Paging<'_, DaysOfAccount> =
        Paging::read("outstanding\n", &mut parameters, &ports.access, &caller);
    let days = outstanding_days(paging.filter.first, paging.filter.last, paging.now);
    if days.is_none() {
        let says =
            format!("date must be at most {OUTSTANDING_DAYS_MAX} days ago; older payments are exceptions");
        parameters.problems.push(Problem::about("filter", Code::InvalidValue, says));
    }
    parameters.finish()?;
    // `None` was already noted as a problem.
    let days = days.ok_or_else(Failure::unreadable)?;
    let merchant = &caller.merchant.id;
    let accounts = ports.settlement.progress.of(merchant).await?;
    let wanted = OutstandingDays { merchant, days, account: paging.filter.account.as_deref() };
    let unmatched = reader(ports).unmatched(merchant).await?;
    let mut found = reader(ports).outstanding(&wanted, &accounts, &unmatched).await?;
    let sums = sums_of(&found);
    let mut of_weeks = Vec::new();
    // A file has rows alone.
    if !wants_csv(request) {
        let deposits = ports.settlement.deposits.as_ref();
        let deposits = deposits_of(deposits, merchant, FiveWeeks::range(paging.now)).await?.deposits;
        let weeks = FiveWeeks {
            account: wanted.account,
            deposits: &deposits,
            unmatched: &unmatched,
            outstanding: &found,
            accounts: &accounts,
        };
        of_weeks = weeks.days(paging.now);
    }
    if let Some(after) = paging.after() {
        found.retain(|one| one.position().as_str() < after);
    }
    let is_more = found.len() > paging.limit;
    found.truncate(paging.limit);
    let after = found.last().filter(|_| is_more).map(Outstanding::position);
    let cells = found.iter().map(|it| it.cells());
    let rows = Rows::new(<&Outstanding>::names(), cells, found.iter().map(outstanding_value));
    let meta = |page| OutstandingPageMeta {
        page,
        from: days.first,
        to: days.last,
        sums: sums.iter().map(outstanding_sum_value).collect(),
        days: of_weeks.into_iter().map(deposit_day_value).collect(),
        unreadable: trail::unreadable(),
        accounts: accounts.iter().map(account_value).collect(),
    };
    paging.reply(rows, after, |part| part.with(meta)).await
}

/// A payment or refund whose money has not arrived.
pub fn outstanding_value(one: &Outstanding) -> wire::Outstanding {
    let expectation = &one.expectation;
    wire::Outstanding {
        kind: OutstandingType,
        state: one.progressed.into(),
        at: expectation.at.into(),
        amount: expectation.amount.into(),
        currency: expectation.currency.code().to_owned(),
        mid: expectation.account.clone(),
        retref: expectation.reference.clone(),
        order: expectation.order.order.to_string(),
        transaction: expectation.transaction,
        operation_id: expectation.operation,
        settled_at: one.settled_on,
        due_on: one.due.map(|due| due.on),
        days_late: one.due.map(|due| due.days_late).unwrap_or_default(),
        unmatched: one.unmatched.map(Into::into),
    }
}

/// The sum of an account's money that is equally far.
pub fn outstanding_sum_value(sum: &OutstandingSum) -> wire::OutstandingSum {
    wire::OutstandingSum {
        mid: sum.account.clone(),
        currency: sum.currency.code().to_owned(),
        state: sum.progressed.into(),
        count: sum.count,
        amount: sum.amount.map(Into::into),
    }
}

fn deposit_day_value(one: DepositDay) -> wire::DepositDay {
    wire::DepositDay { date: one.day, state: one.state.into() }
}
