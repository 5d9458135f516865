//! `webhook`.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use tollgate_core::{order::MerchantId, webhooks::ReceiverId};
use uuid::Uuid;

#[derive(Subcommand)]
pub(crate) enum WebhookCommand {
    /// Add a receiver to a merchant, with a new secret
    Add(AddReceiver),
    /// Give a receiver a second secret or another key, or remove the older one
    Rotate(RotateSecret),
    /// Remove a receiver and its deliveries, within 15 minutes
    Remove(RemoveReceiver),
    /// A merchant's receivers, or a receiver's deliveries of the last 30 days
    List(ListWebhooks),
    /// Send a receiver an event of type webhook.test, the way that all others go
    Test(TestWebhook),
    /// Send a receiver a message again that it was sent, or the parked ones
    Replay(ReplayWebhooks),
}

/// Where deliveries are.
#[derive(Args)]
pub(crate) struct WebhooksTable {
    /// The table of deliveries, the stack's output `WebhooksTableName` (else `WEBHOOKS_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = super::DEPLOYMENT, hide_short_help = true)]
    pub(crate) webhooks_table: Option<String>,
}

#[derive(Args)]
pub(crate) struct AddReceiver {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// A name for the receiver: letters, digits, - and _
    pub(crate) receiver: ReceiverId,
    /// Where it listens: https, on the public internet
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Only events of these types, such as order.paid,order.refunded
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    pub(crate) events: Vec<String>,
    /// The form of messages
    #[arg(long, value_name = "FORMAT", default_value = "standard")]
    pub(crate) format: MessageFormat,
    /// Send a key in the header X-MOLTIN-SECRET-KEY
    ///
    /// Prompts for it, or reads it from a pipe. Implied by the format elastic-path.
    #[arg(long)]
    pub(crate) moltin_secret_key: bool,
    /// Check all of it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Events of Tollgate, signed
    Standard,
    /// As Elastic Path sends its own, with a key in a header: for receivers made for it
    ElasticPath,
}

#[derive(Args)]
pub(crate) struct RotateSecret {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The receiver's name within the merchant
    pub(crate) receiver: ReceiverId,
    /// Remove the older secret instead of adding one
    #[arg(long)]
    pub(crate) finish: bool,
    /// Check all of it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct RemoveReceiver {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The receiver's name within the merchant
    pub(crate) receiver: ReceiverId,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct ListWebhooks {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The receiver whose deliveries are listed, the newest first
    pub(crate) receiver: Option<ReceiverId>,
    /// Only parked messages
    #[arg(long, requires = "receiver")]
    pub(crate) parked: bool,
    /// As many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) at: WebhooksTable,
}

#[derive(Args)]
pub(crate) struct TestWebhook {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The receiver's name within the merchant
    pub(crate) receiver: ReceiverId,
    #[command(flatten)]
    pub(crate) at: WebhooksTable,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["event", "since", "parked"]))]
pub(crate) struct ReplayWebhooks {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The receiver's name within the merchant
    pub(crate) receiver: ReceiverId,
    /// The id of one event
    pub(crate) event: Option<Uuid>,
    /// All events since then, such as 2026-11-20T18:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Only parked messages
    #[arg(long)]
    pub(crate) parked: bool,
    /// Count them and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) at: WebhooksTable,
}
