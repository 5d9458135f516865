//! Who acts for a merchant now, as far as it was read a short while ago.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    people::{People, PeopleReader},
    values::Clock,
};

/// How long people are gone by before they are read again: who is removed can do nothing after this time.
pub const PEOPLE_FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Most merchants whose people are kept at a time.
const KEPT_MAX: usize = 100;

/// Where people are, once it is needed.
type Store = LazyLock<Arc<dyn PeopleReader>, Box<dyn FnOnce() -> Arc<dyn PeopleReader> + Send>>;

/// Reads people when one of them calls, and never for a key's or a shopper's request.
pub struct PeopleNow {
    store: Store,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<MerchantId, (Arc<People>, Timestamp)>>,
}

impl PeopleNow {
    /// Nothing is read yet. The store is made when the first person calls: its client would be a twenty-fifth of what a
    /// start computes, and most processes never meet one.
    pub fn new(
        store: impl FnOnce() -> Arc<dyn PeopleReader> + Send + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store: LazyLock::new(Box::new(store)), clock, kept: Mutex::default() }
    }

    /// The merchant's people.
    pub(super) async fn of(&self, merchant: &MerchantId) -> Result<Arc<People>, StoreError> {
        let now = self.clock.now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned();
        if let Some((people, at)) = kept
            && (SignedDuration::ZERO..PEOPLE_FRESH).contains(&now.duration_since(at))
        {
            return Ok(people);
        }
        let people = Arc::new(self.store.people(merchant).await?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(merchant.clone(), (Arc::clone(&people), now));
        Ok(people)
    }
}
