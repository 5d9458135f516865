//! The credit-card API, in JSON and in XML.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Finding, GatewayResponse, NoEffect, Outcome},
    values::{Amount, Charged, DeclineCode},
};

use crate::{
    ask::{Ask, Sent, post},
    fixture::{NUMBER, TOKEN, declined, said, unknown},
    merchants::key,
    table::{ABSENT, Table, set},
};

fn on(route: &str, request: Value) -> Ask {
    let body = json!({"Authentication": {"Id": "external", "Key": key("all")}, "Request": request});
    post(format!("/api/v1/payments/creditcard/{route}")).header("content-type", "application/json").json(body)
}

fn of(merchant: &str, ask: Ask) -> Ask {
    with(ask, "Authentication.Id", json!(merchant))
}

fn with(ask: Ask, member: &str, value: Value) -> Ask {
    let Sent::Json(mut body) = ask.body.clone() else { panic!("no JSON") };
    set(&mut body, member, value);
    ask.json(body)
}

fn request(route: &str) -> Value {
    json!({
        "TransactionType": if route == "authorize" { "0" } else { "1" }, "TransactionReference": "ref-1",
        "Card": {"CardNumber": NUMBER, "ExpiryDate": "08/30", "CVV": "123"}, "CaptureMethod": "2",
        "BillingAddress": {"Zip": "12345", "Country": "US"}, "CurrencyCode": "USD", "Amount": "20.50",
    })
}

fn pay(route: &str) -> Ask {
    on(route, request(route))
}

async fn declines(t: &mut Table) {
    t.world.answer(declined);
}

fn long(chars: usize) -> Value {
    "x".repeat(chars).into()
}

/// The payment that [`pay`] makes.
const ID: &str = "58a7d2b6-0000-0000-0000-000000000000";

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
        ("Request.BillingAddress", &[json!(ABSENT), json!(null), json!(""), json!([]), json!({})]),
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

/// What is done to the payment with this id.
fn follow(route: &str, id: &str) -> Ask {
    on(route, json!({"TransactionReference": format!("{route}-1"), "TransactionID": id}))
}

