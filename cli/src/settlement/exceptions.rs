//! `settlement exceptions`, `settlement note` and `settlement resolve`.

use serde_json::json;
use tollgate::{
    elastic_path::{account_value, exception_value},
    spreadsheet::{FileRow as _, settlement::decimal},
};
use tollgate_core::{
    settlement::{
        Exception, ExceptionFilter, ExceptionRefusal, ExceptionStore, Note, Resolution, note_exception,
        resolve_exception,
    },
    values::{Currency, SignedAmount},
};

use super::{PART, more, progress, stores, told, unread};
use crate::{
    args::{ListExceptions, NoteException, ResolveException},
    csv,
    failure::{self, Failure},
    installation::Installation,
    payment::history::time,
    report::Report,
    table::aligned,
};

const HEADER: [&str; 9] =
    ["DATE", "CAUSE", "EXPECTED", "FOUND", "MID", "ABOUT", "ORDER", "SINCE", "EXCEPTION"];

pub(super) async fn list(installation: &Installation, list: &ListExceptions) -> Result<Report, Failure> {
    let stores = stores(installation)?;
    let progress = progress(installation, &stores, &list.merchant).await?;
    let filter = ExceptionFilter { closed: list.closed, cause: list.cause, account: list.mid.clone() };
    let (mut found, mut next, limit) = (Vec::new(), list.rows.next.clone(), list.rows.limit());
    loop {
        let room = PART.min(limit - found.len());
        let page = stores.exceptions.list(&list.merchant, &filter, next.as_deref(), room).await;
        let page = page.map_err(|error| unread(&error))?;
        failure::remark_unreadable(&page.unreadable);
        found.extend(page.exceptions);
        next = page.next;
        if next.is_none() || found.len() >= limit {
            break;
        }
    }
    if list.rows.csv {
        csv::print(&<&Exception>::names(), found.iter().map(|one| one.cells()))?;
        told(&progress).into_iter().chain(more(next.as_deref())).for_each(|line| failure::remark(&line));
        return Ok(Report::nothing());
    }
    let header = HEADER.map(str::to_owned).to_vec();
    let mut text = Vec::new();
    if !found.is_empty() {
        text = aligned(&std::iter::once(header).chain(found.iter().map(row)).collect::<Vec<_>>());
        text.extend(found.iter().flat_map(written));
    }
    let plural = if found.len() == 1 { "" } else { "s" };
    let state = if list.closed { "closed" } else { "open" };
    text.push(format!("{} {state} exception{plural}", found.len()));
    text.extend(told(&progress));
    text.extend(more(next.as_deref()));
    let value = json!({
        "merchant": list.merchant,
        "next": next,
        "accounts": progress.iter().map(account_value).collect::<Vec<_>>(),
        "exceptions": found.iter().map(exception_value).collect::<Vec<_>>(),
    });
    Ok(Report::new(text.join("\n"), value))
}

fn row(one: &Exception) -> Vec<String> {
    let amount = |amount: Option<SignedAmount>| {
        amount.map_or_else(
            || "-".to_owned(),
            |amount| format!("{}{}", decimal(amount, one.currency), code(one.currency)),
        )
    };
    let about = [("retref", &one.reference), ("case", &one.case)];
    let about = about.iter().filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?)));
    let about = Some(about.collect::<Vec<_>>().join(", ")).filter(|about| !about.is_empty());
    let about = about.or_else(|| one.deposit.as_ref().map(|deposit| format!("deposit {deposit}")));
    vec![
        one.day.to_string(),
        one.cause.as_str().to_owned(),
        amount(one.expected),
        amount(one.found),
        one.account.clone(),
        about.unwrap_or_else(|| "-".to_owned()),
        one.order.as_ref().map_or_else(|| "-".to_owned(), |order| order.order.to_string()),
        time(one.since).to_string(),
        one.id.to_string(),
    ]
}

fn code(currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| format!(" {}", currency.code()))
}

