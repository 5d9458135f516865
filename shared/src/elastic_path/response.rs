//! Transactions and orders as Elastic Path shows them.
//!
//! Both generations of member names are written: `transaction-type` and `meta.created_at` for
//! clients of the seeds' time, `transaction_type` and `meta.timestamps` for today's.

pub(super) mod detailed_status;
pub(super) mod error;
pub(super) mod page;
pub(super) mod single;
pub(super) mod status;

use jiff::Timestamp;
use tollgate_core::{
    journal::{Fees, fees},
    order::{
        AtShop, Attribution, BatchState, ByHand, CaptureAt, CaptureMove, Cause, Decline, Dispute,
        GatewayResponse, Mechanism, NoEffect, Operation, OperationState, Order, Pause, Principal, Seen,
        Transaction, TransactionStatus,
    },
    payments::{GatewayInfo, Merchant, Unreadable},
    values::{Amount, CardSummary, Currency, DeclineCode, Memo, References, SchemeCode, SchemeWords},
};
use tollgate_wire::{self as wire, GatewayAnswer, OrNull, Price, Timestamps, constant};

use crate::{
    api::Failure,
    elastic_path::{
        request::capture_terms::rule_value,
        response::detailed_status::{detailed_status, reason},
        response::status::{order_status, status_word},
    },
};

/// The `gateway` of every transaction.
pub(super) const GATEWAY: &str = constant::CardConnect::VALUE;

/// Who a transaction is shown to, and when, and the gateway that it went through.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) principal: Principal,
    pub(super) now: Timestamp,
    pub(super) gateway: &'a dyn GatewayInfo,
}

impl View<'_> {
    fn is_merchants(self) -> bool {
        self.principal == Principal::ClientCredentials
    }
}

/// An item that cannot be read, in the place of its row.
pub(super) fn bad_row(bad: &Unreadable) -> wire::UnreadableItem {
    wire::UnreadableItem { kind: constant::UnreadableType, id: bad.key.clone() }
}

/// A transaction with its operations, as the caller may see it.
pub(super) fn transaction(order: &Order, transaction: &Transaction, view: View<'_>) -> wire::Transaction {
    let currency = order.currency;
    let first = transaction.first();
    let response = first.and_then(|first| first.response());
    let kind = transaction.last_done();
    let told = response.filter(|_| view.is_merchants());
    let letter = |pick: fn(&GatewayResponse) -> Option<&String>| told.and_then(pick).cloned();
    let next = order.next_actions(transaction, BatchState::Unknown, view.now);
    let fees = fees(transaction);
    wire::Transaction {
        id: transaction.id,
        kind: constant::TransactionType,
        reference: transaction.reference().unwrap_or_default().to_owned(),
        gateway: constant::CardConnect,
        amount: transaction.amount().into(),
        refunded_amount: transaction.refunded().into(),
        currency: currency.into(),
        older_transaction_type: kind.into(),
        transaction_type: kind.into(),
        status: status_word(transaction.status()).into(),
        payment_details: wire::PaymentDetails {
            detailed_status: detailed_status(transaction, view.now).into(),
            card: card_value(transaction.card()),
            authorization_code: letter(|response| response.authcode.as_ref()),
            avs_result: letter(|response| response.avs.as_ref()),
            cvv_result: letter(|response| response.cvv.as_ref()),
        },
        next_actions: next.into_iter().map(Into::into).collect(),
        relationships: wire::OfOrder { order: wire::Related::new(order.id.to_string()) },
        meta: meta(order, transaction, fees, view),
        livemode: wire::LiveMode(first.is_some_and(|first| view.gateway.is_live(&first.route))),
        // Where the SDK's types have them a second time.
        timestamps: Timestamps::new(transaction.created_at, transaction.updated_at),
        // A browser is shown the references that a storefront can state, and a capture's changes to
        // them.
        name: transaction.references.name.clone(),
        custom_reference: transaction.custom_reference().map(str::to_owned),
        for_merchant: view.is_merchants().then(|| merchant_references(transaction)),
        refund_mechanism: transaction.refund_mechanism().map(Into::into),
        failure_details: failure(transaction, view.principal),
        fee: fees.map(fees_value),
        payment_method: OrNull::Absent,
        client_parameters: None,
    }
}

