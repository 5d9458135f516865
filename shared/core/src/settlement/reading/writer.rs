//! Keeps contents of reports.
//!
//! A report that was read whole is the gateway's current word: it replaces the known records of its
//! day's batches, or of its deposits. So reading the same days again, in any order or after a
//! crash, leaves the same lines and deposits, and only changes are written. Where lines will be is
//! noted before they are written, so that no line can be left behind.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::civil::Date;

use super::{
    account::{AccountReading, Unkept},
    missing::ListedReferences,
    reader::ReadDayError,
};
use crate::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    settlement::{
        Deposit, DepositStore, KnownReport, Line, LineStore, PackKey,
        facts::{
            deposit::DepositKey,
            known_report::KnownReports,
            store::{ChangedDeposit, change_deposit},
        },
        merge_deposit,
    },
};

/// Items that are written at a time.
const WRITES_AT_A_TIME: usize = 8;

/// How often an item is read again because another run wrote it meanwhile.
const TRIES: usize = 5;

/// Keeps contents of reports.
pub(crate) struct Writer<'a> {
    /// Where lines are kept.
    pub(crate) lines: &'a dyn LineStore,
    /// Where deposits are kept.
    pub(crate) deposits: &'a dyn DepositStore,
}

#[derive(Default)]
pub(crate) struct Kept {
    /// Deposits of which the journal lacks entries.
    pub(crate) unjournaled: Vec<Deposit>,
    /// References whose lines changed.
    pub(crate) changed: BTreeSet<String>,
    /// The reports as they are now. They are noted last.
    pub(crate) reports: KnownReports,
    /// Days of which something could not be kept, because a stored item cannot be read.
    pub(crate) unread: BTreeSet<Date>,
}

/// A pack of lines, as it is before they are replaced.
struct LoadedPack {
    pack: PackKey,
    is_changed: bool,
    is_unreadable: bool,
    /// Lost parts of its lines, of references that no report lists any more.
    lost: Vec<Line>,
}

