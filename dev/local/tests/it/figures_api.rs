//! The figures on the pages about both APIs, events and webhooks are the code's.
//!
//! Constants are read where they are declared, because most are private to their module.

use std::collections::HashMap;

use local::template::{TEMPLATE, parse};
use regex::Regex;
use tollgate::abuse::{MERCHANTS, WRONG_KEYS};

use crate::references::texts;

/// Numbers that sentences have in words.
const WORDS: [(u64, &str); 8] = [
    (1, "one"),
    (2, "two"),
    (3, "three"),
    (5, "five"),
    (8, "eight"),
    (10, "ten"),
    (12, "twelve"),
    (20, "twenty"),
];

/// The sources of the repository, by path.
struct Sources(HashMap<String, String>);

impl Sources {
    /// What a constant or a member is set to in the file whose path ends so.
    fn value(&self, file: &str, name: &str) -> &str {
        let is_it = |path: &&String| path.starts_with("shared/") && path.ends_with(file);
        let declared = format!(r"(?m)\bconst {name}: [^=]+= ([^;]+);|^ +{name}: ([^,;]+),$");
        let declared = Regex::new(&declared).unwrap();
        let mut values = self
            .0
            .iter()
            .filter(|(path, _)| is_it(path))
            .filter_map(|(_, text)| declared.captures(text))
            .filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str()));
        let value = values.next().unwrap_or_else(|| panic!("{name} is not declared in {file}"));
        assert!(values.next().is_none(), "{name} is declared in more than one {file}");
        value
    }

    /// The number of it, in the unit that it is written in: of `64 * 1024` the product, of `from_mins(5)` 5.
    fn number(&self, file: &str, name: &str) -> u64 {
        numbers(self.value(file, name)).into_iter().product()
    }

    fn text(&self, file: &str, name: &str) -> String {
        self.number(file, name).to_string()
    }
}

/// The numbers in an expression. Those that are part of a name, as in `u64`, are none.
fn numbers(expression: &str) -> Vec<u64> {
    let number = Regex::new(r"\b[0-9][0-9_]*\b").unwrap();
    number.find_iter(expression).map(|found| found.as_str().replace('_', "").parse().unwrap()).collect()
}

fn in_words(number: u64) -> String {
    let word = WORDS.iter().find(|(known, _)| *known == number);
    word.map_or_else(|| number.to_string(), |(_, word)| (*word).to_owned())
}

/// `1, 2, 5 and 10`.
fn listed(numbers: &[u64]) -> String {
    let texts: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    let (last, others) = texts.split_last().unwrap();
    format!("{} and {last}", others.join(", "))
}

/// A page, a sentence of it with `{}` in place of a figure, and the figure from the code.
type Figure = (&'static str, &'static str, String);

