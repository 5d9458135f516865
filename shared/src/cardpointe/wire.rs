//! CardPointe's JSON: what is sent, and what is read of a response.

use serde::Serialize;
use serde_json::{Map, Value};

use tollgate_core::{
    order::GatewayResponse,
    payments::{Command, Initiator, Instruction, PaymentSource},
    values::{Amount, CardToken, Carried, Currency, SecurityCode, StoredCard},
};

/// Longest name, address line and city that CardPointe takes (`docs/cardpointe.md`, *Amounts, dates and order ids*).
const TEXT_MAX: usize = 30;
/// Longest region, in characters.
const REGION_MAX: usize = 20;
/// Longest e-mail address, in characters.
const EMAIL_MAX: usize = 128;
/// What of a description is told to the gateway: all free fields together have 4,000 bytes.
const DESCRIPTION_MAX: usize = 255;
/// Longest postal code, in characters.
const POSTAL_MAX: usize = 9;

/// Body of `auth`. Holds the card number: no `Debug`.
#[derive(Default, Serialize)]
struct Auth<'a> {
    merchid: &'a str,
    orderid: &'a str,
    amount: String,
    currency: &'a str,
    capture: &'static str,
    /// E: e-commerce. R: one of a series that the merchant takes by schedule.
    ecomind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cvv2: Option<&'a str>,
    /// `<profileid>/<acctid>`: the other way round than in the Elastic Path API. `Y` stores the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Of a stored card. C: the cardholder is there, and pays or lets it be stored. M: the merchant takes the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    cof: Option<&'static str>,
    /// Of a payment that the merchant takes: Y if it is one of an agreed series.
    #[serde(skip_serializing_if = "Option::is_none")]
    cofscheduled: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Y: the holder agrees that the card is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    cofpermission: Option<&'static str>,
    userfields: Vec<UserField<'a>>,
}

