//! Orders and their payments: amounts, words and rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::settings::{
    CancelFreesAuthorized, MixedPaymentWord, PaidAfterRefund, PaymentAfterFullRefund, Rows, Settings,
};

/// Declares enumerations with the vendor's words, which are the variants in lower case.
macro_rules! vendor_words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident: $meaning:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[doc = $meaning] $variant,)+ }
    )+};
}

vendor_words! {
    /// An order's `status`.
    OrderStatus {
        Incomplete: "Not covered by payments.",
        Processing: "Covered, at least partly by authorizations.",
        Complete: "Covered by captured payments.",
        Cancelled: "Canceled.",
    }
    /// An order's `payment`.
    PaymentWord {
        Unpaid: "No complete payment.",
        PartiallyAuthorized: "Authorized below the total.",
        PartiallyPaid: "Paid below the total.",
        Authorized: "Covered, at least partly by authorizations.",
        Paid: "Covered by captured payments.",
        Refunded: "Everything was refunded.",
    }
    /// The `transaction_type` of a row.
    TransactionType {
        Purchase: "Authorized and captured at once.",
        Authorize: "Authorized.",
        Capture: "An authorization that was captured.",
        Refund: "Refunded in full, or the row of one refund.",
    }
    /// The `status` of a row.
    TransactionStatus {
        Pending: "Set up only.",
        Complete: "Done.",
        Cancelled: "Canceled: no longer counts.",
    }
}

/// A product and its quantity.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrderItem {
    /// The product.
    pub sku: String,
    /// The number of pieces.
    pub quantity: u32,
}

/// An order to add.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewOrder {
    /// Its id. Default: a new one.
    pub id: Option<String>,
    /// ISO 4217. Default `USD`.
    pub currency: String,
    /// Its total in the currency's smallest unit.
    pub total: u64,
    /// Its products.
    pub items: Vec<OrderItem>,
    /// Imported: the next two words hold until it has a transaction.
    pub is_manual: bool,
    /// `status` of an imported order.
    pub status: OrderStatus,
    /// `payment` of an imported order. The amounts fit it: all or half of the total.
    pub payment: PaymentWord,
    /// Its first payment is refused for lack of stock.
    pub insufficient_stock: bool,
}

impl Default for NewOrder {
    fn default() -> Self {
        let (status, payment) = (OrderStatus::Incomplete, PaymentWord::Unpaid);
        let (is_manual, insufficient_stock) = (false, false);
        let (id, currency, total, items) = (None, "USD".into(), 0, Vec::new());
        Self { id, currency, total, items, is_manual, status, payment, insufficient_stock }
    }
}

impl NewOrder {
    /// An unpaid order in USD.
    pub fn of(total: u64) -> Self {
        Self { total, ..Self::default() }
    }
}

/// An order as it is now, without the read lag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Its total.
    pub total: u64,
    /// Authorized and not captured, pending authorizations included.
    pub authorized: u64,
    /// Captured, before refunds, also where the settings show less.
    pub paid: u64,
    /// The sum of its refunds.
    pub refunded: u64,
    /// The balance by the settings; negative after an overpayment.
    pub balance: i64,
    /// `status`.
    pub status: OrderStatus,
    /// `payment`.
    pub payment: PaymentWord,
    /// Its rows, the oldest first.
    pub transactions: Vec<TransactionRow>,
}

/// A transaction as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransactionRow {
    /// Its id.
    pub id: String,
    /// Its type.
    pub transaction_type: TransactionType,
    /// Its status.
    pub status: TransactionStatus,
    /// The gateway's slug.
    pub gateway: String,
    /// `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `custom_reference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_reference: Option<String>,
    /// In the currency's smallest unit.
    pub amount: u64,
    /// The part that was refunded.
    pub refunded_amount: u64,
    /// `manual` or `automatic`, once captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_mechanism: Option<&'static str>,
    /// `manual` or `automatic`, once refunded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_mechanism: Option<&'static str>,
    /// The time of the payment, or of this row's operation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
}

/// A payment: the row that changes, and the row of each operation. An imported order's has none.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) row: TransactionRow,
    operations: Vec<TransactionRow>,
}

impl Payment {
    pub(crate) fn new(row: TransactionRow) -> Self {
        Self { operations: vec![row.clone()], row }
    }

