//! Settlement shows the gateway's current reports: a line that a report no longer lists is gone, in
//! spite of its earlier state, and a row or day that cannot be read stops nothing else.

use cardpointe_simulator::{Chargeback, DepositDeviation, Deviation, Listing};
use jiff::{ToSpan as _, civil::Date};
use serde_json::{Value, json};
use tollgate_core::{settlement::eastern_day, values::Clock as _};

use crate::shop::Shop;

const MID: &str = "496160873888";
const DAY_S: i64 = 24 * 3600;

/// Two payments of 25.99 and 10.00 that settled and were funded in one deposit, which was read.
struct Settled {
    shop: Shop,
    first: String,
    second: String,
}

impl Settled {
    async fn funded() -> Self {
        let shop = Shop::open().await;
        let mut references = Vec::new();
        for (order, amount) in [("a", 2_599), ("b", 1_000)] {
            shop.register(order, amount).await;
            let paid = shop.pay_by_token(order, "purchase").await;
            references.push(paid.data(200)["reference"].as_str().unwrap().to_owned());
        }
        shop.stack.deliver_stream().await.unwrap();
        shop.stack.simulator().settle();
        let [first, second] = references.try_into().unwrap();
        let mut settled = Self { shop, first, second };
        // On any day: a weekend and a holiday in a row have no deposits.
        settled.days(5).await;
        assert_eq!(settled.nets().await, [3_599]);
        assert_eq!(settled.open().await, [] as [String; 0]);
        settled
    }

    /// Days, each with a run.
    async fn days(&mut self, days: u8) {
        for _ in 0..days {
            self.shop.stack.advance_clock(DAY_S);
            self.shop.stack.invoke_scheduled("settlement").await.unwrap();
        }
        self.shop.stack.deliver_stream().await.unwrap();
        self.shop.renew_token().await;
    }

    async fn runs(&self) -> Value {
        let report = self.shop.stack.invoke_scheduled("settlement").await.unwrap();
        self.shop.stack.deliver_stream().await.unwrap();
        report
    }

    /// The sums of the deposits that hold anything.
    async fn nets(&self) -> Vec<i64> {
        let listed = self.shop.get("/v2/deposits").await;
        let deposits = listed.data(200).as_array().unwrap().iter();
        deposits.map(|one| one["net"].as_i64().unwrap()).filter(|net| *net != 0).collect()
    }

    /// The causes of the open exceptions, sorted: their days depend on weekends.
    async fn open(&self) -> Vec<String> {
        let listed = self.shop.get("/v2/settlement/exceptions").await;
        let rows = listed.data(200).as_array().unwrap();
        let mut causes: Vec<_> = rows.iter().map(|one| one["cause"].as_str().unwrap().to_owned()).collect();
        causes.sort();
        causes
    }

    /// The day of their deposit.
    fn day(&self) -> Date {
        self.shop.stack.simulator().funding_day(&self.second).unwrap()
    }

    async fn disputed(&self) -> Value {
        self.shop.transactions("a").await[0]["meta"]["disputed"]["amount"].clone()
    }
}

#[tokio::test]
async fn a_line_that_a_corrected_deposit_lost_is_gone_and_one_that_moved_is_in_one_deposit() {
    let mut settled = Settled::funded().await;
    // Eight days later: such a correction is seen within a week.
    settled.days(8).await;
    settled
        .shop
        .stack
        .simulator()
        .deviate(&settled.second, Deviation { funded_times: Some(0), ..Deviation::default() });
    settled.days(7).await;
    assert_eq!(settled.nets().await, [2_599]);
    let listed = settled.shop.get("/v2/deposits").await;
    let path = format!("/v2/deposits/{}", listed.data(200)[0]["id"].as_str().unwrap());
    let deposit = settled.shop.get(&path).await;
    let lines = deposit.data(200)["line_details"].as_array().unwrap().clone();
    assert_eq!((lines.len(), &lines[0]["retref"]), (1, &json!(settled.first)));
    assert_eq!(settled.open().await, ["deposit_differs", "not_funded"]);
    // It is in another deposit.
    let on = Some(eastern_day(settled.shop.stack.clock().now()));
    settled
        .shop
        .stack
        .simulator()
        .deviate(&settled.second, Deviation { funded_on: on, ..Deviation::default() });
    settled.days(2).await;
    let mut nets = settled.nets().await;
    nets.sort_unstable();
    assert_eq!((nets, settled.open().await), (vec![1_000, 2_599], vec![]));
    settled.shop.close().await;
}

#[tokio::test]
async fn a_batch_and_a_deposit_that_get_other_numbers_are_one_each() {
    let mut settled = Settled::funded().await;
    let batch = settled.shop.stack.simulator().records()[0].batchid.clone().unwrap();
    assert!(settled.shop.stack.simulator().renumber_batch(MID, &batch, Some("770001")));
    let number = DepositDeviation { number: Some(770_002), ..DepositDeviation::default() };
    settled.shop.stack.simulator().alter_deposit(MID, settled.day(), number);
    settled.days(7).await;
    // The earlier number is not reported any more; of the batch, every line is.
    assert_eq!(
        (settled.nets().await, settled.open().await),
        (vec![3_599], vec!["deposit_differs".to_owned()])
    );
    let deposit = settled.shop.get("/v2/deposits/770002").await;
    assert_eq!(deposit.data(200)["lines"], 2);
    settled.shop.close().await;
}

