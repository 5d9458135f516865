//! A merchant account that adds a surcharge: the records have the amounts that the gateway took and
//! gave back, to the cent, with any fee in its responses.

use cardpointe_simulator::{
    Alteration, Config, Endpoint, Fault, FaultKind, FeeBasis, FeeForm, FeeMembers, FeeType, RecordKind,
    RecordState, Settings,
};
use local::{dynamodb_client, merchants};
use serde_json::{Value, json};
use tollgate::dynamodb::orders::DynamoDbStore;
use tollgate_core::{
    order::{GatewayResponse, Kind, Operation, Order, OrderKey, Stage},
    payments::{OrderStore, Shards},
    values::Amount,
};

use crate::{
    credit_card_client::{CreditCard, Syntax, follow_up, payment, with},
    reconcile::run,
    shop::{STORED_CARD, Shop, VISA, by_card_with},
};

/// A debit card of the gateway's published test table.
const DEBIT: &str = "4222222222222204";

/// A token of the gateway for a credit card.
const TOKEN: &str = "9477709629051443";

/// Each way in which the gateway tells of a fee.
const SAYS: [(FeeForm, FeeMembers); 4] = [
    (FeeForm::Guide, FeeMembers::Documented),
    (FeeForm::Guide, FeeMembers::Everywhere),
    (FeeForm::Reference, FeeMembers::Documented),
    (FeeForm::Reference, FeeMembers::Everywhere),
];

pub(crate) fn settings() -> Settings {
    Settings { fee_type: FeeType::Surcharge, ..Settings::default() }
}

/// A shop on the surcharging account, whose document also says this of its gateway.
pub(crate) async fn shop(gateway: Value, settings: Settings) -> Shop {
    let mid = Config::SURCHARGE_MID;
    let mut document = json!({ "merchids": { "USD": mid }, "surcharging_merchids": [mid] });
    document.as_object_mut().unwrap().extend(gateway.as_object().unwrap().clone());
    let shop = Shop::open_with(json!({ "gateway": document })).await;
    assert!(shop.stack.simulator().set_merchant(mid, settings));
    shop
}

/// By card, in New York.
fn card(method: &str) -> Value {
    by_card_with(method, VISA, &json!({ "billing_address": { "postcode": "10118" } }))
}

fn fault(shop: &Shop, endpoint: Endpoint) {
    shop.stack.simulator().fault(Fault::once(endpoint, FaultKind::DropAfter));
}

/// The order as it is stored.
async fn stored(shop: &Shop, order: &str) -> Order {
    let shards = Shards { in_doubt: 64, captures: 16 };
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let store = DynamoDbStore::new(client, local::TABLE_NAME.to_owned(), shards);
    let key = OrderKey { merchant: merchants::REGISTERED.parse().unwrap(), order: order.parse().unwrap() };
    store.load(&key).await.unwrap().unwrap()
}

fn cents(amount: Amount) -> i64 {
    i64::try_from(amount.minor()).unwrap()
}

/// The moved amount and fee of an approved operation.
fn moved(operation: &Operation) -> (i64, i64) {
    let stated = operation.response().and_then(GatewayResponse::amount);
    assert_eq!(stated, Some(operation.approved_amount()), "{operation:?}");
    (cents(operation.approved_amount()), operation.fee().map_or(0, |fee| cents(fee.amount)))
}

/// Holds an order of one payment against the gateway's ledger. Returns the taken and the returned
/// money: amount and fee of each.
async fn agrees(shop: &Shop, order: &str) -> [(i64, i64); 2] {
    let order = stored(shop, order).await;
    let [transaction] = order.transactions.as_slice() else { panic!("{order:?}") };
    let approved =
        |kind| transaction.operations.iter().filter(move |o| o.kind == kind && o.is(Stage::Approved));
    let first = transaction.first().unwrap();
    let record = shop.stack.simulator().record(first.reference().unwrap()).unwrap();
    if approved(Kind::Void).next().is_some() {
        assert_eq!((record.state, record.minor_units, record.fee_minor_units), (RecordState::Voided, 0, 0));
        return [(0, 0), (0, 0)];
    }
    let taken = moved(approved(Kind::Capture).next().unwrap_or(first));
    assert_eq!((record.minor_units, record.fee_minor_units), (taken.0 + taken.1, taken.1));
    let mut returned = (0, 0);
    for refund in approved(Kind::Refund) {
        let (amount, fee) = moved(refund);
        let own = shop.stack.simulator().record(refund.reference().unwrap()).unwrap();
        assert_eq!((own.kind, own.refund_of.as_deref()), (RecordKind::Refund, first.reference()));
        assert_eq!((own.minor_units, own.fee_minor_units), (amount + fee, fee), "{refund:?}");
        returned = (returned.0 + amount, returned.1 + fee);
    }
    assert_eq!(record.refunded_minor_units, returned.0 + returned.1);
    [taken, returned]
}

