//! A transaction as it is stored: its card, what the merchant said of it, and its operations.

use jiff::Timestamp;
use tollgate_core::{
    order::{
        OrderId,
        operation::{Principal, Shopper},
        transaction::{CaptureSchedule, PaymentKind, Transaction},
    },
    payments::store::StoreError,
    values::{
        carried::Carried,
        instrument::Instrument,
        memo::{Discounted, Memo},
    },
};
use uuid::Uuid;

use super::{
    operation::{self, Usual},
    words::{METHODS, PRINCIPALS, read_principal},
};
use crate::dynamodb::{
    Item,
    card::{card, read_card},
    members::{Name, Reader, Writer, corrupt},
    words::{meaning, word},
};

const ID: Name = Name("i", "id");
const METHOD: Name = Name("m", "method");
/// The word for what it is made with: none for a card, which is what almost all are made with.
const INSTRUMENT: Name = Name("instrument", "");
const CARD: Name = Name("cd", "card");
const MEMO: Name = Name("me", "memo");
const CUSTOM_REFERENCE: Name = Name("custom_reference", "");
const SAVE_FOR: Name = Name("save_for", "");
const CAPTURE: Name = Name("cp", "capture");
const AUTHORIZATION_EXPIRES_AT: Name = Name("ax", "authorization_expires_at");
const BY: Name = Name("b", "by");
const SHOPPER: Name = Name("sh", "shopper");
const CREATED_AT: Name = Name("c", "created_at");
const UPDATED_AT: Name = Name("u", "updated_at");
const OPERATIONS: Name = Name("o", "operations");

// The scheduled capture.
const AT: Name = Name("w", "at");
const LAPSED_AT: Name = Name("la", "lapsed_at");

// The memo.
const REFERENCE: Name = Name("rf", "reference");
const DESCRIPTION: Name = Name("description", "");
const EMAIL: Name = Name("email", "");
const HOLDER: Name = Name("name", "");
const DEAL_TYPE: Name = Name("deal_type", "");
const DEAL_STAGE: Name = Name("deal_stage", "");
const MARKETING: Name = Name("marketing", "");
const REVENUE_PARTNER: Name = Name("revenue_partner", "");
const AUTHORIZER: Name = Name("authorizer", "");
const DISCOUNT: Name = Name("discount", "");
const CODE: Name = Name("code", "");
const PRODUCT: Name = Name("product", "");
const AMOUNT: Name = Name("a", "amount");
const SAVE_CARD: Name = Name("save_card", "");
const PERSONAL_UNTIL: Name = Name("personal_until", "");

/// What is short for another name here.
pub(super) const NAMES: [Name; 11] = [
    METHOD,
    CARD,
    MEMO,
    CAPTURE,
    AUTHORIZATION_EXPIRES_AT,
    BY,
    SHOPPER,
    OPERATIONS,
    AT,
    LAPSED_AT,
    REFERENCE,
];

pub(super) fn transaction(transaction: &Transaction, order: &Whole) -> Item {
    let mut writer = Writer::default();
    if order.id != Some(transaction.id) {
        writer.id(ID, transaction.id);
    }
    writer.word(METHOD, word(METHODS, &transaction.kind));
    if let Some(of) = transaction.card() {
        writer.object(CARD, card(of));
    }
    writer.some(MEMO, transaction.memo.as_ref(), |writer, name, kept| writer.object(name, memo(kept)));
    writer.text_maybe(CUSTOM_REFERENCE, transaction.custom_reference.as_ref());
    writer.text_maybe(SAVE_FOR, transaction.save_for.as_ref());
    writer.some(CAPTURE, transaction.capture, |writer, name, kept| writer.object(name, schedule(kept)));
    writer.some(AUTHORIZATION_EXPIRES_AT, transaction.authorization_expires_at, Writer::moment);
    writer.word(BY, word(PRINCIPALS, &transaction.by));
    writer.some(SHOPPER, transaction.shopper, |writer, name, shopper| writer.id(name, shopper.0));
    writer.moment_unless(CREATED_AT, transaction.created_at, order.created_at);
    writer.moment_unless(UPDATED_AT, transaction.updated_at, order.updated_at);
    let Transaction { kind: method, by, created_at, updated_at, .. } = *transaction;
    let mut usual = Usual::first(method, by, created_at, updated_at);
    writer.list(OPERATIONS, &transaction.operations, |operation| {
        let item = operation::operation(operation, &usual);
        usual.after(operation);
        item
    });
    writer.finish(&transaction.carried)
}

/// What a transaction shares with its order, and therefore need not state.
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

