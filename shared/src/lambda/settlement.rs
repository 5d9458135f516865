//! Start-up of the function that reads the gateway's settlement. It reads reports, and has nothing
//! that could move money.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use lambda_http::Error;
use tollgate_core::{
    payments::Shards,
    settlement::{Settlement, SettlementSettings},
    values::{Clock, SystemClock},
};

use super::{Config, GATEWAY, JournalConfig, WrongVariable, begin, needed};
use crate::{
    cardpointe::CardPointeReports,
    dynamodb::{orders::DynamoDbStore, settlement::DynamoDbSettlement},
    ports::{JournalTotals, SettlementStores},
    publishing::settlement_news,
    secrets_manager::SecretsManagerMerchants,
};

/// Where settlement is kept; in Lambda it comes from the environment.
#[derive(Clone, Debug)]
pub struct SettlementConfig {
    /// The DynamoDB table of lines, deposits and exceptions (`SETTLEMENT_TABLE_NAME`).
    pub table: String,
    /// The journal, which it is matched with. Both are kept as long.
    pub journal: JournalConfig,
}

impl SettlementConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self { table: needed("SETTLEMENT_TABLE_NAME")?, journal: JournalConfig::from_env()? })
    }

    /// The stores of settlement. Nothing is called yet.
    pub fn stores(&self, http_client: &SharedHttpClient) -> SettlementStores {
        let JournalConfig { retention, aws, .. } = &self.journal;
        let store = DynamoDbSettlement::new(aws.dynamodb(http_client), self.table.clone(), *retention);
        let store = Arc::new(store);
        SettlementStores {
            lines: store.clone(),
            deposits: store.clone(),
            exceptions: store.clone(),
            progress: store,
        }
    }

    /// The use case that reads and matches the settlement of these merchants and announces new
    /// deposits. Nothing is called yet.
    pub fn settlement(
        &self,
        config: &Config,
        clock: &Arc<dyn Clock>,
        http_client: &SharedHttpClient,
    ) -> Result<Settlement, Error> {
        let JournalTotals { log, totals, clock } = self.journal.totals(None, clock, http_client);
        let (secrets, orders) = (config.aws.secrets_manager(http_client), config.aws.dynamodb(http_client));
        let shards = Shards { in_doubt: config.inquiries.shards, captures: config.captures.shards };
        let SettlementStores { lines, deposits, exceptions, progress } = self.stores(http_client);
        let merchants =
            SecretsManagerMerchants::new(secrets, config.merchants.clone(), GATEWAY, clock.clone());
        let orders = Arc::new(DynamoDbStore::new(orders, config.table.clone(), shards));
        Ok(Settlement {
            reports: Arc::new(CardPointeReports::new(clock.clone())?),
            log,
            totals,
            merchants: Arc::new(merchants),
            lines,
            deposits,
            deposit_journal: self.journal.deposits(http_client),
            news: settlement_news(orders.clone()),
            exceptions,
            progress,
            orders,
            clock,
            settings: SettlementSettings::default(),
        })
    }
}

/// The use case that reads and matches the settlement, from the function's environment.
pub fn start_settlement() -> Result<Settlement, Error> {
    let http_client = begin()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    SettlementConfig::from_env()?.settlement(&Config::from_env()?, &clock, &http_client)
}
