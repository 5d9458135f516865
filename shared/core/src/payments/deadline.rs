//! How long a request may take, and the steps that still fit.

use std::time::Duration;

use tokio::time::Instant;

/// Longest wait for the gateway. The function ends after 29 s, API Gateway after 30 s, and the
/// gateway may work for longer (`WORKING_MAX`): waiting longer here would not bring its final
/// response either.
pub(crate) const GATEWAY_LIMIT: Duration = Duration::from_secs(20);

/// Time kept for saving the outcome and responding, after the gateway's response or its absence.
pub(super) const KEPT_FOR_OUTCOME: Duration = Duration::from_secs(4);

/// Time kept for saving and matching a report.
const KEPT_FOR_REPORT: Duration = Duration::from_secs(30);

/// With less than this left no inquiry is sent: one about a refund takes two look-ups, and its
/// result is saved.
pub(super) const INQUIRY_MIN: Duration = Duration::from_secs(8);

/// With less than this a request does not tell a shop of its payment: a schedule does.
const TELLING_MIN: Duration = Duration::from_secs(12);

/// Longest wait for a shop that is told of a payment.
const TELLING_LIMIT: Duration = Duration::from_secs(4);

/// With less than this a step is not sent: its answer would most likely be missed.
const TELLING_STEP_MIN: Duration = Duration::from_secs(1);

/// With less than this an operation is not sent: the response would most likely be missed.
pub(super) const SEND_MIN: Duration = Duration::from_secs(2);

/// When the caller's time is up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is this far away.
    pub fn after(left: Duration) -> Self {
        Self(Instant::now() + left)
    }

    /// The same, or this far away if that is sooner.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self(self.0.min(Instant::now() + limit))
    }

    /// How long the gateway may take from now, or none when it must not be called any more.
    pub(crate) fn gateway_limit(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        let limit = left.saturating_sub(KEPT_FOR_OUTCOME).min(GATEWAY_LIMIT);
        (limit >= SEND_MIN).then_some(limit)
    }

    /// How long reading a report may take from now: as long as is wanted, with time kept for saving
    /// and matching; none when no report must be begun any more.
    pub(crate) fn report_limit(self, wanted: Duration) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now()).saturating_sub(KEPT_FOR_REPORT);
        (left >= SEND_MIN).then_some(left.min(wanted))
    }

    /// How long work may take from now that leaves time to respond.
    pub(crate) fn work_limit(self) -> Duration {
        self.0.saturating_duration_since(Instant::now()).saturating_sub(SEND_MIN)
    }

    /// Whether there is time for more than returning the known state.
    pub(crate) fn leaves_time_to_respond(self) -> bool {
        self.0.saturating_duration_since(Instant::now()) >= SEND_MIN
    }

    /// Whether a request still tells a shop of its payment.
    pub(crate) fn leaves_time_to_tell(self) -> bool {
        self.0.saturating_duration_since(Instant::now()) >= TELLING_MIN
    }

    /// The deadline of everything that a request tells a shop.
    pub(crate) fn to_tell(self) -> Self {
        self.within(TELLING_LIMIT + SEND_MIN)
    }

    /// How long a shop may take that is told of a payment from now; none when it must not be told
    /// any more.
    pub(crate) fn telling_limit(self) -> Option<Duration> {
        let limit = self.work_limit().min(TELLING_LIMIT);
        (limit >= TELLING_STEP_MIN).then_some(limit)
    }

    /// Whether an inquiry still fits.
    pub(crate) fn leaves_time_to_inquire(self) -> bool {
        self.0.saturating_duration_since(Instant::now()) >= INQUIRY_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_called_or_told_has_just_enough_time_and_is_waited_for_no_longer_than_its_limit() {
        for (left, limit) in [
            (Duration::ZERO, None),
            (KEPT_FOR_OUTCOME + SEND_MIN.mul_f32(0.99), None),
            (KEPT_FOR_OUTCOME + SEND_MIN, Some(SEND_MIN)),
            (KEPT_FOR_OUTCOME + SEND_MIN * 2, Some(SEND_MIN * 2)),
            (KEPT_FOR_OUTCOME + GATEWAY_LIMIT * 2, Some(GATEWAY_LIMIT)),
        ] {
            assert_eq!(Deadline::after(left).gateway_limit(), limit, "{left:?}");
        }
        let (ms, wanted) = (Duration::from_millis, Duration::from_secs(20));
        let telling = [2_999, 3_000].map(|left| Deadline::after(ms(left)).telling_limit());
        assert_eq!(telling, [None, Some(ms(1_000))]);
        let reports = [31_999, 32_000].map(|left| Deadline::after(ms(left)).report_limit(wanted));
        assert_eq!(reports, [None, Some(ms(2_000))]);
    }
}
