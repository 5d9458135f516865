//! Capture, refund and void: one form. The typed values are shown once more, and only that page has
//! the button that moves money.
//!
//! A form has a key of its own, so it counts once, no matter how often it is sent; and the version
//! of the order that its reader saw, so nothing is done to a payment that has changed since.

mod page;
mod proposal;
mod send;
mod settle;
mod typed;

use lambda_http::{Body, Response};
use tollgate_wire::NoMembers;

use super::{
    Act,
    placed::{Placed, route},
    possible,
};
use crate::{
    api::{Once, address},
    pages::{Visit, problem::Problem},
    web::{Pairs, redirect},
    words::{Tone, sentences},
};

use page::{ActPage, Advice, Step, Way, changed, confirming};
pub(crate) use settle::{decide, seen};
use typed::{Typed, Wrong, version_of};

/// The form: shown, shown again to be confirmed, and carried out.
pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
    act: Act,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let pairs = if is_read { &parameters } else { visit.form };
    let placed = Placed::read(visit, order, transaction).await?;
    if pairs.get("proposal").is_some() {
        return proposal::show(visit, act, &placed, pairs, is_read).await;
    }
    let typed = Typed::of(pairs);
    if !is_read && pairs.get("step") == Some("send") {
        return send::typed(visit, act, &placed, typed).await;
    }
    let mut page = ActPage::new(visit, act, &placed, typed.begun(act, &placed)?);
    page.notices = if page.typed.once.version == version_of(&placed) {
        obstacles(act, &placed)
    } else {
        vec![changed(visit, &placed)]
    };
    if !page.notices.is_empty() {
        page.step = Step::Over;
        return page.response(is_read);
    }
    page.notices.extend(unsettled(visit, act, &placed));
    let checked = page.typed.checked(act, &placed);
    filled(page, pairs, is_read, checked, |page, wanted| confirming(visit, page, act, &placed, wanted.moves))
}

/// The form, or once its values are right, the page to confirm it.
fn filled<T>(
    mut page: ActPage,
    pairs: &Pairs,
    is_read: bool,
    checked: Result<T, Wrong>,
    confirmed: impl FnOnce(ActPage, T) -> ActPage,
) -> Result<Response<Body>, Problem> {
    if pairs.get("ended").is_some() && matches!(page.step, Step::Form) {
        let text = "You had to sign in again. What you typed is here, and was not sent.";
        page.notices.push(Advice::new(Tone::Waiting, text));
    }
    if matches!(page.step, Step::Over) || is_read && pairs.get("step") != Some("check") {
        return page.response(is_read);
    }
    match checked {
        // Another address, so that Back and a reload show it again and send nothing.
        Ok(_) if !is_read => Ok(redirect(&page.typed.address(&page.here, "check"))),
        Ok(wanted) => confirmed(page, wanted).response(true),
        Err(wrong) => {
            page.wrong = wrong;
            page.response(false)
        }
    }
}

/// Why there is nothing to fill in.
fn obstacles(act: Act, placed: &Placed) -> Vec<Advice> {
    let stated = placed.possible(act);
    let why = || Advice::new(Tone::Bad, sentences::possible(stated));
    (!possible::has_form(stated)).then(why).into_iter().collect()
}

/// The alternative to a refund that is too early.
fn unsettled(visit: &Visit<'_>, act: Act, placed: &Placed) -> Option<Advice> {
    let text = "It is not settled yet, as far as the reports say. Until then, usually overnight, only all of it can \
                be given back, by a void.";
    sentences::is_void(placed.possible(act)).then(|| Advice {
        way: Some(Way { address: placed.payment.form(Act::Void, &visit.frame), name: "Void all of it" }),
        ..Advice::new(Tone::Waiting, text)
    })
}

/// Sends an inquiry about the operation in doubt, which the address names, and shows the payment
/// with the outcome. No call reads it before: it was in doubt on the page with the button.
pub(crate) async fn confirm(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
) -> Result<Response<Body>, Problem> {
    visit.post(&route(order, transaction, "confirm"), &NoMembers {}, &Once::default()).await?;
    let parameters = visit.parameters();
    let operation = parameters.get("operation").unwrap_or_default();
    let at = visit.console.clock.now().as_second().to_string();
    let asked = [("done", "asked"), ("operation", operation), ("at", &at)];
    Ok(redirect(&address(&visit.frame.payment(order, transaction), &asked)))
}
