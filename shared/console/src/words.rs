//! Texts for people: states in words, amounts, times. Nothing else compares the word of a state, a
//! stage or a role.

pub(crate) mod sentences;

use jiff::{Timestamp, civil::Date};
use serde_json::Value;
use tollgate_core::{
    journal::Concern,
    order::{AdvisedAgainst, NotPossible},
    values::{Amount, Currency, SignedAmount, Zone},
};

/// How something is going, as a badge shows it: by a shape and a color, and always beside its
/// words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    /// Money that is held: a ring.
    Held,
    Waiting,
    Bad,
    /// Over: no action is needed.
    #[default]
    Quiet,
}

impl Tone {
    /// The class of the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

/// The state of a payment (docs/api.md) in words, with its tone and the reason of a failure.
pub(crate) fn state(payment: &Value) -> (String, Tone) {
    let word = said(&payment["meta"]["state"]);
    let (state, tone) = match word.as_str() {
        "held" => ("Held", Tone::Held),
        "paid" => ("Paid", Tone::Good),
        "partly_paid" => ("Paid in part", Tone::Good),
        "partly_refunded" => ("Refunded in part", Tone::Good),
        "refunded" => ("Refunded", Tone::Good),
        "settlement_refused" => ("Settlement refused", Tone::Bad),
        "disputed" => ("Disputed", Tone::Bad),
        "lapsed" => ("Lapsed", Tone::Quiet),
        "voided" => ("Voided", Tone::Quiet),
        "voided_elsewhere" => ("Voided elsewhere", Tone::Quiet),
        "declined" => ("Declined", Tone::Bad),
        "not_processed" => ("Not processed", Tone::Quiet),
        "not_known_yet" => ("Not known yet", Tone::Waiting),
        other => (other, Tone::Quiet),
    };
    let reason = said(&payment["failure_details"]["code"]);
    // Some failures have no reason but their state.
    let has_reason = !reason.is_empty() && reason != word;
    (if has_reason { format!("{state}: {}", decline(&reason)) } else { state.to_owned() }, tone)
}

/// The end of an authorization without a scheduled capture; empty in states that have none.
pub(crate) fn end_of_hold(state: &Value) -> &'static str {
    match state.as_str().unwrap_or_default() {
        "held" => "The authorization ends about then. No capture is scheduled.",
        "lapsed" => "The authorization ended about then, and nothing was captured.",
        _ => "",
    }
}

/// Whether a refusal of an act with this code is the outcome that the payment's history shows.
pub(crate) fn is_outcome(code: &str) -> bool {
    ["declined", "voided_elsewhere"].contains(&code)
}

/// Why an action is not possible or not advisable, in a sentence; empty without a reason.
pub(crate) fn why(word: &Value) -> String {
    let word = said(word);
    let not_possible = NotPossible::from_name(&word).map(NotPossible::sentence);
    let known = not_possible.or_else(|| AdvisedAgainst::from_name(&word).map(AdvisedAgainst::sentence));
    known.map_or_else(|| word.replace('_', " "), str::to_owned)
}

/// A reason for attention.
pub(crate) const fn concern(concern: Concern) -> (&'static str, Tone) {
    match concern {
        Concern::InDoubt => ("The outcome is not known yet", Tone::Waiting),
        Concern::CaptureSkipped => ("The scheduled capture did not happen", Tone::Bad),
        Concern::VoidedElsewhere => ("Voided, and not by Tollgate", Tone::Bad),
        Concern::SettlementRejected => ("Settlement refused the payment", Tone::Bad),
        Concern::FoundLate => ("Given up, but the gateway did it", Tone::Bad),
        Concern::AuthorizationEnding => ("The authorization ends within a day", Tone::Waiting),
        Concern::Disputed => ("The cardholder's bank took the money back", Tone::Bad),
        Concern::DisputeUnclear => ("One chargeback may correct another", Tone::Waiting),
        Concern::RefundHeldBack => ("A refund that Tollgate owes waits for a dispute", Tone::Waiting),
    }
}

