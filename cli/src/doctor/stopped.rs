//! Whether payments are stopped. A stop outlives deployments, and so the reason for it can be long forgotten.

use super::{Check, Mark};
use crate::{aws::Aws, failure::Failure, place::Place, stop};

/// Whether the switch of all payments, or the stack's parameter, stops them.
pub(super) async fn check(place: &Place, aws: &Aws) -> Check {
    let what = "payments";
    if place.deployed.as_ref().is_some_and(|deployed| deployed.parameter("Payments") == "stopped") {
        let found = "STOPPED for all merchants by the stack's parameter Payments: deploy it with enabled";
        return Check::new(what, Mark::Note, found);
    }
    match position(place, aws).await {
        Ok(None) => Check::new(what, Mark::Good, "enabled; they were never stopped"),
        Ok(Some(last)) if last.stopped => Check::new(
            what,
            Mark::Note,
            format!("STOPPED for all merchants {}; `tollgate start` enables them", stop::who(&last)),
        ),
        Ok(Some(last)) => Check::new(what, Mark::Good, format!("enabled {}", stop::who(&last))),
        Err(failure) => Check::of(what, Err(failure)),
    }
}

async fn position(
    place: &Place,
    aws: &Aws,
) -> Result<Option<tollgate::dynamodb::orders::switch::SwitchPosition>, Failure> {
    aws.switch(place)?.position().await.map_err(|error| stop::unavailable(&error))
}
