//! An entry as an item: short names, enums as letters or words, ids as bytes.
//! `docs/reference/inventory.md` has each name with its meaning.

use std::str::FromStr;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use tollgate_core::{
    journal::{Changes, CountedEntry, Entry, LoggedEntry, TotalLine},
    order::{
        Attribution, ByHand, Cause, HandVerdict, Kind, Mechanism, MerchantId, OrderKey, Principal,
        gateway_order_id,
    },
    payments::StoreError,
    values::{Amount, Brand, Carried, Currency, DeclineCode, Fee, FeeKind, SignedAmount},
    words,
};
use uuid::Uuid;

use super::{bucket, unusual};
use crate::dynamodb::{
    Item, number, number_of, text,
    words::{FACTS, KINDS, PRINCIPALS, meaning, word},
};

words! {
    /// A column of the journal, as it is stored. None is ever renamed.
    pub enum Column {
        /// The table's key: merchant and shard.
        Bucket => "b": "bucket",
        /// Its sort key: time and id.
        Sort => "s": "sort",
        /// The key of the index by the last four digits, which are nowhere else.
        LastFour => "l": "merchant_last_four",
        /// The key of the index by the gateway's reference, which is nowhere else.
        Retref => "r": "merchant_retref",
        /// The key of the index of unusual facts: the merchant, and whether it was declined.
        Unusual => "u": "unusual",
        /// When DynamoDB deletes it, in seconds since 1970; of sums and days, too.
        ExpiresAt => "x": "expires_at",
        /// The fact about money, by its letter.
        Fact => "f": "fact",
        /// The order's id, as the merchant chose it.
        OrderId => "o": "order_id",
        /// The UUID of the payment.
        TransactionId => "t": "transaction_id",
        /// The UUID of the operation that the fact is about.
        OperationId => "i": "operation_id",
        /// The operation's kind, by its letter.
        Operation => "k": "operation",
        /// Why the operation exists, where it was not requested.
        Cause => "c": "cause",
        /// Recorded only; absent where it went through the gateway.
        Mechanism => "m": "mechanism",
        /// The principal that requested the operation; absent where it was the merchant.
        RequestedBy => "w": "requested_by",
        /// The name of the key that it was requested with.
        KeyName => "kn": "key_name",
        /// A person in the caller's system.
        Actor => "ac": "actor",
        /// A person whom Tollgate has verified.
        Person => "pe": "person",
        /// A person whom Tollgate has verified, who proposed another one's action.
        ProposedBy => "pb": "proposed_by",
        /// An approval found after its operation had been given up.
        Late => "la": "late",
        /// The ISO code of the currency of all amounts.
        Currency => "cy": "currency",
        /// The amount of the fact.
        Amount => "a": "amount",
        /// The fee that was held, taken or given back beside the amount; absent without one.
        Fee => "fe": "fee",
        /// The kind of the fee.
        FeeKind => "fk": "fee_kind",
        /// Signed change of the money held on cards. Like the next five, absent where there is
        /// none.
        Held => "h": "held",
        /// Signed change of the money taken.
        Paid => "p": "paid",
        /// Signed change of the money given back.
        Returned => "e": "returned",
        /// Signed change of the merchant's money at the gateway.
        AtGateway => "g": "at_gateway",
        /// Signed change of the fees there.
        FeesAtGateway => "fg": "fees_at_gateway",
        /// Signed change of the money that issuers took back.
        Disputed => "ds": "disputed",
        /// The card scheme's code of a chargeback's reason.
        DisputeReason => "dr": "dispute_reason",
        /// In an entry of settlement: the gateway's id of the deposit.
        Deposit => "dp": "deposit",
        /// In an entry of settlement: the purpose of the money.
        Component => "cp": "component",
        /// Why it was declined.
        DeclineCode => "d": "decline_code",
        /// The settlement refused an approved operation.
        SettlementRejected => "sr": "settlement_rejected",
        /// The issuer's approval code.
        Authcode => "au": "authcode",
        /// The MID of the gateway's account.
        Mid => "md": "mid",
        /// The order id of the attempt at the gateway; absent where the operation's own id makes
        /// it.
        GatewayOrderId => "go": "gateway_order_id",
        /// The brand of the card.
        Brand => "br": "brand",
        /// The merchant's own reference.
        Reference => "re": "reference",
        Decided => "de": "decided",
        /// The operator who decided by hand; absent where the gateway decided.
        DecidedBy => "db": "decided_by",
        /// Why: of a decision by hand, or as the request stated it.
        Reason => "rs": "reason",
    }

    /// Its name where there is room for it: in exports, and for people.
    pub fn spelled_out(self) -> &'static str;
}

