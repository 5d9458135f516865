//! Each reason for which a transaction needs attention.

use jiff::SignedDuration;
use tollgate_core::journal::AttentionReason;

use super::shop::{AMOUNT, Paid, Shop};
use crate::failure::Failure;

/// When an inquiry may be sent: the payment's own request cannot be running any more.
const ASKABLE_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// A scheduled capture is not tried again in its authorization's last hour.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_mins(30);

/// A settlement state that no document lists, and one that a person at the gateway decides.
const UNLISTED: &str = "Something New";
const UNDER_REVIEW: &str = "Amount Under Review";

pub(super) async fn happen(shop: &mut Shop<'_>, reason: AttentionReason) -> Result<(), Failure> {
    match reason {
        AttentionReason::InDoubtHour => in_doubt(shop, UNLISTED, SignedDuration::from_hours(1)).await,
        AttentionReason::InDoubtDay => in_doubt(shop, UNLISTED, SignedDuration::from_hours(24)).await,
        AttentionReason::UnderReview => in_doubt(shop, UNDER_REVIEW, SignedDuration::from_hours(72)).await,
        AttentionReason::VoidedElsewhere => {
            let paid = shop.authorize_for_later().await?;
            shop.void_in_the_portal(&paid).await?;
            shop.capture_now(&paid).await?;
            shop.run_captures().await
        }
        AttentionReason::SettlementRejected => {
            let paid = lost(shop).await?;
            shop.gateway_shows(&paid, "Rejected").await?;
            shop.later(ASKABLE_AFTER).await?;
            shop.confirm(&paid).await
        }
        AttentionReason::AuthorizationEnding => {
            let paid = shop.authorize_for_later().await?;
            shop.gateway_refuses_captures().await?;
            shop.reach_the_end_of(&paid, BEFORE_THE_END).await?;
            shop.run_captures().await
        }
        AttentionReason::Disputed => {
            let paid = shop.purchase().await?;
            shop.charge_back(&paid, &[AMOUNT]).await
        }
        AttentionReason::DisputeUnclear => {
            let paid = shop.purchase().await?;
            shop.reports_have_no_ids(&paid).await?;
            shop.charge_back(&paid, &[AMOUNT - 100, AMOUNT - 200]).await
        }
    }
}

/// A purchase that the gateway made, and whose response was lost.
async fn lost(shop: &mut Shop<'_>) -> Result<Paid, Failure> {
    shop.gateway_loses_a_response().await?;
    shop.purchase().await
}

/// A purchase is in doubt for this long, and stays so until a person decides it.
async fn in_doubt(shop: &mut Shop<'_>, setlstat: &str, time: SignedDuration) -> Result<(), Failure> {
    let paid = lost(shop).await?;
    shop.gateway_shows(&paid, setlstat).await?;
    shop.later(time).await?;
    shop.run_inquiries().await
}
