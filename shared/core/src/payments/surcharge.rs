//! The surcharge that the gateway would add to a payment. Nothing moves and nothing is stored: the
//! surcharge is decided with the payment.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{
    order::Route,
    payments::{Deadline, Merchant, trail},
    values::{Amount, CardToken, Currency},
    words,
};

/// The data that a surcharge depends on. No `Debug`: the token is good for payments.
pub struct SurchargeQuery<'a> {
    /// The account that the payment will be made through.
    pub route: &'a Route,
    /// The currency of the amount.
    pub currency: Currency,
    /// The payment's amount, without a fee.
    pub amount: Amount,
    /// The card. A number is never sent: these queries are addresses.
    pub token: &'a CardToken,
    /// The postal code of the card's billing address.
    pub postcode: &'a str,
}

/// The surcharge that would be added to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurchargeQuote {
    /// The fee beside the amount.
    pub fee: Amount,
    /// Why there is none; none where there is one.
    pub waived: Option<Waived>,
}

words! {
    /// Why nothing is added to a payment.
    pub enum Waived {
        /// The account adds nothing to any payment.
        NoProgram => "no_program",
        /// Only credit cards are surcharged. Prepaid cards count as debit cards.
        DebitCard => "debit_card",
        /// Surcharges are not allowed where the postal code is.
        RestrictedPostcode => "restricted_postcode",
        /// The fee of so small an amount is rounded to nothing.
        TooSmall => "too_small",
    }
}

/// Why the surcharge is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoQuote {
    /// There was no response, or none that can be read.
    Unavailable,
    /// The gateway refuses the account, its credentials or the request.
    Misconfigured,
    /// The gateway does not say whether it is a credit card.
    UnknownCard,
    /// The gateway does not know the postal code.
    UnknownPostcode,
}

/// Tells the surcharges that the gateway would add to payments.
#[async_trait]
pub trait Surcharges: Send + Sync {
    /// Asks for one payment, waiting at most `limit` for the response.
    async fn quote(
        &self,
        merchant: &Merchant,
        query: SurchargeQuery<'_>,
        limit: Duration,
    ) -> Result<SurchargeQuote, NoQuote>;
}

/// The surcharge that would be added to a payment. No request is sent for an account that adds
/// nothing.
pub async fn surcharge(
    surcharges: &dyn Surcharges,
    merchant: &Merchant,
    query: SurchargeQuery<'_>,
    deadline: Deadline,
) -> Result<SurchargeQuote, NoQuote> {
    if !merchant.policy.surcharging.contains(&query.route.account) {
        return Ok(SurchargeQuote { fee: Amount::ZERO, waived: Some(Waived::NoProgram) });
    }
    let limit = deadline.gateway_limit().ok_or(NoQuote::Unavailable)?;
    let sent = Instant::now();
    let quote = surcharges.quote(merchant, query, limit).await;
    trail::note(|trail| {
        trail.gateway += sent.elapsed();
        trail.gateway_calls += 1;
    });
    quote
}
