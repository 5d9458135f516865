//! `payment list` and `payment find`.

use clap::Args;
use jiff::Timestamp;
use tollgate::elastic_path::transaction_status;
use tollgate_core::{
    journal::{Concern, Is, Predicate},
    order::{Kind, MerchantId, OrderId, PaymentWord, TransactionStatus},
    values::{Brand, Currency, DeclineCode, InvalidSearch, SearchBy, SearchTerm},
};
use uuid::Uuid;

use super::{
    part::ListPart,
    times::{Time, Times, time},
};
use crate::{amount, failure::Failure};

#[derive(Args)]
pub(crate) struct ListPayments {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    #[command(flatten)]
    pub(crate) times: Times,
    /// The last four digits of the card's number
    #[arg(long, value_name = "DIGITS", value_parser = last_four)]
    pub(crate) last4: Option<String>,
    /// Only authorizations that end by then and are not captured
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) ends_by: Option<Time>,
    /// Only payments that the schedule is to capture by then
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) captures_by: Option<Time>,
    /// Only payments that a person has to look at, and what to do
    ///
    /// Of the last 30 days unless a time is given, and all that is in doubt.
    #[arg(long)]
    pub(crate) needs_attention: bool,
    /// Only payments that need attention for this reason
    #[arg(long, value_name = "CODE", value_parser = concern, value_delimiter = ',', requires = "needs_attention")]
    pub(crate) code: Vec<Concern>,
    #[command(flatten)]
    pub(crate) filter: PaymentFilter,
}

#[derive(Args)]
pub(crate) struct FindPayments {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    #[command(flatten)]
    pub(crate) by: FoundBy,
    #[command(flatten)]
    pub(crate) filter: PaymentFilter,
}

/// The texts that payments are found by.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct FoundBy {
    /// A retref, the id of an order or payment, or the merchant's reference
    #[arg(value_name = "REFERENCE", value_parser = not_blank)]
    pub(crate) any: Option<String>,
    /// The gateway's reference of the payment or of one of its refunds
    #[arg(long, value_name = "RETREF", value_parser = retref)]
    pub(crate) retref: Option<String>,
    /// The payment's id
    #[arg(long, value_name = "ID", value_parser = payment_id)]
    pub(crate) payment: Option<Uuid>,
    /// The order's id
    #[arg(long, value_name = "ID")]
    pub(crate) order: Option<OrderId>,
    /// The last four digits of the card's number
    #[arg(long, value_name = "DIGITS", value_parser = last_four)]
    pub(crate) last4: Option<String>,
    /// The merchant's own reference, with `search.references`
    #[arg(long, value_name = "TEXT", value_parser = by_reference)]
    pub(crate) reference: Option<SearchTerm>,
    /// The merchant's reference of the customer, with `search.customers`
    #[arg(long, value_name = "REFERENCE", value_parser = by_customer)]
    pub(crate) customer: Option<SearchTerm>,
    /// The customer's e-mail address, likewise
    #[arg(long, value_name = "ADDRESS", value_parser = by_email)]
    pub(crate) email: Option<SearchTerm>,
}

impl FoundBy {
    /// The ways to search, one after the other until something is found.
    pub(crate) fn conditions(&self) -> Vec<Predicate> {
        let any = |text: &String| {
            let payment = text.parse().ok().map(Predicate::Transaction);
            let order = text.parse().ok().map(Predicate::Order);
            let own = SearchTerm::stated(SearchBy::Reference, text).ok().map(Predicate::Text);
            payment.into_iter().chain(order).chain([Predicate::Reference(text.clone())]).chain(own)
        };
        let by_text = |term: &Option<SearchTerm>| term.clone().map(Predicate::Text);
        let one = [
            self.retref.clone().map(Predicate::Reference),
            self.payment.map(Predicate::Transaction),
            self.order.clone().map(Predicate::Order),
            self.last4.clone().map(Predicate::LastFour),
            by_text(&self.reference),
            by_text(&self.customer),
            by_text(&self.email),
        ];
        self.any.iter().flat_map(any).chain(one.into_iter().flatten()).collect()
    }
}

#[derive(Args)]
pub(crate) struct TailPayments {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// From this moment on, such as 2026-11-20T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) filter: ConditionArguments,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
}

