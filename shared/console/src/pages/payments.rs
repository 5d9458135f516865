//! The list of payments: one box that finds by any text that people quote, tabs by state, and the
//! whole filter in the address.

use askama::Template;
use jiff::Timestamp;
use lambda_http::{Body, Response};
use tollgate_core::{
    order::PaymentWord,
    values::{Currency, SignedAmount},
};
use tollgate_wire::TransactionPageMeta;

use crate::{
    api::{Failure, address},
    frame::Frame,
    pages::{Tab, Visit, download, payment::Payment, problem::Problem, rendered},
    rows::{Row, Rows},
    web::{self, Pairs, SOUGHT, redirect},
    words::{self, said},
};

/// How many payments a page has.
const ROWS: &str = "25";
/// Longest text in the box.
const TEXT_MAX_BYTES: usize = 200;

/// A tab: its name, its name in the address, and its condition.
struct Kind {
    name: &'static str,
    parameter: &'static str,
    condition: &'static str,
}

const fn kind(name: &'static str, parameter: &'static str, condition: &'static str) -> Kind {
    Kind { name, parameter, condition }
}

/// A tab of one state, with its name.
const fn of_state(word: PaymentWord, parameter: &'static str, condition: &'static str) -> Kind {
    kind(words::state(word).0, parameter, condition)
}

const KINDS: [Kind; 7] = [
    kind("All", "", ""),
    kind("Approved", "approved", "eq(approved,true)"),
    of_state(PaymentWord::Held, "held", "eq(state,held)"),
    of_state(PaymentWord::Refunded, "refunded", "in(state,refunded,partly_refunded)"),
    of_state(PaymentWord::Declined, "declined", "eq(state,declined)"),
    of_state(PaymentWord::Disputed, "disputed", "eq(state,disputed)"),
    of_state(PaymentWord::NotKnownYet, "not_known_yet", "eq(state,not_known_yet)"),
];

/// A search, as the address states it.
#[derive(Clone)]
struct Search {
    text: String,
    from: String,
    to: String,
    tab: String,
    /// The only currency, where a link states one.
    currency: String,
    /// The only reason of declines, where a link states one.
    decline_code: String,
    cursor: String,
}

impl Search {
    fn of(parameters: &Pairs) -> Self {
        let value = |name: &str| said(parameters.get(name));
        Self {
            text: value(SOUGHT),
            from: value("from"),
            to: value("to"),
            tab: value("state"),
            currency: value("currency"),
            decline_code: value("decline_code"),
            cursor: value("cursor"),
        }
    }

    /// The address of this search with another tab or from another place on.
    fn address(&self, path: &str, tab: &str, cursor: &str) -> String {
        let all = [
            (SOUGHT, self.text.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("state", tab),
            ("currency", &self.currency),
            ("decline_code", &self.decline_code),
            ("cursor", cursor),
        ];
        address(path, &all)
    }

    /// The conditions of the range, of the tab, of the currency and of the reason.
    fn conditions(&self) -> Vec<String> {
        let kind = KINDS.iter().find(|kind| !kind.condition.is_empty() && kind.parameter == self.tab);
        let range = [("ge", &self.from), ("le", &self.to)].into_iter().filter(|(_, day)| !day.is_empty());
        let range = range.map(|(operator, day)| format!("{operator}(created_at,{})", quoted(day)));
        let only = [("currency", &self.currency), ("decline_code", &self.decline_code)].into_iter();
        let only = only.filter(|(_, value)| !value.is_empty());
        let only = only.map(|(field, value)| format!("eq({field},{})", quoted(value)));
        range.chain(kind.map(|kind| kind.condition.to_owned())).chain(only).collect()
    }
}

/// A possible meaning of a text of the box, and its name.
struct Guess {
    conditions: Vec<String>,
    meaning: String,
}

/// A value of a filter, with any characters.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace(['"', '\\'], ""))
}

/// The meaning of one word, if its form tells.
fn by_form(word: &str) -> Option<(String, String)> {
    let has_digits = |count| word.len() == count && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = word.len() == 36 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if has_digits(4) {
        Some((format!("eq(last_four,{word})"), format!("card ending in {word}")))
    } else if has_digits(12) {
        Some((format!("eq(retref,{word})"), format!("gateway reference {word}")))
    } else if is_id {
        Some((format!("eq(id,{word})"), format!("payment {word}")))
    } else {
        // Whole numbers are something else, unless they are dollars.
        let is_amount = word.contains('.') || word.starts_with('$');
        let amount = words::typed(word, Currency::USD).filter(|_| is_amount);
        amount.map(|amount| (format!("eq(amount,{})", amount.minor()), format!("amount {word}")))
    }
}

