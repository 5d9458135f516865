//! A person signs in: the use case behind the exchange of an ID token.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AuditEntry, AuditTrail, Audited, AuditedPerson, Identity, PeopleStore, PersonEntry, SignInRefusal,
    UsedTokens,
};
use crate::{order::MerchantId, payments::StoreError};

/// How often people are read again because somebody changed them meanwhile.
const TRIES: usize = 3;

/// Somebody whom the issuer has signed in wants to act for a merchant.
#[derive(Clone, Debug)]
pub struct SignInAttempt<'a> {
    /// Which merchant. It need not exist.
    pub merchant: &'a MerchantId,
    /// Who, as the issuer says.
    pub identity: &'a Identity,
    /// What tells the ID token from others, and when it is over.
    pub token: (&'a [u8; 32], Timestamp),
    /// The registered client's id.
    pub client: &'a str,
    /// The id of the request.
    pub request: &'a str,
    /// The id of the entry in the audit trail.
    pub audit_id: Uuid,
    /// When.
    pub now: Timestamp,
}

/// The person, or none if the attempt is refused. Whether it is or not, and whatever the merchant and the person, the same
/// number of calls is made, so that time tells nothing; only the first sign-in, which uses an address, takes one more.
pub async fn sign_in<S: PeopleStore + AuditTrail + UsedTokens + ?Sized>(
    store: &S,
    attempt: &SignInAttempt<'_>,
) -> Result<Option<PersonEntry>, StoreError> {
    // First: of two that bring the same token at once, one is the second.
    let (digest, until) = attempt.token;
    let is_first = store.use_once(digest, until).await?;
    let found = recognized(store, attempt, is_first).await?;
    let client = attempt.client.to_owned();
    let (who, what) = match (&found, is_first) {
        (Some(person), true) => {
            (AuditedPerson::Known { id: person.id, name: person.name.clone() }, Audited::SignedIn { client })
        }
        (Some(person), false) => (
            AuditedPerson::Known { id: person.id, name: person.name.clone() },
            Audited::Refused { client, why: SignInRefusal::TokenUsed },
        ),
        (None, _) => {
            let Identity { subject, verified_email } = attempt.identity.clone();
            let why = if is_first { SignInRefusal::NotListed } else { SignInRefusal::TokenUsed };
            (AuditedPerson::Stranger { subject, email: verified_email }, Audited::Refused { client, why })
        }
    };
    let entry =
        AuditEntry { id: attempt.audit_id, at: attempt.now, who, what, request: attempt.request.to_owned() };
    // Nobody acts without a trace.
    store.record(attempt.merchant, &entry).await?;
    Ok(found.filter(|_| is_first))
}

/// Who it is; an address is used only by a token that counts.
async fn recognized<S: PeopleStore + ?Sized>(
    store: &S,
    attempt: &SignInAttempt<'_>,
    may_use_address: bool,
) -> Result<Option<PersonEntry>, StoreError> {
    for _ in 0..TRIES {
        let mut people = store.people(attempt.merchant).await?;
        let Some(signed_in) = people.sign_in(attempt.identity) else { return Ok(None) };
        let is_kept = !signed_in.is_pinned_now
            || !may_use_address
            || store.save(attempt.merchant, &people, None).await?;
        if is_kept {
            return Ok(people.get(signed_in.id).cloned());
        }
    }
    Err(StoreError::Unavailable("the merchant's people are being changed".to_owned()))
}
