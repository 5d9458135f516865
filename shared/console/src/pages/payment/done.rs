//! The outcome of the reader's latest act, as it is on record.

use jiff::Timestamp;

use super::{
    events,
    placed::{ELASTIC_PATH, Placed},
};
use crate::{
    pages::Visit,
    words::{self, Tone, sentences},
};

/// The outcome of the reader's latest act.
pub(super) struct Done {
    pub(super) tone: Tone,
    pub(super) sentence: String,
}

/// The outcome of the act that the address names.
pub(super) fn done(visit: &Visit<'_>, placed: &Placed) -> Option<Done> {
    let parameters = visit.parameters();
    match parameters.get("done")? {
        "asked" if parameters.get("operation") == Some(ELASTIC_PATH) => {
            let there = placed.payment.meta.elastic_path.as_ref()?;
            let sentence = format!("Elastic Path: {}.", sentences::at_elastic_path(there));
            Some(Done { tone: sentences::at_elastic_path_tone(there), sentence })
        }
        "asked" => asked(visit, placed, parameters.get("operation"), parameters.get("at")),
        "settled" => {
            let latest = events::settled(placed, &visit.frame);
            let latest = latest.into_iter().max_by_key(|event| event.machine_time.clone())?;
            Some(Done { tone: Tone::Good, sentence: latest.sentence })
        }
        _ => {
            let tone = sentences::tone(placed.payment.meta.operations.last()?);
            Some(Done { tone, sentence: events::last(placed, &visit.frame)?.sentence })
        }
    }
}

/// The operation that the gateway was asked about: with its outcome, or still without one.
fn asked(visit: &Visit<'_>, placed: &Placed, operation: Option<&str>, at: Option<&str>) -> Option<Done> {
    let operations = &placed.payment.meta.operations;
    let asked_about = operations.iter().find(|one| Some(one.id.to_string().as_str()) == operation);
    let operation = asked_about.or_else(|| operations.last())?;
    let at = at.and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok());
    let at = at.map(|at| format!(" at {}", words::time_of_day(at, &visit.frame.zone))).unwrap_or_default();
    let is_stopped = visit.frame.me.as_ref().is_some_and(|me| me.payments.stopped == Some(true));
    let sentence = if !sentences::is_pending(operation) {
        let money = placed.payment.money(operation.amount);
        let outcome = sentences::operation(operation, &money, &visit.frame.zone);
        format!("The gateway was asked{at}. {outcome}")
    } else if is_stopped {
        "The gateway was not asked: payments are stopped.".to_owned()
    } else {
        format!("The gateway was asked{at}. It still does not know.")
    };
    Some(Done { tone: sentences::tone(operation), sentence })
}
