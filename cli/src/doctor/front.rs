//! Whether the API can be reached past its front, and whether it admits the front's requests. It is
//! tried as a stranger would.

use tollgate::source::{FRONT_SECRET, VIEWER_ADDRESS};

use super::{Found, LIMIT, Mark};
use crate::{
    failure::Failure,
    front::{DIGESTS, Fronted},
    gateway::{http_client, in_a_word},
    installation::deployed::Deployed,
};

/// An address of the range that is kept for examples (RFC 5737).
const MADE_UP: &str = "203.0.113.7";

/// Where API Gateway itself responds, the one that AWS assigns first.
pub(super) fn own_addresses(deployed: &Deployed) -> Result<Vec<String>, Failure> {
    let mut own = Vec::new();
    if deployed.parameter("DefaultEndpoint") != "disabled" {
        own.push(deployed.output("ApiUrl")?.trim_end_matches('/').to_owned());
    }
    let domain = deployed.parameter("DomainName");
    if !domain.is_empty() {
        own.push(format!("https://{domain}"));
    }
    Ok(own)
}

/// Each address of API Gateway's: without the front's header, with a made-up one, and with the
/// value that the stack's parameter shows to everyone who may read it.
pub(super) async fn closed(deployed: &Deployed) -> Found {
    let digests = deployed.parameter(DIGESTS);
    if digests.is_empty() {
        let waived = deployed.parameter("WithoutFront") == "true";
        let why = if waived { "WithoutFront is true" } else { "FrontSecretDigests is empty" };
        return Ok((Mark::Note, format!("no front is required: {why}")));
    }
    let own = own_addresses(deployed)?;
    let (mut open, mut unheard) = (Vec::new(), Vec::new());
    let attempts = ["", "made-up"].into_iter().chain(digests.split(','));
    for (url, secret) in own.iter().flat_map(|url| attempts.clone().map(move |secret| (url, secret))) {
        let request = http_client()?.get(format!("{url}/status")).timeout(LIMIT);
        let request = request.header(VIEWER_ADDRESS, MADE_UP);
        let request = if secret.is_empty() { request } else { request.header(FRONT_SECRET, secret) };
        match request.send().await {
            Ok(response) if response.status() == 403 => {}
            Ok(response) => open.push(format!("{url} returns {} instead of 403", response.status().as_u16())),
            Err(error) => unheard.push(format!("{url}: {}", in_a_word(&error))),
        }
    }
    open.dedup();
    unheard.dedup();
    if !open.is_empty() {
        let why = "publish a new version of the functions: deploy with another Revision";
        return Ok((Mark::Bad, format!("{}; {why}", open.join("; "))));
    }
    if !unheard.is_empty() {
        return Ok((Mark::Note, format!("it was not seen: {}", unheard.join("; "))));
    }
    Ok((Mark::Good, format!("403, whatever is sent: {}", own.join(", "))))
}

/// Whether the API admits the front's requests, and no others.
pub(super) fn admitted(deployed: &Deployed, front: &Fronted) -> Found {
    front.belongs_to(deployed)?;
    let (digests, sent) = (deployed.parameter(DIGESTS), front.sent()?);
    let admitted: Vec<_> = digests.split(',').filter(|digest| !digest.is_empty()).collect();
    let rotate = format!("tollgate front rotate {} --stack {}", front.name, deployed.name);
    Ok(match admitted.as_slice() {
        [] => (Mark::Note, format!("the API does not require it yet: {rotate}")),
        _ if !admitted.contains(&sent.as_str()) => {
            (Mark::Bad, format!("the API does not admit what it sends, so its callers get 403: {rotate}"))
        }
        [_] => (Mark::Good, format!("{}; the API admits its secret and no other", front.url)),
        _ => (Mark::Note, format!("the API admits a second secret; {rotate} ends that")),
    })
}
