//! The cost of writing lines over their life: days of payments that settle and are funded, read
//! twice a day.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cardpointe_simulator::{Config, ManySettled, Merchant, Processor, Simulator};
use futures_util::{StreamExt as _, stream};
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, date},
    tz::TimeZone,
};
use local::{Options, Stack};
use memory::SetClock;
use serde_json::Value;
use tollgate::{
    cardpointe::{
        CardPointeReports,
        transport::{Request, StreamedResponse, StreamingTransport, TransportError},
    },
    dynamodb::item_size,
};
use tollgate_core::{payments::Deadline, values::Clock};

use super::{ACCOUNT, Taken, check, journal_of, settlement};
use crate::{
    dynamodb::{from_wire, units},
    proxy::Proxy,
};

/// Monday to Thursday, so that all is funded by Friday.
const DAYS: i8 = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// At 1,000 lines a day: write units of items of lines, for each line, until nothing changes
    /// any more.
    pub(super) units_per_line: f64,
    /// At 100 lines a day: how often an item of lines was written in one run, at most.
    pub(super) most_of_an_item: usize,
}

pub(super) async fn count() -> Result<Written, String> {
    let (units, _) = live(1_000).await?;
    let (_, most_of_an_item) = live(100).await?;
    Ok(Written { units_per_line: units / (1_000.0 * f64::from(DAYS)), most_of_an_item })
}

/// It is half past this hour of a day, Eastern.
fn set(clock: &SetClock, day: Date, hour: i8) -> Result<(), String> {
    let eastern = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").map_err(|error| error.to_string())?;
    let at = day.at(hour, 30, 0, 0).to_zoned(eastern).map_err(|error| error.to_string())?;
    clock.set(at.timestamp());
    Ok(())
}

/// The simulator in process.
struct Gateway(Simulator);

impl StreamingTransport for Gateway {
    async fn open(&self, request: Request<'_>) -> Result<StreamedResponse, TransportError> {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let credentials = BASE64_STANDARD.encode("user:password");
        let builder =
            axum::http::Request::get(request.url).header("authorization", format!("Basic {credentials}"));
        let request = builder.body(Vec::new()).map_err(|_| TransportError::NotConnected)?;
        let response = self.0.respond(&request);
        let body = stream::iter([Ok(response.body)]).boxed();
        Ok(StreamedResponse { status: response.status.as_u16(), retry_after: None, body })
    }
}

/// Days of so many payments: units of all writes of lines, and how often an item was written in one
/// run at most.
async fn live(lines: u32) -> Result<(f64, usize), String> {
    let stack = Stack::start(Options::default()).await.map_err(|error| error.to_string())?;
    let table = Proxy::to(stack.dynamodb_url()).await?;
    let clock = Arc::new(SetClock::at(Timestamp::UNIX_EPOCH));
    let account = Merchant {
        username: "user".to_owned(),
        password: "password".to_owned(),
        ..Merchant::new(ACCOUNT, Processor::Fnor, "USD")
    };
    let own = clock.clone();
    let config = Config { merchants: vec![account], ..Config::default() };
    let simulator = Simulator::new(config, move || own.now());
    let (mut payments, mut units, mut most) = (Vec::new(), 0.0, 0);
    for number in 0..DAYS + 4 {
        let day = date(2026, 11, 9) + i64::from(number).days();
        for hour in [14, 22] {
            set(&clock, day, hour)?;
            if hour == 22 && number < DAYS {
                payments.extend(paid(&simulator, day, lines)?);
            }
            let journal = journal_of(&payments);
            let shared: Arc<dyn Clock> = clock.clone();
            let reports = Arc::new(CardPointeReports::over(Gateway(simulator.clone()), shared.clone()));
            let run = settlement(reports, (journal, shared), "http://127.0.0.1:1", table.url());
            table.keep(true);
            check(&run.run(Deadline::after(Duration::from_mins(10))).await)?;
            let (of_run, most_of_run) = of_lines(&table);
            table.keep(false);
            (units, most) = (units + of_run, most.max(most_of_run));
        }
    }
    stack.stop().await;
    Ok((units, most))
}

/// A day's payments, taken from midnight to the cut-off; their references with when they were
/// taken.
fn paid(simulator: &Simulator, day: Date, lines: u32) -> Result<Vec<Taken>, String> {
    let minor_units = i64::try_from(super::AMOUNT).unwrap_or(i64::MAX);
    let order_prefix = format!("TG{day}-");
    let merchid = ACCOUNT.to_owned();
    let many = ManySettled { merchid, day, count: lines, minor_units, order_prefix };
    let cutoff = simulator.now() - SignedDuration::from_mins(90);
    let references = simulator.add_settled(&many)?;
    let apart_s = 20 * 3_600 / i64::from(lines);
    let at = |number: usize| {
        cutoff - SignedDuration::from_secs(apart_s * i64::try_from(number).unwrap_or_default())
    };
    Ok(references.into_iter().enumerate().map(|(number, reference)| (reference, at(number))).collect())
}

/// The write units of lines since calls are kept, and how often one item was written.
fn of_lines(table: &Proxy) -> (f64, usize) {
    let (mut sum, mut times) = (0.0, HashMap::<(String, String), usize>::new());
    for call in table.take().into_iter().filter(|call| call.what == "PutItem") {
        let request: Value = serde_json::from_slice(&call.request).unwrap_or_default();
        let Some(item) = request.get("Item").and_then(from_wire) else { continue };
        let text = |name: &str| item.get(name).and_then(|one| one.as_s().ok()).cloned().unwrap_or_default();
        if text("b").starts_with("lines#") {
            sum += units(item_size(&item), 1024);
            *times.entry((text("b"), text("s"))).or_default() += 1;
        }
    }
    (sum, times.values().copied().max().unwrap_or_default())
}
