//! Lines as rows of one text: short, since each line costs a part of a write.

use std::collections::HashMap;

use jiff::civil::Date;
use tollgate_core::{
    payments::StoreError,
    settlement::{BatchStatus, Funded, FundedKind, FundedStatus, Line, Settled, SettledStatus},
    values::{Currency, SignedAmount},
};

use crate::dynamodb::{
    members::corrupt,
    words::{BATCHES, FUNDED, FUNDED_KINDS, SETTLED, meaning, word},
};

/// A word that is not recognized.
const OTHER: &str = "?";

/// Texts that many rows have, such as the ids of batches and deposits, and days; then the rows.
type Packed = (Vec<String>, Vec<Row>);

/// Reference, batches, deposits' lines. Numbers of texts count from 0.
type Row = (String, Vec<SettledRow>, Vec<FundedRow>);

/// Number of the batch's id, number of the day, statuses of line and batch, amount, our order id.
type SettledRow = (usize, usize, String, Option<SignedAmount>, Option<String>);

/// Line's id, number of the deposit's id, number of the day, kind and status, amount, numbers of
/// currency and batch.
type FundedRow = (String, usize, usize, String, SignedAmount, Option<usize>, Option<usize>);

/// Texts by number, as they are met.
#[derive(Default)]
struct Texts(Vec<String>, HashMap<String, usize>);

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.1.get(text) {
            return *number;
        }
        self.0.push(text.to_owned());
        self.1.insert(text.to_owned(), self.0.len() - 1);
        self.0.len() - 1
    }
}

/// The text of all lines of a pack.
pub(super) fn written(lines: &[&Line]) -> Result<String, StoreError> {
    let mut texts = Texts::default();
    let rows: Vec<Row> = lines.iter().map(|line| row(line, &mut texts)).collect();
    let packed: Packed = (texts.0, rows);
    serde_json::to_string(&packed).map_err(|_| corrupt("l"))
}

/// The lines of a text.
pub(super) fn read(text: &str) -> Result<Vec<Line>, StoreError> {
    let (texts, rows): Packed = serde_json::from_str(text).map_err(|_| corrupt("l"))?;
    rows.into_iter().map(|row| line(row, &texts)).collect()
}

fn row(line: &Line, texts: &mut Texts) -> Row {
    let mut settled_rows = Vec::new();
    for one in &line.settled {
        let status = word(SETTLED, &one.status).unwrap_or(OTHER).to_owned();
        let status = status + word(BATCHES, &one.batch_status).unwrap_or(OTHER);
        let (batch, day) = (texts.number(&one.batch), texts.number(&day(one.day)));
        settled_rows.push((batch, day, status, one.amount, one.gateway_order_id.clone()));
    }
    let mut funded_rows = Vec::new();
    for one in &line.funded {
        let kind = word(FUNDED_KINDS, &one.kind).unwrap_or(OTHER).to_owned();
        let status = kind + word(FUNDED, &one.status).unwrap_or(OTHER);
        let (deposit, day) = (texts.number(&one.deposit), texts.number(&day(one.day)));
        let currency = one.currency.map(|currency| texts.number(currency.code()));
        let batch = one.batch.as_ref().map(|batch| texts.number(batch));
        funded_rows.push((one.id.clone(), deposit, day, status, one.amount, currency, batch));
    }
    (line.reference.clone(), settled_rows, funded_rows)
}

/// The two letters of a status.
fn letters(status: &str) -> Result<(&str, &str), StoreError> {
    status.split_at_checked(1).ok_or_else(|| corrupt("l"))
}

fn line((reference, settled, funded): Row, texts: &[String]) -> Result<Line, StoreError> {
    let text = |number: usize| texts.get(number).ok_or_else(|| corrupt("l"));
    let settled = settled.into_iter().map(|(batch, day, status, amount, gateway_order_id)| {
        let (status, batch_status) = letters(&status)?;
        Ok(Settled {
            batch: text(batch)?.clone(),
            day: day_of(text(day)?)?,
            amount,
            status: meaning(SETTLED, status).unwrap_or(SettledStatus::Unrecognized),
            batch_status: meaning(BATCHES, batch_status).unwrap_or(BatchStatus::Unrecognized),
            gateway_order_id,
        })
    });
    let currency = |code: &String| Currency::parse(code).map_err(|_| corrupt("l"));
    let funded = funded.into_iter().map(|(id, deposit, day, status, amount, code, batch)| {
        let (kind, status) = letters(&status)?;
        Ok(Funded {
            id,
            deposit: text(deposit)?.clone(),
            day: day_of(text(day)?)?,
            kind: meaning(FUNDED_KINDS, kind).unwrap_or(FundedKind::Unrecognized),
            status: meaning(FUNDED, status).unwrap_or(FundedStatus::Unrecognized),
            amount,
            currency: code.map(|code| currency(text(code)?)).transpose()?,
            batch: batch.map(|batch| text(batch).cloned()).transpose()?,
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
