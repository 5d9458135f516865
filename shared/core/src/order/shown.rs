//! The comparison of an order in its shop with the steps that the shop was told.
//!
//! Every reading is compared here, whatever it was made for. The most that the shop has shown of a
//! payment is on record, and only grows: a reading that is late takes nothing back, and an act here
//! ends a difference. No money is moved by it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Kind, Order, PaymentKind, Recording, ShopOrder, ShopStanding, Telling, Told, Transaction,
    recording::SHOWN_AFTER,
};
use crate::values::Amount;

/// A shop's answers about an order, read for one reason or another.
#[derive(Clone, Copy, Debug)]
pub struct ShopReading<'a> {
    /// The order itself, where it was read.
    pub order: Option<&'a ShopOrder>,
    /// All its transactions, of whatever gateway, where they were read.
    pub rows: Option<&'a [ShopTransaction]>,
}

/// A transaction of an order as its shop lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopTransaction {
    pub id: String,
    /// Whether it is of the gateway that Tollgate records by.
    pub is_manual: bool,
    /// The reference that was sent with it.
    pub reference: Option<String>,
    pub amount: Amount,
    /// The part that was given back.
    pub refunded: Amount,
    /// The shop's type of it; none where that is not known.
    pub step: Option<Kind>,
    pub status: RowStatus,
    /// Whether it was changed after it was made: then it is a payment of its own.
    pub is_changed: bool,
}

/// How far a shop's transaction counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStatus {
    /// Nothing was paid yet.
    Pending,
    Complete,
    /// It counts no longer.
    Cancelled,
    /// It never counted.
    Failed,
}

impl ShopTransaction {
    /// Whether it has the reference of a payment, which anyone can state.
    fn has_reference_of(&self, payment: &Transaction) -> bool {
        self.reference.as_deref() == Some(payment.id.to_string().as_str())
    }

    /// Whether it shows a payment as it began, or one of which nothing is known to have followed.
    pub(super) fn is_beginning(&self) -> bool {
        self.step.is_some_and(Kind::is_payment)
    }

    /// Whether it may be the further row of another one's later step.
    pub(super) fn is_later_step(&self) -> bool {
        matches!(self.step, Some(Kind::Capture | Kind::Refund)) && !self.is_changed
    }

    /// Whether it counts, or did, and may be of a payment that Tollgate recorded.
    fn may_be_own(&self) -> bool {
        self.is_manual && self.status != RowStatus::Failed
    }

    /// The part of the payment in this row that counts no longer.
    pub(super) fn given_back(&self) -> Amount {
        let is_over = self.step == Some(Kind::Refund) || self.status == RowStatus::Cancelled;
        if is_over { self.amount } else { self.refunded }
    }

    /// Whether the payment in this row was given back.
    pub(super) fn is_over(&self) -> bool {
        self.given_back() >= self.amount && !self.amount.is_zero()
    }
}

/// A payment as its shop shows it.
struct ShownPayment {
    /// The id of the row that begins it.
    id: String,
    step: Kind,
    /// The sum that was given back.
    refunded: Amount,
    /// Whether another row begins it, too.
    is_twice: bool,
}

/// The rows of one payment. A shop has one that changes, or a further one for each step.
struct PaymentRows<'a> {
    first: &'a ShopTransaction,
    later: Vec<&'a ShopTransaction>,
}

impl Transaction {
    /// Whether a row may begin this payment: by its reference, method and amount.
    fn may_begin_with(&self, row: &ShopTransaction) -> bool {
        let is_step = match row.step {
            Some(Kind::Capture) => self.kind == PaymentKind::Authorize,
            Some(Kind::Refund) => true,
            step => step == Some(self.kind.operation()),
        };
        row.may_be_own() && is_step && row.amount == self.amount() && row.has_reference_of(self)
    }

    /// Whether the shop has the payment, or a request was sent that it may have carried out.
    fn may_be_there(&self) -> bool {
        let is_sent = self.telling().is_some_and(|one| one.step.is_payment() && one.state.was_sent());
        self.told().is_some() || is_sent
    }

