//! Stored cards: `/v2/payment-methods`. For merchants' tokens only: a shopper's browser that could
//! list or store cards under any reference would reach those of other shoppers.

use lambda_http::{Request, RequestExt};
use tollgate_core::{
    order::{
        CustomerReference, Essentials, Fingerprint, InvalidId, Kind, Operation, Order, Rejection, Stage,
        Transaction,
    },
    payments::{Card, PaymentSource, Role},
    people::Audited,
    stored_cards::{
        Customer, CustomerKey, MethodChanged, MethodId, MethodRefusal, MethodRejection, MethodState,
        NewMethod, OnceGone, PaymentMethod, PaymentMethods,
    },
    values::{Amount, CardAccount, CardSummary, Clock, Currency, Expiry},
};
use tollgate_wire::{
    self as wire, PaymentMethodStatus, Several, Single, Timestamps,
    constant::{CardConnect, PaymentMethodType},
};

use crate::{
    api::{Attempt, Caller, Code, Failure, Handled, Members, Problem, Reply, json_body, must_not_be_stopped},
    elastic_path::{
        caller::idempotency_key,
        request::members::account_currency,
        request::source::{Named, expiry, source},
        request::{Parameters, TEXT_MAX},
        response::{GATEWAY, card_value},
    },
    invocation::{deadline, path_parameter},
    ports::StoredCards,
};

/// The member and the parameter with the merchant's reference of its customer.
pub(super) const CUSTOMER: &str = "customer";

/// When to come back for an outcome that is not known: an inquiry is sent 30 s after the request.
const PENDING_RETRY_S: u32 = 30;

handlers! {
    /// `POST /v2/payment-methods`: verifies a card and stores it. 201, or 200 when it was stored
    /// before.
    create_payment_method(StoredCards) => create();
    /// `GET /v2/payment-methods?customer=…`: the stored cards of one customer.
    list_payment_methods(StoredCards) => list();
    /// `GET /v2/payment-methods/{paymentMethodId}`: one stored card.
    get_payment_method(StoredCards) => read();
    /// `PUT` and `PATCH /v2/payment-methods/{paymentMethodId}`: another expiry date, the default,
    /// or both.
    update_payment_method(StoredCards) => update();
    /// `DELETE /v2/payment-methods/{paymentMethodId}`: at the gateway, too. It can be repeated.
    delete_payment_method(StoredCards) => delete();
}

/// A card to be stored, as its request states it.
struct RequestedCard {
    customer: CustomerReference,
    card: Card,
    summary: CardSummary,
    is_default: bool,
    currency: Currency,
}

impl RequestedCard {
    fn read(clock: &dyn Clock, caller: &Caller, mut data: Members<'_>) -> Result<Self, Failure> {
        data.word("type", TEXT_MAX, &[("payment-method", ())], "must be payment-method");
        if data.text("gateway", TEXT_MAX).is_some_and(|text| text != GATEWAY) {
            data.problem("gateway", Code::UnsupportedGateway, "must be card_connect");
        }
        let customer = customer(&mut data);
        let is_default = data.flag("default").unwrap_or_default();
        let stated = data.currency("currency");
        let currency = account_currency(&mut data, stated, &caller.merchant);
        let source = source(&mut data, clock);
        if source.as_ref().is_some_and(Named::is_stored) {
            let detail = "is a stored card already; send a CardSecure token, or the card's members";
            data.invalid("payment", detail);
        }
        data.finish()?;
        match (customer, source, currency) {
            (Some(customer), Some(Named::Source(PaymentSource::Card(card), summary)), Some(currency)) => {
                Ok(Self { customer, card: *card, summary, is_default, currency })
            }
            _ => Err(Failure::unreadable()),
        }
    }
}

/// The merchant's reference of its customer.
pub(super) fn customer(data: &mut Members<'_>) -> Option<CustomerReference> {
    let customer = data.required_text(CUSTOMER, TEXT_MAX).map(str::parse);
    data.checked(CUSTOMER, customer)
}

