//! `inquireMerchant`: how a merchant account is set up.

use crate::config::Merchant;
use crate::reply::Reply;

/// The settings of an account as the gateway shows them. Fees and the account updater are not simulated.
pub(crate) fn inquire(merchant: &Merchant) -> Reply {
    let yes_no = |yes: bool| if yes { "Y" } else { "N" };
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("site", "fts-uat")
        .with("enabled", merchant.settings.enabled)
        .with("cardproc", merchant.processor.name())
        .with("avs", yes_no(merchant.settings.avs))
        .with("cvv", yes_no(merchant.settings.cvv))
        .with("echeck", "N")
        .with("acctupdater", "N")
        .with("fee_type", "N")
        .with("fee_format", "")
        .with("fee_merchid", "")
        .with("fee_value", "")
}
