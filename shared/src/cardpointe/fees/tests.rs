//! The meaning of fee members, in both documented forms and in none.

use std::borrow::Borrow;

use serde_json::{Value, json};

use super::*;

fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

/// A response with this total and these fee members.
fn reply(total: &str, fee: &Value) -> GatewayReply {
    let mut body = json!({ "amount": total });
    body.as_object_mut().unwrap().extend(fee.as_object().unwrap().clone());
    GatewayReply::parse(body.to_string().as_bytes()).unwrap()
}

/// Amount and fee in minor units.
fn minor(charged: Option<Charged>) -> Option<(u64, u64)> {
    charged.map(|charged| {
        assert!(charged.fee.is_none_or(|fee| fee.kind == FeeKind::Surcharge && !fee.amount.is_zero()));
        (charged.amount.minor(), charged.fee.map_or(0, |fee| fee.amount.minor()))
    })
}

/// The amount and fee of a payment of 1.00.
fn paid(total: &str, fee: impl Borrow<Value>) -> Option<(u64, u64)> {
    minor(of_payment(&reply(total, fee.borrow()), amount(100)))
}

/// The same of 100.00.
fn paid_more(total: &str, fee: impl Borrow<Value>) -> Option<(u64, u64)> {
    minor(of_payment(&reply(total, fee.borrow()), amount(10_000)))
}

fn guide(fee: &str) -> Value {
    json!({ "fee_type": "SURCHRG", "fee_format": "percent", "fee_value": "300", "fee_amount": fee })
}

fn reference(fee: &str) -> Value {
    json!({ "fee_type": "S", "fee_format": "percent", "fee_value": "3", "fee_amount": fee })
}

#[test]
fn a_surcharge_in_either_documented_form_is_beside_the_amount() {
    for form in [guide, reference] {
        assert_eq!(paid("1.03", form("0.03")), Some((100, 3)));
        assert_eq!(paid("103", form("3")), Some((100, 3)), "minor units");
        assert_eq!(paid_more("114.02", form("1402")), Some((10_000, 1402)), "the example of the documents");
        assert_eq!(paid("1.00", form("0.00")), Some((100, 0)), "nothing is no fee");
        assert_eq!(paid_more("51.50", form("1.50")), Some((5_000, 150)), "approved in part");
        assert_eq!(paid("1.00", form("0.03")), Some((97, 3)), "approved in part");
        assert_eq!(paid("0.03", form("0.03")), Some((0, 3)), "nothing but a fee");
    }
    let as_numbers = json!({ "fee_type": "S", "fee_amount": 3 });
    assert_eq!(paid("1.03", as_numbers), Some((100, 3)));
    assert_eq!(paid("1.03", json!({ "fee_type": "surchrg", "fee_amount": "0.03" })), Some((100, 3)));
}

#[test]
fn a_fee_that_does_not_explain_the_excess_decides_nothing() {
    for fee in ["0.02", "0.00", "-0.03", "3 %", "0.030"] {
        assert_eq!(paid("1.03", guide(fee)), None, "{fee}");
    }
    // More than the total.
    assert_eq!(paid("1.03", guide("2.00")), None);
    assert_eq!(paid("-1.03", guide("0.03")), None);
    // It cannot be told which part was approved.
    for fee in ["-0.01", "x"] {
        assert_eq!(paid("0.50", guide(fee)), None, "{fee}");
        assert_eq!(paid("1.00", guide(fee)), Some((100, 0)), "{fee}");
    }
    for nothing_said in
        [json!({}), json!({ "fee_amount": "0.03" }), json!({ "fee_type": null, "fee_amount": "0.03" })]
    {
        assert_eq!(paid("1.03", nothing_said.clone()), None, "{nothing_said}");
        assert_eq!(paid("1.00", nothing_said.clone()), Some((100, 0)), "{nothing_said}");
        assert_eq!(paid("0.50", nothing_said.clone()), Some((50, 0)), "{nothing_said}");
    }
}

#[test]
fn what_is_waived_is_no_fee() {
    for kind in ["SURCHRG_WAIVED", "N"] {
        let fee = |amount: &str| json!({ "fee_type": kind, "fee_format": "", "fee_value": "0", "fee_amount": amount });
        assert_eq!(paid("1.00", fee("0.00")), Some((100, 0)));
        assert_eq!(paid("0.50", fee("0.00")), Some((50, 0)));
        assert_eq!(paid("1.03", fee("0.03")), None, "it contradicts itself");
        assert_eq!(paid("1.03", fee("0.00")), None);
    }
    let by_amount_alone = json!({ "fee_type": "S", "fee_format": "percent", "fee_value": "3" });
    assert_eq!(paid("1.00", by_amount_alone), Some((100, 0)));
}

#[test]
fn a_fee_that_is_a_transaction_of_its_own_explains_nothing() {
    for kind in ["C", "F", "SOMETHING"] {
        let fee =
            json!({ "fee_type": kind, "fee_format": "flat", "fee_value": "0.03", "fee_amount": "0.03" });
        assert_eq!(paid("1.00", fee.clone()), Some((100, 0)), "{kind}");
        assert_eq!(paid("1.03", fee.clone()), None, "{kind}");
        assert_eq!(paid("0.97", fee), None, "{kind}");
    }
}

