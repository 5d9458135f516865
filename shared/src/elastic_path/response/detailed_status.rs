//! `payment_details.detailed_status`, and the reasons of operations that were not requested.

use jiff::Timestamp;

use tollgate_core::{
    order::{CaptureStanding, Cause, Transaction},
    words,
};

words! {
    /// Why an operation exists that was not requested: its `reason`.
    pub enum VoidReason {
        /// A void instead of a refund, because the payment had not settled.
        RefundBeforeSettlement => "refund_before_settlement",
        /// The gateway approved less than the amount.
        PartialApproval => "partial_approval",
        /// The merchant does not accept the AVS result.
        AvsMismatch => "avs_mismatch",
        /// The merchant does not accept the CVV result.
        CvvMismatch => "cvv_mismatch",
        /// The approval arrived after the payment was given up.
        LateApproval => "late_approval",
        /// The gateway showed the payment as voided.
        VoidedElsewhere => "voided_elsewhere",
        /// A second charge of the same payment.
        Duplicate => "twin",
    }
}

words! {
    /// `payment_details.detailed_status`. A voided payment has its [`VoidReason`] there, if it has
    /// one.
    pub enum DetailedStatus {
        /// There is nothing to say beyond the status.
        Nothing => "",
        /// The outcome is not known yet.
        AwaitingGateway => "awaiting_gateway",
        /// Voided on request, so that there is no [`VoidReason`].
        Voided => "voided",
        /// The issuer's hold is over, as far as can be told.
        AuthorizationExpired => "authorization_expired",
        /// The issuer's hold ends soon.
        AuthorizationExpiring => "authorization_expiring",
        /// The scheduled capture was declined.
        CaptureDeclined => "capture_declined",
        /// The scheduled capture is tried again.
        CaptureRetrying => "capture_retrying",
    }
}

/// Why an operation exists that was not requested.
pub(in crate::elastic_path) fn reason(cause: Cause) -> Option<VoidReason> {
    match cause {
        Cause::Requested | Cause::Unrecognized => None,
        Cause::RefundBeforeSettlement => Some(VoidReason::RefundBeforeSettlement),
        Cause::PartialApproval => Some(VoidReason::PartialApproval),
        Cause::AvsMismatch => Some(VoidReason::AvsMismatch),
        Cause::CvvMismatch => Some(VoidReason::CvvMismatch),
        Cause::LateApproval => Some(VoidReason::LateApproval),
        Cause::Elsewhere => Some(VoidReason::VoidedElsewhere),
        Cause::Duplicate => Some(VoidReason::Duplicate),
    }
}

/// The detail of a transaction's status.
pub(in crate::elastic_path) fn detailed_status(transaction: &Transaction, now: Timestamp) -> &'static str {
    if let Some(void) = transaction.voided().filter(|_| transaction.pending().is_none()) {
        return reason(void.cause).map_or(DetailedStatus::Voided.as_str(), VoidReason::as_str);
    }
    let status = match transaction.capture_standing() {
        _ if transaction.pending().is_some() => DetailedStatus::AwaitingGateway,
        _ if transaction.has_expired(now) => DetailedStatus::AuthorizationExpired,
        Some(CaptureStanding::Lapsed) => DetailedStatus::AuthorizationExpired,
        Some(CaptureStanding::Stopped) => DetailedStatus::CaptureDeclined,
        Some(CaptureStanding::Retrying) => DetailedStatus::CaptureRetrying,
        _ if transaction.is_expiring(now) => DetailedStatus::AuthorizationExpiring,
        Some(CaptureStanding::Waiting) | None => DetailedStatus::Nothing,
    };
    status.as_str()
}
