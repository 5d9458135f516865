//! `doctor`: is everything there, does everything respond, and as it should? Changes nothing.

mod checks;
mod deletion;
mod front;
mod sample;
mod settlement;
mod stack;
mod stopped;
mod totals;

use serde_json::json;

use crate::{
    args::Doctor,
    aws::Aws,
    failure::{Failure, UNHEALTHY},
    place::Place,
    report::Report,
};

/// Longest wait for the API of a stack.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// The finding of a check of a stack, in words.
type Found = Result<(Mark, String), Failure>;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    /// Worth knowing; nothing that is deployed suffers.
    Note,
    Bad,
}

impl Mark {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Bad => "failed",
        }
    }
}

/// One check and its finding.
pub(crate) struct Check {
    what: String,
    mark: Mark,
    found: String,
}

impl Check {
    pub(crate) fn new(what: impl Into<String>, mark: Mark, found: impl Into<String>) -> Self {
        Self { what: what.into(), mark, found: found.into() }
    }

    /// The finding, or why there is none.
    pub(crate) fn of(what: impl Into<String>, result: Result<String, Failure>) -> Self {
        match result {
            Ok(found) => Self::new(what, Mark::Good, found),
            Err(failure) => Self::new(what, Mark::Bad, failure.text()),
        }
    }
}

pub(crate) async fn run(place: Result<Place, Failure>, doctor: &Doctor) -> Result<Report, Failure> {
    let has_stack = place.as_ref().is_ok_and(|place| place.deployed.is_some());
    if doctor.front.is_some() && place.is_ok() && !has_stack {
        return Err(Failure::Input(
            "--front: name the API's stack, too: --stack or TOLLGATE_STACK".to_owned(),
        ));
    }
    let mut checks = checks::tools();
    match place {
        Err(failure) => checks.push(Check::new("installation", Mark::Bad, failure.text())),
        Ok(place) => {
            let aws = Aws::new(&place)?;
            checks.push(checks::identity(&place, &aws).await);
            checks.push(checks::table(&place, &aws).await);
            checks.extend(stopped::checks(&place, &aws, &doctor.merchant).await);
            checks.extend(settlement::check(&place).await);
            checks.extend(totals::check(&place).await);
            checks.push(checks::secrets(&place, &doctor.merchant));
            if let Some(deployed) = &place.deployed {
                checks.extend(stack::checks(deployed, &place.region, doctor.front.as_deref()).await);
                checks.extend(sample::checks(&place, &aws).await);
            }
            checks.extend(checks::merchants(&place, &aws, &doctor.merchant).await);
            if doctor.before_deletion {
                for id in &doctor.merchant {
                    checks.push(deletion::check(&place, id).await);
                }
            }
        }
    }
    Ok(report(&checks))
}

fn report(checks: &[Check]) -> Report {
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or_default();
    let line = |check: &Check| {
        let (mark, what) = (check.mark.as_str(), &check.what);
        format!("{mark:7} {what:width$}  {}\n", check.found)
    };
    let healthy = checks.iter().all(|check| check.mark != Mark::Bad);
    let value = json!({
        "healthy": healthy,
        "checks": checks.iter().map(|check| {
            json!({ "check": check.what, "result": check.mark.as_str(), "found": check.found })
        }).collect::<Vec<_>>(),
    });
    let code = if healthy { 0 } else { UNHEALTHY };
    Report { text: checks.iter().map(line).collect(), value, code }
}
