//! `POST …/payments` and its method routes: pay by token and by card.

use lambda_http::{Request, http::HeaderMap};
use tollgate_core::{
    order::{
        CustomerReference, Essentials, FollowUp, Initiative, OrdersMode, Pay, PaymentKind, Principal, Shopper,
    },
    payments::{Card, Initiator, PaymentSource, Role},
    stored_cards::{MethodRefusal, MethodRejection},
    values::{CardSummary, Clock, Currency, StoredCard},
};
use tollgate_wire::{ClientParameters, Single, Transaction};

use crate::{
    access_token,
    api::{
        Attempt, Caller, Code, Document, Failure, Handled, IGNORE_SCHEME_ADVICE, Members, Problem, Stated,
        json_body, must_not_be_stopped,
    },
    elastic_path::{
        caller::idempotency_key,
        payment_methods::{CUSTOMER, customer, keep_saved},
        payments::follow_up::{self, OnOrder},
        request::members::{account_currency, ignores_scheme_advice},
        request::references::references,
        request::source::{Named, source},
        request::{TEXT_MAX, capture_terms},
        response::GATEWAY,
    },
    ports::Checkout,
};

handlers! {
    /// `POST …/payments`: the method is in the body.
    pay(Checkout) => paid(None);
    /// `POST …/payments/authorize`: holds an amount.
    authorize(Checkout) => paid(Some(PaymentKind::Authorize));
    /// `POST …/payments/purchase`: holds an amount and captures it at once.
    purchase(Checkout) => paid(Some(PaymentKind::Purchase));
}

/// The operation that the `method` of a body requests.
enum RequestedMethod {
    Pay(PaymentKind),
    FollowUp(FollowUp),
}

async fn paid(
    checkout: &Checkout,
    request: &Request,
    route: Option<PaymentKind>,
) -> Handled<Single<Transaction>> {
    let caller = Caller::with_token(&checkout.api.access, request).await?;
    caller.must_have(Role::Pay)?;
    must_not_be_stopped(checkout.api.switch.as_ref(), &caller.merchant.id).await?;
    let on = OnOrder::named(&checkout.api, request, &caller)?;
    let document = json_body(request)?;
    let mut data = Members::of(&document).inside("data")?;
    let clock = checkout.api.access.clock.as_ref();
    gateway(&mut data)?;
    match requested(&mut data, route) {
        Some(RequestedMethod::Pay(kind)) => {
            let payment = RequestedPayment::read(clock, &caller, data, request, kind)?;
            pay_once(checkout, on, &document, payment).await
        }
        Some(RequestedMethod::FollowUp(follow_up)) => {
            data.finish()?;
            follow_up::of_order(on, &document, follow_up).await
        }
        None => {
            // The method is wrong; other problems are worth reporting all the same.
            let _also_wrong = source(&mut data, clock);
            Err(data.finish().err().unwrap_or_else(Failure::unreadable))
        }
    }
}

/// The members of `data` that say how much is taken, by whom, or when, besides a stored card's
/// customer.
const OWN: [&str; 8] = [
    "amount",
    "capture_amount",
    "capture_at",
    "initiated_by",
    "scheduled",
    "save",
    "series",
    IGNORE_SCHEME_ADVICE,
];

/// A payment as its request states it.
struct RequestedPayment {
    pay: Pay,
    currency: Option<Currency>,
    named: Named,
    /// The customer of the card, or to be, if the merchant's server says so.
    customer: Option<CustomerReference>,
}

impl RequestedPayment {
    fn read(
        clock: &dyn Clock,
        caller: &Caller,
        mut data: Members<'_>,
        request: &Request,
        kind: PaymentKind,
    ) -> Result<Self, Failure> {
        let policy = &caller.merchant.policy;
        if !policy.takes_payments_of(caller.principal) {
            caller.must_be_merchant(Role::Pay)?;
        }
        let amount = data.amount("amount");
        let stated = data.currency("currency");
        let capture = capture_terms::of_authorization(&mut data, kind, caller)?;
        let references = references(&mut data, caller.principal)?;
        let named = source(&mut data, clock);
        let ignores_scheme_advice = ignores_scheme_advice(&mut data, caller)?;
        let (named, customer) = stored_card_rules(&mut data, named, caller)?;
        let currency = match policy.orders {
            // The order has one. The SDK's currency header, sent for other reasons, is not held
            // against it.
            OrdersMode::Registered | OrdersMode::ElasticPath => stated,
            OrdersMode::External => {
                if data.lacks("amount") {
                    let detail = "is required: this merchant's orders are not registered here";
                    data.problem("amount", Code::AmountRequired, detail);
                }
                let stated = stated.or_else(|| header_currency(request.headers()));
                account_currency(&mut data, stated, &caller.merchant)
            }
        };
        // A misspelled customer would pay with any customer's card. Beside a card, clients of other
        // gateways send one of their own.
        let is_stored = named.as_ref().is_some_and(Named::is_stored);
        let customer_too = if is_stored { &[CUSTOMER][..] } else { &[] };
        data.nothing_elsewhere(request, &[&OWN, customer_too].concat());
        // Last, when all that is known was read.
        data.no_stray_number();
        data.finish()?;
        let named = named.ok_or_else(Failure::unreadable)?;
        if named.is_stored() && !policy.takes_stored_cards_of(caller.principal) {
            let detail = "this merchant's shoppers cannot pay with stored cards";
            return Err(Failure::new(Code::Forbidden, detail));
        }
        let (card, saves, lacks_postcode) = match &named {
            Named::Source(source, card) => (card.clone(), source.saves(), source.lacks_postcode()),
            // The card's data is read later.
            Named::Method(..) => (CardSummary::default(), false, false),
        };
        let pay = Pay {
            kind,
            amount,
            card,
            standalone: None,
            references: Box::new(references),
            save_for: customer.clone().filter(|_| saves),
            lacks_postcode,
            source_is_known: false,
            capture,
            shopper: None,
            initiative: Initiative { by_merchant: named.is_by_merchant(), ignores_scheme_advice },
        };
        Ok(Self { pay, currency, named, customer })
    }
}

