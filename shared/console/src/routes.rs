//! Which request leads to which page.

use lambda_http::{
    Body, Request, Response,
    http::{Method, header},
};
use percent_encoding::percent_decode_str;
use tollgate_core::{
    journal::Concern,
    values::{TextUse, looks_like_card_number},
};

use crate::{
    api::{address, in_time},
    frame::Frame,
    pages::{
        Visit, attention, days, deposits, month,
        payment::{self, Act},
        payments,
        problem::{Problem, unreadable},
        sign_in,
    },
    seal::is_masked,
    session::Session,
    settings::Console,
    sign_in::WayToIssuer,
    web::{
        BACK_MAX_BYTES, Cookie, FORM, LOST, PAGE_FORM_MAX_BYTES, Pairs, SOUGHT, icon, is_personal,
        merchant_of, merchant_of_page, redirect, style,
    },
};

/// Responds to a request. HEAD gets the response of GET, as the platform cuts the body off.
pub async fn handle(console: &Console, request: Request) -> Response<Body> {
    // A way back from the issuer counts once: to try it again is to begin anew.
    let here = request.uri().path_and_query().filter(|here| here.path() != "/callback");
    let here = here.map_or("/", |here| here.as_str()).to_owned();
    let answered = match form_of(&request) {
        Ok(form) => in_time(routed(console, &request, &form)).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| problem.page(&here))
}

/// The members of the form, of every request. No other body is looked at.
fn form_of(request: &Request) -> Result<Pairs, Problem> {
    let body: &[u8] = request.body();
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|stated| stated.to_str().ok());
    let content_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if body.len() > PAGE_FORM_MAX_BYTES {
        return Err(Problem::TooLargeForm);
    }
    if !body.is_empty() && !content_type.eq_ignore_ascii_case(FORM) {
        return Err(Problem::NoForm);
    }
    Ok(Pairs::parsed(body))
}

async fn routed(console: &Console, request: &Request, form: &Pairs) -> Result<Response<Body>, Problem> {
    let path = request.uri().path().to_owned();
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned);
    // One slash only: `//170200123/…` would be an address of another host to go back to.
    let parts =
        path.strip_prefix('/').unwrap_or_default().split('/').map(decoded).collect::<Result<Vec<_>, _>>();
    let parts = parts.map_err(|_| Problem::NotFound)?;
    let parts = parts.iter().map(String::as_str).collect::<Vec<_>>();
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    match parts.as_slice() {
        // To try a form again is to begin where it is.
        ["" | "sign-in" | "sign-out" | "merchants"] if is_read => home(console, request).await,
        ["assets", "icon.svg"] if is_read => Ok(icon()),
        ["assets", _] if is_read => Ok(style()),
        ["sign-in"] if request.method() == Method::POST => begin(console, request, form).await,
        ["callback"] if is_read => console.callback(request).await,
        ["sign-out"] if request.method() == Method::POST => sign_out(console, request, form).await,
        [merchant, page @ ..] if !page.is_empty() && merchant_of(merchant).is_some() => {
            signed_in(console, request, form, merchant, page).await
        }
        _ => Err(Problem::NotFound),
    }
}

/// Payments, for a person who is signed in at one merchant; everybody else chooses one first.
async fn home(console: &Console, request: &Request) -> Result<Response<Body>, Problem> {
    let signed_in = console.signed_in_at(request).await?;
    match signed_in.as_slice() {
        [merchant] if request.uri().path() != "/merchants" => Ok(redirect(&format!("/{merchant}/payments"))),
        [] => sign_in::show(&signed_in, console.settings.merchant.unwrap_or_default(), ""),
        _ => sign_in::show(&signed_in, "", ""),
    }
}

