//! Each handler's ports: those that its function's policy allows, and no others.
//!
//! | function | ports |
//! |---|---|
//! | `token` | [`Tokens`] |
//! | `orders` | [`Orders`] |
//! | `capture`, `refund`, `void` | [`Api`] |
//! | `confirm` | [`Confirm`] |
//! | `authorize`, `purchase`, `payments` | [`Checkout`] |
//! | `payment-methods` | [`StoredCards`] |
//! | `transactions` | [`Transactions`] |
//! | `switches` | [`StopSwitch`] |
//! | `deliveries` | [`Deliveries`] |
//! | `people` | [`Personnel`] |
//! | `reconcile`, `scheduled-capture` | [`Job`] |
//! | `totals` | [`JournalTotals`] |
//! | `journal` | [`JournalKeeper`] |
//! | `settlement`, `events`, `webhooks` | one use case of the core, or its ports |
//!
//! A handler without a port to the journal neither creates a client for it nor has permission to
//! read it.

use std::sync::Arc;

use tollgate_core::{
    journal::{Agenda, EntryLog, EntryStore, SearchKeys, TotalsStore},
    order::MerchantId,
    payments::{
        Attempts, GatewayInfo, Merchants, OrderIndex, OrderStore, Payments, Refusal, Stop, Surcharges,
        Switch, Switches, trail,
    },
    people::{AuditTrail, PeopleStore, SignInStore},
    settlement::{Batches, DepositStore, ExceptionStore, LineStore, ProgressStore},
    stored_cards::PaymentMethods,
    values::Clock,
    webhooks::{DeliveryLog, Receivers},
};

pub use crate::access::Access;
use crate::openid::{IdTokens, RegisteredClients};

/// For requests for access tokens.
pub struct Tokens {
    /// Checks credentials and tokens.
    pub access: Access,
    /// How people sign in; none where the deployment names no issuer.
    pub sign_in: Option<SignIn>,
}

/// The ports of a person's sign-in.
pub struct SignIn {
    /// Verifies the issuer's ID tokens.
    pub id_tokens: IdTokens,
    /// The programs that may bring an ID token.
    pub clients: RegisteredClients,
    /// The merchants' people, and the trail of their actions.
    pub people: Arc<dyn SignInStore>,
}

/// For requests about payments, in both APIs.
pub struct Api {
    /// Checks credentials and tokens.
    pub access: Access,
    /// Whether an operator has stopped payments.
    pub switch: Arc<dyn Switch>,
    /// The use cases that move money.
    pub payments: Payments,
}

/// For requests about orders. API Gateway hands them every path that it has no route for, too, and
/// some of those pay by the credit-card API.
pub struct Orders {
    /// The ports of an API for payments.
    pub api: Api,
    pub attempts: Arc<dyn Attempts>,
    /// Finds an order by one of its payments.
    pub index: Arc<dyn OrderIndex>,
    /// Tells whether a payment has settled, to say what can be done with it.
    pub batches: Arc<dyn Batches>,
}

/// The ports of a payment by the credit-card API.
#[derive(Clone, Copy)]
pub struct Paying<'a> {
    /// The ports of an API for payments.
    pub api: &'a Api,
    pub attempts: &'a dyn Attempts,
}

impl Orders {
    /// For the paths that pay.
    pub fn paying(&self) -> Paying<'_> {
        Paying { api: &self.api, attempts: self.attempts.as_ref() }
    }
}

impl Checkout {
    /// For the credit-card API.
    pub fn paying(&self) -> Paying<'_> {
        Paying { api: &self.api, attempts: self.attempts.as_ref() }
    }
}

/// For requests that learn the outcome of a payment, which may have stored a card.
pub struct Confirm {
    /// The ports of an API for payments.
    pub api: Api,
    /// The use cases of stored cards.
    pub methods: PaymentMethods,
}

/// For requests that pay.
pub struct Checkout {
    /// The ports of an API for payments.
    pub api: Api,
    /// Stored cards, for payments that store theirs.
    pub methods: PaymentMethods,
    pub attempts: Arc<dyn Attempts>,
    /// Tells the fee that the gateway would add to a payment.
    pub surcharges: Arc<dyn Surcharges>,
}

/// For requests about stored cards.
pub struct StoredCards {
    /// Checks credentials and tokens.
    pub access: Access,
    /// Whether an operator has stopped payments.
    pub switch: Arc<dyn Switch>,
    /// The use cases of stored cards.
    pub methods: PaymentMethods,
    pub attempts: Arc<dyn Attempts>,
}

/// For lists of a merchant's transactions and orders, and their totals.
pub struct Transactions {
    /// Checks credentials and tokens.
    pub access: Access,
    /// The orders behind the journal's entries.
    pub orders: Arc<dyn OrderStore>,
    /// Which orders there are.
    pub index: Arc<dyn OrderIndex>,
    /// Finds orders that need attention, and captures to come.
    pub agenda: Arc<dyn Agenda>,
    /// Whether an operator has stopped payments.
    pub switch: Arc<dyn Switch>,
    /// The journal, to be read.
    pub log: Arc<dyn EntryLog>,
    /// Its totals, a line per quarter of an hour.
    pub totals: Arc<dyn TotalsStore>,
    /// The records of settlement.
    pub settlement: SettlementStores,
    /// Says which payments are live.
    pub gateway: &'static dyn GatewayInfo,
}

/// The money that reached the merchant's bank account, and the money that did not.
#[derive(Clone)]
pub struct SettlementStores {
    /// The gateway's records of payments and refunds.
    pub lines: Arc<dyn LineStore>,
    pub deposits: Arc<dyn DepositStore>,
    /// The records that do not fit.
    pub exceptions: Arc<dyn ExceptionStore>,
    /// How far the reports were read.
    pub progress: Arc<dyn ProgressStore>,
}

