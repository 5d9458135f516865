//! How an intent gets on record: decided, saved, and decided anew when another request was faster.

use super::{Deadline, Payments, Refusal, attempt, audit, next_version};
use crate::{
    order::{
        self, Action, CardNotes, Intent, OperationRef, Order, OrderKey, OrdersMode, Plan, Rejection,
        ShopOrder,
    },
    payments::{
        Merchant, StoreError,
        trail::{self, INTENT_SAVED},
    },
};

/// How often a decision is made anew because another process changed the order in between.
pub(super) const DECISIONS_MAX: usize = 8;

/// An intent's plan, with the order that it was made for. Nothing is on record yet.
pub struct Prepared {
    before: Order,
    plan: Plan,
    /// The notes about the card that is paid with.
    notes: Vec<CardNotes>,
}

impl Prepared {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Payments {
    /// Reads the order of an intent, and refuses what its rules refuse: a request that needs no
    /// gateway ends here.
    pub async fn prepare(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
    ) -> Result<Prepared, Refusal> {
        trail::note(|trail| {
            trail.merchant = Some(key.merchant.to_string());
            trail.order = Some(key.order.to_string());
        });
        let (before, shop) = self.start(merchant, key, intent).await?;
        match self.plan_with(merchant, before.clone(), intent, shop.as_ref()).await {
            // An order that was not read is rejected as a new one, and may have been accepted when
            // the same request made it.
            Err(Refusal::Rejected(rejection)) if is_new(&before) && shop.is_none() => {
                let there = self.store.load(key).await.map_err(Refusal::Store)?;
                self.plan(merchant, there.ok_or(rejection)?, intent).await
            }
            prepared => prepared,
        }
    }

    /// The plan for an intent toward an order as it was read, if neither the order's rules nor a
    /// card scheme's ban refuse it. Sends and changes nothing.
    pub async fn plan(
        &self,
        merchant: &Merchant,
        before: Order,
        intent: &Intent,
    ) -> Result<Prepared, Refusal> {
        let shop = self.shop_order(merchant, &before.key(), Some(&before), intent).await?;
        self.plan_with(merchant, before, intent, shop.as_ref()).await
    }

    /// The same, with the order as its shop has it.
    async fn plan_with(
        &self,
        merchant: &Merchant,
        before: Order,
        intent: &Intent,
        shop: Option<&ShopOrder>,
    ) -> Result<Prepared, Refusal> {
        let plan = self.weigh(merchant, before.clone(), intent, shop)?;
        let notes = self.notes_for(&plan, intent).await?;
        self.obey(&plan, intent, &notes)?;
        Ok(Prepared { before, plan, notes })
    }

    /// The plan that an intent would put on record now, with the order as its shop has it. Sends
    /// and changes nothing.
    pub fn weigh(
        &self,
        merchant: &Merchant,
        order: Order,
        intent: &Intent,
        shop: Option<&ShopOrder>,
    ) -> Result<Plan, Rejection> {
        let route = merchant.route(order.currency);
        self.with_shop(merchant, shop, |context| {
            order::decide(order, intent, route.as_ref().map_err(|limit| *limit), context)
        })
    }

