//! Pages that say why the requested one is not shown, and what to do.

use std::time::Duration;

use askama::Template;
use lambda_http::{
    Body, Response,
    http::{StatusCode, header},
};

use crate::{
    api::{Failure, Refusal},
    frame::Frame,
    pages::rendered,
    store::StoreFailure,
    web::{merchant_of_page, page, with},
};

/// Why there is no page.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// There is no such page, or not for this merchant.
    NotFound,
    /// No person is signed in, or the session ended.
    SignedOut,
    /// The sign-in took too long, was done already, or is not this browser's.
    SignInEnded,
    /// The issuer or Tollgate does not know the person.
    SignInRefused,
    IssuerUnavailable,
    /// A form that was not sent by a page of this session.
    Forged,
    /// A body that is longer than any form of ours.
    TooLargeForm,
    /// A body that is no form.
    NoForm,
    /// The API refused a request that the page needs.
    Refused(Refusal),
    /// A file that is longer than a response may be.
    TooLong,
    /// Tollgate is busy for longer than the page can wait: for so long at least.
    Busy(Duration),
    /// Something that the page needs does not respond.
    Unavailable,
    /// The content of the page is in words that this version does not know.
    Unreadable,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) if refusal.status == StatusCode::UNAUTHORIZED => Self::SignedOut,
            Failure::Refused(refusal) if refusal.status == StatusCode::NOT_FOUND => Self::NotFound,
            Failure::Refused(Refusal { wait: Some(wait), .. }) => Self::Busy(wait),
            Failure::Refused(refusal) if refusal.status.is_server_error() => Self::Unavailable,
            Failure::Refused(refusal) => Self::Refused(refusal),
            Failure::Unavailable => Self::Unavailable,
            Failure::Unreadable => Self::Unreadable,
        }
    }
}

impl From<StoreFailure> for Problem {
    fn from(failure: StoreFailure) -> Self {
        tracing::error!(error = %failure, "no session can be read or kept");
        Self::Unavailable
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    text: &'a str,
    request_id: &'a str,
    /// The page to go on to, and its name.
    way: &'a str,
    way_name: &'a str,
    /// The merchant to sign in at, to come back to `here`.
    merchant: Option<&'a str>,
    here: &'a str,
}

/// The title of a page whose content cannot be read.
const UNREADABLE: &str = "This cannot be read";

const STRANGE: &str = "Tollgate responded in words that this console does not know. Please try again in a few minutes, or ask an operator.";

/// The frame, with a sentence in the place of the content.
#[derive(Template)]
#[template(path = "unreadable.html")]
struct UnreadablePage {
    title: &'static str,
    text: &'static str,
    frame: Frame,
}

/// The page whose content this version cannot read, within its frame.
pub(crate) fn unreadable(frame: &Frame) -> Result<Response<Body>, Problem> {
    let mut response = rendered(&UnreadablePage { title: UNREADABLE, text: STRANGE, frame: frame.clone() })?;
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    Ok(response)
}

/// The words of a page, and the page to go on to.
struct Told<'a> {
    status: StatusCode,
    title: &'static str,
    text: &'a str,
    way: &'a str,
    way_name: &'static str,
}

impl Problem {
    /// In words. `here` is the address that was wanted, to try it again.
    fn told<'a>(&'a self, here: &'a str) -> Told<'a> {
        let again = (here, "Try again");
        let sign_in = ("/", "Sign in");
        let payments = ("/", "Go to payments");
        let (status, title, text, (way, way_name)) = match self {
            Self::NotFound => {
                (404, "There is no such page", "The link may be old, or of another merchant.", payments)
            }
            Self::SignedOut => (
                401,
                "You are signed out",
                "After 15 minutes without a page you have to sign in again.",
                sign_in,
            ),
            Self::SignInEnded => (
                400,
                "This sign-in has ended",
                "It took too long, or was finished in another window. Please begin again.",
                sign_in,
            ),
            Self::SignInRefused => (
                403,
                "You cannot sign in here",
                "Your company knows you, but this merchant does not, or your sign-in was not accepted. Ask whoever manages people at your company.",
                sign_in,
            ),
            Self::IssuerUnavailable => (
                503,
                "Your company's sign-in does not respond",
                "Please try again in a few minutes.",
                sign_in,
            ),
            Self::Forged => (
                403,
                "Nothing was changed",
                "The form was not sent by a page of this session. Please load the page again.",
                again,
            ),
            Self::TooLargeForm => {
                (413, "This is too much text", "Nothing was changed. Please write less.", again)
            }
            Self::NoForm => (415, "Nothing was changed", "The body of the request is no form.", again),
            Self::Refused(refusal) if refusal.code == "forbidden" => (
                403,
                "Your role does not allow this",
                "Ask whoever manages people at your company.",
                payments,
            ),
            Self::Refused(refusal) => (400, "This cannot be shown", refusal.detail.as_str(), payments),
            Self::TooLong => (
                400,
                "These are too many for one file",
                "Choose a shorter range, or ask an operator for the same list from the command line.",
                payments,
            ),
            Self::Busy(_) => (
                503,
                "Tollgate is busy",
                "Many requests come at the same time. Please try again in a minute: no money moves twice.",
                again,
            ),
            Self::Unavailable => {
                (503, "Tollgate does not respond", "Nothing was changed. Please try again.", again)
            }
            Self::Unreadable => (502, UNREADABLE, STRANGE, again),
        };
        Told { status: StatusCode::from_u16(status).unwrap_or_default(), title, text, way, way_name }
    }

    /// The page. `here` is the address that was wanted.
    pub(crate) fn page(&self, here: &str) -> Response<Body> {
        let Told { status, title, text, way, way_name } = self.told(here);
        let request_id = if let Self::Refused(refusal) = self { refusal.request_id.as_str() } else { "" };
        let merchant = merchant_of_page(here).filter(|_| matches!(self, Self::SignedOut));
        let shown = ProblemPage { title, text, request_id, way, way_name, merchant, here };
        let page = page(status, shown.render().unwrap_or_default());
        let Self::Busy(wait) = self else { return page };
        with(page, header::RETRY_AFTER, &wait.as_secs().to_string())
    }
}
