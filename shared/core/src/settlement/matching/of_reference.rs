//! One reference: what is expected of it, beside what its line says.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Match, Matching, Progressed, Verdict};
use crate::{
    settlement::{
        BatchStatus, Exception, ExceptionCause, Expectation, Funded, FundedKind, FundedStatus, Line, Settled,
        SettledStatus,
        day::{eastern_day, is_late},
    },
    values::Currency,
};

/// Whose a reference is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'a> {
    /// One payment's or refund's.
    One(&'a Expectation),
    /// Of several that all expect money.
    Several,
    /// Another record of this attempt, which is not on record here.
    Beside(&'a Expectation),
    /// It has an order id as Tollgate makes them, and is not decided here.
    InDoubt,
    /// Not Tollgate's.
    Unknown,
}

/// Compares one reference, and adds its verdict and exceptions.
pub(super) fn of_reference(
    context: &Matching<'_>,
    reference: &str,
    owner: Owner<'_>,
    line: &Line,
    found: &mut Match,
) {
    let about = About::new(context, reference, owner, line);
    found.covered.references.insert(reference.to_owned());
    found.verdicts.push(about.verdict());
    let causes = match owner {
        Owner::Several => about.with_amounts(ExceptionCause::TwoOwners),
        Owner::One(expectation) if expectation.amount != 0 => about.expected(expectation),
        Owner::One(_) | Owner::Beside(_) | Owner::InDoubt if about.moves_money() => {
            about.with_amounts(ExceptionCause::NotApproved)
        }
        Owner::Unknown if about.may_move_money() => about.with_amounts(ExceptionCause::NotOurs),
        Owner::One(_) | Owner::Beside(_) | Owner::InDoubt | Owner::Unknown => Vec::new(),
    };
    found.exceptions.extend(causes.into_iter().map(|cause| about.exception(cause)));
}

/// A cause, and what was found instead of what was expected.
#[derive(Clone, Copy)]
struct Differs {
    cause: ExceptionCause,
    found: Option<i64>,
    day: Date,
}

/// One reference with the records that move money.
struct About<'a> {
    context: &'a Matching<'a>,
    reference: &'a str,
    /// The payment or refund, where it is known.
    expectation: Option<&'a Expectation>,
    line: &'a Line,
    taken: Vec<&'a Settled>,
    funded: Vec<&'a Funded>,
}

impl<'a> About<'a> {
    fn new(context: &'a Matching<'a>, reference: &'a str, owner: Owner<'a>, line: &'a Line) -> Self {
        let mut taken: Vec<_> = line.settled.iter().filter(|settled| is_taken(settled)).collect();
        let mut funded: Vec<_> = line.funded.iter().filter(|funded| funded.is_money()).collect();
        taken.sort_by_key(|settled| (settled.day, &settled.batch));
        funded.sort_by_key(|funded| (funded.day, &funded.id));
        let expectation = match owner {
            Owner::One(one) | Owner::Beside(one) => Some(one),
            Owner::Several | Owner::InDoubt | Owner::Unknown => None,
        };
        Self { context, reference, expectation, line, taken, funded }
    }

    fn verdict(&self) -> Verdict {
        let expects = self.expectation.is_some_and(|expectation| expectation.amount != 0);
        let progressed = match (self.taken.first(), self.funded.first()) {
            (_, Some(_)) => Progressed::Funded,
            (Some(_), None) => Progressed::Settled,
            (None, None) if expects => Progressed::Expected,
            (None, None) => Progressed::NoMoney,
        };
        Verdict {
            reference: self.stated_reference(),
            order: self.expectation.map(|one| one.order.clone()),
            transaction: self.expectation.map(|one| one.transaction),
            operation: self.expectation.map(|one| one.operation),
            progressed,
            settled_on: self.taken.first().map(|settled| settled.day),
            funded_on: self.funded.first().map(|funded| funded.day),
            deposit: self.funded.first().map(|funded| funded.deposit.clone()),
        }
    }

    /// None of a payment or refund that neither a response nor a record names.
    fn stated_reference(&self) -> Option<String> {
        let is_named = !self.line.reference.is_empty()
            || self.expectation.is_none_or(|expectation| expectation.reference.is_some());
        is_named.then(|| self.reference.to_owned())
    }

    /// Whether the gateway's records say that money moves.
    fn moves_money(&self) -> bool {
        let settled = self.taken.iter().any(|settled| settled.amount != Some(0));
        settled || self.funded.iter().any(|funded| funded.amount != 0)
    }

    /// The same, or that it is about to.
    fn may_move_money(&self) -> bool {
        let is_coming = |settled: &Settled| settled.amount != Some(0) && !is_refused(settled);
        self.moves_money() || self.line.settled.iter().any(is_coming)
    }

    /// An exception about the whole reference.
    fn with_amounts(&self, cause: ExceptionCause) -> Vec<Differs> {
        let funded = self.funded.first().map(|funded| (Some(funded.amount), funded.day));
        let settled = || {
            let first = self.taken.first().copied().or_else(|| self.line.settled.first());
            first.map(|settled| (settled.amount, settled.day))
        };
        let (found, day) = funded.or_else(settled).unwrap_or((None, self.context.today));
        vec![Differs { cause, found, day }]
    }

    /// All that does not fit a payment or refund that moves money.
    fn expected(&self, expectation: &Expectation) -> Vec<Differs> {
        let mut all = self.settlement(expectation);
        all.extend(self.deposits(expectation));
        let mut seen = BTreeSet::new();
        all.retain(|differs| seen.insert(differs.cause));
        all
    }

