//! Responses, read back.

use proptest::prelude::*;
use tollgate_core::{
    order::{CurrencyLimit, Kind, NoEffect, Rejection},
    payments::Refusal,
    values::{Amount, Currency, FeeKind},
};
use tollgate_wire::credit_card::{Facts, Message, Outgoing, ResponseCode};
use uuid::Uuid;

use super::{
    NAMESPACE,
    outgoing::{json, of_failure, of_payment, xml},
    reference::{key_digest, payment_id},
};
use crate::api::{
    Code, Document, Failure, Node,
    body::{self, Names, Root, Unreadable},
};
use crate::test_payments::{GATEWAY, refunded_in_part};

/// The members of a response in the page's order.
const RESPONSE: [&str; 17] = [
    "ResponseCode",
    "ResponseCodeText",
    "AuthCode",
    "AvsResultCode",
    "CvvResultCode",
    "TransactionReference",
    "TransactionID",
    "CardType",
    "DiscountedAmount",
    "CustomerId",
    "ProfileId",
    "DeclineCode",
    "Advice",
    "ApprovedAmount",
    "CapturedAmount",
    "RefundedAmount",
    "LiveMode",
];

fn from_json(text: &str) -> Result<Document, Unreadable> {
    body::from_json(text, Names::AnyCase)
}

fn read_xml(text: &str, name: &'static str) -> Result<Document, Unreadable> {
    body::from_xml(text, Root { name, namespace: NAMESPACE }, |_| true)
}

/// The names of a response's members, in their order.
fn names(document: &Document) -> Vec<String> {
    let response = document.member(&document.root, "Response").expect("a response");
    response.names().map(str::to_owned).collect()
}

/// The model that a response was written from.
fn model(document: &Document) -> Outgoing {
    let member = |object: &str, name: &str| {
        let object = document.member(&document.root, object).expect("an object");
        match document.member(object, name).expect("every member is written") {
            Node::Null => None,
            Node::Text(text) => Some(text.clone()),
            other => panic!("{name} is no text: {other:?}"),
        }
    };
    let response = |name| member("Response", name);
    let code = response("ResponseCode").expect("a code");
    let response_code = ResponseCode::from_name(&code).expect("a known code");
    assert_eq!(response("ResponseCodeText").as_deref(), Some(response_code.text()));
    let message = Message {
        code: member("Message", "Code").expect("a code"),
        description: member("Message", "Description").expect("a text"),
    };
    // Where there is no fee, nothing says so.
    let has_fee = names(document).iter().any(|name| name == "FeeKind");
    let fee = |name| if has_fee { response(name) } else { None };
    assert!(!has_fee || response("FeeKind").as_deref() == Some("surcharge"));
    let response = Facts {
        response_code: response_code.into(),
        response_code_text: response_code.text().to_owned(),
        auth_code: response("AuthCode"),
        avs: response("AvsResultCode"),
        cvv: response("CvvResultCode"),
        reference: response("TransactionReference"),
        transaction_id: response("TransactionID"),
        card_type: response("CardType"),
        discounted_amount: response("DiscountedAmount"),
        customer_id: response("CustomerId"),
        profile_id: response("ProfileId"),
        decline_code: response("DeclineCode"),
        advice: response("Advice"),
        approved_amount: response("ApprovedAmount"),
        captured_amount: response("CapturedAmount"),
        refunded_amount: response("RefundedAmount"),
        live_mode: response("LiveMode"),
        fee_kind: has_fee.then(|| FeeKind::Surcharge.into()),
        fee_amount: fee("FeeAmount"),
        captured_fee_amount: fee("CapturedFeeAmount"),
        refunded_fee_amount: fee("RefundedFeeAmount"),
    };
    Outgoing { message, response }
}

/// All texts that XML can write: no control characters, and neither U+FFFE nor U+FFFF.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..20).prop_map(|chars| {
        let legal = |c: &char| {
            matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        };
        chars.into_iter().filter(legal).collect()
    })
}

