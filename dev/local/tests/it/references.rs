//! Every file and heading that a page or a comment names exists.

#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "names in the repository are lower case"
)]

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use regex::Regex;

use crate::docs::section;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The repository's text files, by their path from its root.
pub(crate) fn texts() -> HashMap<String, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "not a clone");
    let names = String::from_utf8(listed.stdout).unwrap();
    let text = |name: &str| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?));
    names.lines().filter_map(text).collect()
}

/// A heading as GitHub names it in an address.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(page: &str) -> HashSet<String> {
    let mut fenced = false;
    let mut found = HashSet::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && line.starts_with('#') {
            found.insert(anchor(&line.trim_start_matches('#').replace('`', "")));
        }
    }
    found
}

/// `a/b/../c` is `a/c`. Files are compared by name, so nothing is looked up on the disk.
fn joined(folder: &Path, path: &str) -> String {
    let mut parts = Vec::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_str().unwrap().to_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

/// The description of the APIs has links, too, and patterns, whose parentheses hold brackets or
/// bars.
#[test]
fn every_link_of_a_page_leads_somewhere() {
    let texts = texts();
    let mut broken = Vec::new();
    let mut count = 0;
    let has_links = |name: &str| name.ends_with(".md") || name == "docs/openapi.yaml";
    for (name, text) in texts.iter().filter(|(name, _)| has_links(name)) {
        for Link { path, heading } in links(name, text) {
            count += 1;
            let there = root().join(&path).exists();
            let heads = heading.is_empty() || anchors(texts.get(&path).map_or("", |t| t)).contains(&heading);
            if !there || !heads {
                broken.push(format!("{name}: {path}#{heading}"));
            }
        }
    }
    broken.sort();
    assert!(count > 100 && broken.is_empty(), "of {count} links:\n{}", broken.join("\n"));
}

/// A link to a file of the repository.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    /// The file, by its path from the root.
    pub(crate) path: String,
    /// The heading as in an address; empty where the link leads to the whole file.
    heading: String,
}

/// The links of a page that lead to files of the repository.
pub(crate) fn links(page: &str, text: &str) -> Vec<Link> {
    let link = Regex::new(r"\]\(([^)\s\[|]+)\)").unwrap();
    let folder = Path::new(page).parent().unwrap();
    let targets = link.captures_iter(text).map(|found| found[1].to_owned());
    let of_files = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    let link = of_files.map(|target| {
        let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
        let path = if path.is_empty() { page.to_owned() } else { joined(folder, path) };
        Link { path, heading: heading.to_owned() }
    });
    link.collect()
}

/// Questions of people who have just read the README, and where the answer stands.
const ASKED_AT_FIRST: [(&str, &str, &str); 3] = [
    ("how do I refund", "docs/api.md", "refund"),
    ("does my deposit add up", "docs/settlement.md", "deposits"),
    ("what does it cost with my volume", "docs/performance.md", "what-it-costs-with-your-volume"),
];

/// Most links of the README: more are no choice.
const README_LINKS_MAX: usize = 25;

#[test]
fn two_links_lead_from_the_readme_to_what_people_ask_at_first() {
    let texts = texts();
    let first = links("README.md", &texts["README.md"]);
    assert!(first.len() <= README_LINKS_MAX, "{} links: {first:#?}", first.len());
    let second: Vec<_> =
        first.iter().filter_map(|link| Some(links(&link.path, texts.get(&link.path)?))).flatten().collect();
    for (question, path, heading) in ASKED_AT_FIRST {
        let answer = Link { path: path.to_owned(), heading: heading.to_owned() };
        assert!(first.contains(&answer) || second.contains(&answer), "{question}: {answer:?}");
    }
}

/// Examples, a file that is absent on purpose, and the files of the gateway's vendor that
/// `docs/cardpointe.md` cites.
const NOT_OURS: [&str; 8] = [
    "foo.rs",
    "mod.rs",
    "rust-toolchain.toml",
    "/openapi.yaml",
    "docs/APIs/",
    "docs/changelog/",
    "docs/documentation/",
    "reference/",
];

/// Pages, sources and data that comments name with a path or only with their name.
#[test]
fn every_file_that_a_comment_or_a_page_names_exists() {
    let texts = texts();
    let named = Regex::new(r"`([\w./-]+\.(?:md|rs|yaml|json|py|toml))`|\b((?:docs/)?[\w-]+\.md)\b").unwrap();
    let comment = Regex::new(r"^\s*(?://|#)|^\s*\*").unwrap();
    let exists = |name: &str| {
        let below = format!("/{name}");
        texts.keys().any(|path| path == name || path.ends_with(&below))
    };
    let mut missing = Vec::new();
    for (name, text) in &texts {
        let is_page = name.ends_with(".md");
        if name == "CHANGELOG.md" || !(is_page || name.ends_with(".rs") || name.ends_with(".yaml")) {
            continue;
        }
        for line in text.lines().filter(|line| is_page || comment.is_match(line)) {
            for found in named.captures_iter(line) {
                let file = found.get(1).or(found.get(2)).unwrap().as_str();
                if NOT_OURS.iter().any(|start| file.starts_with(start)) {
                    continue;
                }
                if !exists(file.trim_start_matches("./")) {
                    missing.push(format!("{name}: {file}"));
                }
            }
        }
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Each invariant of `ARCHITECTURE.md` names tests that hold it.
#[test]
fn every_invariant_names_tests_that_there_are() {
    let texts = texts();
    let section = section(&texts["ARCHITECTURE.md"], "## Invariants");
    let start = Regex::new(r"(?m)^\d+\. ").unwrap();
    let test = Regex::new(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`").unwrap();
    let invariants: Vec<_> = start.split(section).skip(1).collect();
    assert!(invariants.len() > 5, "{}", invariants.len());
    for invariant in invariants {
        let named: Vec<_> = test.captures_iter(invariant).map(|found| found[1].to_owned()).collect();
        assert!(!named.is_empty(), "no test holds:\n{invariant}");
        for name in named {
            let function = format!("fn {name}(");
            let is_there =
                |(path, text): (&String, &String)| path.ends_with(".rs") && text.contains(&function);
            assert!(texts.iter().any(is_there), "there is no test {name}, named in:\n{invariant}");
        }
    }
}
