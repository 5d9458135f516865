//! Fills a stack with authorizations that the schedule captures, to see scheduled capture at scale.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tollgate::ports::Job;
use tollgate_core::{
    order::{
        Action, CaptureAt, Essentials, Fingerprint, Initiative, Intent, KeyDigest, Kind, OrderKey, Pay,
        PaymentKind, Principal,
    },
    payments::{Deadline, Merchant, PaymentSource, Payments},
    values::{Amount, CardSummary, Currency},
};
use uuid::Uuid;

use crate::merchants::EXTERNAL;

/// Authorizations under way at a time.
const CONCURRENCY: usize = 32;

/// How often one is tried, and for how long it is left alone after the first time.
const TRIES_MAX: u32 = 8;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

/// How long one of them may take.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(29);

/// The authorizations to fill a stack with.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many authorizations, each on an order of its own.
    pub count: usize,
    /// When they are to be captured.
    pub capture_at: Timestamp,
    /// Minor units of each, in US dollars.
    pub amount: u64,
}

/// Authorizes, through the same use case as every client; `done` is told how many there are so far.
///
/// The orders are those of the merchant that keeps its totals elsewhere, so that none has to be
/// registered.
pub async fn fill<S: Sync>(job: &Job<S>, load: Load, done: impl Fn(usize) + Sync) -> Result<(), String> {
    let merchant = job.merchants.get(&id(EXTERNAL)?).await.map_err(|error| error.to_string())?;
    let amount = Amount::new(load.amount).map_err(|error| error.to_string())?;
    let run = Uuid::new_v4().simple().to_string();
    let count = AtomicUsize::new(0);
    let (count, run, done) = (&count, &run, &done);
    let results = stream::iter(0..load.count).map(|n| {
        let merchant = Arc::clone(&merchant);
        async move {
            let order = format!("load-{}-{n}", &run[..8]);
            // An overrun store has written nothing, or a record that the same request finds again.
            let mut tries = 0;
            while let Err(error) = authorize(&job.payments, &merchant, &order, amount, load.capture_at).await
            {
                tries += 1;
                if tries == TRIES_MAX {
                    return Err(error);
                }
                tokio::time::sleep(PAUSE * tries).await;
            }
            done(count.fetch_add(1, Ordering::Relaxed) + 1);
            Ok::<(), String>(())
        }
    });
    let mut results = results.buffer_unordered(CONCURRENCY);
    while let Some(result) = results.next().await {
        result?;
    }
    Ok(())
}

async fn authorize(
    payments: &Payments,
    merchant: &Merchant,
    order: &str,
    amount: Amount,
    capture_at: Timestamp,
) -> Result<(), String> {
    let pay = Pay {
        kind: PaymentKind::Authorize,
        amount: Some(amount),
        card: CardSummary::default(),
        standalone: None,
        references: Box::default(),
        save_for: None,
        lacks_postcode: false,
        source_is_known: false,
        capture: CaptureAt::At(capture_at).into(),
        shopper: None,
        initiative: Initiative::default(),
    };
    let intent = Intent {
        action: Action::Pay(pay),
        key: Some(KeyDigest::new("load", order, "")),
        fingerprint: Fingerprint::new(&Essentials {
            amount: Some(amount),
            ..Essentials::new(Kind::Authorize)
        }),
        currency: Some(Currency::USD),
        by: Principal::ClientCredentials,
        attribution: None,
        seen_version: None,
        refund_disputed: false,
        refund_max: tollgate_core::values::RefundMax::Unlimited,
    };
    let source = PaymentSource::Profile {
        account: "1".to_owned(),
        profile: "16178397535388255208".to_owned(),
        initiator: tollgate_core::payments::Initiator::Customer,
    };
    let key = OrderKey { merchant: merchant.id.clone(), order: id(order)? };
    let deadline = Deadline::after(LIMIT);
    let performed = payments.perform(merchant, &key, &intent, Some(&source), deadline).await;
    let order = performed.map_err(|error| error.to_string())?.order;
    if order.next_capture_at().is_some() { Ok(()) } else { Err(format!("{key} was not authorized")) }
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no id"))
}