/// Signed changes, which are left out where there is none.
const CHANGES: [Column; 6] = [
    Column::Held,
    Column::Paid,
    Column::Returned,
    Column::AtGateway,
    Column::FeesAtGateway,
    Column::Disputed,
];

/// The item of an entry in a shard.
pub(super) fn item(entry: &Entry, shard: u8) -> Item {
    let merchant = &entry.order.merchant;
    let (told, by_hand) = (entry.attribution.as_deref(), entry.by_hand.as_ref());
    let reason = by_hand.map(|by_hand| &by_hand.reason).or(told.and_then(|told| told.reason.as_ref()));
    let person =
        by_hand.map_or(told.and_then(|told| told.person.as_ref()), |by_hand| by_hand.person.as_ref());
    let indexed = |value: &Option<String>| value.as_ref().map(|value| format!("{merchant}#{value}"));
    let own = |text: &str| Some(text.to_owned());
    let gateway_order_id = Some(&entry.gateway_order_id);
    let gateway_order_id = gateway_order_id.filter(|id| **id != self::gateway_order_id(entry.operation));
    let texts = [
        (Column::Bucket, Some(bucket(merchant, shard))),
        (Column::Sort, Some(entry.sort())),
        (Column::LastFour, indexed(&entry.last_four)),
        (Column::Retref, indexed(&entry.reference)),
        (Column::Unusual, entry.unusual_partition().map(|partition| unusual(merchant, &partition))),
        (Column::Fact, word(FACTS, &entry.fact).and_then(own)),
        (Column::OrderId, Some(entry.order.order.to_string())),
        (Column::Operation, own(word(KINDS, &entry.kind).unwrap_or(entry.kind.as_str()))),
        (Column::Cause, (entry.cause != Cause::Requested).then(|| entry.cause.as_str().to_owned())),
        (
            Column::Mechanism,
            entry.mechanism.word().filter(|_| entry.mechanism != USUAL_MECHANISM).and_then(own),
        ),
        (
            Column::RequestedBy,
            word(PRINCIPALS, &entry.by).filter(|_| entry.by != USUAL_PRINCIPAL).and_then(own),
        ),
        (Column::KeyName, told.and_then(|told| told.key_name.clone())),
        (Column::Actor, told.and_then(|told| told.actor.clone())),
        (Column::Person, person.cloned()),
        (Column::ProposedBy, told.and_then(|told| told.proposed_by.clone())),
        (Column::Currency, own(entry.currency.code())),
        (Column::FeeKind, entry.fee.map(|fee| fee.kind.as_str().to_owned())),
        (Column::DeclineCode, entry.decline.map(|code| code.as_str().to_owned())),
        (Column::Authcode, entry.authcode.clone()),
        (Column::Mid, Some(entry.account.clone())),
        (Column::GatewayOrderId, gateway_order_id.cloned()),
        (Column::Brand, entry.brand.map(|brand| brand.as_str().to_owned())),
        (Column::Reference, entry.merchant_reference.clone()),
        (Column::Decided, by_hand.map(|by_hand| by_hand.verdict.as_str().to_owned())),
        (Column::DecidedBy, by_hand.map(|by_hand| by_hand.by.clone())),
        (Column::Reason, reason.cloned()),
        (Column::DisputeReason, entry.dispute_reason.clone()),
    ];
    let ids = [(Column::TransactionId, entry.transaction), (Column::OperationId, entry.operation)];
    let Changes { held, paid, returned, gateway, fees, disputed } = entry.changes;
    let changes = CHANGES.into_iter().zip([held, paid, returned, gateway, fees, disputed]);
    let numbers =
        [(Column::Amount, Some(entry.amount.into())), (Column::Fee, entry.fee.map(|fee| fee.amount.into()))];
    let numbers = numbers
        .into_iter()
        .chain(changes.map(|(column, change)| (column, Some(change).filter(|it| !it.is_zero()))));
    // Where it is so; otherwise there is no attribute.
    let flags = [(Column::Late, entry.late), (Column::SettlementRejected, entry.settlement_rejected)];
    let texts = texts.into_iter().filter_map(|(column, text)| Some((column, AttributeValue::S(text?))));
    let ids = ids.into_iter().map(|(column, id)| (column, AttributeValue::B(Blob::new(*id.as_bytes()))));
    let numbers = numbers.filter_map(|(column, amount)| Some((column, number_of(&amount?.minor()))));
    let flags =
        flags.into_iter().filter(|(_, is_so)| *is_so).map(|(column, _)| (column, AttributeValue::Bool(true)));
    let all = texts.chain(ids).chain(numbers).chain(flags);
    all.map(|(column, value)| (column.as_str().to_owned(), value)).collect()
}

