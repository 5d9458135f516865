//! The gateway's own ledger: what was really done to cards, whoever knows of it. It is the simulator's; what each
//! request did is read off what it changed.

use std::collections::{BTreeMap, BTreeSet};

use cardpointe_simulator::{
    Origin, RecordKind, RecordState, RefundSetlstat, Response, Settings, Simulator, Stage,
};
use http::Request;
use tollgate_core::order::Order;
use uuid::Uuid;

use crate::{card::Card, merchants::merchids};

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

/// One record of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The merchant's order, with the merchant.
    pub(crate) order: String,
    /// Minor units: what was approved, then what was captured of it.
    pub(crate) amount: u64,
    pub(crate) stands: Stands,
    /// The amount of each capture that was approved.
    pub(crate) captures: Vec<u64>,
    /// Whether a person changed it in the gateway's portal.
    pub(crate) by_hand: bool,
}

/// What a request did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    /// Money moved, was held, or was let go: this much, under this reference.
    Approved { retref: String, amount: u64 },
    /// The issuer or the processor refused it.
    Declined,
    /// The processor did not respond in time, and nothing was done.
    TimedOut,
    /// The gateway refused it with this code of its own.
    Refused(String),
}

/// What is wanted of the gateway.
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

/// What an order's payments come to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Captured and not voided, before refunds.
    pub taken: u64,
    /// Given back as refunds.
    pub refunded: u64,
    /// Held and not captured.
    pub held: u64,
}

/// The simulator, and which request did what in it.
pub(crate) struct Ledger {
    pub(crate) simulator: Simulator,
    /// What every request did, by the order id that it was sent with.
    did: BTreeMap<String, Vec<Did>>,
    /// The order of each payment, by its reference.
    orders: BTreeMap<String, String>,
    /// Orders of which a request arrived after the last inquiry about it.
    surfaced: BTreeSet<String>,
    /// Orders of which a request was done so late that it may have been given up.
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
            surfaced: BTreeSet::new(),
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
            // Whatever settlement makes of it.
            (_, RecordKind::Payment) => Stands::Taken,
        };
        Record {
            order: self.orders.get(payment).cloned().unwrap_or_default(),
            amount: minor(record.minor_units),
            stands,
            captures: captures.map(|change| minor(change.minor_units)).collect(),
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

    /// What the requests of an operation did, in the order of their order ids.
    pub(crate) fn did(&self, operation: Uuid) -> impl Iterator<Item = &Did> {
        let ids = self.attempts.iter().filter(move |(_, of)| **of == operation).map(|(id, _)| id);
        ids.filter_map(|id| self.did.get(id)).flatten()
    }

    /// How often an operation was done.
    pub(crate) fn times_done(&self, operation: Uuid) -> usize {
        self.did(operation).filter(|did| matches!(did, Did::Approved { .. })).count()
    }

    /// What one order's payments come to.
    pub(crate) fn totals(&self, order: &str) -> Totals {
        let mut totals = Totals::default();
        for record in self.records().into_iter().filter(|record| record.order == order) {
            match record.stands {
                Stands::Authorized => totals.held += record.amount,
                Stands::Taken => totals.taken += record.amount,
                Stands::Refunded => totals.refunded += record.amount,
                Stands::Voided | Stands::Declined => {}
            }
        }
        totals
    }

    /// Whether an inquiry finds a refund by its own order id, and what it shows of it.
    pub(crate) fn find_refunds(&mut self, findable: bool, shown: RefundSetlstat) {
        let settings =
            Settings { refunds_findable_by_orderid: findable, refund_setlstat: shown, ..Settings::default() };
        for merchid in merchids() {
            self.simulator.set_merchant(&merchid.to_string(), settings);
        }
    }

    /// Whether what is on record of an order need not be what the gateway did: a person changed something in its
    /// portal, or a request arrived so late that no inquiry was due any more.
    pub(crate) fn is_excused(&self, order: &str) -> bool {
        self.surfaced.contains(order)
            || self.records().iter().any(|record| record.by_hand && record.order == order)
    }

    /// A request of this order arrived after the last inquiry about it.
    pub(crate) fn surfaced_unseen(&mut self, order: &str) {
        self.surfaced.insert(order.to_owned());
    }

    /// A request of the order was done so late that it may stand beside another until it is found.
    pub(crate) fn came_late(&mut self, order: &str) {
        self.late.insert(order.to_owned());
    }

    pub(crate) fn has_late(&self, order: &str) -> bool {
        self.late.contains(order)
    }

    /// How many approvals of an operation still count: payments that were neither voided nor given back in whole,
    /// and refunds.
    pub(crate) fn times_standing(&self, operation: Uuid) -> usize {
        let stands = |retref: &String| {
            let record = self.simulator.record(retref);
            record.is_some_and(|record| {
                record.state != RecordState::Voided && record.refunded_minor_units < record.minor_units.max(1)
            })
        };
        let mut retrefs: Vec<&String> = self
            .did(operation)
            .filter_map(|did| if let Did::Approved { retref, .. } = did { Some(retref) } else { None })
            .filter(|retref| stands(retref))
            .collect();
        // A capture that is done again is the same capture.
        retrefs.sort();
        retrefs.dedup();
        retrefs.len()
    }

    /// The batch leaves, or arrives.
    pub(crate) fn settle(&mut self, stage: Stage) {
        self.simulator.settle_to(stage);
    }

    /// The gateway processes a write.
    pub(crate) fn execute(&mut self, sent: &Sent, request: &Request<Vec<u8>>) -> (Response, Did) {
        let records = self.simulator.records().len();
        let changes = |retref: &str| self.simulator.record(retref).map_or(0, |record| record.history.len());
        let (is_new, before) = match &sent.wanted {
            Wanted::Authorize(_) | Wanted::Purchase(_) | Wanted::Refund(_) => (true, 0),
            Wanted::Capture(retref) | Wanted::Void(retref) => (false, changes(retref)),
        };
        let response = self.simulator.respond(request);
        let added: Vec<_> = self.simulator.records().into_iter().skip(records).collect();
        let touched = match &sent.wanted {
            // A duplicate of a payment that was done has a record of its own beside it.
            _ if is_new => {
                let done = added.iter().find(|record| record.state != RecordState::Declined);
                done.or(added.first()).cloned()
            }
            Wanted::Capture(retref) | Wanted::Void(retref) => {
                self.simulator.record(retref).filter(|record| record.history.len() > before)
            }
            Wanted::Authorize(_) | Wanted::Purchase(_) | Wanted::Refund(_) => None,
        };
        let did = match touched {
            Some(record) if record.state == RecordState::Declined && record.respstat == "B" => Did::TimedOut,
            Some(record) if record.state == RecordState::Declined => Did::Declined,
            Some(record) => {
                Did::Approved { amount: minor(record.minor_units), retref: record.retref.clone() }
            }
            None => Did::Refused(code(&response)),
        };
        if let Wanted::Authorize(_) | Wanted::Purchase(_) = &sent.wanted {
            self.orders.extend(added.into_iter().map(|record| (record.retref, sent.order.clone())));
        }
        self.note(sent, did.clone());
        (response, did)
    }

    /// A request did this.
    pub(crate) fn note(&mut self, sent: &Sent, did: Did) {
        self.did.entry(sent.gateway_order_id.clone()).or_default().push(did);
    }
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
