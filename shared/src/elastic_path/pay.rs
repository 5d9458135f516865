//! `POST …/payments` and its method routes: pay by token and by card (seeds 000 and 001).

use lambda_http::{Body, Request, Response, http::HeaderMap};
use serde_json::{Map, Value, json};

use super::{
    Answered,
    attempt::Attempt,
    body::{self, Members},
    caller::{Caller, idempotency_key},
    error::{ApiError, Code},
    follow_up, order_id, respond,
    response::GATEWAY,
};
use crate::{
    access_token,
    app::App,
    card::{CardNumber, CardSummary, Expiry, SecurityCode, mask_card_numbers},
    clock::Clock,
    gateway::{BillingAddress, Card, PaymentSource},
    money::Currency,
    operation::{Fingerprint, Grant, Kind, Shopper},
    order::{Action, CaptureAt, Intent, Pay},
    policy::OrdersMode,
    transaction::Method,
};

/// Longest text of one member; longer ones belong nowhere in a payment.
const TEXT_MAX: usize = 255;

/// Members of the card form, in the seed's order.
const CARD_MEMBERS: [&str; 6] = ["first_name", "last_name", "number", "month", "year", "verification_value"];

/// `POST …/payments`: the method stands in the body.
pub async fn pay(app: &App, request: &Request) -> Response<Body> {
    respond(request, Box::pin(answer(app, request, None))).await
}

/// `POST …/payments/authorize`.
pub async fn authorize(app: &App, request: &Request) -> Response<Body> {
    respond(request, Box::pin(answer(app, request, Some(Method::Authorize)))).await
}

/// `POST …/payments/purchase`.
pub async fn purchase(app: &App, request: &Request) -> Response<Body> {
    respond(request, Box::pin(answer(app, request, Some(Method::Purchase)))).await
}

/// What the `method` of a body asks for.
enum Asked {
    Pay(Method),
    FollowUp(Kind),
}

async fn answer(app: &App, request: &Request, route: Option<Method>) -> Answered {
    let caller = Caller::of(app, request).await?;
    let order = order_id(request)?;
    let json = body::json(request)?;
    let mut data = Members::data(json.as_ref())?;
    gateway(&mut data)?;
    let method = match asked(&mut data, route) {
        Some(Asked::Pay(method)) => method,
        Some(Asked::FollowUp(kind)) => {
            data.finish()?;
            return follow_up::of_order(app, request, &caller, order, json.as_ref(), kind).await;
        }
        None => {
            // The method is wrong; what else is wrong is worth telling all the same.
            let _also_wrong = source(&mut data, app.clock.as_ref());
            return Err(data
                .finish()
                .err()
                .unwrap_or_else(|| ApiError::new(Code::InvalidValue, "method is wrong")));
        }
    };
    let external = caller.merchant.policy.orders == OrdersMode::External;
    if external && caller.grant == Grant::Implicit {
        caller.must_be_merchant()?;
    }
    let amount = data.amount("amount");
    let stated = data.currency("currency").or_else(|| header_currency(request.headers()));
    let capture = capture_at(&mut data, method, caller.grant)?;
    let source = source(&mut data, app.clock.as_ref());
    if external && data.lacks("amount") {
        data.problem(
            "amount",
            Code::AmountRequired,
            "is required: this merchant's orders are not registered here",
        );
    }
    let currency = if external {
        stated.or_else(|| caller.merchant.only_currency())
    } else {
        data_currency(&data, stated)
    };
    if external && currency.is_none() {
        data.problem("currency", Code::Required, "is required: this merchant takes several currencies");
    }
    data.finish()?;
    let Some((source, card)) = source else {
        return Err(ApiError::new(Code::InvalidValue, "the payment cannot be read"));
    };
    if caller.grant == Grant::Implicit
        && matches!(source, PaymentSource::Profile { .. })
        && !caller.merchant.policy.shoppers.stored_cards
    {
        return Err(ApiError::new(Code::Forbidden, "this merchant's shoppers cannot pay with stored cards"));
    }
    // A shopper whose token does not say who it is can pay, and is nobody's repetition.
    let shopper = (caller.grant == Grant::Implicit)
        .then(|| caller.shopper.unwrap_or_else(|| Shopper::of(app.clock.new_id())));
    // A key of a shopper is not one of the merchant's, nor of another shopper.
    let scope = shopper.map_or_else(String::new, |shopper| shopper.0.to_string());
    let payment = match &source {
        PaymentSource::Profile { account, profile } => Some(format!("{account}|{profile}")),
        PaymentSource::Card(_) => None,
    };
    let intent = Intent {
        fingerprint: Fingerprint::new(method.kind(), amount, currency, Some(&card), payment.as_deref()),
        action: Action::Pay(Pay { method, amount, card, alone: None, capture, shopper }),
        key: idempotency_key(request, &scope)?,
        currency,
        by: caller.grant,
    };
    let attempt = match shopper {
        Some(_) => Some(Attempt::begin(app, request, &caller).await?),
        None => None,
    };
    let mut answered = follow_up::perform(app, request, &caller, order, intent, Some(&source)).await;
    if let (Some(_), Ok(answer)) = (shopper, &mut answered) {
        let id = answer.body["data"]["id"].as_str().and_then(|id| id.parse().ok());
        let secret = id.map(|id| access_token::client_secret(&caller.merchant, id));
        answer.body["data"]["client_parameters"] = json!({ "secret": secret });
    }
    if let Some(attempt) = attempt {
        attempt.end(app, &answered).await;
    }
    answered
}

