//! Lists that are read in parts, while entries are added.

mod from_agenda;
mod orders;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    budget::{OPERATION_BYTES, OPERATIONS_IN_A_PART, ORDER_BYTES, STEP_BYTES, bytes_of},
    *,
};
use crate::{
    journal::{Concern, ENTRY_SHARDS, Entry},
    memory::{ENTRY_BYTES, Faults, JournalTable, OrderTable},
    memory::{new_operation, payment},
    order::{
        Decision, GatewayResponse, Kind, OPERATIONS_MAX, Operation, OperationState, OrderKey, PaymentKind,
    },
    payments::Unreadable,
    values::{Currency, SearchBy, SearchKey, SearchTerm},
};

const DAY_S: i64 = 86_400;

/// Orders, and the journal that follows them.
struct World {
    orders: OrderTable,
    log: Arc<JournalTable>,
}

impl Default for World {
    fn default() -> Self {
        let faults = Arc::<Faults>::default();
        let log = Arc::new(JournalTable::new(faults.clone()).in_parts(part_of));
        Self { orders: OrderTable::new(faults, log.clone()).sized(size_of), log }
    }
}

/// A size as a table might state it: an order with little in it, and each of its operations.
fn size_of(order: &Order) -> usize {
    OPERATION_BYTES * (1 + order.operations().count())
}

#[test]
fn an_order_counts_by_its_operations_and_one_that_cannot_be_read_as_the_fullest() {
    let world = World::default();
    world.pays(1, 0);
    let order = world.orders.all()["m#order-1"].clone();
    assert_eq!(order.operations().count(), 3);
    assert_eq!(bytes_of(&Ok(order)), 4 * OPERATION_BYTES);
    let bad = Unreadable { key: String::new(), reason: String::new() };
    assert_eq!(bytes_of(&Err(bad)), ORDER_BYTES);
}

/// Nearly all in one part.
fn part_of(entry: &Entry) -> u8 {
    let n = entry.order.order.as_str().trim_start_matches("order-").parse::<u64>().unwrap_or_default();
    u8::try_from(n % 50).ok().filter(|part| *part < ENTRY_SHARDS).unwrap_or_default()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

/// An order without any payment yet.
fn order_of(merchant: MerchantId, n: u64, second: i64) -> Order {
    let key = OrderKey { merchant, order: format!("order-{n}").parse().unwrap() };
    Order::new(&key, Currency::USD, None, at(second))
}

impl World {
    /// An order of a purchase that was approved then, and captured again and again after it.
    fn pays(&self, n: u64, second: i64) {
        let mut order = order_of(merchant(), n, second);
        let operation = |id: u128, kind, second| {
            let new = new_operation(Uuid::from_u128(u128::from(n) * 16 + id + 1), kind, n + 1);
            let mut operation = Operation::new(new, at(second));
            operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
            operation
        };
        let mut transaction = payment(PaymentKind::Authorize, operation(0, Kind::Authorize, second));
        transaction.instrument.card_mut().unwrap().last_four = Some(format!("{:04}", n % 3));
        transaction.operations.push(operation(1, Kind::Capture, second + 1));
        transaction.operations.push(operation(2, Kind::Refund, second + 90_000));
        order.transactions.push(transaction);
        self.orders.keep(order);
    }

    /// Entries and orders that were read.
    fn read(&self) -> (usize, usize) {
        (self.log.read(), self.orders.reads().orders)
    }

    fn forget_reads(&self) {
        self.log.forget_reads();
        self.orders.forget_reads();
    }
}

/// With time for everything.
fn lister(world: &World) -> Lister<'_> {
    let deadline = Deadline::after(Duration::from_mins(10));
    Lister { log: &*world.log, store: &world.orders, agenda: &world.orders, deadline }
}

/// All payments of a range, as the list is read after it.
fn anything(merchant: &MerchantId, (since, until): (i64, i64)) -> Wanted<'_> {
    let (now, since, until, order) = (at(until), at(since), at(until), ReadOrder::NewestFirst);
    let (predicates, looked_up) = (&[][..], None);
    Wanted { merchant, now, since, until, predicates, looked_up, order, after: None, limit: 1_000 }
}

