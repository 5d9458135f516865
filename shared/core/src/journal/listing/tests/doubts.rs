//! What is in doubt, which the index has and not the journal.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{journal::listing::doubts::DoubtSearch, order::NoEffect};

/// A purchase that is in doubt since then.
fn in_doubt(n: u64, second: i64) -> Transaction {
    let new = new_operation(Uuid::from_u128(n.into()), Kind::Purchase, 100);
    payment(PaymentKind::Purchase, Operation::new(new, at(second)))
}

/// All parts of what is in doubt.
async fn in_parts(lister: &Lister<'_>, search: &DoubtSearch<'_>) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None::<String>);
    loop {
        let part = lister.in_doubt(&DoubtSearch { after: after.as_deref(), ..*search }).await.unwrap();
        assert!(part.rows.len() <= search.limit);
        rows.extend(part.rows);
        after = part.next;
        if after.is_none() {
            return rows;
        }
    }
}

/// A page of the index with so many orders of another merchant.
fn others(count: usize, next: Option<Cursor>) -> Page {
    let key = OrderKey { merchant: "another".parse().unwrap(), order: "o".parse().unwrap() };
    let due = DueOrder { key, at: Timestamp::UNIX_EPOCH, needs_attention: 0 };
    Page { orders: vec![due; count], next }
}

/// A world in whose index some partitions have other pages.
struct Indexed<'a> {
    world: &'a World,
    page: &'a (dyn Fn(u16) -> Option<Page> + Sync),
}

#[async_trait]
impl OrderStore for Indexed<'_> {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.world.load(key).await
    }

    async fn create(&self, _: &Order) -> Result<(), StoreError> {
        unreachable!("a list writes nothing")
    }

    async fn save(&self, _: &Order) -> Result<(), StoreError> {
        unreachable!("a list writes nothing")
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        match (self.page)(query.shard) {
            Some(page) => Ok(page),
            None => self.world.due(query).await,
        }
    }
}

#[tokio::test]
async fn what_is_in_doubt_for_an_hour_is_found_without_the_journal_and_only_the_merchants_own() {
    let world = World::default();
    world.pays(9, 0);
    for (n, merchant, second) in
        [(1, "m", 900), (2, "m", 0), (3, "another", 0), (4, "m", 1_800), (5, "m", 3_000)]
    {
        let mut order = order_of(merchant.parse().unwrap(), n, second);
        order.transactions.push(in_doubt(n, second));
        world.has(order);
    }
    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    let now = at(5_400);
    let wants = |_: &Order, transaction: &Transaction| is_in_doubt(transaction, now);
    let search = DoubtSearch { merchant: &merchant, now, limit: 10, after: None, wants: &wants };
    let found = lister.in_doubt(&search).await.unwrap();
    let orders: Vec<_> = found.rows.iter().map(|row| row.order.id.to_string()).collect();
    assert_eq!(
        (orders, found.next, found.more_in_doubt),
        (ids([2, 1, 4].into_iter()), None, false),
        "oldest first"
    );
    assert_eq!(found.rows[0].at, at(0));
    assert_eq!(world.read.lock().unwrap().1, 4, "no other merchant's order is read");
    // In parts: none is skipped, and none is there twice.
    let rows = in_parts(&lister, &DoubtSearch { limit: 1, ..search }).await;
    let orders: Vec<_> = rows.iter().map(|row| row.order.id.to_string()).collect();
    assert_eq!(orders, ids([1, 2, 4].into_iter()));
    let none = lister.in_doubt(&DoubtSearch { wants: &|_, _| false, ..search }).await.unwrap();
    assert!(none.rows.is_empty() && none.next.is_none());
}

#[tokio::test]
async fn an_order_with_several_transactions_in_doubt_is_found_in_parts_of_any_size() {
    let world = World::default();
    for n in 1..=2 {
        let mut order = order_of(merchant(), n, 0);
        order.transactions.extend((1..=3).map(|id| in_doubt(n * 16 + id, 0)));
        world.has(order);
    }
    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    for limit in 1..=7 {
        let wants = &|_: &Order, _: &Transaction| true;
        let search = DoubtSearch { merchant: &merchant, now: at(9_000), limit, after: None, wants };
        let rows = in_parts(&lister, &search).await;
        let found: Vec<_> = rows.iter().map(|row| row.transaction.as_u128()).collect();
        assert_eq!(found, [17, 18, 19, 33, 34, 35], "{limit}");
    }
}

