//! A merchant stops its own payments, and lets them go on.

use serde_json::json;

use crate::{
    ask::{Ask, get, put},
    fixture::{card, pay, registered},
    table::Table,
};

fn read() -> Ask {
    get("/v2/stop").by("shop:read")
}

fn stop(stopped: bool, reason: &str) -> Ask {
    put("/v2/stop").by("shop:all").data(json!({"stopped": stopped, "reason": reason, "actor": "Ann"}))
}

#[tokio::test(start_paused = true)]
async fn a_merchant_stops_its_payments_and_everybody_of_it_sees_who_and_why() {
    let mut t = Table::new("stop");
    t.ask("never stopped", &read()).await;
    t.ask("enabled already", &stop(false, "just in case")).await;
    t.ask("stopped", &stop(true, "duplicate charges")).await;
    t.prepare(&registered("a", 10_000).by("shop:pay")).await;
    t.ask("what moves money", &pay("a", "purchase", card(4_000)).by("shop:pay")).await;
    t.ask("a key that may not pay", &pay("a", "purchase", card(4_000)).by("shop:read")).await;
    t.ask("reading goes on", &get("/v2/orders/a").by("shop:read")).await;
    t.prepare(&registered("b", 10_000).by("strict:pay")).await;
    t.prepare(&pay("b", "purchase", card(4_000)).by("strict:pay")).await;
    t.ask("another merchant pays on", &get("/v2/orders/b").by("strict:read")).await;
    t.ask("another merchant's switch", &get("/v2/stop").by("strict:read")).await;
    t.world.wait(60);
    t.ask("a repetition keeps who stopped them", &stop(true, "again")).await;
    t.ask("started", &stop(false, "fixed")).await;
    t.ask("both changes", &read()).await;
    t.ask("payments go on", &pay("a", "purchase", card(4_000)).by("shop:pay")).await;
    t.world.operator_stops("shop").await;
    t.ask("stopped by the operator", &read()).await;
    t.ask("which a merchant's key cannot take back", &stop(false, "please")).await;
    t.world.state().stopped = Some(true);
    t.ask("all payments are stopped", &read()).await;
    t.world.state().stopped = None;
    t.ask("the table is away", &read()).await;
    t.ask("and cannot be written", &stop(true, "now")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_stop_needs_its_role_a_position_and_a_reason() {
    let mut t = Table::new("stop_checks");
    for by in ["shop:read", "shop:pay", "shop:operate", "shop:shopper1"] {
        t.ask("no role for it", &stop(true, "r").by(by)).await;
    }
    t.ask("a browser may not see it", &get("/v2/stop").by("shop:shopper1")).await;
    t.ask("an unknown parameter", &get("/v2/stop?history=all").by("shop:read")).await;
    for data in [
        json!({}),
        json!({"stopped": true}),
        json!({"stopped": true, "reason": " "}),
        json!({"stopped": "true", "reason": "r"}),
        json!({"stopped": null, "reason": "r"}),
        json!({"stopped": true, "reason": "card 4788 2500 0012 1443"}),
        json!({"stopped": true, "reason": "r", "until": "2027-01-01T00:00:00Z"}),
    ] {
        t.ask("not to be understood", &put("/v2/stop").by("shop:all").data(data)).await;
    }
    t.ask("nothing was stopped", &read()).await;
    t.end();
}
