//! A request that exceeds one person's limit, carried out by another person from a link.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use lambda_http::{Body, Response, http::StatusCode};
use serde::{Deserialize, Serialize};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{self as wire, Proposal};

use super::{
    page::{ActPage, Step, confirming},
    send,
    typed::{Typed, version_of},
};
use crate::{
    api::{Once, Refusal},
    pages::{
        Known, Visit,
        payment::{Act, placed::Placed, possible},
        problem::Problem,
    },
    web::Pairs,
    words::said,
};

/// The request that a proposal repeats, as far as it is shown. It may state nothing.
#[derive(Deserialize)]
struct ProposedBody {
    #[serde(default)]
    data: Proposed,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Proposed {
    reason: String,
    amount: Option<SignedAmount>,
}

/// The request that submits a proposal.
#[derive(Serialize)]
struct Submitted<'a> {
    proposal: &'a str,
}

/// The content of a proposal. Only the API can check that it is genuine, and does so when the
/// proposal is sent.
fn content_of(proposal: &str) -> Option<Proposal<ProposedBody>> {
    let (signed, _) = proposal.rsplit_once('.')?;
    let content = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signed).ok()?);
    content.and_then(wire::read).ok()
}

/// The page at which another person carries it out.
pub(super) async fn show(
    visit: &Visit<'_>,
    act: Act,
    placed: &Placed,
    pairs: &Pairs,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let payment = &placed.payment;
    let proposal = pairs.get("proposal").unwrap_or_default();
    let stated = content_of(proposal).filter(|stated| {
        stated.what == act.route()
            && stated.order == payment.order()
            && stated.transaction == payment.transaction.id
    });
    let stated = stated.ok_or_else(|| {
        Problem::Refused(Refusal {
            status: StatusCode::BAD_REQUEST,
            detail: "The link is incomplete, or about another payment.".to_owned(),
            ..Refusal::default()
        })
    })?;
    let proposed = stated.body.data;
    let typed = Typed { reason: said(&*proposed.reason), ..Typed::default() };
    let amount = proposed.amount.or_else(|| possible::most(placed.possible(act)));
    let mut page = confirming(visit, ActPage::new(visit, act, placed, typed), act, placed, amount);
    page.proposal = Some(proposal.to_owned());
    page.typed.once.version = version_of(placed);
    if let Step::Confirm { facts, change, .. } = &mut page.step {
        facts.insert(1, Known::new("Proposed by", said(&*stated.name)));
        change.clear();
    }
    if is_read {
        return page.response(true);
    }
    // The proposal brings the key. The version is that of the page that was looked at.
    let once = Once { key: String::new(), version: Typed::of(pairs).once.version };
    match send::sent(visit, act, payment, &Submitted { proposal }, &once).await {
        Ok(()) => Ok(send::done(visit, payment)),
        Err(failure) => send::failed(visit, page, placed, failure),
    }
}
