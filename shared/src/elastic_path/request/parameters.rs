//! The parameters of a query: every problem is found and named, as with the members of a body.

use lambda_http::{Request, RequestExt};
use tollgate_core::{
    payments::Merchant,
    values::{ReadOrder, SearchTerm, UnknownZone, Zone, clean_text},
};

use crate::{
    api::{Code, Failure, Problem, body::NAME_SHOWN_MAX, members::UNKNOWN_SHOWN_MAX},
    invocation::query_names,
};

/// The parameter that says which rows of a list come first.
pub(in crate::elastic_path) const SORT: &str = "sort";

/// The parameter that says whose days are meant.
pub(in crate::elastic_path) const TIME_ZONE: &str = "time_zone";

/// The `sort` of a list whose oldest rows come first.
pub(in crate::elastic_path) const OLDEST_FIRST: &str = "created_at";

/// The parameters of a request's query, and the problems found in them.
pub(in crate::elastic_path) struct Parameters<'a> {
    pub(in crate::elastic_path) request: &'a Request,
    /// Whether the route has `sort`.
    has_sort: bool,
    pub(in crate::elastic_path) problems: Vec<Problem>,
}

impl<'a> Parameters<'a> {
    /// Notes each parameter that the route does not have, or that is there twice: a misspelled
    /// filter would return everything.
    pub(in crate::elastic_path) fn of(request: &'a Request, known: &[&str]) -> Self {
        Self::tolerating(request, known, &[])
    }

    /// The same for a route that also takes parameters of other APIs, as long as they change
    /// nothing. They are not named among those that there are, because all other values are
    /// refused.
    pub(in crate::elastic_path) fn tolerating(
        request: &'a Request,
        known: &[&str],
        tolerated: &[&str],
    ) -> Self {
        let is_taken = |name: &str| known.contains(&name) || tolerated.contains(&name);
        let mut parameters = Self { request, has_sort: is_taken(SORT), problems: Vec::new() };
        let (taken, mut unknown): (Vec<&str>, Vec<&str>) =
            query_names(request).into_iter().partition(|name| is_taken(name));
        // Either value could be the intended one.
        for twice in taken.chunk_by(|one, next| one == next).filter(|same| same.len() > 1) {
            parameters.invalid(twice[0], "is there more than once");
        }
        unknown.dedup();
        for name in unknown.iter().take(UNKNOWN_SHOWN_MAX) {
            // The name comes from outside, as a member's does.
            let shown = clean_text(name, NAME_SHOWN_MAX);
            parameters.invalid(&shown, &format!("is not supported; {}", there_are(known)));
        }
        if unknown.len() > UNKNOWN_SHOWN_MAX {
            let more = unknown.len() - UNKNOWN_SHOWN_MAX;
            parameters.problems.push(Problem::about("", Code::InvalidValue, format!("and {more} more")));
        }
        parameters
    }

    /// The same for a route that has none.
    pub(in crate::elastic_path) fn none(request: &'a Request) -> Result<(), Failure> {
        Self::of(request, &[]).finish()
    }

    /// Notes a problem with a parameter, as a predicate: "must not be before from".
    pub(in crate::elastic_path) fn invalid(&mut self, name: &str, predicate: &str) {
        self.problems.push(Problem::invalid(name, predicate));
    }

    /// Notes each text that the merchant has payments not found by.
    pub(in crate::elastic_path) fn found_by<'t>(
        &mut self,
        merchant: &Merchant,
        terms: impl Iterator<Item = &'t SearchTerm>,
    ) {
        for by in terms.map(SearchTerm::by).filter(|by| !merchant.search.has(*by)) {
            let why = format!("needs {} in the merchant's document, which is off", by.switch());
            self.invalid(&format!("filter.{}", by.as_str()), &why);
        }
    }

    /// An optional parameter, read, or noted as wrong.
    pub(in crate::elastic_path) fn read<T>(
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
    pub(in crate::elastic_path) fn time_zone(&mut self) -> Zone {
        let zone = self.read(TIME_ZONE, |name| name.parse().ok(), &UnknownZone.to_string());
        zone.unwrap_or_default()
    }

    /// `sort`: Elastic Path's words for which end of a list comes first.
    pub(in crate::elastic_path) fn order(&mut self) -> ReadOrder {
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

    /// All problems, or success.
    pub(in crate::elastic_path) fn finish(self) -> Result<(), Failure> {
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
    use std::collections::HashMap;

    use lambda_http::http::request::Builder;

    use super::*;

    /// The problems with parameters of these names.
    fn said_of(names: impl IntoIterator<Item = String>) -> String {
        let query: HashMap<_, _> = names.into_iter().map(|name| (name, vec!["x".to_owned()])).collect();
        let request = Builder::new().body(lambda_http::Body::Empty).unwrap();
        let request = request.with_query_string_parameters(query);
        format!("{:?}", Parameters::of(&request, &["from"]).problems)
    }

    #[test]
    fn the_name_of_an_unknown_parameter_is_shown_short_and_never_if_it_is_a_card_number() {
        assert!(said_of(["form".to_owned()]).contains("\"form\""));
        assert!(!said_of(["371449635398431".to_owned()]).contains("98431"), "only the last four digits");
        assert!(!said_of(["3714 496353 98431".to_owned()]).contains("98431"));
        assert!(!said_of(["x".repeat(NAME_SHOWN_MAX + 1)]).contains(&"x".repeat(NAME_SHOWN_MAX + 1)));
        let many = said_of((0..UNKNOWN_SHOWN_MAX + 2).map(|n| format!("p{n:02}")));
        assert!(many.contains("p09") && !many.contains("p10") && many.contains("and 2 more"), "{many}");
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_named_once_whichever_value_was_meant() {
        let twice = |names: &[&str]| {
            let values = || vec!["x".to_owned(), "x".to_owned(), "y".to_owned()];
            let query: HashMap<_, _> = names.iter().map(|name| ((*name).to_owned(), values())).collect();
            let request = Builder::new().body(lambda_http::Body::Empty).unwrap();
            let request = request.with_query_string_parameters(query);
            let found = Parameters::tolerating(&request, &["from", "to"], &["sort"]).problems;
            found.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>()
        };
        let found = twice(&["to", "from", "sort"]);
        assert_eq!(found.len(), 3, "{found:?}");
        for (problem, name) in found.iter().zip(["from", "sort", "to"]) {
            assert!(problem.contains(name) && problem.contains("is there more than once"), "{problem}");
        }
        let unknown = twice(&["other"]);
        assert!(unknown.len() == 1 && unknown[0].contains("is not supported"), "{unknown:?}");
    }

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