const USUAL_MECHANISM: Mechanism = Mechanism::Automatic;
const USUAL_PRINCIPAL: Principal = Principal::ClientCredentials;

/// Whether two items of one entry say different things. A release may add columns: a column that
/// either lacks says nothing, unless its absence is a zero; and how long they are kept is the
/// deployment's choice.
pub(super) fn differ(one: &Item, other: &Item) -> bool {
    let names: Vec<&str> = CHANGES.iter().map(|column| column.as_str()).collect();
    let differs = |one: &Item, other: &Item| {
        one.iter().any(|(name, value)| match other.get(name) {
            Some(other) => value != other && name != Column::ExpiresAt.as_str(),
            None => names.contains(&name.as_str()),
        })
    };
    differs(one, other) || differs(other, one)
}

/// The entry of an item, whole; none for an item that is none.
pub fn entry(item: &Item) -> Option<Result<Entry, StoreError>> {
    item.contains_key(Column::Fact.as_str()).then(|| whole(item))
}

/// All of an entry.
pub(super) fn whole(item: &Item) -> Result<Entry, StoreError> {
    let (at, id) = at_and_id(item)?;
    let by_hand = match column(item, Column::Decided) {
        None => None,
        Some(verdict) => Some(ByHand {
            verdict: HandVerdict::from_name(verdict).unwrap_or(HandVerdict::Unrecognized),
            by: stated(item, Column::DecidedBy)?,
            person: column(item, Column::Person).cloned(),
            reason: stated(item, Column::Reason)?,
            at,
            carried: Carried::default(),
        }),
    };
    let own = |name: Column| column(item, name).cloned();
    let attribution = Attribution {
        key_name: own(Column::KeyName),
        actor: own(Column::Actor),
        person: own(Column::Person).filter(|_| by_hand.is_none()),
        proposed_by: own(Column::ProposedBy),
        reason: own(Column::Reason).filter(|_| by_hand.is_none()),
    };
    let nothing = Attribution::default();
    let merchant = merchant(item)?;
    let operation = uuid(item, Column::OperationId)?;
    Ok(Entry {
        id,
        fact: column(item, Column::Fact)
            .and_then(|fact| meaning(FACTS, fact))
            .ok_or_else(|| corrupt(Column::Fact))?,
        at,
        transaction: uuid(item, Column::TransactionId)?,
        operation,
        kind: kind(item)?,
        cause: column(item, Column::Cause)
            .map_or(Cause::Requested, |cause| Cause::from_name(cause).unwrap_or(Cause::Unrecognized)),
        mechanism: column(item, Column::Mechanism).map_or(USUAL_MECHANISM, |mechanism| {
            Mechanism::from_name(mechanism).unwrap_or(Mechanism::Unrecognized)
        }),
        by: column(item, Column::RequestedBy)
            .map_or(USUAL_PRINCIPAL, |by| meaning(PRINCIPALS, by).unwrap_or(Principal::Unrecognized)),
        attribution: Some(attribution).filter(|told| *told != nothing).map(Box::new),
        late: flag(item, Column::Late),
        currency: stated(item, Column::Currency)?,
        amount: amount(item, Column::Amount)?,
        fee: fee(item)?,
        changes: changes(item)?,
        decline: column(item, Column::DeclineCode)
            .map(|code| DeclineCode::from_name(code).unwrap_or(DeclineCode::GenericDecline)),
        settlement_rejected: flag(item, Column::SettlementRejected),
        reference: indexed(item, Column::Retref, &merchant),
        authcode: own(Column::Authcode),
        account: stated(item, Column::Mid)?,
        gateway_order_id: own(Column::GatewayOrderId).unwrap_or_else(|| gateway_order_id(operation)),
        brand: column(item, Column::Brand).and_then(|brand| Brand::from_name(brand)),
        last_four: indexed(item, Column::LastFour, &merchant),
        merchant_reference: own(Column::Reference),
        by_hand,
        dispute_reason: own(Column::DisputeReason),
        order: OrderKey { order: stated(item, Column::OrderId)?, merchant },
    })
}

/// The columns that a list of transactions needs.
pub(super) fn logged(item: &Item) -> Result<LoggedEntry, StoreError> {
    Ok(LoggedEntry {
        sort: stated(item, Column::Sort)?,
        id: at_and_id(item)?.1,
        order: OrderKey { merchant: merchant(item)?, order: stated(item, Column::OrderId)? },
        transaction: uuid(item, Column::TransactionId)?,
        kind: kind(item)?,
        currency: stated::<String>(item, Column::Currency)?.parse::<Currency>().ok(),
    })
}

/// The columns that totals need, and the key.
pub(super) const COUNTED: &str = "b, s, f, k, cy, md, br, d, a, h, p, e, g, fg, ds";

