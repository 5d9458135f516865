//! Follow-ups of the credit-card API that must not act: they name nothing, the wrong payment, or the wrong amount.

use serde_json::{Value, json};

use crate::{
    credit_card_attacks::of_the_other,
    credit_card_bad_input::{Wrong, kept},
    credit_card_client::{BOTH, CreditCard, Syntax, follow_up, payment, with},
    shop::{AMEX, Shop, VISA},
};

/// An id that is none of ours.
const UNKNOWN: &str = "6f3f5c1e-3f2a-5b60-9d75-6a8e2f6a1c11";

/// What is named when it is wrong.
const ID: &str = "Request.TransactionID:";

/// Route, members that differ from a good follow-up's (null: left out), HTTP's status, code, what is said.
type Row<'a> = (&'a str, Value, u16, &'a str, &'a [&'a str]);

/// A shop with a payment that is held, one that is paid, and one that another merchant was paid.
struct Attacked {
    shop: Shop,
    held: String,
    paid: String,
    theirs: String,
}

impl Attacked {
    async fn open() -> Self {
        let shop = Shop::open().await;
        let api = CreditCard::of(&shop);
        let held = api.approved("authorize", &payment("0", "held")).await;
        let paid = api.approved("charge", &payment("1", "paid")).await;
        let theirs = api.approved("charge", &of_the_other(payment("1", "theirs"))).await;
        Self { shop, held, paid, theirs }
    }

    /// Each row in both syntaxes; nothing may have changed at the end.
    async fn refuse_all(self, rows: &[Row<'_>], answers: usize) {
        let Self { shop, held, paid, .. } = self;
        let api = CreditCard::of(&shop);
        let (before, ledger) = (kept(&shop).await, shop.stack.simulator().transactions());
        let mut wrong = Wrong::default();
        for (route, changes, status, code, says) in rows {
            for syntax in BOTH {
                // Names with blanks cannot be written in XML, nor can a list; and its names are exact.
                let text = changes.to_string();
                let json_only = ["Amount \"", "[]"].iter().any(|odd| text.contains(odd));
                let xml_only = ["\"amount\"", "\"AMOUNT\""].iter().any(|odd| text.contains(odd));
                if if syntax == Syntax::Xml { json_only } else { xml_only } {
                    continue;
                }
                let transaction = if *route == "refund" { &paid } else { &held };
                let mut request = follow_up(route, transaction, "bad");
                for (name, value) in changes.as_object().unwrap() {
                    let value = Some(value.clone()).filter(|value| !value.is_null());
                    request = with(request, &format!("/Request/{name}"), value);
                }
                let answer = api.send(syntax, route, &request).await;
                wrong.check(&format!("{syntax:?} {route} {changes}"), &answer, (*status, code, says));
            }
        }
        wrong.none_of(answers);
        assert_eq!(shop.stack.simulator().transactions(), ledger);
        assert!(kept(&shop).await == before, "nothing was to be stored");
        shop.close().await;
    }
}

#[tokio::test]
async fn follow_ups_that_name_nothing_or_the_wrong_payment_move_no_money() {
    let at = Attacked::open().await;
    let card = json!({"CardNumber": AMEX, "ExpiryDate": "12/31", "CVV": "1234"});
    let rows: Vec<Row<'_>> = vec![
        ("capture", json!({"TransactionID": null}), 400, "14", &[ID]),
        ("void", json!({"TransactionID": null}), 400, "14", &[ID]),
        ("refund", json!({"TransactionID": null}), 400, "14", &[ID]),
        ("refund", json!({"TransactionID": null, "Card": card}), 400, "14", &[ID, "a card alone"]),
        ("refund", json!({"TransactionID": " ", "Card": card}), 400, "14", &[ID, "a card alone"]),
        ("capture", json!({"TransactionID": ""}), 400, "14", &[ID]),
        ("capture", json!({"TransactionID": {"Id": at.held}}), 400, "15", &[ID]),
        ("capture", json!({"TransactionID": "x".repeat(65)}), 400, "16", &[ID]),
        ("capture", json!({"TransactionID": "3212345"}), 200, "32", &[]),
        ("void", json!({"TransactionID": format!("{}0", at.held)}), 200, "32", &[]),
        ("void", json!({"TransactionID": "#"}), 200, "32", &[]),
        ("capture", json!({"TransactionID": UNKNOWN}), 200, "32", &[]),
        ("refund", json!({"TransactionID": at.theirs}), 200, "32", &[]),
        ("void", json!({"TransactionID": at.theirs}), 200, "32", &[]),
        ("charge", json!({"TransactionID": at.theirs}), 200, "32", &[]),
        ("status", json!({"TransactionID": at.theirs}), 200, "32", &[]),
        ("status", json!({"TransactionID": "00000000-0000-0000-0000-000000000000"}), 200, "32", &[]),
        ("status", json!({"TransactionID": null, "TransactionReference": "theirs"}), 200, "32", &[]),
        ("status", json!({"TransactionID": null, "TransactionReference": null}), 400, "14", &["is required"]),
        ("status", json!({"TransactionID": null, "TransactionReference": "réf"}), 400, "16", &[]),
        ("status", json!({"TransactionID": []}), 400, "15", &[ID]),
    ];
    at.refuse_all(&rows, 40).await;
}

#[tokio::test]
async fn follow_ups_with_wrong_or_misspelled_amounts_and_references_move_no_money() {
    let at = Attacked::open().await;
    let amount = |amount: &str| json!({"Amount": amount, "CurrencyCode": "USD"});
    let rows: Vec<Row<'_>> = vec![
        ("capture", json!({"TransactionReference": null}), 400, "14", &["Request.TransactionReference:"]),
        (
            "void",
            json!({"TransactionReference": "a".repeat(101)}),
            400,
            "16",
            &["Request.TransactionReference:"],
        ),
        ("refund", json!({"TransactionReference": VISA}), 400, "16", &["Request.TransactionReference:"]),
        ("refund", json!({"TransactionType": null}), 400, "14", &["Request.TransactionType:"]),
        ("charge", json!({"TransactionType": null}), 400, "14", &["Request.TransactionType:"]),
        ("void", amount("20.50"), 400, "16", &["Request.Amount:", "leave the amount out"]),
        ("void", json!({"Amount": {"Value": "1"}, "CurrencyCode": "USD"}), 400, "16", &["Request.Amount:"]),
        ("capture", json!({"Amount": "10.0"}), 400, "16", &["Request.Amount:"]),
        ("refund", json!({"Amount": "10"}), 400, "16", &["Request.Amount:"]),
        ("charge", json!({"Amount": "10.000"}), 400, "16", &["Request.Amount:"]),
        ("capture", amount("10"), 400, "16", &["Request.Amount:"]),
        ("refund", amount("0.00"), 400, "16", &["Request.Amount:"]),
        ("refund", amount("-1.00"), 400, "16", &["Request.Amount:"]),
        ("capture", amount("18.46"), 200, "42", &["Request.Amount:"]),
        ("refund", amount("18.46"), 200, "43", &["Request.Amount:"]),
        ("capture", json!({"Amount": "10.00", "CurrencyCode": "EUR"}), 200, "45", &["Request.CurrencyCode:"]),
        ("capture", json!({"CurrencyCode": "EUR"}), 200, "45", &["Request.CurrencyCode:"]),
        ("capture", json!({"Amout": "10.00", "CurrencyCode": "USD"}), 400, "17", &["Amout:"]),
        ("refund", json!({"Amout": "10.00"}), 400, "17", &["Amout:"]),
        ("charge", json!({"Ammount": "10.00"}), 400, "17", &["Ammount:"]),
        ("refund", json!({"Amount ": "10.00"}), 400, "17", &["Amount :"]),
        ("refund", json!({"TransactionID": at.held}), 200, "54", &[]),
        ("capture", json!({"TransactionID": at.paid}), 200, "52", &[]),
        ("charge", json!({"TransactionID": at.paid}), 200, "52", &[]),
        (
            "capture",
            json!({"TransactionDateTime": "2020-01-01 00:00:00"}),
            400,
            "16",
            &["TransactionDateTime:"],
        ),
        ("refund", json!({"TransactionDateTime": "today"}), 400, "16", &["TransactionDateTime:"]),
        ("refund", json!({"amount": "1.00"}), 400, "17", &["amount:"]),
        ("capture", json!({"AMOUNT": "1.00"}), 400, "17", &["AMOUNT:"]),
    ];
    at.refuse_all(&rows, 50).await;
}

