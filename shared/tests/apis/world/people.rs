//! People, who changed them, and their actions.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    people::{
        AuditEntry, AuditFilter, AuditPage, AuditTrail, Audited, AuditedPerson, ChangePage, People,
        PeopleReader, PeopleStore,
    },
    values::sort_of,
};
use uuid::Uuid;

use super::World;

/// The stored data of all merchants' people.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) people: BTreeMap<MerchantId, People>,
    pub(crate) audit: Vec<(MerchantId, AuditEntry)>,
}

fn place(entry: &AuditEntry) -> String {
    format!("{}#{}", sort_of(entry.at), entry.id)
}

#[async_trait]
impl PeopleReader for World {
    async fn people(&self, merchant: &MerchantId) -> Result<People, StoreError> {
        let state = self.state();
        self.faults.works("people")?;
        Ok(state.personnel.people.get(merchant).cloned().unwrap_or_default())
    }
}

#[async_trait]
impl PeopleStore for World {
    async fn recognized_people(&self, merchant: &MerchantId) -> Result<People, StoreError> {
        self.people(merchant).await
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        people: &People,
        entry: Option<&AuditEntry>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        self.faults.works("people_save")?;
        let stored = state.personnel.people.get(merchant).map_or(0, |stored| stored.version);
        if self.faults.is_contended() || stored + 1 != people.version {
            return Ok(false);
        }
        state.personnel.people.insert(merchant.clone(), people.clone());
        state.personnel.audit.extend(entry.map(|entry| (merchant.clone(), entry.clone())));
        Ok(true)
    }

    async fn changes(&self, _: &MerchantId, _: Option<&str>, _: usize) -> Result<ChangePage, StoreError> {
        // No API lists them: they are entries of the audit trail.
        Ok(ChangePage::default())
    }

    async fn last_sign_ins(&self, merchant: &MerchantId) -> Result<BTreeMap<Uuid, Timestamp>, StoreError> {
        let state = self.state();
        self.faults.works("people")?;
        let own = state.personnel.audit.iter().filter(|(of, _)| of == merchant);
        let sign_in = |entry: &AuditEntry| match (&entry.who, &entry.what) {
            (AuditedPerson::Known { id, .. }, Audited::SignedIn { .. }) => Some((*id, entry.at)),
            _ => None,
        };
        Ok(own.filter_map(|(_, entry)| sign_in(entry)).collect())
    }
}

#[async_trait]
impl AuditTrail for World {
    async fn record(&self, merchant: &MerchantId, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut state = self.state();
        self.faults.works("audit")?;
        state.personnel.audit.push((merchant.clone(), entry.clone()));
        Ok(())
    }

    async fn audit(
        &self,
        merchant: &MerchantId,
        filter: &AuditFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let state = self.state();
        self.faults.works("audit")?;
        let own = state.personnel.audit.iter().filter(|(of, entry)| of == merchant && filter.wants(entry));
        let mut entries: Vec<_> = own.map(|(_, entry)| entry.clone()).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(place(entry)));
        entries.retain(|entry| after.is_none_or(|after| place(entry).as_str() < after));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().map(place).filter(|_| more);
        Ok(AuditPage { entries, next, ..AuditPage::default() })
    }
}
