//! Responses that are another operation's record, that come twice, or that have no identity: of
//! every operation, directly and by inquiry.

use cardpointe_simulator::{
    Alteration, Arriving, Endpoint, Fault, FaultKind, Identity, Record, RecordOf, RecordState,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Gateway, assert_members, start, text, without_noise};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operation {
    Auth,
    Purchase,
    Capture,
    Refund,
    Void,
}

const OPERATIONS: [Operation; 5] =
    [Operation::Auth, Operation::Purchase, Operation::Capture, Operation::Refund, Operation::Void];

impl Operation {
    fn endpoint(self) -> Endpoint {
        match self {
            Self::Auth | Self::Purchase => Endpoint::Auth,
            Self::Capture => Endpoint::Capture,
            Self::Refund => Endpoint::Refund,
            Self::Void => Endpoint::Void,
        }
    }

    /// The reference of the payment that has to be there first, if one has to.
    async fn prepared(self, gateway: &Gateway, order_id: &str) -> Option<String> {
        match self {
            Self::Auth | Self::Purchase => None,
            Self::Capture | Self::Void => Some(gateway.authorized(json!({ "orderid": order_id })).await),
            Self::Refund => Some(gateway.settled("10.00", order_id).await),
        }
    }

    /// The order id under which its record is.
    fn order_id(self, order_id: &str) -> String {
        if self == Self::Refund { format!("{order_id}-R") } else { order_id.to_owned() }
    }

    async fn run(self, gateway: &Gateway, order_id: &str, payment: Option<String>) -> Value {
        let order_id = self.order_id(order_id);
        let capture = if self == Self::Purchase { "Y" } else { "N" };
        match payment {
            None => gateway.auth(json!({ "orderid": order_id, "capture": capture, "receipt": "Y" })).await,
            Some(retref) => {
                let body = json!({ "retref": retref, "orderid": order_id, "receipt": "Y" });
                gateway.put(self.endpoint().name(), body).await
            }
        }
    }

    /// Runs it on an order of its own.
    async fn done(self, gateway: &Gateway, order_id: &str) -> Value {
        let payment = self.prepared(gateway, order_id).await;
        self.run(gateway, order_id, payment).await
    }
}

#[tokio::test]
async fn a_response_is_the_previous_operations_and_its_own_operation_is_done() {
    for operation in OPERATIONS {
        let gateway = start().await;
        let first = operation.done(&gateway, "A-1").await;
        let payment = operation.prepared(&gateway, "A-2").await;
        let altered = Alteration::of(operation.endpoint()).record_of(RecordOf::Previous).times(1);
        gateway.simulator.alter(altered);
        let second = operation.run(&gateway, "A-2", payment).await;
        assert_eq!(without_noise(&second), without_noise(&first), "{operation:?}");
        let own = gateway.by_order_id(&operation.order_id("A-2")).await;
        assert_ne!(own["retref"], first["retref"], "{operation:?}");
        assert_eq!(own["respstat"], "A", "{operation:?}");
        let third = operation.done(&gateway, "A-3").await;
        assert_ne!(third["retref"], first["retref"], "used up");
    }
}

#[tokio::test]
async fn an_inquiry_shows_another_operations_record_with_its_order_id() {
    for operation in OPERATIONS {
        let gateway = start().await;
        let first = operation.done(&gateway, "A-1").await;
        let second = operation.done(&gateway, "A-2").await;
        let retref = text(&first, "retref");
        let whose = RecordOf::Retref(retref.clone());
        gateway.simulator.alter(Alteration::of(Endpoint::Any).record_of(whose));
        let order_id = operation.order_id("A-2");
        let foreign = json!({ "retref": retref, "orderId": operation.order_id("A-1") });
        assert_members(&gateway.by_order_id(&order_id).await, foreign.clone());
        assert_members(&gateway.inquire(&text(&second, "retref")).await, foreign);

        gateway.simulator.clear_alterations();
        let altered = Alteration::of(Endpoint::InquireByOrderid).record_of(RecordOf::Previous);
        gateway.simulator.alter(altered);
        let previous = gateway.by_order_id(&order_id).await;
        assert_ne!(previous["retref"], second["retref"], "{operation:?}");
        assert_ne!(previous["orderId"], order_id, "{operation:?}");
    }
}

#[tokio::test]
async fn as_long_as_there_is_no_other_record_the_alteration_waits() {
    let gateway = start().await;
    gateway.simulator.alter(Alteration::of(Endpoint::Auth).record_of(RecordOf::Previous).times(1));
    let first = gateway.auth(json!({ "orderid": "A-1" })).await;
    assert_eq!(first["retref"], gateway.by_order_id("A-1").await["retref"]);
    assert_eq!(gateway.auth(json!({})).await["retref"], first["retref"]);
    assert_eq!(gateway.simulator.records().len(), 2);
}

