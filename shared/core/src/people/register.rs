//! All people of a merchant: who signs in, and who may change which entry.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Email, Grant, Identity, PersonEntry, Recognition, RefundMax,
    identity::SUBJECT_MAX_BYTES,
    name::{has_mixed_scripts, is_same_name, kept},
};
use crate::{order::Person, payments::Role};

/// Longest name of a person, in bytes. Each operation can have two names: who did it, and who
/// proposed it; together they are shorter than an operator's ARN.
pub const PERSON_NAME_MAX_BYTES: usize = 64;

/// Most people of one merchant, so that the list fits one item of a table.
pub const PEOPLE_MAX: usize = 200;

/// The people of a merchant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// How often it was changed; 0 if nobody was ever added. A write holds only for the version
    /// that was read.
    pub version: u64,
    /// In the order in which they were added.
    pub entries: Vec<PersonEntry>,
}

/// Who changes people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// An operator with rights at AWS, by the command line. The first person with role `all` is
    /// added so.
    Operator(Person),
    /// A person of the merchant, by the id of the entry, with the role of the access token.
    Person {
        id: Uuid,
        /// The token's role. Today's may be lower.
        role: Role,
    },
}

/// A person to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// The name on record.
    pub name: Person,
    /// How the person will be recognized.
    pub recognition: Recognition,
    pub grant: Grant,
}

/// A change, as history keeps it for ever: who gave whom which grant, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleChange {
    pub at: Timestamp,
    /// The name of who did it.
    pub by: Person,
    /// Whose entry it is.
    pub id: Uuid,
    /// The name of that entry.
    pub name: Person,
    /// The permissions before; none for a person who was added.
    pub before: Option<Grant>,
    /// The permissions since; none for a person who was removed.
    pub after: Option<Grant>,
}

/// Who changes people, and the refund limits that they may give to others.
struct Changer {
    name: Person,
    refund_max: RefundMax,
}

/// Why people are not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleRefusal {
    /// The person who changes people does not have the role `all`, or no longer has it.
    #[error("only a person with role all changes people")]
    Role,
    /// The person who changes people would change their own entry.
    #[error("nobody changes their own entry")]
    OwnEntry,
    #[error("there is no such person")]
    NotFound,
    /// The name is too long.
    #[error("a name has at most {PERSON_NAME_MAX_BYTES} bytes")]
    NameTooLong,
    /// A word of the name has letters of several scripts, some of which only look like others.
    #[error("a word of a name has letters of one script")]
    MixedScripts,
    /// Another person has the name, or one that looks like it.
    #[error("another person has this name, or one that looks like it")]
    NameTaken,
    /// Another person has or had the address, or has the subject.
    #[error("another person is recognized by this")]
    RecognitionTaken,
    /// The issuer is none.
    #[error("the issuer must be an address of 1 to {SUBJECT_MAX_BYTES} characters of ASCII without spaces")]
    Issuer,
    /// The subject is none.
    #[error("the subject must have 1 to {SUBJECT_MAX_BYTES} characters of ASCII")]
    Subject,
    /// There are [`PEOPLE_MAX`] people.
    #[error("a merchant has at most {PEOPLE_MAX} people")]
    Full,
    /// More than [`REFUND_LIMITS_MAX`](super::REFUND_LIMITS_MAX) limits.
    #[error("has limits in too many currencies")]
    TooManyLimits,
    /// The person who changes people would let another one refund more than they may themselves.
    #[error("nobody lets others give back more than they may themselves")]
    AboveOwnLimit,
}

/// A person who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub id: Uuid,
    /// Whether it is the address that recognizes the person, so that the subject has to be stored
    /// before the person may act.
    pub uses_address: bool,
}

impl People {
    /// Recognizes who signed in; none if the merchant has no such person. A subject counts before
    /// an address, so that an address can change at the issuer.
    pub fn sign_in(&self, identity: &Identity) -> Option<SignedIn> {
        let known = self.entries.iter().find(|entry| entry.recognition.has_subject(&identity.subject));
        if let Some(entry) = known {
            return Some(SignedIn { id: entry.id, uses_address: false });
        }
        let entry = self.entries.iter().find(|entry| entry.recognition.has_address_of(identity))?;
        Some(SignedIn { id: entry.id, uses_address: true })
    }

    /// The person with this id.
    pub fn get(&self, id: Uuid) -> Option<&PersonEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The role of a token's holder now: the lesser of the token's role and today's, and none once
    /// removed.
    pub fn role_now(&self, id: Uuid, of_token: Role) -> Option<Role> {
        self.get(id).map(|entry| entry.grant.role.min(of_token))
    }

