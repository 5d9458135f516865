//! A payment that the card's issuer took back: where it shows, the follow-ups that are refused
//! unless they are meant, and the same after the reversal.

use jiff::civil::date;
use serde_json::json;
use tollgate_core::{
    order::{
        Dispute, DisputeKind, DisputeRecorded, DisputeReport, Finding, GatewayResponse, LineId, NoEffect,
        OrderKey, Outcome,
    },
    payments::record_dispute,
    values::Amount,
};

use crate::{
    ask::{Ask, get},
    credit_card::{follow, of, pay, with},
    fixture::{Paid, unknown},
    table::Table,
};

/// Records the dispute that a deposit of the gateway reports of the only payment of an order.
pub(crate) async fn reported(t: &Table, merchant: &str, order: &str, kind: DisputeKind, minor: u64) {
    let key = OrderKey { merchant: merchant.parse().unwrap(), order: order.parse().unwrap() };
    let entries = t.world.log.all();
    let paid = entries.iter().find(|entry| entry.order == key && entry.reference.is_some()).unwrap();
    let chargeback = matches!(kind, DisputeKind::Chargeback);
    let text = |text: &str| chargeback.then(|| text.to_owned());
    let report = DisputeReport {
        reference: chargeback.then(|| paid.reference.clone()).flatten(),
        accounts: vec![paid.account.clone()],
        currency: None,
        is_current: false,
        dispute: Dispute {
            kind,
            case: "2026319000018".to_owned(),
            line: LineId::Stated(if chargeback { "1" } else { "2" }.to_owned()),
            number: chargeback.then(|| "1".to_owned()),
            amount: Amount::new(minor).unwrap(),
            day: Some(date(2026, 11, 20)),
            reason_code: text("4853"),
            reason: text("Cardholder dispute"),
            acquirer_reference: text("24055226319400000000012"),
            deposit: Some("20261120M".to_owned()),
            changed_on: None,
        },
    };
    let world = t.world.as_ref();
    let (recorded, _) = record_dispute(&*world.orders, &*world.clock, &key, &report).await.unwrap();
    assert_eq!(recorded, DisputeRecorded::Applied);
}

fn list(path: &str) -> Ask {
    get(path).by("shop:read")
}

