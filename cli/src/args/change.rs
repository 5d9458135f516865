//! `payment capture`, `payment reauthorize`, `payment refund` and `payment void`.

use clap::Args;
use tollgate_core::order::{Actor, MerchantId, OrderId, Reason};
use uuid::Uuid;

#[derive(Args)]
pub(crate) struct ChangePayment {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The order's id; for the credit-card API the `TransactionID`
    pub(crate) order: OrderId,
    /// The transaction [default: the only one that allows it]
    pub(crate) transaction: Option<Uuid>,
    /// How much, in the order's currency, such as 25.99; not for a void
    ///
    /// Without it: as much as can be, or the merchant's rule for refunds.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) amount: Option<String>,
    /// For a refund or void: although the cardholder's bank took it back
    #[arg(long)]
    pub(crate) refund_disputed: bool,
    #[command(flatten)]
    pub(crate) as_stated: Stated,
}

/// Who changes an order and why, and on which conditions.
#[derive(Args)]
pub(crate) struct Stated {
    /// Who does it; kept on record
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Actor,
    /// Why; kept on record. Repeated with the same reason, it does nothing
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Reason,
    /// Only if the order still has this version: see `payment show`
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<u64>,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) without_prompt: WithoutPrompt,
}

/// Going on without a prompt.
#[derive(Args, Clone, Copy)]
pub(crate) struct WithoutPrompt {
    /// Do it without a prompt; at a live account only with `--live`
    #[arg(long)]
    pub(crate) yes: bool,
    /// With `--yes`: also where money is real
    #[arg(long, requires = "yes")]
    pub(crate) live: bool,
}
