//! One condition of a filter as it is written, and its possible values.

use std::fmt::Display;

use jiff::{SignedDuration, Timestamp, civil::Date};
use tollgate_core::{
    journal::Is,
    values::{Currency, Zone, local_time},
};

use crate::api::Problem;

/// Longest filter, in characters.
const MAX_CHARS: usize = 2_000;

/// Most values of one `in`.
const VALUES_MAX: usize = 50;

/// How far back a list looks where the filter does not say: longer than an authorization holds.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The finest step of a list's times.
const STEP: SignedDuration = SignedDuration::from_millis(1);

/// A list ends a moment from now: clocks differ a little.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// The fields of one list's filter.
pub(in crate::elastic_path) trait Fields: Default {
    /// The fields that can be filtered by, as they are named in errors.
    const NAMES: &'static str;

    /// Adds a condition, unless there is no such field.
    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem>;

    /// From when to when a list reads; twice the same where it is not by time.
    fn moments(&self, _now: Timestamp) -> (Timestamp, Timestamp) {
        (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
    }
}

/// Reads a filter, or states all its problems, by field. Its days are those of a
/// zone.
pub(in crate::elastic_path) fn parse<F: Fields>(text: &str, zone: &Zone) -> Result<F, Vec<Problem>> {
    if text.len() > MAX_CHARS {
        let why = format!("must have at most {MAX_CHARS} characters");
        return Err(vec![Problem::invalid("filter", why)]);
    }
    let (mut filter, mut problems) = (F::default(), Vec::new());
    for part in split(text, ':').into_iter().filter(|_| !text.trim().is_empty()) {
        let added = Term::read(part, zone).and_then(|term| filter.add(&term));
        problems.extend(added.err());
    }
    if problems.is_empty() { Ok(filter) } else { Err(problems) }
}

/// The moments of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::elastic_path) struct Range {
    /// The earliest, included.
    pub(in crate::elastic_path) since: Option<Timestamp>,
    /// Before, and not at.
    pub(in crate::elastic_path) until: Option<Timestamp>,
}

impl Range {
    /// The range that a list reads: as far back as an index goes, if it has one, or else some
    /// weeks. Nothing is in the future, nor before there was a clock, so no page has to look there.
    pub(super) fn moments(&self, now: Timestamp, has_index: bool) -> (Timestamp, Timestamp) {
        let until = self.until.unwrap_or(Timestamp::MAX).min(now + SOON);
        let within = until.min(now).checked_sub(WITHIN).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = self.since.unwrap_or(if has_index { Timestamp::UNIX_EPOCH } else { within });
        (since.max(Timestamp::UNIX_EPOCH), until)
    }

    /// Leaves out the moments that a condition leaves out.
    pub(super) fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        term.times()?.iter().for_each(|is| self.narrow(is));
        Ok(())
    }

    /// Narrows the range to times that meet the condition.
    pub(super) fn narrow(&mut self, is: &Is<Timestamp>) {
        let next = |at: Timestamp| at.saturating_add(STEP).unwrap_or(at);
        let (since, until) = match *is {
            Is::AtLeast(at) => (Some(at), None),
            Is::More(at) => (Some(next(at)), None),
            Is::Less(at) => (None, Some(at)),
            Is::AtMost(at) => (None, Some(next(at))),
            Is::Equal(at) => (Some(at), Some(next(at))),
            Is::OneOf(_) => (None, None),
        };
        self.since = self.since.into_iter().chain(since).max();
        self.until = self.until.into_iter().chain(until).min();
    }
}

/// One condition as it is written.
pub(in crate::elastic_path) struct Term<'a> {
    pub(super) operator: &'a str,
    pub(super) field: &'a str,
    pub(super) values: Vec<&'a str>,
    zone: &'a Zone,
}

impl<'a> Term<'a> {
    fn read(text: &'a str, zone: &'a Zone) -> Result<Self, Problem> {
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
        let term = Self { operator, field, values: parts.collect(), zone };
        if term.values.is_empty() || term.values.contains(&"") {
            return Err(term.wrong("has no value to compare with"));
        }
        if term.values.len() > VALUES_MAX {
            return Err(term.wrong(format!("takes {VALUES_MAX} values at most")));
        }
        Ok(term)
    }

    /// The problem that the list has no such field.
    pub(super) fn no_field<F: Fields>(&self) -> Problem {
        self.wrong(format!("is no field of a filter; there are {}", F::NAMES))
    }

