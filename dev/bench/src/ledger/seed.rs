//! A merchant with many payments, as the functions would have written them, put past them.

use std::{collections::BTreeMap, error::Error};

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
use tollgate::{
    dynamodb::{
        Item,
        journal::{DynamoDbEntries, DynamoDbTotals},
        orders::StoredOrder,
    },
    search_keys::search_key,
};
use tollgate_core::{
    journal::{
        CountedEntry, EntryStore, Hold, PointedBy, Pointer, Retention, SumOf, Totals, TotalsStore as _,
        day_of, entries, found_by, uncollected,
    },
    order::{
        Attribution, CaptureSchedule, Decision, Decline, Doubt, GatewayResponse, Kind, MerchantId, Operation,
        OperationState, Order, Pending,
    },
    payments::{Merchant as Document, Shards},
    values::{Amount, Brand, Clock as _, DeclineCode, QuarterHour},
};
use uuid::Uuid;

use super::Merchant;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Payments that are put together, how many of such groups at a time, and most writes of a batch.
const AT_A_TIME: usize = 50;
const CONCURRENCY: usize = 4;
pub(crate) const BATCH_MAX: usize = 25;

/// Partitions of the indexes. No question reads them.
const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

/// Until the end of a hold.
const HOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// From a payment to its capture, and from there to a refund.
const CAPTURED_AFTER: SignedDuration = SignedDuration::from_hours(24);
const REFUNDED_AFTER: SignedDuration = SignedDuration::from_hours(26);

/// From the last payment that waits to the end, so that it needs a person, and to the one before.
const WAITS_FROM: SignedDuration = SignedDuration::from_hours(1);
const WAITS_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// The seeded data, and the values that questions can use.
pub(super) struct Seeded {
    pub(super) since: Timestamp,
    /// When the last payment was made: a noon, so that each day has as many whenever this runs.
    pub(super) until: Timestamp,
    pub(super) entries: usize,
    /// An order with a refund of a part, the reference of that, and the shop's own one.
    pub(super) refunded_order: String,
    pub(super) retref: String,
    pub(super) reference: String,
    /// Last four digits and minor units of a payment, and when it was made.
    pub(super) card: (String, u64, Timestamp),
}

/// Puts so many payments over so many days: of a hundred, 88 are authorized and captured the day
/// after, 3 of them are refunded in part, 8 are declined and 1 stays held until it ends. And
/// so many that wait: in doubt for more than an hour, and as many that the schedule is to capture.
pub(super) async fn seed(stack: &Stack, merchant: Merchant) -> Result<Seeded, Failure> {
    let Merchant { payments: count, days, waiting } = merchant;
    let pattern = pattern(stack).await?;
    let now = stack.clock().now();
    let day = SignedDuration::from_hours(24);
    let until = QuarterHour::first_of(day_of(now - day / 2)).begins() + day / 2;
    let since = until - SignedDuration::from_hours(days * 24);
    let every = SignedDuration::from_millis(days * 24 * 3_600_000 / i64::try_from(count)?);
    let made = Made { pattern, since, until, count, waiting, every };
    let client = dynamodb_client(stack.dynamodb_url());
    let retention = Retention::default();
    let journal = DynamoDbEntries::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), retention);
    let merchant = stack.ports().captures.merchants.get(&merchants::REGISTERED.parse()?).await?;
    let (made, client, journal, merchant) = (&made, &client, &journal, &*merchant);
    let mut sums: BTreeMap<QuarterHour, Totals> = BTreeMap::new();
    let all = count + 2 * waiting;
    let orders = |start: usize| (start..all.min(start + AT_A_TIME)).map(|n| made.order(n));
    let mut put = stream::iter((0..all).step_by(AT_A_TIME))
        .map(|start| put(client, journal, merchant, orders(start)))
        .buffer_unordered(CONCURRENCY);
    let mut entries = 0;
    while let Some(own) = put.try_next().await? {
        entries += own.len();
        for entry in own {
            sums.entry(QuarterHour::of(entry.at)).or_default().add(entry)?;
        }
    }
    let totals = DynamoDbTotals::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), None, retention);
    sum_up(&totals, &merchant.id, sums).await?;
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
        reference: invoice(refunded),
        card: (digits(paid), amount(paid), made.at(paid)),
    })
}

