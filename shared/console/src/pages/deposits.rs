//! Deposits: the gateway's payouts, their lines, and their exceptions.

mod exceptions;

use askama::Template;
use jiff::civil::Date;
use lambda_http::{Body, Response, http::StatusCode};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{
    Deposit, DepositAdjustment, DepositBody, DepositChargeback, DepositLine, DepositMembers, DepositPageMeta,
    ExceptionPageMeta, Readable, SettlementException, SignedMinor,
};

use crate::{
    api::{Refusal, address, segment},
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    rows::{Row, Rows},
    web::Pairs,
    words::{self, causes, said},
};

use exceptions::Mismatch;
pub(crate) use exceptions::{csv as exceptions_csv, exception};

/// How many deposits, and how many lines of a deposit, a page has.
const ROWS: &str = "25";
const LINES: &str = "100";

/// Deposits of a range of days.
type Deposits = Rows<Deposit, DepositPageMeta>;

/// Exceptions that are open.
type Exceptions = Rows<SettlementException, ExceptionPageMeta>;

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
    deposits: Vec<Row<Deposit>>,
    /// How far the reports were read, and which parts could not be read.
    remarks: Vec<String>,
    mismatches: Vec<Mismatch>,
    /// Whether there are more exceptions than these.
    has_more: bool,
    older: Option<String>,
}

/// The deposits of a range of days and all open exceptions, with two calls.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let value = |name: &str| parameters.get(name).unwrap_or_default().to_owned();
    let (from, to, cursor) = (value("from"), value("to"), value("cursor"));
    let filter = filter(&parameters)?;
    let wanted = [("filter", filter.as_str()), ("page[limit]", ROWS), ("page[cursor]", &cursor)];
    let listed: Deposits = visit.read(&address("/v2/deposits", &wanted)).await?;
    let open = visit.read(&address("/v2/settlement/exceptions", &[("page[limit]", LINES)])).await?;
    rendered(&page(visit, from, to, listed, &open))
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

fn page(visit: &Visit<'_>, from: String, to: String, listed: Deposits, open: &Exceptions) -> DepositsPage {
    let meta = &listed.meta;
    let deposits = || listed.data.iter().filter_map(Row::read).map(|deposit| &deposit.members);
    let currency = words::the_only(deposits().filter_map(|deposit| deposit.currency.as_deref()));
    let one_mid = words::the_only(deposits().map(|deposit| deposit.mid.as_str()));
    // The API looks ahead, because a deposit can be dated after today.
    let last = meta.to.min(visit.frame.zone.shown(visit.console.clock.now()).date());
    let here = format!("/{}/deposits", visit.frame.merchant);
    let older = |cursor| address(&here, &[("from", from.as_str()), ("to", &to), ("cursor", cursor)]);
    DepositsPage {
        frame: visit.frame.clone(),
        range: format!("{} to {}", words::full_day(meta.from), words::full_day(last)),
        one_mid,
        heading: currency.map(|currency| format!(", {currency}")).unwrap_or_default(),
        remarks: remarks(&visit.frame, meta),
        mismatches: open.data.iter().map(|row| Mismatch::new(visit, row)).collect(),
        has_more: open.meta.page.cursor.is_some(),
        older: meta.page.cursor.as_deref().map(older),
        deposits: listed.data,
        from,
        to,
    }
}

impl DepositsPage {
    /// An amount of a deposit.
    fn money(&self, members: &DepositMembers, amount: SignedMinor) -> String {
        words::cell(amount, members.currency.as_deref().unwrap_or_default(), !self.heading.is_empty())
    }
}

/// Open exceptions of a deposit, and lines that are not Tollgate's.
fn misfits(deposit: &Deposit) -> String {
    let misfits = [(deposit.unmatched, "open"), (deposit.members.others.lines, "not ours")];
    let misfits = misfits.into_iter().filter(|(count, _)| *count > 0);
    words::joined(misfits.map(|(count, what)| format!("{count} {what}")), ", ")
}

