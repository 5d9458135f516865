//! The texts that the gateway gets of names, addresses, postal codes and countries of the world.

use serde_json::{Value, json};

use crate::{
    credit_card_client::{CreditCard, Syntax, payment, with},
    shop::{Shop, by_card_with},
    support::client,
};

/// A member of `Request`, its text, the gateway's member and its text.
const SENT: [(&str, &str, &str, &str); 62] = [
    ("Name", "José Núñez", "name", "Jose Nunez"),
    ("Name", "Jose\u{301} Nun\u{303}ez", "name", "Jose Nunez"),
    ("Name", "Seán O’Brien", "name", "Sean O'Brien"),
    ("Name", "Gabriele D´Angelo", "name", "Gabriele D'Angelo"),
    ("Name", "Jürgen Groß", "name", "Jurgen Gross"),
    ("Name", "Zoë Müller-Lüdenscheidt", "name", "Zoe Muller-Ludenscheidt"),
    ("Name", "Søren Kjær", "name", "Soren Kjaer"),
    ("Name", "Åsa Öberg", "name", "Asa Oberg"),
    ("Name", "Łukasz Żółć", "name", "Lukasz Zolc"),
    ("Name", "Đorđe Đukić", "name", "Dorde Dukic"),
    ("Name", "Þór Ægisson", "name", "Thor AEgisson"),
    ("Name", "İbrahim Işık", "name", "Ibrahim Isik"),
    ("Name", "Antonín Dvořák", "name", "Antonin Dvorak"),
    ("Name", "Nguyễn Văn Ánh", "name", "Nguyen Van Anh"),
    ("Name", "Anne\u{2011}Marie Lœwe", "name", "Anne-Marie Loewe"),
    ("Name", "Ana\u{A0}María", "name", "Ana Maria"),
    ("Name", "Robert “Bob” King", "name", "Robert \"Bob\" King"),
    ("Name", "ＹＵＫＩ", "name", "YUKI"),
    ("Name", "李小龙", "name", "???"),
    ("Name", "김", "name", "?"),
    ("Name", "Юрий", "name", "????"),
    ("Name", "ßßßßßßßßßßßßßßßß", "name", "ssssssssssssssssssssssssssssss"),
    ("BillingAddress/Street", "Straße des 17. Juni", "address", "12 Strasse des 17. Juni"),
    ("BillingAddress/Street", "१२३ MG Road", "address", "12 123 MG Road"),
    ("BillingAddress/Street", "ул. № ٤٥", "address", "12 ??. No 45"),
    ("BillingAddress/Street", "Rua ½, 2º", "address", "12 Rua 1/2, 2o"),
    ("BillingAddress/HouseNumber", "１２", "address", "12 Welling Ave"),
    ("BillingAddress/HouseNumber", "④", "address", "4 Welling Ave"),
    ("BillingAddress/Street", "Östra Förstadsgatan", "address", "12 Ostra Forstadsgatan"),
    ("BillingAddress/City", "São Paulo", "city", "Sao Paulo"),
    ("BillingAddress/City", "Kraków", "city", "Krakow"),
    ("BillingAddress/City", "Ærøskøbing", "city", "AEroskobing"),
    ("BillingAddress/State", "Île-de-France", "region", "Ile-de-France"),
    ("BillingAddress/Zip", "90001-1234", "postal", "900011234"),
    ("BillingAddress/Zip", "90210", "postal", "90210"),
    ("BillingAddress/Country", "Bolivia, Plurinational State of", "country", "BO"),
    ("BillingAddress/Country", "Bolivia (Plurinational State of)", "country", "BO"),
    ("BillingAddress/Country", "Korea (the Republic of)", "country", "KR"),
    ("BillingAddress/Country", "Korea, Democratic People's Republic of", "country", "KP"),
    ("BillingAddress/Country", "Taiwan, Province of China", "country", "TW"),
    ("BillingAddress/Country", "Virgin Islands (U.S.)", "country", "VI"),
    ("BillingAddress/Country", "Virgin Islands, British", "country", "VG"),
    ("BillingAddress/Country", "United States of America (the)", "country", "US"),
    ("BillingAddress/Country", "the Federal Republic of Germany", "country", "DE"),
    ("BillingAddress/Country", "Republic of the Congo", "country", "CG"),
    ("BillingAddress/Country", "Congo - Kinshasa", "country", "CD"),
    ("BillingAddress/Country", "Congo (DRC)", "country", "CD"),
    ("BillingAddress/Country", "Myanmar (Burma)", "country", "MM"),
    ("BillingAddress/Country", "Hong Kong SAR China", "country", "HK"),
    ("BillingAddress/Country", "Hong Kong S.A.R.", "country", "HK"),
    ("BillingAddress/Country", "St. Kitts & Nevis", "country", "KN"),
    ("BillingAddress/Country", "Saint Vincent & Grenadines", "country", "VC"),
    ("BillingAddress/Country", "Palestinian Territories", "country", "PS"),
    ("BillingAddress/Country", "Macedonia (FYROM)", "country", "MK"),
    ("BillingAddress/Country", "Islamic Republic of Pakistan", "country", "PK"),
    ("BillingAddress/Country", "Principality of Monaco", "country", "MC"),
    ("BillingAddress/Country", "People's Republic of China", "country", "CN"),
    ("BillingAddress/Country", "Lao P.D.R.", "country", "LA"),
    ("BillingAddress/Country", "U.A.E.", "country", "AE"),
    ("BillingAddress/Country", "Türkiye", "country", "TR"),
    ("Email", "jose@example.com", "email", "jose@example.com"),
    // The nearest address in ASCII may be another person's.
    ("Email", "josé@example.com", "email", ""),
];

