//! Numbers that pages about security, reliability and the gateway state are those of the code. Most are private to a
//! module, so they are read from the source; where a file moves to does not matter.

use std::{fs, path::Path};

use local::template::TEMPLATE;
use regex::Regex;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const KIB: u64 = 1_024;

/// A page, a sentence of it with `{}` in place of each number, where the number is from, and its unit: times are in
/// milliseconds. The origin is a constant (after its file where the name is not the only one), the default of a member, or
/// a parameter of the template.
const STATED: [(&str, &str, &str, u64); 42] = [
    ("security.md", "take the same time ({} ms)", "WRONG_KEY_TIME", 1),
    ("security.md", "Keys have at least {} characters", "KEY_MIN_CHARS", 1),
    ("security.md", "After {} failures in {} minutes it is 429", "WRONG_KEYS", MINUTE),
    ("security.md", "| wrong keys | {} in {} minutes", "WRONG_KEYS", MINUTE),
    ("security.md", "| wrong merchants | {} different ones in {} minutes", "abuse.rs/MERCHANTS", MINUTE),
    ("security.md", "| {} in an hour (`declines_per_source_hour`)", "policy.rs/declines_per_source_hour", 1),
    ("security.md", "; {} declines within an hour block an address", "policy.rs/declines_per_source_hour", 1),
    ("security.md", "{} declined or pending attempts block an order", "policy.rs/attempts", 1),
    ("security.md", "| {} declined or pending (`declines_per_order`)", "policy.rs/attempts", 1),
    ("security.md", "Up to {} sources are remembered", "SOURCES_MAX", 1),
    ("security.md", "a 429 costs {} ms", "WRONG_KEY_TIME", 1),
    ("security.md", "| one order | {} transactions", "TRANSACTIONS_MAX", 1),
    ("security.md", "transactions, {} operations |", "OPERATIONS_MAX", 1),
    ("security.md", "Bodies have at most {} KiB", "exchange.rs/BODY_MAX_BYTES", KIB),
    ("security.md", "KiB and {} levels", "body.rs/DEPTH_MAX", 1),
    ("security.md", "| body | {} KiB; ", "exchange.rs/BODY_MAX_BYTES", KIB),
    ("security.md", "KiB; {} KiB for a token's form", "FORM_MAX_BYTES", KIB),
    ("security.md", "Texts are cut to {} characters", "outcome.rs/TEXT_MAX_CHARS", 1),
    ("security.md", "digits with up to {} characters between them", "SEPARATOR_MAX", 1),
    ("reference/inventory.md", "who requested it, in up to {} bytes", "ACTOR_MAX_BYTES", 1),
    ("reference/inventory.md", "why it was requested, in up to {} bytes", "REASON_MAX_BYTES", 1),
    ("reference/inventory.md", "| business, free | why, in up to {} bytes", "REASON_MAX_BYTES", 1),
    ("reference/inventory.md", "its text: {} characters, cleaned", "outcome.rs/TEXT_MAX_CHARS", 1),
    ("reference/inventory.md", "`X-Request-Id`, up to {} characters", "REQUEST_ID_MAX", 1),
    ("reliability.md", "after a lost response, if {} s of its", "ASK_MIN", SECOND),
    ("reliability.md", "cannot be running any more ({} s)", "STILL_RUNNING", SECOND),
    ("reliability.md", "reading the transaction | from {} minutes on", "REPAIR_AFTER", MINUTE),
    ("reliability.md", "seen twice, {} s apart", "ASKED_TWICE_APART", SECOND),
    ("reliability.md", "at least {} s after sending", "ABSENCE_COUNTS_AFTER", SECOND),
    ("reliability.md", "the gateway's own limit is {} s", "WORKING_MAX", SECOND),
    ("reliability.md", "after {} orders without one, that account", "FAILED_ORDERS_MAX", 1),
    ("reliability.md", "put off by {} minutes", "PUT_OFF", MINUTE),
    ("reliability.md", "after a day, or after {} days if", "ATTENTION_AFTER_REVIEW", 24 * HOUR),
    ("reliability.md", "sends {} inquiries at a time", "InquiryConcurrency", 1),
    ("reliability.md", "for up to {} orders of each merchant", "InquiriesPerMerchant", 1),
    ("reliability.md", "less than {} s old gets 409", "policy.rs/duplicate_window", SECOND),
    ("reliability.md", "idle for more than {} s are not used", "IDLE_MAX", SECOND),
    ("reliability.md", "It is sent up to {} times", "VOID_ATTEMPTS_MAX", 1),
    ("reliability.md", "Refunds it, up to {} attempts", "REFUND_ATTEMPTS_MAX", 1),
    ("reliability.md", "needs attention after {} days", "ATTENTION_AFTER_REVIEW", 24 * HOUR),
    ("cardpointe.md", "responds at {} s: `PPS` 62", "WORKING_MAX", SECOND),
    ("cardpointe.md", "before the gateway's {} s", "WORKING_MAX", SECOND),
];