/// Only `card_connect` is served here; another gateway is a valid request for somebody else.
fn gateway(data: &mut Members<'_>) -> Result<(), ApiError> {
    match data.required_text("gateway", TEXT_MAX) {
        Some(name) if name != GATEWAY => {
            let detail = "gateway must be card_connect: it is the only one that is served here";
            Err(super::error::Problem::new("data.gateway", Code::UnsupportedGateway, detail.to_owned())
                .into())
        }
        _ => Ok(()),
    }
}

fn asked(data: &mut Members<'_>, route: Option<Method>) -> Option<Asked> {
    if let Some(method) = route {
        // The route says it; a body that says something else is a mistake that costs money to guess at.
        return match data.text("method", TEXT_MAX) {
            None => Some(Asked::Pay(method)),
            Some(text) if text == method.kind().as_str() => Some(Asked::Pay(method)),
            Some(_) => {
                let detail = format!("must be {} on this route, or be left out", method.kind().as_str());
                data.problem("method", Code::UnsupportedMethod, detail);
                None
            }
        };
    }
    match data.required_text("method", TEXT_MAX)? {
        "purchase" => Some(Asked::Pay(Method::Purchase)),
        "authorize" => Some(Asked::Pay(Method::Authorize)),
        "capture" => Some(Asked::FollowUp(Kind::Capture)),
        "refund" => Some(Asked::FollowUp(Kind::Refund)),
        _ => {
            data.problem("method", Code::UnsupportedMethod, "must be purchase, authorize, capture or refund");
            None
        }
    }
}

/// A registered order has its currency; only what `data` itself states is held against it. The SDK sends its
/// currency header with every call, for other reasons.
fn data_currency(data: &Members<'_>, stated: Option<Currency>) -> Option<Currency> {
    stated.filter(|_| data.has("currency"))
}

fn header_currency(headers: &HeaderMap) -> Option<Currency> {
    let text = headers.get("x-moltin-currency")?.to_str().ok()?;
    Currency::parse(text.trim()).ok()
}

/// When the payment is captured by itself: as `capture_at` says, null being never, or as the merchant's rules do.
fn capture_at(data: &mut Members<'_>, method: Method, by: Grant) -> Result<CaptureAt, ApiError> {
    if data.lacks("capture_at") {
        return Ok(CaptureAt::AsTheMerchantSays);
    }
    if by == Grant::Implicit {
        return Err(ApiError::new(Code::Forbidden, "capture_at needs a client_credentials token"));
    }
    if method == Method::Purchase && data.has("capture_at") {
        data.problem(
            "capture_at",
            Code::InvalidValue,
            "is for authorize: a purchase takes the money at once",
        );
    }
    Ok(data.timestamp("capture_at").map_or(CaptureAt::Never, CaptureAt::At))
}

/// What is paid with, in one of the two forms, and what may be kept of it.
fn source(data: &mut Members<'_>, clock: &dyn Clock) -> Option<(PaymentSource, CardSummary)> {
    let by_card = CARD_MEMBERS.iter().any(|name| data.has(name));
    match (data.has("payment"), by_card) {
        (true, true) => {
            let detail = "pay either by payment (a stored card) or by the card's members, not by both";
            data.problem("payment", Code::InvalidValue, detail);
            None
        }
        (false, true) => by_card_members(data, clock),
        (_, false) => by_token(data),
    }
}