async fn create(cards: &StoredCards, request: &Request) -> Handled<Single<wire::PaymentMethod>> {
    let caller = Caller::merchant(&cards.access, request, Role::Pay).await?;
    caller.must_be_a_system()?;
    must_not_be_stopped(cards.switch.as_ref(), &caller.merchant.id).await?;
    let document = json_body(request)?;
    let wanted =
        RequestedCard::read(cards.access.clock.as_ref(), &caller, Members::of(&document).inside("data")?)?;
    let RequestedCard { customer, card, summary, is_default, currency } = wanted;
    let route = caller
        .merchant
        .route(currency)
        .map_err(|limit| Rejection::CurrencyNotSupported { currency, limit })?;
    // A key counts for its customer only.
    let scope = CustomerKey::new(&caller.merchant.id, &customer).to_string();
    let new = NewMethod {
        id: cards.access.clock.new_id(),
        key: idempotency_key(request, &document, &scope)?,
        fingerprint: fingerprint(&summary, currency),
        route,
        token: match &card.account {
            token @ CardAccount::Token(_) => Some(token.expose().to_owned()),
            CardAccount::Number(_) => None,
        },
        card: summary,
    };
    let deadline = deadline(request, cards.access.now());
    let mut attempt = Attempt::of(cards.attempts.as_ref(), &cards.access, request, &caller, None)?;
    attempt.begin().await?;
    let changed = cards.methods.add(&caller.merchant, &customer, &new, card, deadline).await;
    attempt.end_verification(&changed).await;
    let mut changed = changed?;
    let id = method_id(&changed.customer, changed.method);
    let is_stored = changed.method().is_some_and(|method| method.state == MethodState::Stored);
    if is_default && is_stored && changed.customer.default != Some(changed.method) {
        changed.customer = cards.methods.make_default(&caller.merchant, id).await?;
    }
    reply(&changed)
}

/// The parts that make two requests equal: the card as far as it may be kept, and the account that
/// stores it.
pub(super) fn fingerprint(card: &CardSummary, currency: Currency) -> Fingerprint {
    // Of no other request for a card: a payment is of more than nothing.
    let (amount, currency) = (Some(Amount::ZERO), Some(currency));
    Fingerprint::new(&Essentials { amount, currency, card: Some(card), ..Essentials::new(Kind::Authorize) })
}

/// Notes the card that an approved payment was to store, and adds its id to the response. Where
/// noting fails the payment remains, and `payment_method` is null: the same request, or a
/// confirmation of the payment, notes it.
pub(super) async fn keep_saved(
    methods: &PaymentMethods,
    caller: &Caller,
    order: &Order,
    transaction: &Transaction,
    shown: &mut wire::Transaction,
) {
    let Some(Ok(customer)) = transaction.save_for.as_deref().map(str::parse) else { return };
    let kept = keep(methods, caller, &customer, order, transaction).await;
    shown.payment_method = kept.map(|id| id.to_string()).into();
}

async fn keep(
    methods: &PaymentMethods,
    caller: &Caller,
    customer: &CustomerReference,
    order: &Order,
    transaction: &Transaction,
) -> Option<MethodId> {
    // A payment that a rule declines is voided, and its card is not kept as a payment method.
    let stands = |first: &&Operation| first.is(Stage::Approved) && !transaction.must_not_stand();
    let operation = transaction.first().filter(stands)?;
    let card = transaction.card().filter(|card| card.stored.is_some())?;
    let new = NewMethod {
        id: transaction.id,
        key: None,
        fingerprint: fingerprint(card, order.currency),
        route: operation.route.clone(),
        card: card.clone(),
        token: None,
    };
    match methods.keep(&caller.merchant, customer, &new).await {
        Ok(method) => {
            let customer = CustomerKey::new(&caller.merchant.id, customer).digest;
            Some(MethodId { customer, method })
        }
        Err(error) => {
            tracing::error!(merchant = %caller.merchant.id, transaction = %transaction.id, %error, "a card that a payment stored is not noted");
            None
        }
    }
}

