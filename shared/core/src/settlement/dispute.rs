//! From what a deposit says of a chargeback to the order that was paid.

use super::{Adjustment, Chargeback, Component};
use crate::{
    journal::{EntryLog, EntryPlace, EntryQuery, read_entries},
    order::{
        Dispute, DisputeKind, DisputeRecorded, DisputeRejection, DisputeReport, MerchantId, Order, OrderKey,
    },
    payments::{Merchant, NotRecorded, OrderStore, Refusal, StoreError, record_dispute},
    values::{Amount, Clock, Currency, ReadOrder},
};

/// Entries of one reference or case that are looked at. A payment has a few, and more only if many orders share it.
const ENTRIES_MAX: usize = 100;

/// A chargeback or a reversal, and by what its order is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDispute {
    /// The gateway account (MID) of the deposit.
    pub account: String,
    /// The gateway's reference of the payment; a reversal has none, only its case.
    pub reference: Option<String>,
    /// The currency, if it is stated.
    pub currency: Option<Currency>,
    /// What happened.
    pub dispute: Dispute,
    /// Whether what is on record of the line is not reported any more, so that this counts in its place.
    pub is_current: bool,
}

impl FoundDispute {
    /// What a deposit says of a chargeback. None if its amount cannot be one, or it does not name the payment: that is for a
    /// person.
    pub fn chargeback(account: &str, chargeback: &Chargeback) -> Option<Self> {
        let dispute = Dispute {
            kind: DisputeKind::Chargeback,
            line: chargeback.id.clone(),
            case: chargeback.case.clone(),
            number: chargeback.sequence.map(|number| number.to_string()),
            amount: amount(chargeback.amount)?,
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

    /// What a deposit says of a chargeback's reversal: an adjustment of that category with a case, which gives money. One that
    /// takes it is how some processors collect the chargeback itself.
    pub fn reversal(account: &str, deposit: &str, adjustment: &Adjustment) -> Option<Self> {
        let case = adjustment.case.clone()?;
        let is_reversal = adjustment.component == Some(Component::Reversal);
        let dispute = Dispute {
            kind: DisputeKind::Reversal,
            line: adjustment.id.clone(),
            case,
            number: None,
            amount: amount(adjustment.amount).filter(|_| is_reversal)?,
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
    /// The report of it to an order of the merchant.
    pub(super) fn report(self, merchant: &Merchant) -> DisputeReport {
        DisputeReport {
            reference: self.reference,
            accounts: merchant.gateway.accounts_for(&self.account),
            currency: self.currency,
            dispute: self.dispute,
            is_current: self.is_current,
        }
    }
}

/// More than nothing.
fn amount(minor: i64) -> Option<Amount> {
    u64::try_from(minor).ok().and_then(|minor| Amount::new(minor).ok()).filter(|amount| !amount.is_zero())
}

fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What putting on record needs.
pub struct DisputeRecorder<'a> {
    /// Finds the order of a reference or a case.
    pub log: &'a dyn EntryLog,
    /// Has the orders.
    pub store: &'a dyn OrderStore,
    /// When it is put on record.
    pub clock: &'a dyn Clock,
}

impl DisputeRecorder<'_> {
    /// Puts a chargeback or a reversal on record, and returns the order that has it now. May be repeated.
    pub async fn record(
        &self,
        merchant: &Merchant,
        found: &FoundDispute,
    ) -> Result<(DisputeRecorded, Order), NotRecorded> {
        let name = found.reference.as_ref().unwrap_or(&found.dispute.case);
        let report = found.clone().report(merchant);
        let is_reversal = found.dispute.kind == DisputeKind::Reversal;
        let mut rejected =
            if is_reversal { DisputeRejection::UnknownChargeback } else { DisputeRejection::NoSuchPayment };
        let keys = self.orders_of(&merchant.id, name).await.map_err(Refusal::Store)?;
        for key in keys {
            match record_dispute(self.store, self.clock, &key, &report).await {
                Ok(recorded) => return Ok(recorded),
                Err(NotRecorded::Rejected(DisputeRejection::NoSuchPayment)) => {}
                // Another order may be the right one.
                Err(NotRecorded::Rejected(why)) => rejected = why,
                Err(refused) => return Err(refused),
            }
        }
        Err(rejected.into())
    }

    /// The orders that have an entry with this reference.
    async fn orders_of(&self, merchant: &MerchantId, reference: &str) -> Result<Vec<OrderKey>, StoreError> {
        let places = [EntryPlace::Reference(reference.to_owned())];
        let query =
            EntryQuery { merchant, between: ("", "~"), order: ReadOrder::OldestFirst, limit: ENTRIES_MAX };
        let page = read_entries(self.log, &places, &query).await?;
        let mut keys = Vec::new();
        for entry in page.entries.into_iter().filter_map(|(_, entry)| entry.ok()) {
            if !keys.contains(&entry.order) {
                keys.push(entry.order);
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
