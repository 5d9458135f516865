//! Pages that people finish: how long each may be, and all of them. Comments that people read:
//! their width, and the noun that they begin with.
//!
//! `cargo test -p local --test it words -- --nocapture` prints the words of each page.

use std::path::Path;

use crate::{pages::all_pages, references::texts};

/// Most words of a page that is read from top to bottom, without its closing tables: nine minutes
/// at 220 words a minute.
const WORDS_MAX: usize = 2_000;

/// Most words of all pages together.
const ALL_WORDS_MAX: usize = 75_000;

/// Widest line of a comment, in characters. Tables and drawings are as wide as they are.
const COMMENT_WIDTH_MAX: usize = 100;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The sections of a page, the text before the first heading included.
fn sections(page: &str) -> Vec<String> {
    let (mut sections, mut is_code) = (vec![String::new()], false);
    for line in page.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if !is_code && (line.starts_with("## ") || line.starts_with("### ")) {
            sections.push(String::new());
        }
        sections.last_mut().unwrap().extend([line, "\n"]);
    }
    sections
}

/// Whether most words of a section are in tables.
fn is_table(section: &str) -> bool {
    let in_tables: usize = section.lines().filter(|line| line.starts_with('|')).map(words).sum();
    2 * in_tables > words(section)
}

/// The words before the sections at the end of a page that are tables.
fn words_to_read(page: &str) -> usize {
    let sections = sections(page);
    let closing = sections.iter().skip(1).rev().take_while(|section| is_table(section)).count();
    sections.iter().take(sections.len() - closing).map(|section| words(section)).sum()
}

#[test]
fn no_page_and_not_all_of_them_are_longer_than_people_read() {
    let is_counted = |page: &str| page.starts_with("docs/") || !page.contains('/');
    let mut pages: Vec<_> = all_pages()
        .into_iter()
        .filter(|(page, _)| is_counted(page))
        .map(|(page, text)| (words_to_read(&text), words(&text), page))
        .collect();
    pages.sort_unstable();
    for (to_read, all, page) in &pages {
        println!("{to_read:6} {all:6} {page}");
    }
    let all: usize = pages.iter().map(|(_, all, _)| all).sum();
    println!("{all:13} in {} pages", pages.len());
    let long: Vec<_> = pages.iter().filter(|(to_read, _, _)| *to_read > WORDS_MAX).collect();
    assert!(long.is_empty(), "more than {WORDS_MAX} words: {long:?}");
    assert!(all <= ALL_WORDS_MAX, "{all} words in all pages, at most {ALL_WORDS_MAX}");
}

#[test]
fn only_tables_at_the_end_of_a_page_are_not_counted() {
    let table = "## Codes\n\nEach code.\n\n| a | b |\n|---|---|\n| one | two three four |\n";
    assert_eq!(words_to_read(&format!("# Page\n\nTwo words.\n{table}")), 4);
    assert_eq!(words_to_read(&format!("# Page\n\n{table}\n## Last\n\nNot a table.\n")), 2 + words(table) + 5);
    assert_eq!(words_to_read("# Page\n\n```sh\n## no heading\n```\n"), 2 + 5);
}

/// The comment that a line of Rust is, without its marks.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.strip_prefix(['/', '!']).unwrap_or(text).trim_start())
}

/// Why a line of a comment is hard to read.
fn fault(line: &str) -> Option<&'static str> {
    let text = comment(line)?;
    let is_drawn = text.starts_with(['|', '└', '├', '│']);
    if line.chars().count() > COMMENT_WIDTH_MAX && !is_drawn {
        return Some("wider than 100 characters");
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    ["What", "Whoever", "Whatever"].contains(&first).then_some("does not begin with its noun")
}

#[test]
fn a_comment_is_no_wider_than_people_read_and_begins_with_its_noun() {
    let all = texts();
    let files =
        all.iter().filter(|(file, _)| Path::new(file).extension().is_some_and(|extension| extension == "rs"));
    let lines = files.flat_map(|(file, text)| text.lines().enumerate().map(move |line| (file, line)));
    let faults: Vec<_> = lines
        .filter_map(|(file, (number, line))| Some(format!("{file}:{}: {}", number + 1, fault(line)?)))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn wide_comments_and_those_without_a_noun_are_noticed() {
    let wide = format!("    /// {}", "ab ".repeat(40));
    for line in [wide.as_str(), "/// What the gateway said.", "//! Whoever pays.", "// Whatever it is."] {
        assert!(fault(line).is_some(), "{line}");
    }
    let table = format!("//! | {}", "ab ".repeat(40));
    for line in [table.as_str(), "/// The gateway's response.", "let text = \"// What\";", "// Whatsoever."] {
        assert!(fault(line).is_none(), "{line}");
    }
}
