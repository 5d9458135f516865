//! Every transcript of `docs/reports.md`, on a stack with the month of sample payments. Other pages
//! run in `dev/local/tests/it/pages.rs`.

use std::sync::LazyLock;

use local::Options;
use regex::Regex;
use transcript::{Block, Names, blocks, fenced};

use crate::{
    support::{Fixture, run_line},
    trigger::while_told,
};

const REPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reports.md");

#[tokio::test]
async fn every_transcript_of_the_page_of_reports_is_what_the_commands_print() {
    let options = Options { samples: true, month: true, ..Options::default() };
    let fixture = Fixture::open_with(options).await;
    let page = std::fs::read_to_string(REPORTS).unwrap();
    assert_eq!(run_page(&fixture, &page).await, COMMANDS);
    assert_eq!(ask(&fixture, &page).await, QUESTIONS);
    fixture.close().await;
}

/// How many commands the page has.
const COMMANDS: usize = 16;

/// How many commands and calls the page's table of questions has.
const QUESTIONS: usize = 53;

/// The days of the table, and the ids that the sample month has in every run anew.
const EVERY_RUN: [(&str, &str); 8] = [
    ("2026-11-13", "$(date -u -d '8 days ago' +%F)"),
    ("2026-11-20", "$(date -u -d yesterday +%F)"),
    ("2026-11-22", "$(date -u -d tomorrow +%F)"),
    ("2026-11", "$(date -u -d yesterday +%Y-%m)"),
    ("1210002426", "$DEPOSIT"),
    ("{depositId}", "$DEPOSIT"),
    ("UM-2019/transactions/{transactionId}", "UM-2012/transactions/$SHORT"),
    ("{transactionId}", "$SHORT"),
];

/// Runs every command and call of the table of questions, which have to succeed; how many there
/// were.
async fn ask(fixture: &Fixture, page: &str) -> usize {
    let table = page.split_once("\n## Questions\n").unwrap().1.split("\n## ").next().unwrap();
    let ids = "SHORT=$(curl -s $API/v2/orders/UM-2012/transactions -H \"$A\" | first id)
        DEPOSIT=$(curl -s $API/v2/transactions/$SHORT/settlement -H \"$A\" | first deposit)
        echo SHORT=$SHORT DEPOSIT=$DEPOSIT";
    let variables = variables(fixture, page);
    let ids = run_line(&format!("{variables}\n{ids}"), &fixture.stack, "").await.done();
    let defined = format!("{variables}\n{ids}");
    let (mut asked, mut route) = (0, "");
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let words = row.split('|').skip(3).flat_map(|cell| cell.split('`').skip(1).step_by(2));
        for word in words {
            let mut command = if word.starts_with("tollgate ") {
                word.to_owned()
            } else if word.starts_with("/v2/") {
                route = word;
                format!("curl -s --fail-with-body \"$API{route}\" -H \"$A\"")
            } else if word.contains('(') {
                format!("curl -sG --fail-with-body $API{route} -H \"$A\" --data-urlencode \"filter={word}\"")
            } else {
                continue;
            };
            asked += 1;
            for (shown, now) in EVERY_RUN {
                command = command.replace(shown, now);
            }
            run_line(&format!("{defined}\n{command}"), &fixture.stack, "").await.done();
        }
    }
    asked
}

/// The page's first block, as it is typed, but for the address.
fn variables(fixture: &Fixture, page: &str) -> String {
    let all = fenced(page);
    let (_, lines) = all.iter().find(|(language, _)| *language == "sh").unwrap();
    lines.join("\n").replace("http://127.0.0.1:3000", fixture.stack.url())
}

/// Runs every command of a page and compares the output; how many there were. A variable that
/// one sets is there for those after it.
async fn run_page(fixture: &Fixture, page: &str) -> usize {
    let mut defined = variables(fixture, page);
    let mut names = Names::default();
    let mut commands = 0;
    let steps = blocks(page).into_iter().flat_map(|block| match block {
        Block::Transcript(steps) => steps,
        Block::Script(script) => panic!("the page has a script, and this test runs none: {script}"),
    });
    for step in steps {
        commands += 1;
        let line = format!("{defined}\n{}", step.command);
        let ran = while_told(fixture, run_line(&line, &fixture.stack, "")).await;
        if let Err(pattern) = names.compare(&step.shown, &ran.out) {
            panic!("$ {}\nshown:\n{}\nprinted:\n{}\npattern:\n{pattern}", step.command, step.shown, ran.out);
        }
        if let Some(name) = SETS.captures(&step.command).map(|found| found[1].to_owned()) {
            let set = run_line(&format!("{line}; printf %s \"${name}\""), &fixture.stack, "").await;
            defined = format!("{defined}\n{name}='{}'", set.out);
        }
    }
    commands
}

/// A command that sets a variable.
static SETS: LazyLock<Regex> = LazyLock::new(|| Regex::new("^([A-Z]+)=").unwrap());
