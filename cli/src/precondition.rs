//! Preconditions of a command: the merchant exists, and its money may move.

use tollgate::{ports::Job, secrets_manager::SecretKind};
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, MerchantsError, Stop, StoreError},
};

use crate::{
    aws::Aws,
    failure::{Failure, remark},
    installation::Installation,
};

/// Fails if there is no such merchant: for commands that found nothing of it, because its id may be
/// mistyped. Payments outlive their merchant's secret, so a command that found some does not look.
/// Without `--stack` or a prefix it is not known where to look.
pub(crate) async fn must_exist(installation: &Installation, id: &MerchantId) -> Result<(), Failure> {
    if installation.prefix(SecretKind::Merchants).is_err() {
        return Ok(());
    }
    match Aws::new(installation)?.has_secret(id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(MerchantsError::Unknown.into()),
        Err(failure) => {
            remark(&format!("Whether there is a merchant {id} was not checked: {}", failure.text()));
            Ok(())
        }
    }
}

/// Whether a command may move the merchant's money.
pub(crate) async fn must_be_off(job: &Job, merchant: &Merchant) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::Refused(why.to_owned()));
    match job.switch.stop(&merchant.id).await {
        Ok(Stop::None) if merchant.disabled => refused("the merchant is disabled by its document"),
        Ok(Stop::None) => Ok(()),
        Ok(Stop::Merchant) => refused("the merchant is stopped; see `tollgate merchant start`"),
        Ok(Stop::All) => refused("all payments are stopped; see `tollgate start`"),
        Err(error) => Err(unreadable_switch(&error)),
    }
}

/// It cannot be told whether payments are stopped.
pub(crate) fn unreadable_switch(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("{error}; look at table, region, credentials and network"))
}
