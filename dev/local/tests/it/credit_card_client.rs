//! A client of the credit-card API: sends any body in any content type, and reads the envelope
//! letter by letter.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{Timestamp, tz::TimeZone};
use local::merchants;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    openapi::{DESCRIPTION, Said},
    shop::{AMEX, AMEX_CODE, Shop},
};

/// The namespace of every element.
pub(crate) const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";
/// The root of a request in XML, and the start of every response in it.
pub(crate) const REQUEST_ROOT: &str = "CardTransactionBindingModel";
const ANSWER_START: &str = "<CardTransactionOutgoingModel xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
                            xmlns=\"http://schemas.datacontract.org/2004/07/Payments.Api.Models\">";

/// Behind them, where the gateway charged something beside the amounts.
const FEES: [&str; 4] = ["FeeKind", "FeeAmount", "CapturedFeeAmount", "RefundedFeeAmount"];

/// The members of `Response`, in the page's order.
const RESPONSE: [&str; 17] = [
    "ResponseCode",
    "ResponseCodeText",
    "AuthCode",
    "AvsResultCode",
    "CvvResultCode",
    "TransactionReference",
    "TransactionID",
    "CardType",
    "DiscountedAmount",
    "CustomerId",
    "ProfileId",
    "DeclineCode",
    "Advice",
    "ApprovedAmount",
    "CapturedAmount",
    "RefundedAmount",
    "LiveMode",
];

/// The syntax of both requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json,
    Xml,
}

pub(crate) const BOTH: [Syntax; 2] = [Syntax::Json, Syntax::Xml];

impl Syntax {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }

    pub(crate) fn body(self, request: &Value) -> String {
        match self {
            Self::Json => request.to_string(),
            Self::Xml => xml(request),
        }
    }
}

/// Sends to one stack. Not by `reqwest`: that adds an `Accept` where there is none.
#[derive(Clone)]
pub(crate) struct CreditCard {
    address: String,
}

impl CreditCard {
    pub(crate) fn of(shop: &Shop) -> Self {
        Self { address: shop.stack.url().trim_start_matches("http://").to_owned() }
    }

    /// A body as it is, with these headers and no others.
    pub(crate) async fn post(
        &self,
        route: &str,
        content_type: Option<&str>,
        accept: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let headers = [("content-type", content_type), ("accept", accept)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        self.post_with(route, &headers.collect::<Vec<_>>(), body).await
    }

    pub(crate) async fn post_with(
        &self,
        route: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        self.request("POST", &format!("/api/v1/payments/creditcard/{route}"), headers, body).await
    }

    /// Any method and path.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let body = body.into();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len()).unwrap();
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Answer::of(method, path, &String::from_utf8(answer).unwrap())
    }

    /// A request in one of the two, without an `Accept`.
    pub(crate) async fn send(&self, syntax: Syntax, route: &str, request: &Value) -> Answer {
        self.post(route, Some(syntax.content_type()), None, syntax.body(request)).await
    }

