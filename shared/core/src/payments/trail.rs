//! The facts of one request, gathered for its log line and its metrics. Holds no card data and no
//! secret, and no text from outside but actor and reason.

use std::{cell::RefCell, time::Duration};

use uuid::Uuid;

use crate::order::Attribution;

/// The facts of a request, complete when it ends.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// API Gateway's id of the request; none for a run of a schedule.
    pub request_id: Option<String>,
    /// Who caused it, as well as it is known: `key:` or `shopper:` and a digest, or the kind of
    /// grant.
    pub principal: Option<String>,
    /// The name of the merchant's key, if it has one.
    pub key_name: Option<String>,
    /// The id of the merchant that the request is for.
    pub merchant: Option<String>,
    /// The order that it was about.
    pub order: Option<String>,
    /// The id of the payment within its order.
    pub transaction: Option<Uuid>,
    /// The id of the operation that the request made or repeated.
    pub operation: Option<Uuid>,
    /// The requested operation: `authorize`, `purchase`, `capture`, `refund`, `void`, and `verify`
    /// of a card to be stored.
    pub kind: Option<&'static str>,
    /// Its outcome: `approved`, `declined`, `not_done`, `pending`.
    pub outcome: Option<&'static str>,
    /// The operation's amount in minor units.
    pub amount_minor: Option<u64>,
    /// The alphabetic code of its currency (ISO 4217).
    pub currency: Option<&'static str>,
    /// Whether it was requested before, so that only its outcome was returned again.
    pub replayed: bool,
    /// Time spent waiting for the gateway.
    pub gateway: Duration,
    /// Calls that moved money, or would have.
    pub gateway_calls: u32,
    /// Of these: no response came.
    pub gateway_timeouts: u32,
    /// Of these: the gateway refused the merchant's credentials or set-up.
    pub gateway_refusals: u32,
    /// Keys and ids of merchants that were wrong.
    pub wrong_keys: u32,
    /// Sign-ins with a genuine ID token that were refused.
    pub sign_ins_refused: u32,
    /// Attempts of people to give back, or let others give back, more than they may.
    pub limits_exceeded: u32,
    /// Declines of the merchant beyond half of its approvals, as this process saw them in the last
    /// minutes; 0 if they are few.
    pub excess_declines: u32,
    /// Payments that were released because the order's shop refused to record them.
    pub orders_refused: u32,
    /// Merchants that were served as last read, because Secrets Manager is unavailable.
    pub merchants_stale: u32,
    /// Merchants that make no payments, because their documents are deleted or cannot be used.
    pub merchants_refused: u32,
    /// Stored items that could not be read.
    pub unreadable: u32,
    /// Whether payments were found stopped.
    pub is_stopped: bool,
    /// Of a wrong key: a digest of the client that it was for.
    pub client: Option<String>,
    /// The stable code of the error that was returned.
    pub code: Option<&'static str>,
    /// The changes put on record about operations, oldest first.
    pub changes: Vec<AuditedChange>,
}

/// A change put on record about an operation: actor, change and result. Ids, codes and amounts, no
/// card data; of texts from outside only actor and reason, which have been checked for card
/// numbers.
#[derive(Clone, Debug)]
pub struct AuditedChange {
    /// `intent saved`, `outcome`, and so on.
    pub what: &'static str,
    /// Whose order it is.
    pub merchant: String,
    /// The merchant's id of the order.
    pub order: String,
    /// The id of the payment within its order.
    pub transaction: Uuid,
    /// The id of the operation that the change is about.
    pub operation: Uuid,
    /// `authorize`, `purchase`, `capture`, `refund`, `void`.
    pub kind: &'static str,
    /// Whose request it was.
    pub by: &'static str,
    /// The same by name, and why, as far as the request told.
    pub attribution: Option<Box<Attribution>>,
    /// The number of the operation's attempt, from 1.
    pub attempt: u32,
    /// The attempt's order id at the gateway.
    pub gateway_order_id: String,
    /// The operation's state after it.
    pub state: &'static str,
    /// The operation's amount in minor units.
    pub amount_minor: u64,
    /// The alphabetic code of its currency (ISO 4217).
    pub currency: &'static str,
    /// Whether the payment was to be sent although a card scheme had forbidden it.
    pub ignores_scheme_advice: bool,
    /// The gateway's outcome, if it was called.
    pub outcome: Option<Said>,
}

/// The outcome of a call to the gateway.
#[derive(Clone, Debug)]
pub struct Said {
    /// `approved`, `partially_approved`, `declined`, `not_done`, `unknown`.
    pub outcome: &'static str,
    /// The system that the code is from, as the gateway names it.
    pub processor: Option<String>,
    /// The response code of that system.
    pub code: Option<String>,
    /// The gateway's reference of the operation.
    pub reference: Option<String>,
}

impl Trail {
    /// The one operation that the request carried out, if it did nothing else and its outcome is
    /// known: then one line tells the whole operation. Its intent was saved, the gateway was
    /// called, and the outcome was saved.
    pub fn only_change(&self) -> Option<&AuditedChange> {
        let [intent, outcome] = self.changes.as_slice() else { return None };
        let is_one = intent.what == INTENT_SAVED
            && outcome.what == OUTCOME
            && (intent.operation, intent.attempt) == (outcome.operation, outcome.attempt)
            && self.operation == Some(outcome.operation)
            && self.outcome == Some(outcome.state);
        let is_known = outcome.outcome.as_ref().is_some_and(|said| said.outcome != "unknown");
        // Its own line says that a scheme's ban was ignored.
        let is_usual = is_one && is_known && !outcome.ignores_scheme_advice;
        (is_usual && outcome.state != "pending").then_some(outcome)
    }
}