fn of_the_order_api(sources: &Sources) -> Vec<Figure> {
    let text = |file, name| sources.text(file, name);
    let kib = |file, name| (sources.number(file, name) / 1024).to_string();
    let mib = |file, name| (sources.number(file, name) / 1024 / 1024).to_string();
    let delays: Vec<_> = numbers(sources.value("state.rs", "BACK_OFF_MIN"));
    // In words: an hour, a day.
    assert_eq!(sources.number("access_token.rs", "LIFETIME"), 1);
    assert_eq!(sources.number("waits.rs", "LAST_LOOK_AFTER"), 1);
    assert_eq!(sources.number("elastic_path/cursor.rs", "LIFETIME"), 24);
    vec![
        ("README.md", "**Two APIs, {} functions**", parse(TEMPLATE).unwrap().functions.len().to_string()),
        ("docs/api.md", "a person in your system ({} bytes)", text("attribution.rs", "ACTOR_MAX_BYTES")),
        ("docs/api.md", "and `reason` ({} bytes)", text("operation/by_hand.rs", "REASON_MAX_BYTES")),
        ("docs/api.md", "the id: 1 to {} letters", text("order.rs", "ID_MAX_CHARS")),
        ("docs/api.md", "within the last {} s could be a late", text("policy.rs", "duplicate_window")),
        ("docs/retries.md", "less than {} s ago (the merchant's", text("policy.rs", "duplicate_window")),
        ("docs/retries.md", "sent less than {} s ago | 409", text("idempotency.rs", "STILL_RUNNING")),
        (
            "docs/retries.md",
            "key | from {} s after the payment was sent",
            text("idempotency.rs", "STILL_RUNNING"),
        ),
        ("docs/retries.md", "No inquiry is sent in the first {} s", text("idempotency.rs", "STILL_RUNNING")),
        ("docs/retries.md", "transaction | from {} minutes after", text("payments/doubt.rs", "REPAIR_AFTER")),
        ("docs/retries.md", "every minute | after {} minutes, then hourly", listed(&delays)),
        ("docs/retries.md", "only when found twice, {} s apart", text("resolve.rs", "ASKED_TWICE_APART")),
        ("docs/retries.md", "the first time at least {} s after", text("resolve.rs", "ABSENCE_COUNTS_AFTER")),
        (
            "docs/search.md",
            "`page[limit]` is 1 to {} (default",
            text("elastic_path/transactions.rs", "ROWS_MAX"),
        ),
        ("docs/search.md", "A page reads at most {} MB", mib("listing.rs", "READ_MAX_BYTES")),
        ("docs/search.md", "both included, {} at most", text("totals.rs", "DAYS_MAX")),
        ("docs/cards.md", "A customer can have {} cards", text("payment_method.rs", "CARDS_MAX")),
        (ORDER_API, "| amount | 1 to {} minor units", text("money.rs", "MAX")),
        (ORDER_API, "| body | {} KiB, a token", kib("api/exchange.rs", "BODY_MAX_BYTES")),
        (ORDER_API, "a token request {} KiB", kib("elastic_path/token.rs", "FORM_MAX_BYTES")),
        (ORDER_API, "JSON no deeper than {} levels", text("api/body.rs", "DEPTH_MAX")),
        (ORDER_API, "| transactions of one order | {},", text("limits.rs", "TRANSACTIONS_MAX")),
        (ORDER_API, "| operations of one order | {} (", text("limits.rs", "OPERATIONS_MAX")),
        (
            ORDER_API,
            "{} of them reserved for each",
            words("limits.rs", "RESERVE_PER_OPEN_TRANSACTION", sources),
        ),
        (ORDER_API, "| stored cards of one customer | {},", text("payment_method.rs", "CARDS_MAX")),
        (ORDER_API, "and {} declined attempts to store", text("payment_method.rs", "ENTRIES_MAX")),
        (ORDER_API, "`implicit` token | {} declined or pending per order", text("policy.rs", "attempts")),
        (ORDER_API, "per order, {} declined per", text("policy.rs", "declines_per_source_hour")),
        (ORDER_API, "| search | {} MB and", mib("listing.rs", "READ_MAX_BYTES")),
        (ORDER_API, "MB and {} transactions per page", text("elastic_path/transactions.rs", "ROWS_MAX")),
        (
            ORDER_API,
            "{},000 characters per filter",
            thousands("elastic_path/filter.rs", "MAX_CHARS", sources),
        ),
        (ORDER_API, "a cursor is valid for {} hours", text("elastic_path/cursor.rs", "LIFETIME")),
        (ORDER_API, "| totals | {} days", text("totals.rs", "DAYS_MAX")),
        (ORDER_API, "| 1 to {} printable ASCII characters", text("elastic_path/caller.rs", "KEY_MAX_CHARS")),
        (ORDER_API, "| text members | {} characters in a payment", text("elastic_path/pay.rs", "TEXT_MAX")),
        (ORDER_API, "`custom_reference` {};", text("elastic_path/follow_up.rs", "REFERENCE_MAX")),
        (ORDER_API, "`actor` {} and", text("attribution.rs", "ACTOR_MAX_BYTES")),
        (ORDER_API, "and `reason` {} bytes", text("operation/by_hand.rs", "REASON_MAX_BYTES")),
        (ORDER_API, "city are cut to {} characters", text("cardpointe/wire.rs", "TEXT_MAX")),
        (ORDER_API, "characters, the region to {}.", text("cardpointe/wire.rs", "REGION_MAX")),
    ]
}

fn of_the_credit_card_api_and_errors(sources: &Sources) -> Vec<Figure> {
    let text = |file, name| sources.text(file, name);
    let kib = |file, name| (sources.number(file, name) / 1024).to_string();
    let wrong = |failures: u32| in_words(failures.into());
    assert_eq!(MERCHANTS.window, WRONG_KEYS.window, "one sentence has both");
    assert_eq!(sources.number("credit_card/pay.rs", "DATE_TIME_OFF_MAX"), 24, "in words: a day");
    vec![
        ("docs/credit-card.md", "more than {} KiB, or nested", kib("api/exchange.rs", "BODY_MAX_BYTES")),
        ("docs/credit-card.md", "nested deeper than {} levels", text("api/body.rs", "DEPTH_MAX")),
        ("docs/credit-card.md", "for {} s after it was sent", text("idempotency.rs", "STILL_RUNNING")),
        (
            "docs/credit-card.md",
            "from {} s after the payment was sent",
            text("idempotency.rs", "STILL_RUNNING"),
        ),
        (
            CREDIT_CARD,
            "`TransactionReference` | {} printable",
            text("credit_card/reference.rs", "REFERENCE_MAX"),
        ),
        (CREDIT_CARD, "`.HouseNumber`, `.Street` | {} each", text("credit_card/address.rs", "LINE_MAX")),
        (CREDIT_CARD, "`BillingAddress.Zip` | {} letters", text("credit_card/address.rs", "ZIP_MAX")),
        (CREDIT_CARD, "`postal`, {} of them", text("cardpointe/wire.rs", "POSTAL_MAX")),
        (CREDIT_CARD, "`address`, {} characters", text("cardpointe/wire.rs", "TEXT_MAX")),
        (CREDIT_CARD, "`region`, {} characters", text("cardpointe/wire.rs", "REGION_MAX")),
        (CREDIT_CARD, "| `Email` | {} |", text("credit_card/pay.rs", "EMAIL_MAX")),
        (CREDIT_CARD, "| `Description` | {} |", text("credit_card/pay.rs", "TEXT_MAX")),
        (CREDIT_CARD, "| `Name` | {} |", text("credit_card/pay.rs", "KEPT_MAX")),
        (ERRORS, "The body is larger than {} KiB", kib("api/exchange.rs", "BODY_MAX_BYTES")),
        (ERRORS, "a token request larger than {} KiB", kib("elastic_path/token.rs", "FORM_MAX_BYTES")),
        (ERRORS, "The order has {} transactions", text("limits.rs", "TRANSACTIONS_MAX")),
        (ERRORS, "The customer has {} stored cards", text("payment_method.rs", "CARDS_MAX")),
        (ERRORS, "or {} declined requests to store", text("payment_method.rs", "ENTRIES_MAX")),
        (ERRORS, "A wrong key after {} others", wrong(WRONG_KEYS.failures)),
        (ERRORS, "for this merchant within {} minutes", in_words(WRONG_KEYS.window.as_mins().unsigned_abs())),
        (ERRORS, "after it failed with {} merchants", wrong(MERCHANTS.failures)),
        (ERRORS, "was approved within the last {} s", text("policy.rs", "duplicate_window")),
        (ERRORS, "was sent less than {} s ago", text("idempotency.rs", "STILL_RUNNING")),
    ]
}

