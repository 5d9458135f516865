//! Which end of a range is read first.

/// In which order entries with a time are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadOrder {
    /// From the end of the range back to its beginning.
    #[default]
    NewestFirst,
    /// From its beginning on.
    OldestFirst,
}

impl ReadOrder {
    /// How two texts follow each other that sort by their times.
    pub fn compare(self, one: &str, other: &str) -> std::cmp::Ordering {
        match self {
            Self::NewestFirst => other.cmp(one),
            Self::OldestFirst => one.cmp(other),
        }
    }
}
