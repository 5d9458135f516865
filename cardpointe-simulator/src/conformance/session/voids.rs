//! The voids after each probe of a live run.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::message::{Message, RawResponse};
use super::Session;

/// How often the payments under an order id are voided and looked up again.
const ROUNDS: u32 = 5;
/// How long a payment whose response was lost can be on its way: the gateway gives up after 32 s.
const ARRIVAL_S: i64 = 180;

/// The settlement states in which nothing is left to void.
const CLOSED: [&str; 3] = ["Voided", "Declined", "Zero Amount"];

impl Session<'_> {
    /// Voids the payments of every order id that is still open. Those that cannot be voided stay on
    /// record, and no more payments are made.
    pub(in crate::conformance) async fn void_open(&mut self) -> Result<(), String> {
        self.is_stuck = false;
        for (order, sent_s) in self.record.open.clone() {
            match self.voided(&order, sent_s).await? {
                Voided::All => {
                    self.record.open.remove(&order);
                    self.save()?;
                }
                Voided::MayArrive => {}
                Voided::Unknown => self.is_stuck = true,
            }
        }
        Ok(())
    }

    /// Voids what is open under an order id, until an inquiry shows nothing open.
    async fn voided(&self, order: &str, sent_s: i64) -> Result<Voided, String> {
        for _ in 0..ROUNDS {
            let Some(inquiry) = self.by_order(order).await? else { continue };
            let Some(open) = open_payments(&inquiry) else {
                return Ok(match is_not_found(&inquiry) {
                    true if Timestamp::now().as_second() - sent_s < ARRIVAL_S => Voided::MayArrive,
                    true => Voided::All,
                    false => Voided::Unknown,
                });
            };
            if open.is_empty() {
                return Ok(Voided::All);
            }
            for retref in open {
                let body = json!({ "merchid": self.record.merchid, "retref": retref }).to_string();
                let path = "/cardconnect/rest/void".to_owned();
                let void = Message { method: Method::PUT, path, body: Some(body), signed: true };
                // The next inquiry tells the outcome, whether or not the void has a response.
                self.gateway.send(&void).await?;
            }
        }
        Ok(Voided::Unknown)
    }
}

/// The state of the payments under an order id.
enum Voided {
    All,
    /// None is there, but a payment without a response could still arrive.
    MayArrive,
    /// Some are open, or no inquiry tells.
    Unknown,
}

/// The references of payments that can still take money; `None`: the inquiry shows no payment.
fn open_payments(inquiry: &RawResponse) -> Option<Vec<String>> {
    let body: Value = serde_json::from_str(&inquiry.body).ok()?;
    let records = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let payments: Vec<&Value> =
        records.iter().filter(|record| record["retref"].is_string() && !is_missing(record)).collect();
    // A state that the kit does not know, or none, counts as open.
    let is_open = |record: &&&Value| record["setlstat"].as_str().is_none_or(|state| !CLOSED.contains(&state));
    let retref = |record: &&Value| record["retref"].as_str().unwrap_or_default().to_owned();
    (!payments.is_empty()).then(|| payments.iter().filter(is_open).map(retref).collect())
}

/// PPS 29: no transaction under this order id.
fn is_missing(record: &Value) -> bool {
    record["respproc"] == "PPS" && record["respcode"] == "29"
}

fn is_not_found(inquiry: &RawResponse) -> bool {
    inquiry.status == 200 && serde_json::from_str(&inquiry.body).is_ok_and(|body| is_missing(&body))
}
