//! The figures in the pages are the code's.

use jiff::SignedDuration;
use local::template::{TEMPLATE, parse};
use regex::Regex;
use tollgate::{access_token, dynamodb::switch, secrets_manager::FRESH};
use tollgate_core::{
    journal::{
        keep::LATE_AFTER,
        read_totals::{DAYS_MAX, PROVISIONAL_HOURS},
    },
    order::{
        BY_HAND_AFTER, BY_HAND_MAX,
        operation::{DECIDED_BY_MAX_BYTES, KEY_NAME_MAX_CHARS, REASON_MAX_BYTES},
    },
    payments::{merchants::KEY_MIN_CHARS, reconcile::Limits},
    webhooks::webhook::REPEATED_FOR,
};

use crate::{openapi::DESCRIPTION, pages::all_pages};

/// The version in the workspace's `Cargo.toml`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A page, a sentence of it with `{}` in place of a figure, and the figure from the code.
fn figures() -> Vec<(&'static str, &'static str, String)> {
    let text = |number: &dyn ToString| number.to_string();
    let seconds = |time: SignedDuration| time.as_secs().to_string();
    let minutes = |time: SignedDuration| time.as_mins().to_string();
    let hours = |time: SignedDuration| time.as_hours().to_string();
    let captures = parse(TEMPLATE).unwrap().captures;
    assert_eq!(FRESH.as_mins(), 5, "pages that have it in words: five");
    assert_eq!(access_token::LIFETIME.as_hours(), 1, "pages that have it in words: an hour");
    vec![
        (
            "docs/reference/alarms.md",
            "up to {} per minute and merchant",
            with_comma(Limits::default().per_merchant),
        ),
        (
            "docs/reference/alarms.md",
            "with the document that it read before. After {} minutes",
            default_of("StalePaymentMinutes"),
        ),
        ("docs/operations.md", "at its start and every {} seconds", seconds(switch::KEPT)),
        ("docs/operations.md", "continue for {} minutes for merchants", default_of("StalePaymentMinutes")),
        ("docs/operations.md", "Within {} minutes, no function accepts its keys", minutes(FRESH)),
        ("docs/deploy.md", "An unknown merchant is remembered for {} minutes", minutes(FRESH)),
        ("docs/deploy.md", "how long payments ({}) and inquiries", default_of("StalePaymentMinutes")),
        ("docs/deploy.md", "and inquiries ({}) continue", default_of("StaleInquiryMinutes")),
        ("docs/deploy.md", "that each money route accepts ({} and", default_of("PaymentRate")),
        ("docs/deploy.md", "and {}) | | `PaymentConcurrency`", default_of("PaymentBurst")),
        (
            "docs/deploy.md",
            "reserved {} times",
            text(&TEMPLATE.matches("!If [HasPaymentConcurrency, !Ref").count()),
        ),
        ("docs/deploy.md", "| `FunctionMemory` | {} MiB", default_of("FunctionMemory")),
        ("docs/deploy.md", "PCI DSS requires {};", default_of("LogRetentionDays")),
        (
            "docs/reference/alarms.md",
            "accepted nothing for {} days",
            (REPEATED_FOR.as_hours() / 24).to_string(),
        ),
        ("docs/reference/alarms.md", "allows {} requests per second", search_rate()),
        ("docs/merchants.md", "Each function caches a merchant for {} minutes", minutes(FRESH)),
        ("docs/merchants.md", "each key has at least {} characters", text(&KEY_MIN_CHARS)),
        ("docs/merchants.md", "A name has 1 to {} letters", text(&KEY_NAME_MAX_CHARS)),
        ("docs/merchants.md", "for `StalePaymentMinutes` ({})", default_of("StalePaymentMinutes")),
        ("docs/cli.md", "up to {} bytes of name", text(&DECIDED_BY_MAX_BYTES)),
        ("docs/cli.md", "and {} bytes of reason", text(&REASON_MAX_BYTES)),
        ("docs/cli.md", "It takes effect within {} seconds", seconds(switch::KEPT)),
        ("docs/cli.md", "more than {} decisions for one order", text(&BY_HAND_MAX)),
        ("docs/cli.md", "sent less than {} hour ago", hours(BY_HAND_AFTER)),
        ("docs/finance.md", "up to {} days with", text(&DAYS_MAX)),
        ("docs/finance.md", "`provisional` until {} hour after its end", text(&PROVISIONAL_HOURS)),
        (
            "docs/reference/journal.md",
            "got an entry more than {} minutes after it happened",
            minutes(LATE_AFTER),
        ),
        ("docs/scheduled-capture.md", "| `CaptureShards` | {} |", text(&captures.shards)),
        ("docs/scheduled-capture.md", "| `CaptureConcurrency` | {} |", text(&captures.concurrency)),
        ("docs/scheduled-capture.md", "`InDoubtShards` is {} by default", text(&Limits::default().shards)),
    ]
}