fn meta(
    order: &Order,
    transaction: &Transaction,
    fees: Option<Fees>,
    view: View<'_>,
) -> wire::TransactionMeta {
    let price = |amount| Price::new(order.currency, amount);
    let expires = transaction.authorization_expires_at.filter(|_| !transaction.capturable().is_zero());
    wire::TransactionMeta {
        state: transaction.word(view.now).into(),
        display_price: price(transaction.amount()),
        display_captured_amount: price(transaction.captured()),
        display_refunded_amount: wire::RefundedTotal { total: price(transaction.refunded()) },
        created_at: transaction.created_at.into(),
        timestamps: Timestamps::new(transaction.created_at, transaction.updated_at),
        display_fee: fees.map(|fees| price(fees.amount)),
        display_total: fees.map(|fees| price(Amount::sum([transaction.amount(), fees.amount]))),
        authorization_expires_at: expires.map(Into::into),
        for_merchant: view.is_merchants().then(|| Box::new(merchant_meta(order, transaction, view.now))),
    }
}

fn merchant_references(transaction: &Transaction) -> wire::MerchantReferences {
    let References { description, metadata, .. } = &transaction.references;
    let metadata = Some(metadata.members().clone()).filter(|members| !members.is_empty());
    wire::MerchantReferences { description: description.clone(), metadata }
}

/// Past and future operations, which only the merchant sees.
fn merchant_meta(order: &Order, transaction: &Transaction, now: Timestamp) -> wire::MerchantMeta {
    let currency = order.currency;
    let left = transaction.left(now);
    let schedule = transaction.capture.filter(|_| transaction.capture_standing().is_some());
    let is_part = schedule.is_some_and(|schedule| schedule.amount.is_some());
    let is_disputed = !transaction.disputes.is_empty();
    wire::MerchantMeta {
        version: Some(wire::OrderVersion(order.version)),
        capturable: Price::new(currency, left.capturable),
        refundable: Price::new(currency, left.refundable),
        capture_at: schedule.map(|schedule| schedule.at.into()),
        capture_amount: transaction.scheduled_amount().filter(|_| is_part).map(Into::into),
        capture_failure: schedule.and_then(|_| capture_failure(order, transaction)),
        captures_paused: order.captures_paused().filter(|_| schedule.is_some()).map(paused),
        capture_moved: order.capture_moved(transaction.id).map(moved),
        continues: transaction.continues,
        continued_by: order.continuation_of(transaction.id).map(|rest| rest.id),
        operations: transaction.operations.iter().map(|one| operation(currency, one)).collect(),
        memo: transaction.memo.as_deref().map(memo_value),
        elastic_path: order.at_shop(transaction).map(at_elastic_path),
        disputed: is_disputed.then(|| wire::SignedPrice::new(currency, transaction.disputed())),
        disputes: is_disputed.then(|| transaction.standing_disputes().map(dispute).collect()),
        possible: None,
        needs_attention: None,
        seen: Some(transaction.seen.iter().map(seen).collect::<Vec<_>>()).filter(|all| !all.is_empty()),
        receipt: None,
        money: None,
        merchant: None,
        listed_at: None,
    }
}

fn at_elastic_path(at_shop: AtShop<'_>) -> wire::AtElasticPath {
    wire::AtElasticPath {
        state: at_shop.state.into(),
        reason: at_shop.difference.map(Into::into),
        recorded: at_shop.step.map(Into::into),
        refunded: Some(at_shop.refunded).filter(|refunded| !refunded.is_zero()).map(Into::into),
        transaction: at_shop.id.map(str::to_owned),
        again: at_shop.can_be_told_again,
    }
}

/// A chargeback or its reversal, in the words of the processor.
fn dispute(dispute: &Dispute) -> wire::Dispute {
    wire::Dispute {
        kind: dispute.kind.into(),
        id: dispute.line.stated().map(str::to_owned),
        case: dispute.case.clone(),
        number: dispute.number.clone(),
        amount: dispute.amount.into(),
        day: dispute.day,
        reason_code: dispute.reason_code.clone(),
        reason: dispute.reason.clone(),
        acquirer_reference: dispute.acquirer_reference.clone(),
        deposit: dispute.deposit.clone(),
        changed_on: dispute.changed_on,
    }
}

