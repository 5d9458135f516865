//! Bodies that the credit-card API cannot read, or must not: what is wrong is said in the format that was negotiated,
//! without quoting the body, and nothing is paid.

use serde_json::{Value, json};

use crate::{
    credit_card_bad_input::{Wrong, nothing_is_kept},
    credit_card_client::{BOTH, CreditCard, NAMESPACE, Syntax, payment, xml},
    shop::{AMEX, AMEX_CODE, Shop},
};

const JSON: Option<&str> = Some("application/json");
const XML: Option<&str> = Some("application/xml");

/// UTF-16 with the bytes of each unit in this order.
fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

/// `{"Authentication":…,"Request":…}` in two halves, the second of which opens `Request`'s members.
fn json_around_request(reference: &str) -> (String, String) {
    let text = payment("0", reference).to_string();
    let (before, after) = text.split_once("\"Request\":{").unwrap();
    (format!("{before}\"Request\":{{"), after.to_owned())
}

#[tokio::test]
async fn json_that_could_be_read_in_two_ways_is_not_read_at_all() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let good = payment("0", "bad").to_string();
    let (before, after) = json_around_request("bad");
    let inside = |member: &str| format!("{before}{member},{after}");
    let deep =
        |open: &str, close: &str| inside(&format!("\"Deep\":{}1{}", open.repeat(8_000), close.repeat(8_000)));
    let rows = [
        ("truncated", good[..good.len() / 2].to_owned()),
        ("all but the end", good[..good.len() - 1].to_owned()),
        ("two roots", format!("{good}{good}")),
        ("a second root", format!("{good},{{}}")),
        ("rubbish after it", format!("{good}x")),
        ("an array of it", format!("[{good}]")),
        ("a text of it", json!(good).to_string()),
        ("null", "null".to_owned()),
        ("a number", "371449635398431".to_owned()),
        ("undefined", "undefined".to_owned()),
        ("single quotes", good.replace('"', "'")),
        ("bare names", good.replace("\"Request\"", "Request")),
        ("a member twice", inside("\"Amount\":\"20.50\"")),
        ("a member twice in other letters", inside("\"amount\":\"20.50\"")),
        ("a member twice, escaped", inside("\"\\u0041mount\":\"20.50\"")),
        ("another card", inside("\"CARD\":{\"CardNumber\":\"4788250000121443\"}")),
        ("a root member twice", good.replacen('{', "{\"request\":{},", 1)),
        ("Authentication twice", good.replacen('{', "{\"authentication\":{\"Id\":\"1\"},", 1)),
        ("an unknown member twice", inside("\"x\":1,\"X\":2")),
        ("a trailing comma", format!("{},}}", &good[..good.len() - 1])),
        ("a trailing comma in a list", inside("\"x\":[1,]")),
        ("a line comment", format!("// paid\n{good}")),
        ("a comment", inside("/* \"Amount\":\"1.00\", */\"x\":1")),
        ("NaN", inside("\"x\":NaN")),
        ("NaN as the amount", good.replace("\"20.50\"", "NaN")),
        ("Infinity", good.replace("\"20.50\"", "-Infinity")),
        ("a leading zero", good.replace("\"20.50\"", "020.50")),
        ("a plus sign", good.replace("\"20.50\"", "+20.50")),
        ("a leading point", good.replace("\"20.50\"", ".50")),
        ("a trailing point", good.replace("\"20.50\"", "20.")),
        ("hexadecimal", good.replace("\"20.50\"", "0x14")),
        ("a lone surrogate in a text", inside("\"Description2\":\"\\ud800\"")),
        ("a lone surrogate in a name", inside("\"\\udc00\":1")),
        ("a wrong escape", inside("\"x\":\"\\x41\"")),
        ("a bare line feed in a text", inside("\"x\":\"a\nb\"")),
        ("a NUL in a text", inside("\"x\":\"a\u{0}b\"")),
        ("NULs after it", format!("{good}\u{0}\u{0}")),
        ("a second mark", format!("\u{feff}\u{feff}{good}")),
        ("deep objects", deep("{\"a\":", "}")),
        ("deep lists", deep("[", "]")),
        ("deep and never closed", "[".repeat(64 * 1024)),
        ("seventeen deep", inside(&format!("\"Deep\":{}1{}", "[".repeat(16), "]".repeat(16)))),
        ("XML", xml(&payment("0", "bad"))),
        ("a form", "Amount=20.50&CurrencyCode=USD".to_owned()),
    ];
    for (row, body) in rows {
        let answer = CreditCard::of(&shop).post("authorize", JSON, None, body).await;
        wrong.check(row, &answer, (400, "10", &[]));
    }
    wrong.none_of(40);
    nothing_is_kept(shop).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn xml_that_reaches_out_explodes_or_is_not_well_formed_is_not_read() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let good = xml(&payment("0", "bad"));
    let start = &good[..=good.find('>').unwrap()];
    let inside = |content: &str| good.replace("</Request>", &format!("{content}</Request>"));
    let amount = |content: &str| good.replace("20.50", content);
    let doctype = |subset: &str, content: &str| format!("<!DOCTYPE r [{subset}]>{}", amount(content));
    let laughs =
        joined((1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))));
    let wide = |count: usize| joined((0..count).map(|n| format!("<A{n}>")));
    let closed = |count: usize| joined((0..count).rev().map(|n| format!("</A{n}>")));
    let rows = [
        ("an external entity", doctype("<!ENTITY x SYSTEM \"file:///etc/passwd\">", "&x;")),
        ("an entity of the network", doctype("<!ENTITY x SYSTEM \"http://169.254.169.254/latest\">", "&x;")),
        ("a parameter entity", doctype("<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;", "20.50")),
        ("a billion laughs", doctype(&format!("<!ENTITY l0 \"lol\">{laughs}"), "&l9;")),
        ("an entity of its own", doctype("<!ENTITY x \"20.50\">", "&x;")),
        ("a document type", format!("<!DOCTYPE CardTransactionBindingModel>{good}")),
        ("an external document type", format!("<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/r.dtd\">{good}")),
        ("a document type after it", format!("{good}<!DOCTYPE r>")),
        ("an undeclared entity", amount("&x;")),
        ("an entity of HTML", amount("&nbsp;")),
        ("an entity without an end", amount("&amp 20.50")),
        ("a processing instruction", format!("<?xml-stylesheet href=\"x\"?>{good}")),
        ("a processing instruction inside", inside("<?php echo 1 ?>")),
        ("a declaration inside", inside("<?xml version=\"1.0\"?>")),
        ("a declaration after white space", format!(" <?xml version=\"1.0\"?>{good}")),
        ("another version", format!("<?xml version=\"1.1\"?>{good}")),
        ("truncated", good[..good.len() / 2].to_owned()),
        ("all but the end", good[..good.len() - 3].to_owned()),
        ("two roots", format!("{good}{good}")),
        ("text after it", format!("{good}x")),
        ("text before it", format!("x{good}")),
        ("an end without a start", format!("{good}</a>")),
        ("ends in the wrong order", inside("<a><b></a></b>")),
        ("a wrong root", good.replace("CardTransactionBindingModel", "CardTransactionOutgoingModel")),
        (
            "a root in small letters",
            good.replace("CardTransactionBindingModel", "cardTransactionBindingModel"),
        ),
        ("another namespace", good.replace(NAMESPACE, "http://schemas.datacontract.org/2004/07/Other")),
        ("the namespace in other letters", good.replace("Payments.Api", "payments.api")),
        ("no namespace", good.replace(&format!(" xmlns=\"{NAMESPACE}\""), "")),
        ("a member of no namespace", good.replace("<Amount>", "<Amount xmlns=\"\">")),
        ("a member of another", good.replace("<Amount>", "<Amount xmlns=\"urn:x\">")),
        ("an undeclared prefix", good.replace("Amount>", "p:Amount>")),
        ("the wrong nil prefix", good.replacen("i:nil", "j:nil", 1)),
        ("a nil that is neither", good.replacen("nil=\"true\"", "nil=\"maybe\"", 1)),
        ("a nil with content", good.replace("<Amount>", "<Amount i:nil=\"true\">")),
        ("a member twice", inside("<Amount>20.50</Amount>")),
        ("text and members", inside("free text")),
        ("a text around a member", amount("20<b/>.50")),
        ("an attribute twice", good.replace("<Amount>", "<Amount a=\"1\" a=\"2\">")),
        ("an attribute without quotes", good.replace("<Amount>", "<Amount a=1>")),
        ("an attribute with a tag in it", good.replace("<Amount>", "<Amount a=\"<\">")),
        ("a NUL", amount("20\u{0}.50")),
        ("a NUL, referred to", amount("20&#0;.50")),
        ("a control character, referred to", amount("20&#x1;.50")),
        ("a surrogate, referred to", amount("&#xD800;")),
        ("a character that there is not", amount("&#x110000;")),
        ("a number that overflows", amount("&#99999999999999999999;")),
        ("an end of CDATA in a text", amount("20]]>.50")),
        ("CDATA without an end", amount("<![CDATA[20.50")),
        ("a comment with two hyphens", inside("<!-- a -- b -->")),
        ("a comment without an end", inside("<!-- ")),
        ("seventeen deep", inside(&format!("{}{}", wide(15), closed(15)))),
        ("thousands deep", format!("{start}{}", "<A>".repeat(20_000))),
        ("a bare ampersand", good.replace("23A", "A & B")),
        ("a bare less-than", good.replace("23A", "A < B")),
        ("JSON", payment("0", "bad").to_string()),
        ("HTML", "<html><body>hello".to_owned()),
    ];
    for (row, body) in rows {
        assert_ne!(body, good, "{row}");
        let answer = CreditCard::of(&shop).post("authorize", XML, None, body).await;
        wrong.check(row, &answer, (400, "11", &[]));
    }
    wrong.none_of(55);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn members_of_xml_in_other_letters_are_not_the_members() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let good = xml(&payment("0", "bad"));
    for name in [
        "Request",
        "Card",
        "CardNumber",
        "Amount",
        "BillingAddress",
        "TransactionReference",
        "Authentication",
    ] {
        let tag = |name: &str| (format!("<{name}>"), format!("</{name}>"));
        let ((open, close), (other_open, other_close)) = (tag(name), tag(&name.to_lowercase()));
        let body = good.replace(&open, &other_open).replace(&close, &other_close);
        let answer = CreditCard::of(&shop).post("authorize", XML, None, body).await;
        wrong.check(name, &answer, (400, "14", &[name, "is required"]));
    }
    wrong.none_of(7);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn bodies_that_are_no_text_in_their_charset_are_refused() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    for (syntax, code) in [(Syntax::Json, "10"), (Syntax::Xml, "11")] {
        let good = syntax.body(&payment("0", "bad"));
        let (before, after) = good.split_at(good.find("larry").unwrap());
        let broken = |bytes: &[u8]| [before.as_bytes(), bytes, after.as_bytes()].concat();
        let lone = |unit: u16| {
            let units = before.encode_utf16().chain([unit]).chain(after.encode_utf16());
            [0xff, 0xfe].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
        };
        let mut odd = utf16(&format!("\u{feff}{good}"), u16::to_be_bytes);
        odd.pop();
        let rows: [(&str, &str, Vec<u8>); 12] = [
            ("a byte of no text", "", broken(&[0xff])),
            ("Latin-1", "", broken(&[0xe9])),
            ("an overlong slash", "", broken(&[0xc0, 0xaf])),
            ("a surrogate in UTF-8", "", broken(&[0xed, 0xa0, 0x80])),
            ("half a character at the end", "", [good.as_bytes(), &[0xe2, 0x82]].concat()),
            ("gzip", "", [&[0x1f, 0x8b, 0x08, 0x00], good.as_bytes()].concat()),
            ("not ASCII", "; charset=us-ascii", broken("é".as_bytes())),
            ("a high surrogate alone", "", lone(0xd800)),
            ("a low surrogate alone", "; charset=utf-16", lone(0xdfff)),
            ("half a unit", "", odd),
            ("UTF-8 under UTF-16's name", "; charset=utf-16", broken(b"x")),
            ("UTF-16 under no name", "", utf16(&good, u16::to_le_bytes)),
        ];
        for (row, charset, body) in rows {
            let content_type = format!("{}{charset}", syntax.content_type());
            let answer = CreditCard::of(&shop).post("authorize", Some(&content_type), None, body).await;
            wrong.check(&format!("{syntax:?}: {row}"), &answer, (400, code, &[]));
        }
    }
    wrong.none_of(24);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn a_body_that_is_empty_or_too_large_is_refused_by_its_size() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let api = CreditCard::of(&shop);
    for syntax in BOTH {
        let of = Some(syntax.content_type());
        for body in ["", " ", "\r\n\t", "\u{feff}", "\u{feff} \n"] {
            let answer = api.post("authorize", of, None, body).await;
            wrong.check(
                &format!("{syntax:?} {body:?}"),
                &answer,
                (400, "14", &["Authentication and Request"]),
            );
        }
        let good = syntax.body(&payment("0", "bad"));
        for size in [64 * 1024 + 1, 128 * 1024, 5 * 1024 * 1024] {
            let body = format!("{good}{}", " ".repeat(size - good.len()));
            let answer = api.post("authorize", of, None, body).await;
            wrong.check(&format!("{syntax:?} {size}"), &answer, (413, "13", &["64 KiB"]));
        }
    }
    let answer = api.post("authorize", JSON, None, [0xff_u8, 0xfe].as_slice()).await;
    wrong.check("only a mark of UTF-16", &answer, (400, "14", &[]));
    let answer = api.post("authorize", None, None, "x".repeat(64 * 1024 + 1)).await;
    wrong.check("too large and of no type", &answer, (415, "12", &[]));
    wrong.none_of(18);
    assert!(shop.stack.simulator().transactions().is_empty());
    // The last byte that is allowed.
    let good = payment("0", "good").to_string();
    let body = format!("{good}{}", " ".repeat(64 * 1024 - good.len()));
    assert_eq!(api.post("authorize", JSON, None, body).await.envelope().code, "00");
    shop.close().await;
}

