//! Who acts for a merchant now, as far as it was read a short while ago.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    payments::{Role, StoreError},
    people::{ActingPeople, AuditEntry, People},
    values::Clock,
};
use uuid::Uuid;

/// How long people are gone by before they are read again: who is removed can do nothing after this
/// time.
pub const PEOPLE_FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Most merchants whose people are kept at a time.
const KEPT_MAX: usize = 100;

/// Where people are, once it is needed.
type Store = LazyLock<Arc<dyn ActingPeople>, Box<dyn FnOnce() -> Arc<dyn ActingPeople> + Send>>;

/// A merchant's people as they were read.
struct CachedPeople {
    people: Arc<People>,
    at: Timestamp,
    /// The sign-ins for which they were read anew: a person, and when the token was issued, in
    /// seconds since 1970.
    read_for: HashSet<(Uuid, i64)>,
}

#[derive(Clone, Copy)]
pub(super) struct PersonToken {
    /// The id of the entry.
    pub(super) id: Uuid,
    /// The role at the sign-in.
    pub(super) role: Role,
    /// When it was issued, in seconds since 1970.
    pub(super) issued: i64,
}

/// Reads people when a person calls, and never for a key's or a shopper's request.
pub struct PeopleNow {
    store: Store,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<MerchantId, CachedPeople>>,
}

