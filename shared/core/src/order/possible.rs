//! The actions that a payment allows, and up to which amounts: the answer of the order's own rules,
//! for whoever only wants to know.

use jiff::Timestamp;

use super::{
    Order, Rejection,
    reauthorize::to_hold_anew,
    rules::{
        amount_owing, declines_end_in, given_back_by, may_capture, may_refund, may_void,
        must_be_shown_in_parts, must_be_whole_or_named, to_capture, to_refund, would_be_lost_twice,
    },
};
use crate::{
    order::{Policy, Principal, Transaction, TransactionStatus},
    values::{Amount, RefundMax},
    words,
};

words! {
    /// Why an action on a payment is not possible now.
    pub enum NotPossible {
        /// The outcome of another operation on the payment is not known.
        OperationInProgress => "operation_in_progress": "Not before the outcome of the last operation is known.",
        /// The payment was refused, or did nothing.
        TransactionFailed => "transaction_failed": "Not possible: the payment was not made.",
        /// The payment was voided.
        AlreadyCancelled => "already_cancelled": "Not possible: the payment was voided.",
        /// A purchase holds nothing.
        NotAnAuthorization => "not_an_authorization": "Not possible: the payment was taken at once.",
        /// There is one capture.
        AlreadyCaptured => "already_captured": "Not possible: it is captured already.",
        /// Nothing was taken.
        NotCaptured => "not_captured": "Not possible: nothing was captured.",
        /// All was given back.
        AlreadyRefunded => "already_refunded": "Not possible: nothing is left to refund.",
        /// A part was given back, so the whole cannot be voided.
        PartlyRefunded => "partly_refunded": "Not possible: a part was refunded.",
        /// All that was held was captured.
        NothingReleased => "nothing_released": "Not possible: the capture released nothing.",
        /// Another payment holds the rest.
        AlreadyReauthorized => "already_reauthorized": "Not possible: the rest is held already.",
        /// Another payment of the order is under way.
        PaymentInProgress => "payment_in_progress": "Not before the outcome of another payment of the order is known.",
        /// The order owes nothing.
        AlreadyPaid => "already_paid": "Not possible: the order owes nothing.",
        /// The order was canceled in its shop.
        OrderCancelled => "order_cancelled": "Not possible: the order is canceled in Elastic Path.",
        /// The order's shop cannot show it.
        NotRecordable => "not_recordable": "Not possible: Elastic Path shows no part of a capture.",
        /// Nothing says how to hold the rest.
        NoStoredCard => "no_stored_card": "Not possible: no card is stored.",
        /// Nothing says whether a part includes its share of the surcharge.
        FeeBasisRequired => "fee_basis_required": "Not possible: the merchant's set-up lacks how a surcharge is given back.",
        /// The order's payments were declined too often within the hour.
        TooManyDeclines => "too_many_declines": "Not now: too many payments of the order were declined.",
        /// The order is full.
        TooManyTransactions => "too_many_transactions": "Not possible: the order has as many payments as it can hold.",
        /// The order is full.
        TooManyOperations => "too_many_operations": "Not possible: the order has as many operations as it can hold.",
        /// A newer version works on the order.
        NewerVersion => "newer_version": "Not now: a newer version of Tollgate is working on the order.",
        /// An operator or the merchant stopped payments, or that cannot be told.
        PaymentsStopped => "payments_stopped": "Not now: payments are stopped.",
        /// The caller's role does not allow it.
        Forbidden => "forbidden": "Your role does not allow it. Ask somebody with the role operate.",
        /// The person has given back as much of the order as they may.
        ExceedsRefundMax => "exceeds_refund_max": "It is more than you may give back of one order.",
    }

    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str;
}

words! {
    /// Why an action is possible and not advisable.
    pub enum AdvisedAgainst {
        /// The authorization has ended, as far as can be told.
        AuthorizationLapsed => "authorization_lapsed": "The authorization has ended: the bank may refuse it.",
        /// The reports say that the batch of the payment was taken.
        Settled => "settled": "Its batch has settled: refund it instead.",
        /// The cardholder's bank took the money back.
        Disputed => "disputed": "The bank has taken the money back: it would be lost twice.",
    }

    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str;
}

words! {
    /// Whether the batch with a payment was taken, as far as it may be known.
    pub enum BatchState {
        /// A report says that it was.
        Settled => "settled",
        /// No report that was read says so.
        NotSettled => "not_settled",
        /// Nobody looked, or no report was ever read.
        Unknown => "unknown",
    }
}

words! {
    /// A possible next step of a payment, as `next_actions` lists it.
    pub enum NextAction {
        /// An inquiry about the operation in doubt.
        Confirm => "confirm",
        Capture => "capture",
        Refund => "refund",
        /// A void.
        Cancel => "cancel",
        /// Another authorization of the amount that a partial capture released.
        Reauthorize => "reauthorize",
    }
}

