//! Bodies that the credit-card API cannot read, or must not: the error is stated in the negotiated
//! format, without quoting the body, and nothing is paid.

use serde_json::Value;

use crate::{
    credit_card_bad_input::{Wrong, nothing_is_kept},
    credit_card_client::{BOTH, CreditCard, Syntax, payment, xml},
    shop::{AMEX, AMEX_CODE, Shop},
};

const JSON: Option<&str> = Some("application/json");

/// UTF-16 with the bytes of each unit in this order.
fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
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
