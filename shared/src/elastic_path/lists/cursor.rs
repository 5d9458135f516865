//! Where a list goes on, for a client to send back: signed, so that it cannot be changed.
//!
//! A cursor is signed with the merchant's token signing key, over the merchant, the filter, the
//! range and the place. So it needs no table, and no other merchant can use it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{journal::is_cursor, payments::Merchant};

use crate::access_token::HandedOut;

/// How long a cursor is valid: a day's work.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// Longest cursor that is looked at; ours have about 200 characters.
const MAX_CHARS: usize = 1_024;

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::elastic_path) struct Cursor {
    /// The range of the list, which was perhaps relative to the time of its first part.
    pub(in crate::elastic_path) since: Timestamp,
    pub(in crate::elastic_path) until: Timestamp,
    /// Where the last part ended.
    pub(in crate::elastic_path) after: String,
}

impl Cursor {
    /// The cursor for this merchant's list by this filter.
    pub(in crate::elastic_path) fn sealed(
        &self,
        merchant: &Merchant,
        filter: &str,
        now: Timestamp,
    ) -> String {
        let expires = (now + LIFETIME).as_second();
        let Self { since, until, after } = self;
        let text = format!("{expires} {} {} {after}", since.as_millisecond(), until.as_millisecond());
        let mut bytes = HandedOut::Cursor(&signed(filter, &text)).sign(merchant);
        bytes.extend(text.bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The content of a cursor; `None` if it is not this merchant's for this filter, or no longer
    /// valid.
    pub(in crate::elastic_path) fn opened(
        merchant: &Merchant,
        filter: &str,
        cursor: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let bytes = Some(cursor).filter(|cursor| cursor.len() <= MAX_CHARS)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).ok()?;
        let (signature, text) = bytes.split_at_checked(SIGNATURE_BYTES)?;
        let text = std::str::from_utf8(text).ok()?;
        if !HandedOut::Cursor(&signed(filter, text)).is_signed(merchant, signature) {
            return None;
        }
        let mut parts = text.splitn(4, ' ');
        let mut number = || parts.next()?.parse::<i64>().ok();
        let (expires, since, until) = (number()?, number()?, number()?);
        let moment = |ms| Timestamp::from_millisecond(ms).ok();
        let cursor = Self { since: moment(since)?, until: moment(until)?, after: parts.next()?.to_owned() };
        (now.as_second() < expires && is_cursor(&cursor.after)).then_some(cursor)
    }
}

/// The text of a cursor has no line break.
fn signed(filter: &str, text: &str) -> String {
    format!("{text}\n{filter}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_payments::merchant;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_cursor_is_good_for_its_merchant_its_filter_and_its_day_and_no_other() {
        let [own, other] = ["m", "other"].map(|id| merchant(id, &serde_json::json!({})));
        let after = "2026-11-20T12:59:35.000Z#0b0c".to_owned();
        let position = Cursor { since: at(0), until: at(500), after };
        let cursor = position.sealed(&own, "eq(status,complete)", at(600));
        let opened = |merchant: &Merchant, filter: &str, cursor: &str, second| {
            Cursor::opened(merchant, filter, cursor, at(second))
        };
        assert_eq!(opened(&own, "eq(status,complete)", &cursor, 86_999), Some(position.clone()));
        assert_eq!(opened(&own, "eq(status,complete)", &cursor, 87_000), None, "stale");
        assert_eq!(opened(&own, "eq(status,failed)", &cursor, 601), None, "another filter");
        // The same signing key does not help.
        assert_eq!(opened(&other, "eq(status,complete)", &cursor, 601), None, "foreign");
        for n in 0..cursor.len() {
            let mut forged = cursor.clone();
            let one = if &cursor[n..=n] == "A" { "B" } else { "A" };
            forged.replace_range(n..=n, one);
            let opened = opened(&own, "eq(status,complete)", &forged, 601);
            assert_eq!(opened, None, "character {n}");
        }
        for text in ["", "A", "%", &"A".repeat(50), &"A".repeat(2_000)] {
            assert_eq!(opened(&own, "", text, 601), None, "{text}");
        }
        let not_a_cursor = Cursor { after: "x".to_owned(), ..position };
        assert_eq!(opened(&own, "", &not_a_cursor.sealed(&own, "", at(0)), 1), None);
    }
}
