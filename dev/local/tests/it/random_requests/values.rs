//! Values that fit a schema, as far as a schema can tell; where it cannot, ones that mean something
//! to the stack.

use jiff::{Timestamp, ToSpan};
use local::merchants;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{ORDERS, RECEIVER, TOTAL};
use crate::{
    credit_card_client::date_time,
    openapi::{DESCRIPTION, resolved},
    shop::{AMEX, MASTERCARD, NO_FUNDS, PARTLY_APPROVED, STORED_CARD, VISA, WRONG_EXPIRY},
};

/// How many of the latest payments are named in later requests.
const REMEMBERED: usize = 25;

/// The values that a run has met so far.
pub(super) struct Values {
    pub(super) now: Timestamp,
    /// Order id and transaction id of each.
    transactions: Vec<(String, String)>,
    /// The same of payments that were captured in part.
    pub(super) rests: Vec<(String, String)>,
    /// The same of authorizations whose capture can be scheduled.
    pub(super) held: Vec<(String, String)>,
    /// The same of payments that are to be decided.
    pub(super) doubted: Vec<(String, String)>,
    /// The same of payments that need attention.
    pub(super) concerned: Vec<(String, String)>,
    /// `TransactionID` of the credit-card API.
    payments: Vec<String>,
    /// Ids of stored cards.
    cards: Vec<String>,
    /// Ids of people who were added.
    people: Vec<String>,
    /// Ids of deliveries to the receiver `RECEIVER`.
    pub(super) deliveries: Vec<String>,
}

impl Default for Values {
    fn default() -> Self {
        let (transactions, rests, payments, cards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            now: Timestamp::now(),
            transactions,
            rests,
            payments,
            cards,
            people: Vec::new(),
            held: Vec::new(),
            doubted: Vec::new(),
            concerned: Vec::new(),
            deliveries: Vec::new(),
        }
    }
}

impl Values {
    /// Remembers the payments of a response.
    pub(super) fn learn(&mut self, body: &Value) {
        let data = &body["data"];
        if data["type"] == "transaction" {
            let order = data["relationships"]["order"]["data"]["id"].as_str().unwrap();
            self.transactions.push((order.to_owned(), data["id"].as_str().unwrap().to_owned()));
        }
        // A failed payment cannot be captured or voided.
        let is_good = body["Message"]["Code"] == "00";
        if let Some(id) = body["Response"]["TransactionID"].as_str().filter(|_| is_good) {
            self.payments.push(id.to_owned());
        }
        if let ("payment-method", Some(id)) = (data["type"].as_str().unwrap_or_default(), data["id"].as_str())
        {
            self.cards.push(id.to_owned());
        }
        if let ("person", Some(id)) = (data["type"].as_str().unwrap_or_default(), data["id"].as_str()) {
            self.people.push(id.to_owned());
        }
        self.cards.drain(..self.cards.len().saturating_sub(REMEMBERED));
        let (transactions, payments) = (&mut self.transactions, &mut self.payments);
        transactions.drain(..transactions.len().saturating_sub(REMEMBERED));
        payments.drain(..payments.len().saturating_sub(REMEMBERED));
    }

    /// Forgets the stored card that a request has deleted.
    pub(super) fn forget(&mut self, request: &str) {
        self.cards.retain(|card| !request.contains(card.as_str()));
    }

