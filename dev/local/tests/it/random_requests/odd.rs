//! Oddities: changes to a request that fits its route, each for a reason that a client or an
//! attacker has.

use serde_json::{Value, json};

use super::Sent;

/// How a text becomes bytes.
type Encoding = fn(&str) -> Vec<u8>;

/// A change to a request.
type Oddity = (String, Box<dyn Fn(&mut Sent)>);

/// Stands where a text is put into a body that has been written, because a JSON value cannot hold
/// it.
const MARK: &str = "@@mark@@";

/// Amounts, as JSON writes them, or does not.
const AMOUNTS: [&str; 22] = [
    "1e400",
    "-1e400",
    "1E+2",
    "-0",
    "0.0",
    "2599.0",
    "123456789012345678901234567890",
    "18446744073709551616",
    "00",
    "+5",
    ".5",
    "5.",
    "0x10",
    "NaN",
    "-Infinity",
    "true",
    "[[[5]]]",
    r#"{"$numberLong":"5"}"#,
    r#""\u0000""#,
    r#""\ud800""#,
    "\"\u{1D7D9}\u{FF15}\"",
    "\"5\u{200B}\"",
];

/// Members that nothing knows.
fn unknown_members() -> [Value; 18] {
    [
        json!({"total": 5}),
        json!({"value": "5.00"}),
        json!({"price": {"amount": {"minor": 5}}}),
        json!({"options": 5}),
        json!({"options": {"idempotency_key": 5}}),
        json!({"options": {"idempotency_key": {"a": [1]}}}),
        json!({"options": {"amount": null}}),
        json!({"\u{FF41}mount": 5}),
        json!({"amount\u{0}": 5}),
        json!({"\u{202E}tnuoma": 5}),
        json!({"": ""}),
        json!({"__proto__": {"amount": 5}}),
        json!({"constructor": {"prototype": {}}}),
        json!({"$type": "System.Object", "$ref": "1"}),
        json!({"4788250000121443": "4788250000121443"}),
        json!({"e\u{301}\u{1F468}\u{200D}\u{1F469}": "\u{FFFF}"}),
        json!({"x".repeat(4000): "y".repeat(4000)}),
        json!({"data": {"data": {}}, "Request": {"Request": {}}}),
    ]
}

/// Headers that are added, each as often as it is listed.
const HEADERS: [&[(&str, &str)]; 28] = [
    &[("content-type", "application/json"), ("content-type", "application/xml")],
    &[("content-type", "application/json; charset=utf-8"), ("content-type", "application/json")],
    &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
    &[("authorization", "Basic OmE="), ("authorization", "")],
    &[("idempotency-key", "one"), ("idempotency-key", "other")],
    &[("idempotency-key", "\"\"")],
    &[("accept", "application/json;q=0"), ("accept", "text/xml;q=0, */*;q=0")],
    &[("accept", "text/xml"), ("accept", "text/json")],
    &[("accept", "\"")],
    &[("x-requested-with", "XMLHttpRequest"), ("x-requested-with", "x")],
    &[("x-moltin-currency", "USD"), ("x-moltin-currency", "EUR")],
    &[("x-moltin-currency", "\u{20AC}")],
    &[("x-shopper-address", "::ffff:203.0.113.7"), ("x-shopper-address", "fe80::1%25eth0")],
    &[("x-shopper-address", "203.0.113.7, 203.0.113.8")],
    &[("x-client-secret", "x"), ("x-client-secret", "")],
    &[("x-request-id", "4788250000121443")],
    &[("x-request-id", "a"), ("x-request-id", "b")],
    &[("x-http-method-override", "DELETE")],
    &[("x-original-url", "/v2/transactions"), ("x-rewrite-url", "/_local")],
    &[("x-forwarded-host", "example.com"), ("forwarded", "for=\"[::1]\";host=a")],
    &[("content-encoding", "gzip")],
    &[("content-encoding", "identity"), ("content-encoding", "br")],
    &[("content-language", "\u{FF}"), ("content-location", "//")],
    &[("origin", "null"), ("origin", "https://example.com")],
    &[("range", "bytes=0-"), ("if-none-match", "*"), ("if-match", "\"\"")],
    &[("expect", "200-ok")],
    &[("cookie", "authorization=Bearer"), ("cookie", "=")],
    &[("ep-channel", "\u{1F600}"), ("traceparent", "00-0-0-0")],
];

/// Media types in place of the right one.
const MEDIA: [&str; 18] = [
    "",
    "*/*",
    "json",
    "text/plain",
    "application/vnd.api+json",
    "application/problem+json",
    "application/soap+xml; action=\"a\"",
    "application/xhtml+xml",
    "text/xml",
    "Application/JSON ; Charset = \"UTF-16\"",
    "application/json; charset=utf-8; charset=utf-16",
    "application/xml; charset=iso-8859-1",
    "application/json; charset=\"",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=----x",
    "application/octet-stream",
    "application/json, application/xml",
    "application/json;;;=;\u{E9}",
];

