//! A merchant's people and their audit trail, as lines of a file: for access reviews.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tollgate_core::people::{
    AuditEntry, Audited, AuditedPerson, Grant, PersonEntry, Recognition, RefundMax, Subject,
};

use super::{FileColumn, FileRow, column, known, seconds};

/// A person with the last sign-in.
pub struct PersonRow<'a> {
    /// The person.
    pub entry: &'a PersonEntry,
    /// When it was, if ever.
    pub last_sign_in: Option<Timestamp>,
}

impl FileRow for PersonRow<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 8] = [
            column("id", |it| it.entry.id.to_string()),
            column("name", |it| it.entry.name.to_string()),
            column("role", |it| it.entry.grant.role.as_str().to_owned()),
            column("refund_max", |it| limits(&it.entry.grant.refund_max)),
            column("email", |it| it.entry.recognition.email().map(ToString::to_string).unwrap_or_default()),
            column("issuer", |it| issuer_and_subject(&it.entry.recognition).0.to_owned()),
            column("subject", |it| known(issuer_and_subject(&it.entry.recognition).1)),
            column("last_sign_in", |it| it.last_sign_in.map(seconds).unwrap_or_default()),
        ];
        columns.into()
    }
}

/// The columns of entries of the audit trail. No name is ever changed; a release may add some at
/// the end.
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

/// The cells of an entry of the audit trail.
pub fn audit_cells(entry: &AuditEntry) -> Vec<String> {
    let mut cells: BTreeMap<_, _> = [
        ("id", entry.id.to_string()),
        ("at", seconds(entry.at)),
        ("kind", entry.what.kind().as_str().to_owned()),
        ("request_id", entry.request.clone()),
    ]
    .into();
    match &entry.who {
        AuditedPerson::Known { id, name } => cells.extend([
            ("who", "person".to_owned()),
            ("person", name.to_string()),
            ("person_id", id.to_string()),
        ]),
        AuditedPerson::Operator { name } => {
            cells.extend([("who", "operator".to_owned()), ("person", name.to_string())]);
        }
        AuditedPerson::Stranger { subject, email } => {
            let Subject { issuer, subject } = subject.clone();
            cells.extend([("who", "stranger".to_owned()), ("issuer", issuer), ("subject", subject)]);
            cells.extend(email.as_ref().map(|email| ("email", email.to_string())));
        }
    }
    match &entry.what {
        Audited::SignedIn { client } => cells.extend([("client", client.clone())]),
        Audited::Refused { client, why } => {
            cells.extend([("client", client.clone()), ("reason", why.as_str().to_owned())]);
        }
        Audited::Acted { call } | Audited::LimitExceeded { call } => cells.extend([("call", call.clone())]),
        Audited::Downloaded { list, filter, rows } => {
            cells.extend([("list", list.clone()), ("filter", filter.clone()), ("rows", rows.to_string())]);
        }
        Audited::PeopleChanged(change) => {
            let [role_before, max_before] = grant_cells(change.before.as_ref());
            let [role, max] = grant_cells(change.after.as_ref());
            cells.extend([("changed_person", change.name.to_string()), ("role", role), ("refund_max", max)]);
            cells.extend([("role_before", role_before), ("refund_max_before", max_before)]);
        }
    }
    AUDIT_COLUMNS.map(|name| cells.remove(name).unwrap_or_default()).into()
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
