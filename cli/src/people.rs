//! `person …`: who may act for a merchant under their own name.

use serde_json::{Value, json};
use tollgate::{
    elastic_path::{person_change_value, person_value},
    ports::PeopleStores,
    spreadsheet::{
        FileRow as _,
        people::{PersonRow, grant_cells, issuer_and_subject, limits},
    },
};
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    people::{
        ChangedBy, NewPerson, NotChanged, People, PeopleChange, PeopleEditor, PeopleRefusal, PersonEntry,
        Recognition, Subject,
    },
};

use crate::{
    args::{AddPerson, ChangePerson, ListPeople, PersonCommand, RemovePerson},
    confirm, csv,
    failure::{self, Failure},
    installation::{Installation, aws_http_client},
    payment::history::time,
    person::verified,
    precondition::must_exist,
    report::Report,
    table::aligned,
};

/// Most rows of the history that are read at once.
const PART: usize = 100;

/// Who changes people of a local stack, which has no accounts.
const LOCAL_OPERATOR: &str = "operator of the local stack";

/// The text in place of a request's id in the audit trail.
const REQUEST: &str = "tollgate person";

/// The columns of changes in a file. None is ever changed; a release may add some at the end.
const CHANGE_COLUMNS: [&str; 8] = [
    "changed_at",
    "changed_by",
    "person_id",
    "person",
    "role_before",
    "refund_max_before",
    "role",
    "refund_max",
];

const HEADER: [&str; 6] = ["NAME", "ROLE", "REFUNDS UP TO", "SIGNS IN AS", "LAST SIGN-IN", "ID"];
const HISTORY: [&str; 7] = ["TIME", "BY", "PERSON", "ROLE BEFORE", "REFUNDS BEFORE", "ROLE", "REFUNDS UP TO"];

pub(crate) async fn run(installation: &Installation, command: &PersonCommand) -> Result<Report, Failure> {
    match command {
        PersonCommand::Add(add) => self::add(installation, add).await,
        PersonCommand::List(list) => self::list(installation, list).await,
        PersonCommand::Change(change) => self::change(installation, change).await,
        PersonCommand::Remove(remove) => self::remove(installation, remove).await,
        PersonCommand::History(list) => history(installation, list).await,
    }
}

pub(crate) fn stores(installation: &Installation) -> Result<PeopleStores, Failure> {
    Ok(installation.people()?.stores(&aws_http_client()?))
}

/// Who changes people, as AWS says: history is evidence, so a name on a command line is not enough.
async fn operator(installation: &Installation) -> Result<ChangedBy, Failure> {
    let person =
        if installation.is_local { LOCAL_OPERATOR.parse().ok() } else { verified(installation).await };
    person.map(ChangedBy::Operator).ok_or_else(|| {
        Failure::Unavailable(
            "AWS did not say who you are, and the history of people records it; nothing was done".to_owned(),
        )
    })
}

fn editor<'a>(
    installation: &'a Installation,
    stores: &'a PeopleStores,
    merchant: &'a MerchantId,
    by: &'a ChangedBy,
) -> PeopleEditor<'a> {
    PeopleEditor {
        store: stores.people.as_ref(),
        clock: installation.clock.as_ref(),
        merchant,
        by,
        request: REQUEST,
    }
}

async fn add(installation: &Installation, add: &AddPerson) -> Result<Report, Failure> {
    let (stores, by) = (stores(installation)?, operator(installation).await?);
    must_exist(installation, &add.merchant).await?;
    let new = NewPerson { name: add.name.clone(), recognition: recognized(add)?, grant: add.grant()? };
    let edited = editor(installation, &stores, &add.merchant, &by).add(&new).await;
    let (people, change) = edited.map_err(refused)?;
    let text = format!("{} may sign in for merchant {}: {}.", change.name, add.merchant, granted(&change));
    Ok(Report::new(text, changed(&people, &change)))
}

