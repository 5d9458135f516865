//! The pages. Each reads its data with as few calls as it can, and says what to do where something
//! is missing.

pub(crate) mod attention;
pub(crate) mod days;
pub(crate) mod deposits;
pub(crate) mod download;
pub(crate) mod month;
pub(crate) mod payment;
pub(crate) mod payments;
pub(crate) mod problem;
pub(crate) mod sign_in;
#[cfg(test)]
mod tests;

use jiff::{Timestamp, civil::Date};
use lambda_http::{Body, Request, Response, http::StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tollgate_wire::{Single, to_json};

use crate::{
    api::{Failure, Once, read},
    frame::Frame,
    pages::problem::Problem,
    session::Session,
    settings::Console,
    web::{Pairs, page},
    words,
};

/// A request for a page by a person who signed in.
pub(crate) struct Visit<'a> {
    pub(crate) console: &'a Console,
    pub(crate) session: &'a Session,
    pub(crate) request: &'a Request,
    /// The members of its form.
    pub(crate) form: &'a Pairs,
    pub(crate) frame: Frame,
}

impl Visit<'_> {
    /// The parameters of its address.
    pub(crate) fn parameters(&self) -> Pairs {
        Pairs::of_address(self.request)
    }

    /// The merchant's day.
    pub(crate) fn today(&self) -> Date {
        self.frame.zone.shown(self.console.clock.now()).date()
    }

    /// How long ago something was: `5 hours`.
    pub(crate) fn age(&self, since: Timestamp) -> String {
        words::age(self.console.clock.now().duration_since(since).as_hours())
    }

    /// Reads from the API as the signed-in person.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(self.console.api.get(&self.session.access_token, path).await?)
    }

    /// Sends a change to the API as the signed-in person.
    pub(crate) async fn post(&self, path: &str, data: &impl Serialize, once: &Once) -> Result<(), Failure> {
        self.console.api.post(&self.session.access_token, path, to_json(&Single { data }), once).await
    }
}

/// A part of a page, such as a range, that a link leads to.
pub(crate) struct Tab {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) is_here: bool,
}

/// Something known about a payment or an exception. With an address it is a link.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) address: String,
}

impl Known {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), address: String::new() }
    }

    /// Those that have a value.
    pub(crate) fn all(these: impl IntoIterator<Item = Self>) -> Vec<Self> {
        these.into_iter().filter(|one| !one.value.is_empty()).collect()
    }
}

/// A page from its template.
pub(crate) fn rendered(template: &impl askama::Template) -> Result<Response<Body>, Problem> {
    template.render().map(|html| page(StatusCode::OK, html)).map_err(|_| Problem::Unavailable)
}
