//! The search for settings with which the simulator behaves as the gateway did.
//!
//! No table says which setting shows in which probe: the simulator itself is played with each.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::observation::{Observation, differing};
use crate::settings::Settings;

/// The observations of all probes, step by step.
pub(super) type Showing = Vec<Vec<Observation>>;

/// A member of a step in which the two differ.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Spot {
    pub(super) probe: usize,
    pub(super) step: usize,
    pub(super) member: String,
}

/// A setting, and the differences that go with it.
#[derive(Clone, Debug)]
pub(super) struct Explanation {
    pub(super) setting: &'static str,
    pub(super) value: Value,
    pub(super) spots: BTreeSet<Spot>,
}

/// The end of a search.
pub(super) struct Found {
    pub(super) explanations: Vec<Explanation>,
    pub(super) unexplained: BTreeSet<Spot>,
    pub(super) settings: Settings,
}

/// The gateway's observations, without probes that were not answered, and how to play the
/// simulator with other settings.
pub(super) struct Search<'a> {
    pub(super) gateway: &'a [Option<Vec<Observation>>],
    pub(super) rehearse: &'a dyn Fn(Settings) -> Rc<Showing>,
}

/// The settings that name another account.
const LINKS: [&str; 2] = ["linked_merchid", "echeck_merchid"];

/// A setting and one of its values.
#[derive(Clone, Debug, PartialEq)]
struct Candidate {
    setting: &'static str,
    value: Value,
}

/// A candidate that removes differences.
struct Helper {
    candidate: Candidate,
    left: BTreeSet<Spot>,
    brought: usize,
}

impl Search<'_> {
    /// Takes the setting that removes the most differences without bringing others, again and
    /// again. Where none does, one that removes more than it brings is tried: another setting can
    /// hide the rest of its effect.
    pub(super) fn run(&self, base: Settings) -> Found {
        let start = self.differences(base);
        let mut pool: Vec<Candidate> = candidates(base, self.gateway);
        let mut chosen: Vec<Candidate> = Vec::new();
        let mut left = start.clone();
        // The choices after which no difference is new.
        let mut sound = 0;
        while !left.is_empty() {
            let mut helpers = self.helpers(with(base, &chosen), &left, &pool);
            let before = chosen.len();
            while let Some(best) = best(&helpers, left.len()) {
                let helper = helpers.remove(best);
                left = helper.left;
                pool.retain(|other| other.setting != helper.candidate.setting);
                chosen.push(helper.candidate);
                sound = if left.is_subset(&start) { chosen.len() } else { sound };
                let again: Vec<Candidate> = helpers
                    .into_iter()
                    .map(|helper| helper.candidate)
                    .filter(|one| pool.contains(one))
                    .collect();
                helpers = self.helpers(with(base, &chosen), &left, &again);
            }
            if chosen.len() == before {
                break;
            }
        }
        chosen.truncate(sound);
        self.explained(base, &self.needed(base, chosen), &start)
    }

    /// The candidates that remove differences from a state.
    fn helpers(&self, current: Settings, left: &BTreeSet<Spot>, candidates: &[Candidate]) -> Vec<Helper> {
        let tried = candidates.iter().map(|candidate| {
            let after = self.differences(with(current, std::slice::from_ref(candidate)));
            let brought = after.difference(left).count();
            Helper { candidate: candidate.clone(), left: after, brought }
        });
        tried.filter(|helper| left.difference(&helper.left).next().is_some()).collect()
    }

    /// The choice without settings that turned out to make no difference.
    fn needed(&self, base: Settings, mut chosen: Vec<Candidate>) -> Vec<Candidate> {
        let mut left = self.differences(with(base, &chosen));
        for place in (0..chosen.len()).rev() {
            let mut fewer = chosen.clone();
            fewer.remove(place);
            let without = self.differences(with(base, &fewer));
            if without.is_subset(&left) {
                (chosen, left) = (fewer, without);
            }
        }
        chosen
    }

    fn explained(&self, base: Settings, chosen: &[Candidate], start: &BTreeSet<Spot>) -> Found {
        let settings = with(base, chosen);
        let unexplained = self.differences(settings);
        let mut rest: BTreeSet<Spot> = start.difference(&unexplained).cloned().collect();
        let mut explanations = Vec::new();
        for place in 0..chosen.len() {
            let after = self.differences(with(base, &chosen[..=place]));
            let spots: BTreeSet<Spot> = rest.difference(&after).cloned().collect();
            rest.retain(|spot| !spots.contains(spot));
            let Candidate { setting, value } = chosen[place].clone();
            explanations.push(Explanation { setting, value, spots });
        }
        Found { explanations, unexplained, settings }
    }

    fn differences(&self, settings: Settings) -> BTreeSet<Spot> {
        let simulator = (self.rehearse)(settings);
        let mut spots = BTreeSet::new();
        for (probe, (gateway, simulator)) in self.gateway.iter().zip(simulator.iter()).enumerate() {
            for (step, (gateway, simulator)) in gateway.iter().flatten().zip(simulator).enumerate() {
                let members = differing(gateway, simulator).into_iter();
                spots.extend(members.map(|member| Spot { probe, step, member }));
            }
        }
        spots
    }
}

