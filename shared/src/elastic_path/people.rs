//! A merchant's people over HTTPS: their names and roles, and who gave whom which role when.

pub(super) mod audit;
pub(super) mod me;
pub(super) mod token;

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_http::Request;
use tollgate_core::{
    order::Person,
    payments::{Refusal, Role, trail},
    people::{
        Audited, ChangedBy, Email, Grant, NewPerson, NotChanged, People, PeopleChange, PeopleEditor,
        PeopleRefusal, PersonEntry, Recognition, RefundMax, Subject,
    },
    values::Currency,
};
use tollgate_wire::{
    self as wire, Single,
    constant::{PersonChangeType, PersonType, Removed, Unlimited},
};
use uuid::Uuid;

use crate::{
    api::{Caller, Code, Failure, Handled, Members, Node, Page, Problem, Reply, json_body},
    elastic_path::{
        lists::Rows, lists::downloads::as_wanted, payments::follow_up::only_data_and_options,
        request::Parameters,
    },
    invocation::{path_parameter, request_id},
    ports::Personnel,
    spreadsheet::{
        FileRow as _,
        people::{PersonRow, issuer_and_subject},
    },
};

/// Longest text of a member that is looked at, in characters; kept texts have limits of their own.
const TEXT_MAX: usize = 1_000;

/// When to come back while others change the same people.
const RETRY_S: u32 = 2;

/// The limit of a person who has none.
const UNLIMITED: &str = "unlimited";

/// Why a merchant's key changes no people: it is in a system, and the history names a person.
const NO_PERSON: &str = "only a person who signed in changes people; a key of the merchant reads them";

handlers! {
    /// `GET /v2/people`: all people of the merchant, with their last sign-in, as JSON or as CSV.
    list_people(Personnel) => list();
    /// `POST /v2/people`: lets a person sign in.
    add_person(Personnel) => add();
    /// `PATCH /v2/people/{personId}`: gives a person another role or other limits.
    change_person(Personnel) => change();
    /// `DELETE /v2/people/{personId}`: removes a person.
    remove_person(Personnel) => remove();
}

async fn list(ports: &Personnel, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::All).await?;
    Parameters::none(request)?;
    let (store, merchant) = (ports.stores.people.as_ref(), &caller.merchant.id);
    let people = store.recognized_people(merchant).await?;
    let signed_in = store.last_sign_ins(merchant).await?;
    let last = |one: &PersonEntry| signed_in.get(&one.id).copied();
    let cells = people.entries.iter().map(|entry| PersonRow { entry, last_sign_in: last(entry) }.cells());
    let values = people.entries.iter().map(|one| person_value(one, last(one)));
    let rows = Rows::new(PersonRow::names(), cells, values);
    let meta = wire::PeopleListMeta { unreadable: trail::unreadable() };
    let body = |data| wire::PeopleList { data, meta };
    let page = as_wanted(&ports.access, &caller, request, rows, body).await?;
    Ok(Reply::new(200, page.of_now()))
}

async fn add(ports: &Personnel, request: &Request) -> Handled<Single<wire::Person>> {
    let (caller, by) = changer(ports, request).await?;
    let new = new_person(request)?;
    let edited = editor(ports, &request_id(request), &caller, &by).add(&new).await;
    let (people, change) = recorded(ports, request, &caller, edited).await?;
    shown(ports, &caller, 201, &people, change.id).await
}

async fn change(ports: &Personnel, request: &Request) -> Handled<Single<wire::Person>> {
    let (caller, by) = changer(ports, request).await?;
    let (id, (role, limits)) = (person_id(request)?, wanted(request)?);
    let by_request = request_id(request);
    let editor = editor(ports, &by_request, &caller, &by);
    let edited = editor.change(id, role, limits.as_ref()).await;
    let (people, _) = recorded(ports, request, &caller, edited).await?;
    shown(ports, &caller, 200, &people, id).await
}

async fn remove(ports: &Personnel, request: &Request) -> Handled<Single<wire::RemovedPerson>> {
    let (caller, by) = changer(ports, request).await?;
    let id = person_id(request)?;
    let (_, change) = editor(ports, &request_id(request), &caller, &by).remove(id).await.map_err(refused)?;
    let name = change.name.to_string();
    Ok(Reply::new(200, Single { data: wire::RemovedPerson { kind: PersonType, id, name, status: Removed } }))
}

