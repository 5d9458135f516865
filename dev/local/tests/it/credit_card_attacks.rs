//! The credit-card API under attack: references used twice, many at once, outcomes in doubt, two
//! APIs on one payment.

use std::collections::BTreeSet;

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::merchants;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    credit_card_client::{
        Answer, BOTH, CreditCard, Envelope, Syntax, authentication, follow_up, payment, with,
    },
    shop::{NO_FUNDS, Shop, by_token},
};

/// The codes that one of many requests at once may get although nothing is wrong with it: its
/// outcome is not known yet, another operation is under way, too many change the order, or the
/// store is overrun. All of it can be sent again.
const LATER: [&str; 4] = ["01", "62", "68", "92"];

/// Sends these requests at once; their responses.
async fn at_once(api: &CreditCard, syntax: Syntax, requests: Vec<(&'static str, Value)>) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for (route, request) in requests {
        let api = api.clone();
        running.spawn(async move { api.send(syntax, route, &request).await });
    }
    running.join_all().await
}

/// Sends it until its outcome is known.
async fn settled(shop: &Shop, route: &str, request: &Value) -> Envelope {
    let api = CreditCard::of(shop);
    for _ in 0..20 {
        let envelope = api.send(Syntax::Json, route, request).await.envelope();
        if !LATER.contains(&envelope.code.as_str()) {
            return envelope;
        }
        // An inquiry about an operation in doubt can be sent once its own request cannot be running
        // any more.
        shop.stack.advance_clock(31);
    }
    panic!("it was never settled");
}

