//! `sign-in-client`: which programs may sign people in.

use serde_json::{Value, json};

use crate::support::{Fixture, Ran, run};

/// The secret with the programs.
const SECRET: &str = "tollgate/sign-in";

/// The secrets that the local stack's own programs have.
const OWN: [&str; 2] =
    ["local-console-secret-that-is-no-secret", "local-cli-secret-that-is-no-secret-at-all"];

async fn client(fixture: &Fixture, words: &[&str]) -> Ran {
    fixture.run(&[&["sign-in-client"], words].concat(), "").await
}

fn stored(fixture: &Fixture) -> Option<Value> {
    fixture.stack.secrets().get(SECRET)
}

#[tokio::test]
async fn a_programs_secret_is_shown_once_and_never_again() {
    let fixture = Fixture::open().await;
    let dry = client(&fixture, &["add", "erp", "--audience", "0oa1", "--dry-run", "--json"]).await.json();
    assert_eq!((&dry["dry_run"], &dry["client_secret"]), (&json!(true), &Value::Null));
    assert_eq!(stored(&fixture).unwrap()["clients"].as_object().unwrap().len(), 2);

    let added = client(&fixture, &["add", "erp", "--audience", "0oa1", "--json"]).await;
    for secret in OWN {
        added.never_says(secret);
    }
    let secret = added.json()["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 64);
    assert_eq!(stored(&fixture).unwrap()["clients"]["erp"], json!({"secret": secret, "audience": "0oa1"}));

    for words in [&["list"][..], &["list", "--json"], &["add", "erp", "--audience", "0oa1"]] {
        let ran = client(&fixture, words).await;
        for secret in OWN.iter().copied().chain([secret.as_str()]) {
            ran.never_says(secret);
        }
    }
    let listed = client(&fixture, &["list"]).await.done();
    assert!(listed.contains("erp") && listed.contains("0oa1") && listed.contains("3 programs"), "{listed}");

    fixture.run(&["sign-in-client", "remove", "erp"], "console\n").await.fails(5, "nothing was done");
    client(&fixture, &["remove", "erp", "--dry-run"]).await.done();
    assert!(stored(&fixture).unwrap()["clients"]["erp"].is_object());
    let removed = client(&fixture, &["remove", "erp", "--yes"]).await;
    removed.never_says(&secret);
    removed.done();
    client(&fixture, &["remove", "erp", "--yes"]).await.fails(3, "no program erp");
    fixture.close().await;
}

#[tokio::test]
async fn no_programs_secret_is_overwritten_and_none_is_written_that_the_function_cannot_read() {
    let fixture = Fixture::open().await;
    let before = stored(&fixture);
    client(&fixture, &["add", "console", "--audience", "0oa1"]).await.fails(4, "is there already");
    client(&fixture, &["add", "erp", "--audience", ""]).await.fails(2, "a client needs an audience");
    client(&fixture, &["add", "e r p", "--audience", "0oa1"]).await.fails(2, "letters");
    client(&fixture, &["add", "erp"]).await.fails(2, "--audience");
    assert_eq!(stored(&fixture), before);

    // Members that a person wrote there by hand are neither lost nor shown.
    let wrong = json!({"clients": {"console": {"secret": "too-short-to-be-one"}}});
    fixture.stack.secrets().put(SECRET, wrong.clone());
    for words in [&["list"][..], &["add", "erp", "--audience", "0oa1"], &["remove", "console", "--yes"]] {
        let ran = client(&fixture, words).await;
        ran.fails(2, "not as documented");
        ran.never_says("too-short");
    }
    assert_eq!(stored(&fixture), Some(wrong));

    fixture.stack.secrets().remove(SECRET);
    assert!(client(&fixture, &["list"]).await.done().contains("0 programs"));
    client(&fixture, &["add", "erp", "--audience", "0oa1"]).await.done();
    assert_eq!(stored(&fixture).unwrap()["clients"]["erp"]["audience"], "0oa1");
    // Which stage's programs are meant is no variable's business.
    run(&["sign-in-client", "list"], &fixture.like_aws(), "").await.fails(2, "--stack");
    fixture.close().await;
}