    /// Rows that begin this payment, if the shop was sent it.
    fn beginnings<'a>(&self, rows: &'a [ShopTransaction]) -> impl Iterator<Item = &'a ShopTransaction> {
        let may_be_there = self.may_be_there();
        rows.iter().filter(move |row| may_be_there && row.is_beginning() && self.may_begin_with(row))
    }

    /// The rows of this payment. Anyone can state its reference, so one row begins it, and only
    /// where a request was sent.
    fn own_rows<'a>(&self, rows: &'a [ShopTransaction]) -> Option<PaymentRows<'a>> {
        if !self.may_be_there() {
            return None;
        }
        let first = if let Some(told) = self.told() {
            rows.iter().find(|row| row.id == told.id)
        } else {
            let any = || rows.iter().find(|row| self.may_begin_with(row));
            self.beginnings(rows).next().or_else(any)
        }?;
        // A capture may lose the reference. Then it is of the only payment that there is.
        let is_only = rows.iter().filter(|row| row.is_manual && row.is_beginning()).count() == 1;
        // A row that has changed has no further ones.
        let is_later = |row: &&ShopTransaction| {
            let is_own = row.has_reference_of(self) || (is_only && row.reference.is_none());
            let is_further = row.id != first.id && row.is_later_step() && row.may_be_own();
            first.is_beginning() && is_further && is_own
        };
        Some(PaymentRows { first, later: rows.iter().filter(is_later).collect() })
    }

    /// The payment as the shop's rows show it.
    fn shown_by_rows(&self, rows: &[ShopTransaction]) -> Option<ShownPayment> {
        let PaymentRows { first, later } = self.own_rows(rows)?;
        let further = later.iter().filter(|row| row.step == Some(Kind::Refund)).map(|row| row.amount);
        let refunded = first.given_back().max(Amount::sum(further));
        let is_capture = |row: &&ShopTransaction| row.step == Some(Kind::Capture);
        let is_captured = is_capture(&first) || later.iter().any(is_capture);
        let step = match self.kind {
            _ if refunded >= self.amount() => Kind::Refund,
            PaymentKind::Authorize if is_captured => Kind::Capture,
            kind => kind.operation(),
        };
        let is_twice = self.beginnings(rows).nth(1).is_some();
        Some(ShownPayment { id: first.id.clone(), step, refunded, is_twice })
    }

    /// The least that was given back in the shop, by the sums of the order: no more of the payment
    /// can be left than of all payments. Some shops subtract refunds there, and others do not.
    fn shown_by_sums(&self, order: &ShopOrder) -> Option<ShownPayment> {
        let told = self.told().filter(|told| matches!(told.step, Kind::Capture | Kind::Purchase))?;
        if order.read_at.duration_since(told.at) < SHOWN_AFTER {
            return None;
        }
        let left = if order.is_refunded { Amount::ZERO } else { order.settled };
        let refunded = self.amount().checked_sub(left)?;
        let step = if refunded >= self.amount() { Kind::Refund } else { told.step };
        Some(ShownPayment { id: told.id.clone(), step, refunded, is_twice: false })
    }

    /// The ids of rows that are this payment's.
    fn own_ids<'a>(&self, rows: &'a [ShopTransaction]) -> Vec<&'a str> {
        let Some(PaymentRows { first, later }) = self.own_rows(rows) else { return Vec::new() };
        // A request that was repeated may be there twice. No other row with the reference is ours.
        let may_be_twice = self.told().is_none_or(|told| told.is_twice || told.look_at.is_some());
        let again = self.beginnings(rows).filter(|_| may_be_twice);
        again.chain([first]).chain(later).map(|row| row.id.as_str()).collect()
    }

    /// Whether the shop has the payment once more, beside the one that is known.
    pub(super) fn has_duplicate(&self, known: &str, rows: &[ShopTransaction]) -> bool {
        self.beginnings(rows).any(|row| row.id != known && !row.is_over())
    }

    /// Whether the shop has a row of its own for each step: it shows the payment as it began,
    /// although a later step is on record there.
    fn has_rows_of_steps(&self, rows: &[ShopTransaction]) -> bool {
        self.told().is_some_and(|told| {
            let has_more = !told.step.is_payment() || !told.refunded.is_zero();
            has_more && rows.iter().any(|row| row.id == told.id && row.is_beginning())
        })
    }
}

