//! The conditions by which a list shows payments.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    journal::{Concern, concerns, entries},
    order::{Kind, Order, OrderId, PaymentWord, Transaction, TransactionStatus},
    values::{Brand, Currency, DeclineCode, SearchTerm},
};

/// A condition on a payment, going by its current state. A list shows the payments for which all
/// hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// When it is listed. The range of a list says the same; a payment in doubt has no range, and
    /// goes by its attempt.
    ListedAt(Is<Timestamp>),
    /// One of these statuses.
    Status(Vec<TransactionStatus>),
    /// One of these words.
    Word(Vec<PaymentWord>),
    /// Whether it was approved and no rule refused it, regardless of later operations: the payments
    /// that totals count as approved.
    Approved(bool),
    /// It has an operation of one of these kinds, with any outcome.
    Operation(Vec<Kind>),
    /// It, or something done to it, was declined with one of these codes.
    Decline(Vec<DeclineCode>),
    /// One of these currencies.
    Currency(Vec<Currency>),
    /// One of these brands.
    Brand(Vec<Brand>),
    /// The gateway's response to one of its operations has this approval code, in any case.
    ApprovalCode(String),
    /// The last four digits of its card.
    LastFour(String),
    /// The gateway's reference of the payment or of one of its refunds.
    Reference(String),
    /// It is found by this text of the merchant's or a customer's.
    Text(SearchTerm),
    /// This order has it.
    Order(OrderId),
    /// It is this one.
    Transaction(Uuid),
    /// The amount paid or held, in minor units.
    Amount(Is<u64>),
    /// The amount captured, in minor units.
    Captured(Is<u64>),
    /// The amount paid or held is at least this, in the currency's unit.
    AmountFrom(String),
    /// It is at most this.
    AmountTo(String),
    /// Either of both, in the currency's unit: `20`, `20.0` and `20.00` are the same dollars.
    AmountAsShown(String),
    /// It holds money that can be captured until such a moment, which is yet to come.
    AuthorizationExpiresAt(Is<Timestamp>),
    /// The schedule is to capture it at such a moment.
    NextCaptureAttempt(Is<Timestamp>),
    /// A person has to look at one of these concerns; at any concern, if none is named.
    NeedsAttention(Vec<Concern>),
}

impl Predicate {
    /// Whether it is found without reading all entries of the range, so that the range can be all
    /// times.
    pub fn has_index(&self) -> bool {
        match self {
            Self::LastFour(_)
            | Self::Reference(_)
            | Self::Text(_)
            | Self::Order(_)
            | Self::Transaction(_)
            | Self::AuthorizationExpiresAt(_) => true,
            Self::Word(all) => *all == [PaymentWord::Held],
            _ => false,
        }
    }

