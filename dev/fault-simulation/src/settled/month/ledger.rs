//! The figures of a month as the simulator's ledger and deposits have them: no entry, line or
//! report of ours.

use std::collections::{BTreeMap, BTreeSet};

use cardpointe_simulator::{
    Change, Origin, Record, RecordKind, RecordState, ReportedDeposit, ReportedLine, Simulator,
};
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    journal::read_totals::Days,
    settlement::Figure,
    values::{Currency, Zone},
};

use super::super::history::Account;

/// Entries are later than the gateway's records where a response was lost: by as much at most.
const LATER: SignedDuration = SignedDuration::from_mins(15);

/// Amounts in minor units by currency and figure.
pub(super) type Figures = BTreeMap<(String, Figure), i64>;

/// An account's ledger, beside the month that it is added up for.
pub(super) struct Ledger<'a> {
    days: Days,
    zone: &'a Zone,
    /// Whether all that has not arrived is late by now.
    is_late: bool,
    records: BTreeMap<String, Record>,
    deposits: Vec<ReportedDeposit>,
}

/// A day beside those of the month.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Before,
    Within,
    After,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        simulator: &Simulator,
        account: &Account,
        days: Days,
        zone: &'a Zone,
        is_late: bool,
    ) -> Self {
        let records = simulator.records().into_iter().filter(|one| one.merchid == account.id);
        let records = records.map(|one| (one.retref.clone(), one)).collect();
        Self { days, zone, is_late, records, deposits: simulator.deposits(&account.id) }
    }

    /// Whether something was made so shortly before the begin or the end of the month that its
    /// entry can be on the other side.
    pub(super) fn is_unclear(&self) -> bool {
        let changes = self.records.values().flat_map(requested);
        changes.into_iter().any(|change| self.when(change.at) != self.when(change.at + LATER))
    }

    /// All figures that the ledger can tell. Which duplicates, undone payments and refunds by void
    /// are which it cannot: only their sum.
    pub(super) fn figures(&self) -> Figures {
        let mut all = Figures::new();
        let mut add = |currency: &str, figure, amount| {
            *all.entry((currency.to_owned(), figure)).or_default() += amount;
        };
        for record in self.records.values().filter(|record| is_ours(record)) {
            let (moved, fees) = self.moved(record);
            add(&record.currency, Figure::AtGateway, moved - fees);
            add(&record.currency, Figure::CustomerFees, fees);
            add(&record.currency, Figure::Moved, moved);
            let place = self.place(record);
            add(&record.currency, place, moved);
            if place == Figure::InDeposit {
                add(&record.currency, Figure::Difference, -moved);
            }
        }
        for deposit in &self.deposits {
            let day = self.when_is(deposit.day);
            for line in deposit.lines.iter().filter(|line| is_money(line)) {
                let amount = line.minor_units.unwrap_or_default();
                let figure = self.figure_of(line, day);
                if let Some(figure) = figure {
                    add(&line.currency, figure, amount);
                }
                if let Some(Figure::Lines | Figure::ArrivedBefore | Figure::ArrivedAfter) = figure {
                    add(&line.currency, Figure::Difference, amount);
                }
                if day == When::Within {
                    add(&line.currency, Figure::DepositsDiffer, -amount);
                }
            }
            if day == When::Within {
                let own = Currency::USD.code();
                add(own, Figure::DepositsDiffer, deposit.total);
                add(own, Figure::Net, deposit.total);
                for (name, amount) in &deposit.components {
                    let figure = match *name {
                        "reversal" => Figure::Chargebacks,
                        "adjustment" | "otheradjustment" => Figure::Adjustments,
                        _ => Figure::Fees,
                    };
                    add(own, figure, *amount);
                    add(own, Figure::DepositsDiffer, -*amount);
                }
            }
        }
        all.retain(|_, amount| *amount != 0);
        all
    }

    /// The references whose money is in deposits by now.
    fn arrived(&self) -> BTreeSet<&String> {
        let lines = self.deposits.iter().flat_map(|deposit| &deposit.lines);
        lines
            .filter(|line| is_money(line) && !line.is_return)
            .filter_map(|line| line.retref.as_ref())
            .collect()
    }

    fn place(&self, record: &Record) -> Figure {
        let mut lines = self.deposits.iter().flat_map(|deposit| &deposit.lines);
        let is_refused =
            |line: &ReportedLine| line.status.is_some() && line.retref.as_ref() == Some(&record.retref);
        match record.state {
            RecordState::Voided => Figure::Voided,
            _ if self.arrived().contains(&record.retref) => Figure::InDeposit,
            RecordState::Rejected | RecordState::FormatError | RecordState::TokenDecrypt => Figure::Refused,
            _ if lines.any(is_refused) => Figure::Refused,
            RecordState::Accepted if self.deposits.is_empty() => Figure::Settled,
            RecordState::UnderReview => Figure::Exception,
            _ if self.is_late => Figure::Exception,
            _ => Figure::OnTheWay,
        }
    }

    /// The figure of a line in a deposit before, of or after the month; none if it is not about the
    /// month.
    fn figure_of(&self, line: &ReportedLine, deposited: When) -> Option<Figure> {
        let made = line.retref.as_ref().and_then(|retref| self.made(self.records.get(retref)?));
        match (made, deposited) {
            (Some(When::Within), When::Before) => Some(Figure::ArrivedBefore),
            (Some(When::Within), When::Within) => Some(Figure::Lines),
            (Some(When::Within), When::After) => Some(Figure::ArrivedAfter),
            (Some(When::Before), When::Within) => Some(Figure::LinesBefore),
            (Some(When::After), When::Within) => Some(Figure::LinesAfter),
            (None, When::Within) => Some(Figure::LinesNotOurs),
            (_, When::Before | When::After) => None,
        }
    }

    /// When a record took money or gave it back; none of one that Tollgate did not make. A second
    /// record of an attempt belongs to the first, in the month of that.
    fn made(&self, record: &Record) -> Option<When> {
        if is_ours(record) {
            let first = requested(record).find(|change| change.state.moves_money())?;
            return Some(self.when(first.at));
        }
        let is_same = |one: &&Record| is_ours(one) && one.order_id == record.order_id;
        let first = self.records.values().find(is_same)?.history.first()?;
        Some(self.when(first.at)).filter(|when| *when == When::Within)
    }

    /// The money that a record took or gave back in the month, and how much of it is a fee. A batch
    /// that refuses it changes nothing: that is told by its place.
    fn moved(&self, record: &Record) -> (i64, i64) {
        let (mut before, mut sum) = ((0, 0), (0, 0));
        let sign = if record.kind == RecordKind::Refund { -1 } else { 1 };
        for change in requested(record) {
            let moves = if change.state.moves_money() { sign } else { 0 };
            let after = (moves * change.minor_units, moves * change.fee_minor_units);
            if self.when(change.at) == When::Within {
                sum = (sum.0 + after.0 - before.0, sum.1 + after.1 - before.1);
            }
            before = after;
        }
        sum
    }

    fn when(&self, at: Timestamp) -> When {
        self.when_is(self.zone.shown(at).date())
    }

    fn when_is(&self, day: jiff::civil::Date) -> When {
        if day < self.days.first {
            When::Before
        } else if day <= self.days.last {
            When::Within
        } else {
            When::After
        }
    }
}

/// Changes that Tollgate made.
fn requested(record: &Record) -> impl Iterator<Item = &Change> {
    record.history.iter().filter(|change| change.origin == Origin::Request)
}

fn is_ours(record: &Record) -> bool {
    record.history.first().is_some_and(|first| first.origin == Origin::Request)
}

fn is_money(line: &ReportedLine) -> bool {
    line.minor_units.is_some() && line.status.is_none()
}
