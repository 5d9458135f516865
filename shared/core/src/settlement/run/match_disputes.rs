//! Puts the chargebacks and reversals of an account's deposits on record of their orders, and
//! compares both.
//!
//! Each line counts once, as its latest change states it, however many deposits list it. The sums
//! of lines in deposits have to be the sums that orders have on record, plus lines without a known
//! order: any difference is an exception.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    order::{Dispute, DisputeKind, DisputeRecorded, DisputeRejection, LineId, Order, OrderKey, Transaction},
    payments::{Merchant, NotRecorded},
    settlement::{
        Adjustment, Chargeback, Deposit, DepositPage, DepositStore, DisputeRecorder, DisputedPayment,
        Exception, ExceptionCause, FoundDispute, READ_AFTER_USE_DAYS, ReadDayError, TakenBack, eastern_day,
        facts::{
            day::DayRange,
            store::{change_deposit, deposits_of},
        },
    },
    values::{Amount, SignedAmount},
};

/// How many days a deposit may be dated ahead.
pub(crate) const AHEAD_DAYS: i64 = 7;

/// An account's deposits with their chargebacks, and the differences between these and orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchedDisputes {
    /// All deposits of the account as far back as chargebacks and their reversals belong together.
    pub deposits: Vec<Deposit>,
    /// All chargebacks of these deposits, each line once.
    pub chargebacks: Vec<Chargeback>,
    /// The same of adjustments.
    pub adjustments: Vec<Adjustment>,
    /// Which payments the chargebacks are about, as far as orders have them on record.
    pub disputed: BTreeMap<LineId, DisputedPayment>,
    /// How many lines were put on record.
    pub recorded: u64,
    /// Whether they could be compared: an order that only a newer version can read says nothing.
    /// Only then an exception that is not found again is gone.
    pub is_compared: bool,
    pub exceptions: Vec<Exception>,
}

/// Brings orders in line with chargebacks in deposits.
pub(crate) struct DisputeMatcher<'a> {
    pub(crate) recorder: DisputeRecorder<'a>,
    pub(crate) deposits: &'a dyn DepositStore,
}

impl DisputeMatcher<'_> {
    /// Puts new lines on record, takes back lines that are not reported any more, and compares the
    /// sums of an account.
    pub(crate) async fn run(
        &self,
        merchant: &Merchant,
        account: &str,
        now: Timestamp,
    ) -> Result<MatchedDisputes, ReadDayError> {
        let today = eastern_day(now);
        let first = today.saturating_sub(READ_AFTER_USE_DAYS.days());
        let days = DayRange { first, last: today.saturating_add(AHEAD_DAYS.days()) };
        let DepositPage { mut deposits, unreadable, .. } =
            deposits_of(self.deposits, &merchant.id, days).await?;
        deposits.retain(|one| one.account == account);
        let chargebacks = latest(&deposits, |deposit| &deposit.chargebacks);
        let adjustments = latest(&deposits, |deposit| &deposit.adjustments);
        // A reversal names the case of a chargeback that is on record.
        let lines = chargebacks.iter().map(|one| Reported::chargeback(account, one));
        let lines = lines.chain(adjustments.iter().filter_map(|one| Reported::reversal(account, one)));
        let mut lines: Vec<Reported> = lines.collect();
        // A line that is gone from one deposit may be in one that cannot be read.
        let is_known = unreadable.is_empty();
        let gone = if is_known { gone(account, &deposits, &mut lines) } else { Vec::new() };
        let mut sums = DisputeSums::new(account, now);
        sums.is_compared = is_known;
        for line in gone.iter().chain(&lines) {
            self.record(merchant, line, &mut sums).await?;
        }
        for deposit in deposits.iter().filter(|deposit| is_known && !deposit.taken_back.is_empty()) {
            self.forget_taken_back(merchant, deposit).await?;
        }
        if sums.is_compared {
            let accounts = merchant.gateway.accounts_for(account);
            let orders = std::mem::take(&mut sums.orders);
            sums.with_orders(&deposits, &lines, on_record(&accounts, orders.values()));
        }
        Ok(MatchedDisputes {
            chargebacks: chargebacks.into_iter().map(|one| one.line.clone()).collect(),
            adjustments: adjustments.into_iter().map(|one| one.line.clone()).collect(),
            disputed: sums.disputed,
            recorded: sums.recorded,
            is_compared: sums.is_compared,
            exceptions: sums.exceptions,
            deposits,
        })
    }

    async fn record(
        &self,
        merchant: &Merchant,
        line: &Reported,
        sums: &mut DisputeSums<'_>,
    ) -> Result<(), ReadDayError> {
        let recorded = match &line.found {
            Some(found) => self.recorder.record(merchant, found).await,
            None => Err(DisputeRejection::NoSuchPayment.into()),
        };
        let mut refused = line.is_contradicted.then_some(DisputeRejection::Contradicts);
        match recorded {
            Ok(recorded) => recorded.into_iter().for_each(|(became, order)| sums.found(line, became, order)),
            Err(NotRecorded::Rejected(why)) => match why {
                DisputeRejection::TooMany | DisputeRejection::Contradicts => refused = Some(why),
                DisputeRejection::NewerVersion => sums.is_compared = false,
                DisputeRejection::NoSuchPayment
                | DisputeRejection::UnknownChargeback
                | DisputeRejection::CurrencyDiffers(_) => sums.unknown.push(line.change),
            },
            Err(refused @ NotRecorded::Refused(_)) => return Err(refused.into()),
        }
        if let Some(why) = refused {
            let (account, id, case) = (sums.account, &line.line, &line.case);
            let what = "a report of a chargeback or a reversal is not on record of its order";
            tracing::error!(merchant = %merchant.id, account, case, line = %id, "{what}");
            sums.not_recorded(line, why);
        }
        Ok(())
    }

    /// Orders have it so by now.
    async fn forget_taken_back(&self, merchant: &Merchant, of: &Deposit) -> Result<(), ReadDayError> {
        let forget = |deposit: Option<&Deposit>| {
            let is_same = |deposit: &&Deposit| deposit.taken_back == of.taken_back;
            let without = |deposit: &Deposit| Deposit { taken_back: TakenBack::default(), ..deposit.clone() };
            Ok(deposit.filter(is_same).map(without))
        };
        change_deposit(self.deposits, &merchant.id, of.key(), forget).await?;
        Ok(())
    }
}