/// Pays an order of this amount, and returns the transaction.
async fn paid(shop: &Shop, order: &str, amount: u64, method: &str) -> String {
    shop.register(order, amount).await;
    let answer = shop.pay(order, card(method)).await;
    assert_eq!(answer.data(200)["status"], "complete");
    answer.id()
}

#[tokio::test]
async fn a_payment_is_complete_with_its_fee_beside_it_however_the_gateway_tells_of_it() {
    for (fee_form, fee_members) in SAYS {
        let shop = shop(json!({}), Settings { fee_form, fee_members, ..settings() }).await;
        for is_lost in [false, true] {
            let lose = |endpoint| {
                if is_lost {
                    fault(&shop, endpoint);
                }
            };
            let (held, bought) = (format!("held-{is_lost}"), format!("bought-{is_lost}"));
            lose(Endpoint::Auth);
            paid(&shop, &bought, 100, "purchase").await;
            assert_eq!(
                agrees(&shop, &bought).await,
                [(100, 3), (0, 0)],
                "{fee_form:?} {fee_members:?} {is_lost}"
            );
            lose(Endpoint::Auth);
            let id = paid(&shop, &held, 100, "authorize").await;
            assert_eq!(agrees(&shop, &held).await, [(100, 3), (0, 0)]);
            lose(Endpoint::Capture);
            let captured = shop.follow_up(&held, &id, "capture", json!({})).await;
            assert_eq!(captured.data(200)["transaction_type"], "capture");
            assert_eq!(agrees(&shop, &held).await, [(100, 3), (0, 0)]);
            for order in [&held, &bought] {
                let order = shop.order(order).await;
                let price = &order["meta"]["display_price"];
                assert_eq!((&order["payment"], &price["paid"]["amount"]), (&json!("paid"), &json!(100)));
            }
            shop.stack.simulator().settle();
            lose(Endpoint::Refund);
            let refunded = shop.follow_up(&held, &id, "refund", json!({})).await;
            assert_eq!(refunded.data(200)["refunded_amount"], 100);
            assert_eq!(agrees(&shop, &held).await, [(100, 3), (100, 3)]);
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn refunds_in_parts_give_back_amount_and_fee_to_the_last_cent() {
    for (word, fee_basis) in [("subtotal", FeeBasis::Subtotal), ("total", FeeBasis::Total)] {
        for (fee_form, fee_members) in SAYS {
            let shop = shop(
                json!({ "fee_basis": word }),
                Settings { fee_basis, fee_form, fee_members, ..settings() },
            )
            .await;
            for (n, is_lost) in [false, true].into_iter().enumerate() {
                // 0.30 of 9.99.
                let order = format!("o-{n}");
                let id = paid(&shop, &order, 999, "purchase").await;
                shop.stack.simulator().settle();
                let mut left = 999;
                for part in [1, 17, 333, 50, 16, 100, 482] {
                    if is_lost {
                        fault(&shop, Endpoint::Refund);
                    }
                    let data = if part == left { json!({}) } else { json!({ "amount": part }) };
                    let refunded = shop.follow_up(&order, &id, "refund", data).await;
                    left -= part;
                    assert_eq!(refunded.data(200)["refunded_amount"], 999 - left, "{word} {part}");
                    let [_, returned] = agrees(&shop, &order).await;
                    assert_eq!(returned.0, 999 - left);
                }
                assert_eq!(agrees(&shop, &order).await, [(999, 30), (999, 30)], "{word}");
                shop.follow_up(&order, &id, "refund", json!({ "amount": 1 }))
                    .await
                    .error(422, "already_refunded");
            }
            shop.close().await;
        }
    }
}

#[tokio::test]
async fn a_part_that_is_captured_takes_its_fee_and_gives_it_back() {
    for (word, fee_basis) in [("subtotal", FeeBasis::Subtotal), ("total", FeeBasis::Total)] {
        let shop = shop(json!({ "fee_basis": word }), Settings { fee_basis, ..settings() }).await;
        let id = paid(&shop, "o", 10_000, "authorize").await;
        let captured = shop.follow_up("o", &id, "capture", json!({ "amount": 3_333 })).await;
        assert_eq!(captured.data(200)["meta"]["display_captured_amount"]["amount"], 3_333);
        assert_eq!(agrees(&shop, "o").await, [(3_333, 100), (0, 0)], "{word}");
        shop.stack.simulator().settle();
        shop.follow_up("o", &id, "refund", json!({ "amount": 1_111 })).await.data(200);
        shop.follow_up("o", &id, "refund", json!({})).await.data(200);
        assert_eq!(agrees(&shop, "o").await, [(3_333, 100), (3_333, 100)], "{word}");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_part_is_refused_until_the_merchants_document_says_what_names_it() {
    let shop = shop(json!({}), settings()).await;
    let held = paid(&shop, "held", 1_000, "authorize").await;
    let refused = shop.follow_up("held", &held, "capture", json!({ "amount": 999 })).await;
    let error = refused.error(422, "fee_basis_required");
    assert!(error["detail"].as_str().unwrap().contains("gateway.fee_basis"), "{error}");
    let bought = paid(&shop, "bought", 1_000, "purchase").await;
    shop.stack.simulator().settle();
    let part = json!({ "amount": 999 });
    shop.follow_up("bought", &bought, "refund", part.clone()).await.error(422, "fee_basis_required");
    assert_eq!(agrees(&shop, "held").await, [(1_000, 30), (0, 0)], "nothing was sent");
    assert_eq!(agrees(&shop, "bought").await, [(1_000, 30), (0, 0)]);
    // A refund that is only recorded moves no fee here.
    let marked = json!({ "amount": 1, "refund_mechanism": "manual" });
    shop.follow_up("bought", &bought, "refund", marked).await.data(200);
    shop.follow_up("held", &held, "capture", json!({ "amount": 1_000 })).await.data(200);
    assert_eq!(agrees(&shop, "held").await, [(1_000, 30), (0, 0)]);

    let api = CreditCard::of(&shop);
    let id = api.approved("charge", &payment("1", "a")).await;
    let part = |request| {
        let request = with(request, "/Request/Amount", Some(json!("1.00")));
        with(request, "/Request/CurrencyCode", Some(json!("USD")))
    };
    let answer = api.send(Syntax::Json, "refund", &part(follow_up("refund", &id, "b"))).await;
    let envelope = answer.envelope();
    assert_eq!((answer.status, envelope.code.as_str(), envelope.of("ResponseCode")), (200, "79", Some("3")));
    assert!(envelope.description.contains("gateway.fee_basis"), "{}", envelope.description);
    shop.stack.simulator().settle();
    api.approved("refund", &follow_up("refund", &id, "c")).await;
    let [taken, returned] = agrees(&shop, &id).await;
    assert!(taken == returned && taken.1 > 0, "{taken:?}");
    shop.close().await;
}

/// Its response names the part alone, as it would if the fee were beside it.
#[tokio::test]
async fn with_a_wrong_basis_a_part_gives_back_less_than_is_recorded() {
    let wrong = Settings { fee_basis: FeeBasis::Total, ..settings() };
    let shop = shop(json!({ "fee_basis": "subtotal" }), wrong).await;
    let id = paid(&shop, "o", 1_000, "purchase").await;
    shop.stack.simulator().settle();
    shop.follow_up("o", &id, "refund", json!({ "amount": 500 })).await.data(200);
    let order = stored(&shop, "o").await;
    let (_, refund) = order.operations().find(|(_, operation)| operation.kind == Kind::Refund).unwrap();
    let record = shop.stack.simulator().record(refund.reference().unwrap()).unwrap();
    assert_eq!((moved(refund), record.minor_units), ((500, 15), 500));
    shop.close().await;
}

#[tokio::test]
async fn the_credit_card_api_gives_back_parts_with_their_fees() {
    let shop = shop(json!({ "fee_basis": "subtotal" }), settings()).await;
    let api = CreditCard::of(&shop);
    let id = api.approved("authorize", &payment("0", "a")).await;
    api.approved("capture", &follow_up("capture", &id, "b")).await;
    shop.stack.simulator().settle();
    for (reference, part) in [("c", "0.17"), ("d", "9.99")] {
        let request = with(follow_up("refund", &id, reference), "/Request/Amount", Some(json!(part)));
        api.approved("refund", &with(request, "/Request/CurrencyCode", Some(json!("USD")))).await;
        agrees(&shop, &id).await;
    }
    api.approved("refund", &follow_up("refund", &id, "e")).await;
    let [taken, returned] = agrees(&shop, &id).await;
    assert!(taken == returned && taken.1 > 0, "{taken:?}");
    shop.close().await;
}

#[tokio::test]
async fn a_card_that_the_gateway_does_not_store_needs_a_postal_code() {
    let shop = shop(json!({}), settings()).await;
    shop.register("o", 100).await;
    let by_token = json!({
        "gateway": "card_connect", "method": "purchase", "payment": TOKEN, "month": "10", "year": "2031",
    });
    let with_address = |data: &Value, address: Value| {
        let mut data = data.clone();
        data["billing_address"] = address;
        data
    };
    for data in [by_card_with("purchase", VISA, &json!({})), by_token] {
        for address in [json!(null), json!({ "line_1": "1 Main Street" }), json!({ "postcode": " - " })] {
            let answer = shop.pay("o", with_address(&data, address)).await;
            let error = answer.error(400, "required");
            assert_eq!(error["source"], "data.billing_address.postcode");
        }
    }
    assert!(stored(&shop, "o").await.transactions.is_empty(), "nothing is saved");
    let request = with(payment("1", "a"), "/Request/BillingAddress/Zip", Some(json!("-")));
    let answer = CreditCard::of(&shop).send(Syntax::Json, "charge", &request).await;
    let envelope = answer.envelope();
    assert_eq!((answer.status, envelope.code.as_str()), (400, "14"), "{}", answer.body);
    assert!(envelope.description.contains("Request.BillingAddress.Zip"), "{}", envelope.description);
    assert!(shop.stack.simulator().records().is_empty(), "nothing is sent");

    // A stored card has its address at the gateway, which decides.
    let by_stored = json!({ "gateway": "card_connect", "method": "purchase", "payment": STORED_CARD });
    let answer = shop.pay("o", by_stored).await;
    assert_eq!(answer.error(400, "declined")["meta"]["decline_code"], "invalid_stored_card");

    // Of an account that the document does not list, the gateway says it.
    let mid = Config::SURCHARGE_MID;
    let other = Shop::open_with(json!({ "gateway": { "merchids": { "USD": mid } } })).await;
    other.register("o", 100).await;
    other.pay("o", by_card_with("purchase", VISA, &json!({}))).await.error(400, "declined");
    other.close().await;
    shop.close().await;
}

#[tokio::test]
async fn a_waived_fee_is_none_and_parts_need_no_basis() {
    for (fee_form, fee_members) in SAYS {
        let shop = shop(json!({}), Settings { fee_form, fee_members, ..settings() }).await;
        for is_lost in [false, true] {
            let order = format!("o-{is_lost}");
            if is_lost {
                fault(&shop, Endpoint::Auth);
            }
            shop.register(&order, 100).await;
            let debit =
                by_card_with("purchase", DEBIT, &json!({ "billing_address": { "postcode": "10118" } }));
            let id = shop.pay(&order, debit).await.id();
            assert_eq!(agrees(&shop, &order).await, [(100, 0), (0, 0)], "{fee_form:?} {fee_members:?}");
            shop.stack.simulator().settle();
            shop.follow_up(&order, &id, "refund", json!({ "amount": 40 })).await.data(200);
            shop.follow_up(&order, &id, "refund", json!({})).await.data(200);
            assert_eq!(agrees(&shop, &order).await, [(100, 0), (100, 0)]);
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn a_void_gives_back_everything_and_so_does_the_refund_in_its_place() {
    for (fee_form, fee_members) in SAYS {
        let settings = Settings { fee_form, fee_members, ..settings() };
        let shop = shop(json!({}), settings).await;
        for (order, method, lost) in
            [("a", "authorize", false), ("b", "purchase", false), ("c", "purchase", true)]
        {
            let id = paid(&shop, order, 100, method).await;
            if lost {
                fault(&shop, Endpoint::Void);
            }
            let voided = shop.follow_up(order, &id, "cancel", json!({})).await;
            assert_eq!(voided.data(200)["status"], "cancelled");
            agrees(&shop, order).await;
        }
        // A full refund before settlement is a void.
        let id = paid(&shop, "d", 100, "purchase").await;
        shop.follow_up("d", &id, "refund", json!({})).await.data(200);
        agrees(&shop, "d").await;
        shop.close().await;
    }
}

#[tokio::test]
async fn a_payment_that_settled_before_its_void_is_refunded_with_its_fee() {
    let mid = Config::SURCHARGE_MID;
    let gateway = json!({ "merchids": { "USD": mid }, "surcharging_merchids": [mid] });
    let mut shop = Shop::open_with(json!({ "gateway": gateway, "decline_on": { "avs": ["N"] } })).await;
    shop.register("o", 100).await;
    // It never reaches the gateway.
    shop.stack.simulator().fault(Fault { endpoint: Endpoint::Void, kind: FaultKind::DropBefore, times: 100 });
    let mismatch = by_card_with("purchase", VISA, &json!({ "billing_address": { "postcode": "10112" } }));
    let answer = shop.pay("o", mismatch).await;
    let record = &shop.stack.simulator().records()[0];
    assert_eq!((record.minor_units, record.fee_minor_units), (103, 3), "{}", answer.body);
    shop.stack.simulator().settle();
    shop.stack.simulator().clear_faults();
    for _ in 0..6 {
        shop.stack.advance_clock(3_600);
        shop.renew_token().await;
        run(&shop).await;
        shop.stack.simulator().settle();
    }
    assert_eq!(shop.transactions("o").await[0]["status"], "failed");
    assert_eq!(agrees(&shop, "o").await, [(100, 3), (100, 3)]);
    shop.close().await;
}

#[tokio::test]
async fn more_than_was_requested_is_in_doubt_unless_the_fee_explains_it() {
    let mut shop = shop(json!({}), settings()).await;
    for (n, altered) in
        [json!({ "amount": "10.31" }), json!({ "fee_amount": "0.20" }), json!({ "fee_type": "C" })]
            .into_iter()
            .enumerate()
    {
        let order = format!("o-{n}");
        shop.register(&order, 1_000).await;
        for endpoint in [Endpoint::Auth, Endpoint::InquireByOrderid] {
            let alteration = altered.as_object().unwrap().iter();
            let alteration = alteration.fold(Alteration::of(endpoint), |alteration, (name, value)| {
                alteration.set(name, value.clone())
            });
            shop.stack.simulator().alter(alteration);
        }
        assert_eq!(shop.pay(&order, card("purchase")).await.data(202)["status"], "pending", "{altered}");
        shop.stack.advance_clock(3_600);
        shop.renew_token().await;
        run(&shop).await;
        assert_eq!(shop.transactions(&order).await[0]["status"], "pending", "{altered}");
        shop.stack.simulator().clear_alterations();
        shop.stack.advance_clock(3_600);
        shop.renew_token().await;
        run(&shop).await;
        assert_eq!(shop.transactions(&order).await[0]["status"], "complete", "{altered}");
        assert_eq!(agrees(&shop, &order).await, [(1_000, 30), (0, 0)]);
    }
    // On an account without a surcharge there is no word of a fee.
    let plain = Shop::open().await;
    plain.register("o", 1_000).await;
    for endpoint in [Endpoint::Auth, Endpoint::InquireByOrderid] {
        plain
            .stack
            .simulator()
            .alter(Alteration::of(endpoint).set("amount", "10.30").set("fee_amount", "0.20"));
    }
    assert_eq!(plain.pay_by_token("o", "purchase").await.data(202)["status"], "pending");
    plain.close().await;
    shop.close().await;
}