async fn paid(t: &mut Table, route: &str) -> String {
    t.prepare(&pay(route)).await["Response"]["TransactionID"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_follow_up_is_as_stated_or_refused() {
    let mut t = Table::new("cc_follow_up_members");
    let id = paid(&mut t, "charge").await;
    let members: &[(&str, &[Value])] = &[
        ("Request.TransactionType", &[json!("0"), json!("1"), json!("2"), json!("x"), json!("")]),
        (
            "Request.TransactionID",
            &[
                json!(ABSENT),
                json!(""),
                json!("x"),
                json!(5),
                json!({}),
                json!(ID),
                json!(id.to_uppercase()),
                long(65),
            ],
        ),
        ("Request.transactionID", &[json!(id)]),
        ("Request.TransactionReference", &[json!(ABSENT), json!(""), json!("\u{e9}"), json!("ref-1")]),
        (
            "Request.Amount",
            &[
                json!("20.50"),
                json!("10.00"),
                json!("20.51"),
                json!(""),
                json!(" "),
                json!(null),
                json!(0),
                json!("10"),
                json!("1.005"),
                json!("x"),
            ],
        ),
        ("Request.Ammount", &[json!("1.00")]),
        ("Request.amount", &[json!("1.00")]),
        (
            "Request.CurrencyCode",
            &[json!("USD"), json!("EUR"), json!("JPY"), json!("x"), json!(""), json!(5)],
        ),
        (
            "Request.TransactionDateTime",
            &[json!("2026-11-20 12:00:00"), json!("2026-11-01 12:00:00"), json!("x")],
        ),
        ("Request.Actor", &[json!("Ann"), json!(" "), json!(5), long(1_001), json!(NUMBER)]),
        ("Request.Reason", &[json!("It broke"), json!([]), long(1_001)]),
        ("Request.Card", &[json!({"CardNumber": NUMBER})]),
        ("Request.Email", &[json!("is not looked at")]),
        ("Request.Surprise", &[json!(1)]),
        (
            "Request",
            &[
                json!({"TransactionReference": "x", "TransactionType": "2", "Card": {"CardNumber": NUMBER}}),
                json!({}),
            ],
        ),
    ];
    let ready = |route: &'static str| {
        async move |t: &mut Table| {
            paid(t, route).await;
            t.world.answer(declined);
        }
    };
    let mut refund = follow("refund", &id);
    refund = with(refund, "Request.TransactionType", json!("2"));
    t.vary(&refund, ready("charge"), members).await;
    t.vary(&follow("capture", &id), ready("authorize"), members).await;
    t.vary(&follow("void", &id), ready("authorize"), members).await;
    let wrong = with(follow("refund", &id), "Request.CurrencyCode", json!("x"));
    let wrong = with(wrong, "Request.TransactionType", json!("2"));
    t.vary(
        &wrong,
        ready("charge"),
        &[("Request.Amount", &[json!("10"), json!("1.000"), json!("x"), json!(".")])],
    )
    .await;
    let mut stated = follow("charge", &id);
    stated = with(stated, "Request.TransactionType", json!("1"));
    t.vary(
        &stated,
        ready("authorize"),
        &[("Request.Amount", &[json!(ABSENT), json!("5.00")]), ("Request.TransactionType", &[json!(ABSENT)])],
    )
    .await;
    t.end();
}

fn status(request: Value) -> Ask {
    on("status", request)
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_made_and_followed_up_once() {
    let mut t = Table::new("cc_flow");
    let id = t.ask("authorized", &pay("authorize")).await["Response"]["TransactionID"]
        .as_str()
        .unwrap()
        .to_owned();
    t.ask("once", &pay("authorize")).await;
    t.ask("its reference for another amount", &with(pay("authorize"), "Request.Amount", json!("20.51")))
        .await;
    t.ask("for another currency", &with(pay("authorize"), "Request.CurrencyCode", json!("EUR"))).await;
    t.ask("for another card", &with(pay("authorize"), "Request.Card.CardNumber", json!("5499740000000057")))
        .await;
    t.ask("with a discount", &with(pay("authorize"), "Request.Discount", json!({"DiscountCode": "SPRING"})))
        .await;
    t.ask("for a charge", &pay("charge")).await;
    t.ask(
        "whatever its time is by now",
        &with(pay("authorize"), "Request.TransactionDateTime", json!("2026-11-01 12:00:00")),
    )
    .await;
    t.ask(
        "but no new payment",
        &with(
            with(pay("authorize"), "Request.TransactionDateTime", json!("2026-11-01 12:00:00")),
            "Request.TransactionReference",
            json!("ref-2"),
        ),
    )
    .await;
    t.ask("its state by id", &status(json!({"TransactionID": id}))).await;
    t.ask("by reference", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("by both: the id counts", &status(json!({"TransactionID": id, "TransactionReference": "other"})))
        .await;
    t.ask("by none", &status(json!({}))).await;
    t.ask("by an empty id", &status(json!({"TransactionID": ""}))).await;
    t.ask("by one that is none", &status(json!({"TransactionID": "x"}))).await;
    t.ask("by a reference of nothing", &status(json!({"TransactionReference": "nothing"}))).await;
    t.ask("by a bad reference", &status(json!({"TransactionReference": "\u{e9}"}))).await;
    t.ask("with a type", &status(json!({"TransactionID": id, "TransactionType": "0"}))).await;
    t.ask("of another merchant", &of("shop", status(json!({"TransactionID": id})))).await;
    t.ask("not refunded before it is captured", &follow("refund", &id)).await;
    t.ask("as it says what it is", &with(follow("refund", &id), "Request.TransactionType", json!("2"))).await;
    t.ask("no more than is held", &with(follow("capture", &id), "Request.Amount", json!("20.51"))).await;
    let capture =
        with(with(follow("capture", &id), "Request.Amount", json!("15.50")), "Request.Actor", json!("Ann"));
    t.ask("a part is captured", &capture).await;
    t.ask("once", &capture).await;
    t.ask("its reference for another amount", &with(capture.clone(), "Request.Amount", json!("15.51"))).await;
    t.ask("and another currency", &with(capture.clone(), "Request.CurrencyCode", json!("EUR"))).await;
    t.ask("it is captured already", &with(capture, "Request.TransactionReference", json!("capture-2"))).await;
    let refund = |reference: &str, amount: Value| {
        let refund = with(follow("refund", &id), "Request.TransactionType", json!("2"));
        with(with(refund, "Request.TransactionReference", json!(reference)), "Request.Amount", amount)
    };
    t.ask("a part is refunded", &refund("r1", json!("5.50"))).await;
    t.ask("again by its reference", &refund("r1", json!("5.50"))).await;
    t.ask("more than is left", &refund("r2", json!("10.01"))).await;
    t.ask("not voided after that", &follow("void", &id)).await;
    t.ask("the rest", &refund("r3", json!(null))).await;
    t.ask("nothing is left", &refund("r4", json!(null))).await;
    t.ask("its state at the end", &status(json!({"TransactionID": id}))).await;
    t.afresh();
    paid(&mut t, "authorize").await;
    t.ask("voided", &follow("void", &id)).await;
    t.ask("once", &follow("void", &id)).await;
    t.ask("voided already", &with(follow("void", &id), "Request.TransactionReference", json!("void-2")))
        .await;
    t.ask("not captured after that", &follow("capture", &id)).await;
    t.ask("its state says so", &status(json!({"TransactionID": id}))).await;
    t.afresh();
    paid(&mut t, "charge").await;
    t.ask("a charge is captured already", &follow("capture", &id)).await;
    t.world.answer(|_| Outcome::NoEffect(NoEffect::NotSettled, GatewayResponse::default()));
    t.ask("a refund before settlement voids it", &refund("r5", json!(null))).await;
    t.ask("and it stays so", &status(json!({"TransactionID": id}))).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_outcome_has_a_code_of_its_own() {
    let mut t = Table::new("cc_outcomes");
    for code in DeclineCode::ALL {
        t.afresh();
        let code = *code;
        t.world.answer(move |approval| {
            Outcome::Declined(said(approval, "C", "51", "Declined"), code, code.advice())
        });
        t.ask(code.as_str(), &pay("charge")).await;
    }
    t.ask("a declined one's state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("its repetition", &pay("charge")).await;
    for reason in NoEffect::ALL {
        t.afresh();
        let reason = *reason;
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.ask(reason.as_str(), &pay("charge")).await;
        t.ask("its state", &status(json!({"TransactionReference": "ref-1"}))).await;
        t.afresh();
        let id = paid(&mut t, "authorize").await;
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.ask("of a capture", &follow("capture", &id)).await;
    }
    t.afresh();
    t.world.answer(unknown);
    let id = t.ask("nothing came back", &pay("authorize")).await["Response"]["TransactionID"]
        .as_str()
        .unwrap()
        .to_owned();
    t.ask("its repetition", &pay("authorize")).await;
    t.ask("its state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("nothing else is done to it", &follow("capture", &id)).await;
    t.world.wait(300);
    t.world.state().stopped = Some(true);
    t.ask(
        "it is not looked for while payments are stopped",
        &status(json!({"TransactionReference": "ref-1"})),
    )
    .await;
    t.world.state().stopped = Some(false);
    t.ask(
        "a key that only reads has nothing looked for",
        &with(status(json!({"TransactionReference": "ref-1"})), "Authentication.Key", json!(key("read"))),
    )
    .await;
    t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
    t.ask("an inquiry finds it", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.world.answer(unknown);
    t.ask("a capture of which nothing came back", &follow("capture", &id)).await;
    t.ask("its state is not known", &status(json!({"TransactionID": id}))).await;
    t.ask("a void has to wait", &follow("void", &id)).await;
    t.afresh();
    t.world.answer(|approval| {
        Outcome::PartiallyApproved(GatewayResponse {
            charged: Some(Charged::from(Amount::new(500).unwrap())),
            ..approval
        })
    });
    t.ask("a part is approved", &pay("charge")).await;
    t.afresh();
    t.world.answer(|approval| {
        Outcome::PartiallyApproved(GatewayResponse {
            charged: Some(Charged::from(Amount::new(500).unwrap())),
            ..approval
        })
    });
    t.ask("and given back", &of("shop", pay("charge"))).await;
    for (avs, cvv) in [("N", "M"), ("B", "X"), ("?", "?"), ("", "")] {
        for merchant in ["external", "strict"] {
            t.afresh();
            let letter = |letter: &str| Some(letter.to_owned()).filter(|letter| !letter.is_empty());
            let (avs, cvv) = (letter(avs), letter(cvv));
            t.world.answer(move |approval| Outcome::Approved(GatewayResponse { avs, cvv, ..approval }));
            t.ask("letters", &of(merchant, pay("charge"))).await;
        }
    }
    t.afresh();
    t.ask("a card is stored", &with(pay("charge"), "Request.SaveToFile", json!(true))).await;
    t.ask("and told with its state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask(
        "a discount",
        &with(
            with(pay("charge"), "Request.Discount", json!({"DiscountCode": "SPRING"})),
            "Request.TransactionReference",
            json!("ref-2"),
        ),
    )
    .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_key_does_what_its_role_allows_and_nothing_while_payments_are_stopped() {
    let mut t = Table::new("cc_who");
    for role in ["read", "pay", "operate", "all", "plain"] {
        for route in ["authorize", "charge", "capture", "refund", "void", "status"] {
            t.afresh();
            let id = paid(&mut t, if route == "refund" { "charge" } else { "authorize" }).await;
            t.world.answer(declined);
            let ask = match route {
                "authorize" | "charge" => with(pay(route), "Request.TransactionReference", json!("ref-2")),
                "refund" => with(follow(route, &id), "Request.TransactionType", json!("2")),
                "status" => status(json!({"TransactionID": id})),
                _ => follow(route, &id),
            };
            t.ask(role, &with(ask, "Authentication.Key", json!(key(role)))).await;
        }
        let capture = with(follow("charge", "x"), "Request.TransactionType", json!("1"));
        t.ask("a charge that captures", &with(capture, "Authentication.Key", json!(key(role)))).await;
    }
    t.afresh();
    for stopped in [Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("payments are stopped, or may be", &pay("charge")).await;
        t.ask("which status does not care for", &status(json!({"TransactionReference": "ref-1"}))).await;
    }
    t.world.state().stopped = Some(false);
    for port in ["load", "save"] {
        t.world.state().broken.insert(port);
        t.ask("the store is down", &pay("charge")).await;
        t.ask("and for status", &status(json!({"TransactionReference": "ref-1"}))).await;
        t.world.state().broken.clear();
    }
    t.world.state().contended = true;
    t.ask("others change the payment", &pay("charge")).await;
    t.world.state().contended = false;
    t.ask(
        "no time is left",
        &with(pay("charge"), "Request.TransactionReference", json!("ref-3")).left_ms(100),
    )
    .await;
    t.ask(
        "a merchant of yen: the gateway cannot carry it",
        &with(of("yen", pay("charge")), "Request.CurrencyCode", json!("JPY")),
    )
    .await;
    for n in 0..11 {
        t.ask(
            "wrong keys",
            &with(
                pay("charge").from("203.0.113.9"),
                "Authentication.Key",
                json!(format!("wrong-key-of-{n}")),
            ),
        )
        .await;
    }
    t.end();
}

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";

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
        "<Name>Ann</Name><Name>Bob</Name>",
    ] {
        t.afresh();
        t.world.answer(declined);
        t.ask("a member in XML", &xml("charge", &charge_xml(own))).await;
    }
    t.afresh();
    t.ask("a follow-up in other letters", &xml("refund", "<Authentication><Id>external</Id><Key>all-key-of-merchant</Key></Authentication><Request><amount>1.00</amount><TransactionID>x</TransactionID><TransactionReference>r</TransactionReference><TransactionType>2</TransactionType></Request>")).await;
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
    t.ask("no content type", &post("/api/v1/payments/creditcard/charge").text("{}")).await;
    t.ask("not UTF-8", &text("application/json", "").bytes(b"{\"\xff\": 1}")).await;
    t.ask("a mark in front", &text("application/json", "").bytes(b"\xef\xbb\xbf{}")).await;
    t.ask("UTF-16", &text("application/json; charset=utf-16", "").bytes(b"{\0}\0")).await;
    t.ask("half of it", &text("application/json; charset=utf-16", "").bytes(b"{\0}")).await;
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
