//! A transaction as it is stored: its card, the merchant's data about it, and its operations.

use jiff::Timestamp;
use tollgate_core::{
    order::{
        CaptureSchedule, LineId, Operation, OrderId, Recording, Seen, SeenFacts, Telling, Told, Transaction,
    },
    values::{Amount, CardSummary, Discounted, Instrument, Memo, References},
};
use uuid::Uuid;

use super::operation::Usual;
use crate::dynamodb::members::{Object, Read, Reader, Writer, corrupt, stored};

const CARD: &str = "cd";
const OPERATIONS: &str = "o";

stored! {
    Transaction |transaction, to, from, order: Whole| {
        id: "i" unless (order.id),
        kind: "m",
        instrument: (if let Some(card) = transaction.card() { to.put(CARD, card) }, read_instrument(from)?),
        memo: "me",
        references: (transaction.references.write(&(), to), References::read(&(), from)?),
        personal_until: "pu",
        save_for: "sf",
        paid_with: "pw",
        ignores_scheme_advice: "ig" unless (false),
        continues: "co",
        capture: "cp",
        authorization_expires_at: "ax",
        lapsed_at: "la",
        by: "b",
        shopper: "sh",
        created_at: "c" unless (order.created_at),
        updated_at: "u" unless (order.updated_at),
        operations: (
            write_operations(transaction, to),
            read_operations(Usual::first(kind, by, created_at, updated_at), from)?
        ),
        disputes: "disputes",
        seen: "seen",
        recording: "sp",
        ..carried
    }
}

/// The values that a transaction shares with its order, and need not state.
pub(super) struct Whole {
    /// The order's id, where it is a transaction's.
    pub(super) id: Option<Uuid>,
    /// When the order came to be.
    pub(super) created_at: Timestamp,
    /// When the order changed last.
    pub(super) updated_at: Timestamp,
}

impl Whole {
    pub(super) fn of(id: &OrderId, created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self { id: id.as_str().parse().ok(), created_at, updated_at }
    }
}

fn write_operations(transaction: &Transaction, to: &mut Writer) {
    let Transaction { kind, by, created_at, updated_at, .. } = *transaction;
    let mut usual = Usual::first(kind, by, created_at, updated_at);
    to.list(OPERATIONS, &transaction.operations, |operation, to| {
        operation.write(&usual, to);
        usual.after(operation);
    });
}

fn read_operations(mut usual: Usual, from: &mut Reader) -> Read<Vec<Operation>> {
    let operations: Vec<Operation> = from.list(OPERATIONS, |from| {
        let operation = Operation::read(&usual, from)?;
        usual.after(&operation);
        Ok(operation)
    })?;
    // The payment itself is the first operation. Without it, money that was taken would look as if
    // it never had been.
    if operations.is_empty() { Err(corrupt(OPERATIONS)) } else { Ok(operations) }
}

/// Another instrument than a card has a word, and this version knows no such word. Its stored
/// members are carried. A card, which almost all are, has none.
fn read_instrument(from: &mut Reader) -> Read<Instrument> {
    if from.word("instrument", Some(()), |_| None)?.is_some() {
        return Ok(Instrument::Unrecognized);
    }
    Ok(Instrument::Card(from.get_or(CARD, Some(CardSummary::default()))?))
}

stored! {
    Seen {
        concern: "concern",
        facts: "facts",
        at: "at",
        by: "by",
        ..carried
    }
}

stored! {
    SeenFacts {
        count: "count",
        latest: "latest",
    }
}

stored! {
    Recording {
        settled_before: "sb" unless (Amount::ZERO),
        told_before: "tb" unless (Amount::ZERO),
        told: "td",
        attempt: "tg",
        cancels: "cv" unless (false),
        is_unasked: "na" unless (false),
        ..carried
    }
}

stored! {
    Told |told, to, from| {
        step: "kd",
        id: (write_shop_id(&told.id, to), read_shop_id(from)?),
        at: "w",
        refunded: "ru" unless (Amount::ZERO),
        shown_at: "sw",
        look_at: "lk",
        is_twice: "tw" unless (false),
    }
}

const SHOP_ID: &str = "i";

/// Shops make UUIDs, which are shorter as bytes.
fn write_shop_id(id: &str, to: &mut Writer) {
    let made = id.parse::<Uuid>().ok().filter(|made| made.to_string() == id);
    to.put(SHOP_ID, &made.map_or_else(|| LineId::Stated(id.to_owned()), LineId::Made));
}

fn read_shop_id(from: &mut Reader) -> Read<String> {
    Ok(match from.get(SHOP_ID)? {
        LineId::Stated(id) => id,
        LineId::Made(made) => made.to_string(),
    })
}

stored! {
    Telling |telling, to, from| {
        id: "i" unless (Uuid::nil()),
        step: "kd",
        refunded: "ru",
        state: "s",
        sent_at: "aa",
        since: (
            to.put_unless("sn", &telling.since, Some(telling.sent_at)),
            from.get_or("sn", Some(sent_at))?
        ),
        looks: "lo" unless (0_u32),
        is_repeated: "rd" unless (false),
        is_refused: "rj" unless (false),
        next_at: (
            to.put_unless("nx", &telling.next_at, Some(telling.sent_at)),
            from.get_or("nx", Some(sent_at))?
        ),
    }
}

stored! {
    CaptureSchedule {
        at: "w",
        amount: "a",
        held_back_at: "hb",
        put_off_until: "pt",
    }
}

stored! {
    Memo {
        reference: "rf",
        email: "email",
        name: "name",
        deal_type: "deal_type",
        deal_stage: "deal_stage",
        marketing: "marketing",
        revenue_partner: "revenue_partner",
        authorizer: "authorizer",
        discount: "discount",
        save_card: "save_card" unless (false),
        without_address: "without_address" unless (false),
    }
}

stored! {
    References {
        custom_reference: "cr",
        name: "nm",
        description: "ds",
        metadata: "md",
    }
}

stored! {
    Discounted {
        code: "code",
        product: "product",
        amount: "a",
    }
}
