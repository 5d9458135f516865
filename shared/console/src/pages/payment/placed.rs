//! A payment as the API describes it, and where its money is.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};
use tokio::time::timeout;
use tollgate_core::{
    journal::Concern,
    order::{NextAction, ShopDifference},
    values::{SignedAmount, Zone},
};
use tollgate_wire::{
    MerchantMeta, Operation, Possible, PossibleAction, Single, Transaction, TransactionSettlement,
};

use super::possible::Act;
use crate::{
    api::{address, segment},
    frame::Frame,
    pages::{Visit, problem::Problem},
    words::{self, Tone, said, sentences},
};

/// How long the settlement is waited for: a payment can be seen and refunded without it.
const SETTLEMENT_LIMIT: Duration = Duration::from_secs(3);

/// The word in the place of an operation, in the address of an outcome at Elastic Path.
pub(super) const ELASTIC_PATH: &str = "elastic-path";

/// A payment as the merchant's people see it.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) transaction: Transaction,
    pub(crate) meta: MerchantMeta,
}

/// None without the merchant's members, from which its pages are made.
impl<'de> Deserialize<'de> for Payment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut transaction = Transaction::deserialize(deserializer)?;
        let meta = transaction.meta.for_merchant.take();
        let meta = *meta.ok_or_else(|| D::Error::custom("the merchant's members are not there"))?;
        Ok(Self { transaction, meta })
    }
}

/// A payment with its possible actions, and where its money is, if that can be read.
pub(super) struct Placed {
    pub(super) payment: Payment,
    pub(super) possible: Possible,
    pub(super) settlement: Option<TransactionSettlement>,
}

impl Placed {
    /// Two calls. Without the second one, pages state that the place of the money is not known.
    pub(super) async fn read(visit: &Visit<'_>, order: &str, transaction: &str) -> Result<Self, Problem> {
        let id = segment(transaction);
        let payment = format!("/v2/orders/{}/transactions/{id}", segment(order));
        let mut payment = visit.read::<Single<Payment>>(&payment).await?.data;
        let possible = payment.meta.possible.take().ok_or(Problem::Unreadable)?;
        let settlement = format!("/v2/transactions/{id}/settlement");
        let settlement = timeout(SETTLEMENT_LIMIT, visit.read::<Single<_>>(&settlement)).await;
        let settlement = settlement.ok().and_then(Result::ok).map(|settlement| settlement.data);
        Ok(Self { payment, possible, settlement })
    }

    /// The API's statement about an act.
    pub(super) const fn possible(&self, act: Act) -> &PossibleAction {
        match act {
            Act::Capture => &self.possible.capture,
            Act::Refund => &self.possible.refund,
            Act::Void => &self.possible.cancel,
        }
    }

    /// How far its money has come, if that can be read.
    pub(super) fn progress(&self) -> Option<String> {
        let settlement = self.settlement.as_ref()?;
        Some(words::settlement(settlement.state.as_ref(), settlement.settled_at, settlement.funded_at))
    }
}

/// The API's route for an operation on a payment.
pub(super) fn route(order: &str, transaction: &str, verb: &str) -> String {
    format!("/v2/orders/{}/transactions/{}/{verb}", segment(order), segment(transaction))
}

impl Payment {
    /// The code of its currency.
    pub(crate) fn currency(&self) -> &str {
        &self.transaction.currency.0
    }

    /// The approved amount, or the requested one.
    pub(crate) fn amount(&self) -> SignedAmount {
        self.transaction.amount.into()
    }

    pub(crate) fn captured(&self) -> SignedAmount {
        self.transaction.meta.display_captured_amount.amount.into()
    }

    /// The refunded amount, with a minus.
    pub(crate) fn refunded(&self) -> SignedAmount {
        SignedAmount::from(self.transaction.meta.display_refunded_amount.total.amount).taken_off()
    }

    /// When it was decided, or made.
    pub(crate) fn at(&self) -> Timestamp {
        self.meta.listed_at.unwrap_or(self.transaction.meta.created_at).0
    }

    /// An amount in its currency.
    pub(crate) fn money(&self, amount: impl Into<SignedAmount>) -> String {
        words::cell(amount, self.currency(), false)
    }

