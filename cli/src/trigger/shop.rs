//! A shop with one order on the local stack.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_wire::{Order, Transaction};
use uuid::Uuid;

use crate::{
    failure::Failure,
    local_stack::{Access, LedgerRecord, LocalStack},
};

/// The order's amount, in minor units of US dollars.
pub(super) const AMOUNT: u64 = 2599;

/// A card that the simulator knows from the start, as account and profile id.
const STORED_CARD: &str = "1|16178397535388255208";

/// How long before a capture is due: enough for the steps before it.
const CAPTURE_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// How long until a settled payment is in a deposit that can be read, weekends and holidays
/// included.
const DEPOSITED_AFTER: SignedDuration = SignedDuration::from_hours(4 * 24);

/// How often the settlement is run until it finds something.
const SETTLEMENT_RUNS: usize = 50;

/// A shop that makes one thing happen.
pub(super) struct Shop<'a> {
    stack: &'a LocalStack,
    access: Access,
    pub(super) order: String,
    /// The steps done, for a person.
    pub(super) steps: Vec<String>,
}

pub(super) struct Paid {
    pub(super) id: Uuid,
    /// The gateway's reference; empty while the outcome is not known.
    pub(super) retref: String,
    /// The order id that the gateway knows it by.
    pub(super) gateway_order_id: String,
    /// When its authorization ends.
    expires_at: Option<Timestamp>,
}

impl<'a> Shop<'a> {
    /// Registers an order of its own for 25.99 USD.
    pub(super) async fn open(stack: &'a LocalStack) -> Result<Self, Failure> {
        let order = format!("trigger-{}", Uuid::new_v4());
        let mut shop = Self { stack, access: stack.access().await?, order, steps: Vec::new() };
        let data = json!({ "type": "order", "amount": AMOUNT, "currency": "USD" });
        let path = format!("/v2/orders/{}", shop.order);
        stack.call::<Order>(&shop.access, Method::PUT, &path, Some(data)).await?;
        shop.did(format!("order {} of merchant {} registered, 25.99 USD", shop.order, shop.access.merchant));
        Ok(shop)
    }

    pub(super) fn did(&mut self, step: String) {
        self.steps.push(step);
    }

    /// Calls the API about the order.
    async fn call(&self, method: Method, path: &str, data: Value) -> Result<Transaction, Failure> {
        let path = format!("/v2/orders/{}{path}", self.order);
        self.stack.call(&self.access, method, &path, Some(data)).await
    }

    async fn pay(&mut self, method: &str, capture_at: Option<Timestamp>) -> Result<Paid, Failure> {
        let mut data = json!({ "gateway": "card_connect", "method": method, "payment": STORED_CARD });
        if let Some(at) = capture_at {
            data["capture_at"] = seconds(at).into();
        }
        let Transaction { id, reference: retref, status, meta, .. } =
            self.call(Method::POST, "/payments", data).await?;
        let first = meta.for_merchant.and_then(|own| own.operations.into_iter().next());
        let gateway_order_id = first.and_then(|first| first.gateway_order_id).unwrap_or_default();
        let expires_at = meta.authorization_expires_at.map(|at| at.0);
        let paid = Paid { id, retref, gateway_order_id, expires_at };
        self.did(format!("{method}: {}, transaction {id}", status.as_str()));
        Ok(paid)
    }

    pub(super) async fn purchase(&mut self) -> Result<Paid, Failure> {
        self.pay("purchase", None).await
    }

    pub(super) async fn authorize(&mut self) -> Result<Paid, Failure> {
        self.pay("authorize", None).await
    }

    /// An authorization that is captured by the schedule.
    pub(super) async fn authorize_for_later(&mut self) -> Result<Paid, Failure> {
        let now = self.now().await?;
        self.pay("authorize", Some(now + CAPTURE_AFTER)).await
    }

    /// Its capture is due now.
    pub(super) async fn capture_now(&mut self, paid: &Paid) -> Result<(), Failure> {
        let data = json!({ "type": "transaction", "capture_at": seconds(self.now().await?) });
        self.call(Method::PATCH, &format!("/transactions/{}", paid.id), data).await?;
        self.did("its capture is moved to now".to_owned());
        Ok(())
    }

