//! Members that stand where nothing reads them, and mean something all the same: an amount that is
//! overlooked moves everything, and a customer that is overlooked pays with anybody's card.
//!
//! Everything else that is not known stays ignored, because other systems send it, too.

use std::net::Ipv4Addr;

use lambda_http::Request;
use tollgate_core::values::{Currency, clean_text};

use super::{Members, NAME_SHOWN_MAX, UNKNOWN_SHOWN_MAX};
use crate::{
    api::{Code, Document, Node, Problem},
    invocation::query_names,
};

/// The name of all amounts, and of members that contain it.
const AMOUNT: &str = "amount";

/// Words that stand for an amount in other systems' names.
const SHORT_AMOUNTS: [&str; 2] = ["amt", "amnt"];

/// The members that say how much moves, and those that restrict who pays, when or how.
const WATCHED: [&str; 11] = [
    "capture_amount",
    AMOUNT,
    "initiated_by",
    "scheduled",
    "save",
    "series",
    IGNORE_SCHEME_ADVICE,
    "capture_at",
    "reopen",
    "refund_mechanism",
    "refund_disputed",
];

/// Whether a payment is sent although a card scheme has forbidden it.
pub(crate) const IGNORE_SCHEME_ADVICE: &str = "ignore_scheme_advice";

/// Whose stored card pays.
const CUSTOMER: &str = "customer";

/// A name that stands for the customer in other systems.
const CUSTOMER_ID: &str = "customerid";

/// How many letters a name has at least of which a slip is recognized: shorter ones are a slip away
/// from many words.
const SLIP_LETTERS_MIN: usize = 6;

/// Words in names of money, whose texts are amounts however they are written.
const MONEY_WORDS: [&str; 4] = ["total", "price", "value", "sum"];

/// Words in the names of contact data, whose digits are hardly ever meant as an amount.
const CONTACT_WORDS: [&str; 5] = ["phone", "mobile", "zip", "postcode", "postal"];

/// The same of names of things: `cart_id`, `invoice_number`.
const IDENTITY_WORDS: [&str; 5] = ["id", "number", "reference", "code", "quantity"];

/// The characters of an amount besides digits and white space.
const SIGNS_IN_AMOUNTS: &str = "+-\u{2212}.,'\u{2019}_$€£¥";

/// A member of unknown objects that is read elsewhere.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency_key";

/// A member with a merchant's own members, which mean nothing here.
pub(crate) const METADATA: &str = "metadata";

/// A member where nothing reads it.
pub(crate) struct Stray {
    /// Its path in the body, or its name in the query; made fit to be shown.
    pub(crate) path: String,
    /// The member that it probably is.
    pub(crate) meant: &'static str,
}

impl Stray {
    fn new(path: &str, meant: &'static str) -> Self {
        // The name comes from outside: never if it is a number, and shown short after that.
        Self { path: clean_text(path, NAME_SHOWN_MAX), meant }
    }

    /// The refusal, which says what to do instead.
    pub(crate) fn problem(&self, hint: &str) -> Problem {
        Problem::of(&self.path, Code::UnknownMember, format!("is not known here; {hint}"))
    }
}

