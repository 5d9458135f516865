//! Movements that are read in parts, for every way to search.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    journal::{ENTRY_SHARDS, Fact, Is, first_fact, is_cursor},
    memory::{Faults, JournalTable, OrderTable},
    memory::{new_operation, payment},
    order::{
        Actor, Attribution, Decision, Decline, GatewayResponse, Kind, Operation, OperationState, PaymentKind,
    },
    values::{Currency, DeclineCode, SearchBy, SearchTerm},
};

/// Orders, and the journal that follows them.
struct World {
    orders: OrderTable,
    log: Arc<JournalTable>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn operation_id(n: u64, id: u64) -> Uuid {
    uuid::Builder::from_random_bytes(u128::from(n * 16 + id + 1).to_be_bytes()).into_uuid()
}

/// An authorization; approved and captured, approved and refunded by Anna, or declined.
fn order_of(n: u64, second: i64, minor: u64) -> Order {
    let key = OrderKey { merchant: merchant(), order: format!("order-{n}").parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, at(second));
    let key_of = order.clone();
    let operation = |id: u64, kind, second, decision| {
        // The payment's id says where its order is in the list of orders.
        let id = if id == 0 { key_of.payment_id(operation_id(n, 0)) } else { operation_id(n, id) };
        let new = new_operation(id, kind, minor);
        let mut operation = Operation::new(new, at(second));
        operation.state = OperationState::Decided(decision);
        operation
    };
    let approved = |id: u64| {
        let reference = Some(format!("reference-{n}-{id}"));
        Decision::Approved(GatewayResponse { reference, ..GatewayResponse::default() })
    };
    let declined = Decline::of(DeclineCode::ExpiredCard);
    let first =
        if n % 3 == 2 { Decision::Declined(GatewayResponse::default(), declined) } else { approved(0) };
    let mut transaction = payment(PaymentKind::Authorize, operation(0, Kind::Authorize, second, first));
    transaction.instrument.card_mut().unwrap().last_four = Some(format!("{:04}", n % 4));
    if n % 3 < 2 {
        transaction.operations.push(operation(1, Kind::Capture, second + 1, approved(1)));
    }
    if n % 3 == 1 {
        let mut refund = operation(2, Kind::Refund, second + 500, approved(2));
        let anna: Actor = "anna".parse().unwrap();
        refund.attribution = Attribution::new(None, Some(&anna), None);
        transaction.operations.push(refund);
    }
    transaction.references.custom_reference = Some(text_of(n));
    order.transactions.push(transaction);
    order
}

/// The text by which an order's payment is found.
fn text_of(n: u64) -> String {
    format!("invoice {}", n % 3)
}

/// All pointers lead to the payments of these orders, also to those that have another text by now.
fn by_text(world: &World, text: &str) -> (EntryPredicate, LookedUp) {
    let (term, key) = (SearchTerm::new(SearchBy::Reference, text).unwrap(), SearchKey::new(7));
    for order in world.orders.all().values() {
        world.log.point(key, first_fact(order, &order.transactions[0]).unwrap().sort());
    }
    (EntryPredicate::Text(term), LookedUp::Text(key))
}

impl World {
    fn new(orders: &[(i64, u64)]) -> Self {
        let faults = Arc::<Faults>::default();
        let part_of =
            |entry: &Entry| u8::try_from(entry.operation.as_u128() / 16 % u128::from(ENTRY_SHARDS)).unwrap();
        let log = Arc::new(JournalTable::new(faults.clone()).in_parts(part_of));
        let world = Self { orders: OrderTable::new(faults, log.clone()), log };
        for ((second, minor), n) in orders.iter().zip(0..) {
            world.orders.keep(order_of(n, *second, *minor));
        }
        world
    }

    fn entries(&self) -> Vec<Entry> {
        self.log.all()
    }

    /// The next part of a list.
    fn find(&self, wanted: &WantedEntries<'_>) -> Found<Entry> {
        let deadline = Deadline::after(Duration::from_mins(1));
        let lister = EntryLister { log: &*self.log, store: &self.orders, index: &self.orders, deadline };
        lister.find(wanted).now_or_never().unwrap().unwrap()
    }

