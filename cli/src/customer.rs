//! `customer erase`: one customer's personal data, out of everything that is stored.
//!
//! The data of orders goes first, then the customer's cards at the gateway, at last the customer's
//! own item, by which the rest is found. So a run that was interrupted is repeated, and goes on
//! where it was. Before all of it go the journal's pointers, by which payments are found by their
//! customer: orders say which there are. The journal's entries, its totals and deliveries hold
//! nothing of a customer, and attempts expire on their own.

mod pointers;

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::{
    dynamodb::{Item, customers::StoredCustomer, orders::stream::whole_order},
    ports::Job,
};
use tollgate_core::{
    journal::{FoundByText, found_by},
    order::{CustomerTraces, Erased, MerchantId, OrderKey},
    payments::{Deadline, Merchant, MerchantsError},
    stored_cards::{Customer, CustomerKey, MethodRefusal, PaymentMethod, PaymentMethods, ProfileOutcome},
    values::StoredCard,
};

use self::pointers::Pointers;
use crate::{
    args::{EraseCustomer, Who},
    aws::Aws,
    failure::{Failure, UNHEALTHY},
    installation::Installation,
    precondition::must_exist,
    report::Report,
};

/// Longest wait for all calls about one card.
const CARD_LIMIT: Duration = Duration::from_mins(1);

/// Longest wait for the deletion of a card that only a payment names.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// The table's data about a customer.
#[derive(Default)]
struct Found {
    /// By which the rest was found.
    traces: CustomerTraces,
    /// The customer's orders, each with the data that is erased.
    orders: Vec<(OrderKey, Erased)>,
    /// Orders that cannot be read: whose they are cannot be told.
    unreadable: Vec<String>,
    /// Cards that only these orders name, and that are deleted at the gateway.
    cards: Vec<StoredCard>,
    /// Cards that other customers have stored. The gateway gives equal cards one profile, so it
    /// stays.
    of_others: Vec<StoredCard>,
    /// The texts by which payments are no longer found.
    lost: Vec<FoundByText>,
}

/// The result of a run.
#[derive(Default)]
struct Sum {
    orders: Vec<Value>,
    lines: Vec<String>,
    cards: Vec<StoredCard>,
    waiting: usize,
    pointers: usize,
    is_customer_gone: bool,
}

pub(crate) async fn erase(installation: &Installation, erase: &EraseCustomer) -> Result<Report, Failure> {
    let (job, methods) = (installation.job()?, installation.stored_cards()?);
    let mut traces = CustomerTraces { orders: erase.order.clone(), ..CustomerTraces::default() };
    let mut customer = None;
    match &erase.who {
        Who::Email(email) => traces.email = Some(email.clone()),
        Who::Reference(reference) => {
            traces.reference = Some(reference.clone());
            let found = methods.customer_by(&erase.merchant, reference).await;
            customer = found.map_err(|error| failed(&error))?;
        }
    }
    if let Some(customer) = &customer {
        traces.cards = customer.methods.iter().map(|method| method.card.clone()).collect();
    }
    let found = find(installation, &erase.merchant, customer.as_ref(), &traces).await?;
    if customer.is_none() && found.orders.is_empty() && found.unreadable.is_empty() {
        must_exist(installation, &erase.merchant).await?;
    }
    let pointers = find_pointers(installation, &job, erase, &traces, &found.lost).await?;
    let mut sum = Sum { pointers: pointers.as_ref().map_or(0, Pointers::count), ..Sum::default() };
    if erase.is_meant() {
        if let Some(pointers) = pointers {
            pointers.delete(&Aws::new(installation)?).await?;
        }
        carry_out(&job, &methods, erase, &found, customer, &mut sum).await?;
    } else {
        for (key, erased) in &found.orders {
            sum.add(key, erased);
        }
        sum.cards = found.cards.clone();
        sum.cards.extend(customer.iter().flat_map(stored_of));
        sum.is_customer_gone = customer.is_some();
    }
    Ok(report(installation, erase, sum, &found.unreadable))
}

