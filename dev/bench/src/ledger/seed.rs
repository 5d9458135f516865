//! A merchant with many payments, as the functions would have written them, put past them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{PutRequest, WriteRequest},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp, civil::Date};
use local::{
    JOURNAL_TABLE_NAME, Stack, TABLE_NAME, dynamodb_client,
    load::{Load, fill},
    merchants,
};
use tollgate::dynamodb::{
    Item,
    journal::{DynamoDbEntries, DynamoDbTotals},
    orders::StoredOrder,
};
use tollgate_core::{
    journal::{
        CountedEntry, EntryStore, Hold, PointedBy, Pointer, Retention, SumOf, Totals, TotalsStore as _,
        day_of, entries, uncollected,
    },
    order::{Attribution, Decision, Decline, GatewayResponse, Kind, Operation, OperationState, Order},
    payments::Shards,
    values::{Amount, Brand, Clock as _, DeclineCode, QuarterHour},
};
use uuid::Uuid;

/// Payments that are put together, and how many of such groups at a time.
const AT_A_TIME: usize = 50;
const CONCURRENCY: usize = 4;

/// Most writes of a batch.
const BATCH_MAX: usize = 25;

/// Partitions of the indexes. No question reads them.
const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

/// Until the end of a hold.
const HOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// From a payment to its capture, and from there to a refund.
const CAPTURED_AFTER: SignedDuration = SignedDuration::from_hours(24);
const REFUNDED_AFTER: SignedDuration = SignedDuration::from_hours(26);

/// The seeded data, and the values that questions can use.
pub(super) struct Seeded {
    pub(super) since: Timestamp,
    /// When the last payment was made: a noon, so that each day has as many whenever this runs.
    pub(super) until: Timestamp,
    pub(super) entries: usize,
    /// An order with a refund of a part, and the reference of that.
    pub(super) refunded_order: String,
    pub(super) retref: String,
    /// Last four digits and minor units of a payment, and when it was made.
    pub(super) card: (String, u64, Timestamp),
}

/// Puts so many payments over so many days: of a hundred, 88 are authorized and captured the day
/// after, 3 of them are refunded in part, 8 are declined and 1 stays held until it ends.
pub(super) async fn seed(stack: &Stack, count: usize, days: i64) -> Result<Seeded, String> {
    let pattern = pattern(stack).await?;
    let now = stack.clock().now();
    let day = SignedDuration::from_hours(24);
    let until = QuarterHour::first_of(day_of(now - day / 2)).begins() + day / 2;
    let since = until - SignedDuration::from_hours(days * 24);
    let span = (until - since).total(jiff::Unit::Second).map_err(|error| error.to_string())?;
    let made = Made { pattern, since, until, count, span };
    let client = dynamodb_client(stack.dynamodb_url());
    let retention = Retention::default();
    let journal = DynamoDbEntries::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), retention);
    let (made, client, journal) = (&made, &client, &journal);
    let mut sums: BTreeMap<QuarterHour, Totals> = BTreeMap::new();
    let starts = (0..count).step_by(AT_A_TIME);
    let mut put = stream::iter(starts)
        .map(|start| put(client, journal, (start..count.min(start + AT_A_TIME)).map(|n| made.order(n))))
        .buffer_unordered(CONCURRENCY);
    let mut entries = 0;
    while let Some(own) = put.try_next().await? {
        entries += own.len();
        for entry in own {
            sums.entry(QuarterHour::of(entry.at))
                .or_default()
                .add(entry)
                .map_err(|error| error.to_string())?;
        }
    }
    sum_up(&DynamoDbTotals::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), retention), sums, now).await?;
    // The last one that was refunded.
    let refunded = (0..count).rev().find(|n| made.is_refunded(*n)).ok_or("nothing was refunded")?;
    let newest = made.at(refunded);
    let paid = (0..count).rev().find(|n| made.at(*n) < newest).unwrap_or_default();
    Ok(Seeded {
        since,
        until,
        entries,
        refunded_order: made.order(refunded).id.to_string(),
        retref: reference(refunded, Kind::Refund),
        card: (digits(paid), amount(paid), made.at(paid)),
    })
}

/// Orders with their entries and holds.
async fn put(
    client: &Client,
    journal: &DynamoDbEntries,
    orders: impl Iterator<Item = Order>,
) -> Result<Vec<CountedEntry>, String> {
    let (mut items, mut all, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for order in orders {
        items.push(StoredOrder::next(&order, SHARDS).0);
        let own = entries(None, &order);
        all.extend(own.iter().map(|entry| journal.item(entry)));
        counted.extend(own.iter().map(CountedEntry::from));
        for first in uncollected(None, &order) {
            let (order, sort, ends) = (order.key(), first.sort(), Timestamp::MAX);
            let pointer = Pointer { by: PointedBy::Uncollected, order, sort, ends };
            journal.point(&pointer).await.map_err(|error| error.to_string())?;
        }
        for hold in Hold::all(&order) {
            journal.hold(&hold).await.map_err(|error| error.to_string())?;
        }
    }
    for (table, items) in [(TABLE_NAME, items), (JOURNAL_TABLE_NAME, all)] {
        for some in items.chunks(BATCH_MAX) {
            let put = |item: &Item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build();
                put.map(|put| WriteRequest::builder().put_request(put).build())
            };
            let writes: Result<Vec<_>, _> = some.iter().map(put).collect();
            let writes = writes.map_err(|error| error.to_string())?;
            let request = client.batch_write_item().request_items(table, writes);
            request.send().await.map_err(|error| format!("{error:?}"))?;
        }
    }
    Ok(counted)
}