    /// Puts the intent on record, and returns the plan as it was carried out. From here on the
    /// intent can always be found.
    pub(super) async fn save_intent(
        &self,
        merchant: &Merchant,
        prepared: Prepared,
        intent: &Intent,
        deadline: Deadline,
    ) -> Result<Plan, Refusal> {
        let Prepared { before: mut stored, plan, notes } = prepared;
        let mut first = Some(plan);
        let mut looked_back = false;
        let mut unsaved = Refusal::Contended;
        for again in 0..DECISIONS_MAX {
            // A store that responds late must not use up the time in which the caller can get a
            // response.
            if again > 0 && deadline.gateway_limit().is_none() {
                break;
            }
            let decision = if let Some(plan) = first.take() {
                plan
            } else {
                // The order has changed since its shop was asked.
                let shop = self.shop_order(merchant, &stored.key(), Some(&stored), intent).await?;
                self.weigh(merchant, stored.clone(), intent, shop.as_ref())?
            };
            self.obey(&decision, intent, &notes)?;
            if let Plan::Send(order, at) = &decision
                && !looked_back
                && let Some(next) = order.operation(*at)
            {
                let suspects: Vec<OperationRef> = stored.suspects(next.kind, at.transaction).collect();
                if !suspects.is_empty() {
                    looked_back = true;
                    stored = self.look_back(merchant, stored.clone(), suspects, deadline).await?;
                    continue;
                }
            }
            let (order, at) = match &decision {
                Plan::Replay(..) => return Ok(decision),
                Plan::Send(order, at) | Plan::Record(order, at) => (order, *at),
            };
            match self.put(&stored, order, at).await? {
                Write::Done(order) if matches!(decision, Plan::Send(..)) => {
                    audit::change(&order, at, INTENT_SAVED);
                    return Ok(Plan::Send(order, at));
                }
                Write::Done(order) => return Ok(Plan::Record(order, at)),
                Write::Changed(order) => (stored, unsaved) = (order, Refusal::Contended),
                Write::NotDone(order, why) => {
                    (stored, unsaved) = (order, Refusal::Store(StoreError::Unavailable(why)));
                }
            }
        }
        Err(unsaved)
    }

    /// The order to decide on, and the same as its shop has it, if a shop decides what is owed. An
    /// order that may be new is not read first, unless its shop is asked: its first write tells.
    async fn start(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        intent: &Intent,
    ) -> Result<(Order, Option<ShopOrder>), Refusal> {
        if let Action::Pay(pay) = &intent.action
            && (pay.standalone.is_some() || merchant.policy.orders == OrdersMode::External)
        {
            let currency = intent.currency.ok_or(Rejection::OrderNotFound)?;
            // A standalone payment's amount is its order's total: nothing else is owing.
            let total = pay.amount.filter(|_| pay.standalone.is_some());
            return Ok((Order::new(key, currency, total, self.clock.now()), None));
        }
        let stored = self.store.load(key).await.map_err(Refusal::Store)?;
        let shop = self.shop_order(merchant, key, stored.as_ref(), intent).await?;
        let new = |shop: &ShopOrder| Order::new(key, shop.currency, Some(shop.total), self.clock.now());
        let order = stored.or_else(|| shop.as_ref().map(new)).ok_or(Rejection::OrderNotFound)?;
        Ok((order, shop))
    }

    /// Writes the intent, and finds out the result when the write's own response is missing.
    async fn put(&self, before: &Order, order: &Order, at: OperationRef) -> Result<Write, Refusal> {
        let written =
            if is_new(before) { self.store.create(order).await } else { self.store.save(order).await };
        let mut failure = None;
        let stored = match written {
            Ok(()) => return Ok(Write::Done(next_version(order))),
            Err(StoreError::Conflict(stored)) => *stored,
            Err(StoreError::Unavailable(why)) => {
                // The write may have been done all the same: look once.
                match self.store.load(&order.key()).await.map_err(Refusal::Store)? {
                    Some(stored) => {
                        failure = Some(why);
                        stored
                    }
                    None => return Err(Refusal::Store(StoreError::Unavailable(why))),
                }
            }
            Err(error) => return Err(Refusal::Store(error)),
        };
        // A conflict with ourselves: the write was done, its response was lost, and the repeat
        // found it.
        let ours = attempt(&stored, at).is_some() && attempt(&stored, at) == attempt(order, at);
        Ok(match failure {
            _ if ours => Write::Done(stored),
            // No other process wrote either. Were that called contention, the reason why the store
            // takes no writes would be lost.
            Some(why) if stored.version == before.version => Write::NotDone(stored, why),
            _ => Write::Changed(stored),
        })
    }
}

/// Whether an order was never written. The first write makes it version 1.
pub(super) fn is_new(order: &Order) -> bool {
    order.version == 0
}

/// The outcome of a write.
enum Write {
    Done(Order),
    /// Another process wrote first; this is its order.
    Changed(Order),
    /// The store took no write, for this reason.
    NotDone(Order, String),
}
