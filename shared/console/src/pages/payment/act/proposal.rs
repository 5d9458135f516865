//! A request that exceeds one person's limit, carried out by another person from a link.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use lambda_http::{Body, Response, http::StatusCode};
use serde_json::{Value, json};

use super::{Act, ActPage, Step, Typed, send, version};
use crate::{
    api::{Once, Refusal},
    pages::{Known, Visit, payment::Read, problem::Problem},
    web::Pairs,
    words::{self, said},
};

/// The content of a proposal. Only the API can check that it is genuine, and does so when the
/// proposal is sent.
fn said_by(proposal: &str) -> Option<Value> {
    let (signed, _) = proposal.rsplit_once('.')?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signed).ok()?).ok()
}

/// The page at which another person carries it out.
pub(super) async fn show(
    visit: &Visit<'_>,
    act: Act,
    read: &Read<'_>,
    pairs: &Pairs,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let proposal = pairs.get("proposal").unwrap_or_default();
    let stated = said_by(proposal).unwrap_or_default();
    let is_here = stated["what"] == act.route()
        && stated["order"] == *read.order()
        && stated["transaction"] == read.payment["id"];
    if !is_here {
        return Err(Problem::Refused(Refusal {
            status: StatusCode::BAD_REQUEST,
            detail: "The link is incomplete, or about another payment.".to_owned(),
            ..Refusal::default()
        }));
    }
    let data = &stated["body"]["data"];
    let typed = Typed { reason: said(&data["reason"]), ..Typed::default() };
    let amount = words::signed(&data["amount"]).or_else(|| read.possible(act.route()).most());
    let mut page = ActPage::new(visit, act, read, typed).confirming(visit, read, amount);
    proposal.clone_into(&mut page.proposal);
    page.typed.once.version = version(read);
    if let Step::Confirm { facts, change, .. } = &mut page.step {
        facts.insert(1, Known::new("Proposed by", said(&stated["name"])));
        change.clear();
    }
    if is_read {
        return page.response(true);
    }
    // The proposal brings the key. The version is that of the page that was looked at.
    let once = Once { key: String::new(), version: Typed::of(pairs).once.version };
    match send::sent(visit, act, read, &json!({ "proposal": proposal }), &once).await {
        Ok(()) => Ok(send::done(visit, read)),
        Err(failure) => send::failed(visit, page, read, failure),
    }
}
