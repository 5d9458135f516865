//! The conditions of each kind of operation, one rule per function; every refusal has its name.

use jiff::{SignedDuration, Timestamp};

use super::{Context, Intent, Order, Rejection, ShopOrder};
use crate::{
    order::{
        FeeShare, Kind, Mechanism, Operation, PartialCapture, PaymentKind, Policy, Principal,
        RefundWithoutAmount, Stage, Transaction, TransactionStatus,
    },
    values::{Amount, RefundMax},
};

/// An amount to pay.
pub(super) struct ToPay {
    pub(super) amount: Amount,
    /// Whether more than that is owing.
    pub(super) is_part: bool,
}

impl Order {
    /// The amount to pay, if the order and its shop allow it; without a stated one, all that is
    /// owing. If a shop decides it, the order takes over the total that the shop states.
    ///
    /// Without the shop's answer nothing can be paid: an earlier total is no answer.
    pub(super) fn amount_to_pay(
        &mut self,
        intent: &Intent,
        amount: Option<Amount>,
        context: &Context<'_>,
    ) -> Result<ToPay, Rejection> {
        if !intent.is_owed_at_shop(context.policy.orders, Some(self)) {
            return amount_owing(self, amount, None);
        }
        self.must_not_be_cancelled()?;
        let shop = context.shop.ok_or(Rejection::NotPayable)?;
        if shop.currency != self.currency {
            return Err(Rejection::CurrencyDiffers(self.currency));
        }
        self.total = Some(shop.total);
        amount_owing(self, amount, Some(shop))
    }
}

/// The amount to pay of an order, and of the same as its shop has it.
pub(super) fn amount_owing(
    order: &Order,
    amount: Option<Amount>,
    shop: Option<&ShopOrder>,
) -> Result<ToPay, Rejection> {
    if amount.is_some_and(Amount::is_zero) {
        return Err(Rejection::AmountZero);
    }
    let Some(owing) = order.owing() else {
        let amount = amount.ok_or(Rejection::AmountRequired)?;
        return Ok(ToPay { amount, is_part: true });
    };
    must_be_owing(order, amount.unwrap_or(owing), owing)?;
    let most = match shop {
        Some(shop) => shop.most_of(order, amount)?.min(owing),
        None => owing,
    };
    let amount = amount.unwrap_or(most);
    if amount > most {
        return Err(Rejection::ExceedsOwing(most));
    }
    Ok(ToPay { amount, is_part: amount != most })
}

/// Whether the order's own payments leave an amount of its total.
fn must_be_owing(order: &Order, amount: Amount, owing: Amount) -> Result<(), Rejection> {
    if amount <= owing && !amount.is_zero() {
        return Ok(());
    }
    // An amount reserved by a pending payment may yet become free; an authorized or paid one does
    // not.
    let mut latest_first = order.transactions.iter().rev();
    let in_progress =
        latest_first.find(|t| t.status() == TransactionStatus::Pending && t.captured().is_zero());
    if let Some(transaction) = in_progress
        && amount <= Amount::sum([owing, transaction.amount()])
    {
        return Err(Rejection::PaymentInProgress(transaction.id));
    }
    if !owing.is_zero() {
        return Err(Rejection::ExceedsOwing(owing));
    }
    let paid_by = order.transactions.iter().rev().find(|t| t.status().may_be_in_effect());
    paid_by.or(order.transactions.last()).map_or(Err(Rejection::ExceedsOwing(owing)), |transaction| {
        Err(Rejection::AlreadyPaid(transaction.id))
    })
}

pub(super) fn shopper_attempts(order: &Order) -> usize {
    let counts = |t: &&Transaction| {
        t.by == Principal::Implicit && t.created_at >= order.attempts_count_from && is_attempt(t)
    };
    order.transactions.iter().filter(counts).count()
}

/// Whether a payment counts against the payer: it was declined, or may still be.
fn is_attempt(transaction: &Transaction) -> bool {
    match transaction.status() {
        TransactionStatus::Pending => true,
        // An attempt that the gateway never took up does not count, nor one that the bank approved
        // and the order's shop refused.
        TransactionStatus::Failed => {
            transaction.decline().is_some_and(|decline| !decline.code.is_about_the_order())
        }
        TransactionStatus::Done | TransactionStatus::Voided => false,
    }
}

