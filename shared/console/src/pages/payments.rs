//! The list of payments: one box that finds by any text that people quote, tabs by state, and the
//! whole filter in the address, except an e-mail address, which is in none.

mod reading;
mod search;

use askama::Template;
use jiff::Timestamp;
use lambda_http::{Body, Response, http::Method};
use tollgate_core::values::{SearchedBy, SignedAmount};
use tollgate_wire::{Deposit, DepositPageMeta, TransactionPageMeta};

use crate::{
    api::{Failure, address},
    frame::Frame,
    pages::{Known, Tab, Visit, download, payment::Payment, problem::Problem, rendered},
    rows::{Row, Rows},
    web::{self, LOST, Pairs, is_personal, redirect},
    words,
};

use self::{
    reading::{CALLS_MAX, Reading, readings},
    search::{DECLINED, KINDS, Search},
};

/// How many payments a page has.
const ROWS: &str = "25";
/// Longest text in the box.
const TEXT_MAX_BYTES: usize = 200;
/// Parts of all amounts that links lead to, as they are typed.
const AMOUNTS: [&str; 4] = ["under 20", "20 to 100", "100 to 500", "over 500"];

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    frame: Frame,
    search: Search,
    /// Whether the text is in no address, so that the page's links are buttons of its form.
    is_posted: bool,
    /// Whether a text that no address has was lost at a new sign-in.
    is_lost: bool,
    tabs: Vec<Tab>,
    csv: String,
    rows: Vec<Row<Payment>>,
    /// The currency of all rows, in the heading of amounts: `, USD`. Empty if there are several.
    heading: String,
    /// The search that was made.
    tried: String,
    /// The text where no row is found.
    empty: &'static str,
    /// Links to deposits that have the text, and to further meanings of it.
    deposits: Vec<Known>,
    others: Vec<Known>,
    /// Links to a part of this list.
    parts: Vec<Known>,
    /// The texts that the box knows.
    known: String,
    summary: String,
    older: Option<String>,
    /// A longer range, if this one is the default.
    wider: Option<String>,
}

/// Found payments.
type Listed = Rows<Payment, TransactionPageMeta>;

/// The result of a search.
#[derive(Default)]
struct Found {
    listed: Option<Listed>,
    /// Deposits with the text as their trace number.
    deposits: Vec<Known>,
    tried: Vec<String>,
    /// Meanings that were not tried.
    others: Vec<Reading>,
}

fn address_of_list(visit: &Visit<'_>, search: &Search, reading: &Reading, limit: &str) -> String {
    let conditions = search.conditions().into_iter().chain([reading.filter.clone()]);
    let filter = words::joined(conditions, ":");
    let all = [
        ("filter", filter.as_str()),
        ("time_zone", visit.frame.zone.name()),
        ("page[limit]", limit),
        ("page[cursor]", &search.cursor),
    ];
    address("/v2/transactions", &all)
}

/// The texts that find payments of the merchant. Where they are not known, the API tells.
fn searched(frame: &Frame) -> SearchedBy {
    let own = frame.me.as_ref().map(|me| me.merchant.search);
    let (references, customers) = own.map_or((true, true), |own| (own.references, own.customers));
    SearchedBy { references, customers }
}

/// Without a text everything is meant.
fn readings_of(visit: &Visit<'_>, search: &Search) -> Vec<Reading> {
    if search.text.is_empty() {
        return vec![Reading::default()];
    }
    readings(&search.text, searched(&visit.frame))
}

/// The search of an address, or of a posted form.
fn search_of(visit: &Visit<'_>) -> Result<Search, Problem> {
    let is_posted = visit.request.method() == Method::POST;
    let stated = if is_posted { visit.form.without_card_number() } else { visit.parameters() };
    short(Search::of(&stated))
}

fn short(search: Search) -> Result<Search, Problem> {
    if search.text.len() > TEXT_MAX_BYTES { Err(Problem::NotFound) } else { Ok(search) }
}

/// The address of the search that a person typed. The form is posted, so that a card number in it
/// is in no address. None of a text that no address may have.
pub(crate) fn find(merchant: &str, typed: &Pairs) -> Result<Option<Response<Body>>, Problem> {
    let search = short(Search::of(&typed.without_card_number()))?;
    let address = search.address(&format!("/{merchant}/payments"), &search.tab, "");
    Ok((!is_personal(&search.text)).then(|| redirect(&address)))
}

