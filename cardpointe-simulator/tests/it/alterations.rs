//! Members that are changed or removed on the way out.

use cardpointe_simulator::{Alteration, Endpoint, Target};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{assert_members, start, text};

#[tokio::test]
async fn members_are_set_to_any_json_value_and_removed_for_so_many_responses() {
    let gateway = start().await;
    let values = [json!("X"), json!(7), json!(null), json!([1, {}]), json!({ "a": "b" }), json!(false)];
    for value in values {
        let alteration = Alteration::of(Endpoint::Auth)
            .set("respstat", value.clone())
            .set("respcod", value.clone())
            .remove("retref")
            .times(2);
        gateway.simulator.alter(alteration);
        for _ in 0..2 {
            let answer = gateway.auth(json!({})).await;
            assert_members(&answer, json!({ "respstat": value, "respcod": value, "respcode": "00" }));
            assert_eq!(answer.get("retref"), None);
        }
        assert_members(&gateway.auth(json!({})).await, json!({ "respstat": "A" }));
    }
    assert!(gateway.simulator.records().iter().all(|record| record.respstat == "A"), "nothing real changes");
}

#[tokio::test]
async fn an_inquirys_record_is_altered_wherever_it_appears_until_the_alteration_is_taken_back() {
    let gateway = start().await;
    let first = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let second = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let target = Target::Retref(second.clone());
    let altered = Alteration::of(Endpoint::Any).only(target).set("setlstat", "Pin Debit").remove("amount");
    gateway.simulator.alter(altered);
    for _ in 0..3 {
        let both = gateway.by_order_id("A-1").await;
        assert_members(&both[0], json!({ "setlstat": "Authorized", "amount": "10.00", "retref": first }));
        assert_members(&both[1], json!({ "setlstat": "Pin Debit", "retref": second }));
        assert_eq!(both[1].get("amount"), None);
        assert_eq!(gateway.inquire(&second).await["setlstat"], "Pin Debit");
        assert_eq!(gateway.inquire(&first).await["setlstat"], "Authorized");
    }
    gateway.simulator.clear_alterations();
    assert_eq!(gateway.inquire(&second).await["setlstat"], "Authorized");
}

#[tokio::test]
async fn an_order_id_selects_its_requests_and_its_records_and_no_others() {
    let gateway = start().await;
    let altered = Alteration::of(Endpoint::Any).only(Target::OrderId("A-1".to_owned())).set("respstat", "?");
    gateway.simulator.alter(altered);
    let answer = gateway.auth(json!({ "orderid": "A-1" })).await;
    assert_eq!(answer["respstat"], "?");
    assert_eq!(gateway.inquire(&text(&answer, "retref")).await["respstat"], "?");
    assert_eq!(gateway.by_order_id("A-1").await["respstat"], "?");
    let other = gateway.auth(json!({ "orderid": "A-2" })).await;
    assert_eq!(other["respstat"], "A");
    assert_eq!(gateway.inquire(&text(&other, "retref")).await["respstat"], "A");
}

#[tokio::test]
async fn of_a_list_all_records_are_altered_or_one() {
    let gateway = start().await;
    for _ in 0..3 {
        gateway.authorized(json!({ "orderid": "A-1" })).await;
    }
    let setlstats = async || -> Vec<Value> {
        let records = gateway.by_order_id("A-1").await;
        records.as_array().unwrap().iter().map(|record| record["setlstat"].clone()).collect()
    };
    let alteration = Alteration::of(Endpoint::InquireByOrderid).set("setlstat", "").times(1);
    gateway.simulator.alter(alteration.clone().record(1));
    assert_eq!(setlstats().await, ["Authorized", "", "Authorized"]);
    gateway.simulator.alter(alteration.clone());
    assert_eq!(setlstats().await, ["", "", ""]);
    gateway.simulator.alter(alteration.record(3));
    assert_eq!(setlstats().await, ["Authorized"; 3], "there is no fourth");
    gateway.authorized(json!({ "orderid": "A-1" })).await;
    assert_eq!(setlstats().await, ["Authorized", "Authorized", "Authorized", ""], "it waited for a fourth");
}

#[tokio::test]
async fn alterations_come_listed_and_go_through_the_control_interface() {
    let gateway = start().await;
    let body = json!({
        "endpoint": "inquire", "set": { "setlstat": null }, "remove": ["respstat"], "orderid": "A-1",
        "record": 0, "times": 1,
    });
    assert_eq!(gateway.post_control("/alterations", body.clone()).await, (StatusCode::OK, body.clone()));
    let list = async |method| -> Value {
        gateway.control(method, "/alterations").send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(list(Method::GET).await, json!([body]));
    let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let record = gateway.inquire(&retref).await;
    assert_eq!((record.get("setlstat"), record.get("respstat")), (Some(&Value::Null), None));
    assert_eq!(list(Method::GET).await, json!([]), "used up");

    gateway.post_control("/alterations", json!({ "endpoint": "*", "remove": ["retref"] })).await;
    assert_eq!(list(Method::DELETE).await, json!([]));
    assert_ne!(gateway.inquire(&retref).await.get("retref"), None);

    for (body, member) in [
        (json!({ "endpoint": "auht", "remove": ["a"] }), "endpoint:"),
        (json!({ "endpoint": "auth" }), "set:"),
        (json!({ "endpoint": "auth", "set": ["a"] }), "set:"),
        (json!({ "endpoint": "auth", "remove": [1] }), "remove:"),
        (json!({ "endpoint": "auth", "remove": ["a"], "times": 0 }), "times:"),
        (json!({ "endpoint": "auth", "remove": ["a"], "retref": "1", "orderid": "1" }), "retref:"),
        (json!({ "endpoint": "auth", "remove": ["a"], "count": 1 }), "count:"),
    ] {
        let (status, error) = gateway.post_control("/alterations", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&error, "error").starts_with(member), "{error}");
    }
}
