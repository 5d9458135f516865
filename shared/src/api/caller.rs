//! The caller of a request, with any proof of identity.

use std::sync::Arc;

use lambda_http::{Request, http::header};
use tollgate_core::{
    order::{Actor, Attribution, KeyName, OrderId, OrderKey, Principal, Reason, Shopper},
    payments::{Merchant, Role, trail},
    people::{AuditEntry, Audited, AuditedPerson, PersonEntry, RefundMax},
};

use super::{Code, failure::Failure, problem::Problem};
use crate::{
    access::{Access, Denied, Identified},
    access_token::{InvalidToken, VerifiedKey},
    invocation::request_id,
    source::{SHOPPER_ADDRESS, Source},
};

/// [`SHOPPER_ADDRESS`] as an error names it.
const SHOPPER_ADDRESS_NAME: &str = "X-Shopper-Address";

/// A caller with a proven identity.
pub(crate) struct Caller {
    /// The merchant, or the one whose shopper it is.
    pub(crate) merchant: Arc<Merchant>,
    /// The caller's identity, and so its rights.
    pub(crate) principal: Principal,
    /// The shopper, if the token names one.
    pub(crate) shopper: Option<Shopper>,
    /// The person, if the caller is one of the merchant's people.
    person: Option<Box<PersonEntry>>,
    /// The name of the merchant's key, if it has one.
    key_name: Option<KeyName>,
    /// The role of the merchant's key or person. A shopper's rules do not depend on it.
    role: Role,
}

impl Caller {
    /// A caller that was let in.
    pub(crate) fn new(merchant: Arc<Merchant>, identified: Identified) -> Self {
        // A key's caller, until it is known to be another kind.
        let caller = Self {
            merchant,
            principal: Principal::ClientCredentials,
            shopper: None,
            person: None,
            key_name: None,
            role: Role::Read,
        };
        let (logged, caller) = match identified {
            Identified::Key(VerifiedKey { digest, name: key_name, role }) => {
                (format!("key:{digest}"), Self { key_name, role, ..caller })
            }
            Identified::Shopper(shopper) => {
                let logged = format!("shopper:{}", shopper.0);
                (logged, Self { principal: Principal::Implicit, shopper: Some(shopper), ..caller })
            }
            Identified::Person(person) => {
                let role = person.grant.role;
                (format!("person:{}", person.id), Self { person: Some(person), role, ..caller })
            }
        };
        trail::note(|trail| {
            trail.merchant = Some(caller.merchant.id.to_string());
            trail.principal = Some(logged);
            trail.key_name = caller.key_name.as_ref().map(ToString::to_string);
        });
        caller
    }

