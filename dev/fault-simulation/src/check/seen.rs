//! Concerns that people have seen: no doubt is ever hidden, and a dispute exactly until the next
//! chargeback. Both are counted here, and not by the core's rule.

use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    journal::{Concern, concerns},
    order::{DisputeKind, FadingConcern, Order, Stage, Transaction},
};

use crate::world::State;

/// After this, an operation whose outcome is not known is a doubt.
const DOUBT_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// For how long a chargeback needs attention that nobody has seen.
const FADES_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The rules that a write breaks, at a time that no clock of a process is past.
pub(crate) fn written(
    state: &mut State,
    before: Option<&Order>,
    after: &Order,
    now: Timestamp,
) -> Vec<String> {
    let mut broken = Vec::new();
    let recorded = after.transactions.iter().flat_map(|one| &one.disputes).map(|one| one.at);
    let waiting = after.operations().map(|(_, one)| one.updated_at);
    let now = recorded.chain(waiting).fold(now, Timestamp::max);
    for transaction in &after.transactions {
        let id = transaction.id;
        let earlier = before.and_then(|before| before.transaction(id));
        let chargebacks =
            transaction.disputes.iter().filter(|one| one.dispute.kind == DisputeKind::Chargeback);
        let chargebacks: Vec<Timestamp> = chargebacks.map(|one| one.at).collect();
        let statements =
            |of: &Transaction| of.seen.iter().filter(|seen| seen.concern == FadingConcern::Disputed).count();
        if statements(transaction) > earlier.map_or(0, statements) {
            state.disputes_seen.insert(id, chargebacks.len());
            state.count("disputes that a person has seen");
        }
        let told = concerns(after, transaction, now);
        let is_old = |since: Timestamp, than: SignedDuration| now.duration_since(since) >= than;
        let pending = transaction.operations.iter().find(|one| one.is(Stage::Pending));
        if pending.is_some_and(|one| is_old(one.attempt.at, DOUBT_AFTER)) && !told.contains(&Concern::InDoubt)
        {
            broken.push(format!("a doubt of {id} is hidden"));
        }
        if transaction.operations.iter().any(|one| one.is(Stage::WaitsForDispute))
            && !told.contains(&Concern::RefundHeldBack)
        {
            broken.push(format!("a refund of {id} that waits is hidden"));
        }
        let seen = state.disputes_seen.get(&id).copied();
        let is_recent = chargebacks.iter().max().is_some_and(|last| !is_old(*last, FADES_AFTER));
        if is_recent && transaction.has_open_dispute() {
            let is_hidden = seen == Some(chargebacks.len());
            if told.contains(&Concern::Disputed) == is_hidden {
                broken.push(format!("{} chargebacks of {id}, {seen:?} seen: {told:?}", chargebacks.len()));
            }
            if seen.is_some_and(|seen| seen < chargebacks.len()) {
                state.count("disputes back after they were seen");
            }
        }
    }
    broken
}
