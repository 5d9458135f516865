//! The credit-card API as its page shows it: the page's own samples, and the operations on a
//! payment after that.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::{
    credit_card_client::{BOTH, CreditCard, Syntax, follow_up, payment, with},
    shop::{AMEX, NO_FUNDS, Shop, VISA},
};

/// The page's sample of this API, word for word.
const SAMPLE_JSON: &str = r#"{ "Authentication": { "Id": "170200123", "Key": "467512342123" }, "Request": { "TransactionType": "(0 - authorize, 1 - charge, 2 - refund)", "Card": { "CardNumber": "4000000000000001", "ExpiryDate": "12/19 (MM/YY)", "CVV": "123 (3 or 4 digits, depending upon card scheme)" }, "CaptureMethod": "(2 - ecommerce)", "BillingAddress": { "HouseNumber": "123 (optional)", "ApartmentNumber": "4A (optional)", "Street": "Welling Ave (optional)", "Street2": "Houseblocks (optional)", "City": "Saverton (optional)", "Zip": "90001", "County": "King (optional)", "State": "WA (optional)", "Country": "USA", "CountryName": null, "Country2AlphaCode": null, "Country3AlphaCode": null, "CountryNumericCode": null }, "TransactionDateTime": "2025-04-19 08:29:17 (YYYY-MM-DD HH:MM:SS - UTC format)", "Amount": "20.50 (include decimal places)", "CurrencyCode": "USD (see ISO 4217 for correct currency codes)", "TransactionReference": "2343-0988 (unique for each transaction)", "Description": "Booking for workstation 23A (free form text)", "DealType": null, "DealStage": null, "Email": "larry@newmedia.com (cardholder's email address)", "Authorizer": "Secondhand Bank (use your approved authorizer)", "Discount": { "DiscountCode": "1234", "Product": "Storage" }, "Marketing": null, "RevenuePartner": null, "Name": null, "SaveToFile": "true/false" } }"#;
const SAMPLE_XML: &str = r#"<CardTransactionBindingModel xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/Payments.Api.Models"> <Authentication> <Id>170200123</Id> <Key>467512342123</Key> </Authentication> <Request> <Amount>20.50 (include decimal places)</Amount> <Authorizer>Secondhand Bank (use your approved authorizer)</Authorizer> <BillingAddress> <ApartmentNumber>4A (optional)</ApartmentNumber> <City>Saverton (optional)</City> <Country>USA</Country> <Country2AlphaCode i:nil="true" /> <Country3AlphaCode i:nil="true" /> <CountryName i:nil="true" /> <CountryNumericCode i:nil="true" /> <County>King (optional)</County> <HouseNumber>123 (optional)</HouseNumber> <State>WA (optional)</State> <Street>Welling Ave (optional)</Street> <Street2>Houseblocks (optional)</Street2> <Zip>90001</Zip> </BillingAddress> <CaptureMethod>(2 - ecommerce)</CaptureMethod> <Card> <CVV>123 (3 or 4 digits, depending upon card scheme)</CVV> <CardNumber>4000000000000001</CardNumber> <ExpiryDate>12/19 (MM/YY)</ExpiryDate> </Card> <CurrencyCode>USD (see ISO 4217 for correct currency codes)</CurrencyCode> <DealStage i:nil="true" /> <DealType i:nil="true" /> <Description>Booking for workstation 23A (free form text)</Description> <Discount> <DiscountCode>1234</DiscountCode> <Product>Storage</Product> </Discount> <Email>larry@newmedia.com (cardholder's email address)</Email> <Marketing i:nil="true" /> <Name i:nil="true" /> <RevenuePartner i:nil="true" /> <SaveToFile>true/false</SaveToFile> <TransactionDateTime>2025-04-19 08:29:17 (YYYY-MM-DD HH:MM:SS - UTC format)</TransactionDateTime> <TransactionReference>2343-0988 (unique for each transaction)</TransactionReference> <TransactionType>(0 - authorize, 1 - charge, 2 - refund)</TransactionType> </Request> </CardTransactionBindingModel>"#;