    /// Verifies the request's bearer token.
    pub(crate) async fn with_token(access: &Access, request: &Request) -> Result<Self, Failure> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer_token).ok_or(InvalidToken)?;
        let verified = access.merchant_with_token(token).await;
        let (merchant, verified) = verified.map_err(|reason| denied(reason, || InvalidToken.into()))?;
        let caller = Self::new(merchant, verified);
        if caller.principal == Principal::Implicit && request.headers().contains_key(SHOPPER_ADDRESS) {
            let detail = "is for a merchant's server: the address of a shopper's browser is known";
            return Err(Problem::invalid(SHOPPER_ADDRESS_NAME, detail).into());
        }
        Ok(caller)
    }

    /// The paying shopper's source: the one that the merchant's server states, or the browser's
    /// own. `None` where the server states none; its own address says nothing of shoppers. For
    /// requests that pay, and may.
    pub(crate) fn shopper_source(
        &self,
        access: &Access,
        request: &Request,
    ) -> Result<Option<Source>, Failure> {
        if self.principal != Principal::ClientCredentials {
            return Ok(Some(access.source(request)));
        }
        let mut stated = request.headers().get_all(SHOPPER_ADDRESS).iter();
        let Some(text) = stated.next() else { return Ok(None) };
        let source = text.to_str().ok().and_then(Source::parse).filter(|_| stated.next().is_none());
        let detail = "must be the shopper's address, IPv4 or IPv6, without a port";
        source.map(Some).ok_or_else(|| Problem::invalid(SHOPPER_ADDRESS_NAME, detail).into())
    }

    /// Verifies the request's bearer token, which has to be the merchant's, by a key that has this
    /// role or a higher one.
    pub(crate) async fn merchant(access: &Access, request: &Request, role: Role) -> Result<Self, Failure> {
        let caller = Self::with_token(access, request).await?;
        caller.must_be_merchant(role)?;
        Ok(caller)
    }

    /// The same for a list, of which a merchant reads only so many at a time.
    pub(crate) async fn reader(access: &Access, request: &Request, role: Role) -> Result<Self, Failure> {
        let caller = Self::merchant(access, request, role).await?;
        let taken = access.abuse.reads.take(&caller.merchant.id, access.now());
        taken.map_err(Failure::too_many_reads)?;
        Ok(caller)
    }

    /// Whether the caller is the merchant itself and not a shopper's browser, and its key has this
    /// role or a higher one.
    pub(crate) fn must_be_merchant(&self, role: Role) -> Result<(), Failure> {
        match self.principal {
            Principal::ClientCredentials => self.must_have(role),
            Principal::Implicit | Principal::Schedule | Principal::Unrecognized => {
                Err(Failure::new(Code::Forbidden, "this needs a client_credentials token"))
            }
        }
    }

    /// Whether the caller is no person: a system does this, with a key.
    pub(crate) fn must_be_a_system(&self) -> Result<(), Failure> {
        if self.person.is_some() { Err(not_for_people()) } else { Ok(()) }
    }

    /// Whether a merchant's key has this role or a higher one. Shoppers have rules of their own.
    pub(crate) fn must_have(&self, role: Role) -> Result<(), Failure> {
        if self.principal != Principal::ClientCredentials || self.has(role) {
            return Ok(());
        }
        let (needed, own) = (role.as_str(), self.role.as_str());
        let who = if self.person.is_some() { "a person" } else { "a key" };
        Err(Failure::new(
            Code::Forbidden,
            format!("this needs {who} with the role {needed}; the role is {own}"),
        ))
    }

    /// The role of its key.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// The person, if the caller is one of the merchant's people.
    pub(crate) fn person(&self) -> Option<&PersonEntry> {
        self.person.as_deref()
    }

    /// The most that it may give back of one order. Only people have a limit.
    pub(crate) fn refund_max(&self) -> &RefundMax {
        self.person.as_ref().map_or(&RefundMax::Unlimited, |person| &person.grant.refund_max)
    }

    /// The name of its key on record.
    pub(crate) fn key_name(&self) -> Option<&KeyName> {
        self.key_name.as_ref()
    }

    /// Whether its key has this role or a higher one.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Who requests an operation, by name, and why.
    pub(crate) fn attribution(
        &self,
        actor: Option<&Actor>,
        reason: Option<&Reason>,
    ) -> Option<Box<Attribution>> {
        let told = Attribution::new(self.key_name.as_ref(), actor, reason);
        let Some(person) = &self.person else { return told };
        Some(Box::new(told.map_or_else(Attribution::default, |told| *told).verified(Some(&person.name))))
    }

    /// Records an act of one of the merchant's people that no order, journal or switch names,
    /// before it is done. A key's requests are not recorded: its system is not a person.
    pub(crate) async fn on_record(
        &self,
        access: &Access,
        request: &Request,
        what: impl FnOnce(String) -> Audited,
    ) -> Result<(), Failure> {
        let Some(person) = self.person() else { return Ok(()) };
        let entry = AuditEntry {
            id: access.clock.new_id(),
            at: access.now(),
            who: AuditedPerson::Known { id: person.id, name: person.name.clone() },
            what: what(format!("{} {}", request.method(), request.uri().path())),
            request: request_id(request),
        };
        let recorded = access.record(&self.merchant.id, &entry).await;
        recorded.map_err(|reason| denied(reason, || InvalidToken.into()))
    }

    /// The key of one of the merchant's orders.
    pub(crate) fn key(&self, order: OrderId) -> OrderKey {
        trail::note(|trail| trail.order = Some(order.to_string()));
        OrderKey { merchant: self.merchant.id.clone(), order }
    }
}

/// The token in the value of `Authorization`. `@moltin/sdk` up to 6.6.0 writes `Bearer: ` with a
/// colon, and the vendor's PHP SDK nothing but the token. A single word of another form is no token
/// of this stack, which its first check tells.
fn bearer_token(value: &str) -> Option<&str> {
    let value = value.trim();
    let Some((scheme, token)) = value.split_once(' ') else { return Some(value) };
    let scheme = scheme.strip_suffix(':').unwrap_or(scheme);
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl From<InvalidToken> for Failure {
    fn from(_: InvalidToken) -> Self {
        Self::new(Code::InvalidAccessToken, "the access token is missing, wrong or expired")
    }
}

fn not_for_people() -> Failure {
    Failure::new(Code::Forbidden, "people do not do this themselves: a system does, with a key")
}

/// The failure of a caller that was not let in. `wrong` is an API's failure for wrong credentials,
/// the same for every wrong part: otherwise the response would tell which merchants exist.
pub(crate) fn denied(denied: Denied, wrong: impl FnOnce() -> Failure) -> Failure {
    match denied {
        Denied::Wrong => wrong(),
        Denied::TooOften(limit, wait) => Failure::too_many_wrong_keys(limit, wait),
        Denied::NotForPeople => not_for_people(),
        Denied::Unavailable(error) => Failure::from(&error),
    }
}
