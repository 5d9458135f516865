//! A pause of an order's captures as it is stored.

use tollgate_core::order::{Pause, Resumed};

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
    Resumed {
        at: "at",
        by: "by",
    }
}