/// A sample as a client would send it: the explanations in brackets removed, the two enumerations
/// and the choice made, dates in range, and a card of the gateway's test tables (the sample's own
/// fails the check digit).
fn completed(sample: &str, shop: &Shop, reference: &str, save: bool) -> String {
    let now = shop.stack.clock().now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut text = sample
        .replace("(0 - authorize, 1 - charge, 2 - refund)", "0")
        .replace("(2 - ecommerce)", "2")
        .replace("true/false", if save { "true" } else { "false" })
        .replace("4000000000000001", VISA)
        .replace("12/19", "12/31")
        .replace("2025-04-19 08:29:17", &now)
        .replace("2343-0988", reference);
    while let Some(start) = text.find(" (") {
        let end = start + text[start..].find(')').unwrap() + 1;
        text.replace_range(start..end, "");
    }
    text
}

#[tokio::test]
async fn the_pages_own_samples_are_approved_in_all_four_media_types() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    for (n, (media, sample)) in [
        ("application/json", SAMPLE_JSON),
        ("text/json", SAMPLE_JSON),
        ("application/xml", SAMPLE_XML),
        ("text/xml", SAMPLE_XML),
    ]
    .into_iter()
    .enumerate()
    {
        let (reference, save) = (format!("2343-{n}"), n % 2 == 0);
        let body = completed(sample, &shop, &reference, save);
        let answer = api.post("authorize", Some(media), None, body).await;
        assert_eq!(answer.content_type, format!("{media}; charset=utf-8"));
        // Reading the envelope holds it against the page's members and their order.
        let envelope = answer.envelope();
        let of = |name| envelope.of(name);
        assert_eq!((answer.status, envelope.code.as_str()), (200, "00"), "{media}: {}", answer.body);
        assert_eq!((of("ResponseCode"), of("ResponseCodeText")), (Some("1"), Some("Approved")));
        assert_eq!(
            (of("AvsResultCode"), of("CvvResultCode"), of("CardType")),
            (Some("Z"), Some("M"), Some("Visa"))
        );
        // 10 % of 20.50, halves up.
        assert_eq!(
            (of("DiscountedAmount"), of("TransactionReference")),
            (Some("2.05"), Some(reference.as_str()))
        );
        assert!(of("AuthCode").is_some_and(|code| code.starts_with("PPS")));
        assert_eq!((of("CustomerId").is_some(), of("ProfileId").is_some()), (save, save));
    }
    let sent = shop.ledger("auth");
    assert_eq!(sent.len(), 4);
    for (n, entry) in sent.iter().enumerate() {
        assert_eq!((&entry["amount"], &entry["setlstat"]), (&json!("18.45"), &json!("Authorized")));
        assert_eq!(entry["userfields"][1]["reference"], format!("2343-{n}"));
        assert_eq!(entry["userfields"][2]["description"], "Booking for workstation 23A");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_payment_is_captured_refunded_and_looked_up_by_its_transaction_id() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    for (n, syntax) in BOTH.into_iter().enumerate() {
        let reference = format!("r{n}");
        let id = api.approved("authorize", &payment("0", &reference)).await;
        let ask = async |route: &str, request: Value| {
            let answer = api.send(syntax, route, &request).await;
            let envelope = answer.envelope();
            assert_eq!(
                (answer.status, envelope.of("TransactionID")),
                (200, Some(id.as_str())),
                "{}",
                answer.body
            );
            envelope
        };
        let status = follow_up("status", &id, "q");
        assert_eq!(ask("status", status.clone()).await.description, "authorized 18.45 USD");
        let part = with(
            with(follow_up("capture", &id, "c"), "/Request/Amount", Some(json!("15.00"))),
            "/Request/CurrencyCode",
            Some(json!("USD")),
        );
        let captured = ask("capture", part).await;
        assert_eq!(
            (captured.description.as_str(), captured.of("TransactionReference")),
            ("captured 15.00 USD", Some("c"))
        );
        assert!(captured.of("AuthCode").is_some());
        shop.stack.simulator().settle();
        let part = with(
            with(follow_up("refund", &id, "b"), "/Request/Amount", Some(json!("5.00"))),
            "/Request/CurrencyCode",
            Some(json!("USD")),
        );
        let refunded = ask("refund", part.clone()).await;
        assert_eq!(
            (refunded.description.as_str(), refunded.of("AuthCode")),
            ("captured 15.00 USD, refunded 5.00 USD", None)
        );
        // The same reference again is the same refund.
        assert_eq!(ask("refund", part).await.description, "captured 15.00 USD, refunded 5.00 USD");
        let rest = ask("refund", follow_up("refund", &id, "b2")).await;
        assert_eq!(rest.description, "captured 15.00 USD, refunded 15.00 USD");
        let by_reference = json!({"Authentication": status["Authentication"], "Request": {"TransactionReference": reference}});
        assert_eq!(ask("status", by_reference).await.of("ResponseCode"), Some("1"));
    }
    assert_eq!(shop.ledger("refund").len(), 4);
    shop.close().await;
}