/// The exact difference, and people's notes on it.
fn written(one: &Exception) -> Vec<String> {
    let notes = one.notes.iter().map(|note| format!("{}: {} noted: {}", time(note.at), note.by, note.text));
    let resolution = one.resolution.as_ref();
    let resolution =
        resolution.map(|one| format!("{}: {} resolved it: {}", time(one.at), one.by, one.reason));
    let lines: Vec<String> = one.detail.clone().into_iter().chain(notes).chain(resolution).collect();
    let heading = (!lines.is_empty()).then(|| one.id.to_string());
    heading.into_iter().chain(lines.into_iter().map(|line| format!("  {line}"))).collect()
}

pub(super) async fn note(installation: &Installation, note: &NoteException) -> Result<Report, Failure> {
    let (stores, at) = (stores(installation)?, installation.clock.now());
    let new = Note { at, by: note.by.to_string(), text: note.text.to_string() };
    let noted = note_exception(stores.exceptions.as_ref(), &note.merchant, note.exception, &new).await;
    let noted = noted.map_err(refused)?;
    Ok(Report::new(
        format!("Noted: {} of {}.", noted.cause.as_str(), noted.day),
        json!(exception_value(&noted)),
    ))
}

pub(super) async fn resolve(
    installation: &Installation,
    resolve: &ResolveException,
) -> Result<Report, Failure> {
    let (stores, at) = (stores(installation)?, installation.clock.now());
    let resolution = Resolution { at, by: resolve.by.to_string(), reason: resolve.reason.to_string() };
    let store = stores.exceptions.as_ref();
    let Some(exception) = resolve.exception else {
        if resolve.cause.is_none() {
            return Err(Failure::Input("state an exception's id, or --cause".to_owned()));
        }
        return resolve_all(store, resolve, &resolution).await;
    };
    let resolved = resolve_exception(store, &resolve.merchant, exception, &resolution).await;
    let resolved = resolved.map_err(refused)?;
    let text = format!(
        "Closed: {} of {}. It opens again if its amounts change.",
        resolved.cause.as_str(),
        resolved.day
    );
    Ok(Report::new(text, json!(exception_value(&resolved))))
}

/// Closes all open ones with a cause.
async fn resolve_all(
    store: &dyn ExceptionStore,
    resolve: &ResolveException,
    resolution: &Resolution,
) -> Result<Report, Failure> {
    let filter = ExceptionFilter { closed: false, cause: resolve.cause, account: resolve.mid.clone() };
    let (mut next, mut closed) = (None::<String>, 0_usize);
    loop {
        let page = store.list(&resolve.merchant, &filter, next.as_deref(), PART).await;
        let page = page.map_err(|error| unread(&error))?;
        for one in &page.exceptions {
            match resolve_exception(store, &resolve.merchant, one.id, resolution).await {
                Ok(_) => closed += 1,
                // Its cause is gone, or somebody else closed it.
                Err(ExceptionRefusal::Closed(_)) => {}
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        next = page.next;
        if next.is_none() {
            let plural = if closed == 1 { "" } else { "s" };
            let text =
                format!("Closed: {closed} exception{plural}. They open again if their amounts change.");
            return Ok(Report::new(text, json!({"merchant": resolve.merchant, "closed": closed})));
        }
    }
}

fn refused(refusal: ExceptionRefusal) -> Failure {
    match refusal {
        ExceptionRefusal::NotFound => Failure::NotThere(
            "there is no such exception; `tollgate settlement exceptions` lists them with their ids"
                .to_owned(),
        ),
        ExceptionRefusal::Closed(exception) => {
            let by = exception.resolution.map(|one| format!("; {} resolved it: {}", one.by, one.reason));
            Failure::Refused(format!("the exception is closed{}", by.unwrap_or_default()))
        }
        refusal @ ExceptionRefusal::TooManyNotes => Failure::Refused(refusal.to_string()),
        refusal @ ExceptionRefusal::Contended => Failure::Unavailable(format!("{refusal}; try again")),
        ExceptionRefusal::Store(error) => unread(&error),
    }
}
