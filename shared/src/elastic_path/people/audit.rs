//! `GET /v2/audit`: people's acts that move no money, and who changed people.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    payments::Role,
    people::{AuditEntry, Audited, AuditedPerson},
};

use crate::{
    api::{Caller, Handled, Page},
    elastic_path::{
        lists::filter::WantedAudit,
        lists::{Paging, Rows},
        people::person_change_value,
        response::seconds,
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
    let meta =
        |page| json!({"page": page, "time_zone": paging.zone.name(), "unreadable": found.unreadable.len()});
    paging.reply(rows, found.next.clone(), |part| part.with(meta)).await
}

/// An entry of the audit trail.
pub fn audit_entry_value(entry: &AuditEntry) -> Value {
    let mut shown = json!({
        "type": "audit_entry",
        "id": entry.id,
        "at": seconds(entry.at),
        "kind": entry.what.kind().as_str(),
        "who": who_value(&entry.who),
        "request_id": entry.request,
    });
    match &entry.what {
        Audited::SignedIn { client } => shown["client"] = json!(client),
        Audited::Refused { client, why } => {
            shown["client"] = json!(client);
            shown["reason"] = json!(why.as_str());
        }
        Audited::Acted { call } | Audited::LimitExceeded { call } => shown["call"] = json!(call),
        Audited::Downloaded { list, filter, rows } => {
            shown["download"] = json!({"list": list, "filter": filter, "rows": rows});
        }
        Audited::PeopleChanged(change) => shown["change"] = person_change_value(change),
    }
    shown
}

fn who_value(who: &AuditedPerson) -> Value {
    match who {
        AuditedPerson::Known { id, name } => json!({"type": "person", "id": id, "name": name.to_string()}),
        AuditedPerson::Operator { name } => json!({"type": "operator", "name": name.to_string()}),
        AuditedPerson::Stranger { subject, email } => json!({
            "type": "stranger",
            "issuer": subject.issuer,
            "subject": subject.subject,
            "email": email.as_ref().map(ToString::to_string),
        }),
    }
}
