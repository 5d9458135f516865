//! `journal compare`: which facts the journal has and the table has not. After the table was
//! restored to an earlier moment, these are the movements of money that it does not know of.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate::{
    dynamodb::journal::{deposit_entry, entry_of, key_of},
    merchant_document::hosts::AllowedHosts,
    ports::Job,
};
use tollgate_core::{
    journal::{Entry, entries},
    order::{MerchantId, OrderId, OrderKey},
    payments::{Merchant, Refusal, StoreError},
    values::{Amount, Currency},
};
use uuid::Uuid;

use super::deposits::Told;
use crate::{
    args::Compare,
    aws::Aws,
    failure::{Failure, UNHEALTHY},
    gateway::Gateway,
    installation::Installation,
    payment::history,
    report::Report,
};

/// The part of an entry that a person needs to decide what to do.
struct Fact {
    id: Uuid,
    at: Timestamp,
    what: String,
    amount: (Amount, Currency),
    /// Beside the amount.
    fee: Option<(Amount, Currency)>,
    transaction: Uuid,
    retref: Option<String>,
    mid: String,
    /// The gateway's record of it now, if an inquiry was sent.
    at_gateway: Option<String>,
}

/// The journal's entries since then, by order.
type Facts = BTreeMap<(MerchantId, OrderId), Vec<Fact>>;

pub(crate) async fn compare(installation: &Installation, compare: &Compare) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let (table, journal) =
        (installation.table()?, installation.journal_table(compare.journal_table.as_deref())?);
    // Only an inquiry takes a merchant.
    let job = if compare.inquire { installation.job()? } else { installation.orders_job()? };
    let now = installation.clock.now();
    let (mut facts, mut unreadable) = (Facts::new(), Vec::new());
    let (mut read, mut from, mut settled) = (0, None, Told::default());
    loop {
        let (items, next) = aws.scan(&journal, from).await?;
        for item in &items {
            match entry_of(item) {
                // Items that are about to be deleted may be there or not.
                Some(Ok(entry)) if installation.retention.is_over(entry.at, now) => {}
                Some(Ok(entry)) if entry.at >= compare.since => {
                    read += 1;
                    let key = (entry.order.merchant.clone(), entry.order.order.clone());
                    facts.entry(key).or_default().push(Fact::from(entry));
                }
                Some(Err(_)) => unreadable.push(key_of(item)),
                Some(Ok(_)) => {}
                None => match deposit_entry(item) {
                    Some(Ok(entry)) => {
                        read += usize::from(settled.add(entry, compare.since, (installation.retention, now)));
                    }
                    Some(Err(_)) => unreadable.push(key_of(item)),
                    None => {}
                },
            }
        }
        from = next;
        if from.is_none() {
            break;
        }
    }
    for (key, facts) in &mut facts {
        match known(&job, key).await? {
            Some(known) => facts.retain(|fact| !known.contains(&fact.id)),
            None => unreadable.push(format!("{}#{}", key.0, key.1)),
        }
    }
    facts.retain(|_, facts| !facts.is_empty());
    let settled = settled.unknown(installation).await?;
    if compare.inquire {
        inquire(&installation.hosts.gateways, &job, &mut facts).await;
    }
    Ok(report(table, read, (facts, &settled), &unreadable))
}

/// The entries that the table implies for an order; none for an order that it does not have, and
/// `None` if the order cannot be read.
async fn known(
    job: &Job,
    (merchant, order): &(MerchantId, OrderId),
) -> Result<Option<HashSet<Uuid>>, Failure> {
    let key = OrderKey { merchant: merchant.clone(), order: order.clone() };
    match job.payments.order(&key).await {
        Ok(order) => Ok(Some(entries(None, &order).into_iter().map(|entry| entry.id).collect())),
        Err(Refusal::Store(StoreError::Corrupt(_))) => Ok(None),
        Err(refusal) => match Failure::from(refusal) {
            Failure::NotThere(_) => Ok(Some(HashSet::new())),
            failure => Err(failure),
        },
    }
}