/// All parts of a list, and how many there were; `between` happens after each.
async fn all(world: &World, wanted: Wanted<'_>, mut between: impl FnMut(usize)) -> (Vec<String>, usize) {
    let lister = lister(world);
    let (mut rows, mut next, mut parts) = (Vec::new(), None::<String>, 0);
    loop {
        let part = lister.find(&Wanted { after: next.as_deref(), ..wanted }).await.unwrap();
        assert!(part.rows.len() <= wanted.limit, "no more than was asked for");
        rows.extend(part.rows.iter().map(|row| row.order.id.to_string()));
        parts += 1;
        between(parts);
        next = part.next;
        if next.is_none() {
            return (rows, parts);
        }
    }
}

fn ids(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers.map(|n| format!("order-{n}")).collect()
}

#[tokio::test]
async fn every_transaction_of_the_range_is_listed_once_newest_first_however_small_the_parts_are() {
    let world = World::default();
    // Some in the same second, over three days, one of which has none of their first facts.
    (0..60).for_each(|n| world.pays(n, i64::try_from(n / 2).unwrap() * 6_000));
    for (limit, expected_parts) in [(1, 60), (2, 30), (7, 9), (59, 2), (60, 1), (1_000, 1)] {
        let (rows, parts) =
            all(&world, Wanted { limit, ..anything(&merchant(), (0, 30 * 6_000)) }, |_| {}).await;
        assert_eq!(parts, expected_parts, "{limit}: no part is empty");
        assert_eq!(rows.len(), 60, "{limit}");
        assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), 60, "{limit}: none twice");
        let seconds = |id: &String| id.trim_start_matches("order-").parse::<u64>().unwrap() / 2;
        assert!(rows.iter().map(seconds).rev().is_sorted(), "{limit}: {rows:?}");
    }
    // From the first moment, and up to the last one without it.
    let (rows, _) = all(&world, Wanted { limit: 10, ..anything(&merchant(), (6_000, 12_000)) }, |_| {}).await;
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), ids(2..4).into_iter().collect());
}

/// Several payments of one second stay together, and come the other way round, too.
#[tokio::test]
async fn a_list_is_the_same_from_its_other_end_however_small_the_parts_are() {
    let world = World::default();
    (0..60).for_each(|n| world.pays(n, i64::try_from(n / 2).unwrap() * 6_000));
    let (merchant, lister) = (merchant(), lister(&world));
    let list = async |order: ReadOrder, limit: usize, (since, until): (i64, i64)| {
        let (mut rows, mut next) = (Vec::new(), None::<String>);
        loop {
            let (now, after) = (at(2 * DAY_S), next.as_deref());
            let wanted = Wanted { now, order, after, limit, ..anything(&merchant, (since, until)) };
            let part = lister.find(&wanted).await.unwrap();
            rows.extend(part.rows.iter().map(|row| row.order.id.to_string()));
            next = part.next;
            if next.is_none() {
                return rows;
            }
        }
    };
    let whole = (0, 30 * 6_000);
    let mut newest_first = list(ReadOrder::NewestFirst, 1_000, whole).await;
    newest_first.reverse();
    assert_eq!(newest_first.len(), 60);
    for limit in [1, 2, 7, 59, 60, 1_000] {
        assert_eq!(list(ReadOrder::OldestFirst, limit, whole).await, newest_first, "{limit}");
    }
    // From the first moment, and up to the last one without it.
    let part = list(ReadOrder::OldestFirst, 10, (6_000, 12_000)).await;
    assert_eq!(part.into_iter().collect::<BTreeSet<_>>(), ids(2..4).into_iter().collect());
}

