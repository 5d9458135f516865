//! `GET /v2/gateways`: the gateway that a merchant's payments go through, as Elastic Path's clients
//! ask for it. Its settings are in the merchant's document and are neither shown nor changed here.

use lambda_http::Request;
use tollgate_core::payments::Role;
use tollgate_wire::{
    Gateway, GatewaysBody, Single,
    constant::{CardConnect, CardConnectName, GatewayType, True},
};

use crate::{
    api::{Caller, Failure, Handled, Reply},
    elastic_path::request::Parameters,
    ports::Api,
};

handlers! {
    /// `GET /v2/gateways`: the only one.
    list_gateways(Api) => list();
    /// `GET /v2/gateways/card_connect`: the same.
    get_gateway(Api) => read();
}

async fn list(api: &Api, request: &Request) -> Handled<GatewaysBody> {
    Ok(Reply::new(200, GatewaysBody { data: [gateway(api, request).await?] }))
}

async fn read(api: &Api, request: &Request) -> Handled<Single<Gateway>> {
    Ok(Reply::new(200, Single { data: gateway(api, request).await? }))
}

async fn gateway(api: &Api, request: &Request) -> Result<Gateway, Failure> {
    let caller = Caller::merchant(&api.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let is_live = api.payments.gateway.info().is_live(&caller.merchant.gateway.any_route());
    Ok(Gateway {
        id: CardConnect,
        kind: GatewayType,
        name: CardConnectName,
        slug: CardConnect,
        enabled: True,
        test: !is_live,
    })
}
