//! Where a part of a list ended, and the next one begins.

use std::fmt;

use jiff::{Timestamp, civil::Date};

use crate::journal::AgendaList;

/// The prefix of a cursor in a list that reads the index of orders that need attention first and
/// then goes on elsewhere.
const AGENDA_FIRST: &str = "agenda:";

/// Between the place before a payment and the place of one of its movements.
const WITHIN: &str = "#>";

/// Where a list goes on. A caller gets its text and sends it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::journal) enum Cursor<'a> {
    /// At the beginning. It has no text.
    Start,
    /// After an entry or an order, or at a moment: `2026-11-20T12:59:35.000Z#0b0c…`.
    Time(&'a str),
    /// After one movement of a payment, which a pointer leads to that comes after another place:
    /// `…Z#0b0c…#>…Z#0192…`.
    Movement {
        /// The place before the pointer.
        before: &'a str,
        /// Where the movement sorts.
        within: &'a str,
    },
    /// After an order in an index of orders: `open#…`, `past#…`, `due#…` or `paused#…`.
    Agenda(&'a str),
    /// The same, in a list that then goes on in the journal: `agenda:open#…`.
    AgendaFirst(&'a str),
}

impl<'a> Cursor<'a> {
    /// The cursor that a text states, or the beginning without a text; none if no list wrote it.
    pub(in crate::journal) fn read(text: Option<&'a str>) -> Option<Self> {
        let Some(text) = text else { return Some(Self::Start) };
        if !text.is_ascii() {
            return None;
        }
        if let Some(place) = text.strip_prefix(AGENDA_FIRST) {
            return AgendaList::of_sort_key(place).map(|_| Self::AgendaFirst(place));
        }
        if AgendaList::of_sort_key(text).is_some() {
            return Some(Self::Agenda(text));
        }
        let begin = text.split('#').next()?;
        let is_time = begin.parse::<Timestamp>().is_ok() || begin.parse::<Date>().is_ok();
        let cursor = match text.split_once(WITHIN) {
            Some((before, within)) => Self::Movement { before, within },
            None => Self::Time(text),
        };
        is_time.then_some(cursor)
    }

    /// The place after which a list in the order of time goes on.
    pub(in crate::journal) fn time(self) -> Option<&'a str> {
        if let Self::Time(place) = self { Some(place) } else { None }
    }

    /// The place after which a list in an index of orders goes on.
    pub(super) fn agenda(self) -> Option<&'a str> {
        if let Self::Agenda(place) | Self::AgendaFirst(place) = self { Some(place) } else { None }
    }
}

impl fmt::Display for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Time(place) | Self::Agenda(place) => f.write_str(place),
            Self::AgendaFirst(place) => write!(f, "{AGENDA_FIRST}{place}"),
            Self::Movement { before, within } => write!(f, "{before}{WITHIN}{within}"),
        }
    }
}

/// Whether a text can be where a part of some list ended.
pub fn is_cursor(text: &str) -> bool {
    Cursor::read(Some(text)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_moment_or_a_place_in_an_index_and_is_written_as_it_was_read() {
        let time = "2026-11-22T10:00:00.000Z";
        let entry = format!("{time}#0192");
        let movement = format!("{time}#0192#>{time}#0193");
        for (text, expected) in [
            (time, Some(Cursor::Time(time))),
            (&entry, Some(Cursor::Time(&entry))),
            (&movement, Some(Cursor::Movement { before: &entry, within: "2026-11-22T10:00:00.000Z#0193" })),
            ("agenda:open#2026", Some(Cursor::AgendaFirst("open#2026"))),
            ("due#2026", Some(Cursor::Agenda("due#2026"))),
            ("", None),
            ("o#t", None),
            ("agenda:", None),
            ("2026-11-22T10:00:00.000Z#\u{e9}", None),
            ("agenda:open#\u{e9}", None),
        ] {
            assert_eq!(Cursor::read(Some(text)), expected, "{text}");
            assert_eq!(is_cursor(text), expected.is_some(), "{text}");
            assert!(expected.is_none_or(|cursor| cursor.to_string() == text), "{text}");
        }
        assert_eq!(Cursor::read(None), Some(Cursor::Start));
    }
}