/// Makes a payment, which counts as an attempt. The response to a shopper has the secret to read it
/// with.
async fn pay_once(
    checkout: &Checkout,
    on: OnOrder<'_>,
    body: &Document,
    payment: RequestedPayment,
) -> Handled<Single<Transaction>> {
    let OnOrder { api, request, caller, .. } = on;
    let RequestedPayment { mut pay, currency, named, customer } = payment;
    let scope = if caller.principal == Principal::Implicit {
        // A shopper whose token does not say who it is can pay, and repeats no other shopper's
        // request.
        let shopper = caller.shopper.unwrap_or_else(|| Shopper::of(api.access.clock.new_id()));
        pay.shopper = Some(shopper);
        // A key of a shopper is not one of the merchant's, nor of another shopper.
        shopper.0.to_string()
    } else {
        String::new()
    };
    let key = idempotency_key(request, body, &scope)?;
    let PaidWith { source, card, is_theirs } = paid_with(checkout, caller, customer.as_ref(), named).await?;
    pay.card = card;
    let attempts = checkout.attempts.as_ref();
    let named = customer.as_ref().map(CustomerReference::as_str);
    let mut attempt = Attempt::of(attempts, &api.access, request, caller, named)?;
    pay.source_is_known = attempt.source_is_known();
    // A browser's request counts whatever comes of it.
    if caller.principal == Principal::Implicit {
        attempt.begin().await?;
    }
    let essentials = Essentials { amount: pay.amount, currency, ..Essentials::new(pay.kind.operation()) };
    let mut stated = Stated::payment(pay, &source, essentials, key);
    stated.in_order_now = is_theirs;
    let performed = on.perform(stated, Some(attempt)).await?;
    let mut reply = follow_up::reply(&performed, caller.view(api), api.access.now())?;
    if caller.principal == Principal::Implicit {
        let secret = access_token::client_secret(&caller.merchant, performed.at.transaction);
        reply.body.data.client_parameters = Some(ClientParameters { secret });
    } else if let Some(transaction) = performed.order.transaction(performed.at.transaction) {
        // A shopper stores no card.
        keep_saved(&checkout.methods, caller, &performed.order, transaction, &mut reply.body.data).await;
    }
    Ok(reply)
}

/// The source of a payment, and the known facts about its card.
struct PaidWith {
    source: PaymentSource,
    card: CardSummary,
    /// Whether the card can be paid with, and is the stated customer's. Without a customer, the
    /// merchant's server vouches for it, as for everything else: its key is good for all the
    /// merchant's customers.
    is_theirs: Result<(), Failure>,
}

/// Reads the data of a stored card. A card that is not found, or is another customer's, may still
/// have been paid with by the request that this one repeats.
async fn paid_with(
    checkout: &Checkout,
    caller: &Caller,
    customer: Option<&CustomerReference>,
    named: Named,
) -> Result<PaidWith, Failure> {
    let (methods, merchant) = (&checkout.methods, &caller.merchant);
    match named {
        Named::Method(id, initiator) => {
            let found = methods.to_pay_with(merchant, id, customer).await.map_err(not_to_pay_with)?;
            // Paid with nothing, which no request has ever stated.
            let unknown = || StoredCard { account: String::new(), profile: String::new() };
            let StoredCard { account, profile } = found.card.stored.clone().unwrap_or_else(unknown);
            let source = PaymentSource::Profile { account, profile, initiator };
            let is_theirs = found.may_pay.map_err(|rejection| not_to_pay_with(rejection.into()));
            Ok(PaidWith { source, card: found.card, is_theirs })
        }
        Named::Source(source, card) => {
            let (Some(customer), Some(stored)) = (customer, &card.stored) else {
                return Ok(PaidWith { source, card, is_theirs: Ok(()) });
            };
            Ok(match methods.must_be_of(merchant, customer, stored).await {
                Ok(card) => PaidWith { source, card, is_theirs: Ok(()) },
                Err(refusal) => PaidWith { source, card, is_theirs: Err(not_to_pay_with(refusal)) },
            })
        }
    }
}

