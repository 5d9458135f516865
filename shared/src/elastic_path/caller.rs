//! Who calls, and what the call's idempotency key is.

use std::sync::Arc;

use lambda_http::{Request, http::header};

use super::{
    error::{ApiError, Code, Problem},
    response::View,
};
use crate::{
    access_token::{self, InvalidToken, Verified},
    app::{App, Denied},
    failure::Failure,
    invocation::route_key,
    merchants::Merchant,
    operation::{Grant, KeyDigest, Shopper},
    order::{OrderId, OrderKey},
    trail,
    transaction::Transaction,
};

/// Longest `Idempotency-Key`.
const KEY_MAX_CHARS: usize = 255;

/// The header with the secret of a payment, for a shopper whose token was renewed since it paid.
const CLIENT_SECRET: &str = "x-client-secret";

/// A caller with a valid access token.
pub(super) struct Caller {
    pub(super) merchant: Arc<Merchant>,
    pub(super) grant: Grant,
    /// Which shopper it is, if it is one whose token tells.
    pub(super) shopper: Option<Shopper>,
}

impl Caller {
    /// Verifies the request's bearer token.
    pub(super) async fn of(app: &App, request: &Request) -> Result<Self, ApiError> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = header.and_then(|value| value.trim().split_once(' ')).ok_or(InvalidToken)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(InvalidToken.into());
        }
        let token = token.trim();
        let verified = app.merchant_with_token(token, &app.source(request)).await;
        let (merchant, Verified { grant, shopper }) = verified.map_err(|denied| match denied {
            Denied::Wrong => ApiError::from(InvalidToken),
            Denied::TooOften(wait) => Failure::too_many_wrong_keys(wait).into(),
            Denied::Unavailable(error) => Failure::from(&error).into(),
        })?;
        trail::note(|trail| trail.merchant = Some(merchant.id.to_string()));
        Ok(Self { merchant, grant, shopper })
    }

    /// Whether it is the merchant itself and not a shopper's browser.
    pub(super) fn must_be_merchant(&self) -> Result<(), ApiError> {
        match self.grant {
            Grant::ClientCredentials => Ok(()),
            Grant::Implicit | Grant::Schedule | Grant::Unrecognized => {
                Err(ApiError::new(Code::Forbidden, "this needs a client_credentials token"))
            }
        }
    }

    /// Whether it may read a payment: the merchant every one, a shopper its own and those whose secret it holds.
    pub(super) fn may_read(&self, request: &Request, transaction: &Transaction) -> bool {
        match self.grant {
            Grant::ClientCredentials => true,
            Grant::Implicit => {
                let secret = request.headers().get(CLIENT_SECRET).and_then(|value| value.to_str().ok());
                let holds = |secret| access_token::is_client_secret(&self.merchant, transaction.id, secret);
                (self.shopper.is_some() && transaction.shopper == self.shopper) || secret.is_some_and(holds)
            }
            Grant::Schedule | Grant::Unrecognized => false,
        }
    }

    /// How transactions are shown to it now.
    pub(super) fn view(&self, app: &App) -> View {
        View { grant: self.grant, now: app.clock.now() }
    }

    /// The key of one of the merchant's orders.
    pub(super) fn key(&self, order: OrderId) -> OrderKey {
        trail::note(|trail| trail.order = Some(order.to_string()));
        OrderKey { merchant: self.merchant.id.clone(), order }
    }
}

/// The digest of the `Idempotency-Key` header, bare or in quotes. `target` is the transaction in the path, if any.
pub(super) fn idempotency_key(request: &Request, target: &str) -> Result<Option<KeyDigest>, ApiError> {
    // Two such headers arrive as one, joined by API Gateway.
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let wrong =
        |detail: &str| ApiError::from(Problem::new("Idempotency-Key", Code::InvalidValue, detail.to_owned()));
    let printable = value.to_str().ok().filter(|text| !text.contains('\t'));
    let text = printable.ok_or_else(|| wrong("may hold only printable ASCII characters"))?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > KEY_MAX_CHARS {
        return Err(wrong("must have 1 to 255 characters"));
    }
    Ok(Some(KeyDigest::new(&route_key(request), target, key)))
}
