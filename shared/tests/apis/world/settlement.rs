//! What settlement keeps.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{
        Deposit, DepositPage, DepositStore, Exception, ExceptionFilter, ExceptionPage, ExceptionStore,
        KnownReport, Line, LinePlace, LineStore, OpenAbout, OpenExceptions, PackedLines, Progress,
        ProgressStore,
    },
    values::{ReadOrder, sort_of},
};
use uuid::Uuid;

use super::World;

/// All of one merchant's; another has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settlement {
    pub(crate) lines: Vec<(LinePlace, Line)>,
    pub(crate) deposits: Vec<Deposit>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) progress: Vec<Progress>,
}

impl World {
    fn settled(&self, merchant: &MerchantId) -> Result<Settlement, StoreError> {
        let state = self.state();
        state.works("settlement")?;
        Ok(if merchant.as_str() == "shop" { state.settlement.clone() } else { Settlement::default() })
    }
}

fn since(exception: &Exception) -> String {
    format!("{}#{}", sort_of(exception.since), exception.id)
}

#[async_trait]
impl LineStore for World {
    async fn load(&self, merchant: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError> {
        let lines = self.settled(merchant)?.lines.into_iter().filter(|(at, _)| at == place);
        Ok(PackedLines { version: 1, lines: lines.map(|(_, line)| line).collect(), ..PackedLines::default() })
    }

    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let lines = self.settled(merchant)?.lines.into_iter();
        let lines = lines.filter(|(at, _)| at.account == account && at.day == day);
        let packed = |line| PackedLines { version: 1, lines: vec![line], ..PackedLines::default() };
        Ok(lines.map(|(at, line)| (at, packed(line))).collect())
    }

    async fn save(&self, _: &MerchantId, _: &LinePlace, _: &PackedLines) -> Result<bool, StoreError> {
        unreachable!("requests write no lines")
    }

    async fn reports(&self, _: &MerchantId, _: &str, _: Date) -> Result<Vec<KnownReport>, StoreError> {
        unreachable!("requests read no reports")
    }

    async fn keep_report(&self, _: &MerchantId, _: &str, _: &KnownReport) -> Result<(), StoreError> {
        unreachable!("requests write no lines")
    }
}

#[async_trait]
impl DepositStore for World {
    async fn get(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Deposit>, StoreError> {
        let found = DepositStore::find(self, merchant, id).await?;
        Ok(found.into_iter().find(|deposit| deposit.account == account))
    }

    async fn find(&self, merchant: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError> {
        Ok(self.settled(merchant)?.deposits.into_iter().filter(|deposit| deposit.id == id).collect())
    }

    async fn save(&self, _: &MerchantId, _: Option<&Deposit>, _: &Deposit) -> Result<bool, StoreError> {
        unreachable!("requests write no deposits")
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        (first, last): (Date, Date),
        _: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError> {
        let place = |deposit: &Deposit| format!("{}#{}", deposit.day, deposit.id);
        let all = self.settled(merchant)?.deposits.into_iter();
        let mut found: Vec<_> = all.filter(|one| first <= one.day && one.day <= last).collect();
        found.sort_by_key(|one| std::cmp::Reverse(place(one)));
        found.retain(|one| after.is_none_or(|after| *place(one) < *after));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(place);
        Ok(DepositPage { next, deposits: found, ..DepositPage::default() })
    }
}

#[async_trait]
impl ExceptionStore for World {
    async fn get(&self, merchant: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        Ok(self.settled(merchant)?.exceptions.into_iter().find(|one| one.id == id))
    }

    async fn open_of(&self, merchant: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        let all = self.settled(merchant)?.exceptions.into_iter();
        Ok(all.filter(|one| one.is_open() && one.account == account).collect())
    }

    async fn open_about(&self, merchant: &MerchantId) -> Result<Vec<OpenAbout>, StoreError> {
        let all = self.settled(merchant)?.exceptions;
        Ok(all.iter().filter(|one| one.is_open()).map(OpenAbout::of).collect())
    }

    async fn count_open(&self, merchant: &MerchantId) -> Result<OpenExceptions, StoreError> {
        let all = self.settled(merchant)?.exceptions;
        Ok(OpenExceptions::of(all.iter().filter(|one| one.is_open()).count()))
    }

    async fn save(
        &self,
        _: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let contended = state.contended;
        let kept = state.settlement.exceptions.iter_mut().find(|one| one.id == exception.id);
        let Some(kept) = kept.filter(|kept| Some(&**kept) == was && !contended) else { return Ok(false) };
        *kept = exception.clone();
        Ok(true)
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        filter: &ExceptionFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ExceptionPage, StoreError> {
        let mut found = self.settled(merchant)?.exceptions;
        found.retain(|one| {
            one.is_open() != filter.closed
                && filter.cause.is_none_or(|cause| cause == one.cause)
                && filter.account.as_ref().is_none_or(|account| *account == one.account)
                && after.is_none_or(|after| *since(one) < *after)
        });
        found.sort_by_key(|one| std::cmp::Reverse(since(one)));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(since);
        Ok(ExceptionPage { next, exceptions: found, ..ExceptionPage::default() })
    }
}

#[async_trait]
impl ProgressStore for World {
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError> {
        unreachable!("requests read one merchant's")
    }

    async fn of(&self, merchant: &MerchantId) -> Result<Vec<Progress>, StoreError> {
        Ok(self.settled(merchant)?.progress)
    }

    async fn claim(
        &self,
        _: &MerchantId,
        _: &Progress,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Option<Progress>, StoreError> {
        unreachable!("requests claim nothing")
    }

    async fn add(&self, _: &MerchantId, _: &Progress) -> Result<(), StoreError> {
        unreachable!("requests read no reports")
    }

    async fn note(&self, _: &MerchantId, _: &Progress) -> Result<(), StoreError> {
        unreachable!("requests note no progress")
    }
}
