//! Arguments of the commands that act on the local stack only.

use clap::{Args, builder::PossibleValuesParser};
use tollgate::elastic_path::EventType;
use tollgate_core::journal::AttentionReason;

#[derive(Args)]
pub(crate) struct Listen {
    /// Send each event, signed, to this machine: localhost:4242/hooks
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,
    /// Only events of these types, separated by commas
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = types(), hide_possible_values = true)]
    pub(crate) events: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Trigger {
    /// The event's type, such as order.paid; another word lists all
    #[arg(value_name = "TYPE", value_parser = types(), hide_possible_values = true)]
    pub(crate) event: String,
    /// Why a transaction needs attention [default: `voided_elsewhere`]
    #[arg(long, value_name = "REASON", value_parser = reasons(), hide_possible_values = true)]
    pub(crate) reason: Option<String>,
}

fn types() -> PossibleValuesParser {
    PossibleValuesParser::new(EventType::ALL.iter().map(|kind| kind.as_str()))
}

fn reasons() -> PossibleValuesParser {
    PossibleValuesParser::new(AttentionReason::ALL.iter().map(|reason| reason.as_str()))
}