pub(super) fn read_transaction(mut members: Reader, order: &Whole) -> Result<Transaction, StoreError> {
    let method = members.word(METHOD, PaymentKind::Unrecognized, |word| meaning(METHODS, word))?;
    let method = method.unwrap_or(PaymentKind::Unrecognized);
    let id = members.id_maybe(ID)?.or(order.id);
    let by = read_principal(&mut members, BY)?.unwrap_or(Principal::Unrecognized);
    let created_at = members.moment_maybe(CREATED_AT)?.unwrap_or(order.created_at);
    let updated_at = members.moment_maybe(UPDATED_AT)?.unwrap_or(order.updated_at);
    let mut usual = Usual::first(method, by, created_at, updated_at);
    let operations = members.list(OPERATIONS, |members| {
        let operation = operation::read_operation(members, &usual)?;
        usual.after(&operation);
        Ok(operation)
    })?;
    let mut transaction = Transaction {
        id: id.ok_or_else(|| corrupt(ID))?,
        kind: method,
        instrument: read_instrument(&mut members)?,
        memo: members.part(MEMO, read_memo)?.map(Box::new),
        custom_reference: members.text_maybe(CUSTOM_REFERENCE)?,
        save_for: members.text_maybe(SAVE_FOR)?,
        capture: members.part(CAPTURE, |members| {
            Ok(CaptureSchedule { at: members.moment(AT)?, lapsed_at: members.moment_maybe(LAPSED_AT)? })
        })?,
        authorization_expires_at: members.moment_maybe(AUTHORIZATION_EXPIRES_AT)?,
        by,
        shopper: members.id_maybe(SHOPPER)?.map(Shopper),
        created_at,
        updated_at,
        operations,
        carried: Carried::default(),
    };
    members.carry(&mut transaction.carried);
    Ok(transaction)
}

/// Another instrument than a card has a word, and this version knows none of them. What is stored of it is carried.
fn read_instrument(members: &mut Reader) -> Result<Instrument, StoreError> {
    if members.word(INSTRUMENT, (), |_| None)?.is_some() {
        return Ok(Instrument::Unrecognized);
    }
    Ok(Instrument::Card(members.part(CARD, read_card)?.unwrap_or_default()))
}

fn schedule(schedule: CaptureSchedule) -> Item {
    let mut writer = Writer::default();
    writer.moment(AT, schedule.at);
    writer.some(LAPSED_AT, schedule.lapsed_at, Writer::moment);
    writer.finish(&Carried::default())
}

fn memo(memo: &Memo) -> Item {
    let mut writer = Writer::default();
    writer.text(REFERENCE, &memo.reference);
    for (name, text) in [
        (DESCRIPTION, &memo.description),
        (EMAIL, &memo.email),
        (HOLDER, &memo.name),
        (DEAL_TYPE, &memo.deal_type),
        (DEAL_STAGE, &memo.deal_stage),
        (MARKETING, &memo.marketing),
        (REVENUE_PARTNER, &memo.revenue_partner),
        (AUTHORIZER, &memo.authorizer),
    ] {
        writer.text_maybe(name, text.as_ref());
    }
    writer.some(DISCOUNT, memo.discount.as_ref(), |writer, name, discount| {
        let mut members = Writer::default();
        members.text(CODE, &discount.code);
        members.text_maybe(PRODUCT, discount.product.as_ref());
        members.number(AMOUNT, discount.amount.minor());
        writer.object(name, members.finish(&Carried::default()));
    });
    writer.flag(SAVE_CARD, memo.save_card);
    writer.some(PERSONAL_UNTIL, memo.personal_until, Writer::moment);
    writer.finish(&Carried::default())
}

fn read_memo(members: &mut Reader) -> Result<Memo, StoreError> {
    Ok(Memo {
        reference: members.text(REFERENCE)?,
        description: members.text_maybe(DESCRIPTION)?,
        email: members.text_maybe(EMAIL)?,
        name: members.text_maybe(HOLDER)?,
        deal_type: members.text_maybe(DEAL_TYPE)?,
        deal_stage: members.text_maybe(DEAL_STAGE)?,
        marketing: members.text_maybe(MARKETING)?,
        revenue_partner: members.text_maybe(REVENUE_PARTNER)?,
        authorizer: members.text_maybe(AUTHORIZER)?,
        discount: members.part(DISCOUNT, |members| {
            Ok(Discounted {
                code: members.text(CODE)?,
                product: members.text_maybe(PRODUCT)?,
                amount: members.amount(AMOUNT)?,
            })
        })?,
        save_card: members.flag(SAVE_CARD)?,
        personal_until: members.moment_maybe(PERSONAL_UNTIL)?,
    })
}
