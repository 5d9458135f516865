//! Putting chargebacks and reversals on record of an order, and their sums.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Dispute, DisputeKind, Kind, Order, RecordedDispute, Stage, Transaction, dispute::Word};
use crate::values::{Amount, Carried, Currency, SignedAmount};

/// Chargebacks and reversals that an order keeps, corrections included. Each has at most about 450
/// bytes, so that an order always has room for the outcomes of its operations.
pub const DISPUTES_MAX: usize = 120;

/// Why a chargeback or a reversal is not put on record. It is for a person to look at; nothing is
/// guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisputeRejection {
    /// The order has no payment with this reference at this account that was approved.
    #[error("the order has no such payment")]
    NoSuchPayment,
    /// It is in another currency than the order, which is in this one.
    #[error("the order is in another currency: {}", .0.code())]
    CurrencyDiffers(Currency),
    /// No chargeback of this case is on record.
    #[error("no chargeback of this case is on record")]
    UnknownChargeback,
    /// This version does not know the event, or cannot read all of the order.
    #[error("a newer version of this service is working on the order")]
    NewerVersion,
    /// The order has no room for further chargebacks and reversals.
    #[error("the order keeps {DISPUTES_MAX} chargebacks and reversals, and has them")]
    TooMany,
    /// Another report states another amount of the same line, and neither is said to be the later
    /// one.
    #[error("another report states another amount, and neither says that it is the later one")]
    Contradicts,
}

/// The result of putting a report on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeRecorded {
    /// It is new, or a later word than the one before it: the order changed.
    Applied,
    /// It was on record.
    Known,
}

/// A report of a chargeback or a reversal, with its data about the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeReport {
    /// The gateway's reference of the payment; without one, it is the payment that has a chargeback
    /// of this case.
    pub reference: Option<String>,
    /// The gateway accounts that it can have been paid at: the one of the report, and those that
    /// are linked with it.
    pub accounts: Vec<String>,
    /// The currency, if it is stated.
    pub currency: Option<Currency>,
    /// The event. The amount is zero where a line that is on record is not reported any more.
    pub dispute: Dispute,
    /// Whether the record of the line is not reported any more, so that this counts in its place.
    pub is_current: bool,
}

impl Order {
    /// Puts a chargeback or a reversal on record. Pure; may be repeated. A line that reverses a
    /// case of several payments is shared among them. The write that ends the order's last open
    /// dispute has the refunds looked at that waited for it.
    pub fn record_dispute(
        &mut self,
        report: &DisputeReport,
        now: Timestamp,
    ) -> Result<DisputeRecorded, DisputeRejection> {
        let dispute = report.dispute.clone().cleaned();
        let disputed: Vec<&Transaction> =
            self.transactions.iter().filter(|transaction| transaction.is_disputed_by(report)).collect();
        if disputed.is_empty() {
            return Err(DisputeRejection::NoSuchPayment);
        }
        if report.currency.is_some_and(|currency| currency != self.currency) {
            return Err(DisputeRejection::CurrencyDiffers(self.currency));
        }
        let is_unreadable = disputed.iter().any(|transaction| !transaction.is_recognized());
        if is_unreadable || dispute.kind == DisputeKind::Unrecognized {
            return Err(DisputeRejection::NewerVersion);
        }
        let mut new = Vec::new();
        for (transaction, share) in shares(&disputed, &dispute) {
            let known = transaction.disputes.iter().map(|one| &one.dispute);
            match share.word_beside(known, report.is_current) {
                Word::Known => {}
                Word::Contradicts => return Err(DisputeRejection::Contradicts),
                Word::New => new.push((transaction.id, share)),
            }
        }
        if new.is_empty() {
            return Ok(DisputeRecorded::Known);
        }
        let is_charged_back = |one: &Dispute| one.kind == DisputeKind::Chargeback && one.case == dispute.case;
        let has_it = |transaction: &&Transaction| transaction.standing_disputes().any(is_charged_back);
        if dispute.kind == DisputeKind::Reversal && !disputed.iter().any(has_it) {
            return Err(DisputeRejection::UnknownChargeback);
        }
        if self.disputes_kept() + new.len() > DISPUTES_MAX {
            return Err(DisputeRejection::TooMany);
        }
        for (id, dispute) in new {
            let Some(transaction) = self.transaction_mut(id) else { continue };
            transaction.disputes.push(RecordedDispute { dispute, at: now, carried: Carried::default() });
            transaction.updated_at = now;
        }
        self.updated_at = now;
        if !self.may_have_open_dispute() {
            self.transactions.iter_mut().for_each(|transaction| transaction.wake_held_back_refunds(now));
        }
        Ok(DisputeRecorded::Applied)
    }

