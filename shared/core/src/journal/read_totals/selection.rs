//! The selection of a report, and its rows.

use std::collections::BTreeMap;

use crate::{
    journal::{Fact, Total, TotalLine, Totals, totals::too_large},
    order::Kind,
    payments::StoreError,
    values::{Currency, SignedAmount},
    words,
};

words! {
    /// A dimension that totals can be told apart by, besides their currency.
    #[derive(PartialOrd, Ord)]
    pub enum Dimension {
        /// The kind of the operations.
        Operation => "operation",
        Fact => "fact",
        Mid => "mid",
        Brand => "brand",
        /// Why it was declined.
        DeclineCode => "decline_code",
    }
}

impl Dimension {
    /// Those that are named with commas between them. `currency` may be among the names, because
    /// rows always have one.
    pub fn parse_all(names: &str) -> Option<Vec<Self>> {
        let others = names.split(',').filter(|name| *name != "currency");
        let mut dimensions: Vec<_> = others.map(Self::from_name).collect::<Option<_>>()?;
        dimensions.sort_unstable();
        dimensions.dedup();
        Some(dimensions)
    }
}

/// The dimensions that a report tells apart, and the lines that it leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// A row for each value; dimensions not named here are added up.
    pub by: Vec<Dimension>,
    /// Only these currencies; all if there is none.
    pub currencies: Vec<Currency>,
    /// Only these values of each of these dimensions.
    pub only: Vec<(Dimension, Vec<String>)>,
}

impl Default for Selection {
    /// The dimensions that tell all facts apart.
    fn default() -> Self {
        let by = vec![Dimension::Operation, Dimension::Fact, Dimension::Mid, Dimension::Brand];
        Self { by, currencies: Vec::new(), only: Vec::new() }
    }
}

impl Selection {
    /// Whether rows are by this dimension.
    pub fn is_by(&self, dimension: Dimension) -> bool {
        self.by.contains(&dimension)
    }

    /// Whether each row has one operation and one fact. Only then do a count and an amount of facts
    /// mean anything: declined amounts are never added to approved ones.
    pub fn counts_facts(&self) -> bool {
        self.is_by(Dimension::Operation) && self.is_by(Dimension::Fact)
    }

    /// Whether a line is wanted, going by some dimensions.
    fn wants(&self, line: &TotalLine, goes_by: impl Fn(Dimension) -> bool) -> bool {
        let is_one = |(dimension, values): &(Dimension, Vec<String>)| {
            let value = line.value(*dimension);
            !goes_by(*dimension) || values.iter().any(|wanted| Some(wanted.as_str()) == value)
        };
        (self.currencies.is_empty() || self.currencies.contains(&line.currency))
            && self.only.iter().all(is_one)
    }
}

/// The dimensions of a payment's outcome, of which each value is a share of all payments.
fn is_outcome(dimension: Dimension) -> bool {
    matches!(dimension, Dimension::Fact | Dimension::DeclineCode)
}

impl TotalLine {
    /// Its value in a dimension.
    pub fn value(&self, dimension: Dimension) -> Option<&str> {
        match dimension {
            Dimension::Operation => Some(&self.operation),
            Dimension::Fact => Some(&self.fact),
            Dimension::Mid => Some(&self.mid),
            Dimension::Brand => self.brand.as_deref(),
            Dimension::DeclineCode => self.decline.as_deref(),
        }
    }

    /// The same with nothing but these dimensions.
    fn by(&self, keeps: impl Fn(Dimension) -> bool) -> Self {
        let value = |dimension| self.value(dimension).filter(|_| keeps(dimension)).map(str::to_owned);
        Self {
            currency: self.currency,
            operation: value(Dimension::Operation).unwrap_or_default(),
            fact: value(Dimension::Fact).unwrap_or_default(),
            mid: value(Dimension::Mid).unwrap_or_default(),
            brand: value(Dimension::Brand),
            decline: value(Dimension::DeclineCode),
        }
    }
}

