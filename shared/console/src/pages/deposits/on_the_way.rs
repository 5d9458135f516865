//! Money that is in no deposit, and five weeks of deposits day by day.

use lambda_http::{Body, Response};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{DepositDay, Outstanding, OutstandingPageMeta, OutstandingSum, Page};

use crate::{
    api::address,
    pages::{Known, Visit, download, problem::Problem},
    words::{self, Tone, said},
};

/// How many payments and refunds the page has beside its other tables; the file has all.
const ROWS: &str = "5";

/// Payments and refunds that are in no deposit, the newest first.
pub(super) type OnTheWay = Page<Outstanding, OutstandingPageMeta>;

/// A payment or refund that is in no deposit.
pub(super) struct Waiting {
    pub(super) when: String,
    pub(super) order: String,
    pub(super) address: String,
    pub(super) amount: String,
    pub(super) state: String,
    pub(super) tone: Tone,
    pub(super) due: String,
}

/// A day of the five weeks.
pub(super) struct DayOfWeek {
    /// `Mon, Nov 23: matched`.
    pub(super) name: String,
    /// `23`; of the first day of a month, with the month.
    pub(super) number: String,
    /// The classes of the style sheet.
    pub(super) class: String,
    /// The list of its deposits; empty if it has none.
    pub(super) address: String,
}

pub(super) async fn read(visit: &Visit<'_>) -> Result<OnTheWay, Problem> {
    Ok(visit.read(&address("/v2/settlement/outstanding", &[("page[limit]", ROWS)])).await?)
}

/// All of it as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let path = address("/v2/settlement/outstanding", &[("page[limit]", download::ROWS)]);
    download::file(visit, "on-the-way.csv", &path).await
}

/// The sum of each state; of each account, if there are several.
pub(super) fn sums(sums: &[OutstandingSum]) -> Vec<Known> {
    let is_one = words::the_only(sums.iter().map(|sum| sum.mid.as_str())).is_some();
    let known = |sum: &OutstandingSum| {
        let (state, _) = words::on_the_way(&sum.state);
        let account = if is_one { String::new() } else { format!("MID {}", said(&*sum.mid)) };
        let amount = sum.amount.map(|amount| words::cell(amount, &sum.currency, false));
        Known::new(
            words::joined([state, account, sum.count.to_string()], " · "),
            amount.unwrap_or_else(|| words::NOT_KNOWN.to_owned()),
        )
    };
    sums.iter().map(known).collect()
}

pub(super) fn waiting(visit: &Visit<'_>, row: &Outstanding) -> Waiting {
    let (state, tone) = words::on_the_way(&row.state);
    let late = i64::try_from(row.days_late).unwrap_or(i64::MAX);
    let (due, tone) = match row.due_on {
        None => (String::new(), tone),
        Some(_) if late > 0 => {
            (format!("{} late", words::counted(late, "business day", "business days")), Tone::Bad)
        }
        Some(due) => (words::weekday(due, visit.today()), tone),
    };
    Waiting {
        when: visit.frame.moment(row.at.0),
        order: said(&*row.order),
        address: visit.frame.payment(&row.order, &row.transaction.to_string()),
        amount: words::cell(SignedAmount::from(row.amount), &row.currency, false),
        state,
        tone,
        due,
    }
}

/// The five weeks, each from Sunday on.
pub(super) fn weeks(visit: &Visit<'_>, days: &[DepositDay]) -> Vec<Vec<DayOfWeek>> {
    let day = |one: &DepositDay| {
        let date = one.date.to_string();
        // From the page's own address, because there are many.
        let list = || address("", &[("from", &date), ("to", &date)]);
        let format = if one.date.day() == 1 { "%b %-d" } else { "%-d" };
        DayOfWeek {
            name: format!("{}: {}", words::weekday(one.date, visit.today()), words::plain(&one.state)),
            number: one.date.strftime(format).to_string(),
            class: words::deposit_day(&one.state)
                .map_or_else(|| "muted".to_owned(), |tone| format!("badge {}", tone.class())),
            address: if words::has_deposits(&one.state) { list() } else { String::new() },
        }
    };
    days.chunks(7).map(|week| week.iter().map(day).collect()).collect()
}