#[tokio::test]
async fn what_cannot_be_read_is_a_bad_row_in_its_place_and_the_others_are_listed_as_ever() {
    let names = |numbers: &[u64]| numbers.iter().map(|n| format!("order-{n}")).collect::<BTreeSet<_>>();
    // The newest and the oldest, some side by side, and more of them than the small parts have room
    // for.
    let (bad_orders, bad_entries) = (names(&[0, 7, 8, 29]), names(&[3, 9, 10, 11, 28]));
    let world = World::default();
    for order in &bad_orders {
        world.orders.faults.spoil(order);
    }
    for order in &bad_entries {
        world.orders.faults.spoil(format!("entry of {order}"));
    }
    (0..30).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 6_000));
    for limit in [1, 2, 7, 100] {
        let (merchant, lister) = (merchant(), lister(&world));
        let (mut good, mut bad, mut next) = (Vec::new(), Vec::new(), None::<String>);
        loop {
            let after = next.as_deref();
            let wanted = Wanted { after, limit, ..anything(&merchant, (0, 30 * 6_000)) };
            let part = lister.find(&wanted).await.unwrap();
            assert!(part.shown() <= limit && part.shown() > 0, "{limit}");
            good.extend(part.rows.iter().map(|row| row.order.id.to_string()));
            bad.extend(part.unreadable);
            next = part.next;
            if next.is_none() {
                break;
            }
        }
        let is_good = |n: &u64| ![0, 7, 8, 29, 3, 9, 10, 11, 28].contains(n);
        assert_eq!(good, ids((0..30).rev().filter(is_good)), "{limit}");
        let mut orders: Vec<_> = bad.iter().filter(|row| row.transaction.is_some()).collect();
        assert_eq!(
            orders.iter().map(|row| row.item.key.as_str()).collect::<Vec<_>>(),
            ["m#order-29", "m#order-8", "m#order-7", "m#order-0"]
        );
        orders.dedup_by_key(|row| row.order.clone());
        assert_eq!(orders.len(), 4, "{limit}: each once");
        let of_entries = bad.iter().filter(|row| row.transaction.is_none() && row.at.is_some());
        let of_entries: BTreeSet<_> = of_entries.map(|row| row.order.clone().unwrap().to_string()).collect();
        assert_eq!(of_entries, names(&[3, 9, 10, 11, 28]), "{limit}");
    }
}

/// An order with an authorization that ends so many days after it.
fn held(n: u64, second: i64, days: i64) -> Order {
    let mut order = order_of(merchant(), n, second);
    let new = new_operation(Uuid::from_u128(u128::from(n) + 1), Kind::Authorize, 500);
    let mut operation = Operation::new(new, at(second));
    operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    let mut transaction = payment(PaymentKind::Authorize, operation);
    transaction.authorization_expires_at = Some(at(second + days * DAY_S));
    order.transactions.push(transaction);
    order
}

#[tokio::test]
async fn what_is_held_is_listed_by_its_holds_and_nothing_else_is_read() {
    let world = World::default();
    (0..200).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 60));
    for (n, days) in [(1_000, 7), (1_001, 8), (1_002, 30), (1_003, 7)] {
        world.orders.keep(held(n, i64::try_from(n - 1_000).unwrap() * 3_600, days));
    }
    let list = async |predicates: &[Predicate], order, now: i64| {
        let (merchant, lister) = (merchant(), lister(&world));
        world.forget_reads();
        let now = at(now);
        let wanted = Wanted { predicates, now, order, limit: 100, ..anything(&merchant, (0, 40 * DAY_S)) };
        let part = lister.find(&wanted).await.unwrap();
        let rows: Vec<u64> =
            part.rows.iter().map(|row| row.order.id.as_str()[6..].parse().unwrap()).collect();
        assert!(part.next.is_none() && part.newest.is_none());
        (rows, world.read().0)
    };
    let is_held = [Predicate::Word(vec![PaymentWord::Held])];
    let (newest, oldest) = (ReadOrder::NewestFirst, ReadOrder::OldestFirst);
    assert_eq!(list(&is_held, newest, DAY_S).await, (vec![1_003, 1_002, 1_001, 1_000], 4));
    assert_eq!(list(&is_held, oldest, DAY_S).await, (vec![1_000, 1_001, 1_002, 1_003], 4));
    // By then two of them have ended, though that is not on record.
    assert_eq!(list(&is_held, oldest, 7 * DAY_S + 4 * 3_600).await, (vec![1_001, 1_002], 4));
    let ends = |from: i64, to: i64| {
        let (from, to) = (Is::AtLeast(at(from)), Is::Less(at(to)));
        [from, to].map(Predicate::AuthorizationExpiresAt)
    };
    // Of the others, not even the entry is read.
    assert_eq!(list(&ends(8 * DAY_S, 9 * DAY_S), newest, DAY_S).await, (vec![1_001], 1));
    assert_eq!(list(&ends(7 * DAY_S, 7 * DAY_S + 3_601), newest, DAY_S).await, (vec![1_000], 1));
    assert_eq!(list(&ends(0, 9 * DAY_S), newest, DAY_S).await, (vec![1_003, 1_001, 1_000], 3));
    assert_eq!(list(&ends(0, 7 * DAY_S), newest, 7 * DAY_S).await.0, Vec::<u64>::new());
}