/// Lines that deposits do not list any more, with the amount zero. A line that is listed elsewhere
/// is marked as current there.
fn gone(account: &str, deposits: &[Deposit], lines: &mut [Reported]) -> Vec<Reported> {
    let mut gone = Vec::new();
    for deposit in deposits {
        let chargebacks = deposit.taken_back.chargebacks.iter();
        let chargebacks = chargebacks.map(|line| Latest { line, deposit, is_contradicted: false });
        let reversals = deposit.taken_back.adjustments.iter();
        let reversals = reversals.map(|line| Latest { line, deposit, is_contradicted: false });
        let all = chargebacks.map(|one| Reported::chargeback(account, &one));
        for mut one in all.chain(reversals.filter_map(|one| Reported::reversal(account, &one))) {
            let is_it = |line: &&mut Reported| (line.kind, &line.line) == (one.kind, &one.line);
            if let Some(listed) = lines.iter_mut().find(is_it) {
                listed.found.iter_mut().for_each(|found| found.is_current = true);
                continue;
            }
            one.change = SignedAmount::ZERO;
            if let Some(found) = &mut one.found {
                (found.is_current, found.dispute.amount) = (true, Amount::ZERO);
            }
            gone.push(one);
        }
    }
    gone
}

/// The compared parts of a line that several deposits may list.
struct Listed<'a> {
    id: &'a LineId,
    changed_on: Option<Date>,
    amount: SignedAmount,
}

impl<'a> From<&'a Chargeback> for Listed<'a> {
    fn from(of: &'a Chargeback) -> Self {
        Self { id: &of.id, changed_on: of.changed_on, amount: of.amount.into() }
    }
}

impl<'a> From<&'a Adjustment> for Listed<'a> {
    fn from(of: &'a Adjustment) -> Self {
        Self { id: &of.id, changed_on: of.changed_on, amount: of.amount }
    }
}

/// The latest word about a line, with the deposit that has it.
struct Latest<'a, T> {
    line: &'a T,
    deposit: &'a Deposit,
    /// Another deposit states another amount, and neither is said to be the later one.
    is_contradicted: bool,
}

/// The latest word about each line; where none is later, the first.
fn latest<'a, T>(deposits: &'a [Deposit], lines: fn(&Deposit) -> &Vec<T>) -> Vec<Latest<'a, T>>
where
    Listed<'a>: From<&'a T>,
{
    let mut latest = BTreeMap::<&LineId, Latest<'_, T>>::new();
    for deposit in deposits {
        for line in lines(deposit) {
            let (new, listed) = (Latest { line, deposit, is_contradicted: false }, Listed::from(line));
            let Some(known) = latest.get_mut(listed.id) else {
                latest.insert(listed.id, new);
                continue;
            };
            let before = Listed::from(known.line);
            match listed.changed_on.cmp(&before.changed_on) {
                Ordering::Greater => *known = new,
                Ordering::Equal => known.is_contradicted |= listed.amount != before.amount,
                Ordering::Less => {}
            }
        }
    }
    latest.into_values().collect()
}

/// A chargeback or a reversal, as deposits report it.
struct Reported {
    kind: DisputeKind,
    /// As its deposit has it, and as orders have it.
    listed: LineId,
    line: LineId,
    case: String,
    /// The day of its deposit.
    day: Date,
    /// By how much it changes the disputed amount.
    change: SignedAmount,
    is_contradicted: bool,
    /// None if it does not name its payment.
    found: Option<FoundDispute>,
}

