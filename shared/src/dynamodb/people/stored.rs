//! People, changes and entries of the audit trail as they are stored.

use std::{collections::BTreeMap, str::FromStr};

use tollgate_core::{
    payments::Role,
    people::{
        AuditEntry, AuditKind, Audited, AuditedPerson, Grant, People, PeopleChange, PersonEntry, Recognition,
        RefundMax, SignInRefusal, Subject,
    },
    values::{Amount, Currency, mask_card_numbers},
};

use crate::dynamodb::members::{Object, Read, Reader, Writer, corrupt, stored};

/// A text that has a form of its own.
fn parsed<T: FromStr>(from: &mut Reader, name: &str) -> Read<T> {
    optional(from, name)?.ok_or_else(|| corrupt(name))
}

fn optional<T: FromStr>(from: &mut Reader, name: &str) -> Read<Option<T>> {
    let text: Option<String> = from.get(name)?;
    text.map(|text| text.parse().map_err(|_| corrupt(name))).transpose()
}

fn word<T>(from: &mut Reader, name: &str, known: impl FnOnce(&str) -> Option<T>) -> Read<T> {
    known(&from.get::<String>(name)?).ok_or_else(|| corrupt(name))
}

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
        name: (to.text("name", this.name.to_string()), parsed(from, "name")?),
        recognition: (Object::write(&this.recognition, &(), to), Object::read(&(), from)?),
        grant: "grant",
    }
}

/// Subject, or else address and issuer; of a subject the address that was used, if one was.
impl Object for Recognition {
    fn read((): &(), from: &mut Reader) -> Read<Self> {
        let (issuer, subject, email) = (from.get("iss")?, from.get("sub")?, optional(from, "email")?);
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
                to.text("email", email.to_string());
            }
            Self::Subject { subject, email } => {
                subject.write(&(), to);
                to.put("email", &email.as_ref().map(ToString::to_string));
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
        role: (to.text("role", this.role.as_str()), word(from, "role", Role::from_name)?),
        refund_max: (write_limits(&this.refund_max, to), read_limits(from)?),
    }
}

/// The word for no limit. It is stored, so that an attribute that is lost means nothing rather than everything.
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
    PeopleChange |this, to, from| {
        at: "at",
        by: (to.text("by", this.by.to_string()), parsed(from, "by")?),
        id: "id",
        name: (to.text("name", this.name.to_string()), parsed(from, "name")?),
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
        let (id, name) = (from.get("person")?, optional(from, "name")?);
        match (id, name) {
            (Some(id), Some(name)) => Ok(Self::Known { id, name }),
            (None, Some(name)) => Ok(Self::Operator { name }),
            _ => {
                let subject = Object::read(&(), from)?;
                Ok(Self::Stranger { subject, email: optional(from, "email")? })
            }
        }
    }

    fn write(&self, (): &(), to: &mut Writer) {
        match self {
            Self::Known { id, name } => {
                to.put("person", id);
                to.text("name", name.to_string());
            }
            Self::Operator { name } => to.text("name", name.to_string()),
            // What an issuer calls a stranger is any text.
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
        Ok(match word(from, "kind", AuditKind::from_name)? {
            AuditKind::SignedIn => Self::SignedIn { client: from.get("client")? },
            AuditKind::Refused => {
                let client = from.get("client")?;
                Self::Refused { client, why: word(from, "why", SignInRefusal::from_name)? }
            }
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
        to.text("kind", self.kind().as_str());
        match self {
            Self::SignedIn { client } => to.text("client", client),
            Self::Refused { client, why } => {
                to.text("client", client);
                to.text("why", why.as_str());
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