#[tokio::test]
async fn parts_of_a_day_that_reach_back_differently_far_make_one_list() {
    let world = World::default();
    (0..1_200).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 10));
    for (limit, expected_parts) in [(100, 12), (5_000, 2)] {
        let (rows, parts) = all(&world, Wanted { limit, ..anything(&merchant(), (0, DAY_S)) }, |_| {}).await;
        assert_eq!((rows, parts), (ids((0..1_200).rev()), expected_parts), "{limit}");
    }
}

#[tokio::test]
async fn what_is_paid_while_a_list_is_read_moves_nothing_in_it() {
    let world = World::default();
    (0..30).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 60));
    let later = |parts: usize| world.pays(1_000 + parts as u64, 2_000 + i64::try_from(parts).unwrap());
    let (rows, parts) = all(&world, Wanted { limit: 4, ..anything(&merchant(), (0, DAY_S)) }, later).await;
    assert_eq!(rows, ids((0..30).rev()));
    assert!(parts >= 8, "{parts}");
}

#[tokio::test]
async fn a_filter_goes_by_the_current_state_and_a_card_by_its_index() {
    let world = World::default();
    (0..30).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 20_000));
    let (merchant, amount) = (merchant(), [Predicate::Amount(Is::Equal(8))]);
    let whole = anything(&merchant, (0, 40 * DAY_S));
    let (rows, _) = all(&world, Wanted { predicates: &amount, limit: 10, ..whole }, |_| {}).await;
    assert_eq!(rows, ids(7..8));
    let card = [Predicate::LastFour("0001".to_owned())];
    let (rows, _) = all(&world, Wanted { predicates: &card, limit: 4, ..whole }, |_| {}).await;
    assert_eq!(rows, ids((0..30).rev().filter(|n| n % 3 == 1)));
    let lister = lister(&world);
    assert_eq!(lister.newest(&merchant).await.unwrap(), Some(at(29 * 20_000 + 90_000)));
    // A list that is read from now backward has seen it.
    let newest = async |now, until, after, predicates: &[Predicate]| {
        let wanted = Wanted { now, until, predicates, after, limit: 5, ..whole };
        lister.find(&wanted).await.unwrap().newest
    };
    let (now, last) = (at(40 * DAY_S), Some(at(29 * 20_000 + 90_000)));
    assert_eq!(newest(now, now, None, &[]).await, last);
    assert_eq!(newest(now, at(30 * DAY_S), None, &[]).await, None, "not read up to now");
    let place = sort_of(at(30 * DAY_S));
    assert_eq!(newest(now, now, Some(place.as_str()), &[]).await, None);
    assert_eq!(
        newest(now, now, None, &[Predicate::LastFour("0001".to_owned())]).await,
        None,
        "of one card only"
    );
    let nothing = World::default();
    assert_eq!(self::lister(&nothing).newest(&merchant).await.unwrap(), None);
}

#[tokio::test]
async fn a_part_ends_when_it_has_read_enough_and_the_next_one_goes_on() {
    let world = World::default();
    (0..6_000).for_each(|n| world.pays(n, i64::try_from(n).unwrap()));
    let (merchant, lister) = (merchant(), lister(&world));
    let first = [Predicate::Amount(Is::Equal(1))];
    let wanted = Wanted { predicates: &first, limit: 1, ..anything(&merchant, (0, 6_000)) };
    let part = lister.find(&wanted).await.unwrap();
    let read = READ_MAX_BYTES - 2 * STEP_BYTES..=READ_MAX_BYTES;
    assert!(read.contains(&part.read_bytes), "{}", part.read_bytes);
    assert!(part.rows.is_empty() && part.next.is_some());
    let (rows, parts) = all(&world, wanted, |_| {}).await;
    assert_eq!(rows, ids(0..1));
    assert!(parts > 2, "{parts}");
}