#[tokio::test]
async fn a_chargeback_that_its_report_takes_back_is_none_and_the_payment_can_be_refunded() {
    let mut settled = Settled::funded().await;
    let tomorrow = eastern_day(settled.shop.stack.clock().now()).saturating_add(1.day());
    let chargeback: Chargeback = serde_json::from_value(json!({"merchid": MID, "casenumber": "case",
        "retref": settled.first, "minor_units": 2_599, "on": tomorrow}))
    .unwrap();
    let id = settled.shop.stack.simulator().charge_back(chargeback).unwrap();
    settled.days(2).await;
    assert_eq!(
        (settled.disputed().await, settled.open().await),
        (json!(2_599), vec!["chargeback".to_owned()])
    );
    settled
        .shop
        .stack
        .simulator()
        .list_again(Listing { id, taken_back: true, ..Listing::default() })
        .unwrap();
    settled.days(2).await;
    // Its deposit is gone with it.
    assert_eq!(
        (settled.disputed().await, settled.open().await),
        (json!(0), vec!["deposit_differs".to_owned()])
    );
    let transaction = settled.shop.transactions("a").await[0].clone();
    assert_eq!(transaction["meta"]["disputes"][0]["amount"], 0);
    // Again and again: one change, told once.
    settled.runs().await;
    let entries = settled.shop.get("/v2/orders/a/entries").await;
    let changes = entries.data(200).as_array().unwrap().iter();
    let changes: i64 = changes.map(|one| one["changes"]["disputed"].as_i64().unwrap()).sum();
    assert_eq!(changes, 0);
    let id = transaction["id"].as_str().unwrap().to_owned();
    settled.shop.follow_up("a", &id, "refund", json!({"amount": 100})).await.data(200);
    settled.shop.close().await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_exception_with_its_id_and_all_else_counts() {
    let mut settled = Settled::funded().await;
    settled
        .shop
        .stack
        .simulator()
        .deviate(&settled.second, Deviation { funded_without_amount: true, ..Deviation::default() });
    settled.days(7).await;
    let listed = settled.shop.get("/v2/settlement/exceptions?filter=eq(cause,not_understood)").await;
    let detail = listed.data(200)[0]["detail"].as_str().unwrap();
    assert_eq!(detail, format!("a line without an amount, {}", settled.second));
    assert_eq!(settled.open().await, ["deposit_differs", "not_funded", "not_understood"]);
    settled.shop.stack.simulator().deviate(&settled.second, Deviation::default());
    settled.days(1).await;
    assert_eq!(settled.open().await, [] as [String; 0], "its day is read while it is open");
    settled.shop.close().await;
}

#[tokio::test]
async fn a_day_that_cannot_be_read_is_on_a_list_until_it_was_and_the_others_are_matched() {
    let settled = Settled::funded().await;
    let broken = DepositDeviation { broken: true, ..DepositDeviation::default() };
    settled.shop.stack.simulator().alter_deposit(MID, settled.day(), broken);
    let report = settled.runs().await;
    assert_eq!((&report["failed"], &report["open"]), (&json!(1), &json!(0)), "{report}");
    let unread =
        async || settled.shop.get("/v2/deposits").await.body["meta"]["accounts"][0]["unread"].clone();
    let listed = unread().await;
    assert_eq!(
        (listed[0]["date"].as_str(), listed[0]["cause"].is_string()),
        (Some(&*settled.day().to_string()), true)
    );
    assert_eq!(settled.nets().await, [3_599], "what was known stays");
    settled.shop.stack.simulator().alter_deposit(MID, settled.day(), DepositDeviation::default());
    assert_eq!(settled.runs().await["failed"], 0);
    assert_eq!(unread().await, json!([]));
    settled.shop.close().await;
}

#[tokio::test]
async fn what_a_till_takes_at_a_shared_account_is_a_count_and_a_sum() {
    let gateway = json!({"gateway": {"others": {MID: "expected"}}});
    for (patch, causes) in [(json!({}), vec!["not_ours"]), (gateway, vec![])] {
        let shop = Shop::open_with(patch).await;
        shop.register("a", 2_599).await;
        let first =
            shop.pay_by_token("a", "purchase").await.data(200)["reference"].as_str().unwrap().to_owned();
        shop.stack.deliver_stream().await.unwrap();
        let till = serde_json::from_value(json!({"merchid": MID, "minor_units": 700, "order_id": "till 7"}));
        shop.stack.simulator().pay_elsewhere(&till.unwrap()).unwrap();
        shop.stack.simulator().settle();
        let mut settled = Settled { shop, first: first.clone(), second: first };
        settled.days(5).await;
        assert_eq!(settled.open().await, causes);
        let listed = settled.shop.get("/v2/deposits").await;
        assert_eq!(listed.data(200)[0]["others"], json!({"lines": 1, "sum": 700}));
        settled.shop.close().await;
    }
}
