//! Deposits: the gateway's payouts, their lines, and their exceptions.

mod exceptions;
mod on_the_way;
mod one;

use askama::Template;
use jiff::civil::Date;
use lambda_http::{Body, Response, http::StatusCode};
use tollgate_wire::{
    Deposit, DepositMembers, DepositPageMeta, ExceptionPageMeta, ReadAccount, SettlementException,
    SignedMinor, SumOfDeposits, UnreadDay,
};

use crate::{
    api::{Refusal, address},
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    rows::{Row, Rows},
    web::Pairs,
    words::{self, said},
};

use exceptions::Mismatch;
pub(crate) use exceptions::{csv as exceptions_csv, exception};
pub(crate) use on_the_way::csv as on_the_way_csv;
use on_the_way::{DayOfWeek, OnTheWay, Waiting};
pub(crate) use one::{lines_csv, show as one};

/// How many deposits, and how many exceptions or lines of a deposit, a page has.
const ROWS: &str = "25";
const LINES: &str = "100";

/// Deposits of a range of days.
type Deposits = Rows<Deposit, DepositPageMeta>;

/// Exceptions that are open.
type Exceptions = Rows<SettlementException, ExceptionPageMeta>;

/// The amounts of a deposit. The last one is always shown.
const AMOUNTS: [Amount; 6] = [
    Amount { name: "Payments", of: |one| one.gross, sum: |sums| sums.gross },
    Amount { name: "Refunds", of: |one| Some(one.refunds), sum: |sums| sums.refunds },
    Amount { name: "Fees", of: |one| one.fees, sum: |sums| sums.fees },
    Amount { name: "Chargebacks", of: |one| Some(one.chargebacks), sum: |sums| sums.chargebacks },
    Amount { name: "Adjustments", of: |one| one.adjustments, sum: |sums| sums.adjustments },
    Amount { name: "Net", of: |one| Some(one.net), sum: |sums| sums.net },
];

/// A column of amounts; `None` is beyond 64 bits.
#[derive(Clone, Copy)]
struct Amount {
    name: &'static str,
    of: fn(&DepositMembers) -> Option<SignedMinor>,
    sum: fn(&SumOfDeposits) -> Option<SignedMinor>,
}

/// A deposit as the list shows it, or the sum of several.
#[derive(Default)]
struct DepositRow {
    /// Of an item that cannot be read; empty otherwise.
    unreadable: String,
    day: String,
    address: String,
    mid: String,
    amounts: Vec<String>,
    lines: u64,
    /// Open exceptions about it, and lines that are not Tollgate's.
    open: u64,
    others: u64,
}

#[derive(Template)]
#[template(path = "deposits.html")]
struct DepositsPage {
    frame: Frame,
    from: String,
    to: String,
    range: String,
    /// The account of all deposits, if there is only one: then no column says it.
    one_mid: Option<String>,
    /// `, USD`, unless there are several currencies.
    heading: String,
    amounts: Vec<Amount>,
    deposits: Vec<DepositRow>,
    /// One of each currency.
    totals: Vec<DepositRow>,
    /// How far the reports were read, and which parts could not be read.
    remarks: Vec<String>,
    mismatches: Vec<Mismatch>,
    /// Whether there are more exceptions than these.
    has_more: bool,
    older: Option<String>,
    weeks: Vec<Vec<DayOfWeek>>,
    sums: Vec<Known>,
    waiting: Vec<Waiting>,
    /// Whether there are more on the way than these.
    has_more_waiting: bool,
    /// The days of the payments that are on the way.
    since: String,
}

/// The deposits of a range of days, all open exceptions, and the money that is on the way, with
/// three calls.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let cursor = parameters.get("cursor").unwrap_or_default();
    let filter = filter(&parameters)?;
    let wanted = [("filter", filter.as_str()), ("page[limit]", ROWS), ("page[cursor]", cursor)];
    let listed: Deposits = visit.read(&address("/v2/deposits", &wanted)).await?;
    let open = visit.read(&address("/v2/settlement/exceptions", &[("page[limit]", LINES)])).await?;
    let on_the_way = on_the_way::read(visit).await?;
    rendered(&page(visit, &listed, &open, &on_the_way))
}

/// The same deposits as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let filter = filter(&visit.parameters())?;
    let wanted = [("filter", filter.as_str()), ("page[limit]", download::ROWS)];
    download::file(visit, "deposits.csv", &address("/v2/deposits", &wanted)).await
}

/// The condition of the range of days.
fn filter(parameters: &Pairs) -> Result<String, Problem> {
    let mut conditions = Vec::new();
    for (operator, name) in [("ge", "from"), ("le", "to")] {
        if let Some(day) = parameters.get(name) {
            conditions.push(format!("{operator}(date,{})", day_of(day)?));
        }
    }
    Ok(conditions.join(":"))
}

/// A day of the address. A browser sends no other text.
fn day_of(typed: &str) -> Result<Date, Problem> {
    typed.parse().map_err(|_| {
        Problem::Refused(Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_value".to_owned(),
            detail: "A day is written like 2026-11-20.".to_owned(),
            ..Refusal::default()
        })
    })
}

