//! `settlestat`: the batches of a day, with what became of each of their transactions.

use jiff::civil::Date;
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess},
};
use tollgate_core::settlement::{BatchStatus, Settled, SettledRecord, SettledStatus};

use super::loose::{Loose, ReportParser, State, each};

/// Longest id; the gateway's own have up to 30 characters.
const ID_MAX_CHARS: usize = 40;

/// Reads the batches of a day.
pub(super) struct Batches {
    /// The day that was requested.
    pub(super) day: Date,
}

/// What a batch says of itself. Its members come in any order.
#[derive(Default)]
struct Header {
    batch: Option<String>,
    status: Option<BatchStatus>,
}

/// A transaction of a batch, as it is stated.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Transaction {
    retref: Loose,
    setlamount: Loose,
    setlstat: Loose,
    salesdoc: Loose,
}

/// The same, as far as it does not depend on its batch. One that comes before its batch's id waits in this form.
struct Part {
    reference: String,
    amount: Option<i64>,
    status: SettledStatus,
    gateway_order_id: Option<String>,
}

impl Transaction {
    fn part(self) -> Result<Part, &'static str> {
        Ok(Part {
            amount: self.setlamount.minor()?,
            reference: self.retref.text(ID_MAX_CHARS).ok_or("a transaction without its reference")?,
            status: settled_status(self.setlstat.0.as_deref()),
            gateway_order_id: self.salesdoc.text(ID_MAX_CHARS),
        })
    }
}

impl Part {
    fn record(self, day: Date, batch: &str, batch_status: BatchStatus) -> SettledRecord {
        let Self { reference, amount, status, gateway_order_id } = self;
        let batch = batch.to_owned();
        SettledRecord {
            reference,
            settled: Settled { batch, day, amount, status, batch_status, gateway_order_id },
        }
    }
}

impl ReportParser for Batches {
    type Record = SettledRecord;

    fn object<'de, M: MapAccess<'de>>(
        &self,
        mut map: M,
        to: &mut State<'_, SettledRecord>,
    ) -> Result<(), M::Error> {
        let (mut header, mut held, mut wrong) = (Header::default(), Vec::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "batchid" => header.batch = map.next_value::<Loose>()?.text(ID_MAX_CHARS),
                "hoststat" => header.status = Some(batch_status(map.next_value::<Loose>()?.0.as_deref())),
                "txns" => {
                    let known = header.batch.as_deref().zip(header.status);
                    let each = each(|transaction: Transaction| {
                        let part = transaction.part().inspect_err(|what| wrong = Some(*what))?;
                        let Some((batch, status)) = known else {
                            held.push(part);
                            return Ok(());
                        };
                        to.emit::<serde::de::value::Error>(part.record(self.day, batch, status))
                            .map_err(|_| "nothing takes it")
                    });
                    map.next_value_seed(each).map_err(|error| match wrong {
                        Some(wrong) => to.fail(wrong),
                        None => error,
                    })?;
                }
                "errormsg" | "resptext" => to.say(map.next_value::<Loose>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if held.is_empty() {
            return Ok(());
        }
        let status = header.status.unwrap_or(BatchStatus::NotDone);
        let batch = header.batch.ok_or_else(|| to.fail("a batch without its id"))?;
        held.into_iter().try_for_each(|part| to.emit(part.record(self.day, &batch, status)))
    }
}

/// What the letters mean: `docs/cardpointe.md`, *States of a transaction*. A debit card's payment with a PIN is settled by
/// the processor. Without a letter nothing is decided.
fn settled_status(letter: Option<&str>) -> SettledStatus {
    match letter.map(str::to_ascii_uppercase).as_deref() {
        Some("Y" | "P") => SettledStatus::Accepted,
        Some("N") => SettledStatus::Rejected,
        Some("F") => SettledStatus::Failed,
        Some("T") => SettledStatus::Terminated,
        Some("W") => SettledStatus::UnderReview,
        Some("R") => SettledStatus::Returned,
        None => SettledStatus::Processing,
        Some(_) => SettledStatus::Unrecognized,
    }
}

/// What became of a batch.
fn batch_status(letters: Option<&str>) -> BatchStatus {
    match letters.map(str::to_ascii_uppercase).as_deref() {
        Some("SB") => BatchStatus::Sent,
        Some("GB") => BatchStatus::Good,
        Some("MB") => BatchStatus::Mixed,
        Some("RB" | "BB") => BatchStatus::Refused,
        Some("EB") => BatchStatus::Errors,
        Some("ND") | None => BatchStatus::NotDone,
        Some(_) => BatchStatus::Unrecognized,
    }
}