/// Who wants to know what is possible, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The reason why they may do nothing at all now: their role, or a stop.
    pub barred: Option<NotPossible>,
    /// The most that they may give back of one order.
    pub refund_max: &'a RefundMax,
    /// The person's name on record; none for a system.
    pub person: Option<&'a str>,
    /// The merchant's rules.
    pub policy: &'a Policy,
    /// Whether the payment has settled, as far as they may know.
    pub batch: BatchState,
    pub now: Timestamp,
}

/// Whether an action is possible, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possibility {
    /// The most that the asker can move, in minor units; none if the rules allow nothing.
    pub most: Option<Amount>,
    /// Whether only the whole of it can be moved.
    pub whole_only: bool,
    /// Whether the request has to state that money is given back although a bank took it back.
    pub needs_refund_disputed: bool,
    /// Why it is not possible; none if it is.
    pub why: Option<NotPossible>,
    /// The most that the rules allow, where the asker's own limit is below it: another person may
    /// carry out the asker's proposal.
    pub by_proposal: Option<Amount>,
    /// Why it is possible and not advisable.
    pub advised_against: Option<AdvisedAgainst>,
}

/// The possible actions on a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possible {
    pub capture: Possibility,
    pub refund: Possibility,
    /// Whether a refund of everything would become a void, because the batch was not taken yet; a
    /// refund of a part would be refused. None if that is not known.
    pub refund_becomes_void: Option<bool>,
    pub cancel: Possibility,
    pub reauthorize: Possibility,
}

impl Possibility {
    /// Of this amount or any part of it.
    fn up_to(most: Amount) -> Self {
        Self {
            most: Some(most),
            whole_only: false,
            needs_refund_disputed: false,
            why: None,
            by_proposal: None,
            advised_against: None,
        }
    }

    /// Whether it is possible and advisable.
    pub fn is_advised(&self) -> bool {
        self.why.is_none() && self.advised_against.is_none()
    }

    /// The rules' answer, as the asker may use it.
    fn of(by_rules: Result<Self, Rejection>, asker: &Asker<'_>) -> Self {
        match by_rules {
            Ok(allowed) => Self { why: allowed.why.or(asker.barred), ..allowed },
            Err(rejection) => Self { most: None, why: Some(rejection.into()), ..Self::up_to(Amount::ZERO) },
        }
    }

    /// The same within the most that the asker may give back of the order.
    fn within_refund_max(self, order: &Order, asker: &Asker<'_>) -> Self {
        let limit = asker.refund_max.of(order.currency).filter(|_| asker.barred.is_none());
        let Some((most, max)) = self.most.zip(limit) else { return self };
        let left = max.checked_sub(given_back_by(order, asker.person)).unwrap_or(Amount::ZERO);
        let by_proposal = Some(most);
        if most <= left {
            self
        } else if left.is_zero() || self.whole_only {
            Self { why: Some(NotPossible::ExceedsRefundMax), by_proposal, ..self }
        } else {
            Self { most: Some(left), by_proposal, ..self }
        }
    }
}

impl Order {
    /// The possible actions on one of its payments, by the same rules as requests are decided.
    ///
    /// Says nothing of what is decided later: limits that others share, and the gateway.
    pub fn possible(&self, transaction: &Transaction, asker: &Asker<'_>) -> Possible {
        let of = |action: fn(&Self, &Transaction, &Asker<'_>) -> Result<Possibility, Rejection>| {
            let known = if self.is_recognized() { Ok(()) } else { Err(Rejection::NewerVersion) };
            Possibility::of(known.and_then(|()| action(self, transaction, asker)), asker)
        };
        Possible {
            capture: of(Self::possible_capture),
            refund: of(Self::possible_refund),
            refund_becomes_void: match asker.batch {
                _ if transaction.captured().is_zero() || !transaction.refunded().is_zero() => Some(false),
                BatchState::Settled => Some(false),
                BatchState::NotSettled => Some(true),
                BatchState::Unknown => None,
            },
            cancel: of(Self::possible_cancel),
            reauthorize: of(|order, transaction, asker| {
                must_be_shown_in_parts(transaction.is_of_shop(), asker.policy)?;
                order.to_reauthorize(transaction, asker.now).map(Possibility::up_to)
            }),
        }
    }

    /// The next steps that the payment's state allows and advises, whoever asks.
    pub fn next_actions(
        &self,
        transaction: &Transaction,
        batch: BatchState,
        now: Timestamp,
    ) -> Vec<NextAction> {
        if transaction.status() == TransactionStatus::Pending {
            return vec![NextAction::Confirm];
        }
        let steps = [
            (
                NextAction::Capture,
                to_capture(self, transaction).is_ok() && against_capture(transaction, now).is_none(),
            ),
            (NextAction::Refund, to_refund(transaction).is_ok() && against_refund(transaction).is_none()),
            (NextAction::Cancel, may_void(transaction).is_ok() && against_void(transaction, batch).is_none()),
            (NextAction::Reauthorize, self.to_reauthorize(transaction, now).is_ok()),
        ];
        steps.into_iter().filter_map(|(step, is_advised)| is_advised.then_some(step)).collect()
    }

