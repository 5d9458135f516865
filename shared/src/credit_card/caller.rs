//! Who calls: the credentials travel in the body.

use std::sync::Arc;

use super::{
    error::{ApiError, Problem},
    members::Members,
};
use crate::{
    app::App,
    failure::{Code, Failure},
    merchants::{Merchant, MerchantsError},
};

/// Longest id and key that are looked at.
const CREDENTIAL_MAX: usize = 255;

/// A merchant that proved to be it.
pub(super) struct Caller {
    pub(super) merchant: Arc<Merchant>,
}

impl Caller {
    /// Verifies `Authentication`. An unknown id and a wrong key are not told apart: the answer would tell which
    /// merchants there are.
    pub(super) async fn of(app: &App, root: &mut Members<'_>) -> Result<Self, ApiError> {
        let wrong = || -> ApiError {
            Problem::new("Authentication", Code::InvalidGrant, "the id or the key is wrong").into()
        };
        let Some(mut members) = root.required_object("Authentication") else {
            root.check()?;
            return Err(wrong());
        };
        let id = members.required("Id", CREDENTIAL_MAX);
        let key = members.required("Key", CREDENTIAL_MAX);
        members.finish()?;
        let (Some(id), Some(key)) = (id, key) else { return Err(wrong()) };
        let id = id.parse().map_err(|_| wrong())?;
        let merchant = match app.merchants.get(&id).await {
            Ok(merchant) => merchant,
            Err(MerchantsError::Unknown) => return Err(wrong()),
            Err(error @ (MerchantsError::Unavailable(_) | MerchantsError::Malformed(_))) => {
                return Err(Failure::from(&error).into());
            }
        };
        if merchant.has_key(key) { Ok(Self { merchant }) } else { Err(wrong()) }
    }
}
