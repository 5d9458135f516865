//! `payment_details.detailed_status`, and the reasons of operations that were not requested.

use jiff::Timestamp;

use tollgate_core::order::{CaptureStanding, Cause, Transaction};
use tollgate_wire::{DetailedStatus, VoidReason};

/// Why an operation exists that was not requested.
pub(in crate::elastic_path) fn reason(cause: Cause) -> Option<VoidReason> {
    match cause {
        Cause::Requested | Cause::Unrecognized => None,
        Cause::RefundBeforeSettlement => Some(VoidReason::RefundBeforeSettlement),
        Cause::PartialApproval => Some(VoidReason::PartialApproval),
        Cause::AvsMismatch => Some(VoidReason::AvsMismatch),
        Cause::CvvMismatch => Some(VoidReason::CvvMismatch),
        Cause::LateApproval => Some(VoidReason::LateApproval),
        Cause::OrderClosed => Some(VoidReason::OrderClosed),
        Cause::Overpaid => Some(VoidReason::Overpaid),
        Cause::OrderRefused => Some(VoidReason::OrderRefused),
        Cause::Elsewhere => Some(VoidReason::VoidedElsewhere),
        Cause::Duplicate => Some(VoidReason::Duplicate),
    }
}

/// The detail of a transaction's status.
pub(in crate::elastic_path) fn detailed_status(transaction: &Transaction, now: Timestamp) -> DetailedStatus {
    if let Some(void) = transaction.voided().filter(|_| transaction.pending().is_none()) {
        return reason(void.cause).map_or(DetailedStatus::Voided, Into::into);
    }
    match transaction.capture_standing() {
        _ if transaction.pending().is_some() => DetailedStatus::AwaitingGateway,
        _ if transaction.has_expired(now) => DetailedStatus::AuthorizationExpired,
        Some(CaptureStanding::Lapsed) => DetailedStatus::AuthorizationExpired,
        Some(CaptureStanding::Stopped) => DetailedStatus::CaptureDeclined,
        Some(CaptureStanding::Retrying) => DetailedStatus::CaptureRetrying,
        _ if transaction.is_expiring(now) => DetailedStatus::AuthorizationExpiring,
        Some(CaptureStanding::Waiting) | None => DetailedStatus::Nothing,
    }
}