#[tokio::test]
async fn a_void_with_an_amount_needs_no_currency() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let held = api.approved("authorize", &payment("0", "held")).await;
    let request = with(follow_up("void", &held, "bad"), "/Request/Amount", Some(json!("18.45")));
    for syntax in BOTH {
        let envelope = api.send(syntax, "void", &request).await.envelope();
        assert_eq!(envelope.code, "16", "{}", envelope.description);
        assert!(
            envelope.description.starts_with("Request.Amount:")
                && !envelope.description.contains("CurrencyCode")
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn an_amount_that_was_left_blank_does_not_move_all_of_it() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let held = api.approved("authorize", &payment("0", "held")).await;
    let paid = api.approved("charge", &payment("1", "paid")).await;
    shop.stack.simulator().settle();
    let ledger = shop.stack.simulator().transactions();
    let mut wrong = Wrong::default();
    for (route, transaction) in [("capture", &held), ("charge", &held), ("refund", &paid)] {
        for (n, blank) in ["", " ", "\n"].into_iter().enumerate() {
            for syntax in BOTH {
                let mut request = follow_up(route, transaction, &format!("blank-{n}"));
                request["Request"]["Amount"] = json!(blank);
                request["Request"]["CurrencyCode"] = json!("USD");
                let answer = api.send(syntax, route, &request).await;
                wrong.check(
                    &format!("{syntax:?} {route} {blank:?}"),
                    &answer,
                    (400, "14", &["Request.Amount:"]),
                );
            }
        }
    }
    wrong.none_of(18);
    assert_eq!(shop.stack.simulator().transactions(), ledger);
    shop.close().await;
}

#[tokio::test]
async fn a_card_number_in_the_name_of_a_member_is_not_repeated_not_even_a_part_of_it() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let held = api.approved("authorize", &payment("0", "held")).await;
    for before in
        ["", "x", "my card number is ", "the number of the card is", "the number of my credit card is "]
    {
        let name = format!("{before}{VISA}");
        let request = with(follow_up("capture", &held, "bad"), &format!("/Request/{name}"), Some(json!("1")));
        let answer = api.send(Syntax::Json, "capture", &request).await;
        assert_eq!((answer.status, answer.envelope().code.as_str()), (400, "17"));
        // PCI DSS 3.4.1: at most the first six and the last four may be shown.
        let shown = (7..=VISA.len()).rev().find(|digits| answer.body.contains(&VISA[..*digits]));
        assert_eq!(shown, None, "{name}: {}", answer.body);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_response_does_not_grow_with_what_is_wrong_in_the_request() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let held = api.approved("authorize", &payment("0", "held")).await;
    let mut request = follow_up("refund", &held, "bad");
    for n in 0..6_000 {
        request["Request"][format!("{n:x}")] = json!(1);
    }
    let answer = api.send(Syntax::Json, "refund", &request).await;
    assert_eq!((answer.status, answer.envelope().code.as_str()), (400, "17"));
    assert!(answer.body.len() < 64 * 1024, "an answer of {} bytes", answer.body.len());
    shop.close().await;
}

#[tokio::test]
async fn a_status_says_the_reference_of_the_payment_that_it_is_about() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let one = api.approved("authorize", &payment("0", "one")).await;
    api.approved("authorize", &payment("0", "two")).await;
    let answer = api.send(Syntax::Json, "status", &follow_up("status", &one, "two")).await;
    let envelope = answer.envelope();
    let told = (envelope.of("TransactionID"), envelope.of("TransactionReference"));
    // Either it is refused, or the members of the response belong together.
    assert!(answer.status == 400 || told == (Some(&one), Some("one")), "{}", answer.body);
    shop.close().await;
}

#[tokio::test]
async fn a_charge_whose_transaction_id_is_blank_or_in_other_letters_is_no_second_sale() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let held = api.approved("authorize", &payment("0", "held")).await;
    let mut sales = Vec::new();
    // A client that fills the page's model and means the capture of an authorization.
    for (name, text) in [
        ("TransactionId", held.as_str()),
        ("transactionID", &held),
        ("TransactionID", ""),
        ("TransactionID", " "),
    ] {
        for syntax in BOTH {
            let before = shop.ledger("auth").len();
            let reference = format!("second-{}", sales.len());
            let request = with(payment("1", &reference), &format!("/Request/{name}"), Some(json!(text)));
            let answer = api.send(syntax, "charge", &request).await;
            if shop.ledger("auth").len() > before {
                sales.push(format!("{syntax:?} {name} {text:?}: {}", answer.envelope().description));
            }
        }
    }
    assert!(sales.is_empty(), "{}", sales.join("\n"));
    shop.close().await;
}
