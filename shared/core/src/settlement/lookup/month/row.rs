//! A row of a month, and the figures that it is part of.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    journal::{Entry, Fact},
    order::Mechanism,
    settlement::ExceptionCause,
    values::{Currency, SignedAmount},
    words,
};

words! {
    /// A figure of a month. Each is the sum of the rows that have it; amounts given back, and
    /// charges, are negative.
    ///
    /// `taken` to `undone` come to `at_gateway`. With `customer_fees` that is `moved`, and so is
    /// the sum of the places, `in_deposit` to `voided`. `in_deposit` and `difference` come to
    /// `lines`, `arrived_before` and `arrived_after`. `lines` to `deposits_differ` come to `net`.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Figure {
        /// Taken, as orders count it, less payments that were voided.
        Taken => "taken",
        /// Given back, as orders count it.
        GivenBack => "given_back",
        /// Refunds that were only recorded: given back, and not at the gateway.
        RecordedOnly => "recorded_only",
        /// Second charges and second refunds, and those that were given back.
        Duplicates => "duplicates",
        /// Payments that a rule undoes, and their voids.
        Undone => "undone",
        /// Taken at the gateway, less given back there.
        AtGateway => "at_gateway",
        /// Fees that customers paid beside the amounts, less those given back.
        CustomerFees => "customer_fees",
        /// Both together: the money that batches and deposits should have.
        Moved => "moved",
        /// In a deposit.
        InDeposit => "in_deposit",
        /// Settled at an account whose deposits the gateway does not report.
        Settled => "settled",
        /// In no deposit yet, and not late.
        OnTheWay => "on_the_way",
        /// In no deposit, and a difference for a person to look at.
        Exception => "exception",
        /// Refused by the processor, or returned by a bank: no money comes.
        Refused => "refused",
        /// Of a payment that was voided before its settlement, with the void that takes it off.
        Voided => "voided",
        /// The lines of deposits about these movements, less the movements that are in deposits.
        Difference => "difference",
        /// Lines of deposits before these days, about movements of these days.
        ArrivedBefore => "arrived_before",
        /// Lines of deposits after these days, about movements of these days.
        ArrivedAfter => "arrived_after",
        /// Lines of these days' deposits, about movements of these days.
        Lines => "lines",
        /// The same about movements before these days.
        LinesBefore => "lines_before",
        /// The same about movements after these days.
        LinesAfter => "lines_after",
        /// The same about payments and refunds that are not Tollgate's, or of another account.
        LinesNotOurs => "lines_not_ours",
        /// Fees, interchange, service charges, third parties.
        Fees => "fees",
        /// Chargebacks and their reversals.
        Chargebacks => "chargebacks",
        Adjustments => "adjustments",
        /// By how much deposits differ from their lines and components.
        DepositsDiffer => "deposits_differ",
        /// The amount that arrived.
        Net => "net",
    }
}

words! {
    /// The subject of a row.
    pub enum RowKind {
        /// A fact of the journal that changed money.
        Movement => "movement",
        /// A deposit's line that is about no movement of these days.
        Line => "line",
        Deposit => "deposit",
    }
}

/// The deposit of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowDeposit {
    /// The gateway's id of the deposit.
    pub id: String,
    /// Its day.
    pub day: Date,
}

/// A row of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthRow {
    pub kind: RowKind,
    /// The gateway account (MID).
    pub account: String,
    pub currency: Option<Currency>,
    /// The fact of a movement; of a line, the latest entry of its reference once that was looked
    /// up. None for a deposit, and for a payment that the journal does not know.
    pub entry: Option<Entry>,
    /// The gateway's reference; none for a deposit.
    pub reference: Option<String>,
    /// The line's own id; empty for others.
    pub line: String,
    /// The first deposit that has its money; of a deposit, itself.
    pub deposit: Option<RowDeposit>,
    /// Why it does not fit.
    pub cause: Option<ExceptionCause>,
    /// In minor units, with signs; the figures that it has no part of are left out.
    pub amounts: BTreeMap<Figure, SignedAmount>,
}

impl MonthRow {
    pub(super) fn new(kind: RowKind, account: &str, currency: Option<Currency>) -> Self {
        Self {
            kind,
            account: account.to_owned(),
            currency,
            entry: None,
            reference: None,
            line: String::new(),
            deposit: None,
            cause: None,
            amounts: BTreeMap::new(),
        }
    }

    /// A fact that changed money; none for any other.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let changes = &entry.changes;
        let given_back = changes.returned.checked_neg()?;
        let ordered = changes.paid.checked_add(given_back)?;
        let beside = changes.gateway.checked_sub(ordered)?;
        let is_duplicate = matches!(entry.fact, Fact::DuplicateFound | Fact::DuplicateReturned);
        let figure = match entry.mechanism {
            Mechanism::Automatic if is_duplicate => Figure::Duplicates,
            Mechanism::Automatic => Figure::Undone,
            _ => Figure::RecordedOnly,
        };
        let mut row = Self::new(RowKind::Movement, &entry.account, Some(entry.currency));
        row.add(Figure::Taken, changes.paid)?;
        row.add(Figure::GivenBack, given_back)?;
        row.add(figure, beside)?;
        row.add(Figure::AtGateway, changes.gateway)?;
        row.add(Figure::CustomerFees, changes.fees)?;
        row.add(Figure::Moved, changes.gateway.checked_add(changes.fees)?)?;
        row.reference.clone_from(&entry.reference);
        row.entry = Some(entry.clone());
        (!row.amounts.is_empty()).then_some(row)
    }

    /// Adds to a figure; none if the sum is beyond 64 bits.
    pub(super) fn add(&mut self, figure: Figure, amount: SignedAmount) -> Option<()> {
        let sum = self.amount(figure).checked_add(amount)?;
        if sum.is_zero() {
            self.amounts.remove(&figure);
        } else {
            self.amounts.insert(figure, sum);
        }
        Some(())
    }

    /// The fact of a movement.
    pub fn movement(&self) -> Option<&Entry> {
        self.entry.as_ref().filter(|_| self.kind == RowKind::Movement)
    }

    /// Its position among all rows. It begins with a day, as every position does that a cursor can
    /// name.
    pub fn position(&self) -> String {
        let day = self.deposit.as_ref().map(|deposit| deposit.day.to_string()).unwrap_or_default();
        let id = self.deposit.as_ref().map(|deposit| deposit.id.as_str()).unwrap_or_default();
        let code = self.currency.map(Currency::code).unwrap_or_default();
        let reference = self.reference.as_deref().unwrap_or_default();
        let of_deposit = || format!("{day}#{}#{id}#{reference}#{}#{code}", self.account, self.line);
        self.movement().map_or_else(of_deposit, Entry::sort)
    }

    /// Its part of a figure.
    pub fn amount(&self, figure: Figure) -> SignedAmount {
        self.amounts.get(&figure).copied().unwrap_or_default()
    }
}
