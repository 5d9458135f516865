//! The journal at scale: thousands of payments are made and captured while its consumer reads the
//! table's stream. In the end no entry is missing, and none is there twice. `PAYMENTS=100000` makes
//! as many as that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod search;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use local::{
    JOURNAL_TABLE_NAME, Options, Stack, TABLE_NAME, dynamodb_client,
    load::{Load, fill},
};
use tollgate::dynamodb::{journal::entry_of, orders::StoredOrder};
use tollgate_core::{journal::entries, order::Order, payments::CaptureSettings, values::Clock as _};
use uuid::Uuid;

/// Unoptimized, a few keep the test short.
const COUNT: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };

/// Captures under way at a time.
const CONCURRENCY: usize = if cfg!(debug_assertions) { 16 } else { 64 };

fn count() -> usize {
    std::env::var("PAYMENTS").map_or(COUNT, |text| text.parse().expect("PAYMENTS is a number"))
}

/// Where the tables are: in a file, if there are more than usual. The database has no more than a
/// gigabyte in memory, which is 90,000 payments with their changes.
pub(crate) fn data() -> Option<PathBuf> {
    let is_usual = std::env::var_os("PAYMENTS").or_else(|| std::env::var_os("ENTRIES")).is_none();
    let name = format!("at-scale-{}", Uuid::new_v4());
    (!is_usual).then(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
}

type Item = HashMap<String, AttributeValue>;

async fn scan(stack: &Stack, table: &str) -> Vec<Item> {
    let client = dynamodb_client(stack.dynamodb_url());
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let page = client.scan().table_name(table).set_exclusive_start_key(from).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            return items;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thousands_of_payments_no_entry_is_missing_and_none_is_there_twice() {
    // Why a write failed is in the output of a test that fails.
    tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_test_writer().init();
    let count = count();
    let captures = Some(CaptureSettings { shards: 16, concurrency: CONCURRENCY });
    let data = data();
    let stack = Stack::start(Options { captures, data: data.clone(), ..Options::default() }).await.unwrap();
    let ports = stack.ports();
    // Later than the filling can take; then the clock is moved there.
    let hours = SignedDuration::from_hours(12);
    let capture_at = stack.clock().now() + hours;
    let is_done = AtomicBool::new(false);
    let paying = async {
        fill(&ports.captures, Load { count, capture_at, amount: 2599 }, |_| ()).await.unwrap();
        stack.advance_clock(hours.as_secs());
        loop {
            let report = stack.invoke_scheduled("scheduled-capture").await.unwrap();
            if report["due"] == 0 && report["more_left"] == false {
                break;
            }
        }
        is_done.store(true, Ordering::SeqCst);
    };
    let reading = async {
        let (mut failures, mut failed) = (0, String::new());
        loop {
            let was_done = is_done.load(Ordering::SeqCst);
            match stack.deliver_stream().await {
                Ok(0) if was_done => break,
                Ok(_) => {}
                // A failed change comes again, as on AWS: under this load a write can take too
                // long. One change that never succeeds is a defect.
                Err(why) => {
                    failures = if why == failed { failures + 1 } else { 1 };
                    assert!(failures < 100, "{why}");
                    failed = why;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(paying, reading);
    let orders: Vec<Order> =
        scan(&stack, TABLE_NAME).await.into_iter().map(|item| StoredOrder(item).read().unwrap()).collect();
    assert_eq!(orders.len(), count);
    let expected: BTreeSet<String> =
        orders.iter().flat_map(|order| entries(None, order)).map(|entry| entry.id.to_string()).collect();
    assert_eq!(expected.len(), 2 * count, "each is approved and captured");
    let kept: Vec<String> = scan(&stack, JOURNAL_TABLE_NAME)
        .await
        .iter()
        .filter_map(|item| Some(entry_of(item)?.unwrap().id.to_string()))
        .collect();
    assert_eq!(kept.len(), expected.len(), "none twice");
    assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), expected, "none missing");
    stack.stop().await;
    data.map(|data| std::fs::remove_dir_all(data).unwrap()).unwrap_or_default();
}