/// Payments of one order, by a merchant that names no shopper, that may be declined in an hour.
pub const DECLINES_PER_ORDER_HOUR: usize = 10;

/// How long such a payment counts.
const DECLINES_COUNT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// For how long the merchant makes no more payments of an order that name no shopper, because too
/// many were declined within the hour or are pending. None while it may. Browsers' attempts have a
/// limit of their own and do not count, so a stranger cannot use this one up.
pub(super) fn declines_end_in(order: &Order, now: Timestamp) -> Option<SignedDuration> {
    let counts = |t: &&Transaction| {
        t.by == Principal::ClientCredentials
            && now.duration_since(t.created_at) < DECLINES_COUNT_FOR
            && is_attempt(t)
    };
    let mut since: Vec<Timestamp> = order.transactions.iter().filter(counts).map(|t| t.created_at).collect();
    since.sort_unstable();
    let first = since.len().checked_sub(DECLINES_PER_ORDER_HOUR).and_then(|over| since.get(over))?;
    Some(DECLINES_COUNT_FOR - now.duration_since(*first))
}

/// The condition of every follow-up: a payment that took place, that counts, and on which nothing
/// else is under way.
pub(super) fn must_be_approved_and_idle(transaction: &Transaction) -> Result<(), Rejection> {
    match transaction.status() {
        TransactionStatus::Pending => Err(Rejection::OperationInProgress(transaction.id)),
        TransactionStatus::Failed => Err(Rejection::TransactionFailed),
        TransactionStatus::Voided => Err(Rejection::AlreadyCancelled),
        TransactionStatus::Done => Ok(()),
    }
}

/// A part of a payment with a fee: whether the amount that names it includes the fee's share is for
/// the merchant to say.
pub(super) fn must_be_whole_or_named(share: Option<FeeShare>) -> Result<(), Rejection> {
    if share.is_some_and(|share| !share.can_be_named()) { Err(Rejection::FeeBasisRequired) } else { Ok(()) }
}

/// A shop's manual gateway has captures of everything only, and no second payment for the rest.
pub(super) fn must_be_shown_in_parts(is_of_shop: bool, policy: &Policy) -> Result<(), Rejection> {
    if is_of_shop && policy.shop.partial_capture == PartialCapture::Refused {
        return Err(Rejection::NotRecordable);
    }
    Ok(())
}

/// A part of a capture is one that the order's shop can show. The schedule's was let in when it was
/// stated.
pub(super) fn must_be_whole_or_shown(
    transaction: &Transaction,
    amount: Amount,
    by: Principal,
    policy: &Policy,
) -> Result<(), Rejection> {
    let is_stated_part = amount < transaction.capturable() && by != Principal::Schedule;
    must_be_shown_in_parts(is_stated_part && transaction.is_of_shop(), policy)
}

/// The most that can be captured, if anything can.
pub(super) fn to_capture(order: &Order, transaction: &Transaction) -> Result<Amount, Rejection> {
    must_be_approved_and_idle(transaction)?;
    if transaction.is_of_shop() {
        order.must_not_be_cancelled()?;
    }
    if transaction.kind == PaymentKind::Purchase {
        return Err(Rejection::NotAnAuthorization);
    }
    let authorized = transaction.capturable();
    if authorized.is_zero() {
        return Err(Rejection::AlreadyCaptured);
    }
    Ok(authorized)
}

pub(super) fn may_capture(
    order: &Order,
    transaction: &Transaction,
    amount: Option<Amount>,
    policy: &Policy,
) -> Result<Amount, Rejection> {
    let authorized = to_capture(order, transaction)?;
    let amount = amount.unwrap_or(authorized);
    if amount.is_zero() {
        return Err(Rejection::AmountZero);
    }
    if amount > authorized {
        return Err(Rejection::ExceedsAuthorized(authorized));
    }
    must_be_whole_or_named(transaction.fee_share_of_capture(amount, policy))?;
    Ok(amount)
}

/// Whether money that an issuer took back would be given back, which has to be meant: both would
/// be a loss. Nothing of the kind holds a capture back, and a void of money only held gives none
/// back.
pub(super) fn would_be_lost_twice(transaction: &Transaction) -> bool {
    let is_disputed = transaction.has_open_dispute() || transaction.held_back_refund().is_some();
    is_disputed && !transaction.refundable().is_zero()
}

