//! CardPointe's JSON: requests, and the members that are read from a response.
//!
//! Requests ask for a receipt, because then responses name the order id. The receipt itself, with
//! the name on the card, is not read. An amount without a point is read as minor units, as the
//! Reference has it, and counts only if it is the requested amount.

mod fee;

pub(super) use fee::{FeeMembers, FeeType, not_negative};

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use tollgate_core::{
    order::GatewayResponse,
    payments::{Command, Initiator, Instruction, KnownPayment, Labels, PaymentSource},
    values::{
        Amount, CardToken, Carried, Charged, Currency, SchemeCode, SchemeWords, SecurityCode, StoredCard,
        nearest_ascii, sent_postcode,
    },
};

/// Longest name, address line and city that CardPointe takes (`docs/cardpointe.md`, *Amounts, dates
/// and order ids*).
const TEXT_MAX: usize = 30;
/// Longest region, in characters.
const REGION_MAX: usize = 20;
/// Most of a reference and of a description that the gateway is told, in characters. All free
/// fields together have 4,000 bytes, in which JSON writes quotes and backslashes twice.
const LABEL_MAX: usize = 255;
/// Most of the metadata that the gateway is told, in characters: whole members only.
const METADATA_MAX: usize = 1_000;

/// A request's body, an object of texts and free fields. It may hold a card number: no `Debug`.
struct Body<'a> {
    members: Vec<(&'static str, Cow<'a, str>)>,
    userfields: Vec<UserField<'a>>,
}

impl<'a> Body<'a> {
    /// The members of each request.
    fn new(instruction: &'a Instruction<'_>) -> Self {
        let merchid = ("merchid", Cow::Borrowed(instruction.route.account.as_str()));
        Self { members: vec![merchid], userfields: Vec::new() }
    }

    /// The response is to name the order id. Not documented for a void.
    fn with_receipt(self) -> Self {
        self.with("receipt", "Y")
    }

    fn with(self, name: &'static str, text: impl Into<Cow<'a, str>>) -> Self {
        self.maybe(name, Some(text))
    }

    /// Leaves out a member without text.
    fn maybe(mut self, name: &'static str, text: Option<impl Into<Cow<'a, str>>>) -> Self {
        self.members.extend(text.map(|text| (name, text.into())));
        self
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in &self.members {
            map.serialize_entry(name, text)?;
        }
        if !self.userfields.is_empty() {
            map.serialize_entry("userfields", &self.userfields)?;
        }
        map.end()
    }
}

/// Free fields, shown by the gateway's reports: objects of one member each.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum UserField<'a> {
    /// The attempt's order id once more: an inquiry shows user fields, and a refund is not always
    /// found by its order id.
    Attempt(&'a str),
    OrderId(&'a str),
    Reference(String),
    Description(String),
    Metadata(String),
}

/// By these finance finds a payment at the gateway.
fn user_fields<'a>(instruction: &'a Instruction<'_>) -> Vec<UserField<'a>> {
    let Labels { reference, description, metadata, email: _ } = instruction.labels;
    let label = |text: Option<&str>| text.and_then(|text| ascii(text, LABEL_MAX));
    let metadata = metadata.and_then(|metadata| ascii(&metadata.line(METADATA_MAX), METADATA_MAX));
    let order_id = Some(UserField::OrderId(instruction.order.as_str()));
    let attempt = match instruction.command {
        Command::Refund(_) => Some(UserField::Attempt(instruction.gateway_order_id)),
        Command::Authorize(_) | Command::Purchase(_) | Command::Capture(_) | Command::Void(_) => None,
    };
    let labels = [
        label(reference).map(UserField::Reference),
        label(description).map(UserField::Description),
        metadata.map(UserField::Metadata),
    ];
    [order_id].into_iter().chain(labels).chain([attempt]).flatten().collect()
}

/// Endpoint and body of an instruction.
pub(super) fn request(instruction: &Instruction<'_>) -> (&'static str, Vec<u8>) {
    let decimal = |amount| decimal(amount, instruction.currency);
    let amount = || decimal(instruction.amount);
    // A request without an amount covers the whole payment, with its fee.
    let named = |payment: &KnownPayment<'_>| match &payment.fee {
        Some(fee) => fee.named(instruction.amount).map(decimal),
        None => Some(amount()),
    };
    let (endpoint, body) = match &instruction.command {
        Command::Authorize(source) => {
            ("auth", auth(instruction, source).with("amount", amount()).with("capture", "N"))
        }
        Command::Purchase(source) => {
            ("auth", auth(instruction, source).with("amount", amount()).with("capture", "Y"))
        }
        Command::Capture(payment) => {
            ("capture", about(instruction, payment).maybe("amount", named(payment)).with_receipt())
        }
        // Without an amount everything is voided, which is the only void there is here.
        Command::Void(payment) => ("void", about(instruction, payment)),
        Command::Refund(payment) => {
            let body = about(instruction, payment).maybe("amount", named(payment));
            let body = body.with("orderid", instruction.gateway_order_id).with_receipt();
            ("refund", Body { userfields: user_fields(instruction), ..body })
        }
    };
    (endpoint, json(&body))
}