    pub(super) async fn refund(&mut self, paid: &Paid) -> Result<(), Failure> {
        let path = format!("/transactions/{}/refund", paid.id);
        let refunded = self.call(Method::POST, &path, json!({})).await?;
        self.did(format!("refund of all of it: {}", refunded.status.as_str()));
        Ok(())
    }

    /// An inquiry at the gateway, as a shopper's page sends one.
    pub(super) async fn confirm(&mut self, paid: &Paid) -> Result<(), Failure> {
        // The clock may have been moved: the token is not good any more.
        self.access = self.stack.access().await?;
        let path = format!("/transactions/{}/confirm", paid.id);
        let confirmed = self.call(Method::POST, &path, json!({})).await?;
        self.did(format!("confirm: {}", confirmed.status.as_str()));
        Ok(())
    }

    /// The stack's time, which may have been advanced.
    pub(super) async fn now(&self) -> Result<Timestamp, Failure> {
        self.stack.advance_clock(0).await
    }

    pub(super) async fn later(&mut self, by: SignedDuration) -> Result<(), Failure> {
        self.stack.advance_clock(by.as_secs()).await?;
        self.did(format!("the local stack's clock is moved forward by {by:#}"));
        Ok(())
    }

    /// Moves the clock to so long before the payment's authorization ends.
    pub(super) async fn reach_the_end_of(
        &mut self,
        paid: &Paid,
        before: SignedDuration,
    ) -> Result<(), Failure> {
        let none = || Failure::Unavailable("the authorization does not say when it ends".to_owned());
        let moment = paid.expires_at.ok_or_else(none)? - before;
        let by = moment.duration_since(self.now().await?);
        self.later(SignedDuration::from_secs(by.as_secs())).await
    }

    /// The next capture is refused by the issuer.
    pub(super) async fn gateway_declines_captures(&mut self) -> Result<(), Failure> {
        let fault =
            json!({ "endpoint": "capture", "fault": "respond", "respproc": "FNOR", "respcode": "51" });
        self.stack.simulator("/faults", &fault).await?;
        self.did("the gateway will decline the next capture".to_owned());
        Ok(())
    }

    /// The next capture is refused on the way to the gateway.
    pub(super) async fn gateway_refuses_captures(&mut self) -> Result<(), Failure> {
        let fault = json!({ "endpoint": "capture", "fault": "status", "status": 429 });
        self.stack.simulator("/faults", &fault).await?;
        self.did("the gateway will refuse the next capture (429)".to_owned());
        Ok(())
    }

    /// The next payment is carried out and its response lost, and the first inquiry about it fails.
    pub(super) async fn gateway_loses_a_response(&mut self) -> Result<(), Failure> {
        for (endpoint, fault) in [("auth", "drop_after"), ("inquireByOrderid", "status")] {
            self.stack.simulator("/faults", &json!({ "endpoint": endpoint, "fault": fault })).await?;
        }
        self.did("the gateway will carry out the next payment, and its response will be lost".to_owned());
        Ok(())
    }

    /// The gateway's records of a payment show this settlement state in place of the real one.
    pub(super) async fn gateway_shows(&mut self, paid: &Paid, setlstat: &str) -> Result<(), Failure> {
        let LedgerRecord { retref, .. } =
            self.record(|record| record.order_id == paid.gateway_order_id).await?;
        let body = json!({ "setlstat": setlstat });
        self.stack.simulator(&format!("/transactions/{retref}"), &body).await?;
        self.did(format!("the gateway shows its settlement as \"{setlstat}\""));
        Ok(())
    }

    /// A person voids the payment in the gateway's portal.
    pub(super) async fn void_in_the_portal(&mut self, paid: &Paid) -> Result<(), Failure> {
        let action = json!({ "action": "void", "retref": paid.retref });
        self.stack.simulator("/portal", &action).await?;
        self.did(format!("payment {} is voided in the gateway's portal", paid.retref));
        Ok(())
    }