fn recognized(add: &AddPerson) -> Result<Recognition, Failure> {
    let issuer = add.issuer.clone();
    match (&add.recognized.email, &add.recognized.subject) {
        (Some(email), _) => Ok(Recognition::Email { issuer, email: email.clone() }),
        (None, Some(subject)) => {
            let subject = Subject { issuer, subject: subject.clone() };
            Ok(Recognition::Subject { subject, email: None })
        }
        (None, None) => Err(Failure::Input("name the person's --email or --subject".to_owned())),
    }
}

async fn change(installation: &Installation, change: &ChangePerson) -> Result<Report, Failure> {
    let ((role, limits), stores, by) =
        (change.stated()?, stores(installation)?, operator(installation).await?);
    let one =
        find(&stores.people.people(&change.merchant).await.map_err(|error| unread(&error))?, &change.person)?;
    let editor = editor(installation, &stores, &change.merchant, &by);
    let (people, change) = editor.change(one.id, role, limits.as_ref()).await.map_err(refused)?;
    let text = format!("{}: {}. It counts within 5 minutes.", change.name, granted(&change));
    Ok(Report::new(text, changed(&people, &change)))
}

async fn remove(installation: &Installation, remove: &RemovePerson) -> Result<Report, Failure> {
    let (stores, by, merchant) = (stores(installation)?, operator(installation).await?, &remove.merchant);
    let one = find(&stores.people.people(merchant).await.map_err(|error| unread(&error))?, &remove.person)?;
    if remove.dry_run {
        let text = format!("Dry run: {} of {merchant} would be removed.", one.name);
        return Ok(Report::new(text, json!(person_value(&one, None))));
    }
    if !remove.yes {
        let happens = "within 5 minutes no token of theirs is accepted any more";
        confirm::by_typing(
            &one.name.to_string(),
            &format!("{} of merchant {merchant}: {happens}.", one.name),
        )?;
    }
    let edited = editor(installation, &stores, merchant, &by).remove(one.id).await;
    let (people, change) = edited.map_err(refused)?;
    let text = format!(
        "{} of {merchant} is removed. After 5 minutes no token of theirs is accepted; the history keeps the name.",
        change.name
    );
    Ok(Report::new(text, changed(&people, &change)))
}

async fn list(installation: &Installation, list: &ListPeople) -> Result<Report, Failure> {
    let stores = stores(installation)?;
    let people = stores.people.recognized_people(&list.merchant).await.map_err(|error| unread(&error))?;
    if people.entries.is_empty() {
        must_exist(installation, &list.merchant).await?;
    }
    let signed_in = stores.people.last_sign_ins(&list.merchant).await.map_err(|error| unread(&error))?;
    let with_last = people.entries.iter().map(|one| (one, signed_in.get(&one.id).copied()));
    if list.rows.csv {
        let rows = with_last.map(|(entry, last_sign_in)| PersonRow { entry, last_sign_in }.cells());
        csv::print(&PersonRow::names(), rows)?;
        return Ok(Report::nothing());
    }
    let rows = with_last.clone().map(|(one, last)| {
        let when = last.map_or_else(|| "never".to_owned(), |at| time(at).to_string());
        let (role, limits) = (one.grant.role.as_str().to_owned(), limits(&one.grant.refund_max));
        vec![one.name.to_string(), role, limits, signs_in_as(one), when, one.id.to_string()]
    });
    let mut text = table(&HEADER, rows.collect());
    let plural = if people.entries.len() == 1 { "person" } else { "people" };
    text.push(format!("{} {plural}", people.entries.len()));
    let shown: Vec<_> = with_last.map(|(one, last)| person_value(one, last)).collect();
    Ok(Report::new(text.join("\n"), json!({ "merchant": list.merchant, "people": shown })))
}

