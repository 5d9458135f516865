//! What people read: states in words, amounts, times.

use jiff::Timestamp;
use serde_json::Value;
use tollgate_core::values::{Amount, Currency, Zone};

/// How something is going, as a badge shows it: by a shape and a color, and always beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    /// Money that is held: a ring.
    Held,
    Waiting,
    Bad,
    /// Over, and nobody has to do anything.
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

/// The state of a payment, as docs/reference/order-api.md lists them, in words and with its tone.
pub(crate) fn state(state: &str) -> (&str, Tone) {
    match state {
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
    }
}

/// A currency by its code. What the API sends is always one; what is not is shown as dollars would be wrong, so there is none.
pub(crate) fn currency(code: &Value) -> Option<Currency> {
    Currency::parse(code.as_str()?).ok()
}

/// An amount in minor units with its currency: `$1,234.50`, and `−$5.00` with a true minus.
pub(crate) fn money(minor: i64, currency: Currency) -> String {
    let shown =
        Amount::new(minor.unsigned_abs()).map_or_else(|_| "?".to_owned(), |amount| currency.format(amount));
    if minor < 0 { format!("−{shown}") } else { shown }
}

/// The same without the currency, which the column's heading says: `1,234.50`.
pub(crate) fn number(minor: i64, currency: Currency) -> String {
    money(minor, currency)
        .replace(|letter: char| letter != '−' && !letter.is_ascii_digit() && !",.".contains(letter), "")
}

/// A moment in a zone: `Nov 21, 9:28 AM`.
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %-I:%M %p").to_string()
}

/// The same with the year and the zone, where it stands alone: `Nov 21, 2026, 9:28 AM EST`.
pub(crate) fn full_moment(at: Timestamp, zone: &Zone) -> String {
    zone.shown(at).strftime("%b %-d, %Y, %-I:%M %p %Z").to_string()
}

/// A time of the API.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A text of the API, empty without one.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `Visa 1443`, as far as it is known.
pub(crate) fn card(card: &Value) -> String {
    format!("{} {}", text(&card["brand"]), text(&card["last_four"])).trim().to_owned()
}
