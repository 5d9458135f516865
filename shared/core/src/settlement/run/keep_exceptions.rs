//! Brings the stored exceptions in line with a match's findings, and lets people note and resolve.
//!
//! An exception's id is made of its subject, so a match that is repeated finds the same ones.
//! People's notes stay, regardless of a match's findings.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    settlement::{Exception, ExceptionCause, ExceptionStore, Match, Note, Resolution, SettlementNews},
};

/// How often a write is tried again after another one came between.
const TRIES: usize = 5;

/// Exceptions that are written at a time.
const KEPT_AT_A_TIME: usize = 25;

/// Most notes of one exception: its item stays far below 400 KB.
pub const NOTES_MAX: usize = 50;

/// The changes by a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExceptionsReport {
    /// Found for the first time.
    pub opened: u64,
    /// Closed before, and there again.
    pub reopened: u64,
    /// Whose cause is gone.
    pub closed: u64,
    /// Open now, of this account.
    pub open: u64,
}

/// The next step of one exception.
enum ExceptionStep {
    Stays,
    Opens(Box<Exception>),
    Reopens(Box<Exception>),
    Changes(Box<Exception>),
}

/// Keeps the exceptions of a merchant.
pub struct ExceptionKeeper<'a> {
    /// Where they are kept.
    pub store: &'a dyn ExceptionStore,
    /// Where those about deposits and batches are told.
    pub news: &'a SettlementNews,
    pub merchant: &'a MerchantId,
}