/// The journal's pointers to the customer's payments. Without the merchant's document nothing tells
/// them from others', here or to anybody else.
async fn find_pointers(
    installation: &Installation,
    job: &Job,
    erase: &EraseCustomer,
    traces: &CustomerTraces,
    lost: &[FoundByText],
) -> Result<Option<Pointers>, Failure> {
    let merchant = match job.merchants.get_for_inquiries(&erase.merchant).await {
        Ok(merchant) => merchant,
        Err(MerchantsError::Unknown) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let journal = installation.journal_table(erase.journal_table.as_deref())?;
    Pointers::find(&Aws::new(installation)?, journal, &merchant, traces, lost).await.map(Some)
}

/// Looks through the table once.
async fn find(
    installation: &Installation,
    merchant: &MerchantId,
    customer: Option<&Customer>,
    traces: &CustomerTraces,
) -> Result<Found, Failure> {
    let (aws, table) = (Aws::new(installation)?, installation.table()?);
    let (mut found, mut from) = (Found { traces: traces.clone(), ..Found::default() }, None);
    let own = customer.map(|customer| customer.key.to_string());
    let (orders, customers) = (format!("{merchant}#"), format!("#customer#{merchant}#"));
    loop {
        let (items, next) = aws.scan(table, from).await?;
        for item in items {
            let key = item.get("order_key").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
            if let Some(digest) = key.strip_prefix(&customers) {
                if own.as_ref() != Some(&key) {
                    found.of_others.extend(cards_of(merchant, digest, item));
                }
            } else if key.starts_with(&orders)
                && let Some(change) = whole_order(item)
            {
                let Ok((_, mut order)) = change.orders else {
                    found.unreadable.push(change.key);
                    continue;
                };
                let all: Vec<_> = order.stored_cards_of(traces).into_iter().map(|(_, card)| card).collect();
                let before = order.clone();
                let erased = order.erase(traces, &all);
                found.cards.extend(all);
                if erased != Erased::default() {
                    found.lost.extend(found_by(Some(&order), &before));
                    found.orders.push((order.key(), erased));
                }
            }
        }
        from = next;
        if from.is_none() {
            found.cards.retain(|card| !found.of_others.contains(card));
            return Ok(found);
        }
    }
}

/// The cards that another customer can pay with.
fn cards_of(merchant: &MerchantId, digest: &str, item: Item) -> Vec<StoredCard> {
    let Ok(digest) = u128::from_str_radix(digest, 16) else { return Vec::new() };
    let key = CustomerKey { merchant: merchant.clone(), digest };
    StoredCustomer(item).read(&key).map(|customer| stored_of(&customer)).unwrap_or_default()
}

async fn carry_out(
    job: &Job,
    methods: &PaymentMethods,
    erase: &EraseCustomer,
    found: &Found,
    customer: Option<Customer>,
    sum: &mut Sum,
) -> Result<(), Failure> {
    let traces = &found.traces;
    let mut deleted = found.of_others.clone();
    for (key, _) in &found.orders {
        let order = job.payments.order(key).await?;
        for (route, card) in order.stored_cards_of(traces) {
            if deleted.contains(&card) {
                continue;
            }
            let merchant = job.merchants.get(&erase.merchant).await?;
            let outcome = methods.profiles.delete(&merchant, &route, &card, CALL_LIMIT).await;
            if matches!(outcome, ProfileOutcome::Done | ProfileOutcome::Missing) {
                sum.cards.push(card.clone());
                deleted.push(card);
            }
        }
        let erased = job.payments.erase_customer(order, traces, &deleted).await?;
        sum.add(key, &erased);
    }
    if let Some(customer) = customer.filter(|_| sum.waiting == 0) {
        let customer = delete_cards(job, methods, erase, customer, &found.of_others, sum).await?;
        if sum.waiting == 0 {
            sum.is_customer_gone = methods.forget(&customer).await.map_err(|error| failed(&error))?;
            sum.waiting += usize::from(!sum.is_customer_gone);
        }
    }
    Ok(())
}

/// Deletes the customer's cards at the gateway.
async fn delete_cards(
    job: &Job,
    methods: &PaymentMethods,
    erase: &EraseCustomer,
    customer: Customer,
    shared: &[StoredCard],
    sum: &mut Sum,
) -> Result<Customer, Failure> {
    if customer.methods.is_empty() {
        return Ok(customer);
    }
    let before = stored_of(&customer);
    let merchant: &Merchant = &*job.merchants.get(&erase.merchant).await?;
    let run = methods.delete_all(merchant, customer, shared, Deadline::after(CARD_LIMIT)).await;
    let (customer, left) = run.map_err(|error| failed(&error))?;
    let after = stored_of(&customer);
    sum.cards.extend(before.into_iter().filter(|card| !after.contains(card)));
    sum.waiting += left;
    Ok(customer)
}

/// The cards that a customer can pay with.
fn stored_of(customer: &Customer) -> Vec<StoredCard> {
    customer.methods.iter().filter_map(PaymentMethod::stored).cloned().collect()
}

impl Sum {
    fn add(&mut self, key: &OrderKey, erased: &Erased) {
        let Erased { members, waiting } = erased;
        self.waiting += waiting;
        if members.is_empty() && *waiting == 0 {
            return;
        }
        let words: Vec<&str> = members.iter().copied().collect();
        let mut line = format!("order {}: {}", key.order, words.join(", "));
        if *waiting > 0 {
            line += "; the rest waits for an outcome";
        }
        self.lines.push(line);
        self.orders.push(json!({ "order": key.order.as_str(), "erased": words, "waiting": waiting }));
    }
}

fn report(installation: &Installation, erase: &EraseCustomer, sum: Sum, unreadable: &[String]) -> Report {
    let Sum { orders, mut lines, cards, waiting, pointers, is_customer_gone } = sum;
    let (stage, cards) = (installation.stage_or_unnamed(), cards.len());
    if is_customer_gone {
        lines.insert(0, "the customer's item, with its reference".to_owned());
    }
    if pointers > 0 {
        lines.insert(0, format!("pointers to its payments in the journal: {pointers}"));
    }
    if cards > 0 {
        lines.insert(0, format!("{cards} stored cards, at the gateway and here"));
    }
    let heading = match (erase.is_meant(), lines.is_empty()) {
        (_, true) => {
            format!("Nothing is stored of this customer. Stage {stage}, merchant {}.", erase.merchant)
        }
        (true, false) => format!("Erased. Stage {stage}, merchant {}.", erase.merchant),
        (false, false) => {
            format!("Nothing was changed; --yes erases this. Stage {stage}, merchant {}.", erase.merchant)
        }
    };
    lines.insert(0, heading);
    if waiting > 0 {
        lines.push(format!(
            "{waiting} payments or cards keep what is needed until their outcome is known: repeat the command then."
        ));
    }
    if !unreadable.is_empty() {
        lines.push(format!("Cannot be read, so whose they are is not known: {}", unreadable.join(", ")));
    }
    let value = json!({
        "stage": stage, "merchant": erase.merchant, "dry_run": !erase.is_meant(), "orders": orders, "cards": cards, "pointers": pointers,
        "customer": is_customer_gone, "waiting": waiting, "unreadable": unreadable,
    });
    let is_complete = waiting == 0 && unreadable.is_empty();
    let code = if is_complete { 0 } else { UNHEALTHY };
    Report { code, ..Report::new(lines.join("\n"), value) }
}

fn failed(error: &MethodRefusal) -> Failure {
    Failure::Unavailable(format!("{error}; what was erased stays so, and the command can be repeated"))
}