/// The meanings of a text, the likeliest first: words that their form identifies, or else an order,
/// and then the shop's own reference.
fn guesses(typed: &str) -> Vec<Guess> {
    let words = typed.split_whitespace().map(by_form).collect::<Option<Vec<_>>>();
    match words {
        Some(words) => {
            let (conditions, meanings): (Vec<_>, Vec<_>) = words.into_iter().unzip();
            vec![Guess { conditions, meaning: meanings.join(", ") }]
        }
        None => [("order_id", "order"), ("custom_reference", "reference")]
            .map(|(field, name)| Guess {
                conditions: vec![format!("eq({field},{})", quoted(typed))],
                meaning: format!("{name} {typed}"),
            })
            .into(),
    }
}

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    frame: Frame,
    search: Search,
    tabs: Vec<Tab>,
    csv: String,
    rows: Vec<Row<Payment>>,
    /// The currency of all rows, in the heading of amounts: `, USD`. Empty if there are several.
    heading: String,
    /// The search that was made.
    tried: String,
    /// The text where no row is found.
    empty: String,
    summary: String,
    older: Option<String>,
    /// A longer range, if this one is the default.
    wider: Option<String>,
}

/// Found payments.
type Listed = Rows<Payment, TransactionPageMeta>;

fn address_of_list(visit: &Visit<'_>, search: &Search, guess: &Guess, limit: &str) -> String {
    let conditions =
        search.conditions().into_iter().chain(guess.conditions.iter().cloned()).collect::<Vec<_>>();
    let filter = conditions.join(":");
    let all = [
        ("filter", filter.as_str()),
        ("time_zone", visit.frame.zone.name()),
        ("page[limit]", limit),
        ("page[cursor]", &search.cursor),
    ];
    address("/v2/transactions", &all)
}

/// Without a text everything is meant.
fn meanings(search: &Search) -> Result<Vec<Guess>, Problem> {
    if search.text.len() > TEXT_MAX_BYTES {
        return Err(Problem::NotFound);
    }
    if search.text.is_empty() {
        return Ok(vec![Guess { conditions: Vec::new(), meaning: String::new() }]);
    }
    Ok(guesses(&search.text))
}

/// The address of the search that a person typed. The form is posted, so that a card number in it
/// is in no address.
pub(crate) fn find(merchant: &str, typed: &Pairs) -> Result<Response<Body>, Problem> {
    let search = Search::of(&typed.without_card_number());
    meanings(&search)?;
    Ok(redirect(&search.address(&format!("/{merchant}/payments"), &search.tab, "")))
}

/// The list. Only a text that may be two things costs a second call, and only if it is not the
/// first.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let search = Search::of(&visit.parameters());
    let mut listed = None;
    let mut tried = Vec::new();
    let guesses = meanings(&search)?;
    let is_clear = guesses.len() == 1;
    for guess in guesses {
        let path = address_of_list(visit, &search, &guess, ROWS);
        tried.push(guess.meaning);
        listed = match visit.read::<Listed>(&path).await {
            Ok(listed) => Some(listed),
            // No order can be called so, or this merchant's payments are not found by references.
            Err(Failure::Refused(refusal)) if !is_clear && refusal.code == "invalid_value" => None,
            Err(failure) => return Err(failure.into()),
        };
        if listed.as_ref().is_some_and(|listed| !listed.data.is_empty()) {
            break;
        }
    }
    rendered(&page(visit, search, listed, &tried))
}

/// The days that the list has.
fn range(meta: Option<&TransactionPageMeta>, frame: &Frame) -> String {
    // An index looks at all days, from the first one that a computer knows.
    let of_days = meta.filter(|meta| meta.since.as_second() > 0);
    let day = |at: Timestamp| words::full_day(frame.zone.shown(at).date());
    of_days
        .map_or_else(|| "All days".to_owned(), |meta| format!("{} to {}", day(meta.since), day(meta.until)))
}

