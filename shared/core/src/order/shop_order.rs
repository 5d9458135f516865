//! An order as the shop has it that it was placed in: the shop decides what is owed, and each of
//! its answers holds for one decision.
//!
//! The most that may be taken is the smaller of two: the shop's total less everything that the
//! order's own payments commit, and the amount that the shop says is owing less the commitments
//! that the shop does not know of yet.

use jiff::Timestamp;

use super::{Intent, Order, Rejection};
use crate::{
    order::{Action, OrdersMode, Transaction},
    values::{Amount, Currency},
};

/// An order as its shop has it at one moment. Amounts are in minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopOrder {
    /// The currency of all its amounts.
    pub currency: Currency,
    /// The order's total, which never changes there.
    pub total: Amount,
    /// The part of the total that is neither paid nor authorized, as far as the shop knows.
    pub owing: Amount,
    /// The part that is paid or authorized there, by whomever.
    pub settled: Amount,
    /// Whether the shop takes payments for it.
    pub standing: ShopStanding,
    /// Whether the shop's word says that everything was refunded.
    pub is_refunded: bool,
    /// When the shop was asked.
    pub read_at: Timestamp,
}

/// Whether a shop takes payments for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShopStanding {
    /// Something is owing, or may be.
    Open,
    /// All of it is paid, authorized or refunded.
    Settled,
    /// It was imported as paid, without a transaction that says by whom.
    Imported,
    /// It was canceled.
    Cancelled,
}

impl Intent {
    /// Whether it would take more of an order, about which the shop has to be asked. `stored` is
    /// the order as it is on record. A payment that is an order of its own is in no shop.
    pub(crate) fn is_owed_at_shop(&self, orders: OrdersMode, stored: Option<&Order>) -> bool {
        orders == OrdersMode::ElasticPath
            && match &self.action {
                Action::Pay(pay) => pay.standalone.is_none(),
                Action::Reauthorize(_) => stored.is_some_and(|order| !order.is_standalone()),
                Action::Capture { .. }
                | Action::CaptureDue { .. }
                | Action::VoidCancelled
                | Action::VoidLapsed
                | Action::Refund { .. }
                | Action::Void { .. } => false,
            }
    }
}

impl ShopOrder {
    /// The most that the shop lets a payment of this order take, or why none. `wanted` is the
    /// payment's own amount; without one it wants all that is owing.
    ///
    /// The order has to be the one that was on record before the shop was asked. Payments that the
    /// answer may lack are subtracted from it. A payment that would fit without them waits: to
    /// charge it a part would be a guess.
    pub(super) fn most_of(&self, order: &Order, wanted: Option<Amount>) -> Result<Amount, Rejection> {
        match self.standing {
            ShopStanding::Open => {}
            ShopStanding::Settled => return Err(Rejection::PaidAtShop),
            ShopStanding::Imported => return Err(Rejection::ImportedAsPaid),
            ShopStanding::Cancelled => return Err(Rejection::OrderCancelled),
        }
        let unshown: Vec<&Transaction> = order.unshown_by(self).collect();
        let lacking = Amount::sum(unshown.iter().map(|one| one.in_effect()));
        let left = self.owing.checked_sub(lacking).unwrap_or(Amount::ZERO);
        let fits = wanted.is_some_and(|wanted| wanted <= left);
        match unshown.last() {
            Some(payment) if !fits && wanted.is_none_or(|wanted| wanted <= self.owing) => {
                Err(Rejection::RecordingPending(payment.id))
            }
            _ if self.owing.is_zero() => Err(Rejection::PaidAtShop),
            _ => Ok(left),
        }
    }
}
