//! Settling by hand: reasons for attention that people have seen, and outcomes that they decide.

use serde_json::json;
use tollgate_core::{
    order::{DisputeKind, Finding},
    payments::{GatewayRecord, RecordLookUp},
    values::Amount,
};

use crate::{
    ask::get,
    disputes::reported,
    fixture::{Paid, long},
    people::people,
    table::Table,
};

const EVE: &str = "shop:person1/all";
const ANN: &str = "shop:person3/operate";

#[tokio::test(start_paused = true)]
async fn a_reason_for_attention_that_fades_is_settled_by_having_seen_it_and_no_other_is() {
    let mut t = Table::new("seen");
    people(&t.world).await;
    let paid = Paid::with(&mut t, "purchase").await;
    reported(&t, "shop", "a", DisputeKind::Chargeback, 3_000).await;
    t.world.wait(60);
    let seen = |code: &str, by| paid.does(&format!("attention/{code}/seen"), by);
    let lost = json!({"reason": "the case is lost"});
    let disputed = |by| seen("disputed", by).data(lost.clone());
    for by in ["shop:read", "shop:pay", "shop:shopper1", "shop:person3/pay", "strict:operate"] {
        t.ask("not by these", &disputed(by).data(json!({"actor": "Bob", "reason": "x"}))).await;
    }
    t.ask("a key names no person", &disputed("shop:operate")).await;
    t.ask("a person states another one", &disputed(ANN).data(json!({"actor": "Bob", "reason": "x"}))).await;
    for reason in [json!(null), json!(""), json!(5), json!("card 4111 1111 1111 1111"), long(251)] {
        t.ask("a reason that is not kept", &seen("disputed", ANN).data(json!({ "reason": reason }))).await;
    }
    t.ask("a member beside data", &seen("disputed", ANN).json(json!({"reason": "x"}))).await;
    t.ask("no such code", &seen("lost", ANN).data(lost.clone())).await;
    for code in ["in_doubt", "found_late", "authorization_ending", "refund_held_back", "voided_elsewhere"] {
        t.ask("which it does not need attention for", &seen(code, ANN).data(lost.clone())).await;
    }
    t.ask("another version", &disputed(ANN).header("if-match", "\"9\"")).await;
    t.ask("seen", &disputed(ANN)).await;
    t.ask("once more", &disputed(EVE)).await;
    t.ask("once more, with the version before it", &disputed(ANN).header("if-match", "\"4\"")).await;
    t.ask("by a key for a person", &disputed("shop:operate").data(json!({"actor": "Bob", "reason": "x"})))
        .await;
    t.ask("it has left the list", &get("/v2/attention").by("shop:read")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_decided_by_a_person_who_may_do_everything_once_the_gateway_has_no_word() {
    let mut t = Table::new("decisions");
    people(&t.world).await;
    let paid = Paid::in_doubt(&mut t).await;
    let decide = |by, data| paid.does("decide", by).data(data);
    let done = json!({"outcome": "done", "reason": "seen in the portal", "retref": "10000001"});
    t.ask("too early", &decide(EVE, done.clone())).await;
    t.world.wait(3_600);
    t.ask("which needs attention", &paid.read("shop:read")).await;
    t.ask("and is not hidden", &paid.does("attention/in_doubt/seen", ANN).data(json!({"reason": "x"}))).await;
    for by in ["shop:all", ANN, "shop:shopper1", "strict:all"] {
        t.ask("not by these", &decide(by, done.clone())).await;
    }
    for data in [
        json!({}),
        json!({"outcome": "maybe", "reason": "x"}),
        json!({"outcome": "done"}),
        json!({"outcome": "done", "reason": "x", "amount": 1}),
        json!({"outcome": "done", "reason": "x"}),
        json!({"outcome": "done", "reason": "x", "retref": "../settle"}),
        json!({"outcome": "done", "reason": "4111111111111111"}),
    ] {
        t.ask("not understood", &decide(EVE, data)).await;
    }
    t.ask("the gateway does not respond", &decide(EVE, done.clone())).await;
    t.world.find(|_| Finding::Undecided);
    t.ask("no such record", &decide(EVE, done.clone())).await;
    let record =
        |minor| GatewayRecord { amount: Some(Amount::new(minor).unwrap()), ..GatewayRecord::default() };
    for (found, why) in [
        (RecordLookUp::NoResponse, "the record cannot be looked up"),
        (RecordLookUp::Found(record(3_999)), "another amount"),
        (RecordLookUp::Found(GatewayRecord { undone: Some("Voided".to_owned()), ..record(4_000) }), "voided"),
    ] {
        t.world.find(|_| Finding::Undecided);
        t.world.state().records.push_back(found);
        t.ask(why, &decide(EVE, done.clone())).await;
    }
    t.world.find(|_| Finding::Absent);
    t.ask("no trace", &decide(EVE, done.clone())).await;
    t.world.find(|_| Finding::Undecided);
    t.world.state().records.push_back(RecordLookUp::Found(record(4_000)));
    t.ask("decided", &decide(EVE, done.clone())).await;
    t.ask("once more", &decide(EVE, done)).await;
    t.ask("otherwise", &decide(EVE, json!({"outcome": "not_done", "reason": "a slip"}))).await;
    t.end();
}
