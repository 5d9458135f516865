//! `POST /v2/surcharge`: the surcharge that the gateway would add to a payment, to be disclosed
//! before the payment.

use lambda_http::Request;
use tollgate_core::{
    order::Rejection,
    payments::{Role, SurchargeQuery, SurchargeQuote, surcharge},
    values::{Amount, CardAccount, CardToken, Currency, FeeKind, check_postcode},
};
use tollgate_wire::{
    LiveMode, Price, Single, Surcharge, SurchargeFee, SurchargeMeta, constant::SurchargeType,
};

use crate::{
    api::{Caller, Failure, Handled, Members, Reply, json_body},
    elastic_path::{request::TEXT_MAX, request::members::account_currency},
    invocation::deadline,
    ports::Checkout,
};

handlers! {
    /// `POST /v2/surcharge`: the fee that a payment by this card would have. Moves no money and
    /// stores nothing.
    preview_surcharge(Checkout) => preview();
}

/// A payment as its preview states it: a subset of the payment's members.
struct Previewed {
    amount: Amount,
    currency: Currency,
    token: CardToken,
    postcode: String,
}

impl Previewed {
    fn read(caller: &Caller, mut data: Members<'_>) -> Result<Self, Failure> {
        data.word("type", TEXT_MAX, &[("surcharge", ())], "must be surcharge");
        let amount =
            if data.lacks("amount") { data.missing("amount", "is required") } else { data.amount("amount") };
        let stated = data.currency("currency");
        let currency = account_currency(&mut data, stated, &caller.merchant);
        let token = data.required_text("payment", TEXT_MAX).and_then(|text| match CardAccount::token(text) {
            Some(CardAccount::Token(token)) => Some(token),
            // Not even to the gateway: the query is an address there.
            Some(CardAccount::Number(_)) | None => data.no_value("payment", "must be a CardSecure token"),
        });
        let postcode = data.required_object("billing_address").and_then(|mut address| {
            let text = address.required_text("postcode", TEXT_MAX);
            address.checked("postcode", text.map(|text| check_postcode(text, None)));
            let text = text.map(str::to_owned);
            data.absorb(address);
            text
        });
        data.finish()?;
        match (amount, currency, token, postcode) {
            (Some(amount), Some(currency), Some(token), Some(postcode)) => {
                Ok(Self { amount, currency, token, postcode })
            }
            _ => Err(Failure::unreadable()),
        }
    }
}

/// For the merchant's own systems only: a browser that could call it would learn which stolen
/// numbers are credit cards.
async fn preview(checkout: &Checkout, request: &Request) -> Handled<Single<Surcharge>> {
    let access = &checkout.api.access;
    let caller = Caller::merchant(access, request, Role::Pay).await?;
    let document = json_body(request)?;
    let Previewed { amount, currency, token, postcode } =
        Previewed::read(&caller, Members::of(&document).inside("data")?)?;
    let merchant = &caller.merchant;
    let route =
        merchant.route(currency).map_err(|limit| Rejection::CurrencyNotSupported { currency, limit })?;
    let query = SurchargeQuery { route: &route, currency, amount, token: &token, postcode: &postcode };
    let deadline = deadline(request, access.now());
    let quote = surcharge(checkout.surcharges.as_ref(), merchant, query, deadline).await?;
    let is_live = checkout.api.payments.gateway.info().is_live(&route);
    Ok(Reply::new(200, Single { data: value(currency, amount, quote, is_live) }))
}

fn value(currency: Currency, amount: Amount, quote: SurchargeQuote, is_live: bool) -> Surcharge {
    let SurchargeQuote { fee, waived } = quote;
    let total = Amount::sum([amount, fee]);
    Surcharge {
        kind: SurchargeType,
        amount: amount.into(),
        currency: currency.into(),
        fee: SurchargeFee { kind: FeeKind::Surcharge.into(), amount: fee.into() },
        total: total.into(),
        charged: waived.is_none(),
        reason: waived.map(Into::into),
        meta: SurchargeMeta {
            display_price: Price::new(currency, amount),
            display_fee: Price::new(currency, fee),
            display_total: Price::new(currency, total),
        },
        livemode: LiveMode(is_live),
    }
}
