use tollgate_core::{
    order::{Fingerprint, Kind, NewOperation, Operation, PaymentKind, Principal, Route, Transaction},
    values::{Amount, CardSummary, Instrument},
};
use uuid::Uuid;

/// What a merchant requested: so much, in minor units.
pub fn new_operation(id: Uuid, kind: Kind, minor: u64) -> NewOperation {
    NewOperation {
        id,
        kind,
        amount: Amount::new(minor).expect("an amount within the limits"),
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
pub fn payment(method: PaymentKind, first: Operation) -> Transaction {
    Transaction::new(method, Instrument::Card(CardSummary::default()), first)
}
