//! JSON, XML, charsets and the `Accept` header.

use super::pay;
use crate::ask::{Ask, post};
use crate::fixture::{NUMBER, declined};
use crate::merchants::key;
use crate::table::Table;

/// The namespace of requests.
pub(crate) const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";

fn xml(route: &str, inner: &str) -> Ask {
    let body =
        format!(r#"<CardTransactionBindingModel xmlns="{NAMESPACE}">{inner}</CardTransactionBindingModel>"#);
    post(format!("/api/v1/payments/creditcard/{route}")).header("content-type", "application/xml").text(body)
}

fn charge_xml(own: &str) -> String {
    format!(
        "<Authentication><Id>external</Id><Key>{}</Key></Authentication><Request><Amount>20.50</Amount><BillingAddress><Country>US</Country><Zip>12345</Zip></BillingAddress>\
         <CaptureMethod>2</CaptureMethod><Card><CVV>123</CVV><CardNumber>{NUMBER}</CardNumber><ExpiryDate>08/30</ExpiryDate></Card><CurrencyCode>USD</CurrencyCode>{own}\
         <TransactionReference>ref-1</TransactionReference><TransactionType>1</TransactionType></Request>",
        key("all")
    )
}

#[tokio::test(start_paused = true)]
async fn xml_and_json_are_read_and_written_as_the_client_says() {
    let mut t = Table::new("cc_media");
    t.ask("XML", &xml("charge", &charge_xml(""))).await;
    t.ask("the same in JSON", &pay("charge")).await;
    let away = charge_xml("").replace("<Id>external", "<Id>away");
    t.ask("a merchant that cannot be read is told of in XML, too", &xml("authorize", &away)).await;
    for own in [
        "<transactionid>x</transactionid>",
        "<TransactionID></TransactionID>",
        "<TransactionID/>",
        "<Discount/>",
        "<Discount></Discount>",
        "<Discount><DiscountCode>SPRING</DiscountCode></Discount>",
        "<SaveToFile>true</SaveToFile>",
        "<Email>a&amp;b@c</Email>",
        "<Unknown/>",
        "<x:Note xmlns:x=\"urn:x\">ours <b>1</b></x:Note>",
        "<x:Discount xmlns:x=\"urn:x\"><DiscountCode>SPRING</DiscountCode></x:Discount>",
        "<Name>Ann</Name><Name>Bob</Name>",
    ] {
        t.afresh();
        t.world.answer(declined);
        t.ask("a member in XML", &xml("charge", &charge_xml(own))).await;
    }
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
        let body = charge_xml("").replace(&open, &other_open).replace(&close, &other_close);
        t.ask(
            &format!("{name} in small letters"),
            &xml("charge", &body).header("accept", "application/json"),
        )
        .await;
    }
    t.afresh();
    let authorization = charge_xml("<transactionid>x</transactionid>").replace("Type>1<", "Type>0<");
    t.ask("an authorization in other letters", &xml("authorize", &authorization)).await;
    t.ask("a follow-up in other letters", &xml("refund", "<Authentication><Id>external</Id><Key>all-key-of-merchant</Key></Authentication><Request><amount>1.00</amount><TransactionID>x</TransactionID><TransactionReference>r</TransactionReference><TransactionType>2</TransactionType></Request>")).await;
    for amount in ["<x:Amount xmlns:x=\"urn:x\">1.00</x:Amount>", "<x:Sum xmlns:x=\"urn:x\">1.00</x:Sum>"] {
        let request = format!(
            "<Authentication><Id>external</Id><Key>all-key-of-merchant</Key></Authentication><Request>{amount}<TransactionID>x</TransactionID><TransactionReference>r</TransactionReference><TransactionType>2</TransactionType></Request>"
        );
        t.ask("a follow-up with a member of another namespace", &xml("refund", &request)).await;
    }
    let text = |kind: &'static str, body: &str| {
        post("/api/v1/payments/creditcard/charge").header("content-type", kind).text(body)
    };
    for (kind, body) in [
        ("application/json", ""),
        ("application/json", " "),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", "{\"a\": 1, \"A\": 2}"),
        ("text/json", "{}"),
        ("application/xml", ""),
        ("application/xml", "<a/>"),
        ("text/xml", "<a"),
        ("text/xml", "<CardTransactionBindingModel/>"),
        (
            "application/xml",
            r#"<CardTransactionBindingModel xmlns="http://schemas.datacontract.org/2004/07/Payments.Api.Models"><a xmlns="b"/></CardTransactionBindingModel>"#,
        ),
        ("text/plain", "{}"),
        ("application/json; charset=utf-7", "{}"),
        ("application/json; charset=us-ascii", "{\"\u{e9}\": 1}"),
        ("x", "{}"),
        ("application/json; charset=utf-8; charset=us-ascii", "{}"),
        ("Application/JSON;; Charset=\"utf-8\"", "{}"),
        ("application/json; charset", "{}"),
        ("app lication/json", "{}"),
    ] {
        t.ask("what is no request", &text(kind, body)).await;
    }
    for kind in [
        "application/soap+xml",
        "Image/SVG+XML",
        "application/xml; charset=latin1",
        "text/xml;;===",
        "a/xmlx",
    ] {
        t.ask("what is XML that is not read", &text(kind, "<a/>")).await;
        let json = text(kind, "<a/>").header("accept", "application/json");
        t.ask("unless JSON is accepted", &json).await;
    }
    t.ask("what is no XML", &text("x/json5", "{}").header("accept", "text/xml")).await;
    t.ask("no content type", &post("/api/v1/payments/creditcard/charge").text("{}")).await;
    t.ask("not UTF-8", &text("application/json", "").bytes(b"{\"\xff\": 1}")).await;
    t.ask("a mark in front", &text("application/json", "").bytes(b"\xef\xbb\xbf{}")).await;
    t.ask("UTF-16", &text("application/json; charset=utf-16", "").bytes(b"{\0}\0")).await;
    t.ask("half of it", &text("application/json; charset=utf-16", "").bytes(b"{\0}")).await;
    for coding in ["gzip", "identity", "Identity", "identity, br"] {
        t.ask("a coding", &text("application/json", "{}").header("content-encoding", coding)).await;
    }
    for bytes in [65_536, 65_537] {
        t.ask(
            "a large body",
            &text("application/json", &format!("{{\"x\": \"{}\"}}", "x".repeat(bytes - 9))),
        )
        .await;
    }
    for accept in [
        "application/xml",
        "text/xml",
        "text/json",
        "application/json;q=0.1, text/xml",
        "*/*",
        "text/html",
        "application/json;q=0",
        "\"x, text/xml",
    ] {
        t.ask("as what is accepted", &pay("charge").header("accept", accept)).await;
        t.ask("to XML", &xml("status", "").header("accept", accept)).await;
    }
    let script = |ask: Ask| ask.header("x-requested-with", "xmlhttprequest");
    t.ask("a script gets JSON", &script(xml("status", ""))).await;
    t.ask("unless it wants XML", &script(xml("status", "").header("accept", "text/xml"))).await;
    t.ask("or is none", &xml("status", "").header("x-requested-with", "x")).await;
    t.ask(
        "two lines of what is accepted",
        &pay("charge").header("accept", "text/html").header("accept", "text/xml"),
    )
    .await;
    t.end();
}