/// Fees charged beside the amounts. No amount contains them.
fn fees_value(fees: Fees) -> wire::TransactionFee {
    wire::TransactionFee {
        kind: fees.kind.into(),
        amount: fees.amount.into(),
        captured_amount: fees.captured.into(),
        refunded_amount: fees.refunded.into(),
    }
}

/// The card as far as it is stored.
pub(super) fn card_value(card: Option<&CardSummary>) -> wire::Card {
    let expiry = card.and_then(|card| card.expiry);
    wire::Card {
        brand: card.and_then(|card| card.brand).map(|brand| brand.name().to_owned()),
        last_four: card.and_then(|card| card.last_four.clone()),
        expiry_month: expiry.map(|expiry| expiry.month().into()),
        expiry_year: expiry.map(|expiry| expiry.year().into()),
    }
}

/// The stated texts about the payment, without missing ones.
fn memo_value(memo: &Memo) -> wire::Memo {
    wire::Memo {
        reference: memo.reference.clone(),
        email: memo.email.clone(),
        name: memo.name.clone(),
        deal_type: memo.deal_type.clone(),
        deal_stage: memo.deal_stage.clone(),
        marketing: memo.marketing.clone(),
        revenue_partner: memo.revenue_partner.clone(),
        authorizer: memo.authorizer.clone(),
        discount: memo.discount.as_ref().map(|discount| wire::MemoDiscount {
            code: discount.code.clone(),
            product: discount.product.clone(),
            amount: discount.amount.into(),
        }),
        save_card: memo.save_card.then_some(true),
    }
}

/// An order. The merchant tells whether an order without payments is live; where that is not known,
/// no member says so.
pub(super) fn order(order: &Order, merchant: Option<&Merchant>, gateway: &dyn GatewayInfo) -> wire::Order {
    let first = order.transactions.first().and_then(Transaction::first);
    let live = first.map(|first| gateway.is_live(&first.route));
    let live = live.or_else(|| merchant.map(|merchant| gateway.is_live(&merchant.gateway.any_route())));
    let resumed = order.pauses.last().and_then(|pause| pause.resumed.as_ref());
    let identifier = |of: &Transaction| wire::Identifier { kind: constant::TransactionType, id: of.id };
    let (capture_at, capture) = match &order.capture {
        None | Some(CaptureAt::Unrecognized) => (OrNull::Absent, None),
        Some(CaptureAt::Never) => (OrNull::Null, None),
        Some(CaptureAt::At(at)) => (OrNull::Value((*at).into()), None),
        Some(CaptureAt::After(rule)) => (OrNull::Absent, Some(rule_value(rule))),
    };
    wire::Order {
        id: order.id.to_string(),
        kind: constant::OrderType,
        status: order_status(order.payment()).into(),
        payment: order.payment().into(),
        amount: order.total.map(Into::into),
        currency: order.currency.into(),
        meta: wire::OrderMeta {
            display_price: order_prices(order),
            version: Some(wire::OrderVersion(order.version)),
            timestamps: Timestamps::new(order.created_at, order.updated_at),
            captures_paused: order.captures_paused().map(paused),
            captures_resumed: resumed.map(|resumed| switched(resumed.at, resumed.by.as_deref())),
            foreign_payments: order.foreign.map(|found| wire::ForeignPayments {
                count: found.count,
                since: found.since.into(),
                latest: found.latest.into(),
            }),
            needs_attention: None,
            listed_at: None,
        },
        relationships: wire::OrderRelationships {
            transactions: wire::TransactionLinks {
                data: order.transactions.iter().map(identifier).collect(),
            },
            items: wire::NoItems::default(),
        },
        links: wire::NoMembers::default(),
        shipping: constant::Unfulfilled,
        anonymized: constant::False,
        // Without an e-mail address: a client that validates it rejects an empty one.
        customer: wire::NoCustomer::default(),
        shipping_address: wire::NoAddress {
            phone_number: Some(constant::Empty),
            instructions: Some(constant::Empty),
            ..wire::NoAddress::default()
        },
        billing_address: wire::NoAddress::default(),
        livemode: live.map(wire::LiveMode),
        capture_at,
        capture,
    }
}