/// A form of ours comes from our own page. Browsers say where from.
fn is_own(console: &Console, request: &Request) -> bool {
    let stated = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    stated(header::ORIGIN.as_str()) == Some(&console.settings.url)
        && stated("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

async fn begin(console: &Console, request: &Request, form: &Pairs) -> Result<Response<Body>, Problem> {
    if !is_own(console, request) {
        return Err(Problem::Forged);
    }
    let typed = form.get("merchant").unwrap_or_default();
    let merchant = match console.settings.merchant_here(typed) {
        Ok(merchant) => merchant,
        Err(wrong) => return sign_in::show(&console.signed_in_at(request).await?, typed, &wrong),
    };
    let payments = format!("/{merchant}/payments");
    let back = form.get("back").filter(|back| merchant_of_page(back) == Some(merchant));
    let way = console.way_to_issuer(merchant, back.unwrap_or(&payments), None).await?;
    to_issuer(&way, false)
}

/// Sends a person to the issuer. After a form it takes a page: browsers follow no redirect from
/// there that leads elsewhere.
fn to_issuer(way: &WayToIssuer, is_read: bool) -> Result<Response<Body>, Problem> {
    let mut response = if is_read { redirect(&way.address) } else { sign_in::on_the_way(&way.address)? };
    Cookie::SignIn.set(&mut response, &way.cookie);
    Ok(response)
}

/// Whether a form was sent by a page of this session.
fn is_genuine(console: &Console, request: &Request, form: &Pairs, session: &Session) -> bool {
    is_own(console, request) && form.get("csrf").is_some_and(|token| is_masked(&session.csrf, token))
}

/// Ends all sessions of the browser. The form of a page of one of them is enough.
async fn sign_out(console: &Console, request: &Request, form: &Pairs) -> Result<Response<Body>, Problem> {
    let all = console.kept(request).await?;
    // The button of a session that was left works, too.
    let sessions = all.iter().filter_map(|kept| kept.session.as_ref()).collect::<Vec<_>>();
    let is_one_of_theirs = sessions.iter().any(|session| is_genuine(console, request, form, session));
    if !sessions.is_empty() && !is_one_of_theirs {
        return Err(Problem::Forged);
    }
    let mut response = redirect("/");
    for kept in &all {
        console.end(kept, &mut response).await?;
    }
    Ok(response)
}

/// The address at which a form is shown again with the typed values, and not sent. A card number
/// and an e-mail address would stay in the browser's history.
fn again(request: &Request, form: &Pairs) -> String {
    // Behind a file without its text there would be one of everything.
    let path = request.uri().path();
    let path = path.strip_suffix(".csv").unwrap_or(path);
    let ended = if form.get(SOUGHT).is_some_and(is_personal) { LOST } else { "yes" };
    let address_of_form = Pairs::of_address(request).for_address();
    let typed = form.for_address();
    let is_kept = |(name, value): &(&str, &str)| match *name {
        "csrf" | "step" => false,
        "reason" | "note" => !looks_like_card_number(value, TextUse::Words),
        "retref" => !looks_like_card_number(value, TextUse::Reference),
        _ => true,
    };
    let all = address_of_form.iter().chain(typed.iter().filter(is_kept));
    let back = address(path, &all.chain([("ended", ended)]).collect::<Vec<_>>());
    if back.len() > BACK_MAX_BYTES { path.to_owned() } else { back }
}

/// A page of a merchant, for a person who is signed in there.
async fn signed_in(
    console: &Console,
    request: &Request,
    form: &Pairs,
    merchant: &str,
    page: &[&str],
) -> Result<Response<Body>, Problem> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let typed = Pairs::of_address(request);
    let clean = typed.for_address();
    // Before anything is read or shown for it, or kept of it for a sign-in.
    if is_read && typed != clean {
        return Ok(redirect(&address(request.uri().path(), &clean.iter().collect::<Vec<_>>())));
    }
    let session = match Cookie::Session(merchant).of(request) {
        Some(cookie) => console.session(merchant, cookie).await?,
        None => None,
    };
    let Some(session) = session else {
        if is_read || !is_own(console, request) {
            return Err(Problem::SignedOut);
        }
        let way = console.way_to_issuer(merchant, &again(request, form), None).await?;
        return to_issuer(&way, false);
    };
    if !is_read && !is_genuine(console, request, form, &session) {
        return Err(Problem::Forged);
    }
    if !is_read
        && page == ["payments"]
        && let Some(found) = payments::find(merchant, form)?
    {
        return Ok(found);
    }
    if console.clock.now() >= session.token_until {
        // Only the issuer can say that the person is still there.
        let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
        let back = if is_read { here.to_owned() } else { again(request, form) };
        let way = console.way_to_issuer(merchant, &back, Some(&session)).await?;
        return to_issuer(&way, is_read);
    }
    let frame = Frame::read(console, &session, page.first().copied().unwrap_or_default()).await?;
    let visit = Visit { console, session: &session, request, form, frame };
    match Box::pin(shown(&visit, page, is_read)).await {
        Err(Problem::Unreadable) => unreadable(&visit.frame),
        shown => shown,
    }
}

async fn shown(visit: &Visit<'_>, page: &[&str], is_read: bool) -> Result<Response<Body>, Problem> {
    match (page, is_read) {
        (["payments"], _) => payments::show(visit).await,
        (["payments.csv"], _) => payments::csv(visit).await,
        (["payments", order, transaction] | ["payments", order, transaction, "confirm"], true) => {
            payment::show(visit, order, transaction).await
        }
        (["payments", order, transaction, "receipt"], true) => {
            payment::receipt(visit, order, transaction).await
        }
        (["payments", order, transaction, "confirm"], false) => {
            payment::act::confirm(visit, order, transaction).await
        }
        (["payments", order, transaction, "decide"], _) => {
            payment::act::decide(visit, order, transaction, is_read).await
        }
        (["payments", order, transaction, "attention", code], _) => {
            let concern = Concern::from_name(code).ok_or(Problem::NotFound)?;
            payment::act::seen(visit, order, transaction, concern, is_read).await
        }
        (["payments", order, transaction, act], _) => {
            let act = Act::of(act).ok_or(Problem::NotFound)?;
            payment::act::show(visit, order, transaction, act, is_read).await
        }
        (["attention"], true) => attention::show(visit).await,
        (["attention.csv"], true) => attention::csv(visit).await,
        (["deposits"], true) => deposits::show(visit).await,
        (["deposits.csv"], true) => deposits::csv(visit).await,
        (["deposits", id], true) => deposits::one(visit, id).await,
        (["deposits", id, "lines.csv"], true) => deposits::lines_csv(visit, id).await,
        (["on-the-way.csv"], true) => deposits::on_the_way_csv(visit).await,
        (["exceptions.csv"], true) => deposits::exceptions_csv(visit).await,
        (["exceptions", id], _) => deposits::exception(visit, id, is_read).await,
        (["days"], true) => days::show(visit).await,
        (["days.csv"], true) => days::csv(visit).await,
        (["month"], true) => month::show(visit).await,
        (["month.csv"], true) => month::csv(visit).await,
        _ => Err(Problem::NotFound),
    }
}
