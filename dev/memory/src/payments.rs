use tollgate_core::{
    order::{
        CaptureTerms, Dispute, DisputeKind, Fingerprint, Initiative, Kind, LineId, NewOperation, Operation,
        Pay, PaymentKind, Principal, Route, Transaction,
    },
    values::{Amount, CardSummary, Instrument},
};
use uuid::Uuid;

/// A merchant's request for an amount, in minor units.
pub fn new_operation(id: Uuid, kind: Kind, minor: u64) -> NewOperation {
    NewOperation {
        id,
        kind,
        amount: Amount::new(minor).expect("an amount within the limits"),
        fingerprint: Fingerprint([0; 16]),
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

/// A minimal request for a payment. Without an amount it is for the amount that the order owes.
pub fn pay(kind: PaymentKind, amount: Option<Amount>) -> Pay {
    Pay {
        kind,
        amount,
        card: CardSummary::default(),
        standalone: None,
        references: Box::default(),
        save_for: None,
        lacks_postcode: false,
        source_is_known: false,
        capture: CaptureTerms::default(),
        shopper: None,
        initiative: Initiative::default(),
    }
}

/// A report of a dispute about 5.00.
pub fn dispute(kind: DisputeKind, case: &str) -> Dispute {
    Dispute {
        kind,
        line: LineId::Stated("1".to_owned()),
        case: case.to_owned(),
        number: None,
        amount: Amount::new(500).expect("an amount within the limits"),
        day: None,
        reason_code: None,
        reason: None,
        acquirer_reference: None,
        deposit: None,
        changed_on: None,
    }
}
