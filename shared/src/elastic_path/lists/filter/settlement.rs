//! The filters of deposits and of settlement's exceptions.

use jiff::{ToSpan, civil::Date};
use tollgate_core::settlement::{Deposit, ExceptionCause, ExceptionFilter};

use super::{
    term::{Fields, Term},
    written,
};
use crate::api::Problem;

/// Longest account (MID), in characters.
const MID_MAX: usize = 32;

/// Which days are meant, and whose.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct DaysOfAccount {
    /// The first day, included.
    pub(in crate::elastic_path) first: Option<Date>,
    /// The last day, included.
    pub(in crate::elastic_path) last: Option<Date>,
    /// Only this account.
    pub(in crate::elastic_path) account: Option<String>,
}

impl Fields for DaysOfAccount {
    const NAMES: &'static str = "date, mid";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match term.field {
            "date" => self.narrow(term),
            "mid" => {
                self.account = Some(mid(term)?);
                Ok(())
            }
            _ => Err(term.no_field::<Self>()),
        }
    }
}

impl DaysOfAccount {
    fn narrow(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let day = term.one()?.parse::<Date>().ok().filter(|_| term.values[0].len() == 10);
        let day = day.ok_or_else(|| term.wrong("must be a day such as 2026-11-20"))?;
        let (first, last) = match term.operator {
            "eq" => (Some(day), Some(day)),
            "ge" => (Some(day), None),
            "gt" => (Some(day.saturating_add(1.day())), None),
            "le" => (None, Some(day)),
            "lt" => (None, Some(day.saturating_sub(1.day()))),
            _ => return Err(term.wrong("takes eq, gt, ge, lt and le")),
        };
        self.first = self.first.into_iter().chain(first).max();
        self.last = self.last.into_iter().chain(last).min();
        Ok(())
    }
}

/// Which deposits are meant.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct WantedDeposits {
    pub(in crate::elastic_path) days: DaysOfAccount,
    /// Only those with this number on the bank's statement.
    trace_number: Option<String>,
}

impl Fields for WantedDeposits {
    const NAMES: &'static str = "date, mid, trace_number";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        match term.field {
            "date" | "mid" => self.days.add(term)?,
            "trace_number" => self.trace_number = Some(written(term, "the bank's statement")?),
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}

impl WantedDeposits {
    /// Whether a deposit of these days is meant.
    pub(in crate::elastic_path) fn has(&self, deposit: &Deposit) -> bool {
        self.days.account.as_ref().is_none_or(|mid| *mid == deposit.account)
            && self.trace_number.as_ref().is_none_or(|number| deposit.has_trace_number(number))
    }
}

/// Which exceptions are meant: open ones, unless it says otherwise.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct WantedExceptions(pub(in crate::elastic_path) ExceptionFilter);

impl Fields for WantedExceptions {
    const NAMES: &'static str = "state, cause, mid";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let state = |text: &str| ["open", "closed"].iter().position(|state| *state == text);
        match term.field {
            "state" => self.0.closed = term.own(state, "open or closed")? == 1,
            "cause" => self.0.cause = Some(term.own_word(ExceptionCause::ALL, ExceptionCause::as_str)?),
            "mid" => self.0.account = Some(mid(term)?),
            _ => return Err(term.no_field::<Self>()),
        }
        Ok(())
    }
}

/// A list that cannot be filtered.
#[derive(Debug, Default)]
pub(in crate::elastic_path) struct NoFilter;

impl Fields for NoFilter {
    const NAMES: &'static str = "none";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        Err(term.no_field::<Self>())
    }
}

/// Whether a text may be an account's number.
pub(in crate::elastic_path) fn is_mid(text: &str) -> bool {
    (1..=MID_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn mid(term: &Term<'_>) -> Result<String, Problem> {
    term.own(|text| is_mid(text).then(|| text.to_owned()), "an account's number (MID)")
}
