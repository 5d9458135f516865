//! `merchant key`: keys with names and roles.

use local::merchants::{REGISTERED_KEY, TOKEN_SIGNING_KEY};
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, Ran};

fn keys(fixture: &Fixture) -> Value {
    fixture.stack.secrets().get(&format!("tollgate/merchants/{MERCHANT}")).unwrap()["keys"].clone()
}

async fn add(fixture: &Fixture, name: &str, role: &str) -> Ran {
    fixture.run(&["merchant", "key", "add", MERCHANT, "--name", name, "--role", role, "--json"], "").await
}

#[tokio::test]
async fn a_key_that_is_added_works_is_listed_without_being_shown_and_is_revoked() {
    let fixture = Fixture::open().await;
    let ran = add(&fixture, "checkout", "pay").await;
    ran.never_says(REGISTERED_KEY);
    ran.never_says(TOKEN_SIGNING_KEY);
    let key = ran.json()["key"].as_str().unwrap().to_owned();
    let named = json!({"key": key, "name": "checkout", "role": "pay"});
    assert_eq!(keys(&fixture), json!([REGISTERED_KEY, named]));
    fixture.stack.cold_start().unwrap();
    assert_eq!(fixture.token(MERCHANT, &key).await.0, 200);

    let list = fixture.run(&["merchant", "key", "list", MERCHANT, "--json"], "").await;
    list.never_says(&key);
    list.never_says(REGISTERED_KEY);
    let listed = list.json()["keys"].clone();
    assert_eq!((&listed[0]["name"], &listed[0]["role"]), (&Value::Null, &json!("all")));
    assert_eq!((&listed[1]["name"], &listed[1]["role"]), (&json!("checkout"), &json!("pay")));
    assert!(listed[1]["principal"].as_str().unwrap().starts_with("key:"));

    let revoke = ["merchant", "key", "revoke", MERCHANT];
    let with = |more: &[&'static str]| [&revoke[..], more].concat();
    fixture.run(&with(&["checkout", "--dry-run"]), "").await.done();
    fixture.run(&with(&["checkout"]), "yes\n").await.fails(5, "was not typed");
    fixture.run(&with(&["nobody", "--yes"]), "").await.fails(3, "merchant key list");
    fixture.run(&with(&["0", "--yes"]), "").await.fails(3, "merchant key list");
    assert_eq!(keys(&fixture), json!([REGISTERED_KEY, named]));
    fixture.run(&with(&["1", "--yes"]), "").await.done();
    assert_eq!(keys(&fixture), json!([named]));
    fixture.run(&with(&["checkout", "--yes"]), "").await.fails(4, "the only key");
    fixture.close().await;
}

#[tokio::test]
async fn a_name_that_is_there_and_a_role_that_is_none_change_nothing() {
    let fixture = Fixture::open().await;
    add(&fixture, "office", "operate").await.done();
    let before = keys(&fixture);
    add(&fixture, "office", "read").await.fails(2, "the same name");
    add(&fixture, "shop", "admin").await.fails(2, "read, pay, operate or all");
    add(&fixture, "4788250000121443", "read").await.fails(2, "letters");
    // Its newest key need not be the successor of the others.
    for more in [&[][..], &["--finish", "--yes"]] {
        let ran = fixture.run(&[&["merchant", "rotate-key", MERCHANT], more].concat(), "").await;
        ran.fails(4, "keys with names");
    }
    assert_eq!(keys(&fixture), before);
    fixture.close().await;
}
