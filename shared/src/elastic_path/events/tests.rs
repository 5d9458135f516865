//! The events of a payment from its intent to its refund, and that nothing is told twice under two
//! ids.

use jiff::{SignedDuration, Timestamp};
use memory::{dispute, new_operation, payment};
use serde_json::{Value, json};
use tollgate_core::{
    order::{
        CaptureSchedule, Cause, Decision, Decline, Dispute, DisputeKind, GatewayResponse, KeyDigest, Kind,
        Mechanism, MerchantId, NoticeReason, Operation, OperationRef, OperationState, Order, OrderKey,
        PaymentKind, RecordedDispute, Transaction,
    },
    settlement::{Component, Deposit, Exception, ExceptionCause, Note},
    values::{Amount, Carried, Currency, DeclineCode, Memo, Metadata, References, SignedAmount},
    webhooks::Event,
};
use uuid::Uuid;

use super::{deposit_created, deposit_differs};
use crate::test_payments::{GATEWAY, refunded_in_part};

fn events(old: Option<&Order>, new: &Order) -> Vec<Event> {
    super::events(old, new, GATEWAY)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn operation(kind: Kind, seconds: i64, key: Option<KeyDigest>) -> Operation {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, kind.as_str().as_bytes());
    Operation { key, ..Operation::new(new_operation(id, kind, 2599), at(seconds)) }
}

fn registered() -> Order {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, Some(Amount::new(2599).unwrap()), at(0));
    order.version = 1;
    order
}

/// The next version of the order, with another operation of its payment.
fn requested(order: &Order, kind: PaymentKind, operation: Operation) -> Order {
    let mut next = Order { version: order.version + 1, ..order.clone() };
    let now = operation.created_at;
    match next.transactions.first_mut() {
        Some(payment) => payment.operations.push(operation),
        None => {
            next.transactions.push(Transaction { id: Uuid::from_u128(7), ..payment(kind, operation) });
        }
    }
    next.transactions[0].updated_at = now;
    next.updated_at = now;
    next
}

/// The next version of the order, in which its last operation is decided.
fn decided(order: &Order, seconds: i64, decision: Decision) -> Order {
    let mut next = Order { version: order.version + 1, updated_at: at(seconds), ..order.clone() };
    let transaction = &mut next.transactions[0];
    transaction.updated_at = at(seconds);
    let operation = transaction.operations.last_mut().unwrap();
    (operation.state, operation.updated_at) = (OperationState::Decided(decision), at(seconds));
    next
}

fn approved(order: &Order, seconds: i64) -> Order {
    decided(order, seconds, Decision::Approved(GatewayResponse::default()))
}

fn kinds(told: &[Event]) -> Vec<&'static str> {
    told.iter().map(|event| event.kind).collect()
}

fn body(event: &Event) -> Value {
    serde_json::from_str(&event.body).unwrap()
}

