//! `capture pause`, `capture resume` and `capture list`.

use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, Ran};

const WHY: &str = "may be fraud, case 4713";

impl Fixture {
    /// An authorization that is due now.
    async fn due(&self, order: &str) -> String {
        let (status, id) = self.pay(order, "authorize").await;
        assert_eq!(status, 200);
        let path = format!("/v2/orders/{order}/transactions/{id}");
        let now = json!({"data": {"capture_at": "2020-01-01T00:00:00Z"}});
        assert_eq!(self.call("PATCH", &path, now).await.0, 200);
        id
    }

    async fn switch(&self, what: &str, order: &str, more: &[&str], input: &str) -> Ran {
        let fixed = ["capture", what, MERCHANT, order, "--by", "Ann", "--reason", WHY, "--json"];
        self.run(&[&fixed, more].concat(), input).await
    }

    async fn listed(&self, more: &[&str]) -> Value {
        self.run(&[&["capture", "list", MERCHANT, "--paused", "--json"], more].concat(), "").await.json()
    }

    async fn captured(&self) -> Value {
        self.stack.invoke_scheduled_with("scheduled-capture", &json!({})).await.unwrap()["captured"].clone()
    }
}

#[tokio::test]
async fn an_order_is_paused_after_a_confirmation_listed_and_resumed() {
    let fixture = Fixture::open().await;
    let id = fixture.due("o").await;
    for typed in ["", "y", MERCHANT] {
        fixture.switch("pause", "o", &[], typed).await.fails(5, "o was not typed");
    }
    let dry = fixture.switch("pause", "o", &["--dry-run"], "").await.json();
    assert_eq!((&dry["dry_run"], &dry["order"]["captures_paused"]), (&json!(true), &json!(false)));
    let ran = fixture.switch("pause", "o", &[], "o\n").await;
    for says in ["25.99 USD", "Ann", WHY] {
        assert!(ran.err.contains(says), "{says}: {ran:?}");
    }
    let paused = ran.json();
    assert_eq!(paused["changed"], true);
    let by = &paused["order"]["pauses"][0]["paused"];
    assert_eq!((&by["actor"], &by["reason"]), (&json!("Ann"), &json!(WHY)));
    assert_eq!(fixture.switch("pause", "o", &[], "").await.json()["changed"], false, "without a prompt");
    assert_eq!(fixture.captured().await, 0);

    let list = fixture.listed(&[]).await;
    assert_eq!((&list["captures"][0]["transaction"], &list["next"]), (&json!(id), &Value::Null));
    assert_eq!(list["captures"][0]["paused"]["paused"]["reason"], WHY);
    let text = fixture.run(&["capture", "list", MERCHANT, "--paused"], "").await.done();
    assert!(text.contains(WHY) && text.contains("25.99 USD") && text.contains("1 paused capture"), "{text}");
    let shown = fixture.run(&["payment", "show", MERCHANT, "o"], "").await.done();
    assert!(shown.contains(&format!("with actor Ann, reason {WHY}")), "{shown}");

    let resumed = fixture.switch("resume", "o", &["--yes"], "").await.json();
    assert_eq!(resumed["order"]["pauses"][0]["resumed"]["actor"], "Ann");
    assert_eq!(fixture.switch("resume", "o", &["--yes"], "").await.json()["changed"], false);
    assert_eq!(fixture.listed(&[]).await["captures"], json!([]));
    assert_eq!(fixture.captured().await, 1);
    fixture.close().await;
}

#[tokio::test]
async fn a_list_of_paused_captures_goes_on_where_it_ended() {
    let fixture = Fixture::open().await;
    let mut ids = Vec::new();
    for order in ["a", "b", "c"] {
        ids.push(fixture.due(order).await);
        fixture.switch("pause", order, &["--yes"], "").await.json();
        fixture.stack.advance_clock(2);
    }
    let first = fixture.listed(&["--limit", "2"]).await;
    let next = first["next"].as_str().unwrap();
    let rest = fixture.listed(&["--limit", "2", "--next", next]).await;
    let both = [&first, &rest].map(|part| part["captures"].as_array().unwrap().clone()).concat();
    assert_eq!(
        both.iter().map(|row| &row["transaction"]).collect::<Vec<_>>(),
        ids.iter().collect::<Vec<_>>()
    );
    assert_eq!(rest["next"], Value::Null);
    fixture.close().await;
}

#[tokio::test]
async fn what_cannot_be_paused_is_said() {
    let fixture = Fixture::open().await;
    for what in ["pause", "resume"] {
        fixture.switch(what, "unknown", &["--yes"], "").await.fails(3, "order");
        let long = "x".repeat(251);
        for wrong in [&["--by", "Ann"][..], &["--reason", WHY], &["--by", "Ann", "--reason", &long]] {
            let ran = fixture.run(&[&["capture", what, MERCHANT, "o"], wrong].concat(), "").await;
            assert_eq!(ran.code, 2, "{ran:?}");
        }
    }
    fixture.close().await;
}
