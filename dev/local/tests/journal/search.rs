//! Search at scale: the journal and its orders are loaded, and every filter's pages are read. No
//! page reads more than it may, however little it finds. `ENTRIES=1000000` loads as many as that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use local::{
    JOURNAL_TABLE_NAME, Options, Stack, TABLE_NAME, dynamodb_client,
    load::{Load, fill},
    merchants,
};
use tollgate::dynamodb::{journal::DynamoDbEntries, orders::StoredOrder};
use tollgate_core::{
    journal::{
        CountedEntry, Entry, EntryLog, EntryPage, EntryPartition, EntryQuery, EntryStore as _, Hold, Is,
        Lister, LoggedEntry, Predicate, READ_MAX_BYTES, Retention, Wanted, entries,
    },
    order::{MerchantId, Order, OrderKey, TransactionStatus},
    payments::{Deadline, DueQuery, LoadedOrders, OrderStore, Page, StoreError},
    values::{Brand, Clock as _, Currency, ReadOrder},
};
use uuid::Uuid;

/// Unoptimized, a few keep the test short.
const COUNT: usize = if cfg!(debug_assertions) { 400 } else { 10_000 };

/// Days over which the entries are spread.
const DAYS: i32 = 28;

/// Days after which an authorization ends: those of half the entries have ended.
const HELD_DAYS: i64 = 14;

/// So many pages of each filter are read where there are more: a million entries have ten thousand.
const PAGES_MAX: usize = 200;

/// Writes under way at a time.
const CONCURRENCY: usize = 32;

/// Most that an entry and an order of one payment take.
const ENTRY_BYTES: usize = 512;
const ORDER_BYTES: usize = 3_072;

/// By how much the process may grow while the pages of all filters are read, its database's cache
/// included.
const GROWTH_MAX_KB: usize = 128 * 1024;

fn count() -> usize {
    std::env::var("ENTRIES").map_or(COUNT, |text| text.parse().expect("ENTRIES is a number"))
}

/// A log and a store that count their reads.
struct Counting {
    log: Arc<dyn EntryLog>,
    store: Arc<dyn OrderStore>,
    entries: AtomicUsize,
    orders: AtomicUsize,
    calls: AtomicUsize,
}

impl Counting {
    fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Entries, orders and calls since the last time.
    fn take(&self) -> (usize, usize, usize) {
        let take = |count: &AtomicUsize| count.swap(0, Ordering::Relaxed);
        (take(&self.entries), take(&self.orders), take(&self.calls))
    }
}

#[async_trait]
impl EntryLog for Counting {
    async fn logged(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        self.called();
        let page = self.log.logged(partition, query).await?;
        // An index has keys only.
        if !matches!(partition, EntryPartition::Shard(_)) && !page.entries.is_empty() {
            self.called();
        }
        self.entries.fetch_add(page.entries.len(), Ordering::Relaxed);
        Ok(page)
    }

    async fn entries(&self, _: &EntryPartition, _: &EntryQuery<'_>) -> Result<EntryPage<Entry>, StoreError> {
        unreachable!("a search needs less")
    }

    async fn counted(
        &self,
        _: &EntryPartition,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        unreachable!("a search counts nothing")
    }
}

#[async_trait]
impl OrderStore for Counting {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.called();
        self.orders.fetch_add(1, Ordering::Relaxed);
        self.store.load(key).await
    }

    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        self.called();
        self.orders.fetch_add(keys.len(), Ordering::Relaxed);
        self.store.load_all(keys).await
    }

    async fn create(&self, _: &Order) -> Result<(), StoreError> {
        unreachable!("a search writes nothing")
    }

    async fn save(&self, _: &Order) -> Result<(), StoreError> {
        unreachable!("a search writes nothing")
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        self.called();
        self.store.due(query).await
    }
}

/// The n-th order: like one that was really paid, at another time, with other ids and another card.
fn order(paid: &Order, n: usize, began: Timestamp, step: SignedDuration) -> Order {
    let mut order = paid.clone();
    let id = u128::try_from(n).unwrap();
    let at = began + step * i32::try_from(n).unwrap();
    order.id = format!("search-{n}").parse().unwrap();
    order.version = 0;
    (order.created_at, order.updated_at) = (at, at);
    let transaction = &mut order.transactions[0];
    transaction.id = Uuid::from_u128((1 << 100) + id);
    (transaction.created_at, transaction.updated_at) = (at, at);
    let card = transaction.instrument.card_mut().unwrap();
    card.brand = Some(if n.is_multiple_of(2) { Brand::Visa } else { Brand::Amex });
    card.last_four = Some(format!("{:04}", n % 1_000));
    transaction.capture = None;
    transaction.authorization_expires_at = Some(at + SignedDuration::from_hours(HELD_DAYS * 24));
    for operation in &mut transaction.operations {
        operation.id = Uuid::from_u128((1 << 101) + id);
        operation.attempt.at = at;
        (operation.created_at, operation.updated_at) = (at, at);
    }
    order
}

