//! The rules of scheduled captures: at their moment and not before, once, as much as was requested,
//! and not after a client canceled it. The next due time is computed here once more, from the
//! record alone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use serde_json::Value;
use tollgate_core::order::{
    CaptureSchedule, Cause, Kind, Mechanism, NoEffect, Notice, NoticeReason, Operation, Order, PaymentKind,
    Principal, Stage, Transaction,
};
use tollgate_wire as wire;

use crate::{
    ask::{Ask, Route},
    fake_store::FakeStore,
    ledger::{Ledger, Sent, Wanted},
    merchants::{Shops, Terms},
    world::State,
};

/// How long after an attempt that did nothing the next one is made, in minutes; the last step
/// repeats.
const RETRIES_MIN: [i64; 5] = [1, 2, 5, 15, 60];

/// Neither is anything tried again in the last hour of an authorization, nor anything at all an
/// hour after it.
const AROUND_THE_END: SignedDuration = SignedDuration::from_hours(1);

/// How long before its end an authorization is told of that is not captured by then.
const LAST_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How far a process's clock is ahead of the platform's at most.
const AHEAD_MAX: SignedDuration = SignedDuration::from_millis(400);

/// How long a run that began before its merchant was paused, and its last write, may still go on,
/// also after its process was frozen.
const STILL_RUNS: Duration = Duration::from_secs(65);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Attempt(Timestamp),
    /// The merchant is told that the authorization ends.
    Notice(Timestamp),
    Lapse(Timestamp),
    /// The merchant is told that an authorization ends which the schedule does not capture.
    LastDay(Timestamp),
    /// The hold that the schedule was not to capture is free again.
    End(Timestamp),
}

impl Next {
    fn at(self) -> Timestamp {
        match self {
            Self::Attempt(at) | Self::Notice(at) | Self::Lapse(at) | Self::LastDay(at) | Self::End(at) => at,
        }
    }
}

/// Whether all of the authorization can still be captured.
fn is_open(transaction: &Transaction) -> bool {
    let ended = |o: &Operation| {
        o.is(Stage::Pending)
            || o.cause.declines_as().is_some()
            || (o.is(Stage::Approved)
                && o.cause != Cause::Duplicate
                && matches!(o.kind, Kind::Capture | Kind::Void))
    };
    transaction.kind == PaymentKind::Authorize
        && transaction.operations.first().is_some_and(|first| first.is(Stage::Approved))
        && !transaction.operations.iter().any(ended)
}

/// How much its capture takes as it is scheduled: the part that was requested, and no more than is
/// held.
fn wanted(transaction: &Transaction, schedule: Option<CaptureSchedule>) -> u64 {
    let held = transaction.amount().minor();
    let part = schedule.and_then(|schedule| schedule.amount);
    part.map_or(held, |part| part.minor().min(held))
}

/// The operation of the capture as it is scheduled now.
fn attempt<'a>(transaction: &'a Transaction, schedule: &CaptureSchedule) -> Option<&'a Operation> {
    let key = schedule.key(transaction.id);
    let ours = |o: &&Operation| {
        o.kind == Kind::Capture && o.by == Principal::Schedule && o.key.as_ref() == Some(&key)
    };
    transaction.operations.iter().find(ours)
}

/// Whether the gateway's word was that there is nothing to be captured.
fn is_refused(operation: &Operation) -> bool {
    operation.is(Stage::Declined) || operation.no_effect() == Some(NoEffect::VoidedElsewhere)
}

/// Whether a person holds back the order's captures.
fn is_paused(order: &Order) -> bool {
    order.pauses.last().is_some_and(|pause| pause.resumed.is_none())
}

/// The next event of one of an order's payments. While its captures are paused, nothing is taken.
fn next(order: &Order, transaction: &Transaction) -> Option<Next> {
    let Some(next) = unless_paused(transaction) else { return next_of_hold(transaction) };
    if !is_paused(order) || !matches!(next, Next::Attempt(_)) {
        return Some(next);
    }
    let end = transaction.authorization_expires_at?;
    Some(if is_told(transaction) { Next::Lapse(end) } else { Next::Notice(end - LAST_DAY) })
}

/// The next event of an authorization that the schedule does not capture.
fn next_of_hold(transaction: &Transaction) -> Option<Next> {
    let holds = is_open(transaction) && transaction.lapsed_at.is_none();
    let end = transaction.authorization_expires_at.filter(|_| holds)?;
    let refused =
        transaction.capture.is_some_and(|schedule| attempt(transaction, &schedule).is_some_and(is_refused));
    Some(if refused || is_told(transaction) {
        Next::End(end + AROUND_THE_END)
    } else {
        Next::LastDay(end - LAST_DAY)
    })
}

