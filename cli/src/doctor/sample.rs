//! Whether stored orders can be read: a sample of the table. An order that cannot be read stops no other, so it is
//! noticed only where it is looked for.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::dynamodb::orders::stream::whole_order;
use uuid::Uuid;

use super::{Check, Mark};
use crate::{aws::Aws, failure::Failure, place::Place};

/// Keys that are named at most.
const NAMED: usize = 5;

pub(super) async fn check(place: &Place, aws: &Aws) -> Check {
    const WHAT: &str = "stored orders";
    match sample(place, aws).await {
        Ok((read, bad)) if bad.is_empty() => {
            Check::new(WHAT, Mark::Good, format!("{read} of {read} in a sample can be read"))
        }
        Ok((read, bad)) => {
            let keys: Vec<&str> = bad.iter().take(NAMED).map(String::as_str).collect();
            let found = format!("{} of {read} in a sample cannot be read: {}", bad.len(), keys.join("; "));
            Check::new(WHAT, Mark::Bad, found)
        }
        Err(failure) => Check::of(WHAT, Err(failure)),
    }
}

/// How many orders were read, and the keys of those that cannot be read, with the reason.
///
/// One page of a scan, a megabyte at most, from a place that is drawn: another one each time.
async fn sample(place: &Place, aws: &Aws) -> Result<(usize, Vec<String>), Failure> {
    let table = place.table()?;
    let anywhere = HashMap::from([("order_key".to_owned(), AttributeValue::S(Uuid::new_v4().to_string()))]);
    let (mut items, _) = aws.scan(table, Some(anywhere)).await?;
    if items.is_empty() {
        // The place was behind the last item.
        (items, _) = aws.scan(table, None).await?;
    }
    let changes: Vec<_> = items.into_iter().filter_map(whole_order).collect();
    let bad = changes.iter().filter_map(|change| {
        let error = change.orders.as_ref().err()?;
        Some(format!("{} ({error})", change.key))
    });
    Ok((changes.len(), bad.collect()))
}
