//! Orders that the indexes of attention and of captures have, and the journal does not, or not yet.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, civil::Date};

use super::*;
use crate::{
    journal::{
        AgendaKeys, AgendaOrder, AgendaPage, AgendaQuery, AgendaWanted, AttentionCount, COUNTED_MAX,
        CaptureList, DueSum, DueWanted, count_attention, due_sums,
    },
    order::{CaptureSchedule, Doubt, NoEffect},
    values::Zone,
};

/// A purchase that is in doubt since then: nothing came back.
fn in_doubt(n: u64, second: i64) -> Transaction {
    let new = new_operation(Uuid::from_u128(n.into()), Kind::Purchase, 100);
    let mut operation = Operation::new(new, at(second));
    operation.pending_mut().unwrap().doubt = Some(Doubt::NoResponse);
    payment(PaymentKind::Purchase, operation)
}

/// An authorization that is to be captured then.
fn scheduled(n: u64, second: i64) -> Transaction {
    let new = new_operation(Uuid::from_u128(n.into()), Kind::Authorize, n);
    let mut operation = Operation::new(new, at(0));
    operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    let mut transaction = payment(PaymentKind::Authorize, operation);
    transaction.authorization_expires_at = Some(at(30 * DAY_S));
    transaction.capture = Some(CaptureSchedule::new(at(second), None));
    transaction
}

impl World {
    fn orders_in_doubt(&self, all: &[(u64, &str, i64)]) {
        for (n, merchant, second) in all {
            let mut order = order_of(merchant.parse().unwrap(), *n, *second);
            order.transactions.push(in_doubt(*n, *second));
            self.orders.keep(order);
        }
    }
}

fn orders(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| row.order.id.to_string()).collect()
}

/// The orders that need attention, of all parts, and the first part's count.
async fn attention(lister: &Lister<'_>, now: Timestamp, limit: usize) -> (Vec<String>, AttentionCount) {
    let (merchant, mut all, mut after, mut count) = (merchant(), Vec::new(), None::<String>, None);
    loop {
        let wanted = AgendaWanted { merchant: &merchant, now, after: after.as_deref(), limit };
        let (part, counted) = lister.by_agenda().attention(&wanted, &[]).await.unwrap();
        assert_eq!(counted.is_some(), after.is_none());
        all.extend(orders(&part.rows));
        all.extend(part.unreadable.into_iter().map(|row| row.item.key));
        count = count.or(counted);
        after = part.next;
        assert!(after.as_deref().is_none_or(is_cursor), "{after:?}");
        if after.is_none() {
            return (all, count.unwrap());
        }
    }
}

#[tokio::test]
async fn what_is_in_doubt_for_an_hour_is_found_without_the_journal_and_only_the_merchants_own() {
    let world = World::default();
    world.pays(9, 0);
    world.orders_in_doubt(&[(1, "m", 900), (2, "m", 0), (3, "another", 0), (4, "m", 1_800), (5, "m", 3_000)]);
    let lister = lister(&world);
    for limit in [1, 2, 10] {
        let found = attention(&lister, at(5_400), limit).await;
        assert_eq!(found.0, ids([4, 1, 2].into_iter()), "{limit}: the newest first");
        assert_eq!(found.1, AttentionCount { orders: 3, more: false });
    }
    world.forget_reads();
    attention(&lister, at(5_400), 10).await;
    assert_eq!(world.read(), (0, 3), "neither an entry nor another merchant's order");
    assert_eq!(attention(&lister, at(3_599), 10).await.0, ids(0..0), "not for an hour yet");
}

#[tokio::test]
async fn an_operation_under_way_enters_no_index_until_its_response_is_missing() {
    let world = World::default();
    let mut order = order_of(merchant(), 1, 0);
    order.transactions.push(in_doubt(1, 0));
    order.transactions[0].operations[0].pending_mut().unwrap().doubt = None;
    assert_eq!(AgendaKeys::of(&order).attention, None);
    order.transactions[0].operations[0].pending_mut().unwrap().inquiries = 1;
    // An hour after 1,800,000,000 s, counted down.
    assert!(AgendaKeys::of(&order).attention.unwrap().starts_with("open#8199996399999#"));
    world.orders.keep(order);
    assert_eq!(attention(&lister(&world), at(3_601), 10).await.0, ids(1..2));
}