#[tokio::test]
async fn orders_are_read_some_at_a_time_and_only_where_the_entry_does_not_tell() {
    let world = World::default();
    (0..90).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 60));
    let (merchant, lister) = (merchant(), lister(&world));
    let list = async |predicates: &[Predicate], limit| {
        world.forget_reads();
        let wanted = Wanted { predicates, limit, ..anything(&merchant, (0, DAY_S)) };
        let rows = lister.find(&wanted).await.unwrap().rows;
        (rows.iter().map(|row| row.order.id.to_string()).collect(), world.read().1)
    };
    // Captures, which have the same order, take no read.
    assert_eq!(list(&[], 1_000).await, (ids((0..90).rev()), 90));
    let reads = world.orders.reads();
    assert_eq!((reads.batches, reads.largest), (3, 34), "a batch for a page of entries");
    // No more than there is room for.
    for (first, limit) in [(87, 3), (80, 10)] {
        assert_eq!(list(&[], limit).await, (ids((first..90).rev()), limit));
    }
    let euros = Predicate::Currency(vec![Currency::parse("EUR").unwrap()]);
    assert_eq!(list(&[euros], 1_000).await, (ids(0..0), 0));
}

#[tokio::test]
async fn what_is_in_doubt_comes_before_the_list_and_not_again_in_it() {
    let world = World::default();
    (10..14).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 60));
    // Approved, and its capture has been in doubt for long.
    let mut order = world.orders.all()["m#order-11"].clone();
    let new = new_operation(Uuid::from_u128(99), Kind::Capture, 5);
    let mut capture = Operation::new(new, at(800));
    capture.pending_mut().unwrap().doubt = Some(crate::order::Doubt::NoResponse);
    order.transactions[0].operations.push(capture);
    world.orders.change("order-11", |stored| *stored = order);
    let (merchant, lister) = (merchant(), lister(&world));
    let pages = async |predicates: &[Predicate], limit| {
        let (mut rows, mut after) = (Vec::new(), None::<String>);
        loop {
            let wanted = Wanted { after: after.as_deref(), limit, ..wanted(&merchant, predicates) };
            let found = lister.find(&wanted).await.unwrap();
            rows.extend(found.rows.iter().map(|row| row.order.id.to_string()));
            assert!(found.rows.len() <= limit && found.read_bytes <= READ_MAX_BYTES);
            after = found.next;
            assert!(after.as_deref().is_none_or(is_cursor), "{after:?}");
            if after.is_none() {
                return rows;
            }
        }
    };
    let status = |all: &[TransactionStatus]| vec![Predicate::Status(all.to_vec())];
    for limit in [1, 2, 10] {
        let all = pages(&status(&[TransactionStatus::Pending, TransactionStatus::Done]), limit).await;
        assert_eq!(all, ids([11, 13, 12, 10].into_iter()), "{limit}");
        assert_eq!(pages(&status(&[TransactionStatus::Pending]), limit).await, ids([11].into_iter()));
        assert_eq!(pages(&[Predicate::NeedsAttention(Vec::new())], limit).await, ids([11].into_iter()));
    }
    let conditions = [Predicate::NeedsAttention(Vec::new())];
    let first = &lister.find(&wanted(&merchant, &conditions)).await.unwrap().rows[0];
    assert_eq!(first.concerns(at(9_000)), [Concern::InDoubt]);
    assert_eq!(pages(&[Predicate::NeedsAttention(vec![Concern::FoundLate])], 5).await, ids(0..0));
    let later =
        [status(&[TransactionStatus::Pending]), vec![Predicate::ListedAt(Is::More(at(800)))]].concat();
    assert_eq!(pages(&later, 5).await, ids(0..0), "by its attempt");
    assert_eq!(pages(&[Predicate::Amount(Is::OneOf(vec![11, 14]))], 1).await, ids([13, 10].into_iter()));
    assert_eq!(pages(&[Predicate::Amount(Is::AtLeast(13))], 9).await, ids([13, 12].into_iter()));
    let digits = [Predicate::LastFour("0001".to_owned()), Predicate::Currency(vec![Currency::USD])];
    assert_eq!(pages(&digits, 1).await, ids([13, 10].into_iter()));
}