/// How current each account's deposits are.
fn remarks(frame: &Frame, meta: &DepositPageMeta) -> Vec<String> {
    let mut remarks = Vec::new();
    for account in &meta.accounts {
        let mid = said(&*account.mid);
        remarks.push(account.read_at.map_or_else(
            || format!("No report of {mid} has been read yet."),
            |at| format!("The reports of {mid} were read {}.", frame.moment(at)),
        ));
        if account.has_deposits == Some(false) {
            remarks.push(format!(
                "The gateway offers no deposits of {mid}: its payments are matched with batches only."
            ));
        }
        for unread in &account.unread {
            let day = words::day(unread.date);
            remarks.push(unread.cause.as_deref().map_or_else(
                || format!("{day} of {mid} is still to be read."),
                |cause| {
                    let cause = said(cause);
                    format!("{day} of {mid} could not be read and will be tried again: {cause}.")
                },
            ));
        }
    }
    if meta.unreadable > 0 {
        let (one, several) = ("item cannot be read and is", "items cannot be read and are");
        remarks.push(format!("{} missing in sums.", words::counted(meta.unreadable.into(), one, several)));
    }
    remarks
}

/// A line of a deposit, or something taken off it.
#[derive(Default)]
struct Line {
    retref: String,
    what: String,
    amount: String,
    day: String,
    order: String,
    address: String,
    reference: String,
    remark: String,
}

/// Lines that belong together.
struct Lines {
    name: &'static str,
    all: Vec<Line>,
}

#[derive(Template)]
#[template(path = "deposit.html")]
struct DepositPage {
    frame: Frame,
    day: String,
    net: String,
    id: String,
    mid: String,
    trace_number: String,
    /// The parts of its sum.
    components: Vec<Known>,
    tables: Vec<Lines>,
    /// Amounts in the lines and not in the sum, or in the sum and not ours.
    left_out: Vec<String>,
    mismatches: Vec<Mismatch>,
    csv: String,
    more: Option<String>,
}

/// One deposit with its lines: one call, and another one if something about it does not fit.
pub(crate) async fn one(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let mut wanted = vec![("page[limit]", LINES)];
    wanted.extend(parameters.get("mid").map(|mid| ("mid", mid)));
    wanted.extend(parameters.get("cursor").map(|cursor| ("page[cursor]", cursor)));
    let path = address(&format!("/v2/deposits/{}", segment(id)), &wanted);
    let body: DepositBody = visit.read(&path).await?;
    let deposit = &body.data.deposit;
    let mut mismatches = Vec::new();
    if deposit.unmatched > 0 {
        let filter = format!("eq(mid,{})", deposit.members.mid);
        let wanted = [("filter", filter.as_str()), ("page[limit]", LINES)];
        let open: Exceptions = visit.read(&address("/v2/settlement/exceptions", &wanted)).await?;
        let is_about_it = |row: &&Row<SettlementException>| {
            row.read().is_some_and(|row| row.facts.deposit.as_ref() == Some(&deposit.members.id))
        };
        mismatches.extend(open.data.iter().filter(is_about_it).map(|row| Mismatch::new(visit, row)));
    }
    let here = format!("/{}/deposits/{}", visit.frame.merchant, segment(id));
    let mid = deposit.members.mid.as_str();
    let cursor = body.meta.page.cursor.as_deref();
    let more = cursor.map(|cursor| address(&here, &[("mid", mid), ("cursor", cursor)]));
    rendered(&whole(&visit.frame, &body, mismatches, more))
}

/// All lines of a deposit as a file. Without a limit the API sends up to 25,000 lines at once.
pub(crate) async fn lines_csv(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let mid = parameters.get("mid").unwrap_or_default();
    let path = address(&format!("/v2/deposits/{}", segment(id)), &[("mid", mid)]);
    download::file(visit, "deposit-lines.csv", &path).await
}