    /// A request in JSON, which has to be approved; its `TransactionID`.
    pub(crate) async fn approved(&self, route: &str, request: &Value) -> String {
        let answer = self.send(Syntax::Json, route, request).await;
        let envelope = answer.envelope();
        assert_eq!((answer.status, envelope.code.as_str()), (200, "00"), "{route}: {}", answer.body);
        envelope.of("TransactionID").unwrap().to_owned()
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// The response of a route, which has to be documented.
    fn of(method: &str, path: &str, http: &str) -> Self {
        let (head, body) = http.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        assert_eq!(headers["content-length"], body.len().to_string(), "the whole answer");
        let said = Said { method, path, status, headers, body };
        DESCRIPTION
            .check(&said)
            .unwrap_or_else(|why| panic!("{path} is not answered as documented: {why}\n{status} {body}"));
        let headers = said.headers;
        Self { status, content_type: headers["content-type"].clone(), headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// The response, which has to be the whole envelope in the format that its content type states.
    pub(crate) fn envelope(&self) -> Envelope {
        let envelope = self.read();
        envelope.unwrap_or_else(|why| panic!("{why}: {} {} {}", self.status, self.content_type, self.body))
    }

    fn read(&self) -> Result<Envelope, String> {
        let envelope = match self.content_type.as_str() {
            "application/json; charset=utf-8" | "text/json; charset=utf-8" => from_json(&self.body)?,
            "application/xml; charset=utf-8" | "text/xml; charset=utf-8" => from_xml(&self.body)?,
            other => return Err(format!("not negotiated: {other}")),
        };
        let text = match envelope.of("ResponseCode") {
            Some("1") => "Approved",
            Some("2") => "Declined",
            Some("3") => "Error",
            Some("4") => "Referred",
            other => return Err(format!("ResponseCode {other:?}")),
        };
        let good = envelope.code == "00";
        if envelope.of("ResponseCodeText") != Some(text)
            || envelope.code.len() != 2
            || good != (text == "Approved")
        {
            return Err("codes and texts contradict each other".to_owned());
        }
        Ok(envelope)
    }
}

/// The envelope that the API's description calls `CardTransactionOutgoingModel`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) code: String,
    pub(crate) description: String,
    response: BTreeMap<&'static str, Option<String>>,
}

impl Envelope {
    /// A member of `Response`.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        self.response[name].as_deref()
    }

    /// Whether a member of `Response` is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.response.contains_key(name)
    }

    /// As it is in JSON.
    pub(crate) fn value(&self) -> Value {
        json!({
            "Message": {"Code": self.code, "Description": self.description},
            "Response": self.response,
        })
    }
}

/// The members of a response: those of a fee are there only together.
fn names(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let fees = FEES.into_iter().filter(|_| FEES.into_iter().any(&is_there));
    RESPONSE.into_iter().chain(fees).collect()
}

/// JSON with all members, each a text or null, in the page's order and without anything else.
fn from_json(body: &str) -> Result<Envelope, String> {
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let (message, response) = (&value["Message"], &value["Response"]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names = names(|name| response.get(name).is_some());
    let members: Vec<_> = names.iter().map(|name| format!("\"{name}\":{}", response[*name])).collect();
    let whole = format!(
        "{{\"Message\":{{\"Code\":{},\"Description\":{}}},\"Response\":{{{}}}}}",
        message["Code"],
        message["Description"],
        members.join(",")
    );
    if whole != body || names.iter().any(|name| !response[*name].is_null() && !response[*name].is_string()) {
        return Err("not the envelope in the page's order".to_owned());
    }
    Ok(Envelope {
        code: text(&message["Code"]).ok_or("no Code")?,
        description: text(&message["Description"]).ok_or("no Description")?,
        response: names.iter().map(|name| (*name, text(&response[*name]))).collect(),
    })
}

/// XML with all members in ordinal order, null as `i:nil`, and without anything else.
pub(crate) fn from_xml(body: &str) -> Result<Envelope, String> {
    let mut rest = body;
    literal(&mut rest, ANSWER_START)?;
    literal(&mut rest, "<Message>")?;
    let code = element(&mut rest, "Code")?.ok_or("no Code")?;
    let description = element(&mut rest, "Description")?.ok_or("no Description")?;
    literal(&mut rest, "</Message><Response>")?;
    let mut names = names(|name| body.contains(&format!("<{name}>")));
    names.sort_unstable();
    let mut response = BTreeMap::new();
    for name in names {
        response.insert(name, element(&mut rest, name)?);
    }
    literal(&mut rest, "</Response></CardTransactionOutgoingModel>")?;
    if rest.is_empty() { Ok(Envelope { code, description, response }) } else { Err(format!("and {rest}")) }
}

fn literal(rest: &mut &str, text: &str) -> Result<(), String> {
    *rest = rest.strip_prefix(text).ok_or_else(|| format!("{text} does not come next"))?;
    Ok(())
}

fn element(rest: &mut &str, name: &str) -> Result<Option<String>, String> {
    if let Some(after) = rest.strip_prefix(&format!("<{name} i:nil=\"true\" />")) {
        *rest = after;
        return Ok(None);
    }
    literal(rest, &format!("<{name}>"))?;
    let (text, after) =
        rest.split_once(&format!("</{name}>")).ok_or_else(|| format!("{name} does not end"))?;
    *rest = after;
    if text.contains(['<', '>']) {
        return Err(format!("{name} is not escaped"));
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#xD;", "\r").replace("&amp;", "&");
    Ok(Some(text))
}

/// A request as XML, each member as an element: `null` as `i:nil`, an array's items as `Item`.
pub(crate) fn xml(request: &Value) -> String {
    let mut out = format!(
        "<{REQUEST_ROOT} xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"{NAMESPACE}\">"
    );
    write_members(&mut out, request);
    write!(out, "</{REQUEST_ROOT}>").unwrap();
    out
}

fn write_members(out: &mut String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(name, value)| write_element(out, name, value)),
        Value::Array(items) => items.iter().for_each(|item| write_element(out, "Item", item)),
        Value::String(text) => {
            out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        }
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        write!(out, "<{name} i:nil=\"true\" />").unwrap();
        return;
    }
    write!(out, "<{name}>").unwrap();
    write_members(out, value);
    write!(out, "</{name}>").unwrap();
}