prop_compose! {
    fn outgoing()(
        code in 0_u8..100,
        description in text(),
        response_code in prop::sample::select(vec![
            ResponseCode::Approved, ResponseCode::Declined, ResponseCode::Error, ResponseCode::Held,
        ]),
        members in proptest::collection::vec(proptest::option::of(text()), 15),
        fees in proptest::option::of([text(), text(), text()]),
    ) -> Outgoing {
        let mut members = members.into_iter();
        let mut next = || members.next().flatten();
        let message = Message { code: format!("{code:02}"), description };
        let response = Facts {
            response_code: response_code.into(),
            response_code_text: response_code.text().to_owned(),
            auth_code: next(),
            avs: next(),
            cvv: next(),
            reference: next(),
            transaction_id: next(),
            card_type: next(),
            discounted_amount: next(),
            customer_id: next(),
            profile_id: next(),
            decline_code: next(),
            advice: next(),
            approved_amount: next(),
            captured_amount: next(),
            refunded_amount: next(),
            live_mode: next(),
            fee_kind: fees.as_ref().map(|_| FeeKind::Surcharge.into()),
            fee_amount: fees.as_ref().map(|fees| fees[0].clone()),
            captured_fee_amount: fees.as_ref().map(|fees| fees[1].clone()),
            refunded_fee_amount: fees.as_ref().map(|fees| fees[2].clone()),
        };
        Outgoing { message, response }
    }
}

proptest! {
    #[test]
    fn any_response_in_json_reads_back_the_same(outgoing in outgoing()) {
        let document = from_json(&json(&outgoing)).unwrap();
        prop_assert_eq!(model(&document), outgoing);
    }

    #[test]
    fn any_response_in_xml_reads_back_the_same(outgoing in outgoing()) {
        let document = read_xml(&xml(&outgoing), "CardTransactionOutgoingModel").unwrap();
        prop_assert_eq!(model(&document), outgoing);
    }
}

