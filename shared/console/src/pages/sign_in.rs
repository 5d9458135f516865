//! The first page, and the one on the way to the issuer.

use askama::Template;
use lambda_http::{Body, Response};

use crate::pages::{problem::Problem, rendered};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    /// The merchants at which the browser is signed in.
    signed_in: &'a [String],
    /// The text that was typed before.
    merchant: &'a str,
    error: &'a str,
}

#[derive(Template)]
#[template(path = "to_issuer.html")]
struct ToIssuerPage<'a> {
    issuer: &'a str,
}

/// The page on which a person chooses a merchant, or states another one.
pub(crate) fn show(signed_in: &[String], merchant: &str, error: &str) -> Result<Response<Body>, Problem> {
    rendered(&SignInPage { signed_in, merchant, error })
}

/// A page that goes on to the issuer automatically: a form that led there directly would need a
/// policy that names every host on the way.
pub(crate) fn on_the_way(issuer: &str) -> Result<Response<Body>, Problem> {
    rendered(&ToIssuerPage { issuer })
}