/// The first order that meets the conditions, in its state after two and a half hours.
fn wanted<'a>(merchant: &'a MerchantId, predicates: &'a [Predicate]) -> Wanted<'a> {
    Wanted { predicates, limit: 1, ..anything(merchant, (0, 9_000)) }
}

#[tokio::test]
async fn what_a_part_read_is_counted_and_it_begins_only_what_it_has_room_for() {
    let world = World::default();
    (0..30).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 60));
    let (merchant, lister) = (merchant(), lister(&world));
    // Of each order: an authorization, a capture, and on the next day a refund.
    let (entries, orders) = (60 * ENTRY_BYTES, 30 * 4 * OPERATION_BYTES);
    let card = [Predicate::LastFour("0001".to_owned())];
    let wanted = anything(&merchant, (0, 10_000));
    let list = async |wanted: &Wanted<'_>, read_bytes| {
        let Place::Journal(entries) = Place::of(wanted) else { panic!("it is in the journal") };
        let mut budget = Budget::new(lister.deadline);
        budget.read(read_bytes);
        lister.list_journal(wanted, &entries, None, budget).await.unwrap()
    };
    assert_eq!(list(&wanted, 7).await.read_bytes, 7 + entries + orders);
    let wanted = Wanted { predicates: &card, ..wanted };
    let read = list(&wanted, 0).await.read_bytes;
    assert_eq!(read, 20 * ENTRY_BYTES + 10 * 4 * OPERATION_BYTES);

    let room = READ_MAX_BYTES - STEP_BYTES;
    // Entries are read, and then there is no room for their orders.
    let part = list(&wanted, room).await;
    assert_eq!(part.read_bytes, room + 20 * ENTRY_BYTES);
    assert!(part.rows.is_empty() && part.next.is_some(), "they are not lost");
    let part = list(&wanted, room + 1).await;
    assert!(part.rows.is_empty() && part.next.is_some());
    assert_eq!(part.read_bytes, room + 1);
}

#[tokio::test]
async fn no_entry_outside_the_range_is_read() {
    let world = World::default();
    (0..600).for_each(|n| world.pays(n, i64::try_from(n).unwrap() * 10));
    let (merchant, lister) = (merchant(), lister(&world));
    let wanted = anything(&merchant, (5_900, 6_000));
    assert_eq!(lister.find(&wanted).await.unwrap().rows.len(), 10);
    let read = world.read();
    assert!(read.0 <= 2 * 10 && read.1 == 10, "{read:?}");
}

#[tokio::test]
async fn each_transaction_of_an_order_is_listed_once_under_its_first_fact() {
    let world = World::default();
    let mut order = order_of(merchant(), 1, 0);
    for (n, second) in [(1, 0), (2, 1_000)] {
        let new = new_operation(Uuid::from_u128(n), Kind::Purchase, 100);
        let mut operation = Operation::new(new, at(second));
        let code = crate::values::DeclineCode::GenericDecline;
        let decline = crate::order::Decline::of(code);
        operation.decide(Decision::Declined(GatewayResponse::default(), decline), at(second + 10));
        operation.attempt_again(Uuid::from_u128(n + 16), operation.amount, None, at(second + 100));
        operation.decide(Decision::Approved(GatewayResponse::default()), at(second + 110));
        order.transactions.push(payment(PaymentKind::Purchase, operation));
    }
    world.orders.keep(order);
    let (merchant, lister) = (merchant(), lister(&world));
    let rows = lister.find(&anything(&merchant, (0, 10_000))).await.unwrap().rows;
    let found: Vec<_> = rows.iter().map(|row| (row.transaction.as_u128(), row.at)).collect();
    assert_eq!(found, [(2, at(1_010)), (1, at(10))]);
    // Where the order cannot be read, each has one row, too: under its latest fact, because the
    // first is not known.
    world.orders.faults.spoil("order-1");
    let lister = self::lister(&world);
    let bad = lister.find(&anything(&merchant, (0, 10_000))).await.unwrap().unreadable;
    let found: Vec<_> = bad.iter().map(|row| (row.transaction.unwrap().as_u128(), row.at.unwrap())).collect();
    assert_eq!(found, [(2, at(1_110)), (1, at(110))]);
}

