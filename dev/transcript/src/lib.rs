//! A page's commands, and whether the page shows their output. For the tests of pages in any
//! package.
//!
//! A page of the repository is trusted: a page that cannot be read ends the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

/// Variables of an operator's shell that the commands of a test do not get.
pub const FROM_THE_SHELL: [&str; 21] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
    "ATTEMPTS_TABLE_NAME",
    "JOURNAL_TABLE_NAME",
    "MERCHANTS_PREFIX",
    "PEOPLE_TABLE_NAME",
    "TABLE_NAME",
    "WEBHOOKS_PREFIX",
    "STAGE",
    "GATEWAY_HOSTS",
    "ELASTIC_PATH_HOSTS",
    "TOLLGATE_STACK",
    "TOLLGATE_LOCAL",
];

/// A block of a page that is run.
pub enum Block {
    /// A script that has to succeed.
    Script(String),
    /// Commands whose output is compared.
    Transcript(Vec<Step>),
}

/// A command of a transcript and its output.
pub struct Step {
    /// The command line, without the prompt before it.
    pub command: String,
    /// The output that the page shows below it; empty where it shows none.
    pub shown: String,
}

/// The blocks of a page that are run, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let blocks = fenced(page).into_iter().filter_map(|(language, text)| match language {
        "bash" => Some(Block::Script(text.join("\n"))),
        "console" => Some(Block::Transcript(steps(&text))),
        _ => None,
    });
    blocks.collect()
}

/// Each block of a page: its language and its lines, without the indentation of a block in a list.
pub fn fenced(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let block = lines.by_ref().take_while(|line| line.trim_start() != "```");
        blocks.push((language, block.map(|line| line.strip_prefix(indent).unwrap_or(line)).collect()));
    }
    blocks
}

/// Commands and the output of each.
pub fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        if goes_on {
            let command = &mut steps.last_mut().unwrap().command;
            *command += "\n";
            *command += line;
            goes_on = is_unfinished(command);
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: String::new() });
            goes_on = is_unfinished(command);
        } else if !line.is_empty() {
            let step = steps.last_mut().expect("a transcript begins with a command");
            step.shown += line;
            step.shown += "\n";
        }
    }
    steps
}

fn is_unfinished(command: &str) -> bool {
    command.ends_with(['\\', '|']) || command.matches('\'').count() % 2 == 1
}

/// Values that differ in every run, also where they are repeated: a time, a day, an approval code
/// of the test system, an order id at the gateway, a new key.
const UNNAMED: [&str; 5] = [
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "PPS[0-9]{3}",
    "TG[A-Z]{17}",
    "[0-9a-f]{48}",
];

/// Values that differ in every run, but are the same where a page repeats them: a UUID, a number
/// that is a reference or a moment.
const NAMED: [&str; 2] = ["[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9]{9,}"];

/// The parts in which a page's output may differ: those, and anything (`…`).
static VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("…|{}|{}", UNNAMED.join("|"), NAMED.join("|"))).unwrap());

/// The form of a text, if it is one of these.
fn form<'a>(forms: &[&'a str], text: &str) -> Option<&'a str> {
    let is = |form: &&str| Regex::new(&format!("^(?:{form})$")).unwrap().is_match(text);
    forms.iter().copied().find(is)
}

/// The ids that a page shows, and their values in this run.
#[derive(Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// Compares without white space, and learns the ids that the page shows for the first time.
    /// The error is the pattern that does not match.
    pub fn compare(&mut self, shown: &str, printed: &str) -> Result<(), String> {
        if shown.is_empty() {
            return Ok(());
        }
        let without_space = |text: &str| text.split_whitespace().collect::<String>();
        let (shown, printed) = (without_space(shown), without_space(printed));
        let mut pattern = String::from("^");
        let mut learned = Vec::new();
        let mut rest = 0;
        for variable in VARIABLE.find_iter(&shown) {
            pattern += &regex::escape(&shown[rest..variable.start()]);
            rest = variable.end();
            let name = variable.as_str();
            let expected = match (self.0.get(name), form(&UNNAMED, name), form(&NAMED, name)) {
                (Some(actual), ..) => regex::escape(actual),
                (None, Some(form), _) => form.to_owned(),
                (None, None, Some(form)) => {
                    learned.push(name.to_owned());
                    format!("({form})")
                }
                (None, None, None) => ".*?".to_owned(),
            };
            pattern += &expected;
        }
        pattern += &regex::escape(&shown[rest..]);
        pattern += "$";
        let Some(found) = Regex::new(&pattern).unwrap().captures(&printed) else { return Err(pattern) };
        for (at, name) in learned.into_iter().enumerate() {
            self.0.insert(name, found[at + 1].to_owned());
        }
        Ok(())
    }
}

#[test]
fn a_transcript_differs_when_a_member_does() {
    let mut names = Names::default();
    let id = "4e9b04e1-e034-4a8b-9c15-2cc1f5a4272a";
    let other = "11111111-2222-4333-8444-555555555555";
    let shown = format!("{{\"id\":\"{id}\",…,\n \"amount\":2599}}");
    let printed = |id: &str, amount| format!("{{\"id\":\"{id}\",\"a\":1,\"amount\":{amount}}}");
    assert!(names.compare(&shown, &printed(other, 2598)).is_err());
    assert!(names.compare(&shown, &printed(other, 2599)).is_ok());
    assert!(names.compare(&shown, &printed(id, 2599)).is_err(), "another id than before");
}
