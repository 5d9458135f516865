//! The gateway's records by reference.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::settlement::{Line, PackKey, PackedLines};

/// The records of one reference.
#[derive(Debug, Default)]
pub(super) struct KnownLine {
    pub(super) line: Line,
    /// The UTC day of the journal's entry; none for a reference that the journal does not know.
    pub(super) day: Option<Date>,
}

/// Lines from packs. Before and after the journal knew a payment, its line can be in two.
#[derive(Debug, Default)]
pub(super) struct KnownLines {
    pub(super) by_reference: BTreeMap<String, KnownLine>,
    /// Packs of further lines that cannot be read.
    pub(super) bad: BTreeSet<PackKey>,
}

impl KnownLines {
    pub(super) fn add(&mut self, packs: impl IntoIterator<Item = (PackKey, PackedLines)>) {
        for (pack, packed) in packs {
            for line in packed.lines {
                let known = self.by_reference.entry(line.reference.clone()).or_default();
                known.line.reference.clone_from(&line.reference);
                known.line.add(line);
                known.day = known.day.or(pack.day);
            }
            if packed.is_unreadable {
                self.bad.insert(pack);
            }
        }
    }
}
