//! People sign in at the stack's own issuer, act under their own name, and lose their permissions.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use local::{dynamodb_client, issuer::PEOPLE, merchants};
use reqwest::{Method, header::LOCATION};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate::dynamodb::people::DynamoDbPeople;
use tollgate_core::{
    order::MerchantId,
    payments::Role,
    people::{
        ChangedBy, Grant, NewPerson, People, PeopleReader as _, PeopleStore as _, Recognition, RefundMax,
    },
    values::{Amount, Currency},
};
use uuid::Uuid;

use crate::{
    shop::{Shop, by_token},
    support::STORM,
};

const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-as-it-has-to-be";
const BACK: &str = "http://127.0.0.1:1/back";
const SECRETS: [(&str, &str); 2] = [
    ("console", "local-console-secret-that-is-no-secret"),
    ("cli", "local-cli-secret-that-is-no-secret-at-all"),
];

/// After this time every function has read people again.
const PEOPLE_READ_AGAIN_S: i64 = 301;

fn merchant() -> MerchantId {
    merchants::REGISTERED.parse().unwrap()
}

pub(crate) fn store(shop: &Shop) -> DynamoDbPeople {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    DynamoDbPeople::new(client, local::PEOPLE_TABLE_NAME.to_owned(), SignedDuration::from_hours(24 * 400))
}

pub(crate) fn operator() -> ChangedBy {
    ChangedBy::Operator("operator".parse().unwrap())
}

/// Changes the merchant's people as the command does.
pub(crate) async fn change(shop: &Shop, change: impl FnOnce(&mut People)) {
    let store = store(shop);
    let mut people = store.people(&merchant()).await.unwrap();
    change(&mut people);
    // The version is that of one write, however much was changed.
    people.version = store.people(&merchant()).await.unwrap().version + 1;
    assert!(store.save(&merchant(), &people, None).await.unwrap());
}

/// A shop whose merchant knows the issuer's people.
pub(crate) async fn open() -> Shop {
    let shop = Shop::open().await;
    add_people(&shop).await;
    shop
}

/// Adds the issuer's people to the first merchant, by their addresses.
pub(crate) async fn add_people(shop: &Shop) {
    let issuer = issuer(shop);
    change(shop, |people| {
        for person in &PEOPLE {
            let Some(role) = person.role else { continue };
            let new = NewPerson {
                name: person.name.parse().unwrap(),
                recognition: Recognition::Email {
                    issuer: issuer.clone(),
                    email: person.email.parse().unwrap(),
                },
                grant: Grant { role, refund_max: RefundMax::Unlimited },
            };
            people.add(&operator(), new, Uuid::new_v4(), Timestamp::now()).unwrap();
        }
    })
    .await;
}

pub(crate) fn issuer(shop: &Shop) -> String {
    format!("{}/_local/issuer", shop.stack.url())
}

/// The issuer's response to the client: a code, or an error.
async fn authorize(shop: &Shop, person: &str, client: &str, like: &str) -> Vec<(String, String)> {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &format!("tollgate-{client}"))
        .append_pair("redirect_uri", BACK)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("state", "state")
        .append_pair("person", person)
        .append_pair("like", like)
        .finish();
    // The way back leads to a client that is not there.
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let answer = client.get(format!("{}/authorize?{query}", issuer(shop))).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let back = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    let (start, query) = back.split_once('?').unwrap();
    assert_eq!(start, BACK);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// An ID token of somebody for one of the clients, as another issuer would write it.
async fn id_token_like(shop: &Shop, person: &str, client: &str, like: &str) -> String {
    let back = authorize(shop, person, client, like).await;
    let code = back.iter().find(|(name, _)| name == "code").map(|(_, code)| code.clone()).unwrap();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &code)
        .append_pair("redirect_uri", BACK)
        .append_pair("client_id", &format!("tollgate-{client}"))
        .append_pair("code_verifier", VERIFIER)
        .finish();
    let request = shop.client().post(format!("{}/token", issuer(shop))).body(form);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["id_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn id_token(shop: &Shop, person: &str) -> String {
    id_token_like(shop, person, "cli", "cognito").await
}

