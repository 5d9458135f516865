//! An entry as an item. The names are documented in `docs/journal.md` and are never changed: people and programs read
//! them.

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate_core::{
    journal::{Entry, day_of, sort_of},
    order::Cause,
    values::Amount,
    words,
};

use super::bucket;
use crate::dynamodb::Item;

words! {
    /// A column of the journal. People and programs read them: none is ever renamed.
    pub enum Column {
        /// The table's key: merchant, UTC day and shard.
        Bucket => "bucket",
        /// Its sort key: time and id.
        Sort => "sort",
        /// The key of the index by the last four digits.
        MerchantLastFour => "merchant_last_four",
        /// The same whenever the entry is made.
        EntryId => "entry_id",
        /// What happened to money, by the fact's name.
        Fact => "fact",
        /// When it was decided.
        At => "at",
        /// The id of the merchant whose order it is.
        Merchant => "merchant",
        /// The order's id, as the merchant chose it.
        OrderId => "order_id",
        /// The UUID of the payment.
        TransactionId => "transaction_id",
        /// The UUID of the operation that the fact is about.
        OperationId => "operation_id",
        /// The operation's kind, such as `capture`.
        Operation => "operation",
        /// Why the operation exists, where it was not requested.
        Cause => "cause",
        /// Through the gateway, or recorded only.
        Mechanism => "mechanism",
        /// The principal that requested the operation.
        RequestedBy => "requested_by",
        /// The name of the key that it was requested with.
        KeyName => "key_name",
        /// A person in the caller's system.
        Actor => "actor",
        /// An approval found after its operation had been given up.
        Late => "late",
        /// The ISO code of the currency of all amounts.
        Currency => "currency",
        /// What the fact is about.
        Amount => "amount",
        /// What was held, taken or given back beside the amount; absent where nothing was.
        Fee => "fee",
        /// What that was charged for.
        FeeKind => "fee_kind",
        /// Signed change of what is held on cards.
        Held => "held",
        /// Signed change of what was taken.
        Paid => "paid",
        /// Signed change of what was given back.
        Returned => "returned",
        /// Signed change of the merchant's money at the gateway.
        AtGateway => "at_gateway",
        /// Signed change of the fees there; absent where there is none.
        FeesAtGateway => "fees_at_gateway",
        /// Why it was declined.
        DeclineCode => "decline_code",
        /// The settlement refused what had been approved.
        SettlementRejected => "settlement_rejected",
        /// The gateway's reference of the payment or refund.
        Retref => "retref",
        /// The issuer's approval code.
        Authcode => "authcode",
        /// The MID of the gateway's account.
        Mid => "mid",
        /// The order id of the attempt at the gateway.
        GatewayOrderId => "gateway_order_id",
        /// The brand of the card.
        Brand => "brand",
        /// The last four digits of its number.
        LastFour => "last_four",
        /// The merchant's own reference.
        Reference => "reference",
        /// What an operator decided.
        Decided => "decided",
        /// The operator who decided by hand; absent where the gateway decided.
        DecidedBy => "decided_by",
        /// Why: of a decision by hand, or as the request stated it.
        Reason => "reason",
    }
}

