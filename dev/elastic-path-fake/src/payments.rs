//! Payments, captures, refunds and cancellations of transactions.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    OrderStatus, PaymentWord, Snapshot, TransactionRow, TransactionStatus, TransactionType,
    order::{Order, Payment},
    render,
    settings::{
        CancelFreesAuthorized, CaptureReference, ManualPartialRefund, NoAmountMeans, Overpay, RefundNeedsPaid,
    },
    world::{Call, Outcome, Refusal, World, refusal, refuse_if},
};

/// Another client's payment.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A purchase through a card gateway.
    Purchase,
    /// An authorization through a card gateway.
    Authorize,
    /// A shopper's purchase through the manual gateway.
    ManualPurchase,
    /// A shopper's authorization through the manual gateway.
    ManualAuthorize,
}

impl Method {
    /// The type of its row, and the gateway's slug.
    pub(crate) fn row(self) -> (TransactionType, &'static str) {
        match self {
            Self::Purchase => (TransactionType::Purchase, "elastic_path_payments_stripe"),
            Self::Authorize => (TransactionType::Authorize, "elastic_path_payments_stripe"),
            Self::ManualPurchase => (TransactionType::Purchase, "manual"),
            Self::ManualAuthorize => (TransactionType::Authorize, "manual"),
        }
    }
}

#[derive(Deserialize)]
struct PaymentData {
    gateway: String,
    method: String,
    amount: Option<i64>,
    #[serde(default)]
    paymentmethod_meta: PaymentMeta,
}

#[derive(Default, Deserialize)]
struct PaymentMeta {
    name: Option<String>,
    custom_reference: Option<String>,
}

#[derive(Deserialize)]
struct ChangeData {
    amount: Option<i64>,
    custom_reference: Option<String>,
    capture_mechanism: Option<String>,
}

/// An act of the store's staff or of a stranger, which no rule and no setting of the API stops.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreAct {
    /// A payment, complete at once, with this `custom_reference`.
    Pay(Method, u64, Option<String>),
    /// The capture of this transaction, which has to hold its amount.
    Capture(String),
    /// The refund of this captured transaction: of a part, or of all that is left.
    Refund(String, Option<u64>),
    /// The cancellation of this authorization, which then no longer counts.
    CancelTransaction(String),
    /// The cancellation of the order, in any state.
    Cancel,
    /// The order is no longer canceled. Its authorizations stay as they are.
    Uncancel,
}

impl Order {
    /// Carries out an act, and returns the id of the transaction, or of the order. `None`: it is
    /// impossible.
    pub(crate) fn act(&mut self, act: StoreAct, frees_authorized: CancelFreesAuthorized) -> Option<String> {
        let now = self.updated_at;
        match act {
            StoreAct::Pay(method, amount, custom_reference) => {
                let (transaction_type, gateway) = method.row();
                let row = self.row(transaction_type, amount, gateway);
                self.payments.push(Payment::new(TransactionRow { custom_reference, ..row }));
                return self.payments.last().map(|payment| payment.row.id.clone());
            }
            StoreAct::Capture(id) => {
                let held = self.payment_where(&id, Payment::holds)?;
                held.capture(held.row.custom_reference.clone(), "manual", now);
                return Some(id);
            }
            StoreAct::Refund(id, part) => {
                let taken = self.payment_where(&id, Payment::is_taken)?;
                let rest = taken.row.amount.saturating_sub(taken.row.refunded_amount);
                let amount = part.unwrap_or(rest);
                if amount == 0 || amount > rest {
                    return None;
                }
                taken.refund(amount, "manual", now);
                return Some(id);
            }
            StoreAct::CancelTransaction(id) => {
                self.payment_where(&id, Payment::holds)?.cancel();
                return Some(id);
            }
            StoreAct::Cancel => self.cancel(frees_authorized),
            StoreAct::Uncancel => self.is_cancelled = false,
        }
        Some(self.id.clone())
    }

    fn payment_where(&mut self, id: &str, can: fn(&Payment) -> bool) -> Option<&mut Payment> {
        self.payments.iter_mut().find(|payment| payment.has_id(id) && can(payment))
    }
}

/// The `data` of a body, which may be empty.
pub(crate) fn data<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    let is_empty = call.body.trim_ascii().is_empty();
    let body = if is_empty { Ok(json!({})) } else { serde_json::from_slice::<Value>(&call.body) };
    let mut body = body.map_err(|error| refusal(400, error.to_string()))?;
    let data = body.get_mut("data").map_or_else(|| json!({}), Value::take);
    serde_path_to_error::deserialize(data).map_err(|error| refusal(400, error.to_string()))
}

