//! `merchant create` and `merchant rotate-key`.

use axum::{Router, routing::any};
use serde_json::{Value, json};

use crate::support::{Desk, MERCHANT, run};

const NEW: &str = "shop-1";

fn create<'a>(desk: &Desk, id: &'a str, more: &[&'a str]) -> Vec<String> {
    let base_url = desk.stack.simulator().base_url();
    let fixed = ["merchant", "create", id, "--base-url", &base_url, "--username", "testing"];
    let fixed = fixed.into_iter().chain(["--merchid", "USD=496160873888"]);
    fixed.chain(more.iter().copied()).map(str::to_owned).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn document(desk: &Desk, id: &str) -> Value {
    desk.stack.secrets().get(&format!("tollgate/merchants/{id}")).unwrap_or_default()
}

#[tokio::test]
async fn a_new_merchant_gets_tokens_with_the_key_that_is_shown_and_nothing_else_is() {
    let desk = Desk::open().await;
    let arguments = create(&desk, NEW, &["--merchid", "CAD=496160873124", "--shopper-tokens", "--json"]);
    let ran = desk.run(&borrowed(&arguments), "testing123\n").await;
    ran.never_says("testing123");
    let document = document(&desk, NEW);
    ran.never_says(document["token_signing_key"].as_str().unwrap());
    let answer = ran.json();
    assert_eq!(document["keys"], json!([answer["key"]]));
    assert_eq!(document["token_signing_key"].as_str().unwrap().len(), 64);
    assert_eq!(document["gateway"]["password"], "testing123");
    assert_eq!(document["gateway"]["merchids"], json!({ "USD": "496160873888", "CAD": "496160873124" }));
    assert_eq!((&document["orders"], &document["shopper_tokens"]), (&json!("registered"), &json!(true)));
    assert_eq!(desk.token(NEW, answer["key"].as_str().unwrap()).await.0, 200);
    desk.close().await;
}

#[tokio::test]
async fn a_merchant_whose_gateway_credentials_are_wrong_is_not_written() {
    let desk = Desk::open().await;
    let arguments = create(&desk, NEW, &[]);
    let ran = desk.run(&borrowed(&arguments), "wrong-password").await;
    ran.fails(4, "refuses user name, password or MID 496160873888");
    ran.never_says("wrong-password");
    let arguments = create(&desk, NEW, &["--merchid", "CAD=1"]);
    desk.run(&borrowed(&arguments), "testing123\n").await.fails(4, "MID 1;");
    desk.run(&borrowed(&create(&desk, NEW, &[])), "")
        .await
        .fails(2, "password is expected on standard input");
    let arguments = create(&desk, NEW, &["--merchid", "EUR=a MID"]);
    desk.run(&borrowed(&arguments), "testing123").await.fails(2, "gateway.merchids");
    assert_eq!(document(&desk, NEW), Value::Null);
    desk.close().await;
}

#[tokio::test]
async fn a_mid_that_is_switched_off_is_no_merchant() {
    let desk = Desk::open().await;
    for (enabled, code) in [(false, 4), (true, 0)] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", any(|| async { "<h1>CardConnect REST Servlet</h1>" })).route(
            "/inquireMerchant/1",
            any(move || async move { json!({ "enabled": enabled, "merchid": "1" }).to_string() }),
        );
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let arguments = [
            "merchant",
            "create",
            NEW,
            "--base-url",
            &base_url,
            "--username",
            "u",
            "--merchid",
            "USD=1",
            "--dry-run",
        ];
        let ran = desk.run(&arguments, "p\n").await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(format!("{}{}", ran.err, ran.out).contains(if enabled {
            "MID enabled"
        } else {
            "switched off"
        }));
        server.abort();
    }
    desk.close().await;
}