#[tokio::test]
async fn identity_members_are_left_out_or_foreign_in_each_spelling() {
    for operation in OPERATIONS {
        for identity in Identity::ALL {
            let gateway = start().await;
            let payment = operation.prepared(&gateway, "A-1").await;
            gateway.simulator.alter(Alteration::of(Endpoint::Any).foreign(identity));
            let direct = operation.run(&gateway, "A-1", payment).await;
            let inquired = gateway.by_order_id(&operation.order_id("A-1")).await;
            for record in [&direct, &inquired] {
                let names = match identity {
                    Identity::OrderId => vec!["orderId", "orderid"],
                    _ => vec![identity.name()],
                };
                let values: Vec<&Value> = names.into_iter().filter_map(|name| record.get(name)).collect();
                assert_eq!(values, [identity.foreign_value()], "{operation:?} {identity:?}");
            }
            gateway.simulator.clear_alterations();
            let payment = operation.prepared(&gateway, "A-2").await;
            gateway.simulator.alter(Alteration::of(Endpoint::Any).missing(identity));
            let again = operation.run(&gateway, "A-2", payment).await;
            let inquired = gateway.by_order_id(&operation.order_id("A-2")).await;
            for record in [again, inquired] {
                for name in ["orderId", "orderid", "merchid", "currency", "retref"] {
                    let is_its = name.eq_ignore_ascii_case(identity.name());
                    assert!(!is_its || record.get(name).is_none(), "{operation:?} {name} in {record}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_reference_reaches_the_client() {
    for operation in OPERATIONS {
        let gateway = start().await;
        let payment = operation.prepared(&gateway, "A-1").await;
        gateway.simulator.alter(Alteration::of(Endpoint::Any).set("retref", "../../x"));
        assert_eq!(operation.run(&gateway, "A-1", payment).await["retref"], "../../x");
        assert_eq!(gateway.by_order_id(&operation.order_id("A-1")).await["retref"], "../../x");
    }
}

#[tokio::test]
async fn an_inquiry_lists_a_record_twice_with_the_same_content_or_another() {
    for operation in OPERATIONS {
        let gateway = start().await;
        let retref = text(&operation.done(&gateway, "A-1").await, "retref");
        let order_id = operation.order_id("A-1");
        let once = without_noise(&gateway.by_order_id(&order_id).await);

        gateway.simulator.alter(Alteration::of(Endpoint::InquireByOrderid).twice().times(1));
        let twice = gateway.by_order_id(&order_id).await;
        let records: Vec<Value> = twice.as_array().unwrap().iter().map(without_noise).collect();
        assert_eq!(records, [once.clone(), once.clone()], "{operation:?}");

        let other = Alteration::of(Endpoint::Any).twice().set("respstat", "C").remove("setlstat").times(1);
        gateway.simulator.alter(other);
        let twice = gateway.by_order_id(&order_id).await;
        assert_eq!(without_noise(&twice[0]), once, "{operation:?}");
        assert_members(&twice[1], json!({ "respstat": "C", "retref": retref }));
        assert_eq!(twice[1].get("setlstat"), None);

        gateway.simulator.alter(Alteration::of(Endpoint::Inquire).twice().times(1));
        assert_eq!(gateway.inquire(&retref).await.as_array().unwrap().len(), 2);
        assert_eq!(without_noise(&gateway.by_order_id(&order_id).await), once, "back to one object");
    }
}

#[tokio::test]
async fn an_inquiry_shows_nothing_at_all() {
    for operation in OPERATIONS {
        let gateway = start().await;
        let retref = text(&operation.done(&gateway, "A-1").await, "retref");
        gateway.simulator.alter(Alteration::of(Endpoint::Any).empty().times(3));
        assert_eq!(gateway.by_order_id(&operation.order_id("A-1")).await, json!([]), "{operation:?}");
        assert_eq!(gateway.inquire(&retref).await, json!([]), "{operation:?}");
        assert_eq!(gateway.by_order_id("none").await, json!([]), "also of what there is not");
        assert_eq!(gateway.inquire(&retref).await["retref"], retref);
    }
}

#[tokio::test]
async fn of_a_list_only_the_record_that_is_meant_comes_twice_or_is_taken_out() {
    let gateway = start().await;
    let first = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let second = gateway.authorized(json!({ "orderid": "A-1" })).await;
    let retrefs = async || -> Vec<String> {
        let records = gateway.by_order_id("A-1").await;
        records.as_array().unwrap().iter().map(|record| text(record, "retref")).collect()
    };
    gateway.simulator.alter(Alteration::of(Endpoint::InquireByOrderid).twice().record(1).times(1));
    assert_eq!(retrefs().await, [&*first, &second, &second]);
    gateway.simulator.alter(Alteration::of(Endpoint::InquireByOrderid).empty().record(0).times(1));
    assert_eq!(retrefs().await, [&*second]);
    let altered = Alteration::of(Endpoint::InquireByOrderid).twice().record(0).times(1);
    gateway.simulator.alter(altered.clone());
    gateway.simulator.alter(altered.record(1).set("amount", "0.01"));
    assert_eq!(retrefs().await, [&*first, &first, &second, &second], "places are the real ones");
}

#[tokio::test]
async fn a_request_that_is_delivered_twice_is_processed_twice_and_has_one_response() {
    for arriving in [Arriving::First, Arriving::Second, Arriving::Neither] {
        let gateway = start().await;
        let kind = FaultKind::DeliveredTwice { response: arriving };
        gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
        let sale = json!({ "account": "4111111111111111", "expiry": "1249", "amount": "10.00" });
        let response = gateway.send("auth", sale).await;
        let records = gateway.simulator.records();
        let [first, second] = &records[..] else { panic!("{records:?}") };
        assert_eq!((first.state, second.state), (RecordState::Authorized, RecordState::Authorized));
        let expected = match arriving {
            Arriving::First => &first.retref,
            Arriving::Second => &second.retref,
            Arriving::Neither => {
                assert!(response.is_err());
                continue;
            }
        };
        let shown: Value = response.unwrap().json().await.unwrap();
        assert_eq!(&shown["retref"], expected);
        gateway.auth(json!({})).await;
        assert_eq!(gateway.simulator.records().len(), 3, "one fault, one call");
    }
}

#[tokio::test]
async fn the_second_delivery_of_each_operation_meets_what_the_first_has_done() {
    for (operation, moved, second_code) in [
        (Operation::Auth, 0, "00"),
        (Operation::Purchase, 2000, "00"),
        (Operation::Capture, 1000, "00"),
        (Operation::Void, 0, "25"),
        (Operation::Refund, 1000 - 800, "00"),
    ] {
        let gateway = start().await;
        let payment = operation.prepared(&gateway, "A-1").await;
        let kind = FaultKind::DeliveredTwice { response: Arriving::Second };
        gateway.simulator.fault(Fault::once(operation.endpoint(), kind));
        let response = match (operation, payment) {
            (Operation::Refund, Some(retref)) => {
                gateway.put("refund", json!({ "retref": retref, "amount": "4.00", "orderid": "A-1-R" })).await
            }
            (_, payment) => operation.run(&gateway, "A-1", payment).await,
        };
        assert_eq!(response["respcode"], second_code, "{operation:?}");
        let records = gateway.simulator.records();
        assert_eq!(records.iter().map(Record::moved_minor_units).sum::<i64>(), moved, "{operation:?}");
    }
}

#[tokio::test]
async fn the_new_alterations_go_through_the_control_interface() {
    let gateway = start().await;
    for body in [
        json!({ "endpoint": "capture", "set": {}, "remove": [], "record_of": "previous", "times": 1 }),
        json!({ "endpoint": "inquire", "set": {}, "remove": [], "record_of": "326000000001" }),
        json!({ "endpoint": "*", "set": {}, "remove": [], "missing": ["orderid", "merchid"], "foreign": ["retref"] }),
        json!({ "endpoint": "inquireByOrderid", "set": { "amount": "1.00" }, "remove": [], "twice": true }),
        json!({ "endpoint": "inquire", "set": {}, "remove": [], "empty": true, "orderid": "A-1" }),
    ] {
        assert_eq!(gateway.post_control("/alterations", body.clone()).await, (StatusCode::OK, body));
    }
    for (body, error) in [
        (json!({ "endpoint": "auth", "twice": false }), "set: give at least one of"),
        (json!({ "endpoint": "auth", "twice": "yes" }), "twice: true or false"),
        (json!({ "endpoint": "auth", "empty": 1 }), "empty: true or false"),
        (
            json!({ "endpoint": "auth", "missing": ["order"] }),
            "missing: a list of orderid, merchid, currency, retref",
        ),
        (json!({ "endpoint": "auth", "foreign": "retref" }), "foreign: a list of"),
        (json!({ "endpoint": "auth", "record_of": 1 }), "record_of: a text"),
    ] {
        let (status, found) = gateway.post_control("/alterations", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&found, "error").starts_with(error), "{found}");
    }
}

#[tokio::test]
async fn a_reset_forgets_the_responses_that_could_be_shown_again() {
    let gateway = start().await;
    let first = gateway.auth(json!({})).await;
    gateway.simulator.reset();
    gateway.simulator.alter(Alteration::of(Endpoint::Auth).record_of(RecordOf::Previous).times(1));
    assert_ne!(gateway.auth(json!({})).await["retref"], first["retref"]);
}
