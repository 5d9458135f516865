//! `settlestat`: the batches of a day, with the outcome of each of their transactions.

use jiff::civil::Date;
use serde::{
    Deserialize,
    de::{Error as _, IgnoredAny, MapAccess},
};
use tollgate_core::settlement::{BatchStatus, Settled, SettledRecord, SettledStatus, UnreadableRow};

use super::loose::{Each, Loose, ReportParser, State, unreadable};

/// Longest id; the gateway's own have up to 30 characters.
const ID_MAX_CHARS: usize = 40;

/// Reads the batches of a day.
pub(super) struct Batches {
    /// The day that was requested.
    pub(super) day: Date,
}

/// A transaction of a batch, as it is stated.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StatedTransaction {
    retref: Loose,
    setlamount: Loose,
    setlstat: Loose,
    salesdoc: Loose,
}

impl StatedTransaction {
    fn record(
        self,
        batch: &str,
        day: Date,
        batch_status: BatchStatus,
    ) -> Result<SettledRecord, UnreadableRow> {
        let gateway_order_id = self.salesdoc.text(ID_MAX_CHARS);
        let Some(reference) = self.retref.text(ID_MAX_CHARS) else {
            return Err(unreadable(gateway_order_id, "a transaction without its reference"));
        };
        let amount = match self.setlamount.signed() {
            Ok(amount) => amount,
            Err(why) => return Err(unreadable(Some(reference), why)),
        };
        let (batch, status) = (batch.to_owned(), settled_status(self.setlstat.0.as_deref()));
        let settled = Settled { batch, day, amount, status, batch_status, gateway_order_id };
        Ok(SettledRecord::Line { reference, settled })
    }
}

impl Batches {
    fn record(&self, row: Option<StatedTransaction>, batch: &str, status: BatchStatus) -> SettledRecord {
        let row = row.ok_or_else(|| unreadable(None, "no transaction"));
        let record = row.and_then(|row| row.record(batch, self.day, status));
        record.unwrap_or_else(|row| {
            SettledRecord::Unreadable(UnreadableRow { batch: Some(batch.to_owned()), ..row })
        })
    }
}

impl ReportParser for Batches {
    type Row = SettledRecord;

    fn object<'de, M: MapAccess<'de>>(
        &self,
        mut map: M,
        to: &mut State<'_, SettledRecord>,
    ) -> Result<(), M::Error> {
        // Members come in any order: transactions that come before their batch's id wait.
        let (mut batch, mut status, mut held) = (None, None, Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "batchid" => batch = map.next_value::<Loose>()?.text(ID_MAX_CHARS),
                "hoststat" => status = Some(batch_status(map.next_value::<Loose>()?.0.as_deref())),
                "txns" => {
                    let known = batch.as_deref().zip(status);
                    map.next_value_seed(Each(&mut |row| {
                        let Some((batch, status)) = known else {
                            held.push(row);
                            return Ok(());
                        };
                        to.emit(self.record(row, batch, status))
                    }))?;
                }
                "errormsg" | "resptext" => to.say(map.next_value::<Loose>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if held.is_empty() {
            return Ok(());
        }
        let status = status.unwrap_or(BatchStatus::NotDone);
        let handed_over = match batch {
            None => to.emit(SettledRecord::Unreadable(unreadable(None, "a batch without its id"))),
            Some(batch) => held.into_iter().try_for_each(|row| to.emit(self.record(row, &batch, status))),
        };
        handed_over.map_err(M::Error::custom)
    }
}

/// The meaning of the letters: `docs/cardpointe.md`, *Settlement states*. A debit card's payment
/// with a PIN is settled by the processor. Without a letter nothing is decided.
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

/// The outcome of a batch.
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