fn page(visit: &Visit<'_>, listed: &Deposits, open: &Exceptions, on_the_way: &OnTheWay) -> DepositsPage {
    let (meta, today) = (&listed.meta, visit.today());
    let deposits = || listed.data.iter().filter_map(Row::read).map(|deposit| &deposit.members);
    let currency = words::the_only(deposits().filter_map(|deposit| deposit.currency.as_deref()));
    let one_mid = words::the_only(deposits().map(|deposit| deposit.mid.as_str()));
    let is_shown = |amount: &Amount| {
        amount.name == "Net"
            || deposits().any(|deposit| (amount.of)(deposit).is_none_or(|amount| amount.0 != 0))
    };
    let amounts: Vec<Amount> = AMOUNTS.into_iter().filter(is_shown).collect();
    // The API looks ahead, because a deposit can be dated after today.
    let last = meta.to.min(today);
    let parameters = visit.parameters();
    let [from, to] = ["from", "to"].map(|name| parameters.get(name).unwrap_or_default().to_owned());
    let is_part = meta.page.cursor.is_some() || parameters.get("cursor").is_some();
    let here = format!("/{}/deposits", visit.frame.merchant);
    let older = |cursor| address(&here, &[("from", from.as_str()), ("to", &to), ("cursor", cursor)]);
    DepositsPage {
        frame: visit.frame.clone(),
        range: format!("{} to {}", words::weekday(meta.from, today), words::weekday(last, today)),
        one_mid,
        heading: currency.as_ref().map(|currency| format!(", {currency}")).unwrap_or_default(),
        remarks: remarks(visit, meta),
        mismatches: open.data.iter().map(|row| Mismatch::new(visit, row)).collect(),
        has_more: open.meta.page.cursor.is_some(),
        older: meta.page.cursor.as_deref().map(older),
        deposits: listed.data.iter().map(|row| row_of(visit, row, &amounts, currency.is_some())).collect(),
        totals: meta.sums.iter().map(|sum| total(sum, is_part, &amounts, currency.is_some())).collect(),
        amounts,
        weeks: on_the_way::weeks(visit, &on_the_way.meta.days),
        sums: on_the_way::sums(&on_the_way.meta.sums),
        waiting: on_the_way.data.iter().map(|row| on_the_way::waiting(visit, row)).collect(),
        has_more_waiting: on_the_way.meta.page.cursor.is_some(),
        since: words::weekday(on_the_way.meta.from, today),
        from,
        to,
    }
}

/// An amount of a deposit; nothing where it is zero.
fn cell(amount: Option<SignedMinor>, name: &str, currency: &str, is_one: bool) -> String {
    match amount {
        None => words::NOT_KNOWN.to_owned(),
        Some(amount) if name == "Net" => words::cell(amount, currency, is_one),
        Some(amount) => words::if_any(amount, currency, is_one),
    }
}

fn row_of(visit: &Visit<'_>, row: &Row<Deposit>, amounts: &[Amount], is_one: bool) -> DepositRow {
    let deposit = match row {
        Row::Read(deposit) => deposit,
        Row::Unreadable(row) => {
            return DepositRow { unreadable: words::unreadable(&row.id), ..DepositRow::default() };
        }
    };
    let members = &deposit.members;
    let currency = members.currency.as_deref().unwrap_or_default();
    DepositRow {
        unreadable: String::new(),
        day: words::weekday(members.date, visit.today()),
        address: visit.frame.deposit(&members.id, &members.mid),
        mid: said(&*members.mid),
        amounts: amounts.iter().map(|one| cell((one.of)(members), one.name, currency, is_one)).collect(),
        lines: members.lines,
        open: deposit.unmatched,
        others: members.others.lines,
    }
}

/// The sums of the deposits, by currency.
fn total(sum: &SumOfDeposits, is_part: bool, amounts: &[Amount], is_one: bool) -> DepositRow {
    let currency = sum.currency.as_deref().unwrap_or_default();
    DepositRow {
        day: if is_part { format!("These {}", sum.deposits) } else { "Total".to_owned() },
        amounts: amounts.iter().map(|one| cell((one.sum)(sum), one.name, currency, is_one)).collect(),
        lines: sum.lines,
        ..DepositRow::default()
    }
}

/// How current each account's deposits are.
fn remarks(visit: &Visit<'_>, meta: &DepositPageMeta) -> Vec<String> {
    let mut remarks = Vec::new();
    for account in &meta.accounts {
        let mid = said(&*account.mid);
        remarks.push(account.read_at.map_or_else(
            || format!("No report of {mid} has been read yet."),
            |at| format!("The reports of {mid} were read {}.", visit.frame.moment(at)),
        ));
        if account.has_deposits == Some(false) {
            remarks.push(format!(
                "The gateway offers no deposits of {mid}: its payments are matched with batches only."
            ));
        }
        remarks.extend(account.unread.iter().map(|one| unread(visit, account, one)));
    }
    remarks.extend(left_out(meta.unreadable.into()));
    remarks
}

/// A day whose reports are still to be read.
pub(super) fn unread(visit: &Visit<'_>, account: &ReadAccount, unread: &UnreadDay) -> String {
    let (day, mid) = (words::weekday(unread.date, visit.today()), said(&*account.mid));
    match unread.cause.as_deref().map(said) {
        None => format!("{day} of {mid} is still to be read."),
        Some(cause) => format!("{day} of {mid} could not be read and will be tried again: {cause}."),
    }
}

/// Stored items that cannot be read, if there are some.
pub(super) fn left_out(items: u64) -> Option<String> {
    let count = i64::try_from(items).unwrap_or(i64::MAX);
    let items = words::counted(count, "item cannot be read and is", "items cannot be read and are");
    (count > 0).then(|| format!("{items} missing in sums."))
}
