//! `merchant create` and `merchant rotate-key`.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, FeeType, Settings, UnknownMerchid};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use crate::support::{Fixture, MERCHANT, MERCHANTS, run};

const NEW: &str = "shop-1";

fn create<'a>(fixture: &Fixture, id: &'a str, more: &[&'a str]) -> Vec<String> {
    let base_url = fixture.stack.simulator().base_url();
    let fixed = ["merchant", "create", id, "--base-url", &base_url, "--username", "testing"];
    let fixed = fixed.into_iter().chain(["--merchid", "USD=496160873888"]);
    fixed.chain(more.iter().copied()).map(str::to_owned).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn document(fixture: &Fixture, id: &str) -> Value {
    fixture.stack.secrets().get(&format!("tollgate/merchants/{id}")).unwrap_or_default()
}

#[tokio::test]
async fn a_new_merchant_gets_tokens_with_the_key_that_is_shown_and_nothing_else_is() {
    let fixture = Fixture::open().await;
    let arguments = create(&fixture, NEW, &["--merchid", "CAD=496160873124", "--shopper-tokens", "--json"]);
    let ran = fixture.run(&borrowed(&arguments), "testing123\n").await;
    ran.never_says("testing123");
    let document = document(&fixture, NEW);
    ran.never_says(document["token_signing_key"].as_str().unwrap());
    let answer = ran.json();
    assert_eq!(document["keys"], json!([answer["key"]]));
    assert_eq!(document["token_signing_key"].as_str().unwrap().len(), 64);
    assert_eq!(document["gateway"]["password"], "testing123");
    assert_eq!(document["gateway"]["merchids"], json!({ "USD": "496160873888", "CAD": "496160873124" }));
    assert_eq!((&document["orders"], &document["shopper_tokens"]), (&json!("registered"), &json!(true)));
    assert_eq!((&document["name"], &document["address"]), (&Value::Null, &Value::Null));
    assert_eq!(fixture.token(NEW, answer["key"].as_str().unwrap()).await.0, 200);
    fixture.close().await;
}

#[tokio::test]
async fn a_new_merchant_has_the_name_and_address_of_its_receipts_or_is_told_that_they_cannot_be() {
    let fixture = Fixture::open().await;
    let lines = ["--name", "Ann's Books", "--address", "1 Main St", "--address", "Springfield, IL 62701"];
    fixture.run(&borrowed(&create(&fixture, NEW, &lines)), "testing123\n").await.done();
    let document = document(&fixture, NEW);
    assert_eq!(document["name"], "Ann's Books");
    assert_eq!(document["address"], json!(["1 Main St", "Springfield, IL 62701"]));
    let shown = fixture.run(&["merchant", "show", NEW, "--json"], "").await.json();
    assert_eq!(shown["ignored"], json!([]), "all that is written is read");
    for wrong in [["--name", "a\u{7}b"], ["--name", ""], ["--address", "4111111111111111"]] {
        let arguments = create(&fixture, "other", &wrong);
        fixture.run(&borrowed(&arguments), "testing123\n").await.fails(2, wrong[0]);
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_merchant_whose_gateway_credentials_are_wrong_is_not_written() {
    let fixture = Fixture::open().await;
    let arguments = create(&fixture, NEW, &[]);
    let ran = fixture.run(&borrowed(&arguments), "wrong-password").await;
    ran.fails(4, "refuses user name, password or MID 496160873888");
    ran.never_says("wrong-password");
    let arguments = create(&fixture, NEW, &["--merchid", "CAD=1"]);
    fixture.run(&borrowed(&arguments), "testing123\n").await.fails(4, "or MID 1 (401)");
    // A gateway that tells an unknown MID from wrong credentials.
    let telling = Settings { unknown_merchid: UnknownMerchid::Refused, ..Settings::default() };
    fixture.stack.simulator().set_merchant(Config::DEFAULT_MID, telling);
    fixture.run(&borrowed(&arguments), "testing123\n").await.fails(4, "does not accept MID 1: PPS 21");
    fixture
        .run(&borrowed(&create(&fixture, NEW, &[])), "")
        .await
        .fails(2, "password is expected on standard input");
    let arguments = create(&fixture, NEW, &["--merchid", "EUR=a MID"]);
    fixture.run(&borrowed(&arguments), "testing123").await.fails(2, "gateway.merchids");
    assert_eq!(document(&fixture, NEW), Value::Null);
    fixture.close().await;
}

/// `merchant create` at the simulator's account that adds a surcharge.
fn create_surcharging(fixture: &Fixture, more: &[&str]) -> Vec<String> {
    let base_url = fixture.stack.simulator().base_url();
    let fixed = ["merchant", "create", NEW, "--base-url", &base_url, "--username", "testing"];
    let fixed = fixed.into_iter().chain(["--merchid", "USD=496590513883"]);
    fixed.chain(more.iter().copied()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_mid_that_adds_a_surcharge_is_listed_in_the_document() {
    let fixture = Fixture::open().await;
    let arguments = create_surcharging(&fixture, &["--fee-basis", "subtotal"]);
    let said = fixture.run(&borrowed(&arguments), "testing123\n").await.done();
    assert!(
        said.contains("USD MID 496590513883: credentials good, MID enabled; it adds a surcharge"),
        "{said}"
    );
    let gateway = &document(&fixture, NEW)["gateway"];
    assert_eq!(gateway["surcharging_merchids"], json!(["496590513883"]));
    assert_eq!(gateway["fee_basis"], "subtotal");
    let shown = fixture.run(&["merchant", "show", NEW], "").await.done();
    assert!(shown.contains("496590513883, parts named by subtotal"), "{shown}");
    // One that adds nothing has no such members.
    fixture.run(&borrowed(&create(&fixture, "other", &[])), "testing123\n").await.done();
    let gateway = &document(&fixture, "other")["gateway"];
    assert_eq!((gateway.get("surcharging_merchids"), gateway.get("fee_basis")), (None, None));
    fixture.close().await;
}

#[tokio::test]
async fn a_mid_whose_fee_is_a_transaction_of_its_own_is_no_merchant() {
    let fixture = Fixture::open().await;
    for (fee_type, says) in [
        (FeeType::Convenience, "a convenience fee (fee_type C) at MID 496160873888"),
        (FeeType::Service, "a service fee (fee_type F) at MID 496160873888"),
    ] {
        let settings = Settings { fee_type, ..Settings::default() };
        assert!(fixture.stack.simulator().set_merchant("496160873888", settings));
        let ran = fixture.run(&borrowed(&create(&fixture, NEW, &[])), "testing123\n").await;
        ran.fails(4, says);
        ran.fails(4, "a second transaction on another MID");
    }
    assert_eq!(document(&fixture, NEW), Value::Null);
    // Where the gateway does not tell, the merchant is written and told so.
    let settings = Settings::default();
    assert!(fixture.stack.simulator().set_merchant("496160873888", settings));
    let fault = Fault::once(Endpoint::InquireMerchant, FaultKind::Status { status: 404 });
    fixture.stack.simulator().fault(fault);
    let said = fixture.run(&borrowed(&create(&fixture, NEW, &[])), "testing123\n").await.done();
    assert!(said.contains("nor whether it adds a surcharge"), "{said}");
    fixture.close().await;
}

#[tokio::test]
async fn a_merchant_that_is_there_is_not_overwritten() {
    let fixture = Fixture::open().await;
    let before = document(&fixture, MERCHANT);
    fixture.run(&borrowed(&create(&fixture, MERCHANT, &[])), "testing123").await.fails(4, "is there already");
    assert_eq!(document(&fixture, MERCHANT), before);
    fixture.close().await;
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_writes_nothing() {
    let fixture = Fixture::open().await;
    let ran = fixture.run(&borrowed(&create(&fixture, NEW, &["--dry-run"])), "testing123").await;
    let said = ran.done();
    assert!(
        said.contains("Dry run: nothing was written.")
            && said.contains("USD MID 496160873888: credentials good")
    );
    assert!(!said.contains("client_secret"));
    fixture.run(&borrowed(&create(&fixture, NEW, &["--dry-run"])), "wrong").await.fails(4, "refuses");
    assert_eq!(document(&fixture, NEW), Value::Null);
    for more in [&["--dry-run"][..], &["--finish", "--dry-run"], &["--retire", "1", "--dry-run"]] {
        let before = document(&fixture, MERCHANT);
        fixture.run(&[&["merchant", "rotate-key", MERCHANT], more].concat(), "").await;
        assert_eq!(document(&fixture, MERCHANT), before);
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_key_is_rotated_without_a_moment_in_which_none_is_right() {
    let fixture = Fixture::open().await;
    let (old, before) = (local::merchants::REGISTERED_KEY, document(&fixture, MERCHANT));
    let ran = fixture.run(&["merchant", "rotate-key", MERCHANT, "--json"], "").await;
    ran.never_says(old);
    ran.never_says(local::merchants::TOKEN_SIGNING_KEY);
    let new = ran.json()["key"].as_str().unwrap().to_owned();
    fixture.stack.cold_start().unwrap();
    for key in [old, &new] {
        assert_eq!(fixture.token(MERCHANT, key).await.0, 200, "both are right");
    }
    let finish = ["merchant", "rotate-key", MERCHANT, "--finish"];
    fixture.run(&finish, "yes\n").await.fails(5, "was not typed");
    assert_eq!(document(&fixture, MERCHANT)["keys"], json!([old, new]));
    let ran = fixture.run(&finish, &format!("{MERCHANT}\n")).await;
    assert!(
        ran.err.contains("stage local") && ran.err.contains("all keys but the newest, 1 of 2"),
        "{ran:?}"
    );
    ran.never_says(&new);
    ran.done();
    fixture.stack.cold_start().unwrap();
    assert_eq!((fixture.token(MERCHANT, old).await.0, fixture.token(MERCHANT, &new).await.0), (401, 200));
    let mut expected = before;
    expected["keys"] = json!([new]);
    assert_eq!(document(&fixture, MERCHANT), expected, "nothing else has changed");
    fixture.close().await;
}

#[tokio::test]
async fn the_last_key_stays_and_the_one_that_is_meant_goes() {
    let fixture = Fixture::open().await;
    let rotate = ["merchant", "rotate-key", MERCHANT];
    let with = |more: &[&'static str]| [&rotate[..], more].concat();
    fixture.run(&with(&["--retire", "1", "--yes"]), "").await.fails(4, "the only key");
    fixture.run(&with(&["--finish", "--yes"]), "").await.fails(4, "only one key");
    let key = |ran: crate::support::Ran| ran.json()["key"].clone();
    let second = key(fixture.run(&with(&["--json"]), "").await);
    let third = key(fixture.run(&with(&["--json"]), "").await);
    fixture.run(&with(&["--retire", "4", "--yes"]), "").await.fails(2, "1 to 3");
    fixture.run(&with(&["--retire", "2", "--yes"]), "").await.done();
    assert_eq!(document(&fixture, MERCHANT)["keys"], json!([local::merchants::REGISTERED_KEY, third]));
    assert_ne!(second, third);
    fixture.run(&["merchant", "rotate-key", "unknown"], "").await.fails(3, "no such merchant");
    fixture.stack.secrets().set_down(true);
    fixture.run(&rotate, "").await.fails(6, "secretsmanager:GetSecretValue");
    fixture.close().await;
}

#[tokio::test]
async fn merchants_are_made_on_aws_alike_with_credentials_from_the_environment() {
    let fixture = Fixture::open().await;
    let arguments = create(&fixture, NEW, &["--json", MERCHANTS]);
    let ran = run(&borrowed(&arguments), &fixture.like_aws(), "testing123").await;
    ran.never_says("the-secret-access-key");
    assert_eq!(ran.json()["stage"], "staging");
    assert_eq!(document(&fixture, NEW)["gateway"]["username"], "testing");
    let ran = run(&borrowed(&arguments), &[], "testing123").await;
    ran.fails(2, "aws configure export-credentials");
    assert_eq!(serde_json::from_str::<Value>(&ran.err).unwrap()["error"]["code"], "invalid_input");
    run(&["merchant", "rotate-key", NEW, "--local=http://127.0.0.1:1"], &[], "").await.fails(6, "cargo run");
    fixture.close().await;
}

#[tokio::test]
async fn a_secret_is_encrypted_with_the_key_that_is_named() {
    let fixture = Fixture::open().await;
    let (sender, mut created) = mpsc::unbounded_channel();
    let secrets_manager = Router::new().route(
        "/",
        post(async move |headers: HeaderMap, body: String| {
            if headers["x-amz-target"] == "secretsmanager.CreateSecret" {
                sender.send(body).unwrap();
                return (StatusCode::OK, "{}");
            }
            (StatusCode::BAD_REQUEST, r#"{"__type": "ResourceNotFoundException"}"#)
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, secrets_manager).await.unwrap() });
    let mut variables = fixture.like_aws();
    variables.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_SECRETS_MANAGER");
    variables.push(("AWS_ENDPOINT_URL_SECRETS_MANAGER", url));
    for (named, key) in
        [(&["--kms-key-id", "alias/payments"][..], json!("alias/payments")), (&[], json!(null))]
    {
        let arguments = create(&fixture, NEW, &[named, &[MERCHANTS]].concat());
        run(&borrowed(&arguments), &variables, "testing123").await.done();
        let request: Value = serde_json::from_str(&created.recv().await.unwrap()).unwrap();
        assert_eq!(request["KmsKeyId"], key);
    }
    fixture.close().await;
}

#[tokio::test]
async fn merchants_are_listed_and_shown_without_any_secret() {
    let fixture = Fixture::open().await;
    let arguments = create(&fixture, NEW, &["--json"]);
    let key = fixture.run(&borrowed(&arguments), "testing123\n").await.json()["key"].clone();
    fixture.run(&["merchant", "stop", NEW, "--by", "Ann", "--reason", "r", "--yes"], "").await.done();
    fixture
        .stack
        .secrets()
        .put("tollgate/merchants/broken", json!({ "keys": ["a-secret-of-a-broken-document"] }));
    fixture.stack.secrets().put("tollgate/merchants-of-others/x", json!({}));
    let stored = document(&fixture, NEW);
    let secrets =
        [&key, &stored["token_signing_key"], &stored["gateway"]["password"]].map(|s| s.as_str().unwrap());

    for json in [&[][..], &["--json"]] {
        let listed = fixture.run(&[&["merchant", "list"], json].concat(), "").await;
        let shown = fixture.run(&[&["merchant", "show", NEW], json].concat(), "").await;
        for secret in secrets.into_iter().chain(["a-secret-of-a-broken-document"]) {
            listed.never_says(secret);
            shown.never_says(secret);
        }
    }
    let listed = fixture.run(&["merchant", "list", "--json"], "").await.json();
    let listed = listed["merchants"].as_array().unwrap();
    let known =
        fixture.stack.secrets().names().into_iter().filter(|name| name.starts_with("tollgate/merchants/"));
    let ids: Vec<_> = listed.iter().map(|row| row["merchant"].as_str().unwrap().to_owned()).collect();
    let known: Vec<_> = known.map(|name| name.trim_start_matches("tollgate/merchants/").to_owned()).collect();
    assert_eq!(ids, known, "more than one page of them");
    let row = |id: &str| listed.iter().find(|row| row["merchant"] == id).unwrap();
    assert_eq!((&row(NEW)["stopped"], &row(MERCHANT)["stopped"]), (&json!(true), &json!(false)));
    assert!(row("broken")["error"].as_str().unwrap().contains("document is wrong"));

    let shown = fixture.run(&["merchant", "show", NEW, "--json"], "").await.json();
    assert_eq!(shown["merchids"], json!({ "USD": "496160873888" }));
    assert_eq!(shown["keys"], json!([{ "name": null, "role": "all" }]));
    fixture.run(&["merchant", "show", "unknown"], "").await.fails(3, "no such merchant");
    fixture.close().await;
}