/// Whether the merchant was told that the authorization ends.
fn is_told(transaction: &Transaction) -> bool {
    let told = |operation: &Operation| {
        let of_attempt = |notice: &Notice| {
            notice.reason == NoticeReason::AuthorizationEnding && notice.attempt == operation.attempt.number
        };
        operation.notices.iter().any(of_attempt)
    };
    transaction.operations.iter().any(told)
}

fn unless_paused(transaction: &Transaction) -> Option<Next> {
    let schedule = transaction.capture.filter(|_| transaction.lapsed_at.is_none() && is_open(transaction))?;
    let end = transaction.authorization_expires_at?;
    let Some(last) = attempt(transaction, &schedule) else { return Some(Next::Attempt(schedule.at)) };
    if is_refused(last) {
        return None;
    }
    let step = usize::try_from(last.attempt.number).unwrap_or(usize::MAX).clamp(1, RETRIES_MIN.len()) - 1;
    let again = last.updated_at + SignedDuration::from_mins(RETRIES_MIN[step]);
    Some(if again + AROUND_THE_END <= end { Next::Attempt(again) } else { Next::Lapse(end) })
}

/// The rules that an order's new state breaks.
pub(crate) fn written(before: Option<&Order>, after: &Order, terms: &Terms, now: Timestamp) -> Vec<String> {
    let mut broken = Vec::new();
    let due = after.transactions.iter().filter_map(|t| Some(next(after, t)?.at())).min();
    if after.next_capture_at() != due {
        broken.push(format!(
            "a capture is due at {due:?}, and the index is told {:?}",
            after.next_capture_at()
        ));
    }
    for transaction in &after.transactions {
        let earlier = before.and_then(|before| before.transaction(transaction.id));
        broken.extend(scheduled(before.zip(earlier), transaction, terms));
        // A void elsewhere that a capture finds is only put on record.
        let begun = |o: &&Operation| o.by == Principal::Schedule && o.mechanism == Mechanism::Automatic;
        for operation in transaction.operations.iter().filter(begun) {
            let known = earlier.and_then(|t| t.operations.iter().find(|o| o.id == operation.id));
            if known.is_some_and(|known| known.attempt.number == operation.attempt.number) {
                continue;
            }
            let why = match before.zip(earlier) {
                None => Some("there was no payment"),
                Some(earlier) => not_due(earlier, operation, terms, now),
            };
            if let Some(why) = why {
                broken.push(format!(
                    "the schedule begins {} of {}: {why}",
                    operation.kind.as_str(),
                    transaction.id
                ));
            }
        }
    }
    broken
}

/// Why the schedule may not begin an attempt of this operation on a payment as it was before.
fn not_due(
    (order, earlier): (&Order, &Transaction),
    operation: &Operation,
    terms: &Terms,
    now: Timestamp,
) -> Option<&'static str> {
    let Some(schedule) = earlier.capture else { return Some("nothing is scheduled") };
    if terms.paused_since.is_some_and(|since| since.elapsed() > STILL_RUNS) {
        return Some("the merchant's captures are paused");
    }
    match operation.kind {
        Kind::Capture if is_paused(order) => Some("the order's captures are paused"),
        Kind::Capture => match next(order, earlier) {
            Some(Next::Attempt(at)) if at > operation.attempt.at || at > now + AHEAD_MAX => {
                Some("not yet due")
            }
            Some(Next::Attempt(_)) if operation.amount.minor() != wanted(earlier, Some(schedule)) => {
                Some("another amount")
            }
            Some(Next::Attempt(_)) if operation.key != Some(schedule.key(earlier.id)) => {
                Some("without its key")
            }
            Some(Next::Attempt(_)) if is_over(earlier, operation.attempt.at) => Some("after its end"),
            Some(Next::Attempt(_)) => None,
            Some(Next::Notice(_) | Next::Lapse(_) | Next::LastDay(_) | Next::End(_)) => {
                Some("only its end is due")
            }
            None => Some("nothing is due"),
        },
        // Not sent: an inquiry found it done.
        Kind::Void if operation.cause == Cause::Elsewhere => None,
        Kind::Void if earlier.lapsed_at.is_none() && !lapses(order, earlier, operation.attempt.at) => {
            Some("it has not lapsed")
        }
        Kind::Void if !terms.void_lapsed => Some("the merchant does not want that"),
        Kind::Void if !is_open(earlier) => Some("it is not open"),
        Kind::Void => None,
        Kind::Authorize | Kind::Purchase | Kind::Refund | Kind::Unrecognized => {
            Some("no business of the schedule's")
        }
    }
}