    /// The same where nothing is as good as none.
    pub(super) fn if_any(&self, amount: impl Into<SignedAmount>) -> String {
        words::if_any(amount, self.currency(), false)
    }

    /// The id of its order.
    pub(crate) fn order(&self) -> &str {
        &self.transaction.relationships.order.data.id
    }

    pub(super) fn id(&self) -> String {
        self.transaction.id.to_string()
    }

    /// The address of its page.
    pub(crate) fn address(&self, frame: &Frame) -> String {
        frame.payment(self.order(), &self.id())
    }

    /// The last operation of a payment that is so.
    pub(crate) fn last(&self, is: impl Fn(&Operation) -> bool) -> Option<&Operation> {
        self.meta.operations.iter().rev().find(|operation| is(operation))
    }

    /// The event behind a cause, in a sentence.
    pub(crate) fn happened(&self, concern: Concern, zone: &Zone) -> String {
        let operation = match concern {
            Concern::Disputed | Concern::DisputeUnclear => {
                let dispute = self.meta.disputes.iter().flatten().last();
                return dispute
                    .map(|one| sentences::dispute(one, &self.money(one.amount)))
                    .unwrap_or_default();
            }
            Concern::ForeignPayment => return sentences::PAID_BY_OTHERS.to_owned(),
            Concern::InDoubt => self.last(sentences::is_pending),
            Concern::RefundHeldBack => self.last(sentences::is_held_back),
            Concern::SettlementRejected => self.last(sentences::is_refused_at_settlement),
            _ => self.last(|_| true),
        };
        operation.map(|one| sentences::operation(one, &self.money(one.amount), zone)).unwrap_or_default()
    }

    /// The operation whose outcome is not known; else the refund that waits for a dispute.
    pub(crate) fn in_doubt(&self) -> Option<&Operation> {
        let all = || self.meta.operations.iter();
        all()
            .find(|one| sentences::is_pending(one))
            .or_else(|| all().find(|one| sentences::is_held_back(one)))
    }

    /// Where to ask the gateway about an operation in doubt, if there is one and the reader may.
    pub(crate) fn confirm(&self, frame: &Frame) -> Option<String> {
        let is_possible = self.is_next(NextAction::Confirm) && frame.may_pay();
        let operation = self.in_doubt().map(|one| one.id.to_string()).unwrap_or_default();
        let form = format!("{}/confirm", self.address(frame));
        is_possible.then(|| address(&form, &[("operation", &operation)]))
    }

    /// Where to record it again in Elastic Path, if that can help and the reader may.
    pub(crate) fn record_again(&self, frame: &Frame) -> Option<String> {
        let is_possible = self.meta.elastic_path.as_ref().is_some_and(|there| there.again) && frame.may_pay();
        let form = format!("{}/confirm", self.address(frame));
        is_possible.then(|| address(&form, &[("operation", ELASTIC_PATH)]))
    }

    /// Whether its order was canceled in Elastic Path, and money of it is held or taken.
    pub(crate) fn is_of_cancelled_order(&self) -> bool {
        let reason = self.meta.elastic_path.as_ref().and_then(|there| there.reason.as_ref());
        reason.is_some_and(|reason| *reason == ShopDifference::OrderCancelled)
    }

    /// The address of the form of an act.
    pub(crate) fn form(&self, act: Act, frame: &Frame) -> String {
        format!("{}/{}", self.address(frame), act.name())
    }

    /// `Visa 1443`.
    pub(crate) fn card(&self) -> String {
        words::card(&self.transaction.payment_details.card)
    }

    /// Its state in words.
    pub(crate) fn state(&self) -> (String, Tone) {
        let failure = self.transaction.failure_details.as_ref();
        words::state_with_reason(&self.transaction.meta.state, failure.map(|failure| &*failure.code))
    }

    /// Order, card and reference, as people quote them.
    pub(super) fn known_by(&self) -> String {
        let retref = said(&*self.transaction.reference);
        let retref = if retref.is_empty() { retref } else { format!("retref {retref}") };
        words::joined([said(self.order()), self.card(), retref], " · ")
    }

    /// Whether the API advises an action.
    pub(crate) fn is_next(&self, action: NextAction) -> bool {
        self.transaction.next_actions.iter().any(|next| *next == action)
    }
}
