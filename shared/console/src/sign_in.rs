//! How a person signs in: the authorization code flow of OpenID Connect with PKCE, state and nonce,
//! and the exchange of the ID token for an access token of the person (RFC 8693).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request, Response};
use serde::Deserialize;
use tollgate_wire::{self as wire, Token};

use crate::{
    api::{Failure, address, read},
    pages::problem::Problem,
    seal::{digest_of, secret},
    session::{Session, SignIn},
    settings::Console,
    web::{Cookie, Pairs, redirect},
};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// An access token counts as ended so long before it does: a page makes several calls with it.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// The issuer's response to a code, as far as it is needed.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// The claim of an ID token that only the console knows.
#[derive(Default, Deserialize)]
struct Claims {
    nonce: String,
}

/// A way to the issuer.
pub(crate) struct WayToIssuer {
    pub(crate) address: String,
    /// The cookie that the sign-in is bound to.
    pub(crate) cookie: String,
}

impl Console {
    fn callback_url(&self) -> String {
        format!("{}/callback", self.settings.url)
    }

    /// Begins a sign-in that comes back to a path of ours. It may go on with a session.
    pub(crate) async fn way_to_issuer(
        &self,
        merchant: &str,
        back: &str,
        session: Option<&Session>,
    ) -> Result<WayToIssuer, Problem> {
        let issuer = self.api.description(&self.settings.issuer, self.clock.now()).await;
        let issuer = issuer.map_err(|_| Problem::IssuerUnavailable)?;
        let made = || secret().ok_or(Problem::Unavailable);
        let (state, nonce, verifier) = (made()?, made()?, made()?);
        let challenge = digest_of(&verifier);
        let sign_in = SignIn {
            merchant: merchant.to_owned(),
            state: state.clone(),
            nonce: nonce.clone(),
            verifier,
            token_endpoint: issuer.token_endpoint,
            back: back.to_owned(),
            began: session.map(|session| session.began),
            until: self.sign_in_until(),
        };
        let cookie = self.begin(&sign_in).await?;
        let address = address(
            &issuer.authorization_endpoint,
            &[
                ("response_type", "code"),
                ("client_id", &self.settings.client.audience),
                ("redirect_uri", &self.callback_url()),
                ("scope", "openid email"),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        );
        Ok(WayToIssuer { address, cookie })
    }

    /// A person comes back from the issuer.
    pub(crate) async fn callback(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let cookie = Cookie::SignIn.of(request).ok_or(Problem::SignInEnded)?;
        let sign_in = self.take_sign_in(cookie).await?.ok_or(Problem::SignInEnded)?;
        let parameters = Pairs::of_address(request);
        let stated = parameters.get("iss");
        // RFC 9207: a response of another issuer is none to this sign-in.
        if parameters.get("state") != Some(&sign_in.state)
            || stated.is_some_and(|iss| iss != self.settings.issuer.as_str())
        {
            return Err(Problem::SignInEnded);
        }
        let code = parameters.get("code").ok_or(Problem::SignInRefused)?;
        let id_token = self.id_token(code, &sign_in).await?;
        let session = self.session_of(&id_token, &sign_in).await?;
        let cookie = self.open_session(&session).await?;
        let own = Cookie::Session(&sign_in.merchant);
        if let Some(replaced) = own.of(request) {
            self.end_session(replaced).await?;
        }
        let mut response = redirect(&sign_in.back);
        Cookie::SignIn.clear(&mut response);
        own.set(&mut response, &cookie);
        self.make_room(request, &sign_in.merchant, &mut response).await?;
        Ok(response)
    }

    async fn id_token(&self, code: &str, sign_in: &SignIn) -> Result<String, Problem> {
        let (client, callback) = (&self.settings.client, self.callback_url());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
            ("client_id", &client.audience),
            ("code_verifier", &sign_in.verifier),
        ];
        form.extend(client.issuer_secret.as_deref().map(|secret| ("client_secret", secret)));
        let tokens = self.api.form_to(&sign_in.token_endpoint, &form).await.and_then(read::<Tokens>);
        let token = tokens.map_err(|failure| match failure {
            Failure::Refused(refusal) if refusal.wait.is_none() => Problem::SignInRefused,
            Failure::Unreadable => Problem::SignInRefused,
            Failure::Refused(_) | Failure::Unavailable => Problem::IssuerUnavailable,
        })?;
        // Tollgate checks signature, issuer, audience and age as it exchanges the token; the nonce
        // only we know.
        if claims(&token.id_token).nonce != sign_in.nonce {
            return Err(Problem::SignInRefused);
        }
        Ok(token.id_token)
    }

    async fn session_of(&self, id_token: &str, sign_in: &SignIn) -> Result<Session, Problem> {
        let client = &self.settings.client;
        let form = [
            ("grant_type", TOKEN_EXCHANGE),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("audience", &sign_in.merchant),
            ("subject_token_type", ID_TOKEN),
            ("subject_token", id_token),
        ];
        let granted = self.api.form("/oauth/access_token", &form).await.and_then(read::<Token>);
        let granted = granted.map_err(|failure| match failure {
            Failure::Refused(refusal) if refusal.status.is_client_error() && refusal.wait.is_none() => {
                Problem::SignInRefused
            }
            failure => failure.into(),
        })?;
        let now = self.clock.now();
        let lasts = SignedDuration::from_secs(granted.expires_in);
        Ok(Session {
            merchant: sign_in.merchant.clone(),
            access_token: granted.access_token,
            token_until: now.saturating_add(lasts - MARGIN).unwrap_or(Timestamp::MAX),
            csrf: secret().ok_or(Problem::Unavailable)?,
            // Another access token makes no session longer.
            began: sign_in.began.unwrap_or(now),
            seen: now,
        })
    }
}

/// The claims of an ID token, unverified.
fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&payload).and_then(wire::read).unwrap_or_default()
}
