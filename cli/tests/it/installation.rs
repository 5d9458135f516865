//! Which stage's secrets a command reads and writes: those that it is told, and no others.

use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, run};

const PROD: &str = "--merchants-prefix=tollgate-prod/merchants/";
const PROD_WEBHOOKS: &str = "--webhooks-prefix=tollgate-prod/webhooks/";

/// The variables of an operator's shell for prod, without the names of its secrets. The variables
/// that name them for the functions are another stage's.
fn production(fixture: &Fixture) -> Vec<(&'static str, String)> {
    let mut variables = fixture.like_aws();
    variables.retain(|(name, _)| *name != "STAGE");
    variables.extend([
        ("STAGE", "prod".to_owned()),
        ("JOURNAL_TABLE_NAME", local::JOURNAL_TABLE_NAME.to_owned()),
        ("WEBHOOKS_TABLE_NAME", local::WEBHOOKS_TABLE_NAME.to_owned()),
        ("MERCHANTS_PREFIX", "tollgate/merchants/".to_owned()),
        ("WEBHOOKS_PREFIX", "tollgate/webhooks/".to_owned()),
    ]);
    variables
}

/// Every secret of the stack.
fn secrets(fixture: &Fixture) -> Vec<(String, Option<Value>)> {
    let secrets = fixture.stack.secrets();
    secrets.names().into_iter().map(|name| (name.clone(), secrets.get(&name))).collect()
}

fn create<'a>(base_url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["merchant", "create", "shop-1", "--base-url", base_url, "--username", "testing"];
    [&fixed[..], &["--merchid", "USD=496160873888"], more].concat()
}

#[tokio::test]
async fn no_command_touches_a_stages_secrets_that_was_not_named() {
    let fixture = Fixture::open().await;
    let (_, id) = fixture.pay("o", "purchase").await;
    let (base_url, variables) = (fixture.stack.simulator().base_url(), production(&fixture));
    let before = secrets(&fixture);
    let by = ["--by", "Ann", "--reason", "r", "--yes"];
    let merchants = [
        create(&base_url, &["--test"]),
        vec!["merchant", "list"],
        vec!["merchant", "show", MERCHANT],
        vec!["merchant", "rotate-key", MERCHANT],
        vec!["merchant", "key", "add", MERCHANT, "--name", "n", "--role", "pay"],
        vec!["merchant", "key", "list", MERCHANT],
        vec!["merchant", "key", "revoke", MERCHANT, "1", "--yes"],
        [&["merchant", "stop", MERCHANT][..], &by].concat(),
        [&["merchant", "start", MERCHANT][..], &by].concat(),
        vec!["payment", "receipt", MERCHANT, "o"],
        [&["payment", "capture", MERCHANT, "o"][..], &by].concat(),
        [&["payment", "refund", MERCHANT, "o"][..], &by].concat(),
        [&["payment", "void", MERCHANT, "o"][..], &by].concat(),
        [&["payment", "resolve", MERCHANT, "o", &id, "--as", "done"][..], &by].concat(),
        vec!["journal", "compare", "--since", "2020-01-01T00:00:00Z", "--inquire"],
    ];
    let hook = ["--url", "https://shop.example.com/hooks"];
    let webhooks = [
        [&["webhook", "add", MERCHANT, "erp"][..], &hook].concat(),
        vec!["webhook", "rotate", MERCHANT, "erp"],
        vec!["webhook", "remove", MERCHANT, "erp", "--yes"],
        vec!["webhook", "list", MERCHANT],
        vec!["webhook", "test", MERCHANT, "erp"],
    ];
    for (commands, option) in [(&merchants[..], "--merchants-prefix"), (&webhooks, "--webhooks-prefix")] {
        for command in commands {
            let ran = run(command, &variables, "testing123").await;
            ran.fails(2, option);
            assert!(ran.err.contains("--stack"), "{command:?}: {ran:?}");
        }
    }
    let doctor = run(&["doctor", "--merchant", MERCHANT], &variables, "").await;
    assert_eq!(doctor.code, 1, "{doctor:?}");
    let says =
        |mark: &str, what: &str| doctor.out.lines().any(|line| line.starts_with(mark) && line.contains(what));
    assert!(says("failed", "--merchants-prefix") && !says("ok", MERCHANT), "{doctor:?}");
    assert_eq!(secrets(&fixture), before);
    fixture.close().await;
}