/// Orders, entries and open holds, as the functions write them.
async fn load(stack: &Stack, count: usize, began: Timestamp) -> MerchantId {
    let ports = stack.ports();
    let capture_at = stack.clock().now() + SignedDuration::from_hours(12);
    fill(&ports.captures, Load { count: 1, capture_at, amount: 2599 }, |_| ()).await.unwrap();
    let merchant: MerchantId = merchants::EXTERNAL.parse().unwrap();
    let client = dynamodb_client(stack.dynamodb_url());
    let scanned = client.scan().table_name(TABLE_NAME).send().await.unwrap();
    let item = scanned.items.unwrap().remove(0);
    let paid = StoredOrder(item).read().unwrap();
    let journal = DynamoDbEntries::new(client, JOURNAL_TABLE_NAME.to_owned(), Retention::default());
    let step = SignedDuration::from_hours(i64::from(DAYS) * 24) / i32::try_from(count).unwrap();
    let (paid, journal, store) = (&paid, &journal, &ports.transactions.orders);
    let writes = stream::iter(0..count).map(|n| async move {
        let order = order(paid, n, began, step);
        let own = entries(None, &order);
        assert_eq!(own.len(), 1);
        store.create(&order).await.unwrap();
        journal.put(&own[0]).await.unwrap();
        journal.hold(Hold::all(&order).first().unwrap()).await.unwrap();
    });
    writes.buffer_unordered(CONCURRENCY).collect::<Vec<()>>().await;
    merchant
}

/// Without the parts of the database's file that are mapped.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The counts of a filter's pages.
struct Pages {
    found: usize,
    read: usize,
    /// Entries, orders and calls of the page that has most of each.
    most: (usize, usize, usize),
    /// Whether it was read to the end.
    is_whole: bool,
}

