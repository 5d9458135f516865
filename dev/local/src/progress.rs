//! The progress of long work: a bar on a terminal, and lines in output that goes elsewhere.

use std::{
    io::{IsTerminal as _, stdout},
    sync::atomic::{AtomicU64, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};

/// How many lines tell of one work.
const LINES: u64 = 10;

/// One kind of work on so many things.
pub struct Progress {
    what: &'static str,
    total: u64,
    bar: ProgressBar,
    /// How many lines there were, with those that were skipped.
    told: AtomicU64,
}

impl Progress {
    /// Shows nothing as done yet.
    pub fn new(what: &'static str, total: u64) -> Self {
        let style = ProgressStyle::with_template("{msg:12} {wide_bar} {pos}/{len} {per_sec} {eta}");
        let bar = ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { what, total, bar: bar.with_message(what), told: AtomicU64::new(0) }
    }

    /// Shows how many things are done by now.
    pub fn reach(&self, done: u64) {
        self.bar.set_position(done);
        // The bar is hidden where the errors' output is no terminal.
        if (self.bar.is_hidden() || !stdout().is_terminal())
            && let Some(line) = self.line(done)
        {
            println!("{line}");
        }
    }

    /// Leaves the bar as it is, full.
    pub fn finish(&self) {
        self.bar.finish();
    }

    /// The line about so many things; none until it is time for another line.
    fn line(&self, done: u64) -> Option<String> {
        let lines = done.saturating_mul(LINES) / self.total.max(1);
        let is_next = self.told.fetch_max(lines, Ordering::Relaxed) < lines;
        is_next.then(|| format!("{}: {done} of {}", self.what, self.total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(total: u64, reached: impl IntoIterator<Item = u64>) -> Vec<String> {
        let progress = Progress::new("captured", total);
        reached.into_iter().filter_map(|done| progress.line(done)).collect()
    }

    #[test]
    fn a_line_tells_of_each_tenth_once_and_the_last_one_of_all() {
        let told = lines(1_000, 1..=1_000);
        assert_eq!(told.len(), 10);
        assert_eq!((told[0].as_str(), told[9].as_str()), ("captured: 100 of 1000", "captured: 1000 of 1000"));
        assert_eq!(lines(3, [1, 1, 3]), ["captured: 1 of 3", "captured: 3 of 3"]);
        assert_eq!(lines(1_000, [0, 250, 250, 199]), ["captured: 250 of 1000"]);
        assert_eq!(lines(0, [0]), [""; 0]);
    }
}