    /// A path of this form. Most name payments that are there.
    pub(super) fn path(&self, rng: &mut StdRng, template: &str, external: bool) -> String {
        let of = if external { "e" } else { "o" };
        let mut order = format!("{of}-{}", rng.random_range(0..ORDERS));
        let mut transaction = Uuid::from_u128(rng.random()).to_string();
        let there: Vec<_> = self.transactions.iter().filter(|(order, _)| order.starts_with(of)).collect();
        let there = match template.rsplit_once('/') {
            Some((_, "reauthorize")) => self.rests.iter().collect(),
            Some((_, "decide")) => self.doubted.iter().collect(),
            Some((_, "seen")) => self.concerned.iter().collect(),
            _ => there,
        };
        let is_one = template == "/v2/orders/{orderId}/transactions/{transactionId}";
        let needs_held = (is_one || template.ends_with("/cancel")) && !external;
        let there = if needs_held && rng.random_bool(0.5) { self.held.iter().collect() } else { there };
        if let Some((of_order, known)) = there.choose(rng)
            && template.contains("{transactionId}")
            && rng.random_bool(0.9)
        {
            (order, transaction) = (of_order.clone(), known.clone());
        }
        if template == "/v2/transactions" {
            let filter =
                ["", "eq(status,complete)", "eq(last_four,1443):lt(amount,9999)", "eq(needs_attention,true)"];
            return format!("{template}?filter={}", filter.choose(rng).unwrap_or(&""));
        }
        if template == "/v2/captures" {
            let filter = ["eq(paused,true)", "eq(paused,true)", "eq(paused,false)", ""];
            return format!("{template}?filter={}", filter.choose(rng).unwrap_or(&""));
        }
        if template == "/v2/payment-methods" {
            return format!("{template}?customer={}", customer(rng));
        }
        // Often the newest, since earlier ones may be deleted.
        let card = if rng.random_bool(0.5) { self.cards.last() } else { self.cards.choose(rng) };
        let card = card.cloned().unwrap_or_else(|| format!("pm_{}", "a".repeat(56)));
        let path = template.replace("{orderId}", &order).replace("{transactionId}", &transaction);
        let delivery = self.deliveries.choose(rng).map_or("none", String::as_str);
        let is_other = template.contains("{code}") && rng.random_bool(0.2);
        let code = if is_other { "in_doubt" } else { "voided_elsewhere" };
        let path =
            path.replace("{code}", code).replace("{webhookId}", RECEIVER).replace("{deliveryId}", delivery);
        let exception = crate::settlement::EXCEPTION.to_string();
        let path =
            path.replace("{depositId}", crate::settlement::DEPOSIT).replace("{exceptionId}", &exception);
        let person = self.people.last().unwrap_or(&exception);
        let path = path.replace("{personId}", person);
        path.replace("{paymentMethodId}", &card)
    }

    /// A value of this schema, for a request of this route.
    pub(super) fn value(&self, rng: &mut StdRng, schema: &Value, route: &str) -> Value {
        let schema = &resolved(&DESCRIPTION.document, schema);
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(one) = schema[choice].as_array().and_then(|all| all.choose(rng)) {
                let base = self.object(rng, schema, route, &required(one));
                // A required member may be described in the form that was chosen.
                let mut one = resolved(&DESCRIPTION.document, one).clone();
                if one.is_object() {
                    one["required"] = json!([required(&one), required(schema)].concat());
                }
                return merged(base, self.value(rng, &one, route));
            }
        }
        if let Some(all) = schema["allOf"].as_array() {
            return all.iter().fold(Value::Null, |so_far, one| merged(so_far, self.value(rng, one, route)));
        }
        if let Some(one) = schema["enum"].as_array().and_then(|all| all.choose(rng)) {
            return one.clone();
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        match types.choose(rng).and_then(Value::as_str) {
            Some("object") => self.object(rng, schema, route, &[]),
            Some("integer") => {
                let limit = |name: &str, or: u64| schema[name].as_u64().unwrap_or(or);
                let (least, most) = (limit("minimum", 0), limit("maximum", 1000));
                [json!(least), json!(most), json!(rng.random_range(least..=most))]
                    .choose(rng)
                    .unwrap()
                    .clone()
            }
            Some("string") => json!(text(rng, schema)),
            Some("boolean") => json!(rng.random_bool(0.5)),
            Some("null") => Value::Null,
            _ if schema.get("properties").is_some() => self.object(rng, schema, route, &[]),
            _ => {
                if schema.get("required").is_some() {
                    Value::Null
                } else {
                    json!({})
                }
            }
        }
    }

