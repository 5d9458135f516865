//! Texts for people: states in words, amounts, times. Nothing else compares the word of a state, a
//! stage or a role.

pub(crate) mod causes;
pub(crate) mod sentences;

use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::Concern,
    order::{AdvisedAgainst, NotPossible, PaymentWord},
    settlement::{Component, DayState, Figure, FundedKind, Progressed},
    values::{Advice, Amount, Currency, RetryScope, SignedAmount, Words, Zone},
};
use tollgate_wire::{Card, ExceptionState, Price, Word};

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

/// The state of a payment (docs/api.md) in words, with its tone.
pub(crate) const fn state(word: PaymentWord) -> (&'static str, Tone) {
    match word {
        PaymentWord::Held => ("Held", Tone::Held),
        PaymentWord::Paid => ("Paid", Tone::Good),
        PaymentWord::PartlyPaid => ("Paid in part", Tone::Good),
        PaymentWord::PartlyRefunded => ("Refunded in part", Tone::Good),
        PaymentWord::Refunded => ("Refunded", Tone::Good),
        PaymentWord::SettlementRefused => ("Settlement refused", Tone::Bad),
        PaymentWord::Disputed => ("Disputed", Tone::Bad),
        PaymentWord::Lapsed => ("Lapsed", Tone::Quiet),
        PaymentWord::Voided => ("Voided", Tone::Quiet),
        PaymentWord::VoidedElsewhere => ("Voided elsewhere", Tone::Quiet),
        PaymentWord::Declined => ("Declined", Tone::Bad),
        PaymentWord::NotProcessed => ("Not processed", Tone::Quiet),
        PaymentWord::NotKnownYet => ("Not known yet", Tone::Waiting),
    }
}

/// The same with the code of a failure.
pub(crate) fn state_with_reason(word: &Word<PaymentWord>, code: Option<&str>) -> (String, Tone) {
    let known = word.known().map(state);
    let name = known.map_or_else(|| said(word.as_str()), |(name, _)| name.to_owned());
    // Some failures have no reason but their state.
    let reason = code.map(said).filter(|code| !code.is_empty() && code != word.as_str());
    let text = if let Some(code) = reason { format!("{name}: {}", decline(&code)) } else { name };
    (text, known.map_or(Tone::Quiet, |(_, tone)| tone))
}

/// The end of an authorization without a scheduled capture; `None` in states that have none.
pub(crate) fn end_of_hold(state: &Word<PaymentWord>) -> Option<&'static str> {
    match state.known()? {
        PaymentWord::Held => Some("The authorization ends about then. No capture is scheduled."),
        PaymentWord::Lapsed => Some("The authorization ended about then, and nothing was captured."),
        _ => None,
    }
}

/// Whether a refusal of an act with this code is the outcome that the payment's history shows.
pub(crate) fn is_outcome(code: &str) -> bool {
    ["declined", "voided_elsewhere"].contains(&code)
}

/// Why an action is not possible, in a sentence.
pub(crate) fn why(word: &Word<NotPossible>) -> String {
    word.known().map_or_else(|| plain(word), |known| known.sentence().to_owned())
}

/// Why an action is not advisable, in a sentence.
pub(crate) fn advised_against(word: &Word<AdvisedAgainst>) -> String {
    word.known().map_or_else(|| plain(word), |known| known.sentence().to_owned())
}

/// A word of the API as people write it.
pub(crate) fn plain<T: Words>(word: &Word<T>) -> String {
    said(word.as_str()).replace('_', " ")
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
        Concern::ShopRefused => ("Elastic Path refused to record it", Tone::Bad),
        Concern::ShopDiffers => ("Elastic Path shows it otherwise", Tone::Waiting),
        Concern::ForeignPayment => ("Elastic Path shows a payment that is not Tollgate's", Tone::Bad),
        Concern::RefundHeldBack => ("A refund that Tollgate owes waits for a dispute", Tone::Waiting),
    }
}

/// Whether there is something left to do about an exception.
pub(crate) fn is_open(state: &Word<ExceptionState>) -> bool {
    *state == ExceptionState::Open
}

