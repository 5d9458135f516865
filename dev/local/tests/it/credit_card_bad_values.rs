//! Values of a request to the credit-card API that could be misread, must not be kept or do not exist: each is named, and
//! nothing is paid.

use jiff::SignedDuration;
use serde_json::json;

use crate::{
    credit_card_bad_input::{Wrong, kept, nothing_is_kept, refuse},
    credit_card_client::{BOTH, CreditCard, Syntax, date_time, payment, with},
    shop::{AMEX, AMEX_CODE, Shop, VISA},
};

#[tokio::test]
async fn amounts_and_currencies_that_could_be_misread_are_refused() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    for amount in [
        "20.5",
        "20.505",
        "1,000.00",
        "20,50",
        "-1.00",
        "+1.00",
        "0.00",
        "20",
        "2050",
        ".50",
        "20.",
        "00020.50",
        "٢٠.٥٠",
        "２０.５０",
        "1e3",
        "1E+3",
        "0x14",
        "20.50 USD",
        "$20.50",
        "2 0.50",
        "20.50.00",
        "NaN",
        "Infinity",
        "99999999999.99",
        "1000000000.00",
        "18446744073709551616.00",
        "20.50\u{200b}",
        "(0 - authorize)",
    ] {
        refuse(&shop, &mut wrong, "/Request/Amount", Some(json!(amount)), "16", &[]).await;
    }
    for amount in [json!(20.5), json!(20), json!(-20.25), json!(1e30), json!(true)] {
        refuse(&shop, &mut wrong, "/Request/Amount", Some(amount), "16", &[]).await;
    }
    for currency in ["US", "USDD", "840", "XXX", "XAU", "$", "U S", "ＵＳＤ", "USD "] {
        let (code, says): (_, &[&str]) =
            if currency.trim() == "USD" { continue } else { ("16", &["ISO 4217"]) };
        refuse(&shop, &mut wrong, "/Request/CurrencyCode", Some(json!(currency)), code, says).await;
    }
    wrong.none_of(80);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn cards_that_cannot_be_charged_are_refused_without_quoting_them() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    for number in [
        "371449635398432",
        "9999999999999995",
        "37144963539843l",
        "37144963539843",
        "3714496353984310",
        "4",
        "3714.4963.5398.431",
        "３７１４４９６３５３９８４３１",
        "371449635398431/12/31",
        "*1443",
        "371449635398431371449635398431",
        "371449635398431\u{200b}",
        "[card ****8431]",
    ] {
        refuse(&shop, &mut wrong, "/Request/Card/CardNumber", Some(json!(number)), "16", &[]).await;
    }
    for expiry in [
        "1/29",
        "13/29",
        "00/29",
        "12-29",
        "1229",
        "12/2029",
        "0/00",
        "01/20",
        "12/",
        "/29",
        "1 /29",
        "12/2 ",
        "+1/29",
        "١٢/٢٩",
        "12/29/01",
        "12 / 29",
        "2029-12",
    ] {
        refuse(&shop, &mut wrong, "/Request/Card/ExpiryDate", Some(json!(expiry)), "16", &[]).await;
    }
    // The card is an American Express: four digits.
    for code in ["123", "12", "12345", "739a", "٧٣٩١", "73 91", "-739", "73.9"] {
        refuse(&shop, &mut wrong, "/Request/Card/CVV", Some(json!(code)), "16", &[]).await;
    }
    let visa = json!({"CardNumber": VISA, "ExpiryDate": "12/31", "CVV": AMEX_CODE});
    for syntax in BOTH {
        let request = with(payment("0", "bad"), "/Request/Card", Some(visa.clone()));
        let answer = CreditCard::of(&shop).send(syntax, "authorize", &request).await;
        wrong.check("four digits on a Visa", &answer, (400, "16", &["Request.Card.CVV:"]));
    }
    wrong.none_of(75);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn references_and_texts_that_must_not_be_kept_are_refused() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    let long = "r".repeat(101);
    for reference in [
        AMEX,
        "3714 496353 98431",
        "inv-371449635398431-1",
        "a\u{7}b",
        "a\nb",
        "a\tb",
        "a\u{0}b",
        "réf",
        "ref\u{2028}x",
        "٢٣",
        long.as_str(),
        "a\u{fffe}b",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{202e}b",
    ] {
        let request = with(payment("0", "bad"), "/Request/TransactionReference", Some(json!(reference)));
        // XML has no way to write some of these, not even escaped.
        let in_xml = reference.chars().all(|c| c >= ' ' && c != '\u{fffe}' || matches!(c, '\n' | '\t'));
        for syntax in BOTH.into_iter().filter(|syntax| *syntax == Syntax::Json || in_xml) {
            let answer = CreditCard::of(&shop).send(syntax, "authorize", &request).await;
            let row = format!("{syntax:?} {reference:?}");
            wrong.check(&row, &answer, (400, "16", &["Request.TransactionReference:"]));
            if answer.envelope().of("TransactionReference").is_some() {
                wrong.note(&row, "a reference that is none is repeated");
            }
        }
    }
    let long = "x".repeat(256);
    for name in ["Description", "Name", "DealType", "DealStage", "Marketing", "RevenuePartner", "Authorizer"]
    {
        for text in [AMEX, "card 3714-4963-5398-431", long.as_str(), "a\u{0}b", "a\u{9d}b"] {
            let member = format!("/Request/{name}");
            refuse(&shop, &mut wrong, &member, Some(json!(text)), "16", &[]).await;
        }
    }
    let long = format!("{}@b", "x".repeat(127));
    for email in ["larry", "@newmedia.com", "larry@", "a@b@c", "a b@c", "371449635398431@b.com", &long] {
        refuse(&shop, &mut wrong, "/Request/Email", Some(json!(email)), "16", &[]).await;
    }
    let long = "x".repeat(101);
    for (name, text) in [
        ("HouseNumber", AMEX),
        ("Street", long.as_str()),
        ("Street2", "\u{1b}[2J"),
        ("City", VISA),
        ("State", VISA),
        ("County", VISA),
        ("Zip", VISA),
        ("Zip", "90001!"),
        ("Zip", "9000\u{0661}"),
        ("Zip", "90001-1234-567"),
    ] {
        let member = format!("/Request/BillingAddress/{name}");
        refuse(&shop, &mut wrong, &member, Some(json!(text)), "16", &[]).await;
    }
    wrong.none_of(80);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn countries_that_contradict_each_other_or_do_not_exist_are_named() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    for (name, text) in [
        ("Country", "Atlantis"),
        ("Country", "XX"),
        ("Country", "US of A"),
        ("CountryName", "Canada"),
        ("CountryName", "USA!?x"),
        ("Country2AlphaCode", "CA"),
        ("Country2AlphaCode", "USA"),
        ("Country3AlphaCode", "CAN"),
        ("Country3AlphaCode", "US"),
        ("CountryNumericCode", "124"),
        ("CountryNumericCode", "0840"),
        ("CountryNumericCode", "8４0"),
        ("CountryNumericCode", "-840"),
    ] {
        let member = format!("/Request/BillingAddress/{name}");
        refuse(&shop, &mut wrong, &member, Some(json!(text)), "16", &[]).await;
    }
    wrong.none_of(26);
    nothing_is_kept(shop).await;
}

