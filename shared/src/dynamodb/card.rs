//! A card as it is stored, with a transaction or in a customer's list.

use tollgate_core::values::{CardSummary, StoredCard};

use super::members::{Object, Read, Reader, Writer, stored};

stored! {
    CardSummary {
        brand: "br",
        last_four: "l4",
        expiry: "ex",
        token: "tk",
        stored: "sd",
    }
}

stored! {
    StoredCard {
        profile: "pf",
        account: "pa",
    }
}