/// Every source file of the deployed code, by its path.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What a constant, a default or a parameter is set to.
fn origin<'a>(name: &str, sources: &'a [(String, String)]) -> &'a str {
    let (file, name) = name.split_once('/').map_or(("", name), |(file, name)| (file, name));
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
    let found: Vec<&'a str> = sources
        .iter()
        .filter(|(path, _)| in_file(path))
        .flat_map(|(_, text)| set.captures_iter(text).map(|found| found.get(1).unwrap().as_str()))
        .collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0]
}

/// The numbers in an expression, times in milliseconds, and the others in the unit where there is no time among them.
fn numbers(expression: &str, unit: u64) -> Vec<u64> {
    let number = Regex::new(r"(?:from_(millis|secs|mins|hours)\()?(\d[\d_]*(?: \* \d[\d_]*)*)").unwrap();
    let is_time = expression.contains("from_");
    let numbers = number.captures_iter(expression).map(|found| {
        let value = found[2].split(" * ").map(|factor| factor.replace('_', "").parse::<u64>().unwrap());
        let value: u64 = value.product();
        let scale = match found.get(1).map(|scale| scale.as_str()) {
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

/// As pages write it: in digits, or as a word.
fn as_written(number: u64) -> String {
    let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = usize::try_from(number).ok().and_then(|number| words.get(number)).unwrap_or(&"no");
    let (thousands, rest) = (number / 1_000, number % 1_000);
    let digits = if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") };
    format!(r"\b(?:{digits}|(?i:{word}))")
}

#[test]
fn the_numbers_that_the_pages_state_are_those_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    for folder in ["shared/src", "shared/core/src"] {
        sources(&root.join(folder), &mut all);
    }
    let mut wrong = Vec::new();
    for (page, sentence, name, unit) in STATED {
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let numbers = numbers(origin(name, &all), unit);
        assert_eq!(sentence.matches("{}").count(), numbers.len(), "{sentence}: {numbers:?}");
        let mut pattern = regex::escape(sentence);
        for number in &numbers {
            pattern = pattern.replacen(r"\{\}", &as_written(*number), 1);
        }
        if !Regex::new(&pattern).unwrap().is_match(&text) {
            wrong.push(format!("{page}: {sentence} ({name}: {numbers:?})"));
        }
    }
    assert!(wrong.is_empty(), "not on the page:\n{}", wrong.join("\n"));
}

#[test]
fn numbers_are_read_from_expressions_and_written_as_pages_do() {
    assert_eq!(numbers("Duration::from_millis(200)", 1), [200]);
    assert_eq!(numbers("SignedDuration::from_hours(3 * 24)", 24 * HOUR), [3]);
    assert_eq!(numbers("Limit { failures: 10, window: SignedDuration::from_mins(5) }", MINUTE), [10, 5]);
    assert_eq!(numbers("64 * 1024", KIB), [64]);
    let written = |number, text| Regex::new(&format!("^{}$", as_written(number))).unwrap().is_match(text);
    assert!(written(5, "Five") && written(5, "5") && written(10_000, "10,000"));
    assert!(!written(5, "50") && !written(10_000, "10000") && !written(50, "5"));
}