/// The members of each request about a payment.
fn about<'a>(instruction: &'a Instruction<'_>, payment: &'a KnownPayment<'_>) -> Body<'a> {
    Body::new(instruction).with("retref", payment.reference)
}

fn auth<'a>(instruction: &'a Instruction<'_>, source: &'a PaymentSource) -> Body<'a> {
    let body = Body { userfields: user_fields(instruction), ..Body::new(instruction) }
        .with("orderid", instruction.gateway_order_id)
        .with("currency", instruction.currency.code())
        .with_receipt()
        // The nearest address in ASCII can be somebody else's.
        .maybe("email", instruction.labels.email.filter(|text| text.is_ascii()));
    match source {
        PaymentSource::Profile { account, profile, initiator } => {
            // R: one of a series that the merchant takes by schedule. C: the cardholder pays; M:
            // the merchant does.
            let (ecomind, cof, scheduled) = match initiator {
                Initiator::Customer => ("E", "C", "N"),
                Initiator::Merchant { scheduled: false } => ("E", "M", "N"),
                Initiator::Merchant { scheduled: true } => ("R", "M", "Y"),
            };
            // The other way round than in the Elastic Path API.
            body.with("profile", format!("{profile}/{account}"))
                .with("ecomind", ecomind)
                .with("cof", cof)
                .with("cofscheduled", scheduled)
        }
        PaymentSource::Card(card) => {
            let billing = card.billing.as_ref();
            let text = |field: Option<&String>, max| field.and_then(|text| ascii(text, max));
            // The holder agrees that the card is stored.
            let stored = |word| card.save.then_some(word);
            body.with("ecomind", "E")
                .with("account", card.account.expose())
                .with("expiry", card.expiry.mmyy())
                .maybe("cvv2", card.security_code.as_ref().map(SecurityCode::expose))
                .maybe("name", ascii(&card.name, TEXT_MAX))
                .maybe("address", text(billing.and_then(|b| b.line_1.as_ref()), TEXT_MAX))
                .maybe("address2", text(billing.and_then(|b| b.line_2.as_ref()), TEXT_MAX))
                .maybe("city", text(billing.and_then(|b| b.city.as_ref()), TEXT_MAX))
                .maybe("region", text(billing.and_then(|b| b.region.as_ref()), REGION_MAX))
                .maybe("country", text(billing.and_then(|b| b.country.as_ref()), 2))
                .maybe("postal", billing.and_then(|b| b.postcode.as_deref()).and_then(postal))
                .maybe("profile", stored("Y"))
                .maybe("cof", stored("C"))
                // A scheme advises on a series' payments only where its first one said so.
                .maybe("cofscheduled", stored(if card.series { "Y" } else { "N" }))
                .maybe("cofpermission", stored("Y"))
        }
    }
}

/// Amount with two decimals, always: a whole number would be read as minor units.
pub(super) fn decimal(amount: Amount, currency: Currency) -> String {
    debug_assert_eq!(currency.exponent(), super::DECIMALS, "refused before it gets here");
    currency.decimal(amount)
}

