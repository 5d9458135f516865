//! How long the rules wait before a finding counts.
//!
//! No inquiry is sent while an operation's own request may still be running, because its response
//! says more than an inquiry, which returns no letters of the address or the security code.

use jiff::SignedDuration;

/// How long the request behind a pending operation is taken to be still running: a function ends
/// after 29 s.
pub const STILL_RUNNING: SignedDuration = SignedDuration::from_secs(30);

/// How long an operation is in doubt before a person has to look: inquiries are an hour apart at
/// most.
pub const IN_DOUBT_TOO_LONG: SignedDuration = SignedDuration::from_hours(1);

/// Before this, no trace of an operation says nothing: it may take 29 s until it is sent, the
/// gateway may work on it for as long again (`WORKING_MAX`), and both with time to spare.
pub(crate) const ABSENCE_COUNTS_AFTER: SignedDuration = SignedDuration::from_secs(95);

/// The same for a refund: one that is paid twice cannot be voided, so its repetition waits longer.
pub(crate) const REFUND_ABSENCE_COUNTS_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How far apart the two times must be that the gateway shows no trace of an operation.
pub(crate) const INQUIRED_TWICE_APART: SignedDuration = SignedDuration::from_secs(60);

/// When an operation that was given up as absent is looked for once more.
pub(super) const LAST_LOOK_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// When it is looked for after that, counted from when the attempt was sent: an operation that the
/// gateway processes late is found before the next settlements are over.
pub(super) const LATER_LOOKS_AFTER: [SignedDuration; 2] =
    [SignedDuration::from_hours(24), SignedDuration::from_hours(72)];

/// How soon the next part of a look follows that is about many attempts.
pub(super) const NEXT_PART_AFTER: SignedDuration = SignedDuration::from_mins(1);
