//! Sums of scheduled captures, from the index of captures alone, which has the amounts.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use super::{Budget, budget::KEY_BYTES, from_agenda::keys_of};
use crate::{
    journal::{
        Agenda,
        agenda::{captures_of, due_range},
    },
    order::MerchantId,
    payments::{Deadline, StoreError},
    values::{Amount, Currency, SignedAmount, Zone},
};

/// Keys that are read of each part of the index at a time.
const KEYS: usize = 4_000;

/// Which captures are summed up.
#[derive(Clone, Copy, Debug)]
pub struct DueWanted<'a> {
    pub merchant: &'a MerchantId,
    /// Captures from this moment on; none: also those that are overdue.
    pub since: Option<Timestamp>,
    /// Before, and not at.
    pub until: Timestamp,
    /// The zone whose days the sums are of.
    pub zone: &'a Zone,
}

/// The captures that are due on a day in a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueSum {
    pub count: u64,
    /// Their sum.
    pub amount: SignedAmount,
}

/// Sums of captures to come.
#[derive(Debug, Default)]
pub struct DueSums {
    /// By day and currency.
    pub sums: BTreeMap<(Date, Currency), DueSum>,
    /// Keys that cannot be read, and captures that would take a sum beyond 64 bits: neither are
    /// counted.
    pub unreadable: usize,
    /// Up to when everything is counted; none: everything that was wanted.
    pub counted_until: Option<Timestamp>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
}

impl DueSum {
    fn with(self, amount: Amount) -> Option<Self> {
        let amount = self.amount.checked_add(amount.into())?;
        Some(Self { count: self.count + 1, amount })
    }
}

/// The sums of scheduled captures in a range, by day in a time zone.
pub async fn due_sums(
    agenda: &dyn Agenda,
    wanted: DueWanted<'_>,
    deadline: Deadline,
) -> Result<DueSums, StoreError> {
    let DueWanted { merchant, since, until, zone } = wanted;
    let (mut sums, mut budget) = (DueSums::default(), Budget::new(deadline));
    // From the first one on: an order is listed by the next of its captures, however many come
    // later.
    let mut rest = Some(due_range(None, until));
    while let Some(range) = rest {
        let page = keys_of(agenda, merchant, &range, KEYS).await?;
        budget.read(page.orders.len() * KEY_BYTES);
        for order in &page.orders {
            let Some((currency, captures)) = captures_of(&order.sort_key) else {
                sums.unreadable += 1;
                continue;
            };
            let is_wanted = |at: Timestamp| since.is_none_or(|since| at >= since) && at < until;
            for (at, amount) in captures.into_iter().filter(|(at, _)| is_wanted(*at)) {
                let sum = sums.sums.entry((zone.shown(at).date(), currency)).or_default();
                match sum.with(amount) {
                    Some(more) => *sum = more,
                    None => sums.unreadable += 1,
                }
            }
        }
        let last = page.orders.last().filter(|_| page.more);
        if let Some(last) = last.filter(|_| budget.is_spent()) {
            let counted = captures_of(&last.sort_key).and_then(|(_, captures)| Some(captures.first()?.0));
            sums.counted_until = Some(counted.unwrap_or(Timestamp::UNIX_EPOCH));
            break;
        }
        rest = last.and_then(|last| range.behind(Some(&last.sort_key)));
    }
    Ok(DueSums { read_bytes: budget.read_bytes(), ..sums })
}