/// A parameter's default in the template.
fn default_of(parameter: &str) -> String {
    let declared =
        TEMPLATE.split_once(&format!("\n  {parameter}:\n")).unwrap_or_else(|| panic!("{parameter}")).1;
    let default = declared.split_once("    Default: ").unwrap().1;
    default.lines().next().unwrap().to_owned()
}

/// How many searches per second the template's route takes.
fn search_rate() -> String {
    let route = TEMPLATE.split_once("\"GET /v2/transactions\": {ThrottlingRateLimit: ").unwrap().1;
    route.split_once(',').unwrap().0.to_owned()
}

/// 3,000.
fn with_comma(number: usize) -> String {
    assert!((1_000..1_000_000).contains(&number), "{number}");
    format!("{},{:03}", number / 1_000, number % 1_000)
}

#[test]
fn the_figures_in_the_pages_are_the_codes() {
    let pages = all_pages();
    let (figures, mut wrong) = (figures(), Vec::new());
    for (page, sentence, figure) in &figures {
        assert_eq!(sentence.matches("{}").count(), 1, "{sentence}");
        let text = &pages.iter().find(|(name, _)| name == page).unwrap_or_else(|| panic!("{page}")).1;
        // Sentences go on over the end of a line.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.contains(&sentence.replace("{}", figure)) {
            wrong.push(format!("{page}: {sentence} ({figure})"));
        }
    }
    assert!(wrong.is_empty(), "not in the pages:\n{}", wrong.join("\n"));
    assert_eq!(
        with_comma(Limits::default().per_merchant).replace(',', ""),
        default_of("InquiriesPerMerchant")
    );
}

#[test]
fn the_versions_in_samples_are_this_one() {
    let sample = Regex::new(
        r#""version":"([0-9]+\.[0-9.]+)|\bv([0-9]+\.[0-9.]+) payments=|\{version: ([0-9]+\.[0-9.]+)"#,
    );
    let sample = sample.unwrap();
    let mut shown = Vec::new();
    let description = ("docs/openapi.yaml".to_owned(), crate::openapi::OPENAPI.to_owned());
    for (page, text) in
        all_pages().into_iter().filter(|(page, _)| page != "CHANGELOG.md").chain([description])
    {
        for found in sample.captures_iter(&text) {
            let version = found.iter().skip(1).flatten().next().unwrap().as_str().to_owned();
            shown.push((page.clone(), version));
        }
    }
    assert!(shown.len() > 3, "{shown:?}");
    let others: Vec<_> = shown.iter().filter(|(_, version)| version != VERSION).collect();
    assert!(others.is_empty(), "not {VERSION}: {others:?}");
    assert_eq!(DESCRIPTION.document["info"]["version"], VERSION, "docs/openapi.yaml");
}

/// Most words of a page that people read from its beginning: a quarter of an hour at 220 words a minute. What is looked
/// up is in `docs/reference` instead, and the changelog grows.
const WORDS_MAX: usize = 15 * 220;

#[test]
fn no_page_takes_more_than_a_quarter_of_an_hour_to_read() {
    let pages = all_pages().into_iter().filter(|(page, _)| {
        let is_looked_up = page.starts_with("docs/reference/") || page == "CHANGELOG.md";
        !is_looked_up
    });
    let words = pages.map(|(page, text)| (text.split_whitespace().count(), page));
    let long: Vec<_> = words.filter(|(words, _)| *words > WORDS_MAX).collect();
    assert!(long.is_empty(), "words: {long:?}");
}