    /// Whether a chargeback of any of its charges is open, as far as is on record, or an order that
    /// keeps no further reports may have one.
    pub fn may_have_open_dispute(&self) -> bool {
        self.disputes_kept() >= DISPUTES_MAX || self.transactions.iter().any(Transaction::has_open_dispute)
    }

    /// The money that the bank took back in the case of a line, from all payments that it is about,
    /// without the line itself.
    pub(crate) fn taken_back_but_for(&self, report: &DisputeReport) -> Amount {
        let disputed = self.transactions.iter().filter(|transaction| transaction.is_disputed_by(report));
        Amount::sum(disputed.map(|transaction| transaction.taken_back_but_for(&report.dispute)))
    }

    /// Whether a line is on record of any of its payments.
    pub(crate) fn has_line(&self, line: &Dispute) -> bool {
        self.transactions.iter().flat_map(Transaction::standing_disputes).any(|one| one.is_same(line))
    }

    /// Since when a payment's chargebacks and reversals may come to another sum than they are
    /// counted as: one may correct another without saying so, or the order keeps no further ones.
    pub fn disputes_unclear_since(&self, transaction: &Transaction) -> Option<Timestamp> {
        let all = &transaction.disputes;
        let stands = |one: &Dispute| {
            transaction
                .standing_disputes()
                .any(|standing| standing.is_same(one) && !standing.amount.is_zero())
        };
        let unclear = |(n, one): (usize, &RecordedDispute)| {
            let is_unclear = |earlier: &RecordedDispute| {
                one.dispute.is_unclear_beside(&earlier.dispute)
                    && stands(&one.dispute)
                    && stands(&earlier.dispute)
            };
            all[..n].iter().any(is_unclear).then_some(one.at)
        };
        let full = || all.last().filter(|_| self.disputes_kept() >= DISPUTES_MAX).map(|last| last.at);
        all.iter().enumerate().find_map(unclear).or_else(full)
    }

    fn disputes_kept(&self) -> usize {
        self.transactions.iter().map(|transaction| transaction.disputes.len()).sum()
    }

    /// The payment that has this reference at one of these accounts.
    pub fn disputed_by(&self, report: &DisputeReport) -> Option<Uuid> {
        self.transactions.iter().find(|transaction| transaction.is_disputed_by(report)).map(|found| found.id)
    }
}

/// The part of a report that each payment gets. A line that reverses a case of several payments
/// gives each the part that the bank took, in their order; the last gets the rest.
fn shares<'a>(disputed: &[&'a Transaction], dispute: &Dispute) -> Vec<(&'a Transaction, Dispute)> {
    let payments = if dispute.kind == DisputeKind::Reversal { disputed } else { &disputed[..1] };
    let mut rest = dispute.amount;
    let share_of = |(n, transaction): (usize, &&'a Transaction)| {
        let taken = transaction.taken_back_but_for(dispute);
        let amount = if n + 1 == payments.len() { rest } else { taken.min(rest) };
        rest = rest.checked_sub(amount).unwrap_or(Amount::ZERO);
        (*transaction, Dispute { amount, ..dispute.clone() })
    };
    payments.iter().enumerate().map(share_of).collect()
}

