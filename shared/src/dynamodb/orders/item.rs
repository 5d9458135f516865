//! The stored form of an order: which attributes an item has, under which names, and what they mean.
//!
//! A form of its own, so that renaming something in the code cannot make yesterday's items unreadable. Names are short
//! and ids, digests and moments are bytes and numbers, because a write costs a unit per KiB, names included.
//!
//! Two versions share the table during every canary and rollback. Members that this version does not know are kept and
//! written again. A word that it does not know is read as unrecognized and written again as it was. `ARCHITECTURE.md`,
//! *Upgrades*, has the rules.

mod notice;
mod operation;
mod transaction;
mod words;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate_core::{
    order::{Order, OrderKey},
    payments::store::{Index, Shards, StoreError},
    values::{carried::Carried, money::Currency},
};

use self::transaction::Whole;
use super::{index_names, parse_key, shard, sortable};
use crate::dynamodb::{
    Item, card,
    members::{Name, Reader, Writer},
    route,
};

/// The number of the form that this version writes. It leaves out what is usual.
const FORM: u32 = 1;

/// Where the index keys of an order are kept that this version cannot read all of.
const INDEXES: &str = "indexes";

const FORM_NUMBER: Name = Name("fm", "form");
const CURRENCY: Name = Name("cy", "currency");
const TOTAL: Name = Name("tl", "total");
const TRANSACTIONS: Name = Name("t", "transactions");
const ATTEMPTS_COUNT_FROM: Name = Name("ac", "attempts_count_from");
const VERSION: Name = Name("version", "");
const CREATED_AT: Name = Name("c", "created_at");
const UPDATED_AT: Name = Name("u", "updated_at");

/// Every attribute's name in the table that is short for another one, and that one: for people who read the table.
pub fn short_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let order = [FORM_NUMBER, CURRENCY, TOTAL, TRANSACTIONS, ATTEMPTS_COUNT_FROM, CREATED_AT, UPDATED_AT];
    let all = order
        .into_iter()
        .chain(transaction::NAMES)
        .chain(operation::NAMES)
        .chain(card::NAMES)
        .chain(route::NAMES)
        .chain([operation::EARLIER]);
    all.filter(|name| !name.1.is_empty()).map(|name| (name.0, name.1))
}

/// An order as it is stored.
pub struct StoredOrder(pub Item);

impl StoredOrder {
    /// The next version of an order, with its key and what the sparse indexes need.
    pub fn next(order: &Order, shards: Shards) -> Self {
        let key = order.key().to_string();
        let mut writer = Writer::default();
        writer.number(FORM_NUMBER, order.newer_form.unwrap_or(FORM));
        writer.number(VERSION, order.version + 1);
        writer.text(CURRENCY, order.currency.code());
        writer.some(TOTAL, order.total, |writer, name, total| writer.number(name, total.minor()));
        let whole = Whole::of(&order.id, order.created_at, order.updated_at);
        writer.list(TRANSACTIONS, &order.transactions, |kept| transaction::transaction(kept, &whole));
        writer.moment_unless(ATTEMPTS_COUNT_FROM, order.attempts_count_from, order.created_at);
        writer.moment(CREATED_AT, order.created_at);
        writer.moment(UPDATED_AT, order.updated_at);
        let mut item = writer.finish(&order.carried);
        for (index, due, partitions) in [
            (Index::InDoubt, order.next_look_at(), shards.in_doubt),
            (Index::CapturesDue, order.next_capture_at(), shards.captures),
        ] {
            let names = index_names(index);
            // What only a newer version can read may be due earlier than this one can tell.
            let kept = order.carried.part(INDEXES).and_then(|due| due.word(names.at));
            if let Some(at) = due.map(sortable).as_deref().into_iter().chain(kept).min() {
                item.insert(names.shard.to_owned(), AttributeValue::S(shard(&key, partitions).to_string()));
                item.insert(names.at.to_owned(), AttributeValue::S(at.to_owned()));
            }
        }
        item.insert("order_key".to_owned(), AttributeValue::S(key));
        Self(item)
    }

    /// The order that is stored.
    pub fn read(self) -> Result<Order, StoreError> {
        let mut members = Reader::new(self.0);
        let key = members.text(Name("order_key", ""))?;
        let OrderKey { merchant, order: id } = parse_key(&key)
            .ok_or_else(|| StoreError::Corrupt("the item's key is none of an order".to_owned()))?;
        let form: u32 = members.number(FORM_NUMBER)?;
        let currency = members.text(CURRENCY)?;
        let whole = Whole::of(&id, members.moment(CREATED_AT)?, members.moment(UPDATED_AT)?);
        let transaction = |members| transaction::read_transaction(members, &whole);
        let mut order = Order {
            merchant,
            id,
            currency: Currency::parse(&currency)
                .map_err(|_| StoreError::Corrupt("its currency is none".to_owned()))?,
            total: members.amount_maybe(TOTAL)?,
            transactions: members.list(TRANSACTIONS, transaction)?,
            attempts_count_from: members.moment_maybe(ATTEMPTS_COUNT_FROM)?.unwrap_or(whole.created_at),
            version: members.number(VERSION)?,
            created_at: whole.created_at,
            updated_at: whole.updated_at,
            newer_form: (form > FORM).then_some(form),
            carried: Carried::default(),
        };
        let recognized = order.is_recognized();
        let mut due = Carried::default();
        for index in [Index::InDoubt, Index::CapturesDue] {
            let names = index_names(index);
            members.text_maybe(Name(names.shard, ""))?;
            if let Some(at) = members.text_maybe(Name(names.at, ""))?.filter(|_| !recognized) {
                due.keep_word(names.at, at);
            }
        }
        order.carried.keep_part(INDEXES, due);
        members.carry(&mut order.carried);
        Ok(order)
    }
}
