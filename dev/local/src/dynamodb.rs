//! DynamoDB: dynoxide in this process, and the table that the template declares. The only file that
//! names dynoxide.

use std::{error::Error, future::Future, iter::successors, path::Path, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
    },
};
use dynoxide::Database;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{
    resources::REGION,
    template::{Key, Table},
};

/// The file inside `--data`.
const DATA_FILE: &str = "tollgate.sqlite";

/// How often a new table is looked at until it can be used, 100 ms apart.
const ACTIVE_CHECKS: usize = 100;

/// The longest wait for one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Without it, dynoxide reads all earlier changes of a table with each write, to number the change,
/// and with each look at the stream: twenty thousand payments take an hour.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS tollgate_stream_order
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Opens the database: a file in `data`, or memory.
pub(crate) fn open(data: Option<&Path>) -> Result<Database, String> {
    let path = match data {
        // Memory that has a name: a second connection can get to it.
        None => format!("file:/{}?vfs=memdb", Uuid::new_v4()),
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
            let file = directory.join(DATA_FILE);
            file.to_str().ok_or("the path is not valid UTF-8")?.to_owned()
        }
    };
    let database = Database::new(&path).map_err(|error| error.to_string())?;
    // Not safe when the machine stops, which is fine for a local stack: it is safe when the process
    // is killed, and waiting for the disk with each write makes every payment several times as
    // slow.
    database.enable_bulk_loading().map_err(|error| error.to_string())?;
    let connection = rusqlite::Connection::open(&path).map_err(|error| error.to_string())?;
    connection.execute_batch(STREAM_INDEX).map_err(|error| error.to_string())?;
    Ok(database)
}

/// Whether nothing was kept in this directory yet.
pub fn is_new(directory: &Path) -> bool {
    !directory.join(DATA_FILE).exists()
}

/// Serves the database until `stop` resolves.
pub(crate) fn serve(
    listener: TcpListener,
    database: Database,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop).await {
            tracing::error!(error, "DynamoDB stopped");
        }
    })
}

/// A client of a DynamoDB on this machine, for who is no function: a test, a measurement.
pub fn client(url: &str) -> Client {
    Client::from_conf(config(url).build())
}

fn config(url: &str) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(url)
        .credentials_provider(Credentials::new("local", "local", None, None, "local stack"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// A DynamoDB to which the stack talks as the functions do.
pub(crate) struct Tables {
    client: Client,
}

impl Tables {
    pub(crate) fn new(url: &str) -> Self {
        // At start-up, a server that does not respond is a mistake to report, not one to wait for.
        let limits = TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build();
        let config = config(url).retry_config(RetryConfig::disabled()).timeout_config(limits);
        Self { client: Client::from_conf(config.build()) }
    }

    /// Creates the table, unless it is there; true when it is new.
    pub(crate) async fn ensure(&self, name: &str, table: &Table) -> Result<bool, String> {
        let mut request =
            self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for attribute in &table.attribute_definitions {
            let definition = AttributeDefinition::builder()
                .attribute_name(&attribute.attribute_name)
                .attribute_type(ScalarAttributeType::from(attribute.attribute_type.as_str()))
                .build()
                .map_err(|error| error.to_string())?;
            request = request.attribute_definitions(definition);
        }
        request = request.set_key_schema(Some(key_schema(&table.key_schema)?));
        for index in &table.global_secondary_indexes {
            let kind = ProjectionType::from(index.projection.projection_type.as_str());
            let included = index.projection.non_key_attributes.clone();
            let projection = Projection::builder()
                .projection_type(kind)
                .set_non_key_attributes(Some(included).filter(|names| !names.is_empty()))
                .build();
            let index = GlobalSecondaryIndex::builder()
                .index_name(&index.index_name)
                .set_key_schema(Some(key_schema(&index.key_schema)?))
                .projection(projection)
                .build()
                .map_err(|error| error.to_string())?;
            request = request.global_secondary_indexes(index);
        }
        let stream = stream(table)?;
        match request.set_stream_specification(stream.clone()).send().await {
            Ok(_) => self.wait_until_active(name).await.map(|()| true),
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => {
                    self.ensure_stream(name, stream).await.map(|()| false)
                }
                _ => Err(reason(&error)),
            },
        }
    }

    /// A table that was restored or imported has no stream.
    async fn ensure_stream(&self, name: &str, stream: Option<StreamSpecification>) -> Result<(), String> {
        let answer = self.client.describe_table().table_name(name).send().await;
        let answer = answer.map_err(|error| reason(&error))?;
        let there = answer.table().and_then(|table| table.stream_specification());
        if stream.is_none() || there.is_some_and(StreamSpecification::stream_enabled) {
            return Ok(());
        }
        let request = self.client.update_table().table_name(name).set_stream_specification(stream);
        request.send().await.map_err(|error| reason(&error))?;
        self.wait_until_active(name).await
    }

    /// Whether the table holds nothing.
    pub(crate) async fn is_empty(&self, name: &str) -> Result<bool, String> {
        let page = self.client.scan().table_name(name).limit(1).send().await;
        page.map(|page| page.count() == 0).map_err(|error| reason(&error))
    }

    /// Dynoxide's tables are there at once; other servers take their time.
    async fn wait_until_active(&self, name: &str) -> Result<(), String> {
        for _ in 0..ACTIVE_CHECKS {
            let answer = self.client.describe_table().table_name(name).send().await;
            let answer = answer.map_err(|error| reason(&error))?;
            if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("the table {name} did not become active"))
    }
}

fn stream(table: &Table) -> Result<Option<StreamSpecification>, String> {
    let view = |stream: &crate::template::StreamSpecification| {
        let kind = StreamViewType::from(stream.stream_view_type.as_str());
        let built = StreamSpecification::builder().stream_enabled(true).stream_view_type(kind).build();
        built.map_err(|error| error.to_string())
    };
    table.stream_specification.as_ref().map(view).transpose()
}

fn key_schema(keys: &[Key]) -> Result<Vec<KeySchemaElement>, String> {
    let element = |key: &Key| {
        KeySchemaElement::builder()
            .attribute_name(&key.attribute_name)
            .key_type(KeyType::from(key.key_type.as_str()))
            .build()
            .map_err(|error| error.to_string())
    };
    keys.iter().map(element).collect()
}

/// An error and its causes, from the outside in, in one line; an SDK error on its own says little.
pub(crate) fn reason(error: &dyn Error) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
