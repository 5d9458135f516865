//! `inquireMerchant`: how a merchant account is set up.

use crate::{config::Merchant, reply::Reply, settings::FeeType, surcharge};

/// Where convenience and service fees go: a merchant account that takes nothing here.
const FEE_MERCHID: &str = "496160879990";

/// The settings of an account as the gateway shows them. The account updater is not simulated.
pub(crate) fn inquire(merchant: &Merchant) -> Reply {
    let settings = merchant.settings;
    let has_fee = settings.fee_type != FeeType::None;
    let is_second_transaction = matches!(settings.fee_type, FeeType::Convenience | FeeType::Service);
    let yes_no = |yes: bool| if yes { "Y" } else { "N" };
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("site", "fts-uat")
        .with("enabled", merchant.settings.enabled)
        .with("cardproc", merchant.processor.name())
        .with("avs", yes_no(merchant.settings.avs))
        .with("cvv", yes_no(merchant.settings.cvv))
        .with("echeck", yes_no(merchant.settings.echeck))
        .with("acctupdater", "N")
        .with("fee_type", settings.fee_type.letter())
        .with("fee_format", if has_fee { "percent" } else { "" })
        .with("fee_merchid", if is_second_transaction { FEE_MERCHID } else { "" })
        .with(
            "fee_value",
            if has_fee { surcharge::percent(settings.fee_basis_points) } else { String::new() },
        )
}