/// The text in US-ASCII, cut where the gateway's member ends.
fn ascii(text: &str, max: usize) -> Option<String> {
    let text: String = nearest_ascii(text.trim()).chars().take(max).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// A postal code, which was checked where it came in.
pub(super) fn postal(text: &str) -> Option<String> {
    Some(sent_postcode(text)).filter(|text| !text.is_empty())
}

pub(super) fn json(body: &impl Serialize) -> Vec<u8> {
    // Plain structs of strings: there is nothing in them that could fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// The members that are read from a response; all others are ignored, with any type.
#[derive(Clone, Default)]
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
    /// The card scheme's words, as they are kept.
    pub(super) scheme: SchemeWords,
    /// As written; the sign is that of the money's direction.
    pub(super) amount: Option<String>,
    /// The members about a fee in the amount.
    pub(super) fee: Option<FeeMembers>,
    /// The transaction's state at the gateway; only in look-ups and captures.
    pub(super) setlstat: Option<String>,
    /// The MID that ran it.
    pub(super) merchid: Option<String>,
    /// The order id that it names.
    pub(super) order_id: Option<String>,
    pub(super) currency: Option<String>,
    /// The order id of the attempt, as a refund's user fields carry it.
    pub(super) attempt: Option<String>,
    /// Whether its user fields are such as we send. Transactions made in the gateway's portal have
    /// none.
    pub(super) has_our_fields: bool,
}

/// A member as text. Some clients and versions write numbers.
pub(super) fn take_text(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    match members.remove(name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn scheme_words(members: &mut Map<String, Value>) -> SchemeWords {
    // A client reads these names in small letters, too.
    let mut text =
        |name: &str| take_text(members, name).or_else(|| take_text(members, &name.to_ascii_lowercase()));
    let mut code =
        |code: &str, words: &str| SchemeCode::stated(text(code).as_deref(), text(words).as_deref());
    SchemeWords {
        advice: code("merchAdviceCode", "merchAdviceText"),
        response: code("assocRespCode", "assocRespText"),
        category: SchemeCode::stated(text("declineCategory").as_deref(), None),
    }
}

/// An amount in minor units, and whether it is negative. Every response seen has two decimals; a
/// number without a point is documented as minor units (`docs/cardpointe.md`, *Amounts, dates and
/// order ids*).
pub(super) fn minor_units(text: &str) -> Option<(Amount, bool)> {
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let (whole, cents) = match digits.split_once('.') {
        Some((whole, cents)) if cents.len() == 2 => (whole, cents),
        Some(_) => return None,
        None => (digits, ""),
    };
    // A plus in front would be parsed below.
    if !whole.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Some((Amount::new(format!("{whole}{cents}").parse().ok()?).ok()?, negative))
}

/// A user field by its name: user fields are an object, or an array of objects of one member each.
fn user_field<'a>(fields: &'a Value, name: &str) -> Option<&'a str> {
    match fields {
        Value::Object(members) => members.get(name)?.as_str(),
        Value::Array(list) => list.iter().find_map(|fields| user_field(fields, name)),
        _ => None,
    }
}

impl GatewayReply {
    /// Reads a response; none when it is not a JSON object, or an array that holds anything but
    /// one.
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
        let user_fields = fields.remove("userfields").unwrap_or_default();
        let fee = FeeMembers::take(&mut fields);
        let scheme = scheme_words(&mut fields);
        let mut text = |name: &str| take_text(&mut fields, name);
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
            scheme,
            amount: text("amount"),
            fee,
            setlstat: text("setlstat"),
            merchid: text("merchid"),
            // Its case varies with the endpoint.
            order_id: text("orderId").or_else(|| text("orderid")),
            currency: text("currency"),
            attempt: user_field(&user_fields, "attempt").map(str::to_owned),
            has_our_fields: user_field(&user_fields, "order_id").is_some(),
        }
    }

    /// The total in minor units, a fee included, and whether it is negative.
    pub(super) fn amount(&self) -> Option<(Amount, bool)> {
        minor_units(self.amount.as_deref()?)
    }

    /// Whether it states a negative amount.
    pub(super) fn is_negative(&self) -> bool {
        self.amount().is_some_and(|(_, negative)| negative)
    }

    /// Whether two records with one reference are the same one.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        fn facts(record: &GatewayReply) -> ([&Option<String>; 6], &Option<FeeMembers>) {
            let GatewayReply { respstat, respproc, respcode, amount, fee, setlstat, order_id, .. } = record;
            ([respstat, respproc, respcode, amount, setlstat, order_id], fee)
        }
        facts(self) == facts(other)
    }

    /// Where the card is stored, when both ids are valid.
    fn stored(&self) -> Option<StoredCard> {
        let digits = |text: &Option<String>, max: usize| {
            text.clone().filter(|text| text.len() <= max && text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        Some(StoredCard { profile: digits(&self.profile, 20)?, account: digits(&self.account, 3)? })
    }

    /// The kept parts of a response that moved this money.
    pub(super) fn moving(&self, charged: Charged) -> GatewayResponse {
        GatewayResponse { charged: Some(charged), ..self.response() }
    }

    /// The parts of the response that are kept. The amount is the total.
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
            // An approval has nothing to say about another attempt.
            scheme: Some(&self.scheme)
                .filter(|words| !words.is_empty() && self.respstat.as_deref() != Some("A"))
                .map(|words| Box::new(words.clone())),
            charged: self.amount().map(|(amount, _)| amount.into()),
            settlement_rejected: false,
            unproven: false,
            carried: Carried::default(),
        }
    }
}

#[cfg(test)]
mod tests;
