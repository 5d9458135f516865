//! Telling a merchant's shop what was taken: in the request that took it, or later by a schedule.
//!
//! A step is on record as sent before it is sent, and a request whose result is not on record is
//! looked for. A crash between the two is a request without a response.

use tokio::time::timeout;
use uuid::Uuid;

use super::{
    CarriedOut, Changed, Deadline, Merchant, Payments, Performed, Refusal, Sending, ShopFailure,
    save_changed, trail,
};
use crate::order::{
    Action, Cause, Intent, Kind, OperationRef, Order, OrderKey, Principal, RecordingTask, ShopOrder,
    ShopReading, ShopTransaction, TellingAnswer, ToTell,
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
    /// The void of the payment that this request made, and that the shop refused.
    released: Option<OperationRef>,
}

/// Steps for a shop that are told now, and until when.
pub(crate) struct TellNow {
    /// A step that is on record as sent, and is to be sent.
    sent: Option<ToTell>,
    /// The payment that this request makes: nobody was told yet that it is complete.
    paid: Option<Uuid>,
    deadline: Deadline,
}

impl TellNow {
    /// Everything that is due.
    pub(crate) fn until(deadline: Deadline) -> Self {
        Self { sent: None, paid: None, deadline }
    }
}

/// An order as it is stored, and the step that is on record as sent since.
struct Begun {
    order: Order,
    sent: Option<ToTell>,
}

/// A shop's answers about an order.
struct ShopAnswers {
    transactions: Vec<ShopTransaction>,
    /// The order, where that was wanted.
    order: Option<ShopOrder>,
}

impl ShopAnswers {
    fn reading(&self) -> ShopReading<'_> {
        ShopReading { order: self.order.as_ref(), rows: Some(&self.transactions) }
    }
}

impl Payments {
    /// Tells the shop within a request, if it is to. `carried_out` may have a step that is on
    /// record as sent. `paid` is the payment that the request makes: if the shop refuses it, its
    /// card is released.
    pub(super) async fn tell_in_request(
        &self,
        merchant: &Merchant,
        carried_out: CarriedOut,
        paid: Option<Uuid>,
        sending: Sending<'_>,
    ) -> Order {
        let CarriedOut { order, sent } = carried_out;
        if sent.is_none() && !sending.tells_shop_now() {
            return order;
        }
        let now = TellNow { sent, paid, deadline: sending.deadline.to_tell() };
        let ToldOrder { order, released, .. } = self.tell_due(merchant, order, now).await;
        let Some(void) = released else { return order };
        let sending = Sending { tells_shop: false, ..sending };
        self.carry_out(merchant, order, void, sending).await.order
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
        Ok(self.tell_due(merchant, order, TellNow::until(deadline.to_tell())).await.order)
    }

    /// Does everything that is due about what the shop of an order is told.
    pub(crate) async fn tell_due(&self, merchant: &Merchant, order: Order, mut now: TellNow) -> ToldOrder {
        let mut told = ToldOrder { order, how_far: HowFar::Done, recorded: 0, released: None };
        for _ in 0..STEPS_MAX {
            let due = told.order.recording_due(self.clock.now());
            if now.sent.is_none() && due.is_none() {
                break;
            }
            if now.deadline.telling_limit().is_none() {
                told.how_far = HowFar::Stopped;
                break;
            }
            let done = match (now.sent.take(), due) {
                (Some(step), _) => self.send(merchant, &mut told, &step, &now).await,
                (None, Some(RecordingTask::Look(payment))) => self.look(merchant, &told.order, payment).await,
                (None, Some(RecordingTask::Void)) => self.void_cancelled(merchant, &told.order, &now).await,
                (None, _) => self.begin(merchant, &told.order).await,
            };
            match done {
                Ok(begun) => (told.order, now.sent) = (begun.order, begun.sent),
                Err(how_far) => {
                    told.how_far = how_far;
                    break;
                }
            }
        }
        told
    }

    /// Puts the next step on record as sent. If the shop is read before it, it may show the step
    /// already, or that it must not be sent.
    async fn begin(&self, merchant: &Merchant, order: &Order) -> Result<Begun, HowFar> {
        let read = match order.read_before_telling(self.clock.now()) {
            Some(payment) => match self.read(merchant, order, true).await {
                Ok(read) => Some(read),
                Err(failure) => return self.put_off_telling(order, payment, &failure).await,
            },
            None => None,
        };
        let reading = read.as_ref().map(ShopAnswers::reading);
        let begin = |order: &mut Order| {
            let before = order.clone();
            let sent = order.begin_telling(reading.as_ref(), || self.clock.new_id(), self.clock.now());
            if *order == before { Changed::Not(None) } else { Changed::To(sent) }
        };
        self.save_recording(order, begin).await
    }