/// Payments by their outcome, and refunds. Authorizations and purchases count as payments, once for
/// each decision; captures and voids do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Decided {
    /// By the issuer.
    approved: u64,
    /// The amount that they held or took; nothing of one that a rule refused.
    approved_amount: SignedAmount,
    /// By the issuer.
    declined: u64,
    /// By a rule, after the issuer had approved them.
    by_rule: u64,
    /// Approvals among them that a rule refused.
    overruled: u64,
    refund_count: u64,
}

impl Decided {
    fn of(line: &TotalLine, total: &Total) -> Result<Self, StoreError> {
        let is_payment = Kind::from_name(&line.operation).is_some_and(Kind::is_payment);
        let count = total.count;
        let decided = match Fact::from_name(&line.fact) {
            Some(Fact::Approved) if is_payment => {
                let amount = total.changes.held.checked_add(total.changes.paid);
                let approved_amount = amount.ok_or_else(too_large)?;
                Self { approved: count, approved_amount, ..Self::default() }
            }
            Some(Fact::Declined) if is_payment => Self { declined: count, ..Self::default() },
            Some(Fact::DeclinedByRule) if is_payment => Self { by_rule: count, ..Self::default() },
            Some(Fact::Refunded) => Self { refund_count: count, ..Self::default() },
            _ => Self::default(),
        };
        Ok(decided)
    }

    fn plus(self, other: Self) -> Result<Self, StoreError> {
        let sum = self.approved_amount.checked_add(other.approved_amount);
        Ok(Self {
            approved: self.approved.saturating_add(other.approved),
            approved_amount: sum.ok_or_else(too_large)?,
            declined: self.declined.saturating_add(other.declined),
            by_rule: self.by_rule.saturating_add(other.by_rule),
            overruled: self.overruled.saturating_add(other.overruled),
            refund_count: self.refund_count.saturating_add(other.refund_count),
        })
    }
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalRow {
    /// The place of its period.
    pub period: usize,
    /// The line's values; empty if the report does not tell them apart.
    pub line: TotalLine,
    /// Its facts, added up.
    pub total: Total,
    /// Payments among them that the issuer approved and no rule refused.
    pub approved: u64,
    /// The amount that these payments held or took when they were approved.
    pub approved_amount: SignedAmount,
    /// Payments among them that the issuer or a rule declined.
    pub declined: u64,
    /// Payments among them that the issuer approved, also those that a rule refused then.
    pub issuer_approved: u64,
    /// All payments that were approved or declined in the period, with the same operation, account
    /// and brand as far as the report tells them apart: the two are shares of this number.
    pub payments: u64,
    /// How often money was given back, as a refund or by a void in its place.
    pub refund_count: u64,
}

impl TotalRow {
    /// The share of payments that were approved, in ten-thousandths; none without payments.
    pub fn approval_rate(&self) -> Option<u64> {
        share(self.approved, self.payments)
    }

    /// The share of payments that the issuer approved, including those that a merchant's rule
    /// refused.
    pub fn issuer_approval_rate(&self) -> Option<u64> {
        share(self.issuer_approved, self.payments)
    }

    /// The same of those declined. The two of all rows that share their payments come to one.
    pub fn decline_rate(&self) -> Option<u64> {
        share(self.declined, self.payments)
    }
}

/// A part of a whole in ten-thousandths, rounded half up; only the whole is all of them, and only
/// nothing is none.
fn share(part: u64, whole: u64) -> Option<u64> {
    let share = part.saturating_mul(10_000).saturating_add(whole / 2).checked_div(whole)?;
    Some(if part == 0 || part >= whole { share } else { share.clamp(1, 9_999) })
}

/// Totals of a report, added up as they are read.
pub(super) struct Counted<'a> {
    /// By period, and by the dimensions that the report tells apart.
    pub(super) rows: Rows<'a>,
    /// Of all periods together, by nothing but the currency.
    pub(super) sums: Rows<'a>,
    /// Of all periods together, by the code of declines, if the report tells these apart.
    pub(super) declines: Option<Rows<'a>>,
    /// Entries that no row has, because they cannot be read.
    pub(super) left_out: u64,
}