    /// Whether it holds of a payment now.
    pub(super) fn holds(&self, order: &Order, transaction: &Transaction, now: Timestamp) -> bool {
        match self {
            Self::ListedAt(_) => true,
            Self::Status(all) => all.contains(&transaction.status()),
            Self::Word(all) => all.contains(&transaction.word(now)),
            Self::Approved(is) => *is == (transaction.began() && !transaction.must_not_stand()),
            Self::Operation(all) => transaction.operations.iter().any(|own| all.contains(&own.kind)),
            Self::Decline(all) => entries(None, order).iter().any(|entry| {
                let code = entry.decline.filter(|_| entry.transaction == transaction.id);
                code.is_some_and(|code| all.contains(&code))
            }),
            Self::Currency(all) => all.contains(&order.currency),
            Self::Brand(all) => {
                let brand = transaction.card().and_then(|card| card.brand);
                brand.is_some_and(|brand| all.contains(&brand))
            }
            Self::ApprovalCode(code) => transaction.operations.iter().any(|own| {
                let stated = own.response().and_then(|response| response.authcode.as_ref());
                stated.is_some_and(|stated| stated.eq_ignore_ascii_case(code))
            }),
            Self::LastFour(digits) => {
                transaction.card().and_then(|card| card.last_four.as_ref()) == Some(digits)
            }
            Self::Reference(reference) => entries(None, order).iter().any(|entry| {
                entry.transaction == transaction.id && entry.reference.as_ref() == Some(reference)
            }),
            Self::Text(term) => transaction.search_terms().contains(term),
            Self::Order(id) => order.id == *id,
            Self::Transaction(id) => transaction.id == *id,
            Self::Amount(is) => is.holds(&transaction.amount().minor()),
            Self::Captured(is) => is.holds(&transaction.captured().minor()),
            // A text with more decimals than the currency is no amount.
            Self::AmountFrom(text) => {
                order.currency.parse_decimal(text).is_ok_and(|least| transaction.amount() >= least)
            }
            Self::AmountTo(text) => {
                order.currency.parse_decimal(text).is_ok_and(|most| transaction.amount() <= most)
            }
            Self::AmountAsShown(text) => {
                let amounts = [transaction.amount(), transaction.captured()];
                order.currency.parse_decimal(text).is_ok_and(|amount| amounts.contains(&amount))
            }
            Self::AuthorizationExpiresAt(is) => {
                !transaction.capturable().is_zero()
                    && transaction.lapsed_at.is_none()
                    && transaction.authorization_expires_at.is_some_and(|at| now < at && is.holds(&at))
            }
            Self::NextCaptureAttempt(is) => {
                order.next_capture_attempt(transaction).is_some_and(|at| is.holds(&at))
            }
            Self::NeedsAttention(all) => {
                let found = concerns(order, transaction, now);
                found.iter().any(|concern| all.is_empty() || all.contains(concern))
            }
        }
    }
}

/// How a number or a moment has to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is<T> {
    /// Equal to this number, or at this moment.
    Equal(T),
    /// A greater number, or a later moment.
    More(T),
    /// It is this or above.
    AtLeast(T),
    /// A smaller number, or an earlier moment.
    Less(T),
    /// It is this or below.
    AtMost(T),
    /// It is one of these.
    OneOf(Vec<T>),
}

impl<T: PartialOrd> Is<T> {
    /// Whether a value compares so.
    pub fn holds(&self, value: &T) -> bool {
        match self {
            Self::Equal(other) => value == other,
            Self::More(other) => value > other,
            Self::AtLeast(other) => value >= other,
            Self::Less(other) => value < other,
            Self::AtMost(other) => value <= other,
            Self::OneOf(others) => others.contains(value),
        }
    }
}

impl Is<Timestamp> {
    /// The first moment that can be so.
    pub(super) fn first(&self) -> Option<Timestamp> {
        match self {
            Self::Equal(at) | Self::More(at) | Self::AtLeast(at) => Some(*at),
            Self::OneOf(all) => all.iter().min().copied(),
            Self::Less(_) | Self::AtMost(_) => None,
        }
    }

