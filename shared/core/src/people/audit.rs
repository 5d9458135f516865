//! People's actions that move no money. Actions that move money leave evidence of their own: in the
//! order, the journal and the events.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Email, PeopleChange, Subject};
use crate::{order::Person, payments::Unreadable, words};

/// One thing that somebody did, or tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: Uuid,
    pub at: Timestamp,
    pub who: AuditedPerson,
    pub what: Audited,
    /// The id of the request, as the log has it.
    pub request: String,
}

/// Who an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditedPerson {
    /// One of the merchant's people.
    Known {
        /// The id of the entry.
        id: Uuid,
        /// The name at that time.
        name: Person,
    },
    /// Somebody who signed in at the company and is none of the merchant's people.
    Stranger {
        subject: Subject,
        /// The verified address, if there is one.
        email: Option<Email>,
    },
    /// An operator, with rights at AWS.
    Operator { name: Person },
}

impl AuditedPerson {
    /// The name on record, if it has one.
    pub fn name(&self) -> Option<&Person> {
        match self {
            Self::Known { name, .. } | Self::Operator { name } => Some(name),
            Self::Stranger { .. } => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audited {
    /// A person signed in, by this registered client.
    SignedIn {
        client: String,
    },
    /// A sign-in was refused. The person was not told why.
    Refused {
        client: String,
        why: SignInRefusal,
    },
    /// A person made a request that no order, journal or switch names.
    Acted {
        call: String,
    },
    /// A person wanted to refund, or to let others refund, more than their own limit.
    LimitExceeded {
        call: String,
    },
    /// A list was downloaded.
    Downloaded {
        list: String,
        /// Its filter, as it was stated.
        filter: String,
        /// Rows that were in it.
        rows: u64,
    },
    PeopleChanged(PeopleChange),
}

words! {
    /// The recorded action, as a word.
    pub enum AuditKind {
        /// A person signed in.
        SignedIn => "signed_in",
        /// A sign-in was refused.
        Refused => "sign_in_refused",
        /// A person made a request that no order, journal or switch names.
        Acted => "acted",
        /// A person exceeded their limit, and was refused.
        LimitExceeded => "limit_exceeded",
        /// A list was downloaded.
        Downloaded => "downloaded",
        PeopleChanged => "people_changed",
    }
}

words! {
    /// Why a sign-in was refused.
    pub enum SignInRefusal {
        /// The merchant has no such person.
        NotListed => "not_listed",
        /// The token was used before.
        TokenUsed => "token_used",
    }
}

impl Audited {
    /// As a word.
    pub fn kind(&self) -> AuditKind {
        match self {
            Self::SignedIn { .. } => AuditKind::SignedIn,
            Self::Refused { .. } => AuditKind::Refused,
            Self::Acted { .. } => AuditKind::Acted,
            Self::LimitExceeded { .. } => AuditKind::LimitExceeded,
            Self::Downloaded { .. } => AuditKind::Downloaded,
            Self::PeopleChanged(_) => AuditKind::PeopleChanged,
        }
    }
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Only these.
    pub kind: Option<AuditKind>,
    /// Only those of the person with this name.
    pub name: Option<Person>,
}

impl AuditFilter {
    /// Whether an entry is wanted.
    pub fn wants(&self, entry: &AuditEntry) -> bool {
        self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
            && self.kind.is_none_or(|kind| entry.what.kind() == kind)
            && self.name.as_ref().is_none_or(|name| entry.who.name() == Some(name))
    }
}

/// Some entries, the newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// Those that cannot be read, of any kind and any person.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}