    /// All parts of a list, by their sort texts, and how many parts there were.
    fn all(&self, wanted: &WantedEntries<'_>) -> (Vec<String>, usize) {
        let (mut sorts, mut after, mut parts) = (Vec::new(), None::<String>, 0);
        loop {
            let found = self.find(&WantedEntries { after: after.as_deref(), ..*wanted });
            assert!(found.shown() <= wanted.limit);
            parts += 1;
            sorts.extend(found.rows.iter().map(Entry::sort));
            after = found.next;
            assert!(after.as_deref().is_none_or(is_cursor), "{after:?}");
            if after.is_none() {
                return (sorts, parts);
            }
        }
    }
}

fn wanted<'a>(merchant: &'a MerchantId, predicates: &'a [EntryPredicate]) -> WantedEntries<'a> {
    let (since, until, order) = (at(-10_000), at(100_000), ReadOrder::NewestFirst);
    WantedEntries { merchant, since, until, predicates, looked_up: None, order, after: None, limit: 100 }
}

/// Conditions with the partitions that they are read from; none is an order's own.
fn predicates() -> Vec<(Vec<EntryPredicate>, Vec<EntryPartition>)> {
    let texts = |text: &str| vec![text.to_owned()];
    let usd = EntryPredicate::Currency(vec![Currency::USD]);
    let (card, reference) = ("0001".to_owned(), "reference-1-2".to_owned());
    let at_card = vec![EntryPartition::LastFour(card.clone())];
    let at_reference = vec![EntryPartition::Reference(reference.clone())];
    let of_card = EntryPredicate::LastFour(card);
    let unusual = || vec![EntryPartition::Declined, EntryPartition::Unusual];
    vec![
        (vec![], EntryPartition::all()),
        (vec![usd.clone(), EntryPredicate::Amount(Is::AtLeast(50))], EntryPartition::all()),
        (vec![EntryPredicate::Operation(vec![Kind::Capture, Kind::Refund])], EntryPartition::all()),
        (vec![EntryPredicate::Fact(vec![Fact::Refunded, Fact::Captured])], EntryPartition::all()),
        (vec![EntryPredicate::Actor(texts("anna"))], EntryPartition::all()),
        (vec![EntryPredicate::Actor(texts("anna")), EntryPredicate::Unusual], unusual()),
        (vec![EntryPredicate::Fact(vec![Fact::Refunded, Fact::Declined])], unusual()),
        (vec![EntryPredicate::Fact(vec![Fact::Refunded, Fact::Voided])], vec![EntryPartition::Unusual]),
        (
            vec![EntryPredicate::Unusual, EntryPredicate::Fact(vec![Fact::Declined])],
            vec![EntryPartition::Declined],
        ),
        (vec![usd, EntryPredicate::Operation(vec![Kind::Refund, Kind::Void])], unusual()),
        (vec![EntryPredicate::Decline(vec![DeclineCode::ExpiredCard])], vec![EntryPartition::Declined]),
        (vec![of_card.clone()], at_card.clone()),
        (vec![EntryPredicate::Unusual, of_card.clone()], at_card),
        (vec![of_card, EntryPredicate::Reference(reference)], at_reference),
        (vec![EntryPredicate::AmountAsShown("0.5".to_owned())], EntryPartition::all()),
        (vec![EntryPredicate::Person(texts("anna"))], EntryPartition::all()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_has_every_movement_that_is_wanted_once_in_order_whatever_is_read_for_it(
        orders in prop::collection::vec((0..5_000_i64, 1..100_u64), 0..40),
        limit in 1..40_usize,
        oldest_first in any::<bool>(),
        (since, length) in (-10..5_000_i64, 1..6_000_i64),
    ) {
        let (world, merchant) = (World::new(&orders), merchant());
        let order = if oldest_first { ReadOrder::OldestFirst } else { ReadOrder::NewestFirst };
        let of_order: Vec<_> = world.orders.all().values().take(1).flat_map(|order| {
            let transaction = order.transactions[0].id;
            [vec![EntryPredicate::Order(order.id.clone())], vec![EntryPredicate::Transaction(transaction)]]
        }).collect();
        for (conditions, partitions) in predicates().into_iter().chain(of_order.into_iter().map(|one| (one, vec![]))) {
            let range = (at(since), at(since + length));
            let wanted =
                WantedEntries { since: range.0, until: range.1, order, limit, ..wanted(&merchant, &conditions) };
            world.log.take_partitions();
            let (found, parts) = world.all(&wanted);
            let is_wanted = |entry: &Entry| {
                range.0 <= entry.at && entry.at < range.1 && conditions.iter().all(|one| one.holds(entry))
            };
            let mut expected: Vec<_> = world.entries().into_iter().filter(is_wanted).map(|one| one.sort()).collect();
            expected.sort_by(|one, other| order.compare(one, other));
            prop_assert!(parts <= expected.len() / limit + 1, "{} parts for {}", parts, expected.len());
            prop_assert_eq!(found, expected, "{:?}", &conditions);
            let read = world.log.take_partitions();
            prop_assert!(read.iter().all(|partition| partitions.contains(partition)), "{:?}: {:?}", conditions, read);
            prop_assert_eq!(read.is_empty(), partitions.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_finds_every_movement_of_each_payment_that_has_it_once_in_parts_of_any_size(
        orders in prop::collection::vec((0..5_000_i64, 1..100_u64), 0..20),
        limit in 1..10_usize,
        oldest_first in any::<bool>(),
        (since, length) in (-10..5_000_i64, 1..6_000_i64),
    ) {
        let (world, merchant) = (World::new(&orders), merchant());
        let order = if oldest_first { ReadOrder::OldestFirst } else { ReadOrder::NewestFirst };
        let (text, key) = by_text(&world, "invoice 1");
        let (since, until) = (at(since), at(since + length));
        let (text, looked_up) = ([text], Some(&key));
        let list = WantedEntries { since, until, looked_up, order, limit, ..wanted(&merchant, &text) };
        let (found, parts) = world.all(&list);
        let all = world.orders.all();
        let mut payments: Vec<&Order> = all.values().collect();
        payments.retain(|one| one.transactions[0].references.custom_reference.as_deref() == Some("invoice 1"));
        let first = |order: &Order| first_fact(order, &order.transactions[0]).unwrap().sort();
        payments.sort_by(|one, other| order.compare(&first(one), &first(other)));
        let movements = payments.into_iter().flat_map(|payment| entries_of(payment, order));
        let expected: Vec<_> =
            movements.filter(|one| since <= one.at && one.at < until).map(|one| one.sort()).collect();
        prop_assert!(parts <= expected.len() / limit + all.len() / limit + 1, "{} parts", parts);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn what_a_text_leads_to_and_cannot_be_read_is_one_row_of_one_part() {
    let (world, merchant) = (World::new(&[(0, 50), (10, 60), (20, 70), (30, 80)]), merchant());
    let (text, key) = by_text(&world, "invoice 0");
    let (text, looked_up) = ([text], Some(&key));
    world.orders.faults.spoil("entry of order-1");
    world.orders.faults.spoil("order-2");
    let (mut after, mut shown) = (None, Vec::new());
    loop {
        let list = WantedEntries { looked_up, after: after.as_deref(), limit: 1, ..wanted(&merchant, &text) };
        let found = world.find(&list);
        shown.extend(found.rows.iter().map(|entry| entry.order.order.to_string()));
        shown.extend(found.unreadable.iter().map(|bad| format!("bad {}", bad.order.as_ref().unwrap())));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(shown, ["order-3", "order-3", "bad order-2", "bad order-1", "order-0", "order-0"]);
}

#[test]
fn an_order_that_is_named_besides_a_text_has_only_the_movements_of_payments_with_the_text() {
    let (world, merchant) = (World::new(&[(0, 50)]), merchant());
    let order = EntryPredicate::Order("order-0".parse().unwrap());
    for (text, expected) in [("invoice 0", 2), ("invoice 1", 0)] {
        let (term, key) = by_text(&world, text);
        let predicates = [term, order.clone()];
        let list = WantedEntries { looked_up: Some(&key), ..wanted(&merchant, &predicates) };
        assert_eq!(world.find(&list).rows.len(), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_a_row_of_its_own_whatever_is_looked_for() {
    let world = World::new(&[(0, 50), (10, 60), (20, 70)]);
    world.orders.faults.spoil("entry of order-1");
    let merchant = merchant();
    let refunds = [EntryPredicate::Fact(vec![Fact::Refunded])];
    let found = world.find(&wanted(&merchant, &refunds));
    assert_eq!((found.rows.len(), found.unreadable.len(), found.next), (0, 1, None));
    let bad = &found.unreadable[0];
    assert_eq!(
        (bad.at, bad.order.as_ref().map(crate::order::OrderId::as_str)),
        (Some(at(510)), Some("order-1"))
    );
    // It counts toward the limit.
    let all = WantedEntries { limit: 2, order: ReadOrder::OldestFirst, ..wanted(&merchant, &[]) };
    let found = world.find(&all);
    assert_eq!((found.rows.len(), found.unreadable.len(), found.next.is_some()), (2, 0, true));
    let found = world.find(&WantedEntries { after: found.next.as_deref(), ..all });
    assert_eq!((found.rows.len(), found.unreadable.len()), (0, 2));
    // An order that is read for its own movements.
    world.orders.faults.spoil("order-2");
    let of_order = [EntryPredicate::Order("order-2".parse().unwrap())];
    let found = world.find(&wanted(&merchant, &of_order));
    assert_eq!((found.unreadable.len(), found.unreadable[0].item.key.as_str()), (1, "m#order-2"));
    let nothing = [EntryPredicate::Order("nothing".parse().unwrap())];
    assert_eq!(world.find(&wanted(&merchant, &nothing)).shown(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_time_is_up_goes_on_where_it_ended() {
    let orders: Vec<_> = (0..1_000).map(|n| (n, 50)).collect();
    let (world, merchant) = (World::new(&orders), merchant());
    let conditions = [EntryPredicate::Actor(vec!["berta".to_owned()])];
    let deadline = Deadline::after(Duration::ZERO);
    let lister = EntryLister { log: &*world.log, store: &world.orders, index: &world.orders, deadline };
    let found = lister.find(&wanted(&merchant, &conditions)).await.unwrap();
    assert_eq!((found.shown(), found.next.is_some()), (0, true));
    assert_eq!(world.log.take_partitions().len(), usize::from(ENTRY_SHARDS), "one page of each part");
    assert_eq!(world.all(&wanted(&merchant, &conditions)), (Vec::new(), 1));
}

#[test]
fn the_movements_of_an_order_are_in_the_order_of_their_times_either_way() {
    let order = order_of(1, 0, 50);
    let facts = |read| entries_of(&order, read).iter().map(|entry| entry.fact).collect::<Vec<_>>();
    assert_eq!(facts(ReadOrder::OldestFirst), [Fact::Approved, Fact::Captured, Fact::Refunded]);
    assert_eq!(facts(ReadOrder::NewestFirst), [Fact::Refunded, Fact::Captured, Fact::Approved]);
}
