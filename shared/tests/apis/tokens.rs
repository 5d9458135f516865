//! Access tokens: who gets one, the requests that it permits, and the limit on trying out keys.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tollgate_core::values::Clock;

use crate::{
    ask::{Ask, delete, get, post},
    fixture::{card, pay, registered},
    merchants::{KID_KEY, key, merchant, token},
    table::Table,
};

fn form(text: impl Into<String>) -> Ask {
    post("/oauth/access_token").header("content-type", "application/x-www-form-urlencoded").text(text)
}

fn credentials(id: &str, key: &str) -> Ask {
    form(format!("grant_type=client_credentials&client_id={id}&client_secret={key}"))
}

fn implicit(id: &str) -> Ask {
    form(format!("grant_type=implicit&client_id={id}"))
}

#[tokio::test(start_paused = true)]
async fn a_token_is_issued_for_a_key_or_to_a_browser() {
    let mut t = Table::new("tokens");
    for role in ["read", "pay", "operate", "all", "plain"] {
        t.ask("a key of each role", &credentials("shop", &key(role))).await;
    }
    t.ask("a browser", &implicit("shop")).await;
    for (hazard, text) in [
        ("no form", ""),
        ("no grant", "client_id=shop&client_secret=x"),
        ("an empty grant", "grant_type=&client_id=shop"),
        ("another grant", "grant_type=password&client_id=shop"),
        ("no id", "grant_type=implicit"),
        ("an empty id", "grant_type=implicit&client_id="),
        ("no secret", "grant_type=client_credentials&client_id=shop"),
        ("an id twice", "grant_type=implicit&client_id=shop&client_id=shop"),
        ("what else is in it is not read", "scope=x&scope=y&grant_type=implicit&client_id=shop"),
        ("an id that cannot be one", "grant_type=implicit&client_id=a%23b"),
        ("letters are escaped", "grant_type=implicit&client_id=%73hop"),
        ("JSON is no form", "{\"grant_type\": \"implicit\"}"),
    ] {
        t.ask(hazard, &form(text)).await;
    }
    t.ask("a byte order mark", &form("\u{FEFF}grant_type=implicit&client_id=shop")).await;
    let granted = || form("grant_type=client_credentials");
    let basic = |pair: &str| granted().header("authorization", format!("Basic {}", STANDARD.encode(pair)));
    let own = format!("shop:{}", key("all"));
    t.ask("HTTP Basic", &basic(&own)).await;
    t.ask("each part is form-encoded", &basic(&own.replace("shop", "%73hop"))).await;
    t.ask("a wrong secret in it", &basic("shop:wrong-key-of-merchant")).await;
    t.ask("no secret in it", &basic("shop:")).await;
    t.ask("no colon in it", &basic("shop")).await;
    t.ask("no base64", &granted().header("authorization", "Basic shop:x")).await;
    t.ask("of another scheme", &granted().header("authorization", "Bearer undefined")).await;
    let twice = |id: &str| basic(&own).text(format!("grant_type=client_credentials&client_id={id}"));
    t.ask("the id in both places", &twice("shop")).await;
    t.ask("another id in the form", &twice("strict")).await;
    let filled = |bytes: usize| {
        let start = "grant_type=implicit&client_id=shop&x=";
        form(format!("{start}{}", "x".repeat(bytes - start.len())))
    };
    t.ask("compressed", &implicit("shop").header("content-encoding", "gzip")).await;
    t.ask("16 KiB", &filled(16_384)).await;
    t.ask("a byte more", &filled(16_385)).await;
    for id in ["nobody", "closed", "away", "malformed", "forbidden", "external", "unkept"] {
        t.ask("a browser of a merchant that is not there, or lets none in", &implicit(id)).await;
        t.ask("a wrong key of such a one", &credentials(id, "wrong-key-of-merchant")).await;
        t.ask("a right one", &credentials(id, &key("all"))).await;
    }
    for text in ["", "%FF", "4111111111111111"] {
        t.ask("the caller's id of a request", &implicit("shop").header("x-request-id", text)).await;
    }
    for length in [128, 129] {
        t.ask("it is short", &implicit("shop").header("x-request-id", "r".repeat(length))).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn whoever_tries_out_keys_has_to_wait_and_the_right_one_passes() {
    let mut t = Table::new("wrong_keys");
    let wrong = || credentials("shop", "wrong-key-of-merchant");
    for _ in 0..10 {
        t.ask("ten wrong keys", &wrong()).await;
    }
    t.ask("the next one is told to wait", &wrong()).await;
    t.ask("another merchant's is not", &credentials("strict", "wrong-key-of-merchant")).await;
    t.ask("nor another address", &wrong().from("203.0.113.8")).await;
    t.ask("nor one that is not known", &wrong().from("")).await;
    t.ask("the right one passes", &credentials("shop", &key("all"))).await;
    for _ in 0..11 {
        t.ask("what is no address is one source", &wrong().from("")).await;
    }
    t.world.wait(299);
    t.ask("a second before the end", &wrong()).await;
    t.world.wait(1);
    t.ask("the window is over", &wrong()).await;
    t.afresh();
    for n in 0..20 {
        t.ask(
            "twenty merchants that are not there",
            &credentials(&format!("nobody{n}"), "wrong-key-of-merchant"),
        )
        .await;
    }
    t.ask("one more is told to wait", &credentials("nobody", "wrong-key-of-merchant")).await;
    t.ask("whatever it is, if it has to be looked up", &credentials("unkept", &key("all"))).await;
    t.ask("what is known passes", &credentials("shop", &key("all"))).await;
    t.ask("a browser waits", &implicit("nobody")).await;
    t.ask("and so at one that lets none in", &implicit("external")).await;
    t.ask("a token passes, whether its merchant was read or not", &get("/v2/orders/a").by("unkept:all"))
        .await;
    t.ask(
        "a wrong one of a merchant that is known",
        &get("/v2/orders/a").header("authorization", tampered(&t)),
    )
    .await;
    t.afresh();
    for merchant in ["shop", "strict", "external", "unkept", "nobody"].repeat(5) {
        let token = made_up(merchant);
        t.ask("made-up tokens lock nobody out", &get("/v2/orders/a").header("authorization", token)).await;
    }
    t.ask("neither a key", &credentials("unkept", &key("all"))).await;
    t.ask("nor a token", &get("/v2/orders/a").by("unkept:all")).await;
    t.ask("nor a browser", &implicit("strict")).await;
    t.afresh();
    for n in 0..20 {
        t.ask("the same merchant again counts once", &implicit(if n < 10 { "nobody" } else { "nobody2" }))
            .await;
    }
    t.ask("so this one is not told to wait", &implicit("nobody3")).await;
    t.end();
}

/// A token with another claim under the old signature.
fn tampered(t: &Table) -> String {
    let token = token("shop:read", t.world.clock.now());
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.encode(claims.replace("\"read\"", "\"all\""));
    format!("Bearer {}.{claims}.{}", parts[0], parts[2])
}

/// A token by somebody who knows no key.
fn made_up(merchant: &str) -> String {
    let kid = format!("{merchant}.{}", URL_SAFE_NO_PAD.encode([7; 8]));
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": kid});
    let claims = json!({"iss": "tollgate", "sub": merchant, "grant": "client_credentials", "key": "0"});
    let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("Bearer {}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 32]))
}

/// Changes header and claims of a token. The merchant in the header's `kid` gets its MAC
/// afterwards.
type Changes = fn(&mut Value, &mut Value);

/// A merchant's `kid` for these claims.
fn kid(merchant: &str, claims: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, KID_KEY.as_bytes());
    let tag = hmac::sign(&key, format!("token of {merchant}\n{claims}").as_bytes());
    format!("{merchant}.{}", URL_SAFE_NO_PAD.encode(&tag.as_ref()[..8]))
}

/// A token as a holder of the signing key and the key of the MACs can make it.
fn made(t: &Table, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let own = token("shop:operate", t.world.clock.now());
    let part = |n: usize| -> Value {
        let part = own.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (mut header, mut claims) = (part(0), part(1));
    header["kid"] = json!("shop");
    change(&mut header, &mut claims);
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    header["kid"] = kid(header["kid"].as_str().unwrap(), &claims).into();
    let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let merchant = merchant("shop");
    let key = hmac::Key::new(hmac::HMAC_SHA256, merchant.token_signing_key.expose_secret().as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_ours_opens_nothing() {
    let mut t = Table::new("token_checks");
    t.prepare(&registered("a", 500)).await;
    let bearing = |header: String| get("/v2/orders/a").header("authorization", header);
    let own = token("shop:read", t.world.clock.now());
    for header in [
        format!("Bearer {own}"),
        format!("bearer  {own} "),
        format!("Bearer: {own}"),
        format!("Bearer:: {own}"),
        format!("Bearer:{own}"),
        format!("Basic: {own}"),
        format!("Basic {own}"),
        own.clone(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        "Bearer a.b.c".to_owned(),
        format!("Bearer {own}x"),
        format!("Bearer {}", &own[..own.len() - 2]),
        format!("Bearer {}", own.replace('.', "")),
        tampered(&t),
    ] {
        t.ask(
            "one that was changed",
            &Ask { headers: vec![("authorization", header)], ..get("/v2/orders/a") },
        )
        .await;
    }
    t.ask("none", &get("/v2/orders/a")).await;
    let role = |role: Value| move |_: &mut Value, claims: &mut Value| claims["role"] = role;
    t.ask("an unknown role reads", &bearing(made(&t, role(json!("auditor"))))).await;
    t.ask("and may do nothing", &registered_with(made(&t, role(json!("auditor"))))).await;
    t.ask("a role above the key's does not help", &cancels(made(&t, role(json!("all"))))).await;
    t.ask(
        "nor does none",
        &cancels(made(&t, |_, claims| drop(claims.as_object_mut().unwrap().remove("role")))),
    )
    .await;
    let changes: [(&str, Changes); 11] = [
        ("another algorithm", |header, _| header["alg"] = json!("none")),
        ("extensions", |header, _| header["crit"] = json!(["exp"])),
        ("another issuer", |_, claims| claims["iss"] = json!("elsewhere")),
        ("another merchant", |_, claims| claims["sub"] = json!("strict")),
        ("signed with another's key", |header, _| header["kid"] = json!("strict")),
        ("a merchant that is not there", |header, _| header["kid"] = json!("nobody")),
        ("a merchant that is stopped", |header, _| header["kid"] = json!("closed")),
        ("a merchant that cannot be read", |header, _| header["kid"] = json!("away")),
        ("no key", |_, claims| drop(claims.as_object_mut().unwrap().remove("key"))),
        ("a shopper without an id", |_, claims| claims["grant"] = json!("implicit")),
        ("the schedule", |_, claims| claims["grant"] = json!("schedule")),
    ];
    for (hazard, change) in changes {
        t.ask(hazard, &bearing(made(&t, change))).await;
    }
    t.ask(
        "a key that is no longer there opens nothing",
        &bearing(made(&t, |_, claims| claims["key"] = json!("0"))),
    )
    .await;
    // Three bytes become four characters, so both parts are filled.
    let filled = |characters: usize| {
        let all = (0..3).flat_map(|few| (1_000..1_600).map(move |many| (few, many)));
        let made = all.map(|(few, many)| {
            made(&t, |header, claims| {
                header["x"] = json!("x".repeat(few));
                claims["x"] = json!("x".repeat(many));
            })
        });
        made.into_iter().find(|token| token.len() == characters + "Bearer ".len()).unwrap()
    };
    let (longest, longer) = (filled(2_048), filled(2_049));
    t.ask("the longest token that is looked at", &bearing(longest)).await;
    t.ask("one that is longer", &bearing(longer)).await;
    let early = token("shop:read", t.world.clock.now());
    for (seconds, hazard) in [(3_599, "a second before its end"), (1, "at its end")] {
        t.world.wait(seconds);
        t.ask(hazard, &bearing(format!("Bearer {early}"))).await;
    }
    t.end();
}

fn registered_with(token: String) -> Ask {
    Ask { by: None, ..registered("b", 500) }.header("authorization", token)
}

/// A request that takes the role `operate`, which the key has, and would take `all`, which it has
/// not.
fn cancels(token: String) -> Ask {
    post("/v2/orders/a/transactions/x/cancel").header("authorization", token)
}

#[tokio::test(start_paused = true)]
async fn what_has_no_route_is_not_found() {
    let mut t = Table::new("no_route");
    t.ask("no route", &get("/v2/nothing").by("shop:all")).await;
    t.ask("no such method", &delete("/v2/orders/a").by("shop:all")).await;
    t.ask("the root", &get("/")).await;
    t.ask("the credit-card API's, by another method", &get("/api/v1/payments/creditcard/charge")).await;
    t.ask("no route of it", &post("/api/v1/payments/creditcard/nothing").header("accept", "application/xml"))
        .await;
    t.ask("no route of it at all", &post("/api/v1/payments/creditcardx")).await;
    t.ask("its prefix", &post("/api/v1/payments/creditcard")).await;
    t.ask(
        "in other letters",
        &post("/API/v1/Payments/CreditCard/Status/").header("content-type", "application/json").text("{}"),
    )
    .await;
    t.ask(
        "behind a stage",
        &post("/prod/api/v1/payments/creditcard/void").header("content-type", "application/json").text("{}"),
    )
    .await;
    for stopped in [Some(false), Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("whether payments are stopped", &get("/status")).await;
    }
    t.world.state().stopped = Some(false);
    t.prepare(&registered("a", 500)).await;
    t.ask("a payment's own token is no other's", &pay("a", "purchase", card(500)).by("external:pay")).await;
    t.end();
}
