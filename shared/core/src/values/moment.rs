//! Moments as texts that are in the order of their times.

use jiff::Timestamp;

/// Where the entries of this moment begin in an index: RFC 3339 in UTC with milliseconds, always as
/// long, so that the order of the texts is the order of the times.
pub fn sort_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