    pub(super) fn last(&self) -> Option<Timestamp> {
        match self {
            Self::Equal(at) | Self::AtMost(at) => Some(*at),
            Self::Less(at) => Some(at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(*at)),
            Self::OneOf(all) => all.iter().max().copied(),
            Self::More(_) | Self::AtLeast(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::Fact,
        memory::{new_operation, payment},
        order::{
            CaptureSchedule, Cause, Decision, Decline, GatewayResponse, NoEffect, Operation, OperationState,
            OrderKey, PaymentKind, Superseded,
        },
        values::{Amount, Carried},
    };

    #[test]
    fn a_value_compares_as_it_is_to() {
        for (is, of_one_to_three) in [
            (Is::Equal(2), [false, true, false]),
            (Is::More(2), [false, false, true]),
            (Is::AtLeast(2), [false, true, true]),
            (Is::Less(2), [true, false, false]),
            (Is::AtMost(2), [true, true, false]),
            (Is::OneOf(vec![1, 3]), [true, false, true]),
        ] {
            assert_eq!([1, 2, 3].map(|value| is.holds(&value)), of_one_to_three, "{is:?}");
        }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    /// An order with an authorization that is to be captured after an hour and ends after ten.
    fn authorized() -> Order {
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, None, at(0));
        let mut operation = Operation::new(new_operation(Uuid::from_u128(1), Kind::Authorize, 500), at(0));
        let response = GatewayResponse { authcode: Some("PPS123".to_owned()), ..GatewayResponse::default() };
        operation.state = OperationState::Decided(Decision::Approved(response));
        let mut transaction = payment(PaymentKind::Authorize, operation);
        transaction.authorization_expires_at = Some(at(600));
        transaction.capture = Some(CaptureSchedule::new(at(60), None));
        let card = transaction.instrument.card_mut().unwrap();
        (card.brand, card.last_four) = (Some(Brand::Visa), Some("1111".to_owned()));
        order.transactions.push(transaction);
        order
    }

    #[test]
    fn an_approval_code_is_compared_as_a_whole_and_without_case() {
        let order = authorized();
        for (code, holds) in [("PPS123", true), ("pps123", true), ("PPS12", false)] {
            let predicate = Predicate::ApprovalCode(code.to_owned());
            assert_eq!(predicate.holds(&order, &order.transactions[0], at(1)), holds, "{code}");
        }
    }

    #[test]
    fn a_predicate_holds_of_what_it_names_and_of_nothing_else() {
        let order = authorized();
        let four = |digits: &str| Predicate::LastFour(digits.to_owned());
        let shown = |text: &str| Predicate::AmountAsShown(text.to_owned());
        let from = |text: &str| Predicate::AmountFrom(text.to_owned());
        let to = |text: &str| Predicate::AmountTo(text.to_owned());
        for (predicate, holds) in [
            (Predicate::ListedAt(Is::Equal(at(1))), true),
            (Predicate::Status(vec![TransactionStatus::Done]), true),
            (Predicate::Status(vec![TransactionStatus::Failed]), false),
            (Predicate::Word(vec![PaymentWord::Paid, PaymentWord::Held]), true),
            (Predicate::Word(vec![PaymentWord::Paid]), false),
            (Predicate::Approved(true), true),
            (Predicate::Approved(false), false),
            (Predicate::Operation(vec![Kind::Refund, Kind::Authorize]), true),
            (Predicate::Operation(vec![Kind::Capture]), false),
            (Predicate::Decline(vec![DeclineCode::InsufficientFunds]), false),
            (from("5"), true),
            (from("5.01"), false),
            (from("4.99"), true),
            (to("5.00"), true),
            (to("4.99"), false),
            (to("100"), true),
            // No amount in this currency.
            (from("1.001"), false),
            (to("100.000"), false),
            (Predicate::Currency(vec![Currency::USD]), true),
            (Predicate::Currency(vec![]), false),
            (Predicate::Brand(vec![Brand::Visa]), true),
            (Predicate::Brand(vec![Brand::Mastercard]), false),
            (four("1111"), true),
            (four("1112"), false),
            (Predicate::Amount(Is::Equal(500)), true),
            (Predicate::Amount(Is::Equal(0)), false),
            (Predicate::Captured(Is::Equal(0)), true),
            (Predicate::Captured(Is::Equal(500)), false),
            (shown("5.00"), true),
            (shown("0.00"), true),
            (shown("5"), true),
            (shown("5.0"), true),
            // Of another currency.
            (shown("5.000"), false),
            (shown("500"), false),
            (Predicate::AuthorizationExpiresAt(Is::Equal(at(600))), true),
            (Predicate::AuthorizationExpiresAt(Is::Less(at(600))), false),
            (Predicate::NextCaptureAttempt(Is::Equal(at(60))), true),
            (Predicate::NextCaptureAttempt(Is::More(at(60))), false),
            (Predicate::NeedsAttention(vec![]), false),
        ] {
            assert_eq!(predicate.holds(&order, &order.transactions[0], at(1)), holds, "{predicate:?}");
        }
        // An hour late.
        for (all, holds) in
            [(vec![], true), (vec![Concern::CaptureSkipped], true), (vec![Concern::InDoubt], false)]
        {
            let predicate = Predicate::NeedsAttention(all);
            assert_eq!(predicate.holds(&order, &order.transactions[0], at(120)), holds, "{predicate:?}");
        }
        // By then the authorization has lapsed, which does not change the payment.
        let lapsed = Predicate::Word(vec![PaymentWord::Lapsed]);
        let held_until = [599, 600].map(|minute| lapsed.holds(&order, &order.transactions[0], at(minute)));
        assert_eq!(held_until, [false, true]);
        // Nothing is held any more.
        let mut order = order;
        let mut capture = Operation::new(new_operation(Uuid::from_u128(2), Kind::Capture, 300), at(5));
        capture.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
        order.transactions[0].operations.push(capture);
        assert_eq!(order.transactions[0].captured(), Amount::new(300).unwrap());
        for (predicate, holds) in [
            (Predicate::AuthorizationExpiresAt(Is::Equal(at(600))), false),
            (Predicate::NextCaptureAttempt(Is::Equal(at(60))), false),
            (shown("3.00"), true),
        ] {
            assert_eq!(predicate.holds(&order, &order.transactions[0], at(6)), holds, "{predicate:?}");
        }
    }

    fn declined(id: u128, kind: Kind) -> Operation {
        let code = DeclineCode::InsufficientFunds;
        let decline = Decline::of(code);
        let decision = Decision::Declined(GatewayResponse::default(), decline);
        let operation = Operation::new(new_operation(Uuid::from_u128(id), kind, 500), at(0));
        Operation { state: OperationState::Decided(decision), ..operation }
    }

    /// A void for this reason, without an outcome yet.
    fn void(cause: Cause) -> Operation {
        Operation { cause, ..Operation::new(new_operation(Uuid::from_u128(3), Kind::Void, 500), at(0)) }
    }

    #[test]
    fn payments_are_listed_as_approved_if_and_only_if_totals_count_them_as_approved() {
        let approval = authorized().transactions[0].operations[0].clone();
        let pending = Operation::new(new_operation(Uuid::from_u128(1), Kind::Authorize, 500), at(0));
        let given_up = Superseded {
            attempt: pending.attempt.clone(),
            amount: pending.amount,
            decision: Some(Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived)),
            first_at: at(0),
            at: at(0),
            times: 1,
            carried: Carried::default(),
        };
        let found_late = Operation { superseded: vec![given_up], ..approval.clone() };
        for (operations, is_approved) in [
            (vec![approval.clone()], true),
            (vec![approval.clone(), void(Cause::Requested)], true),
            (vec![approval.clone(), declined(2, Kind::Capture)], true),
            (vec![found_late.clone()], true),
            (vec![found_late, void(Cause::LateApproval)], false),
            (vec![approval, void(Cause::CvvMismatch)], false),
            (vec![declined(1, Kind::Authorize)], false),
            (vec![pending], false),
        ] {
            let mut order = authorized();
            order.transactions[0].operations = operations;
            let found = entries(None, &order);
            let count = |fact| found.iter().filter(|entry| entry.fact == fact).count();
            let counted = count(Fact::Approved) - count(Fact::DeclinedByRule);
            assert_eq!(counted == 1, is_approved, "{found:?}");
            let listed =
                [true, false].map(|is| Predicate::Approved(is).holds(&order, &order.transactions[0], at(1)));
            assert_eq!(listed, [is_approved, !is_approved], "{found:?}");
        }
    }

    #[test]
    fn a_decline_is_found_by_its_code_whatever_was_declined() {
        let code = DeclineCode::InsufficientFunds;
        let (mut of_payment, mut of_capture, none) = (authorized(), authorized(), authorized());
        of_payment.transactions[0].operations = vec![declined(1, Kind::Authorize)];
        of_capture.transactions[0].operations.push(declined(2, Kind::Capture));
        let predicate = Predicate::Decline(vec![DeclineCode::ExpiredCard, code]);
        let found = [of_payment, of_capture, none]
            .map(|order| predicate.holds(&order, &order.transactions[0], at(1)));
        assert_eq!(found, [true, true, false]);
    }
}
