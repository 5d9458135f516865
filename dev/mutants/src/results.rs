//! The outcomes so far, written as they come, so that a run that was ended goes on where it was.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use crate::changes::Change;
use crate::tests_of::{Noticed, Outcome};

/// File, function and change.
type Key = [String; 3];

type Known = BTreeMap<Key, Noticed>;

fn key(file: &str, change: &Change) -> Key {
    [file.to_owned(), change.function.clone(), change.what.clone()]
}

fn read(path: &Path) -> Known {
    let text = fs::read_to_string(path).unwrap_or_default();
    // The last line of a run that was ended may be half of one.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn line(of: (&Key, &Noticed)) -> String {
    serde_json::to_string(&of).expect("texts are JSON") + "\n"
}

/// A file of outcomes.
pub(crate) struct Results {
    known: Mutex<(Known, File)>,
    /// Of other sources.
    before: Known,
}

impl Results {
    /// Those of the same sources. Of others, only which test noticed a change. `digest` tells them
    /// apart.
    pub(crate) fn open(folder: &Path, digest: &str) -> Result<Self, Box<dyn Error>> {
        let (of, path, earlier) = (folder.join("digest"), folder.join("results"), folder.join("before"));
        let (mut known, mut before) = (read(&path), read(&earlier));
        if !fs::read_to_string(&of).is_ok_and(|there| there == digest) {
            before.append(&mut known);
            fs::write(&earlier, before.iter().map(line).collect::<String>())?;
            fs::write(&path, "")?;
            fs::write(&of, digest)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { known: Mutex::new((known, file)), before })
    }

    /// The test that has noticed a change in other sources: it is likely to notice it again.
    pub(crate) fn likely(&self, file: &str, change: &Change) -> Option<&str> {
        self.before.get(&key(file, change))?.1.as_deref()
    }

    pub(crate) fn of(&self, file: &str, change: &Change) -> Option<Outcome> {
        self.known.lock().expect("unpoisoned").0.get(&key(file, change)).map(|(outcome, _)| *outcome)
    }

    /// The outcome, and the test that failed.
    pub(crate) fn shown(&self, file: &str, change: &Change) -> String {
        match self.known.lock().expect("unpoisoned").0.get(&key(file, change)) {
            Some((_, Some(test))) => format!("{test} fails"),
            Some((outcome, None)) => format!("{outcome:?}"),
            None => "not made yet".to_owned(),
        }
    }

    pub(crate) fn add(&self, file: &str, change: &Change, noticed: Noticed) {
        let key = key(file, change);
        let (known, file) = &mut *self.known.lock().expect("unpoisoned");
        file.write_all(line((&key, &noticed)).as_bytes()).expect("a writable folder");
        known.insert(key, noticed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::Package;

    #[test]
    fn of_other_sources_only_the_test_that_noticed_a_change_is_known() {
        let folder = std::env::temp_dir().join(format!("mutants-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let package = Package::of_texts(&[("a.rs", "fn f(a: u8) -> bool { a < 2 }")]);
        let (_, change) = package.changes().next().unwrap();
        let open = |digest| Results::open(&folder, digest).unwrap();
        open("1").add("a.rs", change, (Outcome::ATestFails, Some("t".to_owned())));
        let of = |results: &Results| {
            (results.of("a.rs", change), results.likely("a.rs", change).map(str::to_owned))
        };
        assert_eq!(of(&open("1")), (Some(Outcome::ATestFails), None));
        for digest in ["2", "3"] {
            assert_eq!(of(&open(digest)), (None, Some("t".to_owned())), "{digest}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
