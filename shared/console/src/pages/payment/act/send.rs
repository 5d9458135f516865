//! Sending the form, and the result.

use lambda_http::{Body, Response, http::StatusCode};
use serde::Serialize;

use super::{
    page::{ActPage, Advice, Step, Way, changed, confirming},
    typed::{TICK, Typed, wrong},
};
use crate::{
    api::{Failure, Once, Refusal, address},
    pages::{
        Visit,
        payment::{
            Act, Payment,
            placed::{Placed, route},
        },
        problem::Problem,
    },
    web::redirect,
    words::{self, Tone},
};

/// Codes after which the same form can be sent again. An earlier attempt may still turn out to be
/// done: the key knows.
const BUSY: [&str; 5] = [
    "operation_in_progress",
    "payment_in_progress",
    "contended",
    "gateway_unavailable",
    "service_unavailable",
];

/// Carries out the confirmed form.
pub(super) async fn typed(
    visit: &Visit<'_>,
    act: Act,
    placed: &Placed,
    typed: Typed,
) -> Result<Response<Body>, Problem> {
    // Without key and version the form could count twice. No page of ours omits them.
    if typed.once.key.is_empty() || typed.once.version.is_empty() {
        return Err(Problem::Forged);
    }
    let mut page = ActPage::new(visit, act, placed, typed);
    let payment = &placed.payment;
    let wanted = match page.typed.wanted(act, placed) {
        Ok(wanted) => wanted,
        Err(wrong) => {
            page.wrong = wrong;
            return page.response(false);
        }
    };
    match sent(visit, act, payment, &wanted, &page.typed.once).await {
        Ok(()) => Ok(done(visit, payment)),
        Err(failure) => failed(visit, confirming(visit, page, act, placed, wanted.moves), placed, failure),
    }
}

/// Sends the form as the person of the page. The API decides whether that person may.
pub(super) async fn sent(
    visit: &Visit<'_>,
    act: Act,
    payment: &Payment,
    data: &(impl Serialize + Sync),
    once: &Once,
) -> Result<(), Failure> {
    visit.post(&route(payment.order(), &payment.id(), act.route()), data, once).await
}

/// The payment's page, which shows the outcome of the last operation.
pub(super) fn done(visit: &Visit<'_>, payment: &Payment) -> Response<Body> {
    redirect(&address(&payment.address(&visit.frame), &[("done", "yes")]))
}

/// Why sending failed, beside the form where that can be sent again or corrected.
pub(super) fn failed(
    visit: &Visit<'_>,
    mut page: ActPage,
    placed: &Placed,
    failure: Failure,
) -> Result<Response<Body>, Problem> {
    let refusal = match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Unavailable | Failure::Unreadable => return unclear(page),
    };
    match refusal.code.as_str() {
        // The payment's page shows the gateway's response.
        code if words::is_outcome(code) => return Ok(done(visit, &placed.payment)),
        "version_differs" => {
            page.notices = vec![changed(visit, placed)];
            page.step = Step::Over;
        }
        "exceeds_refund_max" => {
            let here = format!("{}{}", visit.console.settings.url, page.here);
            page.link = refusal.proposal.map(|proposal| address(&here, &[("proposal", &proposal)]));
            page.notices = vec![Advice::new(Tone::Waiting, limit(&page))];
            page.step = Step::Over;
        }
        "payment_disputed" => {
            page.step = Step::Form;
            page.needs_tick = true;
            page.wrong = wrong("disputed", TICK);
        }
        "idempotency_key_in_progress" => {
            let text = "It is still being carried out. Wait a moment, and then look at the payment.";
            page.notices = vec![Advice::new(Tone::Waiting, text)];
            page.step = Step::Over;
        }
        code if BUSY.contains(&code) => {
            let text = format!(
                "Not carried out yet: {}. Send this form again in a moment: it is carried out once.",
                plain(&refusal)
            );
            page.notices = vec![Advice::new(Tone::Waiting, text)];
        }
        _ if refusal.status == StatusCode::TOO_MANY_REQUESTS => {
            let text = "Tollgate is busy. Send this form again in a minute: it is carried out once.";
            page.notices = vec![Advice::new(Tone::Waiting, text)];
        }
        _ if refusal.status.is_server_error() && refusal.code != "payments_stopped" => return unclear(page),
        _ if refusal.status == StatusCode::UNAUTHORIZED => return Err(Problem::SignedOut),
        _ => {
            page.notices = vec![refused(&page, &refusal)];
            page.step = Step::Over;
        }
    }
    page.response(false)
}

/// It is not known whether the form arrived. The key makes it harmless to send it again.
fn unclear(mut page: ActPage) -> Result<Response<Body>, Problem> {
    let text = "Tollgate did not respond, so we do not know whether it was done. Send this form again: it is \
                carried out once.";
    page.notices = vec![Advice::new(Tone::Waiting, text)];
    page.response(false)
}

/// The API's words, to go on with in a sentence.
pub(super) fn plain(refusal: &Refusal) -> &str {
    refusal.detail.trim_end_matches('.')
}

fn refused(page: &ActPage, refusal: &Refusal) -> Advice {
    let form = |act: Act, name| Some(Way { address: format!("{}/{}", page.back, act.name()), name });
    let way = match refusal.code.as_str() {
        "not_settled" => form(Act::Void, "Void all of it"),
        "already_settled" => form(Act::Refund, "Refund it"),
        _ => None,
    };
    let text = match refusal.code.as_str() {
        "not_settled" => {
            "Nothing was done: the payment has not settled, so a part of it cannot be refunded. Try again \
                          tomorrow, or void all of it."
                .to_owned()
        }
        "retry_forbidden" => {
            "Nothing was done: the card scheme forbids to try this again, and charges for it.".to_owned()
        }
        "forbidden" => format!("Nothing was done. You may not do this: {}.", plain(refusal)),
        _ => format!("Nothing was done: {}.", plain(refusal)),
    };
    Advice { way, ..Advice::new(Tone::Bad, text) }
}

fn limit(page: &ActPage) -> String {
    let act = page.noun;
    if page.link.is_none() {
        return format!("Nothing was done. The {act} is more than you may give back of one order.");
    }
    format!(
        "Nothing was done yet. The {act} is more than you may give back of one order. Somebody who may can carry it \
         out within a day: send them this link. It is carried out once, with both names on record."
    )
}