    /// The reports of a payment's account do not say which chargeback is which.
    pub(super) async fn reports_have_no_ids(&mut self, paid: &Paid) -> Result<(), Failure> {
        let merchid = self.account_of(paid).await?;
        self.stack.simulator(&format!("/merchants/{merchid}"), &json!({ "dispute_ids": false })).await?;
        self.did("the reports' chargebacks have no ids".to_owned());
        Ok(())
    }

    async fn account_of(&self, paid: &Paid) -> Result<String, Failure> {
        Ok(self.record(|record| record.retref == paid.retref).await?.merchid)
    }

    /// The gateway's record of a payment.
    async fn record(&self, is_it: impl Fn(&LedgerRecord) -> bool) -> Result<LedgerRecord, Failure> {
        let record = self.stack.ledger().await?.into_iter().find(is_it);
        record.ok_or_else(|| Failure::Unavailable("the simulator has no record of it".to_owned()))
    }

    /// The cardholder's bank takes these amounts back, and the deposit that says so is read.
    pub(super) async fn charge_back(&mut self, paid: &Paid, amounts: &[u64]) -> Result<(), Failure> {
        self.stack.simulator("/settle", &json!({})).await?;
        self.did("the gateway's batch is settled".to_owned());
        let merchid = self.account_of(paid).await?;
        let case = format!("CB{}", paid.retref);
        for amount in amounts {
            let chargeback = json!({
                "merchid": merchid,
                "casenumber": case,
                "retref": paid.retref,
                "minor_units": amount,
                "reasoncode": "10.4",
                "reasondescription": "Fraud: card absent",
            });
            self.stack.simulator("/chargebacks", &chargeback).await?;
        }
        self.did(format!("the cardholder's bank takes the money back, case {case}"));
        self.deposited_until("disputes").await
    }

    /// The gateway's batch is settled, and the deposit that has it is read.
    pub(super) async fn deposit(&mut self) -> Result<(), Failure> {
        self.stack.simulator("/settle", &json!({})).await?;
        self.did("the gateway's batch is settled".to_owned());
        self.deposited_until("deposits").await
    }

    /// The same, and the deposit's line of a payment has no amount.
    pub(super) async fn deposit_without_amount(&mut self, paid: &Paid) -> Result<(), Failure> {
        let deviation = json!({ "funded_without_amount": true });
        self.stack.simulator(&format!("/deviations/{}", paid.retref), &deviation).await?;
        self.did(format!("the deposit's line of {} has no amount", paid.retref));
        self.stack.simulator("/settle", &json!({})).await?;
        self.did("the gateway's batch is settled".to_owned());
        self.deposited_until("opened").await
    }

    /// Deposits arrive, until a run finds some of this.
    async fn deposited_until(&mut self, found: &str) -> Result<(), Failure> {
        // From its first run on, it knows the account. The journal may lag behind the payment, and
        // that is where it looks.
        self.settle_until("accounts").await?;
        self.later(DEPOSITED_AFTER).await?;
        self.settle_until(found).await
    }

    /// Reads the gateway's reports until the run's result has some of this.
    async fn settle_until(&mut self, found: &str) -> Result<(), Failure> {
        for _ in 0..SETTLEMENT_RUNS {
            let report = self.stack.invoke("settlement", &json!({})).await?;
            if report[found].as_u64().is_some_and(|number| number > 0) {
                self.did("settlement has run".to_owned());
                return Ok(());
            }
        }
        Err(Failure::Unavailable(format!("settlement has run {SETTLEMENT_RUNS} times without any {found}")))
    }

    /// Runs the captures that are due, as the schedule does every minute.
    pub(super) async fn run_captures(&mut self) -> Result<(), Failure> {
        let event = json!({ "merchant_id": self.access.merchant, "order_id": self.order });
        self.stack.invoke("scheduled-capture", &event).await?;
        self.did("scheduled-capture has run".to_owned());
        Ok(())
    }

    /// The same for inquiries.
    pub(super) async fn run_inquiries(&mut self) -> Result<(), Failure> {
        self.stack.invoke("reconcile", &json!({})).await?;
        self.did("reconcile has run".to_owned());
        Ok(())
    }
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
