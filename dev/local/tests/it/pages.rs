//! Every command on the pages runs on a fresh stack, and prints what its page shows. The README and the tutorial,
//! which a reader goes through on one running stack, run on one.
//!
//! A block marked `bash` is a script that has to succeed. A block marked `console` is a transcript:
//! lines that begin with `$ ` are commands, and what follows is their output, in which `…` matches anything, and ids,
//! times and references may differ. What needs AWS, Docker or a build is marked `sh` and is not run.

mod session;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use transcript::{Block, Names, blocks, fenced, steps};

use self::session::Session;

/// Runs pages from their top to their end, one after the other, in one shell.
fn run(pages: &[&str]) {
    let mut session = Session::start();
    for page in pages {
        run_page(&mut session, page);
    }
}

fn run_page(session: &mut Session, page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(page)).unwrap();
    let mut names = Names::default();
    let mut commands = 0;
    for block in blocks(&text) {
        match block {
            Block::Script(script) => {
                commands += 1;
                let (printed, status) = session.run(&script, true);
                assert_eq!(status, 0, "{page}:\n{script}\nprinted:\n{printed}");
            }
            Block::Transcript(steps) => {
                for step in steps {
                    commands += 1;
                    let (printed, status) = session.run(&names.actual(&step.command), false);
                    let what = format!("{page}:\n$ {}", step.command);
                    if step.shown.is_empty() {
                        assert_eq!(status, 0, "{what}\nprinted:\n{printed}");
                    }
                    if let Err(pattern) = names.compare(&step.shown, &printed) {
                        panic!("{what}\nshown:\n{}\nprinted:\n{printed}\npattern:\n{pattern}", step.shown);
                    }
                }
            }
        }
    }
    assert!(commands > 0, "{page} has no command");
}

/// Makes a test of each page, or of several on one stack, and a list of all.
macro_rules! pages {
    ($($test:ident: $($page:literal)+,)*) => {
        /// The pages that are run here.
        const HERE: &[&str] = &[$($($page),+),*];

        $(
            #[test]
            fn $test() {
                run(&[$($page),+]);
            }
        )*
    };
}

pages! {
    the_order_api_page_runs: "docs/api.md",
    the_page_on_retries_runs: "docs/retries.md",
    the_page_on_search_runs: "docs/search.md",
    the_credit_card_api_page_runs: "docs/credit-card.md",
    the_errors_page_runs: "docs/errors.md",
    the_readme_and_then_the_tutorial_run: "README.md" "docs/tutorial.md",
    the_page_on_scheduled_capture_runs: "docs/scheduled-capture.md",
    the_page_on_events_runs: "docs/events.md",
    the_page_on_sample_events_runs: "events/README.md",
}

/// The pages that `cli/tests/it/page.rs` runs.
const BY_THE_COMMAND_LINE: [&str; 3] = ["docs/cli.md", "docs/finance.md", "docs/operations.md"];

/// Every page of the repository, by its path from the root.
pub(crate) fn all_pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = Vec::new();
    for folder in [
        "",
        "docs",
        "docs/internals",
        "docs/reference",
        "events",
        "cardpointe-simulator",
        "cardpointe-simulator/docs",
    ] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let page = Path::new(folder).join(path.file_name().unwrap());
                pages.push((page.to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    pages
}

#[test]
fn every_page_with_commands_to_be_run_is_run() {
    let with_commands: BTreeSet<_> =
        all_pages().into_iter().filter(|(_, text)| !blocks(text).is_empty()).map(|(page, _)| page).collect();
    let run: BTreeSet<_> = HERE.iter().chain(&BY_THE_COMMAND_LINE).map(|page| (*page).to_owned()).collect();
    assert_eq!(with_commands, run, "what has console and bash blocks (left), what is run (right)");
}

/// What needs AWS or minutes can still be read by the shell.
#[test]
fn what_is_not_run_is_read_by_the_shell_all_the_same() {
    let (mut wrong, mut scripts) = (Vec::new(), 0);
    for (page, text) in all_pages() {
        for (_, lines) in fenced(&text).into_iter().filter(|(language, _)| *language == "sh") {
            scripts += 1;
            // Within a list they are indented. With a prompt, the other lines are what is printed.
            let lines: Vec<_> = lines.iter().map(|line| line.trim_start()).collect();
            let typed = lines.iter().any(|line| line.starts_with("$ ")).then(|| steps(&lines));
            let script = typed.map_or_else(
                || lines.join("\n"),
                |steps| steps.into_iter().map(|step| step.command).collect::<Vec<_>>().join("\n"),
            );
            let read = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
            if !read.status.success() {
                wrong.push(format!("{page}: {script}\n{}", String::from_utf8_lossy(&read.stderr)));
            }
        }
    }
    assert!(scripts > 20 && wrong.is_empty(), "{scripts}: {wrong:#?}");
}
