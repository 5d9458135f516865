//! Every member of a request for a payment.

use serde_json::{Value, json};

use super::{declines, paid, pay, with};
use crate::fixture::{NUMBER, TOKEN, long};
use crate::table::{ABSENT, Table};

/// The members that every payment states.
const REQUIRED: [&str; 12] = [
    "Authentication.Id",
    "Authentication.Key",
    "Request.TransactionType",
    "Request.Card.CardNumber",
    "Request.Card.ExpiryDate",
    "Request.Card.CVV",
    "Request.CaptureMethod",
    "Request.BillingAddress.Zip",
    "Request.BillingAddress.Country",
    "Request.Amount",
    "Request.CurrencyCode",
    "Request.TransactionReference",
];

const OPTIONAL: [&str; 15] = [
    "Request.TransactionDateTime",
    "Request.Description",
    "Request.Email",
    "Request.Authorizer",
    "Request.SaveToFile",
    "Request.Name",
    "Request.DealType",
    "Request.DealStage",
    "Request.Marketing",
    "Request.RevenuePartner",
    "Request.Discount.DiscountCode",
    "Request.Discount.Product",
    "Request.BillingAddress.HouseNumber",
    "Request.BillingAddress.Street",
    "Request.BillingAddress.CountryName",
];

/// A transaction that is none of anybody's.
const ID: &str = "6f3f5c1e-3f2a-5b60-9d75-6a8e2f6a1c11";

/// The authorization that `pay` makes.
const HELD: &str = "eb5f4869-19e4-5748-9562-5c0150cd9849";