/// The place of the candidate that removes most. One that brings differences has to remove more
/// than it brings, and comes after all that bring none.
fn best(helpers: &[Helper], left: usize) -> Option<usize> {
    let gain = |helper: &Helper| left.saturating_sub(helper.left.len());
    let useful = helpers.iter().enumerate().filter(|(_, helper)| gain(helper) > 0);
    // Of several, the first: `max_by_key` would return the last.
    useful.rev().max_by_key(|(_, helper)| (helper.brought == 0, gain(helper))).map(|(place, _)| place)
}

fn with(mut settings: Settings, changes: &[Candidate]) -> Settings {
    let changes: Map<String, Value> =
        changes.iter().map(|change| (change.setting.to_owned(), change.value.clone())).collect();
    // A candidate is a value that its setting takes.
    if settings.apply(&changes).is_err() {
        debug_assert!(false, "{changes:?}");
    }
    settings
}

/// All other values of all settings. The number of a linked account is the one that the gateway has
/// shown.
fn candidates(settings: Settings, gateway: &[Option<Vec<Observation>>]) -> Vec<Candidate> {
    let observations = gateway.iter().flatten().flatten();
    let shown: BTreeSet<&String> = observations.filter_map(|seen| seen.get("merchid")).collect();
    let known = settings.candidates().into_iter();
    let mut all: Vec<Candidate> = known.map(|(setting, value)| Candidate { setting, value }).collect();
    for (merchid, setting) in shown.into_iter().flat_map(|merchid| LINKS.map(|setting| (merchid, setting))) {
        let candidate = Candidate { setting, value: Value::from(merchid.trim_matches('"')) };
        let change = Map::from_iter([(setting.to_owned(), candidate.value.clone())]);
        let mut taken = settings;
        if taken.apply(&change).is_ok() && !all.contains(&candidate) {
            all.push(candidate);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search whose simulator shows members as a function says, one letter each.
    fn found(gateway: &str, shows: fn(Settings) -> String) -> Vec<(&'static str, usize)> {
        let seen = |letters: &str| -> Vec<Observation> {
            let members = letters.char_indices().map(|(place, letter)| (place.to_string(), letter.into()));
            vec![members.collect()]
        };
        let rehearse = |settings| Rc::new(vec![seen(&shows(settings))]);
        let found = Search { gateway: &[Some(seen(gateway))], rehearse: &rehearse }.run(Settings::default());
        found.explanations.into_iter().map(|one| (one.setting, one.spots.len())).collect()
    }

    fn letter(is_new: bool) -> char {
        if is_new { 'n' } else { 'o' }
    }

    #[test]
    fn the_setting_that_explains_most_comes_first() {
        let shows = |settings: Settings| {
            let first = settings.over_capture || settings.voidable_refunds;
            [first, settings.over_capture, false].map(letter).into_iter().collect()
        };
        assert_eq!(found("nno", shows), [("over_capture", 2)]);
        assert_eq!(found("noo", shows), [("voidable_refunds", 1)]);
    }

    #[test]
    fn a_setting_that_brings_a_difference_is_taken_if_another_one_removes_it() {
        let shows = |settings: Settings| {
            let is_wrong = settings.over_capture && settings.avs;
            [settings.over_capture, settings.over_capture, is_wrong].map(letter).into_iter().collect()
        };
        assert_eq!(found("nno", shows), [("over_capture", 2), ("avs", 0)]);
    }

    #[test]
    fn a_setting_that_only_exchanges_differences_is_no_explanation() {
        let shows = |settings: Settings| [settings.over_capture; 3].map(letter).into_iter().collect();
        assert_eq!(found("nno", shows), []);
    }

    #[test]
    fn a_setting_that_others_make_superfluous_is_left_out() {
        let shows = |settings: Settings| {
            let (wide, one, other) =
                (settings.voidable_refunds, settings.refund_unsettled, settings.over_capture);
            [wide || one, wide || other, one, other].map(letter).into_iter().collect()
        };
        assert_eq!(found("nnnn", shows), [("refund_unsettled", 2), ("over_capture", 2)]);
    }
}
