//! The command line.

mod capture;
mod change;
mod customer;
mod examples;
mod front;
#[cfg(test)]
mod in_pages;
mod installation;
mod key;
mod list;
mod local;
mod movements;
mod part;
mod people;
mod settlement;
mod sign_in;
mod times;
mod totals;
mod webhook;

pub(crate) use capture::{CaptureCommand, CaptureDays, ListCaptures, SwitchCaptures};
pub(crate) use change::{ChangePayment, Stated, WithoutPrompt};
pub(crate) use customer::{CustomerCommand, EraseCustomer, Who};
pub(crate) use examples::with_examples;
pub(crate) use front::{FrontCommand, RotateFront};
pub(crate) use installation::{ActsOn, InstallationArguments, LOCAL};
pub(crate) use key::{AddKey, KeyCommand, ListKeys, RevokeKey};
pub(crate) use list::{FindPayments, ListPayments, PaymentFilter, TailPayments};
pub(crate) use local::{Listen, Trigger};
pub(crate) use movements::ListEntries;
pub(crate) use people::{AddPerson, ChangePerson, ListAudit, ListPeople, PersonCommand, RemovePerson};
pub(crate) use settlement::{
    ListDeposits, ListExceptions, ListOutstanding, NoteException, ReadReports, ResolveException,
    SettlementCommand, ShowDeposit,
};
pub(crate) use sign_in::{AddSignInClient, RemoveSignInClient, SignInClientCommand};
pub(crate) use times::{Day, Time};
pub(crate) use totals::TotalsOptions;
pub(crate) use webhook::{
    AddReceiver, ListWebhooks, MessageFormat, RemoveReceiver, ReplayWebhooks, RotateSecret, TestWebhook,
    WebhookCommand, WebhooksTable,
};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{NonEmptyStringValueParser, TypedValueParser},
};
use clap_complete::Shell;
use jiff::Timestamp;
use tollgate_core::{
    order::{Actor, DecidedBy, HandVerdict, MerchantId, OrderId, Reason},
    values::Currency,
};
use uuid::Uuid;

/// The heading of the options that name an installation. They come after the command's own.
const DEPLOYMENT: &str = "Deployment";