    pub(crate) fn holds(&self) -> bool {
        self.row.transaction_type == TransactionType::Authorize
            && self.row.status != TransactionStatus::Cancelled
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.row.status == TransactionStatus::Complete
            && self.row.transaction_type != TransactionType::Authorize
    }

    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.operations.iter().any(|row| row.id == id)
    }

    pub(crate) fn rows(&self, rows: Rows) -> Vec<TransactionRow> {
        match rows {
            Rows::NewRow => self.operations.clone(),
            Rows::Mutated => self.operations.first().map(|_| self.row.clone()).into_iter().collect(),
        }
    }

    pub(crate) fn capture(&mut self, reference: Option<String>, mechanism: &'static str, now: Timestamp) {
        self.row.transaction_type = TransactionType::Capture;
        self.row.capture_mechanism = Some(mechanism);
        self.row.custom_reference = reference;
        self.row.updated_at = now;
        self.operations.push(TransactionRow { id: new_id(), created_at: now, ..self.row.clone() });
    }

    pub(crate) fn refund(&mut self, amount: u64, mechanism: &'static str, now: Timestamp) {
        self.row.refunded_amount = self.row.refunded_amount.saturating_add(amount);
        if self.row.refunded_amount >= self.row.amount {
            self.row.transaction_type = TransactionType::Refund;
        }
        self.row.refund_mechanism = Some(mechanism);
        self.row.updated_at = now;
        let transaction_type = TransactionType::Refund;
        let (row, id, created_at, refunded_amount) = (self.row.clone(), new_id(), now, amount);
        self.operations.push(TransactionRow {
            id,
            transaction_type,
            amount,
            refunded_amount,
            created_at,
            ..row
        });
    }

    pub(crate) fn cancel(&mut self) {
        self.row.status = TransactionStatus::Cancelled;
        for row in &mut self.operations {
            row.status = TransactionStatus::Cancelled;
        }
    }
}

/// One state of an order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) new: NewOrder,
    pub(crate) is_cancelled: bool,
    pub(crate) is_fulfilled: bool,
    pub(crate) number: String,
    pub(crate) external_ref: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) payments: Vec<Payment>,
}

impl Order {
    pub(crate) fn new(new: NewOrder, now: Timestamp) -> Self {
        let mut order = Self {
            id: new.id.clone().unwrap_or_else(new_id),
            is_cancelled: new.is_manual && new.status == OrderStatus::Cancelled,
            is_fulfilled: false,
            number: String::new(),
            external_ref: String::new(),
            created_at: now,
            updated_at: now,
            payments: Vec::new(),
            new,
        };
        order.payments.extend(order.imported_payment());
        order
    }

    /// The payment that the words of an imported order imply, which no list shows.
    fn imported_payment(&self) -> Option<Payment> {
        let total = self.new.total;
        let (transaction_type, amount) = match self.new.payment {
            PaymentWord::Unpaid => return None,
            PaymentWord::PartiallyAuthorized => (TransactionType::Authorize, total / 2),
            PaymentWord::Authorized => (TransactionType::Authorize, total),
            PaymentWord::PartiallyPaid => (TransactionType::Purchase, total / 2),
            PaymentWord::Paid => (TransactionType::Purchase, total),
            PaymentWord::Refunded => (TransactionType::Refund, total),
        };
        let mut row = self.row(transaction_type, amount, "imported");
        row.refunded_amount = if transaction_type == TransactionType::Refund { total } else { 0 };
        self.new.is_manual.then_some(Payment { row, operations: Vec::new() })
    }

    /// The first row of a payment.
    pub(crate) fn row(
        &self,
        transaction_type: TransactionType,
        amount: u64,
        gateway: &str,
    ) -> TransactionRow {
        TransactionRow {
            id: new_id(),
            transaction_type,
            status: TransactionStatus::Complete,
            gateway: gateway.into(),
            name: None,
            custom_reference: None,
            amount,
            refunded_amount: 0,
            capture_mechanism: (transaction_type != TransactionType::Authorize).then_some("automatic"),
            refund_mechanism: None,
            created_at: self.updated_at,
            updated_at: self.updated_at,
        }
    }

    fn sum(&self, counts: impl Fn(&Payment) -> bool, amount: impl Fn(&TransactionRow) -> u64) -> u64 {
        let payments = self.payments.iter().filter(|payment| counts(payment));
        payments.map(|payment| amount(&payment.row)).fold(0, u64::saturating_add)
    }

