//! `GET /v2/audit`: what people did that moves no money, and who changed people.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    payments::{Refusal, Role},
    people::{AuditEntry, Audited, AuditedPerson},
};

use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
    },
    elastic_path::{
        lists::cursor::Cursor,
        lists::downloads::on_record,
        lists::filter::WantedAudit,
        lists::paging::{PARAMETERS, Paging},
        people::person_change_value,
        request::parameters::Parameters,
        response::page::{csv, wants_csv},
        response::{bad_row, seconds},
    },
    ports::Personnel,
    spreadsheet::{
        people::{AUDIT_COLUMNS, audit_cells},
        unreadable_cells,
    },
};

handlers! {
    /// `GET /v2/audit?filter=…&time_zone=…&page[limit]=…&page[cursor]=…`: sign-ins, refusals, acts, downloads and changes of
    /// people, the newest first, as JSON or as CSV.
    list_audit(Personnel) => list();
}

async fn list(ports: &Personnel, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::All).await?;
    let now = ports.access.now();
    let mut parameters = Parameters::of(request, &PARAMETERS);
    let paging: Paging<WantedAudit> = Paging::read("audit\n", request, &mut parameters, &caller, now);
    parameters.finish()?;
    let after = paging.cursor.as_ref().map(|cursor| cursor.after.as_str());
    let filter = paging.filter.in_full();
    let page = ports.stores.audit.audit(&caller.merchant.id, &filter, after, paging.limit);
    let page = page.await.map_err(Refusal::Store)?;
    let cursor = page.next.clone().map(|after| paging.sealed(&Cursor::of_keys(after), &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let body = if wants_csv(request) {
        let bad = page.unreadable.iter().map(|bad| unreadable_cells(&AUDIT_COLUMNS, &bad.key));
        csv(&AUDIT_COLUMNS, page.entries.iter().map(audit_cells).chain(bad))?
    } else {
        Page::from(json!({
            "data": page
                .entries
                .iter()
                .map(audit_entry_value)
                .chain(page.unreadable.iter().map(bad_row))
                .collect::<Vec<_>>(),
            "links": {"next": next},
            "meta": {
                "page": {"limit": paging.limit, "cursor": cursor},
                "time_zone": paging.zone.name(),
                "unreadable": page.unreadable.len(),
            },
        }))
    };
    let body = on_record(&ports.access, &caller, request, body).await?;
    Ok(Reply::new(200, body.followed_by(next.as_deref())))
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
