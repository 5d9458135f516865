//! The gateway's `surcharge` endpoint: the fee that it would add to a payment
//! (`docs/cardpointe.md`, *Surcharges*).

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value};
use tollgate_core::{
    payments::{Merchant, NoQuote, SurchargeQuery, SurchargeQuote, Surcharges, Waived},
    values::Amount,
};

use super::{
    CardPointe, NAME,
    transport::{Response, Transport},
    wire,
};

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
        let sent = self.call(merchant, Method::GET, url, None, limit).await;
        let Response { status, body } = sent.map_err(|_| NoQuote::Unavailable)?;
        match status {
            200 => quote(merchant, &body.map_err(|_| NoQuote::Unavailable)?),
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

/// The meaning of a response. One that contradicts itself is no quote.
fn quote(merchant: &Merchant, body: &[u8]) -> Result<SurchargeQuote, NoQuote> {
    let mut members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NoQuote::Unavailable)?;
    let mut text = |name| wire::take_text(&mut members, name);
    let (card, postal, fee) = (text("token"), text("postal"), text("fee_amount"));
    let Some(card) = card else {
        // The gateway's own code, such as that the account has no program.
        tracing::error!(merchant = %merchant.id, "the gateway has no preview of a surcharge for the account");
        return Err(NoQuote::Misconfigured);
    };
    let fee = match fee.map(|fee| wire::not_negative(&fee)) {
        None => None,
        Some(Some(fee)) => Some(fee),
        Some(None) => return Err(NoQuote::Unavailable),
    };
    let waived = |why| match fee.filter(|fee| !fee.is_zero()) {
        None => Ok(SurchargeQuote { fee: Amount::ZERO, waived: Some(why) }),
        Some(_) => Err(NoQuote::Unavailable),
    };
    match (card.as_str(), postal.as_deref()) {
        ("DEBIT", _) => waived(Waived::DebitCard),
        ("CREDIT", Some("NOT_RESTRICTED")) => match fee {
            None => Err(NoQuote::Unavailable),
            Some(fee) if fee.is_zero() => waived(Waived::TooSmall),
            Some(fee) => Ok(SurchargeQuote { fee, waived: None }),
        },
        ("CREDIT", None | Some("UNKNOWN")) => Err(NoQuote::UnknownPostcode),
        // The word for a restricted one is not documented.
        ("CREDIT", Some(_)) => waived(Waived::RestrictedPostcode),
        _ => Err(NoQuote::UnknownCard),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tollgate_core::{
        order::Route,
        values::{CardToken, Currency},
    };

    use super::*;
    use crate::{
        cardpointe::{
            test_transport::{Once, responds},
            transport::{BodyError, TransportError},
        },
        test_payments::merchant,
    };

    const LIMIT: Duration = Duration::from_secs(20);

    async fn ask(
        response: Result<Response, TransportError>,
        postcode: &str,
        gateway: &'static str,
    ) -> (Result<SurchargeQuote, NoQuote>, Vec<String>) {
        let client = CardPointe::over(Once::responding(response));
        let route =
            Route { gateway: gateway.into(), account: "1".to_owned(), endpoint: "https://g/rest".to_owned() };
        let token = CardToken::parse("9411111111111111").unwrap();
        let (currency, amount) = (Currency::USD, Amount::new(2499).unwrap());
        let query = SurchargeQuery { route: &route, currency, amount, token: &token, postcode };
        let quote = client.quote(&merchant("m", &json!({})), query, LIMIT).await;
        let sent = client.transport().sent().into_iter().map(|request| {
            assert_eq!((request.method, request.body, request.limit), (Method::GET, Value::Null, LIMIT));
            request.url
        });
        (quote, sent.collect())
    }

    async fn said(status: u16, body: &str) -> Result<SurchargeQuote, NoQuote> {
        ask(responds(status, body), "55555", NAME).await.0
    }

    #[tokio::test]
    async fn the_query_has_the_postal_code_as_a_payment_states_it_and_is_sent_once() {
        let body = r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"0.75","messages":[]}"#;
        let response = || responds(200, body);
        let (quote, sent) = ask(response(), "55555-1234 ", NAME).await;
        assert_eq!(quote, Ok(SurchargeQuote { fee: Amount::new(75).unwrap(), waived: None }));
        let address =
            "https://g/rest/surcharge?merchid=1&postal=555551234&token=9411111111111111&amount=24.99";
        assert_eq!(sent, [address]);
        // Nothing is sent that the gateway would count as another code, or to another gateway.
        assert_eq!(ask(response(), " - ", NAME).await, (Err(NoQuote::UnknownPostcode), vec![]));
        assert_eq!(ask(response(), "55555", "another").await, (Err(NoQuote::Misconfigured), vec![]));
    }

    #[tokio::test]
    async fn a_response_says_what_is_added_or_why_nothing_is_or_nothing_at_all() {
        let fee = |minor| Ok(SurchargeQuote { fee: Amount::new(minor).unwrap(), waived: None });
        let none = |why| Ok(SurchargeQuote { fee: Amount::ZERO, waived: Some(why) });
        for (body, expected) in [
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"3.00","messages":[]}"#, fee(300)),
            // The reference's example of an amount has no point.
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"1402"}"#, fee(1402)),
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":75}"#, fee(75)),
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"0.00"}"#, none(Waived::TooSmall)),
            (r#"{"token":"DEBIT","postal":"NOT_RESTRICTED","fee_amount":"0.00"}"#, none(Waived::DebitCard)),
            (r#"{"token":"DEBIT","postal":"UNKNOWN"}"#, none(Waived::DebitCard)),
            (
                r#"{"token":"CREDIT","postal":"RESTRICTED","fee_amount":"0"}"#,
                none(Waived::RestrictedPostcode),
            ),
            (r#"{"token":"CREDIT","postal":"FORBIDDEN"}"#, none(Waived::RestrictedPostcode)),
            // An unknown card or postcode is not taken for one without a surcharge.
            (
                r#"{"token":"UNKNOWN","postal":"NOT_RESTRICTED","fee_amount":"0.00"}"#,
                Err(NoQuote::UnknownCard),
            ),
            (r#"{"token":"PREPAID","postal":"NOT_RESTRICTED"}"#, Err(NoQuote::UnknownCard)),
            (r#"{"token":"CREDIT","postal":"UNKNOWN","fee_amount":"0.00"}"#, Err(NoQuote::UnknownPostcode)),
            (r#"{"token":"CREDIT"}"#, Err(NoQuote::UnknownPostcode)),
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED"}"#, Err(NoQuote::Unavailable)),
            (r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"3.0"}"#, Err(NoQuote::Unavailable)),
            (
                r#"{"token":"CREDIT","postal":"NOT_RESTRICTED","fee_amount":"-3.00"}"#,
                Err(NoQuote::Unavailable),
            ),
            (r#"{"token":"DEBIT","postal":"NOT_RESTRICTED","fee_amount":"3.0"}"#, Err(NoQuote::Unavailable)),
            // Nor one that contradicts itself.
            (r#"{"token":"DEBIT","postal":"NOT_RESTRICTED","fee_amount":"3.00"}"#, Err(NoQuote::Unavailable)),
            (r#"{"token":"CREDIT","postal":"RESTRICTED","fee_amount":"3.00"}"#, Err(NoQuote::Unavailable)),
            (r#"{"respstat":"C","respproc":"PPS","respcode":"104"}"#, Err(NoQuote::Misconfigured)),
            ("<html>", Err(NoQuote::Unavailable)),
            ("[]", Err(NoQuote::Unavailable)),
        ] {
            assert_eq!(said(200, body).await, expected, "{body}");
        }
    }

    #[tokio::test]
    async fn without_a_response_nothing_is_said() {
        for (status, expected) in [
            (401, NoQuote::Misconfigured),
            (404, NoQuote::Misconfigured),
            (302, NoQuote::Misconfigured),
            (429, NoQuote::Unavailable),
            (503, NoQuote::Unavailable),
        ] {
            let body = r#"{"token":"DEBIT","postal":"NOT_RESTRICTED"}"#;
            assert_eq!(said(status, body).await, Err(expected), "{status}");
        }
        for error in [TransportError::NotConnected, TransportError::NoResponse] {
            assert_eq!(ask(Err(error), "55555", NAME).await.0, Err(NoQuote::Unavailable));
        }
        let cut = Response { status: 200, body: Err(BodyError::Cut) };
        assert_eq!(ask(Ok(cut), "55555", NAME).await.0, Err(NoQuote::Unavailable));
    }
}
