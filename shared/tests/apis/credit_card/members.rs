//! Every member of a request for a payment.

use serde_json::{Value, json};

use super::{declines, on, pay, request};
use crate::fixture::{NUMBER, TOKEN, long};
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn each_member_of_a_payment_is_as_stated_or_refused() {
    let mut t = Table::new("cc_members");
    let scalars: &[Value] = &[
        json!(null),
        json!(""),
        json!(" x "),
        json!(5),
        json!(true),
        json!({}),
        json!([]),
        long(100),
        long(101),
        json!(NUMBER),
        json!("a\nb"),
    ];
    let members: &[(&str, &[Value])] = &[
        ("Authentication", &[json!(ABSENT), json!(null), json!(""), json!("x"), json!([]), json!({})]),
        (
            "Authentication.Id",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!("nobody"),
                json!(5),
                json!({}),
                long(256),
                json!("closed"),
                json!("away"),
            ],
        ),
        (
            "Authentication.Key",
            &[json!(ABSENT), json!("wrong-key-of-merchant"), json!([]), long(255), long(256)],
        ),
        ("Request", &[json!(ABSENT), json!(null), json!(""), json!("x"), json!([]), json!({})]),
        (
            "Request.TransactionType",
            &[json!(ABSENT), json!(0), json!("1"), json!("2"), json!("3"), json!("")],
        ),
        ("Request.TransactionID", &[json!("x"), json!(""), json!(null)]),
        ("Request.transactionid", &[json!("x"), json!(null)]),
        (
            "Request.TransactionReference",
            &[
                json!(ABSENT),
                json!(""),
                json!(5),
                json!("a b~!"),
                json!("\u{e9}"),
                json!(NUMBER),
                long(100),
                long(101),
                json!({}),
            ],
        ),
        ("Request.Card", &[json!(ABSENT), json!(null), json!(""), json!("x"), json!([]), json!({})]),
        (
            "Request.Card.CardNumber",
            &[
                json!(ABSENT),
                json!("4111 1111 1111 1111"),
                json!(4_111_111_111_111_111_u64),
                json!("4111111111111112"),
                json!(TOKEN),
                json!("371449635398431"),
            ],
        ),
        (
            "Request.Card.ExpiryDate",
            &[
                json!(ABSENT),
                json!("0830"),
                json!("08/2030"),
                json!("13/30"),
                json!("10/26"),
                json!("11/26"),
                json!("x"),
                json!(830),
            ],
        ),
        (
            "Request.Card.CVV",
            &[json!(ABSENT), json!(""), json!(123), json!("12"), json!("1234"), json!("abc")],
        ),
        ("Request.CaptureMethod", &[json!(ABSENT), json!(2), json!("1"), json!("")]),
        ("Request.CustomerId", &[json!("123"), json!("x")]),
        ("Request.ProfileId", &[json!("1")]),
        (
            "Request.BillingAddress",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!([]),
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
            &[
                json!(ABSENT),
                json!(""),
                json!(62_701),
                json!("SW1A 1AA"),
                json!("1-2"),
                json!("a_b"),
                long(12),
                long(13),
            ],
        ),
        (
            "Request.BillingAddress.Country",
            &[
                json!(ABSENT),
                json!("Germany"),
                json!("Atlantis"),
                json!("840"),
                json!("USA"),
                json!(4),
                long(101),
            ],
        ),
        (
            "Request.BillingAddress.CountryName",
            &[json!("United States"), json!("Germany"), json!("Atlantis")],
        ),
        ("Request.BillingAddress.Country2AlphaCode", &[json!("us"), json!("GB"), json!("USA")]),
        ("Request.BillingAddress.Country3AlphaCode", &[json!("USA"), json!("DEU"), json!("US")]),
        (
            "Request.BillingAddress.CountryNumericCode",
            &[json!("840"), json!(840), json!("4"), json!("0840"), json!("-84"), json!("8a")],
        ),
        ("Request.BillingAddress.HouseNumber", &[json!("7"), json!(7), json!(NUMBER)]),
        ("Request.BillingAddress.Street", scalars),
        ("Request.BillingAddress.ApartmentNumber", &[json!("2b")]),
        ("Request.BillingAddress.Street2", &[json!("Rear")]),
        ("Request.BillingAddress.City", &[json!("Springfield")]),
        ("Request.BillingAddress.State", &[json!("IL")]),
        ("Request.BillingAddress.County", &[json!("Kent")]),
        (
            "Request.CurrencyCode",
            &[json!(ABSENT), json!("eur"), json!("JPY"), json!("GBP"), json!("x"), json!(840)],
        ),
        (
            "Request.Amount",
            &[
                json!(ABSENT),
                json!(""),
                json!(20.5),
                json!("20.5"),
                json!("20.500"),
                json!("2050"),
                json!("020.50"),
                json!("20,50"),
                json!("-20.50"),
                json!("0.00"),
                json!("0.01"),
                json!("x"),
                json!("1e2"),
                json!("9999999999.99"),
                json!("99999999999.00"),
                json!([]),
                json!(true),
            ],
        ),
        (
            "Request.TransactionDateTime",
            &[
                json!("2026-11-20 12:00:00"),
                json!("2026-11-21 12:00:00"),
                json!("2026-11-21 12:00:01"),
                json!("2026-11-19 12:00:00"),
                json!("2026-11-19 11:59:59"),
                json!("2026-11-20T12:00:00"),
                json!("2026-11-20 12:00"),
                json!("2026-11-2 12:00:00"),
                json!("2026-02-30 12:00:00"),
                json!("+2026-11-20 12:00:00"),
                json!("x"),
                json!(""),
            ],
        ),
        ("Request.Description", &[json!("A bike"), long(255), long(256), json!(NUMBER)]),
        ("Request.Name", scalars),
        ("Request.DealType", scalars),
        ("Request.DealStage", &[json!("won"), long(101)]),
        ("Request.Marketing", &[json!("fair"), long(101)]),
        ("Request.RevenuePartner", &[json!("Bob"), long(101)]),
        (
            "Request.Email",
            &[
                json!("a@b.example"),
                json!("a@"),
                json!("@b"),
                json!("a"),
                json!("a@b@c"),
                json!("a b@c"),
                json!("a@b c"),
                json!("a@b."),
                json!(""),
                json!(format!("{}@b", "a".repeat(126))),
                json!(format!("{}@b", "a".repeat(127))),
            ],
        ),
        (
            "Request.Authorizer",
            &[json!("Acme Bank"), json!("acme bank"), json!("Other"), json!(4), json!("")],
        ),
        (
            "Request.SaveToFile",
            &[
                json!("true"),
                json!(true),
                json!("1"),
                json!(1),
                json!("FALSE"),
                json!(false),
                json!("0"),
                json!(0),
                json!("yes"),
                json!(""),
            ],
        ),
        (
            "Request.Discount",
            &[
                json!(null),
                json!(""),
                json!("x"),
                json!([]),
                json!({}),
                json!({"DiscountCode": "SPRING"}),
                json!({"DiscountCode": "spring"}),
                json!({"DiscountCode": "ALL"}),
                json!({"DiscountCode": "SHOES"}),
                json!({"DiscountCode": "SHOES", "Product": "Boots"}),
                json!({"DiscountCode": "SPRING", "Product": "Any"}),
                json!({"Product": "Boots"}),
                json!({"DiscountCode": 5}),
                json!({"DiscountCode": []}),
            ],
        ),
        ("Request.Unknown", &[json!("is ignored")]),
    ];
    t.vary(&pay("authorize"), declines, members).await;
    let charge: &[(&str, &[Value])] =
        &[("Request.TransactionType", &[json!(ABSENT), json!("0"), json!("1"), json!("2"), json!("x")])];
    t.vary(&pay("charge"), declines, charge).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_stored_card_and_a_token_need_less() {
    let mut t = Table::new("cc_stored");
    let mut stored = request("charge");
    for gone in ["Card", "BillingAddress"] {
        stored.as_object_mut().unwrap().shift_remove(gone);
    }
    stored["CustomerId"] = json!("12345678901234567890");
    stored["ProfileId"] = json!("999");
    let members: &[(&str, &[Value])] = &[
        (
            "Request.CustomerId",
            &[json!(ABSENT), json!(""), json!(123), json!("123456789012345678901"), json!("x")],
        ),
        ("Request.ProfileId", &[json!(ABSENT), json!(""), json!(1), json!("1234"), json!("1x")]),
        ("Request.Card", &[json!(null), json!("")]),
        (
            "Request.BillingAddress",
            &[json!(null), json!({"Zip": "12345", "Country": "US"}), json!({"Zip": "12345"})],
        ),
        ("Request.SaveToFile", &[json!(true)]),
        ("Request.Name", &[json!("Ann Lee")]),
    ];
    t.vary(&on("charge", stored), declines, members).await;
    let mut token = request("charge");
    token["Card"] = json!({"CardNumber": TOKEN, "ExpiryDate": "08/30"});
    let members: &[(&str, &[Value])] = &[
        ("Request.Card.CVV", &[json!("123"), json!("1"), json!(null)]),
        ("Request.Card.ExpiryDate", &[json!("10/26")]),
        ("Request.BillingAddress", &[json!(ABSENT)]),
    ];
    t.vary(&on("charge", token), declines, members).await;
    t.end();
}
