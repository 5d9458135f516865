//! Webhooks: a merchant's receivers, and the deliveries to them.

mod deliveries;
mod receivers;

pub(crate) use deliveries::{list, replay, test};
pub(crate) use receivers::{add, new_secret, remove, rotate};

use tollgate::{
    dynamodb::deliveries::DynamoDbDeliveries,
    lambda::WebhooksConfig,
    webhook_client::{Allowed, Settings},
};
use tollgate_core::payments::StoreError;

use crate::{
    args::WebhookPlace,
    failure::Failure,
    place::{Place, aws_http_client},
};

/// Where receivers may be: on a local stack also on this machine.
fn allowed(place: &Place) -> Allowed {
    if place.is_local { Allowed::PublicAndLoopback } else { Allowed::Public }
}

/// The table of deliveries.
fn deliveries(place: &Place, at: &WebhookPlace) -> Result<DynamoDbDeliveries, Failure> {
    let config = WebhooksConfig {
        table: place.webhooks_table(at.webhooks_table.as_deref())?,
        receivers: Settings {
            prefix: String::new(),
            fresh_for: jiff::SignedDuration::ZERO,
            allowed: allowed(place),
        },
        aws: place.at_aws(),
    };
    Ok(config.deliveries_with(&aws_http_client()?))
}

fn unavailable(error: &StoreError) -> Failure {
    Failure::Unavailable(format!(
        "{error}; look at --webhooks-table, region, credentials and the permissions of docs/cli.md"
    ))
}
