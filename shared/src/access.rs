//! Who calls: a merchant by its key, or the holder of one of its access tokens.
//!
//! A wrong client secret and an unknown merchant get the same 401, and so does `implicit` where the
//! merchant has not enabled it.

mod people_now;

use people_now::PersonToken;
pub use people_now::{PEOPLE_FRESH, PeopleNow};

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use lambda_http::Request;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep_until};
use tollgate_core::{
    order::{MerchantId, Shopper},
    payments::{Merchant, Merchants, MerchantsError, StoreError, trail},
    people::{AuditEntry, Audited, PersonEntry},
    values::Clock,
};
use uuid::Uuid;

use crate::{
    abuse::{Abuse, TooMany},
    access_token::{self, KidKey, Verified, VerifiedKey},
    source::{Front, Source},
};

/// How long it takes to be told that an id or a key is wrong, or to wait, whichever it is: an id
/// that has to be looked up first must not take longer than one that is known, nor one that is not
/// looked up be faster. A look-up usually takes about 20 ms.
pub(crate) const WRONG_KEY_TIME: Duration = Duration::from_millis(200);

/// Lines with the same digest are about one client. Its id is text from outside, perhaps a key, and
/// is not logged.
fn digest(client: &str) -> String {
    let bytes: [u8; 32] = Sha256::digest(client.as_bytes()).into();
    bytes.first_chunk().map_or_else(String::new, |start| format!("{:016x}", u64::from_be_bytes(*start)))
}

/// The id under which failures are counted: the id as it came, if it is valid; all others share one
/// id.
fn counted(id: &str) -> String {
    id.parse::<MerchantId>().map(String::from).unwrap_or_default()
}

/// Lets callers in, which every request to an API needs.
#[derive(Clone)]
pub struct Access {
    /// The merchants and their keys.
    pub merchants: Arc<dyn Merchants>,
    /// The time, which keys and tokens are checked against, and new ids.
    pub clock: Arc<dyn Clock>,
    /// Failed attempts, which slow down the sources that they come from.
    pub abuse: Arc<Abuse>,
    /// The front that requests have to come through, where one is configured.
    pub front: Front,
    /// The key by which made-up tokens are told from issued ones without looking anything up.
    pub kid_key: KidKey,
    /// Who acts for a merchant under their own name; none where people may do nothing.
    pub people: Option<Arc<PeopleNow>>,
}

/// Who proved to be the caller.
pub(crate) enum Identified {
    /// The merchant, by this key.
    Key(VerifiedKey),
    Shopper(Shopper),
    /// One of the merchant's people, with their present role.
    Person(Box<PersonEntry>),
}

impl From<VerifiedKey> for Identified {
    fn from(key: VerifiedKey) -> Self {
        Self::Key(key)
    }
}

/// Why a caller is not the merchant that it says it is.
#[derive(Debug)]
pub(crate) enum Denied {
    /// There is no such merchant, or this is none of its keys: two cases would reveal which
    /// merchants there are.
    Wrong,
    /// The same, once too often from that source.
    TooOften(TooMany, SignedDuration),
    /// People may do nothing here: a system with a key does.
    NotForPeople,
    /// It cannot be told.
    Unavailable(MerchantsError),
}

/// How long a source has to wait, and for which limit.
type Wait = (TooMany, SignedDuration);

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(MerchantsError::Unavailable(error.to_string()))
    }
}

fn too_often((limit, wait): Wait) -> Denied {
    Denied::TooOften(limit, wait)
}

impl Access {
    /// The clock's time, which keys and tokens are checked against.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where a request comes from, as the front states it or else as API Gateway saw it. Wrong keys
    /// and wrong merchants count against this one, no matter which shopper a request names.
    pub(crate) fn source(&self, request: &Request) -> Source {
        self.front.source(request)
    }

