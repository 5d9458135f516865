//! `journal list`.

use clap::Args;
use tollgate_core::{
    journal::{EntryPredicate, Fact, Is},
    order::{Kind, MerchantId, OrderId},
    values::{Brand, Currency, DeclineCode, SearchTerm},
};
use uuid::Uuid;

use super::{
    list::{brand, by_customer, by_email, by_reference, decline_code, last_four, one_of, operation, some},
    part::ListPart,
    times::Times,
};
use crate::{amount, failure::Failure};

#[derive(Args)]
pub(crate) struct ListEntries {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Kinds of movements, such as refunded or declined, separated by commas
    #[arg(long, value_name = "FACT", value_parser = fact, value_delimiter = ',')]
    fact: Vec<Fact>,
    /// Everything but plain approvals and captures
    #[arg(long)]
    unusual: bool,
    /// The kind: authorize, purchase, capture, refund or void
    #[arg(long, value_name = "KIND", value_parser = operation, value_delimiter = ',')]
    operation: Vec<Kind>,
    /// The person as the caller stated it, or who decided by hand
    #[arg(long, value_name = "NAME")]
    actor: Vec<String>,
    /// The person whom Tollgate has verified
    #[arg(long, value_name = "NAME")]
    person: Vec<String>,
    /// The name of the merchant's key
    #[arg(long, value_name = "NAME")]
    key: Vec<String>,
    /// The gateway account
    #[arg(long, value_name = "MID", value_delimiter = ',')]
    mid: Vec<String>,
    /// Why it was declined, such as `insufficient_funds`
    #[arg(long, value_name = "CODE", value_parser = decline_code, value_delimiter = ',')]
    decline_code: Vec<DeclineCode>,
    /// The amount, such as 20 or 25.99
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    amount: Option<String>,
    /// At least this amount
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check, requires = "currency")]
    amount_from: Option<String>,
    /// At most this amount
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check, requires = "currency")]
    amount_to: Option<String>,
    /// The currency's code, such as USD
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    currency: Vec<Currency>,
    /// The card's brand, such as Visa or "American Express"
    #[arg(long, value_name = "BRAND", value_parser = brand, value_delimiter = ',')]
    brand: Vec<Brand>,
    /// The last digits of the card; of all times, unless some are named
    #[arg(long, value_name = "DIGITS", value_parser = last_four)]
    last4: Option<String>,
    /// The gateway's reference; of all times, unless some are named
    #[arg(long, value_name = "RETREF")]
    retref: Option<String>,
    /// The merchant's own reference of the payment; of all times
    #[arg(long, value_name = "TEXT", value_parser = by_reference)]
    reference: Option<SearchTerm>,
    /// The merchant's reference of the customer; of all times
    #[arg(long, value_name = "REFERENCE", value_parser = by_customer)]
    customer: Option<SearchTerm>,
    /// The customer's e-mail address; of all times
    #[arg(long, value_name = "ADDRESS", value_parser = by_email)]
    email: Option<SearchTerm>,
    /// The order; of all times, unless some are named
    #[arg(long, value_name = "ORDER")]
    order: Option<OrderId>,
    /// The payment; of all times, unless some are named
    #[arg(long, value_name = "ID")]
    transaction: Option<Uuid>,
    #[command(flatten)]
    pub(crate) part: ListPart,
}

impl ListEntries {
    /// All of them have to hold.
    pub(crate) fn conditions(&self) -> Result<Vec<EntryPredicate>, Failure> {
        if let Some(text) = &self.amount {
            amount::in_each("--amount", text, &self.currency)?;
        }
        let least = amount::minor("--amount-from", self.amount_from.as_ref(), &self.currency)?;
        let most = amount::minor("--amount-to", self.amount_to.as_ref(), &self.currency)?;
        let all = [
            some(&self.fact, EntryPredicate::Fact),
            self.unusual.then_some(EntryPredicate::Unusual),
            some(&self.operation, EntryPredicate::Operation),
            some(&self.actor, EntryPredicate::Actor),
            some(&self.person, EntryPredicate::Person),
            some(&self.key, EntryPredicate::Key),
            some(&self.mid, EntryPredicate::Mid),
            some(&self.decline_code, EntryPredicate::Decline),
            self.amount.clone().map(EntryPredicate::AmountAsShown),
            least.map(Is::AtLeast).map(EntryPredicate::Amount),
            most.map(Is::AtMost).map(EntryPredicate::Amount),
            some(&self.currency, EntryPredicate::Currency),
            some(&self.brand, EntryPredicate::Brand),
            self.last4.clone().map(EntryPredicate::LastFour),
            self.retref.clone().map(EntryPredicate::Reference),
            self.order.clone().map(EntryPredicate::Order),
            self.transaction.map(EntryPredicate::Transaction),
        ];
        let terms = [&self.reference, &self.customer, &self.email].into_iter().flatten();
        Ok(all.into_iter().flatten().chain(terms.cloned().map(EntryPredicate::Text)).collect())
    }
}

pub(super) fn fact(text: &str) -> Result<Fact, String> {
    one_of(Fact::ALL, Fact::as_str, text)
}
