//! Ways to spoil a request: in its body's members, its bytes, its headers or its path.

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::shop::VISA;

/// Beyond the largest body that is read.
const TOO_LARGE: usize = 65 * 1024;

/// Changes one member, or several.
pub(super) fn value(rng: &mut StdRng, body: &mut Value) {
    for _ in 0..rng.random_range(1..4) {
        let mut places = Vec::new();
        collect(body, "", &mut places);
        let Some(place) = places.choose(rng).cloned() else {
            *body = odd(rng);
            return;
        };
        let (parent, name) = place.rsplit_once('/').unwrap();
        let Some(Value::Object(members)) = body.pointer_mut(parent) else { continue };
        match rng.random_range(0..6) {
            0 | 1 => {
                members.remove(name);
            }
            2 => {
                let other = if rng.random_bool(0.5) { name.to_uppercase() } else { format!("{name}x") };
                let value = members.remove(name).unwrap_or_default();
                members.insert(other, value);
            }
            3 => {
                members.insert("unknown".to_owned(), odd(rng));
            }
            _ => {
                members.insert(name.to_owned(), odd(rng));
            }
        }
    }
}

/// JSON pointers to every member. None of the names has a character that would be escaped, but for
/// those that were spoiled before; they are not found again.
fn collect(value: &Value, at: &str, places: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        collect(value, &at, places);
        places.push(at);
    }
}

/// A value that hardly any member takes.
fn odd(rng: &mut StdRng) -> Value {
    let all = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(100_000_000_000_u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{7f}b\u{202e}"),
        json!("ÄÖÜ😀"),
        json!("0"),
        json!("-20.50"),
        json!("20,50"),
        json!("99999999999999999999.99"),
        json!("null"),
        json!("9999-12-31T23:59:59Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("2031-02-30T00:00:00Z"),
        json!("x".repeat(256)),
        json!("x".repeat(3000)),
        json!([]),
        json!([{}]),
        json!({}),
        json!({"a": {"b": {"c": []}}}),
        json!("4788250000121444"),
        json!(VISA),
        json!("1|"),
        json!("../../x"),
        json!("<![CDATA[x]]>"),
        json!("' OR 1=1 --"),
    ];
    all.choose(rng).unwrap().clone()
}

/// Changes the body as a whole.
pub(super) fn bytes(rng: &mut StdRng, body: &mut Vec<u8>) {
    let at = rng.random_range(0..=body.len());
    match rng.random_range(0..12) {
        0 => body.truncate(at),
        1 => body.insert(at, 0xFF),
        2 => body.insert(at, 0),
        3 => drop(body.splice(0..0, [0xEF, 0xBB, 0xBF])),
        4 => drop(body.splice(0..0, [0xFF, 0xFE])),
        5 => body.clear(),
        6 => *body = b" \r\n\t ".to_vec(),
        7 => {
            *body = [b"null".as_slice(), b"[]", b"5", b"\"x\"", b"{}", b"<a/>", b"&=&", b"%"]
                .choose(rng)
                .unwrap()
                .to_vec();
        }
        8 => *body = b"[".repeat(5000),
        9 => *body = b"<a>".repeat(5000),
        10 => body.resize(TOO_LARGE, b' '),
        _ => {
            // A member named twice, or a whole second body.
            let twice = body.clone();
            body.splice(at..at, twice);
        }
    }
}

/// Changes, adds or removes a header.
pub(super) fn headers(rng: &mut StdRng, headers: &mut Vec<(&'static str, Vec<u8>)>) {
    let names = [
        "authorization",
        "content-type",
        "accept",
        "idempotency-key",
        "x-request-id",
        "x-moltin-currency",
        "x-requested-with",
        "x-forwarded-for",
        "cookie",
    ];
    let name = *names.choose(rng).unwrap();
    headers.retain(|(known, _)| *known != name || rng.random_bool(0.2));
    if rng.random_bool(0.2) {
        return;
    }
    let long = [b"x".repeat(129), b"x".repeat(256), b"x".repeat(4000)];
    let odd: [&[u8]; 22] = [
        b"",
        b" ",
        b"\"\"",
        b"\"",
        b"a\tb",
        b"a,b",
        "Ä😀".as_bytes(),
        b"\xFF\xFE",
        VISA.as_bytes(),
        b"Bearer",
        b"Bearer a.b.c",
        b"Basic YTpi",
        b"application/json; charset=utf-16",
        b"application/json; charset=\"us-ascii\"",
        b"text/plain",
        b"multipart/form-data; boundary=x",
        b"application/xml;charset=latin1",
        b";;;===",
        b"*/*;q=0",
        &long[0],
        &long[1],
        &long[2],
    ];
    headers.push((name, odd.choose(rng).unwrap().to_vec()));
}

/// A path like this one, with odd parameters, or another one.
pub(super) fn path(rng: &mut StdRng, template: &str, path: &str) -> String {
    let long = "x".repeat(65);
    let odd = [
        "%20",
        "%2F",
        "%00",
        "%",
        "..%2f..",
        "%C3%A4",
        VISA,
        "a%20b",
        "null",
        "{orderId}",
        "00000000-0000-0000-0000-000000000000",
        "4E9B04E1E0344A8B9C152CC1F5A4272A",
        &long,
    ];
    let mut one = || (*odd.choose(rng).unwrap()).to_owned();
    let (order, transaction) = (one(), one());
    match rng.random_range(0..6) {
        0 => format!("{path}/"),
        1 => format!("{path}?a=1&a=2&b=%FF&{VISA}"),
        2 => path.replace("/v", "//v").replace("/a", "/A"),
        3 => path.replacen("o-", &format!("{order}-"), 1),
        _ => {
            let path = template.replace("{orderId}", &order).replace("{transactionId}", &transaction);
            path.replace("{paymentMethodId}", &order)
        }
    }
}
