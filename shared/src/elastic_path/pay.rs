//! `POST …/payments` and its method routes: pay by token and by card.

use lambda_http::{Request, http::HeaderMap};
use serde_json::{Value, json};
use tollgate_core::{
    order::{
        CaptureAt, CustomerReference, Essentials, FollowUp, OrdersMode, Pay, PaymentKind, Principal, Shopper,
    },
    payments::{Initiator, PaymentSource, Role},
    values::{CardSummary, Clock, Currency},
};

use super::{
    attempt::TakenSlots,
    caller::idempotency_key,
    follow_up::{self, OnOrder},
    members::{TEXT_MAX, account_currency},
    order_id,
    payment_methods::{customer, keep_saved},
    response::GATEWAY,
    source::source,
};
use crate::{
    access_token,
    api::{
        Code,
        body::Document,
        caller::Caller,
        exchange::{Handled, json_body, must_not_be_stopped},
        failure::Failure,
        members::Members,
        problem::Problem,
        stated::Stated,
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

/// What the `method` of a body requests.
enum RequestedMethod {
    Pay(PaymentKind),
    FollowUp(FollowUp),
}

async fn paid(checkout: &Checkout, request: &Request, route: Option<PaymentKind>) -> Handled<Value> {
    must_not_be_stopped(checkout.api.switch.as_ref()).await?;
    let caller = Caller::with_token(&checkout.api.access, request).await?;
    caller.must_have(Role::Pay)?;
    let on = OnOrder { api: &checkout.api, request, caller: &caller, order: order_id(request)? };
    let document = json_body(request)?;
    let mut data = Members::of(&document).inside("data")?;
    let clock = checkout.api.access.clock.as_ref();
    gateway(&mut data)?;
    match requested(&mut data, route) {
        Some(RequestedMethod::Pay(method)) => {
            let payment = RequestedPayment::read(clock, &caller, data, request.headers(), method)?;
            pay_once(checkout, on, &document, payment).await
        }
        Some(RequestedMethod::FollowUp(follow_up)) => {
            data.finish()?;
            follow_up::of_order(on, &document, follow_up).await
        }
        None => {
            // The method is wrong; what else is wrong is worth telling all the same.
            let _also_wrong = source(&mut data, clock);
            Err(data.finish().err().unwrap_or_else(Failure::unreadable))
        }
    }
}

/// A payment as its request states it.
struct RequestedPayment {
    pay: Pay,
    currency: Option<Currency>,
    source: PaymentSource,
}

impl RequestedPayment {
    fn read(
        clock: &dyn Clock,
        caller: &Caller,
        mut data: Members<'_>,
        headers: &HeaderMap,
        method: PaymentKind,
    ) -> Result<Self, Failure> {
        let policy = &caller.merchant.policy;
        if !policy.takes_payments_of(caller.principal) {
            caller.must_be_merchant(Role::Pay)?;
        }
        // A misspelled amount would pay everything that is owing.
        data.no_near_miss_of("amount");
        let amount = data.amount("amount");
        let stated = data.currency("currency");
        let capture = capture_at(&mut data, method, caller.principal)?;
        let source = source(&mut data, clock);
        let (source, save_for) = stored_card_rules(&mut data, source, caller)?;
        let currency = match policy.orders {
            // The order has one. The SDK's currency header, sent for other reasons, is not held against it.
            OrdersMode::Registered => stated,
            OrdersMode::External => {
                if data.lacks("amount") {
                    let detail = "is required: this merchant's orders are not registered here";
                    data.problem("amount", Code::AmountRequired, detail);
                }
                let stated = stated.or_else(|| header_currency(headers));
                account_currency(&mut data, stated, &caller.merchant)
            }
        };
        data.finish()?;
        let (source, card) = source.ok_or_else(Failure::unreadable)?;
        let stored = matches!(source, PaymentSource::Profile { .. });
        if stored && !policy.takes_stored_cards_of(caller.principal) {
            let detail = "this merchant's shoppers cannot pay with stored cards";
            return Err(Failure::new(Code::Forbidden, detail));
        }
        let pay = Pay {
            kind: method,
            amount,
            card,
            standalone: None,
            save_for,
            lacks_postcode: source.lacks_postcode(),
            capture,
            shopper: None,
        };
        Ok(Self { pay, currency, source })
    }
}

/// Makes a payment. A shopper's counts as an attempt, and its response has the secret to read it with.
async fn pay_once(
    checkout: &Checkout,
    on: OnOrder<'_>,
    body: &Document,
    payment: RequestedPayment,
) -> Handled<Value> {
    let OnOrder { api, request, caller, .. } = on;
    let RequestedPayment { mut pay, currency, source } = payment;
    let stated = |pay: Pay, key| {
        let essentials = Essentials { amount: pay.amount, currency, ..Essentials::new(pay.kind.operation()) };
        Stated::payment(pay, &source, essentials, key)
    };
    // A shopper stores no card.
    if caller.principal != Principal::Implicit {
        let performed = on.perform(stated(pay, idempotency_key(request, body, "")?)).await?;
        let mut reply = follow_up::reply(&performed, caller.view(api), api.access.now())?;
        if let Some(transaction) = performed.order.transaction(performed.at.transaction) {
            keep_saved(&checkout.methods, caller, &performed.order, transaction, &mut reply.body).await;
        }
        return Ok(reply);
    }
    // A shopper whose token does not say who it is can pay, and repeats no other shopper's request.
    let shopper = caller.shopper.unwrap_or_else(|| Shopper::of(api.access.clock.new_id()));
    // A key of a shopper is not one of the merchant's, nor of another shopper.
    let key = idempotency_key(request, body, &shopper.0.to_string())?;
    pay.shopper = Some(shopper);
    let attempt = TakenSlots::begin(checkout, request, caller).await?;
    let mut handled = on.carry_out(stated(pay, key)).await;
    if let Ok(reply) = &mut handled {
        let id = reply.body["data"]["id"].as_str().and_then(|id| id.parse().ok());
        let secret = id.map(|id| access_token::client_secret(&caller.merchant, id));
        reply.body["data"]["client_parameters"] = json!({ "secret": secret });
    }
    attempt.end(checkout, &handled).await;
    handled
}

/// What is paid with, and what may be kept of it.
type PaidWith = (PaymentSource, CardSummary);

/// Who makes a payment with a stored card (`initiated_by`, `scheduled`), and for whom a card is stored along with the
/// payment (`save`, `customer`).
fn stored_card_rules(
    data: &mut Members<'_>,
    source: Option<PaidWith>,
    caller: &Caller,
) -> Result<(Option<PaidWith>, Option<CustomerReference>), Failure> {
    let who = [("customer", false), ("merchant", true)];
    let by_merchant = data.word("initiated_by", TEXT_MAX, &who, "must be customer or merchant");
    let by_merchant = by_merchant.unwrap_or_default();
    let scheduled = data.flag("scheduled").unwrap_or_default();
    let save = data.flag("save").unwrap_or_default();
    if by_merchant || scheduled || save {
        caller.must_be_merchant(Role::Pay)?;
    }
    if scheduled && !by_merchant {
        data.invalid("scheduled", "is for payments with initiated_by: merchant");
    }
    let save_for = if save { customer(data) } else { None };
    let source = source.map(|(source, card)| match source {
        PaymentSource::Profile { account, profile, .. } => {
            if save {
                data.invalid("save", "is for a card or a token: this one is stored already");
            }
            let initiator = if by_merchant { Initiator::Merchant { scheduled } } else { Initiator::Customer };
            (PaymentSource::Profile { account, profile, initiator }, card)
        }
        PaymentSource::Card(mut to_pay) => {
            if by_merchant {
                data.invalid("initiated_by", "must be customer: the card is not a stored one");
            }
            to_pay.save = save;
            (PaymentSource::Card(to_pay), card)
        }
    });
    Ok((source, save_for))
}

/// Only `card_connect` is served here; another gateway is a valid request that another service has to serve.
fn gateway(data: &mut Members<'_>) -> Result<(), Failure> {
    if data.required_text("gateway", TEXT_MAX).is_none_or(|name| name == GATEWAY) {
        return Ok(());
    }
    let detail = "gateway must be card_connect: it is the only one that is served here";
    Err(Problem::about("data.gateway", Code::UnsupportedGateway, detail).into())
}

fn requested(data: &mut Members<'_>, route: Option<PaymentKind>) -> Option<RequestedMethod> {
    if let Some(method) = route {
        // The route says it; guessing at a body that says something else would cost money.
        let word = method.operation().as_str();
        if data.text("method", TEXT_MAX).is_none_or(|text| text == word) {
            return Some(RequestedMethod::Pay(method));
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

/// When the schedule captures the payment: as `capture_at` says, null being never, or as the merchant's rules do.
fn capture_at(data: &mut Members<'_>, method: PaymentKind, by: Principal) -> Result<CaptureAt, Failure> {
    if data.lacks("capture_at") {
        return Ok(CaptureAt::AsTheMerchantSays);
    }
    if by == Principal::Implicit {
        return Err(Failure::new(Code::Forbidden, "capture_at needs a client_credentials token"));
    }
    if method == PaymentKind::Purchase && !data.is_null("capture_at") {
        data.invalid("capture_at", "is for authorize: a purchase takes the money at once");
    }
    Ok(data.timestamp("capture_at").map_or(CaptureAt::Never, CaptureAt::At))
}