pub(super) fn must_not_be_disputed(transaction: &Transaction, intent: &Intent) -> Result<(), Rejection> {
    if would_be_lost_twice(transaction) && !intent.refund_disputed {
        return Err(Rejection::PaymentDisputed(transaction.id));
    }
    Ok(())
}

/// A person gives back no more of one order than they may, in however many parts. A void of
/// captured money gives it back, too; one of money only held does not.
pub(super) fn must_be_within_refund_max(
    order: &Order,
    transaction: &Transaction,
    amount: Amount,
    intent: &Intent,
) -> Result<(), Rejection> {
    if intent.refund_max == RefundMax::Unlimited || transaction.refundable().is_zero() {
        return Ok(());
    }
    let person = intent.attribution.as_ref().and_then(|told| told.person.as_deref());
    let given_back = given_back_by(order, person);
    let exceeded = intent.refund_max.exceeded_by(order.currency, Amount::sum([given_back, amount]));
    exceeded.map_or(Ok(()), |max| Err(Rejection::ExceedsRefundMax { max, given_back }))
}

/// The amount of an order that a person gave back, or may have.
pub(super) fn given_back_by(order: &Order, person: Option<&str>) -> Amount {
    let theirs = |of: &Operation| {
        let by = of.attribution.as_ref().and_then(|told| told.person.as_deref());
        by == person && (of.is(Stage::Approved) || of.pending().is_some())
    };
    let returns_money = |of: &Transaction, operation: &Operation| match operation.kind {
        Kind::Refund => true,
        Kind::Void => {
            of.kind == PaymentKind::Purchase
                || of.operations.iter().any(|other| other.kind == Kind::Capture && other.is(Stage::Approved))
        }
        Kind::Authorize | Kind::Purchase | Kind::Capture | Kind::Unrecognized => false,
    };
    let given_back = order
        .operations()
        .filter(|(of, one)| theirs(one) && returns_money(of, one))
        .map(|(_, one)| one.amount);
    Amount::sum(given_back)
}

/// The most that can be refunded, if anything can.
pub(super) fn to_refund(transaction: &Transaction) -> Result<Amount, Rejection> {
    if transaction.held_back_refund().is_none() || transaction.pending().is_some() {
        must_be_approved_and_idle(transaction)?;
        if transaction.captured().is_zero() {
            return Err(Rejection::NotCaptured);
        }
    }
    let refundable = transaction.refundable();
    if refundable.is_zero() {
        return Err(Rejection::AlreadyRefunded);
    }
    Ok(refundable)
}

pub(super) fn may_refund(
    transaction: &Transaction,
    amount: Option<Amount>,
    mechanism: Option<Mechanism>,
    policy: &Policy,
) -> Result<(Amount, Mechanism), Rejection> {
    let refundable = to_refund(transaction)?;
    let mechanism = match (mechanism, amount, policy.refund_without_amount) {
        (_, None, RefundWithoutAmount::Reject) => return Err(Rejection::RefundAmountRequired),
        (Some(mechanism), ..) => mechanism,
        (None, None, RefundWithoutAmount::Mark) => Mechanism::Manual,
        (None, ..) => Mechanism::Automatic,
    };
    let amount = amount.unwrap_or(refundable);
    if amount.is_zero() {
        return Err(Rejection::AmountZero);
    }
    if amount > refundable {
        return Err(Rejection::ExceedsRefundable(refundable));
    }
    if mechanism == Mechanism::Automatic {
        must_be_whole_or_named(transaction.fee_share_of_refund(amount, |_| true, policy))?;
    }
    Ok((amount, mechanism))
}

pub(super) fn may_void(transaction: &Transaction) -> Result<Amount, Rejection> {
    must_be_approved_and_idle(transaction)?;
    if !transaction.captured().is_zero() && transaction.refundable().is_zero() {
        return Err(Rejection::AlreadyRefunded);
    }
    if !transaction.refunded().is_zero() {
        return Err(Rejection::PartlyRefunded);
    }
    let captured = transaction.captured();
    Ok(if captured.is_zero() { transaction.amount() } else { captured })
}