/// Whether an authorization that was to be captured cannot be any more.
fn lapses(order: &Order, transaction: &Transaction, now: Timestamp) -> bool {
    match next(order, transaction) {
        Some(Next::Lapse(at) | Next::End(at)) => at <= now,
        Some(Next::Attempt(at)) => at <= now && is_over(transaction, now),
        // Nothing ran on its last day.
        Some(Next::LastDay(_)) => {
            transaction.authorization_expires_at.is_some_and(|end| now >= end + AROUND_THE_END)
        }
        Some(Next::Notice(_)) => transaction.authorization_expires_at.is_some_and(|end| now >= end),
        None => false,
    }
}

fn is_over(transaction: &Transaction, now: Timestamp) -> bool {
    transaction.authorization_expires_at.is_some_and(|end| now > end + AROUND_THE_END)
}

/// Whether a payment may be scheduled like this, as it was before.
fn scheduled(before: Option<(&Order, &Transaction)>, after: &Transaction, terms: &Terms) -> Option<String> {
    let earlier = before.map(|(_, earlier)| earlier);
    let was = earlier.and_then(|earlier| earlier.capture);
    let lapsed = after.lapsed_at.is_some() && earlier.is_some_and(|earlier| earlier.lapsed_at.is_none());
    if earlier.is_some() && was == after.capture && !lapsed {
        return None;
    }
    let fine = match (earlier, was, after.capture) {
        (_, _, Some(_)) if after.kind == PaymentKind::Purchase => false,
        // By the merchant's rule, which the credit-card API's payments always follow.
        (None, _, at) if after.memo.is_some() => {
            terms.ever_after.contains(&at.map(|schedule| schedule.at.duration_since(after.created_at)))
        }
        (Some(earlier), _, _) if lapsed => {
            before.is_some_and(|(order, _)| lapses(order, earlier, after.updated_at))
                && was == after.capture
                && earlier.operations == after.operations
        }
        (None, _, None) => true,
        (_, _, is) => {
            let begins = earlier.is_none_or(|earlier| !earlier.began());
            let end = after.authorization_expires_at.unwrap_or(after.updated_at + terms.lifetime);
            let moved = || earlier.is_some_and(|e| is_open(e) && e.operations == after.operations);
            let held = after.operations.first().map(|first| first.amount);
            (begins || moved())
                && is.is_none_or(|is| is.amount <= held)
                && is.is_none_or(|is| (after.updated_at..=end).contains(&is.at))
        }
    };
    (!fine).then(|| format!("{} is to be captured {:?}, and was {was:?}", after.id, after.capture))
}

/// The gateway carries out a capture, with any state on record by now.
pub(crate) fn executed(
    fake_store: &FakeStore,
    ledger: &Ledger,
    sent: &Sent,
    now: Timestamp,
    is_late: bool,
) -> Vec<String> {
    let (Wanted::Capture(retref), Some(order)) = (&sent.wanted, fake_store.order(&sent.order)) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    // The same amount once more is the same capture.
    let differs = |captures: &[u64]| captures.iter().any(|amount| Some(amount) != captures.first());
    let payment = ledger.payment(retref).filter(|payment| !payment.by_hand && !is_late);
    if payment.is_some_and(|payment| differs(&payment.captures)) {
        broken.push(format!("{retref} is captured twice"));
    }
    let id = ledger.operation(&sent.gateway_order_id);
    let sent_by = order.operations().find(|(_, operation)| Some(operation.id) == id);
    if let Some((transaction, operation)) = sent_by
        && operation.by == Principal::Schedule
        && !is_late
    {
        let due = transaction
            .capture
            .is_some_and(|schedule| transaction.lapsed_at.is_none() && schedule.at <= now + AHEAD_MAX);
        if !due || sent.amount != wanted(transaction, transaction.capture) {
            broken.push(format!(
                "{} captured of {}, which is {:?}",
                sent.amount, transaction.id, transaction.capture
            ));
        }
    }
    broken
}

