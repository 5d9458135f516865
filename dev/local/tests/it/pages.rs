//! Every command on the pages runs on a fresh stack, and prints what its page shows.
//!
//! A block marked `bash` is a script that has to succeed. A block marked `console` is a transcript:
//! lines that begin with `$ ` are commands, and what follows is their output, in which `…` stands
//! for anything, and ids, times and references may differ. What needs AWS, Docker or a build is
//! marked `sh` and is not run.

mod session;
mod transcript;

use std::{fs, path::Path};

use self::{
    session::Session,
    transcript::{Block, Names, blocks},
};

/// Runs a page from its top to its end, in one shell.
fn run(page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(page)).unwrap();
    let mut session = Session::start();
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

#[test]
fn the_order_api_page_runs() {
    run("docs/api.md");
}

#[test]
fn the_credit_card_api_page_runs() {
    run("docs/credit-card.md");
}

#[test]
fn the_errors_page_runs() {
    run("docs/errors.md");
}

#[test]
fn the_readme_runs() {
    run("README.md");
}

#[test]
fn the_tutorial_runs() {
    run("docs/tutorial.md");
}

#[test]
fn the_page_on_scheduled_capture_runs() {
    run("docs/scheduled-capture.md");
}

#[test]
fn the_page_on_sample_events_runs() {
    run("events/README.md");
}
