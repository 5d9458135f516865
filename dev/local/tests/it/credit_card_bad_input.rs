//! Members of a request to the credit-card API that are missing or of a wrong type, and callers and routes that are wrong:
//! the response names each in the envelope, in the request's own syntax, and nothing is paid.

use local::merchants;
use serde_json::{Value, json};

use crate::{
    credit_card_client::{
        Answer, BOTH, CreditCard, Envelope, Syntax, authentication, follow_up, payment, with,
    },
    shop::{AMEX, AMEX_CODE, MASTERCARD, Shop, VISA, has_word, items},
};

/// What a response must be: HTTP's status, `Message.Code`, and what `Message.Description` must say.
pub(crate) type Expected<'a> = (u16, &'a str, &'a [&'a str]);

/// Rows whose responses were not as they should be; all of them are shown at the end.
#[derive(Default)]
pub(crate) struct Wrong {
    rows: usize,
    found: Vec<String>,
}

impl Wrong {
    /// Checks a response to something that must not become a payment.
    pub(crate) fn check(&mut self, row: &str, answer: &Answer, (status, code, says): Expected<'_>) {
        self.rows += 1;
        let envelope = answer.read();
        let fits = |it: &Envelope| {
            it.code == code
                && it.of("ResponseCode") == Some("3")
                && says.iter().all(|text| it.description.contains(text))
        };
        let secrets = [VISA, AMEX, MASTERCARD, merchants::REGISTERED_KEY];
        if answer.status != status || !envelope.as_ref().is_ok_and(fits) {
            let shown: String = answer.body.chars().take(600).collect();
            self.found.push(format!("{row}: not {status} {code} {says:?} but {} {shown}", answer.status));
        } else if let Some(secret) = secrets.iter().find(|secret| answer.body.contains(**secret)) {
            self.found.push(format!("{row}: {secret} is in the answer {}", answer.body));
        } else if has_word(&answer.body, AMEX_CODE) {
            self.found.push(format!("{row}: the security code is in the answer {}", answer.body));
        }
    }

    pub(crate) fn note(&mut self, row: &str, why: impl std::fmt::Display) {
        self.found.push(format!("{row}: {why}"));
    }

    /// Ends a table of at least so many rows.
    pub(crate) fn none_of(self, rows: usize) {
        assert!(self.rows >= rows, "only {} rows", self.rows);
        assert!(self.found.is_empty(), "{} of {}:\n{}", self.found.len(), self.rows, self.found.join("\n"));
    }
}

/// One changed member of an otherwise valid `authorize`, in both syntaxes.
pub(crate) async fn refuse(
    shop: &Shop,
    wrong: &mut Wrong,
    member: &str,
    value: Option<Value>,
    code: &str,
    says: &[&str],
) {
    let request = with(payment("0", "bad"), member, value.clone());
    let named = format!("{}:", member.trim_start_matches('/').replace('/', "."));
    let says: Vec<&str> = std::iter::once(named.as_str()).chain(says.iter().copied()).collect();
    for syntax in BOTH {
        // An array becomes an object in XML, and what XML cannot hold is a table of its own.
        let text = value.as_ref().map(Value::to_string).unwrap_or_default();
        if syntax == Syntax::Xml && (text.starts_with('[') || text.contains("\\u00")) {
            continue;
        }
        let before = shop.stack.simulator().transactions().len();
        let answer = CreditCard::of(shop).send(syntax, "authorize", &request).await;
        let row = format!("{syntax:?} {member} = {value:?}");
        wrong.check(&row, &answer, (400, code, &says));
        if shop.stack.simulator().transactions().len() > before {
            wrong.note(&row, "reached the gateway");
        }
    }
}

/// All that is stored, to be compared: a scan lists the attributes in any order.
pub(crate) async fn kept(shop: &Shop) -> Vec<Vec<char>> {
    let mut items: Vec<Vec<char>> =
        items(shop.stack.dynamodb_url()).await.iter().map(|item| item.chars().collect()).collect();
    for item in &mut items {
        item.sort_unstable();
    }
    items.sort_unstable();
    items
}

pub(crate) async fn nothing_is_kept(shop: Shop) {
    assert!(shop.stack.simulator().transactions().is_empty());
    assert!(kept(&shop).await.is_empty(), "nothing was to be stored");
    shop.close().await;
}

