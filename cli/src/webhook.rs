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
    args::WebhooksTable,
    failure::Failure,
    installation::{Installation, aws_http_client},
};

/// Where receivers may be: on a local stack also on this machine.
fn allowed(installation: &Installation) -> Allowed {
    if installation.is_local { Allowed::PublicAndLoopback } else { Allowed::Public }
}

/// The table of deliveries.
fn deliveries(installation: &Installation, at: &WebhooksTable) -> Result<DynamoDbDeliveries, Failure> {
    let config = WebhooksConfig {
        table: installation.webhooks_table(at.webhooks_table.as_deref())?,
        receivers: Settings {
            prefix: String::new(),
            fresh_for: jiff::SignedDuration::ZERO,
            allowed: allowed(installation),
        },
        aws: installation.at_aws(),
    };
    Ok(config.deliveries_with(&aws_http_client()?))
}

fn unavailable(error: &StoreError) -> Failure {
    Failure::Unavailable(format!(
        "{error}; look at --webhooks-table, region, credentials and the permissions of docs/cli.md"
    ))
}
