//! `POST /oauth/access_token`.

mod exchange;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambda_http::{Request, http::header};
use tollgate_core::{
    order::Principal,
    payments::{Merchant, trail},
    values::without_mark,
};
use tollgate_wire::{
    Token,
    constant::{AccessTokenType, Bearer},
};

use exchange::TOKEN_EXCHANGE;

use crate::{
    access::{Access, Denied},
    access_token::{self, Holder},
    api::{Code, Failure, Handled, Problem, Reply, denied, exchange::must_not_be_compressed},
    ports::Tokens,
};

/// Longest form. One with a key has about 120 characters; ID tokens of people in many groups have
/// more than 10 KB.
const FORM_MAX_BYTES: usize = 16 * 1024;

handlers! {
    /// `POST /oauth/access_token`: issues an access token for a merchant's key, for a browser, or
    /// for a person who signed in.
    issue_token(Tokens) => issued();
}

async fn issued(ports: &Tokens, request: &Request) -> Handled<Token> {
    let (access, form) = (&ports.access, Form::of(request)?);
    let (grant, found) = match form.grant_type.as_deref() {
        Some("client_credentials") => (Principal::ClientCredentials, for_key(access, request, form).await?),
        Some("implicit") => (Principal::Implicit, for_shopper(access, request, form).await?),
        Some(TOKEN_EXCHANGE) if let Some(sign_in) = &ports.sign_in => {
            let (merchant, holder) = exchange::exchanged(access, sign_in, request, form).await?;
            let token = issue(access, &merchant, &holder)?;
            return Ok(Reply::new(200, Token { issued_token_type: Some(AccessTokenType), ..token }));
        }
        Some(_) => {
            let others = if ports.sign_in.is_some() { ", implicit or " } else { " or implicit" };
            let exchange = if ports.sign_in.is_some() { TOKEN_EXCHANGE } else { "" };
            let detail = format!("grant_type must be client_credentials{others}{exchange}");
            return Err(Problem::about("grant_type", Code::UnsupportedGrantType, detail).into());
        }
        None => {
            let detail = "grant_type is required, in a form (application/x-www-form-urlencoded)";
            return Err(Problem::about("grant_type", Code::Required, detail).into());
        }
    };
    let (merchant, holder) = found;
    let token = issue(access, &merchant, &holder)?;
    Ok(Reply::new(200, Token { identifier: Some(grant.into()), ..token }))
}

/// The caller that the token is for.
type Authenticated = (Arc<Merchant>, Holder);

fn client_id(form: &mut Form) -> Result<String, Failure> {
    form.client_id.take().ok_or_else(|| Problem::required("client_id").into())
}

fn refused(reason: Denied) -> Failure {
    denied(reason, || Failure::new(Code::InvalidGrant, "client_id or client_secret is wrong"))
}

async fn for_key(access: &Access, request: &Request, mut form: Form) -> Result<Authenticated, Failure> {
    let id = client_id(&mut form)?;
    let secret = form.client_secret.ok_or_else(|| Problem::required("client_secret"))?;
    let found = access.merchant_with_key(&id, &secret, access.source(request)).await;
    let (merchant, key) = found.map_err(refused)?;
    Ok((merchant, Holder::Key(key)))
}

async fn for_shopper(access: &Access, request: &Request, mut form: Form) -> Result<Authenticated, Failure> {
    let id = client_id(&mut form)?;
    let merchant = access.merchant_that_lets_browsers_in(&id, access.source(request)).await;
    Ok((merchant.map_err(refused)?, Holder::Shopper(access.clock.new_id())))
}

/// The token, as every response has it. Flat, not in `data`: wrapped, the published SDK would
/// silently go on without a token.
fn issue(access: &Access, merchant: &Merchant, holder: &Holder) -> Result<Token, Failure> {
    trail::note(|trail| trail.merchant = Some(merchant.id.to_string()));
    let (access_token, expires) = access_token::issue(merchant, holder, access.now(), &access.kid_key)?;
    Ok(Token {
        access_token,
        token_type: Bearer,
        expires_in: holder.lifetime().as_secs(),
        expires: expires.as_second(),
        identifier: None,
        issued_token_type: None,
    })
}

#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    audience: Option<String>,
    subject_token: Option<String>,
    subject_token_type: Option<String>,
    requested_token_type: Option<String>,
}

impl Form {
    fn of(request: &Request) -> Result<Self, Failure> {
        must_not_be_compressed(request)?;
        let bytes: &[u8] = request.body();
        if bytes.len() > FORM_MAX_BYTES {
            return Err(Failure::new(Code::BodyTooLarge, "the form is larger than 16 KiB"));
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            // A mark before the body stands before the first name.
            let field = match without_mark(&name) {
                "grant_type" => &mut form.grant_type,
                "client_id" => &mut form.client_id,
                "client_secret" => &mut form.client_secret,
                "audience" => &mut form.audience,
                "subject_token" => &mut form.subject_token,
                "subject_token_type" => &mut form.subject_token_type,
                "requested_token_type" => &mut form.requested_token_type,
                _ => continue,
            };
            if field.is_some() {
                return Err(Problem::invalid(&name, "is there more than once").into());
            }
            *field = Some(value.into_owned()).filter(|value| !value.is_empty());
        }
        form.add_basic(request)?;
        Ok(form)
    }

    /// Adds the id and the secret of HTTP Basic, which the defaults of OAuth clients prefer to
    /// members of the form (RFC 6749 §2.3.1: each form-encoded). A client that states them in both
    /// places states the same ones.
    fn add_basic(&mut self, request: &Request) -> Result<(), Failure> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, encoded)) = header.and_then(|header| header.trim().split_once(' ')) else {
            return Ok(());
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(());
        }
        let pair = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
            let detail = "must be client_id:client_secret in base64 after Basic";
            return Err(Problem::invalid("Authorization", detail).into());
        };
        for (name, own, stated) in
            [("client_id", &mut self.client_id, id), ("client_secret", &mut self.client_secret, secret)]
        {
            // Read as the value of a member.
            let member = format!("{name}={}", stated.replace('&', "%26"));
            let stated = form_urlencoded::parse(member.as_bytes()).next().map(|(_, text)| text.into_owned());
            if own.as_ref().is_some_and(|own| Some(own) != stated.as_ref()) {
                return Err(Problem::invalid(name, "is another one than in Authorization").into());
            }
            *own = stated.filter(|text| !text.is_empty());
        }
        Ok(())
    }
}
