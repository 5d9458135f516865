//! Every command on the pages runs as it is typed, from the top of a page to its end, on a stack on
//! which the README's commands were run before, and prints the output that its page shows.
//!
//! A block marked `bash` is a script that has to succeed. A block marked `console` is a transcript:
//! lines that begin with `$ ` are commands, and the other lines are their output, in which `…`
//! matches anything, and ids, times and references may differ. A block that needs AWS, Docker or a
//! build, or does not end, is marked `sh` and is not run.

pub(crate) mod session;

use std::{collections::BTreeSet, fs, path::Path, process::Command, sync::LazyLock};

use regex::Regex;
use transcript::{Block, Names, blocks, fenced, steps};

use self::session::Session;
use crate::{openapi::OPENAPI, references::texts};

/// The input at a prompt: shown on the page, but not printed by the command.
static TYPED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)( to go on: )([^ \n]+)$").unwrap());

/// Runs the README and then pages, in one shell.
fn run(pages: &[&str], month: bool) {
    let mut session = Session::start(month);
    for page in [&[README], pages].concat() {
        run_page(&mut session, page);
    }
}

fn run_page(session: &mut Session, page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    run_text(session, page, &fs::read_to_string(root.join(page)).unwrap());
}

/// Runs the commands of a page, and compares their output with the page's.
pub(crate) fn run_text(session: &mut Session, page: &str, text: &str) {
    let mut names = Names::default();
    let mut commands = 0;
    for block in blocks(text) {
        match block {
            Block::Script(script) => {
                commands += 1;
                let (printed, status) = session.run(&script, None, true);
                assert_eq!(status, 0, "{page}:\n{script}\nprinted:\n{printed}");
            }
            Block::Transcript(steps) => {
                for step in steps {
                    commands += 1;
                    let typed = TYPED.captures(&step.shown).map(|typed| typed[2].to_owned());
                    let shown = TYPED.replace_all(&step.shown, "$1");
                    let (printed, status) = session.run(&step.command, typed.as_deref(), false);
                    let what = format!("{page}:\n$ {}", step.command);
                    if shown.is_empty() {
                        assert_eq!(status, 0, "{what}\nprinted:\n{printed}");
                    }
                    if let Err(pattern) = names.compare(&shown, &printed) {
                        panic!("{what}\nshown:\n{shown}\nprinted:\n{printed}\npattern:\n{pattern}");
                    }
                }
            }
        }
    }
    assert!(commands > 0, "{page} has no command");
}

/// Makes a test of each page, and a list of all.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        /// The pages that are run here.
        const HERE: &[&str] = &[$($page),*];

        $(
            #[test]
            fn $test() {
                run(&[$page], false);
            }
        )*
    };
}

const README: &str = "README.md";
/// Pages whose merchant is that of the sample month, which takes longer to make than they to run.
const WITH_MONTH: [&str; 2] = ["docs/people.md", "docs/settlement.md"];

#[test]
fn the_pages_on_people_and_settlement_run() {
    run(&WITH_MONTH, true);
}

pages! {
    the_order_api_page_runs: "docs/api.md",
    the_page_on_retries_runs: "docs/retries.md",
    the_credit_card_api_page_runs: "docs/credit-card.md",
    the_errors_page_runs: "docs/errors.md",
    the_page_on_scheduled_capture_runs: "docs/scheduled-capture.md",
    the_page_on_events_runs: "docs/events.md",
    the_page_on_merchants_runs: "docs/merchants.md",
    the_page_on_webhooks_runs: "docs/webhooks.md",
    the_page_of_commands_runs: "docs/cli.md",
    the_run_books_run: "docs/run-book.md",
    the_page_on_sample_events_runs: "events/README.md",
}

/// The page that `cli/tests/it/page.rs` runs, because it needs days of payments.
const BY_THE_COMMAND_LINE: &str = "docs/reports.md";
/// The page that `skill.rs` runs, because it begins on a stack that nobody has used.
pub(crate) const BY_ITSELF: &str = "docs/skills/add-card-payments/SKILL.md";

/// Every page of the repository, by its path from the root.
pub(crate) fn all_pages() -> Vec<(String, String)> {
    let is_page =
        |(path, _): &(String, String)| Path::new(path).extension().is_some_and(|extension| extension == "md");
    texts().into_iter().filter(is_page).collect()
}

#[test]
fn every_page_with_commands_to_be_run_is_run() {
    let with_commands: BTreeSet<_> =
        all_pages().into_iter().filter(|(_, text)| !blocks(text).is_empty()).map(|(page, _)| page).collect();
    let run: BTreeSet<_> = HERE
        .iter()
        .chain(&WITH_MONTH)
        .chain(&[README, BY_THE_COMMAND_LINE, BY_ITSELF])
        .map(|page| (*page).to_owned())
        .collect();
    assert_eq!(with_commands, run, "what has console and bash blocks (left), what is run (right)");
}

/// A block that needs AWS or minutes can still be read by the shell.
#[test]
fn what_is_not_run_is_read_by_the_shell_all_the_same() {
    let (mut wrong, mut scripts) = (Vec::new(), 0);
    for (page, text) in all_pages() {
        for (_, lines) in fenced(&text).into_iter().filter(|(language, _)| *language == "sh") {
            scripts += 1;
            // Within a list they are indented. With a prompt, the other lines are the output.
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

/// The description of the APIs shows responses, as a page does.
#[test]
fn the_versions_in_samples_are_this_one() {
    let sample = Regex::new(
        r#""version":"([0-9]+\.[0-9.]+)|\bv([0-9]+\.[0-9.]+) payments=|\{version: ([0-9]+\.[0-9.]+)"#,
    )
    .unwrap();
    let mut shown = 0;
    let pages = all_pages().into_iter().filter(|(page, _)| page != "CHANGELOG.md");
    for (page, text) in pages.chain([("docs/openapi.yaml".to_owned(), OPENAPI.to_owned())]) {
        for found in sample.captures_iter(&text) {
            let version = found.iter().skip(1).flatten().next().unwrap().as_str();
            assert_eq!(version, env!("CARGO_PKG_VERSION"), "{page}");
            shown += 1;
        }
    }
    assert!(shown > 2, "{shown}");
}