    /// The merchant, if this is one of its keys, and the key's entry. A right key passes however
    /// many wrong ones came before, once the merchant was read here.
    pub(crate) async fn merchant_with_key(
        &self,
        id: &str,
        key: &str,
        source: Source,
    ) -> Result<(Arc<Merchant>, VerifiedKey), Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        let wait = self.wait_of(source);
        let denied = match self.find(id, wait).await {
            Ok(merchant) => {
                if let Some(verified) = merchant.key(key).map(|key| VerifiedKey::new(&merchant, key)) {
                    return Ok((merchant, verified));
                }
                Denied::Wrong
            }
            Err(denied) => denied,
        };
        if let Denied::Unavailable(_) = denied {
            return Err(denied);
        }
        let from = (source, counted(id));
        let now = self.now();
        let of_keys = self.abuse.wrong_keys.wait(&from, now).map(|wait| (TooMany::WrongKeys, wait));
        let wait = of_keys.or(wait);
        trail::note(|trail| {
            trail.wrong_keys += u32::from(matches!(denied, Denied::Wrong));
            trail.client = Some(digest(id));
        });
        self.abuse.wrong_keys.failed(&from, now);
        self.abuse.merchants.failed_with(source, &from.1, now);
        sleep_until(answer_at).await;
        Err(wait.map_or(Denied::Wrong, too_often))
    }

    /// The merchant, if it lets browsers in.
    pub(crate) async fn merchant_that_lets_browsers_in(
        &self,
        id: &str,
        source: Source,
    ) -> Result<Arc<Merchant>, Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        let wait = self.wait_of(source);
        match self.find(id, wait).await {
            Ok(merchant) if merchant.shopper_tokens => Ok(merchant),
            Ok(_) | Err(Denied::Wrong | Denied::TooOften(..)) => {
                trail::note(|trail| trail.client = Some(digest(id)));
                self.abuse.merchants.failed_with(source, &counted(id), self.now());
                sleep_until(answer_at).await;
                Err(wait.map_or(Denied::Wrong, too_often))
            }
            Err(denied) => Err(denied),
        }
    }

    /// The merchant of a valid access token, and the token's role. A token that was made up is
    /// refused before anything is looked up, so it costs nothing and is not counted: nobody is
    /// locked out by other people's tokens.
    pub(crate) async fn merchant_with_token(
        &self,
        token: &str,
    ) -> Result<(Arc<Merchant>, Identified), Denied> {
        let id = access_token::merchant_of(token, &self.kid_key).map_err(|_| Denied::Wrong)?;
        let found = self.merchant(&id).await;
        if let Ok(merchant) = &found
            && let Ok(verified) = access_token::verify(token, merchant, self.now())
        {
            return Ok((Arc::clone(merchant), self.identified(&id, verified).await?));
        }
        trail::note(|trail| trail.client = Some(digest(id.as_str())));
        found.and(Err(Denied::Wrong))
    }

    /// Who it is now: people have the lesser of their token's role and today's.
    async fn identified(&self, merchant: &MerchantId, verified: Verified) -> Result<Identified, Denied> {
        let (id, role, issued) = match verified {
            Verified::Key(key) => return Ok(Identified::Key(key)),
            Verified::Shopper(shopper) => return Ok(Identified::Shopper(shopper)),
            Verified::Person { id, role, issued } => (id, role, issued),
        };
        let people = self.people.as_ref().ok_or(Denied::NotForPeople)?;
        let people = people.for_one(merchant, PersonToken { id, role, issued }).await?;
        let now = people.get(id).zip(people.role_now(id, role));
        let (entry, role) = now.ok_or(Denied::Wrong)?;
        let mut person = entry.clone();
        person.grant.role = role;
        Ok(Identified::Person(Box::new(person)))
    }

    /// Whether this is one of the merchant's people now.
    pub(crate) async fn is_one_of(&self, merchant: &MerchantId, person: Uuid) -> Result<bool, Denied> {
        let people = self.people.as_ref().ok_or(Denied::NotForPeople)?;
        Ok(people.of(merchant).await?.get(person).is_some())
    }

    /// Puts an action of one of the merchant's people on record, before it is done.
    pub(crate) async fn record(&self, merchant: &MerchantId, entry: &AuditEntry) -> Result<(), Denied> {
        if let Audited::LimitExceeded { .. } = entry.what {
            trail::note(|trail| trail.limits_exceeded += 1);
        }
        let people = self.people.as_ref().ok_or(Denied::NotForPeople)?;
        Ok(people.record(merchant, entry).await?)
    }

    /// Counts a wrong secret of a client that signs people in, and says whether there were too
    /// many.
    pub(crate) fn wrong_client(&self, client: &str, source: Source) -> Option<Denied> {
        let from = (source, digest(client));
        let now = self.now();
        let wait = self.abuse.wrong_keys.wait(&from, now);
        trail::note(|trail| {
            trail.wrong_keys += 1;
            trail.client = Some(digest(client));
        });
        self.abuse.wrong_keys.failed(&from, now);
        wait.map(|wait| too_often((TooMany::WrongKeys, wait)))
    }

    /// How long this source has to wait because it failed with too many merchants. The response
    /// must not depend on whether the merchant that it names now exists, so this is checked first.
    fn wait_of(&self, source: Source) -> Option<Wait> {
        Some((TooMany::Merchants, self.abuse.merchants.wait(source, self.now())?))
    }

    /// Finds the merchant with an id that anybody may have written. A merchant that exists costs as
    /// many calls as one that does not, and a source that has to wait causes none, except for a
    /// merchant that was read here before.
    async fn find(&self, id: &str, wait: Option<Wait>) -> Result<Arc<Merchant>, Denied> {
        let id: MerchantId = id.parse().map_err(|_| Denied::Wrong)?;
        match wait.filter(|_| !self.merchants.was_read(&id)) {
            Some(wait) => Err(too_often(wait)),
            None => self.merchant(&id).await,
        }
    }

    /// Looks up a merchant that is not disabled. Only for callers that prove to be it, or that may
    /// know.
    pub(crate) async fn merchant(&self, id: &MerchantId) -> Result<Arc<Merchant>, Denied> {
        match self.merchants.get(id).await {
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
