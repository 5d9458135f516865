//! How often six lines are in two places. Repeated code is changed in one place and forgotten in
//! the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::root;

/// Equal lines that make a pair of places.
const LINES: usize = 6;

/// Lines that stand in more places than this are a form that everything of a kind has.
const PLACES_MAX: usize = 8;

/// Pairs that there are. One more is a reason to write the shared code once; one less lowers this.
const PAIRS: usize = 11;

/// A line in its file.
struct Line {
    number: usize,
    text: String,
}

/// The lines that can be the same by more than their form: neither comments nor imports, signatures
/// nor lone punctuation.
fn lines_of(source: &str) -> Vec<Line> {
    let (mut lines, mut is_import) = (Vec::new(), false);
    for (number, text) in (1..).zip(source.lines().map(str::trim)) {
        let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
        is_import |= begins(&["use ", "pub use ", "pub(crate) use ", "mod "]);
        let visible = text.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let is_signature =
            visible.trim_start_matches("async ").starts_with("fn ") || begins(&["&self,", ") -> ", "#["]);
        let is_form = begins(&["//"]) || (begins(&["}"]) && text.ends_with('{')) || text.ends_with("=> {");
        if !is_import && !is_signature && !is_form && text.contains(char::is_alphanumeric) {
            lines.push(Line { number, text: text.to_owned() });
        }
        is_import &= !text.ends_with(';');
    }
    lines
}

/// Every source below a folder, except build output.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy();
        if entry.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            sources(&entry, found);
        } else if name.ends_with(".rs") {
            found.push(entry);
        }
    }
}

#[test]
fn no_more_places_share_six_lines_than_did() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    files.sort();
    let files: Vec<_> =
        files.into_iter().map(|path| (lines_of(&fs::read_to_string(&path).unwrap()), path)).collect();
    let mut places: BTreeMap<Vec<&str>, Vec<(usize, usize)>> = BTreeMap::new();
    for (file, (lines, _)) in files.iter().enumerate() {
        for (first, window) in lines.windows(LINES).enumerate() {
            let window = window.iter().map(|line| line.text.as_str()).collect();
            places.entry(window).or_default().push((file, first));
        }
    }
    // A longer run is one pair: its windows have the same distance.
    let mut pairs = BTreeMap::new();
    for places in places.values().filter(|places| places.len() <= PLACES_MAX) {
        for (n, one) in places.iter().enumerate() {
            for other in &places[n + 1..] {
                let run = (one.0, other.0, other.1.abs_diff(one.1), other.1 > one.1);
                pairs.entry(run).or_insert((one, other));
            }
        }
    }
    let place = |&(file, line): &(usize, usize)| {
        let path = files[file].1.strip_prefix(root()).unwrap();
        format!("{}:{}", path.display(), files[file].0[line].number)
    };
    let told: BTreeSet<_> =
        pairs.values().map(|(one, other)| format!("{} and {}", place(one), place(other))).collect();
    assert_eq!(pairs.len(), PAIRS, "{told:#?}");
}
