//! Payments and a switch as tests make them.

use async_trait::async_trait;
use jiff::Timestamp;
use memory::{new_operation, payment};
use serde_json::{Value, json};
use uuid::Uuid;

use tollgate_core::{
    order::{
        Decision, GatewayResponse, Kind, MerchantId, Operation, OperationState, Order, OrderKey, PaymentKind,
    },
    payments::{GatewayInfo, Merchant, Stop, StoreError, Switch},
    values::{Amount, Charged, Currency, Fee, FeeKind},
};

use crate::{merchant_document, test_aws::with};

/// The facts about the gateway that are known without a call.
pub(crate) const GATEWAY: &dyn GatewayInfo = &crate::cardpointe::Info;

/// A merchant whose document has these members, too.
pub(crate) fn merchant(id: &str, members: &Value) -> Merchant {
    let document = json!({
        "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "elsewhere", "username": "u", "password": "p", "merchids": {"USD": "1"}},
    });
    let document = with(&document, members).to_string();
    merchant_document::parse(id.parse().unwrap(), &document, GATEWAY).unwrap()
}

/// An order of 25.99 that was paid and of which a part was refunded: as it is where there are no
/// fees, or with these beside the two amounts.
pub(crate) fn refunded_in_part(fees: Option<[u64; 2]>) -> Order {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
    let [purchase, refund] = [(Kind::Purchase, 2599, 0), (Kind::Refund, 1000, 1)].map(|(kind, minor, n)| {
        let new = new_operation(Uuid::from_u128(1 + n as u128), kind, minor);
        let operation = Operation::new(new, Timestamp::UNIX_EPOCH);
        let amount = |minor| Amount::new(minor).unwrap();
        let fee = fees.and_then(|fees| Fee::of(amount(fees[n]), FeeKind::Surcharge));
        let charged = Some(Charged { amount: amount(minor), fee });
        let response = GatewayResponse { charged, ..GatewayResponse::default() };
        Operation { state: OperationState::Decided(Decision::Approved(response)), ..operation }
    });
    let mut transaction = payment(PaymentKind::Purchase, purchase);
    transaction.operations.push(refund);
    order.transactions.push(transaction);
    order
}

/// A switch of payments in a position; none: it cannot be read.
pub(crate) struct SwitchAt(pub(crate) Option<bool>);

#[async_trait]
impl Switch for SwitchAt {
    async fn stop(&self, _: &MerchantId) -> Result<Stop, StoreError> {
        Ok(if self.all_stopped().await? { Stop::All } else { Stop::None })
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        self.0.ok_or_else(|| StoreError::Unavailable("away".to_owned()))
    }
}