#[test]
fn members_are_in_the_pages_order_in_json_and_in_ordinal_order_in_xml() {
    let outgoing = of_failure(&Failure::new(Code::InvalidJson, "no"));
    let document = from_json(&json(&outgoing)).unwrap();
    assert_eq!(names(&document), RESPONSE);
    let xml = xml(&outgoing);
    let mut ordinal = RESPONSE.map(str::to_owned);
    ordinal.sort();
    assert_eq!(names(&read_xml(&xml, "CardTransactionOutgoingModel").unwrap()), ordinal);
    assert!(xml.contains(r#"<AuthCode i:nil="true" />"#), "{xml}");
    let head = r#"<CardTransactionOutgoingModel xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/Payments.Api.Models"><Message><Code>10</Code>"#;
    assert!(xml.starts_with(head), "{xml}");
}

#[test]
fn a_fee_has_members_of_its_own_behind_the_pages_and_changes_no_other() {
    let told = |fees| {
        let order = refunded_in_part(fees);
        of_payment(&order, &order.transactions[0], GATEWAY).body
    };
    let (with, bare) = (told(Some([78, 30])), told(None));
    let added = ["FeeKind", "FeeAmount", "CapturedFeeAmount", "RefundedFeeAmount"];
    let document = from_json(&json(&with)).unwrap();
    assert_eq!(names(&document), [&RESPONSE[..], &added[..]].concat());
    assert_eq!(names(&from_json(&json(&bare)).unwrap()), RESPONSE);
    let facts = &with.response;
    let fees = [&facts.fee_amount, &facts.captured_fee_amount, &facts.refunded_fee_amount];
    assert_eq!(fees.map(Option::as_deref), [Some("0.78"), Some("0.78"), Some("0.30")]);
    assert_eq!(facts.approved_amount.as_deref(), Some("25.99"));
    let none = (None, None, None, None);
    let mut facts = with.response.clone();
    (facts.fee_kind, facts.fee_amount, facts.captured_fee_amount, facts.refunded_fee_amount) = none;
    assert_eq!(Outgoing { response: facts, ..with }, bare);
}

/// Every rule that can refuse a request, with some values.
fn rejections() -> Vec<Rejection> {
    let transaction = Uuid::nil();
    let amount = Amount::new(1).unwrap();
    let currency = Currency::parse("USD").unwrap();
    vec![
        Rejection::OrderNotFound,
        Rejection::TransactionNotFound,
        Rejection::NewerVersion,
        Rejection::AmountZero,
        Rejection::ExceedsOwing(amount),
        Rejection::AlreadyPaid(transaction),
        Rejection::PaymentInProgress(transaction),
        Rejection::NotPayable,
        Rejection::OperationInProgress(transaction),
        Rejection::TransactionFailed,
        Rejection::AlreadyCancelled,
        Rejection::NotAnAuthorization,
        Rejection::AlreadyCaptured,
        Rejection::ExceedsAuthorized(amount),
        Rejection::NotCaptured,
        Rejection::AlreadyRefunded,
        Rejection::ExceedsRefundable(amount),
        Rejection::RefundAmountRequired,
        Rejection::FeeBasisRequired,
        Rejection::PostcodeRequired,
        Rejection::PartlyRefunded,
        Rejection::NoEligibleTransaction,
        Rejection::SeveralEligibleTransactions(vec![transaction]),
        Rejection::KeyReused(transaction),
        Rejection::TooManyTransactions,
        Rejection::TooManyOperations,
        Rejection::TooManyAttempts,
        Rejection::CurrencyDiffers(currency),
        Rejection::CaptureAfterExpiry(jiff::Timestamp::UNIX_EPOCH),
        Rejection::CaptureRuleAfterExpiry(jiff::Timestamp::UNIX_EPOCH),
        Rejection::CaptureExceedsAuthorized(amount),
        Rejection::CaptureNotScheduled,
        Rejection::NothingDue,
        Rejection::AuthorizationEnded(transaction),
        Rejection::CapturesPaused,
        Rejection::CapturesDisputed,
        Rejection::CurrencyNotSupported { currency, limit: CurrencyLimit::Merchant },
        Rejection::CurrencyNotSupported { currency, limit: CurrencyLimit::Gateway(2) },
    ]
}

#[test]
fn what_is_refused_is_told_in_the_words_of_this_api() {
    let outcomes = [NoEffect::NotSettled, NoEffect::AlreadySettled, NoEffect::VoidedElsewhere];
    let refusals = [Refusal::Contended, Refusal::Unverified];
    let failures = rejections()
        .into_iter()
        .map(Failure::from)
        .chain(outcomes.map(Failure::from))
        .chain(refusals.map(Failure::from));
    for failure in failures {
        let told = of_failure(&failure.renamed(super::in_this_api)).message.description;
        for word in ["cancel", "order", "dempotency", "purchase", "capture_at", "cart"] {
            assert!(!told.contains(word), "{told}");
        }
    }
}

#[test]
fn ids_of_payments_never_change() {
    // They say where the payments are that are stored already.
    let id = |merchant: &str, reference| payment_id(&merchant.parse().unwrap(), reference).to_string();
    assert_eq!(id("170200123", "2343-0988"), "7cb1a5ab-f79d-5fff-9cb4-7e216eb15ce4");
    assert_ne!(id("170200123", "2343-0988"), id("170200124", "2343-0988"));
    assert_ne!(id("170200123", "2343-0988"), id("170200123", "2343-0989"));
}

#[test]
fn a_charge_cannot_reuse_the_reference_of_an_authorization_and_a_capture_can() {
    assert_eq!(key_digest(Kind::Authorize, "r"), key_digest(Kind::Purchase, "r"));
    for kind in [Kind::Capture, Kind::Refund, Kind::Void] {
        assert_ne!(key_digest(kind, "r"), key_digest(Kind::Authorize, "r"));
    }
    assert_ne!(key_digest(Kind::Refund, "r"), key_digest(Kind::Void, "r"));
}