    /// Adds a person under a fresh id.
    pub fn add(
        &mut self,
        by: &ChangedBy,
        new: NewPerson,
        id: Uuid,
        at: Timestamp,
    ) -> Result<PeopleChange, PeopleRefusal> {
        let by = self.changer(by, None)?;
        let name = self.check_new(&new)?;
        check_limits(&new.grant, &RefundMax::nothing(), &by)?;
        let NewPerson { name: _, recognition, grant } = new;
        let (by, after) = (by.name, Some(grant.clone()));
        let change = PeopleChange { at, by, id, name: name.clone(), before: None, after };
        self.entries.push(PersonEntry { id, name, recognition, grant });
        self.version += 1;
        Ok(change)
    }

    /// Gives a person another role or other limits.
    pub fn change(
        &mut self,
        by: &ChangedBy,
        id: Uuid,
        grant: Grant,
        at: Timestamp,
    ) -> Result<PeopleChange, PeopleRefusal> {
        let by = self.changer(by, Some(id))?;
        let entry = self.entries.iter_mut().find(|entry| entry.id == id).ok_or(PeopleRefusal::NotFound)?;
        check_limits(&grant, &entry.grant.refund_max, &by)?;
        let before = std::mem::replace(&mut entry.grant, grant.clone());
        self.version += 1;
        Ok(PeopleChange {
            at,
            by: by.name,
            id,
            name: entry.name.clone(),
            before: Some(before),
            after: Some(grant),
        })
    }

    /// Removes a person. The entry is gone; history keeps the name.
    pub fn remove(&mut self, by: &ChangedBy, id: Uuid, at: Timestamp) -> Result<PeopleChange, PeopleRefusal> {
        let by = self.changer(by, Some(id))?.name;
        let position = self.entries.iter().position(|entry| entry.id == id).ok_or(PeopleRefusal::NotFound)?;
        let PersonEntry { name, grant, .. } = self.entries.remove(position);
        self.version += 1;
        Ok(PeopleChange { at, by, id, name, before: Some(grant), after: None })
    }

    /// Who may change this entry, or add one.
    fn changer(&self, by: &ChangedBy, changed: Option<Uuid>) -> Result<Changer, PeopleRefusal> {
        match by {
            ChangedBy::Operator(name) => Ok(Changer { name: name.clone(), refund_max: RefundMax::Unlimited }),
            ChangedBy::Person { id, role } => {
                let entry = self.get(*id).ok_or(PeopleRefusal::Role)?;
                if self.role_now(*id, *role) != Some(Role::All) {
                    Err(PeopleRefusal::Role)
                } else if changed == Some(*id) {
                    Err(PeopleRefusal::OwnEntry)
                } else {
                    Ok(Changer { name: entry.name.clone(), refund_max: entry.grant.refund_max.clone() })
                }
            }
        }
    }

    /// The name as it is kept, if this person may be added.
    fn check_new(&self, new: &NewPerson) -> Result<Person, PeopleRefusal> {
        check_texts(&new.recognition)?;
        if self.entries.len() >= PEOPLE_MAX {
            return Err(PeopleRefusal::Full);
        }
        let name = kept(&new.name).filter(|name| name.to_string().len() <= PERSON_NAME_MAX_BYTES);
        let name = name.ok_or(PeopleRefusal::NameTooLong)?;
        if has_mixed_scripts(&name) {
            return Err(PeopleRefusal::MixedScripts);
        }
        if self.entries.iter().any(|entry| is_same_name(&entry.name, &name)) {
            return Err(PeopleRefusal::NameTaken);
        }
        if self.is_taken(&new.recognition) { Err(PeopleRefusal::RecognitionTaken) } else { Ok(name) }
    }

    /// Whether somebody has this address, used or not, or this subject.
    fn is_taken(&self, wanted: &Recognition) -> bool {
        let has_email =
            |email: &Email| self.entries.iter().any(|entry| entry.recognition.email() == Some(email));
        let has_subject = match wanted {
            Recognition::Email { .. } => false,
            Recognition::Subject { subject, .. } => {
                self.entries.iter().any(|entry| entry.recognition.has_subject(subject))
            }
        };
        has_subject || wanted.email().is_some_and(has_email)
    }
}

/// Everybody who changes people may lower refund limits.
fn check_limits(grant: &Grant, before: &RefundMax, by: &Changer) -> Result<(), PeopleRefusal> {
    if !grant.refund_max.fits() {
        Err(PeopleRefusal::TooManyLimits)
    } else if grant.refund_max.exceeds_both(before, &by.refund_max) {
        Err(PeopleRefusal::AboveOwnLimit)
    } else {
        Ok(())
    }
}

/// A text that no ID token can contain recognizes nobody, and may not fit the item.
fn check_texts(recognition: &Recognition) -> Result<(), PeopleRefusal> {
    let fits = |text: &str| (1..=SUBJECT_MAX_BYTES).contains(&text.len());
    let is_address = |text: &str| fits(text) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_subject = |text: &str| fits(text) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_address(recognition.issuer()) {
        return Err(PeopleRefusal::Issuer);
    }
    if recognition.subject().is_none_or(is_subject) { Ok(()) } else { Err(PeopleRefusal::Subject) }
}