fn positive(amount: i64) -> Result<u64, Refusal> {
    let amount = u64::try_from(amount).ok().filter(|amount| *amount > 0);
    amount.ok_or_else(|| refusal(400, "amount must be greater than zero"))
}

impl World {
    pub(crate) fn found(&self, id: &str) -> Result<&Order, Refusal> {
        let history = self.history(id).ok_or_else(|| refusal(404, "there is no such order"))?;
        Ok(&history.current)
    }

    pub(crate) fn changed<T>(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Order) -> Option<T>,
    ) -> Result<T, Refusal> {
        let now = self.now();
        let result = self.history_mut(id).and_then(|history| history.change(now, change));
        result.ok_or_else(|| refusal(404, "there is no such order"))
    }

    /// Carries out an act that no rule of the API stops. `None`: it is impossible, and nothing
    /// changes.
    pub(crate) fn act(&mut self, id: &str, act: StoreAct) -> Option<String> {
        let (now, frees) = (self.now(), self.settings.cancel_frees_authorized);
        let mut order = self.history(id)?.current.clone();
        order.updated_at = now;
        let object = order.act(act, frees)?;
        self.history_mut(id)?.change(now, |current| *current = order);
        Some(object)
    }

    pub(crate) fn pay(&mut self, call: &Call, id: &str) -> Outcome {
        let order = self.found(id)?;
        let sent: PaymentData = data(call)?;
        if sent.gateway != "manual" {
            return Err(refusal(400, "gateway: only manual is configured"));
        }
        if !self.is_manual_enabled {
            refuse_if(self.settings.gateway_disabled.status(), "the gateway is disabled")?;
        }
        let (transaction_type, is_setup) = match sent.method.as_str() {
            "purchase" => (TransactionType::Purchase, false),
            "authorize" => (TransactionType::Authorize, false),
            "purchase_setup" => (TransactionType::Purchase, true),
            "authorize_setup" => (TransactionType::Authorize, true),
            _ => return Err(refusal(400, "method: not one of this gateway")),
        };
        let length = sent.paymentmethod_meta.custom_reference.as_ref().map_or(0, |text| text.chars().count());
        if self.settings.reference_max.is_some_and(|max| length > max) {
            return Err(refusal(400, "custom_reference is too long"));
        }
        let amount = self.amount_to_record(order, sent.amount)?;
        let is_first = order.payments.iter().all(|payment| payment.row.status != TransactionStatus::Complete);
        if order.new.insufficient_stock && is_first {
            let title = "Insufficient stock";
            return Err(Refusal { title, ..refusal(400, "there is not enough stock for this order") });
        }
        let transaction = self.changed(id, |order| {
            let mut row = order.row(transaction_type, amount, "manual");
            row.name = sent.paymentmethod_meta.name;
            row.custom_reference = sent.paymentmethod_meta.custom_reference;
            if is_setup {
                row.status = TransactionStatus::Pending;
            }
            order.payments.push(Payment::new(row.clone()));
            Some(row.id)
        })?;
        self.transaction(id, &transaction)
    }

    fn amount_to_record(&self, order: &Order, sent: Option<i64>) -> Result<u64, Refusal> {
        let Snapshot { status, payment, balance, .. } = order.snapshot(&self.settings);
        let is_settled =
            status == OrderStatus::Cancelled || matches!(payment, PaymentWord::Paid | PaymentWord::Refunded);
        if is_settled {
            let detail = "the order cannot be paid in its current state";
            refuse_if(self.settings.pay_when_settled.status(), detail)?;
        }
        if sent.is_none() {
            refuse_if(self.settings.no_amount_means.status(), "amount is required")?;
        }
        let amount = sent.unwrap_or_else(|| match self.settings.no_amount_means {
            NoAmountMeans::Total => i64::try_from(order.new.total).unwrap_or(i64::MAX),
            NoAmountMeans::Balance | NoAmountMeans::BadRequest => balance,
        });
        if order.new.total == 0 && amount == 0 {
            return Ok(0);
        }
        let is_over = amount > balance && !is_settled;
        if is_over {
            refuse_if(self.settings.overpay.status(), "amount is more than the balance")?;
        }
        positive(amount)?;
        positive(if is_over && self.settings.overpay == Overpay::AcceptCap { balance } else { amount })
    }

    /// A transaction's payment, or the refusal that the settings want.
    fn payment(&self, id: &str, transaction: &str) -> Result<&Payment, Refusal> {
        let payment = self.found(id)?.payments.iter().find(|payment| payment.has_id(transaction));
        payment.ok_or_else(|| self.no_transaction())
    }

    /// Changes a payment and responds with its newest row.
    fn change_payment(&mut self, id: &str, transaction: &str, change: impl FnOnce(&mut Payment)) -> Outcome {
        let settings = self.settings.clone();
        let newest = self.changed(id, |order| {
            let payment = order.payments.iter_mut().find(|payment| payment.has_id(transaction))?;
            change(payment);
            payment.rows(settings.rows).pop()
        })?;
        self.transaction(id, &newest.id)
    }

    /// The response with a row, as it is now.
    fn transaction(&self, id: &str, transaction: &str) -> Outcome {
        let order = self.found(id)?;
        let row = order.snapshot(&self.settings).transactions.into_iter().find(|row| row.id == transaction);
        let row = row.ok_or_else(|| refusal(404, "there is no such transaction"))?;
        Ok((200, json!({ "data": render::transaction(order, &row, &self.settings) })))
    }

    pub(crate) fn capture(&mut self, call: &Call, id: &str, transaction: &str) -> Outcome {
        let row = &self.payment(id, transaction)?.row;
        let sent: ChangeData = data(call)?;
        if sent.amount.is_some() {
            refuse_if(self.settings.capture_amount.status(), "amount: a capture has none")?;
        }
        if row.transaction_type != TransactionType::Authorize || row.status != TransactionStatus::Complete {
            return Err(refusal(400, "the transaction is not a complete authorization"));
        }
        let reference = match (self.settings.capture_reference, sent.custom_reference) {
            (CaptureReference::Replaceable, Some(new)) => Some(new).filter(|new| !new.is_empty()),
            (CaptureReference::Dropped, _) => None,
            _ => row.custom_reference.clone(),
        };
        let is_manual = sent.capture_mechanism.is_some_and(|mechanism| mechanism == "manual");
        let (mechanism, now) = (if is_manual { "manual" } else { "automatic" }, self.now());
        self.change_payment(id, transaction, |payment| payment.capture(reference, mechanism, now))
    }

    pub(crate) fn refund(&mut self, call: &Call, id: &str, transaction: &str) -> Outcome {
        let payment = self.payment(id, transaction)?;
        let sent: ChangeData = data(call)?;
        let order = self.found(id)?.snapshot(&self.settings);
        let is_paid = order.status == OrderStatus::Complete && order.payment == PaymentWord::Paid;
        let is_right = is_paid || order.status == OrderStatus::Cancelled;
        let rest = payment.row.amount.saturating_sub(payment.row.refunded_amount);
        let is_refundable = payment.is_taken() && payment.row.transaction_type != TransactionType::Refund;
        if !is_refundable || (!is_right && self.settings.refund_needs_paid == RefundNeedsPaid::On) {
            return Err(refusal(422, "the transaction cannot be refunded in its current state"));
        }
        let mut amount = sent.amount.map_or(Ok(rest), positive)?;
        if amount > rest {
            return Err(refusal(400, "amount is more than the transaction has left"));
        }
        if sent.amount.is_some() && amount < payment.row.amount {
            let (title, detail) = ("Error while refunding", "a part cannot be refunded");
            match self.settings.manual_partial_refund {
                ManualPartialRefund::Recorded => {}
                ManualPartialRefund::RecordedAsFull => amount = rest,
                ManualPartialRefund::Error => return Err(Refusal { title, ..refusal(400, detail) }),
                ManualPartialRefund::Unprocessable => return Err(refusal(422, detail)),
            }
        }
        let (mechanism, now) = (if sent.amount.is_some() { "automatic" } else { "manual" }, self.now());
        self.change_payment(id, transaction, |payment| payment.refund(amount, mechanism, now))
    }

    pub(crate) fn cancel_transaction(&mut self, id: &str, transaction: &str) -> Outcome {
        let can_cancel = self.payment(id, transaction)?.holds();
        let detail = "the manual gateway does not support cancellation";
        let title = "Unsupported gateway operation";
        refuse_if(self.settings.cancel_manual.status().filter(|status| *status != 200), detail)
            .map_err(|refused| Refusal { title, ..refused })?;
        if !can_cancel {
            return Err(refusal(422, "the transaction is not an authorization"));
        }
        self.change_payment(id, transaction, Payment::cancel)
    }
}