/// Free fields, shown by the gateway's reports: objects of one member each.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum UserField<'a> {
    /// The attempt's order id once more: an inquiry shows user fields, and a refund is not always found by its order id.
    Attempt(&'a str),
    OrderId(&'a str),
    Reference(&'a str),
    Description(String),
}

/// By these finance finds a payment at the gateway.
fn user_fields<'a>(instruction: &'a Instruction<'_>) -> Vec<UserField<'a>> {
    let memo = instruction.memo;
    let description =
        memo.and_then(|memo| memo.description.as_deref()).and_then(|text| ascii(text, DESCRIPTION_MAX));
    let order_id = Some(UserField::OrderId(instruction.order.as_str()));
    let reference = memo.map(|memo| UserField::Reference(&memo.reference));
    let attempt = match instruction.command {
        Command::Refund { .. } => Some(UserField::Attempt(instruction.gateway_order_id)),
        Command::Authorize(_) | Command::Purchase(_) | Command::Capture { .. } | Command::Void { .. } => None,
    };
    [order_id, reference, description.map(UserField::Description), attempt].into_iter().flatten().collect()
}

/// Body of `capture`, `void` and `refund`.
#[derive(Serialize)]
struct FollowUp<'a> {
    merchid: &'a str,
    retref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orderid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    userfields: Option<Vec<UserField<'a>>>,
}

/// Endpoint and body of an instruction.
pub(super) fn request(instruction: &Instruction<'_>) -> (&'static str, Vec<u8>) {
    let amount = decimal(instruction.amount, instruction.currency);
    let follow_up = |retref| FollowUp {
        merchid: &instruction.route.account,
        retref,
        amount: None,
        orderid: None,
        userfields: None,
    };
    match &instruction.command {
        Command::Authorize(source) => ("auth", json(&auth(instruction, source, amount, "N"))),
        Command::Purchase(source) => ("auth", json(&auth(instruction, source, amount, "Y"))),
        Command::Capture { reference: retref } => {
            ("capture", json(&FollowUp { amount: Some(amount), ..follow_up(retref) }))
        }
        // Without an amount everything is voided, which is the only void there is here.
        Command::Void { reference: retref } => ("void", json(&follow_up(retref))),
        Command::Refund { reference: retref } => {
            let orderid = Some(instruction.gateway_order_id);
            let userfields = Some(user_fields(instruction));
            let body = FollowUp { amount: Some(amount), orderid, userfields, ..follow_up(retref) };
            ("refund", json(&body))
        }
    }
}

fn auth<'a>(
    instruction: &'a Instruction<'_>,
    source: &'a PaymentSource,
    amount: String,
    capture: &'static str,
) -> Auth<'a> {
    let common = Auth {
        merchid: &instruction.route.account,
        orderid: instruction.gateway_order_id,
        amount,
        currency: instruction.currency.code(),
        capture,
        ecomind: "E",
        email: instruction
            .memo
            .and_then(|memo| memo.email.as_deref())
            .and_then(|text| ascii(text, EMAIL_MAX)),
        userfields: user_fields(instruction),
        ..Auth::default()
    };
    match source {
        PaymentSource::Profile { account, profile, initiator } => {
            let (ecomind, cof, cofscheduled) = match initiator {
                Initiator::Customer => ("E", "C", None),
                Initiator::Merchant { scheduled: false } => ("E", "M", Some("N")),
                Initiator::Merchant { scheduled: true } => ("R", "M", Some("Y")),
            };
            let profile = Some(format!("{profile}/{account}"));
            Auth { profile, ecomind, cof: Some(cof), cofscheduled, ..common }
        }
        PaymentSource::Card(card) => {
            let billing = card.billing.as_ref();
            let text = |field: Option<&String>, max| field.and_then(|text| ascii(text, max));
            Auth {
                account: Some(card.account.expose()),
                expiry: Some(card.expiry.mmyy()),
                cvv2: card.security_code.as_ref().map(SecurityCode::expose),
                name: ascii(&card.name, TEXT_MAX),
                address: text(billing.and_then(|b| b.line_1.as_ref()), TEXT_MAX),
                address2: text(billing.and_then(|b| b.line_2.as_ref()), TEXT_MAX),
                city: text(billing.and_then(|b| b.city.as_ref()), TEXT_MAX),
                region: text(billing.and_then(|b| b.region.as_ref()), REGION_MAX),
                country: text(billing.and_then(|b| b.country.as_ref()), 2),
                postal: billing.and_then(|b| b.postcode.as_deref()).and_then(postal),
                profile: card.save.then(|| "Y".to_owned()),
                cof: card.save.then_some("C"),
                cofpermission: card.save.then_some("Y"),
                ..common
            }
        }
    }
}

/// Amount with two decimals, always: a whole number would be read as minor units.
fn decimal(amount: Amount, currency: Currency) -> String {
    debug_assert_eq!(currency.exponent(), super::DECIMALS, "refused before it gets here");
    currency.decimal(amount)
}

