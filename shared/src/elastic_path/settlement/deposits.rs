//! `GET /v2/deposits` and `GET /v2/deposits/{depositId}`: what arrived, and line by line what it is made of.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;
use jiff::{Timestamp, ToSpan, civil::Date};
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{Entry, EntryPlace, EntryQuery},
    payments::{Refusal, Role},
    settlement::{Adjustment, Chargeback, Component, Deposit, Exception, ExceptionCause, Funded, Line},
    values::{Currency, ReadOrder, sort_of},
};

use super::{accounts, decimal};
use crate::{
    api::{
        Code,
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
    },
    elastic_path::{
        cursor::Place,
        filter::{DepositFilter, NoFilter},
        page::{csv, wants_csv},
        paging::{PARAMETERS, Paging, WITHOUT_FILTER},
        parameters::Parameters,
        response::enveloped,
    },
    invocation::path_parameter,
    ports::Transactions,
};

/// How far back is looked where the filter does not say, in days.
const WITHIN_DAYS: i32 = 92;

/// Deposits may be dated ahead by so many days.
const AHEAD_DAYS: i32 = 7;

/// Entries of a reference that are looked at: one tells the order.
const ENTRIES_OF_LINE: usize = 1;

/// The names of the columns of a list. None is ever changed; a release may add some at the end.
const COLUMNS: [&str; 13] = [
    "deposit",
    "date",
    "gross",
    "refunds",
    "fees",
    "chargebacks",
    "net",
    "lines",
    "unmatched",
    "adjustments",
    "currency",
    "mid",
    "trace_number",
];

/// The same of a deposit's lines.
const LINE_COLUMNS: [&str; 11] = [
    "deposit",
    "date",
    "retref",
    "kind",
    "amount",
    "currency",
    "status",
    "settled_at",
    "order",
    "transaction",
    "unmatched",
];

handlers! {
    /// `GET /v2/deposits?filter=…&page[limit]=…&page[cursor]=…`: what arrived, the latest first, as JSON or as CSV.
    list_deposits(Transactions) => list();
    /// `GET /v2/deposits/{depositId}?page[limit]=…&page[cursor]=…`: a deposit with its parts, and its lines page by page.
    get_deposit(Transactions) => read();
}

