//! Requests to the credit-card API in JSON and XML, and how its responses are read.

use std::{fmt::Write, sync::Arc};

use lambda_http::{Body, Request, Response};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use tollgate::{credit_card, ports::Orders};
use tollgate_core::order::{KeyDigest, Order, Transaction};
use tollgate_wire::credit_card::{Outgoing, ResponseCode};
use uuid::Uuid;

use super::{Said, deliver};
use crate::{
    ask::{Ask, Asked, Media, Route, Word},
    card::Card,
    check::{
        credit_card as check,
        credit_card::{Answered, payment as payment_of},
        owed,
    },
    merchants::{EXTERNAL, REGISTERED},
    world::{State, World},
};

/// The namespace of a request in XML.
const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";

/// The id of the payment with this reference: its order's and its transaction's.
pub(crate) fn payment_id(merchant: &str, reference: &str) -> Uuid {
    merchant.parse().map(|merchant| credit_card::payment_id(&merchant, reference)).unwrap_or_default()
}

/// A new payment without its reference.
pub(crate) fn payment(card: Card, amount: u64) -> Value {
    let card = json!({"CardNumber": card.number(), "ExpiryDate": "12/49", "CVV": "123"});
    let billing = json!({"Zip": "19406", "Country": "US"});
    with_amount(json!({"Card": card, "CaptureMethod": "2", "BillingAddress": billing}), Some(amount))
}

/// The same with an amount.
pub(crate) fn with_amount(mut request: Value, amount: Option<u64>) -> Value {
    if let Some(minor) = amount {
        request["Amount"] = format!("{}.{:02}", minor / 100, minor % 100).into();
        request["CurrencyCode"] = "USD".into();
    }
    request
}

/// The digest that its operation is stored with.
pub(super) fn digest(ask: &Ask, asked: Asked) -> Option<KeyDigest> {
    Some(credit_card::key_digest(asked.kind(ask.transaction)?, ask.key.as_deref()?))
}

/// The content by which two requests with one reference are the same.
pub(super) fn wish(ask: &Ask, asked: Asked) -> String {
    let of = |member: &Value| member.as_str().unwrap_or_default().to_owned();
    let amount = of(&ask.data["Amount"]);
    let number = of(&ask.data["Card"]["CardNumber"]);
    let last_four = number.get(12..).unwrap_or_default();
    let discount = of(&ask.data["Discount"]["DiscountCode"]);
    format!("{:?} {amount} {last_four} {discount}", asked.kind(ask.transaction))
}

pub(super) fn event(ask: &Ask, asked: Asked, media: Media, key: &str, request_id: u32) -> String {
    let mut request = ask.data.clone();
    let ids = [
        ("TransactionType", asked.transaction_type().map(str::to_owned)),
        ("TransactionID", ask.transaction.map(|id| id.to_string())),
        ("TransactionReference", ask.key.clone()),
    ];
    for (name, value) in ids {
        if let Some(value) = value {
            request[name] = value.into();
        }
    }
    let body = json!({"Authentication": {"Id": ask.merchant, "Key": key}, "Request": request});
    let (body, content_type, accept) = match media {
        Media::Json => (body.to_string(), "application/json", "*/*"),
        Media::XmlForJson => (body.to_string(), "text/json", "application/xml, application/json;q=0.5"),
        Media::Xml => {
            let mut xml = format!(r#"<CardTransactionBindingModel xmlns="{NAMESPACE}">"#);
            write_members(&mut xml, body.as_object());
            (format!("{xml}</CardTransactionBindingModel>"), "application/xml; charset=utf-8", "text/xml")
        }
    };
    let (path, body) = (asked.path(), Value::String(body));
    format!(
        r#"{{"version": "2.0", "routeKey": "POST {path}", "rawPath": "{path}", "rawQueryString": "",
            "headers": {{"content-type": "{content_type}", "accept": "{accept}"}},
            "requestContext": {{"accountId": "0", "apiId": "s", "domainName": "localhost", "domainPrefix": "s",
                "http": {{"method": "POST", "path": "{path}", "protocol": "HTTP/1.1",
                         "sourceIp": "127.0.0.1", "userAgent": "simulation"}},
                "requestId": "{request_id}", "routeKey": "POST {path}", "stage": "$default",
                "time": "01/Jan/2026:12:00:00 +0000", "timeEpoch": 0}},
            "body": {body}, "isBase64Encoded": false}}"#
    )
}

/// Every text in these requests is letters, digits and the like, so nothing has to be escaped.
fn write_members(xml: &mut String, members: Option<&Map<String, Value>>) {
    for (name, value) in members.into_iter().flatten() {
        // Writing to a text cannot fail.
        write!(xml, "<{name}>").unwrap_or_default();
        match value {
            Value::Object(members) => write_members(xml, Some(members)),
            value => xml.push_str(value.as_str().unwrap_or_default()),
        }
        write!(xml, "</{name}>").unwrap_or_default();
    }
}

pub(super) async fn handle(ports: &Orders, asked: Asked, request: &Request) -> Response<Body> {
    let (api, paying) = (&ports.api, ports.paying());
    match asked {
        Asked::Authorize => credit_card::authorize(paying, request).await,
        Asked::Charge => credit_card::charge(paying, request).await,
        Asked::Capture => credit_card::capture(api, request).await,
        Asked::Refund => credit_card::refund(api, request).await,
        Asked::Void => credit_card::void(api, request).await,
        Asked::Status => credit_card::status(api, request).await,
    }
}

