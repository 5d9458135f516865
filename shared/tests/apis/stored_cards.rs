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

pub(crate) fn stores(customer: &str) -> Ask {
    let mut data = card(1);
    set_all(&mut data, &[("customer", json!(customer)), ("type", json!("payment-method"))]);
    data.as_object_mut().unwrap().shift_remove("amount");
    post("/v2/payment-methods").by("shop:pay").data(data)
}

pub(crate) fn set_all(data: &mut Value, members: &[(&str, Value)]) {
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
        ("data.type", &[json!(null), json!("card"), json!("order"), json!(5)]),
        ("data.gateway", &[json!(null), json!("stripe"), json!(5), json!("card_connect")]),
        (
            "data.customer",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(5),
                json!("a b"),
                json!("jane@example.com"),
                json!(NUMBER),
                json!("x".repeat(128)),
                json!("x".repeat(129)),
                json!("x".repeat(256)),
            ],
        ),
        ("data.default", &[json!(true), json!(false), json!("yes"), json!(null)]),
        ("data.currency", &[json!("USD"), json!("EUR"), json!("x"), json!("XX"), json!(null)]),
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
    t.ask("nor what is none", &get("/v2/payment-methods/pm_nothing").by("shop:read")).await;
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
        t.ask("reads", &get("/v2/payment-methods/x").by(by)).await;
        t.ask("deletes", &delete("/v2/payment-methods/x").by(by)).await;
        t.ask("changes", &patch("/v2/payment-methods/x").by(by).data(json!({"default": true}))).await;
    }
    t.afresh();
    t.world.state().stopped = Some(true);
    t.ask("payments are stopped", &ask()).await;
    t.world.state().stopped = Some(false);
    for port in ["customer", "customer_put"] {
        t.world.faults.take_down(port);
        t.ask("customers cannot be read, or written", &ask()).await;
        t.world.faults.bring_up();
    }
    t.world.faults.contend(true);
    t.ask("others change the customer", &ask()).await;
    t.world.faults.contend(false);
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
    t.world.faults.take_down("customer_put");
    t.ask("it cannot be noted: the payment stays", &saving(&[])).await;
    t.world.faults.bring_up();
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

