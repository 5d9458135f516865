//! A merchant account that adds a surcharge to payments by credit card.

use cardpointe_simulator::{
    Alteration, Config, Endpoint, Fault, FaultKind, FeeBasis, FeeForm, FeeMembers, FeeType, Record,
    RecordState, ResponseCode, Settings, UnknownMerchid,
};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, VISA, assert_members, start, start_merchant, text};

/// A debit card of the test table.
const DEBIT: &str = "4222222222222204";

const MEMBERS: [&str; 7] =
    ["fee_type", "fee_format", "fee_value", "fee_amount", "fee_authcode", "fee_merchid", "fee_retref"];

fn surcharging() -> Settings {
    Settings { fee_type: FeeType::Surcharge, ..Settings::default() }
}

/// A sale of 100.00 in New York, with the changes of `change`.
async fn sold(gateway: &Gateway, change: Value) -> Value {
    let mut sale = json!({ "amount": "100.00", "postal": "10118", "orderid": "A-1" });
    sale.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    gateway.auth(sale).await
}

async fn settled(gateway: &Gateway, change: Value) -> String {
    let mut change = change;
    change["capture"] = json!("Y");
    let retref = text(&sold(gateway, change).await, "retref");
    gateway.simulator.settle();
    retref
}

fn has(answer: &Value) -> Vec<&'static str> {
    MEMBERS.into_iter().filter(|name| answer.get(name).is_some()).collect()
}

#[tokio::test]
async fn the_account_with_the_surcharge_is_there_from_the_start() {
    let gateway = start().await;
    let change = json!({ "merchid": Config::SURCHARGE_MID, "amount": "1.00" });
    let shown = json!({ "amount": "1.03", "fee_amount": "0.03", "fee_type": "SURCHRG", "respproc": "RPCT" });
    assert_members(&sold(&gateway, change).await, shown);
    let debit = json!({ "merchid": Config::SURCHARGE_MID, "account": "6510000000000331" });
    assert_members(&sold(&gateway, debit).await, json!({ "amount": "100.00", "fee_type": "SURCHRG_WAIVED" }));
    let partial = json!({ "merchid": Config::SURCHARGE_MID, "account": "4387750101010101" });
    assert_members(&sold(&gateway, partial).await, json!({ "respproc": "RPCT", "respcode": "500" }));
    let other = sold(&gateway, json!({})).await;
    assert_eq!((other["amount"].as_str(), has(&other).len()), (Some("100.00"), 0), "{other}");
}

#[tokio::test]
async fn a_credit_card_pays_the_fee_and_the_response_says_so_in_both_documented_forms() {
    for (form, charged, waived) in [
        (
            FeeForm::Guide,
            json!({ "fee_type": "SURCHRG", "fee_format": "percent", "fee_value": "300" }),
            json!({ "fee_type": "SURCHRG_WAIVED", "fee_format": "", "fee_value": "0" }),
        ),
        (
            FeeForm::Reference,
            json!({ "fee_type": "S", "fee_format": "percent", "fee_value": "3" }),
            json!({ "fee_type": "S", "fee_format": "percent", "fee_value": "3" }),
        ),
    ] {
        let gateway = start_merchant(Settings { fee_form: form, ..surcharging() }).await;
        let credit = sold(&gateway, json!({})).await;
        assert_members(&credit, charged);
        assert_members(
            &credit,
            json!({ "amount": "103.00", "fee_amount": "3.00", "fee_merchid": "", "fee_retref": "" }),
        );
        assert_eq!(credit["fee_authcode"], credit["authcode"]);
        let debit = sold(&gateway, json!({ "account": DEBIT })).await;
        assert_members(&debit, waived);
        assert_members(&debit, json!({ "amount": "100.00", "fee_amount": "0.00" }));
        let authcode = if form == FeeForm::Guide { debit.get("authcode") } else { None };
        assert_eq!(debit.get("fee_authcode"), authcode, "{form:?}");
        let records = gateway.simulator.records();
        let moved: Vec<_> =
            records.iter().map(|record| (record.minor_units, record.fee_minor_units)).collect();
        assert_eq!(moved, [(10_300, 300), (10_000, 0)]);
    }
}

#[tokio::test]
async fn the_fee_is_rounded_half_up_at_the_accounts_rate() {
    for (basis_points, amount, total, fee) in [
        (300, "24.99", "25.74", "0.75"),
        (300, "0.16", "0.16", "0.00"),
        (300, "0.17", "0.18", "0.01"),
        (250, "10.00", "10.25", "0.25"),
    ] {
        let gateway = start_merchant(Settings { fee_basis_points: basis_points, ..surcharging() }).await;
        let answer = sold(&gateway, json!({ "amount": amount })).await;
        assert_members(&answer, json!({ "amount": total, "fee_amount": fee, "fee_type": "SURCHRG" }));
    }
}

