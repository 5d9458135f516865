//! Token exchange (RFC 8693): an ID token of a person becomes an access token of a merchant.
//!
//! Every refusal is the same and takes as long, whether the client, the token, the merchant or the
//! person is wrong. Else the holder of a client's secret would learn which merchants exist and who
//! works for them.

use lambda_http::Request;
use tokio::time::{Instant, sleep_until};
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, trail},
    people::{PersonEntry, SignInAttempt, recognize},
};
use tollgate_wire::constant::AccessTokenType;

use super::Form;
use crate::{
    access::{Access, Denied, WRONG_KEY_TIME},
    access_token::Holder,
    api::{Code, Failure, Problem, denied},
    invocation::request_id,
    openid::{IdTokenError, InvalidClients, VerifiedIdToken},
    ports::SignIn,
};

pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The type of the client's token: an ID token.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The type of the issued token, as in the response.
const ACCESS_TOKEN: &str = AccessTokenType::VALUE;

/// When to come back while the issuer does not respond: its keys are read again after a minute at
/// the earliest.
const RETRY_S: u32 = 60;

/// The request of a client.
struct TokenExchange {
    client_id: String,
    client_secret: String,
    audience: String,
    subject_token: String,
}

impl TryFrom<Form> for TokenExchange {
    type Error = Failure;

    fn try_from(form: Form) -> Result<Self, Failure> {
        let member = |name: &'static str, value: Option<String>| {
            value.ok_or_else(|| Failure::from(Problem::required(name)))
        };
        let kind = member("subject_token_type", form.subject_token_type)?;
        if kind != ID_TOKEN {
            return Err(Problem::invalid("subject_token_type", format!("must be {ID_TOKEN}")).into());
        }
        if form.requested_token_type.is_some_and(|kind| kind != ACCESS_TOKEN) {
            return Err(Problem::invalid("requested_token_type", format!("must be {ACCESS_TOKEN}")).into());
        }
        Ok(Self {
            client_id: member("client_id", form.client_id)?,
            client_secret: member("client_secret", form.client_secret)?,
            audience: member("audience", form.audience)?,
            subject_token: member("subject_token", form.subject_token)?,
        })
    }
}

/// The one refusal.
fn refused() -> Failure {
    Failure::new(Code::SignInRefused, "the sign-in is not accepted for this merchant")
}

/// The merchant, and the person who holds the token.
pub(super) async fn exchanged(
    access: &Access,
    ports: &SignIn,
    request: &Request,
    form: Form,
) -> Result<(std::sync::Arc<Merchant>, Holder), Failure> {
    let answer_at = Instant::now() + WRONG_KEY_TIME;
    let exchange = TokenExchange::try_from(form)?;
    let Some((merchant, person)) = accepted(access, ports, request, &exchange).await? else {
        sleep_until(answer_at).await;
        return Err(refused());
    };
    Ok((merchant, Holder::Person { id: person.id, role: person.grant.role }))
}

async fn accepted(
    access: &Access,
    ports: &SignIn,
    request: &Request,
    exchange: &TokenExchange,
) -> Result<Option<(std::sync::Arc<Merchant>, PersonEntry)>, Failure> {
    let client = ports.clients.find(&exchange.client_id, &exchange.client_secret).await;
    let client = client.map_err(|error| {
        let why = match &error {
            InvalidClients::Malformed(_) | InvalidClients::Unreadable(_) => error.to_string(),
        };
        let mut failure = Failure::new(Code::ServiceUnavailable, "people cannot sign in at the moment");
        failure.for_operator = Some(why);
        failure
    })?;
    let Some(client) = client else {
        let limit = access.wrong_client(&exchange.client_id, access.source(request));
        return limit.map_or(Ok(None), |denial| Err(denied(denial, refused)));
    };
    let verified = match ports.id_tokens.verify(&exchange.subject_token, &client.audience).await {
        Ok(verified) => verified,
        Err(IdTokenError::Invalid) => return Ok(None),
        Err(IdTokenError::Unavailable(why)) => {
            let issuer = ports.id_tokens.issuer();
            let sentence = format!("the issuer {issuer} cannot be asked who signed in: {why}");
            let mut failure = Failure::new(Code::ServiceUnavailable, sentence);
            failure.retry_after_s = Some(RETRY_S);
            return Err(failure);
        }
    };
    signed_in(access, ports, request, exchange, &verified).await
}

/// The person that the issuer names, for a merchant that may not exist. The same reads and writes
/// are made in every case.
async fn signed_in(
    access: &Access,
    ports: &SignIn,
    request: &Request,
    exchange: &TokenExchange,
    verified: &VerifiedIdToken,
) -> Result<Option<(std::sync::Arc<Merchant>, PersonEntry)>, Failure> {
    let Ok(id) = exchange.audience.parse::<MerchantId>() else { return Ok(None) };
    let request = request_id(request);
    let attempt = SignInAttempt {
        merchant: &id,
        identity: &verified.identity,
        token: (&verified.digest, verified.expires),
        client: &exchange.client_id,
        request: &request,
        audit_id: access.clock.new_id(),
        now: access.now(),
    };
    let store = ports.people.as_ref();
    let (merchant, recognized) = tokio::join!(access.merchant(&id), recognize(store, &attempt));
    let recognized = recognized?;
    let merchant = match merchant {
        Ok(merchant) => Some(merchant),
        Err(error @ Denied::Unavailable(_)) => return Err(denied(error, refused)),
        Err(Denied::Wrong | Denied::NotForPeople | Denied::TooOften(..)) => None,
    };
    let person = recognized.conclude(store, &attempt, merchant.is_some()).await?;
    let found = merchant.zip(person);
    if let Some((_, person)) = &found {
        trail::note(|trail| trail.principal = Some(format!("person:{}", person.id)));
    }
    Ok(found)
}
