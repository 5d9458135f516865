//! `doctor`: is everything there, does everything respond, and as it should? Changes nothing.

mod checks;
mod deletion;
mod front;
mod sample;
mod settlement;
mod shop;
mod stack;
mod stopped;
mod totals;

use serde_json::json;

use crate::{
    args::Doctor,
    aws::Aws,
    failure::{Failure, UNHEALTHY},
    installation::Installation,
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

pub(crate) async fn run(
    installation: Result<Installation, Failure>,
    doctor: &Doctor,
) -> Result<Report, Failure> {
    let has_stack = installation.as_ref().is_ok_and(|installation| installation.deployed.is_some());
    if doctor.front.is_some() && installation.is_ok() && !has_stack {
        return Err(Failure::Input(
            "--front: name the API's stack, too: --stack or TOLLGATE_STACK".to_owned(),
        ));
    }
    let mut checks = checks::tools();
    match installation {
        Err(failure) => checks.push(Check::new("installation", Mark::Bad, failure.text())),
        Ok(installation) => {
            let aws = Aws::new(&installation)?;
            checks.push(checks::identity(&installation, &aws).await);
            checks.push(checks::table(&installation, &aws).await);
            checks.extend(stopped::checks(&installation, &aws, &doctor.merchant).await);
            checks.extend(settlement::check(&installation).await);
            checks.extend(totals::check(&installation).await);
            checks.push(checks::secrets(&installation, &doctor.merchant));
            if let Some(deployed) = &installation.deployed {
                checks.extend(stack::checks(deployed, &installation.region, doctor.front.as_deref()).await);
                checks.extend(sample::checks(&installation, &aws).await);
            }
            checks.extend(checks::merchants(&installation, &aws, &doctor.merchant).await);
            if doctor.before_deletion {
                for id in &doctor.merchant {
                    checks.push(deletion::check(&installation, id).await);
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
