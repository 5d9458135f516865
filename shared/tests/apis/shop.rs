//! Payments of orders that a shop has: each of its answers, for its server and for a shopper.

use serde_json::json;
use tollgate_core::{
    order::{ShopOrder, ShopStanding, TellingAnswer},
    payments::ShopFailure,
    values::{Amount, Currency},
};

use crate::ask::put;
use crate::credit_card;
use crate::fixture::{card, pay};
use crate::table::Table;

fn of(standing: ShopStanding, owing: u64) -> ShopOrder {
    let amount = |minor| Amount::new(minor).unwrap();
    let (total, settled) = (amount(10_000), amount(10_000 - owing));
    ShopOrder {
        currency: Currency::USD,
        total,
        owing: amount(owing),
        settled,
        standing,
        is_refunded: false,
        read_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn answers() -> Vec<(&'static str, Result<ShopOrder, ShopFailure>)> {
    let euros = ShopOrder { currency: Currency::parse("EUR").unwrap(), ..of(ShopStanding::Open, 1) };
    vec![
        ("all of it is owing", Ok(of(ShopStanding::Open, 10_000))),
        ("a part of it is owing", Ok(of(ShopStanding::Open, 6_000))),
        ("it is paid", Ok(of(ShopStanding::Settled, 0))),
        ("it was imported as paid", Ok(of(ShopStanding::Imported, 10_000))),
        ("it is canceled", Ok(of(ShopStanding::Cancelled, 10_000))),
        ("it is in another currency", Ok(euros)),
        ("the shop is down", Err(ShopFailure::Unavailable("it answers with status 500".to_owned()))),
        ("the answer cannot be read", Err(ShopFailure::Unreadable("it has another id".to_owned()))),
        ("shoppers ask too much", Err(ShopFailure::TooManyReads(jiff::SignedDuration::from_millis(300)))),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_answer_of_a_shop_is_told_to_its_server_and_to_a_shopper() {
    let mut t = Table::new("shop_orders");
    let all = || {
        let mut data = card(1);
        data.as_object_mut().unwrap().remove("amount");
        data
    };
    for (name, answer) in answers() {
        for by in ["shopping:pay", "shopping:shopper1"] {
            t.afresh();
            t.world.shop_orders.answer(&"a".parse().unwrap(), answer.clone());
            t.ask(name, &pay("a", "purchase", all()).by(by)).await;
            if answer.is_ok() {
                t.ask("a part", &pay("a", "purchase", card(2_500)).by(by).key("part")).await;
                t.ask("the part again", &pay("a", "purchase", card(2_500)).by(by).key("part")).await;
                t.ask("all that is left", &pay("a", "purchase", all()).by(by)).await;
            }
        }
    }
    t.afresh();
    t.ask("no such order", &pay("made-up", "purchase", all()).by("shopping:pay")).await;
    let total = put("/v2/orders/a").by("shopping:pay").data(json!({"amount": 10_000, "currency": "USD"}));
    t.ask("its total is the shop's", &total).await;
    t.ask("no order of the shop's", &credit_card::of("shopping", credit_card::pay("charge"))).await;
    assert_eq!(t.world.shop_orders.reads(), 1);
    t.end();
}

/// The card was charged, and the shop does not record it. More often than declines are let through.
#[tokio::test(start_paused = true)]
async fn a_payment_that_the_shop_refuses_is_declined_and_counts_against_nobody() {
    let mut t = Table::new("shop_refusals");
    let owes_less = of(ShopStanding::Open, 1);
    for (name, since) in [
        ("no stock", of(ShopStanding::Open, 10_000)),
        ("canceled meanwhile", of(ShopStanding::Cancelled, 10_000)),
        ("paid elsewhere meanwhile", owes_less),
    ] {
        for by in ["shopping:pay", "shopping:shopper1"] {
            t.afresh();
            let order = "a".parse().unwrap();
            t.world.shop_orders.answer(&order, Ok(of(ShopStanding::Open, 10_000)));
            t.world.shop_orders.answer_after_next_step(&order, Ok(since.clone()));
            t.world.shop_orders.answer_next(TellingAnswer::Refused);
            t.ask(name, &pay("a", "purchase", card(10_000)).by(by).key("k")).await;
            t.ask("again", &pay("a", "purchase", card(10_000)).by(by).key("k")).await;
        }
    }
    for by in ["shopping:pay", "shopping:shopper1"] {
        t.afresh();
        t.world.shop_orders.answer(&"a".parse().unwrap(), Ok(of(ShopStanding::Open, 10_000)));
        for n in 0..12 {
            t.world.shop_orders.answer_next(TellingAnswer::Refused);
            let request = pay("a", "purchase", card(10_000)).by(by).key(&n.to_string());
            let refused = request.send(&t.world, "id").await;
            assert_eq!(refused.status(), 400, "{by} {n}");
        }
        assert!(t.world.state().counters.values().all(|counts| counts.declined.is_empty()), "{by}");
    }
    t.end();
}
