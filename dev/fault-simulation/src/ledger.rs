//! The gateway's own ledger: the operations really done on cards. It is the simulator's; the effect
//! of each request is read off the records that it changed.

use std::collections::{BTreeMap, BTreeSet};

use cardpointe_simulator::{
    LinkedMerchid, Origin, RecordKind, RecordState, RefundSetlstat, Response, Settings, Simulator, Stage,
    VoidOrderId,
};
use http::Request;
use tollgate_core::order::Order;
use uuid::Uuid;

use crate::{
    card::Card,
    merchants::{linked, merchids},
    surcharging::Surcharging,
};

/// Where a record is on its way to settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    Authorized,
    /// Captured, and settled or on its way there.
    Taken,
    Voided,
    Declined,
    /// A refund that was approved.
    Refunded,
}

/// Why the gateway may have done more than Tollgate knows, or why an operation may stay in doubt:
/// the cases that `docs/reliability.md` does not promise. Of records it concerns these, of orders
/// all their sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exception {
    /// Its request was delivered twice, and approved twice.
    DeliveredTwice,
    /// A refund that came after the hour, of which the next attempt was done, too.
    RefundedAgain,
    /// It came after the last look.
    AfterTheLastLook,
    /// A capture that came when another one was made or under way.
    CapturesMet,
    /// A refund that a rule requires, of which the gateway lost track.
    LeftToAPerson,
}

/// One record of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) retref: String,
    /// The merchant's order, with the merchant.
    pub(crate) order: String,
    /// Minor units, without the fee: the approved amount, then the captured part.
    pub(crate) amount: u64,
    /// The fee beside it.
    pub(crate) fee: u64,
    pub(crate) stands: Stands,
    /// The amount of each capture that was approved, without the fee.
    pub(crate) captures: Vec<u64>,
    /// Whether a person changed it in the gateway's portal.
    pub(crate) by_hand: bool,
}

/// The effect of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    /// Money moved, was held, or was let go: this much and this fee beside it, under this
    /// reference.
    Approved { retref: String, amount: u64, fee: u64 },
    /// The issuer or the processor refused it.
    Declined,
    /// The processor did not respond in time, and nothing was done.
    TimedOut,
    /// The gateway refused it with this code of its own.
    Refused(String),
}

/// The operation that is wanted of the gateway.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Authorize(Card),
    Purchase(Card),
    Capture(String),
    Refund(String),
    Void(String),
}

/// An instruction as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) wanted: Wanted,
    pub(crate) gateway_order_id: String,
    pub(crate) merchid: String,
    pub(crate) order: String,
    pub(crate) amount: u64,
}

/// The sums of an order's payments, in minor units. No amount contains a fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Captured and not voided, before refunds.
    pub taken: u64,
    /// Given back as refunds.
    pub refunded: u64,
    /// Held and not captured.
    pub held: u64,
    /// Taken beside the payments, before refunds.
    pub fees_taken: u64,
    /// Given back beside the refunds.
    pub fees_refunded: u64,
    /// Held beside the holds.
    pub fees_held: u64,
}

impl Totals {
    /// The sums of amounts and fees that a record adds to.
    fn sums_of(&mut self, record: &Record) -> Option<(&mut u64, &mut u64)> {
        match record.stands {
            Stands::Authorized => Some((&mut self.held, &mut self.fees_held)),
            Stands::Taken => Some((&mut self.taken, &mut self.fees_taken)),
            Stands::Refunded => Some((&mut self.refunded, &mut self.fees_refunded)),
            Stands::Voided | Stands::Declined => None,
        }
    }

    fn add(&mut self, record: &Record) {
        if let Some((amounts, fees)) = self.sums_of(record) {
            *amounts += record.amount;
            *fees += record.fee;
        }
    }

    /// The same without a record that is in it.
    pub(crate) fn without(&mut self, record: &Record) {
        if let Some((amounts, fees)) = self.sums_of(record) {
            *amounts -= record.amount;
            *fees -= record.fee;
        }
    }
}