/// The conditions that payments have to meet.
#[derive(Args)]
pub(crate) struct ConditionArguments {
    /// The amount, such as 20 or 25.99: paid or held, or captured
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount: Option<String>,
    /// At least this amount, paid or held, such as 20
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount_from: Option<String>,
    /// At most this amount
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount_to: Option<String>,
    /// At least this amount was captured
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check, requires = "currency")]
    pub(crate) captured_from: Option<String>,
    /// At most this amount was
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check, requires = "currency")]
    pub(crate) captured_to: Option<String>,
    /// The currency's code, such as USD
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) currency: Vec<Currency>,
    /// The card's brand, such as Visa or "American Express"
    #[arg(long, value_name = "BRAND", value_parser = brand, value_delimiter = ',')]
    pub(crate) brand: Vec<Brand>,
    /// The status, as the transaction has it now
    #[arg(long, value_name = "STATUS", value_parser = status, value_delimiter = ',')]
    pub(crate) status: Vec<TransactionStatus>,
    /// The payment's state now: held, paid, `partly_refunded`, …
    #[arg(long, value_name = "STATE", value_parser = state, value_delimiter = ',')]
    pub(crate) state: Vec<PaymentWord>,
    /// Only payments with an authorize, purchase, capture, refund or void
    #[arg(long, value_name = "KIND", value_parser = operation, value_delimiter = ',')]
    pub(crate) operation: Vec<Kind>,
    /// Only declines with this code, such as `insufficient_funds`
    #[arg(long, value_name = "CODE", value_parser = decline_code, value_delimiter = ',')]
    pub(crate) decline_code: Vec<DeclineCode>,
}

impl ConditionArguments {
    /// All of them have to hold.
    pub(crate) fn conditions(&self) -> Result<Vec<Predicate>, Failure> {
        let amounts = [
            ("--amount", &self.amount),
            ("--amount-from", &self.amount_from),
            ("--amount-to", &self.amount_to),
        ];
        for (argument, text) in amounts {
            if let Some(text) = text {
                amount::in_each(argument, text, &self.currency)?;
            }
        }
        let least = amount::minor("--captured-from", self.captured_from.as_ref(), &self.currency)?;
        let most = amount::minor("--captured-to", self.captured_to.as_ref(), &self.currency)?;
        let all = [
            self.amount.clone().map(Predicate::AmountAsShown),
            self.amount_from.clone().map(Predicate::AmountFrom),
            self.amount_to.clone().map(Predicate::AmountTo),
            least.map(Is::AtLeast).map(Predicate::Captured),
            most.map(Is::AtMost).map(Predicate::Captured),
            some(&self.currency, Predicate::Currency),
            some(&self.brand, Predicate::Brand),
            some(&self.status, Predicate::Status),
            some(&self.state, Predicate::Word),
            some(&self.operation, Predicate::Operation),
            some(&self.decline_code, Predicate::Decline),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// One of these, if there are any.
pub(super) fn some<T: Clone, C>(all: &[T], of: fn(Vec<T>) -> C) -> Option<C> {
    (!all.is_empty()).then(|| of(all.to_vec()))
}

/// Options of both lists.
#[derive(Args)]
pub(crate) struct PaymentFilter {
    #[command(flatten)]
    pub(crate) conditions: ConditionArguments,
    #[command(flatten)]
    pub(crate) part: ListPart,
}

pub(super) fn by_reference(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Reference, text)
}

pub(super) fn by_customer(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Customer, text)
}

pub(super) fn by_email(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Email, text)
}

pub(super) fn last_four(text: &str) -> Result<String, String> {
    let is_good = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_good { Ok(text.to_owned()) } else { Err("must be four digits".to_owned()) }
}

fn not_blank(text: &str) -> Result<String, InvalidSearch> {
    if text.trim().is_empty() { Err(InvalidSearch::Blank) } else { Ok(text.to_owned()) }
}

/// A text that no retref can be would find nothing, as if there were no such payment.
fn retref(text: &str) -> Result<String, String> {
    let is_good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_good {
        Ok(text.to_owned())
    } else {
        Err("must be letters and digits, as on a statement".to_owned())
    }
}

fn payment_id(text: &str) -> Result<Uuid, String> {
    let wrong = |_| "must be a UUID: 32 digits 0-9 and a-f, in groups of 8-4-4-4-12".to_owned();
    text.parse().map_err(wrong)
}

fn status(text: &str) -> Result<TransactionStatus, String> {
    one_of(&TransactionStatus::ALL, transaction_status, text)
}

fn concern(text: &str) -> Result<Concern, String> {
    one_of(Concern::ALL, Concern::as_str, text)
}

fn state(text: &str) -> Result<PaymentWord, String> {
    one_of(PaymentWord::ALL, PaymentWord::as_str, text)
}

pub(super) fn operation(text: &str) -> Result<Kind, String> {
    one_of(Kind::ALL, Kind::as_str, text)
}

pub(super) fn brand(text: &str) -> Result<Brand, String> {
    let found = Brand::ALL.iter().copied().find(|brand| brand.name().eq_ignore_ascii_case(text));
    found.map_or_else(|| one_of(Brand::ALL, Brand::name, text), Ok)
}

pub(super) fn decline_code(text: &str) -> Result<DeclineCode, String> {
    one_of(DeclineCode::ALL, DeclineCode::as_str, text)
}

/// The one with this word, or which ones there are.
pub(super) fn one_of<T: Copy>(all: &[T], word: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| word(*one) == text);
    found
        .ok_or_else(|| format!("must be {}", all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")))
}