/// `acctid|profileid`: account first.
fn by_token(data: &mut Members<'_>) -> Option<(PaymentSource, CardSummary)> {
    let text = data.required_text("payment", TEXT_MAX)?;
    let digits =
        |text: &str, max: usize| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('|') {
        Some((account, profile)) if digits(account, 3) && digits(profile, 20) => {
            let source = PaymentSource::Profile { account: account.to_owned(), profile: profile.to_owned() };
            Some((source, CardSummary::default()))
        }
        _ => {
            let detail = "must be the CardPointe account id and profile id joined by |, such as 1|16178397535388255208";
            data.problem("payment", Code::InvalidValue, detail);
            None
        }
    }
}

fn by_card_members(data: &mut Members<'_>, clock: &dyn Clock) -> Option<(PaymentSource, CardSummary)> {
    let first_name = data.required_text("first_name", TEXT_MAX);
    let last_name = data.required_text("last_name", TEXT_MAX);
    for (name, text) in [("first_name", first_name), ("last_name", last_name)] {
        if text.is_some_and(|text| mask_card_numbers(text) != text) {
            data.problem(name, Code::InvalidValue, "looks like a card number");
        }
    }
    let number = data.required_text("number", TEXT_MAX).map(CardNumber::parse);
    let number = checked(data, "number", number);
    let expiry = expiry(data, clock);
    let code = data.required_text("verification_value", TEXT_MAX);
    let code = code.map(|text| SecurityCode::parse(text.trim(), number.as_ref().map(CardNumber::brand)));
    let security_code = checked(data, "verification_value", code);
    let billing = billing_address(data);
    let (number, expiry, security_code) = (number?, expiry?, security_code?);
    let name = format!("{} {}", first_name?.trim(), last_name?.trim());
    let summary = CardSummary::of(&number, expiry);
    let card = Card { number, expiry, security_code, name, billing, save: false };
    Some((PaymentSource::Card(Box::new(card)), summary))
}

fn expiry(data: &mut Members<'_>, clock: &dyn Clock) -> Option<Expiry> {
    let month = data.required_text("month", TEXT_MAX);
    let year = data.required_text("year", TEXT_MAX);
    let (month, year) = (month?.trim(), year?.trim());
    let expiry = match Expiry::from_parts(month, year) {
        Ok(expiry) => expiry,
        Err(error) => {
            let wrong_year = matches!(error, crate::card::ExpiryError::InvalidYear);
            data.problem(if wrong_year { "year" } else { "month" }, Code::InvalidValue, error.to_string());
            return None;
        }
    };
    if expiry.is_past_everywhere(clock.now()) {
        data.problem("year", Code::InvalidValue, "the card has expired");
        return None;
    }
    Some(expiry)
}

fn billing_address(data: &mut Members<'_>) -> Option<BillingAddress> {
    let map: &Map<String, Value> = data.object("billing_address")?;
    let mut address = Members::at("data.billing_address", map);
    let mut text = |name: &str| {
        let text = address.text(name, TEXT_MAX)?;
        if mask_card_numbers(text) != text {
            address.problem(name, Code::InvalidValue, "looks like a card number");
            return None;
        }
        Some(text.to_owned())
    };
    let (line_1, line_2, city) = (text("line_1"), text("line_2"), text("city"));
    let (region, postcode, country) = (text("region"), text("postcode"), text("country"));
    if country.as_ref().is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        address.problem("country", Code::InvalidValue, "must be an ISO 3166-1 code of two letters");
    }
    data.absorb(address);
    Some(BillingAddress {
        line_1,
        line_2,
        city,
        region,
        postcode,
        country: country.map(|code| code.to_uppercase()),
    })
}

/// The value, or its error noted with the member's name. The errors quote nothing.
fn checked<T, E: std::fmt::Display>(
    data: &mut Members<'_>,
    name: &str,
    parsed: Option<Result<T, E>>,
) -> Option<T> {
    match parsed? {
        Ok(value) => Some(value),
        Err(error) => {
            data.problem(name, Code::InvalidValue, error.to_string());
            None
        }
    }
}