/// The list. Only a text that may be several things costs further calls, and only if it is not the
/// first.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let search = search_of(visit)?;
    let mut found = Found::default();
    let mut readings = readings_of(visit, &search).into_iter();
    let mut refused = None;
    for reading in readings.by_ref().take(CALLS_MAX) {
        found.tried.push(reading.text.clone());
        if reading.is_deposit {
            found.deposits = deposits(visit, &reading).await?;
        } else {
            let path = address_of_list(visit, &search, &reading, ROWS);
            match visit.read::<Listed>(&path).await {
                Ok(listed) => found.listed = Some(listed),
                // No payment can be called so, or another reading's list goes on here.
                Err(Failure::Refused(refusal)) if refusal.code == "invalid_value" => refused = Some(refusal),
                Err(failure) => return Err(failure.into()),
            }
        }
        // An empty part of a list that goes on does not say that there is none.
        let is_any = |listed: &Listed| !listed.data.is_empty() || listed.meta.page.cursor.is_some();
        if !found.deposits.is_empty() || found.listed.as_ref().is_some_and(is_any) {
            break;
        }
    }
    if let Some(refusal) = refused.filter(|_| found.listed.is_none() && found.deposits.is_empty()) {
        return Err(Failure::Refused(refusal).into());
    }
    found.others = readings.collect();
    match &found.deposits[..] {
        [deposit] => Ok(redirect(&deposit.address)),
        _ => rendered(&page(visit, search, found)),
    }
}

/// The deposits with a trace number, among those of 92 days: one of each day fits into a page.
async fn deposits(visit: &Visit<'_>, reading: &Reading) -> Result<Vec<Known>, Failure> {
    let wanted = [("filter", reading.filter.as_str()), ("page[limit]", download::ROWS)];
    let wanted = address("/v2/deposits", &wanted);
    let listed: Rows<Deposit, DepositPageMeta> = visit.read(&wanted).await?;
    let deposits = listed.data.iter().filter_map(Row::read);
    let deposits = deposits.map(|deposit| Known {
        address: visit.frame.deposit(&deposit.members.id, &deposit.members.mid),
        ..Known::new("", words::full_day(deposit.members.date))
    });
    Ok(deposits.collect())
}

/// The days that the list has; none of a list that looks at all of them.
fn range(meta: Option<&TransactionPageMeta>, frame: &Frame) -> Option<String> {
    // An index looks at all days, from the first one that a computer knows.
    let of_days = meta.filter(|meta| meta.since.as_second() > 0)?;
    let day = |at: Timestamp| words::full_day(frame.zone.shown(at).date());
    Some(format!("{} to {}", day(of_days.since), day(of_days.until)))
}

/// The texts that the box knows, in a sentence.
fn known(searched: SearchedBy) -> String {
    let own = if searched.references { "your own reference, " } else { "" };
    let email = if searched.customers { "an e-mail address, " } else { "" };
    format!(
        "Find knows a card (visa 1443), an amount (26, 26.20, 20-30), an order, {own}{email}an approval \
         code, the gateway's reference and a deposit's trace number. Names are not searched. Days are \
         chosen under From and To."
    )
}

/// Links to parts of a list of everything: brands, amounts and reasons of declines.
fn parts(search: &Search, path: &str, rows: &[Row<Payment>]) -> Vec<Known> {
    let payments = rows.iter().filter_map(Row::read);
    let several = |values: Vec<String>| {
        let mut values: Vec<_> = values.into_iter().filter(|value| !value.is_empty()).collect();
        values.sort();
        values.dedup();
        if values.len() > 1 { values } else { Vec::new() }
    };
    let link = |narrower: Search, name: String| Known {
        address: narrower.address(path, &narrower.tab, ""),
        ..Known::new("", name)
    };
    let first = Search { cursor: String::new(), ..search.clone() };
    let mut parts = Vec::new();
    if search.text.is_empty() && rows.len() > 1 {
        let brand =
            |payment: &Payment| words::said(payment.transaction.payment_details.card.brand.as_deref());
        let texts = several(payments.clone().map(brand).collect());
        let texts = texts.into_iter().chain(AMOUNTS.map(str::to_owned));
        parts.extend(texts.map(|text| link(Search { text: text.clone(), ..first.clone() }, text)));
    }
    if search.tab == DECLINED && search.decline_code.is_empty() {
        let code = |payment: &Payment| {
            let failure = payment.transaction.failure_details.as_ref();
            failure.map(|failure| words::said(&*failure.code)).unwrap_or_default()
        };
        let codes = several(payments.map(code).collect()).into_iter();
        parts.extend(codes.map(|code| {
            let name = words::decline(&code);
            link(Search { decline_code: code, ..first.clone() }, name)
        }));
    }
    parts
}

