//! The possible records of an inquiry, one by one: every settlement state of the gateway, for every
//! kind of operation, with its response lost or not, and then any next request of a client. And the
//! gateway's test cards that time out.

mod backlog;
mod story;

use std::{collections::BTreeMap, time::Duration};

use cardpointe_simulator::ShownSetlstat;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::{
    card::Card,
    merchants::{EXTERNAL, REGISTERED},
};
pub use backlog::{Backlog, backlogs};
use story::{Crowd, Story};
use tollgate_core::order::Stage;

/// Every documented `setlstat`, some in another case, one that none documents, an empty one, and
/// none at all.
const SETLSTAT: [Option<&str>; 18] = [
    Some("Authorized"),
    Some("Queued for Capture"),
    Some("Voided"),
    Some("Declined"),
    Some("Zero Amount"),
    Some("Accepted"),
    Some("Rejected"),
    Some("Format Error"),
    Some("Token Decrypt"),
    Some("Pin Debit"),
    Some("Amount Under Review"),
    Some("Refunded"),
    Some("Zero amount"),
    Some("ACCEPTED"),
    Some("queued for capture"),
    Some("Something New"),
    Some(""),
    None,
];

/// An operation whose response is lost or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tested {
    Authorize,
    Purchase,
    Capture,
    Refund,
    Void,
}

/// The key of a request that is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Same,
    Without,
    Another,
}

/// The state that a record gives the operation, in the gateway's documented terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reported {
    Done,
    NotDone,
    /// It is approved, and its settlement says nothing that is known.
    Unclear,
}

impl Tested {
    const ALL: [Self; 5] = [Self::Authorize, Self::Purchase, Self::Capture, Self::Refund, Self::Void];

    /// The state in the record of the payment, or in the refund's own, with this `setlstat`.
    fn reported(self, setlstat: Option<&str>) -> Reported {
        let lower = setlstat.unwrap_or_default().to_ascii_lowercase();
        let settles = matches!(
            lower.as_str(),
            "queued for capture" | "accepted" | "rejected" | "format error" | "token decrypt"
        );
        match (self, lower.as_str()) {
            (Self::Void, "voided") | (Self::Authorize, "authorized") => Reported::Done,
            // Settled outside the batch, or transmitted and held.
            (
                Self::Void,
                "authorized" | "queued for capture" | "accepted" | "pin debit" | "amount under review",
            )
            | (Self::Capture, "authorized") => Reported::NotDone,
            (Self::Void, _) | (Self::Refund, "declined") => Reported::Unclear,
            (_, "voided") | (Self::Authorize | Self::Purchase, "declined") => Reported::NotDone,
            // It contradicts the approval beside it.
            (Self::Refund, _) => Reported::Done,
            _ if settles => Reported::Done,
            _ => Reported::Unclear,
        }
    }
}

/// How late a request arrives: while its sender waits, while it is pending, after it was given up,
/// after it was looked for the last time.
const LATE: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(80),
    Duration::from_mins(5),
    Duration::from_mins(50),
    Duration::from_hours(2),
];

/// The results of the table.
#[derive(Debug, Default)]
pub struct Table {
    /// How many combinations were run.
    pub cases: u64,
    /// States of the tested operation after ten runs of the schedule, by the reported state.
    pub counts: BTreeMap<String, u64>,
    /// Runs of the schedule until the last of the other due orders was resolved, at most.
    pub runs_until_others_resolved: u32,
    /// The same without an order that is undecided.
    pub runs_without: u32,
    /// Cases that broke a rule, and the rule.
    pub broken: Vec<String>,
}

impl Table {
    fn took(&mut self, name: &str, reported: Option<Reported>, story: &Story) {
        self.cases += 1;
        let key = format!("{reported:?} {:?}", story.stage);
        *self.counts.entry(key).or_default() += 1;
        self.runs_until_others_resolved =
            self.runs_until_others_resolved.max(story.runs_until_others_resolved);
        let mut broken = story.broken.clone();
        if story.runs_until_others_resolved > self.runs_without {
            let (runs, without) = (story.runs_until_others_resolved, self.runs_without);
            broken.push(format!("the others are resolved after {runs} runs, without it after {without}"));
        }
        self.broken.extend(broken.into_iter().map(|rule| format!("{name}: {rule}")));
    }
}

