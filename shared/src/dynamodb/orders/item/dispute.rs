//! A chargeback or a reversal as it is stored.

use tollgate_core::order::{Dispute, RecordedDispute};

use crate::dynamodb::members::{Object, Read, Reader, Writer, stored};

stored! {
    Dispute {
        kind: "kind",
        line: "id",
        case: "case",
        number: "number",
        amount: "a",
        day: "day",
        reason_code: "reason_code",
        reason: "reason",
        acquirer_reference: "arn",
        deposit: "deposit",
        changed_on: "changed_on",
    }
}

stored! {
    RecordedDispute |recorded, to, from| {
        dispute: (recorded.dispute.write(&(), to), Dispute::read(&(), from)?),
        at: "w",
        ..carried
    }
}