    pub(crate) fn snapshot(&self, settings: &Settings) -> Snapshot {
        let authorized = self.sum(Payment::holds, |row| row.amount);
        let paid = self.sum(Payment::is_taken, |row| row.amount);
        let refunded = self.sum(|_| true, |row| row.refunded_amount);
        let is_reopened = settings.paid_after_refund == PaidAfterRefund::NetReopened;
        let counted = if is_reopened { paid.saturating_sub(refunded) } else { paid };
        let balance = i128::from(self.new.total) - i128::from(authorized) - i128::from(counted);
        let transactions = self.rows(settings);
        let is_as_imported = self.new.is_manual && transactions.is_empty();
        let imported = (self.new.status, self.new.payment);
        let (status, payment) = if is_as_imported { imported } else { self.counted_words(settings) };
        Snapshot {
            total: self.new.total,
            authorized,
            paid,
            refunded,
            balance: i64::try_from(balance).unwrap_or(if balance < 0 { i64::MIN } else { i64::MAX }),
            status: if self.is_cancelled { OrderStatus::Cancelled } else { status },
            payment,
            transactions,
        }
    }

    fn counted_words(&self, settings: &Settings) -> (OrderStatus, PaymentWord) {
        let is_held =
            |payment: &Payment| payment.holds() && payment.row.status == TransactionStatus::Complete;
        let counts = |payment: &Payment| is_held(payment) || payment.is_taken();
        let is_covered = self.sum(counts, |row| row.amount) >= self.new.total;
        let has_held = self.payments.iter().any(is_held);
        let mut taken = self.payments.iter().filter(|payment| payment.is_taken()).peekable();
        let has_taken = taken.peek().is_some();
        let is_refunded = taken.all(|payment| payment.row.transaction_type == TransactionType::Refund);
        match (is_covered, has_held, has_taken) {
            (_, false, false) => (OrderStatus::Incomplete, PaymentWord::Unpaid),
            (_, false, true) if is_refunded => match settings.payment_after_full_refund {
                PaymentAfterFullRefund::Refunded => (OrderStatus::Complete, PaymentWord::Refunded),
                PaymentAfterFullRefund::Unpaid => (OrderStatus::Complete, PaymentWord::Unpaid),
            },
            (true, true, _) => (OrderStatus::Processing, PaymentWord::Authorized),
            (true, false, true) => (OrderStatus::Complete, PaymentWord::Paid),
            (false, true, true) if settings.mixed_payment_word == MixedPaymentWord::PartiallyPaid => {
                (OrderStatus::Incomplete, PaymentWord::PartiallyPaid)
            }
            (false, true, _) => (OrderStatus::Incomplete, PaymentWord::PartiallyAuthorized),
            (false, false, true) => (OrderStatus::Incomplete, PaymentWord::PartiallyPaid),
        }
    }

    fn rows(&self, settings: &Settings) -> Vec<TransactionRow> {
        self.payments.iter().flat_map(|payment| payment.rows(settings.rows)).collect()
    }

    pub(crate) fn cancel(&mut self, frees_authorized: CancelFreesAuthorized) {
        self.is_cancelled = true;
        if frees_authorized == CancelFreesAuthorized::Unpaid {
            self.payments.iter_mut().filter(|payment| payment.holds()).for_each(Payment::cancel);
        }
    }
}

/// An order now and before its changes, for reads that lag behind.
pub(crate) struct History {
    pub(crate) current: Order,
    past: Vec<Order>,
}

impl History {
    pub(crate) fn new(order: Order) -> Self {
        Self { current: order, past: Vec::new() }
    }

    pub(crate) fn change<T>(&mut self, now: Timestamp, change: impl FnOnce(&mut Order) -> T) -> T {
        self.past.push(self.current.clone());
        self.current.updated_at = now;
        change(&mut self.current)
    }

    /// The order as it was at a time, or as it was created if that was later.
    pub(crate) fn seen(&self, at: Timestamp) -> &Order {
        let mut newest_first = std::iter::once(&self.current).chain(self.past.iter().rev());
        newest_first.find(|order| order.updated_at <= at).or(self.past.first()).unwrap_or(&self.current)
    }
}

pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