    pub(super) fn wrong(&self, why: impl Display) -> Problem {
        Problem::invalid(&format!("filter.{}", self.field), why.to_string())
    }

    pub(super) fn one(&self) -> Result<&'a str, Problem> {
        match self.values[..] {
            [one] => Ok(one),
            _ => Err(self.wrong(format!("takes one value with {}", self.operator))),
        }
    }

    /// The value of `eq`, the only operator that it takes.
    pub(super) fn own<T>(&self, read: impl Fn(&str) -> Option<T>, what: &str) -> Result<T, Problem> {
        let text = Some(self.one()?).filter(|_| self.operator == "eq");
        text.and_then(read).ok_or_else(|| self.wrong(format!("takes eq and {what}")))
    }

    /// The meaning of the word of `eq`.
    pub(super) fn own_word<T: Copy>(&self, all: &[T], word: fn(T) -> &'static str) -> Result<T, Problem> {
        let find = |text: &str| all.iter().copied().find(|one| word(*one) == text);
        self.own(find, &format!("one of {}", listed(all, word)))
    }

    /// The values of `eq` or `in`.
    pub(super) fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Problem> {
        match self.operator {
            "in" => {}
            "eq" => drop(self.one()?),
            _ => return Err(self.wrong("takes eq and in")),
        }
        let read = |text: &&str| read(text).map_err(|why| self.wrong(why));
        self.values.iter().map(read).collect()
    }

    pub(super) fn words<T: Copy>(&self, all: &[T], word: fn(T) -> &'static str) -> Result<Vec<T>, Problem> {
        self.each(|text| {
            let found = all.iter().copied().find(|one| word(*one).eq_ignore_ascii_case(text));
            found.ok_or_else(|| format!("must be one of {}", listed(all, word)))
        })
    }

    pub(super) fn currencies(&self) -> Result<Vec<Currency>, Problem> {
        self.each(|text| {
            text.parse().map_err(|error| format!("must be a currency's code; {text} is {error}"))
        })
    }

    /// Texts of people and systems.
    pub(super) fn texts(&self) -> Result<Vec<String>, Problem> {
        self.each(|text| Ok(text.to_owned()))
    }

    /// The last four digits of a card's number.
    pub(super) fn last_four(&self) -> Result<String, Problem> {
        let digits = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        self.own(|text| digits(text).then(|| text.to_owned()), "four digits")
    }

    /// An amount in minor units.
    pub(super) fn number(&self) -> Result<Is<u64>, Problem> {
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

    /// The comparison that its operator makes with one value, if any.
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

    /// A moment, as such or as the zone's clocks show it, or a day of the zone, which is all of its
    /// moments.
    pub(super) fn times(&self) -> Result<Vec<Is<Timestamp>>, Problem> {
        let text = self.one()?;
        let is = self.comparison().ok_or_else(|| self.wrong("takes eq, gt, ge, lt and le"))?;
        if let Ok(at) = text.parse() {
            return Ok(vec![is(at)]);
        }
        let wrong =
            || self.wrong("must be a time such as 2026-11-20T18:00:00Z or 2026-11-20T13:00, or a day");
        if let Some(shown) = local_time(text) {
            let (first, last) = self.zone.moments(shown).ok_or_else(wrong)?;
            return Ok(match self.operator {
                "eq" => vec![Is::AtLeast(first), Is::AtMost(last)],
                "gt" | "ge" => vec![is(first)],
                _ => vec![is(last)],
            });
        }
        let day = text.parse::<Date>().ok().filter(|_| text.len() == 10).ok_or_else(wrong)?;
        let begins = |day: Date| self.zone.begins(day).ok_or_else(wrong);
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

/// Fields whose values identify a customer, or may.
const OF_CUSTOMERS: [&str; 3] = ["customer_id", "customer_email", "custom_reference"];

/// A filter as it was stated, without the values that identify a customer.
pub(in crate::elastic_path) fn without_customers(text: &str) -> String {
    let shown = |part: &str| {
        let start = part.split_inclusive(',').next().unwrap_or_default();
        let is_of_customers = OF_CUSTOMERS.iter().any(|field| start.contains(field));
        if is_of_customers { format!("{start}…)") } else { part.to_owned() }
    };
    split(text, ':').into_iter().map(shown).collect::<Vec<_>>().join(":")
}

fn listed<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> String {
    all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")
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
