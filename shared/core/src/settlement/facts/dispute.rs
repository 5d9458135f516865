//! A chargeback or a reversal as a deposit states it, in the words of orders.

use uuid::Uuid;

use super::deposit::{Adjustment, Chargeback, Component};
use crate::{
    order::{Dispute, DisputeKind, DisputeReport, OrderKey},
    payments::Merchant,
    values::Currency,
};

/// A chargeback or a reversal, and the texts by which its order is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDispute {
    /// The gateway account (MID) of the deposit.
    pub account: String,
    /// The gateway's reference of the payment; a reversal has none, only its case.
    pub reference: Option<String>,
    /// The currency, if it is stated.
    pub currency: Option<Currency>,
    pub dispute: Dispute,
    /// Whether the line's record is not reported any more, so that this counts in its place.
    pub is_current: bool,
}

impl FoundDispute {
    /// A chargeback as a deposit states it. None if its amount cannot be one, or it does not name
    /// the payment: that is for a person.
    pub fn chargeback(account: &str, chargeback: &Chargeback) -> Option<Self> {
        let dispute = Dispute {
            kind: DisputeKind::Chargeback,
            line: chargeback.id.clone(),
            case: chargeback.case.clone(),
            number: chargeback.sequence.map(|number| number.to_string()),
            amount: Some(chargeback.amount).filter(|amount| !amount.is_zero())?,
            day: Some(chargeback.on),
            reason_code: stated(&chargeback.reason_code),
            reason: stated(&chargeback.reason),
            acquirer_reference: chargeback.acquirer_reference.clone(),
            deposit: stated(&chargeback.deposit),
            changed_on: chargeback.changed_on,
        };
        let (reference, dispute) = (Some(chargeback.reference.clone()?), dispute.cleaned());
        let currency = chargeback.currency;
        Some(Self { account: account.to_owned(), reference, currency, dispute, is_current: false })
    }

    /// A chargeback's reversal as a deposit states it: an adjustment of that category with a case,
    /// which gives money. One that takes money is how some processors collect the chargeback
    /// itself.
    pub fn reversal(account: &str, deposit: &str, adjustment: &Adjustment) -> Option<Self> {
        let case = adjustment.case.clone()?;
        let is_reversal = adjustment.component == Some(Component::Reversal);
        let dispute = Dispute {
            kind: DisputeKind::Reversal,
            line: adjustment.id.clone(),
            case,
            number: None,
            amount: adjustment.amount.amount().filter(|amount| is_reversal && !amount.is_zero())?,
            day: adjustment.day,
            reason_code: None,
            reason: stated(&adjustment.description),
            acquirer_reference: None,
            deposit: stated(deposit),
            changed_on: adjustment.changed_on,
        };
        Some(Self {
            account: account.to_owned(),
            reference: None,
            currency: None,
            dispute: dispute.cleaned(),
            is_current: false,
        })
    }
}

impl FoundDispute {
    /// The report of the dispute to an order of the merchant.
    pub(crate) fn report(self, merchant: &Merchant) -> DisputeReport {
        DisputeReport {
            reference: self.reference,
            accounts: merchant.gateway.accounts_for(&self.account),
            currency: self.currency,
            dispute: self.dispute,
            is_current: self.is_current,
        }
    }
}

fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The payment that a chargeback is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputedPayment {
    pub order: OrderKey,
    pub transaction: Uuid,
    pub currency: Currency,
}