impl Reported {
    fn chargeback(account: &str, of: &Latest<'_, Chargeback>) -> Self {
        let found = FoundDispute::chargeback(account, of.line);
        Self {
            kind: DisputeKind::Chargeback,
            listed: of.line.id.clone(),
            line: found.as_ref().map_or(&of.line.id, |found| &found.dispute.line).clone(),
            case: of.line.case.clone(),
            day: of.deposit.day,
            change: of.line.amount.into(),
            is_contradicted: of.is_contradicted,
            found,
        }
    }

    /// None if the adjustment is no reversal.
    fn reversal(account: &str, of: &Latest<'_, Adjustment>) -> Option<Self> {
        let found = FoundDispute::reversal(account, &of.deposit.id, of.line)?;
        Some(Self {
            kind: DisputeKind::Reversal,
            listed: of.line.id.clone(),
            line: found.dispute.line.clone(),
            case: found.dispute.case.clone(),
            day: of.deposit.day,
            change: found.dispute.change(),
            is_contradicted: of.is_contradicted,
            found: Some(found),
        })
    }
}

/// The chargebacks and reversals that count, of orders' payments at these accounts.
fn on_record<'a>(
    accounts: &[String],
    orders: impl Iterator<Item = &'a Order>,
) -> impl Iterator<Item = &'a Dispute> {
    let transactions = orders.flat_map(|order| &order.transactions).filter(|transaction| {
        transaction.first().is_some_and(|first| accounts.contains(&first.route.account))
    });
    transactions.flat_map(Transaction::standing_disputes)
}

/// The chargebacks in an account's deposits, beside those that orders have.
struct DisputeSums<'a> {
    account: &'a str,
    now: Timestamp,
    orders: BTreeMap<OrderKey, Order>,
    disputed: BTreeMap<LineId, DisputedPayment>,
    /// How many lines were put on record.
    recorded: u64,
    /// The amounts of lines for which no order is known.
    unknown: Vec<SignedAmount>,
    /// No order could be read only by a newer version.
    is_compared: bool,
    exceptions: Vec<Exception>,
}

impl<'s> DisputeSums<'s> {
    fn new(account: &'s str, now: Timestamp) -> Self {
        Self {
            account,
            now,
            orders: BTreeMap::new(),
            disputed: BTreeMap::new(),
            recorded: 0,
            unknown: Vec::new(),
            is_compared: true,
            exceptions: Vec::new(),
        }
    }

    fn found(&mut self, line: &Reported, became: DisputeRecorded, order: Order) {
        self.recorded += u64::from(became == DisputeRecorded::Applied);
        let is_it = |one: &Dispute| (one.kind, &one.line) == (line.kind, &line.line);
        let transaction = order.transactions.iter().find(|one| one.standing_disputes().any(is_it));
        if let Some(transaction) = transaction.map(|one| one.id) {
            let of = DisputedPayment { order: order.key(), transaction, currency: order.currency };
            self.disputed.insert(line.listed.clone(), of);
        }
        self.orders.insert(order.key(), order);
    }

    /// Its order does not have the line, or may have it with another amount.
    fn not_recorded(&mut self, line: &Reported, why: DisputeRejection) {
        let subject = format!("{}#{}", line.kind.as_str(), line.line);
        self.exceptions.push(Exception {
            case: Some(line.case.clone()),
            reference: line.found.as_ref().and_then(|found| found.reference.clone()),
            found: line.change.checked_neg(),
            ..Exception::new(self.account, ExceptionCause::DisputesDiffer, &subject, line.day, self.now)
                .because(why.to_string())
        });
    }

    fn with_orders<'a>(
        &mut self,
        deposits: &[Deposit],
        lines: &[Reported],
        on_record: impl Iterator<Item = &'a Dispute>,
    ) {
        let ids: BTreeSet<&str> = deposits.iter().map(|deposit| deposit.id.as_str()).collect();
        let keys: BTreeSet<_> = lines.iter().map(|one| (one.kind, &one.line)).collect();
        // Disputes of older deposits are no longer compared.
        let is_compared = |one: &&Dispute| {
            let is_listed = one.deposit.as_deref().is_some_and(|deposit| ids.contains(deposit));
            is_listed || keys.contains(&(one.kind, &one.line))
        };
        let recorded = on_record.filter(is_compared).map(Dispute::change);
        let counted = SignedAmount::sum(recorded.chain(self.unknown.iter().copied()));
        let stated = SignedAmount::sum(lines.iter().map(|one| one.change));
        // Sums that cannot be added up were not compared.
        if stated != counted || stated.is_none() {
            let day = lines.iter().map(|one| one.day).max().unwrap_or_else(|| eastern_day(self.now));
            self.exceptions.push(Exception {
                expected: stated,
                found: counted,
                ..Exception::new(self.account, ExceptionCause::DisputesDiffer, "disputes", day, self.now)
            });
        }
    }
}

#[cfg(test)]
mod tests;
