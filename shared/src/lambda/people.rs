//! The table of people, for the functions that let them in, and how they sign in.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::SignedDuration;
use lambda_http::Error;
use tollgate_core::values::Clock;

use super::{AwsSettings, SecretKind, WrongVariable, needed, optional, optional_number, secrets_prefix};
use crate::{
    dynamodb::people::DynamoDbPeople,
    openid::{HttpsIssuer, IdTokens, IssuerKeys, IssuerSettings, RegisteredClients, StrongSignIn},
    ports::{PeopleStores, SignIn},
};

/// How long entries of the audit trail are kept, in days, where nothing else is set.
pub const AUDIT_DAYS: u32 = 400;

/// Where people are kept.
#[derive(Clone, Debug)]
pub struct PeopleConfig {
    /// The DynamoDB table of people (`PEOPLE_TABLE_NAME`).
    pub table: String,
    /// How long entries of the audit trail are kept (`AUDIT_DAYS`).
    pub audit_kept: SignedDuration,
    /// Where the table is.
    pub aws: AwsSettings,
}

impl PeopleConfig {
    /// Reads the function's environment; none where the deployment has no people.
    pub fn from_env() -> Result<Option<Self>, WrongVariable> {
        optional("PEOPLE_TABLE_NAME").map(|_| Self::needed_from_env()).transpose()
    }

    /// The same for a function that is of no use without people.
    pub fn needed_from_env() -> Result<Self, WrongVariable> {
        let days = optional_number("AUDIT_DAYS", AUDIT_DAYS)?;
        Ok(Self {
            table: needed("PEOPLE_TABLE_NAME")?,
            audit_kept: SignedDuration::from_hours(24 * i64::from(days)),
            aws: AwsSettings::from_env()?,
        })
    }

    /// The table of people, over this HTTP client to AWS.
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

/// How people sign in.
#[derive(Clone, Debug)]
pub struct SignInConfig {
    /// The issuer and how far it is trusted (`OPENID_ISSUER`; `OPENID_SINGLE_TENANT`, `true` or
    /// `false`; `OPENID_AMR` or `OPENID_ACR`, words separated by commas).
    pub issuer: IssuerSettings,
    /// The secret with the registered clients (`SIGN_IN_CLIENTS`).
    pub clients: String,
    /// Where people are kept.
    pub people: PeopleConfig,
}

impl SignInConfig {
    /// Reads the function's environment; none where it names no issuer.
    pub fn from_env() -> Result<Option<Self>, WrongVariable> {
        let Some(url) = optional("OPENID_ISSUER") else { return Ok(None) };
        let people = PeopleConfig::needed_from_env()?;
        let (amr, acr) = (optional("OPENID_AMR"), optional("OPENID_ACR"));
        let strong = if amr.is_some() { "OPENID_AMR" } else { "OPENID_ACR" };
        let issuer = IssuerSettings {
            url: url.parse().map_err(|reason| WrongVariable::invalid("OPENID_ISSUER", reason))?,
            is_single_tenant: optional("OPENID_SINGLE_TENANT").as_deref() == Some("true"),
            required: StrongSignIn::from_lists(amr.as_deref(), acr.as_deref())
                .map_err(|reason| WrongVariable::invalid(strong, reason))?,
        };
        let clients = needed("SIGN_IN_CLIENTS")?;
        // A key that may read merchants would read it, too, and a merchant could be called so.
        if clients.starts_with(&secrets_prefix("MERCHANTS_PREFIX", SecretKind::Merchants)?) {
            return Err(WrongVariable::new("SIGN_IN_CLIENTS", "must not be below MERCHANTS_PREFIX"));
        }
        Ok(Some(Self { issuer, clients, people }))
    }

    pub(super) fn sign_in(
        &self,
        http_client: &SharedHttpClient,
        clock: &Arc<dyn Clock>,
    ) -> Result<SignIn, Error> {
        let issuer = self.issuer.clone();
        let keys = IssuerKeys::new(issuer.url.clone(), Arc::new(HttpsIssuer::new()?), clock.clone());
        let secrets = self.people.aws.secrets_manager(http_client);
        Ok(SignIn {
            id_tokens: IdTokens::new(issuer, keys, clock.clone()),
            clients: RegisteredClients::new(secrets, self.clients.clone(), clock.clone()),
            people: self.people.store(http_client),
        })
    }
}
