//! A list of orders that is read in parts, while orders are added.

use std::time::Duration;

use super::*;
use crate::{
    memory::OrderTable,
    memory::{new_operation, payment},
    order::{OrderId, PaymentStatus},
    payments::Deadline,
};

/// An order of that second, and perhaps paid.
fn add(shelf: &OrderTable, n: u64, second: i64, is_paid: bool) {
    let mut order = order_of(merchant(), n, second);
    if is_paid {
        let new = new_operation(Uuid::from_u128(u128::from(n) + 1), Kind::Purchase, 100);
        let mut operation = Operation::new(new, at(second));
        operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
        order.transactions.push(payment(PaymentKind::Purchase, operation));
    }
    shelf.keep(order);
}

fn shelf() -> OrderTable {
    OrderTable::default().sized(size_of)
}

fn lister(shelf: &OrderTable) -> OrderLister<'_> {
    OrderLister { index: shelf, store: shelf, deadline: Deadline::after(Duration::from_mins(1)) }
}

fn wanted<'a>(merchant: &'a MerchantId, predicates: &'a [OrderPredicate], limit: usize) -> WantedOrders<'a> {
    let (since, until) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    WantedOrders { merchant, since, until, predicates, after: None, offset: 0, limit }
}

/// The ids of all parts, a list each; `between` happens after each.
async fn parts(shelf: &OrderTable, wanted: &WantedOrders<'_>, between: impl Fn(usize)) -> Vec<Vec<String>> {
    let (mut parts, mut after) = (Vec::new(), None);
    loop {
        let wanted = WantedOrders { after: after.as_deref(), ..*wanted };
        let found = lister(shelf).find(&wanted).await.unwrap().unwrap();
        let good = found.rows.iter().map(|order| order.id.to_string());
        let bad = found.unreadable.iter().map(|row| row.item.key.clone());
        parts.push(good.chain(bad).collect());
        between(parts.len());
        after = found.next;
        if after.is_none() {
            return parts;
        }
        assert!(parts.len() < 1_000, "it does not end");
    }
}

#[tokio::test]
async fn every_order_is_listed_once_newest_first_whatever_comes_meanwhile() {
    let (shelf, merchant) = (shelf(), merchant());
    // Three in each second, so that places differ by their digests only.
    for n in 0..230 {
        add(&shelf, n, i64::try_from(n / 3).unwrap(), false);
    }
    for limit in [1, 7, 25, 100] {
        let added = |part: usize| {
            add(&shelf, u64::try_from(1_000 + part).unwrap(), i64::try_from(10_000 + part).unwrap(), false);
        };
        let first = shelf.all().len();
        let parts = parts(&shelf, &wanted(&merchant, &[], limit), added).await;
        assert!(parts.iter().rev().skip(1).all(|part| part.len() == limit), "{limit}");
        let listed: Vec<_> = parts.concat();
        assert_eq!(listed.len(), first, "{limit}");
        assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), first, "{limit}");
        let orders = shelf.all();
        let times: Vec<_> = listed.iter().map(|id| orders[&format!("m#{id}")].created_at).collect();
        assert!(times.is_sorted_by(|one, next| one >= next), "{limit}");
        drop(orders);
        shelf.all().retain(|_, order| order.created_at < at(10_000));
    }
    assert!(shelf.reads().largest <= 100);
}

#[tokio::test]
async fn a_page_reads_as_many_orders_as_it_shows() {
    let (shelf, merchant) = (shelf(), merchant());
    for n in 0..400 {
        add(&shelf, n, i64::try_from(n).unwrap(), false);
    }
    for (limit, batches) in [(1, 1), (25, 1), (30, 1), (100, 1)] {
        let (before, read) = (shelf.reads().batches, shelf.reads().orders);
        let found = lister(&shelf).find(&wanted(&merchant, &[], limit)).await.unwrap().unwrap();
        assert_eq!(found.rows.len(), limit);
        assert_eq!(shelf.reads().batches - before, batches, "{limit}");
        assert_eq!(shelf.reads().orders - read, limit);
    }
}

#[tokio::test]
async fn orders_are_passed_over_within_what_a_page_reads_and_not_beyond() {
    let (shelf, merchant) = (shelf(), merchant());
    for n in 0..5_000 {
        add(&shelf, n, i64::try_from(n).unwrap(), n % 2 == 0);
    }
    let paid = [OrderPredicate::Payment(vec![PaymentStatus::Paid])];
    for predicates in [&[][..], &paid] {
        let step = if predicates.is_empty() { 1 } else { 2 };
        let first = wanted(&merchant, predicates, 3);
        for offset in [1_u64, 99, 100, 101, 250] {
            let wanted = WantedOrders { offset: usize::try_from(offset).unwrap(), ..first };
            let found = lister(&shelf).find(&wanted).await.unwrap().unwrap();
            let newest = 5_000 - step;
            let ids: Vec<_> = (offset..offset + 3).map(|n| format!("order-{}", newest - step * n)).collect();
            assert_eq!(found.rows.iter().map(|order| order.id.to_string()).collect::<Vec<_>>(), ids);
            let next = WantedOrders { after: found.next.as_deref(), ..first };
            let next = lister(&shelf).find(&next).await.unwrap().unwrap();
            assert_eq!(next.rows[0].id.to_string(), format!("order-{}", newest - step * (offset + 3)));
        }
    }
    let far = WantedOrders { offset: 4_900, ..wanted(&merchant, &[], 100) };
    let before = shelf.reads().orders;
    assert!(lister(&shelf).find(&far).await.unwrap().is_none());
    let most = READ_MAX_BYTES / OPERATION_BYTES + 200;
    assert!(shelf.reads().orders - before < most, "{} orders", shelf.reads().orders - before);
    let end = WantedOrders { since: at(4_990), offset: 20, ..far };
    let found = lister(&shelf).find(&end).await.unwrap().unwrap();
    assert!(found.rows.is_empty() && found.next.is_none(), "there are ten");
}