impl PeopleNow {
    /// Nothing is read yet. The store is made when the first person calls: its client would take a
    /// twenty-fifth of a start's computation, and most processes never meet a person.
    pub fn new(
        store: impl FnOnce() -> Arc<dyn ActingPeople> + Send + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store: LazyLock::new(Box::new(store)), clock, kept: Mutex::default() }
    }

    pub(super) async fn of(&self, merchant: &MerchantId) -> Result<Arc<People>, StoreError> {
        match self.fresh(merchant) {
            Some(people) => Ok(people),
            None => self.read(merchant, None).await,
        }
    }

    /// The merchant's people, for one person. A person who was added, or got a higher role, before
    /// signing in can act at once: where the last reading contradicts the token, people are read
    /// anew, once for each sign-in.
    pub(super) async fn for_one(
        &self,
        merchant: &MerchantId,
        token: PersonToken,
    ) -> Result<Arc<People>, StoreError> {
        let people = self.of(merchant).await?;
        let agrees = people.role_now(token.id, token.role) == Some(token.role);
        if agrees || !self.is_older(merchant, token) {
            Ok(people)
        } else {
            self.read(merchant, Some(token)).await
        }
    }

    fn fresh(&self, merchant: &MerchantId) -> Option<Arc<People>> {
        let now = self.clock.now();
        let kept = self.lock();
        let kept = kept.get(merchant)?;
        let is_fresh = (SignedDuration::ZERO..PEOPLE_FRESH).contains(&now.duration_since(kept.at));
        is_fresh.then(|| Arc::clone(&kept.people))
    }

    /// Whether people may have been read before this token was issued, and were not read anew for
    /// it.
    fn is_older(&self, merchant: &MerchantId, token: PersonToken) -> bool {
        let kept = self.lock();
        let is_older = |kept: &CachedPeople| {
            kept.at.as_second() <= token.issued && !kept.read_for.contains(&(token.id, token.issued))
        };
        kept.get(merchant).is_none_or(is_older)
    }

    async fn read(
        &self,
        merchant: &MerchantId,
        token: Option<PersonToken>,
    ) -> Result<Arc<People>, StoreError> {
        let at = self.clock.now();
        let people = Arc::new(self.store.people(merchant).await?);
        let mut kept = self.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        // Whose clock is ahead of this one's is not read anew again and again.
        let before = kept.remove(merchant).filter(|_| token.is_some()).map(|kept| kept.read_for);
        let mut read_for = before.unwrap_or_default();
        read_for.extend(token.map(|token| (token.id, token.issued)));
        kept.insert(merchant.clone(), CachedPeople { people: Arc::clone(&people), at, read_for });
        Ok(people)
    }

    /// Records an action of a person.
    pub(super) async fn record(&self, merchant: &MerchantId, entry: &AuditEntry) -> Result<(), StoreError> {
        self.store.record(merchant, entry).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MerchantId, CachedPeople>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use tollgate_core::people::{
        AuditFilter, AuditPage, AuditTrail, Grant, PeopleReader, PersonEntry, Recognition, RefundMax, Subject,
    };

    use super::*;

    /// People that a test changes, how often they were read, and the time in seconds.
    #[derive(Default)]
    struct Stored {
        people: Mutex<People>,
        reads: AtomicUsize,
        now: AtomicI64,
    }

    #[async_trait]
    impl PeopleReader for Stored {
        async fn people(&self, _: &MerchantId) -> Result<People, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            Ok(self.people.lock().unwrap().clone())
        }
    }

    #[async_trait]
    impl AuditTrail for Stored {
        async fn record(&self, _: &MerchantId, _: &AuditEntry) -> Result<(), StoreError> {
            Ok(())
        }

        async fn audit(
            &self,
            _: &MerchantId,
            _: &AuditFilter,
            _: Option<&str>,
            _: usize,
        ) -> Result<AuditPage, StoreError> {
            Ok(AuditPage::default())
        }
    }

    impl Clock for Stored {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.now.load(Ordering::SeqCst)).unwrap()
        }

        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }
    }

    fn entry(id: u128, role: Role) -> PersonEntry {
        let subject = Subject { issuer: "https://id.example".to_owned(), subject: id.to_string() };
        PersonEntry {
            id: Uuid::from_u128(id),
            name: "Ann".parse().unwrap(),
            recognition: Recognition::Subject { subject, email: None },
            grant: Grant { role, refund_max: RefundMax::nothing() },
        }
    }

    fn token(id: u128, role: Role, issued: i64) -> PersonToken {
        PersonToken { id: Uuid::from_u128(id), role, issued }
    }

    #[tokio::test]
    async fn people_are_read_anew_for_a_sign_in_that_contradicts_them_and_once() {
        let stored = Arc::new(Stored::default());
        let store = stored.clone();
        let now = PeopleNow::new(move || store, stored.clone());
        let merchant = "m".parse().unwrap();
        let role = async |token: PersonToken| {
            let people = now.for_one(&merchant, token).await.unwrap();
            (people.role_now(token.id, token.role), stored.reads.load(Ordering::SeqCst))
        };
        let at = |second| stored.now.store(second, Ordering::SeqCst);
        stored.people.lock().unwrap().entries = vec![entry(1, Role::Read)];
        at(100);
        assert_eq!(role(token(1, Role::Read, 90)).await, (Some(Role::Read), 1));
        // Added and raised after that, and signed in.
        stored.people.lock().unwrap().entries = vec![entry(1, Role::All), entry(2, Role::Read)];
        at(110);
        assert_eq!(role(token(1, Role::All, 95)).await, (Some(Role::Read), 1), "signed in before the list");
        assert_eq!(role(token(1, Role::All, 110)).await, (Some(Role::All), 2));
        assert_eq!(role(token(2, Role::Read, 110)).await, (Some(Role::Read), 2));
        // A missing person is looked for once for each sign-in, also by a clock that is ahead.
        for _ in 0..3 {
            assert_eq!(role(token(3, Role::Read, 120)).await, (None, 3));
        }
        assert_eq!(role(token(3, Role::Read, 121)).await, (None, 4));
        assert_eq!(role(token(3, Role::Read, 120)).await, (None, 4));
        // A removed person keeps nothing longer than before.
        stored.people.lock().unwrap().entries.clear();
        assert_eq!(role(token(1, Role::All, 110)).await, (Some(Role::All), 4));
        at(110 + 300);
        assert_eq!(role(token(1, Role::All, 110)).await, (None, 5));
    }
}
