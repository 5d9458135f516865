//! `GET /v2/audit`: people's acts that move no money, and who changed people.

use lambda_http::Request;
use tollgate_core::{
    payments::Role,
    people::{AuditEntry, Audited, AuditedPerson},
};
use tollgate_wire::{self as wire, AuditedPersonType, constant::AuditEntryType};

use crate::{
    api::{Caller, Handled, Page},
    elastic_path::{
        lists::filter::WantedAudit,
        lists::{Paging, Rows},
        people::person_change_value,
    },
    ports::Personnel,
    spreadsheet::people::{AUDIT_COLUMNS, audit_cells},
};

handlers! {
    /// `GET /v2/audit?filter=…&time_zone=…&page[limit]=…&page[cursor]=…`: sign-ins, refusals, acts,
    /// downloads and changes of people, the newest first, as JSON or as CSV.
    list_audit(Personnel) => list();
}

async fn list(ports: &Personnel, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::All).await?;
    let paging: Paging<'_, WantedAudit> = Paging::of("audit\n", &ports.access, request, &caller)?;
    let (store, filter) = (ports.stores.audit.as_ref(), paging.filter.in_full());
    let found = store.audit(&caller.merchant.id, &filter, paging.after(), paging.limit).await?;
    let rows =
        Rows::of(AUDIT_COLUMNS.to_vec(), &found.entries, &found.unreadable, audit_cells, audit_entry_value);
    let (time_zone, unreadable) = (paging.zone.name().to_owned(), found.unreadable.len());
    let meta = |page| wire::AuditPageMeta { page, time_zone, unreadable };
    paging.reply(rows, found.next.clone(), |part| part.with(meta)).await
}

/// An entry of the audit trail.
pub fn audit_entry_value(entry: &AuditEntry) -> wire::AuditEntry {
    let mut shown = wire::AuditEntry {
        entry_type: AuditEntryType,
        id: entry.id,
        at: entry.at.into(),
        kind: entry.what.kind().into(),
        who: who_value(&entry.who),
        request_id: entry.request.clone(),
        client: None,
        reason: None,
        call: None,
        download: None,
        change: None,
    };
    match &entry.what {
        Audited::SignedIn { client } => shown.client = Some(client.clone()),
        Audited::Refused { client, why } => {
            shown.client = Some(client.clone());
            shown.reason = Some((*why).into());
        }
        Audited::Acted { call } | Audited::LimitExceeded { call } => shown.call = Some(call.clone()),
        Audited::Downloaded { list, filter, rows } => {
            let (list, filter) = (list.clone(), filter.clone());
            shown.download = Some(wire::AuditedDownload { list, filter, rows: *rows });
        }
        Audited::PeopleChanged(change) => shown.change = Some(person_change_value(change)),
    }
    shown
}

fn who_value(who: &AuditedPerson) -> wire::AuditedPerson {
    match who {
        AuditedPerson::Known { id, name } => wire::AuditedPerson {
            id: Some(*id),
            name: Some(name.to_string()),
            ..wire::AuditedPerson::of(AuditedPersonType::Person)
        },
        AuditedPerson::Operator { name } => wire::AuditedPerson {
            name: Some(name.to_string()),
            ..wire::AuditedPerson::of(AuditedPersonType::Operator)
        },
        AuditedPerson::Stranger { subject, email } => wire::AuditedPerson {
            issuer: Some(subject.issuer.clone()),
            subject: Some(subject.subject.clone()),
            email: email.as_ref().map(ToString::to_string).into(),
            ..wire::AuditedPerson::of(AuditedPersonType::Stranger)
        },
    }
}
