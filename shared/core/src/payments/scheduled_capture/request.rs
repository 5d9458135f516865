//! The scope of one run of the schedule.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    order::{MerchantId, OrderId},
    payments::{CAPTURE_SHARDS_MAX, Index},
};

/// The captures that an invocation is to make. Nothing stated: all that are due.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureRequest {
    /// Only report the captures, and make none.
    #[serde(default)]
    pub dry_run: bool,
    /// Only this order's captures.
    pub order_id: Option<OrderId>,
    /// Only this merchant's captures.
    pub merchant_id: Option<MerchantId>,
    /// Only these partitions of the index, each below [`CAPTURE_SHARDS_MAX`].
    #[serde(default, deserialize_with = "partitions")]
    pub shards: Option<Vec<u16>>,
    /// Only a share of the partitions, so that several invocations split the work.
    #[serde(default, deserialize_with = "Share::optional")]
    pub part: Option<Share>,
}

/// One of several equal shares of the work.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Which, from 0 to one less than there are.
    pub index: u16,
    /// Of how many; at least one.
    pub of: u16,
}

impl Share {
    /// Reads a share that an event may state.
    pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let share = Option::<Self>::deserialize(deserializer)?;
        // A part that does not exist would do nothing, minute after minute, without a word.
        if share.is_some_and(|share| share.index >= share.of) {
            return Err(D::Error::custom("part.index must be less than part.of"));
        }
        Ok(share)
    }
}

fn partitions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u16>>, D::Error> {
    let shards = Option::<Vec<u16>>::deserialize(deserializer)?;
    if shards.iter().flatten().any(|shard| *shard >= CAPTURE_SHARDS_MAX) {
        return Err(D::Error::custom(format!("shards are 0 to {}", CAPTURE_SHARDS_MAX - 1)));
    }
    Ok(shards)
}

/// How a deployment runs its captures.
#[derive(Clone, Copy, Debug)]
pub struct CaptureSettings {
    /// Partitions of the index that are written to.
    pub shards: u16,
    /// Captures under way at a time in one run. Protects the gateway.
    pub concurrency: usize,
}

/// The partitions that a run looks into.
pub(super) fn shards(request: &CaptureRequest, settings: CaptureSettings, now: jiff::Timestamp) -> Vec<u16> {
    let is_own = |shard: &u16| request.part.is_none_or(|part| shard % part.of == part.index);
    let all = || Index::CapturesDue.shards(settings.shards, now, is_own);
    request.shards.clone().unwrap_or_else(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    const SETTINGS: CaptureSettings = CaptureSettings { shards: 16, concurrency: 1 };

    #[test]
    fn every_partition_has_its_turn_to_be_the_first() {
        let request = CaptureRequest { part: Some(Share { index: 1, of: 4 }), ..CaptureRequest::default() };
        let runs: Vec<Vec<u16>> = (1..5).map(|minute| shards(&request, SETTINGS, at(minute * 60))).collect();
        let firsts: BTreeSet<u16> = runs.iter().map(|run| run[0]).collect();
        assert_eq!(firsts, BTreeSet::from([1, 5, 9, 13]));
        for run in runs {
            assert_eq!(run.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([1, 5, 9, 13]));
        }
    }

    #[test]
    fn what_was_scheduled_when_there_were_more_partitions_is_found_within_the_hour() {
        let of = |second| shards(&CaptureRequest::default(), SETTINGS, at(second)).len();
        assert_eq!((of(3599), of(3600), of(3659), of(3660)), (16, 256, 256, 16));
    }

    #[test]
    fn partitions_that_are_named_are_the_only_ones() {
        let request = CaptureRequest { shards: Some(vec![7]), ..CaptureRequest::default() };
        assert_eq!(shards(&request, SETTINGS, at(0)), [7]);
    }

    #[test]
    fn a_request_that_would_capture_nothing_is_refused() {
        let read = |text: &str| serde_json::from_str::<CaptureRequest>(text);
        for (text, parts) in [
            ("{}", None),
            (r#"{"shards": null}"#, None),
            (r#"{"shards": [3, 255]}"#, Some(vec![3, 255])),
            (r#"{"part": {"index": 1, "of": 2}}"#, None),
        ] {
            assert_eq!(read(text).unwrap().shards, parts, "{text}");
        }
        for (text, why) in [
            (r#"{"shards": [256]}"#, "shards are 0 to 255"),
            (r#"{"part": {"index": 2, "of": 2}}"#, "part.index must be less than part.of"),
            (r#"{"part": {"index": 0, "of": 0}}"#, "part.index must be less than part.of"),
            (r#"{"part": {"index": 3, "of": 2}}"#, "part.index must be less than part.of"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(why), "{text}");
        }
    }
}
