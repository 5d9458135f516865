//! A deposit: money that reaches the merchant's bank account in one sum, and its components.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};

use crate::{
    order::LineId,
    settlement::{PackKey, UnreadableRow},
    values::{Amount, Currency, SignedAmount},
    words,
};

words! {
    /// A component of a deposit, with its sign. Components add up to the deposit.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Component {
        /// Payments less refunds: the sum of the deposit's lines.
        NetSales => "net_sales",
        /// Money that a third party takes or gives.
        ThirdParty => "third_party",
        /// Adjustments by the processor.
        Adjustment => "adjustment",
        /// Interchange, where it is taken daily.
        Interchange => "interchange",
        /// Charges for the service.
        ServiceCharge => "service_charge",
        Fee => "fee",
        /// Chargebacks that were won, and other reversals.
        Reversal => "reversal",
        /// Money without details from the processor.
        Other => "other",
    }
}

/// A deposit, as the gateway reports it. A negative one takes money, which is usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deposit {
    /// The gateway's id of the deposit.
    pub id: String,
    /// The gateway account (MID).
    pub account: String,
    /// Its day, Eastern: the last one that it was reported under.
    pub day: Date,
    /// None if the record states none.
    pub currency: Option<Currency>,
    /// The components, each at most once, with their signs; those that are zero are left out.
    pub components: Vec<(Component, SignedAmount)>,
    /// The amount that arrives, as stated, with its sign.
    pub total: SignedAmount,
    /// The number by which the bank's statement names it; of several, each, as in `a, b`.
    pub trace_number: Option<String>,
    /// How many lines it has, and their sum.
    pub lines: (u64, SignedAmount),
    /// Those of payments and refunds that the journal does not know, and their sum.
    pub others: (u64, SignedAmount),
    /// The sum of the lines of refunds: zero or less.
    pub refunds: SignedAmount,
    /// Where these lines are kept.
    pub packs: BTreeSet<PackKey>,
    /// Adjustments, as stated.
    pub adjustments: Vec<Adjustment>,
    /// Chargebacks that are reported with it.
    pub chargebacks: Vec<Chargeback>,
    /// Its rows that cannot be read.
    pub unreadable: Vec<UnreadableRow>,
    /// Chargebacks and adjustments that its report does not list any more, until orders match.
    pub taken_back: TakenBack,
    /// When the gateway changed it last, as stated.
    pub changed_on: Option<Date>,
    /// When it was read first.
    pub read_at: Timestamp,
    /// The changes that each reading found, the oldest first: together, the components. Code that
    /// reads a report leaves them to [`merge_deposit`](super::merge_deposit).
    pub changes: Vec<DepositChange>,
    /// How many changes the journal has.
    pub journaled: usize,
}

/// The key of a merchant's deposit: two accounts can have deposits of the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DepositKey<'a> {
    /// The gateway account (MID).
    pub(crate) account: &'a str,
    /// The gateway's id of the deposit.
    pub(crate) id: &'a str,
}

/// Chargebacks and adjustments that a deposit does not list any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    pub chargebacks: Vec<Chargeback>,
    pub adjustments: Vec<Adjustment>,
}

impl TakenBack {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.chargebacks.is_empty() && self.adjustments.is_empty()
    }
}

/// The change of a deposit that a reading found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositChange {
    /// When it was read.
    pub at: Timestamp,
    /// None if the record states none.
    pub currency: Option<Currency>,
    /// By how much the components differ from before; none by zero.
    pub components: Vec<(Component, SignedAmount)>,
}

impl Deposit {
    pub(crate) fn key(&self) -> DepositKey<'_> {
        DepositKey { account: &self.account, id: &self.id }
    }

    /// Whether the bank's statement names it by this number, in any case.
    pub fn has_trace_number(&self, number: &str) -> bool {
        let all = self.trace_number.iter().flat_map(|all| all.split(','));
        all.map(str::trim).any(|one| one.eq_ignore_ascii_case(number.trim()))
    }

    /// A component with its sign; zero if it has none.
    pub fn component(&self, wanted: Component) -> SignedAmount {
        let found = self.components.iter().find(|(component, _)| *component == wanted);
        found.map_or(SignedAmount::ZERO, |(_, amount)| *amount)
    }

    /// Whether no part of the deposit is reported any more. Its entries in the journal add up to
    /// nothing then.
    pub fn is_withdrawn(&self) -> bool {
        let is_empty =
            self.adjustments.is_empty() && self.chargebacks.is_empty() && self.unreadable.is_empty();
        is_empty && self.components.is_empty() && self.lines.0 == 0 && self.total.is_zero()
    }

    /// A deposit of which no sum is reported, or nothing any more.
    pub fn without_sum(id: String, account: &str, day: Date, read_at: Timestamp) -> Self {
        Self { id, account: account.to_owned(), day, read_at, ..Self::default() }
    }
}

/// Something that is added to a deposit or taken off, beside its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    pub id: LineId,
    /// The component that it is part of; none if the category is unknown.
    pub component: Option<Component>,
    /// The category as it was stated.
    pub category: String,
    /// The description, in the processor's words.
    pub description: String,
    /// With its sign.
    pub amount: SignedAmount,
    /// The case, if it is about a chargeback.
    pub case: Option<String>,
    /// The day it was added.
    pub day: Option<Date>,
    /// When the gateway changed it last, as stated.
    pub changed_on: Option<Date>,
}

/// A chargeback: the card's issuer takes all or part of a payment's money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chargeback {
    pub id: LineId,
    /// The case; several chargebacks can have the same one.
    pub case: String,
    /// Its number within the case, if it is stated.
    pub sequence: Option<u32>,
    /// The deposit that it is reported with.
    pub deposit: String,
    /// The gateway's reference of the payment, if it is stated.
    pub reference: Option<String>,
    /// The disputed amount.
    pub amount: Amount,
    /// The whole amount of the payment, as stated.
    pub transaction_amount: Option<SignedAmount>,
    /// None if the record states none.
    pub currency: Option<Currency>,
    /// The day of the chargeback.
    pub on: Date,
    /// The card scheme's code of the reason.
    pub reason_code: String,
    /// The same in words.
    pub reason: String,
    /// The acquirer's reference number (ARN), by which issuers know the payment.
    pub acquirer_reference: Option<String>,
    /// The authorization code, as stated.
    pub authcode: Option<String>,
    /// When the gateway changed it last, as stated.
    pub changed_on: Option<Date>,
}
