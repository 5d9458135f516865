//! `doctor`.

use cardpointe_simulator::{FeeType, Settings};
use local::Options;
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, MERCHANTS, Ran, run};

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

fn result<'a>(report: &'a Value, check: &str) -> (&'a str, &'a str) {
    let all = report["checks"].as_array().unwrap();
    let found = all.iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("{check}: {report:#}"));
    (found["result"].as_str().unwrap(), found["found"].as_str().unwrap())
}

#[tokio::test]
async fn a_stack_that_runs_is_healthy_and_nothing_is_changed() {
    let fixture = Fixture::open().await;
    let ran = fixture.run(&["doctor", "--json"], "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.never_says("testing123");
    ran.never_says(local::merchants::REGISTERED_KEY);
    let report = report(&ran);
    assert_eq!(report["healthy"], true);
    for check in
        ["rustc", "AWS identity", "table tollgate-local", "merchant 170200123", "gateway of 170200124"]
    {
        let name = if check.starts_with("table") {
            format!("table {}", local::TABLE_NAME)
        } else {
            check.to_owned()
        };
        assert_eq!(result(&report, &name).0, "ok", "{check}");
    }
    assert!(result(&report, "gateway of 170200123").1.contains("credentials good"));
    assert!(fixture.stack.simulator().transactions().is_empty());
    fixture.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_named_and_the_rest_is_still_looked_at() {
    let fixture = Fixture::open().await;
    let mut variables = fixture.like_aws();
    variables.push(("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1".to_owned()));
    let name = format!("tollgate/merchants/{MERCHANT}");
    let mut document = fixture.stack.secrets().get(&name).unwrap();
    document["gateway"]["password"] = json!("not-the-password");
    document["captures_pasued"] = json!(true);
    fixture.stack.secrets().put(&name, document);
    fixture.stack.secrets().put("tollgate/merchants/broken", json!({ "keys": ["a-key-to-hide"] }));
    let arguments = ["doctor", "--json", "--table", "no-table", MERCHANTS];
    let merchants = ["--merchant", MERCHANT, "--merchant", "broken", "--merchant", "nobody"];
    let ran = run(&[&arguments[..], &merchants].concat(), &variables, "").await;
    assert_eq!(ran.code, 1, "{ran:?}");
    for secret in ["not-the-password", "a-key-to-hide", "the-secret-access-key"] {
        ran.never_says(secret);
    }
    let report = report(&ran);
    assert_eq!(report["healthy"], false);
    for (check, says) in [
        ("AWS identity", "sts:GetCallerIdentity"),
        ("table no-table", "dynamodb:DescribeTable"),
        ("gateway of 170200123", "refuses user name, password or MID"),
        ("merchant broken", "the merchant's document is wrong"),
        ("merchant nobody", "no such merchant"),
    ] {
        let (result, found) = result(&report, check);
        assert!(result == "failed" && found.contains(says), "{check}: {found}");
    }
    assert_eq!(result(&report, "merchant 170200123").0, "ok");
    let misspelled =
        "captures_pasued in the document is not known and ignored; did you mean captures_paused?";
    assert_eq!(result(&report, "members of 170200123"), ("note", misspelled));
    let ran = run(&["doctor"], &[], "").await;
    assert!(ran.code == 1 && ran.out.contains("aws configure export-credentials"), "{ran:?}");
    fixture.close().await;
}

#[tokio::test]
async fn a_mid_that_adds_a_surcharge_and_is_not_listed_is_an_error() {
    let fixture = Fixture::open().await;
    let name = format!("tollgate/merchants/{MERCHANT}");
    let document = fixture.stack.secrets().get(&name).unwrap();
    for (adds, lists, expected, says) in [
        (true, false, Some("failed"), "496160873888, which gateway.surcharging_merchids does not list"),
        (true, true, Some("ok"), "added at 496160873888, as the document says"),
        (false, true, Some("note"), "lists 496160873888, where the gateway adds nothing"),
        (false, false, None, ""),
    ] {
        let fee_type = if adds { FeeType::Surcharge } else { FeeType::None };
        let settings = Settings { fee_type, ..Settings::default() };
        assert!(fixture.stack.simulator().set_merchant("496160873888", settings));
        let mut document = document.clone();
        if lists {
            document["gateway"]["surcharging_merchids"] = json!(["496160873888"]);
        }
        fixture.stack.secrets().put(&name, document);
        let ran = fixture.run(&["doctor", "--merchant", MERCHANT, "--json"], "").await;
        let report = report(&ran);
        assert_eq!(report["healthy"], json!(expected != Some("failed")));
        let check = format!("surcharges of {MERCHANT}");
        match expected {
            Some(expected) => {
                let (result, found) = result(&report, &check);
                assert!(result == expected && found.contains(says), "{result}: {found}");
            }
            None => assert!(!ran.out.contains(&check), "{ran:?}"),
        }
    }
    fixture.close().await;
}

#[tokio::test]
async fn white_space_around_credentials_is_named_and_their_values_are_not() {
    const KEY: &str = "a-key-with-more-than-20-characters";
    let fixture = Fixture::open().await;
    let name = format!("tollgate/merchants/{MERCHANT}");
    let document = fixture.stack.secrets().get(&name).unwrap();
    let named = json!({ "key": format!("{KEY}\n"), "name": "till-1", "role": "pay" });
    let good = json!({ "key": format!("{KEY} 2"), "name": "till-2", "role": "pay" });
    for (keys, username, password, expected) in [
        (json!([KEY, good]), "testing", "testing123", None),
        (json!([named, good]), "testing", "testing123", Some("the key till-1")),
        (json!([format!(" {KEY}")]), "testing", "testing123", Some("a key without a name")),
        (json!([KEY]), "testing ", "testing123\r\n", Some("gateway.username, gateway.password")),
    ] {
        let mut document = document.clone();
        document["keys"] = keys;
        document["gateway"]["username"] = json!(username);
        document["gateway"]["password"] = json!(password);
        fixture.stack.secrets().put(&name, document);
        let ran = fixture.run(&["doctor", "--merchant", MERCHANT, "--json"], "").await;
        ran.never_says(KEY);
        ran.never_says("testing123");
        let check = format!("white space of {MERCHANT}");
        match expected {
            Some(members) => {
                let report = report(&ran);
                let (result, found) = result(&report, &check);
                assert_eq!((result, found.rsplit_once(": ").unwrap().1), ("note", members));
            }
            None => assert!(!ran.out.contains(&check), "{ran:?}"),
        }
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_shops_keys_region_and_manual_gateway_are_checked_and_no_other_gateway_is_read() {
    const OF: &str = "Elastic Path of 170200127";
    let fixture = Fixture::open_with(Options { elastic_path: true, ..Options::default() }).await;
    let shop = fixture.stack.elastic_path().unwrap();
    let name = "tollgate/merchants/170200127";
    let document = fixture.stack.secrets().get(name).unwrap();
    let good = json!({"client_id": "elastic-path-client", "client_secret": "elastic-path-secret"});
    let gone = json!({"client_id": "gone", "client_secret": "a-secret-that-is-gone"});
    let url = shop.base_url();
    for (change, mark, says) in [
        (json!({}), "ok", "takes the key, and the manual gateway is enabled"),
        (json!({"/orders": "registered"}), "note", "nothing is read there without orders: elastic_path"),
        (json!({"/elastic_path/keys": [gone, good]}), "note", "but not gone, which can go"),
        (json!({"/elastic_path/keys": [gone]}), "failed", "refuses the key gone"),
        (json!({"/elastic_path/base_url": "http://127.0.0.1:1"}), "failed", "does not answer"),
        (
            json!({"/elastic_path/base_url": "https://useast.api.elasticpath.com"}),
            "failed",
            "(ElasticPathHosts)",
        ),
    ] {
        let mut document = document.clone();
        for (pointer, value) in change.as_object().unwrap() {
            *document.pointer_mut(pointer).unwrap() = value.clone();
        }
        fixture.stack.secrets().put(name, document);
        let ran = fixture.run(&["doctor", "--merchant", "170200127", "--json"], "").await;
        ran.never_says("elastic-path-secret");
        ran.never_says("a-secret-that-is-gone");
        let report = report(&ran);
        let (result, found) = result(&report, OF);
        assert!(result == mark && found.contains(says), "{result}: {found}");
    }
    fixture.stack.secrets().put(name, document);
    shop.enable_manual(false);
    let ran = fixture.run(&["doctor", "--merchant", "170200127", "--json"], "").await;
    let report = report(&ran);
    let (result, found) = result(&report, OF);
    assert!(result == "failed" && found.contains("manual gateway is not enabled"), "{result}: {found}");
    let is_list = |path: &str| path.starts_with("/v2/gateways") && path != "/v2/gateways/manual";
    assert!(shop.ledger().iter().all(|sent| !is_list(&sent.path)), "{url}");
    fixture.close().await;
}
