//! How far an account's reports were read, and which days are still to be read.

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::journal::day_of;

/// How far an account's reports were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The gateway account (MID).
    pub account: String,
    /// When it was found first.
    pub known_at: Timestamp,
    /// When recent days were read last; none before the first time.
    pub read_at: Option<Timestamp>,
    /// The earliest day to read; none before the first run.
    pub from: Option<Date>,
    /// Days that are to be read, beside the recent ones: those that were never read, could not be
    /// read, are read again, or that a person wants. By day.
    pub unread: Vec<UnreadDay>,
    /// The last day on which days of the weeks before were put among these.
    pub looked_back_on: Option<Date>,
    /// Whether the gateway offers deposits for the account; none as long as it is not known.
    pub funding: Option<bool>,
    /// The last UTC day on which the journal was found to have entries of the account.
    pub used_on: Option<Date>,
}

/// A day that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadDay {
    /// The Eastern day.
    pub day: Date,
    /// Since when.
    pub since: Timestamp,
    /// Why it could not be read; none if that was not tried yet.
    pub cause: Option<String>,
}

/// For how many days after its last entry an account is read that its merchant's document does not
/// name any more: so late come chargebacks and their reversals.
pub const READ_AFTER_USE_DAYS: i64 = 200;

impl Progress {
    /// Whether something may still come for the account, even if the merchant's document does not
    /// name it.
    pub fn may_be_reported(&self, today: Date) -> bool {
        let last = self.used_on.unwrap_or_else(|| day_of(self.known_at));
        today <= last.saturating_add(READ_AFTER_USE_DAYS.days())
    }

    /// For how many seconds the account, or one of its days, is waiting to be read; of one that
    /// never was, since it has been known.
    pub fn unread_s(&self, now: Timestamp) -> i64 {
        let since = self.read_at.unwrap_or(self.known_at);
        let since = self.unread.iter().map(|one| one.since).fold(since, Timestamp::min);
        now.duration_since(since).as_secs()
    }

    /// Of an account that was never read.
    pub fn new(account: &str, now: Timestamp) -> Self {
        Self { account: account.to_owned(), known_at: now, ..Self::default() }
    }

    /// Notes that a day is to be read, and why it could not be. It waits since it was noted first.
    pub fn want(&mut self, day: Date, now: Timestamp, cause: Option<String>) {
        match self.unread.binary_search_by_key(&day, |one| one.day) {
            Ok(n) => self.unread[n].cause = cause.or(self.unread[n].cause.take()),
            Err(n) => self.unread.insert(n, UnreadDay { day, since: now, cause }),
        }
    }

    /// Notes that a day was read.
    pub(crate) fn done(&mut self, day: Date) {
        self.unread.retain(|one| one.day != day);
    }
}