/// Orders with their entries and holds.
async fn put(
    client: &Client,
    journal: &DynamoDbEntries,
    merchant: &Document,
    orders: impl Iterator<Item = Order>,
) -> Result<Vec<CountedEntry>, Failure> {
    let (mut items, mut all, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for order in orders {
        items.push(StoredOrder::next(&order, SHARDS).0);
        let own = entries(None, &order);
        all.extend(own.iter().map(|entry| journal.item(entry)));
        counted.extend(own.iter().map(CountedEntry::from));
        let uncollected =
            uncollected(None, &order).into_iter().map(|first| (PointedBy::Uncollected, first.sort()));
        let by_text = found_by(None, &order)
            .into_iter()
            .map(|found| (PointedBy::Text(search_key(merchant, &found.term)), found.sort));
        for (by, sort) in uncollected.chain(by_text) {
            let pointer = Pointer { by, order: order.key(), sort, ends: Timestamp::MAX };
            journal.point(&pointer).await?;
        }
        for hold in Hold::all(&order) {
            journal.hold(&hold).await.map_err(|error| error.to_string())?;
        }
    }
    for (table, items) in [(TABLE_NAME, items), (JOURNAL_TABLE_NAME, all)] {
        for some in items.chunks(BATCH_MAX) {
            put_batch(client, table, some).await?;
        }
    }
    Ok(counted)
}

/// Puts at most [`BATCH_MAX`] items.
pub(crate) async fn put_batch(client: &Client, table: &str, items: &[Item]) -> Result<(), Failure> {
    let put = |item: &Item| {
        let put = PutRequest::builder().set_item(Some(item.clone())).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
    };
    let writes = items.iter().map(put).collect::<Result<_, _>>()?;
    let request = client.batch_write_item().request_items(table, writes);
    request.send().await.map(drop).map_err(|error| format!("{error:?}").into())
}

/// The sums of every quarter of an hour and of every day, as the schedule keeps them.
async fn sum_up(
    store: &DynamoDbTotals,
    merchant: &MerchantId,
    sums: BTreeMap<QuarterHour, Totals>,
) -> Result<(), Failure> {
    let mut days: BTreeMap<Date, Totals> = BTreeMap::new();
    let mut all: Vec<(SumOf, Totals)> = Vec::new();
    for (quarter, totals) in sums {
        days.entry(quarter.day).or_default().merge(totals.clone())?;
        all.push((SumOf::Quarter(quarter), totals));
    }
    all.extend(days.into_iter().map(|(day, totals)| (SumOf::Day(day), totals)));
    for (of, totals) in all {
        store.replace(merchant, of, 0, &totals).await?;
    }
    Ok(())
}

/// An order with an authorization that was really approved.
pub(crate) async fn pattern(stack: &Stack) -> Result<Order, Failure> {
    let ports = stack.ports();
    let capture_at = stack.clock().now() + SignedDuration::from_hours(12);
    fill(&ports.captures, Load { count: 1, capture_at, amount: 2599 }, |_| ()).await?;
    let client = dynamodb_client(stack.dynamodb_url());
    let scanned = client.scan().table_name(TABLE_NAME).send().await?;
    let orders = scanned.items.unwrap_or_default().into_iter().map(|item| StoredOrder(item).read());
    let mut orders = orders.filter_map(Result::ok).filter(|order| !order.transactions.is_empty());
    Ok(orders.next().ok_or("no order was paid")?)
}

/// How orders are made of one that was paid.
struct Made {
    pattern: Order,
    since: Timestamp,
    until: Timestamp,
    /// Payments over that time; then as many in doubt, and to be captured, as wait.
    count: usize,
    waiting: usize,
    /// From a payment to the next one.
    every: SignedDuration,
}

impl Made {
    fn at(&self, n: usize) -> Timestamp {
        match n.checked_sub(self.count) {
            None => self.since + times(n, self.every),
            Some(n) => self.until - WAITS_FROM - times(n, WAITS_EVERY),
        }
    }

    /// The state of a payment's authorization, if it is not approved.
    fn not_approved(&self, n: usize) -> Option<OperationState> {
        let response = GatewayResponse::default();
        match n.checked_sub(self.count) {
            None if n % 100 < 8 => {
                let response = GatewayResponse { reference: Some(reference(n, Kind::Authorize)), ..response };
                let codes =
                    [DeclineCode::InsufficientFunds, DeclineCode::ExpiredCard, DeclineCode::GenericDecline];
                let code = codes[n / 100 % codes.len()];
                let decline = Decline::of(code);
                Some(OperationState::Decided(Decision::Declined(response, decline)))
            }
            Some(n) if n < self.waiting => {
                let (doubt, next_inquiry_at) = (Some(Doubt::NoResponse), self.until + HOLD);
                let pending = Pending { doubt, response, inquiries: 8, next_inquiry_at, absent_since: None };
                Some(OperationState::Pending(pending))
            }
            None | Some(_) => None,
        }
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
        let scheduled = transaction.capture.zip(n.checked_sub(self.count + self.waiting));
        transaction.capture = scheduled
            .map(|(capture, n)| CaptureSchedule { at: capture.at + times(n, WAITS_EVERY), ..capture });
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
        let authorized = operation(Kind::Authorize, SignedDuration::ZERO, amount(n));
        if let Some(state) = self.not_approved(n) {
            transaction.authorization_expires_at = None;
            transaction.operations = vec![Operation { state, ..authorized }];
            return order;
        }
        transaction.operations = vec![authorized];
        if n % 100 != 99 && at + CAPTURED_AFTER < self.until {
            transaction.operations.push(operation(Kind::Capture, CAPTURED_AFTER, amount(n)));
        }
        if self.is_refunded(n) {
            transaction.references.custom_reference = Some(invoice(n));
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

fn times(n: usize, duration: SignedDuration) -> SignedDuration {
    duration * i32::try_from(n).unwrap_or(i32::MAX)
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

fn invoice(n: usize) -> String {
    format!("invoice-{n}")
}

fn reference(n: usize, kind: Kind) -> String {
    format!("{}{n:09}", 300 + kind as u32)
}