/// A currency by its code. The API always sends a known code; showing another as dollars would be
/// wrong, so it gives `None`.
pub(crate) fn currency(code: &str) -> Option<Currency> {
    Currency::parse(code).ok()
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

/// The text for a sum that the API does not know.
pub(crate) const NOT_KNOWN: &str = "Not known";

/// An amount of the API. Where the heading says the currency of all rows, without it.
pub(crate) fn cell(amount: impl Into<SignedAmount>, code: &str, is_one_currency: bool) -> String {
    let amount = amount.into();
    match currency(code) {
        None => format!("{} {}", amount.minor(), said(code)).trim_end().to_owned(),
        Some(currency) if is_one_currency => number(amount, currency),
        Some(currency) => money(amount, currency),
    }
}

/// The same where nothing is as good as none.
pub(crate) fn if_any(amount: impl Into<SignedAmount>, code: &str, is_one_currency: bool) -> String {
    let amount = amount.into();
    if amount.is_zero() { String::new() } else { cell(amount, code, is_one_currency) }
}

/// A price of the API.
pub(crate) fn price(price: &Price) -> String {
    cell(price.amount, &price.currency.0, false)
}

/// A price that went away: with a minus. Empty for nothing.
pub(crate) fn lost(price: &Price) -> String {
    if_any(SignedAmount::from(price.amount).taken_off(), &price.currency.0, false)
}

/// The value that all rows have in common, if there is one.
pub(crate) fn the_only<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut all = values.into_iter().map(said).filter(|value| !value.is_empty());
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// A moment in a zone: `Nov 21, 9:28 AM`.
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %-I:%M %p").to_string()
}

/// The same with the year and the zone, where it stands alone: `Nov 21, 2026, 9:28 AM EST`.
pub(crate) fn full_moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %Y, %-I:%M %p %Z").to_string()
}

/// `9:28 AM`.
pub(crate) fn time_of_day(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%-I:%M %p").to_string()
}

/// `Visa 1443`, as far as it is known.
pub(crate) fn card(card: &Card) -> String {
    brand_and_last_four(card.brand.as_deref(), card.last_four.as_deref())
}

/// The same of a receipt.
pub(crate) fn brand_and_last_four(brand: Option<&str>, last_four: Option<&str>) -> String {
    joined([said(brand), said(last_four)], " ")
}

/// A text from outside within a sentence of ours: without the marks that would turn the letters
/// after it around. Empty without one.
pub(crate) fn said<'a>(text: impl Into<Option<&'a str>>) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.into().unwrap_or_default().replace(turns, "")
}

/// The text for an item that cannot be read.
pub(crate) fn unreadable(id: &str) -> String {
    format!("Cannot be read: {}", said(id))
}

/// Texts in one, with this between them. Empty ones are left out.
pub(crate) fn joined(texts: impl IntoIterator<Item = String>, separator: &str) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(separator)
}

/// `Nov 24`.
pub(crate) fn day(day: Date) -> String {
    day.strftime("%b %-d").to_string()
}

/// The same with its year, where it stands alone: `Nov 24, 2026`.
pub(crate) fn full_day(day: Date) -> String {
    day.strftime("%b %-d, %Y").to_string()
}

/// `Tue, Nov 24`, with its year unless that is the present one.
pub(crate) fn weekday(day: Date, today: Date) -> String {
    let is_of_this_year = day.year() == today.year();
    day.strftime(if is_of_this_year { "%a, %b %-d" } else { "%a, %b %-d, %Y" }).to_string()
}

/// A text that begins a sentence.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A text without the capitals in which processors write all of it.
pub(crate) fn calm(text: &str) -> String {
    if text.chars().any(char::is_lowercase) { text.to_owned() } else { capitalized(&text.to_lowercase()) }
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
        "do_not_honor" | "" => "no reason given".to_owned(),
        "generic_decline" => "no specific reason".to_owned(),
        "call_issuer" => "the cardholder has to call the bank".to_owned(),
        "pick_up_card" => "the card is to be withdrawn".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The advice after a decline, and of what the card scheme forbids to try again, if it does.
pub(crate) const fn advice(advice: Advice, scope: Option<RetryScope>) -> &'static str {
    match advice {
        Advice::Never => match scope {
            Some(RetryScope::Series) => {
                "Do not charge this card on your own again until the customer agrees anew."
            }
            Some(RetryScope::Payment) => "Do not try this payment again.",
            Some(RetryScope::Card) | None => "Do not try this card again.",
        },
        Advice::FixData => "Ask for the data again.",
        Advice::Later => "Trying later can work.",
        Advice::OtherCard => "Another card can work.",
        Advice::ContactIssuer => "Only the cardholder can clear it with the bank.",
    }
}