async fn list(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let mut parameters = Parameters::of(request, &PARAMETERS);
    let paging: Paging<DepositFilter> = Paging::read("deposits\n", (request, &mut parameters), &caller, now);
    parameters.finish()?;
    let (merchant, after) = (&caller.merchant.id, paging.place.as_ref().map(|place| place.after.as_str()));
    let between = days(&paging.filter, now);
    let (deposits, order) = (ports.settlement.deposits.as_ref(), ReadOrder::NewestFirst);
    let page = deposits.list(merchant, between, order, after, paging.limit);
    let page = page.await.map_err(Refusal::Store)?;
    let is_wanted = |one: &&Deposit| paging.filter.account.as_ref().is_none_or(|mid| *mid == one.account);
    let found: Vec<&Deposit> = page.deposits.iter().filter(is_wanted).collect();
    let unmatched = Unmatched::of(ports, &caller, found.iter().map(|one| one.account.as_str())).await?;
    let cursor = page.next.clone().map(|after| paging.cursor(&Place::of_keys(after), &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let body = if wants_csv(request) {
        csv(&COLUMNS, found.iter().map(|deposit| cells(deposit, &unmatched)))?
    } else {
        Page::from(json!({
            "data": found.iter().map(|deposit| shown(deposit, &unmatched)).collect::<Vec<_>>(),
            "links": {"next": next},
            "meta": {
                "page": {"limit": paging.limit, "cursor": cursor},
                "from": between.0,
                "to": between.1,
                "accounts": accounts(ports, &caller).await?,
            },
        }))
    };
    Ok(Reply::new(200, body.followed_by(next.as_deref())))
}

/// The days of a list, both included.
fn days(filter: &DepositFilter, now: Timestamp) -> (Date, Date) {
    let today = tollgate_core::settlement::eastern_day(now);
    let last = filter.last.unwrap_or_else(|| today.saturating_add(AHEAD_DAYS.days()));
    let first = filter.first.unwrap_or_else(|| last.min(today).saturating_sub(WITHIN_DAYS.days()));
    (first, last)
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let id = path_parameter(request, "depositId");
    let mut parameters = Parameters::of(request, &WITHOUT_FILTER);
    let mark = format!("deposit {id}\n");
    let paging: Paging<NoFilter> = Paging::read(&mark, (request, &mut parameters), &caller, now);
    parameters.finish()?;
    let merchant = &caller.merchant.id;
    let found = ports.settlement.deposits.get(merchant, &id).await.map_err(Refusal::Store)?;
    let (deposit, chargebacks) =
        found.ok_or_else(|| Failure::new(Code::NotFound, "there is no such deposit"))?;
    let unmatched = Unmatched::of(ports, &caller, [deposit.account.as_str()]).await?;
    let (lines, next) = lines(ports, &caller, &deposit, &paging).await?;
    let cursor = next.map(|after| paging.cursor(&Place::of_keys(after), &caller, now));
    let next = cursor.as_deref().map(|cursor| paging.link(cursor));
    let body = if wants_csv(request) {
        csv(&LINE_COLUMNS, lines.iter().map(|line| line_cells(&deposit, line, &unmatched)))?
    } else {
        let mut shown = shown(&deposit, &unmatched);
        shown["components"] = deposit.components.iter().map(component_value).collect();
        shown["adjustment_details"] = deposit.adjustments.iter().map(adjustment_value).collect();
        shown["chargeback_details"] = chargebacks.iter().map(chargeback_value).collect();
        shown["line_details"] = lines.iter().map(|line| line_value(&deposit, line, &unmatched)).collect();
        let mut body = enveloped(shown);
        body["links"] = json!({"next": next});
        body["meta"] = json!({"page": {"limit": paging.limit, "cursor": cursor}});
        Page::from(body)
    };
    Ok(Reply::new(200, body.followed_by(next.as_deref())))
}

/// Open exceptions by what they are about.
#[derive(Default)]
struct Unmatched {
    by_deposit: HashMap<String, u64>,
    by_reference: BTreeMap<(String, String), ExceptionCause>,
}

impl Unmatched {
    async fn of<'a>(
        ports: &Transactions,
        caller: &Caller,
        accounts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Failure> {
        let accounts: std::collections::BTreeSet<&str> = accounts.into_iter().collect();
        let open =
            accounts.iter().map(|account| ports.settlement.exceptions.open_of(&caller.merchant.id, account));
        let mut unmatched = Self::default();
        for exception in try_join_all(open).await.map_err(Refusal::Store)?.into_iter().flatten() {
            unmatched.add(exception);
        }
        Ok(unmatched)
    }

    fn add(&mut self, exception: Exception) {
        let Exception { account, cause, reference, deposit, .. } = exception;
        if let Some(deposit) = deposit {
            *self.by_deposit.entry(deposit).or_default() += 1;
        }
        if let Some(reference) = reference {
            self.by_reference.insert((account, reference), cause);
        }
    }

    fn in_deposit(&self, deposit: &Deposit) -> u64 {
        self.by_deposit.get(&deposit.id).copied().unwrap_or_default()
    }

    fn of_line(&self, deposit: &Deposit, reference: &str) -> Option<&'static str> {
        let key = (deposit.account.clone(), reference.to_owned());
        self.by_reference.get(&key).map(|cause| cause.as_str())
    }
}

/// A deposit's amounts, in minor units with signs. They add up to what arrives.
struct Sums {
    gross: i64,
    refunds: i64,
    fees: i64,
    chargebacks: i64,
    adjustments: i64,
}

impl Sums {
    fn of(deposit: &Deposit) -> Self {
        let of = |all: &[Component]| all.iter().map(|one| deposit.component(*one)).sum();
        let refunds = deposit.refunds;
        Self {
            gross: deposit.component(Component::NetSales) - refunds,
            refunds,
            fees: of(&[
                Component::Fee,
                Component::Interchange,
                Component::ServiceCharge,
                Component::ThirdParty,
            ]),
            chargebacks: of(&[Component::Reversal]),
            adjustments: of(&[Component::Adjustment, Component::Other]),
        }
    }
}

fn shown(deposit: &Deposit, unmatched: &Unmatched) -> Value {
    let Sums { gross, refunds, fees, chargebacks, adjustments } = Sums::of(deposit);
    json!({
        "type": "deposit",
        "id": deposit.id,
        "mid": deposit.account,
        "date": deposit.day,
        "currency": deposit.currency.map(Currency::code),
        "gross": gross,
        "refunds": refunds,
        "fees": fees,
        "chargebacks": chargebacks,
        "adjustments": adjustments,
        "net": deposit.total,
        "lines": deposit.lines.0,
        "unmatched": unmatched.in_deposit(deposit),
        "trace_number": deposit.trace_number,
        "changed_on": deposit.changed_on,
    })
}

fn cells(deposit: &Deposit, unmatched: &Unmatched) -> Vec<String> {
    let Sums { gross, refunds, fees, chargebacks, adjustments } = Sums::of(deposit);
    let decimal = |minor| decimal(minor, deposit.currency);
    vec![
        deposit.id.clone(),
        deposit.day.to_string(),
        decimal(gross),
        decimal(refunds),
        decimal(fees),
        decimal(chargebacks),
        decimal(deposit.total),
        deposit.lines.0.to_string(),
        unmatched.in_deposit(deposit).to_string(),
        decimal(adjustments),
        deposit.currency.map_or_else(String::new, |currency| currency.code().to_owned()),
        deposit.account.clone(),
        deposit.trace_number.clone().unwrap_or_default(),
    ]
}

fn component_value((component, amount): &(Component, i64)) -> Value {
    json!({"component": component.as_str(), "amount": amount})
}

fn adjustment_value(one: &Adjustment) -> Value {
    json!({
        "id": one.id,
        "component": one.component.map(Component::as_str),
        "category": one.category,
        "description": one.description,
        "amount": one.amount,
        "case": one.case,
        "date": one.day,
    })
}

fn chargeback_value(one: &Chargeback) -> Value {
    json!({
        "id": one.id,
        "case": one.case,
        "sequence": one.sequence,
        "retref": one.reference,
        "amount": one.amount,
        "date": one.on,
        "reason_code": one.reason_code,
        "reason": one.reason,
        "acquirer_reference": one.acquirer_reference,
    })
}

/// One line of a deposit, with what the journal knows of it.
struct OfDeposit {
    line: Line,
    funded: Funded,
    entry: Option<Entry>,
}

/// A page of a deposit's lines, by reference, and where the next one begins.
async fn lines(
    ports: &Transactions,
    caller: &Caller,
    deposit: &Deposit,
    paging: &Paging<NoFilter>,
) -> Result<(Vec<OfDeposit>, Option<String>), Failure> {
    let all =
        ports.settlement.deposits.lines_of(&caller.merchant.id, &deposit.id).await.map_err(Refusal::Store)?;
    let mut rows: Vec<OfDeposit> = all
        .into_iter()
        .flat_map(|(_, line)| {
            let held = line.funded.clone().into_iter().filter(|one| one.deposit == deposit.id);
            held.map(move |funded| OfDeposit { line: line.clone(), funded, entry: None }).collect::<Vec<_>>()
        })
        .collect();
    let place = |row: &OfDeposit| format!("{}#{}#{}", deposit.day, row.line.reference, row.funded.id);
    rows.sort_by_cached_key(place);
    let after = paging.place.as_ref().map(|place| place.after.as_str());
    rows.retain(|row| after.is_none_or(|after| *place(row) > *after));
    let more = rows.len() > paging.limit;
    rows.truncate(paging.limit);
    let entries = rows.iter().map(|row| entry_of(ports, caller, &row.line.reference));
    let entries = try_join_all(entries).await?;
    rows.iter_mut().zip(entries).for_each(|(row, entry)| row.entry = entry);
    let next = rows.last().filter(|_| more).map(place);
    Ok((rows, next))
}

/// What the journal knows of a reference: its latest entry.
async fn entry_of(ports: &Transactions, caller: &Caller, reference: &str) -> Result<Option<Entry>, Failure> {
    let place = EntryPlace::Reference(reference.to_owned());
    let between = (sort_of(Timestamp::UNIX_EPOCH), sort_of(ports.access.now()));
    let query = EntryQuery {
        merchant: &caller.merchant.id,
        between: (&between.0, &between.1),
        order: ReadOrder::NewestFirst,
        limit: ENTRIES_OF_LINE,
    };
    let page = ports.log.entries(&place, &query).await.map_err(Refusal::Store)?;
    Ok(page.entries.into_iter().find_map(|(_, entry)| entry.ok()))
}

fn line_value(deposit: &Deposit, row: &OfDeposit, unmatched: &Unmatched) -> Value {
    let OfDeposit { line, funded, entry } = row;
    json!({
        "type": "deposit_line",
        "retref": line.reference,
        "kind": funded.kind.as_str(),
        "status": funded.status.as_str(),
        "amount": funded.amount,
        "currency": funded.currency.map(Currency::code),
        "settled_at": line.settled.first().map(|settled| settled.day),
        "order": entry.as_ref().map(|entry| &entry.order.order),
        "transaction": entry.as_ref().map(|entry| entry.transaction),
        "custom_reference": entry.as_ref().and_then(|entry| entry.merchant_reference.as_ref()),
        "unmatched": unmatched.of_line(deposit, &line.reference),
    })
}

fn line_cells(deposit: &Deposit, row: &OfDeposit, unmatched: &Unmatched) -> Vec<String> {
    let OfDeposit { line, funded, entry } = row;
    let known = |text: Option<String>| text.unwrap_or_default();
    vec![
        deposit.id.clone(),
        deposit.day.to_string(),
        line.reference.clone(),
        funded.kind.as_str().to_owned(),
        decimal(funded.amount, funded.currency.or(deposit.currency)),
        known(funded.currency.or(deposit.currency).map(|currency| currency.code().to_owned())),
        funded.status.as_str().to_owned(),
        known(line.settled.first().map(|settled| settled.day.to_string())),
        known(entry.as_ref().map(|entry| entry.order.order.to_string())),
        known(entry.as_ref().map(|entry| entry.transaction.to_string())),
        known(unmatched.of_line(deposit, &line.reference).map(str::to_owned)),
    ]
}
