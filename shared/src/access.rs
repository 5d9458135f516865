//! Who calls: a merchant by its key, or whoever has one of its access tokens.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Request, http::HeaderName};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep_until};
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, Merchants, MerchantsError, trail},
    values::Clock,
};

use crate::{
    abuse::Abuse,
    access_token::{self, Verified, VerifiedKey},
    invocation::{source, source_in},
};

/// How long it takes to be told that an id or a key is wrong, whichever it is: an id that has to be looked up first
/// must not take longer than one that is known. A look-up usually takes about 20 ms.
const WRONG_KEY_TIME: Duration = Duration::from_millis(200);

/// Lines with the same digest are about one client. Its id is text from outside, perhaps a key, and is not logged.
fn digest(client: &str) -> String {
    let bytes: [u8; 32] = Sha256::digest(client.as_bytes()).into();
    bytes.first_chunk().map_or_else(String::new, |start| format!("{:016x}", u64::from_be_bytes(*start)))
}

/// Lets callers in: what every request to an API needs.
#[derive(Clone)]
pub struct Access {
    /// The merchants and their keys.
    pub merchants: Arc<dyn Merchants>,
    /// The time, which keys and tokens are checked against, and new ids.
    pub clock: Arc<dyn Clock>,
    /// Failed attempts, which slow down the addresses that they come from.
    pub abuse: Arc<Abuse>,
    /// The header with the client's address, where a proxy in front of the API sets one; otherwise API Gateway tells.
    pub source_header: Option<HeaderName>,
}

/// Why a caller is not the merchant that it says it is.
#[derive(Debug)]
pub(crate) enum Denied {
    /// There is no such merchant, or this is none of its keys: two cases would reveal which merchants there are.
    Wrong,
    /// The same, once too often from that address.
    TooOften(SignedDuration),
    /// It cannot be told.
    Unavailable(MerchantsError),
}

impl Access {
    /// The clock's time, which keys and tokens are checked against.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where a request comes from; empty where nothing tells.
    pub(crate) fn source(&self, request: &Request) -> String {
        match &self.source_header {
            Some(header) => source_in(request, header),
            None => source(request),
        }
    }

    /// The merchant, if this is one of its keys, and what the key says. A right key passes however many wrong ones came before.
    pub(crate) async fn merchant_with_key(
        &self,
        id: &str,
        key: &str,
        source: &str,
    ) -> Result<(Arc<Merchant>, VerifiedKey), Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        let wait = self.wait_of(source);
        let denied = match self.look_up(id, wait).await {
            Ok(merchant) => {
                if let Some(verified) = merchant.key(key).map(|key| VerifiedKey::new(&merchant, key)) {
                    return Ok((merchant, verified));
                }
                Denied::Wrong
            }
            Err(denied) => denied,
        };
        let Denied::Wrong = denied else { return Err(denied) };
        // The id as it came, if it can be one: what cannot is one id for all.
        let merchant = || id.parse::<MerchantId>().map(String::from).unwrap_or_default();
        let from = if source.is_empty() { String::new() } else { format!("{source} {}", merchant()) };
        let now = self.now();
        let wait = self.abuse.wrong_keys.wait(&from, now).or(wait);
        trail::note(|trail| {
            trail.wrong_keys += 1;
            trail.client = Some(digest(id));
        });
        self.abuse.wrong_keys.failed(&from, now);
        self.abuse.merchants.failed_with(source, &merchant(), now);
        sleep_until(answer_at).await;
        Err(wait.map_or(Denied::Wrong, Denied::TooOften))
    }

    /// The merchant, if it lets browsers in.
    pub(crate) async fn merchant_that_lets_browsers_in(
        &self,
        id: &str,
        source: &str,
    ) -> Result<Arc<Merchant>, Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        let wait = self.wait_of(source);
        match self.look_up(id, wait).await {
            Ok(merchant) if merchant.shopper_tokens => Ok(merchant),
            Ok(_) | Err(Denied::Wrong) => {
                trail::note(|trail| trail.client = Some(digest(id)));
                self.abuse.merchants.failed_with(source, id, self.now());
                sleep_until(answer_at).await;
                Err(wait.map_or(Denied::Wrong, Denied::TooOften))
            }
            Err(denied) => Err(denied),
        }
    }

    /// The merchant of a valid access token, and what the token says.
    pub(crate) async fn merchant_with_token(
        &self,
        token: &str,
        source: &str,
    ) -> Result<(Arc<Merchant>, Verified), Denied> {
        let id = access_token::claimed_merchant(token).map_err(|_| Denied::Wrong)?;
        let wait = self.wait_of(source);
        match self.look_up(id.as_str(), wait).await {
            Ok(merchant) => {
                if let Ok(verified) = access_token::verify(token, &merchant, self.now()) {
                    return Ok((merchant, verified));
                }
            }
            Err(Denied::Wrong) => {}
            Err(denied) => return Err(denied),
        }
        trail::note(|trail| trail.client = Some(digest(id.as_str())));
        self.abuse.merchants.failed_with(source, id.as_str(), self.now());
        Err(wait.map_or(Denied::Wrong, Denied::TooOften))
    }

    /// How long this address has to wait because it failed with too many merchants. What it is told must not depend on
    /// whether the merchant that it names now exists, so this is looked at before anything else.
    fn wait_of(&self, source: &str) -> Option<SignedDuration> {
        self.abuse.merchants.wait(source, self.now())
    }

    /// Looks up a merchant that is not stopped. A merchant that exists costs as many calls as one that does not, and an
    /// address that has to wait causes none.
    async fn look_up(&self, id: &str, wait: Option<SignedDuration>) -> Result<Arc<Merchant>, Denied> {
        let id: MerchantId = id.parse().map_err(|_| Denied::Wrong)?;
        if let Some(wait) = wait.filter(|_| !self.merchants.is_kept(&id)) {
            return Err(Denied::TooOften(wait));
        }
        match self.merchants.get(&id).await {
            Ok(merchant) if merchant.disabled => Err(Denied::Wrong),
            Ok(merchant) => Ok(merchant),
            Err(MerchantsError::Unknown) => Err(Denied::Wrong),
            Err(
                error @ (MerchantsError::Unavailable(_)
                | MerchantsError::Malformed(_)
                | MerchantsError::Forbidden(_)),
            ) => Err(Denied::Unavailable(error)),
        }
    }
}
