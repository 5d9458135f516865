//! A merchant that was deleted, disabled or made unreadable makes no new payments after five
//! minutes, while the outcome of those in doubt is still found out. A merchant that Secrets Manager
//! only fails to return goes on for a while.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{Stack, merchants};
use serde_json::{Value, json};

use crate::shop::{Shop, by_token};

/// After this time every function has read the merchant again.
const EVERYWHERE_AFTER_S: i64 = 301;

fn name() -> String {
    merchants::secret_name(merchants::REGISTERED)
}

fn with(stack: &Stack, change: impl FnOnce(&mut Value)) {
    let mut document = stack.secrets().get(&name()).unwrap();
    change(&mut document);
    stack.secrets().put(&name(), document);
}

/// A way to stop a merchant, and the status that its requests get from then on.
type Stop = (&'static str, fn(&Stack), u16);

const STOPS: [Stop; 8] = [
    ("deleted", |stack| stack.secrets().remove(&name()), 401),
    ("marked for deletion", |stack| stack.secrets().refuse_reads(Some("InvalidRequestException")), 401),
    ("forbidden", |stack| stack.secrets().refuse_reads(Some("AccessDeniedException")), 503),
    ("encrypted with a disabled key", |stack| stack.secrets().refuse_reads(Some("DecryptionFailure")), 503),
    ("emptied", |stack| stack.secrets().put(&name(), json!({})), 503),
    ("disabled", |stack| with(stack, |document| document["disabled"] = json!(true)), 401),
    ("given a short key", |stack| with(stack, |document| document["keys"] = json!(["1"])), 503),
    (
        "sent elsewhere",
        |stack| with(stack, |document| document["gateway"]["base_url"] = json!("https://evil.example/rest")),
        503,
    ),
];

#[tokio::test]
async fn a_merchant_that_was_stopped_makes_no_payment_after_five_minutes() {
    for (how, stop, status) in STOPS {
        let shop = Shop::open().await;
        shop.register("before", 2599).await;
        shop.register("after", 2599).await;
        shop.pay("before", by_token("purchase")).await.data(200);
        stop(&shop.stack);
        for minutes in [0, 5, 40, 24 * 60] {
            shop.stack.advance_clock(EVERYWHERE_AFTER_S + minutes * 60);
            assert_eq!(shop.pay("after", by_token("purchase")).await.status, status, "{how}");
            let token = shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
            assert_eq!(token.status, status, "{how}");
        }
        assert_eq!(shop.stack.simulator().transactions().len(), 1, "{how}: the first payment only");
        shop.close().await;
    }
}

#[tokio::test]
async fn what_is_in_doubt_when_a_merchant_is_stopped_is_still_found_out() {
    for (how, stop, _) in STOPS {
        let shop = Shop::open().await;
        shop.register("doubt", 2599).await;
        let document = shop.stack.secrets().get(&name()).unwrap();
        shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
        shop.no_inquiry();
        shop.pay("doubt", by_token("purchase")).await.data(202);
        shop.stack.simulator().clear_faults();
        stop(&shop.stack);
        shop.stack.advance_clock(EVERYWHERE_AFTER_S);
        let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
        assert_eq!((&report["due"], &report["approved"]), (&json!(1), &json!(1)), "{how}: {report}");
        shop.stack.secrets().refuse_reads(None);
        shop.stack.secrets().put(&name(), document);
        shop.stack.advance_clock(EVERYWHERE_AFTER_S);
        assert_eq!(shop.order("doubt").await["payment"], "paid", "{how}");
        shop.close().await;
    }
}

#[tokio::test]
async fn while_secrets_manager_is_down_payments_go_on_for_fifteen_minutes_and_inquiries_for_a_day() {
    let shop = Shop::open().await;
    for order in ["first", "second", "third"] {
        shop.register(order, 2599).await;
    }
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    shop.pay("first", by_token("purchase")).await.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.secrets().set_down(true);
    shop.stack.advance_clock(14 * 60);
    shop.pay("second", by_token("purchase")).await.data(200);
    shop.stack.advance_clock(61);
    shop.pay("third", by_token("purchase")).await.error(503, "service_unavailable");
    shop.stack.advance_clock(23 * 3_600);
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["approved"], 1, "{report}");
    shop.stack.secrets().set_down(false);
    shop.stack.advance_clock(16);
    let answer = shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
    assert_eq!(answer.status, 200, "and everything works again");
    assert_eq!(shop.stack.simulator().transactions().len(), 2);
    shop.close().await;
}

#[tokio::test]
async fn an_outage_does_not_bring_back_a_merchant_that_was_deleted() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.stack.secrets().remove(&name());
    shop.stack.advance_clock(EVERYWHERE_AFTER_S);
    shop.pay("o", by_token("purchase")).await.error(401, "invalid_access_token");
    shop.stack.secrets().set_down(true);
    shop.stack.advance_clock(EVERYWHERE_AFTER_S);
    shop.pay("o", by_token("purchase")).await.error(401, "invalid_access_token");
    shop.close().await;
}

#[tokio::test]
async fn the_scheduled_captures_of_a_disabled_merchant_are_held_back() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let mut data = by_token("authorize");
    data["capture_at"] = json!("2020-01-01T00:00:00Z");
    shop.pay("o", data).await.data(200);
    with(&shop.stack, |document| document["disabled"] = json!(true));
    shop.stack.advance_clock(EVERYWHERE_AFTER_S);
    let report = shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    assert_eq!((&report["captured"], &report["held_back"]), (&json!(0), &json!(1)), "{report}");
    assert_eq!(shop.stack.simulator().transactions().len(), 1, "the authorization");
    shop.close().await;
}
