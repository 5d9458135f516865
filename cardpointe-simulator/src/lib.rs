//! A fake of the `CardPointe` gateway: cards, codes, settlement and faults without a test account.
//!
//! [`Simulator`] is the gateway in process: a request goes in, a response comes out, without
//! sockets, in the time of the clock it is given. [`Server`] serves one over HTTP: the gateway's
//! REST interface below `/cardconnect/rest` and a control interface below `/_simulator`. Its
//! responses where no public source tells the real response is listed in
//! `cardpointe-simulator/docs/behavior.md`.

mod accounts;
mod advice;
mod alterations;
mod amount;
mod auth;
mod bank;
mod bank_account;
mod banking;
mod batch_calls;
mod bin_data;
mod calendar;
mod call;
mod card_secure;
mod cards;
mod codes;
mod config;
pub mod conformance;
mod control;
mod currency;
mod declines;
mod expiry;
mod faults;
mod fields;
mod funding;
pub mod hosts;
mod late;
mod ledger;
mod lifecycle;
mod lookup;
mod manual_batches;
mod many;
mod merchant;
mod noise;
mod portal;
mod preview;
mod profile;
mod rate_limit;
mod receipt;
mod record;
mod refund;
mod reply;
mod report_forms;
mod request_log;
mod response;
mod rest;
mod server;
mod settings;
mod settlement;
mod settlestat;
mod signature;
mod simulator;
mod state;
mod status_page;
mod surcharge;
mod tokenizer;
mod transaction;
mod verification;
mod world;

pub use advice::AdviceMember;
pub use alterations::{Alteration, Identity, RecordOf, Target};
pub use bank::{Adjustment, Chargeback, DepositDeviation, Deviation, Listing, Returned};
pub use codes::{Processor, ResponseCode};
pub use config::{Config, Merchant};
pub use declines::Decline;
pub use faults::{Arriving, Endpoint, Fault, FaultKind};
pub use funding::reported::{ReportedDeposit, ReportedLine};
pub use many::{Elsewhere, ManySettled, Tender};
pub use portal::PortalAction;
pub use record::{Change, Origin, Record};
pub use response::{Delivery, Response};
pub use server::Server;
pub use settings::{
    AmountForm, AuthdateForm, DateForm, DepositForm, Deposits, FeeBasis, FeeForm, FeeMembers, FeeType,
    FundingAccess, FundingDays, FundingWords, HostbatchForm, IdForm, LinkedMerchid, MissingProfile,
    NoBatches, NoDeposits, NullForm, RefundSetlstat, ReportSettings, ReportZone, SchemeMembers, Settings,
    Settled, SettlestatForm, SettlestatMembers, TimedOutRefunds, UnknownMerchid, VoidOrderId,
};
pub use settlement::Stage;
pub use simulator::Simulator;
pub use state::{RecordKind, RecordState, ShownSetlstat};
pub use world::StoreError;
