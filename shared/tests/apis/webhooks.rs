//! A merchant lists its webhooks and their deliveries, and has deliveries sent again.

use jiff::SignedDuration;
use tollgate_core::values::Clock as _;
use tollgate_core::webhooks::{Delivery, DeliveryState, ReceiverKey, StoredDelivery};
use uuid::Uuid;

use crate::{
    ask::{get, post},
    table::Table,
    world::{World, receiver},
};

/// Four deliveries, a minute apart, and one of another merchant.
fn delivered(world: &World) {
    let states =
        [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Parked, DeliveryState::Parked];
    let now = world.clock.now();
    let mut kept = Vec::new();
    for (merchant, states) in [("shop", &states[..]), ("external", &states[..1])] {
        for (n, state) in (1..).zip(states) {
            let to = ReceiverKey { merchant: merchant.parse().unwrap(), receiver: "erp".parse().unwrap() };
            let (event, at) =
                (Uuid::from_u128(n), now + SignedDuration::from_mins(i64::try_from(n).unwrap()));
            let (kind, body) = ("order.paid".to_owned(), format!("{{\"n\":{n}}}"));
            let failures = u32::from(*state == DeliveryState::Parked) * 7;
            let reason = (failures > 0).then(|| "status 500".to_owned());
            let delivery = Delivery { to, event, at, kind, body, failures, since: None };
            kept.push(StoredDelivery { delivery, state: *state, due: None, reason });
        }
    }
    let mut state = world.state();
    state.deliveries = kept;
    state.receivers = vec![receiver("erp", &[]), receiver("crm", &["order.paid"])];
}

#[tokio::test(start_paused = true)]
async fn receivers_are_shown_without_their_secrets_and_deliveries_with_state_and_body() {
    let mut t = Table::new("webhooks");
    t.ask("no document, no receivers", &get("/v2/webhooks").by("shop:read")).await;
    delivered(&t.world);
    t.ask("the receivers", &get("/v2/webhooks").by("shop:read")).await;
    let list = |query: &str| get(format!("/v2/webhooks/erp/deliveries{query}")).by("shop:read");
    t.ask("the newest first", &list("")).await;
    t.ask("by state", &list("?filter=eq(state,parked)")).await;
    t.ask("by two states", &list("?filter=in(state,sent,delivered)")).await;
    let first = t.ask("a page", &list("?page[limit]=3")).await;
    let next = first["links"]["next"].as_str().unwrap().to_owned();
    t.ask("the next page is the last", &list(&next)).await;
    let of_crm = next.replace("erp", "crm");
    t.ask("a cursor of another list", &get(format!("/v2/webhooks/crm/deliveries{of_crm}")).by("shop:read"))
        .await;
    t.ask("nothing was sent yet", &get("/v2/webhooks/crm/deliveries").by("shop:read")).await;
    t.ask("no such receiver", &get("/v2/webhooks/nobody/deliveries").by("shop:read")).await;
    t.world.state().spoiled_deliveries.insert("0000");
    t.ask("one that cannot be read", &list("?page[limit]=1&filter=eq(state,sent)")).await;
    t.world.state().spoiled_deliveries.clear();
    t.world.faults.take_down("receivers");
    t.ask("the document cannot be read", &get("/v2/webhooks").by("shop:read")).await;
    t.ask("deliveries are listed without it", &list("?page[limit]=1")).await;
    t.world.faults.take_down("deliveries");
    t.ask("the table is away", &list("")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_sent_again_and_a_receiver_is_tested() {
    let mut t = Table::new("webhook_changes");
    delivered(&t.world);
    let parked = {
        let listed = t
            .ask("parked", &get("/v2/webhooks/erp/deliveries?filter=eq(state,parked)").by("shop:read"))
            .await;
        listed["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let replay = |id: &str| post(format!("/v2/webhooks/erp/deliveries/{id}/replay"));
    for by in ["shop:read", "shop:operate", "shop:shopper1"] {
        t.ask("no role for it", &replay(&parked).by(by)).await;
        t.ask("no role for a test", &post("/v2/webhooks/erp/test").by(by)).await;
    }
    t.ask("sent again", &replay(&parked).by("shop:all")).await;
    t.ask("another merchant's", &replay(&parked).by("external:all")).await;
    t.ask(
        "of another receiver",
        &post(format!("/v2/webhooks/crm/deliveries/{parked}/replay")).by("shop:all"),
    )
    .await;
    t.ask("no id", &replay("latest").by("shop:all")).await;
    t.ask("a test", &post("/v2/webhooks/erp/test").by("shop:all")).await;
    t.ask("of no receiver", &post("/v2/webhooks/nobody/test").by("shop:all")).await;
    t.ask("of what cannot be one", &post("/v2/webhooks/a.b/test").by("shop:all")).await;
    t.world.faults.take_down("deliveries");
    t.ask("the table is away", &post("/v2/webhooks/erp/test").by("shop:all")).await;
    t.ask("and for a replay", &replay(&parked).by("shop:all")).await;
    t.end();
}
