//! Stored cards.

use serde_json::{Value, json};

use crate::harness::{Gateway, POOR_VISA, RPCT, VISA, assert_members, start, text};

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
async fn a_payment_stores_its_card_only_when_it_is_approved_and_permitted() {
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
    assert_eq!(gateway.auth(json!({ "profile": "Y" })).await["respcode"], "34", "no permission");
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
