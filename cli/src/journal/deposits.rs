//! The journal's other source: settlement's record of deposits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::date};
use serde_json::{Value, json};
use tollgate::ports::SettlementStores;
use tollgate_core::{
    journal::Retention,
    order::MerchantId,
    settlement::{DayRange, Deposit, DepositEntry, DepositJournal, EntriesPut, put_entries},
    values::ReadOrder,
};

use crate::{
    failure::{Failure, remark},
    installation::{Installation, aws_http_client},
    payment::history,
};

/// Deposits that are read at a time.
const PAGE: usize = 100;

/// Settlement's records; none if their location is not known.
fn stores(installation: &Installation) -> Result<Option<SettlementStores>, Failure> {
    let Ok(settlement) = installation.settlement() else {
        remark("Without --stack or SETTLEMENT_TABLE_NAME, deposits are left out.");
        return Ok(None);
    };
    Ok(Some(settlement.stores(&aws_http_client()?)))
}

/// All merchants' deposits of these days.
pub(crate) async fn all(stores: &SettlementStores) -> Result<Vec<(MerchantId, Deposit)>, Failure> {
    let progress = stores.progress.all().await.map_err(|error| unavailable(&error))?;
    let merchants: BTreeSet<MerchantId> = progress.into_iter().map(|(merchant, _)| merchant).collect();
    let mut all = Vec::new();
    for merchant in merchants {
        let mut after = None;
        loop {
            let days = DayRange { first: date(1970, 1, 1), last: date(9999, 12, 31) };
            let order = ReadOrder::OldestFirst;
            let page = stores.deposits.list(&merchant, days, order, after.as_deref(), PAGE).await;
            let page = page.map_err(|error| unavailable(&error))?;
            all.extend(page.deposits.into_iter().map(|deposit| (merchant.clone(), deposit)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(all)
}

/// Adds the entries of deposits that the journal lacks; if it is dry, only counts those that there
/// are.
pub(super) async fn rebuild(
    installation: &Installation,
    journal: &dyn DepositJournal,
    dry_run: bool,
) -> Result<(usize, EntriesPut), Failure> {
    let Some(stores) = stores(installation)? else { return Ok(Default::default()) };
    let (now, mut sum) = (installation.clock.now(), EntriesPut::default());
    let deposits = all(&stores).await?;
    for (merchant, deposit) in &deposits {
        if deposit.entries(merchant).iter().all(|entry| installation.retention.is_over(entry.at, now)) {
            continue;
        }
        if dry_run {
            sum.known += deposit.entries(merchant).len();
            continue;
        }
        let put = put_entries(journal, merchant, deposit).await;
        let put = put.map_err(|error| unavailable(&error))?;
        sum.new += put.new;
        sum.known += put.known;
        sum.differing += put.differing;
    }
    Ok((deposits.len(), sum))
}

/// Entries of settlement by merchant and deposit.
#[derive(Default)]
pub(super) struct Told(BTreeMap<(MerchantId, String, String), Vec<DepositEntry>>);

impl Told {
    /// Adds an entry, unless it is about to be deleted or from before a moment. Says whether it
    /// did.
    pub(super) fn add(
        &mut self,
        entry: DepositEntry,
        since: Timestamp,
        (retention, now): (Retention, Timestamp),
    ) -> bool {
        let is_wanted = entry.at >= since && !retention.is_over(entry.at, now);
        if is_wanted {
            self.0
                .entry((entry.merchant.clone(), entry.account.clone(), entry.deposit.clone()))
                .or_default()
                .push(entry);
        }
        is_wanted
    }

    /// The entries that are left without those that the kept deposits make.
    pub(super) async fn unknown(mut self, installation: &Installation) -> Result<Self, Failure> {
        let Some(stores) = stores(installation)? else { return Ok(Self::default()) };
        for ((merchant, account, id), entries) in &mut self.0 {
            let found = stores.deposits.get(merchant, account, id).await;
            let found = found.map_err(|error| unavailable(&error))?;
            let made = found.map(|deposit| deposit.entries(merchant)).unwrap_or_default();
            entries.retain(|entry| !made.contains(entry));
        }
        self.0.retain(|_, entries| !entries.is_empty());
        Ok(self)
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(super) fn deposits(&self) -> usize {
        self.0.len()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let of_deposit =
            |((merchant, _, id), entries): (&(MerchantId, String, String), &Vec<DepositEntry>)| {
                let heading = format!("\n{merchant}, deposit {id}");
                let each = entries.iter().map(|entry| {
                    format!(
                        "  {}  {}  {}",
                        history::time(entry.at),
                        history::words(entry.component.as_str()),
                        money(entry)
                    )
                });
                [heading].into_iter().chain(each).collect::<Vec<_>>()
            };
        self.0.iter().flat_map(of_deposit).collect()
    }

    pub(super) fn value(&self) -> Value {
        let of_deposit = |((merchant, _, id), entries): (
            &(MerchantId, String, String),
            &Vec<DepositEntry>,
        )| {
            let entries = entries.iter().map(|entry| {
                json!({ "entry_id": entry.id, "at": entry.at, "component": entry.component.as_str(), "amount": money(entry), "mid": entry.account })
            });
            json!({ "merchant": merchant, "deposit": id, "entries": entries.collect::<Vec<_>>() })
        };
        self.0.iter().map(of_deposit).collect()
    }
}

fn money(entry: &DepositEntry) -> String {
    entry.currency.map_or_else(
        || format!("{} minor units", entry.amount.minor()),
        |currency| format!("{} {currency}", currency.signed_decimal(entry.amount)),
    )
}

fn unavailable(error: &tollgate_core::payments::StoreError) -> Failure {
    Failure::Unavailable(format!("settlement's table: {error}"))
}