/// Every case of every settlement state: each with and without other orders that are due, or in a
/// sample with them in every other case.
pub fn settlement_table(is_whole: bool) -> Table {
    let mut cases = Vec::new();
    for setlstat in SETLSTAT {
        for tested in Tested::ALL {
            for lost in [true, false] {
                for again in [Again::Same, Again::Without, Again::Another] {
                    cases.extend(
                        [Crowd::None, Crowd::Due].map(|crowd| (setlstat, tested, lost, again, crowd)),
                    );
                }
            }
        }
    }
    if !is_whole {
        // Of a pair the first, then the second: all states and operations meet both crowds.
        cases = cases.chunks(2).enumerate().map(|(n, pair)| pair[n % 2]).collect();
    }
    let stories = cases.into_par_iter().map(|(setlstat, tested, lost, again, crowd)| {
        let name = format!("{tested:?} shown as {setlstat:?}, lost {lost}, {again:?}, {crowd:?}");
        let shown = setlstat.map_or(ShownSetlstat::Absent, |text| ShownSetlstat::Text(text.to_owned()));
        let reported = tested.reported(setlstat);
        let mut story = story::settlement(tested, &shown, reported, lost, again, crowd);
        story.broken.extend(final_state(tested, reported, lost, story.stage));
        (name, Some(reported).filter(|_| lost), story)
    });
    let mut table = Table { runs_without: story::crowd_alone(), ..Table::default() };
    for (name, reported, story) in stories.collect::<Vec<_>>() {
        table.took(&name, reported, &story);
    }
    table
}

/// Whether the operation may stand as it does.
fn final_state(tested: Tested, reported: Reported, lost: bool, stage: Option<Stage>) -> Option<String> {
    let fine = match (reported, stage) {
        (_, None) => false,
        // The direct response said so, and no later inquiry is needed.
        _ if !lost => stage == Some(Stage::Approved),
        (Reported::Done, stage) => stage == Some(Stage::Approved),
        // An operation reported as not done may be done again, and so be done in the end.
        (Reported::NotDone, stage) => {
            stage != Some(Stage::Approved) || matches!(tested, Tested::Capture | Tested::Void)
        }
        (Reported::Unclear, stage) => matches!(stage, Some(Stage::Approved | Stage::Pending)),
    };
    (!fine).then(|| format!("is {stage:?}, and the gateway reported {reported:?}"))
}

/// Payments, captures, refunds and voids that arrive late, and then any request of the client.
pub fn late_requests() -> Table {
    let mut table = Table { runs_without: story::crowd_alone(), ..Table::default() };
    for late in LATE {
        for tested in Tested::ALL {
            for merchant in [REGISTERED, EXTERNAL] {
                for again in [Again::Same, Again::Without, Again::Another] {
                    let story = story::late(tested, merchant, late, again);
                    table.took(&format!("{tested:?} of {merchant}, {late:?} late, {again:?}"), None, &story);
                }
            }
        }
    }
    table
}

/// The gateway's cards that time out after 32 s, to authorize and to purchase.
pub fn timeout_cards() -> Table {
    let mut table = Table { runs_without: story::crowd_alone(), ..Table::default() };
    for card in [Card::TimesOut, Card::TimesOutMastercard, Card::TimesOutDiscover] {
        for tested in [Tested::Authorize, Tested::Purchase] {
            for again in [Again::Same, Again::Without, Again::Another] {
                for crowd in [Crowd::None, Crowd::Due] {
                    let mut story = story::timeout(card, tested, again, crowd);
                    if story.stage == Some(Stage::Pending) || story.stage == Some(Stage::Approved) {
                        story.broken.push(format!("is {:?}, and had no effect", story.stage));
                    }
                    table.took(&format!("{card:?} {tested:?}, {again:?}, {crowd:?}"), None, &story);
                }
            }
        }
    }
    table
}
