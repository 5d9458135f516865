//! Whether a deposit has all the money that settled together.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::civil::Date;

use crate::{
    order::{Kind, MerchantId},
    payments::StoreError,
    settlement::{
        Deposit, DepositPacks, DepositReader, Funded, KnownReport, PackKey, ReportKind, Settled, Unmatched,
        facts::store::load_packs,
        lookup::{
            deposits::{AT_ONCE, latest_entry},
            known_lines::{KnownLine, KnownLines},
        },
    },
    values::SignedAmount,
};

/// Most records in no deposit whose entries tell which of them are refunds. With more, no sum of
/// their batches is known.
const LOOKED_UP_MAX: usize = 100;

/// How a deposit compares with the batches in which its lines settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Lines whose money the deposit has.
    pub counted: u64,
    /// The sum of these lines; none beyond 64 bits.
    pub counted_sum: Option<SignedAmount>,
    /// Those of payments and refunds that are known here, without an open exception.
    pub matched: u64,
    /// By id.
    pub batches: Vec<DepositBatch>,
    /// Whether all lines match, and are all the records of their batches.
    pub is_complete: bool,
}

/// A batch in which lines of a deposit settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositBatch {
    /// The gateway's id of the batch.
    pub id: String,
    /// The first day that reports it, Eastern.
    pub day: Date,
    /// All records that the processor took; none if a report or its lines cannot be read.
    pub lines: Option<u64>,
    /// Their sum; none if the report does not state all amounts, or which of them are refunds.
    pub sum: Option<SignedAmount>,
    /// How many of them the deposit has.
    pub deposited_lines: u64,
    /// The sum of these in the deposit; none beyond 64 bits.
    pub deposited_sum: Option<SignedAmount>,
}

impl DepositBatch {
    /// Whether the deposit has the whole batch.
    pub fn is_whole(&self) -> bool {
        let fits = self.sum.is_none_or(|sum| Some(sum) == self.deposited_sum);
        self.lines == Some(self.deposited_lines) && fits
    }
}

/// The days whose reports have a batch, by the batch's id.
type BatchDays = BTreeMap<String, BTreeSet<Date>>;

/// A record as a batch has it, if the processor took it and it moves money.
fn taken_in<'a>(known: &'a KnownLine, batch: &str) -> Option<&'a Settled> {
    let is_in = |one: &&Settled| one.batch == batch && one.is_taken();
    known.line.settled.iter().find(is_in).filter(|one| one.amount != Some(SignedAmount::ZERO))
}

/// Whether it gives money back, as far as the gateway's records tell.
fn is_refund(known: &KnownLine, settled: &Settled) -> Option<bool> {
    let funded = known.line.funded.iter().find(|funded| funded.is_money());
    let is_stated = settled.amount.is_some_and(SignedAmount::is_negative);
    funded.map(|funded| funded.amount.is_negative()).or(is_stated.then_some(true))
}

/// A deposit's lines, and beside them those of its batches.
struct Records<'a> {
    deposit: &'a Deposit,
    known: KnownLines,
    /// Whether all reports of the batches can be read.
    are_reports_readable: bool,
}

