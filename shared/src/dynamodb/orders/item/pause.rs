//! A pause of an order's captures, and a move of one capture, as they are stored.

use tollgate_core::order::{CaptureMove, Pause, Resumed};

use crate::dynamodb::members::{Object, Read, Reader, Writer, stored};

stored! {
    Pause {
        at: "at",
        by: "by",
        resumed: "resumed",
        ..carried
    }
}

stored! {
    CaptureMove {
        transaction: "transaction",
        at: "at",
        by: "by",
        to: "to",
        ..carried
    }
}

stored! {
    Resumed {
        at: "at",
        by: "by",
    }
}