fn of_events_and_webhooks(sources: &Sources) -> Vec<Figure> {
    let text = |file, name| sources.text(file, name);
    let days = |file, name| in_words(sources.number(file, name) / 24);
    let delays = numbers(sources.value("webhook.rs", "DELAYS").split_once('[').unwrap().1);
    assert_eq!(delays.len(), 7, "{delays:?}");
    // In words: a minute, an hour, a day.
    assert_eq!(sources.number("health.rs", "FIRST_PROBE"), 1);
    assert_eq!(sources.number("webhook.rs", "RETRY_AFTER_MAX"), 1);
    assert_eq!(sources.number("reconcile.rs", "NOTICE_AFTER"), 1);
    assert_eq!(sources.number("reconcile.rs", "ATTENTION_AFTER"), 24);
    vec![
        ("docs/events.md", "or not stated, for {} days", days("reconcile.rs", "ATTENTION_AFTER_REVIEW")),
        (WEBHOOKS, "sent again after {} minutes,", listed(&delays[..3])),
        (WEBHOOKS, "minutes, {} hours, and then", listed(&delays[3..6])),
        (WEBHOOKS, "and then every {} hours", delays[6].to_string()),
        (WEBHOOKS, "hours until {} days have passed", days("webhook.rs", "REPEATED_FOR")),
        (WEBHOOKS, "After {} failures in a row", words("health.rs", "DOWN_AFTER", sources)),
        (WEBHOOKS, "at first and every {} minutes at last", text("health.rs", "LAST_PROBE")),
        (WEBHOOKS, "takes longer than {} seconds", words("health.rs", "SLOW", sources)),
        (WEBHOOKS, "from 200 to 299 within {} seconds", words("webhooks/https.rs", "LIMIT", sources)),
        (
            WEBHOOKS,
            "Deliveries remain for {} days",
            (sources.number("deliveries/item.rs", "KEPT_FOR") / 24).to_string(),
        ),
        (
            WEBHOOKS,
            "`whsec_` and {} bytes",
            sources.value("signature.rs", "SECRET_BYTES").replace("..=", " to "),
        ),
    ]
}

const ORDER_API: &str = "docs/reference/order-api.md";
const CREDIT_CARD: &str = "docs/reference/credit-card.md";
const ERRORS: &str = "docs/reference/errors.md";
const WEBHOOKS: &str = "docs/webhooks.md";

fn words(file: &str, name: &str, sources: &Sources) -> String {
    in_words(sources.number(file, name))
}

/// Of a round number, what is before its last comma.
fn thousands(file: &str, name: &str, sources: &Sources) -> String {
    let number = sources.number(file, name);
    assert_eq!(number % 1_000, 0, "{name}");
    (number / 1_000).to_string()
}

#[test]
fn the_figures_on_the_apis_pages_are_the_codes() {
    let sources = Sources(texts());
    let mut figures = of_the_order_api(&sources);
    figures.extend(of_the_credit_card_api_and_errors(&sources));
    figures.extend(of_events_and_webhooks(&sources));
    let mut wrong = Vec::new();
    for (page, sentence, figure) in &figures {
        assert_eq!(sentence.matches("{}").count(), 1, "{sentence}");
        // Sentences go on over the end of a line.
        let text = sources.0[*page].split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.contains(&sentence.replace("{}", figure)) {
            wrong.push(format!("{page}: {sentence} ({figure})"));
        }
    }
    assert!(wrong.is_empty(), "not on the pages:\n{}", wrong.join("\n"));
}