#[tokio::test]
async fn what_cannot_be_undone_fades_and_what_can_be_done_stays() {
    let world = World::default();
    let mut order = order_of(merchant(), 1, 0);
    let new = new_operation(Uuid::from_u128(50), Kind::Refund, 100);
    let mut late = Operation::new(new, at(0));
    late.decide(Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived), at(200));
    late.reopen(at(4_000));
    late.decide(Decision::Approved(GatewayResponse::default()), at(4_000));
    let new = new_operation(Uuid::from_u128(51), Kind::Purchase, 100);
    let mut paid = Operation::new(new, at(0));
    paid.decide(Decision::Approved(GatewayResponse::default()), at(0));
    let mut payment = payment(PaymentKind::Purchase, paid);
    payment.operations.push(late);
    order.transactions.push(payment);
    world.orders.keep(order);
    world.orders_in_doubt(&[(2, "m", 0)]);
    let lister = lister(&world);
    let (late, both) = (at(4_000), ids([2, 1].into_iter()));
    assert_eq!(attention(&lister, late + SignedDuration::from_secs(1), 10).await.0, both);
    let month = SignedDuration::from_hours(30 * 24);
    assert_eq!(attention(&lister, late + month - SignedDuration::from_secs(1), 10).await.0, both);
    let found = attention(&lister, late + month + SignedDuration::from_secs(1), 10).await;
    assert_eq!(found, (ids(2..3), AttentionCount { orders: 1, more: false }));
}

#[tokio::test]
async fn a_count_stops_at_a_thousand_and_the_list_goes_on() {
    let world = World::default();
    for (all, expected, formatted) in
        [(999, (999, false), "999"), (1_000, (1_000, false), "1,000"), (1_001, (1_000, true), "1,000+")]
    {
        let count = world.orders.all().len();
        world.orders_in_doubt(&(count as u64..all).map(|n| (n, "m", 0)).collect::<Vec<_>>());
        let count = count_attention(&world.orders, &merchant(), at(9_000)).await.unwrap();
        assert_eq!((count.orders, count.more), expected);
        assert_eq!(count.to_string(), formatted);
    }
    let (found, count) = attention(&lister(&world), at(9_000), 100).await;
    assert_eq!((found.len(), count.orders, count.more), (1_001, COUNTED_MAX, true));
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>().len(), 1_001, "none twice");
}

#[test]
fn an_order_in_an_index_counts_by_its_keys_even_if_it_cannot_be_read() {
    let indexed = |key| AgendaOrder { sort_key: "open#1".to_owned(), key };
    let key = order_of(merchant(), 1, 0).key();
    let item = Unreadable { key: key.to_string(), reason: String::new() };
    let page = AgendaPage { orders: vec![indexed(Ok(key)), indexed(Err(item))], more: false };
    assert_eq!(page.bytes(), 2 * ("open#1".len() + 2 * "m#order-1".len() + 16));
}

/// Counts the queries of an index, the keys that they return, and the bytes of those.
struct Counted<'a> {
    agenda: &'a OrderTable,
    reads: Mutex<(usize, usize, usize)>,
}

#[async_trait]
impl Agenda for Counted<'_> {
    async fn between(&self, query: AgendaQuery<'_>) -> Result<AgendaPage, StoreError> {
        let page = self.agenda.between(query).await?;
        let mut reads = self.reads.lock().unwrap();
        reads.0 += 1;
        reads.1 += page.orders.len();
        // The names and values of the table's key and of the index's two keys.
        let stored = |order: &AgendaOrder| {
            let key = order.key.as_ref().unwrap().to_string();
            ["order_key", &key, "gp", "m#1", "ga", &order.sort_key].map(str::len).iter().sum::<usize>()
        };
        reads.2 += page.orders.iter().map(stored).sum::<usize>();
        Ok(page)
    }
}

#[tokio::test]
async fn a_page_reads_the_keys_that_it_needs_however_many_orders_need_attention() {
    let world = World::default();
    world.orders_in_doubt(&(0..2_500).map(|n| (n, "m", 0)).collect::<Vec<_>>());
    let counted = Counted { agenda: &world.orders, reads: Mutex::default() };
    let (merchant, lister) = (merchant(), Lister { agenda: &counted, ..lister(&world) });
    let read = |found: &Found| {
        let (queries, keys, bytes) = std::mem::take(&mut *counted.reads.lock().unwrap());
        assert_eq!((found.rows.len(), found.next.is_some()), (25, true));
        let orders = 25 * size_of(&found.rows[0].order);
        assert!((bytes + orders..256 * 1024).contains(&found.read_bytes), "{}", found.read_bytes);
        (queries, keys)
    };
    let wanted = AgendaWanted { merchant: &merchant, now: at(9_000), after: None, limit: 25 };
    let (first, count) = lister.by_agenda().attention(&wanted, &[]).await.unwrap();
    assert_eq!(read(&first), (4, 1_200));
    assert_eq!(count.unwrap().to_string(), "1,000+");
    let wanted = AgendaWanted { after: first.next.as_deref(), ..wanted };
    let (second, _) = lister.by_agenda().attention(&wanted, &[]).await.unwrap();
    assert_eq!(read(&second), (4, 120));
    let attention = [Predicate::NeedsAttention(Vec::new())];
    let wanted = Wanted { limit: 25, ..self::wanted(&merchant, &attention) };
    assert_eq!(read(&lister.find(&wanted).await.unwrap()), (4, 120));
    count_attention(&counted, &merchant, at(9_000)).await.unwrap();
    assert_eq!(counted.reads.lock().unwrap().1, 1_200);
}

