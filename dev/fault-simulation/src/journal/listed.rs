//! The lists of a merchant over a complete journal: payments and movements are read page after
//! page, as people read them, in both orders and with pages of any size. Their sums are compared
//! with the entries that were kept, whose sums are compared with the totals and with the gateway's
//! ledger elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use memory::{JournalTable, OrderTable};
use tollgate_core::{
    journal::{Changes, ENTRY_SHARDS, Entry, EntryLister, Lister, Predicate, Row, Wanted, WantedEntries},
    order::{MerchantId, Order, PaymentWord, Transaction},
    payments::{Deadline, StoreError},
    values::{DeclineCode, ReadOrder},
};
use uuid::Uuid;

use super::signed;
use crate::rng::Rng;

/// Most rows of a page: few, so that most lists have several pages.
const PAGE_MAX: u64 = 7;

/// States that are looked for, alone and together, as they are found in an index or in none.
const STATES: [&[PaymentWord]; 8] = [
    &[PaymentWord::Held],
    &[PaymentWord::Declined],
    &[PaymentWord::Lapsed],
    &[PaymentWord::Voided],
    &[PaymentWord::VoidedElsewhere],
    &[PaymentWord::Paid],
    &[PaymentWord::Held, PaymentWord::Lapsed, PaymentWord::Voided, PaymentWord::VoidedElsewhere],
    &[PaymentWord::VoidedElsewhere, PaymentWord::Declined, PaymentWord::Voided],
];

/// Longer than any list takes.
const TIME: Duration = Duration::from_hours(24);

/// A complete journal beside its orders, as lists read them.
struct Journal {
    entries: JournalTable,
    orders: OrderTable,
    /// When lists are read: as soon as all of it is known. Holds open then are still open.
    now: Timestamp,
}

impl Journal {
    fn new(entries: &[Entry], orders: &[Order]) -> Self {
        let part_of = |entry: &Entry| {
            let sum = entry.order.to_string().bytes().map(u64::from).sum::<u64>();
            (sum % u64::from(ENTRY_SHARDS)).to_le_bytes()[0]
        };
        let now = entries.iter().map(|entry| entry.at).max().unwrap_or_default();
        let journal =
            Self { entries: JournalTable::default().in_parts(part_of), orders: OrderTable::default(), now };
        for order in orders {
            journal.entries.follow(None, order);
            journal.orders.keep(order.clone());
        }
        // As they were kept.
        journal.entries.extend(entries.iter().cloned());
        journal
    }
}

