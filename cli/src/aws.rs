//! Requests that only an operator makes of AWS: writing a merchant's secret, the table's
//! description, and whose credentials these are.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeValue, KeyType, StreamViewType, TableDescription},
};
use aws_sdk_secretsmanager::operation::{
    create_secret::CreateSecretError, describe_secret::DescribeSecretError,
    get_secret_value::GetSecretValueError,
};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use aws_smithy_types::timeout::TimeoutConfig;
use secrecy::{ExposeSecret, SecretString};
use tollgate::{
    aws_client, aws_error,
    dynamodb::{Item, orders::switch::DynamoDbSwitch},
    secrets_manager::SecretKind,
};
use tollgate_core::{order::MerchantId, values::without_mark};

use crate::{
    failure::Failure,
    installation::{Installation, aws_http_client},
};

/// All tries of one call. A person waits for it.
const CALL_LIMIT: std::time::Duration = std::time::Duration::from_secs(15);

/// The operator's clients; nothing is called before a method is.
pub(crate) struct Aws {
    dynamodb: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    /// As the installation has it, or why it has none.
    merchants_prefix: Result<String, Failure>,
}

/// Who AWS takes us for.
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) arn: String,
}

/// A key or an index's key: partition, then sort key.
pub(crate) type Key = Vec<String>;

/// A table, as far as it matters here.
pub(crate) struct Table {
    pub(crate) is_active: bool,
    pub(crate) key: Key,
    pub(crate) indexes: Vec<Index>,
    /// Whether its stream holds the images that the journal and the events are made of.
    pub(crate) has_stream: bool,
}

/// One of its indexes.
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) is_active: bool,
    pub(crate) key: Key,
}

impl Aws {
    pub(crate) fn new(installation: &Installation) -> Result<Self, Failure> {
        let http_client = aws_http_client()?;
        // Three tries of a call, as everywhere; together they may take as long as a person waits.
        let limits = TimeoutConfig::builder().operation_timeout(CALL_LIMIT).build();
        Ok(Self {
            dynamodb: aws_client!(
                aws_sdk_dynamodb,
                installation,
                installation.dynamodb_url,
                limits.clone(),
                http_client
            ),
            secrets: aws_client!(
                aws_sdk_secretsmanager,
                installation,
                installation.secretsmanager_url,
                limits.clone(),
                http_client
            ),
            sts: aws_client!(aws_sdk_sts, installation, installation.sts_url, limits, http_client),
            merchants_prefix: installation.prefix(SecretKind::Merchants).map(str::to_owned),
        })
    }

    /// The name of a merchant's secret.
    pub(crate) fn secret_name(&self, id: &MerchantId) -> Result<String, Failure> {
        Ok(format!("{}{id}", self.merchants_prefix.as_ref().map_err(Clone::clone)?))
    }

    pub(crate) fn there_already(name: &str, id: &MerchantId) -> Failure {
        Failure::Refused(format!("{name} is there already; `merchant rotate-key {id}` gives it another key"))
    }

    /// A merchant's document as it is stored. None when there is none.
    pub(crate) async fn secret(&self, id: &MerchantId) -> Result<Option<SecretString>, Failure> {
        self.document(&self.secret_name(id)?).await
    }

    /// The merchants that have a secret, in the order of their ids.
    pub(crate) async fn merchants(&self) -> Result<Vec<MerchantId>, Failure> {
        let prefix = self.merchants_prefix.as_ref().map_err(Clone::clone)?;
        let (mut found, mut from) = (Vec::new(), None);
        let named = Filter::builder().key(FilterNameStringType::Name).values(prefix).build();
        loop {
            let request = self.secrets.list_secrets().filters(named.clone()).set_next_token(from);
            let page = request.send().await;
            let page = page.map_err(|error| unavailable("secretsmanager:ListSecrets", &error))?;
            // AWS's filter knows no capitals, and another stage's prefix can begin with this one.
            let ids = page
                .secret_list()
                .iter()
                .filter_map(|secret| secret.name()?.strip_prefix(prefix)?.parse().ok());
            found.extend(ids);
            from = page.next_token;
            if from.is_none() {
                found.sort_unstable_by_key(MerchantId::to_string);
                return Ok(found);
            }
        }
    }

    /// Whether a merchant has a secret. Reads nothing of it.
    pub(crate) async fn has_secret(&self, id: &MerchantId) -> Result<bool, Failure> {
        match self.secrets.describe_secret().secret_id(self.secret_name(id)?).send().await {
            Ok(secret) => Ok(secret.deleted_date.is_none()),
            Err(error) => match error.as_service_error() {
                Some(DescribeSecretError::ResourceNotFoundException(_)) => Ok(false),
                _ => Err(unavailable("secretsmanager:DescribeSecret", &error)),
            },
        }
    }