/// Everything that a merchant's systems and finance read about the payment.
async fn is_read(t: &mut Table, paid: &Paid) {
    t.ask("the payment", &paid.read("shop:read")).await;
    for filter in ["eq(state,disputed)", "in(state,paid,partly_refunded)", "eq(needs_attention,disputed)"] {
        let found = list(&format!("/v2/transactions?filter={filter}")).header("accept", "text/csv");
        t.ask("found by its state", &found).await;
    }
    t.ask("what needs attention", &list("/v2/attention").header("accept", "text/csv")).await;
    t.ask("its movements", &list("/v2/orders/a/entries").header("accept", "text/csv")).await;
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_was_charged_back_says_so_and_is_not_given_back_a_second_time_unless_that_is_meant() {
    let mut t = Table::new("disputes");
    let paid = Paid::with(&mut t, "purchase").await;
    t.world.wait(60);
    reported(&t, "shop", "a", DisputeKind::Chargeback, 3_000).await;
    t.world.wait(60);
    is_read(&mut t, &paid).await;
    let refund = |data| paid.does("refund", "shop:operate").data(data);
    t.ask("not refunded", &refund(json!({"amount": 500}))).await;
    t.ask("nor so", &refund(json!({"amount": 500, "refund_disputed": false}))).await;
    t.ask("nor canceled", &paid.does("cancel", "shop:operate").data(json!({}))).await;
    let meant = refund(json!({"amount": 500, "refund_disputed": true})).key("r");
    t.ask("refunded, which is meant", &meant).await;
    t.ask("the flag is no part of a repetition", &refund(json!({"amount": 500})).key("r")).await;
    reported(&t, "shop", "a", DisputeKind::Reversal, 3_000).await;
    t.world.wait(60);
    is_read(&mut t, &paid).await;
    t.ask("refunded as any other", &refund(json!({"amount": 700}))).await;
    t.end();
}

/// The issuer approves a part, which the merchant does not take, and nothing comes back of its
/// void.
fn a_part_is_approved(t: &Table, minor: u64) {
    t.world.answer(move |approval| {
        let charged = Some(Amount::new(minor).unwrap().into());
        Outcome::PartiallyApproved(GatewayResponse { charged, ..approval })
    });
    t.world.answer(unknown);
}

/// Its bank takes it back, and then the schedule learns that it had settled before its void.
async fn its_refund_is_held_back(t: &Table, merchant: &str, order: &str, minor: u64) {
    reported(t, merchant, order, DisputeKind::Chargeback, minor).await;
    t.world.wait(100);
    let settled = Outcome::NoEffect(NoEffect::AlreadySettled, GatewayResponse::default());
    t.world.find(|_| Finding::Became(Box::new(settled)));
    t.world.look_for_doubts().await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_waits_for_a_dispute_is_shown_and_one_that_is_meant_takes_its_place() {
    let mut t = Table::new("held_back");
    a_part_is_approved(&t, 3_000);
    let paid = Paid::with(&mut t, "purchase").await;
    its_refund_is_held_back(&t, "shop", "a", 3_000).await;
    t.ask("the payment", &paid.read("shop:read")).await;
    let found =
        list("/v2/attention?filter=eq(needs_attention,refund_held_back)").header("accept", "text/csv");
    t.ask("what needs attention", &found).await;
    let refund = |data| paid.does("refund", "shop:operate").data(data);
    t.ask("not refunded", &refund(json!({}))).await;
    t.ask("nor canceled", &paid.does("cancel", "shop:operate").data(json!({}))).await;
    t.ask("nothing is in doubt", &paid.confirm("shop:pay")).await;
    t.ask("too much", &refund(json!({"amount": 3_001, "refund_disputed": true}))).await;
    t.ask("refunded, which is meant", &refund(json!({"refund_disputed": true})).key("r")).await;
    t.ask("the same again", &refund(json!({})).key("r")).await;
    t.ask("the payment after that", &paid.read("shop:read")).await;
    t.ask("nothing is left", &refund(json!({"refund_disputed": true}))).await;
    t.ask("nor needs attention", &found).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_credit_card_api_refunds_a_declined_payment_whose_refund_waits_only_if_that_is_meant() {
    let mut t = Table::new("cc_held_back");
    a_part_is_approved(&t, 500);
    let paid = t.prepare(&of("shop", pay("charge"))).await;
    let id = paid["Response"]["TransactionID"].as_str().unwrap().to_owned();
    let order = t.world.log.all()[0].order.order.to_string();
    its_refund_is_held_back(&t, "shop", &order, 500).await;
    let status = json!({"TransactionReference": "ref-1"});
    t.ask("declined", &of("shop", crate::credit_card::status(status))).await;
    let refund = with(of("shop", follow("refund", &id)), "Request.TransactionType", "2".into());
    t.ask("not refunded", &refund).await;
    t.ask("refunded", &with(refund.clone(), "Request.RefundDisputed", "true".into())).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_credit_card_api_refunds_what_was_charged_back_only_if_that_is_meant() {
    let mut t = Table::new("cc_disputes");
    let paid = t.prepare(&pay("charge")).await;
    let id = paid["Response"]["TransactionID"].as_str().unwrap().to_owned();
    let order = t.world.log.all()[0].order.order.to_string();
    reported(&t, "external", &order, DisputeKind::Chargeback, 2_050).await;
    let refund = |flag: Option<&str>| {
        let ask = with(follow("refund", &id), "Request.TransactionType", "2".into());
        match flag {
            Some(flag) => with(ask, "Request.RefundDisputed", flag.into()),
            None => ask,
        }
    };
    for flag in [None, Some("false"), Some("true")] {
        t.ask("refunded only if it is meant", &refund(flag)).await;
    }
    t.end();
}
