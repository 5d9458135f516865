//! `capture pause`, `capture resume`, `capture list` and `capture days`.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tollgate_core::{
    order::{MerchantId, OrderId},
    values::Zone,
};

use super::change::Stated;

/// Most captures of a list.
const ORDERS_MAX: u16 = 1_000;

#[derive(Subcommand)]
pub(crate) enum CaptureCommand {
    /// Pause an order's scheduled captures; captures by hand still work
    Pause(SwitchCaptures),
    /// Resume an order's scheduled captures
    Resume(SwitchCaptures),
    /// A merchant's scheduled captures, the next one first, or the paused ones
    List(ListCaptures),
    /// Scheduled captures, summed by day and currency
    Days(CaptureDays),
}

#[derive(Args)]
pub(crate) struct SwitchCaptures {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The order's id; for the credit-card API the `TransactionID`
    pub(crate) order: OrderId,
    #[command(flatten)]
    pub(crate) as_stated: Stated,
}

#[derive(Args)]
pub(crate) struct ListCaptures {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// Those that are paused order by order, the longest paused first
    #[arg(long, conflicts_with = "until")]
    pub(crate) paused: bool,
    /// Those before this time, such as 2026-11-21T06:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// As many captures at most; all of an order's are listed together
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=i64::from(ORDERS_MAX)))]
    pub(crate) limit: u16,
    /// Go on where a list ended: the text that it printed after --next
    #[arg(long, value_name = "CURSOR", value_parser = super::part::cursor)]
    pub(crate) next: Option<String>,
}

#[derive(Args)]
pub(crate) struct CaptureDays {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// Whose days are meant, such as `America/New_York`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: Zone,
}