#[test]
fn a_purchase_is_told_when_it_is_requested_when_it_is_paid_and_when_it_is_refunded() {
    let new = registered();
    assert!(events(None, &new).is_empty(), "nothing is paid yet");
    let pending = requested(&new, PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    assert_eq!(kinds(&events(Some(&new), &pending)), ["transaction.created", "order.updated"]);
    let paid = approved(&pending, 2);
    let told = events(Some(&pending), &paid);
    assert_eq!(kinds(&told), ["transaction.updated", "order.updated", "order.paid"]);
    let order = body(&told[2]);
    assert_eq!((&order["type"], &order["merchant"]), (&"order.paid".into(), &"m".into()));
    assert_eq!((&order["version"], &order["timestamp"]), (&3.into(), &"2027-01-15T08:00:02.000Z".into()));
    assert_eq!((&order["data"]["id"], &order["data"]["payment"]), (&"o".into(), &"paid".into()));
    assert_eq!(body(&told[0])["data"]["status"], "complete");
    let refunding = requested(&paid, PaymentKind::Purchase, operation(Kind::Refund, 3, None));
    let refunded = approved(&refunding, 4);
    let told = events(Some(&refunding), &refunded);
    assert_eq!(kinds(&told), ["transaction.updated", "order.updated", "order.refunded"]);
}

#[test]
fn a_fee_is_told_beside_the_amounts_and_only_where_there_is_one() {
    let told = |fees| body(&events(None, &refunded_in_part(fees))[0])["data"].clone();
    let (with, mut bare) = (told(Some([78, 30])), told(None));
    let fee = json!({"kind": "surcharge", "amount": 78, "captured_amount": 78, "refunded_amount": 30});
    assert_eq!((&with["fee"], &bare["fee"]), (&fee, &Value::Null));
    let meta = ["display_fee", "display_total"].map(|name| with["meta"][name]["formatted"].clone());
    assert_eq!(meta, ["$0.78", "$26.77"]);
    // Nothing else differs: no amount contains a fee.
    bare["fee"] = fee;
    for name in ["display_fee", "display_total"] {
        bare["meta"][name] = with["meta"][name].clone();
    }
    for (n, minor) in [(0, 78), (1, 30)] {
        bare["meta"]["operations"][n]["fee"] = json!({"amount": minor, "kind": "surcharge"});
    }
    assert_eq!(with, bare);
}

#[test]
fn who_paid_is_in_no_event_and_that_it_is_forgotten_is_not_told() {
    let text = |text: &str| Some(text.to_owned());
    let memo = Memo {
        reference: "r-1".to_owned(),
        email: text("ann@example.com"),
        name: text("Ann Lee"),
        marketing: text("fair"),
        ..Memo::default()
    };
    let mut pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    pending.transactions[0].memo = Some(Box::new(memo));
    let metadata = Metadata::new([("invoice".to_owned(), "7".to_owned())].into()).unwrap();
    pending.transactions[0].references = References {
        custom_reference: text("A-1"),
        name: text("Ann's card"),
        description: text("Boots for Ann"),
        metadata,
    };
    let told = events(None, &pending);
    let data = &body(&told[0])["data"];
    assert_eq!(data["meta"]["memo"], json!({"reference": "r-1", "marketing": "fair"}));
    assert_eq!((&data["custom_reference"], &data["metadata"]), (&"A-1".into(), &json!({"invoice": "7"})));
    assert_eq!((data.get("name"), data.get("description")), (None, None));
    let mut forgotten = Order { version: pending.version + 1, ..pending.clone() };
    forgotten.transactions[0].memo.as_mut().unwrap().forget_who_paid();
    forgotten.transactions[0].references.forget_who_paid();
    assert!(events(Some(&pending), &forgotten).is_empty());
}

#[test]
fn what_changes_nothing_that_is_shown_is_not_told() {
    let pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    let mut asked = Order { version: pending.version + 1, ..pending.clone() };
    let OperationState::Pending(waiting) = &mut asked.transactions[0].operations[0].state else {
        unreachable!()
    };
    waiting.inquiries += 1;
    waiting.next_inquiry_at += SignedDuration::from_hours(1);
    assert!(events(Some(&pending), &asked).is_empty());
}

#[test]
fn the_same_change_has_the_same_ids_and_every_other_one_has_others() {
    let pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    let paid = approved(&pending, 2);
    let told = events(Some(&pending), &paid);
    assert_eq!(told, events(Some(&pending), &paid));
    let later = Order { version: paid.version + 1, ..paid.clone() };
    let again = events(Some(&pending), &later);
    let mut ids: Vec<Uuid> = told.iter().chain(&again).map(|event| event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), told.len() + again.len());
    assert!(told.iter().all(|event| body(event)["id"] == event.id.to_string()));
}

#[test]
fn a_scheduled_capture_that_failed_for_good_is_told_once() {
    let held = requested(&registered(), PaymentKind::Authorize, operation(Kind::Authorize, 1, None));
    let mut held = approved(&held, 2);
    let schedule = CaptureSchedule::new(at(10), None);
    held.transactions[0].capture = Some(schedule);
    held.transactions[0].authorization_expires_at = Some(at(600_000));
    let key = schedule.key(held.transactions[0].id);
    let capturing = requested(&held, PaymentKind::Authorize, operation(Kind::Capture, 11, Some(key)));
    let code = DeclineCode::GenericDecline;
    let decline = Decline::of(code);
    let refused = decided(&capturing, 12, Decision::Declined(GatewayResponse::default(), decline));
    let told = events(Some(&capturing), &refused);
    assert_eq!(kinds(&told), ["transaction.updated", "capture.failed", "order.updated"]);
    assert_eq!(body(&told[1])["data"]["meta"]["capture_failure"]["code"], "generic_decline");
    let later = Order { version: refused.version + 1, ..refused.clone() };
    assert!(events(Some(&refused), &later).is_empty());
    // An authorization that ended before its capture.
    let mut lapsed = Order { version: held.version + 1, ..held.clone() };
    lapsed.transactions[0].lapsed_at = Some(at(700_000));
    lapsed.transactions[0].updated_at = at(700_000);
    assert!(kinds(&events(Some(&held), &lapsed)).contains(&"capture.failed"));
}

