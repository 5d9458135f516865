//! Stored cards: storing, listing, changing and deleting them, and payments that store theirs.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Finding, GatewayResponse, NoEffect, Outcome},
    stored_cards::ProfileOutcome,
};

use crate::{
    ask::{Ask, Sent, delete, get, patch, post, put},
    fixture::{NUMBER, TOKEN, card, declined, pay, registered, unknown},
    table::{ABSENT, Table},
};

fn stores(customer: &str) -> Ask {
    let mut data = card(1);
    set_all(&mut data, &[("customer", json!(customer)), ("type", json!("payment-method"))]);
    data.as_object_mut().unwrap().shift_remove("amount");
    post("/v2/payment-methods").by("shop:pay").data(data)
}

fn set_all(data: &mut Value, members: &[(&str, Value)]) {
    for (name, value) in members {
        data[*name] = value.clone();
    }
}

fn with(ask: Ask, members: &[(&str, Value)]) -> Ask {
    let Sent::Json(mut body) = ask.body.clone() else { panic!("no JSON") };
    set_all(&mut body["data"], members);
    ask.json(body)
}

/// The id of the card that this stores.
async fn stored(t: &mut Table, ask: &Ask) -> String {
    t.prepare(ask).await["data"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_card_to_be_stored_is_as_stated_or_refused() {
    let mut t = Table::new("store_members");
    let members: &[(&str, &[Value])] = &[
        ("data", &[json!(ABSENT), json!([])]),
        ("data.type", &[json!(null), json!("card"), json!(5)]),
        ("data.gateway", &[json!(null), json!("stripe"), json!(5), json!("card_connect")]),
        (
            "data.customer",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(5),
                json!("a b"),
                json!(NUMBER),
                json!("x".repeat(128)),
                json!("x".repeat(129)),
                json!("x".repeat(256)),
            ],
        ),
        ("data.default", &[json!(true), json!(false), json!("yes"), json!(null)]),
        ("data.currency", &[json!("USD"), json!("EUR"), json!("x"), json!(null)]),
        ("data.payment", &[json!("1|1234"), json!(TOKEN)]),
        ("data.number", &[json!(ABSENT), json!("4111111111111112")]),
        ("data.month", &[json!("13")]),
        ("data.verification_value", &[json!(ABSENT)]),
    ];
    t.vary(&stores("c-1"), async |t| t.world.answer(declined), members).await;
    let mut data = json!({"gateway": "card_connect", "customer": "c-1", "payment": "1|1234"});
    t.afresh();
    t.ask("a stored one is not stored again", &post("/v2/payment-methods").by("shop:pay").data(data.clone()))
        .await;
    data["payment"] = json!(TOKEN);
    set_all(&mut data, &[("month", json!("08")), ("year", json!("2030"))]);
    t.ask("a token is stored", &post("/v2/payment-methods").by("shop:pay").data(data.clone())).await;
    let euros = post("/v2/payment-methods").by("external:pay").data(data);
    t.ask("one of several accounts has to be named", &euros).await;
    t.ask("by its currency", &with(euros.clone(), &[("currency", json!("EUR"))])).await;
    t.ask("which has to be one of them", &with(euros, &[("currency", json!("GBP"))])).await;
    t.ask("and one that the gateway carries", &with(stores("c-1").by("yen:pay"), &[])).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_card_is_stored_once_listed_changed_and_deleted() {
    let mut t = Table::new("stored_cards");
    let first = stores("c-1").key("k1");
    t.ask("stored", &first).await;
    t.ask("its repetition", &first).await;
    t.ask("the same card without the key", &stores("c-1")).await;
    t.ask("the key for another card", &with(first.clone(), &[("month", json!("09"))])).await;
    t.ask("the key of another customer is another", &stores("c-2").key("k1")).await;
    let second = with(stores("c-1"), &[("number", json!("5499740000000057")), ("default", json!(true))]);
    t.ask("another card, as the default", &second).await;
    t.ask("again: it is the default already", &second).await;
    t.ask("the list of a customer", &get("/v2/payment-methods?customer=c-1").by("shop:read")).await;
    t.ask("of nobody", &get("/v2/payment-methods?customer=nobody").by("shop:read")).await;
    t.ask("of no one in particular", &get("/v2/payment-methods").by("shop:read")).await;
    t.ask("of what cannot be one", &get("/v2/payment-methods?customer=").by("shop:read")).await;
    let id = stored(&mut t, &first).await;
    let one = format!("/v2/payment-methods/{id}");
    t.ask("one of them", &get(&*one).by("shop:read")).await;
    t.ask("not another merchant's", &get(&*one).by("strict:read")).await;
    let change = |data: Value| patch(&*one).by("shop:pay").data(data);
    t.ask("the default changes", &change(json!({"default": true}))).await;
    t.ask("its expiry changes", &change(json!({"month": "09", "year": "2031", "type": "payment-method"})))
        .await;
    t.ask(
        "both do, by PUT",
        &put(&*one).by("shop:pay").data(json!({"default": true, "month": "10", "year": "2031"})),
    )
    .await;
    for data in [
        json!({}),
        json!({"default": false}),
        json!({"default": "x"}),
        json!({"default": null}),
        json!({"month": "09"}),
        json!({"year": "2031"}),
        json!({"month": "13", "year": "2031"}),
        json!({"month": "09", "year": "2019"}),
        json!({"month": null, "year": null}),
        json!({"number": NUMBER}),
        json!({"month": "09", "year": "2031", "surprise": 1}),
    ] {
        t.ask("what else is sent to change it", &change(data)).await;
    }
    for outcome in
        [ProfileOutcome::Refused, ProfileOutcome::Unknown, ProfileOutcome::NoEffect(NoEffect::Unreachable)]
    {
        t.world.state().profiles.push_back(outcome);
        t.ask(&format!("the gateway: {outcome:?}"), &change(json!({"month": "11", "year": "2032"}))).await;
        t.ask("it is read meanwhile", &get(&*one).by("shop:read")).await;
    }
    t.prepare(&registered("a", 10_000)).await;
    let payment = t.prepare(&get(&*one).by("shop:read")).await["data"]["payment"].clone();
    let pays = json!({"gateway": "card_connect", "amount": 5, "payment": payment});
    t.ask("pays an order", &pay("a", "purchase", pays).by("shop:pay")).await;
    for outcome in
        [ProfileOutcome::Unknown, ProfileOutcome::Refused, ProfileOutcome::NoEffect(NoEffect::Unreachable)]
    {
        t.world.state().profiles.push_back(outcome);
        t.ask(&format!("its deletion: {outcome:?}"), &delete(&*one).by("shop:pay")).await;
        t.ask("it is read meanwhile", &get(&*one).by("shop:read")).await;
    }
    t.ask("deleted", &delete(&*one).by("shop:pay")).await;
    t.ask("again", &delete(&*one).by("shop:pay")).await;
    t.ask("it is gone", &get(&*one).by("shop:read")).await;
    t.ask("nor can it be changed", &change(json!({"default": true}))).await;
    t.ask("nor is it listed", &get("/v2/payment-methods?customer=c-1").by("shop:read")).await;
    t.ask("its key is still its own", &first).await;
    let dollars = with(stores("c-3").by("external:pay").key("k3"), &[("currency", json!("USD"))]);
    t.ask("stored through one account", &dollars).await;
    t.ask("the key for another account", &with(dollars, &[("currency", json!("EUR"))])).await;
    t.afresh();
    stored(&mut t, &first).await;
    t.world.state().profiles.push_back(ProfileOutcome::Missing);
    t.ask("the gateway has it no longer", &change(json!({"month": "11", "year": "2032"}))).await;
    t.ask("so it is gone", &get(&*one).by("shop:read")).await;
    for id in ["x", "c.x", "00000000000000000000000000000000.00000000-0000-4000-8000-000000000001"] {
        t.ask("no such card", &get(format!("/v2/payment-methods/{id}")).by("shop:read")).await;
        t.ask("no such card to delete", &delete(format!("/v2/payment-methods/{id}")).by("shop:pay")).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_outcome_of_storing_has_a_response_of_its_own() {
    let mut t = Table::new("store_outcomes");
    let ask = || stores("c-1").key("k");
    t.world.answer(declined);
    t.ask("declined", &ask()).await;
    t.ask("its repetition", &ask()).await;
    t.ask("is not listed", &get("/v2/payment-methods?customer=c-1").by("shop:read")).await;
    for reason in [NoEffect::Unreachable, NoEffect::Misconfigured] {
        t.afresh();
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.ask(&format!("no effect: {}", reason.as_str()), &ask()).await;
        t.ask("and later it goes through", &ask()).await;
    }
    t.afresh();
    t.world.answer(unknown);
    t.ask("nothing came back, and it is to be the default", &with(ask(), &[("default", json!(true))])).await;
    t.ask("its repetition", &ask()).await;
    t.ask("another request for the same card", &stores("c-1")).await;
    t.ask("it is on its way", &get("/v2/payment-methods?customer=c-1").by("shop:read")).await;
    t.world.wait(200);
    t.world.find(|approval| Finding::Became(Box::new(declined(approval))));
    t.ask("an inquiry finds it declined", &ask()).await;
    t.afresh();
    t.world.answer(|approval| Outcome::Approved(GatewayResponse { avs: Some("N".to_owned()), ..approval }));
    t.ask("letters that the merchant does not accept", &stores("c-1").by("strict:pay").key("k")).await;
    t.ask("and the repetition", &stores("c-1").by("strict:pay").key("k")).await;
    t.afresh();
    t.world.answer(|approval| Outcome::Approved(GatewayResponse { avs: Some("N".to_owned()), ..approval }));
    t.world.state().profiles.push_back(ProfileOutcome::Unknown);
    t.ask("whose removal is not known", &stores("c-1").by("strict:pay").key("k")).await;
    t.ask("which is tried again", &stores("c-1").by("strict:pay").key("k")).await;
    for (by, hazard) in
        [("shop:read", "a key that reads"), ("shop:shopper1", "a shopper"), ("shop:operate", "a higher role")]
    {
        t.afresh();
        t.ask(hazard, &ask().by(by)).await;
        t.ask("lists", &get("/v2/payment-methods?customer=c-1").by(by)).await;
        t.ask("deletes", &delete("/v2/payment-methods/x").by(by)).await;
        t.ask("changes", &patch("/v2/payment-methods/x").by(by).data(json!({"default": true}))).await;
    }
    t.afresh();
    t.world.state().stopped = Some(true);
    t.ask("payments are stopped", &ask()).await;
    t.world.state().stopped = Some(false);
    for port in ["customer", "customer_put"] {
        t.world.state().broken.insert(port);
        t.ask("customers cannot be read, or written", &ask()).await;
        t.world.state().broken.clear();
    }
    t.world.state().contended = true;
    t.ask("others change the customer", &ask()).await;
    t.world.state().contended = false;
    for n in 0..60 {
        let one = with(
            stores("full").key(&n.to_string()),
            &[("year", json!((2030 + n % 20).to_string())), ("month", json!(format!("{:02}", n / 20 + 1)))],
        );
        let response = one.send(&t.world, "fills").await;
        if !response.status().is_success() {
            break;
        }
    }
    t.world.state().sent.clear();
    t.ask("a customer with too many cards", &with(stores("full"), &[("month", json!("12"))])).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_stores_its_card_for_a_customer() {
    let mut t = Table::new("pay_and_store");
    let saving = |members: &[(&str, Value)]| {
        let all = [&[("save", json!(true)), ("customer", json!("c-1"))], members].concat();
        with(pay("a", "authorize", card(4_000)).by("shop:pay").key("k"), &all)
    };
    for customer in [json!(null), json!(""), json!(5), json!("c 1"), json!("c-1")] {
        t.afresh();
        t.prepare(&registered("a", 10_000)).await;
        t.world.answer(declined);
        t.ask("for whom", &saving(&[("customer", customer)])).await;
    }
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    let paid = t.ask("stored", &saving(&[])).await;
    t.ask("its repetition tells of it", &saving(&[])).await;
    t.ask("it is listed", &get("/v2/payment-methods?customer=c-1").by("shop:read")).await;
    let id = paid["data"]["id"].as_str().unwrap();
    t.ask(
        "and told when it is confirmed",
        &post(format!("/v2/orders/a/transactions/{id}/confirm")).by("shop:pay"),
    )
    .await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.state().broken.insert("customer_put");
    t.ask("it cannot be noted: the payment stays", &saving(&[])).await;
    t.world.state().broken.clear();
    t.ask("and the repetition notes it", &saving(&[])).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(|approval| Outcome::Approved(GatewayResponse { stored: None, ..approval }));
    t.ask("the gateway stored nothing", &saving(&[])).await;
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.world.answer(|approval| Outcome::Approved(GatewayResponse { cvv: Some("N".to_owned()), ..approval }));
    t.world.answer(unknown);
    t.ask("what does not stand stores no card, though its void is not known", &saving(&[]).by("strict:pay"))
        .await;
    t.end();
}