/// Reads the gateway's record of each fact back. Where there is no response, the reason is shown in
/// its place.
async fn inquire(hosts: &AllowedHosts, job: &Job, facts: &mut Facts) {
    let mut merchants: HashMap<MerchantId, Result<Arc<Merchant>, String>> = HashMap::new();
    for ((merchant, _), facts) in facts {
        if !merchants.contains_key(merchant) {
            let found = job.merchants.get(merchant).await;
            merchants.insert(merchant.clone(), found.map_err(|error| Failure::from(error).text().to_owned()));
        }
        for fact in facts {
            let Some(retref) = &fact.retref else { continue };
            let state = match &merchants[merchant] {
                Ok(merchant) => state(hosts, merchant, retref, &fact.mid).await,
                Err(why) => Err(why.clone()),
            };
            fact.at_gateway = Some(state.unwrap_or_else(|why| format!("not known ({why})")));
        }
    }
}

async fn state(hosts: &AllowedHosts, merchant: &Merchant, retref: &str, mid: &str) -> Result<String, String> {
    let account = &merchant.gateway;
    let gateway = Gateway::new(hosts, &account.endpoint, &account.username, &account.password);
    let state = match gateway {
        Ok(gateway) => gateway.state(retref, mid).await,
        Err(failure) => Err(failure),
    };
    let state = state.map_err(|failure| failure.text().to_owned())?;
    Ok(state.unwrap_or_else(|| "no record".to_owned()))
}

impl From<Entry> for Fact {
    fn from(entry: Entry) -> Self {
        let (operation, what) = (history::words(entry.kind.as_str()), history::words(entry.fact.as_str()));
        Self {
            id: entry.id,
            at: entry.at,
            what: format!("{operation} {what}"),
            amount: (entry.amount, entry.currency),
            fee: entry.fee.map(|fee| (fee.amount, entry.currency)),
            transaction: entry.transaction,
            retref: entry.reference,
            mid: entry.account,
            at_gateway: None,
        }
    }
}

impl Fact {
    fn text(&self) -> String {
        let mut parts = vec![history::time(self.at).to_string(), self.what.clone()];
        parts.push(money(self.amount));
        parts.extend(self.fee.map(|fee| format!("fee {}", money(fee))));
        parts.extend(self.retref.as_ref().map(|retref| format!("retref {retref}")));
        parts.extend(self.at_gateway.as_ref().map(|state| format!("at the gateway: {state}")));
        parts.join("  ")
    }

    fn value(&self) -> Value {
        json!({
            "entry_id": self.id, "at": self.at, "what": self.what, "transaction": self.transaction,
            "amount": money(self.amount), "fee": self.fee.map(money), "retref": self.retref, "mid": self.mid, "at_gateway": self.at_gateway,
        })
    }
}

fn money((amount, currency): (Amount, Currency)) -> String {
    format!("{} {currency}", currency.decimal(amount))
}

fn report(table: &str, read: usize, (facts, settled): (Facts, &Told), unreadable: &[String]) -> Report {
    let missing = facts.values().map(Vec::len).sum::<usize>() + settled.count();
    let mut lines = vec![if missing == 0 {
        format!("{read} entries of the journal: {table} has all of them.")
    } else {
        let deposits = match settled.deposits() {
            0 => String::new(),
            deposits => format!(" and {deposits} deposits"),
        };
        format!(
            "{read} entries of the journal: {table} lacks {missing}, of {} orders{deposits}.",
            facts.len()
        )
    }];
    let mut orders = Vec::new();
    for ((merchant, order), mut facts) in facts {
        facts.sort_by_key(|fact| (fact.at, fact.id));
        lines.push(format!("\n{merchant}, order {order}"));
        lines.extend(facts.iter().map(|fact| format!("  {}", fact.text())));
        let facts: Vec<Value> = facts.iter().map(Fact::value).collect();
        orders.push(json!({ "merchant": merchant, "order": order, "facts": facts }));
    }
    lines.extend(settled.lines());
    if !unreadable.is_empty() {
        lines.push(format!("\nCannot be read by this version: {}", unreadable.join(", ")));
    }
    let value = json!({ "table": table, "entries": read, "missing": missing, "orders": orders, "deposits": settled.value(), "unreadable": unreadable });
    let code = if missing == 0 && unreadable.is_empty() { 0 } else { UNHEALTHY };
    Report { code, ..Report::new(lines.join("\n"), value) }
}
