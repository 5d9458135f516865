//! Who calls: the credentials travel in the body.

use std::sync::Arc;

use lambda_http::Request;

use super::{
    error::{ApiError, Problem},
    members::Members,
};
use crate::{
    app::{App, Denied},
    failure::{Code, Failure},
    merchants::Merchant,
    trail,
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
    pub(super) async fn of(app: &App, request: &Request, root: &mut Members<'_>) -> Result<Self, ApiError> {
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
        let merchant = match app.merchant_with_key(id, key, &app.source(request)).await {
            Ok(merchant) => merchant,
            Err(Denied::Wrong) => return Err(wrong()),
            Err(Denied::TooOften(wait)) => return Err(ApiError::http(Failure::too_many_wrong_keys(wait))),
            Err(Denied::Unavailable(error)) => return Err(Failure::from(&error).into()),
        };
        trail::note(|trail| trail.merchant = Some(merchant.id.to_string()));
        Ok(Self { merchant })
    }
}