/// How far a payment's money has come (docs/settlement.md, *One payment*).
pub(crate) fn settlement(
    state: Option<&Word<Progressed>>,
    settled_at: Option<Date>,
    funded_at: Option<Date>,
) -> String {
    let Some(state) = state else { return "Nothing to settle".to_owned() };
    let [settled, funded] = [settled_at, funded_at].map(|at| at.map(day).unwrap_or_default());
    let Some(known) = state.known() else { return plain(state) };
    match known {
        Progressed::Funded => format!("Settled {settled}, in the deposit of {funded}"),
        Progressed::Settled => format!("Settled {settled}, in no deposit yet"),
        Progressed::Expected => "In no batch yet".to_owned(),
        Progressed::Held => "The processor reviews it".to_owned(),
        Progressed::Refused => "The processor refused it: no money comes".to_owned(),
        Progressed::NoMoney => "Moves no money".to_owned(),
    }
}

/// How far money is that is in no deposit, and how that is going.
pub(crate) fn on_the_way(state: &Word<Progressed>) -> (String, Tone) {
    let (text, tone) = match state.known() {
        Some(Progressed::Expected) => ("In no batch yet", Tone::Quiet),
        Some(Progressed::Held) => ("Held by the processor", Tone::Waiting),
        Some(Progressed::Refused) => ("Refused: no money comes", Tone::Bad),
        Some(Progressed::Settled) => ("Settled, in no deposit yet", Tone::Held),
        Some(Progressed::Funded | Progressed::NoMoney) | None => {
            return (capitalized(&plain(state)), Tone::Quiet);
        }
    };
    (text.to_owned(), tone)
}

/// How a day of deposits is going; `None` if there is nothing to show.
pub(crate) fn deposit_day(state: &Word<DayState>) -> Option<Tone> {
    match state.known()? {
        DayState::Matched => Some(Tone::Good),
        DayState::Open => Some(Tone::Bad),
        DayState::Expected => Some(Tone::Waiting),
        DayState::Nothing => None,
    }
}

/// Whether a day has deposits.
pub(crate) fn has_deposits(state: &Word<DayState>) -> bool {
    *state == DayState::Matched || *state == DayState::Open
}

/// The name of a deposit's component.
pub(crate) fn component(component: &Word<Component>) -> String {
    match component.known() {
        Some(Component::NetSales) => "Payments less refunds".to_owned(),
        Some(Component::Reversal) => "Chargebacks and reversals".to_owned(),
        _ => capitalized(&plain(component)),
    }
}

/// The name of a deposit's line.
pub(crate) fn line(kind: &Word<FundedKind>) -> String {
    if *kind == FundedKind::Sale { "Payment".to_owned() } else { capitalized(&plain(kind)) }
}

/// The name of a figure of a month.
pub(crate) const fn figure(figure: Figure) -> &'static str {
    match figure {
        Figure::Taken => "Taken",
        Figure::GivenBack => "Given back",
        Figure::RecordedOnly => "Refunds only recorded",
        Figure::Duplicates => "Duplicates",
        Figure::Undone => "Undone payments",
        Figure::AtGateway => "At the gateway",
        Figure::CustomerFees => "Customer fees",
        Figure::Moved => "With these fees",
        Figure::InDeposit => "In a deposit",
        Figure::Settled => "Settled",
        Figure::OnTheWay => "On the way",
        Figure::Exception => "Exception",
        Figure::Refused => "Refused",
        Figure::Voided => "Voided",
        Figure::Difference => "Difference",
        Figure::ArrivedBefore => "In earlier deposits",
        Figure::ArrivedAfter => "In later deposits",
        Figure::Lines => "For these movements",
        Figure::LinesBefore => "For earlier movements",
        Figure::LinesAfter => "For later movements",
        Figure::LinesNotOurs => "Not Tollgate's",
        Figure::Fees => "Fees",
        Figure::Chargebacks => "Chargebacks and reversals",
        Figure::Adjustments => "Adjustments",
        Figure::DepositsDiffer => "Deposits that do not add up",
        Figure::Net => "Net that arrived",
    }
}
