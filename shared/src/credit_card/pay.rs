//! `authorize` and `charge`: a new payment.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use tollgate_core::{
    order::{CaptureTerms, Essentials, Initiative, Pay, PaymentKind, Rejection, StandalonePayment},
    payments::{Merchant, PaymentSource},
    values::{Amount, Currency, DiscountError, Discounted, Memo, References},
};
use tollgate_wire::credit_card::Outgoing;

use super::{
    Exchange, Purpose,
    address::billing_address,
    reference,
    source::{customer_id, is_stored, source},
};
use crate::api::{Code, Failure, Handled, Members, Stated};

/// Longest text of a member; longer ones belong nowhere in a payment.
const TEXT_MAX: usize = 255;
/// Longest text of a member that is kept with the payment, besides the description.
const KEPT_MAX: usize = 100;
/// Longest e-mail address that the gateway takes.
const EMAIL_MAX: usize = 128;
/// How far a request's time may be off, more than any time zone: beyond, it was written for another
/// day.
const DATE_TIME_OFF_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The only `CaptureMethod` of this API.
const ECOMMERCE: &str = "2";

/// A new payment, which is an order of its own.
pub(super) async fn pay(
    exchange: Exchange<'_>,
    mut request: Members<'_>,
    requested: Purpose,
    kind: PaymentKind,
) -> Handled<Outgoing> {
    let merchant = &exchange.caller.merchant;
    let now = exchange.api.access.now();
    transaction_type(&mut request, requested);
    request.not_blank("TransactionID");
    request.not_in_other_letters("TransactionID");
    if request.has("TransactionID") {
        let detail =
            "names a payment that is there: leave it out, or post to capture, refund, void or status";
        request.invalid("TransactionID", detail);
    }
    let reference = reference::read(&mut request, true);
    exchange.reference.clone_from(&reference);
    let source = source(&mut request, now);
    if request.required_scalar("CaptureMethod", TEXT_MAX).is_some_and(|method| method != ECOMMERCE) {
        request.invalid("CaptureMethod", "must be 2 (e-commerce)");
    }
    let no_address = is_stored(&request) && !request.has("BillingAddress");
    let billing = if no_address { None } else { billing_address(&mut request) };
    date_time(&mut request, now);
    let currency = currency(&mut request, true);
    let stated = amount(&mut request, merchant, currency, true);
    let memo = memo(&mut request, merchant, reference.as_deref().unwrap_or_default());
    let description = request.kept("Description", TEXT_MAX);
    let discount = discount(&mut request, merchant, stated, currency);
    let customer = customer_id(&request);
    let in_order_now = request.finish_form()?;
    let (Some(reference), Some((mut source, card)), Some(currency), Some(stated)) =
        (reference, source, currency, stated)
    else {
        return Err(Failure::unreadable());
    };

    let taken_off = discount.as_ref().map_or(Amount::ZERO, |discount| discount.amount);
    let amount = stated.checked_sub(taken_off);
    // Amount and discount as stated: the merchant's grants may have changed since.
    let essentials = Essentials {
        amount: Some(stated),
        currency: Some(currency),
        discount: discount.as_ref(),
        ..Essentials::new(kind.operation())
    };
    if let PaymentSource::Card(card) = &mut source {
        card.name = memo.name.clone().unwrap_or_default();
        (card.billing, card.save) = (billing, memo.save_card);
    }
    let id = reference::payment_id(&merchant.id, &reference);
    let memo = Memo { discount: discount.clone(), without_address: source.lacks_address(), ..memo };
    let alone = Box::new(StandalonePayment { id, memo });
    let pay = Pay {
        kind,
        amount,
        card,
        standalone: Some(alone),
        references: Box::new(References { description, ..References::default() }),
        save_for: None,
        lacks_postcode: source.lacks_postcode(),
        source_is_known: false,
        capture: CaptureTerms::default(),
        shopper: None,
        initiative: Initiative::default(),
    };
    let key = reference::key_digest(kind.operation(), &reference);
    let mut stated = Stated::payment(pay, &source, essentials, Some(key));
    // A repetition returns its payment, even if date, card or discount are no longer valid.
    stated.in_order_now = in_order_now;
    exchange.carry_out(id, customer, stated).await
}

/// `TransactionType`: required where the page has one for the route, and never another route's.
pub(super) fn transaction_type(request: &mut Members<'_>, requested: Purpose) {
    const NAME: &str = "TransactionType";
    let (own, required) = match requested {
        Purpose::Authorize => (Some("0"), true),
        Purpose::Charge => (Some("1"), true),
        Purpose::Refund => (Some("2"), true),
        Purpose::Capture => (Some("1"), false),
        Purpose::Void | Purpose::Status => (None, false),
    };
    let stated = request.scalar_if(required, NAME, TEXT_MAX);
    let route = match stated {
        None => return,
        stated if stated == own => return,
        Some("0") => "authorize",
        Some("1") => "charge",
        Some("2") => "refund",
        Some(_) => {
            request.invalid(NAME, "must be 0 (authorize), 1 (charge) or 2 (refund)");
            return;
        }
    };
    let detail = format!("this is not the route for it: post it to /api/v1/payments/creditcard/{route}");
    request.problem(NAME, Code::WrongRoute, detail);
}

/// `TransactionDateTime`, in UTC, when it is given.
pub(super) fn date_time(request: &mut Members<'_>, now: Timestamp) {
    const NAME: &str = "TransactionDateTime";
    const FORM: &str = "%Y-%m-%d %H:%M:%S";
    let Some(text) = request.scalar(NAME, TEXT_MAX) else { return };
    // Reading is lenient: signs, one digit for two, blanks. Writing it back checks the form.
    let parsed = DateTime::strptime(FORM, text).ok().filter(|civil| civil.strftime(FORM).to_string() == text);
    let at = parsed.and_then(|civil| Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp()));
    let Some(at) = at else {
        request.invalid(NAME, "does not have the form YYYY-MM-DD HH:MM:SS");
        return;
    };
    if at.duration_since(now).abs() > DATE_TIME_OFF_MAX {
        let detail = "is more than a day off: the request was written at another time, or not in UTC";
        request.problem_of_now(NAME, Code::InvalidValue, detail);
    }
}