/// A country, a postal code, and the text that the gateway gets; none where the code is refused.
const POSTCODES: [(Option<&str>, &str, Option<&str>); 20] = [
    (Some("US"), "62701", Some("62701")),
    (Some("us"), "62701-1234", Some("627011234")),
    (Some("US"), "９０２１０", Some("90210")),
    (Some("US"), "٩٠٢١٠", Some("90210")),
    (Some("US"), "6270", None),
    (Some("US"), "627011", None),
    (Some("US"), "62701-123", None),
    (Some("US"), "SW1A 1AA", None),
    (Some("US"), "", Some("")),
    (None, "6270", Some("6270")),
    (None, "627011", Some("627011")),
    (Some("PR"), "0090", Some("0090")),
    (Some("GB"), "SW1A 1AA", Some("SW1A1AA")),
    (Some("CA"), "K1C 2N6", Some("K1C2N6")),
    (Some("JP"), "〒１００－０００１", Some("1000001")),
    (Some("KZ"), "A10A5T4", Some("A10A5T4")),
    (Some("IR"), "12345-6789", Some("123456789")),
    (Some("IR"), "12345-67890", None),
    (None, "1234567890", None),
    (Some("RU"), "Москва 101000", None),
];

/// A member of the account that the gateway stores for a card that was just paid with.
async fn stored(shop: &Shop, profile: &str, account: &str, member: &str) -> String {
    let (gateway, mid) = (shop.stack.simulator().base_url(), cardpointe_simulator::Config::DEFAULT_MID);
    let request = client().get(format!("{gateway}/profile/{profile}/{account}/{mid}"));
    let stored: Value =
        request.basic_auth("testing", Some("testing123")).send().await.unwrap().json().await.unwrap();
    stored[0][member].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_the_gateway_gets_is_the_nearest_ascii_and_a_repetition_is_what_was_written() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    for (n, (name, written, member, sent)) in SENT.into_iter().enumerate() {
        let request = with(payment("0", &format!("t{n}")), "/Request/SaveToFile", Some(json!("true")));
        let request = with(request, &format!("/Request/{name}"), Some(json!(written)));
        let paid = api.send(Syntax::Json, "authorize", &request).await;
        assert_eq!(paid.status, 200, "{written}: {}", paid.body);
        let paid = paid.envelope();
        let (profile, account) = (paid.of("CustomerId").unwrap(), paid.of("ProfileId").unwrap());
        assert_eq!(stored(&shop, profile, account, member).await, sent, "{written}");
        assert!(api.send(Syntax::Json, "authorize", &request).await.is_replay(), "{written}");
    }
    for country in ["Korea", "Virgin Islands", "Republic of China", "Atlantis"] {
        let request = with(payment("0", "r"), "/Request/BillingAddress/Country", Some(json!(country)));
        let refused = api.send(Syntax::Json, "authorize", &request).await;
        assert_eq!(refused.status, 400, "{country}: {}", refused.body);
        assert!(refused.body.contains("Request.BillingAddress.Country"), "{}", refused.body);
    }
    for zip in ["6270", "627011", "62701-12345"] {
        let request = with(payment("0", "r"), "/Request/BillingAddress/Zip", Some(json!(zip)));
        let refused = api.send(Syntax::Json, "authorize", &request).await;
        assert_eq!(refused.status, 400, "{zip}: {}", refused.body);
        assert!(refused.body.contains("Request.BillingAddress.Zip"), "{}", refused.body);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_postal_code_is_sent_whole_or_refused_by_its_name() {
    let shop = Shop::open().await;
    for (n, (country, postcode, sent)) in POSTCODES.into_iter().enumerate() {
        let order = format!("o{n}");
        shop.register(&order, 2599).await;
        // Another name each time: an equal card would share a profile.
        let card = json!({
            "last_name": format!("Smith {n}"), "save": true, "customer": "c-1",
            "billing_address": {"postcode": postcode, "country": country},
        });
        let paid = shop.pay(&order, by_card_with("authorize", "4242424242424242", &card)).await;
        let Some(sent) = sent else {
            let error = paid.error(400, "invalid_value");
            assert_eq!(error["source"], "data.billing_address.postcode", "{postcode}");
            continue;
        };
        assert_eq!(paid.status, 200, "{postcode}: {}", paid.body);
        let saved = &shop.ledger("auth")[shop.ledger("auth").len() - 1];
        let profile = saved["profileid"].as_str().unwrap();
        assert_eq!(stored(&shop, profile, "1", "postal").await, sent, "{country:?} {postcode}");
    }
    shop.close().await;
}
