//! The source of a payment: a stored card, a card, or a card's token.

use tollgate_core::{
    payments::{BillingAddress, Card, Initiator, PaymentSource},
    stored_cards::MethodId,
    values::{
        CardAccount, CardSummary, Clock, Expiry, ExpiryError, SecurityCode, StoredCard, TextUse,
        check_postcode, looks_like_card_number,
    },
};

use crate::{
    api::{Code, Members, Node},
    elastic_path::request::TEXT_MAX,
};

/// Members that name a card or describe it.
pub(in crate::elastic_path) const CARD_MEMBERS: [&str; 6] =
    ["first_name", "last_name", "number", "month", "year", "verification_value"];

/// The source that a request names.
pub(in crate::elastic_path) enum Named {
    /// A stored card by the id of its payment method. Where the gateway stores it has to be read.
    Method(MethodId, Initiator),
    /// All data for the gateway, and the part that may be kept.
    Source(PaymentSource, CardSummary),
}

impl Named {
    /// Whether the merchant initiates the payment.
    pub(in crate::elastic_path) fn is_by_merchant(&self) -> bool {
        let (Self::Method(_, initiator) | Self::Source(PaymentSource::Profile { initiator, .. }, _)) = self
        else {
            return false;
        };
        matches!(initiator, Initiator::Merchant { .. })
    }

    /// Whether it is a card that is stored at the gateway.
    pub(in crate::elastic_path) fn is_stored(&self) -> bool {
        matches!(self, Self::Method(..) | Self::Source(PaymentSource::Profile { .. }, _))
    }
}

/// The source of a payment, in one of the forms.
pub(in crate::elastic_path) fn source(data: &mut Members<'_>, clock: &dyn Clock) -> Option<Named> {
    // All members are looked at, so that none counts as unknown.
    let by_card = CARD_MEMBERS.iter().filter(|name| !data.is_null(name)).count() > 0;
    // Known, also beside a stored card, which needs none.
    let _address = data.node("billing_address");
    if data.is_null("payment") {
        return if by_card { by_card_members(data, clock) } else { stored_card(data) };
    }
    // Only looked at: its problems are noted once, below.
    let token = match data.node("payment") {
        Some(Node::Text(text)) => CardAccount::token(text),
        _ => None,
    };
    match token {
        Some(token) if data.is_null("number") => by_token(data, clock, token),
        None if !by_card => stored_card(data),
        Some(_) | None => {
            let detail = "pay either by payment (a stored card, or a token with month and year) or by the \
                          card's members, not by both";
            data.problem_about("payment", Code::InvalidValue, detail);
            None
        }
    }
}

/// A stored card: the id of its payment method, or `acctid|profileid`, account first.
fn stored_card(data: &mut Members<'_>) -> Option<Named> {
    let text = data.required_text("payment", TEXT_MAX)?;
    if let Ok(method) = text.parse() {
        return Some(Named::Method(method, Initiator::Customer));
    }
    let digits =
        |text: &str, max: usize| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('|') {
        Some((account, profile)) if digits(account, 3) && digits(profile, 20) => {
            let (account, profile) = (account.to_owned(), profile.to_owned());
            let stored = StoredCard { account: account.clone(), profile: profile.clone() };
            let source = PaymentSource::Profile { account, profile, initiator: Initiator::Customer };
            Some(Named::Source(source, CardSummary { stored: Some(stored), ..CardSummary::default() }))
        }
        _ => {
            let detail = "must be the id of a payment method, the CardPointe account id and profile id joined by |, \
                          such as 1|16178397535388255208, or a CardSecure token";
            data.no_value("payment", detail)
        }
    }
}

/// A token that the shopper's browser got for the card.
fn by_token(data: &mut Members<'_>, clock: &dyn Clock, token: CardAccount) -> Option<Named> {
    let mut name = |name: &str| {
        let text = data.text(name, TEXT_MAX);
        no_card_number(data, name, text);
        text.map(str::trim).filter(|text| !text.is_empty())
    };
    let names: Vec<&str> = [name("first_name"), name("last_name")].into_iter().flatten().collect();
    card(data, clock, Some(token), names.join(" "))
}