async fn history(installation: &Installation, list: &ListPeople) -> Result<Report, Failure> {
    let stores = stores(installation)?;
    let (mut found, mut next, limit) = (Vec::new(), list.rows.next.clone(), list.rows.limit());
    loop {
        let room = PART.min(limit - found.len());
        let page = stores
            .people
            .changes(&list.merchant, next.as_deref(), room)
            .await
            .map_err(|error| unread(&error))?;
        failure::remark_unreadable(&page.unreadable);
        found.extend(page.changes);
        next = page.next;
        if next.is_none() || found.len() >= limit {
            break;
        }
    }
    if found.is_empty() {
        must_exist(installation, &list.merchant).await?;
    }
    let more = next.as_ref().map(|next| format!("There may be more: --next '{next}'"));
    if list.rows.csv {
        csv::print(&CHANGE_COLUMNS, found.iter().map(change_cells))?;
        if let Some(line) = more {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let mut text = table(&HISTORY, found.iter().map(change_row).collect());
    let plural = if found.len() == 1 { "" } else { "s" };
    text.push(format!("{} change{plural}", found.len()));
    text.extend(more);
    let shown: Vec<_> = found.iter().map(person_change_value).collect();
    let value = json!({ "merchant": list.merchant, "next": next, "changes": shown });
    Ok(Report::new(text.join("\n"), value))
}

pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let header = header.iter().map(|&name| name.to_owned()).collect();
    aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

/// The cells of a change, in a file.
fn change_cells(change: &PeopleChange) -> Vec<String> {
    let PeopleChange { at, by, id, name, before, after } = change;
    let [role_before, limits_before] = grant_cells(before.as_ref());
    let [role, limits] = grant_cells(after.as_ref());
    vec![
        time(*at).to_string(),
        by.to_string(),
        id.to_string(),
        name.to_string(),
        role_before,
        limits_before,
        role,
        limits,
    ]
}

fn change_row(change: &PeopleChange) -> Vec<String> {
    let PeopleChange { at, by, name, before, after, id: _ } = change;
    let before = grant_cells(before.as_ref());
    let row = [time(*at).to_string(), by.to_string(), name.to_string()].into_iter();
    let cells = row.chain(before).chain(grant_cells(after.as_ref()));
    cells.map(|cell| if cell.is_empty() { "-".to_owned() } else { cell }).collect()
}

/// The claim by which the issuer identifies a person.
fn signs_in_as(one: &PersonEntry) -> String {
    let (issuer, subject) = issuer_and_subject(&one.recognition);
    let email = one.recognition.email().map(ToString::to_string);
    let who = email.or_else(|| subject.map(str::to_owned)).unwrap_or_default();
    format!("{who} at {issuer}")
}

/// The person with this name, in any case, or this id.
fn find(people: &People, person: &str) -> Result<PersonEntry, Failure> {
    let is_meant = |one: &&PersonEntry| {
        one.id.to_string() == person || one.name.to_string().to_lowercase() == person.trim().to_lowercase()
    };
    let none =
        || Failure::NotThere(format!("no person {person}; `tollgate person list` shows names and ids"));
    people.entries.iter().find(is_meant).cloned().ok_or_else(none)
}

/// A person's rights after a change.
pub(crate) fn granted(change: &PeopleChange) -> String {
    let Some(grant) = &change.after else { return "nothing".to_owned() };
    format!("role {}, refunds up to {}", grant.role.as_str(), limits(&grant.refund_max))
}

/// The person as stored, or as removed, and the change as history has it.
fn changed(people: &People, change: &PeopleChange) -> Value {
    let person = people.get(change.id).map(|one| person_value(one, None));
    json!({ "person": person, "change": person_change_value(change) })
}

pub(crate) fn unread(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("{error}; look at the table of people, the credentials and the network"))
}

fn refused(why: NotChanged) -> Failure {
    match why {
        NotChanged::Refused(PeopleRefusal::NotFound) => {
            Failure::NotThere("the person was removed meanwhile".to_owned())
        }
        NotChanged::Refused(refusal) => Failure::Refused(refusal.to_string()),
        NotChanged::Contended => Failure::Unavailable(format!("{why}; try again")),
        NotChanged::Store(error) => {
            Failure::Unavailable(format!("{error}; `tollgate person list` says whether it was done"))
        }
    }
}
