//! `POST /oauth/access_token`.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{order::Principal, payments::trail};

use crate::{
    access::Access,
    access_token::{self, Holder},
    api::{
        Code,
        caller::denied,
        exchange::{Handled, Reply},
        failure::Failure,
        problem::Problem,
    },
};

/// Longest form; a real one has about 120 characters.
const FORM_MAX_BYTES: usize = 8 * 1024;

handlers! {
    /// `POST /oauth/access_token`: issues an access token for a merchant's key, or for a browser.
    issue_token(Access) => issued();
}

async fn issued(access: &Access, request: &Request) -> Handled<Value> {
    let form = Form::of(request)?;
    let grant = match form.grant_type.as_deref() {
        Some("client_credentials") => Principal::ClientCredentials,
        Some("implicit") => Principal::Implicit,
        Some(_) => {
            let detail = "grant_type must be client_credentials or implicit";
            return Err(Problem::about("grant_type", Code::UnsupportedGrantType, detail).into());
        }
        None => {
            let detail = "grant_type is required, in a form (application/x-www-form-urlencoded)";
            return Err(Problem::about("grant_type", Code::Required, detail).into());
        }
    };
    let client_id = form.client_id.ok_or_else(|| Problem::required("client_id"))?;
    let source = access.source(request);
    let found = match grant {
        Principal::ClientCredentials => {
            let secret = form.client_secret.ok_or_else(|| Problem::required("client_secret"))?;
            let found = access.merchant_with_key(&client_id, &secret, source).await;
            found.map(|(merchant, key)| (merchant, Holder::Key(key)))
        }
        Principal::Implicit | Principal::Schedule | Principal::Unrecognized => {
            let found = access.merchant_that_lets_browsers_in(&client_id, source).await;
            found.map(|merchant| (merchant, Holder::Shopper(access.clock.new_id())))
        }
    };
    let (merchant, holder) = found.map_err(|reason| {
        denied(reason, || Failure::new(Code::InvalidGrant, "client_id or client_secret is wrong"))
    })?;
    trail::note(|trail| trail.merchant = Some(merchant.id.to_string()));
    let (token, expires) = access_token::issue(&merchant, &holder, access.now(), &access.kid_key)?;
    // Flat, not in `data`: wrapped, the published SDK would silently go on without a token.
    let body = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": access_token::LIFETIME.as_secs(),
        "expires": expires.as_second(),
        "identifier": grant.as_str(),
    });
    Ok(Reply::new(200, body))
}

#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

impl Form {
    fn of(request: &Request) -> Result<Self, Failure> {
        let bytes: &[u8] = request.body();
        if bytes.len() > FORM_MAX_BYTES {
            return Err(Failure::new(Code::BodyTooLarge, "the form is larger than 8 KiB"));
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            let field = match name.as_ref() {
                "grant_type" => &mut form.grant_type,
                "client_id" => &mut form.client_id,
                "client_secret" => &mut form.client_secret,
                _ => continue,
            };
            if field.is_some() {
                return Err(Problem::invalid(&name, "is there more than once").into());
            }
            *field = Some(value.into_owned()).filter(|value| !value.is_empty());
        }
        Ok(form)
    }
}
