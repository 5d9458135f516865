//! The texts that payments are found by if their merchant has switched it on.

use tollgate::search_keys::search_key;
use tollgate_core::{
    order::MerchantId,
    values::{SearchKey, SearchTerm},
};

use crate::{failure::Failure, installation::Installation};

/// The key of a text, unless the merchant has payments not found by such texts.
pub(crate) async fn key(
    installation: &Installation,
    merchant: &MerchantId,
    term: &SearchTerm,
) -> Result<SearchKey, Failure> {
    let found = installation.job()?.merchants.get(merchant).await?;
    if found.search.has(term.by()) {
        return Ok(search_key(&found, term));
    }
    Err(Failure::Refused(format!(
        "payments of merchant {merchant} are not found by this: {} is off in its document (docs/reports.md)",
        term.by().switch()
    )))
}