/// The set-up of the gateway's accounts, where accounts differ or no source tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetUp {
    /// Whether an inquiry finds a refund by its own order id.
    pub(crate) findable: bool,
    /// The settlement state that an inquiry shows for a refund.
    pub(crate) refund_setlstat: RefundSetlstat,
    pub(crate) orderid_in_refusals: bool,
    pub(crate) orderid_in_voids: VoidOrderId,
    /// Whether records name a linked account.
    pub(crate) linked: bool,
    /// How they add a surcharge, if they do.
    pub(crate) surcharging: Option<Surcharging>,
}

impl SetUp {
    pub(crate) const PLAIN: Self = Self {
        findable: true,
        refund_setlstat: RefundSetlstat::LifeCycle,
        orderid_in_refusals: true,
        orderid_in_voids: VoidOrderId::Receipt,
        linked: false,
        surcharging: None,
    };

    /// Each way of naming the order id and the account, by a number.
    pub(crate) fn numbered(self, number: u64) -> Self {
        let voids = [VoidOrderId::Receipt, VoidOrderId::Never, VoidOrderId::Always];
        let in_voids = voids[usize::try_from(number % 3).unwrap_or_default()];
        Self {
            orderid_in_refusals: number.is_multiple_of(2),
            orderid_in_voids: in_voids,
            linked: number % 5 > 2,
            ..self
        }
    }
}

/// The simulator, and the effect of each request in it.
pub(crate) struct Ledger {
    pub(crate) simulator: Simulator,
    /// The effects of every request, by the order id that it was sent with.
    did: BTreeMap<String, Vec<Did>>,
    /// The order of each payment, by its reference.
    orders: BTreeMap<String, String>,
    /// Orders that may differ.
    exceptions: BTreeMap<String, BTreeSet<Exception>>,
    /// Records that may be at the gateway alone, by their references.
    excepted: BTreeMap<String, Exception>,
    /// Second deliveries that were approved, by the order id that they were sent with.
    second_deliveries: BTreeMap<String, usize>,
    /// Operations with a request that was done after the hour.
    after_the_hour: BTreeSet<Uuid>,
    /// Operations that were done and told as declined.
    contradicted: BTreeSet<Uuid>,
    /// The latest responses to writes, by the wanted operation: reference and body.
    responses: BTreeMap<&'static str, Vec<(String, Vec<u8>)>>,
    /// Orders with a request that was done so late that it may have been given up.
    late: BTreeSet<String>,
    /// References of verifications, which move no money.
    verifications: BTreeSet<String>,
    /// The operation of each attempt, by the order id that it was sent with.
    attempts: BTreeMap<String, Uuid>,
}

