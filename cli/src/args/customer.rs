//! `customer`.

use std::str::FromStr;

use clap::{Args, Subcommand};
use tollgate_core::order::{CustomerReference, MerchantId, OrderId};

#[derive(Subcommand)]
pub(crate) enum CustomerCommand {
    /// Erase a customer's personal data; without --yes, list the data without erasing it
    ///
    /// Amounts, references, ids, brand and last four digits stay: the books need them. It can be
    /// repeated at any time, and has to be while a payment's outcome is not known.
    Erase(EraseCustomer),
}

#[derive(Args)]
pub(crate) struct EraseCustomer {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The merchant's reference of the customer, or an e-mail address
    #[arg(value_name = "CUSTOMER")]
    pub(crate) who: Who,
    /// Another order of the customer; once for each
    ///
    /// An order that nothing else connects with the customer, such as a `TransactionID` of the
    /// credit-card API.
    #[arg(long, value_name = "ID")]
    pub(crate) order: Vec<OrderId>,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
    /// List the data without erasing it, as without --yes
    #[arg(long)]
    dry_run: bool,
    /// Do it
    #[arg(long)]
    yes: bool,
}

impl EraseCustomer {
    /// Whether it is to be done, and not only listed.
    pub(crate) fn is_meant(&self) -> bool {
        self.yes && !self.dry_run
    }
}

/// A customer, as the merchant names it.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// By reference.
    Reference(CustomerReference),
    /// By e-mail address. No reference has an `@`.
    Email(String),
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Ok(Self::Email(text.trim().to_owned()));
        }
        text.parse()
            .map(Self::Reference)
            .map_err(|error| format!("neither a customer's reference ({error}) nor an e-mail address"))
    }
}
