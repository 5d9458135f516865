//! The caller: its credentials travel in the body.

use lambda_http::Request;

use crate::{
    access::Access,
    api::{Caller, Code, Failure, Members, Problem, denied},
};

/// Longest id and key that are looked at.
const CREDENTIAL_MAX: usize = 255;

/// Verifies `Authentication`. An unknown id and a wrong key look alike: no response tells which
/// merchants exist.
pub(super) async fn authenticated(
    access: &Access,
    request: &Request,
    root: &mut Members<'_>,
) -> Result<Caller, Failure> {
    let wrong =
        || Failure::from(Problem::about("Authentication", Code::InvalidGrant, "the id or the key is wrong"));
    let Some(mut members) = root.required_object("Authentication") else {
        root.check()?;
        return Err(wrong());
    };
    let id = members.required_scalar("Id", CREDENTIAL_MAX);
    let key = members.required_scalar("Key", CREDENTIAL_MAX);
    members.finish()?;
    let (Some(id), Some(key)) = (id, key) else { return Err(wrong()) };
    let merchant = access.merchant_with_key(id, key, access.source(request)).await;
    let (merchant, verified) = merchant.map_err(|reason| denied(reason, wrong))?;
    Ok(Caller::new(merchant, verified.into()))
}
