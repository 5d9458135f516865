//! An operation and a payment as tests make them. The package `tollgate` has this file as a module, too: it has the same
//! modules, and what is only for tests is in no package that another can use.

use uuid::Uuid;

use crate::{
    card::CardSummary,
    carried::Carried,
    money::Amount,
    operation::{Cause, Fingerprint, Kind, Mechanism, NewOperation, Operation, Principal, Route},
    transaction::{Method, Transaction},
};

/// What a merchant requested.
pub(crate) fn new_operation(id: Uuid, kind: Kind, minor: u64) -> NewOperation {
    NewOperation {
        id,
        kind,
        cause: Cause::Asked,
        follows: None,
        mechanism: Mechanism::Automatic,
        amount: Amount::new(minor).unwrap(),
        key: None,
        fingerprint: Fingerprint([0; 32]),
        route: Route {
            gateway: "g".into(),
            account: "1".to_owned(),
            endpoint: "http://127.0.0.1".to_owned(),
        },
        reference: None,
        by: Principal::ClientCredentials,
        attribution: None,
    }
}

/// A payment that began with this operation.
pub(crate) fn payment(method: Method, first: Operation) -> Transaction {
    Transaction {
        id: first.id,
        method,
        card: CardSummary::default(),
        memo: None,
        custom_reference: None,
        save_for: None,
        capture: None,
        authorization_expires_at: None,
        by: Principal::ClientCredentials,
        shopper: None,
        created_at: first.created_at,
        updated_at: first.created_at,
        operations: vec![first],
        carried: Carried::default(),
    }
}
