//! The parameters of a query: every problem is found and named, as with the members of a body.

use lambda_http::{Request, RequestExt};
use tollgate_core::values::{ReadOrder, UnknownZone, Zone};

use crate::api::{failure::Failure, problem::Problem};

/// The parameter that says which rows of a list come first.
pub(super) const SORT: &str = "sort";

/// The parameter that says whose days are meant.
pub(super) const TIME_ZONE: &str = "time_zone";

/// The `sort` of a list whose oldest rows come first.
pub(super) const OLDEST_FIRST: &str = "created_at";

/// The parameters of a request's query, and the problems found in them.
pub(super) struct Parameters<'a> {
    request: &'a Request,
    /// Whether the route has `sort`.
    has_sort: bool,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Parameters<'a> {
    /// Notes each parameter that the route does not have: a misspelled filter would return everything.
    pub(super) fn of(request: &'a Request, known: &[&str]) -> Self {
        let mut parameters = Self { request, has_sort: known.contains(&SORT), problems: Vec::new() };
        let stated = request.query_string_parameters();
        let mut unknown: Vec<&str> = stated.iter().map(|(name, _)| name).collect();
        unknown.retain(|name| !known.contains(name));
        // The query is a map: its order would differ from request to request.
        unknown.sort_unstable();
        unknown.dedup();
        for name in unknown {
            parameters.invalid(name, &format!("is not supported; {}", there_are(known)));
        }
        parameters
    }

    /// The same for a route that has none.
    pub(super) fn none(request: &'a Request) -> Result<(), Failure> {
        Self::of(request, &[]).finish()
    }

    /// Notes a problem with a parameter, said of it: "must not be before from".
    pub(super) fn invalid(&mut self, name: &str, predicate: &str) {
        self.problems.push(Problem::invalid(name, predicate));
    }

    /// An optional parameter, read, or noted as wrong.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        wrong: &str,
    ) -> Option<T> {
        let value = read(self.request.query_string_parameters_ref()?.first(name)?);
        if value.is_none() {
            self.invalid(name, wrong);
        }
        value
    }

    /// The time zone whose days are meant: UTC unless it says otherwise.
    pub(super) fn time_zone(&mut self) -> Zone {
        let zone = self.read(TIME_ZONE, |name| name.parse().ok(), &UnknownZone.to_string());
        zone.unwrap_or_default()
    }

    /// `sort`: Elastic Path's words for which end of a list comes first.
    pub(super) fn order(&mut self) -> ReadOrder {
        if !self.has_sort {
            return ReadOrder::default();
        }
        let order = |sort: &str| match sort {
            OLDEST_FIRST => Some(ReadOrder::OldestFirst),
            "-created_at" => Some(ReadOrder::NewestFirst),
            _ => None,
        };
        self.read(SORT, order, "must be created_at or -created_at").unwrap_or_default()
    }

    /// All that was wrong, or nothing.
    pub(super) fn finish(self) -> Result<(), Failure> {
        Failure::of_problems(self.problems)
    }
}

/// The parameters of a route, in a sentence.
fn there_are(known: &[&str]) -> String {
    match known {
        [] => "there are none".to_owned(),
        [one] => format!("there is {one}"),
        [others @ .., last] => format!("there are {} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_that_there_are_are_named_in_a_sentence() {
        for (known, says) in [
            (&[][..], "there are none"),
            (&["customer"], "there is customer"),
            (&["from", "to"], "there are from and to"),
            (&["from", "to", "currency"], "there are from, to and currency"),
        ] {
            assert_eq!(there_are(known), says);
        }
    }
}