    /// Sends a step, and puts the answer on record.
    async fn send(
        &self,
        merchant: &Merchant,
        told: &mut ToldOrder,
        step: &ToTell,
        now: &TellNow,
    ) -> Result<Begun, HowFar> {
        let limit = now.deadline.telling_limit().ok_or(HowFar::Stopped)?;
        let answer = self.shop_orders.tell(merchant, &told.order.id, step, limit).await;
        log(&told.order, step, &answer);
        if answer == TellingAnswer::Refused
            && now.paid == Some(step.transaction)
            && step.step.is_payment()
            && let Some(read) = self.read_again(merchant, &told.order, now.deadline).await
        {
            return self.release(merchant, told, step, &read).await;
        }
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

    /// The transactions and the order of a shop that refused a payment, if it shows both in time.
    async fn read_again(
        &self,
        merchant: &Merchant,
        order: &Order,
        deadline: Deadline,
    ) -> Option<ShopAnswers> {
        let shop = &self.shop_orders;
        let (transactions, there) = timeout(deadline.telling_limit()?, async {
            tokio::join!(
                shop.transactions(merchant, &order.id),
                shop.order(merchant, &order.id, Principal::Schedule)
            )
        })
        .await
        .ok()?;
        Some(ShopAnswers { transactions: transactions.ok()?, order: Some(there.ok()??) })
    }

    /// Releases the payment that this request made and that the shop refused, as it shows since.
    async fn release(
        &self,
        merchant: &Merchant,
        told: &mut ToldOrder,
        step: &ToTell,
        read: &ShopAnswers,
    ) -> Result<Begun, HowFar> {
        let Some(shop) = &read.order else { return Err(HowFar::Unanswered) };
        let release = |order: &mut Order| {
            let released = self.with_shop(merchant, Some(shop), |context| {
                order.release_refused(step, &read.reading(), context)
            });
            Ok::<_, Refusal>(Changed::To(released))
        };
        let saved = save_changed(self.store.as_ref(), told.order.clone(), release).await;
        let (order, released) = saved.map_err(|error| not_saved(&told.order, &error))?;
        if let Some(void) = released.and_then(|at| order.operation(at)) {
            let is_refused = void.cause == Cause::OrderRefused;
            trail::note(|trail| trail.orders_refused += u32::from(is_refused));
            tracing::error!(
                merchant = %order.merchant,
                order = %order.id,
                transaction = %step.transaction,
                reason = void.cause.as_str(),
                "needs attention: a payment is released, because Elastic Path refused to record it"
            );
        }
        told.released = released;
        Ok(Begun { order, sent: None })
    }

    /// Voids a payment, because its order was canceled in its shop.
    async fn void_cancelled(
        &self,
        merchant: &Merchant,
        order: &Order,
        now: &TellNow,
    ) -> Result<Begun, HowFar> {
        let intent = Intent::of_schedule(Action::VoidCancelled, Kind::Void, None);
        let performed = Box::pin(self.perform(merchant, &order.key(), &intent, None, now.deadline)).await;
        match performed {
            Ok(Performed { order, .. }) => Ok(Begun { order, sent: None }),
            Err(error) => {
                tracing::warn!(merchant = %order.merchant, order = %order.id, %error, "a payment of a canceled order is not voided yet");
                Err(HowFar::Stopped)
            }
        }
    }

    /// Looks at the shop's transactions because of a payment, and puts on record what they show.
    async fn look(&self, merchant: &Merchant, order: &Order, transaction: Uuid) -> Result<Begun, HowFar> {
        let needs_order = order.needs_order(transaction, self.clock.now());
        let read = match self.read(merchant, order, needs_order).await {
            Ok(read) => read,
            Err(failure) => return self.put_off_telling(order, transaction, &failure).await,
        };
        let recording = |order: &Order| order.transaction(transaction).and_then(|one| one.recording.clone());
        let before = recording(order);
        let apply = |order: &mut Order| {
            // Another process has found it out, or sent it again.
            if recording(order) != before {
                return Changed::Not(None);
            }
            let (attempt, now) = (self.clock.new_id(), self.clock.now());
            Changed::To(order.apply_look(transaction, &read.reading(), attempt, now))
        };
        self.save_recording(order, apply).await
    }

    /// Lets a step of a payment wait, because its shop could not be read.
    async fn put_off_telling(
        &self,
        order: &Order,
        transaction: Uuid,
        failure: &ShopFailure,
    ) -> Result<Begun, HowFar> {
        tracing::warn!(merchant = %order.merchant, order = %order.id, %transaction, error = %failure, "a shop's transactions cannot be read");
        let put_off = |order: &mut Order| nothing_sent(order.put_off_telling(transaction, self.clock.now()));
        let begun = self.save_recording(order, put_off).await?;
        // An answer that cannot be read concerns its order only.
        let is_of_order = matches!(failure, ShopFailure::Unreadable(_));
        if is_of_order { Ok(begun) } else { Err(HowFar::Unanswered) }
    }

    /// Reads the rows of an order, and the order itself where that is wanted.
    async fn read(
        &self,
        merchant: &Merchant,
        order: &Order,
        needs_order: bool,
    ) -> Result<ShopAnswers, ShopFailure> {
        let transactions = self.shop_orders.transactions(merchant, &order.id).await?;
        if !needs_order {
            return Ok(ShopAnswers { transactions, order: None });
        }
        let there = self.shop_orders.order(merchant, &order.id, Principal::Schedule).await?;
        let there = there.ok_or_else(|| ShopFailure::Unavailable("it has no such order".to_owned()))?;
        Ok(ShopAnswers { transactions, order: Some(there) })
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
        saved.map(|(order, sent)| Begun { order, sent }).map_err(|error| not_saved(order, &error))
    }
}

fn not_saved(order: &Order, error: &Refusal) -> HowFar {
    tracing::error!(merchant = %order.merchant, order = %order.id, %error, "what the shop was told is not saved");
    HowFar::Stopped
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