#[tokio::test]
async fn what_is_read_of_orders_in_doubt_has_a_limit_and_the_next_part_goes_on() {
    let world = World::default();
    for n in 10..50 {
        let mut order = order_of(merchant(), n, 0);
        let mut transaction = in_doubt(n, 0);
        let pending = transaction.operations[0].clone();
        let decided = Operation {
            state: OperationState::Decided(Decision::Approved(GatewayResponse::default())),
            ..pending
        };
        transaction.operations.extend(vec![decided; OPERATIONS_MAX - 1]);
        order.transactions.push(transaction);
        world.has(order);
    }
    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    let (now, wants) = (at(9_000), &|_: &Order, _: &Transaction| true);
    let search = DoubtSearch { merchant: &merchant, now, limit: 100, after: None, wants };
    let part = lister.in_doubt(&search).await.unwrap();
    // Four steps of eight orders as large as they can be; a fifth would be too much.
    assert_eq!((part.rows.len(), part.more_in_doubt), (32, false));
    assert_eq!(part.read_bytes, 40 * 256 + 4 * STEP_BYTES);
    let after = part.next.unwrap();
    let rest = lister.in_doubt(&DoubtSearch { after: Some(&after), ..search }).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next), (8, None));
    // To the byte.
    let room = READ_MAX_BYTES - 4 * STEP_BYTES;
    for (keys, rows) in [(room / 256, 32), (room / 256 + 1, 24)] {
        let others = |shard| (shard == 1).then(|| others(keys - 40, None));
        let lister = Lister { log: &world, store: &Indexed { world: &world, page: &others } };
        assert_eq!(lister.in_doubt(&search).await.unwrap().rows.len(), rows);
    }
}

#[tokio::test]
async fn of_an_index_full_of_others_orders_so_much_is_read_and_no_more() {
    let world = World::default();
    for (on_a_page, pages, bytes) in
        [(1_000, 20, 20_000 * 256), (1_500, 14, READ_MAX_BYTES / 2), (19_999, 2, READ_MAX_BYTES / 2)]
    {
        let read = AtomicUsize::new(0);
        let page = |_| {
            read.fetch_add(1, Ordering::Relaxed);
            Some(others(on_a_page, Some(Cursor { key: "another#o".to_owned(), due: String::new() })))
        };
        let store = Indexed { world: &world, page: &page };
        let (merchant, lister) = (merchant(), Lister { log: &world, store: &store });
        let wants = &|_: &Order, _: &Transaction| true;
        let search = DoubtSearch { merchant: &merchant, now: at(0), limit: 1, after: None, wants };
        let found = lister.in_doubt(&search).await.unwrap();
        assert_eq!(
            (found.rows.len(), found.more_in_doubt, found.read_bytes),
            (0, true, bytes),
            "{on_a_page}"
        );
        assert_eq!(read.into_inner(), pages, "{on_a_page}");
    }
}

#[tokio::test]
async fn an_order_in_doubt_that_cannot_be_read_has_its_row_in_its_place_and_counts_toward_the_part() {
    let world = World { bad_orders: ["order-3", "order-5"].map(str::to_owned).into(), ..World::default() };
    for n in 2..=6 {
        let mut order = order_of(merchant(), n, 0);
        order.transactions.push(in_doubt(n, 0));
        world.has(order);
    }
    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    let wants = &|_: &Order, _: &Transaction| true;
    for limit in 1..=6 {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let after_this = after.as_deref();
            let search = DoubtSearch { merchant: &merchant, now: at(9_000), limit, after: after_this, wants };
            let part = lister.in_doubt(&search).await.unwrap();
            assert!((1..=limit).contains(&part.shown()), "{limit}");
            found.extend(part.rows.iter().map(|row| row.order.id.to_string()));
            for bad in part.unreadable {
                assert_eq!((bad.at, bad.transaction), (None, None));
                assert_eq!(bad.item.key, format!("m#{}", bad.order.as_ref().unwrap()));
                found.push(bad.order.unwrap().to_string());
            }
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        found.sort_unstable();
        assert_eq!(found, ids(2..=6), "{limit}");
    }
}

