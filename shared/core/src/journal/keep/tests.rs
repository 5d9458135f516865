//! Batches against a journal that fails, and against orders that cannot be read.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;
use crate::{
    journal::{Hold, Retention},
    memory::{new_operation, payment},
    order::{Decision, GatewayResponse, Kind, Operation, OperationState, OrderKey, PaymentKind},
    values::{Currency, SearchKey, SearchTerm},
};

#[derive(Default)]
struct Kept {
    entries: Mutex<BTreeMap<Uuid, Entry>>,
    parked: Mutex<Vec<Parked>>,
    pointers: Mutex<BTreeMap<String, Pointer>>,
    holds: Mutex<BTreeSet<Hold>>,
    passed: Mutex<Option<Timestamp>>,
    /// Whose totals change, as it was told.
    told: Mutex<Vec<String>>,
    /// The order whose entries cannot be put.
    refuses: Option<&'static str>,
}

#[async_trait]
impl EntryStore for Kept {
    fn retention(&self) -> Retention {
        Retention::of_months(18).unwrap()
    }

    async fn put(&self, entry: &Entry) -> Result<Put, StoreError> {
        if self.refuses == Some(entry.order.order.to_string().as_str()) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let mut entries = self.entries.lock().unwrap();
        Ok(match entries.get(&entry.id) {
            None => {
                entries.insert(entry.id, entry.clone());
                Put::New
            }
            Some(kept) if kept == entry => Put::Same,
            Some(_) => Put::Differs,
        })
    }