/// The outcome that a response states.
pub(super) fn read(state: &mut State, ask: &Ask, media: Media, response: &Response<Body>) -> Said {
    state.count("answers of the credit-card API");
    if media != Media::Json {
        state.count("answers of the credit-card API in XML");
    }
    let status = response.status().as_u16();
    let body: &[u8] = response.body();
    let text = String::from_utf8_lossy(body);
    let outgoing = match media {
        Media::Json => serde_json::from_str(&text),
        Media::Xml | Media::XmlForJson => {
            let parts = ["Message", "Response"].map(|part| (part, members(&text, part)));
            Outgoing::deserialize(Value::from_iter(parts))
        }
    };
    let mut broken = Vec::new();
    let Ok(Outgoing { message, response: facts }) = outgoing else {
        let broken = vec![format!("answered {status}: {text}")];
        return Said { word: Word::Refused, transaction: None, code: String::new(), broken };
    };
    let transaction: Option<Uuid> = facts.transaction_id.as_ref().and_then(|id| id.parse().ok());
    let word = match (status, facts.response_code.known(), message.code.as_str()) {
        // Without a payment nothing began, because an earlier one cannot be inquired about.
        (200, Some(ResponseCode::Error), "90" | "91") if transaction.is_none() => Word::Unavailable,
        (200, Some(ResponseCode::Approved), "00") => Word::Done,
        (200, Some(ResponseCode::Declined), "02") => Word::Declined,
        (200, Some(ResponseCode::Held), "01") => Word::Pending,
        (200, Some(ResponseCode::Error), "68" | "93") | (503, Some(ResponseCode::Error), "92") => {
            Word::Unavailable
        }
        (200, Some(ResponseCode::Error), "61" | "62" | "64" | "65") => Word::Busy,
        (200, Some(ResponseCode::Error), "90" | "91") => Word::NotDone,
        // Codes 10 to 18 tell a mistake of the request itself, and no request here has one.
        (200, Some(ResponseCode::Error), code) if ("30".."90").contains(&code) => Word::Refused,
        (401, Some(ResponseCode::Error), "20") => Word::KeyRefused,
        _ => {
            broken.push(format!("answered {status}: {text}"));
            Word::Refused
        }
    };
    let answered = Answered { word, transaction, message, facts };
    if word.is_of_an_operation() || transaction.is_some() {
        broken.extend(check::told(state, ask, &answered));
    }
    Said { word, transaction, code: answered.message.code, broken }
}

/// The elements of a part, which have texts or are nil.
fn members(xml: &str, part: &str) -> Value {
    let (_, rest) = xml.split_once(&format!("<{part}>")).unwrap_or_default();
    let (inner, _) = rest.split_once(&format!("</{part}>")).unwrap_or_default();
    let tags = inner.split('<').filter_map(|tag| tag.split_once('>'));
    let starts = tags.filter(|(tag, _)| !tag.starts_with('/'));
    starts
        .map(|(tag, text)| match tag.split_once(' ') {
            Some((name, _)) => (name, Value::Null),
            None => (tag, text.into()),
        })
        .collect()
}

fn is_left_to_a_person(state: &State, order: &str) -> bool {
    let stored = state.fake_store.order(order);
    let pending = stored.and_then(payment_of).and_then(Transaction::pending);
    let left = |(order, pending)| crate::check::waits_for_a_person(order, pending, &state.ledger);
    state.ledger.may_stay_in_doubt(order) || stored.zip(pending).is_some_and(left)
}

/// In the end every payment is told for good, and a payment told as not done never happened.
pub(crate) async fn ask_how_all_stand(world: &Arc<World>) {
    let asks: Vec<Ask> = {
        let state = world.state();
        let payments = state.fake_store.orders().filter_map(|order| Some((order, payment_of(order)?)));
        let ask = |(order, payment): (&Order, &Transaction)| {
            let merchant = if order.merchant.as_str() == REGISTERED { REGISTERED } else { EXTERNAL };
            let order = order.id.to_string();
            let route = Route::Card(Asked::Status, Media::Json);
            Ask { merchant, order, route, transaction: Some(payment.id), data: json!({}), key: None }
        };
        payments.map(ask).collect()
    };
    for ask in asks {
        let mut told = deliver(world, &ask).await.word();
        if told == Some(Word::KeyRefused) {
            told = deliver(world, &ask).await.word();
        }
        let mut guard = world.state();
        let state = &mut *guard;
        let (done, times, beside) = {
            let payment = state.fake_store.order(&ask.order_key()).and_then(payment_of);
            let first = payment.and_then(Transaction::first);
            let id = first.map_or(Uuid::nil(), |first| first.id);
            let beside = payment.map_or(0, owed::left_standing);
            (state.ledger.times_done(id), state.ledger.times_standing(id), beside)
        };
        let fine = match told {
            Some(Word::Done) => done > 0 && times <= 1 + beside,
            Some(Word::Declined) => true,
            Some(Word::NotDone | Word::Refused) => times == 0,
            // It is left to a person.
            Some(Word::Pending) if is_left_to_a_person(state, &ask.order_key()) => true,
            Some(Word::Pending | Word::Busy | Word::Unavailable | Word::KeyRefused) | None => false,
        };
        if !fine && !state.ledger.is_excused(&ask.order_key()) {
            world.fail(state, &format!("in the end {} is told as {told:?}, done {times} times", ask.order));
        }
    }
}
