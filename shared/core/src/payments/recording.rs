//! Telling a merchant's shop what was taken: in the request that took it, or later by a schedule.
//!
//! A step is on record as sent before it is sent, and a request whose result is not on record is
//! looked for. A crash between the two is a request without a response.

use std::time::Duration;

use uuid::Uuid;

use super::{CarriedOut, Changed, Deadline, Merchant, Payments, Refusal, Sending, ShopFailure, save_changed};
use crate::{
    order::{Look, Order, OrderKey, Principal, RecordingTask, ShopTransaction, TellingAnswer, ToTell},
    values::Amount,
};

/// Steps and looks of one order in one request, or one run.
const STEPS_MAX: usize = 16;

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

/// An order as it is stored, and the step that is on record as sent since.
struct Begun {
    order: Order,
    sent: Option<ToTell>,
}

/// A shop's answers to a look.
struct ShopAnswers {
    transactions: Vec<ShopTransaction>,
    /// The sum that it has as paid or authorized, where that was wanted.
    settled: Option<Amount>,
}

impl Payments {
    /// Tells the shop within a request, if it is to. `carried_out` may have a step that is on
    /// record as sent.
    pub(super) async fn tell_in_request(
        &self,
        merchant: &Merchant,
        carried_out: CarriedOut,
        sending: Sending<'_>,
    ) -> Order {
        let CarriedOut { order, sent } = carried_out;
        if sent.is_none() && !sending.tells_shop_now() {
            return order;
        }
        self.tell_due(merchant, order, sent, sending.deadline.to_tell()).await.order
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
        let order = self.confirm(merchant, key, transaction, deadline).await?;
        let again = |order: &mut Order| -> Result<_, Refusal> {
            Ok(Changed::where_it(order.tell_again(transaction, self.clock.now())))
        };
        let (order, is_again) = save_changed(self.store.as_ref(), order, again).await?;
        if !is_again {
            return Ok(order);
        }
        Ok(self.tell_due(merchant, order, None, deadline.to_tell()).await.order)
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
            let due = told.order.recording_due(self.clock.now());
            if sent.is_none() && due.is_none() {
                break;
            }
            let Some(limit) = deadline.telling_limit() else {
                told.how_far = HowFar::Stopped;
                break;
            };
            let done = match (sent.take(), due) {
                (Some(step), _) => self.send(merchant, &mut told, &step, limit).await,
                (None, Some(RecordingTask::Look(payment))) => self.look(merchant, &told.order, payment).await,
                (None, _) => self.begin(&told.order).await,
            };
            match done {
                Ok(begun) => (told.order, sent) = (begun.order, begun.sent),
                Err(how_far) => {
                    told.how_far = how_far;
                    break;
                }
            }
        }
        told
    }

    /// Puts the next step on record as sent.
    async fn begin(&self, order: &Order) -> Result<Begun, HowFar> {
        let begin = |order: &mut Order| {
            let sent = order.begin_telling(|| self.clock.new_id(), self.clock.now());
            sent.map_or(Changed::Not(None), |sent| Changed::To(Some(sent)))
        };
        self.save_recording(order, begin).await
    }

    /// Sends a step, and puts the answer on record.
    async fn send(
        &self,
        merchant: &Merchant,
        told: &mut ToldOrder,
        step: &ToTell,
        limit: Duration,
    ) -> Result<Begun, HowFar> {
        let answer = self.shop_orders.tell(merchant, &told.order.id, step, limit).await;
        log(&told.order, step, &answer);
        told.recorded += usize::from(matches!(answer, TellingAnswer::Recorded(_)));
        let put_on_record =
            |order: &mut Order| nothing_sent(order.answer_telling(step, &answer, self.clock.now()));
        let begun = self.save_recording(&told.order, put_on_record).await?;
        if matches!(answer, TellingAnswer::Recorded(_) | TellingAnswer::Refused) {
            return Ok(begun);
        }
        told.order = begun.order;
        Err(HowFar::Unanswered)
    }

    /// Looks at the shop's transactions because of a payment, and puts on record what they show.
    async fn look(&self, merchant: &Merchant, order: &Order, transaction: Uuid) -> Result<Begun, HowFar> {
        let shown = match self.shown(merchant, order, transaction).await {
            Ok(shown) => shown,
            Err(failure) => {
                tracing::warn!(merchant = %order.merchant, order = %order.id, %transaction, error = %failure, "a shop's transactions cannot be read");
                let put_off =
                    |order: &mut Order| nothing_sent(order.put_off_telling(transaction, self.clock.now()));
                let begun = self.save_recording(order, put_off).await?;
                // An answer that cannot be read concerns its order only.
                let is_of_order = matches!(failure, ShopFailure::Unreadable(_));
                return if is_of_order { Ok(begun) } else { Err(HowFar::Unanswered) };
            }
        };
        let recording = |order: &Order| order.transaction(transaction).and_then(|one| one.recording.clone());
        let before = recording(order);
        let look = Look { transaction, shown: &shown.transactions, settled: shown.settled };
        let apply = |order: &mut Order| {
            // Another process has found it out, or sent it again.
            if recording(order) != before {
                return Changed::Not(None);
            }
            Changed::To(order.apply_look(&look, self.clock.new_id(), self.clock.now()))
        };
        self.save_recording(order, apply).await
    }

    /// Reads what a look needs.
    async fn shown(
        &self,
        merchant: &Merchant,
        order: &Order,
        transaction: Uuid,
    ) -> Result<ShopAnswers, ShopFailure> {
        let transactions = self.shop_orders.transactions(merchant, &order.id).await?;
        if !order.needs_settled(transaction, self.clock.now()) {
            return Ok(ShopAnswers { transactions, settled: None });
        }
        let there = self.shop_orders.order(merchant, &order.id, Principal::Schedule).await?;
        let there = there.ok_or_else(|| ShopFailure::Unavailable("it has no such order".to_owned()))?;
        Ok(ShopAnswers { transactions, settled: Some(there.settled) })
    }

    /// Saves a change of what a shop was told. If it cannot be saved, the step stays on record as
    /// it was, and is looked for.
    async fn save_recording(
        &self,
        order: &Order,
        change: impl Fn(&mut Order) -> Changed<Option<ToTell>>,
    ) -> Result<Begun, HowFar> {
        let change = |order: &mut Order| Ok::<_, Refusal>(change(order));
        let saved = save_changed(self.store.as_ref(), order.clone(), change).await;
        saved.map(|(order, sent)| Begun { order, sent }).map_err(|error| {
            tracing::error!(merchant = %order.merchant, order = %order.id, %error, "what the shop was told is not saved");
            HowFar::Stopped
        })
    }
}

/// A change, or none, after which no step is to be sent.
fn nothing_sent(is_changed: bool) -> Changed<Option<ToTell>> {
    if is_changed { Changed::To(None) } else { Changed::Not(None) }
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