#[test]
fn each_chargeback_and_each_reversal_is_told_once_with_what_it_is() {
    let pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    let paid = approved(&pending, 2);
    let next = |order: &Order, kind, seconds| {
        let mut next = Order { version: order.version + 1, ..order.clone() };
        let dispute = Dispute { number: Some("1".to_owned()), ..dispute(kind, "CB1") };
        let recorded = RecordedDispute { dispute, at: at(seconds), carried: Carried::default() };
        next.transactions[0].disputes.push(recorded);
        (next.transactions[0].updated_at, next.updated_at) = (at(seconds), at(seconds));
        next
    };
    let told = |old: &Order, new: &Order| {
        let told = events(Some(old), new).into_iter().filter(|event| event.kind == "transaction.disputed");
        told.map(|event| body(&event)["reason"].clone()).collect::<Vec<_>>()
    };
    let disputed = next(&paid, DisputeKind::Chargeback, 10);
    assert_eq!(told(&paid, &disputed), ["chargeback"]);
    let reversed = next(&disputed, DisputeKind::Reversal, 20);
    assert_eq!(told(&disputed, &reversed), ["reversal"], "the chargeback was told before");
    assert_eq!(told(&paid, &reversed), ["chargeback", "reversal"], "both, if one change has both");
    let looked_at = |old: &Order, new: &Order| {
        let told = events(Some(old), new).into_iter();
        let told = told.filter(|event| event.kind == "transaction.needs_attention");
        told.map(|event| body(&event)["reason"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(looked_at(&paid, &disputed), ["disputed"], "a person has to answer it");
    assert!(looked_at(&disputed, &reversed).is_empty(), "and not what came back");
    let later = Order { version: reversed.version + 1, ..reversed.clone() };
    assert!(events(Some(&reversed), &later).is_empty());
    let ids = |new: &Order| events(Some(&paid), new).into_iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&reversed), ids(&reversed), "it is the same event however often it is told");
}

#[test]
fn what_has_to_be_looked_at_is_told_once_with_its_reason_and_changes_nothing_that_is_shown() {
    let pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    let transaction = &pending.transactions[0];
    let place = OperationRef { transaction: transaction.id, operation: transaction.operations[0].id };
    let mut noticed = Order { version: pending.version + 1, ..pending.clone() };
    assert!(noticed.notify(place, NoticeReason::InDoubtHour, at(3_600)));
    let told = events(Some(&pending), &noticed);
    assert_eq!(kinds(&told), ["transaction.needs_attention"]);
    let first = body(&told[0]);
    assert_eq!(first["reason"], "in_doubt_for_an_hour");
    assert_eq!(first["timestamp"], "2027-01-15T09:00:00.000Z");
    assert_eq!(first["data"], body(&events(None, &pending)[0])["data"]);
    assert!(!noticed.clone().notify(place, NoticeReason::InDoubtHour, at(3_700)), "once");
    // A day later; two in one change have two ids.
    let mut later = Order { version: noticed.version + 1, ..noticed.clone() };
    assert!(later.notify(place, NoticeReason::InDoubtDay, at(90_000)));
    let reasons = |told: &[Event]| told.iter().map(|event| body(event)["reason"].clone()).collect::<Vec<_>>();
    assert_eq!(reasons(&events(Some(&noticed), &later)), ["in_doubt_for_a_day"]);
    let both = events(Some(&pending), &later);
    assert_eq!(reasons(&both), ["in_doubt_for_an_hour", "in_doubt_for_a_day"]);
    assert_ne!(both[0].id, both[1].id);
}

#[test]
fn a_payment_voided_elsewhere_and_one_that_the_settlement_refused_have_to_be_looked_at() {
    let pending = requested(&registered(), PaymentKind::Purchase, operation(Kind::Purchase, 1, None));
    let paid = approved(&pending, 2);
    let void = Operation::new(new_operation(Uuid::from_u128(9), Kind::Void, 2599), at(3));
    let void = Operation { cause: Cause::Elsewhere, ..void.through(Mechanism::Manual) };
    let voided = requested(&paid, PaymentKind::Purchase, void);
    let rejected = GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() };
    let rejected = decided(&pending, 2, Decision::Approved(rejected));
    for (old, new, reason) in
        [(&paid, &voided, "voided_elsewhere"), (&pending, &rejected, "settlement_rejected")]
    {
        let told = events(Some(old), new);
        let found: Vec<_> =
            told.iter().filter(|event| event.kind == "transaction.needs_attention").map(body).collect();
        assert_eq!(found.len(), 1, "{reason}");
        assert_eq!(found[0]["reason"], reason);
        assert!(events(Some(new), new).is_empty());
    }
}