fn page(visit: &Visit<'_>, search: Search, found: Found) -> PaymentsPage {
    let (frame, zone) = (&visit.frame, &visit.frame.zone);
    let (rows, meta) = found.listed.map(|listed| (listed.data, listed.meta)).unzip();
    let (rows, meta) = (rows.unwrap_or_default(), meta.as_ref());
    let currency = words::the_only(rows.iter().filter_map(Row::read).map(Payment::currency));
    let path = frame.payments(&[]);
    let is_posted = is_personal(&search.text);
    let tabs = KINDS.map(|kind| Tab {
        name: kind.name,
        address: if is_posted {
            kind.parameter.to_owned()
        } else {
            search.address(&path, kind.parameter, "")
        },
        is_here: search.tab == kind.parameter,
    });
    let cursor = meta.and_then(|meta| meta.page.cursor.as_deref());
    let range = range(meta, frame);
    let looked = words::joined([words::joined(found.tried, ", then "), search.only()], ", ");
    let looked = if looked.is_empty() && meta.is_none() { "Nothing was searched".to_owned() } else { looked };
    let days = if meta.is_some() { "All days" } else { "" };
    let days = range.clone().unwrap_or_else(|| days.to_owned());
    let complete = meta.and_then(|meta| meta.journal.newest_entry_at);
    let complete = complete.map(|at| format!(", up to date as of {}", words::moment(at, zone)));
    let count = i64::try_from(rows.len()).unwrap_or_default();
    let has_range = !search.from.is_empty() || !search.to.is_empty();
    let year = zone.shown(visit.console.clock.now()).date().saturating_sub(jiff::Span::new().years(1));
    let wider = Search { from: year.to_string(), to: String::new(), ..search.clone() };
    let other = |reading: Reading| {
        let only = Search { text: reading.text.clone(), ..search.clone() };
        Known { address: only.address(&path, &search.tab, ""), ..Known::new("", reading.text) }
    };
    PaymentsPage {
        tabs: tabs.into(),
        csv: search.address(&format!("{path}.csv"), &search.tab, ""),
        heading: currency.map(|currency| format!(", {currency}")).unwrap_or_default(),
        tried: words::joined([words::capitalized(&looked), days], ". ") + ".",
        empty: if cursor.is_none() { "No such payments" } else { "None in this part" },
        deposits: found.deposits,
        others: found.others.into_iter().map(other).collect(),
        parts: parts(&search, &path, &rows),
        known: known(searched(frame)),
        summary: words::counted(count, "payment", "payments") + &complete.unwrap_or_default(),
        older: cursor.map(|cursor| {
            if is_posted { cursor.to_owned() } else { search.address(&path, &search.tab, cursor) }
        }),
        wider: (!has_range && range.is_some()).then(|| wider.address(&path, &wider.tab, "")),
        frame: frame.clone(),
        is_posted,
        is_lost: visit.parameters().get("ended") == Some(LOST),
        rows,
        search,
    }
}

impl PaymentsPage {
    /// An amount of a payment; empty for nothing.
    fn money(&self, payment: &Payment, amount: SignedAmount) -> String {
        words::if_any(amount, payment.currency(), !self.heading.is_empty())
    }
}

/// The same payments as a file: of a text that may be several things, those of the first that has
/// any.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let search = search_of(visit)?;
    let mut joined = String::new();
    let mut refused = None;
    let readings = readings_of(visit, &search).into_iter().take(CALLS_MAX);
    for reading in readings.filter(|reading| !reading.is_deposit) {
        match download::joined(visit, &address_of_list(visit, &search, &reading, download::ROWS)).await {
            Err(Problem::Refused(refusal)) if refusal.code == "invalid_value" => refused = Some(refusal),
            read => joined = read?,
        }
        if joined.lines().count() > 1 {
            break;
        }
    }
    if let Some(refusal) = refused.filter(|_| joined.is_empty()) {
        return Err(Problem::Refused(refusal));
    }
    Ok(web::download("payments.csv", joined))
}