/// The sums of every quarter of an hour and of every day, as the schedule keeps them.
async fn sum_up(
    store: &DynamoDbTotals,
    sums: BTreeMap<QuarterHour, Totals>,
    now: Timestamp,
) -> Result<(), String> {
    let merchant = merchants::REGISTERED.parse().map_err(|error| format!("{error}"))?;
    let mut days: BTreeMap<Date, Totals> = BTreeMap::new();
    let mut all: Vec<(SumOf, Totals)> = Vec::new();
    for (quarter, totals) in sums {
        days.entry(quarter.day).or_default().merge(totals.clone()).map_err(|error| error.to_string())?;
        all.push((SumOf::Quarter(quarter), totals));
    }
    all.extend(days.into_iter().map(|(day, totals)| (SumOf::Day(day), totals)));
    for (of, totals) in all {
        store.replace(&merchant, of, 0, &totals).await.map_err(|error| error.to_string())?;
    }
    store.reach(now).await.map_err(|error| error.to_string())
}

/// An order with an authorization that was really approved.
async fn pattern(stack: &Stack) -> Result<Order, String> {
    let ports = stack.ports();
    let capture_at = stack.clock().now() + SignedDuration::from_hours(12);
    fill(&ports.captures, Load { count: 1, capture_at, amount: 2599 }, |_| ()).await?;
    let client = dynamodb_client(stack.dynamodb_url());
    let scanned = client.scan().table_name(TABLE_NAME).send().await.map_err(|error| error.to_string())?;
    let orders = scanned.items.unwrap_or_default().into_iter().map(|item| StoredOrder(item).read());
    let mut orders = orders.filter_map(Result::ok).filter(|order| !order.transactions.is_empty());
    orders.next().ok_or_else(|| "no order was paid".to_owned())
}

/// How orders are made of one that was paid.
struct Made {
    pattern: Order,
    since: Timestamp,
    until: Timestamp,
    count: usize,
    /// Seconds from the first to the last.
    span: f64,
}

impl Made {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "payments are far below 2^52"
    )]
    fn at(&self, n: usize) -> Timestamp {
        let second = self.span * 1000.0 * (n as f64) / (self.count as f64);
        self.since + SignedDuration::from_millis(second as i64)
    }

    fn is_declined(n: usize) -> bool {
        n % 100 < 8
    }

    fn is_refunded(&self, n: usize) -> bool {
        (8..11).contains(&(n % 100)) && self.at(n) + REFUNDED_AFTER < self.until
    }

    fn order(&self, n: usize) -> Order {
        let (at, mut order) = (self.at(n), self.pattern.clone());
        order.id = format!("order-{n:07}").parse().unwrap_or(order.id);
        order.merchant = merchants::REGISTERED.parse().unwrap_or(order.merchant);
        order.version = 0;
        (order.created_at, order.updated_at) = (at, at);
        let Some(transaction) = order.transactions.first_mut() else { return order };
        transaction.id = id(n, 0);
        (transaction.created_at, transaction.updated_at) = (at, at);
        if let Some(card) = transaction.instrument.card_mut() {
            card.brand = Some([Brand::Visa, Brand::Mastercard, Brand::Amex][n % 3]);
            card.last_four = Some(digits(n));
        }
        transaction.capture = None;
        transaction.authorization_expires_at = Some(at + HOLD);
        let Some(first) = transaction.operations.first().cloned() else { return order };
        let operation = |kind, after, minor| {
            let (at, mut own) =
                (at + after, Operation { id: id(n, 1 + kind as u128), kind, ..first.clone() });
            own.amount = Amount::new(minor).unwrap_or(own.amount);
            (own.created_at, own.updated_at, own.attempt.at, own.attempt.id) = (at, at, at, own.id);
            if let OperationState::Decided(Decision::Approved(response)) = &mut own.state {
                response.reference = Some(reference(n, kind));
                response.charged = None;
            }
            own
        };
        let mut authorized = operation(Kind::Authorize, SignedDuration::ZERO, amount(n));
        if Self::is_declined(n) {
            let codes =
                [DeclineCode::InsufficientFunds, DeclineCode::ExpiredCard, DeclineCode::GenericDecline];
            let code = codes[n / 100 % codes.len()];
            let response = GatewayResponse {
                reference: Some(reference(n, Kind::Authorize)),
                ..GatewayResponse::default()
            };
            let declined = Decision::Declined(response, Decline { code, advice: code.advice() });
            authorized.state = OperationState::Decided(declined);
            transaction.authorization_expires_at = None;
            transaction.operations = vec![authorized];
            return order;
        }
        transaction.operations = vec![authorized];
        if n % 100 != 99 && at + CAPTURED_AFTER < self.until {
            transaction.operations.push(operation(Kind::Capture, CAPTURED_AFTER, amount(n)));
        }
        if self.is_refunded(n) {
            let mut refund = operation(Kind::Refund, REFUNDED_AFTER, 500);
            let (actor, reason) = (Some("ann@shop.example".to_owned()), Some("arrived broken".to_owned()));
            let ann = Attribution { actor, reason, ..Attribution::default() };
            refund.attribution = Some(Box::new(ann)).filter(|_| n % 100 == 8);
            transaction.operations.push(refund);
        }
        if n % 100 == 99 && at + HOLD < self.until {
            transaction.lapsed_at = Some(at + HOLD);
        }
        order
    }
}

fn id(n: usize, part: u128) -> Uuid {
    Uuid::from_u128((100 + part) << 96 | n as u128)
}

fn digits(n: usize) -> String {
    format!("{:04}", n * 7 % 10_000)
}

fn amount(n: usize) -> u64 {
    1_000 + (n as u64) * 37 % 20_000
}

fn reference(n: usize, kind: Kind) -> String {
    format!("{}{n:09}", 300 + kind as u32)
}
