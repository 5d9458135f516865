//! Telling a merchant's shop what was taken: in the request that took it, or later by a schedule.
//!
//! A step is on record as sent before it is sent, and a request whose result is not on record is
//! looked for. A crash between the two is a request without a response.

use uuid::Uuid;

use super::{Deadline, Merchant, Payments, ShopFailure, StoreError, next_version};
use crate::order::{Look, Order, OrderKey, Principal, RecordingTask, TellingAnswer, ToTell};
use crate::payments::Refusal;

/// Steps and looks of one order in one request, or one run.
const STEPS_MAX: usize = 8;

/// How often a result is put on record anew, because another process changed the order in between.
const SAVES_MAX: usize = 20;

/// How far a shop could be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HowFar {
    /// As far as is to be done now.
    Done,
    /// The shop gave no usable answer.
    Unanswered,
    /// The time was up, or the order could not be written.
    Stopped,
}

/// An order after its shop was told.
pub(crate) struct ToldOrder {
    pub(crate) order: Order,
    pub(crate) how_far: HowFar,
    /// Steps that the shop has on record since.
    pub(crate) recorded: usize,
}

/// An order that was written, and the step that is on record as sent with it.
struct Begun {
    order: Order,
    sent: Option<ToTell>,
}

impl Payments {
    /// Tells the shop within a request. `sent` is the step that the outcome's write put on record
    /// as sent.
    pub(super) async fn tell_in_request(
        &self,
        merchant: &Merchant,
        order: Order,
        sent: Option<ToTell>,
        deadline: Deadline,
    ) -> Order {
        if sent.is_none() && !deadline.leaves_time_to_tell() {
            return order;
        }
        self.tell_due(merchant, order, sent, deadline.to_tell()).await.order
    }

    /// [Sends an inquiry](Self::confirm), and tells the shop a payment again, of which it does not
    /// have what it should. The merchant wants it.
    pub async fn confirm_and_record(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        transaction: Uuid,
        deadline: Deadline,
    ) -> Result<Order, Refusal> {
        let mut order = self.confirm(merchant, key, transaction, deadline).await?;
        let begun =
            self.save_recording(order.clone(), |order| order.tell_again(transaction, self.clock.now()));
        if let Some(begun) = begun.await.map_err(Refusal::Store)? {
            order = self.tell_due(merchant, begun, None, deadline.to_tell()).await.order;
        }
        Ok(order)
    }

    /// Does everything that is due about what the shop of an order is told.
    pub(crate) async fn tell_due(
        &self,
        merchant: &Merchant,
        order: Order,
        mut sent: Option<ToTell>,
        deadline: Deadline,
    ) -> ToldOrder {
        let mut told = ToldOrder { order, how_far: HowFar::Done, recorded: 0 };
        for _ in 0..STEPS_MAX {
            let Some(limit) = deadline.telling_limit() else {
                told.how_far = HowFar::Stopped;
                break;
            };
            let step = match sent.take() {
                Some(step) => step,
                None => match self.next_step(merchant, &mut told).await {
                    Some(step) => step,
                    None => break,
                },
            };
            let answer = self.shop_orders.tell(merchant, &told.order.id, &step, limit).await;
            log(&told.order, &step, &answer);
            told.recorded += usize::from(matches!(answer, TellingAnswer::Recorded(_)));
            let goes_on = matches!(answer, TellingAnswer::Recorded(_) | TellingAnswer::Refused);
            let saved =
                self.save_answer(told.order, &step, &answer, goes_on && deadline.telling_limit().is_some());
            Begun { order: told.order, sent } = saved.await;
            if !goes_on {
                told.how_far = HowFar::Unanswered;
                break;
            }
        }
        told
    }

    /// The step that is due, on record as sent; looks that are due come before. None where nothing
    /// more is to be done now.
    async fn next_step(&self, merchant: &Merchant, told: &mut ToldOrder) -> Option<ToTell> {
        for _ in 0..STEPS_MAX {
            let begun = match told.order.recording_due(self.clock.now())? {
                RecordingTask::Send(_) => self.begin(told.order.clone()).await,
                RecordingTask::Look(transaction) => self.look(merchant, &told.order, transaction).await,
            };
            match begun {
                Ok(Begun { order, sent }) => {
                    told.order = order;
                    if sent.is_some() {
                        return sent;
                    }
                }
                Err(how_far) => {
                    told.how_far = how_far;
                    return None;
                }
            }
        }
        None
    }

    /// Puts the next step on record as sent.
    async fn begin(&self, mut order: Order) -> Result<Begun, HowFar> {
        for _ in 0..SAVES_MAX {
            let mut begun = order.clone();
            let Some(sent) = begun.begin_telling(|| self.clock.new_id(), self.clock.now()) else {
                return Ok(Begun { order, sent: None });
            };
            match self.store.save(&begun).await {
                Ok(()) => return Ok(Begun { order: next_version(&begun), sent: Some(sent) }),
                Err(StoreError::Conflict(stored)) => order = *stored,
                Err(error) => return Err(not_saved(&order, &error)),
            }
        }
        Err(HowFar::Stopped)
    }

