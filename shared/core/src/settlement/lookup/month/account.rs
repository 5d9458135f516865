//! One account's rows: its movements beside the lines of its reports, and its deposits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use super::{
    MonthReader,
    row::{Figure, MonthRow, RowDeposit, RowKind},
    too_large,
};
use crate::{
    journal::{ENTRY_SHARDS, Entry, EntryPartition, Fact, day_of},
    order::{Kind, MerchantId},
    payments::StoreError,
    settlement::{
        Compared, Component, DayRange, Deposit, DepositSums, ExceptionCause, Expectation, Funded, Line,
        PackKey, Progress, Progressed, Verdict, Waits, expectations,
        facts::{expectation::RecordKey, store::load_packs},
        lookup::{deposits::AT_ONCE, known_lines::KnownLines},
        match_account,
        reading::entries::EntrySpan,
    },
    values::{Currency, QuarterHour, SignedAmount},
};

/// Most payments that are looked for one by one. With more, all entries of the days after are read,
/// because a payment is voided before its batch, which is sent within days.
const LOOKED_FOR_MAX: usize = 200;
const DAYS_AFTER: i64 = 7;

/// An account's part of a month.
pub(super) struct AccountMonth<'a> {
    pub(super) reader: &'a MonthReader<'a>,
    pub(super) merchant: &'a MerchantId,
    /// The gateway account (MID).
    pub(super) account: &'a str,
    /// How far its reports were read; none if they never were.
    pub(super) progress: Option<&'a Progress>,
    pub(super) days: DayRange,
    /// When these days begin, and the first moment after them.
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// The journal's entries of these days, of all accounts, by time.
    pub(super) entries: &'a [Entry],
    /// The expectations of these entries.
    pub(super) expected: &'a [Expectation],
    /// The account's deposits of these days.
    pub(super) deposits: Vec<&'a Deposit>,
}

/// The account's rows.
#[derive(Debug, Default)]
pub(super) struct AccountRows {
    pub(super) rows: Vec<MonthRow>,
    /// Stored items that cannot be read and are left out.
    pub(super) unreadable: u64,
}

/// The account's lines, and the movements that have them.
#[derive(Debug, Default)]
struct LinesOfMonth {
    known: KnownLines,
    /// The currency of the movement that has the line of a reference.
    taken: HashMap<String, Currency>,
}

impl LinesOfMonth {
    /// Whether a movement has this part of a line.
    fn is_taken(&self, reference: &str, funded: &Funded) -> bool {
        let taken = self.taken.get(reference);
        taken.is_some_and(|taken| funded.currency.is_none_or(|one| one == *taken))
    }

    /// The currency of a part of a line: as stated, or that of its movement.
    fn currency_of(&self, reference: &str, funded: &Funded) -> Option<Currency> {
        funded.currency.or_else(|| self.taken.get(reference).copied())
    }
}

/// The lines of one deposit in one currency.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LinesOf {
    deposit: RowDeposit,
    currency: Option<Currency>,
}

type SumsOfLines = BTreeMap<LinesOf, SignedAmount>;

/// The match of these days.
#[derive(Debug, Default)]
struct Judged {
    expected: HashMap<RecordKey, Expectation>,
    verdicts: HashMap<RecordKey, Verdict>,
    /// References of payments and refunds of these days.
    known: BTreeSet<String>,
    /// The same at another account of the merchant.
    elsewhere: BTreeSet<String>,
    /// The first cause of each reference; where none is known, of the transaction.
    causes: HashMap<String, ExceptionCause>,
}

