//! The meanings of a text that a person types into the box: by its form, by a word before it, or
//! as an id that only the shop or the bank knows.

use std::cmp::Ordering;

use tollgate_core::{
    order::OrderId,
    values::{Amount, Brand, Currency, SearchBy, SearchedBy},
};
use uuid::Uuid;

use crate::{web::is_personal, words};

/// The most searches for one text. Further meanings are links.
pub(super) const CALLS_MAX: usize = 3;

/// Phrases of people in one word, or in none.
const PHRASES: [(&str, &str); 16] = [
    (": ", " "),
    ("american express", "amex"),
    ("master card", "mastercard"),
    ("diners club", "diners"),
    ("union pay", "union_pay"),
    ("unionpay", "union_pay"),
    ("last 4 ", ""),
    ("under ", "<"),
    ("less than ", "<"),
    ("over ", ">"),
    ("more than ", ">"),
    ("...", "…"),
    ("..", "-"),
    (" - ", "-"),
    (" – ", "-"),
    (" to ", "-"),
];

/// Words around card numbers, amounts and addresses that say nothing more.
const FILLERS: [&str; 13] = [
    "card", "ending", "ends", "in", "with", "last", "four", "digits", "amount", "and", "e-mail", "email",
    "address",
];

/// Characters for digits that are not shown.
const MASKS: [char; 6] = ['*', 'x', '•', '·', '…', '#'];

/// Signs of currencies. A dollar may be of several countries.
const SIGNS: [(char, &str); 3] = [('€', "EUR"), ('£', "GBP"), ('¥', "JPY")];

/// Words before an id, and the kind of id that they announce.
const ANNOUNCED: [(&str, IdKind); 14] = [
    ("order", IdKind::Order),
    ("reference", IdKind::Reference),
    ("ref", IdKind::Reference),
    ("invoice", IdKind::Reference),
    ("receipt", IdKind::Reference),
    ("approval", IdKind::Approval),
    ("authorization", IdKind::Approval),
    ("auth", IdKind::Approval),
    ("gateway", IdKind::Retref),
    ("retref", IdKind::Retref),
    ("trace", IdKind::Trace),
    ("deposit", IdKind::Trace),
    ("payment", IdKind::Payment),
    ("transaction", IdKind::Payment),
];

/// Words between an announcing word and the id.
const BETWEEN: [&str; 8] = ["code", "number", "no", "nr", "id", "reference", "trace", "with"];

/// A kind of id.
#[derive(Clone, Copy, PartialEq)]
enum IdKind {
    Order,
    Reference,
    Approval,
    Retref,
    Trace,
    Payment,
}

impl IdKind {
    const fn field(self) -> &'static str {
        match self {
            Self::Order => "order_id",
            Self::Reference => SearchBy::Reference.as_str(),
            Self::Approval => "approval_code",
            Self::Retref => "retref",
            Self::Trace => "trace_number",
            Self::Payment => "id",
        }
    }

    /// Its name, which also announces it in the box.
    const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Reference => "reference",
            Self::Approval => "approval code",
            Self::Retref => "gateway reference",
            Self::Trace => "deposit with trace number",
            Self::Payment => "payment",
        }
    }

    /// Whether an id can be so.
    fn has(self, id: &str) -> bool {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self {
            Self::Order => id.parse::<OrderId>().is_ok(),
            Self::Reference => true,
            Self::Approval => id.len() == APPROVAL_CODE && is_plain,
            Self::Retref | Self::Trace => is_plain,
            Self::Payment => id.parse::<Uuid>().is_ok(),
        }
    }

    fn reading(self, id: &str) -> Option<Reading> {
        let text = format!("{} {id}", self.name());
        let filter = format!("eq({},{})", self.field(), quoted(id));
        let by = (self == Self::Reference).then_some(SearchBy::Reference);
        self.has(id).then(|| Reading { filter, text, by, is_deposit: self == Self::Trace })
    }
}

