//! One deposit: whether it is complete, and its parts.

use askama::Template;
use jiff::civil::Date;
use lambda_http::{Body, Response};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{
    DepositAdjustment, DepositBatch, DepositBody, DepositChargeback, DepositLine, Readable,
    SettlementException, SignedMinor, WholeDeposit,
};

use super::{Exceptions, LINES, exceptions::Mismatch};
use crate::{
    api::{address, segment},
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    rows::Row,
    words::{self, causes, said},
};

/// A line of a deposit, or something taken off it.
#[derive(Default)]
struct Line {
    retref: String,
    what: String,
    /// None of one that cannot be read.
    amount: Option<SignedAmount>,
    day: String,
    order: String,
    address: String,
    reference: String,
    remark: String,
}

/// Lines that belong together, and their sum, where the deposit states one.
struct Lines {
    name: &'static str,
    all: Vec<Line>,
    total_name: &'static str,
    total: Option<SignedAmount>,
}

/// A sentence about a deposit, and where it leads.
struct Finding {
    text: String,
    link: &'static str,
    address: String,
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
    /// Whether it is complete, or what differs.
    is_complete: bool,
    findings: Vec<Finding>,
    tables: Vec<Lines>,
    currency: String,
    /// Amounts in the lines and not in the sum, or in the sum and not ours.
    left_out: Vec<String>,
    mismatches: Vec<Mismatch>,
    csv: String,
    more: Option<String>,
}

/// One deposit with its lines: one call, and another one if something about it does not fit.
pub(crate) async fn show(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
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
    rendered(&DepositPage { mismatches, more, ..whole(visit, &body) })
}

/// All lines of a deposit as a file. Without a limit the API sends up to 25,000 lines at once.
pub(crate) async fn lines_csv(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let mid = parameters.get("mid").unwrap_or_default();
    let path = address(&format!("/v2/deposits/{}", segment(id)), &[("mid", mid)]);
    download::file(visit, "deposit-lines.csv", &path).await
}

fn whole(visit: &Visit<'_>, body: &DepositBody) -> DepositPage {
    let (frame, today) = (&visit.frame, visit.today());
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
    let adjustments = adjustments.map(|one| adjustment(one, today));
    let chargebacks = taken.iter().map(|one| chargeback(one, today));
    let lines = deposit.line_details.iter().map(|one| match one {
        Readable::Read(read) => line(visit, read),
        Readable::Unreadable(row) => Line { what: words::unreadable(&row.id), ..Line::default() },
    });
    let tables = [
        Lines {
            name: "Lines",
            all: lines.collect(),
            total_name: "All lines",
            total: deposit.counted_sum.map(Into::into),
        },
        Lines {
            name: "Adjustments and chargebacks",
            all: adjustments.chain(chargebacks).collect(),
            total_name: "Net",
            total: Some(members.net.into()),
        },
    ];
    let csv = format!("{}/lines.csv", frame.deposit(&members.id, ""));
    DepositPage {
        frame: frame.clone(),
        day: words::weekday(members.date, today),
        net: money(members.net.into()),
        id: said(&*members.id),
        mid: said(&*members.mid),
        trace_number: said(deposit.deposit.trace.trace_number.as_deref()),
        components: components.collect(),
        is_complete: deposit.complete,
        findings: findings(visit, deposit),
        tables: tables.into_iter().filter(|table| !table.all.is_empty()).collect(),
        currency: currency.to_owned(),
        left_out: left_out(body),
        mismatches: Vec::new(),
        csv: address(&csv, &[("mid", &members.mid)]),
        more: None,
    }
}

impl DepositPage {
    fn money(&self, amount: SignedAmount) -> String {
        words::cell(amount, &self.currency, false)
    }
}

/// How many lines match, and how the deposit compares with each of its batches.
fn findings(visit: &Visit<'_>, deposit: &WholeDeposit) -> Vec<Finding> {
    if deposit.counted == 0 {
        return Vec::new();
    }
    let members = &deposit.deposit.members;
    let says = |text| Finding { text, link: "", address: String::new() };
    let mut all = vec![Finding {
        link: if deposit.deposit.unmatched > 0 { "Does not fit" } else { "" },
        address: "#does-not-fit".to_owned(),
        text: format!("{} of {} lines match.", deposit.matched, deposit.counted),
    }];
    let named = |one: &DepositBatch| {
        format!("batch {} of {}", said(&*one.id), words::weekday(one.date, visit.today()))
    };
    if deposit.complete {
        let batches = deposit.batches.iter().map(named).collect::<Vec<_>>();
        all.push(says(format!("Equals {}.", batches.join(" and "))));
        return all;
    }
    let currency = members.currency.as_deref().unwrap_or_default();
    let money = |amount: Option<SignedMinor>| {
        amount.map_or_else(|| words::NOT_KNOWN.to_lowercase(), |amount| words::cell(amount, currency, false))
    };
    for batch in &deposit.batches {
        let (name, has) = (named(batch), batch.deposited_lines);
        let Some(lines) = batch.lines else {
            all.push(says(format!("The report of {name} cannot be read.")));
            continue;
        };
        let since = batch.date.to_string();
        let list = address(&format!("/{}/deposits", visit.frame.merchant), &[("from", &since)]);
        let [deposited, sum] = [batch.deposited_sum, batch.sum].map(money);
        all.push(Finding {
            text: format!("{has} of {lines} records of {name} are in this deposit: {deposited} of {sum}."),
            link: if batch.whole { "" } else { "Other deposits, and money on the way" },
            address: format!("{list}#on-the-way"),
        });
    }
    all
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
fn adjustment(row: &DepositAdjustment, today: Date) -> Line {
    Line {
        what: row.component.as_ref().map_or_else(|| "Unknown".to_owned(), words::component),
        amount: Some(row.amount.into()),
        day: row.date.map(|day| words::weekday(day, today)).unwrap_or_default(),
        reference: row.case.as_deref().map(case).unwrap_or_default(),
        remark: words::calm(&said(&*row.description)),
        ..Line::default()
    }
}

/// A chargeback, which is none either.
fn chargeback(row: &DepositChargeback, today: Date) -> Line {
    Line {
        retref: said(row.retref.as_deref()),
        what: "Chargeback".to_owned(),
        amount: Some(SignedAmount::from(row.amount).taken_off()),
        day: words::weekday(row.date, today),
        reference: case(&row.case),
        remark: said(&*row.reason),
        ..Line::default()
    }
}

fn case(number: &str) -> String {
    format!("Case {}", said(number))
}

fn line(visit: &Visit<'_>, row: &DepositLine) -> Line {
    let payment = row.order.as_deref().zip(row.transaction);
    let remarks = [
        (!row.counts).then(|| format!("Not in the sum: {}", said(row.status.as_str()))),
        payment.is_none().then(|| "Not Tollgate's".to_owned()),
        row.unmatched.as_ref().map(|cause| causes::meaning_of(cause).title.to_owned()),
    ];
    let address = payment.map(|(order, transaction)| visit.frame.payment(order, &transaction.to_string()));
    Line {
        retref: said(&*row.retref),
        what: words::line(&row.kind),
        amount: Some(row.amount.into()),
        day: row.settled_at.map(|day| words::weekday(day, visit.today())).unwrap_or_default(),
        order: said(row.order.as_deref()),
        address: address.unwrap_or_default(),
        reference: said(row.custom_reference.as_deref()),
        remark: remarks.into_iter().flatten().collect::<Vec<_>>().join(". "),
    }
}
