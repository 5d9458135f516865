//! The documentation for programs: the map of all pages, and the skill that it leads to.

use std::{collections::BTreeSet, env, fs};

use serde_json::Value;
use transcript::{Block, Step, blocks};

use crate::{
    pages::{BY_ITSELF, all_pages, run_text, session::Session},
    references::root,
};

const MAP: &str = "docs/llms.txt";

/// The states that the skill's payments have at its end, in alphabetical order: a payment, a
/// decline, a refund, a payment in doubt, and a payment whose response was lost.
const STATES: [&str; 5] = ["declined", "not_known_yet", "paid", "paid", "refunded"];

fn get(session: &mut Session, path: &str) -> String {
    session.run(&format!("curl -s http://127.0.0.1:3000{path}"), None, true).0
}

/// The skill, found as a program finds it: from the first link of the map.
fn skill(session: &mut Session) -> String {
    let map = get(session, "/llms.txt");
    let (_, link) = map.split_once("](").unwrap();
    get(session, link.split_once(')').unwrap().0)
}

/// The commands of each step of the skill.
fn steps_of(skill: &str) -> Vec<Vec<Step>> {
    let sections = skill.split("\n## ").skip(1).map(|section| {
        let commands = blocks(section).into_iter().flat_map(|block| match block {
            Block::Transcript(steps) => steps,
            Block::Script(script) => panic!("the skill shows the output of each command: {script}"),
        });
        commands.collect()
    });
    sections.collect()
}

/// The ids of the merchant's orders.
fn orders(session: &mut Session) -> BTreeSet<String> {
    let list = read(session, "/v2/orders?page%5Blimit%5D=100");
    list["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

/// A response to a token of this test's own.
fn read(session: &mut Session, path: &str) -> Value {
    let shell = "eval \"$(curl -s http://127.0.0.1:3000/_local/shell)\"";
    let (body, _) = session.run(&format!("({shell}; curl -s \"$API{path}\" -H \"$A\")"), None, false);
    serde_json::from_str(&body).unwrap()
}

/// The states of the payments of the orders that a session has made.
fn states(session: &mut Session, before: &BTreeSet<String>) -> Vec<String> {
    let made: Vec<_> = orders(session).difference(before).cloned().collect();
    let mut states = Vec::new();
    for order in made {
        let list = read(session, &format!("/v2/orders/{order}/transactions"));
        let payments = list["data"].as_array().unwrap();
        states.extend(payments.iter().map(|payment| payment["meta"]["state"].as_str().unwrap().to_owned()));
    }
    states.sort_unstable();
    states
}

#[test]
fn a_program_with_the_map_and_the_skill_makes_every_kind_of_payment() {
    let mut session = Session::start(false);
    let before = orders(&mut session);
    let skill = skill(&mut session);
    run_text(&mut session, BY_ITSELF, &skill);
    assert_eq!(states(&mut session, &before), STATES);
}

/// A program reads the skill from the stack, and so every page that the skill refers to.
#[test]
fn the_stack_serves_every_page_that_the_skill_links_to() {
    let mut session = Session::start(false);
    let skill = skill(&mut session);
    let folder = root().join(BY_ITSELF).parent().unwrap().to_owned();
    let targets = skill.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
    let pages: BTreeSet<_> = targets.filter(|target| !target.is_empty() && !target.contains("://")).collect();
    assert!(pages.len() > 5, "{pages:?}");
    for page in pages {
        let file = folder.join(page).canonicalize().unwrap();
        let path = format!("/{}", file.strip_prefix(root()).unwrap().display());
        assert_eq!(
            get(&mut session, &path).trim_end(),
            fs::read_to_string(file).unwrap().trim_end(),
            "{path}"
        );
    }
}

#[test]
fn no_step_of_the_skill_can_be_left_out() {
    let steps = steps_of(&skill(&mut Session::start(false)));
    assert_eq!(steps.len(), 8);
    for left_out in 0..steps.len() {
        let mut session = Session::start(false);
        let before = orders(&mut session);
        let others = steps.iter().enumerate().filter(|(number, _)| *number != left_out);
        for step in others.flat_map(|(_, step)| step) {
            session.run(&step.command, None, false);
        }
        assert_ne!(states(&mut session, &before), STATES, "without step {}", left_out + 1);
    }
}

#[test]
fn the_map_has_each_page_with_its_first_sentence() {
    let mut session = Session::start(false);
    let served = get(&mut session, "/llms.txt");
    let full = get(&mut session, "/llms-full.txt");
    for link in served.split("](/").skip(1).map(|rest| rest.split_once(')').unwrap().0) {
        let text = fs::read_to_string(root().join(link)).unwrap();
        assert_eq!(get(&mut session, &format!("/{link}")).trim_end(), text.trim_end(), "{link}");
        assert_eq!(full.contains(text.trim_end()), link != "docs/openapi.yaml", "{link}");
    }
    let map = served.replace("](/docs/", "](");
    if env::var_os("WRITE_EXPECTED").is_some() {
        fs::write(root().join(MAP), &map).unwrap();
    }
    assert!(fs::read_to_string(root().join(MAP)).unwrap().trim_end() == map.trim_end(), "WRITE_EXPECTED=1");
    for (page, _) in all_pages() {
        let Some(file) = page.strip_prefix("docs/") else { continue };
        assert_eq!(map.matches(&format!("]({file}): ")).count(), 1, "{file} is once in {MAP}");
    }
}