    /// Looks at the shop's transactions because of a payment.
    async fn look(&self, merchant: &Merchant, order: &Order, transaction: Uuid) -> Result<Begun, HowFar> {
        match self.found(merchant, order, transaction).await {
            Ok(begun) => begun,
            Err(failure) => {
                tracing::warn!(merchant = %order.merchant, order = %order.id, %transaction, error = %failure, "a shop's transactions cannot be read");
                let put_off = self.save_recording(order.clone(), |order| {
                    order.put_off_telling(transaction, self.clock.now())
                });
                let saved = put_off.await.map_err(|error| not_saved(order, &error))?;
                match failure {
                    // It concerns this order only.
                    ShopFailure::Unreadable(_) => {
                        Ok(Begun { order: saved.unwrap_or_else(|| order.clone()), sent: None })
                    }
                    ShopFailure::Unavailable(_) | ShopFailure::TooManyReads(_) => Err(HowFar::Unanswered),
                }
            }
        }
    }

    /// Reads the shop's transactions, and puts on record what they show.
    async fn found(
        &self,
        merchant: &Merchant,
        order: &Order,
        transaction: Uuid,
    ) -> Result<Result<Begun, HowFar>, ShopFailure> {
        let shown = self.shop_orders.transactions(merchant, &order.id).await?;
        let mut look = Look { transaction, shown: &shown, settled: None };
        if order.needs_settled(&look, self.clock.now()) {
            let there = self.shop_orders.order(merchant, &order.id, Principal::Schedule).await?;
            let there = there.ok_or_else(|| ShopFailure::Unavailable("it has no such order".to_owned()))?;
            look.settled = Some(there.settled);
        }
        let recording = |order: &Order| order.transaction(transaction).and_then(|one| one.recording.clone());
        let mut stored = order.clone();
        for _ in 0..SAVES_MAX {
            // Another process has found it out, or sent it again.
            if recording(&stored) != recording(order) {
                break;
            }
            let mut changed = stored.clone();
            let sent = changed.apply_look(&look, self.clock.new_id(), self.clock.now());
            match self.store.save(&changed).await {
                Ok(()) => return Ok(Ok(Begun { order: next_version(&changed), sent })),
                Err(StoreError::Conflict(other)) => stored = *other,
                Err(error) => return Ok(Err(not_saved(order, &error))),
            }
        }
        Ok(Ok(Begun { order: stored, sent: None }))
    }

    /// Puts the shop's answer on record, and with it the next step as sent if there is time for it.
    async fn save_answer(
        &self,
        mut order: Order,
        step: &ToTell,
        answer: &TellingAnswer,
        goes_on: bool,
    ) -> Begun {
        for _ in 0..SAVES_MAX {
            let (mut changed, now) = (order.clone(), self.clock.now());
            if !changed.answer_telling(step, answer, now) {
                break;
            }
            let sent = if goes_on { changed.begin_telling(|| self.clock.new_id(), now) } else { None };
            match self.store.save(&changed).await {
                Ok(()) => return Begun { order: next_version(&changed), sent },
                Err(StoreError::Conflict(stored)) => order = *stored,
                Err(error) => {
                    not_saved(&order, &error);
                    break;
                }
            }
        }
        Begun { order, sent: None }
    }

    /// Saves a change of what a shop was told; none where there was nothing to change.
    async fn save_recording(
        &self,
        mut order: Order,
        change: impl Fn(&mut Order) -> bool,
    ) -> Result<Option<Order>, StoreError> {
        for _ in 0..SAVES_MAX {
            let mut changed = order.clone();
            if !change(&mut changed) {
                return Ok(None);
            }
            match self.store.save(&changed).await {
                Ok(()) => return Ok(Some(next_version(&changed))),
                Err(StoreError::Conflict(stored)) => order = *stored,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Its step stays on record as it was, and is looked for.
fn not_saved(order: &Order, error: &StoreError) -> HowFar {
    tracing::error!(merchant = %order.merchant, order = %order.id, %error, "what the shop was told is not saved");
    HowFar::Stopped
}

fn log(order: &Order, step: &ToTell, answer: &TellingAnswer) {
    let outcome = match answer {
        TellingAnswer::Recorded(_) => "recorded",
        TellingAnswer::NotArrived => "not_arrived",
        TellingAnswer::Refused => "refused",
        TellingAnswer::Unknown => "unknown",
    };
    tracing::info!(
        merchant = %order.merchant,
        order = %order.id,
        transaction = %step.transaction,
        kind = step.step.as_str(),
        outcome,
        "the shop was told"
    );
}
