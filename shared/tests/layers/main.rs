//! Dependencies point one way: a table lists the modules that each folder may use, and no two
//! modules use each other in a circle (`ARCHITECTURE.md`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod bodies;
mod drawing;
mod holes;
mod money;
mod shape;
mod states;
mod table;
mod uses;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use uses::{Package, uses};

/// The packages of the table, with their folders.
const LAYERED: [(&str, &str); 3] =
    [("tollgate_core", "shared/core"), ("tollgate", "shared"), ("tollgate_events", "shared/events")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(packages: &[(&str, &str)]) -> Vec<Package> {
    packages.iter().map(|(name, folder)| Package::read(name, &root().join(folder))).collect()
}

/// Which modules use which. Names of two packages do not collide: the table would be ambiguous.
fn edges(packages: &[Package]) -> BTreeSet<(String, String)> {
    uses(packages).into_iter().map(|((_, from), (_, to))| (from, to)).collect()
}

/// The folder of a module, or the module itself where it is at the top.
fn top(module: &str) -> String {
    module.split('/').next().unwrap_or_default().to_owned()
}

#[test]
fn a_folder_uses_only_what_the_table_allows_and_each_row_is_used() {
    let used: BTreeSet<(String, String)> = edges(&read(&LAYERED))
        .into_iter()
        .map(|(from, to)| (top(&from), top(&to)))
        .filter(|(from, to)| !from.is_empty() && !to.is_empty() && from != to)
        .collect();
    let allowed: BTreeSet<(String, String)> = table::MAY_USE
        .iter()
        .flat_map(|(from, names)| names.split_whitespace().map(|to| ((*from).to_owned(), to.to_owned())))
        .collect();
    let forbidden: Vec<_> = used.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "used, but not in the table: {forbidden:?}");
    let unused: Vec<_> = allowed.difference(&used).collect();
    assert!(unused.is_empty(), "in the table, but not used: {unused:?}");
}

/// Who names an adapter from outside, and is not start-up.
fn name_an_adapter(edges: &BTreeSet<(String, String)>) -> Vec<&(String, String)> {
    let is_wrong = |(from, to): &&(String, String)| {
        table::ADAPTERS.contains(&&*top(to))
            && top(from) != top(to)
            && !table::START_UP.contains(&&*top(from))
    };
    edges.iter().filter(is_wrong).collect()
}

#[test]
fn only_start_up_names_an_adapter() {
    assert_eq!(name_an_adapter(&edges(&read(&LAYERED))), Vec::<&(String, String)>::new());
    for (folder, uses) in table::MAY_USE.iter().filter(|(folder, _)| !table::START_UP.contains(folder)) {
        let adapters: Vec<_> =
            uses.split_whitespace().filter(|name| table::ADAPTERS.contains(name)).collect();
        assert!(adapters.is_empty(), "the table lets {folder} use {adapters:?}");
    }
}

#[test]
fn an_adapter_that_is_named_outside_start_up_is_noticed() {
    for adapter in table::ADAPTERS {
        for (folder, is_noticed) in [("elastic_path", true), ("app", true), (table::START_UP[0], false)] {
            let source = |path: String, text: String| (path, text);
            let package = Package::new(
                "tollgate",
                &[
                    source("lib.rs".to_owned(), String::new()),
                    source(format!("{adapter}.rs"), "mod inner;".to_owned()),
                    source(format!("{adapter}/inner.rs"), "use super::Adapter;".to_owned()),
                    source(format!("{folder}.rs"), "mod inner;".to_owned()),
                    source(format!("{folder}/inner.rs"), format!("fn f() {{ crate::{adapter}::call() }}")),
                ],
            );
            let edges = edges(&[package]);
            let expected = (format!("{folder}/inner"), (*adapter).to_owned());
            let expected: Vec<_> = is_noticed.then_some(&expected).into_iter().collect();
            assert_eq!(name_an_adapter(&edges), expected);
        }
    }
}

