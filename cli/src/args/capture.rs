//! `capture pause`, `capture resume` and `capture list`.

use clap::{Args, Subcommand};
use tollgate_core::order::{Actor, MerchantId, OrderId, Reason};

use super::change::WithoutPrompt;

/// Most orders of a list.
const ORDERS_MAX: u16 = 1_000;

#[derive(Subcommand)]
pub(crate) enum CaptureCommand {
    /// Let the schedule capture nothing of an order until it is resumed; captures by hand still work
    Pause(SwitchCaptures),
    /// Let the schedule capture again what is due of an order
    Resume(SwitchCaptures),
    /// A merchant's captures that are paused order by order, the longest paused first
    List(ListPaused),
}

#[derive(Args)]
pub(crate) struct SwitchCaptures {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The order's id; for the credit-card API the `TransactionID`
    pub(crate) order: OrderId,
    /// Who does it; kept with the order
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Actor,
    /// Why; kept with the order
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Reason,
    /// Show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) without_prompt: WithoutPrompt,
}

#[derive(Args)]
pub(crate) struct ListPaused {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// As many orders at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=i64::from(ORDERS_MAX)))]
    pub(crate) limit: u16,
    /// Go on where a list ended: what it printed after --next
    #[arg(long, value_name = "PLACE", value_parser = super::list::place)]
    pub(crate) next: Option<String>,
}