impl<'a> Counted<'a> {
    pub(super) fn new(selection: &'a Selection) -> Self {
        let by_code = selection.is_by(Dimension::DeclineCode);
        Self {
            rows: Rows::new(selection, &selection.by),
            sums: Rows::new(selection, &[]),
            declines: by_code.then(|| Rows::new(selection, &[Dimension::DeclineCode])),
            left_out: 0,
        }
    }

    pub(super) fn add(&mut self, period: usize, totals: &Totals) -> Result<(), StoreError> {
        self.left_out = self.left_out.saturating_add(totals.left_out());
        self.rows.add(period, totals)?;
        if let Some(declines) = &mut self.declines {
            declines.add(0, totals)?;
        }
        self.sums.add(0, totals)
    }
}

/// Rows, added up as they are read.
pub(super) struct Rows<'a> {
    selection: &'a Selection,
    /// The dimensions that these rows tell apart.
    by: &'a [Dimension],
    sums: BTreeMap<(usize, TotalLine), (Total, Decided)>,
    /// Of each period and row without its outcome.
    payments: BTreeMap<(usize, TotalLine), Decided>,
}

impl<'a> Rows<'a> {
    fn new(selection: &'a Selection, by: &'a [Dimension]) -> Self {
        Self { selection, by, sums: BTreeMap::new(), payments: BTreeMap::new() }
    }

    fn add(&mut self, period: usize, totals: &Totals) -> Result<(), StoreError> {
        for (line, total) in totals.lines() {
            if !self.selection.wants(line, |dimension| !is_outcome(dimension)) {
                continue;
            }
            let decided = Decided::of(line, total)?;
            if decided != Decided::default() {
                let group = line.by(|dimension| self.by.contains(&dimension) && !is_outcome(dimension));
                let sum = self.payments.entry((period, group)).or_default();
                *sum = sum.plus(decided)?;
            }
            self.add_to_row(period, line, *total, decided)?;
            if decided.by_rule > 0 {
                // Its approval was decided in the same moment, and does not stand.
                let (fact, overruled) = (Fact::Approved.as_str().to_owned(), decided.by_rule);
                let approved = TotalLine { fact, decline: None, ..line.clone() };
                let decided = Decided { overruled, ..Decided::default() };
                self.add_to_row(period, &approved, Total::default(), decided)?;
            }
        }
        Ok(())
    }

    fn add_to_row(
        &mut self,
        period: usize,
        line: &TotalLine,
        total: Total,
        decided: Decided,
    ) -> Result<(), StoreError> {
        if self.selection.wants(line, is_outcome) {
            let row = line.by(|dimension| self.by.contains(&dimension));
            let (sum, of_row) = self.sums.entry((period, row)).or_default();
            *sum = sum.plus(total)?;
            *of_row = of_row.plus(decided)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<TotalRow> {
        let Self { sums, payments, .. } = self;
        let row = |((period, line), (total, decided)): ((_, TotalLine), (_, Decided))| {
            let group = line.by(|dimension| !is_outcome(dimension));
            let all = payments.get(&(period, group)).copied().unwrap_or_default();
            TotalRow {
                period,
                line,
                total,
                approved: decided.approved.saturating_sub(decided.overruled),
                approved_amount: decided.approved_amount,
                declined: decided.declined.saturating_add(decided.by_rule),
                issuer_approved: decided.approved,
                payments: all.approved.saturating_add(all.declined),
                refund_count: decided.refund_count,
            }
        };
        sums.into_iter().map(row).collect()
    }
}
