//! Payments of others that an order's shop shows, as they are stored.

use tollgate_core::order::{ForeignPayments, PaidElsewhere};

use crate::dynamodb::members::{Object, Read, Reader, Writer, stored};

stored! {
    ForeignPayments {
        count: "count",
        since: "since",
        latest: "latest",
    }
}

stored! {
    PaidElsewhere {
        paid: "paid",
        given_back: "given_back",
        rows: "rows",
        since: "since",
    }
}