    /// A document by its secret's name. None when there is none.
    pub(crate) async fn document(&self, name: &str) -> Result<Option<SecretString>, Failure> {
        match self.secrets.get_secret_value().secret_id(name).send().await {
            Ok(secret) => {
                let text = secret.secret_string.map(|text| SecretString::from(without_mark(&text)));
                text.map(Some).ok_or_else(|| Failure::Input(format!("the secret {name} is not a text")))
            }
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(unavailable("secretsmanager:GetSecretValue", &error)),
            },
        }
    }

    /// Stores a new merchant's document, encrypted with this key or with AWS's own.
    pub(crate) async fn create_secret(
        &self,
        id: &MerchantId,
        document: &SecretString,
        kms_key_id: Option<&str>,
    ) -> Result<(), Failure> {
        let name = self.secret_name(id)?;
        let request = self.secrets.create_secret().name(&name).secret_string(document.expose_secret());
        let request = request.set_kms_key_id(kms_key_id.map(str::to_owned));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error() {
                Some(CreateSecretError::ResourceExistsException(_)) => Self::there_already(&name, id),
                _ => unavailable("secretsmanager:CreateSecret", &error),
            }),
        }
    }

    /// Replaces a merchant's document.
    pub(crate) async fn put_secret(&self, id: &MerchantId, document: &SecretString) -> Result<(), Failure> {
        self.replace_document(&self.secret_name(id)?, document).await
    }

    /// Stores a document that is not a merchant's own, new or in place of the one that is there.
    pub(crate) async fn put_document(
        &self,
        name: &str,
        document: &SecretString,
        is_new: bool,
    ) -> Result<(), Failure> {
        if !is_new {
            return self.replace_document(name, document).await;
        }
        let request = self.secrets.create_secret().name(name).secret_string(document.expose_secret());
        let created = request.send().await;
        created.map(drop).map_err(|error| unavailable("secretsmanager:CreateSecret", &error))
    }

    async fn replace_document(&self, name: &str, document: &SecretString) -> Result<(), Failure> {
        let request = self.secrets.put_secret_value().secret_id(name).secret_string(document.expose_secret());
        let put = request.send().await;
        put.map(drop).map_err(|error| unavailable("secretsmanager:PutSecretValue", &error))
    }

    /// The switch that stops payments.
    pub(crate) fn switch(&self, installation: &Installation) -> Result<DynamoDbSwitch, Failure> {
        let table = installation.table()?.to_owned();
        Ok(DynamoDbSwitch::new(self.dynamodb.clone(), table, installation.clock.clone(), false))
    }

    pub(crate) async fn table(&self, name: &str) -> Result<Table, Failure> {
        let response = self.dynamodb.describe_table().table_name(name).send().await;
        let response = response.map_err(|error| unavailable("dynamodb:DescribeTable", &error))?;
        let table =
            response.table.ok_or_else(|| Failure::NotThere(format!("the table {name} is not there")))?;
        Ok(described(&table))
    }

    /// One page of a table, and where the next one begins.
    pub(crate) async fn scan(
        &self,
        table: &str,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Failure> {
        let request = self.dynamodb.scan().table_name(table).set_exclusive_start_key(from);
        let page = request.send().await.map_err(|error| unavailable("dynamodb:Scan", &error))?;
        let next = page.last_evaluated_key;
        Ok((page.items.unwrap_or_default(), next))
    }

    /// Everything in one partition of a table.
    pub(crate) async fn partition(&self, table: &str, key: &str, value: &str) -> Result<Vec<Item>, Failure> {
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let request = self
                .dynamodb
                .query()
                .table_name(table)
                .key_condition_expression("#key = :value")
                .expression_attribute_names("#key", key)
                .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
                .set_exclusive_start_key(from);
            let page = request.send().await.map_err(|error| unavailable("dynamodb:Query", &error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    pub(crate) async fn delete<const N: usize>(
        &self,
        table: &str,
        key: [(&str, AttributeValue); N],
    ) -> Result<(), Failure> {
        let key = key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = self.dynamodb.delete_item().table_name(table).set_key(Some(key));
        request.send().await.map(drop).map_err(|error| unavailable("dynamodb:DeleteItem", &error))
    }

    pub(crate) async fn identity(&self) -> Result<Identity, Failure> {
        let response = self.sts.get_caller_identity().send().await;
        let response = response.map_err(|error| unavailable("sts:GetCallerIdentity", &error))?;
        Ok(Identity { account: response.account.unwrap_or_default(), arn: response.arn.unwrap_or_default() })
    }
}

fn described(table: &TableDescription) -> Table {
    let key = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
        let mut schema: Vec<_> = schema.iter().collect();
        schema.sort_by_key(|element| element.key_type != KeyType::Hash);
        schema.into_iter().map(|element| element.attribute_name.clone()).collect()
    };
    let indexes = table.global_secondary_indexes().iter().map(|index| Index {
        name: index.index_name().unwrap_or_default().to_owned(),
        // DynamoDB itself always says so; its replacement on a laptop may not.
        is_active: index.index_status().is_none_or(|status| status.as_str() == "ACTIVE"),
        key: key(index.key_schema()),
    });
    Table {
        is_active: table.table_status().is_some_and(|status| status.as_str() == "ACTIVE"),
        key: key(table.key_schema()),
        indexes: indexes.collect(),
        has_stream: table.stream_specification().is_some_and(|stream| {
            stream.stream_enabled() && stream.stream_view_type() == Some(&StreamViewType::NewAndOldImages)
        }),
    }
}

fn unavailable<E: ProvideErrorMetadata>(action: &str, error: &SdkError<E>) -> Failure {
    Failure::Unavailable(format!(
        "{action}: {}; look at region, credentials, this permission and the network",
        aws_error::describe(error)
    ))
}