/// All members of a request that `meant` takes for one that is read at another place: in the query,
/// in the body, and in the parts of XML that no member is in. A member that is `in_place`, by the
/// object that it is in and by its name, is left alone with all that is in it.
pub(crate) fn strays(
    document: &Document,
    request: &Request,
    in_place: impl Fn(&Node, &str) -> bool,
    meant: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Stray> {
    let mut found = Vec::new();
    for name in query_names(request).into_iter().chain(document.passed_over.iter().map(String::as_str)) {
        let last = name.rsplit(['.', '[', ']', '@']).find(|part| !part.is_empty()).unwrap_or_default();
        found.extend(meant(last).map(|meant| Stray::new(name, meant)));
    }
    walk(&document.root, "", &mut |object, name, path| {
        if in_place(object, name) {
            return false;
        }
        let stray = meant(name).map(|meant| Stray::new(path, meant));
        let goes_on = stray.is_none();
        found.extend(stray);
        goes_on
    });
    found
}

/// Hands over each member with its object and its path, and goes into it if it is told to.
fn walk(node: &Node, path: &str, enters: &mut impl FnMut(&Node, &str, &str) -> bool) {
    if let Node::List(items) = node {
        for item in items {
            walk(item, path, enters);
        }
    }
    for (name, value) in node.members() {
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if enters(node, name, &inner) {
            walk(value, &inner, enters);
        }
    }
}

impl Members<'_> {
    /// Notes every member of the whole request that may be meant as an amount, or as one that
    /// restricts, unless it is one of this object's `own`. A customer is looked for only where it
    /// is such a member. For requests in which leaving it out means everything, or anybody's; call
    /// it when members of the object that are not known are noted.
    pub(crate) fn nothing_elsewhere(&mut self, request: &Request, own: &[&str]) {
        let customer = Some(CUSTOMER).filter(|name| own.contains(name));
        let watched: Vec<&'static str> = WATCHED.into_iter().chain(customer).collect();
        let read = own.iter().filter(|own| watched.iter().any(|name| is_same(name, own)));
        let read: Vec<&str> = read.copied().chain([METADATA]).collect();
        // By the object and not by a path, which a name with a dot in it looks like.
        let in_place = |object: &Node, name: &str| {
            std::ptr::eq(object, self.node) && read.iter().any(|read| self.document.same_name(read, name))
        };
        let meant = |name: &str| {
            let written_so = watched.iter().copied().find(|meant| is_written_as(name, meant));
            let id = customer.filter(|_| is_same(name, CUSTOMER_ID));
            written_so.or(id).or_else(|| is_amount(name).then_some(AMOUNT))
        };
        for stray in strays(self.document, request, in_place, meant) {
            let is_it = |name: &&&str| is_same(name, stray.meant);
            let is_amount = |name: &&&str| stray.meant.ends_with(AMOUNT) && is_same(name, AMOUNT);
            let place = own.iter().find(is_it).or_else(|| own.iter().find(is_amount));
            let hint = match place {
                Some(name) => format!("did you mean {}?", self.member(name)),
                None => "leave it out".to_owned(),
            };
            self.not_known(&stray, &hint);
        }
    }

    /// Notes every number that nothing has read and that may be meant as the amount, in this object
    /// and beside it: a number, a text that begins with one, or any digit under a name of money. In
    /// an unknown object only numbers count, because profiles and postal codes are texts of
    /// digits.
    pub(crate) fn no_stray_number(&mut self) {
        let mut found = Vec::new();
        for (name, value) in self.unread() {
            numbers_in(value, &self.member(name), text_of_amount(name), &mut found);
        }
        let beside = self.document.root.members().filter(|(_, value)| !std::ptr::eq(*value, self.node));
        for (name, value) in beside {
            numbers_in(value, name, text_of_amount(name), &mut found);
        }
        // A list's numbers have its name.
        found.dedup();
        let place = self.member(AMOUNT);
        for path in found {
            let (letters, words) = (letters_of(&path), words_of(&path));
            let is_contact = CONTACT_WORDS.iter().any(|word| letters.contains(word));
            let is_identity = words.last().is_some_and(|last| IDENTITY_WORDS.contains(&last.as_str()));
            let hint = if is_contact || is_identity {
                "put it into metadata or leave it out".to_owned()
            } else {
                format!("did you mean {place}?")
            };
            self.not_known(&Stray::new(&path, AMOUNT), &hint);
        }
    }

    /// Notes a stray member, unless it has a problem already.
    fn not_known(&mut self, stray: &Stray, hint: &str) {
        let is_noted = |problem: &Problem| problem.member(|_| "") == Some(&stray.path);
        if self.problems.len() < UNKNOWN_SHOWN_MAX && !self.problems.iter().any(is_noted) {
            self.problems.push(stray.problem(hint));
        }
    }
}

