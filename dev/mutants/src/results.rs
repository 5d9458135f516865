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

/// A file of outcomes.
pub(crate) struct Results {
    known: Mutex<(Known, File)>,
}

impl Results {
    /// Those of the same sources; of others, none. `digest` tells them apart.
    pub(crate) fn open(folder: &Path, digest: &str) -> Result<Self, Box<dyn Error>> {
        let (of, path) = (folder.join("digest"), folder.join("results"));
        if !fs::read_to_string(&of).is_ok_and(|there| there == digest) {
            fs::write(&path, "")?;
            fs::write(&of, digest)?;
        }
        let mut known = Known::new();
        for line in fs::read_to_string(&path)?.lines() {
            // The last line of a run that was ended may be half of one.
            if let Ok((key, noticed)) = serde_json::from_str(line) {
                known.insert(key, noticed);
            }
        }
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { known: Mutex::new((known, file)) })
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
        let line = serde_json::to_string(&(&key, &noticed)).expect("texts are JSON") + "\n";
        let (known, file) = &mut *self.known.lock().expect("unpoisoned");
        file.write_all(line.as_bytes()).expect("a writable folder");
        known.insert(key, noticed);
    }
}
