//! In any form of the gateway's reports, a chargeback is counted once, and never paid a second
//! time.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::merchants;
use serde_json::{Value, json};

use crate::{disputed, permissions::reads_a_deposit_with, shop::Shop};

const CASE: &str = "2026319000018";
/// The account that the payment is made with.
const MID: &str = "496160873888";
/// The account of another built-in merchant.
const OTHER_MID: &str = "496480518000";
const DAY_S: i64 = 24 * 3600;

/// A payment of 100.00 that the journal knows: its transaction and the gateway's reference of it.
struct Payment {
    shop: Shop,
    id: String,
    reference: Value,
}

impl Payment {
    async fn made() -> Self {
        let shop = Shop::open().await;
        shop.register("o", 10_000).await;
        let paid = shop.pay_by_token("o", "purchase").await;
        let (id, reference) = (paid.id(), paid.data(200)["reference"].clone());
        shop.stack.deliver_stream().await.unwrap();
        shop.stack.simulator().settle();
        Self { shop, id, reference }
    }

    /// A chargeback as a report has it; members in `more` replace these.
    fn chargeback(&self, amount: &str, more: &Value) -> Value {
        let mut line = json!({"casenumber": CASE, "retref": self.reference, "amount": amount,
            "reasoncode": "10", "chargebackdate": "20261101"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    }

    /// The settlement reads a deposit with these, and the journal follows.
    async fn reads(&self, deposit: &str, chargebacks: &[Value], adjustments: &[Value]) {
        reads_a_deposit_with(&self.shop, deposit, json!(chargebacks), json!(adjustments)).await;
        self.shop.stack.deliver_stream().await.unwrap();
    }

    async fn disputed(&self) -> Value {
        self.shop.transactions("o").await[0]["meta"]["disputed"]["amount"].clone()
    }

    async fn concerns(&self) -> Vec<String> {
        disputed::concerns(&self.shop, &self.id).await
    }

    /// The journal's changes of the disputed amount.
    async fn entries(&self) -> Vec<i64> {
        let all = self.shop.get("/v2/orders/o/entries").await;
        let changes = all.data(200).as_array().unwrap().iter();
        let changes = changes.map(|entry| entry["changes"]["disputed"].as_i64().unwrap());
        changes.filter(|minor| *minor != 0).collect()
    }

    /// The open exceptions of the settlement, each with its expected and found values.
    async fn exceptions(&self, cause: &str) -> Vec<(Value, Value)> {
        let path = format!("/v2/settlement/exceptions?filter=eq(cause,{cause})&page[limit]=100");
        let all = self.shop.get(&path).await;
        let all = all.data(200).as_array().unwrap().clone();
        all.into_iter().map(|one| (one["expected"].clone(), one["found"].clone())).collect()
    }

    /// The next deposit of an account says so.
    async fn is_charged_back_at(&mut self, merchid: &str) {
        let stack = &self.shop.stack;
        let chargeback = json!({"merchid": merchid, "casenumber": CASE, "retref": self.reference,
            "minor_units": 10_000});
        let chargeback = serde_json::from_value(chargeback).unwrap();
        stack.simulator().charge_back(chargeback).unwrap();
        stack.advance_clock(4 * DAY_S);
        stack.invoke_scheduled("settlement").await.unwrap();
        self.shop.renew_token().await;
    }

    async fn is_not_refunded(&self) {
        let refund = self.shop.follow_up("o", &self.id, "refund", json!({"amount": 100})).await;
        refund.error(422, "payment_disputed");
    }
}

/// A reversal of the case.
fn reversal(id: &str, amount: &str) -> Value {
    json!({"fundingadjustmentid": id, "category": "REVERSAL", "amount": amount, "casenumber": CASE,
        "dateadded": "20261102"})
}

#[tokio::test]
async fn a_second_chargeback_of_a_won_case_that_has_no_number_is_not_refunded() {
    let payment = Payment::made().await;
    let first = payment.chargeback("100.00", &json!({"fundingchargebackid": "1"}));
    let second = payment.chargeback("100.00", &json!({"fundingchargebackid": "2"}));
    payment.reads("1", &[first], &[]).await;
    payment.reads("2", &[], &[reversal("3", "100.00")]).await;
    payment.reads("4", &[second], &[]).await;
    assert_eq!(payment.disputed().await, 10_000);
    assert_eq!(payment.entries().await.len(), 3);
    payment.is_not_refunded().await;
    assert_eq!(payment.exceptions("disputes_differ").await, []);
    payment.shop.close().await;
}

#[tokio::test]
async fn a_case_in_two_lines_of_a_deposit_is_two_events_however_often_it_is_read() {
    for ids in [true, false] {
        let payment = Payment::made().await;
        let id = |id: &str| if ids { json!({"fundingchargebackid": id}) } else { json!({}) };
        let lines = [payment.chargeback("30.00", &id("1")), payment.chargeback("20.00", &id("2"))];
        for _ in 0..5 {
            payment.reads("1", &lines, &[]).await;
        }
        assert_eq!((payment.disputed().await, payment.entries().await.len()), (json!(5_000), 2));
        // Equal lines of one report are as many.
        let equal = [payment.chargeback("7.00", &id("3")), payment.chargeback("7.00", &id("4"))];
        for _ in 0..2 {
            payment.reads("5", &equal, &[]).await;
        }
        assert_eq!((payment.disputed().await, payment.entries().await.len()), (json!(6_400), 4));
        assert_eq!(payment.exceptions("disputes_differ").await, []);
        payment.shop.close().await;
    }
}

#[tokio::test]
async fn a_correction_in_a_later_deposit_counts_in_its_lines_place_and_the_two_do_not_alternate() {
    let payment = Payment::made().await;
    let line = |amount, changed| {
        payment.chargeback(amount, &json!({"fundingchargebackid": "1", "datechanged": changed}))
    };
    for _ in 0..4 {
        payment.reads("1", &[line("40.00", "20261102")], &[]).await;
        payment.reads("2", &[line("35.00", "20261104")], &[]).await;
    }
    assert_eq!(payment.disputed().await, 3_500);
    let mut changes = payment.entries().await;
    changes.sort_unstable();
    assert_eq!(changes, [-500, 4_000]);
    assert_eq!(payment.exceptions("disputes_differ").await, []);
    // Neither of these says that it is the later one.
    payment.reads("3", &[line("34.00", "20261104")], &[]).await;
    assert_eq!(payment.disputed().await, 3_500);
    assert_eq!(payment.exceptions("disputes_differ").await, [(Value::Null, json!(-3_500))]);
    payment.shop.close().await;
}

#[tokio::test]
async fn what_may_be_a_correction_of_a_line_without_an_id_counts_as_an_event_and_needs_attention() {
    let payment = Payment::made().await;
    payment.reads("1", &[payment.chargeback("40.00", &json!({}))], &[]).await;
    assert_eq!(payment.concerns().await, ["disputed"]);
    payment.reads("2", &[payment.chargeback("35.00", &json!({"datechanged": "20261104"}))], &[]).await;
    assert_eq!(payment.disputed().await, 7_500);
    assert_eq!(payment.concerns().await, ["disputed", "dispute_unclear"]);
    payment.shop.close().await;
}

#[tokio::test]
async fn a_hundred_reports_of_an_order_fit_and_what_does_not_is_an_exception_and_a_reason_for_attention() {
    let payment = Payment::made().await;
    let line = |n: usize| payment.chargeback("0.10", &json!({"fundingchargebackid": n.to_string()}));
    let lines: Vec<Value> = (0..120).map(line).collect();
    payment.reads("1", &lines, &[]).await;
    assert_eq!(
        (payment.disputed().await, payment.exceptions("disputes_differ").await),
        (json!(1_200), vec![])
    );
    payment.reads("2", &[line(120)], &[reversal("won", "0.05")]).await;
    assert_eq!(payment.disputed().await, 1_200);
    assert_eq!(payment.exceptions("disputes_differ").await.len(), 3, "two lines, and the sums");
    // The 121 chargebacks less the reversal, and the amount on record.
    assert!(payment.exceptions("disputes_differ").await.contains(&(json!(1_205), json!(1_200))));
    assert_eq!(payment.concerns().await, ["disputed", "dispute_unclear"]);
    payment.is_not_refunded().await;
    payment.shop.close().await;
}

#[tokio::test]
async fn the_account_of_a_payment_is_read_although_the_document_names_another_one_since() {
    for was_read in [true, false] {
        let mut payment = Payment::made().await;
        if was_read {
            payment.shop.stack.invoke_scheduled("settlement").await.unwrap();
        }
        change_account(&payment.shop, OTHER_MID);
        payment.shop.renew_token().await;
        let stack = &payment.shop.stack;
        let report = stack.invoke_scheduled("settlement").await.unwrap();
        assert_eq!(report["accounts"], if was_read { 2 } else { 1 }, "{report}");
        payment.is_charged_back_at(MID).await;
        assert_eq!(payment.disputed().await, 10_000);
        payment.is_not_refunded().await;
        // Nothing comes for it any more.
        let stack = &payment.shop.stack;
        stack.advance_clock(201 * DAY_S);
        let report = stack.invoke_scheduled("settlement").await.unwrap();
        assert_eq!(report["accounts"], 1, "{report}");
        payment.shop.close().await;
    }
}

#[tokio::test]
async fn an_account_that_the_gateway_refuses_since_it_was_changed_is_a_failed_one() {
    let payment = Payment::made().await;
    payment.shop.stack.invoke_scheduled("settlement").await.unwrap();
    change_account(&payment.shop, OTHER_MID);
    let refused = FaultKind::Status { status: 401 };
    payment.shop.stack.simulator().fault(Fault { times: 100, ..Fault::once(Endpoint::Settlestat, refused) });
    let report = payment.shop.stack.invoke_scheduled("settlement").await.unwrap();
    assert_eq!((&report["accounts"], &report["failed"]), (&json!(2), &json!(2)), "{report}");
    payment.shop.close().await;
}

#[tokio::test]
async fn a_merchant_whose_document_cannot_be_read_is_failed_with_its_accounts_and_their_age() {
    let payment = Payment::made().await;
    let stack = &payment.shop.stack;
    stack.invoke_scheduled("settlement").await.unwrap();
    stack.secrets().put(&merchants::secret_name(merchants::REGISTERED), json!({"keys": []}));
    stack.advance_clock(2 * DAY_S);
    let report = stack.invoke_scheduled("settlement").await.unwrap();
    assert_eq!((&report["accounts"], &report["failed"]), (&json!(1), &json!(1)), "{report}");
    assert!(report["oldest_read_s"].as_i64().unwrap() >= 2 * DAY_S, "{report}");
    // Of a merchant that was removed, nothing fails for ever.
    stack.advance_clock(201 * DAY_S);
    let report = stack.invoke_scheduled("settlement").await.unwrap();
    assert_eq!((&report["accounts"], &report["failed"]), (&json!(0), &json!(0)), "{report}");
    payment.shop.close().await;
}

/// The merchant's document names another account.
fn change_account(shop: &Shop, merchid: &str) {
    let name = merchants::secret_name(merchants::REGISTERED);
    let mut document = shop.stack.secrets().get(&name).unwrap();
    document["gateway"]["merchids"]["USD"] = merchid.into();
    shop.stack.secrets().put(&name, document);
    // Until every process has read it.
    shop.stack.advance_clock(3_600);
}
