//! The schemes' rules about cards, as they outlive the order in which they came: a port, and what
//! is noted when.
//!
//! A decline is noted before its outcome is put on record. A process that ends in between leaves an
//! operation in doubt, whose inquiry notes it again.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{Payments, Plan, Refusal};
use crate::{
    order::{
        Action, CardKey, CardNotes, Decline, Finding, GatewayResponse, Initiative, Intent, NotedDecline,
        OperationRef, Order, OrderId, Outcome, Principal, Rejection, Route, Stage,
    },
    payments::{Merchant, StoreError},
    values::{RetryClass, StoredCard},
};
use uuid::Uuid;

/// How long a note is kept: longer than any card is left without a payment and still tried.
pub const CARD_NOTES_KEPT: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// The classes that the cardholder's new agreement ends.
const ENDED_BY_AGREEMENT: &[RetryClass] = &[RetryClass::StopSeries];

/// The classes that the approval of a payment ends that ignored the scheme's advice.
const ENDED_BY_APPROVAL: &[RetryClass] = &[RetryClass::Never, RetryClass::StopSeries, RetryClass::Wait];

/// Notes about cards in a table that all processes share.
#[async_trait]
pub trait CardNoteStore: Send + Sync {
    /// The notes under these keys, as they are now. Keys without notes have none.
    async fn load(&self, cards: &[CardKey]) -> Result<Vec<(CardKey, CardNotes)>, StoreError>;

    /// Notes a decline. Of two times to wait, the later end stays.
    async fn add(&self, card: &CardKey, class: RetryClass, noted: &NotedDecline) -> Result<(), StoreError>;

    /// Forgets a decline of this class that was no later than `at`.
    async fn end(&self, card: &CardKey, class: RetryClass, at: Timestamp) -> Result<(), StoreError>;
}

/// A payment or a verification whose outcome may be noted with its card.
pub(crate) struct Attempted<'a> {
    pub(crate) merchant: &'a Merchant,
    /// The gateway account that it was sent through.
    pub(crate) route: &'a Route,
    /// The order of the payment, or what stands for one.
    pub(crate) order: &'a OrderId,
    pub(crate) payment: Uuid,
    /// The card's token, if it was known before.
    pub(crate) token: Option<&'a str>,
    /// The place of the card at the gateway, if it was paid with as a stored one.
    pub(crate) paid_with: Option<&'a StoredCard>,
    /// Whether the cardholder agrees that the card is stored.
    pub(crate) saves: bool,
    pub(crate) ignores_scheme_advice: bool,
}

impl Attempted<'_> {
    /// Notes what an outcome tells of the card. A failure is logged and holds up nothing: the
    /// outcome itself is worth more.
    pub(crate) async fn note(&self, store: &dyn CardNoteStore, outcome: &Outcome, now: Timestamp) {
        let noted = match outcome {
            Outcome::Declined(response, decline) => self.note_decline(store, response, *decline, now).await,
            Outcome::Approved(response) => self.note_approval(store, response, now).await,
            Outcome::PartiallyApproved(response) if self.merchant.policy.accept_partial_approval => {
                self.note_approval(store, response, now).await
            }
            Outcome::PartiallyApproved(_)
            | Outcome::NoEffect(..)
            | Outcome::Unknown(..)
            | Outcome::Intermediary(..)
            | Outcome::Unnamed(_) => Ok(()),
        };
        if let Err(error) = noted {
            tracing::error!(merchant = %self.merchant.id, order = %self.order, transaction = %self.payment, %error, "a scheme's rule about a card is not noted");
        }
    }

    async fn note_decline(
        &self,
        store: &dyn CardNoteStore,
        response: &GatewayResponse,
        decline: Decline,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(rule) = decline.rule.filter(|rule| rule.is_of_card()) else { return Ok(()) };
        let noted = NotedDecline {
            at: now,
            until: rule.until(now),
            order: self.order.clone(),
            payment: self.payment,
        };
        for card in self.cards(response) {
            store.add(&card, rule.class, &noted).await?;
        }
        Ok(())
    }

    async fn note_approval(
        &self,
        store: &dyn CardNoteStore,
        response: &GatewayResponse,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rule = &self.merchant.policy.decline_on;
        let stands = rule.refuses(response.avs.as_ref(), response.cvv.as_ref()).is_none();
        let ended = match (self.ignores_scheme_advice, self.saves) {
            _ if !stands => return Ok(()),
            (true, _) => ENDED_BY_APPROVAL,
            (false, true) => ENDED_BY_AGREEMENT,
            (false, false) => return Ok(()),
        };
        end(store, &self.cards(response), ended, now).await
    }

    /// The keys of the card that a response tells, besides the one that was sent.
    fn cards(&self, response: &GatewayResponse) -> Vec<CardKey> {
        let token = response.token.as_ref().map(|token| token.value.as_str()).or(self.token);
        let stored = self.paid_with.or(response.stored.as_ref());
        CardKey::all(&self.merchant.id, &self.route.account, token, stored)
    }
}

