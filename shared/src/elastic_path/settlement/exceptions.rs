//! `GET /v2/settlement/exceptions` and a single one, and people's handling: notes, and a decision
//! that nothing is left to do.

use lambda_http::Request;
use tollgate_core::{
    order::Reason,
    payments::{Refusal, Role, trail},
    settlement::{self, Exception, ExceptionRefusal, NOTES_MAX, Note, Resolution},
};
use tollgate_wire::{
    ExceptionFacts, ExceptionNote, ExceptionPageMeta, ExceptionResolution, SettlementException, Single,
    constant::ExceptionType,
};
use uuid::Uuid;

use super::accounts;
use crate::{
    api::{Caller, Code, Failure, Handled, Members, Page, Problem, Reply, json_body},
    elastic_path::{
        lists::filter::WantedExceptions,
        lists::{Paging, Rows},
        payments::follow_up::{actor_of_key, only_data_and_options},
        request::Parameters,
    },
    invocation::path_parameter,
    ports::Transactions,
    spreadsheet::{FileRow as _, settlement::exception_state},
};

/// Longest text of a note or a decision that is looked at, in characters.
const TEXT_MAX: usize = 1_000;

handlers! {
    /// `GET /v2/settlement/exceptions?filter=…&page[limit]=…&page[cursor]=…`: the exceptions, as
    /// JSON or as CSV.
    list_exceptions(Transactions) => list();
    /// `GET /v2/settlement/exceptions/{exceptionId}`: one exception.
    get_exception(Transactions) => read();
    /// `POST /v2/settlement/exceptions/{exceptionId}/notes`: a named person adds a note.
    note_exception(Transactions) => note();
    /// `POST /v2/settlement/exceptions/{exceptionId}/resolve`: a named person closes it, with a
    /// reason.
    resolve_exception(Transactions) => resolve();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let paging: Paging<'_, WantedExceptions> = Paging::of("exceptions\n", &ports.access, request, &caller)?;
    let (store, merchant) = (ports.settlement.exceptions.as_ref(), &caller.merchant.id);
    let page = store.list(merchant, &paging.filter.0, paging.after(), paging.limit).await?;
    let accounts = accounts(ports, &caller).await?;
    let rows =
        Rows::of(<&Exception>::names(), &page.exceptions, &page.unreadable, |it| it.cells(), exception_value);
    let meta = |page| ExceptionPageMeta { page, accounts, unreadable: trail::unreadable() };
    paging.reply(rows, page.next.clone(), |part| part.with(meta)).await
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Single<SettlementException>> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let found = ports.settlement.exceptions.get(&caller.merchant.id, exception_id(request)?).await?;
    let exception = found.ok_or_else(|| refused(ExceptionRefusal::NotFound))?;
    Ok(Reply::new(200, Single { data: exception_value(&exception) }))
}

async fn note(ports: &Transactions, request: &Request) -> Handled<Single<SettlementException>> {
    let caller = Caller::merchant(&ports.access, request, Role::Operate).await?;
    Parameters::none(request)?;
    let id = exception_id(request)?;
    let (by, text) = who_and(request, &caller, "text")?;
    let note = Note { at: ports.access.now(), by, text };
    let noted =
        settlement::note_exception(ports.settlement.exceptions.as_ref(), &caller.merchant.id, id, &note)
            .await;
    Ok(Reply::new(200, Single { data: exception_value(&noted.map_err(refused)?) }))
}

async fn resolve(ports: &Transactions, request: &Request) -> Handled<Single<SettlementException>> {
    let caller = Caller::merchant(&ports.access, request, Role::Operate).await?;
    Parameters::none(request)?;
    let id = exception_id(request)?;
    let (by, reason) = who_and(request, &caller, "reason")?;
    let resolution = Resolution { at: ports.access.now(), by, reason };
    let store = ports.settlement.exceptions.as_ref();
    let resolved = settlement::resolve_exception(store, &caller.merchant.id, id, &resolution).await;
    Ok(Reply::new(200, Single { data: exception_value(&resolved.map_err(refused)?) }))
}

fn exception_id(request: &Request) -> Result<Uuid, Failure> {
    path_parameter(request, "exceptionId").parse().map_err(|_| refused(ExceptionRefusal::NotFound))
}

/// The person who does it, and the person's text. A key has to name the person; one who signed in
/// is known.
fn who_and(request: &Request, caller: &Caller, text: &str) -> Result<(String, String), Failure> {
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["actor", text, "type"]);
    let actor = actor_of_key(&mut data, caller);
    let person = caller.person().map(|person| person.name.to_string());
    let by = person.or_else(|| actor.map(|actor| actor.to_string()));
    let says: Option<Reason> = data.required_parsed_text(text, TEXT_MAX);
    data.finish()?;
    // A missing member was already noted as a problem.
    let (by, says) = by.zip(says).ok_or_else(Failure::unreadable)?;
    Ok((by, says.to_string()))
}

fn refused(refusal: ExceptionRefusal) -> Failure {
    match refusal {
        ExceptionRefusal::NotFound => Failure::new(Code::NotFound, "there is no such exception"),
        ExceptionRefusal::Closed(exception) => {
            let by = exception.resolution.map(|resolution| format!("; {} resolved it", resolution.by));
            let words = format!("the exception is closed{}", by.unwrap_or_default());
            Failure::new(Code::ExceptionClosed, words)
        }
        ExceptionRefusal::TooManyNotes => Problem::about(
            "data.text",
            Code::InvalidValue,
            format!("an exception has {NOTES_MAX} notes at most"),
        )
        .into(),
        ExceptionRefusal::Contended => Refusal::Contended.into(),
        ExceptionRefusal::Store(error) => Refusal::Store(error).into(),
    }
}

/// An exception, with everything that people wrote about it.
pub fn exception_value(one: &Exception) -> SettlementException {
    let note =
        |note: &Note| ExceptionNote { at: note.at.into(), by: note.by.clone(), text: note.text.clone() };
    let resolution = |one: &Resolution| ExceptionResolution {
        at: one.at.into(),
        by: one.by.clone(),
        reason: one.reason.clone(),
    };
    SettlementException {
        facts: exception_facts(one),
        notes: one.notes.iter().map(note).collect(),
        resolution: one.resolution.as_ref().map(resolution),
    }
}

/// An exception without people's words.
pub(in crate::elastic_path) fn exception_facts(one: &Exception) -> ExceptionFacts {
    ExceptionFacts {
        kind: ExceptionType,
        id: one.id,
        state: exception_state(one).into(),
        cause: one.cause.into(),
        detail: one.detail.clone(),
        date: one.day,
        mid: one.account.clone(),
        retref: one.reference.clone(),
        deposit: one.deposit.clone(),
        case: one.case.clone(),
        order: one.order.as_ref().map(|order| order.order.to_string()),
        transaction: one.transaction,
        expected: one.expected.map(Into::into),
        found: one.found.map(Into::into),
        difference: one.difference().map(Into::into),
        currency: one.currency.map(|currency| currency.code().to_owned()),
        since: one.since.into(),
        gone_at: one.gone_at.map(Into::into),
    }
}