fn order_prices(order: &Order) -> wire::OrderPrices {
    let price = |amount| Price::new(order.currency, amount);
    let balance = order.balance();
    // Both are of registered orders.
    let owing = order.total.and(order.owing());
    let total = order.total.filter(|_| owing.is_some());
    wire::OrderPrices {
        authorized: price(balance.authorized),
        paid: price(balance.paid),
        refunded: price(balance.returned),
        with_tax: total.map(price),
        balance_owing: owing.map(price),
        without_tax: total.map(price),
        tax: price(Amount::ZERO),
        discount: price(Amount::ZERO),
        shipping: price(Amount::ZERO),
    }
}

/// A pause that lasts.
fn paused(pause: &Pause) -> wire::CaptureSwitch {
    switched(pause.at, pause.by.as_deref())
}

fn moved(moved: &CaptureMove) -> wire::CaptureSwitch {
    switched(moved.at, moved.by.as_deref())
}

/// When scheduled captures were paused, resumed or moved, by whom and why.
fn switched(at: Timestamp, by: Option<&Attribution>) -> wire::CaptureSwitch {
    wire::CaptureSwitch { by: by.map(who_and_why).unwrap_or_default(), at: at.into() }
}

/// The error of an operation that was refused.
pub(super) fn declined(
    order: &Order,
    transaction: &Transaction,
    operation: &Operation,
    decline: Decline,
    view: View<'_>,
) -> Failure {
    let mut failure = Failure::declined(told(decline, view.principal));
    let is_merchant = view.principal == Principal::ClientCredentials;
    let facts = &mut failure.facts;
    facts.retry_at = operation.retry_at().filter(|_| is_merchant);
    facts.transaction_id = Some(transaction.id);
    facts.order_id = Some(order.id.to_string());
    // The letters would tell a person who tries out cards how close the attempt was.
    if is_merchant {
        facts.error = Some(gateway_answer(operation.response()));
        if let Some(payment) = transaction.first().and_then(|first| first.response()) {
            facts.avs_result = payment.avs.clone().into();
            facts.cvv_result = payment.cvv.clone().into();
        }
    }
    failure
}

/// The gateway's own words, of which there are none without a response.
fn gateway_answer(response: Option<&GatewayResponse>) -> GatewayAnswer {
    response.map_or_else(GatewayAnswer::default, |response| GatewayAnswer {
        respproc: response.processor.clone(),
        respcode: response.code.clone(),
        resptext: response.text.clone(),
        retref: response.reference.clone(),
        respstat: OrNull::Absent,
    })
}

fn operation(currency: Currency, operation: &Operation) -> wire::Operation {
    // The gateway knows nothing of operations that were only recorded.
    let is_sent = operation.mechanism == Mechanism::Automatic;
    let response = operation.response();
    let outcome = has_outcome(operation).then(|| {
        let status = response.and_then(|response| response.status.clone());
        GatewayAnswer { respstat: status.into(), ..gateway_answer(response) }
    });
    let answered = response.filter(|_| outcome.is_some());
    let fee = answered.and_then(|response| response.charged.as_ref()?.fee);
    let is_rejected = answered.is_some_and(|response| response.settlement_rejected);
    let decline = operation.decline();
    wire::Operation {
        id: operation.id,
        kind: operation.kind.into(),
        amount: operation.amount.into(),
        formatted: currency.format(operation.amount),
        state: operation.stage().into(),
        mechanism: operation.mechanism.into(),
        attempts: operation.attempt.number,
        asked_by: operation.by.into(),
        timestamps: Timestamps::new(operation.created_at, operation.updated_at),
        reason: reason(operation.cause).map(Into::into),
        request: operation.attribution.as_deref().map(who_and_why),
        merchid: is_sent.then(|| operation.route.account.clone()),
        gateway_order_id: is_sent.then(|| operation.attempt.gateway_order_id.clone()),
        gateway: outcome,
        fee: fee.map(Into::into),
        settlement: is_rejected.then_some(wire::SettlementOfOperation::Rejected.into()),
        decline_code: decline.map(|decline| decline.code.as_str().to_owned()),
        advice: decline.map(|decline| decline.advice().into()),
        scope: decline.and_then(|decline| decline.rule?.class.scope()).map(Into::into),
        retry_at: operation.retry_at().map(Into::into),
        scheme: response.and_then(|response| response.scheme.as_deref()).map(scheme_words),
        decided: Some(operation.by_hand.iter().map(decision).collect::<Vec<_>>())
            .filter(|all| !all.is_empty()),
    }
}

