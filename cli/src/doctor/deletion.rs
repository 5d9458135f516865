//! `doctor --before-deletion`: whether a merchant's secret is still needed. Without it, no inquiry
//! can be sent to the gateway any more, and payments in doubt stay so.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use tollgate::ports::Job;
use tollgate_core::{
    order::{MerchantId, OrderKey},
    payments::{CAPTURE_SHARDS_MAX, DueQuery, IN_DOUBT_SHARDS_MAX, Index, Refusal, StoreError},
};

use super::Check;
use crate::{failure::Failure, installation::Installation};

/// Orders in one page of an index.
const PAGE: usize = 100;

/// Payments in doubt are looked at every hour or more often.
const LONGEST_DOUBT: SignedDuration = SignedDuration::from_hours(24);

/// An index has no end that could be named.
const CENTURY: SignedDuration = SignedDuration::from_hours(876_000);

pub(super) async fn check(installation: &Installation, id: &MerchantId) -> Check {
    let found = match installation.job() {
        Ok(job) => needed(&job, id).await,
        Err(failure) => Err(failure),
    };
    Check::of(format!("deletion of {id}"), found)
}

async fn needed(job: &Job, id: &MerchantId) -> Result<String, Failure> {
    let mut in_doubt = orders(job, id, Index::InDoubt, IN_DOUBT_SHARDS_MAX, LONGEST_DOUBT).await?;
    let captures = orders(job, id, Index::CapturesDue, CAPTURE_SHARDS_MAX, CENTURY).await?;
    // The index also holds orders that only wait for their personal data to be deleted, which needs
    // no secret.
    for key in in_doubt.clone() {
        match job.payments.order(&key).await {
            Ok(order) if order.next_inquiry_at().is_none() => {
                in_doubt.remove(&key);
            }
            // Something of an order that cannot be read may be in doubt.
            Ok(_) | Err(Refusal::Store(StoreError::Corrupt(_))) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    if in_doubt.is_empty() && captures.is_empty() {
        return Ok("nothing is in doubt and no capture is scheduled".to_owned());
    }
    let first = in_doubt.iter().chain(&captures).next().map(|key| key.order.to_string()).unwrap_or_default();
    Err(Failure::Refused(format!(
        "orders with a payment in doubt: {}, orders with a scheduled capture: {}, the first one {first}. Keep the \
         secret until there are none; `tollgate merchant stop {id}` stops new payments",
        in_doubt.len(),
        captures.len()
    )))
}

/// The merchant's orders in an index that are due within a time.
async fn orders(
    job: &Job,
    id: &MerchantId,
    index: Index,
    shards: u16,
    within: SignedDuration,
) -> Result<HashSet<OrderKey>, Failure> {
    let until = job.payments.clock.now().checked_add(within).unwrap_or(Timestamp::MAX);
    let mut found = HashSet::new();
    for shard in 0..shards {
        let mut after = None;
        loop {
            let query = DueQuery { index, shard, until, after, limit: PAGE };
            let page = job.payments.store.due(query).await;
            let page = page.map_err(|error| Failure::Unavailable(error.to_string()))?;
            let keys = page.orders.into_iter().map(|order| order.key);
            found.extend(keys.filter(|key| key.merchant == *id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(found)
}