/// Bodies in place of a right one.
fn bodies() -> Vec<Vec<u8>> {
    let root = |inner: &str| {
        let namespace = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";
        format!("<CardTransactionBindingModel xmlns=\"{namespace}\">{inner}</CardTransactionBindingModel>")
    };
    let nil = "<Request xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>";
    let texts = [
        String::new(),
        " \r\n\t".to_owned(),
        "\u{FEFF}".to_owned(),
        "\0".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "\"\"".to_owned(),
        "0".to_owned(),
        "{}{}".to_owned(),
        "{\"data\":{},}".to_owned(),
        "{'data':{}}".to_owned(),
        "{\"data\":{},\"data\":{}}".to_owned(),
        "{\"Request\":{},\"request\":{}}".to_owned(),
        "{\"data\":[{}]}".to_owned(),
        "{\"data\":null,\"Request\":null,\"Authentication\":null}".to_owned(),
        "// comment\n{}".to_owned(),
        format!("{}{}", "{\"data\":".repeat(17), "}".repeat(17)),
        "{\"a\":".repeat(5000),
        "[".repeat(60_000),
        format!(
            "{{\"data\":{{{}}}}}",
            (0..2000).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",")
        ),
        "data[amount]=5&data[amount]=6".to_owned(),
        "grant_type=implicit&grant_type=client_credentials&%ff=%".to_owned(),
        "<?xml version=\"1.1\"?><a/>".to_owned(),
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>".to_owned(),
        "<CardTransactionBindingModel/>".to_owned(),
        root(""),
        root(nil),
        root("<Authentication><Id>170200123</Id><Key>&lol;</Key></Authentication>"),
        root("<x:Request xmlns:x='urn:x'/><Request/><x:Request xmlns:x='urn:y'/>"),
        root("<Request><Amount>5</Amount><Amount>6</Amount></Request>"),
        root("<Request><![CDATA[<Amount>5</Amount>]]></Request>"),
        root("<?php echo 5; ?>"),
        root(&"<a>".repeat(17)),
        "<a ".repeat(20_000),
        "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'/>".to_owned(),
    ];
    let mut all: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    all.push(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0".to_vec());
    all.push(b"{\"data\":{\"name\":\"\xc0\xaf\xed\xa0\x80\xff\"}}".to_vec());
    all
}

pub(super) fn oddities() -> Vec<Oddity> {
    let mut all: Vec<Oddity> = Vec::new();
    for amount in AMOUNTS {
        all.push((format!("the amount {amount}"), Box::new(move |sent| sent.set_amount(amount))));
    }
    for members in unknown_members() {
        all.push((format!("also {members}"), Box::new(move |sent| sent.add(&members))));
    }
    for headers in HEADERS {
        let add = move |sent: &mut Sent| {
            sent.headers.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())));
        };
        all.push((format!("with {headers:?}"), Box::new(add)));
    }
    for media in MEDIA {
        let replace = move |sent: &mut Sent| {
            sent.headers.retain(|(name, _)| *name != "content-type");
            sent.headers.push(("content-type", media.as_bytes().to_vec()));
        };
        all.push((format!("as {media:?}"), Box::new(replace)));
    }
    for body in bodies() {
        all.push((
            format!("the body {}", body.escape_ascii()),
            Box::new(move |sent| sent.body.clone_from(&body)),
        ));
    }
    let encodings: [(&str, Encoding); 4] = [
        ("UTF-16 without a word", |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16 with its mark", |text| {
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
        }),
        ("UTF-32", |text| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ("EBCDIC-like", |text| text.bytes().map(|byte| byte ^ 0x80).collect()),
    ];
    for (name, encode) in encodings {
        let encoded = move |sent: &mut Sent| sent.body = encode(&String::from_utf8_lossy(&sent.body));
        all.push((format!("in {name}"), Box::new(encoded)));
    }
    for query in
        ["?", "?data=%7B%7D&amount=5", "?customer=a&customer=b&filter=(((&page[limit]=-1", "?%00=%ff&a[]=b"]
    {
        let ask =
            move |sent: &mut Sent| sent.path = format!("{}{query}", sent.path.split('?').next().unwrap());
        all.push((format!("asked {query}"), Box::new(ask)));
    }
    all
}

impl Sent {
    /// Changes the JSON body, if it is one with members.
    fn change(&mut self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let name = ["data", "Request"].into_iter().find(|name| body.get(name).is_some());
        if let Some(members) = name.and_then(|name| body[name].as_object_mut()) {
            change(members);
            self.body = body.to_string().into_bytes();
        }
    }

    fn add(&mut self, members: &Value) {
        let members = members.as_object().unwrap().clone();
        self.change(|data| data.extend(members));
    }

    fn set_amount(&mut self, written: &str) {
        self.change(|data| {
            let name = if data.contains_key("Amount") { "Amount" } else { "amount" };
            data.insert(name.to_owned(), json!(MARK));
        });
        let body = String::from_utf8_lossy(&self.body).replace(&format!("\"{MARK}\""), written);
        self.body = body.into_bytes();
    }
}