/// The member `CurrencyCode`: three letters (ISO 4217), in either case.
pub(super) fn currency(request: &mut Members<'_>, required: bool) -> Option<Currency> {
    const NAME: &str = "CurrencyCode";
    let wrong = "is not an ISO 4217 currency code with minor units";
    let text = request.scalar_if(required, NAME, TEXT_MAX)?;
    Currency::parse(text).ok().or_else(|| request.no_value(NAME, wrong))
}

/// A currency with as many decimals as all of the merchant's: an amount that does not say its own
/// is read with it.
pub(super) fn alike(merchant: &Merchant) -> Option<Currency> {
    let mut all = merchant.gateway.accounts.keys().copied();
    all.find(|currency| currency.exponent() == merchant.gateway.decimals)
}

/// `Amount` in major units, with exactly the currency's decimals: `20.5` and `2050` could be slips.
pub(super) fn amount(
    request: &mut Members<'_>,
    merchant: &Merchant,
    currency: Option<Currency>,
    required: bool,
) -> Option<Amount> {
    const NAME: &str = "Amount";
    let text = request.scalar_if(required, NAME, TEXT_MAX)?;
    let Some(currency) = currency else {
        // The right number of decimals is not known; but the text is no number.
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            request.invalid(NAME, "is not a decimal number such as 20.50");
        }
        return None;
    };
    let parsed = currency.parse_decimal(text);
    let is_in_form = parsed.as_ref().is_ok_and(|amount| currency.decimal(*amount) == text);
    if let (false, Err(limit)) = (is_in_form, merchant.route(currency)) {
        // The problem is the currency: 20.50 is no amount of yen, but no other would be taken
        // either. The earlier payment was in another currency.
        let code = if required { Code::CurrencyNotSupported } else { Code::CurrencyDiffers };
        let rejection = Rejection::CurrencyNotSupported { currency, limit };
        request.problem_about("CurrencyCode", code, rejection.to_string());
        return None;
    }
    let amount = request.checked(NAME, Some(parsed))?;
    if !is_in_form {
        let form = currency.decimal(Amount::ZERO).replace('0', "9");
        let detail = format!("must be written like {form}: all its decimals, and no zeros in front");
        return request.no_value(NAME, detail);
    }
    if amount.is_zero() {
        return request.no_value(NAME, "must be more than 0");
    }
    Some(amount)
}

/// A truth value; none stated is false.
pub(super) fn flag(request: &mut Members<'_>, name: &'static str) -> bool {
    match request.scalar(name, TEXT_MAX).map(str::to_ascii_lowercase).as_deref() {
        Some("true" | "1") => true,
        None | Some("false" | "0") => false,
        Some(_) => request.no_value(name, "must be true or false").unwrap_or_default(),
    }
}

/// The texts that are kept with the payment.
fn memo(request: &mut Members<'_>, merchant: &Merchant, reference: &str) -> Memo {
    let authorizer = request.kept("Authorizer", KEPT_MAX);
    if authorizer.as_ref().is_some_and(|authorizer| !merchant.authorizers.contains(authorizer)) {
        request.problem_of_now(
            "Authorizer",
            Code::UnknownAuthorizer,
            "is none of the merchant's authorizers",
        );
    }
    let save_card = flag(request, "SaveToFile");
    Memo {
        reference: reference.to_owned(),
        email: email(request),
        name: request.kept("Name", KEPT_MAX),
        deal_type: request.kept("DealType", KEPT_MAX),
        deal_stage: request.kept("DealStage", KEPT_MAX),
        marketing: request.kept("Marketing", KEPT_MAX),
        revenue_partner: request.kept("RevenuePartner", KEPT_MAX),
        authorizer,
        discount: None,
        save_card,
        without_address: false,
    }
}

/// Something before and after one `@`. Only a letter to an address can tell whether it exists.
fn email(request: &mut Members<'_>) -> Option<String> {
    let text = request.kept("Email", EMAIL_MAX)?;
    let plausible = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    });
    if !plausible {
        return request.no_value("Email", "is not an e-mail address");
    }
    Some(text)
}

/// The amount that `Discount` takes off; `None` where it is not granted, which is noted.
fn discount(
    request: &mut Members<'_>,
    merchant: &Merchant,
    stated: Option<Amount>,
    currency: Option<Currency>,
) -> Option<Discounted> {
    let mut members = request.object_unless_blank("Discount")?;
    let product = members.kept("Product", KEPT_MAX);
    let code = members.kept("DiscountCode", KEPT_MAX);
    if code.is_none() && product.is_some() {
        members.problem("DiscountCode", Code::Required, "is required with a Product");
    }
    let discounted = code.zip(stated).zip(currency).map(|((code, amount), currency)| {
        let granted = merchant.discounts.on(&code, product.as_deref(), amount, currency);
        let amount = granted.unwrap_or_else(|error| {
            members.problem_of_now("DiscountCode", discount_code(error), error.to_string());
            Amount::ZERO
        });
        Discounted { code, product, amount }
    });
    request.absorb(members);
    discounted
}

fn discount_code(error: DiscountError) -> Code {
    match error {
        DiscountError::Unknown => Code::UnknownDiscount,
        DiscountError::LeavesNothing => Code::DiscountExceedsAmount,
    }
}
