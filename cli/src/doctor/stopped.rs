//! Whether payments are stopped, everywhere or of a merchant. A stop outlives deployments, and so
//! the reason for it can be long forgotten.

use tollgate::dynamodb::orders::switch::DynamoDbSwitch;
use tollgate_core::{
    order::MerchantId,
    payments::{SwitchOf, Switches as _},
};

use super::{Check, Mark};
use crate::{aws::Aws, failure::Failure, installation::Installation, precondition::unreadable_switch, stop};

/// The switch of all payments, the stack's parameter that stops them, and the switches of
/// merchants: those named, or else all that can be listed.
pub(super) async fn checks(installation: &Installation, aws: &Aws, named: &[MerchantId]) -> Vec<Check> {
    let switch = match aws.switch(installation) {
        Ok(switch) => switch,
        Err(failure) => return vec![Check::of("payments", Err(failure))],
    };
    let mut checks = vec![all(installation, &switch).await];
    let ids = match (named, installation.merchants.as_slice()) {
        // Without the permission to list them, none is looked at.
        ([], []) => aws.merchants().await.unwrap_or_default(),
        ([], known) => known.to_vec(),
        (named, _) => named.to_vec(),
    };
    for id in ids {
        checks.extend(of_merchant(&switch, &id).await);
    }
    checks
}

async fn all(installation: &Installation, switch: &DynamoDbSwitch) -> Check {
    let what = "payments";
    if installation.deployed.as_ref().is_some_and(|deployed| deployed.parameter("Payments") == "stopped") {
        let found = "STOPPED for all merchants by the stack's parameter Payments: deploy it with enabled";
        return Check::new(what, Mark::Note, found);
    }
    match switch.state(&SwitchOf::All).await {
        Ok(state) if state.stopped => Check::new(
            what,
            Mark::Note,
            format!("STOPPED for all merchants {}; `tollgate start` enables them", stop::since(&state)),
        ),
        Ok(state) => Check::new(what, Mark::Good, format!("enabled, {}", stop::since(&state))),
        Err(error) => Check::of(what, Err::<String, Failure>(unreadable_switch(&error))),
    }
}

/// A line about a merchant's own switch; none for a merchant whose payments go on.
async fn of_merchant(switch: &DynamoDbSwitch, id: &MerchantId) -> Option<Check> {
    let what = format!("payments of {id}");
    match switch.state(&SwitchOf::Merchant(id.clone())).await {
        Ok(state) if state.stopped => Some(Check::new(
            what,
            Mark::Note,
            format!("STOPPED {}; `tollgate merchant start {id}` enables them", stop::since(&state)),
        )),
        Ok(_) => None,
        Err(error) => Some(Check::of(what, Err(unreadable_switch(&error)))),
    }
}
