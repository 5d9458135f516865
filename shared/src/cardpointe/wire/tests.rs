//! The text that is sent and read.

use tollgate_core::{
    order::{FeeBasis, FeeShare, Route},
    payments::Card,
    values::{Brand, CardAccount, Expiry, FeeKind, Metadata, SecurityCode},
};

use super::*;
use crate::cardpointe::NAME;

fn reply(json: &str) -> GatewayReply {
    GatewayReply::parse(json.as_bytes()).expect("a response")
}

#[test]
fn extra_keys_of_any_type_and_odd_types_do_not_hide_the_response() {
    let reply = reply(
        r#"{"zz":["x",{"y":1}],"respcode":0,"amount":"25.99","kq":{"a":null},"respstat":"A","token":["9"]}"#,
    );
    assert_eq!(reply.respstat.as_deref(), Some("A"));
    assert_eq!(reply.respcode.as_deref(), Some("0"));
    assert_eq!(reply.amount(), Some((Amount::new(2599).expect("in range"), false)));
    assert_eq!(reply.token, None);
}

#[test]
fn a_response_in_an_array_is_read_and_two_are_not() {
    assert!(GatewayReply::parse(br#"[{"respstat":"A"}]"#).is_some());
    assert!(GatewayReply::parse(br#"[{"respstat":"A"},{"respstat":"C"}]"#).is_none());
    assert!(GatewayReply::parse(b"Null batches").is_none());
    assert!(GatewayReply::parse(b"<html></html>").is_none());
}

#[test]
fn an_amount_has_two_decimals_or_is_in_minor_units() {
    for (text, is_negative) in [("25.99", false), ("2599", false), ("-2599", true)] {
        let reply = GatewayReply { amount: Some(text.to_owned()), ..GatewayReply::default() };
        assert_eq!(reply.amount(), Some((Amount::new(2599).expect("in range"), is_negative)), "{text}");
    }
    for odd in [
        "25.9", "25.990", "", ".", "1e3.00", "1e3", "25,99", "--1.00", "--1", "1.0a", "-", ".99", "+25.99",
        "+2599",
    ] {
        let reply = GatewayReply { amount: Some(odd.to_owned()), ..GatewayReply::default() };
        assert_eq!(reply.amount(), None, "{odd}");
    }
    let refund = GatewayReply { amount: Some("-25.99".to_owned()), ..GatewayReply::default() };
    assert_eq!(refund.amount(), Some((Amount::new(2599).expect("in range"), true)));
}

#[test]
fn a_token_tells_brand_and_last_four_of_a_stored_card() {
    let token = CardToken::parse("9477709629051443").expect("a token");
    assert_eq!((token.brand, token.last_four.as_deref()), (Some(Brand::Visa), Some("1443")));
    assert_eq!(format!("{token:?}"), "CardToken(***)");
    for odd in ["9\u{e9}", "947770962905144", "94777096290514430", "947770962905144x", ""] {
        assert_eq!(CardToken::parse(odd), None, "{odd}");
    }
}

#[test]
fn a_card_number_in_the_tokens_place_or_in_a_text_is_not_kept() {
    let reply = reply(r#"{"token":"4111111111111111","resptext":"Card 4111111111111111 refused"}"#);
    let response = reply.response();
    assert_eq!(response.token, None);
    assert!(!response.text.expect("a text").contains("411111111111"));
}

/// The body that `auth` is sent for a card.
fn auth_of(labels: Option<Labels<'_>>, save: bool) -> Value {
    auth_with("4788250000121443", labels, save)
}

fn auth_with(account: &str, labels: Option<Labels<'_>>, save: bool) -> Value {
    let account = CardAccount::parse(account).unwrap();
    let security_code = SecurityCode::parse("123", None).ok().filter(|_| !account.is_token());
    let expiry = Expiry::new(12, 2031).unwrap();
    let name = "Larry Jones".to_owned();
    let card = Card { account, expiry, security_code, name, billing: None, save, series: false };
    auth_by(&PaymentSource::Card(Box::new(card)), labels)
}

fn auth_by(source: &PaymentSource, labels: Option<Labels<'_>>) -> Value {
    let (endpoint, body) = sent(Command::Authorize(source), labels);
    assert_eq!(endpoint, "auth");
    body
}

/// The endpoint, and the body that it is sent.
fn sent(command: Command<'_>, labels: Option<Labels<'_>>) -> (&'static str, Value) {
    let instruction = Instruction {
        route: &Route { gateway: NAME.into(), account: "1".to_owned(), endpoint: String::new() },
        currency: Currency::USD,
        amount: Amount::new(2050).unwrap(),
        gateway_order_id: "TGA",
        order: &"o".parse().unwrap(),
        ours: Vec::new(),
        labels: labels.unwrap_or_default(),
        command,
    };
    let (endpoint, body) = request(&instruction);
    (endpoint, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_token_is_sent_in_the_cards_place_and_no_security_code_is_made_up() {
    let sent = auth_with("9477709629051443", None, false);
    assert_eq!((&sent["account"], &sent["expiry"]), (&"9477709629051443".into(), &"1231".into()));
    assert_eq!((sent.get("cvv2"), sent.get("cof")), (None, None));
    assert_eq!(auth_of(None, false)["cvv2"], "123");
}

#[test]
fn a_card_is_stored_only_when_its_holder_agreed() {
    let sent = auth_of(None, false);
    assert_eq!((sent.get("profile"), sent.get("cofpermission")), (None, None));
    let sent = auth_of(None, true);
    assert_eq!((&sent["profile"], &sent["cofpermission"]), (&"Y".into(), &"Y".into()));
    let stored_at = |ids: &str| reply(&format!(r#"{{"respstat":"A",{ids}}}"#)).response().stored;
    let stored = StoredCard { profile: "16178397535388255208".to_owned(), account: "1".to_owned() };
    assert_eq!(stored_at(r#""profileid":"16178397535388255208","acctid":"1""#), Some(stored));
    for odd in [
        r#""profileid":"16178397535388255208""#,
        r#""profileid":"161783975353882552081","acctid":"1""#,
        r#""profileid":"x","acctid":"1""#,
        r#""profileid":"1","acctid":"1000""#,
    ] {
        assert_eq!(stored_at(odd), None, "{odd}");
    }
}

#[test]
fn the_card_schemes_are_told_who_makes_a_payment_with_a_stored_card() {
    let shown =
        |sent: &Value| ["ecomind", "cof", "cofscheduled"].map(|name| sent[name].as_str().map(str::to_owned));
    let told = |ecomind: &str, cof: Option<&str>, scheduled: Option<&str>| {
        [Some(ecomind), cof, scheduled].map(|text| text.map(str::to_owned))
    };
    // The first payment, which stores the card, is its holder's.
    assert_eq!(shown(&auth_of(None, true)), told("E", Some("C"), Some("N")));
    assert_eq!(shown(&auth_of(None, false)), told("E", None, None));
    for (initiator, expected) in [
        (Initiator::Customer, told("E", Some("C"), Some("N"))),
        (Initiator::Merchant { scheduled: false }, told("E", Some("M"), Some("N"))),
        (Initiator::Merchant { scheduled: true }, told("R", Some("M"), Some("Y"))),
    ] {
        let (account, profile) = ("1".to_owned(), "16178397535388255208".to_owned());
        let sent = auth_by(&PaymentSource::Profile { account, profile, initiator }, None);
        assert_eq!(shown(&sent), expected, "{initiator:?}");
        assert_eq!(sent["profile"], "16178397535388255208/1");
    }
}

#[test]
fn finance_finds_a_payment_by_the_merchants_own_reference() {
    let metadata = metadata([("invoice", "7"), ("channel", "café")]);
    let labels = Labels {
        reference: Some("2343-0988"),
        description: Some("Booking for Zoë"),
        metadata: Some(&metadata),
        email: Some("larry@example.com"),
    };
    let sent = auth_of(Some(labels), false);
    let expected = serde_json::json!([
        {"order_id": "o"}, {"reference": "2343-0988"}, {"description": "Booking for Zoe"},
        {"metadata": "channel=cafe; invoice=7"},
    ]);
    assert_eq!((&sent["userfields"], &sent["email"]), (&expected, &"larry@example.com".into()));
    assert_eq!(auth_of(None, false)["userfields"], serde_json::json!([{"order_id": "o"}]));
}

fn metadata<const N: usize>(members: [(&str, &str); N]) -> Metadata {
    Metadata::new(members.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap()
}

/// The gateway refuses a request whose free fields are longer than that.
#[test]
fn the_longest_labels_stay_below_what_free_fields_may_have() {
    let (quotes, long) = ("\"".repeat(255), "\\".repeat(240));
    let names: Vec<String> = (0..8).map(|n| format!("name_{n}")).collect();
    let metadata = Metadata::new(names.iter().map(|name| (name.clone(), long.clone())).collect()).unwrap();
    let (reference, description) = (Some(quotes.as_str()), Some(quotes.as_str()));
    let labels = Labels { reference, description, metadata: Some(&metadata), email: None };
    let payment = KnownPayment { reference: "111", fee: None };
    let sent = sent(Command::Refund(payment), Some(labels)).1;
    assert!(sent["userfields"].to_string().len() < 3_500, "{}", sent["userfields"]);
    let whole = format!("name_0={long}; name_1={long}; name_2={long}; name_3={long}");
    assert_eq!(sent["userfields"][3]["metadata"], whole, "and no part of a member");
}

#[test]
fn names_become_ascii_and_postal_codes_lose_their_punctuation() {
    assert_eq!(ascii("José Müller", TEXT_MAX).as_deref(), Some("Jose Muller"));
    assert_eq!(ascii("   ", TEXT_MAX), None);
    assert_eq!(postal("90001-1234").as_deref(), Some("900011234"));
    assert_eq!(postal("K1C 2N6").as_deref(), Some("K1C2N6"));
}

#[test]
fn a_capture_and_a_refund_name_their_amount_except_for_all_of_a_payment_with_a_fee() {
    let share = |is_whole, basis| {
        let [share, left] = [62, 310].map(|minor| Amount::new(minor).unwrap());
        Some(FeeShare { is_whole, share, left, kind: FeeKind::Surcharge, basis })
    };
    for (fee, named) in [
        (None, Some("20.50")),
        (share(false, Some(FeeBasis::Subtotal)), Some("20.50")),
        (share(false, Some(FeeBasis::Total)), Some("21.12")),
        (share(true, None), None),
        (share(true, Some(FeeBasis::Total)), None),
    ] {
        let payment = KnownPayment { reference: "111", fee };
        for (command, names) in [
            (Command::Capture(payment), named),
            (Command::Refund(payment), named),
            (Command::Void(payment), None),
        ] {
            let (endpoint, body) = sent(command, None);
            assert_eq!(body.get("amount").and_then(Value::as_str), names, "{endpoint} {fee:?}");
        }
    }
}

/// The gateway does not always find a refund by its order id, and an inquiry about the payment
/// shows these.
#[test]
fn a_refund_says_which_attempt_of_which_order_it_is() {
    let payment = KnownPayment { reference: "111", fee: None };
    let fields = |command| sent(command, None).1.get("userfields").cloned();
    let expected = serde_json::json!([{"order_id": "o"}, {"attempt": "TGA"}]);
    assert_eq!(fields(Command::Refund(payment)), Some(expected));
    assert_eq!(fields(Command::Capture(payment)), None);
    assert_eq!(fields(Command::Void(payment)), None);
}

#[test]
fn a_response_does_not_say_how_it_was_judged() {
    let response = reply(r#"{"respstat":"A","settlement_rejected":true,"unproven":true}"#).response();
    assert!(!response.settlement_rejected, "only an inquiry tells what the settlement did");
    assert!(!response.unproven, "an approval has nothing to prove");
}

#[test]
fn a_record_that_tells_another_fee_is_another_one() {
    let record = |fee: &str| {
        reply(&format!(r#"{{"retref":"1","amount":"1.03","fee_type":"S","fee_amount":"{fee}"}}"#))
    };
    assert!(record("0.03").says_the_same_as(&record("0.03")));
    assert!(!record("0.03").says_the_same_as(&record("0.02")));
}

#[test]
fn the_first_payment_of_a_series_says_so_beside_what_it_stores() {
    let account = CardAccount::parse("4111111111111111").unwrap();
    let (security_code, name, expiry) = (None, String::new(), Expiry::new(12, 2031).unwrap());
    let card = Card { account, expiry, security_code, name, billing: None, save: true, series: true };
    let sent = auth_by(&PaymentSource::Card(Box::new(card)), None);
    for (member, expected) in
        [("ecomind", "E"), ("profile", "Y"), ("cof", "C"), ("cofscheduled", "Y"), ("cofpermission", "Y")]
    {
        assert_eq!(sent[member], expected, "{member}");
    }
}

#[test]
fn a_schemes_words_are_kept_as_stated_in_either_case_and_of_a_decline_only() {
    let words = |respstat: &str, members: &str| {
        reply(&format!(r#"{{"respstat":"{respstat}",{members}}}"#)).response().scheme.map(|words| *words)
    };
    let code = |code: &str, text: Option<&str>| SchemeCode::stated(Some(code), text);
    let expected = SchemeWords {
        advice: code("03", Some("Account closed")),
        response: code("14", None),
        category: code("1", None),
    };
    let camel = r#""merchAdviceCode":"03","merchAdviceText":"Account closed","assocRespCode":"14","declineCategory":1"#;
    assert_eq!(words("C", camel), Some(expected.clone()));
    assert_eq!(words("C", &camel.to_lowercase().replace("account", "Account")), Some(expected));
    assert_eq!(words("A", camel), None);
    assert_eq!(words("C", r#""merchAdviceCode":"","declineCategory":" ","assocRespText":"x""#), None);
}