/// One failure for cards that do not exist and for those of other customers, so that it reveals
/// nothing about other customers' cards.
fn not_to_pay_with(refusal: MethodRefusal) -> Failure {
    match refusal {
        MethodRefusal::Rejected(rejection @ MethodRejection::NotFound) => {
            Problem::about("data.payment", Code::PaymentMethodNotFound, rejection.to_string()).into()
        }
        refusal => refusal.into(),
    }
}

/// Who makes a payment with a stored card (`initiated_by`, `scheduled`), whether a card is stored
/// along with the payment (`save`) and begins a series (`series`), and whose it is (`customer`). A
/// shopper states no such member.
fn stored_card_rules(
    data: &mut Members<'_>,
    named: Option<Named>,
    caller: &Caller,
) -> Result<(Option<Named>, Option<CustomerReference>), Failure> {
    let who = [("customer", false), ("merchant", true)];
    let by_merchant = data.word("initiated_by", TEXT_MAX, &who, "must be customer or merchant");
    let by_merchant = by_merchant.unwrap_or_default();
    let scheduled = data.flag("scheduled").unwrap_or_default();
    let save = data.flag("save").unwrap_or_default();
    let series = data.flag("series").unwrap_or_default();
    if by_merchant || scheduled || save || series || !data.is_null(CUSTOMER) {
        caller.must_be_merchant(Role::Pay)?;
    }
    if scheduled && !by_merchant {
        data.invalid("scheduled", "is for payments with initiated_by: merchant");
    }
    if series && !save {
        data.invalid("series", "is for payments with save: the first one of an agreed series");
    }
    let customer = if save || !data.is_null(CUSTOMER) { customer(data) } else { None };
    if named.as_ref().is_some_and(Named::is_stored) {
        if save {
            data.invalid("save", "is for a card or a token: this one is stored already");
        }
    } else if named.is_some() && by_merchant {
        data.invalid("initiated_by", "must be customer: the card is not a stored one");
    }
    let by = if by_merchant { Initiator::Merchant { scheduled } } else { Initiator::Customer };
    let named = named.map(|named| match named {
        Named::Method(method, _) => Named::Method(method, by),
        Named::Source(PaymentSource::Profile { account, profile, .. }, card) => {
            Named::Source(PaymentSource::Profile { account, profile, initiator: by }, card)
        }
        Named::Source(PaymentSource::Card(to_pay), card) => {
            Named::Source(PaymentSource::Card(Box::new(Card { save, series, ..*to_pay })), card)
        }
    });
    Ok((named, customer))
}

/// Only `card_connect` is served here; another gateway is a valid request that another service has
/// to serve.
fn gateway(data: &mut Members<'_>) -> Result<(), Failure> {
    if data.required_text("gateway", TEXT_MAX).is_none_or(|name| name == GATEWAY) {
        return Ok(());
    }
    let detail = "gateway must be card_connect: it is the only one that is served here";
    Err(Problem::about("data.gateway", Code::UnsupportedGateway, detail).into())
}

fn requested(data: &mut Members<'_>, route: Option<PaymentKind>) -> Option<RequestedMethod> {
    if let Some(kind) = route {
        // The route is the method; guessing at a body that says another would cost money.
        let word = kind.operation().as_str();
        if data.text("method", TEXT_MAX).is_none_or(|text| text == word) {
            return Some(RequestedMethod::Pay(kind));
        }
        let detail = format!("must be {word} on this route, or be left out");
        data.problem("method", Code::UnsupportedMethod, detail);
        return None;
    }
    match data.required_text("method", TEXT_MAX)? {
        "purchase" => Some(RequestedMethod::Pay(PaymentKind::Purchase)),
        "authorize" => Some(RequestedMethod::Pay(PaymentKind::Authorize)),
        "capture" => Some(RequestedMethod::FollowUp(FollowUp::Capture)),
        "refund" => Some(RequestedMethod::FollowUp(FollowUp::Refund)),
        _ => {
            data.problem("method", Code::UnsupportedMethod, "must be purchase, authorize, capture or refund");
            None
        }
    }
}

fn header_currency(headers: &HeaderMap) -> Option<Currency> {
    let text = headers.get("x-moltin-currency")?.to_str().ok()?;
    Currency::parse(text.trim()).ok()
}