fn by_card_members(data: &mut Members<'_>, clock: &dyn Clock) -> Option<Named> {
    let first_name = data.required_text("first_name", TEXT_MAX);
    let last_name = data.required_text("last_name", TEXT_MAX);
    no_card_number(data, "first_name", first_name);
    no_card_number(data, "last_name", last_name);
    let account = data.required_text("number", TEXT_MAX).map(CardAccount::parse);
    let account = data.checked("number", account);
    let name = first_name.zip(last_name).map(|(first, last)| format!("{} {}", first.trim(), last.trim()));
    let paid = card(data, clock, account, name.clone().unwrap_or_default());
    name.and(paid)
}

/// Names are sent to the gateway as they are.
fn no_card_number(data: &mut Members<'_>, name: &str, text: Option<&str>) {
    if text.is_some_and(|text| looks_like_card_number(text, TextUse::Words)) {
        data.invalid(name, "looks like a card number");
    }
}

/// The card that a number or a token names, with the other members about it.
fn card(
    data: &mut Members<'_>,
    clock: &dyn Clock,
    account: Option<CardAccount>,
    name: String,
) -> Option<Named> {
    let expiry = expiry(data, clock);
    // The gateway already has the data typed beside the number into its own form.
    let is_optional = account.as_ref().is_some_and(CardAccount::is_token);
    let is_left_out = is_optional && data.is_null("verification_value");
    let code = if is_left_out { None } else { data.required_text("verification_value", TEXT_MAX) };
    let brand = account.as_ref().and_then(CardAccount::brand);
    let code = code.map(|text| SecurityCode::parse(text.trim(), brand));
    let security_code = data.checked("verification_value", code);
    let billing = billing_address(data);
    let (account, expiry) = (account?, expiry?);
    if !is_optional && security_code.is_none() {
        return None;
    }
    let summary = account.summary(expiry);
    let card = Card { account, expiry, security_code, name, billing, save: false, series: false };
    Some(Named::Source(PaymentSource::Card(Box::new(card)), summary))
}

pub(in crate::elastic_path) fn expiry(data: &mut Members<'_>, clock: &dyn Clock) -> Option<Expiry> {
    let month = data.required_text("month", TEXT_MAX);
    let year = data.required_text("year", TEXT_MAX);
    let (month, year) = (month?.trim(), year?.trim());
    let expiry = Expiry::from_parts(month, year).map_err(|error| {
        let member = if error == ExpiryError::InvalidYear { "year" } else { "month" };
        data.invalid(member, error.to_string());
    });
    let expiry = expiry.ok()?;
    if expiry.is_past_everywhere(clock.now()) {
        data.problem_about("year", Code::InvalidValue, "the card has expired");
        return None;
    }
    Some(expiry)
}

fn billing_address(data: &mut Members<'_>) -> Option<BillingAddress> {
    let mut address = data.object("billing_address")?;
    let mut text = |name: &str| {
        let text = address.text(name, TEXT_MAX)?;
        if looks_like_card_number(text, TextUse::Words) {
            return address.no_value(name, "looks like a card number");
        }
        Some(text.to_owned())
    };
    let mut billing = BillingAddress {
        line_1: text("line_1"),
        line_2: text("line_2"),
        city: text("city"),
        region: text("region"),
        postcode: text("postcode"),
        country: text("country"),
    };
    if let Some(code) = &mut billing.country {
        if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            address.invalid("country", "must be an ISO 3166-1 code of two letters");
        }
        code.make_ascii_uppercase();
    }
    let postcode = billing.postcode.as_deref().map(|text| check_postcode(text, billing.country.as_deref()));
    address.checked("postcode", postcode);
    data.absorb(address);
    Some(billing)
}