impl Ledger {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self {
            simulator,
            did: BTreeMap::new(),
            orders: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            excepted: BTreeMap::new(),
            second_deliveries: BTreeMap::new(),
            after_the_hour: BTreeSet::new(),
            contradicted: BTreeSet::new(),
            responses: BTreeMap::new(),
            late: BTreeSet::new(),
            verifications: BTreeSet::new(),
            attempts: BTreeMap::new(),
        }
    }

    /// Every record of a payment or refund, oldest first.
    pub(crate) fn records(&self) -> Vec<Record> {
        let records = self.simulator.records();
        let of_payments = records.iter().filter(|record| !self.verifications.contains(&record.retref));
        of_payments.map(|record| self.shown(record)).collect()
    }

    /// The gateway verifies a card.
    pub(crate) fn verify(&mut self, request: &Request<Vec<u8>>) -> Response {
        let before = self.simulator.record_count();
        let response = self.simulator.respond(request);
        let added = self.simulator.records_after(before);
        self.verifications.extend(added.into_iter().map(|record| record.retref));
        response
    }

    /// The payment's own record.
    pub(crate) fn payment(&self, retref: &str) -> Option<Record> {
        self.simulator.record(retref).map(|record| self.shown(&record))
    }

    fn shown(&self, record: &cardpointe_simulator::Record) -> Record {
        let payment = record.refund_of.as_ref().unwrap_or(&record.retref);
        let later = record.history.iter().skip(1);
        let captures = later
            .clone()
            .filter(|change| change.state == RecordState::Queued && change.origin == Origin::Request);
        let stands = match (record.state, record.kind) {
            (RecordState::Voided, _) => Stands::Voided,
            (RecordState::Declined | RecordState::ZeroAmount, _) => Stands::Declined,
            (_, RecordKind::Refund) => Stands::Refunded,
            (RecordState::Authorized, RecordKind::Payment) => Stands::Authorized,
            // In any state of its settlement.
            (_, RecordKind::Payment) => Stands::Taken,
        };
        Record {
            retref: record.retref.clone(),
            order: self.orders.get(payment).cloned().unwrap_or_default(),
            amount: minor(record.minor_units - record.fee_minor_units),
            fee: minor(record.fee_minor_units),
            stands,
            captures: captures.map(|change| minor(change.minor_units - change.fee_minor_units)).collect(),
            by_hand: record.history.iter().any(|change| change.origin == Origin::Portal),
        }
    }

    /// Each attempt of an operation is sent under an order id of its own.
    pub(crate) fn know_attempts(&mut self, order: &Order) {
        for (_, operation) in order.operations() {
            self.attempts.entry(operation.attempt.gateway_order_id.clone()).or_insert(operation.id);
        }
    }

    /// The operation that was sent under an order id.
    pub(crate) fn operation(&self, gateway_order_id: &str) -> Option<Uuid> {
        self.attempts.get(gateway_order_id).copied()
    }

    /// The effects of an operation's requests, in the order of their order ids.
    pub(crate) fn did(&self, operation: Uuid) -> impl Iterator<Item = &Did> {
        let ids = self.attempts.iter().filter(move |(_, of)| **of == operation).map(|(id, _)| id);
        ids.filter_map(|id| self.did.get(id)).flatten()
    }

    /// How many requests of an operation were done. A request that was delivered twice is one.
    pub(crate) fn times_done(&self, operation: Uuid) -> usize {
        let approved = self.did(operation).filter(|did| matches!(did, Did::Approved { .. })).count();
        let own = |(id, _): &(&String, &usize)| self.attempts.get(*id) == Some(&operation);
        let again: usize = self.second_deliveries.iter().filter(own).map(|(_, times)| times).sum();
        approved.saturating_sub(again)
    }

    /// The sums of one order's payments.
    pub(crate) fn totals(&self, order: &str) -> Totals {
        let mut totals = Totals::default();
        for record in self.records().iter().filter(|record| record.order == order) {
            totals.add(record);
        }
        totals
    }

    /// Sets the gateway's accounts up.
    pub(crate) fn set_up(&mut self, account: SetUp) {
        for merchid in merchids() {
            let linked = if account.linked { linked(merchid) } else { String::new() };
            let settings = Settings {
                refunds_findable_by_orderid: account.findable,
                refund_setlstat: account.refund_setlstat,
                orderid_in_refusals: account.orderid_in_refusals,
                orderid_in_voids: account.orderid_in_voids,
                linked_merchid: LinkedMerchid::new(&linked).unwrap_or_default(),
                ..Settings::default()
            };
            let surcharging = account.surcharging.filter(|surcharging| surcharging.is_at(merchid));
            let settings = surcharging.map_or(settings, |surcharging| surcharging.settings(settings));
            self.simulator.set_merchant(&merchid.to_string(), settings);
        }
    }

    /// Whether the record of an order may differ from the gateway's ledger: a person changed
    /// something in its portal, or it is one of the exceptions.
    pub(crate) fn is_excused(&self, order: &str) -> bool {
        self.exceptions.contains_key(order) || self.is_by_hand(order)
    }

    /// Whether a person changed something of an order in the gateway's portal.
    pub(crate) fn is_by_hand(&self, order: &str) -> bool {
        self.records().iter().any(|record| record.by_hand && record.order == order)
    }

    /// Something of this order may differ.
    pub(crate) fn except(&mut self, order: &str, exception: Exception) {
        self.exceptions.entry(order.to_owned()).or_default().insert(exception);
    }

    /// These records may be at the gateway alone.
    pub(crate) fn except_records<'a>(
        &mut self,
        retrefs: impl Iterator<Item = &'a str>,
        exception: Exception,
    ) {
        self.excepted.extend(retrefs.map(|retref| (retref.to_owned(), exception)));
    }

    /// Why a record may be at the gateway alone.
    pub(crate) fn exception(&self, retref: &str) -> Option<Exception> {
        self.excepted.get(retref).copied()
    }

    /// Whether something of an order may stay in doubt for a person: an operation approved twice,
    /// and one that cannot be told from it.
    pub(crate) fn may_stay_in_doubt(&self, order: &str) -> bool {
        self.exceptions.contains_key(order)
            || self.records().iter().any(|r| r.order == order && self.excepted.contains_key(&r.retref))
    }

    /// A request of a refund was done after the hour.
    pub(crate) fn came_after_the_hour(&mut self, gateway_order_id: &str) {
        self.after_the_hour.extend(self.operation(gateway_order_id));
    }

    pub(crate) fn has_come_after_the_hour(&self, gateway_order_id: &str) -> bool {
        self.operation(gateway_order_id).is_some_and(|id| self.after_the_hour.contains(&id))
    }

    /// A refund was done by two of its requests.
    pub(crate) fn refunded_again(&mut self, gateway_order_id: &str) {
        let Some(operation) = self.operation(gateway_order_id) else { return };
        let retrefs: Vec<String> = self.retrefs(operation).map(str::to_owned).collect();
        for retref in retrefs {
            self.excepted.entry(retref).or_insert(Exception::RefundedAgain);
        }
    }

    /// A done operation is told as declined.
    pub(crate) fn contradict(&mut self, sent: &Sent) {
        self.contradicted.extend(self.operation(&sent.gateway_order_id));
        self.note(sent, Did::Declined);
    }

    /// Whether an operation was told as declined although it was done.
    pub(crate) fn is_contradicted(&self, operation: Uuid) -> bool {
        self.contradicted.contains(&operation)
    }

    /// The amount that the second deliveries of an order's payments hold or took, in minor units.
    pub(crate) fn paid_by_second_deliveries(&self, order: &str) -> u64 {
        let of_order = self.records().into_iter().filter(|record| record.order == order);
        let twice: BTreeMap<String, Record> = of_order
            .filter(|record| self.exception(&record.retref) == Some(Exception::DeliveredTwice))
            .map(|record| (record.retref.clone(), record))
            .collect();
        let mut paid = 0;
        for operation in self.second_deliveries.keys().filter_map(|id| self.operation(id)) {
            let own: BTreeSet<&str> = self.retrefs(operation).collect();
            let mut own: Vec<&Record> = own.into_iter().filter_map(|retref| twice.get(retref)).collect();
            // The payment captured or voided since is the one that Tollgate knows.
            own.sort_by_key(|record| record.captures.is_empty() && record.stands != Stands::Voided);
            let others = own.into_iter().skip(1);
            let stand = others.filter(|record| matches!(record.stands, Stands::Authorized | Stands::Taken));
            paid += stand.map(|record| record.amount).sum::<u64>();
        }
        paid
    }

    /// The references of an operation's approvals.
    fn retrefs(&self, operation: Uuid) -> impl Iterator<Item = &str> {
        self.did(operation).filter_map(|did| match did {
            Did::Approved { retref, .. } => Some(retref.as_str()),
            Did::Declined | Did::TimedOut | Did::Refused(_) => None,
        })
    }

    /// A request of the order was done so late that it may stand beside another until it is found.
    pub(crate) fn came_late(&mut self, order: &str) {
        self.late.insert(order.to_owned());
    }

    pub(crate) fn has_late(&self, order: &str) -> bool {
        self.late.contains(order)
    }

    /// How many approvals of an operation still count: payments that were neither voided nor given
    /// back in whole, and refunds. Those that may stand beside another count as one, and those that
    /// came after the last look do not.
    pub(crate) fn times_standing(&self, operation: Uuid) -> usize {
        let stands = |retref: &str| {
            let record = self.simulator.record(retref);
            record.is_some_and(|record| {
                record.state != RecordState::Voided && record.refunded_minor_units < record.minor_units.max(1)
            })
        };
        // A capture that is done again is the same capture.
        let standing: BTreeSet<&str> = self.retrefs(operation).filter(|retref| stands(retref)).collect();
        let (mut others, mut beside) = (0, false);
        for retref in standing {
            match self.exception(retref) {
                None => others += 1,
                Some(Exception::AfterTheLastLook) => {}
                Some(_) => beside = true,
            }
        }
        others + usize::from(beside)
    }

    /// The batch leaves, or arrives.
    pub(crate) fn settle(&mut self, stage: Stage) {
        self.simulator.settle_to(stage);
    }

    /// The gateway processes a write, perhaps twice. Returns the effect of each time.
    pub(crate) fn execute(&mut self, sent: &Sent, request: &Request<Vec<u8>>) -> (Response, Vec<Did>) {
        let records = self.simulator.record_count();
        let changes = |retref: &str| self.simulator.record(retref).map_or(0, |record| record.history.len());
        let before = match &sent.wanted {
            Wanted::Authorize(_) | Wanted::Purchase(_) | Wanted::Refund(_) => 0,
            Wanted::Capture(retref) | Wanted::Void(retref) => changes(retref),
        };
        let response = self.simulator.respond(request);
        let added = self.simulator.records_after(records);
        let touched = match &sent.wanted {
            Wanted::Authorize(_) | Wanted::Purchase(_) | Wanted::Refund(_) => {
                // A duplicate of a payment that was done has a record of its own beside it.
                let done = added.iter().filter(|record| record.state != RecordState::Declined).cloned();
                let done: Vec<_> = done.collect();
                if done.is_empty() { added.first().cloned().into_iter().collect() } else { done }
            }
            Wanted::Capture(retref) | Wanted::Void(retref) => {
                let record = self.simulator.record(retref);
                record.filter(|record| record.history.len() > before).into_iter().collect()
            }
        };
        let mut did: Vec<Did> = touched
            .into_iter()
            .map(|record| match record.state {
                RecordState::Declined if record.respstat == "B" => Did::TimedOut,
                RecordState::Declined => Did::Declined,
                _ => {
                    let Record { retref, amount, fee, .. } = self.shown(&record);
                    Did::Approved { retref, amount, fee }
                }
            })
            .collect();
        if did.is_empty() {
            did.push(Did::Refused(code(&response)));
        }
        if let Wanted::Authorize(_) | Wanted::Purchase(_) = &sent.wanted {
            self.orders.extend(added.into_iter().map(|record| (record.retref, sent.order.clone())));
        }
        if did.len() > 1 {
            *self.second_deliveries.entry(sent.gateway_order_id.clone()).or_default() += did.len() - 1;
        }
        for did in &did {
            self.note(sent, did.clone());
        }
        (response, did)
    }

    /// The last response to a request of this kind that names another reference.
    pub(crate) fn shown_before(&self, sent: &Sent, response: &Response) -> Option<Vec<u8>> {
        let own = retref(response);
        let earlier = self.responses.get(sent.wanted.endpoint())?;
        earlier.iter().rev().find(|(retref, _)| *retref != own).map(|(_, body)| body.clone())
    }

    /// The gateway responds to a write.
    pub(crate) fn respond_with(&mut self, sent: &Sent, response: &Response) {
        let retref = retref(response);
        if !retref.is_empty() {
            let responses = self.responses.entry(sent.wanted.endpoint()).or_default();
            responses.push((retref, response.body.clone()));
        }
    }

    /// The total of a request: its amount, and the fee that the gateway took or gave back with all
    /// of it.
    pub(crate) fn total_of(&self, sent: &Sent) -> u64 {
        let did = self.did.get(&sent.gateway_order_id).into_iter().flatten();
        let fee_with_all = |did: &Did| match did {
            Did::Approved { amount, fee, .. } if *amount == sent.amount => Some(*fee),
            _ => None,
        };
        sent.amount + did.filter_map(fee_with_all).next_back().unwrap_or_default()
    }

    /// A request did this.
    pub(crate) fn note(&mut self, sent: &Sent, did: Did) {
        self.did.entry(sent.gateway_order_id.clone()).or_default().push(did);
    }
}

impl Wanted {
    fn endpoint(&self) -> &'static str {
        match self {
            Self::Authorize(_) | Self::Purchase(_) => "auth",
            Self::Capture(_) => "capture",
            Self::Refund(_) => "refund",
            Self::Void(_) => "void",
        }
    }
}

/// The reference that a response names.
fn retref(response: &Response) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    body["retref"].as_str().unwrap_or_default().to_owned()
}

/// System and code of a response.
fn code(response: &Response) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let member = |name: &str| body[name].as_str().unwrap_or_default();
    format!("{} {}", member("respproc"), member("respcode"))
}

fn minor(minor_units: i64) -> u64 {
    minor_units.unsigned_abs()
}