/// A token exchange with the usual members, changed by these.
pub(crate) async fn exchange(shop: &Shop, id_token: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", "cli"),
        ("client_secret", SECRETS[1].1),
        ("audience", merchants::REGISTERED),
        ("subject_token", id_token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
    ];
    for &(name, value) in changes {
        form.retain(|(known, _)| *known != name);
        form.push((name, value));
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = shop.client().post(format!("{}/oauth/access_token", shop.stack.url())).body(body);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Signs somebody in, and acts as that person from then on.
pub(crate) async fn act_as(shop: &mut Shop, person: &str) {
    act_at(shop, merchants::REGISTERED, person).await;
}

/// The same at a merchant. Returns the body with the token.
pub(crate) async fn act_at(shop: &mut Shop, merchant: &str, person: &str) -> Value {
    let id_token = id_token(shop, person).await;
    let (status, body) = exchange(shop, &id_token, &[("audience", merchant)]).await;
    assert_eq!(status, 200, "{body}");
    shop.use_token(body["access_token"].as_str().unwrap());
    body
}

/// The body of a refusal, without the request's id.
fn refusal((status, mut body): (u16, Value)) -> (u16, Value) {
    body["errors"][0]["meta"]["request_id"].take();
    (status, body)
}

#[tokio::test]
async fn who_refunds_is_named_in_order_entry_and_list() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay("o", by_token("purchase")).await.id();
    shop.stack.simulator().settle();
    act_as(&mut shop, "ann").await;
    let me = shop.get("/v2/me").await;
    assert_eq!(me.data(200)["person"]["name"], "Ann Archer");
    assert_eq!(me.data(200)["person"]["role"], "operate");
    assert_eq!(me.data(200)["key"], Value::Null);
    let refund = json!({"amount": 500, "reason": "damaged", "actor": "agent 7"});
    let refunded = shop.follow_up("o", &paid, "refund", refund).await;
    let operations = refunded.data(200)["meta"]["operations"].as_array().unwrap();
    let refund = operations
        .iter()
        .find(|operation| operation["type"] == "refund")
        .unwrap_or_else(|| panic!("{operations:?}"));
    // The name that was verified stands beside the one that was stated.
    assert_eq!(
        (&refund["request"]["person"], &refund["request"]["actor"]),
        (&json!("Ann Archer"), &json!("agent 7")),
        "{refund}"
    );
    shop.stack.deliver_stream().await.unwrap();
    let entries = shop.get("/v2/orders/o/entries").await;
    let entries = entries.data(200).as_array().unwrap();
    let told =
        entries.iter().find(|entry| entry["operation"] == "refund").unwrap_or_else(|| panic!("{entries:?}"));
    assert_eq!(told["person"], "Ann Archer", "{told}");
    shop.close().await;
}

#[tokio::test]
async fn every_refused_sign_in_gets_the_same_answer() {
    let shop = open().await;
    let used = id_token(&shop, "rob").await;
    assert_eq!(exchange(&shop, &used, &[]).await.0, 200);
    let for_console = id_token_like(&shop, "rob", "console", "cognito").await;
    let (header, rest) = used.split_once('.').unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(rest.split_once('.').unwrap().0).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["email"] = json!("eve@shop.example");
    let signature = rest.split_once('.').unwrap().1;
    let forged = format!("{header}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
    let stranger = id_token(&shop, "max").await;
    let unlisted = id_token_like(&shop, "rob", "cli", "entra").await;
    let (unknown, elsewhere) = (id_token(&shop, "rob").await, id_token(&shop, "rob").await);
    let first = refusal(exchange(&shop, &used, &[]).await);
    assert_eq!((first.0, &first.1["errors"][0]["meta"]["code"]), (400, &json!("invalid_grant")));
    let long = "a".repeat(500);
    for (hazard, token, changes) in [
        ("somebody whom the merchant does not know", stranger, vec![]),
        ("an address that the issuer has not verified", unlisted, vec![]),
        ("a merchant that does not exist", unknown, vec![("audience", "170299999")]),
        ("another merchant", elsewhere.clone(), vec![("audience", merchants::EXTERNAL)]),
        ("no merchant's id", elsewhere, vec![("audience", long.as_str())]),
        ("a token for another client", for_console, vec![]),
        ("a forged claim", forged, vec![]),
        ("no token", "a.b.c".to_owned(), vec![]),
        ("a client that does not exist", used.clone(), vec![("client_id", "other")]),
        ("a wrong secret", used.clone(), vec![("client_secret", "wrong")]),
        ("another client's secret", used.clone(), vec![("client_secret", SECRETS[0].1)]),
        (
            "a merchant's key",
            used,
            vec![("client_id", merchants::REGISTERED), ("client_secret", merchants::REGISTERED_KEY)],
        ),
    ] {
        assert_eq!(refusal(exchange(&shop, &token, &changes).await), first, "{hazard}");
    }
    shop.close().await;
}

#[tokio::test]
async fn an_exchange_without_a_member_names_it() {
    let shop = open().await;
    let token = id_token(&shop, "rob").await;
    for member in ["client_id", "client_secret", "audience", "subject_token", "subject_token_type"] {
        let (status, body) = exchange(&shop, &token, &[(member, "")]).await;
        assert_eq!((status, &body["errors"][0]["source"]), (400, &json!(member)), "{body}");
    }
    let wrong = [("subject_token_type", "urn:ietf:params:oauth:token-type:access_token")];
    assert_eq!(exchange(&shop, &token, &wrong).await.0, 400);
    let wrong = [("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")];
    assert_eq!(exchange(&shop, &token, &wrong).await.0, 400);
    // Nothing of it used the token.
    assert_eq!(exchange(&shop, &token, &[]).await.0, 200);
    shop.close().await;
}

#[tokio::test]
async fn known_issuers_claims_are_understood() {
    for like in ["cognito", "okta", "google"] {
        let shop = open().await;
        for client in ["cli", "console"] {
            let token = id_token_like(&shop, "eve", client, like).await;
            let secret = SECRETS.iter().find(|(id, _)| *id == client).unwrap().1;
            let changes = [("client_id", client), ("client_secret", secret)];
            let (status, body) = exchange(&shop, &token, &changes).await;
            assert_eq!(status, 200, "{like}, {client}: {body}");
            assert_eq!(body["expires_in"], 900);
        }
        shop.close().await;
    }
    // Entra says of no address that it is verified, so its people are added by their subject.
    let shop = open().await;
    let token = id_token_like(&shop, "max", "cli", "entra").await;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let subject = tollgate_core::people::Subject {
        issuer: issuer(&shop),
        subject: claims["sub"].as_str().unwrap().to_owned(),
    };
    change(&shop, |people| {
        let new = NewPerson {
            name: "Max Moore".parse().unwrap(),
            recognition: Recognition::Subject { subject, email: None },
            grant: Grant { role: Role::Read, refund_max: RefundMax::Unlimited },
        };
        people.add(&operator(), new, Uuid::new_v4(), Timestamp::now()).unwrap();
    })
    .await;
    assert_eq!(exchange(&shop, &token, &[]).await.0, 200);
    shop.close().await;
}

#[tokio::test]
async fn a_role_that_was_lost_is_lost_within_five_minutes_and_one_that_was_won_needs_a_new_sign_in() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay("o", by_token("purchase")).await.id();
    shop.stack.simulator().settle();
    let with_role = |role| {
        move |people: &mut People| {
            let ann = people.entries.iter_mut().find(|entry| entry.name.to_string() == "Ann Archer").unwrap();
            ann.grant.role = role;
        }
    };
    act_as(&mut shop, "ann").await;
    shop.get("/v2/me").await.data(200);
    change(&shop, with_role(Role::Read)).await;
    shop.stack.advance_clock(PEOPLE_READ_AGAIN_S);
    shop.follow_up("o", &paid, "refund", json!({"amount": 500})).await.error(403, "forbidden");
    shop.get("/v2/orders/o").await.data(200);
    // A token of a lower role stays as low as it was.
    act_as(&mut shop, "ann").await;
    change(&shop, with_role(Role::All)).await;
    shop.stack.advance_clock(PEOPLE_READ_AGAIN_S);
    shop.follow_up("o", &paid, "refund", json!({"amount": 500})).await.error(403, "forbidden");
    act_as(&mut shop, "ann").await;
    shop.follow_up("o", &paid, "refund", json!({"amount": 500})).await.data(200);
    // A removed person is gone, in spite of the token.
    change(&shop, |people| people.entries.retain(|entry| entry.name.to_string() != "Ann Archer")).await;
    shop.stack.advance_clock(PEOPLE_READ_AGAIN_S);
    shop.get("/v2/orders/o").await.error(401, "invalid_access_token");
    assert_eq!(exchange(&shop, &id_token(&shop, "ann").await, &[]).await.0, 400);
    shop.close().await;
}

#[tokio::test]
async fn whoever_is_disabled_at_the_issuer_is_out_within_fifteen_minutes() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    act_as(&mut shop, "ann").await;
    let url = format!("{}/people/ann", issuer(&shop));
    let disabled = shop.client().post(url).json(&json!({"disabled": true})).send().await.unwrap();
    assert_eq!(disabled.status(), 204);
    let back = authorize(&shop, "ann", "cli", "cognito").await;
    assert!(back.contains(&("error".to_owned(), "access_denied".to_owned())), "{back:?}");
    shop.get("/v2/orders/o").await.data(200);
    shop.stack.advance_clock(15 * 60);
    shop.get("/v2/orders/o").await.error(401, "invalid_access_token");
    shop.close().await;
}