/// The item of an entry in a shard of its day.
pub(super) fn item(entry: &Entry, shard: u16) -> Item {
    let merchant = entry.order.merchant.to_string();
    let sort = format!("{}#{}", sort_of(entry.at), entry.id);
    let last_four = entry.last_four.as_ref();
    let (told, by_hand) = (entry.attribution.as_deref(), entry.by_hand.as_ref());
    let reason = by_hand.map(|by_hand| &by_hand.reason).or(told.and_then(|told| told.reason.as_ref()));
    let texts = [
        (Column::Bucket, Some(bucket(&entry.order.merchant, day_of(entry.at), shard))),
        (Column::Sort, Some(sort)),
        (Column::MerchantLastFour, last_four.map(|digits| format!("{merchant}#{digits}"))),
        (Column::EntryId, Some(entry.id.to_string())),
        (Column::Fact, Some(entry.fact.as_str().to_owned())),
        (Column::At, Some(sort_of(entry.at))),
        (Column::Merchant, Some(merchant)),
        (Column::OrderId, Some(entry.order.order.to_string())),
        (Column::TransactionId, Some(entry.transaction.to_string())),
        (Column::OperationId, Some(entry.operation.to_string())),
        (Column::Operation, Some(entry.kind.as_str().to_owned())),
        (Column::Cause, (entry.cause != Cause::Requested).then(|| entry.cause.as_str().to_owned())),
        (Column::Mechanism, Some(entry.mechanism.as_str().to_owned())),
        (Column::RequestedBy, Some(entry.by.as_str().to_owned())),
        (Column::KeyName, told.and_then(|told| told.key_name.clone())),
        (Column::Actor, told.and_then(|told| told.actor.clone())),
        (Column::Currency, Some(entry.currency.code().to_owned())),
        (Column::FeeKind, entry.fee.map(|fee| fee.kind.as_str().to_owned())),
        (Column::DeclineCode, entry.decline.map(|code| code.as_str().to_owned())),
        (Column::Retref, entry.reference.clone()),
        (Column::Authcode, entry.authcode.clone()),
        (Column::Mid, Some(entry.account.clone())),
        (Column::GatewayOrderId, Some(entry.gateway_order_id.clone())),
        (Column::Brand, entry.brand.map(|brand| brand.name().to_owned())),
        (Column::LastFour, last_four.cloned()),
        (Column::Reference, entry.merchant_reference.clone()),
        (Column::Decided, by_hand.map(|by_hand| by_hand.verdict.as_str().to_owned())),
        (Column::DecidedBy, by_hand.map(|by_hand| by_hand.by.clone())),
        (Column::Reason, reason.cloned()),
    ];
    let minor = |amount: Amount| i64::try_from(amount.minor()).unwrap_or(i64::MAX);
    let changes = entry.changes;
    let numbers = [
        (Column::Amount, Some(minor(entry.amount))),
        (Column::Fee, entry.fee.map(|fee| minor(fee.amount))),
        (Column::Held, Some(changes.held)),
        (Column::Paid, Some(changes.paid)),
        (Column::Returned, Some(changes.returned)),
        (Column::AtGateway, Some(changes.gateway)),
        (Column::FeesAtGateway, Some(changes.fees).filter(|fees| *fees != 0)),
    ];
    // Where it is so; otherwise there is no attribute.
    let flags = [(Column::Late, entry.late), (Column::SettlementRejected, entry.settlement_rejected)];
    let texts = texts.into_iter().filter_map(|(column, text)| Some((column, AttributeValue::S(text?))));
    let number = |number: i64| AttributeValue::N(number.to_string());
    let numbers = numbers.into_iter().filter_map(|(column, minor)| Some((column, number(minor?))));
    let flags =
        flags.into_iter().filter(|(_, is_so)| *is_so).map(|(column, _)| (column, AttributeValue::Bool(true)));
    texts.chain(numbers).chain(flags).map(|(column, value)| (column.as_str().to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use tollgate_core::journal::entries;

    use super::*;
    use crate::test_payments::refunded_in_part;

    fn items(fees: Option<[u64; 2]>) -> Vec<Item> {
        entries(None, &refunded_in_part(fees)).iter().map(|entry| item(entry, 0)).collect()
    }

    #[test]
    fn a_fee_has_columns_of_its_own_and_takes_no_room_where_there_is_none() {
        let columns = [Column::Fee, Column::FeeKind, Column::FeesAtGateway].map(Column::as_str);
        let text = |value: &AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        let fees = |item: &Item| columns.map(|name| item.get(name).map(text));
        let told = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned()));
        let with: Vec<_> = items(Some([78, 30])).iter().map(fees).collect();
        assert_eq!(with, [told(["78", "surcharge", "78"]), told(["30", "surcharge", "-30"])]);
        // What else an entry says is the same.
        let bare = items(None);
        assert!(bare.iter().all(|item| fees(item) == [None, None, None]));
        let mut without = items(Some([78, 30]));
        for item in &mut without {
            item.retain(|name, _| !columns.contains(&name.as_str()));
        }
        assert_eq!(without, bare);
    }
}