/// Whether there is something left to do about an exception.
pub(crate) fn is_open(state: &Value) -> bool {
    state == "open"
}

/// A currency by its code. The API always sends a known code; showing another as dollars would be
/// wrong, so it gives `None`.
pub(crate) fn currency(code: &Value) -> Option<Currency> {
    Currency::parse(code.as_str()?).ok()
}

/// An amount of the API in minor units.
pub(crate) fn signed(minor: &Value) -> Option<SignedAmount> {
    minor.as_i64().map(SignedAmount::new)
}

/// An amount with its currency: `$1,234.50`, and `−$5.00` with a true minus.
pub(crate) fn money(amount: impl Into<SignedAmount>, currency: Currency) -> String {
    currency.signed_format(amount.into()).replace('-', "−")
}

/// An amount as people type it: `1,204.00`, `$5`, `26.20`. A comma is between thousands only:
/// `1,50` is none.
pub(crate) fn typed(typed: &str, currency: Currency) -> Option<Amount> {
    let plain = typed.trim_start_matches('$');
    let mut groups = plain.split('.').next()?.split(',').skip(1);
    if !groups.all(|group| group.len() == 3) {
        return None;
    }
    currency.parse_decimal(&plain.replace(',', "")).ok()
}

/// The same without the currency, which the column's heading says: `1,234.50`.
pub(crate) fn number(amount: impl Into<SignedAmount>, currency: Currency) -> String {
    money(amount, currency)
        .replace(|letter: char| letter != '−' && !letter.is_ascii_digit() && !",.".contains(letter), "")
}

/// An amount of the API in a cell, empty without one. Where the heading says the currency of all
/// rows, without it.
pub(crate) fn cell(minor: &Value, code: &Value, is_one_currency: bool) -> String {
    match (signed(minor), currency(code)) {
        (None, _) => String::new(),
        (Some(amount), None) => format!("{} {}", amount.minor(), said(code)).trim_end().to_owned(),
        (Some(amount), Some(currency)) if is_one_currency => number(amount, currency),
        (Some(amount), Some(currency)) => money(amount, currency),
    }
}

/// The value that all rows have in common, if there is one.
pub(crate) fn the_only(rows: &[Value], name: &str) -> Option<String> {
    let mut all = rows.iter().map(|row| said(&row[name])).filter(|value| !value.is_empty());
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// A moment in a zone: `Nov 21, 9:28 AM`.
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %-I:%M %p").to_string()
}

/// A moment of the API in a zone, empty without one.
pub(crate) fn moment_of(value: &Value, zone: &Zone) -> String {
    time(value).map(|at| moment(at, zone)).unwrap_or_default()
}

/// The same with the year and the zone, where it stands alone: `Nov 21, 2026, 9:28 AM EST`.
pub(crate) fn full_moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %Y, %-I:%M %p %Z").to_string()
}

/// `9:28 AM`.
pub(crate) fn time_of_day(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%-I:%M %p").to_string()
}

/// A time of the API.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A text of the API, empty without one.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A list of the API, empty without one.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `Visa 1443`, as far as it is known.
pub(crate) fn card(card: &Value) -> String {
    format!("{} {}", said(&card["brand"]), said(&card["last_four"])).trim().to_owned()
}

/// A text from outside within a sentence of ours: without the marks that would turn the letters
/// after it around.
pub(crate) fn said(value: &Value) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text(value).replace(turns, "")
}

/// The text for a row that cannot be read; `None` for any other row.
pub(crate) fn unreadable(row: &Value) -> Option<String> {
    (row["type"] == "unreadable").then(|| format!("Cannot be read: {}", said(&row["id"])))
}

/// Texts in one, with this between them. Empty ones are left out.
pub(crate) fn joined(texts: impl IntoIterator<Item = String>, separator: &str) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(separator)
}

