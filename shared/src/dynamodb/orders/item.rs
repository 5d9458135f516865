//! The stored form of an order: which attributes an item has, under which names, and their meaning.
//!
//! A form of its own, so that renaming something in the code cannot make yesterday's items
//! unreadable. Names are short and ids, digests and moments are bytes and numbers, because a write
//! costs a unit per KiB, names included.
//!
//! Two versions share the table during every canary and rollback. Members that this version does
//! not know are kept and written again. A word that it does not know is read as unrecognized and
//! written again as it was. `ARCHITECTURE.md`, *Upgrades*, has the rules.
//!
//! Attributes are read and written directly, without a second set of structs: half the code, and
//! fewer instructions per payment. A gateway's token is stored once per transaction. With that and
//! with short gateway texts, the fullest order (50 transactions, 200 operations) stays under 256
//! KB, and a test builds it.

mod dispute;
mod foreign;
mod operation;
mod pause;
mod transaction;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate_core::{
    journal::{AgendaKeys, AgendaList},
    order::{Order, OrderKey, Transaction},
    payments::{Index, Shards, StoreError, UNRECORDED_SHARDS},
    values::{Carried, Currency},
};

use self::transaction::Whole;
use super::{
    KEY, LISTED, NEEDS_ATTENTION, agenda_names, index_names, list_shard, parse_key, shard, shard_name,
    sortable,
};
use crate::dynamodb::{
    Item,
    members::{Object as _, Reader, Writer},
};

/// The number of the form that this version writes. It leaves out usual values.
const FORM: u32 = 1;

/// The member with the index keys, and their values, of an order that this version cannot read
/// entirely.
const INDEXES: &str = "indexes";

const FORM_NUMBER: &str = "fm";
const CURRENCY: &str = "cy";
const TOTAL: &str = "tl";
const CAPTURE: &str = "dc";
const TRANSACTIONS: &str = "t";
const ATTEMPTS_COUNT_FROM: &str = "ac";
const VERSION: &str = "version";
const CREATED_AT: &str = "c";
const UPDATED_AT: &str = "u";
const PAUSES: &str = "pauses";
const CAPTURE_MOVES: &str = "capture_moves";
const CANCELLED_AT: &str = "xc";
const FOREIGN: &str = "fp";
const ELSEWHERE: &str = "paid_elsewhere";

/// An order as it is stored.
pub struct StoredOrder(pub Item);

