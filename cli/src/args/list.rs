//! `payment list` and `payment find`.

use clap::Args;
use jiff::Timestamp;
use tollgate::elastic_path::transaction_status;
use tollgate_core::{
    journal::{Concern, Condition},
    order::{Kind, MerchantId, OrderId, PaymentWord, TransactionStatus},
    values::{Currency, DeclineCode, InvalidSearch, SearchBy, SearchTerm},
};
use uuid::Uuid;

use super::{part::ListPart, times::Times};
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
    #[arg(long, value_name = "TIME")]
    pub(crate) ends_by: Option<Timestamp>,
    /// Only what the schedule is to capture by then
    #[arg(long, value_name = "TIME")]
    pub(crate) captures_by: Option<Timestamp>,
    /// Only what a person has to look at, and what to do
    ///
    /// Of the last 30 days unless a time is given, and all that is in doubt.
    #[arg(long)]
    pub(crate) needs_attention: bool,
    /// Only what needs attention for this reason; several times for several
    #[arg(long, value_name = "CODE", value_parser = concern, requires = "needs_attention")]
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

/// What payments are found by.
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
    /// The merchant's own reference, if its document has `search.references`
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
    /// What to look for, one after the other until something is found.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let any = |text: &String| {
            let payment = text.parse().ok().map(Condition::Transaction);
            let order = text.parse().ok().map(Condition::Order);
            let own = SearchTerm::stated(SearchBy::Reference, text).ok().map(Condition::Text);
            payment.into_iter().chain(order).chain([Condition::Reference(text.clone())]).chain(own)
        };
        let by_text = |term: &Option<SearchTerm>| term.clone().map(Condition::Text);
        let one = [
            self.retref.clone().map(Condition::Reference),
            self.payment.map(Condition::Transaction),
            self.order.clone().map(Condition::Order),
            self.last4.clone().map(Condition::LastFour),
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

/// What payments have to have.
#[derive(Args)]
pub(crate) struct ConditionArguments {
    /// The amount, such as 20 or 25.99: paid or held, or captured
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount: Option<String>,
    /// At least this amount, such as 20: what was paid or held
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount_from: Option<String>,
    /// At most this amount
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    pub(crate) amount_to: Option<String>,
    /// The currency's code, such as USD
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<Currency>,
    /// The status, as the transaction has it now
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub(crate) status: Option<TransactionStatus>,
    /// What the payment is now: held, paid, `partly_refunded`, …; several with commas between them
    #[arg(long, value_name = "STATE", value_parser = state, value_delimiter = ',')]
    pub(crate) state: Vec<PaymentWord>,
    /// Only what has an authorize, purchase, capture, refund or void
    #[arg(long, value_name = "KIND", value_parser = operation)]
    pub(crate) operation: Option<Kind>,
    /// Only declines with this code, such as `insufficient_funds`
    #[arg(long, value_name = "CODE", value_parser = decline_code)]
    pub(crate) decline_code: Option<DeclineCode>,
}

impl ConditionArguments {
    /// All of them have to hold.
    pub(crate) fn conditions(&self) -> Result<Vec<Condition>, Failure> {
        let amounts = [
            ("--amount", &self.amount),
            ("--amount-from", &self.amount_from),
            ("--amount-to", &self.amount_to),
        ];
        for (argument, text) in amounts {
            if let (Some(text), Some(currency)) = (text, self.currency) {
                amount::in_currency(argument, text, currency)?;
            }
        }
        let amount = self.amount.clone().map(Condition::AmountAsShown);
        let currency = self.currency.map(|currency| Condition::Currency(vec![currency]));
        let status = self.status.map(|status| Condition::Status(vec![status]));
        let from = self.amount_from.clone().map(Condition::AmountFrom);
        let to = self.amount_to.clone().map(Condition::AmountTo);
        let state = (!self.state.is_empty()).then(|| Condition::Word(self.state.clone()));
        let operation = self.operation.map(|kind| Condition::Operation(vec![kind]));
        let decline = self.decline_code.map(|code| Condition::Decline(vec![code]));
        let all = [amount, from, to, currency, status, state, operation, decline];
        Ok(all.into_iter().flatten().collect())
    }
}

/// What both lists take.
#[derive(Args)]
pub(crate) struct PaymentFilter {
    #[command(flatten)]
    pub(crate) conditions: ConditionArguments,
    #[command(flatten)]
    pub(crate) part: ListPart,
}

fn by_reference(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Reference, text)
}

fn by_customer(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Customer, text)
}

fn by_email(text: &str) -> Result<SearchTerm, InvalidSearch> {
    SearchTerm::stated(SearchBy::Email, text)
}

pub(super) fn last_four(text: &str) -> Result<String, String> {
    let is_good = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_good { Ok(text.to_owned()) } else { Err("must be four digits".to_owned()) }
}

fn not_blank(text: &str) -> Result<String, InvalidSearch> {
    if text.trim().is_empty() { Err(InvalidSearch::Blank) } else { Ok(text.to_owned()) }
}

/// What no retref can be would be found nowhere, as if there were no such payment.
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

pub(super) fn decline_code(text: &str) -> Result<DeclineCode, String> {
    one_of(DeclineCode::ALL, DeclineCode::as_str, text)
}

/// The one with this word, or which ones there are.
pub(super) fn one_of<T: Copy>(all: &[T], word: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| word(*one) == text);
    found
        .ok_or_else(|| format!("must be {}", all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")))
}