    fn object(&self, rng: &mut StdRng, schema: &Value, route: &str, also: &[String]) -> Value {
        let needed = required(schema);
        let mut members = Map::new();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if needed.contains(name) || also.contains(name) || rng.random_bool(0.3) {
                // A member that must not be there, and a form that only the schema knows.
                let by_schema = schema["type"] == "null"
                    || schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^9"));
                let known = self.known(rng, name, route).filter(|_| !by_schema && rng.random_bool(0.95));
                members.insert(name.clone(), known.unwrap_or_else(|| self.value(rng, schema, route)));
            }
        }
        // A rule that the schema states in its own words: a form of this grant needs an id and a
        // secret, unless they are HTTP Basic.
        for needs in ["client_id", "client_secret"] {
            if members.contains_key("grant_type") && schema["properties"].get(needs).is_some() {
                members.entry(needs).or_insert_with(|| self.known(rng, needs, route).unwrap_or_default());
            }
        }
        Value::Object(members)
    }

    /// A value of the member with this name that its schema cannot know.
    fn known(&self, rng: &mut StdRng, name: &str, route: &str) -> Option<Value> {
        let amount = [1, 100, 2599, 5000, 20_000, 30_000, 100_500, 99_999_999_999_u64];
        Some(match name {
            "amount" if route.starts_with("PUT") => json!([TOTAL, 99_999_999_999].choose(rng).unwrap()),
            "amount" => json!(amount.choose(rng).unwrap()),
            "Amount" => json!(pick(rng, &["20.50", "20.50", "0.01", "1005.00", "1051.00", "99999999.99"])),
            "currency" | "CurrencyCode" if rng.random_bool(0.9) => json!("USD"),
            "currency" | "CurrencyCode" => json!(pick(rng, &["usd", "EUR", "JPY", "XXX"])),
            "issuer" => json!("https://id.shop.example"),
            "subject" => json!(format!("s-{}", rng.random_range(0..1_000_000))),
            "email" if route.contains("/v2/people") => {
                json!(format!("p{}@shop.example", rng.random_range(0..1_000_000)))
            }
            "name" if route.contains("/v2/people") => json!(format!("P {}", rng.random_range(0..1_000_000))),
            "refund_max" => [json!("unlimited"), json!({"USD": 5_000}), json!({})].choose(rng)?.clone(),
            "payment" => {
                json!(pick(rng, &[STORED_CARD, STORED_CARD, STORED_CARD, "1|1", "999|99999999999999999999"]))
            }
            "number" | "CardNumber" => {
                json!(pick(
                    rng,
                    &[VISA, VISA, VISA, MASTERCARD, AMEX, NO_FUNDS, WRONG_EXPIRY, PARTLY_APPROVED]
                ))
            }
            "month" => json!(pick(rng, &["10", "1", "01", "12"])),
            "year" => json!(pick(rng, &["2031", "31", "2040"])),
            "verification_value" | "CVV" => json!(pick(rng, &["123", "112", "000", "111"])),
            "ExpiryDate" => json!(pick(rng, &["10/31", "12/31", "01/40"])),
            "country" => json!(pick(rng, &["US", "DE", "us"])),
            "Zip" | "postcode" => json!(pick(rng, &["90001", "55555", "62701-1234"])),
            "Country" => json!(pick(rng, &["USA", "US", "United States of America"])),
            "CountryName" => json!("United States of America"),
            "Country2AlphaCode" => json!("US"),
            "Country3AlphaCode" => json!("USA"),
            "CountryNumericCode" => json!("840"),
            // Together they are rarely right, and other requests need payments that are.
            "save" | "initiated_by" | "scheduled" if rng.random_bool(0.9) => Value::Null,
            // The stored card is that of none.
            "customer" if route.contains("/payments") && rng.random_bool(0.8) => Value::Null,
            "customer" => json!(customer(rng)),
            "reason" | "actor" | "text" | "Reason" | "Actor" => json!(pick(rng, &["case 4713", "Ann Lee"])),
            // Where both places state one, they have to be equal.
            "custom_reference" => json!("invoice 7"),
            "metadata" => json!({"invoice": pick(rng, &["7", "A-17", "", "é"]), "channel": "web"}),
            "capture_at" => {
                let days = rng.random_range(-1..6_i64);
                json!((self.now + (24 * days).hours()).to_string())
            }
            // Beside a time or without a moment it is wrong.
            "capture" | "capture_amount" if rng.random_bool(0.95) => Value::Null,
            "after" => json!(pick(rng, &["P2D", "PT1H", "P1DT12H"])),
            "at" => json!(pick(rng, &["17:00", "00:30"])),
            "zone" => json!(pick(rng, &["America/New_York", "Asia/Kathmandu", "UTC"])),
            // With a key in the header, too, the two say different things: an error.
            "options" if rng.random_bool(0.8) => json!({}),
            "idempotency_key" => json!(format!("key-{}", rng.random_range(0..20))),
            "transaction" => json!(self.transactions.choose(rng)?.1),
            "TransactionID" => json!(self.payments.choose(rng)?),
            "TransactionReference" => json!(format!("r-{}", rng.random_range(0..200))),
            "TransactionDateTime" => json!(date_time(self.now)),
            "Id" | "client_id" => json!(merchants::REGISTERED),
            "Key" | "client_secret" => json!(merchants::REGISTERED_KEY),
            "SaveToFile" => json!(pick(rng, &["true", "false", "1", "0"])),
            "Discount" => json!({"DiscountCode": "1234", "Product": "Storage"}),
            "TransactionType" if route.ends_with("/authorize") => json!("0"),
            "TransactionType" if route.ends_with("/charge") => json!("1"),
            "Email" => json!("larry@newmedia.com"),
            "State" => json!("WA"),
            "Authorizer" => json!("Secondhand Bank"),
            _ => return None,
        })
    }
}

