//! The switch of the change that is made, compiled into the package whose expressions are changed.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// One more than there are.
const CHANGES: usize = 1;

/// The number of the change, from the environment.
static CHANGE: LazyLock<usize> =
    LazyLock::new(|| std::env::var("MUTANTS_CHANGE").ok().and_then(|number| number.parse().ok()).unwrap_or(0));

/// Where the numbers of the switches are written that are passed.
static PASSED: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("MUTANTS_PASSED")?;
    OpenOptions::new().create(true).append(true).open(path).ok()
});

static SEEN: [AtomicBool; CHANGES] = [const { AtomicBool::new(false) }; CHANGES];

/// Whether a change is made.
pub(crate) fn on(number: usize) -> bool {
    if let Some(mut file) = PASSED.as_ref()
        && !SEEN[number].swap(true, Ordering::Relaxed)
    {
        // One write per number: tests end without closing anything.
        file.write_all(format!("{number}\n").as_bytes()).expect("writable");
    }
    *CHANGE == number
}