/// Ends the stop of a card's series: its holder agrees anew. A failure is logged.
pub(crate) async fn agree_anew(store: &dyn CardNoteStore, cards: &[CardKey], now: Timestamp) {
    if let Err(error) = end(store, cards, ENDED_BY_AGREEMENT, now).await {
        tracing::error!(%error, "a cardholder's new agreement is not noted");
    }
}

/// Forgets what is noted of these classes. One read, and a write for each that there is.
async fn end(
    store: &dyn CardNoteStore,
    cards: &[CardKey],
    classes: &[RetryClass],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (card, of_card) in store.load(cards).await? {
        for class in classes.iter().filter(|class| of_card.0.contains_key(class)) {
            store.end(&card, *class, now).await?;
        }
    }
    Ok(())
}

impl Payments {
    /// Notes what an outcome tells of the card of a payment.
    pub(super) async fn note(&self, merchant: &Merchant, order: &Order, at: OperationRef, outcome: &Outcome) {
        let Some((payment, operation)) = order.transaction(at.transaction).zip(order.operation(at)) else {
            return;
        };
        // A decline that is on record was noted then. Found once more, it would undo what has ended
        // its ban since.
        let is_known = matches!(outcome, Outcome::Declined(..)) && operation.is(Stage::Declined);
        if !operation.kind.is_payment() || is_known {
            return;
        }
        let attempted = Attempted {
            merchant,
            route: &operation.route,
            order: &order.id,
            payment: payment.id,
            token: payment.card().and_then(|card| card.token.as_deref()),
            paid_with: payment.paid_with.as_ref(),
            saves: payment.is_to_be_stored(),
            ignores_scheme_advice: payment.ignores_scheme_advice,
        };
        attempted.note(self.card_notes.as_ref(), outcome, self.clock.now()).await;
    }

    /// The same of a finding.
    pub(super) async fn note_found(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: OperationRef,
        finding: &Finding,
    ) {
        if let Finding::Became(outcome) = finding {
            self.note(merchant, order, at, outcome).await;
        }
    }

    /// The notes about the card that a plan pays with: one read, for a payment that the merchant
    /// initiates and that does not ignore them.
    pub(super) async fn notes_for(&self, plan: &Plan, intent: &Intent) -> Result<Vec<CardNotes>, Refusal> {
        let (Plan::Send(order, at), Some(initiative)) = (plan, intent.initiative()) else {
            return Ok(Vec::new());
        };
        let reads = initiative.by_merchant && !initiative.ignores_scheme_advice;
        let payment = order.transaction(at.transaction).zip(order.operation(*at));
        let Some((payment, operation)) = payment.filter(|_| reads) else { return Ok(Vec::new()) };
        let token = payment.card().and_then(|card| card.token.as_deref());
        let cards =
            CardKey::all(&order.merchant, &operation.route.account, token, payment.paid_with.as_ref());
        let found = self.card_notes.load(&cards).await.map_err(Refusal::Store)?;
        Ok(found.into_iter().map(|(_, notes)| notes).collect())
    }

    /// Refuses a plan that would send a payment which a scheme has forbidden.
    pub(super) fn obey(&self, plan: &Plan, intent: &Intent, notes: &[CardNotes]) -> Result<(), Rejection> {
        let (Plan::Send(order, at), Some(initiative)) = (plan, intent.initiative()) else { return Ok(()) };
        let Some(payment) = order.transaction(at.transaction) else { return Ok(()) };
        let tried = order.may_be_tried(payment, initiative, notes, self.clock.now());
        // A shopper does not hear of others' payments, nor what a scheme advises the merchant.
        tried.map_err(|forbidden| {
            Rejection::RetryForbidden(Some(forbidden).filter(|_| intent.by != Principal::Implicit))
        })
    }
}

impl Intent {
    /// Who initiates the payment that it is for; none for a follow-up.
    fn initiative(&self) -> Option<Initiative> {
        match &self.action {
            Action::Pay(pay) => Some(pay.initiative),
            Action::Reauthorize(wanted) => Some(wanted.initiative()),
            Action::Capture { .. }
            | Action::CaptureDue { .. }
            | Action::VoidCancelled
            | Action::VoidLapsed
            | Action::Refund { .. }
            | Action::Void { .. } => None,
        }
    }
}
