//! The drawings in `ARCHITECTURE.md` match the code: which module of a folder may use which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{LAYERED, edges, read, root, top, uses};

fn page() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The drawn folders, each with its layers from the inside out:
/// `journal: entry ← { facts totals } ← keep`.
fn drawn(page: &str) -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let line = |line: &str| {
        let (folder, layers) = line.split_once(": ").filter(|(_, layers)| layers.contains(" ← "))?;
        let names = |layer: &str| {
            layer
                .trim_matches(['{', '}', ' '])
                .split([',', ' '])
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Some((folder.to_owned(), layers.split(" ← ").map(names).collect()))
    };
    page.lines().filter_map(line).collect()
}

/// The modules of a folder and their uses of each other, each with all that is below it. `core` is
/// the package.
fn inside(folder: &str, all: &BTreeSet<(String, String)>, modules: &BTreeSet<String>) -> Inside {
    let of = |module: &str| match folder {
        "core" => Some(top(module)),
        _ => Some(top(module.strip_prefix(folder)?.strip_prefix('/')?)),
    };
    let names = modules.iter().filter_map(|module| of(module)).filter(|name| !name.is_empty());
    let names: BTreeSet<_> = names.collect();
    let uses = all.iter().filter_map(|(from, to)| Some((of(from)?, of(to)?)));
    // The core is used by modules of other packages, too.
    let is_inside = |(from, to): &(String, String)| from != to && names.contains(from) && names.contains(to);
    Inside { uses: uses.filter(is_inside).collect(), names }
}

struct Inside {
    names: BTreeSet<String>,
    uses: BTreeSet<(String, String)>,
}

impl Inside {
    /// The mistakes in a drawing of the code.
    fn mistakes(&self, layers: &[BTreeSet<String>]) -> Vec<String> {
        let layer_of = |name: &str| layers.iter().position(|layer| layer.contains(name));
        let missing = self.names.iter().filter(|name| layer_of(name).is_none());
        let missing = missing.map(|name| format!("{name} is not drawn"));
        let drawn = layers.iter().flatten();
        let unknown =
            drawn.filter(|name| !self.names.contains(*name)).map(|name| format!("there is no {name}"));
        let against = self.uses.iter().filter(|(from, to)| layer_of(from) <= layer_of(to));
        let against = against.map(|(from, to)| format!("{from} uses {to}"));
        missing.chain(unknown).chain(against).collect()
    }
}

#[test]
fn what_is_drawn_is_what_the_modules_use() {
    let packages = read(&LAYERED);
    let modules = |package: &uses::Package| package.modules.keys().cloned().collect::<BTreeSet<_>>();
    let all = edges(&packages);
    let page = drawn(&page());
    assert_eq!(page.keys().collect::<Vec<_>>(), ["core", "elastic_path", "journal", "settlement"]);
    for (folder, layers) in &page {
        let package = if folder == "elastic_path" { &packages[1] } else { &packages[0] };
        let found = inside(folder, &all, &modules(package));
        assert_eq!(found.mistakes(layers), Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn a_drawing_that_is_wrong_is_noticed() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let found = Inside { names: set(&["a", "b", "c"]), uses: [("b".to_owned(), "a".to_owned())].into() };
    let mistakes = |line: &str| found.mistakes(&drawn(line)["x"]);
    assert_eq!(mistakes("x: a ← { b c }"), Vec::<String>::new());
    assert_eq!(mistakes("x: b ← a ← c"), ["b uses a"]);
    assert_eq!(mistakes("x: { a, b } ← c"), ["b uses a"]);
    assert_eq!(mistakes("x: a ← b"), ["c is not drawn"]);
    assert_eq!(mistakes("x: a ← { b c } ← d"), ["there is no d"]);
}
