//! A person signs in: the use case behind the exchange of an ID token.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AuditEntry, Audited, AuditedPerson, Identity, PersonEntry, SignInRefusal, SignInStore};
use crate::{
    order::MerchantId,
    payments::{StoreError, trail},
};

/// How often people are read again because somebody changed them meanwhile.
const TRIES: usize = 3;

/// Somebody whom the issuer has signed in wants to act for a merchant.
#[derive(Clone, Debug)]
pub struct SignInAttempt<'a> {
    /// Which merchant. It need not exist.
    pub merchant: &'a MerchantId,
    /// Who, as the issuer says.
    pub identity: &'a Identity,
    /// The ID token's digest, and when the token expires.
    pub token: (&'a [u8; 32], Timestamp),
    /// The registered client's id.
    pub client: &'a str,
    /// The id of the request.
    pub request: &'a str,
    /// The id of the entry in the audit trail.
    pub audit_id: Uuid,
    pub now: Timestamp,
}

/// Whom an ID token shows.
#[derive(Clone, Debug)]
pub struct Recognized {
    person: Option<PersonEntry>,
    is_first: bool,
}

/// Uses the ID token up, and finds whose it is. [`Recognized::conclude`] says who may act.
///
/// Every attempt makes the same number of calls, refused or not, for any merchant and person, so
/// that time tells nothing. Only the first sign-in, which uses an address, makes one more, and a
/// person who was refused too often one less.
pub async fn recognize<S: SignInStore + ?Sized>(
    store: &S,
    attempt: &SignInAttempt<'_>,
) -> Result<Recognized, StoreError> {
    // First: of two that bring the same token at once, one is the second.
    let (digest, until) = attempt.token;
    let is_first = store.use_once(digest, until).await?;
    Ok(Recognized { person: person(store, attempt, is_first).await?, is_first })
}

/// Who it is; an address is used only by a token that counts.
async fn person<S: SignInStore + ?Sized>(
    store: &S,
    attempt: &SignInAttempt<'_>,
    may_use_address: bool,
) -> Result<Option<PersonEntry>, StoreError> {
    for _ in 0..TRIES {
        let people = store.recognized_people(attempt.merchant).await?;
        let Some(signed_in) = people.sign_in(attempt.identity) else { return Ok(None) };
        let is_pinned = !signed_in.uses_address
            || !may_use_address
            || store.pin(attempt.merchant, signed_in.id, &attempt.identity.subject).await?;
        if is_pinned {
            return Ok(people.get(signed_in.id).cloned());
        }
    }
    Err(StoreError::Unavailable("the merchant's people are being changed".to_owned()))
}

impl Recognized {
    /// The person who may act, or none; either is on record then. `is_known` says whether there is
    /// such a merchant.
    pub async fn conclude<S: SignInStore + ?Sized>(
        self,
        store: &S,
        attempt: &SignInAttempt<'_>,
        is_known: bool,
    ) -> Result<Option<PersonEntry>, StoreError> {
        let Self { person, is_first } = self;
        let client = attempt.client.to_owned();
        let entry = |who, what| AuditEntry {
            id: attempt.audit_id,
            at: attempt.now,
            who,
            what,
            request: attempt.request.to_owned(),
        };
        let Identity { subject, verified_email } = attempt.identity.clone();
        let who = match &person {
            Some(person) => AuditedPerson::Known { id: person.id, name: person.name.clone() },
            None => AuditedPerson::Stranger { subject: subject.clone(), email: verified_email },
        };
        // Nobody acts without a trace.
        if person.is_some() && is_first && is_known {
            store.record(attempt.merchant, &entry(who, Audited::SignedIn { client })).await?;
            return Ok(person);
        }
        trail::note(|trail| trail.sign_ins_refused += 1);
        let why = if is_first { SignInRefusal::NotListed } else { SignInRefusal::TokenUsed };
        if store.count_refusal(&subject, attempt.now).await? {
            let entry = entry(who, Audited::Refused { client, why });
            store.record_refusal(attempt.merchant, is_known, &entry).await?;
        }
        Ok(None)
    }
}
