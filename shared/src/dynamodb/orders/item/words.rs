//! The words of closed vocabularies of an order, each beside what it means.

use tollgate_core::{
    order::{
        operation::{Kind, Principal, Stage},
        transaction::PaymentKind,
    },
    payments::store::StoreError,
};

use crate::dynamodb::{
    members::{Name, Reader},
    words::{Vocabulary, meaning},
};

pub(super) const METHODS: Vocabulary<PaymentKind> =
    &[(PaymentKind::Authorize, "a"), (PaymentKind::Purchase, "p")];

pub(super) const KINDS: Vocabulary<Kind> = &[
    (Kind::Authorize, "a"),
    (Kind::Purchase, "p"),
    (Kind::Capture, "c"),
    (Kind::Refund, "r"),
    (Kind::Void, "v"),
];

pub(super) const STAGES: Vocabulary<Stage> =
    &[(Stage::Pending, "p"), (Stage::Approved, "a"), (Stage::Declined, "d"), (Stage::NoEffect, "n")];

pub(super) const PRINCIPALS: Vocabulary<Principal> =
    &[(Principal::ClientCredentials, "c"), (Principal::Implicit, "i"), (Principal::Schedule, "s")];

/// Reads the principal that requested something; none where the member is absent.
pub(super) fn read_principal(members: &mut Reader, name: Name) -> Result<Option<Principal>, StoreError> {
    members.word(name, Principal::Unrecognized, |word| meaning(PRINCIPALS, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::words::tests::is_complete;

    #[test]
    fn every_value_has_a_word_of_its_own_and_reads_back_from_it() {
        is_complete(METHODS, PaymentKind::Unrecognized, PaymentKind::Unrecognized as usize);
        is_complete(KINDS, Kind::Unrecognized, Kind::Unrecognized as usize);
        is_complete(STAGES, Stage::Unrecognized, Stage::Unrecognized as usize);
        is_complete(PRINCIPALS, Principal::Unrecognized, Principal::Unrecognized as usize);
    }
}
