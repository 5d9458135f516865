//! Settlement: a day of 100,000 lines read and matched by a process of its own, and the cost of
//! writing lines over their life.

mod report_server;
mod writes;

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use clap::Args;
use jiff::Timestamp;
use local::{JOURNAL_TABLE_NAME, Options, SETTLEMENT_TABLE_NAME, Stack, dynamodb_client};
use memory::{JournalTable, OrderTable};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tollgate::{
    cardpointe::CardPointeReports,
    dynamodb::{journal::DynamoDbEntries, settlement::DynamoDbSettlement},
    lambda::GATEWAY,
    publishing::settlement_news,
};
use tollgate_core::{
    journal::{Changes, Entry, Fact, Retention},
    order::{Cause, Kind, Mechanism, MerchantId, OrderKey, Principal},
    payments::{Deadline, Merchant, Merchants, MerchantsError, StoreError},
    settlement::{Reports, Settlement, SettlementReport, SettlementSettings, eastern_day},
    values::{Amount, Clock, Currency, SystemClock},
    webhooks::Everywhere,
};
use uuid::Uuid;

use self::{report_server::ReportServer, writes::count};
use crate::{
    figures::{Figures, number},
    processor,
    table::{Row, Table},
};

/// The function's limits in the template: with 1,769 MB it has one processor, and it ends after ten
/// minutes.
const MEMORY_MB: f64 = 1_769.0;
const ENDS_AFTER: Duration = Duration::from_mins(10);

/// Most write units of a line over its life, and most writes of an item in a run.
const UNITS_PER_LINE_MAX: f64 = 0.5;
const WRITES_OF_AN_ITEM_MAX: f64 = 1.0;

/// The account, and the amount of each payment in minor units.
const ACCOUNT: &str = "496160873888";
const AMOUNT: u64 = 2_599;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Lines of the day
    #[arg(long, default_value_t = 100_000)]
    lines: u32,
    /// Reads this server's reports into this table, as the process that is measured
    #[arg(long, num_args = 2, value_names = ["REPORTS", "DYNAMODB"], hide = true)]
    reads: Option<Vec<String>>,
}

/// Names of figures that the guard compares.
const UNITS_PER_LINE: &str = "settlement: write units per line over its life, at 1,000 a day";
const WRITES_OF_AN_ITEM: &str = "settlement: most writes of an item in a run, at 100 lines a day";

/// The measurements of the process.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    seconds: f64,
    processor_seconds: Option<f64>,
    peak_mb: Option<f64>,
    report: String,
    read: usize,
    records: u64,
    written: u64,
    open: u64,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
    fn table(&self, title: String) -> Table {
        Table::new(
            title,
            vec![
                Row::new("from the start to the end", self.seconds, "s").at_most(ENDS_AFTER.as_secs_f64()),
                Row::new("processor", self.processor_seconds.unwrap_or(f64::NAN), "s"),
                Row::new("peak memory", self.peak_mb.unwrap_or(f64::NAN), "MB").at_most(MEMORY_MB),
                Row::new("items of lines written", self.written as f64, ""),
            ],
        )
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    if let Some([reports, dynamodb]) = arguments.reads.as_deref() {
        let measured = read(reports, dynamodb, &arguments).await?;
        println!("{}", serde_json::to_string(&measured).map_err(|error| error.to_string())?);
        return Ok(());
    }
    let stack = Stack::start(Options::default()).await.map_err(|error| error.to_string())?;
    let server = ReportServer::start(arguments.lines).await?;
    println!(
        "A day of {} lines: {:.0} MB of batches and {:.0} MB of deposits.\n",
        arguments.lines, server.batches_mb, server.deposits_mb
    );
    for what in ["first", "again"] {
        let measured = in_a_process(&server.url, stack.dynamodb_url(), &arguments).await?;
        if measured.read != 1 || measured.open != 0 || measured.records < u64::from(arguments.lines) * 2 {
            return Err(format!("not all was read and matched: {}", measured.report));
        }
        println!("{}", measured.table(format!("Run: {what}")));
    }
    stack.stop().await;
    let counts = counts().await?;
    let rows = vec![
        counts.row(UNITS_PER_LINE).at_most(UNITS_PER_LINE_MAX),
        counts.row(WRITES_OF_AN_ITEM).at_most(WRITES_OF_AN_ITEM_MAX),
    ];
    println!("{}", Table::new("Writes of lines", rows));
    Ok(())
}

/// The cost of writing lines, as rows of the guard.
pub(crate) async fn counts() -> Result<Figures, String> {
    let written = count().await?;
    let mut counts = Figures::default();
    // To a thousandth, which is far finer than the guard's tolerance.
    counts.set(UNITS_PER_LINE, (written.units_per_line * 1_000.0).round() / 1_000.0);
    counts.set(WRITES_OF_AN_ITEM, number(written.most_of_an_item));
    Ok(counts)
}

