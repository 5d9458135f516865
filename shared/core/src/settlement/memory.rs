//! Settlement's stores in memory, for tests.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;

use super::{
    Adjustment, Chargeback, Deposit, DepositPage, DepositStore, Exception, ExceptionFilter, ExceptionPage,
    ExceptionStore, Line, LinePlace, LineStore, PackedLines,
};
use crate::{order::MerchantId, payments::StoreError, values::ReadOrder};

/// All of one merchant's.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) lines: Mutex<BTreeMap<LinePlace, Vec<Line>>>,
    pub(super) deposits: Mutex<Vec<(Deposit, Vec<Chargeback>)>>,
    pub(super) exceptions: Mutex<BTreeMap<Uuid, Exception>>,
    /// Another writer comes between so many times.
    pub(super) conflicts: Mutex<Vec<Exception>>,
}

impl Memory {
    /// Puts a line where it belongs.
    pub(super) fn put(&self, account: &str, day: Option<Date>, line: Line) {
        let place = LinePlace::of(account, day, &line.reference);
        self.lines.lock().unwrap().entry(place).or_default().push(line);
    }

    pub(super) fn all(&self) -> Vec<Exception> {
        self.exceptions.lock().unwrap().values().cloned().collect()
    }
}

#[async_trait]
impl LineStore for Memory {
    async fn load(&self, _: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError> {
        let lines = self.lines.lock().unwrap().get(place).cloned().unwrap_or_default();
        Ok(PackedLines { version: 1, lines })
    }

    async fn load_day(
        &self,
        _: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let all = self.lines.lock().unwrap();
        let of_day = all.iter().filter(|(place, _)| place.account == account && place.day == day);
        Ok(of_day.map(|(at, lines)| (at.clone(), PackedLines { version: 1, lines: lines.clone() })).collect())
    }

    async fn save(&self, _: &MerchantId, place: &LinePlace, lines: &PackedLines) -> Result<bool, StoreError> {
        self.lines.lock().unwrap().insert(place.clone(), lines.lines.clone());
        Ok(true)
    }
}

#[async_trait]
impl DepositStore for Memory {
    async fn put(&self, _: &MerchantId, deposit: &Deposit, all: &[Chargeback]) -> Result<bool, StoreError> {
        self.deposits.lock().unwrap().push((deposit.clone(), all.to_vec()));
        Ok(true)
    }

    async fn get(&self, _: &MerchantId, id: &str) -> Result<Option<(Deposit, Vec<Chargeback>)>, StoreError> {
        Ok(self.deposits.lock().unwrap().iter().find(|(deposit, _)| deposit.id == id).cloned())
    }

    async fn list(
        &self,
        _: &MerchantId,
        (first, last): (Date, Date),
        _: ReadOrder,
        _: Option<&str>,
        _: usize,
    ) -> Result<DepositPage, StoreError> {
        let all = self.deposits.lock().unwrap();
        let all = all.iter().map(|(deposit, _)| deposit).filter(|one| first <= one.day && one.day <= last);
        Ok(DepositPage { deposits: all.cloned().collect(), next: None })
    }

    async fn of_case(
        &self,
        _: &MerchantId,
        _: &str,
        case: &str,
    ) -> Result<(Vec<Chargeback>, Vec<Adjustment>), StoreError> {
        let all = self.deposits.lock().unwrap();
        let chargebacks = all.iter().flat_map(|(_, all)| all).filter(|one| one.case == case);
        let adjustments = all.iter().flat_map(|(deposit, _)| &deposit.adjustments);
        let adjustments = adjustments.filter(|one| one.case.as_deref() == Some(case));
        Ok((chargebacks.cloned().collect(), adjustments.cloned().collect()))
    }

    async fn lines_of(&self, _: &MerchantId, _: &str) -> Result<Vec<(LinePlace, Line)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ExceptionStore for Memory {
    async fn get(&self, _: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        Ok(self.exceptions.lock().unwrap().get(&id).cloned())
    }

    async fn open_of(&self, _: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        let all = self.all().into_iter();
        Ok(all.filter(|one| one.account == account && one.is_open()).collect())
    }

    async fn save(
        &self,
        _: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        let mut all = self.exceptions.lock().unwrap();
        if let Some(other) = self.conflicts.lock().unwrap().pop() {
            all.insert(other.id, other);
        }
        let is_as_read = all.get(&exception.id) == was;
        if is_as_read {
            all.insert(exception.id, exception.clone());
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        _: &MerchantId,
        _: &ExceptionFilter,
        _: Option<&str>,
        _: usize,
    ) -> Result<ExceptionPage, StoreError> {
        Ok(ExceptionPage { exceptions: self.all(), next: None })
    }
}