/// The person who wants to change people. The right is checked on the people as they are
/// stored.
async fn changer(ports: &Personnel, request: &Request) -> Result<(Caller, ChangedBy), Failure> {
    let caller = Caller::merchant(&ports.access, request, Role::All).await?;
    Parameters::none(request)?;
    let person = caller.person().ok_or_else(|| Failure::new(Code::Forbidden, NO_PERSON))?;
    let by = ChangedBy::Person { id: person.id, role: caller.role() };
    Ok((caller, by))
}

fn editor<'a>(
    ports: &'a Personnel,
    request: &'a str,
    caller: &'a Caller,
    by: &'a ChangedBy,
) -> PeopleEditor<'a> {
    PeopleEditor {
        store: ports.stores.people.as_ref(),
        clock: ports.access.clock.as_ref(),
        merchant: &caller.merchant.id,
        by,
        request,
    }
}

async fn shown(
    ports: &Personnel,
    caller: &Caller,
    status: u16,
    people: &People,
    id: Uuid,
) -> Handled<Single<wire::Person>> {
    let one = people.get(id).ok_or_else(Failure::unreadable)?;
    let signed_in = ports.stores.people.last_sign_ins(&caller.merchant.id).await?;
    Ok(Reply::new(status, Single { data: person_value(one, signed_in.get(&id).copied()) }))
}

/// The result of a change. An attempt to give more than one's own limit is on record.
async fn recorded(
    ports: &Personnel,
    request: &Request,
    caller: &Caller,
    edited: Result<(People, PeopleChange), NotChanged>,
) -> Result<(People, PeopleChange), Failure> {
    if let Err(NotChanged::Refused(PeopleRefusal::AboveOwnLimit)) = &edited {
        caller.on_record(&ports.access, request, |call| Audited::LimitExceeded { call }).await?;
    }
    edited.map_err(refused)
}

/// `NotFound` for a text that is not our kind of id.
fn person_id(request: &Request) -> Result<Uuid, Failure> {
    let id = path_parameter(request, "personId").parse();
    id.map_err(|_| refused(NotChanged::Refused(PeopleRefusal::NotFound)))
}

fn new_person(request: &Request) -> Result<NewPerson, Failure> {
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["type", "name", "issuer", "email", "subject", "role", "refund_max"]);
    let name: Option<Person> = data.required_parsed_text("name", TEXT_MAX);
    let issuer = data.required_text("issuer", TEXT_MAX).map(str::to_owned);
    let recognition = recognition(&mut data, issuer.unwrap_or_default());
    let role: Option<Role> =
        if data.has("role") { read_role(&mut data) } else { data.missing("role", "is required") };
    let refund_max = read_refund_max(&mut data).unwrap_or(RefundMax::nothing());
    data.finish()?;
    // A missing member was already noted as a problem.
    let ((name, recognition), role) = name.zip(recognition).zip(role).ok_or_else(Failure::unreadable)?;
    Ok(NewPerson { name, recognition, grant: Grant { role, refund_max } })
}

/// By address or by subject, and not by both: only one would count.
fn recognition(data: &mut Members<'_>, issuer: String) -> Option<Recognition> {
    match (data.has("email"), data.has("subject")) {
        (true, false) => {
            let email: Email = data.parsed_text("email", TEXT_MAX)?;
            Some(Recognition::Email { issuer, email })
        }
        (false, true) => {
            let subject = data.required_text("subject", TEXT_MAX)?.to_owned();
            Some(Recognition::Subject { subject: Subject { issuer, subject }, email: None })
        }
        (true, true) => data.no_value("subject", "is instead of email, not beside it"),
        (false, false) => data.missing("email", "is required, or else subject"),
    }
}

/// The requested changes of a person.
fn wanted(request: &Request) -> Result<(Option<Role>, Option<RefundMax>), Failure> {
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["type", "role", "refund_max"]);
    let (role, refund_max) = (read_role(&mut data), read_refund_max(&mut data));
    if role.is_none() && refund_max.is_none() && data.has_no_problem() {
        data.problem("role", Code::Required, "is required, or else refund_max");
    }
    data.finish()?;
    Ok((role, refund_max))
}