#[tokio::test]
async fn the_postal_code_decides_too_and_one_is_required() {
    let gateway = start_merchant(surcharging()).await;
    let refused = sold(&gateway, json!({ "postal": "" })).await;
    assert_members(
        &refused,
        json!({ "respproc": "PPS", "respcode": "104", "respstat": "C", "amount": "0.00" }),
    );
    assert_eq!(has(&refused), [] as [&str; 0]);
    let connecticut = sold(&gateway, json!({ "postal": "06101" })).await;
    assert_members(&connecticut, json!({ "amount": "100.00", "fee_type": "SURCHRG_WAIVED" }));
    let verified = sold(&gateway, json!({ "amount": "0.00", "postal": "" })).await;
    assert_members(&verified, json!({ "respstat": "A", "amount": "0.00" }));

    let stored = json!({ "account": VISA, "expiry": "1249", "postal": "10118" });
    let profileid = text(&gateway.put("profile", stored).await, "profileid");
    let sale = json!({ "profile": format!("{profileid}/1"), "amount": "1.00" });
    assert_members(&gateway.put("auth", sale).await, json!({ "amount": "1.03" }));
}

#[tokio::test]
async fn an_amount_that_is_left_out_means_all_of_it_with_the_fee() {
    for basis in [FeeBasis::Subtotal, FeeBasis::Total] {
        let gateway = start_merchant(Settings { fee_basis: basis, ..surcharging() }).await;
        let retref = text(&sold(&gateway, json!({})).await, "retref");
        assert_eq!(gateway.put("capture", json!({ "retref": retref })).await["amount"], "103.00");
        gateway.simulator.settle();
        assert_eq!(gateway.put("refund", json!({ "retref": retref })).await["amount"], "103.00");
        let records = gateway.simulator.records();
        assert_eq!((records[0].refunded_minor_units, records[1].fee_minor_units), (10_300, 300));
        let voided = text(&sold(&gateway, json!({})).await, "retref");
        assert_eq!(gateway.put("void", json!({ "retref": voided })).await["amount"], "0.00");
        let record = gateway.simulator.record(&voided).unwrap();
        assert_eq!((record.state, record.fee_minor_units), (RecordState::Voided, 0));
    }
}

#[tokio::test]
async fn a_part_is_named_without_its_fee_or_with_it() {
    for (basis, captured, refunded, rest) in [
        (FeeBasis::Subtotal, ("60.00", "61.80", 180), ("20.00", "20.60", 60), ("41.20", 120)),
        (FeeBasis::Total, ("60.00", "60.00", 175), ("20.00", "20.00", 58), ("40.00", 117)),
    ] {
        let settings = Settings { fee_basis: basis, fee_members: FeeMembers::Everywhere, ..surcharging() };
        let gateway = start_merchant(settings).await;
        let retref = text(&sold(&gateway, json!({})).await, "retref");
        let whole = if basis == FeeBasis::Subtotal { "100.01" } else { "103.01" };
        let too_much = gateway.put("capture", json!({ "retref": retref, "amount": whole })).await;
        assert_eq!(too_much["respcode"], "42", "{basis:?}");

        let (named, amount, fee) = captured;
        let answer = gateway.put("capture", json!({ "retref": retref, "amount": named })).await;
        let shown = format!("{}.{:02}", fee / 100, fee % 100);
        assert_members(&answer, json!({ "amount": amount, "fee_amount": shown }));
        let record = gateway.simulator.record(&retref).unwrap();
        assert_eq!(record.fee_minor_units, fee, "{basis:?}");
        gateway.simulator.settle();

        let (named, amount, fee) = refunded;
        let answer = gateway.put("refund", json!({ "retref": retref, "amount": named })).await;
        assert_eq!(answer["amount"], amount, "{basis:?}");
        let refund = gateway.simulator.record(&text(&answer, "retref")).unwrap();
        assert_eq!(refund.fee_minor_units, fee, "{basis:?}");

        let answer = gateway.put("refund", json!({ "retref": retref })).await;
        assert_eq!(answer["amount"], rest.0, "{basis:?}");
        let records = gateway.simulator.records();
        assert_eq!(records[2].fee_minor_units, rest.1, "{basis:?}");
        let fees: i64 = records.iter().map(|record| record.sign() * record.fee_minor_units).sum();
        let total: i64 = records.iter().map(Record::moved_minor_units).sum();
        assert_eq!((fees, total), (0, 0), "all of it is back");
        assert_eq!(gateway.put("refund", json!({ "retref": retref })).await["respcode"], "42");
    }
}

