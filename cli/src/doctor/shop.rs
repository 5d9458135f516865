//! A merchant's Elastic Path store: its keys, its region, and its manual gateway.

use tollgate::{
    elastic_path_client::ElasticPathClient,
    merchant_document::{
        hosts::{AllowedHosts, ELASTIC_PATH},
        must_be_on,
    },
};
use tollgate_core::{
    order::{MerchantId, OrdersMode},
    payments::{Merchant, ShopAccount, ShopFailure},
};

use super::{Check, Mark};
use crate::{failure::Failure, installation::Installation};

/// The check of a merchant's store; none where its document names none.
pub(crate) async fn shop(installation: &Installation, id: &MerchantId, merchant: &Merchant) -> Option<Check> {
    let shop = merchant.shop.as_ref()?;
    let name = format!("Elastic Path of {id}");
    Some(match found(installation, merchant, shop).await {
        Ok(keys) if merchant.policy.orders == OrdersMode::ElasticPath => {
            Check::new(name, keys.mark, format!("{}, and the manual gateway is enabled", keys.found))
        }
        Ok(keys) => {
            let found = format!("{}, but nothing is read there without orders: elastic_path", keys.found);
            Check::new(name, Mark::Note, found)
        }
        Err(failure) => Check::of(name, Err(failure)),
    })
}

async fn found(
    installation: &Installation,
    merchant: &Merchant,
    shop: &ShopAccount,
) -> Result<Keys, Failure> {
    must_be_on(merchant, &installation.hosts).map_err(|error| Failure::Refused(error.to_string()))?;
    let client = ElasticPathClient::new(installation.clock.clone());
    let keys = keys(&client, shop, &installation.hosts.shops).await?;
    manual_gateway(&client, merchant).await?;
    Ok(keys)
}

/// The keys that a store takes.
struct Keys {
    mark: Mark,
    found: String,
}

async fn keys(client: &ElasticPathClient, shop: &ShopAccount, hosts: &AllowedHosts) -> Result<Keys, Failure> {
    let mut refused = Vec::new();
    for key in &shop.keys {
        if !client.takes_key(shop, key).await.map_err(|why| unavailable(&why))? {
            refused.push(key.client_id.as_str());
        }
    }
    if refused.len() == shop.keys.len() {
        return Err(Failure::Refused(match region_of(client, shop, hosts).await {
            Some(region) => format!(
                "the store is in another region: {region} takes the key, and elastic_path.base_url names {}",
                shop.endpoint
            ),
            None => format!("{} refuses the key {}", shop.endpoint, refused.join(" and ")),
        }));
    }
    let takes = format!("{} takes the key", shop.endpoint);
    Ok(match refused.first() {
        Some(refused) => {
            Keys { mark: Mark::Note, found: format!("{takes}, but not {refused}, which can go") }
        }
        None => Keys { mark: Mark::Good, found: takes },
    })
}

/// The other region, if the store is there. Only Elastic Path's own hosts are asked.
async fn region_of(
    client: &ElasticPathClient,
    shop: &ShopAccount,
    hosts: &AllowedHosts,
) -> Option<&'static str> {
    let is_at = |host: &str| shop.endpoint == format!("https://{host}");
    ELASTIC_PATH.into_iter().find(|host| is_at(host))?;
    let key = shop.keys.first()?;
    for host in ELASTIC_PATH.into_iter().filter(|host| !is_at(host)) {
        let other = ShopAccount { endpoint: format!("https://{host}"), ..shop.clone() };
        if hosts.allow(&other.endpoint) && client.takes_key(&other, key).await.unwrap_or_default() {
            return Some(host);
        }
    }
    None
}

async fn manual_gateway(client: &ElasticPathClient, merchant: &Merchant) -> Result<(), Failure> {
    if client.has_manual_gateway(merchant).await.map_err(|why| unavailable(&why))? {
        return Ok(());
    }
    let why = "the store's manual gateway is not enabled, as which Tollgate's payments are to be recorded: enable it \
               in Commerce Manager";
    Err(Failure::Refused(why.to_owned()))
}

fn unavailable(failure: &ShopFailure) -> Failure {
    Failure::Unavailable(failure.to_string())
}