/// A day of the API, `2026-11-24`, as `Nov 24`; with its year where it stands alone.
pub(crate) fn day(value: &Value) -> String {
    shown_day(value, "%b %-d")
}

/// `Nov 24, 2026`.
pub(crate) fn full_day(value: &Value) -> String {
    shown_day(value, "%b %-d, %Y")
}

fn shown_day(value: &Value, format: &str) -> String {
    let said = said(value);
    said.parse::<Date>().map_or(said, |day| day.strftime(format).to_string())
}

/// A text that begins a sentence.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// One or several of something: `1 line`, `3 lines`.
pub(crate) fn counted(count: i64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// How long something lasts: `5 hours`, `2 days`.
pub(crate) fn age(hours: i64) -> String {
    match hours {
        ..1 => "less than an hour".to_owned(),
        1..48 => counted(hours, "hour", "hours"),
        _ => counted(hours / 24, "day", "days"),
    }
}

/// The issuer's result for the address, with its letter (docs/cardpointe.md, *AVS and CVV
/// letters*).
pub(crate) fn address_check(letter: &str) -> String {
    let meaning = match letter {
        "" => return "Not reported".to_owned(),
        "Y" | "X" | "D" | "F" | "M" => "Street and postal code match",
        "A" | "B" => "Street matches, postal code does not",
        "Z" | "W" | "P" => "Postal code matches, street not checked",
        "N" => "Neither street nor postal code matches",
        "R" | "S" | "U" | "G" | "C" | "I" => "Not checked",
        _ => "A letter that Tollgate does not know",
    };
    format!("{meaning} ({letter})")
}

/// The issuer's result for the security code, with its letter.
pub(crate) fn code_check(letter: &str) -> String {
    let meaning = match letter {
        "" => return "Not reported".to_owned(),
        "M" => "Matches",
        "N" => "Does not match",
        "P" => "Not checked",
        "S" => "The card has one, and none was sent",
        "U" => "The bank does not check it",
        _ => "A letter that Tollgate does not know",
    };
    format!("{meaning} ({letter})")
}

/// A decline code, docs/decline-codes.md, in words.
pub(crate) fn decline(code: &str) -> String {
    match code {
        "incorrect_cvc" => "wrong security code".to_owned(),
        "incorrect_zip" => "wrong postal code".to_owned(),
        "incorrect_pin" => "wrong PIN".to_owned(),
        "avs_mismatch" => "the address does not match".to_owned(),
        "do_not_honor" | "generic_decline" | "" => "no reason given".to_owned(),
        "call_issuer" => "the cardholder has to call the bank".to_owned(),
        "pick_up_card" => "the card is to be withdrawn".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The advice after a decline.
pub(crate) fn advice(advice: &str) -> &'static str {
    match advice {
        "do_not_retry" => "Do not try this card again.",
        "fix_and_retry" => "Ask for the data again.",
        "retry_later" => "Trying later can work.",
        "use_another_card" => "Another card can work.",
        "contact_issuer" => "Only the cardholder can clear it with the bank.",
        _ => "",
    }
}

/// How far a payment's money has come (docs/settlement.md, *One payment*).
pub(crate) fn settlement(record: &Value) -> String {
    let (settled, funded) = (day(&record["settled_at"]), day(&record["funded_at"]));
    match record["state"].as_str().unwrap_or_default() {
        "funded" => format!("Settled {settled}, in the deposit of {funded}"),
        "settled" => format!("Settled {settled}, in no deposit yet"),
        "expected" => "In no batch yet".to_owned(),
        "held" => "The processor reviews it".to_owned(),
        "refused" => "The processor refused it: no money comes".to_owned(),
        "no_money" => "Moves no money".to_owned(),
        "" => "Nothing to settle".to_owned(),
        other => other.replace('_', " "),
    }
}
