//! `journal list`.

use clap::Args;
use tollgate_core::{
    journal::{EntryCondition, Fact},
    order::{Kind, MerchantId, OrderId},
    values::{Currency, DeclineCode},
};
use uuid::Uuid;

use super::{
    list::{decline_code, last_four, one_of, operation},
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
    /// What happened, such as refunded or declined; several for several
    #[arg(long, value_name = "FACT", value_parser = fact)]
    fact: Vec<Fact>,
    /// Everything but plain approvals and captures
    #[arg(long)]
    unusual: bool,
    /// The kind: authorize, purchase, capture, refund or void
    #[arg(long, value_name = "KIND", value_parser = operation)]
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
    #[arg(long, value_name = "MID")]
    mid: Vec<String>,
    /// Why it was declined, such as `insufficient_funds`
    #[arg(long, value_name = "CODE", value_parser = decline_code)]
    decline_code: Vec<DeclineCode>,
    /// What it was about, such as 20 or 25.99
    #[arg(long, value_name = "AMOUNT", value_parser = crate::amount::check)]
    amount: Option<String>,
    /// The currency's code, such as USD
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    /// The last digits of the card; of all times, unless some are named
    #[arg(long, value_name = "DIGITS", value_parser = last_four)]
    last4: Option<String>,
    /// The gateway's reference; of all times, unless some are named
    #[arg(long, value_name = "RETREF")]
    retref: Option<String>,
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
    pub(crate) fn conditions(&self) -> Result<Vec<EntryCondition>, Failure> {
        if let (Some(text), Some(currency)) = (&self.amount, self.currency) {
            amount::in_currency("--amount", text, currency)?;
        }
        let all = [
            some(&self.fact, EntryCondition::Fact),
            self.unusual.then_some(EntryCondition::Unusual),
            some(&self.operation, EntryCondition::Operation),
            some(&self.actor, EntryCondition::Actor),
            some(&self.person, EntryCondition::Person),
            some(&self.key, EntryCondition::Key),
            some(&self.mid, EntryCondition::Mid),
            some(&self.decline_code, EntryCondition::Decline),
            self.amount.clone().map(EntryCondition::AmountAsShown),
            self.currency.map(|currency| EntryCondition::Currency(vec![currency])),
            self.last4.clone().map(EntryCondition::LastFour),
            self.retref.clone().map(EntryCondition::Reference),
            self.order.clone().map(EntryCondition::Order),
            self.transaction.map(EntryCondition::Transaction),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

/// One of these, if there are any.
fn some<T: Clone>(all: &[T], of: fn(Vec<T>) -> EntryCondition) -> Option<EntryCondition> {
    (!all.is_empty()).then(|| of(all.to_vec()))
}

fn fact(text: &str) -> Result<Fact, String> {
    one_of(Fact::ALL, Fact::as_str, text)
}