/// Commands that only read tables find the tables by variables.
#[tokio::test]
async fn a_command_that_reads_no_secret_needs_no_prefix() {
    let fixture = Fixture::open().await;
    fixture.pay("o", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let variables = production(&fixture);
    for command in [
        &["payment", "show", MERCHANT, "o"][..],
        &["payment", "list", MERCHANT, "--day", "today"],
        &["journal", "compare", "--since", "2020-01-01T00:00:00Z"],
        &["stop", "--dry-run"],
        &["doctor"],
    ] {
        let ran = run(command, &variables, "").await;
        assert_eq!(ran.code, 0, "{command:?}: {ran:?}");
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_prefix_is_a_stages_of_the_kind_that_it_is_for_and_is_shown() {
    let fixture = Fixture::open().await;
    let (base_url, variables) = (fixture.stack.simulator().base_url(), production(&fixture));
    for wrong in ["tollgate-prod/", "tollgate-prod/merchants", "tollgate-prod/webhooks/", "/merchants/", ""] {
        let prefix = format!("--merchants-prefix={wrong}");
        let ran = run(&["merchant", "list", &prefix], &variables, "").await;
        ran.fails(2, "--merchants-prefix");
    }
    let wrong = "--webhooks-prefix=tollgate-prod/merchants/";
    run(&["webhook", "list", MERCHANT, wrong], &variables, "")
        .await
        .fails(2, "such as tollgate-prod/webhooks/");

    let before = secrets(&fixture);
    let made = run(&create(&base_url, &["--test", PROD]), &variables, "testing123").await.done();
    let first = made.lines().next().unwrap();
    assert_eq!(
        first,
        "Merchant shop-1, AWS account 123456789012, us-east-1, stage prod, test gateway account: the secret \
         tollgate-prod/merchants/shop-1 is written."
    );
    let (new, others): (Vec<_>, Vec<_>) =
        secrets(&fixture).into_iter().partition(|(name, _)| name == "tollgate-prod/merchants/shop-1");
    assert_eq!((new.len(), others), (1, before), "prod's, and no other");
    let at = "stage prod (tollgate-prod/merchants/ in us-east-1)";
    for command in [
        &["merchant", "rotate-key", "shop-1", "--dry-run"][..],
        &["merchant", "rotate-key", "shop-1"],
        &["merchant", "rotate-key", "shop-1", "--finish", "--dry-run"],
        &["merchant", "rotate-key", "shop-1", "--finish", "--yes"],
        &["merchant", "key", "add", "shop-1", "--name", "n", "--role", "pay"],
        &["merchant", "key", "revoke", "shop-1", "n", "--yes"],
        &["merchant", "stop", "shop-1", "--dry-run"],
        &["merchant", "stop", "shop-1", "--by", "Ann", "--reason", "r", "--yes"],
        &["merchant", "show", "shop-1"],
        &["merchant", "list"],
        &["doctor", "--merchant", "shop-1"],
    ] {
        let said = run(&[command, &[PROD]].concat(), &variables, "").await.done();
        assert!(said.contains(at), "{command:?}: {said}");
    }
    let at = "stage prod (tollgate-prod/webhooks/ in us-east-1)";
    for command in [
        &["webhook", "add", "shop-1", "erp", "--url", "https://shop.example.com/hooks"][..],
        &["webhook", "rotate", "shop-1", "erp"],
        &["webhook", "remove", "shop-1", "erp", "--yes"],
    ] {
        let said = run(&[command, &[PROD_WEBHOOKS]].concat(), &variables, "").await.done();
        assert!(said.contains(at), "{command:?}: {said}");
    }
    let installation = json!({"stage": "prod", "region": "us-east-1", "secrets": "tollgate-prod/merchants/"});
    let listed = run(&["merchant", "list", PROD, "--json"], &variables, "").await.json();
    assert_eq!(listed["place"], installation);
    fixture.close().await;
}

#[tokio::test]
async fn on_prod_a_test_account_has_to_be_meant() {
    let fixture = Fixture::open().await;
    let (base_url, variables) = (fixture.stack.simulator().base_url(), production(&fixture));
    let ran = run(&create(&base_url, &[PROD]), &variables, "testing123").await;
    ran.fails(4, "is a test account, and the stage is prod");
    let uat =
        ["merchant", "create", "shop-1", "--site", "fts-uat", "--username", "u", "--merchid", "USD=1", PROD];
    let ran = run(&uat, &variables, "p").await;
    ran.fails(4, "https://fts-uat.cardconnect.com/cardconnect/rest is a test account");
    assert!(ran.err.contains("--test"), "{ran:?}");
    // Before a password is typed, and on no other stage.
    run(&uat, &variables, "").await.fails(4, "--test");
    assert_eq!(fixture.stack.secrets().get("tollgate-prod/merchants/shop-1"), None);
    let made = run(&create(&base_url, &[PROD, "--test", "--json"]), &variables, "testing123").await.json();
    assert_eq!((&made["account"], &made["livemode"]), (&json!("123456789012"), &json!(false)));
    let mut nameless = production(&fixture);
    nameless.retain(|(name, _)| *name != "STAGE");
    run(&create(&base_url, &[PROD, "--test"]), &nameless, "testing123").await.fails(2, "--stage");
    fixture.close().await;
}
