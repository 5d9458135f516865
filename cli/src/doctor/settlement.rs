//! Whether the gateway's settlement is read, of each account since when, and whether people have
//! something to look at.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use tollgate::ports::SettlementStores;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{DayRange, Exception, ExceptionCause, ExceptionFilter, Progress, eastern_day},
    values::{ReadOrder, SignedAmount},
};

use super::{Check, Mark};
use crate::{
    failure::Failure,
    installation::{Installation, aws_http_client},
    payment::history::time,
};

/// An account that was not read for longer than this is wrong: the function runs every hour, and
/// the alarm rings, too.
const UNREAD_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Days whose deposits are looked at, and the most of them: a run puts their entries into the
/// journal with them.
const DEPOSITS_DAYS: i32 = 35;
const DEPOSITS_MAX: usize = 100;

/// Nothing where it is not known where settlement is kept.
pub(super) async fn check(installation: &Installation) -> Option<Check> {
    let what = "settlement";
    if installation.deployed.as_ref().is_some_and(|deployed| !deployed.is_on("Settlement")) {
        let off = "switched off: payments are not matched with deposits (docs/settlement.md)";
        return Some(Check::new(what, Mark::Note, off));
    }
    let stores = installation.settlement().ok()?.stores(&aws_http_client().ok()?);
    Some(match found(&stores, installation.clock.now()).await {
        Ok((mark, found)) => Check::new(what, mark, found),
        Err(error) => Check::of(what, Err(Failure::Unavailable(format!("its table: {error}")))),
    })
}

/// Every account, and then the merchants with open exceptions.
async fn found(stores: &SettlementStores, now: Timestamp) -> Result<(Mark, String), StoreError> {
    let accounts = stores.progress.all().await?;
    if accounts.is_empty() {
        return Ok((
            Mark::Note,
            "no account was read yet; the function settlement runs every hour".to_owned(),
        ));
    }
    let mut mark = Mark::Good;
    let mut parts = Vec::new();
    for (merchant, progress) in &accounts {
        // One that nothing is reported for any more is read no more.
        let is_read = progress.may_be_reported(eastern_day(now));
        if is_read && progress.unread_s(now) > UNREAD_MAX.as_secs() {
            mark = Mark::Bad;
        }
        parts.push(account(merchant, progress));
    }
    let mut merchants: Vec<&MerchantId> = accounts.iter().map(|(merchant, _)| merchant).collect();
    merchants.sort();
    merchants.dedup();
    let first = eastern_day(now).saturating_sub(DEPOSITS_DAYS.days());
    let recent = DayRange { first, last: Date::MAX };
    for merchant in merchants {
        let open = stores.exceptions.count_open(merchant).await?;
        let deposits =
            stores.deposits.list(merchant, recent, ReadOrder::NewestFirst, None, DEPOSITS_MAX).await?;
        let lacking = deposits.deposits.iter().filter(|deposit| !deposit.is_journaled()).count();
        if lacking > 0 {
            mark = Mark::Bad;
            parts.push(format!(
                "deposits of {merchant} that the journal lacks: {lacking} (`tollgate journal rebuild`)"
            ));
        }
        if open.exceptions > 0 {
            mark = if mark == Mark::Good { Mark::Note } else { mark };
            parts.push(format!("open exceptions of {merchant}: {open} (`tollgate settlement exceptions`)"));
            let filter =
                ExceptionFilter { cause: Some(ExceptionCause::DisputesDiffer), ..ExceptionFilter::default() };
            let differ = stores.exceptions.list(merchant, &filter, None, DEPOSITS_MAX).await?;
            mark = if differ.exceptions.is_empty() { mark } else { Mark::Bad };
            parts.extend(differ.exceptions.iter().map(disputes_differ));
        }
    }
    Ok((mark, parts.join("; ")))
}

/// Money taken back by deposits and by orders, in minor units; or the dispute that an order lacks.
fn disputes_differ(exception: &Exception) -> String {
    let sum = |amount: Option<SignedAmount>| amount.unwrap_or_default().minor();
    if let (Some(detail), Some(case)) = (&exception.detail, &exception.case) {
        return format!("MID {}, case {case}: {detail} (disputes_differ)", exception.account);
    }
    format!(
        "MID {}: deposits state {} minor units as disputed, and orders {} (disputes_differ)",
        exception.account,
        sum(exception.expected),
        sum(exception.found)
    )
}

fn account(merchant: &MerchantId, progress: &Progress) -> String {
    let read = progress.read_at.map_or_else(|| "not read yet".to_owned(), |at| format!("read {}", time(at)));
    let unread = progress.unread.iter().map(|one| {
        let cause = one.cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!(", {} still to be read{cause}", one.day)
    });
    format!("MID {} of {merchant} {read}{}", progress.account, unread.collect::<String>())
}