/// The gateway takes US-ASCII. Other characters become `?`: AVS compares digits, and a name is not compared.
fn ascii(text: &str, max: usize) -> Option<String> {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String = text.trim().chars().map(plain).take(max).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// US postal codes are 5 or 9 digits without a hyphen; others lose their spaces.
fn postal(text: &str) -> Option<String> {
    let text: String = text.chars().filter(char::is_ascii_alphanumeric).take(POSTAL_MAX).collect();
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn json(body: &impl Serialize) -> Vec<u8> {
    // Plain structs of strings: there is nothing in them that could fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// What is read of a response; everything else in it is ignored, whatever its type.
#[derive(Default)]
pub(super) struct GatewayReply {
    pub(super) respstat: Option<String>,
    pub(super) respproc: Option<String>,
    pub(super) respcode: Option<String>,
    pub(super) resptext: Option<String>,
    pub(super) retref: Option<String>,
    pub(super) authcode: Option<String>,
    pub(super) avs: Option<String>,
    pub(super) cvv: Option<String>,
    pub(super) token: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) account: Option<String>,
    pub(super) decline_category: Option<String>,
    /// As written; the sign is that of the money's direction.
    pub(super) amount: Option<String>,
    /// The transaction's state at the gateway; only in look-ups and captures.
    pub(super) setlstat: Option<String>,
    /// The order id of the attempt, as a refund's user fields carry it.
    pub(super) attempt: Option<String>,
}

/// What user fields say of the attempt: an object, or an array of objects of one member each.
fn attempt_of(fields: &Value) -> Option<String> {
    match fields {
        Value::Object(members) => members.get("attempt")?.as_str().map(str::to_owned),
        Value::Array(list) => list.iter().find_map(attempt_of),
        _ => None,
    }
}

impl GatewayReply {
    /// Reads a response; none when it is not a JSON object, or an array that holds anything but one.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut all = Self::parse_all(body)?;
        if all.len() == 1 { all.pop() } else { None }
    }

    /// Reads a look-up: an object, or an array of objects when there are several.
    pub(super) fn parse_all(body: &[u8]) -> Option<Vec<Self>> {
        match serde_json::from_slice(body).ok()? {
            Value::Object(fields) => Some(vec![Self::of(fields)]),
            Value::Array(list) => list
                .into_iter()
                .map(|item| match item {
                    Value::Object(fields) => Some(Self::of(fields)),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    fn of(mut fields: Map<String, Value>) -> Self {
        let attempt = fields.remove("userfields").and_then(|fields| attempt_of(&fields));
        let mut text = |name: &str| match fields.remove(name)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Self {
            respstat: text("respstat"),
            respproc: text("respproc"),
            respcode: text("respcode"),
            resptext: text("resptext"),
            retref: text("retref"),
            authcode: text("authcode"),
            avs: text("avsresp"),
            cvv: text("cvvresp"),
            token: text("token"),
            profile: text("profileid"),
            account: text("acctid"),
            decline_category: text("declineCategory"),
            amount: text("amount"),
            setlstat: text("setlstat"),
            attempt,
        }
    }

    /// The amount in minor units, and whether it is negative. Read with two decimals, as it was always seen
    /// (`docs/cardpointe.md`, *Amounts, dates and order ids*).
    pub(super) fn amount(&self) -> Option<(Amount, bool)> {
        let text = self.amount.as_deref()?;
        let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
        let (whole, cents) = digits.split_once('.')?;
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if cents.len() != 2 || !all_digits(whole) || !all_digits(cents) {
            return None;
        }
        let minor = format!("{whole}{cents}").parse().ok()?;
        Some((Amount::new(minor).ok()?, negative))
    }

    /// Where the card is stored, when both ids are what they should be.
    fn stored(&self) -> Option<StoredCard> {
        let digits = |text: &Option<String>, max: usize| {
            text.clone().filter(|text| text.len() <= max && text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        Some(StoredCard { profile: digits(&self.profile, 20)?, account: digits(&self.account, 3)? })
    }

    /// What is kept of it.
    pub(super) fn response(&self) -> GatewayResponse {
        let clean = |text: &Option<String>| text.as_deref().map(GatewayResponse::clean_text);
        GatewayResponse {
            status: clean(&self.respstat),
            processor: clean(&self.respproc),
            code: clean(&self.respcode),
            text: clean(&self.resptext),
            reference: clean(&self.retref),
            authcode: clean(&self.authcode),
            avs: clean(&self.avs),
            cvv: clean(&self.cvv),
            token: self.token.as_deref().and_then(CardToken::parse),
            stored: self.stored(),
            charged: self.amount().map(|(amount, _)| amount.into()),
            settlement_rejected: false,
            carried: Carried::default(),
        }
    }
}

#[cfg(test)]
mod tests;