#[tokio::test]
async fn a_hundred_requests_with_one_reference_pay_once() {
    let _storm = crate::support::STORM.lock().await;
    for (route, kind, syntax) in [("authorize", "0", Syntax::Json), ("charge", "1", Syntax::Xml)] {
        let shop = Shop::open().await;
        let api = CreditCard::of(&shop);
        let request = payment(kind, "one");
        let answers = at_once(&api, syntax, vec![(route, request.clone()); 100]).await;
        let last = settled(&shop, route, &request).await;
        assert_eq!(last.code, "00", "{}", last.description);
        for answer in &answers {
            let envelope = answer.envelope();
            assert!(envelope.code == "00" || LATER.contains(&envelope.code.as_str()), "{}", answer.body);
            assert!(envelope.code != "01" || answer.header("retry-after").is_some());
            assert_eq!(envelope.of("TransactionReference"), Some("one"));
            let id = envelope.of("TransactionID");
            assert!(
                id == last.of("TransactionID") || id.is_none() && envelope.code != "00",
                "{}",
                answer.body
            );
        }
        let first = answers.iter().filter(|it| it.envelope().code == "00" && !it.is_replay()).count();
        assert!(first <= 1, "{first} were told that they were the first");
        assert_eq!(shop.stack.simulator().transactions().len(), 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_hundred_different_payments_under_one_reference_pay_once() {
    let _storm = crate::support::STORM.lock().await;
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let request = |n: usize| {
        let (route, kind) = if n.is_multiple_of(2) { ("authorize", "0") } else { ("charge", "1") };
        (route, with(payment(kind, "one"), "/Request/Amount", Some(json!(format!("20.{n:02}")))))
    };
    let answers = at_once(&api, Syntax::Json, (0..100).map(request).collect()).await;
    let codes: Vec<_> = answers.iter().map(|answer| answer.envelope().code).collect();
    assert!(codes.iter().filter(|code| *code == "00").count() <= 1, "{codes:?}");
    assert!(
        codes.iter().all(|code| code == "00" || code == "63" || LATER.contains(&code.as_str())),
        "{codes:?}"
    );
    let last = with(payment("1", "one"), "/Request/Amount", Some(json!("21.00")));
    assert_eq!(settled(&shop, "charge", &last).await.code, "63");
    assert_eq!(shop.stack.simulator().transactions().len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_hundred_refunds_with_one_reference_give_back_once() {
    let _storm = crate::support::STORM.lock().await;
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let paid = api.approved("charge", &payment("1", "paid")).await;
    shop.stack.simulator().settle();
    let mut request = follow_up("refund", &paid, "back");
    request["Request"]["Amount"] = json!("1.00");
    request["Request"]["CurrencyCode"] = json!("USD");
    for answer in at_once(&api, Syntax::Json, vec![("refund", request.clone()); 100]).await {
        let code = answer.envelope().code;
        assert!(code == "00" || LATER.contains(&code.as_str()), "{}", answer.body);
    }
    assert_eq!(settled(&shop, "refund", &request).await.code, "00");
    assert_eq!(shop.ledger("refund").len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_payment_in_doubt_is_held_and_nothing_acts_on_it() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let kind = FaultKind::DropAfter;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, kind));
    shop.no_inquiry();
    let held = |code: &str, answer: &Answer| {
        let envelope = answer.envelope();
        assert_eq!((answer.status, envelope.code.as_str()), (200, code), "{}", answer.body);
        envelope.of("TransactionID").unwrap().to_owned()
    };
    let first = api.send(Syntax::Json, "charge", &payment("1", "one")).await;
    let id = held("01", &first);
    let envelope = first.envelope();
    assert_eq!((envelope.of("ResponseCode"), envelope.of("ResponseCodeText")), (Some("4"), Some("Referred")));
    for syntax in BOTH {
        assert_eq!(held("01", &api.send(syntax, "charge", &payment("1", "one")).await), id);
        for route in ["capture", "charge", "refund", "void"] {
            let answer = api.send(syntax, route, &follow_up(route, &id, "two")).await;
            assert_eq!(held("62", &answer), id, "{route}");
            assert!(answer.header("retry-after").is_some());
        }
        let by_reference =
            json!({"Authentication": authentication(), "Request": {"TransactionReference": "one"}});
        assert_eq!(held("01", &api.send(syntax, "status", &by_reference).await), id);
    }
    let other = with(payment("1", "one"), "/Request/Amount", Some(json!("1.00")));
    held("63", &api.send(Syntax::Json, "charge", &other).await);
    shop.stack.advance_clock(31);
    held("01", &api.send(Syntax::Json, "charge", &payment("1", "one")).await);
    held("01", &api.send(Syntax::Json, "status", &follow_up("status", &id, "one")).await);
    shop.stack.simulator().clear_faults();
    let found = api.send(Syntax::Json, "status", &follow_up("status", &id, "one")).await;
    assert_eq!((held("00", &found), found.envelope().of("ResponseCode")), (id.clone(), Some("1")));
    assert_eq!(found.envelope().description, "captured 18.45 USD");
    let at_last = api.send(Syntax::Xml, "charge", &payment("1", "one")).await;
    assert!(at_last.is_replay());
    assert_eq!(held("00", &at_last), id);
    assert_eq!(shop.stack.simulator().transactions().len(), 1, "sent once");
    shop.close().await;
}

#[tokio::test]
async fn the_other_face_does_not_pay_or_change_what_is_a_payment_of_its_own() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let id = api.approved("authorize", &payment("0", "one")).await;
    shop.put_order(&id, json!({"amount": 1, "currency": "USD"})).await.error(422, "total_below_committed");
    shop.put_order(&id, json!({"amount": 5000, "currency": "EUR"})).await.error(422, "currency_fixed");
    shop.pay_by_token(&id, "purchase").await.error(422, "already_paid");
    // The other API's operations are seen here, and the other way round.
    shop.follow_up(&id, &id, "capture", json!({"amount": 1000})).await.data(200);
    let status = api.send(Syntax::Json, "status", &follow_up("status", &id, "one")).await.envelope();
    assert_eq!((status.code.as_str(), status.description.as_str()), ("00", "captured 10.00 USD"));
    let again = api.send(Syntax::Json, "capture", &follow_up("capture", &id, "c")).await.envelope();
    assert_eq!(again.code, "53");
    // A payment of the other API has no order of that id here.
    shop.register("o", 2599).await;
    let theirs = shop.pay("o", by_token("purchase")).await.id();
    for route in ["capture", "refund", "void", "status"] {
        let answer = api.send(Syntax::Xml, route, &follow_up(route, &theirs, "x")).await;
        assert_eq!((answer.status, answer.envelope().code.as_str()), (200, "32"), "{route}");
    }
    assert_eq!(shop.ledger("auth").len(), 2);
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_stands_where_a_payment_would_be_is_not_paid_beyond_its_total() {
    let shop = Shop::open_with(json!({"gateway": {"merchids": {"EUR": "496160873889"}}})).await;
    let api = CreditCard::of(&shop);
    let merchant = merchants::REGISTERED.parse().unwrap();
    let place = |reference: &str| tollgate::credit_card::payment_id(&merchant, reference).to_string();
    for (reference, order, code) in [
        ("small", json!({"amount": 1000, "currency": "USD"}), "41"),
        ("euro", json!({"amount": 5000, "currency": "EUR"}), "45"),
    ] {
        shop.put_order(&place(reference), order).await.data(201);
        let answer = api.send(Syntax::Json, "charge", &payment("1", reference)).await;
        assert_eq!((answer.status, answer.envelope().code.as_str()), (200, code), "{}", answer.body);
    }
    shop.put_order(&place("paid"), json!({"amount": 1845, "currency": "USD"})).await.data(201);
    shop.pay_by_token(&place("paid"), "purchase").await.data(200);
    let answer = api.send(Syntax::Json, "charge", &payment("1", "paid")).await;
    assert_eq!((answer.status, answer.envelope().code.as_str()), (200, "60"), "{}", answer.body);
    assert_eq!(shop.ledger("auth").len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_browser_that_guesses_a_reference_learns_nothing_of_the_payment_and_pays_nothing() {
    let mut shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let id = api.approved("authorize", &payment("0", "1001")).await;
    let failed = with(payment("1", "1002"), "/Request/Card/CardNumber", Some(json!(NO_FUNDS)));
    let failed = with(failed, "/Request/Card/CVV", Some(json!("123")));
    assert_eq!(api.send(Syntax::Json, "charge", &failed).await.envelope().code, "02");
    shop.as_shopper().await;
    // Anybody can compute it: merchant id and name space are public, and references are often
    // numbers in a row.
    let merchant = merchants::REGISTERED.parse().unwrap();
    let guessed = |reference: &str| tollgate::credit_card::payment_id(&merchant, reference).to_string();
    assert_eq!(guessed("1001"), id);
    let path = format!("/v2/orders/{id}/transactions/{id}");
    let seen = shop.get(&path).await;
    let confirmed = shop.send(Method::POST, &format!("{path}/confirm"), &[], "{}".to_owned()).await;
    let paid = shop.pay_by_token(&guessed("1002"), "purchase").await;
    let statuses = [seen.status.as_u16(), confirmed.status.as_u16(), paid.status.as_u16()];
    assert!(statuses.iter().all(|status| matches!(status, 403 | 404)), "{statuses:?}: {}", seen.body);
    assert_eq!(shop.ledger("auth").len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_retry_of_a_payment_that_stands_is_replayed_although_the_world_has_moved_on() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let without_time = with(payment("1", "one"), "/Request/TransactionDateTime", None);
    let id = api.approved("charge", &without_time).await;
    let mut document = shop.stack.secrets().get(&merchants::secret_name(merchants::REGISTERED)).unwrap();
    document["discounts"] = json!([]);
    document["authorizers"] = json!([]);
    shop.stack.secrets().put(&merchants::secret_name(merchants::REGISTERED), document);
    shop.stack.cold_start().unwrap();
    // 400 says that it never became a payment: the client would pay again under another reference.
    let answer = api.send(Syntax::Json, "charge", &without_time).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.envelope().of("TransactionID"), Some(id.as_str()));
    shop.close().await;
}

#[tokio::test]
async fn a_discount_that_changed_between_two_attempts_is_charged_as_the_response_says() {
    for (percent, taken_off, charged) in [("20", "4.10", "16.40"), ("5", "1.03", "19.47")] {
        let shop = Shop::open().await;
        let api = CreditCard::of(&shop);
        let kind = FaultKind::TimedOut;
        shop.stack.simulator().fault(Fault::once(Endpoint::Auth, kind));
        let first = api.send(Syntax::Json, "charge", &payment("1", "one")).await.envelope();
        assert_eq!((first.code.as_str(), first.of("ResponseCode")), ("90", Some("3")));
        let name = merchants::secret_name(merchants::REGISTERED);
        let mut document = shop.stack.secrets().get(&name).unwrap();
        document["discounts"] = json!([{"code": "1234", "product": "Storage", "percent": percent}]);
        shop.stack.secrets().put(&name, document);
        shop.stack.cold_start().unwrap();
        let again = api.send(Syntax::Json, "charge", &payment("1", "one")).await;
        let envelope = again.envelope();
        assert_eq!(envelope.code, "00", "{}", again.body);
        let paid = shop.ledger("auth")[0]["amount"].as_str().unwrap().to_owned();
        let found = (paid.as_str(), envelope.of("DiscountedAmount").unwrap());
        // The first terms or the present ones, but not half of each.
        assert!([("18.45", "2.05"), (charged, taken_off)].contains(&found), "{percent} %: {found:?}");
        shop.close().await;
    }
}

#[tokio::test]
async fn what_the_gateway_did_not_do_is_an_error_without_details_and_is_done_once_when_sent_again() {
    let not_done = [
        (FaultKind::TimedOut, "90"),
        (FaultKind::Status { status: 429 }, "90"),
        (FaultKind::Status { status: 401 }, "91"),
        (FaultKind::Status { status: 404 }, "91"),
    ];
    for (kind, code) in not_done {
        let shop = Shop::open().await;
        let api = CreditCard::of(&shop);
        for syntax in BOTH {
            shop.stack.simulator().fault(Fault::once(Endpoint::Auth, kind));
            let answer = api.send(syntax, "authorize", &payment("0", "one")).await;
            let envelope = answer.envelope();
            assert_eq!((answer.status, envelope.code.as_str()), (200, code));
            assert_eq!(answer.header("retry-after").is_some(), code == "90");
            assert!(!envelope.description.contains("credentials"), "{}", envelope.description);
        }
        api.approved("authorize", &payment("0", "one")).await;
        assert_eq!(shop.ledger("auth").len(), 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn references_and_texts_in_any_characters_come_back_as_they_were_sent() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let longest = "r".repeat(100);
    let references = [
        "a<b>&\"c'\\]]>-->",
        "&amp;&#65;",
        "%00%0a#?/../..",
        "=1+1",
        "170200123#x",
        "null",
        "0",
        "~",
        longest.as_str(),
    ];
    for (n, reference) in references.into_iter().enumerate() {
        let mut request = payment("0", reference);
        request["Request"]["Description"] = json!("Büro 会議室 🪑 <&>\"");
        request["Request"]["Name"] = json!("Zoë O'Neil-Ångström");
        let mut ids = BTreeSet::new();
        for syntax in BOTH {
            let answer = api.send(syntax, "authorize", &request).await;
            let envelope = answer.envelope();
            assert_eq!((answer.status, envelope.code.as_str()), (200, "00"), "{reference}: {}", answer.body);
            assert_eq!(envelope.of("TransactionReference"), Some(reference));
            ids.insert(envelope.of("TransactionID").unwrap().to_owned());
        }
        assert_eq!((ids.len(), shop.ledger("auth").len()), (1, n + 1));
    }
    shop.close().await;
}