#[tokio::test]
async fn a_void_of_a_part_leaves_the_fee_of_the_rest() {
    for (basis, left, fee) in [(FeeBasis::Subtotal, "61.80", 180), (FeeBasis::Total, "63.00", 183)] {
        let gateway = start_merchant(Settings { fee_basis: basis, ..surcharging() }).await;
        let retref = text(&sold(&gateway, json!({})).await, "retref");
        let answer = gateway.put("void", json!({ "retref": retref, "amount": "40.00" })).await;
        assert_members(&answer, json!({ "respstat": "A", "amount": left }));
        assert_eq!(gateway.simulator.record(&retref).unwrap().fee_minor_units, fee);
        assert_eq!(gateway.put("capture", json!({ "retref": retref })).await["amount"], left);
    }
}

#[tokio::test]
async fn fee_members_are_where_they_are_documented_or_everywhere() {
    for (members, direct, inquired) in [
        (FeeMembers::Documented, 0, MEMBERS.len() - 1),
        (FeeMembers::Everywhere, MEMBERS.len(), MEMBERS.len()),
    ] {
        let gateway = start_merchant(Settings { fee_members: members, ..surcharging() }).await;
        let sale = sold(&gateway, json!({})).await;
        assert_eq!(has(&sale).len(), MEMBERS.len());
        let retref = text(&sale, "retref");
        let captured = gateway.put("capture", json!({ "retref": retref })).await;
        assert_eq!(has(&captured).len(), direct, "{captured}");
        gateway.simulator.settle();
        let refunded =
            gateway.put("refund", json!({ "retref": retref, "amount": "50.00", "orderid": "R-1" })).await;
        assert_members(&refunded, json!({ "amount": "51.50" }));
        assert_eq!(has(&refunded).len(), direct, "{refunded}");
        let payment = gateway.by_order_id("A-1").await;
        let refund = gateway.by_order_id("R-1").await;
        assert_eq!((has(&payment).len(), has(&refund).len()), (inquired, inquired), "{payment} {refund}");
        assert_members(&payment, json!({ "amount": "103.00", "fee_type": "SURCHRG" }));
        assert_eq!(refund["amount"], "-51.50");
        if members == FeeMembers::Everywhere {
            assert_members(&payment, json!({ "fee_amount": "3.00" }));
            assert_eq!((&refunded["fee_amount"], &refund["fee_amount"]), (&json!("1.50"), &json!("-1.50")));
        } else {
            assert_eq!(payment.get("fee_amount"), None, "the reference does not list it");
        }
        let ledger = gateway.simulator.transactions();
        assert_eq!(
            (&ledger[0]["fee"], &ledger[1]["fee"]),
            (&json!("3.00"), &json!("1.50")),
            "the test's view"
        );
    }
}

#[tokio::test]
async fn settlement_and_deposits_are_of_totals() {
    let gateway = start_merchant(Settings { funding_after_days: 0, ..surcharging() }).await;
    // A Monday, 14:00 Eastern.
    gateway.simulator.set_clock("2030-03-11T18:00:00Z".parse().unwrap());
    let retref = settled(&gateway, json!({})).await;
    let date = "0311";
    let batches = gateway.get(&format!("/settlestat?merchid={MID}&date={date}")).await;
    assert_members(&batches[0]["txns"][0], json!({ "retref": retref, "setlamount": "103.00" }));
    let funding = gateway.get(&format!("/funding?merchid={MID}&date={date}")).await;
    assert_eq!(funding["fundings"][0]["netsales"], "103.00");
    assert_eq!(funding["txns"][0]["amount"], "103.00");
}

#[tokio::test]
async fn a_timeout_looks_the_same_whether_it_was_done_or_not() {
    for done in [false, true] {
        let settings = Settings { timed_out_amounts_in_responses: true, ..surcharging() };
        let gateway = start_merchant(settings).await;
        let kind = FaultKind::Respond { code: ResponseCode::TIMED_OUT, done };
        gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
        let answer = sold(&gateway, json!({})).await;
        assert_members(&answer, json!({ "respstat": "B", "amount": "103.00" }));
        assert_eq!(has(&answer), [] as [&str; 0]);
    }
    let gateway = start_merchant(surcharging()).await;
    let kind = FaultKind::Respond { code: ResponseCode::find("FNOR", "94").unwrap(), done: true };
    gateway.simulator.fault(Fault::once(Endpoint::Auth, kind));
    sold(&gateway, json!({})).await;
    let fees: Vec<i64> = gateway.simulator.records().iter().map(|record| record.fee_minor_units).collect();
    assert_eq!(fees, [300, 0], "the declined copy has none");
}