impl ExceptionKeeper<'_> {
    /// Saves new exceptions of an account, closes those whose cause is gone, and opens closed ones
    /// again whose cause is back.
    pub async fn keep(
        &self,
        account: &str,
        found: &Match,
        now: Timestamp,
    ) -> Result<ExceptionsReport, StoreError> {
        let (store, merchant) = (self.store, self.merchant);
        let open = store.open_of(merchant, account).await?;
        let mut report = ExceptionsReport { open: count(open.len()), ..ExceptionsReport::default() };
        let mut known: HashMap<Uuid, Exception> = open.into_iter().map(|one| (one.id, one)).collect();
        let Match { exceptions, covered, .. } = found;
        let found: Vec<_> = exceptions.iter().map(|one| (known.remove(&one.id), one.clone())).collect();
        // One that cannot be read stays as it is.
        let kept = found
            .into_iter()
            .map(async |(known, one)| Unreadable::left_out(self.keep_one(known, &one).await));
        let kept: Vec<Option<ExceptionStep>> =
            stream::iter(kept).buffer_unordered(KEPT_AT_A_TIME).try_collect().await?;
        for next in kept.into_iter().flatten() {
            match next {
                ExceptionStep::Opens(_) => report.opened += 1,
                ExceptionStep::Reopens(_) => report.reopened += 1,
                ExceptionStep::Changes(_) | ExceptionStep::Stays => {}
            }
        }
        let gone: Vec<Exception> = known.into_values().filter(|known| covered.has(known)).collect();
        let closed = gone.into_iter().map(async |known| close(store, merchant, known, now).await);
        let closed: Vec<bool> = stream::iter(closed).buffer_unordered(KEPT_AT_A_TIME).try_collect().await?;
        report.closed = count(closed.into_iter().filter(|closed| *closed).count());
        report.open = (report.open + report.opened + report.reopened).saturating_sub(report.closed);
        Ok(report)
    }

    async fn keep_one(
        &self,
        mut known: Option<Exception>,
        found: &Exception,
    ) -> Result<ExceptionStep, StoreError> {
        if known.is_none() {
            known = self.store.get(self.merchant, found.id).await?;
        }
        for _ in 0..TRIES {
            let next = next(known.as_ref(), found);
            let new = match &next {
                ExceptionStep::Stays => return Ok(next),
                ExceptionStep::Changes(new) => new,
                ExceptionStep::Opens(new) | ExceptionStep::Reopens(new) => {
                    self.tell(known.as_ref(), new, found.since).await?;
                    new
                }
            };
            if self.store.save(self.merchant, known.as_ref(), new).await? {
                return Ok(next);
            }
            known = self.store.get(self.merchant, found.id).await?;
        }
        // The next run finds it again.
        Ok(ExceptionStep::Stays)
    }

    /// Publishes an event before the exception is saved: a run that dies in between finds it again,
    /// and publishes the same event.
    async fn tell(
        &self,
        known: Option<&Exception>,
        new: &Exception,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if new.cause != ExceptionCause::DepositDiffers {
            return Ok(());
        }
        let closed_at =
            known.and_then(|known| known.gone_at.max(known.resolution.as_ref().map(|one| one.at)));
        self.news.bus.publish(&[(self.news.differs)(self.merchant, new, at, closed_at)]).await
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The step for a found exception, beside the one on record.
fn next(known: Option<&Exception>, found: &Exception) -> ExceptionStep {
    let Some(known) = known else { return ExceptionStep::Opens(Box::new(found.clone())) };
    let said = |of: &Exception| (of.expected, of.found, of.currency, of.detail.clone());
    let same = said(known) == said(found);
    let mut next = Exception {
        since: known.since,
        notes: known.notes.clone(),
        resolution: known.resolution.clone(),
        ..found.clone()
    };
    if let Some(resolution) = next.resolution.take_if(|_| !same) {
        // A person decided about other amounts.
        let text = format!("Resolved before the amounts changed: {}", resolution.reason);
        next.notes.push(Note { at: resolution.at, by: resolution.by, text });
    }
    match (known.is_open(), next.is_open()) {
        _ if next == *known => ExceptionStep::Stays,
        (false, true) => ExceptionStep::Reopens(Box::new(next)),
        _ => ExceptionStep::Changes(Box::new(next)),
    }
}

async fn close(
    store: &dyn ExceptionStore,
    merchant: &MerchantId,
    mut known: Exception,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for _ in 0..TRIES {
        let gone = Exception { gone_at: Some(now), ..known.clone() };
        if store.save(merchant, Some(&known), &gone).await? {
            return Ok(true);
        }
        match store.get(merchant, known.id).await? {
            Some(changed) if changed.is_open() => known = changed,
            Some(_) | None => return Ok(false),
        }
    }
    Ok(false)
}

/// Why a person's note or decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ExceptionRefusal {
    /// There is no such exception.
    #[error("there is no such exception")]
    NotFound,
    /// It is closed already, with the person who closed it, if one did.
    #[error("the exception is closed")]
    Closed(Box<Exception>),
    /// It has as many notes as it may have.
    #[error("an exception has {NOTES_MAX} notes at most")]
    TooManyNotes,
    /// It changed each time it was to be written.
    #[error("the exception was changed at the same time")]
    Contended,
    /// It cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a person's note. The same note twice is one.
pub async fn note_exception(
    store: &dyn ExceptionStore,
    merchant: &MerchantId,
    id: Uuid,
    note: &Note,
) -> Result<Exception, ExceptionRefusal> {
    let change = |exception: &Exception| {
        let is_there = |one: &Note| one.by == note.by && one.text == note.text;
        if exception.notes.iter().any(is_there) {
            return Ok(exception.clone());
        }
        if exception.notes.len() >= NOTES_MAX {
            return Err(ExceptionRefusal::TooManyNotes);
        }
        let mut changed = exception.clone();
        changed.notes.push(note.clone());
        Ok(changed)
    };
    change_exception(store, merchant, id, change).await
}

/// Closes an exception by a person's decision. The same decision twice is one.
pub async fn resolve_exception(
    store: &dyn ExceptionStore,
    merchant: &MerchantId,
    id: Uuid,
    resolution: &Resolution,
) -> Result<Exception, ExceptionRefusal> {
    let change = |exception: &Exception| match &exception.resolution {
        Some(before) if before.by == resolution.by && before.reason == resolution.reason => {
            Ok(exception.clone())
        }
        _ if !exception.is_open() => Err(ExceptionRefusal::Closed(Box::new(exception.clone()))),
        _ => Ok(Exception { resolution: Some(resolution.clone()), ..exception.clone() }),
    };
    change_exception(store, merchant, id, change).await
}

async fn change_exception(
    store: &dyn ExceptionStore,
    merchant: &MerchantId,
    id: Uuid,
    change: impl Fn(&Exception) -> Result<Exception, ExceptionRefusal>,
) -> Result<Exception, ExceptionRefusal> {
    for _ in 0..TRIES {
        let known = store.get(merchant, id).await?.ok_or(ExceptionRefusal::NotFound)?;
        let changed = change(&known)?;
        if changed == known || store.save(merchant, Some(&known), &changed).await? {
            return Ok(changed);
        }
    }
    Err(ExceptionRefusal::Contended)
}

#[cfg(test)]
mod tests;
