//! The vendor's JSON of orders and transactions.

use serde_json::{Value, json};

use crate::{
    PaymentWord, Snapshot, TransactionRow,
    order::Order,
    settings::{BalanceMember, PaidAfterRefund, Settings, TransactionTypeKey},
};

fn price(amount: impl Into<i128>, currency: &str) -> Value {
    let amount: i128 = amount.into();
    // For display only: two decimals in every currency.
    let formatted = format!("{}.{:02} {currency}", amount / 100, amount.abs() % 100);
    json!({ "amount": i64::try_from(amount).unwrap_or(i64::MAX), "currency": currency, "formatted": formatted })
}

/// An order as a read of it shows, and the balance in it.
pub(crate) fn order(order: &Order, settings: &Settings) -> (Value, Option<i64>) {
    let (Snapshot { status, payment, paid, authorized, refunded, balance, .. }, currency) =
        (order.snapshot(settings), order.new.currency.as_str());
    let is_gross = settings.paid_after_refund == PaidAfterRefund::Gross;
    let paid = if is_gross { paid } else { paid.saturating_sub(refunded) };
    let mut prices = json!({
        "with_tax": price(order.new.total, currency), "without_tax": price(order.new.total, currency),
        "tax": price(0, currency), "discount": price(0, currency), "shipping": price(0, currency),
        "paid": price(paid, currency), "authorized": price(authorized, currency),
    });
    let balance = match settings.balance_excess {
        0 => balance,
        // The sums are the answer's own, so that it contradicts itself in every setting.
        excess => {
            let owing = i128::from(order.new.total) - i128::from(authorized) - i128::from(paid);
            i64::try_from(owing.saturating_add(excess.into())).unwrap_or(i64::MAX)
        }
    };
    let is_stated = settings.balance_member == BalanceMember::Stated || balance > 0;
    let served = is_stated.then_some(balance);
    if let Some(balance) = served {
        prices["balance_owing"] = price(balance, currency);
    }
    let mut timestamps = json!({ "created_at": order.created_at, "updated_at": order.updated_at });
    if payment == PaymentWord::Paid {
        timestamps["fully_paid_at"] = json!(order.updated_at);
    }
    let items = order.new.items.iter().map(|item| json!({ "type": "item", "id": item.sku }));
    let mut shown = json!({
        "type": "order", "id": order.id, "status": status, "payment": payment,
        "shipping": if order.is_fulfilled { "fulfilled" } else { "unfulfilled" }, "anonymized": false,
        "customer": { "name": "Pat Example", "email": "pat@example.com" },
        "meta": { "display_price": prices, "timestamps": timestamps, "is_manual": order.new.is_manual },
        "relationships": { "items": { "data": items.collect::<Vec<_>>() } },
    });
    for (name, text) in [("order_number", &order.number), ("external_ref", &order.external_ref)] {
        if !text.is_empty() {
            shown[name] = json!(text);
        }
    }
    (shown, served)
}

pub(crate) fn transaction(order: &Order, row: &TransactionRow, settings: &Settings) -> Value {
    let currency = order.new.currency.as_str();
    let mut shown = json!(row);
    if let Some(members) = shown.as_object_mut() {
        members.shift_remove("created_at");
        members.shift_remove("updated_at");
        if settings.transaction_type_key == TransactionTypeKey::Hyphen {
            members.shift_remove("transaction_type");
        }
    }
    if settings.transaction_type_key != TransactionTypeKey::Underscore {
        shown["transaction-type"] = json!(row.transaction_type);
    }
    shown["type"] = json!("transaction");
    shown["reference"] = json!(row.gateway);
    shown["currency"] = json!(currency);
    shown["relationships"] = json!({ "order": { "data": { "type": "order", "id": order.id } } });
    shown["meta"] = json!({
        "display_price": price(row.amount, currency),
        "display_refunded_amount": { "total": price(row.refunded_amount, currency) },
        "timestamps": { "created_at": row.created_at, "updated_at": row.updated_at },
    });
    shown
}
