//! Changes people in their store. Each change is decided on the stored people, and decided again if
//! others changed them meanwhile.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AuditEntry, Audited, AuditedPerson, ChangedBy, NewPerson, People, PeopleChange, PeopleRefusal,
    PeopleStore, RefundMax,
};
use crate::{
    order::MerchantId,
    payments::{Role, StoreError},
    values::Clock,
};

/// How often a change is decided. People are changed by hand, so a second conflict is rare.
const TRIES_MAX: usize = 5;

/// Why people are as they were.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// A rule forbids it.
    #[error(transparent)]
    Refused(#[from] PeopleRefusal),
    /// Others changed the same merchant's people each time.
    #[error("others are changing these people at the same time")]
    Contended,
    /// The store did not respond, or refused. It is not known whether the change was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the people of a merchant, in somebody's name.
#[derive(Clone, Copy)]
pub struct PeopleEditor<'a> {
    pub store: &'a dyn PeopleStore,
    /// The time, and new ids.
    pub clock: &'a dyn Clock,
    pub merchant: &'a MerchantId,
    /// Who changes them.
    pub by: &'a ChangedBy,
    /// The id of the request, or a substitute.
    pub request: &'a str,
}

impl PeopleEditor<'_> {
    /// Adds a person. Returns all people, and the change that history keeps.
    pub async fn add(&self, new: &NewPerson) -> Result<(People, PeopleChange), NotChanged> {
        let id = self.clock.new_id();
        self.edit(|people, at| people.add(self.by, new.clone(), id, at)).await
    }

    /// Gives a person another role, other limits, or both; an argument that is `None` keeps the
    /// current value.
    pub async fn change(
        &self,
        id: Uuid,
        role: Option<Role>,
        refund_max: Option<&RefundMax>,
    ) -> Result<(People, PeopleChange), NotChanged> {
        self.edit(|people, at| {
            let now = &people.get(id).ok_or(PeopleRefusal::NotFound)?.grant;
            let grant = now.with(role, refund_max.cloned());
            people.change(self.by, id, grant, at)
        })
        .await
    }

    pub async fn remove(&self, id: Uuid) -> Result<(People, PeopleChange), NotChanged> {
        self.edit(|people, at| people.remove(self.by, id, at)).await
    }

    async fn edit(
        &self,
        edit: impl Fn(&mut People, Timestamp) -> Result<PeopleChange, PeopleRefusal> + Send + Sync,
    ) -> Result<(People, PeopleChange), NotChanged> {
        for _ in 0..TRIES_MAX {
            let mut people = self.store.recognized_people(self.merchant).await?;
            let change = edit(&mut people, self.clock.now())?;
            // The person may do the same as before.
            if change.before == change.after {
                return Ok((people, change));
            }
            if self.store.save(self.merchant, &people, Some(&self.entry(&change))).await? {
                return Ok((people, change));
            }
        }
        Err(NotChanged::Contended)
    }

    fn entry(&self, change: &PeopleChange) -> AuditEntry {
        let name = change.by.clone();
        let who = match self.by {
            ChangedBy::Operator(_) => AuditedPerson::Operator { name },
            ChangedBy::Person { id, .. } => AuditedPerson::Known { id: *id, name },
        };
        AuditEntry {
            id: self.clock.new_id(),
            at: change.at,
            who,
            what: Audited::PeopleChanged(change.clone()),
            request: self.request.to_owned(),
        }
    }
}
