//! What a handler needs, whoever put it together.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::time::{Instant, sleep_until};

use crate::{
    abuse::Abuse,
    clock::Clock,
    merchants::{Merchant, Merchants, MerchantsError},
    order::MerchantId,
    payments::Payments,
    reconcile::Limits,
    scheduled_capture::Settings,
};

/// How long it takes to be told that an id or a key is wrong, whichever it is: an id that has to be looked up first
/// must not take longer than one that is known. A look-up usually takes some 20 ms.
const WRONG_KEY_TIME: Duration = Duration::from_millis(200);

/// Everything a handler needs, built once per process.
pub struct App {
    /// The use cases.
    pub payments: Payments,
    /// Who may ask.
    pub merchants: Arc<dyn Merchants>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Who is slowed down.
    pub abuse: Abuse,
    /// How scheduled captures run.
    pub captures: Settings,
    /// How much one run of the inquiries may do.
    pub inquiries: Limits,
}

/// Why somebody is not the merchant that it says it is.
#[derive(Debug)]
pub(crate) enum Denied {
    /// There is no such merchant, or this is none of its keys. Not told apart: the answer would tell which merchants
    /// there are.
    Wrong,
    /// The same, once too often from that address.
    TooOften(SignedDuration),
    /// It cannot be told.
    Unavailable(MerchantsError),
}

impl App {
    /// The merchant, if this is one of its keys. A right key passes however many wrong ones came before.
    pub(crate) async fn merchant_with_key(
        &self,
        id: &str,
        key: &str,
        source: &str,
    ) -> Result<Arc<Merchant>, Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        let denied = match self.look_up(id).await {
            Ok(merchant) if merchant.has_key(key) => return Ok(merchant),
            Ok(_) => Denied::Wrong,
            Err(denied) => denied,
        };
        let Denied::Wrong = denied else { return Err(denied) };
        // The id as it came, if it can be one: what cannot is one id for all.
        let merchant = || id.parse::<MerchantId>().map(String::from).unwrap_or_default();
        let from = if source.is_empty() { String::new() } else { format!("{source} {}", merchant()) };
        let now = self.clock.now();
        let wait = self.abuse.wrong_keys.wait(&from, now);
        self.abuse.wrong_keys.failed(&from, now);
        sleep_until(answer_at).await;
        Err(wait.map_or(Denied::Wrong, Denied::TooOften))
    }

    /// The merchant, if it lets browsers in.
    pub(crate) async fn merchant_that_lets_browsers_in(&self, id: &str) -> Result<Arc<Merchant>, Denied> {
        let answer_at = Instant::now() + WRONG_KEY_TIME;
        match self.look_up(id).await {
            Ok(merchant) if merchant.shopper_tokens => Ok(merchant),
            Ok(_) | Err(Denied::Wrong) => {
                sleep_until(answer_at).await;
                Err(Denied::Wrong)
            }
            Err(denied) => Err(denied),
        }
    }

    async fn look_up(&self, id: &str) -> Result<Arc<Merchant>, Denied> {
        let id: MerchantId = id.parse().map_err(|_| Denied::Wrong)?;
        self.merchants.get(&id).await.map_err(|error| match error {
            MerchantsError::Unknown => Denied::Wrong,
            error @ (MerchantsError::Unavailable(_) | MerchantsError::Malformed(_)) => {
                Denied::Unavailable(error)
            }
        })
    }
}