/// A value for a header, right or spoiled.
pub(super) fn header(rng: &mut StdRng, name: &str) -> String {
    match name {
        "idempotency-key" => format!("key-{}", rng.random_range(0..20)),
        "x-moltin-currency" => pick(rng, &["USD", "EUR", "usd"]),
        "x-shopper-address" => std::net::Ipv4Addr::from_bits(rng.random()).to_string(),
        _ => "XMLHttpRequest".to_owned(),
    }
}

/// Many, because each has a limited number of cards.
fn customer(rng: &mut StdRng) -> String {
    format!("c-{}", rng.random_range(0..40))
}

fn pick(rng: &mut StdRng, from: &[&str]) -> String {
    (*from.choose(rng).unwrap()).to_owned()
}

fn required(schema: &Value) -> Vec<String> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The members of both; of two that are no objects the later one.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, Value::Null) => one,
        (_, other) => other,
    }
}

/// A text within the schema's limits, often at one of them.
fn text(rng: &mut StdRng, schema: &Value) -> String {
    let limit = |name: &str, or: u64| usize::try_from(schema[name].as_u64().unwrap_or(or)).unwrap();
    let examples = schema["examples"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let examples: Vec<_> = examples.collect();
    if !examples.is_empty() && rng.random_bool(0.7) {
        return pick(rng, &examples);
    }
    let (least, most) = (limit("minLength", 0), limit("maxLength", 40));
    let length = *[least, most, rng.random_range(least..=most)].choose(rng).unwrap();
    let letters: Vec<char> = "abcXYZ019 -_.:~/äß€😀'\"<&>\\".chars().collect();
    let plain = schema.get("pattern").is_some() || rng.random_bool(0.7);
    (0..length).map(|_| if plain { 'a' } else { *letters.choose(rng).unwrap() }).collect()
}
