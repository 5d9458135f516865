//! Whether stored items can be read: a sample of the tables. One that cannot be read stops no
//! other, so it is noticed only where it is looked for.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::dynamodb::{Item, orders::stream::whole_order, people, settlement};
use tollgate_core::payments::Unreadable;
use uuid::Uuid;

use super::{Check, Mark};
use crate::{aws::Aws, failure::Failure, installation::Installation};

/// Keys that are named at most.
const NAMED: usize = 5;

/// The key of the tables beside that of orders.
const KEYS: [&str; 2] = ["b", "s"];

/// How many items of a table were read, and the keys of those that cannot be read, with the reason.
struct Sample {
    read: usize,
    bad: Vec<String>,
}

/// A check of each table that the installation names.
pub(super) async fn checks(installation: &Installation, aws: &Aws) -> Vec<Check> {
    let mut checks = vec![check("stored orders", orders(installation, aws).await)];
    if let Ok(config) = installation.settlement() {
        checks.push(check("stored settlement", items(aws, &config.table, settlement::check).await));
    }
    if let Ok(config) = installation.people() {
        checks.push(check("stored people", items(aws, &config.table, people::check).await));
    }
    checks
}

fn check(what: &str, sample: Result<Sample, Failure>) -> Check {
    match sample {
        Ok(Sample { read, bad }) if bad.is_empty() => {
            Check::new(what, Mark::Good, format!("{read} of {read} in a sample can be read"))
        }
        Ok(Sample { read, bad }) => {
            let keys: Vec<&str> = bad.iter().take(NAMED).map(String::as_str).collect();
            let found = format!("{} of {read} in a sample cannot be read: {}", bad.len(), keys.join("; "));
            Check::new(what, Mark::Bad, found)
        }
        Err(failure) => Check::of(what, Err(failure)),
    }
}

async fn orders(installation: &Installation, aws: &Aws) -> Result<Sample, Failure> {
    let items = page(aws, installation.table()?, &["order_key"]).await?;
    let changes: Vec<_> = items.into_iter().filter_map(whole_order).collect();
    let bad = changes.iter().filter_map(|change| {
        let error = change.orders.as_ref().err()?;
        Some(format!("{} ({error})", change.key))
    });
    Ok(Sample { read: changes.len(), bad: bad.collect() })
}

async fn items(aws: &Aws, table: &str, read: fn(Item) -> Result<(), Unreadable>) -> Result<Sample, Failure> {
    let items = page(aws, table, &KEYS).await?;
    let count = items.len();
    let bad = items.into_iter().filter_map(|item| read(item).err());
    Ok(Sample { read: count, bad: bad.map(|bad| format!("{} ({})", bad.key, bad.reason)).collect() })
}

/// One page of a scan, a megabyte at most, from a place that is drawn: another one each time.
async fn page(aws: &Aws, table: &str, keys: &[&str]) -> Result<Vec<Item>, Failure> {
    let drawn = || AttributeValue::S(Uuid::new_v4().to_string());
    let anywhere: HashMap<_, _> = keys.iter().map(|name| ((*name).to_owned(), drawn())).collect();
    let (items, _) = aws.scan(table, Some(anywhere)).await?;
    if !items.is_empty() {
        return Ok(items);
    }
    // The place was behind the last item.
    Ok(aws.scan(table, None).await?.0)
}
