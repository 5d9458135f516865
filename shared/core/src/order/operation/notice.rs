//! Notices to a merchant about an operation, kept with it so that each is told once.

use jiff::Timestamp;

use super::Operation;
use crate::{values::Carried, words};

words! {
    /// Why a merchant is notified.
    pub enum NoticeReason {
        /// It has been in doubt for an hour.
        InDoubtHour => "hour",
        /// It has been in doubt for a day.
        InDoubtDay => "day",
        /// Its settlement has been under review, or not stated, for three days.
        UnderReview => "review",
        /// The scheduled capture failed and is not tried again before its authorization ends, or it
        /// is held back.
        AuthorizationEnding => "ending",
        _ => Unrecognized,
    }
}

/// A notice: why, about which attempt, and when it was put on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The reason of the notice.
    pub reason: NoticeReason,
    /// The attempt's number. A doubt about another attempt is another doubt.
    pub attempt: u32,
    /// When the notice was stored with the operation.
    pub at: Timestamp,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl Operation {
    /// Whether the merchant was notified of this about the latest attempt.
    pub fn is_notified(&self, reason: NoticeReason) -> bool {
        self.notices.iter().any(|notice| notice.reason == reason && notice.attempt == self.attempt.number)
    }

    pub(crate) fn notify(&mut self, reason: NoticeReason, now: Timestamp) {
        let attempt = self.attempt.number;
        self.notices.push(Notice { reason, attempt, at: now, carried: Carried::default() });
    }
}