const REQUIRED_TEXTS: [&str; 10] = [
    "/Request/TransactionType",
    "/Request/Card/CardNumber",
    "/Request/Card/ExpiryDate",
    "/Request/Card/CVV",
    "/Request/CaptureMethod",
    "/Request/BillingAddress/Zip",
    "/Request/BillingAddress/Country",
    "/Request/Amount",
    "/Request/CurrencyCode",
    "/Request/TransactionReference",
];

#[tokio::test]
async fn a_payment_that_lacks_a_required_member_names_it_and_pays_nothing() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let objects = ["/Authentication", "/Request", "/Request/Card", "/Request/BillingAddress"];
    let credentials = ["/Authentication/Id", "/Authentication/Key"];
    for member in REQUIRED_TEXTS.into_iter().chain(objects).chain(credentials) {
        for value in [None, Some(Value::Null), Some(json!("")), Some(json!(" \t\n "))] {
            refuse(&shop, &mut wrong, member, value, "14", &["is required"]).await;
        }
    }
    wrong.none_of(128);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn an_object_for_a_text_and_a_text_for_an_object_are_named() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let optional = [
        "/Request/TransactionDateTime",
        "/Request/Description",
        "/Request/Email",
        "/Request/Authorizer",
        "/Request/SaveToFile",
        "/Request/Name",
        "/Request/DealType",
        "/Request/DealStage",
        "/Request/Marketing",
        "/Request/RevenuePartner",
        "/Request/Discount/DiscountCode",
        "/Request/Discount/Product",
        "/Request/BillingAddress/HouseNumber",
        "/Request/BillingAddress/Street",
        "/Request/BillingAddress/CountryName",
        "/Authentication/Id",
        "/Authentication/Key",
    ];
    for member in REQUIRED_TEXTS.into_iter().chain(optional) {
        for value in [json!({"Value": "20.50"}), json!(["20.50"]), json!([])] {
            refuse(&shop, &mut wrong, member, Some(value), "15", &["must be a single value"]).await;
        }
    }
    let objects =
        ["/Authentication", "/Request", "/Request/Card", "/Request/BillingAddress", "/Request/Discount"];
    for member in objects {
        for value in [json!("text"), json!(5), json!(true), json!([]), json!([{"CVV": "1"}])] {
            refuse(&shop, &mut wrong, member, Some(value), "15", &["must be an object"]).await;
        }
    }
    wrong.none_of(140);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn every_problem_of_a_request_is_named_in_one_response() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let request = json!({"Authentication": authentication(), "Request": {
        "TransactionType": "2", "TransactionID": "x", "CaptureMethod": "1", "TransactionDateTime": "today",
        "Card": {"CardNumber": "4788250000121444", "ExpiryDate": "13/29", "CVV": "1"},
        "BillingAddress": {"Zip": "!", "Country": "Atlantis", "City": {"A": "1"}},
        "Amount": "20.5", "CurrencyCode": "USD", "TransactionReference": "réf", "Email": "x", "SaveToFile": "maybe",
        "Authorizer": "x", "Name": VISA, "Description": {"A": "1"},
    }});
    let says = [
        "Request.TransactionType:",
        "Request.TransactionID:",
        "Request.CaptureMethod:",
        "Request.TransactionDateTime:",
        "Request.Card.CardNumber:",
        "Request.Card.ExpiryDate:",
        "Request.Card.CVV:",
        "Request.BillingAddress.Zip:",
        "Request.BillingAddress.Country:",
        "Request.BillingAddress.City:",
        "Request.Amount:",
        "Request.TransactionReference:",
        "Request.Email:",
        "Request.SaveToFile:",
        "Request.Authorizer:",
        "Request.Name:",
        "Request.Description:",
    ];
    for syntax in BOTH {
        let answer = CreditCard::of(&shop).send(syntax, "authorize", &request).await;
        wrong.check(&format!("{syntax:?}"), &answer, (400, "18", &says));
    }
    wrong.none_of(2);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn a_wrong_member_is_named_also_when_another_one_that_it_depends_on_is_wrong() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    for (changes, says) in [
        (json!({"Amount": "a lot", "CurrencyCode": "Dollars"}), ["Request.CurrencyCode:", "Request.Amount:"]),
        (json!({"Amount": "20.5", "Discount": "1234"}), ["Request.Amount:", "Request.Discount:"]),
        (
            json!({"Amount": "20.5", "Discount": {"DiscountCode": ["1234"]}}),
            ["Request.Amount:", "Request.Discount.DiscountCode:"],
        ),
    ] {
        let mut request = payment("0", "bad");
        for (name, value) in changes.as_object().unwrap() {
            request["Request"][name] = value.clone();
        }
        let answer = CreditCard::of(&shop).send(Syntax::Json, "authorize", &request).await;
        wrong.check(&changes.to_string(), &answer, (400, "16", &says));
    }
    wrong.none_of(3);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn wrong_credentials_get_one_response_in_the_format_of_the_request() {
    let mut wrong = Wrong::default();
    let key = merchants::REGISTERED_KEY;
    let long = "9".repeat(65);
    let mut descriptions = std::collections::BTreeSet::new();
    for (id, with_key) in [
        (merchants::REGISTERED, "wrong"),
        (merchants::REGISTERED, merchants::EXTERNAL_KEY),
        ("999", key),
        (merchants::EXTERNAL, key),
        ("170200123#", key),
        ("../170200123", key),
        ("tollgate/merchants/170200123", key),
        ("１７０２００１２３", key),
        ("170200123*", key),
        (long.as_str(), key),
        (AMEX, key),
        ("170200123", "46751234212"),
        ("170200123", "4675123421233"),
    ] {
        for syntax in BOTH {
            // A stack of its own each: the eleventh wrong key from an address is told to wait.
            let shop = Shop::open().await;
            let mut running = tokio::task::JoinSet::new();
            for route in ["authorize", "charge", "capture", "refund", "void", "status"] {
                let mut request = payment("0", "bad");
                request["Authentication"] = json!({"Id": id, "Key": with_key});
                let api = CreditCard::of(&shop);
                running.spawn(async move { (route, api.send(syntax, route, &request).await) });
            }
            for (route, answer) in running.join_all().await {
                wrong.check(&format!("{syntax:?} {route} {id}"), &answer, (401, "20", &["Authentication:"]));
                if !answer.content_type.starts_with(syntax.content_type()) {
                    wrong.note(id, &answer.content_type);
                }
                descriptions.insert(answer.envelope().description);
            }
            nothing_is_kept(shop).await;
        }
    }
    let shop = Shop::open().await;
    assert_eq!(descriptions.len(), 1, "they are told apart: {descriptions:?}");
    for syntax in BOTH {
        let mut request = payment("0", "bad");
        request["Authentication"] = json!({"Id": "1".repeat(256), "Key": "1\u{85}2"});
        let answer = CreditCard::of(&shop).send(syntax, "authorize", &request).await;
        wrong.check("odd", &answer, (400, "16", &["Authentication.Id:", "Authentication.Key:"]));
    }
    wrong.none_of(150);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn a_transaction_type_of_another_route_is_told_the_right_one() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let mut wrong = Wrong::default();
    let held = api.approved("authorize", &payment("0", "held")).await;
    let before = kept(&shop).await;
    for (route, stated, right) in [
        ("authorize", "1", "charge"),
        ("authorize", "2", "refund"),
        ("charge", "0", "authorize"),
        ("charge", "2", "refund"),
        ("capture", "0", "authorize"),
        ("capture", "2", "refund"),
        ("refund", "0", "authorize"),
        ("refund", "1", "charge"),
        ("void", "0", "authorize"),
        ("void", "1", "charge"),
        ("void", "2", "refund"),
        ("status", "0", "authorize"),
        ("status", "1", "charge"),
        ("status", "2", "refund"),
    ] {
        let says = ["Request.TransactionType:", &format!("/api/v1/payments/creditcard/{right}")];
        for syntax in BOTH {
            let row = format!("{syntax:?} {route} {stated}");
            let mut requests =
                vec![with(follow_up(route, &held, "bad"), "/Request/TransactionType", Some(json!(stated)))];
            if matches!(route, "authorize" | "charge") {
                requests[0] = payment(stated, "bad");
            }
            if route == "charge" {
                requests.push(with(
                    follow_up(route, &held, "bad"),
                    "/Request/TransactionType",
                    Some(json!(stated)),
                ));
            }
            for request in requests {
                let answer = api.send(syntax, route, &request).await;
                wrong.check(&row, &answer, (400, "18", &says));
            }
        }
    }
    assert!(kept(&shop).await == before, "nothing was to be stored");
    assert_eq!(shop.stack.simulator().transactions().len(), 1);
    wrong.none_of(30);
    shop.close().await;
}