impl Transaction {
    /// The money of a line's case that the bank took back, without the line itself.
    fn taken_back_but_for(&self, line: &Dispute) -> Amount {
        let others = self.standing_disputes().filter(|one| one.case == line.case && !one.is_same(line));
        let sum = SignedAmount::sum(others.map(Dispute::change)).unwrap_or(SignedAmount::MAX);
        sum.amount().unwrap_or(Amount::ZERO)
    }

    fn wake_held_back_refunds(&mut self, now: Timestamp) {
        let waiting = self.operations.iter_mut().filter(|one| one.is(Stage::WaitsForDispute));
        waiting.for_each(|refund| refund.look_at_disputes(now));
    }

    /// Whether a report is about this payment: it was approved, at such an account, and this is a
    /// reference that its money was taken under. A duplicate has one of its own, and a payer may
    /// well dispute just that.
    fn is_disputed_by(&self, report: &DisputeReport) -> bool {
        let is_its_own = |reference: &str| {
            let payments = self.operations.iter().filter(|operation| operation.kind != Kind::Refund);
            let mut references = payments.flat_map(|one| [one.reference(), one.reference.as_deref()]);
            references.any(|own| own == Some(reference))
        };
        let is_known_by = match report.reference.as_deref() {
            Some(reference) => is_its_own(reference),
            None => self.standing_disputes().any(|one| one.case == report.dispute.case),
        };
        let first = self.first().filter(|first| first.is(Stage::Approved));
        is_known_by && first.is_some_and(|first| report.accounts.contains(&first.route.account))
    }

    /// The chargebacks and reversals on record that count, in the order in which each came first:
    /// of several reports of the same one, the last.
    pub fn standing_disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter().enumerate().filter_map(|(n, first)| {
            let is_first = !self.disputes[..n].iter().any(|one| one.dispute.is_same(&first.dispute));
            let last = self.disputes.iter().rev().find(|one| one.dispute.is_same(&first.dispute));
            last.filter(|_| is_first).map(|last| &last.dispute)
        })
    }

    /// The report of the same chargeback or reversal that one replaces, by their positions in the
    /// list, and how many came before it.
    pub(crate) fn replaced_by(&self, position: usize) -> (Option<&Dispute>, usize) {
        let Some(this) = self.disputes.get(position) else { return (None, 0) };
        let earlier = || self.disputes[..position].iter().filter(|one| one.dispute.is_same(&this.dispute));
        (earlier().next_back().map(|one| &one.dispute), earlier().count())
    }

    /// The money that issuers took back, less the money that came back. More can come back than was
    /// taken.
    ///
    /// An order has room for far fewer than the 92 million disputes whose sum could be beyond 64
    /// bits. If it were all the same, this is the maximum, and the dispute is open.
    pub fn disputed(&self) -> SignedAmount {
        SignedAmount::sum(self.standing_disputes().map(Dispute::change)).unwrap_or(SignedAmount::MAX)
    }

    /// Whether a chargeback of the payment is not reversed, or only in part: giving money back
    /// would be a second loss.
    pub fn has_open_dispute(&self) -> bool {
        self.disputed_by_case().into_values().any(|amount| amount > SignedAmount::ZERO)
    }

    /// When the first chargeback came, and the last one; none where all are reversed.
    pub fn disputed_since(&self) -> Option<(Timestamp, Timestamp)> {
        let open = self.disputed_by_case();
        let is_open = |case: &str| open.get(case).is_some_and(|amount| *amount > SignedAmount::ZERO);
        let times = self
            .disputes
            .iter()
            .filter(|one| one.dispute.kind == DisputeKind::Chargeback && is_open(&one.dispute.case));
        let times: Vec<Timestamp> = times.map(|one| one.at).collect();
        Some((times.iter().copied().min()?, times.iter().copied().max()?))
    }

    fn disputed_by_case(&self) -> BTreeMap<&str, SignedAmount> {
        let mut cases = BTreeMap::<&str, SignedAmount>::new();
        for dispute in self.standing_disputes() {
            let sum = cases.entry(&dispute.case).or_default();
            *sum = sum.checked_add(dispute.change()).unwrap_or(SignedAmount::MAX);
        }
        cases
    }
}

#[cfg(test)]
mod tests;
