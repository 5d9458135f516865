//! Money that was captured or refunded and has not arrived: the money that is not in the last
//! deposit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    journal::day_of,
    order::MerchantId,
    payments::StoreError,
    settlement::{
        DayMatcher, DayRange, DepositReader, ExceptionCause, Expectation, MatchedDays, MoneyDue, Progress,
        Progressed, Unmatched, Verdict, Waits, eastern_day,
    },
    values::{Currency, SignedAmount, sort_of},
};

/// How long expected money may take, over a weekend and a holiday. If it takes longer, it is an
/// exception, too.
const WITHIN_DAYS: i32 = 7;

/// How many days ago a list may begin: each of its days is read whole.
pub const OUTSTANDING_DAYS_MAX: i32 = 35;

/// Whose money is looked for, and when it was taken or given back.
#[derive(Clone, Copy, Debug)]
pub struct OutstandingDays<'a> {
    pub merchant: &'a MerchantId,
    /// The Eastern days of captures and refunds.
    pub days: DayRange,
    /// Only that of this gateway account (MID).
    pub account: Option<&'a str>,
}

/// The Eastern days that a list is of, where a caller states none, one or both. None if it began
/// too long ago.
pub fn outstanding_days(first: Option<Date>, last: Option<Date>, now: Timestamp) -> Option<DayRange> {
    let today = eastern_day(now);
    let last = last.unwrap_or(today);
    let first = first.unwrap_or_else(|| last.min(today).saturating_sub(WITHIN_DAYS.days()));
    (today.saturating_sub(OUTSTANDING_DAYS_MAX.days()) <= first).then_some(DayRange { first, last })
}

/// A payment or refund whose money has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outstanding {
    pub expectation: Expectation,
    /// How far it is.
    pub progressed: Progressed,
    /// The Eastern day of the batch that was taken with it.
    pub settled_on: Option<Date>,
    /// When it should be in a batch; once it settled, in a deposit. None if none is to come.
    pub due: Option<MoneyDue>,
    /// The cause of its open exception.
    pub unmatched: Option<ExceptionCause>,
}

impl Outstanding {
    /// Its position among all of a list.
    pub fn position(&self) -> String {
        let Expectation { at, operation, gateway_order_id, .. } = &self.expectation;
        format!("{}#{operation}#{gateway_order_id}", sort_of(*at))
    }
}

/// The sum of one account's money that is equally far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstandingSum {
    /// The gateway account (MID).
    pub account: String,
    pub currency: Currency,
    /// How far it is.
    pub progressed: Progressed,
    /// How many payments and refunds these are.
    pub count: u64,
    /// In minor units, less money given back; none if it cannot be added up.
    pub amount: Option<SignedAmount>,
}

/// Sums by account, currency and how far it is, in the order of the money's way.
pub fn sums_of(outstanding: &[Outstanding]) -> Vec<OutstandingSum> {
    let mut sums: BTreeMap<_, OutstandingSum> = BTreeMap::new();
    for one in outstanding {
        let Expectation { account, currency, amount, .. } = &one.expectation;
        let order = Progressed::ALL.iter().position(|progressed| *progressed == one.progressed);
        let sum = sums.entry((account, currency.code(), order)).or_insert_with(|| OutstandingSum {
            account: account.clone(),
            currency: *currency,
            progressed: one.progressed,
            count: 0,
            amount: Some(SignedAmount::ZERO),
        });
        sum.count += 1;
        sum.amount = sum.amount.and_then(|sum| sum.checked_add(*amount));
    }
    sums.into_values().collect()
}

impl DepositReader<'_> {
    /// A merchant's money that has not arrived, the newest first. At an account without deposits,
    /// money has arrived as far as known once it is settled.
    pub async fn outstanding(
        &self,
        wanted: &OutstandingDays<'_>,
        accounts: &[Progress],
        unmatched: &Unmatched,
    ) -> Result<Vec<Outstanding>, StoreError> {
        let matcher = DayMatcher { log: self.log, lines: self.lines, exceptions: self.exceptions };
        let mut all = Vec::new();
        let named = |one: &&Progress| wanted.account.is_none_or(|account| account == one.account);
        for Progress { account, funding, unread, .. } in accounts.iter().filter(named) {
            let unread: BTreeSet<Date> = unread.iter().map(|one| one.day).collect();
            let days = MatchedDays {
                merchant: wanted.merchant,
                account,
                now: self.now,
                // A payment's void is as late or later.
                days: DayRange { first: wanted.days.first, last: day_of(self.now) },
                has_deposits: funding.unwrap_or_default(),
                unread: &unread,
                reports: &BTreeMap::new(),
                changed: &BTreeSet::new(),
                waits: &Waits::default(),
            };
            for Verdict { expectation, progressed, settled_on, due, .. } in matcher.outstanding(&days).await?
            {
                let Some(expectation) = expectation else { continue };
                if wanted.days.contains(eastern_day(expectation.at)) {
                    let reference = expectation.reference.as_ref();
                    let unmatched =
                        reference.and_then(|reference| unmatched.of_reference(account, reference));
                    all.push(Outstanding { expectation, progressed, settled_on, due, unmatched });
                }
            }
        }
        all.sort_by_cached_key(|one| std::cmp::Reverse(one.position()));
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
