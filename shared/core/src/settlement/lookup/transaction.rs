//! When the money of one payment and of its refunds arrived.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    journal::{day_of, entries_of},
    order::Order,
    payments::StoreError,
    settlement::{Compared, LineStore, Verdict, Waits, expectations, line_of, match_account},
    values::ReadOrder,
};

/// The transaction's records at the gateway that move money, in the order of their times, each with
/// its expectation.
pub async fn settlement_of(
    lines: &dyn LineStore,
    order: &Order,
    transaction: Uuid,
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let entries = entries_of(order, ReadOrder::OldestFirst);
    let mut expected = expectations(entries.iter().filter(|entry| entry.transaction == transaction));
    expected.retain(|one| !one.amount.is_zero());
    expected.sort_by_key(|one| one.at);
    let mut found = Vec::new();
    for one in &expected {
        let mut of_reference = Vec::new();
        // Where its line is, or where it was before the journal knew it.
        if let Some(reference) = &one.reference {
            let (merchant, day) = (&order.key().merchant, Some(day_of(one.at)));
            of_reference.push(line_of(lines, merchant, &one.account, day, reference).await?);
        }
        let compared =
            Compared { lines: &of_reference, ..Compared::of(&one.account, std::slice::from_ref(one)) };
        // Late money is in the list of exceptions.
        found.extend(match_account(&compared, &Waits::default(), now).verdicts);
    }
    Ok(found)
}
