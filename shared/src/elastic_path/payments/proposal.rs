//! Proposals: a refund or void above a person's limit, written down for another person who may do
//! it.
//!
//! A refusal carries the proposal, signed, and nothing is stored. A person with the right submits
//! it on the same route, under their own name, within a day; both names are recorded. The
//! proposal's id is the idempotency key, so it is carried out once, no matter how often and by whom
//! it is submitted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::value::RawValue;
use tollgate_core::{
    order::{KeyDigest, OrderId, Person},
    payments::Merchant,
    people::PersonEntry,
};
use tollgate_wire::Proposal;
use uuid::Uuid;

use crate::{
    access::Access,
    access_token::{HandedOut, InvalidToken},
    api::{Caller, Code, Failure, Problem, denied},
};

/// The member of `data` that submits a proposal.
pub(in crate::elastic_path) const PROPOSAL: &str = "proposal";

/// How long a proposal can be submitted.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Longest body that is proposed; a refund needs about 200 characters.
const BODY_MAX_BYTES: usize = 4 * 1024;

/// The target of a proposal: the route's verb, its order and its transaction.
pub(in crate::elastic_path) struct ProposalTarget<'a> {
    /// `refund` or `cancel`.
    pub(in crate::elastic_path) what: &'a str,
    /// The order in the path.
    pub(in crate::elastic_path) order: &'a OrderId,
    /// The transaction in the path.
    pub(in crate::elastic_path) transaction: Uuid,
}

/// The proposal of a request that was refused; `None` if its body is too long.
pub(in crate::elastic_path) fn propose(
    access: &Access,
    merchant: &Merchant,
    person: &PersonEntry,
    about: &ProposalTarget<'_>,
    body: &str,
) -> Option<String> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    if body.len() > BODY_MAX_BYTES {
        return None;
    }
    let proposal = Proposal {
        id: access.clock.new_id(),
        what: about.what.to_owned(),
        order: about.order.to_string(),
        transaction: about.transaction,
        body: RawValue::from_string(body.to_owned()).ok()?,
        by: person.id,
        name: person.name.to_string(),
        until: access.now().checked_add(LIFETIME).ok()?.as_second(),
    };
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&proposal).ok()?);
    let signature = URL_SAFE_NO_PAD.encode(HandedOut::Proposal(&text).sign(merchant));
    Some(format!("{text}.{signature}"))
}

/// A proposal that this caller may submit here and now.
pub(in crate::elastic_path) async fn submitted(
    text: &str,
    caller: &Caller,
    about: &ProposalTarget<'_>,
    access: &Access,
) -> Result<Proposal, Failure> {
    let wrong = |what: &str| Failure::from(Problem::invalid("data.proposal", what));
    let signed = text.rsplit_once('.').filter(|(proposal, signature)| {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        HandedOut::Proposal(proposal).is_signed(&caller.merchant, &signature)
    });
    let proposal = signed.and_then(|(proposal, _)| {
        serde_json::from_slice::<Proposal>(&URL_SAFE_NO_PAD.decode(proposal).ok()?).ok()
    });
    let proposal = proposal.ok_or_else(|| wrong("is no proposal of this merchant's people"))?;
    if access.now().as_second() >= proposal.until {
        return Err(wrong("is more than a day old"));
    }
    let is_here = proposal.what == about.what
        && proposal.order == about.order.to_string()
        && proposal.transaction == about.transaction;
    if !is_here {
        return Err(wrong("is about another payment, or for another route"));
    }
    match caller.person() {
        Some(person) if person.id != proposal.by => {
            let still = access.is_one_of(&caller.merchant.id, proposal.by).await;
            let still = still.map_err(|reason| denied(reason, || InvalidToken.into()))?;
            if still { Ok(proposal) } else { Err(wrong("is of a person who was removed")) }
        }
        Some(_) => Err(Failure::new(Code::Forbidden, "nobody submits their own proposal")),
        None => {
            Err(Failure::new(Code::Forbidden, "a proposal is submitted by a person, under their own name"))
        }
    }
}

/// The person who proposed.
pub(in crate::elastic_path) fn proposer(proposal: &Proposal) -> Option<Person> {
    proposal.name.parse().ok()
}

/// The idempotency key of a proposal.
pub(in crate::elastic_path) fn key(proposal: &Proposal) -> KeyDigest {
    KeyDigest::new(PROPOSAL, &proposal.transaction.to_string(), &proposal.id.to_string())
}
