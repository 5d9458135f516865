//! The gateway's `profile` endpoint: another expiry date for a stored card, and its deletion.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde::Serialize;
use tollgate_core::{
    order::{NoEffect, Route},
    payments::Merchant,
    stored_cards::{ProfileOutcome, Profiles, Renewal},
    values::StoredCard,
};

use super::{
    CardPointe, NAME,
    transport::{Response, Transport, TransportError},
    wire::{self, GatewayReply},
};

/// Body of `profile`, for an account that is there. Members that are left out stay as they are.
#[derive(Serialize)]
struct Update<'a> {
    merchid: &'a str,
    /// `<profileid>/<acctid>`, both as the response that stored the card named them.
    profile: String,
    profileupdate: &'static str,
    cofpermission: &'static str,
    expiry: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
}

#[async_trait]
impl<T: Transport> Profiles for CardPointe<T> {
    async fn delete(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        limit: Duration,
    ) -> ProfileOutcome {
        if route.gateway != NAME {
            return ProfileOutcome::NoEffect(NoEffect::Misconfigured);
        }
        let Route { endpoint, account: merchid, .. } = route;
        let url = format!("{endpoint}/profile/{}/{}/{merchid}", stored.profile, stored.account);
        outcome(merchant, self.call(merchant, Method::DELETE, url, None, limit).await)
    }

    async fn set_expiry(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        renewal: Renewal<'_>,
        limit: Duration,
    ) -> ProfileOutcome {
        if route.gateway != NAME {
            return ProfileOutcome::NoEffect(NoEffect::Misconfigured);
        }
        let body = wire::json(&Update {
            merchid: &route.account,
            profile: format!("{}/{}", stored.profile, stored.account),
            profileupdate: "Y",
            cofpermission: "Y",
            expiry: renewal.expiry.mmyy(),
            account: renewal.token,
        });
        let url = format!("{}/profile", route.endpoint);
        outcome(merchant, self.call(merchant, Method::PUT, url, Some(body), limit).await)
    }
}

/// The meaning of a response. Only the gateway's own words decide, by their codes.
fn outcome(merchant: &Merchant, response: Result<Response, TransportError>) -> ProfileOutcome {
    let Response { status, body } = match response {
        Ok(response) => response,
        Err(TransportError::NotConnected) => return ProfileOutcome::NoEffect(NoEffect::Unreachable),
        Err(TransportError::NoResponse) => return ProfileOutcome::Unknown,
    };
    if status != 200 {
        tracing::error!(status, merchant = %merchant.id, "the gateway refuses a request about a stored card");
        return ProfileOutcome::Unknown;
    }
    let Some(reply) = body.ok().and_then(|body| GatewayReply::parse(&body)) else {
        return ProfileOutcome::Unknown;
    };
    match (reply.respstat.as_deref(), reply.respproc.as_deref(), reply.respcode.as_deref()) {
        (Some("A"), Some("PPS"), Some("08" | "09")) => ProfileOutcome::Done,
        (Some("C"), Some("PPS"), Some("96")) => ProfileOutcome::Missing,
        (Some("C"), Some("PPS"), Some(code)) => {
            tracing::error!(code, merchant = %merchant.id, "the gateway refuses a change of a stored card");
            ProfileOutcome::Refused
        }
        _ => ProfileOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