    fn settlement(&self, expectation: &Expectation) -> Vec<Differs> {
        let mut all = Vec::new();
        let differs = |cause, settled: &Settled| Differs { cause, found: settled.amount, day: settled.day };
        if let [_, second, ..] = self.taken[..] {
            all.push(differs(ExceptionCause::SettledTwice, second));
        }
        let other = |settled: &&&Settled| !is_amount(settled.amount, expectation.amount);
        all.extend(self.taken.iter().find(other).map(|one| differs(ExceptionCause::AmountDiffers, one)));
        let returned = self.line.settled.iter().find(|one| one.status == SettledStatus::Returned);
        all.extend(returned.map(|one| differs(ExceptionCause::Returned, one)));
        if self.taken.is_empty() && self.funded.is_empty() && returned.is_none() {
            all.extend(self.not_settled(expectation));
        }
        all
    }

    /// Why nothing was taken, unless it is still to be expected.
    fn not_settled(&self, expectation: &Expectation) -> Option<Differs> {
        let latest = self.line.settled.iter().max_by_key(|settled| (settled.day, &settled.batch));
        let since = latest.map_or_else(|| eastern_day(expectation.at), |latest| latest.day);
        let waits = self.context.waits;
        let is_late = is_late(since, self.context.today, waits.settled_within, &waits.holidays);
        let is_rejected_in_deposit = self.line.funded.iter().any(is_sent_back);
        let cause = match latest {
            None if is_rejected_in_deposit => return None,
            None => is_late.then_some(ExceptionCause::NotSettled),
            Some(latest) if latest.status == SettledStatus::UnderReview => Some(ExceptionCause::UnderReview),
            Some(latest) if is_refused(latest) => Some(ExceptionCause::Rejected),
            Some(_) => is_late.then_some(ExceptionCause::BatchHeld),
        };
        Some(Differs { cause: cause?, found: latest.and_then(|latest| latest.amount), day: since })
    }

    fn deposits(&self, expectation: &Expectation) -> Vec<Differs> {
        let mut all = Vec::new();
        let differs = |cause, funded: &Funded| Differs { cause, found: Some(funded.amount), day: funded.day };
        // What settled twice is deposited twice: that is one thing to look at.
        if self.funded.len() > self.taken.len().max(1) {
            all.push(differs(ExceptionCause::FundedTwice, self.funded[self.funded.len() - 1]));
        }
        let other = |funded: &Funded| funded.currency.is_some_and(|one| one != expectation.currency);
        for funded in &self.funded {
            if other(funded) {
                all.push(differs(ExceptionCause::CurrencyDiffers, funded));
            } else if funded.amount != expectation.amount {
                all.push(differs(ExceptionCause::AmountDiffers, funded));
            }
        }
        match (self.line.funded.iter().find(|funded| is_sent_back(funded)), self.funded.first()) {
            (Some(back), Some(_)) => all.push(differs(ExceptionCause::Returned, back)),
            (Some(back), None) => all.push(differs(ExceptionCause::Rejected, back)),
            (None, None) => all.extend(self.not_funded()),
            (None, Some(_)) => {}
        }
        all
    }

    fn not_funded(&self) -> Option<Differs> {
        let settled = self.taken.first().filter(|_| self.context.compared.has_deposits)?;
        let is_returned = self.line.settled.iter().any(|one| one.status == SettledStatus::Returned);
        let waits = self.context.waits;
        let late = is_late(settled.day, self.context.today, waits.funded_within, &waits.holidays);
        let differs = Differs { cause: ExceptionCause::NotFunded, found: None, day: settled.day };
        (late && !is_returned).then_some(differs)
    }

    fn currency(&self, cause: ExceptionCause) -> Option<Currency> {
        let stated = || self.funded.iter().find_map(|funded| funded.currency);
        let own = self.expectation.map(|one| one.currency);
        if cause == ExceptionCause::CurrencyDiffers { stated() } else { own.or_else(stated) }
    }

    fn exception(&self, differs: Differs) -> Exception {
        let Differs { cause, found, day } = differs;
        let account = self.context.compared.account;
        Exception {
            reference: self.stated_reference(),
            deposit: self.funded.first().map(|funded| funded.deposit.clone()),
            order: self.expectation.map(|one| one.order.clone()),
            transaction: self.expectation.map(|one| one.transaction),
            expected: self.expectation.map(|one| one.amount),
            found,
            currency: self.currency(cause),
            ..Exception::new(account, cause, self.reference, day, self.context.now)
        }
    }
}

/// Whether the processor took it.
fn is_taken(settled: &Settled) -> bool {
    let is_batch_taken = match settled.batch_status {
        BatchStatus::Refused | BatchStatus::Held | BatchStatus::NotDone => false,
        BatchStatus::Sent
        | BatchStatus::Good
        | BatchStatus::Mixed
        | BatchStatus::Errors
        | BatchStatus::Unrecognized => true,
    };
    settled.status == SettledStatus::Accepted && is_batch_taken
}

/// Whether the batch went on without it.
fn is_refused(settled: &Settled) -> bool {
    matches!(settled.status, SettledStatus::Rejected | SettledStatus::Failed | SettledStatus::Terminated)
}

/// Whether a deposit says that it was refused or came back.
fn is_sent_back(funded: &Funded) -> bool {
    funded.status == FundedStatus::Rejected && funded.kind != FundedKind::NoMoney
}

/// A batch states what is given back without a sign, or with a minus; without any amount it says nothing of it.
fn is_amount(stated: Option<i64>, expected: i64) -> bool {
    stated.is_none_or(|stated| stated == expected || (expected < 0 && stated == -expected))
}