/// The mistakes of the lists over these entries, which are all entries of these orders.
pub(super) async fn broken(entries: &[Entry], orders: &[Order], rng: &mut Rng) -> Vec<String> {
    let journal = Journal::new(entries, orders);
    let merchants: BTreeSet<&MerchantId> = entries.iter().map(|entry| &entry.order.merchant).collect();
    let mut broken = Vec::new();
    for merchant in merchants {
        let limit = usize::try_from(1 + rng.below(PAGE_MAX)).unwrap_or(1);
        for order in [ReadOrder::NewestFirst, ReadOrder::OldestFirst] {
            let wanted = WantedEntries {
                merchant,
                since: Timestamp::UNIX_EPOCH,
                until: Timestamp::MAX,
                predicates: &[],
                looked_up: None,
                order,
                after: None,
                limit,
            };
            let found = match (movements(&journal, &wanted).await, payments(&journal, &wanted, &[]).await) {
                (Ok(movements), Ok(payments)) => {
                    let found = differing(&journal, &wanted, &movements, &payments);
                    found.or(by_state(&journal, &wanted, &movements, &payments).await)
                }
                (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
            };
            broken.extend(found.map(|what| format!("{merchant}, {order:?}, pages of {limit}: {what}")));
        }
    }
    broken
}

/// All pages of movements.
async fn movements(journal: &Journal, first: &WantedEntries<'_>) -> Result<Vec<Entry>, StoreError> {
    let lister = EntryLister {
        log: &journal.entries,
        store: &journal.orders,
        index: &journal.orders,
        deadline: Deadline::after(TIME),
    };
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = lister.find(&WantedEntries { after: after.as_deref(), ..*first }).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// All pages of payments of which these conditions hold.
async fn payments(
    journal: &Journal,
    first: &WantedEntries<'_>,
    conditions: &[Predicate],
) -> Result<Vec<Row>, StoreError> {
    let lister = Lister {
        log: &journal.entries,
        store: &journal.orders,
        agenda: &journal.orders,
        deadline: Deadline::after(TIME),
    };
    let &WantedEntries { merchant, since, until, order, limit, .. } = first;
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let (now, looked_up, after_text) = (journal.now, None, after.as_deref());
        let wanted = Wanted {
            merchant,
            now,
            since,
            until,
            predicates: conditions,
            looked_up,
            order,
            after: after_text,
            limit,
        };
        let page = lister.find(&wanted).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// The differences of a list by state, or by decline, from the list of all payments: with any index
/// it finds the same payments.
async fn by_state(
    journal: &Journal,
    wanted: &WantedEntries<'_>,
    movements: &[Entry],
    payments: &[Row],
) -> Option<String> {
    let word = |row: &Row| row.order.transaction(row.transaction).map(|own| own.word(journal.now));
    let mut conditions: Vec<Predicate> = STATES.iter().map(|words| Predicate::Word(words.to_vec())).collect();
    let codes: BTreeSet<&str> =
        movements.iter().filter_map(|entry| entry.decline).map(DeclineCode::as_str).collect();
    let codes = codes.into_iter().filter_map(DeclineCode::from_name);
    conditions.extend(codes.map(|code| Predicate::Decline(vec![code])));
    for condition in conditions {
        let expected: BTreeSet<Uuid> = match &condition {
            Predicate::Word(words) => {
                let is_one = |row: &&Row| word(row).is_some_and(|word| words.contains(&word));
                payments.iter().filter(is_one).map(|row| row.transaction).collect()
            }
            Predicate::Decline(codes) => {
                let with = |entry: &&Entry| entry.decline.is_some_and(|code| codes.contains(&code));
                movements.iter().filter(with).map(|entry| entry.transaction).collect()
            }
            _ => continue,
        };
        let listed = match self::payments(journal, wanted, std::slice::from_ref(&condition)).await {
            Ok(rows) => rows.into_iter().map(|row| row.transaction).collect::<Vec<_>>(),
            Err(error) => return Some(error.to_string()),
        };
        if listed.len() != expected.len() || listed.iter().any(|id| !expected.contains(id)) {
            return Some(format!("{condition:?} lists {listed:?}, the list of all has {expected:?}"));
        }
    }
    // A payment that a rule declined is found by the rule's code.
    let declined = payments.iter().filter(|row| word(row) == Some(PaymentWord::Declined));
    let codes = |row: &Row| {
        let code = row.order.transaction(row.transaction).and_then(Transaction::decline)?.code;
        let found = movements.iter().filter(|entry| entry.transaction == row.transaction);
        Some(found.filter(|entry| entry.decline == Some(code) && entry.kind.is_payment()).count())
    };
    let lost = declined.clone().find(|row| codes(row) != Some(1))?;
    Some(format!("payment {} is declined, and not by one movement", lost.transaction))
}

/// The difference of one of the lists from the journal.
fn differing(
    journal: &Journal,
    wanted: &WantedEntries<'_>,
    movements: &[Entry],
    payments: &[Row],
) -> Option<String> {
    let all = journal.entries.all();
    let own = || all.iter().filter(|entry| entry.order.merchant == *wanted.merchant);
    let mut expected: Vec<String> = own().map(Entry::sort).collect();
    expected.sort_by(|one, other| wanted.order.compare(one, other));
    let listed: Vec<String> = movements.iter().map(Entry::sort).collect();
    if listed != expected {
        return Some(format!("the movements are {listed:?}, the journal has {expected:?}"));
    }
    let decided: BTreeSet<Uuid> =
        own().filter(|entry| entry.kind.is_payment()).map(|entry| entry.transaction).collect();
    let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    for row in payments {
        let Some(transaction) = row.order.transaction(row.transaction) else {
            return Some(format!("payment {} is not in its order", row.transaction));
        };
        let captured = transaction.captured();
        // As the order counts it: of a payment that took nothing, nothing was returned.
        let returned = if captured.is_zero() { 0 } else { signed(transaction.refunded().minor()) };
        let now = (signed(captured.minor()), returned);
        if sums.insert(transaction.id, now).is_some() {
            return Some(format!("payment {} is listed twice", transaction.id));
        }
    }
    let listed: BTreeSet<Uuid> = sums.keys().copied().collect();
    if listed != decided {
        return Some(format!("the payments are {listed:?}, the journal has {decided:?}"));
    }
    let mut moved: BTreeMap<Uuid, Changes> = BTreeMap::new();
    for entry in movements {
        let before = moved.remove(&entry.transaction).unwrap_or_default();
        moved.insert(entry.transaction, before.checked_add(entry.changes).unwrap_or_default());
    }
    let unlike = sums.into_iter().find(|(id, now)| {
        let of = moved.get(id).copied().unwrap_or_default();
        *now != (of.paid.minor(), of.returned.minor())
    });
    unlike.map(|(id, now)| {
        format!("payment {id} took and gave back {now:?}, its movements {:?}", moved.get(&id))
    })
}