/// An operation is on record, and the gateway is called next.
pub const INTENT_SAVED: &str = "intent saved";

/// The gateway was called.
pub const OUTCOME: &str = "outcome";

tokio::task_local! {
    static TRAIL: RefCell<Trail>;
}

/// Adds to the trail of the request that is running; outside of one, to nothing.
pub fn note(change: impl FnOnce(&mut Trail)) {
    // Fails only outside of a request that is followed.
    let _nobody = TRAIL.try_with(|trail| change(&mut trail.borrow_mut()));
}

/// The id of the request that is running; empty outside of one.
pub fn request_id() -> String {
    TRAIL.try_with(|trail| trail.borrow().request_id.clone()).ok().flatten().unwrap_or_default()
}

/// Who caused the request that is running; without a caller, a schedule.
pub fn principal() -> String {
    let noted = TRAIL.try_with(|trail| trail.borrow().principal.clone()).ok().flatten();
    noted.unwrap_or_else(|| "schedule".to_owned())
}

/// How many stored items could not be read so far.
pub fn unreadable() -> u32 {
    TRAIL.try_with(|trail| trail.borrow().unreadable).unwrap_or_default()
}

/// The name of the key that the request was made with.
pub fn key_name() -> Option<String> {
    TRAIL.try_with(|trail| trail.borrow().key_name.clone()).ok().flatten()
}

/// Runs a request, and returns its trail besides its result.
pub async fn follow<F: Future>(request: F) -> (F::Output, Trail) {
    let followed = async {
        let output = request.await;
        (output, TRAIL.with(RefCell::take))
    };
    TRAIL.scope(RefCell::default(), followed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_that_run_at_once_do_not_mix_their_trails() {
        let request = |kind: &'static str| {
            follow(async move {
                note(|trail| trail.kind = Some(kind));
                tokio::task::yield_now().await;
                note(|trail| trail.gateway_calls += 1);
            })
        };
        let (((), one), ((), other)) = tokio::join!(request("capture"), request("refund"));
        assert_eq!((one.kind, one.gateway_calls), (Some("capture"), 1));
        assert_eq!((other.kind, other.gateway_calls), (Some("refund"), 1));
        note(|_| unreachable!("nobody follows"));
    }

    #[tokio::test]
    async fn who_requested_it_and_how_is_known_where_a_request_is_followed_and_a_schedule_does_the_rest() {
        let known = || (request_id(), principal(), key_name());
        assert_eq!(known(), (String::new(), "schedule".to_owned(), None));
        let ((), _) = follow(async {
            assert_eq!(known(), (String::new(), "schedule".to_owned(), None));
            note(|trail| {
                trail.request_id = Some("id-1".to_owned());
                trail.principal = Some("api_key".to_owned());
                trail.key_name = Some("till".to_owned());
            });
            assert_eq!(known(), ("id-1".to_owned(), "api_key".to_owned(), Some("till".to_owned())));
        })
        .await;
    }

    fn change(what: &'static str, state: &'static str, said: Option<&'static str>) -> AuditedChange {
        AuditedChange {
            what,
            merchant: "m".to_owned(),
            order: "o".to_owned(),
            transaction: Uuid::from_u128(1),
            operation: Uuid::from_u128(2),
            kind: "purchase",
            by: "client_credentials",
            attribution: None,
            attempt: 1,
            gateway_order_id: "TGA".to_owned(),
            state,
            amount_minor: 1,
            currency: "USD",
            ignores_scheme_advice: false,
            outcome: said.map(|outcome| Said { outcome, processor: None, code: None, reference: None }),
        }
    }

    /// Otherwise the line of the request would hide operations.
    #[test]
    fn one_line_tells_all_of_a_request_only_if_it_carried_out_one_operation_whose_outcome_is_known() {
        let plain = Trail {
            operation: Some(Uuid::from_u128(2)),
            outcome: Some("approved"),
            changes: vec![
                change(INTENT_SAVED, "pending", None),
                change(OUTCOME, "approved", Some("approved")),
            ],
            ..Trail::default()
        };
        assert_eq!(plain.only_change().map(|change| change.state), Some("approved"));
        let changed: [fn(&mut Trail); 10] = [
            |trail| trail.changes.push(change(OUTCOME, "approved", Some("approved"))),
            |trail| trail.changes[0].what = OUTCOME,
            |trail| trail.changes[1].what = INTENT_SAVED,
            |trail| trail.changes[1].attempt = 2,
            |trail| trail.changes[1].ignores_scheme_advice = true,
            |trail| trail.operation = Some(Uuid::from_u128(3)),
            |trail| trail.outcome = Some("declined"),
            |trail| trail.changes[1].outcome = None,
            |trail| trail.changes[1] = change(OUTCOME, "approved", Some("unknown")),
            |trail| {
                trail.changes[1].state = "pending";
                trail.outcome = Some("pending");
            },
        ];
        for (n, change) in changed.iter().enumerate() {
            let mut trail = plain.clone();
            change(&mut trail);
            assert!(trail.only_change().is_none(), "change {n}");
        }
    }
}
