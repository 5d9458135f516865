//! The holds that changes of orders open and close.

use std::collections::{BTreeSet, HashMap};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{Change, PUTS_AT_A_TIME};
use crate::{
    journal::{EntryStore, Hold},
    payments::StoreError,
};

/// A hold that some changes opened or closed.
struct Touched {
    /// The place of its order's first change.
    first: usize,
    hold: Hold,
    /// Whether it is open after the last one.
    is_open: bool,
}

/// The holds that these changes touch, in the stream's order. A hold opened and closed again is
/// closed, too: an earlier delivery can have opened the hold.
fn touched(changes: &[Change]) -> Vec<Touched> {
    let mut orders: HashMap<&str, (usize, BTreeSet<Hold>, BTreeSet<Hold>)> = HashMap::new();
    for (n, change) in changes.iter().enumerate() {
        let Ok((old, new)) = &change.orders else { continue };
        let (before, after) = (old.as_ref().map(Hold::all).unwrap_or_default(), Hold::all(new));
        let (_, touched, open) =
            orders.entry(&change.key).or_insert_with(|| (n, BTreeSet::new(), BTreeSet::new()));
        touched.extend(before.symmetric_difference(&after).cloned());
        *open = after;
    }
    let of_order = |(first, touched, open): (usize, BTreeSet<Hold>, BTreeSet<Hold>)| {
        let touched = touched.into_iter();
        touched.map(move |hold| Touched { first, is_open: open.contains(&hold), hold })
    };
    let mut all: Vec<Touched> = orders.into_values().flat_map(of_order).collect();
    all.sort_by_key(|touched| touched.first);
    all
}

/// Opens and closes the holds that these changes touch, or returns the change that has to come
/// again.
pub(super) async fn update_holds(
    store: &dyn EntryStore,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), (usize, StoreError)> {
    // A rebuild does not open an expired hold.
    let touched = touched(changes).into_iter().filter(|one| !one.is_open || one.hold.expires() > now);
    let mut done = stream::iter(touched)
        .map(|Touched { first, hold, is_open }| async move {
            let done = if is_open { store.hold(&hold).await } else { store.release(&hold).await };
            done.map_err(|error| (first, error))
        })
        .buffered(PUTS_AT_A_TIME);
    while let Some(done) = done.next().await {
        done?;
    }
    Ok(())
}