fn page(visit: &Visit<'_>, search: Search, listed: Option<Listed>, tried: &[String]) -> PaymentsPage {
    let zone = &visit.frame.zone;
    let (rows, meta) = listed.map(|listed| (listed.data, listed.meta)).unzip();
    let (rows, meta) = (rows.unwrap_or_default(), meta.as_ref());
    let currency = words::the_only(rows.iter().filter_map(Row::read).map(Payment::currency));
    let path = format!("/{}/payments", visit.frame.merchant);
    let tabs = KINDS.map(|kind| Tab {
        name: kind.name,
        address: search.address(&path, kind.parameter, ""),
        is_here: search.tab == kind.parameter,
    });
    let cursor = meta.and_then(|meta| meta.page.cursor.as_deref());
    let range = range(meta, &visit.frame);
    let looked = words::joined(tried.iter().cloned(), ", then ");
    let reason = Some(&search.decline_code).filter(|code| !code.is_empty());
    let reason = reason.map(|code| format!("declined: {}", words::decline(code))).unwrap_or_default();
    let looked = words::joined([looked, reason, search.currency.clone()], ", ");
    let complete = meta.and_then(|meta| meta.journal.newest_entry_at);
    let complete = complete.map(|at| format!(", complete up to {} at least", words::moment(at, zone)));
    let count = i64::try_from(rows.len()).unwrap_or_default();
    let has_range = !search.from.is_empty() || !search.to.is_empty();
    let year = zone.shown(visit.console.clock.now()).date().saturating_sub(jiff::Span::new().years(1));
    let wider = Search { from: year.to_string(), to: String::new(), ..search.clone() };
    PaymentsPage {
        tabs: tabs.into(),
        csv: search.address(&format!("{path}.csv"), &search.tab, ""),
        rows,
        heading: currency.map(|currency| format!(", {currency}")).unwrap_or_default(),
        tried: if looked.is_empty() {
            format!("{range}.")
        } else {
            format!("{}. {range}.", words::capitalized(&looked))
        },
        empty: if cursor.is_none() { "No such payments" } else { "None in this part" }.to_owned(),
        summary: words::counted(count, "payment", "payments") + &complete.unwrap_or_default(),
        older: cursor.map(|cursor| search.address(&path, &search.tab, cursor)),
        wider: (!has_range).then(|| wider.address(&path, &wider.tab, "")),
        frame: visit.frame.clone(),
        search,
    }
}

impl PaymentsPage {
    /// An amount of a payment; empty for nothing.
    fn money(&self, payment: &Payment, amount: SignedAmount) -> String {
        words::if_any(amount, payment.currency(), !self.heading.is_empty())
    }
}

/// The same payments as a file: of a text that may be two things, those of the first that has any.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let search = Search::of(&visit.parameters());
    let mut all = String::new();
    let guesses = meanings(&search)?;
    let is_clear = guesses.len() == 1;
    for guess in guesses {
        match download::joined(visit, &address_of_list(visit, &search, &guess, download::ROWS)).await {
            Err(Problem::Refused(refusal)) if !is_clear && refusal.code == "invalid_value" => {}
            read => all = read?,
        }
        if all.lines().count() > 1 {
            break;
        }
    }
    Ok(web::download("payments.csv", all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(typed: &str) -> Vec<String> {
        guesses(typed).into_iter().map(|guess| guess.conditions.join(":")).collect()
    }

    #[test]
    fn a_text_is_what_its_form_says_or_else_an_order_and_then_a_reference() {
        for (typed, filter) in [
            ("1443", "eq(last_four,1443)"),
            ("26.20", "eq(amount,2620)"),
            ("$5", "eq(amount,500)"),
            ("1,204.00", "eq(amount,120400)"),
            ("1443 26.20", "eq(last_four,1443):eq(amount,2620)"),
            ("26.20 1443", "eq(amount,2620):eq(last_four,1443)"),
            ("327975232415", "eq(retref,327975232415)"),
            ("01a209fe-7ea0-47a8-b0f7-b059e208297d", "eq(id,01a209fe-7ea0-47a8-b0f7-b059e208297d)"),
        ] {
            assert_eq!(filters(typed), [filter], "{typed}");
        }
        for typed in
            ["UM-2019", "invoice 7", "123", "26.205", "$1,50", "1443 UM-2019", "a,b):eq(x,y", "„Größe“"]
        {
            let [order, reference] =
                [("order_id"), ("custom_reference")].map(|field| format!("eq({field},\"{typed}\")"));
            assert_eq!(filters(typed), [order, reference], "{typed}");
        }
    }

    #[test]
    fn what_is_typed_cannot_end_its_condition() {
        assert_eq!(filters("a\"):eq(b,\\\"c")[0], "eq(order_id,\"a):eq(b,c\")");
    }
}
