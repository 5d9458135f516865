//! Customers as the table has them, the gateway's operations on their cards, and the rules for
//! both.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Request, header::AUTHORIZATION};
use serde_json::Value;
use tollgate::dynamodb::{Item, customers::StoredCustomer};
use tollgate_core::stored_cards::{Customer, CustomerKey, MethodId, MethodState, PaymentMethod};

use crate::{
    ledger::Ledger,
    merchants::{GATEWAY_PASSWORD, GATEWAY_USER},
};

/// The customers, and which of their cards are stored.
#[derive(Default)]
pub(crate) struct StoredCards {
    /// Whether cards are really stored. Else each payment says which card it is about.
    pub(crate) are_used: bool,
    /// Whether the merchant refuses cards whose security code is wrong.
    pub(crate) is_strict: bool,
    customers: BTreeMap<String, (CustomerKey, Item)>,
    /// The CVV letter in the gateway's response, by the order id of the verification.
    verified: BTreeMap<String, Option<String>>,
    /// The responses to clients, by the ids of cards.
    told: BTreeMap<String, Told>,
}

/// The responses to clients about a card.
#[derive(Default)]
struct Told {
    /// The account and profile that pay by it.
    payment: String,
    /// Whether a client wants it deleted.
    is_to_be_deleted: bool,
    is_deleted: bool,
}

/// The order id of a verification.
pub(crate) fn order_id(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["orderid"].as_str().unwrap_or_default().to_owned()
}

impl StoredCards {
    /// A customer as it is on record.
    pub(crate) fn customer(&self, key: &CustomerKey) -> Option<Customer> {
        let (key, item) = self.customers.get(&key.to_string())?;
        StoredCustomer(item.clone()).read(key).ok()
    }

    /// Puts the next version of a customer on record.
    pub(crate) fn put(&mut self, customer: &Customer) -> Result<(), String> {
        let item = StoredCustomer::next(customer).0;
        self.customers.insert(customer.key.to_string(), (customer.key.clone(), item));
        let read = self.customer(&customer.key);
        let expected = Customer { version: customer.version + 1, ..customer.clone() };
        if read.as_ref() == Some(&expected) {
            Ok(())
        } else {
            Err(format!("a customer is not read as it was written: {expected:?} {read:?}"))
        }
    }

    pub(crate) fn all(&self) -> Vec<Customer> {
        let read = |(key, item): &(CustomerKey, Item)| StoredCustomer(item.clone()).read(key).ok();
        self.customers.values().filter_map(read).collect()
    }

    /// A card's current record, by its public id.
    fn method(&self, id: &str) -> Option<PaymentMethod> {
        let id: MethodId = id.parse().ok()?;
        let customers = self.all();
        let customer = customers.iter().find(|customer| customer.key.digest == id.customer)?;
        customer.method(id.method).cloned()
    }

    /// A card is on record before it is sent, and sent once.
    pub(crate) fn arrives(&mut self, order_id: &str) -> Option<String> {
        let is_on_record = self
            .all()
            .iter()
            .any(|customer| customer.methods.iter().any(|method| method.gateway_order_id() == order_id));
        if !is_on_record {
            return Some(format!("a card was sent as {order_id} that is not on record"));
        }
        let again = self.verified.insert(order_id.to_owned(), None).is_some();
        again.then(|| format!("a card was sent twice as {order_id}"))
    }

    /// The gateway responds to a verification. Returns the letter of the security code.
    pub(crate) fn verified(&mut self, order_id: String, response: &[u8]) -> Option<String> {
        let body: Value = serde_json::from_slice(response).unwrap_or_default();
        let letter = body["cvvresp"].as_str().map(str::to_owned);
        self.verified.insert(order_id, letter.clone());
        letter
    }

    pub(crate) fn told_stored(&mut self, id: &str, payment: &str) -> Option<String> {
        let method = self.method(id);
        let told = self.told.entry(id.to_owned()).or_default();
        payment.clone_into(&mut told.payment);
        let stored = method.as_ref().and_then(PaymentMethod::stored);
        let is_stored = stored.is_some_and(|it| format!("{}|{}", it.account, it.profile) == payment);
        let is_true = is_stored || told.is_to_be_deleted;
        (!is_true).then(|| format!("{id} was told as stored, and is {method:?}"))
    }

    pub(crate) fn is_to_be_deleted(&mut self, id: &str) {
        self.told.entry(id.to_owned()).or_default().is_to_be_deleted = true;
    }