#[tokio::test]
async fn a_part_that_is_full_reads_no_more_orders() {
    let world = World::default();
    for n in 10..40 {
        let mut order = order_of(merchant(), n, 0);
        order.transactions.push(in_doubt(n, 0));
        world.has(order);
    }
    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    let wants = &|_: &Order, _: &Transaction| true;
    let search = DoubtSearch { merchant: &merchant, now: at(9_000), limit: 5, after: None, wants };
    assert_eq!(lister.in_doubt(&search).await.unwrap().rows.len(), 5);
    assert_eq!(world.read.lock().unwrap().1, ORDERS_AT_A_TIME);
}

#[tokio::test]
async fn a_list_says_whether_more_can_be_in_doubt_and_goes_on_at_once_where_nothing_is() {
    let world = World::default();
    world.pays(1, 0);
    let merchant = merchant();
    let all = [Condition::Status(vec![TransactionStatus::Pending, TransactionStatus::Done])];
    let wanted = |conditions| Wanted {
        merchant: &merchant,
        now: at(9_000),
        since: at(0),
        until: at(9_000),
        conditions,
        order: ReadOrder::NewestFirst,
        after: None,
        limit: 5,
    };
    for (others_in_doubt, conditions, more) in
        [(0, &all[..], false), (20_000, &all[..], true), (20_000, &[], false)]
    {
        let page = |shard| (shard == 1).then(|| others(others_in_doubt, None));
        let lister = Lister { log: &world, store: &Indexed { world: &world, page: &page } };
        let found = lister.find(&wanted(conditions)).await.unwrap();
        assert_eq!((found.rows.len(), found.next, found.more_in_doubt), (1, None, more));
    }
}

/// Money that a person has to look at, and money that is only on its way.
#[tokio::test]
async fn what_was_sent_just_now_is_pending_and_needs_no_attention() {
    let world = World::default();
    world.pays(1, 0);
    let mut order = order_of(merchant(), 2, 0);
    order.transactions.push(in_doubt(99, 8_000));
    world.has(order);
    // Its first payment was found late, and a capture of it was sent just now.
    let mut order = order_of(merchant(), 3, 0);
    let new = new_operation(Uuid::from_u128(50), Kind::Authorize, 100);
    let mut late = Operation::new(new, at(0));
    late.decide(Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived), at(200));
    late.reopen(at(4_000));
    late.decide(Decision::Approved(GatewayResponse::default()), at(4_000));
    let mut transaction = payment(PaymentKind::Authorize, late);
    let new = new_operation(Uuid::from_u128(51), Kind::Capture, 100);
    transaction.operations.push(Operation::new(new, at(8_000)));
    order.transactions.push(transaction);
    world.has(order);

    let (merchant, lister) = (merchant(), Lister { log: &world, store: &world });
    let first = async |condition: Condition| {
        let wanted = Wanted {
            merchant: &merchant,
            now: at(9_000),
            since: at(0),
            until: at(9_000),
            conditions: &[condition],
            order: ReadOrder::NewestFirst,
            after: None,
            limit: 5,
        };
        let found = lister.find(&wanted).await.unwrap();
        let rows = found.rows.iter().map(|row| row.order.id.to_string()).collect::<Vec<_>>();
        (rows, found.next.is_some())
    };
    let pending = first(Condition::Status(vec![TransactionStatus::Pending])).await;
    assert_eq!(pending, (ids(2..=3), true), "from the index, and the list comes after it");
    let attention = first(Condition::NeedsAttention(Vec::new())).await;
    assert_eq!(attention, (ids(3..=3), false), "from the list: nothing has been in doubt for long");
}
