//! Payments of orders that a shop has: each of its answers, for its server and for a shopper.

use serde_json::json;
use tollgate_core::{
    order::{ShopOrder, ShopStanding},
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
