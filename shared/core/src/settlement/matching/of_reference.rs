//! One reference: its expectation, beside its line.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};

use super::{Match, Matching, Progressed, Verdict};
use crate::{
    settlement::{
        BatchStatus, Exception, ExceptionCause, Expectation, Funded, FundedKind, FundedStatus, Line, Settled,
        SettledStatus, eastern_day, facts::day::MoneyDue,
    },
    values::{Currency, SignedAmount},
};

/// How many days more than business days anything may take, for weekends and holidays.
const MAY_TAKE_DAYS: i64 = 5;

/// Whose a reference is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'a> {
    /// One payment's or refund's.
    One(&'a Expectation),
    /// Of several that all expect money.
    Several,
    /// Another record of this attempt, which is not on record here.
    Beside(&'a Expectation),
    /// Of a payment or refund at another account of the merchant.
    Elsewhere(&'a Expectation),
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
        Owner::Several => {
            about.with_amounts(ExceptionCause::AmountDiffers, Some("two payments here have this reference"))
        }
        Owner::One(expectation) if !expectation.amount.is_zero() => about.expected(expectation),
        Owner::One(_) | Owner::Beside(_) | Owner::InDoubt if about.moves_money() => {
            about.with_amounts(ExceptionCause::NotApproved, None)
        }
        Owner::Elsewhere(_) if about.may_move_money() => {
            about.with_amounts(ExceptionCause::OtherAccount, None)
        }
        Owner::Unknown if about.may_move_money() => {
            let is_refund = about.is_refund();
            let cause = if is_refund { ExceptionCause::RefundedElsewhere } else { ExceptionCause::NotOurs };
            about.with_amounts(cause, None)
        }
        Owner::One(_) | Owner::Beside(_) | Owner::Elsewhere(_) | Owner::InDoubt | Owner::Unknown => {
            Vec::new()
        }
    };
    found.exceptions.extend(causes.into_iter().map(|cause| about.exception(cause)));
}

/// A cause, and the amount found instead of the expected one.
#[derive(Clone, Copy)]
struct Differs {
    cause: ExceptionCause,
    detail: Option<&'static str>,
    found: Option<SignedAmount>,
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
        let mut taken: Vec<_> = line.settled.iter().filter(|settled| settled.is_taken()).collect();
        // A batch that is reported for two days is one.
        taken.sort_by_key(|settled| (&settled.batch, settled.day));
        taken.dedup_by_key(|settled| &settled.batch);
        let is_arrived = |funded: &&Funded| funded.is_money() && funded.status != FundedStatus::Returned;
        let mut funded: Vec<_> = line.funded.iter().filter(is_arrived).collect();
        taken.sort_by_key(|settled| (settled.day, &settled.batch));
        funded.sort_by_key(|funded| (funded.day, &funded.id));
        let expectation = match owner {
            Owner::One(one) | Owner::Beside(one) | Owner::Elsewhere(one) => Some(one),
            Owner::Several | Owner::InDoubt | Owner::Unknown => None,
        };
        Self { context, reference, expectation, line, taken, funded }
    }

    fn verdict(&self) -> Verdict {
        let expects = self.expectation.is_some_and(|expectation| !expectation.amount.is_zero());
        let progressed = match (self.taken.first(), self.funded.first()) {
            (_, Some(_)) => Progressed::Funded,
            (Some(_), None) if self.is_sent_back() => Progressed::Refused,
            (Some(_), None) => Progressed::Settled,
            (None, None) if expects => self.waiting(),
            (None, None) => Progressed::NoMoney,
        };
        Verdict {
            reference: self.stated_reference(),
            expectation: self.expectation.cloned(),
            progressed,
            settled_on: self.taken.first().map(|settled| settled.day),
            due: self.due(progressed),
            funded_on: self.funded.first().map(|funded| funded.day),
            deposit: self.funded.first().map(|funded| funded.deposit.clone()),
        }
    }

    /// Whether no money comes, though the processor may have taken it.
    fn is_sent_back(&self) -> bool {
        let returned = self.line.settled.iter().any(|one| one.status == SettledStatus::Returned);
        returned || self.line.funded.iter().any(is_sent_back)
    }

    /// How far money is that no processor took.
    fn waiting(&self) -> Progressed {
        match self.latest() {
            _ if self.is_sent_back() => Progressed::Refused,
            Some(latest) if is_refused(latest) => Progressed::Refused,
            Some(latest) if latest.status == SettledStatus::UnderReview => Progressed::Held,
            Some(latest) if matches!(latest.batch_status, BatchStatus::Held | BatchStatus::Refused) => {
                Progressed::Held
            }
            Some(_) | None => Progressed::Expected,
        }
    }

    /// When money that is so far has to come: in a batch, or from there in a deposit.
    fn due(&self, progressed: Progressed) -> Option<MoneyDue> {
        match progressed {
            Progressed::Expected | Progressed::Held => {
                Some(self.due_after(self.waits_since(self.expectation?), self.context.waits.settled_within))
            }
            Progressed::Settled if self.context.compared.has_deposits => {
                Some(self.due_after(self.taken.first()?.day, self.context.waits.funded_within))
            }
            Progressed::Settled | Progressed::Funded | Progressed::Refused | Progressed::NoMoney => None,
        }
    }

    /// Since when a batch is waited for that is done.
    fn waits_since(&self, expectation: &Expectation) -> Date {
        self.latest().map_or_else(|| eastern_day(expectation.at), |latest| latest.day)
    }

    /// Its record in the latest batch.
    fn latest(&self) -> Option<&'a Settled> {
        self.line.settled.iter().max_by_key(|settled| (settled.day, &settled.batch))
    }

    /// None for a payment or refund that neither a response nor a record names.
    fn stated_reference(&self) -> Option<String> {
        let is_named = !self.line.reference.is_empty()
            || self.expectation.is_none_or(|expectation| expectation.reference.is_some());
        is_named.then(|| self.reference.to_owned())
    }

    /// Whether the gateway's records say that money moves.
    fn moves_money(&self) -> bool {
        let settled = self.taken.iter().any(|settled| settled.amount != Some(SignedAmount::ZERO));
        settled || self.funded.iter().any(|funded| !funded.amount.is_zero())
    }

    /// The same, or that it is about to.
    fn may_move_money(&self) -> bool {
        let is_coming =
            |settled: &Settled| settled.amount != Some(SignedAmount::ZERO) && !is_refused(settled);
        self.moves_money() || self.line.settled.iter().any(is_coming)
    }

    /// Whether it gives money back, as far as its records tell.
    fn is_refund(&self) -> bool {
        let is_kind = self.line.funded.iter().any(|funded| funded.kind == FundedKind::Refund);
        is_kind
            || self.line.settled.iter().any(|settled| settled.amount.is_some_and(SignedAmount::is_negative))
    }

    /// An exception about the whole reference.
    fn with_amounts(&self, cause: ExceptionCause, detail: Option<&'static str>) -> Vec<Differs> {
        let funded = self.funded.first().map(|funded| (Some(funded.amount), funded.day));
        let settled = || {
            let first = self.taken.first().copied().or_else(|| self.line.settled.first());
            first.map(|settled| (settled.amount, settled.day))
        };
        let (found, day) = funded.or_else(settled).unwrap_or((None, self.context.today));
        vec![Differs { cause, detail, found, day }]
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
        let differs = |cause, settled: &Settled| Differs {
            cause,
            detail: None,
            found: settled.amount,
            day: settled.day,
        };
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
        let latest = self.latest();
        let since = self.waits_since(expectation);
        let is_late = self.due_after(since, self.context.waits.settled_within).is_late();
        let is_rejected_in_deposit = self.line.funded.iter().any(is_sent_back);
        let (cause, detail) = match latest {
            None if is_rejected_in_deposit || !is_late => return None,
            None => (ExceptionCause::NotSettled, None),
            Some(latest) if latest.status == SettledStatus::UnderReview => {
                (ExceptionCause::NotSettled, Some("the processor reviews it"))
            }
            Some(latest) if is_refused(latest) => (ExceptionCause::Rejected, None),
            Some(_) if is_late => {
                (ExceptionCause::NotSettled, Some("its batch is held, refused or not done"))
            }
            Some(_) => return None,
        };
        Some(Differs { cause, detail, found: latest.and_then(|latest| latest.amount), day: since })
    }

    /// When money is due that may take so many business days; not late before the reports were
    /// read that could have it.
    fn due_after(&self, since: Date, within: u8) -> MoneyDue {
        let until = since.saturating_add((i64::from(within) + MAY_TAKE_DAYS).days());
        let is_unread = self.context.compared.unread.range(since..=until).next().is_some();
        let due = MoneyDue::new(since, within, self.context.today, &self.context.waits.holidays);
        if is_unread { MoneyDue { days_late: 0, ..due } } else { due }
    }

    fn deposits(&self, expectation: &Expectation) -> Vec<Differs> {
        let mut all = Vec::new();
        let other = |funded: &Funded| funded.currency.is_some_and(|one| one != expectation.currency);
        let differs = |cause, funded: &Funded| {
            let is_currency = other(funded) && cause == ExceptionCause::AmountDiffers;
            let detail = is_currency.then_some("it is in another currency");
            Differs { cause, detail, found: Some(funded.amount), day: funded.day }
        };
        // Money that settled twice is deposited twice: that is one exception.
        if self.funded.len() > self.taken.len().max(1) {
            all.push(differs(ExceptionCause::FundedTwice, self.funded[self.funded.len() - 1]));
        }
        let is_other = |funded: &&&Funded| other(funded) || funded.amount != expectation.amount;
        all.extend(self.funded.iter().find(is_other).map(|one| differs(ExceptionCause::AmountDiffers, one)));
        match (self.line.funded.iter().find(|funded| is_sent_back(funded)), self.funded.first()) {
            (Some(back), Some(_)) => all.push(differs(ExceptionCause::Returned, back)),
            (Some(back), None) if back.status == FundedStatus::Returned => {
                all.push(differs(ExceptionCause::Returned, back));
            }
            (Some(back), None) => all.push(differs(ExceptionCause::Rejected, back)),
            (None, None) => all.extend(self.not_funded()),
            (None, Some(_)) => {}
        }
        all
    }

    fn not_funded(&self) -> Option<Differs> {
        let settled = self.taken.first().filter(|_| self.context.compared.has_deposits)?;
        let is_returned = self.line.settled.iter().any(|one| one.status == SettledStatus::Returned);
        let differs =
            Differs { cause: ExceptionCause::NotFunded, detail: None, found: None, day: settled.day };
        (!is_returned && self.due_after(settled.day, self.context.waits.funded_within).is_late())
            .then_some(differs)
    }

    /// That of the records where it is another one.
    fn currency(&self) -> Option<Currency> {
        let own = self.expectation.map(|one| one.currency);
        let stated = || self.funded.iter().filter_map(|funded| funded.currency);
        stated().find(|one| Some(*one) != own).or(own).or_else(|| stated().next())
    }

    fn exception(&self, differs: Differs) -> Exception {
        let Differs { cause, detail, found, day } = differs;
        let account = self.context.compared.account;
        Exception {
            reference: self.stated_reference(),
            deposit: self.funded.first().map(|funded| funded.deposit.clone()),
            order: self.expectation.map(|one| one.order.clone()),
            transaction: self.expectation.map(|one| one.transaction),
            expected: self.expectation.map(|one| one.amount),
            found,
            currency: self.currency(),
            detail: detail.map(str::to_owned),
            ..Exception::new(account, cause, self.reference, day, self.context.now)
        }
    }
}

/// Whether the batch went on without it.
fn is_refused(settled: &Settled) -> bool {
    matches!(settled.status, SettledStatus::Rejected | SettledStatus::Failed | SettledStatus::Terminated)
}

/// Whether a deposit says that it was refused or came back.
fn is_sent_back(funded: &Funded) -> bool {
    matches!(funded.status, FundedStatus::Rejected | FundedStatus::Returned)
        && funded.kind != FundedKind::NoMoney
}

/// A batch states money given back without a sign, or with a minus. Without any amount, every
/// expected one fits.
fn is_amount(stated: Option<SignedAmount>, expected: SignedAmount) -> bool {
    let unsigned = || expected.checked_neg().filter(|_| expected.is_negative());
    stated.is_none_or(|stated| stated == expected || Some(stated) == unsigned())
}