/// Length of an approval code, in characters.
const APPROVAL_CODE: usize = 6;
/// Length of the gateway's references, in digits. Longer numbers are a bank's.
const RETREF: usize = 12;

/// A possible meaning of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// The filter of the API's list.
    pub(super) filter: String,
    /// The meaning in words. Typed into the box, they mean only this.
    pub(super) text: String,
    /// The kind of text by which not every merchant's payments are found.
    by: Option<SearchBy>,
    /// Whether deposits are meant, and not payments.
    pub(super) is_deposit: bool,
}

/// A value of a filter, with any characters.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace(['"', '\\'], ""))
}

/// The meanings of a text, the likeliest first. None of a text that this merchant's payments are
/// not found by.
pub(super) fn readings(typed: &str, searched: SearchedBy) -> Vec<Reading> {
    let all = announced(typed).unwrap_or_else(|| unannounced(typed));
    let mut found = Vec::new();
    for reading in all.into_iter().flatten() {
        let is_found_by = reading.by.is_none_or(|by| searched.has(by));
        if is_found_by && !found.contains(&reading) {
            found.push(reading);
        }
    }
    found
}

/// An order as typed and in capitals.
fn orders(id: &str) -> [Option<Reading>; 2] {
    [id.to_owned(), id.to_uppercase()].map(|id| IdKind::Order.reading(&id))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The meanings of a text whose first word says the kind of id.
fn announced(typed: &str) -> Option<Vec<Option<Reading>>> {
    let spaced = typed.replace(": ", " ");
    let is_word = |word: &str, known: &str| word.trim_end_matches('.').eq_ignore_ascii_case(known);
    let mut words = spaced.split_whitespace().peekable();
    let first = words.next()?;
    let (_, kind) = ANNOUNCED.iter().find(|(known, _)| is_word(first, known))?;
    while words.next_if(|word| BETWEEN.iter().any(|known| is_word(word, known))).is_some() {}
    let id = words.collect::<Vec<_>>().join(" ");
    if id.is_empty() {
        return None;
    }
    let whole = IdKind::Reference.reading(typed);
    let own = kind.reading(&id);
    let [order, in_capitals] = orders(id.trim_start_matches('#'));
    Some(match kind {
        IdKind::Order => vec![order, in_capitals, whole, IdKind::Reference.reading(&id)],
        IdKind::Reference if id.len() == RETREF && is_digits(&id) => {
            vec![IdKind::Retref.reading(&id), own, whole]
        }
        IdKind::Reference => vec![own, whole, order, in_capitals],
        IdKind::Approval | IdKind::Retref | IdKind::Trace | IdKind::Payment => vec![own, whole],
    })
}

fn unannounced(typed: &str) -> Vec<Option<Reading>> {
    let by_form = Form::of(typed);
    let whole = IdKind::Reference.reading(typed);
    let mut words = typed.split_whitespace();
    let (Some(word), None) = (words.next(), words.next()) else {
        return if by_form.is_some() {
            vec![by_form]
        } else {
            with_order(typed).into_iter().chain([whole]).collect()
        };
    };
    let id = word.trim_start_matches('#');
    let [order, in_capitals] = orders(id);
    let [reference, approval, retref, trace] =
        [IdKind::Reference, IdKind::Approval, IdKind::Retref, IdKind::Trace].map(|kind| kind.reading(id));
    if id != word {
        return vec![order, in_capitals, reference, whole, by_form];
    }
    if is_digits(id) {
        return match id.len() {
            ..=3 | 5 => vec![by_form, order, reference],
            4 => vec![by_form, order, Form::of(&format!("{id}.00-{id}.99")), reference],
            RETREF => vec![retref, order, reference],
            len if len > RETREF => vec![trace, retref, order, reference],
            _ => vec![order, approval, reference, by_form],
        };
    }
    if let Some(payment) = IdKind::Payment.reading(id) {
        return vec![order, Some(payment), reference];
    }
    let has_digit = id.contains(|letter: char| letter.is_ascii_digit());
    match by_form {
        Some(form) if is_personal(id) || !has_digit => vec![Some(form)],
        Some(form) => vec![Some(form), order, reference],
        None => {
            let approval = approval.filter(|_| has_digit);
            let has_small = id.contains(char::is_lowercase);
            let [second, third] =
                if approval.is_some() && has_small { [approval, reference] } else { [reference, approval] };
            vec![order, in_capitals, second, third]
        }
    }
}

/// A text that is an order besides words that their form identifies: `UM-2019 1443`.
fn with_order(typed: &str) -> Vec<Option<Reading>> {
    let others = typed.split_whitespace().filter(|word| Form::of(word).is_none()).collect::<Vec<_>>();
    let [id] = others[..] else { return Vec::new() };
    let rest = typed.split_whitespace().filter(|word| *word != id).collect::<Vec<_>>().join(" ");
    let Some(form) = Form::of(&rest) else { return Vec::new() };
    let with_form = |order: Reading| Reading {
        filter: format!("{}:{}", order.filter, form.filter),
        text: format!("{}, {}", order.text, form.text),
        ..form.clone()
    };
    orders(id).map(|order| order.map(with_form)).into()
}

/// A condition on a field, and the same in words.
struct Part {
    field: &'static str,
    condition: String,
    text: String,
}

/// A text of words that their form identifies, as far as it was read.
struct Form {
    currency: Currency,
    parts: Vec<Part>,
}

impl Form {
    /// The meaning of a text all of whose words have a known form.
    fn of(typed: &str) -> Option<Reading> {
        let mut text = typed.to_lowercase();
        for (phrase, word) in PHRASES {
            text = text.replace(phrase, word);
        }
        let of_sign = || SIGNS.iter().find(|(sign, _)| text.contains(*sign)).map(|(_, code)| *code);
        let of_word = text.split_whitespace().find(|word| Currency::parse(word).is_ok());
        let stated = of_word.or_else(of_sign).and_then(words::currency);
        let mut form = Self { currency: stated.unwrap_or(Currency::USD), parts: Vec::new() };
        if !text.split_whitespace().all(|word| form.add(word)) || form.parts.is_empty() {
            return None;
        }
        if let Some(currency) = stated.filter(|_| form.has("amount")) {
            form.put("currency", currency.code(), currency.to_string());
        }
        let by = form.has(SearchBy::Email.as_str()).then_some(SearchBy::Email);
        let conditions = form.parts.iter().map(|part| part.condition.clone());
        let filter = words::joined(conditions, ":");
        let text = words::joined(form.parts.into_iter().map(|part| part.text), ", ");
        Some(Reading { filter, text, by, is_deposit: false })
    }

    /// Adds the condition that a field has a value.
    fn put(&mut self, field: &'static str, value: &str, text: String) {
        self.parts.push(Part { field, condition: format!("eq({field},{value})"), text });
    }

    /// Whether there is a condition on a field.
    fn has(&self, field: &str) -> bool {
        self.parts.iter().any(|part| part.field == field)
    }

    /// Adds the condition of a word; false for a word without a known form.
    fn add(&mut self, word: &str) -> bool {
        let brand = Brand::from_name(if word == "mc" { "mastercard" } else { word });
        if let Some(brand) = brand {
            self.put("brand", &quoted(brand.name()), brand.name().to_owned());
        } else if is_personal(word) {
            let address = word.replace('＠', "@");
            self.put(SearchBy::Email.as_str(), &quoted(&address), format!("e-mail address {address}"));
        } else if let Some(digits) = last_four(word).filter(|_| !self.has("last_four")) {
            self.put("last_four", digits, format!("card ending in {digits}"));
        } else if word.len() == RETREF && is_digits(word) {
            self.put("retref", word, format!("gateway reference {word}"));
        } else if let Some(amount) = self.amount(word) {
            self.parts.push(amount);
        } else {
            let is_masked = word.chars().all(|letter| MASKS.contains(&letter));
            return is_masked || FILLERS.contains(&word) || Currency::parse(word).is_ok();
        }
        true
    }

    /// The condition of an amount, of a range, or of a limit.
    fn amount(&self, word: &str) -> Option<Part> {
        let number = |amount: Amount| words::number(amount, self.currency);
        let compared = |operator: &str, amount: Amount| format!("{operator}(amount,{})", amount.minor());
        let part = |condition, text: String| {
            Some(Part { field: "amount", condition, text: format!("amount {text}") })
        };
        let plain = word.trim_start_matches(['-', '−']);
        for (sign, operator, name) in [('<', "lt", "under"), ('>', "gt", "over")] {
            if let Some(limit) = plain.strip_prefix(sign) {
                let limit = self.exact(limit)?;
                return part(compared(operator, limit), format!("{name} {}", number(limit)));
            }
        }
        let (low, high) = match plain.split_once(['-', '–', '—']) {
            Some((low, high)) => (self.exact(low)?, self.exact(high)?),
            None => (self.exact(plain)?, self.with_cents(plain)?),
        };
        match low.cmp(&high) {
            Ordering::Less => {
                let range = format!("{}:{}", compared("ge", low), compared("le", high));
                part(range, format!("{} to {}", number(low), number(high)))
            }
            Ordering::Equal => part(compared("eq", low), number(low)),
            Ordering::Greater => None,
        }
    }

    /// The most that a text may mean: of a whole number, people leave out the cents.
    fn with_cents(&self, word: &str) -> Option<Amount> {
        let exponent = usize::try_from(self.currency.exponent()).unwrap_or_default();
        let has_cents = exponent == 0 || !is_digits(word);
        self.exact(&if has_cents { word.to_owned() } else { format!("{word}.{}", "9".repeat(exponent)) })
    }

    /// An amount with a decimal point or comma, and perhaps a sign: `26.20`, `26,20`, `$5`.
    fn exact(&self, word: &str) -> Option<Amount> {
        let is_sign = |letter: char| letter == '$' || SIGNS.iter().any(|(sign, _)| *sign == letter);
        let plain = word.trim_start_matches("us$").trim_matches(is_sign);
        let decimal = plain.rsplit_once(',').filter(|(_, cents)| cents.len() == 2);
        let plain = decimal.map_or_else(
            || plain.to_owned(),
            |(whole, cents)| format!("{}.{cents}", whole.replace('.', ",")),
        );
        words::typed(&plain, self.currency)
    }
}

/// The last four digits of a card number, perhaps behind signs for the others.
fn last_four(word: &str) -> Option<&str> {
    let (before, digits) = word.split_at_checked(word.len().checked_sub(4)?)?;
    let is_hidden =
        before.contains(MASKS) && before.chars().all(|sign| MASKS.contains(&sign) || sign.is_ascii_digit());
    (is_digits(digits) && (before.is_empty() || is_hidden)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: SearchedBy = SearchedBy { references: true, customers: true };

    fn filters(typed: &str) -> Vec<String> {
        readings(typed, ALL).into_iter().map(|reading| reading.filter).collect()
    }

    #[test]
    fn the_likeliest_meaning_of_a_text_is_the_one_of_its_form() {
        for (typed, filter) in [
            ("1443", "eq(last_four,1443)"),
            ("visa 1443", "eq(brand,\"Visa\"):eq(last_four,1443)"),
            ("Master Card ending in 4444", "eq(brand,\"Mastercard\"):eq(last_four,4444)"),
            ("AMERICAN EXPRESS", "eq(brand,\"American Express\")"),
            ("card *1443", "eq(last_four,1443)"),
            ("x1443", "eq(last_four,1443)"),
            ("**** **** **** 1443", "eq(last_four,1443)"),
            ("478825******1443", "eq(last_four,1443)"),
            ("26", "ge(amount,2600):le(amount,2699)"),
            ("26.20", "eq(amount,2620)"),
            ("26,20", "eq(amount,2620)"),
            ("1.204,00", "eq(amount,120400)"),
            ("-$1,204", "eq(amount,120400)"),
            ("$5", "eq(amount,500)"),
            ("20-30", "ge(amount,2000):le(amount,3000)"),
            ("$20 to $30.50", "ge(amount,2000):le(amount,3050)"),
            ("20 – 30", "ge(amount,2000):le(amount,3000)"),
            ("under 20", "lt(amount,2000)"),
            ("1443 26", "eq(last_four,1443):ge(amount,2600):le(amount,2699)"),
            ("1443 1204", "eq(last_four,1443):ge(amount,120400):le(amount,120499)"),
            ("€26,20", "eq(amount,2620):eq(currency,EUR)"),
            ("500 jpy", "eq(amount,500):eq(currency,JPY)"),
            (
                "last_four@amount.example 1443",
                "eq(customer_email,\"last_four@amount.example\"):eq(last_four,1443)",
            ),
            ("Ann@Example.com 26.20", "eq(customer_email,\"ann@example.com\"):eq(amount,2620)"),
            ("327975232415", "eq(retref,\"327975232415\")"),
            ("ref 327975232415", "eq(retref,\"327975232415\")"),
            ("091000010000012", "eq(trace_number,\"091000010000012\")"),
            ("Approval code: PPS123", "eq(approval_code,\"PPS123\")"),
            ("order no. UM-2019", "eq(order_id,\"UM-2019\")"),
            ("#2019", "eq(order_id,\"2019\")"),
            ("UM-2019 visa 1443", "eq(order_id,\"UM-2019\"):eq(brand,\"Visa\"):eq(last_four,1443)"),
        ] {
            assert_eq!(filters(typed).first().map(String::as_str), Some(filter), "{typed}");
        }
    }

    #[test]
    fn a_text_that_may_be_several_things_is_each_of_them() {
        let [order, reference] = ["order_id", "custom_reference"];
        for (typed, all) in [
            ("um-2019", &[(order, "um-2019"), (order, "UM-2019"), (reference, "um-2019")] as &[_]),
            ("invoice 2019", &[(reference, "2019"), (reference, "invoice 2019"), (order, "2019")]),
            ("PPS123", &[(order, "PPS123"), (reference, "PPS123"), ("approval_code", "PPS123")]),
            (
                "pps123",
                &[(order, "pps123"), (order, "PPS123"), ("approval_code", "pps123"), (reference, "pps123")],
            ),
            ("Ann Archer", &[(reference, "Ann Archer")]),
            ("a,b):eq(x,y", &[(reference, "a,b):eq(x,y")]),
            ("„Größe“", &[(reference, "„Größe“")]),
        ] {
            let all: Vec<_> = all.iter().map(|(field, id)| format!("eq({field},\"{id}\")")).collect();
            assert_eq!(filters(typed), all, "{typed}");
        }
        let amount = "ge(amount,144300):le(amount,144399)";
        let all = ["eq(last_four,1443)", "eq(order_id,\"1443\")", amount, "eq(custom_reference,\"1443\")"];
        assert_eq!(filters("1443"), all);
        for typed in ["visa", "ann@example.com", "visa 1443 26.20"] {
            assert_eq!(filters(typed).len(), 1, "{typed}");
        }
    }

    #[test]
    fn a_meaning_in_words_means_only_itself_when_it_is_typed() {
        for typed in ["1443", "26", "um-2019", "pps123", "091000010000012", "#2019", "20-30", "1234567"] {
            for reading in readings(typed, ALL) {
                let again = readings(&reading.text, ALL);
                assert_eq!(again.first(), Some(&reading), "{typed}");
            }
        }
    }

    #[test]
    fn a_merchant_whose_payments_are_not_found_by_a_text_gets_no_such_search() {
        let none = SearchedBy::default();
        assert_eq!(readings("ann@example.com", none), []);
        assert_eq!(readings("Ann Archer", none), []);
        assert_eq!(readings("UM-2019", none).len(), 1);
    }

    #[test]
    fn what_is_typed_cannot_end_its_condition() {
        assert_eq!(filters("a\"):eq(b,\\\"c"), ["eq(custom_reference,\"a):eq(b,c\")"]);
    }
}