/// Reads a filter's pages, each within its limits: to the end, or as many as are read at most.
async fn pages(lister: &Lister<'_>, counting: &Counting, first: Wanted<'_>) -> Pages {
    let conditions = first.predicates;
    let (mut found, mut read, mut most, mut after) = (0, 0, (0, 0, 0), None::<String>);
    loop {
        let wanted = Wanted { after: after.as_deref(), ..first };
        let page = lister.find(&wanted).await.unwrap();
        let (entries, orders, calls) = counting.take();
        let bytes = entries * ENTRY_BYTES + orders * ORDER_BYTES;
        assert!(bytes <= READ_MAX_BYTES && page.read_bytes <= READ_MAX_BYTES, "{conditions:?}: {bytes}");
        // A page of another filter reads as much as it must, and no call finds nothing but at the
        // ends of days.
        assert!(page.rows.len() <= first.limit && calls < 256 + 20_000, "{conditions:?}: {calls}");
        most = (entries.max(most.0), orders.max(most.1), calls.max(most.2));
        found += page.rows.len();
        read += 1;
        after = page.next;
        if after.is_none() || read == PAGES_MAX {
            return Pages { found, read, most, is_whole: after.is_none() };
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_every_filter_is_read_within_its_limits_and_in_the_same_memory() {
    let count = count();
    let data = crate::data();
    let stack = Stack::start(Options { data: data.clone(), ..Options::default() }).await.unwrap();
    let now = stack.clock().now();
    let began = now - SignedDuration::from_hours(i64::from(DAYS) * 24);
    let merchant = load(&stack, count, began).await;
    let ports = stack.ports();
    let log = ports.transactions.log.clone();
    let counts = AtomicUsize::default;
    let store = ports.transactions.orders.clone();
    let counting = Counting { log, store, entries: counts(), orders: counts(), calls: counts() };
    let agenda = ports.transactions.agenda.clone();
    let deadline = Deadline::after(Duration::from_hours(24));
    let lister = Lister { log: &counting, store: &counting, agenda: agenda.as_ref(), deadline };
    let every = |n: usize| count.div_ceil(n);
    let ending = |hours: i64| now + SignedDuration::from_hours(hours);
    let day = ending(-24);
    let of_a_day = count.div_ceil(usize::try_from(DAYS).unwrap());
    let began_resident = resident_kb();
    for (condition, expected) in [
        (None, count),
        (Some(Predicate::Status(vec![TransactionStatus::Done])), count),
        (Some(Predicate::Status(vec![TransactionStatus::Failed])), 0),
        (Some(Predicate::Status(vec![TransactionStatus::Pending])), 0),
        (Some(Predicate::Currency(vec![Currency::USD])), count),
        (Some(Predicate::Currency(vec!["CAD".parse().unwrap()])), 0),
        (Some(Predicate::Brand(vec![Brand::Visa])), every(2)),
        (Some(Predicate::LastFour("0007".to_owned())), (count + 992) / 1_000),
        (Some(Predicate::Amount(Is::Equal(2599))), count),
        (Some(Predicate::Amount(Is::Less(2599))), 0),
        (Some(Predicate::Captured(Is::More(0))), 0),
        (Some(Predicate::NextCaptureAttempt(Is::AtMost(now))), 0),
        (Some(Predicate::AuthorizationExpiresAt(Is::Less(began))), 0),
        (Some(Predicate::AuthorizationExpiresAt(Is::AtMost(ending(24)))), of_a_day),
        (Some(Predicate::AuthorizationExpiresAt(Is::More(now))), every(2)),
        (Some(Predicate::ListedAt(Is::AtLeast(day))), of_a_day),
    ] {
        let conditions: Vec<Predicate> = condition.into_iter().collect();
        let since = if matches!(conditions[..], [Predicate::ListedAt(_)]) { day } else { began };
        let first = Wanted {
            merchant: &merchant,
            now,
            since,
            until: now,
            predicates: &conditions,
            looked_up: None,
            order: ReadOrder::NewestFirst,
            after: None,
            limit: 100,
        };
        let Pages { found, read, most: (entries, orders, calls), is_whole } =
            pages(&lister, &counting, first).await;
        let more = if is_whole { "" } else { " and more" };
        println!(
            "{conditions:?}: {found} in {read} pages{more} of at most {entries} entries, {orders} orders, {calls} calls"
        );
        let is_right = if is_whole { found.abs_diff(expected) <= 1 } else { found <= expected };
        assert!(is_right, "{conditions:?}: {found} of {expected}");
    }
    let grown = resident_kb().saturating_sub(began_resident);
    println!("{count} entries; grown by {grown} KB while they were read");
    assert!(grown < GROWTH_MAX_KB, "{grown} KB");
    stack.stop().await;
    data.map(|data| std::fs::remove_dir_all(data).unwrap()).unwrap_or_default();
}

/// Most bytes and calls of a page of 25; and most bytes of a month of 18 payments, whole.
const PAGE_BYTES_MAX: usize = 256 * 1024;
const PAGE_CALLS_MAX: usize = 5;
const QUIET_MONTH: usize = 18;
const QUIET_MONTH_BYTES_MAX: usize = 40 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_takes_few_calls_and_a_quiet_month_few_bytes() {
    for (count, bytes_max) in [(QUIET_MONTH, QUIET_MONTH_BYTES_MAX), (COUNT, PAGE_BYTES_MAX)] {
        let stack = Stack::start(Options::default()).await.unwrap();
        let now = stack.clock().now();
        let began = now - SignedDuration::from_hours(i64::from(DAYS) * 24);
        let merchant = load(&stack, count, began).await;
        let ports = stack.ports();
        let (log, store) = (ports.transactions.log.clone(), ports.transactions.orders.clone());
        let counts = AtomicUsize::default;
        let counting = Counting { log, store, entries: counts(), orders: counts(), calls: counts() };
        let agenda = ports.transactions.agenda.clone();
        let deadline = Deadline::after(Duration::from_hours(24));
        let lister = Lister { log: &counting, store: &counting, agenda: agenda.as_ref(), deadline };
        for conditions in [
            vec![],
            vec![Predicate::LastFour("0007".to_owned())],
            vec![Predicate::Currency(vec![Currency::USD])],
        ] {
            let wanted = Wanted {
                merchant: &merchant,
                now,
                since: began,
                until: now,
                predicates: &conditions,
                looked_up: None,
                order: ReadOrder::NewestFirst,
                after: None,
                limit: 25,
            };
            let page = lister.find(&wanted).await.unwrap();
            let (entries, orders, calls) = counting.take();
            let bytes = page.read_bytes;
            println!(
                "{count} payments, {conditions:?}: {calls} calls, {bytes} bytes, {entries} entries, {orders} orders"
            );
            assert!(!page.rows.is_empty() && page.rows.len() <= 25);
            assert!(calls <= PAGE_CALLS_MAX && bytes <= bytes_max, "{calls} calls, {bytes} bytes");
            assert!(count > 25 || page.next.is_none(), "the whole month");
        }
        stack.stop().await;
    }
}
