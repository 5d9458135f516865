//! A merchant's people and their audit trail, as lines of a file: for access reviews.

use jiff::Timestamp;
use tollgate_core::people::{AuditEntry, Audited, AuditedPerson, Grant, PersonEntry, Recognition, RefundMax};

use super::seconds;

/// The names of the columns of people. None is ever changed; a release may add some at the end.
pub const PEOPLE_COLUMNS: [&str; 8] =
    ["id", "name", "role", "refund_max", "email", "issuer", "subject", "last_sign_in"];

/// The same of entries of the audit trail.
pub const AUDIT_COLUMNS: [&str; 21] = [
    "id",
    "at",
    "kind",
    "who",
    "person",
    "person_id",
    "issuer",
    "subject",
    "email",
    "client",
    "reason",
    "list",
    "filter",
    "rows",
    "changed_person",
    "role_before",
    "refund_max_before",
    "role",
    "refund_max",
    "request_id",
    "call",
];

pub fn person_cells(one: &PersonEntry, last_sign_in: Option<Timestamp>) -> Vec<String> {
    let (issuer, subject) = issuer_and_subject(&one.recognition);
    vec![
        one.id.to_string(),
        one.name.to_string(),
        one.grant.role.as_str().to_owned(),
        limits(&one.grant.refund_max),
        one.recognition.email().map(ToString::to_string).unwrap_or_default(),
        issuer.to_owned(),
        subject.unwrap_or_default().to_owned(),
        last_sign_in.map(seconds).unwrap_or_default(),
    ]
}

/// The cells of an entry of the audit trail.
pub fn audit_cells(entry: &AuditEntry) -> Vec<String> {
    let text = ToString::to_string;
    let none = String::new;
    let who = match &entry.who {
        AuditedPerson::Known { id, name } => {
            ["person".to_owned(), text(name), id.to_string(), none(), none(), none()]
        }
        AuditedPerson::Operator { name } => {
            ["operator".to_owned(), text(name), none(), none(), none(), none()]
        }
        AuditedPerson::Stranger { subject, email } => {
            let email = email.as_ref().map(ToString::to_string).unwrap_or_default();
            ["stranger".to_owned(), none(), none(), subject.issuer.clone(), subject.subject.clone(), email]
        }
    };
    let mut what: [String; 10] = Default::default();
    let mut made = String::new();
    match &entry.what {
        Audited::SignedIn { client } => what[0].clone_from(client),
        Audited::Refused { client, why } => {
            what[0].clone_from(client);
            why.as_str().clone_into(&mut what[1]);
        }
        Audited::Acted { call } | Audited::LimitExceeded { call } => made.clone_from(call),
        Audited::Downloaded { list, filter, rows } => {
            what[2].clone_from(list);
            what[3].clone_from(filter);
            what[4] = rows.to_string();
        }
        Audited::PeopleChanged(change) => {
            what[5] = change.name.to_string();
            [what[6], what[7]] = grant_cells(change.before.as_ref());
            [what[8], what[9]] = grant_cells(change.after.as_ref());
        }
    }
    let first = [entry.id.to_string(), seconds(entry.at), entry.what.kind().as_str().to_owned()];
    first.into_iter().chain(who).chain(what).chain([entry.request.clone(), made]).collect()
}

/// Role and limits; empty for a person without a role, or no longer with one.
pub fn grant_cells(grant: Option<&Grant>) -> [String; 2] {
    grant.map_or_else(Default::default, |grant| [grant.role.as_str().to_owned(), limits(&grant.refund_max)])
}

/// The most of the refunds of one order, in words: `unlimited`, `nothing`, or each currency's.
pub fn limits(limits: &RefundMax) -> String {
    match limits {
        RefundMax::Unlimited => "unlimited".to_owned(),
        RefundMax::By(limits) if limits.is_empty() => "nothing".to_owned(),
        RefundMax::By(limits) => {
            let each = limits
                .iter()
                .map(|(currency, amount)| format!("{} {}", currency.decimal(*amount), currency.code()));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Who a person is at which issuer; no subject before the first sign-in by an address.
pub fn issuer_and_subject(recognition: &Recognition) -> (&str, Option<&str>) {
    match recognition {
        Recognition::Email { issuer, .. } => (issuer, None),
        Recognition::Subject { subject, .. } => (&subject.issuer, Some(&subject.subject)),
    }
}