#[tokio::test]
async fn a_part_reads_more_keys_until_it_is_full_if_few_orders_are_wanted() {
    let world = World::default();
    world.orders_in_doubt(&(0..3_000_u64).map(|n| (n, "m", -n.cast_signed())).collect::<Vec<_>>());
    let (merchant, lister, mut after, mut parts) = (merchant(), lister(&world), None::<String>, Vec::new());
    // The oldest one, which comes last.
    let wanted = [Predicate::NeedsAttention(Vec::new()), Predicate::Order("order-2999".parse().unwrap())];
    loop {
        let wanted = Wanted { after: after.as_deref(), limit: 1_000, ..self::wanted(&merchant, &wanted) };
        let found = lister.by_agenda().attention_of(&wanted).await.unwrap();
        let is_full = READ_MAX_BYTES - STEP_BYTES < found.read_bytes && found.read_bytes <= READ_MAX_BYTES;
        assert_eq!(is_full, found.next.is_some(), "{}", found.read_bytes);
        parts.push(orders(&found.rows));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(parts, [Vec::new(), ids(2_999..3_000)]);
}

/// The parts of an index that a merchant's orders are in are chosen by their ids.
#[tokio::test]
async fn a_count_is_right_if_nearly_all_orders_are_in_one_part() {
    let world = World::default();
    let is_in_first = |n: &u64| AgendaKeys::of(&order_of(merchant(), *n, 0)).part == 0;
    let own = (0..).filter(is_in_first).take(950).map(|n| (n, "m", 0));
    world.orders_in_doubt(&own.collect::<Vec<_>>());
    let (found, count) = attention(&lister(&world), at(9_000), 100).await;
    assert_eq!((found.len(), count), (950, AttentionCount { orders: 950, more: false }));
}

#[tokio::test]
async fn a_capture_that_is_an_hour_late_needs_attention_and_is_listed_once() {
    let world = World::default();
    let mut order = order_of(merchant(), 1, 0);
    order.transactions.push(scheduled(1, 10_000));
    world.orders.keep(order);
    // One that is late, too, and of which something else is in doubt.
    let mut order = order_of(merchant(), 2, 0);
    order.transactions.extend([scheduled(20, 10_000), in_doubt(21, 0)]);
    world.orders.keep(order);
    let lister = lister(&world);
    assert_eq!(attention(&lister, at(13_599), 10).await.0, ids(2..3));
    for limit in [1, 2, 10] {
        assert_eq!(attention(&lister, at(13_600), limit).await.0, ids([2, 2, 1].into_iter()), "{limit}");
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_read_has_its_row_among_what_needs_attention() {
    let world = World::default();
    world.orders.faults.spoil("order-3");
    world.orders_in_doubt(&[(2, "m", 0), (3, "m", 1), (4, "m", 2)]);
    for limit in [1, 2, 10] {
        let found = attention(&lister(&world), at(9_000), limit).await;
        let mut found = found.0;
        found.sort_unstable();
        assert_eq!(found, ["m#order-3", "order-2", "order-4"], "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_ends_with_its_time_and_the_next_one_goes_on_there() {
    let world = World::default();
    world.orders_in_doubt(&[(1, "m", 0), (2, "m", 1)]);
    let merchant = merchant();
    let over = Lister { deadline: Deadline::after(Duration::from_secs(1)), ..lister(&world) };
    let wanted = AgendaWanted { merchant: &merchant, now: at(9_000), after: None, limit: 10 };
    let (part, count) = over.by_agenda().attention(&wanted, &[]).await.unwrap();
    assert!(part.rows.is_empty() && count.is_some_and(|count| count.orders == 2));
    let rest = AgendaWanted { after: part.next.as_deref(), ..wanted };
    let (part, _) = lister(&world).by_agenda().attention(&rest, &[]).await.unwrap();
    assert_eq!((orders(&part.rows), part.next), (ids([2, 1].into_iter()), None));
    // A list from the journal, too.
    world.pays(7, 0);
    let part = over.find(&anything(&merchant, (0, 10_000))).await.unwrap();
    assert!(part.rows.is_empty());
    let after = part.next.unwrap();
    let rest = Wanted { after: Some(&after), ..anything(&merchant, (0, 10_000)) };
    assert_eq!(orders(&lister(&world).find(&rest).await.unwrap().rows), ids(7..8));
}

#[tokio::test]
async fn captures_are_listed_by_their_time_and_what_is_paused_by_its_pause() {
    let world = World::default();
    for (n, second) in [(1, 50_000), (2, 10_000), (3, 100_000)] {
        let mut order = order_of(merchant(), n, 0);
        order.transactions.push(scheduled(n, second));
        world.orders.keep(order);
    }
    let mut order = order_of(merchant(), 4, 0);
    order.transactions.push(scheduled(4, 20_000));
    assert!(order.pause_captures(None, at(30)));
    world.orders.keep(order);
    let (merchant, lister) = (merchant(), lister(&world));
    let list = async |list, limit| {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let wanted = AgendaWanted { merchant: &merchant, now: at(60), after: after.as_deref(), limit };
            let part = lister.by_agenda().captures(list, &wanted).await.unwrap();
            all.extend(part.rows.iter().map(|row| (row.order.id.to_string(), row.at)));
            after = part.next;
            assert!(after.as_deref().is_none_or(is_cursor), "{after:?}");
            if after.is_none() {
                return all;
            }
        }
    };
    let due =
        |all: &[(u64, i64)]| all.iter().map(|(n, s)| (format!("order-{n}"), at(*s))).collect::<Vec<_>>();
    for limit in [1, 2, 10] {
        let all = list(CaptureList::Due(None, at(DAY_S * 20)), limit).await;
        assert_eq!(all, due(&[(2, 10_000), (1, 50_000), (3, 100_000)]), "{limit}");
        assert_eq!(list(CaptureList::Due(Some(at(10_001)), at(100_000)), limit).await, due(&[(1, 50_000)]));
        assert_eq!(list(CaptureList::Paused, limit).await, due(&[(4, 30)]));
    }
}

#[tokio::test]
async fn sums_of_captures_are_by_local_day_and_read_no_order() {
    let world = World::default();
    // at(0) is 08:00 UTC, three in the morning in New York.
    for (n, seconds) in [(100, vec![50_000]), (20, vec![60_000, 70_000, 200_000]), (3, vec![80_000])] {
        let mut order = order_of(merchant(), n, 0);
        order
            .transactions
            .extend(seconds.iter().enumerate().map(|(m, second)| scheduled(n + m as u64, *second)));
        world.orders.keep(order);
    }
    world.forget_reads();
    let deadline = Deadline::after(Duration::from_mins(1));
    let sums = async |zone: &str, since, until| {
        let zone: Zone = zone.parse().unwrap();
        let wanted = DueWanted { merchant: &merchant(), since, until, zone: &zone };
        let found = due_sums(&world.orders, wanted, deadline).await.unwrap();
        assert_eq!((found.unreadable, found.counted_until), (0, None));
        let sum = |((day, currency), sum): (&(Date, Currency), &DueSum)| {
            assert_eq!(*currency, Currency::USD);
            (day.to_string(), sum.count, sum.amount.minor())
        };
        found.sums.iter().map(sum).collect::<Vec<_>>()
    };
    let day = |day: &str, count, minor| (day.to_owned(), count, minor);
    let all = sums("UTC", None, at(30 * DAY_S)).await;
    assert_eq!(all, [day("2027-01-15", 1, 100), day("2027-01-16", 3, 44), day("2027-01-17", 1, 22)]);
    let all = sums("America/New_York", None, at(30 * DAY_S)).await;
    assert_eq!(all, [day("2027-01-15", 3, 141), day("2027-01-16", 1, 3), day("2027-01-17", 1, 22)]);
    // An order's later captures are found, though it is listed by its next capture.
    assert_eq!(sums("UTC", Some(at(150_000)), at(300_000)).await, [day("2027-01-17", 1, 22)]);
    assert_eq!(world.read(), (0, 0));
}

#[tokio::test]
async fn a_list_of_what_needs_attention_is_the_index_and_reads_no_entry() {
    let world = World::default();
    (10..40).for_each(|n| world.pays(n, 0));
    world.orders_in_doubt(&[(1, "m", 0), (2, "m", 8_000)]);
    let (merchant, lister) = (merchant(), lister(&world));
    let find = async |predicates: &[Predicate]| {
        world.forget_reads();
        let wanted = Wanted { limit: 25, ..wanted(&merchant, predicates) };
        let found = lister.find(&wanted).await.unwrap();
        (orders(&found.rows), found.next.is_some(), world.read().0)
    };
    assert_eq!(find(&[Predicate::NeedsAttention(Vec::new())]).await, (ids(1..2), false, 0));
    let pending = Predicate::Status(vec![TransactionStatus::Pending]);
    assert_eq!(find(std::slice::from_ref(&pending)).await, (ids([2, 1].into_iter()), false, 0));
    let later = Predicate::ListedAt(Is::More(at(1)));
    assert_eq!(find(&[pending, later]).await, (ids(2..3), false, 0), "by its attempt");
}