/// Texts that a bar separates, and values that are none.
fn texts_of(texts: &str, others: &[Value]) -> Vec<Value> {
    others.iter().cloned().chain(texts.split('|').map(Value::from)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_payment_is_as_stated_or_refused() {
    let mut t = Table::new("cc_members");
    let scalars: &[Value] =
        &[json!(null), json!(""), json!(" x "), json!(5), json!(true), long(100), long(101), json!("a\nb")];
    let (texts, objects) =
        (REQUIRED.iter(), ["Authentication", "Request", "Request.Card", "Request.BillingAddress"]);
    let blank = [json!(ABSENT), json!(null), json!(""), json!(" \t\n ")];
    let missing: Vec<(&str, &[Value])> =
        texts.clone().chain(&objects).map(|name| (*name, &blank[..])).collect();
    t.vary(&pay("authorize"), declines, &missing).await;
    let (no_text, no_object) = (
        [json!({"Value": "20.50"}), json!(["20.50"]), json!([]), json!({})],
        [json!("x"), json!(5), json!(true), json!([]), json!([{"CVV": "1"}])],
    );
    let of_another_type: Vec<(&str, &[Value])> = (texts.chain(&OPTIONAL).map(|name| (*name, &no_text[..])))
        .chain(objects.iter().chain(&["Request.Discount"]).map(|name| (*name, &no_object[..])))
        .collect();
    t.vary(&pay("authorize"), declines, &of_another_type).await;
    let unkept = [json!("card 3714-4963-5398-431"), json!(NUMBER), json!("a\u{0}b"), json!("a\u{9d}b")];
    let kept = ["Description", "Name", "DealType", "DealStage", "Marketing", "RevenuePartner", "Authorizer"];
    let kept = kept.map(|name| format!("Request.{name}"));
    let kept: Vec<(&str, &[Value])> = kept.iter().map(|name| (name.as_str(), &unkept[..])).collect();
    t.vary(&pay("authorize"), declines, &kept).await;
    let members: &[(&str, &[Value])] = &[
        ("Authentication", &[json!({})]),
        (
            "Authentication.Id",
            &texts_of("nobody|4111111111111111|1\u{85}2|closed|away", &[json!(5), long(256)]),
        ),
        (
            "Authentication.Key",
            &texts_of(
                "wrong-key-of-merchant|all-key-of-merchan|all-key-of-merchants|1\u{85}2",
                &[long(255), long(256)],
            ),
        ),
        ("Request", &[json!({})]),
        (
            "Request.TransactionType",
            &texts_of(
                "1|2|3|9|authorize|00|-0|0.0|\u{660}|(0 - authorize, 1 - charge, 2 - refund)",
                &[json!(0)],
            ),
        ),
        ("Request.TransactionID", &[json!("x"), json!(ID), json!(""), json!(" "), json!(null)]),
        ("Request.transactionid", &[json!("x"), json!(null)]),
        (
            "Request.TransactionReference",
            &texts_of(
                "\u{e9}|a\u{2028}b|\u{662}\u{663}|a\u{202e}b|a\nb|a\tb|a\u{0}b|a\u{7}b|a\u{7f}b|a\u{85}b|a\u{fffe}b|\
                 4111 1111 1111 1111|inv-4111111111111111-1",
                &[json!(5), json!("a b~!"), json!(NUMBER), long(100), long(101)],
            ),
        ),
        ("Request.Card", &[json!({})]),
        (
            "Request.Card.CardNumber",
            &texts_of(
                "4111111111111112|371449635398432|9999999999999995|37144963539843l|37144963539843|3714496353984310|4|\
                 3714.4963.5398.431|\u{ff14}111111111111111|4111111111111111/08/30|*1111|\
                 41111111111111114111111111111111|4111111111111111\u{200b}|[card ****1111]",
                &[
                    json!("4111 1111 1111 1111"),
                    json!(4_111_111_111_111_111_u64),
                    json!(TOKEN),
                    json!("371449635398431"),
                ],
            ),
        ),
        (
            "Request.Card.ExpiryDate",
            &texts_of(
                "0830|08/2030|x|1/29|12-29|12/|/29|1 /29|12/2 |+1/29|\u{661}\u{662}/\u{662}\u{669}|12/29/01|12 / 29|\
                 2029-12|13/30|00/29|0/00|10/26|01/20|11/26",
                &[json!(830)],
            ),
        ),
        (
            "Request.Card.CVV",
            &texts_of("12|1234|12345|abc|12a|\u{661}\u{662}\u{663}|1 3|-12|1.2", &[json!(123)]),
        ),
        ("Request.CaptureMethod", &texts_of("1|3|ecommerce|22|2.0|02|(2 - ecommerce)", &[json!(2)])),
        ("Request.CustomerId", &[json!("123"), json!("x")]),
        ("Request.ProfileId", &[json!("1")]),
        (
            "Request.BillingAddress",
            &[
                json!({}),
                json!({"Country": "Hong Kong"}),
                json!({"Country": "Côte d’Ivoire", "Zip": ""}),
                json!({"Country": "AE", "Zip": "00000"}),
                json!({"Country": "AE", "Zip": "_"}),
                json!({"Country": "DE", "Zip": ""}),
            ],
        ),
        (
            "Request.BillingAddress.Zip",
            &texts_of(
                "SW1A 1AA|1-2|a_b|90001!|9000\u{661}|90001-1234-567|4111111111111111",
                &[json!(62_701), long(12), long(13)],
            ),
        ),
        (
            "Request.BillingAddress.Country",
            &texts_of("Germany|UK|U.K.|Atlantis|XX|US of A|840|USA|U.S.A.|u.s.", &[json!(4), long(101)]),
        ),
        (
            "Request.BillingAddress.CountryName",
            &texts_of("United States|Germany|Canada|Atlantis|USA!?x", &[]),
        ),
        ("Request.BillingAddress.Country2AlphaCode", &texts_of("us|GB|CA|USA", &[])),
        ("Request.BillingAddress.Country3AlphaCode", &texts_of("USA|DEU|CAN|US", &[])),
        (
            "Request.BillingAddress.CountryNumericCode",
            &texts_of("840|4|124|0840|-84|-840|8a|8\u{ff14}0", &[json!(840)]),
        ),
        ("Request.BillingAddress.HouseNumber", &[json!("7"), json!(7), json!(NUMBER)]),
        ("Request.BillingAddress.Street", scalars),
        ("Request.BillingAddress.ApartmentNumber", &[json!("2b")]),
        ("Request.BillingAddress.Street2", &[json!("Rear"), json!("\u{1b}[2J")]),
        ("Request.BillingAddress.City", &[json!("Springfield"), json!(NUMBER)]),
        ("Request.BillingAddress.State", &[json!("IL"), json!(NUMBER)]),
        ("Request.BillingAddress.County", &[json!("Kent"), json!(NUMBER)]),
        (
            "Request.CurrencyCode",
            &texts_of("eur|JPY|GBP|x|US|USDD|840|XXX|XAU|$|U S|\u{ff35}\u{ff33}\u{ff24}", &[json!(840)]),
        ),
        (
            "Request.Amount",
            &texts_of(
                "20.5|2050|20|020.50|00020.50|20.|.50|20.500|20.505|20,50|1,000.00|-20.50|-1.00|+1.00|x|1e2|1e3|1E+3|0x14|\
                 20.50 USD|$20.50|2 0.50|20.50.00|NaN|Infinity|20.50\u{200b}|(0 - authorize)|\
                 \u{662}\u{660}.\u{665}\u{660}|\u{ff12}\u{ff10}.\u{ff15}\u{ff10}|0.00|0.01|1000000000.00|9999999999.99|\
                 99999999999.00|99999999999.99|18446744073709551616.00",
                &[json!(20.5), json!(20), json!(-20.25), json!(1e30), json!(true)],
            ),
        ),
        (
            "Request.TransactionDateTime",
            &texts_of(
                "2026-11-20 12:00:00|2026-11-21 12:00:00|2026-11-21 12:00:01|2026-11-19 11:59:59|2025-10-16 12:00:00|\
                 2027-12-25 12:00:00|2026-11-19 12:00:00|2026-11-20T12:00:00|2026-11-20 12:00|2026-11-2 12:00:00|\
                 2026-02-30 12:00:00|+2026-11-20 12:00:00|x|2026-11-20 12:00:00Z|2026-11-20 12:00:00 UTC|\
                 2026-11-20 12:00:00+02:00|2026-11-20 12:00:00.5|2026-11-2012:00:00|2026-11-20  12:00:00|2026-11-20|\
                 12:00:00|2026-11-20 24:00:00|2026-11-20 12:60:00|2026-11-20 12:00:61|2026-11-20 8:2:7|2026/11/20|\
                 (YYYY-MM-DD HH:MM:SS - UTC format)|1745051357|9999-12-31 23:59:59",
                &[json!("")],
            ),
        ),
        ("Request.Description", &[json!("A bike"), long(255), long(256)]),
        ("Request.Name", scalars),
        ("Request.DealType", &[json!("new"), long(101)]),
        ("Request.DealStage", &[json!("won"), long(101)]),
        ("Request.Marketing", &[json!("fair"), long(101)]),
        ("Request.RevenuePartner", &[json!("Bob"), long(101)]),
        (
            "Request.Email",
            &texts_of(
                "a@b.example|a@|@b|a|a@b@c|a b@c|a@b c|a@b.||4111111111111111@b.com",
                &[json!(format!("{}@b", "a".repeat(126))), json!(format!("{}@b", "a".repeat(127)))],
            ),
        ),
        ("Request.Authorizer", &texts_of("Acme Bank|acme bank|Acme  Bank|Other|", &[json!(4), long(101)])),
        (
            "Request.SaveToFile",
            &texts_of(
                "true|1|FALSE|0||yes|maybe|2|null|true/false",
                &[json!(true), json!(1), json!(false), json!(0)],
            ),
        ),
        (
            "Request.Discount",
            &[
                json!(null),
                json!(""),
                json!({}),
                json!({"DiscountCode": "SPRING"}),
                json!({"DiscountCode": "spring"}),
                json!({"DiscountCode": "SHOES"}),
                json!({"DiscountCode": "SHOES", "Product": "boots"}),
                json!({"DiscountCode": "SHOES", "Product": "Desk"}),
                json!({"DiscountCode": 5}),
                json!({"DiscountCode": "ALL"}),
                json!({"DiscountCode": "SHOES", "Product": "Boots"}),
                json!({"DiscountCode": "SPRING", "Product": "Any"}),
                json!({"Product": "Boots"}),
                json!({"DiscountCode": " ", "Product": "Boots"}),
                json!({"DiscountCode": NUMBER, "Product": "Boots"}),
            ],
        ),
        ("Request.Unknown", &[json!("is ignored")]),
    ];
    t.vary(&pay("authorize"), declines, members).await;
    let charge: &[(&str, &[Value])] =
        &[("Request.TransactionType", &[json!(ABSENT), json!("0"), json!("1"), json!("2"), json!("x")])];
    t.vary(&pay("charge"), declines, charge).await;
    // A client that fills the model and means the capture of an authorization makes no second sale.
    let held: &[(&str, &[Value])] = &[
        ("Request.TransactionID", &[json!(""), json!(" "), json!(HELD)]),
        ("Request.transactionID", &[json!(HELD)]),
    ];
    t.vary(&pay("charge"), async |t| drop(paid(t, "authorize").await), held).await;
    t.afresh();
    let all = json!({
        "TransactionType": "2", "TransactionID": "x", "CaptureMethod": "1", "TransactionDateTime": "today",
        "Card": {"CardNumber": "4788250000121444", "ExpiryDate": "13/29", "CVV": "1"},
        "BillingAddress": {"Zip": "!", "Country": "Atlantis", "City": {"A": "1"}},
        "Amount": "20.5", "CurrencyCode": "USD", "TransactionReference": "\u{e9}", "Email": "x",
        "SaveToFile": "maybe", "Authorizer": "x", "Name": NUMBER, "Description": {"A": "1"},
    });
    t.ask("every problem is named", &with(pay("authorize"), "Request", all)).await;
    for (member, value, amount) in [
        ("CurrencyCode", json!("Dollars"), "a lot"),
        ("Discount", json!("1234"), "20.5"),
        ("Discount", json!({"DiscountCode": ["1234"]}), "20.5"),
    ] {
        let wrong = with(pay("authorize"), &format!("Request.{member}"), value);
        t.ask("also one that depends on another", &with(wrong, "Request.Amount", json!(amount))).await;
    }
    let dollars =
        with(pay("authorize"), "Request.Discount", json!({"DiscountCode": "SHOES", "Product": "Boots"}));
    t.ask("a discount in another currency", &with(dollars, "Request.CurrencyCode", json!("EUR"))).await;
    t.end();
}