impl AccountMonth<'_> {
    pub(super) async fn rows(&self) -> Result<AccountRows, StoreError> {
        let mut lines = LinesOfMonth { known: self.lines().await?, ..LinesOfMonth::default() };
        let mut judged = self.judge(self.expected, &lines.known);
        if self.until <= self.reader.now {
            let later = self.later_entries(&judged).await?;
            if !later.is_empty() {
                judged = self.judge(&expectations(self.entries.iter().chain(&later)), &lines.known);
            }
        }
        let mut found = AccountRows { rows: Vec::new(), unreadable: lines.known.bad.len() as u64 };
        for entry in self.entries.iter().filter(|entry| entry.account == self.account) {
            if let Some(mut row) = MonthRow::of(entry) {
                self.place(&mut row, &judged, entry, &mut lines).ok_or_else(too_large)?;
                found.rows.push(row);
            }
        }
        let (of_lines, mut sums) = self.of_lines(&judged, &lines).ok_or_else(too_large)?;
        found.rows.extend(of_lines);
        for deposit in self.deposits.iter().filter(|deposit| !deposit.is_withdrawn()) {
            match self.of_deposit(deposit, &lines, &mut sums) {
                Some(own) => found.rows.push(own),
                None => found.unreadable += 1,
            }
        }
        // Lines in another currency than their deposit, or of a deposit that cannot be read.
        for (LinesOf { deposit, currency }, sum) in sums.into_iter().filter(|(_, sum)| !sum.is_zero()) {
            let mut row = MonthRow::new(RowKind::Deposit, self.account, currency);
            row.add(Figure::DepositsDiffer, sum.checked_neg().ok_or_else(too_large)?)
                .ok_or_else(too_large)?;
            row.deposit = Some(deposit);
            found.rows.push(row);
        }
        Ok(found)
    }

    /// The lines of these days, those of unknown references, and all others of the deposits.
    async fn lines(&self) -> Result<KnownLines, StoreError> {
        let last = day_of(self.until - SignedDuration::from_nanos(1));
        let days: Vec<Option<Date>> = day_of(self.since)
            .series(1.day())
            .take_while(|day| *day <= last)
            .map(Some)
            .chain([None])
            .collect();
        let packs = self.deposits.iter().flat_map(|deposit| &deposit.packs);
        let others = packs.filter(|pack| !days.contains(&pack.day)).cloned().collect();
        let (store, merchant, account) = (self.reader.lines, self.merchant, self.account);
        let by_day = days.into_iter().map(async |day| store.load_day(merchant, account, day).await);
        let of_days: Vec<_> = stream::iter(by_day).buffer_unordered(AT_ONCE).try_concat().await?;
        let mut lines = KnownLines::default();
        lines.add(of_days);
        lines.add(load_packs(store, merchant, others).await?);
        Ok(lines)
    }

    fn judge(&self, expected: &[Expectation], lines: &KnownLines) -> Judged {
        let all: Vec<Line> = lines.by_reference.values().map(|known| known.line.clone()).collect();
        let unread =
            self.progress.iter().flat_map(|progress| progress.unread.iter().map(|one| one.day)).collect();
        let compared = Compared {
            has_deposits: self.has_deposits(),
            unread: &unread,
            lines: &all,
            ..Compared::of(self.account, expected)
        };
        let found = match_account(&compared, &Waits::default(), self.reader.now);
        let mut judged = Judged::default();
        let mut unknown = BTreeSet::new();
        for verdict in found.verdicts {
            // A reference may be where lines cannot be read.
            let is_bad = |reference: &String, at| {
                [Some(day_of(at)), None]
                    .iter()
                    .any(|day| lines.bad.contains(&PackKey::of(self.account, *day, reference)))
            };
            let Some(expected) = &verdict.expectation else { continue };
            let reference = verdict.reference.clone();
            if expected.account != self.account {
                judged.elsewhere.extend(reference);
                continue;
            }
            // Only captured after these days, it is not of these days.
            judged.known.extend(reference.clone().filter(|_| expected.at < self.until));
            if reference.as_ref().is_some_and(|reference| is_bad(reference, expected.at)) {
                unknown.extend(reference);
            } else if expected.reference.is_none() || expected.reference == reference {
                judged.verdicts.insert(expected.record.clone(), verdict);
            }
        }
        for exception in found.exceptions {
            let transaction = || exception.transaction.map(|id| id.to_string());
            let subject = exception.reference.clone().or_else(transaction);
            if let Some(subject) = subject.filter(|subject| !unknown.contains(subject)) {
                let cause = judged.causes.entry(subject).or_insert(exception.cause);
                *cause = exception.cause.min(*cause);
            }
        }
        let own = expected.iter().filter(|one| one.account == self.account);
        judged.expected = own.map(|one| (one.record.clone(), one.clone())).collect();
        judged
    }

    /// Voids after these days of payments that have not arrived, and captures of payments that only
    /// held money in these days and have arrived.
    async fn later_entries(&self, judged: &Judged) -> Result<Vec<Entry>, StoreError> {
        let may_change = |verdict: &&Verdict| match verdict.progressed {
            Progressed::Expected | Progressed::Held => true,
            Progressed::Settled | Progressed::Funded => {
                verdict.expectation.as_ref().is_some_and(|expected| expected.amount.is_zero())
            }
            Progressed::NoMoney | Progressed::Refused => false,
        };
        let open = judged.verdicts.values().filter(may_change);
        let open: Vec<String> = open.filter_map(|verdict| verdict.reference.clone()).collect();
        let (parts, until): (Vec<EntryPartition>, Timestamp) = if open.len() > LOOKED_FOR_MAX {
            let until = self.until + SignedDuration::from_hours(24 * DAYS_AFTER);
            ((0..ENTRY_SHARDS).map(EntryPartition::Shard).collect(), until)
        } else {
            (open.into_iter().map(EntryPartition::Reference).collect(), Timestamp::MAX)
        };
        let found = parts.into_iter().map(async |part| {
            let (log, merchant, since) = (self.reader.log, self.merchant, self.until);
            let span = EntrySpan { log, merchant, part, since, until };
            let mut later = Vec::new();
            let is_later = |entry: &Entry| {
                self.until <= entry.at && (entry.kind == Kind::Void || entry.fact == Fact::Captured)
            };
            span.each(&mut |entry| later.extend(entry.filter(is_later))).await?;
            Ok::<_, StoreError>(later)
        });
        stream::iter(found).buffer_unordered(AT_ONCE).try_concat().await
    }

    fn has_deposits(&self) -> bool {
        self.progress.and_then(|progress| progress.funding).unwrap_or_default()
    }

    /// Adds the place of a movement's money, and the lines about it. None if a sum is beyond 64
    /// bits.
    fn place(
        &self,
        row: &mut MonthRow,
        judged: &Judged,
        entry: &Entry,
        lines: &mut LinesOfMonth,
    ) -> Option<()> {
        let record = RecordKey::of(entry);
        let (expected, verdict) = (judged.expected.get(&record), judged.verdicts.get(&record));
        row.reference = verdict.and_then(|verdict| verdict.reference.clone()).or(row.reference.take());
        let subject = row.reference.clone().unwrap_or_else(|| entry.transaction.to_string());
        row.cause = judged.causes.get(&subject).copied();
        let place = match verdict.map(|verdict| verdict.progressed) {
            // The void of an earlier payment, or a payment with its void.
            _ if expected.is_none_or(|expected| expected.amount.is_zero()) => Figure::Voided,
            Some(Progressed::Funded) => Figure::InDeposit,
            Some(Progressed::Refused) => Figure::Refused,
            Some(Progressed::Settled) if !self.has_deposits() => Figure::Settled,
            Some(_) if row.cause.is_none() => Figure::OnTheWay,
            Some(_) | None => Figure::Exception,
        };
        row.add(place, row.amount(Figure::Moved))?;
        let Some(reference) = row.reference.clone().filter(|_| expected.is_some()) else { return Some(()) };
        let Some(known) = lines.known.by_reference.get(&reference) else { return Some(()) };
        if lines.taken.contains_key(&reference) {
            return Some(());
        }
        lines.taken.insert(reference.clone(), entry.currency);
        let mut arrived = SignedAmount::ZERO;
        for funded in money(&known.line).filter(|funded| lines.is_taken(&reference, funded)) {
            let day = self.day_of_deposit(funded);
            row.add(self.figure_of_arrival(day), funded.amount)?;
            arrived = arrived.checked_add(funded.amount)?;
            row.deposit.get_or_insert(RowDeposit { id: funded.deposit.clone(), day });
        }
        row.add(Figure::Difference, arrived.checked_sub(row.amount(Figure::InDeposit))?)
    }

    /// A deposit can have moved to another day since its line was read.
    fn day_of_deposit(&self, funded: &Funded) -> Date {
        self.deposit(&funded.deposit).map_or(funded.day, |deposit| deposit.day)
    }

    /// The lines of these days' deposits that no movement has, those of other days' deposits about
    /// payments and refunds of these days, and the sums of the lines of these days' deposits. None
    /// if a sum is beyond 64 bits.
    fn of_lines(&self, judged: &Judged, lines: &LinesOfMonth) -> Option<(Vec<MonthRow>, SumsOfLines)> {
        let (mut rows, mut sums) = (Vec::new(), SumsOfLines::new());
        for (reference, known) in &lines.known.by_reference {
            let is_known = judged.known.contains(reference);
            for funded in money(&known.line) {
                let day = self.day_of_deposit(funded);
                let deposit = RowDeposit { id: funded.deposit.clone(), day };
                let of_deposit = || self.currency_of(self.deposit(&funded.deposit)?, lines);
                let currency = lines.currency_of(reference, funded).or_else(of_deposit);
                let is_of_days = self.days.contains(day);
                if is_of_days {
                    let key = LinesOf { deposit: deposit.clone(), currency };
                    let sum = sums.entry(key).or_insert(SignedAmount::ZERO);
                    *sum = sum.checked_add(funded.amount)?;
                }
                if lines.is_taken(reference, funded) || !(is_of_days || is_known) {
                    continue;
                }
                let mut row = MonthRow::new(RowKind::Line, self.account, currency);
                let is_elsewhere = judged.elsewhere.contains(reference);
                let figure = match known.day {
                    _ if is_known => self.figure_of_arrival(day),
                    day => self.figure_of_line(day.filter(|_| !is_elsewhere)),
                };
                row.add(figure, funded.amount)?;
                if is_known {
                    row.add(Figure::Difference, funded.amount)?;
                }
                if is_known || figure == Figure::LinesNotOurs {
                    row.cause = judged.causes.get(reference).copied();
                }
                (row.reference, row.line) = (Some(reference.clone()), funded.id.clone());
                row.deposit = Some(deposit);
                rows.push(row);
            }
        }
        Some((rows, sums))
    }

    /// A deposit; takes its sum of lines. None if a sum is beyond 64 bits.
    fn of_deposit(&self, deposit: &Deposit, lines: &LinesOfMonth, all: &mut SumsOfLines) -> Option<MonthRow> {
        let currency = self.currency_of(deposit, lines);
        let itself = RowDeposit { id: deposit.id.clone(), day: deposit.day };
        let of_lines = all.remove(&LinesOf { deposit: itself.clone(), currency }).unwrap_or_default();
        let mut row = MonthRow::new(RowKind::Deposit, self.account, currency);
        let sums = DepositSums::of(deposit);
        row.add(Figure::Fees, sums.fees?)?;
        row.add(Figure::Chargebacks, sums.chargebacks)?;
        row.add(Figure::Adjustments, sums.adjustments?)?;
        let of_components = SignedAmount::sum(deposit.components.iter().map(|(_, amount)| *amount))?;
        row.add(Figure::DepositsDiffer, deposit.component(Component::NetSales).checked_sub(of_lines)?)?;
        row.add(Figure::DepositsDiffer, deposit.total.checked_sub(of_components)?)?;
        row.add(Figure::Net, deposit.total)?;
        row.cause = row.amounts.get(&Figure::DepositsDiffer).map(|_| ExceptionCause::DepositDiffers);
        row.deposit = Some(itself);
        Some(row)
    }

    fn deposit(&self, id: &str) -> Option<&Deposit> {
        self.deposits.iter().find(|deposit| deposit.id == id).copied()
    }

    /// The currency of a deposit: as stated, or that of all of its lines, or of all movements.
    fn currency_of(&self, deposit: &Deposit, lines: &LinesOfMonth) -> Option<Currency> {
        deposit.currency.or_else(|| {
            let own = lines.known.by_reference.iter().flat_map(|(reference, known)| {
                let funded = money(&known.line).filter(|funded| funded.deposit == deposit.id);
                funded.filter_map(|funded| lines.currency_of(reference, funded))
            });
            only(own).or_else(|| {
                let used = self.entries.iter().filter(|entry| entry.account == self.account);
                only(used.map(|entry| entry.currency))
            })
        })
    }

    /// The figure of a line about a payment or refund of these days.
    fn figure_of_arrival(&self, deposited: Date) -> Figure {
        match deposited {
            day if self.days.contains(day) => Figure::Lines,
            day if day < self.days.first => Figure::ArrivedBefore,
            _ => Figure::ArrivedAfter,
        }
    }

    /// The figure of a line about no payment or refund of these days, by the day of its pack.
    fn figure_of_line(&self, day: Option<Date>) -> Figure {
        let begins = |day: Date| QuarterHour::first_of(day).begins();
        match day {
            Some(day) if begins(day) < self.since => Figure::LinesBefore,
            Some(day) if self.until < begins(day.saturating_add(1.day())) => Figure::LinesAfter,
            Some(_) | None => Figure::LinesNotOurs,
        }
    }
}

/// The currency of all of these, if it is one.
fn only(mut currencies: impl Iterator<Item = Currency>) -> Option<Currency> {
    let first = currencies.next()?;
    currencies.all(|one| one == first).then_some(first)
}

/// The parts of deposits that a line's money is.
fn money(line: &Line) -> impl Iterator<Item = &Funded> {
    line.funded.iter().filter(|funded| funded.is_money())
}
