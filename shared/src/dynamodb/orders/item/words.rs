//! The words of closed vocabularies of an order, each beside what it means.

use tollgate_core::{
    order::{
        operation::{Cause, HandVerdict, Kind, Mechanism, NoticeReason, Principal, Stage},
        outcome::Doubt,
        transaction::PaymentKind,
    },
    payments::store::StoreError,
    values::charged::FeeKind,
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

pub(super) const CAUSES: Vocabulary<Cause> = &[
    (Cause::Requested, "requested"),
    (Cause::RefundBeforeSettlement, "refund_before_settlement"),
    (Cause::PartialApproval, "partial_approval"),
    (Cause::AvsMismatch, "avs_mismatch"),
    (Cause::CvvMismatch, "cvv_mismatch"),
    (Cause::LateApproval, "late_approval"),
    (Cause::Duplicate, "duplicate"),
    (Cause::Elsewhere, "elsewhere"),
];

pub(super) const MECHANISMS: Vocabulary<Mechanism> =
    &[(Mechanism::Automatic, "automatic"), (Mechanism::Manual, "manual")];

pub(super) const PRINCIPALS: Vocabulary<Principal> =
    &[(Principal::ClientCredentials, "c"), (Principal::Implicit, "i"), (Principal::Schedule, "s")];

pub(super) const DOUBTS: Vocabulary<Doubt> = &[
    (Doubt::NoResponse, "no_response"),
    (Doubt::Unreadable, "unreadable"),
    (Doubt::GatewayLostTrack, "gateway_lost_track"),
    (Doubt::AmountDiffers, "amount_differs"),
    (Doubt::Incomplete, "incomplete"),
    (Doubt::StateDiffers, "state_differs"),
    (Doubt::Duplicate, "duplicate"),
];

pub(super) const FEE_KINDS: Vocabulary<FeeKind> =
    &[(FeeKind::Surcharge, "surcharge"), (FeeKind::Convenience, "convenience")];

pub(super) const VERDICTS: Vocabulary<HandVerdict> =
    &[(HandVerdict::Done, "done"), (HandVerdict::NotDone, "not_done")];

pub(super) const NOTICE_REASONS: Vocabulary<NoticeReason> = &[
    (NoticeReason::InDoubtHour, "hour"),
    (NoticeReason::InDoubtDay, "day"),
    (NoticeReason::UnderReview, "review"),
    (NoticeReason::AuthorizationEnding, "ending"),
];

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
        is_complete(METHODS, Some(PaymentKind::Unrecognized), PaymentKind::Unrecognized as usize);
        is_complete(KINDS, Some(Kind::Unrecognized), Kind::Unrecognized as usize);
        is_complete(STAGES, Some(Stage::Unrecognized), Stage::Unrecognized as usize);
        is_complete(CAUSES, Some(Cause::Unrecognized), Cause::Unrecognized as usize);
        is_complete(MECHANISMS, Some(Mechanism::Unrecognized), Mechanism::Unrecognized as usize);
        is_complete(PRINCIPALS, Some(Principal::Unrecognized), Principal::Unrecognized as usize);
        is_complete(DOUBTS, Some(Doubt::Unrecognized), Doubt::Unrecognized as usize);
        is_complete(FEE_KINDS, Some(FeeKind::Unrecognized), FeeKind::Unrecognized as usize);
        is_complete(VERDICTS, Some(HandVerdict::Unrecognized), HandVerdict::Unrecognized as usize);
        is_complete(NOTICE_REASONS, Some(NoticeReason::Unrecognized), NoticeReason::Unrecognized as usize);
    }
}