impl Writer<'_> {
    /// Keeps contents that were read, in place of these reports' earlier ones. Lines come before
    /// their deposits, so that a deposit that is there has its lines.
    pub(crate) async fn keep(&self, account: &mut AccountReading) -> Result<Kept, ReadDayError> {
        account.withdraw();
        let mut unkept = std::mem::take(&mut account.unkept);
        for report in std::mem::take(&mut unkept.emptied) {
            self.note_report(account, report).await?;
        }
        let mut kept = Kept::default();
        self.keep_lines(account, &mut unkept, &mut kept).await?;
        self.keep_deposits(account, &unkept, &mut kept).await?;
        // Of a day that was not kept whole, the known reports stay, too.
        kept.reports =
            unkept.reports.into_iter().filter(|((_, day), _)| !kept.unread.contains(day)).collect();
        Ok(kept)
    }

    /// Replaces lines, and leaves deposits out that cannot be read.
    async fn keep_lines(
        &self,
        account: &mut AccountReading,
        unkept: &mut Unkept,
        kept: &mut Kept,
    ) -> Result<(), ReadDayError> {
        let merchant = account.merchant.id.clone();
        let mut packs: BTreeSet<PackKey> = unkept.packs.keys().cloned().collect();
        let mut bad_deposits = BTreeSet::new();
        for id in unkept.deposits.keys() {
            match Unreadable::left_out(self.deposits.get(&merchant, &account.progress.account, id).await)? {
                Some(stored) => packs.extend(stored.into_iter().flat_map(|one| one.packs)),
                None => drop(bad_deposits.insert(id.clone())),
            }
        }
        let mut noted = KnownReports::new();
        for (key, report) in &unkept.reports {
            let mut report = KnownReport { is_unmatched: true, ..report.clone() };
            if let Some(known) = account.reports.get(key) {
                report.packs.extend(known.packs.iter().cloned());
                report.names.extend(known.names.iter().cloned());
            }
            packs.extend(report.packs.iter().cloned());
            if report.names.iter().any(|name| bad_deposits.contains(name)) {
                kept.unread.insert(key.1);
            }
            noted.insert(*key, report);
        }
        unkept.leave_out(&bad_deposits);
        let listed = ListedReferences::of(unkept);
        let loaded = self.load(&merchant, packs, unkept, &listed).await?;
        for bad in loaded.iter().filter(|loaded| loaded.is_unreadable) {
            let of_place = noted.iter().filter(|(_, report)| report.packs.contains(&bad.pack));
            kept.unread.extend(of_place.map(|((_, day), _)| *day));
        }
        let lost = loaded.iter().flat_map(|loaded| loaded.lost.clone()).collect();
        for report in listed.note_missing(&account.reports, &mut unkept.reports, lost) {
            self.note_report(account, report).await?;
        }
        let unkept = &*unkept;
        let changed = loaded.into_iter().filter(|loaded| loaded.is_changed);
        let changed: Vec<PackKey> = changed.map(|loaded| loaded.pack).collect();
        // Before the first line is written: wherever a run dies, the next one knows where lines may
        // be, that they changed, and which are missing.
        for (key, report) in noted.into_iter().filter(|_| !changed.is_empty()) {
            let missing = unkept.reports[&key].missing.clone();
            self.note_report(account, KnownReport { missing, ..report }).await?;
        }
        let written = changed.into_iter().map(async |pack| self.replace(&merchant, &pack, unkept).await);
        let written: Vec<Vec<String>> =
            stream::iter(written).buffer_unordered(WRITES_AT_A_TIME).try_collect().await?;
        for changed in written {
            account.report.written += u64::from(!changed.is_empty());
            kept.changed.extend(changed);
        }
        Ok(())
    }

    /// Packs as they are, beside how they will be.
    async fn load(
        &self,
        merchant: &MerchantId,
        packs: BTreeSet<PackKey>,
        unkept: &Unkept,
        listed: &ListedReferences,
    ) -> Result<Vec<LoadedPack>, StoreError> {
        let loaded = packs.into_iter().map(async |pack| {
            let before = self.lines.load(merchant, &pack).await?;
            if before.is_unreadable {
                return Ok(LoadedPack { pack, is_changed: false, is_unreadable: true, lost: Vec::new() });
            }
            let after = unkept.replaced(&pack, &before);
            let (is_changed, lost) = (after.lines != before.lines, listed.lost(&before, &after));
            Ok(LoadedPack { pack, is_changed, is_unreadable: false, lost })
        });
        stream::iter(loaded).buffer_unordered(WRITES_AT_A_TIME).try_collect().await
    }

    async fn keep_deposits(
        &self,
        account: &mut AccountReading,
        unkept: &Unkept,
        kept: &mut Kept,
    ) -> Result<(), ReadDayError> {
        for (id, read) in &unkept.deposits {
            let merge = |before: Option<&Deposit>| {
                let is_nothing = before.is_none() && read.is_withdrawn();
                if is_nothing { Ok(None) } else { merge_deposit(before, read).map(Some) }
            };
            let key = DepositKey { account: &account.progress.account, id };
            let put = change_deposit(self.deposits, &account.merchant.id, key, merge).await?;
            let Some(ChangedDeposit { deposit, is_written }) = put else { continue };
            account.report.deposits += u64::from(is_written);
            if !deposit.is_journaled() {
                kept.unjournaled.push(deposit);
            }
        }
        Ok(())
    }

    /// Notes the reports, once the journal has the deposits' entries: until then, a deposit that
    /// they do not list any more is still known.
    pub(crate) async fn note_kept(
        &self,
        account: &mut AccountReading,
        kept: KnownReports,
    ) -> Result<(), StoreError> {
        for (key, report) in kept {
            let is_unmatched = account.reports.get(&key).is_some_and(|known| known.is_unmatched);
            self.note_report(account, KnownReport { is_unmatched, ..report }).await?;
        }
        Ok(())
    }

    /// Notes that all that reports changed was matched.
    pub(crate) async fn note_matched(&self, account: &mut AccountReading) -> Result<(), StoreError> {
        let unmatched = account.reports.values().filter(|report| report.is_unmatched);
        let unmatched: Vec<KnownReport> = unmatched.cloned().collect();
        for report in unmatched {
            self.note_report(account, KnownReport { is_unmatched: false, ..report }).await?;
        }
        Ok(())
    }

    async fn note_report(&self, account: &mut AccountReading, report: KnownReport) -> Result<(), StoreError> {
        let key = (report.kind, report.day);
        if account.reports.get(&key) != Some(&report) {
            self.lines.keep_report(&account.merchant.id, &account.progress.account, &report).await?;
            account.reports.insert(key, report);
        }
        Ok(())
    }

    /// Replaces the lines of a pack. Returns the references of changed ones.
    async fn replace(
        &self,
        merchant: &MerchantId,
        pack: &PackKey,
        unkept: &Unkept,
    ) -> Result<Vec<String>, ReadDayError> {
        for _ in 0..TRIES {
            let before = self.lines.load(merchant, pack).await?;
            let after = unkept.replaced(pack, &before);
            if before.is_unreadable || after.lines == before.lines {
                return Ok(Vec::new());
            }
            if self.lines.save(merchant, pack, &after).await? {
                let changed = before.lines.iter().filter(|line| !after.lines.contains(line));
                let new = after.lines.iter().filter(|line| !before.lines.contains(line));
                return Ok(changed.chain(new).map(|line| line.reference.clone()).collect());
            }
        }
        Err(ReadDayError::Contended)
    }
}
