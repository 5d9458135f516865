//! The doubles in memory keep the contract of DynamoDB's adapters: the same calls come to the same.

use jiff::{SignedDuration, Timestamp, civil::date};
use local::{SETTLEMENT_TABLE_NAME, TABLE_NAME, dynamodb_client};
use memory::{OrderTable, SettlementTable};
use tollgate::dynamodb::{orders::DynamoDbStore, settlement::DynamoDbSettlement};
use tollgate_core::{
    journal::{Agenda, AgendaKeys, AgendaList, AgendaQuery, Retention},
    order::{MerchantId, Order, OrderKey},
    payments::{DueQuery, Index, ListedOrder, OrderIndex, OrderStore, Shards, StoreError},
    settlement::{
        DayRange, Deposit, DepositStore, Exception, ExceptionCause, ExceptionFilter, ExceptionStore,
        KnownReport, Line, LineStore, MissingLine, OpenExceptions, PackKey, PackedLines, Progress,
        ProgressStore, ReportKind,
    },
    values::{Amount, Currency, ReadOrder, SignedAmount},
};
use uuid::Uuid;

use crate::{store::due, support::stack};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_176_000 + second).unwrap()
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn key(order: &str) -> OrderKey {
    OrderKey { merchant: merchant(), order: order.parse().unwrap() }
}

/// The result of a write; a conflict with the version that is there.
fn written(result: Result<(), StoreError>) -> String {
    match result {
        Ok(()) => "written".to_owned(),
        Err(StoreError::Conflict(there)) => format!("version {} is there", there.version),
        Err(_) => "unavailable".to_owned(),
    }
}

fn ids(listed: Vec<ListedOrder>) -> Vec<String> {
    listed.into_iter().map(|one| one.key.unwrap().order.to_string()).collect()
}