#[test]
fn a_new_deposit_is_told_as_a_list_shows_it_under_one_id_and_without_what_nobody_knows_yet() {
    let merchant: MerchantId = "m".parse().unwrap();
    let day = jiff::civil::date(2026, 11, 17);
    let deposit = Deposit {
        currency: Some(Currency::USD),
        components: vec![
            (Component::NetSales, SignedAmount::new(10_000)),
            (Component::Fee, SignedAmount::new(-300)),
        ],
        total: SignedAmount::new(9_700),
        trace_number: Some("12100024".to_owned()),
        lines: (4, SignedAmount::new(10_000)),
        ..Deposit::without_sum("500".to_owned(), "496160873888", day, at(0))
    };
    let told = deposit_created(&merchant, &deposit);
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(
        (told.kind, &body["type"], &body["version"]),
        ("deposit.created", &json!("deposit.created"), &json!(1))
    );
    assert_eq!(body["data"]["net"], 9_700);
    assert_eq!((&body["data"]["id"], &body["data"]["trace_number"]), (&json!("500"), &json!("12100024")));
    assert!(body["data"].get("unmatched").is_none(), "{body}");
    let corrected = Deposit { total: SignedAmount::new(9_750), ..deposit.clone() };
    assert_eq!(deposit_created(&merchant, &corrected).id, told.id);
    let another = Deposit { account: "1".to_owned(), ..deposit };
    assert_ne!(deposit_created(&merchant, &another).id, told.id);
}

#[test]
fn a_deposit_that_differs_is_told_once_each_time_that_it_does_and_without_peoples_words() {
    let merchant: MerchantId = "m".parse().unwrap();
    let note = Note { at: at(1), by: "Ann".to_owned(), text: "asked".to_owned() };
    let exception = Exception {
        id: Uuid::from_u128(7),
        cause: ExceptionCause::DepositDiffers,
        account: "1".to_owned(),
        reference: None,
        deposit: Some("500".to_owned()),
        case: None,
        detail: Some("it is not reported any more".to_owned()),
        order: None,
        transaction: None,
        expected: Some(SignedAmount::new(9_700)),
        found: Some(SignedAmount::ZERO),
        currency: Some(Currency::USD),
        day: jiff::civil::date(2026, 11, 17),
        since: at(0),
        gone_at: None,
        notes: vec![note],
        resolution: None,
    };
    let told = deposit_differs(&merchant, &exception, at(5), None);
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((told.kind, &body["version"], told.at), ("deposit.differs", &json!(1), at(5)));
    let data = &body["data"];
    assert_eq!((&data["type"], &data["cause"]), (&json!("settlement_exception"), &json!("deposit_differs")));
    assert_eq!(
        (&data["deposit"], &data["expected"], &data["found"]),
        (&json!("500"), &json!(9_700), &json!(0))
    );
    assert!(!told.body.contains("Ann") && data.get("notes").is_none(), "{body}");
    // The same when a run that died tells it again, later; another one after it was closed.
    assert_eq!(deposit_differs(&merchant, &exception, at(6), None).id, told.id);
    let again = deposit_differs(&merchant, &exception, at(9), Some(at(8)));
    assert_ne!(again.id, told.id);
    let other: MerchantId = "n".parse().unwrap();
    assert_ne!(deposit_differs(&other, &exception, at(5), None).id, told.id);
}
