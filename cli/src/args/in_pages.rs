//! Every `tollgate …` that a page names, in a sentence or in a block, is a command line that there
//! is.

use std::{fs, path::Path};

use clap::{Command, CommandFactory};

use crate::args::Arguments;

/// The repository's pages with their names. The changelog names commands of its time.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> =
        ["docs", "events", "cardpointe-simulator"].iter().map(|folder| root.join(folder)).collect();
    let mut files = vec![root.join("README.md"), root.join("ARCHITECTURE.md"), root.join("CONTRIBUTING.md")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// The command lines of a page, without `tollgate`: inline code, and the lines of blocks that a
/// shell reads.
fn command_lines(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut prose = String::new();
    let mut rest = page.lines().map(str::trim_start);
    while let Some(line) = rest.next() {
        let Some(language) = line.strip_prefix("```") else {
            prose += line;
            prose += " ";
            continue;
        };
        let block: Vec<_> = rest.by_ref().take_while(|line| *line != "```").collect();
        if ["sh", "bash", "console"].contains(&language) {
            lines.extend(typed(&block));
        }
    }
    // Every second part is between backticks.
    let inline = prose.split('`').skip(1).step_by(2).map(str::to_owned);
    let all = lines.into_iter().chain(inline);
    all.filter_map(|line| line.strip_prefix("tollgate ").map(str::to_owned)).collect()
}

/// The commands of a block, each in one line. In a block with prompts, the lines without one are
/// output.
fn typed(block: &[&str]) -> Vec<String> {
    let has_prompts = block.iter().any(|line| line.starts_with("$ "));
    let mut commands: Vec<String> = Vec::new();
    for line in block {
        match (commands.last_mut(), line.strip_prefix("$ ")) {
            (Some(last), None) if last.ends_with('\\') => {
                last.pop();
                *last += line;
            }
            (_, Some(command)) => commands.push(command.to_owned()),
            (_, None) if has_prompts => {}
            (_, None) => commands.push((*line).to_owned()),
        }
    }
    commands
}

/// Values for the variables of pages.
const VARIABLES: [(&str, &str); 11] = [
    ("$TODAY", "2026-11-21"),
    ("$YESTERDAY", "2026-11-20"),
    ("$TOMORROW", "2026-11-22"),
    ("$MONTH", "2026-11"),
    ("$LAST_WEEK", "2026-11-14"),
    ("${YESTERDAY}", "2026-11-20"),
    ("${TOMORROW}", "2026-11-22"),
    ("$ORDER", "475d9b6b-8385-49a3-b57f-855c155d5d68"),
    ("$ID", "475d9b6b-8385-49a3-b57f-855c155d5d68"),
    ("$EXCEPTION", "475d9b6b-8385-49a3-b57f-855c155d5d68"),
    ("$RETREF", "324974244737"),
];

/// The words of a command line: quoted words are one, placeholders (`<id>`) are words, and a
/// variable is its value. A comment, a redirection or another command ends it.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    let own = |word: &String| ["#", ">", "|", "&&"].contains(&word.as_str());
    let words = words.into_iter().take_while(|word| !own(word)).filter(|word| !word.is_empty());
    let with_values =
        |word: String| VARIABLES.iter().fold(word, |word, (name, value)| word.replace(name, value));
    words.map(|word| with_values(word.replace(['<', '>'], ""))).collect()
}

/// Whether these words are a command's name and nothing else.
fn is_name(words: &[String], command: &Command) -> bool {
    let named = words.iter().try_fold(command, |command, word| command.find_subcommand(word));
    named.is_some()
}

#[test]
fn every_command_that_a_page_names_is_one_that_the_command_line_takes() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        for line in command_lines(&text) {
            checked += 1;
            let words = words(&line);
            if is_name(&words, &Arguments::command()) {
                continue;
            }
            let all = std::iter::once("tollgate").chain(words.iter().map(String::as_str));
            if let Err(error) = Arguments::command().try_get_matches_from(all) {
                wrong.push(format!("{page}: tollgate {line}\n{error}"));
            }
        }
    }
    assert!(checked > 60, "{checked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_line_is_read_as_a_shell_reads_it() {
    let page = "See `tollgate stop\n--dry-run`.\n```sh\n$ tollgate webhook test <id> \\\n    \"a b\"  # why\nother\n```\n";
    let lines = command_lines(page);
    assert_eq!(
        lines.iter().map(|line| words(line)).collect::<Vec<_>>(),
        [vec!["webhook", "test", "id", "a b"], vec!["stop", "--dry-run"],]
    );
    assert!(is_name(&words("merchant key add"), &Arguments::command()));
    assert!(!is_name(&words("merchant key borrow"), &Arguments::command()));
}