#[tokio::test]
async fn a_merchant_that_is_there_is_not_overwritten() {
    let desk = Desk::open().await;
    let before = document(&desk, MERCHANT);
    desk.run(&borrowed(&create(&desk, MERCHANT, &[])), "testing123").await.fails(4, "is there already");
    assert_eq!(document(&desk, MERCHANT), before);
    desk.close().await;
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_writes_nothing() {
    let desk = Desk::open().await;
    let ran = desk.run(&borrowed(&create(&desk, NEW, &["--dry-run"])), "testing123").await;
    let said = ran.done();
    assert!(
        said.contains("Dry run: nothing was written.")
            && said.contains("USD MID 496160873888: credentials good")
    );
    assert!(!said.contains("client_secret"));
    desk.run(&borrowed(&create(&desk, NEW, &["--dry-run"])), "wrong").await.fails(4, "refuses");
    assert_eq!(document(&desk, NEW), Value::Null);
    for more in [&["--dry-run"][..], &["--finish", "--dry-run"], &["--retire", "1", "--dry-run"]] {
        let before = document(&desk, MERCHANT);
        desk.run(&[&["merchant", "rotate-key", MERCHANT], more].concat(), "").await;
        assert_eq!(document(&desk, MERCHANT), before);
    }
    desk.close().await;
}

#[tokio::test]
async fn a_key_is_rotated_without_a_moment_in_which_none_is_right() {
    let desk = Desk::open().await;
    let (old, before) = (local::merchants::REGISTERED_KEY, document(&desk, MERCHANT));
    let ran = desk.run(&["merchant", "rotate-key", MERCHANT, "--json"], "").await;
    ran.never_says(old);
    ran.never_says(local::merchants::TOKEN_SIGNING_KEY);
    let new = ran.json()["key"].as_str().unwrap().to_owned();
    desk.stack.cold_start().unwrap();
    for key in [old, &new] {
        assert_eq!(desk.token(MERCHANT, key).await.0, 200, "both are right");
    }
    let finish = ["merchant", "rotate-key", MERCHANT, "--finish"];
    desk.run(&finish, "yes\n").await.fails(5, "was not typed");
    assert_eq!(document(&desk, MERCHANT)["keys"], json!([old, new]));
    let ran = desk.run(&finish, &format!("{MERCHANT}\n")).await;
    assert!(
        ran.err.contains("stage local") && ran.err.contains("all keys but the newest, 1 of 2"),
        "{ran:?}"
    );
    ran.never_says(&new);
    ran.done();
    desk.stack.cold_start().unwrap();
    assert_eq!((desk.token(MERCHANT, old).await.0, desk.token(MERCHANT, &new).await.0), (401, 200));
    let mut expected = before;
    expected["keys"] = json!([new]);
    assert_eq!(document(&desk, MERCHANT), expected, "nothing else has changed");
    desk.close().await;
}

#[tokio::test]
async fn the_last_key_stays_and_the_one_that_is_meant_goes() {
    let desk = Desk::open().await;
    let rotate = ["merchant", "rotate-key", MERCHANT];
    let with = |more: &[&'static str]| [&rotate[..], more].concat();
    desk.run(&with(&["--retire", "1", "--yes"]), "").await.fails(4, "the only key");
    desk.run(&with(&["--finish", "--yes"]), "").await.fails(4, "only one key");
    let key = |ran: crate::support::Ran| ran.json()["key"].clone();
    let second = key(desk.run(&with(&["--json"]), "").await);
    let third = key(desk.run(&with(&["--json"]), "").await);
    desk.run(&with(&["--retire", "4", "--yes"]), "").await.fails(2, "1 to 3");
    desk.run(&with(&["--retire", "2", "--yes"]), "").await.done();
    assert_eq!(document(&desk, MERCHANT)["keys"], json!([local::merchants::REGISTERED_KEY, third]));
    assert_ne!(second, third);
    desk.run(&["merchant", "rotate-key", "nobody"], "").await.fails(3, "no such merchant");
    desk.stack.secrets().set_down(true);
    desk.run(&rotate, "").await.fails(6, "secretsmanager:GetSecretValue");
    desk.close().await;
}

#[tokio::test]
async fn merchants_are_made_on_aws_alike_with_credentials_from_the_environment() {
    let desk = Desk::open().await;
    let arguments = create(&desk, NEW, &["--json"]);
    let ran = run(&borrowed(&arguments), &desk.like_aws(), "testing123").await;
    ran.never_says("the-secret-access-key");
    assert_eq!(ran.json()["stage"], "staging");
    assert_eq!(document(&desk, NEW)["gateway"]["username"], "testing");
    let ran = run(&borrowed(&arguments), &[], "testing123").await;
    ran.fails(2, "aws configure export-credentials");
    assert_eq!(serde_json::from_str::<Value>(&ran.err).unwrap()["error"]["code"], "invalid_input");
    run(&["merchant", "rotate-key", NEW, "--local=http://127.0.0.1:1"], &[], "").await.fails(6, "cargo run");
    desk.close().await;
}