#[test]
fn an_inquiry_without_a_fees_amount_is_believed_if_its_rate_explains_the_total() {
    let at = |kind: &str, format: &str, value: &str| json!({ "fee_type": kind, "fee_format": format, "fee_value": value });
    for kind in ["S", "SURCHRG"] {
        for rate in ["300", "3", "3.0", "3.00"] {
            assert_eq!(paid("1.03", at(kind, "percent", rate)), Some((100, 3)), "{kind} {rate}");
            assert_eq!(paid("1.02", at(kind, "percent", rate)), None, "{kind} {rate}");
            assert_eq!(paid("1.04", at(kind, "PERCENT", rate)), None, "{kind} {rate}");
            // Half up: 3 % of 24.99.
            let charged = of_payment(&reply("25.74", &at(kind, "percent", rate)), amount(2499));
            assert_eq!(minor(charged), Some((2499, 75)));
        }
        assert_eq!(paid_more("102.50", at(kind, "percent", "2.5")), Some((10_000, 250)));
        assert_eq!(paid_more("102.50", at(kind, "percent", "250")), Some((10_000, 250)));
        assert_eq!(paid("2.50", at(kind, "flat", "1.50")), Some((100, 150)));
        assert_eq!(paid("2.51", at(kind, "flat", "1.50")), None);
        for (format, value) in [
            ("", "300"),
            ("other", "300"),
            ("percent", ""),
            ("percent", "-3"),
            ("percent", "three"),
            ("percent", ".3"),
        ] {
            assert_eq!(paid("1.03", at(kind, format, value)), None, "{format} {value}");
        }
        assert_eq!(paid("0.51", at(kind, "percent", "300")), None, "what of it is the fee is not said");
    }
    for (rate, read) in [("0.3", true), (".3", false), ("+0.3", false), ("0.3000", true), ("0.30000", false)]
    {
        let expected = read.then_some((10_000, 30));
        assert_eq!(paid_more("100.30", at("S", "percent", rate)), expected, "{rate}");
    }
    assert_eq!(paid("1.03", at("C", "percent", "3")), None);
    assert_eq!(paid("1.03", at("SURCHRG_WAIVED", "percent", "3")), None);
    let huge = at("S", "percent", "18446744073709551615");
    assert_eq!(minor(of_payment(&reply("1.03", &huge), Amount::MAX)), None, "nothing overflows");
}

fn share(is_whole: bool, share: u64, left: u64) -> FeeShare {
    let kind = FeeKind::Surcharge;
    FeeShare { is_whole, share: amount(share), left: amount(left), kind, basis: None }
}

/// The amount and fee of a refund of 50.00, of 100.00 with 3.00.
fn moved(total: &str, fee: impl Borrow<Value>) -> Option<(u64, u64)> {
    minor(of_follow_up(&reply(total, fee.borrow()), amount(5_000), Some(share(false, 150, 300))))
}

#[test]
fn a_follow_up_moves_its_part_with_or_without_its_share_in_the_total() {
    let silent = || json!({});
    for (total, expected) in [
        ("50.00", Some((5_000, 150))),
        ("51.50", Some((5_000, 150))),
        ("-51.50", Some((5_000, 150))),
        // The gateway may round its share another way.
        ("51.49", Some((5_000, 149))),
        ("51.51", Some((5_000, 151))),
        ("51.48", None),
        ("51.52", None),
        ("49.99", None),
        ("53.00", None),
        ("0.00", None),
    ] {
        assert_eq!(moved(total, silent()), expected, "{total}");
    }
    let cent = |share| minor(of_follow_up(&reply("0.16", &silent()), amount(16), Some(share)));
    assert_eq!(cent(share(false, 1, 4)), Some((16, 0)), "a cent may be rounded to nothing");
    assert_eq!(cent(share(true, 1, 1)), Some((16, 1)), "not where nothing is rounded");
    assert_eq!(cent(share(false, 2, 4)), Some((16, 2)), "nor two cents");
    let most = |total: &str| {
        minor(of_follow_up(&reply(total, &silent()), amount(5_000), Some(share(false, 150, 150))))
    };
    assert_eq!(most("51.50"), Some((5_000, 150)));
    assert_eq!(most("51.51"), None, "more than what is left");
    let whole = |total: &str| {
        minor(of_follow_up(&reply(total, &silent()), amount(10_000), Some(share(true, 300, 300))))
    };
    for (total, expected) in
        [("103.00", Some((10_000, 300))), ("100.00", Some((10_000, 300))), ("102.99", None), ("103.01", None)]
    {
        assert_eq!(whole(total), expected, "{total}: nothing is rounded");
    }
}

#[test]
fn a_follow_ups_own_fee_members_win() {
    for form in [guide, reference] {
        assert_eq!(moved("51.50", form("1.50")), Some((5_000, 150)));
        assert_eq!(moved("-51.50", form("-1.50")), Some((5_000, 150)));
        assert_eq!(moved("52.00", form("2.00")), Some((5_000, 200)), "it says so");
        assert_eq!(moved("53.00", form("3.00")), Some((5_000, 300)), "all that is left");
        assert_eq!(moved("50.00", form("0.00")), Some((5_000, 0)));
        assert_eq!(moved("50.00", form("1.50")), None);
        assert_eq!(moved("51.50", form("1.49")), None);
        assert_eq!(moved("53.01", form("3.01")), None, "more than what is left");
        assert_eq!(moved("51.50", form("?")), None);
    }
    let without_amount = json!({ "fee_type": "SURCHRG", "fee_format": "percent", "fee_value": "300" });
    assert_eq!(moved("51.50", without_amount), Some((5_000, 150)));
}

#[test]
fn a_follow_up_of_a_payment_without_a_fee_moves_its_amount_alone() {
    for (total, expected) in [("50.00", Some((5_000, 0))), ("51.50", None), ("49.99", None)] {
        for fee in [json!({}), guide("1.50")] {
            assert_eq!(minor(of_follow_up(&reply(total, &fee), amount(5_000), None)), expected, "{total}");
        }
    }
}