    async fn point(&self, pointer: &Pointer) -> Result<(), StoreError> {
        if self.refuses == Some("pointers") {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        self.pointers.lock().unwrap().insert(format!("{} {}", pointer.by, pointer.order), pointer.clone());
        Ok(())
    }

    async fn hold(&self, hold: &Hold) -> Result<(), StoreError> {
        if self.refuses == Some("holds") {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        self.holds.lock().unwrap().insert(hold.clone());
        Ok(())
    }

    async fn release(&self, hold: &Hold) -> Result<(), StoreError> {
        self.holds.lock().unwrap().remove(hold);
        Ok(())
    }

    async fn mark(&self, mark: &Mark) -> Result<(), StoreError> {
        if self.refuses == Some("totals") {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let told = format!("{} {}, {}", mark.merchant, mark.quarter, mark.at);
        self.told.lock().unwrap().push(told);
        Ok(())
    }

    async fn pass(&self, heartbeat: Timestamp) -> Result<(), StoreError> {
        if self.refuses == Some("heartbeats") {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        *self.passed.lock().unwrap() = Some(heartbeat);
        Ok(())
    }

    async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        self.parked.lock().unwrap().push(parked.clone());
        Ok(())
    }
}

/// A clock that shows one second more each time, from this moment on.
struct Ticking(Mutex<Timestamp>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(1);
        *now
    }

    fn new_id(&self) -> Uuid {
        unreachable!("entries have ids of their own")
    }
}

/// Records a batch that comes at this moment.
async fn record(store: &Kept, keys: &dyn SearchKeys, changes: Vec<Change>, now: Timestamp) -> JournalReport {
    record_with(store, keys, changes, None, now).await
}

/// Records a batch with a heartbeat.
async fn record_with(
    store: &Kept,
    keys: &dyn SearchKeys,
    changes: Vec<Change>,
    heartbeat: Option<Timestamp>,
    now: Timestamp,
) -> JournalReport {
    let clock = Ticking(Mutex::new(now - SignedDuration::from_secs(1)));
    super::record(store, keys, changes, heartbeat, &clock).await
}

/// Whether the merchant has payments found by its own references.
struct Switched(bool);

#[async_trait]
impl SearchKeys for Switched {
    async fn key(&self, _: &MerchantId, term: &SearchTerm) -> Result<Option<SearchKey>, StoreError> {
        if term.text() == "away" {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(Some(key_of(term.text())).filter(|_| self.0))
    }
}

fn key_of(text: &str) -> SearchKey {
    SearchKey::new(text.bytes().fold(0, |key, byte| key * 256 + u128::from(byte)))
}

/// An order with a purchase of this amount, which is approved.
fn paid(id: &str, minor: u64, kind: Kind) -> Order {
    let now = at(0);
    let key = OrderKey { merchant: "m".parse().unwrap(), order: id.parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, now);
    let operation = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
    let mut operation = Operation::new(new_operation(operation, kind, minor), now);
    operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    order.transactions.push(payment(PaymentKind::Purchase, operation));
    order
}

/// So many seconds after the orders' time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn change(number: &str, order: Order) -> Change {
    let key = order.key().to_string();
    Change { number: number.to_owned(), key, version: Some(1), orders: Ok((None, order)) }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_change_that_comes_twice_is_one_entry() {
    let (store, order) = (Kept::default(), paid("o", 100, Kind::Purchase));
    let changes = vec![change("1", order.clone()), change("2", order)];
    let report = now(record(&store, &Switched(true), changes, at(0)));
    assert_eq!(report, JournalReport { changes: 2, new: 1, known: 1, ..JournalReport::default() });
    let entries = store.entries.lock().unwrap();
    assert_eq!(entries.values().map(|entry| entry.changes.paid.minor()).collect::<Vec<_>>(), [100]);
}

#[test]
fn what_the_journal_cannot_take_comes_again_with_all_that_follows() {
    let store = Kept { refuses: Some("b"), ..Kept::default() };
    let orders = ["a", "b", "c"].map(|id| change(id, paid(id, 100, Kind::Purchase)));
    let report = now(record(&store, &Switched(true), orders.to_vec(), at(0)));
    assert_eq!((report.failed.as_deref(), report.changes), (Some("b"), 1));
    let again = now(record(&Kept::default(), &Switched(true), orders.to_vec(), at(0)));
    assert_eq!((again.failed, again.new), (None, 3));
}

#[test]
fn what_cannot_be_read_is_parked_and_holds_nothing_up() {
    let store = Kept::default();
    let unreadable = Change {
        number: "1".to_owned(),
        key: "m#broken".to_owned(),
        version: None,
        orders: Err("its currency is none".to_owned()),
    };
    let newer = paid("newer", 100, Kind::Unrecognized);
    let changes = vec![unreadable, change("2", newer), change("3", paid("o", 100, Kind::Purchase))];
    let report = now(record(&store, &Switched(true), changes, at(0)));
    assert_eq!(report, JournalReport { changes: 3, new: 1, parked: 2, ..JournalReport::default() });
    let parked: Vec<String> = store.parked.lock().unwrap().iter().map(|parked| parked.key.clone()).collect();
    assert_eq!(parked, ["m#broken", "m#newer"]);
}

#[test]
fn another_entry_under_the_same_id_is_told_and_replaces_nothing() {
    let (store, log) = (Kept::default(), crate::memory::Log::here());
    let told = || log.lines("the journal has another entry with this id").len();
    for number in ["1", "2"] {
        now(record(&store, &Switched(true), vec![change(number, paid("o", 100, Kind::Purchase))], at(0)));
        assert_eq!(told(), 0);
    }
    let report =
        now(record(&store, &Switched(true), vec![change("3", paid("o", 200, Kind::Purchase))], at(0)));
    assert_eq!(told(), 1);
    assert_eq!(report, JournalReport { changes: 1, differing: 1, ..JournalReport::default() });
    assert_eq!(store.entries.lock().unwrap().values().next().unwrap().changes.paid.minor(), 100);
}

#[test]
fn totals_that_change_are_marked_once_for_all_entries_of_a_batch_at_the_time_after_the_puts() {
    let batch = || ["o", "p"].map(|id| change(id, paid(id, 100, Kind::Purchase))).to_vec();
    let store = Kept::default();
    // The batch that comes again may be one whose process died before it marked.
    for (after_s, marked) in [(0, "2027-01-15T08:00:01Z"), (90_000, "2027-01-16T09:00:01Z")] {
        assert_eq!(now(record(&store, &Switched(true), batch(), at(after_s))).failed, None);
        let told = std::mem::take(&mut *store.told.lock().unwrap());
        assert_eq!(told, [format!("m 2027-01-15T08:00Z, {marked}")]);
    }
}

#[test]
fn what_cannot_be_told_comes_again_with_its_whole_batch_and_what_is_not_put_is_told_of_later() {
    let batch = || ["o", "p"].map(|id| change(id, paid(id, 100, Kind::Purchase))).to_vec();
    let report =
        now(record(&Kept { refuses: Some("totals"), ..Kept::default() }, &Switched(true), batch(), at(0)));
    assert_eq!((report.changes, report.failed.as_deref()), (0, Some("o")));
    for (refuses, told) in [("o", 0), ("p", 1)] {
        let store = Kept { refuses: Some(refuses), ..Kept::default() };
        now(record(&store, &Switched(true), batch(), at(0)));
        assert_eq!(store.told.lock().unwrap().len(), told, "{refuses} is not put");
    }
}

#[test]
fn what_is_past_its_time_is_neither_put_nor_summed_up() {
    let kept_s = 550 * 86_400;
    for (after_s, new) in [(kept_s - 5 * 86_400, 1), (kept_s, 0)] {
        let store = Kept::default();
        let report = now(record(
            &store,
            &Switched(true),
            vec![change("1", paid("o", 100, Kind::Purchase))],
            at(after_s),
        ));
        assert_eq!((report.changes, report.new, report.failed), (1, new, None), "after {after_s} s");
        assert_eq!(store.told.lock().unwrap().len(), new);
    }
}

/// A purchase with a reference of the merchant's own.
fn called(id: &str, reference: &str) -> Change {
    let mut order = paid(id, 100, Kind::Purchase);
    order.transactions[0].references.custom_reference = Some(reference.to_owned());
    change(id, order)
}

#[test]
fn a_payment_is_found_by_its_reference_only_where_its_merchant_wants_that() {
    for (is_on, expected) in [(true, 1), (false, 0)] {
        let store = Kept::default();
        let batch = || vec![called("1", "a"), change("2", paid("2", 100, Kind::Purchase))];
        for _ in 0..2 {
            let report = now(record(&store, &Switched(is_on), batch(), at(0)));
            assert_eq!((report.changes, report.failed), (2, None));
        }
        let (pointers, entries) = (store.pointers.lock().unwrap(), store.entries.lock().unwrap());
        assert_eq!((pointers.len(), entries.len()), (expected, 2));
        for pointer in pointers.values() {
            let entry = entries.values().find(|entry| entry.sort() == pointer.sort).unwrap();
            let ends = store.retention().ends(entry.at);
            let (key, order) = (key_of("a"), entry.order.clone());
            assert_eq!(*pointer, Pointer { by: PointedBy::Text(key), order, sort: entry.sort(), ends });
        }
    }
}

#[test]
fn what_payments_are_found_by_holds_up_no_entry_and_no_total_and_comes_again() {
    let batch = || vec![called("1", "a"), called("2", "away"), called("3", "c")];
    let store = Kept::default();
    let report = now(record(&store, &Switched(true), batch(), at(0)));
    assert_eq!((report.changes, report.new, report.failed.as_deref()), (1, 3, Some("2")));
    assert_eq!(store.told.lock().unwrap().len(), 1);
    // The same where the table does not take them.
    let store = Kept { refuses: Some("pointers"), ..Kept::default() };
    let report = now(record(&store, &Switched(true), batch(), at(0)));
    assert_eq!((report.changes, report.new, report.failed.as_deref()), (0, 3, Some("1")));
    assert_eq!(store.pointers.lock().unwrap().len(), 0);
}

#[test]
fn what_payments_before_are_found_by_is_put_where_that_of_a_later_one_cannot_be_known() {
    let store = Kept::default();
    let batch = vec![called("1", "a"), called("2", "away"), called("3", "c")];
    let report = now(record(&store, &Switched(true), batch, at(0)));
    assert_eq!((report.changes, report.failed.as_deref()), (1, Some("2")));
    // It does not come again.
    assert_eq!(store.pointers.lock().unwrap().len(), 1);
}

#[test]
fn what_is_no_longer_kept_is_not_found_again_by_a_rebuild() {
    let store = Kept::default();
    let after = 20 * 31 * 86_400;
    now(record(&store, &Switched(true), vec![called("1", "a")], at(after)));
    assert_eq!((store.entries.lock().unwrap().len(), store.pointers.lock().unwrap().len()), (0, 0));
}

/// An order with an authorization, as it is after so many of: nothing, its approval, its capture.
fn authorized(id: &str, steps: usize) -> Order {
    let mut order = paid(id, 100, Kind::Authorize);
    let capture = Operation {
        id: Uuid::from_u128(7),
        kind: Kind::Capture,
        ..order.transactions[0].operations[0].clone()
    };
    let transaction = &mut order.transactions[0];
    transaction.kind = PaymentKind::Authorize;
    transaction.authorization_expires_at = Some(at(7 * 86_400));
    transaction.operations.push(capture);
    transaction.operations.truncate(steps);
    if steps == 0 {
        order.transactions.clear();
    }
    order
}

/// The change from so many steps to so many.
fn step(number: &str, from: usize, to: usize) -> Change {
    let (old, new) = (authorized("o", from), authorized("o", to));
    Change { orders: Ok((Some(old), new)), ..change(number, authorized("o", to)) }
}

#[test]
fn a_hold_is_found_until_it_is_captured_however_often_its_changes_come() {
    let store = Kept::default();
    let hold = Hold::all(&authorized("o", 1)).pop_first().unwrap();
    assert_eq!(
        (hold.sort.as_str(), hold.ends),
        (entries(None, &authorized("o", 1))[0].sort().as_str(), at(7 * 86_400))
    );
    let (open, close) = (|| step("1", 0, 1), || step("2", 1, 2));
    for (batch, is_open) in [
        (vec![open()], true),
        (vec![open(), close()], false),
        (vec![open()], true),
        (vec![close()], false),
        (vec![close()], false),
        // By a rebuild.
        (vec![change("3", authorized("o", 1))], true),
        // A step that changes nothing in the hold.
        (vec![step("4", 1, 1)], true),
    ] {
        let what = format!("{batch:?}");
        assert_eq!(now(record(&store, &Switched(true), batch, at(0))).failed, None);
        assert_eq!(store.holds.lock().unwrap().contains(&hold), is_open, "{what}");
    }
}

#[test]
fn what_is_held_holds_up_no_entry_and_comes_again_and_is_not_put_once_it_is_long_over() {
    let batch = || vec![change("1", paid("p", 100, Kind::Purchase)), step("2", 0, 1)];
    let store = Kept { refuses: Some("holds"), ..Kept::default() };
    let report = now(record(&store, &Switched(true), batch(), at(0)));
    assert_eq!((report.changes, report.new, report.failed.as_deref()), (1, 2, Some("2")));
    let store = Kept::default();
    now(record(&store, &Switched(true), batch(), at(60 * 86_400)));
    assert!(store.holds.lock().unwrap().is_empty());
}

#[test]
fn a_heartbeat_is_noted_once_all_that_came_with_it_is_dealt_with() {
    let passed = |refuses: Option<&'static str>, changes: Vec<Change>| {
        let store = Kept { refuses, ..Kept::default() };
        let report = now(record_with(&store, &Switched(true), changes, Some(at(7)), at(9)));
        let passed = *store.passed.lock().unwrap();
        (passed, report.failed.is_none())
    };
    let changes = || vec![called("o", "a")];
    assert_eq!(passed(None, Vec::new()), (Some(at(7)), true));
    assert_eq!(passed(None, changes()), (Some(at(7)), true));
    for refuses in ["o", "totals", "pointers"] {
        assert_eq!(passed(Some(refuses), changes()), (None, false), "{refuses}");
    }
    // The changes need not come again for it: the next heartbeat says more.
    assert_eq!(passed(Some("heartbeats"), changes()), (None, true));
}