fn read_role(data: &mut Members<'_>) -> Option<Role> {
    let words = Role::ALL.iter().map(|role| (role.as_str(), *role)).collect::<Vec<_>>();
    data.word("role", TEXT_MAX, &words, "must be read, pay, operate or all")
}

/// `"unlimited"`, or minor units by currency. `None` where it is left out or null: a limit is never
/// removed that way.
fn read_refund_max(data: &mut Members<'_>) -> Option<RefundMax> {
    match data.node("refund_max")? {
        Node::Null => None,
        Node::Text(text) if text == UNLIMITED => Some(RefundMax::Unlimited),
        Node::Object(_) => read_limits(data),
        _ => data.wrong_type("refund_max", "unlimited, or an object with an amount for each currency"),
    }
}

fn read_limits(data: &mut Members<'_>) -> Option<RefundMax> {
    let mut limits = data.object("refund_max")?;
    let mut by = BTreeMap::new();
    for name in limits.names() {
        let Ok(currency) = name.parse::<Currency>() else {
            limits.invalid(name, "is not a currency's code, such as USD");
            continue;
        };
        let amount = limits.limit(name);
        if let Some(amount) = amount {
            by.insert(currency, amount);
        }
    }
    data.absorb(limits);
    Some(RefundMax::By(by))
}

fn refused(why: NotChanged) -> Failure {
    let refusal = match why {
        NotChanged::Refused(refusal) => refusal,
        NotChanged::Contended => {
            let mut failure = Failure::new(Code::Contended, why.to_string());
            failure.retry_after_s = Some(RETRY_S);
            return failure;
        }
        NotChanged::Store(error) => return Refusal::Store(error).into(),
    };
    let words = refusal.to_string();
    let about = |member: &str| Problem::about(member, Code::InvalidValue, words.clone()).into();
    match refusal {
        PeopleRefusal::Role | PeopleRefusal::OwnEntry => Failure::new(Code::Forbidden, words),
        PeopleRefusal::NotFound => Failure::new(Code::NotFound, words),
        PeopleRefusal::NameTaken | PeopleRefusal::NameTooLong | PeopleRefusal::MixedScripts => {
            about("data.name")
        }
        PeopleRefusal::Issuer => about("data.issuer"),
        PeopleRefusal::Subject => about("data.subject"),
        PeopleRefusal::RecognitionTaken | PeopleRefusal::Full => about("data"),
        PeopleRefusal::TooManyLimits => about("data.refund_max"),
        PeopleRefusal::AboveOwnLimit => {
            Problem::about("data.refund_max", Code::ExceedsRefundMax, words).into()
        }
    }
}

/// A person. The last sign-in is null before the first.
pub fn person_value(one: &PersonEntry, last_sign_in: Option<Timestamp>) -> wire::Person {
    let (issuer, subject) = issuer_and_subject(&one.recognition);
    wire::Person {
        kind: PersonType,
        id: one.id,
        name: one.name.to_string(),
        role: one.grant.role.into(),
        refund_max: refund_max_value(&one.grant.refund_max),
        issuer: issuer.to_owned(),
        subject: subject.map(str::to_owned),
        email: one.recognition.email().map(ToString::to_string),
        last_sign_in: last_sign_in.map(Into::into),
    }
}

/// A change of people.
pub fn person_change_value(change: &PeopleChange) -> wire::PersonChange {
    let PeopleChange { at, by, id, name, before, after } = change;
    wire::PersonChange {
        kind: PersonChangeType,
        at: (*at).into(),
        by: by.to_string(),
        person: wire::NamedPerson { id: *id, name: name.to_string() },
        before: before.as_ref().map(grant_value),
        after: after.as_ref().map(grant_value),
    }
}

fn grant_value(grant: &Grant) -> wire::Grant {
    wire::Grant { role: grant.role.into(), refund_max: refund_max_value(&grant.refund_max) }
}

fn refund_max_value(limits: &RefundMax) -> wire::RefundMax {
    match limits {
        RefundMax::Unlimited => wire::RefundMax::Unlimited(Unlimited),
        RefundMax::By(limits) => {
            let limits =
                limits.iter().map(|(currency, amount)| (currency.code().to_owned(), (*amount).into()));
            wire::RefundMax::By(limits.collect())
        }
    }
}