/// The response that a card's state deserves, whether it was stored now or earlier.
fn reply(changed: &MethodChanged) -> Handled<Single<wire::PaymentMethod>> {
    let method = changed.method().ok_or(MethodRefusal::Rejected(MethodRejection::NotFound))?;
    let status = match method.state {
        MethodState::Pending { .. }
        | MethodState::Deleting(OnceGone::Deleted)
        | MethodState::Unrecognized => 202,
        MethodState::Stored if changed.replayed => 200,
        MethodState::Stored => 201,
        // The card is declined, whether removed yet or not.
        MethodState::Declined(decline) | MethodState::Deleting(OnceGone::Declined(decline)) => {
            return Err(Failure::declined(decline).replayed(changed.replayed));
        }
        MethodState::NotStored(reason) | MethodState::Deleting(OnceGone::NotStored(reason)) => {
            return Err(reason.into());
        }
        // The key was used for a card that was deleted since.
        MethodState::Deleted => return Err(MethodRefusal::Rejected(MethodRejection::NotFound).into()),
    };
    let body = Single { data: payment_method(&changed.customer, method) };
    let retry_after_s = (status == 202).then_some(PENDING_RETRY_S);
    Ok(Reply { replayed: changed.replayed, retry_after_s, ..Reply::new(status, body) })
}

/// The caller that looks at stored cards or deletes them: a key with this role, or a person with
/// the role `operate`, who is recorded.
async fn looking(cards: &StoredCards, request: &Request, role: Role) -> Result<Caller, Failure> {
    let caller = Caller::merchant(&cards.access, request, role).await?;
    if caller.person().is_some() {
        caller.must_have(Role::Operate)?;
    }
    caller.on_record(&cards.access, request, |call| Audited::Acted { call }).await?;
    Ok(caller)
}

async fn list(cards: &StoredCards, request: &Request) -> Handled<Several<wire::PaymentMethod>> {
    let caller = looking(cards, request, Role::Read).await?;
    let reference = stated_customer(request)?.ok_or_else(|| Problem::required("customer"))?;
    let deadline = deadline(request, cards.access.now());
    let customer = cards.methods.list(&caller.merchant, &reference, deadline).await?;
    let listed = customer.iter().flat_map(|customer| {
        let shown = customer.methods.iter().filter(|method| method.is_listed());
        shown.map(|method| payment_method(customer, method))
    });
    Ok(Reply::new(200, Several { data: listed.collect() }))
}

async fn read(cards: &StoredCards, request: &Request) -> Handled<Single<wire::PaymentMethod>> {
    let caller = looking(cards, request, Role::Read).await?;
    let deadline = deadline(request, cards.access.now());
    let changed = cards.methods.read(&caller.merchant, path_id(request, &caller)?, deadline).await?;
    let method = changed.method().ok_or(MethodRefusal::Rejected(MethodRejection::NotFound))?;
    Ok(Reply::new(200, Single { data: payment_method(&changed.customer, method) }))
}

async fn update(cards: &StoredCards, request: &Request) -> Handled<Single<wire::PaymentMethod>> {
    let caller = Caller::merchant(&cards.access, request, Role::Pay).await?;
    caller.must_be_a_system()?;
    let id = path_id(request, &caller)?;
    let document = json_body(request)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["type", "default", "month", "year"]);
    let default = data.flag("default");
    let has_expiry = !data.is_null("month") || !data.is_null("year");
    let expiry: Option<Expiry> =
        if has_expiry { expiry(&mut data, cards.access.clock.as_ref()) } else { None };
    if default == Some(false) {
        data.invalid("default", "must be true: another card is made the default instead");
    }
    data.finish()?;
    let deadline = deadline(request, cards.access.now());
    let mut changed = None;
    if let Some(expiry) = expiry {
        changed = Some(cards.methods.set_expiry(&caller.merchant, id, expiry, deadline).await?);
    }
    if default == Some(true) {
        changed = Some(cards.methods.make_default(&caller.merchant, id).await?);
    }
    let Some(customer) = changed else {
        let detail = "there is nothing to change: send month and year, default, or all of them";
        return Err(Problem::about("data", Code::Required, detail).into());
    };
    let method = customer.listed(id.method).map_err(MethodRefusal::Rejected)?;
    let status = if method.new_expiry.is_some() { 202 } else { 200 };
    let retry_after_s = (status == 202).then_some(PENDING_RETRY_S);
    let body = Single { data: payment_method(&customer, method) };
    Ok(Reply { retry_after_s, ..Reply::new(status, body) })
}