/// A folder that implements a port of the core is an adapter, and each adapter does.
#[test]
fn adapters_are_what_implements_a_port() {
    let packages = read(&LAYERED);
    let (core, outer) = packages.split_first().unwrap();
    let ports: BTreeSet<String> = core.modules.values().flat_map(uses::ports).collect();
    assert!(ports.contains("Gateway") && ports.contains("Merchants"), "{ports:?}");
    let found: BTreeSet<String> = outer
        .iter()
        .flat_map(|package| &package.modules)
        .filter(|(_, file)| uses::implemented(file).iter().any(|name| ports.contains(name)))
        .map(|(module, _)| top(module))
        .collect();
    let adapters: BTreeSet<String> = table::ADAPTERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, adapters);
}

/// Which gateway it is matters to no other package either.
#[test]
fn other_packages_name_the_gateways_adapter_only_where_the_table_says() {
    let packages: Vec<Package> =
        workspace().into_iter().map(|(name, folder)| Package::read(&name, &folder)).collect();
    let found: BTreeSet<(String, String)> = uses(&packages)
        .into_iter()
        .filter(|((from, _), (package, to))| {
            from != package && package == "tollgate" && top(to) == "cardpointe"
        })
        .map(|(from, _)| from)
        .collect();
    let allowed: BTreeSet<(String, String)> = table::NAME_THE_GATEWAY
        .iter()
        .map(|(name, module)| ((*name).to_owned(), (*module).to_owned()))
        .collect();
    assert_eq!(found, allowed);
}

/// The table allows no way around the layers: a module is below all that use it.
#[test]
fn the_table_has_no_circle() {
    let edges = table::MAY_USE
        .iter()
        .flat_map(|(from, names)| names.split_whitespace().map(|to| ((*from).to_owned(), to.to_owned())))
        .collect();
    assert_eq!(circles(&edges), Vec::<Vec<String>>::new());
}

#[test]
fn no_two_modules_of_a_package_use_each_other_in_a_circle() {
    let found: Vec<(String, Vec<Vec<String>>)> = workspace()
        .into_iter()
        .map(|(name, folder)| {
            let circles = circles_at_each_level(&edges(&[Package::read(&name, &folder)]));
            (name, circles)
        })
        .filter(|(_, circles)| !circles.is_empty())
        .collect();
    assert_eq!(found, []);
}

/// Circles between modules of one parent, each taken with all that is below it. A module and the
/// modules below it may use each other: they are one subject. Any circle of single modules is one
/// of these, too, below the parent that its modules share.
fn circles_at_each_level(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let mut levels: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, to) in edges {
        let (from, to): (Vec<_>, Vec<_>) = (from.split('/').collect(), to.split('/').collect());
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        if shared < from.len() && shared < to.len() {
            let below = |path: &[&str]| path[..=shared].join("/");
            levels.entry(from[..shared].join("/")).or_default().insert((below(&from), below(&to)));
        }
    }
    levels.values().flat_map(circles).collect()
}

/// Every package of the workspace, with its folder.
fn workspace() -> Vec<(String, PathBuf)> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let packages: Vec<_> = members.split('"').skip(1).step_by(2).flat_map(folders).map(package).collect();
    assert!(packages.iter().any(|(name, _)| name == "tollgate"), "{packages:?}");
    packages
}

/// The folders that a member of the workspace names: `functions/*` is each folder there.
fn folders(member: &str) -> Vec<PathBuf> {
    match member.strip_suffix("/*") {
        Some(parent) => {
            fs::read_dir(root().join(parent)).unwrap().map(|entry| entry.unwrap().path()).collect()
        }
        None => vec![root().join(member)],
    }
}

/// The package in a folder, under the name that its sources know it by.
fn package(folder: PathBuf) -> (String, PathBuf) {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
    (name.trim_matches('"').replace('-', "_"), folder)
}

/// Modules that reach each other, each group once.
fn circles(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
    }
    let reached = |from: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(module) = open.pop() {
            for to in next.get(module.as_str()).into_iter().flatten() {
                if seen.insert((*to).to_owned()) {
                    open.push((*to).to_owned());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&str, BTreeSet<String>> = next.keys().map(|from| (*from, reached(from))).collect();
    let circle = |from: &str| -> Vec<String> {
        let back = |to: &&String| reach.get(to.as_str()).is_some_and(|reach| reach.contains(from));
        reach[from].iter().filter(back).cloned().collect()
    };
    let groups: BTreeSet<Vec<String>> = reach.keys().map(|from| circle(from)).collect();
    groups.into_iter().filter(|group| group.len() > 1).collect()
}
