//! Elastic Path's filters: `eq(status,complete):ge(created_at,2026-11-20T00:00:00Z)`.

use std::fmt::Display;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use tollgate_core::{
    journal::{Concern, Condition, Is},
    order::TransactionStatus,
    values::Brand,
};

use super::status::transaction_status;
use crate::api::problem::Problem;

/// Longest filter, in characters.
const MAX_CHARS: usize = 2_000;

/// Most values of one `in`.
const VALUES_MAX: usize = 50;

/// The finest step of a list's times.
const STEP: SignedDuration = SignedDuration::from_millis(1);

/// The fields that can be filtered by, as they are named in errors.
const FIELDS: &str = "created_at, status, currency, amount, captured_amount, last_four, brand, needs_attention, \
                      authorization_expires_at, next_capture_attempt";

const BRANDS: [Brand; 7] = [
    Brand::Visa,
    Brand::Mastercard,
    Brand::Amex,
    Brand::Discover,
    Brand::Diners,
    Brand::Jcb,
    Brand::UnionPay,
];

/// What a filter says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// All of them have to hold.
    pub(super) conditions: Vec<Condition>,
    /// The earliest listing time, included.
    pub(super) since: Option<Timestamp>,
    /// Listed before, and not at.
    pub(super) until: Option<Timestamp>,
}

/// One condition as it is written.
struct Term<'a> {
    operator: &'a str,
    field: &'a str,
    values: Vec<&'a str>,
}

impl Filter {
    /// Reads a filter, or says everything that is wrong with it, by field.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > MAX_CHARS {
            let why = format!("must have at most {MAX_CHARS} characters");
            return Err(vec![Problem::invalid("filter", why)]);
        }
        let (mut filter, mut problems) = (Self::default(), Vec::new());
        for part in split(text, ':').into_iter().filter(|_| !text.trim().is_empty()) {
            let added = Term::read(part).and_then(|term| filter.add(&term));
            problems.extend(added.err());
        }
        if problems.is_empty() { Ok(filter) } else { Err(problems) }
    }

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let condition = match term.field {
            "created_at" => return self.add_range(term),
            "authorization_expires_at" => return self.add_times(term, Condition::AuthorizationExpiresAt),
            "next_capture_attempt" => return self.add_times(term, Condition::NextCaptureAttempt),
            "amount" => Condition::Amount(term.number()?),
            "captured_amount" => Condition::Captured(term.number()?),
            "status" => Condition::Status(term.words(&TransactionStatus::ALL, transaction_status)?),
            "brand" => Condition::Brand(term.words(&BRANDS, Brand::name)?),
            "currency" => Condition::Currency(term.each(|text| {
                text.parse().map_err(|error| format!("must be a currency's code; {text} is {error}"))
            })?),
            "last_four" => {
                let digits = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
                let digits = Some(term.one()?).filter(|text| term.operator == "eq" && digits(text));
                let digits = digits.ok_or_else(|| term.wrong("takes eq and four digits"))?;
                Condition::LastFour(digits.to_owned())
            }
            "needs_attention" => match term.values[..] {
                ["true"] if term.operator == "eq" => Condition::NeedsAttention(Vec::new()),
                _ => Condition::NeedsAttention(term.words(Concern::ALL, Concern::as_str)?),
            },
            _ => return Err(term.wrong(format!("is no field of a filter; there are {FIELDS}"))),
        };
        self.conditions.push(condition);
        Ok(())
    }

    fn add_times(&mut self, term: &Term<'_>, field: fn(Is<Timestamp>) -> Condition) -> Result<(), Problem> {
        self.conditions.extend(term.times()?.into_iter().map(field));
        Ok(())
    }

    /// The range is what a list reads, and a condition besides for what is in doubt.
    fn add_range(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        for is in term.times()? {
            let (since, until) = match is {
                Is::AtLeast(at) => (Some(at), None),
                Is::More(at) => (Some(at.saturating_add(STEP).unwrap_or(at)), None),
                Is::Less(at) => (None, Some(at)),
                Is::AtMost(at) => (None, Some(at.saturating_add(STEP).unwrap_or(at))),
                Is::Equal(at) => (Some(at), Some(at.saturating_add(STEP).unwrap_or(at))),
                Is::OneOf(_) => (None, None),
            };
            self.since = self.since.into_iter().chain(since).max();
            self.until = self.until.into_iter().chain(until).min();
            self.conditions.push(Condition::ListedAt(is));
        }
        Ok(())
    }
}

