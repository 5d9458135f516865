//! The parameters of a query: every problem is found and named, as with the members of a body.

use lambda_http::{Request, RequestExt};

use crate::api::{failure::Failure, problem::Problem};

/// The parameters of a request's query, and the problems found in them.
pub(super) struct Parameters<'a> {
    request: &'a Request,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Parameters<'a> {
    /// Notes each parameter that is not known. `known` lists those that there are.
    pub(super) fn of(request: &'a Request, is_known: impl Fn(&str) -> bool, known: &str) -> Self {
        let mut parameters = Self { request, problems: Vec::new() };
        for (name, _) in request.query_string_parameters().iter().filter(|(name, _)| !is_known(name)) {
            parameters.invalid(name, &format!("is not supported; there are {known}"));
        }
        parameters
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

    /// All that was wrong, or nothing.
    pub(super) fn finish(self) -> Result<(), Failure> {
        Failure::of_problems(self.problems)
    }
}