#[tokio::test]
async fn nobody_gives_back_more_than_they_may_in_whatever_parts() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay("o", by_token("purchase")).await.id();
    shop.stack.simulator().settle();
    change(&shop, |people| {
        let ann = people.entries.iter_mut().find(|entry| entry.name.to_string() == "Ann Archer").unwrap();
        ann.grant.refund_max = RefundMax::By([(Currency::USD, Amount::new(500).unwrap())].into());
    })
    .await;
    act_as(&mut shop, "ann").await;
    let too_much = shop.follow_up("o", &paid, "refund", json!({"amount": 501})).await;
    let meta = &too_much.error(403, "exceeds_refund_max")["meta"];
    assert_eq!((&meta["refund_max"], &meta["given_back"]), (&json!(500), &json!(0)));
    shop.follow_up("o", &paid, "refund", json!({"amount": 300})).await.data(200);
    shop.follow_up("o", &paid, "refund", json!({"amount": 201})).await.error(403, "exceeds_refund_max");
    act_as(&mut shop, "eve").await;
    shop.follow_up("o", &paid, "refund", json!({"amount": 2299})).await.data(200);
    assert_eq!(shop.ledger("refund").len(), 2);
    shop.close().await;
}

#[tokio::test]
async fn a_proposal_is_carried_out_once_by_another_person_and_has_both_names() {
    let mut shop = open().await;
    for order in ["o", "p"] {
        shop.register(order, 2599).await;
    }
    let paid = shop.pay("o", by_token("purchase")).await.id();
    let other = shop.pay("p", by_token("purchase")).await.id();
    shop.stack.simulator().settle();
    let keys = shop.current_token().to_owned();
    change(&shop, |people| {
        for name in ["Ann Archer", "Rob Reyes"] {
            let one = people.entries.iter_mut().find(|entry| entry.name.to_string() == name).unwrap();
            one.grant = Grant {
                role: Role::Operate,
                refund_max: RefundMax::By([(Currency::USD, Amount::new(500).unwrap())].into()),
            };
        }
    })
    .await;
    act_as(&mut shop, "ann").await;
    let refund = json!({"amount": 501, "reason": "broken", "actor": "agent 7"});
    let refused = shop.follow_up("o", &paid, "refund", refund).await;
    let proposal = refused.error(403, "exceeds_refund_max")["meta"]["proposal"].as_str().unwrap().to_owned();
    let submit = json!({ "proposal": proposal });
    // Neither by herself, nor by somebody with the same limit, nor by a key.
    shop.follow_up("o", &paid, "refund", submit.clone()).await.error(403, "forbidden");
    act_as(&mut shop, "rob").await;
    let in_turn = shop.follow_up("o", &paid, "refund", submit.clone()).await;
    assert_eq!(in_turn.error(403, "exceeds_refund_max")["meta"]["proposal"], Value::Null);
    shop.use_token(&keys);
    shop.follow_up("o", &paid, "refund", submit.clone()).await.error(403, "forbidden");
    act_as(&mut shop, "eve").await;
    // Nor for another payment, on another route, changed, or with more beside it.
    shop.follow_up("p", &other, "refund", submit.clone()).await.error(400, "invalid_value");
    shop.follow_up("o", &paid, "cancel", submit.clone()).await.error(400, "invalid_value");
    let (text, signature) = proposal.split_once('.').unwrap();
    let mut changed: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    changed["body"] = json!({"data": {"amount": 2599}});
    let changed = format!("{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(changed.to_string()));
    shop.follow_up("o", &paid, "refund", json!({"proposal": changed})).await.error(400, "invalid_value");
    let elsewhere = json!({"proposal": proposal, "options": {"amount": 100}});
    shop.follow_up("o", &paid, "refund", elsewhere).await.error(400, "unknown_member");
    let more = json!({"proposal": proposal, "amount": 2599});
    shop.follow_up("o", &paid, "refund", more).await.error(400, "unknown_member");
    assert!(shop.ledger("refund").is_empty());
    let done = shop.follow_up("o", &paid, "refund", submit.clone()).await;
    let operations = done.data(200)["meta"]["operations"].as_array().unwrap();
    let refund = operations.iter().find(|operation| operation["type"] == "refund").unwrap();
    assert_eq!(
        (&refund["request"]["person"], &refund["request"]["proposed_by"]),
        (&json!("Eve Evans"), &json!("Ann Archer")),
        "{refund}"
    );
    assert_eq!(
        (&refund["request"]["reason"], &refund["request"]["actor"]),
        (&json!("broken"), &json!("agent 7")),
        "{refund}"
    );
    let again = shop.follow_up("o", &paid, "refund", submit).await;
    assert!(again.data(200).is_object() && again.is_replay());
    assert_eq!(shop.ledger("refund").len(), 1);
    shop.stack.deliver_stream().await.unwrap();
    let entries = shop.get("/v2/orders/o/entries").await;
    let entries = entries.data(200).as_array().unwrap();
    let told = entries.iter().find(|entry| entry["operation"] == "refund").unwrap();
    assert_eq!(
        (&told["person"], &told["proposed_by"]),
        (&json!("Eve Evans"), &json!("Ann Archer")),
        "{told}"
    );
    shop.close().await;
}

#[tokio::test]
async fn people_take_no_payments() {
    let mut shop = open().await;
    shop.register("o", 2599).await;
    act_as(&mut shop, "eve").await;
    shop.pay("o", by_token("purchase")).await.error(403, "forbidden");
    assert!(shop.stack.simulator().transactions().is_empty());
    shop.close().await;
}

#[tokio::test]
async fn a_thousand_bad_exchanges_beside_a_good_one_do_not_keep_it_out() {
    let _storm = STORM.lock().await;
    let shop = open().await;
    let good = id_token(&shop, "rob").await;
    let bad = join_all((0..1_000).map(|n| {
        let (shop, n) = (&shop, n);
        async move {
            let token = format!("e30.{n}.e30");
            let wrong = [("client_secret", "wrong")];
            exchange(shop, &token, if n % 2 == 0 { &wrong } else { &[] }).await.0
        }
    }));
    let (bad, good) = tokio::join!(bad, exchange(&shop, &good, &[]));
    assert_eq!(good.0, 200, "{}", good.1);
    assert!(bad.iter().all(|status| matches!(status, 400 | 429)), "{bad:?}");
    // Those who come later get in, too.
    assert_eq!(exchange(&shop, &id_token(&shop, "eve").await, &[]).await.0, 200);
    shop.close().await;
}

#[tokio::test]
async fn who_signed_in_and_who_was_refused_is_on_record() {
    let mut shop = open().await;
    act_as(&mut shop, "eve").await;
    exchange(&shop, &id_token(&shop, "max").await, &[]).await;
    let used = id_token(&shop, "rob").await;
    for status in [200, 400] {
        assert_eq!(exchange(&shop, &used, &[]).await.0, status);
    }
    // Neither names anybody.
    exchange(&shop, "a.b.c", &[]).await;
    exchange(&shop, &id_token(&shop, "rob").await, &[("client_secret", "wrong")]).await;
    let seen = shop.send(Method::GET, "/v2/audit", &[], String::new()).await;
    let entries = seen.data(200).as_array().unwrap().clone();
    let text = Value::from(entries).to_string();
    for part in ["signed_in", "Eve Evans", "sign_in_refused", "max@shop.example", "not_listed", "token_used"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.matches("\"sign_in_refused\"").count(), 2, "{text}");
    shop.close().await;
}