impl Records<'_> {
    fn is_readable(&self) -> bool {
        self.are_reports_readable && self.known.bad.is_empty()
    }

    /// The lines whose money the deposit has.
    fn held<'r>(&self, record: &'r KnownLine) -> impl Iterator<Item = &'r Funded> {
        record.line.funded.iter().filter(|one| one.deposit == self.deposit.id && one.is_money())
    }

    /// Counts the deposit's lines, and finds the batches in which they settled.
    fn count(&self, unmatched: &Unmatched, found: &mut Completeness) -> BatchDays {
        let mut days = BatchDays::new();
        for (reference, record) in &self.known.by_reference {
            let counted = self.held(record).map(|_| 1).sum::<u64>();
            if counted == 0 {
                continue;
            }
            found.counted += counted;
            found.counted_sum =
                self.held(record).fold(found.counted_sum, |sum, one| sum?.checked_add(one.amount));
            if record.day.is_some() && unmatched.of_reference(&self.deposit.account, reference).is_none() {
                found.matched += counted;
            }
            let taken: Vec<&Settled> = record.line.settled.iter().filter(|one| one.is_taken()).collect();
            found.is_complete &= !taken.is_empty();
            for settled in taken {
                days.entry(settled.batch.clone()).or_default().insert(settled.day);
            }
        }
        days
    }

    /// References that settled in one of these batches, and may be refunds.
    fn unclear(&self, days: &BatchDays) -> Vec<String> {
        let is_unclear = |record: &KnownLine| {
            let mut taken = days.keys().filter_map(|batch| taken_in(record, batch));
            taken.any(|settled| is_refund(record, settled).is_none())
        };
        let unclear = self.known.by_reference.iter().filter(|(_, record)| is_unclear(record));
        unclear.map(|(reference, _)| reference.clone()).collect()
    }

    /// A batch beside what the deposit has of it. `refunds` says of unclear references whether they
    /// are refunds.
    fn batch(&self, id: &str, day: Date, refunds: &BTreeMap<String, bool>) -> DepositBatch {
        let (mut lines, mut deposited_lines) = (0, 0);
        let (mut sum, mut deposited_sum) = (Some(SignedAmount::ZERO), Some(SignedAmount::ZERO));
        for (reference, record) in &self.known.by_reference {
            let Some(settled) = taken_in(record, id) else { continue };
            let is_refund = is_refund(record, settled).or_else(|| refunds.get(reference).copied());
            let moved = settled.amount.zip(is_refund);
            let moved = moved.map(|(amount, is_refund)| if is_refund { amount.taken_off() } else { amount });
            lines += 1;
            sum = sum.and_then(|sum| sum.checked_add(moved?));
            let mut held = self.held(record).peekable();
            deposited_lines += u64::from(held.peek().is_some());
            deposited_sum = held.fold(deposited_sum, |sum, one| sum?.checked_add(one.amount));
        }
        let (lines, sum) = (self.is_readable().then_some(lines), sum.filter(|_| self.is_readable()));
        DepositBatch { id: id.to_owned(), day, lines, sum, deposited_lines, deposited_sum }
    }
}

impl DepositReader<'_> {
    /// Compares a deposit with the batches in which its lines settled.
    pub async fn completeness(
        &self,
        merchant: &MerchantId,
        deposit: &Deposit,
        packs: &DepositPacks,
        unmatched: &Unmatched,
    ) -> Result<Completeness, StoreError> {
        let mut records = Records { deposit, known: KnownLines::default(), are_reports_readable: true };
        records.known.add(packs.0.clone());
        let counted_sum = Some(SignedAmount::ZERO);
        let mut found = Completeness { counted_sum, is_complete: true, ..Completeness::default() };
        let days = records.count(unmatched, &mut found);
        if let Some(first) = days.values().flatten().min() {
            let reports = self.lines.reports(merchant, &deposit.account, *first).await?;
            let is_wanted = |one: &KnownReport| {
                one.kind == ReportKind::Batches && days.values().any(|days| days.contains(&one.day))
            };
            let reports: Vec<_> = reports.into_iter().filter(is_wanted).collect();
            let is_read = |day| reports.iter().any(|one| one.day == day && !one.is_unreadable);
            records.are_reports_readable &= days.values().flatten().all(|day| is_read(*day));
            let further: BTreeSet<PackKey> = reports.into_iter().flat_map(|one| one.packs).collect();
            let further = further.into_iter().filter(|pack| !packs.0.contains_key(pack)).collect();
            records.known.add(load_packs(self.lines, merchant, further).await?);
            let refunds = self.refunds_among(merchant, records.unclear(&days)).await?;
            let batches = days.iter().filter_map(|(id, days)| Some((id, days.first()?)));
            found.batches = batches.map(|(id, day)| records.batch(id, *day, &refunds)).collect();
        }
        found.is_complete &= records.is_readable()
            && found.matched == found.counted
            && found.batches.iter().all(DepositBatch::is_whole);
        Ok(found)
    }

    /// Which of these references are refunds, as far as the journal knows them.
    async fn refunds_among(
        &self,
        merchant: &MerchantId,
        references: Vec<String>,
    ) -> Result<BTreeMap<String, bool>, StoreError> {
        if references.len() > LOOKED_UP_MAX {
            return Ok(BTreeMap::new());
        }
        let looked_up = references.into_iter().map(async |reference| {
            let entry = latest_entry(self.log, merchant, &reference, self.now).await?;
            Ok::<_, StoreError>(entry.map(|entry| (reference, entry.kind == Kind::Refund)))
        });
        let found: Vec<_> = stream::iter(looked_up).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}