/// An entry as totals need it. Words of a newer version are counted under themselves.
pub(super) fn counted(item: &Item) -> Result<CountedEntry, StoreError> {
    let at = at_and_id(item)?.0;
    let said = |name: Column| column(item, name).ok_or_else(|| corrupt(name));
    let (operation, fact) = (said(Column::Operation)?, said(Column::Fact)?);
    let line = TotalLine {
        currency: stated(item, Column::Currency)?,
        operation: meaning(KINDS, operation)
            .map_or_else(|| operation.clone(), |kind| kind.as_str().to_owned()),
        fact: meaning(FACTS, fact).map_or_else(|| fact.clone(), |fact| fact.as_str().to_owned()),
        mid: stated(item, Column::Mid)?,
        brand: column(item, Column::Brand)
            .map(|word| Brand::from_name(word).map_or_else(|| word.clone(), |brand| brand.name().to_owned())),
        decline: column(item, Column::DeclineCode).cloned(),
    };
    Ok(CountedEntry { at, line, amount: amount(item, Column::Amount)?, changes: changes(item)? })
}

/// Whose entry it is, by its partition.
fn merchant(item: &Item) -> Result<MerchantId, StoreError> {
    let merchant = column(item, Column::Bucket).and_then(|bucket| bucket.rsplit_once('#')?.0.parse().ok());
    merchant.ok_or_else(|| corrupt(Column::Bucket))
}

pub(super) fn at_and_id(item: &Item) -> Result<(Timestamp, Uuid), StoreError> {
    let parts = column(item, Column::Sort).and_then(|sort| sort.split_once('#'));
    let parts = parts.and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| corrupt(Column::Sort))
}

fn kind(item: &Item) -> Result<Kind, StoreError> {
    let kind = column(item, Column::Operation).ok_or_else(|| corrupt(Column::Operation))?;
    Ok(meaning(KINDS, kind).unwrap_or(Kind::Unrecognized))
}

fn fee(item: &Item) -> Result<Option<Fee>, StoreError> {
    if !item.contains_key(Column::Fee.as_str()) {
        return Ok(None);
    }
    let kind: String = stated(item, Column::FeeKind)?;
    let kind = FeeKind::from_name(&kind).unwrap_or(FeeKind::Unrecognized);
    Ok(Some(Fee { amount: amount(item, Column::Fee)?, kind }))
}

fn changes(item: &Item) -> Result<Changes, StoreError> {
    let change = |column: Column| {
        let is_there = item.contains_key(column.as_str());
        if is_there { signed(item, column) } else { Ok(SignedAmount::ZERO) }
    };
    let [held, paid, returned, gateway, fees, disputed] = CHANGES.map(change);
    Ok(Changes {
        held: held?,
        paid: paid?,
        returned: returned?,
        gateway: gateway?,
        fees: fees?,
        disputed: disputed?,
    })
}

/// An amount with its sign, of a change or of a part of a deposit.
pub(super) fn signed(item: &Item, column: Column) -> Result<SignedAmount, StoreError> {
    let minor = number::<i64>(item, column.as_str()).and_then(|minor| SignedAmount::try_from(minor).ok());
    minor.ok_or_else(|| corrupt(column))
}

fn amount(item: &Item, column: Column) -> Result<Amount, StoreError> {
    let minor = number::<u64>(item, column.as_str()).and_then(|minor| Amount::new(minor).ok());
    minor.ok_or_else(|| corrupt(column))
}

fn flag(item: &Item, column: Column) -> bool {
    item.get(column.as_str()) == Some(&AttributeValue::Bool(true))
}

fn uuid(item: &Item, column: Column) -> Result<Uuid, StoreError> {
    let bytes = item.get(column.as_str()).and_then(|value| value.as_b().ok());
    bytes.and_then(|bytes| Uuid::from_slice(bytes.as_ref()).ok()).ok_or_else(|| corrupt(column))
}

/// The part after the merchant in an index's key.
fn indexed(item: &Item, name: Column, merchant: &MerchantId) -> Option<String> {
    column(item, name)?.strip_prefix(merchant.as_str())?.strip_prefix('#').map(str::to_owned)
}

fn column(item: &Item, column: Column) -> Option<&String> {
    text(item, column.as_str())
}

/// A text that an entry has to have, parsed.
pub(super) fn stated<T: FromStr>(item: &Item, name: Column) -> Result<T, StoreError> {
    column(item, name).and_then(|text| text.parse().ok()).ok_or_else(|| corrupt(name))
}

pub(super) fn corrupt(column: Column) -> StoreError {
    StoreError::Corrupt(format!("an entry of the journal without a good {}", column.spelled_out()))
}

#[cfg(test)]
mod tests;