#[tokio::test(start_paused = true)]
async fn a_customer_that_is_stated_is_whose_card_it_is() {
    let mut t = Table::new("card_owners");
    let stored = t.prepare(&stores("c-1")).await;
    let other = with(stores("c-2"), &[("number", json!("5499740000000057"))]);
    t.prepare(&other).await;
    let (id, payment) = (stored["data"]["id"].as_str().unwrap(), stored["data"]["payment"].clone());
    let pays = |order: &str, members: &[(&str, Value)]| {
        let all = [
            &[("gateway", json!("card_connect")), ("amount", json!(5)), ("payment", payment.clone())],
            members,
        ];
        let mut data = json!({});
        set_all(&mut data, &all.concat());
        pay(order, "purchase", data).by("shop:pay")
    };
    let whose = |customer: &str| [("customer", json!(customer))];
    for order in ["a", "b"] {
        t.prepare(&registered(order, 10_000)).await;
    }
    t.ask("the customer's own pays", &pays("a", &whose("c-1")).key("k")).await;
    t.ask("another customer's does not", &pays("b", &whose("c-2"))).await;
    t.ask("nor does that of one without any", &pays("b", &whose("c-3"))).await;
    let made_up = [("customer", json!("c-1")), ("payment", json!("1|99999"))];
    t.ask("nor one that does not exist", &pays("b", &made_up)).await;
    let by_the_merchant = [("customer", json!("c-2")), ("initiated_by", json!("merchant"))];
    t.ask("nor does the merchant pay with it", &pays("b", &by_the_merchant)).await;
    t.ask("the merchant vouches for a card without a customer", &pays("b", &[("customer", json!(null))]))
        .await;
    for (member, value) in [("customer", json!("")), ("customer", json!(5)), ("customer_id", json!("c-2"))] {
        t.ask("what is no customer is no card of everybody's", &pays("b", &[(member, value)])).await;
    }
    t.ask("a shopper states none", &pays("b", &whose("c-1")).by("strict:shopper1")).await;
    t.world.faults.take_down("customer");
    t.ask("customers cannot be read", &pays("b", &whose("c-1"))).await;
    t.world.faults.bring_up();
    let one = |customer: &str| format!("/v2/payment-methods/{id}?customer={customer}");
    let changes = json!({"default": true});
    for customer in ["c-2", "c-3", "", "a%20b", "c-2&customer=c-1"] {
        t.ask("read as another's", &get(one(customer)).by("shop:read")).await;
        t.ask("changed", &patch(one(customer)).by("shop:pay").data(changes.clone())).await;
        t.ask("replaced", &put(one(customer)).by("shop:pay").data(changes.clone())).await;
        t.ask("deleted", &delete(one(customer)).by("shop:pay")).await;
    }
    let nobodys = format!("/v2/payment-methods/pm_{}?customer=c-2", "a".repeat(56));
    t.ask("one that does not exist is answered alike", &get(&*nobodys).by("shop:read")).await;
    t.ask("changed", &patch(&*nobodys).by("shop:pay").data(changes.clone())).await;
    t.ask("replaced", &put(&*nobodys).by("shop:pay").data(changes.clone())).await;
    t.ask("deleted", &delete(&*nobodys).by("shop:pay")).await;
    t.ask("read as the customer's own", &get(one("c-1")).by("shop:read")).await;
    t.ask("changed", &patch(one("c-1")).by("shop:pay").data(changes)).await;
    t.ask("deleted", &delete(one("c-1")).by("shop:pay")).await;
    t.ask("it pays no more", &pays("b", &whose("c-1"))).await;
    t.ask("a repetition has its payment, though the card is gone", &pays("a", &whose("c-1")).key("k")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_payment_method_pays_as_the_card_that_it_names() {
    let mut t = Table::new("pay_by_id");
    let stored = t.prepare(&stores("c-1")).await;
    let (id, payment) = (stored["data"]["id"].clone(), stored["data"]["payment"].clone());
    for (order, by) in [("a", "shop:pay"), ("b", "strict:pay")] {
        t.prepare(&registered(order, 10_000).by(by)).await;
    }
    let pays = |route: &str, members: &[(&str, Value)]| {
        let mut data = json!({"gateway": "card_connect", "amount": 5, "payment": id});
        set_all(&mut data, members);
        post(format!("/v2/orders/a/payments{route}")).by("shop:pay").data(data)
    };
    let whose = |customer: &str| ("customer", json!(customer));
    t.ask("it is held", &pays("/authorize", &[])).await;
    t.ask("taken", &pays("/purchase", &[whose("c-1")]).key("k")).await;
    t.ask("a repetition", &pays("/purchase", &[whose("c-1")]).key("k")).await;
    t.ask("is one by the other name, too", &pays("/purchase", &[("payment", payment.clone())]).key("k"))
        .await;
    t.ask("by the body's method", &pays("", &[("method", json!("purchase")), ("amount", json!(6))])).await;
    t.ask(
        "what is known of the card is shown by its other name",
        &pays("/purchase", &[("payment", payment), ("amount", json!(7)), whose("c-1")]),
    )
    .await;
    let by_merchant = [("initiated_by", json!("merchant")), ("scheduled", json!(true)), ("amount", json!(8))];
    t.ask("the merchant pays with it", &pays("/purchase", &by_merchant)).await;
    for member in [("save", json!(true)), ("month", json!("08")), ("customer_id", json!("c-1"))] {
        t.ask("what does not go with it", &pays("/purchase", &[member, whose("c-1")])).await;
    }
    t.ask("as another customer's", &pays("/purchase", &[whose("c-2")])).await;
    t.ask("as that of a customer without any", &pays("/purchase", &[whose("c-3")])).await;
    let unknown = format!("pm_{}", "a".repeat(56));
    t.ask("one that does not exist", &pays("/purchase", &[("payment", json!(unknown))])).await;
    t.ask("what is none", &pays("/purchase", &[("payment", json!("pm_a"))])).await;
    let elsewhere = json!({"gateway": "card_connect", "amount": 5, "payment": id});
    t.ask("another merchant's", &pay("b", "purchase", elsewhere.clone()).by("strict:pay")).await;
    t.ask("not by a shopper", &pays("/purchase", &[]).by("shop:shopper1")).await;
    let of_strict = t.prepare(&stores("c-1").by("strict:pay")).await["data"]["id"].clone();
    let by_shopper = json!({"gateway": "card_connect", "amount": 5, "payment": of_strict});
    t.ask("but where the merchant allows it", &pay("b", "purchase", by_shopper).by("strict:shopper1")).await;
    t.world.faults.take_down("customer");
    t.ask("customers cannot be read", &pays("/purchase", &[])).await;
    t.world.faults.bring_up();
    let one = format!("/v2/payment-methods/{}", id.as_str().unwrap());
    t.prepare(&patch(&*one).by("shop:pay").data(json!({"month": "09", "year": "2031"}))).await;
    t.ask("with another expiry date", &pays("/purchase", &[("amount", json!(9))])).await;
    t.ask("a repetition of before is none of now", &pays("/purchase", &[whose("c-1")]).key("k")).await;
    t.prepare(&delete(&*one).by("shop:pay")).await;
    t.ask("it pays no more", &pays("/purchase", &[])).await;
    t.ask(
        "a repetition has its payment, though the card is gone",
        &pays("/purchase", &[whose("c-1")]).key("k"),
    )
    .await;
    t.end();
}
