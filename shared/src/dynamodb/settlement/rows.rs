//! Lines as rows of one text: short, since each line costs a part of a write.

use jiff::civil::Date;
use tollgate_core::{
    payments::StoreError,
    settlement::{BatchStatus, Funded, FundedKind, FundedStatus, Line, Settled, SettledStatus},
    values::Currency,
};

use crate::dynamodb::{
    members::corrupt,
    words::{BATCHES, FUNDED, FUNDED_KINDS, SETTLED, meaning, word},
};

/// A word that is not recognized.
const OTHER: &str = "?";

/// Reference, batches, deposits' lines.
type Row = (String, Vec<SettledRow>, Vec<FundedRow>);

/// Batch, day, statuses of line and batch, amount, our order id.
type SettledRow = (String, String, String, String, Option<i64>, Option<String>);

/// Line's id, deposit, day, kind, status, amount, currency, batch.
type FundedRow = (String, String, String, String, String, i64, Option<String>, Option<String>);

/// The text of all lines of a place.
pub(super) fn written(lines: &[Line]) -> Result<String, StoreError> {
    let rows: Vec<Row> = lines.iter().map(row).collect();
    serde_json::to_string(&rows).map_err(|_| corrupt("l"))
}

/// The lines of a text.
pub(super) fn read(text: &str) -> Result<Vec<Line>, StoreError> {
    let rows: Vec<Row> = serde_json::from_str(text).map_err(|_| corrupt("l"))?;
    rows.into_iter().map(line).collect()
}

fn row(line: &Line) -> Row {
    let settled = line.settled.iter().map(|one| {
        let status = word(SETTLED, &one.status).unwrap_or(OTHER).to_owned();
        let batch_status = word(BATCHES, &one.batch_status).unwrap_or(OTHER).to_owned();
        (one.batch.clone(), day(one.day), status, batch_status, one.amount, one.gateway_order_id.clone())
    });
    let funded = line.funded.iter().map(|one| {
        let kind = word(FUNDED_KINDS, &one.kind).unwrap_or(OTHER).to_owned();
        let status = word(FUNDED, &one.status).unwrap_or(OTHER).to_owned();
        let currency = one.currency.map(|currency| currency.code().to_owned());
        let (id, deposit) = (one.id.clone(), one.deposit.clone());
        (id, deposit, day(one.day), kind, status, one.amount, currency, one.batch.clone())
    });
    (line.reference.clone(), settled.collect(), funded.collect())
}

fn line((reference, settled, funded): Row) -> Result<Line, StoreError> {
    let settled = settled.into_iter().map(|(batch, day, status, batch_status, amount, gateway_order_id)| {
        Ok(Settled {
            batch,
            day: day_of(&day)?,
            amount,
            status: meaning(SETTLED, &status).unwrap_or(SettledStatus::Unrecognized),
            batch_status: meaning(BATCHES, &batch_status).unwrap_or(BatchStatus::Unrecognized),
            gateway_order_id,
        })
    });
    let funded = funded.into_iter().map(|(id, deposit, day, kind, status, amount, currency, batch)| {
        Ok(Funded {
            id,
            deposit,
            day: day_of(&day)?,
            kind: meaning(FUNDED_KINDS, &kind).unwrap_or(FundedKind::Unrecognized),
            status: meaning(FUNDED, &status).unwrap_or(FundedStatus::Unrecognized),
            amount,
            currency: currency.map(|code| Currency::parse(&code).map_err(|_| corrupt("l"))).transpose()?,
            batch,
        })
    });
    let (settled, funded): (Result<_, StoreError>, Result<_, StoreError>) =
        (settled.collect(), funded.collect());
    Ok(Line { reference, settled: settled?, funded: funded? })
}

fn day(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn day_of(text: &str) -> Result<Date, StoreError> {
    Date::strptime("%Y%m%d", text).map_err(|_| corrupt("l"))
}
