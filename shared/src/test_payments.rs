//! An operation and a payment as tests make them.

use uuid::Uuid;

use tollgate_core::{
    order::{Fingerprint, Kind, NewOperation, Operation, PaymentKind, Principal, Route, Transaction},
    payments::GatewayInfo,
    values::{Amount, CardSummary, Instrument},
};

/// What is known of the gateway without a call.
pub(crate) const GATEWAY: &dyn GatewayInfo = &crate::cardpointe::Info;

/// What a merchant requested.
pub(crate) fn new_operation(id: Uuid, kind: Kind, minor: u64) -> NewOperation {
    NewOperation {
        id,
        kind,
        amount: Amount::new(minor).unwrap(),
        fingerprint: Fingerprint([0; 32]),
        route: Route {
            gateway: "g".into(),
            account: "1".to_owned(),
            endpoint: "http://127.0.0.1".to_owned(),
        },
        by: Principal::ClientCredentials,
    }
}

/// A payment that began with this operation.
pub(crate) fn payment(method: PaymentKind, first: Operation) -> Transaction {
    Transaction::new(method, Instrument::Card(CardSummary::default()), first)
}