/// Tollgate's operator commands: merchants, a check of the whole installation, payments that need a
/// person.
///
/// Exit codes: 0 done · 1 the doctor found something wrong · 2 wrong arguments or settings · 3 not
/// there · 4 refused by a rule · 5 not confirmed · 6 no response from AWS or the gateway.
#[derive(Parser)]
#[command(name = "tollgate", version)]
pub(crate) struct Arguments {
    /// Print JSON; an error on standard error
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Do it without a prompt
    // Commands that prompt have their own. The others take it, so that a script can give it to all.
    #[arg(long, global = true, hide = true)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) installation: InstallationArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "it is made once")]
pub(crate) enum Command {
    /// Merchants and their keys
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// People who sign in and act for a merchant under their own name
    #[command(subcommand)]
    Person(PersonCommand),
    /// Programs that may sign people in: the console, and command lines
    #[command(subcommand)]
    SignInClient(SignInClientCommand),
    /// People's actions that move no money, the latest first: sign-ins, downloads, …
    Audit(ListAudit),
    /// How a merchant stands: live or test, stopped or not, payments that need attention
    Me(ShowMerchant),
    /// Payments: their whole history, and those that stay in doubt
    #[command(subcommand)]
    Payment(PaymentCommand),
    /// Scheduled captures: list the next ones, pause and resume an order's
    #[command(subcommand)]
    Capture(CaptureCommand),
    /// Customers of a merchant, and the data kept about them
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// A merchant's totals by month, day or hour, in any time zone
    Report(TotalsOptions),
    /// The journal of all movements of money
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Money that reached the bank account, money that did not, and why
    #[command(subcommand)]
    Settlement(SettlementCommand),
    /// Webhooks: receivers, and the deliveries to them
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Print the local stack's events as they happen, and send them to a receiver
    Listen(Listen),
    /// Make an event happen on the local stack
    Trigger(Trigger),
    /// Stop all payments of all merchants, within 15 seconds
    Stop(Throw),
    /// Let payments go on that were stopped
    Start(Throw),
    /// Put a stack's functions back to the versions before the newest deployment
    Rollback(Rollback),
    /// The front of a stack's API
    #[command(subcommand)]
    Front(FrontCommand),
    /// Check tools, credentials, table, merchants and gateway; read-only
    Doctor(Doctor),
    /// Print the script that completes these commands in a shell
    Completion {
        /// The shell, such as bash or zsh
        shell: Shell,
    },
}

#[derive(Subcommand)]
pub(crate) enum MerchantCommand {
    /// Make a merchant and its keys, once the gateway took its credentials
    ///
    /// The gateway's password is read from standard input: typed without an echo, or piped.
    Create(Create),
    /// All merchants: accounts, currencies, whether they are stopped; no secrets
    List,
    /// A merchant's settings, without any secret
    Show(ShowMerchant),
    /// Add a new key, or retire an old one
    RotateKey(RotateKey),
    /// Keys with a name and a role, one for each system of the merchant
    #[command(subcommand)]
    Key(KeyCommand),
    /// Stop a merchant's payments, within 15 seconds
    ///
    /// Requests that move money get 503, and nothing is captured. Keys and tokens stay valid, and
    /// inquiries go on.
    Stop(Switch),
    /// Let payments of a merchant go on that were stopped
    Start(Switch),
}

#[derive(Args)]
pub(crate) struct ShowMerchant {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
}

#[derive(Args)]
pub(crate) struct Switch {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
    #[command(flatten)]
    pub(crate) throw: Throw,
}

#[derive(Args)]
pub(crate) struct Throw {
    /// Who decides; stored with the switch
    #[arg(long, value_name = "NAME", required_unless_present_any = ["dry_run", "show"])]
    pub(crate) by: Option<Actor>,
    /// Why; stored with the switch
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["dry_run", "show"])]
    pub(crate) reason: Option<Reason>,
    /// Only show whether payments are stopped, and who changed that
    #[arg(long, conflicts_with_all = ["by", "reason", "dry_run"])]
    pub(crate) show: bool,
    /// Show the change without making it, and who changed the switch last
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct Rollback {
    /// The CloudFormation stack, such as tollgate-prod
    pub(crate) stack: String,
    /// Back to the versions that were published before this moment
    ///
    /// Such as 2026-11-20T18:00:00Z. Without it, before the newest deployment.
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<Timestamp>,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct Create {
    /// The merchant's id: its `client_id`
    pub(crate) id: MerchantId,
    /// CardConnect site, such as fts-uat
    #[arg(long, value_name = "SITE", required_unless_present = "base_url", conflicts_with = "base_url")]
    pub(crate) site: Option<String>,
    /// The gateway's REST address instead of a site
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// User name of the gateway's API credentials
    #[arg(long, value_name = "NAME")]
    pub(crate) username: String,
    /// Currency and its MID, such as USD=496160873888; once for each
    #[arg(long, value_name = "CURRENCY=MID", required = true, value_parser = merchid)]
    pub(crate) merchid: Vec<(Currency, String)>,
    /// Where totals come from
    #[arg(long, value_enum, default_value_t = Orders::Registered)]
    pub(crate) orders: Orders,
    /// Let browsers get tokens, too
    #[arg(long)]
    pub(crate) shopper_tokens: bool,
    /// Where the gateway adds a surcharge: the word that names parts
    ///
    /// Without it, no part of a payment is captured or refunded there.
    #[arg(long, value_enum)]
    pub(crate) fee_basis: Option<FeeBasis>,
    /// The merchant's name as customers know it; on receipts
    #[arg(long, value_name = "NAME", value_parser = trimmed())]
    pub(crate) name: Option<String>,
    /// A line of its address, on receipts; once for each line
    #[arg(long, value_name = "LINE", value_parser = trimmed())]
    pub(crate) address: Vec<String>,
    /// KMS key that encrypts the secret, instead of AWS's own
    #[arg(long, value_name = "KEY")]
    pub(crate) kms_key_id: Option<String>,
    /// On the stage prod: an account at which no payment is real
    #[arg(long)]
    pub(crate) test: bool,
    /// Check all of it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Orders {
    /// Registered with their amount before they are paid
    Registered,
    /// Kept in the merchant's own system
    External,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FeeBasis {
    /// The part without its surcharge, which the gateway adds
    Subtotal,
    /// The part with its surcharge
    Total,
}

#[derive(Args)]
pub(crate) struct RotateKey {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
    /// Remove the key with this number instead, 1 being the oldest
    #[arg(long, value_name = "N", conflicts_with = "finish")]
    pub(crate) retire: Option<usize>,
    /// Remove all keys but the newest, instead of adding one
    #[arg(long)]
    pub(crate) finish: bool,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum PaymentCommand {
    /// Everything on record about an order's payments
    Show(Show),
    /// A merchant's payments of a day or a longer time, newest first, as they are now
    List(ListPayments),
    /// A merchant's payments by a reference from a letter, a bank line or a customer
    Find(FindPayments),
    /// Print a merchant's payments as they get their outcomes, until it is ended
    Tail(TailPayments),
    /// A payment as a customer's receipt shows it
    Receipt(Show),
    /// Capture an authorization, or a part of it
    Capture(ChangePayment),
    /// Hold the rest again after a part was taken, with the stored card of the payment
    Reauthorize(ChangePayment),
    /// Give money back, all of it or a part
    Refund(ChangePayment),
    /// Undo a payment before it is settled: the order owes its amount again
    Void(ChangePayment),
    /// Decide the outcome of an operation that the gateway leaves in doubt
    Resolve(Resolve),
}

#[derive(Subcommand)]
pub(crate) enum JournalCommand {
    /// Every movement of a merchant's money, newest first: who, when and why
    List(Box<ListEntries>),
    /// Put every order's entries that are not in the journal; may run beside the live function
    Rebuild(Rebuild),
    /// Find entries of the journal that the table lacks, as after a restore
    Compare(Compare),
}

#[derive(Args)]
pub(crate) struct Rebuild {
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
    /// Count the entries and write none
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct Compare {
    /// Decisions from then on, such as 2027-01-31T11:59:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Timestamp,
    /// Also look up each one at the gateway, one at a time
    #[arg(long)]
    pub(crate) inquire: bool,
    /// The journal's table, the stack's output `JournalTableName` (else `JOURNAL_TABLE_NAME`)
    #[arg(long, value_name = "NAME", help_heading = DEPLOYMENT, hide_short_help = true)]
    pub(crate) journal_table: Option<String>,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The order's id; for the credit-card API the `TransactionID`
    pub(crate) order: OrderId,
    /// Show this transaction and no other
    pub(crate) transaction: Option<Uuid>,
}

#[derive(Args)]
pub(crate) struct Resolve {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The order's id, as the merchant's systems have it
    pub(crate) order: OrderId,
    /// The transaction whose operation is in doubt
    pub(crate) transaction: Uuid,
    /// The outcome to put on record
    #[arg(long = "as", value_enum, value_name = "VERDICT")]
    pub(crate) verdict: VerdictArgument,
    /// Who decides; kept with the operation
    #[arg(long, value_name = "NAME")]
    pub(crate) by: DecidedBy,
    /// Why; kept with the operation
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Reason,
    /// The gateway's reference of the operation
    #[arg(long, value_name = "RETREF")]
    pub(crate) retref: Option<String>,
    /// Send the gateway an inquiry, and show the record without writing it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) without_prompt: WithoutPrompt,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum VerdictArgument {
    /// The gateway did it
    Done,
    /// The gateway did nothing
    NotDone,
}

impl Command {
    /// Which installations it can act on, for the variables that name one.
    pub(crate) fn acts_on(&self) -> ActsOn {
        match self {
            Self::Listen(_) | Self::Trigger(_) => ActsOn::Local,
            Self::Rollback(_) | Self::Completion { .. } => ActsOn::None,
            _ => ActsOn::Any,
        }
    }
}

impl From<VerdictArgument> for HandVerdict {
    fn from(verdict: VerdictArgument) -> Self {
        match verdict {
            VerdictArgument::Done => Self::Done,
            VerdictArgument::NotDone => Self::NotDone,
        }
    }
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// A merchant to look at; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Vec<MerchantId>,
    /// The front's stack: the way of its callers is checked, too
    #[arg(long, value_name = "NAME")]
    pub(crate) front: Option<String>,
    /// Whether the secret of the merchants named can be deleted
    ///
    /// Fails while a payment of theirs is in doubt or a capture is scheduled.
    #[arg(long, requires = "merchant")]
    pub(crate) before_deletion: bool,
}

fn trimmed() -> impl TypedValueParser<Value = String> {
    NonEmptyStringValueParser::new().map(|text| text.trim().to_owned())
}

fn merchid(text: &str) -> Result<(Currency, String), String> {
    let (currency, merchid) = text.split_once('=').ok_or("expected CURRENCY=MID")?;
    let currency = currency.parse().map_err(|_| "not a currency code")?;
    Ok((currency, merchid.to_owned()))
}
