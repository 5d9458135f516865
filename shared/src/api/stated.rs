//! From a request's statements to its operation: the one way in which both APIs move money.

use jiff::Timestamp;
use tollgate_core::{
    order::{
        Action, Actor, Essentials, Fingerprint, Intent, KeyDigest, OrderKey, Pay, Person, Reason, Transaction,
    },
    payments::{Deadline, PaymentSource, Payments, Performed, Refusal},
    values::Currency,
};

use super::{attempt::Attempt, caller::Caller, failure::Failure};

/// The statements of a request that moves money, read from its members.
pub(crate) struct Stated<'a> {
    /// The action for the order.
    action: Action,
    /// The digest of its idempotency key.
    key: Option<KeyDigest>,
    /// The fingerprint that equal requests share.
    fingerprint: Fingerprint,
    /// The currency; it has to be the order's.
    currency: Option<Currency>,
    /// Who requests the operation, by name. A repetition may state another name or reason, so
    /// neither is essential.
    pub(crate) actor: Option<Actor>,
    /// The reason of the request.
    pub(crate) reason: Option<Reason>,
    /// The person who proposed it, if another one did.
    pub(crate) proposer: Option<Person>,
    /// The source of a payment.
    source: Option<&'a PaymentSource>,
    /// The order's version that its sender has seen.
    pub(crate) seen_version: Option<u64>,
    /// Whether money may be given back although an issuer took it back. A repetition need not say
    /// it again.
    pub(crate) refund_disputed: bool,
    /// Whether the request is in order now. If not, it may repeat one that was: its card may have
    /// expired since.
    pub(crate) in_order_now: Result<(), Failure>,
}

/// Why a stated operation was not performed.
pub(crate) enum NotPerformed {
    /// The request is not in order, and repeats no earlier one.
    NotInOrder(Failure),
    /// The use case did nothing.
    Refused(Refusal),
}

impl From<Refusal> for NotPerformed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotPerformed> for Failure {
    fn from(not_performed: NotPerformed) -> Self {
        match not_performed {
            NotPerformed::NotInOrder(failure) => failure,
            NotPerformed::Refused(refusal) => refusal.into(),
        }
    }
}

impl<'a> Stated<'a> {
    /// A valid request that names no person.
    pub(crate) fn new(action: Action, essentials: &Essentials<'_>, key: Option<KeyDigest>) -> Self {
        Self {
            action,
            key,
            fingerprint: Fingerprint::new(essentials),
            currency: essentials.currency,
            actor: None,
            reason: None,
            proposer: None,
            source: None,
            seen_version: None,
            refund_disputed: false,
            in_order_now: Ok(()),
        }
    }

    /// A payment with this source. `essentials` has the other parts that make a request equal.
    pub(crate) fn payment(
        pay: Pay,
        source: &'a PaymentSource,
        essentials: Essentials<'_>,
        key: Option<KeyDigest>,
    ) -> Self {
        let card = pay.card.clone();
        // A stored card is identified by its place: its other data changes, and depends on how the
        // request names the card.
        let (card, profile, account) = match source {
            PaymentSource::Profile { account, profile, .. } => (None, Some(&**profile), Some(&**account)),
            PaymentSource::Card(_) => (Some(&card), None, None),
        };
        let essentials = Essentials { card, profile, account, ..essentials };
        Self { source: Some(source), ..Self::new(Action::Pay(pay), &essentials, key) }
    }

    /// Whether the request is for a new payment.
    pub(crate) fn is_payment(&self) -> bool {
        matches!(self.action, Action::Pay(_))
    }

    /// Whether the card of a payment that is an order of its own is to be stored; `None` for any
    /// other request.
    pub(crate) fn saves_card(&self) -> Option<bool> {
        match &self.action {
            Action::Pay(Pay { standalone: Some(alone), .. }) => Some(alone.memo.save_card),
            _ => None,
        }
    }

    /// Performs the operation on an order, for this caller. A request that is not in order any more
    /// is only looked up, and one that the order's rules refuse does not begin its attempt.
    pub(crate) async fn perform(
        self,
        payments: &Payments,
        caller: &Caller,
        order: &OrderKey,
        deadline: Deadline,
        mut attempt: Option<Attempt<'_>>,
    ) -> Result<Performed, NotPerformed> {
        let merchant = &caller.merchant;
        let intent = Intent {
            action: self.action,
            key: self.key,
            fingerprint: self.fingerprint,
            currency: self.currency,
            by: caller.principal,
            attribution: caller
                .attribution(self.actor.as_ref(), self.reason.as_ref())
                .map(|told| Box::new(told.proposed_by(self.proposer.as_ref()))),
            seen_version: self.seen_version,
            refund_disputed: self.refund_disputed,
            refund_max: caller.refund_max().clone(),
        };
        let performed = async {
            if let Err(failure) = self.in_order_now {
                let repeated = payments.repeat(merchant, order, &intent, deadline).await?;
                return repeated.ok_or(NotPerformed::NotInOrder(failure));
            }
            let prepared = payments.prepare(merchant, order, &intent).await?;
            if let Some(attempt) = &mut attempt {
                attempt.begin().await.map_err(NotPerformed::NotInOrder)?;
            }
            Ok(payments.perform_prepared(merchant, prepared, &intent, self.source, deadline).await?)
        };
        let performed = performed.await;
        if let Some(attempt) = attempt {
            attempt.end_payment(&performed).await;
        }
        performed
    }
}

/// Seconds until the next inquiry about a payment whose outcome is not known: until then it stays
/// the same. `None` once the outcome is known.
pub(crate) fn retry_after_s(transaction: &Transaction, now: Timestamp) -> Option<u32> {
    let due = transaction.pending()?.pending()?.next_inquiry_at;
    Some(u32::try_from(due.duration_since(now).as_secs()).unwrap_or_default().max(1))
}