#[tokio::test]
async fn times_that_are_not_utc_or_of_another_day_are_refused() {
    let shop = Shop::open().await;
    let mut wrong = Wrong::default();
    // A clock that shows another time than the machine's: the stack's own is the one that counts.
    shop.stack.advance_clock(400 * 86_400);
    let now = tollgate_core::values::Clock::now(shop.stack.clock());
    let at = |hours: i64| date_time(now.checked_add(SignedDuration::from_hours(hours)).unwrap());
    let now = at(0);
    let member = "/Request/TransactionDateTime";
    for text in [at(25), at(-25), at(400 * 24), at(-400 * 24)] {
        refuse(&shop, &mut wrong, member, Some(json!(text)), "16", &["a day off"]).await;
    }
    let (day, time) = now.split_once(' ').unwrap();
    for text in [
        now.replace(' ', "T"),
        format!("{now}Z"),
        format!("{now} UTC"),
        format!("{now}+02:00"),
        format!("{now}.5"),
        format!("{day}{time}"),
        format!("{day}  {time}"),
        format!("+{now}"),
        "9999-12-31 23:59:59".to_owned(),
        day.to_owned(),
        time.to_owned(),
        format!("{day} 24:00:00"),
        format!("{day} 12:60:00"),
        format!("{day} 12:00:61"),
        format!("{day} 8:2:7"),
        format!("{day} 12:00"),
        format!("{}-02-30 12:00:00", &day[..4]),
        day.replace('-', "/"),
        "(YYYY-MM-DD HH:MM:SS - UTC format)".to_owned(),
        "1745051357".to_owned(),
    ] {
        refuse(&shop, &mut wrong, member, Some(json!(text)), "16", &["YYYY-MM-DD HH:MM:SS"]).await;
    }
    wrong.none_of(48);
    assert!(kept(&shop).await.is_empty(), "nothing was to be stored");
    // Within a day, either way, it is taken.
    let api = CreditCard::of(&shop);
    for (n, hours) in [23, -23].into_iter().enumerate() {
        let request = with(payment("0", &format!("time-{n}")), member, Some(json!(at(hours))));
        api.approved("authorize", &request).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn choices_that_there_are_not_are_named() {
    let discounts = json!({"discounts": [
        {"code": "1234", "product": "Storage", "percent": "10"}, {"code": "ALL", "amount": {"USD": 2050}},
        {"code": "EURO", "amount": {"EUR": 5}},
    ]});
    let shop = Shop::open_with(discounts).await;
    let mut wrong = Wrong::default();
    for text in ["1", "3", "ecommerce", "22", "2.0", "02", "(2 - ecommerce)"] {
        refuse(&shop, &mut wrong, "/Request/CaptureMethod", Some(json!(text)), "16", &["2 (e-commerce)"])
            .await;
    }
    for text in ["9", "authorize", "00", "-0", "0.0", "٠", "(0 - authorize, 1 - charge, 2 - refund)"] {
        let says = &["0 (authorize), 1 (charge) or 2 (refund)"];
        refuse(&shop, &mut wrong, "/Request/TransactionType", Some(json!(text)), "16", says).await;
    }
    for text in ["maybe", "yes", "2", "null", "true/false"] {
        refuse(&shop, &mut wrong, "/Request/SaveToFile", Some(json!(text)), "16", &["true or false"]).await;
    }
    for text in ["First Bank", "secondhand bank", "Secondhand  Bank"] {
        refuse(&shop, &mut wrong, "/Request/Authorizer", Some(json!(text)), "36", &[]).await;
    }
    let id = "6f3f5c1e-3f2a-5b60-9d75-6a8e2f6a1c11";
    refuse(&shop, &mut wrong, "/Request/TransactionID", Some(json!(id)), "16", &["capture, refund, void"])
        .await;
    let code = "Request.Discount.DiscountCode:";
    for (discount, number) in [
        (json!({"DiscountCode": "nope", "Product": "Storage"}), "37"),
        (json!({"DiscountCode": "1234", "Product": "Desk"}), "37"),
        (json!({"DiscountCode": "1234", "Product": "storage"}), "37"),
        (json!({"DiscountCode": "1234"}), "37"),
        (json!({"DiscountCode": "EURO"}), "37"),
        (json!({"DiscountCode": "ALL"}), "49"),
        (json!({"Product": "Storage"}), "14"),
        (json!({"DiscountCode": " ", "Product": "Storage"}), "14"),
        (json!({"DiscountCode": AMEX, "Product": "Storage"}), "16"),
    ] {
        for syntax in BOTH {
            let request = with(payment("0", "bad"), "/Request/Discount", Some(discount.clone()));
            let answer = CreditCard::of(&shop).send(syntax, "authorize", &request).await;
            wrong.check(&format!("{syntax:?} {discount}"), &answer, (400, number, &[code]));
        }
    }
    wrong.none_of(64);
    nothing_is_kept(shop).await;
}
