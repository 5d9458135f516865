//! Scheduled capture at scale: thousands of authorizations due at once, a gateway that fails one
//! call in a hundred, three overlapping runs, one of them killed midway. Every payment is captured
//! exactly once and nothing is left due.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::{
    Options, Stack,
    load::{Load, fill},
};
use serde_json::{Value, json};
use tollgate_core::{
    payments::{CaptureRequest, CaptureSettings, CaptureSources, Deadline, DueQuery, Index, capture_due},
    values::Clock as _,
};

/// Unoptimized, a twentieth of it keeps the test short; `--profile fast-release` runs it in full.
const COUNT: usize = if cfg!(debug_assertions) { 600 } else { 20_000 };
const AMOUNT: u64 = 2599;

/// Captures under way in each run. Unoptimized, the local DynamoDB responds to more at a time too
/// late on a busy machine.
const CONCURRENCY: usize = if cfg!(debug_assertions) { 16 } else { 64 };

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_captures_due_at_once_are_each_made_once() {
    let captures = Some(CaptureSettings { shards: 16, concurrency: CONCURRENCY });
    let stack = Stack::start(Options { captures, ..Options::default() }).await.unwrap();
    let job = stack.ports().captures.clone();
    // Later than the filling can take; then the clock is moved there.
    let capture_at = stack.clock().now() + jiff::SignedDuration::from_hours(1);
    fill(&job, Load { count: COUNT, capture_at, amount: AMOUNT }, |_| ()).await.unwrap();
    assert_eq!(run(&stack, json!({"dry_run": true})).await["due"], 0);
    one_call_in_a_hundred_fails(&stack);
    stack.advance_clock(3600);

    let [first, second, third] = [(), (), ()].map(|()| {
        let (job, merchants) = (job.clone(), job.merchants.clone());
        tokio::spawn(async move {
            let deadline = Deadline::after(std::time::Duration::from_mins(15));
            let sources = CaptureSources { merchants: merchants.as_ref(), switch: job.switch.as_ref() };
            capture_due(&job.payments, sources, CaptureRequest::default(), job.settings, deadline).await
        })
    });
    // Killed once a quarter is captured, wherever its captures stand.
    while captured(&stack) < COUNT / 4 {
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    let (first, third) = (first.await.unwrap(), third.await.unwrap());
    assert_eq!((first.left, third.left, first.failed + third.failed), (0, 0, 0), "{first:?} {third:?}");
    assert!(first.captured + third.captured < COUNT, "the killed run had its share");

    // Failed captures are tried again, and inquiries are sent about those in doubt.
    stack.simulator().clear_faults();
    for _ in 0..10 {
        stack.advance_clock(90);
        let report = stack.invoke_scheduled("reconcile").await.unwrap();
        let captures = run(&stack, json!({})).await;
        if report["due"] == 0 && captures["due"] == 0 && captured(&stack) == COUNT {
            break;
        }
    }
    // Captures given up as never sent are looked for after an hour, a day and three days.
    for hours in [1, 23, 48] {
        stack.advance_clock(hours * 3600);
        assert_eq!(stack.invoke_scheduled("reconcile").await.unwrap()["in_doubt"], 0);
    }
    assert_eq!(left_due(&stack).await, 0);

    // The gateway's ledger: each authorization is captured, once, with all of its amount.
    let mut of = BTreeMap::<String, usize>::new();
    for entry in stack.simulator().transactions() {
        if entry["respstat"] == "A" {
            assert_eq!(
                (&entry["setlstat"], &entry["amount"]),
                (&json!("Queued for Capture"), &json!("25.99"))
            );
            *of.entry(entry["userfields"][0]["order_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!((of.len(), of.values().max()), (COUNT, Some(&1)));
    // Ours: the same orders, each paid, none by more than one capture that was approved.
    for order in of.keys() {
        let key = tollgate_core::order::OrderKey {
            merchant: local::merchants::EXTERNAL.parse().unwrap(),
            order: order.parse().unwrap(),
        };
        let order = job.payments.order(&key).await.unwrap();
        let [transaction] = order.transactions.as_slice() else { panic!("{key}: one payment") };
        assert_eq!(transaction.captured().minor(), AMOUNT, "{key}: {transaction:?}");
        assert!(order.next_inquiry_at().is_none() && order.next_capture_at().is_none(), "{key}");
    }
    stack.stop().await;
}

async fn run(stack: &Stack, event: Value) -> Value {
    stack.invoke_scheduled_with("scheduled-capture", &event).await.unwrap()
}

/// Ninety-nine captures go through, the hundredth meets one of these.
fn one_call_in_a_hundred_fails(stack: &Stack) {
    let faults = [
        FaultKind::DropAfter,
        FaultKind::DropBefore,
        FaultKind::Status { status: 503 },
        FaultKind::Cut,
        FaultKind::Status { status: 429 },
        FaultKind::Malformed,
        FaultKind::TimedOut,
    ];
    let fault = |kind, times| stack.simulator().fault(Fault { endpoint: Endpoint::Capture, kind, times });
    for kind in faults.into_iter().cycle().take(COUNT / 100) {
        fault(FaultKind::Delay { delay_ms: 0 }, 99);
        fault(kind, 1);
    }
}

fn captured(stack: &Stack) -> usize {
    let all = stack.simulator().transactions();
    all.iter().filter(|entry| entry["setlstat"] == "Queued for Capture").count()
}

async fn left_due(stack: &Stack) -> usize {
    let (job, now) = (stack.ports().captures.clone(), stack.clock().now());
    let mut left = 0;
    for shard in 0..job.settings.shards {
        let query = DueQuery { index: Index::CapturesDue, shard, until: now, after: None, limit: 10 };
        left += job.payments.store.due(query).await.unwrap().orders.len();
    }
    left
}
