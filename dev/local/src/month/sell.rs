//! Each payment of the sample month, and the events that follow it.

use axum::http::StatusCode;
use cardpointe_simulator::{Deviation, Endpoint, Fault, FaultKind, ResponseCode, Stage};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tollgate_wire::{Errors, Single, Transaction};

use super::{
    CAPTURES_AT, FollowUp, Happening, Month,
    plan::{Fate, Sale},
};
use crate::{
    client::{Client, ClientCall},
    merchants::MONTH_MID,
};

/// How long after a payment the same day's follow-up comes.
const SOON: i64 = 45;

/// The customers who pay: the shop's id, first and last name.
const CUSTOMERS: [(&str, &str, &str); 8] = [
    ("customer-101", "Mary", "Major"),
    ("customer-102", "Juan", "Perez"),
    ("customer-103", "Aiko", "Tanaka"),
    ("customer-104", "Owen", "Clarke"),
    ("customer-105", "Nadia", "Haddad"),
    ("customer-106", "Peter", "Novak"),
    ("customer-107", "Grace", "Okafor"),
    ("customer-108", "Lena", "Vogel"),
];

/// Every which payment stores its card for its customer.
const STORES_CARD: u32 = 12;

impl Month<'_> {
    /// Pays, and plans the payment's fate.
    pub(super) async fn sell(&mut self, sale: &Sale) -> Result<(), String> {
        let order = format!("UM-{}", sale.number);
        let is_lost = matches!(sale.fate, Fate::FoundLate | Fate::InDoubt);
        if is_lost {
            self.lose_response();
        }
        if let Fate::Declined(code) = sale.fate {
            let code = ResponseCode::find("RPCT", code).ok_or("the simulator lacks a code")?;
            let kind = FaultKind::Respond { code, done: false };
            self.parts.simulator.fault(Fault::once(Endpoint::Auth, kind));
        }
        let (status, body) = pay(&self.client(None).await?, &order, &self.payment(sale)).await?;
        self.parts.simulator.clear_faults();
        let unexpected = format!("payment of {order}: {status}: {body}");
        if matches!(sale.fate, Fate::Declined(_) | Fate::DeclinedByRule) {
            return if is_declined(body) { Ok(()) } else { Err(unexpected) };
        }
        let expected = if is_lost { StatusCode::ACCEPTED } else { StatusCode::OK };
        match Single::deserialize(body) {
            Ok(paid) if status == expected => self.plan_rest(sale, order, paid.data),
            _ => Err(unexpected),
        }
    }

    fn payment(&self, sale: &Sale) -> Value {
        let is_held = matches!(
            sale.fate,
            Fate::Captured | Fate::Scheduled | Fate::ToCome { .. } | Fate::Released | Fate::Held
        );
        let nth = usize::try_from(sale.number).unwrap_or_default() % CUSTOMERS.len();
        let (customer, first_name, last_name) = CUSTOMERS[nth];
        let mut data = json!({
            "gateway": "card_connect", "method": if is_held { "authorize" } else { "purchase" },
            "amount": sale.minor, "currency": "USD",
            "number": sale.card.number, "month": "10", "year": "2039", "verification_value": sale.card.code,
            "first_name": first_name, "last_name": last_name,
            "billing_address": {"postcode": sale.card.postcode},
            "custom_reference": format!("invoice {}", sale.number),
        });
        if sale.number.is_multiple_of(STORES_CARD)
            && !matches!(sale.fate, Fate::Declined(_) | Fate::DeclinedByRule)
        {
            data["save"] = json!(true);
            data["customer"] = json!(customer);
        }
        match sale.fate {
            Fate::Scheduled => data["capture_at"] = json!(self.at(sale.days_ago - 2, CAPTURES_AT)),
            Fate::ToCome { in_days, minute } => data["capture_at"] = json!(self.at(-in_days, minute)),
            _ => {}
        }
        json!({ "data": data })
    }

    /// The next payment is made, its response is lost, and so are those to inquiries until the
    /// faults are cleared.
    fn lose_response(&self) {
        self.parts.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
        for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
            let kind = FaultKind::Status { status: 503 };
            self.parts.simulator.fault(Fault { endpoint, kind, times: 100 });
        }
    }

    fn plan_rest(&mut self, sale: &Sale, order: String, paid: Transaction) -> Result<(), String> {
        let (transaction, retref) = (paid.id.to_string(), paid.reference);
        let (body, by) = (json!({ "data": {} }), None);
        let by_shop = FollowUp { function: "capture", word: "capture", order, transaction, body, by };
        let soon = self.at(sale.days_ago, sale.minute + SOON);
        match sale.fate {
            Fate::Paid
            | Fate::Declined(_)
            | Fate::DeclinedByRule
            | Fate::Scheduled
            | Fate::ToCome { .. }
            | Fate::Held => {}
            Fate::Refunded { after, minor, by, reason } => {
                let body = json!({ "data": { "amount": minor, "reason": reason } });
                let refund = FollowUp { function: "refund", word: "refund", body, by: Some(by), ..by_shop };
                self.plan(self.at(sale.days_ago - after, sale.minute), Happening::FollowUp(refund));
            }
            Fate::Canceled => {
                let body = json!({ "data": { "reason": "ordered by mistake" } });
                let cancel = FollowUp { function: "void", word: "cancel", body, by: Some("eve"), ..by_shop };
                self.plan(soon, Happening::FollowUp(cancel));
            }
            Fate::Captured => {
                self.plan(self.at(sale.days_ago - 1, sale.minute), Happening::FollowUp(by_shop));
            }
            Fate::Released => {
                let release = FollowUp { function: "void", word: "cancel", ..by_shop };
                self.plan(soon, Happening::FollowUp(release));
            }
            Fate::FoundLate => self.plan(soon, Happening::Inquiries),
            Fate::InDoubt => self.review()?,
            Fate::ChargedBack { after, returned_after } => {
                let at = |days| self.at(sale.days_ago - days, 14 * 60);
                let (taken, returned) = (at(after), returned_after.map(|days| at(after + days)));
                self.plan(taken, Happening::ChargedBack(retref, sale.minor));
                if let Some(returned) = returned {
                    self.plan(returned, Happening::Returned(sale.minor));
                }
            }
            Fate::Short => {
                let funded_minor_units = Some(i64::from(sale.minor) - 1);
                let deviation = Deviation { funded_minor_units, ..Deviation::default() };
                self.parts.simulator.deviate(&retref, deviation);
            }
        }
        Ok(())
    }

    /// The gateway reviews the last payment, until somebody decides it there.
    fn review(&self) -> Result<(), String> {
        let records = self.parts.simulator.records();
        let last = records.last().filter(|record| {
            record.merchid == MONTH_MID
                && self.parts.simulator.settle_record(&record.retref, Stage::UnderReview)
        });
        last.map(drop).ok_or_else(|| "the payment in doubt is not at the gateway".to_owned())
    }

    pub(super) async fn follow_up(&self, follow_up: &FollowUp) -> Result<(), String> {
        let mut body = follow_up.body.clone();
        if let Some(by) = follow_up.by {
            self.state_actor(&mut body, by);
        }
        follow_up.send(&self.client(follow_up.by).await?, &body).await
    }
}

impl FollowUp {
    /// Sends it with this body, which has to succeed.
    pub(super) async fn send(&self, client: &Client<'_>, body: &Value) -> Result<(), String> {
        let Self { function, word, order, transaction, .. } = self;
        let path = format!("/v2/orders/{{orderId}}/transactions/{{transactionId}}/{word}");
        let parameters = [("orderId", order.as_str()), ("transactionId", transaction.as_str())];
        let call = ClientCall { function, method: "POST", path: &path, parameters: &parameters };
        client.send(&call, body).await.map(drop)
    }
}

/// The response to a payment of an order.
pub(super) async fn pay(
    client: &Client<'_>,
    order: &str,
    body: &Value,
) -> Result<(StatusCode, Value), String> {
    let path = "/v2/orders/{orderId}/payments";
    let parameters = [("orderId", order)];
    let call = ClientCall { function: "payments", method: "POST", path, parameters: &parameters };
    client.request(&call, body).await
}

/// Whether a response is a decline.
pub(super) fn is_declined(body: Value) -> bool {
    Errors::deserialize(body).is_ok_and(|failed| failed.code() == Some("declined"))
}
