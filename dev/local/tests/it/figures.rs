//! The figures in the pages are the code's.
//!
//! Most constants are private to a module, so they are read where they are declared. Where a file
//! moves to does not matter.

mod stated;

use std::{collections::HashMap, path::Path};

use local::template::{TEMPLATE, parse};
use regex::Regex;
use tollgate::abuse::{MERCHANTS, WRONG_KEYS};
use tollgate_core::payments::reconcile::ReconcileLimits;

use self::stated::{AS_SET, GROUPS};
use crate::{openapi::OPENAPI, pages::all_pages, references::texts};

/// The version in the workspace's `Cargo.toml`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1_024;
const MIB: u64 = 1_024 * KIB;

/// Where a number is set that pages have in other words: a minute, an hour, a day.
const IN_OTHER_WORDS: [(&str, u64); 10] = [
    ("access_token.rs/LIFETIME", HOUR),
    ("LAST_LOOK_AFTER", HOUR),
    ("elastic_path/lists/cursor.rs/LIFETIME", DAY),
    ("DATE_TIME_OFF_MAX", DAY),
    ("FIRST_PROBE", MINUTE),
    ("RETRY_AFTER_MAX", HOUR),
    ("IN_DOUBT_TOO_LONG", HOUR),
    ("SECOND_NOTICE_AFTER", DAY),
    ("secrets_manager.rs/FRESH", 5 * MINUTE),
    ("STALE_FOR_INQUIRIES", DAY),
];

/// The description of the APIs, which states figures as a page does.
fn description() -> (String, String) {
    ("docs/openapi.yaml".to_owned(), OPENAPI.to_owned())
}

/// Figures that are counted, or are only a part of a setting.
fn counted() -> [(&'static str, &'static str, u64); 3] {
    let count = |number| u64::try_from(number).unwrap();
    [
        ("README.md", "**Two APIs, {} functions**", count(parse(TEMPLATE).unwrap().functions.len())),
        (
            "docs/deploy.md",
            "reserved {} times",
            count(TEMPLATE.matches("!If [HasPaymentConcurrency, !Ref").count()),
        ),
        ("docs/errors.md", "or after it failed with {} merchants", MERCHANTS.count.into()),
    ]
}

/// The deployed code, by path.
struct Sources(HashMap<String, String>);

impl Sources {
    fn read() -> Self {
        let mut sources = texts();
        sources.retain(|path, _| {
            let is_deployed = ["shared/src/", "shared/core/src/", "shared/console/src/"]
                .iter()
                .any(|folder| path.starts_with(folder));
            let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
            is_deployed && !is_test && Path::new(path).extension().is_some_and(|extension| extension == "rs")
        });
        Self(sources)
    }

    /// The value of a constant, a default, a parameter or the smallest size.
    fn value(&self, name: &str) -> &str {
        let (file, name) = name.rsplit_once('/').unwrap_or(("", name));
        let (_, smallest) = TEMPLATE.split_once("\n    small:\n").unwrap();
        let (smallest, _) = smallest.split_once("\n    medium:\n").unwrap();
        if let Some(set) = smallest.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: "))) {
            return set;
        }
        if let Some((_, declared)) = TEMPLATE.split_once(&format!("\n  {name}:\n")) {
            return declared.split_once("    Default: ").unwrap().1.lines().next().unwrap();
        }
        let set = if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            format!(r"(?s)\bconst {name}: [^=]+=\s*([^;]+);")
        } else {
            format!(r"\b{name}: (\d[^,\n]*|\w+::from_[^,\n]*),")
        };
        let set = Regex::new(&set).unwrap();
        let in_file = |path: &str| file.is_empty() || path.ends_with(&format!("/{file}"));
        let found: Vec<&str> = self
            .0
            .iter()
            .filter(|(path, _)| in_file(path))
            .flat_map(|(_, text)| set.captures_iter(text).map(|found| found.get(1).unwrap().as_str()))
            .collect();
        assert_eq!(found.len(), 1, "{name} in {file}: {found:?}");
        found[0]
    }

    fn numbers(&self, name: &str, unit: u64) -> Vec<u64> {
        numbers(self.value(name), unit)
    }
}

/// The numbers in an expression, times in milliseconds, and the others in the unit where there is
/// no time among them.
fn numbers(expression: &str, unit: u64) -> Vec<u64> {
    let number = r"\b(?:from_(millis|secs|mins|hours)\()?(\d[\d_]*(?: \* \d[\d_]*)*)\b";
    let number = Regex::new(number).unwrap();
    let is_time = expression.contains("from_");
    let numbers = number.captures_iter(expression).map(|found| {
        let value = found[2].split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().unwrap());
        let value: u64 = value.product();
        let scale = match found.get(1).map(|scale| scale.as_str()) {
            _ if unit == AS_SET => return value,
            Some("millis") => 1,
            Some("secs") => SECOND,
            Some("mins") => MINUTE,
            Some(_) => HOUR,
            None if is_time => return value,
            None => 1,
        };
        assert_eq!(value * scale % unit, 0, "{expression} in units of {unit}");
        value * scale / unit
    });
    numbers.collect()
}

