//! `settlement read`.

use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;
use tollgate_core::settlement::{Progress, eastern_day};

use super::{progress, stores, unread};
use crate::{args::ReadReports, failure::Failure, installation::Installation, report::Report};

/// How far back the gateway can be asked: it takes a day without a year.
const BACK_MAX_DAYS: i64 = 300;

/// For how long the account is held while the day is noted.
const HELD: SignedDuration = SignedDuration::from_secs(30);

/// Puts a day among those that the next run reads.
pub(super) async fn read(installation: &Installation, read: &ReadReports) -> Result<Report, Failure> {
    let (stores, now) = (stores(installation)?, installation.clock.now());
    let today = eastern_day(now);
    if read.day > today || read.day < today.saturating_sub(BACK_MAX_DAYS.days()) {
        return Err(Failure::Input(format!(
            "--day {} is not within the last {BACK_MAX_DAYS} days",
            read.day
        )));
    }
    let mut known = progress(installation, &stores, &read.merchant).await?;
    known.retain(|one| read.mid.as_ref().is_none_or(|mid| *mid == one.account));
    if known.is_empty() {
        return Err(Failure::NotThere(format!(
            "no report of such an account was read yet; `tollgate settlement list {}` names those that were",
            read.merchant
        )));
    }
    for one in &known {
        let claimed = stores.progress.claim(&read.merchant, one, now, now + HELD).await;
        let Some(progress) = claimed.map_err(|error| unread(&error))? else {
            let busy = format!("MID {} is being read at the moment; try again in some minutes", one.account);
            return Err(Failure::Unavailable(busy));
        };
        let mut progress: Progress = progress;
        progress.want(read.day, now, None);
        stores.progress.note(&read.merchant, &progress).await.map_err(|error| unread(&error))?;
    }
    let mids: Vec<&str> = known.iter().map(|one| one.account.as_str()).collect();
    let text = format!("The next run reads {} of MID {}, within the hour.", read.day, mids.join(", "));
    Ok(Report::new(text, json!({"merchant": read.merchant, "day": read.day, "mids": mids})))
}