/// `Authentication` of the merchant that every test shop is.
pub(crate) fn authentication() -> Value {
    json!({"Id": merchants::REGISTERED, "Key": merchants::REGISTERED_KEY})
}

/// A valid payment with every member of the page: `"0"` authorizes, `"1"` charges.
pub(crate) fn payment(transaction_type: &str, reference: &str) -> Value {
    json!({
        "Authentication": authentication(),
        "Request": {
            "TransactionType": transaction_type,
            "Card": {"CardNumber": AMEX, "ExpiryDate": "12/31", "CVV": AMEX_CODE},
            "CaptureMethod": "2",
            "BillingAddress": {
                "HouseNumber": "12", "ApartmentNumber": "4A", "Street": "Welling Ave", "Street2": "Houseblocks",
                "City": "Saverton", "Zip": "90001", "County": "King", "State": "WA", "Country": "USA",
                "CountryName": null, "Country2AlphaCode": null, "Country3AlphaCode": null, "CountryNumericCode": null,
            },
            "TransactionDateTime": date_time(Timestamp::now()),
            "Amount": "20.50",
            "CurrencyCode": "USD",
            "TransactionReference": reference,
            "Description": "Booking for workstation 23A",
            "DealType": null,
            "DealStage": null,
            "Email": "larry@newmedia.com",
            "Authorizer": "Secondhand Bank",
            "Discount": {"DiscountCode": "1234", "Product": "Storage"},
            "Marketing": null,
            "RevenuePartner": null,
            "Name": null,
            "SaveToFile": "false",
        },
    })
}

/// A follow-up without an amount: `capture`, `refund`, `void`, or `charge` of a held amount.
pub(crate) fn follow_up(route: &str, transaction: &str, reference: &str) -> Value {
    let mut request = json!({"TransactionID": transaction, "TransactionReference": reference});
    match route {
        "refund" => request["TransactionType"] = json!("2"),
        "charge" => request["TransactionType"] = json!("1"),
        _ => {}
    }
    json!({"Authentication": authentication(), "Request": request})
}

/// The form of `TransactionDateTime`.
pub(crate) fn date_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The request with another value of one member (a JSON pointer), or without it.
pub(crate) fn with(mut request: Value, member: &str, value: Option<Value>) -> Value {
    let (parent, name) = member.rsplit_once('/').unwrap();
    let parent = request.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    request
}