/// The schedule that a client is told was on record, and is the requested one if its request was
/// the first.
pub(crate) fn told(state: &State, ask: &Ask, shown: &wire::Transaction) -> Vec<String> {
    let (id, mut broken) = (shown.id, Vec::new());
    let Some(own) = &shown.meta.for_merchant else {
        return vec![format!("told of {id} without the merchant's members")];
    };
    let told = own.capture_at.map(|at| at.0);
    let part = own.capture_amount.map(|part| part.0);
    if !state.schedules.contains(&(id, told.map(|at| (at.as_second(), part)))) {
        broken.push(format!("told that {part:?} of {id} is captured at {told:?}, which never was on record"));
    }
    let asked = &ask.data["capture_at"];
    let rule = ask.data.get("capture").filter(|rule| !rule.is_null());
    let stated = ask.data.get("capture_at").is_some();
    let moment = asked.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let fits = |at: Option<Timestamp>| at.is_some() == asked.is_string() && at >= moment;
    match ask.route {
        Route::Reschedule if stated && !fits(told.map(|at| at + SignedDuration::from_secs(1))) => {
            broken.push(format!("asked to capture {id} at {asked}, told {told:?}"));
        }
        Route::Reschedule if !asked_part(ask, shown.amount.0, part) => {
            broken.push(format!("asked to capture {} of {id}, told {part:?}", ask.data["capture_amount"]));
        }
        Route::Pay | Route::Authorize if shown.transaction_type == Kind::Authorize => {
            let sent_with = state.sent_with.get(&id).copied().flatten();
            if stated && !fits(sent_with) {
                broken.push(format!("asked to capture {id} at {asked}, and it was to be at {sent_with:?}"));
            }
            if let Some(rule) = rule
                && sent_with.is_none_or(|at| !at_cut_off(rule, at))
            {
                broken.push(format!("asked to capture {id} by {rule}, and it was to be at {sent_with:?}"));
            }
        }
        _ => {}
    }
    broken
}

/// Whether a client that stated a part is told of it, and of none if it wants all.
fn asked_part(ask: &Ask, amount: u64, part: Option<u64>) -> bool {
    match ask.data.get("capture_amount") {
        Some(Value::Null) => part.is_none(),
        Some(stated) => part == stated.as_u64().map(|stated| stated.min(amount)),
        None => true,
    }
}

/// Whether a clock in the rule's zone shows its time then, or up to an hour more where the clocks
/// skipped it, and whether it is no weekend if that matters. The rule itself is tested with the
/// core.
fn at_cut_off(rule: &Value, at: Timestamp) -> bool {
    let zone = rule["zone"].as_str().and_then(|name| TimeZone::get(name).ok());
    let (Some(zone), Some(time)) = (zone, rule["at"].as_str().and_then(|time| time.parse().ok())) else {
        return true;
    };
    let shown = zone.to_datetime(at);
    let weekend = matches!(shown.weekday(), Weekday::Saturday | Weekday::Sunday);
    let late = shown.time().duration_since(time);
    !(weekend && rule["business_days"] == true) && (0..=60).contains(&late.as_mins())
}

/// In the end: each scheduled capture is done, once and for its amount, unless a client, a person
/// or the gateway was against it.
pub(crate) fn ended(fake_store: &FakeStore, ledger: &Ledger, shops: &mut Shops) -> Vec<String> {
    let mut broken = Vec::new();
    for order in fake_store.orders() {
        let key = order.key().to_string();
        if ledger.is_excused(&key) {
            continue;
        }
        if let Some(due) = order.next_capture_at() {
            broken.push(format!("{key} is left due since {due}"));
        }
        let void_lapsed = shops.terms(order.merchant.as_str()).void_lapsed;
        for transaction in order.transactions.iter().filter(|t| t.kind == PaymentKind::Authorize) {
            broken.extend(
                stands(transaction, void_lapsed).map(|why| format!("{} of {key} {why}", transaction.id)),
            );
            let by_schedule = transaction
                .operations
                .iter()
                .any(|o| o.kind == Kind::Capture && o.by == Principal::Schedule && o.is(Stage::Approved));
            let payment = transaction.reference().and_then(|retref| ledger.payment(retref));
            let captures = payment.map(|payment| payment.captures).unwrap_or_default();
            // One that arrives late may be the same once more.
            let all = |captured: &u64| *captured == wanted(transaction, transaction.capture);
            if by_schedule && (captures.is_empty() || !captures.iter().all(all)) {
                broken.push(format!("{} of {key} was captured {captures:?}", transaction.id));
            }
        }
    }
    broken
}

/// Why an authorization that was to be captured cannot stay as it is.
fn stands(transaction: &Transaction, void_lapsed: bool) -> Option<&'static str> {
    let schedule = transaction.capture.filter(|_| is_open(transaction))?;
    let refused = attempt(transaction, &schedule).is_some_and(is_refused);
    // The gateway refused the void: a person has to act.
    let void_refused = transaction.operations.iter().any(|o| o.kind == Kind::Void && o.is(Stage::Declined));
    match (transaction.lapsed_at.is_some(), refused) {
        // The merchant was told that the capture was refused, and the next step is a person's
        // decision. It only ends.
        (true, false) if void_lapsed && !void_refused => Some("has lapsed and is not voided"),
        (_, true) | (true, false) => None,
        (false, false) => Some("was to be captured and is not"),
    }
}
