//! Which version each function goes back to.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::failure::Failure;

/// Versions that were published within this time of each other belong to one deployment.
const ONE_DEPLOYMENT: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) published: Timestamp,
    description: String,
}

impl Version {
    /// None for `$LATEST`, which is no published version.
    pub(super) fn read(version: &Value) -> Option<Self> {
        let number = version["Version"].as_str()?.parse().ok()?;
        // 2026-11-20T23:12:11.000+0000, and RFC 3339 is as good.
        let text = version["LastModified"].as_str()?;
        let published = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text);
        let published = published.or_else(|_| text.parse()).ok()?;
        let description = version["Description"].as_str().unwrap_or_default().trim().to_owned();
        Some(Self { number, published, description })
    }

    pub(super) fn text(&self) -> String {
        let Self { number, published, description } = self;
        let description = if description.is_empty() { String::new() } else { format!(" ({description})") };
        format!("{number} of {published}{description}")
    }
}

/// A function, as it is deployed.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// The version that its alias points at.
    pub(super) live: Version,
    /// All that are published, the oldest first.
    pub(super) versions: Vec<Version>,
    /// The alias's revision id, so that moving it fails if another deployment has moved it.
    pub(super) revision: Option<String>,
}

/// Where a function goes. No target: it stays.
pub(super) struct Move<'a> {
    pub(super) function: &'a Function,
    pub(super) target: Option<&'a Version>,
}

/// The moment that all functions go back to: the one that was named, or the beginning of the
/// deployment that published the newest version that is live.
pub(super) fn before(functions: &[Function], named: Option<Timestamp>) -> Result<Timestamp, Failure> {
    if let Some(named) = named {
        return Ok(named);
    }
    let live = || functions.iter().map(|function| function.live.published);
    let newest = live().max().ok_or_else(|| Failure::NotThere("the stack has no functions".to_owned()))?;
    let same = |published: &Timestamp| newest.duration_since(*published) <= ONE_DEPLOYMENT;
    Ok(live().filter(same).min().unwrap_or(newest))
}

/// A function whose live version is older than that stays: the deployment did not concern it.
pub(super) fn moves<'a>(functions: &'a [Function], before: Timestamp) -> Vec<Move<'a>> {
    let one = |function: &'a Function| {
        let Function { live, versions, .. } = function;
        let earlier = versions.iter().rev().find(|version| version.published < before);
        Move { function, target: earlier.filter(|_| live.published >= before) }
    };
    functions.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(number: u64, minute: u32) -> Version {
        let published = format!("2026-11-20T18:{minute:02}:00.000+0000");
        Version::read(&json!({ "Version": number.to_string(), "LastModified": published })).unwrap()
    }

    fn function(name: &str, live: u64, versions: &[(u64, u32)]) -> Function {
        let versions: Vec<_> = versions.iter().map(|(number, minute)| version(*number, *minute)).collect();
        let live = versions.iter().find(|version| version.number == live).unwrap().clone();
        Function { name: name.to_owned(), live, versions, revision: None }
    }

    fn targets(functions: &[Function], named: Option<Timestamp>) -> Vec<Option<u64>> {
        let before = before(functions, named).unwrap();
        moves(functions, before).iter().map(|to| to.target.map(|version| version.number)).collect()
    }

    #[test]
    fn a_function_that_the_newest_deployment_did_not_touch_stays() {
        let touched = function("a", 3, &[(1, 0), (2, 20), (3, 40)]);
        let other = function("b", 2, &[(1, 0), (2, 20)]);
        let new = function("c", 1, &[(1, 42)]);
        assert_eq!(targets(&[touched, other, new], None), [Some(2), None, None]);
    }

    #[test]
    fn a_rollback_that_was_cut_off_is_finished_by_the_next_and_a_further_one_goes_one_back() {
        let rolled_back = function("a", 2, &[(1, 0), (2, 20), (3, 40)]);
        let not_yet = function("b", 3, &[(1, 0), (2, 20), (3, 41)]);
        assert_eq!(targets(&[rolled_back.clone(), not_yet], None), [None, Some(2)]);
        let finished = function("b", 2, &[(1, 0), (2, 20), (3, 41)]);
        assert_eq!(targets(&[rolled_back, finished], None), [Some(1), Some(1)]);
    }

    #[test]
    fn a_version_is_read_as_lambda_writes_it() {
        for published in ["2026-11-20T18:40:00.123+0000", "2026-11-20T18:40:00.123Z"] {
            let version = Version::read(&json!({ "Version": "7", "LastModified": published })).unwrap();
            assert_eq!(version.text(), "7 of 2026-11-20T18:40:00.123Z");
        }
        assert_eq!(
            Version::read(&json!({ "Version": "$LATEST", "LastModified": "2026-11-20T18:40:00.000+0000" })),
            None
        );
    }

    #[test]
    fn a_moment_that_is_named_counts_for_all() {
        let both = [function("a", 3, &[(1, 0), (2, 20), (3, 40)]), function("b", 2, &[(1, 0), (2, 20)])];
        let named = "2026-11-20T18:10:00Z".parse().unwrap();
        assert_eq!(targets(&both, Some(named)), [Some(1), Some(1)]);
    }
}