/// As pages write it: in digits, or as a word. From a million on it is an amount as clients send
/// it.
fn as_written(number: u64) -> String {
    let word = match number {
        0..=10 => {
            let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
            words[usize::try_from(number).unwrap()]
        }
        12 => "twelve",
        20 => "twenty",
        _ => return format!(r"\b{}", digits(number)),
    };
    format!(r"\b(?:{}|(?i:{word}))", digits(number))
}

fn digits(number: u64) -> String {
    match (number / 1_000, number % 1_000) {
        (1..1_000, _) => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}

/// The pattern of a sentence that states the numbers.
fn pattern(sentence: &str, numbers: &[u64]) -> Regex {
    assert_eq!(sentence.matches("{}").count(), numbers.len(), "{sentence}: {numbers:?}");
    let mut pattern = regex::escape(sentence);
    for number in numbers {
        pattern = pattern.replacen(r"\{\}", &as_written(*number), 1);
    }
    Regex::new(&pattern).unwrap()
}

#[test]
fn the_figures_in_the_pages_are_the_codes() {
    let sources = Sources::read();
    // Sentences go on over the end of a line.
    let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let pages = all_pages().into_iter().chain([description()]);
    let pages: HashMap<_, _> = pages.map(|(page, text)| (page, joined(text))).collect();
    let mut wrong = Vec::new();
    let mut check = |page: &str, sentence: &str, name: &str, numbers: &[u64]| {
        let text = pages.get(page).unwrap_or_else(|| panic!("{page}"));
        if !pattern(sentence, numbers).is_match(text) {
            wrong.push(format!("{page}: {sentence} ({name}: {numbers:?})"));
        }
    };
    for (page, rows) in GROUPS.into_iter().flatten() {
        for (sentence, name, unit) in *rows {
            check(page, sentence, name, &sources.numbers(name, *unit));
        }
    }
    for (page, sentence, number) in counted() {
        check(page, sentence, "counted", &[number]);
    }
    assert!(wrong.is_empty(), "not on the page:\n{}", wrong.join("\n"));
}

#[test]
fn numbers_that_pages_have_in_other_words_are_the_codes() {
    let sources = Sources::read();
    for (name, milliseconds) in IN_OTHER_WORDS {
        assert_eq!(sources.numbers(name, 1), [milliseconds], "{name}");
    }
    assert_eq!(MERCHANTS.window, WRONG_KEYS.window, "one sentence has both");
    assert_eq!(sources.value("DELAYS").matches("from_mins").count(), 3, "the others are hours");
}

/// Pages state the template's defaults. These are the code's too.
#[test]
fn the_templates_limits_are_the_codes() {
    let (sources, limits) = (Sources::read(), ReconcileLimits::default());
    let captures = parse(TEMPLATE).unwrap().captures;
    for (parameter, number) in [
        ("InquiriesPerMerchant", limits.per_merchant),
        ("InDoubtShards", usize::from(limits.shards)),
        ("CaptureShards", usize::from(captures.shards)),
        ("CaptureConcurrency", captures.concurrency),
    ] {
        assert_eq!(sources.value(parameter), number.to_string(), "{parameter}");
    }
}

#[test]
fn numbers_are_read_from_expressions_and_written_as_pages_do() {
    assert_eq!(numbers("Duration::from_millis(200)", 1), [200]);
    assert_eq!(numbers("SignedDuration::from_hours(3 * 24)", DAY), [3]);
    assert_eq!(numbers("Limit { count: 10, window: SignedDuration::from_mins(5) }", MINUTE), [10, 5]);
    assert_eq!(numbers("[SignedDuration::from_mins(5), SignedDuration::from_hours(2)]", AS_SET), [5, 2]);
    assert_eq!(numbers("64 * 1024", KIB), [64]);
    assert_eq!(numbers("24..=64", 1), [24, 64]);
    assert_eq!(numbers("Self(99_999_999_999)", 1), [99_999_999_999]);
    assert_eq!(numbers("5u64", 1), Vec::<u64>::new(), "what is not read is missed by its sentence");
    let written = |number, text| Regex::new(&format!("^{}$", as_written(number))).unwrap().is_match(text);
    assert!(written(5, "Five") && written(5, "5") && written(10_000, "10,000") && written(20, "twenty"));
    assert!(!written(5, "50") && !written(10_000, "10000") && !written(50, "5"));
    assert!(pattern("at least {} s", &[30]).is_match("at least 30 s"));
    assert!(!pattern("at least {} s", &[30]).is_match("at least 31 s"), "a changed figure");
}

#[test]
fn the_versions_in_samples_are_this_one() {
    let sample = Regex::new(
        r#""version":"([0-9]+\.[0-9.]+)|\bv([0-9]+\.[0-9.]+) payments=|\{version: ([0-9]+\.[0-9.]+)"#,
    );
    let sample = sample.unwrap();
    let mut shown = Vec::new();
    let pages = all_pages().into_iter().filter(|(page, _)| page != "CHANGELOG.md");
    for (page, text) in pages.chain([description()]) {
        for found in sample.captures_iter(&text) {
            let version = found.iter().skip(1).flatten().next().unwrap().as_str().to_owned();
            shown.push((page.clone(), version));
        }
    }
    assert!(shown.len() > 2, "{shown:?}");
    let others: Vec<_> = shown.iter().filter(|(_, version)| version != VERSION).collect();
    assert!(others.is_empty(), "not {VERSION}: {others:?}");
}