#[tokio::test]
async fn a_declined_payment_has_no_fee_and_partial_approvals_are_off() {
    let gateway = start_merchant(surcharging()).await;
    let declined = sold(&gateway, json!({ "amount": "1051.00" })).await;
    assert_members(&declined, json!({ "respcode": "51", "amount": "0.00" }));
    assert_eq!(has(&declined), [] as [&str; 0]);
    let partial = sold(&gateway, json!({ "account": "4387750101010101" })).await;
    assert_members(&partial, json!({ "respstat": "C", "amount": "0.00" }));
    assert!(gateway.simulator.records().iter().all(|record| record.fee_minor_units == 0));
}

#[tokio::test]
async fn equal_payments_are_compared_with_their_fees() {
    let gateway = start_merchant(Settings { duplicate_window_s: 60, ..surcharging() }).await;
    assert_eq!(sold(&gateway, json!({})).await["respstat"], "A");
    assert_eq!(sold(&gateway, json!({})).await["respcode"], "94");
    assert_eq!(sold(&gateway, json!({ "amount": "103.00" })).await["respstat"], "A");
}

#[tokio::test]
async fn a_preview_tells_before_and_decides_nothing() {
    let gateway = start_merchant(surcharging()).await;
    let preview = async |query: &str| gateway.get(&format!("/surcharge?merchid={MID}&{query}")).await;
    let credit = text(&sold(&gateway, json!({})).await, "token");
    let debit = text(&sold(&gateway, json!({ "account": DEBIT })).await, "token");
    let shown = preview(&format!("postal=10118&token={credit}&amount=24.99")).await;
    assert_members(
        &shown,
        json!({ "token": "CREDIT", "postal": "NOT_RESTRICTED", "fee_amount": "0.75", "messages": [] }),
    );
    let shown = preview(&format!("postal=10118&token={credit}")).await;
    assert_eq!((shown.get("fee_amount"), &shown["token"]), (None, &json!("CREDIT")));
    let shown = preview(&format!("postal=06101&token={credit}&amount=100.00")).await;
    assert_members(&shown, json!({ "postal": "RESTRICTED", "fee_amount": "0.00" }));
    assert_members(
        &preview(&format!("token={debit}&amount=100.00")).await,
        json!({
            "token": "DEBIT", "postal": "UNKNOWN", "fee_amount": "0.00",
            "messages": [{ "field": "postal", "message": "postal is missing or empty" }],
        }),
    );
    assert_members(
        &preview("amount=100.00").await,
        json!({
            "token": "UNKNOWN", "postal": "UNKNOWN",
            "messages": [
                { "field": "token", "message": "token is missing or empty" },
                { "field": "postal", "message": "postal is missing or empty" },
            ],
        }),
    );
    assert_eq!(gateway.simulator.records().len(), 2);
    let refusing = Settings { unknown_merchid: UnknownMerchid::Refused, ..surcharging() };
    let refusing = start_merchant(refusing).await;
    assert_eq!(refusing.get("/surcharge?merchid=1&token=1").await["respcode"], "21");
    let other = start().await;
    assert_eq!(other.get(&format!("/surcharge?merchid={MID}&token={credit}")).await["respcode"], "104");
}

#[tokio::test]
async fn a_preview_can_fail_and_be_altered_like_every_endpoint() {
    let gateway = start_merchant(surcharging()).await;
    let path = format!("/surcharge?merchid={MID}&amount=100.00&postal=10118&token=9418594164541111");
    gateway.simulator.fault(Fault::once(
        Endpoint::Surcharge,
        FaultKind::Respond { code: ResponseCode::find("PPS", "104").unwrap(), done: false },
    ));
    assert_eq!(gateway.get(&path).await["respcode"], "104");
    gateway.simulator.alter(Alteration::of(Endpoint::Surcharge).set("fee_amount", "9.99").times(1));
    assert_eq!(gateway.get(&path).await["fee_amount"], "9.99");
    assert_eq!(gateway.get(&path).await["fee_amount"], "3.00");
}

#[tokio::test]
async fn a_merchant_account_shows_its_kind_of_fee() {
    for (fee_type, letter, second) in [
        (FeeType::None, "N", false),
        (FeeType::Surcharge, "S", false),
        (FeeType::Convenience, "C", true),
        (FeeType::Service, "F", true),
    ] {
        let gateway = start_merchant(Settings { fee_type, ..Settings::default() }).await;
        let shown = gateway.get(&format!("/inquireMerchant/{MID}")).await;
        let (format, value) = if letter == "N" { ("", "") } else { ("percent", "3") };
        assert_members(&shown, json!({ "fee_type": letter, "fee_format": format, "fee_value": value }));
        assert_eq!(shown["fee_merchid"] != "", second, "{shown}");
        let amount = if letter == "S" { "103.00" } else { "100.00" };
        assert_eq!(sold(&gateway, json!({})).await["amount"], amount, "{letter}");
    }
}