fn whole(frame: &Frame, body: &DepositBody, mismatches: Vec<Mismatch>, more: Option<String>) -> DepositPage {
    let deposit = &body.data;
    let members = &deposit.deposit.members;
    let currency = members.currency.as_deref().unwrap_or_default();
    let money = |amount: SignedAmount| words::cell(amount, currency, false);
    let components = deposit.components.iter();
    let components =
        components.map(|one| Known::new(words::component(&one.component), money(one.amount.into())));
    let taken = &deposit.chargeback_details;
    // A chargeback is among the adjustments, too, with less about it.
    let is_taken = |one: &&DepositAdjustment| {
        one.case.as_ref().is_some_and(|case| taken.iter().any(|other| other.case == *case))
    };
    let adjustments = deposit.adjustment_details.iter().filter(|one| !is_taken(one));
    let adjustments = adjustments.map(|one| adjustment(one, money(one.amount.into())));
    let chargebacks =
        taken.iter().map(|one| chargeback(one, money(SignedAmount::from(one.amount).taken_off())));
    let lines = deposit.line_details.iter().map(|one| match one {
        Readable::Read(read) => line(frame, read, money(read.amount.into())),
        Readable::Unreadable(row) => Line { what: words::unreadable(&row.id), ..Line::default() },
    });
    let tables = [
        Lines { name: "Lines", all: lines.collect() },
        Lines { name: "Adjustments and chargebacks", all: adjustments.chain(chargebacks).collect() },
    ];
    DepositPage {
        frame: frame.clone(),
        day: words::full_day(members.date),
        net: money(members.net.into()),
        id: said(&*members.id),
        mid: said(&*members.mid),
        trace_number: said(deposit.deposit.trace.trace_number.as_deref()),
        components: components.collect(),
        tables: tables.into_iter().filter(|table| !table.all.is_empty()).collect(),
        left_out: left_out(body),
        mismatches,
        csv: address(&format!("{}/lines.csv", frame.deposit(&members.id, "")), &[("mid", &members.mid)]),
        more,
    }
}

/// Amounts in the lines and not in the sum, or in the sum and not ours.
fn left_out(body: &DepositBody) -> Vec<String> {
    let counted = |count: u64, one: &str, several: &str| {
        (count > 0).then(|| words::counted(i64::try_from(count).unwrap_or(i64::MAX), one, several))
    };
    let members = &body.data.deposit.members;
    let (others, currency) = (&members.others, members.currency.as_deref().unwrap_or_default());
    let lines = body.data.line_details.iter();
    let idle = lines.filter(|line| matches!(line, Readable::Read(line) if !line.counts)).count();
    [
        counted(others.lines, "line is", "lines are").map(|lines| {
            format!("{lines} not Tollgate's: {} together.", words::cell(others.sum, currency, false))
        }),
        counted(u64::try_from(idle).unwrap_or(u64::MAX), "line is", "lines are")
            .map(|lines| format!("{lines} not in the sum.")),
        counted(body.meta.unreadable.into(), "item", "items").map(|items| format!("{items} cannot be read.")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An adjustment, which is no payment's line.
fn adjustment(row: &DepositAdjustment, amount: String) -> Line {
    Line {
        what: row.component.as_ref().map_or_else(|| "Unknown".to_owned(), words::component),
        amount,
        day: row.date.map(words::day).unwrap_or_default(),
        reference: row.case.as_deref().map(case).unwrap_or_default(),
        remark: said(&*row.description),
        ..Line::default()
    }
}

/// A chargeback, which is none either.
fn chargeback(row: &DepositChargeback, amount: String) -> Line {
    Line {
        retref: said(row.retref.as_deref()),
        what: "Chargeback".to_owned(),
        amount,
        day: words::day(row.date),
        reference: case(&row.case),
        remark: said(&*row.reason),
        ..Line::default()
    }
}

fn case(number: &str) -> String {
    format!("Case {}", said(number))
}

fn line(frame: &Frame, row: &DepositLine, amount: String) -> Line {
    let payment = row.order.as_deref().zip(row.transaction);
    let remarks = [
        (!row.counts).then(|| format!("Not in the sum: {}", said(row.status.as_str()))),
        payment.is_none().then(|| "Not Tollgate's".to_owned()),
        row.unmatched.as_ref().map(|cause| causes::meaning_of(cause).title.to_owned()),
    ];
    let address = payment.map(|(order, transaction)| frame.payment(order, &transaction.to_string()));
    Line {
        retref: said(&*row.retref),
        what: words::line(&row.kind),
        amount,
        day: row.settled_at.map(words::day).unwrap_or_default(),
        order: said(row.order.as_deref()),
        address: address.unwrap_or_default(),
        reference: said(row.custom_reference.as_deref()),
        remark: remarks.into_iter().flatten().collect::<Vec<_>>().join(". "),
    }
}