/// The results of calls of the orders' ports, each in a line.
async fn of_orders<T: OrderStore + OrderIndex + Agenda>(table: &T, orders: &[Order]) -> Vec<String> {
    let mut told = Vec::new();
    for order in orders.iter().chain(orders) {
        told.push(written(table.create(order).await));
    }
    let read = table.load(&orders[0].key()).await.unwrap().unwrap();
    let changed = Order { total: Amount::new(700).ok(), ..read.clone() };
    for order in [&changed, &changed, &Order { version: 2, ..read.clone() }] {
        told.push(written(table.save(order).await));
    }
    let read = table.load(&orders[0].key()).await.unwrap().unwrap();
    told.push(format!("{} {:?} {:?}", read.version, read.total, table.load(&key("none")).await.unwrap()));
    let all = [orders[1].key(), key("none"), orders[0].key()];
    let mut loaded: Vec<_> = table.load_all(&all).await.unwrap().orders.into_keys().collect();
    loaded.sort_by_key(ToString::to_string);
    told.push(format!("{loaded:?}"));
    let mut after = None;
    loop {
        let query = DueQuery { index: Index::InDoubt, shard: 0, until: at(9_000), after, limit: 1 };
        let page = table.due(query).await.unwrap();
        // A full page of the table can say that there are more where there are none.
        told.extend(page.orders.iter().map(|due| format!("{} {}", due.key, due.at)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let none_yet = DueQuery { index: Index::InDoubt, shard: 0, until: at(-99_999), after: None, limit: 9 };
    told.push(format!("{:?}", table.due(none_yet).await.unwrap().orders.len()));
    let place = read.list_key().unwrap();
    let page = table.before(&merchant(), place.shard, "~", 9).await.unwrap();
    told.push(format!("{:?} {}", ids(page.orders), page.more));
    told.push(format!("{:?}", ids(table.at(&merchant(), &place).await.unwrap())));
    let doubtful = table.load(&orders[1].key()).await.unwrap().unwrap();
    let keys = AgendaKeys::of(&doubtful);
    let between = ("", "~");
    for list in [AgendaList::Attention, AgendaList::Captures] {
        let query = AgendaQuery { merchant: &merchant(), list, part: keys.part, between, limit: 9 };
        let page = Agenda::between(table, query).await.unwrap();
        told.push(format!("{:?} {}", page.orders, page.more));
    }
    told
}

#[tokio::test]
async fn orders_in_memory_are_as_those_in_the_table() {
    let stack = stack().await;
    let shards = Shards { in_doubt: 1, captures: 1 };
    let table = DynamoDbStore::new(dynamodb_client(stack.dynamodb_url()), TABLE_NAME.to_owned(), shards);
    let orders = [("a", 30), ("b", 10), ("c", 20)].map(|(name, second)| {
        let mut order = Order::new(&key(name), Currency::USD, Amount::new(500).ok(), at(second));
        if second < 30 {
            order.transactions.push(due(at(second)));
        }
        order
    });
    let told = of_orders(&table, &orders).await;
    assert_eq!(of_orders(&OrderTable::default(), &orders).await, told);
    assert_eq!(told[2..4], ["written", "version 1 is there"]);
    stack.stop().await;
}

fn exception(n: i64) -> Exception {
    Exception {
        id: Uuid::from_u128(n.unsigned_abs().into()),
        cause: ExceptionCause::NotOurs,
        account: "1".to_owned(),
        reference: None,
        deposit: None,
        case: None,
        detail: None,
        order: None,
        transaction: None,
        expected: None,
        found: Some(SignedAmount::new(500)),
        currency: None,
        day: date(2026, 11, 20),
        since: at(n),
        gone_at: None,
        notes: Vec::new(),
        resolution: None,
    }
}

/// A deposit moves to an earlier day and back, and is one: the results of these calls.
async fn of_a_move<T: DepositStore>(table: &T, first: &Deposit, later: &Deposit, told: &mut Vec<String>) {
    let moved = Deposit { day: later.day.yesterday().unwrap(), ..later.clone() };
    let (later, moved) = (later, &moved);
    for (was, now) in [(first, moved), (later, moved), (later, moved), (moved, later), (later, moved)] {
        told.push(format!("{}", DepositStore::save(table, &merchant(), Some(was), now).await.unwrap()));
        told.push(format!("{:?}", DepositStore::find(table, &merchant(), "a").await.unwrap()));
    }
}

/// The results of calls of settlement's ports, each in a line.
async fn of_settlement<T>(table: &T) -> Vec<String>
where
    T: LineStore + DepositStore + ExceptionStore + ProgressStore,
{
    let (m, mut told) = (merchant(), Vec::new());
    let day = date(2026, 11, 20);
    let pack = PackKey::of("1", Some(day), "100");
    let line = Line { reference: "100".to_owned(), settled: Vec::new(), funded: Vec::new() };
    let packed = PackedLines { version: 1, lines: vec![line], ..PackedLines::default() };
    for lines in [&packed, &packed, &PackedLines { version: 2, ..packed.clone() }] {
        told.push(format!("{}", LineStore::save(table, &m, &pack, lines).await.unwrap()));
    }
    told.push(format!("{:?}", LineStore::load(table, &m, &pack).await.unwrap()));
    told.push(format!("{:?}", table.load_day(&m, "1", Some(day)).await.unwrap().len()));
    told.push(format!("{:?}", table.load_day(&m, "1", None).await.unwrap().len()));
    let line = |of: &str, reference: &str| MissingLine { of: of.to_owned(), reference: reference.to_owned() };
    let missing = vec![line("a", "1"), line("b", "2")];
    let empty_since = Some(at(0));
    let report = KnownReport { missing, empty_since, ..KnownReport::new(ReportKind::Deposits, day) };
    table.keep_report(&m, "1", &report).await.unwrap();
    for since in [day, day.tomorrow().unwrap()] {
        told.push(format!("{:?}", table.reports(&m, "1", since).await.unwrap()));
    }

    let deposit = |id: &str, day| Deposit::without_sum(id.to_owned(), "1", day, at(0));
    let first = deposit("a", day);
    told.push(format!("{}", DepositStore::save(table, &m, None, &first).await.unwrap()));
    told.push(format!("{}", DepositStore::save(table, &m, None, &first).await.unwrap()));
    let later = Deposit { total: SignedAmount::new(5), ..first.clone() };
    told.push(format!("{}", DepositStore::save(table, &m, Some(&first), &later).await.unwrap()));
    DepositStore::save(table, &m, None, &deposit("b", day.yesterday().unwrap())).await.unwrap();
    told.push(format!("{:?}", DepositStore::get(table, &m, "1", "a").await.unwrap()));
    told.push(format!("{:?}", DepositStore::find(table, &m, "a").await.unwrap().len()));
    of_a_move(table, &first, &later, &mut told).await;
    for order in [ReadOrder::NewestFirst, ReadOrder::OldestFirst] {
        let days = DayRange { first: day.yesterday().unwrap(), last: day };
        let page = DepositStore::list(table, &m, days, order, None, 1).await.unwrap();
        let rest = DepositStore::list(table, &m, days, order, page.next.as_deref(), 9).await.unwrap();
        let ids = |page: &[Deposit]| page.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        told.push(format!("{:?} {:?} {:?}", ids(&page.deposits), ids(&rest.deposits), rest.next));
    }

    let open = [1, 2, 3].map(exception);
    for one in &open {
        told.push(format!("{}", ExceptionStore::save(table, &m, None, one).await.unwrap()));
    }
    let gone = Exception { gone_at: Some(at(9)), ..open[1].clone() };
    for was in [None, Some(&open[1])] {
        told.push(format!("{}", ExceptionStore::save(table, &m, was, &gone).await.unwrap()));
    }
    for closed in [false, true] {
        let filter = ExceptionFilter { closed, ..ExceptionFilter::default() };
        let page = ExceptionStore::list(table, &m, &filter, None, 1).await.unwrap();
        let rest = match page.next.as_deref() {
            Some(next) => ExceptionStore::list(table, &m, &filter, Some(next), 9).await.unwrap().exceptions,
            None => Vec::new(),
        };
        let ids = |page: Vec<Exception>| page.into_iter().map(|one| one.id).collect::<Vec<_>>();
        told.push(format!("{:?} {:?}", ids(page.exceptions), ids(rest)));
    }
    told.push(format!("{:?}", table.open_of(&m, "2").await.unwrap()));
    told.push(format!("{}", table.count_open(&m).await.unwrap() == OpenExceptions::of(2)));

    let new = Progress::new("1", at(0));
    let until = at(0) + SignedDuration::from_mins(10);
    for now in [at(0), at(1)] {
        told.push(format!("{:?}", table.claim(&m, &new, now, until).await.unwrap()));
    }
    let noted = Progress { read_at: Some(at(5)), ..new.clone() };
    table.note(&m, &noted).await.unwrap();
    told.push(format!("{:?}", table.claim(&m, &new, at(6), until).await.unwrap()));
    table.add(&m, &new).await.unwrap();
    told.push(format!("{:?}", ProgressStore::of(table, &m).await.unwrap()));
    told
}

#[tokio::test]
async fn settlement_in_memory_is_as_that_in_the_table() {
    let stack = stack().await;
    let client = dynamodb_client(stack.dynamodb_url());
    let table = DynamoDbSettlement::new(client, SETTLEMENT_TABLE_NAME.to_owned(), Retention::default());
    let told = of_settlement(&table).await;
    assert_eq!(of_settlement(&SettlementTable::default()).await, told);
    assert_eq!(told[..3], ["true", "false", "true"]);
    stack.stop().await;
}
