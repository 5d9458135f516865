//! Stored cards.

use cardpointe_simulator::{MissingProfile, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{
    Gateway, MID, POOR_VISA, RPCT, VISA, assert_members, start, start_merchant, text, without_noise,
};

const KNOWN: &str = "16178397535388255208";

async fn pay(gateway: &Gateway, profile: Value) -> Value {
    let mut sale = profile;
    sale["amount"] = json!("10.00");
    gateway.put("auth", sale).await
}

#[tokio::test]
async fn the_known_profile_pays_in_every_form_of_naming_it() {
    let gateway = start().await;
    let forms = [
        json!({ "profile": format!("{KNOWN}/1") }),
        json!({ "profile": KNOWN }),
        json!({ "profile": KNOWN, "acctid": "1" }),
        json!({ "profile": KNOWN, "acctid": 1 }),
    ];
    for form in forms {
        let answer = pay(&gateway, form).await;
        assert_members(
            &answer,
            json!({
                "respstat": "A", "token": "9477709629051443", "profileid": KNOWN, "acctid": "1", "cvvresp": "P",
            }),
        );
    }
}

#[tokio::test]
async fn unknown_profiles_accounts_and_tokens_in_their_place_are_not_found() {
    let gateway = start().await;
    let forms = [
        json!({ "profile": "11111111111111111111/1" }),
        json!({ "profile": format!("{KNOWN}/2") }),
        json!({ "profile": "9418594164541111" }),
        json!({ "profile": format!("{KNOWN}/1"), "merchid": RPCT }),
    ];
    for form in forms {
        let answer = pay(&gateway, form).await;
        assert_members(&answer, json!({ "respstat": "C", "respproc": "PPS", "respcode": "96" }));
        assert_eq!(answer.get("profileid"), None);
    }
}

#[tokio::test]
async fn a_created_profile_pays_later() {
    let gateway = start().await;
    let answer =
        gateway.put("profile", json!({ "account": VISA, "expiry": "1249", "name": "Ann Smith" })).await;
    assert_members(
        &answer,
        json!({
            "respstat": "A", "respproc": "PPS", "respcode": "09", "acctid": "1", "accttype": "VISA",
            "token": "9418594164541111", "defaultacct": "Y", "gsacard": "N", "auoptout": "N",
            "expiry": "1249", "name": "Ann Smith",
        }),
    );
    let profileid = text(&answer, "profileid");
    assert_eq!(profileid.len(), 20);
    assert_eq!(pay(&gateway, json!({ "profile": profileid })).await["respstat"], "A");
}

#[tokio::test]
async fn the_same_profile_twice_is_one_profile() {
    let gateway = start().await;
    let create = async |name: &str| {
        let body = json!({ "account": VISA, "expiry": "1249", "name": name });
        text(&gateway.put("profile", body).await, "profileid")
    };
    let first = create("Ann").await;
    assert_eq!(create("Ann").await, first);
    assert_ne!(create("Bob").await, first);
}

#[tokio::test]
async fn an_account_is_added_to_a_profile_and_made_its_default() {
    let gateway = start().await;
    let add = json!({ "profile": KNOWN, "account": POOR_VISA, "expiry": "1249", "defaultacct": "Y" });
    assert_members(&gateway.put("profile", add).await, json!({ "profileid": KNOWN, "acctid": "2" }));
    assert_eq!(pay(&gateway, json!({ "profile": KNOWN })).await["respcode"], "NU");
    assert_eq!(pay(&gateway, json!({ "profile": KNOWN, "acctid": "1" })).await["respstat"], "A");
    assert_eq!(pay(&gateway, json!({ "profile": format!("{KNOWN}/1") })).await["respstat"], "A");
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_a_replacement_forgets_the_rest() {
    let gateway = start().await;
    let profile = format!("{KNOWN}/1");
    let update = json!({ "profile": profile, "profileupdate": "Y", "name": "Ann Smith" });
    assert_members(
        &gateway.put("profile", update).await,
        json!({ "name": "Ann Smith", "postal": "55555", "expiry": "1249", "defaultacct": "Y" }),
    );
    let replacement = json!({ "profile": profile, "account": VISA, "expiry": "1149" });
    let replaced = gateway.put("profile", replacement).await;
    assert_members(&replaced, json!({ "token": "9418594164541111", "expiry": "1149", "acctid": "1" }));
    assert_eq!(replaced.get("postal"), None);
}

#[tokio::test]
async fn a_payment_stores_its_card_only_when_it_is_approved() {
    let gateway = start().await;
    let store = json!({ "profile": "Y", "cofpermission": "Y" });
    let answer = gateway.auth(store.clone()).await;
    assert_members(&answer, json!({ "respstat": "A", "acctid": "1" }));
    let profileid = text(&answer, "profileid");
    assert_eq!(pay(&gateway, json!({ "profile": profileid })).await["respstat"], "A");
    let record = gateway.inquire(&text(&answer, "retref")).await;
    assert_members(&record, json!({ "profileid": profileid, "acctid": "1" }));

    let mut declined = store;
    declined["account"] = json!(POOR_VISA);
    let answer = gateway.auth(declined).await;
    assert_eq!((answer.get("profileid"), answer.get("acctid")), (None, None));
}

#[tokio::test]
async fn a_profile_needs_a_card_and_an_expiry() {
    let gateway = start().await;
    let refused = async |body: Value| text(&gateway.put("profile", body).await, "respcode");
    assert_eq!(refused(json!({ "expiry": "1249" })).await, "11");
    assert_eq!(refused(json!({ "account": VISA })).await, "15");
    assert_eq!(refused(json!({ "account": "4111111111111112", "expiry": "1249" })).await, "13");
    assert_eq!(refused(json!({ "profile": "123", "account": VISA, "expiry": "1249" })).await, "96");
}

/// Creates a profile with a second account, and returns its id.
async fn two_accounts(gateway: &Gateway) -> String {
    let first = gateway.put("profile", json!({ "account": VISA, "expiry": "1249", "name": "Ann" })).await;
    let profileid = text(&first, "profileid");
    let second = json!({ "profile": profileid, "account": POOR_VISA, "expiry": "1149", "postal": "55112" });
    assert_eq!(gateway.put("profile", second).await["acctid"], "2");
    profileid
}

async fn delete(gateway: &Gateway, path: &str) -> Value {
    let response = gateway.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

#[tokio::test]
async fn reading_a_profile_returns_all_accounts_or_one_and_no_verdict() {
    let gateway = start().await;
    let profileid = two_accounts(&gateway).await;
    let all = gateway.get(&format!("/profile/{profileid}//{MID}")).await;
    let shown: Vec<Value> = all.as_array().unwrap().iter().map(without_noise).collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(
        shown[0],
        json!({
            "profileid": profileid, "acctid": "1", "token": "9418594164541111", "accttype": "VISA",
            "expiry": "1249", "defaultacct": "Y", "gsacard": "N", "auoptout": "N", "cofpermission": "N",
            "name": "Ann",
        })
    );
    assert_members(&shown[1], json!({ "acctid": "2", "defaultacct": "N", "postal": "55112" }));
    let one = gateway.get(&format!("/profile/{profileid}/2/{MID}")).await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_members(&one[0], json!({ "acctid": "2", "token": "9435885049491053" }));
}

#[tokio::test]
async fn a_missing_profile_is_refused_in_the_form_that_the_account_is_set_to() {
    for (form, expected) in [
        (MissingProfile::Object, json!({ "respproc": "PPS", "respcode": "96", "respstat": "C" })),
        (MissingProfile::Array, json!([{ "respproc": "PPS", "respcode": "96", "respstat": "C" }])),
        (MissingProfile::Empty, json!([])),
    ] {
        let gateway = start_merchant(Settings { missing_profile: form, ..Settings::default() }).await;
        for path in [format!("/profile/{KNOWN}/9/{MID}"), format!("/profile/1//{MID}")] {
            let answer = gateway.get(&path).await;
            match &expected {
                Value::Object(_) => assert_members(&answer, expected.clone()),
                Value::Array(entries) => {
                    assert_eq!(answer.as_array().unwrap().len(), entries.len());
                    if let Some(entry) = entries.first() {
                        assert_members(&answer[0], entry.clone());
                    }
                }
                other => panic!("{other}"),
            }
        }
        assert_eq!(gateway.get(&format!("/profile/{KNOWN}//{MID}")).await.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_account_or_a_whole_profile_is_deleted_but_not_the_default_beside_others() {
    let gateway = start().await;
    let profileid = two_accounts(&gateway).await;
    let refused = delete(&gateway, &format!("/profile/{profileid}/1/{MID}")).await;
    assert_members(&refused, json!({ "respproc": "PPS", "respcode": "34", "respstat": "C" }));
    assert_eq!(pay(&gateway, json!({ "profile": profileid })).await["respstat"], "A");

    let deleted = delete(&gateway, &format!("/profile/{profileid}/2/{MID}")).await;
    assert_members(&deleted, json!({ "respproc": "PPS", "respcode": "08", "respstat": "A" }));
    assert_eq!(deleted["resptext"], "Profile Deleted");
    assert_eq!(pay(&gateway, json!({ "profile": format!("{profileid}/2") })).await["respcode"], "96");
    assert_eq!(delete(&gateway, &format!("/profile/{profileid}/2/{MID}")).await["respcode"], "96");

    let profileid = two_accounts(&gateway).await;
    assert_eq!(delete(&gateway, &format!("/profile/{profileid}//{MID}")).await["respcode"], "08");
    assert_eq!(pay(&gateway, json!({ "profile": profileid })).await["respcode"], "96");
    assert_eq!(
        delete(&gateway, &format!("/profile/{KNOWN}/1/{RPCT}")).await["respcode"],
        "96",
        "not its own"
    );
}

#[tokio::test]
async fn an_account_id_is_not_given_to_another_account_while_the_profile_lives() {
    let gateway = start().await;
    let profileid = two_accounts(&gateway).await;
    let add = async |name: &str| {
        let body = json!({ "profile": profileid, "account": VISA, "expiry": "1049", "name": name });
        text(&gateway.put("profile", body).await, "acctid")
    };
    assert_eq!(add("Cid").await, "3");
    delete(&gateway, &format!("/profile/{profileid}/2/{MID}")).await;
    assert_eq!(add("Dee").await, "4", "2 and 3 were given before");
    assert_eq!(add("Cid").await, "3", "an account that is there already is not added again");
}

#[tokio::test]
async fn a_profile_without_an_expiry_is_stored_only_where_the_account_allows_it() {
    let body = json!({ "account": "9418594164541111", "name": "Test User" });
    let gateway = start().await;
    assert_eq!(gateway.put("profile", body.clone()).await["respcode"], "15");
    let gateway = start_merchant(Settings { profiles_without_expiry: true, ..Settings::default() }).await;
    let saved = gateway.put("profile", body).await;
    assert_eq!(saved["resptext"], "Profile Saved");
    assert_eq!(saved.get("expiry"), None);
    assert_eq!(pay(&gateway, json!({ "profile": saved["profileid"] })).await["respstat"], "A");
    let bad = gateway.put("profile", json!({ "account": VISA, "expiry": "1349" })).await;
    assert_eq!(bad["respcode"], "15", "a wrong one is wrong");
}

#[tokio::test]
async fn the_permission_to_store_is_optional_and_shown_by_reading_the_profile() {
    let gateway = start().await;
    let paid = gateway.auth(json!({ "profile": "Y" })).await;
    let saved = gateway.put("profile", json!({ "account": VISA, "expiry": "1149" })).await;
    assert_eq!((&paid["respcode"], &saved["respcode"]), (&json!("00"), &json!("09")));
    let allowed = gateway.auth(json!({ "profile": "Y", "cofpermission": "Y", "expiry": "1049" })).await;
    for (stored, permission) in [(paid, "N"), (saved, "N"), (allowed, "Y")] {
        let profileid = text(&stored, "profileid");
        let accounts = gateway.get(&format!("/profile/{profileid}//{MID}")).await;
        assert_members(&accounts[0], json!({ "acctid": "1", "cofpermission": permission }));
    }
}

/// Apache's HTTP client, which the vendor's Java client has, makes one slash of two.
#[tokio::test]
async fn a_profile_is_read_and_deleted_as_a_whole_also_without_the_empty_account_id() {
    let gateway = start().await;
    let profileid = two_accounts(&gateway).await;
    let path = format!("/profile/{profileid}/{MID}");
    assert_eq!(gateway.get(&path).await.as_array().unwrap().len(), 2);
    assert_eq!(delete(&gateway, &path).await["resptext"], "Profile Deleted");
    assert_eq!(delete(&gateway, &path).await["respcode"], "96");
}