impl<'a> Term<'a> {
    fn read(text: &'a str) -> Result<Self, Problem> {
        let text = text.trim();
        let form = || {
            let shown: String = text.chars().take(40).collect();
            let why = format!(
                "must be conditions such as eq(status,complete), with a colon between two; not {shown}"
            );
            Problem::invalid("filter", why)
        };
        let (operator, rest) = text.split_once('(').ok_or_else(form)?;
        let inner = rest.strip_suffix(')').ok_or_else(form)?;
        let mut parts = split(inner, ',').into_iter().map(unquoted);
        let field = parts.next().unwrap_or_default();
        let is_name = !field.is_empty()
            && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        if !is_name || field.len() > 40 {
            return Err(form());
        }
        let term = Self { operator, field, values: parts.collect() };
        if term.values.is_empty() || term.values.contains(&"") {
            return Err(term.wrong("has no value to compare with"));
        }
        if term.values.len() > VALUES_MAX {
            return Err(term.wrong(format!("takes {VALUES_MAX} values at most")));
        }
        Ok(term)
    }

    fn wrong(&self, why: impl Display) -> Problem {
        Problem::invalid(&format!("filter.{}", self.field), why.to_string())
    }

    fn one(&self) -> Result<&'a str, Problem> {
        match self.values[..] {
            [one] => Ok(one),
            _ => Err(self.wrong(format!("takes one value with {}", self.operator))),
        }
    }

    /// The values of `eq` or `in`.
    fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Problem> {
        match self.operator {
            "in" => {}
            "eq" => drop(self.one()?),
            _ => return Err(self.wrong("takes eq and in")),
        }
        let read = |text: &&str| read(text).map_err(|why| self.wrong(why));
        self.values.iter().map(read).collect()
    }

    fn words<T: Copy>(&self, all: &[T], word: fn(T) -> &'static str) -> Result<Vec<T>, Problem> {
        self.each(|text| {
            let found = all.iter().copied().find(|one| word(*one).eq_ignore_ascii_case(text));
            let words = || all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ");
            found.ok_or_else(|| format!("must be one of {}", words()))
        })
    }

    /// An amount in minor units.
    fn number(&self) -> Result<Is<u64>, Problem> {
        let read = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits);
            number.ok_or_else(|| self.wrong("must be a whole number of minor units, such as 2599"))
        };
        if self.operator == "in" {
            return self.values.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Is::OneOf);
        }
        let is = self.comparison().ok_or_else(|| self.wrong("takes eq, gt, ge, lt, le and in"))?;
        Ok(is(read(self.one()?)?))
    }

    /// What its operator says of one value, if it compares.
    fn comparison<T>(&self) -> Option<fn(T) -> Is<T>> {
        Some(match self.operator {
            "eq" => Is::Equal,
            "gt" => Is::More,
            "ge" => Is::AtLeast,
            "lt" => Is::Less,
            "le" => Is::AtMost,
            _ => return None,
        })
    }

    /// A moment, or a UTC day, which is all of its moments.
    fn times(&self) -> Result<Vec<Is<Timestamp>>, Problem> {
        let text = self.one()?;
        let is = self.comparison().ok_or_else(|| self.wrong("takes eq, gt, ge, lt and le"))?;
        if let Ok(at) = text.parse() {
            return Ok(vec![is(at)]);
        }
        let wrong =
            || self.wrong("must be a time such as 2026-11-20T18:00:00Z, or a UTC day such as 2026-11-20");
        let day = text.parse::<Date>().ok().filter(|_| text.len() == 10).ok_or_else(wrong)?;
        let begins = |day: Date| day.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|_| wrong());
        let (begin, end) = (begins(day)?, begins(day.tomorrow().map_err(|_| wrong())?)?);
        Ok(match self.operator {
            "eq" => vec![Is::AtLeast(begin), Is::Less(end)],
            "gt" => vec![Is::AtLeast(end)],
            "ge" => vec![Is::AtLeast(begin)],
            "lt" => vec![Is::Less(begin)],
            _ => vec![Is::Less(end)],
        })
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Splits where a separator is neither within parentheses nor within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quoted) = (Vec::new(), 0, 0_u32, false);
    for (n, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if character == separator && depth == 0 && !quoted => {
                parts.push(&text[begin..n]);
                begin = n + separator.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests;
