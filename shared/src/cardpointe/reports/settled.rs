//! `settlestat`: the batches of a day, with what became of each of their transactions.

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

/// The same, as far as it does not depend on its batch. One that comes before its batch's id waits in this form.
struct UnassignedTransaction {
    reference: String,
    amount: Option<i64>,
    status: SettledStatus,
    gateway_order_id: Option<String>,
}

fn part(row: Option<StatedTransaction>) -> Result<UnassignedTransaction, UnreadableRow> {
    let Some(row) = row else { return Err(unreadable(None, "no transaction")) };
    let gateway_order_id = row.salesdoc.text(ID_MAX_CHARS);
    let Some(reference) = row.retref.text(ID_MAX_CHARS) else {
        return Err(unreadable(gateway_order_id, "a transaction without its reference"));
    };
    match row.setlamount.minor() {
        Ok(amount) => Ok(UnassignedTransaction {
            reference,
            amount,
            status: settled_status(row.setlstat.0.as_deref()),
            gateway_order_id,
        }),
        Err(why) => Err(unreadable(Some(reference), why)),
    }
}

impl Batches {
    fn record(
        &self,
        part: Result<UnassignedTransaction, UnreadableRow>,
        batch: &str,
        batch_status: BatchStatus,
    ) -> SettledRecord {
        let (batch, day) = (batch.to_owned(), self.day);
        let UnassignedTransaction { reference, amount, status, gateway_order_id } = match part {
            Ok(part) => part,
            Err(row) => return SettledRecord::Unreadable(UnreadableRow { batch: Some(batch), ..row }),
        };
        SettledRecord::Line {
            reference,
            settled: Settled { batch, day, amount, status, batch_status, gateway_order_id },
        }
    }
}

impl ReportParser for Batches {
    type Row = SettledRecord;

    fn object<'de, M: MapAccess<'de>>(
        &self,
        mut map: M,
        to: &mut State<'_, SettledRecord>,
    ) -> Result<(), M::Error> {
        // Members come in any order.
        let (mut batch, mut status, mut held) = (None, None, Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "batchid" => batch = map.next_value::<Loose>()?.text(ID_MAX_CHARS),
                "hoststat" => status = Some(batch_status(map.next_value::<Loose>()?.0.as_deref())),
                "txns" => {
                    let known = batch.as_deref().zip(status);
                    map.next_value_seed(Each(&mut |row| {
                        let Some((batch, status)) = known else {
                            held.push(part(row));
                            return Ok(());
                        };
                        to.emit(self.record(part(row), batch, status))
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
            Some(batch) => held.into_iter().try_for_each(|part| to.emit(self.record(part, &batch, status))),
        };
        handed_over.map_err(M::Error::custom)
    }
}

/// What the letters mean: `docs/cardpointe.md`, *Settlement states*. A debit card's payment with a PIN is settled by
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
