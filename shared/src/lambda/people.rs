//! The table of people, for the functions that let them in.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use lambda_http::Error;

use super::{AwsPlace, needed, optional, optional_number};
use crate::{dynamodb::people::DynamoDbPeople, ports::PeopleStores};

/// How long entries of the audit trail are kept, in days, where nothing else is set.
pub const AUDIT_DAYS: usize = 400;

/// Where people are kept.
#[derive(Clone, Debug)]
pub struct PeopleConfig {
    /// The DynamoDB table of people (`PEOPLE_TABLE_NAME`).
    pub table: String,
    /// How long entries of the audit trail are kept (`AUDIT_DAYS`).
    pub audit_kept: SignedDuration,
    /// Where the table is.
    pub aws: AwsPlace,
}

impl PeopleConfig {
    /// Reads the function's environment; none where the deployment has no people.
    pub fn from_env() -> Result<Option<Self>, Error> {
        if optional("PEOPLE_TABLE_NAME").is_none() {
            return Ok(None);
        }
        let days = i64::try_from(optional_number("AUDIT_DAYS", AUDIT_DAYS)?)?;
        Ok(Some(Self {
            table: needed("PEOPLE_TABLE_NAME")?,
            audit_kept: SignedDuration::from_hours(24 * days),
            aws: AwsPlace::from_env()?,
        }))
    }

    /// The table of people, over what carries requests to AWS.
    pub fn store(&self, http_client: &SharedHttpClient) -> Arc<DynamoDbPeople> {
        let client = self.aws.dynamodb(http_client);
        Arc::new(DynamoDbPeople::new(client, self.table.clone(), self.audit_kept))
    }

    /// People and the audit trail, to be read and changed.
    pub fn stores(&self, http_client: &SharedHttpClient) -> PeopleStores {
        let store = self.store(http_client);
        PeopleStores { people: store.clone(), audit: store }
    }
}
