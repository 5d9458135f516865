//! `doctor --before-deletion`: whether a merchant's secret is still needed. Without it, nothing can be asked of the
//! gateway any more, and what is in doubt stays so.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tollgate::{
    lambda::App,
    order::MerchantId,
    store::{CAPTURE_SHARDS_MAX, IN_DOUBT_SHARDS, Index},
};

use super::Check;
use crate::{failure::Failure, place::Place};

/// Orders in one page of an index.
const PAGE: usize = 100;

pub(super) async fn check(place: &Place, id: &MerchantId) -> Check {
    let found = match place.app() {
        Ok(app) => needed(&app, id).await,
        Err(failure) => Err(failure),
    };
    Check::of(format!("deletion of {id}"), found)
}

async fn needed(app: &App, id: &MerchantId) -> Result<String, Failure> {
    let in_doubt = orders(app, id, Index::InDoubt, IN_DOUBT_SHARDS).await?;
    let captures = orders(app, id, Index::CapturesDue, CAPTURE_SHARDS_MAX).await?;
    if in_doubt.is_empty() && captures.is_empty() {
        return Ok("nothing is in doubt and no capture is scheduled".to_owned());
    }
    let first = in_doubt.iter().chain(&captures).next().map(String::as_str).unwrap_or_default();
    Err(Failure::Refused(format!(
        "orders with a payment in doubt: {}, orders with a scheduled capture: {}, the first one {first}. Keep the \
         secret until there are none; `tollgate merchant stop {id}` stops new payments",
        in_doubt.len(),
        captures.len()
    )))
}

/// The merchant's orders in an index, whenever they are due.
async fn orders(app: &App, id: &MerchantId, index: Index, shards: u16) -> Result<BTreeSet<String>, Failure> {
    // A century: an index has no end that could be named.
    let until = app.clock.now().checked_add(SignedDuration::from_hours(876_000)).unwrap_or(Timestamp::MAX);
    let mut found = BTreeSet::new();
    for shard in 0..shards {
        let mut after = None;
        loop {
            let page = app.payments.store.due(index, shard, until, after, PAGE).await;
            let page = page.map_err(|error| Failure::Unavailable(error.to_string()))?;
            found.extend(page.keys.into_iter().filter(|key| key.merchant == *id).map(|key| key.order.into()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(found)
}