/// The card scheme's words about a decline.
pub fn scheme_words(words: &SchemeWords) -> wire::SchemeWords {
    let code = |stated: &Option<SchemeCode>| stated.as_ref().map(|stated| stated.code.clone());
    let text = |stated: &Option<SchemeCode>| stated.as_ref().and_then(|stated| stated.text.clone());
    wire::SchemeWords {
        advice_code: code(&words.advice),
        advice_text: text(&words.advice),
        response_code: code(&words.response),
        response_text: text(&words.response),
        category: code(&words.category),
    }
}

fn decision(decided: &ByHand) -> wire::HandDecision {
    wire::HandDecision {
        outcome: decided.verdict.into(),
        by: decided.by.clone(),
        person: decided.person.clone(),
        reason: decided.reason.clone(),
        at: decided.at.into(),
    }
}

fn seen(seen: &Seen) -> wire::SeenAttention {
    let by = seen.by.as_deref().map(who_and_why).unwrap_or_default();
    wire::SeenAttention { code: seen.concern.into(), by, at: seen.at.into() }
}

/// The requester and the reason, as far as stated.
pub(super) fn who_and_why(told: &Attribution) -> wire::Attribution {
    let text = |text: &Option<_>| text.as_ref().map(ToString::to_string);
    wire::Attribution {
        key_name: text(&told.key_name),
        person: text(&told.person),
        proposed_by: text(&told.proposed_by),
        actor: text(&told.actor),
        reason: text(&told.reason),
    }
}

/// Whether the gateway was called and the call has an outcome, if only that no response came.
fn has_outcome(operation: &Operation) -> bool {
    operation.mechanism == Mechanism::Automatic
        && match &operation.state {
            OperationState::Pending(pending) => pending.doubt.is_some() || !pending.response.is_empty(),
            OperationState::Decided(_) => true,
            OperationState::WaitsForDispute { .. } | OperationState::Unrecognized => false,
        }
}

/// Why the last attempt of a scheduled capture failed, and when the next one is made.
fn capture_failure(order: &Order, transaction: &Transaction) -> Option<wire::CaptureFailure> {
    let attempt = transaction.scheduled_capture()?;
    let (code, reason) = match (attempt.decline(), attempt.no_effect()) {
        (Some(decline), _) => (decline.code.as_str(), decline.code.message().to_owned()),
        (None, Some(reason)) => {
            let failure = Failure::from(reason);
            (failure.code().as_str(), failure.words().to_owned())
        }
        (None, None) => return None,
    };
    Some(wire::CaptureFailure {
        code: code.to_owned(),
        reason,
        at: attempt.updated_at.into(),
        attempts: attempt.attempt.number,
        next_attempt_at: order.next_capture_attempt(transaction).map(Into::into),
    })
}

/// A decline as shown. A person who tries out cards in a browser must not learn that a card is
/// reported as stolen, nor what a scheme advises the merchant.
fn told(decline: Decline, principal: Principal) -> Decline {
    if principal == Principal::ClientCredentials {
        return decline;
    }
    if decline.code.is_for_the_merchant_only() {
        return Decline::of(DeclineCode::GenericDecline);
    }
    decline.for_payer()
}

fn failure(transaction: &Transaction, principal: Principal) -> Option<wire::FailureDetails> {
    if transaction.status() != TransactionStatus::Failed {
        return None;
    }
    let voided_elsewhere =
        transaction.first().and_then(Operation::no_effect) == Some(NoEffect::VoidedElsewhere);
    let late = transaction.voided().is_some_and(|void| void.cause == Cause::LateApproval);
    let (code, reason) = match transaction.decline().map(|decline| told(decline, principal)) {
        _ if late => (
            "late_approval",
            "The payment arrived after it was given up, and the order had no room for it; it was voided.",
        ),
        Some(decline) => (decline.code.as_str(), decline.code.message()),
        None if voided_elsewhere => {
            ("voided_elsewhere", "The payment was voided at the gateway, by somebody else.")
        }
        None => ("not_processed", "The gateway did not take the payment; nothing was done."),
    };
    Some(wire::FailureDetails { code: code.to_owned(), reason: reason.to_owned() })
}