#[tokio::test]
async fn content_types_that_are_not_on_the_page_are_refused_as_such() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let api = CreditCard::of(&shop);
    for content_type in [
        None,
        Some(""),
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/octet-stream"),
        Some("application/json5"),
        Some("application/problem+json"),
        Some("application/soap+xml"),
        Some("text/html"),
        Some("json"),
        Some("*/*"),
        Some("application/*"),
        Some("application/json, application/xml"),
        Some("application/json; charset=latin1"),
        Some("application/xml; charset=utf-7"),
        Some("application/json; charset="),
        Some("application/json; charset=\"utf-8"),
        Some("application/json; charset=utf-8; charset=utf-16"),
        Some("application /json"),
        Some("371449635398431/7391"),
    ] {
        for (accept, format) in [(None, "application/json"), (Some("text/xml"), "text/xml")] {
            let answer = api.post("authorize", content_type, accept, payment("0", "bad").to_string()).await;
            let row = format!("{content_type:?} {accept:?}");
            wrong.check(&row, &answer, (415, "12", &[]));
            let is_xml =
                ["application/soap+xml", "application/xml; charset=utf-7"].map(Some).contains(&content_type);
            let format = if is_xml && accept.is_none() { "application/xml" } else { format };
            if !answer.content_type.starts_with(format) {
                wrong.note(&row, &answer.content_type);
            }
        }
    }
    wrong.none_of(42);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn the_response_comes_in_the_requested_format() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let json = "application/json; charset=utf-8";
    let (xml, text_xml, text_json) =
        ("application/xml; charset=utf-8", "text/xml; charset=utf-8", "text/json; charset=utf-8");
    let rows = [
        ("application/json", None, json),
        ("application/xml", None, xml),
        ("text/xml", None, text_xml),
        ("text/json; charset=utf-8", None, text_json),
        ("APPLICATION/XML", None, xml),
        ("application/xml", Some("*/*"), json),
        ("application/xml", Some(""), xml),
        ("application/xml", Some("application/json"), json),
        ("application/json", Some("application/xml"), xml),
        ("application/json", Some("text/*"), text_json),
        ("application/xml", Some("image/png"), xml),
        ("application/json", Some("image/png"), json),
        ("application/json", Some("application/json;q=0.5, text/xml;q=0.9"), text_xml),
        ("application/json", Some("application/xml;q=0, */*"), json),
        ("application/xml", Some("not a media type"), xml),
        ("application/json", Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), xml),
        ("application/json", Some("Application/XML; charset=utf-16"), xml),
    ];
    for (n, (content_type, accept, expected)) in rows.into_iter().enumerate() {
        let syntax =
            if content_type.to_ascii_lowercase().contains("xml") { Syntax::Xml } else { Syntax::Json };
        for (reference, status, code) in [(format!("ref-{n}"), 200, "00"), ("réf".to_owned(), 400, "16")] {
            let body = syntax.body(&payment("0", &reference));
            let answer = api.post("authorize", Some(content_type), accept, body).await;
            let found = (answer.status, answer.content_type.as_str(), answer.envelope().code);
            assert_eq!(found, (status, expected, code.to_owned()), "{content_type} {accept:?}");
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn the_same_payment_in_every_charset_and_notation_is_one_payment() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let request: Value = payment("1", "one");
    let (json, xml) = (request.to_string(), xml(&request));
    let marked = |text: &str| format!("\u{feff}{text}");
    let digits = joined(AMEX.chars().map(|c| format!("&#x{:x};", u32::from(c))));
    let halves = format!("<![CDATA[{}]]>{}<!-- -->", &AMEX[..6], &AMEX[6..]);
    let escaped = joined(AMEX.chars().map(|c| format!("\\u{:04x}", u32::from(c))));
    let prefixed =
        xml.replace("</", "</p:").replace('<', "<p:").replace("<p:/p:", "</p:").replace("xmlns=", "xmlns:p=");
    let reversed =
        xml.replace("<Amount>20.50</Amount>", "").replace("</Request>", "<Amount>20.50</Amount></Request>");
    let rows: Vec<(&str, &str, Vec<u8>)> = vec![
        ("JSON", "application/json", json.clone().into()),
        ("XML", "application/xml", xml.clone().into()),
        ("marked UTF-8", "application/json", marked(&json).into()),
        ("marked UTF-8 in XML", "text/xml; charset=utf-8", marked(&xml).into()),
        ("little endian", "application/json; charset=utf-16", utf16(&marked(&json), u16::to_le_bytes)),
        ("big endian", "application/json; charset=utf-16", utf16(&marked(&json), u16::to_be_bytes)),
        ("little endian by name", "application/json; charset=UTF-16LE", utf16(&json, u16::to_le_bytes)),
        ("big endian by name", "text/xml; charset=\"utf-16be\"", utf16(&xml, u16::to_be_bytes)),
        ("little endian XML", "application/xml", utf16(&marked(&xml), u16::to_le_bytes)),
        (
            "a declared encoding",
            "text/xml; charset=utf-16",
            utf16(&marked(&format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{xml}")), u16::to_le_bytes),
        ),
        ("ASCII", "application/json; charset=us-ascii", json.clone().into()),
        ("a prefix", "application/xml", prefixed.into()),
        ("another order", "application/xml", reversed.into()),
        ("CDATA around the card number", "application/xml", xml.replace(AMEX, &halves).into()),
        ("references in the card number", "application/xml", xml.replace(AMEX, &digits).into()),
        ("references in the amount", "application/xml", xml.replace("20.50", "2&#48;.&#53;0").into()),
        ("escapes in the card number", "application/json", json.replace(AMEX, &escaped).into()),
        ("blanks in the card number", "application/json", json.replace(AMEX, "3714 496353 98431").into()),
        ("an amount that is a number", "application/json", json.replace("\"20.50\"", "20.50").into()),
        (
            "a code that is a number",
            "application/json",
            json.replace(&format!("\"{AMEX_CODE}\""), AMEX_CODE).into(),
        ),
        ("small names", "application/json", json.replace("\"Amount\"", "\"aMOUNT\"").into()),
        ("the currency in small letters", "application/json", json.replace("\"USD\"", "\"usd\"").into()),
        (
            "blanks around everything",
            "application/xml",
            xml.replace("20.50", "\r\n 20.50 ").replace(">one<", "> one\n<").into(),
        ),
    ];
    let mut ids = std::collections::BTreeSet::new();
    for (n, (row, content_type, body)) in rows.into_iter().enumerate() {
        let answer = api.post("charge", Some(content_type), None, body).await;
        let envelope = answer.envelope();
        assert_eq!((answer.status, envelope.code.as_str()), (200, "00"), "{row}: {}", answer.body);
        assert_eq!(answer.is_replay(), n > 0, "{row}");
        assert_eq!(envelope.of("TransactionReference"), Some("one"), "{row}");
        ids.insert(envelope.of("TransactionID").unwrap().to_owned());
    }
    assert_eq!((ids.len(), shop.ledger("auth").len()), (1, 1));
    assert_eq!(shop.ledger("auth")[0]["amount"], "18.45");
    shop.close().await;
}