    fn possible_capture(
        &self,
        transaction: &Transaction,
        asker: &Asker<'_>,
    ) -> Result<Possibility, Rejection> {
        let most = may_capture(self, transaction, None, asker.policy)?;
        self.check_step_fits()?;
        let of_part = transaction.fee_share_of_capture(Amount::ZERO, asker.policy);
        Ok(Possibility {
            whole_only: must_be_whole_or_named(of_part).is_err()
                || must_be_shown_in_parts(transaction.is_of_shop(), asker.policy).is_err(),
            advised_against: against_capture(transaction, asker.now),
            ..Possibility::up_to(most)
        })
    }

    fn possible_refund(
        &self,
        transaction: &Transaction,
        asker: &Asker<'_>,
    ) -> Result<Possibility, Rejection> {
        let most = to_refund(transaction)?;
        may_refund(transaction, Some(most), None, asker.policy)?;
        self.check_closing_fits()?;
        let of_part = transaction.fee_share_of_refund(Amount::ZERO, |_| true, asker.policy);
        let allowed = Possibility {
            whole_only: must_be_whole_or_named(of_part).is_err() || self.check_step_fits().is_err(),
            needs_refund_disputed: would_be_lost_twice(transaction),
            advised_against: against_refund(transaction),
            ..Possibility::up_to(most)
        };
        Ok(allowed.within_refund_max(self, asker))
    }

    fn possible_cancel(
        &self,
        transaction: &Transaction,
        asker: &Asker<'_>,
    ) -> Result<Possibility, Rejection> {
        let most = may_void(transaction)?;
        self.check_closing_fits()?;
        let allowed = Possibility {
            whole_only: true,
            needs_refund_disputed: would_be_lost_twice(transaction),
            advised_against: against_void(transaction, asker.batch),
            ..Possibility::up_to(most)
        };
        // Releasing money that was only held gives none back.
        Ok(if transaction.refundable().is_zero() { allowed } else { allowed.within_refund_max(self, asker) })
    }

    /// The most that can be held anew of the amount that a partial capture released.
    fn to_reauthorize(&self, transaction: &Transaction, now: Timestamp) -> Result<Amount, Rejection> {
        let (released, _) = to_hold_anew(self, transaction)?;
        if transaction.is_of_shop() {
            self.must_not_be_cancelled()?;
        }
        let most = self.owing().map_or(released, |owing| owing.min(released));
        if most.is_zero() {
            amount_owing(self, Some(released), None)?;
        }
        match declines_end_in(self, now) {
            Some(wait) => Err(Rejection::TooManyDeclines(wait)),
            None => self.check_payment_fits(Principal::ClientCredentials).map(|()| most),
        }
    }
}

fn against_capture(transaction: &Transaction, now: Timestamp) -> Option<AdvisedAgainst> {
    transaction.has_lapsed(now).then_some(AdvisedAgainst::AuthorizationLapsed)
}

fn against_refund(transaction: &Transaction) -> Option<AdvisedAgainst> {
    would_be_lost_twice(transaction).then_some(AdvisedAgainst::Disputed)
}

fn against_void(transaction: &Transaction, batch: BatchState) -> Option<AdvisedAgainst> {
    let has_settled = batch == BatchState::Settled;
    has_settled.then_some(AdvisedAgainst::Settled).or_else(|| against_refund(transaction))
}

impl From<Rejection> for NotPossible {
    /// The word for a rejection of an action on a payment that is named, whose amount fits.
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::OperationInProgress(_) => Self::OperationInProgress,
            Rejection::AlreadyCancelled => Self::AlreadyCancelled,
            Rejection::NotAnAuthorization => Self::NotAnAuthorization,
            Rejection::AlreadyCaptured => Self::AlreadyCaptured,
            Rejection::NotCaptured => Self::NotCaptured,
            Rejection::AlreadyRefunded => Self::AlreadyRefunded,
            Rejection::PartlyRefunded => Self::PartlyRefunded,
            Rejection::NothingReleased => Self::NothingReleased,
            Rejection::AlreadyReauthorized(_) => Self::AlreadyReauthorized,
            Rejection::PaymentInProgress(_) => Self::PaymentInProgress,
            Rejection::AlreadyPaid(_) | Rejection::ExceedsOwing(_) => Self::AlreadyPaid,
            Rejection::OrderCancelled => Self::OrderCancelled,
            Rejection::NotRecordable => Self::NotRecordable,
            Rejection::NoStoredCard => Self::NoStoredCard,
            Rejection::FeeBasisRequired => Self::FeeBasisRequired,
            Rejection::TooManyDeclines(_) => Self::TooManyDeclines,
            Rejection::TooManyTransactions => Self::TooManyTransactions,
            Rejection::TooManyOperations => Self::TooManyOperations,
            Rejection::NewerVersion => Self::NewerVersion,
            _ => Self::TransactionFailed,
        }
    }
}
