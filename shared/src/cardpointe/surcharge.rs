//! The gateway's `surcharge` endpoint: what it would add to a payment (`docs/cardpointe.md`, *Surcharges*).

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use tollgate_core::{
    payments::{Merchant, NoQuote, SurchargeQuery, SurchargeQuote, Surcharges, Waived},
    values::{Amount, Currency},
};

use super::{
    CardPointe, NAME,
    transport::{HttpMethod, Response, Transport},
    wire,
};

/// What is read of a response. Everything is optional: what cannot be read decides nothing.
#[derive(Deserialize)]
struct Preview {
    token: Option<String>,
    postal: Option<String>,
    fee_amount: Option<Value>,
}

#[async_trait]
impl<T: Transport> Surcharges for CardPointe<T> {
    async fn quote(
        &self,
        merchant: &Merchant,
        query: SurchargeQuery<'_>,
        limit: Duration,
    ) -> Result<SurchargeQuote, NoQuote> {
        if query.route.gateway != NAME {
            return Err(NoQuote::Misconfigured);
        }
        let url = url(&query).ok_or(NoQuote::UnknownPostcode)?;
        let sent = self.call(merchant, HttpMethod::Get, url, None, limit).await;
        let Response { status, body } = sent.map_err(|_| NoQuote::Unavailable)?;
        match status {
            200 => quote(merchant, query.currency, &body.map_err(|_| NoQuote::Unavailable)?),
            300..=399 | 400 | 401 | 403 | 404 => {
                tracing::error!(status, merchant = %merchant.id, "the gateway refuses the preview of a surcharge");
                Err(NoQuote::Misconfigured)
            }
            _ => Err(NoQuote::Unavailable),
        }
    }
}

/// The address of a query; none if its postal code has no letter and no digit.
fn url(query: &SurchargeQuery<'_>) -> Option<String> {
    // The form in which a payment states it, so that both are judged alike.
    let postal = wire::postal(query.postcode)?;
    let parameters = form_urlencoded::Serializer::new(String::new())
        .append_pair("merchid", &query.route.account)
        .append_pair("postal", &postal)
        .append_pair("token", &query.token.value)
        .append_pair("amount", &wire::decimal(query.amount, query.currency))
        .finish();
    Some(format!("{}/surcharge?{parameters}", query.route.endpoint))
}

/// What a response means. One that contradicts itself says nothing.
fn quote(merchant: &Merchant, currency: Currency, body: &[u8]) -> Result<SurchargeQuote, NoQuote> {
    let preview: Preview = serde_json::from_slice(body).map_err(|_| NoQuote::Unavailable)?;
    let Some(token) = preview.token.as_deref() else {
        // The gateway's own code, such as that the account has no program.
        tracing::error!(merchant = %merchant.id, "the gateway has no preview of a surcharge for the account");
        return Err(NoQuote::Misconfigured);
    };
    let fee = match &preview.fee_amount {
        None | Some(Value::Null) => None,
        Some(fee) => Some(minor_units(fee, currency).ok_or(NoQuote::Unavailable)?),
    };
    let waived = |why| match fee.filter(|fee| !fee.is_zero()) {
        None => Ok(SurchargeQuote { fee: Amount::ZERO, waived: Some(why) }),
        Some(_) => Err(NoQuote::Unavailable),
    };
    match (token, preview.postal.as_deref()) {
        ("DEBIT", _) => waived(Waived::DebitCard),
        ("CREDIT", Some("NOT_RESTRICTED")) => match fee {
            None => Err(NoQuote::Unavailable),
            Some(fee) if fee.is_zero() => waived(Waived::TooSmall),
            Some(fee) => Ok(SurchargeQuote { fee, waived: None }),
        },
        ("CREDIT", None | Some("UNKNOWN" | "")) => Err(NoQuote::UnknownPostcode),
        // The word for a restricted one is not documented.
        ("CREDIT", Some(_)) => waived(Waived::RestrictedPostcode),
        _ => Err(NoQuote::UnknownCard),
    }
}

/// A fee as text or as a number; without a point it is in minor units, as elsewhere.
fn minor_units(fee: &Value, currency: Currency) -> Option<Amount> {
    let text = match fee {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    if text.contains('.') { currency.parse_decimal(&text).ok() } else { Amount::new(text.parse().ok()?).ok() }
}