#[tokio::test]
async fn a_part_ends_when_it_has_read_enough_and_the_next_one_goes_on_there() {
    let (shelf, merchant) = (shelf(), merchant());
    for n in 0..5_000 {
        add(&shelf, n, i64::try_from(n).unwrap(), n == 3);
    }
    let paid = [OrderPredicate::Payment(vec![PaymentStatus::Paid])];
    let wanted = wanted(&merchant, &paid, 100);
    let found = lister(&shelf).find(&wanted).await.unwrap().unwrap();
    assert!(found.rows.is_empty() && found.next.is_some());
    let most = super::super::orders::FULL_AT_BYTES + 100 * ORDER_BYTES + 400 * 256;
    assert!(found.read_bytes <= most, "{}", found.read_bytes);
    let parts = parts(&shelf, &wanted, |_| ()).await;
    assert!(parts.len() > 1);
    assert_eq!(parts.concat(), ["order-3"]);
    assert_eq!(shelf.reads().largest, 100);
}

#[tokio::test]
async fn a_list_has_its_range_and_its_conditions_and_no_more() {
    let (shelf, merchant) = (shelf(), merchant());
    for n in 0..40 {
        add(&shelf, n, i64::try_from(n).unwrap(), n % 2 == 0);
    }
    let all = wanted(&merchant, &[], 25);
    let ids = |numbers: &[u64]| numbers.iter().map(|n| format!("order-{n}")).collect::<Vec<_>>();
    let range = WantedOrders { since: at(3), until: at(6), ..all };
    assert_eq!(parts(&shelf, &range, |_| ()).await.concat(), ids(&[5, 4, 3]));
    let none = WantedOrders { since: at(6), until: at(6), ..all };
    assert!(parts(&shelf, &none, |_| ()).await.concat().is_empty());
    let unpaid = [OrderPredicate::Payment(vec![PaymentStatus::Unpaid])];
    let range = WantedOrders { predicates: &unpaid, limit: 2, ..range };
    assert_eq!(parts(&shelf, &range, |_| ()).await, [ids(&[5, 3])]);
    for (currency, found) in [(Currency::USD, 40), (Currency::parse("EUR").unwrap(), 0)] {
        let condition = [OrderPredicate::Currency(vec![currency])];
        let wanted = WantedOrders { predicates: &condition, ..all };
        assert_eq!(parts(&shelf, &wanted, |_| ()).await.concat().len(), found);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_in_every_list_of_its_time_and_takes_a_row() {
    let shelf = shelf();
    shelf.faults.spoil("order-2");
    shelf.faults.spoil("key of order-3");
    let merchant = merchant();
    for n in 0..6 {
        add(&shelf, n, i64::try_from(n).unwrap(), false);
    }
    let paid = [OrderPredicate::Payment(vec![PaymentStatus::Paid])];
    let found = lister(&shelf).find(&wanted(&merchant, &paid, 25)).await.unwrap().unwrap();
    let told: Vec<_> = found
        .unreadable
        .iter()
        .map(|row| (row.order.as_ref().map(OrderId::as_str), &*row.item.key))
        .collect();
    assert_eq!(told, [(None, "m#order-3"), (Some("order-2"), "m#order-2")]);
    assert!(found.rows.is_empty() && found.next.is_none());
    assert_eq!(
        parts(&shelf, &wanted(&merchant, &[], 2), |_| ()).await,
        [["order-5", "order-4"], ["m#order-3", "m#order-2"], ["order-1", "order-0"]]
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_ends_with_its_time_and_the_next_one_goes_on_there() {
    let (shelf, merchant) = (shelf(), merchant());
    (0..300).for_each(|n| add(&shelf, n, i64::try_from(n).unwrap(), n == 3));
    let paid = [OrderPredicate::Payment(vec![PaymentStatus::Paid])];
    let first = wanted(&merchant, &paid, 25);
    let over = OrderLister { deadline: Deadline::after(Duration::from_secs(1)), ..lister(&shelf) };
    let found = over.find(&first).await.unwrap().unwrap();
    assert_eq!((found.rows.len(), shelf.reads().orders), (0, 0));
    assert!(found.next.is_some());
    let rest = WantedOrders { after: found.next.as_deref(), ..first };
    assert_eq!(parts(&shelf, &rest, |_| ()).await.concat(), ["order-3"]);
}