impl ShownPayment {
    /// Whether a step that was sent is there.
    fn has(&self, telling: &Telling) -> bool {
        match (telling.step, telling.refunded) {
            (Kind::Capture, _) => matches!(self.step, Kind::Capture | Kind::Refund),
            (Kind::Refund, Some(refunded)) => self.refunded >= refunded,
            (Kind::Refund, None) => self.step == Kind::Refund,
            (step, _) => step.is_payment(),
        }
    }

    /// Whether this is more than the shop is known to have.
    fn is_beyond(&self, told: &Told) -> bool {
        match told.step {
            // Nothing follows.
            Kind::Refund => false,
            // The order was canceled there, and the hold that was in it captured.
            Kind::Void => self.step == Kind::Capture,
            Kind::Capture => self.step == Kind::Refund || self.refunded > told.refunded,
            _ => self.step != told.step || self.refunded > told.refunded,
        }
    }
}

impl Recording {
    fn show(&mut self, shown: &ShownPayment, now: Timestamp) {
        if self.attempt.as_ref().is_some_and(|telling| shown.has(telling)) {
            let is_first = self.told.is_none();
            self.record(shown.id.clone(), now);
            if let Some(told) = self.told.as_mut().filter(|_| is_first && shown.is_twice) {
                (told.is_twice, told.look_at) = (true, None);
            }
        }
        let Some(told) = self.told.as_mut().filter(|told| shown.is_beyond(told)) else { return };
        (told.step, told.shown_at) = (shown.step, Some(now));
        told.refunded = told.refunded.max(shown.refunded);
    }
}

impl Order {
    /// Compares a reading of the order in its shop with what is on record. Whether something came
    /// on record.
    pub fn compare(&mut self, reading: &ShopReading<'_>, now: Timestamp) -> bool {
        let before = self.clone();
        let is_cancelled = reading.order.is_some_and(|order| order.standing == ShopStanding::Cancelled);
        if is_cancelled {
            self.cancel_at_shop(now);
        }
        for payment in &mut self.transactions {
            let by_rows = reading.rows.and_then(|rows| payment.shown_by_rows(rows));
            let by_sums = reading.order.and_then(|order| payment.shown_by_sums(order));
            let Some(recording) = &mut payment.recording else { continue };
            let is_sent = recording.attempt.as_ref().is_some_and(|telling| telling.step == Kind::Void);
            if let Some(told) = recording.told.as_ref().filter(|_| is_cancelled && is_sent) {
                recording.record(told.id.clone(), now);
            }
            for shown in [by_rows, by_sums].into_iter().flatten() {
                recording.show(&shown, now);
            }
        }
        if let Some(rows) = reading.rows {
            self.note_others(rows, is_cancelled || self.cancelled_at.is_some(), now);
        }
        *self != before
    }

    /// The ids of the shop's rows that are the order's own.
    pub(super) fn own_ids<'a>(&self, rows: &'a [ShopTransaction]) -> BTreeSet<&'a str> {
        let of_shop = self.transactions.iter().filter(|one| one.is_of_shop());
        of_shop.flat_map(|one| one.own_ids(rows)).collect()
    }

    /// The shop's rows that count, or did, and are none of the order's own.
    pub(super) fn rows_of_others<'a>(&self, rows: &'a [ShopTransaction]) -> Vec<&'a ShopTransaction> {
        let own = self.own_ids(rows);
        let has_steps = self.transactions.iter().any(|one| one.has_rows_of_steps(rows));
        let is_other = |row: &&ShopTransaction| {
            // The row of a step may have lost its reference.
            let is_step = row.is_manual && has_steps && row.is_later_step();
            row.status != RowStatus::Failed && !own.contains(row.id.as_str()) && !is_step
        };
        rows.iter().filter(is_other).collect()
    }
}