/// The people who may act for a merchant under their own name, and their actions.
#[derive(Clone)]
pub struct PeopleStores {
    /// People, with who changed them.
    pub people: Arc<dyn PeopleStore>,
    /// Sign-ins, refusals, downloads and changes of people.
    pub audit: Arc<dyn AuditTrail>,
}

/// For a merchant's people, and their actions.
pub struct Personnel {
    /// Checks credentials and tokens.
    pub access: Access,
    /// People and the audit trail.
    pub stores: PeopleStores,
}

/// The common ports of all handlers of requests.
pub trait LetIn: Send + Sync {
    /// Checks where requests come from, credentials and tokens.
    fn access(&self) -> &Access;
}

/// Says where each handler's ports have it.
macro_rules! let_in {
    ($($ports:ident { $($field:ident).+ })+) => {$(
        impl LetIn for $ports {
            fn access(&self) -> &Access {
                &self.$($field).+
            }
        }
    )+};
}

let_in! {
    Tokens { access }
    Api { access }
    Orders { api.access }
    Confirm { api.access }
    Checkout { api.access }
    StoredCards { access }
    Transactions { access }
    StopSwitch { access }
    Deliveries { access }
    Personnel { access }
}

impl LetIn for Access {
    fn access(&self) -> &Access {
        self
    }
}

/// For a job that acts on payments without a caller's request: a schedule, with its settings, or an
/// operator's command.
pub struct Job<S = ()> {
    /// The use cases that move money.
    pub payments: Payments,
    /// Whose payments they are.
    pub merchants: Arc<dyn Merchants>,
    /// Whether an operator has stopped payments.
    pub switch: Arc<dyn Switch>,
    /// How the schedule's runs are limited.
    pub settings: S,
}

/// For keeping the journal.
#[derive(Clone)]
pub struct JournalKeeper {
    /// Where its entries are put, and the pointers to them.
    pub entries: Arc<dyn EntryStore>,
    /// The keys by which merchants have payments found.
    pub keys: Arc<dyn SearchKeys>,
    /// The time, which tells which entries are no longer kept.
    pub clock: Arc<dyn Clock>,
}

/// For keeping the journal's totals.
pub struct JournalTotals {
    /// The journal, to be read.
    pub log: Arc<dyn EntryLog>,
    /// Its totals, a line per quarter of an hour.
    pub totals: Arc<dyn TotalsStore>,
    /// The time, which says which marks are over.
    pub clock: Arc<dyn Clock>,
}

/// Whether a job may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayRun {
    /// Payments are not stopped.
    Yes,
    /// The switch stops payments.
    Stopped,
    /// It cannot be told, which is no permission.
    Unknown,
}

impl<S> Job<S> {
    /// Whether it may do anything. Otherwise the due work stays due, for the next run.
    pub async fn may_run(&self) -> MayRun {
        match all_stopped(self.switch.as_ref()).await {
            Ok(false) => MayRun::Yes,
            Ok(true) => {
                tracing::warn!("payments are stopped: the run did nothing");
                MayRun::Stopped
            }
            Err(error) => {
                tracing::error!(%error, "the switch of payments cannot be read: the run did nothing");
                MayRun::Unknown
            }
        }
    }
}

/// Whether all payments are stopped.
async fn all_stopped(switch: &dyn Switch) -> Result<bool, Refusal> {
    let stopped = switch.all_stopped().await.map_err(Refusal::Store)?;
    trail::note(|trail| trail.is_stopped |= stopped);
    Ok(stopped)
}

/// Which switch stops a merchant's payments. Only that all are stopped is noted: it is the operator
/// who has to know.
pub(crate) async fn stop(switch: &dyn Switch, merchant: &MerchantId) -> Result<Stop, Refusal> {
    let stop = switch.stop(merchant).await.map_err(Refusal::Store)?;
    trail::note(|trail| trail.is_stopped |= stop == Stop::All);
    Ok(stop)
}

/// For who stopped a merchant's payments, and for stopping them.
pub struct StopSwitch {
    /// Checks credentials and tokens.
    pub access: Access,
    /// Whether an operator has stopped all payments.
    pub switch: Arc<dyn Switch>,
    /// The merchants' own switches.
    pub switches: Arc<dyn Switches>,
}

/// For a merchant's webhooks and the deliveries to them.
pub struct Deliveries {
    /// Checks credentials and tokens.
    pub access: Access,
    /// The receivers that merchants' documents name.
    pub receivers: Arc<dyn Receivers>,
    /// The deliveries to them.
    pub log: Arc<dyn DeliveryLog>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_payments::SwitchAt;

    #[tokio::test]
    async fn that_payments_are_stopped_is_told_and_noted() {
        let merchant = "m".parse().unwrap();
        for (position, noted) in [(Some(false), false), (Some(true), true), (None, false)] {
            let switch = SwitchAt(position);
            let (found, trail) = trail::follow(all_stopped(&switch)).await;
            assert_eq!(found.as_ref().ok(), position.as_ref());
            assert!(matches!(found, Ok(_) | Err(Refusal::Store(_))));
            assert_eq!(trail.is_stopped, noted);
            let (found, trail) = trail::follow(stop(&switch, &merchant)).await;
            assert_eq!(found.ok().map(Stop::is_on), position);
            assert_eq!(trail.is_stopped, noted);
        }
        let ((), trail) = trail::follow(async {
            stop(&SwitchAt(Some(true)), &merchant).await.unwrap();
            stop(&SwitchAt(Some(false)), &merchant).await.unwrap();
        })
        .await;
        assert!(trail.is_stopped, "it stays noted");
    }
}