#[tokio::test]
async fn a_place_that_is_no_moment_ends_the_list() {
    let world = World::default();
    world.pays(1, 0);
    let (merchant, lister) = (merchant(), lister(&world));
    let wanted = Wanted { after: Some("0"), ..anything(&merchant, (0, DAY_S)) };
    let part = lister.find(&wanted).await.unwrap();
    assert!(part.rows.is_empty() && part.next.is_none(), "{part:?}");
}

#[tokio::test]
async fn a_part_is_full_when_its_transactions_have_many_operations() {
    let world = World::default();
    for n in 1..=20 {
        let mut order = order_of(merchant(), n, 0);
        let operation = |kind, decision| {
            let new = new_operation(Uuid::from_u128(u128::from(n) * 16), kind, 100);
            Operation { state: OperationState::Decided(decision), ..Operation::new(new, order.created_at) }
        };
        let response = GatewayResponse::default;
        let approved = operation(Kind::Purchase, Decision::Approved(response()));
        let mut transaction = payment(PaymentKind::Purchase, approved);
        let nothing = Decision::NoEffect(response(), crate::order::NoEffect::Unreachable);
        transaction.operations.extend(vec![operation(Kind::Refund, nothing); OPERATIONS_MAX - 1]);
        order.transactions.push(transaction);
        world.orders.keep(order);
    }
    let (merchant, lister) = (merchant(), lister(&world));
    let part = lister.find(&anything(&merchant, (0, 10_000))).await.unwrap();
    assert_eq!(part.rows.len(), OPERATIONS_IN_A_PART.div_ceil(OPERATIONS_MAX));
    assert!(part.next.is_some());
    // To the operation.
    let each = OPERATIONS_IN_A_PART / 20;
    for order in world.orders.all().values_mut() {
        order.transactions[0].operations.truncate(each);
    }
    (21..=22).for_each(|n| world.pays(n, -60));
    let part = lister.find(&anything(&merchant, (-60, 10_000))).await.unwrap();
    let operations = part.rows.iter().map(|row| row.order.operations().count());
    assert_eq!(operations.sum::<usize>(), OPERATIONS_IN_A_PART);
}

#[tokio::test]
async fn a_text_leads_to_the_payments_that_have_it_now_and_to_no_others() {
    let world = World::default();
    (1..=9).for_each(|n| world.pays(n, i64::try_from(n).unwrap()));
    let by = |text| SearchTerm::new(SearchBy::Reference, text).unwrap();
    let key = SearchKey::new(1);
    // Of these, two have the text; one lost it, and another merchant's text of the same key does
    // not count.
    for (n, text) in [(2, "a"), (4, "b"), (6, "a")] {
        world.orders.change(&format!("order-{n}"), |order| {
            order.transactions[0].references.custom_reference = Some(text.to_owned());
        });
    }
    let all = world.log.all();
    let leads =
        |entry: &&Entry| [2, 4, 6, 8].iter().any(|n| entry.order.order.as_str() == format!("order-{n}"));
    let sorts = all.iter().filter(leads).filter(|entry| entry.kind == Kind::Authorize).map(Entry::sort);
    sorts.for_each(|sort| world.log.point(key, sort));
    let (merchant, lister) = (merchant(), lister(&world));
    let predicates = [Predicate::Text(by("a")), Predicate::LastFour("0000".to_owned())];
    let looked_up = LookedUp::Text(key);
    let whole = Wanted { looked_up: Some(&looked_up), ..anything(&merchant, (0, 10_000)) };
    let (since, order) = (Timestamp::UNIX_EPOCH, ReadOrder::OldestFirst);
    let wanted = |after, limit, predicates| Wanted { since, predicates, order, after, limit, ..whole };
    let orders =
        |found: &Found| -> Vec<String> { found.rows.iter().map(|row| row.order.id.to_string()).collect() };
    let first = lister.find(&wanted(None, 1, &predicates[..1])).await.unwrap();
    assert_eq!(orders(&first), ["order-2"]);
    let rest = lister.find(&wanted(first.next.as_deref(), 9, &predicates[..1])).await.unwrap();
    assert_eq!((orders(&rest), rest.next), (vec!["order-6".to_owned()], None));
    assert!(world.read().0 <= 8, "only what the text leads to");
    let both = lister.find(&wanted(None, 9, &predicates)).await.unwrap();
    assert_eq!(orders(&both), ["order-6"], "the other conditions have to hold, too");
}
