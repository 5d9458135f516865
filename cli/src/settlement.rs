//! `settlement …`: money that reached the bank account, money that did not, and people's notes on
//! it.

mod deposits;
mod exceptions;
mod outstanding;
mod reports;

use tollgate::ports::SettlementStores;
use tollgate_core::{order::MerchantId, payments::StoreError, settlement::Progress};

use crate::{
    args::SettlementCommand,
    failure::Failure,
    installation::{Installation, aws_http_client},
    payment::history::time,
    precondition::must_exist,
    report::Report,
};

/// Most rows that are read at once.
const PART: usize = 100;

pub(crate) async fn run(installation: &Installation, command: &SettlementCommand) -> Result<Report, Failure> {
    match command {
        SettlementCommand::List(list) => deposits::list(installation, list).await,
        SettlementCommand::Show(show) => deposits::show(installation, show).await,
        SettlementCommand::Outstanding(list) => outstanding::list(installation, list).await,
        SettlementCommand::Exceptions(list) => exceptions::list(installation, list).await,
        SettlementCommand::Note(note) => exceptions::note(installation, note).await,
        SettlementCommand::Resolve(resolve) => exceptions::resolve(installation, resolve).await,
        SettlementCommand::Read(read) => reports::read(installation, read).await,
    }
}

fn stores(installation: &Installation) -> Result<SettlementStores, Failure> {
    Ok(installation.settlement()?.stores(&aws_http_client()?))
}

fn unread(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("{error}; look at the table, the credentials and the network"))
}

/// How far the reports of a merchant's accounts were read. An error for a merchant that does not
/// exist.
async fn progress(
    installation: &Installation,
    stores: &SettlementStores,
    merchant: &MerchantId,
) -> Result<Vec<Progress>, Failure> {
    let progress = stores.progress.of(merchant).await.map_err(|error| unread(&error))?;
    if progress.is_empty() {
        must_exist(installation, merchant).await?;
    }
    Ok(progress)
}

/// The same for a person. Without deposits, an empty list would say that nothing had arrived.
fn told(progress: &[Progress]) -> Vec<String> {
    if progress.is_empty() {
        return vec!["No report was read yet: the function settlement reads them every hour.".to_owned()];
    }
    progress.iter().map(account).collect()
}

fn account(progress: &Progress) -> String {
    let read = progress.read_at.map_or_else(|| "not read yet".to_owned(), |at| format!("read {}", time(at)));
    let deposits = match progress.funding {
        Some(false) => "; the gateway reports no deposits of it: payments are matched with batches only",
        Some(true) | None => "",
    };
    let unread = progress.unread.iter().map(|one| {
        let cause = one.cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!("; {} is still to be read{cause}", one.day)
    });
    format!("MID {}: {read}{deposits}{}", progress.account, unread.collect::<String>())
}

/// Where there may be more.
fn more(next: Option<&str>) -> Option<String> {
    next.map(|next| format!("There may be more: --next '{next}'"))
}