/// Measures a process with one processor, as the function has.
async fn in_a_process(reports: &str, dynamodb: &str, arguments: &Arguments) -> Result<Measured, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program).arg("settlement");
    command.args(["--lines", &arguments.lines.to_string()]);
    command.args(["--reads", reports, dynamodb]).stderr(Stdio::inherit());
    let output = command.output().await.map_err(|error| format!("taskset: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|error| format!("{error}: {text}"))
}

async fn read(reports: &str, dynamodb: &str, arguments: &Arguments) -> Result<Measured, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (now, day) = (clock.now(), report_server::number_of(eastern_day(clock.now())));
    let taken: Vec<Taken> = (0..arguments.lines).map(|number| (reference(day, number), now)).collect();
    let journal = journal_of(&taken);
    let client = CardPointeReports::new(clock.clone()).map_err(|error| error.to_string())?;
    let mut settlement = settlement(Arc::new(client), (journal, clock), reports, dynamodb);
    let base_url = format!("{reports}/cardconnect/rest");
    settlement.merchants = Arc::new(OneMerchant { base_url });
    let (began, used) = (Instant::now(), processor::seconds_used());
    let report = settlement.run(Deadline::after(ENDS_AFTER)).await;
    Ok(Measured {
        seconds: began.elapsed().as_secs_f64(),
        processor_seconds: processor::seconds_used().zip(used).map(|(now, before)| now - before),
        peak_mb: peak_mb(),
        report: format!("{report:?}"),
        read: report.read,
        records: report.records,
        written: report.written,
        open: report.open,
    })
}

/// The objects that a run works with: everything but the journal and the reports is as deployed.
fn settlement(
    reports: Arc<dyn Reports>,
    (journal, clock): (Arc<JournalTable>, Arc<dyn Clock>),
    base_url: &str,
    dynamodb: &str,
) -> Settlement {
    let client = dynamodb_client(dynamodb);
    let entries = DynamoDbEntries::new(client.clone(), JOURNAL_TABLE_NAME.to_owned(), Retention::default());
    let store = DynamoDbSettlement::new(client, SETTLEMENT_TABLE_NAME.to_owned(), Retention::default());
    let store = Arc::new(store);
    // A run reads from it only the merchants that have entries.
    let totals = JournalTable::default();
    totals.extend(entry("0", clock.now()));
    Settlement {
        reports,
        log: journal,
        totals: Arc::new(totals),
        merchants: Arc::new(OneMerchant { base_url: format!("{base_url}/cardconnect/rest") }),
        lines: store.clone(),
        deposits: store.clone(),
        deposit_journal: Arc::new(entries),
        news: settlement_news(Arc::new(Everywhere(Vec::new()))),
        exceptions: store.clone(),
        progress: store,
        orders: Arc::new(OrderTable::default()),
        clock,
        settings: SettlementSettings { backfill_days: 0, ..SettlementSettings::default() },
    }
}

/// The most memory that this process ever had, in MB, as Linux counts it.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// The reference of a day's line.
fn reference(day: i64, number: u32) -> String {
    format!("{:012}", day * 1_000_000 + i64::from(number))
}

/// A payment's reference, and when it was taken.
type Taken = (String, Timestamp);

/// A journal of such purchases.
fn journal_of(payments: &[Taken]) -> Arc<JournalTable> {
    let journal = JournalTable::default();
    for (reference, at) in payments {
        journal.extend(entry(reference, *at));
    }
    Arc::new(journal)
}

fn merchant() -> Result<MerchantId, StoreError> {
    "bench".parse().map_err(|_| StoreError::Unavailable("no merchant".to_owned()))
}

fn entry(reference: &str, at: Timestamp) -> Result<Entry, StoreError> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, reference.as_bytes());
    let unavailable = |_| StoreError::Unavailable("no entry".to_owned());
    let order =
        format!("o{reference}").parse().map_err(|_| StoreError::Unavailable("no order".to_owned()))?;
    Ok(Entry {
        id,
        fact: Fact::Approved,
        at,
        order: OrderKey { merchant: merchant()?, order },
        transaction: id,
        operation: id,
        kind: Kind::Purchase,
        cause: Cause::Requested,
        mechanism: Mechanism::Automatic,
        by: Principal::Schedule,
        attribution: None,
        late: false,
        currency: Currency::USD,
        amount: Amount::new(AMOUNT).map_err(unavailable)?,
        fee: None,
        changes: Changes::default(),
        decline: None,
        settlement_rejected: false,
        reference: Some(reference.to_owned()),
        authcode: None,
        account: ACCOUNT.to_owned(),
        gateway_order_id: format!("TG{reference}"),
        brand: None,
        last_four: None,
        merchant_reference: None,
        by_hand: None,
        dispute_reason: None,
    })
}

/// The merchant, whose gateway is the server of the reports.
struct OneMerchant {
    base_url: String,
}

#[async_trait]
impl Merchants for OneMerchant {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let json = format!(
            r#"{{"keys": ["key-000000000001"], "token_signing_key": "{:032}", "orders": "external",
                "gateway": {{"base_url": "{}", "username": "user", "password": "password",
                             "merchids": {{"USD": "{ACCOUNT}"}}}}}}"#,
            1, self.base_url,
        );
        let merchant = tollgate::merchant_document::parse(id.clone(), &json, GATEWAY);
        merchant.map(Arc::new).map_err(|error| MerchantsError::Unavailable(error.to_string()))
    }
}

/// Checks that a run read its report and opened no exception.
fn check(report: &SettlementReport) -> Result<(), String> {
    if report.read == 1 && report.open == 0 { Ok(()) } else { Err(format!("not all fits: {report:?}")) }
}