async fn delete(cards: &StoredCards, request: &Request) -> Handled<Single<wire::GonePaymentMethod>> {
    let caller = looking(cards, request, Role::Pay).await?;
    let id = path_id(request, &caller)?;
    let deadline = deadline(request, cards.access.now());
    let gone = |status: PaymentMethodStatus| Single {
        data: wire::GonePaymentMethod { kind: PaymentMethodType, id: id.to_string(), status: status.into() },
    };
    if cards.methods.delete(&caller.merchant, id, deadline).await? {
        return Ok(Reply::new(200, gone(PaymentMethodStatus::Deleted)));
    }
    let reply = Reply::new(202, gone(PaymentMethodStatus::Deleting));
    Ok(Reply { retry_after_s: Some(PENDING_RETRY_S), ..reply })
}

/// The card in the path. `NotFound` for a text that is not our kind of id, and for a card of
/// another customer than the one that the request states.
fn path_id(request: &Request, caller: &Caller) -> Result<MethodId, Failure> {
    let customer = stated_customer(request)?;
    let id = path_parameter(request, "paymentMethodId").parse().map_err(|_| MethodRejection::NotFound);
    let id = id.and_then(|id: MethodId| match &customer {
        Some(customer) => id.of(&caller.merchant.id, customer),
        None => Ok(id),
    });
    id.map_err(|rejection| MethodRefusal::Rejected(rejection).into())
}

/// `?customer=`: whose cards the request is about.
fn stated_customer(request: &Request) -> Result<Option<CustomerReference>, Failure> {
    Parameters::of(request, &[CUSTOMER]).finish()?;
    let parameters = request.query_string_parameters();
    let Some(text) = parameters.first(CUSTOMER) else { return Ok(None) };
    let parsed = text.parse().map_err(|why: InvalidId| Problem::invalid(CUSTOMER, why.to_string()));
    parsed.map(Some).map_err(Failure::from)
}

fn method_id(customer: &Customer, method: uuid::Uuid) -> MethodId {
    MethodId { customer: customer.key.digest, method }
}

/// A payment method as it is shown. `payment` pays orders, and is there once the card is stored.
fn payment_method(customer: &Customer, method: &PaymentMethod) -> wire::PaymentMethod {
    let status = match method.state {
        MethodState::Stored => PaymentMethodStatus::Stored,
        MethodState::Deleting(OnceGone::Deleted) => PaymentMethodStatus::Deleting,
        MethodState::Deleted => PaymentMethodStatus::Deleted,
        MethodState::Deleting(_) | MethodState::Declined(_) | MethodState::NotStored(_) => {
            PaymentMethodStatus::NotStored
        }
        MethodState::Pending { .. } | MethodState::Unrecognized => PaymentMethodStatus::Pending,
    };
    wire::PaymentMethod {
        id: method_id(customer, method.id).to_string(),
        kind: PaymentMethodType,
        gateway: CardConnect,
        customer: customer.reference.to_string(),
        status: status.into(),
        default: customer.default_method() == Some(method.id),
        payment: method.stored().map(|stored| format!("{}|{}", stored.account, stored.profile)),
        card: wire::StoredCard {
            card: card_value(Some(&method.card)),
            // Sent to the gateway, whose response was lost: repeating the request settles it.
            new_expiry_month: method.new_expiry.map(|expiry| expiry.month().into()),
            new_expiry_year: method.new_expiry.map(|expiry| expiry.year().into()),
        },
        meta: wire::PaymentMethodMeta { timestamps: Timestamps::new(method.created_at, method.updated_at) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_is_stored_is_the_same_request_as_no_payment_with_it() {
        let card = CardSummary { last_four: Some("1111".to_owned()), ..CardSummary::default() };
        let stored = fingerprint(&card, Currency::USD);
        assert_eq!(stored, fingerprint(&card, Currency::USD));
        assert_ne!(stored, fingerprint(&CardSummary::default(), Currency::USD));
        let (currency, card) = (Some(Currency::USD), Some(&card));
        // Without an amount, a payment is of all that is owing.
        for amount in [None, Some(Amount::new(1).unwrap())] {
            let payment = Essentials { amount, currency, card, ..Essentials::new(Kind::Authorize) };
            assert_ne!(stored, Fingerprint::new(&payment), "{amount:?}");
        }
    }
}