#[tokio::test]
async fn a_charge_takes_the_money_and_a_charge_of_an_authorization_captures_it() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let sold = api.approved("charge", &payment("1", "sale")).await;
    let held = api.approved("authorize", &payment("0", "hold")).await;
    assert_eq!(api.approved("charge", &follow_up("charge", &held, "take")).await, held);
    let states: Vec<_> = shop.ledger("auth").iter().map(|entry| entry["setlstat"].clone()).collect();
    assert_eq!(states, ["Queued for Capture", "Queued for Capture"]);
    // Undone before settlement.
    let voided = api.send(Syntax::Xml, "void", &follow_up("void", &sold, "v")).await.envelope();
    assert_eq!(
        (voided.description.as_str(), voided.of("ResponseCode"), voided.of("AuthCode")),
        ("voided", Some("1"), None)
    );
    let refunded = api.send(Syntax::Json, "refund", &follow_up("refund", &held, "r")).await.envelope();
    assert!(refunded.description.starts_with("voided instead of refunded"), "{}", refunded.description);
    shop.close().await;
}

#[tokio::test]
async fn both_faces_see_the_same_payment() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let mut request = payment("0", "2343-0988");
    request["Request"]["Email"] = json!("larry@newmedia.com");
    request["Request"]["DealStage"] = json!("won");
    let id = api.approved("authorize", &request).await;
    let listed = shop.transactions(&id).await;
    assert_eq!(listed.len(), 1);
    let shown = &listed[0];
    assert_eq!((&shown["id"], &shown["custom_reference"]), (&json!(id), &json!("2343-0988")));
    assert_eq!((&shown["amount"], &shown["transaction_type"]), (&json!(1845), &json!("authorize")));
    let memo = &shown["meta"]["memo"];
    assert_eq!((&memo["email"], &memo["deal_stage"]), (&json!("larry@newmedia.com"), &json!("won")));
    shop.follow_up(&id, &id, "capture", json!({})).await.data(200);
    let status = api.send(Syntax::Json, "status", &follow_up("status", &id, "q")).await.envelope();
    assert_eq!(status.description, "captured 18.45 USD");
    assert_eq!(shop.order(&id).await["payment"], "paid");
    shop.close().await;
}

#[tokio::test]
async fn a_card_that_was_stored_pays_in_the_other_face() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let request = with(payment("1", "first"), "/Request/SaveToFile", Some(json!(true)));
    let answer = api.send(Syntax::Json, "charge", &request).await.envelope();
    let (customer, profile) = (answer.of("CustomerId").unwrap(), answer.of("ProfileId").unwrap());
    assert_eq!((customer.len(), profile), (20, "1"));
    shop.register("o", 1000).await;
    let data =
        json!({"gateway": "card_connect", "method": "purchase", "payment": format!("{profile}|{customer}")});
    let paid = shop.pay("o", data).await;
    assert_eq!(paid.data(200)["payment_details"]["card"]["last_four"], AMEX[11..]);
    // A declined payment stores nothing.
    let mut declined = with(payment("1", "second"), "/Request/SaveToFile", Some(json!("true")));
    declined["Request"]["Card"]["CardNumber"] = json!(NO_FUNDS);
    declined["Request"]["Card"]["CVV"] = json!("123");
    let answer = api.send(Syntax::Json, "charge", &declined).await.envelope();
    assert_eq!((answer.of("ResponseCode"), answer.of("CustomerId")), (Some("2"), None));
    shop.close().await;
}

#[tokio::test]
async fn the_address_goes_to_the_gateway_for_verification() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    // Postal codes of the gateway's test table, and the page's names of their AVS letters.
    for (zip, page, gateway) in
        [("19406", "Y", "Y"), ("55204", "Y", "D"), ("55202", "A", "B"), ("55216", "Z", "P")]
    {
        let request = with(payment("0", zip), "/Request/BillingAddress/Zip", Some(json!(zip)));
        let answer = api.send(Syntax::Json, "authorize", &request).await.envelope();
        assert_eq!(answer.of("AvsResultCode"), Some(page), "{zip}");
        let id = answer.of("TransactionID").unwrap();
        assert_eq!(
            shop.transactions(id).await[0]["payment_details"]["avs_result"],
            gateway,
            "the raw letter is kept"
        );
    }
    shop.close().await;
}