/// The paths of the numbers in an unknown member, and of the texts that are amounts.
fn numbers_in(value: &Node, path: &str, is_amount: fn(&str) -> bool, found: &mut Vec<String>) {
    match value {
        Node::List(items) => items.iter().for_each(|item| numbers_in(item, path, is_amount, found)),
        Node::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| name != IDEMPOTENCY_KEY) {
                numbers_in(value, &format!("{path}.{name}"), |_| false, found);
            }
        }
        Node::Text(text) if !is_amount(text) => {}
        Node::Text(_) | Node::Number(_) => found.push(path.to_owned()),
        Node::Null | Node::Bool(_) => {}
    }
}

/// How a text under this name is recognized as an amount.
fn text_of_amount(name: &str) -> fn(&str) -> bool {
    let is_money = words_of(name).iter().any(|word| MONEY_WORDS.contains(&word.as_str()));
    if is_money { |text| text.contains(char::is_numeric) } else { begins_with_number }
}

/// Whether a text begins with a number as people and programs write amounts (`5`, `-5.00`,
/// `1,000.00`, `1.000,00`, `1 000`, `$5`, `USD 5`) and ends there or goes on with a blank or a
/// word: `5.00 USD`, `5 cents`, `5cents`. A network address is no number.
fn begins_with_number(text: &str) -> bool {
    let text = text.trim();
    let is_code = text.get(..3).is_some_and(|code| Currency::parse(code).is_ok());
    let text = if is_code { &text[3..] } else { text };
    let is_written = |c: char| c.is_numeric() || c.is_whitespace() || SIGNS_IN_AMOUNTS.contains(c);
    let end = text.find(|c| !is_written(c)).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let goes_on = rest.is_empty() || number.ends_with(char::is_whitespace) || begins_with_word(rest);
    goes_on && number.contains(char::is_numeric) && number.trim().parse::<Ipv4Addr>().is_err()
}

/// Whether a text begins with two or more letters and nothing else up to a blank. A single letter
/// belongs to the digits before it, as in the house number `4A`.
fn begins_with_word(text: &str) -> bool {
    let word = text.split(char::is_whitespace).next().unwrap_or_default();
    word.chars().count() > 1 && word.chars().all(char::is_alphabetic)
}

/// Whether a name is that of an amount, however it goes on: `total_amount`, `refundAmt`.
fn is_amount(name: &str) -> bool {
    let letters = letters_of(name);
    let is_short = |short: &&str| letters.contains(short) && words_of(name).iter().any(|word| word == short);
    letters.contains(AMOUNT) || SHORT_AMOUNTS.iter().any(is_short)
}

/// Whether a name is probably the other: in other letters, joined otherwise, or with a slip. One
/// that goes on with `_` is another: `customer_ip`.
pub(crate) fn is_written_as(name: &str, meant: &str) -> bool {
    if name.strip_prefix(meant).is_some_and(|rest| rest.starts_with('_')) {
        return false;
    }
    // Of most names this alone decides, without a copy.
    if letters_in(name).count().abs_diff(letters_in(meant).count()) > 1 {
        return false;
    }
    let (letters, meant) = (letters_of(name), letters_of(meant));
    letters == meant || (meant.len() >= SLIP_LETTERS_MIN && is_slip(&letters, &meant))
}

fn is_same(name: &str, other: &str) -> bool {
    letters_in(name).eq(letters_in(other))
}

/// A name's letters and digits in lower case, however it joins its words.
fn letters_of(name: &str) -> String {
    letters_in(name).collect()
}

fn letters_in(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}

/// A name's words in lower case: those of `unit_price`, `unit-price` and `unitPrice` are the same.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_small && c.is_uppercase()) {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Whether one letter left out, added or changed, or two letters exchanged, make one text the
/// other.
fn is_slip(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let (short, long) = (short.as_bytes(), long.as_bytes());
    if short.len() < long.len() {
        let start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
        return short[start..] == long[start + 1..];
    }
    let differ: Vec<usize> = (0..short.len()).filter(|at| short[*at] != long[*at]).collect();
    match differ[..] {
        [_] => true,
        [a, b] => short[a] == long[b] && short[b] == long[a],
        _ => false,
    }
}

#[cfg(test)]
mod tests;
