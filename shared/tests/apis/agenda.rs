//! Payments that need a person, scheduled captures, and the caller.

use crate::{
    ask::{Ask, get},
    fixture::{card, pay, registered, unknown},
    table::Table,
};

fn read(path: &str) -> Ask {
    get(path).by("strict:read")
}

/// An authorization that is captured a day after it.
async fn scheduled(t: &mut Table, order: &str) {
    t.prepare(&registered(order, 10_000).by("strict:pay")).await;
    t.prepare(&pay(order, "authorize", card(4_000)).by("strict:pay")).await;
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_person_is_listed_with_a_count_and_as_a_file() {
    let mut t = Table::new("attention_list");
    t.ask("nothing", &read("/v2/attention")).await;
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.world.answer(unknown);
    pay("a", "purchase", card(1_000)).by("strict:pay").send(&t.world, "prepares").await;
    t.ask("in doubt for a moment", &read("/v2/attention")).await;
    t.ask("which is pending", &read("/v2/transactions?filter=eq(status,pending)")).await;
    t.world.wait(3_600);
    scheduled(&mut t, "b").await;
    t.ask("in doubt for an hour", &read("/v2/attention?page[limit]=1")).await;
    t.ask("not another merchant's", &read("/v2/attention").by("shop:read")).await;
    t.world.wait(86_400 + 3_600);
    let first = t.ask("and a capture that is late", &read("/v2/attention?page[limit]=1")).await;
    let cursor = first["meta"]["page"]["cursor"].as_str().expect("there is more").to_owned();
    t.ask("and on", &read(&format!("/v2/attention?page[limit]=1&page[cursor]={cursor}"))).await;
    t.ask("not in another list", &read(&format!("/v2/captures?page[cursor]={cursor}"))).await;
    t.ask("as a file", &read("/v2/attention").header("accept", "text/csv")).await;
    for filter in ["eq(needs_attention,capture_skipped)", "in(needs_attention,found_late,in_doubt)"] {
        t.ask("with a code", &read(&format!("/v2/attention?filter={filter}"))).await;
    }
    for filter in [
        "eq(needs_attention,true)",
        "eq(state,paid)",
        "eq(needs_attention,in_doubt):eq(needs_attention,found_late)",
    ] {
        t.ask("no code", &read(&format!("/v2/attention?filter={filter}"))).await;
    }
    for query in ["?filter=eq(status,pending)", "?sort=x", "?page[limit]=0"] {
        t.ask("a parameter that is none", &read(&format!("/v2/attention{query}"))).await;
    }
    t.ask("not by a shopper", &read("/v2/attention").by("strict:shopper1")).await;
    t.world.faults.take_down("index");
    t.ask("the index does not respond", &read("/v2/attention")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn captures_to_come_are_listed_by_time_and_summed_up_by_day() {
    let mut t = Table::new("captures_to_come");
    t.ask("nothing", &read("/v2/captures")).await;
    for order in ["a", "b", "c"] {
        scheduled(&mut t, order).await;
        t.world.wait(21_600);
    }
    t.ask("all of them", &read("/v2/captures?page[limit]=2")).await;
    for filter in [
        "lt(next_capture_attempt,2026-11-21T18:00:00Z)",
        "eq(next_capture_attempt,2026-11-22)",
        "gt(next_capture_attempt,2026-11-22)",
        "eq(paused,true)",
        "eq(paused,true):lt(next_capture_attempt,2026-11-22)",
        "eq(status,complete)",
    ] {
        t.ask("found by a filter", &read(&format!("/v2/captures?filter={filter}"))).await;
    }
    for query in [
        "",
        "?time_zone=America/New_York",
        "?from=2026-11-22",
        "?to=2026-11-21",
        "?from=2026-11-22&to=2026-11-21",
        "?to=2027-11-21",
        "?time_zone=Mars/Olympus",
        "?from=x",
        "?day=2026-11-22",
    ] {
        t.ask("sums", &read(&format!("/v2/captures/daily{query}"))).await;
    }
    t.ask("not by a shopper", &read("/v2/captures/daily").by("strict:shopper1")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn every_key_learns_who_it_is_and_a_shopper_does_not() {
    let mut t = Table::new("me");
    for by in ["strict:read", "strict:pay", "strict:operate", "shop:read"] {
        t.ask("a key", &read("/v2/me").by(by)).await;
    }
    t.ask("a shopper", &read("/v2/me").by("strict:shopper1")).await;
    t.ask("a parameter", &read("/v2/me?who=x")).await;
    t.end();
}
