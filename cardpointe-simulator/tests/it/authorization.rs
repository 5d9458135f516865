//! Responses that cards, amounts and addresses choose.

use cardpointe_simulator::{Config, Settings, UnknownMerchid};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{MID, POOR_VISA, RPCT, VISA, assert_members, start, start_merchant, text};

#[tokio::test]
async fn an_approved_authorization_has_the_documented_shape() {
    let gateway = start().await;
    let answer = gateway.auth(json!({ "cvv2": "123", "postal": "55555", "address": "1 Main St" })).await;
    assert_members(
        &answer,
        json!({
            "respstat": "A", "respproc": "FNOR", "respcode": "00", "resptext": "Approval", "amount": "10.00",
            "merchid": MID, "token": "9418594164541111", "account": "9418594164541111", "expiry": "1249",
            "avsresp": "Z", "cvvresp": "M", "commcard": " C ", "entrymode": "Keyed",
        }),
    );
    assert_eq!(text(&answer, "retref").len(), 12);
    let authcode = text(&answer, "authcode");
    assert!(authcode.len() == 6 && authcode.starts_with("PPS"), "{authcode}");
    for absent in ["batchid", "setlstat", "cardproc", "profileid", "orderId", "receipt"] {
        assert_eq!(answer.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn a_sale_has_a_batch_and_an_authorization_none() {
    let gateway = start().await;
    let answer = gateway.auth(json!({ "capture": "y" })).await;
    assert_eq!(answer["batchid"], "1900941444");
    assert_eq!(gateway.inquire(&text(&answer, "retref")).await["setlstat"], "Queued for Capture");
    let rpct = gateway.auth(json!({ "capture": "Y", "merchid": RPCT })).await;
    assert_members(&rpct, json!({ "batchid": "270", "respproc": "RPCT", "respcode": "000" }));
}

#[tokio::test]
async fn a_decline_has_no_authcode_no_verification_and_no_amount_and_is_on_record() {
    let gateway = start().await;
    let answer = gateway.auth(json!({ "account": POOR_VISA, "capture": "Y", "cvv2": "123" })).await;
    assert_members(
        &answer,
        json!({
            "respstat": "C", "respproc": "FNOR", "cardproc": "FNOR", "respcode": "NU",
            "resptext": "Insufficient funds", "amount": "0.00", "token": "9435885049491053",
        }),
    );
    for absent in ["authcode", "avsresp", "cvvresp", "batchid"] {
        assert_eq!(answer.get(absent), None, "{absent}");
    }
    let record = gateway.inquire(&text(&answer, "retref")).await;
    assert_members(&record, json!({ "setlstat": "Declined", "respcode": "NU", "voidable": "N" }));
}

#[tokio::test]
async fn fixed_cards_answer_by_processor_and_by_token_as_well() {
    let gateway = start().await;
    let cases = [
        ("4788250000121443", "00", "000"),
        ("371449635398431", "00", "000"),
        ("36438999960016", "00", "000"),
        ("6011000995511122", "01", "107"),
        ("5442981111111031", "05", "100"),
        ("4387751111111046", "54", "101"),
        ("9435885049491053", "NU", "500"),
    ];
    for (account, fnor, rpct) in cases {
        assert_eq!(gateway.auth(json!({ "account": account })).await["respcode"], fnor, "{account}");
        let answer = gateway.auth(json!({ "account": account, "merchid": RPCT })).await;
        assert_eq!(answer["respcode"], rpct, "{account}");
    }
    let approved = gateway.auth(json!({ "account": "3528000000000007" })).await;
    assert_eq!(approved["authcode"], "PPS007");
}

#[tokio::test]
async fn a_verification_of_nothing_declines_for_a_card_that_declines() {
    let gateway = start().await;
    let good = gateway.auth(json!({ "amount": "0", "cvv2": "111", "postal": "55112", "capture": "Y" })).await;
    assert_members(&good, json!({ "respstat": "A", "amount": "0.00", "cvvresp": "N", "avsresp": "N" }));
    assert_eq!(good.get("batchid"), None);
    assert_eq!(gateway.inquire(&text(&good, "retref")).await["setlstat"], "Zero Amount");
    let poor = gateway.auth(json!({ "amount": "0.00", "account": POOR_VISA })).await;
    assert_members(&poor, json!({ "respstat": "C", "respcode": "NU" }));
}

#[tokio::test]
async fn a_merchant_without_avs_needs_a_cvv_to_verify_a_card() {
    let gateway = start_merchant(Settings { avs: false, ..Settings::default() }).await;
    assert_eq!(gateway.auth(json!({ "amount": "0" })).await["respcode"], "38");
    assert_eq!(gateway.auth(json!({ "amount": "0", "cvv2": "123" })).await["respstat"], "A");
    assert_eq!(gateway.auth(json!({ "postal": "55112" })).await["avsresp"], " ");
}

#[tokio::test]
async fn a_partial_approval_is_an_approval_for_less() {
    let gateway = start().await;
    let card = "4387750101010101";
    let answer = gateway.auth(json!({ "account": card, "amount": "6.00", "capture": "Y" })).await;
    assert_members(&answer, json!({ "respstat": "A", "respcode": "10", "amount": "5.00" }));
    assert_eq!(gateway.inquire(&text(&answer, "retref")).await["amount"], "5.00");
    let rpct = gateway.auth(json!({ "account": card, "amount": "6.00", "merchid": RPCT })).await;
    assert_members(&rpct, json!({ "respstat": "A", "respcode": "002", "amount": "5.00" }));
    let below = gateway.auth(json!({ "account": card, "amount": "5.99" })).await;
    assert_members(&below, json!({ "respcode": "00", "amount": "5.99" }));
}

#[tokio::test]
async fn whole_dollar_amounts_choose_the_code_and_its_kind() {
    let gateway = start().await;
    let ask = async |amount: &str, merchid: &str| {
        let answer = gateway.auth(json!({ "amount": amount, "merchid": merchid })).await;
        (text(&answer, "respstat"), text(&answer, "respcode"), text(&answer, "amount"))
    };
    let answer = |stat: &str, code: &str, amount: &str| (stat.to_owned(), code.to_owned(), amount.to_owned());
    assert_eq!(ask("1051.00", MID).await, answer("C", "51", "0.00"));
    assert_eq!(ask("1091.37", MID).await, answer("B", "91", "0.00"));
    assert_eq!(ask("1554.00", RPCT).await, answer("C", "554", "0.00"));
    assert_eq!(ask("1505.00", RPCT).await, answer("B", "505", "0.00"));
    assert_eq!(ask("1777.00", MID).await, answer("A", "00", "1777.00"), "no such code: approved");
    assert_eq!(ask("105100", MID).await, answer("C", "51", "0.00"), "minor units without a point");
}

#[tokio::test]
async fn an_amount_without_a_point_is_minor_units_as_text_and_as_a_number() {
    let gateway = start().await;
    let cases = [
        (json!(500), "5.00"),
        (json!("500"), "5.00"),
        (json!(5.25), "5.25"),
        (json!("5.25"), "5.25"),
        (json!(500.0), "500.00"),
        (json!("500.00"), "500.00"),
    ];
    for (sent, read) in cases {
        assert_eq!(gateway.auth(json!({ "amount": sent })).await["amount"], read, "{sent}");
    }
    assert_eq!(gateway.auth(json!({ "amount": -500 })).await["respcode"], "45");
}

#[tokio::test]
async fn the_gateways_own_checks_have_their_codes_and_name_the_processor_behind() {
    let gateway = start().await;
    let cases: [(Value, &str); 17] = [
        (json!({ "account": "4111111111111112" }), "13"),
        (json!({ "account": "1234567812345670" }), "33"),
        (json!({ "account": "4111" }), "11"),
        (json!({ "account": null }), "11"),
        (json!({ "account": "9411111111111111" }), "98"),
        (json!({ "cvv2": "12a" }), "14"),
        (json!({ "cvv2": "12345" }), "34"),
        (json!({ "expiry": "ab49" }), "15"),
        (json!({ "expiry": null }), "15"),
        (json!({ "postal": "1234567890" }), "17"),
        (json!({ "currency": "XXQ" }), "31"),
        (json!({ "currency": "CAD" }), "32"),
        (json!({ "orderid": "o".repeat(51) }), "34"),
        (json!({ "amount": "1.234" }), "43"),
        (json!({ "amount": null }), "43"),
        (json!({ "amount": "1000000000.00" }), "42"),
        (json!({ "amount": "-5.00" }), "45"),
    ];
    for (change, code) in cases {
        let answer = gateway.auth(change.clone()).await;
        let expected = json!({ "respstat": "C", "respproc": "PPS", "respcode": code, "cardproc": "FNOR", "amount": "0.00" });
        assert!(
            expected.as_object().unwrap().iter().all(|(name, value)| answer[name] == *value),
            "{change}: {answer}"
        );
    }
}

#[tokio::test]
async fn an_expired_card_is_declined_by_the_processor() {
    let gateway = start().await;
    for (merchid, code) in [(MID, "54"), (RPCT, "101")] {
        let answer = gateway.auth(json!({ "expiry": "12/2000", "merchid": merchid })).await;
        assert_eq!(answer["respcode"], code);
        assert_eq!(answer["cardproc"], answer["respproc"]);
    }
    gateway.simulator.advance_clock(86_400 * 365 * 30);
    assert_eq!(
        gateway.auth(json!({})).await["respcode"],
        "54",
        "1249 is past when the clock has been pushed"
    );
}

#[tokio::test]
async fn a_time_out_card_answers_retry_and_leaves_a_declined_record() {
    let gateway = start().await;
    for card in ["4999006200620062", "5111006200620062", "6465006200620062"] {
        let answer = gateway.auth(json!({ "account": card, "orderid": card.replace('0', "t") })).await;
        assert_members(
            &answer,
            json!({
                "respstat": "B", "respproc": "PPS", "respcode": "62", "resptext": "Timed out",
                "setlstat": "Declined", "amount": "0.00", "currency": "USD", "expiry": "1249",
            }),
        );
        assert_eq!(gateway.inquire(&text(&answer, "retref")).await["setlstat"], "Declined");
    }
}

#[tokio::test]
async fn merchants_of_other_currencies_take_only_their_own() {
    let gateway = start().await;
    let config = Config::default();
    for merchant in config.merchants.iter().filter(|merchant| merchant.currency != "USD") {
        let mut sale = json!({ "merchid": merchant.merchid, "currency": merchant.currency });
        assert_eq!(gateway.auth(sale.clone()).await["respstat"], "A");
        sale["currency"] = json!("USD");
        assert_eq!(gateway.auth(sale).await["respcode"], "32");
    }
}

#[tokio::test]
async fn unknown_and_closed_merchant_accounts_are_refused() {
    let gateway = start_merchant(Settings { enabled: false, ..Settings::default() }).await;
    assert_members(&gateway.auth(json!({})).await, json!({ "respproc": "PPS", "respcode": "97" }));
    let unknown = json!({ "merchid": "123456789012" });
    let response = gateway.request(Method::PUT, "/auth").json(&unknown).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let other = Settings { unknown_merchid: UnknownMerchid::Refused, ..Settings::default() };
    let other = start_merchant(other).await;
    assert_members(&other.auth(unknown).await, json!({ "respproc": "PPS", "respcode": "21" }));
    assert!(gateway.simulator.transactions().is_empty());
}

#[tokio::test]
async fn tokenize_masks_the_account_and_receipt_brings_the_order_id() {
    let gateway = start().await;
    let answer =
        gateway.auth(json!({ "tokenize": "Y", "receipt": "Y", "orderid": "A-1", "name": "Ann Smith" })).await;
    assert_members(&answer, json!({ "account": "41XXXXXXXXXX1111", "orderId": "A-1" }));
    assert_eq!(answer["receipt"]["nameOnCard"], "Ann Smith");
}

#[tokio::test]
async fn card_scheme_and_recurring_advice_come_with_their_declines() {
    let gateway = start().await;
    let scheme = gateway.auth(json!({ "account": "4387751111111012", "amount": "2888.18" })).await;
    assert_members(&scheme, json!({ "respcode": "54", "assocRespCode": "51", "declineCategory": "3" }));

    let card = json!({ "account": "5442981111111064", "expiry": "1249", "cofscheduled": "Y" });
    let pay = async |cof: &str, amount: &str| {
        let mut sale = card.clone();
        sale["cof"] = json!(cof);
        sale["amount"] = json!(amount);
        if cof == "M" {
            sale["ecomind"] = json!("R");
        }
        gateway.auth(sale).await
    };
    assert_eq!(pay("M", "2999.21").await["respstat"], "A", "no series yet");
    assert_members(&pay("C", "10.00").await, json!({ "respstat": "A", "cof": "C" }));
    let stopped = pay("M", "2999.21").await;
    assert_members(&stopped, json!({ "respcode": "05", "merchAdviceCode": "21" }));
    assert_eq!(stopped.get("declineCategory"), None, "Visa's alone");
    let record = gateway.inquire(&text(&stopped, "retref")).await;
    assert_eq!(record["merchAdviceCode"], "21", "look-ups carry it as well");
}

#[tokio::test]
async fn a_recurring_payment_that_is_not_marked_as_one_is_declined_if_the_account_says_so() {
    let strict = Settings { recurring_needs_ecomind: true, ..Settings::default() };
    let gateway = start_merchant(strict).await;
    let unmarked = json!({ "cof": "M", "cofscheduled": "Y", "ecomind": "E" });
    let declined = gateway.auth(unmarked.clone()).await;
    assert_members(
        &declined,
        json!({ "respstat": "C", "respproc": "FNOR", "respcode": "12", "amount": "0.00" }),
    );
    let marked = json!({ "cof": "M", "cofscheduled": "Y", "ecomind": "R" });
    assert_members(&gateway.auth(marked).await, json!({ "respstat": "A", "entrymode": "Recurring" }));
    let once = json!({ "cof": "M", "cofscheduled": "N", "ecomind": "E" });
    assert_eq!(gateway.auth(once).await["respstat"], "A", "not scheduled, so not recurring");

    assert_eq!(start().await.auth(unmarked).await["respstat"], "A");
}

#[tokio::test]
async fn rapid_connect_takes_a_payment_as_recurring_only_with_its_card_on_file_members() {
    let gateway = start().await;
    let pay = async |mid: &str, cof: Value| {
        text(&gateway.auth(json!({ "merchid": mid, "ecomind": "R", "cof": cof })).await, "entrymode")
    };
    assert_eq!(pay(RPCT, json!(null)).await, "Moto");
    assert_eq!(pay(RPCT, json!("M")).await, "Recurring");
    assert_eq!(pay(MID, json!(null)).await, "Recurring");
}

#[tokio::test]
async fn bin_data_come_along_when_they_are_requested() {
    let gateway = start().await;
    let answer = gateway.auth(json!({ "bin": "Y" })).await;
    assert_members(
        &answer["binInfo"],
        json!({ "product": "V", "bin": "411111", "country": "USA", "prepaid": false }),
    );
    assert_eq!(gateway.auth(json!({})).await.get("binInfo"), None);
}

#[tokio::test]
async fn one_seed_and_one_sequence_of_requests_give_the_same_answers() {
    let (first, second) = (start().await, start().await);
    for _ in 0..5 {
        assert_eq!(first.auth(json!({})).await, second.auth(json!({})).await);
    }
}

#[tokio::test]
async fn no_card_number_and_no_cvv_stay_in_the_ledger() {
    let gateway = start().await;
    let number: u64 = VISA.parse().unwrap();
    let userfields = json!([{ "card": VISA }, { VISA: [number] }]);
    let sale = json!({
        "cvv2": "987", "name": format!("card {VISA}"), "orderid": VISA, "userfields": userfields,
    });
    let retref = gateway.authorized(sale).await;
    gateway.put("capture", json!({ "retref": retref, "userfields": { "card": VISA } })).await;
    gateway.auth(json!({ "account": VISA, "cvv2": "987", "amount": "1051.00" })).await;
    let ledger = format!("{:?}", gateway.simulator.transactions());
    assert!(!ledger.contains(VISA) && !ledger.contains("\"987\"") && !ledger.contains("cvv"), "{ledger}");
    assert!(ledger.contains("41XXXXXXXXXX1111"));
}
