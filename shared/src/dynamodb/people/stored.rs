//! People, changes and entries of the audit trail as they are stored.

use std::collections::BTreeMap;

use tollgate_core::{
    people::{
        AuditEntry, AuditKind, Audited, AuditedPerson, Grant, People, PeopleChange, PersonEntry, Recognition,
        RefundMax, Subject,
    },
    values::{Amount, Currency, mask_card_numbers},
};

use crate::dynamodb::members::{Object, Read, Reader, Writer, corrupt, stored};

stored! {
    People |this, to, from| {
        version: "version",
        // Nobody is not the same as not known: the list is there also where it is empty.
        entries: (
            to.list("people", &this.entries, |one, to| one.write(&(), to)),
            if from.has("people") { from.get("people")? } else { return Err(corrupt("people")) }
        ),
    }
}

stored! {
    PersonEntry |this, to, from| {
        id: "id",
        name: "name",
        recognition: (Object::write(&this.recognition, &(), to), Object::read(&(), from)?),
        grant: "grant",
    }
}

/// Subject, or else address and issuer; of a subject the address that was used, if one was.
impl Object for Recognition {
    fn read((): &(), from: &mut Reader) -> Read<Self> {
        let (issuer, subject, email) = (from.get("iss")?, from.get("sub")?, from.get("email")?);
        match (subject, email) {
            (Some(subject), email) => Ok(Self::Subject { subject: Subject { issuer, subject }, email }),
            (None, Some(email)) => Ok(Self::Email { issuer, email }),
            (None, None) => Err(corrupt("sub")),
        }
    }

    fn write(&self, (): &(), to: &mut Writer) {
        match self {
            Self::Email { issuer, email } => {
                to.text("iss", issuer);
                to.put("email", email);
            }
            Self::Subject { subject, email } => {
                subject.write(&(), to);
                to.put("email", email);
            }
        }
    }
}

stored! {
    Subject {
        issuer: "iss",
        subject: "sub",
    }
}

#[derive(PartialEq)]
struct StoredLimit {
    currency: Currency,
    amount: Amount,
}

stored! {
    StoredLimit {
        currency: "currency",
        amount: "amount",
    }
}

stored! {
    Grant |this, to, from| {
        role: "role",
        refund_max: (write_limits(&this.refund_max, to), read_limits(from)?),
    }
}

/// The word for no limit. It is stored, so that an attribute that is lost means nothing rather than
/// everything.
const UNLIMITED: &str = "unlimited";

fn write_limits(max: &RefundMax, to: &mut Writer) {
    match max {
        RefundMax::Unlimited => to.text("refunds", UNLIMITED),
        RefundMax::By(limits) => {
            let limits: Vec<StoredLimit> =
                limits.iter().map(|(&currency, &amount)| StoredLimit { currency, amount }).collect();
            to.list("refund_max", &limits, |limit, to| limit.write(&(), to));
        }
    }
}

fn read_limits(from: &mut Reader) -> Read<RefundMax> {
    let limits: Vec<StoredLimit> = from.list("refund_max", |from| StoredLimit::read(&(), from))?;
    let limits: BTreeMap<_, _> = limits.into_iter().map(|limit| (limit.currency, limit.amount)).collect();
    match from.get::<Option<String>>("refunds")?.as_deref() {
        None => Ok(RefundMax::By(limits)),
        Some(UNLIMITED) if limits.is_empty() => Ok(RefundMax::Unlimited),
        Some(_) => Err(corrupt("refunds")),
    }
}

stored! {
    PeopleChange {
        at: "at",
        by: "by",
        id: "id",
        name: "name",
        before: "before",
        after: "after",
    }
}

stored! {
    AuditEntry |this, to, from| {
        id: "id",
        at: "at",
        who: (Object::write(&this.who, &(), to), Object::read(&(), from)?),
        what: (Object::write(&this.what, &(), to), Object::read(&(), from)?),
        request: "request",
    }
}

impl Object for AuditedPerson {
    fn read((): &(), from: &mut Reader) -> Read<Self> {
        match (from.get("person")?, from.get("name")?) {
            (Some(id), Some(name)) => Ok(Self::Known { id, name }),
            (None, Some(name)) => Ok(Self::Operator { name }),
            _ => {
                let subject = Object::read(&(), from)?;
                Ok(Self::Stranger { subject, email: from.get("email")? })
            }
        }
    }

    fn write(&self, (): &(), to: &mut Writer) {
        match self {
            Self::Known { id, name } => {
                to.put("person", id);
                to.put("name", name);
            }
            Self::Operator { name } => to.put("name", name),
            // An issuer's name for a stranger is any text.
            Self::Stranger { subject, email } => {
                to.text("iss", mask_card_numbers(&subject.issuer));
                to.text("sub", mask_card_numbers(&subject.subject));
                let email = email.as_ref().map(ToString::to_string);
                to.put("email", &email.filter(|email| mask_card_numbers(email) == *email));
            }
        }
    }
}

impl Object for Audited {
    fn read((): &(), from: &mut Reader) -> Read<Self> {
        Ok(match from.get("kind")? {
            AuditKind::SignedIn => Self::SignedIn { client: from.get("client")? },
            AuditKind::Refused => Self::Refused { client: from.get("client")?, why: from.get("why")? },
            AuditKind::Acted => Self::Acted { call: from.get("call")? },
            AuditKind::LimitExceeded => Self::LimitExceeded { call: from.get("call")? },
            AuditKind::Downloaded => Self::Downloaded {
                list: from.get("list")?,
                filter: from.get("filter")?,
                rows: from.get("rows")?,
            },
            AuditKind::PeopleChanged => Self::PeopleChanged(from.get("change")?),
        })
    }

    fn write(&self, (): &(), to: &mut Writer) {
        to.put("kind", &self.kind());
        match self {
            Self::SignedIn { client } => to.text("client", client),
            Self::Refused { client, why } => {
                to.text("client", client);
                to.put("why", why);
            }
            Self::Acted { call } | Self::LimitExceeded { call } => to.text("call", mask_card_numbers(call)),
            Self::Downloaded { list, filter, rows } => {
                to.text("list", list);
                to.text("filter", filter);
                to.put("rows", rows);
            }
            Self::PeopleChanged(change) => to.put("change", change),
        }
    }
}
