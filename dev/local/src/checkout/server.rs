//! The shop's server: it alone has the merchant's key, states the price of the cart, and knows
//! whose cards are saved.

use std::{fmt, net::IpAddr};

use axum::http::{StatusCode, header};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate_wire::{Errors, PaymentMethod, Several, Single, Token, Transaction, TransactionStatus};
use uuid::Uuid;

use crate::{
    front::web_client,
    merchants::{REGISTERED, REGISTERED_KEY},
};

/// The price of the cart, in minor units.
pub(super) const PRICE: u64 = 2599;
pub(super) const CURRENCY: &str = "USD";

const ORDER_PREFIX: &str = "checkout-";

/// The shop's server, which has a client secret and never sees a card number.
pub(crate) struct Shop {
    /// Tollgate's address, without a slash at the end.
    pub(crate) api: String,
    /// Where the gateway serves its tokenizer.
    pub(crate) tokenizer: String,
    client: reqwest::Client,
}

/// An order of this shop. Read as such, because it becomes a part of an address.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct OrderId(Uuid);

impl TryFrom<String> for OrderId {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix(ORDER_PREFIX).unwrap_or_default().parse().map(Self)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ORDER_PREFIX}{}", self.0)
    }
}

/// A payment that the page requests from its server.
#[derive(Deserialize)]
pub(super) struct Payment {
    order: OrderId,
    /// A request that is sent again has the same key, and is the same payment.
    key: Uuid,
    /// The card that was typed, to be saved. Without one, the saved card pays.
    card: Option<Typed>,
}

/// The tokenizer's token of a card, with its expiry date.
#[derive(Deserialize)]
struct Typed {
    payment: String,
    month: String,
    year: String,
}

/// An order that may be paid: the page does not know.
#[derive(Deserialize)]
pub(super) struct Unclear {
    order: OrderId,
}

impl Shop {
    pub(crate) fn new(api: &str, tokenizer: &str) -> Result<Self, reqwest::Error> {
        Ok(Self { api: api.to_owned(), tokenizer: tokenizer.to_owned(), client: web_client()? })
    }

    /// A request to Tollgate with the merchant's access token.
    async fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, reqwest::Error> {
        let credentials =
            format!("grant_type=client_credentials&client_id={REGISTERED}&client_secret={REGISTERED_KEY}");
        let token = self.client.post(format!("{}/oauth/access_token", self.api)).body(credentials);
        let token = token.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let token: Token = token.send().await?.error_for_status()?.json().await?;
        let request = self.client.request(method, format!("{}{path}", self.api));
        Ok(request.bearer_auth(token.access_token))
    }

    /// Registers an order. Only the server states the price of the cart.
    pub(super) async fn register(&self) -> Result<String, reqwest::Error> {
        let order = OrderId(Uuid::new_v4()).to_string();
        let amount = json!({ "data": { "type": "order", "amount": PRICE, "currency": CURRENCY } });
        let registered = self.call(Method::PUT, &format!("/v2/orders/{order}")).await?;
        registered.body(amount.to_string()).send().await?.error_for_status()?;
        Ok(order)
    }

    /// Pays with the card that was typed and saves it, or pays with the saved one. The customer is
    /// the session's, and the address the connection's; neither is the page's to say. None where
    /// nothing is saved.
    pub(super) async fn pay(
        &self,
        customer: Uuid,
        shopper: IpAddr,
        wanted: &Payment,
    ) -> Result<Option<(StatusCode, Value)>, reqwest::Error> {
        let card = match &wanted.card {
            Some(Typed { payment, month, year }) => {
                json!({ "payment": payment, "month": month, "year": year, "save": true, "customer": customer })
            }
            None => match self.saved_card(customer).await? {
                Some(saved) => json!({ "payment": saved.payment, "customer": customer }),
                None => return Ok(None),
            },
        };
        let mut data = json!({ "gateway": "card_connect", "method": "purchase" });
        if let (Some(data), Value::Object(card)) = (data.as_object_mut(), card) {
            data.extend(card);
        }
        let payment = self.call(Method::POST, &format!("/v2/orders/{}/payments", wanted.order)).await?;
        let payment = payment.header("Idempotency-Key", wanted.key.to_string());
        let payment = payment.header("X-Shopper-Address", shopper.to_string());
        outcome(payment.body(json!({ "data": data }).to_string())).await.map(Some)
    }

    /// Finds out whether an order was paid: with an inquiry, while that is not known. Null where
    /// nothing has paid it.
    pub(super) async fn confirm(&self, unclear: &Unclear) -> Result<(StatusCode, Value), reqwest::Error> {
        let path = format!("/v2/orders/{}/transactions", unclear.order);
        let listed = self.call(Method::GET, &path).await?.send().await?.error_for_status()?;
        let listed: Several<Transaction> = listed.json().await?;
        let with = |status| listed.data.iter().find(|listed| listed.status == status);
        if let Some(paid) = with(TransactionStatus::Complete) {
            return Ok((StatusCode::OK, json!({ "data": shown(paid) })));
        }
        let Some(Transaction { id, .. }) = with(TransactionStatus::Pending) else {
            return Ok((StatusCode::OK, json!({ "data": null })));
        };
        outcome(self.call(Method::POST, &format!("{path}/{id}/confirm")).await?).await
    }

    /// The customer's default card, if one is stored.
    pub(super) async fn saved_card(&self, customer: Uuid) -> Result<Option<PaymentMethod>, reqwest::Error> {
        let listed = self.call(Method::GET, &format!("/v2/payment-methods?customer={customer}")).await?;
        let listed: Several<PaymentMethod> = listed.send().await?.error_for_status()?.json().await?;
        Ok(listed.data.into_iter().find(|card| card.default))
    }
}

/// The outcome of a payment, as far as a browser may know it: a decline without its reason.
async fn outcome(request: RequestBuilder) -> Result<(StatusCode, Value), reqwest::Error> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok((status, json!({ "data": shown(&response.json::<Single<Transaction>>().await?.data) })));
    }
    let failed: Option<Errors> = response.json().await.ok();
    let code = failed.as_ref().and_then(Errors::code);
    Ok((status, json!({ "errors": [{ "meta": { "code": code } }] })))
}

/// A payment as its receipt shows it: no token, and no letters of the address check.
fn shown(payment: &Transaction) -> Value {
    let Transaction { id, status, reference, payment_details, meta, .. } = payment;
    json!({
        "id": id,
        "status": status,
        "reference": reference,
        "payment_details": { "card": payment_details.card },
        "meta": { "display_price": meta.display_price, "created_at": meta.created_at },
    })
}
