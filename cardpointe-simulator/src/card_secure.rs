//! `CardSecure`: tokens for card numbers and checking accounts, without credentials.

use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::{
    cards::{self, Card},
    codes::pps,
    expiry::Expiry,
    faults::Endpoint,
    fields::Fields,
    response::Response,
    world::World,
};

/// Where its endpoints are.
pub(crate) const PATH: &str = "/cardsecure/api/v1";

/// An error code with its message. The numbers and their meaning are documented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Error(u32, &'static str);

const NOT_DIGITS: Error = Error(8, "Data not decimal digits");
const TOO_LONG: Error = Error(13, "Data too long");
const EMPTY: Error = Error(14, "Data is empty");
const NOT_BASE_64: Error = Error(19, "Base 64 decode failure");
const TOO_SHORT: Error = Error(21, "Data too short");
const NOT_FOUND: Error = Error(49, "Data not found");
const BAD_CHECK_DIGIT: Error = Error(54, "Card number check (Luhn) failed");
const BAD_TOKEN: Error = Error(56, "Token format is bad");
const MISSING: Error = Error(74, "Missing required parameter");
const NOT_JSON: Error = Error(77, "JSON deserialization error");

const MAX_MESSAGE: usize = 250;
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
const ACCOUNT_DIGITS: std::ops::RangeInclusive<usize> = 4..=17;

/// The endpoint that a path names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Tokenize,
    Echo,
}

impl Service {
    pub(crate) fn find(path: &str) -> Option<Self> {
        match path.strip_prefix(PATH)? {
            "/ccn/tokenize" => Some(Self::Tokenize),
            "/echo" => Some(Self::Echo),
            _ => None,
        }
    }

    /// Its name in faults; there are none for `echo`.
    pub(crate) fn endpoint(self) -> Option<Endpoint> {
        (self == Self::Tokenize).then_some(Endpoint::Tokenize)
    }
}

/// The response of a service.
pub(crate) fn respond<B: AsRef<[u8]>>(world: &mut World, service: Service, request: &Request<B>) -> Response {
    let path = request.uri().path();
    if request.method() != Method::POST {
        return Response::http_error(StatusCode::METHOD_NOT_ALLOWED, path, world.now());
    }
    let Some(fields) = Fields::parse(request.body().as_ref()) else { return failed(NOT_JSON) };
    let done = match service {
        Service::Tokenize => tokenize(world, &fields)
            .map(|token| json!({ "message": "No error", "errorcode": 0, "token": token })),
        Service::Echo => echo(&fields).map(|message| json!({ "message": message, "errorcode": 0 })),
    };
    done.map_or_else(failed, |body| Response::json(StatusCode::OK, &body))
}

/// Status 200, as clients see it; the documentation has 400 and 404 without saying when.
fn failed(Error(code, message): Error) -> Response {
    Response::json(StatusCode::OK, &json!({ "message": message, "errorcode": code, "token": "" }))
}

fn echo(fields: &Fields) -> Result<String, Error> {
    match fields.get("message") {
        Some(Value::String(text)) if text.chars().count() > MAX_MESSAGE => Err(TOO_LONG),
        Some(Value::String(text)) => Ok(cards::mask_card_numbers(text)),
        _ => Err(MISSING),
    }
}

/// A card number, a checking account or a token becomes a token; with expiry and CVV, which are
/// held for its next payment.
fn tokenize(world: &mut World, fields: &Fields) -> Result<String, Error> {
    if fields.text("devicedata").is_some() || fields.text("encryptionhandler").is_some() {
        // Neither readers nor keys are simulated.
        return Err(NOT_BASE_64);
    }
    if fields.get("account").is_none() {
        return Err(MISSING);
    }
    let account = fields.text("account").ok_or(EMPTY)?;
    let expiry = fields.text("expiry");
    if expiry.as_ref().is_some_and(|expiry| Expiry::parse(expiry).is_none()) {
        return Err(NOT_DIGITS);
    }
    let cvv = fields.text("cvv");
    check_cvv(cvv.as_deref())?;
    let card = match account.split_once('/') {
        Some((routing, number)) => checking_account(world, routing, number)?,
        // Spaces are taken out, as people type them.
        None => card(world, &account.replace([' ', '-'], ""))?,
    };
    let card = if fields.flag("unique") { world.vault.another_token(&card) } else { card };
    let now = world.now();
    world.vault.hold(&card.token, expiry, cvv, now);
    Ok(card.token)
}

fn check_cvv(cvv: Option<&str>) -> Result<(), Error> {
    match cvv {
        Some(cvv) if !is_digits(cvv) => Err(NOT_DIGITS),
        Some(cvv) if cvv.len() < 3 => Err(TOO_SHORT),
        Some(cvv) if cvv.len() > 4 => Err(TOO_LONG),
        _ => Ok(()),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn card(world: &mut World, account: &str) -> Result<Card, Error> {
    if !is_digits(account) {
        return Err(NOT_DIGITS);
    }
    if account.len() < *CARD_DIGITS.start() {
        return Err(TOO_SHORT);
    }
    if account.len() > *CARD_DIGITS.end() {
        return Err(TOO_LONG);
    }
    world.vault.resolve(account).map_err(|refusal| {
        if refusal == pps::INVALID_TOKEN {
            NOT_FOUND
        } else if account.starts_with('9') {
            BAD_TOKEN
        } else {
            BAD_CHECK_DIGIT
        }
    })
}

fn checking_account(world: &mut World, routing: &str, account: &str) -> Result<Card, Error> {
    if !is_digits(routing) || !is_digits(account) {
        return Err(NOT_DIGITS);
    }
    if routing.len() < 2 || account.len() < *ACCOUNT_DIGITS.start() {
        return Err(TOO_SHORT);
    }
    if routing.len() > 9 || account.len() > *ACCOUNT_DIGITS.end() {
        return Err(TOO_LONG);
    }
    Ok(world.vault.checking_account(routing, account))
}