    pub(crate) fn told_deleted(&mut self, id: &str, ledger: &Ledger) -> Option<String> {
        let method = self.method(id);
        let told = self.told.entry(id.to_owned()).or_default();
        told.is_deleted = true;
        let (payment, merchid) = (told.payment.clone(), method?.route.account);
        let profile = payment.split_once('|').map_or("", |(_, profile)| profile);
        let is_anothers = self.stored().iter().any(|(stored, _)| stored == profile);
        let is_left = !is_anothers && is_at_gateway(ledger, profile, &merchid);
        is_left.then(|| format!("{id} was told as deleted, and the gateway has it"))
    }

    pub(crate) fn known_ids(&self) -> Vec<String> {
        self.told.keys().cloned().collect()
    }

    pub(crate) fn known_payments(&self) -> Vec<String> {
        let payments = self.told.values().map(|told| told.payment.clone());
        payments.filter(|payment| !payment.is_empty()).collect()
    }

    pub(crate) fn deleted_ids(&self) -> Vec<String> {
        self.told.iter().filter(|(_, told)| told.is_deleted).map(|(id, _)| id.clone()).collect()
    }

    /// Whether every card that pays by this was told as deleted.
    pub(crate) fn is_deleted(&self, payment: &str) -> bool {
        self.told.values().filter(|told| told.payment == payment).all(|told| told.is_deleted)
    }

    /// Profile and order id of each card that can be paid with.
    fn stored(&self) -> Vec<(String, String)> {
        let stored =
            |method: &PaymentMethod| Some((method.stored()?.profile.clone(), method.gateway_order_id()));
        self.all().iter().flat_map(|customer| customer.methods.iter().filter_map(stored)).collect()
    }
}

/// The rules that must hold when nothing is left to do.
pub(crate) fn ended(cards: &StoredCards, ledger: &Ledger) -> Vec<String> {
    let mut broken = Vec::new();
    let stored = cards.stored();
    let mut profiles: BTreeSet<String> = BTreeSet::new();
    for (profile, order_id) in &stored {
        if !profiles.insert(profile.clone()) {
            broken.push(format!("profile {profile} is stored twice"));
        }
        let letter = cards.verified.get(order_id).cloned().flatten();
        if cards.is_strict && letter.as_deref() != Some("M") {
            broken.push(format!("{order_id} is stored, and its security code was {letter:?}"));
        }
    }
    for customer in cards.all() {
        let mut seen = BTreeSet::new();
        let is_stored = |method: &&PaymentMethod| method.state == MethodState::Stored;
        for method in customer.methods.iter().filter(is_stored) {
            if !seen.insert(method.fingerprint.0) {
                broken.push(format!("a card is stored twice: {customer:?}"));
            }
        }
    }
    let at_gateway = at_gateway(ledger);
    for profile in at_gateway.difference(&profiles) {
        broken.push(format!("the gateway has profile {profile}, and no customer"));
    }
    for profile in profiles.difference(&at_gateway) {
        broken.push(format!("a customer has profile {profile}, and the gateway has not"));
    }
    for (id, told) in cards.told.iter().filter(|(_, told)| !told.is_to_be_deleted) {
        let state = cards.method(id).map(|method| method.state);
        if state != Some(MethodState::Stored) {
            broken.push(format!("{id} was told as stored as {}, and is lost: {state:?}", told.payment));
        }
    }
    broken
}

/// Every profile that a verification made and that is there.
fn at_gateway(ledger: &Ledger) -> BTreeSet<String> {
    let transactions = ledger.simulator.transactions();
    let named = transactions.iter().filter_map(|transaction| {
        Some((transaction["profileid"].as_str()?.to_owned(), transaction["merchid"].as_str()?.to_owned()))
    });
    named
        .filter(|(profile, merchid)| is_at_gateway(ledger, profile, merchid))
        .map(|(profile, _)| profile)
        .collect()
}

fn is_at_gateway(ledger: &Ledger, profile: &str, merchid: &str) -> bool {
    let credentials = BASE64_STANDARD.encode(format!("{GATEWAY_USER}:{GATEWAY_PASSWORD}"));
    let request = Request::get(format!("http://127.0.0.1:1/cardconnect/rest/profile/{profile}/1/{merchid}"))
        .header(AUTHORIZATION, format!("Basic {credentials}"))
        .body(Vec::new());
    // A profile is an array of accounts; an object says that there is no profile.
    request.is_ok_and(|request| ledger.simulator.respond(&request).body.starts_with(b"["))
}
