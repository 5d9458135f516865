//! `GET /v2/gateways`: the gateway that a merchant's payments go through, as Elastic Path's clients
//! ask for it. Its settings are in the merchant's document and are neither shown nor changed here.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::payments::Role;

use crate::{
    api::{Caller, Failure, Handled, Reply},
    elastic_path::{
        request::Parameters,
        response::{GATEWAY, enveloped},
    },
    ports::Api,
};

handlers! {
    /// `GET /v2/gateways`: the only one.
    list_gateways(Api) => list();
    /// `GET /v2/gateways/card_connect`: the same.
    get_gateway(Api) => read();
}

async fn list(api: &Api, request: &Request) -> Handled<Value> {
    Ok(Reply::new(200, enveloped(Value::Array(vec![gateway(api, request).await?]))))
}

async fn read(api: &Api, request: &Request) -> Handled<Value> {
    Ok(Reply::new(200, enveloped(gateway(api, request).await?)))
}

async fn gateway(api: &Api, request: &Request) -> Result<Value, Failure> {
    let caller = Caller::merchant(&api.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let is_live = api.payments.gateway.info().is_live(&caller.merchant.gateway.any_route());
    Ok(json!({
        "id": GATEWAY,
        "type": "gateway",
        "name": "CardConnect",
        "slug": GATEWAY,
        "enabled": true,
        "test": !is_live,
    }))
}
