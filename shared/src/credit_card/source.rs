//! The source of a payment: a card, its token, or a card that is stored at the gateway.
//!
//! A token is stored only when the gateway returns it. A value of that form from a caller may be
//! another scheme's card number.

use jiff::Timestamp;
use tollgate_core::{
    payments::{Card, Initiator, PaymentSource},
    values::{CardAccount, CardSummary, Expiry, SecurityCode},
};

use crate::api::{Code, Members, Node};

/// Longest text of a member; longer ones belong nowhere in a payment.
const TEXT_MAX: usize = 255;
/// Longest profile at the gateway.
const CUSTOMER_DIGITS_MAX: usize = 20;
/// Longest number of an account in a profile.
const PROFILE_DIGITS_MAX: usize = 3;

/// The source of a payment, and the data that may be kept: `Card`, or `CustomerId` and `ProfileId`.
/// Clients of the original may send these beside a card, as numbers of their own: then the card
/// pays, as ever.
pub(super) fn source(request: &mut Members<'_>, now: Timestamp) -> Option<(PaymentSource, CardSummary)> {
    if !is_stored(request) {
        return card(request, now);
    }
    // `CustomerId` is the gateway's profile, `ProfileId` the account in it.
    let profile = stored_id(request, "CustomerId", CUSTOMER_DIGITS_MAX);
    let account = stored_id(request, "ProfileId", PROFILE_DIGITS_MAX);
    let (account, profile, initiator) = (account?, profile?, Initiator::Customer);
    Some((PaymentSource::Profile { account, profile, initiator }, CardSummary::default()))
}

/// Whether a stored card is named, whose address the gateway has, too.
pub(super) fn is_stored(request: &Members<'_>) -> bool {
    !request.has("Card") && (request.has("CustomerId") || request.has("ProfileId"))
}

/// `CustomerId`, whether the gateway's number or the client's own: by it, declines count together
/// where no shopper's address is stated.
pub(super) fn customer_id<'a>(request: &Members<'a>) -> Option<&'a str> {
    match request.node("CustomerId")? {
        Node::Text(text) | Node::Number(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Node::Null | Node::Bool(_) | Node::Object(_) | Node::List(_) => None,
    }
}

fn stored_id(request: &mut Members<'_>, name: &str, digits_max: usize) -> Option<String> {
    let text = request.required_scalar(name, TEXT_MAX)?;
    if text.len() > digits_max || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return request.no_value(name, format!("must be 1 to {digits_max} digits"));
    }
    Some(text.to_owned())
}

/// A card as it was typed, or its token. Name, address and whether to store it are elsewhere in the
/// request.
fn card(request: &mut Members<'_>, now: Timestamp) -> Option<(PaymentSource, CardSummary)> {
    let mut card = request.required_object("Card")?;
    let account = card.required_scalar("CardNumber", TEXT_MAX).map(CardAccount::parse);
    let account = card.checked("CardNumber", account);
    let expiry = card.required_scalar("ExpiryDate", TEXT_MAX).map(Expiry::parse_mm_yy);
    let expiry = card.checked("ExpiryDate", expiry);
    if expiry.is_some_and(|expiry| expiry.is_past_everywhere(now)) {
        card.problem_of_now("ExpiryDate", Code::InvalidValue, "is past: the card has expired");
    }
    // The gateway already has the data typed beside the number into its own form.
    let is_token = account.as_ref().is_some_and(CardAccount::is_token);
    let code = card.scalar_if(!is_token, "CVV", TEXT_MAX);
    let brand = account.as_ref().and_then(CardAccount::brand);
    let code = code.map(|text| SecurityCode::parse(text, brand));
    let security_code = card.checked("CVV", code);
    request.absorb(card);
    let (account, expiry) = (account?, expiry?);
    let summary = account.summary(expiry);
    let is_complete = is_token || security_code.is_some();
    let card = Card {
        account,
        expiry,
        security_code,
        name: String::new(),
        billing: None,
        save: false,
        series: false,
    };
    is_complete.then(|| (PaymentSource::Card(Box::new(card)), summary))
}
