//! `person …`: who may sign in for a merchant, and who said so.

use serde_json::{Value, json};

use crate::support::Fixture;

/// The one to which the local stack adds nobody.
const MERCHANT: &str = local::merchants::EXTERNAL;

const ISSUER: &str = "https://login.shop.example";

async fn person(fixture: &Fixture, words: &[&str]) -> crate::support::Ran {
    fixture.run(&[&["person"], words].concat(), "").await
}

async fn add(fixture: &Fixture, name: &str, more: &[&str]) -> crate::support::Ran {
    let email = format!("{}@shop.example", name.to_lowercase());
    let words = ["add", MERCHANT, name, "--issuer", ISSUER, "--email", &email];
    person(fixture, &[&words, more].concat()).await
}

#[tokio::test]
async fn a_person_is_added_changed_and_removed_and_the_history_says_by_whom() {
    let fixture = Fixture::open().await;
    let added = add(&fixture, "Ann", &["--role", "operate", "--refund-max", "USD:50.00"]).await.done();
    assert!(added.contains("role operate, refunds up to 50.00 USD"), "{added}");
    add(&fixture, "Eve", &["--role", "all", "--refund-max", "unlimited"]).await.done();
    let listed = person(&fixture, &["list", MERCHANT]).await.done();
    assert!(listed.contains("ann@shop.example at https://login.shop.example"), "{listed}");
    assert!(listed.contains("never") && listed.contains("2 people"), "{listed}");
    let listed = person(&fixture, &["list", MERCHANT, "--json"]).await.json();
    let ann = &listed["people"][0];
    assert_eq!(
        (&ann["name"], &ann["refund_max"], &ann["subject"]),
        (&json!("Ann"), &json!({"USD": 5_000}), &Value::Null)
    );
    let id = ann["id"].as_str().unwrap().to_owned();

    // Only stated members change.
    let changed = person(&fixture, &["change", MERCHANT, &id, "--role", "pay", "--json"]).await.json();
    assert_eq!(changed["person"]["refund_max"], json!({"USD": 5_000}), "{changed}");
    assert_eq!(
        (&changed["change"]["before"]["role"], &changed["change"]["after"]["role"]),
        (&json!("operate"), &json!("pay"))
    );
    let changed =
        person(&fixture, &["change", MERCHANT, "ANN", "--refund-max", "nothing", "--json"]).await.json();
    assert_eq!((&changed["person"]["role"], &changed["person"]["refund_max"]), (&json!("pay"), &json!({})));

    let dry = person(&fixture, &["remove", MERCHANT, "Ann", "--dry-run"]).await.done();
    assert!(dry.contains("would be removed"), "{dry}");
    fixture.run(&["person", "remove", MERCHANT, "Ann"], "Anna\n").await.fails(5, "nothing was done");
    person(&fixture, &["remove", MERCHANT, "Ann", "--yes"]).await.done();
    person(&fixture, &["change", MERCHANT, "Ann", "--role", "all"]).await.fails(3, "no person Ann");
    assert!(person(&fixture, &["list", MERCHANT]).await.done().contains("1 person"));

    let audit = async |more: &[&str]| fixture.run(&[&["audit", MERCHANT], more].concat(), "").await;
    let audited = audit(&["--kind", "people_changed", "--json"]).await.json();
    assert_eq!(audited["entries"].as_array().unwrap().len(), 5, "{audited}");
    let removed = &audited["entries"][0];
    assert_eq!((&removed["who"]["type"], &removed["change"]["after"]), (&json!("operator"), &Value::Null));
    let first = audit(&["--limit", "2"]).await.done();
    assert!(first.contains("Ann: nothing") && first.contains("There may be more: --next"), "{first}");
    assert!(audit(&["--csv"]).await.done().lines().count() == 6);
    assert!(audit(&["--kind", "downloaded"]).await.done().contains("0 entries"));
    assert!(
        audit(&["--person", "Ann"]).await.done().contains("0 entries"),
        "what she did, not what was done"
    );

    // A removed person stays in the history, page by page.
    let history = person(&fixture, &["history", MERCHANT, "--json"]).await.json();
    let told_changes = history["changes"].as_array().unwrap();
    let told: Vec<_> = told_changes
        .iter()
        .map(|change| (change["person"]["name"].as_str().unwrap(), change["after"]["role"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("Ann", None),
            ("Ann", Some("pay")),
            ("Ann", Some("pay")),
            ("Eve", Some("all")),
            ("Ann", Some("operate"))
        ]
    );
    assert!(told_changes.iter().all(|change| change["by"] == "operator of the local stack"), "{history}");
    let first = person(&fixture, &["history", MERCHANT, "--limit", "3", "--json"]).await.json();
    let next = first["next"].as_str().unwrap();
    let rest = person(&fixture, &["history", MERCHANT, "--next", next, "--json"]).await.json();
    assert_eq!(rest["changes"].as_array().unwrap()[..], told_changes[3..]);
    let csv = person(&fixture, &["history", MERCHANT, "--csv"]).await.done();
    assert!(csv.starts_with("changed_at,changed_by,person_id,person,") && csv.lines().count() == 6, "{csv}");
    fixture.close().await;
}

#[tokio::test]
async fn two_people_are_never_one_and_a_mistyped_limit_is_no_permission() {
    let fixture = Fixture::open().await;
    add(&fixture, "Ann", &["--role", "operate"]).await.done();
    add(&fixture, "ANN", &["--role", "all"]).await.fails(4, "another person has this name");
    let words = ["add", MERCHANT, "Bob", "--issuer", ISSUER, "--email", "ann@shop.example", "--role", "all"];
    person(&fixture, &words).await.fails(4, "another person is recognized by this");
    for wrong in [
        &["USD"][..],
        &["USD:50.001"],
        &["USD:1", "--refund-max", "USD:2"],
        &["unlimited", "--refund-max", "USD:2"],
    ] {
        let limits = [&["--role", "operate", "--refund-max"], wrong].concat();
        let ran = add(&fixture, "Bob", &limits).await;
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    let words = ["add", MERCHANT, "Bob", "--issuer", ISSUER, "--role", "all"];
    person(&fixture, &words).await.fails(2, "--email");
    let listed = person(&fixture, &["list", MERCHANT, "--json"]).await.json();
    assert_eq!(listed["people"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["people"][0]["refund_max"], json!({}), "none was named");
    let words = ["add", "nobody", "Bob", "--issuer", ISSUER, "--subject", "b-1", "--role", "all"];
    person(&fixture, &words).await.fails(3, "no such merchant");
    person(&fixture, &["list", "nobody"]).await.fails(3, "no such merchant");
    person(&fixture, &["history", "nobody"]).await.fails(3, "no such merchant");
    fixture.close().await;
}

/// At AWS the history says who it was, and no option says otherwise.
#[tokio::test]
async fn the_history_has_the_arn_of_whoever_gave_a_role() {
    let fixture = Fixture::open().await;
    let mut like_aws = fixture.like_aws();
    like_aws.push(("PEOPLE_TABLE_NAME", local::PEOPLE_TABLE_NAME.to_owned()));
    let words = ["person", "add", MERCHANT, "Eve", "--issuer", ISSUER, "--subject", "e-1", "--role", "all"];
    crate::support::run(&words, &like_aws, "").await.done();
    let history = crate::support::run(&["person", "history", MERCHANT, "--json"], &like_aws, "").await.json();
    let by = history["changes"][0]["by"].as_str().unwrap();
    assert!(by.starts_with("arn:aws:"), "{history}");
    // Nobody is added in nobody's name.
    like_aws.iter_mut().find(|(name, _)| *name == "AWS_ENDPOINT_URL_STS").unwrap().1 =
        "http://127.0.0.1:9".to_owned();
    let words = ["person", "change", MERCHANT, "Eve", "--refund-max", "unlimited"];
    crate::support::run(&words, &like_aws, "").await.fails(6, "AWS did not say who you are");
    fixture.close().await;
}