impl StoredOrder {
    /// The next version of an order, with its key and the keys of the sparse indexes.
    pub fn next(order: &Order, shards: Shards) -> Self {
        let key = order.key().to_string();
        let mut writer = Writer::default();
        writer.put(FORM_NUMBER, &order.newer_form.unwrap_or(FORM));
        writer.put(VERSION, &(order.version + 1));
        writer.text(CURRENCY, order.currency.code());
        writer.put(TOTAL, &order.total);
        writer.put(CAPTURE, &order.capture);
        let whole = Whole::of(&order.id, order.created_at, order.updated_at);
        writer.list(TRANSACTIONS, &order.transactions, |transaction, to| transaction.write(&whole, to));
        writer.put_unless(ATTEMPTS_COUNT_FROM, &order.attempts_count_from, Some(order.created_at));
        writer.put(CREATED_AT, &order.created_at);
        writer.put(UPDATED_AT, &order.updated_at);
        writer.put(PAUSES, &order.pauses);
        writer.put(CAPTURE_MOVES, &order.capture_moves);
        writer.put(CANCELLED_AT, &order.cancelled_at);
        writer.put(FOREIGN, &order.foreign);
        writer.put(ELSEWHERE, &order.elsewhere);
        writer.carry(&order.carried);
        let mut item = writer.0;
        // Parts that only a newer version can read may be due earlier than this one can tell.
        let kept = |name| order.carried.part(INDEXES).and_then(|due| due.member(name)?.as_str());
        let look = Index::of(order);
        let (index, partitions) = match look {
            Some((Index::Unrecorded, _)) => (Index::Unrecorded, UNRECORDED_SHARDS),
            _ => (Index::InDoubt, shards.in_doubt),
        };
        for (index, due, partitions) in [
            (index, look.map(|(_, at)| at), partitions),
            (Index::CapturesDue, order.next_capture_at(), shards.captures),
        ] {
            let names = index_names(index);
            if let Some(at) = due.map(sortable).as_deref().into_iter().chain(kept(names.at)).min() {
                let shard = shard_name(index, shard(&key, partitions));
                item.insert(names.shard.to_owned(), AttributeValue::S(shard));
                item.insert(names.at.to_owned(), AttributeValue::S(at.to_owned()));
            }
        }
        let AgendaKeys { part, attention, captures } = AgendaKeys::of(order);
        for (list, sort_key) in [(AgendaList::Attention, attention), (AgendaList::Captures, captures)] {
            let names = agenda_names(list);
            if let Some(sort_key) = sort_key.as_deref().into_iter().chain(kept(names.at)).min() {
                let merchants = list_shard(&order.merchant, part);
                item.insert(names.shard.to_owned(), AttributeValue::S(merchants));
                item.insert(names.at.to_owned(), AttributeValue::S(sort_key.to_owned()));
            }
        }
        // Nor does this one see parts that only a newer version can read.
        let attention = order.needs_attention_from().map(sortable);
        if let Some(from) = attention.as_deref().into_iter().chain(kept(NEEDS_ATTENTION)).min() {
            item.insert(NEEDS_ATTENTION.to_owned(), AttributeValue::S(from.to_owned()));
        }
        if let Some(key) = order.list_key() {
            item.insert(LISTED.shard.to_owned(), AttributeValue::S(list_shard(&order.merchant, key.shard)));
            item.insert(LISTED.at.to_owned(), AttributeValue::S(key.sort));
        }
        item.insert(KEY.to_owned(), AttributeValue::S(key));
        Self(item)
    }

    /// The order that is stored.
    pub fn read(self) -> Result<Order, StoreError> {
        let mut members = Reader::new(self.0);
        let OrderKey { merchant, order: id } = parse_key(&members.get::<String>(KEY)?)
            .ok_or_else(|| StoreError::Corrupt("the item's key is none of an order".to_owned()))?;
        let form: u32 = members.get(FORM_NUMBER)?;
        let currency: String = members.get(CURRENCY)?;
        let whole = Whole::of(&id, members.get(CREATED_AT)?, members.get(UPDATED_AT)?);
        let mut order = Order {
            merchant,
            id,
            currency: Currency::parse(&currency)
                .map_err(|_| StoreError::Corrupt("its currency is none".to_owned()))?,
            total: members.get(TOTAL)?,
            capture: members.get(CAPTURE)?,
            transactions: members.list(TRANSACTIONS, |from| Transaction::read(&whole, from))?,
            attempts_count_from: members.get_or(ATTEMPTS_COUNT_FROM, Some(whole.created_at))?,
            version: members.get(VERSION)?,
            created_at: whole.created_at,
            updated_at: whole.updated_at,
            pauses: members.get(PAUSES)?,
            capture_moves: members.get(CAPTURE_MOVES)?,
            cancelled_at: members.get(CANCELLED_AT)?,
            foreign: members.get(FOREIGN)?,
            elsewhere: members.get(ELSEWHERE)?,
            newer_form: (form > FORM).then_some(form),
            carried: Carried::default(),
        };
        let recognized = order.is_recognized();
        let mut due = Carried::default();
        if let Some(from) = members.get::<Option<String>>(NEEDS_ATTENTION)?.filter(|_| !recognized) {
            due.keep_member(NEEDS_ATTENTION.to_owned(), from.into());
        }
        let due_in = [Index::InDoubt, Index::CapturesDue].map(index_names);
        for names in due_in.into_iter().chain([AgendaList::Attention, AgendaList::Captures].map(agenda_names))
        {
            members.skip(&[names.shard]);
            if let Some(at) = members.get::<Option<String>>(names.at)?.filter(|_| !recognized) {
                due.keep_member(names.at.to_owned(), at.into());
            }
        }
        members.skip(&[LISTED.shard, LISTED.at]);
        order.carried = members.rest();
        order.carried.keep_part(INDEXES, due);
        Ok(order)
    }
}
